"""The plan of a tune: which bars it has, which come again, and how lines end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lyricgen.song.shape import Feet, Shape, bars_of_line

# What the lines of a song do: see `write_tune`
FORMS = ("stanzas", "AABA", "refrain")

# How the last note of a song is reached, with the shares of the tunes of the training
# split that end on the tonic: by step, from the same note, by a leap. Other stanzas end
# by step.
APPROACHES = {"step": 0.33, "same": 0.4, "leap": 0.27}

# The part of the form AABA that is unlike the others
BRIDGE = 2

# How often a line opens like an earlier one of its part
ECHO = 0.75


@dataclass(frozen=True)
class Place:
    """A bar of a song that is to be filled.

    feet: the syllables of the feet in it. line: the number of its line. opens, closes:
        whether the line begins and ends with it.
    ends: how the line ends, one of ENDS.
    again: the number of the bar that comes again here, -1 for none. varied: whether it
        should be changed. echo: the same for a bar of the same part, -1 for none.
    peak: whether the song's highest note should be in this line. approach: how the last
        note of a stanza should be reached, one of APPROACHES.
    fresh: whether it should be a bar that has not come before.
    """

    feet: Feet
    line: int
    opens: bool
    closes: bool
    ends: str
    again: int = -1
    varied: bool = False
    echo: int = -1
    peak: bool = False
    approach: str = "step"
    fresh: bool = False

    @property
    def count(self) -> int:
        """The number of notes."""
        return sum(self.feet)


def plan(shape: Shape, form: str, rng: np.random.Generator) -> tuple[list[Place], list[list[int]]]:
    """Returns the bars of a song to be filled, and which of them are in each part."""
    bars = [bars_of_line(feet) for feet in shape.lines]
    ends = _ends(shape)
    parts = _parts(shape, form)
    again = _lines_again(bars, parts, form)
    echoes = _echoes(bars, parts, again, rng)
    varied = _varied(again, parts, form, rng)
    high_lines = _lines_for_the_peak(again, form)
    peak_line = high_lines[rng.integers(len(high_lines))]
    approach = str(rng.choice(list(APPROACHES), p=list(APPROACHES.values())))
    bridge = parts[BRIDGE] if form == "AABA" and len(parts) > BRIDGE else []
    first_bar = np.cumsum([0, *map(len, bars)]).tolist()
    places = []
    for line, feet_of_bars in enumerate(bars):
        for k, feet in enumerate(feet_of_bars):
            # a line that opens as another one goes on so where both end alike
            goes_on = k == 0 or ends[line] == ends[echoes[line]]
            is_last = (line, k) == (len(bars) - 1, len(feet_of_bars) - 1)
            place = Place(
                feet,
                line,
                opens=k == 0,
                closes=k == len(feet_of_bars) - 1,
                ends=ends[line],
                again=first_bar[again[line]] + k if again[line] >= 0 else -1,
                varied=(line in varied and k == 0) or (is_last and approach != "step"),
                echo=first_bar[echoes[line]] + k if echoes[line] >= 0 and goes_on else -1,
                peak=line == peak_line,
                approach=approach if is_last else "step",
                fresh=line in bridge,
            )
            places.append(place)
    sections = []
    for part in parts:
        sections.append([k for k, place in enumerate(places) if place.line in part])
    return places, sections


def _lines_for_the_peak(again: list[int], form: str) -> list[int]:
    """Returns the lines that can have the highest note: those of the second half.

    It is not the last line if there is another one. A refrain stays as it is, so the
    note is before it.
    """
    half = len(again) // 2
    lines = list(range(half, max(half + 1, len(again) - 1)))
    new = [line for line in lines if again[line] < 0]
    return new if new and form == "refrain" else lines


def _echoes(
    bars: Sequence[tuple[Feet, ...]],
    parts: list[list[int]],
    again: list[int],
    rng: np.random.Generator,
) -> list[int]:
    """Returns for each line which one of its part it opens like, -1 for none.

    It is one that is at least two lines earlier and equally long.
    """
    echoes = [-1] * len(bars)
    for part in parts:
        for line in part:
            counts = list(map(sum, bars[line]))
            alike = [k for k in part if k < line - 1 and list(map(sum, bars[k])) == counts]
            if again[line] < 0 and alike and rng.random() < ECHO:
                echoes[line] = alike[-1]
    return echoes


def _varied(
    again: list[int], parts: list[list[int]], form: str, rng: np.random.Generator
) -> set[int]:
    """Returns the lines that come again varied: one in each part, none in refrains."""
    varied = set()
    for part in parts:
        lines = [line for line in part if again[line] >= 0]
        if lines and form != "refrain":
            varied.add(int(rng.choice(lines)))
    return varied


def _ends(shape: Shape) -> list[str]:
    """Returns how each line ends, one of ENDS: stanzas are full, couplets half."""
    ends = []
    for stanza in shape.stanzas:
        for k in range(1, len(stanza) + 1):
            if k == len(stanza):
                ends.append("full")
            else:
                ends.append("half" if k % 2 == 0 or len(stanza) == 2 else "inner")
    return ends


def _parts(shape: Shape, form: str) -> list[list[int]]:
    """Returns the lines of each part of the form, in order."""
    lines = np.arange(len(shape.lines))
    stanzas = np.split(lines, shape.first_lines[1:])
    if form == "AABA":
        parts = np.array_split(lines, 4)
    elif form == "refrain":
        parts = []
        for stanza in stanzas:
            parts += np.array_split(stanza, 2)
    else:
        parts = list(stanzas)
    return [part.tolist() for part in parts if len(part)]


def _lines_again(bars: Sequence, parts: list[list[int]], form: str) -> list[int]:
    """Returns for each line which earlier one comes again in it, -1 for none."""
    models = dict.fromkeys(range(1, len(parts)), 0)
    if form == "AABA":
        models.pop(BRIDGE, None)
    if form == "refrain":
        # the parts are the halves of stanzas; the first halves are all new
        models = dict.fromkeys(range(3, len(parts), 2), 1)
    again = [-1] * len(bars)
    for number, model in models.items():
        for line, earlier in _alike(parts[number], parts[model], bars).items():
            again[line] = earlier
    return again


def _alike(part: list[int], model: list[int], bars: Sequence) -> dict[int, int]:
    """Returns which lines of a part can be those of another one, as they are as long.

    Lines are counted from the beginning, or from the end if more are alike so. One that
    is left over takes another line that is left over. The last is like the last only.
    """

    def alike(line: int, earlier: int) -> bool:
        both_last = (line == part[-1]) == (earlier == model[-1])
        return both_last and list(map(sum, bars[line])) == list(map(sum, bars[earlier]))

    by_order = []
    for ours, theirs in ((part, model), (part[::-1], model[::-1])):
        by_order.append(
            {line: earlier for line, earlier in zip(ours, theirs) if alike(line, earlier)}
        )
    found = max(by_order, key=len)
    for line in part:
        left = [earlier for earlier in model if earlier not in found.values()]
        fitting = [earlier for earlier in left if alike(line, earlier)]
        if line not in found and fitting:
            found[line] = fitting[0]
    return found
