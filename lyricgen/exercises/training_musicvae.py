"""The exercises of the notebook training_musicvae."""

from __future__ import annotations

import numpy as np

from lyricgen.exercises import Exercise, Mistake, read_numbers

# Of the loss that the notebook trains with: the first exercise.
BETA = 0.2
STEPS = 32
LATENT = 64


def _too_small(answer) -> str | None:
    """Names an answer near 0, which no single mistake explains."""
    number = read_numbers(answer, one=True)
    if number is not None and number.size == 1 and abs(number.item()) < BETA / STEPS / 4:
        return "that is much too small: the KL would weigh next to nothing."
    return None


mean_for_sum = Exercise(
    form="one number",
    hint=(
        "a loss divided by 32 as a whole has the same minimum. Divide both its terms, and see "
        "what then stands before the KL."
    ),
    right=lambda: BETA / STEPS,
    why=(
        "With 0.2 in its place the KL would weigh 32 times as much as it should, and z would say "
        "next to nothing. A beta means nothing as long as one does not know what was summed and "
        "what was averaged."
    ),
    mistakes={
        "multiplied": Mistake(
            lambda: BETA * STEPS,
            "you multiplied by 32; the cost got smaller by 32, so the KL's weight must get "
            "smaller as well.",
        ),
        "the same": Mistake(
            lambda: BETA,
            "then the cost is a 32nd of what it was, and the KL is not: it would weigh 32 times "
            "as much.",
        ),
        "dimensions": Mistake(
            lambda: BETA / LATENT,
            "64 is the number of dimensions of z, and over them this program still takes the sum.",
        ),
        "both means": Mistake(
            lambda: BETA * LATENT / STEPS,
            "that would be for a KL averaged over its 64 dimensions too; here it is their sum.",
        ),
        "sizes mixed up": Mistake(
            lambda: BETA * STEPS / LATENT,
            "32 and 64 are both in it: over the 64 dimensions this program still takes the sum, "
            "so only the 32 steps matter, and the weight gets smaller.",
        ),
        "both": Mistake(
            lambda: BETA / STEPS / LATENT,
            "you divided by the 64 dimensions as well; over them this program still takes the sum.",
        ),
    },
    when=_too_small,
)


# The second exercise: 0 is hold, 1 is rest, from 2 on come onsets.
MELODY = np.array([2, 0, 3, 0, 4, 0, 0, 0, 5, 0, 4, 0, 3, 0, 2, 0])

# What is read before the first step.
START = 6


def _decoder() -> np.ndarray:
    """What a toy decoder writes at step t after an event, [t, event].

    It is right after every true event but two.
    """
    written = np.random.default_rng(4).integers(0, 6, (len(MELODY), START + 1))
    before = [START, *MELODY[:-1]]
    written[np.arange(len(MELODY)), before] = MELODY
    written[4, MELODY[3]] = 5
    written[13, MELODY[12]] = 1
    return written


NEXT = _decoder()


def _run(start: int = START, truth: bool = False) -> np.ndarray:
    last = start
    written = []
    for t, event in enumerate(MELODY):
        written.append(NEXT[t, last])
        last = event if truth else written[-1]
    return np.array(written)


def _shares(forced: np.ndarray, free: np.ndarray, steps=slice(None)) -> np.ndarray:
    right_when_forced = forced == MELODY
    right_when_free = free == MELODY
    return np.array([right_when_forced[steps].mean(), right_when_free[steps].mean()])


flatters = Exercise(
    form="two numbers, teacher-forced first",
    hint=(
        "two loops over the steps, both from last = check.START. In the one, last becomes the "
        "true event, check.MELODY[t]; in the other, what the decoder wrote."
    ),
    right=lambda: _shares(_run(truth=True), _run()),
    why=(
        "Teacher forcing flatters: after each fault somebody puts the decoder right. Running "
        "free, two faults cost it many steps. And all steps together flatter as well: always hold "
        f"has {(MELODY == 0).mean():.2f} here without a single note, as much as this decoder "
        "running free. So report free running, with onsets beside it."
    ),
    mistakes={
        "swapped": Mistake(
            lambda: _shares(_run(), _run(truth=True)),
            "these are the right two, the other way round: teacher-forced first.",
        ),
        "forced twice": Mistake(
            lambda: _shares(_run(truth=True), _run(truth=True)),
            "your second decoder is put right after each step as well; running free it reads what "
            "it wrote.",
        ),
        "free twice": Mistake(
            lambda: _shares(_run(), _run()),
            "your first decoder reads what it wrote; with teacher forcing it reads the true event.",
        ),
        "begun with hold": Mistake(
            lambda: _shares(_run(0, truth=True), _run(0)),
            "you began with last = 0, a hold; before the first step stands check.START.",
        ),
        "counts": Mistake(
            lambda: len(MELODY) * _shares(_run(truth=True), _run()),
            "these are how many steps are right; divide by the 16 steps.",
        ),
        "error rates": Mistake(
            lambda: 1 - _shares(_run(truth=True), _run()),
            "these are the shares of the steps that are wrong; the accuracy is the share of those "
            "that are right.",
        ),
        "only onsets": Mistake(
            lambda: _shares(_run(truth=True), _run(), MELODY > 1),
            "that is of the onsets only; here all 16 steps count.",
        ),
        "no first step": Mistake(
            lambda: _shares(_run(truth=True), _run(), slice(1, None)),
            "you left out the first step; all 16 count.",
        ),
    },
    # Two decimals are enough: 0.88 for 0.875.
    tolerance=0.01,
    share=True,
)


