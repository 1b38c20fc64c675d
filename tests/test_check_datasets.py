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
    assert four_corpora.distinct.mistakes[
        "joined by a line break"
    ].make() == lyric_measures.distinct(["tralala\ntra"], 2)
    assert four_corpora.distinct.mistakes["single characters"].make() == lyric_measures.distinct(
        ["tralala", "tra"], 1
    )


@pytest.mark.parametrize(
    "answer, verdict, word",
    [
        ([2.4], "Right.", "Two sizes"),
        (np.array([2.4]), "Right.", "Two sizes"),
        ("2.4", "Right.", "Two sizes"),
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
        (0.6, "Not yet:", "by a line break"),
        ("6/10", "Not yet:", "by a line break"),
        ("6/8", "Not yet:", "in both texts"),
        ("50 %", "Right.", "equal amounts"),
        (50, "Not yet:", "with a per cent sign"),
        (55.6, "Not yet:", "per cent need their sign"),
        (4 / 9, "Not yet:", "8 runs, not 9"),
        ("1/2", "Right.", "equal amounts"),
    ],
)
def test_distinct(answer, verdict, word):
    found = four_corpora.distinct.verdict(answer)
    assert found.startswith(verdict) and word in found


ONE, OTHER = ["tralala", "tra"], ["la", "li"]


def test_equal_amounts_are_those_of_the_library():
    found = four_corpora.equal_amounts.right(ONE, OTHER, 2)
    assert found == (lyric_measures.distinct(["tral"], 2), lyric_measures.distinct(["lali"], 2))
    # the function of the notebook, which is to be repaired
    unfair = four_corpora.equal_amounts.mistakes["not cut"].make(ONE, OTHER, 2)
    assert unfair[0] < found[0] == 1


def by_length(one, other, n):
    texts = ["".join(one), "".join(other)]
    shortest = min(texts, key=len)
    return [lyric_measures.distinct([text[: len(shortest)]], n) for text in texts]


def swapped(one, other, n):
    return by_length(other, one, n)


def fixed(one, other, n):
    return [lyric_measures.distinct(["".join(texts)[:6]], n) for texts in (one, other)]


def printing(one, other, n):
    print(by_length(one, other, n))


def cut_first_only(one, other, n):
    first, second = "".join(one), "".join(other)
    return lyric_measures.distinct([first[: len(second)]], n), lyric_measures.distinct([second], n)


def shorter_as_a_list(one, other, n):
    first, second = "".join(one), "".join(other)
    if len(first) > len(second):
        return lyric_measures.distinct([first[: len(second)]], n), lyric_measures.distinct(other, n)
    return lyric_measures.distinct(one, n), lyric_measures.distinct([second[: len(first)]], n)


def lists_cut(one, other, n):
    length = min(len("".join(one)), len("".join(other)))
    shares = []
    for texts in (one, other):
        ends = np.cumsum([0, *map(len, texts)])
        cut = [text[: max(0, length - end)] for text, end in zip(texts, ends)]
        shares.append(lyric_measures.distinct(cut, n))
    return shares


def one_too_short(one, other, n):
    length = min(len("".join(one)), len("".join(other)))
    return [lyric_measures.distinct(["".join(texts)[: length - 1]], n) for texts in (one, other)]


def each_text_cut(one, other, n):
    length = min(len(text) for text in one + other)
    cut = [[text[:length] for text in texts] for texts in (one, other)]
    return [lyric_measures.distinct(["".join(texts)], n) for texts in cut]


def at_most_1000(one, other, n):
    first, second = "".join(one), "".join(other)
    length = min(len(first), len(second), 1000)
    return [lyric_measures.distinct([text[:length]], n) for text in (first, second)]


def first_200_of_each(one, other, n):
    return by_length([text[:200] for text in one], [text[:200] for text in other], n)


@pytest.mark.parametrize(
    "answer, verdict, word",
    [
        (by_length, "Right.", "equal amounts"),
        (at_most_1000, "Not yet:", "share"),
        (first_200_of_each, "Not yet:", "first 200 characters"),
        (lambda *case: np.array(by_length(*case)), "Right.", "equal amounts"),
        (lambda *case: [100 * share for share in by_length(*case)], "Not yet:", "times 100"),
        (shorter_as_a_list, "Not yet:", "the shorter set is not joined"),
        (lists_cut, "Not yet:", "are not joined"),
        (swapped, "Not yet:", "another order"),
        (fixed, "Not yet:", "fixed"),
        (printing, "Not yet:", "printed, but returned nothing"),
        (cut_first_only, "Not yet:", "never other"),
        (one_too_short, "Not yet:", "one character too short"),
        (each_text_cut, "Not yet:", "every single text"),
        (lambda one, other, n: by_length(one, other, n)[0], "Not yet:", "return two numbers"),
        (lambda *case: tuple(by_length(*case)) * 2, "Not yet:", "return two numbers"),
        (by_length(ONE, OTHER, 2), "Not yet:", "give the function itself"),
        ("by_length", "Not yet:", "function"),
    ],
)
def test_equal_amounts(answer, verdict, word):
    found = four_corpora.equal_amounts.verdict(answer)
    assert found.startswith(verdict) and word in found, found


@pytest.mark.parametrize("name", four_corpora.equal_amounts.mistakes)
def test_a_mistake_of_equal_amounts_is_named(name):
    mistake = four_corpora.equal_amounts.mistakes[name]
    assert four_corpora.equal_amounts.verdict(mistake.make) == "Not yet: " + mistake.message
