"""The tune books: O'Neill, Aird, Ryan and miscFolk out of the installed music21.

`load_tunes` gives the tunes, `cut_windows` cuts them. The first call reads the books
(`abc_notation`) and keeps the result in the user's cache; the books themselves stay
where music21 has them. The list of tune, cluster and split is data/splits/tunes.json;
tools/split_tunes.py made it.

The rule of the clusters (`splits.RULE`) takes near-duplicates of near-duplicates
together, and a cluster is in one split as a whole. So no 2-bar window of the test split
stands in the training split, in any key.
"""

from __future__ import annotations

import contextlib
import importlib.metadata
import io
import itertools
import json
import os
import subprocess
import sys
import warnings
from collections import defaultdict
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from lyricgen import files
from lyricgen.music import abc_notation, melody
from lyricgen.music.abc_notation import ParsedTune

BOOKS = ("oneills1850", "airdsAirs", "ryansMammoth", "miscFolk")

ESSEN = "essenFolksong"

ESSEN_LICENCE = (
    'essenFolksong, from its licence file: "The legal status of the Essen folksong database is '
    'unclear"; permission is "for non-commercial distribution and use of these files in music21".'
)

SPLIT_FILE = files.DATA / "splits" / "tunes.json"

# The version of the reader, part of the cache's name: to be raised when abc_notation
# reads something otherwise
CODE = 1

# The hexadecimal digits of the SHA-256 at the end of a cached book
HASH_DIGITS = 64

# For more tunes than these, two worker processes are worth their start
TUNES_FOR_WORKERS = 200

# A worker is a fresh Python that reads tunes from its standard input: unlike
# multiprocessing, that needs no guard in the user's script
WORKER = """
import json, sys
from lyricgen.music.abc_notation import parse_tune
for text in json.load(sys.stdin.buffer):
    print(json.dumps(parse_tune(text)), flush=True)
"""


@dataclass(frozen=True, eq=False)
class Tune:
    """A tune of a book.

    Its runs are canonical event vectors (uint8, read-only), each some bars of 16 steps.
    """

    book: str
    id: str  # "file/number", as in "0001-0050/3"
    title: str
    meter: str  # of the header: "C", "C|", "4/4", "2/4" ...
    tonic: int  # pitch class, 0 is C; -1 where the header names no key
    mode: str  # "major", "minor", "dorian" ...
    runs: tuple[np.ndarray, ...]
    cluster: int = -1  # near-duplicates share it; -1 outside the committed list
    split: str = ""  # "train", "validation" or "test"; "" outside the committed list


def _parse_all(texts: list[str], progress: bool) -> list[ParsedTune]:
    """Parses tunes: in two processes if there are many, in this one if that fails."""
    from tqdm import tqdm

    with tqdm(
        total=len(texts),
        desc="tune books",
        unit="tune",
        mininterval=0.5,
        disable=None if progress else True,
        file=sys.stderr,
    ) as progress_bar:

        def count_tune() -> None:
            with progress_bar.get_lock():
                progress_bar.update()

        if len(texts) > TUNES_FOR_WORKERS:
            with contextlib.suppress(OSError, ValueError):
                return _parse_in_two_workers(texts, count_tune)
            progress_bar.reset()
        tunes = []
        for text in texts:
            tunes.append(abc_notation.parse_tune(text))
            count_tune()
        return tunes


def _parse_in_two_workers(texts: list[str], count_tune: Callable[[], None]) -> list[ParsedTune]:
    """Parses every other tune in one process and the rest in another.

    Raises: OSError or ValueError where a worker fails.
    """

    def parse(every_other: list[str]) -> list[ParsedTune]:
        return _parse_in_worker(every_other, count_tune)

    with ThreadPoolExecutor(2) as pool:
        even, odd = pool.map(parse, (texts[::2], texts[1::2]))
    tunes: list[Any] = [None] * len(texts)
    tunes[::2] = even
    tunes[1::2] = odd
    return tunes


def _parse_in_worker(texts: list[str], count_tune: Callable[[], None]) -> list[ParsedTune]:
    """Parses tunes in another process.

    Raises: OSError or ValueError where the worker fails.
    """
    package = str(Path(__file__).resolve().parents[2])
    paths = os.pathsep.join([package, *filter(None, sys.path)])
    tunes = []
    with subprocess.Popen(
        [sys.executable, "-c", WORKER],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "PYTHONPATH": paths},
    ) as worker:
        assert worker.stdin is not None and worker.stdout is not None
        worker.stdin.write(json.dumps(texts).encode())
        worker.stdin.close()
        for line in worker.stdout:
            tunes.append(ParsedTune(*json.loads(line)))
            count_tune()
    if len(tunes) != len(texts):
        raise ValueError(f"A worker parsed {len(tunes)} tunes of {len(texts)}.")
    return tunes


