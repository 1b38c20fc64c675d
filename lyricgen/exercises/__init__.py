"""The exercises of the notebooks, one file a notebook.

Without an answer an exercise prints a hint; a wrong answer gets the likely mistake
named, and a right one is told why it matters.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np


def shape(value: Any) -> tuple[int, ...] | None:
    """Returns the shape of a value as an array, None where it is ragged."""
    try:
        return np.shape(value)
    except ValueError:
        return None


def same(answer: Any, expected: Any, tolerance: float = 1e-6) -> bool:
    """Returns whether two answers agree.

    Numbers and arrays agree within a tolerance, if their shapes are equal; everything
    else agrees only exactly.
    """
    try:
        a = np.asarray(answer)
        b = np.asarray(expected)
        if a.dtype.kind in "biufc" and b.dtype.kind in "biufc":
            return a.shape == b.shape and bool(np.allclose(a, b, rtol=tolerance, atol=tolerance))
        return type(answer) is type(expected) and bool(np.all(answer == expected))
    except ValueError:
        # A ragged answer is no array, and arrays of unlike shapes cannot be compared.
        return False


@dataclass(frozen=True)
class Mistake:
    """A likely wrong answer: `make()` makes it, `message` names it."""

    make: Callable[[], Any]
    message: str


@dataclass(frozen=True)
class Exercise:
    """An exercise: called with a reader's answer, it prints a verdict.

    `right()` makes the right answer; `mistakes` are the likely wrong ones by name.
    `when(answer)` may name a mistake that no single value shows. A reader's answer is
    data and is never run, unless `call` says how: then it is a function, and
    `call(answer)` is what is compared.
    """

    hint: str
    right: Callable[[], Any]
    why: str
    mistakes: dict[str, Mistake] = field(default_factory=dict)
    when: Callable[[Any], str | None] = lambda answer: None
    call: Callable[[Any], Any] | None = None
    tolerance: float = 1e-6

    def verdict(self, answer: Any = ...) -> str:
        """Returns one line on an answer, which begins with Hint, Not yet or Right."""
        if answer is ... or answer is None:
            return "Hint: " + self.hint
        if self.call is None:
            return self._compare(answer)
        if not callable(answer):
            kind = type(answer).__name__
            return f"Not yet: the answer should be a function, and it is a {kind}."
        try:
            value = self.call(answer)
        except Exception as error:
            # Whatever a reader's function raises is an answer to be explained.
            return f"Not yet: your function raised {type(error).__name__}: {error}"
        return self._compare(value)

    def _compare(self, answer: Any) -> str:
        """Returns the verdict on a value."""
        right = self.right()
        if same(answer, right, self.tolerance):
            return "Right. " + self.why
        for mistake in self.mistakes.values():
            if same(answer, mistake.make(), self.tolerance):
                return "Not yet: " + mistake.message
        message = self.when(answer)
        if message:
            return "Not yet: " + message
        if shape(answer) != shape(right):
            return (
                f"Not yet: the shape of your answer is {shape(answer)}, "
                f"and it should be {shape(right)}."
            )
        return "Not yet. " + self.hint

    def __call__(self, answer: Any = ...) -> None:
        print(self.verdict(answer))
