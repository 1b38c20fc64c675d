"""The exercises of the notebook start_here."""

from __future__ import annotations

import numpy as np

from lyricgen.exercises import Exercise, Mistake

P = np.array([0.5, 0.3, 0.2])


def _normal(weights: np.ndarray) -> np.ndarray:
    return weights / weights.sum()


sharpen = Exercise(
    form="a list of three numbers",
    hint=(
        "raise each probability to the power 1 / 0.5 = 2, then divide by the sum so that they add "
        "up to 1."
    ),
    right=lambda: _normal(P**2),
    why=(
        "Below 1, a temperature makes what is likely likelier: 0.5 became 0.66 here. Every "
        "sampler of the course has this one line in it."
    ),
    mistakes={
        "not normalised": Mistake(
            lambda: P**2, "these do not add up to 1 yet: divide them by their sum."
        ),
        "divided by the largest": Mistake(
            lambda: P**2 / (P**2).max(),
            "you divided the squares by the largest; divide them by their sum, so that they add "
            "up to 1.",
        ),
        "wrong way, not normalised": Mistake(
            lambda: P**0.5,
            "two things: the power is 1 / temperature = 2, and yours is 0.5; and these do not "
            "add up to 1, so divide them by their sum.",
        ),
        "wrong way": Mistake(
            lambda: _normal(P**0.5),
            "this is temperature 2, not 0.5: the power is 1 / temperature. Your distribution "
            "became flatter.",
        ),
        "times temperature, not normalised": Mistake(
            lambda: P * 0.5,
            "you multiplied by the temperature: it is in the power, 1 / temperature. And divide "
            "by the sum at the end.",
        ),
        "divided by temperature, not normalised": Mistake(
            lambda: P / 0.5,
            "you divided the probabilities by the temperature: what it divides are their "
            "logarithms, so that the power is 1 / temperature. And divide by the sum at the end.",
        ),
        "times temperature": Mistake(
            lambda: _normal(P * 0.5),
            "multiplying all by one number changes nothing once they are normalised: the "
            "temperature is in the power.",
        ),
        "softmax of p": Mistake(
            lambda: _normal(np.exp(P / 0.5)),
            "this is the softmax of the probabilities; the temperature divides their logarithms.",
        ),
        "softmax of p times 0.5": Mistake(
            lambda: _normal(np.exp(P * 0.5)),
            "this is the softmax of the probabilities, multiplied by the temperature; the "
            "temperature divides, and what it divides are their logarithms.",
        ),
    },
    share=True,
)


variety = Exercise(
    form="one of the letters 'a', 'b', 'c' and 'd', in quotation marks",
    hint=(
        "look at the bars of the section on temperature: which share of the probability do the "
        "ten likeliest have at 0.3, and which at 2.0?"
    ),
    right=lambda: "a",
    why=(
        "At 0.3 ten characters have about four fifths of the probability and are drawn again and "
        "again. At 2.0 the likeliest has half a per cent, and thousands share the rest, so few "
        "of them come twice."
    ),
    mistakes={
        "b": Mistake(
            lambda: "b",
            "(b) the probabilities sum to 1 at every temperature, but the sum does not say how "
            "they are shared out.",
        ),
        "c": Mistake(
            lambda: "c",
            "(c) has it the wrong way round: a high temperature makes the probabilities more "
            "equal, so more characters have a chance.",
        ),
        "d": Mistake(
            lambda: "d",
            "(d) a lower temperature never makes the draws more varied: it raises what is likely "
            "already.",
        ),
    },
    letters="abcd",
)

# What a model gave the four characters that came.
GIVEN = np.array([1 / 2, 1 / 4, 1 / 16, 1 / 4])
_COSTS = -np.log2(GIVEN)

cost = Exercise(
    form="one number",
    hint=(
        "a character with the probability 1/8 costs 3 bits, because 8 is 2 to the power of 3. "
        "What does each of the four cost? Then take the mean."
    ),
    right=lambda: float(_COSTS.mean()),
    why=(
        "The costs are 1, 2, 4 and 2 bits. The one bad guess costs as much as the two middling "
        "guesses together."
    ),
    mistakes={
        "sum": Mistake(
            lambda: float(_COSTS.sum()),
            "these are the bits of all four characters together; divide by their number.",
        ),
        "nats": Mistake(
            lambda: float(-np.log(GIVEN).mean()),
            "you took the natural logarithm; bits need the logarithm to base 2.",
        ),
        "cost of the mean": Mistake(
            lambda: float(-np.log2(GIVEN.mean())),
            "you took the mean of the probabilities first; take the mean of the four costs.",
        ),
        "median": Mistake(
            lambda: float(np.median(_COSTS)),
            "this is the median of the four costs, or the cost of the commonest probability; "
            "take their mean.",
        ),
        "entropy": Mistake(
            lambda: float((GIVEN * _COSTS).sum()),
            "you weighted each cost with its probability, as in an entropy. These four "
            "characters have come, each once: all costs weigh the same.",
        ),
        "divided by three": Mistake(
            lambda: float(_COSTS.sum() / 3),
            "you divided the 9 bits by 3; there are four characters, and two of them have the "
            "same cost.",
        ),
        "different costs": Mistake(
            lambda: float(np.unique(_COSTS).mean()),
            "you took the mean of 1, 2 and 4; the cost of 2 bits comes twice and counts twice.",
        ),
        "perplexity": Mistake(
            lambda: float(2 ** _COSTS.mean()),
            "this is 2 to the power of the answer, the perplexity; the question is for the bits.",
        ),
        "sign": Mistake(
            lambda: float(-_COSTS.mean()),
            "the logarithm of a number below 1 is negative; the cost has a minus sign before it.",
        ),
        "decimal logarithm": Mistake(
            lambda: float(-np.log10(GIVEN).mean()),
            "you took the logarithm to base 10; bits need the logarithm to base 2.",
        ),
    },
)
