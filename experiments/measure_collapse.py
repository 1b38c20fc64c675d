"""Measures collapse and its cures on the onset patterns of bars.

    python experiments/measure_collapse.py                       # 21 trainings
    python experiments/measure_collapse.py --seeds 1 --out FILE  # a third of them

It writes data/results/collapse.json for the notebook posterior_collapse. A
training takes a quarter of a minute on one processor. All have the same data, network
and steps; a row of RUNS says in what it differs. What is in the file already is not
done again, so a stopped comparison resumes where it was.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

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
from lyricgen.models import training
from lyricgen.models.musicvae.data import MelodyData
from lyricgen.models.musicvae.inference import NumpyMusicVAE
from lyricgen.models.musicvae.network import Settings
from lyricgen.models.musicvae.posterior import active_units, kl_divergence, mutual_information
from lyricgen.models.musicvae.training import train
from lyricgen.music import melody, tune_books

SETTINGS = Settings(
    tokens=2,
    melody_steps=melody.STEPS_PER_BAR,
    embedding=8,
    encoder=32,
    latent=8,
    decoder=64,
    sigma=1.0,
    beta=1.0,
    wait=0.0,
    ramp=0.0,
    free_bits=0.0,
    transpose=0,
    batch=64,
    rate=1e-2,
)
RUNS = {
    "beta 1": {},
    # A mean in place of the sum over the 16 steps makes beta 16.
    "mean over the steps": {"beta": 16.0},
    "annealing": {"wait": 0.3, "ramp": 0.9},
    # The same number of bits, on the total KL of a bar and on each of the 8 dimensions.
    "free bits, total": {"free_bits": 4.0},
    "free bits, each": {"free_bits_each": 0.5},
    "word dropout": {"word_dropout": 0.75},
    "batch norm on mu": {"batch_norm": 0.6},
}
STEPS = 800
SEEDS = 3
VALIDATIONS = 10
# Bars of the validation split on which all is measured.
MEASURED = 1000
OUT = files.DATA / "results" / "collapse.json"


def patterns() -> dict[str, np.ndarray]:
    """Returns the onset patterns of the distinct bars of two splits, uint8 (N, 16).

    They are those of the tune books for training and validation; the ones for
    validation are shuffled, because bars stand in the order of the books.
    """
    tunes = tune_books.load_tunes()
    splits = {}
    for split in ("train", "validation"):
        bars, _ = tune_books.cut_windows(tunes, 1, split)
        onsets = bars >= melody.FIRST_ONSET
        splits[split] = onsets.astype(np.uint8)
    splits["validation"] = np.random.default_rng(0).permutation(splits["validation"])
    return splits


def mean_cost(logits: np.ndarray, events: np.ndarray) -> float:
    """Returns what melodies (N, T) cost by logits (N, T, V), in nats, the mean of N."""
    index = events[:, :, None].astype(int)
    logits_of_events = np.take_along_axis(logits, index, axis=2)[:, :, 0]
    costs = np.logaddexp.reduce(logits, axis=2) - logits_of_events
    return costs.sum(axis=1).mean()


def measure(vae: NumpyMusicVAE, bars: np.ndarray) -> dict[str, float]:
    """Returns the four measures of collapse, and what bars (N, 16) cost.

    `own` and `swapped` are the shares of the steps that are decoded right from mu of
    the bar and of the next bar; costs are in bits.
    """
    mu, sigma = vae.encode(bars)
    rng = np.random.default_rng(0)
    kl = kl_divergence(mu, sigma).sum(axis=1).mean()
    noise = rng.standard_normal(mu.shape)
    z = mu + sigma * noise
    cost = mean_cost(vae.logits(z, bars), bars)
    decoded = vae.decode(mu)
    correct = decoded == bars
    correct_from_next = np.roll(decoded, 1, axis=0) == bars
    figures = {
        "kl_bits": kl / np.log(2),
        "active_units": active_units(mu),
        "information_bits": mutual_information(mu, sigma, rng) / np.log(2),
        "own": correct.mean(),
        "swapped": correct_from_next.mean(),
        "exact": correct.all(axis=1).mean(),
        "elbo_bits": -(cost + kl) / np.log(2),
    }
    # + 0.0 takes the minus from a zero.
    return {name: round(float(value), 4) + 0.0 for name, value in figures.items()}


def describe(settings: Settings, steps: int, runs: dict, splits: dict[str, np.ndarray]) -> dict:
    """Returns what all runs of a file have in common, to check a resumed one."""
    bars = splits["validation"][:MEASURED]
    card = settings.to_card()
    del card["seed"]
    same = bars == np.roll(bars, 1, axis=0)
    return {
        "made by": "python experiments/measure_collapse.py",
        "settings": card,
        "steps": steps,
        "bars": {split: len(bars) for split, bars in splits.items()},
        "measured on": f"{len(bars)} bars of the validation part",
        "random_pairs": round(float(same.mean()), 4),
        "differ": runs,
    }


def finished_runs(path: Path, common: dict) -> list[dict]:
    """Returns the rows that are in a file already; it may not exist yet.

    Raises: UserError where the file is of another comparison.
    """
    if not path.exists():
        return []
    card = files.read_card(path)
    if any(card.get(key) != value for key, value in common.items()):
        raise files.UserError(f"{path} is of another comparison; give another --out, or delete it.")
    return card.get("runs", [])


def run(name: str, settings: Settings, steps: int, splits: dict[str, np.ndarray]) -> dict:
    """Trains one model and returns its row."""
    began = time.process_time()
    with tempfile.TemporaryDirectory() as folder:
        budget = Budget(Path(folder), steps, validations=VALIDATIONS, progress=False)
        weights, curves = train(MelodyData(splits, {}), settings, budget)
    row = {"run": name, "seed": settings.seed}
    row |= measure(NumpyMusicVAE(weights), splits["validation"][:MEASURED])
    row["kl_curve"] = [round(point["validation_kl_bits"], 3) for point in curves]
    row["cpu_seconds"] = round(time.process_time() - began, 1)
    return row


def collapse(
    path: Path,
    settings: Settings = SETTINGS,
    steps: int = STEPS,
    seeds: int = SEEDS,
    runs: dict = RUNS,
    splits: dict | None = None,
) -> dict:
    """Trains and measures each run with each seed, and writes the file after each."""
    splits = splits or patterns()
    common = describe(settings, steps, runs, splits)
    rows = finished_runs(path, common)
    card = common | {
        "machine": training.machine(),
        "python": platform.python_version(),
        "keras": keras.__version__,
        "runs": rows,
    }
    done = {(row["run"], row["seed"]) for row in rows}
    for seed in range(1, seeds + 1):
        for name, changes in runs.items():
            if (name, seed) in done:
                continue
            row = run(name, replace(settings, **changes, seed=seed), steps, splits)
            rows.append(row)
            files.write_json(path, card)
            figures = {key: value for key, value in row.items() if key != "kl_curve"}
            print(figures, file=sys.stderr, flush=True)
    return card


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=STEPS)
    parser.add_argument("--seeds", type=int, default=SEEDS)
    parser.add_argument("--out", type=Path, default=OUT)
    arguments = parser.parse_args()
    collapse(arguments.out, steps=arguments.steps, seeds=arguments.seeds)
    return 0


if __name__ == "__main__":
    sys.exit(main())
