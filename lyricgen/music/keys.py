"""Keys and scales: which notes are in one, and in which key a piece is."""

from __future__ import annotations

import numpy as np

from lyricgen.music.melody import FIRST_ONSET, HIGHEST, LOWEST, span, transpose
from lyricgen.music.midi import DRUMS, MidiFile

# Pitch classes
C_MAJOR = (0, 2, 4, 5, 7, 9, 11)

# Which pitch classes the major scale on each tonic has: bool (tonic, pitch class)
_TONIC = np.arange(12)[:, None]
_PITCH_CLASS = np.arange(12)
MAJOR = np.isin((_PITCH_CLASS - _TONIC) % 12, C_MAJOR)

# The tonics of the keys, a fifth apart, from seven flats to seven sharps
FLATS = ("Cb", "Gb", "Db", "Ab", "Eb", "Bb")
NATURALS = ("F", "C", "G", "D", "A", "E", "B")
SHARPS = ("F#", "C#", "G#", "D#", "A#")
FIFTHS = FLATS + NATURALS + SHARPS
MAJOR_KEYS = FIFTHS[:15]
MINOR_KEYS = FIFTHS[3:]

# How well each pitch class fits C major and C minor (Krumhansl and Kessler 1982)
MAJOR_PROFILE = (6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88)
MINOR_PROFILE = (6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17)
PROFILES = np.array([MAJOR_PROFILE, MINOR_PROFILE])

# The tonic of each pitch class, as it is most often written
TONICS = ("C", "C#", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B")


def key_name(midi: MidiFile) -> str:
    """Returns the key that a file names first, or the most likely one with a "?".

    The most likely key is that whose profile the pitch classes fit best; without notes
    it is "".
    Source: Krumhansl 1990, Cognitive Foundations of Musical Pitch, chapter 4.
    Notebook: reading_midi
    """
    if len(midi.keys):
        _, sharps, minor = midi.keys[0].tolist()
        if minor:
            return f"{MINOR_KEYS[sharps + 7]} minor"
        return f"{MAJOR_KEYS[sharps + 7]} major"
    notes = midi.notes[midi.notes["channel"] != DRUMS]
    ticks = np.maximum(notes["duration"], 1)
    heard = np.bincount(notes["pitch"] % 12, weights=ticks, minlength=12)
    if not len(notes) or np.ptp(heard) == 0:
        return ""
    return _likely_key(heard) + "?"


def _likely_key(heard: np.ndarray) -> str:
    """Returns the key whose profile fits best, as in "G major".

    heard: (12,), how long each pitch class sounds.
    """
    fits = []
    for profile in PROFILES:
        for tonic in range(12):
            correlation = np.corrcoef(heard, np.roll(profile, tonic))
            fits.append(correlation[0, 1])
    best = int(np.argmax(fits))
    mode = "minor" if best >= 12 else "major"
    return f"{TONICS[best % 12]} {mode}"


def to_c(events: np.ndarray) -> np.ndarray:
    """Returns melodies moved so that C major holds most of their notes.

    They move up or down by at most six semitones. Of scales that hold equally many
    notes the one is taken whose tonic comes most often, counting the last note twice.
    What has no note, or would leave the pitches, is left out.

    events: canonical (B, T).
    Returns: canonical uint8 (at most B, T).
    """
    onset = events >= FIRST_ONSET
    pitch_class = (events + LOWEST - FIRST_ONSET) % 12
    counts = [(onset & (pitch_class == k)).sum(axis=1) for k in range(12)]
    classes = np.stack(counts, axis=1)  # (B, 12)
    last = events.shape[1] - 1 - onset[:, ::-1].argmax(axis=1)
    last_event = events[np.arange(len(events)), last].astype(int)
    last_class = (last_event + LOWEST - FIRST_ONSET) % 12
    is_last = last_class[:, None] == np.arange(12)  # (B, 12)
    in_scale = classes @ MAJOR.T
    tonic = (in_scale + (classes + is_last) / 100).argmax(axis=1)
    shift = (6 - tonic) % 12 - 6
    low, high = span(events)
    in_range = (low + shift >= LOWEST) & (high + shift <= HIGHEST)
    kept = onset.any(axis=1) & in_range
    return transpose(events[kept], shift[kept])
