"""Measures what the walk of a MusicVAE does to its melodies, round by round.

    python experiments/measure_walk.py             # all starts and seeds
    python experiments/measure_walk.py --short     # a few rounds, to try it

The walk begins at three places: draws of the prior, draws of the mixture that is fitted
to the aggregate posterior, and z of real melodies; and it has two spreads, that of the
distributions and the narrower one of `sample`. After some rounds the melodies are
measured beside the real ones of the validation split. It writes data/results/walk.json
(give --short another --out). It takes about 15 minutes on one core.
"""

from __future__ import annotations

import argparse
import itertools
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from lyricgen import files
from lyricgen.models.musicvae.inference import NAME, SPREAD, NumpyMusicVAE, in_batches
from lyricgen.models.musicvae.samples import (
    HISTOGRAMS,
    TEMPERATURE,
    KnownMelodies,
    divergence,
    sample_rates,
)
from lyricgen.models.weights import WEIGHTS, load_weights
from lyricgen.music import tune_books
from lyricgen.music.collection import BARS

# Rounds after which melodies are measured
ROUNDS = (0, 1, 2, 4, 8, 16, 32)
STARTS = ("prior", "mixture", "real")
SPREADS = (1.0, SPREAD)
SEEDS = (1, 2, 3)
MELODIES = 1000
# Of a short try
FEW_ROUNDS = (0, 1)
FEW_MELODIES = 20


def melodies(vae: NumpyMusicVAE, tunes: Sequence[tune_books.Tune], split: str) -> np.ndarray:
    """Returns the distinct melodies of a split in the key of the model, uint8 (N, T).

    They are moved as draws are before they are looked up among the known ones.
    """
    written, _ = tune_books.cut_windows(tunes, BARS, split)
    return vae.move(written)[0]


def begin(
    vae: NumpyMusicVAE,
    start: str,
    spread: float,
    real: np.ndarray,
    count: int,
    rng: np.random.Generator,
) -> np.ndarray:
    """Returns z (count, Z) at which a walk begins; real: melodies (N, T)."""
    if start != "real":
        return vae.draw(count, rng, prior=start == "prior", spread=spread)
    chosen = rng.permutation(len(real))[:count]
    mu, sigma = vae.encode(real[chosen])
    return mu + spread * sigma * rng.standard_normal(mu.shape)


def measure(
    events: np.ndarray, known: KnownMelodies, real: np.ndarray, rng: np.random.Generator
) -> dict[str, float]:
    """Returns the measures of melodies (N, T) beside real ones (M, T)."""
    rates = known.rates(events) | sample_rates(events, rng)
    figures = {name: rate.value for name, rate in rates.items()}
    for name, count in HISTOGRAMS.items():
        figures[name] = divergence(count(events), count(real))
    return {name: round(float(value), 5) for name, value in figures.items()}


def go(
    vae: NumpyMusicVAE,
    start: str,
    spread: float,
    seed: int,
    data: tuple[np.ndarray, np.ndarray],
    rounds: tuple[int, ...] = ROUNDS,
    count: int = MELODIES,
) -> list[dict[str, object]]:
    """Walks from a start in one seed and returns a row for each of the rounds.

    data: the melodies of the training split and the real ones, (M, T) and (N, T).
    """
    train, real = data
    rng = np.random.default_rng(seed)
    known = KnownMelodies(vae, train)
    z = begin(vae, start, spread, real, count, rng)
    rows: list[dict[str, object]] = []
    done = 0
    for after in rounds:
        z = vae.walk(z, after - done, rng, spread=spread)
        done = after
        events = in_batches(lambda part: vae.decode(part, TEMPERATURE, rng), z)
        row = {"start": start, "spread": spread, "seed": seed, "rounds": after}
        rows.append(row | measure(events, known, real, rng))
    return rows


def main(words: list[str] | None = None) -> int:
    """Walks from each start in each seed and writes the file after each."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--short", action="store_true", help="a few rounds of few melodies")
    parser.add_argument("--folder", type=Path, default=WEIGHTS, help="where the weights are")
    parser.add_argument("--out", type=Path, default=files.DATA / "results" / "walk.json")
    args = parser.parse_args(words)
    rounds, count = (FEW_ROUNDS, FEW_MELODIES) if args.short else (ROUNDS, MELODIES)
    arrays, card = load_weights(NAME, args.folder)
    vae = NumpyMusicVAE(arrays, "float32", key=card["data"].get("key", "written"))
    tunes = tune_books.load_tunes()
    train, real = (melodies(vae, tunes, split) for split in ("train", "validation"))
    results = []
    for start, spread in itertools.product(STARTS, SPREADS):
        for seed in SEEDS:
            results += go(vae, start, spread, seed, (train, real), rounds, count)
            last = results[-1]
            print(
                f"{start:8} spread {spread}, seed {seed}, {last['rounds']} rounds: "
                f"{last['wholly_in_scale']:.3f} wholly in scale, {last['known_bars']:.4f} known "
                f"bars, {last['agreement']:.3f} agreement",
                flush=True,
            )
            summary = {
                "made by": "python experiments/measure_walk.py",
                "measured on": f"{len(real)} melodies of the validation split, in C by their key",
                "weights": card["sha256"],
                "melodies": count,
                "results": results,
                "real": measure(real, KnownMelodies(vae, train), real, np.random.default_rng(0)),
            }
            files.write_json(args.out, summary)
    return 0


if __name__ == "__main__":
    sys.exit(main())
