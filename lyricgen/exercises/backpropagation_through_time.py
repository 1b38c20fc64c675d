"""The exercises of 02_backpropagation_through_time."""

from __future__ import annotations

import numpy as np

from lyricgen.exercises import Exercise, Mistake
from lyricgen.models.lstm.cell import Steps, backward, forward

B, T, D, H = 2, 4, 3, 3


def _given() -> tuple[Steps, np.ndarray]:
    rng = np.random.default_rng(2)
    W, U, b, x, h0, c0, dh = (
        rng.standard_normal(shape)
        for shape in ((D, 4 * H), (H, 4 * H), (4 * H,), (B, T, D), (B, H), (B, H), (B, T, H))
    )
    return forward(x, W, U, b, h0, c0), dh


STEPS, DH = _given()  # four steps of an LSTM, and the loss's gradient by each of their outputs


def _back() -> tuple[np.ndarray, np.ndarray]:
    """The gradients by z (B, T, 4H) and by c (B, T, H), after all that comes back from later steps."""
    i, f, g, o, c, *_ = STEPS
    dz, dc_all = np.empty((B, T, 4 * H)), np.empty((B, T, H))
    dh_next = dc_next = np.zeros((B, H))
    for t in reversed(range(T)):
        dh = DH[:, t] + dh_next
        dc = dc_all[:, t] = dc_next + dh * o[:, t] * (1 - np.tanh(c[:, t]) ** 2)
        grads = dc * g[:, t], dc * STEPS.c_before[:, t], dc * i[:, t], dh * np.tanh(c[:, t])
        slopes = (
            i[:, t] * (1 - i[:, t]),
            f[:, t] * (1 - f[:, t]),
            1 - g[:, t] ** 2,
            o[:, t] * (1 - o[:, t]),
        )
        dz[:, t] = np.concatenate([a * s for a, s in zip(grads, slopes)], axis=1)
        dh_next, dc_next = dz[:, t] @ STEPS.weights.U.T, dc * f[:, t]
    return dz, dc_all


DZ, DC = _back()  # the gradients by z = x W + h U + b, and by c, at each step


bias = Exercise(
    hint="b is added in every step of every sequence, so its gradient is the sum of DZ over both, of shape (4H,).",
    right=lambda: DZ.sum(axis=(0, 1)),
    why="What is used many times gets the sum of its gradients. For W and U the same sum is one large matrix product, and that is what makes the "
    "fast layer fast.",
    mistakes={
        "wrong axis": Mistake(
            lambda: DZ.sum(axis=(0, 2)),
            "you summed over the blocks and kept time: sum over axes 0 and 1, sequences and steps, and keep the last.",
        ),
        "sequences kept": Mistake(
            lambda: DZ.sum(axis=(1, 2)),
            "you summed over steps and blocks and kept the sequences: sum over axes 0 and 1.",
        ),
        "steps kept": Mistake(
            lambda: DZ.sum(axis=0),
            "you summed over the sequences only: the same b is used in every step too.",
        ),
        "batch kept": Mistake(
            lambda: DZ.sum(axis=1),
            "you summed over the steps only: the same b is used in every sequence too.",
        ),
        "all summed": Mistake(
            lambda: DZ.sum(),
            "you summed everything: b has 4H entries, and each has a gradient of its own.",
        ),
        "mean": Mistake(
            lambda: DZ.mean(axis=(0, 1)),
            "that is the mean; the chain rule adds up. A mean would belong to a loss that is one.",
        ),
        "last step": Mistake(
            lambda: DZ[:, -1].sum(axis=0),
            "that is the last step's share only: b is used in every step.",
        ),
    },
)


def _forget(before=None, slope=None) -> np.ndarray:
    return (
        DC
        * (STEPS.c_before if before is None else before)
        * (STEPS.f * (1 - STEPS.f) if slope is None else slope)
    )


forget = Exercise(
    hint="c_t = f_t ∘ c_{t-1} + i_t ∘ g_t, so the gradient by f_t is DC_t times c_{t-1}; then through f = sigmoid(z_f), whose slope is f (1 - f).",
    right=_forget,
    why="Where f is near 0 or 1 its slope f (1 - f) is near 0: a gate that is sure of itself hardly learns. A large forget bias keeps memory, at "
    "that price.",
    mistakes={
        "wrong time index": Mistake(
            lambda: _forget(before=STEPS.c),
            "the time index is wrong: f_t multiplied the cell of the step before, c_{t-1}, and you took c_t.",
        ),
        "next step": Mistake(
            lambda: _forget(before=np.concatenate([STEPS.c[:, 1:], np.zeros((B, 1, H))], axis=1)),
            "the time index is wrong: you took c_{t+1}; f_t multiplied c_{t-1}.",
        ),
        "start forgotten": Mistake(
            lambda: _forget(before=np.concatenate([np.zeros((B, 1, H)), STEPS.c[:, :-1]], axis=1)),
            "nearly: the first step started from c0, and you put zeros there.",
        ),
        "h for c": Mistake(
            lambda: _forget(before=STEPS.h_before),
            "you took the hidden state h_{t-1}; f multiplies the cell c_{t-1}.",
        ),
        "slope left out": Mistake(
            lambda: _forget(slope=1.0),
            "that is the gradient by f; by z_f it also goes through the sigmoid: times f (1 - f).",
        ),
        "tanh slope": Mistake(
            lambda: _forget(slope=1 - STEPS.f**2),
            "1 - f^2 is the slope of tanh; f is a sigmoid, whose slope is f (1 - f).",
        ),
        "candidate": Mistake(
            lambda: _forget(before=STEPS.g), "g is what i multiplies; f multiplies c_{t-1}."
        ),
        "one step alone": Mistake(
            lambda: (
                DH
                * STEPS.o
                * (1 - np.tanh(STEPS.c) ** 2)
                * STEPS.c_before
                * STEPS.f
                * (1 - STEPS.f)
            ),
            "you made dc from this step's output alone; DC also holds what comes back from the later steps.",
        ),
    },
)


