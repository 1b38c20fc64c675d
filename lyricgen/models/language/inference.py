"""The language model in NumPy, from a file of weights."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from copy import copy
from pathlib import Path
from typing import Any

import numpy as np

from lyricgen import progress
from lyricgen.files import DataError
from lyricgen.lyrics import measures as lyric_measures
from lyricgen.lyrics.form import OUTSIDE, SIZES
from lyricgen.lyrics.vocabulary import END, NEWLINE, UNKNOWN, Vocabulary
from lyricgen.models.language.data import END_ID
from lyricgen.models.lstm.cell import lstm_step
from lyricgen.models.sampling import distribution
from lyricgen.models.weights import WEIGHTS, load_weights

# The embeddings of the form of the next token, by their names in a weights file, with
# how many values each has.
FORM_NAMES = ("form_characters", "form_rhyme", "form_lines")
FORM_SIZES = dict(zip(FORM_NAMES, SIZES))

NO_FORM = np.array(OUTSIDE)

# Sequences of about equal lengths that are read side by side.
BATCH = 128


class NumpyLanguageModel:
    """The language model, step by step: embedding, LSTM layers, projection, logits.

    `arrays` are those of a weights file: embedding (V, E), for each layer k from 1
    W (D, 4H), U (H, 4H) and b (4H,), projection (H, E) where H is not E, and
    output_bias (V,). A model that reads the form of the next token has form_characters,
    form_rhyme and form_lines (values, E) as well; `reads_form` says so. The logits use
    the embedding again. A poem begins with `<end>` and zero states. `xp` is NumPy, or
    `keras.ops` for the compiled loop of network.py.
    Raises: DataError where weights and vocabulary do not fit.
    Notebook: training_a_language_model
    """

    def __init__(
        self,
        arrays: dict[str, np.ndarray],
        characters: Vocabulary,
        dtype: str = "float64",
        xp: Any = np,
    ):
        self.arrays = arrays
        self.characters = characters
        self.vocabulary = characters.tokens
        self.dtype = dtype
        self.xp = xp
        self._check_vocabulary()
        to_tensor = xp.asarray if xp is np else xp.convert_to_tensor
        tensors = {name: to_tensor(array, dtype) for name, array in arrays.items()}
        self.embedding = tensors["embedding"]
        self.output = xp.transpose(self.embedding)
        self.bias = tensors["output_bias"]
        self.projection = tensors.get("projection")
        self.form_embeddings = [tensors[name] for name in FORM_NAMES if name in tensors]
        self.reads_form = bool(self.form_embeddings)
        self.layers: list[tuple] = []
        while f"W{len(self.layers) + 1}" in tensors:
            k = len(self.layers) + 1
            self.layers.append((tensors[f"W{k}"], tensors[f"U{k}"], tensors[f"b{k}"]))
        # The context of the last call of `probabilities`, and what came after it.
        self._context: tuple[str, ...] | None = None
        self._after: tuple = ()
        self._form = NO_FORM[None]

    def _check_vocabulary(self) -> None:
        rows = len(self.arrays.get("embedding", ()))
        biases = len(self.arrays.get("output_bias", ()))
        tokens = len(self.characters)
        if rows != tokens or biases != rows:
            raise DataError(
                f"These weights are for another vocabulary: they have {rows} tokens, "
                f"and the vocabulary has {tokens}."
            )

    @classmethod
    def load(
        cls, name: str, folder: Path | str = WEIGHTS, dtype: str = "float64"
    ) -> NumpyLanguageModel:
        """Returns the shipped model of a corpus, or another one in a folder.

        Raises: DataError for files that are damaged or do not fit.
        """
        arrays, card = load_weights(name, folder)
        tokens = (UNKNOWN, END, NEWLINE, *card.get("characters", ()))
        return cls(arrays, Vocabulary(tokens, card.get("folded", 0)), dtype)

    def start(self, count: int) -> list[tuple]:
        """Returns h and c (count, H) of each layer before anything is read: zeros."""
        states = []
        for _, U, _ in self.layers:
            zeros = self.xp.zeros((count, U.shape[0]), self.dtype)
            states.append((zeros, zeros))
        return states

    def step(
        self, tokens: Any, states: list[tuple], form: Any = NO_FORM
    ) -> tuple[Any, list[tuple]]:
        """Reads a token (B,) in each sequence; returns the last h (B, H) and states.

        `form` is that of the next token, int (B, 3), or (3,) for all sequences; without
        it the model is told of no form. A model that reads none leaves it aside.
        """
        x = self.xp.take(self.embedding, tokens, axis=0)
        for k, embedding in enumerate(self.form_embeddings):
            x = x + self.xp.take(embedding, form[..., k], axis=0)
        new_states = []
        for (W, U, b), (h, c) in zip(self.layers, states):
            h, c = lstm_step(x, h, c, W, U, b, self.xp)
            new_states.append((h, c))
            x = h
        return x, new_states

    def logits(self, h: Any) -> Any:
        """Returns the logits (B, V) of the next token from the last h (B, H)."""
        features = h if self.projection is None else self.xp.matmul(h, self.projection)
        return self.xp.matmul(features, self.output) + self.bias

    def given_form(self, form: np.ndarray) -> NumpyLanguageModel:
        """Returns the model with the form of a poem, int (T, 3), for `probabilities`.

        It is that of each token, from the first of the title on.
        Notebook: words_and_music
        """
        model = copy(self)
        model._form = np.concatenate([form, NO_FORM[None]])
        model._context = None
        return model

    def probabilities(self, context: Sequence[str] = ()) -> np.ndarray:
        """Returns the probability of each token after a context, (V,); they sum to 1.

        The context is the characters from the beginning of a poem. Where it begins with
        that of the last call, only what is new is read.
        Notebook: writing_lyrics
        """
        context = tuple(context)
        if self._context is None or context[: len(self._context)] != self._context:
            self._context = ()
            self._after = self.step(np.array([END_ID]), self.start(1), self._form[0])
        for place in range(len(self._context), len(context)):
            token = self.characters.ids.get(context[place], 0)
            _, states = self._after
            form = self._form[min(place + 1, len(self._form) - 1)]
            self._after = self.step(np.array([token]), states, form)
        self._context = context
        h, _ = self._after
        return distribution(self.logits(h))[0]

    def costs(self, sequences: Iterable[np.ndarray]) -> list[np.ndarray]:
        """Returns the cost in bits of each token of each sequence of ids.

        A token's cost is -log2 of its probability, given the tokens before it. A
        sequence is (T,), or (T, 4) with the form of each token beside its id, which is
        then given too.
        Notebook: training_a_language_model
        """
        sequences = [_with_any_form(np.asarray(sequence)) for sequence in sequences]
        # The longest first, so that those of a batch have about equal lengths.
        order = sorted(range(len(sequences)), key=lambda k: -len(sequences[k]))
        costs = [np.empty(0)] * len(sequences)
        for first in progress.bar(range(0, len(order), BATCH), "reading"):
            batch = order[first : first + BATCH]
            bits = self._batch_costs([sequences[k] for k in batch])
            for k, column in zip(batch, bits.T):
                costs[k] = column[: len(sequences[k])]
        return costs

    def _batch_costs(self, sequences: list[np.ndarray]) -> np.ndarray:
        """Returns the costs of the tokens of sequences, the longest first, (T, B)."""
        T = len(sequences[0])
        B = len(sequences)
        ids = np.full((T + 1, B), END_ID)
        form = np.full((T, B, 3), OUTSIDE)
        for b, sequence in enumerate(sequences):
            ids[1 : len(sequence) + 1, b] = sequence[:, 0]
            form[: len(sequence), b] = sequence[:, 1:]
        bits = np.empty((T, B))
        states = self.start(B)
        for t in range(T):
            h, states = self.step(ids[t], states, form[t])
            p = distribution(self.logits(h))
            bits[t] = -np.log2(p[np.arange(B), ids[t + 1]])
        return bits


def _with_any_form(sequence: np.ndarray) -> np.ndarray:
    """Returns a sequence of ids (T,) with the form beside them that says nothing."""
    if sequence.ndim == 2:
        return sequence
    form = np.tile(OUTSIDE, (len(sequence), 1))
    return np.concatenate([sequence[:, None], form], axis=1)


def lstm_bits(
    model: NumpyLanguageModel, sequences: list[np.ndarray], piece: int = 1024, before: int = 256
) -> float:
    """Returns the bits per character of an LSTM on sequences of ids, or with a form.

    Each sequence is read from zero states. A long one is read in pieces side by side,
    each after the 256 tokens that stand before it.
    Notebook: gpu_lab
    """
    pieces = []
    context_sizes = []
    for ids in sequences:
        for start in range(0, len(ids), piece):
            first = max(0, start - before)
            pieces.append(ids[first : start + piece])
            context_sizes.append(start - first)
    costs = model.costs(pieces)
    counted = [bits[context:] for bits, context in zip(costs, context_sizes)]
    folded = model.characters.folded
    tokens = np.concatenate([_with_any_form(ids)[:, 0] for ids in sequences])
    return lyric_measures.bits_per_character(np.concatenate(counted), tokens, folded)
