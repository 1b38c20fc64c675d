"""The LSTM cell against Keras, against finite differences and against itself."""

import os
import warnings

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import lstm as bench_lstm
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from lyricgen.models.lstm import cell as lstm_cell
from lyricgen.models.lstm import gradient_check

FORWARD = {"float32": 1e-6, "float64": 1e-14}
BACKWARD = {"float32": 1e-5, "float64": 1e-12}


def keras_layer(D: int, H: int, dtype: str, seed: int = 0) -> keras.layers.LSTM:
    keras.utils.set_random_seed(seed)
    layer = keras.layers.LSTM(H, return_sequences=True, return_state=True, dtype=dtype)
    layer.build((None, None, D))
    return layer


def normal(rng: np.random.Generator, dtype: str, *shape: int) -> np.ndarray:
    return rng.standard_normal(shape).astype(dtype)


def small(
    dtype: str = "float64", B: int = 2, T: int = 4, D: int = 3, H: int = 2, seed: int = 0
) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    shapes = {
        "x": (B, T, D),
        "W": (D, 4 * H),
        "U": (H, 4 * H),
        "b": (4 * H,),
        "h0": (B, H),
        "c0": (B, H),
    }
    return {name: normal(rng, dtype, *shape) for name, shape in shapes.items()}


@pytest.mark.parametrize("dtype", FORWARD)
@pytest.mark.parametrize("T, H, D, B", [(7, 5, 3, 2), (256, 512, 64, 2), (64, 128, 90, 8)])
def test_every_gate_of_every_step_equals_keras(dtype, T, H, D, B):
    rng = np.random.default_rng(T)
    layer = keras_layer(D, H, dtype)
    x, h0, c0 = normal(rng, dtype, B, T, D), normal(rng, dtype, B, H), normal(rng, dtype, B, H)
    steps = lstm_cell.forward(x, *lstm_cell.layer_weights(layer), h0, c0)
    outputs, h_T, c_T = layer(x, initial_state=[h0, c0])
    assert steps.h.dtype == dtype
    for found, expected in ((steps.h, outputs), (steps.h[:, -1], h_T), (steps.c[:, -1], c_T)):
        assert np.max(np.abs(found - expected.numpy())) <= FORWARD[dtype]

    def rows(array: np.ndarray) -> np.ndarray:
        """Each step as a sequence of its own."""
        return array.reshape(B * T, -1)

    measured = gradient_check.measure_gates(
        layer, rows(x), rows(steps.h_before), rows(steps.c_before)
    )
    for name, value in measured.items():
        assert np.max(np.abs(value - rows(getattr(steps, name)))) <= FORWARD[dtype], name


def test_measuring_tells_the_gates_apart_and_leaves_the_layer_as_it_was():
    layer = keras_layer(3, 4, "float64")
    before = layer.get_weights()
    rng = np.random.default_rng(1)
    measured = gradient_check.measure_gates(
        layer,
        normal(rng, "float64", 2, 3),
        normal(rng, "float64", 2, 4),
        normal(rng, "float64", 2, 4),
    )
    assert all(np.array_equal(a, b) for a, b in zip(before, layer.get_weights()))
    assert (
        min(np.abs(measured[a] - measured[b]).max() for a in measured for b in measured if a < b)
        > 0.01
    )


@pytest.mark.parametrize("dtype", BACKWARD)
@pytest.mark.parametrize("T, H, D, B", [(7, 5, 3, 2), (64, 128, 32, 4), (256, 256, 16, 1)])
def test_gradients_equal_the_tape(dtype, T, H, D, B):
    rng = np.random.default_rng(T)
    layer = keras_layer(D, H, dtype)
    x, h0, c0 = (tf.Variable(normal(rng, dtype, *shape)) for shape in ((B, T, D), (B, H), (B, H)))
    dh, dh_T, dc_T = normal(rng, dtype, B, T, H), normal(rng, dtype, B, H), normal(rng, dtype, B, H)
    with tf.GradientTape() as tape:
        h, h_T, c_T = layer(tf.convert_to_tensor(x), initial_state=[h0, c0])
        loss = tf.reduce_sum(h * dh) + tf.reduce_sum(h_T * dh_T) + tf.reduce_sum(c_T * dc_T)
    expected = tape.gradient(loss, [x, *(v.value for v in layer.trainable_variables), h0, c0])
    found = lstm_cell.backward(
        lstm_cell.forward(x.numpy(), *lstm_cell.layer_weights(layer), h0.numpy(), c0.numpy()),
        dh,
        dh_T,
        dc_T,
    )
    for name, a, b in zip(found._fields, found, expected):
        assert a.dtype == dtype
        assert gradient_check.relative_error(a, b.numpy()) <= BACKWARD[dtype], name


