"""The self-check of the notebook notation."""

from __future__ import annotations

import numpy as np

from lyricgen.exercises import Exercise, Mistake

A = np.array([1, 2, 3])
B = np.array([4, 0, -1])

# Two examples with two inputs each, and the gradient of two outputs.
X = np.array([[1, 2], [3, 0]])
DA = np.array([[1, 0], [2, 1]])


shapes = Exercise(
    form="a tuple, as (5, 6) is one",
    hint=(
        "a matrix product (B, D) @ (D, H) sums over D and leaves (B, H); adding b of shape (H,) "
        "changes no shape."
    ),
    right=lambda: (2, 4),
    why=(
        "An LSTM is this product, four times side by side: x of shape (B, D) times W of shape (D, "
        "4H)."
    ),
    mistakes={
        "D left in": Mistake(
            lambda: (2, 3),
            "that is the shape of x itself: the product sums over D = 3 and puts H = 4 in its "
            "place.",
        ),
        "shape of W": Mistake(
            lambda: (3, 4),
            "that is the shape of W: the result has a row for each of the 2 examples.",
        ),
        "three dimensions": Mistake(
            lambda: (2, 3, 4),
            "nothing is summed there: a matrix product sums over the size that both share, D = 3.",
        ),
        "transposed": Mistake(
            lambda: (4, 2), "the batch comes first everywhere in this course: (B, H), not (H, B)."
        ),
    },
)


product = Exercise(
    form="a list of numbers",
    hint="multiply first by first, second by second, third by third: the result is a vector again.",
    right=lambda: A * B,
    why=(
        "The gates of an LSTM multiply in this way: each number of the gate opens or shuts one "
        "number of the cell."
    ),
    mistakes={
        "dot product": Mistake(
            lambda: A @ B,
            "that is the dot product, one number: it adds up what the elementwise product keeps "
            "apart.",
        ),
        "outer product": Mistake(
            lambda: np.outer(A, B),
            "that is the outer product, a matrix: only equal places are multiplied here.",
        ),
        "sign lost": Mistake(
            lambda: A * np.abs(B),
            "you lost a sign: the last number of b is -1, and 3 times -1 is -3.",
        ),
        "sum": Mistake(lambda: A + B, "that is the sum; the circle in a ∘ b stands for a product."),
    },
)


bits = Exercise(
    form="one number",
    hint=(
        "the cost of a character of probability p is -log2(p) bits; the mean is taken over the "
        "four characters."
    ),
    right=lambda: 1.75,
    why=(
        "A model that gives a character the probability 1/8 pays 3 bits for it. Bits per "
        "character, the measure of every language model here, is this mean."
    ),
    mistakes={
        "nats": Mistake(
            lambda: 1.75 * np.log(2),
            "these are nats: you took the natural logarithm. Divide by log(2), or use log2.",
        ),
        "sum": Mistake(
            lambda: 7.0, "that is the sum over the four characters; the measure is the mean."
        ),
        "sign": Mistake(
            lambda: -1.75,
            "the logarithm of a probability is negative, and a cost is its negative: turn the "
            "sign.",
        ),
        "log of the mean": Mistake(
            lambda: -np.log2(np.mean([1 / 2, 1 / 4, 1 / 8, 1 / 2])),
            "that is the logarithm of the mean; take the mean of the logarithms.",
        ),
        "perplexity": Mistake(
            lambda: 2**1.75, "that is the perplexity, 2 to the power of the answer."
        ),
    },
)


chain = Exercise(
    form="one number",
    hint="dy/dw = dy/da da/dw: take each of the two derivatives where it belongs, at a = 7.",
    right=lambda: 42,
    why=(
        "Backpropagation is this product, once for each operation between a weight and the loss: "
        "here 14 times 3."
    ),
    mistakes={
        "outer only": Mistake(
            lambda: 14, "that is dy/da alone; a changes by 3 where w changes by 1: multiply by it."
        ),
        "inner only": Mistake(lambda: 3, "that is da/dw alone; multiply it by dy/da = 2a."),
        "sum": Mistake(lambda: 17, "you added the two derivatives; the chain rule multiplies."),
        "value": Mistake(
            lambda: 49, "that is y itself; its derivative with respect to w is asked."
        ),
        "outer at w": Mistake(
            lambda: 12, "you took 2w for dy/da; the derivative of a² is 2a, with a = 7."
        ),
        "bias lost": Mistake(
            lambda: 36, "you left out the 1 in a = 3w + 1: at w = 2, a is 7 and not 6."
        ),
    },
)


matrix_chain = Exercise(
    form="an array of the shape of W, (2, 2), or a list of its rows",
    hint=(
        "dW has the shape of W: a row for each input and a column for each output. Its entry "
        "(i, j) is x[n, i] da[n, j], summed over the examples n."
    ),
    right=lambda: X.T @ DA,
    why=(
        "Each example adds the outer product of its input and its gradient, and the product with "
        "the transposed x does the sum. The gradients of W and U of an LSTM are this line."
    ),
    mistakes={
        "not transposed": Mistake(
            lambda: X @ DA,
            "that is x da, which sums over inputs and outputs; the sum runs over the examples: "
            "transpose x.",
        ),
        "transposed": Mistake(
            lambda: DA.T @ X,
            "that is the transpose of the answer: dW has a row for each input, as W has.",
        ),
        "other side": Mistake(
            lambda: DA @ X.T, "in da x^T the sum runs over the entries of a row: it is x^T da."
        ),
        "mean": Mistake(
            lambda: X.T @ DA / 2, "you took the mean over the examples; their parts are added."
        ),
        "elementwise": Mistake(
            lambda: X * DA,
            "you multiplied entry by entry; every input meets every output of its example.",
        ),
        "transposed, elementwise": Mistake(
            lambda: X.T * DA,
            "you multiplied the transposed x by da entry by entry; between them belongs a matrix "
            "product, `@`.",
        ),
        "sign": Mistake(
            lambda: -X.T @ DA,
            "that is the negative: a step of training goes against the gradient, and the gradient "
            "itself has no minus sign.",
        ),
        "not summed": Mistake(
            lambda: X[:, :, None] * DA[:, None, :],
            "these are the parts of the two examples; add them up.",
        ),
        "first example only": Mistake(
            lambda: np.outer(X[0], DA[0]), "that is the first example alone; add the second."
        ),
    },
)
