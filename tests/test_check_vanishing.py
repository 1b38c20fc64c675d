"""The exercises of the notebook on vanishing gradients: what readers hand in."""

import numpy as np
import pytest

from lyricgen.exercises import backpropagation_through_time, vanishing_gradients
from lyricgen.models.lstm.cell import sigmoid

STEPS = backpropagation_through_time.STEPS
DC = backpropagation_through_time.DC
DH = backpropagation_through_time.DH
SLOPE = STEPS.f * (1 - STEPS.f)
BEFORE = STEPS.c_before
RIGHT = DC * BEFORE * SLOPE


@pytest.mark.parametrize(
    "answer, verdict",
    [
        (RIGHT, "Right."),
        (RIGHT.round(3), "Right."),
        (RIGHT.round(4), "Right."),
        (RIGHT.tolist(), "Right."),
        (DH * BEFORE * SLOPE, "Not yet: you began with DH"),
        (DC * np.roll(STEPS.c, 1, axis=1) * SLOPE, "Not yet: nearly: np.roll"),
        (DC * BEFORE * (1 - STEPS.f), "Not yet: 1 - f alone is half of the slope"),
        (DC * STEPS.f, "Not yet: DC ∘ f is the share of the gradient that goes back"),
        (
            DC * BEFORE * sigmoid(STEPS.f) * (1 - sigmoid(STEPS.f)),
            "Not yet: you took the slope at f",
        ),
        (DC * BEFORE, "Not yet: that is the gradient with respect to f"),
        (RIGHT.sum(axis=(0, 1)), "Not yet: you summed over sequences and steps"),
        (-RIGHT, "Not yet: the sign is wrong"),
        (DC * BEFORE * STEPS.f, "Not yet: f alone is half of the slope"),
        (RIGHT[:, 1:], "Not yet: the shape of your answer is (2, 3, 3)"),
        (lambda: RIGHT, "Not yet: you gave a function"),
    ],
)
def test_forget(answer, verdict):
    assert vanishing_gradients.forget.verdict(answer).startswith(verdict)


F = 1 / (1 + np.exp(-4))
LEFT = [0.97**100, F**100, (0.659 * 0.341) ** 3]


@pytest.mark.parametrize(
    "answer, verdict",
    [
        (LEFT, "Right."),
        ([0.0476, 0.163, 0.0113], "Right."),
        ("0.0476, 0.163, 0.0113", "Right."),
        ([0.048, 0.163, 0.011], "Right."),
        ([0.0476, 0.163, 0.011], "Right."),
        ([0.048, 0.16, 0.011], "Right."),
        ([0.05, 0.2, 0.01], "Not yet: "),
        ([0.97**99, LEFT[1], LEFT[2]], "Not yet: 2 of 3 numbers are right."),
        ([LEFT[0], F**99, LEFT[2]], "Not yet: 2 of 3 numbers are right."),
        ([0.047, 0.163, 0.0113], "Not yet: "),
        ([4.76, 16.3, 1.13], "Not yet: these are per cent"),
        (["4.8 %", "16 %", "1.1 %"], "Right."),
        ([LEFT[0], LEFT[1], 0.2247], "Not yet: (c) is the factor of one step; there are 3."),
        ([0.97, F, 0.2247], "Not yet: these are the factors of one step"),
        ([97, 98.2, 0.674], "Not yet: you multiplied by the number of steps"),
        ([1, LEFT[1], LEFT[2]], "Not yet: (a) is not 1"),
        ([LEFT[0], np.tanh(4) ** 100, LEFT[2]], "Not yet: (b) uses tanh(4)"),
        ([LEFT[0], LEFT[1], 0.25**3], "Not yet: (c) is the bound 4^-3"),
        ([LEFT[0], LEFT[1], 0.659**3], "Not yet: (c) uses the state 0.659"),
        ([LEFT[1], LEFT[0], LEFT[2]], "Not yet: the right numbers, in another order."),
        (LEFT[:2], "Not yet: you gave 2 numbers."),
    ],
)
def test_left(answer, verdict):
    assert vanishing_gradients.left.verdict(answer).startswith(verdict)


