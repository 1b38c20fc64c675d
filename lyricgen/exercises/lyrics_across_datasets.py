"""The exercises of the notebook lyrics_across_datasets."""

from __future__ import annotations

import numpy as np

from lyricgen.exercises import Exercise, Mistake

# Three steps, four characters.
P = np.array([[0.1, 0.2, 0.3, 0.4], [0.25, 0.25, 0.25, 0.25], [0.7, 0.1, 0.1, 0.1]])
MASKS = np.array(
    [[True, True, False, False], [True, True, True, True], [False, True, False, False]]
)


def _price(p: np.ndarray, masks: np.ndarray) -> np.ndarray:
    """The price of each step in bits."""
    return -np.log2(np.sum(p * masks, axis=1))


two_sizes = Exercise(
    hint="what do the test text's characters add to the packed size? A byte has eight bits.",
    right=lambda: 2.4,
    why=(
        "That is all it takes to make a language model of a packer: two sizes. And it is a fair "
        "one, since it reads the test text but once."
    ),
    mistakes={
        "bytes": Mistake(lambda: 0.3, "that is in bytes; a byte has eight bits."),
        "both texts": Mistake(
            lambda: 8 * 50_000 / 30_000,
            "that lays the price of the training text on the test text: take C(training) off "
            "first.",
        ),
        "training text": Mistake(
            lambda: 8 * 41_000 / 30_000,
            "that is the size of the training text; what does the test text add to it?",
        ),
        "nats": Mistake(lambda: 2.4 * np.log(2), "that is in nats; bits were asked for."),
        "in all": Mistake(
            lambda: 72_000, "that is the price of the whole test text; divide it by its characters."
        ),
    },
)


distinct = Exercise(
    hint=(
        "write down all runs of two characters, those of the first text and then those of the "
        "second; how many are there, and how many different ones?"
    ),
    right=lambda: 0.5,
    why=(
        "Alone the first text has 4 of 6. The second one says nothing new, so the figure falls: "
        "compare only equal amounts of text."
    ),
    mistakes={
        "joined": Mistake(
            lambda: 5 / 9,
            "that joins the texts: the run from the last a of the first to the t of the second "
            "stands in neither.",
        ),
        "single characters": Mistake(lambda: 0.4, "that is distinct-1, of single characters."),
        "mean of two": Mistake(
            lambda: 5 / 6,
            "that is the mean of the two texts' figures; count the runs of both together.",
        ),
        "only once": Mistake(
            lambda: 0,
            "that counts the runs that come only once; a run that comes twice is one different "
            "run.",
        ),
        "not divided": Mistake(
            lambda: 4, "that is the number of different runs; divide it by that of all runs."
        ),
        "first text": Mistake(
            lambda: 4 / 6, "that is the first text's; the runs of the second one count as well."
        ),
    },
)


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
