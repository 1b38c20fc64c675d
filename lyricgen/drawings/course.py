"""The map of the course: its units in their parts, and which unit needs which."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from lyricgen.drawings.canvas import (
    SMALL,
    WIDTH,
    Canvas,
    Look,
    Place,
    Point,
    coloured,
)
from lyricgen.show import BLUE, GREEN, ORANGE, PINK, SKY


class Unit(NamedTuple):
    """A unit of the course: `name` as its file has it, and the names that it needs.

    `title` is short: it stands in a box of two lines with about 22 letters each.
    """

    name: str
    title: str
    needs: tuple[str, ...] = ()


class Part(NamedTuple):
    """A part of the course: the numbers of its first and its last unit."""

    title: str
    first: int
    last: int
    color: str


PARTS = (
    Part("I  The LSTM", 0, 4, BLUE),
    Part("II  Words", 5, 8, ORANGE),
    Part("III  Music", 9, 16, GREEN),
    Part("IV  Songs", 17, 19, PINK),
)
APPENDIX_COLOR = SKY

# The units that each unit needs; tests hold the names to the table in tools/course.py.
NEEDS: dict[str, tuple[str, ...]] = {
    "00_start_here": (),
    "01_lstm_gates": ("00_start_here",),
    "02_memory_and_precision": ("01_lstm_gates",),
    "03_backpropagation_through_time": ("01_lstm_gates",),
    "04_vanishing_gradients": ("03_backpropagation_through_time",),
    "05_counting_words": ("00_start_here",),
    "06_training_a_language_model": ("05_counting_words", "01_lstm_gates"),
    "07_writing_lyrics": ("06_training_a_language_model",),
    "08_four_corpora": ("07_writing_lyrics",),
    "09_reading_midi": ("00_start_here",),
    "10_melody_dataset": ("09_reading_midi",),
    "11_variational_autoencoder": ("10_melody_dataset", "01_lstm_gates"),
    "12_posterior_collapse": ("11_variational_autoencoder",),
    "13_training_musicvae": ("11_variational_autoencoder",),
    "14_sampling_musicvae": ("13_training_musicvae",),
    "15_exploring_latent_space": ("14_sampling_musicvae",),
    "16_longer_melodies": ("15_exploring_latent_space",),
    "17_words_and_music": ("07_writing_lyrics", "14_sampling_musicvae"),
    "18_writing_desk": ("17_words_and_music",),
    "19_outlook": ("18_writing_desk", "16_longer_melodies"),
    "A1_reading_the_article": ("14_sampling_musicvae",),
    "A2_notation": ("00_start_here",),
    "A3_faster_lstm": ("03_backpropagation_through_time",),
    "A4_gpu_lab": (
        "02_memory_and_precision",
        "06_training_a_language_model",
        "13_training_musicvae",
        "A3_faster_lstm",
    ),
    "A5_bits_league": ("08_four_corpora",),
}

COLUMN = 2.25  # inches
BOX = (1.84, 0.52)
ROW = 0.78
IN_LINE = 22  # letters
# The row of the appendices is closer, and their boxes name what they need.
APPENDIX_BOX = (1.64, 0.76)
APPENDIX_IN_LINE = 19
APPENDIX_Y = 0.5
MOST_APPENDICES = 5
LANE = 0.065  # inches between two lines in the same gap
NEED = Look(color="#444444", width=1.6)
# dark on white: a pale dashed box is not seen from the back of a room
PLANNED = Look(color="#444444", width=2.0, line="dashed", tint=1.0)


def units_in(folder: Path) -> tuple[list[Unit], list[Unit]]:
    """Returns the units whose notebooks are in a folder, and those that are planned.

    Notebook: start_here
    """
    units = [Unit(name, name.partition("_")[2].replace("_", " "), NEEDS[name]) for name in NEEDS]
    existing = [unit for unit in units if (folder / f"{unit.name}.ipynb").exists()]
    return existing, [unit for unit in units if unit not in existing]


def course_map(
    existing: Iterable[Unit], planned: Iterable[Unit] = (), parts: Sequence[Part] = PARTS
) -> Any:
    """Draws the map of the course: a column for each part, the appendices below.

    An arrow leads from a unit to one that needs it, and the box of an appendix names
    what it needs; a need that follows from others is left out. Units that exist are
    solid, planned ones dashed and named so. Returns the figure.
    Raises: ValueError for a need that is no unit, a unit that no arrow would join, a
    number outside the parts, and more than 5 appendices.
    Notebook: start_here
    """
    existing, planned = list(existing), list(planned)
    units = {unit.name: unit for unit in sorted([*existing, *planned])}
    needs = direct_needs(units.values())
    columns = [[name for name in units if _is_in(name, part)] for part in parts]
    appendices = [name for name in units if name.startswith("A")]
    outside = set(units).difference(appendices, *columns)
    if outside:
        raise ValueError(f"{sorted(outside)} stand in no part.")
    if len(appendices) > MOST_APPENDICES:
        raise ValueError(f"{len(appendices)} appendices; expected at most {MOST_APPENDICES}.")
    rows = max(map(len, columns))
    canvas = Canvas(ROW * rows + 0.7 + (1.3 if appendices else 0))
    top = canvas.fig.get_figheight()
    places = {}
    for column, (part, names) in enumerate(zip(parts, columns)):
        x = COLUMN * (column + 0.5)
        canvas.label(x, top - 0.25, part.title, weight="bold")
        for row, name in enumerate(names):
            corner = (x, top - 0.8 - ROW * row)
            look = PLANNED if units[name] in planned else coloured(part.color, width=2.4)
            text = "\n".join(_title(units[name], IN_LINE, units[name] in planned))
            places[name] = canvas.box(*corner, text, BOX, look, SMALL)
    if appendices:
        canvas.label(0.2, APPENDIX_Y + 0.65, "Appendices", "left", weight="bold")
    pitch = WIDTH / MOST_APPENDICES
    for place, name in enumerate(appendices):
        look = PLANNED if units[name] in planned else coloured(APPENDIX_COLOR, width=2.4)
        lines = _title(units[name], APPENDIX_IN_LINE, units[name] in planned)
        numbers = ", ".join(_number(other) for other in needs[name])
        text = "\n".join([*lines, *textwrap.wrap(f"needs {numbers}", APPENDIX_IN_LINE)])
        canvas.box(pitch * (place + 0.5), APPENDIX_Y, text, APPENDIX_BOX, look, SMALL)
    _draw_needs(canvas, needs, places)
    return canvas.fig


def direct_needs(units: Iterable[Unit]) -> dict[str, list[str]]:
    """Returns what each unit needs, without what its other needs need already.

    Raises: ValueError for a need that is no unit, and a unit without any connection.
    """
    needs = {unit.name: list(unit.needs) for unit in units}
    for name, needed in needs.items():
        for other in needed:
            if other not in needs:
                raise ValueError(f"{name} needs {other}, which is no unit.")
    used = {other for needed in needs.values() for other in needed}
    for name, needed in needs.items():
        if not needed and name not in used:
            raise ValueError(f"{name} needs no unit, and no unit needs it.")
    found = {}
    for name, needed in needs.items():
        implied: set[str] = set()
        for other in needed:
            implied |= _all_needs(other, needs)
        found[name] = [other for other in needed if other not in implied]
    return found


def _all_needs(name: str, needs: dict[str, list[str]]) -> set[str]:
    """Returns what a unit needs, directly or not, itself left out."""
    found: set[str] = set()
    waiting = list(needs[name])
    while waiting:
        other = waiting.pop()
        if other not in found:
            found.add(other)
            waiting += needs[other]
    return found


def _number(name: str) -> str:
    return name.partition("_")[0]


def _is_in(name: str, part: Part) -> bool:
    number = _number(name)
    return number.isdigit() and part.first <= int(number) <= part.last


def _title(unit: Unit, in_line: int, is_planned: bool) -> list[str]:
    """Returns the lines of a unit's number and title."""
    text = f"{_number(unit.name)} {unit.title}"
    if is_planned:
        text += " (planned)"
    return textwrap.wrap(text, in_line)


