"""Measures the tunes of songs beside tunes of the books.

    python experiments/measure_songs.py             # 100 songs
    python experiments/measure_songs.py --short     # 6 songs, to try it

The songs have the patterns of the list and English stanzas, by turns, and each its own
seed. The tunes of the books are held out, in major, moved to C, and of 8 or 16 bars; a
line of theirs is two bars. It writes data/results/songs.json (give --short another
--out). It takes about a minute on one core.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from typing import NamedTuple

import numpy as np

from lyricgen import files
from lyricgen.lyrics import corpora, patterns
from lyricgen.models.longer.data import shifts_of
from lyricgen.music import form, melody, tune_books
from lyricgen.music.keys import can_move
from lyricgen.music.melody import STEPS_PER_BAR
from lyricgen.song import tune
from lyricgen.song.shape import Shape

SONGS = 100
FEW_SONGS = 6
TEMPERATURE = 0.8

# Stanzas of English songs: the syllables of their lines
ENGLISH = ((8, 6, 8, 6), (8, 8, 8, 8), (7, 6, 7, 6), (6, 6, 8, 6))

# Tunes of the books
SPLITS = ("validation", "test")
BARS = (8, 16)
BARS_OF_LINE = 2

# Sets of tunes of the books that are drawn, each of as many as there are songs, to see
# how far a share varies among them
SETS = 2000

PERCENTILES = (10, 50, 90)

# A last note that is reached by at most so many semitones is reached by step
STEP = 2
LARGEST_LEAP = 9

# What is measured of each tune, and what only of a set of tunes
OF_TUNES = (
    "lines_on_the_note_before",
    "leaps_over_a_sixth",
    "leaps_over_a_sixth_in_100_notes",
    "repeated_bars",
    "repeated_notes",
    "steps",
    "compass",
    "place_of_the_peak",
    "notes_as_long_as_the_one_before",
)
OF_SETS = ("last_note_by_step", "end_by_step")


class Notes(NamedTuple):
    """A tune in C: its notes, int (n, 3), and the index of each line's first note."""

    notes: np.ndarray
    lines: tuple[int, ...]


def shapes() -> list[Shape]:
    """Returns the shapes of the patterns of the list and of English stanzas."""
    found = []
    for pattern in patterns.stable_patterns(corpora.load_corpus("songci")).values():
        found.append(Shape.of_lengths(pattern.lengths, pattern.stanzas))
    return found + [Shape.of_lengths(lengths) for lengths in ENGLISH]


def songs(writer: tune.TuneWriter, count: int) -> tuple[list[Notes], int, float]:
    """Returns the tunes of songs, their mended bars, and the processor time of one."""
    known = shapes()
    found = []
    mended = 0
    start = time.process_time()
    for seed in range(count):
        rng = np.random.default_rng(seed)
        made = tune.write_tune(writer, known[seed % len(known)], rng, TEMPERATURE)
        mended += made.mended
        found.append(Notes(made.notes, made.lines))
    return found, mended, (time.process_time() - start) / count


def tunes_of_books() -> list[Notes]:
    """Returns the held-out tunes in major that are one run of 8 or 16 bars, in C."""
    found = []
    for each in tune_books.load_tunes():
        if each.split not in SPLITS or each.mode != "major" or len(each.runs) != 1:
            continue
        [run] = each.runs
        shift = shifts_of(each)[0]
        if len(run) // STEPS_PER_BAR in BARS and can_move(run[None], shift)[0]:
            notes = melody.to_notes(melody.transpose(run, shift))
            line = notes[:, 0] // (BARS_OF_LINE * STEPS_PER_BAR)
            first = np.flatnonzero(np.diff(line, prepend=-1))
            found.append(Notes(notes, tuple(first.tolist())))
    return found


