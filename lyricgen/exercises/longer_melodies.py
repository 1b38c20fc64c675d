"""The exercises of the notebook longer_melodies."""

from __future__ import annotations

import math

import numpy as np

from lyricgen.exercises import Exercise, Mistake, read_numbers
from lyricgen.models.longer.settings import SongSettings

by_segment = Exercise(
    form="one of the letters 'a', 'b', 'c' and 'd', in quotation marks",
    hint=(
        "the same numbers are read at every step. What in the decoder says which part of them is "
        "due now? And which segment need not be found, because z was wired to it?"
    ),
    right=lambda: "c",
    why=(
        "The first segment is there from the start. For the others the decoder would have to "
        "learn where in z each one is, and to carry through one state which of them is due."
    ),
    mistakes={
        "a": Mistake(
            lambda: "a",
            "(a): z is read at every step, but the same z. What to take out of it at a step is "
            "not in it.",
        ),
        "b": Mistake(
            lambda: "b",
            "(b) would hold if the decoder knew all segments and only slipped now and then. A "
            "slip costs much less than not knowing what the segment is.",
        ),
        "d": Mistake(
            lambda: "d",
            "(d): free running, the state reads only what the decoder has written itself. That "
            "adds nothing to what z says.",
        ),
    },
    letters="abcd",
)


def share_at_lag(letters: str, lag: int) -> float:
    """Returns the share of the bars of a form that equal the bar `lag` before.

    Of the bars that have such a bar. letters has one letter a bar, as in "ABCDABEF".
    """
    return _share(letters, lag)


def _share(letters: str, lag: int, over: str = "pairs") -> float:
    """The answer of the second exercise; `over` chooses another denominator."""
    same = sum(later == earlier for later, earlier in zip(letters[lag:], letters))
    counts = {
        "pairs": len(letters) - lag,
        "bars": len(letters),
        "less one": len(letters) - 1,
        "a pair less": len(letters) - lag - 1,
    }
    return same / counts[over]


def _of_any_earlier(letters: str, lag: int) -> float:
    """How many bars equal any bar before, at whatever lag."""
    found = [letter in letters[:bar] for bar, letter in enumerate(letters)]
    return sum(found) / (len(letters) - 1)


def _late_of_any_earlier(letters: str, lag: int) -> float:
    """How many of the bars from `lag` on equal any bar before."""
    found = [letters[bar] in letters[:bar] for bar in range(lag, len(letters))]
    return float(np.mean(found))


def _up_to(letters: str, lag: int) -> float:
    """How many bars equal one of the last `lag` bars."""
    found = [letters[bar] in letters[max(0, bar - lag) : bar] for bar in range(lag, len(letters))]
    return sum(found) / len(found)


def _rolled(letters: str, lag: int) -> float:
    """The share where the first bars are compared with the last ones."""
    return _rolled_over_pairs(letters, lag) * (len(letters) - lag) / len(letters)


def _rolled_over_pairs(letters: str, lag: int) -> float:
    """The same count, divided by how many bars have one so far before them."""
    same = [letters[bar] == letters[bar - lag] for bar in range(len(letters))]
    return sum(same) / (len(letters) - lag)


def _steps_of_lag(letters: str, lag: int) -> float:
    """The share where only every lag-th bar is looked at."""
    found = [letters[bar] == letters[bar - lag] for bar in range(lag, len(letters), lag)]
    return float(np.mean(found))


ANY_EARLIER = (
    "that is the share of the bars that equal any earlier one; here only the bar `lag` before "
    "counts."
)
WRAPPED = (
    "letters[bar - lag] of the first bars is counted from the end of the text: begin with bar "
    "`lag`."
)


def _name_no_share(value: object) -> str | None:
    """Returns what is wrong with a number that is no share, None for another value."""
    number = read_numbers(value, one=True)
    if number is None or number.size != 1 or 0 <= float(number.ravel()[0]) <= 1:
        return None
    return "give a share between 0 and 1: of all the bars that could be equal, how many are?"


