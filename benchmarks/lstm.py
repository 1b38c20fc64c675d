"""How fast the course's LSTM trains and samples, beside stock Keras, XLA and PyTorch (when it is installed), on one core.

    python benchmarks/lstm.py [--quick] [--json FILE]

Contenders take turns, and what counts is the median of process CPU time. The training step is a language model's: vocabulary 90, embedding 64,
64 sequences of T tokens, LSTM of H = 512, a dense layer, cross-entropy, Adam. The share is of the peak of a product of two 2048 x 2048 matrices.
Sampling draws 256 tokens. `step` is the usual way: stock layers in a compiled one-step function (tf.function) that Python calls for every token,
arrays in and arrays out, with the softmax and the draw in NumPy. `step that draws` keeps states and tokens in TensorFlow and draws there.
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

V, D, B, H, SAMPLES = 90, 64, 64, 512, 256
Tensor = Any


State = tuple[np.ndarray, np.ndarray]


class TokenLSTM(NamedTuple):
    """An LSTM from tokens to logits, folded for sampling: one product and two tanh a step. Made by `fold`.

    table (V, 4H) holds x W + b for each token's embedding x; U_out (H, 4H + V) is the recurrent and the output kernel side by side. The blocks
    i, f and o are halved, since sigmoid(z) = (1 + tanh(z / 2)) / 2. A state is (h U, c).
    """

    table: np.ndarray
    U_out: np.ndarray
    b_out: np.ndarray

    def start(self, h: np.ndarray, c: np.ndarray) -> State:
        """The state to begin from, given h and c, (H,) or (B, H)."""
        return h @ self.U_out[:, : 4 * len(self.U_out)], c

    def step(self, token: int | np.ndarray, state: State) -> tuple[np.ndarray, State]:
        """Reads a token, or one (B,) for each sequence: the logits (V,) or (B, V) of the next one, and the new state."""
        H = len(self.U_out)
        a = state[0] + self.table[token]
        np.tanh(a, out=a)
        s = a * 0.5 + 0.5
        c = s[..., H : 2 * H] * state[1] + s[..., :H] * a[..., 2 * H : 3 * H]
        z = (s[..., 3 * H :] * np.tanh(c)) @ self.U_out
        return z[..., 4 * H :] + self.b_out, (z[..., : 4 * H], c)


def fold(
    embeddings: np.ndarray, weights: Weights, kernel: np.ndarray, bias: np.ndarray
) -> TokenLSTM:
    """Folds an embedding (V, D), an LSTM and an output layer, kernel (H, V) and bias (V,), into a `TokenLSTM` of the same dtype."""
    W, U, b = weights
    half = np.repeat(np.array([0.5, 0.5, 1, 0.5], U.dtype), len(U))
    return TokenLSTM((embeddings @ W + b) * half, np.concatenate([U * half, kernel], axis=1), bias)


Step = Callable[[Any, Any], tuple[Any, Any]]  # (tokens, state) -> (logits, state)


def token_step(model: TokenLSTM) -> Step:
    """The step of a folded LSTM as a TensorFlow function of (tokens (B,), state): what `TokenLSTM.step` computes in NumPy."""
    table, U_out, b_out = (tf.constant(array) for array in model)
    H, V = len(model.U_out), len(model.b_out)

    def step(tokens: Tensor, state: tuple[Tensor, Tensor]) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        a_i, a_f, g, a_o = tf.split(tf.tanh(state[0] + tf.gather(table, tokens)), 4, axis=1)
        c = (a_f * 0.5 + 0.5) * state[1] + (a_i * 0.5 + 0.5) * g
        z, logits = tf.split(tf.matmul((a_o * 0.5 + 0.5) * tf.tanh(c), U_out), [4 * H, V], axis=1)
        return logits + b_out, (z, c)

    return step


def sampler(step: Step) -> Callable[[Tensor, Any, Tensor], tuple[Tensor, Any]]:
    """Compiles a loop that draws tokens: sample(tokens (B,), state, noise (T, B, V)) gives T tokens for each sequence, (B, T), and the last state.

    It reads the given tokens first. With Gumbel noise times a temperature, the largest of logits + noise is a draw at that temperature. All
    noise is drawn beforehand, by NumPy, so that the loop never leaves TensorFlow.
    """

    @tf.function(reduce_retracing=True)
    def sample(tokens, state, noise):
        T, tokens = tf.shape(noise)[0], tf.cast(tokens, tf.int32)

        def draw(t, tokens, state, drawn):
            logits, state = step(tokens, state)
            tokens = tf.argmax(logits + noise[t], axis=1, output_type=tf.int32)
            return t + 1, tokens, state, drawn.write(t, tokens)

        drawn = tf.TensorArray(tf.int32, T, element_shape=tokens.shape)
        *_, state, drawn = tf.while_loop(
            lambda t, *_: t < T, draw, (0, tokens, state, drawn), maximum_iterations=T
        )
        return tf.transpose(drawn.stack()), state

    return sample


def keras_step(T: int, embedding: type, layer: type, jit: bool = False) -> Callable[[], object]:
    """A training step of the language model in Keras."""
    model = keras.Sequential(
        [
            keras.Input((T,), dtype="int32"),
            embedding(V, D),
            layer(H, return_sequences=True),
            keras.layers.Dense(V),
        ]
    )
    model.compile(
        "adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True), jit_compile=jit
    )
    tokens = np.random.default_rng(0).integers(0, V, (B, T + 1), dtype=np.int32)
    x, y = tf.constant(tokens[:, :-1]), tf.constant(tokens[:, 1:])
    return lambda: model.train_on_batch(x, y)


def torch_step(T: int) -> Callable[[], object]:
    """The same step in PyTorch."""
    torch.set_num_threads(1)
    embedding, layer, dense = (
        torch.nn.Embedding(V, D),
        torch.nn.LSTM(D, H, batch_first=True),
        torch.nn.Linear(H, V),
    )
    adam = torch.optim.Adam([*embedding.parameters(), *layer.parameters(), *dense.parameters()])
    tokens = torch.from_numpy(np.random.default_rng(0).integers(0, V, (B, T + 1)))

    def step() -> None:
        adam.zero_grad()
        logits = dense(layer(embedding(tokens[:, :-1]))[0])
        torch.nn.functional.cross_entropy(
            logits.reshape(-1, V), tokens[:, 1:].reshape(-1)
        ).backward()
        adam.step()

    return step


def training(T: int, quick: bool) -> Contenders:
    """All who run the training step, and the product that gives the peak."""
    square = tf.random.normal((2048, 2048))
    contenders = {
        "lyricgen": keras_step(T, lstm_layer.Embedding, lstm_layer.LSTM),
        "keras": keras_step(T, keras.layers.Embedding, keras.layers.LSTM),
    }
    if not quick:
        contenders["keras, XLA"] = keras_step(
            T, keras.layers.Embedding, keras.layers.LSTM, jit=True
        )
    if torch:
        contenders["torch"] = torch_step(T)
    return contenders | {"product": lambda: tf.matmul(square, square)}


def sampling(sequences: int, quick: bool) -> Contenders:
    """All who draw 256 tokens for each sequence, from the same weights and the same noise."""
    embedding, layer, dense = (
        keras.layers.Embedding(V, D),
        keras.layers.LSTM(H, return_state=True),
        keras.layers.Dense(V),
    )
    inputs = keras.Input((1,), dtype="int32"), keras.Input((H,)), keras.Input((H,))
    y, h, c = layer(embedding(inputs[0]), initial_state=inputs[1:])
    model = keras.Model(inputs, (dense(y), h, c))
    step = tf.function(model)
    folded = fold(embedding.get_weights()[0], lstm_cell.layer_weights(layer), *dense.get_weights())
    sample = sampler(token_step(folded))
    rng = np.random.default_rng(0)
    noise = rng.gumbel(size=(SAMPLES, sequences, V)).astype("float32")
    zeros, first = np.zeros((sequences, H), "float32"), np.zeros(sequences, "int32")

    def by_step() -> np.ndarray:
        tokens, h, c, drawn = first, zeros, zeros, []
        for _ in range(SAMPLES):
            logits, h, c = (output.numpy() for output in step((tokens[:, None], h, c)))
            p = np.exp(logits.astype("float64"))
            tokens = (
                rng.multinomial(1, p / p.sum(axis=1, keepdims=True)).argmax(axis=1).astype("int32")
            )
            drawn.append(tokens)
        return np.stack(drawn, axis=1)

    @tf.function
    def drawing_step(
        tokens: tf.Tensor, h: tf.Tensor, c: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        logits, h, c = model((tokens, h, c))
        return tf.random.categorical(logits, 1, dtype=tf.int32), h, c

    def by_drawing_step() -> np.ndarray:
        tokens, h, c, drawn = (
            tf.constant(first[:, None]),
            tf.constant(zeros),
            tf.constant(zeros),
            [],
        )
        for _ in range(SAMPLES):
            tokens, h, c = drawing_step(tokens, h, c)
            drawn.append(tokens)
        return tf.concat(drawn, axis=1).numpy()

    def by_numpy() -> np.ndarray:
        tokens, state, drawn = first, folded.start(zeros, zeros), []
        if sequences == 1:  # vectors in the place of matrices of one row
            tokens, state = 0, (state[0][0], state[1][0])
        for row in noise[:, 0] if sequences == 1 else noise:
            logits, state = folded.step(tokens, state)
            tokens = (logits + row).argmax(axis=-1)
            drawn.append(tokens)
        return np.stack(drawn, axis=-1).reshape(sequences, SAMPLES)

    def by_loop() -> np.ndarray:
        return sample(first, (np.zeros((sequences, 4 * H), "float32"), zeros), noise)[0].numpy()

    ours = (
        {"lyricgen": by_numpy, "lyricgen, loop": by_loop}
        if sequences == 1
        else {"lyricgen": by_loop}
    )
    more = (
        {}
        if quick
        else {"step that draws": by_drawing_step}
        | ({} if sequences == 1 else {"lyricgen, NumPy": by_numpy})
    )
    return ours | {"step": by_step} | more


def main() -> None:
    options = one_core.begin(__doc__)
    results: dict[str, dict[str, float | None]] = {}
    for T in (32, 128):
        times = race(training(T, options.quick), 3 if options.quick else 7)
        flops = 3 * 2 * B * T * (4 * H * (H + D) + V * H)  # forward, and twice as many back
        peak = 2 * 2048**3 / times.pop("product")
        print(f"Training step, H {H}, T {T}; one core does {peak / 1e9:.0f} GFLOP/s at most.")
        for name, seconds in times.items():
            print(
                f"  {name:16} {seconds * 1e3:7.1f} ms   {times['keras'] / seconds:5.2f} x keras   {flops / seconds / peak:4.0%} of the peak"
            )
        ours = times["lyricgen"]
        results[f"train_h{H}_t{T}"] = {
            "vs_keras": times["keras"] / ours,
            "vs_torch": times["torch"] / ours if torch else None,
            "share_of_peak": flops / ours / peak,
        }
    for sequences in (1, 64):
        times = race(sampling(sequences, options.quick), 3 if options.quick else 7)
        print(f"Sampling {SAMPLES} tokens, H {H}, sequences: {sequences}.")
        for name, seconds in times.items():
            print(
                f"  {name:16} {sequences * SAMPLES / seconds:7.0f} tokens/s   {times['step'] / seconds:5.2f} x step"
            )
        results[f"sample_{sequences}"] = {"vs_step": times["step"] / times["lyricgen"]}
    one_core.finish(options, results)


if __name__ == "__main__":
    main()
