"""The exercises of the notebook backpropagation_through_time."""

from __future__ import annotations

from functools import partial
from types import SimpleNamespace

import numpy as np

from lyricgen.exercises import Exercise, Mistake
from lyricgen.models.lstm.cell import Steps, forward, sigmoid

B = 2
T = 4
D = 3
H = 3


def _given() -> tuple[Steps, np.ndarray]:
    rng = np.random.default_rng(2)
    shapes = ((D, 4 * H), (H, 4 * H), (4 * H,), (B, T, D), (B, H), (B, H), (B, T, H))
    W, U, b, x, h0, c0, dh = (rng.standard_normal(shape) for shape in shapes)
    return forward(x, W, U, b, h0, c0), dh


# Four steps of an LSTM, and the gradient of a loss with respect to each output.
STEPS, DH = _given()


def _back() -> tuple[np.ndarray, np.ndarray]:
    """The gradients with respect to the pre-activations (B, T, 4H) and to c (B, T, H).

    They hold all that comes back from later steps.
    """
    U = STEPS.weights.U
    da = np.empty((B, T, 4 * H))
    dc = np.empty((B, T, H))
    dh_back = dc_back = np.zeros((B, H))
    for t in reversed(range(T)):
        i, f, g, o = (gate[:, t] for gate in STEPS[:4])
        tanh_c = np.tanh(STEPS.c[:, t])
        dh_total = DH[:, t] + dh_back
        dc_total = dc_back + dh_total * o * (1 - tanh_c**2)
        da_i = dc_total * g * (i * (1 - i))
        da_f = dc_total * STEPS.c_before[:, t] * (f * (1 - f))
        da_g = dc_total * i * (1 - g**2)
        da_o = dh_total * tanh_c * (o * (1 - o))
        da[:, t] = np.concatenate([da_i, da_f, da_g, da_o], axis=1)
        dc[:, t] = dc_total
        dh_back = da[:, t] @ U.T
        dc_back = dc_total * f
    return da, dc


# The gradients with respect to x W + h U + b, and to c, at each step.
DA, DC = _back()


bias = Exercise(
    form="an array of numbers, as many as b has",
    hint=(
        "b is added in every step of every sequence, so its gradient is the sum of DA over both, "
        "of shape (4H,)."
    ),
    right=lambda: DA.sum(axis=(0, 1)),
    why=(
        "An array that is used many times receives the sum of its gradients. For W and U this sum "
        "is one large matrix product, which is faster than many small ones."
    ),
    mistakes={
        "wrong axis": Mistake(
            lambda: DA.sum(axis=(0, 2)),
            "you summed over the blocks and kept time: sum over axes 0 and 1, sequences and "
            "steps, and keep the last.",
        ),
        "sequences kept": Mistake(
            lambda: DA.sum(axis=(1, 2)),
            "you summed over steps and blocks and kept the sequences: sum over axes 0 and 1.",
        ),
        "steps kept": Mistake(
            lambda: DA.sum(axis=0),
            "you summed over the sequences only: the same b is used in every step too.",
        ),
        "batch kept": Mistake(
            lambda: DA.sum(axis=1),
            "you summed over the steps only: the same b is used in every sequence too.",
        ),
        "all summed": Mistake(
            lambda: DA.sum(),
            "you summed everything: b has 4H entries, and each has a gradient of its own.",
        ),
        "mean": Mistake(
            lambda: DA.mean(axis=(0, 1)),
            "that is the mean; the chain rule adds up. A mean would belong to a loss that is one.",
        ),
        "sign": Mistake(
            lambda: -DA.sum(axis=(0, 1)),
            "the sign is wrong: b is added to a, with the factor +1. Descent subtracts a gradient; "
            "the gradient itself has no minus.",
        ),
        "last step": Mistake(
            lambda: DA[:, -1].sum(axis=0),
            "that is the last step's share only: b is used in every step.",
        ),
    },
)


def _case(seed: int, B: int, D: int, H: int) -> tuple[np.ndarray, ...]:
    """dh_total and dc_back of a step, what it computed, and U."""
    rng = np.random.default_rng(seed)
    shapes = ((D, 4 * H), (H, 4 * H), (4 * H,), (B, 1, D), (B, H), (B, H))
    W, U, b, x, h0, c0 = (rng.standard_normal(shape) for shape in shapes)
    step = forward(x, W, U, b, h0, c0)
    dh_total, dc_back = rng.standard_normal((2, B, H))
    i, f, g, o, c = (array[:, 0] for array in step[:5])
    return dh_total, dc_back, i, f, g, o, c, c0, U


CASES = (_case(21, 2, 3, 3), _case(22, 3, 2, 4))


# What a step back is made of; a mistake changes one of these.
RULES = {
    "gate_slope": lambda gate: gate * (1 - gate),
    "candidate_slope": lambda g: 1 - g**2,
    "tanh_slope": lambda c: 1 - np.tanh(c) ** 2,
    "shown": np.tanh,
    "from_later": 1,
    "from_h": 1,
    "order": (0, 1, 2, 3),
}


