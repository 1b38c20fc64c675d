"""Words, syllables and stress of English."""

from __future__ import annotations

import re
from functools import cache
from typing import NamedTuple

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

# The letters that a consonant of the dictionary can begin with in spelling.
SPELLINGS = {
    "B": "b", "CH": "ct", "D": "d", "DH": "t", "F": "fp", "G": "gx", "HH": "hw", "JH": "jgd",
    "K": "kcqx", "L": "l", "M": "m", "N": "nkgmp", "NG": "n", "P": "p", "R": "rw", "S": "scpxz",
    "SH": "sctx", "T": "td", "TH": "t", "V": "vfw", "W": "wuoq", "Y": "yuie", "Z": "zsx",
    "ZH": "szgj",
}  # fmt: skip
# The clusters of consonants that a syllable of English begins with.
ONSETS = {
    "B L", "B R", "B Y", "D R", "D W", "F L", "F R", "F Y", "G L", "G R", "HH Y", "K L", "K R",
    "K W", "K Y", "M Y", "P L", "P R", "P Y", "S K", "S K R", "S K W", "S L", "S M", "S N", "S P",
    "S P L", "S P R", "S T", "S T R", "S W", "SH R", "T R", "T W", "TH R", "TH W", "V Y",
}  # fmt: skip
# Vowels that a consonant closes where they have the stress: nev-er, sis-ter.
SHORT_VOWELS = {"AE", "AH", "EH", "IH", "UH"}
# what a letter costs that has no sound, and a sound that has no letter
SILENT_LETTER = 0.3
NO_LETTER = 2.0
MOST_LETTERS = 4
# letters of a consonant that close a syllable: pock-et, watch-ing, box-es
CLOSING = ("ck", "tch", "dg", "x")


class Sound(NamedTuple):
    """A phone, and where the letters that spell it begin and end in the word."""

    phone: str
    first: int
    last: int

    @property
    def is_vowel(self) -> bool:
        """Whether it makes a syllable."""
        return self.phone[-1].isdigit()


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


def split_syllables(word: str) -> list[str]:
    """Returns the syllables of a word as they are written: `mel`, `o`, `dy`.

    They are as many as `syllables` counts. Each sound of the dictionary is given the
    letters that spell it. A syllable begins with as many consonants as a word can begin
    with, but a short vowel with the stress keeps one, and a double letter is divided.

    Source: Kahn 1976 (the onset is filled first).
    """
    if syllables(word) < 2:
        return [word]
    sounds = _spell(word)
    vowels = [place for place, sound in enumerate(sounds) if sound.is_vowel]
    ends = []
    for place, next_place in zip(vowels, vowels[1:]):
        ends.append(_syllable_end(word, sounds[place : next_place + 1]))
    return [word[first:last] for first, last in zip([0, *ends], [*ends, len(word)])]


def _spell(word: str) -> list[Sound]:
    """Returns the sounds of a word with their letters, by rule if it is not known.

    The letters are those of least cost, found by dynamic programming.
    """
    letters = word.lower().replace("’", "'")
    word_phones = phones(word)
    if not word_phones:
        return _spell_by_rule(letters)
    # for each number of letters the best way to spell the phones so far, and its cost
    ways: dict[int, tuple[float, tuple[Sound, ...]]] = {0: (0.0, ())}
    for phone in word_phones:
        next_ways: dict[int, tuple[float, tuple[Sound, ...]]] = {}
        for first, (cost, sounds) in ways.items():
            for last in range(first, min(first + MOST_LETTERS, len(letters)) + 1):
                total = cost + _spelling_cost(phone, letters[first:last])
                if last not in next_ways or total < next_ways[last][0]:
                    next_ways[last] = (total, (*sounds, Sound(phone, first, last)))
        ways = next_ways
    # letters that are left at the end have no sound
    best = min(ways, key=lambda last: ways[last][0] + NO_LETTER * (len(letters) - last))
    return list(ways[best][1])


def _spelling_cost(phone: str, letters: str) -> float:
    """Returns how unlikely it is that letters spell a phone, 0 for the usual way."""
    if not letters:
        return SILENT_LETTER if phone in ("Y", "W") else NO_LETTER
    silent = SILENT_LETTER * (len(letters) - 1)
    if phone[-1].isdigit():
        spelt = "aeiouy" if phone[:2] != "ER" else "aeiouyr"
        strange = sum(letter not in spelt + "wgh'" for letter in letters[1:])
        first = 0.0 if letters[0] in spelt else NO_LETTER
        return first + silent + NO_LETTER * strange
    strange = sum(letter in "aiouy" for letter in letters[1:])
    first = 0.0 if letters[0] in SPELLINGS[phone] else NO_LETTER
    return first + silent + NO_LETTER * strange


def _spell_by_rule(letters: str) -> list[Sound]:
    """Returns the vowels and consonants of an unknown word as `stress` counts them."""
    places = [place for place, letter in enumerate(letters) if "a" <= letter <= "z"]
    bare = "".join(letters[place] for place in places)
    begins = 1 if bare.startswith("y") else 0
    runs = [run.span() for run in VOWELS.finditer(bare, begins)]
    if len(runs) > 1 and SILENT_E.search(bare):
        runs.pop()
    sounds = []
    last = 0
    for first, end in runs:
        sounds += [Sound(bare[k].upper(), places[k], places[k] + 1) for k in range(last, first)]
        sounds.append(Sound("AA1", places[first], places[end - 1] + 1))
        last = end
    return sounds


def _syllable_end(word: str, sounds: list[Sound]) -> int:
    """Returns where the syllable of the first of these sounds ends, before the last.

    The first and the last are vowels, and those between them are consonants.
    """
    vowel, *consonants, next_vowel = sounds
    if not consonants:
        return next_vowel.first
    if vowel.first == vowel.last:
        # a vowel without a letter takes the consonant: did-n't
        return consonants[0].last
    onset = _onset_size(consonants)
    is_short = vowel.phone[:2] in SHORT_VOWELS and vowel.phone[-1] != "0"
    if is_short and onset == len(consonants):
        onset -= 1
    border = consonants[-max(onset, 1)]
    spelt = word[border.first : border.last].lower()
    if len(spelt) > 1 and spelt[0] == spelt[1] and onset < 2:
        return border.first + 1
    if onset == 0 or spelt.startswith(CLOSING):
        return border.last
    return border.first


def _onset_size(consonants: list[Sound]) -> int:
    """Returns how many consonants at the end of these can begin a syllable."""
    *_, last = consonants
    longest = 0 if last.phone == "NG" else 1
    for size in range(2, len(consonants) + 1):
        if " ".join(sound.phone for sound in consonants[-size:]) in ONSETS:
            longest = size
    return longest
