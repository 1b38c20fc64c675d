"""The starts and ends of notes in a file, paired to notes."""

from __future__ import annotations

from array import array
from collections import defaultdict, deque
from dataclasses import dataclass

import numpy as np

from lyricgen.music.midi.file import NOTE


@dataclass(frozen=True)
class NoteEvents:
    """The starts and ends of notes, in the order of the file: arrays (n,)."""

    tick: np.ndarray  # int32
    status: np.ndarray  # uint8
    pitch: np.ndarray  # uint8
    velocity: np.ndarray  # uint8
    track: np.ndarray  # uint16

    @property
    def is_start(self) -> np.ndarray:
        """Which events start a note; a start with velocity 0 is an end: bool (n,)."""
        return (self.status >= 0x90) & (self.velocity > 0)

    @property
    def channel(self) -> np.ndarray:
        """The channel of each event: uint8 (n,)."""
        return self.status & 15

    @property
    def voice(self) -> np.ndarray:
        """Track, channel and pitch of each event, in one number: int32 (n,)."""
        track = self.track.astype(np.int32)
        channel = self.channel.astype(np.int32)
        return track << 11 | channel << 7 | self.pitch


def pair(events: NoteEvents, track_ends: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Pairs starts and ends of notes: returns the notes, and those that never end.

    First in, first out in each voice (track, channel, pitch): the k-th end belongs to
    the k-th start; an end at which no note sounds counts for nothing. A note that never
    ends lasts until its track does. A million events are read and paired in about half
    a second.

    track_ends: int64 (tracks,), the last tick of each track.
    Notebook: reading_midi
    """
    is_start = events.is_start
    voice = events.voice
    end_of = _find_ends(voice, is_start)
    starts = np.flatnonzero(is_start)
    # notes that begin together: by track, channel, pitch, then as in the file
    starts = starts[np.lexsort((voice[starts], events.tick[starts]))]
    del voice, is_start
    ends = end_of[starts]
    has_end = ends >= 0
    ended = starts[has_end]
    hanging = starts[~has_end]
    return (
        _to_notes(events, ended, events.tick[ends[has_end]]),
        _to_notes(events, hanging, track_ends[events.track[hanging]]),
    )


def _find_ends(voice: np.ndarray, is_start: np.ndarray) -> np.ndarray:
    """Returns for each start the index of its end, else -1: int32 (n,)."""
    end_of = array("i", [-1]) * len(voice)
    # voice -> the starts of the notes that sound, the oldest first
    sounding: dict[int, deque[int]] = defaultdict(deque)
    # `data` gives one Python integer at a time, a list would hold millions of them
    for i, (key, starts) in enumerate(zip(voice.data, is_start.data)):
        if starts:
            sounding[key].append(i)
        elif sounding[key]:
            start = sounding[key].popleft()
            end_of[start] = i
    return np.frombuffer(end_of, np.int32)


def _to_notes(events: NoteEvents, starts: np.ndarray, end_ticks: np.ndarray) -> np.ndarray:
    """Returns the NOTE records of some starts and the ticks at which the notes end."""
    notes = np.empty(len(starts), NOTE)
    notes["onset"] = events.tick[starts]
    notes["duration"] = end_ticks - notes["onset"]
    notes["pitch"] = events.pitch[starts]
    notes["velocity"] = events.velocity[starts]
    notes["channel"] = events.channel[starts]
    notes["track"] = events.track[starts]
    return notes
