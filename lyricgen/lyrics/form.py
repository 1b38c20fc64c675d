"""The form of a ci as a model can read it, a few numbers for each character."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import chain

import numpy as np

from lyricgen.lyrics.rhyme import SONG_GROUPS, rhyme_groups, rhyme_parts

# The greatest numbers that are told apart: characters left in a line, lines left in a
# poem.
MOST_CHARACTERS = 20
MOST_LINES = 30

# The values outside the lines: in the title, and where no form is given.
NO_CHARACTERS = MOST_CHARACTERS + 1
NO_LINES = MOST_LINES + 1
NO_GROUP = 0

GROUPS = 1 + len(SONG_GROUPS)

# How many values each of the three numbers has. A rhyme group is another number at the
# last character of a line, where it is due, than at those before it.
SIZES = (NO_CHARACTERS + 1, 2 * GROUPS, NO_LINES + 1)

OUTSIDE = (NO_CHARACTERS, NO_GROUP, NO_LINES)

# So many lines apart two line ends can still be heard as a rhyme.
REACH = 4


def group_number(group: str | None) -> int:
    """Returns the number of a rhyme group, from 1; 0 for none."""
    return NO_GROUP if group is None else 1 + SONG_GROUPS.index(group)


def _counts_nearby(place: int, ends: Sequence[frozenset[str]]) -> Counter[str]:
    """Returns how many line ends near a place are of each group, or of each part."""
    nearby = [*ends[max(0, place - REACH) : place], *ends[place + 1 : place + REACH + 1]]
    return Counter(chain.from_iterable(nearby))


def line_groups(lines: Sequence[str]) -> list[str | None]:
    """Returns the rhyme group of each line of a poem, None for a line without a rhyme.

    A line rhymes where a line end at most four lines away is of its group, or two are
    of its part in the other tone class. Of a character with several readings, that one
    counts which most line ends nearby share.

    Notebook: writing_lyrics, words_and_music
    """
    ends = [rhyme_groups(line) for line in lines]
    end_parts = [rhyme_parts(line) for line in lines]
    groups: list[str | None] = []
    for place, end in enumerate(ends):
        of_group = _counts_nearby(place, ends)
        of_part = _counts_nearby(place, end_parts)
        # A line end of the group counts twice, since it is of its part as well.
        scores = {group: of_group[group] + of_part[group.split()[0]] for group in sorted(end)}
        best = max(scores, key=scores.__getitem__, default=None)
        groups.append(best if best is not None and scores[best] >= 2 else None)
    return groups


def form_of_lines(lengths: Sequence[int], groups: Sequence[str | None]) -> np.ndarray:
    """Returns the form of each character of lines and of each line's end, int (T, 3).

    The three numbers of a character, which a model reads before it writes it: how many
    characters are left in the line with this one, 0 at its end; the number of the
    line's rhyme group, 0 for none, to which GROUPS is added at the last character; how
    many lines are left after this one.

    Notebook: words_and_music
    """
    rows = []
    for place, (length, group) in enumerate(zip(lengths, groups)):
        number = group_number(group)
        lines_left = min(len(lengths) - 1 - place, MOST_LINES)
        for left in range(length, -1, -1):
            due = GROUPS if left == 1 else 0
            rows.append((min(left, MOST_CHARACTERS), number + due, lines_left))
    return np.array(rows, np.int32).reshape(-1, 3)


def form_with_title(title: str, form: np.ndarray) -> np.ndarray:
    """Returns the form of a poem's lines with that of its title before it, int (T, 3).

    The title and the line's end after it are outside the form.
    """
    outside = np.tile(np.array(OUTSIDE, np.int32), (len(title) + 1, 1))
    return np.concatenate([outside, form])


def form_of_poem(title: str, lines: Sequence[str]) -> np.ndarray:
    """Returns the form of each token of a poem, its title included, int (T, 3).

    Notebook: words_and_music
    """
    form = form_of_lines([len(line) for line in lines], line_groups(lines))
    return form_with_title(title, form)
