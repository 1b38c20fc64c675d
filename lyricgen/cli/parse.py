"""python -m lyricgen parse: a row for each MIDI file, and what could not be read."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np

from lyricgen import shards
from lyricgen.files import check_folder
from lyricgen.music.midi import MidiError, read_midi
from lyricgen.music.midi.reader import is_encoding
from lyricgen.music.midi.summary import (
    COLUMNS,
    describe_left_out,
    describe_syllables,
    find_midi_files,
    holds_midi_files,
    summarise,
)

# The widths of the columns, so that a row can be printed before the next file is read
WIDTHS = {"key": 9, "melodies": 8, "warnings": 8}

NOTHING = np.zeros((0, 0), np.uint8)

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
    parser.add_argument("--jobs", type=int, default=1, help="processes that read (1)")
    parser.add_argument(
        "--keep",
        type=Path,
        metavar="DIR",
        help="keeps the rows there, in parts, so that a run that was stopped goes on",
    )
    parser.set_defaults(run=run_parse)


def encoding_name(name: str) -> str:
    """Returns the name of an encoding; an argument that names none is an error."""
    if not is_encoding(name):
        raise argparse.ArgumentTypeError(f"{name!r} is not an encoding that Python knows")
    return name


def run_parse(args: argparse.Namespace) -> int:
    """Reads the files, prints a row for each as it is read, and what was left out.

    Returns 1 if some could not be read, else 0.
    """
    files = find_midi_files(args.paths)
    if args.keep is not None:
        check_folder(args.keep)
    work = partial(read_row, encoding=args.encoding)
    described = {"format": 1, "encoding": args.encoding}
    job = shards.Job(work, files, described, args.keep, args.jobs)
    rows = with_bar(job, len(files))
    folders = [
        {"file": name, "error": message} for name, message in empty_folders(args.paths).items()
    ]
    empty = len(folders)
    errors = print_json(rows, folders) if args.json else print_rows(rows, folders)
    read = len(files) + empty - errors
    print(f"{read} of {len(files)} files read, {errors} with errors.", file=sys.stderr)
    return 1 if errors else 0


def read_row(path: Path, encoding: str | None) -> shards.Result:
    """Returns the row of a file, which says why where it cannot be read."""
    try:
        return {"file": str(path), **summarise(read_midi(path, encoding=encoding))}, NOTHING
    except MidiError as error:
        return {"file": str(path), "error": str(error)}, NOTHING


def with_bar(job: shards.Job, files: int) -> Iterator[dict]:
    """Yields the rows of a job behind a progress bar, where there are some files."""
    from tqdm import tqdm

    hides_bar = files < FILES_WITH_BAR
    with tqdm(
        total=files, desc="reading", unit="file", file=sys.stderr, disable=hides_bar
    ) as progress:
        for row, _ in shards.run(job):
            progress.update()
            yield row


def write(text: str, file=None) -> None:
    """Prints a line above the progress bar."""
    from tqdm import tqdm

    tqdm.write(text, file=file or sys.stdout)


def empty_folders(paths: list[Path]) -> dict[str, str]:
    """Returns an error for each folder without a MIDI file."""
    errors = {}
    for path in paths:
        if path.is_dir() and not holds_midi_files(path):
            errors[str(path)] = f"{path} holds no MIDI file."
    return errors


def print_json(rows: Iterator[dict], errors: list[dict]) -> int:
    """Prints the rows, and then the errors, whose number it returns."""
    between = '{"files": ['
    for row in rows:
        if "error" in row:
            errors.append(row)
            continue
        write(between + json.dumps(row, ensure_ascii=False))
        between = ","
    closed = "" if between == "," else between
    write(f'{closed}],\n"errors": {json.dumps(errors, ensure_ascii=False, indent=1)}}}')
    return len(errors)


def print_rows(rows: Iterator[dict], errors: list[dict]) -> int:
    """Prints the rows in columns, remarks and errors; returns the number of errors."""
    for error in errors:
        write(error["error"], sys.stderr)
    count = len(errors)
    has_header = False
    for row in rows:
        if "error" in row:
            count += 1
            write(row["error"], sys.stderr)
            continue
        if not has_header:
            write(line_of({column: column for column in (*COLUMNS, "file")}))
            has_header = True
        minutes, seconds = divmod(round(row["length"]), 60)
        shown = {"length": f"{minutes}:{seconds:02d}", "warnings": len(row["warnings"])}
        write(line_of(row | shown))
        for remark in remarks_of(row):
            write(f"{row['file']}: {remark}.", sys.stderr)
    return count


def line_of(values: dict) -> str:
    """Returns a row of the table, the name of the file last."""
    cells = [str(values[column]).rjust(WIDTHS.get(column, 6)) for column in COLUMNS]
    return "  ".join([*cells, values["file"]])


def remarks_of(row: dict) -> list[str]:
    """Returns the warnings of a file, and what of it is in no melody or has no note."""
    remarks = list(row["warnings"])
    if row["left_out"]:
        remarks.append(describe_left_out(row["left_out"]))
    syllables = describe_syllables(row["syllables"])
    return [*remarks, syllables] if syllables else remarks
