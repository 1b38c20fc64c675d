"""MIDI files, read and written: what the rest of the course imports from here."""

from lyricgen.music.midi.file import (
    DRUMS,
    EVENTS,
    FILE_BYTES,
    METAS,
    NOTE,
    NOTES,
    ROLL_CELLS,
    TICKS,
    TRACKS,
    MidiError,
    MidiFile,
)
from lyricgen.music.midi.lyrics import Verse, read_verses
from lyricgen.music.midi.reader import read_midi
from lyricgen.music.midi.writer import write_midi

__all__ = [
    "DRUMS",
    "EVENTS",
    "FILE_BYTES",
    "METAS",
    "NOTE",
    "NOTES",
    "ROLL_CELLS",
    "TICKS",
    "TRACKS",
    "MidiError",
    "MidiFile",
    "Verse",
    "read_midi",
    "read_verses",
    "write_midi",
]
