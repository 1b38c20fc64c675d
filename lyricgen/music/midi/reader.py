"""MIDI files: bytes to MidiFile, bounded before anything is allocated.

Faults are mended with a warning, or are a MidiError that names file, track and byte.
"""

from __future__ import annotations

from array import array
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from lyricgen.music.midi.charset import choose_encoding
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
    map_rows,
)
from lyricgen.music.midi.pairing import NoteEvents, pair
from lyricgen.music.midi.track import Meta, Report, Warnings, read_track

# In place of a track, for a warning that concerns the file
WHOLE_FILE = -1

# As many tracks are named in a warning
NAMED_TRACKS = 8

# How files begin that are often taken for MIDI, and what they are
SIGNATURES = (
    (b"<!doctype html", "a web page"),
    (b"<html", "a web page"),
    (b"<head", "a web page"),
    (b"<?xml", "an XML file"),
    (b"PK\x03\x04", "a ZIP archive"),
    (b"Rar!", "a RAR archive"),
    (b"7z\xbc\xaf", "a 7z archive"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"%PDF", "a PDF"),
    (b"\x89PNG", "an image (PNG)"),
    (b"\xff\xd8\xff", "an image (JPEG)"),
    (b"GIF8", "an image (GIF)"),
    (b"BM", "an image (BMP)"),
    (b"RIFF", "a RIFF file (such as WAV)"),
    (b"OggS", "a sound file (Ogg)"),
    (b"fLaC", "a sound file (FLAC)"),
    (b"ID3", "a sound file (MP3)"),
)

# A lyric (tick, track, text); another text (tick, track, type of meta event, text)
Lyric = tuple[int, int, str]
Text = tuple[int, int, int, str]


@dataclass(frozen=True)
class _Header:
    """What the MThd chunk says, and the byte at which the next chunk begins."""

    format: int
    tracks: int
    division: int  # ticks per quarter
    smpte_tempos: list[tuple[int, int]]  # empty where a division counts ticks per quarter
    end: int


@dataclass
class _Tracks:
    """What the tracks hold, before notes are paired and texts are decoded."""

    events: array = field(default_factory=lambda: array("Q"))  # starts and ends of notes, packed
    counts: list[int] = field(default_factory=list)  # of them in each track
    metas: list[Meta] = field(default_factory=list)
    ends: list[int] = field(default_factory=list)  # the last tick of each track


def read_midi(
    source: str | Path | bytes, *, strict: bool = False, encoding: str | None = None
) -> MidiFile:
    """Reads a Standard MIDI File of format 0, 1 or 2: a path, or bytes.

    Its MThd chunk may stand within the first 1,024 bytes (RIFF, MacBinary). Notes of
    one pitch that overlap, on one channel of one track, end first in, first out. A note
    that never ends is left out and kept in `hanging`. Texts are UTF-8; where they are
    not, `choose_encoding` finds one encoding for the file, and a warning names it.
    Odd but clear files are read, and `warnings` says what was odd: more or fewer tracks
    than declared (all are read), a chunk whose length lies, no end of track, running
    status across a meta or system exclusive event (by the standard it ends there; here
    it holds), tempos, meters and keys that cannot be (left out), SMPTE division.

    Faults are mended, with a warning: data bytes above 127, system messages between
    events, a format with a wrong high byte. Where a track cannot be read on, what
    stands before that stays, and so do the other tracks.

    strict: whether a fault is an error. A sound file is read the same either way.
    encoding: of the texts, in place of the one that is found.
    Raises: MidiError for what is no MIDI, what is too large, a file of which nothing
        can be read, an encoding that is none, and, where strict, for a fault.
    Source: Standard MIDI Files 1.0.
    Notebook: reading_midi
    """
    if encoding is not None and not is_encoding(encoding):
        raise MidiError(f"{encoding!r} is not an encoding of texts that Python knows.")
    name, data = _load(source)
    report = Report(name, strict)
    warnings = report.warnings
    header = _read_header(data, report)
    tracks = _read_tracks(data, header.end, report)
    if report.faults and not (tracks.events or tracks.metas):
        raise MidiError(f"{name}: nothing can be read of it: {report.faults[0]}.")
    _check_tracks(header, len(tracks.ends), warnings)
    events = _unpack(tracks)
    # a file may have millions of notes
    tracks.events = array("Q")
    if np.count_nonzero(events.is_start) > NOTES:
        raise MidiError(f"{name} has more than {NOTES} notes.")
    ends = np.array(tracks.ends, np.int64)
    notes, hanging = pair(events, ends)
    if len(hanging):
        in_tracks = hanging["track"].tolist()
        warnings["notes that never end (left out of the notes)"].update(in_tracks)
    maps = _read_maps(tracks.metas, warnings)
    decoded = _decode_texts(tracks.metas, encoding, warnings)
    lyrics, texts, names = _read_texts(decoded)
    return MidiFile(
        format=header.format,
        division=header.division,
        notes=notes,
        tempos=map_rows(header.smpte_tempos or maps[TEMPO], 2),
        meters=map_rows(maps[METER], 3),
        keys=map_rows(maps[KEY], 3),
        programs=map_rows(_read_programs(tracks.metas), 4),
        lyrics=lyrics,
        texts=texts,
        names=names,
        ends=ends,
        hanging=hanging,
        warnings=_describe(warnings),
    )


