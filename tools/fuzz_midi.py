"""Feeds damaged MIDI files to the reader.

    python tools/fuzz_midi.py [--mutants N] [--seed S] [--only K] [--small] [--words]
        [--seeds DIR] [--jobs N] [--log F] [--json F]
    python tools/fuzz_midi.py --pack DIR FILE|DIR ...
    python tools/fuzz_midi.py --same FILE|DIR ...

Each file is read twice: by default, which mends faults, and strictly, which refuses
them. What is read strictly must be the same by default.

A mutant is a small MIDI file with bits flipped, cut, with lying lengths, huge times,
junk, or no MIDI at all (midi_mutants.py); the first files are large made ones. It must
be read or refused with MidiError, within 5 s of CPU time and 200 MB; what is read must
also give its words and a piano roll (or MidiError) and, below 1 MB, its melodies, and
be written and read back the same. Prints what came out; exit code 1 if any file broke a
rule or was not tried. Mutant K of seed S is always the same: --only K runs it alone.
With --words, a mutant is a song whose words are Chinese, Japanese or Korean in one of
several encodings. --seeds names a folder with more files to damage; --pack copies files
to such a folder.

Blocks of mutants run in --jobs processes; what comes out is the same for any number.
The JSON file is written as they end. What is in the log of an earlier run with the same
arguments is not run again.

With --same, no mutants: the files that are read strictly are read by default too, and
the number of those that are the same is printed.
"""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import functools
import json
import os
import signal
import sys
import threading
import time
import tracemalloc
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import asdict, dataclass
from multiprocessing import get_context, parent_process
from pathlib import Path
from typing import Any, NoReturn

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from midi_mutants import LARGE, Seeds, mutant, pack, read_seeds

from lyricgen.files import write_json
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

# A file is given up after so much CPU time, and a process of the pool gets so much
# more address space than it begins with: a fault must not stop the run
GIVEN_UP = 30
ADDRESS_SPACE = 2 << 30

# Mutants of a line of the log
BLOCK = 500

# Between two writings of the JSON file, in seconds
PAUSE = 2.0

# Melodies are extracted from files below this size, and they are written again
SMALL = 1 << 20

# Memory that a process may have less of than at its peak, just after a reset, in MB
SLACK = 8.0

STATUS = Path("/proc/self/status")


@dataclass(frozen=True)
class Block:
    """Says which files are tried, in which mode: a large one, or some mutants.

    digest: of the seed files.
    """

    first: int
    count: int
    seed: int
    strict: bool
    words: bool = False
    large: str = ""
    digest: str = ""

    def files(self, seeds: Seeds) -> Iterator[tuple[str, Callable[[], bytes]]]:
        """Yields the name of each file and what makes it."""
        if self.large:
            yield f"large: {self.large}", LARGE[self.large]
        for k in range(self.first, self.first + self.count):
            yield f"mutant {k}", functools.partial(mutant, seeds, self.seed, k)


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

    On Linux it is the largest since the last reset, where a reset is allowed.
    """
    if STATUS.exists():
        if reset:
            with contextlib.suppress(OSError):
                Path("/proc/self/clear_refs").write_text("5")
        sizes = memory()
        if "VmHWM" in sizes:
            return sizes["VmHWM"]
    if resource is None:
        return float("nan")
    unit = 1 << 20 if sys.platform == "darwin" else 1 << 10
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit


def memory() -> dict[str, float]:
    """Returns the sizes of this process on Linux, in MB."""
    sizes = {}
    for line in STATUS.read_text().splitlines():
        name, value = line.split(":", 1)
        if name in ("VmSize", "VmRSS", "VmHWM"):
            sizes[name] = int(value.split()[0]) / 1024
    return sizes


def reset_peak() -> tuple[float, bool]:
    """Returns the memory of this process, in MB, and whether its peak is now that."""
    most = peak(reset=True)
    now = memory().get("VmRSS", most) if STATUS.exists() else most
    return now, not most - now > SLACK


def allocated(data: bytes, strict: bool) -> float:
    """Returns the most memory that is allocated while a file is used, in MB.

    It takes several times as long.
    """
    tracemalloc.start()
    with contextlib.suppress(Exception):
        use(data, strict)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return most / (1 << 20)


@contextlib.contextmanager
def given_up_after(seconds: float) -> Iterator[None]:
    """Raises TimeoutError within, after so much CPU time, where the system can."""
    if not hasattr(signal, "setitimer"):
        yield
        return

    def give_up(*_: object) -> NoReturn:
        raise TimeoutError(f"given up after {seconds} s of CPU time")

    signal.signal(signal.SIGVTALRM, give_up)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)


def try_file(name: str, data: bytes, strict: bool) -> tuple[str, float, float, list[str]]:
    """Uses a file; returns the outcome, CPU seconds, MB and the broken rules."""
    problems = []
    before, is_reset = reset_peak()
    start = time.process_time()
    try:
        with given_up_after(GIVEN_UP):
            outcome = use(data, strict)
    except Exception as error:
        # an exception other than MidiError is what is looked for
        outcome = "broken"
        problems.append(f"{name}: {type(error).__name__}: {error}")
    seconds = time.process_time() - start
    megabytes = peak() - before
    if megabytes > MEGABYTES and not is_reset:
        # it may be another file that took it
        megabytes = allocated(data, strict)
    if seconds > CPU_SECONDS:
        problems.append(f"{name}: {seconds:.1f} s of CPU time")
    if megabytes > MEGABYTES:
        problems.append(f"{name}: {megabytes:.0f} MB")
    return outcome, seconds, megabytes, problems


def run(block: Block, seeds: Seeds) -> dict[str, Any]:
    """Tries the files of a block; returns counts, the worst, and what broke a rule."""
    began = time.process_time()
    outcomes: Counter[str] = Counter()
    broken: list[str] = []
    slowest = (0.0, "")
    largest = (0.0, "")
    # words are made, and not files that are damaged
    damaged = Seeds() if block.words else seeds
    for name, make in block.files(damaged):
        outcome, seconds, megabytes, problems = try_file(name, make(), block.strict)
        outcomes[outcome] += 1
        broken += problems
        slowest = max(slowest, (seconds, name))
        largest = max(largest, (megabytes, name))
    return {
        "files": outcomes.total(),
        "outcomes": dict(outcomes),
        "cpu_s": time.process_time() - began,
        "worst_cpu_s": slowest[0],
        "slowest": slowest[1],
        "worst_mb": largest[0],
        "largest": largest[1],
        "broken": broken,
    }


def joined(results: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Returns the result of several blocks as one."""
    outcomes: Counter[str] = Counter()
    broken: list[str] = []
    for result in results:
        outcomes.update(result["outcomes"])
        broken += result["broken"]
    slowest = max(results, key=lambda result: result["worst_cpu_s"])
    largest = max(results, key=lambda result: result["worst_mb"])
    return {
        "files": outcomes.total(),
        "outcomes": dict(sorted(outcomes.items())),
        "cpu_s": round(sum(result["cpu_s"] for result in results), 1),
        "worst_cpu_s": slowest["worst_cpu_s"],
        "slowest": slowest["slowest"],
        "worst_mb": largest["worst_mb"],
        "largest": largest["largest"],
        "broken": broken,
    }


