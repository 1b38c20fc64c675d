"""The exercises of the notebook gpu_lab."""

from __future__ import annotations

from lyricgen.exercises import Exercise, Mistake

rounding = Exercise(
    form="one number: the largest relative error",
    hint=(
        "between 1 and 2 the numbers of TF32 are 2^-10 apart, and rounding goes to the nearest: "
        "how far from it can a number be?"
    ),
    right=lambda: 2.0**-11,
    why=(
        "A factor of a product is wrong by at most 1 part in 2048, in float32 by 1 in 17 million. "
        "Both factors are rounded, and a sum of many products averages the errors."
    ),
    mistakes={
        "whole step": Mistake(
            lambda: 2.0**-10,
            "that is the distance of two neighbours; the nearest is at most half of it away.",
        ),
        "float32": Mistake(
            lambda: 2.0**-24, "that is the rounding error of float32, which has 23 bits."
        ),
        "decimal digits": Mistake(
            lambda: 1e-10, "the 10 digits are bits: each of them halves the distance."
        ),
        "bits": Mistake(lambda: 10, "that is the number of bits; the answer is an error."),
        "inverse": Mistake(
            lambda: 2.0**11, "that is one over the error: a part in how many is another question."
        ),
    },
)


batch = Exercise(
    form='one letter, such as "a"',
    letters="abcd",
    hint="how many steps wait for one another, and does the batch change their number?",
    right=lambda: "b",
    why=(
        "The 32 steps of a sequence wait for one another whatever the batch is. While the GPU is "
        "not full, four times as many sequences fit into the same steps."
    ),
    mistakes={
        "shorter": Mistake(
            lambda: "a", "a larger batch is more work for each step, so no step gets shorter."
        ),
        "proportional": Mistake(
            lambda: "c",
            "that is what happens on a device that is fully used; with 16 sequences a GPU waits.",
        ),
        "quadratic": Mistake(
            lambda: "d", "sequences of a batch do not depend on one another: no pair costs time."
        ),
    },
)
