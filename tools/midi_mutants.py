"""Damaged MIDI files, each from a seed and a number: the same on every machine.

A mutant is a small MIDI file with bits flipped, cut, with lying lengths, huge times,
junk, or no MIDI at all. LARGE are files at the edge of some limit of the reader.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from lyricgen.files import DATA, sha256
from lyricgen.music.midi.summary import find_midi_files

CASES = Path(__file__).resolve().parents[1] / "tests" / "cases"

# A seed file above this size is a large one: a mutant of it takes many times as long
LARGE_SEED = 16 << 10

# The share of mutants that are made from large seed files, where there are any
LARGE_SHARE = 0.05

# What is packed: files up to a size, and as many bytes in all
PACKED_FILE = 128 << 10
PACKED = 10 << 20

HEADER = bytes.fromhex("4D546864 00000006 0001 0001 0060")
NOTE_ON = b"\x00\x90\x3c\x50"
END_OF_TRACK = b"\x00\xff\x2f\x00"


def track(body: bytes) -> bytes:
    """Returns a track chunk."""
    return b"MTrk" + len(body).to_bytes(4, "big") + body


def one_track(start: bytes, event: bytes, times: int) -> bytes:
    """Returns a file of one track: some bytes, then an event many times."""
    return HEADER + track(start + event * times)


def many_chunks(chunk: bytes, times: int) -> bytes:
    """Returns a file that repeats one chunk."""
    return HEADER + chunk * times


def notes() -> bytes:
    """Returns a file of notes at 60 pitches, as many as are read."""
    events = []
    for k in range(3_590_000):
        velocity = 64 * (k // 60 % 2)
        events.append(bytes([1, 30 + k % 60, velocity]))
    return HEADER + track(NOTE_ON + b"".join(events))


def notes_at_once() -> bytes:
    """Returns a file in which a million notes of one pitch sound together."""
    starts = NOTE_ON + b"\x00\x3c\x50" * 1_000_000
    ends = b"\x01\x3c\x00" + b"\x00\x3c\x00" * 1_000_000
    return HEADER + track(starts + ends)


def long_text() -> bytes:
    """Returns a file with one text of 14 MB."""
    text = "\U0001f3b5".encode() + b"a" * 14_680_060
    return HEADER + track(b"\x00\xff\x05\x87\x80\x80\x00" + text)


def sung(syllables: Iterable[str], encoding: str) -> bytes:
    """Returns a file with a note and a lyric for each syllable, or character."""
    body = b""
    for k, syllable in enumerate(syllables):
        lyric = syllable.encode(encoding)
        pitch = 60 + k % 12
        body += bytes([0, 255, 5, len(lyric)]) + lyric
        body += bytes([0, 0x90, pitch, 80, 96, 0x80, pitch, 64])
    return HEADER + track(body + END_OF_TRACK)


# Seeds of mutants whose texts are not UTF-8
SUNG = {
    "gb18030": "明月几时有把酒问青天",
    "big5": "明月幾時有把酒問青天",
    "shift_jis": "上を向いて歩こう",
    "euc_kr": "나의살던고향은",
    "cp1251": "Калинка",
}

# Encodings of mutants of words, and the code points of characters that they have
WORDS = {
    "gb18030": range(0x4E00, 0x9FA6),
    "big5": range(0x4E00, 0x9FA6),
    "shift_jis": range(0x3041, 0x30F7),
    "euc_jp": range(0x3041, 0x30F7),
    "euc_kr": range(0xAC00, 0xD7A4),
    "utf_8": range(0x4E00, 0x9FA6),
}

LYRIC_TRACK = track(NOTE_ON + b"\x01\x3c\x00" + b"\x00\xff\x05\x01a" + END_OF_TRACK)
LYING_TRACK = b"MTrk\xff\xff\xff\xff" + NOTE_ON
LONG_NOTE = NOTE_ON + b"\xff\xff\xff\x7f\x3c\x00" + END_OF_TRACK

# Made when asked for; each is at the edge of some limit
LARGE: dict[str, Callable[[], bytes]] = {
    "zeros": partial(one_track, b"", b"\x00", 16_000_000),
    "high bytes": partial(one_track, b"", b"\xff", 16_000_000),
    "too large": partial(one_track, b"", b"\x00", 17_000_000),
    "notes": notes,
    "notes that never end": partial(one_track, NOTE_ON, b"\x01\x3c\x50", 1_790_000),
    "notes at once": notes_at_once,
    "too many notes": partial(one_track, NOTE_ON, b"\x01\x3c\x50", 5_000_000),
    "controllers": partial(one_track, b"\x00\xb0\x07\x50", b"\x01\x07\x50", 5_200_000),
    "programs": partial(one_track, b"\x00\xc0\x07", b"\x01\x07", 7_900_000),
    "lyrics": partial(one_track, b"", b"\x01\xff\x05\x02la", 240_000),
    "too many lyrics": partial(one_track, b"", b"\x01\xff\x05\x00", 3_900_000),
    "one long text": long_text,
    "lyrics in GB18030": partial(one_track, b"", b"\x01\xff\x05\x02\xd4\xc2", 240_000),
    "system messages": partial(one_track, NOTE_ON, b"\x00\xf8", 8_000_000),
    "data bytes above 127": partial(one_track, NOTE_ON, b"\x01\x3c\xff", 5_000_000),
    "cut tracks": partial(many_chunks, track(NOTE_ON + b"\x01\x3c"), 60_000),
    "tracks": partial(many_chunks, track(NOTE_ON), 65_000),
    "words in many tracks": partial(many_chunks, LYRIC_TRACK, 60_000),
    "too many tracks": partial(many_chunks, track(b""), 1_900_000),
    "lying tracks": partial(many_chunks, LYING_TRACK, 60_000),
    "other chunks": partial(many_chunks, b"abcd\x00\x00\x00\x00", 1_900_000),
    "huge time": partial(one_track, b"", LONG_NOTE, 1),
    "huge times": partial(one_track, NOTE_ON, b"\xff\xff\xff\x7f\x3c\x00", 2_000_000),
}

# Times of four and five bytes
HUGE_TIMES = (
    b"\xff\xff\xff\x7f",
    b"\x8f\xff\xff\x7f",
    b"\xff\xff\xff\xff\x7f",
    b"\x80\x80\x80\x00",
)

# The first bytes of what is no whole MIDI file
STARTS = (b"", HEADER, b"RIFF", b"PK\x03\x04", b"MThd", b"<html>", HEADER + b"MTrk")

DAMAGES = ["bits", "bits", "cut", "length", "time", "junk", "copy", "no MIDI"]


@dataclass(frozen=True)
class Seeds:
    """The files that are damaged, in the order of their names; none make words."""

    small: Sequence[bytes] = ()
    large: Sequence[bytes] = ()

    @property
    def all(self) -> tuple[bytes, ...]:
        """All of them, the small ones first."""
        return (*self.small, *self.large)

    def digest(self) -> str:
        """Returns a hash of all files: mutants are the same where it is."""
        return sha256("".join(map(sha256, self.all)).encode())


def read_seeds(folder: Path | None = None) -> Seeds:
    """Returns the seed files of the course and those of a folder, each of them once.

    They are its example files, the cases of its tests, and songs in other encodings.
    """
    places = [DATA / "midi", CASES]
    if folder is not None:
        places.append(folder)
    files = [path.read_bytes() for path in find_midi_files(places)]
    files += [sung(text, encoding) for encoding, text in SUNG.items()]
    different = list(dict.fromkeys(files))
    small = [data for data in different if len(data) <= LARGE_SEED]
    return Seeds(small, [data for data in different if len(data) > LARGE_SEED])


def pack(folder: Path, places: Iterable[Path]) -> tuple[int, int]:
    """Copies MIDI files into one folder, to be carried to another machine.

    The smallest come first, up to PACKED bytes in all; a file is named by its hash.
    Returns: the number of files and of bytes.
    """
    files = {}
    for path in find_midi_files(places):
        if path.stat().st_size <= PACKED_FILE:
            data = path.read_bytes()
            files[sha256(data)] = data
    folder.mkdir(parents=True, exist_ok=True)
    packed = 0
    count = 0
    for name, data in sorted(files.items(), key=lambda item: (len(item[1]), item[0])):
        if packed + len(data) > PACKED:
            break
        (folder / f"{name[:16]}.mid").write_bytes(data)
        packed += len(data)
        count += 1
    return count, packed


def mutant(seeds: Seeds, seed: int, k: int) -> bytes:
    """Returns the k-th mutant of a seed; without files to damage, it is of words."""
    rng = np.random.default_rng([seed, k])
    return damaged(rng, bytearray(draw(rng, seeds)))


def draw(rng: np.random.Generator, seeds: Seeds) -> bytes:
    """Returns a file to damage: a share of LARGE_SHARE is of the large ones."""
    if not seeds.all:
        return song_of_words(rng)
    from_large = seeds.large and rng.random() < LARGE_SHARE
    files = seeds.large if from_large else seeds.small
    return files[int(rng.integers(len(files)))]


def song_of_words(rng: np.random.Generator) -> bytes:
    """Returns a song of at most 60 syllables of 1 to 5 characters, in an encoding."""
    encoding = str(rng.choice(list(WORDS)))
    points = rng.choice(WORDS[encoding], 300)
    characters = "".join(map(chr, points)).encode(encoding, "ignore").decode(encoding)
    # the frequent ones as well
    characters += SUNG.get(encoding, "") * 8
    syllables = []
    for length in rng.integers(1, 6, int(rng.integers(1, 61))):
        syllables.append("".join(rng.choice(list(characters), length)))
    return sung(syllables, encoding)


def damaged(rng: np.random.Generator, data: bytearray) -> bytes:
    """Returns the bytes of a file, damaged in one of the ways."""
    kind = str(rng.choice(DAMAGES))
    for _ in range(int(rng.choice([1, 2, 4, 16]))):
        i = int(rng.integers(len(data))) if data else 0
        junk = rng.bytes(int(rng.integers(1, 12)))
        if kind == "bits":
            flip_bit(rng, data, i)
        elif kind == "cut":
            del data[i : i + int(rng.integers(1, 40))]
        elif kind == "length":
            change_length(rng, data, i)
        elif kind == "time":
            data[i:i] = HUGE_TIMES[int(rng.integers(4))]
        elif kind == "junk":
            data[i : i + int(rng.integers(0, 12))] = junk
        elif kind == "copy":
            j = int(rng.integers(len(data) + 1))
            data[i:i] = data[j : j + int(rng.integers(1, 400))]
        else:
            start = STARTS[int(rng.integers(len(STARTS)))]
            data[:] = start + rng.bytes(int(rng.integers(0, 3000)))
    cut_off(rng, data, kind)
    return bytes(data)


def flip_bit(rng: np.random.Generator, data: bytearray, i: int) -> None:
    """Flips one bit of a byte."""
    if data:
        data[i] ^= 1 << int(rng.integers(8))


def change_length(rng: np.random.Generator, data: bytearray, i: int) -> None:
    """Changes a length: of a chunk, of a meta event, or what is taken for one."""
    places = []
    if rng.random() < 0.5:
        places = [match.start() for match in re.finditer(b"MThd|MTrk", data)]
    if places:
        place = int(rng.choice(places)) + 4
        length = int(rng.integers(2**32)) >> int(rng.integers(32))
        data[place : place + 4] = length.to_bytes(4, "big")
        return
    place = data.find(b"\xff", i)
    if place >= 0:
        one_byte = rng.random() < 0.5
        new = bytes([int(rng.integers(256))]) if one_byte else b"\xff\xff\xff\x7f"
        data[place + 2 : place + 3] = new


def cut_off(rng: np.random.Generator, data: bytearray, kind: str) -> None:
    """Cuts off the end of every other file that is to be cut."""
    if kind == "cut" and rng.random() < 0.5:
        del data[int(rng.integers(len(data) + 1)) :]
