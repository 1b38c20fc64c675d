"""The exercises of the notebook vanishing_gradients."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence

import numpy as np

from lyricgen.exercises import COUNTS, Exercise, Mistake, run
from lyricgen.exercises.backpropagation_through_time import DC, DH, STEPS
from lyricgen.models.lstm.cell import sigmoid
from lyricgen.models.lstm.plain_rnn import clip

_SLOPE = STEPS.f * (1 - STEPS.f)


def _forget(before=STEPS.c_before, slope=_SLOPE) -> np.ndarray:
    """The answer of the exercise; the arguments spoil it."""
    return DC * before * slope


def _forget_one_step() -> np.ndarray:
    """The same, with dc from this step's output alone."""
    dc = DH * STEPS.o * (1 - np.tanh(STEPS.c) ** 2)
    return dc * STEPS.c_before * _SLOPE


_ZEROS = np.zeros_like(STEPS.c[:, :1])


forget = Exercise(
    form="an array of shape (B, T, H)",
    hint=(
        "c_t = f_t ∘ c_{t-1} + i_t ∘ g_t, so the gradient with respect to f_t is DC_t ∘ c_{t-1}. "
        "From f = σ(a_f) to a_f it is multiplied by the slope of the sigmoid, f (1 - f)."
    ),
    right=_forget,
    why=(
        "Where f is near 0 or 1, the slope f (1 - f) is near 0, so a forget gate that is almost "
        "fully open or closed learns slowly. That is the price of a large forget bias."
    ),
    mistakes={
        "wrong time index": Mistake(
            lambda: _forget(before=STEPS.c),
            "the time index is wrong: f_t multiplied the cell of the step before, c_{t-1}, and "
            "you took c_t.",
        ),
        "next step": Mistake(
            lambda: _forget(before=np.concatenate([STEPS.c[:, 1:], _ZEROS], axis=1)),
            "the time index is wrong: you took c_{t+1}, and f_t multiplied c_{t-1}.",
        ),
        "start forgotten": Mistake(
            lambda: _forget(before=np.concatenate([_ZEROS, STEPS.c[:, :-1]], axis=1)),
            "nearly: the first step started from c0, and you put zeros there.",
        ),
        "rolled": Mistake(
            lambda: _forget(before=np.roll(STEPS.c, 1, axis=1)),
            "nearly: np.roll puts the last cell before the first step, which started from c0.",
        ),
        "old cell left out": Mistake(
            lambda: DC * _SLOPE,
            "the factor of f is missing: c_t = f_t ∘ c_{t-1} + …, so DC is multiplied by the cell "
            "before the step.",
        ),
        "DH for DC": Mistake(
            lambda: DH * STEPS.c_before * _SLOPE,
            "you began with DH, the gradient with respect to h; f acts on the cell, so begin "
            "with DC.",
        ),
        "what goes back": Mistake(
            lambda: DC * STEPS.f,
            "DC ∘ f is the share of the gradient that goes back to the cell of the step before; "
            "the gradient with respect to f has the old cell as its factor.",
        ),
        "h for c": Mistake(
            lambda: _forget(before=STEPS.h_before),
            "you took the hidden state h_{t-1}, and f multiplies the cell c_{t-1}.",
        ),
        "slope left out": Mistake(
            lambda: _forget(slope=1.0),
            "that is the gradient with respect to f; with respect to a_f it is also multiplied "
            "by the slope of the sigmoid, f (1 - f).",
        ),
        "half a slope": Mistake(
            lambda: _forget(slope=1 - STEPS.f),
            "1 - f alone is half of the slope: that of the sigmoid is f (1 - f).",
        ),
        "slope of the output": Mistake(
            lambda: _forget(slope=sigmoid(STEPS.f) * (1 - sigmoid(STEPS.f))),
            "you took the slope at f; f is the sigmoid's output already, so its slope is "
            "f (1 - f), with no sigmoid around it.",
        ),
        "tanh slope": Mistake(
            lambda: _forget(slope=1 - STEPS.f**2),
            "1 - f^2 is the slope of tanh; f is a sigmoid, whose slope is f (1 - f).",
        ),
        "slope f": Mistake(
            lambda: _forget(slope=STEPS.f),
            "f alone is half of the slope: that of the sigmoid is f (1 - f).",
        ),
        "sign": Mistake(
            lambda: -_forget(),
            "the sign is wrong: every factor enters as it is. Descent subtracts a gradient; the "
            "gradient itself has no minus.",
        ),
        "candidate": Mistake(
            lambda: _forget(before=STEPS.g), "g is what i multiplies; f multiplies c_{t-1}."
        ),
        "one step alone": Mistake(
            _forget_one_step,
            "you made dc from this step's output alone; DC also contains what returns from the "
            "later steps.",
        ),
        "summed": Mistake(
            lambda: _forget().sum(axis=(0, 1)),
            "you summed over sequences and steps, as for a bias; here every step keeps its own "
            "gradient, of shape (B, T, H).",
        ),
    },
)


