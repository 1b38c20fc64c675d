"""The tune of a song: a phrase for each line of words."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from lyricgen.files import UserError
from lyricgen.lyrics import patterns as lyrics_patterns
from lyricgen.models.musicvae.inference import NumpyMusicVAE
from lyricgen.music.keys import C_MAJOR, to_c
from lyricgen.music.melody import FIRST_ONSET, STEPS_PER_BAR, to_notes, windows

# a range that most people can sing: A3 to F5
LOW = 57
HIGH = 77

# whether each pitch class is one of C major
IN_KEY = np.isin(np.arange(12), C_MAJOR)

# the pitch classes on which a phrase can end: those of the tonic's chord
STABLE = (0, 4, 7)

# melodies drawn for a song, of two bars each
DRAWS = 400

# times that so many are drawn before it is said that a model writes silence
ROUNDS = 5
SILENCE = "This model of melodies writes silence: it needs a longer training, or more melodies."

# the pitch after which the first phrase starts: G4
FIRST_PITCH = 67

# a line of words takes two bars: a phrase is one bar at half its speed
STEPS_PER_LINE = 2 * STEPS_PER_BAR

# semitones: larger leaps within a phrase than a major sixth are hard to sing
LARGEST_LEAP = 9


class TuneWriter(Protocol):
    """What writes the tune: it draws melodies of two bars in C."""

    def phrases(self, count: int, rng: np.random.Generator, temperature: float) -> np.ndarray:
        """Returns canonical events, uint8 (count, 32)."""


class LatentTunes:
    """A tune writer that samples a MusicVAE (the shipped one, if none is given).

    z is drawn from the model's fitted posterior and decoded, in NumPy.
    """

    def __init__(self, vae: NumpyMusicVAE | None = None):
        """Takes a model or loads the shipped one.

        Raises: UserError for a model of other melodies than two bars of 4/4.
        """
        self.vae = vae or NumpyMusicVAE.load()
        if self.vae.steps != STEPS_PER_LINE:
            raise UserError(
                f"A song is in 4/4, two bars of {STEPS_PER_BAR} steps a line; this model writes "
                f"melodies of {self.vae.steps} steps."
            )

    def phrases(self, count: int, rng: np.random.Generator, temperature: float) -> np.ndarray:
        """Returns `count` melodies moved to C: canonical events, uint8 (count, T).

        One without a note, or that would leave the 88 pitches, is drawn again.
        Raises: UserError for a model that writes hardly anything else.
        """
        melodies = np.zeros((0, self.vae.steps), np.uint8)
        for _ in range(ROUNDS):
            samples = self.vae.sample(count, rng, temperature)
            melodies = np.concatenate([melodies, to_c(samples)])
            if len(melodies) >= count:
                return melodies[:count]
        raise UserError(SILENCE)


def write_tune(
    writer: TuneWriter,
    pattern: lyrics_patterns.Pattern,
    rng: np.random.Generator,
    temperature: float,
) -> tuple[np.ndarray, int]:
    """Returns the notes of a song, int (n, 3), and how many phrases had to be mended.

    Notes are onset and duration in 16th steps and MIDI pitch. A phrase is one bar of a
    draw at half its speed, so that a line of words takes two bars. The second stanza
    repeats the phrases of the first where their lines are equally long; a new phrase
    starts near the end of the one before; the last ends on the tonic.
    """
    candidates = phrases_of_draws(writer, rng, temperature)
    if not candidates:
        raise UserError(
            "This model of melodies writes no bar that begins with a note and stays in a major "
            "key: it needs a longer training, or more melodies."
        )
    lines = len(pattern.lengths)
    half = pattern.stanzas[-1] or lines // 2
    phrases: list[np.ndarray] = []
    mended = 0
    for i, length in enumerate(pattern.lengths):
        if i >= half and length == pattern.lengths[i - half]:
            phrases.append(phrases[i - half])
            continue
        if not any(len(notes) == length for notes in candidates):
            nearest = min(candidates, key=lambda notes: abs(len(notes) - length))
            candidates.append(mend(nearest, length))
            mended += 1
        last_pitch = int(phrases[-1][-1, 2]) if phrases else FIRST_PITCH
        cadence = i in (half - 1, lines - 1)
        phrases.append(take_phrase(candidates, length, last_pitch, cadence))
    phrases[-1] = _end_on_tonic(phrases[-1])
    return place_phrases(phrases), mended


def phrases_of_draws(
    writer: TuneWriter, rng: np.random.Generator, temperature: float
) -> list[np.ndarray]:
    """Returns the phrases of a writer's draws: the distinct bars that a line can have.

    Such a bar begins with a note and stays in C major. A phrase is int (n, 3): onset
    and duration in 16th steps, and MIDI pitch.
    """
    melodies = writer.phrases(DRAWS, rng, temperature)
    bars = np.concatenate([windows(events, bars=1) for events in melodies])
    sounding_at_once = bars[bars[:, 0] >= FIRST_ONSET]
    phrases = [to_notes(bar) for bar in np.unique(sounding_at_once, axis=0)]
    return [notes for notes in phrases if IN_KEY[notes[:, 2] % 12].all()]


def take_phrase(
    candidates: list[np.ndarray], length: int, last_pitch: int, cadence: bool
) -> np.ndarray:
    """Takes the candidate with `length` notes that continues best from `last_pitch`.

    It is removed from the candidates and returned within the singing range.
    """
    fitting = [k for k, notes in enumerate(candidates) if len(notes) == length]
    best = min(fitting, key=lambda k: _cost(candidates[k], last_pitch, cadence))
    return _in_range(candidates.pop(best))


def place_phrases(phrases: list[np.ndarray]) -> np.ndarray:
    """Returns the notes of a song, a phrase for each line, at half their speed.

    A long note at the end of a line gives up an eighth for breath; the last note of all
    is held into a bar of its own.
    """
    song = []
    for i, phrase in enumerate(phrases):
        notes = phrase * [2, 2, 1] + [STEPS_PER_LINE * i, 0, 0]
        if notes[-1, 1] >= 4:
            notes[-1, 1] -= 2
        song.append(notes)
    last_note = song[-1][-1]
    end = STEPS_PER_LINE * len(phrases) + 12
    last_note[1] = end - last_note[0]
    return np.concatenate(song)


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


def _end_on_tonic(notes: np.ndarray) -> np.ndarray:
    """Returns the phrase with its last note moved to the nearest C in the range."""
    notes = notes.copy()
    pitches = np.arange(LOW, HIGH + 1)
    tonics = pitches[pitches % 12 == 0]
    distances = np.abs(tonics - notes[-1, 2])
    notes[-1, 2] = tonics[distances.argmin()]
    return notes


def _in_range(notes: np.ndarray) -> np.ndarray:
    """Returns the phrase in the octave that is nearest to the middle of the range.

    A note that is still outside the range is moved by an octave.
    """
    notes = notes.copy()
    pitches = notes[:, 2]  # a view
    middle = (pitches.min() + pitches.max()) / 2
    octaves = round(((LOW + HIGH) / 2 - middle) / 12)
    pitches += 12 * octaves
    too_low = pitches < LOW
    too_high = pitches > HIGH
    pitches += 12 * (too_low.astype(int) - too_high)
    return notes


def _cost(notes: np.ndarray, last_pitch: int, cadence: bool) -> float:
    """Returns how badly a phrase continues from a pitch.

    It is the leap into the phrase, its own leaps beyond a sixth, less something for a
    long last note, and more for a cadence that ends on an unstable note.
    """
    pitches = _in_range(notes)[:, 2]
    leap_into = abs(int(pitches[0]) - last_pitch)
    leaps = np.abs(np.diff(pitches))
    beyond_sixth = np.maximum(leaps - LARGEST_LEAP, 0).sum()
    cost = leap_into + 3.0 * beyond_sixth - 0.5 * notes[-1, 1]
    if cadence and pitches[-1] % 12 not in STABLE:
        cost += 8.0
    return cost
