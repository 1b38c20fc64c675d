"""Characters, pinyin and finals of Chinese."""

from __future__ import annotations

from functools import cache

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

# At the end of a sung line these characters have their literary reading; pypinyin's
# default is that of everyday speech.
LINE_END_READINGS = {
    "了": "liǎo",
    "还": "huán",
    "得": "dé",
    "地": "dì",
    "的": "dì",
    "著": "zhuó",
    "着": "zhuó",
    "薄": "bó",
    "咽": "yè",
    "劲": "jìng",
    "尽": "jìn",
}


@cache
def _pypinyin():
    """Returns the module pypinyin, imported when Chinese is first read aloud.

    The default reading of 长 becomes `cháng`, unless its word says otherwise.
    """
    import pypinyin
    import pypinyin.contrib.tone_convert

    pypinyin.load_single_dict({ord("长"): "cháng,zhǎng"})
    return pypinyin


def is_han(character: str) -> bool:
    """Returns whether a character is a Chinese one."""
    return "\u3400" <= character <= "\u9fff"


def pinyin(text: str) -> list[str]:
    """Returns the syllable of each Chinese character of a line, with its tone mark.

    A character is read in the context of its words; other characters have no syllable.

    Notebook: words_and_music
    """
    characters = "".join(filter(is_han, text))
    readings = _pypinyin().pinyin(characters)
    syllables = [reading[0] for reading in readings]
    if text and text[-1] in LINE_END_READINGS:
        syllables[-1] = LINE_END_READINGS[text[-1]]
    return syllables


@cache
def line_end_final(character: str) -> str:
    """Returns the final of a character that ends a line, without its tone."""
    pypinyin = _pypinyin()
    if character in LINE_END_READINGS:
        syllable = LINE_END_READINGS[character]
    else:
        syllable = pypinyin.pinyin(character)[0][0]
    return pypinyin.contrib.tone_convert.to_finals(syllable)
