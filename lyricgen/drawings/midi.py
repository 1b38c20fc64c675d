"""Drawings of MIDI: from bytes to notes, two rules of pairing, voices in colours."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from lyricgen.drawings.canvas import FONT, LARGE, NORMAL, SMALL, Canvas, Look, coloured
from lyricgen.show import BLACK, BLUE, GREEN, ORANGE, PINK, SKY

# The first two notes of the course's running.mid: the bytes of four events, each a
# delta time, a status where it is written, pitch and velocity.
EVENTS = ("00 90 3C 50", "60 3C 00", "00 40 50", "60 40 00")

DELTA = coloured(PINK)
STATUS = coloured(SKY)
DATA = coloured(ORANGE)

BYTE = 0.48  # inches: a byte's box
MIDDLES = (1.95, 3.95, 5.95, 7.95)  # of the four events

# Of `pairing_rules`, in inches: a bar, a row, where the time axis begins, its length
BAR = 0.34
RULE = 0.95
AXIS_LEFT = 3.3
AXIS = 5.2
LOOKS = (coloured(BLUE), coloured(ORANGE, "dashed"))

# Of `voices_roll`: the colours of the voices, and the heights of their bars in
# semitones, so that of two voices on one pitch both are seen
VOICES = ((ORANGE, 1.5), (BLUE, 0.9), (PINK, 1.2), (GREEN, 0.8))
NAMES = {48: "C3", 55: "G3", 60: "C4", 67: "G4", 72: "C5"}


def read_example() -> list[tuple[int, int, int, int]]:
    """Returns tick, status, pitch and velocity of the events of `EVENTS`."""
    tick = 0
    status = 0
    found = []
    for row in EVENTS:
        delta, *rest = bytes.fromhex(row)
        tick += delta
        if rest[0] > 127:
            status = rest.pop(0)
        pitch, velocity = rest
        found.append((tick, status, pitch, velocity))
    return found


def bytes_to_notes() -> Any:
    """Draws how the bytes of a track become events, and two events a note.

    The bytes are the first of the file running.mid. Returns the figure.
    Source: Standard MIDI Files 1.0.
    Notebook: reading_midi
    """
    canvas = Canvas(5.2)
    for x, name, look in ((1.08, "delta time", DELTA), (3.3, "status", STATUS)):
        canvas.box(x + 0.15, 4.9, size=(0.3, 0.3), look=look)
        canvas.label(x + 0.45, 4.9, name, "left")
    canvas.box(5.15, 4.9, size=(0.3, 0.3), look=DATA)
    canvas.label(5.45, 4.9, "pitch and velocity", "left")
    for y, name in ((4.1, "bytes"), (2.75, "events"), (1.1, "notes")):
        canvas.label(0.15, y, name, "left", LARGE, weight="bold")
    _draw_bytes(canvas, 4.1)
    events = read_example()
    places = []
    for x, (tick, _, pitch, velocity) in zip(MIDDLES, events):
        kind = "start" if velocity else "end"
        words = f"tick {tick}: {kind}\nof pitch {pitch}"
        places.append(canvas.box(x, 2.75, words, (1.75, 0.75)))
        canvas.arrow([(x, 3.8), (x, 3.17)])
    for first, second, look in ((0, 1, coloured(BLUE)), (2, 3, coloured(GREEN))):
        onset, _, pitch, _ = events[first]
        duration = events[second][0] - onset
        x = (places[first].x + places[second].x) / 2
        words = f"onset {onset}, duration {duration}, pitch {pitch}"
        note = canvas.box(x, 1.1, words, (3.75, 0.55), look)
        for place in (places[first], places[second]):
            canvas.arrow([place.bottom, (place.x, note.top[1] + 0.04)], look)
    words = "Each note takes two events: its start, and its end with velocity 0."
    canvas.label(MIDDLES[0] - 0.87, 0.35, words, "left")
    return canvas.fig


def _draw_bytes(canvas: Canvas, y: float) -> None:
    """Draws the bytes of each event in a row around its middle."""
    for middle, row in zip(MIDDLES, EVENTS):
        row_bytes = row.split()
        looks: list[Look] = [DELTA, DATA, DATA]
        if len(row_bytes) == 4:
            looks.insert(1, STATUS)
        left = middle - BYTE * (len(row_bytes) - 1) / 2
        for place, (byte, look) in enumerate(zip(row_bytes, looks)):
            canvas.box(left + BYTE * place, y, byte, (BYTE - 0.04, 0.5), look)


def pairing_rules(rules: dict[str, Sequence[tuple[int, int, int]]], pitch: int) -> Any:
    """Draws the notes of one pitch by several rules, a row of bars for each.

    rules: for the name of each rule the notes (onset, duration, pitch), in ticks.
    Returns the figure.
    Raises: ValueError where a rule has no note of the pitch.
    Notebook: reading_midi
    """
    rows = {}
    for name, notes in rules.items():
        rows[name] = [(onset, duration) for onset, duration, other in notes if other == pitch]
        if not rows[name]:
            raise ValueError(f"There is no note of pitch {pitch} by the rule {name!r}.")
    spans = [span for notes in rows.values() for span in notes]
    edges = {onset for onset, _ in spans} | {onset + duration for onset, duration in spans}
    canvas = Canvas(RULE * len(rows) + 0.75)
    height = canvas.fig.get_figheight()
    scale = AXIS / max(edges)
    for row, (name, own) in enumerate(rows.items()):
        top = height - 0.15 - RULE * row
        canvas.label(0.15, top - 0.4, name, "left")
        _draw_spans(canvas, top, own, scale)
    canvas.line([(AXIS_LEFT, 0.5), (AXIS_LEFT + AXIS, 0.5)])
    canvas.label(0.15, 0.3, "tick", "left")
    for tick in sorted(edges):
        x = AXIS_LEFT + scale * tick
        canvas.line([(x, 0.5), (x, 0.58)])
        canvas.label(x, 0.3, str(tick), font=SMALL)
    return canvas.fig


def _draw_spans(canvas: Canvas, top: float, spans: Sequence[tuple[int, int]], scale: float) -> None:
    """Draws the notes of a row below each other, in alternating looks."""
    for number, (onset, duration) in enumerate(spans):
        look = LOOKS[number % len(LOOKS)]
        x = AXIS_LEFT + scale * (onset + duration / 2)
        y = top - 0.2 - number * (BAR + 0.06)
        words = f"{onset} to {onset + duration}"
        canvas.box(x, y, words, (scale * duration - 0.03, BAR), look, SMALL)


def voices_roll(
    voices: Mapping[str, np.ndarray],
    span: tuple[float, float],
    melody: np.ndarray | Sequence = (),
) -> Any:
    """Draws a piano roll of some quarters, in which each voice has its colour.

    voices: for the name of each voice, four at most, its notes (n, 3): onset and
    duration in quarters, MIDI pitch; span: the quarters at which the picture begins and
    ends; melody: notes in the same form, as black lines over the bars. Returns the
    figure.
    Raises: ValueError for more voices than there are colours.
    Notebook: reading_midi
    """
    if len(voices) > len(VOICES):
        raise ValueError(f"{len(voices)} voices; there are colours for {len(VOICES)}.")
    canvas = Canvas(3.8)
    canvas.ax.remove()
    ax = canvas.fig.add_axes((0.08, 0.15, 0.9, 0.75))
    pitches = []
    for (name, notes), (color, height) in zip(voices.items(), VOICES):
        onset, duration, pitch = np.asarray(notes, float).T
        ax.barh(pitch, duration - 0.06, height, left=onset + 0.03, color=color, label=name)
        pitches += pitch[(onset + duration > span[0]) & (onset < span[1])].tolist()
    if len(melody):
        onset, duration, pitch = np.asarray(melody, float).T
        ends = onset + duration - 0.03
        ax.hlines(pitch, onset + 0.03, ends, color=BLACK, linewidth=2, label="melody")
    ax.set_xlim(*span)
    ax.set_ylim(min(pitches) - 1, max(pitches) + 1)
    named = [pitch for pitch in NAMES if min(pitches) <= pitch <= max(pitches)]
    ax.set_yticks(named, [NAMES[pitch] for pitch in named], fontsize=SMALL, **FONT)
    ax.tick_params(labelsize=SMALL, labelfontfamily=FONT["family"])
    ax.spines[["top", "right"]].set_visible(False)
    ax.grid(color="#dddddd", linewidth=0.6)
    ax.set_axisbelow(True)
    ax.set_xlabel("quarter", fontsize=NORMAL, **FONT)
    ax.set_ylabel("pitch", fontsize=NORMAL, **FONT)
    letters = {"family": FONT["family"], "size": SMALL}
    place = (0.5, 1.0)
    ax.legend(loc="lower center", bbox_to_anchor=place, ncols=5, frameon=False, prop=letters)
    return canvas.fig
