"""Rhyme: of Song ci by a later rhyme book, of Chinese by today's sounds, of English."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from typing import NamedTuple

import numpy as np

from lyricgen.lyrics.chinese import RHYME_OF_FINAL, is_han, line_end_final
from lyricgen.lyrics.corpora import read_data
from lyricgen.lyrics.english import phones, words

# The rhyme groups of Song ci: the nineteen parts of the Cilin zhengyun (1821), each
# with its tone class. It is a book of the Qing dynasty, which reconstructs from the ci
# of the Song what their poets took for a rhyme. Parts 15 to 19 hold the syllables that
# ended in p, t or k.
SONG_GROUPS = (
    *(f"{part} {tone}" for part in range(1, 15) for tone in ("level", "oblique")),
    *(f"{part} entering" for part in range(15, 20)),
)

# a rhyme group of fewer tokens gives a model too little choice
RICH_GROUP = 40


class Sounds(NamedTuple):
    """What the rhyme books say of a character, in all its readings.

    book: the names of its groups among the 106 of the Pingshui book, in one string.
    groups: its rhyme groups, of SONG_GROUPS.
    """

    book: str
    groups: frozenset[str]


UNKNOWN_SOUNDS = Sounds("", frozenset())


@cache
def _song_sounds() -> dict[str, Sounds]:
    """Returns what the rhyme books say of each character of the corpora, read once."""
    sounds = {}
    for line in read_data("song_rhymes")[0].splitlines():
        character, book, groups = line.split("\t")
        sounds[character] = Sounds(book, frozenset(groups.split(", ")))
    return sounds


def song_sounds(character: str) -> Sounds:
    """Returns what the rhyme books say of a character; empty for an unknown one.

    Source: Ge Zai 1821 (Cilin zhengyun), over the 106 groups of the Pingshui book.
    Notebook: words_and_music
    """
    return _song_sounds().get(character, UNKNOWN_SOUNDS)


def tones(character: str) -> frozenset[str]:
    """Returns the tone classes of a character: `level`, `oblique` or several.

    The entering tone counts as oblique, as in all patterns of ci.

    Notebook: words_and_music
    """
    names = [group.split()[1] for group in song_sounds(character).groups]
    return frozenset("level" if name == "level" else "oblique" for name in names)


def rhyme_groups(word: str) -> frozenset[str]:
    """Returns the rhyme groups of a Chinese character, an English word or a line.

    Two that rhyme have a group in common; where there is no word to rhyme, and for a
    character that the rhyme books lack, there is none. In Chinese the last character
    counts, with all its readings: its groups are some of SONG_GROUPS, such as
    `3 level`. An English word has one, its `rhyme_class`.

    Notebook: words_and_music
    """
    if word and is_han(word[-1]):
        return song_sounds(word[-1]).groups
    english = rhyme_class(word)
    return frozenset() if english is None else frozenset([english])


def rhyme_parts(word: str) -> frozenset[str]:
    """Returns the rhyme groups of a word without their tone classes.

    A few tunes of ci rhyme level with oblique words of one part, such as `3`.

    Notebook: words_and_music
    """
    groups = rhyme_groups(word)
    if word and is_han(word[-1]):
        return frozenset(group.split()[0] for group in groups)
    return groups


def rhymes(word: str, other: str) -> bool:
    """Tells whether two words, or lines, rhyme: they have a rhyme group in common.

    Notebook: words_and_music
    """
    return not rhyme_groups(word).isdisjoint(rhyme_groups(other))


def rhyme_class(word: str) -> str | None:
    """Returns the rhyme of a word or line by today's sounds, None for no word.

    Two that rhyme today have the same class. In Chinese the last character counts, and
    its class is one of the thirteen rhymes of RHYMES. In English the class is the
    dictionary's phones of the last word, from its last stressed vowel on, without the
    stress; for a word that the dictionary lacks it is `-` and the letters from the last
    vowel on.

    Notebook: words_and_music
    """
    if word and is_han(word[-1]):
        return RHYME_OF_FINAL.get(line_end_final(word[-1]))
    line_words = words(word)
    if not line_words:
        return None
    return _english_rhyme(line_words[-1])


def _english_rhyme(word: str) -> str:
    """Returns the rhyme class of one English word."""
    word_phones = phones(word)
    if not word_phones:
        letters = re.sub("[^a-z]", "", word)
        endings = re.findall("[aeiouy]*[^aeiouy]*e?$", letters)
        return "-" + endings[0]
    vowels = [i for i, phone in enumerate(word_phones) if phone[-1].isdigit()]
    stressed = [i for i in vowels if word_phones[i][-1] != "0"]
    candidates = stressed or vowels or [0]
    rhyming_phones = word_phones[candidates[-1] :]
    return " ".join(phone.rstrip("012") for phone in rhyming_phones)


class RhymingTokens(NamedTuple):
    """What each of V tokens is to a rhyme.

    is_han: bool (V,), whether it is a Chinese character.
    in_group: bool (33, V), whether it is of each of SONG_GROUPS.
    is_rich: bool (33,), whether at least 40 tokens are of a group.
    """

    is_han: np.ndarray
    in_group: np.ndarray
    is_rich: np.ndarray


def rhyming(vocabulary: Sequence[str]) -> RhymingTokens:
    """Returns what each token of a vocabulary is to a rhyme."""
    han = np.array([len(token) == 1 and is_han(token) for token in vocabulary])
    in_group = np.zeros((len(SONG_GROUPS), len(vocabulary)), bool)
    for token_id, token in enumerate(vocabulary):
        for group in song_sounds(token).groups:
            in_group[SONG_GROUPS.index(group), token_id] = True
    return RhymingTokens(han, in_group, in_group.sum(axis=1) >= RICH_GROUP)
