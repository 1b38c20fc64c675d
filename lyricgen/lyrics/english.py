"""Words, syllables and stress of English."""

from __future__ import annotations

import re
from functools import cache

from lyricgen.lyrics.corpora import read_data

# Elided words of verse that the dictionary lacks, or pronounces otherwise.
ELIDED = {
    "o'er": "AO1 R",
    "e'er": "EH1 R",
    "ne'er": "N EH1 R",
    "e'en": "IY1 N",
    "o'": "AH0 V",
    "wi'": "W IH1 DH",
    "a'": "AO1",
    "th'": "DH AH0",
}

VOWELS = re.compile("[aeiouy]+")
# the e of blude, not of hurdle; of tales, not of faces; of called, not of wanted
SILENT_E = re.compile("([^aeiouyl]|[aeiouyl]l)e$|([^aeiouylcghsxz]|[aeiouyl]l)es$|[^aeiouydt]ed$")
UNSTRESSED_PREFIX = re.compile(
    "(a(?![aeiouyln])|be|com|con|de|dis|em|en|ex|im|in|pre|pro|re)[^aeiouy]"
)


@cache
def _pronunciations() -> dict[str, str]:
    """Returns the phones of each word: its first entry in the CMU dictionary.

    A second pronunciation has an entry of its own, `word(2)`.
    """
    pronunciations = {}
    for line in read_data("cmudict")[0].splitlines():
        entry = line.split(" #")[0]
        word, word_phones = entry.split(" ", 1)
        pronunciations[word] = word_phones
    return pronunciations


def words(line: str) -> list[str]:
    """Returns the words of a line of English, in lower case.

    Apostrophes are kept (`o'er`); a hyphenated word gives several.

    Notebook: words_and_music
    """
    lower = line.lower().replace("’", "'")
    return re.findall(r"'?[a-z]+(?:'[a-z]*)*", lower)


def phones(word: str) -> list[str] | None:
    """Returns the phones of a word in ARPAbet, or None for a word that is not known.

    They are those of the Carnegie Mellon dictionary; an elided word (`seal'd`,
    `dancin'`) is looked up as it stands and then in full.

    Notebook: words_and_music
    """
    word = word.lower().replace("’", "'")
    if word in ELIDED:
        return ELIDED[word].split()
    spellings = [
        word,
        word.strip("'"),
        word.rstrip("'") + "g",
        re.sub("'d$", "ed", word),
    ]
    pronunciations = _pronunciations()
    for spelling in spellings:
        if spelling in pronunciations:
            return pronunciations[spelling].split()
    return None


def stress(word: str) -> str:
    """Returns the stress of each syllable, one digit each: 1 main, 2 secondary, 0 none.

    It is that of the dictionary. A word that the dictionary lacks is stressed by rule:
    a syllable is a run of the vowel letters a e i o u y, without a y that begins the
    word and without the silent e of a final e, es or ed; the first syllable has the
    stress, or the second after a prefix such as be-, con-, de- or re-.

    Notebook: words_and_music
    """
    word_phones = phones(word)
    if word_phones:
        last_characters = [phone[-1] for phone in word_phones]
        return "".join(filter(str.isdigit, last_characters))
    letters = re.sub("[^a-z]", "", word.lower())
    vowel_runs = VOWELS.findall(letters.removeprefix("y"))
    count = max(1, len(vowel_runs))
    if count > 1 and SILENT_E.search(letters):
        count -= 1
    if count > 1 and UNSTRESSED_PREFIX.match(letters):
        return "01" + "0" * (count - 2)
    return "1" + "0" * (count - 1)


def syllables(word: str) -> int:
    """Returns the number of syllables of a word, counted as `stress` counts them.

    Notebook: words_and_music
    """
    return len(stress(word))
