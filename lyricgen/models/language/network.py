"""The LSTM language model in Keras, and its sampler as one compiled loop."""

from __future__ import annotations

from dataclasses import dataclass

import keras
import numpy as np
from keras import ops

from lyricgen.files import UserError
from lyricgen.models import training as models_training
from lyricgen.models.language.data import Stream
from lyricgen.models.language.inference import NumpyLanguageModel
from lyricgen.models.language.writing import Plan, uniforms
from lyricgen.models.lstm.layer import LSTM, Embedding
from lyricgen.models.sampling import check_sampling, distribution, pick_token
from lyricgen.models.settings import option


@dataclass(frozen=True)
class Settings:
    """What a training is told; lengths in tokens. Notebook: 03_lyrics_language_model"""

    embedding: int = option(256, "numbers that stand for a character", 1)
    hidden: int = option(512, "units of each LSTM layer", 1)
    layers: int = option(1, "LSTM layers", 1)
    dropout: float = option(
        0.3, "dropout of each layer's output, one mask for all steps of a window", most=0.95
    )
    dropout_in: float = option(0.0, "dropout of the embedding", most=0.95)
    batch: int = option(16, "lanes that are read side by side", 1)
    length: int = option(64, "steps through which the gradient goes back", 1)
    reset: float = option(0.1, "share of lanes that begin a window with zero states", most=1)
    whole: bool = option(
        False,
        "every window begins with a poem, and with zero states: a poem's end is seen from its name",
    )
    noise: float = option(
        0.0, "with --whole, share of the characters read that are exchanged for others", most=0.95
    )
    rate: float = option(5e-3, "the highest learning rate", 1e-12)
    decay: float = option(0.01, "weight decay")
    seed: int = option(1, "of weights, order of the data and dropout")


@keras.saving.register_keras_serializable("lyricgen")
class LanguageModel(keras.Model):
    """An LSTM over tokens (B, T): embedding (V, E), LSTM layers, a projection where H is not E, and the embedding again, transposed, for the logits.

    The states are carried from call to call in variables of B lanes. `call` gives the features (B, T, E), from which `logits` makes the logits;
    the loss is the mean cost of a token in nats. Source: Press and Wolf 2017 (tied weights); Gal and Ghahramani 2016, section 4 (one dropout mask for
    all steps). Notebook: 03_lyrics_language_model
    """

    def __init__(self, vocabulary: int, settings: Settings):
        super().__init__()
        self.settings, s = settings, settings
        self.embedding = Embedding(
            vocabulary,
            s.embedding,
            embeddings_initializer=keras.initializers.RandomNormal(stddev=s.embedding**-0.5),
        )
        self.lstms = [
            LSTM(s.hidden, return_sequences=True, return_state=True) for _ in range(s.layers)
        ]
        self.drops = [
            keras.layers.Dropout(rate, noise_shape=(None, 1, None))
            for rate in (s.dropout_in, *[s.dropout] * s.layers)
        ]
        self.projection = (
            keras.layers.Dense(s.embedding, use_bias=False) if s.hidden != s.embedding else None
        )
        self.output_bias = self.add_weight(
            shape=(vocabulary,), initializer="zeros", name="output_bias"
        )
        self.carried = [
            self.add_weight(shape=(s.batch, s.hidden), initializer="zeros", trainable=False)
            for _ in range(2 * s.layers)
        ]
        self.compile(
            keras.optimizers.AdamW(s.rate, weight_decay=s.decay, global_clipnorm=1.0),
            jit_compile=False,
        )
        self(np.zeros((s.batch, 1), np.int32))
        self.reset()

    def run(self, tokens, states: list, training: bool = False) -> tuple:
        """The features (B, T, E) of the tokens (B, T) after some states (h and c of each layer), and the new states."""
        x, after = self.embedding(tokens), []
        x = self.drops[0](x, training=training) if self.settings.dropout_in else x
        for k, lstm in enumerate(self.lstms):
            x, h, c = lstm(x, initial_state=states[2 * k : 2 * k + 2], training=training)
            x, after = self.drops[k + 1](x, training=training), [*after, h, c]
        return x if self.projection is None else self.projection(x), after

    def logits(self, features):
        """The logits (..., V) of the next token."""
        return ops.matmul(features, ops.transpose(self.embedding.embeddings)) + self.output_bias

    def call(self, tokens, training: bool = False):
        features, after = self.run(
            tokens, [ops.convert_to_tensor(state) for state in self.carried], training
        )
        for state, value in zip(self.carried, after):
            state.assign(value)
        return features

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        """-log p(y) = logsumexp(logits) - logit of y; that logit is a product of its own, since to pick it out of (B, T, V) has a slow gradient."""
        features, y = ops.reshape(y_pred, (-1, self.settings.embedding)), ops.reshape(y, (-1,))
        chosen = ops.sum(
            features * ops.take(self.embedding.embeddings, y, axis=0), axis=1
        ) + ops.take(self.output_bias, y)
        return ops.mean(ops.logsumexp(self.logits(features), axis=1) - chosen)

    def reset(self, keep: np.ndarray | float = 0.0) -> None:
        """Sets the carried states to zero, but in the lanes that `keep` (B, 1) has as 1."""
        for state in self.carried:
            state.assign(state * keep)

    def cost(self, stream: Stream, most: int = 24) -> float:
        """The mean cost of a token in nats, over at most so many windows of a stream, read from zero states; the carried states stay as they are."""
        kept = [ops.convert_to_numpy(state) for state in self.carried]
        self.reset()
        cost = models_training.mean_scores(self, map(stream, range(min(stream.windows, most))))[
            "loss"
        ]
        [state.assign(value) for state, value in zip(self.carried, kept)]
        return cost

    def weights_by_name(self) -> dict:
        """The weights by the names that a weights file has."""
        found = {"embedding": self.embedding.embeddings, "output_bias": self.output_bias}
        for k, lstm in enumerate(self.lstms, 1):
            found |= {
                f"W{k}": lstm.cell.kernel,
                f"U{k}": lstm.cell.recurrent_kernel,
                f"b{k}": lstm.cell.bias,
            }
        if self.projection is not None:
            found["projection"] = self.projection.kernel
        return found

    def arrays(self) -> dict[str, np.ndarray]:
        """The same in NumPy."""
        return {name: ops.convert_to_numpy(value) for name, value in self.weights_by_name().items()}

    def begin_from(self, arrays: dict[str, np.ndarray]) -> None:
        """Takes over the weights of a file; raises UserError where they are of another model."""
        own = self.weights_by_name()
        if {name: tuple(value.shape) for name, value in own.items()} != {
            name: value.shape for name, value in arrays.items()
        }:
            raise UserError(
                "The weights to begin from are of another size than this model; give it the settings of their card."
            )
        for name, value in own.items():
            value.assign(arrays[name].astype(np.float32))


