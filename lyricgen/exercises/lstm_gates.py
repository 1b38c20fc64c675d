"""The exercises of the notebook lstm_gates."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from lyricgen.exercises import Exercise, Mistake
from lyricgen.models.lstm.cell import Steps, forward, sigmoid

B = 2
D = 3
H = 3


def _given() -> Steps:
    rng = np.random.default_rng(1)
    shapes = ((D, 4 * H), (H, 4 * H), (4 * H,), (B, 1, D), (B, H), (B, H))
    W, U, b, x, h0, c0 = (rng.standard_normal(shape) for shape in shapes)
    return forward(x, W, U, b, h0, c0)


_step = _given()

# One step of two sequences, for the second exercise.
X = _step.x[:, 0]
W, U, BIAS = _step.weights
H_BEFORE = _step.h0
C_BEFORE = _step.c0

# The gates of its first sequence, (H,), and the states before, for the first exercise.
# The notebook calls them by these letters.
I, F, G, O = (gate[0, 0] for gate in _step[:4])  # noqa: E741
OLD_C = C_BEFORE[0]
OLD_H = H_BEFORE[0]


def _identity(value: np.ndarray) -> np.ndarray:
    return value


def _hidden(
    i=I, f=F, before=OLD_C, product=np.multiply, around=_identity, squash=np.tanh
) -> np.ndarray:
    """The answer of the first exercise; the arguments spoil it."""
    c = around(product(f, before) + product(i, G))
    return O * squash(c)


hidden = Exercise(
    hint=(
        "first the new cell, the old one times f plus the candidate times i; then h is tanh of "
        "it, times o. Every product goes place by place."
    ),
    right=_hidden,
    why=(
        "Nothing squashes c on its way through time: with f = 1 and i = 0 it is carried on "
        "unchanged, and so is its gradient, as the notebook on backpropagation through time shows."
    ),
    mistakes={
        "tanh left off": Mistake(
            lambda: _hidden(squash=_identity),
            "the tanh is missing on the way from the cell to h: h = o ∘ tanh(c).",
        ),
        "h for c": Mistake(
            lambda: _hidden(before=OLD_H),
            "you put the old hidden state h where the old cell c belongs: c = f ∘ c_before + i ∘ "
            "g.",
        ),
        "dot product": Mistake(
            lambda: _hidden(product=np.dot),
            "that has a dot product in it, one number for all units; gates multiply place by "
            "place: use *.",
        ),
        "dot product at the end": Mistake(
            lambda: np.dot(O, np.tanh(F * OLD_C + I * G)),
            "the last product is a dot product, one number; h has a place for each unit: use *.",
        ),
        "i and f swapped": Mistake(
            lambda: _hidden(i=F, f=I),
            "i and f are swapped: f keeps the old cell, i lets the candidate in.",
        ),
        "cell squashed": Mistake(
            lambda: _hidden(around=sigmoid),
            "you put a sigmoid around the cell: then it forgets even where f is 1. Nothing stands "
            "around f ∘ c + i ∘ g.",
        ),
        "the cell itself": Mistake(
            lambda: F * OLD_C + I * G,
            "that is the new cell c, and it is right; h shows it through the output gate: o ∘ "
            "tanh(c).",
        ),
        "old cell shown": Mistake(
            lambda: O * np.tanh(OLD_C),
            "o shows the new cell, and you showed the old one: make c first.",
        ),
    },
)


def _one(
    order="ifgo", recurrent=1, bias=1, candidate=np.tanh, squash=np.tanh, before=C_BEFORE
) -> tuple[np.ndarray, np.ndarray]:
    """The answer of the second exercise; the arguments spoil it."""
    a = X @ W + recurrent * H_BEFORE @ U + bias * BIAS
    blocks = dict(zip(order, np.split(a, 4, axis=-1)))
    i = sigmoid(blocks["i"])
    f = sigmoid(blocks["f"])
    g = candidate(blocks["g"])
    o = sigmoid(blocks["o"])
    c = f * before + i * g
    return o * squash(c), c


def _stacked(states: Iterable) -> np.ndarray:
    return np.stack([np.asarray(state, float) for state in states])


step = Exercise(
    hint=(
        "z = x @ W + h @ U + b has four blocks side by side, i, f, g, o; np.split(z, 4, axis=-1) "
        "gives them. Squash i, f, o by the sigmoid and g by tanh."
    ),
    right=lambda: np.stack(_one()),
    why=(
        "This is the whole layer: what a library adds is a loop over time. You could load the "
        "weights of any Keras LSTM into your function now."
    ),
    call=lambda function: _stacked(function(X, H_BEFORE, C_BEFORE, W, U, BIAS)),
    mistakes={
        "order i, f, o, g": Mistake(
            lambda: _one(order="ifog"),
            "you read the blocks as i, f, o, g; Keras's order is i, f, g, o.",
        ),
        "order f, i, g, o": Mistake(
            lambda: _one(order="figo"),
            "you read the blocks as f, i, g, o; Keras's order is i, f, g, o.",
        ),
        "order i, g, f, o": Mistake(
            lambda: _one(order="igfo"),
            "you read the blocks as i, g, f, o; Keras's order is i, f, g, o.",
        ),
        "order i, o, f, g": Mistake(
            lambda: _one(order="iofg"),
            "you read the blocks as i, o, f, g; Keras's order is i, f, g, o.",
        ),
        "no recurrent term": Mistake(
            lambda: _one(recurrent=0),
            "the recurrent term h @ U is missing: the gates do not see the past yet.",
        ),
        "no bias": Mistake(lambda: _one(bias=0), "the bias b is missing."),
        "candidate by sigmoid": Mistake(
            lambda: _one(candidate=sigmoid),
            "the candidate g goes through tanh, not the sigmoid: it may take away from the cell "
            "as well as add.",
        ),
        "tanh left off": Mistake(
            lambda: _one(squash=_identity), "h lacks its tanh: h = o ∘ tanh(c)."
        ),
        "h for c": Mistake(
            lambda: _one(before=H_BEFORE),
            "you put the old hidden state h where the old cell c belongs: c = f ∘ c_before + i ∘ "
            "g.",
        ),
        "c before h": Mistake(
            lambda: _one()[::-1], "these are the right two, the other way round: return (h, c)."
        ),
    },
)