class _Lanes:
    """The lanes of a gap: each unit whose line runs there has one of its own."""

    def __init__(self) -> None:
        self.units: dict[float, list[str]] = {}

    def offset(self, gap: float, name: str) -> float:
        """Returns how far a unit's lane is from the first one, in inches."""
        units = self.units.setdefault(round(gap, 2), [])
        if name not in units:
            units.append(name)
        return LANE * units.index(name)


def _draw_needs(canvas: Canvas, needs: dict[str, list[str]], places: dict[str, Place]) -> None:
    """Draws an arrow from every unit to those with a place that need it.

    Lines run in the gaps between the columns and above the rows.
    """
    lanes = _Lanes()
    for name, place in places.items():
        for other in needs[name]:
            points = _way(other, places[other], place, lanes)
            canvas.arrow(points, NEED)


def _way(other: str, start: Place, end: Place, lanes: _Lanes) -> list[Point]:
    """Returns the points of one arrow: straight down one row, or in the gaps."""
    same_column = abs(start.x - end.x) < 0.01
    if same_column and 0 < start.y - end.y < 1.01 * ROW:
        return [start.bottom, end.top]
    gap = start.x + COLUMN / 2
    x = start.right[0] + 0.14 + lanes.offset(gap, other)
    if same_column:  # above the place at which the unit's own lines begin
        y = end.y + 0.14
        return [start.right, (x, start.y), (x, y), (end.right[0], y)]
    if 0 < end.x - start.x < 1.01 * COLUMN:
        return [start.right, (x, start.y), (x, end.y), end.left]
    y = end.top[1] + 0.08 + lanes.offset(end.top[1], other)
    left = end.left[0] - 0.18
    return [start.right, (x, start.y), (x, y), (left, y), (left, end.y), end.left]
