"""The exercises of the notebook gpu_lab."""

from __future__ import annotations

from typing import Any

from lyricgen.exercises import Exercise, Mistake


def name_formula(answer: Any) -> str | None:
    """Returns what is wrong with a formula in quotes, and None for all else."""
    if isinstance(answer, str) and ("^" in answer or "**" in answer):
        return (
            "that is a formula in quotes: leave them out, and Python computes it (** is a power)."
        )
    return None


rounding = Exercise(
    form="one number, the largest relative error: above 0, as a share and not in per cent",
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
        "sign": Mistake(
            lambda: -(2.0**-11), "how far a number is off has no sign: give the size of the error."
        ),
        "per cent": Mistake(
            lambda: 100 * 2.0**-11, "that is in per cent: a share is a hundredth of it."
        ),
        "whole step in per cent": Mistake(
            lambda: 100 * 2.0**-10,
            "that is in per cent, and it is the distance of two neighbours: "
            "the nearest is at most half of it away.",
        ),
        "caret": Mistake(
            lambda: 2 ^ -11, "in Python ^ is no power but works on bits: a power is **."
        ),
        "inverse": Mistake(
            lambda: 2.0**11, "that is one over the error: a part in how many is another question."
        ),
    },
    when=name_formula,
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
