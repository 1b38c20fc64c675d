"""The exercises of the notebook lstm_gates judge what readers hand in."""

import numpy as np
import pytest

from lyricgen.exercises.lstm_gates import CASES, OLD_C, F, G, I, O, hidden, repair, step
from lyricgen.models.lstm import cell as lstm


def good_step(x, h, c, W, U, b):
    a_i, a_f, a_g, a_o = np.split(x @ W + h @ U + b, 4, axis=-1)
    c = lstm.sigmoid(a_f) * c + lstm.sigmoid(a_i) * np.tanh(a_g)
    return lstm.sigmoid(a_o) * np.tanh(c), c


def forgets_return(*arguments):
    good_step(*arguments)


def fixed_size(x, h, c, W, U, b):
    a = x @ W + h @ U + b
    i, f, g, o = a[:, :3], a[:, 3:6], a[:, 6:9], a[:, 9:12]
    c = lstm.sigmoid(f) * c + lstm.sigmoid(i) * np.tanh(g)
    return lstm.sigmoid(o) * np.tanh(c), c


def roles_swapped(x, h, c, W, U, b):
    a_i, a_f, a_g, a_o = np.split(x @ W + h @ U + b, 4, axis=-1)
    c = lstm.sigmoid(a_i) * c + lstm.sigmoid(a_f) * np.tanh(a_g)
    return lstm.sigmoid(a_o) * np.tanh(c), c


def old_cell_shown(x, h, c, W, U, b):
    return lstm.sigmoid(np.split(x @ W + h @ U + b, 4, axis=-1)[3]) * np.tanh(c), good_step(
        x, h, c, W, U, b
    )[1]


def unsquashed(x, h, c, W, U, b):
    i, f, g, o = np.split(x @ W + h @ U + b, 4, axis=-1)
    c = f * c + i * np.tanh(g)
    return o * np.tanh(c), c


def swapped_weights(x, h, c, W, U, b):
    return good_step(x, h, c, U, W, b)


def broken_step(x, h, c, W, U, b):
    a = x @ W + h @ U + b
    a_f, a_i, a_g, a_o = np.split(a, 4, axis=-1)
    h = lstm.sigmoid(a_o) * np.tanh(c)
    c = lstm.sigmoid(a_f) * c + lstm.sigmoid(a_i) * np.tanh(a_g)
    return h, c


def test_the_right_answers_are_those_of_the_cell():
    # gates that are pinned by their bias: log(p / (1 - p)) is the sigmoid's inverse
    old = OLD_C[None]
    with np.errstate(divide="ignore"):
        a = np.concatenate([np.log(I / (1 - I)), np.log(F / (1 - F)), np.arctanh(G)])
    a = np.concatenate([a, np.log(O / (1 - O))])[None]
    h, _ = lstm.states_from(a, old)
    assert np.allclose(hidden.right(), h[0], atol=1e-14)
    for x, h0, c0, W, U, b in CASES:
        steps = lstm.forward(x[:, None], W, U, b, h0, c0)
        for exercise in (step, repair):
            h, c = exercise.right(x, h0, c0, W, U, b)
            assert np.allclose(h, steps.h[:, 0], atol=1e-14)
            assert np.allclose(c, steps.c[:, 0], atol=1e-14)


def test_the_step_is_called_with_unlike_sizes():
    sizes = {(len(W), len(U)) for _, _, _, W, U, _ in CASES}
    assert len({H for _, H in sizes}) == len(CASES) and all(D != H for D, H in sizes)


@pytest.mark.parametrize("decimals", [3, 4, 8])
def test_a_vector_rounded_to_three_decimals_is_right(decimals):
    assert hidden.verdict(hidden.right().round(decimals)).startswith("Right.")
    assert hidden.verdict(list(hidden.right().round(decimals))).startswith("Right.")


@pytest.mark.parametrize(
    "answer, words",
    [
        (lambda: hidden.right(), "you gave a function: call it"),
        ("tanh(c)", "you gave text"),
        (hidden.right()[:2], "you gave 2 numbers"),
        (hidden.right().round(1), "give more"),
        (O * (F * OLD_C + I * G), "the tanh between the cell and h is missing"),
        (F * OLD_C + I * G, "this is the new cell c"),
        (O * np.tanh(I * OLD_C + F * G), "i and f are swapped"),
    ],
)
def test_a_wrong_vector_is_named(answer, words):
    assert words in hidden.verdict(answer)


@pytest.mark.parametrize(
    "function",
    [
        good_step,
        lambda *arguments: list(good_step(*arguments)),
        lambda *arguments: np.stack(good_step(*arguments)),
        lambda x, h, c, W, U, b: lstm.lstm_step(x, h, c, W, U, b),
    ],
)
def test_a_right_step_is_right_in_any_form(function):
    assert step.verdict(function).startswith("Right.")
    assert repair.verdict(function).startswith("Right.")


@pytest.mark.parametrize(
    "function, words",
    [
        (fixed_size, "is a size or a number fixed in your function?"),
        (swapped_weights, "W and U are swapped"),
        (forgets_return, "your function returned nothing: is there a return?"),
        (lambda *arguments: good_step(*arguments)[0], "return two arrays, h and c, in this order"),
        (
            lambda *arguments: dict(zip("hc", good_step(*arguments))),
            "return two arrays, h and c, in this order",
        ),
        (lambda *arguments: good_step(*arguments)[::-1], "another order: return h and c"),
        (roles_swapped, "either you read the blocks in the order f, i, g, o, or you swapped"),
        (old_cell_shown, "h is computed from the old cell"),
        (unsquashed, "the sigmoids are missing"),
        (lambda x, h, c, W, U, b: x @ W.T, "raised ValueError in line"),
        (lambda x, h, c: h, "it is called with 6"),
        (good_step(*CASES[0]), "give the function itself"),
    ],
)
def test_a_wrong_step_is_named(function, words):
    verdict = step.verdict(function)
    assert verdict.startswith("Not yet: ") and words in verdict


def test_each_half_of_the_repair_is_named():
    def only_blocks(x, h, c, W, U, b):
        return old_cell_shown(x, h, c, W, U, b)

    def only_lines(x, h, c, W, U, b):
        return roles_swapped(x, h, c, W, U, b)

    assert "both mistakes are still there" in repair.verdict(broken_step)
    assert "c is right now, and h is not" in repair.verdict(only_blocks)
    assert "but c is still wrong" in repair.verdict(only_lines)