@functools.cache
def warm_seeds(folder: Path | None) -> Seeds:
    """Returns the seed files; each has been used once in this process.

    Imports and caches are not a mutant's doing.
    """
    seeds = read_seeds(folder)
    for data in seeds.all:
        for strict in (False, True):
            use(data, strict)
    return seeds


def begin_process(folder: Path | None) -> None:
    """Prepares a process of the pool: it gets some memory, and ends with its parent."""
    threading.Thread(target=exit_with_parent, daemon=True).start()
    warm_seeds(folder)
    if resource is not None and STATUS.exists() and "VmSize" in memory():
        most = int(memory()["VmSize"] * (1 << 20)) + ADDRESS_SPACE
        _, hard = resource.getrlimit(resource.RLIMIT_AS)
        if hard == resource.RLIM_INFINITY or most < hard:
            resource.setrlimit(resource.RLIMIT_AS, (most, hard))


def exit_with_parent() -> None:
    """Ends this process when the one that has begun it has ended."""
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def run_in_pool(block: Block, folder: Path | None) -> dict[str, Any]:
    """Runs a block in a process of the pool."""
    return run(block, warm_seeds(folder))


def plan(args: argparse.Namespace, digest: str) -> list[Block]:
    """Returns the blocks of a run: large files first, then mutants, in both modes."""
    make = functools.partial(Block, seed=args.seed, words=args.words, digest=digest)
    blocks = []
    if args.only is not None:
        return [make(args.only, 1, strict=strict) for strict in (False, True)]
    if not (args.small or args.words):
        for name in LARGE:
            blocks += [make(0, 0, strict=strict, large=name) for strict in (False, True)]
    for first in range(0, args.mutants, BLOCK):
        count = min(BLOCK, args.mutants - first)
        blocks += [make(first, count, strict=strict) for strict in (False, True)]
    return blocks


def run_all(
    blocks: Sequence[Block], args: argparse.Namespace
) -> Iterator[tuple[Block, dict[str, Any]]]:
    """Yields each block with its result, as they end; those of the log come first."""
    kept = read_log(args.log)
    left = []
    for block in blocks:
        if block in kept:
            yield block, kept[block]
        else:
            left.append(block)
    if args.jobs == 1:
        for block in left:
            result = run(block, warm_seeds(args.seeds))
            append_to_log(args.log, block, result)
            yield block, result
        return
    # a copy of this process would copy the locks of its threads
    pool = ProcessPoolExecutor(
        args.jobs, get_context("spawn"), initializer=begin_process, initargs=(args.seeds,)
    )
    try:
        futures = {pool.submit(run_in_pool, block, args.seeds): block for block in left}
        for future in as_completed(futures):
            result = future.result()
            append_to_log(args.log, futures[future], result)
            yield futures[future], result
    except BrokenProcessPool:
        print("A process of the pool was ended from outside.", file=sys.stderr)
    finally:
        pool.shutdown(cancel_futures=True)


