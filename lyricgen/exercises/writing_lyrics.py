"""The exercises of the notebook writing_lyrics."""

from __future__ import annotations

from functools import partial

import numpy as np

from lyricgen.exercises import Exercise, Mistake

# The first exercise: sorted 0.38, 0.25, 0.17, ..., and 0.7 lies within the third.
CHARACTERS = np.array([0.04, 0.38, 0.10, 0.25, 0.17, 0.06])
SHARE = 0.7

# More for the check: with a token of probability 0, and one that has exactly 0.5.
SURE = np.array([0.05, 0.0, 0.79, 0.16])
EXACT = np.array([0.125, 0.5, 0.0625, 0.25, 0.0625])

# A fixed share of 0.7 and min-p keep the same tokens above; here they do not.
MANY = np.array([0.1, 0.34, 0.08, 0.17, 0.075, 0.14, 0.095])


def _normal(weights: np.ndarray) -> np.ndarray:
    return weights / weights.sum()


def _reached(p: np.ndarray, share: float, order: np.ndarray, shift: int = 0) -> np.ndarray:
    """Which tokens stay, taken in this order until they have the share."""
    before = np.cumsum(p[order]) - p[order]
    count = int(np.sum(before < share)) + shift
    kept = np.zeros(len(p), bool)
    kept[order[:count]] = True
    return kept


def _top_p(p: np.ndarray, share: float, shift: int = 0) -> np.ndarray:
    return _normal(p * _reached(p, share, np.argsort(-p), shift))


def _within(p: np.ndarray, share: float) -> np.ndarray:
    """Those that have no more than the share together: one too few."""
    order = np.argsort(-p)
    kept = np.zeros(len(p), bool)
    kept[order[np.cumsum(p[order]) <= share]] = True
    return _normal(p * kept)


def _past_the_boundary(p: np.ndarray, share: float) -> np.ndarray:
    order = np.argsort(-p)
    kept = np.zeros(len(p), bool)
    kept[order[np.cumsum(p[order]) - p[order] <= share]] = True
    return _normal(p * kept)


def _top_3(p: np.ndarray, share: float) -> np.ndarray:
    kept = np.zeros(len(p), bool)
    kept[np.argsort(-p)[:3]] = True
    return _normal(p * kept)


def _mask_in_sorted_order(p: np.ndarray, share: float) -> np.ndarray:
    ordered = np.sort(p)[::-1]
    return _normal(p * (np.cumsum(ordered) - ordered < share))


top_p = Exercise(
    form="a function of p (V,) and share that returns the new probabilities, of shape (V,)",
    hint=(
        "sort the tokens, the likeliest first; a token stays if those before it have not reached "
        "the share yet; set the others to 0 and divide by the sum."
    ),
    right=_top_p,
    why=(
        "Where the model is sure, this keeps one token or two, and where it is not, many. "
        "Top-k keeps the same number in both cases."
    ),
    cases=((CHARACTERS, SHARE), (CHARACTERS, 0.5), (SURE, 0.9), (EXACT, 0.5), (MANY, 0.9)),
    mistakes={
        "last one dropped": Mistake(
            lambda p, share: _top_p(p, share, shift=-1),
            "you left out the token with which the share is reached; the kept ones should have at "
            "least the share together.",
        ),
        "last one dropped unless exact": Mistake(
            _within,
            "you left out the token with which the share is reached; the kept ones should have at "
            "least the share together.",
        ),
        "one too many": Mistake(
            lambda p, share: _top_p(p, share, shift=1),
            "you kept one token too many: the share was reached without it.",
        ),
        "one too many at a boundary": Mistake(
            _past_the_boundary,
            "one token too many where the share is reached exactly: a token stays if those before "
            "it have less than the share, not less or as much.",
        ),
        "top-k": Mistake(
            _top_3,
            "that is top-k with k = 3: how many stay depends on p and on share.",
        ),
        "threshold": Mistake(
            lambda p, share: _normal(p * (p > 0.15)),
            "that is a threshold on each probability; the share is what the kept tokens have "
            "together.",
        ),
        "min-p": Mistake(
            lambda p, share: _normal(p * (p >= 0.4 * p.max())),
            "that is min-p, a part of the largest probability; the share is what the kept tokens "
            "have together.",
        ),
        "share fixed": Mistake(
            lambda p, share: _top_p(p, SHARE),
            "your function takes 0.7 whatever share it is given: use the argument.",
        ),
        "mask in sorted order": Mistake(
            _mask_in_sorted_order,
            "the mask belongs to the sorted tokens, and you laid it on p as it is: put it back "
            "into each token's own place, as in kept[order] = mask.",
        ),
        "not normalised": Mistake(
            lambda p, share: p * _reached(p, share, np.argsort(-p)),
            "the right ones are kept; divide them by their sum.",
        ),
        "divided by the share": Mistake(
            lambda p, share: p * (_top_p(p, share) > 0) / share,
            "the right ones are kept; divide them by their sum, which is a little more than the "
            "share.",
        ),
        "not sorted": Mistake(
            lambda p, share: _normal(p * _reached(p, share, np.arange(len(p)))),
            "you went through the tokens in the order of the vocabulary; sort them first, the "
            "likeliest in front.",
        ),
        "unlikeliest first": Mistake(
            lambda p, share: _normal(p * _reached(p, share, np.argsort(p))),
            "nothing was left out: did you begin with the unlikeliest?",
        ),
        "left in sorted order": Mistake(
            lambda p, share: np.sort(_top_p(p, share))[::-1],
            "the numbers are right, but sorted: put each back in the place of its token.",
        ),
    },
)


