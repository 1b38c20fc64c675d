"""The answers of notebook 04 are those of the library, and functions that readers would write are led on."""

import numpy as np
import pytest

from lyricgen import metrics
from lyricgen.check import datasets


def test_the_answers_are_those_of_the_library():
    assert datasets.two_sizes.right() == 8 * (50_000 - 41_000) / 30_000
    assert (
        datasets.distinct.right() == metrics.distinct(["tralala", "tra"], 2)
        and metrics.distinct(["tralala"], 2) == 4 / 6
    )
    assert datasets.distinct.mistakes["joined"].make() == metrics.distinct(["tralalatra"], 2)
    assert datasets.distinct.mistakes["single characters"].make() == metrics.distinct(
        ["tralala", "tra"], 1
    )
    assert np.allclose(datasets.P.sum(axis=1), 1)


def test_the_price_is_how_much_likelier_a_poem_is_under_the_masks():
    p, masks, drawn = datasets.P, datasets.MASKS, [1, 3, 1]
    under = p * masks / np.sum(p * masks, axis=1, keepdims=True)
    ratio = np.prod([under[t, w] / p[t, w] for t, w in enumerate(drawn)])
    assert np.log2(ratio) == pytest.approx(datasets.price.right())


def test_a_function_of_a_reader_is_called():
    assert datasets.price.verdict(
        lambda p, masks: -sum(np.log2(row[mask].sum()) for row, mask in zip(p, masks))
    ).startswith("Right.")
    assert "take log2" in datasets.price.verdict(lambda p, masks: -np.log((p * masks).sum(1)).sum())
    assert "should be a function" in datasets.price.verdict(3.0)
    assert "raised IndexError" in datasets.price.verdict(lambda p, masks: p[9])
