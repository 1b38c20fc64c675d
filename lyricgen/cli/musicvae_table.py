"""The measures of a MusicVAE as a table for a terminal, in blocks."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable

from lyricgen.cli import meanings
from lyricgen.cli.meanings import LESS, MORE, Meaning
from lyricgen.models.bootstrap import DRAWS, LEVEL
from lyricgen.models.musicvae.evaluation import IN_KEY
from lyricgen.models.musicvae.samples import FLOORS, SAMPLES, TEMPERATURE
from lyricgen.models.musicvae.settings import WRITTEN

WIDTH = 100

# Which is better, as short as a column
BETTER = {MORE: "more", LESS: "less"}

# Of the table of samplers: its first column, and each of the others
FIRST_COLUMN = 30
COLUMN = 10

# How many units of its cells a share, and a bit, has
PER_CENT = 100
THOUSANDTHS = 1000

# The heading of a sampler that has a longer name than a column
HEADINGS = {"real_walked": "walked"}

# How the vectors of attributes are made, by what ends the names of their measures
ATTRIBUTE_VECTORS = {
    "": "the difference of the quarters with the most and the least",
    "_partial": "a regression on all attributes at once",
}


def musicvae_lines(name: str, split: str, measures: dict) -> list[str]:
    """Returns the lines of a table of measures, each of at most 100 characters.

    Blocks whose measures are missing are left out.
    """
    lines = _head(name, split, measures)
    lines += _block(
        "Reconstruction: the share that is right, decoded greedily from mu or from a drawn z.",
        meanings.RECONSTRUCTION,
        measures,
    )
    lines += _block("Bits of a melody: the whole bill.", meanings.BITS, measures)
    lines.append(f"  {measures['active_units']} dimensions of z are in use.")
    if "windows_in_key" in measures:
        lines += _block(
            f"In one key: {measures['windows_in_key']:,} melodies of "
            f"{measures['clusters_in_key']} clusters, moved to C by the key that the book names. "
            f"In JSON these names end in {IN_KEY}.",
            meanings.RECONSTRUCTION | meanings.BITS,
            in_key(measures),
        )
    lines += _samples(measures["samples"])
    if "midpoint_ratio" in measures:
        lines += _block(
            "Interpolation: what an n-gram thinks of the middle between two melodies.",
            meanings.INTERPOLATION,
            measures,
        )
    for suffix, how in ATTRIBUTE_VECTORS.items():
        if "attributes" + suffix in measures:
            lines += _attributes(measures, suffix, how)
    return lines


def in_key(measures: dict) -> dict:
    """Returns the measures of melodies in one key, their names without the suffix."""
    found = {}
    intervals = {}
    for key, ends in measures["intervals"].items():
        if key.endswith(IN_KEY):
            name = key.removesuffix(IN_KEY)
            found[name] = measures[key]
            intervals[name] = ends
    return found | {"intervals": intervals}


def _head(name: str, split: str, measures: dict) -> list[str]:
    """Returns what is measured, and what the intervals are."""
    key = "The model learned melodies as they are written."
    if measures["key"] != WRITTEN:
        key = "The model learned melodies in C: each is moved by its estimated key, and back."
    text = (
        f"{name}: {measures['windows']:,} melodies of the {split} split, in "
        f"{measures['clusters']:,} clusters. {key} In brackets are the ends of {LEVEL:.0%} "
        f"intervals, from {DRAWS:,} bootstrap draws of the clusters."
    )
    return textwrap.wrap(text, WIDTH)


def _block(heading: str, rows: dict[str, Meaning], measures: dict) -> list[str]:
    """Returns a heading and a row for each measure that is there."""
    lines = ["", *textwrap.wrap(heading, WIDTH)]
    present = [key for key in rows if key in measures]
    width = max(map(len, present), default=0)
    for key in present:
        lines += _row(key, measures, measures["intervals"], width, rows[key])
    return lines


def _row(key: str, measures: dict, intervals: dict, width: int, meaning: Meaning) -> list[str]:
    """Returns the line of a measure: value, interval, better side, what it is."""
    interval = ""
    if key in intervals:
        low, high = intervals[key]
        interval = f"[{_short(low)}, {_short(high)}]"
    better = BETTER.get(meaning.better, "")
    columns = f"  {key:{width}} {_short(measures[key]):>6} {interval:<15} {better:4}  "
    text = meaning.words
    if meaning.beside in measures:
        text += f"; {meaning.beside} {_short(measures[meaning.beside])}"
    first, *more = textwrap.wrap(text, WIDTH - len(columns))
    return [columns + first, *(" " * len(columns) + line for line in more)]


def _short(value: float) -> str:
    """Returns a count, or a measure with three digits or one after the point."""
    if isinstance(value, int):
        return f"{value:,}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.3f}"


def _samples(samples: dict[str, dict]) -> list[str]:
    """Returns the table of samplers, with half of each interval's width behind ±."""
    text = (
        f"Samples: up to {SAMPLES:,} melodies of each, at temperature {TEMPERATURE}; behind ± is "
        "half the width of the interval. Better is what is nearer to real, which are melodies of "
        "the other held-out split; walked are real ones after a walk. Distances are "
        "Jensen-Shannon divergences from the split, in thousandths of a bit, where less is "
        f"better; those of real are the mean of {FLOORS} draws, with their spread."
    )
    lines = ["", *textwrap.wrap(text, WIDTH)]
    names = [HEADINGS.get(name, name) for name in samples]
    lines.append(_cells("", names))
    for key, meaning in meanings.SAMPLES.items():
        unit = THOUSANDTHS if key.startswith("jsd") else PER_CENT
        lines.append(
            _cells(meaning.words, [_cell(column, key, unit) for column in samples.values()])
        )
    return lines


def _cells(first: str, others: Iterable[str]) -> str:
    return f"  {first:{FIRST_COLUMN - 2}}" + "".join(f"{cell:>{COLUMN}}" for cell in others)


def _cell(column: dict, key: str, unit: int) -> str:
    """Returns a measure of a sampler in its unit, with half of its interval's width."""
    low, high = column["intervals"][key]
    value = unit * column[key]
    half = unit * (high - low) / 2
    return f"{value:.0f} ±{half:.0f}" if value >= 100 else f"{value:.1f} ±{half:.1f}"


def _attributes(measures: dict, suffix: str, how: str) -> list[str]:
    """Returns what each attribute's vector changes, with the paired difference."""
    text = (
        f"Attributes, by {how}: what adding an attribute's vector changes, in standard deviations: "
        "its own attribute, the other one that changes most, and the difference, which counts "
        "where its interval is above 0."
    )
    lines = ["", *textwrap.wrap(text, WIDTH)]
    titles = ("own", "other", "difference", "interval")
    lines.append("  {:24}{:>10}{:>10}{:>14}  {}".format("", *titles))
    for name, row in measures["attributes" + suffix].items():
        low, high = row["interval"]
        lines.append(
            f"  {name:24}{row['own']:>+10.2f}{row['largest_other']:>10.2f}"
            f"{row['difference']:>+14.2f}  [{low:+.2f}, {high:+.2f}]"
        )
    key = "attribute_diagonal" + suffix
    meaning = meanings.COUNTS[key]
    text = f"{measures[key]} of 5 count ({key}): {meaning.words}; "
    return lines + textwrap.wrap(text + meaning.better + ".", WIDTH, initial_indent="  ")
