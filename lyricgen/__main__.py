"""python -m lyricgen song|parse|...: what the course does, from the command line."""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from pathlib import Path

from .files import UserError, check_folder


class Parser(argparse.ArgumentParser):
    """A parser whose complaint is one sentence, with exit code 2."""

    def error(self, message: str):
        self.exit(2, f"{self.prog}: {message}.\n")


def song(args: argparse.Namespace) -> int:
    """Makes a song and tells what it did."""
    from . import prosody, texts
    from . import song as workshop

    if args.pattern == "list":
        for pattern in prosody.stable_patterns(texts.load("songci").poems).values():
            name = "".join(prosody.pinyin(pattern.name))
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
        said=lambda text: print(
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
        print(f"  {line}  {' '.join(prosody.pinyin(line))}")
    print(
        f"\nPhrases mended to fit their line: {made.mended} of {len(made.lines)}. "
        f"Longest run copied from the training text: {len(made.copied)} characters ({made.copied.replace(chr(10), ' / ')})."
    )
    print("Written: " + ", ".join(str(path) for path in paths))
    return 0


def parse(args: argparse.Namespace) -> int:
    """Reads MIDI files into a table."""
    from . import parse as reader

    return reader.run(args)


def bench(args: argparse.Namespace) -> int:
    """Runs the benchmarks one after another; each compares contenders in one run."""
    folder = Path(__file__).resolve().parents[1] / "benchmarks"
    if args.card:
        return subprocess.call([sys.executable, str(folder / "card.py")])
    everything = sorted(path for path in folder.glob("*.py") if path.stem != "card")
    scripts = [path for path in everything if not args.names or path.stem in args.names]
    if missing := set(args.names) - {path.stem for path in scripts}:
        raise UserError(
            f"There is no benchmark {min(missing)!r}; there are {', '.join(path.stem for path in everything)}."
        )
    codes = []
    for script in scripts:
        print(f"\n{script.stem}", flush=True)
        codes.append(subprocess.call([sys.executable, str(script)] + ["--quick"] * args.quick))
    return max(codes)


def main(arguments: list[str] | None = None) -> int:
    """Runs a command and returns its exit code: 2, with one sentence, where the reader can mend what is wrong."""
    arguments = sys.argv[1:] if arguments is None else arguments
    parser = Parser(prog="lyricgen", description=__doc__.split(":")[1].strip())
    commands = parser.add_subparsers(
        dest="command", required=True, metavar="command", parser_class=Parser
    )
    one = commands.add_parser("song", help="makes a song: lead sheet, MIDI, MP3 and words")
    one.add_argument(
        "--seed", type=int, default=1, help="a whole number: the same seed gives the same song (1)"
    )
    one.add_argument("--pattern", default="浣溪沙", help="a tune pattern of ci, or list (浣溪沙)")
    one.add_argument("--tempo", type=float, default=96.0, help="quarters a minute (96)")
    one.add_argument(
        "--temperature", type=float, default=0.8, help="above 0: low is careful, high is wild (0.8)"
    )
    one.add_argument(
        "--out", type=Path, default=Path("out"), help="the folder for the five files (out)"
    )
    one.set_defaults(run=song)
    from .parse import add_arguments

    reader = commands.add_parser(
        "parse", help="reads MIDI files: a row a file, and what could not be read"
    )
    add_arguments(reader)
    reader.set_defaults(run=parse)
    speed = commands.add_parser("bench", help="the benchmarks, side by side with their peers")
    speed.add_argument("names", nargs="*", help="which ones: all when nothing is said")
    speed.add_argument("--quick", action="store_true", help="fewer rounds")
    speed.add_argument(
        "--card", action="store_true", help="what this device measures, kept in data/measured/"
    )
    speed.set_defaults(run=bench)
    learn = commands.add_parser(
        "train", help="trains a model: train language --help"
    ).add_subparsers(required=True, metavar="model", parser_class=Parser)
    if arguments[:1] == ["train"]:  # only then: it imports Keras, which takes seconds
        from . import language, musicvae

        for name, model, what in (
            ("language", language, "a language model of characters"),
            ("musicvae", musicvae, "a MusicVAE of melodies of two bars"),
        ):
            one = learn.add_parser(name, help=what)
            model.add_train(one)
            one.set_defaults(run=model.run_train)
    judge = commands.add_parser(
        "evaluate", help="measures the shipped models: evaluate language --help"
    )
    models = judge.add_subparsers(required=True, metavar="model", parser_class=Parser)
    from . import evaluate, evaluate_musicvae

    for name, module, what in (
        ("language", evaluate, "bits per character beside the n-gram's, form and copying"),
        (
            "musicvae",
            evaluate_musicvae,
            "accuracies, samples, the way between two melodies, attributes",
        ),
    ):
        one = models.add_parser(name, help=what)
        module.add_arguments(one)
        one.set_defaults(run=module.run)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(
                encoding="utf-8", errors="replace"
            )  # a Windows terminal may be set to something else
    args = parser.parse_args(arguments)
    try:
        return args.run(args)
    except UserError as error:
        print(error, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("Stopped.", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main())
