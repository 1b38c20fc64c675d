"""The exercises of the notebook posterior_collapse."""

from __future__ import annotations

from functools import partial

import numpy as np

from lyricgen.exercises import Exercise, Mistake, read_letters

course_of_kl = Exercise(
    form="one of the letters 'a', 'b', 'c' and 'd', in quotation marks",
    hint=(
        "what does the loss ask of the encoder while beta is 0? And when the KL is charged later: "
        "would the reconstruction suffer now if z said nothing?"
    ),
    right=lambda: "c",
    why=(
        "While beta is 0 the encoder may write as much into z as it likes, and the decoder learns "
        "to read it. When the KL is charged, what the decoder has come to rely on is worth its "
        "price, and the rest goes."
    ),
    mistakes={
        "a": Mistake(
            lambda: "a",
            "(a) is what happens if the KL is charged from the first step. While beta is 0 it "
            "costs nothing.",
        ),
        "b": Mistake(
            lambda: "b",
            "(b) has it the wrong way round: beta is the price of the KL. Nobody buys more of what "
            "becomes dearer.",
        ),
        "d": Mistake(
            lambda: "d",
            "(d) would hold if only the loss at the end counted, which is the same. But when beta "
            "rises the decoder already uses z, and without it the reconstruction would suffer.",
        ),
    },
    letters="abcd",
)


def _case(B: int, Z: int, lam: float, size: int, scale: float = 1.0) -> tuple:
    """Returns a random KL (B, Z) on both sides of lam, with lam and a size.

    Every second dimension is small, so that one group has dimensions on both sides.
    """
    rng = np.random.default_rng(B + Z)
    weights = np.linspace(0.1, 1.6, Z) * np.where(np.arange(Z) % 2, 1.0, 0.3)
    kl = lam * scale * rng.gamma(1.0, 1.2, (B, Z)) * weights
    return kl, lam, size


def _free(kl, lam, size, across=np.mean, within=np.sum, over=np.sum, larger=np.maximum):
    """Returns the KL term with free bits; the last arguments spoil it."""
    groups = within(kl.reshape(len(kl), -1, size), axis=2)
    of_groups = across(groups, axis=0)
    return over(larger(lam, of_groups))


def _strided(kl, lam, size):
    groups = kl.reshape(len(kl), size, -1).sum(axis=1)
    return np.maximum(lam, groups.mean(axis=0)).sum()


def _max_first(kl, lam, size):
    groups = kl.reshape(len(kl), -1, size).sum(axis=2)
    return np.maximum(lam, groups).mean(axis=0).sum()


def _subtracted(kl, lam, size):
    return _free(kl - lam / size, 0.0, size)