# What the second exercise gives.
GAIN = 0.97
BIAS = 4.0
REST = 0.659046  # where c = σ(c)
LONG = 100
SHORT = 3


_F = float(sigmoid(np.array(BIAS)))
_SLOPE_AT_REST = REST * (1 - REST)


def _left(a=GAIN**LONG, b=_F**LONG, c=_SLOPE_AT_REST**SHORT) -> np.ndarray:
    """The three factors that are left; the arguments spoil one each."""
    return np.array([a, b, c])


left = Exercise(
    form="a list of three numbers, for (a), (b) and (c), each with two digits or more",
    digits=2,
    hint=(
        "each step multiplies by the same factor: (a) 0.97, as Q keeps lengths; (b) σ(4); (c) the "
        "slope of the sigmoid at rest, c (1 - c). The answer is the factor to the number of steps."
    ),
    right=_left,
    why=(
        "A factor of 0.97 leaves 5 % after 100 steps, and σ(4) = 0.982 leaves 16 %: a small "
        "distance from 1 decides. The published cell keeps less after 3 steps than either of "
        "them after 100."
    ),
    mistakes={
        "one step": Mistake(
            lambda: _left(GAIN, _F, _SLOPE_AT_REST),
            "these are the factors of one step: raise each to the number of steps.",
        ),
        "products with the steps": Mistake(
            lambda: _left(GAIN * LONG, _F * LONG, _SLOPE_AT_REST * SHORT),
            "you multiplied by the number of steps; factors multiply each other, so raise to "
            "that power.",
        ),
        "per cent": Mistake(
            lambda: 100 * _left(), "these are per cent: give the factors, 0.5 in place of 50 %."
        ),
        "slope once": Mistake(
            lambda: _left(c=_SLOPE_AT_REST), "(c) is the factor of one step; there are 3."
        ),
        "lost for left": Mistake(
            lambda: 1 - _left(), "that is what is lost; what is left is 1 minus that."
        ),
        "orthogonal keeps all": Mistake(
            lambda: _left(a=1.0),
            "(a) is not 1: Q alone keeps the norm, but every step also multiplies by 0.97.",
        ),
        "gain once": Mistake(
            lambda: _left(a=GAIN), "(a) is the factor of one step; there are 100."
        ),
        "tanh for sigma": Mistake(
            lambda: _left(b=float(np.tanh(BIAS)) ** LONG),
            "(b) uses tanh(4); a gate is a sigmoid, σ(4) = 1 / (1 + exp(-4)).",
        ),
        "slope of the gate": Mistake(
            lambda: _left(b=(_F * (1 - _F)) ** LONG),
            "(b) uses the slope f (1 - f) of the gate; on the direct path the factor is f itself.",
        ),
        "gate once": Mistake(lambda: _left(b=_F), "(b) is the factor of one step; there are 100."),
        "the bound": Mistake(
            lambda: _left(c=0.25**SHORT),
            "(c) is the bound 4^-3, which is reached only at c = 0.5; the slope at 0.659 is "
            "smaller.",
        ),
        "state for slope": Mistake(
            lambda: _left(c=REST**SHORT),
            "(c) uses the state 0.659 itself; the factor is the slope of the sigmoid there, "
            "c (1 - c).",
        ),
        "tanh slope": Mistake(
            lambda: _left(c=(1 - REST**2) ** SHORT),
            "(c) uses 1 - c^2, the slope of tanh; around the cell is a sigmoid, c (1 - c).",
        ),
    },
)


# A list of arrays and the limit, and what makes a number of them.
Arrays = Sequence[np.ndarray]
Measure = Callable[[Arrays], float]


def _norms(arrays: Arrays) -> list[float]:
    return [float(np.linalg.norm(array)) for array in arrays]


def _norm(arrays: Arrays) -> float:
    """The length of some arrays as one vector."""
    return float(np.linalg.norm(_norms(arrays)))


def _entries(arrays: Arrays) -> np.ndarray:
    """All numbers of some arrays in one vector."""
    return np.concatenate([array.ravel() for array in arrays])


def _spectral(array: np.ndarray) -> float:
    """The largest factor by which a matrix stretches a vector."""
    return float(np.linalg.norm(array, 2))


