"""python -m lyricgen: the commands of the course."""

from __future__ import annotations

import argparse
import sys

from lyricgen.cli import bench, evaluate, parse, song, train
from lyricgen.files import UserError


class Parser(argparse.ArgumentParser):
    """A parser whose complaint is one sentence, with exit code 2."""

    def error(self, message: str):
        self.exit(2, f"{self.prog}: {message}.\n")


def build_parser(arguments: list[str]) -> Parser:
    """The parser of all commands; the settings of `train` only where it is asked for.

    They stand beside the models, and so need Keras, whose import takes seconds.
    """
    parser = Parser(prog="lyricgen", description="The commands of the course.")
    commands = parser.add_subparsers(
        dest="command", required=True, metavar="command", parser_class=Parser
    )
    for command in (song, parse, bench, evaluate):
        command.add_parser(commands)
    train.add_parser(commands, with_models=arguments[:1] == ["train"])
    return parser


def main(arguments: list[str] | None = None) -> int:
    """Runs a command and returns its exit code.

    It is 2, with one sentence, where the reader can mend what is wrong.
    """
    arguments = sys.argv[1:] if arguments is None else arguments
    parser = build_parser(arguments)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            # a Windows terminal may be set to another encoding
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
