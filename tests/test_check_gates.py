"""The exercises of the notebooks on the LSTM agree with the cell."""

import numpy as np
import pytest

from lyricgen.exercises import (
    backpropagation_through_time,
    memory_and_precision,
    vanishing_gradients,
)
from lyricgen.models.lstm import cell as lstm


def test_the_given_numbers_are_those_of_the_cell():
    right = lstm.backward(backpropagation_through_time.STEPS, backpropagation_through_time.DH)
    assert np.allclose(backpropagation_through_time.bias.right(), right.b, atol=1e-13)
    assert np.allclose(
        backpropagation_through_time.DA @ backpropagation_through_time.STEPS.weights.W.T,
        right.x,
        atol=1e-13,
    )
    assert vanishing_gradients.forget.right().shape == backpropagation_through_time.DC.shape
    kept = lstm.sigmoid(memory_and_precision.keep.right()[3:6]) ** memory_and_precision.STEPS_KEPT
    assert np.allclose(kept, 0.5) and lstm.sigmoid(np.array(1.0)) ** 2 < 0.54


def test_steps_back_in_a_loop_are_the_gradient():
    steps = backpropagation_through_time.STEPS
    dh_back = dc_back = np.zeros_like(steps.c0)
    for t in reversed(range(steps.c.shape[1])):
        dh_back, dc_back = backpropagation_through_time.step_back.right(
            backpropagation_through_time.DH[:, t] + dh_back,
            dc_back,
            *(gate[:, t] for gate in steps[:5]),
            steps.c_before[:, t],
            steps.weights.U,
        )
    right = lstm.backward(steps, backpropagation_through_time.DH)
    assert np.allclose(dh_back, right.h0, atol=1e-13)
    assert np.allclose(dc_back, right.c0, atol=1e-13)


@pytest.mark.parametrize("bias", [3.34, 3.35, 3.3, 3.345])
def test_keep_takes_a_bias_of_a_pencil(bias):
    answer = [0] * 3 + [bias] * 3 + [0] * 6
    assert memory_and_precision.keep.verdict(answer).startswith("Right.")


BIAS = backpropagation_through_time.DA.sum(axis=(0, 1))


@pytest.mark.parametrize(
    "answer, verdict, word",
    [
        (BIAS.round(3), "Right.", "sum of its gradients"),
        (BIAS.round(4), "Right.", "sum of its gradients"),
        (BIAS.reshape(1, 1, 12), "Not yet:", "the numbers are right; their shape is (1, 1, 12)"),
        (-BIAS, "Not yet:", "the sign is wrong"),
        (BIAS.reshape(4, 3), "Not yet:", "the numbers are right; their shape is (4, 3)"),
    ],
)
def test_bias(answer, verdict, word):
    found = backpropagation_through_time.bias.verdict(answer)
    assert found.startswith(verdict) and word in found


STEPS = backpropagation_through_time.STEPS
DC = backpropagation_through_time.DC
DH = backpropagation_through_time.DH
SLOPE = STEPS.f * (1 - STEPS.f)
FORGET = DC * STEPS.c_before * SLOPE
BEFORE = STEPS.c_before


@pytest.mark.parametrize(
    "answer, verdict, word",
    [
        (FORGET.round(3), "Right.", "Where f is near 0 or 1"),
        (FORGET.round(4), "Right.", "Where f is near 0 or 1"),
        (DH * BEFORE * SLOPE, "Not yet:", "you began with DH"),
        (DC * np.roll(STEPS.c, 1, axis=1) * SLOPE, "Not yet:", "started from c0"),
        (DC * BEFORE * (1 - STEPS.f), "Not yet:", "1 - f alone"),
        (DC * STEPS.f, "Not yet:", "goes back to the cell of the step before"),
        (
            DC * BEFORE * lstm.sigmoid(STEPS.f) * (1 - lstm.sigmoid(STEPS.f)),
            "Not yet:",
            "the sigmoid's output already",
        ),
    ],
)
def test_forget(answer, verdict, word):
    found = vanishing_gradients.forget.verdict(answer)
    assert found.startswith(verdict) and word in found


def gate_slope(gate):
    """The slope of a sigmoid by its output."""
    return gate * (1 - gate)


def slope_of_output(gate):
    """The slope of a sigmoid at its output, which is a mistake."""
    return lstm.sigmoid(gate) * (1 - lstm.sigmoid(gate))


def step_back(
    arguments, gates=gate_slope, candidate=lambda g: 1 - g**2, cell=lambda c: 1 - np.tanh(c) ** 2
):
    """A step back as a reader writes it, with other slopes."""
    dh, dc, i, f, g, o, c, c_before, U = arguments
    dc = dc + dh * o * cell(c)
    di = dc * g * gates(i)
    df = dc * c_before * gates(f)
    dg = dc * i * candidate(g)
    do = dh * np.tanh(c) * gates(o)
    return np.hstack([di, df, dg, do]) @ U.T, dc * f


def cell_for_the_one_before(*arguments):
    """A step back that takes c for c_before."""
    return step_back((*arguments[:7], arguments[6], arguments[8]))


def old_dc(*arguments):
    """A step back that hands on the dc that came in."""
    return step_back(arguments)[0], arguments[1] * arguments[3]


@pytest.mark.parametrize(
    "answer, word",
    [
        (lambda *a: print(step_back(a)), "your function printed, but returned nothing"),
        (lambda *a: None, "your function returned nothing: is there a return?"),
        (
            lambda *a: step_back(a, gates=slope_of_output, candidate=lambda g: 1 - np.tanh(g) ** 2),
            "the slopes are taken of the outputs",
        ),
        (lambda *a: step_back(a, gates=slope_of_output), "the gates' slopes are taken of"),
        (lambda *a: step_back(a, candidate=lambda g: 1 - np.tanh(g) ** 2), "the slope of g is"),
        (
            lambda *a: step_back(a, gates=np.ones_like, candidate=np.ones_like),
            "the slopes of the sigmoids and of the tanh of g are missing",
        ),
        (cell_for_the_one_before, "the time index is wrong"),
        (old_dc, "you multiplied the dc_back that came in by f"),
        (lambda *a: step_back(a, cell=lambda c: 1 - c**2), "1 - c^2 is not the slope"),
    ],
)
def test_step_back(answer, word):
    found = backpropagation_through_time.step_back.verdict(answer)
    assert found.startswith("Not yet:") and word in found


def test_the_step_back_of_a_reader_is_right():
    verdict = backpropagation_through_time.step_back.verdict(lambda *a: step_back(a))
    assert verdict.startswith("Right.")
