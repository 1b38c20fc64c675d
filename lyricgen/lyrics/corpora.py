"""The lyric corpora Song ci, Yuan qu, Burns and the Border ballads, split by poem."""

from __future__ import annotations

import lzma
from dataclasses import dataclass
from functools import cache

from lyricgen.files import DATA, DataError, UserError, read_card, read_checked, sha256
from lyricgen.lyrics.vocabulary import NEWLINE

CORPORA = ("songci", "yuanqu", "burns", "ballads")

SPLITS = ("train", "validation", "test")


@dataclass(frozen=True, slots=True)
class Poem:
    """One poem of a corpus, with its number in the file and its split.

    The title of a Chinese poem is the name of the tune that it is written to.
    """

    id: int
    title: str
    author: str
    lines: tuple[str, ...]
    split: str


@dataclass(frozen=True)
class Corpus:
    """A corpus: its name, its poems in the order of the file, and its card.

    The card states source, licence, counts, hashes and how the corpus was made.
    """

    name: str
    poems: tuple[Poem, ...]
    card: dict

    def poems_of(self, split: str) -> list[Poem]:
        """Returns the poems of one split: `train`, `validation` or `test`.

        Raises: UserError for another name.
        Notebook: counting_words
        """
        if split not in SPLITS:
            raise UserError(
                f"There is no split {split!r} of a corpus; the splits are {', '.join(SPLITS)}."
            )
        return [poem for poem in self.poems if poem.split == split]

    def text(self, poem: Poem) -> str:
        """Returns the text of a poem that a model learns, with a newline between lines.

        In Chinese the name of the tune is the first line.

        Notebook: counting_words
        """
        if self.card["title_in_text"]:
            return NEWLINE.join((poem.title, *poem.lines))
        return NEWLINE.join(poem.lines)

    def texts_of(self, split: str) -> list[str]:
        """Returns the texts of the poems of one split.

        Notebook: four_corpora
        """
        return [self.text(poem) for poem in self.poems_of(split)]


def read_data(name: str) -> tuple[str, dict]:
    """Returns the text and the card of one file in data/texts, both hashes checked.

    Raises: DataError, with the file and both hashes, where one differs.
    Notebook: four_corpora
    """
    card = read_card(DATA / "texts" / f"{name}.json")
    try:
        path = DATA / "texts" / card["file"]
        packed = read_checked(path, card["sha256"])
        expected = card["text_sha256"]
    except (KeyError, TypeError) as error:
        raise DataError(
            f"{DATA / 'texts' / name}.json is not a card of a text: {error} is missing or no name."
        ) from error
    try:
        data = lzma.decompress(packed)
    except lzma.LZMAError as error:
        raise DataError(f"{path} cannot be unpacked: {error}.") from error
    actual = sha256(data)
    if actual != expected:
        raise DataError(
            f"{path} is damaged: the SHA-256 of its text is {actual}, and it should be {expected}."
        )
    return data.decode(), card


def _read_split(name: str, text_sha256: str, poem_count: int) -> list[str]:
    """Returns the split of each poem of a corpus, from data/splits/texts.json.

    Raises: DataError where the file splits another text than the one with this hash.
    """
    path = DATA / "splits" / "texts.json"
    entry = read_card(path).get(name)
    if not isinstance(entry, dict):
        entry = {}
    if entry.get("text_sha256") != text_sha256:
        raise DataError(
            f"{path} splits another text of {name}: its SHA-256 is {entry.get('text_sha256')}, "
            f"and it should be {text_sha256}."
        )
    digits = entry.get("parts", "")
    if len(digits) != poem_count or set(digits) - set("012"):
        raise DataError(
            f"{path} does not give each of the {poem_count} poems of {name} a split: "
            f"it has {len(digits)} digits."
        )
    return [SPLITS[int(digit)] for digit in digits]


@cache
def load_corpus(name: str) -> Corpus:
    """Returns a corpus with its split, by name (one of CORPORA); read once a process.

    Raises: UserError for an unknown name; DataError for a file that is damaged (with
        both hashes) and for a split that belongs to another text.
    Notebook: counting_words
    """
    if name not in CORPORA:
        raise UserError(f"There is no corpus {name!r}; the corpora are {', '.join(CORPORA)}.")
    text, card = read_data(name)
    blocks = text.rstrip(NEWLINE).split("\n\n")
    splits = _read_split(name, card["text_sha256"], len(blocks))
    poems = []
    for number, block in enumerate(blocks):
        head, *lines = block.split(NEWLINE)
        title, _, author = head.partition("\t")
        poems.append(Poem(number, title, author, tuple(lines), splits[number]))
    return Corpus(name, tuple(poems), card)
