"""The LSTM layer against the stock layer of Keras, and its benchmark."""

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import lstm as bench_lstm
import numpy as np
import pytest
import tensorflow as tf

from lyricgen.models.lstm import cell as lstm_cell
from lyricgen.models.lstm import gradient_check
from lyricgen.models.lstm import layer as lstm_layer

ROOT = Path(__file__).resolve().parents[1]

V, D = 30, 6
RNG = np.random.default_rng(0)
on_cpu = pytest.mark.skipif(
    bool(tf.config.list_physical_devices("GPU")), reason="on a GPU this layer is the stock layer"
)


def layers(H: int = 8, T: int = 7, **options) -> tuple[tuple, tuple]:
    """An embedding and an LSTM of Keras, and ours with the same weights."""
    stock = keras.layers.Embedding(V, D), keras.layers.LSTM(H, **options)
    ours = lstm_layer.Embedding(V, D), lstm_layer.LSTM(H, **options)
    for a, b in zip(stock, ours):
        for layer in (a, b):
            layer.build((3, T, D))
        b.set_weights(a.get_weights())
    return stock, ours


def close(found, expected, tolerance: float = 1e-5) -> bool:
    found, expected = np.asarray(found), np.asarray(expected)
    return found.shape == expected.shape and np.max(np.abs(found - expected)) <= tolerance * max(
        1e-30, np.max(np.abs(expected))
    )


def everything(pair, tokens, x, h0, c0, weigh) -> list:
    """Outputs, states and the gradients with respect to all that they depend on.

    The input is `tokens`, or x where there are none.
    """
    embedding, layer = pair
    with tf.GradientTape() as tape:
        tape.watch([x, h0, c0])
        inputs = x if tokens is None else embedding(tokens)
        outputs, h_T, c_T = layer(inputs, initial_state=[h0, c0], training=True)
        loss = tf.reduce_sum(outputs * weigh) + tf.reduce_sum(h_T * h_T) + tf.reduce_sum(c_T)
    wanted = [
        *(v.value for v in layer.trainable_variables),
        h0,
        c0,
        inputs,
        *([embedding.embeddings.value] if tokens is not None else []),
    ]
    return [outputs, h_T, c_T, *(tf.convert_to_tensor(g) for g in tape.gradient(loss, wanted))]


@pytest.mark.parametrize("compiled", [False, True])
@pytest.mark.parametrize("dense", [False, True])
@pytest.mark.parametrize(
    "options", [{}, {"go_backwards": True}, {"return_sequences": False}], ids=str
)
def test_outputs_states_and_all_gradients_equal_the_stock_layer(options, dense, compiled):
    options = {"return_sequences": True, "return_state": True} | options
    H, T, B = 24, 20, 5
    stock, ours = layers(H, T, **options)
    x, h0, c0 = (
        tf.constant(RNG.standard_normal(shape), "float32") for shape in ((B, T, D), (B, H), (B, H))
    )
    weigh = tf.constant(
        RNG.standard_normal((B, T, H) if options["return_sequences"] else (B, H)), "float32"
    )
    tokens = None if dense else tf.constant(RNG.integers(0, V, (B, T)))
    run = tf.function(everything) if compiled else everything
    for number, (a, b) in enumerate(
        zip(run(ours, tokens, x, h0, c0, weigh), run(stock, tokens, x, h0, c0, weigh), strict=True)
    ):
        assert close(a, b), number


@on_cpu
def test_large_and_long():
    stock, ours = layers(256, 64, return_sequences=True, return_state=True)
    assert ours[1].is_fast()
    x, h0, c0 = (
        tf.constant(RNG.standard_normal(shape), "float32")
        for shape in ((16, 64, D), (16, 256), (16, 256))
    )
    weigh = tf.constant(RNG.standard_normal((16, 64, 256)), "float32")
    run = tf.function(everything)
    for a, b in zip(
        run(ours, None, x, h0, c0, weigh), run(stock, None, x, h0, c0, weigh), strict=True
    ):
        assert close(a, b)


