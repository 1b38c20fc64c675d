"""Measures a gradient and the gates of a layer, to check those that are computed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from lyricgen.models.lstm.cell import GATES, Weights, layer_weights


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

    Notebook: backpropagation_through_time
    """
    largest_difference = np.max(np.abs(actual - expected))
    return float(largest_difference / np.max(np.abs(expected)))


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
