"""Progress bars of long computations, where a command asks for them."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sized
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TypeVar

Item = TypeVar("Item")

_shown: ContextVar[bool] = ContextVar("shown", default=False)


@contextmanager
def shown() -> Iterator[None]:
    """Shows the bars of what is computed inside, on stderr."""
    token = _shown.set(True)
    try:
        yield
    finally:
        _shown.reset(token)


def bar(items: Iterable[Item], what: str, total: int | None = None) -> Iterable[Item]:
    """Returns the items, behind a bar with the time left where bars are shown.

    One item alone has no bar.
    total: how many there are, for items that have no length.
    """
    is_one = isinstance(items, Sized) and len(items) < 2
    if is_one or not _shown.get():
        return items
    from tqdm import tqdm

    return tqdm(items, what, total, file=sys.stderr, leave=False)