def model(embedding: type, layer: type, kind: str) -> keras.Model:
    keras.utils.set_random_seed(3)
    options = {"input dropout": {"dropout": 0.3}, "stateful": {"stateful": True}}.get(kind, {})
    first = layer(16, return_sequences=True, **options)
    stack = [
        keras.Input(batch_shape=(32, 12), dtype="int32")
        if kind == "stateful"
        else keras.Input((None,), dtype="int32"),
        embedding(V, D),
        keras.layers.Bidirectional(first) if kind == "bidirectional" else first,
        layer(16, return_sequences=True),
        keras.layers.Dense(V),
    ]
    made = keras.Sequential(stack)
    made.compile(
        keras.optimizers.Adam(1e-2),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        jit_compile=False,
    )
    return made


@pytest.mark.parametrize("kind", ["plain", "bidirectional", "input dropout", "stateful"])
@pytest.mark.filterwarnings("ignore:Skipping variable loading for optimizer")
def test_fit_equals_the_stock_layer_and_files_fit_both_ways(kind, tmp_path):
    x = RNG.integers(0, V, (96, 12))
    stock, ours = (
        model(keras.layers.Embedding, keras.layers.LSTM, kind),
        model(lstm_layer.Embedding, lstm_layer.LSTM, kind),
    )
    stock.save_weights(tmp_path / "stock.weights.h5")
    ours.load_weights(tmp_path / "stock.weights.h5")
    for each in (stock, ours):
        keras.utils.set_random_seed(7)
        each.fit(x, np.roll(x, -1, axis=1), batch_size=32, epochs=3, verbose=0, shuffle=False)
    assert all(close(a, b) for a, b in zip(ours.get_weights(), stock.get_weights(), strict=True))
    ours.save_weights(tmp_path / "ours.weights.h5")
    fresh = model(keras.layers.Embedding, keras.layers.LSTM, kind)
    fresh.load_weights(tmp_path / "ours.weights.h5")
    assert all(
        np.array_equal(a, b) for a, b in zip(fresh.get_weights(), ours.get_weights(), strict=True)
    )
    if kind == "bidirectional":
        ours.save(tmp_path / "ours.keras")
        again = keras.models.load_model(tmp_path / "ours.keras")
        assert isinstance(again.layers[1].backward_layer, lstm_layer.LSTM) and isinstance(
            again.layers[2], lstm_layer.LSTM
        )
        assert close(again.predict(x[:32], verbose=0), ours.predict(x[:32], verbose=0), 1e-6)


@pytest.mark.parametrize(
    "options",
    [
        {"dtype": "float64"},
        {"recurrent_dropout": 0.5},
        {"unroll": True},
        {"activation": "relu"},
        {"recurrent_activation": "hard_sigmoid"},
        {"use_bias": False},
        {"dtype": "mixed_bfloat16"},
    ],
    ids=str,
)
def test_what_the_fast_path_does_not_know_is_the_stock_layer(options):
    (_, stock), (_, ours) = layers(8, 7, return_sequences=True, **options)
    assert not ours.is_fast()
    x = RNG.standard_normal((3, 7, D))
    assert np.array_equal(np.asarray(ours(x), "float64"), np.asarray(stock(x), "float64"))


def test_a_mask_is_obeyed():
    (_, stock), (_, ours) = layers(8, 7, return_sequences=True)
    x, mask = RNG.standard_normal((3, 7, D)).astype("float32"), np.arange(7) < [[7], [4], [1]]
    assert np.array_equal(ours(x, mask=tf.constant(mask)), stock(x, mask=tf.constant(mask)))
    assert not close(ours(x), stock(x, mask=tf.constant(mask)), 1e-2)


@pytest.mark.parametrize("dtype", ["int32", "uint8", "bool", "float16", "float64"])
@pytest.mark.parametrize("autocast", [False, True])
def test_input_of_any_dtype_gives_what_the_stock_layer_gives(dtype, autocast):
    (_, stock), (_, ours) = layers(8, 7, return_sequences=True, autocast=autocast)
    x = tf.cast(tf.constant(RNG.integers(0, 3, (3, 7, D))), dtype)
    assert close(ours(x), stock(x), 1e-6)
    assert close(tf.function(ours)(x), tf.function(stock)(x), 1e-6)


