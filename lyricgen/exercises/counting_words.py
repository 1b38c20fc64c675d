"""The exercises of the notebook counting_words."""

from __future__ import annotations

from collections import Counter

import numpy as np

from lyricgen.exercises import Exercise, Mistake

# What a model gave the five characters that came.
P = np.array([1 / 2, 1 / 8, 1 / 4, 1 / 32, 1 / 4])
_BITS = float(np.mean(-np.log2(P)))
_NATS = float(np.mean(-np.log(P)))


perplexity = Exercise(
    form="one number",
    hint=(
        "what did each character cost in bits, -log2(p)? Take the mean of the five costs, and "
        "then 2 to the power of it."
    ),
    right=lambda: 2**_BITS,
    why=(
        "The model is as uncertain as if it chose among 6 equally likely characters. The "
        "perplexity is the geometric mean of 1 / p, so the rarest character, with 1/32, is one "
        "factor among five."
    ),
    mistakes={
        "bits": Mistake(
            lambda: _BITS,
            "that is the mean cost in bits, and it is right; the perplexity is 2 to the power of "
            "it.",
        ),
        "nats": Mistake(
            lambda: _NATS, "that is the mean cost in nats; the perplexity is e to the power of it."
        ),
        "arithmetic mean": Mistake(
            lambda: float(np.mean(1 / P)),
            "you took the mean of 1 / p, which the rarest character rules; first the mean of the "
            "logarithms, then the power.",
        ),
        "mean of p": Mistake(
            lambda: float(1 / np.mean(P)),
            "you took the mean of the probabilities; the costs, -log2(p), are what is averaged.",
        ),
        "e to the bits": Mistake(
            lambda: float(np.exp(_BITS)),
            "you put bits into e to the power of …; bits belong to 2, nats to e.",
        ),
        "2 to the nats": Mistake(
            lambda: 2**_NATS, "you put nats into 2 to the power of …; nats belong to e, bits to 2."
        ),
        "sum": Mistake(
            lambda: 2 ** (_BITS * len(P)),
            "that is 1 over the probability of all five together; a perplexity is of one: take "
            "the mean, not the sum.",
        ),
        "product": Mistake(
            lambda: float(np.prod(P)),
            "that is the probability of all five together; the perplexity is it to the power of "
            "-1/5.",
        ),
        "sum of the bits": Mistake(
            lambda: _BITS * len(P),
            "that is what all five cost together, in bits: take the mean, and then 2 to the power "
            "of it.",
        ),
        "one too few": Mistake(
            lambda: 2 ** (_BITS * len(P) / 4),
            "there are five characters here, so the sum of the costs is divided by five.",
        ),
        "sign": Mistake(
            lambda: 2**-_BITS,
            "that is the geometric mean of the probabilities; the perplexity is 1 over it.",
        ),
    },
    tolerance=0.01,
)


# A small corpus: pairs of words, and how often each came.
PAIRS = {
    ("lang", "syne"): 3,
    ("lang", "day"): 1,
    ("a", "day"): 1,
    ("my", "love"): 1,
    ("thy", "love"): 1,
    ("a", "love"): 2,
}
DISCOUNT = 0.5
ASKED = ("syne", "love")


def _pencil(lower: Counter, factor: float, discount: float = DISCOUNT) -> np.ndarray:
    """Returns p(w | lang) for the words asked; q is from `lower`, times a factor."""
    p = []
    total = sum(count for (a, _), count in PAIRS.items() if a == "lang")
    for word in ASKED:
        kept = max(PAIRS.get(("lang", word), 0) - discount, 0) / total
        p.append(kept + factor * lower[word] / lower.total())
    return np.array(p)


_CONTINUATIONS = Counter(w for _, w in PAIRS)
_COUNTS: Counter[str] = Counter()
for (_, _word), _count in PAIRS.items():
    _COUNTS[_word] += _count
_LAMBDA = 2 * DISCOUNT / 4  # two different words after lang, and four in all


continuation = Exercise(
    form="two numbers, p(syne | lang) and p(love | lang)",
    hint=(
        "after lang came 4 words, 2 of them different. So syne keeps (3 - 1/2) / 4, love keeps "
        "nothing, and 2 times 1/2, over 4, is shared out by q. N(w) is the number of different "
        "words before w: how many of the 6 different pairs end with syne, and with love?"
    ),
    right=lambda: _pencil(_CONTINUATIONS, _LAMBDA),
    why=(
        "They are 2/3 and 1/8. The word love came after three different words and syne after one, "
        "so love gets three times as much of what was taken, though the counts are 4 and 3."
    ),
    mistakes={
        "frequencies": Mistake(
            lambda: _pencil(_COUNTS, _LAMBDA),
            "q is made from the counts n(w); Kneser-Ney takes N(w), the number of different words "
            "before w.",
        ),
        "one word after lang": Mistake(
            lambda: _pencil(_CONTINUATIONS, DISCOUNT / 4),
            "lambda(lang) has one discount in it, and two different words came after lang: each "
            "gives up 1/2.",
        ),
        "every pair gives": Mistake(
            lambda: _pencil(_CONTINUATIONS, DISCOUNT),
            "what is shared out is twice too much, for one of two reasons: lambda(lang) has a "
            "discount for each of the 4 pairs, and it is taken once from each of the 2 different "
            "ones; or q is N(w) over 3, the words, and it is N(w) over the sum of all N(v), 6.",
        ),
        "all of q": Mistake(
            lambda: _pencil(_CONTINUATIONS, 1.0),
            "q is added whole; only what was taken, lambda(lang) of it, is shared out, or the sum "
            "is above 1.",
        ),
        "nothing given": Mistake(
            lambda: _pencil(_CONTINUATIONS, 0.0),
            "the discount is taken and nobody gets it; lambda(lang) q(w) is missing.",
        ),
        "no smoothing": Mistake(
            lambda: _pencil(_CONTINUATIONS, 0.0, 0.0),
            "these are the relative frequencies, without any smoothing.",
        ),
        "no discount": Mistake(
            lambda: _pencil(_CONTINUATIONS, _LAMBDA, 0.0),
            "the count of syne was not reduced by 1/2, and yet something is shared out: the sum "
            "is above 1.",
        ),
        "uniform": Mistake(
            lambda: _pencil(Counter(list(_CONTINUATIONS)), _LAMBDA),
            "q is the same for the three words here; it is N(w) over the sum of all N(v).",
        ),
        "q alone": Mistake(
            lambda: np.array([1 / 6, 3 / 6]),
            "these are q(syne) and q(love), and they are right; now put them into p(w | lang).",
        ),
    },
    tolerance=0.01,
)


