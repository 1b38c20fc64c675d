"""Trains a small LSTM in NumPy to carry one bit over many steps.

The first input is +1 or -1, then comes noise, and after the last step the network says
which it was: nothing but memory is asked. Each run draws its own weights and data from
its seed and makes its own optimizer, so that no run knows of another.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from lyricgen.models.lstm.cell import Weights, backward, forward, sigmoid

UNITS = 8
NOISE = 0.3
BATCH = 32
TESTED = 1000  # new examples on which a trained network is judged
RATE = 0.01
LONGEST = 1.0  # the norm to which a gradient is clipped
OPEN = 50.0  # a bias of a gate that is 1 to all digits of float64; with a minus, 0


class Network(NamedTuple):
    """An LSTM and the output layer: v (H,) and v0 (1,) make a logit of the last h."""

    W: np.ndarray
    U: np.ndarray
    b: np.ndarray
    v: np.ndarray
    v0: np.ndarray


def examples(n: int, T: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Makes n sequences x (n, T, 2) and their bits (n,), 0 or 1.

    x[:, 0, 0] is -1 or +1, the bit, and x[:, :, 1] is noise; all else is zero.
    Notebook: memory_and_precision
    """
    bit = rng.integers(0, 2, n)
    x = np.zeros((n, T, 2))
    x[:, 0, 0] = 2 * bit - 1
    x[:, :, 1] = NOISE * rng.normal(size=(n, T))
    return x, bit


def new_network(rng: np.random.Generator, forget_bias: float, fixed: bool = False) -> Network:
    """Draws a network whose forget gate starts from a bias, or is fixed by it.

    W and v are uniform and the rows of U orthonormal, as in a new Keras layer.
    Source: Glorot and Bengio 2010; Saxe, McClelland and Ganguli 2014.
    Notebook: memory_and_precision
    """
    H = UNITS
    limit = np.sqrt(6 / (2 + 4 * H))
    W = rng.uniform(-limit, limit, (2, 4 * H))
    orthonormal, _ = np.linalg.qr(rng.normal(size=(4 * H, H)))
    b = np.zeros(4 * H)
    b[H : 2 * H] = forget_bias
    limit = np.sqrt(6 / (H + 1))
    v = rng.uniform(-limit, limit, H)
    weights = Weights(W, orthonormal.T.copy(), b)
    if fixed:
        weights = fix_forget_gate(weights, forget_bias)
    return Network(*weights, v, np.zeros(1))


def fix_forget_gate(weights: Weights, forget_bias: float) -> Weights:
    """Returns weights whose forget gate is sigmoid(forget_bias), whatever x and h are.

    With a bias of 50 or -50 the gate is 1 or 0 to all digits. Its slope f (1 - f) is
    then 0, and so is its gradient: a training leaves it where it is.
    Notebook: memory_and_precision
    """
    W, U, b = (array.copy() for array in weights)
    H = len(U)
    block = slice(H, 2 * H)
    W[:, block] = 0
    U[:, block] = 0
    b[block] = forget_bias
    return Weights(W, U, b)


def loss_and_gradients(
    network: Network, x: np.ndarray, bit: np.ndarray
) -> tuple[float, list[np.ndarray]]:
    """Returns the binary cross-entropy in nats and its gradient for each array.

    x (B, T, 2), bit (B,). The logit s = h_T v + v0 stands for P(bit = 1) = sigmoid(s).
    Notebook: memory_and_precision
    """
    W, U, b, v, v0 = network
    steps = forward(x, W, U, b)
    h = steps.h[:, -1]
    s = h @ v + v0
    loss = np.mean(np.logaddexp(0, s) - bit * s)
    ds = (sigmoid(s) - bit) / len(s)
    of_lstm = backward(steps, None, dh_T=np.outer(ds, v))
    return float(loss), [of_lstm.W, of_lstm.U, of_lstm.b, ds @ h, ds.sum(keepdims=True)]


