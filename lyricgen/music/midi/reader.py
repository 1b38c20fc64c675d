"""MIDI files: bytes to MidiFile, bounded before anything is allocated; what cannot be read is a MidiError that names file, track and byte."""

from __future__ import annotations

from array import array
from collections import Counter, defaultdict
from pathlib import Path

import numpy as np

from lyricgen.music.midi.file import (
    EVENTS,
    FILE_BYTES,
    KEY,
    LYRIC,
    METER,
    NAME,
    NOTES,
    TEMPO,
    TEXT,
    TRACKS,
    MidiError,
    MidiFile,
    table,
)
from lyricgen.music.midi.pairing import pair
from lyricgen.music.midi.track import Meta, Odd, read_track


def read_midi(source: str | Path | bytes) -> MidiFile:
    """Reads a Standard MIDI File of format 0, 1 or 2, from its MThd chunk on, which may stand within the first 1,024 bytes (RIFF, MacBinary).

    Notes of one pitch that overlap, on one channel of one track, end first in, first out. A note that never ends is left out and kept in `hanging`.
    Texts are UTF-8, else Latin-1. Odd but clear files are read, and `warnings` says what was odd: more or fewer tracks than declared (all are
    read), a chunk whose length lies, no end of track, running status across a meta or system exclusive event (by the standard it ends there; here
    it goes on), tempos, meters and keys that cannot be (left out), SMPTE division (see _division). All else is a MidiError. Source: Standard MIDI
    Files 1.0.
    Notebook: 05_reading_midi"""
    name, data = _load(source)
    i = data.find(b"MThd", 0, 1024)
    if i < 0 or len(data) < i + 14:
        raise MidiError(
            f"{name} is not a MIDI file: no whole header (MThd) in its first 1,024 bytes."
        )
    length, form, declared, division = (
        int.from_bytes(data[i + a : i + b], "big") for a, b in ((4, 8), (8, 10), (10, 12), (12, 14))
    )
    if form > 2 or length < 6:
        raise MidiError(
            f"{name}, byte {i + 4}: a header of {length} bytes and format {form}; it takes 6 bytes, and there are formats 0, 1 and 2."
        )
    odd: Odd = defaultdict(Counter)
    if i:
        odd[f"{i} bytes before the header"][-1] += 1
    division, film = _division(division, f"{name}, byte {i + 12}", odd)
    events, metas, counts, ends = array("Q"), [], [], []
    i = _next_track(data, i + 8 + length if i + 8 + length <= len(data) else i + 14, odd)
    while i < len(data):
        track, before, length = len(ends), len(events), int.from_bytes(data[i + 4 : i + 8], "big")
        if track == TRACKS:
            raise MidiError(f"{name}, byte {i}: more than {TRACKS} tracks.")
        start, stop = i + 8, i + 8 + length
        if (
            lies := stop != len(data) and not data[stop : stop + 4].isalnum()
        ):  # no other chunk begins there: on to the next track, or to the end
            stop = _find(data, start)
        tick, used = read_track(data[start:stop], start, events, metas, track, name, odd)
        if len(events) > EVENTS:
            raise MidiError(
                f"{name}, track {track}, byte {start}: more than {EVENTS} starts and ends of notes."
            )
        ends.append(tick)
        counts.append(len(events) - before)
        if lies:
            stop = start + used
            odd["its length lies"][track] += used != length
        elif start + used < stop:
            odd["bytes after the end of the track"][track] += stop - start - used
        i = _next_track(data, stop, odd)
    if declared != len(ends):
        odd[f"{declared} tracks are declared, and there are {len(ends)}"][-1] += 1
    if form == 2 and len(ends) > 1:
        odd["format 2: each track is a piece of its own, but there is one tempo map for all"][
            -1
        ] += 1
    packed, track = (
        np.frombuffer(events, np.uint64),
        np.repeat(np.arange(len(ends), dtype=np.uint16), counts),
    )
    tick, (status, pitch, velocity) = (
        (packed >> 24).astype(np.int32),
        ((packed >> shift).astype(np.uint8) for shift in (16, 8, 0)),
    )
    del packed, events
    if np.count_nonzero((status >= 0x90) & (velocity > 0)) > NOTES:
        raise MidiError(f"{name} has more than {NOTES} notes.")
    notes, hanging = pair(tick, status, pitch, velocity, track, np.array(ends, np.int64))
    programs = [
        (tick, track, kind & 15, body[0]) for tick, track, kind, body in metas if kind > 127
    ]
    if len(hanging):
        odd["notes that never end (left out of the notes)"].update(hanging["track"].tolist())
    maps = _maps(metas, odd)
    lyrics, texts, names = _texts(metas, odd)
    return MidiFile(
        form,
        division,
        notes,
        table(film or maps[TEMPO], 2),
        table(maps[METER], 3),
        table(maps[KEY], 3),
        table(programs, 4),
        tuple(lyrics),
        tuple(texts),
        names,
        np.array(ends, np.int64),
        hanging,
        _say(odd),
    )


