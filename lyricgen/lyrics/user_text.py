"""A user's own text, read and checked."""

from __future__ import annotations

import re
from pathlib import Path

from lyricgen.files import UserError
from lyricgen.lyrics.vocabulary import NEWLINE

LARGEST_FILE = 64 * 2**20  # bytes
SHORTEST_TEXT = 2  # characters

# all of ASCII's but tab, newline, vertical tab, form feed and carriage return
CONTROL_CHARACTER = re.compile(r"[\x00-\x08\x0e-\x1f\x7f]")


def read_text(path: Path | str) -> str:
    """Returns a user's text, read as UTF-8, its line ends as newlines.

    Raises: UserError, in one sentence, for a file that is missing, too large, empty or
        no text.
    Notebook: lyrics_language_model
    """
    path = Path(path)
    try:
        size = path.stat().st_size
        if size > LARGEST_FILE:
            raise UserError(f"{path} has {size:,} bytes; a text may have {LARGEST_FILE:,}.")
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise UserError(
            f"{path} is not a text in UTF-8: the byte at {error.start} does not fit."
        ) from error
    text = re.sub("\r\n?", NEWLINE, text)
    control = CONTROL_CHARACTER.search(text)
    if control:
        code = ord(control.group())
        raise UserError(f"{path} is not a text: it has the control character {code:#04x}.")
    length = len(text.strip())
    if length < SHORTEST_TEXT:
        raise UserError(f"{path} has too little text to learn from: {length} characters.")
    return text
