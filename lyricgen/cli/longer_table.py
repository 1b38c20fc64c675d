"""The measures of the models of 16 bars as a table for a terminal, in blocks."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable

from lyricgen.models.bootstrap import DRAWS, LEVEL
from lyricgen.models.longer.evaluation import LAGS, NO_REPEAT, SAMPLES
from lyricgen.models.longer.inference import TRIES

WIDTH = 100

# Of the table of samplers: its first column, and each of the others
FIRST_COLUMN = 27
COLUMN = 9

PER_CENT = 100

ACCURACIES = {
    "steps": "steps that are right, free running from mu",
    "onsets": "notes that begin right",
    "bars": "bars of which every step is right",
    "exact": "tunes of which every step is right",
    "steps_drawn": "steps, from a drawn z",
    "onsets_drawn": "notes, from a drawn z",
    "bars_drawn": "bars, from a drawn z",
    "repeats_decoded": "bars that come again in what is decoded",
    "repeats_real": "bars that come again in the tunes",
}
BITS = {
    "kl_bits": "bits of z",
    "kl_bits_normal": "bits of z with the normal prior",
    "cost_bits": "bits of the events from that z",
    "bill_bits": "bits of both",
    "ngram_bits": "bits of the events, the n-gram",
}
COPIES = {
    "copies": "segments that equal an earlier one",
    "copy_recall": "of these, found with their source",
    "copy_precision": "of what is called a copy, right with its source",
}
SAMPLED = {
    "repeats": "bars that come again",
    **{f"lag_{lag}": f"bars equal to {lag} before" for lag in LAGS},
    "repeated": "tunes with 4 bars again",
    "in_scale": "notes in the best scale",
    "second_half_in_key": "half 2 in half 1's key",
    "ends_long": "last note is long",
    "known_segments": "known segments",
    "acceptance": "draws that were kept",
}

# The heading of a sampler that has a longer name than a column
HEADINGS = {
    "song_prior": "prior",
    "latents_begin": "begins",
    "latents": "whole",
    "latents_in_key": "in key",
    "real_begin": "begin",
    "real_whole": "whole",
}


def longer_lines(split: str, measures: dict) -> list[str]:
    """Returns the lines of a table of measures, each of at most 100 characters."""
    text = (
        f"{measures['windows']:,} windows of 16 bars of the {split} split, in "
        f"{measures['clusters']:,} clusters, in C; in {measures['windows_with_repeat']:.0%} of "
        f"them four bars are played again. In brackets are the ends of {LEVEL:.0%} intervals, "
        f"from {DRAWS:,} bootstrap draws of the clusters. The last column is of the windows "
        "without such a repeat."
    )
    lines = textwrap.wrap(text, WIDTH)
    lines += _block("Song VAE: one z for 16 bars.", ACCURACIES | BITS | COPIES, measures["song"])
    lines += _block(
        "Latent language model: a z for each segment of two bars, and its prior.",
        ACCURACIES | BITS,
        measures["latents"],
    )
    return lines + _samples(measures["samples"])


def _block(heading: str, rows: dict[str, str], measures: dict) -> list[str]:
    """Returns a heading and a row for each measure that is there."""
    lines = ["", *textwrap.wrap(heading, WIDTH)]
    for key, words in rows.items():
        if key in measures:
            interval = _ends(measures["intervals"].get(key))
            without = measures.get(key + NO_REPEAT)
            last = "" if without is None else _short(without)
            lines.append(f"  {key:16} {_short(measures[key]):>7} {interval:<16} {last:>7}  {words}")
    return lines


def _ends(interval: list[float] | None) -> str:
    """Returns the ends of an interval in brackets, "" for none."""
    if interval is None:
        return ""
    low, high = interval
    return f"[{_short(low)}, {_short(high)}]"


def _short(value: float) -> str:
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.3f}"


def _samples(samples: dict[str, dict]) -> list[str]:
    """Returns the table of samplers, with half of each interval's width behind ±."""
    text = (
        f"Tunes that are written, {SAMPLES:,} by each, in per cent; behind ± is half the width "
        "of the interval. Better is what is nearer to the last three columns: real windows, "
        "those that begin a tune, and whole tunes. prior and song are of the song VAE (of its "
        "prior, and of the aggregate posterior); begins and whole of the latent language model, "
        "asked for the beginning of a tune or a whole one; in key is whole, and draws a segment "
        f"with a note outside C major again, up to {TRIES} times."
    )
    lines = ["", *textwrap.wrap(text, WIDTH)]
    lines.append(_cells("", [HEADINGS.get(name, name) for name in samples]))
    for key, words in SAMPLED.items():
        lines.append(_cells(words, [_cell(column, key) for column in samples.values()]))
    return lines


def _cells(first: str, others: Iterable[str]) -> str:
    return f"  {first:{FIRST_COLUMN - 2}}" + "".join(f"{cell:>{COLUMN}}" for cell in others)


def _cell(column: dict, key: str) -> str:
    """Returns a measure of a sampler, with half of its interval's width; "" without."""
    if key not in column:
        return ""
    value = f"{PER_CENT * column[key]:.1f}"
    if key not in column["intervals"]:
        return value
    low, high = column["intervals"][key]
    return f"{value} ±{PER_CENT * (high - low) / 2:.0f}"
