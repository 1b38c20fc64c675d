"""The exercises of the notebook faster_lstm."""

from __future__ import annotations

from typing import Any

import numpy as np

from lyricgen.exercises import Exercise, Mistake, read_numbers
from lyricgen.models.lstm.cell import sigmoid

# Sequences in a batch, steps in a sequence, tokens in the vocabulary; the sizes of an
# input and of the hidden state.
B, T, V = 64, 32, 90
D, H = 64, 512


def _swish_gradient(x: np.ndarray, dy: np.ndarray) -> np.ndarray:
    s = sigmoid(x)
    return dy * (s + x * s * (1 - s))


def _without_dy(x: np.ndarray, dy: np.ndarray) -> np.ndarray:
    return _swish_gradient(x, np.ones_like(dy))


def _first_term(x: np.ndarray, dy: np.ndarray) -> np.ndarray:
    return dy * sigmoid(x)


def _second_term(x: np.ndarray, dy: np.ndarray) -> np.ndarray:
    s = sigmoid(x)
    return dy * x * s * (1 - s)


def _of_the_sigmoid(x: np.ndarray, dy: np.ndarray) -> np.ndarray:
    s = sigmoid(x)
    return dy * s * (1 - s)


def _of_y(x: np.ndarray, dy: np.ndarray) -> np.ndarray:
    """The value y in the place of s: s (1 - s) is the derivative of s only."""
    y = x * sigmoid(x)
    return dy * y * (1 - y)


def _says_nan(gradient: Any) -> str | None:
    numbers = read_numbers(gradient)
    if numbers is None or numbers.shape != POINTS.shape:
        return None
    at_the_ends = numbers[[0, -1]]
    if not np.isnan(at_the_ends).any():
        return None
    return (
        "it is nan for x = -100 or x = 100. The cause is exp(100), which is too large for float32 "
        "and becomes inf: write the derivative by s = tf.sigmoid(x), which lies between 0 and 1."
    )


# One array that has numbers at both ends of float32's range, and one with two axes.
POINTS = np.array([-100, -2, 0, 1.5, 100], np.float32)
MORE_POINTS = np.array([[0.5, -1, 3], [2, -0.25, -4]], np.float32)

swish = Exercise(
    form="a function of x and dy that returns the gradient with respect to x",
    hint=(
        "by the product rule the derivative of x s is s + x s', and the derivative of the sigmoid "
        "is s' = s (1 - s). The chain rule multiplies all of it by dy."
    ),
    right=_swish_gradient,
    why=(
        "With a stable sigmoid nothing overflows, and it is a number for x = -100 as well. Under "
        "tf.custom_gradient TensorFlow calls it in place of the derivatives on its tape."
    ),
    mistakes={
        "no dy": Mistake(
            _without_dy,
            "that is the derivative of y. The chain rule multiplies it by dy, the gradient of the "
            "loss with respect to y.",
        ),
        "first term": Mistake(
            _first_term,
            "x occurs twice in x s: by the product rule there is a second term, x s (1 - s).",
        ),
        "second term": Mistake(
            _second_term,
            "x occurs twice in x s: by the product rule there is a term for the factor x as well, "
            "which is s.",
        ),
        "sigmoid": Mistake(
            _of_the_sigmoid,
            "that is the gradient of the sigmoid alone; y is x times the sigmoid.",
        ),
        "y for s": Mistake(
            _of_y,
            "y (1 - y) would be the derivative if y were a sigmoid; y is x times a sigmoid.",
        ),
        "value": Mistake(
            lambda x, dy: x * sigmoid(x),
            "that is the value y. The inner function returns the gradient with respect to x.",
        ),
        "value and gradient": Mistake(
            lambda x, dy: (x * sigmoid(x), _swish_gradient(x, dy)),
            "the inner function returns the gradient alone; the value y belongs to the outer one.",
        ),
        "exchanged": Mistake(
            lambda x, dy: _swish_gradient(dy, x),
            "the arguments are exchanged: x comes first, and then dy.",
        ),
    },
    when=_says_nan,
    cases=(
        (POINTS, np.array([1, -2, 0.5, 3, -1], np.float32)),
        (MORE_POINTS, np.array([[2, 1.5, -1], [0.5, -3, 4]], np.float32)),
    ),
)


def _left(f: np.ndarray) -> np.ndarray:
    return np.cumprod(f, axis=0)


