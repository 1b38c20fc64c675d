"""The bytes of one MIDI track, event by event."""

from __future__ import annotations

from array import array
from collections import Counter
from itertools import islice
from operator import length_hint
from typing import NoReturn

from lyricgen.music.midi.file import END, KEY, METAS, METER, TEMPO, TICKS, MidiError

# The types of meta events that are kept: texts and maps
KEPT = {*range(1, 16), TEMPO, METER, KEY}

# Tick, track, type, bytes
Meta = tuple[int, int, int, bytes]

# What was odd -> track (-1: the file) -> how often
Warnings = dict[str, Counter[int]]


def read_track(
    data: bytes,
    place: int,
    notes: array,
    metas: list[Meta],
    track: int,
    name: str,
    warnings: Warnings,
) -> tuple[int, int]:
    """Reads the bytes of one track; returns its last tick and how many bytes it took.

    place: of the track's first byte in the file.
    notes: each start and end of a note is appended, packed into one integer:
        tick << 24 | status << 16 | pitch << 8 | velocity.
    metas: tick, track, type and bytes are appended of texts, tempos, meters and keys,
        and of program changes, whose type is their status.
    Raises: MidiError where the bytes are no track.
    """
    reader = _TrackReader(data, place, metas, track, name, warnings)
    try:
        tick = reader.read_events(notes)
    except StopIteration:
        reader.fail("the track ends within an event")
    except OverflowError:
        # the packed integer does not fit in 64 bits
        reader.fail(f"a tick beyond {TICKS}")
    if tick > TICKS:
        reader.fail(f"a tick beyond {TICKS}")
    return tick, reader.used()


class _TrackReader:
    """Reads a track byte by byte; an error names the byte just read."""

    def __init__(
        self,
        data: bytes,
        place: int,
        metas: list[Meta],
        track: int,
        name: str,
        warnings: Warnings,
    ) -> None:
        self.size = len(data)
        self.place = place
        self.metas = metas
        self.track = track
        self.name = name
        self.warnings = warnings
        # the bytes that are still to be read, and the function that reads one of them
        self.left = iter(data)
        self.read = self.left.__next__

    def used(self) -> int:
        """Returns how many bytes have been read."""
        return self.size - length_hint(self.left)

    def fail(self, problem: str) -> NoReturn:
        """Raises MidiError with the place of the last byte."""
        byte = self.place + self.used() - 1
        raise MidiError(f"{self.name}, track {self.track}, byte {byte}: {problem}.")

    def read_events(self, notes: array) -> int:
        """Reads all events up to the end of the track; returns the last tick."""
        read = self.read
        add_note = notes.append
        tick = 0
        # the status that holds where an event has none of its own (running status)
        status = 0
        interrupted = False
        for byte in self.left:
            tick += byte if byte < 128 else self.read_number(byte)
            byte = read()
            if byte >= 0xF0:
                if self.read_meta_or_exclusive(byte, tick) == END:
                    break
                interrupted = True
                continue
            if byte > 127:
                status = byte
                byte = read()
            elif interrupted or not status:
                self.check_running_status(status)
            interrupted = False
            # the end of a note (0x80 and the channel) or its start (0x90)
            if status < 0xA0:
                velocity = read()
                if (byte | velocity) > 127:
                    self.fail("a pitch or velocity above 127")
                add_note(tick << 24 | status << 16 | byte << 8 | velocity)
            else:
                self.read_other_message(tick, status, byte)
        else:
            self.warnings["no end of track"][self.track] += 1
        return tick

    def read_number(self, byte: int) -> int:
        """Reads the rest of a variable-length number that begins with `byte`.

        It has seven bits a byte, and the high bit is set where another byte follows.
        """
        number = byte & 127
        while byte > 127:
            if number >> 21:
                self.fail("a number of more than four bytes")
            byte = self.read()
            number = number << 7 | byte & 127
        return number

    def read_meta_or_exclusive(self, status: int, tick: int) -> int:
        """Reads a meta or system exclusive event; returns its type.

        It is a length and as many bytes.
        """
        if status not in (0xFF, 0xF0, 0xF7):
            self.fail(f"status {status:#x}, which a file cannot have")
        event_type = self.read() if status == 0xFF else status
        length = self.read_number(self.read())
        body = bytes(islice(self.left, length))
        if len(body) < length:
            self.fail(f"an event of {length} bytes runs past the end of the track")
        if event_type in KEPT:
            self.keep(tick, event_type, body)
        return event_type

    def check_running_status(self, status: int) -> None:
        """Checks a data byte where no status holds, or one held over another event."""
        if not status:
            self.fail("a data byte where a status byte must stand")
        self.warnings["running status across a meta or system exclusive event"][self.track] += 1

    def read_other_message(self, tick: int, status: int, byte: int) -> None:
        """Reads the rest of a channel message that is no note; keeps a program change.

        Program (0xC0) and pressure of the channel (0xD0) have one data byte; pressure
        of a key (0xA0), controller (0xB0) and pitch bend (0xE0) have two.
        """
        if 0xC0 <= status < 0xE0:
            if byte > 127:
                self.fail("a program or pressure above 127")
            if status < 0xD0:
                self.keep(tick, status, bytes([byte]))
        elif (byte | self.read()) > 127:
            self.fail("a controller, bend or pressure above 127")

    def keep(self, tick: int, event_type: int, body: bytes) -> None:
        """Appends an event to the metas."""
        if len(self.metas) == METAS:
            self.fail(f"more than {METAS} texts, programs, tempos, meters and keys")
        self.metas.append((tick, self.track, event_type, body))
