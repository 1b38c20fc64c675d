"""The exercises of the notebook on vanishing gradients: what readers hand in."""

from functools import partial

import numpy as np
import pytest

from lyricgen.exercises import (
    backpropagation_through_time,
    training_a_language_model,
    vanishing_gradients,
)
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
        (db_left_out, "Not yet: you clip dW and dU without db"),
        (mean_of_norms, "Not yet: you took the mean of the three norms"),
        (without_return, "Not yet: your function returned nothing"),
        (lambda *arguments: repaired(*arguments)[0], "Not yet: return three arrays"),
        (lambda dW, dU, db: (dW, dU, db), "Not yet: your function takes 3 arguments"),
        (3, "Not yet: the answer should be a function"),
    ],
)
def test_together(answer, verdict):
    assert vanishing_gradients.together.verdict(answer).startswith(verdict)


def shortened(*case, is_long):
    """Scales all gradients to the limit where `is_long(norms, norm, limit)` holds."""
    *gradients, limit = case
    total = norm(*gradients)
    long = is_long([norm(gradient) for gradient in gradients], total, limit)
    return [gradient * limit / total if long else gradient for gradient in gradients]


def scaled(*case, factor):
    """Multiplies all gradients by `factor(norm, limit)`."""
    *gradients, limit = case
    return [gradient * factor(norm(*gradients), limit) for gradient in gradients]


def measured(*case, length):
    """Clips with the length that `length(gradients)` gives."""
    *gradients, limit = case
    return [gradient * min(1, limit / length(gradients)) for gradient in gradients]


def flat(gradients):
    return np.concatenate([gradient.ravel() for gradient in gradients])


# Functions for two gradients and for three, and what is said of them.
CLIPPING = [
    (partial(shortened, is_long=lambda norms, total, limit: total > 1), "the norm with 1"),
    (partial(shortened, is_long=lambda norms, total, limit: total**2 > limit), "the square of"),
    (partial(shortened, is_long=lambda norms, total, limit: max(norms) > limit), "whether one of"),
    (partial(shortened, is_long=lambda norms, total, limit: min(norms) > limit), "whether each"),
    (partial(shortened, is_long=lambda norms, total, limit: norms[0] > limit), "whether dW is"),
    (partial(shortened, is_long=lambda norms, total, limit: norms[-1] > limit), "whether db is"),
    (partial(scaled, factor=lambda n, limit: min(1, limit / max(1, n))), "max(1, norm)"),
    (partial(scaled, factor=lambda n, limit: max(1, limit / n)), "the smaller of the two"),
    (partial(scaled, factor=lambda n, limit: -min(1, limit / n)), "the sign is wrong"),
    (partial(scaled, factor=lambda n, limit: min(1, n / limit)), "upside down"),
    (partial(scaled, factor=lambda n, limit: n / limit), "upside down"),
    (partial(scaled, factor=lambda n, limit: max(1, n / limit)), "divide by it"),
    (partial(scaled, factor=lambda n, limit: min(1, 1 / n)), "whatever the limit is"),
    (partial(measured, length=lambda some: np.sqrt(np.mean(flat(some) ** 2))), "root of the mean"),
    (partial(measured, length=lambda some: norm(*[one.sum() for one in some])), "square every"),
    (partial(measured, length=lambda some: norm(*[np.linalg.norm(a, 2) for a in some])), "stretch"),
    (partial(measured, length=lambda some: np.abs(flat(some)).sum()), "absolute values"),
    (
        lambda *case: [a * min(1, case[-1] / np.sqrt(len(case) - 1) / norm(a)) for a in case[:-1]],
        "a share of the limit",
    ),
]


@pytest.mark.parametrize("answer, word", CLIPPING, ids=range(len(CLIPPING)))
@pytest.mark.parametrize(
    "exercise", [vanishing_gradients.together, training_a_language_model.clip], ids=["3", "2"]
)
def test_a_function_that_clips_some_gradients_rightly_is_told_its_mistake(exercise, answer, word):
    found = exercise.verdict(answer)
    assert found.startswith("Not yet: ") and word in found, found


def times_shorter(*case):
    """Clips by a quotient that is 0 / 0 for gradients of 0."""
    *gradients, limit = case
    total = norm(*gradients)
    return [gradient / total * min(total, limit) for gradient in gradients]


@pytest.mark.parametrize(
    "exercise", [vanishing_gradients.together, training_a_language_model.clip], ids=["3", "2"]
)
def test_gradients_of_zero_are_left_as_they_are(exercise):
    nan = exercise.verdict(times_shorter)
    assert nan.startswith("Not yet: right, except where all gradients are 0") and "nan" in nan
    raises = exercise.verdict(partial(scaled, factor=lambda n, limit: min(1, limit / float(n))))
    assert "ZeroDivisionError" in raises and "divides by the norm" in raises
    tested = partial(shortened, is_long=lambda norms, total, limit: total > limit)
    assert exercise.verdict(tested).startswith("Right.")
    near = partial(scaled, factor=lambda n, limit: min(1, limit / (n + 1e-6)))
    assert exercise.verdict(near).startswith("Right.")


def test_another_wrong_function_is_told_where_it_is_right_and_where_not():
    found = vanishing_gradients.together.verdict(
        partial(shortened, is_long=lambda norms, total, limit: total > 3)
    )
    assert found.startswith("Not yet: right where each gradient alone is longer than the limit")
    assert "not where the limit is below 1" in found and "fixed" not in found


@pytest.mark.parametrize(
    "exercise", [vanishing_gradients.together, training_a_language_model.clip], ids=["3", "2"]
)
def test_the_cases_are_what_is_said_of_them(exercise):
    said = []
    for (*arrays, limit), situation in zip(exercise.cases, exercise.situations, strict=True):
        norms = [np.linalg.norm(array) for array in arrays]
        total = np.hypot.reduce(norms)
        kinds = {
            "each gradient alone is longer than the limit": min(norms) > limit,
            "all gradients together are shorter than the limit": total < limit and total < 1,
            "dW is longer than the limit and the rest is shorter": norms[0]
            > limit
            > max(norms[1:]),
            "dW is shorter than the limit and the rest is longer": norms[0]
            < limit
            < min(norms[1:]),
            "each gradient is shorter than the limit and together they are longer": (
                max(norms) < limit < total
            ),
            "the norm of all lies between 1 and the limit": 1 < total < limit < total**2,
            "the limit is below 1": limit < total < 1,
        }
        assert kinds[situation], situation
        said.append(situation)
    assert said == list(kinds)


def test_the_state_at_rest_is_where_the_sigmoid_leaves_it():
    rest = vanishing_gradients.REST
    assert abs(float(sigmoid(np.array(rest))) - rest) < 1e-6
