"""A lead sheet: a melody with its words, as MIDI with lyrics and as sound."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lyricgen.music.melody import STEPS_PER_BAR
from lyricgen.song import sound

STEPS_PER_QUARTER = 4
TICKS_PER_QUARTER = 480

# from 0 to 1: a note on the first beat of a bar, and any other
LOUD = 0.95
SOFT = 0.8


@dataclass(frozen=True)
class LeadSheet:
    """A melody in 4/4 and C major, and the words under it.

    notes: int (n, 3), onset and duration in 16th steps and MIDI pitch, in order, one at
        a time.
    words: one syllable for each note.
    lines: the index of the first note of each line of words.
    tempo: quarters a minute.
    under: a second line of text (pinyin), one syllable for each note, or nothing.
    """

    title: str
    subtitle: str
    notes: np.ndarray
    words: tuple[str, ...]
    lines: tuple[int, ...]
    tempo: float = 96.0
    under: tuple[str, ...] = ()

    def __post_init__(self):
        """Checks that there is a syllable for each note.

        Raises: ValueError where there is not.
        """
        fits = len(self.words) == len(self.notes)
        under_fits = len(self.under) in (0, len(self.words))
        if not fits or not under_fits:
            raise ValueError(
                f"A lead sheet has a syllable for each note; there are {len(self.notes)} notes, "
                f"{len(self.words)} words and {len(self.under)} under them."
            )

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


def to_midi(sheet: LeadSheet) -> bytes:
    """Returns the lead sheet as a Standard MIDI File.

    A lyric event (FF 05, UTF-8) stands at the tick of each note.
    """
    from lyricgen.music.midi import MidiFile, write_midi

    ticks = sheet.notes[:, :2] * (TICKS_PER_QUARTER // STEPS_PER_QUARTER)
    midi = MidiFile.from_notes(
        ticks[:, 0].tolist(),
        ticks[:, 1].tolist(),
        sheet.notes[:, 2].tolist(),
        division=TICKS_PER_QUARTER,
        bpm=sheet.tempo,
        lyrics=sheet.words,
        names={0: sheet.title, 1: "Voice"},
    )
    return write_midi(midi)


def to_mp3(sheet: LeadSheet, tone: str = "plucked") -> bytes:
    """Returns the lead sheet played on a string, as MP3.

    The first beat of a bar is a little louder.

    tone: one of sound.TONES.

    Raises: ValueError for another tone.
    Notebook: start_here
    """
    on_first_beat = sheet.notes[:, 0] % STEPS_PER_BAR == 0
    loudness = np.where(on_first_beat, LOUD, SOFT)
    notes = np.column_stack([sheet.seconds(), loudness])
    return sound.to_mp3(sound.render(notes, tone))
