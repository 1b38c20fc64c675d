"""A folder of MIDI files as windows of melodies, with what became of each file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from lyricgen import shards
from lyricgen.files import UserError, cache_dir, sha256
from lyricgen.music import melody
from lyricgen.music.extraction import Selection, describe_programs, extract
from lyricgen.music.meter import parse_meter
from lyricgen.music.midi import MidiError, read_midi
from lyricgen.music.midi.summary import find_midi_files

# Bars of a window
BARS = 2

# What is taken of a folder unless one asks for something else
SELECTION = Selection(on_grid=True)

# Programs that no tune is played on: basses; percussion and sound effects
BASSES = range(32, 40)
EFFECTS = range(112, 128)

NAMES_OF_PROGRAMS = {
    "all": tuple(range(128)),
    "melodic": tuple(k for k in range(128) if k not in BASSES and k not in EFFECTS),
}

# The least number of distinct windows that a folder needs
LEAST = 20

# Distinct windows with which a model learns from random weights what the measures of
# the course show; with fewer one begins from weights that are there.
PLENTY = 5000

# Files whose reasons an error repeats, at most
REASONS_TOLD = 3

Row = dict[str, Any]


def parse_programs(text: str) -> tuple[int, ...]:
    """Returns the numbers of programs that a text names: all, melodic, 0-31 or 0-31,73.

    Raises: UserError for anything else.
    """
    if text in NAMES_OF_PROGRAMS:
        return NAMES_OF_PROGRAMS[text]
    numbers: set[int] = set()
    for part in text.split(","):
        first, _, last = part.partition("-")
        try:
            numbers |= set(range(int(first), int(last or first) + 1))
        except ValueError:
            numbers.add(-1)
    if not numbers or min(numbers) < 0 or max(numbers) > 127:
        raise UserError(
            f"{text!r} names no programs; write all, melodic, or numbers from 0 to 127 as 0-31,73."
        )
    return tuple(sorted(numbers))


def select(meter: str | None, programs: str | None, track: str | None) -> Selection:
    """Returns which notes are taken, by what a user wrote; None is what is usual.

    track: "words" for only that of the words, whose program may be any.
    Raises: UserError for what is no meter or names no programs.
    """
    selection = replace(SELECTION, words=track == "words")
    if meter is not None:
        selection = replace(selection, meter=parse_meter(meter))
    if programs is None and selection.words:
        programs = "all"
    if programs is not None:
        selection = replace(selection, programs=parse_programs(programs))
    return selection


@dataclass
class Collection:
    """What a folder of MIDI files holds.

    rows: of each file: its name in the folder and why it was refused, or its notes,
        melodies, windows, the ticks of its offset, warnings, and the notes that were
        left out, by reason.
    windows: canonical uint8 (n, T) of each file that could be read.
    """

    selection: Selection
    rows: list[Row] = field(default_factory=list)
    windows: list[np.ndarray] = field(default_factory=list)

    def left_out(self) -> Counter[str]:
        """Returns how many notes are in no melody, by reason."""
        counts: Counter[str] = Counter()
        for row in self.rows:
            counts.update(row.get("left_out", {}))
        return counts

    def refused(self) -> list[Row]:
        """Returns the rows of the files that could not be read."""
        return [row for row in self.rows if "error" in row]

    def in_card(self) -> Row:
        """Returns what a card says of the selection and of what it left out."""
        selection = self.selection
        return {
            "meter": str(selection.meter),
            "programs": describe_programs(selection.programs),
            "track": "words" if selection.words else "all",
            "refused": len(self.refused()),
            "moved_to_the_grid": sum(row.get("offset", 0) != 0 for row in self.rows),
            "left_out": dict(self.left_out().most_common()),
        }

    def lines(self) -> Iterator[str]:
        """Yields the table by reason: what was left out and why, and what is left."""
        read = [row for row in self.rows if "error" not in row]
        notes = sum(row["notes"] for row in read)
        counts = self.left_out()
        taken = notes - sum(counts.values())
        yield f"{len(self.rows)} MIDI files, {len(read)} of them read: {notes} notes"
        for reason, count in counts.most_common():
            files = sum(reason in row["left_out"] for row in read)
            yield f"{count:9d} left out, in {files} files: {reason}"
        for row in self.refused():
            yield f"          refused: {row['error'].rstrip('.')}"
        moved = [row for row in read if row["offset"]]
        if moved:
            yield f"          {len(moved)} files stood beside the grid and were moved onto it"
        distinct = len(np.unique(np.concatenate(self.windows), axis=0)) if self.windows else 0
        yield f"{taken:9d} notes in melodies in {self.selection.meter}"
        yield f"{distinct:9d} distinct windows of {BARS} bars: {self.verdict(distinct)}"

    def verdict(self, distinct: int) -> str:
        """Says whether so many windows are enough."""
        if distinct < LEAST:
            return f"too few; {LEAST} is the least"
        if distinct >= PLENTY:
            return "enough to learn from random weights"
        return f"fewer than {PLENTY}, so begin from trained weights: --begin musicvae"

    def advice(self) -> str:
        """Returns the most frequent reasons for which notes were left out."""
        counts = self.left_out().most_common(REASONS_TOLD)
        reasons = [f"{reason}, {count} notes" for reason, count in counts if count]
        return f" Left out: {'; '.join(reasons)}." if reasons else ""


def read_file(path: Path, folder: Path, selection: Selection) -> shards.Result:
    """Returns the row of a file, and its windows, uint8 (n, T)."""
    none = np.zeros((0, BARS * selection.meter.steps), np.uint8)
    name = path.relative_to(folder).as_posix()
    try:
        midi = read_midi(path)
    except MidiError as error:
        return {"file": name, "error": str(error)}, none
    found = extract(midi, selection)
    windows = [melody.windows(line, BARS, meter=selection.meter) for line in found.melodies]
    joined = np.concatenate([none, *windows])
    row = {
        "file": name,
        "notes": len(midi.notes),
        "melodies": len(found.melodies),
        "windows": len(joined),
        "offset": found.offset,
        "left_out": dict(found.left_out),
        "warnings": list(midi.warnings),
    }
    return row, joined


def read_folder(folder: Path, selection: Selection, processes: int = 1) -> Collection:
    """Returns what a folder of MIDI files holds; folders below it are read as well.

    It is kept in the user's cache in shards, so that a reading that was killed goes on.
    Raises: UserError where the folder is missing, or is a file.
    """
    if not folder.exists():
        raise UserError(f"There is no folder {folder}.")
    if not folder.is_dir():
        raise UserError(f"{folder} is a file; training needs a folder of MIDI files.")
    described = _described(selection)
    key = sha256(f"{folder.resolve()} {described}".encode())
    job = shards.Job(
        partial(read_file, folder=folder, selection=selection),
        find_midi_files([folder]),
        described,
        cache_dir() / "melodies" / key[:16],
        processes,
    )
    read = Collection(selection)
    for row, windows in shards.run(job):
        read.rows.append(row)
        if "error" not in row:
            read.windows.append(windows)
    return read


def _described(selection: Selection) -> Row:
    """Returns all that the windows depend on besides the files, as JSON can hold it."""
    return {
        "format": 1,
        "bars": BARS,
        "programs": describe_programs(selection.programs),
        "words": selection.words,
        "meter": str(selection.meter),
        "least_pitches": selection.least_pitches,
        "on_grid": selection.on_grid,
    }
