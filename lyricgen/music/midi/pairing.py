"""The starts and ends of notes in a track, paired to notes."""

from __future__ import annotations

import numpy as np

from lyricgen.music.midi.file import NOTE


def pair(
    tick: np.ndarray,
    status: np.ndarray,
    pitch: np.ndarray,
    velocity: np.ndarray,
    track: np.ndarray,
    ends: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """Joins the starts and ends of notes, first in, first out in each voice (track, channel, pitch): the notes, and those that never end.

    Among the events of a voice the k-th end belongs to the k-th start; an end that finds no note sounding counts for nothing."""
    voice = track.astype(np.int32) << 11
    voice |= (status & 15).astype(np.int32) << 7
    voice |= pitch
    order = _order(voice)
    voice = voice[order]
    first = np.ones(len(voice), bool)  # the first event of a voice
    first[1:] = voice[1:] != voice[:-1]
    start = ((status >= 0x90) & (velocity > 0))[order]  # a start with velocity 0 is an end
    if len(start) % 2 == 0 and start[::2].all() and not (start[1::2] | first[1::2]).any():
        end, whole = (
            ~start,
            np.ones(len(start) // 2, bool),
        )  # as in most files: each start is followed by its end
    else:
        end = _ends(first, start)
        number = (
            np.cumsum(first, dtype=np.int32) - 1
        )  # which voice: the m ends of a voice belong to its first m starts
        ended, begun = (
            np.bincount(number[which], minlength=np.count_nonzero(first)) for which in (end, start)
        )
        number = number[start]
        whole = np.arange(len(number)) < (np.cumsum(begun) - begun + ended)[number]
        del number
    stop, order, voice = tick[order[end]], order[start], voice[start]
    del first, start, end  # a file may have millions of notes
    onset, duration = tick[order].astype(np.int64), ends[voice >> 11]
    duration[whole] = stop  # both in the order of voices, and in each of time
    duration -= onset
    columns = (
        onset,
        duration,
        pitch[order],
        velocity[order],
        (voice >> 7 & 15).astype(np.uint8),
        track[order],
    )
    order = _order(
        onset
    )  # notes that begin together: by track, channel, pitch, then as in the file
    del stop, voice
    whole = whole[order]
    notes, hanging = (
        np.empty(np.count_nonzero(whole), NOTE),
        np.empty(np.count_nonzero(~whole), NOTE),
    )
    for table, chosen in ((notes, order[whole]), (hanging, order[~whole])):
        for field, column in zip(NOTE.names, columns if len(table) else ()):
            table[field] = column[chosen]
    return notes, hanging


def _ends(first: np.ndarray, start: np.ndarray) -> np.ndarray:
    """Which events, sorted by voice, end a note: all ends but those at which nothing sounds. A loop would count what sounds and never go below 0.

    Here one running minimum does it for all voices: the level rises by 1 at a start and falls by 1 at an end, and a new voice begins on the level
    of the last minus its ends, as low as that could have fallen. An end that reaches a new minimum of its voice is one at which nothing sounds."""
    level = np.cumsum(start, dtype=np.int32)  # starts so far
    falls = np.arange(1, len(start) + 1, dtype=np.int32)
    falls -= level  # ends so far
    floor = _before(falls, ~start, first)
    level -= _before(level, start, first)
    level -= falls
    del falls
    np.negative(floor, out=floor)  # the level at which a voice begins
    lowest = np.minimum(level, floor)
    np.minimum.accumulate(lowest, out=lowest)
    lowest[1:] = lowest[:-1]  # before the event
    lowest[first] = floor[first]
    return ~start & (level >= lowest)


def _before(count: np.ndarray, step: np.ndarray, first: np.ndarray) -> np.ndarray:
    """A count as it was before the voice of each event began."""
    count = np.where(first, count - step, 0)
    return np.maximum.accumulate(count, out=count)


def _order(values: np.ndarray) -> np.ndarray:
    """A stable argsort of whole numbers below 2**40, faster than np.argsort and with less memory: the index rides in the low 23 bits."""
    keys = values.astype(np.int64)
    keys <<= 23
    keys |= np.arange(len(keys), dtype=np.int32)
    keys.sort()
    keys &= (1 << 23) - 1
    return keys.astype(np.int32)
