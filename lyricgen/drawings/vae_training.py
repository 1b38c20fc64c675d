"""Drawings of a MusicVAE in training: its curves, and what it makes of bars."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from lyricgen import show
from lyricgen.drawings.canvas import NORMAL, SMALL
from lyricgen.music import melody

STYLES = ("o-", "s--", "^:")
# For each panel of the curves its label, and for each curve the name of its measure.
PANELS = (
    ("bits", {"KL": "kl_bits", "cost of the events": "cost_bits"}),
    (
        "share that is right",
        {
            "steps from mu": "free_running",
            "steps from a drawn z": "free_running_drawn",
            "exact from mu": "exact",
        },
    ),
    ("draws: share", {"notes in C major": "in_c", "steps with an onset": "onsets"}),
)

# Of the roll: the notes of copies by what is right about them, and those of draws.
RIGHT, LENGTH, WRONG, DRAWN = (
    "onset, pitch and length are right",
    "the length alone is wrong",
    "onset or pitch is wrong",
    "a draw",
)
COLORS = {RIGHT: show.BLUE, LENGTH: show.SKY, WRONG: show.RED, DRAWN: "#5a5a5a"}
THICK = 6.0  # points, at any range of pitches
ROOM = 6  # semitones above the highest pitch and below the lowest
AIR = 0.25  # steps between the end of a note and the next


def training_curves(
    rows: Sequence[Mapping[str, float]], beta: np.ndarray, draws: Sequence[Sequence[float]]
) -> Any:
    """Draws beta over all steps, and below it the measures of each validation.

    rows: of each validation its step and its measures, as `train` returns them; beta
    (S + 1,): at each step; draws: of each validation the share of the notes of draws
    that are in C major, and the share of the steps with an onset. Returns the figure.
    Notebook: training_musicvae
    """
    fig, (top, *panels) = show.axes(9, 8, rows=4, sharex=True)
    top.plot(beta, color=show.BLACK)
    top.set_ylabel("beta", fontsize=NORMAL)
    measured = []
    for row, (in_c, onsets) in zip(rows, draws, strict=True):
        measures = {name.removeprefix("validation_"): value for name, value in row.items()}
        measures["cost_bits"] = measures["cost"] / np.log(2)
        measured.append(measures | {"in_c": in_c, "onsets": onsets})
    steps = [row["step"] for row in rows]
    for ax, (label, curves) in zip(panels, PANELS):
        for (name, key), style in zip(curves.items(), STYLES):
            ax.plot(steps, [row[key] for row in measured], style, markersize=5, label=name)
        ax.set_ylabel(label, fontsize=NORMAL)
        ax.set_ylim(0, None)
        ax.legend(fontsize=SMALL)
    for ax in (top, *panels):
        ax.tick_params(labelsize=SMALL)
    panels[-1].set_xlabel("step", fontsize=NORMAL)
    return fig


def copies_and_draws(truth: np.ndarray, found: Mapping[str, np.ndarray]) -> Any:
    """Draws bars, and below them their copies and some draws at several checkpoints.

    truth (N, T): the bars, as canonical events; found: for the name of each checkpoint
    the N copies and, after them, M draws, (N + M, T). The left column has the bars and
    their copies, the right one the draws. Each column has the range of its pitches.
    Returns the figure.
    Notebook: training_musicvae
    """
    N, T = truth.shape
    M = len(next(iter(found.values()))) - N
    rows = {"the bars as they are": truth} | dict(found)
    size = {"width_ratios": (N, M)}
    options = {"sharex": "col", "sharey": "col", "gridspec_kw": size}
    fig, grid = show.axes(11, 1.25 * len(rows) + 1, rows=len(rows), columns=2, **options)
    for (copies, draws), (name, events) in zip(grid, rows.items()):
        draw_notes(copies, events[:N], truth)
        copies.set_title(name, fontsize=NORMAL, loc="left")
        copies.set_ylabel("pitch", fontsize=SMALL)
        if len(events) > N:
            draw_notes(draws, events[N:])
        else:
            draws.axis("off")
        for ax, count in ((copies, N), (draws, M)):
            ax.set(xlim=(0, count * T), xticks=range(0, count * T + 1, T))
            ax.tick_params(labelsize=SMALL)
            ax.grid(axis="x", color="#888888", linewidth=1)
    copied = [truth, *(events[:N] for events in found.values())]
    drawn = [events[N:] for events in found.values()]
    for ax, parts in zip(grid[-1], (copied, drawn)):
        pitches = melody.to_notes(np.concatenate(parts).ravel())[:, 2]
        ax.set_ylim(pitches.min(initial=60) - ROOM, pitches.max(initial=72) + ROOM)
        ax.set_xlabel("step", fontsize=NORMAL)
    grid[1, 1].set_title("draws of the prior", fontsize=NORMAL, loc="left")
    keys = [grid[0, 0].plot([], [], color=color, linewidth=THICK)[0] for color in COLORS.values()]
    fig.legend(keys, COLORS, loc="outside upper center", ncols=4, frameon=False, fontsize=SMALL)
    return fig


def draw_notes(ax: Any, events: np.ndarray, truth: np.ndarray | None = None) -> None:
    """Draws the notes of bars (N, T) one after the other, coloured beside the truth."""
    notes = melody.to_notes(events.ravel())
    kinds = [DRAWN] * len(notes) if truth is None else judge_notes(notes, truth)
    for (onset, duration, pitch), kind in zip(notes.tolist(), kinds):
        end = onset + duration - AIR
        ax.hlines(pitch, onset, end, color=COLORS[kind], linewidth=THICK)


def judge_notes(notes: np.ndarray, truth: np.ndarray) -> list[str]:
    """Returns what is right about each note (n, 3) beside the true bars (N, T)."""
    lengths = {(onset, pitch): d for onset, d, pitch in melody.to_notes(truth.ravel()).tolist()}
    kinds = []
    for onset, duration, pitch in notes.tolist():
        length = lengths.get((onset, pitch))
        kinds.append(WRONG if length is None else RIGHT if length == duration else LENGTH)
    return kinds
