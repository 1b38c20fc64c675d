"""The exercises of the notebook vanishing_gradients."""

from __future__ import annotations

import numpy as np

from lyricgen.exercises import Exercise, Mistake
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


def _together(dW, dU, db, limit):
    """The repaired function."""
    return clip((dW, dU, db), limit)


def _alone(dW, dU, db, limit):
    """Each gradient clipped by its own norm, as the notebook gives it."""
    return [clip([gradient], limit)[0] for gradient in (dW, dU, db)]


def _scaled(arrays, norm, limit):
    return [array * min(1, limit / norm) for array in arrays]


def _norms(arrays) -> list[float]:
    return [float(np.linalg.norm(array)) for array in arrays]


def _norm(*arrays: np.ndarray) -> float:
    """The length of some arrays as one vector."""
    return float(np.linalg.norm(_norms(arrays)))


def _running(dW, dU, db, limit):
    """Each gradient by the norm of those up to it."""
    arrays = (dW, dU, db)
    norms = [_norm(*arrays[:end]) for end in (1, 2, 3)]
    return [array * min(1, limit / norm) for array, norm in zip(arrays, norms)]


def _overwritten(dW, dU, db, limit):
    """The common norm, computed again after each array that is clipped."""
    dW = dW * min(1, limit / _norm(dW, dU, db))
    dU = dU * min(1, limit / _norm(dW, dU, db))
    db = db * min(1, limit / _norm(dW, dU, db))
    return dW, dU, db


def _cases() -> tuple[tuple, ...]:
    """Long gradients, short ones, and such that only together are too long."""
    rng = np.random.default_rng(4)

    def draw(D: int, H: int, size: float, limit: float) -> tuple:
        shapes = ((D, H), (H, H), (H,))
        return *(size * rng.normal(size=shape) for shape in shapes), limit

    return draw(2, 3, 3.0, 1.0), draw(3, 2, 0.1, 5.0), draw(2, 4, 0.5, 2.0)


together = Exercise(
    form="a function of dW, dU, db and limit that returns the three clipped gradients",
    hint=(
        "compute one norm, the root of the sum of the squares of all entries of all three, and "
        "multiply all three by the same factor min(1, limit / norm)."
    ),
    right=_together,
    why=(
        "One common factor keeps the direction, and the length is at most the limit. This is "
        "what global_clipnorm does in Keras."
    ),
    mistakes={
        "alone": Mistake(
            _alone,
            "each gradient still has a norm and a factor of its own, so the direction turns: "
            "use one norm for all three.",
        ),
        "by value": Mistake(
            lambda dW, dU, db, limit: [np.clip(array, -limit, limit) for array in (dW, dU, db)],
            "you clip every entry at the limit; the norm has to be clipped, by one factor.",
        ),
        "always scaled": Mistake(
            lambda dW, dU, db, limit: [
                array * limit / np.sqrt(sum(np.sum(one**2) for one in (dW, dU, db)))
                for array in (dW, dU, db)
            ],
            "short gradients become longer: the factor is min(1, limit / norm).",
        ),
        "no root": Mistake(
            lambda dW, dU, db, limit: _scaled(
                (dW, dU, db), sum(np.sum(one**2) for one in (dW, dU, db)), limit
            ),
            "the norm is the root of the sum of squares: the root is missing.",
        ),
        "sum of norms": Mistake(
            lambda dW, dU, db, limit: _scaled((dW, dU, db), sum(_norms((dW, dU, db))), limit),
            "you added three norms; add the squares of all entries, and take the root once.",
        ),
        "largest norm": Mistake(
            lambda dW, dU, db, limit: _scaled((dW, dU, db), max(_norms((dW, dU, db))), limit),
            "you took the largest of the three norms; together they are longer than that.",
        ),
        "mean of norms": Mistake(
            lambda dW, dU, db, limit: _scaled(
                (dW, dU, db), float(np.mean(_norms((dW, dU, db)))), limit
            ),
            "you took the mean of the three norms; all entries together have one norm, the root "
            "of the sum of all squares.",
        ),
        "db forgotten": Mistake(
            lambda dW, dU, db, limit: _scaled((dW, dU, db), _norm(dW, dU), limit),
            "the squares of db are missing in the norm.",
        ),
        "db not scaled": Mistake(
            lambda dW, dU, db, limit: (*_scaled((dW, dU), _norm(dW, dU, db), limit), db),
            "db comes back as it was: all three get the same factor.",
        ),
        "db left out": Mistake(
            lambda dW, dU, db, limit: (*clip((dW, dU), limit), db),
            "you clip dW and dU together; db belongs to the norm and is scaled too.",
        ),
        "running sum": Mistake(
            _running,
            "the sum of squares is not complete when you use it: dW gets a factor of dW alone, dU "
            "one of dW and dU. Add up all squares first, then scale.",
        ),
        "overwritten": Mistake(
            _overwritten,
            "you computed the norm again after an array was clipped: dU and db get a factor that "
            "the shorter dW has changed. Compute the factor once, before anything is overwritten.",
        ),
        "sum of entries": Mistake(
            lambda dW, dU, db, limit: _scaled(
                (dW, dU, db), abs(sum(np.sum(one) for one in (dW, dU, db))), limit
            ),
            "the entries are added without squares, so that positive and negative ones cancel.",
        ),
        "not clipped": Mistake(
            lambda dW, dU, db, limit: (dW, dU, db), "nothing is clipped: the limit is not used."
        ),
    },
    cases=_cases(),
    returns=("dW", "dU", "db"),
)
