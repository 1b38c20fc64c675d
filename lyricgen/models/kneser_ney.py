"""Interpolated modified Kneser-Ney with dictionaries, written from its formulas."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Sequence

import numpy as np

START = "<s>"  # stands before every sequence, is conditioned on and never predicted


class KneserNey:
    """An n-gram model smoothed by interpolated modified Kneser-Ney, slow and readable.

    It is the reference for `NGram`, which gives the same probabilities from arrays,
    fast enough for a corpus. For a token w after a context c,

        P(w | c) = (n(c w) - d(n(c w)) + sum over v of d(n(c v)) P(w | c')) / n(c),

    where n(c) is the sum of all n(c v), c' is the context without its first token, and
    d the discount of a count. Below the empty context all tokens are equally likely.

    `sequences` hold hashable tokens other than "<s>"; `vocabulary` lists all of them.
    Source: Chen and Goodman 1999, section 3.
    Notebook: counting_words
    """

    def __init__(
        self,
        sequences: Iterable[Sequence[Hashable]],
        order: int,
        vocabulary: Sequence[Hashable],
    ):
        self.order = order
        self.vocabulary = list(vocabulary)
        # n(c w) of every order: self.counts[c][w], with contexts c as tuples.
        self.counts: defaultdict[tuple, Counter] = defaultdict(Counter)
        self.discounts: list[list[float]] = []
        padded = [(START, *sequence) for sequence in sequences]
        for k in range(1, order + 1):
            grams = count_grams(padded, k)
            if k < order:
                grams = continuation_counts(grams, count_grams(padded, k + 1))
            del grams[(START,)]
            for (*context, token), count in grams.items():
                self.counts[tuple(context)][token] = count
            how_many = Counter(grams.values())
            self.discounts.append(discounts([how_many[j] for j in range(5)]))

    def probability(self, token: Hashable, context: tuple) -> float:
        """Returns P(token | context) for a context of fewer tokens than the order."""
        uniform = 1 / len(self.vocabulary)
        lower = self.probability(token, context[1:]) if context else uniform
        counts = self.counts[context]
        total = counts.total()
        if total == 0:
            return lower
        discount = self.discounts[len(context)]
        kept = counts[token] - discount[min(counts[token], 3)]
        given_away = sum(discount[min(count, 3)] for count in counts.values())
        return (kept + given_away * lower) / total

    def probabilities(self, context: Sequence[Hashable] = (), start: bool = True) -> np.ndarray:
        """Returns the probability of each token of the vocabulary, float64 (V,).

        `start` says that the sequence begins with the context; without it the context
        is a piece from the middle.
        """
        before = (START, *context) if start else tuple(context)
        used = before[max(0, len(before) - self.order + 1) :]
        return np.array([self.probability(token, used) for token in self.vocabulary])


def count_grams(sequences: Iterable[tuple], k: int) -> Counter[tuple]:
    """Counts the k-grams of sequences: each run of k tokens, as a tuple."""
    grams: Counter[tuple] = Counter()
    for sequence in sequences:
        for end in range(k, len(sequence) + 1):
            grams[sequence[end - k : end]] += 1
    return grams


def continuation_counts(grams: Counter[tuple], longer: Counter[tuple]) -> Counter[tuple]:
    """Returns after how many different tokens each k-gram was seen.

    `longer` counts the (k + 1)-grams. A k-gram with which a sequence begins keeps its
    count, since nothing can stand before it.
    """
    continuations = Counter(gram[1:] for gram in longer)
    for gram, count in grams.items():
        if gram[0] == START:
            continuations[gram] = count
    return continuations


def discounts(n: Sequence[int]) -> list[float]:
    """Returns what is taken from a count of 0, of 1, of 2, and of 3 or more.

    n[j] is how many n-grams were seen j times, for j up to 4. With y = n[1] / (n[1] + 2
    n[2]), a count of j loses j - (j + 1) y n[j + 1] / n[j]. Where the data are too few
    for that it loses y, and where they are too few for y, a half.
    Source: Chen and Goodman 1999, equation 17.
    """
    y = 0.5
    if n[1] and n[2]:
        y = n[1] / (n[1] + 2 * n[2])
    taken = [0.0]
    for j in (1, 2, 3):
        discount = y
        if n[j] and n[j + 1]:
            discount = j - (j + 1) * y * n[j + 1] / n[j]
        # Something is always left for the unseen, and no count falls below 0.
        taken.append(min(max(discount, 0.01), j))
    return taken
