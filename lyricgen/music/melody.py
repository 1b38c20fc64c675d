"""Melodies as vectors: one of MusicVAE's 90 events for each 16th, in canonical form.

An event is HOLD (nothing changes), REST (the sounding note ends) or the onset of one of
88 pitches. The same music could be written in several ways; the canonical form is the
one
that all code here makes and expects:
- silence is one REST and then HOLDs, so there is no REST where it is already silent;
- step 0 is never HOLD: silence there is a REST, and a window that cuts a sounding note
  strikes it again.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from lyricgen.music.meter import FOUR_FOUR, Meter

HOLD = 0
REST = 1
FIRST_ONSET = 2

# MIDI pitches, of the piano's 88 keys
LOWEST = 21
HIGHEST = 108

EVENTS = FIRST_ONSET + HIGHEST - LOWEST + 1

# Of 4/4, which the tune books and the songs have
STEPS_PER_BAR = FOUR_FOUR.steps


def _checked(events: np.ndarray) -> np.ndarray:
    """Returns the events as uint8; raises ValueError where one is not an event."""
    array = np.asarray(events)
    whole = array.ndim > 0 and array.dtype.kind in "iu"
    if not whole or (array.size and (array.min() < 0 or array.max() >= EVENTS)):
        raise ValueError(f"Events are whole numbers from 0 to {EVENTS - 1}, one for each step.")
    return array.astype(np.uint8)


def sounding(events: np.ndarray) -> np.ndarray:
    """Returns what is heard at each step: the sounding note's onset event, or REST.

    A HOLD before the first note is silence.

    events: (..., T) integers, canonical or not.
    Returns: uint8 (..., T).
    Notebook: melody_dataset
    """
    events = _checked(events)
    steps = np.arange(events.shape[-1])
    # the step of the last event that was no HOLD, -1 before the first
    last = np.maximum.accumulate(np.where(events != HOLD, steps, -1), axis=-1)
    heard = np.take_along_axis(events, np.maximum(last, 0), axis=-1)
    return np.where(last < 0, REST, heard).astype(np.uint8)


def canonical(events: np.ndarray) -> np.ndarray:
    """Returns the same music in canonical form.

    A HOLD at step 0 becomes REST, and a REST in silence becomes HOLD.

    events: (..., T) integers.
    Returns: uint8 (..., T).
    Raises: ValueError where a number is no event.
    Notebook: melody_dataset
    """
    events = _checked(events)
    heard = sounding(events)
    silent = np.zeros(events.shape, bool)
    silent[..., 1:] = heard[..., :-1] == REST
    result = np.where((events == REST) & silent, HOLD, events)
    result[..., :1] = heard[..., :1]
    return result.astype(np.uint8)


def is_canonical(events: np.ndarray) -> np.ndarray:
    """Returns whether melodies are in canonical form: (..., T) -> bool (...)."""
    return (canonical(events) == events).all(axis=-1)


def to_notes(events: np.ndarray) -> np.ndarray:
    """Returns the notes of a melody: onset and duration in steps, MIDI pitch.

    A note lasts until the next event that is no HOLD, or to the end.

    events: (T,) integers, canonical or not.
    Returns: int64 (n, 3), in order.
    Notebook: melody_dataset
    """
    events = _checked(events)
    if events.ndim != 1:
        raise ValueError("Notes are read from one melody at a time, a vector of events.")
    changes = np.flatnonzero(events != HOLD)
    durations = np.diff(changes, append=len(events))
    pitches = events[changes].astype(np.int64) - FIRST_ONSET + LOWEST
    rows = np.stack([changes, durations, pitches], axis=1)
    onsets = events[changes] >= FIRST_ONSET
    return rows[onsets].astype(np.int64)


def to_events(notes: np.ndarray, steps: int) -> np.ndarray:
    """Returns the canonical events of a melody with one note at a time: uint8 (steps,).

    notes: (n, 3) integers, onset and duration in steps and MIDI pitch, in any order.
    Raises: ValueError where a note is outside the steps or the 88 pitches, lasts no
        time, or overlaps the next.
    Source: Roberts et al. 2018 (MusicVAE), section 4.1.
    Notebook: melody_dataset
    """
    notes = np.asarray(notes, np.int64).reshape(-1, 3)
    order = np.argsort(notes[:, 0], kind="stable")
    onsets, durations, pitches = notes[order].T
    ends = onsets + durations
    if len(notes) and (onsets[0] < 0 or ends.max() > steps or durations.min() < 1):
        raise ValueError(
            f"Each note lasts at least one step and lies within the melody's {steps} steps."
        )
    if len(notes) and (pitches.min() < LOWEST or pitches.max() > HIGHEST):
        raise ValueError(
            f"The pitches go from {LOWEST} to {HIGHEST}; "
            f"these go from {pitches.min()} to {pitches.max()}."
        )
    if (ends[:-1] > onsets[1:]).any():
        raise ValueError("A melody has one note at a time; two of these overlap.")
    events = np.full(steps, HOLD, np.uint8)
    events[:1] = REST
    events[ends[ends < steps]] = REST
    events[onsets] = FIRST_ONSET + pitches - LOWEST
    return events


def windows(
    events: np.ndarray, bars: int = 2, hop: int = 1, meter: Meter = FOUR_FOUR
) -> np.ndarray:
    """Returns all windows of n bars, `hop` bars apart.

    A note that sounds on into a window is struck again at its start.

    events: (T,) canonical, T a multiple of the steps of a bar, which are 16 in 4/4.
    bars: n, the length of a window.
    Returns: canonical uint8 (N, steps * bars); N is 0 where the melody is shorter.
    Source: Roberts et al. 2018 (MusicVAE), section 5.1.
    Notebook: melody_dataset
    """
    events = _checked(events)
    heard = sounding(events)
    length = bars * meter.steps
    starts = np.arange(0, len(events) - length + 1, hop * meter.steps)
    cut = events[starts[:, None] + np.arange(length)]  # (N, length)
    cut[:, 0] = heard[starts]
    return cut


def span(events: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Returns the lowest and highest MIDI pitch of melodies.

    Without a note they are HIGHEST and LOWEST, so that lowest > highest.

    events: (..., T) integers.
    Returns: lowest and highest, int64 (...).
    """
    events = _checked(events).astype(np.int64)
    onset = events >= FIRST_ONSET
    pitches = events - FIRST_ONSET + LOWEST
    lowest = pitches.min(-1, where=onset, initial=HIGHEST)
    highest = pitches.max(-1, where=onset, initial=LOWEST)
    return lowest, highest