def _step_back(*arguments: np.ndarray, **changes) -> tuple[np.ndarray, np.ndarray]:
    """The function of the second exercise; changes of RULES spoil it."""
    dh_total, dc_back, i, f, g, o, c, c_before, U = arguments
    rules = SimpleNamespace(**(RULES | changes))
    dc_total = rules.from_later * dc_back + rules.from_h * dh_total * o * rules.tanh_slope(c)
    blocks = [
        dc_total * g * rules.gate_slope(i),
        dc_total * c_before * rules.gate_slope(f),
        dc_total * i * rules.candidate_slope(g),
        dh_total * rules.shown(c) * rules.gate_slope(o),
    ]
    da = np.concatenate([blocks[k] for k in rules.order], axis=1)
    return da @ U.T, dc_total * f


def _not_transposed(*arguments: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Each block times its own part of U, which is square."""
    *others, U = arguments
    turned = [block.T for block in np.split(U, 4, axis=1)]
    return _step_back(*others, np.concatenate(turned, axis=1))


def _f_left_out(*arguments: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    dh_back, dc_back = _step_back(*arguments)
    return dh_back, dc_back / arguments[3]


def _old_dc(*arguments: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    dh_back, _ = _step_back(*arguments)
    return dh_back, arguments[1] * arguments[3]


def _time_index(*arguments: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    dh_total, dc_back, i, f, g, o, c, _, U = arguments
    return _step_back(dh_total, dc_back, i, f, g, o, c, c, U)


def _sigmoid_slope(a: np.ndarray) -> np.ndarray:
    return sigmoid(a) * (1 - sigmoid(a))


def _tanh_slope(a: np.ndarray) -> np.ndarray:
    return 1 - np.tanh(a) ** 2


step_back = Exercise(
    form=(
        "a function of dh_total, dc_back, i, f, g, o, c, c_before, U that returns dh_back and "
        "dc_back of the step before"
    ),
    hint=(
        "first dc_total = dc_back + dh_total o (1 - tanh(c)^2), then the four blocks of da side by "
        "side, each with the slope of its sigmoid or tanh. What goes back is da @ U.T for h and "
        "dc_total f for c."
    ),
    right=lambda dh_total, dc_back, i, f, g, o, c, c_before, U: _step_back(
        dh_total, dc_back, i, f, g, o, c, c_before, U
    ),
    why=(
        "Backpropagation through time is this function in a loop over the steps in reverse order. "
        "Two ways lead back: dc_total f along the cell, and da @ U.T through the gates."
    ),
    cases=CASES,
    returns=("dh_back", "dc_back"),
    mistakes={
        "slopes of the outputs": Mistake(
            partial(_step_back, gate_slope=_sigmoid_slope, candidate_slope=_tanh_slope),
            "the slopes are taken of the outputs: i, f, o and g are squashed already, so the "
            "slopes are i (1 - i), f (1 - f), o (1 - o) and 1 - g^2, with no function around them.",
        ),
        "gates' slopes of the outputs": Mistake(
            partial(_step_back, gate_slope=_sigmoid_slope),
            "the gates' slopes are taken of the outputs: i, f and o are sigmoids already, so "
            "their slopes are i (1 - i), f (1 - f) and o (1 - o), with no sigmoid around them.",
        ),
        "candidate's slope of the output": Mistake(
            partial(_step_back, candidate_slope=_tanh_slope),
            "the slope of g is taken of the output: g is a tanh already, so its slope is 1 - g^2.",
        ),
        "slopes left out": Mistake(
            partial(_step_back, gate_slope=np.ones_like, candidate_slope=np.ones_like),
            "the slopes of the sigmoids and of the tanh of g are missing: you stopped at the "
            "gates, and U multiplies the gradients of the pre-activations.",
        ),
        "tanh slope for the gates": Mistake(
            partial(_step_back, gate_slope=lambda gate: 1 - gate**2),
            "1 - i^2 is the slope of a tanh; the gates are sigmoids, with the slope i (1 - i).",
        ),
        "sigmoid slope for g": Mistake(
            partial(_step_back, candidate_slope=lambda g: g * (1 - g)),
            "g (1 - g) is the slope of a sigmoid; the candidate is a tanh, with the slope 1 - g^2.",
        ),
        "time index": Mistake(
            _time_index,
            "the time index is wrong: f multiplied c_before, the cell of the step before, and you "
            "took c.",
        ),
        "dc_back from the old dc_back": Mistake(
            _old_dc,
            "you multiplied the dc_back that came in by f; what comes through h belongs to it as "
            "well: make dc_total first, then multiply by f.",
        ),
        "1 - c^2": Mistake(
            partial(_step_back, tanh_slope=lambda c: 1 - c**2),
            "1 - c^2 is not the slope: c is not squashed yet, and the slope is 1 - tanh(c)^2.",
        ),
        "dc replaced": Mistake(
            partial(_step_back, from_later=0),
            "the dc_back that comes from the next step is lost: add to it, do not replace it.",
        ),
        "no way through h": Mistake(
            partial(_step_back, from_h=0),
            "dc_total lacks what comes through h = o ∘ tanh(c): dh_total o (1 - tanh(c)^2).",
        ),
        "tanh slope left out": Mistake(
            partial(_step_back, tanh_slope=np.ones_like),
            "on the way from h to c the slope of tanh is missing: 1 - tanh(c)^2.",
        ),
        "f left out": Mistake(
            _f_left_out,
            "dc_back lacks its f: c = f ∘ c_before + …, so dc_total f goes back.",
        ),
        "U not transposed": Mistake(
            _not_transposed,
            "U is not transposed: a = h_before @ U, so da @ U.T goes back.",
        ),
        "c for tanh(c)": Mistake(
            partial(_step_back, shown=lambda c: c),
            "the output gate multiplied tanh(c), not c: do = dh_total tanh(c).",
        ),
        "order i, f, o, g": Mistake(
            partial(_step_back, order=(0, 1, 3, 2)),
            "you put the blocks in the order i, f, o, g; U has them as i, f, g, o.",
        ),
    },
)


def _rnn_case(seed: int, B: int, T: int, H: int) -> tuple[np.ndarray, ...]:
    """h (B, T, H), h0, U of a plain recurrent network, and dh."""
    rng = np.random.default_rng(seed)
    U = rng.standard_normal((H, H))
    h0 = rng.standard_normal((B, H))
    a_x, dh = rng.standard_normal((2, B, T, H))
    h = np.empty((B, T, H))
    h_before = h0
    for t in range(T):
        h[:, t] = np.tanh(a_x[:, t] + h_before @ U)
        h_before = h[:, t]
    return h, h0, U, dh


def _rnn_back(
    h: np.ndarray,
    h0: np.ndarray,
    U: np.ndarray,
    dh: np.ndarray,
    transposed: bool = True,
    factor: str = "before",
    sums: str = "added",
) -> tuple[np.ndarray, np.ndarray]:
    """The function of the third exercise; the last three arguments spoil it."""
    first = np.zeros_like(h0) if factor == "zeros first" else h0
    h_before = np.concatenate([first[:, None], h[:, :-1]], axis=1)
    if factor == "rolled":
        h_before = np.roll(h, 1, axis=1)
    if factor == "after":
        h_before = h
    dU = np.zeros_like(U)
    dh_back = np.zeros_like(h0)
    for t in reversed(range(h.shape[1])):
        dh_total = dh[:, t] + dh_back
        da = dh_total * (1 - h[:, t] ** 2)
        dh_back = da @ (U.T if transposed else U)
        share = h_before[:, t].T @ da
        dU = (0 if sums == "last" else dU) + (share.T if sums == "turned" else share)
    return dU, dh_back


repair = Exercise(
    form="a function of h, h0, U, dh that returns dU and dh0",
    hint=(
        "write a_tj = sum_i h_(t-1)i U_ij by indices. The gradient of h_(t-1)i is a sum over the "
        "second index of U, and the factor of U_ij is the hidden state before the step, which is "
        "h0 at the first step."
    ),
    right=_rnn_back,
    why=(
        "Both wrong lines ran without an error, since U is square and all hidden states have one "
        "shape. A comparison with differences of the loss or with a tape shows such mistakes."
    ),
    cases=(_rnn_case(31, 2, 4, 3), _rnn_case(32, 3, 5, 2)),
    returns=("dU", "dh0"),
    mistakes={
        "nothing changed": Mistake(
            partial(_rnn_back, transposed=False, factor="after"),
            "both mistakes are still there: one is in the line of dh_back, one in that of dU.",
        ),
        "U not transposed": Mistake(
            partial(_rnn_back, transposed=False),
            "dU would be right with the right dh_back: a = h_before @ U gives "
            "dh_back = da @ U.T, and U is not transposed.",
        ),
        "time index": Mistake(
            partial(_rnn_back, factor="after"),
            "dh0 is right and dU is not: U multiplied the hidden state before the step, "
            "and you took the one after it.",
        ),
        "h rolled": Mistake(
            partial(_rnn_back, factor="rolled"),
            "the first step is wrong: it starts from h0, and you took the last h.",
        ),
        "zeros first": Mistake(
            partial(_rnn_back, factor="zeros first"),
            "the first step is wrong: it starts from h0, and you took zeros.",
        ),
        "dU transposed": Mistake(
            partial(_rnn_back, sums="turned"),
            "dh0 is right and dU is transposed: its row belongs to the unit of h_before and its "
            "column to that of a, so dU is h_before.T @ da and not da.T @ h_before.",
        ),
        "dU not added": Mistake(
            partial(_rnn_back, sums="last"),
            "dU is that of the first step alone: U is used at every step, so add over time.",
        ),
    },
)
