"""The exercise `repair` of the notebook on backpropagation through time."""

import numpy as np
import pytest

from lyricgen.exercises.backpropagation_through_time import repair
from lyricgen.models.lstm.gradient_check import numerical_gradient, relative_error


def as_given(h, h0, U, dh):
    """The function as the notebook gives it, with its two mistakes."""
    dU = np.zeros_like(U)
    dh_back = np.zeros_like(h0)
    for t in reversed(range(h.shape[1])):
        dh_total = dh[:, t] + dh_back
        da = dh_total * (1 - h[:, t] ** 2)
        dh_back = da @ U
        dU += h[:, t].T @ da
    return dU, dh_back


def one_repaired(h, h0, U, dh):
    """The function with its U transposed, and the wrong hidden state."""
    dU = np.zeros_like(U)
    dh_back = np.zeros_like(h0)
    for t in reversed(range(h.shape[1])):
        da = (dh[:, t] + dh_back) * (1 - h[:, t] ** 2)
        dh_back = da @ U.T
        dU += h[:, t].T @ da
    return dU, dh_back


def turned(h, h0, U, dh):
    """Both repaired, and the product that makes dU turned round."""
    h_before = np.concatenate([h0[:, None], h[:, :-1]], axis=1)
    dU = np.zeros_like(U)
    dh_back = np.zeros_like(h0)
    for t in reversed(range(h.shape[1])):
        da = (dh[:, t] + dh_back) * (1 - h[:, t] ** 2)
        dh_back = da @ U.T
        dU += da.T @ h_before[:, t]
    return dU, dh_back


def no_return(h, h0, U, dh):
    """The function without its last line."""
    as_given(h, h0, U, dh)


@pytest.mark.parametrize(
    "answer, word",
    [
        (as_given, "both mistakes are still there"),
        (one_repaired, "dh0 is right and dU is not"),
        (no_return, "your function returned nothing: is there a return?"),
        (lambda *a: repair.right(*a)[::-1], "in another order: return dU and dh0"),
        (lambda *a: repair.right(*a)[0], "return two arrays, dU and dh0"),
        (turned, "dh0 is right and dU is transposed"),
        (3, "a function"),
    ],
)
def test_repair_names_what_is_wrong(answer, word):
    found = repair.verdict(answer)
    assert found.startswith("Not yet:") and word in found, found


@pytest.mark.parametrize("case", range(2))
def test_the_right_answer_equals_differences_of_the_loss(case):
    h, h0, U, dh = repair.cases[case]
    h_before = np.concatenate([h0[:, None], h[:, :-1]], axis=1)
    a_x = np.arctanh(h) - h_before @ U

    def loss() -> float:
        """The loss sum(h dh) of the network whose input part is a_x."""
        state = h0
        total = 0.0
        for t in range(h.shape[1]):
            state = np.tanh(a_x[:, t] + state @ U)
            total += float((state * dh[:, t]).sum())
        return total

    dU, dh0 = repair.right(h, h0, U, dh)
    assert relative_error(dU, numerical_gradient(loss, U)) < 1e-7
    assert relative_error(dh0, numerical_gradient(loss, h0)) < 1e-7
    assert relative_error(as_given(h, h0, U, dh)[0], dU) > 0.1
