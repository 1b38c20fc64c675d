"""The exercises of the notebooks, one file a notebook.

Without an answer an exercise prints what form the answer has. A wrong answer gets the
likely mistake named, and a right one is told why it matters. The hint comes on request.
"""

from __future__ import annotations

import copy
import inspect
import io
import re
import traceback
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import permutations
from typing import Any

import numpy as np

# Half a per cent, which is what a pencil and three digits give.
PENCIL = 5e-3

# From this many decimals on, a rounded array counts as given in full.
ENOUGH_DECIMALS = 3

# Where no mistake was named.
ASK = "For a hint add hint=True."

# A number such as 19,728: the comma may part thousands, or be a decimal comma.
THOUSANDS = re.compile(r"-?\d{1,3}(,\d{3})+")

# A number such as 19 728: a blank, thin or not, only parts thousands.
BLANK_THOUSANDS = re.compile(r"-?\d{1,3}(\s\d{3})+([.,]\d+)?")

# The unit that may stand behind a number.
UNIT = re.compile(r"\s*\bbits?( per character)?$")

# How the lines of an error of TensorFlow begin that only say where it was raised.
NO_REASON = ("File ", "Detected at ", "[[{{", "in user code:", "Graph execution error:")

COUNTS = {1: "one", 2: "two", 3: "three", 4: "four"}


def read_number(text: str) -> float | None:
    """Returns the number that a text is: "2.4", "2,4", "1/2", "50 %" or "1 000" bits.

    None for another text.
    """
    text = UNIT.sub("", text.strip())
    if BLANK_THOUSANDS.fullmatch(text):
        text = re.sub(r"\s", "", text)
    percent = text.endswith("%")
    try:
        number = float(Fraction(text.rstrip("% ").replace(",", ".")))
    except (ValueError, ZeroDivisionError):
        return None
    return number / 100 if percent else number


def split_text(text: str) -> list:
    """Splits a text at its commas and spaces, and into rows where it has brackets."""
    rows = []
    for row in re.split(r"[\])]\s*,?\s*[\[(]", text.strip(" []()")):
        rows.append(re.split(r"[,;\s]+", row.strip()))
    return rows if len(rows) > 1 else rows[0]


def read_numbers(value: Any, one: bool = False) -> np.ndarray | None:
    """Returns a value as an array of numbers, None where it is none.

    A text is read as `one` number, as several with commas between them, or as rows in
    brackets. A set is sorted.
    """
    if isinstance(value, (set, frozenset)):
        value = sorted(value, key=str)
    if isinstance(value, str) and not one:
        value = split_text(value)
    try:
        array = np.asarray(value)
    except Exception:  # a library's own error, as of a TensorArray that was not stacked
        return None
    if array.dtype.kind in "biuf":
        return array
    if array.dtype.kind not in "UO":
        return None
    numbers = []
    for item in array.ravel():
        if isinstance(item, str):
            numbers.append(read_number(item))
        elif isinstance(item, (int, float, Fraction)):
            numbers.append(float(item))
        else:
            return None
    if None in numbers:
        return None
    return np.array(numbers, float).reshape(array.shape)


def read_letters(value: Any, letters: str) -> str | None:
    """Returns the letters of a choice in order: "ac" for "C, A" or ["(a)", "(c)"].

    None where the value has anything but some of `letters`.
    """
    if isinstance(value, (list, tuple, set, np.ndarray)):
        value = " ".join(str(item) for item in value)
    if not isinstance(value, str):
        return None
    found = re.sub(r"\band\b|[\s,;.&+()\[\]'\"]", "", value.lower())
    if set(found) <= set(letters.lower()):
        return "".join(sorted(set(found)))
    return None


def count_decimals(array: np.ndarray) -> int | None:
    """Returns how many decimals the numbers have, None if over six."""
    for decimals in range(7):
        if np.allclose(np.round(array, decimals), array, rtol=0, atol=1e-12):
            return decimals
    return None


def rounds_to(answer: Any, expected: Any, digits: int) -> bool:
    """Returns whether each number is right, or rounded to `digits` digits or more."""
    if np.shape(answer) != np.shape(expected):
        return False
    pairs = zip(np.ravel(answer).tolist(), np.ravel(expected).tolist())
    for number, exact in pairs:
        forms = [float(f"{exact:.{count}g}") for count in range(digits, 7)]
        if not any(same(number, form, 1e-6) for form in forms) and not same(number, exact):
            return False
    return True


