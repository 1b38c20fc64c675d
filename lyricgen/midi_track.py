"""The bytes of one MIDI track, event by event, and the pairing of starts and ends to notes."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Callable
from itertools import islice
from operator import length_hint
from typing import NoReturn

import numpy as np

from .midi_file import END, KEY, METAS, METER, NOTE, TEMPO, TICKS, MidiError

KEPT = {*range(1, 16), TEMPO, METER, KEY}  # the types of meta events that are kept: texts and maps
Meta = tuple[int, int, int, bytes]  # tick, track, type, bytes
Odd = dict[str, Counter[int]]  # what was odd -> track (-1: the file) -> how often


def read_track(
    data: bytes, place: int, notes: array, metas: list[Meta], track: int, name: str, odd: Odd
) -> tuple[int, int]:
    """Reads the bytes of one track, of which the first is byte `place` of the file, and returns its last tick and how many bytes it took.

    Appends to `notes` each start and end of a note, packed into one integer: tick << 24 | status << 16 | pitch << 8 | velocity; and to `metas` the
    tick,
    track, type and bytes of texts, tempos, meters and keys, and of program changes, whose type is their status."""
    left = iter(data)  # the bytes that are still to be read
    read = left.__next__  # reads one of them
    note = notes.append
    tick = status = held = (
        0  # the time; the running status; the status that a meta or system exclusive event interrupted
    )

    def fail(what: str) -> NoReturn:
        raise MidiError(
            f"{name}, track {track}, byte {place + len(data) - length_hint(left) - 1}: {what}."
        )

    def keep(tick: int, kind: int, body: bytes) -> None:
        if len(metas) == METAS:
            fail(f"more than {METAS} texts, programs, tempos, meters and keys")
        metas.append((tick, track, kind, body))

    try:
        for byte in left:
            delta = (
                byte & 127
            )  # the time since the last event, a variable-length number: seven bits a byte, a high bit where another byte follows
            while byte > 127:
                if delta >> 21:
                    fail("a number of more than four bytes")
                byte = read()
                delta = delta << 7 | byte & 127
            tick += delta
            byte = read()
            if byte >= 0xF0:  # meta and system exclusive events: a length and as many bytes
                if byte not in (0xFF, 0xF0, 0xF7):
                    fail(f"status {byte:#x}, which a file cannot have")
                kind = read() if byte == 0xFF else byte
                length = _number(read, fail)
                body = bytes(islice(left, length))
                if len(body) < length:
                    fail(f"an event of {length} bytes runs past the end of the track")
                if kind == END:
                    break
                if kind in KEPT:
                    keep(tick, kind, body)
                status, held = 0, status or held
                continue
            if byte > 127:  # a status byte; without one the last one holds
                status = byte
                byte = read()
            elif not status:
                if not held:
                    fail("a data byte where a status byte must stand")
                odd["running status across a meta or system exclusive event"][track] += 1
                status = held
            if status < 0xA0:  # the end of a note (0x80 and the channel) or its start (0x90)
                velocity = read()
                if (byte | velocity) > 127:
                    fail("a pitch or velocity above 127")
                note(tick << 24 | status << 16 | byte << 8 | velocity)
            elif (
                0xC0 <= status < 0xE0
            ):  # program (0xC0) and pressure of the channel (0xD0): one data byte
                if byte > 127:
                    fail("a program or pressure above 127")
                if status < 0xD0:
                    keep(tick, status, bytes([byte]))
            elif (
                (byte | read()) > 127
            ):  # pressure of a key (0xA0), controller (0xB0), pitch bend (0xE0): two, and not kept
                fail("a controller, bend or pressure above 127")
        else:
            odd["no end of track"][track] += 1
    except StopIteration:
        fail("the track ends within an event")
    except OverflowError:  # the packed integer no longer fits in 64 bits
        pass
    if tick > TICKS:
        fail(f"a tick beyond {TICKS}")
    return tick, len(data) - length_hint(left)


def _number(read: Callable[[], int], fail: Callable[[str], NoReturn]) -> int:
    """Reads a variable-length number, the length of an event, as the times between events are read."""
    number, byte = 0, 128
    while byte > 127:
        if number >> 21:
            fail("a number of more than four bytes")
        byte = read()
        number = number << 7 | byte & 127
    return number


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