# The second exercise: how many characters the line of each of four poems has so far.
TOKENS = ("<unk>", "<end>", "\n", "风", "月", "花", "春", "秋")
DONE = np.array([0, 3, 5, 4])
LENGTH = 5


def _allowed(
    done: np.ndarray,
    length: int,
    V: int,
    early: bool = False,
    also: bool = False,
    special: tuple[int, ...] = (),
) -> np.ndarray:
    """The answer of the second exercise; the arguments behind V spoil it."""
    mask = np.zeros((len(done), V), bool)
    full = np.equal(done, length)
    mask[:, 3:] = ~full[:, None] | also
    mask[:, list(special)] = ~full[:, None]
    mask[:, 2] = full | early
    return mask


def _full_or(
    done: np.ndarray, length: int, at_full: np.ndarray, elsewhere: np.ndarray
) -> np.ndarray:
    """Returns one row (V,) where the line is full, and another one elsewhere."""
    return np.where(np.equal(done, length)[:, None], at_full, elsewhere)


def _rows_swapped(done: np.ndarray, length: int, V: int) -> np.ndarray:
    token = np.arange(V)
    return _full_or(done, length, token > 2, token == 2)


def _end_where_full(done: np.ndarray, length: int, V: int) -> np.ndarray:
    token = np.arange(V)
    return _full_or(done, length, (token == 1) | (token == 2), token > 2)


line_end = Exercise(
    form="a function of done (B,), length and V that returns a mask (B, V) of True and False",
    hint=(
        "two kinds of row: where done equals length, only place 2 is True; elsewhere all places "
        "from 3 on. np.where with done[:, None] chooses between them."
    ),
    right=_allowed,
    why=(
        "Every line now has the length that the form wants, whatever the model prefers. With "
        "<end> allowed, the model could end a poem at any character, and sometimes it did."
    ),
    cases=((DONE, LENGTH, len(TOKENS)), (np.array([7, 6, 0, 7, 3]), 7, 11)),
    mistakes={
        "line end always": Mistake(
            partial(_allowed, early=True),
            "the newline may come too early: where the line is not full it has to be False.",
        ),
        "nothing forced": Mistake(
            partial(_allowed, also=True),
            "where the line is full the newline is allowed, but so are characters: only the "
            "newline may be True there.",
        ),
        "one too early": Mistake(
            lambda done, length, V: _allowed(done, length - 1, V),
            "your lines get one character too few: done counts the characters already there.",
        ),
        "one too late": Mistake(
            lambda done, length, V: _allowed(done, length + 1, V),
            "your lines get one character too many: done counts the characters that are there "
            "already, so a line is full at done == length.",
        ),
        "unk and end": Mistake(
            partial(_allowed, special=(0, 1)),
            "you allow <unk> and <end> (tokens 0 and 1) within a line: a poem should not show the "
            "first, and it should not stop at the second.",
        ),
        "unk": Mistake(
            partial(_allowed, special=(0,)),
            "poems no longer stop, but <unk> (token 0) is still allowed within a line: only the "
            "tokens from 3 on are characters.",
        ),
        "end": Mistake(
            partial(_allowed, special=(1,)),
            "<end> (token 1) is still allowed within a line, and the poem stops there.",
        ),
        "rows swapped": Mistake(
            _rows_swapped,
            "the two kinds of row are swapped: the newline alone belongs to the lines that are "
            "full.",
        ),
        "end at a full line": Mistake(
            _end_where_full,
            "you allow <end> (token 1) where a line is full: the poem may stop there before its "
            "last line.",
        ),
        "unk, newline and end": Mistake(
            lambda done, length, V: _full_or(done, length, np.arange(V) < 3, np.arange(V) > 2),
            "where the line is full you allow <unk> and <end> (tokens 0 and 1) beside the newline.",
        ),
        "all but end": Mistake(
            lambda done, length, V: _full_or(done, length, np.arange(V) == 2, np.arange(V) != 1),
            "<end> is gone, but within a line you allow <unk> and the newline (tokens 0 and 2).",
        ),
        "first character missing": Mistake(
            lambda done, length, V: _full_or(done, length, np.arange(V) == 2, np.arange(V) > 3),
            "token 3 is a character too: they are the tokens from 3 on.",
        ),
        "turned round": Mistake(
            lambda *case: ~_allowed(*case),
            "True and False are swapped: True says that a token may come.",
        ),
    },
)