def is_rounded(array: np.ndarray, exact: np.ndarray) -> bool:
    """Returns whether an array is another one, rounded to its own decimals."""
    decimals = count_decimals(array)
    if decimals is None:
        return False
    return bool(np.all(np.abs(array - exact) <= 0.5001 * 10.0**-decimals))


def is_coarse(array: np.ndarray, exact: np.ndarray) -> bool:
    """Returns whether an array is another one, rounded too much but not to nothing."""
    largest = float(np.abs(exact).max()) or 1.0
    near = np.abs(array - exact).max() <= 0.2 * largest
    return bool(near) and is_rounded(array, exact)


def same(answer: Any, expected: Any, tolerance: float = PENCIL) -> bool:
    """Returns whether two texts are equal, or two arrays up to a relative tolerance.

    Where whole numbers are expected, integers agree exactly, and other numbers to one
    part in a million. Else the tolerance is relative to each number, and to the largest
    one where a number is 0 or where both are rounded to three decimals or more.
    """
    if isinstance(answer, str) or isinstance(expected, str):
        return isinstance(answer, str) and isinstance(expected, str) and answer == expected
    a = read_numbers(answer)
    b = read_numbers(expected)
    if a is None or b is None or a.shape != b.shape:
        return False
    if b.dtype.kind in "iu" and a.dtype.kind == "f":
        # A difference quotient or a sum of floats comes near a whole number only.
        near = np.abs(a - b) <= 1e-6 * np.maximum(np.abs(b), 1)
        return bool(np.array_equal(np.rint(a), b) and near.all())
    if b.dtype.kind in "biu" or b.size == 0:
        return bool(np.array_equal(a, b))
    a = a.astype(float)
    size = np.abs(b)
    largest = float(size.max()) or 1.0
    allowed = np.where(size > 1e-9 * largest, size, largest) * tolerance + 1e-6 * largest
    with np.errstate(invalid="ignore"):  # inf - inf; equal numbers are judged by ==
        error = np.abs(a - b)
    if np.all((error <= allowed) | (a == b) | (np.isnan(a) & np.isnan(b))):
        return True
    decimals = count_decimals(a)
    rounded = decimals is not None and decimals >= ENOUGH_DECIMALS and is_rounded(a, b)
    return b.size > 1 and rounded and bool(error.max() <= tolerance * largest)


def sort_rows(array: np.ndarray) -> np.ndarray:
    """Returns the entries of an array, or its rows, in ascending order."""
    if array.ndim == 0 or array.size == 0:
        return array
    rows = array.reshape(len(array), -1)
    return array[np.lexsort(rows.T[::-1])]


def name_list(value: Any) -> str:
    """Returns what a list is that is no array of numbers."""
    try:
        np.asarray(value)
    except ValueError:
        return "a list whose entries have unlike lengths."
    return "a list in which not every entry is a number."


# What a value is that is no number and no array of numbers; the first that fits.
KINDS: tuple[tuple[Callable[[Any], bool], str], ...] = (
    (
        lambda value: value is None,
        "None; is it the value of a print, or of a function without a return?",
    ),
    (lambda value: isinstance(value, str), "text."),
    (lambda value: isinstance(value, type), "a class."),
    (callable, "a function: call it, and give what it returns."),
    (lambda value: isinstance(value, dict), "a dictionary."),
    (lambda value: isinstance(value, (set, frozenset)), "a set, which has no order."),
    (lambda value: isinstance(value, Iterator), "an iterator: put list(...) around it."),
)


def name_kind(value: Any) -> str:
    """Returns what a value is, where it is no number and no array of numbers."""
    for fits, name in KINDS:
        if fits(value):
            return name
    if isinstance(value, (bool, np.bool_)):
        return f"{value}."
    if isinstance(value, (list, tuple)):
        return name_list(value)
    if isinstance(value, np.ndarray):
        return f"an array of {value.dtype}."
    return f"an object of the type {type(value).__name__}."


@dataclass(frozen=True)
class Outcome:
    """What a function returned, or the exception that it raised."""

    value: Any = None
    error: Exception | None = None
    printed: bool = False