def _broken(counts: np.ndarray, delta: float) -> np.ndarray:
    """Returns what the notebook's function returns: every token gives a discount."""
    taken = delta * len(counts)
    return np.maximum(counts - delta, 0) / counts.sum() + taken / counts.sum() / len(counts)


def _kept(counts: np.ndarray, delta: float) -> np.ndarray:
    return np.maximum(counts - delta, 0) / counts.sum()


def _repaired(counts: np.ndarray, delta: float) -> np.ndarray:
    taken = delta * np.count_nonzero(counts)
    return _kept(counts, delta) + taken / counts.sum() / len(counts)


def _only_unseen(counts: np.ndarray, delta: float) -> np.ndarray:
    """Returns a back-off: what was taken goes to the unseen tokens alone."""
    missing = 1 - _kept(counts, delta).sum()
    unseen = counts == 0
    return _kept(counts, delta) + np.where(unseen, missing / max(1, unseen.sum()), 0)


repaired = Exercise(
    form="a function of counts and delta that returns an array (V,)",
    hint=(
        "np.maximum(counts - delta, 0) takes nothing from a count of 0. From how many tokens is a "
        "discount taken, then? `taken` says V."
    ),
    right=_repaired,
    why=(
        "A discount is taken from the tokens that came, so `taken` is delta times their number, "
        "np.count_nonzero(counts). What is shared out is now what was taken, and the sum is 1."
    ),
    mistakes={
        "broken": Mistake(
            _broken,
            "these are the numbers that `broken` returns: each token gets delta / n(a, .), which "
            "is V discounts together, and fewer are taken. (Did you divide by N in place of V?)",
        ),
        "delta forgotten": Mistake(
            lambda counts, delta: (
                _kept(counts, delta) + np.count_nonzero(counts) / counts.sum() / len(counts)
            ),
            "delta is missing in what is shared out: each token that came gives up delta, not 1.",
        ),
        "negative counts": Mistake(
            lambda counts, delta: _repaired(counts, delta) - delta * (counts == 0) / counts.sum(),
            "a count of 0 must not become negative: keep the maximum with 0 in the first term.",
        ),
        "more than once": Mistake(
            lambda counts, delta: (
                _kept(counts, delta)
                + delta * np.count_nonzero(counts > 1) / counts.sum() / len(counts)
            ),
            "you counted the tokens that came more than once; one that came once gives up delta "
            "as well.",
        ),
        "normalised": Mistake(
            lambda counts, delta: _broken(counts, delta) / _broken(counts, delta).sum(),
            "the sum is 1, but the mistake is still there: every count loses more than delta. "
            "Which of the two terms of `broken` is wrong?",
        ),
        "nothing is kept back": Mistake(
            lambda counts, delta: counts / counts.sum() + 0 * delta,
            "these are the relative frequencies: the sum is 1, and an unseen token has 0. A count "
            "of 0 has no discount to give.",
        ),
        "nothing given": Mistake(
            _kept, "what was taken is not shared out: the second term is missing."
        ),
        "the unseen alone": Mistake(
            _only_unseen,
            "the sum is 1, but what was taken goes to the unseen tokens alone (a back-off model). "
            "In the formula of section 6 every token gets its share, the seen ones too.",
        ),
        "unseen tokens counted": Mistake(
            lambda counts, delta: (
                _kept(counts, delta)
                + delta * np.count_nonzero(counts == 0) / counts.sum() / len(counts)
            ),
            "you counted the tokens that never came; the discount is taken from those that came.",
        ),
        "not divided by V": Mistake(
            lambda counts, delta: (
                _kept(counts, delta) + delta * np.count_nonzero(counts) / counts.sum()
            ),
            "what was taken is given to each of the V tokens whole; each gets 1/V of it.",
        ),
    },
    cases=(
        (np.array([5, 0, 2, 1, 0, 0, 0]), 0.75),
        (np.array([1, 0, 0, 3]), 0.5),
        (np.array([2, 7, 4]), 0.4),
    ),
)
