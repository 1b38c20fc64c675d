"""MusicVAE in Keras: built, trained on windows of the tune books, and sampled in one compiled loop."""

from __future__ import annotations

from dataclasses import dataclass

import keras
import numpy as np
from keras import ops

from lyricgen.files import UserError
from lyricgen.models import training as models_training
from lyricgen.models.lstm.layer import LSTM, Embedding
from lyricgen.models.musicvae.inference import NOTHING, NumpyMusicVAE
from lyricgen.models.sampling import gumbel_noise
from lyricgen.models.settings import option
from lyricgen.music import melody

LN2 = float(np.log(2))


EPSILON = 1e-10  # of the batch norm: with Keras's usual 1e-3, or 1e-5, mu can shrink until the norm no longer scales it up


@dataclass(frozen=True)
class Settings:
    """What a training is told. Shares are of the planned steps, free bits in bits. Notebook: 08_training_musicvae"""

    tokens: int = option(melody.EVENTS, "different events", 2)
    steps: int = option(32, "of a melody, 16ths", 2)
    embedding: int = option(64, "numbers that stand for an event", 1)
    encoder: int = option(192, "units of the encoder in each direction", 1)
    latent: int = option(64, "dimensions of z", 1)
    decoder: int = option(320, "units of the decoder", 1)
    sigma: float = option(0.13, "the encoder's sigma at the start", 1e-6)
    beta: float = option(0.2, "weight of the KL: 0 up to --wait, then a line up to --ramp")
    wait: float = option(0.35, "share of the steps before beta rises", most=1)
    ramp: float = option(0.7, "share of the steps after which beta stays", most=1)
    free_bits: float = option(48.0, "bits of the total KL of a melody which cost nothing")
    free_bits_each: float = option(0.0, "bits of the mean KL of each dimension which cost nothing")
    word_dropout: float = option(
        0.0, "share of the decoder's input events that are hidden: a weaker decoder", most=0.95
    )
    sampling: float = option(
        0.0, "share of its input events that are the model's own draws: scheduled sampling", most=1
    )
    batch_norm: float = option(0.0, "fixed scale of a batch norm on mu; 0: none")
    transpose: int = option(3, "semitones, at most, up or down, anew at each step")
    splice: float = option(
        0.0, "share of the training melodies whose second half is another one's", most=1
    )
    batch: int = option(64, "melodies a step, or fewer where there are fewer", 1)
    rate: float = option(3e-3, "the highest learning rate", 1e-12)
    seed: int = option(1, "of weights, order of the data and noise")


