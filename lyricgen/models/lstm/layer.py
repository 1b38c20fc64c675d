"""An LSTM for Keras that takes the fastest kernel there is, with the weights and the files of the stock layer.

On a GPU it is the stock layer, and so cuDNN. On a CPU with TensorFlow it does in one large product what the stock layer does step by step: the
input projection before the loop, and the gradient of each weight after it. Its backward pass is the one that notebook 02 derives by hand.
"""

from __future__ import annotations

from typing import Any

import keras

if keras.backend.backend() == "tensorflow":
    import tensorflow as tf
else:
    tf = None


Tensor = Any


TABLE = 512  # up to so many tokens in the vocabulary a table of gates pays: it has a row for each, where the input has one for each step


def recurrence(gates: Tensor, U: Tensor, h0: Tensor, c0: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Runs the LSTM over gates = x W + b, time first (T, B, 4H), and returns h (T, B, H) and the last h and c (B, H).

    TensorFlow tensors of one dtype. Its gradient is written by hand, so that the loops hold no more than one product each, forth and back.
    Notebook: 02_backpropagation_through_time"""
    T, H = tf.shape(gates)[0], U.shape[0]

    @tf.custom_gradient
    def run(gates, U, h0, c0):
        def array(size):
            return tf.TensorArray(gates.dtype, size, element_shape=h0.shape, clear_after_read=False)

        def step(t, h, c, saved):
            z_i, z_f, z_g, z_o = tf.split(tf.matmul(h, U) + gates[t], 4, axis=1)
            i, f, g, o = tf.sigmoid(z_i), tf.sigmoid(z_f), tf.tanh(z_g), tf.sigmoid(z_o)
            c_new = f * c + i * g
            tanh_c = tf.tanh(c_new)
            h_new = o * tanh_c
            places = (t, t, t, t, t, t, t + 1)
            return (
                t + 1,
                h_new,
                c_new,
                [a.write(k, v) for a, k, v in zip(saved, places, (i, f, g, o, tanh_c, c, h_new))],
            )

        saved = [array(T) for _ in range(6)] + [array(T + 1).write(0, h0)]
        _, h_T, c_T, saved = tf.while_loop(
            lambda t, *_: t < T, step, (0, h0, c0, saved), maximum_iterations=T
        )
        h = saved.pop().stack()  # h0, h_1, ..., h_T

        def gradient(dh, dh_T, dc_T):
            U_T = tf.transpose(U)  # once: a product with transpose_b is slower by half

            def step_back(t, dh_next, dc_next, dz):
                i, f, g, o, tanh_c, c_before = (a.read(t) for a in saved)
                dh_t = dh[t] + dh_next
                dc_t = dc_next + _d_tanh(tanh_c, dh_t * o)
                dz_t = tf.concat(
                    [
                        _d_sigmoid(i, dc_t * g),
                        _d_sigmoid(f, dc_t * c_before),
                        _d_tanh(g, dc_t * i),
                        _d_sigmoid(o, dh_t * tanh_c),
                    ],
                    axis=1,
                )
                return t - 1, tf.matmul(dz_t, U_T), dc_t * f, dz.write(t, dz_t)

            dz = tf.TensorArray(gates.dtype, T, element_shape=gates.shape[1:])
            _, dh0, dc0, dz = tf.while_loop(
                lambda t, *_: t >= 0, step_back, (T - 1, dh_T, dc_T, dz), maximum_iterations=T
            )
            dz = dz.stack()
            dU = tf.matmul(
                tf.reshape(h[:-1], (-1, H)), tf.reshape(dz, (-1, 4 * H)), transpose_a=True
            )
            return dz, dU, dh0, dc0

        return (h[1:], h_T, c_T), gradient

    return run(gates, U, h0, c0)


def _d_sigmoid(s: Tensor, ds: Tensor) -> Tensor:
    """ds s (1 - s) in one operation: carries the gradient from s = sigmoid(z) to z."""
    return tf.raw_ops.SigmoidGrad(y=s, dy=ds)


def _d_tanh(a: Tensor, da: Tensor) -> Tensor:
    """da (1 - a^2) in one operation: carries the gradient from a = tanh(z) to z."""
    return tf.raw_ops.TanhGrad(y=a, dy=da)


def token_gates(x: Tensor, tokens: Tensor, embeddings: Tensor, W: Tensor, b: Tensor) -> Tensor:
    """x W + b, time first (T, B, 4H), for x = embeddings[tokens] (B, T, D): one product with the whole table, and then rows of it.

    The gradient flows to x, as it would without the table; those of W and b are summed over equal tokens first.
    Notebook: 02_backpropagation_through_time"""
    tokens, embeddings = tf.transpose(tokens), tf.stop_gradient(tf.convert_to_tensor(embeddings))

    @tf.custom_gradient
    def gates(x, W, b):
        def gradient(dz):
            rows = tf.reshape(dz, (-1, W.shape[1]))
            dx = tf.reshape(tf.matmul(rows, tf.transpose(W)), (-1, tf.shape(x)[0], W.shape[0]))
            by_token = tf.math.unsorted_segment_sum(
                rows, tf.reshape(tokens, (-1,)), embeddings.shape[0]
            )
            return (
                tf.transpose(dx, (1, 0, 2)),
                tf.matmul(embeddings, by_token, transpose_a=True),
                tf.reduce_sum(by_token, axis=0),
            )

        return tf.gather(tf.matmul(embeddings, W) + b, tokens), gradient

    return gates(x, W, b)


def dense_gates(x: Tensor, W: Tensor, b: Tensor) -> Tensor:
    """x W + b, time first (T, B, 4H), for x (B, T, D), in one product.

    Notebook: 02_backpropagation_through_time"""
    x = tf.transpose(x, (1, 0, 2))
    rows = tf.nn.bias_add(tf.matmul(tf.reshape(x, (-1, W.shape[0])), W), b)
    return tf.ensure_shape(
        tf.reshape(rows, (tf.shape(x)[0], -1, W.shape[1])), (*x.shape[:2], W.shape[1])
    )


@keras.saving.register_keras_serializable("lyricgen")
class Embedding(keras.layers.Embedding):
    """`keras.layers.Embedding` whose output remembers its tokens, so that an `LSTM` straight after it can train with a table of gates.

    Notebook: 02_backpropagation_through_time"""

    def call(self, inputs: Tensor) -> Tensor:
        outputs = super().call(inputs)
        if tf is not None and tf.is_tensor(outputs) and outputs.dtype == tf.float32:
            outputs._lyricgen_tokens = tf.cast(inputs, tf.int32), self.embeddings
        return outputs


@keras.saving.register_keras_serializable("lyricgen")
class LSTM(keras.layers.LSTM):
    """`keras.layers.LSTM` with the same arguments, weights and files, and a faster training step on a CPU.

    On a CPU, with TensorFlow and float32, it runs `recurrence`; in training straight after an `Embedding` of this module, on `token_gates`. On a
    GPU and on other backends, and with a mask, recurrent dropout, other activations, no bias or unroll, it is the stock layer. The class has
    the stock layer's name because `.weights.h5` finds weights by it.
    Notebook: 02_backpropagation_through_time"""

    def is_fast(self) -> bool:
        """Whether this layer runs `recurrence` on this machine, when there is no mask."""
        cell = self.cell
        return (
            tf is not None
            and not tf.config.list_physical_devices("GPU")
            and self.compute_dtype == "float32"
            and cell.use_bias
            and cell.activation is keras.activations.tanh
            and cell.recurrent_activation is keras.activations.sigmoid
            and not cell.recurrent_dropout
            and not self.unroll
            and self.use_cudnn is not True
        )

    def inner_loop(
        self,
        sequences: Tensor,
        initial_state: list[Tensor],
        mask: Tensor | None,
        training: bool = False,
    ) -> tuple:
        if mask is not None or not self.is_fast():
            return super().inner_loop(sequences, initial_state, mask, training=training)
        W, U, b = (
            tf.convert_to_tensor(weight)
            for weight in (self.cell.kernel, self.cell.recurrent_kernel, self.cell.bias)
        )
        if training and self.dropout:
            sequences = sequences * self.cell.get_dropout_mask(sequences[:, 0])[:, None]
        tokens, embeddings = getattr(sequences, "_lyricgen_tokens", (None, None))
        if self.go_backwards:
            sequences, tokens = (
                tf.reverse(sequences, [1]),
                None if tokens is None else tf.reverse(tokens, [1]),
            )
        if training and tokens is not None and embeddings.shape[0] <= TABLE:
            gates = token_gates(sequences, tokens, embeddings, W, b)
        else:
            gates = dense_gates(sequences, W, b)
        h, h_T, c_T = recurrence(gates, U, *initial_state)
        return h_T, tf.transpose(h, (1, 0, 2)), [h_T, c_T]
