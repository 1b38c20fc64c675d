"""A lead sheet: a melody with its words, as MusicXML, as an engraved page, as MIDI with lyrics and as sound."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lyricgen.music.melody import STEPS_PER_BAR
from lyricgen.song import sound

STEPS_PER_QUARTER = 4


@dataclass(frozen=True)
class LeadSheet:
    """A melody in 4/4 and C major, and the words under it.

    notes: int (n, 3): onset and duration in 16th steps and MIDI pitch, in order, one at a time. words: one syllable for each note.
    under: a second line of text, one for each note (pinyin), or nothing. lines: index of the first note of each line of words.
    tempo: quarters a minute.
    """

    title: str
    subtitle: str
    notes: np.ndarray
    words: tuple[str, ...]
    lines: tuple[int, ...]
    tempo: float = 96.0
    under: tuple[str, ...] = ()

    def __post_init__(self):
        if not len(self.notes) == len(self.words) or (
            self.under and len(self.under) != len(self.words)
        ):
            raise ValueError(
                f"A lead sheet has a syllable for each note; there are {len(self.notes)} notes, {len(self.words)} words "
                f"and {len(self.under)} under them."
            )

    @property
    def steps(self) -> int:
        """The length in 16th steps, whole bars."""
        end = int((self.notes[:, 0] + self.notes[:, 1]).max())
        return -(-end // STEPS_PER_BAR) * STEPS_PER_BAR

    def seconds(self) -> np.ndarray:
        """The notes with onset and duration in seconds, float (n, 3)."""
        step = 60 / self.tempo / STEPS_PER_QUARTER
        return self.notes * np.array([step, step, 1.0])


def to_midi(sheet: LeadSheet) -> bytes:
    """The lead sheet as a Standard MIDI File: a lyric event (FF 05, UTF-8) at the tick of each note.

    Notebook: 05_reading_midi
    """
    from lyricgen.music.midi import MidiFile, write_midi

    ticks = sheet.notes[:, :2] * (480 // STEPS_PER_QUARTER)
    return write_midi(
        MidiFile.from_notes(
            ticks[:, 0],
            ticks[:, 1],
            sheet.notes[:, 2],
            division=480,
            bpm=sheet.tempo,
            lyrics=sheet.words,
            names={0: sheet.title, 1: "Voice"},
        )
    )


def to_mp3(sheet: LeadSheet) -> bytes:
    """The lead sheet sung by a plucked string, as MP3; the first beat of a bar is a little louder."""
    notes = sheet.seconds()
    loudness = np.where(sheet.notes[:, 0] % STEPS_PER_BAR == 0, 0.95, 0.8)
    return sound.to_mp3(sound.render(np.column_stack([notes, loudness])))
