"""The models of 16 bars in Keras: the song VAE and the latent language model."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import keras
import numpy as np
from keras import initializers, layers, ops

from lyricgen.files import UserError
from lyricgen.models import training as models_training
from lyricgen.models.longer.settings import (
    COPY_VARIANCE,
    SEGMENTS,
    LatentSettings,
    SongSettings,
)
from lyricgen.models.lstm.layer import LSTM

LN2 = float(np.log(2))

# Added to the logits of what cannot be chosen
NEVER = -1e9

# The logit of a gate that cannot open: the first segment has nothing to copy
CLOSED = -1e4

# How fast beta follows the KL, and by how much it changes at most, at each step
CONTROL = 0.1
LARGEST_CHANGE = 0.03

# The smallest and the largest ln sigma of a Gaussian of the latent language model
LOG_SIGMA = (-2.5, 4.0)

# The largest norm of a gradient
CLIP = 50.0

# Of pairs of segments, the earlier and the later one
EARLIER, LATER = np.triu_indices(SEGMENTS, 1)

# Added to the logits of pointers (S, S): a segment points to earlier ones alone
ONLY_EARLIER = np.where(np.tri(SEGMENTS, k=-1) > 0, 0, NEVER).astype(np.float32)


def squared_distances(x: Any) -> Any:
    """Returns the squared distance of each two segments of x (B, S, Z): (B, S, S).

    It is exactly 0 for two that are equal.
    """
    difference = x[:, :, None] - x[:, None]
    return ops.sum(ops.square(difference), axis=-1)


def _first_gate_closed() -> np.ndarray:
    closed = np.zeros(SEGMENTS, np.float32)
    closed[0] = CLOSED
    return closed


def _scaled(scale: float) -> initializers.Initializer:
    """Returns Glorot's initializer with a variance of scale² times its own."""
    return initializers.VarianceScaling(scale**2, "fan_avg", "uniform")


def _linear(units: int, scale: float) -> layers.Dense:
    return layers.Dense(units, use_bias=False, kernel_initializer=_scaled(scale))


class Weights:
    """What both models have: their arrays by the names of a weights file."""

    def tensors(self) -> dict[str, Any]:
        """Returns the weights by their names in a weights file."""
        raise NotImplementedError

    def arrays(self) -> dict[str, np.ndarray]:
        """Returns what `tensors` does, in NumPy."""
        tensors = self.tensors()
        return {name: ops.convert_to_numpy(tensor) for name, tensor in tensors.items()}

    def begin_from(self, arrays: dict[str, np.ndarray]) -> None:
        """Takes over the weights of a file.

        Raises: UserError where they are of another model.
        """
        tensors = self.tensors()
        expected = {name: tuple(tensor.shape) for name, tensor in tensors.items()}
        shapes = {name: array.shape for name, array in arrays.items() if name in expected}
        if shapes != expected:
            raise UserError(
                "The weights to begin from are of another size than this model; "
                "give it the settings of their card."
            )
        for name, tensor in tensors.items():
            tensor.assign(arrays[name].astype(np.float32))


def lstm_tensors(name: str, layer: LSTM) -> dict[str, Any]:
    """Returns the weights of an LSTM by their names in a weights file."""
    cell = layer.cell
    W, U = cell.kernel, cell.recurrent_kernel
    return {f"{name}_W": W, f"{name}_U": U, f"{name}_b": cell.bias}


def dense_tensors(name: str, layer: layers.Dense) -> dict[str, Any]:
    """Returns the weights of a dense layer by their names in a weights file."""
    tensors = {f"{name}_W": layer.kernel}
    if layer.use_bias:
        tensors[f"{name}_b"] = layer.bias
    return tensors


