"""The exercises of posterior_collapse know who listens to z."""

import numpy as np
import pytest

from lyricgen.exercises import posterior_collapse


@pytest.mark.parametrize(
    "answer, said",
    [
        (["A", "C"], "Right."),
        ("AD", "D is used"),
        ("CB", "B is used"),
        (3, "letters of the models"),
    ],
)
def test_other_answers_on_the_unused_z_are_led_on(answer, said):
    assert said in posterior_collapse.unused.verdict(answer)


def test_the_models_of_the_last_exercise_are_what_its_answer_says():
    for name, found in posterior_collapse.MODELS.items():
        assert (found["own"] - found["swapped"] < 0.03) == (
            name in posterior_collapse.unused.right()
        )
        assert (
            found["information_bits"] <= found["kl_bits"]
        )  # the aggregate posterior is at best the prior


@pytest.mark.parametrize("answer", ["AC", "ac", "CA", ["A", "C"], "A, C", "A and C", {"A", "C"}])
def test_letters_in_any_form_are_right(answer):
    assert posterior_collapse.unused.verdict(answer).startswith("Right.")


def test_b_listens():
    assert "B is used" in posterior_collapse.unused.verdict("BC")


def by_loops(kl, lam, size):
    """Another way to write the third exercise."""
    total = 0.0
    for first in range(0, kl.shape[1], size):
        of_bars = [sum(row[first : first + size]) for row in kl]
        total += max(lam, sum(of_bars) / len(of_bars))
    return total


def by_clip(kl, lam, size):
    """And another one."""
    means = np.add.reduceat(kl.mean(axis=0), range(0, kl.shape[1], size))
    return float(np.clip(means, lam, None).sum())


@pytest.mark.parametrize("function", [by_loops, by_clip])
def test_free_bits_may_be_written_in_another_way(function):
    assert posterior_collapse.free_bits.verdict(function).startswith("Right.")


def test_each_case_has_groups_below_and_above_lam_or_one_on_a_side():
    sides = set()
    for kl, lam, size in posterior_collapse.free_bits.cases:
        assert kl.shape[1] % size == 0
        groups = kl.reshape(len(kl), -1, size).sum(axis=2)
        sides |= set((groups.mean(axis=0) > lam).tolist())
        bars = groups > lam
        assert bars.any() and not bars.all(), "bars on both sides: the order of max matters"
    assert sides == {True, False}


def test_a_group_has_dimensions_on_both_sides_of_lam():
    for kl, lam, size in posterior_collapse.free_bits.cases[:2]:
        above = kl.mean(axis=0).reshape(-1, size) > lam
        assert np.any(above.any(axis=1) & ~above.all(axis=1))


@pytest.mark.parametrize(
    "function, word",
    [
        (lambda kl, lam, size: None, "is there a return?"),
        (lambda kl, lam, size: by_loops(kl, lam, 2), "right where 8 dimensions"),
        (lambda kl, lam, size: by_loops(kl, lam, 1), "each dimension with lam"),
        (lambda kl, lam, size: by_loops(kl, lam * size, size), "size * lam"),
        (lambda kl, lam, size: by_loops(kl, lam, kl.shape[1] // size), "the number of groups"),
        (lambda kl, lam, size: by_loops(kl[:, :-size], lam, size), "leaves out the last group"),
        (lambda kl, lam, size: by_loops(kl, 0.0, size), "without any free bits"),
        (lambda kl, lam: by_loops(kl, lam, 1), "takes 2 arguments"),
        (3.2, "should be a function"),
    ],
)
def test_a_wrong_function_of_free_bits_is_refused_with_a_reason(function, word):
    found = posterior_collapse.free_bits.verdict(function)
    assert found.startswith("Not yet:") and word in found


@pytest.mark.parametrize("answer", ["c", "C", "(c)", ["c"]])
def test_the_course_of_the_kl(answer):
    assert posterior_collapse.course_of_kl.verdict(answer).startswith("Right.")