def _by(factor_of: Callable[[Arrays, float], float]) -> Callable:
    """A function that scales all arrays by one factor."""

    def scale(*case):
        *arrays, limit = case
        factor = factor_of(arrays, limit)
        return [array * factor for array in arrays]

    return scale


def _by_norm(norm_of: Measure) -> Callable:
    """A function that clips with a norm of its own."""
    return _by(lambda arrays, limit: min(1, limit / norm_of(arrays)))


def _where(is_long: Callable[[Arrays, float], bool]) -> Callable:
    """A function that scales to the limit where a test of its own says so."""
    return _by(lambda arrays, limit: limit / _norm(arrays) if is_long(arrays, limit) else 1)


def _each(factor_of: Callable[[float, float], float]) -> Callable:
    """A function that gives each array a factor, from its norm and the limit."""

    def scale(*case):
        *arrays, limit = case
        return [array * factor_of(norm, limit) for array, norm in zip(arrays, _norms(arrays))]

    return scale


def _running(*case):
    """Each array by the norm of those up to it."""
    *arrays, limit = case
    norms = [_norm(arrays[: end + 1]) for end in range(len(arrays))]
    return [array * min(1, limit / norm) for array, norm in zip(arrays, norms)]


def _overwritten(*case):
    """The common norm, computed again after each array that is clipped."""
    *arrays, limit = case
    for k, array in enumerate(arrays):
        arrays[k] = array * min(1, limit / _norm(arrays))
    return arrays


def _each_if_long(*case):
    """Each array to the limit, where together they are longer."""
    *arrays, limit = case
    if _norm(arrays) <= limit:
        return arrays
    return [array * (limit / norm) for array, norm in zip(arrays, _norms(arrays))]


def _last_as_it_was(*case):
    """One factor for all, which the last array does not get."""
    *arrays, limit = case
    return [*clip(arrays, limit)[:-1], arrays[-1]]


def _without_last(*case):
    """All but the last array clipped."""
    *arrays, limit = case
    return [*clip(arrays[:-1], limit), arrays[-1]]


# The lengths of up to three gradients, the limit, and what is special about them.
CLIPPING = (
    ((6.2, 8.2, 7.2), 1.0, "each gradient alone is longer than the limit"),
    ((0.2, 0.3, 0.1), 2.0, "all gradients together are shorter than the limit"),
    ((3.8, 1.6, 1.2), 2.5, "dW is longer than the limit and the rest is shorter"),
    ((1.6, 3.8, 3.6), 2.5, "dW is shorter than the limit and the rest is longer"),
    ((2.4, 2.2, 1.9), 3.0, "each gradient is shorter than the limit and together they are longer"),
    ((2.0, 1.5, 1.0), 4.0, "the norm of all lies between 1 and the limit"),
    ((0.7, 0.4, 0.3), 0.5, "the limit is below 1"),
)


def _clipping_cases(shapes_of: Callable[[int, int], Sequence[tuple]]) -> tuple[tuple, ...]:
    """Gradients of the lengths of `CLIPPING`, each time in other sizes D and H."""
    rng = np.random.default_rng(4)
    cases = []
    sizes = ((3, 2), (2, 1), (4, 3), (2, 3), (3, 4), (5, 2), (4, 2))
    for (lengths, limit, _), (D, H) in zip(CLIPPING, sizes):
        arrays = [rng.normal(size=shape) for shape in shapes_of(D, H)]
        scaled = [array * length / _norm([array]) for array, length in zip(arrays, lengths)]
        cases.append((*scaled, limit))
    return tuple(cases)


def _fails_at_zero(function: Callable, cases: Sequence[tuple]) -> str | None:
    """Names a function that clips well but divides by the norm of gradients of 0."""
    *arrays, limit = cases[0]
    outcome = run(function, (*(np.zeros_like(array) for array in arrays), limit))
    if outcome.error is None and not any(np.isnan(part).any() for part in outcome.value):
        return None
    found = "nan" if outcome.error is None else type(outcome.error).__name__
    return (
        f"right, except where all gradients are 0: there your function gives {found}, because it "
        "divides by the norm. Divide only where the norm is over the limit."
    )