class SongEncoder(layers.Layer):
    """The encoder of 16 bars: from x (B, S, Z) to mu and sigma (B, Z) of the song.

    mu = f A + h H + e E: f are all numbers of x side by side, h the last states of an
    LSTM in each direction over x, and e the likeness exp(-d²/2) of each two segments,
    which is 1 exactly for copies. A begins with the principal components, so that
    training begins where a linear map ends.
    Notebook: longer_melodies
    """

    def __init__(self, settings: SongSettings):
        super().__init__()
        Z = settings.latent
        self.spread = self.add_weight(
            shape=(settings.segment,), initializer="ones", trainable=False, name="spread"
        )
        self.forwards = LSTM(settings.encoder)
        self.backwards = LSTM(settings.encoder, go_backwards=True)
        self.mu = layers.Dense(Z)
        self.mu_h = _linear(Z, 0.1)
        self.mu_e = _linear(Z, 2.0)
        self.sigma = layers.Dense(Z, kernel_initializer=_scaled(0.01))
        self.sigma_h = _linear(Z, 0.01)

    def begin(self, start: dict[str, np.ndarray]) -> None:
        """Sets the linear part to the principal components."""
        self.spread.assign(start["spread"])
        self.mu.kernel.assign(start["mu_W"])
        self.mu.bias.assign(start["mu_b"])
        inverse_softplus = np.log(np.expm1(start["sigma"]))
        self.sigma.bias.assign(inverse_softplus)

    def call(self, x: Any, training: bool = False) -> tuple:
        f = ops.reshape(x, (-1, x.shape[1] * x.shape[2]))
        scaled = x / self.spread
        forwards = self.forwards(scaled, training=training)
        backwards = self.backwards(scaled, training=training)
        h = ops.concatenate([forwards, backwards], axis=1)
        distance = squared_distances(x)
        pairs = ops.reshape(distance, (-1, SEGMENTS * SEGMENTS))
        e = ops.exp(-ops.take(pairs, EARLIER * SEGMENTS + LATER, axis=1) / 2)
        mu = self.mu(f) + self.mu_h(h) + self.mu_e(e)
        sigma = ops.softplus(self.sigma(f) + self.sigma_h(h))
        return mu, sigma

    def tensors(self) -> dict[str, Any]:
        """Returns the weights by their names in a weights file."""
        return {
            "spread": self.spread,
            **lstm_tensors("encoder", self.forwards),
            **lstm_tensors("reverse", self.backwards),
            **dense_tensors("mu", self.mu),
            "mu_h": self.mu_h.kernel,
            "mu_e": self.mu_e.kernel,
            **dense_tensors("sigma", self.sigma),
            "sigma_h": self.sigma_h.kernel,
        }


