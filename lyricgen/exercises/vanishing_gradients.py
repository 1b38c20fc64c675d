"""The exercises of the notebook vanishing_gradients."""

from __future__ import annotations

import numpy as np

from lyricgen.exercises import Exercise, Mistake
from lyricgen.exercises.backpropagation_through_time import DC, DH, STEPS
from lyricgen.models.lstm.cell import sigmoid

_SLOPE = STEPS.f * (1 - STEPS.f)


def _forget(before=STEPS.c_before, slope=_SLOPE) -> np.ndarray:
    """The answer of the exercise; the arguments spoil it."""
    return DC * before * slope


def _forget_one_step() -> np.ndarray:
    """The same, with dc from this step's output alone."""
    dc = DH * STEPS.o * (1 - np.tanh(STEPS.c) ** 2)
    return dc * STEPS.c_before * STEPS.f * (1 - STEPS.f)


_ZEROS = np.zeros_like(STEPS.c[:, :1])


forget = Exercise(
    form="an array of shape (B, T, H)",
    hint=(
        "c_t = f_t ∘ c_{t-1} + i_t ∘ g_t, so the gradient by f_t is DC_t times c_{t-1}; then "
        "through f = sigmoid(z_f), whose slope is f (1 - f)."
    ),
    right=_forget,
    why=(
        "Where f is near 0 or 1 its slope f (1 - f) is near 0: a gate that is sure of itself "
        "hardly learns. A large forget bias keeps memory, at that price."
    ),
    mistakes={
        "wrong time index": Mistake(
            lambda: _forget(before=STEPS.c),
            "the time index is wrong: f_t multiplied the cell of the step before, c_{t-1}, and "
            "you took c_t.",
        ),
        "next step": Mistake(
            lambda: _forget(before=np.concatenate([STEPS.c[:, 1:], _ZEROS], axis=1)),
            "the time index is wrong: you took c_{t+1}; f_t multiplied c_{t-1}.",
        ),
        "start forgotten": Mistake(
            lambda: _forget(before=np.concatenate([_ZEROS, STEPS.c[:, :-1]], axis=1)),
            "nearly: the first step started from c0, and you put zeros there.",
        ),
        "rolled": Mistake(
            lambda: _forget(before=np.roll(STEPS.c, 1, axis=1)),
            "nearly: np.roll puts the last cell before the first step, which started from c0.",
        ),
        "DH for DC": Mistake(
            lambda: DH * STEPS.c_before * _SLOPE,
            "you began with DH, the gradient with respect to h; f acts on the cell, so begin "
            "with DC.",
        ),
        "what goes back": Mistake(
            lambda: DC * STEPS.f,
            "DC ∘ f is the share of the gradient that goes back to the cell of the step before; "
            "the gradient of f itself has the old cell as its factor.",
        ),
        "h for c": Mistake(
            lambda: _forget(before=STEPS.h_before),
            "you took the hidden state h_{t-1}; f multiplies the cell c_{t-1}.",
        ),
        "slope left out": Mistake(
            lambda: _forget(slope=1.0),
            "that is the gradient by f; by z_f it also goes through the sigmoid: times f (1 - f).",
        ),
        "half a slope": Mistake(
            lambda: _forget(slope=1 - STEPS.f),
            "1 - f alone is half of the slope: the sigmoid's is f (1 - f).",
        ),
        "slope of the output": Mistake(
            lambda: _forget(slope=sigmoid(STEPS.f) * (1 - sigmoid(STEPS.f))),
            "the slope is taken of f; f is the sigmoid's output already, so its slope is "
            "f (1 - f), with no sigmoid around it.",
        ),
        "tanh slope": Mistake(
            lambda: _forget(slope=1 - STEPS.f**2),
            "1 - f^2 is the slope of tanh; f is a sigmoid, whose slope is f (1 - f).",
        ),
        "candidate": Mistake(
            lambda: _forget(before=STEPS.g), "g is what i multiplies; f multiplies c_{t-1}."
        ),
        "one step alone": Mistake(
            _forget_one_step,
            "you made dc from this step's output alone; DC also holds what comes back from the "
            "later steps.",
        ),
    },
)
