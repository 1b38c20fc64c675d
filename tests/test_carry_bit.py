"""The training that carries a bit: gradient, optimizer and independent runs."""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import pytest

from lyricgen.models.lstm import carry_bit as memory
from lyricgen.models.lstm.cell import forward
from lyricgen.models.lstm.gradient_check import numerical_gradient, relative_error


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def test_the_bit_is_in_the_first_step_and_nowhere_else():
    x, bit = memory.examples(500, 7, rng())
    assert x.shape == (500, 7, 2) and set(bit) == {0, 1} and 200 < bit.sum() < 300
    assert np.array_equal(x[:, 0, 0], np.where(bit == 1, 1.0, -1.0))
    assert not x[:, 1:, 0].any()
    assert abs(x[:, :, 1].std() - memory.NOISE) < 0.02
    correlation = np.corrcoef(bit, x[:, :, 1].mean(axis=1))[0, 1]
    assert abs(correlation) < 0.15, "the noise says nothing about the bit"


@pytest.mark.parametrize("bias, fixed", [(1, False), (50, True)])
def test_the_gradient_is_the_slope_of_the_loss(bias, fixed):
    network = memory.new_network(rng(1), bias, fixed)
    x, bit = memory.examples(6, 5, rng(2))
    loss, gradients = memory.loss_and_gradients(network, x, bit)
    assert 0.3 < loss < 1.5
    for name, array, gradient in zip(network._fields, network, gradients):
        slope = numerical_gradient(lambda: memory.loss_and_gradients(network, x, bit)[0], array)
        assert gradient.shape == array.shape
        assert relative_error(gradient, slope) < 1e-7, name


@pytest.mark.parametrize("bias", [1, 5])
def test_the_gradient_of_the_cell_counts_all_paths(bias):
    W, U, b, v, v0 = network = memory.new_network(rng(1), bias)
    x, bit = memory.examples(3, 9, rng(2))
    steps = forward(x, W, U, b)
    for t in (0, 4, 7):
        c = steps.c[:, t].copy()

        def loss_from(c=c, t=t):
            h = steps.o[:, t] * np.tanh(c)
            s = forward(x[:, t + 1 :], W, U, b, h, c).h[:, -1] @ v + v0
            return np.mean(np.logaddexp(0, s) - bit * s)

        norm = np.linalg.norm(numerical_gradient(loss_from, c))
        assert relative_error(memory.cell_gradients(network, x, bit)[t], norm) < 1e-7, t


def test_through_the_cell_alone_the_gradient_falls_by_f_at_each_step():
    network = memory.new_network(rng(1), 1)
    network.U[:] = 0
    network.W[:, memory.UNITS : 2 * memory.UNITS] = 0
    norms = memory.cell_gradients(network, *memory.examples(3, 9, rng(2)))
    assert norms.shape == (9,)
    assert np.allclose(norms[:-1] / norms[1:], memory.sigmoid(1))


def test_the_loss_is_finite_where_the_sigmoid_rounds_to_one():
    network = memory.new_network(rng(), 1)
    network.v0[:] = 2000
    x, bit = memory.examples(8, 3, rng())
    loss, _ = memory.loss_and_gradients(network, x, bit)
    assert np.isclose(loss, 2000 * np.mean(bit == 0), rtol=1e-3)


@pytest.mark.parametrize("bias, gate", [(50, 1.0), (-50, 0.0)])
def test_a_fixed_gate_is_exact_and_training_leaves_it_alone(bias, gate):
    network = memory.new_network(rng(), bias, fixed=True)
    block = slice(memory.UNITS, 2 * memory.UNITS)
    before = [array.copy() for array in network]
    optimizer = memory.Adam()
    for _ in range(5):
        x, bit = memory.examples(8, 6, rng())
        _, gradients = memory.loss_and_gradients(network, x, bit)
        optimizer.update(network, gradients)
    assert np.all(forward(x, *network[:3]).f == gate)
    for array, old in zip(network[:3], before):
        assert np.array_equal(array[..., block], old[..., block])
        assert not np.array_equal(array, old), "the other gates learn"


def test_clipping_keeps_the_direction_and_short_gradients():
    gradients = [np.array([3.0, 0.0]), np.array([[4.0]])]
    first, second = memory.clip(gradients)
    assert np.allclose(first, [0.6, 0]) and np.allclose(second, [[0.8]])
    assert np.allclose(memory.clip(gradients, longest=6)[0], [3, 0])
    assert not memory.clip([np.zeros(2)])[0].any()


def test_adam_is_keras_adam():
    import keras

    variable = keras.Variable(rng().normal(size=(3, 4)), dtype="float64")
    array = variable.numpy().copy()
    theirs = keras.optimizers.Adam(memory.RATE)
    ours = memory.Adam()
    for _ in range(30):
        gradient = rng(int(theirs.iterations)).normal(size=(3, 4))
        theirs.apply([gradient], [variable])
        ours.update([array], [gradient])
    # Keras keeps the rate and the powers of its two shares in float32
    assert np.max(np.abs(array - variable.numpy())) < 3e-6


def test_a_new_adam_moves_each_weight_by_its_rate_and_an_old_counter_three_times_as_far():
    gradient = np.array([5.0, -0.01])
    moved = np.zeros(2)
    memory.Adam().update([moved], [gradient])
    assert np.allclose(moved, [-0.01, 0.01], rtol=1e-3)
    old = memory.Adam()
    old.updates = 2600
    moved_by_old = np.zeros(2)
    old.update([moved_by_old], [gradient])
    assert np.allclose(moved_by_old / moved, 3.04, atol=0.01)


def test_each_run_makes_its_own_optimizer_which_begins_at_zero(monkeypatch):
    made = []

    class Watched(memory.Adam):
        def __init__(self, *arguments):
            super().__init__(*arguments)
            made.append(self)

    monkeypatch.setattr(memory, "Adam", Watched)
    for seed in range(3):
        memory.carry_bit(3, 1, False, seed, batches=4)
    assert [optimizer.updates for optimizer in made] == [4, 4, 4]


def test_a_run_does_not_depend_on_the_runs_before_it(monkeypatch):
    last = []
    accuracy = memory.accuracy

    def watched(network, x, bit):
        last.append([array.copy() for array in network])
        return accuracy(network, x, bit)

    monkeypatch.setattr(memory, "accuracy", watched)
    alone = memory.carry_bit(4, 1, False, seed=1, batches=10)
    memory.carry_bit(6, 5, False, seed=2, batches=30)
    after_others = memory.carry_bit(4, 1, False, seed=1, batches=10)
    assert alone == after_others
    for first, second in zip(last[0], last[2]):
        assert np.array_equal(first, second)
    assert not np.array_equal(last[0][0], last[1][0])


def test_five_steps_are_carried_and_fifty_only_from_a_high_bias():
    assert memory.carry_bit(5, 1, False, seed=0, batches=200) > 0.99
    assert 0.44 < memory.carry_bit(50, 1, False, seed=0, batches=200) < 0.56
    assert memory.carry_bit(50, 5, False, seed=0, batches=200) > 0.99
