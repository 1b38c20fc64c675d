"""The lyric corpora: Song ci, Yuan qu, Burns and the Border ballads, split by poem; and the characters that a model reads and writes."""

from __future__ import annotations

import lzma
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from lyricgen.files import DATA, DataError, UserError, read_card, read_checked, sha256

CORPORA = ("songci", "yuanqu", "burns", "ballads")
PARTS = ("train", "validation", "test")
UNKNOWN, END, NEWLINE = "<unk>", "<end>", "\n"
LARGEST_FILE = 64 * 2**20


@dataclass(frozen=True, slots=True)
class Poem:
    """One poem: its number in the corpus, its title (for Chinese the tune's name), its author, its lines, and its part of the split."""

    id: int
    title: str
    author: str
    lines: tuple[str, ...]
    part: str


@dataclass(frozen=True)
class Corpus:
    """A corpus: its name, its poems in the order of the file, and its card (source, licence, counts, hashes, how it was made)."""

    name: str
    poems: tuple[Poem, ...]
    card: dict

    def part(self, part: str) -> list[Poem]:
        """The poems of one part of the split, `train`, `validation` or `test`; raises UserError for another name.

        Notebook: 03_lyrics_language_model
        """
        if part not in PARTS:
            raise UserError(
                f"There is no part {part!r} of a corpus; the parts are {', '.join(PARTS)}."
            )
        return [poem for poem in self.poems if poem.part == part]

    def text(self, poem: Poem) -> str:
        """The text that a model learns: in Chinese the tune's name and then the lines, in English the lines alone; a newline between each two.

        Notebook: 03_lyrics_language_model
        """
        return NEWLINE.join((poem.title, *poem.lines) if self.card["title_in_text"] else poem.lines)

    def texts(self, part: str) -> list[str]:
        """The texts of the poems of one part.

        Notebook: 03_lyrics_language_model
        """
        return [self.text(poem) for poem in self.part(part)]


def read_data(name: str) -> tuple[str, dict]:
    """The text and the card of one file in data/texts, both hashes checked; raises DataError with the file and both hashes where one differs.

    Notebook: 04_lyrics_across_datasets
    """
    card = read_card(DATA / "texts" / f"{name}.json")
    try:
        path = DATA / "texts" / card["file"]
        packed, expected = read_checked(path, card["sha256"]), card["text_sha256"]
    except (KeyError, TypeError) as error:
        raise DataError(
            f"{DATA / 'texts' / name}.json is not a card of a text: {error} is missing or no name."
        ) from error
    try:
        data = lzma.decompress(packed)
    except lzma.LZMAError as error:
        raise DataError(f"{path} cannot be unpacked: {error}.") from error
    if sha256(data) != expected:
        raise DataError(
            f"{path} is damaged: the SHA-256 of its text is {sha256(data)}, and it should be {expected}."
        )
    return data.decode(), card


@cache
def load(name: str) -> Corpus:
    """A corpus with its split, by name (one of CORPORA); read once a process.

    Raises UserError for an unknown name, DataError (with both hashes) for a file that is damaged or a split that belongs to another text.
    Notebook: 03_lyrics_language_model
    """
    if name not in CORPORA:
        raise UserError(f"There is no corpus {name!r}; the corpora are {', '.join(CORPORA)}.")
    text, card = read_data(name)
    path = DATA / "splits" / "texts.json"
    split = read_card(path).get(name)
    if not isinstance(split, dict) or split.get("text_sha256") != card["text_sha256"]:
        found = split.get("text_sha256") if isinstance(split, dict) else None
        raise DataError(
            f"{path} splits another text of {name}: its SHA-256 is {found}, and it should be {card['text_sha256']}."
        )
    blocks, digits = text.rstrip(NEWLINE).split("\n\n"), split.get("parts", "")
    if len(digits) != len(blocks) or set(digits) - set("012"):
        raise DataError(
            f"{path} does not give each of the {len(blocks)} poems of {name} a part: it has {len(digits)} digits."
        )
    poems = []
    for number, (block, digit) in enumerate(zip(blocks, digits)):
        head, *lines = block.split(NEWLINE)
        title, _, author = head.partition("\t")
        poems.append(Poem(number, title, author, tuple(lines), PARTS[int(digit)]))
    return Corpus(name, tuple(poems), card)


class Vocabulary:
    """The tokens of a model: `<unk>` (0), `<end>` (1) that ends a poem, the newline (2), and then characters, the frequent ones first.

    `folded` is the number of distinct characters that were seen too rarely and that `<unk>` stands for: each of them costs the probability of
    `<unk>` and log2(folded) bits.
    Notebook: 03_lyrics_language_model
    """

    def __init__(self, tokens: Sequence[str], folded: int = 0) -> None:
        """From the list in a weights' card; raises DataError where it is not such a list."""
        self.tokens = tuple(tokens)
        self.folded = folded
        self.ids = {token: number for number, token in enumerate(self.tokens)}
        if self.tokens[:3] != (UNKNOWN, END, NEWLINE) or any(
            not isinstance(t, str) or len(t) != 1 for t in self.tokens[3:]
        ):
            raise DataError(
                f"A vocabulary begins with {UNKNOWN}, {END} and the newline, and then has single characters; this one does not."
            )
        if len(self.ids) != len(self.tokens):
            raise DataError("A vocabulary has each token once; this one repeats some.")

    @classmethod
    def build(cls, texts: Iterable[str], min_count: int = 1) -> Vocabulary:
        """The characters seen at least `min_count` times in the texts (of the training part), by falling count and then by code point.

        Notebook: 03_lyrics_language_model
        """
        counts = Counter()
        for text in texts:
            counts.update(text)
        del counts[NEWLINE]
        kept = sorted(
            (c for c, n in counts.items() if n >= min_count), key=lambda c: (-counts[c], c)
        )
        return cls((UNKNOWN, END, NEWLINE, *kept), len(counts) - len(kept))

    def __len__(self) -> int:
        return len(self.tokens)

    def encode(self, text: str, end: bool = False) -> np.ndarray:
        """The ids of a text's characters, int32, `<unk>` for those outside; with `end`, the end of the poem after them.

        Notebook: 03_lyrics_language_model
        """
        ids = [self.ids.get(character, 0) for character in text] + [1] * end
        return np.array(ids, np.int32)

    def decode(self, ids: Iterable[int]) -> str:
        """The text of some ids: `□` for `<unk>`, and nothing for `<end>`.

        Notebook: 03_lyrics_language_model
        """
        return "".join("□" if i == 0 else "" if i == 1 else self.tokens[i] for i in ids)


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
