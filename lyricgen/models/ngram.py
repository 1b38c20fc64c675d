"""Interpolated modified Kneser-Ney: the n-gram that every network of this course has to beat."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence

import numpy as np

from lyricgen.models.sampling import draw_token

START = -1  # stands before every sequence, is conditioned on and never predicted


class NGram:
    """An n-gram model of sequences of tokens, smoothed by interpolated modified Kneser-Ney.

    The probability of a token after a context is what is left of its count once a discount is taken, and the discounts of the
    context are given to the same question asked with a context one token shorter; at the bottom all tokens are equal. An order
    below the highest counts in how many contexts an n-gram was seen, not how often. Only an n-gram with which a sequence
    begins keeps its count, since nothing can stand before it.

    `sequences` hold hashable tokens; `vocabulary` lists all tokens in order (without it: those seen, sorted). Tokens outside the
    vocabulary raise KeyError, here and in every method. Memory and time are linear in the number of tokens: a million tokens
    at order 6 take a few seconds.

    Source: Chen and Goodman (1999), "An empirical study of smoothing techniques for language modeling", section 3.
    Notebook: 03_lyrics_language_model
    """

    def __init__(
        self,
        sequences: Iterable[Sequence[Hashable]],
        order: int,
        vocabulary: Sequence[Hashable] | None = None,
    ):
        if order < 1:
            raise ValueError(f"order is {order}; it should be 1 or more.")
        sequences = [list(sequence) for sequence in sequences]
        if not any(sequences):
            raise ValueError("There is no token to count.")
        self.order = order
        self.vocabulary = (
            list(vocabulary)
            if vocabulary is not None
            else sorted({token for s in sequences for token in s})
        )
        self.index = {token: i for i, token in enumerate(self.vocabulary)}
        self.levels: list[_Level] = []
        width = len(self.vocabulary) + 1  # the start takes the last place in a key
        tokens, place = self._stream(sequences)
        gram = np.zeros(
            len(tokens), np.int64
        )  # the id of the k-gram that ends at each position; at first the empty one
        begins = np.zeros(1, bool)  # of each gram: whether a sequence begins with it
        counted: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = []
        for k in range(1, order + 1):
            inside = place >= k - 1  # k tokens of one sequence end here
            before = np.concatenate(
                [[0], gram[:-1]]
            )  # the (k-1)-gram that ends one position earlier
            keys, first, ids, counts = np.unique(
                (before * width + tokens % width)[inside],
                return_index=True,
                return_inverse=True,
                return_counts=True,
            )
            position = np.flatnonzero(inside)[first]
            if (
                counted
            ):  # continuation counts: how many different tokens stand before each (k-1)-gram
                lower_keys, lower_counts, _ = counted[-1]
                continuations = np.bincount(gram[position], minlength=len(lower_keys))
                counted[-1] = lower_keys, np.where(begins, lower_counts, continuations), begins
            begins = begins[before[position]] if counted else tokens[position] == START
            counted.append((keys, counts, begins))
            gram = np.zeros(len(tokens), np.int64)
            gram[inside] = ids
        for keys, counts, _ in counted:
            predicted = keys % width != width - 1
            contexts = len(self.levels[-1].keys) if self.levels else 1
            self.levels.append(_Level(keys, np.where(predicted, counts, 0), contexts, width))

    def _encode(self, sequence: Iterable[Hashable]) -> list[int]:
        return [self.index[token] for token in sequence]

    def _stream(self, sequences: Iterable[Sequence[Hashable]]) -> tuple[np.ndarray, np.ndarray]:
        """All tokens in one array, each sequence behind a start, and the place of each in its sequence."""
        parts = [[START, *self._encode(sequence)] for sequence in sequences]
        return np.concatenate(parts), np.concatenate([np.arange(len(part)) for part in parts])

    def _contexts(self, context: Sequence[int]) -> list[int]:
        """The ids of the contexts of length 0, 1, ... at each level, as long as they were seen."""
        found = [0]
        for length in range(1, min(self.order, len(context) + 1)):
            gram = 0
            for level, token in zip(self.levels, context[len(context) - length :]):
                gram = level.find(gram, token)
                if gram < 0:
                    return found
            found.append(gram)
        return found

    def probabilities(self, context: Sequence[Hashable] = (), start: bool = True) -> np.ndarray:
        """The probability of each token of the vocabulary after a context, float64 (V,), sums to 1.

        `start` says that the sequence begins with the context; without it the context is a piece from the middle.
        """
        ids = ([START] if start else []) + self._encode(
            context[max(0, len(context) - self.order + 1) :]
        )
        if start and len(context) >= self.order:
            ids = ids[1:]
        p = np.full(len(self.vocabulary), 1 / len(self.vocabulary))
        for level, gram in zip(self.levels, self._contexts(ids)):
            p = level.interpolate(gram, p)
        return p

    def bits(self, sequence: Sequence[Hashable]) -> np.ndarray:
        """The cost of each token of a sequence given those before it, in bits, float64 (T,)."""
        return self._bits([sequence])

    def bits_per_token(self, sequences: Iterable[Sequence[Hashable]]) -> float:
        """The mean cost of a token over sequences, in bits: the base-2 logarithm of the perplexity."""
        return float(self._bits(sequences).mean())

    def _bits(self, sequences: Iterable[Sequence[Hashable]]) -> np.ndarray:
        # all positions at once: the same walk as in `probabilities`, one level after another
        tokens, place = self._stream(sequences)
        at = np.flatnonzero(place > 0)
        p = np.full(len(at), 1 / len(self.vocabulary))
        gram = np.zeros(
            len(tokens), np.int64
        )  # the (k-1)-gram that ends at each position, -1 where it was not seen
        for k, level in enumerate(self.levels):
            before = np.where(place >= k, np.concatenate([[0], gram[:-1]]), -1)
            p = level.interpolate_each(before[at], tokens[at], p)
            gram = level.find_each(before, tokens)
        return -np.log2(p)

    def sample(
        self,
        length: int,
        rng: np.random.Generator,
        temperature: float = 1.0,
        context: Sequence[Hashable] = (),
        allowed=None,
    ) -> list[Hashable]:
        """Draws `length` tokens one after another; `allowed(tokens so far)` may give a mask (V,) of the next ones."""
        drawn: list[Hashable] = list(context)
        for _ in range(length):
            mask = None if allowed is None else allowed(drawn)
            drawn.append(
                self.vocabulary[draw_token(self.probabilities(drawn), rng, temperature, mask)]
            )
        return drawn[len(context) :]


class _Level:
    """The k-grams of one length: sorted keys (context id * width + token), counts, discounts, and what each context gives away."""

    def __init__(self, keys: np.ndarray, counts: np.ndarray, contexts: int, width: int):
        self.keys, self.width = keys, width
        n = np.bincount(np.minimum(counts, 5), minlength=5)[
            1:5
        ]  # how many k-grams have count 1, 2, 3, 4
        y = n[0] / (n[0] + 2 * n[1]) if n[0] and n[1] else 0.5
        discount = [0.0] + [
            j + 1 - (j + 2) * y * n[j + 1] / n[j] if n[j] and n[j + 1] else y for j in range(3)
        ]
        discount = np.clip(
            discount, [0, 0.01, 0.01, 0.01], [0, 1, 2, 3]
        )  # odd data: something is always left for the unseen
        taken = discount[np.minimum(counts, 3)]
        context = keys // width
        total = np.bincount(context, counts, contexts)
        self.total = np.maximum(total, 1)
        self.given = np.where(total > 0, np.bincount(context, taken, contexts) / self.total, 1.0)
        self.kept = (counts - taken) / self.total[context]
        self.bounds = np.searchsorted(keys, np.arange(contexts + 1) * width)

    def find(self, context: int, token: int) -> int:
        key = context * self.width + token % self.width
        i = int(np.searchsorted(self.keys, key))
        return i if i < len(self.keys) and self.keys[i] == key else -1

    def find_each(self, context: np.ndarray, token: np.ndarray) -> np.ndarray:
        if not len(self.keys):
            return np.full(len(token), -1)
        key = context * self.width + token % self.width
        i = np.minimum(np.searchsorted(self.keys, key), len(self.keys) - 1)
        return np.where((context >= 0) & (self.keys[i] == key), i, -1)

    def interpolate(self, context: int, lower: np.ndarray) -> np.ndarray:
        p = self.given[context] * lower
        part = slice(self.bounds[context], self.bounds[context + 1])
        token = self.keys[part] % self.width
        seen = token < self.width - 1
        p[token[seen]] += self.kept[part][seen]
        return p

    def interpolate_each(
        self, context: np.ndarray, token: np.ndarray, lower: np.ndarray
    ) -> np.ndarray:
        if not len(self.keys):
            return lower
        i = self.find_each(context, token)
        p = self.given[np.maximum(context, 0)] * lower + np.where(
            i >= 0, self.kept[np.maximum(i, 0)], 0
        )
        return np.where(context >= 0, p, lower)
