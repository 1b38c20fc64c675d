"""Keys and scales: which notes are in one, and in which key a piece is."""

from __future__ import annotations

import numpy as np

from lyricgen.music.melody import FIRST_ONSET, HIGHEST, LOWEST, span, transpose
from lyricgen.music.midi import DRUMS, MidiFile

C_MAJOR = (0, 2, 4, 5, 7, 9, 11)  # pitch classes


MAJOR = np.isin(
    (np.arange(12) - np.arange(12)[:, None]) % 12, (0, 2, 4, 5, 7, 9, 11)
)  # a row a tonic: which pitch classes its major scale has


MAJOR_KEYS = (
    "Cb",
    "Gb",
    "Db",
    "Ab",
    "Eb",
    "Bb",
    "F",
    "C",
    "G",
    "D",
    "A",
    "E",
    "B",
    "F#",
    "C#",
)  # from seven flats to seven sharps


MINOR_KEYS = ("Ab", "Eb", "Bb", "F", "C", "G", "D", "A", "E", "B", "F#", "C#", "G#", "D#", "A#")


PROFILES = np.array(
    [
        [
            6.35,
            2.23,
            3.48,
            2.33,
            4.38,
            4.09,
            2.52,
            5.19,
            2.39,
            3.66,
            2.29,
            2.88,
        ],  # Krumhansl and Kessler 1982: how well each pitch
        [6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17],
    ]
)  # class fits C major and C minor


TONICS = ("C", "C#", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B")


def key_name(midi: MidiFile) -> str:
    """The key that the file names first, or the one whose profile its pitch classes fit best, with a question mark; "" without notes.

    Source: Krumhansl 1990, Cognitive Foundations of Musical Pitch, chapter 4. Notebook: 05_reading_midi
    """
    if len(midi.keys):
        _, sharps, minor = midi.keys[0].tolist()
        return f"{MINOR_KEYS[sharps + 7]} minor" if minor else f"{MAJOR_KEYS[sharps + 7]} major"
    notes = midi.notes[midi.notes["channel"] != DRUMS]
    heard = np.bincount(notes["pitch"] % 12, weights=np.maximum(notes["duration"], 1), minlength=12)
    if not len(notes) or np.ptp(heard) == 0:
        return ""
    fit = [
        np.corrcoef(heard, np.roll(profile, tonic))[0, 1]
        for profile in PROFILES
        for tonic in range(12)
    ]
    best = int(np.argmax(fit))
    return f"{TONICS[best % 12]} {'minor' if best >= 12 else 'major'}?"


def to_c(events: np.ndarray) -> np.ndarray:
    """Melodies moved so that C major holds most of their notes, up or down by at most six semitones: canonical events (B, T) -> (at most B, T).

    Of scales that hold equally many, the one whose tonic comes most often, counting the last note twice. What has no note, or would leave the
    pitches, is left out.
    """
    onset = events >= FIRST_ONSET
    classes = np.stack(
        [(onset & ((events + LOWEST - FIRST_ONSET) % 12 == k)).sum(axis=1) for k in range(12)],
        axis=1,
    )
    last = events.shape[1] - 1 - onset[:, ::-1].argmax(axis=1)
    ends = (
        events[np.arange(len(events)), last, None].astype(int) + LOWEST - FIRST_ONSET
    ) % 12 == np.arange(12)
    tonic = (classes @ MAJOR.T + (classes + ends) / 100).argmax(axis=1)
    shift, (low, high) = (6 - tonic) % 12 - 6, span(events)
    fits = onset.any(axis=1) & (low + shift >= LOWEST) & (high + shift <= HIGHEST)
    return transpose(events[fits], shift[fits])
