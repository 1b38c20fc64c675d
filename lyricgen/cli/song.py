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
    """Makes a song, or lists the patterns, and prints what it did."""
    from lyricgen.song.song import compose, save

    if args.pattern == "list":
        list_patterns()
        return 0
    check_folder(args.out)
    began = time.perf_counter()

    def report(text: str) -> None:
        seconds = time.perf_counter() - began
        print(f"[{seconds:5.1f} s] {text}", file=sys.stderr, flush=True)

    song = compose(args.pattern, args.seed, args.tempo, args.temperature, report=report)
    report("engraving and playing it")
    paths = save(song, args.out)
    print_words(song)
    print("Written: " + ", ".join(map(str, paths)))
    return 0


def list_patterns() -> None:
    """Prints each tune pattern with its pinyin, poems and line lengths."""
    from lyricgen.lyrics import chinese, corpora, patterns

    poems = corpora.load_corpus("songci").poems
    for pattern in patterns.stable_patterns(poems).values():
        name = chinese.tune_name(pattern.name)
        lengths = " ".join(map(str, pattern.lengths))
        print(
            f"{pattern.name}  {name:<18} {pattern.poems:4d} poems, "
            f"{pattern.share:.0%} with lines of {lengths}"
        )


def print_words(song) -> None:
    """Prints the lines of a song, how well they fit, and what was copied."""
    from lyricgen.lyrics import chinese, gloss
    from lyricgen.show import GLOSS_SOURCE

    print(f"\n{song.sheet.title} {song.sheet.subtitle}\n")
    for line in song.lines:
        print(f"  {line}  {' '.join(chinese.pinyin(line))}\n    {gloss.word_by_word(line)}")
    print(f"\n{GLOSS_SOURCE}")
    copied = song.copied.replace("\n", " / ")
    print(
        f"\nPhrases mended to fit their line: {song.mended} of {len(song.lines)}. "
        "Longest run copied from the training text: "
        f"{len(song.copied)} characters ({copied})."
    )
