"""read_midi beside other readers: python benchmarks/midi.py [FILE|FOLDER ...] [--quick] [--json FILE].

The same files for all, the contenders in turn, process CPU time, the median of the rounds. Every contender gets a path or bytes, whichever it
likes, and ends with what it calls a file read: read_midi with a table of paired notes, symusic too, mido and music21's MidiFile with events that
nobody has paired, converter.parse and pretty_midi with objects. Without files: those that the course and music21 bring, and pieces of music21's
corpus written as MIDI.
"""

from __future__ import annotations

import argparse
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

for threads in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(threads, "1")
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from lyricgen.files import (
    DATA,
    write_json,  # noqa: E402
)
from lyricgen.music.midi import read_midi  # noqa: E402

CORPUS = (
    "bach/bwv66.6",
    "bach/bwv269",
    "haydn/opus1no1/movement2",
    "mozart/k155/movement2",
    "ryansMammoth/BarneyBrallagansJig",
    "schubert/lindenbaum",
)


def contenders() -> dict[str, Callable[[Path, bytes], object]]:
    """The readers that are installed, by name; the first is ours."""
    found: dict[str, Callable[[Path, bytes], object]] = {
        "read_midi": lambda path, data: read_midi(data)
    }
    try:
        import symusic

        found["symusic"] = lambda path, data: symusic.Score.from_midi(data)
    except ImportError:
        pass
    try:
        import mido

        found["mido"] = lambda path, data: mido.MidiFile(file=io.BytesIO(data))
    except ImportError:
        pass
    try:
        import pretty_midi

        found["pretty_midi"] = lambda path, data: pretty_midi.PrettyMIDI(io.BytesIO(data))
    except ImportError:
        pass
    from music21 import converter, midi

    def midi_file(path: Path, data: bytes) -> object:
        file = midi.MidiFile()
        file.readstr(data)
        return file

    found["music21 MidiFile"] = midi_file
    found["music21 converter"] = lambda path, data: converter.parse(path, forceSource=True)
    return found


def examples(folder: Path) -> list[Path]:
    """The files to read where none are named."""
    import music21

    paths = sorted((DATA / "midi").glob("*.mid")) + sorted(
        (Path(music21.__file__).parent / "midi" / "testPrimitive").glob("*.mid")
    )
    for name in CORPUS:
        paths.append(folder / (name.replace("/", "-") + ".mid"))
        music21.corpus.parse(name).write("midi", paths[-1])
    return paths


def seconds(read: Callable[[Path, bytes], object], path: Path, data: bytes) -> float | None:
    """CPU time of one reading, or None where the reader refuses the file."""
    began = time.process_time()
    try:
        read(path, data)
    except Exception:  # noqa: BLE001  each reader has its own errors
        return None
    return time.process_time() - began


def compare(paths: list[Path], rounds: int) -> dict[str, dict[str, float]]:
    """Of each contender: CPU seconds for the files that all can read, how many times longer than ours, and how many files it refused."""
    readers, files = contenders(), [(path, path.read_bytes()) for path in paths]
    refused = {
        name: [seconds(read, path, data) is None for path, data in files]
        for name, read in readers.items()
    }  # a first round, to warm up
    common = [file for file, *no in zip(files, *refused.values()) if not any(no)]
    times: dict[str, list[float]] = {name: [] for name in readers}
    for _ in range(rounds):
        for name, read in readers.items():
            times[name].append(sum(seconds(read, path, data) for path, data in common))
    middle = {name: statistics.median(rows) for name, rows in times.items()}
    size = sum(len(data) for _, data in common)
    return {
        name: {
            "seconds": middle[name],
            "times_ours": middle[name] / middle["read_midi"],
            "mb_per_s": size / 1e6 / middle[name],
            "files": len(common),
            "refused": sum(refused[name]),
        }
        for name in readers
    }


def one_track(size: int) -> bytes:
    """A file of one track and about `size` bytes: notes of eight or nine bytes, pitches and times that vary, from a fixed rule."""
    body, k = bytearray(), 1
    while len(body) < size:
        k = k * 1103515245 + 12345 & 0x7FFFFFFF
        pitch, length = 36 + (k >> 16) % 48, 20 + (k >> 8) % 200
        later = [length] if length < 128 else [length >> 7 | 128, length & 127]
        body += bytes([(k >> 4) & 63, 0x90, pitch, 80, *later, 0x80, pitch, 64])
    body += bytes.fromhex("00FF2F00")
    return (
        bytes.fromhex("4D546864 00000006 0000 0001 01E0 4D54726B")
        + len(body).to_bytes(4, "big")
        + bytes(body)
    )


def slope(sizes: list[int], rounds: int) -> dict[str, object]:
    """The log-log slope of read_midi's CPU time over the size of a file of one track, by least squares over the medians."""
    files = [one_track(size) for size in sizes]
    times: list[list[float]] = [[] for _ in sizes]
    for _ in range(rounds):
        for k, data in enumerate(files):
            repeats = max(1, 300_000 // len(data))  # small files several times: the clock is coarse
            began = time.process_time()
            for _ in range(repeats):
                read_midi(data)
            times[k].append((time.process_time() - began) / repeats)
    x, y = (
        [math.log(len(data)) for data in files],
        [math.log(statistics.median(rows)) for rows in times],
    )
    mean_x, mean_y = statistics.mean(x), statistics.mean(y)
    rise = sum((a - mean_x) * (b - mean_y) for a, b in zip(x, y)) / sum(
        (a - mean_x) ** 2 for a in x
    )
    return {
        "slope": rise,
        "bytes": [len(data) for data in files],
        "seconds": [statistics.median(rows) for rows in times],
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("paths", nargs="*", type=Path, help="MIDI files or folders of them")
    parser.add_argument("--quick", action="store_true", help="one round, fewer files and sizes")
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    args = parser.parse_args()
    warnings.simplefilter("ignore")  # music21 warns of texts that are not UTF-8
    with tempfile.TemporaryDirectory() as folder:
        paths = [
            file
            for path in args.paths
            for file in (sorted(path.rglob("*.mid")) if path.is_dir() else [path])
        ] or examples(Path(folder))
        if args.quick:
            paths = [path for path in paths if path.stat().st_size < 20_000][::3][:16]
        rows = compare(paths, 1 if args.quick else 3)
    linear = slope(
        [10_000, 100_000, 1_000_000]
        if args.quick
        else [round(10 ** (4 + k / 2)) for k in range(7)],
        2 if args.quick else 3,
    )
    print(
        f"{'':20s}{'CPU s':>10s}{'x ours':>10s}{'MB/s':>10s}{'refused':>10s}   ({rows['read_midi']['files']} files that all read, of {len(paths)})"
    )
    for name, row in sorted(rows.items(), key=lambda item: item[1]["seconds"]):
        print(
            f"{name:20s}{row['seconds']:10.4f}{row['times_ours']:10.2f}{row['mb_per_s']:10.2f}{row['refused']:10d}"
        )
    print(
        f"read_midi, one track: time grows as size to the power {linear['slope']:.3f}: "
        + ", ".join(
            f"{size / 1e6:.2f} MB {spent:.3f} s"
            for size, spent in zip(linear["bytes"], linear["seconds"])
        )
    )
    if args.json:
        write_json(
            args.json,
            {
                "readers": rows,
                "one_track": linear,
                "vs_converter": rows["music21 converter"]["times_ours"],
                "vs_midi_file": rows["music21 MidiFile"]["times_ours"],
                "slope": linear["slope"],
            },
        )


if __name__ == "__main__":
    main()
