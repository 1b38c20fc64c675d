"""The exercises of the notebook memory_and_precision."""

from __future__ import annotations

import numpy as np

from lyricgen.exercises import Exercise, Mistake

# The units of the exercise, and its steps.
H = 3
STEPS_KEPT = 20


def _bias(value: float, block: int = 1) -> np.ndarray:
    b = np.zeros(4 * H)
    start = block * H
    b[start : start + H] = value
    return b


# f of one step, so that half of the cell is left after all of them.
_KEEP = 0.5 ** (1 / STEPS_KEPT)


def _logit(f: float) -> float:
    return float(np.log(f / (1 - f)))


_LOGIT = _logit(_KEEP)


keep = Exercise(
    form="a list of 12 numbers, three for each of the blocks i, f, g, o",
    hint=(
        f"after {STEPS_KEPT} steps the cell is f to the power {STEPS_KEPT} of what it was: find "
        "the f for which that is a half, then the b with sigmoid(b) = f, and put it into the "
        "block of the forget gate."
    ),
    right=lambda: _bias(_LOGIT),
    why=(
        f"That f is {_KEEP:.3f}, and its bias {_LOGIT:.2f}. Keras starts with a bias of 1, the "
        "unit forget bias: f = 0.73, and half of the cell is gone after 2 steps. With a bias of 0 "
        "it would be 1 step. To remember a key or a rhyme, a network must first learn to keep."
    ),
    mistakes={
        "forget bias left out": Mistake(
            lambda: np.zeros(4 * H),
            "with all biases 0 the forget gate stands at a half: half of the cell is gone after "
            "one step.",
        ),
        "unit forget bias": Mistake(
            lambda: _bias(1),
            f"that is the unit forget bias: f = 0.73, and 0.73 to the power {STEPS_KEPT} is 0.002, "
            "not a half.",
        ),
        "f for its bias": Mistake(
            lambda: _bias(_KEEP),
            "that is f itself; the bias is what the sigmoid makes f of: b = log(f / (1 - f)).",
        ),
        "block of i": Mistake(
            lambda: _bias(_LOGIT, 0),
            "the number is right, and it stands in the block of i; the order is i, f, g, o.",
        ),
        "block of g": Mistake(
            lambda: _bias(_LOGIT, 2),
            "the number is right, and it stands in the block of g; the order is i, f, g, o.",
        ),
        "block of o": Mistake(
            lambda: _bias(_LOGIT, 3),
            "the number is right, and it stands in the block of o; the order is i, f, g, o.",
        ),
        "every block": Mistake(
            lambda: np.full(4 * H, _LOGIT),
            "every gate got that bias; only the block of f needs it.",
        ),
        "wrong sign": Mistake(
            lambda: _bias(-_LOGIT),
            "the sign is turned: a negative bias shuts the forget gate, and a gate at 0 forgets.",
        ),
        "divided": Mistake(
            lambda: _bias(_logit(0.5 / STEPS_KEPT)),
            f"you divided a half by {STEPS_KEPT}; the cell is multiplied by f at each step, so "
            f"take the root: 0.5 ** (1 / {STEPS_KEPT}).",
        ),
    },
    tolerance=0.015,
)
