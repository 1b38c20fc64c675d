"""MidiFile to bytes: what read_midi gives back, the same bytes for the same file."""

from __future__ import annotations

import numpy as np

from lyricgen.music.midi.file import (
    END,
    KEY,
    LYRIC,
    MAX_TEMPO,
    METER,
    NAME,
    TEMPO,
    TRACKS,
    MidiFile,
    check_notes,
)

# The largest variable-length number: four bytes of seven bits
FOUR_BYTES = (1 << 28) - 1

# A meta event without meaning
EMPTY_META = bytes([0xFF, 0x7F, 0])

# The order of events at one tick
META_RANK = 0
PROGRAM_RANK = 1
NOTE_OFF_RANK = 2
EMPTY_NOTE_ON_RANK = 3  # of a note of no length: it ends after it starts
EMPTY_NOTE_OFF_RANK = 4
NOTE_ON_RANK = 5

# Tick, rank at that tick, bytes
Event = tuple[int, int, bytes]


def write_midi(midi: MidiFile) -> bytes:
    """Returns the bytes of a MIDI file: the same for the same MidiFile.

    read_midi gives its notes, tempos, meters and lyrics back. Texts are UTF-8, lyrics
    are lyric events (FF 05), and tempo, meter and key stand in track 0. At one tick:
    texts and maps, programs, the ends of notes, notes of no length, the starts of
    notes. `hanging` is not written.
    Raises: ValueError for what MIDI has no way to say, such as a note that ends before
        an older note of its pitch.
    Notebook: reading_midi
    """
    _check(midi)
    tracks: list[list[Event]] = [[] for _ in midi.ends] or [[]]
    _add_metas(tracks, midi)
    _add_messages(tracks, midi)
    ends = midi.ends.tolist() or [0]
    numbers = (midi.format, len(tracks), midi.division)
    chunks = [_chunk(b"MThd", b"".join(number.to_bytes(2, "big") for number in numbers))]
    for events, end in zip(tracks, ends):
        chunks.append(_chunk(b"MTrk", _track_bytes(events, end)))
    return b"".join(chunks)


def _add_metas(tracks: list[list[Event]], midi: MidiFile) -> None:
    """Adds names, maps, texts and lyrics to the events of each track."""

    def add(tick: int, track: int, event_type: int, body: bytes) -> None:
        event = bytes([0xFF, event_type]) + _variable_length(len(body)) + body
        tracks[track].append((tick, META_RANK, event))

    for track, text in midi.names.items():
        add(0, track, NAME, text.encode())
    for tick, microseconds in midi.tempos.tolist():
        add(tick, 0, TEMPO, microseconds.to_bytes(3, "big"))
    for tick, numerator, denominator in midi.meters.tolist():
        exponent = denominator.bit_length() - 1
        # the usual values: a click each 24 MIDI clocks, eight 32nds in a quarter
        add(tick, 0, METER, bytes([numerator, exponent, 24, 8]))
    for tick, sharps, minor in midi.keys.tolist():
        add(tick, 0, KEY, bytes([sharps % 256, minor]))
    for tick, track, event_type, text in midi.texts:
        add(tick, track, event_type, text.encode())
    for tick, track, text in midi.lyrics:
        add(tick, track, LYRIC, text.encode())


def _add_messages(tracks: list[list[Event]], midi: MidiFile) -> None:
    """Adds programs and the starts and ends of notes to the events of each track."""
    for tick, track, channel, program in midi.programs.tolist():
        tracks[track].append((tick, PROGRAM_RANK, bytes([0xC0 | channel, program])))
    for onset, duration, pitch, velocity, channel, track in midi.notes.tolist():
        note_on = bytes([0x90 | channel, pitch, velocity])
        note_off = bytes([0x80 | channel, pitch, 64])
        on_rank = NOTE_ON_RANK if duration else EMPTY_NOTE_ON_RANK
        off_rank = NOTE_OFF_RANK if duration else EMPTY_NOTE_OFF_RANK
        tracks[track].append((onset, on_rank, note_on))
        tracks[track].append((onset + duration, off_rank, note_off))


