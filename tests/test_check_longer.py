"""The exercises of longer_melodies agree with the course's functions."""

import math

import numpy as np
import pytest

from lyricgen.exercises import longer_melodies
from lyricgen.models.longer import network
from lyricgen.music import form
from lyricgen.music.melody import FIRST_ONSET, STEPS_PER_BAR

CASES = longer_melodies.lag_share.cases


@pytest.mark.parametrize(
    "answer, verdict, word",
    [
        ("c", "Right.", "one state"),
        ("(C)", "Right.", "one state"),
        ("a", "Not yet:", "the same z"),
        ("b", "Not yet:", "slip"),
        ("d", "Not yet:", "written itself"),
        (3, "Not yet:", "letters"),
    ],
)
def test_by_segment(answer, verdict, word):
    found = longer_melodies.by_segment.verdict(answer)
    assert found.startswith(verdict) and word in found


def tune_of(letters: str) -> np.ndarray:
    """A tune (1, T) whose bars are equal where the letters are."""
    bars = np.zeros((len(letters), STEPS_PER_BAR), np.uint8)
    for bar, letter in zip(bars, letters):
        bar[0] = FIRST_ONSET + 40
        bar[8] = FIRST_ONSET + ord(letter) - ord("A")
    return bars.reshape(1, -1)


@pytest.mark.parametrize("letters, lag", CASES)
def test_the_share_is_that_of_the_course(letters, lag):
    events = tune_of(letters)
    part, whole = form.repeats_at(events, lag)
    assert longer_melodies.share_at_lag(letters, lag) == pytest.approx(part[0] / whole[0])


def by_loop(letters, lag):
    same = [letters[bar] == letters[bar - lag] for bar in range(lag, len(letters))]
    return sum(same) / len(same)


def in_numpy(letters, lag):
    bars = np.array(list(letters))
    return np.mean(bars[lag:] == bars[:-lag])


@pytest.mark.parametrize(
    "function",
    [
        longer_melodies.share_at_lag,
        by_loop,
        in_numpy,
        lambda letters, lag: round(by_loop(letters, lag), 3),
        lambda letters, lag: f"{by_loop(letters, lag):.4f}",
        lambda letters, lag: f"{100 * by_loop(letters, lag):.3g} %",
        lambda letters, lag: [by_loop(letters, lag)],
    ],
)
def test_right_functions_are_accepted(function):
    assert longer_melodies.lag_share.verdict(function).startswith("Right.")


def printed(letters, lag):
    print(by_loop(letters, lag))


def of_first_letter(letters, lag):
    return letters[lag:].count(letters[0]) / (len(letters) - lag)


def of_different_letters(letters, lag):
    return 1 - len(set(letters)) / len(letters)


def in_groups(letters, lag):
    """Groups of `lag` bars that equal the group before as a whole."""
    groups = [letters[bar : bar + lag] for bar in range(0, len(letters), lag)]
    return np.mean([a == b for a, b in zip(groups, groups[1:])])


def of_any_earlier_from_the_lag_on(letters, lag):
    found = [letters[bar] in letters[:bar] for bar in range(lag, len(letters))]
    return sum(found) / len(found)


def with_the_first_bars_wrapped(letters, lag):
    same = [letters[bar] == letters[bar - lag] for bar in range(len(letters))]
    return sum(same) / (len(letters) - lag)


def with_lag_of_four(letters, lag):
    return by_loop(letters, 4)


@pytest.mark.parametrize(
    "function, words",
    [
        (lambda letters, lag: by_loop(letters, lag) * (1 - lag / len(letters)), "all bars"),
        (
            lambda letters, lag: by_loop(letters, lag) * (len(letters) - lag) / (len(letters) - 1),
            "the bars less 1",
        ),
        (lambda letters, lag: by_loop(letters, lag) * (len(letters) - lag), "how many bars"),
        (lambda letters, lag: 1 - by_loop(letters, lag), "differ"),
        (lambda letters, lag: 100 * by_loop(letters, lag), "a share between 0 and 1"),
        (lambda letters, lag: round(100 * by_loop(letters, lag)), "a share between 0 and 1"),
        (lambda letters, lag: f"{100 * by_loop(letters, lag):.1f}", "a share between 0 and 1"),
        (lambda letters, lag: 1000 * by_loop(letters, lag), "a share between 0 and 1"),
        (
            lambda letters, lag: (
                by_loop(letters, lag) * (len(letters) - lag) / (len(letters) - lag - 1)
            ),
            "one too few",
        ),
        (of_any_earlier_from_the_lag_on, "any earlier one"),
        (with_the_first_bars_wrapped, "from the end of the text"),
        (lambda letters, lag: by_loop(letters, lag + 1), "one too large"),
        (
            lambda letters, lag: np.mean([a == letters[n - lag] for n, a in enumerate(letters)]),
            "from the end of the text",
        ),
        (
            lambda letters, lag: (
                np.mean([letters[n] in letters[:n] for n in range(len(letters))])
                * len(letters)
                / (len(letters) - 1)
            ),
            "any earlier one",
        ),
        (printed, "return in place of print"),
        (of_first_letter, ""),
        (of_different_letters, ""),
        (in_groups, ""),
        (with_lag_of_four, "is a size or a number fixed"),
        (lambda letters: 0.5, "arguments"),
        (0.25, ""),
    ],
)
def test_wrong_functions_are_refused(function, words):
    found = longer_melodies.lag_share.verdict(function)
    assert found.startswith("Not yet:") and words in found, found


def test_all_likely_functions_differ():
    mistakes = longer_melodies.lag_share.mistakes.values()
    makers = [longer_melodies.lag_share.right, *[mistake.make for mistake in mistakes]]
    rows = [np.round([maker(*case) for case in CASES], 6) for maker in makers]
    assert len({tuple(row) for row in rows}) == len(rows)


def test_the_controller_needs_so_many_steps():
    beta = longer_melodies.BETA
    steps = 0
    excess = longer_melodies.KL_BITS / longer_melodies.TARGET - 1
    change = np.clip(network.CONTROL * excess, -network.LARGEST_CHANGE, network.LARGEST_CHANGE)
    while beta <= longer_melodies.PASSED:
        beta *= math.exp(change)
        steps += 1
    assert longer_melodies.doubled.right() == steps == 24
    assert longer_melodies.TARGET == 360


@pytest.mark.parametrize(
    "answer, verdict, word",
    [
        (24, "Right.", "cuts to 0.03"),
        ("24", "Right.", "cuts to 0.03"),
        (24.0, "Right.", "cuts to 0.03"),
        (23, "Not yet:", "one more"),
        (23.1, "Not yet:", ""),
        (10, "Not yet:", "without the clip"),
        (9.9, "Not yet:", "without the clip"),
        (1, "Not yet:", "factor 0.1"),
        (34, "Not yet:", "base 2"),
        (17, "Not yet:", "added 0.03"),
        (11, "Not yet:", "base 10"),
        (18, "Not yet:", "KL/R"),
        (25, "Not yet:", ""),
    ],
)
def test_doubled(answer, verdict, word):
    found = longer_melodies.doubled.verdict(answer)
    assert found.startswith(verdict) and word in found, found
