"""Measures of melodies: how well they are decoded, and what is heard in them.

Melodies are canonical events (B, T).
"""

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

# Semitones: a wider interval counts as this one
WIDEST = 24

# Semitones
FIFTH = 7


def attributes(events: np.ndarray) -> np.ndarray:
    """Returns the five ATTRIBUTES of melodies, 0 where there are no notes to measure.

    C-diatonic share: the share of the notes whose pitch class is in C major. Note
    density: onsets over steps. Average interval: the mean semitones, up or down, from a
    note to the next. Syncopation of 8ths: the share of the onsets that stand on the
    second 8th of a quarter with none on the quarter; of 16ths: that stand on the second
    16th of an 8th with none on its first.

    events: canonical (B, T).
    Returns: float64 (B, 5).
    Source: Roberts et al. 2018, section 5.3.3 and supplement.
    Notebook: exploring_latent_space
    """
    events = np.asarray(events, np.int64)
    onset = events >= FIRST_ONSET
    pitches = events - FIRST_ONSET + LOWEST
    notes = onset.sum(1)
    steps = np.full(len(events), events.shape[1])
    diatonic = onset & np.isin(pitches % 12, C_MAJOR)
    counts = [
        diatonic.sum(1),
        notes,
        _semitones(pitches, onset).sum(1),
        _syncopated(onset, 2).sum(1),
        _syncopated(onset, 1).sum(1),
    ]
    sizes = [notes, steps, notes - 1, notes, notes]
    return np.stack(counts, axis=1) / np.maximum(np.stack(sizes, axis=1), 1)


def _semitones(pitches: np.ndarray, onset: np.ndarray) -> np.ndarray:
    """Returns the semitones from the note before, at each onset but the first.

    pitches, onset: (B, T).
    Returns: int64 (B, T - 1), 0 where there is no onset.
    """
    steps = np.arange(onset.shape[1])
    # the step of the last onset, -1 before the first; then as it was a step before
    last = np.maximum.accumulate(np.where(onset, steps, -1), axis=1)[:, :-1]
    before = np.take_along_axis(pitches, np.maximum(last, 0), axis=1)
    follows = onset[:, 1:] & (last >= 0)
    return np.abs(pitches[:, 1:] - before) * follows


def _syncopated(onset: np.ndarray, unit: int) -> np.ndarray:
    """Returns the onsets on the second of two units with none on the first.

    onset: (B, T); unit: steps.
    Returns: bool (B, T - unit).
    """
    steps = np.arange(unit, onset.shape[1])
    on_second = steps % (2 * unit) == unit
    return onset[:, unit:] & ~onset[:, :-unit] & on_second


def step_accuracy(decoded: np.ndarray, events: np.ndarray) -> float:
    """Returns the share of the steps with the true event.

    Always HOLD has about half of them.
    Notebook: training_musicvae
    """
    return float((decoded == events).mean())


def likeliest_at_each_step(events: np.ndarray) -> np.ndarray:
    """Returns the most frequent event at each step of melodies (N, T): int (T,)."""
    likeliest = []
    for column in events.T:
        counts = np.bincount(column)
        likeliest.append(counts.argmax())
    return np.array(likeliest)


def onset_accuracy(decoded: np.ndarray, events: np.ndarray) -> float:
    """Returns the share of the true onsets at which the same onset is decoded.

    The same is of the same pitch; without onsets it is not a number.
    Notebook: training_musicvae
    """
    onset = np.asarray(events) >= FIRST_ONSET
    return float((decoded == events)[onset].mean()) if onset.any() else float("nan")


def exact_share(decoded: np.ndarray, events: np.ndarray) -> float:
    """Returns the share of the melodies of which every step is right.

    Notebook: training_musicvae
    """
    return float((decoded == events).all(axis=1).mean())


def note_f1(decoded: np.ndarray, events: np.ndarray) -> float:
    """Returns the harmonic mean of precision and recall of the notes of all melodies.

    A note is right with its onset and its pitch. The mean is twice the right notes,
    over the true and the decoded notes together.
    Notebook: training_musicvae
    """
    true_onset = np.asarray(events) >= FIRST_ONSET
    decoded_onset = np.asarray(decoded) >= FIRST_ONSET
    right = true_onset & (decoded == events)
    notes = true_onset.sum() + decoded_onset.sum()
    return float(2 * right.sum() / max(1, notes))


