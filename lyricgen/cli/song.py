"""python -m lyricgen song: makes a song."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from lyricgen.files import check_folder
from lyricgen.models.weights import find_weights

if TYPE_CHECKING:
    from lyricgen.song.tune import TuneWriter
    from lyricgen.song.words import TextWriter


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
        "--words", metavar="WEIGHTS", help="a language model of your own, of Chinese verse"
    )
    parser.add_argument("--tune", metavar="WEIGHTS", help="a MusicVAE of your own, in 4/4")
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

    song = compose(
        args.pattern,
        args.seed,
        args.tempo,
        args.temperature,
        words=load_words(args.words),
        tune=load_tune(args.tune),
        report=report,
    )
    report("engraving and playing it")
    paths = save(song, args.out)
    print_words(song, with_copied=args.words is None)
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


def load_words(named: str | None) -> TextWriter | None:
    """Returns the language model that writes the words, None for the shipped one."""
    from lyricgen.models.language.inference import NumpyLanguageModel

    if named is None:
        return None
    name, folder = find_weights(named, "language")
    return NumpyLanguageModel.load(name, folder)


def load_tune(named: str | None) -> TuneWriter | None:
    """Returns the MusicVAE that writes the tune, None for the shipped one."""
    from lyricgen.models.musicvae.inference import NumpyMusicVAE
    from lyricgen.song.tune import LatentTunes

    if named is None:
        return None
    name, folder = find_weights(named, "musicvae")
    return LatentTunes(NumpyMusicVAE.load(name, folder))


def print_words(song, with_copied: bool = True) -> None:
    """Prints the lines of a song, how well they fit, and what was copied.

    What was copied is known of the shipped model's text only.
    """
    from lyricgen.lyrics import chinese, gloss
    from lyricgen.show import GLOSS_SOURCE

    print(f"\n{song.sheet.title} {song.sheet.subtitle}\n")
    for line in song.lines:
        print(f"  {line}  {' '.join(chinese.pinyin(line))}\n    {gloss.word_by_word(line)}")
    print(f"\n{GLOSS_SOURCE}")
    print(f"\nPhrases mended to fit their line: {song.mended} of {len(song.lines)}.", end=" ")
    if with_copied:
        copied = song.copied.replace("\n", " / ")
        print(
            f"Longest run copied from the training text: {len(song.copied)} characters ({copied}).",
            end="",
        )
    print()
