"""Words, syllables and stress of English."""

from __future__ import annotations

import re
from functools import lru_cache

from lyricgen.lyrics.corpora import read_data


@lru_cache(maxsize=1)
def _dictionary() -> dict[str, str]:
    """Word -> phones, the first pronunciation of each word in the Carnegie Mellon dictionary (a second one is written `word(2)`)."""
    return dict(line.split(" #")[0].split(" ", 1) for line in read_data("cmudict")[0].splitlines())


_ELIDED = {
    "o'er": "AO1 R",
    "e'er": "EH1 R",
    "ne'er": "N EH1 R",
    "e'en": "IY1 N",
    "o'": "AH0 V",
    "wi'": "W IH1 DH",
    "a'": "AO1",
    "th'": "DH AH0",
}


def words(line: str) -> list[str]:
    """The words of a line of English, in lower case, apostrophes kept (`o'er`), parts of a hyphenated word apart.

    Notebook: 11_words_and_music
    """
    return re.findall(r"'?[a-z]+(?:'[a-z]*)*", line.lower().replace("’", "'"))


def phones(word: str) -> list[str] | None:
    """The phones of a word in the Carnegie Mellon dictionary's ARPAbet, or None where it lacks the word, whole and elided (`seal'd`, `dancin'`).

    Notebook: 11_words_and_music
    """
    word = word.lower().replace("’", "'")
    if word in _ELIDED:
        return _ELIDED[word].split()
    for spelling in (word, word.strip("'"), word.rstrip("'") + "g", re.sub("'d$", "ed", word)):
        if found := _dictionary().get(spelling):
            return found.split()
    return None


def stress(word: str) -> str:
    """The stress of each syllable, one digit a syllable: 1 main, 2 secondary, 0 none.

    From the dictionary; for other words by rule: a syllable is a run of the vowel letters a e i o u y, without a y that begins the word and without
    the silent e of a final e, es or ed; the first syllable has the stress, or the second after a prefix such as be-, con-, de- or re-.
    Notebook: 11_words_and_music
    """
    if found := phones(word):
        return "".join(p[-1] for p in found if p[-1].isdigit())
    letters = re.sub("[^a-z]", "", word.lower())
    groups = re.findall("[aeiouy]+", re.sub("^y", "", letters))
    silent = len(groups) > 1 and re.search(
        "([^aeiouyl]|[aeiouyl]l)e$|([^aeiouylcghsxz]|[aeiouyl]l)es$|[^aeiouydt]ed$", letters
    )
    count = max(1, len(groups) - bool(silent))
    prefix = count > 1 and re.match(
        "(a(?![aeiouyln])|be|com|con|de|dis|em|en|ex|im|in|pre|pro|re)[^aeiouy]", letters
    )
    return "01" + "0" * (count - 2) if prefix else "1" + "0" * (count - 1)


def syllables(word: str) -> int:
    """The number of syllables of a word, by the dictionary or by the rule that `stress` states.

    Notebook: 11_words_and_music
    """
    return len(stress(word))
