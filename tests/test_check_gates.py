"""The exercises of the notebooks on the LSTM agree with the cell."""

import numpy as np
import pytest

from lyricgen.exercises import (
    backpropagation_through_time,
    lstm_gates,
    memory_and_precision,
    vanishing_gradients,
)
from lyricgen.models.lstm import cell as lstm


def test_the_function_of_a_reader_is_called_and_its_mistakes_are_named():
    def step(x, h, c, W, U, b):
        i, f, g, o = np.split(x @ W + h @ U + b, 4, axis=-1)
        c = lstm.sigmoid(f) * c + lstm.sigmoid(i) * np.tanh(g)
        return lstm.sigmoid(o) * np.tanh(c), c

    assert lstm_gates.step.verdict(step).startswith("Right.")
    assert "recurrent term" in lstm_gates.step.verdict(
        lambda x, h, c, W, U, b: step(x, 0 * h, c, W, U, b)
    )
    assert "where the old cell c belongs" in lstm_gates.step.verdict(
        lambda x, h, c, W, U, b: step(x, h, h, W, U, b)
    )
    assert "should be a function" in lstm_gates.step.verdict(3)
    raised = lstm_gates.step.verdict(lambda x, h, c, W, U, b: x @ W.T)
    assert "raised ValueError in line" in raised and "x @ W.T" in raised
    assert "return two arrays, h and c" in lstm_gates.step.verdict(
        lambda x, h, c, W, U, b: step(x, h, c, W, U, b)[0]
    )


def test_the_given_numbers_are_those_of_the_cell():
    assert np.allclose(lstm_gates.hidden.right(), lstm_gates._step.h[0, 0], atol=1e-14)
    for x, h, c, W, U, b in lstm_gates.CASES:
        steps = lstm.forward(x[:, None], W, U, b, h, c)
        assert np.allclose(
            lstm_gates.step.right(x, h, c, W, U, b), [steps.h[:, 0], steps.c[:, 0]], atol=1e-14
        )
        assert W.shape[0] != U.shape[0], "D is unlike H"
    right = lstm.backward(backpropagation_through_time.STEPS, backpropagation_through_time.DH)
    assert np.allclose(backpropagation_through_time.bias.right(), right.b, atol=1e-13)
    assert np.allclose(
        backpropagation_through_time.DZ @ backpropagation_through_time.STEPS.weights.W.T,
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


I, F, G, O = lstm_gates.I, lstm_gates.F, lstm_gates.G, lstm_gates.O  # noqa: E741
HIDDEN = O * np.tanh(F * lstm_gates.OLD_C + I * G)
sigmoid = lstm.sigmoid


@pytest.mark.parametrize(
    "answer, verdict, word",
    [
        (HIDDEN.round(3), "Right.", "Nothing squashes"),
        (HIDDEN.round(4).tolist(), "Right.", "Nothing squashes"),
        (HIDDEN.round(2), "Not yet:", "right to 2 decimals"),
        (lambda: HIDDEN, "Not yet:", "you gave a function: call it"),
        ("o * tanh(c)", "Not yet:", "you gave text"),
    ],
)
def test_hidden(answer, verdict, word):
    found = lstm_gates.hidden.verdict(answer)
    assert found.startswith(verdict) and word in found


def fixed_slices(x, h, c, W, U, b):
    """A step with H = 3 in its slices."""
    a = x @ W + h @ U + b
    c = sigmoid(a[:, 3:6]) * c + sigmoid(a[:, :3]) * np.tanh(a[:, 6:9])
    return sigmoid(a[:, 9:]) * np.tanh(c), c


def weights_swapped(x, h, c, W, U, b):
    """A step with W in U's place."""
    i, f, g, o = np.split(x @ U + h @ W + b, 4, axis=-1)
    c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
    return sigmoid(o) * np.tanh(c), c


def no_return(x, h, c, W, U, b):
    """A step that keeps its result to itself."""
    i, f, g, o = np.split(x @ W + h @ U + b, 4, axis=-1)
    c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
    h = sigmoid(o) * np.tanh(c)


def roles_swapped(x, h, c, W, U, b):
    """A step whose input gate keeps the old cell."""
    i, f, g, o = np.split(x @ W + h @ U + b, 4, axis=-1)
    c = sigmoid(i) * c + sigmoid(f) * np.tanh(g)
    return sigmoid(o) * np.tanh(c), c


def old_cell_shown(x, h, c, W, U, b):
    """A step whose h is made before the new c."""
    i, f, g, o = np.split(x @ W + h @ U + b, 4, axis=-1)
    h = sigmoid(o) * np.tanh(c)
    return h, sigmoid(f) * c + sigmoid(i) * np.tanh(g)


def gates_unsquashed(x, h, c, W, U, b):
    """A step without a sigmoid."""
    i, f, g, o = np.split(x @ W + h @ U + b, 4, axis=-1)
    c = f * c + i * np.tanh(g)
    return o * np.tanh(c), c


def right_step(*arguments):
    """The step of the exercise."""
    return lstm_gates.step.right(*arguments)


@pytest.mark.parametrize(
    "answer, word",
    [
        (fixed_slices, "is a size or a number fixed in your function"),
        (weights_swapped, "W and U are swapped"),
        (no_return, "your function returned nothing: is there a return?"),
        (lambda *a: right_step(*a)[0], "return two arrays, h and c, in this order"),
        (lambda *a: dict(zip("hc", right_step(*a))), "return two arrays, h and c, in this order"),
        (lambda *a: right_step(*a)[::-1], "return h and c"),
        (roles_swapped, "either you read the blocks as f, i, g, o"),
        (roles_swapped, "or you multiplied the old cell by i"),
        (old_cell_shown, "your h shows the old cell"),
        (gates_unsquashed, "the sigmoids are missing"),
    ],
)
def test_step(answer, word):
    found = lstm_gates.step.verdict(answer)
    assert found.startswith("Not yet:") and word in found


@pytest.mark.parametrize("bias", [3.34, 3.35, 3.3, 3.345])
def test_keep_takes_a_bias_of_a_pencil(bias):
    answer = [0] * 3 + [bias] * 3 + [0] * 6
    assert memory_and_precision.keep.verdict(answer).startswith("Right.")


BIAS = backpropagation_through_time.DZ.sum(axis=(0, 1))


@pytest.mark.parametrize(
    "answer, verdict, word",
    [
        (BIAS.round(3), "Right.", "sum of its gradients"),
        (BIAS.round(4), "Right.", "sum of its gradients"),
        (BIAS.reshape(1, 1, 12), "Not yet:", "the numbers are right; their shape is (1, 1, 12)"),
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
            DC * BEFORE * sigmoid(STEPS.f) * (1 - sigmoid(STEPS.f)),
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
    return sigmoid(gate) * (1 - sigmoid(gate))


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
        (old_dc, "dc_before is made of the dc that came in"),
        (lambda *a: step_back(a, cell=lambda c: 1 - c**2), "1 - c^2 is not the slope"),
    ],
)
def test_step_back(answer, word):
    found = backpropagation_through_time.step_back.verdict(answer)
    assert found.startswith("Not yet:") and word in found


def test_the_step_back_of_a_reader_is_right():
    verdict = backpropagation_through_time.step_back.verdict(lambda *a: step_back(a))
    assert verdict.startswith("Right.")
