"""What every training is told on the command line: its settings and their ranges, its budget, its folders."""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable
from dataclasses import Field, replace
from pathlib import Path

from lyricgen.files import UserError, cache_dir


def add_training_arguments(
    parser, own: tuple[Field, ...], default: Callable[[str], object]
) -> None:
    """The arguments that all trainings have, and one for each setting; `default` says what it is if it is not given."""
    long = parser.add_mutually_exclusive_group()
    long.add_argument(
        "--minutes",
        type=float,
        help="about how long it may take; chooses the number of steps beforehand",
    )
    long.add_argument("--steps", type=int, help="how many steps, instead of minutes")
    parser.add_argument(
        "--out",
        type=Path,
        default=cache_dir() / "weights",
        help="the folder for the weights and their card (in the user's cache)",
    )
    for one in own:
        kind: dict = (
            {"action": argparse.BooleanOptionalAction}
            if isinstance(one.default, bool)
            else {"type": type(one.default)}
        )
        parser.add_argument(
            "--" + one.name.replace("_", "-"),
            **kind,
            help=f"{one.metadata['what']} ({default(one.name)})",
        )


def settings_from(args, base, own: tuple[Field, ...]):
    """The settings `base`, but for those that were given; raises UserError, in one sentence, for the first that is outside its range."""
    found = replace(
        base, **{one.name: value for one in own if (value := getattr(args, one.name)) is not None}
    )
    for one in own:
        value, least, most = getattr(found, one.name), one.metadata["least"], one.metadata["most"]
        if not (least <= value <= most and value < math.inf):
            raise UserError(
                f"--{one.name.replace('_', '-')} is {value:g}; it should be "
                + (f"from {least:g} to {most:g}." if most < math.inf else f"{least:g} or more.")
            )
    return found


def minutes_or_steps(args, otherwise: dict[str, float]) -> dict[str, float]:
    """The minutes or the steps that were given, or else those; raises UserError where they are no number above 0."""
    found = {
        key: value for key in ("minutes", "steps") if (value := getattr(args, key)) is not None
    } or otherwise
    if not 0 < min(found.values()) < math.inf:
        raise UserError("The minutes or steps of a training should be above 0.")
    return found
