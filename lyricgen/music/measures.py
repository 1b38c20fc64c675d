"""Measures of melodies: how much of them comes back, how drawn ones differ from real ones, and how much a z says. Canonical events (B, T)."""

from __future__ import annotations

import numpy as np

from lyricgen.music.keys import C_MAJOR, MAJOR
from lyricgen.music.melody import FIRST_ONSET, HOLD, LOWEST

ATTRIBUTES = (
    "C-diatonic share",
    "note density",
    "average interval",
    "syncopation of 8ths",
    "syncopation of 16ths",
)


def attributes(events: np.ndarray) -> np.ndarray:
    """The five ATTRIBUTES of melodies: canonical events (B, T) -> float64 (B, 5); 0 where there are no notes to ask.

    C-diatonic share: the share of the notes whose pitch class is in C major. Note density: onsets over steps. Average interval: the mean semitones,
    up or down, from a note to the next. Syncopation of 8ths: the share of the onsets that stand on the second 8th of a quarter with none on the
    quarter; of 16ths: that stand on the second 16th of an 8th with none on its first. Source: Roberts et al. 2018, section 5.3.3 and supplement.
    Notebook: 09_sampling_musicvae
    """
    events = np.asarray(events, np.int64)
    onset, steps = events >= FIRST_ONSET, np.arange(events.shape[1])
    pitches = events - FIRST_ONSET + LOWEST
    last = np.maximum.accumulate(np.where(onset, steps, -1), axis=1)[
        :, :-1
    ]  # the onset before each step but the first
    jumps = np.abs(pitches[:, 1:] - np.take_along_axis(pitches, np.maximum(last, 0), axis=1)) * (
        onset[:, 1:] & (last >= 0)
    )
    late = [onset[:, k:] & ~onset[:, :-k] & (steps[k:] % (2 * k) == k) for k in (2, 1)]
    notes = onset.sum(1)
    counts = [
        (onset & np.isin(pitches % 12, C_MAJOR)).sum(1),
        notes,
        jumps.sum(1),
        *(found.sum(1) for found in late),
    ]
    sizes = [notes, np.full(len(events), events.shape[1]), notes - 1, notes, notes]
    return np.stack(counts, axis=1) / np.maximum(np.stack(sizes, axis=1), 1)


WIDEST = 24  # semitones: a wider interval counts as this one


def step_accuracy(decoded: np.ndarray, events: np.ndarray) -> float:
    """The share of the steps with the true event; always HOLD has about half of them. Notebook: 08_training_musicvae"""
    return float((decoded == events).mean())


def onset_accuracy(decoded: np.ndarray, events: np.ndarray) -> float:
    """The share of the true onsets at which the same onset, of the same pitch, is decoded. Notebook: 08_training_musicvae"""
    onset = np.asarray(events) >= FIRST_ONSET
    return float((decoded == events)[onset].mean()) if onset.any() else float("nan")


def exact_share(decoded: np.ndarray, events: np.ndarray) -> float:
    """The share of the melodies of which every step is right. Notebook: 08_training_musicvae"""
    return float((decoded == events).all(axis=1).mean())


def note_f1(decoded: np.ndarray, events: np.ndarray) -> float:
    """The harmonic mean of precision and recall of the notes, all melodies together; a note is found with its onset and its pitch.

    Twice the notes found, over the notes that there are and those that were decoded. Notebook: 08_training_musicvae
    """
    true, own = np.asarray(events) >= FIRST_ONSET, np.asarray(decoded) >= FIRST_ONSET
    return float(2 * (true & (decoded == events)).sum() / max(1, true.sum() + own.sum()))


def _notes(events: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Of all notes of melodies, in order: melody, onset event, duration in steps. No canonical melody begins with HOLD, so each ends the last."""
    flat = np.asarray(events, np.int64).ravel()
    places = np.flatnonzero(flat != HOLD)
    onset = flat[places] >= FIRST_ONSET
    durations = np.diff(places, append=len(flat))
    return places[onset] // np.shape(events)[1], flat[places[onset]], durations[onset]


def intervals(events: np.ndarray) -> np.ndarray:
    """How often each interval comes, from a note to the next of its melody, -24 to 24 semitones (wider ones at the ends): int (49,).

    Notebook: 09_sampling_musicvae
    """
    melody, pitch, _ = _notes(events)
    jumps = np.diff(pitch)[np.diff(melody) == 0]
    return np.bincount(np.clip(jumps, -WIDEST, WIDEST) + WIDEST, minlength=2 * WIDEST + 1)


def durations(events: np.ndarray) -> np.ndarray:
    """How often each duration comes, 1 to T steps; the last note ends with the melody: int (T,). Notebook: 09_sampling_musicvae"""
    return np.bincount(_notes(events)[2], minlength=np.shape(events)[1] + 1)[1:]


def jensen_shannon(p: np.ndarray, q: np.ndarray) -> float:
    """The Jensen-Shannon divergence of two histograms, in bits: 0 where their shares are equal, 1 where they have nothing in common.

    With m = (p + q)/2 the mean of KL(p || m) and KL(q || m); its square root would be a distance. Source: Lin 1991. Notebook: 09_sampling_musicvae
    """
    p, q = (np.asarray(counts, np.float64) / np.sum(counts) for counts in (p, q))
    m = (p + q) / 2
    return float(sum((x[x > 0] * np.log2(x[x > 0] / m[x > 0])).sum() for x in (p, q)) / 2)


def in_scale(events: np.ndarray) -> float:
    """The share of the notes that are in their melody's best scale, of the 12 major ones (which are also those of the church modes).

    Each note counts the same. Trivial music scores high: a melody of seven notes or fewer easily finds a scale. Notebook: 09_sampling_musicvae
    """
    melody, pitch, _ = _notes(events)
    classes = np.zeros((len(events), 12), np.int64)
    np.add.at(classes, (melody, (pitch - FIRST_ONSET + 9) % 12), 1)  # the lowest onset is A
    return float((classes @ MAJOR.T).max(axis=1).sum() / max(1, len(pitch)))