def cell_gradients(network: Network, x: np.ndarray, bit: np.ndarray) -> np.ndarray:
    """Returns the norm of the loss's gradient with respect to the cell after each step.

    x (B, T, 2), bit (B,); the result is (T,). All paths to the loss are counted: along
    the cell, and through h, the recurrent kernel U and the gates.
    Notebook: memory_and_precision
    """
    W, U, b, v, v0 = network
    steps = []
    h = c = None
    for t in range(x.shape[1]):
        steps.append(forward(x[:, t : t + 1], W, U, b, h, c))
        h, c = steps[-1].h[:, 0], steps[-1].c[:, 0]
    ds = (sigmoid(h @ v + v0) - bit) / len(bit)
    dh, dc = np.outer(ds, v), np.zeros((len(bit), len(U)))
    norms = []
    for step in reversed(steps):
        shown = step.o[:, 0] * (1 - np.tanh(step.c[:, 0]) ** 2)  # h_t = o_t tanh(c_t)
        norms.append(np.linalg.norm(dc + dh * shown))
        before = backward(step, None, dh, dc)
        dh, dc = before.h0, before.c0
    return np.array(norms[::-1])


def clip(gradients: Sequence[np.ndarray], longest: float = LONGEST) -> list[np.ndarray]:
    """Shortens a gradient, all its arrays together, to a norm of at most `longest`.

    Source: Pascanu, Mikolov and Bengio 2013, section 3.2.
    Notebook: memory_and_precision
    """
    norm = np.sqrt(sum(np.sum(gradient**2) for gradient in gradients))
    scale = min(1.0, longest / max(norm, 1e-12))
    return [scale * gradient for gradient in gradients]


class Adam:
    """The optimizer Adam: `update` changes arrays in place.

    It remembers the run that it serves: the averages of the gradients and of their
    squares, and the number of updates. A new run takes a new Adam.
    Source: Kingma and Ba 2015, algorithm 1, in the order of the end of its section 2.
    Notebook: memory_and_precision
    """

    def __init__(self, rate: float = RATE):
        self.rate = rate
        self.updates = 0
        self.means: list[np.ndarray] = []
        self.squares: list[np.ndarray] = []

    def update(self, arrays: Sequence[np.ndarray], gradients: Sequence[np.ndarray]) -> None:
        """Moves each array one step against its gradient."""
        if not self.means:
            self.means = [np.zeros_like(array) for array in arrays]
            self.squares = [np.zeros_like(array) for array in arrays]
        self.updates += 1
        # Both averages begin at zero, so at first they are too small by these factors.
        mean_share = 1 - 0.9**self.updates
        square_share = 1 - 0.999**self.updates
        rate = self.rate * np.sqrt(square_share) / mean_share
        for array, gradient, mean, square in zip(arrays, gradients, self.means, self.squares):
            mean += 0.1 * (gradient - mean)
            square += 0.001 * (gradient**2 - square)
            array -= rate * mean / (np.sqrt(square) + 1e-7)


def accuracy(network: Network, x: np.ndarray, bit: np.ndarray) -> float:
    """Returns the share of the sequences x (B, T, 2) whose bit the network names.

    Notebook: memory_and_precision
    """
    W, U, b, v, v0 = network
    h = forward(x, W, U, b).h[:, -1]
    return float(np.mean((h @ v + v0 > 0) == bit))


def carry_bit(T: int, forget_bias: float, fixed: bool, seed: int, batches: int) -> float:
    """Trains a new network on T steps, and returns its accuracy on new sequences.

    Notebook: memory_and_precision
    """
    rng = np.random.default_rng([seed, T])
    network = new_network(rng, forget_bias, fixed)
    optimizer = Adam()
    for _ in range(batches):
        x, bit = examples(BATCH, T, rng)
        _, gradients = loss_and_gradients(network, x, bit)
        optimizer.update(network, clip(gradients))
    return accuracy(network, *examples(TESTED, T, rng))
