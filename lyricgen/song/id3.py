"""An ID3 tag: what a player shows of an MP3 file."""

from __future__ import annotations

BYTE_ORDER_MARK = b"\xff\xfe"
END = b"\x00\x00"  # of a text in UTF-16

# The first byte of a text says its encoding
UTF_16 = b"\x01"

# The codes of ISO 639-2, which the tag asks for
LANGUAGES = {"zh": b"zho", "en": b"eng"}


def tag(title: str, artist: str, language: str, comment: str = "", lyrics: str = "") -> bytes:
    """Returns an ID3 tag, which stands before the sound in an MP3 file.

    language: of the words, "zh" or "en". The comment is in English.
    lyrics: the words, a line for each line.

    Source: ID3 tag version 2.3.0, informal standard, 1999: the version that most
        programs read.
    """
    code = LANGUAGES[language]
    frames = _frame(b"TIT2", _text(title))
    frames += _frame(b"TPE1", _text(artist))
    frames += _frame(b"TLAN", _text(code.decode()))
    if comment:
        frames += _frame(b"COMM", _described(b"eng", comment))
    if lyrics:
        frames += _frame(b"USLT", _described(code, lyrics))
    return b"ID3\x03\x00\x00" + _synchsafe(len(frames)) + frames


def _text(text: str) -> bytes:
    """Returns a text in UTF-16 after the byte that says so."""
    return UTF_16 + BYTE_ORDER_MARK + text.encode("utf-16-le")


def _described(language: bytes, text: str) -> bytes:
    """Returns a text with its language and an empty description."""
    return UTF_16 + language + BYTE_ORDER_MARK + END + _text(text)[1:]


def _frame(name: bytes, content: bytes) -> bytes:
    """Returns a frame: its name, its length, no flags, and its content."""
    return name + len(content).to_bytes(4, "big") + b"\x00\x00" + content


def _synchsafe(size: int) -> bytes:
    """Returns a size in four bytes of seven bits: no byte looks like a frame of MP3."""
    return bytes((size >> shift) & 0x7F for shift in (21, 14, 7, 0))
