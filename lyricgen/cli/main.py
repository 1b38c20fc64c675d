"""python -m lyricgen: the commands of the course."""

from __future__ import annotations

import argparse
import errno
import os
import sys

from lyricgen.cli import bench, environment, evaluate, parse, sample, song, train_arguments
from lyricgen.files import UserError

# What can be trained
MODELS = {
    "language": "a language model of characters",
    "musicvae": "a MusicVAE of melodies of two bars",
    "longer": "a model of tunes of 16 bars, over the latents of that MusicVAE",
}

# The exit code where the reader of the output ended first, as shells have it
BROKEN_PIPE = 141


class Parser(argparse.ArgumentParser):
    """A parser that reports an error in one sentence, with exit code 2."""

    def error(self, message: str):
        self.exit(2, f"{self.prog}: {message}.\n")


def build_parser() -> Parser:
    """Returns the parser of all commands."""
    parser = Parser(prog="lyricgen", description="The commands of the course.")
    commands = parser.add_subparsers(
        dest="command", required=True, metavar="command", parser_class=Parser
    )
    for command in (song, parse, bench, evaluate, sample):
        command.add_parser(commands)
    train_parser = commands.add_parser("train", help="trains a model: train language --help")
    models = train_parser.add_subparsers(required=True, metavar="model", parser_class=Parser)
    for model, what in MODELS.items():
        train_arguments.add_arguments(models.add_parser(model, help=what), model)
    return parser


def main(arguments: list[str] | None = None) -> int:
    """Runs a command and returns its exit code.

    It is 2, with one sentence, for what the user can put right.
    """
    arguments = sys.argv[1:] if arguments is None else arguments
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            # A Windows terminal may be set to another encoding.
            stream.reconfigure(encoding="utf-8", errors="replace")
    try:
        environment.prepare_home()
        args = build_parser().parse_args(arguments)
        return args.run(args)
    except UserError as error:
        print(error, file=sys.stderr)
        return 2
    except BrokenPipeError:
        # The reader of the output, such as head, has enough. What is still to be
        # flushed at the end would raise again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return BROKEN_PIPE
    except OSError as error:
        print(sentence_of(error), file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("Stopped.", file=sys.stderr)
        return 130


def sentence_of(error: OSError) -> str:
    """Returns the sentence for a file that could not be read or written."""
    what = error.strerror or str(error)
    place = f"{error.filename}: " if error.filename else ""
    hints = {
        errno.EFBIG: "; this session limits how large a file may be (ulimit -f)",
        errno.ENOSPC: "; free some space on that disk",
        errno.EACCES: "; LYRICGEN_CACHE names another folder for what is kept",
        errno.EROFS: "; LYRICGEN_CACHE names another folder for what is kept",
    }
    hint = hints.get(error.errno or 0, "")
    return f"{place}{what}{hint}."