def _written_first(f: np.ndarray) -> np.ndarray:
    return np.concatenate([np.ones_like(f[:1]), _left(f)[:-1]])


def _first_step_left_out(f: np.ndarray) -> np.ndarray:
    return np.concatenate([np.zeros_like(f[:1]), _left(f[1:])])


def _last_step_left_out(f: np.ndarray) -> np.ndarray:
    return np.concatenate([_left(f)[:-1], np.zeros_like(f[:1])])


F_GATES = (
    np.array([[0.5, 0.9], [0.8, 0.7], [0.25, 1.0]], np.float32),
    np.array([[0.9], [0.6], [0.75], [0.95], [0.3]], np.float32),
)

# The operations of a loop in TensorFlow's record, and of a write into a TensorArray.
LOOPS = ("While", "StatelessWhile")
WRITE = "TensorListSetItem"


def _loop_is_missing(left: Any) -> str | None:
    """Names what a function lacks whose results are right, from TensorFlow's record."""
    if not hasattr(left, "get_concrete_function"):
        return (
            "the numbers are right, but nothing is recorded: `@tf.function` above your function is "
            "missing. Without it a loop runs in Python, one step after the other."
        )
    record = left.get_concrete_function(F_GATES[0]).graph.as_graph_def()
    # The bodies of loops, and the functions that are called, have nodes of their own.
    nodes_of = {function.signature.name: function.node_def for function in record.library.function}
    nodes = [*record.node, *(node for inner in nodes_of.values() for node in inner)]
    bodies = [node.attr["body"].func.name for node in nodes if node.op in LOOPS]
    if any(node.op == WRITE for body in bodies for node in nodes_of[body]):
        return None
    if bodies:
        return (
            "the numbers are right, but the body of your loop writes into no TensorArray. A tensor "
            "that grows or is changed in each step is copied in each step; write() copies nothing."
        )
    if any(node.op.startswith("Cum") for node in nodes):
        return (
            "the numbers are right, and tf.math has one operation for all steps, without a loop. "
            "But for the step of an LSTM it has none: here tf.while_loop is to be practised."
        )
    return (
        "the numbers are right, but there is no loop in TensorFlow's record: a `for` over Python's "
        "range puts a copy of its body there for each step. Take tf.while_loop, or tf.range."
    )


def _not_stacked(result: Any) -> str | None:
    """Names an array of tensors that was returned as it is."""
    recorded = getattr(getattr(result, "dtype", None), "name", "") == "variant"
    if recorded or (hasattr(result, "stack") and hasattr(result, "write")):
        return (
            "your function returned the TensorArray itself: stack() makes one tensor of its places."
        )
    return None


# What TensorFlow and Python say of likely mistakes in a loop, and what it means.
ERRORS = {
    "out of bounds": (
        "your loop goes on too long: with T steps the last gate is f[T - 1], so the condition is "
        "t < T."
    ),
    "nested structure": (
        "the body has to return as many values as it receives, in the same order: the next t, the "
        "product and what write() returns. Is there a return in it?"
    ),
    "'NoneType' object is not iterable": (
        "the body returned nothing: it has to return the new values of its variables."
    ),
    "after one iteration": (
        "a variable of the loop changes its shape in the first step: the body has to return its "
        "variables in the order in which it receives them, and the product has H numbers from "
        "the start, as in tf.ones_like(f[0])."
    ),
    "item assignment": (
        "tensors never change, so that nothing can be put into a place of theirs: a TensorArray "
        "keeps what each step gives."
    ),
    "out of scope": (
        "something of the body was kept in a list or a variable of Python, and outside the loop it "
        "has no value: the body returns what is needed later, and a TensorArray keeps it."
    ),
}


def _name_error(error: Exception) -> str | None:
    """Says in words what an error of a loop means."""
    for part, message in ERRORS.items():
        if part in str(error):
            return message
    return None


