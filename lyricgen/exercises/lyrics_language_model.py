"""The exercises of the notebook lyrics_language_model."""

from __future__ import annotations

import numpy as np

from lyricgen.exercises import Exercise, Mistake

# What a model gave the five characters that came: the first exercise.
P = np.array([1 / 2, 1 / 8, 1 / 4, 1 / 32, 1 / 4])
_BITS = float(np.mean(-np.log2(P)))
_NATS = float(np.mean(-np.log(P)))


perplexity = Exercise(
    hint=(
        "what did each character cost in bits, -log2(p)? Take the mean of the five costs, and "
        "then 2 to the power of it."
    ),
    right=lambda: 2**_BITS,
    why=(
        "This model wavers as if among 6 equally likely characters. It is the geometric mean of 1 "
        "/ p: one surprise of 1/32 counts as one factor, and does not rule the mean."
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
    },
    tolerance=1e-4,
)


# The second exercise: sorted 0.38, 0.25, 0.17, ..., and 0.7 lies within the third.
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


# The third exercise: how many characters the line of each of four poems has so far.
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
        "The notebook on lyrics across datasets does the same for whole patterns, rhymes included, "
        "and asks what it costs."
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


rising = Exercise(
    hint=(
        "look at what the samples of the last step have in common with the training text, and at "
        "what the held-out songs have in common with it."
    ),
    right=lambda: "b",
    why=(
        "So neither the eye nor the training loss can say when to stop; held-out text can, and a "
        "measure of copying says what the eye has been looking at."
    ),
    mistakes={
        "a": Mistake(
            lambda: "a",
            "(a) a rate that is too high makes the training loss jump or rise as well; here it "
            "falls, smoothly, to the end.",
        ),
        "c": Mistake(
            lambda: "c",
            "(c) a text that is harder costs more from the first step on; it does not cost less "
            "at first and then more.",
        ),
        "d": Mistake(
            lambda: "d",
            "(d) dropout is off in validation, but that alone lowers the loss, at every step "
            "alike; and the model that had no dropout rises the most.",
        ),
    },
    when=lambda answer: "answer with one of the letters 'a', 'b', 'c' and 'd', in quotation marks.",
)
