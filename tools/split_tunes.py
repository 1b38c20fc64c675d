"""Makes data/splits/tunes.json: the files' hashes, and each tune's cluster and split.

    python tools/split_tunes.py            # writes the file
    python tools/split_tunes.py --check    # exit code 1 if the file is another

To be run with the locked music21. The rule is in lyricgen/music/splits.py.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import music21

from lyricgen import files
from lyricgen.music import abc_notation, splits, tune_books
from lyricgen.music.tune_books import Tune

NOTE = (
    "Each tune: book, file/number, cluster, part. sources: SHA-256 of the ABC files in music21's "
    "corpus; events: SHA-256 of the events that were read of each book (repeats played, bars off "
    "the 16th grid rounded), as music21 in the version named here gave them."
)
LEAKAGE = "share of 2-bar test windows also in train, up to transposition"


def sources() -> dict[str, dict[str, str]]:
    """Returns the SHA-256 of each ABC file of the books in the installed music21."""
    corpus = Path(music21.__file__).parent / "corpus"
    hashes: dict[str, dict[str, str]] = {}
    for book in tune_books.BOOKS:
        hashes[book] = {}
        for name in abc_notation.sources(book, {}):
            hashes[book][name] = files.sha256((corpus / book / name).read_bytes())
    return hashes


def hash_of_events(book: str) -> str:
    """Returns the SHA-256 of the events that were read of a book."""
    arrays = tune_books.read_cache(tune_books.cache_path(book))
    return files.sha256(arrays["events"].tobytes())


def counts(tunes: Sequence[Tune]) -> dict[str, int]:
    """Returns the numbers of tunes and clusters, and of tunes in each split."""
    sizes = Counter(tune.cluster for tune in tunes)
    return {
        "tunes": len(tunes),
        "clusters": len(sizes),
        "largest cluster": max(sizes.values()),
        **Counter(tune.split for tune in tunes),
    }


def leakage(tunes: Sequence[Tune]) -> dict[str, float]:
    """Returns the leakage of three ways to split the windows of the exact bars.

    tunes: all bars rounded, with cluster and split.
    """
    exact = {(tune.book, tune.id): tune for tune in tune_books.load_tunes()}
    split = []
    for tune in tunes:
        if (tune.book, tune.id) in exact:
            same_tune = exact[tune.book, tune.id]
            split.append(replace(same_tune, cluster=tune.cluster, split=tune.split))
    return {by: round(splits.leakage(split, by), 4) for by in ("cluster", "tune", "window")}


def card() -> dict:
    """Returns the whole file, made anew."""
    tunes = splits.split_tunes(tune_books.load_tunes(rounded=True))
    return {
        "note": NOTE,
        "rule": splits.RULE,
        "seed": 0,
        "music21": importlib.metadata.version("music21"),
        "code": tune_books.CODE,
        "events": {book: hash_of_events(book) for book in tune_books.BOOKS},
        "counts": counts(tunes),
        LEAKAGE: leakage(tunes),
        "tunes": [f"{tune.book} {tune.id} {tune.cluster} {tune.split}" for tune in tunes],
        "sources": sources(),
    }


def check() -> int:
    """Compares the file with one made anew; returns the exit code."""
    made = json.loads(json.dumps(card()))
    if made == files.read_card(tune_books.SPLIT_FILE):
        print("data/splits/tunes.json is what the rule makes.")
        return 0
    print("data/splits/tunes.json is NOT what the rule makes.")
    return 1


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="write nothing, compare")
    if parser.parse_args().check:
        return check()
    # the tunes are first loaded without a list of clusters and splits
    empty = {"music21": "", "events": {}, "tunes": [], "sources": sources()}
    files.write_json(tune_books.SPLIT_FILE, empty)
    files.write_json(tune_books.SPLIT_FILE, card())
    return 0


if __name__ == "__main__":
    sys.exit(main())
