"""Feeds damaged MIDI files to the reader: python tools/fuzz_midi.py [--mutants N] [--seed S] [--only K] [--json FILE].

A mutant is one of the course's files (or a large made one) with bits flipped, cut, with lying lengths, huge times, junk, or no MIDI at all. It must
be read or refused with MidiError, within 5 s of CPU time and 200 MB; what is read must also give its words and a piano roll (or MidiError) and,
below 1 MB, its melodies, and be written and read back the same. Prints what came out; exit code 1 if any mutant broke a rule. Mutant K of seed S is
always the same: --only K runs it alone.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from lyricgen.files import (
    DATA,
    write_json,  # noqa: E402
)
from lyricgen.music import extraction  # noqa: E402
from lyricgen.music.midi import (
    MidiError,
    MidiFile,
    read_midi,
    read_verses,
    write_midi,  # noqa: E402
)

try:
    import resource
except ImportError:  # Windows
    resource = None

CPU_SECONDS, MEGABYTES = 5.0, 200.0
STATUS = Path("/proc/self/status")
HEADER = bytes.fromhex("4D546864 00000006 0001 0001 0060")


def track(body: bytes) -> bytes:
    return b"MTrk" + len(body).to_bytes(4, "big") + body


LARGE = {  # made when asked for; each is at the edge of some limit
    "zeros": lambda: HEADER + track(bytes(16_000_000)),
    "high bytes": lambda: HEADER + track(b"\xff" * 16_000_000),
    "too large": lambda: HEADER + track(bytes(17_000_000)),
    "notes": lambda: (
        HEADER
        + track(
            b"\x00\x90\x3c\x50"
            + b"".join(bytes([1, 30 + k % 60, 64 * (k // 60 % 2)]) for k in range(3_590_000))
        )
    ),
    "notes that never end": lambda: (
        HEADER + track(b"\x00\x90\x3c\x50" + b"\x01\x3c\x50" * 1_790_000)
    ),
    "notes at once": lambda: (
        HEADER
        + track(
            b"\x00\x90\x3c\x50"
            + b"\x00\x3c\x50" * 1_000_000
            + b"\x01\x3c\x00"
            + b"\x00\x3c\x00" * 1_000_000
        )
    ),
    "too many notes": lambda: HEADER + track(b"\x00\x90\x3c\x50" + b"\x01\x3c\x50" * 5_000_000),
    "controllers": lambda: HEADER + track(b"\x00\xb0\x07\x50" + b"\x01\x07\x50" * 5_200_000),
    "programs": lambda: HEADER + track(b"\x00\xc0\x07" + b"\x01\x07" * 7_900_000),
    "lyrics": lambda: HEADER + track(b"\x01\xff\x05\x02la" * 240_000),
    "too many lyrics": lambda: HEADER + track(b"\x01\xff\x05\x00" * 3_900_000),
    "one long text": lambda: (
        HEADER + track(b"\x00\xff\x05\x87\x80\x80\x00" + "\U0001f3b5".encode() + b"a" * 14_680_060)
    ),
    "tracks": lambda: HEADER + track(b"\x00\x90\x3c\x50") * 65_000,
    "words in many tracks": lambda: (
        HEADER + track(b"\x00\x90\x3c\x50\x01\x3c\x00\x00\xff\x05\x01a\x00\xff\x2f\x00") * 60_000
    ),
    "too many tracks": lambda: HEADER + track(b"") * 1_900_000,
    "lying tracks": lambda: HEADER + b"MTrk\xff\xff\xff\xff\x00\x90\x3c\x50" * 60_000,
    "other chunks": lambda: HEADER + b"abcd\x00\x00\x00\x00" * 1_900_000,
    "huge time": lambda: (
        HEADER + track(b"\x00\x90\x3c\x50\xff\xff\xff\x7f\x3c\x00\x00\xff\x2f\x00")
    ),
    "huge times": lambda: (
        HEADER + track(b"\x00\x90\x3c\x50" + b"\xff\xff\xff\x7f\x3c\x00" * 2_000_000)
    ),
}


def mutant(seeds: list[bytes], seed: int, k: int) -> tuple[str, bytes]:
    """The k-th mutant of a seed: what was done, and the bytes."""
    rng = np.random.default_rng([seed, k])
    data = bytearray(seeds[rng.integers(len(seeds))])
    kind = str(rng.choice(["bits", "bits", "cut", "length", "time", "junk", "copy", "no MIDI"]))
    for _ in range(int(rng.choice([1, 2, 4, 16]))):
        i = int(rng.integers(len(data))) if data else 0
        junk = rng.bytes(int(rng.integers(1, 12)))
        if kind == "bits" and data:
            data[i] ^= 1 << int(rng.integers(8))
        elif kind == "cut":
            del data[i : i + int(rng.integers(1, 40))]
        elif kind == "length":  # of a chunk, of a meta event, or any byte that is taken for one
            places = (
                [
                    j
                    for mark in (b"MThd", b"MTrk")
                    for j in range(len(data))
                    if data.startswith(mark, j)
                ]
                if rng.random() < 0.5
                else []
            )
            if places:
                at = int(rng.choice(places)) + 4
                data[at : at + 4] = (int(rng.integers(2**32)) >> int(rng.integers(32))).to_bytes(
                    4, "big"
                )
            elif (at := data.find(b"\xff", i)) >= 0:
                data[at + 2 : at + 3] = (
                    bytes([int(rng.integers(256))]) if rng.random() < 0.5 else b"\xff\xff\xff\x7f"
                )
        elif kind == "time":
            data[i:i] = [
                b"\xff\xff\xff\x7f",
                b"\x8f\xff\xff\x7f",
                b"\xff\xff\xff\xff\x7f",
                b"\x80\x80\x80\x00",
            ][int(rng.integers(4))]
        elif kind == "junk":
            data[i : i + int(rng.integers(0, 12))] = junk
        elif kind == "copy":
            j = int(rng.integers(len(data) + 1))
            data[i:i] = data[j : j + int(rng.integers(1, 400))]
        elif kind == "no MIDI":
            starts = b"", HEADER, b"RIFF", b"PK\x03\x04", b"MThd", b"<html>", HEADER + b"MTrk"
            data = bytearray(
                starts[int(rng.integers(len(starts)))] + rng.bytes(int(rng.integers(0, 3000)))
            )
    if kind == "cut" and rng.random() < 0.5:
        del data[int(rng.integers(len(data) + 1)) :]
    return kind, bytes(data)


def use(data: bytes) -> str:
    """Reads a file and does with it what the course does; returns how it went."""
    try:
        midi = read_midi(data)
    except MidiError:
        return "refused"
    try:
        midi.piano_roll()
        outcome = "read"
    except MidiError:
        outcome = "read, too long for a piano roll"
    read_verses(midi)
    midi.seconds(midi.ends)
    if len(data) < 1 << 20:
        extraction.extract_melodies(midi)
        if not same(midi, read_midi(write_midi(midi))):
            raise AssertionError("written and read back it is another file")
    return outcome


def same(one: MidiFile, other: MidiFile) -> bool:
    """Whether two files say the same: notes, maps, words, texts and names."""
    return all(
        np.array_equal(getattr(one, field), getattr(other, field))
        for field in ("notes", "tempos", "meters", "keys", "programs")
    ) and (one.lyrics, one.texts, one.names, one.division) == (
        other.lyrics,
        other.texts,
        other.names,
        other.division,
    )


def peak(reset: bool = False) -> float:
    """The largest memory that this process has had, in MB; on Linux since the last reset."""
    if STATUS.exists():
        if reset:
            try:
                Path("/proc/self/clear_refs").write_text("5")
            except OSError:
                pass  # then it is the largest since the process began
        return int(STATUS.read_text().split("VmHWM:")[1].split()[0]) / 1024
    if resource is None:
        return float("nan")
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (
        1 << 20 if sys.platform == "darwin" else 1 << 10
    )


def run(
    mutants: int, seed: int, large: bool, only: int | None = None, report: bool = False
) -> dict:
    """Runs mutants 0 … of a seed, and the large ones; returns counts, the worst time and memory, and what broke a rule."""
    seeds = [path.read_bytes() for path in sorted((DATA / "midi").glob("*.mid"))]
    for data in seeds:
        use(data)  # imports and caches are not a mutant's doing
    outcomes: Counter[str] = Counter()
    broken, slowest, largest, began = [], (0.0, ""), (0.0, ""), time.perf_counter()
    jobs = (
        [(f"large: {name}", make) for name, make in LARGE.items()] if large and only is None else []
    )
    jobs += [
        (f"mutant {k}", lambda k=k: mutant(seeds, seed, k)[1])
        for k in (range(mutants) if only is None else [only])
    ]
    for done, (name, make) in enumerate(jobs):
        data = make()
        before, start = peak(reset=True), time.process_time()
        try:
            outcome = use(data)
        except Exception as error:  # noqa: BLE001  this is what is looked for
            outcome = "broken"
            broken.append(f"{name}: {type(error).__name__}: {error}")
        spent, grown = time.process_time() - start, peak() - before
        outcomes[outcome] += 1
        slowest, largest = max(slowest, (spent, name)), max(largest, (grown, name))
        if spent > CPU_SECONDS:
            broken.append(f"{name}: {spent:.1f} s of CPU time")
        if grown > MEGABYTES:
            broken.append(f"{name}: {grown:.0f} MB")
        if report and done % 5000 == 4999:
            print(
                f"{done + 1} of {len(jobs)} after {time.perf_counter() - began:.0f} s",
                file=sys.stderr,
                flush=True,
            )
    return {
        "mutants": len(jobs),
        "seed": seed,
        "outcomes": dict(outcomes),
        "worst_cpu_s": slowest[0],
        "slowest": slowest[1],
        "worst_mb": largest[0],
        "largest": largest[1],
        "broken": broken,
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--mutants", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", type=int, help="the number of one mutant, to run it alone")
    parser.add_argument("--small", action="store_true", help="leave out the large made files")
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    found = run(args.mutants, args.seed, not args.small, args.only, report=True)
    print(
        f"{found['mutants']} files of seed {args.seed}: "
        + ", ".join(f"{count} {outcome}" for outcome, count in sorted(found["outcomes"].items()))
    )
    print(
        f"worst CPU time {found['worst_cpu_s']:.2f} s ({found['slowest']}), worst memory {found['worst_mb']:.0f} MB ({found['largest']}); "
        f"allowed are {CPU_SECONDS:.0f} s and {MEGABYTES:.0f} MB"
    )
    for line in found["broken"]:
        print(f"BROKEN {line}")
    if args.json:
        write_json(args.json, found)
    return 1 if found["broken"] else 0


if __name__ == "__main__":
    sys.exit(main())
