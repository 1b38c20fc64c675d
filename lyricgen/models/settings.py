"""The settings of a training: what each means, and its range."""

from __future__ import annotations

import math
from dataclasses import field
from typing import Any


def option(default: Any, what: str, least: float = 0, most: float = math.inf) -> Any:
    """Returns a field of a settings dataclass that says what it means and its range.

    `what` is its line in the help of the command line; the range is from `least` to
    `most`.
    """
    return field(default=default, metadata={"what": what, "least": least, "most": most})
