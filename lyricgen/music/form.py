"""The form of tunes: which bars come again, and how many bars later.

Tunes are canonical events (B, T) of whole bars.
"""

from __future__ import annotations

import numpy as np

from lyricgen.music import keys, melody
from lyricgen.music.melody import FIRST_ONSET, LOWEST, STEPS_PER_BAR

# A played repeat is so many bars in a row, that many bars later: of these lags one
REPEATED = 4
LAGS = (4, 8)

# Steps that a long last note has at least: a quarter
LONG = 4


def bars_of(events: np.ndarray) -> np.ndarray:
    """Returns the bars of tunes (B, T) in canonical form, uint8 (B, T/16, 16).

    A note that sounds on into a bar is struck again.
    Notebook: longer_melodies
    """
    events = np.asarray(events)
    heard = melody.sounding(events).reshape(len(events), -1, STEPS_PER_BAR)
    bars = events.reshape(heard.shape).astype(np.uint8)
    bars[:, :, 0] = heard[:, :, 0]
    return bars


def equal_bars(events: np.ndarray) -> np.ndarray:
    """Tells of each two bars of tunes (B, T) whether they are equal: bool (B, n, n)."""
    bars = bars_of(events)
    return (bars[:, :, None] == bars[:, None]).all(axis=-1)


def repeats(events: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Returns how many bars of each tune equal an earlier one, and how many could.

    Returns: int (B,) twice; the second is the number of bars less 1.
    Notebook: longer_melodies
    """
    equal = equal_bars(events)
    n = equal.shape[1]
    earlier = np.tri(n, k=-1, dtype=bool)
    counts = (equal & earlier).any(axis=2).sum(axis=1)
    return counts, np.full(len(events), n - 1)


def repeats_at(events: np.ndarray, lag: int) -> tuple[np.ndarray, np.ndarray]:
    """Returns how many bars of each tune equal the bar `lag` before, of how many.

    Returns: int (B,) twice; the second is the number of bars less `lag`.
    Notebook: longer_melodies
    """
    same = _same_at(events, lag)
    return same.sum(axis=1), np.full(len(events), same.shape[1])


def _same_at(events: np.ndarray, lag: int) -> np.ndarray:
    """Tells of each bar but the first `lag` whether it equals the bar `lag` before."""
    bars = bars_of(events)
    return (bars[:, lag:] == bars[:, :-lag]).all(axis=-1)


def has_repeat(events: np.ndarray) -> np.ndarray:
    """Tells of tunes (B, T) whether four bars are played again 4 or 8 bars later.

    Returns: bool (B,).
    Notebook: longer_melodies
    """
    found = np.zeros(len(events), bool)
    for lag in LAGS:
        same = _same_at(events, lag)
        for first in range(same.shape[1] - REPEATED + 1):
            found |= same[:, first : first + REPEATED].all(axis=1)
    return found


def letters(events: np.ndarray) -> list[str]:
    """Returns the form of each tune (B, T): a letter for each bar, A for the first.

    Equal bars have the same letter, as in ABCDABEF.
    Notebook: longer_melodies
    """
    first_equal = equal_bars(events).argmax(axis=2)
    forms = []
    for row in first_equal:
        number_of: dict[int, int] = {}
        for bar in row.tolist():
            number_of.setdefault(bar, len(number_of))
        forms.append("".join(chr(ord("A") + number_of[bar]) for bar in row.tolist()))
    return forms


def notes_in_first_key(events: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Returns how many notes of the second half are in the key of the first.

    The key is the major scale that holds most notes of the first half.

    Returns: int (B,) twice; the second is the number of notes of the second half.
    Notebook: longer_melodies
    """
    first, second = np.split(np.asarray(events, int), 2, axis=1)
    # C major, once it is moved.
    shift = keys.shift_to_c(first)[:, None]
    onset = second >= FIRST_ONSET
    pitch_class = (second - FIRST_ONSET + LOWEST + shift) % 12
    in_key = onset & np.isin(pitch_class, keys.C_MAJOR)
    return in_key.sum(axis=1), onset.sum(axis=1)


def ends_long(events: np.ndarray) -> np.ndarray:
    """Tells of tunes (B, T) whether the last note lasts at least a quarter."""
    found = []
    for row in np.asarray(events):
        notes = melody.to_notes(row)
        found.append(bool(len(notes)) and int(notes[-1, 1]) >= LONG)
    return np.array(found, bool)