class Conductor(layers.Layer):
    """The conductor: from the z of a song (B, Z) to its segments.

    An LSTM makes 8 steps, each of which says what the segment is if it is new, y (B, S,
    Z), how likely it is a copy (the logits of the gates, (B, S)), and of which earlier
    segment (the logits of the pointers, (B, S, S)); without pointers the two are None.
    y has a linear part, too, which begins with the principal components.
    Source: Roberts et al. 2018, section 3.2 (conductor); Vinyals, Fortunato and Jaitly
    2015 (pointers).
    Notebook: longer_melodies
    """

    def __init__(self, settings: SongSettings):
        super().__init__()
        self.settings = settings
        self.first = layers.Dense(2 * settings.conductor, "tanh")
        self.inputs = layers.Dense(settings.inputs)
        shape = (SEGMENTS, settings.inputs)
        small = initializers.RandomNormal(stddev=0.05)
        self.places = self.add_weight(shape=shape, initializer=small, name="places")
        self.lstm = LSTM(settings.conductor, return_sequences=True)
        self.out = layers.Dense(settings.segment, kernel_initializer=_scaled(0.3))
        self.out_z = layers.Dense(SEGMENTS * settings.segment)
        if settings.pointers:
            self.gate = layers.Dense(1, bias_initializer=initializers.Constant(-1.0))
            self.gate_z = _linear(SEGMENTS, 1.0)
            self.pointer = layers.Dense(SEGMENTS)
            self.pointer_z = _linear(SEGMENTS * SEGMENTS, 1.0)

    def begin(self, start: dict[str, np.ndarray]) -> None:
        """Sets the linear part to the principal components."""
        self.out_z.kernel.assign(start["out_W"])
        self.out_z.bias.assign(start["out_b"])

    def call(self, z: Any, training: bool = False) -> tuple:
        states = ops.split(self.first(z), 2, axis=1)
        x = self.inputs(z)[:, None] + self.places
        h = self.lstm(x, initial_state=states, training=training)
        shape = (-1, SEGMENTS, self.settings.segment)
        y = self.out(h) + ops.reshape(self.out_z(z), shape)
        if not self.settings.pointers:
            return y, None, None
        gates = ops.squeeze(self.gate(h), axis=-1) + self.gate_z(z)
        pointers = self.pointer(h) + ops.reshape(self.pointer_z(z), (-1, SEGMENTS, SEGMENTS))
        return y, gates + _first_gate_closed(), pointers + ONLY_EARLIER

    def tensors(self) -> dict[str, Any]:
        """Returns the weights by their names in a weights file."""
        return {
            **dense_tensors("first", self.first),
            **dense_tensors("inputs", self.inputs),
            "places": self.places,
            **lstm_tensors("conductor", self.lstm),
            **dense_tensors("out", self.out),
            "out_z": self.out_z.kernel,
            "out_c": self.out_z.bias,
            **self._pointer_tensors(),
        }

    def _pointer_tensors(self) -> dict[str, Any]:
        """Returns the weights of gates and pointers, where there are any."""
        if not self.settings.pointers:
            return {}
        return {
            **dense_tensors("gate", self.gate),
            "gate_z": self.gate_z.kernel,
            **dense_tensors("pointer", self.pointer),
            "pointer_z": self.pointer_z.kernel,
        }


class ControlledVAE(keras.Model, Weights):
    """A VAE whose KL is held at a target, by a controller of beta.

    A subclass has `call`, which returns mu, sigma and more, and `costs_of`, what each
    tune costs from z, in nats (B,). Models with the same KL can be compared by their
    reconstruction.
    Notebook: longer_melodies
    """

    def __init__(self, settings: SongSettings):
        super().__init__()
        self.settings = settings
        beta = initializers.Constant(settings.beta)
        self.beta = self.add_weight(shape=(), initializer=beta, trainable=False, name="beta")
        self.noise = keras.random.SeedGenerator(settings.seed)
        self.means = {name: keras.metrics.Mean(name) for name in ("cost", "kl_bits", "beta")}

    def draw(self, mu: Any, sigma: Any) -> Any:
        """Returns a z of each posterior (B, Z)."""
        return mu + sigma * keras.random.normal(ops.shape(mu), seed=self.noise)

    def costs_of(self, x: Any, predicted: dict[str, Any]) -> Any:
        """Returns what each tune costs from z, in nats (B,)."""
        raise NotImplementedError

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        mu, sigma = y_pred["mu"], y_pred["sigma"]
        costs = self.costs_of(x, y_pred)
        kl = (ops.square(mu) + ops.square(sigma) - 1) / 2 - ops.log(sigma)
        cost = ops.mean(costs)
        kl_nats = ops.mean(ops.sum(kl, axis=1))
        self.means["cost"].update_state(cost)
        self.means["kl_bits"].update_state(kl_nats / LN2)
        self.means["beta"].update_state(self.beta)
        loss = cost + ops.stop_gradient(ops.convert_to_tensor(self.beta)) * kl_nats
        if training:
            self._control(kl_nats / LN2)
        return loss

    def _control(self, kl_bits: Any) -> None:
        """Raises beta where the KL is above its target, and lowers it below."""
        excess = kl_bits / self.settings.target - 1
        change = ops.clip(CONTROL * excess, -LARGEST_CHANGE, LARGEST_CHANGE)
        self.beta.assign(self.beta * ops.exp(ops.stop_gradient(change)))

    def validate(self, batches: Iterator[tuple]) -> dict[str, float]:
        """Returns the measures of batches for the curves of a training.

        `validation` is the cost plus the KL times the beta of the settings, so that all
        values of a training compare.
        """
        means = models_training.mean_scores(self, batches)
        cost, kl_bits = means["cost"], means["kl_bits"]
        validation = cost + self.settings.beta * LN2 * kl_bits
        return {
            "validation": validation,
            "validation_cost": cost,
            "validation_kl_bits": kl_bits,
        }


