"""A song: lines written to a tune pattern, a phrase for each line with as many notes as the line has characters, and the files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Protocol

import numpy as np

from . import metrics, prosody, score, texts
from .files import UserError, check_folder, write_atomic
from .melody import FIRST_ONSET, HIGHEST, LOWEST, STEPS_PER_BAR, span, to_notes, transpose, windows
from .melody_metrics import MAJOR
from .ngram import draw
from .sampler import CharacterLSTM
from .vae import MelodyVAE

LOW, HIGH = 57, 77  # a range that most people can sing: A3 to F5
IN_KEY = np.isin(np.arange(12), (0, 2, 4, 5, 7, 9, 11))  # the pitch classes of C major
DRAWS = 400  # melodies drawn for a song, of two bars each
_rhyming = lru_cache(maxsize=4)(prosody.rhyming)


class TextWriter(Protocol):
    """What writes the words: a distribution over the next character, given all that stands before it."""

    vocabulary: Sequence[str]

    def probabilities(self, context: Sequence[str]) -> np.ndarray: ...


class TuneWriter(Protocol):
    """What writes the tune: draws of two bars in C, canonical events uint8 (count, 32)."""

    def phrases(self, count: int, rng: np.random.Generator, temperature: float) -> np.ndarray: ...


class LatentTunes:
    """A tune writer that draws z from a MusicVAE's fitted posterior and decodes it (the shipped model, where no other is given), in NumPy."""

    def __init__(self, vae: MelodyVAE | None = None):
        self.vae = vae or MelodyVAE.load()

    def phrases(self, count: int, rng: np.random.Generator, temperature: float) -> np.ndarray:
        """So many draws, each moved to C; those without a note, or that would leave the 88 pitches, are drawn again."""
        drawn = np.zeros((0, self.vae.steps), np.uint8)
        while len(drawn) < count:
            drawn = np.concatenate([drawn, to_c(self.vae.sample(count, rng, temperature))])
        return drawn[:count]


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


@dataclass(frozen=True)
class Song:
    """A finished song and what is to be known of it: how many phrases were mended, and the longest run copied from the training text."""

    sheet: score.LeadSheet
    lines: tuple[str, ...]
    mended: int
    copied: str


def write_lines(
    writer: TextWriter, pattern: prosody.Pattern, rng: np.random.Generator, temperature: float
) -> list[str]:
    """Lines of the pattern's lengths, rhyming at its rhyme places; no rhyme word comes twice.

    Each character is drawn from the writer's distribution among those that may stand there. Notebook: 00_start_here
    """
    han, classes, rich = _rhyming(tuple(writer.vocabulary))
    context, lines, chosen, fresh = [*pattern.name, "\n"], [], {}, np.ones(len(han), bool)
    for length, group in zip(pattern.lengths, pattern.rhymes):
        line = ""
        for place in range(length):
            rhymes = place == length - 1 and group >= 0
            mask = (
                fresh & (classes == chosen[group] if group in chosen else rich) if rhymes else han
            )
            k = draw(writer.probabilities([*context, *line]), rng, temperature, mask)
            line += writer.vocabulary[k]
        if group >= 0:
            chosen.setdefault(group, classes[k])
            fresh[k] = False
        lines.append(line)
        context += [*line, "\n"]
    return lines


def write_tune(
    writer: TuneWriter, pattern: prosody.Pattern, rng: np.random.Generator, temperature: float
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


def compose(
    pattern_name: str = "浣溪沙",
    seed: int = 1,
    tempo: float = 96.0,
    temperature: float = 0.8,
    *,
    words: TextWriter | None = None,
    tune: TuneWriter | None = None,
    said=lambda text: None,
) -> Song:
    """A song to a pattern; the same seed gives the same song. `said` is told what is being done.

    Raises UserError for a pattern that is not in the list, and for a seed, tempo or temperature that cannot be used. Without
    writers of its own it takes the shipped language model of Song ci and the shipped MusicVAE (DataError where weights are damaged), in NumPy.
    Notebook: 00_start_here
    """
    if not 1e-3 <= temperature <= 10:
        raise UserError(
            f"The temperature is {temperature:g}; it should be above 0 (from 0.001 to 10)."
        )
    if not 20 <= tempo <= 400:
        raise UserError(f"The tempo is {tempo:g}; it should be from 20 to 400 quarters a minute.")
    if seed < 0:
        raise UserError(f"The seed is {seed}; it should be 0 or a whole number above.")
    said("reading the lyrics")
    corpus = texts.load("songci")
    patterns = prosody.stable_patterns(corpus.poems)
    if pattern_name not in patterns:
        raise UserError(
            f"There is no pattern {pattern_name!r} in the list; --pattern list shows all {len(patterns)}."
        )
    pattern = patterns[pattern_name]
    word_rng, tune_rng = np.random.default_rng(seed).spawn(2)
    if words is None:
        said("reading the language model")
        words = CharacterLSTM.load("songci")
    said("writing the words")
    lines = write_lines(words, pattern, word_rng, temperature)
    if tune is None:
        said("reading the model of melodies")
        tune = LatentTunes()
    said("writing the tune")
    notes, mended = write_tune(tune, pattern, tune_rng, temperature)
    starts = np.cumsum((0, *pattern.lengths))[:-1]
    title = "".join(prosody.pinyin(pattern.name)).capitalize()
    sheet = score.LeadSheet(
        pattern.name,
        title,
        notes,
        tuple("".join(lines)),
        tuple(starts.tolist()),
        tempo,
        tuple(syllable for line in lines for syllable in prosody.pinyin(line)),
    )
    return Song(
        sheet,
        tuple(lines),
        mended,
        metrics.Copying("\n\n".join(corpus.texts("train"))).longest("\n".join(lines)),
    )


def save(song: Song, folder: Path) -> list[Path]:
    """Writes song.mid, .musicxml, .svg, .mp3 and .txt into a folder and returns their paths; all are made before the first is written.

    Raises UserError where the folder cannot be made.
    """
    check_folder(folder)
    sheet = song.sheet
    musicxml = score.to_musicxml(sheet)
    described = (
        f"Lead sheet of a song to the pattern {sheet.title} ({sheet.subtitle}), {len(song.lines)} lines: "
        + ", ".join(song.lines)
        + "."
    )
    files = {
        "song.mid": score.to_midi(sheet),
        "song.musicxml": musicxml.encode(),
        "song.mp3": score.to_mp3(sheet),
        "song.svg": score.engrave(musicxml, f"{sheet.title} {sheet.subtitle}", described).encode(),
        "song.txt": "\n".join((sheet.title, *song.lines, "")).encode(),
    }
    for name, data in files.items():
        write_atomic(folder / name, data)  # makes the folder where it is missing
    return [folder / name for name in sorted(files)]