def _track_bytes(events: list[Event], end: int) -> bytes:
    """Returns the body of a track: the time since the last event, and each event."""
    # stable: events of one tick and rank stay in order
    in_order = sorted(events, key=lambda event: event[:2])
    last_tick = in_order[-1][0] if in_order else 0
    body = bytearray()
    now = 0
    for tick, _, event in in_order:
        body += _delta(tick - now) + event
        now = tick
    body += _delta(max(end, last_tick) - now) + bytes([0xFF, END, 0])
    return bytes(body)


def _delta(ticks: int) -> bytes:
    """Returns the time to the next event, with empty events where it is too long."""
    delta = b""
    while ticks > FOUR_BYTES:
        delta += _variable_length(FOUR_BYTES) + EMPTY_META
        ticks -= FOUR_BYTES
    return delta + _variable_length(ticks)


def _chunk(name: bytes, body: bytes) -> bytes:
    """Returns a chunk: four letters, the length of the body, the body."""
    return name + len(body).to_bytes(4, "big") + body


def _variable_length(number: int) -> bytes:
    """Returns a number in seven bits a byte, highest first.

    The high bit is set on all bytes but the last.
    """
    digits = [number & 127]
    number >>= 7
    while number:
        digits.append(number & 127 | 128)
        number >>= 7
    return bytes(reversed(digits))


def _check(midi: MidiFile) -> None:
    """Raises ValueError for what a MIDI file cannot hold."""
    notes = midi.notes
    check_notes(
        notes["onset"],
        notes["duration"],
        notes["pitch"],
        notes["velocity"],
        notes["channel"],
        notes["track"],
    )
    tracks = len(midi.ends)
    if midi.format not in (0, 1, 2) or not 0 < midi.division < 0x8000 or tracks > TRACKS:
        raise ValueError(
            "A MIDI file has format 0, 1 or 2, a division from 1 to 32767 "
            f"and up to {TRACKS} tracks."
        )
    highest = _highest_track(midi)
    if highest >= tracks:
        raise ValueError(f"Something stands in track {highest}, and `ends` has {tracks} tracks.")
    _check_maps(midi)
    _check_nesting(midi)


def _highest_track(midi: MidiFile) -> int:
    """Returns the highest track in which something stands, -1 where nothing does."""
    used = [-1, *midi.notes["track"].tolist(), *midi.names]
    used += [track for _, track, _ in midi.lyrics]
    used += [track for _, track, _, _ in midi.texts]
    used += [track for _, track, _, _ in midi.programs.tolist()]
    return max(used)


def _check_maps(midi: MidiFile) -> None:
    """Raises ValueError for a tempo, a meter or a key that cannot be."""
    _, tempo = midi.tempos.T
    if ((tempo < 1) | (tempo > MAX_TEMPO)).any():
        raise ValueError(f"A tempo has 1 to {MAX_TEMPO} microseconds a quarter.")
    _, numerator, denominator = midi.meters.T
    powers_of_two = 1 << np.arange(8)
    meter_is_odd = (numerator < 1) | (numerator > 255) | ~np.isin(denominator, powers_of_two)
    if meter_is_odd.any():
        raise ValueError("A meter has a numerator up to 255 and a power of two up to 128 below.")
    _, sharps, minor = midi.keys.T
    if ((abs(sharps) > 7) | (minor < 0) | (minor > 1)).any():
        raise ValueError("A key has up to 7 sharps or flats, and is major (0) or minor (1).")


def _check_nesting(midi: MidiFile) -> None:
    """Raises ValueError for a note that ends before an older note of its voice."""
    notes = midi.notes
    end = notes["onset"] + notes["duration"]
    track = notes["track"].astype(np.int64)
    channel = notes["channel"].astype(np.int64)
    voice = track << 11 | channel << 7 | notes["pitch"]
    order = np.lexsort((notes["duration"], notes["onset"], voice))
    same_voice = np.diff(voice[order]) == 0
    ends_earlier = np.diff(end[order]) < 0
    nested = order[1:][same_voice & ends_earlier]
    if len(nested):
        raise ValueError(
            f"Note {int(nested[0])} ends before an older note of its pitch and channel: "
            "MIDI cannot say which of the two ends."
        )
