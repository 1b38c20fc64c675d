"""Near-duplicates of tunes, and the split that keeps them together."""

from __future__ import annotations

import itertools
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np

from lyricgen import files
from lyricgen.music import melody
from lyricgen.music.tune_books import Tune, _cut

SHARES = {"train": 0.8, "validation": 0.1, "test": 0.1}


RULE = (
    "Two tunes are near-duplicates when they share a 2-bar window, or at least 8 sequences of eight intervals that are at least 25 % of "
    "those of the shorter tune; both up to transposition, repeats played, all bars rounded to the 16th grid."
)


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


def find_clusters(
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
            SHARES,
            key=lambda name: sum(SHARES[name] * (own.total() + 1) - own[name] for own in had),
        )
        for k in group:
            parts[k] = part
            filled[strata[k]][part] += 1
    return parts


def split_tunes(tunes: Sequence[Tune], seed: int = 0) -> list[Tune]:
    """The tunes with cluster and part: 80/10/10 by cluster in each book. tunes: loaded with `rounded=True`. Notebook: 06_melody_dataset"""
    roots = find_clusters(tunes)
    number = {root: k for k, root in enumerate(dict.fromkeys(roots))}
    parts = assign(
        roots, [f"{tune.book} {tune.id}" for tune in tunes], [tune.book for tune in tunes], seed
    )
    return [
        replace(tune, cluster=number[root], split=part)
        for tune, root, part in zip(tunes, roots, parts)
    ]


def leakage(
    tunes: Sequence[Tune], by: str = "cluster", bars: int = 2, split: str = "test", seed: int = 0
) -> float:
    """The share of a part's distinct windows, up to transposition, that also stand in the training part.

    by: "cluster" for the tunes' own parts; "tune" or "window" for the same windows split otherwise. Notebook: 06_melody_dataset
    """
    cut, owner = _cut(tunes, bars)
    rows = np.unique(
        np.column_stack([owner, cut]), axis=0
    )  # each window once for each of its tunes
    if by == "cluster":
        parts = [tunes[k].split for k in rows[:, 0]]
    else:
        groups = rows[:, 0].tolist() if by == "tune" else list(range(len(rows)))
        parts = assign(groups, list(map(str, groups)), [tunes[k].book for k in rows[:, 0]], seed)
    found = defaultdict(set)
    for name, window in zip(parts, map(bytes, melody.untransposed(rows[:, 1:].astype(np.uint8)))):
        found[name].add(window)
    return len(found[split] & found["train"]) / len(found[split])