lag_share = Exercise(
    form="a function of letters and lag that returns one number",
    hint=(
        "letters[lag:] are the bars that have a bar so far before them; zip(letters[lag:], "
        "letters) pairs each with it. Count the equal pairs, and divide by how many there are."
    ),
    right=share_at_lag,
    why=(
        "A model that loops has as many repeats as a tune, but at other lags. That is why the "
        "notebook shows the share for several lags."
    ),
    cases=(
        ("ABCDABEFABCDABEG", 4),
        ("ABCABCDDAB", 3),
        ("ABABABCDBA", 2),
        ("AABBACDDAAB", 1),
    ),
    mistakes={
        "of all bars": Mistake(
            lambda letters, lag: _share(letters, lag, "bars"),
            "you divided by all bars; the first `lag` have no bar so far before them.",
        ),
        "less one": Mistake(
            lambda letters, lag: _share(letters, lag, "less one"),
            "you divided by the bars less 1; with this lag, `lag` bars have none before them.",
        ),
        "count": Mistake(
            lambda letters, lag: (len(letters) - lag) * _share(letters, lag),
            "that is how many bars are equal; divide by the number that could be.",
        ),
        "a pair less": Mistake(
            lambda letters, lag: _share(letters, lag, "a pair less"),
            "you divided by one too few: with bars counted from 0, those from `lag` on are "
            "len(letters) - lag.",
        ),
        "per cent": Mistake(
            lambda letters, lag: 100 * _share(letters, lag),
            "give a share between 0 and 1; yours is in per cent, without a sign that says so.",
        ),
        "any earlier": Mistake(_of_any_earlier, ANY_EARLIER),
        "any earlier, from the lag on": Mistake(_late_of_any_earlier, ANY_EARLIER),
        "up to the lag": Mistake(
            _up_to,
            "you accept any of the last `lag` bars; only the one exactly `lag` before counts.",
        ),
        "wrapped": Mistake(_rolled, WRAPPED),
        "wrapped, of the pairs": Mistake(_rolled_over_pairs, WRAPPED),
        "in steps": Mistake(
            _steps_of_lag,
            "you look at every `lag`-th bar only; each bar from `lag` on counts.",
        ),
        "different": Mistake(
            lambda letters, lag: 1 - _share(letters, lag),
            "that is the share of the bars that differ.",
        ),
        "lag less one": Mistake(
            lambda letters, lag: _share(letters, lag + 1),
            "your lag is one too large: the bar `lag` before bar number n is n - lag.",
        ),
    },
    when=_name_no_share,
    digits=3,
)


# Of the third exercise: the beta and the KL at the start, and the beta to be passed.
BETA = 0.5
KL_BITS = 612.0
PASSED = 1.0
TARGET = SongSettings().target
EXCESS = KL_BITS / TARGET - 1


def _steps(change: float) -> int:
    """Returns after how many steps beta is above PASSED, by ln beta's change a step."""
    return math.floor(math.log(PASSED / BETA) / change) + 1


doubled = Exercise(
    form="one number",
    hint=(
        "compute KL/R - 1 and a tenth of it. Does the clip let it through? Then ln(beta) grows "
        "by the same amount at each step, and it has to grow by ln 2."
    ),
    right=lambda: _steps(0.03),
    why=(
        "A tenth of the excess is 0.07, which the clip cuts to 0.03, and ln 2 / 0.03 is 23.1. So "
        "a controller that starts from a wrong beta needs a few dozen steps to find it, and a "
        "single wild batch cannot throw it far."
    ),
    mistakes={
        "not clipped": Mistake(
            lambda: _steps(0.1 * EXCESS),
            "that is without the clip: a tenth of the excess is 0.07, and at most 0.03 counts.",
        ),
        "neither clipped nor whole": Mistake(
            lambda: math.log(2) / (0.1 * EXCESS),
            "that is without the clip: a tenth of the excess is 0.07, and at most 0.03 counts. "
            "And steps are whole.",
        ),
        "rounded down": Mistake(
            lambda: _steps(0.03) - 1,
            "after 23 steps beta is 0.997, still below 1: it takes one more.",
        ),
        "not a whole number": Mistake(
            lambda: math.log(2) / 0.03, "steps are whole: after 23 of them beta is still below 1."
        ),
        "no factor": Mistake(
            lambda: _steps(EXCESS),
            "the factor 0.1 and the clip are missing: at most 0.03 counts at each step.",
        ),
        "log2": Mistake(
            lambda: math.ceil(1 / 0.03),
            "you took the logarithm to the base 2; the controller has exp, so it is ln 2.",
        ),
        "added": Mistake(
            lambda: math.ceil(0.5 / 0.03),
            "you added 0.03 to beta at each step; it is multiplied by exp(0.03).",
        ),
        "doubled target": Mistake(
            lambda: math.ceil(math.log(KL_BITS / TARGET) / 0.03),
            "that is how long it would take beta to grow by KL/R; it has to grow by 2.",
        ),
        "base 10": Mistake(
            lambda: math.ceil(math.log10(2) / 0.03),
            "you took the logarithm to the base 10; the controller has exp, so it is ln 2.",
        ),
    },
    # steps are whole: 23.1 of them are not 23
    tolerance=1e-3,
)
