"""A gradient and the gates of a layer, each checked by measurement."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from lyricgen.models.lstm.cell import GATES, layer_weights


def numerical_gradient(
    loss: Callable[[], float], x: np.ndarray, eps: float = 1e-5, at: Sequence[int] | None = None
) -> np.ndarray:
    """The gradient of loss() by an array that it reads, (loss(x + eps) - loss(x - eps)) / 2 eps; each entry is changed in place and restored.

    In the shape of x, or for those entries of x.flat that `at` lists. Raises ValueError for float32, which has not the digits for it.
    Notebook: 02_backpropagation_through_time"""
    if x.dtype != np.float64:
        raise ValueError(f"x has dtype {x.dtype}; expected float64.")

    def shifted(k: int, value: float) -> float:
        kept, x.flat[k] = x.flat[k], value
        result = loss()
        x.flat[k] = kept
        return result

    slopes = [
        (shifted(k, x.flat[k] + eps) - shifted(k, x.flat[k] - eps)) / (2 * eps)
        for k in (range(x.size) if at is None else at)
    ]
    return np.reshape(slopes, x.shape) if at is None else np.array(slopes)


def relative_error(found: np.ndarray, expected: np.ndarray) -> float:
    """The largest difference of two arrays, as a share of the largest entry of the second.

    Notebook: 02_backpropagation_through_time"""
    return float(np.max(np.abs(found - expected)) / np.max(np.abs(expected)))


def measure_gates(layer: Any, x: np.ndarray, h: np.ndarray, c: np.ndarray) -> dict[str, np.ndarray]:
    """Measures i, f, g, o and the new c, h of one step through a `keras.layers.LSTM`, which shows no gates, as a black box.

    x (B, D) is the input, h and c (B, H) are the states before; the layer has return_state=True and keeps its weights. While one block is
    measured the others have zero weights and a bias of +50 or -50, which pins them to 1 or 0.
    Notebook: 01_lstm_gates"""
    weights = layer_weights(layer)

    def new_states(c: np.ndarray, **pins: int) -> list[np.ndarray]:
        W, U, b = (array.copy() for array in weights)
        for gate, sign in pins.items():
            block = slice(GATES.index(gate) * len(U), (GATES.index(gate) + 1) * len(U))
            W[:, block], U[:, block], b[block] = 0, 0, 50 * sign
        layer.set_weights([W, U, b])
        states = layer(x[:, None], initial_state=[h, c])[-2:]
        return [
            state.detach().cpu().numpy() if hasattr(state, "detach") else np.asarray(state)
            for state in states
        ]

    one = np.ones_like(c)
    try:
        return {
            "i": new_states(0 * one, f=-1, g=+1, o=+1)[1],  # c = f 0 + i 1
            "f": new_states(1 * one, i=-1, g=+1, o=+1)[1],  # c = f 1 + 0 g
            "g": new_states(0 * one, i=+1, f=-1, o=+1)[1],  # c = 0 c0 + 1 g
            "o": new_states(50 * one, i=-1, f=+1, g=+1)[0],  # h = o tanh(50)
            "c": new_states(c)[1],
            "h": new_states(c)[0],
        }
    finally:
        layer.set_weights(list(weights))
