"""The exercises of the notebook counting_words."""

from __future__ import annotations

import numpy as np

from lyricgen.exercises import Exercise, Mistake

# What a model gave the five characters that came.
P = np.array([1 / 2, 1 / 8, 1 / 4, 1 / 32, 1 / 4])
_BITS = float(np.mean(-np.log2(P)))
_NATS = float(np.mean(-np.log(P)))


perplexity = Exercise(
    form="one number",
    hint=(
        "what did each character cost in bits, -log2(p)? Take the mean of the five costs, and "
        "then 2 to the power of it."
    ),
    right=lambda: 2**_BITS,
    why=(
        "This model wavers as if among 6 equally likely characters. It is the geometric mean of 1 "
        "/ p: one surprise of 1/32 counts as one factor, and does not rule the mean."
    ),
    mistakes={
        "bits": Mistake(
            lambda: _BITS,
            "that is the mean cost in bits, and it is right; the perplexity is 2 to the power of "
            "it.",
        ),
        "nats": Mistake(
            lambda: _NATS, "that is the mean cost in nats; the perplexity is e to the power of it."
        ),
        "arithmetic mean": Mistake(
            lambda: float(np.mean(1 / P)),
            "you took the mean of 1 / p, which the rarest character rules; first the mean of the "
            "logarithms, then the power.",
        ),
        "mean of p": Mistake(
            lambda: float(1 / np.mean(P)),
            "you took the mean of the probabilities; the costs, -log2(p), are what is averaged.",
        ),
        "e to the bits": Mistake(
            lambda: float(np.exp(_BITS)),
            "you put bits into e to the power of …; bits belong to 2, nats to e.",
        ),
        "2 to the nats": Mistake(
            lambda: 2**_NATS, "you put nats into 2 to the power of …; nats belong to e, bits to 2."
        ),
        "sum": Mistake(
            lambda: 2 ** (_BITS * len(P)),
            "that is 1 over the probability of all five together; a perplexity is of one: take "
            "the mean, not the sum.",
        ),
    },
    tolerance=0.01,
)
