"""The exercises of the notebooks on the LSTM agree with the cell."""

import numpy as np

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
    assert "raised ValueError" in lstm_gates.step.verdict(lambda x, h, c, W, U, b: x @ W.T)
    assert "the shape of your answer" in lstm_gates.step.verdict(lambda x, h, c, W, U, b: x @ W)


def test_the_given_numbers_are_those_of_the_cell():
    assert np.allclose(lstm_gates.hidden.right(), lstm_gates._step.h[0, 0], atol=1e-14)
    assert np.allclose(
        lstm_gates.step.right(), [lstm_gates._step.h[:, 0], lstm_gates._step.c[:, 0]], atol=1e-14
    )
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
    first = backpropagation_through_time._step_back(*backpropagation_through_time._arguments())
    steps = backpropagation_through_time.STEPS
    arguments = (
        backpropagation_through_time.DH[:, 0] + first[0],
        first[1],
        *(gate[:, 0] for gate in steps[:5]),
        steps.c0,
        steps.weights.U,
    )
    dh0, dc0 = backpropagation_through_time._step_back(*arguments)
    right = lstm.backward(steps, backpropagation_through_time.DH)
    assert np.allclose(dh0, right.h0, atol=1e-13) and np.allclose(dc0, right.c0, atol=1e-13)
