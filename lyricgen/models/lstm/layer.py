"""An LSTM for Keras that takes the fastest kernel there is.

Its weights and files are those of the stock layer. On a GPU it is the stock layer, and
so cuDNN. On a CPU with TensorFlow it does in one large product what the stock layer
does step by step: the input projection before the loop, and the gradient of each weight
after it. Its backward pass is the one that the notebook on backpropagation through time
derives by hand; `cell.forward` and `cell.backward` are the same in NumPy, to be read
first.

Letters are those of cell.py. Inside the loops time is the first axis: (T, B, H).
"""

from __future__ import annotations

from typing import Any, NamedTuple

import keras

if keras.backend.backend() == "tensorflow":
    import tensorflow as tf
else:
    tf = None


Tensor = Any

# Up to this many tokens in the vocabulary, a table of projections pays: it has a row
# for each token, where the input has one for each step.
TABLE = 512


class _Saved(NamedTuple):
    """What the backward pass needs of each step, (T, B, H) each.

    A loop of TensorFlow cannot append to a list or write into a tensor; it writes into
    TensorArrays, which are read or stacked into one tensor afterwards.
    """

    i: Tensor
    f: Tensor
    g: Tensor
    o: Tensor
    tanh_c: Tensor
    c_before: Tensor

    @classmethod
    def empty(cls, T: Tensor, state: Tensor) -> _Saved:
        """Returns arrays of T places for tensors like `state`."""
        return cls(*(_state_array(T, state) for _ in cls._fields))

    def write(self, t: Tensor, step: _Saved) -> _Saved:
        """Returns the arrays with the values of step t."""
        return _Saved(*(array.write(t, value) for array, value in zip(self, step)))

    def read(self, t: Tensor) -> _Saved:
        """Returns the values of step t, (B, H) each."""
        return _Saved(*(array.read(t) for array in self))


def _state_array(size: Tensor, state: Tensor) -> Tensor:
    return tf.TensorArray(state.dtype, size, element_shape=state.shape, clear_after_read=False)


