"""Rhyme of Chinese and English."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from lyricgen.lyrics.chinese import RHYME_OF_FINAL, is_han, line_end_final
from lyricgen.lyrics.english import phones, words

# a rhyme class of fewer tokens gives a model too little choice
RICH_CLASS = 40


def rhyme_class(word: str) -> str | None:
    """Returns the rhyme of a Chinese character, an English word, or the end of a line.

    Two that rhyme have the same class; None where there is no word to rhyme. In Chinese
    the last character counts, and its class is one of the thirteen rhymes of RHYMES. In
    English the class is the dictionary's phones of the last word, from its last
    stressed vowel on, without the stress; for a word that the dictionary lacks it is
    `-` and the letters from the last vowel on.

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


def rhyming(vocabulary: Sequence[str]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Returns what each token is to a rhyme: Chinese or not, its class, rich or not.

    Three arrays (V,): whether it is a Chinese character; its rhyme class, "" for none;
    whether at least 40 tokens are of that class.
    """
    han = np.array([len(token) == 1 and is_han(token) for token in vocabulary])
    token_classes = []
    for token, is_character in zip(vocabulary, han):
        token_class = rhyme_class(token) if is_character else None
        token_classes.append(token_class or "")
    classes = np.array(token_classes)
    names, sizes = np.unique(classes, return_counts=True)
    rich = np.isin(classes, names[sizes >= RICH_CLASS])
    return han, classes, rich & (classes != "")
