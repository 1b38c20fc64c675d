"""The exercises of the notebook lstm_gates."""

from __future__ import annotations

from functools import partial

import numpy as np

from lyricgen.exercises import Exercise, Mistake
from lyricgen.models.lstm.cell import lstm_step, sigmoid


def _case(seed: int, B: int, D: int, H: int) -> tuple[np.ndarray, ...]:
    """The arguments of one step: x (B, D), h, c (B, H), W, U (.., 4H), b (4H,)."""
    rng = np.random.default_rng(seed)
    shapes = ((B, D), (B, H), (B, H), (D, 4 * H), (H, 4 * H), (4 * H,))
    return tuple(rng.standard_normal(shape) for shape in shapes)


# The first exercise: the gates of one step of three units, (3,), and the states before
# it. The notebook calls them by these letters.
I = np.array([0.9, 0.2, 0.6])  # noqa: E741
F = np.array([0.5, 1.0, 0.1])
G = np.array([-0.8, 0.3, 0.7])
O = np.array([0.6, 0.9, 0.4])  # noqa: E741
OLD_C = np.array([0.4, -1.5, 2.0])
OLD_H = np.array([0.3, -0.7, 0.5])

# The arguments for the functions of the second and third: D is unlike H, so that W and
# U cannot take each other's place, and no two sizes of H are equal.
CASES = (_case(11, 2, 5, 3), _case(12, 3, 2, 4), _case(13, 1, 4, 2))


def _identity(value: np.ndarray) -> np.ndarray:
    return value


def _hidden(
    i=I, f=F, before=OLD_C, product=np.multiply, around=_identity, squash=np.tanh
) -> np.ndarray:
    """The answer of the first exercise; the arguments spoil it."""
    c = around(product(f, before) + product(i, G))
    return O * squash(c)


hidden = Exercise(
    form="an array of three numbers, the new hidden state of each unit",
    hint=(
        "first compute the new cell: the old cell times f, plus the candidate times i. Then h is "
        "o times the tanh of the new cell. Every product is elementwise."
    ),
    right=_hidden,
    why=(
        "The second unit has f = 1, so it keeps its whole old cell and only adds to it. Nothing "
        "bounds the cell itself; the tanh bounds what is shown of it."
    ),
    mistakes={
        "tanh left off": Mistake(
            lambda: _hidden(squash=_identity),
            "the tanh between the cell and h is missing: h = o ∘ tanh(c).",
        ),
        "h for c": Mistake(
            lambda: _hidden(before=OLD_H),
            "you used the old hidden state h in place of the old cell: c = f ∘ c_old + i ∘ g.",
        ),
        "dot product": Mistake(
            lambda: _hidden(product=np.dot),
            "you used a dot product, which gives one number for all units. Gates multiply "
            "elementwise: use *.",
        ),
        "dot product at the end": Mistake(
            lambda: np.dot(O, np.tanh(F * OLD_C + I * G)),
            "the last product is a dot product, which gives one number. h has a value for each "
            "unit: use *.",
        ),
        "i and f swapped": Mistake(
            lambda: _hidden(i=F, f=I),
            "i and f are swapped: f scales the old cell, and i scales the candidate.",
        ),
        "cell squashed": Mistake(
            lambda: _hidden(around=sigmoid),
            "you applied a sigmoid to the cell. The new cell is the sum f ∘ c_old + i ∘ g and "
            "nothing else.",
        ),
        "the cell itself": Mistake(
            lambda: F * OLD_C + I * G,
            "this is the new cell c, and it is right. One line is missing: h = o ∘ tanh(c).",
        ),
        "old cell shown": Mistake(
            lambda: O * np.tanh(OLD_C),
            "you applied o to the old cell. Compute the new cell first, then h = o ∘ tanh(c).",
        ),
        "no tanh and no gate": Mistake(
            lambda: np.tanh(F * OLD_C + I * G),
            "this is tanh(c), and the output gate is missing: h = o ∘ tanh(c).",
        ),
    },
)


def _step(*arguments, order="ifgo", gate=sigmoid, candidate=np.tanh, squash=np.tanh, shown="new"):
    """The answer of the second exercise; the arguments by name spoil it."""
    x, h, c, W, U, b = arguments
    blocks = dict(zip(order, np.split(x @ W + h @ U + b, 4, axis=-1)))
    c_new = gate(blocks["f"]) * c + gate(blocks["i"]) * candidate(blocks["g"])
    cell = c_new if shown == "new" else c
    return gate(blocks["o"]) * squash(cell), c_new


def _right(x, h, c, W, U, b):
    return lstm_step(x, h, c, W, U, b)


def _squashed_cell(x, h, c, W, U, b):
    """A step with a sigmoid around the cell."""
    i, f, g, o = np.split(x @ W + h @ U + b, 4, axis=-1)
    c_new = sigmoid(sigmoid(f) * c + sigmoid(i) * np.tanh(g))
    return sigmoid(o) * np.tanh(c_new), c_new


