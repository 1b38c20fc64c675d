"""Melodies as vectors: one of MusicVAE's 90 events for each 16th, in canonical form.

An event is HOLD (nothing changes), REST (the sounding note ends) or the onset of one of 88 pitches. The same music could be written in
several ways; the canonical form is the one that all code here makes and expects:
- silence is one REST and then HOLDs, so there is no REST where it is already silent;
- step 0 is never HOLD: silence there is a REST, and a window that cuts a sounding note strikes it again.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

HOLD, REST, FIRST_ONSET = 0, 1, 2


LOWEST, HIGHEST = 21, 108


EVENTS = FIRST_ONSET + HIGHEST - LOWEST + 1


STEPS_PER_BAR = 16


def _checked(events: np.ndarray) -> np.ndarray:
    """The events as uint8; raises ValueError where one is not an event."""
    array = np.asarray(events)
    if (
        array.ndim == 0
        or array.dtype.kind not in "iu"
        or (array.size and (array.min() < 0 or array.max() >= EVENTS))
    ):
        raise ValueError(f"Events are whole numbers from 0 to {EVENTS - 1}, one for each step.")
    return array.astype(np.uint8)


def sounding(events: np.ndarray) -> np.ndarray:
    """What is heard at each step: the onset event of the sounding note, or REST in silence.

    events: (..., T) integers, canonical or not. Returns uint8 (..., T); a HOLD before the first note is silence.
    Notebook: 06_melody_dataset
    """
    events = _checked(events)
    changes = np.where(events != HOLD, np.arange(events.shape[-1]), -1)
    last = np.maximum.accumulate(changes, axis=-1)
    return np.where(
        last < 0, REST, np.take_along_axis(events, np.maximum(last, 0), axis=-1)
    ).astype(np.uint8)


def canonical(events: np.ndarray) -> np.ndarray:
    """The same music in canonical form: a HOLD at step 0 becomes REST, and a REST in silence becomes HOLD.

    events: (..., T) integers. Returns uint8 (..., T). Raises ValueError where a number is no event.
    Notebook: 06_melody_dataset
    """
    events, heard = _checked(events), sounding(events)
    silent = np.zeros(events.shape, bool)
    silent[..., 1:] = heard[..., :-1] == REST
    result = np.where((events == REST) & silent, HOLD, events)
    result[..., :1] = heard[..., :1]
    return result.astype(np.uint8)


def is_canonical(events: np.ndarray) -> np.ndarray:
    """Whether a melody, or each melody of a batch, is in canonical form: (..., T) -> bool (...)."""
    return (canonical(events) == events).all(axis=-1)


def to_notes(events: np.ndarray) -> np.ndarray:
    """The notes of a melody, in order: onset (steps), duration (steps), MIDI pitch.

    events: (T,) integers, canonical or not. Returns int64 (n, 3). A note lasts until the next event that is no HOLD, or to the end.
    Notebook: 06_melody_dataset
    """
    events = _checked(events)
    if events.ndim != 1:
        raise ValueError("Notes are read from one melody at a time, a vector of events.")
    changes = np.flatnonzero(events != HOLD)
    durations = np.diff(changes, append=len(events))
    onsets = events[changes] >= FIRST_ONSET
    pitches = events[changes].astype(np.int64) - FIRST_ONSET + LOWEST
    return np.stack([changes, durations, pitches], axis=1)[onsets].astype(np.int64)


def to_events(notes: np.ndarray, steps: int) -> np.ndarray:
    """The canonical events of a monophonic melody.

    notes: (n, 3) integers, onset and duration in steps and MIDI pitch, in any order. Returns uint8 (steps,).
    Raises ValueError where a note is outside the steps or the 88 pitches, lasts no time, or overlaps the next.
    Source: Roberts et al. 2018 (MusicVAE), section 4.1. Notebook: 06_melody_dataset
    """
    notes = np.asarray(notes, np.int64).reshape(-1, 3)
    onsets, durations, pitches = notes[np.argsort(notes[:, 0], kind="stable")].T
    ends = onsets + durations
    if len(notes) and (onsets[0] < 0 or ends.max() > steps or durations.min() < 1):
        raise ValueError(
            f"Each note lasts at least one step and lies within the melody's {steps} steps."
        )
    if len(notes) and (pitches.min() < LOWEST or pitches.max() > HIGHEST):
        raise ValueError(
            f"The pitches go from {LOWEST} to {HIGHEST}; these go from {pitches.min()} to {pitches.max()}."
        )
    if (ends[:-1] > onsets[1:]).any():
        raise ValueError("A melody has one note at a time; two of these overlap.")
    events = np.full(steps, HOLD, np.uint8)
    events[:1] = REST
    events[ends[ends < steps]] = REST
    events[onsets] = FIRST_ONSET + pitches - LOWEST
    return events


def windows(events: np.ndarray, bars: int = 2, hop: int = 1) -> np.ndarray:
    """All windows of so many bars, `hop` bars apart; a note that sounds on into a window is struck again at its start.

    events: (T,) canonical, T a multiple of 16. Returns canonical uint8 (n, 16 * bars); n is 0 where the melody is shorter.
    Source: Roberts et al. 2018 (MusicVAE), section 5.1. Notebook: 06_melody_dataset
    """
    events, heard, length = _checked(events), sounding(events), bars * STEPS_PER_BAR
    starts = np.arange(0, len(events) - length + 1, hop * STEPS_PER_BAR)
    cut = events[starts[:, None] + np.arange(length)]
    cut[:, 0] = heard[starts]
    return cut


def span(events: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The lowest and highest MIDI pitch of a melody, or of each of a batch: (..., T) -> two int arrays (...).

    Without a note they are HIGHEST and LOWEST, so that lowest > highest.
    """
    events = _checked(events).astype(np.int64)
    pitches, onset = events - FIRST_ONSET + LOWEST, events >= FIRST_ONSET
    return pitches.min(-1, where=onset, initial=HIGHEST), pitches.max(
        -1, where=onset, initial=LOWEST
    )


