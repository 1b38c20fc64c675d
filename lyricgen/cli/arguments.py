"""Arguments that all trainings have: settings and their ranges, limits, folders."""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable
from dataclasses import Field, fields, replace
from pathlib import Path
from typing import Any

from lyricgen.files import UserError, cache_dir

# An argument parser, or a group of the arguments of one
Group = argparse._ActionsContainer


def add_usual_arguments(usual: Group) -> None:
    """Adds the arguments that all trainings have besides their settings."""
    limit = usual.add_mutually_exclusive_group()
    limit.add_argument(
        "--minutes",
        type=float,
        help="about how long it may take; chooses the number of steps beforehand",
    )
    limit.add_argument("--steps", type=int, help="how many steps, instead of minutes")
    usual.add_argument(
        "--out",
        type=Path,
        default=cache_dir() / "weights",
        help="the folder for the weights and their card (in the user's cache)",
    )


def add_settings(
    parser: argparse.ArgumentParser, settings: Any, default: Callable[[str], object]
) -> None:
    """Adds an argument for each setting, in a group of their own.

    `settings` is the settings' class; `default` returns what the help says of a setting
    that is not given.
    """
    group = parser.add_argument_group("settings of the network and its training")
    for option in options_of(settings):
        kind: dict[str, Any] = {"type": type(option.default)}
        if isinstance(option.default, bool):
            kind = {"action": argparse.BooleanOptionalAction}
        what = f"{option.metadata['what']} ({default(option.name)})"
        group.add_argument(flag(option.name), help=what, **kind)


def options_of(settings: Any) -> list[Field]:
    """Returns the fields of settings that the command line has an option for.

    The others, which say nothing of themselves, follow from the data.
    """
    return [field for field in fields(settings) if field.metadata]


def flag(name: str) -> str:
    """Returns the option of a setting: `--dropout-in` for dropout_in."""
    return "--" + name.replace("_", "-")


def settings_from(args: argparse.Namespace, base: Any) -> Any:
    """Returns the settings `base` with those changed that were given.

    Raises: UserError, in one sentence, for the first that is outside its range.
    """
    given = {}
    for option in options_of(base):
        value = getattr(args, option.name)
        if value is not None:
            given[option.name] = value
    settings = replace(base, **given)
    for option in options_of(base):
        check_range(option, getattr(settings, option.name))
    return settings


def check_range(option: Field, value: float) -> None:
    """Raises UserError for a setting that is outside its range."""
    least = option.metadata["least"]
    most = option.metadata["most"]
    if least <= value <= most and value < math.inf:
        return
    allowed = f"from {least:g} to {most:g}" if most < math.inf else f"{least:g} or more"
    raise UserError(f"{flag(option.name)} is {value:g}; it should be {allowed}.")


def minutes_or_steps(args: argparse.Namespace, default: dict[str, Any]) -> dict[str, Any]:
    """Returns the minutes or the steps that were given, or else the default.

    Raises: UserError where they are not above 0, or not finite.
    """
    limit = default
    if args.minutes is not None:
        limit = {"minutes": args.minutes}
    if args.steps is not None:
        limit = {"steps": args.steps}
    [value] = limit.values()
    if not 0 < value < math.inf:
        raise UserError("The minutes or steps of a training should be above 0.")
    return limit
