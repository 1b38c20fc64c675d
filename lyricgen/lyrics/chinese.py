"""Characters, pinyin and finals of Chinese."""

from __future__ import annotations

import re
import unicodedata
from functools import cache

from lyricgen.lyrics import readings

# The thirteen rhymes (十三辙) of Mandarin song and opera, each with its finals in
# pypinyin's strict spelling; -i after zh, ch, sh, r, z, c, s is spelt i as well.
RHYMES = {
    "a": "a ia ua",
    "o": "o e uo",
    "ie": "ie ve",
    "u": "u",
    "i": "i v er",
    "ai": "ai uai",
    "ei": "ei uei",
    "ao": "ao iao",
    "ou": "ou iou",
    "an": "an ian uan van",
    "en": "en in uen vn",
    "ang": "ang iang uang",
    "eng": "eng ing ueng ong iong",
}

RHYME_OF_FINAL = {final: rhyme for rhyme, finals in RHYMES.items() for final in finals.split()}

HAN_RUN = re.compile("[\u3400-\u9fff]+")


@cache
def _pypinyin():
    """Returns the module pypinyin, imported when Chinese is first read aloud."""
    import pypinyin
    import pypinyin.contrib.tone_convert

    return pypinyin


@cache
def _contexts() -> dict[str, tuple[list[tuple[str, str]], str]]:
    """Returns the checked readings of each character: contexts, and the default.

    A context comes with the reading that it asks for, long contexts first.
    """
    contexts_of = {}
    for character, entry in readings.CHARACTERS.items():
        contexts = []
        alternatives = [alternative.split() for alternative in entry.split(" / ")]
        for reading, *places in alternatives:
            contexts += [(place, reading) for place in places]
        # a stable sort: of two that are as long, the one that is listed first
        contexts.sort(key=lambda context: -len(context[0]))
        contexts_of[character] = (contexts, alternatives[0][0])
    return contexts_of


def _checked_reading(line: str, place: int) -> str | None:
    """Returns the checked reading of the character at a place of a line.

    It is None for a character that the table does not have. line: with END at its end.
    """
    contexts, default = _contexts().get(line[place], ([], None))
    for context, reading in contexts:
        first = max(0, place - len(context) + 1)
        if line.find(context, first, place + len(context)) >= 0:
            return reading
    return default


def _read_line(line: str) -> list[str]:
    """Returns the syllables of a line that is all Chinese."""
    if line in readings.TUNES:
        return readings.TUNES[line].split()
    by_pypinyin = _pypinyin().pinyin(line, errors=list)
    syllables = []
    for place, candidates in enumerate(by_pypinyin):
        checked = _checked_reading(line + readings.END, place)
        syllables.append(checked or candidates[0])
    return syllables


def is_han(character: str) -> bool:
    """Returns whether a character is a Chinese one."""
    return "\u3400" <= character <= "\u9fff"


def pinyin(text: str) -> list[str]:
    """Returns the syllable of each Chinese character of a text, with its tone mark.

    Tones are those of the dictionary, without sandhi: 一 is always yī, 不 always bù.
    Other characters than Chinese ones have no syllable; they end a line.

    What is chosen by hand, in `readings`: the names of the tunes, and the characters of
    several readings that are frequent in verse, in their contexts. All else is
    pypinyin's, which reads a character in the context of its words.

    Notebook: words_and_music
    """
    syllables = []
    for line in HAN_RUN.findall(text):
        syllables += _read_line(line)
    return syllables


def tune_name(name: str) -> str:
    """Returns the name of a tune in pinyin, as one word with a capital.

    An apostrophe stands before a syllable that begins with a vowel: Yìqín'é.

    Notebook: words_and_music
    """
    first, *others = pinyin(name)
    spelt = first
    for syllable in others:
        base = unicodedata.normalize("NFD", syllable)[0]
        spelt += f"'{syllable}" if base in "aeo" else syllable
    return spelt.capitalize()


@cache
def line_end_final(character: str) -> str:
    """Returns the final of a character that ends a line, without its tone."""
    return _pypinyin().contrib.tone_convert.to_finals(pinyin(character)[0])
