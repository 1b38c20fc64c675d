"""The bytes of one MIDI track, event by event."""

from __future__ import annotations

from array import array
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from itertools import islice
from operator import length_hint
from typing import NoReturn

from lyricgen.music.midi.file import END, KEY, METAS, METER, TEMPO, TICKS, MidiError

# The types of meta events that are kept: texts and maps
KEPT = {*range(1, 16), TEMPO, METER, KEY}

# Tick, track, type, bytes
Meta = tuple[int, int, int, bytes]

# System messages that no file has (0xF1 to 0xF6, 0xF8 to 0xFE), and their data bytes
STRAY = dict.fromkeys([*range(0xF1, 0xF7), *range(0xF8, 0xFF)], 0)
STRAY.update({0xF1: 1, 0xF2: 2, 0xF3: 1})

# As many faults within tracks are mended in a file
MENDS = 1000

# As many tracks that cannot be read to their ends are named with their byte
NAMED_FAULTS = 8

# As many bytes tell whether the time to the next event stands behind a stray message
PROBE = 48

# What was odd -> track (-1: the file) -> how often
Warnings = dict[str, Counter[int]]


@dataclass
class Report:
    """What is told of a file while its tracks are read.

    name: of the file.
    strict: whether a fault within a track is an error.
    mends: faults within tracks that were mended.
    faults: where tracks could not be read on, one sentence each.
    """

    name: str
    strict: bool
    warnings: Warnings = field(default_factory=lambda: defaultdict(Counter))
    mends: int = 0
    faults: list[str] = field(default_factory=list)


class _FaultError(Exception):
    """Bytes that are no event; the message says why."""


def read_track(
    data: bytes, place: int, notes: array, metas: list[Meta], track: int, report: Report
) -> tuple[int, int]:
    """Reads the bytes of one track; returns its last tick and how many bytes it took.

    Where `report` is not strict, a fault is mended or ends the track, with a warning.
    The last tick is then that of the last note or meta event before it.

    place: of the track's first byte in the file.
    notes: each start and end of a note is appended, packed into one integer:
        tick << 24 | status << 16 | pitch << 8 | velocity.
    metas: tick, track, type and bytes are appended of texts, tempos, meters and keys,
        and of program changes, whose type is their status.
    Raises: MidiError where the bytes are no track, or are more than is read.
    """
    reader = _TrackReader(data, place, metas, track, report)
    notes_before = len(notes)
    metas_before = len(metas)
    try:
        tick = reader.read_events(notes)
    except (StopIteration, _FaultError) as error:
        reader.end_at_fault(str(error) or "the track ends within an event")
        tick = _last_tick(notes[notes_before:][-1:], metas[metas_before:][-1:])
    except OverflowError:
        # the packed integer does not fit in 64 bits
        reader.fail(f"a tick beyond {TICKS}")
    if tick > TICKS:
        reader.fail(f"a tick beyond {TICKS}")
    return tick, reader.used()


def _last_tick(notes: array, metas: list[Meta]) -> int:
    """Returns the later tick of a packed note and a meta event, the last ones read."""
    ticks = [packed >> 24 for packed in notes]
    ticks += [meta[0] for meta in metas]
    return max(ticks, default=0)


