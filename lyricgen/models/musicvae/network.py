"""MusicVAE in Keras: the network and its loss, the compiled decoder."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import keras
import numpy as np
from keras import initializers, layers, ops

from lyricgen.files import UserError
from lyricgen.models import distribution
from lyricgen.models import training as models_training
from lyricgen.models.lstm.layer import LSTM, Embedding
from lyricgen.models.musicvae.inference import NOTHING, NumpyMusicVAE
from lyricgen.models.musicvae.settings import Settings
from lyricgen.models.sampling import gumbel_noise

LN2 = float(np.log(2))

# Of the batch norm. With Keras's usual 1e-3, or with 1e-5, mu can shrink until the norm
# no longer scales it up.
EPSILON = 1e-10

# The names in the curves of what `validate` computes like a training step does.
VALIDATION_NAMES = {
    "loss": "validation",
    "cost": "validation_cost",
    "kl_bits": "validation_kl_bits",
    "teacher_forced": "validation_teacher_forced",
}


def _batch_norm() -> layers.Layer:
    return layers.BatchNormalization(scale=False, momentum=0.95, epsilon=EPSILON)


@keras.saving.register_keras_serializable("lyricgen")
class MusicVAE(keras.Model):
    """A recurrent VAE of melodies (B, T).

    `call` returns the teacher-forced logits (B, T, V), mu and sigma (B, Z). The loss is
    the cost of the events, summed over time, plus beta times the KL beyond the free
    bits, summed over the dimensions; both in nats and averaged over the batch.
    Source: Roberts et al. 2018, sections 3 and 4; Kingma et al. 2016 (free bits);
    Bowman et al. 2016 (annealing, word dropout); Bengio et al. 2015 (scheduled
    sampling); Zhu et al. 2020 (batch norm on mu).
    Notebook: training_musicvae
    """

    # Whether a step is traced in which each of several devices has its own rows.
    is_shared = False

    def __init__(self, settings: Settings):
        super().__init__()
        self.settings = settings
        # Initial weights are drawn in the order in which the layers are made.
        self.events = Embedding(settings.tokens, settings.embedding)
        # One more input than there are events: what stands before the first step.
        self.inputs = layers.Embedding(settings.tokens + 1, settings.embedding)
        self._add_encoder(settings)
        self._add_decoder(settings)
        beta = initializers.Constant(settings.beta)
        self.beta = self.add_weight(shape=(), initializer=beta, trainable=False, name="beta")
        self.noise = keras.random.SeedGenerator(settings.seed)
        names = ("cost", "kl_bits", "teacher_forced")
        self.means = {name: keras.metrics.Mean(name) for name in names}
        mean = {"use_ema": True, "ema_momentum": settings.ema} if settings.ema else {}
        adam = keras.optimizers.Adam(settings.rate, global_clipnorm=1.0, **mean)
        self.compile(adam, jit_compile=False)
        # A first call builds the layers.
        events = np.zeros((2, settings.melody_steps), np.int32)
        self(events)
        # Not tracked: the loop has no weights of its own.
        self.__dict__["free_running"] = CompiledDecoder(self)

    def _add_encoder(self, s: Settings) -> None:
        """Adds the layers from events to mu and sigma, which starts near s.sigma."""
        self.forwards = LSTM(s.encoder)
        self.backwards = LSTM(s.encoder, go_backwards=True)
        self.mu = layers.Dense(s.latent)
        small = initializers.RandomNormal(stddev=1e-3)
        inverse_softplus = float(np.log(np.expm1(s.sigma)))
        bias = initializers.Constant(inverse_softplus)
        self.sigma = layers.Dense(
            s.latent, "softplus", kernel_initializer=small, bias_initializer=bias
        )
        self.norm = _batch_norm() if s.batch_norm else None

    def _add_decoder(self, s: Settings) -> None:
        """Adds the layers from z and the last event to the logits of the next event."""
        self.first = layers.Dense(2 * s.decoder, "tanh")
        self.z_in = layers.Dense(s.embedding, use_bias=False)
        self.decoder = LSTM(s.decoder, return_sequences=True)
        self.out = layers.Dense(s.tokens)
        shape = (s.melody_steps, s.embedding)
        small = initializers.RandomNormal(stddev=0.05)
        self.places = self.add_weight(shape=shape, initializer=small, name="places")

    def encode(self, events, training: bool = False) -> tuple:
        """Returns mu and sigma (B, Z) of melodies (B, T)."""
        x = self.events(events)
        forwards = self.forwards(x, training=training)
        backwards = self.backwards(x, training=training)
        h = ops.concatenate([forwards, backwards], axis=1)
        mu = self.mu(h)
        if self.norm is not None:
            normed = self.norm(mu, training=training)
            mu = normed * self.settings.batch_norm
        sigma = self.sigma(h)
        # The loss is in float32 with mixed precision too.
        return ops.cast(mu, "float32"), ops.cast(sigma, "float32")

    def teacher_forced(self, z, before, training: bool = False):
        """Returns the logits (B, T, V) from z (B, Z) and the events before each."""
        s = self.settings
        x_z = self.z_in(z)[:, None]
        x = self.inputs(before) + self.places + x_z
        first = self.first(z)
        states = ops.split(first, 2, axis=1)
        h = self.decoder(x, initial_state=states, training=training)
        h = ops.reshape(h, (-1, s.melody_steps, s.decoder))
        return ops.cast(self.out(h), "float32")

    def call(self, events, training: bool = False):
        s = self.settings
        events = self._as_events(events)
        mu, sigma = self.encode(events, training)
        z = mu + sigma * self._noise_like(mu)
        before = self._shift(events)
        if training and s.sampling:
            before = self.sample_inputs(z, before)
        if training and s.word_dropout:
            before = self.hide_inputs(before)
        logits = self.teacher_forced(z, before, training)
        return {"logits": logits, "mu": mu, "sigma": sigma}

    def _noise_like(self, mu):
        """Returns normal noise (B, Z): on several devices the rows of what all draw."""
        if not self.is_shared:
            return keras.random.normal(ops.shape(mu), seed=self.noise)
        size = (self.settings.batch, self.settings.latent)
        return distribution.own_rows(keras.random.normal(size, seed=self.noise))

    def train_step(self, *arguments):
        """Trains on a batch; on several devices each has its share of the rows.

        Their gradients are summed before they are clipped, so that the step is that of
        one device. Keras would clip each of them first.
        """
        count = distribution.replicas()
        if count == 1:
            return super().train_step(*arguments)
        (data,) = arguments
        events, *_ = data
        self.__dict__["is_shared"] = True
        rows = distribution.own_rows(events)
        weights = self.trainable_weights
        loss, gradients = distribution.gradients_of(lambda: self._loss_of(rows), weights)
        self.__dict__["is_shared"] = False
        shared = distribution.summed(gradients)
        clipped = distribution.clipped(shared, self.optimizer.global_clipnorm)
        # The optimizer sums once more over the devices, which now have the same.
        self.optimizer.apply([gradient / count for gradient in clipped], weights)
        self._loss_tracker.update_state(loss * count, sample_weight=ops.shape(rows)[0])
        return self.get_metrics_result()

    def _loss_of(self, events):
        return self.compute_loss(events, y_pred=self(events, training=True))

    def _as_events(self, x):
        """Returns melodies as int32 (B, T), of which Keras does not always know T."""
        steps = self.settings.melody_steps
        events = ops.cast(x, "int32")
        return ops.reshape(events, (-1, steps))

    def _shift(self, events):
        """Returns the events before each of (B, T); the first one is the start."""
        start = self.settings.tokens
        one_later = ((0, 0), (1, 0))
        return ops.pad(events[:, :-1], one_later, constant_values=start)

    def sample_inputs(self, z, before):
        """Puts the model's own draws in place of some input events: scheduled sampling.

        A first pass from z (B, Z) and the true inputs `before` (B, T) draws them.
        """
        s = self.settings
        logits = ops.stop_gradient(self.teacher_forced(z, before))
        rows = ops.reshape(logits, (-1, s.tokens))
        draws = keras.random.categorical(rows, 1, seed=self.noise)
        drawn = self._shift(self._as_events(draws))
        chosen = self._choose(before, s.sampling)
        return ops.where(chosen, drawn, before)

    def hide_inputs(self, before):
        """Puts the start in place of some input events (B, T): word dropout."""
        start = self.settings.tokens
        chosen = self._choose(before, self.settings.word_dropout)
        return ops.where(chosen, start, before)

    def _choose(self, events, share: float):
        """Returns True for a share of the events (B, T), at random."""
        chance = keras.random.uniform(ops.shape(events), seed=self.noise)
        return chance < share

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        events = self._as_events(x)
        logits = y_pred["logits"]
        mu = y_pred["mu"]
        sigma = y_pred["sigma"]
        costs = keras.losses.sparse_categorical_crossentropy(events, logits, from_logits=True)
        cost = ops.sum(costs, axis=1)
        kl = (ops.square(mu) + ops.square(sigma) - 1) / 2 - ops.log(sigma)
        self._update_means(events, logits, cost, kl)
        beyond = self._kl_beyond_free_bits(kl)
        loss = ops.mean(cost) + self.beta * beyond
        # Keras sums the losses of several devices.
        count = distribution.replicas()
        return loss if count == 1 else loss / count

    def _kl_beyond_free_bits(self, kl):
        """Returns the part of the KL (B, Z) that costs something, in nats, a mean."""
        s = self.settings
        if s.free_bits_each:
            of_dimensions = ops.mean(kl, axis=0)
            beyond = of_dimensions - s.free_bits_each * LN2
            return ops.sum(ops.maximum(beyond, 0))
        of_melodies = ops.sum(kl, axis=1)
        beyond = of_melodies - s.free_bits * LN2
        return ops.mean(ops.maximum(beyond, 0))

    def _update_means(self, events, logits, cost, kl) -> None:
        """Updates the metrics from cost (B,), KL (B, Z) and the logits' accuracy."""
        kl_bits = ops.sum(kl, axis=1) / LN2
        likeliest = ops.argmax(logits, axis=-1)
        correct = ops.equal(ops.cast(likeliest, "int32"), events)
        correct = ops.cast(correct, "float32")
        self.means["cost"].update_state(cost)
        self.means["kl_bits"].update_state(kl_bits)
        self.means["teacher_forced"].update_state(correct)

    def set_beta(self, step: int, steps: int) -> None:
        """Sets beta by the share of the planned training steps that is done."""
        s = self.settings
        waited = step / steps - s.wait + 1e-9
        rise = max(s.ramp - s.wait, 1e-9)
        share = float(np.clip(waited / rise, 0, 1))
        self.beta.assign(s.beta * share)

    def validate(self, events: np.ndarray) -> dict[str, float]:
        """Returns the measures of melodies (N, T) for the curves of a training.

        `validation` is the loss with the last beta, so that all values of a training
        compare.
        """
        beta = float(ops.convert_to_numpy(self.beta))
        self.beta.assign(self.settings.beta)
        means = models_training.mean_scores(self, self._in_batches(events))
        self.beta.assign(beta)
        scores = {VALIDATION_NAMES[name]: value for name, value in means.items()}
        predicted = self.predict_on_batch(events.astype(np.int32))
        # Several devices have each predicted all.
        mu = predicted["mu"][: len(events)]
        sigma = predicted["sigma"][: len(events)]
        noise = np.random.default_rng(self.settings.seed).standard_normal(mu.shape)
        correct = self.free_running.decode(mu) == events
        correct_drawn = self.free_running.decode(mu + sigma * noise) == events
        scores["validation_free_running"] = float(correct.mean())
        scores["validation_free_running_drawn"] = float(correct_drawn.mean())
        scores["validation_exact"] = float(correct.all(axis=1).mean())
        return scores

    def _in_batches(self, events: np.ndarray) -> Iterator[tuple[np.ndarray]]:
        """Yields all melodies (N, T) in batches; the last one may be smaller."""
        size = self.settings.batch
        for first in range(0, len(events), size):
            batch = events[first : first + size]
            yield (batch.astype(np.int32),)

    def tensors(self) -> dict[str, Any]:
        """Returns the weights by their names in a weights file, as in `NumpyMusicVAE`.

        A batch norm is folded into mu.
        """
        tensors = {
            "events": self.events.embeddings,
            "inputs": self.inputs.embeddings,
            "places": self.places,
            "z_W": self.z_in.kernel,
        }
        tensors |= _lstm_tensors("encoder", self.forwards)
        tensors |= _lstm_tensors("reverse", self.backwards)
        tensors |= _lstm_tensors("decoder", self.decoder)
        tensors |= _dense_tensors("mu", self.mu)
        tensors |= _dense_tensors("sigma", self.sigma)
        tensors |= _dense_tensors("first", self.first)
        tensors |= _dense_tensors("out", self.out)
        if self.norm is not None:
            tensors |= self._normed_mu(self.norm)
        return tensors

    def _normed_mu(self, norm: layers.BatchNormalization) -> dict[str, Any]:
        """Returns the kernel and bias of mu with the batch norm folded into them."""
        fixed_scale = self.settings.batch_norm
        scale = fixed_scale / ops.sqrt(norm.moving_variance + EPSILON)
        kernel = self.mu.kernel * scale
        centred = self.mu.bias - norm.moving_mean
        bias = centred * scale + fixed_scale * norm.beta
        return {"mu_W": kernel, "mu_b": bias}

    def arrays(self) -> dict[str, np.ndarray]:
        """Returns what `tensors` does, in NumPy."""
        tensors = self.tensors()
        return {name: ops.convert_to_numpy(tensor) for name, tensor in tensors.items()}

    def begin_from(self, arrays: dict[str, np.ndarray]) -> None:
        """Takes over the weights of a file.

        For shorter melodies than the file's, the first of its places are taken.
        Raises: UserError where they are of another model.
        """
        places = arrays.get("places", np.zeros(0))
        arrays = arrays | {"places": places[: self.settings.melody_steps]}
        tensors = self.tensors()
        expected = {name: tuple(tensor.shape) for name, tensor in tensors.items()}
        # A file has more arrays than these: the fitted posterior.
        shapes = {name: array.shape for name, array in arrays.items() if name in expected}
        if self.norm is not None or shapes != expected:
            raise UserError(
                "The weights to begin from are of another size than this model; "
                "give it the settings of their card."
            )
        for name, tensor in tensors.items():
            tensor.assign(arrays[name].astype(np.float32))


