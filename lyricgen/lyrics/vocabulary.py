"""The characters that a language model reads and writes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np

from lyricgen.files import DataError

UNKNOWN, END, NEWLINE = "<unk>", "<end>", "\n"


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
