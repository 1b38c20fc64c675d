"""What a MIDI file holds, in a row of a table."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from lyricgen.music import extraction
from lyricgen.music.keys import key_name
from lyricgen.music.midi import MidiFile

MIDI_SUFFIXES = {".mid", ".midi", ".kar", ".rmi", ".smf"}


COLUMNS = ("format", "tracks", "notes", "lyrics", "length", "key", "melodies", "warnings")


def summarise(midi: MidiFile) -> dict:
    """What the table says of a file: counts, length in seconds, key, the number of melodies, and the warnings.

    Notebook: 05_reading_midi
    """
    return {
        "format": midi.format,
        "tracks": len(midi.ends),
        "notes": len(midi.notes),
        "lyrics": len(midi.lyrics),
        "length": round(float(midi.seconds(midi.ends.max(initial=0))), 3),
        "key": key_name(midi),
        "melodies": len(extraction.extract_melodies(midi)),
        "warnings": list(midi.warnings),
    }


def find_midi_files(paths: Iterable[Path]) -> list[Path]:
    """The files that are named, and those with the name of a MIDI file in the folders that are named and all folders below."""
    found: list[Path] = []
    for path in paths:
        found += (
            sorted(
                file
                for file in path.rglob("*")
                if file.suffix.lower() in MIDI_SUFFIXES and file.is_file()
            )
            if path.is_dir()
            else [path]
        )
    return list(dict.fromkeys(found))