def transpose(events: np.ndarray, semitones: int | np.ndarray) -> np.ndarray:
    """The melody moved up by so many semitones (down where negative).

    events: (..., T) integers; semitones: one number, or integers (...), one for each melody. Returns uint8 (..., T).
    Raises ValueError where a note would leave the 88 pitches: `span` says how far a melody may move. Notebook: 06_melody_dataset
    """
    events = _checked(events).astype(np.int64)
    moved = np.where(events >= FIRST_ONSET, events + np.asarray(semitones)[..., None], events)
    if ((moved < FIRST_ONSET) & (events >= FIRST_ONSET)).any() or (moved >= EVENTS).any():
        raise ValueError(
            f"Transposed by {semitones} semitones, a note leaves the pitches {LOWEST} to {HIGHEST}."
        )
    return moved.astype(np.uint8)


def untransposed(events: np.ndarray) -> np.ndarray:
    """The melody moved so that its lowest note is LOWEST: two are equal exactly when each is a transposition of the other.

    events: (..., T) integers. Returns uint8 (..., T). Notebook: 06_melody_dataset
    """
    lowest, highest = span(events)
    return transpose(events, np.where(lowest > highest, 0, LOWEST - lowest))


def frequent_notes(melodies: Iterable[np.ndarray], n: int = 100) -> tuple[np.ndarray, np.ndarray]:
    """The n most frequent notes (pitch and duration) of a corpus, and what share of its notes the first 1, 2, … of all notes keep.

    melodies: vectors of events. Returns int64 (up to n, 2), the most frequent first (of equals the lower, then the shorter), and float64, one for
    each different note: `share[k - 1]` is what k notes keep. Notebook: 05_reading_midi
    """
    notes = np.concatenate(
        [np.zeros((0, 2), np.int64), *(to_notes(events)[:, [2, 1]] for events in melodies)]
    )
    kinds, counts = np.unique(notes, axis=0, return_counts=True)
    order = np.argsort(-counts, kind="stable")
    return kinds[order[:n]], np.cumsum(counts[order]) / max(len(notes), 1)


def blank_others(events: np.ndarray, vocabulary: np.ndarray) -> np.ndarray:
    """The melody with silence in place of each note that is not in the vocabulary.

    events: (T,) integers; vocabulary: (n, 2) pitch and duration in steps, as from `frequent_notes`. Returns canonical uint8 (T,).
    Notebook: 05_reading_midi
    """
    notes, known = to_notes(events), set(map(tuple, np.asarray(vocabulary).tolist()))
    keep = np.array([(pitch, duration) in known for _, duration, pitch in notes.tolist()], bool)
    return to_events(notes[keep], len(events))
