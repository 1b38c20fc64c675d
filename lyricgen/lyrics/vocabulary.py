"""The characters that a language model reads and writes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np

from lyricgen.files import DataError

UNKNOWN = "<unk>"
END = "<end>"
NEWLINE = "\n"
SPECIAL_TOKENS = (UNKNOWN, END, NEWLINE)  # with the ids 0, 1 and 2


class Vocabulary:
    """The tokens of a model: `<unk>` (0), `<end>` (1), the newline (2), characters.

    `<end>` ends a poem; frequent characters come first. `folded` is the number of
    distinct characters that were seen too rarely and that `<unk>` stands for: each of
    them costs the probability of `<unk>` and log2(folded) bits.

    Notebook: counting_words
    """

    def __init__(self, tokens: Sequence[str], folded: int = 0) -> None:
        """Takes the list of tokens in a weights' card.

        Raises: DataError where it is not such a list.
        """
        self.tokens = tuple(tokens)
        self.folded = folded
        self.ids = {token: number for number, token in enumerate(self.tokens)}
        characters = self.tokens[3:]
        single = all(isinstance(token, str) and len(token) == 1 for token in characters)
        if self.tokens[:3] != SPECIAL_TOKENS or not single:
            raise DataError(
                f"A vocabulary begins with {UNKNOWN}, {END} and the newline, "
                "and then has single characters; this one does not."
            )
        if len(self.ids) != len(self.tokens):
            raise DataError("A vocabulary has each token once; this one repeats some.")

    @classmethod
    def build(cls, texts: Iterable[str], min_count: int = 1) -> Vocabulary:
        """Builds the vocabulary of texts (those of the training split).

        It has the characters seen at least `min_count` times, by falling count and then
        by code point.

        Notebook: counting_words
        """
        counts: Counter[str] = Counter()
        for text in texts:
            counts.update(text)
        del counts[NEWLINE]
        kept = [character for character in counts if counts[character] >= min_count]
        kept.sort(key=lambda character: (-counts[character], character))
        return cls((*SPECIAL_TOKENS, *kept), len(counts) - len(kept))

    def __len__(self) -> int:
        """Returns the number of tokens, V."""
        return len(self.tokens)

    def encode(self, text: str, end: bool = False) -> np.ndarray:
        """Returns the ids of a text's characters, int32, `<unk>` for those outside.

        With `end`, the end of the poem follows them.

        Notebook: counting_words
        """
        ids = [self.ids.get(character, 0) for character in text]
        if end:
            ids.append(self.ids[END])
        return np.array(ids, np.int32)

    def decode(self, ids: Iterable[int]) -> str:
        """Returns the text of ids: `□` for `<unk>`, and nothing for `<end>`.

        Notebook: counting_words
        """
        shown = {self.ids[UNKNOWN]: "□", self.ids[END]: ""}
        return "".join(shown.get(i, self.tokens[i]) for i in ids)
