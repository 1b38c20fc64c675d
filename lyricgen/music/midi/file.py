"""What a MIDI file says: notes, maps and words as arrays in ticks; seconds, a piano roll, and the words joined to their notes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lyricgen.files import DataError

NOTE = np.dtype(
    [
        ("onset", "i8"),
        ("duration", "i8"),
        ("pitch", "u1"),
        ("velocity", "u1"),
        ("channel", "u1"),
        ("track", "u2"),
    ]
)


TEXT, NAME, LYRIC, END, TEMPO, METER, KEY = (
    0x01,
    0x03,
    0x05,
    0x2F,
    0x51,
    0x58,
    0x59,
)  # types of meta events


DRUMS = 9  # channel 10, counted from 0


# What is read and made is bounded before it is allocated:
FILE_BYTES = 16 << 20  # the largest file that is read: 16 MB


EVENTS = 3_600_000  # starts and ends of notes in a file; 8 bytes each while it is read


NOTES = 1_800_000  # notes in a file


METAS = 250_000  # texts, programs, tempos, meters and keys in a file


TRACKS = 65_535  # as many as a header can declare


TICKS = 2**31 - 1  # the last tick of a file


ROLL_CELLS = 1 << 23  # of a piano roll: 65,536 steps of 128 pitches


class MidiError(DataError):
    """A MIDI file that cannot be read, or that is too large: the message names the file, the track (from 0) and the byte."""


@dataclass(frozen=True, eq=False)
class MidiFile:
    """What a MIDI file says, in ticks: the notes by onset, the tempo and meter maps, and the words of all tracks; tracks and channels from 0.

    notes: NOTE records, sorted by onset, track, channel, pitch. tempos: (n, 2) tick, microseconds per quarter. meters: (n, 3) tick, numerator,
    denominator. keys: (n, 3) tick, sharps (flats below 0), 1 if minor. programs: (n, 4) tick, track, channel, program. lyrics: (tick, track, text),
    marks included. texts: (tick, track, type of meta event, text) of the other texts. names: of the tracks. ends: (tracks,) the last tick of each.
    hanging: notes that never end, as if each ended with its track. warnings: what was odd about the file.
    Notebook: 05_reading_midi"""

    format: int
    division: int  # ticks per quarter
    notes: np.ndarray
    tempos: np.ndarray
    meters: np.ndarray
    keys: np.ndarray
    programs: np.ndarray
    lyrics: tuple[tuple[int, int, str], ...]
    texts: tuple[tuple[int, int, int, str], ...]
    names: dict[int, str]
    ends: np.ndarray
    hanging: np.ndarray
    warnings: tuple[str, ...] = ()

    @classmethod
    def from_notes(
        cls,
        onset: Sequence[int],
        duration: Sequence[int],
        pitch: Sequence[int],
        velocity: int | Sequence[int] = 80,
        *,
        channel: int | Sequence[int] = 0,
        track: int | Sequence[int] = 1,
        division: int = 480,
        bpm: float = 120.0,
        meter: tuple[int, int] = (4, 4),
        lyrics: Sequence[str | None] = (),
        names: dict[int, str] | None = None,
        programs: Sequence[tuple[int, int, int, int]] = (),
    ) -> MidiFile:
        """A format 1 file of some notes (in ticks), at one tempo and meter; `lyrics` has a text for each note, None or "" where no syllable begins.

        Notebook: 05_reading_midi"""
        if not 6e7 / 0xFFFFFF < bpm <= 6e7:
            raise ValueError(f"A tempo of {bpm} quarters a minute cannot be written.")
        columns = np.broadcast_arrays(
            *map(np.asarray, (onset, duration, pitch, velocity, channel, track))
        )
        notes = check_notes(*columns)
        if len(lyrics) not in (0, len(notes)):
            raise ValueError(f"There are {len(lyrics)} lyrics for {len(notes)} notes.")
        words = sorted(
            (tick, in_track, text)
            for tick, in_track, text in zip(
                notes["onset"].tolist(), notes["track"].tolist(), lyrics
            )
            if text
        )
        ends = np.zeros(
            max([1, *notes["track"].tolist(), *(names or {}), *(row[1] for row in programs)]) + 1,
            np.int64,
        )
        np.maximum.at(ends, notes["track"], notes["onset"] + notes["duration"])
        return cls(
            1,
            division,
            np.sort(notes, order=["onset", "track", "channel", "pitch", "duration"]),
            table([(0, round(6e7 / bpm))], 2),
            table([(0, *meter)], 3),
            table([], 3),
            table(list(programs), 4),
            tuple(words),
            (),
            dict(names or {}),
            ends,
            notes[:0],
        )

    def seconds(self, ticks: np.ndarray | int) -> np.ndarray:
        """The time of some ticks by the tempo map (120 quarters a minute until it says otherwise), in seconds, float64.

        Notebook: 05_reading_midi"""
        tick, tempo = np.vstack([[0, 500_000], self.tempos]).T
        start = np.append(0, np.cumsum(np.diff(tick) * tempo[:-1]))
        i = np.searchsorted(tick, ticks, side="right") - 1
        return (start[i] + (np.asarray(ticks) - tick[i]) * tempo[i]) / (1e6 * self.division)

    def piano_roll(self, steps_per_quarter: int = 4) -> np.ndarray:
        """Which pitch sounds at which step, drums left out: bool (steps, 128). A note fills each step of which it has a part.

        Raises MidiError where the roll would have more than ROLL_CELLS cells.
        Notebook: 05_reading_midi"""
        notes = self.notes[self.notes["channel"] != DRUMS]
        on = notes["onset"] * steps_per_quarter // self.division
        off = np.maximum(
            -(-(notes["onset"] + notes["duration"]) * steps_per_quarter // self.division), on + 1
        )
        steps = int(off.max(initial=0))
        if steps * 128 > ROLL_CELLS:
            raise MidiError(
                f"A piano roll of {steps} steps has more than {ROLL_CELLS} cells: the last note ends at tick {int((self.ends).max())}."
            )
        change = np.zeros((steps + 1, 128), np.int32)
        np.add.at(change, (on, notes["pitch"]), 1)
        np.add.at(change, (off, notes["pitch"]), -1)
        return np.cumsum(change, axis=0)[:-1] > 0


def check_notes(*columns: np.ndarray) -> np.ndarray:
    """NOTE records of columns of whole numbers; raises ValueError for a note that a MIDI file cannot hold."""
    notes = np.zeros(len(columns[0]), NOTE)
    limits = (0, TICKS), (0, TICKS), (0, 127), (1, 127), (0, 15), (0, TRACKS - 1)
    for field, column, (least, most) in zip(NOTE.names, columns, limits):
        if len(column) and (
            column.dtype.kind not in "iu" or column.min() < least or column.max() > most
        ):
            raise ValueError(f"The {field} of a note is a whole number from {least} to {most}.")
        notes[field] = column
    return notes


def table(rows: list[tuple[int, ...]], columns: int) -> np.ndarray:
    """Rows of integers, the first of them a tick, in order of ticks: int64 (n, columns)."""
    return np.array(sorted(rows, key=lambda row: row[0]), np.int64).reshape(-1, columns)
