"""A lead sheet: a melody with chords and words, and as MIDI with lyrics."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from lyricgen.music.chords import Chord
from lyricgen.music.melody import STEPS_PER_BAR

STEPS_PER_QUARTER = 4
TICKS_PER_QUARTER = 480

# the names of the tracks, and their General MIDI programs, from 0: a choir that sings
# "ah", which holds a note as a voice does, and a harp
VOICE = "Voice"
VOICE_PROGRAM = 52
ACCOMPANIMENT = "Accompaniment"
ACCOMPANIMENT_PROGRAM = 46

# velocities: of notes on the first and the third beat of a bar, on others, off the beat
ACCENTS = {0: 104, 8: 96}
ON_BEAT = 88
OFF_BEAT = 80

# from this character on, writing has no spaces between words
FIRST_OF_CHINESE = "\u2e80"

# from 0 to 1: a note on the first beat of a bar, and any other
LOUD = 0.95
SOFT = 0.8


class Syllable(NamedTuple):
    """What is sung to one note: its text and, for Chinese, its reading (pinyin).

    joined: whether the next syllable belongs to the same word, so that a hyphen stands
        between them.
    """

    text: str
    reading: str = ""
    joined: bool = False


def syllables(texts: Sequence[str], readings: Sequence[str] = ()) -> tuple[Syllable, ...]:
    """Returns syllables, each a word of its own, with readings if there are any."""
    if not readings:
        return tuple(Syllable(text) for text in texts)
    return tuple(Syllable(text, reading) for text, reading in zip(texts, readings, strict=True))


@dataclass(frozen=True)
class LeadSheet:
    """A melody in 4/4 and a major key, its chords, and the words under it.

    notes: int (n, 3), onset and duration in 16th steps and MIDI pitch, in order, one at
        a time.
    verses: the verses that are sung to the melody, each a syllable for each note.
    lines: the index of the first note of each line of words.
    tempo: quarters a minute.
    sharps: those of the key signature, flats below 0.
    chords: each with the 16th step at which it begins, in order, or none.
    glosses: for each verse the meaning of each line in English, or nothing.
    made: how it was made, as every file says.
    """

    title: str
    subtitle: str
    notes: np.ndarray
    verses: tuple[tuple[Syllable, ...], ...]
    lines: tuple[int, ...]
    tempo: float = 96.0
    sharps: int = 0
    chords: tuple[tuple[int, Chord], ...] = ()
    glosses: tuple[tuple[str, ...], ...] = ()
    made: str = ""

    def __post_init__(self):
        """Checks that there is a syllable for each note and a gloss for each line.

        Raises: ValueError where there is not.
        """
        counts = [len(verse) for verse in self.verses]
        if not counts or any(count != len(self.notes) for count in counts):
            raise ValueError(
                f"A lead sheet has a syllable for each note; there are {len(self.notes)} notes, "
                f"and verses of {', '.join(map(str, counts)) or 'no'} syllables."
            )
        glossed = [len(verse) for verse in self.glosses]
        if glossed and glossed != [len(self.lines)] * len(counts):
            raise ValueError("A lead sheet has a gloss for each line of each verse, or none.")

    @property
    def words(self) -> tuple[str, ...]:
        """The texts of the first verse's syllables, one for each note."""
        return tuple(syllable.text for syllable in self.verses[0])

    @property
    def steps(self) -> int:
        """The length in 16th steps, whole bars."""
        ends = self.notes[:, 0] + self.notes[:, 1]
        bars = -(-int(ends.max()) // STEPS_PER_BAR)
        return bars * STEPS_PER_BAR

    def seconds(self) -> np.ndarray:
        """Returns the notes with onset and duration in seconds, float (n, 3)."""
        step = 60 / self.tempo / STEPS_PER_QUARTER
        return self.notes * np.array([step, step, 1.0])


def to_midi(sheet: LeadSheet, accompaniment: np.ndarray | None = None) -> bytes:
    """Returns the lead sheet as a Standard MIDI File, all verses one after another.

    A lyric event (FF 05, UTF-8) stands at the tick of each note. A word that letters
    write ends with a space, a line with a carriage return and a verse with a line feed.
    Key, tempo, meter and how the song was made stand in track 0, the voice in track 1.

    accompaniment: (n, 4) onset, duration in 16th steps, MIDI pitch and loudness from 0
        to 1, for one verse; it is repeated with each and has track 2 and channel 2.

    Source: MIDI Association, RP-017, for the marks in lyrics.
    """
    from lyricgen.music.midi import MidiFile, write_midi
    from lyricgen.music.midi.file import TEXT, map_rows

    voice = np.column_stack([sheet.notes, [_velocity(onset) for onset in sheet.notes[:, 0]]])
    parts = [_repeat(voice, sheet)]
    names = {0: f"{sheet.title} {sheet.subtitle}".strip(), 1: VOICE}
    programs = [(0, 1, 0, VOICE_PROGRAM)]
    if accompaniment is not None and len(accompaniment):
        played = np.array(accompaniment, np.float64)
        played[:, 3] = np.clip(np.rint(127 * played[:, 3]), 1, 127)
        parts.append(_repeat(played, sheet))
        names[2] = ACCOMPANIMENT
        programs.append((0, 2, 1, ACCOMPANIMENT_PROGRAM))
    notes = np.concatenate(parts)
    part = np.repeat(np.arange(len(parts)), [len(rows) for rows in parts])
    ticks = np.rint(notes[:, :2] * (TICKS_PER_QUARTER // STEPS_PER_QUARTER)).astype(int)
    midi = MidiFile.from_notes(
        ticks[:, 0],
        ticks[:, 1],
        notes[:, 2].astype(int),
        notes[:, 3].astype(int),
        channel=part,
        track=part + 1,
        division=TICKS_PER_QUARTER,
        bpm=sheet.tempo,
        lyrics=[*_lyric_events(sheet), *[""] * (len(notes) - len(parts[0]))],
        names=names,
        programs=programs,
    )
    texts = ((0, 0, TEXT, sheet.made),) if sheet.made else ()
    return write_midi(replace(midi, keys=map_rows([(0, sheet.sharps, 0)], 3), texts=texts))


def _velocity(onset: int) -> int:
    """Returns the velocity of a note that begins at a 16th step: accents by the bar."""
    place = onset % STEPS_PER_BAR
    on_beat = place % STEPS_PER_QUARTER == 0
    return ACCENTS.get(place, ON_BEAT if on_beat else OFF_BEAT)


def _repeat(notes: np.ndarray, sheet: LeadSheet) -> np.ndarray:
    """Returns notes (n, 4) as often as there are verses, each time a verse later."""
    verses = []
    for verse in range(len(sheet.verses)):
        verses.append(notes + [verse * sheet.steps, 0, 0, 0])
    return np.concatenate(verses)


def _lyric_events(sheet: LeadSheet) -> list[str]:
    """Returns the text of each note's lyric event, with its marks, for all verses."""
    last_of_line = {first - 1 for first in sheet.lines} | {len(sheet.notes) - 1}
    texts = []
    for verse in sheet.verses:
        for i, syllable in enumerate(verse):
            text = syllable.text
            has_letters = text[:1] < FIRST_OF_CHINESE
            if text and i in last_of_line:
                text += "\r"
            elif text and has_letters and not syllable.joined:
                text += " "
            texts.append(text)
        if texts[-1]:
            texts[-1] += "\n"
    return texts
