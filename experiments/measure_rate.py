"""Measures accuracy over KL: MusicVAEs of one bar, each trained to its end.

    python experiments/measure_rate.py                 # all runs
    python experiments/measure_rate.py --betas 0.07    # these as well, in seed 1
    python experiments/measure_rate.py --short         # a few steps of each, to try it

It writes data/results/rate.json for the notebook training_musicvae (give --short
another --out). The settings are ONE_BAR but for beta. A run takes about two
CPU-minutes, in one thread; its steps are fixed beforehand, and beta and learning rate
follow from the share that is done. All is measured on the validation split, in float64.
What is in the file already is not done again, so a stopped run resumes where it was.
"""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import sys
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
from lyricgen.models import checkpoint, training
from lyricgen.models.musicvae import data as musicvae_data
from lyricgen.models.musicvae import training as musicvae_training
from lyricgen.models.musicvae.bits import LN2, step_costs
from lyricgen.models.musicvae.data import MelodyData
from lyricgen.models.musicvae.evaluation import ORDER
from lyricgen.models.musicvae.inference import NumpyMusicVAE, in_batches
from lyricgen.models.musicvae.posterior import kl_divergence
from lyricgen.models.musicvae.settings import BOOK, ONE_BAR, ONE_BAR_STEPS, Settings
from lyricgen.models.ngram import NGram
from lyricgen.music import measures as melody_measures
from lyricgen.music.melody import EVENTS, HOLD

BETAS = (0.2, 0.5, 0.05, 1.0, 0.1, 0.02)
# A beta, and the seeds in which it is trained besides the first.
MORE_SEEDS = (0.2, (2, 3))
QUEUE = [(beta, 1) for beta in BETAS] + [(MORE_SEEDS[0], seed) for seed in MORE_SEEDS[1]]
# Of a short try
FEW_STEPS = 16
FEW_MELODIES = 400