class _TrackReader:
    """Reads a track byte by byte; an error names the byte just read."""

    def __init__(
        self, data: bytes, place: int, metas: list[Meta], track: int, report: Report
    ) -> None:
        self.data = data
        self.size = len(data)
        self.place = place
        self.metas = metas
        self.track = track
        self.report = report
        self.warnings = report.warnings
        # the bytes that are still to be read, and the function that reads one of them
        self.left = iter(data)
        self.read = self.left.__next__

    def used(self) -> int:
        """Returns how many bytes have been read."""
        return self.size - length_hint(self.left)

    def last_byte(self) -> int:
        """Returns the place of the last byte in the file."""
        return self.place + self.used() - 1

    def fail(self, problem: str) -> NoReturn:
        """Raises MidiError with the place of the last byte."""
        place = f"{self.report.name}, track {self.track}, byte {self.last_byte()}"
        raise MidiError(f"{place}: {problem}.")

    def end_at_fault(self, problem: str) -> None:
        """Warns that the rest of the track is left out.

        Raises: MidiError where strict.
        """
        if self.report.strict:
            self.fail(problem)
        faults = self.report.faults
        if len(faults) < NAMED_FAULTS:
            warning = f"byte {self.last_byte()}: {problem}; the rest is left out"
        else:
            warning = "more events that cannot be read; the rest is left out"
        self.warnings[warning][self.track] += 1
        faults.append(f"track {self.track}, byte {self.last_byte()}: {problem}")

    def mend(self, problem: str, cure: str) -> None:
        """Warns of what is mended and how; raises _FaultError where it must not be."""
        if self.report.strict:
            raise _FaultError(problem)
        if self.report.mends == MENDS:
            raise _FaultError(f"{problem}, and {MENDS} faults before it")
        self.report.mends += 1
        self.warnings[f"{problem} ({cure})"][self.track] += 1

    def read_events(self, notes: array, status: int = 0) -> int:
        """Reads all events up to the end of the track; returns the last tick.

        status: the one that holds where an event has none of its own (running status).
        """
        read = self.read
        add_note = notes.append
        tick = 0
        interrupted = False
        for byte in self.left:
            tick += byte if byte < 128 else self.read_number(byte)
            byte = read()
            if byte >= 0xF0:
                if byte in STRAY:
                    tick, byte = self.pass_over(tick, byte, status)
                if byte >= 0xF0:
                    if self.read_meta_or_exclusive(byte, tick) == END:
                        return tick
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
                    self.mend_note(notes, tick, status, byte)
                else:
                    add_note(tick << 24 | status << 16 | byte << 8 | velocity)
            else:
                self.read_other_message(tick, status, byte)
        self.warnings["no end of track"][self.track] += 1
        return tick

    def read_number(self, byte: int) -> int:
        """Reads the rest of a variable-length number that begins with `byte`.

        It has seven bits a byte, and the high bit is set where another byte follows.
        """
        number = byte & 127
        while byte > 127:
            if number >> 21:
                raise _FaultError("a number of more than four bytes")
            byte = self.read()
            number = number << 7 | byte & 127
        return number

    def read_meta_or_exclusive(self, status: int, tick: int) -> int:
        """Reads a meta or system exclusive event; returns its type.

        It is a length and as many bytes.
        """
        event_type = self.read() if status == 0xFF else status
        length = self.read_number(self.read())
        body = bytes(islice(self.left, length))
        if len(body) < length:
            raise _FaultError(f"an event of {length} bytes runs past the end of the track")
        if event_type in KEPT:
            self.keep(tick, event_type, body)
        return event_type

    def check_running_status(self, status: int) -> None:
        """Checks a data byte where no status holds, or one held over another event."""
        if not status:
            raise _FaultError("a data byte where a status byte must stand")
        self.warnings["running status across a meta or system exclusive event"][self.track] += 1

    def read_other_message(self, tick: int, status: int, byte: int) -> None:
        """Reads the rest of a channel message that is no note; keeps a program change.

        Program (0xC0) and pressure of the channel (0xD0) have one data byte; pressure
        of a key (0xA0), controller (0xB0) and pitch bend (0xE0) have two.
        """
        if 0xC0 <= status < 0xE0:
            if byte > 127:
                self.mend("a program or pressure above 127", "left out")
            elif status < 0xD0:
                self.keep(tick, status, bytes([byte]))
        elif (byte | self.read()) > 127:
            self.mend("a controller, bend or pressure above 127", "left out")

    def mend_note(self, notes: array, tick: int, status: int, pitch: int) -> None:
        """Reads the start or end of a note with a data byte above 127.

        It is left out where the pitch is.
        """
        problem = "a pitch or velocity above 127"
        if pitch > 127:
            self.mend(problem, "left out")
        else:
            self.mend(problem, "the velocity read as 127")
            notes.append(tick << 24 | status << 16 | pitch << 8 | 127)

    def pass_over(self, tick: int, stray: int, status: int) -> tuple[int, int]:
        """Passes over system messages; returns the time to the next event, and a byte.

        A message that somebody recorded is an event, with the time to the next one
        behind it; one that got into the file later stands between a time and its event.
        The next bytes tell which: they can be read as events for longer.

        status: the running status.
        Returns: the tick and the first byte of the next event.
        """
        byte = stray
        while byte in STRAY:
            self.mend(f"status {byte:#x}, which a file cannot have", "passed over")
            for _ in range(STRAY[byte]):
                self.read()
            following = self.data[self.used() : self.used() + PROBE]
            byte = self.read()
            if byte not in STRAY:
                with_time = _readable(following, status)
                without_time = _readable(b"\0" + following, status) - 1
                if with_time >= without_time:
                    tick += self.read_number(byte)
                    byte = self.read()
        return tick, byte

    def keep(self, tick: int, event_type: int, body: bytes) -> None:
        """Appends an event to the metas."""
        if len(self.metas) == METAS:
            self.fail(f"more than {METAS} texts, programs, tempos, meters and keys")
        self.metas.append((tick, self.track, event_type, body))


def _readable(data: bytes, status: int) -> int:
    """Returns how many bytes can be read as events, the first with its time.

    status: the running status.
    """
    reader = _TrackReader(data, 0, [], 0, Report("", strict=True))
    try:
        reader.read_events(array("Q"), status)
    except StopIteration:
        # an event goes on behind the probe, or it is cut off by the end of the track
        return len(data) if len(data) >= PROBE else len(data) - 1
    except (_FaultError, OverflowError):
        return reader.used()
    return len(data)
