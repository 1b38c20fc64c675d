"""The lyric corpora: Song ci, Yuan qu, Burns and the Border ballads, split by poem; and the characters that a model reads and writes."""

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
    """One poem: its number in the corpus, its title (for Chinese the tune's name), its author, its lines, and its split."""

    id: int
    title: str
    author: str
    lines: tuple[str, ...]
    split: str


@dataclass(frozen=True)
class Corpus:
    """A corpus: its name, its poems in the order of the file, and its card (source, licence, counts, hashes, how it was made)."""

    name: str
    poems: tuple[Poem, ...]
    card: dict

    def poems_of(self, split: str) -> list[Poem]:
        """The poems of one split, `train`, `validation` or `test`; raises UserError for another name.

        Notebook: 03_lyrics_language_model
        """
        if split not in SPLITS:
            raise UserError(
                f"There is no split {split!r} of a corpus; the splits are {', '.join(SPLITS)}."
            )
        return [poem for poem in self.poems if poem.split == split]

    def text(self, poem: Poem) -> str:
        """The text that a model learns: in Chinese the tune's name and then the lines, in English the lines alone; a newline between each two.

        Notebook: 03_lyrics_language_model
        """
        return NEWLINE.join((poem.title, *poem.lines) if self.card["title_in_text"] else poem.lines)

    def texts_of(self, split: str) -> list[str]:
        """The texts of the poems of one split.

        Notebook: 03_lyrics_language_model
        """
        return [self.text(poem) for poem in self.poems_of(split)]


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
def load_corpus(name: str) -> Corpus:
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
        poems.append(Poem(number, title, author, tuple(lines), SPLITS[int(digit)]))
    return Corpus(name, tuple(poems), card)