def repaired(dW, dU, db, limit):
    everything = np.concatenate([dW.ravel(), dU.ravel(), db])
    norm = np.linalg.norm(everything)
    return [array / max(1, norm / limit) for array in (dW, dU, db)]


def clipped_alone(dW, dU, db, limit):
    clipped = []
    for gradient in (dW, dU, db):
        norm = np.sqrt(np.sum(gradient**2))
        clipped.append(gradient * min(1, limit / norm))
    return clipped


def lengthened(dW, dU, db, limit):
    norm = np.sqrt(sum(np.sum(array**2) for array in (dW, dU, db)))
    return dW * limit / norm, dU * limit / norm, db * limit / norm


def norm(*arrays):
    return np.sqrt(sum(np.sum(array**2) for array in arrays))


def running_sum(dW, dU, db, limit):
    total = 0
    clipped = []
    for gradient in (dW, dU, db):
        total += np.sum(gradient**2)
        clipped.append(gradient * min(1, limit / np.sqrt(total)))
    return clipped


def overwritten(dW, dU, db, limit):
    dW = dW * min(1, limit / norm(dW, dU, db))
    dU = dU * min(1, limit / norm(dW, dU, db))
    db = db * min(1, limit / norm(dW, dU, db))
    return dW, dU, db


def without_db(dW, dU, db, limit):
    factor = min(1, limit / norm(dW, dU))
    return dW * factor, dU * factor, db * factor


def db_as_it_was(dW, dU, db, limit):
    factor = min(1, limit / norm(dW, dU, db))
    return dW * factor, dU * factor, db


def db_left_out(dW, dU, db, limit):
    factor = min(1, limit / norm(dW, dU))
    return dW * factor, dU * factor, db


def mean_of_norms(dW, dU, db, limit):
    factor = min(1, limit / np.mean([norm(dW), norm(dU), norm(db)]))
    return dW * factor, dU * factor, db * factor


def without_return(dW, dU, db, limit):
    repaired(dW, dU, db, limit)


@pytest.mark.parametrize(
    "answer, verdict",
    [
        (repaired, "Right."),
        (lambda *arguments: tuple(repaired(*arguments)), "Right."),
        (clipped_alone, "Not yet: each gradient still has a norm and a factor of its own"),
        (lengthened, "Not yet: short gradients become longer"),
        (running_sum, "Not yet: the sum of squares is not complete when you use it"),
        (overwritten, "Not yet: you computed the norm again"),
        (without_db, "Not yet: the squares of db are missing"),
        (db_as_it_was, "Not yet: db comes back as it was"),
        (db_left_out, "Not yet: you clip dW and dU together"),
        (mean_of_norms, "Not yet: you took the mean of the three norms"),
        (without_return, "Not yet: your function returned nothing"),
        (lambda *arguments: repaired(*arguments)[0], "Not yet: return three arrays"),
        (lambda dW, dU, db: (dW, dU, db), "Not yet: your function takes 3 arguments"),
        (3, "Not yet: the answer should be a function"),
    ],
)
def test_together(answer, verdict):
    assert vanishing_gradients.together.verdict(answer).startswith(verdict)


def test_the_cases_have_a_gradient_that_is_long_only_together_and_one_that_is_short():
    kinds = []
    for *arrays, limit in vanishing_gradients.together.cases:
        norms = [np.linalg.norm(array) for array in arrays]
        kinds.append((max(norms) > limit, np.hypot.reduce(norms) > limit))
    assert set(kinds) == {(True, True), (False, True), (False, False)}


def test_the_state_at_rest_is_where_the_sigmoid_leaves_it():
    rest = vanishing_gradients.REST
    assert abs(float(sigmoid(np.array(rest))) - rest) < 1e-6
