"""python -m lyricgen song: makes a song."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

from lyricgen.files import check_folder


def add_parser(commands) -> None:
    """Adds the command and its arguments."""
    parser = commands.add_parser("song", help="makes a song: lead sheet, MIDI, MP3 and words")
    parser.add_argument(
        "--seed", type=int, default=1, help="a whole number: the same seed gives the same song (1)"
    )
    parser.add_argument(
        "--pattern", default="浣溪沙", help="a tune pattern of ci, or list (浣溪沙)"
    )
    parser.add_argument("--tempo", type=float, default=96.0, help="quarters a minute (96)")
    parser.add_argument(
        "--temperature", type=float, default=0.8, help="above 0: low is careful, high is wild (0.8)"
    )
    parser.add_argument(
        "--out", type=Path, default=Path("out"), help="the folder for the five files (out)"
    )
    parser.set_defaults(run=run_song)


def run_song(args: argparse.Namespace) -> int:
    """Makes a song and tells what it did."""
    from lyricgen.lyrics import chinese, corpora, patterns
    from lyricgen.song import song as workshop

    if args.pattern == "list":
        for pattern in patterns.stable_patterns(corpora.load_corpus("songci").poems).values():
            name = "".join(chinese.pinyin(pattern.name))
            print(
                f"{pattern.name}  {name:<18} {pattern.poems:4d} poems, {pattern.share:.0%} with lines of {' '.join(map(str, pattern.lengths))}"
            )
        return 0
    check_folder(args.out)
    began = time.perf_counter()
    made = workshop.compose(
        args.pattern,
        args.seed,
        args.tempo,
        args.temperature,
        report=lambda text: print(
            f"[{time.perf_counter() - began:5.1f} s] {text}", file=sys.stderr, flush=True
        ),
    )
    print(
        f"[{time.perf_counter() - began:5.1f} s] engraving and playing it",
        file=sys.stderr,
        flush=True,
    )
    paths = workshop.save(made, args.out)
    print(f"\n{made.sheet.title} {made.sheet.subtitle}\n")
    for line in made.lines:
        print(f"  {line}  {' '.join(chinese.pinyin(line))}")
    print(
        f"\nPhrases mended to fit their line: {made.mended} of {len(made.lines)}. "
        f"Longest run copied from the training text: {len(made.copied)} characters ({made.copied.replace(chr(10), ' / ')})."
    )
    print("Written: " + ", ".join(str(path) for path in paths))
    return 0