free_bits = Exercise(
    form="a function of kl, lam and size that returns one number, in nats",
    hint=(
        "kl.reshape(B, -1, size) has the groups in its second axis. Sum the dimensions of each "
        "group, take the mean over the batch, compare with lam, and sum over the groups."
    ),
    right=_free,
    why=(
        "With size 1 it is the form of section 7. The larger the groups, the fewer dimensions "
        "are invited to say something, since a group shares its free bits."
    ),
    cases=(
        _case(6, 8, 0.35, 2),
        _case(5, 6, 0.5, 3),
        _case(4, 4, 0.9, 4, 0.2),
        _case(7, 3, 0.4, 1),
    ),
    situations=(
        "8 dimensions are in groups of 2",
        "6 dimensions are in groups of 3",
        "all 4 dimensions are one group",
        "each of 3 dimensions is a group",
    ),
    mistakes={
        "max first": Mistake(
            _max_first,
            "you compare each bar with lam and then take the mean; Kingma et al. take the mean "
            "over the batch first.",
        ),
        "strided": Mistake(
            _strided,
            "your groups have every n-th dimension; a group is `size` dimensions that stand side "
            "by side: reshape to (B, -1, size).",
        ),
        "no groups": Mistake(
            lambda kl, lam, size: _free(kl, lam, 1),
            "you compare each dimension with lam; it is the sum over the dimensions of a group.",
        ),
        "lam for each dimension": Mistake(
            lambda kl, lam, size: _free(kl, lam * size, size),
            "you compare each group with size * lam; a group has lam once, however many "
            "dimensions it has.",
        ),
        "size as a number": Mistake(
            lambda kl, lam, size: _free(kl, lam, kl.shape[1] // size),
            "you took `size` for the number of groups; it is the number of dimensions in a group.",
        ),
        "last left out": Mistake(
            lambda kl, lam, size: _free(kl[:, :-size], lam, size) if kl.shape[1] > size else 0.0,
            "your loop leaves out the last group; its range should end with Z.",
        ),
        "one group": Mistake(
            lambda kl, lam, size: _free(kl, lam, kl.shape[1]),
            "you compare the total with lam; each group has its own free bits.",
        ),
        "MusicVAE": Mistake(
            lambda kl, lam, size: np.maximum(kl.sum(axis=1) - lam, 0).mean(),
            "that is MusicVAE's form, max(KL - lam, 0) on the total of each bar.",
        ),
        "subtracted": Mistake(
            _subtracted,
            "that is max(KL - lam, 0) of each group. It has the same gradient, but asked for is "
            "max(lam, KL).",
        ),
        "smaller": Mistake(
            partial(_free, larger=np.minimum),
            "you take the smaller of the two; below lam nothing more can be saved, so it is the "
            "larger.",
        ),
        "mean in the group": Mistake(
            partial(_free, within=np.mean),
            "you take the mean over the dimensions of a group; the KL of a group is their sum.",
        ),
        "mean over groups": Mistake(
            partial(_free, over=np.mean),
            "you take the mean over the groups; the KL of z is the sum over them.",
        ),
        "sum over bars": Mistake(
            partial(_free, across=np.sum),
            "you sum over the bars; compared with lam is the mean over the batch.",
        ),
        "not summed": Mistake(
            partial(_free, over=lambda of_groups: of_groups),
            "you return a number for each group; sum them.",
        ),
        "bits": Mistake(
            lambda kl, lam, size: _free(kl, lam * np.log(2), size),
            "lam is in nats here; you took it for bits.",
        ),
        "answer in bits": Mistake(
            lambda kl, lam, size: _free(kl, lam, size) / np.log(2),
            "these are bits; the answer should be in nats.",
        ),
        "no free bits": Mistake(
            lambda kl, lam, size: kl.sum(axis=1).mean(), "that is the KL without any free bits."
        ),
        "added": Mistake(
            lambda kl, lam, size: _free(kl, lam, size) + lam * kl.shape[1] / size,
            "lam is counted twice: max(lam, KL) contains it already.",
        ),
    },
)


def _model(kl_bits, active_units, information_bits, own, swapped) -> dict:
    return {
        "kl_bits": kl_bits,
        "active_units": active_units,
        "information_bits": information_bits,
        "own": own,
        "swapped": swapped,
    }


# KL in bits, active units of 8, mutual information in bits, and the share of the steps
# that are right from the bar's own z and from another bar's.
MODELS = {
    "A": _model(0.02, 0, 0.01, 0.79, 0.79),
    "B": _model(2.10, 2, 2.00, 0.89, 0.72),
    "C": _model(8.00, 8, 5.90, 0.79, 0.79),
    "D": _model(9.50, 5, 6.00, 0.97, 0.71),
}


def _still_wrong(answer) -> str | None:
    """Names the mistake in a set of letters that is no likely one."""
    letters = read_letters(answer, "ABCD")
    if letters is None:
        return None
    if "d" in letters:
        return "D is used: its own z gives 97 % of the steps, another bar's 71 %."
    return "B is used: another bar's z makes it wrong far more often; look at the last two columns."


unused = Exercise(
    form='letters of the models in quotation marks, such as "AD"',
    hint=(
        "a z is used when another bar's z makes another bar: compare own with swapped. Answer "
        'with the letters, such as "AD".'
    ),
    right=lambda: "AC",
    why=(
        "C pays 8 bits, has 8 active units, and its mutual information is high: the encoder "
        "works. The decoder does not listen. Only the swapped z shows it."
    ),
    mistakes={
        "KL alone": Mistake(
            lambda: "A",
            "A is one of them: its encoder says nothing. In another one the encoder says much, "
            "and the decoder does not listen.",
        ),
        "the decoder alone": Mistake(
            lambda: "C",
            "C is one of them, and hard to find. But A does not use its z either: there is "
            "nothing in it.",
        ),
        "small KL": Mistake(
            lambda: "AB",
            "B tells little, 2 bits, but its decoder listens: with another bar's z it is wrong "
            "far more often.",
        ),
        "small numbers": Mistake(
            lambda: "ABC",
            "B tells little, 2 bits, but its decoder listens: with another bar's z it is wrong "
            "far more often.",
        ),
        "the used ones": Mistake(lambda: "BD", "these are the two that *do* use their z."),
        "none": Mistake(
            lambda: "",
            "there are two: one whose encoder says nothing, and one whose decoder does not listen.",
        ),
    },
    when=_still_wrong,
    letters="ABCD",
)