# The KL of each of four melodies in each of six dimensions, in nats: the third
# exercise.
KL = np.array(
    [
        [2.2, 0.1, 0.0, 0.3, 1.0, 0.1],
        [3.1, 0.0, 0.1, 2.5, 1.4, 0.2],
        [0.9, 0.2, 0.0, 0.1, 0.4, 0.1],
        [2.6, 0.1, 0.2, 1.9, 0.8, 0.1],
    ]
)


# Bits of a melody that are free; a sixth of them for each dimension.
FREE = 4.5
_NATS = FREE * np.log(2)


def _beyond(total=_NATS, each=_NATS / 6) -> np.ndarray:
    of_melody = KL.sum(axis=1)
    of_dimension = KL.mean(axis=0)
    return np.array(
        [np.maximum(of_melody - total, 0).mean(), np.maximum(of_dimension - each, 0).sum()]
    )


free_bits = Exercise(
    form="two numbers in nats, the total first",
    hint=(
        "on the total: sum over the dimensions, take 4.5 ln 2 away, cut at 0, mean over the "
        "melodies. For each dimension: mean over the melodies, take a sixth of that away, cut at "
        "0, sum over the dimensions."
    ),
    right=_beyond,
    why=(
        "The same KL, and two prices: the second is higher, since a dimension that says much "
        "cannot use what its neighbours leave. On the total, z may put everything into a few "
        "dimensions; one by one, each is invited to say a little. Published code has had a "
        "comment with the one and a line with the other."
    ),
    mistakes={
        "bits": Mistake(
            lambda: _beyond(FREE, FREE / 6),
            "you took bits away from nats: a bit is ln 2 = 0.693 nats.",
        ),
        "swapped": Mistake(
            lambda: _beyond()[::-1],
            "these are the right two, the other way round: the total first.",
        ),
        "cut after the mean": Mistake(
            lambda: np.array([max(KL.sum(axis=1).mean() - _NATS, 0), _beyond()[1]]),
            "on the total you cut at 0 after the mean over the melodies; then a melody that says "
            "little pays for one that says much. Cut first.",
        ),
        "cut each entry": Mistake(
            lambda: np.array([_beyond()[0], np.maximum(KL - _NATS / 6, 0).sum(axis=1).mean()]),
            "for each dimension you cut every melody by itself; the option takes the mean over "
            "the melodies first.",
        ),
        "answer in bits": Mistake(
            lambda: _beyond() / np.log(2),
            "these are the right two in bits; give nats: times ln 2 = 0.693.",
        ),
        "the larger of the two": Mistake(
            lambda: np.array(
                [
                    np.maximum(KL.sum(axis=1), _NATS).mean(),
                    np.maximum(KL.mean(axis=0), _NATS / 6).sum(),
                ]
            ),
            "that is the other form of free bits, max(KL, free), which has the same gradient; "
            "what remains to be paid is max(KL - free, 0).",
        ),
        "total for each": Mistake(
            lambda: _beyond(each=_NATS),
            "you gave each dimension all of the free bits; each has a sixth of them.",
        ),
        "no cut": Mistake(
            lambda: np.array([KL.sum(axis=1).mean() - _NATS] * 2),
            "nothing is cut at 0 there: free bits that are not used are no credit.",
        ),
        "sums": Mistake(
            lambda: np.array([_beyond()[0] * 4, _beyond()[1] * 4]),
            "you summed over the four melodies; over melodies it is a mean.",
        ),
    },
)
