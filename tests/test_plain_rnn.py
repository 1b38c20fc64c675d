"""The plain recurrent network has the right gradient, and learns where it can."""

import numpy as np
import pytest

from lyricgen.models.lstm import plain_rnn
from lyricgen.models.lstm.gradient_check import numerical_gradient, relative_error


def problem(T=7, B=3, H=4):
    rng = np.random.default_rng(0)
    shapes = ((1, H), (H, H), (H,), (H, 1), (1,))
    weights = plain_rnn.Weights(*(rng.normal(size=shape) for shape in shapes))
    return *plain_rnn.draw_bits(rng, T, B), weights


@pytest.mark.parametrize("name", plain_rnn.Weights._fields)
def test_the_gradient_is_that_of_the_loss(name):
    x, bits, weights = problem()
    found = getattr(plain_rnn.gradients(x, bits, weights), name)
    expected = numerical_gradient(
        lambda: plain_rnn.cross_entropy(x, bits, weights), getattr(weights, name)
    )
    assert relative_error(found, expected) < 1e-7


def test_the_bit_is_the_first_input_and_the_rest_does_not_depend_on_it():
    x, bits = plain_rnn.draw_bits(np.random.default_rng(0), 5, 400)
    assert np.array_equal(x[0] > 0, bits == 1) and set(np.abs(x[0]).ravel()) == {1.0}
    assert abs(np.corrcoef(x[1:].sum(axis=0).ravel(), bits.ravel())[0, 1]) < 0.15


def test_clipping_bounds_the_common_norm_and_keeps_the_direction():
    arrays = [np.array([3.0, 0.0]), np.array([[4.0]])]
    first, second = plain_rnn.clip(arrays, 1.0)
    assert np.allclose(first, [0.6, 0]) and np.allclose(second, [[0.8]])
    for before, after in zip(arrays, plain_rnn.clip(arrays, 5.0)):
        assert np.array_equal(before, after), "a short gradient stays"
    zeros = [np.zeros(2)]
    assert np.array_equal(plain_rnn.clip(zeros, 1.0)[0], zeros[0])


def test_a_bit_is_carried_over_few_steps_and_not_over_many_from_a_small_gain():
    Q, _ = np.linalg.qr(np.random.default_rng(0).normal(size=(16, 16)))
    kernel = 0.5 * Q
    assert plain_rnn.carry_a_bit(1.25 * Q, T=5, updates=100) > 0.9
    assert 0.4 < plain_rnn.carry_a_bit(kernel, T=50, updates=50) < 0.6
    assert np.array_equal(kernel, 0.5 * Q), "what is given stays as it was"


def test_the_norm_at_the_start_is_that_of_the_network_that_is_trained(monkeypatch):
    Q, _ = np.linalg.qr(np.random.default_rng(0).normal(size=(6, 6)))
    seen = []

    def gradients(x, bits, weights):
        seen.append((x, weights))
        return plain_rnn.Weights(*map(np.zeros_like, weights))

    monkeypatch.setattr(plain_rnn, "gradients", gradients)
    plain_rnn.carry_a_bit(1.3 * Q, seed=3, T=8, updates=1)
    x, weights = seen[0]

    def last_state(sequence, h):
        for x_t in sequence:
            h = np.tanh(x_t @ weights.W + h @ weights.U + weights.b)
        return h

    norms = []
    for sequence in x.transpose(1, 0, 2):
        rows = []
        for change in 1e-5 * np.eye(6):
            difference = last_state(sequence, change) - last_state(sequence, -change)
            rows.append(difference / 2e-5)
        norms.append(np.linalg.norm(rows, 2))
    found = plain_rnn.norm_at_start(1.3 * Q, seed=3, T=8)
    assert found == pytest.approx(np.median(norms), rel=1e-7)


def test_less_than_the_gain_to_the_number_of_steps_is_left():
    Q, _ = np.linalg.qr(np.random.default_rng(0).normal(size=(16, 16)))
    assert 0 < plain_rnn.norm_at_start(0.5 * Q, T=20) < 0.5**20
    assert plain_rnn.norm_at_start(1.5 * Q, T=20) > 1
