"""How long a training may take: the three budgets of LYRICGEN_MODE."""

from __future__ import annotations

import os

from lyricgen.files import UserError

MODES = ("smoke", "lesson", "full")


def mode() -> str:
    """The training budget of a notebook: `smoke` (seconds), `lesson` (minutes, the default) or `full`, from LYRICGEN_MODE."""
    name = os.environ.get("LYRICGEN_MODE", "lesson")
    if name not in MODES:
        raise UserError(f"LYRICGEN_MODE is {name!r}; it can be {', '.join(MODES)}.")
    return name


def for_mode(smoke: float, lesson: float, full: float) -> float:
    """The minutes (or steps) that a training may take, by LYRICGEN_MODE. Notebook: 03_lyrics_language_model"""
    return {"smoke": smoke, "lesson": lesson, "full": full}[mode()]
