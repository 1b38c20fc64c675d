"""The exercises of four_corpora: their answers are the library's."""

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
