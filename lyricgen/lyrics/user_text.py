"""A user's own text, read and checked: a file, a folder, or the column of a table."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import NamedTuple

import charset_normalizer

from lyricgen.files import UserError
from lyricgen.lyrics.tables import looks_like_table, read_column
from lyricgen.lyrics.vocabulary import NEWLINE

LARGEST_FILE = 64 * 2**20  # bytes
SHORTEST_TEXT = 2  # characters

# A file of a folder, or a field of a column, is one song up to so many characters
LONGEST_SONG = 4000

# A stretch between blank lines up to so many
LONGEST_STRETCH = 1000

BLANK_LINES = re.compile(r"\n(?:[ \t]*\n)+")

# all of ASCII's but tab, newline, vertical tab, form feed and carriage return
CONTROL_CHARACTER = re.compile(r"[\x00-\x08\x0e-\x1f\x7f]")

HTML = re.compile(r"\s*(<\?xml[^>]*>\s*|<!--.*?-->\s*)*<(!doctype\s+html|html)\b", re.I | re.S)

TEXT_SUFFIXES = {".txt"}
TABLE_SUFFIXES = {".csv", ".tsv"}

# The encodings that are tried where a text is not UTF-8, as Python names them, and the
# bytes that are looked at.
ENCODINGS = ["utf_16", "gb18030", "big5", "cp932", "euc_jp", "cp949", "cp1252", "cp1251", "koi8_r"]
SAMPLE = 2**16
SUGGESTIONS = 3


class OwnText(NamedTuple):
    """A user's text, and the songs in it, each without blank lines around it."""

    text: str
    songs: list[str]


def read_text(path: Path | str, encoding: str | None = None, column: str | None = None) -> str:
    """Returns a user's text, its line ends as newlines.

    It is read as UTF-8, or in the encoding that is named. Of a folder, all .txt files
    in it and below are joined, in order of their paths and apart by blank lines. With a
    `column`, the files are tables (.csv and .tsv in a folder) and each field of that
    column is a song; songs are apart by blank lines.
    Raises: UserError, in one sentence, for a file that is missing, too large, empty or
        no text: a web page, JSON, or a table without a column.
    Notebook: writing_lyrics
    """
    return read_songs(path, encoding, column).text


def read_songs(path: Path | str, encoding: str | None = None, column: str | None = None) -> OwnText:
    """Returns a user's text, as `read_text` does, and the songs in it.

    A song is a file of a folder, or a field of a column, if it has at most 4,000
    characters. Of a longer one, and of a single file, it is what stands between blank
    lines. Where that is longer than 1,000 characters, as in prose, it is cut into
    stretches of at most as many, at the end of a line if there is one.
    Raises: UserError, as `read_text` does.
    """
    path = Path(path)
    files = _files_of_folder(path, column) if path.is_dir() else [path]
    pieces: list[str] = []
    for file in files:
        pieces += _read_pieces(file, encoding, column)
    is_single = not path.is_dir() and column is None
    text = pieces[0] if is_single else join_songs(pieces)
    length = len(text.strip())
    if length < SHORTEST_TEXT:
        raise UserError(f"{path} has too little text to learn from: {length} characters.")
    songs: list[str] = []
    for piece in pieces:
        is_song = not is_single and len(piece) <= LONGEST_SONG
        songs += [piece] if is_song else _split_at_blank_lines(piece)
    return OwnText(text, [song for song in map(_without_blank_lines, songs) if song])


def _without_blank_lines(song: str) -> str:
    """Returns a song without the blank lines around it; of blanks alone, nothing."""
    return song.strip(NEWLINE) if song.strip() else ""


def _split_at_blank_lines(text: str) -> list[str]:
    """Returns what stands between blank lines, cut where it is too long."""
    songs = []
    for stretch in BLANK_LINES.split(text):
        while len(stretch) > LONGEST_STRETCH:
            cut = _last_end(stretch[:LONGEST_STRETCH])
            songs.append(stretch[:cut])
            stretch = stretch[cut:]
        songs.append(stretch)
    return songs


def _last_end(text: str) -> int:
    """Returns where the last line of a text ends, else its last word, else the text."""
    for mark in (NEWLINE, " "):
        place = text.rfind(mark)
        if place > 0:
            return place + 1
    return len(text)


