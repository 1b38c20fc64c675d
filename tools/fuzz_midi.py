"""Feeds damaged MIDI files to the reader.

    python tools/fuzz_midi.py [--mutants N] [--seed S] [--only K] [--small] [--words]
        [--log F] [--json F]
    python tools/fuzz_midi.py --same FILE|DIR ...

Each file is read twice: by default, which mends faults, and strictly, which refuses
them. What is read strictly must be the same by default.

A mutant is one of the course's files (or a large made one) with bits flipped, cut, with
lying lengths, huge times, junk, or no MIDI at all. It must be read or refused with
MidiError, within 5 s of CPU time and 200 MB; what is read must also give its words and
a piano roll (or MidiError) and, below 1 MB, its melodies, and be written and read back
the same. Prints what came out; exit code 1 if any mutant broke a rule. Mutant K of seed
S is always the same: --only K runs it alone. With --words, a mutant is a song whose
words are Chinese, Japanese or Korean in one of several encodings. What is in the log
of an earlier run with the same arguments is not run again.

With --same, no mutants: the files that are read strictly are read by default too, and
the number of those that are the same is printed.
"""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import json
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from lyricgen.files import DATA, write_json
from lyricgen.music import extraction
from lyricgen.music.midi import MidiError, MidiFile, read_midi, read_verses, write_midi
from lyricgen.music.midi.summary import find_midi_files

try:
    import resource
except ImportError:  # Windows
    resource = None  # type: ignore[assignment]

# What a file may take
CPU_SECONDS = 5.0
MEGABYTES = 200.0

# Mutants of a line of the log
BLOCK = 5000

# Melodies are extracted from files below this size, and they are written again
SMALL = 1 << 20

STATUS = Path("/proc/self/status")
HEADER = bytes.fromhex("4D546864 00000006 0001 0001 0060")
NOTE_ON = b"\x00\x90\x3c\x50"
END_OF_TRACK = b"\x00\xff\x2f\x00"


def track(body: bytes) -> bytes:
    """Returns a track chunk."""
    return b"MTrk" + len(body).to_bytes(4, "big") + body


def one_track(start: bytes, event: bytes, times: int) -> bytes:
    """Returns a file of one track: some bytes, then an event many times."""
    return HEADER + track(start + event * times)


def many_chunks(chunk: bytes, times: int) -> bytes:
    """Returns a file that repeats one chunk."""
    return HEADER + chunk * times


