"""English verse: syllables on paper, stanzas, and the words that fit into a line."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lyricgen.files import UserError
from lyricgen.lyrics import corpora, english, rhyme, verse


@pytest.mark.parametrize(
    "divided",
    [
        "mel-o-dy",
        "heav-en",
        "nev-er",
        "sis-ter",
        "hap-py",
        "let-ter",
        "some-thing",
        "love-ly",
        "li-on",
        "po-et",
        "be-ing",
        "chick-en",
        "sing-ing",
        "ex-ile",
        "e-qual",
        "quick-ly",
        "mu-sic",
        "a-gree",
        "hun-dred",
        "chil-dren",
        "moth-er",
        "fa-ther",
        "a-gain",
        "eve-ning",
        "wan-der'd",
        "bon-nie",
        "moun-tain",
        "daugh-ter",
        "beau-ti-ful",
        "vil-lage",
        "flow-er",
        "did-n't",
        "cas-tle",
        "lit-tle",
        "ta-ble",
        "an-swer",
        "watch-ing",
        "la-dies",
        "u-su-al",
        "u-ni-ted",
        "to-mor-row",
        "Scot-land",
        "spir-it",
        "crea-ture",
        "o'er",
        "heav'n",
        "strength",
        "I",
        # by rule, for the dictionary lacks them
        "bur-nies",
        "ye-streen",
        "bo-nie",
    ],
)
def test_syllables_of_words_on_paper(divided):
    assert english.split_syllables(divided.replace("-", "")) == divided.split("-")


def test_all_words_of_the_corpora_have_as_many_syllables_as_are_counted():
    spoken = set()
    for name in ("burns", "ballads"):
        for poem in corpora.load_corpus(name).poems:
            for line in poem.lines:
                spoken.update(verse.TOKEN.findall(line))
    assert len(spoken) > 17_000
    for word in spoken - {"sh", "Sh", "vp", "Vp"}:
        parts = english.split_syllables(word)
        assert "".join(parts) == word and all(parts), word
        assert len(parts) == english.syllables(word), word


def test_stanzas_that_are_named_and_those_that_are_counted():
    assert verse.stanza_form("common") == ("common", (8, 6, 8, 6), (0, 1, 0, 1))
    assert verse.stanza_form("ballad").rhymes == (-1, 0, -1, 0)
    assert verse.stanza_form("Common ABCB").rhymes == (-1, 0, -1, 0)
    assert verse.stanza_form("burns").rhymes == (0, 0, 0, 1, 0, 1)
    assert verse.stanza_form("7.5 aa") == ("7.5", (7, 5), (0, 0))
    assert verse.stanza_form("7.5").rhymes == (-1, -1)
    for text in ("", "hymn", "8,6", "8.6.8.6 abc", "8.6 a?", "13.8 aa", "1.8 aa", "8-6", "8. aa"):
        with pytest.raises(UserError) as refused:
            verse.stanza_form(text)
        assert str(refused.value).endswith(".") and "\n" not in str(refused.value)


@given(st.integers(1, 40))
def test_the_feet_of_a_line_are_its_syllables(length):
    feet = verse.sung_feet(length)
    assert sum(feet) == length and max(feet) <= 4 and min(feet) > 0
    assert verse.sung_feet(6) == (4, 2)


def test_iambs():
    assert verse.fits_iambs("01", 0) and not verse.fits_iambs("01", 1), "again"
    assert verse.fits_iambs("10", 1) and not verse.fits_iambs("10", 0), "heaven"
    assert verse.fits_iambs("100", 3) and verse.fits_iambs("20100", 3)
    assert verse.fits_iambs("1", 0) and verse.fits_iambs("1", 1)
    assert verse.fits_iambs("0", 0) and not verse.fits_iambs("0", 1), "the, on a weak place"


LINES = [
    "The merry lark will sing again",
    "the merry lark in Scotland flew",
    "The burning fire, the rain, the rain",
    "And I see merry larks in dew",
    "the merry lark in Scotland, dew",
    "the lark will burn again, again!",
] * 3


@pytest.fixture(scope="module")
def lexicon():
    characters = set("".join(LINES)) - {"b"}
    return verse.Lexicon.of_lines(LINES, characters)


def test_a_lexicon_has_the_words_that_can_be_written_and_sung(lexicon):
    assert "Scotland" in lexicon.words and "the" in lexicon.words and "I" in lexicon.words
    assert "The" not in lexicon.words, "the capital is that of the beginning"
    assert "fire" not in lexicon.words, "its second syllable has no vowel on paper"
    assert "burning" not in lexicon.words and "burn" not in lexicon.words, "no b to write it"
    assert lexicon.words == sorted(lexicon.words)
    endings = [word for word, ends in zip(lexicon.words, lexicon.ends_lines) if ends]
    assert endings == ["again", "dew", "flew", "rain"]
    place = lexicon.places
    assert lexicon.rhyme[place["dew"]] == lexicon.rhyme[place["flew"]]
    assert lexicon.rhyme[place["dew"]] != lexicon.rhyme[place["rain"]]


def test_the_trie_leads_to_each_word_and_to_no_other(lexicon):
    reached = []
    waiting = [(lexicon.root, "")]
    while waiting:
        node, text = waiting.pop()
        if text and lexicon.words[node.first] == text:
            reached.append(text)
        for letter, child in lexicon.children(node).items():
            waiting.append((child, text + letter))
    assert sorted(reached) == lexicon.words


def test_a_line_can_be_finished_whichever_way_is_taken(lexicon):
    """Random walks through the allowed letters end with the line's syllables."""
    rng = np.random.default_rng(0)
    seen = set()
    for _ in range(300):
        rhyming = lexicon.rhyme == lexicon.rhyme[lexicon.places["dew"]]
        line = verse.LineWords(lexicon, 4, rhyming)
        left = 4
        words = []
        while left:
            node = lexicon.root
            text = ""
            while True:
                after = line.syllables_after(node, left)
                letters = line.letters(node, left)
                assert letters or after is not None
                if after is not None and (not letters or rng.random() < 0.5):
                    break
                letter = rng.choice(sorted(letters))
                node = letters[letter]
                text += letter
            words.append(text)
            left = after
        assert sum(map(english.syllables, words)) == 4
        assert words[-1] in ("dew", "flew")
        start = 0
        for word in words:
            assert verse.fits_iambs(english.stress(word.lower()), start)
            start += english.syllables(word)
        seen.add(tuple(words))
    assert len(seen) > 50
    with pytest.raises(ValueError, match="No word can end"):
        verse.LineWords(lexicon, 4, np.zeros(len(lexicon.words), bool))


def test_rhymes_are_asked_for_only_where_there_are_words_enough(lexicon):
    unused = np.ones(len(lexicon.words), bool)
    two = verse.rhyming_endings(lexicon, [4, 4], unused)
    words = [word for word, usable in zip(lexicon.words, two) if usable]
    assert words == ["dew", "flew"], "again and rain are another rhyme in the dictionary"
    assert rhyme.rhyme_class("again") != rhyme.rhyme_class("rain")
    assert not verse.rhyming_endings(lexicon, [4, 4, 4], unused).any()
    unused[lexicon.places["dew"]] = False
    assert not verse.rhyming_endings(lexicon, [4, 4], unused).any()