def run(function: Callable, case: tuple) -> Outcome:
    """Calls a function with copies of the arguments; what it prints is not shown."""
    output = io.StringIO()
    try:
        with redirect_stdout(output), np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            value = function(*copy.deepcopy(case))
    except Exception as error:
        # Whatever a reader's function raises is an answer to be explained.
        return Outcome(error=error)
    return Outcome(value, printed=bool(output.getvalue()))


def give_reason(error: Exception) -> str:
    """Returns what an error says; of many lines, the one with the reason."""
    kind = f"{type(error).__name__}: "
    lines = []
    for line in str(error).splitlines():
        if line.strip() and not line.strip().startswith(NO_REASON):
            lines.append(line.strip())
    if not lines:
        return str(error)
    reasons = [line.removeprefix(kind) for line in lines if line.startswith(kind)]
    return (reasons or lines)[0]


def describe_error(function: Callable, error: Exception) -> str:
    """Returns an error in words, with the line of the function that raised it."""
    kind = type(error).__name__
    reason = give_reason(error)
    code = getattr(function, "__code__", None)
    own = []
    for frame in traceback.extract_tb(error.__traceback__):
        if code is not None and frame.filename == code.co_filename:
            own.append(frame)
    if not own:
        return f"{kind}: {reason}"
    return f"{kind} in line {own[-1].lineno}, `{own[-1].line}`: {reason}"


@dataclass(frozen=True)
class Mistake:
    """A likely wrong answer: `make` makes it, `message` names it.

    `make` takes what the exercise's `right` takes: nothing where the answer is a value,
    and the arguments of the reader's function where it is a function.
    """

    make: Callable[..., Any]
    message: str