def notes() -> bytes:
    """Returns a file of notes at 60 pitches, as many as are read."""
    events = []
    for k in range(3_590_000):
        velocity = 64 * (k // 60 % 2)
        events.append(bytes([1, 30 + k % 60, velocity]))
    return HEADER + track(NOTE_ON + b"".join(events))


def notes_at_once() -> bytes:
    """Returns a file in which a million notes of one pitch sound together."""
    starts = NOTE_ON + b"\x00\x3c\x50" * 1_000_000
    ends = b"\x01\x3c\x00" + b"\x00\x3c\x00" * 1_000_000
    return HEADER + track(starts + ends)


def long_text() -> bytes:
    """Returns a file with one text of 14 MB."""
    text = "\U0001f3b5".encode() + b"a" * 14_680_060
    return HEADER + track(b"\x00\xff\x05\x87\x80\x80\x00" + text)


def sung(syllables: Iterable[str], encoding: str) -> bytes:
    """Returns a file with a note and a lyric for each syllable, or character."""
    body = b""
    for k, syllable in enumerate(syllables):
        lyric = syllable.encode(encoding)
        pitch = 60 + k % 12
        body += bytes([0, 255, 5, len(lyric)]) + lyric
        body += bytes([0, 0x90, pitch, 80, 96, 0x80, pitch, 64])
    return HEADER + track(body + END_OF_TRACK)


# Seeds of mutants whose texts are not UTF-8
SUNG = {
    "gb18030": "明月几时有把酒问青天",
    "big5": "明月幾時有把酒問青天",
    "shift_jis": "上を向いて歩こう",
    "euc_kr": "나의살던고향은",
    "cp1251": "Калинка",
}

# Encodings of mutants of words, and the code points of characters that they have
WORDS = {
    "gb18030": range(0x4E00, 0x9FA6),
    "big5": range(0x4E00, 0x9FA6),
    "shift_jis": range(0x3041, 0x30F7),
    "euc_jp": range(0x3041, 0x30F7),
    "euc_kr": range(0xAC00, 0xD7A4),
    "utf_8": range(0x4E00, 0x9FA6),
}

LYRIC_TRACK = track(NOTE_ON + b"\x01\x3c\x00" + b"\x00\xff\x05\x01a" + END_OF_TRACK)
LYING_TRACK = b"MTrk\xff\xff\xff\xff" + NOTE_ON
LONG_NOTE = NOTE_ON + b"\xff\xff\xff\x7f\x3c\x00" + END_OF_TRACK

# Made when asked for; each is at the edge of some limit
LARGE: dict[str, Callable[[], bytes]] = {
    "zeros": partial(one_track, b"", b"\x00", 16_000_000),
    "high bytes": partial(one_track, b"", b"\xff", 16_000_000),
    "too large": partial(one_track, b"", b"\x00", 17_000_000),
    "notes": notes,
    "notes that never end": partial(one_track, NOTE_ON, b"\x01\x3c\x50", 1_790_000),
    "notes at once": notes_at_once,
    "too many notes": partial(one_track, NOTE_ON, b"\x01\x3c\x50", 5_000_000),
    "controllers": partial(one_track, b"\x00\xb0\x07\x50", b"\x01\x07\x50", 5_200_000),
    "programs": partial(one_track, b"\x00\xc0\x07", b"\x01\x07", 7_900_000),
    "lyrics": partial(one_track, b"", b"\x01\xff\x05\x02la", 240_000),
    "too many lyrics": partial(one_track, b"", b"\x01\xff\x05\x00", 3_900_000),
    "one long text": long_text,
    "lyrics in GB18030": partial(one_track, b"", b"\x01\xff\x05\x02\xd4\xc2", 240_000),
    "system messages": partial(one_track, NOTE_ON, b"\x00\xf8", 8_000_000),
    "data bytes above 127": partial(one_track, NOTE_ON, b"\x01\x3c\xff", 5_000_000),
    "cut tracks": partial(many_chunks, track(NOTE_ON + b"\x01\x3c"), 60_000),
    "tracks": partial(many_chunks, track(NOTE_ON), 65_000),
    "words in many tracks": partial(many_chunks, LYRIC_TRACK, 60_000),
    "too many tracks": partial(many_chunks, track(b""), 1_900_000),
    "lying tracks": partial(many_chunks, LYING_TRACK, 60_000),
    "other chunks": partial(many_chunks, b"abcd\x00\x00\x00\x00", 1_900_000),
    "huge time": partial(one_track, b"", LONG_NOTE, 1),
    "huge times": partial(one_track, NOTE_ON, b"\xff\xff\xff\x7f\x3c\x00", 2_000_000),
}

# Times of four and five bytes
HUGE_TIMES = (
    b"\xff\xff\xff\x7f",
    b"\x8f\xff\xff\x7f",
    b"\xff\xff\xff\xff\x7f",
    b"\x80\x80\x80\x00",
)

# The first bytes of what is no whole MIDI file
STARTS = (b"", HEADER, b"RIFF", b"PK\x03\x04", b"MThd", b"<html>", HEADER + b"MTrk")

DAMAGES = ["bits", "bits", "cut", "length", "time", "junk", "copy", "no MIDI"]


def mutant(seeds: list[bytes], seed: int, k: int) -> bytes:
    """Returns the k-th mutant of a seed; without files to damage, it is of words."""
    rng = np.random.default_rng([seed, k])
    data = seeds[rng.integers(len(seeds))] if seeds else song_of_words(rng)
    return damaged(rng, bytearray(data))


def song_of_words(rng: np.random.Generator) -> bytes:
    """Returns a song of at most 60 syllables of 1 to 5 characters, in an encoding."""
    encoding = str(rng.choice(list(WORDS)))
    points = rng.choice(WORDS[encoding], 300)
    characters = "".join(map(chr, points)).encode(encoding, "ignore").decode(encoding)
    # the frequent ones as well
    characters += SUNG.get(encoding, "") * 8
    syllables = []
    for length in rng.integers(1, 6, int(rng.integers(1, 61))):
        syllables.append("".join(rng.choice(list(characters), length)))
    return sung(syllables, encoding)


def damaged(rng: np.random.Generator, data: bytearray) -> bytes:
    """Returns the bytes of a file, damaged in one of the ways."""
    kind = str(rng.choice(DAMAGES))
    for _ in range(int(rng.choice([1, 2, 4, 16]))):
        i = int(rng.integers(len(data))) if data else 0
        junk = rng.bytes(int(rng.integers(1, 12)))
        if kind == "bits":
            flip_bit(rng, data, i)
        elif kind == "cut":
            del data[i : i + int(rng.integers(1, 40))]
        elif kind == "length":
            change_length(rng, data, i)
        elif kind == "time":
            data[i:i] = HUGE_TIMES[int(rng.integers(4))]
        elif kind == "junk":
            data[i : i + int(rng.integers(0, 12))] = junk
        elif kind == "copy":
            j = int(rng.integers(len(data) + 1))
            data[i:i] = data[j : j + int(rng.integers(1, 400))]
        else:
            start = STARTS[int(rng.integers(len(STARTS)))]
            data[:] = start + rng.bytes(int(rng.integers(0, 3000)))
    cut_off(rng, data, kind)
    return bytes(data)


def flip_bit(rng: np.random.Generator, data: bytearray, i: int) -> None:
    """Flips one bit of a byte."""
    if data:
        data[i] ^= 1 << int(rng.integers(8))


def change_length(rng: np.random.Generator, data: bytearray, i: int) -> None:
    """Changes a length: of a chunk, of a meta event, or what is taken for one."""
    places: list[int] = []
    if rng.random() < 0.5:
        for name in (b"MThd", b"MTrk"):
            places += [j for j in range(len(data)) if data.startswith(name, j)]
    if places:
        place = int(rng.choice(places)) + 4
        length = int(rng.integers(2**32)) >> int(rng.integers(32))
        data[place : place + 4] = length.to_bytes(4, "big")
        return
    place = data.find(b"\xff", i)
    if place >= 0:
        one_byte = rng.random() < 0.5
        new = bytes([int(rng.integers(256))]) if one_byte else b"\xff\xff\xff\x7f"
        data[place + 2 : place + 3] = new


def cut_off(rng: np.random.Generator, data: bytearray, kind: str) -> None:
    """Cuts off the end of every other file that is to be cut."""
    if kind == "cut" and rng.random() < 0.5:
        del data[int(rng.integers(len(data) + 1)) :]


def use(data: bytes, strict: bool = False) -> str:
    """Reads a file and does with it what the course does; returns the outcome."""
    try:
        midi = read_midi(data, strict=strict)
    except MidiError:
        return "refused"
    try:
        midi.piano_roll()
        outcome = "read"
    except MidiError:
        outcome = "read, too long for a piano roll"
    read_verses(midi)
    midi.seconds(midi.ends)
    if len(data) < SMALL:
        extraction.extract_melodies(midi)
        if not same(midi, read_midi(write_midi(midi))):
            raise AssertionError("written and read back it is another file")
        if strict and not identical(midi, read_midi(data)):
            raise AssertionError("strictly read it is another file")
    return outcome


def same(one: MidiFile, other: MidiFile) -> bool:
    """Returns whether two files say the same: notes, maps, words, texts and names."""
    for field in ("notes", "tempos", "meters", "keys", "programs"):
        if not np.array_equal(getattr(one, field), getattr(other, field)):
            return False
    fields = ("lyrics", "texts", "names", "division")
    return all(getattr(one, field) == getattr(other, field) for field in fields)


def identical(one: MidiFile, other: MidiFile) -> bool:
    """Returns whether two files are equal in all fields, warnings included."""
    for field in dataclasses.fields(MidiFile):
        if not np.array_equal(getattr(one, field.name), getattr(other, field.name)):
            return False
    return True


def peak(reset: bool = False) -> float:
    """Returns the largest memory that this process has had, in MB.

    On Linux it is the largest since the last reset.
    """
    if STATUS.exists():
        if reset:
            # where it cannot be reset it is the largest since the process began
            with contextlib.suppress(OSError):
                Path("/proc/self/clear_refs").write_text("5")
        kilobytes = STATUS.read_text().split("VmHWM:")[1].split()[0]
        return int(kilobytes) / 1024
    if resource is None:
        return float("nan")
    unit = 1 << 20 if sys.platform == "darwin" else 1 << 10
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit


def run(
    mutants: int,
    seed: int,
    large: bool,
    strict: bool = False,
    first: int = 0,
    words: bool = False,
) -> dict:
    """Runs some mutants of a seed, and the large files, in one mode of the reader.

    Returns counts, the worst time and memory, and what broke a rule.
    """
    seeds = [path.read_bytes() for path in sorted((DATA / "midi").glob("*.mid"))]
    seeds += [sung(text, encoding) for encoding, text in SUNG.items()]
    for data in seeds:
        # imports and caches are not a mutant's doing
        use(data, strict)
    jobs: dict[str, Callable[[], bytes]] = {}
    if large:
        jobs.update({f"large: {name}": make for name, make in LARGE.items()})
    for k in range(first, first + mutants):
        jobs[f"mutant {k}"] = partial(mutant, [] if words else seeds, seed, k)
    outcomes: Counter[str] = Counter()
    broken: list[str] = []
    slowest = (0.0, "")
    largest = (0.0, "")
    for name, make in jobs.items():
        outcome, seconds, megabytes, problems = try_file(name, make(), strict)
        outcomes[outcome] += 1
        broken += problems
        slowest = max(slowest, (seconds, name))
        largest = max(largest, (megabytes, name))
    return {
        "mutants": len(jobs),
        "seed": seed,
        "strict": strict,
        "outcomes": dict(outcomes),
        "worst_cpu_s": slowest[0],
        "slowest": slowest[1],
        "worst_mb": largest[0],
        "largest": largest[1],
        "broken": broken,
    }


def run_blocks(args: argparse.Namespace, strict: bool) -> dict:
    """Runs the mutants in blocks; those that are in the log are not run again."""
    kept = read_log(args.log)
    results = []
    for first in range(0, args.mutants, BLOCK):
        count = min(BLOCK, args.mutants - first)
        large = first == 0 and not (args.small or args.words)
        key = {"first": first, "count": count, "large": large, "words": args.words}
        key |= {"seed": args.seed, "strict": strict}
        result = next((row["result"] for row in kept if row["key"] == key), None)
        if result is None:
            result = run(count, args.seed, large, strict, first, args.words)
            append_to_log(args.log, {"key": key, "result": result})
        results.append(result)
        print(f"{first + count} of {args.mutants}", file=sys.stderr, flush=True)
    return joined(results)


def read_log(path: Path | None) -> list[dict]:
    """Returns the blocks in a log; a line that a stop cut off is none."""
    rows = []
    if path is not None and path.exists():
        for line in path.read_text("utf-8").splitlines():
            with contextlib.suppress(ValueError):
                rows.append(json.loads(line))
    return rows


def append_to_log(path: Path | None, row: dict) -> None:
    """Appends a block to the log, if there is one."""
    if path is not None:
        with open(path, "a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")


def joined(results: list[dict]) -> dict:
    """Returns the result of several blocks as one."""
    outcomes: Counter[str] = Counter()
    broken: list[str] = []
    for result in results:
        outcomes.update(result["outcomes"])
        broken += result["broken"]
    slowest = max(results, key=lambda result: result["worst_cpu_s"])
    largest = max(results, key=lambda result: result["worst_mb"])
    return {
        "mutants": sum(result["mutants"] for result in results),
        "seed": results[0]["seed"],
        "strict": results[0]["strict"],
        "outcomes": dict(outcomes),
        "worst_cpu_s": slowest["worst_cpu_s"],
        "slowest": slowest["slowest"],
        "worst_mb": largest["worst_mb"],
        "largest": largest["largest"],
        "broken": broken,
    }


def try_file(name: str, data: bytes, strict: bool) -> tuple[str, float, float, list[str]]:
    """Uses a file; returns the outcome, CPU seconds, MB and the broken rules."""
    problems = []
    memory = peak(reset=True)
    start = time.process_time()
    try:
        outcome = use(data, strict)
    except Exception as error:
        # an exception other than MidiError is what is looked for
        outcome = "broken"
        problems.append(f"{name}: {type(error).__name__}: {error}")
    seconds = time.process_time() - start
    megabytes = peak() - memory
    if seconds > CPU_SECONDS:
        problems.append(f"{name}: {seconds:.1f} s of CPU time")
    if megabytes > MEGABYTES:
        problems.append(f"{name}: {megabytes:.0f} MB")
    return outcome, seconds, megabytes, problems


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--mutants", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", type=int, help="the number of one mutant, to run it alone")
    parser.add_argument("--small", action="store_true", help="leave out the large made files")
    parser.add_argument("--words", action="store_true", help="mutants of Asian words alone")
    parser.add_argument("--log", type=Path, help="keeps blocks of mutants, to go on from them")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--same", nargs="+", type=Path, metavar="FILE|DIR")
    args = parser.parse_args()
    if args.same:
        return compare_modes(args.same)
    results = []
    for strict in (False, True):
        if args.only is None:
            result = run_blocks(args, strict)
        else:
            result = run(1, args.seed, False, strict, args.only, args.words)
        print_result(result)
        results.append(result)
    if args.json:
        made_by = f"python tools/fuzz_midi.py --mutants {args.mutants} --seed {args.seed}"
        made_by += " --small" * args.small + " --words" * args.words
        allowed = {"cpu_s": CPU_SECONDS, "mb": MEGABYTES}
        write_json(args.json, {"made by": made_by, "allowed": allowed, "runs": results})
    return 1 if any(result["broken"] for result in results) else 0


