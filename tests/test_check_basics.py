"""The exercises of start_here and notation judge the answers that readers gave."""

import numpy as np
import pytest

from lyricgen.exercises import notation, start_here

P = start_here.P


def softmax(values: np.ndarray) -> np.ndarray:
    """The exponentials, divided by their sum."""
    return np.exp(values) / np.exp(values).sum()


@pytest.mark.parametrize(
    "answer, verdict, word",
    [
        ([0.658, 0.237, 0.105], "Right.", "likelier"),
        ([0.6579, 0.2368, 0.1053], "Right.", "likelier"),
        (P**0.5, "Not yet:", "add up to 1"),
        (P**0.5 / (P**0.5).sum(), "Not yet:", "temperature 2"),
        (softmax(P * 0.5), "Not yet:", "softmax of the probabilities"),
    ],
)
def test_sharpen(answer, verdict, word):
    found = start_here.sharpen.verdict(answer)
    assert found.startswith(verdict) and word in found


@pytest.mark.parametrize("answer", [[1.75], "1.75", np.array([1.75]), 7 / 4])
def test_bits_in_any_wrapping(answer):
    assert notation.bits.verdict(answer).startswith("Right.")


@pytest.mark.parametrize("answer", [(2, 4), [2, 4], "(2, 4)", np.array([2, 4])])
def test_a_shape_as_tuple_list_or_text(answer):
    assert notation.shapes.verdict(answer).startswith("Right.")
