"""The exercises of the notebook backpropagation_through_time."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from lyricgen.exercises import Exercise, Mistake
from lyricgen.models.lstm.cell import Steps, backward, forward

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
DZ, DC = _back()


bias = Exercise(
    hint=(
        "b is added in every step of every sequence, so its gradient is the sum of DZ over both, "
        "of shape (4H,)."
    ),
    right=lambda: DZ.sum(axis=(0, 1)),
    why=(
        "What is used many times gets the sum of its gradients. For W and U the same sum is one "
        "large matrix product, and that is what makes the fast layer fast."
    ),
    mistakes={
        "wrong axis": Mistake(
            lambda: DZ.sum(axis=(0, 2)),
            "you summed over the blocks and kept time: sum over axes 0 and 1, sequences and "
            "steps, and keep the last.",
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


# The step of the second exercise.
_AT = 1


def _arguments() -> tuple[np.ndarray, ...]:
    """dh and dc as they arrive at one step, and what the step computed."""
    later = {}
    for name in ("i", "f", "g", "o", "c", "h", "x"):
        later[name] = getattr(STEPS, name)[:, _AT + 1 :]
    later_steps = STEPS._replace(**later, h0=STEPS.h[:, _AT], c0=STEPS.c[:, _AT])
    back = backward(later_steps, DH[:, _AT + 1 :])
    dh = DH[:, _AT] + back.h0
    i, f, g, o, c = (array[:, _AT] for array in STEPS[:5])
    return dh, back.c0, i, f, g, o, c, STEPS.c_before[:, _AT], STEPS.weights.U


def _step_back(
    *arguments: np.ndarray,
    tanh_slope=True,
    later=True,
    kept=True,
    transposed=True,
    shown=np.tanh,
    through=True,
    mixed=False,
) -> tuple[np.ndarray, np.ndarray]:
    """The function of the second exercise; the arguments behind the arrays spoil it."""
    dh, dc, i, f, g, o, c, c_before, U = arguments
    slope = 1 - np.tanh(c) ** 2 if tanh_slope else 1
    from_later = dc if later else np.zeros_like(dc)
    from_h = dh * o * slope if through else np.zeros_like(dc)
    dc_total = from_later + from_h
    blocks = [
        dc_total * g * i * (1 - i),
        dc_total * c_before * f * (1 - f),
        dc_total * i * (1 - g**2),
        dh * shown(c) * o * (1 - o),
    ]
    if mixed:
        blocks = [blocks[k] for k in (0, 1, 3, 2)]
    if transposed:
        dh_before = np.concatenate(blocks, axis=1) @ U.T
    else:
        products = [block @ U_block for block, U_block in zip(blocks, np.split(U, 4, axis=1))]
        dh_before = np.sum(products, axis=0)
    dc_before = dc_total * f if kept else dc_total
    return dh_before, dc_before


def _wrong(**changes) -> tuple[np.ndarray, np.ndarray]:
    return _step_back(*_arguments(), **changes)


def _stacked(gradients: Iterable) -> np.ndarray:
    return np.stack([np.asarray(gradient, float) for gradient in gradients])


step_back = Exercise(
    hint=(
        "first dc += dh o (1 - tanh(c)^2), then the four gradients by z side by side, each with "
        "the slope of its squashing; dh_before = dz @ U.T and dc_before = dc f."
    ),
    right=lambda: np.stack(_wrong()),
    why=(
        "From here on, backpropagation through time is this function in a loop that runs "
        "backwards. Two ways lead back: dc f, straight through the cell, and dz @ U.T, through "
        "every gate. The first is why an LSTM remembers."
    ),
    # The reader's function has the arguments dh, dc, i, f, g, o, c, c_before, U.
    call=lambda function: _stacked(function(*_arguments())),
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
            lambda: _wrong(shown=lambda c: c),
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