def cache_path(book: str) -> Path:
    """Returns where the parsed book is kept.

    There is one file for each version of music21 and of this reader.
    """
    version = importlib.metadata.version("music21")
    return files.cache_dir() / f"{book}-music21-{version}-code{CODE}.npz"


def read_cache(path: Path) -> dict[str, np.ndarray]:
    """Returns the arrays of a cached book, those of `_to_arrays`.

    The file ends with the SHA-256 of what stands before.
    Raises: DataError where that is not so.
    """
    content = path.read_bytes()
    data = content[:-HASH_DIGITS]
    actual = files.sha256(data)
    expected = content[-HASH_DIGITS:].decode("ascii", "replace")
    if actual != expected:
        raise files.DataError(
            f"{path} is damaged: its SHA-256 is {actual}, and it should be {expected}. "
            "Delete it, and it is made again."
        )
    with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
        return dict(arrays)


def _write_cache(path: Path, arrays: dict[str, Any]) -> None:
    """Keeps the arrays of a parsed book, for `read_cache`."""
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)
    data = buffer.getvalue()
    # a cache that cannot be written costs time, nothing else
    with contextlib.suppress(OSError):
        files.write_atomic(path, data + files.sha256(data).encode())


def _to_arrays(ids: list[str], tunes: list[ParsedTune]) -> dict[str, np.ndarray]:
    """Returns a parsed book as arrays.

    headers: uint8, JSON of id, title, meter, tonic and mode of each tune.
    events: uint8 (16 * bars,), the events of all runs.
    exact: uint8 (bars,), whether a bar is exactly on the 16th grid.
    run, owner: int32 (bars,), the index of a bar's run and of its tune.
    """
    headers = [[id, tune.title, tune.meter, tune.tonic, tune.mode] for id, tune in zip(ids, tunes)]
    events = bytearray()
    exact = bytearray()
    run_of_bar: list[int] = []
    tune_of_bar: list[int] = []
    run = 0
    for k, tune in enumerate(tunes):
        for run_events, run_exact in tune.runs:
            exact_bars = bytes.fromhex(run_exact)
            events += bytes.fromhex(run_events)
            exact += exact_bars
            run_of_bar += [run] * len(exact_bars)
            tune_of_bar += [k] * len(exact_bars)
            run += 1
    return {
        "headers": np.frombuffer(json.dumps(headers).encode(), np.uint8),
        "events": np.frombuffer(bytes(events), np.uint8),
        "exact": np.frombuffer(bytes(exact), np.uint8),
        "run": np.array(run_of_bar, np.int32),
        "owner": np.array(tune_of_bar, np.int32),
    }


def _tunes_of_book(
    book: str,
    arrays: dict[str, np.ndarray],
    rounded: bool,
    listed: dict[tuple[str, str], tuple[int, str]],
) -> list[Tune]:
    """Returns the tunes of a book; bars off the grid end a run unless rounded.

    listed: cluster and split by book and id.
    """
    runs = _runs_of_tunes(arrays, rounded)
    tunes = []
    for k, (id, title, meter, tonic, mode) in enumerate(json.loads(arrays["headers"].tobytes())):
        if k in runs:
            cluster, split = listed.get((book, id), (-1, ""))
            tune = Tune(book, id, title, meter, tonic, mode, tuple(runs[k]), cluster, split)
            tunes.append(tune)
    return tunes


def _runs_of_tunes(arrays: dict[str, np.ndarray], rounded: bool) -> dict[int, list[np.ndarray]]:
    """Returns the runs of each tune that has any, by the tune's index."""
    events = arrays["events"].copy()
    kept = (arrays["exact"] == 1) | rounded
    # a run begins at a bar whose run differs from that of the bar before; -1 is none
    run = np.where(kept, arrays["run"], -1)
    first_bars = np.flatnonzero(np.diff(run, prepend=-2))
    starts = first_bars * melody.STEPS_PER_BAR
    # a note that sounds on into a run is struck again
    events[starts] = melody.sounding(arrays["events"])[starts]
    events.setflags(write=False)
    stops = [*starts[1:], len(events)]
    runs = defaultdict(list)
    for bar, start, stop in zip(first_bars, starts, stops):
        if kept[bar]:
            owner = int(arrays["owner"][bar])
            runs[owner].append(events[start:stop])
    return runs