def _load(source: str | Path | bytes) -> tuple[str, bytes]:
    """Returns the name and the bytes of a file, or of bytes."""
    if isinstance(source, (bytes, bytearray, memoryview)):
        name = "MIDI data"
        data = bytes(source[: FILE_BYTES + 1])
    else:
        name = str(source)
        data = _load_file(Path(source), name)
    if len(data) > FILE_BYTES:
        raise MidiError(f"{name} has more than {FILE_BYTES} bytes, the most that is read.")
    return name, data


def _load_file(path: Path, name: str) -> bytes:
    """Returns the bytes of a file, at most one more than are read."""
    try:
        if path.is_file():
            with open(path, "rb") as file:
                return file.read(FILE_BYTES + 1)
    except (OSError, ValueError) as error:
        raise MidiError(f"{name} cannot be read: {error}.") from error
    raise MidiError(f"{name} is not a file.")


def _name_kind(data: bytes) -> str:
    """Returns what data without a MIDI header is: ", but a web page", or ""."""
    if not data:
        return ", but empty"
    start = data[:64].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    for signature, kind in SIGNATURES:
        if start.startswith(signature.lower()):
            return f", but {kind}"
    return ""


def _read_header(data: bytes, report: Report) -> _Header:
    """Reads the MThd chunk: a length, then format, number of tracks and division."""
    name = report.name
    warnings = report.warnings
    start = data.find(b"MThd", 0, 1024)
    body = start + 8
    if start < 0 or len(data) < body + 6:
        raise MidiError(
            f"{name} is not a MIDI file{_name_kind(data)}: "
            "no whole header (MThd) in its first 1,024 bytes."
        )
    length = int.from_bytes(data[start + 4 : body], "big")
    form = int.from_bytes(data[body : body + 2], "big")
    tracks = int.from_bytes(data[body + 2 : body + 4], "big")
    division = int.from_bytes(data[body + 4 : body + 6], "big")
    low_byte = form & 255
    if form > 2 >= low_byte and not report.strict:
        warnings[f"format {form}, read as {low_byte}"][WHOLE_FILE] += 1
        form = low_byte
    if form > 2 or length < 6:
        raise MidiError(
            f"{name}, byte {start + 4}: a header of {length} bytes and format {form}; "
            "it takes 6 bytes, and there are formats 0, 1 and 2."
        )
    if start:
        warnings[f"{start} bytes before the header"][WHOLE_FILE] += 1
    division, tempos = _read_division(division, f"{name}, byte {body + 4}", warnings)
    end = body + length if body + length <= len(data) else body + 6
    return _Header(form, tracks, division, tempos, end)


def _read_division(raw: int, place: str, warnings: Warnings) -> tuple[int, list[tuple[int, int]]]:
    """Returns the ticks per quarter and, for SMPTE division only, a tempo map.

    SMPTE division counts frames a second and ticks a frame. There a quarter is taken to
    be 1 s, or 1.001 s at 29.97 frames.
    """
    tempos: list[tuple[int, int]] = []
    division = raw
    if raw >= 0x8000:
        frames = 256 - (raw >> 8)
        if frames not in (24, 25, 29, 30):
            raise MidiError(
                f"{place}: {frames} frames a second; SMPTE has 24, 25, 29 (29.97) and 30."
            )
        microseconds = 1_000_000
        if frames == 29:
            frames = 30
            microseconds = 1_001_000
        division = (raw & 255) * frames
        tempos = [(0, microseconds)]
        warning = (
            f"SMPTE division: {division} ticks are a quarter of {microseconds} microseconds, "
            "whatever tempo is given"
        )
        warnings[warning][WHOLE_FILE] += 1
    if division == 0:
        raise MidiError(f"{place}: a division of 0 ticks.")
    return division, tempos


def _read_tracks(data: bytes, place: int, report: Report) -> _Tracks:
    """Reads all tracks from the chunk on that begins at a byte; at most TRACKS."""
    tracks = _Tracks()
    place = _next_track(data, place, report.warnings)
    while place < len(data):
        if len(tracks.ends) == TRACKS:
            raise MidiError(f"{report.name}, byte {place}: more than {TRACKS} tracks.")
        place = _read_track_chunk(data, place, tracks, report)
        place = _next_track(data, place, report.warnings)
    return tracks


