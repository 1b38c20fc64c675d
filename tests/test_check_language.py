"""The exercises of counting_words and writing_lyrics agree with the library."""

import numpy as np
import pytest

from lyricgen.exercises import counting_words, writing_lyrics
from lyricgen.lyrics import measures as lyric_measures
from lyricgen.models import sampling


def test_the_right_answers_are_those_of_the_library():
    bits = np.mean(-np.log2(counting_words.P))
    assert bits == 2.6 and np.isclose(
        counting_words.perplexity.right(), lyric_measures.perplexity(bits)
    )
    library = sampling.distribution(np.log(writing_lyrics.CHARACTERS), top_p=writing_lyrics.SHARE)
    assert np.allclose(writing_lyrics.top_p.right(), library) and np.count_nonzero(library) == 3
    mask = writing_lyrics.line_end.right()
    assert mask.dtype == bool and mask.shape == (
        len(writing_lyrics.DONE),
        len(writing_lyrics.TOKENS),
    )
    assert (
        np.flatnonzero(mask[:, 2]).tolist() == [2] and mask[2].sum() == 1 and not mask[:, :2].any()
    )


def test_masks_drawn_from_make_lines_of_one_length():
    done, rng, lines = np.array([0, 1]), np.random.default_rng(0), [[], []]
    for _ in range(24):
        full = done == 4
        mask = np.where(full[:, None], np.arange(8) == 2, np.arange(8) > 2)
        tokens = sampling.pick_token(
            sampling.distribution(np.zeros((2, 8)), mask=mask), rng.random(2)
        )
        done = np.where(tokens == 2, 0, done + 1)
        for line, token in zip(lines, tokens):
            line.append(int(token))
    for line, first in zip(lines, (4, 3)):
        ends = np.flatnonzero(np.array(line) == 2)
        assert ends[0] == first and set(np.diff(ends)) == {5}


def test_functions_of_a_reader_are_called_and_their_mistakes_named():
    def top_p(p, share):
        order = np.argsort(-p)
        p[order[np.cumsum(p[order]) > share]] = 0  # drops the one with which the share is reached
        return p / p.sum()

    assert "with which the share is reached" in writing_lyrics.top_p.verdict(top_p)
    assert "should be a function" in writing_lyrics.top_p.verdict([0.5])
    assert "raised IndexError" in writing_lyrics.top_p.verdict(lambda p, share: p[99])
    assert writing_lyrics.top_p.verdict(lambda p, share: np.sort(p)).startswith("Not yet")
    assert "the shape of your answer is (8,)" in writing_lyrics.line_end.verdict(
        lambda done, length, V: np.arange(V) == 2
    )
    integers = writing_lyrics.line_end.verdict(
        lambda done, length, V: np.where(
            (done == length)[:, None], np.arange(V) == 2, np.arange(V) > 2
        ).astype(int)
    )
    assert integers.startswith("Right."), "a mask of 0 and 1 is one, too"
    assert writing_lyrics.CHARACTERS.sum() == pytest.approx(1), (
        "a reader's function cannot change what is given"
    )


def test_the_price_is_how_much_likelier_a_poem_is_under_the_masks():
    p, masks, drawn = writing_lyrics.P, writing_lyrics.MASKS, [1, 3, 1]
    assert np.allclose(p.sum(axis=1), 1)
    under = p * masks / np.sum(p * masks, axis=1, keepdims=True)
    ratio = np.prod([under[t, w] / p[t, w] for t, w in enumerate(drawn)])
    assert np.log2(ratio) == pytest.approx(writing_lyrics.price.right())


def test_a_price_of_a_reader_is_called():
    assert writing_lyrics.price.verdict(
        lambda p, masks: -sum(np.log2(row[mask].sum()) for row, mask in zip(p, masks))
    ).startswith("Right.")
    assert "take log2" in writing_lyrics.price.verdict(
        lambda p, masks: -np.log((p * masks).sum(1)).sum()
    )
    assert "should be a function" in writing_lyrics.price.verdict(3.0)
    assert "raised IndexError" in writing_lyrics.price.verdict(lambda p, masks: p[9])
