"""python -m lyricgen parse: a row for each MIDI file, and at the end what could not be read."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from lyricgen.music.midi import MidiError, read_midi
from lyricgen.music.midi.summary import COLUMNS, find_midi_files, summarise


def add_parser(commands) -> None:
    """Adds the command and its arguments."""
    parser = commands.add_parser(
        "parse", help="reads MIDI files: a row a file, and what could not be read"
    )
    parser.add_argument(
        "paths", nargs="+", type=Path, metavar="FILE|DIR", help="MIDI files, or folders of them"
    )
    parser.add_argument("--json", action="store_true", help="print JSON in place of the table")
    parser.set_defaults(run=run_parse)


def run_parse(args: argparse.Namespace) -> int:
    """Reads the files, prints a row for each and then the errors; returns 1 if there were any, else 0."""
    from tqdm import tqdm

    files = find_midi_files(args.paths)
    rows, errors = (
        {},
        {
            str(path): f"{path} holds no MIDI file."
            for path in args.paths
            if path.is_dir() and not find_midi_files([path])
        },
    )
    for path in tqdm(files, desc="reading", unit="file", file=sys.stderr):
        try:
            rows[str(path)] = summarise(read_midi(path))
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
