"""The LSTM language model in Keras, and its sampler as one compiled loop."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import ops

from lyricgen.files import UserError
from lyricgen.models import training as models_training
from lyricgen.models.language.data import END_ID, Stream
from lyricgen.models.language.inference import FORM_SIZES, NumpyLanguageModel
from lyricgen.models.language.settings import Settings
from lyricgen.models.language.writing import Plan, form_of, once_of, uniforms
from lyricgen.models.lstm.layer import LSTM, Embedding
from lyricgen.models.sampling import check_sampling, distribution, pick_token


@keras.saving.register_keras_serializable("lyricgen")
class LanguageModel(keras.Model):
    """An LSTM over tokens (B, T): embedding (V, E), LSTM layers, projection, logits.

    With `form` it reads (B, T, 4), tokens with the form of the character to come; each
    number of the form has an embedding, which is added to that of the token.

    The projection (H, E) is there where H is not E; the logits use the embedding again,
    transposed. The states are carried from call to call in variables of B lanes. `call`
    returns the features (B, T, E), from which `logits` makes the logits; the loss is
    the mean cost of a token in nats.
    Source: Press and Wolf 2017 (tied weights); Gal and Ghahramani 2016, section 4 (one
    dropout mask for all steps); Li et al. 2020, section 3.1 (SongNet's symbols of the
    form, there for a transformer).
    Notebook: training_a_language_model
    """

    def __init__(self, vocabulary: int, settings: Settings):
        super().__init__()
        self.settings = settings
        # Initial weights are drawn in the order in which the layers are made.
        self.embedding = Embedding(
            vocabulary,
            settings.embedding,
            embeddings_initializer=_normal(settings.embedding**-0.5),
        )
        self.lstms = [_lstm(settings) for _ in range(settings.layers)]
        rates = [settings.dropout_in] + settings.layers * [settings.dropout]
        self.drops = [_dropout(rate) for rate in rates]
        self.projection = None
        if settings.hidden != settings.embedding:
            self.projection = keras.layers.Dense(settings.embedding, use_bias=False)
        self.output_bias = self.add_weight(
            shape=(vocabulary,), initializer="zeros", name="output_bias"
        )
        self.form_embeddings = []
        if settings.form:
            sizes = FORM_SIZES.values()
            self.form_embeddings = [_form_embedding(size, settings.embedding) for size in sizes]
        # h and c of each layer.
        self.carried = [self._add_state() for _ in range(2 * settings.layers)]
        adam = keras.optimizers.AdamW(
            settings.rate, weight_decay=settings.decay, global_clipnorm=1.0
        )
        self.compile(adam, jit_compile=False)
        # A first call builds the layers.
        self(np.zeros((settings.batch, 1, 4) if settings.form else (settings.batch, 1), np.int32))
        self.reset()

    def _add_state(self) -> keras.Variable:
        shape = (self.settings.batch, self.settings.hidden)
        return self.add_weight(shape=shape, initializer="zeros", trainable=False)

    def run(self, tokens: Any, states: list, training: bool = False) -> tuple[Any, list]:
        """Returns the features (B, T, E) of tokens (B, T), and the new states.

        With a form, tokens are (B, T, 4). `states` are h and c of each layer before the
        first token.
        """
        x = self._embed(tokens)
        if self.settings.dropout_in:
            x = self.drops[0](x, training=training)
        new_states: list = []
        for k, lstm in enumerate(self.lstms):
            initial = states[2 * k : 2 * k + 2]
            x, h, c = lstm(x, initial_state=initial, training=training)
            x = self.drops[k + 1](x, training=training)
            new_states += [h, c]
        features = x if self.projection is None else self.projection(x)
        return features, new_states

    def _embed(self, tokens: Any) -> Any:
        """Returns the embeddings (B, T, E) of tokens, those of their form added."""
        if not self.settings.form:
            return self.embedding(tokens)
        x = self.embedding(tokens[:, :, 0])
        for k, embedding in enumerate(self.form_embeddings, 1):
            x = x + embedding(tokens[:, :, k])
        return x

    def logits(self, features: Any) -> Any:
        """Returns the logits (..., V) of the next token."""
        output = ops.transpose(self.embedding.embeddings)
        return ops.matmul(features, output) + self.output_bias

    def call(self, tokens, training: bool = False):
        states = [ops.convert_to_tensor(state) for state in self.carried]
        features, new_states = self.run(tokens, states, training)
        for state, value in zip(self.carried, new_states):
            state.assign(value)
        return features

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        """Returns the mean of -log p(y) = logsumexp(logits) - logit of y.

        That logit is computed by itself: to take it out of (B, T, V) has a slow
        gradient.
        """
        features = ops.reshape(y_pred, (-1, self.settings.embedding))
        y = ops.reshape(y, (-1,))
        embedded = ops.take(self.embedding.embeddings, y, axis=0)
        logit = ops.sum(features * embedded, axis=1) + ops.take(self.output_bias, y)
        return ops.mean(ops.logsumexp(self.logits(features), axis=1) - logit)

    def reset(self, keep: np.ndarray | float = 0.0) -> None:
        """Sets the carried states to zero, except in the lanes where `keep` is 1.

        `keep` is (B, 1), of 0 and 1.
        """
        for state in self.carried:
            state.assign(state * keep)

    def cost(self, stream: Stream, most: int = 24) -> float:
        """Returns the mean cost of a token in nats, over at most `most` windows.

        The windows of a stream are read from zero states; the carried states are
        afterwards as they were.
        """
        carried = [ops.convert_to_numpy(state) for state in self.carried]
        self.reset()
        windows = map(stream, range(min(stream.windows, most)))
        scores = models_training.mean_scores(self, windows)
        for state, value in zip(self.carried, carried):
            state.assign(value)
        return scores["loss"]

    def weights_by_name(self) -> dict[str, keras.Variable]:
        """Returns the weights by the names that a weights file has."""
        weights = {"embedding": self.embedding.embeddings, "output_bias": self.output_bias}
        for k, lstm in enumerate(self.lstms, 1):
            weights[f"W{k}"] = lstm.cell.kernel
            weights[f"U{k}"] = lstm.cell.recurrent_kernel
            weights[f"b{k}"] = lstm.cell.bias
        if self.projection is not None:
            weights["projection"] = self.projection.kernel
        for name, embedding in zip(FORM_SIZES, self.form_embeddings):
            weights[name] = embedding.embeddings
        return weights

    def arrays(self) -> dict[str, np.ndarray]:
        """Returns the weights by name, in NumPy."""
        weights = self.weights_by_name()
        return {name: ops.convert_to_numpy(weight) for name, weight in weights.items()}

    def begin_from(self, arrays: dict[str, np.ndarray]) -> None:
        """Sets the weights to those of a file.

        Raises: UserError where they are of another model.
        """
        weights = self.weights_by_name()
        shapes = {name: tuple(weight.shape) for name, weight in weights.items()}
        if shapes != {name: array.shape for name, array in arrays.items()}:
            raise UserError(
                "The weights to begin from are of another size than this model; "
                "give it the settings of their card."
            )
        for name, weight in weights.items():
            weight.assign(arrays[name].astype(np.float32))


def _normal(deviation: float) -> keras.initializers.Initializer:
    return keras.initializers.RandomNormal(stddev=deviation)


def _form_embedding(size: int, embedding: int) -> keras.layers.Embedding:
    # They begin small beside the token's, so that at first the token counts.
    return keras.layers.Embedding(
        size, embedding, embeddings_initializer=_normal(0.5 * embedding**-0.5)
    )


def _lstm(settings: Settings) -> LSTM:
    arrays = {"return_sequences": True, "return_state": True}
    if settings.drop_recurrent:
        return WeightDroppedLSTM(settings.hidden, settings.drop_recurrent, **arrays)
    return LSTM(settings.hidden, **arrays)


def _dropout(rate: float) -> keras.layers.Layer:
    # One mask for all steps of a window.
    return keras.layers.Dropout(rate, noise_shape=(None, 1, None))


@keras.saving.register_keras_serializable("lyricgen")
class WeightDroppedLSTM(LSTM):
    """An LSTM that leaves out some numbers of its recurrent kernel in a training step.

    They are others in each step and the same for all times and lanes; the rest is
    divided by the share that is left. What is shown, saved and measured is the whole
    kernel.
    Source: Merity, Keskar and Socher 2018, section 2 (DropConnect on the recurrent
    kernel).
    """

    def __init__(self, units: int, drop_recurrent: float, **options: Any):
        super().__init__(units, **options)
        self.drop_recurrent = drop_recurrent
        self.drop_seed = keras.random.SeedGenerator(0)

    def inner_loop(self, sequences, initial_state, mask, training=False):
        if not training:
            return super().inner_loop(sequences, initial_state, mask, training=training)
        cell = self.cell
        whole = cell.recurrent_kernel
        kernel = keras.random.dropout(
            ops.convert_to_tensor(whole), self.drop_recurrent, seed=self.drop_seed
        )
        # The attribute is set past Keras, which would take it for a new weight.
        object.__setattr__(cell, "recurrent_kernel", kernel)
        try:
            return super().inner_loop(sequences, initial_state, mask, training=training)
        finally:
            object.__setattr__(cell, "recurrent_kernel", whole)

    def get_config(self) -> dict:
        return {**super().get_config(), "drop_recurrent": self.drop_recurrent}


class CompiledSampler(keras.Model):
    """The sampler as one compiled loop, for many sequences, in float32.

    It takes the same steps as `writing.sample_tokens`, from the same random numbers,
    and draws the same tokens, unless a number falls just between two tokens.
    Notebook: writing_lyrics
    """

    def __init__(self, model: NumpyLanguageModel, top_k: int = 0, top_p: float = 1.0):
        super().__init__()
        check_sampling(len(model.characters), 1.0, top_k, top_p)
        self.cells = NumpyLanguageModel(model.arrays, model.characters, "float32", ops)
        self.top_k = top_k
        self.top_p = top_p
        self.compile(jit_compile=False)

    def call(self, inputs):
        masks, rows, u, temperature, form, once = inputs
        masks = ops.cast(masks, "bool")
        once = ops.cast(once, "bool")
        T, B = ops.shape(rows)
        tokens = ops.arange(len(self.cells.characters))

        def unfinished(t, *state):
            return t < T

        def step(t, token, states, drawn, used):
            h, states = self.cells.step(token, states, form[t])
            is_once = ops.take(once, rows[t])[:, None]
            mask = ops.logical_and(
                ops.take(masks, rows[t], axis=0),
                ops.logical_not(ops.logical_and(used, is_once)),
            )
            logits = self.cells.logits(h)
            p = distribution(logits, temperature, mask, self.top_k, self.top_p, ops)
            token = ops.cast(pick_token(p, u[t], ops), "int32")
            drawn = ops.slice_update(drawn, (t, 0), token[None])
            is_token = ops.equal(token[:, None], tokens)
            used = ops.logical_or(used, ops.logical_and(is_token, is_once))
            return t + 1, token, states, drawn, used

        token = ops.full((B,), END_ID, "int32")
        drawn = ops.zeros((T, B), "int32")
        used = ops.zeros((B, len(self.cells.characters)), "bool")
        initial = (0, token, self.cells.start(B), drawn, used)
        _, _, _, drawn, _ = ops.while_loop(unfinished, step, initial)
        return drawn

    def sample(self, plan: Plan, rng: np.random.Generator, temperature: float = 1.0) -> np.ndarray:
        """Draws the tokens of a plan, int32 (T, B).

        Raises: UserError for a temperature that cannot be used.
        """
        check_sampling(len(self.cells.characters), temperature, self.top_k, self.top_p)
        rows = plan.rows.astype(np.int32)
        u = uniforms(plan, rng).astype(np.float32)
        temperatures = np.array([temperature], np.float32)
        form = form_of(plan).astype(np.int32)
        inputs = (plan.masks, rows, u, temperatures, form, once_of(plan))
        return self.predict_on_batch(inputs)
