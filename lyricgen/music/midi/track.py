"""The bytes of one MIDI track, event by event, and the pairing of starts and ends to notes."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Callable
from itertools import islice
from operator import length_hint
from typing import NoReturn

from lyricgen.music.midi.file import END, KEY, METAS, METER, TEMPO, TICKS, MidiError

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