def _load(source: str | Path | bytes) -> tuple[str, bytes]:
    """The name and the bytes of a file, or of bytes."""
    if isinstance(source, (bytes, bytearray, memoryview)):
        name, data = "MIDI data", bytes(source[: FILE_BYTES + 1])
    else:
        name = str(source)
        try:
            if not Path(source).is_file():
                raise MidiError(f"{name} is not a file.")
            with open(source, "rb") as file:
                data = file.read(FILE_BYTES + 1)
        except (OSError, ValueError) as error:
            raise (
                error
                if isinstance(error, MidiError)
                else MidiError(f"{name} cannot be read: {error}.")
            ) from error
    if len(data) > FILE_BYTES:
        raise MidiError(f"{name} has more than {FILE_BYTES} bytes, the most that is read.")
    return name, data


def _division(raw: int, place: str, odd: Odd) -> tuple[int, list[tuple[int, int]]]:
    """Ticks per quarter, and for SMPTE division (frames a second, ticks a frame) a tempo map: there a quarter is 1 s, or 1.001 s at 29.97 frames."""
    if raw < 0x8000:
        division, film = raw, []
    else:
        frames, division = 256 - (raw >> 8), raw & 255
        if frames not in (24, 25, 29, 30):
            raise MidiError(
                f"{place}: {frames} frames a second; SMPTE has 24, 25, 29 (29.97) and 30."
            )
        division, film = (
            division * (30 if frames == 29 else frames),
            [(0, 1_001_000 if frames == 29 else 1_000_000)],
        )
        odd[
            f"SMPTE division: {division} ticks are a quarter of {film[0][1]} microseconds, whatever tempo is given"
        ][-1] += 1
    if division == 0:
        raise MidiError(f"{place}: a division of 0 ticks.")
    return division, film


def _next_track(data: bytes, i: int, odd: Odd) -> int:
    """Where the next track chunk begins, or the end of the data; other chunks are passed over, and junk too."""
    while i < len(data) and data[i : i + 4] != b"MTrk":
        length = int.from_bytes(data[i + 4 : i + 8], "big")
        if data[i : i + 4].isalnum() and i + 8 + length <= len(data):
            odd["chunks that are no tracks"][-1] += 1
            i += 8 + length
        else:
            odd["bytes that are no chunk"][-1] += (found := _find(data, i + 1)) - i
            i = found
    return i


def _find(data: bytes, i: int) -> int:
    """Where "MTrk" stands next, or the end of the data."""
    found = data.find(b"MTrk", i)
    return len(data) if found < 0 else found


def _maps(metas: list[Meta], odd: Odd) -> dict[int, list[tuple[int, ...]]]:
    """The rows of the tempo, meter and key maps; what no tempo, meter or key can be is left out and counted."""
    maps: dict[int, list[tuple[int, ...]]] = {TEMPO: [], METER: [], KEY: []}
    for tick, track, kind, body in metas:
        if kind == TEMPO and len(body) == 3 and any(body):
            maps[TEMPO].append((tick, int.from_bytes(body, "big")))
        elif kind == METER and len(body) >= 2 and body[0] and body[1] < 8:
            maps[METER].append((tick, body[0], 1 << body[1]))
        elif kind == KEY and len(body) == 2 and (body[0] + 7) % 256 < 15 and body[1] < 2:
            maps[KEY].append((tick, (body[0] + 7) % 256 - 7, body[1]))
        elif kind in maps:
            odd[
                f"a {'tempo' if kind == TEMPO else 'meter' if kind == METER else 'key'} that cannot be (left out)"
            ][track] += 1
    return maps


def _texts(
    metas: list[Meta], odd: Odd
) -> tuple[list[tuple[int, int, str]], list[tuple[int, int, int, str]], dict[int, str]]:
    """Lyrics, other texts and the names of tracks.

    Lyrics are the lyric events and karaoke: the texts (FF 01) without `@` of a track where one begins with `/` or `\\`, or where they stand at more
    than one
    tick and the file has a tag such as `@KMIDI KARAOKE FILE`."""
    rows, names = [], {}
    for tick, track, kind, body in metas:
        if kind < 16:
            try:
                text = body.decode()
            except UnicodeDecodeError:
                text = body.decode("latin-1")
                odd["texts that are not UTF-8, read as Latin-1"][track] += 1
            if kind == NAME and track not in names:
                names[track] = text
            else:
                rows.append((tick, track, kind, text))
    tagged = any(kind == TEXT and text[:1] == "@" for _, _, kind, text in rows)
    karaoke = {track for _, track, kind, text in rows if kind == TEXT and text[:1] in ("/", "\\")}
    if tagged:
        first = {}
        karaoke |= {
            track
            for tick, track, kind, text in rows
            if kind == TEXT and text[:1] != "@" and first.setdefault(track, tick) != tick
        }
    rows.sort(key=lambda row: row[:2])
    sung = [
        kind == LYRIC or kind == TEXT and text[:1] != "@" and track in karaoke
        for _, track, kind, text in rows
    ]
    return (
        [(row[0], row[1], row[3]) for row, is_sung in zip(rows, sung) if is_sung],
        [row for row, is_sung in zip(rows, sung) if not is_sung],
        names,
    )


def _say(odd: Odd) -> tuple[str, ...]:
    """The warnings: what was odd, in which tracks, and how often."""
    said = []
    for what, tracks in odd.items():
        named = [str(track) for track in sorted(tracks) if track >= 0]
        where = (
            f"track{'s' * (len(named) > 1)} {', '.join(named[:8])}{' and others' * (len(named) > 8)}: "
            if named
            else ""
        )
        said += (
            [f"{where}{what}" + f" ({tracks.total()})" * (tracks.total() > 1)]
            if tracks.total()
            else []
        )
    return tuple(said)