# The third exercise: three steps, four characters.
P = np.array([[0.1, 0.2, 0.3, 0.4], [0.25, 0.25, 0.25, 0.25], [0.7, 0.1, 0.1, 0.1]])
MASKS = np.array(
    [[True, True, False, False], [True, True, True, True], [False, True, False, False]]
)


# Two steps and five characters, for the check.
OTHER_P = np.array([[0.5, 0.2, 0.1, 0.1, 0.1], [0.05, 0.35, 0.3, 0.2, 0.1]])
OTHER_MASKS = np.array([[False, True, True, False, True], [True, False, True, True, False]])


def _price(p: np.ndarray, masks: np.ndarray) -> np.ndarray:
    """The price of each step in bits."""
    return -np.log2(np.sum(p * masks, axis=1))


def _counted(p: np.ndarray, masks: np.ndarray) -> float:
    return np.log2(p.shape[1] / masks.sum(axis=1)).sum()


price = Exercise(
    form="a function of p (T, V) and masks (T, V) that returns one number",
    hint=(
        "at each step, add up the probabilities of the allowed characters and take -log2 of the "
        "sum; then add up the steps."
    ),
    right=lambda p, masks: float(_price(p, masks).sum()),
    why=(
        "It is also log2 of how many times likelier the poem is under the masks than under the "
        "model: each step's probability was divided by that sum."
    ),
    cases=((P, MASKS), (OTHER_P, OTHER_MASKS)),
    mistakes={
        "nats": Mistake(
            lambda p, masks: float(_price(p, masks).sum() * np.log(2)),
            "that is in nats: take log2.",
        ),
        "sign": Mistake(
            lambda p, masks: float(-_price(p, masks).sum()),
            "the sign is wrong: a probability below 1 has a negative logarithm, and a price is "
            "positive.",
        ),
        "each step": Mistake(
            lambda p, masks: _price(p, masks),
            "these are the prices of the steps; the question is about the whole poem.",
        ),
        "mean": Mistake(
            lambda p, masks: float(_price(p, masks).mean()),
            "that is the mean over the steps; the question is about the whole poem.",
        ),
        "sum first": Mistake(
            lambda p, masks: float(-np.log2(np.sum(p * masks))),
            "your sum over the steps is inside the logarithm: take the logarithm of each step.",
        ),
        "counted": Mistake(
            _counted,
            "that counts the allowed characters; the model does not give all of them the same "
            "probability.",
        ),
        "forbidden": Mistake(
            lambda p, masks: float(_price(p, ~masks).sum()),
            "you summed the forbidden tokens: True says that a token may come.",
        ),
        "over the steps": Mistake(
            lambda p, masks: float(-np.sum(np.log2(np.sum(p * masks, axis=0)))),
            "you summed over the steps inside the logarithm (axis 0): each step has a sum of its "
            "own, over its tokens (axis 1).",
        ),
        "logarithm of each token": Mistake(
            lambda p, masks: float(-np.sum(masks * np.log2(p))),
            "you took the logarithm of each token: first the sum over the allowed tokens of a "
            "step, then its logarithm.",
        ),
        "log10": Mistake(
            lambda p, masks: float(_price(p, masks).sum() * np.log10(2)),
            "that is with log10: bits take log2.",
        ),
        "logarithm of the mean": Mistake(
            lambda p, masks: float(-np.log2(np.mean(np.sum(p * masks, axis=1)))),
            "you took the logarithm of the mean over the steps: take the logarithm of each step, "
            "and add them up.",
        ),
        "first step missing": Mistake(
            lambda p, masks: float(_price(p, masks)[1:].sum()),
            "the first step is missing: its price counts as well.",
        ),
        "probability": Mistake(
            lambda p, masks: float(np.prod(np.sum(p * masks, axis=1))),
            "that is the probability itself; its -log2 is the price.",
        ),
    },
)