def _notes(events: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Returns melody, onset event and duration in steps of all notes, in order.

    No canonical melody begins with HOLD, so each melody ends the last note of the one
    before.
    """
    flat = np.asarray(events, np.int64).ravel()
    places = np.flatnonzero(flat != HOLD)
    lengths = np.diff(places, append=len(flat))
    onset = flat[places] >= FIRST_ONSET
    melody = places[onset] // np.shape(events)[1]
    return melody, flat[places[onset]], lengths[onset]


def intervals(events: np.ndarray) -> np.ndarray:
    """Returns how often each interval comes, from a note to the next of its melody.

    Returns: int (49,), from -24 to 24 semitones; wider ones are counted at the ends.
    Notebook: sampling_musicvae
    """
    return interval_counts(events).sum(axis=0)


def interval_counts(events: np.ndarray) -> np.ndarray:
    """Returns the `intervals` of each melody, int (B, 49)."""
    melody, pitch, _ = _notes(events)
    same_melody = np.diff(melody) == 0
    semitones = np.diff(pitch)[same_melody]
    clipped = np.clip(semitones, -WIDEST, WIDEST)
    counts = np.zeros((len(events), 2 * WIDEST + 1), np.int64)
    np.add.at(counts, (melody[1:][same_melody], clipped + WIDEST), 1)
    return counts


def durations(events: np.ndarray) -> np.ndarray:
    """Returns how often each duration comes, 1 to T steps: int (T,).

    The last note ends with the melody.
    Notebook: sampling_musicvae
    """
    return duration_counts(events).sum(axis=0)


def duration_counts(events: np.ndarray) -> np.ndarray:
    """Returns the `durations` of each melody, int (B, T)."""
    melody, _, lengths = _notes(events)
    counts = np.zeros(np.shape(events), np.int64)
    np.add.at(counts, (melody, lengths - 1), 1)
    return counts


def leaps(events: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Returns how many intervals of each melody are leaps, and how many it has.

    A leap is wider than seven semitones, a fifth.

    Returns: int (B,) twice.
    """
    counts = interval_counts(events)
    semitones = np.abs(np.arange(-WIDEST, WIDEST + 1))
    return counts[:, semitones > FIFTH].sum(axis=1), counts.sum(axis=1)


def shared_rhythm(events: np.ndarray) -> np.ndarray:
    """Tells of melodies (B, T) whether both halves have onsets in the same places.

    Returns: bool (B,).
    """
    onset = np.asarray(events) >= FIRST_ONSET
    first, second = np.split(onset, 2, axis=1)
    return (first == second).all(axis=1)


def jensen_shannon(p: np.ndarray, q: np.ndarray) -> float:
    """Returns the Jensen-Shannon divergence of two histograms, in bits.

    It is the mean of KL(p || m) and KL(q || m) with m = (p + q)/2: 0 where the shares
    are equal, 1 where they have nothing in common. Its square root would be a distance.
    Source: Lin 1991.
    Notebook: sampling_musicvae
    """
    p = np.asarray(p, np.float64) / np.sum(p)
    q = np.asarray(q, np.float64) / np.sum(q)
    m = (p + q) / 2
    return float((_kl_bits(p, m) + _kl_bits(q, m)) / 2)


def _kl_bits(p: np.ndarray, m: np.ndarray) -> float:
    """Returns KL(p || m) in bits; m is above 0 where p is."""
    positive = p > 0
    p = p[positive]
    return (p * np.log2(p / m[positive])).sum()


def in_scale(events: np.ndarray) -> float:
    """Returns the share of the notes in their melody's best major scale of twelve.

    The major scales are also those of the church modes. Each note counts the same.
    Trivial music scores high: a melody of seven notes or fewer easily fits a scale.
    Notebook: sampling_musicvae
    """
    best, notes = notes_in_scale(events)
    return float(best.sum() / max(1, notes.sum()))


def wholly_in_scale(events: np.ndarray) -> float:
    """Returns the share of the melodies with a note that stay in one major scale.

    A single foreign note in a melody is heard; `in_scale` has it as one note of many.
    """
    best, notes = notes_in_scale(events)
    sounds = notes > 0
    return float((best == notes)[sounds].sum() / max(1, sounds.sum()))


def notes_in_scale(events: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Returns the notes of each melody in its best major scale, and all its notes.

    Returns: int (B,) twice.
    """
    melody, pitch, _ = _notes(events)
    pitch_class = (pitch - FIRST_ONSET + LOWEST) % 12
    counts = np.zeros((len(events), 12), np.int64)
    np.add.at(counts, (melody, pitch_class), 1)
    in_scales = counts @ MAJOR.T  # (B, 12 tonics)
    return in_scales.max(axis=1), counts.sum(axis=1)