@pytest.mark.parametrize("training", [False, True])
def test_one_initial_state_is_that_of_every_sequence(training):
    (_, stock), (_, ours) = layers(8, 7, return_sequences=True)
    x, state = tf.random.normal((3, 7, D), seed=1), tf.random.normal((1, 8), seed=2)
    repeated = tf.repeat(state, 3, axis=0)
    found, expected = [], []
    for layer, states, results in ((ours, state, found), (stock, repeated, expected)):
        with tf.GradientTape() as tape:
            tape.watch(states)
            loss = tf.reduce_sum(layer(x, initial_state=[states] * 2, training=training) ** 2)
        results += [loss, tf.reduce_sum(tape.gradient(loss, states), axis=0)]
    assert all(close(a, b) for a, b in zip(found, expected))
    assert np.array_equal(
        ours(x, initial_state=[state, repeated]), ours(x, initial_state=[repeated] * 2)
    )
    unknown = tf.TensorSpec((None, 8), "float32")
    run = tf.function(
        lambda h: ours(x, initial_state=[h, h], training=training), input_signature=[unknown]
    )
    assert close(run(state), ours(x, initial_state=[repeated] * 2), 1e-6)


@on_cpu
def test_inference_has_the_bits_and_the_gradient_of_training():
    _, (_, ours) = layers(8, 7, return_sequences=True)
    x = tf.random.normal((3, 7, D), seed=1)
    outputs, gradients = [], []
    for training in (False, True):
        with tf.GradientTape() as tape:
            output = ours(x, training=training)
            loss = tf.reduce_sum(output**2)
        outputs.append(output)
        gradients.append(tape.gradient(loss, [v.value for v in ours.trainable_variables]))
    assert np.array_equal(*outputs)
    assert all(close(a, b) for a, b in zip(*gradients, strict=True))


@pytest.mark.parametrize("kind", ["plain", "bidirectional", "input dropout"])
def test_a_model_can_be_exported(kind, tmp_path):
    tokens = RNG.integers(0, V, (32, 12)).astype("int32")
    ours = model(lstm_layer.Embedding, lstm_layer.LSTM, kind)
    ours.fit(tokens, tokens, batch_size=32, epochs=1, verbose=0)
    ours.export(tmp_path / "saved", verbose=False)
    loaded = tf.saved_model.load(tmp_path / "saved")  # the function does not keep its variables
    served = loaded.serve(tokens)
    assert close(served, ours.predict(tokens, verbose=0), 1e-5)
    assert close(served, ours(tokens), 1e-5)


@pytest.mark.parametrize("batch", [None, 3])
def test_the_batch_may_be_known_to_the_input_or_to_the_states_only(batch):
    _, (_, ours) = layers(8, 7, return_sequences=True)
    x, state = RNG.standard_normal((3, 7, D)).astype("float32"), np.ones((3, 8), "float32")
    known, unknown = tf.TensorSpec((3, None), "float32"), tf.TensorSpec((None, None), "float32")
    h = known if batch is None else unknown
    run = tf.function(
        lambda x, h: ours(x, initial_state=[h, h]),
        input_signature=[tf.TensorSpec((batch, None, D), "float32"), h],
    )
    assert close(run(x, state), ours(x, initial_state=[state, state]), 1e-6)


@on_cpu
def test_the_table_is_used_only_straight_after_the_embedding(monkeypatch):
    _, (embedding, ours) = layers(8, 7)
    tokens = RNG.integers(0, V, (3, 7))
    x = embedding(tokens)
    assert hasattr(x, "_lyricgen_tokens") and not hasattr(x * 2, "_lyricgen_tokens")
    assert close(ours(x * 2, training=True), ours(tf.constant(x.numpy() * 2), training=True), 1e-6)
    embedding.set_weights([embedding.get_weights()[0] + 1])
    assert close(
        ours(embedding(tokens), training=True),
        ours(tf.constant(embedding.get_weights()[0][tokens])),
        1e-6,
    )
    used = []
    monkeypatch.setattr(
        lstm_layer, "token_gates", lambda *a: used.append(1) or lstm_layer.dense_gates(a[0], *a[3:])
    )
    ours(embedding(tokens), training=True)
    ours(embedding(tokens))
    monkeypatch.setattr(lstm_layer, "TABLE", V - 1)
    ours(embedding(tokens), training=True)
    assert used == [1]  # in training, and for a small vocabulary