def _clipping_mistakes(names: Sequence[str]) -> dict[str, Mistake]:
    """The likely mistakes, of which many go wrong in one of `CLIPPING` only."""
    all_of_them = {2: "both", 3: "all three"}[len(names)]
    count = COUNTS[len(names)]
    largest = {2: "larger", 3: "largest"}[len(names)]
    last = names[-1]
    others = " and ".join(names[:-1])
    ask_all = (
        f"Below the limit each by itself, the {count} can be above it together: compare the norm "
        f"of {all_of_them} with the limit."
    )
    return {
        "alone": Mistake(
            _each(lambda norm, limit: min(1, limit / norm)),
            "each gradient still has a norm and a factor of its own, so the direction turns: "
            f"use one norm for {all_of_them}.",
        ),
        "alone, tested together": Mistake(
            _each_if_long,
            "each gradient is divided by its own norm, so the direction turns: divide by the "
            "norm that you compare with the limit.",
        ),
        "alone, always": Mistake(
            _each(lambda norm, limit: limit / norm),
            "each gradient gets the length of the limit, so the direction turns, and short "
            f"ones become longer: use one norm for {all_of_them}, and min(1, ...).",
        ),
        "a share of the limit": Mistake(
            _each(lambda norm, limit: min(1, limit / np.sqrt(len(names)) / norm)),
            "you give each gradient a share of the limit and clip it alone, so the direction "
            f"turns: {all_of_them} get the same factor.",
        ),
        "a part of the limit": Mistake(
            _each(lambda norm, limit: min(1, limit / len(names) / norm)),
            "you give each gradient a part of the limit and clip it alone, so the direction "
            f"turns: {all_of_them} get the same factor.",
        ),
        "by value": Mistake(
            lambda *case: [np.clip(array, -case[-1], case[-1]) for array in case[:-1]],
            "you clip every entry at the limit, which changes the direction: the norm has to "
            "be clipped, by one factor.",
        ),
        "always scaled": Mistake(
            _by(lambda arrays, limit: limit / _norm(arrays)),
            "short gradients become longer: the factor is min(1, limit / norm).",
        ),
        "max for min": Mistake(
            _by(lambda arrays, limit: max(1, limit / _norm(arrays))),
            "max(1, limit / norm) shortens nothing and makes short gradients longer: the "
            "factor is the smaller of the two, min(1, limit / norm).",
        ),
        "upside down": Mistake(
            _by(lambda arrays, limit: min(1, _norm(arrays) / limit)),
            "the quotient is upside down: norm / limit is above 1 where the gradients are too "
            "long. The factor has the limit above and the norm below.",
        ),
        "upside down, max": Mistake(
            _by(lambda arrays, limit: max(1, _norm(arrays) / limit)),
            "you multiply by max(1, norm / limit), and too long gradients become longer still: "
            "divide by it.",
        ),
        "upside down, always": Mistake(
            _by(lambda arrays, limit: _norm(arrays) / limit),
            "the quotient is upside down, and short gradients are scaled too: the factor is "
            "min(1, limit / norm).",
        ),
        "minus": Mistake(
            _by(lambda arrays, limit: -min(1, limit / _norm(arrays))),
            "the sign is wrong: clipping keeps the direction. The minus of the descent comes "
            "later, where the weights are moved.",
        ),
        "no limit": Mistake(
            _by(lambda arrays, limit: min(1, 1 / _norm(arrays))),
            "your function clips to a norm of 1 whatever the limit is.",
        ),
        "compared with 1": Mistake(
            _where(lambda arrays, limit: _norm(arrays) > 1),
            "you compare the norm with 1; compare it with the limit.",
        ),
        "at least 1": Mistake(
            _by_norm(lambda arrays: max(1, _norm(arrays))),
            "you take max(1, norm) for the norm, so that a norm below 1 counts as 1: with a "
            "limit below 1 the gradients then become too short.",
        ),
        "square compared": Mistake(
            _where(lambda arrays, limit: _norm(arrays) ** 2 > limit),
            "you compare the square of the norm with the limit: take the root first.",
        ),
        "one is long": Mistake(
            _where(lambda arrays, limit: max(_norms(arrays)) > limit),
            f"you ask whether one of the gradients is longer than the limit. {ask_all}",
        ),
        "each is long": Mistake(
            _where(lambda arrays, limit: min(_norms(arrays)) > limit),
            f"you ask whether each of the gradients is longer than the limit. {ask_all}",
        ),
        "dW is long": Mistake(
            _where(lambda arrays, limit: _norms(arrays)[0] > limit),
            f"you ask only whether dW is longer than the limit. {ask_all}",
        ),
        "db is long": Mistake(
            _where(lambda arrays, limit: _norms(arrays)[-1] > limit),
            f"you ask only whether {last} is longer than the limit. {ask_all}",
        ),
        "no root": Mistake(
            _by_norm(lambda arrays: _norm(arrays) ** 2),
            "the norm is the root of the sum of squares: the root is missing.",
        ),
        "root of the mean": Mistake(
            _by_norm(lambda arrays: np.sqrt(np.mean(_entries(arrays) ** 2))),
            "you took the root of the mean of the squares; the length of a vector is the root "
            "of their sum.",
        ),
        "root of the means": Mistake(
            _by_norm(lambda arrays: np.sqrt(sum(np.mean(array**2) for array in arrays))),
            "you took the mean of the squares of each gradient; the length of a vector is the "
            "root of the sum of all squares.",
        ),
        "sum of norms": Mistake(
            _by_norm(lambda arrays: sum(_norms(arrays))),
            f"you added the {count} norms; add the squares of all entries, and take one root.",
        ),
        "mean of norms": Mistake(
            _by_norm(lambda arrays: float(np.mean(_norms(arrays)))),
            f"you took the mean of the {count} norms; all entries together have one norm, the "
            "root of the sum of all squares.",
        ),
        "largest norm": Mistake(
            _by_norm(lambda arrays: max(_norms(arrays))),
            f"you took the {largest} of the {count} norms; together the gradients are longer "
            "than that.",
        ),
        "spectral": Mistake(
            _by_norm(lambda arrays: float(np.linalg.norm([_spectral(a) for a in arrays]))),
            "np.linalg.norm(matrix, 2) is the largest factor by which the matrix stretches a "
            "vector; the norm here is the root of the sum of all squares.",
        ),
        "absolute values": Mistake(
            _by_norm(lambda arrays: float(np.abs(_entries(arrays)).sum())),
            "you added the absolute values; the norm is the root of the sum of squares.",
        ),
        "largest entry": Mistake(
            _by_norm(lambda arrays: float(np.abs(_entries(arrays)).max())),
            "you took the largest entry for the norm, which is the root of the sum of squares.",
        ),
        "sum of entries": Mistake(
            _by_norm(lambda arrays: abs(float(_entries(arrays).sum()))),
            "the entries are added without squares, so that positive and negative ones cancel.",
        ),
        "norm of sums": Mistake(
            _by_norm(lambda arrays: float(np.linalg.norm([a.sum() for a in arrays]))),
            "you square the sum of the entries of each gradient: square every entry, and then add.",
        ),
        "db forgotten": Mistake(
            _by_norm(lambda arrays: _norm(arrays[:-1])),
            f"the squares of {last} are missing in the norm.",
        ),
        "dW forgotten": Mistake(
            _by_norm(lambda arrays: _norm(arrays[1:])),
            "the squares of dW are missing in the norm.",
        ),
        "db not scaled": Mistake(
            _last_as_it_was, f"{last} comes back as it was: {all_of_them} get the same factor."
        ),
        "db left out": Mistake(
            _without_last,
            f"you clip {others} without {last}, which belongs to the norm and is scaled too.",
        ),
        "running sum": Mistake(
            _running,
            "the sum of squares is not complete when you use it: dW gets a factor of dW alone. "
            "Add up all squares first, then scale.",
        ),
        "overwritten": Mistake(
            _overwritten,
            f"you computed the norm again after dW was clipped, so {last} gets a factor that "
            "the shorter dW has changed. Compute the factor once, before anything is "
            "overwritten.",
        ),
        "not clipped": Mistake(
            _by(lambda arrays, limit: 1),
            "the gradients come back as they were: the limit is not used.",
        ),
    }


