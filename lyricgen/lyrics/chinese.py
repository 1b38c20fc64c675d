"""Characters, pinyin and finals of Chinese."""

from __future__ import annotations

from functools import cache, lru_cache

# The thirteen rhymes (十三辙) of Mandarin song and opera, by final in pypinyin's strict spelling; -i after zh, ch, sh, r, z, c, s is spelt i as well.
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


_CLASS = {final: name for name, finals in RHYMES.items() for final in finals.split()}


# At the end of a sung line these are read in the literary way, not as everyday speech (the default of pypinyin) has them.
_AT_LINE_END = {
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
}


@lru_cache(maxsize=1)
def _pypinyin():
    """pypinyin, imported when Chinese is first read aloud; 长 is `cháng` unless a word says otherwise."""
    import pypinyin
    import pypinyin.contrib.tone_convert

    pypinyin.load_single_dict({ord("长"): "cháng,zhǎng"})
    return pypinyin


def is_han(character: str) -> bool:
    """Whether a character is a Chinese one."""
    return "\u3400" <= character <= "\u9fff"


def pinyin(text: str) -> list[str]:
    """The syllable of each Chinese character with its tone mark, read in the context of its words; other characters give none.

    Notebook: 11_words_and_music
    """
    spoken = [s[0] for s in _pypinyin().pinyin("".join(filter(is_han, text)))]
    if text and text[-1] in _AT_LINE_END:
        spoken[-1] = _AT_LINE_END[text[-1]]
    return spoken


@cache
def _final(character: str) -> str:
    """The final of a character that ends a line, without its tone."""
    lib = _pypinyin()
    return lib.contrib.tone_convert.to_finals(
        _AT_LINE_END.get(character) or lib.pinyin(character)[0][0]
    )