@keras.saving.register_keras_serializable("lyricgen")
class MusicVAE(keras.Model):
    """A recurrent VAE of melodies (B, T): `call` gives the teacher-forced logits (B, T, V), mu and sigma (B, Z).

    The loss is the cost of the events, summed over time, plus beta times the KL beyond the free bits, summed over the dimensions; both in nats and
    averaged over the batch. Source: Roberts et al. 2018, sections 3 and 4; Kingma et al. 2016 (free bits); Bowman et al. 2016 (annealing, word
    dropout); Bengio et al. 2015 (scheduled sampling); Zhu et al. 2020 (batch norm on mu). Notebook: 08_training_musicvae
    """

    def __init__(self, settings: Settings):
        super().__init__()
        self.settings, s = settings, settings
        dense = keras.layers.Dense
        self.events, self.inputs = (
            Embedding(s.tokens, s.embedding),
            keras.layers.Embedding(s.tokens + 1, s.embedding),
        )
        self.forwards, self.backwards = LSTM(s.encoder), LSTM(s.encoder, go_backwards=True)
        self.mu = dense(s.latent)
        self.sigma = dense(
            s.latent,
            "softplus",
            kernel_initializer=keras.initializers.RandomNormal(stddev=1e-3),
            bias_initializer=keras.initializers.Constant(float(np.log(np.expm1(s.sigma)))),
        )
        self.norm = (
            keras.layers.BatchNormalization(scale=False, momentum=0.95, epsilon=EPSILON)
            if s.batch_norm
            else None
        )
        self.first, self.z_in = dense(2 * s.decoder, "tanh"), dense(s.embedding, use_bias=False)
        self.decoder, self.out = LSTM(s.decoder, return_sequences=True), dense(s.tokens)
        self.places = self.add_weight(
            shape=(s.steps, s.embedding),
            initializer=keras.initializers.RandomNormal(stddev=0.05),
            name="places",
        )
        self.beta = self.add_weight(
            shape=(), initializer=keras.initializers.Constant(s.beta), trainable=False, name="beta"
        )
        self.noise = keras.random.SeedGenerator(s.seed)
        self.means = {
            name: keras.metrics.Mean(name) for name in ("cost", "kl_bits", "teacher_forced")
        }
        self.compile(keras.optimizers.Adam(s.rate, global_clipnorm=1.0), jit_compile=False)
        self(np.zeros((2, s.steps), np.int32))
        self.__dict__["free_running"] = CompiledDecoder(
            self
        )  # not tracked: it has no weights of its own

    def encode(self, events, training: bool = False) -> tuple:
        """mu and sigma (B, Z) of melodies (B, T)."""
        x = self.events(events)
        h = ops.concatenate(
            [self.forwards(x, training=training), self.backwards(x, training=training)], axis=1
        )
        mu = self.mu(h)
        if self.norm is not None:
            mu = self.norm(mu, training=training) * self.settings.batch_norm
        return ops.cast(mu, "float32"), ops.cast(
            self.sigma(h), "float32"
        )  # the loss is in float32 with mixed precision too

    def teacher_forced(self, z, before, training: bool = False):
        """The logits (B, T, V) from z (B, Z) and the event before each step (B, T)."""
        x = self.inputs(before) + self.places + self.z_in(z)[:, None]
        h = self.decoder(x, initial_state=ops.split(self.first(z), 2, axis=1), training=training)
        return ops.cast(
            self.out(ops.reshape(h, (-1, self.settings.steps, self.settings.decoder))), "float32"
        )

    def call(self, events, training: bool = False):
        s, events = self.settings, ops.reshape(ops.cast(events, "int32"), (-1, self.settings.steps))
        mu, sigma = self.encode(events, training)
        z = mu + sigma * keras.random.normal(ops.shape(mu), seed=self.noise)
        before = ops.pad(events[:, :-1], ((0, 0), (1, 0)), constant_values=s.tokens)
        if training and s.sampling:  # a first pass says what the model itself would have written
            draws = keras.random.categorical(
                ops.reshape(ops.stop_gradient(self.teacher_forced(z, before)), (-1, s.tokens)),
                1,
                seed=self.noise,
            )
            own = ops.pad(
                ops.reshape(ops.cast(draws, "int32"), (-1, s.steps))[:, :-1],
                ((0, 0), (1, 0)),
                constant_values=s.tokens,
            )
            before = ops.where(
                keras.random.uniform(ops.shape(before), seed=self.noise) < s.sampling, own, before
            )
        if training and s.word_dropout:
            before = ops.where(
                keras.random.uniform(ops.shape(before), seed=self.noise) < s.word_dropout,
                s.tokens,
                before,
            )
        return {"logits": self.teacher_forced(z, before, training), "mu": mu, "sigma": sigma}

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        s, mu, sigma, logits = self.settings, y_pred["mu"], y_pred["sigma"], y_pred["logits"]
        x = ops.reshape(ops.cast(x, "int32"), (-1, s.steps))
        cost = ops.sum(
            keras.losses.sparse_categorical_crossentropy(x, logits, from_logits=True), axis=1
        )
        kl = (ops.square(mu) + ops.square(sigma) - 1) / 2 - ops.log(sigma)
        beyond = ops.mean(ops.maximum(ops.sum(kl, axis=1) - s.free_bits * LN2, 0))
        if s.free_bits_each:
            beyond = ops.sum(ops.maximum(ops.mean(kl, axis=0) - s.free_bits_each * LN2, 0))
        self.means["cost"].update_state(cost)
        self.means["kl_bits"].update_state(ops.sum(kl, axis=1) / LN2)
        self.means["teacher_forced"].update_state(
            ops.cast(ops.equal(ops.cast(ops.argmax(logits, axis=-1), "int32"), x), "float32")
        )
        return ops.mean(cost) + self.beta * beyond

    def set_beta(self, step: int, steps: int) -> None:
        """Sets beta by the share of the planned steps that is done."""
        s = self.settings
        self.beta.assign(
            s.beta
            * float(np.clip((step / steps - s.wait + 1e-9) / max(s.ramp - s.wait, 1e-9), 0, 1))
        )

    def validate(self, events: np.ndarray, most: int = 512) -> dict[str, float]:
        """The measures of melodies for the curves of `train.fit`; `validation` is the loss with the last beta, so that all of a run compare."""
        s, size = self.settings, self.settings.batch
        now = float(self.beta)
        self.beta.assign(s.beta)
        found = models_training.mean_scores(
            self,
            (
                (events[first : first + size].astype(np.int32),)
                for first in range(0, max(1, len(events) - size + 1), size)
            ),
        )
        self.beta.assign(now)
        some = events[:: max(1, len(events) // most)]  # the windows stand in the order of the books
        free = self.free_running.decode(self.predict_on_batch(some.astype(np.int32))["mu"]) == some
        names = {
            "loss": "validation",
            "cost": "validation_cost",
            "kl_bits": "validation_kl_bits",
            "teacher_forced": "validation_teacher_forced",
        }
        return {names[key]: value for key, value in found.items()} | {
            "validation_free_running": float(free.mean()),
            "validation_exact": float(free.all(1).mean()),
        }

    def tensors(self) -> dict:
        """The weights by the names of a weights file, as `NumpyMusicVAE` takes them; a batch norm is folded into mu."""
        found = {
            "events": self.events.embeddings,
            "inputs": self.inputs.embeddings,
            "places": self.places,
            "z_W": self.z_in.kernel,
        }
        for name, layer in (
            ("encoder", self.forwards),
            ("reverse", self.backwards),
            ("decoder", self.decoder),
        ):
            found |= {
                f"{name}_W": layer.cell.kernel,
                f"{name}_U": layer.cell.recurrent_kernel,
                f"{name}_b": layer.cell.bias,
            }
        for name, layer in (
            ("mu", self.mu),
            ("sigma", self.sigma),
            ("first", self.first),
            ("out", self.out),
        ):
            found |= {f"{name}_W": layer.kernel, f"{name}_b": layer.bias}
        if self.norm is not None:
            scale = self.settings.batch_norm / ops.sqrt(self.norm.moving_variance + EPSILON)
            found |= {
                "mu_W": found["mu_W"] * scale,
                "mu_b": (found["mu_b"] - self.norm.moving_mean) * scale
                + self.settings.batch_norm * self.norm.beta,
            }
        return found

    def arrays(self) -> dict[str, np.ndarray]:
        """The same in NumPy."""
        return {name: ops.convert_to_numpy(value) for name, value in self.tensors().items()}

    def begin_from(self, arrays: dict[str, np.ndarray]) -> None:
        """Takes over the weights of a file; raises UserError where they are of another model."""
        own = self.tensors()
        if self.norm is not None or any(
            name not in arrays or tuple(value.shape) != arrays[name].shape
            for name, value in own.items()
        ):
            raise UserError(
                "The weights to begin from are of another size than this model; give it the settings of their card."
            )
        for name, value in own.items():
            value.assign(arrays[name].astype(np.float32))


class CompiledDecoder(keras.Model):
    """The decoder as one compiled loop over the steps, for many melodies: what `NumpyMusicVAE.decode` does, in float32. Notebook: 09_sampling_musicvae"""

    def __init__(self, vae: MusicVAE):
        super().__init__()
        self.__dict__["vae"] = vae  # not tracked: the loop has no weights of its own
        self.compile(jit_compile=False)

    def call(self, inputs):
        z, noise = inputs
        cells, B, T = (
            NumpyMusicVAE(self.vae.tensors(), "float32", ops),
            ops.shape(z)[0],
            self.vae.settings.steps,
        )
        h, c, *begun = cells.begin(z)

        def step(t, last, heard, h, c, drawn):
            event, heard, h, c = cells.step(t, last, heard, h, c, begun, ops.take(noise, t, axis=0))
            return t + 1, event, heard, h, c, ops.slice_update(drawn, (t, 0), event[None])

        start = (
            0,
            ops.full((B,), self.vae.settings.tokens, "int32"),
            ops.full((B,), NOTHING, "int32"),
            h,
            c,
            ops.zeros((T, B), "int32"),
        )
        return ops.transpose(
            ops.while_loop(lambda t, *_: t < T, step, start, maximum_iterations=T)[-1]
        )

    def decode(
        self, z: np.ndarray, temperature: float = 0.0, rng: np.random.Generator | None = None
    ) -> np.ndarray:
        """The melodies of z (B, Z), uint8 (B, T): greedy at temperature 0, drawn above it."""
        s = self.vae.settings
        noise = np.broadcast_to(
            gumbel_noise((s.steps, len(z), s.tokens), temperature, rng), (s.steps, len(z), s.tokens)
        )
        return self.predict_on_batch((np.asarray(z, np.float32), noise.astype(np.float32))).astype(
            np.uint8
        )
