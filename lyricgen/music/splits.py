"""Near-duplicates of tunes, and the split that keeps them together."""

from __future__ import annotations

import itertools
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np

from lyricgen import files
from lyricgen.music import melody
from lyricgen.music.tune_books import Tune, all_windows

SHARES = {"train": 0.8, "validation": 0.1, "test": 0.1}

RULE = (
    "Two tunes are near-duplicates when they share a 2-bar window, or at least 8 sequences of "
    "eight intervals that are at least 25 % of those of the shorter tune; both up to "
    "transposition, repeats played, all bars rounded to the 16th grid."
)


def _count_shared(items: Iterable[tuple[int, bytes]]) -> tuple[Counter, Counter]:
    """Counts the distinct items that each two tunes share, and those of each tune.

    items: pairs of a tune's index and an item.
    Returns: counts by pair of tunes (the lower index first), and by tune.
    """
    tunes_with: dict[bytes, set[int]] = defaultdict(set)
    for tune, item in items:
        tunes_with[item].add(tune)
    shared: Counter[tuple[int, int]] = Counter()
    total: Counter[int] = Counter()
    for tunes in tunes_with.values():
        shared.update(itertools.combinations(sorted(tunes), 2))
        total.update(tunes)
    return shared, total


def _interval_sequences(tunes: Sequence[Tune], length: int) -> Iterable[tuple[int, bytes]]:
    """Yields each sequence of intervals in the runs of tunes, with the tune's index."""
    for k, tune in enumerate(tunes):
        for run in tune.runs:
            pitches = melody.to_notes(run)[:, 2]
            intervals = np.diff(pitches).astype(np.int8)
            for i in range(len(intervals) - length + 1):
                yield k, intervals[i : i + length].tobytes()


def find_clusters(
    tunes: Sequence[Tune], intervals: int = 8, least: int = 8, share: float = 0.25
) -> list[int]:
    """Returns the cluster of near-duplicates of each tune, by the RULE.

    A cluster is the index of its first tune.

    tunes: loaded with `rounded=True`.
    intervals, least, share: the length of the sequences, how many two tunes must share,
        and which share of those of the shorter tune.
    Notebook: melody_dataset
    """
    cut, owner = all_windows(tunes, 2)
    windows = map(bytes, melody.untransposed(cut))
    shared_windows, _ = _count_shared(zip(owner.tolist(), windows))
    shared, total = _count_shared(_interval_sequences(tunes, intervals))
    near_duplicates = list(shared_windows)
    for (a, b), count in shared.items():
        if count >= max(least, share * min(total[a], total[b])):
            near_duplicates.append((a, b))
    return _union(len(tunes), near_duplicates)


def _union(n: int, pairs: Iterable[tuple[int, int]]) -> list[int]:
    """Returns for each of n things the first one to which pairs join it: union-find."""
    # points to an earlier thing of the same cluster, or to itself
    parent = list(range(n))

    def root(k: int) -> int:
        while parent[k] != k:
            # every other thing on the way is moved up, so that the next way is shorter
            parent[k] = parent[parent[k]]
            k = parent[k]
        return k

    for a, b in pairs:
        first, second = sorted((root(a), root(b)))
        parent[second] = first
    return [root(k) for k in range(n)]


def assign(
    groups: Sequence[int], names: Sequence[str], strata: Sequence[str], seed: int = 0
) -> list[str]:
    """Returns a split for each thing, whole groups together.

    Each group goes to the split that lacks most in the strata of its things. The groups
    come in the order of the hash of seed and first thing's name, which no version of a
    generator changes.
    """
    members: dict[int, list[int]] = defaultdict(list)
    for k, group in enumerate(groups):
        members[group].append(k)

    def hash_of_group(things: list[int]) -> str:
        return files.sha256(f"{seed} {names[things[0]]}".encode())

    splits = [""] * len(groups)
    # how many things of each stratum are in each split
    filled: dict[str, Counter[str]] = defaultdict(Counter)
    for things in sorted(members.values(), key=hash_of_group):
        split = _neediest_split([filled[strata[k]] for k in things])
        for k in things:
            splits[k] = split
            filled[strata[k]][split] += 1
    return splits


def _neediest_split(filled: list[Counter[str]]) -> str:
    """Returns the split that lacks most of its share, one more thing counted.

    filled: for each thing to be placed, what the splits have of its stratum.
    """

    def lack(split: str) -> float:
        return sum(SHARES[split] * (counts.total() + 1) - counts[split] for counts in filled)

    return max(SHARES, key=lack)


def split_tunes(tunes: Sequence[Tune], seed: int = 0) -> list[Tune]:
    """Returns the tunes with cluster and split: 80/10/10 by cluster in each book.

    tunes: loaded with `rounded=True`.
    Notebook: melody_dataset
    """
    roots = find_clusters(tunes)
    number = {root: k for k, root in enumerate(dict.fromkeys(roots))}
    names = [f"{tune.book} {tune.id}" for tune in tunes]
    books = [tune.book for tune in tunes]
    splits = assign(roots, names, books, seed)
    return [
        replace(tune, cluster=number[root], split=split)
        for tune, root, split in zip(tunes, roots, splits)
    ]


def leakage(
    tunes: Sequence[Tune], by: str = "cluster", bars: int = 2, split: str = "test", seed: int = 0
) -> float:
    """Returns the share of a split's windows that also stand in the training split.

    Counted are distinct windows, up to transposition.

    by: "cluster" for the tunes' own splits; "tune" or "window" for the same windows
        split otherwise.
    Notebook: melody_dataset
    """
    cut, owner = all_windows(tunes, bars)
    # each window once for each of its tunes
    rows = np.unique(np.column_stack([owner, cut]), axis=0)
    owners = rows[:, 0].tolist()
    if by == "cluster":
        splits = [tunes[k].split for k in owners]
    else:
        groups = owners if by == "tune" else list(range(len(rows)))
        books = [tunes[k].book for k in owners]
        splits = assign(groups, list(map(str, groups)), books, seed)
    windows = melody.untransposed(rows[:, 1:].astype(np.uint8))
    windows_of: dict[str, set[bytes]] = defaultdict(set)
    for name, window in zip(splits, windows):
        windows_of[name].add(bytes(window))
    leaked = windows_of[split] & windows_of["train"]
    return len(leaked) / len(windows_of[split])
