"""Tables of songs: what tells a table from verses, and the texts in a column."""

from __future__ import annotations

import csv
import io
from pathlib import Path

from lyricgen.files import UserError
from lyricgen.lyrics.vocabulary import NEWLINE

DELIMITERS = ",\t;|"

# Of a table, this share of the rows has as many fields as the header. Verses with
# commas hardly reach it.
SHARE_OF_EQUAL_ROWS = 0.95
FEWEST_ROWS = 3
LONGEST_NAME = 30  # characters of a column's name

# Names of columns in tables of songs. Verses may have a comma in the middle of each
# line: only such a name, a column of numbers or a field of several lines tells that
# they are a table.
ENGLISH_NAMES = {"artist", "author", "id", "lyric", "lyrics", "poem", "song", "text", "title"}
CHINESE_NAMES = {"标题", "词牌", "歌词", "歌名", "歌手", "内容", "题目", "作者"}

Rows = list[list[str]]


def parse_rows(text: str, delimiter: str) -> Rows:
    """Returns the rows of a table that are not empty, each a list of its fields.

    Raises: csv.Error for a text that is no such table.
    """
    rows = csv.reader(io.StringIO(text), delimiter=delimiter)
    return [row for row in rows if row]


def looks_like_table(text: str) -> bool:
    """Tells whether a text is a table with a header, and not verses with commas."""
    first_line, *_ = text.lstrip().split(NEWLINE, 1)
    for delimiter in DELIMITERS:
        if delimiter not in first_line:
            continue
        try:
            rows = parse_rows(text, delimiter)
        except csv.Error:
            continue
        if _is_table(rows):
            return True
    return False


def _is_table(rows: Rows) -> bool:
    if len(rows) < FEWEST_ROWS or not _is_header(rows[0]):
        return False
    header, *rest = rows
    equal = [row for row in rest if len(row) == len(header)]
    if len(equal) < SHARE_OF_EQUAL_ROWS * len(rest):
        return False
    names = {name.strip().lower() for name in header}
    if names & (ENGLISH_NAMES | CHINESE_NAMES):
        return True
    return any(_is_no_verse(column) for column in zip(*equal))


def _is_header(row: list[str]) -> bool:
    """Tells whether a row can name columns: short names that differ, none empty."""
    if len(row) < 2 or len(set(row)) < len(row):
        return False
    return all(0 < len(name.strip()) <= LONGEST_NAME for name in row)


def _is_no_verse(column: tuple[str, ...]) -> bool:
    """Tells whether a column has numbers only, or a field of several lines."""
    are_numbers = all(field.strip().isdecimal() for field in column)
    return are_numbers or any(NEWLINE in field for field in column)


def read_column(text: str, name: str, path: Path) -> list[str]:
    """Returns the fields of a column of a table, from top to bottom.

    `path` is the table's, for messages.
    Raises: UserError where the table cannot be read or has no such column.
    """
    most_names: list[str] = []
    for delimiter in DELIMITERS:
        try:
            rows = parse_rows(text, delimiter)
        except csv.Error as error:
            raise UserError(f"{path} is not a table that can be read: {error}.") from error
        header = rows[0] if rows else []
        names = [field.strip() for field in header]
        if name in names:
            place = names.index(name)
            return [row[place] for row in rows[1:] if len(row) > place]
        most_names = max(most_names, names, key=len)
    listed = ", ".join(most_names) or "none"
    raise UserError(f"{path} has no column {name}; it has {listed}.")
