"""The exercises of four_corpora: their answers are the library's."""

import numpy as np
import pytest

from lyricgen.exercises import four_corpora
from lyricgen.lyrics import measures as lyric_measures


def test_the_answers_are_those_of_the_library():
    assert four_corpora.two_sizes.right() == 8 * (50_000 - 41_000) / 30_000
    assert (
        four_corpora.distinct.right() == lyric_measures.distinct(["tralala", "tra"], 2)
        and lyric_measures.distinct(["tralala"], 2) == 4 / 6
    )
    assert four_corpora.distinct.mistakes["joined"].make() == lyric_measures.distinct(
        ["tralalatra"], 2
    )
    assert four_corpora.distinct.mistakes["single characters"].make() == lyric_measures.distinct(
        ["tralala", "tra"], 1
    )


@pytest.mark.parametrize(
    "answer, verdict, word",
    [
        ([2.4], "Right.", "two sizes"),
        (np.array([2.4]), "Right.", "two sizes"),
        ("2.4", "Right.", "two sizes"),
        (19.2, "Not yet:", "8 times too much"),
        (9000, "Not yet:", "in bytes"),
    ],
)
def test_two_sizes(answer, verdict, word):
    found = four_corpora.two_sizes.verdict(answer)
    assert found.startswith(verdict) and word in found


@pytest.mark.parametrize(
    "answer, verdict, word",
    [
        (8, "Not yet:", "all runs"),
        (0.8, "Not yet:", "the 10 characters"),
        ("50 %", "Right.", "equal amounts"),
        (50, "Right.", "equal amounts"),
        ("1/2", "Right.", "equal amounts"),
    ],
)
def test_distinct(answer, verdict, word):
    found = four_corpora.distinct.verdict(answer)
    assert found.startswith(verdict) and word in found
