"""The LSTM cell and its gradient in NumPy, gate by gate, in the weight layout of Keras.

Letters: x input, h hidden state, c cell state; gates i (input), f (forget), g (candidate; Keras calls it c), o (output);
W kernel (D, 4H), U recurrent kernel (H, 4H), b bias (4H,), each with the blocks i, f, g, o side by side. Sequences are batch first: (B, T, H).
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

GATES = ("i", "f", "g", "o")


class Weights(NamedTuple):
    """The weights of an LSTM in Keras's layout: W (D, 4H), U (H, 4H), b (4H,).

    Notebook: 01_lstm_gates"""

    W: np.ndarray
    U: np.ndarray
    b: np.ndarray


class Steps(NamedTuple):
    """Every gate and state of every step, (B, T, H), and what `forward` was given: all that `backward` needs.

    Notebook: 01_lstm_gates"""

    i: np.ndarray
    f: np.ndarray
    g: np.ndarray
    o: np.ndarray
    c: np.ndarray
    h: np.ndarray
    x: np.ndarray
    weights: Weights
    h0: np.ndarray
    c0: np.ndarray

    @property
    def h_before(self) -> np.ndarray:
        """The hidden state that each step starts from, (B, T, H): h0 first, and h_{T-1} last."""
        return np.concatenate([self.h0[:, None], self.h], axis=1)[:, :-1]

    @property
    def c_before(self) -> np.ndarray:
        """The cell state that each step starts from, (B, T, H): c0 first, and c_{T-1} last."""
        return np.concatenate([self.c0[:, None], self.c], axis=1)[:, :-1]


class Gradients(NamedTuple):
    """The gradient of a loss by all that `forward` was given, each in the shape of its argument.

    Notebook: 02_backpropagation_through_time"""

    x: np.ndarray
    W: np.ndarray
    U: np.ndarray
    b: np.ndarray
    h0: np.ndarray
    c0: np.ndarray


def _arrays(**arguments: tuple[Any, str]) -> list[np.ndarray]:
    """The arguments as arrays of the shapes spelled beside them, in which equal letters are equal sizes; None gives zeros."""
    arrays: list[np.ndarray] = []
    sizes: dict[str, int] = {}
    for name, (value, letters) in arguments.items():
        axes = letters.split()
        array = (
            np.zeros([sizes[axis] for axis in axes], arrays[0].dtype)
            if value is None
            else np.asarray(value)
        )
        if array.dtype not in (np.float32, np.float64):
            raise ValueError(f"{name} has dtype {array.dtype}; expected float32 or float64.")
        if arrays and array.dtype != arrays[0].dtype:
            raise ValueError(
                f"{name} has dtype {array.dtype}; expected {arrays[0].dtype}, which {next(iter(arguments))} has."
            )
        for axis, size in zip(axes, array.shape if array.ndim == len(axes) else ()):
            sizes.setdefault(axis, size)
            if axis == "H":
                sizes["4H"] = 4 * sizes["H"]
        expected = tuple(sizes.get(axis, axis) for axis in axes)
        if array.shape != expected:
            raise ValueError(
                f"{name} has shape {array.shape}; expected ({', '.join(axes)}), here ({', '.join(map(str, expected))})."
            )
        arrays.append(array)
    return arrays


def sigmoid(z: np.ndarray) -> np.ndarray:
    """1 / (1 + exp(-z)), written with tanh so that no z overflows.

    Notebook: 01_lstm_gates"""
    return (1 + np.tanh(z / 2)) / 2


def layer_weights(layer: Any) -> Weights:
    """Copies the weights out of a built `keras.layers.LSTM`; raises ValueError where the layer holds something else.

    Notebook: 01_lstm_gates"""
    arrays = layer.get_weights()
    if len(arrays) != 3:
        raise ValueError(
            f"layer has {len(arrays)} weight arrays; expected 3: kernel, recurrent kernel, bias. Is it built, and with a bias?"
        )
    U, W, b = _arrays(U=(arrays[1], "H 4H"), W=(arrays[0], "D 4H"), b=(arrays[2], "4H"))
    return Weights(W, U, b)


def set_layer_weights(layer: Any, weights: Weights) -> None:
    """Puts weights into a built `keras.layers.LSTM`; raises ValueError where the layer is of other sizes.

    Notebook: 01_lstm_gates"""
    for name, new, old in zip(Weights._fields, weights, layer_weights(layer)):
        if np.shape(new) != old.shape:
            raise ValueError(
                f"{name} has shape {np.shape(new)}; expected {old.shape}, as the layer has."
            )
    layer.set_weights(list(weights))


def forward(
    x: np.ndarray,
    W: np.ndarray,
    U: np.ndarray,
    b: np.ndarray,
    h0: np.ndarray | None = None,
    c0: np.ndarray | None = None,
) -> Steps:
    """Runs the LSTM over x (B, T, D) from the states h0 and c0 (B, H), zero unless given, and keeps every gate of every step.

    All float32 or all float64; raises ValueError that names the argument. Source: Hochreiter and Schmidhuber 1997; the forget gate: Gers,
    Schmidhuber and Cummins 2000.
    Notebook: 01_lstm_gates"""
    U, W, b, x, h0, c0 = _arrays(
        U=(U, "H 4H"), W=(W, "D 4H"), b=(b, "4H"), x=(x, "B T D"), h0=(h0, "B H"), c0=(c0, "B H")
    )
    i, f, g, o, c, h = (np.empty((*x.shape[:2], len(U)), x.dtype) for _ in range(6))
    h_before, c_before = h0, c0
    for t in range(x.shape[1]):
        z = x[:, t] @ W + h_before @ U + b  # the four blocks before they are squashed, (B, 4H)
        z_i, z_f, z_g, z_o = np.split(z, 4, axis=1)
        i[:, t] = sigmoid(z_i)  # how much of the candidate is written
        f[:, t] = sigmoid(z_f)  # how much of the old cell is kept
        g[:, t] = np.tanh(z_g)  # the candidate
        o[:, t] = sigmoid(z_o)  # how much of the cell is shown
        c[:, t] = f[:, t] * c_before + i[:, t] * g[:, t]
        h[:, t] = o[:, t] * np.tanh(c[:, t])
        h_before, c_before = h[:, t], c[:, t]
    return Steps(i, f, g, o, c, h, x, Weights(W, U, b), h0, c0)


def backward(
    steps: Steps,
    dh: np.ndarray | None,
    dh_T: np.ndarray | None = None,
    dc_T: np.ndarray | None = None,
) -> Gradients:
    """Carries the gradient of a loss back through all steps; None stands for zeros.

    dh (B, T, H): the loss's gradient by the output h of each step; dh_T, dc_T (B, H): by the final states, where the loss uses them as well.
    Raises ValueError that names the argument. Source: Graves 2012, Supervised Sequence Labelling, section 4.6, without peepholes.
    Notebook: 02_backpropagation_through_time"""
    i, f, g, o, c, h, x, (W, U, b), _, _ = steps
    *_, dh, dh_T, dc_T = _arrays(
        U=(U, "H 4H"), x=(x, "B T D"), dh=(dh, "B T H"), dh_T=(dh_T, "B H"), dc_T=(dc_T, "B H")
    )
    h_before, c_before, tanh_c = steps.h_before, steps.c_before, np.tanh(c)
    dz = np.empty((*h.shape[:2], len(b)), h.dtype)
    dh_next, dc_next = (
        dh_T,
        dc_T,
    )  # what step t + 1 asks of h_t and c_t; after the last step, what the loss asks
    for t in reversed(range(h.shape[1])):
        dh_t = dh[:, t] + dh_next  # h_t is an output, and step t + 1 starts from it
        do = dh_t * tanh_c[:, t]  # h_t = o_t tanh(c_t)
        dc_t = dc_next + dh_t * o[:, t] * (1 - tanh_c[:, t] ** 2)
        di = dc_t * g[:, t]  # c_t = f_t c_{t-1} + i_t g_t
        dg = dc_t * i[:, t]
        df = dc_t * c_before[:, t]
        dc_next = dc_t * f[:, t]
        dz[:, t] = np.concatenate(
            [
                di * i[:, t] * (1 - i[:, t]),  # sigmoid' = s (1 - s)
                df * f[:, t] * (1 - f[:, t]),
                dg * (1 - g[:, t] ** 2),  # tanh' = 1 - tanh^2
                do * o[:, t] * (1 - o[:, t]),
            ],
            axis=1,
        )
        dh_next = dz[:, t] @ U.T  # z_t = x_t W + h_{t-1} U + b
    # Every step of every sequence used the same weights: their gradients are sums over both, and one large product does a whole sum.
    rows = dz.reshape(-1, len(b))
    return Gradients(
        x=dz @ W.T,
        W=x.reshape(len(rows), -1).T @ rows,
        U=h_before.reshape(len(rows), -1).T @ rows,
        b=rows.sum(axis=0),
        h0=dh_next,
        c0=dc_next,
    )
