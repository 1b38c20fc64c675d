"""Rhyme of Chinese and English."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from lyricgen.lyrics.chinese import _CLASS, _final, is_han
from lyricgen.lyrics.english import phones, words


def rhyme_class(word: str) -> str | None:
    """The rhyme of a Chinese character or an English word: two that rhyme have the same class; None where there is no word to rhyme.

    Chinese (the last character counts): one of the thirteen rhymes of RHYMES. English: the dictionary's phones from the last stressed vowel on,
    without the stress; for a word that it does not have, the letters from the last vowel on, after a `-`.
    Notebook: 11_words_and_music
    """
    if word and is_han(word[-1]):
        return _CLASS.get(_final(word[-1]))
    if not (parts := words(word)):
        return None
    if not (found := phones(parts[-1])):
        return "-" + re.search("[aeiouy]*[^aeiouy]*e?$", re.sub("[^a-z]", "", parts[-1])).group()
    vowels = [i for i, p in enumerate(found) if p[-1].isdigit()]
    start = max((i for i in vowels if found[i][-1] != "0"), default=vowels[-1] if vowels else 0)
    return " ".join(p.rstrip("012") for p in found[start:])


def rhyming(vocabulary: Sequence[str]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Of each token: whether it is a Chinese character, its rhyme class ("": none), and whether at least 40 tokens are of that class."""
    han = np.array([len(token) == 1 and is_han(token) for token in vocabulary])
    classes = np.array(
        [rhyme_class(token) or "" if ok else "" for token, ok in zip(vocabulary, han)]
    )
    names, sizes = np.unique(classes, return_counts=True)
    return han, classes, np.isin(classes, names[sizes >= 40]) & (classes != "")
