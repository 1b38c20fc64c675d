"""python -m lyricgen parse: a row for each MIDI file, and at the end what could not be read."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from . import melody
from .midi import DRUMS, MidiError, MidiFile, read_midi

SUFFIXES = {".mid", ".midi", ".kar", ".rmi", ".smf"}
COLUMNS = ("format", "tracks", "notes", "lyrics", "length", "key", "melodies", "warnings")
MAJOR_KEYS = (
    "Cb",
    "Gb",
    "Db",
    "Ab",
    "Eb",
    "Bb",
    "F",
    "C",
    "G",
    "D",
    "A",
    "E",
    "B",
    "F#",
    "C#",
)  # from seven flats to seven sharps
MINOR_KEYS = ("Ab", "Eb", "Bb", "F", "C", "G", "D", "A", "E", "B", "F#", "C#", "G#", "D#", "A#")
PROFILES = np.array(
    [
        [
            6.35,
            2.23,
            3.48,
            2.33,
            4.38,
            4.09,
            2.52,
            5.19,
            2.39,
            3.66,
            2.29,
            2.88,
        ],  # Krumhansl and Kessler 1982: how well each pitch
        [6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17],
    ]
)  # class fits C major and C minor
TONICS = ("C", "C#", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B")


def key_name(midi: MidiFile) -> str:
    """The key that the file names first, or the one whose profile its pitch classes fit best, with a question mark; "" without notes.

    Source: Krumhansl 1990, Cognitive Foundations of Musical Pitch, chapter 4. Notebook: 05_reading_midi
    """
    if len(midi.keys):
        _, sharps, minor = midi.keys[0].tolist()
        return f"{MINOR_KEYS[sharps + 7]} minor" if minor else f"{MAJOR_KEYS[sharps + 7]} major"
    notes = midi.notes[midi.notes["channel"] != DRUMS]
    heard = np.bincount(notes["pitch"] % 12, weights=np.maximum(notes["duration"], 1), minlength=12)
    if not len(notes) or np.ptp(heard) == 0:
        return ""
    fit = [
        np.corrcoef(heard, np.roll(profile, tonic))[0, 1]
        for profile in PROFILES
        for tonic in range(12)
    ]
    best = int(np.argmax(fit))
    return f"{TONICS[best % 12]} {'minor' if best >= 12 else 'major'}?"


def row(midi: MidiFile) -> dict:
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
        "melodies": len(melody.extract(midi)),
        "warnings": list(midi.warnings),
    }


def find(paths: Iterable[Path]) -> list[Path]:
    """The files that are named, and those with the name of a MIDI file in the folders that are named and all folders below."""
    found: list[Path] = []
    for path in paths:
        found += (
            sorted(
                file
                for file in path.rglob("*")
                if file.suffix.lower() in SUFFIXES and file.is_file()
            )
            if path.is_dir()
            else [path]
        )
    return list(dict.fromkeys(found))


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of the command."""
    parser.add_argument(
        "paths", nargs="+", type=Path, metavar="FILE|DIR", help="MIDI files, or folders of them"
    )
    parser.add_argument("--json", action="store_true", help="print JSON in place of the table")


def run(args: argparse.Namespace) -> int:
    """Reads the files, prints a row for each and then the errors; returns 1 if there were any, else 0."""
    from tqdm import tqdm

    files = find(args.paths)
    rows, errors = (
        {},
        {
            str(path): f"{path} holds no MIDI file."
            for path in args.paths
            if path.is_dir() and not find([path])
        },
    )
    for path in tqdm(files, desc="reading", unit="file", file=sys.stderr):
        try:
            rows[str(path)] = row(read_midi(path))
        except MidiError as error:
            errors[str(path)] = str(error)
    if args.json:
        print(
            json.dumps(
                {
                    "files": [{"file": name, **values} for name, values in rows.items()],
                    "errors": [{"file": name, "error": error} for name, error in errors.items()],
                },
                ensure_ascii=False,
                indent=1,
            )
        )
    elif rows:
        print_table(rows)
    for error in errors.values():
        print(error, file=sys.stderr)
    print(f"{len(rows)} of {len(files)} files read, {len(errors)} with errors.", file=sys.stderr)
    return 1 if errors else 0


def print_table(rows: dict[str, dict]) -> None:
    """Prints the rows in columns, the name of the file last."""
    lines = [COLUMNS + ("file",)]
    for name, values in rows.items():
        minutes, seconds = divmod(round(values["length"]), 60)
        shown = {
            **values,
            "length": f"{minutes}:{seconds:02d}",
            "warnings": len(values["warnings"]),
        }
        lines.append(tuple(str(shown[column]) for column in COLUMNS) + (name,))
    widths = [max(len(line[k]) for line in lines) for k in range(len(COLUMNS))]
    for line in lines:
        print("  ".join([cell.rjust(width) for cell, width in zip(line, widths)] + [line[-1]]))