@on_cpu
def test_the_recurrence_is_exact_in_float64():
    H, D, T, B = 6, 4, 9, 3
    W, U, b, x, h0, c0 = (
        RNG.standard_normal(shape)
        for shape in ((D, 4 * H), (H, 4 * H), (4 * H,), (B, T, D), (B, H), (B, H))
    )
    dh = RNG.standard_normal((B, T, H))
    variables = [tf.constant(array) for array in (x, W, U, b, h0, c0)]
    with tf.GradientTape() as tape:
        tape.watch(variables)
        x_, W_, U_, b_, h_, c_ = variables
        h, h_T, c_T = lstm_layer.recurrence(lstm_layer.dense_gates(x_, W_, b_), U_, h_, c_)
        loss = (
            tf.reduce_sum(tf.transpose(h, (1, 0, 2)) * dh) + tf.reduce_sum(h_T) + tf.reduce_sum(c_T)
        )
    steps = lstm_cell.forward(x, W, U, b, h0, c0)
    assert close(tf.transpose(h, (1, 0, 2)), steps.h, 1e-14)
    for a, e in zip(
        tape.gradient(loss, variables),
        lstm_cell.backward(steps, dh, np.ones((B, H)), np.ones((B, H))),
    ):
        assert close(a, e, 1e-13)


def worst_difference() -> float:
    """The largest error of the layer's gradients, beside those of the stock layer."""
    options = {"return_sequences": True, "return_state": True}
    problem = gradient_check.random_problem(np.random.default_rng(1), "float32", 9, 2, 3, 5)
    of_stock, of_ours = (
        gradient_check.gradients_by_tape(layer(5, **options), problem)
        for layer in (keras.layers.LSTM, lstm_layer.LSTM)
    )
    return max(gradient_check.relative_errors(of_ours, of_stock).values())


@on_cpu
def test_a_spoilt_gradient_of_the_loop_is_found(monkeypatch):
    right = lstm_layer._backward_loop

    def spoilt(*arguments):
        da, dh0, dc0 = right(*arguments)
        return -3 * da, dh0, dc0

    assert worst_difference() < 1e-5
    monkeypatch.setattr(lstm_layer, "_backward_loop", spoilt)
    assert worst_difference() == pytest.approx(4, rel=1e-4)


@on_cpu
def test_a_spoilt_gradient_of_the_table_is_found(monkeypatch):
    tokens = RNG.integers(0, V, (64, 12))

    def trained(embedding, layer) -> list[np.ndarray]:
        each = model(embedding, layer, "plain")
        each.fit(tokens, np.roll(tokens, -1, axis=1), batch_size=32, verbose=0, shuffle=False)
        return each.get_weights()

    def errors() -> list[float]:
        ours = trained(lstm_layer.Embedding, lstm_layer.LSTM)
        return [gradient_check.relative_error(a, b) for a, b in zip(ours, stock)]

    right = lstm_layer.token_gates

    @tf.custom_gradient
    def reversed_gradient(a_x):
        return tf.identity(a_x), lambda da: -3 * da

    stock = trained(keras.layers.Embedding, keras.layers.LSTM)
    assert max(errors()) < 1e-5
    monkeypatch.setattr(lstm_layer, "token_gates", lambda *a: reversed_gradient(right(*a)))
    assert max(errors()) > 1e-2


