"""The exercises of the notebook writing_lyrics."""

from __future__ import annotations

import numpy as np

from lyricgen.exercises import Exercise, Mistake

# The first exercise: sorted 0.38, 0.25, 0.17, ..., and 0.7 lies within the third.
CHARACTERS = np.array([0.04, 0.38, 0.10, 0.25, 0.17, 0.06])
SHARE = 0.7


def _kept(*places: int) -> np.ndarray:
    kept = np.zeros(len(CHARACTERS))
    kept[list(places)] = CHARACTERS[list(places)]
    return kept / kept.sum()


top_p = Exercise(
    hint=(
        "sort from the likeliest down; a token stays if those before it have not reached the "
        "share yet; set the others to 0 and divide by the sum."
    ),
    right=lambda: _kept(1, 3, 4),
    why=(
        "Where the model is sure, this keeps one token or two, and where it is not, hundreds. "
        "top-k keeps the same number in both cases."
    ),
    call=lambda function: np.asarray(function(CHARACTERS.copy(), SHARE), float),
    mistakes={
        "last one dropped": Mistake(
            lambda: _kept(1, 3),
            "you left out the token with which the share is reached; the kept ones should have at "
            "least the share together.",
        ),
        "one too many": Mistake(
            lambda: _kept(1, 3, 4, 2),
            "you kept one token too many: the share was reached without it.",
        ),
        "not normalised": Mistake(
            lambda: _kept(1, 3, 4) * CHARACTERS[[1, 3, 4]].sum(),
            "the right ones are kept; divide them by their sum.",
        ),
        "not sorted": Mistake(
            lambda: _kept(0, 1, 2, 3),
            "you went through the tokens as they stand in the vocabulary; sort them first, the "
            "likeliest in front.",
        ),
        "unlikeliest first": Mistake(
            lambda: _kept(0, 5, 2, 4, 3, 1),
            "nothing was left out: did you begin with the unlikeliest?",
        ),
        "left in sorted order": Mistake(
            lambda: np.sort(_kept(1, 3, 4))[::-1],
            "the numbers are right, but sorted: put each back in the place of its token.",
        ),
    },
)


# The second exercise: how many characters the line of each of four poems has so far.
TOKENS = ("<unk>", "<end>", "\n", "风", "月", "花", "春", "秋")
DONE = np.array([0, 3, 5, 4])
LENGTH = 5


def _allowed(
    at: int = LENGTH, early: bool = False, also: bool = False, special: tuple[int, ...] = ()
) -> np.ndarray:
    mask = np.zeros((len(DONE), len(TOKENS)), bool)
    full = np.equal(DONE, at)
    mask[:, 3:] = ~full[:, None] | also
    mask[:, list(special)] = ~full[:, None]
    mask[:, 2] = full | early
    return mask


line_end = Exercise(
    hint=(
        "two kinds of row: where done equals length, only place 2 is True; elsewhere all places "
        "from 3 on. np.where with done[:, None] chooses between them."
    ),
    right=_allowed,
    why=(
        "Every line now has the length that the form wants, whatever the model thinks of it. "
        "The section on masks does the same for whole patterns, rhymes included, and asks what it "
        "costs."
    ),
    call=lambda function: np.asarray(function(DONE.copy(), LENGTH, len(TOKENS))),
    mistakes={
        "line end always": Mistake(
            lambda: _allowed(early=True),
            "the newline may come too early: where the line is not full it has to be False.",
        ),
        "nothing forced": Mistake(
            lambda: _allowed(also=True),
            "where the line is full the newline is allowed, but so are characters: only the "
            "newline may be True there.",
        ),
        "one too early": Mistake(
            lambda: _allowed(LENGTH - 1),
            "your lines get one character too few: done counts those that stand there already.",
        ),
        "one too late": Mistake(
            lambda: _allowed(LENGTH + 1),
            "your lines never end in time: done counts those that stand there already, so a line "
            "is full at done == length.",
        ),
        "unk and end": Mistake(
            lambda: _allowed(special=(0, 1)),
            "<unk> and <end> (places 0 and 1) are allowed within a line; a poem should not show "
            "the one nor stop at the other.",
        ),
        "turned round": Mistake(
            lambda: ~_allowed(), "True and False are swapped: True says that a token may come."
        ),
    },
)


# The third exercise: three steps, four characters.
P = np.array([[0.1, 0.2, 0.3, 0.4], [0.25, 0.25, 0.25, 0.25], [0.7, 0.1, 0.1, 0.1]])
MASKS = np.array(
    [[True, True, False, False], [True, True, True, True], [False, True, False, False]]
)


def _price(p: np.ndarray, masks: np.ndarray) -> np.ndarray:
    """The price of each step in bits."""
    return -np.log2(np.sum(p * masks, axis=1))


price = Exercise(
    hint=(
        "at each step, the probability that the model had given to the allowed characters "
        "together; of it -log2; and the sum over the steps."
    ),
    right=lambda: float(_price(P, MASKS).sum()),
    why=(
        "It is also log2 of how many times likelier the poem is under the masks than under the "
        "model: each step's probability was divided by that sum."
    ),
    call=lambda function: function(P.copy(), MASKS.copy()),
    mistakes={
        "nats": Mistake(
            lambda: float(_price(P, MASKS).sum() * np.log(2)), "that is in nats: take log2."
        ),
        "sign": Mistake(
            lambda: float(-_price(P, MASKS).sum()),
            "the sign is wrong: a probability below 1 has a negative logarithm, and a price is "
            "positive.",
        ),
        "each step": Mistake(
            lambda: _price(P, MASKS),
            "these are the prices of the steps; the question is about the whole poem.",
        ),
        "mean": Mistake(
            lambda: float(_price(P, MASKS).mean()),
            "that is the mean over the steps; the question is about the whole poem.",
        ),
        "sum first": Mistake(
            lambda: float(-np.log2(np.sum(P * MASKS))),
            "the sum over the steps stands inside your logarithm: take the logarithm of each step.",
        ),
        "counted": Mistake(
            lambda: float(np.log2(4 / MASKS.sum(axis=1)).sum()),
            "that counts the allowed characters; the model does not give all of them the same "
            "probability.",
        ),
        "probability": Mistake(
            lambda: float(np.prod(np.sum(P * MASKS, axis=1))),
            "that is the probability itself; its -log2 is the price.",
        ),
    },
)
