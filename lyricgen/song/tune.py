"""The tune of a song: a phrase for each line of words."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from lyricgen.lyrics import patterns as lyrics_patterns
from lyricgen.models.musicvae.inference import NumpyMusicVAE
from lyricgen.music.keys import to_c
from lyricgen.music.melody import FIRST_ONSET, STEPS_PER_BAR, to_notes, windows

LOW, HIGH = 57, 77  # a range that most people can sing: A3 to F5


IN_KEY = np.isin(np.arange(12), (0, 2, 4, 5, 7, 9, 11))  # the pitch classes of C major


DRAWS = 400  # melodies drawn for a song, of two bars each


class TuneWriter(Protocol):
    """What writes the tune: draws of two bars in C, canonical events uint8 (count, 32)."""

    def phrases(self, count: int, rng: np.random.Generator, temperature: float) -> np.ndarray: ...


class LatentTunes:
    """A tune writer that draws z from a MusicVAE's fitted posterior and decodes it (the shipped model, where no other is given), in NumPy."""

    def __init__(self, vae: NumpyMusicVAE | None = None):
        self.vae = vae or NumpyMusicVAE.load()

    def phrases(self, count: int, rng: np.random.Generator, temperature: float) -> np.ndarray:
        """So many draws, each moved to C; those without a note, or that would leave the 88 pitches, are drawn again."""
        drawn = np.zeros((0, self.vae.steps), np.uint8)
        while len(drawn) < count:
            drawn = np.concatenate([drawn, to_c(self.vae.sample(count, rng, temperature))])
        return drawn[:count]


def write_tune(
    writer: TuneWriter,
    pattern: lyrics_patterns.Pattern,
    rng: np.random.Generator,
    temperature: float,
) -> tuple[np.ndarray, int]:
    """The notes of a song, int (n, 3) in 16th steps, and how many phrases had to be mended.

    A phrase is one bar of a draw at half its speed, so that a line of words takes two bars. The second stanza takes up the phrases of
    the first where their lines are equally long; a new phrase starts near the end of the one before; the last ends on the tonic.
    """
    bars = np.concatenate(
        [windows(events, bars=1) for events in writer.phrases(DRAWS, rng, temperature)]
    )
    drawn = [to_notes(bar) for bar in np.unique(bars[bars[:, 0] >= FIRST_ONSET], axis=0)]
    drawn = [notes for notes in drawn if IN_KEY[notes[:, 2] % 12].all()]
    half, phrases, mended = pattern.stanzas[-1] or len(pattern.lengths) // 2, [], 0
    for i, length in enumerate(pattern.lengths):
        if i >= half and length == pattern.lengths[i - half]:
            phrases.append(phrases[i - half])
            continue
        fitting = [k for k, notes in enumerate(drawn) if len(notes) == length]
        if not fitting:
            nearest = min(range(len(drawn)), key=lambda k: abs(len(drawn[k]) - length))
            drawn.append(mend(drawn[nearest], length))
            fitting, mended = [len(drawn) - 1], mended + 1
        last, cadence = (
            int(phrases[-1][-1, 2]) if phrases else 67,
            i in (half - 1, len(pattern.lengths) - 1),
        )
        best = min(fitting, key=lambda k: _cost(drawn[k], last, cadence))
        phrases.append(_in_range(drawn.pop(best)))
    phrases[-1] = phrases[-1].copy()
    tonics = np.array([p for p in range(LOW, HIGH + 1) if p % 12 == 0])
    phrases[-1][-1, 2] = tonics[np.abs(tonics - phrases[-1][-1, 2]).argmin()]
    song = []
    for i, notes in enumerate(phrases):
        song.append(notes * [2, 2, 1] + [2 * STEPS_PER_BAR * i, 0, 0])
        song[-1][-1, 1] -= 2 * (song[-1][-1, 1] >= 4)  # an eighth to breathe
    song[-1][-1, 1] = (
        2 * STEPS_PER_BAR * len(phrases) + 12 - song[-1][-1, 0]
    )  # the last note is held on into a bar of its own
    return np.concatenate(song), mended


def mend(notes: np.ndarray, count: int) -> np.ndarray:
    """The phrase with exactly `count` notes: the shortest is joined to the one before it, or the longest is struck twice."""
    notes = notes.copy()
    while len(notes) > count:
        k = 1 + int(notes[1:, 1].argmin())
        notes[k - 1, 1] += notes[k, 1]
        notes = np.delete(notes, k, axis=0)
    while len(notes) < count:
        k = int(notes[:, 1].argmax())
        onset, duration, pitch = notes[k]
        if duration < 2:
            raise ValueError(
                f"A phrase of {notes[:, 1].sum()} steps has no room for {count} notes."
            )
        notes[k, 1] = duration // 2
        notes = np.insert(
            notes, k + 1, (onset + duration // 2, duration - duration // 2, pitch), axis=0
        )
    return notes


def _in_range(notes: np.ndarray) -> np.ndarray:
    """The phrase in the octave that is nearest to the middle of the range, and any note that still leaves it an octave over."""
    notes = notes.copy()
    notes[:, 2] += 12 * round(((LOW + HIGH) / 2 - (notes[:, 2].min() + notes[:, 2].max()) / 2) / 12)
    notes[:, 2] += 12 * ((notes[:, 2] < LOW).astype(int) - (notes[:, 2] > HIGH))
    return notes


def _cost(notes: np.ndarray, last: int, cadence: bool) -> float:
    """How badly a phrase goes on after pitch `last`: the leap into it, its own leaps beyond a sixth, and, for a cadence, an unstable end."""
    moved = _in_range(notes)
    leaps = np.abs(np.diff(moved[:, 2]))
    cost = abs(int(moved[0, 2]) - last) + 3.0 * np.maximum(leaps - 9, 0).sum() - 0.5 * moved[-1, 1]
    return cost + (8.0 if cadence and moved[-1, 2] % 12 not in (0, 4, 7) else 0.0)