def clipping_exercise(
    right: Callable, shapes_of: Callable[[int, int], Sequence[tuple]], why: str
) -> Exercise:
    """Returns the exercise to clip gradients by one norm.

    `right` takes the gradients and the limit. `shapes_of(D, H)` gives the shapes of the
    gradients.
    """
    *names, _ = inspect.signature(right).parameters
    cases = _clipping_cases(shapes_of)
    all_of_them = {2: "both", 3: "all three"}[len(names)]
    count = COUNTS[len(names)]
    listing = ", ".join(names)
    return Exercise(
        form=f"a function of {listing} and limit that returns the {count} clipped gradients",
        hint=(
            f"put all numbers of {listing} into one vector. What is its length? If it is over the "
            f"limit, by which single factor do you have to multiply {all_of_them}?"
        ),
        right=right,
        why=why,
        mistakes=_clipping_mistakes(names),
        cases=cases,
        situations=tuple(situation for _, _, situation in CLIPPING),
        returns=tuple(names),
        also=lambda function: _fails_at_zero(function, cases),
    )


def _together(dW, dU, db, limit):
    """The repaired function."""
    return clip((dW, dU, db), limit)


together = clipping_exercise(
    _together,
    lambda D, H: ((D, H), (H, H), (H,)),
    why=(
        "One common factor keeps the direction, and the length is at most the limit. This is "
        "what global_clipnorm does in Keras."
    ),
)
