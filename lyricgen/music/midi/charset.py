"""The encoding of the texts in a MIDI file: MIDI does not name it.

One decision holds for a file. UTF-8 is told apart with certainty, the others by how
frequent their characters are. What that cannot know: a few rare characters alone, and
encodings beside those of ENCODINGS, such as KOI8-R or the Vietnamese one.
"""

from __future__ import annotations

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

ENCODINGS = ("UTF-8", *FREQUENT_BYTES, "cp1251", "cp1252", "Latin-1")

# The share of texts that are UTF-8 from which on the file is
UTF8_SHARE = 0.75

# What a character of the first bytes scores; one of the lists, or kana, scores 1
FREQUENT_SCORE = 0.4

# An encoding of more than a byte is taken from this mean score on
LEAST_SCORE = 0.5

# Cyrillic is taken from as many letters on
LEAST_LETTERS = 4

# As many bytes of texts are looked at
SAMPLE = 8192


def choose_encoding(bodies: Sequence[bytes]) -> str:
    """Returns the encoding of the texts of a file, one of ENCODINGS.

    UTF-8 where three of four texts that are not ASCII are; else the encoding of
    Chinese, Japanese or Korean whose frequent characters have the largest share, if
    that is large; else cp1251 where Cyrillic letters are more than ASCII letters; else
    a Western one.

    bodies: the texts, ASCII or not.
    """
    beyond_ascii = [body for body in bodies if not body.isascii()]
    utf8 = sum(map(_is_utf8, beyond_ascii))
    if utf8 >= UTF8_SHARE * len(beyond_ascii):
        return "UTF-8"
    sample = _sample(beyond_ascii)
    scores = {encoding: _score(sample, encoding) for encoding in FREQUENT_BYTES}
    best = max(scores, key=lambda encoding: scores[encoding])
    if scores[best] >= LEAST_SCORE:
        return best
    if _is_cyrillic(bodies):
        return "cp1251"
    controls = any(0x80 <= byte < 0xA0 for body in sample for byte in body)
    return "cp1252" if controls else "Latin-1"


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


def _score(sample: list[bytes], encoding: str) -> float:
    """Returns the mean score of the characters that are not ASCII, at most 1."""
    scores = []
    for body in sample:
        for character in body.decode(encoding, errors="replace"):
            if character > "\x7f":
                scores.append(_score_character(character, encoding))
    return sum(scores) / max(len(scores), 1)


def _score_character(character: str, encoding: str) -> float:
    """Returns 1 for a very frequent character, less for others, -1 for none."""
    if character == "\ufffd":
        return -1.0
    if encoding == "EUC-KR":
        very_frequent = character in HANGUL
    elif encoding == "Shift_JIS":
        # Hiragana and Katakana
        very_frequent = "\u3041" <= character <= "\u30fe"
    else:
        very_frequent = character in HANZI
    if very_frequent:
        return 1.0
    first = character.encode(encoding)[0]
    punctuation = "\u3000" <= character < "\u3020" or "\uff01" <= character < "\uff5f"
    return FREQUENT_SCORE if first in FREQUENT_BYTES[encoding] or punctuation else 0.0


def _is_cyrillic(bodies: Sequence[bytes]) -> bool:
    """Returns whether letters of cp1251 are more than ASCII letters.

    Texts in ASCII count too: a syllable of French or German may be a letter alone.
    """
    joined = b"".join(_sample(bodies))
    # the letters from U+0410 on, and the two of U+0401 and U+0451
    cyrillic = sum(byte >= 0xC0 or byte in (0xA8, 0xB8) for byte in joined)
    latin = sum(bytes([byte]).isalpha() for byte in joined)
    return cyrillic >= LEAST_LETTERS and cyrillic > latin
