"""The exercises of the notebook lstm_gates."""

from __future__ import annotations

from functools import partial

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

# The gates of one step, (H,), and the states before it, for the first exercise. The
# notebook calls them by these letters.
I, F, G, O = (gate[0, 0] for gate in _step[:4])  # noqa: E741
OLD_C = _step.c0[0]
OLD_H = _step.h0[0]


def _identity(value: np.ndarray) -> np.ndarray:
    return value


def _hidden(
    i=I, f=F, before=OLD_C, product=np.multiply, around=_identity, squash=np.tanh
) -> np.ndarray:
    """The answer of the first exercise; the arguments spoil it."""
    c = around(product(f, before) + product(i, G))
    return O * squash(c)


hidden = Exercise(
    form="an array of three numbers, one for each unit",
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


def _case(seed: int, B: int, D: int, H: int) -> tuple[np.ndarray, ...]:
    """The arguments of one step: x, h, c, W, U, b."""
    rng = np.random.default_rng(seed)
    shapes = ((B, D), (B, H), (B, H), (D, 4 * H), (H, 4 * H), (4 * H,))
    return tuple(rng.standard_normal(shape) for shape in shapes)


# D is unlike H, so that W and U cannot take each other's place.
CASES = (_case(11, 2, 5, 3), _case(12, 3, 2, 4))


def _one(
    *arguments,
    order="ifgo",
    recurrent=1,
    bias=1,
    gate=sigmoid,
    candidate=np.tanh,
    squash=np.tanh,
    shown="new",
) -> tuple[np.ndarray, np.ndarray]:
    """The answer of the second exercise; the arguments by name spoil it."""
    x, h, c, W, U, b = arguments
    a = x @ W + recurrent * h @ U + bias * b
    blocks = dict(zip(order, np.split(a, 4, axis=-1)))
    i = gate(blocks["i"])
    f = gate(blocks["f"])
    g = candidate(blocks["g"])
    o = gate(blocks["o"])
    c_new = f * c + i * g
    return o * squash(c_new if shown == "new" else c), c_new


step = Exercise(
    form="a function of x, h, c, W, U, b that returns the new h and c",
    hint=(
        "z = x @ W + h @ U + b has four blocks side by side, i, f, g, o; np.split(z, 4, axis=-1) "
        "gives them. Squash i, f, o by the sigmoid and g by tanh."
    ),
    right=lambda x, h, c, W, U, b: _one(x, h, c, W, U, b),
    why=(
        "This is the whole layer: what a library adds is a loop over time. You could load the "
        "weights of any Keras LSTM into your function now."
    ),
    cases=CASES,
    returns=("h", "c"),
    mistakes={
        "order i, f, o, g": Mistake(
            partial(_one, order="ifog"),
            "you read the blocks as i, f, o, g; Keras's order is i, f, g, o.",
        ),
        "order f, i, g, o": Mistake(
            partial(_one, order="figo"),
            "i and f are swapped: either you read the blocks as f, i, g, o, and Keras's order is "
            "i, f, g, o; or you multiplied the old cell by i and the candidate by f.",
        ),
        "order i, g, f, o": Mistake(
            partial(_one, order="igfo"),
            "you read the blocks as i, g, f, o; Keras's order is i, f, g, o.",
        ),
        "order i, o, f, g": Mistake(
            partial(_one, order="iofg"),
            "you read the blocks as i, o, f, g; Keras's order is i, f, g, o.",
        ),
        "W and U swapped": Mistake(
            lambda x, h, c, W, U, b: x @ U + h @ W,
            "W and U are swapped: x is multiplied by W of shape (D, 4H), h by U of shape (H, 4H).",
        ),
        "W and U swapped, h first": Mistake(
            lambda x, h, c, W, U, b: h @ W + x @ U,
            "W and U are swapped: x is multiplied by W of shape (D, 4H), h by U of shape (H, 4H).",
        ),
        "h from the old c": Mistake(
            partial(_one, shown="old"),
            "your h shows the old cell; h shows the new one: make c first, then h = o ∘ tanh(c).",
        ),
        "gates not squashed": Mistake(
            partial(_one, gate=_identity),
            "the sigmoids are missing: i, f and o are the sigmoid of their blocks, so that they "
            "lie between 0 and 1.",
        ),
        "nothing squashed": Mistake(
            partial(_one, gate=_identity, candidate=_identity),
            "the blocks are used as they are: the sigmoids of i, f and o are missing, and the tanh "
            "of g.",
        ),
        "no recurrent term": Mistake(
            partial(_one, recurrent=0),
            "the recurrent term h @ U is missing: the gates do not see the past yet.",
        ),
        "no bias": Mistake(partial(_one, bias=0), "the bias b is missing."),
        "candidate by sigmoid": Mistake(
            partial(_one, candidate=sigmoid),
            "the candidate g goes through tanh, not the sigmoid: it may take away from the cell "
            "as well as add.",
        ),
        "tanh left off": Mistake(
            partial(_one, squash=_identity), "h lacks its tanh: h = o ∘ tanh(c)."
        ),
        "h for c": Mistake(
            lambda x, h, c, W, U, b: _one(x, h, h, W, U, b),
            "you put the old hidden state h where the old cell c belongs: c = f ∘ c_before + i ∘ "
            "g.",
        ),
    },
)
