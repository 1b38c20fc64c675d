"""What a MIDI file holds, in a row of a table."""

from __future__ import annotations

import os
from array import array
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import overload

from lyricgen.music import extraction
from lyricgen.music.keys import key_name
from lyricgen.music.midi import MidiFile, read_verses

MIDI_SUFFIXES = {".mid", ".midi", ".kar", ".rmi", ".smf"}

COLUMNS = ("format", "tracks", "notes", "lyrics", "length", "key", "melodies", "warnings")


def summarise(midi: MidiFile) -> dict:
    """Returns what the table says of a file, by COLUMNS; the length is in seconds.

    `left_out` counts the notes that are in no melody, by reason; `syllables` those of
    the words that are joined to notes, at their ticks or near them, and the others.
    Notebook: reading_midi
    """
    melodies, left_out = extraction.extract_with_reasons(midi)
    last_tick = midi.ends.max(initial=0)
    seconds = float(midi.seconds(last_tick))
    return {
        "format": midi.format,
        "tracks": len(midi.ends),
        "notes": len(midi.notes),
        "lyrics": len(midi.lyrics),
        "length": round(seconds, 3),
        "key": key_name(midi),
        "melodies": len(melodies),
        "left_out": dict(left_out),
        "syllables": count_syllables(midi),
        "warnings": list(midi.warnings),
    }


def describe_left_out(left_out: dict[str, int]) -> str:
    """Returns which notes are in no melody, the most frequent reason first."""
    reasons = []
    for reason, notes in sorted(left_out.items(), key=lambda item: -item[1]):
        plural = "s" if notes > 1 else ""
        reasons.append(f"{reason}, {notes} note{plural}" if notes else reason)
    return f"not in melodies: {'; '.join(reasons)}"


def count_syllables(midi: MidiFile) -> dict[str, int]:
    """Returns how many syllables are joined to notes, by how near those are.

    `tolerance` is in ticks: a note that is further away is none of the syllable's.
    """
    counts = {"at their notes": 0, "beside their notes": 0, "without a note": 0, "tolerance": 0}
    for verse in read_verses(midi):
        joined = verse.notes >= 0
        counts["at their notes"] += int((joined & (verse.beside == 0)).sum())
        counts["beside their notes"] += int((joined & (verse.beside != 0)).sum())
        counts["without a note"] += int((~joined).sum())
        counts["tolerance"] = verse.tolerance
    return counts


def describe_syllables(counts: dict[str, int]) -> str:
    """Returns which syllables are not at the ticks of their notes, "" for none."""
    beside = counts["beside their notes"]
    alone = counts["without a note"]
    if not beside and not alone:
        return ""
    syllables = counts["at their notes"] + beside + alone
    ticks = counts["tolerance"]
    return (
        f"of {syllables} syllables {beside} belong to notes that start up to {ticks} ticks away, "
        f"and {alone} to none"
    )


class MidiFiles(Sequence[Path]):
    """The paths of many MIDI files, kept as bytes: far less than Path objects take."""

    def __init__(self, names: Iterable[str]):
        self._bytes = bytearray()
        # where each name ends, and the first begins
        self._ends = array("Q", [0])
        for name in dict.fromkeys(names):
            self._bytes += os.fsencode(name)
            self._ends.append(len(self._bytes))

    def __len__(self) -> int:
        return len(self._ends) - 1

    @overload
    def __getitem__(self, place: int) -> Path: ...

    @overload
    def __getitem__(self, place: slice) -> list[Path]: ...

    def __getitem__(self, place: int | slice) -> Path | list[Path]:
        places = range(len(self))[place]
        if isinstance(places, range):
            return [self[i] for i in places]
        name = self._bytes[self._ends[places] : self._ends[places + 1]]
        return Path(os.fsdecode(bytes(name)))


def find_midi_files(paths: Iterable[Path]) -> MidiFiles:
    """Returns the files among the paths, and the MIDI files in the folders among them.

    Folders are searched with all folders below, in the order of the paths; a link to a
    folder is not followed.
    """
    return MidiFiles(_names(paths))


def holds_midi_files(folder: Path) -> bool:
    """Returns whether a folder, or one below it, has a MIDI file."""
    return any(True for _ in _names_below(str(folder)))


def _names(paths: Iterable[Path]) -> Iterator[str]:
    """Yields the names of `find_midi_files`, some of them perhaps twice."""
    for path in paths:
        if path.is_dir():
            yield from _names_below(str(path))
        else:
            yield str(path)


def _names_below(folder: str) -> Iterator[str]:
    """Yields the MIDI files in a folder and below, in order."""
    try:
        names = sorted(os.listdir(folder))
    except OSError:
        # a folder that may not be read holds nothing
        return
    for name in names:
        path = name if folder == os.curdir else os.path.join(folder, name)
        if os.path.splitext(name)[1].lower() in MIDI_SUFFIXES and os.path.isfile(path):
            yield path
        elif os.path.isdir(path) and not os.path.islink(path):
            yield from _names_below(path)
