"""python -m lyricgen parse: a row for each MIDI file, and what could not be read."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from lyricgen.music.midi import MidiError, read_midi
from lyricgen.music.midi.reader import is_encoding
from lyricgen.music.midi.summary import (
    COLUMNS,
    describe_left_out,
    find_midi_files,
    summarise,
)

# Fewer files than these are read before a progress bar could be looked at.
FILES_WITH_BAR = 5


def add_parser(commands) -> None:
    """Adds the command and its arguments."""
    parser = commands.add_parser(
        "parse", help="reads MIDI files: a row a file, and what could not be read"
    )
    parser.add_argument(
        "paths", nargs="+", type=Path, metavar="FILE|DIR", help="MIDI files, or folders of them"
    )
    parser.add_argument("--json", action="store_true", help="print JSON in place of the table")
    parser.add_argument(
        "--encoding",
        type=encoding_name,
        metavar="NAME",
        help="the encoding of the texts, such as gb18030 (found for each file)",
    )
    parser.set_defaults(run=run_parse)


def encoding_name(name: str) -> str:
    """Returns the name of an encoding; an argument that names none is an error."""
    if not is_encoding(name):
        raise argparse.ArgumentTypeError(f"{name!r} is not an encoding that Python knows")
    return name


def run_parse(args: argparse.Namespace) -> int:
    """Reads the files, prints a row for each, what was left out, and then the errors.

    Returns 1 if there were any, else 0.
    """
    from tqdm import tqdm

    files = find_midi_files(args.paths)
    rows: dict[str, dict] = {}
    errors = empty_folders(args.paths)
    hides_bar = len(files) < FILES_WITH_BAR
    for path in tqdm(files, desc="reading", unit="file", file=sys.stderr, disable=hides_bar):
        try:
            rows[str(path)] = summarise(read_midi(path, encoding=args.encoding))
        except MidiError as error:
            errors[str(path)] = str(error)
    if args.json:
        print_json(rows, errors)
    elif rows:
        print_table(rows)
        print_remarks(rows)
    for message in errors.values():
        print(message, file=sys.stderr)
    print(f"{len(rows)} of {len(files)} files read, {len(errors)} with errors.", file=sys.stderr)
    return 1 if errors else 0


def empty_folders(paths: list[Path]) -> dict[str, str]:
    """Returns an error for each folder without a MIDI file."""
    errors = {}
    for path in paths:
        if path.is_dir() and not find_midi_files([path]):
            errors[str(path)] = f"{path} holds no MIDI file."
    return errors


def print_json(rows: dict[str, dict], errors: dict[str, str]) -> None:
    """Prints the rows and the errors, each with its file."""
    files = [{"file": name, **values} for name, values in rows.items()]
    failures = [{"file": name, "error": error} for name, error in errors.items()]
    print(json.dumps({"files": files, "errors": failures}, ensure_ascii=False, indent=1))


def print_remarks(rows: dict[str, dict]) -> None:
    """Prints the warnings of each file, and which of its notes are in no melody."""
    for name, values in rows.items():
        remarks = list(values["warnings"])
        if values["left_out"]:
            remarks.append(describe_left_out(values["left_out"]))
        for remark in remarks:
            print(f"{name}: {remark}.", file=sys.stderr)


def print_table(rows: dict[str, dict]) -> None:
    """Prints the rows in columns, the name of the file last."""
    lines = [[*COLUMNS, "file"]]
    for name, values in rows.items():
        minutes, seconds = divmod(round(values["length"]), 60)
        shown = values | {
            "length": f"{minutes}:{seconds:02d}",
            "warnings": len(values["warnings"]),
        }
        cells = [str(shown[column]) for column in COLUMNS]
        lines.append([*cells, name])
    columns = list(zip(*lines))[:-1]
    widths = [max(map(len, column)) for column in columns]
    for line in lines:
        *cells, name = line
        aligned = [cell.rjust(width) for cell, width in zip(cells, widths)]
        print("  ".join([*aligned, name]))