@keras.saving.register_keras_serializable("lyricgen")
class SongVAE(ControlledVAE):
    """A VAE of tunes of 8 segments, x (B, S, Z): an encoder and a conductor.

    A segment is new, and then costs |x - y|²/2, or it is a copy of an earlier one,
    which costs nothing where the two are equal. The cost is that of the mixture of
    both. The bits that say which of them it is count several times (`form`): a wrong
    copy loses two bars, though it costs few bits. The decoder of the model of two bars
    makes the segments' events afterwards; it stays as it is.
    Source: Roberts et al. 2018, section 3.2.
    Notebook: longer_melodies
    """

    def __init__(self, settings: SongSettings, start: dict[str, np.ndarray]):
        super().__init__(settings)
        self.encoder = SongEncoder(settings)
        self.conductor = Conductor(settings)
        adam = keras.optimizers.Adam(settings.rate, global_clipnorm=CLIP)
        self.compile(adam, jit_compile=False)
        # A first call builds the layers.
        self(np.zeros((2, SEGMENTS, settings.segment), np.float32))
        # Only now: what is assigned while the layers are being built is lost.
        self.encoder.begin(start)
        self.conductor.begin(start)

    def call(self, x, training: bool = False):
        mu, sigma = self.encoder(x, training=training)
        z = self.draw(mu, sigma)
        y, gates, pointers = self.conductor(z, training=training)
        predicted = {"mu": mu, "sigma": sigma, "y": y}
        if self.settings.pointers:
            predicted |= {"gates": gates, "pointers": pointers}
        return predicted

    def costs_of(self, x: Any, predicted: dict[str, Any]) -> Any:
        as_new = -ops.sum(ops.square(x - predicted["y"]), axis=-1) / 2
        if not self.settings.pointers:
            return -ops.sum(as_new, axis=1)
        times = self.settings.form
        log_pointers = times * ops.log_softmax(predicted["pointers"], axis=-1)
        copies = log_pointers - squared_distances(x) / (2 * COPY_VARIANCE)
        log_copy = times * ops.log_sigmoid(predicted["gates"])
        log_new = times * ops.log_sigmoid(-predicted["gates"])
        as_copy = log_copy + ops.logsumexp(copies, axis=-1)
        return -ops.sum(ops.logaddexp(log_new + as_new, as_copy), axis=1)

    def tensors(self) -> dict[str, Any]:
        return self.encoder.tensors() | self.conductor.tensors()


def _strictly_upper(size: int) -> np.ndarray:
    """Returns ones above the diagonal, (size, size)."""
    return np.triu(np.ones((size, size), np.float32), 1)


def log_normal(z: Any, mean: Any, log_sigma: Any) -> Any:
    """Returns ln N(z; mean, sigma²), summed over the last axis."""
    scaled = (z - mean) * ops.exp(-log_sigma)
    terms = ops.square(scaled) / 2 + log_sigma + float(np.log(2 * np.pi)) / 2
    return -ops.sum(terms, axis=-1)


