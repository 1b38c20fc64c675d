"""An n-gram model in arrays: what every network of this course has to beat."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np

from lyricgen.models.kneser_ney import discounts
from lyricgen.models.sampling import draw_token

START = -1  # stands before every sequence, is conditioned on and never predicted


class NGram:
    """An n-gram model of tokens, smoothed by interpolated modified Kneser-Ney.

    The probability of a token after a context is what is left of its count once a
    discount is taken, and the discounts of the context are given to the same question
    asked with a context one token shorter; at the bottom all tokens are equal. An order
    below the highest counts after how many different tokens an n-gram was seen, not how
    often. Only an n-gram with which a sequence begins keeps its count, since nothing
    can stand before it. `KneserNey` has the same model in dictionaries, formula by
    formula.

    `sequences` hold hashable tokens; `vocabulary` lists all tokens in order (without
    it: those seen, sorted). Memory and time are linear in the number of tokens: a
    million tokens at order 6 take a few seconds.
    Raises: ValueError for an order below 1, and where there is no token to count;
    KeyError, here and in every method, for a token outside the vocabulary.
    Source: Chen and Goodman 1999, An empirical study of smoothing techniques for
    language modeling, section 3.
    Notebook: counting_words
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
        if vocabulary is None:
            seen: set[Any] = set().union(*sequences)
            vocabulary = sorted(seen)
        self.order = order
        self.vocabulary = list(vocabulary)
        self.index = {token: i for i, token in enumerate(self.vocabulary)}
        self.width = len(self.vocabulary) + 1  # START is the last number of a key
        self.levels: list[_Level] = []
        self._count(sequences)

    def _count(self, sequences: Iterable[Sequence[Hashable]]) -> None:
        """Makes a level for each length from 1 to the order."""
        tokens, places = self._stream(sequences)
        empty = np.zeros(len(tokens), np.int64)
        grams = _Grams.of_length(1, tokens, places, empty, self.width)
        for k in range(2, self.order + 1):
            longer = _Grams.of_length(k, tokens, places, grams.ids, self.width)
            self._add_level(grams.keys, grams.continuation_counts(longer))
            grams = longer
        self._add_level(grams.keys, grams.counts)

    def _add_level(self, keys: np.ndarray, counts: np.ndarray) -> None:
        contexts = len(self.levels[-1].keys) if self.levels else 1
        self.levels.append(_Level(keys, counts, contexts, self.width))

    def _encode(self, sequence: Iterable[Hashable]) -> list[int]:
        return [self.index[token] for token in sequence]

    def _stream(self, sequences: Iterable[Sequence[Hashable]]) -> tuple[np.ndarray, np.ndarray]:
        """Returns all tokens, a START before each sequence, and their places in it."""
        encoded = [[START, *self._encode(sequence)] for sequence in sequences]
        places = [np.arange(len(ids)) for ids in encoded]
        return np.concatenate(encoded), np.concatenate(places)

    def _find(self, tokens: Sequence[int]) -> int:
        """Returns the id of an n-gram, or -1 where it was not seen."""
        gram = 0
        for level, token in zip(self.levels, tokens):
            gram = level.find(gram, token)
            if gram < 0:
                return -1
        return gram

    def _seen_contexts(self, tokens: Sequence[int]) -> list[int]:
        """Returns the ids of the last 0, 1, ... tokens, as long as they were seen."""
        contexts = [0]
        longest = min(self.order - 1, len(tokens))
        for length in range(1, longest + 1):
            context = self._find(tokens[len(tokens) - length :])
            if context < 0:
                break
            contexts.append(context)
        return contexts

    def probabilities(self, context: Sequence[Hashable] = (), start: bool = True) -> np.ndarray:
        """Returns the probability of each token after a context, float64 (V,).

        `start` says that the sequence begins with the context; without it the context
        is a piece from the middle.
        """
        longest = self.order - 1
        used = context[max(0, len(context) - longest) :]
        tokens = self._encode(used)
        if start and len(context) <= longest:
            tokens = [START, *tokens]
        V = len(self.vocabulary)
        p = np.full(V, 1 / V)
        for level, seen_context in zip(self.levels, self._seen_contexts(tokens)):
            p = level.interpolate(seen_context, p)
        return p

    def bits(self, sequence: Sequence[Hashable]) -> np.ndarray:
        """Returns the bits that each token costs given those before it, (T,)."""
        return self._bits([sequence])

    def bits_per_token(self, sequences: Iterable[Sequence[Hashable]]) -> float:
        """Returns the mean cost of a token in bits: log2 of the perplexity."""
        return float(self._bits(sequences).mean())

    def bits_of_each(self, sequences: Iterable[Sequence[Hashable]]) -> np.ndarray:
        """Returns the bits that each of N sequences costs, (N,)."""
        sequences = list(sequences)
        lengths = [len(sequence) for sequence in sequences]
        owner = np.repeat(np.arange(len(sequences)), lengths)
        return np.bincount(owner, self._bits(sequences), len(sequences))

    def _bits(self, sequences: Iterable[Sequence[Hashable]]) -> np.ndarray:
        """Walks through the levels like `probabilities`, at all positions at once."""
        tokens, places = self._stream(sequences)
        predicted = np.flatnonzero(places > 0)
        p = np.full(len(predicted), 1 / len(self.vocabulary))
        # The id of the n-gram that ends at each position, -1 where it was not seen:
        # first the empty one, then one token longer at each level.
        grams = np.zeros(len(tokens), np.int64)
        for length, level in enumerate(self.levels):
            one_earlier = np.concatenate([[0], grams[:-1]])
            contexts = np.where(places >= length, one_earlier, -1)
            p = level.interpolate_each(contexts[predicted], tokens[predicted], p)
            grams = level.find_each(contexts, tokens)
        return -np.log2(p)

    def sample(
        self,
        length: int,
        rng: np.random.Generator,
        temperature: float = 1.0,
        context: Sequence[Hashable] = (),
        allowed: Callable[[list[Hashable]], np.ndarray] | None = None,
    ) -> list[Hashable]:
        """Draws `length` tokens one after another, after a context.

        `allowed`, given the context and the tokens so far, returns a mask (V,) of the
        next.
        """
        drawn = list(context)
        for _ in range(length):
            mask = None if allowed is None else allowed(drawn)
            token = draw_token(self.probabilities(drawn), rng, temperature, mask)
            drawn.append(self.vocabulary[token])
        return drawn[len(context) :]


