"""The answers to exercises, one file a notebook: unanswered gives the hint, wrong names the mistake, right says why it matters."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np


def shape(value: Any) -> tuple[int, ...] | None:
    """The shape of a value as an array, None where it is ragged and so is no array."""
    try:
        return np.shape(value)
    except ValueError:
        return None


def same(answer: Any, expected: Any, tolerance: float = 1e-6) -> bool:
    """Whether two answers agree: numbers and arrays within a tolerance and of one shape, everything else exactly."""
    try:
        a, b = np.asarray(answer), np.asarray(expected)
        if a.dtype.kind in "biufc" and b.dtype.kind in "biufc":
            return a.shape == b.shape and bool(np.allclose(a, b, rtol=tolerance, atol=tolerance))
        return type(answer) is type(expected) and bool(np.all(answer == expected))
    except (
        ValueError
    ):  # a ragged answer is no array, and arrays of unlike shapes cannot be compared
        return False


@dataclass(frozen=True)
class Mistake:
    """A likely wrong answer: `make()` makes it, `message` names it."""

    make: Callable[[], Any]
    message: str


@dataclass(frozen=True)
class Exercise:
    """An exercise with its answer: call it with a reader's answer and it prints what to say.

    `right()` makes the right answer; `mistakes` are the likely wrong ones by name. `when(answer)` may name a mistake that no
    single value shows. A reader's answer is data and is never run, unless `call` says how: then it is a function, and
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
        """What to say to an answer, as one line that begins with Hint, Not yet or Right."""
        if answer is ... or answer is None:
            return "Hint: " + self.hint
        if self.call:
            if not callable(answer):
                return f"Not yet: the answer should be a function, and it is a {type(answer).__name__}."
            try:
                answer = self.call(answer)
            except (
                Exception
            ) as error:  # whatever a reader's function raises is an answer to be explained
                return f"Not yet: your function raised {type(error).__name__}: {error}"
        right = self.right()
        if same(answer, right, self.tolerance):
            return "Right. " + self.why
        for mistake in self.mistakes.values():
            if same(answer, mistake.make(), self.tolerance):
                return "Not yet: " + mistake.message
        if said := self.when(answer):
            return "Not yet: " + said
        if shape(answer) != shape(right):
            return f"Not yet: the shape of your answer is {shape(answer)}, and it should be {shape(right)}."
        return "Not yet. " + self.hint

    def __call__(self, answer: Any = ...) -> None:
        print(self.verdict(answer))