def load_tunes(
    books: Sequence[str] = BOOKS, rounded: bool = False, progress: bool = True
) -> tuple[Tune, ...]:
    """Returns the tunes of some books that have regular bars of 4/4, cut time or 2/4.

    The first call reads the books and caches them. Essen comes only when it is named,
    with its licence sentence; its tunes have no split.

    rounded: bars with notes off the 16th grid stay, rounded; otherwise they end a run.
    progress: show a progress bar while books are read, on a terminal.
    Raises: DataError, with both hashes, where a file of a book or the cache is damaged.
    Notebook: melody_dataset
    """
    unknown = set(books) - {*BOOKS, ESSEN}
    if unknown:
        known = ", ".join((*BOOKS, ESSEN))
        raise files.UserError(f"There is no tune book {min(unknown)!r}; there are {known}.")
    if ESSEN in books:
        print(ESSEN_LICENCE)
    card = files.read_card(SPLIT_FILE)
    listed = {}
    for line in card["tunes"]:
        book, id, cluster, split = line.split()
        listed[book, id] = (int(cluster), split)
    # the files are checked even where the cache is read
    sources = {book: abc_notation.sources(book, card["sources"].get(book, {})) for book in books}
    new_books = {book: sources[book] for book in books if not cache_path(book).exists()}
    parsed = _parse_books(new_books, progress)
    tunes: list[Tune] = []
    for book in books:
        if book in parsed:
            arrays = parsed[book]
            _write_cache(cache_path(book), arrays)
            _check_reading(book, arrays, card)
        else:
            arrays = read_cache(cache_path(book))
        tunes += _tunes_of_book(book, arrays, rounded, listed)
    return tuple(tunes)


def _parse_books(
    sources: dict[str, dict[str, str]], progress: bool
) -> dict[str, dict[str, np.ndarray]]:
    """Parses the tunes of books; returns the arrays of each book (`_to_arrays`).

    sources: the texts of each book by file name.
    """
    if not sources:
        return {}
    tunes_of = {book: abc_notation.tunes_of(texts) for book, texts in sources.items()}
    texts = []
    for tunes in tunes_of.values():
        texts += [abc for _, abc in tunes]
    parsed = iter(_parse_all(texts, progress))
    arrays = {}
    for book, tunes in tunes_of.items():
        ids = [id for id, _ in tunes]
        arrays[book] = _to_arrays(ids, list(itertools.islice(parsed, len(ids))))
    return arrays


def _check_reading(book: str, arrays: dict[str, np.ndarray], card: dict) -> None:
    """Warns where a book is not read as it was when the split was made."""
    expected = card["events"].get(book)
    if expected not in (None, files.sha256(arrays["events"].tobytes())):
        warnings.warn(
            f"This music21 reads {book} a little otherwise than {card['music21']}, "
            "with which it was split.",
            stacklevel=3,
        )


def cut_windows(
    tunes: Sequence[Tune], bars: int = 2, split: str | None = "train", hop: int = 1
) -> tuple[np.ndarray, np.ndarray]:
    """Returns the distinct windows with a note in the tunes of a split.

    bars: the length of a window. split: None for all tunes. hop: bars from the start of
        a window to that of the next. Returns: canonical events, uint8 (n, 16 * bars),
        and the index in `tunes` of the first tune with each window, int (n,).
    Source: Roberts et al. 2018 (MusicVAE), section 5.1.
    Notebook: melody_dataset
    """
    cut, owner = all_windows(tunes, bars, split, hop)
    _, first = np.unique(cut, axis=0, return_index=True)
    first.sort()
    return cut[first], owner[first]


def all_windows(
    tunes: Sequence[Tune], bars: int, split: str | None = None, hop: int = 1
) -> tuple[np.ndarray, np.ndarray]:
    """Returns all windows with a note, repeated ones too, and the tune of each.

    Arguments and shapes are those of `cut_windows`.
    """
    cut_runs = [np.zeros((0, bars * melody.STEPS_PER_BAR), np.uint8)]
    owners: list[int] = []
    for k, tune in enumerate(tunes):
        if split in (None, tune.split):
            for run in tune.runs:
                windows = melody.windows(run, bars, hop)
                cut_runs.append(windows)
                owners += [k] * len(windows)
    cut = np.concatenate(cut_runs)
    owner = np.array(owners, int)
    sounds = (cut >= melody.FIRST_ONSET).any(axis=1)
    return cut[sounds], owner[sounds]