class CompiledSampler(keras.Model):
    """The sampler as one compiled loop, for many sequences: the same steps in float32, from the same random numbers.

    It draws what `writing.sample_tokens` draws, but for a number that falls just between two tokens. Notebook: 03_lyrics_language_model
    """

    def __init__(self, model: NumpyLanguageModel, top_k: int = 0, top_p: float = 1.0):
        super().__init__()
        check_sampling(len(model.characters), 1.0, top_k, top_p)
        self.cells, self.top_k, self.top_p = (
            NumpyLanguageModel(model.arrays, model.characters, "float32", ops),
            top_k,
            top_p,
        )
        self.compile(jit_compile=False)

    def call(self, inputs):
        masks, rows, u, temperature = inputs
        masks, (T, B) = ops.cast(masks, "bool"), ops.shape(rows)

        def step(t, token, states, drawn):
            h, states = self.cells.step(token, states)
            p = distribution(
                self.cells.logits(h),
                temperature,
                ops.take(masks, rows[t], axis=0),
                self.top_k,
                self.top_p,
                ops,
            )
            token = ops.cast(pick_token(p, u[t], ops), "int32")
            return t + 1, token, states, ops.slice_update(drawn, (t, 0), token[None])

        begin = (0, ops.ones((B,), "int32"), self.cells.start(B), ops.zeros((T, B), "int32"))
        return ops.while_loop(lambda t, *_: t < T, step, begin)[3]

    def sample(self, plan: Plan, rng: np.random.Generator, temperature: float = 1.0) -> np.ndarray:
        """Draws the tokens of a plan, int (T, B); raises UserError for a temperature that cannot be used."""
        check_sampling(len(self.cells.characters), temperature, self.top_k, self.top_p)
        return self.predict_on_batch(
            (
                plan.masks,
                plan.rows.astype(np.int32),
                uniforms(plan, rng).astype(np.float32),
                np.float32([temperature]),
            )
        )
