"""The bars that a tune can be made of: cut from draws, in a voice, by their notes."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from lyricgen.files import UserError
from lyricgen.music.keys import C_MAJOR
from lyricgen.music.melody import FIRST_ONSET, HOLD, LOWEST, STEPS_PER_BAR, sounding

# The steps of a draw, two bars
STEPS = 2 * STEPS_PER_BAR

# The ranges of voices, MIDI pitches: an eleventh from A3 and one from C4, both within
# what most people can sing
VOICES = {"low": (57, 74), "high": (60, 77)}

# Whether each pitch class is one of C major
IN_KEY = np.isin(np.arange(12), C_MAJOR)

# The pitches of C major, and which of them each pitch is
WHITE = np.flatnonzero(IN_KEY[np.arange(128) % 12])
DEGREE = np.searchsorted(WHITE, np.arange(128))

# Steps of the scale by which a drawn bar may be moved
MOVES = (0, 1, -1, 2, -2)


@dataclass(frozen=True)
class Bars:
    """Bars of n candidates with k notes each, as a song can have them.

    notes: int (n, k, 3), onset and duration in steps of the bar, and MIDI pitch.
    start: (n,) the step of all draws, one after the other, at which a bar begins there.
    speed: (n,) 1 for a bar, 2 for half a bar at half its speed.
    moved: (n,) by how many steps of the scale it was moved. octave: (n,) by how many
        octaves.
    mended: (n,) whether notes were added or joined.
    relative: (n,) of which bar of the song it is a relative, -1 for none.
    """

    notes: np.ndarray
    start: np.ndarray
    speed: np.ndarray
    moved: np.ndarray
    octave: np.ndarray
    mended: np.ndarray
    relative: np.ndarray

    def __len__(self) -> int:
        """Returns n."""
        return len(self.notes)

    def take(self, index: np.ndarray) -> Bars:
        """Returns some of the bars."""
        return Bars(*(column[index] for column in vars(self).values()))

    def joined(self, *others: Bars) -> Bars:
        """Returns these bars and others with as many notes."""
        columns = zip(*(vars(bars).values() for bars in (self, *others)))
        return Bars(*map(np.concatenate, columns))

    @property
    def codes(self) -> np.ndarray:
        """Numbers for the bars, (n,): equal where the notes are."""
        flat = self.notes.reshape(len(self), -1)
        _, inverse = np.unique(flat, axis=0, return_inverse=True)
        return inverse.reshape(-1)


def bars_of_draws(events: np.ndarray, counts: set[int], voice: tuple[int, int]) -> dict[int, Bars]:
    """Returns the bars of draws (B, T) that a song can have, by their number of notes.

    Such a bar begins with a note, stays in C major, and fits the voice; it is there in
    each octave in which it fits, and moved by some steps of the scale. Where no draw
    has as many notes as asked for, the nearest bars are mended.

    Raises: UserError where there is no such bar at all.
    """
    drawn = {}
    cut = _cut(events)
    for count in range(1, STEPS_PER_BAR + 1):
        with_notes = _with_notes(cut, count)
        if len(with_notes):
            drawn[count] = with_notes
    placed = {}
    for count in sorted(counts):
        bars = drawn.get(count)
        found = None if bars is None else _placed(bars, voice)
        if found is None or not len(found):
            found = _placed(_mended(drawn, count), voice)
        if not len(found):
            raise _unusable()
        placed[count] = found
    return placed


def _unusable() -> UserError:
    """Returns what is said of a model none of whose bars can be sung."""
    return UserError(
        "This model of melodies writes no bar that begins with a note and stays in a major "
        "key: it needs a longer training, or more melodies."
    )


def _cut(events: np.ndarray) -> list[tuple[np.ndarray, int]]:
    """Returns the bars and the half bars of draws (B, T), each with its speed.

    A note that sounds on into one is struck again.
    """
    parts = []
    for speed in (1, 2):
        shape = (-1, STEPS_PER_BAR // speed)
        heard = sounding(events).reshape(shape)
        cut = events.reshape(shape).copy()
        cut[:, 0] = heard[:, 0]
        parts.append((cut, speed))
    return parts


def _with_notes(cut: list[tuple[np.ndarray, int]], count: int) -> Bars:
    """Returns the bars and half bars with `count` notes, all in C major."""
    found = []
    for events, speed in cut:
        onset = events >= FIRST_ONSET
        pitches = events.astype(int) - FIRST_ONSET + LOWEST
        fits = onset[:, 0] & (onset.sum(axis=1) == count)
        fits &= (IN_KEY[pitches % 12] | ~onset).all(axis=1)
        rows = np.flatnonzero(fits)
        n = len(rows)
        steps = events.shape[1]
        where = np.nonzero(onset[rows])
        starts = where[1].reshape(n, count)
        # the next step at which something changes, from each step
        places = np.where(events[rows] != HOLD, np.arange(steps), steps)
        nearest = np.minimum.accumulate(places[:, ::-1], axis=1)[:, ::-1]
        following = np.append(nearest, np.full((n, 1), steps), axis=1)
        stops = np.take_along_axis(following, starts + 1, axis=1)
        pitch = np.take_along_axis(pitches[rows], starts, axis=1)
        notes = np.stack([speed * starts, speed * (stops - starts), pitch], axis=2)
        zeros = np.zeros(n, int)
        columns = (notes, rows * steps, np.full(n, speed), zeros, zeros, zeros, zeros - 1)
        found.append(Bars(*columns))
    return found[0].joined(*found[1:])


def _placed(bars: Bars, voice: tuple[int, int]) -> Bars:
    """Returns bars in each octave of a voice, moved by each of MOVES."""
    low, high = voice
    found = []
    degrees = DEGREE[bars.notes[:, :, 2]]
    for move in MOVES:
        pitches = WHITE[degrees + move]
        for octave in range(-4, 4):
            placed = pitches + 12 * octave
            fits = ((placed >= low) & (placed <= high)).all(axis=1)
            if not fits.any():
                continue
            chosen = bars.take(fits)
            notes = chosen.notes.copy()
            notes[:, :, 2] = placed[fits]
            n = len(notes)
            moved = np.full(n, move)
            found.append(replace(chosen, notes=notes, moved=moved, octave=np.full(n, octave)))
    return found[0].joined(*found[1:]) if found else bars.take(np.zeros(len(bars), bool))


def _mended(drawn: dict[int, Bars], count: int) -> Bars:
    """Returns the bars with the nearest number of notes, mended to have `count`.

    Raises: UserError where there is none.
    """
    if not drawn:
        raise _unusable()
    nearest = drawn[min(drawn, key=lambda k: abs(k - count))]
    notes = np.stack([mend(filled(bar), count) for bar in nearest.notes])
    return replace(nearest, notes=notes, mended=np.ones(len(notes), int))


def filled(notes: np.ndarray) -> np.ndarray:
    """Returns the notes of a bar, each held until the next or the end of the bar."""
    notes = notes.copy()
    notes[:, 1] = np.diff(notes[:, 0], append=STEPS_PER_BAR)
    return notes


def mend(notes: np.ndarray, count: int) -> np.ndarray:
    """Returns the phrase with exactly `count` notes.

    The shortest note is joined to the one before it, or the longest is struck twice,
    again and again.

    Raises: ValueError where the phrase has no room for so many notes.
    """
    notes = notes.copy()
    while len(notes) > count:
        shortest = 1 + int(notes[1:, 1].argmin())
        notes[shortest - 1, 1] += notes[shortest, 1]
        notes = np.delete(notes, shortest, axis=0)
    while len(notes) < count:
        longest = int(notes[:, 1].argmax())
        onset, duration, pitch = notes[longest]
        if duration < 2:
            steps = notes[:, 1].sum()
            raise ValueError(f"A phrase of {steps} steps has no room for {count} notes.")
        first_half = duration // 2
        second_note = (onset + first_half, duration - first_half, pitch)
        notes[longest, 1] = first_half
        notes = np.insert(notes, longest + 1, second_note, axis=0)
    return notes


def bars_like(bar: Bars, near: np.ndarray, number: int, voice: tuple[int, int]) -> Bars:
    """Returns the bars of near melodies (n, T) at the place of a bar, moved as it is.

    number: that of the bar in the song.
    """
    speed, start = int(bar.speed[0]), int(bar.start[0]) % STEPS
    cut = [(part, s) for part, s in _cut(near) if s == speed]
    count = bar.notes.shape[1]
    found = _with_notes(cut, count)
    found = found.take(found.start % STEPS == start)
    pitches = WHITE[DEGREE[found.notes[:, :, 2]] + bar.moved[0]] + 12 * bar.octave[0]
    low, high = voice
    fits = ((pitches >= low) & (pitches <= high)).all(axis=1)
    notes = found.notes.copy()
    notes[:, :, 2] = pitches
    n = len(notes)
    alike = replace(
        found,
        notes=notes,
        # what follows the bar in its draw may follow these as well
        start=np.full(n, bar.start[0]),
        moved=np.full(n, bar.moved[0]),
        octave=np.full(n, bar.octave[0]),
        relative=np.full(n, number),
    )
    return alike.take(fits)