def _order(order: str, message: str) -> Mistake:
    """The mistake of blocks that are read in another order."""
    return Mistake(partial(_step, order=order), message)


READ_AS = "you read the blocks in the order {}. Keras's order is i, f, g, o."

STEP_MISTAKES = {
    "order f, i, g, o": _order(
        "figo",
        "either you read the blocks in the order f, i, g, o, or you swapped the roles of i and f. "
        "Keras's order is i, f, g, o, and c = f ∘ c_old + i ∘ g.",
    ),
    "order i, f, o, g": _order("ifog", READ_AS.format("i, f, o, g")),
    "order i, g, f, o": _order("igfo", READ_AS.format("i, g, f, o")),
    "order i, o, f, g": _order("iofg", READ_AS.format("i, o, f, g")),
    "W and U swapped": Mistake(
        lambda x, h, c, W, U, b: _step(x, h, c, U, W, b),
        "W and U are swapped: x @ W has the shapes (B, D)(D, 4H), and h @ U has (B, H)(H, 4H).",
    ),
    "no recurrent term": Mistake(
        lambda x, h, c, W, U, b: _step(x, h, c, W, 0 * U, b),
        "the recurrent term h @ U is missing, so the gates do not depend on the past.",
    ),
    "no bias": Mistake(
        lambda x, h, c, W, U, b: _step(x, h, c, W, U, 0 * b), "the bias b is missing."
    ),
    "no sigmoids": Mistake(
        partial(_step, gate=_identity),
        "the sigmoids are missing: i, f and o are σ(a_i), σ(a_f) and σ(a_o).",
    ),
    "candidate by sigmoid": Mistake(
        partial(_step, candidate=sigmoid),
        "the candidate g needs tanh and not the sigmoid, so that it may be negative.",
    ),
    "candidate as it is": Mistake(
        partial(_step, candidate=_identity), "the tanh of the candidate is missing: g = tanh(a_g)."
    ),
    "tanh left off": Mistake(
        partial(_step, squash=_identity), "the tanh of the cell is missing: h = o ∘ tanh(c)."
    ),
    "h from the old c": Mistake(
        partial(_step, shown="old"),
        "c is right, but h is computed from the old cell: h = o ∘ tanh(c) with the new c.",
    ),
    "h for c": Mistake(
        lambda x, h, c, W, U, b: _step(x, h, h, W, U, b),
        "you used the old hidden state h in place of the old cell: c = f ∘ c_old + i ∘ g.",
    ),
    "cell not carried on": Mistake(
        lambda x, h, c, W, U, b: _step(x, h, 0 * c, W, U, b),
        "the old cell is missing: c = f ∘ c_old + i ∘ g.",
    ),
    "cell squashed": Mistake(
        _squashed_cell,
        "you applied a sigmoid to the cell. The new cell is the sum f ∘ c_old + i ∘ g and "
        "nothing else.",
    ),
}

step = Exercise(
    form="a function of x, h, c, W, U, b that returns the new h and c",
    hint=(
        "a = x @ W + h @ U + b has the four blocks i, f, g, o side by side, and "
        "np.split(a, 4, axis=-1) separates them. Apply the sigmoid to a_i, a_f and a_o, and tanh "
        "to a_g."
    ),
    right=_right,
    why=(
        "This is a whole LSTM layer but for the loop over time. With the weights of a Keras LSTM "
        "your function computes what Keras computes."
    ),
    cases=CASES,
    returns=("h", "c"),
    mistakes=STEP_MISTAKES,
)


repair = Exercise(
    form="the corrected function of x, h, c, W, U, b, which returns the new h and c",
    hint=(
        "compare h and c of the function with those of lstm_cell.lstm_step, once with all weights "
        "and once with U = 0 and h = 0. One mistake is in the order of the blocks, the other one "
        "in the order of two lines."
    ),
    right=_right,
    why=(
        "Both results were wrong: c because the first two blocks were swapped, and h because it "
        "was computed before the new cell, and so from the old one. No shape showed it."
    ),
    cases=CASES,
    returns=("h", "c"),
    mistakes={
        "nothing repaired": Mistake(
            partial(_step, order="figo", shown="old"),
            "both mistakes are still there. Which line gives c, and is that c right?",
        ),
        "blocks repaired": Mistake(
            partial(_step, shown="old"),
            "c is right now, and h is not: which cell does the line of h use?",
        ),
        "lines repaired": Mistake(
            partial(_step, order="figo"),
            "h is computed from the new cell now, but c is still wrong: in which order does Keras "
            "store the blocks?",
        ),
        **{
            name: mistake
            for name, mistake in STEP_MISTAKES.items()
            if name not in ("order f, i, g, o", "h from the old c")
        },
    },
)