def recurrence(a_x: Tensor, U: Tensor, h0: Tensor, c0: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Runs the LSTM over a_x = x W + b (T, B, 4H), time first.

    Returns h (T, B, H) and the last h and c (B, H). All are TensorFlow tensors of one
    dtype. Its gradient is written by hand, so that each loop, forward and backward,
    holds no more than one product a step. `cell.forward` and `cell.backward` are its
    reference.
    Notebook: faster_lstm
    """

    @tf.custom_gradient
    def run(a_x, U, h0, c0):
        h_from_0, h_T, c_T, saved = _forward_loop(a_x, U, h0, c0)

        def gradient(dh, dh_T, dc_T):
            da, dh0, dc0 = _backward_loop(U, saved, dh, dh_T, dc_T, a_x.shape[1:])
            # The same U was used at every step: one product sums over all of them.
            h_before = h_from_0[:-1]
            h_rows = tf.reshape(h_before, (-1, U.shape[0]))
            da_rows = tf.reshape(da, (-1, U.shape[1]))
            dU = tf.matmul(h_rows, da_rows, transpose_a=True)
            return da, dU, dh0, dc0

        return (h_from_0[1:], h_T, c_T), gradient

    return run(a_x, U, h0, c0)


def recurrence_in_inference(
    a_x: Tensor, U: Tensor, h0: Tensor, c0: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """Runs the LSTM as `recurrence` does, to the same bits, and saves no gates.

    TensorFlow derives its gradient itself. A gradient that is written by hand keeps a
    model from being exported: it reads what the loop has saved, and a SavedModel has no
    place for that.
    """
    T = tf.shape(a_x)[0]

    def step(t, h, c, all_h):
        h, c, _ = _step(tf.matmul(h, U) + a_x[t], c)
        return t + 1, h, c, all_h.write(t, h)

    initial = (0, h0, c0, _state_array(T, h0))
    final = tf.while_loop(lambda t, *_: t < T, step, initial, maximum_iterations=T)
    _, h_T, c_T, all_h = final
    return all_h.stack(), h_T, c_T


def _step(a: Tensor, c: Tensor) -> tuple[Tensor, Tensor, _Saved]:
    """Returns the new h and c (B, H) from a (B, 4H) and the old c, and what to save."""
    a_i, a_f, a_g, a_o = tf.split(a, 4, axis=1)
    i = tf.sigmoid(a_i)
    f = tf.sigmoid(a_f)
    g = tf.tanh(a_g)
    o = tf.sigmoid(a_o)
    c_new = f * c + i * g
    tanh_c = tf.tanh(c_new)
    return o * tanh_c, c_new, _Saved(i, f, g, o, tanh_c, c_before=c)


def _forward_loop(
    a_x: Tensor, U: Tensor, h0: Tensor, c0: Tensor
) -> tuple[Tensor, Tensor, Tensor, _Saved]:
    """Returns h0, h_1, ..., h_T in one tensor, the last h and c, and what was saved."""
    T = tf.shape(a_x)[0]

    def step(t, h, c, saved, all_h):
        h_new, c_new, values = _step(tf.matmul(h, U) + a_x[t], c)
        return t + 1, h_new, c_new, saved.write(t, values), all_h.write(t + 1, h_new)

    saved = _Saved.empty(T, h0)
    all_h = _state_array(T + 1, h0).write(0, h0)
    initial = (0, h0, c0, saved, all_h)
    final = tf.while_loop(lambda t, *_: t < T, step, initial, maximum_iterations=T)
    _, h_T, c_T, saved, all_h = final
    return all_h.stack(), h_T, c_T, saved


def _backward_loop(
    U: Tensor, saved: _Saved, dh: Tensor, dh_T: Tensor, dc_T: Tensor, shape_of_a: Any
) -> tuple[Tensor, Tensor, Tensor]:
    """Returns the gradients with respect to a_x (T, B, 4H), h0 and c0."""
    T = tf.shape(dh)[0]
    # Once, before the loop: a product with transpose_b is slower by half.
    U_T = tf.transpose(U)

    def step(t, dh_back, dc_back, da):
        i, f, g, o, tanh_c, c_before = saved.read(t)
        dh_total = dh[t] + dh_back
        dc_total = dc_back + _through_tanh(tanh_c, dh_total * o)
        da_i = _through_sigmoid(i, dc_total * g)
        da_f = _through_sigmoid(f, dc_total * c_before)
        da_g = _through_tanh(g, dc_total * i)
        da_o = _through_sigmoid(o, dh_total * tanh_c)
        da_t = tf.concat([da_i, da_f, da_g, da_o], axis=1)
        dh_back = tf.matmul(da_t, U_T)
        dc_back = dc_total * f
        return t - 1, dh_back, dc_back, da.write(t, da_t)

    da = tf.TensorArray(dh.dtype, T, element_shape=shape_of_a)
    initial = (T - 1, dh_T, dc_T, da)
    final = tf.while_loop(lambda t, *_: t >= 0, step, initial, maximum_iterations=T)
    _, dh0, dc0, da = final
    return da.stack(), dh0, dc0


def _through_sigmoid(s: Tensor, ds: Tensor) -> Tensor:
    """Carries a gradient from s = sigmoid(a) to a: ds s (1 - s) in one operation."""
    return tf.raw_ops.SigmoidGrad(y=s, dy=ds)


def _through_tanh(s: Tensor, ds: Tensor) -> Tensor:
    """Carries a gradient from s = tanh(a) to a: ds (1 - s^2) in one operation."""
    return tf.raw_ops.TanhGrad(y=s, dy=ds)


def token_gates(x: Tensor, tokens: Tensor, embeddings: Tensor, W: Tensor, b: Tensor) -> Tensor:
    """Returns x W + b (T, B, 4H) for x = embeddings[tokens] (B, T, D), by a table.

    One product with the whole table (V, D) gives a row for each token of the
    vocabulary, and the rows of the tokens (B, T) are taken from it. The gradient flows
    to x, as it would without the table; those of W and b are summed over equal tokens
    first.
    Notebook: faster_lstm
    """
    tokens = tf.transpose(tokens)
    embeddings = tf.stop_gradient(tf.convert_to_tensor(embeddings))

    @tf.custom_gradient
    def gates(x, W, b):
        def gradient(da):
            da_rows = tf.reshape(da, (-1, W.shape[1]))
            dx_rows = tf.matmul(da_rows, tf.transpose(W))
            batch = tf.shape(x)[0]
            dx = tf.reshape(dx_rows, (-1, batch, W.shape[0]))
            token_of_row = tf.reshape(tokens, (-1,))
            vocabulary = embeddings.shape[0]
            da_of_token = tf.math.unsorted_segment_sum(da_rows, token_of_row, vocabulary)
            dW = tf.matmul(embeddings, da_of_token, transpose_a=True)
            db = tf.reduce_sum(da_of_token, axis=0)
            return tf.transpose(dx, (1, 0, 2)), dW, db

        table = tf.matmul(embeddings, W) + b
        return tf.gather(table, tokens), gradient

    return gates(x, W, b)


def dense_gates(x: Tensor, W: Tensor, b: Tensor) -> Tensor:
    """Returns x W + b, time first (T, B, 4H), for x (B, T, D), in one product.

    Notebook: faster_lstm
    """
    B, T, _ = x.shape
    x = tf.transpose(x, (1, 0, 2))
    x_rows = tf.reshape(x, (-1, W.shape[0]))
    rows = tf.nn.bias_add(tf.matmul(x_rows, W), b)
    steps = tf.shape(x)[0]
    a_x = tf.reshape(rows, (steps, -1, W.shape[1]))
    return tf.ensure_shape(a_x, (T, B, W.shape[1]))


def _for_each_sequence(state: Tensor, sequences: Tensor, H: int) -> Tensor:
    """Returns a state (B, H); one of (1, H) is that of each of the B sequences."""
    B = sequences.shape[0]
    if B is not None and state.shape[0] == B:
        return state
    shape = (tf.shape(sequences)[0], H)
    return tf.ensure_shape(tf.broadcast_to(state, shape), (B, H))


@keras.saving.register_keras_serializable("lyricgen")
class Embedding(keras.layers.Embedding):
    """A `keras.layers.Embedding` whose output remembers its tokens.

    An `LSTM` straight after it can then train on `token_gates`.
    Notebook: faster_lstm
    """

    def call(self, inputs: Tensor) -> Tensor:
        outputs = super().call(inputs)
        if tf is not None and tf.is_tensor(outputs) and outputs.dtype == tf.float32:
            outputs._lyricgen_tokens = tf.cast(inputs, tf.int32), self.embeddings
        return outputs


@keras.saving.register_keras_serializable("lyricgen")
class LSTM(keras.layers.LSTM):
    """A `keras.layers.LSTM` with a faster training step on a CPU.

    Arguments, weights and files are the same; the class has the stock layer's name
    because `.weights.h5` finds weights by it. On a CPU, with TensorFlow and float32, it
    trains with `recurrence`; straight after an `Embedding` of this module, on
    `token_gates`. On a GPU and on other backends, and with a mask, recurrent dropout,
    other activations, no bias, unroll or an input that is not float32, it is the stock
    layer. Whoever exports it with training=True saves no gradient: SaveOptions with
    experimental_custom_gradients=False.
    Notebook: faster_lstm
    """

    def is_fast(self) -> bool:
        """Returns whether this layer runs `recurrence` here, when there is no mask."""
        if tf is None or tf.config.list_physical_devices("GPU"):
            return False
        cell = self.cell
        usual_cell = (
            cell.use_bias
            and cell.activation is keras.activations.tanh
            and cell.recurrent_activation is keras.activations.sigmoid
            and not cell.recurrent_dropout
        )
        usual_loop = not self.unroll and self.use_cudnn is not True
        return usual_cell and usual_loop and self.compute_dtype == "float32"

    def inner_loop(
        self,
        sequences: Tensor,
        initial_state: list[Tensor],
        mask: Tensor | None,
        training: bool = False,
    ) -> tuple[Tensor, Tensor, list[Tensor]]:
        if mask is not None or not self.is_fast() or sequences.dtype != tf.float32:
            return super().inner_loop(sequences, initial_state, mask, training=training)
        a_x = self._project(sequences, training)
        U = tf.convert_to_tensor(self.cell.recurrent_kernel)
        h0, c0 = (_for_each_sequence(state, sequences, self.units) for state in initial_state)
        run = recurrence if training else recurrence_in_inference
        h, h_T, c_T = run(a_x, U, h0, c0)
        return h_T, tf.transpose(h, (1, 0, 2)), [h_T, c_T]

    def _project(self, sequences: Tensor, training: bool) -> Tensor:
        """Returns x W + b (T, B, 4H), from a table of tokens where that pays."""
        W = tf.convert_to_tensor(self.cell.kernel)
        b = tf.convert_to_tensor(self.cell.bias)
        if training and self.dropout:
            dropout_mask = self.cell.get_dropout_mask(sequences[:, 0])
            sequences = sequences * dropout_mask[:, None]
        # Whatever changes the embedding's output, as dropout does, makes a new tensor,
        # which remembers no tokens.
        tokens, embeddings = getattr(sequences, "_lyricgen_tokens", (None, None))
        if self.go_backwards:
            sequences = tf.reverse(sequences, [1])
            tokens = None if tokens is None else tf.reverse(tokens, [1])
        if training and embeddings is not None and embeddings.shape[0] <= TABLE:
            return token_gates(sequences, tokens, embeddings, W, b)
        return dense_gates(sequences, W, b)
