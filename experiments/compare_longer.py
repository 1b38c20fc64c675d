"""Compares models of tunes of 16 bars, with three seeds each.

    python experiments/compare_longer.py                        # 12 trainings
    python experiments/compare_longer.py --seeds 1 --out FILE   # a third of them
    python experiments/compare_longer.py --two-bars NAME|PATH   # over other latents

It writes data/results/longer.json for the notebook longer_melodies: what `evaluate
longer` measures of the shipped models, and a row for each training. All VAEs have the
same encoder, the same start and the same target for the KL:

- song: the song VAE with pointers; no_pointers: without them;
- flat: the same z is read at each of 256 steps, by a wider decoder;
- carried: the conductor, but a decoder that is not restarted at each segment.

The first two have the settings of the shipped weights. More varied tunes lower their KL
on held-out tunes, so their target is 373 bits where the rivals' is 360.

latents is the latent language model, linear the principal components alone, without any
training. Rivals train on as many windows as their steps take, and their processor time
is in the rows. What is in the file already is not done again, so a stopped comparison
resumes where it was.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

# Before NumPy and TensorFlow are imported: they read these once.
if __name__ == "__main__":
    for name in (
        "OMP_NUM_THREADS",
        "OPENBLAS_NUM_THREADS",
        "TF_NUM_INTRAOP_THREADS",
        "TF_NUM_INTEROP_THREADS",
    ):
        os.environ[name] = "1"
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np

from lyricgen import files
from lyricgen.budget import Budget
from lyricgen.models import training as models_training
from lyricgen.models.longer import evaluation, training
from lyricgen.models.longer.data import TuneData, Units, Windows, load_tune_data, whole_tunes
from lyricgen.models.longer.inference import NumpyLatentLanguageModel, NumpySongVAE
from lyricgen.models.longer.rivals import training as rivals_training
from lyricgen.models.longer.rivals.inference import NumpyRival
from lyricgen.models.longer.settings import LatentSettings, SongSettings
from lyricgen.models.musicvae.inference import NAME, NumpyMusicVAE
from lyricgen.models.weights import WEIGHTS, find_weights, load_weights
from lyricgen.music import form, tune_books

OUT = files.DATA / "results" / "longer.json"
SEEDS = 3
VALIDATIONS = 6

# Of the shipped song VAE, chosen on the validation split: tunes vary more than by the
# usual settings, and the target is such that held-out tunes cost at most 370 bits.
SHIPPED: dict[str, Any] = {"splice": 0.3, "degrees": 0.75, "target": 373.0}

# Of the rivals' trainings: batches are smaller, since each melody takes 256 steps. Beta
# begins low, or the KL falls below its target before the decoder reads z.
RIVAL: dict[str, Any] = {"batch": 32, "rate": 1e-3, "beta": 0.05, "pointers": False}


@dataclass(frozen=True)
class Run:
    """A model to be trained: which one, for how many steps, and with what settings."""

    kind: str
    steps: int
    settings: dict[str, Any] = field(default_factory=dict)


RUNS = {
    "song": Run("song", training.SONG_STEPS, SHIPPED),
    "no_pointers": Run("song", training.SONG_STEPS, SHIPPED | {"pointers": False}),
    "flat": Run(rivals_training.FLAT, rivals_training.FLAT_STEPS, RIVAL),
    "carried": Run(rivals_training.CARRIED, rivals_training.CARRIED_STEPS, RIVAL),
    "latents": Run("latents", training.LATENT_STEPS),
}


@dataclass(frozen=True)
class Held:
    """What all models share: data, the model of two bars, held-out windows."""

    data: TuneData
    vae: NumpyMusicVAE
    windows: Windows


def accuracies(model: NumpySongVAE, windows: Windows) -> dict[str, Any]:
    """Returns the measures of a VAE on windows, without their intervals."""
    figures = evaluation.Figures()
    reading = evaluation.read_tunes(model, windows.events, np.random.default_rng(1))
    evaluation.add_reading(figures, reading, windows.cluster)
    return figures.values


def forms_of_samples(model: NumpySongVAE) -> dict[str, float]:
    """Returns how often bars come again in tunes that are drawn by a VAE."""
    tunes = model.sample(evaluation.SAMPLES, np.random.default_rng(1))
    counted = {"repeats": form.repeats(tunes.events)}
    for lag in evaluation.LAGS:
        counted[f"lag_{lag}"] = form.repeats_at(tunes.events, lag)
    return {name: float(part.sum() / whole.sum()) for name, (part, whole) in counted.items()}


def train_run(run: Run, seed: int, held: Held, folder: Path) -> dict[str, Any]:
    """Trains one model and returns its measures on the held-out windows."""
    budget = Budget(folder, run.steps, validations=VALIDATIONS, progress=False)
    if run.kind == "latents":
        settings = replace(LatentSettings(**run.settings), segment=held.vae.latent, seed=seed)
        arrays, _ = training.train_latents(held.data, settings, budget)
        trained = _trained_weights(arrays)
        return trained | _measure_latents(arrays, held)
    settings = replace(SongSettings(**run.settings), segment=held.vae.latent, seed=seed)
    if run.kind == "song":
        arrays, _ = training.train_song_vae(held.data, settings, budget)
        model = NumpySongVAE(training.with_posterior(arrays, held.data, held.vae), held.vae)
    else:
        two_bars = {name: np.asarray(array) for name, array in held.vae.a.items()}
        arrays, _ = rivals_training.train_rival(run.kind, held.data, settings, two_bars, budget)
        model = NumpyRival(arrays, held.vae)
    measured = _trained_weights(arrays) | accuracies(model, held.windows)
    if run.kind == "song":
        measured["samples"] = forms_of_samples(model)
    return measured


def _trained_weights(arrays: dict[str, np.ndarray]) -> dict[str, int]:
    """Returns how many numbers a model learned."""
    fixed = ("offset", "scale", "spread", "posterior_mean", "posterior_factor")
    sizes = [array.size for name, array in arrays.items() if name not in fixed]
    return {"weights": sum(sizes)}


def _measure_latents(arrays: dict[str, np.ndarray], held: Held) -> dict[str, Any]:
    ngram = evaluation.count_tunes(whole_tunes(tune_books.load_tunes(), "train"))
    model = NumpyLatentLanguageModel(arrays, held.vae)
    measured = evaluation.measure_latents(model, held.windows, ngram, np.random.default_rng(1))
    names = ("kl_bits", "kl_bits_normal", "cost_bits", "bill_bits", "ngram_bits")
    return {name: measured[name] for name in names}


def measure_linear(held: Held, settings: SongSettings) -> dict[str, Any]:
    """Measures the principal components alone, with as many bits as fit the target.

    A component with variance lam counts as -log2 sigma = log2(1 + lam)/2 bits; as many
    of the largest are kept as do not go beyond the target. The mean KL of this map is
    larger by (1/2 nat)/(1 + lam) for each: it is the start of the trainings, and the
    notebook measures the best map instead.
    """
    data = held.data
    units = Units.of(data.latents)
    x = units.read(data.latents.mu)[data.splits["train"].rows[0]]
    start = training.start_of(data, units, x.shape[1] * x.shape[2])
    bits = -np.log2(start["sigma"])
    kept = int((np.cumsum(bits) <= settings.target).sum())
    model = NumpySongVAE(training.units_in_file(units), held.vae)
    held_x, _ = model.encode_segments(held.windows.events)
    f = held_x.reshape(len(held_x), -1)
    mu = (f @ start["mu_W"] + start["mu_b"])[:, :kept]
    y = (mu @ start["out_W"][:kept] + start["out_b"]).reshape(held_x.shape)
    decoded = evaluation.decode_segments(held.vae, model.write(y))
    rates = evaluation.accuracy_rates(held.windows.events, decoded)
    measured = {name: rate.value for name, rate in rates.items()}
    return {"components": kept, "kl_bits_in_theory": float(bits[:kept].sum())} | measured


def finished_rows(path: Path, common: dict) -> list[dict]:
    """Returns the rows that are in a file already; it may not exist yet.

    Raises: UserError where the file is of another comparison.
    """
    if not path.exists():
        return []
    card = files.read_card(path)
    if any(card.get(key) != value for key, value in common.items()):
        raise files.UserError(f"{path} is of another comparison; give another --out, or delete it.")
    return card.get("runs", [])


def compare(
    path: Path,
    held: Held,
    common: dict[str, Any],
    runs: dict[str, Run] = RUNS,
    seeds: int = SEEDS,
    shipped: Callable[[], dict] | None = None,
) -> dict:
    """Trains and measures each run with each seed, and writes the file after each.

    common: what all rows of the file have in common, by which a resumed one is checked.
    shipped: returns the measures of the shipped models, if they are to be in the file.
    """
    common = common | {"differ": {name: asdict(run) for name, run in runs.items()}}
    rows = finished_rows(path, common)
    card = common | {
        "machine": models_training.machine(),
        "python": platform.python_version(),
        "keras": keras.__version__,
        "runs": rows,
    }
    if not any(row["run"] == "linear" for row in rows):
        rows.append({"run": "linear"} | measure_linear(held, SongSettings()))
    done = {(row["run"], row.get("seed")) for row in rows}
    for seed in range(1, seeds + 1):
        for name, run in runs.items():
            if (name, seed) in done:
                continue
            began = time.process_time()
            with tempfile.TemporaryDirectory() as folder:
                measured = train_run(run, seed, held, Path(folder))
            seconds = round(time.process_time() - began, 1)
            rows.append({"run": name, "seed": seed, "cpu_seconds": seconds} | measured)
            files.write_json(path, card)
            print(name, seed, seconds, measured, file=sys.stderr, flush=True)
    if shipped is not None:
        card["shipped"] = shipped()
    files.write_json(path, card)
    return card


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=SEEDS)
    parser.add_argument("--out", type=Path, default=OUT)
    parser.add_argument("--two-bars", default=NAME, help="the weights of two bars")
    parser.add_argument("--folder", type=Path, default=WEIGHTS, help="of the shipped models")
    parser.add_argument("--part", choices=("test", "validation"), default="test")
    parser.add_argument("--only", nargs="+", choices=RUNS, help="only these models")
    arguments = parser.parse_args()
    two_bars = find_weights(arguments.two_bars, "musicvae")
    vae = NumpyMusicVAE.load(*two_bars)
    _, weights_card = load_weights(*two_bars)
    data = load_tune_data(vae, weights_card["sha256"], degrees=True)
    held = Held(data, vae, data.splits[arguments.part].windows)
    common = {
        "made by": "python experiments/compare_longer.py",
        "two_bars": weights_card["sha256"],
        "measured on": f"{len(held.windows)} windows of the {arguments.part} split",
    }
    runs = {name: run for name, run in RUNS.items() if name in (arguments.only or RUNS)}

    def shipped() -> dict:
        return evaluation.measure_longer(arguments.part, arguments.folder, two_bars)

    is_whole = arguments.only is None
    compare(arguments.out, held, common, runs, arguments.seeds, shipped if is_whole else None)
    return 0


if __name__ == "__main__":
    sys.exit(main())
