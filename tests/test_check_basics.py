"""The exercises of start_here and notation judge the answers that readers gave."""

import numpy as np
import pytest

from lyricgen.exercises import notation, start_here
from lyricgen.models.lstm.gradient_check import numerical_gradient

P = start_here.P


def softmax(values: np.ndarray) -> np.ndarray:
    """The exponentials, divided by their sum."""
    return np.exp(values) / np.exp(values).sum()


@pytest.mark.parametrize(
    "answer, verdict, word",
    [
        ([0.658, 0.237, 0.105], "Right.", "likelier"),
        ([0.6579, 0.2368, 0.1053], "Right.", "likelier"),
        ([65.8, 23.7, 10.5], "Right.", "likelier"),
        (["65.8 %", "23.7 %", "10.5 %"], "Right.", "likelier"),
        (P * 0.5, "Not yet:", "multiplied by the temperature"),
        (P / 0.5, "Not yet:", "divided the probabilities"),
        (P, "Not yet:", "changes nothing"),
        (P**2, "Not yet:", "do not add up to 1 yet"),
        ([1, 0.36, 0.16], "Not yet:", "divided the squares by the largest"),
        (P**0.5, "Not yet:", "add up to 1"),
        (P**0.5 / (P**0.5).sum(), "Not yet:", "temperature 2"),
        (softmax(P * 0.5), "Not yet:", "softmax of the probabilities"),
    ],
)
def test_sharpen(answer, verdict, word):
    found = start_here.sharpen.verdict(answer)
    assert found.startswith(verdict) and word in found


@pytest.mark.parametrize(
    "answer, verdict, word",
    [
        (2.25, "Right.", "1, 2, 4 and 2 bits"),
        ("9/4", "Right.", "1, 2, 4 and 2 bits"),
        ("2.25 bits", "Right.", "1, 2, 4 and 2 bits"),
        ("2,25 bits per character", "Right.", "1, 2, 4 and 2 bits"),
        ("2.25 nats", "Not yet:", "text"),
        (2.0, "Not yet:", "median"),
        (2, "Not yet:", "median"),
        (1.75, "Not yet:", "entropy"),
        (3, "Not yet:", "there are four characters"),
        (2.33, "Not yet:", "counts twice"),
        (4.76, "Not yet:", "perplexity"),
        (9, "Not yet:", "divide by their number"),
        (1.56, "Not yet:", "base 2"),
        (1.91, "Not yet:", "mean of the four costs"),
        (-2.25, "Not yet:", "minus sign"),
    ],
)
def test_cost(answer, verdict, word):
    found = start_here.cost.verdict(answer)
    assert found.startswith(verdict) and word in found, found


@pytest.mark.parametrize("answer", [[1.75], "1.75", np.array([1.75]), 7 / 4])
def test_bits_in_any_wrapping(answer):
    assert notation.bits.verdict(answer).startswith("Right.")


@pytest.mark.parametrize("answer", [(2, 4), [2, 4], "(2, 4)", np.array([2, 4])])
def test_a_shape_as_tuple_list_or_text(answer):
    assert notation.shapes.verdict(answer).startswith("Right.")


@pytest.mark.parametrize("answer", [1.75, np.array([[1.75]]), "1,75", "7/4"])
def test_bits_by_hand(answer):
    assert notation.bits.verdict(answer).startswith("Right.")


@pytest.mark.parametrize("answer", ["one and three quarters", "x"])
def test_a_text_that_is_no_number_is_named(answer):
    assert notation.bits.verdict(answer).startswith("Not yet: you gave text.")


def test_the_messages_on_bits_speak_of_characters():
    texts = [notation.bits.hint, notation.bits.why]
    texts += [mistake.message for mistake in notation.bits.mistakes.values()]
    assert not [text for text in texts if "event" in text]


def test_a_lost_sign_of_the_elementwise_product():
    assert "you lost a sign" in notation.product.verdict([4, 0, 3])


@pytest.mark.parametrize(
    "answer, verdict, word",
    [
        (42, "Right.", "Backpropagation"),
        ("42", "Right.", "Backpropagation"),
        ([42.0], "Right.", "Backpropagation"),
        (2 * 7, "Not yet:", "multiply by it"),
        (2 * 2 * 3, "Not yet:", "2w"),
        (-42, "Not yet:", "not it"),
    ],
)
def test_the_chain_rule_for_numbers(answer, verdict, word):
    found = notation.chain.verdict(answer)
    assert found.startswith(verdict) and word in found


@pytest.mark.parametrize(
    "answer, verdict, word",
    [
        ([[7, 3], [2, 0]], "Right.", "outer product"),
        (np.array([[7.0, 3.0], [2.0, 0.0]]), "Right.", "outer product"),
        (notation.X @ notation.DA, "Not yet:", "transpose x"),
        ([[7, 2], [3, 0]], "Not yet:", "a row for each input"),
        ([7, 3, 2, 0], "Not yet:", "their shape is (4,)"),
        (notation.X.T @ notation.DA / 2, "Not yet:", "mean"),
        ([[7, 3], [2, 1]], "Not yet:", "3 of 4"),
        ("[[7, 3], [2, 0]]", "Right.", "outer product"),
        ("[[7,3],[2,0]]", "Right.", "outer product"),
        ("((7, 3), (2, 0))", "Right.", "outer product"),
        (str(notation.X.T @ notation.DA), "Right.", "outer product"),
        ("[[7, 3], [2]]", "Not yet:", "you gave text"),
        (-notation.X.T @ notation.DA, "Not yet:", "no minus sign"),
        (notation.X.T * notation.DA, "Not yet:", "`@`"),
    ],
)
def test_the_chain_rule_for_matrices(answer, verdict, word):
    found = notation.matrix_chain.verdict(answer)
    assert found.startswith(verdict) and word in found


def test_a_measured_gradient_is_right():
    w = np.array([2.0])
    measured = numerical_gradient(lambda: float((3 * w[0] + 1) ** 2), w)
    assert measured != 42 and notation.chain.verdict(measured).startswith("Right.")
    W = np.random.default_rng(0).normal(size=(2, 2))
    measured = numerical_gradient(lambda: float(np.sum(notation.X @ W * notation.DA)), W)
    assert not np.array_equal(measured, notation.X.T @ notation.DA)
    assert notation.matrix_chain.verdict(measured).startswith("Right.")
