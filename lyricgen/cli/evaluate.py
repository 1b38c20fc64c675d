"""python -m lyricgen evaluate: measures the shipped models."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from lyricgen.lyrics import corpora
from lyricgen.models.language.evaluation import measure_language
from lyricgen.models.musicvae.evaluation import measure_musicvae
from lyricgen.models.musicvae.inference import NAME
from lyricgen.models.weights import WEIGHTS


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
        "musicvae", help="accuracies, samples, the way between two melodies, attributes"
    )
    add_musicvae_arguments(musicvae)
    musicvae.set_defaults(run=evaluate_musicvae)


def report(text: str) -> None:
    """Prints on stderr what is being done."""
    print(text, file=sys.stderr, flush=True)


def add_language_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the arguments of `evaluate language`."""
    parser.add_argument("--json", action="store_true", help="as JSON, a corpus a key")
    parser.add_argument(
        "--corpus",
        choices=corpora.CORPORA,
        action="append",
        help="only this one (may be given again)",
    )


def evaluate_language(args: argparse.Namespace) -> int:
    """Measures the shipped language models and prints a table or JSON."""
    names = args.corpus or corpora.CORPORA
    measures = {name: measure_language(name, report) for name in names}
    if args.json:
        print(json.dumps(measures, indent=1))
    else:
        print_table(measures)
    return 0


def print_table(measures: dict[str, dict]) -> None:
    """Prints a row for each measure and a column for each corpus."""
    first, *_ = measures.values()
    width = 2 + max(map(len, first))
    print(" " * width + "".join(f"{name:>10}" for name in measures))
    for key in first:
        cells = [format_measure(row[key]) for row in measures.values()]
        print(f"{key:{width}}" + "".join(f"{cell:>10}" for cell in cells))


def format_measure(value: float | None) -> str:
    """Returns four digits of a measure, or a dash where it does not apply."""
    return "-" if value is None else f"{value:.4g}"


def add_musicvae_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the arguments of `evaluate musicvae`."""
    parser.add_argument("--json", action="store_true", help="as JSON")
    parser.add_argument(
        "--part",
        choices=("test", "validation"),
        default="test",
        help="the melodies that it is measured on (test)",
    )
    parser.add_argument("--name", default=NAME, help=f"of the weights ({NAME})")
    parser.add_argument(
        "--folder", type=Path, default=WEIGHTS, help="where the weights are (the shipped ones)"
    )


def evaluate_musicvae(args: argparse.Namespace) -> int:
    """Measures a MusicVAE and prints a table or JSON."""
    measures = measure_musicvae(args.name, args.part, args.folder, report)
    if args.json:
        print(json.dumps(measures, indent=1))
        return 0
    for key, value in measures.items():
        print(f"{key:22}{value:>10.4g}")
    return 0
