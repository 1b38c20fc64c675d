"""python -m lyricgen evaluate: measures the shipped models."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from lyricgen import progress
from lyricgen.cli.longer_table import longer_lines
from lyricgen.cli.meanings import LANGUAGE, Meaning, describe
from lyricgen.cli.musicvae_table import musicvae_lines
from lyricgen.files import UserError
from lyricgen.lyrics import corpora
from lyricgen.models.language.data import load_text_splits
from lyricgen.models.language.evaluation import measure_language, ngram_bits
from lyricgen.models.language.inference import NumpyLanguageModel
from lyricgen.models.language.measuring import measure_bits
from lyricgen.models.longer.evaluation import measure_longer
from lyricgen.models.musicvae.data import load_midi_windows
from lyricgen.models.musicvae.evaluation import measure_musicvae, measure_own
from lyricgen.models.musicvae.inference import NAME, NumpyMusicVAE
from lyricgen.models.musicvae.settings import WRITTEN
from lyricgen.models.weights import WEIGHTS, find_weights, load_weights
from lyricgen.music.collection import select


def add_parser(commands) -> None:
    """Adds the command with one subcommand for each model."""
    parser = commands.add_parser(
        "evaluate", help="measures the shipped models: evaluate language --help"
    )
    models = parser.add_subparsers(required=True, metavar="model", parser_class=type(parser))
    language = models.add_parser(
        "language", help="bits per character beside the n-gram's, form and copying"
    )
    add_language_arguments(language)
    language.set_defaults(run=evaluate_language)
    musicvae = models.add_parser(
        "musicvae", help="accuracies, bits, samples, the way between two melodies, attributes"
    )
    add_musicvae_arguments(musicvae)
    musicvae.set_defaults(run=evaluate_musicvae)
    longer = models.add_parser(
        "longer", help="tunes of 16 bars: accuracies, bits beside the n-gram's, form, keys, copying"
    )
    add_longer_arguments(longer)
    longer.set_defaults(run=evaluate_longer)


def report(text: str) -> None:
    """Prints on stderr what is being done."""
    print(text, file=sys.stderr, flush=True)


def add_language_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the arguments of `evaluate language`."""
    parser.add_argument("--json", action="store_true", help="as JSON, a corpus a key")
    parser.add_argument(
        "--weights", metavar="NAME|PATH", help="weights of your own, on their own test split"
    )
    parser.add_argument("--text", type=Path, help="where the text of --weights is now")
    parser.add_argument(
        "--corpus",
        choices=corpora.CORPORA,
        action="append",
        help="only this one (may be given again)",
    )


def evaluate_language(args: argparse.Namespace) -> int:
    """Measures the shipped language models and prints a table or JSON.

    Raises: UserError for weights of one's own together with a corpus of the course.
    """
    if args.weights is not None and args.corpus is not None:
        raise UserError("--corpus measures the shipped weights; give --corpus or --weights.")
    measures: dict[str, dict] = {}
    with progress.shown():
        if args.weights is not None:
            measures = measure_own_text(args.weights, args.text)
            show_measures(args, measures, LANGUAGE)
        else:
            for name in args.corpus or corpora.CORPORA:
                measured = {name: measure_language(name, report)}
                measures |= measured
                # each corpus takes minutes, so it is shown when it is done
                show_measures(args, measured, LANGUAGE)
    if args.json:
        print(json.dumps(measures, indent=1))
    return 0


def show_measures(
    args: argparse.Namespace, measures: dict[str, dict], meanings: dict[str, Meaning]
) -> None:
    """Prints a row for each measure that applies, with what it means.

    With --json nothing is printed yet.
    """
    if args.json:
        return
    for name, measured in measures.items():
        print(f"{name}:")
        for key, value in measured.items():
            if value is not None:
                print(f"  {key:34}{format_measure(value):>8}  {describe(key, measured, meanings)}")
    sys.stdout.flush()


