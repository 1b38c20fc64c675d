"""python -m lyricgen evaluate: measures the shipped models."""

from __future__ import annotations

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


def add_language_arguments(parser) -> None:
    """The arguments of `evaluate language`."""
    parser.add_argument("--json", action="store_true", help="as JSON, a corpus a key")
    parser.add_argument(
        "--corpus",
        choices=corpora.CORPORA,
        action="append",
        help="only this one (may be given again)",
    )


def evaluate_language(args) -> int:
    """Measures the shipped language models and prints a table or JSON."""
    found = {
        name: measure_language(name, lambda text: print(text, file=sys.stderr, flush=True))
        for name in args.corpus or corpora.CORPORA
    }
    if args.json:
        print(json.dumps(found, indent=1))
        return 0
    print(f"{'':26}" + "".join(f"{name:>10}" for name in found))
    for key in next(iter(found.values())):
        print(
            f"{key:26}"
            + "".join(
                f"{'-' if row[key] is None else format(row[key], '.4g'):>10}"
                for row in found.values()
            )
        )
    return 0


def add_musicvae_arguments(parser) -> None:
    """The arguments of `evaluate musicvae`."""
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


def evaluate_musicvae(args) -> int:
    """Measures a MusicVAE and prints a table or JSON."""
    found = measure_musicvae(
        args.name, args.part, args.folder, lambda text: print(text, file=sys.stderr, flush=True)
    )
    print(
        json.dumps(found, indent=1)
        if args.json
        else "\n".join(f"{key:22}{value:>10.4g}" for key, value in found.items())
    )
    return 0
