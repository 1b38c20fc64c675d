"""How long a training may take: by steps, by minutes, or by LYRICGEN_MODE."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from lyricgen.files import UserError

MODES = ("smoke", "lesson", "full")

Number = TypeVar("Number", int, float)


@dataclass(frozen=True)
class Budget:
    """Limits a training, and names the folder of its checkpoints and curves.

    A training takes `steps`, or about `minutes`, which choose the number of steps
    beforehand. It validates `validations` times on the way. `progress` shows a bar.
    Raises: ValueError where neither or both of `steps` and `minutes` are given.
    Notebook: training_a_language_model
    """

    folder: Path
    steps: int | None = None
    minutes: float | None = None
    validations: int = 30
    progress: bool = True

    def __post_init__(self) -> None:
        if (self.steps is None) == (self.minutes is None):
            raise ValueError("A budget is either a number of steps or a number of minutes.")


def mode() -> str:
    """Returns LYRICGEN_MODE: `smoke` (seconds), `lesson` (minutes; default) or `full`.

    Raises: UserError for another value.
    """
    name = os.environ.get("LYRICGEN_MODE", "lesson")
    if name not in MODES:
        raise UserError(f"LYRICGEN_MODE is {name!r}; it can be {', '.join(MODES)}.")
    return name


def for_mode(smoke: Number, lesson: Number, full: Number) -> Number:
    """Returns one of three limits, in minutes or in steps, by LYRICGEN_MODE.

    Notebook: training_a_language_model
    """
    limits = {"smoke": smoke, "lesson": lesson, "full": full}
    return limits[mode()]
