"""Drawings of the latent space: ways to draw z, two paths, melodies side by side."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from lyricgen import show
from lyricgen.drawings.canvas import (
    FONT,
    GREY,
    LARGE,
    PLAIN,
    SMALL,
    Canvas,
    Point,
    coloured,
)
from lyricgen.drawings.vae import DECODER, ENCODER, LATENT
from lyricgen.music import melody
from lyricgen.show import BLUE, ORANGE

WALK = coloured(BLUE, "dashed", 2.4)
LINE = coloured(BLUE, width=2.8)
ARC = coloured(ORANGE, "dashdot", 2.8)

# Of the second drawing, in inches and degrees
ORIGIN: Point = (4.5, 0.75)
LENGTH = 3.3
ANGLES = (145.0, 35.0)
DOT = 0.09

# The C of each octave is named on the axes of melodies.
OCTAVES = {48: "C3", 60: "C4", 72: "C5", 84: "C6", 96: "C7"}


def ways_to_draw() -> Any:
    """Draws the ways to a new melody: a z from the prior or from a mixture, and a walk.

    The decoder makes a melody x of z. In a walk the encoder reads x, and a new z is
    drawn from its posterior. Returns the figure.
    Notebook: sampling_musicvae
    """
    canvas = Canvas(3.7)
    prior = canvas.box(1.25, 2.95, "prior\np(z)", (1.9, 0.8), GREY)
    mixture = canvas.box(1.25, 1.85, "mixture of\nGaussians", (1.9, 0.8), LATENT)
    z = canvas.circle(3.55, 2.4, "z", 0.3, LATENT)
    decoder = canvas.box(5.25, 2.4, "decoder", (1.25, 0.65), DECODER)
    x = canvas.box(7.35, 2.4, "melody x", (1.3, 0.65), PLAIN)
    encoder = canvas.box(6.35, 0.85, "encoder", (1.25, 0.65), ENCODER)
    posterior = canvas.box(4.15, 0.85, "q(z given x)", (1.5, 0.65), LATENT)
    canvas.arrow([prior.right, (3.0, prior.y), (3.0, 2.5), (3.27, 2.5)], GREY)
    canvas.arrow([mixture.right, (3.0, mixture.y), (3.0, 2.3), (3.27, 2.3)], LATENT)
    canvas.arrow([z.right, decoder.left])
    canvas.arrow([decoder.right, x.left])
    canvas.arrow([x.bottom, (x.x, encoder.y), encoder.right], WALK)
    canvas.arrow([encoder.left, posterior.right], WALK)
    canvas.arrow([posterior.left, (z.x - 0.35, posterior.y), (z.x - 0.35, 1.5), z.bottom], WALK)
    canvas.label(0.3, 0.85, "walk: many rounds", "left", weight="bold", color=BLUE)
    canvas.label(1.25, 3.5, "draw z from one of two", weight="bold")
    return canvas.fig


def line_and_arc() -> Any:
    """Draws two points a and b, the line and the arc between them, and both middles.

    a and b have one length, which the arc keeps. Returns the figure.
    Notebook: exploring_latent_space
    """
    canvas = Canvas(4.6)
    a, b = (_on_circle(angle) for angle in ANGLES)
    middle = sum(ANGLES) / 2
    middle_of_line = ((a[0] + b[0]) / 2, (a[1] + b[1]) / 2)
    middle_of_arc = _on_circle(middle)
    gap = float(np.degrees(DOT / LENGTH))
    for end, sign in ((a, -1), (b, 1)):
        canvas.arrow([ORIGIN, end], GREY)
        canvas.line([end, (middle_of_line[0] + sign * DOT, middle_of_line[1])], LINE)
    for first, last in ((ANGLES[0], middle + gap), (middle - gap, ANGLES[1])):
        canvas.line([_on_circle(angle) for angle in np.linspace(first, last, 21)], ARC)
    canvas.circle(*middle_of_line, radius=DOT, look=LINE)
    canvas.circle(*middle_of_arc, radius=DOT, look=ARC)
    canvas.label(a[0] - 0.3, a[1], "a", font=LARGE, weight="bold")
    canvas.label(b[0] + 0.3, b[1], "b", font=LARGE, weight="bold")
    canvas.label(ORIGIN[0], ORIGIN[1] - 0.35, "origin", font=SMALL)
    canvas.label(middle_of_arc[0], middle_of_arc[1] + 0.3, "arc: as long as a and b")
    canvas.label(middle_of_line[0], middle_of_line[1] - 0.35, "line: shorter in the middle")
    return canvas.fig


def _on_circle(angle: float) -> Point:
    """Returns the point at an angle, in degrees, and at the one length."""
    radians = np.radians(angle)
    x = ORIGIN[0] + LENGTH * np.cos(radians)
    y = ORIGIN[1] + LENGTH * np.sin(radians)
    return float(x), float(y)


def piano_rolls(
    melodies: Sequence[np.ndarray], titles: Sequence[str], columns: int, height: float = 1.5
) -> Any:
    """Draws melodies of two bars side by side, on the same scales of time and pitch.

    melodies: (N, 32) events, with N a multiple of `columns`; height: of a row, in
    inches. Returns the figure.
    Notebook: exploring_latent_space
    """
    rows = len(melodies) // columns
    fig, axes = show.axes(9, height * rows, rows, columns, sharex=True, sharey=True)
    lowest, highest = melody.span(np.concatenate(melodies))
    named = [pitch for pitch in OCTAVES if lowest - 2 <= pitch <= highest + 2]
    for ax, events, title in zip(np.ravel(axes), melodies, titles):
        onsets, durations, pitches = melody.to_notes(events).T
        ax.barh(pitches, 0.94 * durations, left=onsets, height=1.5, color=BLUE)
        ax.set_title(title, fontsize=SMALL, **FONT)
        ax.set(xlim=(0, 32), xticks=(0, 16), xticklabels=("bar 1", "bar 2"))
        ax.set_yticks(named, [OCTAVES[pitch] for pitch in named])
        ax.set_ylim(lowest - 2, highest + 2)
        ax.tick_params(labelsize=SMALL, labelfontfamily=FONT["family"])
    return fig
