"""Times the course's LSTM beside Keras, XLA and PyTorch, on one core.

    python benchmarks/lstm.py [--quick] [--json FILE]

Contenders take turns, and what counts is the median of process CPU time. PyTorch runs
where it is installed. The training step is a language model's: vocabulary 90, embedding
64, 64 sequences of T tokens, LSTM of H = 512, a dense layer, cross-entropy, Adam. The
share is of the peak of a product of two 2048 x 2048 matrices.

Sampling draws 256 tokens. `step` is the usual way: stock layers in a compiled one-step
function (tf.function) that Python calls for every token, arrays in and arrays out, with
the softmax and the draw in NumPy. `step that draws` keeps states and tokens in
TensorFlow and draws there. The course's LSTM is folded for sampling (`TokenLSTM`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import one_core

if __name__ == "__main__":  # before NumPy, TensorFlow and PyTorch start their threads
    one_core.use()

import keras
import numpy as np
import tensorflow as tf
from one_core import Contenders, race

from lyricgen.models.lstm import cell as lstm_cell
from lyricgen.models.lstm import layer as lstm_layer
from lyricgen.models.lstm.cell import Weights

try:
    import torch
except ImportError:
    torch = None

V = 90  # tokens in the vocabulary
D = 64  # size of an embedding
H = 512  # units of the LSTM
B = 64  # sequences in a training step
SAMPLES = 256  # tokens drawn for each sequence

Tensor = Any
State = tuple[np.ndarray, np.ndarray]
Step = Callable[[Any, Any], tuple[Any, Any]]  # (tokens, state) -> (logits, state)


# --- The folded LSTM: what the course samples with ------------------------------------


class TokenLSTM(NamedTuple):
    """An LSTM from tokens to logits, folded: one product and two tanh a step.

    table (V, 4H) holds x W + b for each token's embedding x; U_out (H, 4H + V) is the
    recurrent kernel and the output kernel side by side; b_out (V,) is the output bias.
    The blocks i, f and o are halved, since sigmoid(a) = (1 + tanh(a / 2)) / 2. A state
    is (h U, c). Made by `fold`.
    """

    table: np.ndarray
    U_out: np.ndarray
    b_out: np.ndarray

    def start(self, h: np.ndarray, c: np.ndarray) -> State:
        """Returns the initial state, given h and c, (H,) or (B, H)."""
        H = len(self.U_out)
        return h @ self.U_out[:, : 4 * H], c

    def step(self, token: int | np.ndarray, state: State) -> tuple[np.ndarray, State]:
        """Reads a token, or one (B,) for each sequence.

        Returns the logits (V,) or (B, V) of the next token, and the new state.
        """
        H = len(self.U_out)
        a_h, c = state
        tanh_a = a_h + self.table[token]
        np.tanh(tanh_a, out=tanh_a)
        gates = tanh_a * 0.5 + 0.5
        i = gates[..., :H]
        f = gates[..., H : 2 * H]
        g = tanh_a[..., 2 * H : 3 * H]
        o = gates[..., 3 * H :]
        c = f * c + i * g
        product = (o * np.tanh(c)) @ self.U_out
        logits = product[..., 4 * H :] + self.b_out
        return logits, (product[..., : 4 * H], c)


def fold(
    embeddings: np.ndarray, weights: Weights, kernel: np.ndarray, bias: np.ndarray
) -> TokenLSTM:
    """Folds an embedding (V, D), an LSTM and an output layer into a `TokenLSTM`.

    The output layer has a kernel (H, V) and a bias (V,). The dtype stays the same.
    """
    W, U, b = weights
    halves = np.array([0.5, 0.5, 1, 0.5], U.dtype)
    half = np.repeat(halves, len(U))
    table = (embeddings @ W + b) * half
    U_out = np.concatenate([U * half, kernel], axis=1)
    return TokenLSTM(table, U_out, bias)


def token_step(model: TokenLSTM) -> Step:
    """Returns `TokenLSTM.step` as a TensorFlow function of (tokens (B,), state)."""
    table, U_out, b_out = (tf.constant(array) for array in model)
    H = len(model.U_out)
    V = len(model.b_out)

    def step(tokens: Tensor, state: tuple[Tensor, Tensor]) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        a_h, c = state
        tanh_a = tf.tanh(a_h + tf.gather(table, tokens))
        tanh_i, tanh_f, g, tanh_o = tf.split(tanh_a, 4, axis=1)
        i = tanh_i * 0.5 + 0.5
        f = tanh_f * 0.5 + 0.5
        o = tanh_o * 0.5 + 0.5
        c = f * c + i * g
        product = tf.matmul(o * tf.tanh(c), U_out)
        a_h, logits = tf.split(product, [4 * H, V], axis=1)
        return logits + b_out, (a_h, c)

    return step


def sampler(step: Step) -> Callable[[Tensor, Any, Tensor], tuple[Tensor, Any]]:
    """Compiles a loop that draws tokens by a step.

    sample(tokens (B,), state, noise (T, B, V)) reads the given tokens first, and
    returns T tokens for each sequence, (B, T), and the last state. With Gumbel noise
    times a temperature, the largest of logits + noise is a draw at that temperature.
    All noise is drawn beforehand, by NumPy, so that the loop never leaves TensorFlow.
    """

    @tf.function(reduce_retracing=True)
    def sample(tokens, state, noise):
        T = tf.shape(noise)[0]
        tokens = tf.cast(tokens, tf.int32)

        def draw(t, tokens, state, drawn):
            logits, state = step(tokens, state)
            tokens = tf.argmax(logits + noise[t], axis=1, output_type=tf.int32)
            return t + 1, tokens, state, drawn.write(t, tokens)

        drawn = tf.TensorArray(tf.int32, T, element_shape=tokens.shape)
        initial = (0, tokens, state, drawn)
        final = tf.while_loop(lambda t, *_: t < T, draw, initial, maximum_iterations=T)
        _, _, state, drawn = final
        return tf.transpose(drawn.stack()), state

    return sample


# --- Training -------------------------------------------------------------------------


def random_tokens(T: int, dtype: type = np.int64) -> np.ndarray:
    """Returns the text of the training step, (B, T + 1)."""
    return np.random.default_rng(0).integers(0, V, (B, T + 1), dtype=dtype)


def keras_step(T: int, embedding: type, layer: type, jit: bool = False) -> Callable[[], object]:
    """Returns a training step of the language model in Keras."""
    inputs = keras.Input((T,), dtype="int32")
    lstm = layer(H, return_sequences=True)
    model = keras.Sequential([inputs, embedding(V, D), lstm, keras.layers.Dense(V)])
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile("adam", loss, jit_compile=jit)
    tokens = random_tokens(T, np.int32)
    x = tf.constant(tokens[:, :-1])
    y = tf.constant(tokens[:, 1:])
    return lambda: model.train_on_batch(x, y)


def torch_step(T: int) -> Callable[[], object]:
    """Returns the same step in PyTorch."""
    torch.set_num_threads(1)
    embedding = torch.nn.Embedding(V, D)
    layer = torch.nn.LSTM(D, H, batch_first=True)
    dense = torch.nn.Linear(H, V)
    adam = torch.optim.Adam([*embedding.parameters(), *layer.parameters(), *dense.parameters()])
    tokens = torch.from_numpy(random_tokens(T))
    x = tokens[:, :-1]
    y = tokens[:, 1:].reshape(-1)

    def step() -> None:
        adam.zero_grad()
        h, _ = layer(embedding(x))
        logits = dense(h).reshape(-1, V)
        loss = torch.nn.functional.cross_entropy(logits, y)
        loss.backward()
        adam.step()

    return step


def training(T: int, quick: bool) -> Contenders:
    """Returns all who run the training step, and the product that gives the peak."""
    square = tf.random.normal((2048, 2048))
    contenders: Contenders = {
        "lyricgen": keras_step(T, lstm_layer.Embedding, lstm_layer.LSTM),
        "keras": keras_step(T, keras.layers.Embedding, keras.layers.LSTM),
    }
    if not quick:
        xla = keras_step(T, keras.layers.Embedding, keras.layers.LSTM, jit=True)
        contenders["keras, XLA"] = xla
    if torch:
        contenders["torch"] = torch_step(T)
    contenders["product"] = lambda: tf.matmul(square, square)
    return contenders


# --- Sampling -------------------------------------------------------------------------


def stock_model() -> tuple[keras.Model, TokenLSTM]:
    """Returns stock layers, (tokens, h, c) -> (logits, h, c), and the same folded."""
    embedding = keras.layers.Embedding(V, D)
    layer = keras.layers.LSTM(H, return_state=True)
    dense = keras.layers.Dense(V)
    tokens = keras.Input((1,), dtype="int32")
    states = [keras.Input((H,)), keras.Input((H,))]
    y, h, c = layer(embedding(tokens), initial_state=states)
    model = keras.Model((tokens, *states), (dense(y), h, c))
    (embeddings,) = embedding.get_weights()
    folded = fold(embeddings, lstm_cell.layer_weights(layer), *dense.get_weights())
    return model, folded


def sampling(sequences: int, quick: bool) -> Contenders:
    """Returns all who draw tokens, from the same weights and the same noise.

    Each returns SAMPLES tokens for each sequence, (sequences, SAMPLES).
    """
    model, folded = stock_model()
    rng = np.random.default_rng(0)
    noise = rng.gumbel(size=(SAMPLES, sequences, V)).astype("float32")
    zeros = np.zeros((sequences, H), "float32")
    first = np.zeros(sequences, "int32")
    by_numpy = numpy_contender(folded, first, zeros, noise)
    by_loop = loop_contender(folded, first, zeros, noise)
    contenders: Contenders = {}
    if sequences == 1:
        contenders["lyricgen"] = by_numpy
        contenders["lyricgen, loop"] = by_loop
    else:
        contenders["lyricgen"] = by_loop
    contenders["step"] = step_contender(model, first, zeros, rng)
    if not quick:
        contenders["step that draws"] = drawing_step_contender(model, first, zeros)
        if sequences > 1:
            contenders["lyricgen, NumPy"] = by_numpy
    return contenders


def step_contender(
    model: keras.Model, first: np.ndarray, zeros: np.ndarray, rng: np.random.Generator
) -> Callable[[], np.ndarray]:
    """Returns the usual way: a compiled step, and the draw in NumPy."""
    step = tf.function(model)

    def draw() -> np.ndarray:
        tokens = first
        h, c = zeros, zeros
        drawn = []
        for _ in range(SAMPLES):
            outputs = step((tokens[:, None], h, c))
            logits, h, c = (output.numpy() for output in outputs)
            p = np.exp(logits.astype("float64"))
            p = p / p.sum(axis=1, keepdims=True)
            tokens = rng.multinomial(1, p).argmax(axis=1).astype("int32")
            drawn.append(tokens)
        return np.stack(drawn, axis=1)

    return draw


def drawing_step_contender(
    model: keras.Model, first: np.ndarray, zeros: np.ndarray
) -> Callable[[], np.ndarray]:
    """Returns a compiled step that draws, which Python calls for each token."""

    @tf.function
    def drawing_step(tokens: tf.Tensor, h: tf.Tensor, c: tf.Tensor) -> tuple:
        logits, h, c = model((tokens, h, c))
        return tf.random.categorical(logits, 1, dtype=tf.int32), h, c

    def draw() -> np.ndarray:
        tokens = tf.constant(first[:, None])
        h, c = tf.constant(zeros), tf.constant(zeros)
        drawn = []
        for _ in range(SAMPLES):
            tokens, h, c = drawing_step(tokens, h, c)
            drawn.append(tokens)
        return tf.concat(drawn, axis=1).numpy()

    return draw


def numpy_contender(
    folded: TokenLSTM, first: np.ndarray, zeros: np.ndarray, noise: np.ndarray
) -> Callable[[], np.ndarray]:
    """Returns the folded LSTM in NumPy; for one sequence with vectors, not matrices."""
    sequences = len(first)
    one = sequences == 1

    def draw() -> np.ndarray:
        tokens = 0 if one else first
        state = folded.start(zeros[0], zeros[0]) if one else folded.start(zeros, zeros)
        drawn = []
        for noise_t in noise[:, 0] if one else noise:
            logits, state = folded.step(tokens, state)
            tokens = (logits + noise_t).argmax(axis=-1)
            drawn.append(tokens)
        return np.stack(drawn, axis=-1).reshape(sequences, SAMPLES)

    return draw


def loop_contender(
    folded: TokenLSTM, first: np.ndarray, zeros: np.ndarray, noise: np.ndarray
) -> Callable[[], np.ndarray]:
    """Returns the folded LSTM in one compiled loop."""
    sample = sampler(token_step(folded))
    a_h = np.zeros((len(first), 4 * H), "float32")

    def draw() -> np.ndarray:
        tokens, _ = sample(first, (a_h, zeros), noise)
        return tokens.numpy()

    return draw


# --- The race -------------------------------------------------------------------------


def race_training(T: int, quick: bool) -> dict[str, float | None]:
    """Times the training step, prints a row for each contender, returns the ratios."""
    times = race(training(T, quick), 3 if quick else 7)
    forward_flops = 2 * B * T * (4 * H * (H + D) + V * H)
    flops = 3 * forward_flops  # the backward pass takes twice as many
    peak = 2 * 2048**3 / times.pop("product")
    print(f"Training step, H {H}, T {T}; one core does {peak / 1e9:.0f} GFLOP/s at most.")
    for name, seconds in times.items():
        ratio = times["keras"] / seconds
        share = flops / seconds / peak
        print(
            f"  {name:16} {seconds * 1e3:7.1f} ms   {ratio:5.2f} x keras   {share:4.0%} of the peak"
        )
    ours = times["lyricgen"]
    return {
        "vs_keras": times["keras"] / ours,
        "vs_torch": times["torch"] / ours if torch else None,
        "share_of_peak": flops / ours / peak,
    }


def race_sampling(sequences: int, quick: bool) -> dict[str, float | None]:
    """Times the sampling, prints a row for each contender, returns the ratio."""
    times = race(sampling(sequences, quick), 3 if quick else 7)
    print(f"Sampling {SAMPLES} tokens, H {H}, sequences: {sequences}.")
    for name, seconds in times.items():
        speed = sequences * SAMPLES / seconds
        print(f"  {name:16} {speed:7.0f} tokens/s   {times['step'] / seconds:5.2f} x step")
    return {"vs_step": times["step"] / times["lyricgen"]}


def main() -> None:
    options = one_core.begin(__doc__)
    results: dict[str, dict[str, float | None]] = {}
    for T in (32, 128):
        results[f"train_h{H}_t{T}"] = race_training(T, options.quick)
    for sequences in (1, 64):
        results[f"sample_{sequences}"] = race_sampling(sequences, options.quick)
    one_core.finish(options, results)


if __name__ == "__main__":
    main()
