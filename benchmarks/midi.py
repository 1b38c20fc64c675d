"""Measures read_midi beside other readers.

    python benchmarks/midi.py [FILE|FOLDER ...] [--quick] [--json FILE]

The same files for all, the contenders in turn, process CPU time, the median of the
rounds. Every contender gets a path or bytes, whichever it likes, and ends with what it
calls a file
read: read_midi with a table of paired notes, symusic too, mido and music21's MidiFile
    with events that nobody has paired, converter.parse and pretty_midi with objects.
    Without files: those that the course and music21 bring, and pieces of music21's
    corpus written as MIDI.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import math
import os
import statistics
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

# NumPy reads the numbers of threads when it is imported
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from lyricgen.files import DATA, write_json
from lyricgen.music.midi import read_midi

CORPUS = (
    "bach/bwv66.6",
    "bach/bwv269",
    "haydn/opus1no1/movement2",
    "mozart/k155/movement2",
    "ryansMammoth/BarneyBrallagansJig",
    "schubert/lindenbaum",
)

# A path and its bytes
File = tuple[Path, bytes]
Reader = Callable[[Path, bytes], object]


def contenders() -> dict[str, Reader]:
    """Returns the readers that are installed, by name; the first is ours."""
    readers: dict[str, Reader] = {"read_midi": lambda path, data: read_midi(data)}
    with contextlib.suppress(ImportError):
        import symusic

        readers["symusic"] = lambda path, data: symusic.Score.from_midi(data)
    with contextlib.suppress(ImportError):
        import mido

        readers["mido"] = lambda path, data: mido.MidiFile(file=io.BytesIO(data))
    with contextlib.suppress(ImportError):
        import pretty_midi

        readers["pretty_midi"] = lambda path, data: pretty_midi.PrettyMIDI(io.BytesIO(data))
    from music21 import converter, midi

    def midi_file(path: Path, data: bytes) -> object:
        file = midi.MidiFile()
        file.readstr(data)
        return file

    readers["music21 MidiFile"] = midi_file
    readers["music21 converter"] = lambda path, data: converter.parse(path, forceSource=True)
    return readers


def examples(folder: Path) -> list[Path]:
    """Returns the files to read where none are named."""
    import music21

    of_music21 = Path(music21.__file__).parent / "midi" / "testPrimitive"
    paths = sorted((DATA / "midi").glob("*.mid")) + sorted(of_music21.glob("*.mid"))
    for name in CORPUS:
        path = folder / (name.replace("/", "-") + ".mid")
        music21.corpus.parse(name).write("midi", path)
        paths.append(path)
    return paths


def seconds(read: Reader, path: Path, data: bytes) -> float | None:
    """Returns the CPU time of one reading, None where the reader refuses the file."""
    began = time.process_time()
    try:
        read(path, data)
    except Exception:
        # each reader has errors of its own
        return None
    return time.process_time() - began


def compare(paths: list[Path], rounds: int) -> dict[str, dict[str, float]]:
    """Returns figures of each contender on the files that all can read.

    They are CPU seconds, how many times longer than ours, and how many files it
    refused.
    """
    readers = contenders()
    files = [(path, path.read_bytes()) for path in paths]
    refused, common = try_all(readers, files)
    times: dict[str, list[float]] = {name: [] for name in readers}
    for _ in range(rounds):
        for name, read in readers.items():
            spent = [seconds(read, path, data) or 0.0 for path, data in common]
            times[name].append(sum(spent))
    middle = {name: statistics.median(rounds_of) for name, rounds_of in times.items()}
    megabytes = sum(len(data) for _, data in common) / 1e6
    figures = {}
    for name in readers:
        figures[name] = {
            "seconds": middle[name],
            "times_ours": middle[name] / middle["read_midi"],
            "mb_per_s": megabytes / middle[name],
            "files": len(common),
            "refused": refused[name],
        }
    return figures


def try_all(readers: dict[str, Reader], files: list[File]) -> tuple[dict[str, int], list[File]]:
    """Reads all files once, to warm up; returns the refusals, and what all can read."""
    refused = dict.fromkeys(readers, 0)
    common = []
    for path, data in files:
        read_by_all = True
        for name, read in readers.items():
            if seconds(read, path, data) is None:
                refused[name] += 1
                read_by_all = False
        if read_by_all:
            common.append((path, data))
    return refused, common


def one_track(size: int) -> bytes:
    """Returns a file of one track and about `size` bytes, made by a fixed rule.

    Its notes have eight or nine bytes; pitches and times vary.
    """
    body = bytearray()
    k = 1
    while len(body) < size:
        # a linear congruential generator
        k = k * 1103515245 + 12345 & 0x7FFFFFFF
        delta = (k >> 4) & 63
        pitch = 36 + (k >> 16) % 48
        length = 20 + (k >> 8) % 200
        digits = [length] if length < 128 else [length >> 7 | 128, length & 127]
        body += bytes([delta, 0x90, pitch, 80, *digits, 0x80, pitch, 64])
    body += bytes.fromhex("00FF2F00")
    header = bytes.fromhex("4D546864 00000006 0000 0001 01E0")
    return header + b"MTrk" + len(body).to_bytes(4, "big") + bytes(body)


def slope(sizes: list[int], rounds: int) -> dict[str, Any]:
    """Returns the log-log slope of read_midi's CPU time over the size of a file.

    The files have one track; the slope is that of least squares over the medians.
    """
    files = [one_track(size) for size in sizes]
    times: list[list[float]] = [[] for _ in sizes]
    for _ in range(rounds):
        for k, data in enumerate(files):
            # small files several times: the clock is coarse
            repeats = max(1, 300_000 // len(data))
            began = time.process_time()
            for _ in range(repeats):
                read_midi(data)
            times[k].append((time.process_time() - began) / repeats)
    medians = [statistics.median(rounds_of) for rounds_of in times]
    x = [math.log(len(data)) for data in files]
    y = [math.log(median) for median in medians]
    return {
        "slope": statistics.linear_regression(x, y).slope,
        "bytes": [len(data) for data in files],
        "seconds": medians,
    }


def files_of(paths: list[Path]) -> list[Path]:
    """Returns the files among the paths, and the MIDI files in the folders."""
    files: list[Path] = []
    for path in paths:
        files += sorted(path.rglob("*.mid")) if path.is_dir() else [path]
    return files


def print_figures(figures: dict[str, dict[str, float]], files: int) -> None:
    """Prints a row for each contender, the fastest first."""
    common = figures["read_midi"]["files"]
    head = f"{'':20s}{'CPU s':>10s}{'x ours':>10s}{'MB/s':>10s}{'refused':>10s}"
    print(f"{head}   ({common} files that all read, of {files})")
    for name, row in sorted(figures.items(), key=lambda item: item[1]["seconds"]):
        times = f"{row['seconds']:10.4f}{row['times_ours']:10.2f}{row['mb_per_s']:10.2f}"
        print(f"{name:20s}{times}{row['refused']:10d}")


def print_slope(linear: dict[str, Any]) -> None:
    """Prints the slope and the times it is made of."""
    points = []
    for size, spent in zip(linear["bytes"], linear["seconds"]):
        points.append(f"{size / 1e6:.2f} MB {spent:.3f} s")
    print(
        f"read_midi, one track: time grows as size to the power {linear['slope']:.3f}: "
        + ", ".join(points)
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("paths", nargs="*", type=Path, help="MIDI files or folders of them")
    parser.add_argument("--quick", action="store_true", help="one round, fewer files and sizes")
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    args = parser.parse_args()
    # music21 warns of texts that are not UTF-8
    warnings.simplefilter("ignore")
    sizes = [round(10 ** (4 + k / 2)) for k in range(7)]
    with tempfile.TemporaryDirectory() as folder:
        paths = files_of(args.paths) or examples(Path(folder))
        if args.quick:
            sizes = [10_000, 100_000, 1_000_000]
            paths = [path for path in paths if path.stat().st_size < 20_000][::3][:16]
        figures = compare(paths, 1 if args.quick else 3)
    linear = slope(sizes, 2 if args.quick else 3)
    print_figures(figures, len(paths))
    print_slope(linear)
    if args.json:
        result = {
            "readers": figures,
            "one_track": linear,
            "vs_converter": figures["music21 converter"]["times_ours"],
            "vs_midi_file": figures["music21 MidiFile"]["times_ours"],
            "slope": linear["slope"],
        }
        write_json(args.json, result)


if __name__ == "__main__":
    main()