_AT = 1  # the step of the third exercise


def _arguments() -> tuple[np.ndarray, ...]:
    """dh and dc as they arrive at one step, and what the step computed."""
    later = STEPS._replace(
        **{
            name: getattr(STEPS, name)[:, _AT + 1 :] for name in ("i", "f", "g", "o", "c", "h", "x")
        },
        h0=STEPS.h[:, _AT],
        c0=STEPS.c[:, _AT],
    )
    back = backward(later, DH[:, _AT + 1 :])
    return (
        DH[:, _AT] + back.h0,
        back.c0,
        *(gate[:, _AT] for gate in STEPS[:5]),
        STEPS.c_before[:, _AT],
        STEPS.weights.U,
    )


def _step_back(
    dh,
    dc,
    i,
    f,
    g,
    o,
    c,
    c_before,
    U,
    tanh_slope=True,
    later=True,
    kept=True,
    transposed=True,
    cell=None,
    through=True,
    mixed=False,
):
    slope = 1 - np.tanh(c) ** 2 if tanh_slope else 1
    dc = (dc if later else 0) + (dh * o * slope if through else 0)
    shown = np.tanh(c) if cell is None else cell(c)
    dz = [
        dc * g * i * (1 - i),
        dc * c_before * f * (1 - f),
        dc * i * (1 - g**2),
        dh * shown * o * (1 - o),
    ]
    if mixed:
        dz = [dz[k] for k in (0, 1, 3, 2)]
    dz = np.concatenate(dz, axis=1)
    if transposed:
        dh_before = dz @ U.T
    else:
        dh_before = sum(
            block @ part for block, part in zip(np.split(dz, 4, axis=1), np.split(U, 4, axis=1))
        )
    return dh_before, dc * f if kept else dc


def _wrong(**changes) -> tuple[np.ndarray, np.ndarray]:
    return _step_back(*_arguments(), **changes)


step_back = Exercise(
    hint="first dc += dh o (1 - tanh(c)^2), then the four gradients by z side by side, each with the slope of its squashing; dh_before = dz @ U.T "
    "and dc_before = dc f.",
    right=lambda: np.stack(_wrong()),
    why="From here on, backpropagation through time is this function in a loop that runs backwards. Two ways lead back: dc f, straight through the "
    "cell, and dz @ U.T, "
    "through every gate. The first is why an LSTM remembers.",
    call=lambda function: np.stack(
        [np.asarray(a, float) for a in function(*_arguments())]
    ),  # of dh, dc, i, f, g, o, c, c_before, U
    mistakes={
        "dc replaced": Mistake(
            lambda: _wrong(later=False),
            "the dc that comes from the next step is lost: add to it, do not replace it.",
        ),
        "no way through h": Mistake(
            lambda: _wrong(through=False),
            "dc lacks what comes through h = o ∘ tanh(c): add dh o (1 - tanh(c)^2).",
        ),
        "tanh slope left out": Mistake(
            lambda: _wrong(tanh_slope=False),
            "on the way from h to c the slope of tanh is missing: 1 - tanh(c)^2.",
        ),
        "f left out": Mistake(
            lambda: _wrong(kept=False),
            "dc_before lacks its f: c = f ∘ c_before + …, so dc_before = dc f.",
        ),
        "U not transposed": Mistake(
            lambda: _wrong(transposed=False),
            "U is not transposed: z = h_before @ U gives dh_before = dz @ U.T.",
        ),
        "c for tanh(c)": Mistake(
            lambda: _wrong(cell=lambda c: c),
            "the output gate multiplied tanh(c), not c: do = dh tanh(c).",
        ),
        "order i, f, o, g": Mistake(
            lambda: _wrong(mixed=True),
            "you put the blocks in the order i, f, o, g; U has them as i, f, g, o.",
        ),
        "returned the other way": Mistake(
            lambda: _wrong()[::-1],
            "these are the right two, the other way round: return (dh_before, dc_before).",
        ),
    },
)
