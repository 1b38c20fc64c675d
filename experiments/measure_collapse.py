"""Collapse and its cures on the onset patterns of bars, measured for notebook 07: writes data/results/collapse.json.

    python experiments/measure_collapse.py                       # one processor, 18 trainings of a quarter of a minute each
    python experiments/measure_collapse.py --seeds 1 --out FILE  # a third of them

All trainings have the same data, network and steps; a row of RUNS says in what it differs. What is done is in the file and is left as it is;
a run that was stopped goes on where it was.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
import tempfile
import time
from dataclasses import asdict, replace
from pathlib import Path

if __name__ == "__main__":  # before NumPy and TensorFlow are imported
    os.environ |= dict.fromkeys(
        (
            "OMP_NUM_THREADS",
            "OPENBLAS_NUM_THREADS",
            "TF_NUM_INTRAOP_THREADS",
            "TF_NUM_INTEROP_THREADS",
        ),
        "1",
    )
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np

from lyricgen import files
from lyricgen.models import training
from lyricgen.models.musicvae.inference import NumpyMusicVAE
from lyricgen.models.musicvae.network import Settings
from lyricgen.models.musicvae.posterior import active_units, kl_divergence, mutual_information
from lyricgen.models.musicvae.training import train
from lyricgen.music import melody, tune_books

SETTINGS = Settings(
    tokens=2,
    steps=melody.STEPS_PER_BAR,
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
    "mean over the steps": {"beta": 16.0},  # a mean for the sum of 16 steps makes beta 16
    "annealing": {"wait": 0.3, "ramp": 0.9},
    "free bits": {"free_bits": 4.0},
    "word dropout": {"word_dropout": 0.75},
    "batch norm on mu": {"batch_norm": 0.6},
}
STEPS, SEEDS, VALIDATIONS, MEASURED = 800, 3, 10, 1000
OUT = files.DATA / "results" / "collapse.json"


def patterns() -> dict[str, np.ndarray]:
    """The onset patterns of the distinct bars of each part of the tune books, uint8 (N, 16), those of the validation part in a drawn order."""
    loaded = tune_books.load_tunes()
    parts = {
        part: (tune_books.cut_windows(loaded, 1, part)[0] >= melody.FIRST_ONSET).astype(np.uint8)
        for part in ("train", "validation")
    }
    parts["validation"] = np.random.default_rng(0).permutation(parts["validation"])
    return parts


def measure(vae: NumpyMusicVAE, bars: np.ndarray) -> dict[str, float]:
    """The four measures of collapse, and what bars cost: in bits, and as shares of the steps. `swapped` decodes the z of the next bar."""
    mu, sigma = vae.encode(bars)
    rng = np.random.default_rng(0)
    kl = kl_divergence(mu, sigma).sum(axis=1).mean()
    logits = vae.logits(mu + sigma * rng.standard_normal(mu.shape), bars)
    of_true = np.take_along_axis(logits, bars[:, :, None].astype(int), axis=2)[:, :, 0]
    cost = (np.logaddexp.reduce(logits, axis=2) - of_true).sum(axis=1).mean()
    decoded = vae.decode(mu)
    found = {
        "kl_bits": kl / np.log(2),
        "active_units": active_units(mu),
        "information_bits": mutual_information(mu, sigma, rng) / np.log(2),
        "own": (decoded == bars).mean(),
        "swapped": (np.roll(decoded, 1, axis=0) == bars).mean(),
        "exact": (decoded == bars).all(axis=1).mean(),
        "elbo_bits": -(cost + kl) / np.log(2),
    }
    return {
        name: round(float(value), 4) + 0.0 for name, value in found.items()
    }  # + 0.0: no minus before a zero


def collapse(
    path: Path,
    settings: Settings = SETTINGS,
    steps: int = STEPS,
    seeds: int = SEEDS,
    runs: dict = RUNS,
    parts: dict | None = None,
) -> dict:
    """Trains and measures each run with each seed, and writes the file after each."""
    parts = parts or patterns()
    some = parts["validation"][:MEASURED]
    common = {
        "made by": "python experiments/measure_collapse.py",
        "settings": {key: value for key, value in asdict(settings).items() if key != "seed"},
        "steps": steps,
        "bars": {part: len(bars) for part, bars in parts.items()},
        "measured on": f"{len(some)} bars of the validation part",
        "random_pairs": round(float((some == np.roll(some, 1, axis=0)).mean()), 4),
        "differ": runs,
    }
    found = files.read_card(path) if path.exists() else {}
    if found and {key: found.get(key) for key in common} != common:
        raise files.UserError(f"{path} is of another comparison; give another --out, or delete it.")
    found = common | {
        "machine": training.machine(),
        "python": platform.python_version(),
        "keras": keras.__version__,
        "runs": found.get("runs", []),
    }
    done = {(row["run"], row["seed"]) for row in found["runs"]}
    for seed in range(1, seeds + 1):
        for name, changes in runs.items():
            if (name, seed) in done:
                continue
            began = time.process_time()
            with tempfile.TemporaryDirectory() as folder:
                model, curves = train(
                    parts,
                    replace(settings, **changes, seed=seed),
                    Path(folder),
                    progress=False,
                    steps=steps,
                    validations=VALIDATIONS,
                )
            row = {"run": name, "seed": seed, **measure(NumpyMusicVAE(model.arrays()), some)}
            row |= {
                "kl_curve": [round(point["validation_kl_bits"], 3) for point in curves],
                "cpu_seconds": round(time.process_time() - began, 1),
            }
            found["runs"].append(row)
            files.write_json(path, found)
            print(
                {key: value for key, value in row.items() if key != "kl_curve"},
                file=sys.stderr,
                flush=True,
            )
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=STEPS)
    parser.add_argument("--seeds", type=int, default=SEEDS)
    parser.add_argument("--out", type=Path, default=OUT)
    given = parser.parse_args()
    collapse(given.out, steps=given.steps, seeds=given.seeds)
    return 0


if __name__ == "__main__":
    sys.exit(main())
