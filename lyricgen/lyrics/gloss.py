"""The meaning of Chinese lines, word by word, and English for poems that are shown.

The words are those of data/texts/gloss.txt.xz, whose card names their source:
CC-CEDICT, cut short, with the senses of frequent words chosen by hand for verse. A
gloss says what the words mean, not what the line means: it knows no grammar and takes
no account of the words around.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from typing import NamedTuple

from lyricgen.files import DATA, UserError, read_card
from lyricgen.lyrics.chinese import HAN_RUN, pinyin
from lyricgen.lyrics.corpora import read_data

UNKNOWN_MEANING = "?"
LONGEST_WORD = 5  # characters

# A line of verse falls into feet, by its number of characters, and no word crosses
# from one foot into the next. A line of ci may also begin with a character that leads
# it, or divide 3 + 4: the second way, taken where the line then has fewer words. Lines
# of other lengths are one foot.
FEET = {
    4: ((2, 2), (1, 2, 1)),
    5: ((2, 3), (1, 2, 2)),
    6: ((2, 2, 2), (3, 3)),
    7: ((2, 2, 3), (3, 2, 2)),
    8: ((3, 2, 3), (1, 2, 2, 3)),
    9: ((2, 2, 2, 3), (3, 2, 2, 2)),
}

# The parts of a line as it is sung, for each of these ways: it has one break, and the
# character that leads it stays with what follows.
SUNG_PARTS = {
    4: ((2, 2), (4,)),
    5: ((2, 3), (3, 2)),
    6: ((4, 2), (3, 3)),
    7: ((4, 3), (3, 4)),
    8: ((3, 5), (5, 3)),
    9: ((6, 3), (3, 6)),
}


class GlossedWord(NamedTuple):
    """A word of a line: its characters, its pinyin and its meaning in English.

    The meaning is "?" for a word that the table lacks; punctuation has neither pinyin
    nor meaning.
    """

    word: str
    pinyin: str
    meaning: str


class Translation(NamedTuple):
    """A poem that the course shows, in English: one English line for each line."""

    title: str
    author: str
    lines: tuple[str, ...]
    pinyin: tuple[str, ...]
    english: tuple[str, ...]


@cache
def _meanings() -> dict[str, dict[str, str]]:
    """Returns the meanings of each word by reading, the usual reading first."""
    meanings: dict[str, dict[str, str]] = {}
    for row in read_data("gloss")[0].splitlines():
        word, reading, meaning = row.split("\t")
        meanings.setdefault(word, {})[reading] = meaning
    return meanings


def _next_word(line: str, first: int, ends: set[int]) -> str:
    """Returns the longest word of the table at a place, or the one character there.

    It stays within its foot, or else it is made of whole feet.
    """
    for stop in range(min(first + LONGEST_WORD, len(line)), first + 1, -1):
        crosses = any(first < end < stop for end in ends)
        whole_feet = first in ends and stop in ends
        if line[first:stop] in _meanings() and (whole_feet or not crosses):
            return line[first:stop]
    return line[first]


def _words_in_feet(line: str, feet: Sequence[int]) -> list[str]:
    """Returns the words of a line that falls into feet of these lengths."""
    ends = {0, len(line)}
    end = 0
    for foot in feet:
        end += foot
        ends.add(end)
    words = []
    place = 0
    while place < len(line):
        words.append(_next_word(line, place, ends))
        place += len(words[-1])
    return words


def _words(line: str) -> list[str]:
    """Returns the words of a line, by the feet in which it has the fewest."""
    ways = FEET.get(len(line), ((len(line),),))
    return min((_words_in_feet(line, feet) for feet in ways), key=len)


def sung_parts(lines: Sequence[str]) -> tuple[int, ...]:
    """Returns the parts of a line of verse as it is sung, in characters: 7 is 4 + 3.

    lines: of one length, from the same place of poems to one pattern. Each falls into
    feet in the way in which it has the fewest words, and most of them decide.
    """
    length = len(lines[0])
    if length not in FEET:
        return (length,)
    usual, other = FEET[length]
    votes = 0
    for line in lines:
        words = [len(_words_in_feet(line, feet)) for feet in (usual, other)]
        votes += (words[1] < words[0]) - (words[0] < words[1])
    return SUNG_PARTS[length][1 if votes > 0 else 0]


def _meaning(word: str, reading: str) -> str:
    """Returns the meaning of a word in a reading, or else in its usual one."""
    by_reading = _meanings().get(word)
    if by_reading is None:
        return UNKNOWN_MEANING
    usual = next(iter(by_reading.values()))
    return by_reading.get(reading, usual)


def _gloss_verse(verse: str) -> list[GlossedWord]:
    """Returns the words of a line that is all Chinese."""
    syllables = pinyin(verse)
    words = []
    place = 0
    for word in _words(verse):
        reading = " ".join(syllables[place : place + len(word)])
        words.append(GlossedWord(word, reading, _meaning(word, reading)))
        place += len(word)
    return words


def gloss(line: str) -> list[GlossedWord]:
    """Returns the words of a line, each with its pinyin and its meaning.

    Words are the longest that the table has, within the feet of the verse; what is no
    word of the table is read by characters. A character of several readings has the
    meaning of the one that it has in the line.

    Notebook: words_and_music
    """
    words = []
    for part in re.split(f"({HAN_RUN.pattern})", line):
        if HAN_RUN.fullmatch(part):
            words += _gloss_verse(part)
        elif part.strip():
            meaning = UNKNOWN_MEANING if part.strip() == "□" else ""
            words.append(GlossedWord(part.strip(), "", meaning))
    return words


def gloss_poem(lines: Sequence[str]) -> list[list[GlossedWord]]:
    """Returns the words of each line of a poem; `show.verses` prints them.

    Notebook: words_and_music
    """
    return [gloss(line) for line in lines]


def word_by_word(line: str) -> str:
    """Returns the meanings of a line's words in one string, with dots between.

    Notebook: words_and_music
    """
    return " · ".join(word.meaning for word in gloss(line) if word.meaning)


@cache
def _translations() -> tuple[Translation, ...]:
    """Returns the poems of data/texts/translations.json."""
    poems = []
    for poem in read_card(DATA / "texts" / "translations.json")["poems"]:
        lines, spelt, english = zip(*poem["lines"])
        poems.append(Translation(poem["title"], poem["author"], lines, spelt, english))
    return tuple(poems)


def translation(lines: Sequence[str]) -> Translation:
    """Returns the English of a poem that the course shows, found by its lines.

    沈 and 沉, two spellings of one word, count as the same.

    Raises: UserError for a poem that was not translated.
    Notebook: words_and_music
    """
    wanted = [line.replace("沈", "沉") for line in lines]
    for poem in _translations():
        if [line.replace("沈", "沉") for line in poem.lines] == wanted:
            return poem
    raise UserError(f"No translation of the poem that begins {''.join(lines[:1])!r}.")
