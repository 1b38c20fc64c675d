"""Trains a MusicVAE of one bar to a target, and measures what each setting brings.

    python experiments/speedrun.py                # all rows that are not there yet
    python experiments/speedrun.py --rows base    # these only
    python experiments/speedrun.py --threads 1    # on one core, while another has work
    python experiments/speedrun.py --short        # a few steps of each, to try it

The target is that 60 % of the held-out bars come back in every step, greedily from mu,
and that 82 % of the steps do from a drawn z. It is looked for on the validation split.
A row is the settings ONE_BAR with one change. All rows train as many steps. The time
holds the validations: by the clock, which counts on a machine that does nothing else,
and of the processor, up to the step that reached the target. In the end each row is
measured on the test split. data/results/speedrun.json is written after each training
(give --short another --out).
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
import time
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

# Before TensorFlow is imported: it reads this once.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import tensorflow as tf

from lyricgen import files
from lyricgen.budget import Budget
from lyricgen.models import training
from lyricgen.models.musicvae import data as musicvae_data
from lyricgen.models.musicvae import training as musicvae_training
from lyricgen.models.musicvae.inference import NumpyMusicVAE
from lyricgen.models.musicvae.posterior import kl_divergence
from lyricgen.models.musicvae.settings import BOOK, BOTH, ONE_BAR, ONE_BAR_STEPS, WRITTEN
from lyricgen.music import measures

EXACT = 0.60
DRAWN = 0.82
VALIDATIONS = 10
SEEDS = (1, 2, 3)
# Draws of the prior, at temperature 1.
DRAWS = 1000
# What tells one training from another.
RUN = ("row", "seed", "steps", "threads")
LN2 = float(np.log(2))


@dataclass(frozen=True)
class Row:
    """One change of the settings, how the bars are moved, and the seeds."""

    settings: dict[str, Any] = field(default_factory=dict)
    key: str = BOOK
    seeds: tuple[int, ...] = (1,)


ROWS = {
    "base": Row(seeds=SEEDS),
    "as written": Row(key=WRITTEN),
    "as written, moved at random by 3 semitones": Row({"transpose": 3}, WRITTEN),
    "as written, moved at random by 6 semitones": Row({"transpose": 6}, WRITTEN),
    "moved by the estimated key of each bar too": Row(key=BOTH),
    "beta at once": Row({"wait": 0.0, "ramp": 0.0}),
    "beta 1": Row({"beta": 1.0}),
    "beta 0": Row({"beta": 0.0}),
    "half the units": Row({"encoder": 48, "decoder": 80}),
    "half the learning rate": Row({"rate": 2e-3}),
    "twice the batch": Row({"batch": 128}),
    "a fifth of the inputs hidden": Row({"word_dropout": 0.2}),
    "half of the bars moved by degrees of the scale": Row({"degrees": 0.5}),
    "a third of the bars spliced": Row({"splice": 0.33}),
    "a running mean of the weights": Row({"ema": 0.99}),
    "12 dimensions of z": Row({"latent": 12}),
}


def target_in(curves: list[dict[str, Any]]) -> dict[str, Any] | None:
    """Returns the first validation that reaches the target, None if none does."""
    for row in curves:
        exact = row["validation_exact"]
        drawn = row["validation_free_running_drawn"]
        if exact >= EXACT and drawn >= DRAWN:
            return row
    return None


def known_bars(drawn: np.ndarray, train: np.ndarray) -> float:
    """Returns the share of bars (N, T) that stand in the training split (M, T)."""
    known = {bar.tobytes() for bar in train}
    return float(np.mean([bar.tobytes() in known for bar in drawn]))


def measure(vae: NumpyMusicVAE, splits: dict[str, np.ndarray]) -> dict[str, float]:
    """Returns the measures of the test split and of draws of the prior."""
    rng = np.random.default_rng(1)
    bars = splits["test"]
    mu, sigma = vae.encode(bars)
    from_mu = vae.decode(mu)
    from_drawn = vae.decode(mu + sigma * rng.standard_normal(mu.shape))
    z = vae.draw(DRAWS, rng, prior=True)
    drawn = vae.decode(z, 1.0, rng)
    kl = kl_divergence(mu, sigma).sum(axis=1)
    return {
        "free_running": measures.step_accuracy(from_mu, bars),
        "onset": measures.onset_accuracy(from_mu, bars),
        "exact": measures.exact_share(from_mu, bars),
        "free_running_drawn": measures.step_accuracy(from_drawn, bars),
        "kl_bits": float(kl.mean()) / LN2,
        "prior_in_scale": measures.in_scale(drawn),
        "prior_known_bars": known_bars(drawn, splits["train"]),
        "real_in_scale": measures.in_scale(bars),
        "real_known_bars": known_bars(bars, splits["train"]),
    }


def use_threads(count: int) -> None:
    """Lets TensorFlow work on so many cores."""
    tf.config.threading.set_intra_op_parallelism_threads(count)
    tf.config.threading.set_inter_op_parallelism_threads(count)


def run(name: str, seed: int, steps: int, threads: int) -> dict[str, Any]:
    """Trains a row in one seed and returns its figures."""
    row = ROWS[name]
    data = musicvae_data.load_book_windows(row.key, bars=1)
    settings = replace(ONE_BAR, seed=seed, **row.settings)
    folder = Path(tempfile.mkdtemp())
    budget = Budget(folder, steps=steps, validations=VALIDATIONS, progress=False)
    began = time.process_time()
    arrays, curves = musicvae_training.train(data, settings, budget)
    cpu = time.process_time() - began
    shutil.rmtree(folder)
    reached = target_in(curves)
    return {
        "row": name,
        "seed": seed,
        "steps": steps,
        "threads": threads,
        "seconds": curves[-1]["seconds"],
        "cpu_seconds": round(cpu, 1),
        "reached_at_step": reached and reached["step"],
        "reached_after_seconds": reached and reached["seconds"],
        "reached_after_cpu_seconds": reached and round(cpu * reached["step"] / steps, 1),
        **measure(NumpyMusicVAE(arrays), data.splits),
    }


def show(result: dict[str, Any]) -> None:
    """Prints a row of the table."""
    seconds = result["reached_after_cpu_seconds"]
    when = "not reached" if seconds is None else f"{seconds:.0f} CPU-s"
    print(
        f"{result['row']:47} seed {result['seed']}  {when:>11}  exact {result['exact']:.3f}  "
        f"steps {result['free_running']:.3f}, drawn z {result['free_running_drawn']:.3f}  "
        f"{result['kl_bits']:.1f} bits  prior in scale {result['prior_in_scale']:.3f}",
        flush=True,
    )


def main() -> int:
    """Trains what is asked for and is not in the file yet."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", nargs="*", choices=ROWS, help="which rows (all)")
    parser.add_argument("--threads", type=int, default=2, help="cores for TensorFlow (2)")
    parser.add_argument("--seeds", type=int, nargs="*", help="which seeds (those of the rows)")
    parser.add_argument("--short", action="store_true", help="20 steps of each")
    parser.add_argument("--out", type=Path, default=files.DATA / "results" / "speedrun.json")
    args = parser.parse_args()
    use_threads(args.threads)
    steps = 20 if args.short else ONE_BAR_STEPS
    found = files.read_card(args.out) if args.out.exists() else {}
    results = found.get("results", [])
    there = {tuple(result[key] for key in RUN) for result in results}
    for name in args.rows or ROWS:
        for seed in args.seeds or ROWS[name].seeds:
            if (name, seed, steps, args.threads) in there:
                continue
            results.append(run(name, seed, steps, args.threads))
            show(results[-1])
            card = {
                "made by": "python experiments/speedrun.py",
                "target": {"exact": EXACT, "free_running_drawn": DRAWN},
                "machine": training.machine(),
                "settings": ONE_BAR.to_card(),
                "results": results,
            }
            files.write_json(args.out, card)
    return 0


if __name__ == "__main__":
    sys.exit(main())