def _lstm_tensors(name: str, layer: LSTM) -> dict[str, Any]:
    cell = layer.cell
    W = cell.kernel
    U = cell.recurrent_kernel
    return {f"{name}_W": W, f"{name}_U": U, f"{name}_b": cell.bias}


def _dense_tensors(name: str, layer: layers.Dense) -> dict[str, Any]:
    return {f"{name}_W": layer.kernel, f"{name}_b": layer.bias}


class CompiledDecoder(keras.Model):
    """The decoder as one compiled loop over the steps, for many melodies.

    It does what `NumpyMusicVAE.decode` does, in float32.
    """

    def __init__(self, vae: MusicVAE):
        super().__init__()
        # Not tracked: the loop has no weights of its own.
        self.__dict__["vae"] = vae
        self.compile(jit_compile=False)

    def call(self, inputs):
        z, noise = inputs
        s = self.vae.settings
        cells = NumpyMusicVAE(self.vae.tensors(), "float32", ops)
        h, c, *terms = cells.begin(z)
        B = ops.shape(z)[0]
        T = s.melody_steps

        def unfinished(t, *state):
            return t < T

        def step(t, last, heard, h, c, drawn):
            noise_t = ops.take(noise, t, axis=0)
            event, heard, h, c = cells.step(t, last, heard, h, c, terms, noise_t)
            drawn = ops.slice_update(drawn, (t, 0), event[None])
            return t + 1, event, heard, h, c, drawn

        last = ops.full((B,), s.tokens, "int32")
        heard = ops.full((B,), NOTHING, "int32")
        drawn = ops.zeros((T, B), "int32")
        start = (0, last, heard, h, c, drawn)
        final = ops.while_loop(unfinished, step, start, maximum_iterations=T)
        return ops.transpose(final[-1])

    def decode(
        self, z: np.ndarray, temperature: float = 0.0, rng: np.random.Generator | None = None
    ) -> np.ndarray:
        """Returns the melodies of z (B, Z): canonical events, uint8 (B, T).

        Each event is the likeliest one at temperature 0, and drawn above it.
        """
        s = self.vae.settings
        z = np.asarray(z, np.float32)
        shape = (s.melody_steps, len(z), s.tokens)
        noise = gumbel_noise(shape, temperature, rng)
        noise = np.broadcast_to(noise, shape).astype(np.float32)
        events = self.predict_on_batch((z, noise))[: len(z)]
        return events.astype(np.uint8)