@keras.saving.register_keras_serializable("lyricgen")
class LatentLanguageModel(keras.Model, Weights):
    """A language model of segments: p(z_s | x_1 ... x_(s-1)), with pointers.

    It is a prior of the model of two bars in place of the normal one, so its loss is
    the KL of 8 posteriors from it, in nats. x are mu of the earlier segments and never
    drawn: what is decoded in sampling is encoded again.

    A batch is one array (B, S, 2Z + 3): x, its sigma, the two flags of the tune
    (begins, ends), and 1 for a segment that counts.
    Source: Chen et al. 2017 (autoregressive priors); Merity et al. 2017 (pointers).
    Notebook: longer_melodies
    """

    def __init__(self, settings: LatentSettings, spread: np.ndarray):
        super().__init__()
        self.settings = settings
        self._add_reading(settings)
        self._add_mixture(settings)
        self.noise = keras.random.SeedGenerator(settings.seed)
        self.bits = keras.metrics.Mean("kl_bits")
        adam = keras.optimizers.Adam(settings.rate, global_clipnorm=CLIP)
        self.compile(adam, jit_compile=False)
        # A first call builds the layers.
        self(np.zeros((2, SEGMENTS, 2 * settings.segment + 3), np.float32))
        self.spread.assign(spread)
        # Of x and of its noise, with sigma about 1
        log_sigma = np.log(np.sqrt(spread**2 + 1))
        self.sigmas.bias.assign(np.tile(log_sigma, settings.components))

    def _add_reading(self, s: LatentSettings) -> None:
        """Adds what reads the earlier segments: the LSTM and the attention."""
        Z, H = s.segment, s.hidden
        small = initializers.RandomNormal(stddev=0.05)
        self.spread = self.add_weight(
            shape=(Z,), initializer="ones", trainable=False, name="spread"
        )
        self.begin = self.add_weight(shape=(H,), initializer=small, name="begin")
        self.inputs_x = layers.Dense(H)
        self.places = self.add_weight(shape=(SEGMENTS, H), initializer=small, name="places")
        self.flags = layers.Dense(H, use_bias=False)
        self.lstm = LSTM(H, return_sequences=True)
        self.query = layers.Dense(s.attention)
        self.key = layers.Dense(s.attention, use_bias=False)
        self.value = layers.Dense(s.attention, use_bias=False)
        self.lags = self.add_weight(shape=(SEGMENTS,), initializer="zeros", name="lags")
        self.joint = layers.Dense(H, "tanh")
        self.drop = layers.Dropout(s.dropout, seed=s.seed)
        self.drop_joint = layers.Dropout(s.dropout, seed=s.seed + 1)

    def _add_mixture(self, s: LatentSettings) -> None:
        """Adds what says of the next segment what it is: a Gaussian, or a copy."""
        Z, K = s.segment, s.components
        self.weights_of = layers.Dense(K)
        self.means = layers.Dense(K * Z)
        self.sigmas = layers.Dense(K * Z, kernel_initializer=_scaled(0.1))
        self.mix = self.add_weight(shape=(K, Z, Z), initializer="zeros", name="mix")
        if s.pointers:
            self.gate = layers.Dense(1, bias_initializer=initializers.Constant(-1.0))
            self.copy = self.add_weight(shape=(Z,), initializer="zeros", name="copy")

    def call(self, batch, training: bool = False):
        s = self.settings
        Z = s.segment
        x, sigma = batch[..., :Z], batch[..., Z : 2 * Z]
        flags = batch[:, 0, 2 * Z : 2 * Z + 2]
        z = x + sigma * keras.random.normal(ops.shape(x), seed=self.noise)
        scaled = x / self.spread
        joint, pointers = self._read(scaled, flags, training)
        as_new = self._log_new(z, joint)
        if not s.pointers:
            return {"log_p": as_new}
        gates = ops.squeeze(self.gate(joint), axis=-1) + _first_gate_closed()
        copies = log_normal(z[:, :, None], x[:, None], self.copy)  # (B, S, S)
        as_copy = ops.logsumexp(ops.log_softmax(pointers, axis=-1) + copies, axis=-1)
        log_new = ops.log_sigmoid(-gates) + as_new
        log_copy = ops.log_sigmoid(gates) + as_copy
        return {"log_p": ops.logaddexp(log_new, log_copy)}

    def _read(self, scaled: Any, flags: Any, training: bool) -> tuple[Any, Any]:
        """Returns what is known before each segment (B, S, H), and pointers' logits."""
        begin = ops.zeros_like(scaled[:, :1, :1]) + self.begin
        earlier = self.inputs_x(scaled[:, :-1])
        inputs = ops.concatenate([begin, earlier], axis=1)
        inputs = inputs + self.places + self.flags(flags)[:, None]
        inputs = self.drop(inputs, training=training)
        h = self.lstm(inputs, training=training)
        query, key, value = self.query(h), self.key(scaled), self.value(scaled)
        lag = np.maximum(np.arange(SEGMENTS)[:, None] - np.arange(SEGMENTS), 0)
        scores = ops.einsum("bsa,bja->bsj", query, key) / float(np.sqrt(self.settings.attention))
        pointers = scores + ops.take(self.lags, lag) + ONLY_EARLIER
        # The first segment has nothing to attend to.
        attention = ops.softmax(pointers, axis=-1) * np.tri(SEGMENTS, k=-1, dtype=np.float32)
        context = ops.einsum("bsj,bja->bsa", attention, value)
        joint = self.joint(ops.concatenate([h, context], axis=-1))
        return self.drop_joint(joint, training=training), pointers

    def _log_new(self, z: Any, joint: Any) -> Any:
        """Returns ln p of z (B, S, Z) as new segments, by the mixture: (B, S).

        Each Gaussian is of z (1 + M), where its M (Z, Z) is strictly upper triangular:
        the determinant is 1, and the numbers of z may depend on each other.
        """
        s = self.settings
        mixing = self.mix * _strictly_upper(s.segment)
        mixed = z[:, :, None] + ops.einsum("bsi,kij->bskj", z, mixing)
        shape = (-1, SEGMENTS, s.components, s.segment)
        log_weights = ops.log_softmax(self.weights_of(joint), axis=-1)
        means = ops.reshape(self.means(joint), shape) * self.spread
        log_sigmas = ops.clip(ops.reshape(self.sigmas(joint), shape), *LOG_SIGMA)
        log_p = log_normal(mixed, means, log_sigmas)
        return ops.logsumexp(log_weights + log_p, axis=-1)

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        Z = self.settings.segment
        sigma, counts = x[..., Z : 2 * Z], x[..., -1]
        # The mean of -ln q(z) over z is the entropy.
        entropy = ops.sum(ops.log(sigma) + float(np.log(2 * np.pi * np.e)) / 2, axis=-1)
        kl = ops.sum((-entropy - y_pred["log_p"]) * counts, axis=1)
        self.bits.update_state(kl / LN2)
        return ops.mean(kl)

    def validate(self, batches: Iterator[tuple]) -> dict[str, float]:
        """Returns the KL of batches, in bits, for the curves of a training."""
        means = models_training.mean_scores(self, batches)
        return {"validation": means["kl_bits"]}

    def tensors(self) -> dict[str, Any]:
        tensors = {
            "spread": self.spread,
            "begin": self.begin,
            **dense_tensors("inputs", self.inputs_x),
            "places": self.places,
            "flags": self.flags.kernel,
            **lstm_tensors("lstm", self.lstm),
            **dense_tensors("query", self.query),
            **dense_tensors("key", self.key),
            **dense_tensors("value", self.value),
            "lags": self.lags,
            **dense_tensors("joint", self.joint),
            **dense_tensors("weights", self.weights_of),
            **dense_tensors("means", self.means),
            **dense_tensors("sigmas", self.sigmas),
            "mix": self.mix,
        }
        if self.settings.pointers:
            tensors |= dense_tensors("gate", self.gate) | {"copy": self.copy}
        return tensors