left = Exercise(
    form="a function of f that returns an array of its shape, (T, H)",
    hint=(
        "take the loop of the notebook. The variable of the loop is a product of H numbers, which "
        "starts at 1, and the body multiplies it by f[t] before it writes it."
    ),
    right=_left,
    why=(
        "The loop has three variables, t, the product and the array, and each step makes new "
        "values of them. The loops of the module differ only in what is computed in a step."
    ),
    mistakes={
        "sums": Mistake(
            lambda f: np.cumsum(f, axis=0),
            "these are sums; each step multiplies c by its gate, so the share is a product.",
        ),
        "one more": Mistake(
            lambda f: 1 + np.cumsum(f, axis=0),
            "these are sums that start at 1; each step multiplies c by its gate.",
        ),
        "zeros": Mistake(
            np.zeros_like,
            "everything is 0: the product starts at 0 in place of 1, or the body returns the old "
            "array in place of what write() returns.",
        ),
        "written first": Mistake(
            _written_first,
            "you write the product before you multiply it by f[t]: place t has to hold the share "
            "after step t.",
        ),
        "first step": Mistake(
            _first_step_left_out,
            "the first gate is left out and place 0 is empty: t starts at 0.",
        ),
        "last step": Mistake(
            _last_step_left_out,
            "the last place is empty: the loop goes on as long as t < T.",
        ),
        "not carried": Mistake(
            lambda f: f,
            "that is f itself: the body has to return the new product, which the next step needs.",
        ),
        "final": Mistake(
            lambda f: np.prod(f, axis=0),
            "that is the product after the last step only: return stack() of the array.",
        ),
        "all numbers": Mistake(
            lambda f: np.prod(f),
            "you multiply the H units with each other too: each unit has a product of its own.",
        ),
        "backwards": Mistake(
            lambda f: np.cumprod(f[::-1], axis=0)[::-1],
            "the loop runs from the last step to the first; c passes the first gate first.",
        ),
    },
    when=_not_stacked,
    raised=_name_error,
    cases=tuple((f,) for f in F_GATES),
    also=_loop_is_missing,
)


def _ratio_of_times(answer: Any) -> str | None:
    """Names a number that the next cell may have measured."""
    number = read_numbers(answer, one=True)
    if number is not None and number.size == 1 and 1.5 < number.item() < 8:
        return (
            "is that a ratio of times? The factor of the multiplications is counted, from the "
            "three numbers of the exercise, and it is larger."
        )
    return None


def _with_factor(factor: int, name: str) -> Mistake:
    """A factor that both products have."""
    return Mistake(
        lambda: factor * B * T / V,
        f"{name} is a factor of both counts, with the table and without it, and cancels.",
    )


table = Exercise(
    form="one number, the factor, with three digits",
    hint=(
        "step by step, x W multiplies one row of D numbers for each token of the batch; the table "
        "multiplies one row for each token of the vocabulary. D and 4H are the same in both."
    ),
    right=lambda: B * T / V,
    why=(
        "2048 rows are multiplied without the table and 90 with it. The factor says nothing about "
        "time: the next cell measures what is left of it."
    ),
    mistakes={
        "inverse": Mistake(
            lambda: V / (B * T),
            "that is the share of the multiplications that is left; the factor is its inverse.",
        ),
        "steps alone": Mistake(
            lambda: T / V,
            "each of the 64 sequences of the batch has its own 32 tokens: there are B T rows.",
        ),
        "batch alone": Mistake(
            lambda: B / V,
            "each sequence has 32 tokens: there are B T rows without the table.",
        ),
        "rows": Mistake(
            lambda: B * T, "that is the number of rows without the table; it has V rows itself."
        ),
        "targets": Mistake(
            lambda: B * (T + 1) / V,
            "a line of 33 tokens gives 32 inputs, because the last token is only a target: T is "
            "32.",
        ),
        "saved": Mistake(
            lambda: 1 - V / (B * T),
            "that is the share of the multiplications that is saved; the factor is the number "
            "without the table divided by the number with it.",
        ),
        "saved in per cent": Mistake(
            lambda: 100 * (1 - V / (B * T)),
            "that is how many per cent of the multiplications are saved; the factor is the number "
            "without the table divided by the number with it.",
        ),
        "difference": Mistake(
            lambda: B * T - V,
            "that is how many rows are saved; a factor is a quotient.",
        ),
        "times D": _with_factor(D, "D"),
        "times 4": _with_factor(4, "the 4 of 4H"),
        "times H": _with_factor(H, "H"),
        "times 4H": _with_factor(4 * H, "4H"),
        "one product": Mistake(
            lambda: T,
            "one product in place of T saves no multiplication, since it has T times the rows; "
            "the table saves some because equal tokens share a row.",
        ),
    },
    when=_ratio_of_times,
)