def _read_track_chunk(data: bytes, place: int, tracks: _Tracks, report: Report) -> int:
    """Reads the MTrk chunk at a byte into `tracks`; returns where it ends."""
    warnings = report.warnings
    track = len(tracks.ends)
    length = int.from_bytes(data[place + 4 : place + 8], "big")
    start = place + 8
    stop = start + length
    # where neither the data ends nor a chunk begins, the length is wrong
    length_lies = stop != len(data) and not data[stop : stop + 4].isalnum()
    if length_lies:
        stop = _find_track(data, start)
    events_before = len(tracks.events)
    faults_before = len(report.faults)
    body = data[start:stop]
    end, used = read_track(body, start, tracks.events, tracks.metas, track, report)
    if len(tracks.events) > EVENTS:
        raise MidiError(
            f"{report.name}, track {track}, byte {start}: "
            f"more than {EVENTS} starts and ends of notes."
        )
    tracks.ends.append(end)
    tracks.counts.append(len(tracks.events) - events_before)
    if len(report.faults) > faults_before:
        # the rest of the chunk is left out
        return stop
    if length_lies:
        warnings["its length lies"][track] += used != length
        return start + used
    if start + used < stop:
        warnings["bytes after the end of the track"][track] += stop - start - used
    return stop


def _next_track(data: bytes, place: int, warnings: Warnings) -> int:
    """Returns where the next track chunk begins, or the end of the data.

    Other chunks and junk are passed over.
    """
    while place < len(data) and data[place : place + 4] != b"MTrk":
        length = int.from_bytes(data[place + 4 : place + 8], "big")
        end = place + 8 + length
        if data[place : place + 4].isalnum() and end <= len(data):
            warnings["chunks that are no tracks"][WHOLE_FILE] += 1
        else:
            end = _find_track(data, place + 1)
            warnings["bytes that are no chunk"][WHOLE_FILE] += end - place
        place = end
    return place


def _find_track(data: bytes, place: int) -> int:
    """Returns where "MTrk" stands next, or the end of the data."""
    track = data.find(b"MTrk", place)
    return len(data) if track < 0 else track


def _check_tracks(header: _Header, tracks: int, warnings: Warnings) -> None:
    """Warns of a number of tracks that the header does not name, and of format 2."""
    if header.tracks != tracks:
        warning = f"{header.tracks} tracks are declared, and there are {tracks}"
        warnings[warning][WHOLE_FILE] += 1
    if header.format == 2 and tracks > 1:
        warning = "format 2: each track is a piece of its own, but there is one tempo map for all"
        warnings[warning][WHOLE_FILE] += 1


def _unpack(tracks: _Tracks) -> NoteEvents:
    """Returns the starts and ends of notes that `read_track` has packed."""
    packed = np.frombuffer(tracks.events, np.uint64)
    track_numbers = np.arange(len(tracks.ends), dtype=np.uint16)
    return NoteEvents(
        tick=(packed >> 24).astype(np.int32),
        status=(packed >> 16).astype(np.uint8),
        pitch=(packed >> 8).astype(np.uint8),
        velocity=packed.astype(np.uint8),
        track=np.repeat(track_numbers, tracks.counts),
    )


def _read_programs(metas: list[Meta]) -> list[tuple[int, int, int, int]]:
    """Returns the program changes: tick, track, channel, program."""
    programs = []
    for tick, track, event_type, body in metas:
        # the type of a program change is its status; those of meta events are below
        if event_type > 127:
            programs.append((tick, track, event_type & 15, body[0]))
    return programs


def _read_maps(metas: list[Meta], warnings: Warnings) -> dict[int, list[tuple[int, ...]]]:
    """Returns the rows of the tempo, meter and key maps, by type of meta event.

    What no tempo, meter or key can be is left out with a warning.
    """
    readers = {TEMPO: _read_tempo, METER: _read_meter, KEY: _read_key}
    names = {TEMPO: "tempo", METER: "meter", KEY: "key"}
    maps: dict[int, list[tuple[int, ...]]] = {TEMPO: [], METER: [], KEY: []}
    for tick, track, event_type, body in metas:
        if event_type in maps:
            values = readers[event_type](body)
            if values:
                maps[event_type].append((tick, *values))
            else:
                warning = f"a {names[event_type]} that cannot be (left out)"
                warnings[warning][track] += 1
    return maps


def _read_tempo(body: bytes) -> tuple[int, ...]:
    """Returns the microseconds per quarter; () where they cannot be."""
    if len(body) != 3 or not any(body):
        return ()
    return (int.from_bytes(body, "big"),)


