"""Makes data/splits/tunes.json: the hash of each ABC file of the tune books, and of each tune its cluster and its part.

    python tools/split_tunes.py            # writes the file
    python tools/split_tunes.py --check    # exit code 1 if the file is another

To be run with the locked music21. The rule and the split are in lyricgen/music/splits.py.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import importlib.util
import json
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path

from lyricgen import files
from lyricgen.music import abc_notation, splits, tune_books

NOTE = (
    "Each tune: book, file/number, cluster, part. sources: SHA-256 of the ABC files in music21's corpus; events: SHA-256 of the events "
    "that were read of each book (repeats played, bars off the 16th grid rounded), as music21 in the version named here gave them."
)


def sources() -> dict[str, dict[str, str]]:
    """The SHA-256 of each ABC file of the books in the installed music21."""
    corpus = Path(importlib.util.find_spec("music21").submodule_search_locations[0]) / "corpus"
    return {
        book: {
            name: files.sha256((corpus / book / name).read_bytes())
            for name in abc_notation.sources(book, {})
        }
        for book in tune_books.BOOKS
    }


def card() -> dict:
    """The whole file, made anew."""
    found = splits.split_tunes(tune_books.load_tunes(rounded=True))
    parts, sizes = Counter(tune.split for tune in found), Counter(tune.cluster for tune in found)
    exact = {(tune.book, tune.id): tune for tune in tune_books.load_tunes()}
    split = [
        replace(exact[tune.book, tune.id], cluster=tune.cluster, split=tune.split)
        for tune in found
        if (tune.book, tune.id) in exact
    ]
    return {
        "note": NOTE,
        "rule": splits.RULE,
        "seed": 0,
        "music21": importlib.metadata.version("music21"),
        "code": tune_books.CODE,
        "events": {
            book: files.sha256(
                tune_books.read_cache(tune_books.cache_path(book))["events"].tobytes()
            )
            for book in tune_books.BOOKS
        },
        "counts": {
            "tunes": len(found),
            "clusters": len(sizes),
            "largest cluster": max(sizes.values()),
            **parts,
        },
        "share of 2-bar test windows also in train, up to transposition": {
            by: round(splits.leakage(split, by), 4) for by in ("cluster", "tune", "window")
        },
        "tunes": [f"{tune.book} {tune.id} {tune.cluster} {tune.split}" for tune in found],
        "sources": sources(),
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="write nothing, compare")
    if parser.parse_args().check:
        same = json.loads(json.dumps(card())) == files.read_card(tune_books.SPLIT_FILE)
        print(
            "data/splits/tunes.json is what the rule makes."
            if same
            else "data/splits/tunes.json is NOT what the rule makes."
        )
        return 0 if same else 1
    files.write_json(
        tune_books.SPLIT_FILE, {"music21": "", "events": {}, "tunes": [], "sources": sources()}
    )
    files.write_json(tune_books.SPLIT_FILE, card())
    return 0


if __name__ == "__main__":
    sys.exit(main())
