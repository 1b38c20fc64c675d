"""python -m lyricgen: the commands of the course."""

from __future__ import annotations

import argparse
import sys

from lyricgen.cli import bench, evaluate, parse, song
from lyricgen.files import UserError


class Parser(argparse.ArgumentParser):
    """A parser that reports an error in one sentence, with exit code 2."""

    def error(self, message: str):
        self.exit(2, f"{self.prog}: {message}.\n")


def build_parser(arguments: list[str]) -> Parser:
    """Returns the parser of all commands.

    The arguments of `train` are added only where it is asked for: they follow from the
    settings of the models, which need Keras, and its import takes seconds.
    """
    parser = Parser(prog="lyricgen", description="The commands of the course.")
    commands = parser.add_subparsers(
        dest="command", required=True, metavar="command", parser_class=Parser
    )
    for command in (song, parse, bench, evaluate):
        command.add_parser(commands)
    train_parser = commands.add_parser("train", help="trains a model: train language --help")
    words = [word for word in arguments if not word.startswith("-")]
    if words[:1] == ["train"]:
        from lyricgen.cli import train

        train.add_models(train_parser)
    return parser


def main(arguments: list[str] | None = None) -> int:
    """Runs a command and returns its exit code.

    It is 2, with one sentence, for what the user can put right.
    """
    arguments = sys.argv[1:] if arguments is None else arguments
    parser = build_parser(arguments)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            # A Windows terminal may be set to another encoding.
            stream.reconfigure(encoding="utf-8", errors="replace")
    args = parser.parse_args(arguments)
    try:
        return args.run(args)
    except UserError as error:
        print(error, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("Stopped.", file=sys.stderr)
        return 130
