"""MidiFile to bytes: what read_midi gives back, the same bytes for the same file."""

from __future__ import annotations

import numpy as np

from lyricgen.music.midi.file import (
    END,
    KEY,
    LYRIC,
    METER,
    NAME,
    NOTE,
    TEMPO,
    TRACKS,
    MidiFile,
    check_notes,
)

FOUR_BYTES = (1 << 28) - 1  # the largest variable-length number


def write_midi(midi: MidiFile) -> bytes:
    """The bytes of a MIDI file: the same for the same MidiFile, and read_midi gives its notes, tempos, meters and lyrics back.

    Texts are UTF-8, lyrics are lyric events (FF 05), and tempo, meter and key stand in track 0. At one tick: texts and maps, programs, the ends of
    notes, notes of no length, the starts of notes. `hanging` is not written. Raises ValueError for what MIDI has no way to say, such as a note that
    ends before an older note of its pitch.
    Notebook: 05_reading_midi"""
    _check(midi)
    events: list[list[tuple[int, int, bytes]]] = [[] for _ in midi.ends] or [
        []
    ]  # of each track: tick, rank at that tick, bytes

    def meta(tick: int, track: int, kind: int, body: bytes) -> None:
        events[track].append((tick, 0, bytes([0xFF, kind]) + _digits(len(body)) + body))

    for track, text in midi.names.items():
        meta(0, track, NAME, text.encode())
    for tick, microseconds in midi.tempos.tolist():
        meta(tick, 0, TEMPO, microseconds.to_bytes(3, "big"))
    for tick, numerator, denominator in midi.meters.tolist():
        meta(tick, 0, METER, bytes([numerator, denominator.bit_length() - 1, 24, 8]))
    for tick, sharps, minor in midi.keys.tolist():
        meta(tick, 0, KEY, bytes([sharps % 256, minor]))
    for tick, track, kind, text in midi.texts:
        meta(tick, track, kind, text.encode())
    for tick, track, text in midi.lyrics:
        meta(tick, track, LYRIC, text.encode())
    for tick, track, channel, program in midi.programs.tolist():
        events[track].append((tick, 1, bytes([0xC0 | channel, program])))
    for onset, duration, pitch, velocity, channel, track in midi.notes.tolist():
        events[track].append(
            (onset, 5 if duration else 3, bytes([0x90 | channel, pitch, velocity]))
        )
        events[track].append(
            (onset + duration, 2 if duration else 4, bytes([0x80 | channel, pitch, 64]))
        )
    file = [
        b"MThd",
        (6).to_bytes(4, "big"),
        *(n.to_bytes(2, "big") for n in (midi.format, len(events), midi.division)),
    ]
    for rows, end in zip(events, midi.ends.tolist() or [0]):
        rows.sort(key=lambda row: row[:2])  # stable: what stands together stays in order
        rows.append((max(end, rows[-1][0] if rows else 0), 6, bytes([0xFF, END, 0])))
        body, now = bytearray(), 0
        for tick, _, event in rows:
            while (
                tick - now > FOUR_BYTES
            ):  # more than one number may say: an event without meaning stands between
                body += _digits(FOUR_BYTES) + bytes([0xFF, 0x7F, 0])
                now += FOUR_BYTES
            body += _digits(tick - now) + event
            now = tick
        file += [b"MTrk", len(body).to_bytes(4, "big"), body]
    return b"".join(file)


def _check(midi: MidiFile) -> None:
    """Raises ValueError for what a MIDI file cannot hold."""
    notes, tracks = check_notes(*(midi.notes[field] for field in NOTE.names)), len(midi.ends)
    if midi.format not in (0, 1, 2) or not 0 < midi.division < 0x8000 or tracks > TRACKS:
        raise ValueError(
            f"A MIDI file has format 0, 1 or 2, a division from 1 to 32767 and up to {TRACKS} tracks."
        )
    used = [
        *notes["track"].tolist(),
        *midi.names,
        *(row[1] for rows in (midi.lyrics, midi.texts, midi.programs.tolist()) for row in rows),
    ]
    if max(used, default=-1) >= tracks:
        raise ValueError(f"Something stands in track {max(used)}, and `ends` has {tracks} tracks.")
    _, tempo = midi.tempos.T
    _, numerator, denominator = midi.meters.T
    _, sharps, minor = midi.keys.T
    if ((tempo < 1) | (tempo > 0xFFFFFF)).any():
        raise ValueError(f"A tempo has 1 to {0xFFFFFF} microseconds a quarter.")
    if ((numerator < 1) | (numerator > 255) | ~np.isin(denominator, 1 << np.arange(8))).any():
        raise ValueError("A meter has a numerator up to 255 and a power of two up to 128 below.")
    if ((abs(sharps) > 7) | (minor < 0) | (minor > 1)).any():
        raise ValueError("A key has up to 7 sharps or flats, and is major (0) or minor (1).")
    end = notes["onset"] + notes["duration"]
    order = np.lexsort(
        (notes["duration"], notes["onset"], notes["pitch"], notes["channel"], notes["track"])
    )
    voice = (
        notes["track"].astype(np.int64) << 11
        | notes["channel"].astype(np.int64) << 7
        | notes["pitch"]
    )[order]
    nested = (np.diff(voice) == 0) & (np.diff(end[order]) < 0)
    if nested.any():
        first = int(order[1:][nested][0])
        raise ValueError(
            f"Note {first} ends before an older note of its pitch and channel: MIDI cannot say which of the two ends."
        )


def _digits(number: int) -> bytes:
    """A variable-length number: seven bits a byte, highest first, the high bit set on all but the last."""
    digits = [number & 127]
    while number := number >> 7:
        digits.insert(0, number & 127 | 128)
    return bytes(digits)