Queue = list[tuple[float, int]]


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def measure(arrays: dict[str, np.ndarray], events: np.ndarray, seed: int = 1) -> dict[str, float]:
    """Returns the measures of a model on melodies (N, T), from mu and from a drawn z.

    KL and cost of the events, from a drawn z, are in bits.
    """
    vae = NumpyMusicVAE(arrays)
    mu, sigma = in_batches(vae.encode, events)
    noise = np.random.default_rng(seed).standard_normal(mu.shape)
    z = mu + sigma * noise
    from_mu = in_batches(vae.decode, mu)
    from_drawn = in_batches(vae.decode, z)

    def costs_of(z: np.ndarray, events: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return step_costs(vae, z, events)

    cost, _ = in_batches(costs_of, z, events)
    _, forced = in_batches(costs_of, mu, events)
    kl = kl_divergence(mu, sigma).sum(axis=1)
    figures = {
        "kl_bits": kl.mean() / LN2,
        "cost_bits": cost.mean(),
        "teacher_forced": melody_measures.step_accuracy(forced, events),
    }
    figures |= accuracies("", from_mu, events)
    figures |= accuracies("_drawn", from_drawn, events)
    return {name: round(float(value), 4) for name, value in figures.items()}


def accuracies(suffix: str, decoded: np.ndarray, events: np.ndarray) -> dict[str, float]:
    """Returns three accuracies of decoded melodies (N, T)."""
    return {
        f"free_running{suffix}": melody_measures.step_accuracy(decoded, events),
        f"onset{suffix}": melody_measures.onset_accuracy(decoded, events),
        f"exact{suffix}": melody_measures.exact_share(decoded, events),
    }


def references(splits: dict[str, np.ndarray]) -> dict[str, float]:
    """Returns what needs no latent space: an n-gram's bits, and the accuracy of HOLD.

    The bits that a melody costs the n-gram are a rate without loss.
    """
    model = NGram(splits["train"].tolist(), ORDER, range(EVENTS))
    held_out = splits["validation"]
    bits = held_out.shape[1] * model.bits_per_token(held_out.tolist())
    always_hold = float((held_out == HOLD).mean())
    return {
        "ngram_order": ORDER,
        "ngram_bits": round(bits, 4),
        "always_hold": round(always_hold, 4),
    }


def run(settings: Settings, steps: int, splits: dict[str, np.ndarray]) -> dict:
    """Trains one model and measures it on the validation split."""
    sizes = {split: len(events) for split, events in splits.items()}
    folder = checkpoint.folder_for("rate", settings.to_card() | {"steps": steps} | sizes)
    resumed = (folder / "checkpoint.npz").exists()
    began = time.process_time()
    budget = Budget(folder, steps, validations=8, progress=sys.stderr.isatty())
    arrays, rows = musicvae_training.train(MelodyData(splits, {}), settings, budget)
    spent = time.process_time() - began
    measured = measure(arrays, splits["validation"], settings.seed)
    best = min(rows, key=lambda row: row["validation"])
    keras.utils.clear_session()
    shutil.rmtree(folder, ignore_errors=True)
    return {
        "beta": settings.beta,
        "seed": settings.seed,
        "steps": steps,
        "best_step": best["step"],
        **measured,
        # Unknown where a part of the time was spent before a stop.
        "cpu_seconds": None if resumed else round(spent),
        "parameters": int(sum(array.size for array in arrays.values())),
    }


def describe(splits: dict[str, np.ndarray], settings: Settings, steps: int) -> dict:
    """Returns what a file is of, by which a resumed one is checked."""
    card = settings.to_card()
    del card["seed"], card["beta"]
    return {
        "made by": "python experiments/measure_rate.py",
        "measured on": f"{len(splits['validation'])} bars of the validation split",
        "settings": card,
        "steps": steps,
    }


def versions() -> dict[str, str]:
    backend = keras.backend.backend()
    return {
        "numpy": np.__version__,
        "keras": keras.__version__,
        backend: sys.modules[backend].__version__,
    }


def begin_card(path: Path, splits: dict[str, np.ndarray], settings: Settings, steps: int) -> dict:
    """Returns what is in the file, or the card of a new one.

    Raises: UserError where the file is of other settings or data.
    """
    frame = describe(splits, settings, steps)
    if not path.exists():
        return frame | {
            "machine": f"{training.machine()}, one thread",
            "python": platform.python_version(),
            "versions": versions(),
            "references": references(splits),
            "runs": {},
        }
    card = files.read_card(path)
    if any(card.get(key) != value for key, value in frame.items()):
        raise files.UserError(
            f"{path} is of other settings or data; delete it or give another --out."
        )
    return card


def go_through(
    path: Path,
    splits: dict[str, np.ndarray],
    queue: Queue,
    settings: Settings = ONE_BAR,
    steps: int = ONE_BAR_STEPS,
) -> dict:
    """Goes through the queue, writes the file after each run, and returns its content.

    The queue has a beta and a seed of each run.
    Raises: UserError where the file is of other settings or data.
    """
    card = begin_card(path, splits, settings, steps)
    for beta, seed in queue:
        key = f"beta {beta:g} seed {seed}"
        if key in card["runs"]:
            say(f"{key}: there already")
            continue
        say(f"{key}: {steps} steps")
        row = run(replace(settings, beta=beta, seed=seed), steps, splits)
        card["runs"][key] = row
        files.write_json(path, card)
        say(
            f"{key}: {row['free_running']} from mu and {row['free_running_drawn']} "
            f"from a drawn z at {row['kl_bits']:.1f} bits; {row['cpu_seconds']} CPU-seconds"
        )
    return card


def main(words: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--out",
        type=Path,
        default=files.DATA / "results" / "rate.json",
        help="the file (data/results/rate.json)",
    )
    parser.add_argument(
        "--betas", type=float, nargs="*", default=[], help="more values of beta, after the others"
    )
    parser.add_argument("--short", action="store_true", help="a few steps each")
    arguments = parser.parse_args(words)
    queue = QUEUE + [(beta, 1) for beta in arguments.betas]
    splits = musicvae_data.load_book_windows(BOOK, bars=1).splits
    steps = ONE_BAR_STEPS
    if arguments.short:
        steps = FEW_STEPS
        splits = {split: events[:FEW_MELODIES] for split, events in splits.items()}
    try:
        go_through(arguments.out, splits, queue, steps=steps)
    except files.UserError as error:
        say(str(error))
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