def transpose(events: np.ndarray, semitones: int | np.ndarray) -> np.ndarray:
    """Returns melodies moved up by semitones (down where negative).

    events: (..., T) integers.
    semitones: one number, or integers (...), one for each melody.
    Returns: uint8 (..., T).
    Raises: ValueError where a note would leave the 88 pitches; `span` says how far a
        melody may move.
    Notebook: melody_dataset
    """
    events = _checked(events).astype(np.int64)
    onset = events >= FIRST_ONSET
    moved = np.where(onset, events + np.asarray(semitones)[..., None], events)
    if (moved[onset] < FIRST_ONSET).any() or (moved >= EVENTS).any():
        raise ValueError(
            f"Transposed by {semitones} semitones, a note leaves the pitches {LOWEST} to {HIGHEST}."
        )
    return moved.astype(np.uint8)


def untransposed(events: np.ndarray) -> np.ndarray:
    """Returns melodies moved so that the lowest note of each is LOWEST.

    Two are equal exactly when each is a transposition of the other.

    events: (..., T) integers.
    Returns: uint8 (..., T).
    Notebook: melody_dataset
    """
    lowest, highest = span(events)
    silent = lowest > highest
    return transpose(events, np.where(silent, 0, LOWEST - lowest))


def frequent_notes(melodies: Iterable[np.ndarray], n: int = 100) -> tuple[np.ndarray, np.ndarray]:
    """Returns the n most frequent notes of a corpus, and which share of it they keep.

    A note here is its pitch and its duration. The most frequent come first, of equals
    the lower, then the shorter.

    melodies: vectors of events. Returns: notes int64 (at most n, 2), pitch and duration
        in steps; shares float64, one
        for each different note: `shares[k - 1]` is what the first k notes keep.
    Notebook: reading_the_article
    """
    notes_of_melodies = [np.zeros((0, 2), np.int64)]
    for events in melodies:
        notes_of_melodies.append(to_notes(events)[:, [2, 1]])
    notes = np.concatenate(notes_of_melodies)
    different, counts = np.unique(notes, axis=0, return_counts=True)
    order = np.argsort(-counts, kind="stable")
    shares = np.cumsum(counts[order]) / max(len(notes), 1)
    return different[order[:n]], shares


def blank_others(events: np.ndarray, vocabulary: np.ndarray) -> np.ndarray:
    """Returns a melody with silence in place of each note outside the vocabulary.

    events: (T,) integers.
    vocabulary: (n, 2) pitch and duration in steps, as from `frequent_notes`.
    Returns: canonical uint8 (T,).
    Notebook: reading_the_article
    """
    notes = to_notes(events)
    known = set(map(tuple, np.asarray(vocabulary).tolist()))
    keep = [(pitch, duration) in known for _, duration, pitch in notes.tolist()]
    return to_events(notes[np.array(keep, bool)], len(events))
