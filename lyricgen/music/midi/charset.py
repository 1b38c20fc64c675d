"""The encoding of the texts in a MIDI file: MIDI does not name it.

One decision holds for a file. UTF-8 is told apart by its form. Of the others the one is
taken in which the texts cost the fewest bits, by how frequent characters are. What that
cannot know: two or three rare characters alone, a few characters whose bytes happen to
be UTF-8 too, and encodings beside those of ENCODINGS, such as KOI8-R or the Vietnamese
one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

# The most frequent characters of Chinese, simplified and traditional, and of songs
HANZI = frozenset(
    "的一是不了在人有我他这个们中来上大为和国地到以说时要就出会可也你对生能而子那得于着下"
    "自之年过发后作里用道行所然家种事成方多经么去法学如都同现当没动面起看定天分还进好小部"
    "其些主样理心她本前开但因只从想实日者意无力它与长把机十民第此已使情明性知全三又关点正"
    "外将两高间由问很最重物手应向头文体美相见被什二等新己身果加西月话合回特代内信表老给世"
    "位次度门常先海通儿原东声立及比解水名真处走各入几口平气活更别打女变四神总何安少才结反"
    "受目太再感做必场命山金许空马五眼书非听白却光放像难思王完色路记南住告求北边死万取望觉"
    "清今让识候带爱梦风花春夜红云酒星泪"
    "這個們來為國說時會對於著過發後裡種經麼學現當沒動還進樣開從實無與長機關點將兩間問應"
    "頭體見話給門東聲處幾條氣別變總電數報結場許馬書聽難記邊萬覺讓帶愛夢風紅雲淚"
)

# The most frequent syllables of Korean, and those of songs
HANGUL = frozenset(
    "이다는가을에의고하지은를한도로나사어서그기니리자있아인해들것시대라게으수부정보전여일"
    "성제상주만구장스원과면유소안오랑너내널날마음우없않눈물말못길꿈진저모무조거래두세건요"
)

# Encodings of more than a byte: their names, and the first bytes of frequent characters
FREQUENT_BYTES = {
    "GB18030": range(0xB0, 0xD8),
    "Big5": range(0xA4, 0xC7),
    "Shift_JIS": range(0x88, 0x98),
    "EUC-KR": range(0xB0, 0xC9),
}

WESTERN = "Latin-1"
ENCODINGS = ("UTF-8", *FREQUENT_BYTES, "cp1251", "cp1252", WESTERN)

# The share of texts that are UTF-8 from which on the file is
UTF8_SHARE = 0.75

# What a character costs, in bits: -log2 of the share of its class in texts, divided by
# the number of characters in the class. The shares were counted in the lyrics of the
# course and estimated from prose.
HANZI_BITS = 9.5
HANGUL_BITS = 7.5
HIRAGANA_BITS = 7.5
KATAKANA_BITS = 9.0
PUNCTUATION_BITS = 9.0
FREQUENT_BYTE_BITS = 13.0
OTHER_BITS = 18.0
UNDECODABLE_BITS = 24.0
ASCII_BITS = 5.0

# Where an ASCII letter stands beside a character of more than a byte: seldom in texts
# of Chinese, Japanese and Korean, often where a letter with an accent is misread
BESIDE_LETTER = re.compile(r"[a-zA-Z](?=[^\x00-\x7f])|[^\x00-\x7f](?=[a-zA-Z])")
BESIDE_LETTER_BITS = 5.0

# Russian letters, most frequent first, and what a letter of each group costs
CYRILLIC_GROUPS = (("оеаинтсрвл", 4.0), ("кмдпуяыьгзбч", 5.5), ("йхжшюцщэфъё", 8.0))
CYRILLIC_BITS = {letter: bits for letters, bits in CYRILLIC_GROUPS for letter in letters}

# What a capital costs more, and one after a small letter
CAPITAL_BITS = 1.0
INNER_CAPITAL_BITS = 8.0

# What a letter with an accent costs, a sign, and either after another one: they stand
# alone
ACCENT_BITS = 5.0
SIGN_BITS = 10.0
SECOND_BITS = 7.0
FIRST_ACCENT = 0xC0

# Cyrillic is taken from as many letters on
LEAST_LETTERS = 4

# As many bytes of texts are looked at
SAMPLE = 8192


def choose_encoding(bodies: Sequence[bytes]) -> str:
    """Returns the encoding of the texts of a file, one of ENCODINGS.

    UTF-8 where three of four texts that are not ASCII are. Else the one in which they
    cost the fewest bits: an encoding of Chinese, Japanese or Korean; cp1251 where
    Cyrillic letters are more than ASCII letters; a Western one.

    bodies: the texts, ASCII or not.
    Notebook: reading_midi
    """
    beyond_ascii = [body for body in bodies if not body.isascii()]
    utf8 = sum(map(_is_utf8, beyond_ascii))
    if utf8 >= UTF8_SHARE * len(beyond_ascii):
        return "UTF-8"
    sample = _sample(beyond_ascii)
    costs = {encoding: _wide_bits(sample, encoding) for encoding in FREQUENT_BYTES}
    costs[WESTERN] = _western_bits(sample)
    if _is_cyrillic(bodies):
        costs["cp1251"] = _cyrillic_bits(sample)
    best = min(costs, key=lambda encoding: costs[encoding])
    controls = any(0x80 <= byte < 0xA0 for body in sample for byte in body)
    return "cp1252" if best == WESTERN and controls else best


def _is_utf8(body: bytes) -> bool:
    """Returns whether a text is UTF-8."""
    try:
        body.decode()
    except UnicodeDecodeError:
        return False
    return True


def _sample(bodies: Iterable[bytes]) -> list[bytes]:
    """Returns the first texts, SAMPLE bytes in all."""
    sample = []
    left = SAMPLE
    for body in bodies:
        if left <= 0:
            break
        sample.append(body[:left])
        left -= len(body)
    return sample


def _wide_bits(sample: list[bytes], encoding: str) -> float:
    """Returns what texts cost in an encoding of more than a byte a character."""
    bits = 0.0
    for body in sample:
        text = body.decode(encoding, errors="replace")
        bits += sum(_character_bits(character, encoding) for character in text)
        bits += BESIDE_LETTER_BITS * len(BESIDE_LETTER.findall(text))
    return bits


def _character_bits(character: str, encoding: str) -> float:
    """Returns what a character costs in an encoding of more than a byte."""
    if character < "\x80":
        return ASCII_BITS
    if character == "\ufffd":
        return UNDECODABLE_BITS
    if "\u3000" <= character < "\u3020" or "\uff01" <= character < "\uff5f":
        return PUNCTUATION_BITS
    if encoding == "Shift_JIS" and "\u3041" <= character < "\u30a0":
        return HIRAGANA_BITS
    if encoding == "Shift_JIS" and "\u30a0" <= character <= "\u30fe":
        return KATAKANA_BITS
    if encoding == "EUC-KR" and character in HANGUL:
        return HANGUL_BITS
    if character.encode(encoding)[0] not in FREQUENT_BYTES[encoding]:
        return OTHER_BITS
    if encoding in ("GB18030", "Big5") and character in HANZI:
        return HANZI_BITS
    return FREQUENT_BYTE_BITS


def _cyrillic_bits(sample: list[bytes]) -> float:
    """Returns what texts cost as Russian in cp1251."""
    bits = 0.0
    for body in sample:
        before = ""
        for character in body.decode("cp1251", errors="replace"):
            if character < "\x80":
                bits += ASCII_BITS
            else:
                bits += CYRILLIC_BITS.get(character.lower(), OTHER_BITS)
                bits += CAPITAL_BITS * character.isupper()
                bits += INNER_CAPITAL_BITS * (before.islower() and character.isupper())
            before = character
    return bits


def _western_bits(sample: list[bytes]) -> float:
    """Returns what texts cost in Latin-1, or in cp1252."""
    bits = 0.0
    for body in sample:
        before = 0
        for byte in body:
            if byte < 0x80:
                bits += ASCII_BITS
            else:
                bits += ACCENT_BITS if byte >= FIRST_ACCENT else SIGN_BITS
                bits += SECOND_BITS * (before >= 0x80)
            before = byte
    return bits


def _is_cyrillic(bodies: Sequence[bytes]) -> bool:
    """Returns whether letters of cp1251 are more than ASCII letters.

    Texts in ASCII count too: a syllable of French or German may be a letter alone.
    """
    joined = b"".join(_sample(bodies))
    # the letters from U+0410 on, and the two of U+0401 and U+0451
    cyrillic = sum(byte >= 0xC0 or byte in (0xA8, 0xB8) for byte in joined)
    latin = sum(bytes([byte]).isalpha() for byte in joined)
    return cyrillic >= LEAST_LETTERS and cyrillic > latin
