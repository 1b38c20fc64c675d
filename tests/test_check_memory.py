"""The exercises of memory_and_precision accept right answers and name the mistakes."""

import numpy as np
import pytest

from lyricgen.exercises import memory_and_precision as check
from lyricgen.models.lstm.carry_bit import Adam
from lyricgen.models.lstm.cell import Weights, forward


def bias(value: float) -> list[float]:
    return [0.0] * 3 + [value] * 3 + [0.0] * 6


@pytest.mark.parametrize("value", [3.345, 3.34, 3.35, 3.33, 3.36, 3.3447, "3.34"])
def test_a_bias_with_the_precision_of_a_pencil_is_right(value):
    assert check.keep.verdict(bias(value)).startswith("Right.")
    assert check.keep.verdict(np.array(bias(float(value)))).startswith("Right.")


@pytest.mark.parametrize("value", [3.2, 3.5, 3.0, 3.29, 3.38])
def test_a_bias_beyond_one_per_cent_is_not(value):
    assert check.keep.verdict(bias(value)).startswith("Not yet")


@pytest.mark.parametrize("steps", [19, 21])
@pytest.mark.parametrize("digits", [2, 3, 9])
def test_the_root_of_one_step_fewer_or_more_is_named(steps, digits):
    f = 0.5 ** (1 / steps)
    verdict = check.keep.verdict(bias(round(float(np.log(f / (1 - f))), digits)))
    assert f"half is left after {steps} steps" in verdict


def test_the_right_bias_keeps_half_of_a_cell():
    b = np.array(check.keep.right())
    weights = Weights(np.zeros((1, 12)), np.zeros((3, 12)), b)
    steps = forward(np.zeros((1, 20, 1)), *weights, c0=np.ones((1, 3)))
    assert np.allclose(steps.c[0, -1], 0.5)


@pytest.mark.parametrize(
    "answer, words",
    [
        (3.345, "the whole vector"),
        ([3.34], "the whole vector"),
        (bias(0.966), "that is f itself"),
        (bias(0.97), "that is f itself"),
        (bias(np.log(0.5 ** (1 / 20))), "that is log(f)"),
        (bias(-0.035), "that is log(f)"),
        (bias(3.29), "19 steps"),
        (bias(3.4), "after 21 steps"),
        ([0, 0, 0, 3.345, *[0] * 8], "1 of the 3 units"),
        ([0, 0, 0, 3.34, 3.34, 3.34, 1, 1, 1, 0, 0, 0], "each step writes i g"),
        ([-50, -50, -50, 3.345, 3.345, 3.345, *[0] * 6], "Give zeros there"),
        (bias(1), "the unit forget bias"),
        (bias(-3.345), "sign is wrong"),
        (bias(3.66), "the same amount away"),
        (bias(1.45), "base 10"),
        (lambda: bias(3.345), "a function: call it"),
        (bias(3.345)[:4], "4 numbers"),
    ],
)
def test_a_mistake_with_the_bias_is_named(answer, words):
    verdict = check.keep.verdict(answer)
    assert verdict.startswith("Not yet") and words in verdict


@pytest.mark.parametrize(
    "answer", [[23, 0, 52, 10], (23, 0, 52, 10), "23, 0, 52, 10", np.array([23.0, 0, 52, 10])]
)
def test_the_bits_of_mantissa_are_right_in_any_form(answer):
    assert check.arithmetic.verdict(answer).startswith("Right.")


def test_the_differences_lie_where_the_exercise_says():
    for difference, bits in check.ARITHMETIC.items():
        if bits:
            assert 0.2 < difference / 2.0**-bits < 5
        else:
            assert difference > 50 * 2.0**-10


@pytest.mark.parametrize(
    "answer, words",
    [
        ([23, 10, 52, 0], "4e-4 is what TF32 costs"),
        ([10, 0, 52, 23], "worth 2**-23"),
        ([52, 0, 23, 10], "worth 2**-52"),
        ([52, 23, 10, 0], "sorted"),
        ([32, 0, 64, 19], "all bits of a number"),
        ([23, 0, 52, 0], "4e-04 is near the last bit of 10 bits"),
        ([52, 0, 52, 10], "2e-07 is near the last bit of 23 bits"),
        ([10, 0, 52, 10], "the last bit of 10 bits is worth 1e-03"),
        ([23, 10, 52, 10], "82 times the last bit of TF32"),
        ([0, 0, 0, 0], "it needs no mistake"),
        ([23, 0, 52], "3 numbers"),
        (["float32", "bug", "float64", "TF32"], "52, 23, 10 and 0"),
    ],
)
def test_a_wrong_arithmetic_is_named(answer, words):
    verdict = check.arithmetic.verdict(answer)
    assert verdict.startswith("Not yet") and words in verdict


def repaired(seeds, new_network, new_optimizer, train):
    accuracies = []
    for seed in seeds:
        accuracies.append(train(new_network(seed), new_optimizer()))
    return accuracies


def as_given(seeds, new_network, new_optimizer, train):
    optimizer = new_optimizer()
    accuracies = []
    for seed in seeds:
        network = new_network(seed)
        accuracies.append(train(network, optimizer))
    return accuracies


def only_the_counter(seeds, new_network, new_optimizer, train):
    """Sets the counter back by hand, which is right for this optimizer and no other."""
    optimizer = new_optimizer()
    accuracies = []
    for seed in seeds:
        optimizer.updates = 0
        accuracies.append(train(new_network(seed), optimizer))
    return accuracies


def only_the_averages(seeds, new_network, new_optimizer, train):
    """Sets the averages back, and leaves the counter where it is."""
    optimizer = new_optimizer()
    accuracies = []
    for seed in seeds:
        optimizer.means, optimizer.squares = [], []
        accuracies.append(train(new_network(seed), optimizer))
    return accuracies


def without_return(seeds, new_network, new_optimizer, train):
    repaired(seeds, new_network, new_optimizer, train)


def class_not_called(seeds, new_network, new_optimizer, train):
    return [train(new_network(seed), new_optimizer) for seed in seeds]


def network_not_made(seeds, new_network, new_optimizer, train):
    accuracies = []
    for _ in seeds:
        accuracies.append(train(new_network, new_optimizer()))
    return accuracies


def test_a_repaired_function_is_right():
    assert check.repair.verdict(repaired).startswith("Right.")
    assert check.repair.verdict(lambda *arguments: np.array(repaired(*arguments))).startswith(
        "Right."
    )


@pytest.mark.parametrize(
    "answer, words",
    [
        (as_given, "still share one optimizer"),
        (only_the_averages, "the averages are set back and the counter is not"),
        (only_the_counter, "the counter is set back and the averages are not"),
        (without_return, "is there a return?"),
        (class_not_called, "call it, new_optimizer()"),
        (network_not_made, "call it, new_network(seed)"),
        (lambda *arguments: sorted(repaired(*arguments)), "in the order of the seeds"),
        (lambda *arguments: repaired(*arguments)[-1], "the last run"),
        (lambda *arguments: np.mean(repaired(*arguments)), "that is the mean"),
        ([0.5, 1.0], "should be a function"),
    ],
)
def test_a_wrong_repair_is_named(answer, words):
    verdict = check.repair.verdict(answer)
    assert verdict.startswith("Not yet") and words in verdict


def test_the_stand_in_has_the_attributes_of_the_optimizer():
    assert set(vars(check._Optimizer())) <= set(vars(Adam()))