def _read_meter(body: bytes) -> tuple[int, ...]:
    """Returns numerator and denominator; () where they cannot be."""
    if len(body) < 2 or body[0] == 0 or body[1] > 7:
        return ()
    return body[0], 1 << body[1]


def _read_key(body: bytes) -> tuple[int, ...]:
    """Returns sharps (-7 to 7) and 1 if minor; () where they cannot be."""
    if len(body) != 2:
        return ()
    # a byte with a sign: from seven flats on, counted from 0
    from_flats = (body[0] + 7) % 256
    if from_flats > 14 or body[1] > 1:
        return ()
    return from_flats - 7, body[1]


def is_encoding(name: str) -> bool:
    """Returns whether Python knows an encoding of texts by this name."""
    try:
        # without bytes there is no look at the encoding
        b"a".decode(name)
    except UnicodeError:
        # a byte is no text in UTF-16
        return True
    except (LookupError, ValueError):
        return False
    return True


def _decode_texts(metas: list[Meta], encoding: str | None, warnings: Warnings) -> list[Text]:
    """Returns the texts in order, by one encoding; what is not in it is Latin-1.

    encoding: None to find it.
    """
    bodies = [meta for meta in metas if meta[2] < 16]
    if encoding is None:
        try:
            return [(meta[0], meta[1], meta[2], meta[3].decode()) for meta in bodies]
        except UnicodeDecodeError:
            encoding = choose_encoding([body for _, _, _, body in bodies])
        if encoding != "UTF-8":
            warning = f"texts are not UTF-8; read as {encoding}: --encoding names another"
            warnings[warning][WHOLE_FILE] += 1
    rows = []
    for tick, track, event_type, body in bodies:
        try:
            text = body.decode(encoding)
        except UnicodeError:
            warnings[f"texts that are not {encoding}, read as Latin-1"][track] += 1
            text = body.decode("latin-1")
        rows.append((tick, track, event_type, text))
    return rows


def _read_texts(
    decoded: list[Text],
) -> tuple[tuple[Lyric, ...], tuple[Text, ...], dict[int, str]]:
    """Returns the lyrics, the other texts, and the names of tracks.

    Lyrics are the lyric events and karaoke: the texts (FF 01) without `@` of a track of
    `_karaoke_tracks`.
    """
    rows: list[Text] = []
    names: dict[int, str] = {}
    for tick, track, event_type, text in decoded:
        if event_type == NAME and track not in names:
            names[track] = text
        else:
            rows.append((tick, track, event_type, text))
    karaoke = _karaoke_tracks(rows)
    rows.sort(key=lambda row: row[:2])
    lyrics = []
    texts = []
    for tick, track, event_type, text in rows:
        in_karaoke = event_type == TEXT and track in karaoke and not text.startswith("@")
        if event_type == LYRIC or in_karaoke:
            lyrics.append((tick, track, text))
        else:
            texts.append((tick, track, event_type, text))
    return tuple(lyrics), tuple(texts), names


def _karaoke_tracks(rows: list[Text]) -> set[int]:
    """Returns the tracks whose texts (FF 01) are sung.

    In such a track a text begins with `/` or `\\`; or the file has a tag such as
    `@KMIDI KARAOKE FILE`, and the texts that are no tags stand at more than one tick.
    """
    tagged = False
    tracks = set()
    ticks = defaultdict(set)
    for tick, track, event_type, text in rows:
        if event_type == TEXT:
            if text.startswith("@"):
                tagged = True
            else:
                ticks[track].add(tick)
            if text.startswith(("/", "\\")):
                tracks.add(track)
    if tagged:
        tracks |= {track for track, at_ticks in ticks.items() if len(at_ticks) > 1}
    return tracks


def _describe(warnings: Warnings) -> tuple[str, ...]:
    """Returns a sentence for each warning: what was odd, in which tracks, how often."""
    sentences = []
    for warning, tracks in warnings.items():
        times = tracks.total()
        if times:
            how_often = f" ({times})" if times > 1 else ""
            sentences.append(f"{_name_tracks(tracks)}{warning}{how_often}")
    return tuple(sentences)


def _name_tracks(tracks: Counter[int]) -> str:
    """Returns the tracks of a warning, with a colon: "tracks 1, 2: ", or ""."""
    numbers = [str(track) for track in sorted(tracks) if track >= 0]
    if not numbers:
        return ""
    plural = "s" if len(numbers) > 1 else ""
    others = " and others" if len(numbers) > NAMED_TRACKS else ""
    return f"track{plural} {', '.join(numbers[:NAMED_TRACKS])}{others}: "
