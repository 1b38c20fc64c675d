"""The exercise of the notebook start_here."""

from __future__ import annotations

import numpy as np

from lyricgen.exercises import Exercise, Mistake

P = np.array([0.5, 0.3, 0.2])


def _normal(weights: np.ndarray) -> np.ndarray:
    return weights / weights.sum()


sharpen = Exercise(
    form="a list of three numbers",
    hint=(
        "raise each probability to the power 1 / 0.5 = 2, then divide by the sum so that they add "
        "up to 1."
    ),
    right=lambda: _normal(P**2),
    why=(
        "Below 1, a temperature makes what is likely likelier: 0.5 became 0.66 here. Every "
        "sampler of the course has this one line in it."
    ),
    mistakes={
        "not normalised": Mistake(
            lambda: P**2, "these do not add up to 1 yet: divide them by their sum."
        ),
        "wrong way, not normalised": Mistake(
            lambda: P**0.5,
            "two things: the power is 1 / temperature = 2, and yours is 0.5; and these do not "
            "add up to 1, so divide them by their sum.",
        ),
        "wrong way": Mistake(
            lambda: _normal(P**0.5),
            "this is temperature 2, not 0.5: the power is 1 / temperature. Your distribution "
            "became flatter.",
        ),
        "times temperature": Mistake(
            lambda: _normal(P * 0.5),
            "multiplying all by one number changes nothing once they are normalised: the "
            "temperature is in the power.",
        ),
        "softmax of p": Mistake(
            lambda: _normal(np.exp(P / 0.5)),
            "this is the softmax of the probabilities; the temperature divides their logarithms.",
        ),
        "softmax of p times 0.5": Mistake(
            lambda: _normal(np.exp(P * 0.5)),
            "this is the softmax of the probabilities, multiplied by the temperature; the "
            "temperature divides, and what it divides are their logarithms.",
        ),
    },
)
