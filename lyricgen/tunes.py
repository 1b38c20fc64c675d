"""The tune books: O'Neill, Aird, Ryan and miscFolk out of the installed music21, cached, clustered and split.

`load` gives the tunes, `windows` cuts them. The first call reads the books (`abcbooks`) and keeps the result in the user's cache; the
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
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from . import abcbooks, files, melody

BOOKS = ("oneills1850", "airdsAirs", "ryansMammoth", "miscFolk")
ESSEN = "essenFolksong"
ESSEN_LICENCE = (
    'essenFolksong, from its licence file: "The legal status of the Essen folksong database is unclear"; permission is '
    '"for non-commercial distribution and use of these files in music21".'
)
SPLIT = files.DATA / "splits" / "tunes.json"
PARTS = {"train": 0.8, "validation": 0.1, "test": 0.1}
RULE = (
    "Two tunes are near-duplicates when they share a 2-bar window, or at least 8 sequences of eight intervals that are at least 25 % of "
    "those of the shorter tune; both up to transposition, repeats played, all bars rounded to the 16th grid."
)
CODE = 1  # the version of the reader, part of the cache's name: to be raised when abcbooks reads something otherwise


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
    part: str = ""  # "train", "validation" or "test"; "" outside the committed list


def _parse_all(texts: list[str], progress: bool) -> list[list]:
    """Parses tunes: on two processors where there are many, and on this one where that fails.

    A worker is a fresh Python that reads tunes from its standard input: unlike multiprocessing, that needs no guard in the user's script.
    """
    from tqdm import tqdm

    command = [
        sys.executable,
        "-c",
        "import json, sys; from lyricgen.abcbooks import parse\n"
        "for text in json.load(sys.stdin.buffer): print(json.dumps(parse(text)), flush=True)",
    ]
    paths = os.pathsep.join([str(Path(__file__).resolve().parents[1]), *filter(None, sys.path)])
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
        return [tick(abcbooks.parse(text)) for text in texts]


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


def load(
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
    card = files.read_card(SPLIT)
    listed = {
        (book, id): (int(cluster), part)
        for book, id, cluster, part in map(str.split, card["tunes"])
    }
    texts = {book: abcbooks.sources(book, card["sources"].get(book, {})) for book in books}
    fresh = {
        book: abcbooks.tunes_of(texts[book]) for book in books if not cache_path(book).exists()
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


def windows(
    tunes: Sequence[Tune], bars: int = 2, part: str | None = "train", hop: int = 1
) -> tuple[np.ndarray, np.ndarray]:
    """The distinct windows of so many bars with at least one note, `hop` bars apart, in the tunes of a part (None: in all of them).

    Returns canonical events, uint8 (n, 16 * bars), and the index in `tunes` of the first tune with each window, int (n,).
    Source: Roberts et al. 2018 (MusicVAE), section 5.1. Notebook: 06_melody_dataset
    """
    cut, owner = _cut(tunes, bars, part, hop)
    first = np.sort(np.unique(cut, axis=0, return_index=True)[1])
    return cut[first], owner[first]


def _cut(
    tunes: Sequence[Tune], bars: int, part: str | None = None, hop: int = 1
) -> tuple[np.ndarray, np.ndarray]:
    """All windows with a note, and the index of the tune of each."""
    pieces = [
        (melody.windows(run, bars, hop), k)
        for k, tune in enumerate(tunes)
        if part in (None, tune.part)
        for run in tune.runs
    ]
    owner = np.repeat([k for _, k in pieces], [len(cut) for cut, _ in pieces]).astype(int)
    cut = np.concatenate(
        [np.zeros((0, bars * melody.STEPS_PER_BAR), np.uint8), *(cut for cut, _ in pieces)]
    )
    sounds = (cut >= melody.FIRST_ONSET).any(axis=1)
    return cut[sounds], owner[sounds]


def _shared(items: Iterable[tuple[int, bytes]]) -> tuple[Counter, Counter]:
    """From pairs of tune and thing: how many distinct things each two tunes share, and how many each tune has."""
    owners = defaultdict(set)
    for tune, thing in items:
        owners[thing].add(tune)
    return (
        Counter(
            pair for found in owners.values() for pair in itertools.combinations(sorted(found), 2)
        ),
        Counter(tune for found in owners.values() for tune in found),
    )


def clusters(
    tunes: Sequence[Tune], intervals: int = 8, least: int = 8, share: float = 0.25
) -> list[int]:
    """The cluster of near-duplicates of each tune, by the RULE, as the index of its first tune. tunes: loaded with `rounded=True`.

    intervals, least, share: the length of the sequences, how many two tunes must share, and of which share. Notebook: 06_melody_dataset
    """
    cut, owner = _cut(tunes, 2)
    windows_shared, _ = _shared(zip(owner.tolist(), map(bytes, melody.untransposed(cut))))
    steps = [
        (k, np.diff(melody.to_notes(run)[:, 2]).astype(np.int8))
        for k, tune in enumerate(tunes)
        for run in tune.runs
    ]
    shared, total = _shared(
        (k, own[i : i + intervals].tobytes())
        for k, own in steps
        for i in range(len(own) - intervals + 1)
    )
    root = list(
        range(len(tunes))
    )  # union-find: a tune points to an earlier one of its cluster, or to itself

    def find(k: int) -> int:
        while root[k] != k:
            root[k] = root[root[k]]
            k = root[k]
        return k

    near = [
        (a, b) for (a, b), n in shared.items() if n >= max(least, share * min(total[a], total[b]))
    ]
    for a, b in (*windows_shared, *near):
        root[max(find(a), find(b))] = min(find(a), find(b))
    return [find(k) for k in range(len(tunes))]


def assign(
    groups: Sequence[int], names: Sequence[str], strata: Sequence[str], seed: int = 0
) -> list[str]:
    """A part for each thing, whole groups together: each group goes to the part that lacks most in the strata of its things.

    The groups come in the order of the hash of seed and first thing's name, which no version of a generator changes.
    """
    members, parts, filled = defaultdict(list), [""] * len(groups), defaultdict(Counter)
    for k, group in enumerate(groups):
        members[group].append(k)
    for group in sorted(
        members.values(), key=lambda found: files.sha256(f"{seed} {names[found[0]]}".encode())
    ):
        had = [filled[strata[k]] for k in group]
        part = max(
            PARTS, key=lambda name: sum(PARTS[name] * (own.total() + 1) - own[name] for own in had)
        )
        for k in group:
            parts[k] = part
            filled[strata[k]][part] += 1
    return parts


def split(tunes: Sequence[Tune], seed: int = 0) -> list[Tune]:
    """The tunes with cluster and part: 80/10/10 by cluster in each book. tunes: loaded with `rounded=True`. Notebook: 06_melody_dataset"""
    roots = clusters(tunes)
    number = {root: k for k, root in enumerate(dict.fromkeys(roots))}
    parts = assign(
        roots, [f"{tune.book} {tune.id}" for tune in tunes], [tune.book for tune in tunes], seed
    )
    return [
        replace(tune, cluster=number[root], part=part)
        for tune, root, part in zip(tunes, roots, parts)
    ]


def leakage(
    tunes: Sequence[Tune], by: str = "cluster", bars: int = 2, part: str = "test", seed: int = 0
) -> float:
    """The share of a part's distinct windows, up to transposition, that also stand in the training part.

    by: "cluster" for the tunes' own parts; "tune" or "window" for the same windows split otherwise. Notebook: 06_melody_dataset
    """
    cut, owner = _cut(tunes, bars)
    rows = np.unique(
        np.column_stack([owner, cut]), axis=0
    )  # each window once for each of its tunes
    if by == "cluster":
        parts = [tunes[k].part for k in rows[:, 0]]
    else:
        groups = rows[:, 0].tolist() if by == "tune" else list(range(len(rows)))
        parts = assign(groups, list(map(str, groups)), [tunes[k].book for k in rows[:, 0]], seed)
    found = defaultdict(set)
    for name, window in zip(parts, map(bytes, melody.untransposed(rows[:, 1:].astype(np.uint8)))):
        found[name].add(window)
    return len(found[part] & found["train"]) / len(found[part])