class _Grams(NamedTuple):
    """The n-grams of one length in a stream of tokens.

    Each has an id, its place in `keys`. A key is the id of all tokens but the last,
    times `width`, plus the last token: sorted keys have the n-grams of a context side
    by side.
    """

    keys: np.ndarray
    counts: np.ndarray  # how often each was seen
    first: np.ndarray  # the position at which each ends for the first time
    begins: np.ndarray  # whether a sequence begins with it
    ids: np.ndarray  # the id of the n-gram that ends at each position

    @classmethod
    def of_length(
        cls, k: int, tokens: np.ndarray, places: np.ndarray, shorter: np.ndarray, width: int
    ) -> _Grams:
        """Counts the k-grams; `shorter` has the ids of the (k - 1)-grams."""
        ends = np.flatnonzero(places >= k - 1)  # k tokens of one sequence end here
        contexts = shorter[ends - 1]
        keys, first, ids_at_ends, counts = np.unique(
            contexts * width + tokens[ends] % width,
            return_index=True,
            return_inverse=True,
            return_counts=True,
        )
        first = ends[first]
        # START is only at place 0: a k-gram that starts with it ends at place k - 1.
        begins = places[first] == k - 1
        ids = np.zeros(len(tokens), np.int64)
        ids[ends] = ids_at_ends
        return cls(keys, counts, first, begins, ids)

    def continuation_counts(self, longer: _Grams) -> np.ndarray:
        """Returns after how many different tokens each n-gram was seen.

        An n-gram with which a sequence begins keeps its count.
        """
        suffixes = self.ids[longer.first]
        continuations = np.bincount(suffixes, minlength=len(self.keys))
        return np.where(self.begins, self.counts, continuations)


class _Level:
    """The n-grams of one length: what each keeps, and what each context gives away."""

    def __init__(self, keys: np.ndarray, counts: np.ndarray, contexts: int, width: int):
        self.keys = keys
        self.width = width
        predicted = keys % width != width - 1  # START never is
        counts = np.where(predicted, counts, 0)
        how_many = np.bincount(np.minimum(counts, 5), minlength=5)
        discount = np.array(discounts(how_many.tolist()), np.float64)
        taken = discount[np.minimum(counts, 3)]
        context = keys // width
        sums = np.bincount(context, counts, contexts)
        total = np.maximum(sums, 1)
        self.kept = (counts - taken) / total[context]
        given_away = np.bincount(context, taken, contexts) / total
        self.given_away = np.where(sums > 0, given_away, 1.0)
        # The n-grams of context c are those from bounds[c] to bounds[c + 1].
        self.bounds = np.searchsorted(keys, np.arange(contexts + 1) * width)

    def find(self, context: int, token: int) -> int:
        """Returns the id of context and token together, or -1 for one not seen."""
        key = context * self.width + token % self.width
        i = int(np.searchsorted(self.keys, key))
        seen = i < len(self.keys) and self.keys[i] == key
        return i if seen else -1

    def find_each(self, contexts: np.ndarray, tokens: np.ndarray) -> np.ndarray:
        """Does the same at many positions; a context of -1 was not seen itself."""
        if not len(self.keys):
            return np.full(len(tokens), -1)
        key = contexts * self.width + tokens % self.width
        i = np.searchsorted(self.keys, key)
        i = np.minimum(i, len(self.keys) - 1)
        seen = (contexts >= 0) & (self.keys[i] == key)
        return np.where(seen, i, -1)

    def interpolate(self, context: int, lower: np.ndarray) -> np.ndarray:
        """Returns the probabilities (V,) after a context, given the lower order's."""
        row = slice(self.bounds[context], self.bounds[context + 1])
        tokens = self.keys[row] % self.width
        predicted = tokens < self.width - 1
        p = self.given_away[context] * lower
        p[tokens[predicted]] += self.kept[row][predicted]
        return p

    def interpolate_each(
        self, contexts: np.ndarray, tokens: np.ndarray, lower: np.ndarray
    ) -> np.ndarray:
        """Returns the probability of one token at each of many positions."""
        if not len(self.keys):
            return lower
        grams = self.find_each(contexts, tokens)
        kept = np.where(grams >= 0, self.kept[np.maximum(grams, 0)], 0)
        p = self.given_away[np.maximum(contexts, 0)] * lower + kept
        return np.where(contexts >= 0, p, lower)
