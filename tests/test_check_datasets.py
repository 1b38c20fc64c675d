"""The exercises of lyrics_across_datasets: their answers are the library's."""

import numpy as np
import pytest

from lyricgen.exercises import lyrics_across_datasets
from lyricgen.lyrics import measures as lyric_measures


def test_the_answers_are_those_of_the_library():
    assert lyrics_across_datasets.two_sizes.right() == 8 * (50_000 - 41_000) / 30_000
    assert (
        lyrics_across_datasets.distinct.right() == lyric_measures.distinct(["tralala", "tra"], 2)
        and lyric_measures.distinct(["tralala"], 2) == 4 / 6
    )
    assert lyrics_across_datasets.distinct.mistakes["joined"].make() == lyric_measures.distinct(
        ["tralalatra"], 2
    )
    assert lyrics_across_datasets.distinct.mistakes[
        "single characters"
    ].make() == lyric_measures.distinct(["tralala", "tra"], 1)
    assert np.allclose(lyrics_across_datasets.P.sum(axis=1), 1)


def test_the_price_is_how_much_likelier_a_poem_is_under_the_masks():
    p, masks, drawn = lyrics_across_datasets.P, lyrics_across_datasets.MASKS, [1, 3, 1]
    under = p * masks / np.sum(p * masks, axis=1, keepdims=True)
    ratio = np.prod([under[t, w] / p[t, w] for t, w in enumerate(drawn)])
    assert np.log2(ratio) == pytest.approx(lyrics_across_datasets.price.right())


def test_a_function_of_a_reader_is_called():
    assert lyrics_across_datasets.price.verdict(
        lambda p, masks: -sum(np.log2(row[mask].sum()) for row, mask in zip(p, masks))
    ).startswith("Right.")
    assert "take log2" in lyrics_across_datasets.price.verdict(
        lambda p, masks: -np.log((p * masks).sum(1)).sum()
    )
    assert "should be a function" in lyrics_across_datasets.price.verdict(3.0)
    assert "raised IndexError" in lyrics_across_datasets.price.verdict(lambda p, masks: p[9])