def measure_own_text(named: str, text: Path | None) -> dict[str, dict]:
    """Returns the measures of a language model of the user's, on its own test split."""
    name, folder = find_weights(named, "language")
    _, card = load_weights(name, folder)
    place = card.get("read_from")
    if place is None:
        known = card.get("data", {}).get("name")
        return {known: measure_language(known, report)}
    path = text or Path(place["path"])
    # Older weights learned a text without any `<end>`.
    ends = "songs" in card.get("data", {})
    data = load_text_splits(path, place.get("encoding"), place.get("column"), ends)
    check_same(card, data.source, "text_sha256", path, "--text")
    model = NumpyLanguageModel.load(name, folder)
    bits = measure_bits(model, data.splits["test"], sample=None)
    report(f"{name}: what a character costs the n-grams")
    order, ngram = ngram_bits(data.vocabulary, data.splits)
    measures = {
        "test_characters": bits.of,
        "test_bits_per_character": bits.mean,
        "ngram_order": order,
        "ngram_bits_per_character": ngram,
    }
    return {name: measures}


def check_same(card: dict, source: dict, key: str, path: Path, option: str) -> None:
    """Raises UserError where data is no longer what the weights learned from."""
    if card.get("data", {}).get(key) != source[key]:
        raise UserError(
            f"{path} is no longer what these weights learned from; name the old one by {option}."
        )


def format_measure(value: float) -> str:
    """Returns a count, or four digits of a measure."""
    return str(value) if isinstance(value, int) else f"{value:.4g}"


def add_musicvae_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the arguments of `evaluate musicvae`."""
    parser.add_argument("--json", action="store_true", help="as JSON")
    parser.add_argument(
        "--part",
        choices=("test", "validation"),
        default="test",
        help="the melodies that it is measured on (test)",
    )
    parser.add_argument(
        "--weights", metavar="NAME|PATH", help="weights of your own, on their own melodies"
    )
    parser.add_argument("--midi", type=Path, help="where the MIDI files of --weights are now")
    parser.add_argument("--name", default=NAME, help=f"of the weights ({NAME})")
    parser.add_argument(
        "--folder", type=Path, default=WEIGHTS, help="where the weights are (the shipped ones)"
    )


def evaluate_musicvae(args: argparse.Namespace) -> int:
    """Measures a MusicVAE and prints a table or JSON."""
    name, folder = args.name, args.folder
    if args.weights is not None:
        name, folder = find_weights(args.weights, "musicvae")
    _, card = load_weights(name, folder)
    with progress.shown():
        if "read_from" in card:
            measures = measure_own_melodies(name, folder, args.part, args.midi)
        else:
            measures = measure_musicvae(name, args.part, folder, report)
    if args.json:
        print(json.dumps(measures, indent=1))
    else:
        print("\n".join(musicvae_lines(name, args.part, measures)))
    return 0


def measure_own_melodies(name: str, folder: Path, split: str, midi: Path | None) -> dict:
    """Returns the measures of a MusicVAE of the user's, on its own melodies."""
    _, card = load_weights(name, folder)
    place = card["read_from"]
    path = midi or Path(place["path"])
    selection = select(place.get("meter"), place.get("programs"), place.get("track"))
    key = card.get("data", {}).get("key", WRITTEN)
    data = load_midi_windows(path, selection, key=key)
    check_same(card, data.source, "melodies_sha256", path, "--midi")
    return measure_own(NumpyMusicVAE.load(name, folder), data.splits, split, report)


def add_longer_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the arguments of `evaluate longer`."""
    parser.add_argument("--json", action="store_true", help="as JSON")
    parser.add_argument(
        "--part",
        choices=("test", "validation"),
        default="test",
        help="the tunes that it is measured on (test)",
    )
    parser.add_argument(
        "--folder",
        type=Path,
        default=WEIGHTS,
        help="where both models of 16 bars are (the shipped ones)",
    )
    parser.add_argument(
        "--two-bars",
        default=NAME,
        metavar="NAME|PATH",
        help=f"the MusicVAE of two bars over whose latents they learned ({NAME})",
    )


def evaluate_longer(args: argparse.Namespace) -> int:
    """Measures the models of 16 bars and prints a table or JSON."""
    two_bars = find_weights(args.two_bars, "musicvae")
    with progress.shown():
        measures = measure_longer(args.part, args.folder, two_bars, report)
    if args.json:
        print(json.dumps(measures, indent=1))
    else:
        print("\n".join(longer_lines(args.part, measures)))
    return 0
