"""The language model in NumPy, from a file of weights."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from lyricgen.files import DataError
from lyricgen.lyrics import measures as lyric_measures
from lyricgen.lyrics.vocabulary import END, NEWLINE, UNKNOWN, Vocabulary
from lyricgen.models.sampling import distribution
from lyricgen.models.weights import WEIGHTS, load_weights


def lstm_bits(
    model: NumpyLanguageModel, sequences: list[np.ndarray], piece: int = 1024, before: int = 256
) -> float:
    """The bits per character of an LSTM on sequences of ids, each from zero states.

    A long sequence is read in pieces side by side, each after the 256 tokens that stand before it. Notebook: 03_lyrics_language_model
    """
    places = [
        (ids, start, max(0, start - before))
        for ids in sequences
        for start in range(0, len(ids), piece)
    ]
    costs = model.costs([ids[first : start + piece] for ids, start, first in places])
    costs = [bits[start - first :] for bits, (_, start, first) in zip(costs, places)]
    return lyric_measures.bits_per_character(
        np.concatenate(costs), np.concatenate(sequences), model.characters.folded
    )


class NumpyLanguageModel:
    """The language model, step by step: embedding, LSTM layers, projection, and the embedding again for the logits.

    `arrays` are those of a weights file: embedding (V, E), for each layer k from 1 W (D, 4H), U (H, 4H) and b (4H,), projection (H, E) where
    H is not E, and output_bias (V,). A poem begins with `<end>` and zero states. `xp` is NumPy, or `keras.ops` for the compiled loop of network.py.
    Raises DataError where weights and vocabulary do not fit. Notebook: 03_lyrics_language_model
    """

    def __init__(
        self, arrays: dict[str, np.ndarray], characters: Vocabulary, dtype: str = "float64", xp=np
    ):
        rows = len(arrays.get("embedding", ()))
        if rows != len(characters) or len(arrays.get("output_bias", ())) != rows:
            raise DataError(
                f"These weights are for another vocabulary: they have {rows} tokens, and the vocabulary has {len(characters)}."
            )
        given = {
            key: xp.asarray(value, dtype) if xp is np else xp.convert_to_tensor(value, dtype)
            for key, value in arrays.items()
        }
        self.arrays, self.characters, self.vocabulary, self.xp, self.dtype = (
            arrays,
            characters,
            characters.tokens,
            xp,
            dtype,
        )
        self.embedding, self.bias, self.projection = (
            given["embedding"],
            given["output_bias"],
            given.get("projection"),
        )
        self.output = xp.transpose(self.embedding)
        self.layers = [
            (given[f"W{k}"], given[f"U{k}"], given[f"b{k}"])
            for k in range(1, 9)
            if f"W{k}" in given
        ]
        self._seen: tuple[str, ...] | None = None

    @classmethod
    def load(cls, name: str, folder: Path = WEIGHTS, dtype: str = "float64") -> NumpyLanguageModel:
        """The shipped model of a corpus, or another one in a folder; raises DataError where its files are damaged or do not fit."""
        arrays, card = load_weights(name, folder)
        return cls(
            arrays,
            Vocabulary((UNKNOWN, END, NEWLINE, *card.get("characters", ())), card.get("folded", 0)),
            dtype,
        )

    def start(self, count: int) -> list[tuple]:
        """The states h and c (count, H) of each layer before anything was read: zeros."""
        return [(self.xp.zeros((count, U.shape[0]), self.dtype),) * 2 for _, U, _ in self.layers]

    def step(self, tokens, states: list[tuple]) -> tuple:
        """Reads a token in each of B sequences: the last layer's h (B, H) and the new states."""
        xp, after = self.xp, []
        x = xp.take(self.embedding, tokens, axis=0)
        for (W, U, b), (h, c) in zip(self.layers, states):
            i, f, g, o = xp.split(xp.matmul(x, W) + xp.matmul(h, U) + b, 4, axis=1)
            i, f, o = ((1 + xp.tanh(z / 2)) / 2 for z in (i, f, o))  # the sigmoid, as in cell.py
            c = f * c + i * xp.tanh(g)
            x = o * xp.tanh(c)
            after.append((x, c))
        return x, after

    def logits(self, h):
        """The logits (B, V) of the next token from the last layer's h (B, H)."""
        features = h if self.projection is None else self.xp.matmul(h, self.projection)
        return self.xp.matmul(features, self.output) + self.bias

    def probabilities(self, context: Sequence[str] = ()) -> np.ndarray:
        """The probability of each token of the vocabulary after a context (characters from the beginning of a poem), (V,), sums to 1.

        It goes on from where the last call stopped when the new context begins with the last one. Notebook: 03_lyrics_language_model
        """
        context = tuple(context)
        if self._seen is None or context[: len(self._seen)] != self._seen:
            self._seen, self._after = (), self.step(np.array([1]), self.start(1))
        for token in context[len(self._seen) :]:
            self._after = self.step(np.array([self.characters.ids.get(token, 0)]), self._after[1])
        self._seen = context
        return distribution(self.logits(self._after[0]))[0]

    def costs(self, sequences: Iterable[np.ndarray]) -> list[np.ndarray]:
        """The cost of each token of each sequence of ids, given those before it, in bits. Notebook: 03_lyrics_language_model"""
        sequences = [np.asarray(sequence) for sequence in sequences]
        order, costs = (
            sorted(range(len(sequences)), key=lambda k: -len(sequences[k])),
            [np.empty(0)] * len(sequences),
        )
        for first in range(0, len(order), 128):
            batch = order[first : first + 128]  # of about equal lengths
            ids = np.ones((len(sequences[batch[0]]) + 1, len(batch)), int)
            for b, k in enumerate(batch):
                ids[1 : len(sequences[k]) + 1, b] = sequences[k]
            states, bits = self.start(len(batch)), np.empty((len(ids) - 1, len(batch)))
            for t in range(len(ids) - 1):
                h, states = self.step(ids[t], states)
                p = distribution(self.logits(h))
                bits[t] = -np.log2(p[np.arange(len(batch)), ids[t + 1]])
            for b, k in enumerate(batch):
                costs[k] = bits[: len(sequences[k]), b]
        return costs
