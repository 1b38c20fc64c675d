"""Keys and scales: which notes are in one, and in which key a piece is."""

from __future__ import annotations

import numpy as np

from lyricgen.music.melody import EVENTS, FIRST_ONSET, HIGHEST, LOWEST, span, transpose
from lyricgen.music.midi import DRUMS, MidiFile

# Pitch classes
C_MAJOR = (0, 2, 4, 5, 7, 9, 11)

# The events that begin a note of C major, from the lowest; of each event, which of them
# it is, -1 for another one
_EVENTS = np.arange(EVENTS)
_IS_WHITE = (_EVENTS >= FIRST_ONSET) & np.isin((_EVENTS + LOWEST - FIRST_ONSET) % 12, C_MAJOR)
WHITE_KEYS = np.flatnonzero(_IS_WHITE)
DEGREE_OF_EVENT = np.where(_IS_WHITE, np.cumsum(_IS_WHITE) - 1, -1)

# Which pitch classes the major scale on each tonic has: bool (tonic, pitch class)
_TONIC = np.arange(12)[:, None]
_PITCH_CLASS = np.arange(12)
MAJOR = np.isin((_PITCH_CLASS - _TONIC) % 12, C_MAJOR)

# The degree of the major scale, in semitones, on which each mode begins
TONIC_OF_MODE = {
    "major": 0,
    "ionian": 0,
    "dorian": 2,
    "phrygian": 4,
    "lydian": 5,
    "mixolydian": 7,
    "minor": 9,
    "aeolian": 9,
    "locrian": 11,
}

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
    """Returns melodies moved by `shift_to_c`, without those that cannot be moved.

    What has no note, or would leave the pitches, is left out.

    events: canonical (B, T).
    Returns: canonical uint8 (at most B, T).
    """
    shift = shift_to_c(events)
    kept = (events >= FIRST_ONSET).any(axis=1) & can_move(events, shift)
    return transpose(events[kept], shift[kept])


def move_to_c(events: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Returns melodies moved by `shift_to_c`, and by how many semitones each moved.

    One that would leave the pitches stays as it is and has moved by 0.

    events: canonical (B, T).
    Returns: canonical uint8 (B, T), int (B,).
    """
    return move(events, shift_to_c(events))


def move(events: np.ndarray, shift: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Returns melodies (B, T) moved by semitones (B,), and by how many each moved.

    One that would leave the pitches stays as it is and has moved by 0.
    """
    moved_by = np.where(can_move(events, shift), shift, 0)
    return transpose(events, moved_by), moved_by


def shift_to_c(events: np.ndarray) -> np.ndarray:
    """Returns by how many semitones melodies move so that C major holds most notes.

    They move up or down by at most six. Of scales that hold equally many notes the one
    is taken whose tonic comes most often, counting the last note twice.

    events: canonical (B, T).
    Returns: int (B,), 0 where there is no note.
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
    return np.where(onset.any(axis=1), _shift_of(tonic), 0)


def shift_of_key(tonic: int, mode: str) -> int | None:
    """Returns by how many semitones a tune moves so that its key has no sharp or flat.

    tonic: a pitch class, or -1 for no key. mode: "major", "minor" or a church mode.
    Returns: -6 to 5; None without a key.
    """
    if tonic < 0 or mode not in TONIC_OF_MODE:
        return None
    return int(_shift_of(tonic - TONIC_OF_MODE[mode]))


def signature(shift: int) -> int:
    """Returns the sharps, flats below 0, of the major key that a shift moves to C.

    shift: semitones, as `shift_to_c` returns them.
    Notebook: sampling_musicvae
    """
    tonic = -shift % 12
    return (7 * tonic + 5) % 12 - 5


def can_move(events: np.ndarray, shift: np.ndarray | int) -> np.ndarray:
    """Tells of melodies (B, T) whether they stay on the piano: bool (B,)."""
    low, high = span(events)
    has_note = high >= low
    return has_note & (low + shift >= LOWEST) & (high + shift <= HIGHEST)


def move_in_scale(events: np.ndarray, degrees: np.ndarray) -> np.ndarray:
    """Returns melodies moved up by degrees of the C major scale (down where negative).

    C E G moved by one degree is D F A: whole tones and semitones change places, and no
    note leaves the scale. A melody with another note, or that would leave the pitches,
    stays as it is.

    events: canonical (B, T). degrees: integers (B,).
    Returns: canonical uint8 (B, T).
    """
    events = np.asarray(events)
    onset = events >= FIRST_ONSET
    degree = DEGREE_OF_EVENT[events] + degrees[:, None]
    in_scale = (DEGREE_OF_EVENT[events] >= 0) & (degree >= 0) & (degree < len(WHITE_KEYS))
    can_move = (in_scale | ~onset).all(axis=1)
    moved = WHITE_KEYS[np.clip(degree, 0, len(WHITE_KEYS) - 1)]
    return np.where(onset & can_move[:, None], moved, events).astype(np.uint8)


def _shift_of(tonic: np.ndarray | int) -> np.ndarray:
    """Returns the shortest way from a major scale's tonic to C, in semitones."""
    return (6 - np.asarray(tonic)) % 12 - 6