def compare_modes(places: list[Path]) -> int:
    """Reads files strictly and by default; prints how many are the same.

    Returns 1 if one differs that is read strictly, else 0.
    """
    files = find_midi_files(places)
    read = 0
    differ = 0
    for path in files:
        data = path.read_bytes()
        try:
            strictly = read_midi(data, strict=True)
        except MidiError:
            continue
        read += 1
        if not identical(strictly, read_midi(data)):
            differ += 1
            print(f"DIFFERS {path}")
    print(
        f"{len(files)} files: {read} are read strictly, {read - differ} of them the same by default"
    )
    return 1 if differ else 0


def print_result(result: dict) -> None:
    """Prints what came out of a run."""
    outcomes = [f"{count} {outcome}" for outcome, count in sorted(result["outcomes"].items())]
    mode = "strict" if result["strict"] else "lenient"
    print(f"{result['mutants']} files of seed {result['seed']}, {mode}: {', '.join(outcomes)}")
    print(
        f"worst CPU time {result['worst_cpu_s']:.2f} s ({result['slowest']}), "
        f"worst memory {result['worst_mb']:.0f} MB ({result['largest']}); "
        f"allowed are {CPU_SECONDS:.0f} s and {MEGABYTES:.0f} MB"
    )
    for line in result["broken"]:
        print(f"BROKEN {line}")


if __name__ == "__main__":
    sys.exit(main())
