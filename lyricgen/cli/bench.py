"""python -m lyricgen bench: runs the benchmarks."""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

from lyricgen.files import DATA, UserError, check_folder


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
        check_folder(DATA / "measured")
        return subprocess.call([sys.executable, str(folder / "card.py")])
    scripts = {path.stem: path for path in sorted(folder.glob("*.py")) if path.stem != "card"}
    unknown = sorted(set(args.names) - set(scripts))
    if unknown:
        raise UserError(f"There is no benchmark {unknown[0]!r}; there are {', '.join(scripts)}.")
    codes = []
    for name, script in scripts.items():
        if args.names and name not in args.names:
            continue
        print(f"\n{name}", flush=True)
        command = [sys.executable, str(script)]
        if args.quick:
            command.append("--quick")
        codes.append(subprocess.call(command))
    return max(codes)
