"""What a test split costs a language model: a sample with its interval, or all."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from tqdm import tqdm

from lyricgen.lyrics.measures import bits_per_character
from lyricgen.models.language.inference import NumpyLanguageModel

# Tokens of a piece, and those before it that are read first
PIECE = 256
BEFORE = 128

# Pieces side by side: few where the time is limited; more are faster in all
SIDE_BY_SIDE = 16
SIDE_BY_SIDE_OF_ALL = 64

# Pieces of a sample
SAMPLE = 64

# Standard errors on each side of a mean within which it lies 95 times of 100
NORMAL_95 = 1.96


class Bits(NamedTuple):
    """Bits per character, with an interval of 95 %, and how much was read for it.

    The interval is the mean itself where all was read.
    """

    mean: float
    low: float
    high: float
    read: int
    of: int


def measure_bits(
    model: NumpyLanguageModel,
    sequences: Sequence[np.ndarray],
    sample: int | None = SAMPLE,
    seconds: float | None = None,
) -> Bits:
    """Returns the bits per character of a model on sequences of ids.

    They are read in pieces, each after the tokens that stand before it. `sample` pieces
    are drawn (always the same ones), None for all; after `seconds` no more are read. A
    bar on stderr shows how far it is.
    """
    pieces = _pieces(sequences)
    order = np.arange(len(pieces))
    if sample is not None and sample < len(pieces):
        order = np.random.default_rng(0).permutation(len(pieces))[:sample]
    costs: list[float] = []
    sizes: list[int] = []
    side = SIDE_BY_SIDE if seconds is not None else SIDE_BY_SIDE_OF_ALL
    began = time.perf_counter()
    with tqdm(total=len(order), desc="measuring", unit="piece", file=sys.stderr) as progress:
        for first in range(0, len(order), side):
            if seconds is not None and first and time.perf_counter() - began > seconds:
                break
            chosen = [pieces[k] for k in order[first : first + side]]
            read = model.costs([ids for ids, _ in chosen])
            for bits, (ids, context) in zip(read, chosen):
                counted = bits[context:]
                each = bits_per_character(counted, ids[context:], model.characters.folded)
                sizes.append(len(counted))
                costs.append(each * len(counted))
            progress.update(len(chosen))
    return _interval(np.array(costs), np.array(sizes), len(pieces), sum(map(len, sequences)))


def _pieces(sequences: Sequence[np.ndarray]) -> list[tuple[np.ndarray, int]]:
    """Returns pieces, and how many tokens of each only stand before what is counted."""
    pieces = []
    for ids in sequences:
        for start in range(0, len(ids), PIECE):
            first = max(0, start - BEFORE)
            pieces.append((ids[first : start + PIECE], start - first))
    return pieces


def _interval(costs: np.ndarray, sizes: np.ndarray, pieces: int, tokens: int) -> Bits:
    """Returns the mean of the pieces that were read, weighted by their sizes."""
    mean = float(costs.sum() / sizes.sum())
    count = len(costs)
    unread = 1 - count / pieces
    beside = (costs - mean * sizes) / sizes.mean()
    error = float(np.sqrt(unread * beside.var(ddof=1) / count)) if count > 1 else 0.0
    half = NORMAL_95 * error
    return Bits(mean, mean - half, mean + half, int(sizes.sum()), tokens)
