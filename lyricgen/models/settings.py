"""The settings of a training: what each means, and its range."""

from __future__ import annotations

import math
from dataclasses import field
from typing import Any


def option(default, what: str, least: float = 0, most: float = math.inf) -> Any:
    """A field of a settings dataclass, with what it means and what it may be: from `least` to `most`."""
    return field(default=default, metadata={"what": what, "least": least, "most": most})
