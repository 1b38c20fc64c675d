"""The exercises of the notebook four_corpora."""

from __future__ import annotations

import numpy as np

from lyricgen.exercises import Exercise, Mistake

two_sizes = Exercise(
    form="one number, in bits per character",
    hint="what do the test text's characters add to the packed size? A byte has eight bits.",
    right=lambda: 2.4,
    why=(
        "That is all it takes to make a language model of a packer: two sizes. And it is a fair "
        "one, since it reads the test text but once."
    ),
    mistakes={
        "bytes": Mistake(lambda: 0.3, "that is in bytes; a byte has eight bits."),
        "eight times too much": Mistake(
            lambda: 19.2, "that is 8 times too much: bytes times 8 are bits, and only once."
        ),
        "bytes in all": Mistake(
            lambda: 9_000,
            "that is what the test text adds, in bytes; how many bits is it, for one of its "
            "30,000 characters?",
        ),
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
    form="one number, a share between 0 and 1",
    share=True,
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
        "all runs": Mistake(
            lambda: 8, "that is the number of all runs; the different ones are divided by it."
        ),
        "runs by characters": Mistake(
            lambda: 0.8,
            "that is the number of runs, 8, divided by the 10 characters; the different runs are "
            "divided by all runs.",
        ),
        "first text": Mistake(
            lambda: 4 / 6, "that is the first text's; the runs of the second one count as well."
        ),
    },
)
