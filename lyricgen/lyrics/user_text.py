"""A text of one's own, read and checked."""

from __future__ import annotations

import re
from pathlib import Path

from lyricgen.files import UserError
from lyricgen.lyrics.vocabulary import NEWLINE

LARGEST_FILE = 64 * 2**20


def read_text(path: Path | str) -> str:
    """A user's own text: UTF-8, line ends as newlines; raises UserError in one sentence for a file that is missing, too large, empty or no text.

    Notebook: 03_lyrics_language_model
    """
    path = Path(path)
    try:
        if (size := path.stat().st_size) > LARGEST_FILE:
            raise UserError(f"{path} has {size:,} bytes; a text may have {LARGEST_FILE:,}.")
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise UserError(
            f"{path} is not a text in UTF-8: the byte at {error.start} does not fit."
        ) from error
    text = re.sub("\r\n?", NEWLINE, text)
    if found := re.search(r"[\x00-\x08\x0e-\x1f\x7f]", text):
        raise UserError(
            f"{path} is not a text: it has the control character {ord(found.group()):#04x}."
        )
    if len(text.strip()) < 2:
        raise UserError(
            f"{path} has too little text to learn from: {len(text.strip())} characters."
        )
    return text