def problem_of(dtype: str) -> gradient_check.Problem:
    return gradient_check.random_problem(np.random.default_rng(3), dtype, T=7, B=2, D=3, H=5)


@pytest.mark.parametrize("dtype", BACKWARD)
def test_a_problem_has_the_same_gradients_by_hand_and_by_tape(dtype):
    problem = problem_of(dtype)
    assert {array.dtype.name for array in problem} == {dtype}
    by_tape = gradient_check.gradients_by_tape(keras_layer(3, 5, dtype), problem)
    by_hand = gradient_check.gradients_by_hand(problem)
    errors = gradient_check.relative_errors(by_hand, by_tape)
    assert list(errors) == ["x", "W", "U", "b", "h0", "c0"]
    assert max(errors.values()) <= BACKWARD[dtype]


@pytest.mark.parametrize("part", ["dh", "dh_T", "dc_T"])
def test_the_tape_plays_every_part_of_the_loss(part):
    problem = problem_of("float64")
    changed = problem._replace(**{part: 2 * getattr(problem, part)})
    by_tape = gradient_check.gradients_by_tape(keras_layer(3, 5, "float64"), changed)
    without = gradient_check.gradients_by_hand(problem)
    errors = gradient_check.relative_errors(without, by_tape)
    assert min(errors.values()) > 1e-3
    right = gradient_check.gradients_by_hand(changed)
    assert max(gradient_check.relative_errors(right, by_tape).values()) <= 1e-12


def test_the_tape_refuses_a_layer_that_does_not_fit():
    problem = problem_of("float64")
    with pytest.raises(ValueError, match="return_state"):
        gradient_check.gradients_by_tape(keras.layers.LSTM(5, dtype="float64"), problem)
    with pytest.raises(ValueError, match="dtype float32; expected float64"):
        gradient_check.gradients_by_tape(keras_layer(3, 5, "float32"), problem)
    with pytest.raises(ValueError, match="shapes are"):
        gradient_check.relative_error(np.ones(3), np.ones((3, 3)))


@pytest.mark.parametrize("seed", range(3))
def test_gradients_equal_finite_differences(seed):
    arguments = small(seed=seed)
    rng = np.random.default_rng(seed)
    dh, dh_T, dc_T = (
        normal(rng, "float64", 2, 4, 2),
        normal(rng, "float64", 2, 2),
        normal(rng, "float64", 2, 2),
    )

    def loss() -> float:
        steps = lstm_cell.forward(**arguments)
        return float(
            (steps.h * dh).sum() + (steps.h[:, -1] * dh_T).sum() + (steps.c[:, -1] * dc_T).sum()
        )

    found = lstm_cell.backward(lstm_cell.forward(**arguments), dh, dh_T, dc_T)
    for name, array in arguments.items():
        before = array.copy()
        assert (
            gradient_check.relative_error(
                getattr(found, name), gradient_check.numerical_gradient(loss, array)
            )
            <= 1e-6
        ), name
        assert np.array_equal(array, before)
    some = [3, 0]
    assert np.allclose(
        gradient_check.numerical_gradient(loss, arguments["U"], at=some),
        found.U.flat[some],
        rtol=1e-6,
        atol=1e-8,
    )


def test_a_wrong_gradient_does_not_pass_the_check():
    arguments = small()
    steps = lstm_cell.forward(**arguments)
    wrong = lstm_cell.backward(steps._replace(f=np.ones_like(steps.f)), steps.h)
    slopes = gradient_check.numerical_gradient(
        lambda: float((lstm_cell.forward(**arguments).h ** 2).sum() / 2), arguments["U"]
    )
    assert gradient_check.relative_error(wrong.U, slopes) > 1e-2


