"""What a MIDI file says, as arrays in ticks: notes, maps and words.

`MidiFile` also gives times in seconds and a piano roll.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
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

# Types of meta events
TEXT = 0x01
NAME = 0x03
LYRIC = 0x05
END = 0x2F
TEMPO = 0x51
METER = 0x58
KEY = 0x59

# Channel 10, counted from 0
DRUMS = 9

# What is read and made is bounded before it is allocated:
# the largest file that is read, 16 MB
FILE_BYTES = 16 << 20
# starts and ends of notes in a file; 8 bytes each while it is read
EVENTS = 3_600_000
# notes in a file
NOTES = 1_800_000
# texts, programs, tempos, meters and keys in a file
METAS = 250_000
# as many tracks as a header can declare
TRACKS = 65_535
# the last tick of a file
TICKS = 2**31 - 1
# cells of a piano roll: 65,536 steps of 128 pitches
ROLL_CELLS = 1 << 23

# The least and the greatest value of each field of a note
LIMITS = {
    "onset": (0, TICKS),
    "duration": (0, TICKS),
    "pitch": (0, 127),
    "velocity": (1, 127),
    "channel": (0, 15),
    "track": (0, TRACKS - 1),
}

# Microseconds a quarter: until a file names a tempo, and the most that three bytes hold
DEFAULT_TEMPO = 500_000
MAX_TEMPO = 0xFFFFFF

Column = Sequence[int] | np.ndarray


class MidiError(DataError):
    """A MIDI file that cannot be read, or that is too large.

    The message names the file, the track (from 0) and the byte.
    """


@dataclass(frozen=True, eq=False)
class MidiFile:
    """What a MIDI file says, in ticks: the notes, the tempo and meter maps, the words.

    Tracks and channels are counted from 0.

    notes: NOTE records, sorted by onset, track, channel, pitch.
    tempos: int64 (n, 2), tick and microseconds per quarter.
    meters: int64 (n, 3), tick, numerator and denominator.
    keys: int64 (n, 3), tick, sharps (flats below 0), and 1 if minor.
    programs: int64 (n, 4), tick, track, channel and program.
    lyrics: (tick, track, text) of the words of all tracks, marks included.
    texts: (tick, track, type of meta event, text) of the other texts.
    names: of the tracks.
    ends: int64 (tracks,), the last tick of each track.
    hanging: NOTE records of notes that never end, as if each ended with its track.
    warnings: what was odd about the file.
    Notebook: reading_midi
    """

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
    def from_notes(  # noqa: PLR0913  (each field of a note and of a file; most have a default)
        cls,
        onset: Column,
        duration: Column,
        pitch: Column,
        velocity: int | Column = 80,
        *,
        channel: int | Column = 0,
        track: int | Column = 1,
        division: int = 480,
        bpm: float = 120.0,
        meter: tuple[int, int] = (4, 4),
        lyrics: Sequence[str | None] = (),
        names: dict[int, str] | None = None,
        programs: Sequence[tuple[int, int, int, int]] = (),
    ) -> MidiFile:
        """Makes a file of format 1 from notes (in ticks), at one tempo and meter.

        lyrics: a text for each note, None or "" where no syllable begins.
        Raises: ValueError for what a MIDI file cannot hold.
        Notebook: reading_midi
        """
        if not 6e7 / MAX_TEMPO < bpm <= 6e7:
            raise ValueError(f"A tempo of {bpm} quarters a minute cannot be written.")
        columns = np.broadcast_arrays(onset, duration, pitch, velocity, channel, track)
        notes = check_notes(*columns)
        if len(lyrics) not in (0, len(notes)):
            raise ValueError(f"There are {len(lyrics)} lyrics for {len(notes)} notes.")
        used_tracks = [1, *notes["track"].tolist(), *(names or {})]
        used_tracks += [track for _, track, _, _ in programs]
        return cls(
            format=1,
            division=division,
            notes=np.sort(notes, order=["onset", "track", "channel", "pitch", "duration"]),
            tempos=map_rows([(0, round(6e7 / bpm))], 2),
            meters=map_rows([(0, *meter)], 3),
            keys=map_rows([], 3),
            programs=map_rows(programs, 4),
            lyrics=_lyrics_of_notes(notes, lyrics),
            texts=(),
            names=dict(names or {}),
            ends=_last_ticks(notes, max(used_tracks) + 1),
            hanging=notes[:0],
        )

    def seconds(self, ticks: np.ndarray | int) -> np.ndarray:
        """Returns the time of ticks by the tempo map, in seconds, float64.

        Until the map names a tempo it is 120 quarters a minute.
        Notebook: reading_midi
        """
        tick, tempo = np.vstack([[0, DEFAULT_TEMPO], self.tempos]).T
        start = np.append(0, np.cumsum(np.diff(tick) * tempo[:-1]))
        i = np.searchsorted(tick, ticks, side="right") - 1
        microseconds = start[i] + (np.asarray(ticks) - tick[i]) * tempo[i]
        return microseconds / (1e6 * self.division)

    def piano_roll(self, steps_per_quarter: int = 4) -> np.ndarray:
        """Returns which pitch sounds at which step, drums left out: bool (steps, 128).

        A note fills each step in which it sounds at all.
        Raises: MidiError where the roll would have more than ROLL_CELLS cells.
        Notebook: reading_midi
        """
        notes = self.notes[self.notes["channel"] != DRUMS]
        ends = notes["onset"] + notes["duration"]
        on = notes["onset"] * steps_per_quarter // self.division
        # rounded up: -(-a // b)
        off = -(-ends * steps_per_quarter // self.division)
        off = np.maximum(off, on + 1)
        steps = int(off.max(initial=0))
        if steps * 128 > ROLL_CELLS:
            raise MidiError(
                f"A piano roll of {steps} steps has more than {ROLL_CELLS} cells: "
                f"the last note ends at tick {int(self.ends.max())}."
            )
        roll = np.zeros((steps, 128), bool)
        # one pitch at a time: how many notes sound in all cells would take 60 MB
        by_pitch = np.argsort(notes["pitch"], kind="stable")
        pitches, first = np.unique(notes["pitch"][by_pitch], return_index=True)
        for pitch, own in zip(pitches.tolist(), np.split(by_pitch, first[1:])):
            starts = np.bincount(on[own], minlength=steps + 1)
            stops = np.bincount(off[own], minlength=steps + 1)
            roll[:, pitch] = np.cumsum(starts - stops)[:-1] > 0
        return roll


def check_notes(*columns: np.ndarray) -> np.ndarray:
    """Returns the NOTE records of six columns of whole numbers, in the order of NOTE.

    Raises: ValueError for a note that a MIDI file cannot hold.
    """
    notes = np.zeros(len(columns[0]), NOTE)
    for (field, (least, greatest)), column in zip(LIMITS.items(), columns):
        if len(column):
            whole = column.dtype.kind in "iu"
            if not whole or column.min() < least or column.max() > greatest:
                raise ValueError(
                    f"The {field} of a note is a whole number from {least} to {greatest}."
                )
        notes[field] = column
    return notes


def map_rows(rows: Iterable[tuple[int, ...]], columns: int) -> np.ndarray:
    """Returns the rows of a tempo, meter or other map, sorted by tick.

    rows: whole numbers, the first of them a tick.
    Returns: int64 (n, columns).
    """
    by_tick = sorted(rows, key=lambda row: row[0])
    return np.array(by_tick, np.int64).reshape(-1, columns)


def _lyrics_of_notes(
    notes: np.ndarray, lyrics: Sequence[str | None]
) -> tuple[tuple[int, int, str], ...]:
    """Returns tick, track and text of the syllables that begin with a note, sorted."""
    rows = []
    for note, text in zip(notes, lyrics):
        if text:
            rows.append((int(note["onset"]), int(note["track"]), text))
    return tuple(sorted(rows))


def _last_ticks(notes: np.ndarray, tracks: int) -> np.ndarray:
    """Returns the tick at which the last note of each track ends: int64 (tracks,)."""
    last = np.zeros(tracks, np.int64)
    np.maximum.at(last, notes["track"], notes["onset"] + notes["duration"])
    return last
