"""Measures accuracy over KL: small MusicVAEs at several betas, and a shorter training.

    python experiments/measure_rate.py                 # all runs
    python experiments/measure_rate.py --betas 0.07    # these as well, in seed 1
    python experiments/measure_rate.py --short         # a few steps of each, to try it

It writes data/results/rate.json for the notebook training_musicvae (give --short
another --out). Nine runs take about two CPU-minutes each, and the one with the shipped
settings five; all use one thread. Every run has its steps fixed beforehand, and beta
and learning rate follow from the share that is done, so a short run is a whole one. All
is measured on the validation split, in float64. What is in the file already is not done
again, so a stopped run resumes where it was.
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
from lyricgen.models.musicvae.network import Settings
from lyricgen.models.musicvae.posterior import kl_divergence
from lyricgen.models.ngram import NGram
from lyricgen.music import measures as melody_measures
from lyricgen.music.melody import EVENTS, HOLD

SMALL = Settings(
    embedding=32, encoder=96, latent=64, decoder=192, free_bits=0, transpose=0, batch=32
)
# Of a small run: about two CPU-minutes.
STEPS = 2500
BETAS = (0.3, 0.1, 0.15, 0.2, 0.065, 0.04, 1.0)
# A beta, and the seeds in which it is trained besides the first.
MORE_SEEDS = (0.3, (2, 3))
# Steps of the shipped settings: about 5 CPU-minutes, where the shipped weights took 75.
TIMES = (2000,)
QUEUE = (
    [("beta", SMALL, beta, 1, STEPS) for beta in BETAS]
    + [("beta", SMALL, MORE_SEEDS[0], seed, STEPS) for seed in MORE_SEEDS[1]]
    + [("steps", Settings(), Settings().beta, 1, steps) for steps in TIMES]
)


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


def run(name: str, settings: Settings, steps: int, splits: dict[str, np.ndarray]) -> dict:
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
        "name": name,
        "beta": settings.beta,
        "seed": settings.seed,
        "steps": steps,
        "best_step": best["step"],
        **measured,
        # Unknown where a part of the time was spent before a stop.
        "cpu_seconds": None if resumed else round(spent),
        "parameters": int(sum(array.size for array in arrays.values())),
    }


def describe(splits: dict[str, np.ndarray], queue: list) -> dict:
    """Returns what a file is of, by which a resumed one is checked."""
    settings_by_name = {}
    steps_of_a_beta = None
    for name, settings, _, _, steps in queue:
        card = settings.to_card()
        del card["seed"], card["beta"]
        settings_by_name[name] = card
        if name == "beta" and steps_of_a_beta is None:
            steps_of_a_beta = steps
    return {
        "made by": "python experiments/measure_rate.py",
        "measured on": f"{len(splits['validation'])} windows of the validation part",
        "settings": settings_by_name,
        "steps of a beta": steps_of_a_beta,
    }


def versions() -> dict[str, str]:
    backend = keras.backend.backend()
    return {
        "numpy": np.__version__,
        "keras": keras.__version__,
        backend: sys.modules[backend].__version__,
    }


def begin_card(path: Path, splits: dict[str, np.ndarray], queue: list) -> dict:
    """Returns what is in the file, or the card of a new one.

    Raises: UserError where the file is of other settings or data.
    """
    frame = describe(splits, queue)
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


def go_through(path: Path, splits: dict[str, np.ndarray], queue: list = QUEUE) -> dict:
    """Goes through the queue, writes the file after each run, and returns its content.

    Raises: UserError where the file is of other settings or data.
    """
    card = begin_card(path, splits, queue)
    for name, settings, beta, seed, steps in queue:
        key = f"beta {beta:g} seed {seed}" if name == "beta" else f"{steps} steps"
        if key in card["runs"]:
            say(f"{key}: there already")
            continue
        say(f"{key}: {steps} steps")
        row = run(name, replace(settings, beta=beta, seed=seed), steps, splits)
        card["runs"][key] = row
        files.write_json(path, card)
        say(
            f"{key}: {row['free_running']} from mu and {row['free_running_drawn']} "
            f"from a drawn z at {row['kl_bits']:.1f} bits; {row['cpu_seconds']} CPU-seconds"
        )
    return card


def shortened(queue: list) -> list:
    """Returns the queue with a few steps for each run."""
    short = []
    for name, settings, beta, seed, steps in queue:
        few_steps = 16 if name == "beta" else steps // 250
        short.append((name, settings, beta, seed, few_steps))
    return short


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
    queue = QUEUE + [("beta", SMALL, beta, 1, STEPS) for beta in arguments.betas]
    splits = musicvae_data.load_book_windows().splits
    if arguments.short:
        queue = shortened(queue)
        splits = {split: events[:400] for split, events in splits.items()}
    try:
        go_through(arguments.out, splits, queue)
    except files.UserError as error:
        say(str(error))
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
