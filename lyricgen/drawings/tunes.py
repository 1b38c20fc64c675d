"""Drawings of a data set of melodies: meters, a cluster, three ways to split."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from lyricgen.drawings.canvas import BLACK, FONT, LARGE, NORMAL, PLAIN, SMALL, Canvas, coloured
from lyricgen.music.meter import Meter
from lyricgen.show import BLUE, ORANGE

STEP = 0.33  # inches
ROW = 0.62  # inches from one meter to the next

# Steps of a quarter, which is the beat of a meter that is not compound
QUARTER = 4

# `three_splits`: three tunes of four bars, the windows of two bars that each has, and
# which split each window is in. The first two tunes are near-duplicates.
TUNES = ("tune 1", "tune 2", "tune 3")
WAYS = {
    "by window": ("train", "test", "train", "train", "train", "test", "test", "train", "train"),
    "by tune": ("train",) * 3 + ("test",) * 3 + ("train",) * 3,
    "by cluster": ("train",) * 6 + ("test",) * 3,
}
BARS = 4
WINDOW_BARS = 2
BAR = 0.6  # inches
LOOKS = {"train": coloured(BLUE), "test": coloured(ORANGE, "dashed")}
# Inches between the tops of two tunes: a row of bars, three rows of windows, a gap.
TUNE = 1.62


def meter_grids(meters: Sequence[Meter]) -> Any:
    """Draws a bar of the grid for each meter: a box a step, beats in colour.

    Returns the figure.
    Notebook: melody_dataset
    """
    canvas = Canvas(ROW * len(meters) + 0.5)
    for row, meter in enumerate(meters):
        y = ROW * (len(meters) - row - 1) + 0.5
        canvas.label(0.25, y, str(meter), "left", LARGE, weight="bold")
        beat = meter.compound_beat or QUARTER
        for step in range(meter.steps):
            look = coloured(BLUE) if step % beat == 0 else PLAIN
            x = 1.2 + STEP * step
            canvas.box(x, y, size=(STEP - 0.06, 0.36), look=look)
        after = 1.2 + STEP * meter.steps
        bars = "1 bar" if meter.grouped == 1 else f"{meter.grouped} bars"
        canvas.label(after, y, f"{bars}: {meter.steps} steps", "left")
    return canvas.fig


def shares_heatmap(
    titles: Sequence[str], percent: np.ndarray, near: Sequence[tuple[int, int]], line: float
) -> Any:
    """Draws which share of their sequences each two tunes have in common.

    Near-duplicates have a frame; the colour bar has a line at the rule's share. The
    diagonal is grey: there a tune would be compared with itself.

    titles: of the n tunes.
    percent: (n, n), symmetric, 0 to 100; its diagonal is not used.
    near: the pairs of near-duplicates, as places in `titles`, each once.
    line: the rule's share in per cent.
    Returns the figure.
    Raises: ValueError if `percent` is not (n, n).
    Notebook: melody_dataset
    """
    count = len(titles)
    if np.shape(percent) != (count, count):
        raise ValueError(f"percent has shape {np.shape(percent)}; expected ({count}, {count}).")
    height = 0.36 * count + 0.9
    canvas = Canvas(height)
    canvas.ax.remove()
    below = 0.7 / height
    above = 0.36 * count / height
    ax = canvas.fig.add_axes((0.3, below, 0.54, above))
    ax.set_facecolor("#d9d9d9")
    others = ~np.eye(count, dtype=bool)
    seen = np.ma.masked_array(percent, ~others)
    image = ax.imshow(seen, cmap="Blues", vmin=0, vmax=100, aspect="auto")
    _write_shares(ax, percent, np.argwhere(others).tolist())
    for a, b in near:
        ax.add_patch(_frame(a, b))
        ax.add_patch(_frame(b, a))
    names = [f"{title} ({k})" for k, title in enumerate(titles, 1)]
    ax.set_yticks(range(count), names, fontsize=SMALL, **FONT)
    ax.set_xticks(range(count), [str(k + 1) for k in range(count)], fontsize=SMALL, **FONT)
    ax.tick_params(length=0)
    ax.set_xlabel("number of the tune", fontsize=NORMAL, **FONT)
    ax.set_ylabel("tune", fontsize=NORMAL, **FONT)
    scale = canvas.fig.add_axes((0.87, below, 0.025, above))
    bar = canvas.fig.colorbar(image, cax=scale)
    bar.set_ticks([0, line, 50, 75, 100])
    scale.axhline(line, color=ORANGE, linewidth=3)
    scale.tick_params(labelsize=SMALL, labelfontfamily=FONT["family"])
    scale.set_ylabel("% shared", fontsize=NORMAL, **FONT)
    return canvas.fig


def _write_shares(ax: Any, percent: np.ndarray, squares: Sequence[Sequence[int]]) -> None:
    """Writes into squares (row, column) their shares, white where the blue is dark."""
    for row, column in squares:
        share = percent[row][column]
        color = "white" if share > 60 else BLACK
        place = {"ha": "center", "va": "center", "fontsize": SMALL}
        ax.text(column, row, f"{share:.0f}", color=color, **place, **FONT)


def _frame(row: int, column: int) -> Any:
    """Returns the frame of a square that stands for near-duplicates."""
    from matplotlib.patches import Rectangle

    corner = (column - 0.44, row - 0.44)
    return Rectangle(corner, 0.88, 0.88, fill=False, edgecolor=ORANGE, linewidth=3)


def three_splits() -> Any:
    """Draws how windows of three tunes are split by window, by tune and by cluster.

    Returns the figure.
    Notebook: melody_dataset
    """
    canvas = Canvas(TUNE * len(TUNES) + 1.15)
    top = TUNE * len(TUNES) + 0.85
    for column, (way, splits) in enumerate(WAYS.items()):
        left = 0.3 + 2.95 * column
        width = BAR * BARS
        canvas.label(left + width / 2, top, f"split {way}", font=LARGE, weight="bold")
        windows = len(splits) // len(TUNES)
        for number, tune in enumerate(TUNES):
            of_tune = splits[number * windows : (number + 1) * windows]
            _draw_tune(canvas, left, top - 0.5 - TUNE * number, tune, of_tune)
    note = "tunes 1 and 2 are near-duplicates, in one cluster"
    canvas.label(4.5, 0.25, note, font=LARGE)
    return canvas.fig


def _draw_tune(canvas: Canvas, left: float, y: float, name: str, splits: Sequence[str]) -> None:
    """Draws a tune's bars and, below them, its windows in the looks of their splits."""
    canvas.label(left, y, name, "left")
    for bar in range(BARS):
        x = left + BAR * (bar + 0.5)
        canvas.box(x, y - 0.33, f"bar {bar + 1}", (BAR - 0.05, 0.28), PLAIN, SMALL)
    for start, split in enumerate(splits):
        x = left + BAR * (start + WINDOW_BARS / 2)
        size = (BAR * WINDOW_BARS - 0.08, 0.25)
        canvas.box(x, y - 0.66 - 0.29 * start, split, size, LOOKS[split], SMALL)
