"""python -m lyricgen song: makes a song."""

from __future__ import annotations

import argparse
import sys
import time
import webbrowser
from pathlib import Path
from typing import TYPE_CHECKING

from lyricgen.files import UserError, check_folder
from lyricgen.models.weights import find_weights

if TYPE_CHECKING:
    from lyricgen.song.tune import TuneWriter
    from lyricgen.song.words import TextWriter


def add_parser(commands) -> None:
    """Adds the command and its arguments."""
    parser = commands.add_parser(
        "song", help="makes a song: a page that plays it, score, MIDI, MP3 and words"
    )
    _add_words(parser)
    _add_tune(parser)
    _add_output(parser)
    parser.set_defaults(run=run_song)


def _add_words(parser: argparse.ArgumentParser) -> None:
    """Adds what the words should be."""
    parser.add_argument(
        "--seed", type=int, default=1, help="a whole number: the same seed gives the same song (1)"
    )
    parser.add_argument(
        "--count", type=int, default=1, help="how many songs, of this seed and the next ones (1)"
    )
    parser.add_argument(
        "--lyrics",
        default="songci",
        help="songci or yuanqu, Chinese; burns or ballads, English (songci)",
    )
    parser.add_argument(
        "--pattern",
        help="Chinese: a tune pattern, in characters or pinyin, or its number; English: a stanza, "
        "such as common or 8.6.8.6 abab; list shows them all (浣溪沙; common)",
    )
    parser.add_argument("--stanzas", type=int, help="how many, in English (4)")
    parser.add_argument(
        "--temperature",
        type=float,
        help="above 0: low is careful, high is wild (0.8; 0.65 in English)",
    )
    parser.add_argument("--words", metavar="WEIGHTS", help="a language model of your own")


def _add_tune(parser: argparse.ArgumentParser) -> None:
    """Adds what the tune should be."""
    parser.add_argument("--tempo", type=float, default=96.0, help="quarters a minute (96)")
    parser.add_argument("--key", default="C", help="the tonic of a major key, such as G or Bb (C)")
    parser.add_argument("--form", default="stanzas", help="stanzas, AABA or refrain (stanzas)")
    parser.add_argument("--voice", default="low", help="low, A3 to D5, or high, C4 to F5 (low)")
    parser.add_argument(
        "--whole-tunes",
        action="store_true",
        help="takes the melodies from whole tunes of 16 bars, not from draws of two bars",
    )
    parser.add_argument("--tune", metavar="WEIGHTS", help="a MusicVAE of your own, in 4/4")


def _add_output(parser: argparse.ArgumentParser) -> None:
    """Adds what is written."""
    parser.add_argument("--gloss", action="store_true", help="the page says what each line means")
    parser.add_argument("--no-chords", action="store_true", help="the voice alone, without a harp")
    parser.add_argument("--count-in", action="store_true", help="a bar is counted first")
    parser.add_argument("--soundfont", type=Path, help="a file of sounds, .sf2 or .sf3, that plays")
    parser.add_argument("--open", action="store_true", help="opens the page of the last song")
    parser.add_argument(
        "--out", type=Path, default=Path("out"), help="each song gets a folder in this one (out)"
    )


def run_song(args: argparse.Namespace) -> int:
    """Makes songs, or lists the patterns, and prints what it did."""
    from lyricgen.song.song import (
        Options,
        Output,
        compose_with,
        save_under,
        usual_temperature,
    )

    if args.pattern == "list":
        list_patterns(args.lyrics)
        return 0
    if args.count < 1:
        raise UserError(f"The number of songs is {args.count}; it should be 1 or above.")
    check_folder(args.out)
    began = time.perf_counter()

    def report(text: str) -> None:
        seconds = time.perf_counter() - began
        print(f"[{seconds:5.1f} s] {text}", file=sys.stderr, flush=True)

    words, tune = load_words(args.words), load_tune(args)
    models = [f"--words={args.words}"] if args.words else []
    models += [f"--tune={args.tune}"] if args.tune else []
    models += ["--whole-tunes"] if args.whole_tunes else []
    output = Output(not args.no_chords, args.count_in, args.gloss, args.soundfont)
    temperature = args.temperature
    if temperature is None:
        temperature = usual_temperature(args.lyrics)
    for seed in range(args.seed, args.seed + args.count):
        options = Options(
            args.lyrics,
            seed,
            args.tempo,
            temperature,
            args.key,
            args.form,
            args.voice,
            args.stanzas,
        )
        song = compose_with(options, args.pattern, words, tune, models, report)
        report("engraving and playing it")
        paths = save_under(song, args.out, seed, output)
        print_words(song, with_copied=args.words is None)
        names = ", ".join(path.name for path in paths if path.suffix != ".html")
        page = next(path for path in paths if path.suffix == ".html")
        print(f"Open {page}: it shows and plays the song. Beside it are {names}.")
    if args.open:
        webbrowser.open(page.resolve().as_uri())
    return 0


def list_patterns(lyrics: str) -> None:
    """Prints the patterns with their pinyin, poems and line lengths, or the stanzas."""
    from lyricgen.lyrics import chinese, pattern_list, verse
    from lyricgen.song.words import MANNERS

    if lyrics in MANNERS:
        for name, form in verse.STANZAS.items():
            print(f"{name:<8} {form}")
        return
    for number, pattern in enumerate(pattern_list.song_patterns(lyrics).values(), 1):
        name = chinese.tune_name(pattern.name)
        lengths = " ".join(map(str, pattern.lengths))
        print(
            f"{number:3d}  {pattern.name}  {name:<18} {pattern.poems:4d} poems, "
            f"{pattern.share:.0%} with lines of {lengths}"
        )
    for name in pattern_list.MISSED[lyrics]:
        print(f"  -  {pattern_list.why_not(name, lyrics)}")


def load_words(named: str | None) -> TextWriter | None:
    """Returns the language model that writes the words, None for the shipped one."""
    from lyricgen.models.language.inference import NumpyLanguageModel

    if named is None:
        return None
    name, folder = find_weights(named, "language")
    return NumpyLanguageModel.load(name, folder)


def load_tune(args: argparse.Namespace) -> TuneWriter | None:
    """Returns the model that writes the tune, None for the shipped MusicVAE."""
    from lyricgen.models.musicvae.inference import NumpyMusicVAE
    from lyricgen.song.tune import LatentTunes, LongTunes

    if args.whole_tunes:
        if args.tune is not None:
            raise UserError("--whole-tunes has a model of its own; leave out --tune.")
        return LongTunes()
    if args.tune is None:
        return None
    name, folder = find_weights(args.tune, "musicvae")
    return LatentTunes(NumpyMusicVAE.load(name, folder))


def print_words(song, with_copied: bool = True) -> None:
    """Prints the lines of a song, how well they fit, and what was copied.

    What was copied is known of the shipped model's text only.
    """
    from lyricgen.show import GLOSS_SOURCE

    print(f"\n{song.sheet.title} ({song.sheet.subtitle})")
    for stanza in song.words.stanzas:
        print()
        for line in stanza:
            readings = " ".join(syllable.reading for syllable in line.syllables)
            print(f"  {line.text}  {readings}".rstrip())
            if line.gloss:
                print(f"    {line.gloss}")
    if song.words.language == "zh":
        print(f"\n{GLOSS_SOURCE}")
    print(f"\nBars mended to fit their line: {song.mended}.", end=" ")
    if with_copied:
        copied = song.copied.replace("\n", " / ")
        print(
            f"Longest run copied from the training text: {len(song.copied)} characters ({copied}).",
            end="",
        )
    print()
