"""The exercises of training_musicvae agree with the model."""

import numpy as np
import pytest

from lyricgen.exercises import training_musicvae
from lyricgen.models.musicvae.settings import ONE_BAR

CASES = training_musicvae.flatters.cases


@pytest.mark.parametrize(
    "answer, verdict, word",
    [
        ("d", "Right.", "given up first"),
        ("(D)", "Right.", "given up first"),
        ("a", "Not yet:", "if beta stayed 0"),
        ("b", "Not yet:", "posterior collapse"),
        ("c", "Not yet:", "right about the KL"),
        (4, "Not yet:", "letters"),
    ],
)
def test_curves(answer, verdict, word):
    found = training_musicvae.curves.verdict(answer)
    assert found.startswith(verdict) and word in found


def test_the_sizes_of_an_exercise_are_those_of_the_model_that_is_trained():
    assert ONE_BAR.beta == training_musicvae.BETA
    assert ONE_BAR.melody_steps == training_musicvae.STEPS
    assert ONE_BAR.latent == training_musicvae.LATENT


def test_a_lower_loss_with_the_mean_is_a_lower_loss_with_the_sum():
    rng = np.random.default_rng(0)
    cost, kl = rng.random((50, 16)) * 4, rng.random((50, 24)) * 3
    sums = cost.sum(1) + 0.2 * kl.sum(1)
    means = cost.mean(1) + training_musicvae.mean_for_sum.right() * kl.sum(1)
    assert np.allclose(sums, 16 * means)


@pytest.mark.parametrize(
    "answer, verdict, word",
    [
        (0.0125, "Right.", "16 times"),
        ("1/80", "Right.", "16 times"),
        (0.01251, "Right.", "16 times"),
        (0.013, "Not yet:", "right to 3 decimals"),
        (0, "Not yet:", "much too small"),
        (0.0001, "Not yet:", "much too small"),
        (0.2 / 24, "Not yet:", "24 is the number of dimensions"),
        (0.2 * 16 / 24, "Not yet:", "16 and 24"),
        (0.2 * 24, "Not yet:", "multiplied by 24"),
        (0.2 * 24 / 16, "Not yet:", "averaged over its 24 dimensions"),
        (0.2 / 16 / 24, "Not yet:", "divided by the 24 dimensions as well"),
        (0.00625, "Not yet:", "32 steps"),
    ],
)
def test_mean_for_sum(answer, verdict, word):
    found = training_musicvae.mean_for_sum.verdict(answer)
    assert found.startswith(verdict) and word in found


def as_a_reader_would(table, melody, start):
    """One loop for both, with lists and Python's own numbers."""
    forced = free = 0
    last_true = last_own = start
    for t in range(len(melody)):
        forced += int(table[t, last_true] == melody[t])
        own = table[t, last_own]
        free += int(own == melody[t])
        last_true, last_own = melody[t], own
    return forced / len(melody), free / len(melody)


def in_per_cent(table, melody, start):
    forced, free = as_a_reader_would(table, melody, start)
    return [100 * forced, 100 * free]


def rounded(table, melody, start):
    return [round(share, 2) for share in as_a_reader_would(table, melody, start)]


def vectorised(table, melody, start):
    before = np.r_[start, melody[:-1]]
    forced = (table[np.arange(len(melody)), before] == melody).mean()
    return np.array([forced, as_a_reader_would(table, melody, start)[1]])


@pytest.mark.parametrize("answer", [as_a_reader_would, in_per_cent, rounded, vectorised])
def test_a_right_function_is_accepted_in_any_form(answer):
    assert training_musicvae.flatters.verdict(answer).startswith("Right.")


def test_the_teacher_flatters_in_each_case():
    for table, melody, start in CASES:
        forced, free = as_a_reader_would(table, melody, start)
        assert 0.75 < forced < 1 and free < forced - 0.15
    sizes = {(len(melody), table.shape[1]) for table, melody, _ in CASES}
    assert len(sizes) == len(CASES), "a size that is fixed in a function is found"


def with_numbers(table, melody, start):
    return 0.875, 0.4375


def with_sizes(table, melody, start):
    """Right for 16 steps only."""
    forced, free = as_a_reader_would(table, melody, start)
    return forced * len(melody) / 16, free * len(melody) / 16


def no_return(table, melody, start):
    as_a_reader_would(table, melody, start)


def printed(table, melody, start):
    print(as_a_reader_would(table, melody, start))


def only_one(table, melody, start):
    return as_a_reader_would(table, melody, start)[0]


def transposed(table, melody, start):
    return as_a_reader_would(table.T, melody, start)


def of_written_notes(table, melody, start):
    """Precision in place of accuracy: over the steps at which an onset was written."""
    last, right = start, []
    for t, event in enumerate(melody):
        last = table[t, last]
        if last > 1:
            right.append(last == event)
    return as_a_reader_would(table, melody, start)[0], np.mean(right)


def put_right(table, melody, start):
    """Free running that goes back to the melody after a mistake."""
    last, right = start, 0
    for t, event in enumerate(melody):
        own = table[t, last]
        right += own == event
        last = own if own == event else event
    return as_a_reader_would(table, melody, start)[0], right / len(melody)


def until_the_first_mistake(table, melody, start):
    last, right = start, 0
    for t, event in enumerate(melody):
        last = table[t, last]
        if last != event:
            break
        right += 1
    return as_a_reader_would(table, melody, start)[0], right / len(melody)


def first_event_given(table, melody, start):
    forced = free = melody[0]
    right = np.ones(2)
    for t in range(1, len(melody)):
        right[0] += table[t, forced] == melody[t]
        free = table[t, free]
        right[1] += free == melody[t]
        forced = melody[t]
    return right / len(melody)


def first_event_given_to_free(table, melody, start):
    return as_a_reader_would(table, melody, start)[0], first_event_given(table, melody, start)[1]


@pytest.mark.parametrize(
    "answer, word",
    [
        (first_event_given, "count the first event as right"),
        (first_event_given_to_free, ""),
        (with_numbers, ""),
        (with_sizes, "fixed in your"),
        (no_return, "returned nothing"),
        (printed, "return in place of print"),
        (only_one, "1 number"),
        (transposed, "raised"),
        (of_written_notes, ""),
        (put_right, "reads the true event as well"),
        (until_the_first_mistake, "stops at its first"),
        ((0.875, 0.4375), "should be a function"),
        (lambda table, melody: (0, 0), "takes 2 arguments"),
        (lambda t, m, s: as_a_reader_would(t, m, s)[::-1], "teacher forcing first"),
        (lambda t, m, s: 1 - np.array(as_a_reader_would(t, m, s)), "are wrong"),
        (lambda t, m, s: as_a_reader_would(t, m, 0), "last = 0"),
        (lambda t, m, s: tuple(len(m) * x for x in as_a_reader_would(t, m, s)), "divide by"),
    ],
)
def test_a_wrong_function_is_refused_and_the_mistake_named(answer, word):
    found = training_musicvae.flatters.verdict(answer)
    assert found.startswith("Not yet:") and word in found
