"""Accuracy over KL: small MusicVAEs at several betas, and the shipped settings with less time; writes data/results/rate.json for notebook 08.

    python experiments/measure_rate.py                 # 9 runs of about two CPU-minutes, and one of 5; one thread
    python experiments/measure_rate.py --betas 0.07    # these as well, in seed 1
    python experiments/measure_rate.py --short         # a few steps of each, to try it; give another --out

Every run has its steps fixed beforehand, and beta and learning rate follow from the share that is done, so a short run is a whole one. All is
measured on the validation part, in float64. What is done is in the file and is left as it is; a run that was stopped goes on where it was.
"""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import sys
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
from lyricgen.models import checkpoint, training
from lyricgen.models.musicvae import data as musicvae_data
from lyricgen.models.musicvae import training as musicvae_training
from lyricgen.models.musicvae.evaluation import LN2, ORDER, in_batches
from lyricgen.models.musicvae.inference import NumpyMusicVAE
from lyricgen.models.musicvae.network import Settings
from lyricgen.models.musicvae.posterior import kl_divergence
from lyricgen.models.ngram import NGram
from lyricgen.music import measures as melody_measures
from lyricgen.music.melody import EVENTS, HOLD

SMALL = Settings(
    embedding=32, encoder=96, latent=64, decoder=192, free_bits=0, transpose=0, batch=32
)
STEPS = 2500  # of a small run: about two CPU-minutes
BETAS, MORE_SEEDS = (0.3, 0.1, 0.15, 0.2, 0.065, 0.04, 1.0), (0.3, (2, 3))
TIMES = (
    2000,
)  # steps of the shipped settings: about 5 CPU-minutes, where the shipped ones took 75
QUEUE = (
    [("beta", SMALL, beta, 1, STEPS) for beta in BETAS]
    + [("beta", SMALL, MORE_SEEDS[0], seed, STEPS) for seed in MORE_SEEDS[1]]
    + [("steps", Settings(), Settings().beta, 1, steps) for steps in TIMES]
)


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def step_costs(
    vae: NumpyMusicVAE, z: np.ndarray, events: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The cost of each melody from its z, (B,), in bits, and which events were the likeliest (B, T); both after the true events."""
    logits = vae.logits(z, events)
    logits -= logits.max(axis=-1, keepdims=True)
    found = np.take_along_axis(logits, events[..., None].astype(int), axis=-1)[..., 0]
    return (np.log(np.exp(logits).sum(axis=-1)) - found).sum(axis=1) / LN2, logits.argmax(axis=-1)


def measure(arrays: dict[str, np.ndarray], events: np.ndarray, seed: int = 1) -> dict[str, float]:
    """The measures of a model on melodies: KL and cost of the events from a drawn z, in bits; accuracies from mu, and from the drawn z."""
    vae = NumpyMusicVAE(arrays)
    mu, sigma = in_batches(vae.encode, events)
    z = mu + sigma * np.random.default_rng(seed).standard_normal(mu.shape)
    free, drawn = in_batches(vae.decode, mu), in_batches(vae.decode, z)
    cost, _ = in_batches(lambda *both: step_costs(vae, *both), z, events)
    _, forced = in_batches(lambda *both: step_costs(vae, *both), mu, events)
    found = {
        "kl_bits": kl_divergence(mu, sigma).sum(axis=1).mean() / LN2,
        "cost_bits": cost.mean(),
        "teacher_forced": melody_measures.step_accuracy(forced, events),
    }
    for name, decoded in (("", free), ("_drawn", drawn)):
        found |= {
            f"free_running{name}": melody_measures.step_accuracy(decoded, events),
            f"onset{name}": melody_measures.onset_accuracy(decoded, events),
            f"exact{name}": melody_measures.exact_share(decoded, events),
        }
    return {name: round(float(value), 4) for name, value in found.items()}


def references(parts: dict[str, np.ndarray]) -> dict[str, float]:
    """What needs no latent space: the bits that a melody costs the n-gram, which is a rate without loss, and the accuracy of always HOLD."""
    model, held = NGram(parts["train"].tolist(), ORDER, range(EVENTS)), parts["validation"]
    return {
        "ngram_order": ORDER,
        "ngram_bits": round(held.shape[1] * model.bits_per_token(held.tolist()), 4),
        "always_hold": round(float((held == HOLD).mean()), 4),
    }


def run(name: str, settings: Settings, steps: int, parts: dict[str, np.ndarray]) -> dict:
    """Trains one model and measures it on the validation part."""
    data = {part: len(events) for part, events in parts.items()}
    folder = checkpoint.folder_for("rate", asdict(settings) | {"steps": steps} | data)
    whole, began = not (folder / "checkpoint.npz").exists(), time.process_time()
    model, rows = musicvae_training.train(
        parts, settings, folder, progress=sys.stderr.isatty(), steps=steps, validations=8
    )
    spent = time.process_time() - began
    measured = measure(model.arrays(), parts["validation"], settings.seed)
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
        "cpu_seconds": round(spent) if whole else None,
        "parameters": int(sum(weight.size for weight in model.arrays().values())),
    }


def go_through(path: Path, parts: dict[str, np.ndarray], queue=QUEUE) -> dict:
    """Goes through the queue and writes the file after each run; raises UserError where the file is of other settings, and returns what is in it."""

    def plain(settings: Settings) -> dict:
        return {
            key: value for key, value in asdict(settings).items() if key not in ("seed", "beta")
        }

    frame = {
        "made by": "python experiments/measure_rate.py",
        "measured on": f"{len(parts['validation'])} windows of the validation part",
        "settings": {name: plain(settings) for name, settings, *_ in queue},
        "steps of a beta": next((steps for name, *_, steps in queue if name == "beta"), None),
    }
    found = (
        files.read_card(path)
        if path.exists()
        else frame
        | {
            "machine": f"{training.machine()}, one thread",
            "python": platform.python_version(),
            "versions": {
                "numpy": np.__version__,
                "keras": keras.__version__,
                keras.backend.backend(): sys.modules[keras.backend.backend()].__version__,
            },
            "references": references(parts),
            "runs": {},
        }
    )
    if any(found.get(key) != value for key, value in frame.items()):
        raise files.UserError(
            f"{path} is of other settings or data; delete it or give another --out."
        )
    for name, settings, beta, seed, steps in queue:
        key = f"beta {beta:g} seed {seed}" if name == "beta" else f"{steps} steps"
        if key in found["runs"]:
            say(f"{key}: there already")
            continue
        say(f"{key}: {steps} steps")
        found["runs"][key] = row = run(name, replace(settings, beta=beta, seed=seed), steps, parts)
        files.write_json(path, found)
        say(
            f"{key}: {row['free_running']} from mu and {row['free_running_drawn']} from a drawn z at {row['kl_bits']:.1f} bits; "
            f"{row['cpu_seconds']} CPU-seconds"
        )
    return found


def main(arguments: list[str] | None = None) -> int:
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
    args = parser.parse_args(arguments)
    queue = QUEUE + [("beta", SMALL, beta, 1, STEPS) for beta in args.betas]
    parts = musicvae_data.load_book_windows()[0]
    if args.short:
        queue = [(*row[:-1], 16 if row[0] == "beta" else row[-1] // 250) for row in queue]
        parts = {part: events[:400] for part, events in parts.items()}
    try:
        go_through(args.out, parts, queue)
    except files.UserError as error:
        say(str(error))
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
