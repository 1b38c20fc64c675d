"""Drawings of models of longer melodies: flat decoder, conductor, pointers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from lyricgen.drawings.canvas import (
    PLAIN,
    SMALL,
    Canvas,
    Place,
    Point,
    coloured,
    dashed,
)
from lyricgen.drawings.vae import DECODER, LATENT, Z_LINE
from lyricgen.show import BLUE, GREEN

CONDUCTOR = coloured(GREEN, "dashdot", 2.2)
COPY = coloured(BLUE, "dashed", 2.0)
SEGMENT_GAP = 0.3
MOST = 8  # segments of a tune in the drawing of its copies


def flat_and_conductor(segments: int = 4, steps: int = 4) -> Any:
    """Draws two decoders of longer melodies: a flat one, and one with a conductor.

    The flat decoder is one LSTM over all steps, which carries its state from the first
    to the last and reads z at each. The conductor is an LSTM with one step a segment,
    which reads z; its output y_s starts the decoder anew and is read at each of its
    steps. A segment is drawn with fewer steps than it has, and the events that a step
    reads are left out. Returns the figure.
    Source: Roberts et al. 2018, section 3.2.
    Notebook: longer_melodies
    """
    canvas = Canvas(5.9)
    canvas.label(0.2, 5.65, "Flat: one decoder for all steps", "left", weight="bold")
    z = canvas.circle(0.5, 4.65, "z", 0.26, LATENT)
    parts = _segments(canvas, 4.65, segments, steps)
    before = z.right
    for places in parts:
        canvas.arrow([before, places[0].left], DECODER)
        before = places[-1].right
    _read_at_each(canvas, z.top, 5.2, [place for part in parts for place in part])
    title = "With a conductor: a new start for each segment"
    canvas.label(0.2, 3.9, title, "left", weight="bold")
    z = canvas.circle(0.5, 2.9, "z", 0.26, LATENT)
    parts = _segments(canvas, 0.95, segments, steps)
    conductors: list[Place] = []
    for segment, places in enumerate(parts):
        middle = (places[0].x + places[-1].x) / 2
        conductor = canvas.box(middle, 2.9, "LSTM", (0.85, 0.5), CONDUCTOR)
        previous = conductors[-1] if conductors else z
        canvas.arrow([previous.right, conductor.left], CONDUCTOR if conductors else LATENT)
        y = canvas.box(middle, 2.1, f"$y_{segment + 1}$", (0.6, 0.46), LATENT)
        canvas.arrow([conductor.bottom, y.top], CONDUCTOR)
        _read_at_each(canvas, y.bottom, 1.55, places)
        canvas.label(middle, 0.4, f"segment {segment + 1}")
        conductors.append(conductor)
    _read_at_each(canvas, z.top, 3.48, conductors)
    return canvas.fig


def _segments(canvas: Canvas, y: float, segments: int, steps: int) -> list[list[Place]]:
    """Draws the steps, and returns the places of those of each segment."""
    pitch = (7.7 - SEGMENT_GAP * (segments - 1)) / (segments * steps)
    parts = []
    for segment in range(segments):
        left = 1.2 + segment * (steps * pitch + SEGMENT_GAP)
        places = []
        for step in range(steps):
            x = left + pitch * (step + 0.5)
            places.append(canvas.box(x, y, size=(pitch * 0.72, 0.46), look=DECODER))
            if step:
                canvas.line([places[-2].right, places[-1].left], DECODER)
        parts.append(places)
    return parts


def _read_at_each(canvas: Canvas, start: Point, rail: float, places: Sequence[Place]) -> None:
    """Draws what each of some places reads: a line at the height `rail`, and arrows."""
    x = [start[0], places[0].x, places[-1].x]
    canvas.line([start, (start[0], rail)], Z_LINE)
    canvas.line([(min(x), rail), (max(x), rail)], Z_LINE)
    for place in places:
        canvas.arrow([(place.x, rail), place.top], Z_LINE)


def gate_and_pointer(sources: Sequence[int] = (0, 1, 0, 3, 0, 1, 0, 7)) -> Any:
    """Draws how a segment is written: the conductor's gate, its pointer, and copies.

    Above is one segment: with the probability 1 - g it is new, and decoded from y; with
    g it is a copy of an earlier segment, which the pointer p chooses. Below is a tune
    of up to 8 segments; `sources` names of which each is a copy, counted from 0, and
    itself where it is new. Returns the figure.
    Raises: ValueError where a source is not itself or an earlier one, or there are too
        many.
    Source: Vinyals, Fortunato and Jaitly 2015 (pointers).
    Notebook: longer_melodies
    """
    later = any(not 0 <= source <= s for s, source in enumerate(sources))
    if later or not 1 <= len(sources) <= MOST:
        raise ValueError(f"sources are {tuple(sources)}; expected up to {MOST}, none later.")
    canvas = Canvas(5.6)
    canvas.label(0.2, 5.3, "One segment: new, or a copy", "left", weight="bold")
    _choice(canvas)
    canvas.label(0.2, 2.6, "A tune: which segment is a copy of which", "left", weight="bold")
    _copies(canvas, sources)
    return canvas.fig


def _choice(canvas: Canvas) -> None:
    """Draws one step of the conductor, with the two ways to the events."""
    y = 4.0
    conductor = canvas.box(0.9, y, "LSTM", (0.95, 0.5), CONDUCTOR)
    gate = canvas.circle(2.45, y, "$g_s$", 0.33, PLAIN)
    canvas.arrow([conductor.right, gate.left], CONDUCTOR)
    new = canvas.box(4.4, y + 0.65, "$y_s$", (0.6, 0.46), LATENT)
    pointer = canvas.box(4.4, y - 0.65, "$p_{sj}$", (0.7, 0.46), COPY)
    decoder = canvas.box(6.0, new.y, "decoder", (1.2, 0.5), DECODER)
    copy = canvas.box(6.1, pointer.y, "segment $j$", (1.4, 0.46), dashed(PLAIN))
    events = canvas.box(8.1, y, "events", (1.0, 0.5))
    canvas.arrow([gate.top, (gate.x, new.y), new.left], LATENT)
    canvas.arrow([gate.bottom, (gate.x, pointer.y), pointer.left], COPY)
    canvas.arrow([new.right, decoder.left], LATENT)
    canvas.arrow([decoder.right, (events.x, decoder.y), events.top], DECODER)
    canvas.arrow([pointer.right, copy.left], COPY)
    canvas.arrow([copy.right, (events.x, copy.y), events.bottom], COPY)
    canvas.label(3.25, new.y + 0.22, "new: 1 - $g_s$", font=SMALL)
    canvas.label(3.2, pointer.y - 0.25, "copy: $g_s$", font=SMALL)


def _copies(canvas: Canvas, sources: Sequence[int]) -> None:
    """Draws the segments of a tune, and an arrow from each source to its copy."""
    y = 0.75
    pitch = 8.6 / len(sources)
    places: list[Place] = []
    for s, source in enumerate(sources):
        look = LATENT if source == s else COPY
        x = 0.2 + pitch * (s + 0.5)
        word = "new" if source == s else "copy"
        places.append(canvas.box(x, y, word, (0.72, 0.5), look))
        canvas.label(x, 0.25, str(s + 1), font=SMALL)
    copies = [(source, s) for s, source in enumerate(sources) if source != s]
    for rank, (source, s) in enumerate(copies):
        height = y + 0.5 + 0.2 * rank
        shift = 0.06 * rank
        begin = (places[source].x + 0.2 - shift, y + 0.25)
        end = (places[s].x, y + 0.25)
        canvas.arrow([begin, (begin[0], height), (end[0], height), end], COPY)