def join_songs(songs: list[str]) -> str:
    """Returns songs as one text, apart by blank lines; empty ones are left out."""
    stripped = [song.strip(NEWLINE) for song in songs]
    filled = [song for song in stripped if song.strip()]
    return "".join(song + NEWLINE + NEWLINE for song in filled).removesuffix(NEWLINE)


def _files_of_folder(folder: Path, column: str | None) -> list[Path]:
    """Returns the texts in a folder and below, or its tables; hidden files are none."""
    suffixes = TEXT_SUFFIXES if column is None else TABLE_SUFFIXES
    files = []
    total = 0
    for path in sorted(folder.rglob("*")):
        is_hidden = path.name.startswith(".")
        if path.suffix.lower() in suffixes and path.is_file() and not is_hidden:
            files.append(path)
            total += path.stat().st_size
    if not files:
        listed = " or ".join(sorted(suffixes))
        raise UserError(f"{folder} is a folder without any {listed} file.")
    _check_size(folder, total)
    return files


def _read_pieces(path: Path, encoding: str | None, column: str | None) -> list[str]:
    """Returns the text of a file, or the fields in a column of it."""
    text = _read_file(path, encoding)
    if column is not None:
        return read_column(text, column, path)
    _check_is_verse(path, text)
    return [text]


def _read_file(path: Path, encoding: str | None) -> str:
    """Returns the text of a file, its line ends as newlines."""
    try:
        _check_size(path, path.stat().st_size)
        data = path.read_bytes()
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror}.") from error
    text = re.sub("\r\n?", NEWLINE, _decode(path, data, encoding))
    control = CONTROL_CHARACTER.search(text)
    if control:
        code = ord(control.group())
        raise UserError(f"{path} is not a text: it has the control character {code:#04x}.")
    return text


def _check_size(path: Path, size: int) -> None:
    if size > LARGEST_FILE:
        raise UserError(f"{path} has {size:,} bytes; a text may have {LARGEST_FILE:,}.")


def _decode(path: Path, data: bytes, encoding: str | None) -> str:
    """Returns the text of bytes, without a byte order mark."""
    if encoding is None:
        try:
            return data.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise UserError(
                f"{path} is not a text in UTF-8: the byte at {error.start} does not fit"
                f"{_suggestion(data)}."
            ) from error
    try:
        return data.decode(encoding).removeprefix("\ufeff")
    except LookupError as error:
        raise UserError(
            f"--encoding {encoding} is unknown; gb18030, big5, cp932 and cp1252 are some of those "
            "that Python knows."
        ) from error
    except UnicodeError as error:
        raise UserError(f"{path} is not a text in {encoding}: {error}.") from error


def _suggestion(data: bytes) -> str:
    """Says in which encodings bytes may be, and how they read in each of them.

    A detector is not sure of a short text, so the reader decides.
    """
    sample = data[:SAMPLE]
    if len(data) > SAMPLE:
        # the end of a line, so that no character is cut
        sample = sample[: sample.rfind(b"\n") + 1] or sample
    readings = []
    for match in charset_normalizer.from_bytes(sample, cp_isolation=ENCODINGS):
        text = str(match).strip()
        if text and not CONTROL_CHARACTER.search(text):
            first_line, *_ = text.splitlines()
            readings.append(f"--encoding {match.encoding} reads {first_line[:16]!r}")
    if not readings:
        return ""
    return "; name its encoding: " + ", ".join(readings[:SUGGESTIONS])


def _check_is_verse(path: Path, text: str) -> None:
    """Raises UserError for what a program wrote: a web page, JSON or a table."""
    if HTML.match(text):
        raise UserError(f"{path} is a web page (HTML); save its words alone, as plain text.")
    if _is_json(text):
        raise UserError(
            f"{path} is JSON; save its words alone, as plain text, or as a table for --column."
        )
    if looks_like_table(text):
        raise UserError(f"{path} is a table; name the column that has the words with --column.")


def _is_json(text: str) -> bool:
    """Tells whether a text is a JSON object or list, or has one on each line."""
    if not text.lstrip().startswith(("{", "[")):
        return False
    lines = [line for line in text.split(NEWLINE) if line.strip()]
    return _are_json([text]) or _are_json(lines)


def _are_json(pieces: list[str]) -> bool:
    for piece in pieces:
        try:
            value = json.loads(piece)
        except (ValueError, RecursionError):
            return False
        if not isinstance(value, dict | list):
            return False
    return True