def measure(tune: Notes) -> dict[str, float]:
    """Returns the measures of a tune; those of OF_SETS are 0 or 1."""
    notes, lines = tune
    pitches = notes[:, 2]
    leaps = np.abs(np.diff(pitches))
    joints = leaps[np.array(lines[1:], int) - 1]
    steps = -(-int(notes[-1, :2].sum()) // STEPS_PER_BAR) * STEPS_PER_BAR
    repeated, of = form.repeats(melody.to_events(notes, steps)[None])
    moving = leaps[leaps > 0]
    wide = leaps > LARGEST_LEAP
    return {
        "lines_on_the_note_before": float((joints == 0).mean()) if len(joints) else 0.0,
        "leaps_over_a_sixth": float(wide.sum()),
        "leaps_over_a_sixth_in_100_notes": 100 * float(wide.mean()),
        "repeated_bars": float(repeated[0] / of[0]),
        "repeated_notes": float((leaps == 0).mean()),
        "steps": float(((leaps > 0) & (leaps <= STEP)).mean()),
        "compass": float(np.ptp(pitches)),
        "place_of_the_peak": float(notes[pitches.argmax(), 0] / steps),
        "notes_as_long_as_the_one_before": float((np.diff(notes[:, 1]) == 0).mean()),
        "last_note_by_step": float(0 < leaps[-1] <= STEP),
        "end_by_step": float(moving[-1] <= STEP) if len(moving) else 0.0,
    }


def first_shares(tunes: list[Notes]) -> np.ndarray:
    """Returns the share of tunes that begin on each pitch class of C major's, (12,)."""
    first = [int(tune.notes[0, 2]) % 12 for tune in tunes]
    return np.bincount(first, minlength=12) / len(tunes)


def compare(made: list[Notes], real: list[Notes]) -> dict[str, dict]:
    """Returns each measure of songs beside the tunes of the books.

    Of a measure of tunes there are percentiles and means of both. Of a share there are
    the percentiles that it has in sets of as many tunes of the books as there are
    songs.
    """
    ours = [measure(each) for each in made]
    theirs = [measure(each) for each in real]
    table: dict[str, dict] = {}
    for name in OF_TUNES:
        songs_have = np.array([row[name] for row in ours])
        books_have = np.array([row[name] for row in theirs])
        table[name] = {
            "songs": percentiles(songs_have),
            "songs_mean": round(float(songs_have.mean()), 4),
            "books": percentiles(books_have),
            "books_mean": round(float(books_have.mean()), 4),
        }
    rng = np.random.default_rng(0)
    sets = rng.integers(0, len(real), (SETS, len(made)))
    for name in OF_SETS:
        books_have = np.array([row[name] for row in theirs])
        share = float(np.mean([row[name] for row in ours]))
        of_sets = books_have[sets].mean(axis=1)
        table[name] = {"songs": round(share, 4), "books": percentiles(of_sets)}
    first = np.array([int(each.notes[0, 2]) % 12 for each in real])
    counts = np.array([np.bincount(first[row], minlength=12).max() for row in sets])
    table["songs_on_the_most_frequent_beginning"] = {
        "songs": round(float(first_shares(made).max()), 4),
        "books": percentiles(counts / len(made)),
    }
    return table


def percentiles(values: np.ndarray) -> list[float]:
    """Returns the 10th, the 50th and the 90th percentile."""
    return [round(float(value), 4) for value in np.percentile(values, PERCENTILES)]


def within(row: dict) -> bool:
    """Tells whether the songs' median, or share, is in the books' 10 to 90 %."""
    low, _, high = row["books"]
    value = row["songs"][1] if isinstance(row["songs"], list) else row["songs"]
    return low <= value <= high


def lines_of(table: dict[str, dict]) -> list[str]:
    """Returns the table as lines of text."""
    lines = [f"{'':40s}{'songs':>22s}{'books, 10 50 90 %':>26s}"]
    for name, row in table.items():
        value = row["songs"]
        shown = " ".join(f"{x:.2f}" for x in (value if isinstance(value, list) else [value]))
        books = " ".join(f"{x:.2f}" for x in row["books"])
        note = "" if within(row) else "  outside"
        lines.append(f"{name:40s}{shown:>22s}{books:>26s}{note}")
    return lines


def main(arguments: list[str] | None = None) -> int:
    """Measures, prints the table and writes the file."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--short", action="store_true", help="a few songs, to try it")
    parser.add_argument("--long-tunes", action="store_true", help="from the model of 16 bars")
    parser.add_argument("--out", type=Path, default=files.DATA / "results" / "songs.json")
    args = parser.parse_args(arguments)
    writer = tune.LongTunes() if args.long_tunes else tune.LatentTunes()
    made, mended, seconds = songs(writer, FEW_SONGS if args.short else SONGS)
    real = tunes_of_books()
    table = compare(made, real)
    print("\n".join(lines_of(table)))
    print(f"{len(made)} songs, {len(real)} tunes; {mended} bars mended; {seconds:.2f} s a tune")
    result = {
        "made by": "python experiments/measure_songs.py",
        "songs": len(made),
        "tunes": len(real),
        "writer": type(writer).__name__,
        "temperature": TEMPERATURE,
        "bars_mended": mended,
        "processor_seconds_a_tune": round(seconds, 3),
        "measures": table,
    }
    files.write_json(args.out, result)
    return 0


if __name__ == "__main__":
    sys.exit(main())
