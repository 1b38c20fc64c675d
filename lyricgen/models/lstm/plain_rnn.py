"""A plain recurrent network in NumPy that is trained to carry one bit over many steps.

Letters: x input (T, B, 1), time first; h hidden state (B, H); the kernel W (1, H), the
recurrent kernel U (H, H) and the bias b (H,) of h_t = tanh(x_t W + h_{t-1} U + b); the
output's weights W_out (H, 1) and b_out (1,), which make one logit of the last state.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from lyricgen.models.lstm.cell import sigmoid


class Weights(NamedTuple):
    """The weights of the network, or the gradients with respect to them."""

    W: np.ndarray
    U: np.ndarray
    b: np.ndarray
    W_out: np.ndarray
    b_out: np.ndarray


def run(x: np.ndarray, weights: Weights) -> tuple[list[np.ndarray], np.ndarray]:
    """Returns h of every step, h_0 = 0 first, and the logits (B, 1) of the last one."""
    W, U, b, W_out, b_out = weights
    states = [np.zeros((x.shape[1], len(U)))]
    for x_t in x:
        states.append(np.tanh(x_t @ W + states[-1] @ U + b))
    return states, states[-1] @ W_out + b_out


def cross_entropy(x: np.ndarray, bits: np.ndarray, weights: Weights) -> float:
    """Returns the mean cross-entropy in nats; bits (B, 1) are 0 or 1."""
    _, logits = run(x, weights)
    return float(np.mean(np.logaddexp(0, logits) - bits * logits))


def gradients(x: np.ndarray, bits: np.ndarray, weights: Weights) -> Weights:
    """Returns the gradient of the mean cross-entropy with respect to each weight."""
    states, logits = run(x, weights)
    da_out = (sigmoid(logits) - bits) / len(bits)  # of sigmoid and cross-entropy together
    dW, dU, db = (np.zeros_like(array) for array in weights[:3])
    dh = da_out @ weights.W_out.T
    for t in reversed(range(len(x))):
        da = dh * (1 - states[t + 1] ** 2)
        dW += x[t].T @ da
        dU += states[t].T @ da
        db += da.sum(axis=0)
        dh = da @ weights.U.T
    return Weights(dW, dU, db, states[-1].T @ da_out, da_out.sum(axis=0))


def clip(arrays: Sequence[np.ndarray], limit: float) -> list[np.ndarray]:
    """Shortens gradients that together are longer than a limit; their direction stays.

    Source: Pascanu, Mikolov and Bengio 2013, section 3.2.
    """
    norm = np.sqrt(sum(np.sum(array**2) for array in arrays))
    if norm <= limit:
        return list(arrays)
    return [array * (limit / norm) for array in arrays]


def draw_bits(rng: np.random.Generator, T: int, B: int) -> tuple[np.ndarray, np.ndarray]:
    """Draws x (T, B, 1), a bit as +1 or -1 and then noise, and the bits (B, 1)."""
    x = rng.normal(size=(T, B, 1))
    bits = rng.integers(0, 2, size=(B, 1))
    x[0] = 2 * bits - 1
    return x, bits


def initial_weights(U: np.ndarray, rng: np.random.Generator) -> Weights:
    """Draws the other weights of a network with the recurrent kernel U (H, H)."""
    H = len(U)
    W = rng.normal(size=(1, H)) / np.sqrt(H)
    W_out = rng.normal(size=(H, 1)) / np.sqrt(H)
    return Weights(W, np.asarray(U), np.zeros(H), W_out, np.zeros(1))


def norm_at_start(U: np.ndarray, seed: int = 0, T: int = 50) -> float:
    """Measures how much of a gradient crosses T steps before `carry_a_bit` trains.

    Returns the spectral norm of ∂h_T/∂h_0 in the network from which `carry_a_bit`
    starts with the same U (H, H) and seed. It is the median over the 32 sequences of
    the first update.
    Notebook: vanishing_gradients
    """
    rng = np.random.default_rng(seed)
    weights = initial_weights(U, rng)
    x, _ = draw_bits(rng, T, B=32)
    states, _ = run(x, weights)
    products = np.eye(len(U))
    for h in states[1:]:
        slopes = (1 - h**2)[:, None]  # (B, 1, H): a factor for each column
        products = products @ (weights.U * slopes)
    return float(np.median(np.linalg.norm(products, 2, axis=(1, 2))))


def carry_a_bit(
    U: np.ndarray,
    seed: int = 0,
    T: int = 50,
    updates: int = 300,
    rate: float = 0.1,
    limit: float = 1.0,
) -> float:
    """Trains a network that starts from U and returns its share of right answers.

    The first input is +1 or -1, noise follows, and after T steps the network says which
    of the two it was. The optimiser is gradient descent, 32 sequences an update, with
    clipping; the test has 1,000 new sequences.
    U: (H, H), the initial recurrent kernel, which is not changed.
    Notebook: vanishing_gradients
    """
    rng = np.random.default_rng(seed)
    weights = initial_weights(U, rng)
    for _ in range(updates):
        x, bits = draw_bits(rng, T, B=32)
        clipped = clip(gradients(x, bits, weights), limit)
        weights = Weights(*(w - rate * g for w, g in zip(weights, clipped)))
    x, bits = draw_bits(rng, T, B=1000)
    _, logits = run(x, weights)
    return float(np.mean((logits > 0) == bits))