def read_log(path: Path | None) -> dict[Block, dict[str, Any]]:
    """Returns the blocks in a log; a line that a stop cut off is none."""
    kept = {}
    if path is not None and path.exists():
        for line in path.read_text("utf-8").splitlines():
            with contextlib.suppress(ValueError):
                row = json.loads(line)
                kept[Block(**row["block"])] = row["result"]
    return kept


def append_to_log(path: Path | None, block: Block, result: dict[str, Any]) -> None:
    """Appends a block to the log, if there is one."""
    if path is not None:
        with open(path, "a", encoding="utf-8") as file:
            file.write(json.dumps({"block": asdict(block), "result": result}) + "\n")


def summary(
    results: dict[Block, dict[str, Any]], blocks: Sequence[Block], args: argparse.Namespace
) -> dict[str, Any]:
    """Returns what came out so far, for the JSON file: the modes one by one."""
    made_by = f"python tools/fuzz_midi.py --mutants {args.mutants} --seed {args.seed}"
    made_by += " --small" * args.small + " --words" * args.words
    made_by += f" --seeds {args.seeds.name}" if args.seeds else ""
    runs = []
    for strict in (False, True):
        done = [block for block in blocks if block in results and block.strict is strict]
        if done:
            mode = {
                "strict": strict,
                "seed": args.seed,
                "mutants": sum(block.count for block in done),
                "large files": sum(bool(block.large) for block in done),
            }
            runs.append(mode | joined([results[block] for block in done]))
    return {
        "made by": made_by,
        "allowed": {"cpu_s": CPU_SECONDS, "mb": MEGABYTES},
        "seeds sha256": blocks[0].digest,
        "complete": len(results) == len(blocks),
        "runs": runs,
    }


def fuzz(args: argparse.Namespace) -> int:
    """Tries all files; returns 1 where one broke a rule or was not tried, else 0."""
    seeds = read_seeds(args.seeds)
    blocks = plan(args, seeds.digest())
    results: dict[Block, dict[str, Any]] = {}
    began = written = time.monotonic()
    for block, result in run_all(blocks, args):
        results[block] = result
        for line in result["broken"]:
            print(f"BROKEN {line}", file=sys.stderr, flush=True)
        if args.json and time.monotonic() - written > PAUSE:
            write_json(args.json, summary(results, blocks, args))
            written = time.monotonic()
            seconds = written - began
            print(f"{len(results)} of {len(blocks)} blocks, {seconds:.0f} s", file=sys.stderr)
    whole = summary(results, blocks, args)
    if args.json:
        write_json(args.json, whole)
    for mode in whole["runs"]:
        print_result(mode)
    broken = any(mode["broken"] for mode in whole["runs"])
    return 0 if whole["complete"] and not broken else 1


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--mutants", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", type=int, help="the number of one mutant, to run it alone")
    parser.add_argument("--small", action="store_true", help="leave out the large made files")
    parser.add_argument("--words", action="store_true", help="mutants of Asian words alone")
    parser.add_argument("--seeds", type=Path, metavar="DIR", help="more files to damage")
    parser.add_argument("--jobs", type=int, default=1, help="processes")
    parser.add_argument("--log", type=Path, help="keeps blocks of mutants, to go on from them")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--pack", type=Path, metavar="DIR", help="copies files for --seeds")
    parser.add_argument("--same", nargs="+", type=Path, metavar="FILE|DIR")
    parser.add_argument("files", nargs="*", type=Path, metavar="FILE|DIR", help="for --pack")
    args = parser.parse_args()
    if args.pack:
        count, size = pack(args.pack, args.files)
        print(f"{count} files, {size} bytes in {args.pack}")
        return 0
    return compare_modes(args.same) if args.same else fuzz(args)


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


def print_result(result: dict[str, Any]) -> None:
    """Prints what came out of a run."""
    outcomes = [f"{count} {outcome}" for outcome, count in result["outcomes"].items()]
    mode = "strict" if result["strict"] else "lenient"
    print(f"{result['files']} files of seed {result['seed']}, {mode}: {', '.join(outcomes)}")
    print(
        f"{result['cpu_s']} s of CPU time in all; "
        f"at worst {result['worst_cpu_s']:.2f} s ({result['slowest']}) and "
        f"{result['worst_mb']:.0f} MB ({result['largest']}); "
        f"allowed are {CPU_SECONDS:.0f} s and {MEGABYTES:.0f} MB"
    )
    for line in result["broken"]:
        print(f"BROKEN {line}")


if __name__ == "__main__":
    sys.exit(main())