@pytest.mark.parametrize(
    "pins, cell",
    [({"i": -50, "f": 50}, lambda s: s.c0), ({"i": 50, "f": -50}, lambda s: s.g[:, -1])],
)
def test_pinned_gates_keep_or_replace_the_cell(pins, cell):
    arguments = small(T=9)
    for gate, bias in pins.items():
        block = slice(lstm_cell.GATES.index(gate) * 2, lstm_cell.GATES.index(gate) * 2 + 2)
        arguments["W"][:, block], arguments["U"][:, block], arguments["b"][block] = 0, 0, bias
    steps = lstm_cell.forward(**arguments)
    assert np.allclose(steps.c[:, -1], cell(steps), atol=1e-12)


@settings(max_examples=25, deadline=None)
@given(
    B=st.integers(1, 3),
    T=st.integers(2, 6),
    D=st.integers(1, 4),
    H=st.integers(1, 4),
    cut=st.integers(1, 5),
    seed=st.integers(0, 99),
)
def test_two_halves_are_the_whole_and_sequences_do_not_meet(B, T, D, H, cut, seed):
    arguments = small(B=B, T=T, D=D, H=H, seed=seed)
    cut = min(cut, T - 1)
    whole = lstm_cell.forward(**arguments)
    first = lstm_cell.forward(**arguments | {"x": arguments["x"][:, :cut]})
    second = lstm_cell.forward(
        **arguments | {"x": arguments["x"][:, cut:], "h0": first.h[:, -1], "c0": first.c[:, -1]}
    )
    assert np.allclose(whole.h, np.concatenate([first.h, second.h], axis=1), rtol=0, atol=1e-14)
    alone = lstm_cell.forward(
        **arguments | {name: arguments[name][:1] for name in ("x", "h0", "c0")}
    )
    assert np.allclose(whole.c[:1], alone.c, rtol=0, atol=1e-14)
    back = lstm_cell.backward(whole, whole.h)
    halves = lstm_cell.backward(second, whole.h[:, cut:])
    halves = lstm_cell.backward(first, whole.h[:, :cut], halves.h0, halves.c0)
    assert np.allclose(back.h0, halves.h0, rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("dtype", FORWARD)
def test_single_steps_are_the_forward_pass(dtype):
    """To the bit with NumPy; with `keras.ops`, and so compiled, to rounding."""
    arguments = small(dtype, B=3, T=6, D=4, H=5)
    x, W, U, b, h0, c0 = arguments.values()
    steps = lstm_cell.forward(**arguments)
    compiled = tf.function(lambda *a: lstm_cell.lstm_step(*a, xp=keras.ops))
    h, c = h0, c0
    for t in range(x.shape[1]):
        h_ops, c_ops = compiled(*map(tf.constant, (x[:, t], h, c, W, U, b)))
        h, c = lstm_cell.lstm_step(x[:, t], h, c, W, U, b)
        assert h.dtype == dtype and h_ops.dtype == dtype
        assert np.array_equal(h, steps.h[:, t]) and np.array_equal(c, steps.c[:, t])
        assert np.abs(h_ops - h).max() <= FORWARD[dtype]
        assert np.abs(c_ops - c).max() <= FORWARD[dtype]
        a = x[:, t] @ W + steps.h_before[:, t] @ U + b
        for gate, expected in zip(lstm_cell.gates_from(a), (steps.i, steps.f, steps.g, steps.o)):
            assert np.array_equal(gate, expected[:, t])


def test_states_and_gradients_that_are_left_out_are_zero():
    arguments = small()
    zeros = np.zeros((2, 2))
    assert np.array_equal(
        lstm_cell.forward(**arguments | {"h0": None, "c0": None}).h,
        lstm_cell.forward(**arguments | {"h0": zeros, "c0": zeros}).h,
    )
    steps = lstm_cell.forward(**arguments)
    assert np.array_equal(
        lstm_cell.backward(steps, None, dc_T=zeros + 1).x,
        lstm_cell.backward(steps, np.zeros_like(steps.h), zeros, zeros + 1).x,
    )


def test_weights_are_read_and_written_back():
    source, target = keras_layer(3, 4, "float32", seed=1), keras_layer(3, 4, "float32", seed=2)
    lstm_cell.set_layer_weights(target, lstm_cell.layer_weights(source))
    x = normal(np.random.default_rng(0), "float32", 2, 5, 3)
    assert np.array_equal(source(x)[0].numpy(), target(x)[0].numpy())
    with pytest.raises(
        ValueError, match=r"^W has shape \(3, 8\); expected \(3, 16\), as the layer has\.$"
    ):
        lstm_cell.set_layer_weights(source, lstm_cell.Weights(*(small()[name] for name in "WUb")))
    with pytest.raises(ValueError, match="layer has 0 weight arrays; expected 3"):
        lstm_cell.layer_weights(keras.layers.LSTM(4))
    dense = keras.layers.LSTM(4, use_bias=False)
    dense.build((None, None, 3))
    with pytest.raises(ValueError, match="layer has 2 weight arrays; expected 3"):
        lstm_cell.layer_weights(dense)


@pytest.mark.parametrize(
    "name, change, message",
    [
        ("x", lambda a: a[0], r"x has shape \(4, 3\); expected \(B, T, D\), here \(B, T, 3\)"),
        (
            "x",
            lambda a: a[..., :2],
            r"x has shape \(2, 4, 2\); expected \(B, T, D\), here \(2, 4, 3\)",
        ),
        ("x", lambda a: a.astype("float32"), "x has dtype float32; expected float64, which U has"),
        ("x", lambda a: a.astype(int), "x has dtype int64; expected float32 or float64"),
        ("W", lambda a: a[:, :6], r"W has shape \(3, 6\); expected \(D, 4H\), here \(3, 8\)"),
        ("W", lambda a: a.astype("float16"), "W has dtype float16; expected float32 or float64"),
        ("U", lambda a: a.T, r"U has shape \(8, 2\); expected \(H, 4H\), here \(8, 32\)"),
        ("b", lambda a: a[None], r"b has shape \(1, 8\); expected \(4H\), here \(8\)"),
        ("h0", lambda a: a[:1], r"h0 has shape \(1, 2\); expected \(B, H\), here \(2, 2\)"),
        ("c0", lambda a: a[:, :1], r"c0 has shape \(2, 1\); expected \(B, H\), here \(2, 2\)"),
    ],
)
def test_a_wrong_argument_is_named(name, change, message):
    arguments = small()
    arguments[name] = change(arguments[name])
    with pytest.raises(ValueError, match=message):
        lstm_cell.forward(**arguments)


def test_a_wrong_gradient_argument_is_named():
    steps = lstm_cell.forward(**small())
    with pytest.raises(
        ValueError, match=r"dh has shape \(2, 3, 2\); expected \(B, T, H\), here \(2, 4, 2\)"
    ):
        lstm_cell.backward(steps, steps.h[:, 1:])
    with pytest.raises(ValueError, match="dc_T has dtype float32; expected float64"):
        lstm_cell.backward(steps, steps.h, dc_T=np.zeros((2, 2), "float32"))
    with pytest.raises(ValueError, match="x has dtype float32; expected float64"):
        gradient_check.numerical_gradient(lambda: 0.0, np.zeros(3, "float32"))


def test_the_sigmoid_does_not_overflow():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert lstm_cell.sigmoid(np.array([-1e4, 0, 1e4], "float32")).tolist() == [0, 0.5, 1]


@pytest.mark.parametrize("dtype", FORWARD)
def test_the_folded_lstm_gives_the_logits_of_the_whole(dtype):
    V, D, H, B, T = 11, 4, 6, 3, 20
    rng = np.random.default_rng(3)
    weights = lstm_cell.Weights(
        *(normal(rng, dtype, *shape) for shape in ((D, 4 * H), (H, 4 * H), (4 * H,)))
    )
    embeddings, kernel, bias = (
        normal(rng, dtype, V, D),
        normal(rng, dtype, H, V),
        normal(rng, dtype, V),
    )
    h0, c0, tokens = normal(rng, dtype, B, H), normal(rng, dtype, B, H), rng.integers(0, V, (B, T))
    expected = lstm_cell.forward(embeddings[tokens], *weights, h0, c0).h @ kernel + bias
    folded = bench_lstm.fold(embeddings, weights, kernel, bias)
    state = folded.start(h0, c0)
    alone = folded.start(h0[1], c0[1])
    for t in range(T):
        logits, state = folded.step(tokens[:, t], state)
        one, alone = folded.step(tokens[1, t], alone)
        assert logits.dtype == dtype and one.shape == (V,)
        assert np.allclose(logits, expected[:, t], rtol=0, atol=20 * FORWARD[dtype])
        assert np.allclose(one, expected[1, t], rtol=0, atol=20 * FORWARD[dtype])
