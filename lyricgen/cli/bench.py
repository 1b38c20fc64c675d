"""python -m lyricgen bench: runs the benchmarks."""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

from lyricgen.files import UserError


def add_parser(commands) -> None:
    """Adds the command and its arguments."""
    parser = commands.add_parser("bench", help="the benchmarks, side by side with their peers")
    parser.add_argument("names", nargs="*", help="which ones: all when nothing is said")
    parser.add_argument("--quick", action="store_true", help="fewer rounds")
    parser.add_argument(
        "--card", action="store_true", help="what this device measures, kept in data/measured/"
    )
    parser.set_defaults(run=run_bench)


def run_bench(args: argparse.Namespace) -> int:
    """Runs the benchmarks one after another; each compares contenders in one run."""
    folder = Path(__file__).resolve().parents[2] / "benchmarks"
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
