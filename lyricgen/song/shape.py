"""The shape of a song: how many syllables its stanzas, lines and feet have."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

# A line of at most so many syllables takes one bar
ONE_BAR = 4

# The syllables of a bar, at most, in longer lines
FULL_BAR = 6

# A foot with more syllables is sung as several
LONGEST_FOOT = 3

# A line of fewer syllables has no upbeat
SHORTEST_WITH_UPBEAT = 3

# The syllables of each foot
Feet = tuple[int, ...]


@dataclass(frozen=True)
class Shape:
    """How many syllables a song has: of each stanza, each line, each foot.

    A song of one stanza has one tune for all of its verses. With `upbeat` each line of
    three syllables or more begins with one before the bar, as iambic verse is sung.
    """

    stanzas: tuple[tuple[Feet, ...], ...]
    upbeat: bool = False

    def __post_init__(self):
        """Checks that there is a line, and a syllable in each foot.

        Raises: ValueError where there is not.
        """
        if not self.stanzas or not all(self.stanzas) or not all(self.lines):
            raise ValueError("A song has a stanza, a stanza has a line, and a line has a foot.")
        if min(map(min, self.lines)) < 1:
            raise ValueError("A foot has at least one syllable.")

    @classmethod
    def of_lengths(cls, lengths: Sequence[int], stanzas: Sequence[int] = (0,)) -> Shape:
        """Returns the shape of lines with their usual feet (`usual_feet`).

        lengths: the syllables of each line. stanzas: the first line of each stanza.
        """
        lines = [usual_feet(length) for length in lengths]
        ends = [*stanzas[1:], len(lines)]
        return cls(tuple(tuple(lines[first:end]) for first, end in zip(stanzas, ends)))

    @property
    def lines(self) -> tuple[Feet, ...]:
        """The feet of all lines."""
        return tuple(itertools.chain.from_iterable(self.stanzas))

    @property
    def lengths(self) -> tuple[int, ...]:
        """The syllables of all lines."""
        return tuple(map(sum, self.lines))

    @property
    def upbeats(self) -> tuple[bool, ...]:
        """Whether each line begins before the bar."""
        return tuple(self.upbeat and length >= SHORTEST_WITH_UPBEAT for length in self.lengths)

    @property
    def in_bars(self) -> Shape:
        """The shape of what stands in the bars of the lines, without the upbeats.

        After an upbeat there are feet of two, and the last may have lost its second
        syllable.
        """
        upbeats = iter(self.upbeats)
        stanzas = []
        for stanza in self.stanzas:
            lines = []
            for feet in stanza:
                pairs, rest = divmod(sum(feet) - 1, 2)
                lines.append((2,) * pairs + (1,) * rest if next(upbeats) else feet)
            stanzas.append(tuple(lines))
        return Shape(tuple(stanzas))

    @property
    def first_lines(self) -> tuple[int, ...]:
        """The index of the first line of each stanza."""
        counts = [len(stanza) for stanza in self.stanzas]
        return tuple(itertools.accumulate(counts[:-1], initial=0))


def usual_feet(length: int) -> Feet:
    """Returns the feet that a line usually has: of two, and of three at the end.

    A line of five is 2 + 3, one of six 2 + 2 + 2, one of seven 2 + 2 + 3.
    """
    if length <= 3:
        return (length,)
    last = 3 if length % 2 else 2
    return (2,) * ((length - last) // 2) + (last,)


def bars_of_line(feet: Feet) -> tuple[Feet, ...]:
    """Returns the feet in each bar of a line: it breaks between feet, evenly.

    A line of at most four syllables takes one bar, one of up to twelve takes two. The
    last bar counts as if it had one syllable more, as its last note is long.
    """
    length = sum(feet)
    if length <= ONE_BAR:
        return (feet,)
    bars = max(2, -(-length // FULL_BAR))
    parts = _short_feet(feet, bars)
    # by where a bar ends, the cheapest division of what stands before it
    divided: dict[int, Division] = {0: Division(0, 0, ())}
    for bar in range(1, bars + 1):
        is_last = bar == bars
        longer = {}
        for end in range(bar, len(parts) + 1):
            starts = [start for start in divided if start < end]
            options = [divided[start].with_bar(parts[start:end], is_last) for start in starts]
            longer[end] = min(options)
        divided = longer
    return divided[len(parts)].bars


class Division(NamedTuple):
    """Bars of a line: what they cost, the syllables of the last one, and their feet."""

    cost: int
    last: int
    bars: tuple[Feet, ...]

    def with_bar(self, feet: Feet, is_last: bool) -> Division:
        """Returns the bars with another one, which may be the last of the line."""
        count = sum(feet)
        return Division(self.cost + (count + is_last) ** 2, count, (*self.bars, feet))


def _short_feet(feet: Feet, least: int) -> Feet:
    """Returns the feet, long ones in parts of two, so that there are enough of them."""
    parts = list(feet)
    while len(parts) < least or max(parts) > LONGEST_FOOT:
        longest = max(range(len(parts)), key=lambda k: parts[k])
        # of four 2 + 2, of five 2 + 3, of seven 4 + 3
        half = max(1, 2 * ((parts[longest] + 1) // 4))
        parts[longest : longest + 1] = [half, parts[longest] - half]
    return tuple(parts)
