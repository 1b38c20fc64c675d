"""The LSTM cell and its gradient in NumPy, gate by gate, in the weight layout of Keras.

Letters: x input, h hidden state, c cell state; gates i (input), f (forget),
g (candidate; Keras calls it c), o (output). The kernel W (D, 4H), the recurrent kernel
U (H, 4H) and the bias b (4H,) have the blocks i, f, g, o side by side. So have the
pre-activations a = x W + h U + b, (B, 4H), which sigmoid and tanh turn into the gates.
Sequences are batch first: (B, T, H).
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

GATES = ("i", "f", "g", "o")

# The axes of each argument, by which shapes are checked. 4H is four times H.
AXES = {
    "x": "B T D",
    "W": "D 4H",
    "U": "H 4H",
    "b": "4H",
    "h0": "B H",
    "c0": "B H",
    "dh": "B T H",
    "dh_T": "B H",
    "dc_T": "B H",
}


class Weights(NamedTuple):
    """The weights of an LSTM in Keras's layout: W (D, 4H), U (H, 4H), b (4H,).

    Notebook: lstm_gates
    """

    W: np.ndarray
    U: np.ndarray
    b: np.ndarray


class Steps(NamedTuple):
    """Every gate and state of every step, (B, T, H), and the arguments of `forward`.

    This is all that `backward` needs.
    Notebook: lstm_gates
    """

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
        """The hidden state before each step, (B, T, H): h0 first, and h_{T-1} last."""
        from_h0 = np.concatenate([self.h0[:, None], self.h], axis=1)
        return from_h0[:, :-1]

    @property
    def c_before(self) -> np.ndarray:
        """The cell state before each step, (B, T, H): c0 first, and c_{T-1} last."""
        from_c0 = np.concatenate([self.c0[:, None], self.c], axis=1)
        return from_c0[:, :-1]


class Gradients(NamedTuple):
    """The gradient of a loss with respect to each argument of `forward`, in its shape.

    Notebook: backpropagation_through_time
    """

    x: np.ndarray
    W: np.ndarray
    U: np.ndarray
    b: np.ndarray
    h0: np.ndarray
    c0: np.ndarray


def sigmoid(a: Any, xp: Any = np) -> Any:
    """Returns 1 / (1 + exp(-a)), written with tanh so that no a overflows.

    `xp` is NumPy or `keras.ops`.
    Notebook: lstm_gates
    """
    return (1 + xp.tanh(a / 2)) / 2


def gates_from(a: Any, xp: Any = np) -> tuple[Any, Any, Any, Any]:
    """Returns the gates i, f, g, o, each (B, H), of the pre-activations a (B, 4H).

    `xp` is NumPy or `keras.ops`.
    """
    a_i, a_f, a_g, a_o = xp.split(a, 4, axis=-1)
    i = sigmoid(a_i, xp)  # how much of the candidate is written
    f = sigmoid(a_f, xp)  # how much of the old cell is kept
    g = xp.tanh(a_g)  # the candidate
    o = sigmoid(a_o, xp)  # how much of the cell is shown
    return i, f, g, o


def states_from(a: Any, c: Any, xp: Any = np) -> tuple[Any, Any]:
    """Returns the new h and c (B, H) from the pre-activations a (B, 4H) and the old c.

    `xp` is NumPy or `keras.ops`.
    """
    i, f, g, o = gates_from(a, xp)
    c = f * c + i * g
    h = o * xp.tanh(c)
    return h, c


def lstm_step(x: Any, h: Any, c: Any, W: Any, U: Any, b: Any, xp: Any = np) -> tuple[Any, Any]:
    """Returns the new h and c (B, H) after one step that reads x (B, D).

    h and c (B, H) are the states before the step; W (D, 4H), U (H, 4H), b (4H,).
    `xp` is NumPy, or `keras.ops` for compiled loops. `forward` checks its arguments,
    this function does not.
    """
    a = xp.matmul(x, W) + xp.matmul(h, U) + b
    return states_from(a, c, xp)


def forward(
    x: np.ndarray,
    W: np.ndarray,
    U: np.ndarray,
    b: np.ndarray,
    h0: np.ndarray | None = None,
    c0: np.ndarray | None = None,
) -> Steps:
    """Runs the LSTM over x (B, T, D) and returns every gate and state of every step.

    h0 and c0 (B, H) are the initial states, zero unless given. All arrays are float32,
    or all are float64.
    Raises: ValueError that names the argument whose shape or dtype does not fit.
    Source: Hochreiter and Schmidhuber 1997; the forget gate: Gers, Schmidhuber and
    Cummins 2000.
    Notebook: lstm_gates
    """
    U, W, b, x, h0, c0 = _checked_arrays(U=U, W=W, b=b, x=x, h0=h0, c0=c0)
    B, T, _ = x.shape
    H = len(U)
    shape = (B, T, H)
    i, f, g, o, c, h = (np.empty(shape, x.dtype) for _ in range(6))
    h_before, c_before = h0, c0
    for t in range(T):
        a = x[:, t] @ W + h_before @ U + b
        i[:, t], f[:, t], g[:, t], o[:, t] = gates_from(a)
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
    """Carries the gradient of a loss back through all steps that `forward` returned.

    dh (B, T, H) is the gradient with respect to the output h of each step; dh_T and
    dc_T (B, H) are those with respect to the final states, where the loss uses them as
    well. None stands for zeros.
    Raises: ValueError that names the argument whose shape or dtype does not fit.
    Source: Graves 2012, Supervised Sequence Labelling, section 4.6, without peepholes.
    Notebook: backpropagation_through_time
    """
    x = steps.x
    W, U, b = steps.weights
    *_, dh, dh_T, dc_T = _checked_arrays(U=U, x=x, dh=dh, dh_T=dh_T, dc_T=dc_T)
    B, T, _ = dh.shape
    c_before = steps.c_before
    tanh_c = np.tanh(steps.c)
    da = np.empty((B, T, len(b)), dh.dtype)
    # The shares that come back through time: into the last step from the loss itself,
    # and into step t from step t + 1.
    dh_back, dc_back = dh_T, dc_T
    for t in reversed(range(T)):
        i, f, g, o = (gate[:, t] for gate in steps[:4])
        dh_total = dh[:, t] + dh_back  # h_t is an output, and step t + 1 starts from it
        do = dh_total * tanh_c[:, t]  # h_t = o_t tanh(c_t)
        dc_total = dc_back + dh_total * o * (1 - tanh_c[:, t] ** 2)
        di = dc_total * g  # c_t = f_t c_{t-1} + i_t g_t
        dg = dc_total * i
        df = dc_total * c_before[:, t]
        dc_back = dc_total * f
        da_i = di * i * (1 - i)  # sigmoid' = s (1 - s)
        da_f = df * f * (1 - f)
        da_g = dg * (1 - g**2)  # tanh' = 1 - tanh^2
        da_o = do * o * (1 - o)
        da[:, t] = np.concatenate([da_i, da_f, da_g, da_o], axis=1)
        dh_back = da[:, t] @ U.T  # a_t = x_t W + h_{t-1} U + b
    # Every step of every sequence used the same weights: their gradients are sums over
    # both, and one large product does a whole sum.
    da_rows = da.reshape(-1, len(b))
    x_rows = x.reshape(-1, len(W))
    h_rows = steps.h_before.reshape(-1, len(U))
    dx = da @ W.T
    dW = x_rows.T @ da_rows
    dU = h_rows.T @ da_rows
    db = da_rows.sum(axis=0)
    return Gradients(dx, dW, dU, db, h0=dh_back, c0=dc_back)


def layer_weights(layer: Any) -> Weights:
    """Copies the weights out of a built `keras.layers.LSTM`.

    Raises: ValueError where the layer holds something else.
    Notebook: lstm_gates
    """
    arrays = layer.get_weights()
    if len(arrays) != 3:
        raise ValueError(
            f"layer has {len(arrays)} weight arrays; expected 3: kernel, recurrent kernel, bias. "
            "Is it built, and with a bias?"
        )
    kernel, recurrent_kernel, bias = arrays
    U, W, b = _checked_arrays(U=recurrent_kernel, W=kernel, b=bias)
    return Weights(W, U, b)


def set_layer_weights(layer: Any, weights: Weights) -> None:
    """Puts weights into a built `keras.layers.LSTM`.

    Raises: ValueError where the layer is of another size.
    Notebook: lstm_gates
    """
    for name, new, old in zip(Weights._fields, weights, layer_weights(layer)):
        if np.shape(new) != old.shape:
            raise ValueError(
                f"{name} has shape {np.shape(new)}; expected {old.shape}, as the layer has."
            )
    layer.set_weights(list(weights))


def _checked_arrays(**arguments: Any) -> list[np.ndarray]:
    """Returns the arguments as arrays of one float dtype and of the shapes in AXES.

    None gives zeros.
    Raises: ValueError that names the argument.
    """
    first_name = next(iter(arguments))
    arrays: list[np.ndarray] = []
    sizes: dict[str, int] = {}
    for name, value in arguments.items():
        axes = AXES[name].split()
        if value is None:
            value = np.zeros([sizes[axis] for axis in axes], arrays[0].dtype)
        array = np.asarray(value)
        if array.dtype not in (np.float32, np.float64):
            raise ValueError(f"{name} has dtype {array.dtype}; expected float32 or float64.")
        if arrays and array.dtype != arrays[0].dtype:
            raise ValueError(
                f"{name} has dtype {array.dtype}; "
                f"expected {arrays[0].dtype}, which {first_name} has."
            )
        _check_shape(name, array, axes, sizes)
        arrays.append(array)
    return arrays


def _check_shape(name: str, array: np.ndarray, axes: list[str], sizes: dict[str, int]) -> None:
    """Checks a shape against the sizes of its axes, and notes those that are new."""
    if array.ndim == len(axes):
        for axis, size in zip(axes, array.shape):
            sizes.setdefault(axis, size)
            if axis == "H":
                sizes["4H"] = 4 * sizes["H"]
    expected = tuple(sizes.get(axis, axis) for axis in axes)
    if array.shape != expected:
        spelled = ", ".join(axes)
        here = ", ".join(map(str, expected))
        raise ValueError(f"{name} has shape {array.shape}; expected ({spelled}), here ({here}).")
