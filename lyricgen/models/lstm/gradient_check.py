"""Checks gradients: by hand, by TensorFlow's tape and by differences of the loss.

It measures the gates of a layer as well, which the layer does not show.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from lyricgen.models.lstm.cell import (
    GATES,
    Gradients,
    Weights,
    backward,
    forward,
    layer_weights,
    set_layer_weights,
)


class Problem(NamedTuple):
    """The arguments of an LSTM, and the gradient of a loss at each of its outputs.

    The loss is sum(h dh) + sum(h_T dh_T) + sum(c_T dc_T): it uses the output of every
    step, and the last h and the last c once more. Its gradient with respect to these
    three is dh (B, T, H), dh_T (B, H) and dc_T (B, H).
    Notebook: backpropagation_through_time
    """

    x: np.ndarray
    W: np.ndarray
    U: np.ndarray
    b: np.ndarray
    h0: np.ndarray
    c0: np.ndarray
    dh: np.ndarray
    dh_T: np.ndarray
    dc_T: np.ndarray

    @property
    def arguments(self) -> tuple[np.ndarray, ...]:
        """The arguments of `cell.forward`: x, W, U, b, h0, c0."""
        return self[:6]

    @property
    def weights(self) -> Weights:
        """The weights W, U, b by name."""
        return Weights(self.W, self.U, self.b)


def random_problem(
    rng: np.random.Generator,
    dtype: str = "float64",
    T: int = 64,
    B: int = 4,
    D: int = 8,
    H: int = 32,
) -> Problem:
    """Draws a problem of a given size from normal distributions.

    The weights have a standard deviation of 0.2, everything else has 1.
    Notebook: backpropagation_through_time, vanishing_gradients
    """

    def normal(*shape: int) -> np.ndarray:
        return rng.standard_normal(shape).astype(dtype)

    return Problem(
        x=normal(B, T, D),
        W=normal(D, 4 * H) / 5,
        U=normal(H, 4 * H) / 5,
        b=normal(4 * H) / 5,
        h0=normal(B, H),
        c0=normal(B, H),
        dh=normal(B, T, H),
        dh_T=normal(B, H),
        dc_T=normal(B, H),
    )


def gradients_by_hand(problem: Problem) -> Gradients:
    """Returns the gradients of a problem's loss by `cell.backward`, which is NumPy.

    Notebook: backpropagation_through_time, vanishing_gradients
    """
    steps = forward(*problem.arguments)
    return backward(steps, problem.dh, problem.dh_T, problem.dc_T)


def gradients_by_tape(layer: Any, problem: Problem) -> Gradients:
    """Returns the gradients of a problem's loss by TensorFlow's tape.

    layer: a Keras LSTM with return_sequences=True and return_state=True, in the dtype
        of the problem. It is given the problem's weights, and keeps them. It is called
        as in training, where `layer.LSTM` has its gradient by hand.

    Raises: ValueError where the layer has another dtype or lacks one of the two.
    Notebook: backpropagation_through_time, vanishing_gradients, faster_lstm
    """
    import tensorflow as tf

    if not (layer.return_sequences and layer.return_state):
        raise ValueError("layer lacks return_sequences=True or return_state=True.")
    if layer.compute_dtype != problem.x.dtype:
        raise ValueError(f"layer has dtype {layer.compute_dtype}; expected {problem.x.dtype}.")
    layer.build((None, None, problem.x.shape[2]))
    set_layer_weights(layer, problem.weights)
    x, h0, c0 = (tf.constant(array) for array in (problem.x, problem.h0, problem.c0))
    with tf.GradientTape() as tape:
        tape.watch((x, h0, c0))
        h, h_T, c_T = layer(x, initial_state=[h0, c0], training=True)
        loss = tf.reduce_sum(h * problem.dh)
        loss += tf.reduce_sum(h_T * problem.dh_T)
        loss += tf.reduce_sum(c_T * problem.dc_T)
    W, U, b = (variable.value for variable in layer.trainable_variables)
    gradients = tape.gradient(loss, [x, W, U, b, h0, c0])
    return Gradients(*(gradient.numpy() for gradient in gradients))


def numerical_gradient(
    loss: Callable[[], float], x: np.ndarray, eps: float = 1e-5, at: Sequence[int] | None = None
) -> np.ndarray:
    """Measures the gradient of loss() with respect to an array x that it reads.

    Each entry is changed in place, (loss(x + eps) - loss(x - eps)) / 2 eps, and
    restored. Returns an array of the shape of x, or one entry for each index into
    x.flat in `at`.
    Raises: ValueError for float32, which has too few digits for it.
    Notebook: backpropagation_through_time
    """
    if x.dtype != np.float64:
        raise ValueError(f"x has dtype {x.dtype}; expected float64.")
    slopes = []
    for k in range(x.size) if at is None else at:
        value = x.flat[k]
        x.flat[k] = value + eps
        above = loss()
        x.flat[k] = value - eps
        below = loss()
        x.flat[k] = value
        slopes.append((above - below) / (2 * eps))
    return np.reshape(slopes, x.shape) if at is None else np.array(slopes)


def relative_error(actual: np.ndarray, expected: np.ndarray) -> float:
    """Returns the largest difference as a share of the largest expected entry.

    The two have one shape; tensors are taken as arrays.
    Raises: ValueError for two shapes.
    Notebook: backpropagation_through_time, vanishing_gradients
    """
    actual = np.asarray(actual)
    expected = np.asarray(expected)
    if actual.shape != expected.shape:
        raise ValueError(f"the shapes are {actual.shape} and {expected.shape}; expected one.")
    largest_difference = np.max(np.abs(actual - expected))
    return float(largest_difference / np.max(np.abs(expected)))


def relative_errors(actual: Gradients, expected: Gradients) -> dict[str, float]:
    """Returns the relative error of each gradient by the name of its argument.

    Notebook: backpropagation_through_time, vanishing_gradients
    """
    errors = map(relative_error, actual, expected)
    return dict(zip(Gradients._fields, errors))


def measure_gates(layer: Any, x: np.ndarray, h: np.ndarray, c: np.ndarray) -> dict[str, np.ndarray]:
    """Measures i, f, g, o and the new c, h of one step through a `keras.layers.LSTM`.

    The layer shows no gates and is taken as a black box; it has return_state=True and
    keeps its weights. x (B, D) is the input, h and c (B, H) are the states before.
    While one block is measured the others have zero weights and a bias of +50 or -50,
    which pins them to 1 or 0.
    Notebook: lstm_gates
    """
    weights = layer_weights(layer)

    def step(c_before: np.ndarray, **pins: int) -> tuple[np.ndarray, np.ndarray]:
        """The new h and c, with the gates in `pins` pinned to 1 (+1) or to 0 (-1)."""
        layer.set_weights(list(_pinned(weights, pins)))
        states = layer(x[:, None], initial_state=[h, c_before])
        h_new, c_new = (_as_numpy(state) for state in states[-2:])
        return h_new, c_new

    zeros = np.zeros_like(c)
    ones = np.ones_like(c)
    measured = {}
    try:
        _, measured["i"] = step(zeros, f=-1, g=+1, o=+1)  # c = f 0 + i 1
        _, measured["f"] = step(ones, i=-1, g=+1, o=+1)  # c = f 1 + 0 g
        _, measured["g"] = step(zeros, i=+1, f=-1, o=+1)  # c = 0 c0 + 1 g
        measured["o"], _ = step(50 * ones, i=-1, f=+1, g=+1)  # h = o tanh(50)
        h_new, c_new = step(c)
    finally:
        layer.set_weights(list(weights))
    return measured | {"c": c_new, "h": h_new}


def _pinned(weights: Weights, pins: dict[str, int]) -> Weights:
    """Returns a copy of the weights in which some gates no longer depend on x and h."""
    W, U, b = (array.copy() for array in weights)
    H = len(U)
    for gate, sign in pins.items():
        start = GATES.index(gate) * H
        block = slice(start, start + H)
        W[:, block] = 0
        U[:, block] = 0
        b[block] = 50 * sign
    return Weights(W, U, b)


def _as_numpy(tensor: Any) -> np.ndarray:
    """Returns a tensor of TensorFlow, JAX or PyTorch as an array."""
    if hasattr(tensor, "detach"):
        tensor = tensor.detach().cpu().numpy()
    return np.asarray(tensor)