@dataclass(frozen=True)
class Exercise:
    """An exercise: called with a reader's answer, it prints a verdict.

    `form` says what an answer is, after "Your answer:". `right()` makes the right
    answer; `mistakes` are the likely wrong ones by name. `when(answer)` may name a
    mistake that no single value shows. A reader's answer is data and is never run.

    With `cases`, the answer is a function: it is called with copies of the arguments of
    each case, as `right` is, and `when` gets each of its results and `raised` each
    exception. A mistake is named if it explains all cases, so the cases should have
    unlike sizes; `situations` says in words what is special about each. `returns` names
    the results where they are more than one. `also(function)` may name a fault of a
    function whose results are right.

    `tolerance` is relative; where the right answer is an integer, a float may be off by
    one part in a million.
    `ordered=False`: the order does not matter. `share=True`: per cent are accepted.
    `letters`: the options of a choice, such as "abcd".
    `digits`: to so many significant digits numbers may be rounded, 0 for none.
    """

    form: str
    hint: str
    right: Callable[..., Any]
    why: str
    mistakes: dict[str, Mistake] = field(default_factory=dict)
    when: Callable[[Any], str | None] = lambda answer: None
    raised: Callable[[Exception], str | None] = lambda error: None
    cases: Sequence[tuple] = ()
    situations: tuple[str, ...] = ()
    returns: tuple[str, ...] = ()
    also: Callable[[Callable], str | None] = lambda function: None
    tolerance: float = PENCIL
    ordered: bool = True
    share: bool = False
    letters: str = ""
    digits: int = 0

    def __call__(self, answer: Any = ..., hint: bool = False) -> None:
        print(self.verdict(answer, hint))

    def verdict(self, answer: Any = ..., hint: bool = False) -> str:
        """Returns one line, which begins with Your answer, Hint, Not yet or Right."""
        if hint:
            return "Hint: " + self.hint
        if answer is ...:
            return f"Your answer: {self.form}."
        problem = self._judge_function(answer) if self.cases else self._judge_value(answer)
        if problem is None:
            return "Right. " + self.why
        return "Not yet: " + problem

    def _judge_value(self, answer: Any) -> str | None:
        """Returns what is wrong with a value, None where it is right."""
        right = self.right()
        if self._agrees(answer, right):
            return None
        for mistake in self.mistakes.values():
            if self._agrees(answer, mistake.make()):
                return mistake.message
        return self.when(answer) or self._explain(answer, right, "you gave")

    def _readings(self, answer: Any, right: Any) -> list[Any]:
        """Returns what an answer may mean, beside a right one: texts or arrays."""
        if self.letters:
            letters = read_letters(answer, self.letters)
            return [] if letters is None else [letters]
        if isinstance(right, str):
            return [answer.strip().lower()] if isinstance(answer, str) else []
        if isinstance(answer, (set, frozenset)) and self.ordered:
            return []
        numbers = read_numbers(answer, one=np.ndim(right) == 0)
        wanted = read_numbers(right)
        if numbers is None or wanted is None:
            return []
        if numbers.dtype.kind == "b" and wanted.dtype.kind != "b":
            return []
        if wanted.ndim == 0 and numbers.size == 1:
            numbers = numbers.reshape(())
        if wanted.ndim == 1 and numbers.ndim == 0:
            numbers = numbers.reshape(1)
        if not self.ordered:
            numbers = sort_rows(numbers)
        readings = [numbers, numbers / 100] if self.share else [numbers]
        if isinstance(answer, str) and THOUSANDS.fullmatch(answer.strip()):
            readings.append(np.array(float(answer.replace(",", ""))))
        return readings

    def _agrees(self, answer: Any, expected: Any) -> bool:
        """Returns whether an answer, in one of its readings, is the expected value."""
        wanted = expected
        if self.letters:
            wanted = read_letters(expected, self.letters)
        elif isinstance(expected, str):
            wanted = expected.strip().lower()
        elif not self.ordered:
            wanted = sort_rows(np.asarray(expected))
        for reading in self._readings(answer, expected):
            if same(reading, wanted, self.tolerance):
                return True
            if self.digits and rounds_to(reading, wanted, self.digits):
                return True
        return False

    def _explain(self, answer: Any, right: Any, subject: str) -> str:
        """Returns what is wrong with a value: its kind, shape, order or rounding."""
        form = f"The answer is {self.form}."
        readings = self._readings(answer, right)
        if self.letters or not readings:
            if self.letters and isinstance(answer, str) and not readings:
                return form
            if self.letters and readings:
                return f"that is another choice. {ASK}"
            return f"{subject} {name_kind(answer)} {form}"
        if isinstance(right, str):
            return f"that is another word. {ASK}"
        return self._explain_numbers(readings[0], np.asarray(right), subject)

    def _explain_numbers(self, numbers: np.ndarray, right: np.ndarray, subject: str) -> str:
        """Returns what is wrong with numbers beside the right ones."""
        if numbers.shape != right.shape:
            return self._explain_shape(numbers, right, subject)
        if right.dtype.kind == "b" and np.isinf(numbers).any():
            return "the mask has 0 and -inf in it, which are added to logits: True and False."
        if np.isnan(numbers.astype(float)).any():
            return f"{subject} nan, which is no number: was something divided by 0?"
        if same(sort_rows(numbers), sort_rows(right), self.tolerance) and right.ndim:
            if np.array_equal(right, sort_rows(right)):
                return "the right ones, in another order: sort them."
            return "the right numbers, in another order."
        if right.dtype.kind == "f" and is_coarse(numbers, right):
            decimals = count_decimals(numbers) or 0
            digits = {0: "the whole number", 1: "one decimal"}.get(decimals, f"{decimals} decimals")
            return f"right to {digits}: give more."
        good = 0
        for a, b in zip(numbers.ravel(), right.ravel()):
            good += same(a, b, self.tolerance)
        if good:
            verb = "is" if good == 1 else "are"
            return f"{good} of {right.size} numbers {verb} right. {ASK}"
        return f"that is not it, nor a mistake that the check knows. {ASK}"

    def _explain_shape(self, numbers: np.ndarray, right: np.ndarray, subject: str) -> str:
        """Returns what is wrong with the shape of an array."""
        if numbers.size == right.size and same(numbers.ravel(), right.ravel(), self.tolerance):
            return (
                f"the numbers are right; their shape is {numbers.shape}, "
                f"and {right.shape} is wanted."
            )
        if right.ndim <= 1 and numbers.ndim <= 1:
            plural = "" if numbers.size == 1 else "s"
            return f"{subject} {numbers.size} number{plural}. The answer is {self.form}."
        return f"the shape of your answer is {numbers.shape}, and it should be {right.shape}."

    def _names(self) -> list[str]:
        """Returns the names of the arguments of the reader's function."""
        return list(inspect.signature(self.right).parameters)[: len(self.cases[0])]

    def _describe(self, at: int) -> str:
        """Returns the arguments of a case in words: shapes of arrays, other values."""
        words = []
        for name, value in zip(self._names(), self.cases[at]):
            array = isinstance(value, np.ndarray)
            words.append(f"{name} {value.shape}" if array else f"{name} = {value!r}")
        text = ", ".join(words)
        return text if len(text) < 120 else f"input {at + 1}"

    def _judge_function(self, answer: Any) -> str | None:
        """Returns what is wrong with a function, None where it is right."""
        if isinstance(answer, type) or not callable(answer):
            kind = name_kind(answer)
            if read_numbers(answer) is not None and not isinstance(answer, str):
                kind = "its result: give the function itself, without brackets behind its name."
            return f"the answer should be a function, and you gave {kind}"
        problem = self._judge_arguments(answer)
        if problem:
            return problem
        found = [run(answer, case) for case in self.cases]
        right = [run(self.right, case) for case in self.cases]
        agree = [self._same_outcome(a, b) for a, b in zip(found, right)]
        if all(agree):
            return self.also(answer)
        for mistake in self.mistakes.values():
            made = [run(mistake.make, case) for case in self.cases]
            if all(self._same_outcome(a, b) for a, b in zip(found, made)):
                return mistake.message
        for outcome in found:
            message = self._name(outcome)
            if message:
                return message
        at = agree.index(False)
        problem = self._explain_outcome(answer, found[at], right[at])
        return self._compare(agree, at) + problem

    def _name(self, outcome: Outcome) -> str | None:
        """Returns the mistake that a result or an exception shows by itself."""
        return self.raised(outcome.error) if outcome.error else self.when(outcome.value)

    def _compare(self, agree: Sequence[bool], at: int) -> str:
        """Returns where a function is right and where it is not, "" if it never is."""
        if not any(agree):
            return ""
        if self.situations:
            good = self.situations[agree.index(True)]
            return f"right where {good}, and not where {self.situations[at]}. There "
        good = self._describe(agree.index(True))
        bad = self._describe(at)
        return (
            f"right with {good}, and not with {bad}: is a size or a number fixed in your "
            "function? There "
        )

    def _judge_arguments(self, answer: Callable) -> str | None:
        """Returns what is wrong where a function does not take the arguments."""
        try:
            signature = inspect.signature(answer)
        except ValueError:
            # Some functions that are written in C have no signature.
            return None
        try:
            signature.bind(*self.cases[0])
        except TypeError:
            names = ", ".join(self._names())
            return (
                f"your function takes {len(signature.parameters)} arguments; it is called with "
                f"{len(self.cases[0])}: {names}."
            )
        return None

    def _parts(self, value: Any, right: tuple) -> list[Any] | None:
        """Returns a function's results one by one, None where they are not as many."""
        if isinstance(value, (tuple, list)) and len(value) == len(right):
            return list(value)
        stacked = isinstance(value, np.ndarray) and np.shape(value)[:1] == (len(right),)
        if stacked and [np.shape(part) for part in value] == [np.shape(part) for part in right]:
            return list(value)
        return None

    def _same_outcome(self, found: Outcome, expected: Outcome) -> bool:
        """Returns whether two calls returned the same, or raised the same."""
        if found.error or expected.error:
            return repr(found.error) == repr(expected.error)
        if not self.returns:
            return self._agrees(found.value, expected.value)
        parts = self._parts(found.value, expected.value)
        if parts is None:
            return False
        return all(self._agrees(a, b) for a, b in zip(parts, expected.value))

    def _explain_outcome(self, function: Callable, found: Outcome, right: Outcome) -> str:
        """Returns what is wrong with what a function returned or raised."""
        if found.error:
            return f"your function raised {describe_error(function, found.error)}"
        if found.value is None:
            if found.printed:
                return "your function printed, but returned nothing: return in place of print."
            return "your function returned nothing: is there a return?"
        subject = "your function returned"
        if not self.returns:
            return self._explain(found.value, right.value, subject)
        parts = self._parts(found.value, right.value)
        wanted = f"{', '.join(self.returns[:-1])} and {self.returns[-1]}"
        if parts is None:
            count = COUNTS.get(len(self.returns), str(len(self.returns)))
            return f"return {count} arrays, {wanted}, in this order."
        for order in permutations(parts):
            if all(self._agrees(a, b) for a, b in zip(order, right.value)):
                return f"these are the right ones in another order: return {wanted}."
        for name, part, expected in zip(self.returns, parts, right.value):
            if not self._agrees(part, expected):
                return f"{name} is not right: " + self._explain(part, expected, subject)
        return f"that is not it. {ASK}"
