"""The tune books: O'Neill, Aird, Ryan and miscFolk out of the installed music21, cached, clustered and split.

`load_tunes` gives the tunes, `cut_windows` cuts them. The first call reads the books (`abc_notation`) and keeps the result in the user's cache; the
books themselves stay where music21 has them. The list of tune, cluster and part is data/splits/tunes.json; tools/split_tunes.py made it.

The rule of the clusters (RULE, below) takes near-duplicates of near-duplicates together, and a cluster is in one part as a whole. So no
2-bar window of the test part stands in the training part, in any key.
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
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from lyricgen import files
from lyricgen.music import abc_notation, melody

BOOKS = ("oneills1850", "airdsAirs", "ryansMammoth", "miscFolk")


ESSEN = "essenFolksong"


ESSEN_LICENCE = (
    'essenFolksong, from its licence file: "The legal status of the Essen folksong database is unclear"; permission is '
    '"for non-commercial distribution and use of these files in music21".'
)


SPLIT_FILE = files.DATA / "splits" / "tunes.json"


CODE = 1  # the version of the reader, part of the cache's name: to be raised when abc_notation reads something otherwise


@dataclass(frozen=True, eq=False)
class Tune:
    """A tune of a book; its runs are canonical event vectors (uint8, read-only), each some bars of 16 steps long."""

    book: str
    id: str  # "file/number", as in "0001-0050/3"
    title: str
    meter: str  # of the header: "C", "C|", "4/4", "2/4" ...
    tonic: int  # pitch class, 0 is C; -1 where the header names no key
    mode: str  # "major", "minor", "dorian" ...
    runs: tuple[np.ndarray, ...]
    cluster: int = -1  # near-duplicates share it; -1 outside the committed list
    split: str = ""  # "train", "validation" or "test"; "" outside the committed list


def _parse_all(texts: list[str], progress: bool) -> list[list]:
    """Parses tunes: on two processors where there are many, and on this one where that fails.

    A worker is a fresh Python that reads tunes from its standard input: unlike multiprocessing, that needs no guard in the user's script.
    """
    from tqdm import tqdm

    command = [
        sys.executable,
        "-c",
        "import json, sys; from lyricgen.music.abc_notation import parse_tune\n"
        "for text in json.load(sys.stdin.buffer): print(json.dumps(parse_tune(text)), flush=True)",
    ]
    paths = os.pathsep.join([str(Path(__file__).resolve().parents[2]), *filter(None, sys.path)])
    with tqdm(
        total=len(texts),
        desc="tune books",
        unit="tune",
        mininterval=0.5,
        disable=None if progress else True,
        file=sys.stderr,
    ) as bar:

        def tick(found: list) -> list:
            with bar.get_lock():
                bar.update()
            return found

        def share(own: list[str]) -> list[list]:
            with subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env={**os.environ, "PYTHONPATH": paths},
            ) as worker:
                worker.stdin.write(json.dumps(own).encode())
                worker.stdin.close()
                return [tick(json.loads(line)) for line in worker.stdout]

        if len(texts) > 200:
            with contextlib.suppress(OSError, ValueError), ThreadPoolExecutor(2) as pool:
                even, odd = pool.map(share, (texts[::2], texts[1::2]))
                if len(even) + len(odd) == len(texts):
                    return [(even, odd)[k % 2][k // 2] for k in range(len(texts))]
            bar.reset()
        return [tick(abc_notation.parse_tune(text)) for text in texts]


def cache_path(book: str) -> Path:
    """Where the parsed book is kept: one file for each version of music21 and of this reader."""
    return (
        files.cache_dir() / f"{book}-music21-{importlib.metadata.version('music21')}-code{CODE}.npz"
    )


def read_cache(path: Path) -> dict[str, np.ndarray]:
    """The arrays of a cached book; its file ends with the SHA-256 of what stands before. Raises DataError where that is not so."""
    data = path.read_bytes()
    found, expected = files.sha256(data[:-64]), data[-64:].decode("ascii", "replace")
    if found != expected:
        raise files.DataError(
            f"{path} is damaged: its SHA-256 is {found}, and it should be {expected}. Delete it, and it is made again."
        )
    with np.load(io.BytesIO(data[:-64]), allow_pickle=False) as arrays:
        return dict(arrays)


def _write_cache(path: Path, ids: list[str], parsed: list[list]) -> dict[str, np.ndarray]:
    """Keeps a parsed book, and gives the arrays that `read_cache` will give."""
    runs = [
        (owner, *map(bytes.fromhex, run)) for owner, tune in enumerate(parsed) for run in tune[4]
    ]
    bars = [len(exact) for _, _, exact in runs]
    arrays = {
        "headers": np.frombuffer(
            json.dumps([[id, *tune[:4]] for id, tune in zip(ids, parsed)]).encode(), np.uint8
        ),
        "events": np.frombuffer(b"".join(events for _, events, _ in runs), np.uint8),
        "exact": np.frombuffer(b"".join(exact for _, _, exact in runs), np.uint8),  # of each bar
        "run": np.repeat(np.arange(len(runs)), bars).astype(np.int32),  # of each bar
        "owner": np.repeat([owner for owner, _, _ in runs], bars).astype(np.int32),
    }  # of each bar: its tune
    np.savez_compressed(buffer := io.BytesIO(), **arrays)
    with contextlib.suppress(OSError):  # a cache that cannot be written costs time, nothing else
        files.write_atomic(path, buffer.getvalue() + files.sha256(buffer.getvalue()).encode())
    return arrays


def _tunes(book: str, arrays: dict[str, np.ndarray], rounded: bool, listed: dict) -> list[Tune]:
    """The tunes of a book. Bars off the grid end a run, unless they are to stay rounded."""
    events, keep = arrays["events"].copy(), (arrays["exact"] == 1) | rounded
    places = (
        np.flatnonzero(np.diff(np.where(keep, arrays["run"], -1), prepend=-2))
        * melody.STEPS_PER_BAR
    )
    events[places] = melody.sounding(arrays["events"])[
        places
    ]  # a note that sounds on into a run is struck again
    events.setflags(write=False)
    runs = defaultdict(list)
    for first, last in zip(places, [*places[1:], len(events)]):
        if keep[first // melody.STEPS_PER_BAR]:
            runs[int(arrays["owner"][first // melody.STEPS_PER_BAR])].append(events[first:last])
    return [
        Tune(book, id, *header, tuple(runs[k]), *listed.get((book, id), ()))
        for k, (id, *header) in enumerate(json.loads(arrays["headers"].tobytes()))
        if k in runs
    ]


def load_tunes(
    books: Sequence[str] = BOOKS, rounded: bool = False, progress: bool = True
) -> tuple[Tune, ...]:
    """The tunes of some books that have regular bars of 4/4, cut time or 2/4; the first call reads the books and caches them.

    rounded: bars with notes off the 16th grid stay, rounded; otherwise they end a run. progress: a bar while books are read, on a terminal.
    Raises DataError, with both hashes, where a file of a book or the cache is damaged. Essen comes only when it is named, with its licence
    sentence; its tunes have no part. Notebook: 06_melody_dataset
    """
    if unknown := set(books) - {*BOOKS, ESSEN}:
        raise files.UserError(
            f"There is no tune book {min(unknown)!r}; there are {', '.join((*BOOKS, ESSEN))}."
        )
    if ESSEN in books:
        print(ESSEN_LICENCE)
    card = files.read_card(SPLIT_FILE)
    listed = {
        (book, id): (int(cluster), part)
        for book, id, cluster, part in map(str.split, card["tunes"])
    }
    texts = {book: abc_notation.sources(book, card["sources"].get(book, {})) for book in books}
    fresh = {
        book: abc_notation.tunes_of(texts[book]) for book in books if not cache_path(book).exists()
    }
    parsed = iter(
        _parse_all([abc for found in fresh.values() for _, abc in found], progress) if fresh else []
    )
    tunes: list[Tune] = []
    for book in books:
        if book in fresh:
            arrays = _write_cache(
                cache_path(book),
                [id for id, _ in fresh[book]],
                list(itertools.islice(parsed, len(fresh[book]))),
            )
            if card["events"].get(book) not in (None, files.sha256(arrays["events"].tobytes())):
                warnings.warn(
                    f"This music21 reads {book} a little otherwise than {card['music21']}, with which it was split.",
                    stacklevel=2,
                )
        else:
            arrays = read_cache(cache_path(book))
        tunes += _tunes(book, arrays, rounded, listed)
    return tuple(tunes)


def cut_windows(
    tunes: Sequence[Tune], bars: int = 2, split: str | None = "train", hop: int = 1
) -> tuple[np.ndarray, np.ndarray]:
    """The distinct windows of so many bars with at least one note, `hop` bars apart, in the tunes of a split (None: in all of them).

    Returns canonical events, uint8 (n, 16 * bars), and the index in `tunes` of the first tune with each window, int (n,).
    Source: Roberts et al. 2018 (MusicVAE), section 5.1. Notebook: 06_melody_dataset
    """
    cut, owner = _cut(tunes, bars, split, hop)
    first = np.sort(np.unique(cut, axis=0, return_index=True)[1])
    return cut[first], owner[first]


def _cut(
    tunes: Sequence[Tune], bars: int, split: str | None = None, hop: int = 1
) -> tuple[np.ndarray, np.ndarray]:
    """All windows with a note, and the index of the tune of each."""
    pieces = [
        (melody.windows(run, bars, hop), k)
        for k, tune in enumerate(tunes)
        if split in (None, tune.split)
        for run in tune.runs
    ]
    owner = np.repeat([k for _, k in pieces], [len(cut) for cut, _ in pieces]).astype(int)
    cut = np.concatenate(
        [np.zeros((0, bars * melody.STEPS_PER_BAR), np.uint8), *(cut for cut, _ in pieces)]
    )
    sounds = (cut >= melody.FIRST_ONSET).any(axis=1)
    return cut[sounds], owner[sounds]