@pytest.mark.parametrize("sequences", [1, 5])
def test_the_compiled_sampler_draws_what_numpy_draws(sequences):
    H, T = 16, 40
    folded = bench_lstm.TokenLSTM(
        *(RNG.standard_normal(shape) for shape in ((V, 4 * H), (H, 4 * H + V), (V,)))
    )
    noise = RNG.gumbel(size=(T, sequences, V))
    first, state = (
        RNG.integers(0, V, sequences),
        folded.start(*RNG.standard_normal((2, sequences, H))),
    )
    drawn, (z, c) = bench_lstm.sampler(bench_lstm.token_step(folded))(
        first.astype("int32"), state, noise
    )
    tokens = first
    for t in range(T):
        logits, state = folded.step(tokens, state)
        tokens = (logits + noise[t]).argmax(axis=1)
        assert np.array_equal(drawn[:, t], tokens)
    assert close(z, state[0], 1e-12) and close(c, state[1], 1e-12)


def test_without_tensorflow_it_is_the_stock_layer(monkeypatch):
    (_, stock), (embedding, ours) = layers(8, 7, return_sequences=True)
    monkeypatch.setattr(lstm_layer, "tf", None)
    x = embedding(RNG.integers(0, V, (3, 7)))
    assert not ours.is_fast() and not hasattr(x, "_lyricgen_tokens")
    assert np.array_equal(ours(x), stock(x))


def test_the_torch_backend_runs_the_stock_layer():
    if not importlib.util.find_spec("torch"):
        pytest.skip("PyTorch is not installed")
    code = """
import keras, numpy as np
from lyricgen.models.lstm import cell, gradient_check
from lyricgen.models.lstm import layer as lstm_layer
layer = lstm_layer.LSTM(4, return_sequences=True, return_state=True)
x = np.random.default_rng(0).standard_normal((2, 5, 3)).astype("float32")
found = keras.ops.convert_to_numpy(layer(x)[0])
assert not layer.is_fast() and keras.backend.backend() == "torch"
steps = cell.forward(x, *cell.layer_weights(layer))
assert np.abs(found - steps.h).max() < 1e-6
measured = gradient_check.measure_gates(layer, x[:, 1], steps.h[:, 0], steps.c[:, 0])
assert max(np.abs(measured[name] - getattr(steps, name)[:, 1]).max() for name in measured) < 1e-6
assert lstm_layer.Embedding(5, 3)(np.array([[1, 2]])).shape == (1, 2, 3)
"""
    subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | {"KERAS_BACKEND": "torch"},
        check=True,
        timeout=120,
    )


@pytest.mark.slow
def test_the_benchmark_keeps_its_ratios(tmp_path):
    """Holds ratios ten per cent below what is required.

    For one sequence it is below what a quiet machine measured (10.3): there the loop
    waits for memory, while the step called from Python is slow only where something
    else runs. There are five attempts, and the best of each ratio counts.
    """
    wanted = {
        ("train_h512_t32", "vs_keras"): 1.08,
        ("train_h512_t32", "vs_torch"): 0.855,
        ("train_h512_t32", "share_of_peak"): 0.585,
        ("train_h512_t128", "vs_keras"): 1.08,
        ("train_h512_t128", "vs_torch"): 0.855,
        ("train_h512_t128", "share_of_peak"): 0.585,
        ("sample_1", "vs_step"): 9.2,
        ("sample_64", "vs_step"): 1.44,
    }
    best: dict = {}
    for _ in range(5):
        subprocess.run(
            [
                sys.executable,
                ROOT / "benchmarks" / "lstm.py",
                "--quick",
                "--json",
                tmp_path / "out.json",
            ],
            check=True,
            timeout=400,
            env={name: value for name, value in os.environ.items() if name != "KERAS_BACKEND"},
        )
        result = json.loads((tmp_path / "out.json").read_text())
        for row, column in wanted:
            value = result[row][column]
            if value is None:
                assert column == "vs_torch"  # PyTorch is not installed
            best[row, column] = max(
                best.get((row, column), 0), float("inf") if value is None else value
            )
        if all(best[key] >= wanted[key] for key in wanted):
            return
    assert not {key: value for key, value in best.items() if value < wanted[key]}
