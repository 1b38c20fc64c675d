"""The models of 16 bars in NumPy: they read their weights and write tunes.

Both need the model of two bars, whose latents they learned. B tunes, S segments of 32
steps, Z dimensions of the z of a segment; x are such z in the units of the file.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from lyricgen.files import DataError, read_card
from lyricgen.models.longer.data import to_melodies
from lyricgen.models.longer.settings import SEGMENTS
from lyricgen.models.lstm.cell import lstm_step, sigmoid
from lyricgen.models.musicvae.bits import step_costs
from lyricgen.models.musicvae.inference import NAME as TWO_BARS
from lyricgen.models.musicvae.inference import NumpyMusicVAE, in_batches
from lyricgen.models.sampling import pick_token
from lyricgen.models.weights import WEIGHTS, load_weights
from lyricgen.music.keys import C_MAJOR
from lyricgen.music.melody import FIRST_ONSET, LOWEST

# The weights of the song VAE and of the latent language model
SONG_NAME = "longer_song"
LATENT_NAME = "longer_latents"

# What their cards name as the model
SONG_MODEL = "longer_song"
LATENT_MODEL = "longer_latents"

# Of pairs of segments, the earlier and the later one
EARLIER, LATER = np.triu_indices(SEGMENTS, 1)

# The logit of what cannot be chosen
NEVER = -1e9

# Where nothing is drawn, a segment is a copy whose gate is above this. A wrong copy
# loses nearly half of its steps, and a segment that is written anew only a tenth.
CERTAIN = 0.7

# Rounds of the walk of a new segment, and the temperature of its draw
ROUNDS = 2
TEMPERATURE = 0.5

# The smallest and the largest ln sigma of a Gaussian of the latent language model
LOG_SIGMA = (-2.5, 4.0)

# How often, at most, a segment is drawn until it stays in the key
TRIES = 4

Arrays = dict[str, np.ndarray]


class Tunes(NamedTuple):
    """Tunes that a model wrote.

    segments: canonical uint8 (B, S, 32).
    source: int (B, S), of which segment each is the copy; of itself where it is new.
    drawn, accepted: how many new segments were drawn, and how many of them were kept
        because they stay in the key.
    """

    segments: np.ndarray
    source: np.ndarray
    drawn: int = 0
    accepted: int = 0

    @property
    def events(self) -> np.ndarray:
        """The tunes as melodies, canonical uint8 (B, 32 S)."""
        return to_melodies(self.segments)

    @property
    def acceptance(self) -> float:
        """The share of the draws that were kept."""
        return self.accepted / max(1, self.drawn)


class _SegmentModel:
    """What both models have: arrays, and the model of two bars that they read."""

    def __init__(self, arrays: Arrays, vae: NumpyMusicVAE, dtype: str = "float64"):
        self.vae = vae
        self.dtype = dtype
        self.a = {name: np.asarray(array, dtype) for name, array in arrays.items()}

    def read(self, mu: np.ndarray) -> np.ndarray:
        """Returns x of the z of segments, both (..., Z)."""
        return (mu - self.a["offset"]) / self.a["scale"]

    def write(self, x: np.ndarray) -> np.ndarray:
        """Returns the z of segments from x, both (..., Z)."""
        return x * self.a["scale"] + self.a["offset"]

    def encode_segments(self, segments: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Returns x and its sigma, (B, S, Z) each, of canonical segments (B, S, 32).

        Equal segments have exactly equal x: each different one is encoded once.
        """
        B, S, T = segments.shape
        distinct, index = np.unique(segments.reshape(-1, T), axis=0, return_inverse=True)
        mu, sigma = in_batches(self.vae.encode, distinct)
        shape = (B, S, -1)
        index = index.reshape(-1)
        x = self.read(mu)[index].reshape(shape)
        return x, (sigma / self.a["scale"])[index].reshape(shape)

    def _dense(self, name: str, x: np.ndarray) -> np.ndarray:
        """Returns x W + b of a dense layer."""
        return x @ self.a[f"{name}_W"] + self.a[f"{name}_b"]

    def _lstm(self, name: str, x: np.ndarray, h: np.ndarray, c: np.ndarray) -> tuple:
        """Returns h and c (B, H) after one step of an LSTM that reads x (B, D)."""
        a = self.a
        return lstm_step(x, h, c, a[f"{name}_W"], a[f"{name}_U"], a[f"{name}_b"])

    def _no_state(self, name: str, count: int) -> tuple[np.ndarray, np.ndarray]:
        """Returns h and c (count, H) of zeros."""
        H = len(self.a[f"{name}_U"])
        return np.zeros((count, H), self.dtype), np.zeros((count, H), self.dtype)


def _load(model: str, name: str, folder: Path, two_bars: tuple[str, Path]) -> tuple:
    """Returns arrays and the model of two bars, after it was checked that they fit.

    Raises: DataError for weights of another model, and for those that learned the
        latents of another model of two bars than there is.
    """
    arrays, card = load_weights(name, folder)
    if card.get("model") != model:
        raise DataError(f"{folder / name}.npz is no {model}: its card says {card.get('model')!r}.")
    vae_name, vae_folder = two_bars
    digest = read_card(Path(vae_folder) / f"{vae_name}.json").get("sha256")
    learned = card.get("data", {}).get("two_bars")
    if digest != learned:
        raise DataError(
            f"{folder / name}.npz learned the latents of a model of two bars with the SHA-256 "
            f"{learned}; {vae_name}.npz has {digest}. Train it again: train longer --help."
        )
    return arrays, NumpyMusicVAE.load(vae_name, vae_folder)


def resolve_copies(
    gates: np.ndarray, pointers: np.ndarray, rng: np.random.Generator | None = None
) -> np.ndarray:
    """Returns of which segment each is a copy, int (B, S); of itself where it is new.

    gates (B, S): how likely a segment is a copy. pointers (B, S, S): how likely each is
    its source. Without `rng` a segment is a copy where that is CERTAIN enough, of the
    likeliest one; with it both are drawn. A copy of a copy names the first of them.
    Notebook: longer_melodies
    """
    B, S = gates.shape
    source = np.tile(np.arange(S), (B, 1))
    rows = np.arange(B)
    # The first segment has nothing to copy.
    for s in range(1, S):
        if rng is None:
            is_copy = gates[:, s] > CERTAIN
            pointed = pointers[:, s, :s].argmax(axis=1)
        else:
            is_copy = rng.random(B) < gates[:, s]
            pointed = pick_token(pointers[:, s, :s], rng.random(B))
        source[:, s] = np.where(is_copy, source[rows, pointed], s)
    return source


def segment_costs(vae: NumpyMusicVAE, z: np.ndarray, segments: np.ndarray) -> np.ndarray:
    """Returns what segments (B, S, 32) cost from their z (B, S, Z), in bits (B, S)."""
    B, S, T = segments.shape

    def costs_of(z: np.ndarray, events: np.ndarray) -> np.ndarray:
        costs, _ = step_costs(vae, z, events)
        return costs

    costs = in_batches(costs_of, z.reshape(B * S, -1), segments.reshape(B * S, T))
    return costs.reshape(B, S)


def in_c_major(segments: np.ndarray) -> Any:
    """Tells of melodies (..., T) whether all their notes are in C major: bool (...)."""
    events = np.asarray(segments, int)
    white = np.isin((events + LOWEST - FIRST_ONSET) % 12, C_MAJOR)
    return np.all(white | (events < FIRST_ONSET), axis=-1)


def softmax(logits: np.ndarray) -> np.ndarray:
    """Returns the shares of logits (..., K)."""
    p = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return p / p.sum(axis=-1, keepdims=True)


def log_sum_exp(a: np.ndarray) -> np.ndarray:
    """Returns ln of the sum of exp(a), over the last axis."""
    top = a.max(axis=-1)
    return top + np.log(np.exp(a - top[..., None]).sum(axis=-1))


class NumpySongVAE(_SegmentModel):
    """A song VAE by its arrays: the NumPy twin of `SongVAE`.

    With N units of the encoder in each direction, Z dimensions of the z of a song, H
    units and D inputs of the conductor, S = 8 segments of z of G dimensions:

    - offset, scale, spread (G,): x = (mu - offset) / scale has standard deviations
      `spread`;
    - encoder_W, reverse_W (G, 4N), encoder_U, reverse_U (N, 4N), encoder_b, reverse_b
      (4N,);
    - mu_W, sigma_W (S G, Z), mu_b, sigma_b (Z,), mu_h, sigma_h (2N, Z), mu_e (28, Z);
    - first_W (Z, 2H), first_b (2H,), inputs_W (Z, D), inputs_b (D,), places (S, D);
    - conductor_W (D, 4H), conductor_U (H, 4H), conductor_b (4H,); out_W (H, G), out_b
      (G,), out_z (Z, S G), out_c (S G,);
    - gate_W (H, 1), gate_b (1,), gate_z (Z, S); pointer_W (H, S), pointer_b (S,),
      pointer_z (Z, S S); only where there are pointers;
    - posterior_mean (Z,), posterior_factor (Z, Z): the Gaussian of the aggregate
      posterior.

    Source: Roberts et al. 2018, section 3.2.
    Notebook: longer_melodies
    """

    @classmethod
    def load(
        cls,
        name: str = SONG_NAME,
        folder: Path | str = WEIGHTS,
        two_bars: tuple[str, Path] = (TWO_BARS, WEIGHTS),
    ) -> NumpySongVAE:
        """Loads the shipped model and the model of two bars, or others from folders.

        Raises: DataError where files are damaged or do not fit each other.
        """
        return cls(*_load(SONG_MODEL, name, Path(folder), two_bars))

    @property
    def latent(self) -> int:
        """The dimensions of the z of a song."""
        return self.a["mu_b"].shape[0]

    @property
    def has_pointers(self) -> bool:
        """Whether a segment can be a copy of an earlier one."""
        return "gate_W" in self.a

    def encode(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Returns mu and sigma (B, Z) of the segments x (B, S, G) of tunes.

        Notebook: longer_melodies
        """
        a = self.a
        f = x.reshape(len(x), -1)
        h = np.concatenate([self._last_h("encoder", x), self._last_h("reverse", x[:, ::-1])], 1)
        difference = x[:, EARLIER] - x[:, LATER]
        e = np.exp(-(difference**2).sum(axis=-1) / 2)
        mu = self._dense("mu", f) + h @ a["mu_h"] + e @ a["mu_e"]
        a_sigma = self._dense("sigma", f) + h @ a["sigma_h"]
        return mu, np.logaddexp(0, a_sigma)

    def _last_h(self, direction: str, x: np.ndarray) -> np.ndarray:
        """Returns the last h (B, N) of "encoder" or "reverse" over x (B, S, G)."""
        scaled = x / self.a["spread"]
        h, c = self._no_state(direction, len(x))
        for s in range(x.shape[1]):
            h, c = self._lstm(direction, scaled[:, s], h, c)
        return h

    def conduct(self, z: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Returns what the conductor says of each segment, from z (B, Z).

        Returns: y (B, S, G), the segment if it is new; gates (B, S), how likely it is a
            copy; pointers (B, S, S), how likely each earlier one is its source.
        Notebook: longer_melodies
        """
        a = self.a
        h, c = np.split(np.tanh(self._dense("first", z)), 2, axis=1)
        inputs = self._dense("inputs", z)
        steps = []
        for s in range(SEGMENTS):
            h, c = self._lstm("conductor", inputs + a["places"][s], h, c)
            steps.append(h)
        states = np.stack(steps, axis=1)  # (B, S, H)
        linear = (z @ a["out_z"] + a["out_c"]).reshape(len(z), SEGMENTS, -1)
        y = self._dense("out", states) + linear
        nothing = np.zeros((len(z), SEGMENTS, SEGMENTS))
        if not self.has_pointers:
            return y, nothing[:, 0], nothing
        gates = sigmoid(self._dense("gate", states)[..., 0] + z @ a["gate_z"])
        gates[:, 0] = 0
        logits = self._dense("pointer", states) + (z @ a["pointer_z"]).reshape(nothing.shape)
        earlier = np.tri(SEGMENTS, k=-1)
        pointers = softmax(np.where(earlier > 0, logits, NEVER)) * earlier
        return y, gates, pointers

    def decode(
        self, z: np.ndarray, rng: np.random.Generator | None = None, rounds: int = 0
    ) -> Tunes:
        """Returns the tunes of z (B, Z); the events of a segment are decoded greedily.

        `rng` is that of `resolve_copies`. A copy has the events of its source. New
        segments walk `rounds` rounds before they are decoded.
        Notebook: longer_melodies
        """
        y, gates, pointers = self.conduct(np.asarray(z, self.dtype))
        source = resolve_copies(gates, pointers, rng)
        B, S, _ = y.shape
        is_new = source == np.arange(S)
        z_new = self.write(y[is_new])
        if rounds:
            z_new = self.vae.walk(z_new, rounds, rng or np.random.default_rng(), TEMPERATURE)
        segments = np.zeros((B, S, self.vae.steps), np.uint8)
        segments[is_new] = in_batches(self.vae.decode, z_new)
        copied = np.take_along_axis(segments, source[..., None], axis=1)
        return Tunes(copied, source)

    def cost(self, z: np.ndarray, segments: np.ndarray) -> np.ndarray:
        """Returns what windows (B, S, 32) cost from the z of a song, in bits (B,).

        A segment is new and costs what the decoder of two bars needs for its events, or
        a copy of one that it equals: the cost is that of the mixture of both.
        """
        y, gates, pointers = self.conduct(z)
        costs = segment_costs(self.vae, self.write(y), segments)
        equal = (segments[:, :, None] == segments[:, None]).all(axis=-1)
        p_copy = gates * (pointers * equal).sum(axis=-1)
        p_new = (1 - gates) * 2.0**-costs
        return -np.log2(p_new + p_copy).sum(axis=1)

    def draw(self, count: int, rng: np.random.Generator, prior: bool = False) -> np.ndarray:
        """Draws z (count, Z) from the aggregate posterior's Gaussian, or the prior."""
        noise = rng.standard_normal((count, self.latent))
        if prior:
            return noise
        return self.a["posterior_mean"] + noise @ self.a["posterior_factor"].T

    def sample(
        self, count: int, rng: np.random.Generator, prior: bool = False, rounds: int = ROUNDS
    ) -> Tunes:
        """Writes new tunes from the aggregate posterior, or from the prior.

        Notebook: longer_melodies
        """
        return self.decode(self.draw(count, rng, prior), rng, rounds)


class Prediction(NamedTuple):
    """What a latent language model says of the next segment of B tunes.

    gate (B,): how likely it is a copy; pointers (B, s): of which of the s earlier ones.
    log_weights (B, K), means (B, K, Z), log_sigmas (B, K, Z): the mixture of a new one.
    """

    gate: np.ndarray
    pointers: np.ndarray
    log_weights: np.ndarray
    means: np.ndarray
    log_sigmas: np.ndarray


class NumpyLatentLanguageModel(_SegmentModel):
    """A latent language model by its arrays: the NumPy twin of `LatentLanguageModel`.

    It is an autoregressive prior p(z_s | x_1 ... x_(s-1)) over the z of segments, where
    x are the mu of the earlier ones. An LSTM reads them, and its state attends to them;
    a segment is a draw from a mixture of Gaussians, or a copy of an earlier one. With H
    units, A dimensions of the attention and K Gaussians:

    - offset, scale, spread (Z,): x = (mu - offset) / scale has standard deviations
      `spread`;
    - begin (H,), inputs_W (Z, H), inputs_b (H,), places (S, H), flags (2, H): the input
      of the first segment, of the others, and what is added to both;
    - lstm_W, lstm_U (H, 4H), lstm_b (4H,); query_W (H, A), query_b (A,), key_W, value_W
      (Z, A), lags (S,); joint_W (H + A, H), joint_b (H,);
    - weights_W (H, K), weights_b (K,), means_W, sigmas_W (H, K Z), means_b, sigmas_b (K
      Z,), mix (K, Z, Z): they are of z (1 + M), M being mix above its diagonal;
    - gate_W (H, 1), gate_b (1,), copy (Z,): ln sigma of a copy.

    Source: Chen et al. 2017 (autoregressive priors); Bishop 1994 (mixture density
    networks); Merity et al. 2017 (pointers in a language model).
    Notebook: longer_melodies
    """

    @classmethod
    def load(
        cls,
        name: str = LATENT_NAME,
        folder: Path | str = WEIGHTS,
        two_bars: tuple[str, Path] = (TWO_BARS, WEIGHTS),
    ) -> NumpyLatentLanguageModel:
        """Loads the shipped model and the model of two bars, or others from folders.

        Raises: DataError where files are damaged or do not fit each other.
        """
        return cls(*_load(LATENT_MODEL, name, Path(folder), two_bars))

    @property
    def has_pointers(self) -> bool:
        """Whether a segment can be a copy of an earlier one."""
        return "gate_W" in self.a

    @property
    def mixing(self) -> np.ndarray:
        """What z is multiplied by before each Gaussian, (K, Z, Z): 1 + M."""
        mix = self.a["mix"]
        return np.eye(mix.shape[1]) + np.triu(mix, 1)

    def step(
        self, x: np.ndarray, flags: np.ndarray, h: np.ndarray, c: np.ndarray
    ) -> tuple[Prediction, np.ndarray, np.ndarray]:
        """Returns what comes after the segments x (B, s, Z), and the new h and c.

        flags (B, 2): whether the tune begins, and whether it ends, with these 16 bars.
        """
        a = self.a
        B, s, _ = x.shape
        scaled = x / a["spread"]
        begin = np.tile(a["begin"], (B, 1))
        inputs = self._dense("inputs", scaled[:, -1]) if s else begin
        inputs = inputs + a["places"][s] + flags @ a["flags"]
        h, c = self._lstm("lstm", inputs, h, c)
        query = self._dense("query", h)  # (B, A)
        keys = scaled @ a["key_W"]  # (B, s, A)
        lags = a["lags"][s - np.arange(s)]
        logits = np.einsum("ba,bsa->bs", query, keys) / np.sqrt(query.shape[1]) + lags
        pointers = softmax(logits) if s else np.zeros((B, 0))
        values = scaled @ a["value_W"]
        context = np.einsum("bs,bsa->ba", pointers, values)
        joint = np.tanh(self._dense("joint", np.concatenate([h, context], axis=1)))
        gate = np.zeros(B)
        if s and self.has_pointers:
            gate = sigmoid(self._dense("gate", joint)[:, 0])
        logits_of_weights = self._dense("weights", joint)
        log_weights = logits_of_weights - log_sum_exp(logits_of_weights)[:, None]
        shape = (B, log_weights.shape[1], -1)
        means = self._dense("means", joint).reshape(shape) * a["spread"]
        log_sigmas = np.clip(self._dense("sigmas", joint).reshape(shape), *LOG_SIGMA)
        return Prediction(gate, pointers, log_weights, means, log_sigmas), h, c

    def log_density(self, z: np.ndarray, x: np.ndarray, prediction: Prediction) -> np.ndarray:
        """Returns ln p of the next z (B, Z), in the units of x, after x (B, s, Z)."""
        mixed = np.einsum("bi,kij->bkj", z, self.mixing)
        new = log_normal(mixed, prediction.means, prediction.log_sigmas)
        as_new = log_sum_exp(prediction.log_weights + new)
        if x.shape[1] == 0 or not self.has_pointers:
            return as_new
        copies = log_normal(z[:, None], x, self.a["copy"])
        with np.errstate(divide="ignore"):
            as_copy = log_sum_exp(np.log(prediction.pointers) + copies)
            return np.logaddexp(
                np.log1p(-prediction.gate) + as_new, np.log(prediction.gate) + as_copy
            )

    def kl(
        self, x: np.ndarray, sigma: np.ndarray, flags: np.ndarray, rng: np.random.Generator
    ) -> tuple[np.ndarray, np.ndarray]:
        """Returns the KL of each segment (B, S), in nats, by one z of each, and z.

        x, sigma (B, S, Z): the posteriors; the KL of a segment is ln q(z) - ln p(z |
        earlier x).
        Returns also z (B, S, Z), in the units of x.
        Notebook: longer_melodies
        """
        noise = rng.standard_normal(x.shape)
        z = x + sigma * noise
        log_q = log_normal(z, x, np.log(sigma))
        h, c = self._no_state("lstm", len(x))
        kl = []
        for s in range(x.shape[1]):
            prediction, h, c = self.step(x[:, :s], flags, h, c)
            kl.append(log_q[:, s] - self.log_density(z[:, s], x[:, :s], prediction))
        return np.stack(kl, axis=1), z

    def sample(
        self,
        count: int,
        rng: np.random.Generator,
        tau: float = 0.5,
        rounds: int = ROUNDS,
        tries: int = 1,
        flags: tuple[bool, bool] = (True, True),
    ) -> Tunes:
        """Writes new tunes, one segment after another.

        A new segment is drawn with its noise times tau, walks `rounds` rounds and is
        decoded greedily; what is decoded is encoded again for the next one. A copy has
        the events of its source. With more than one of `tries`, a new segment with a
        note outside C major is drawn again, so often at most. `flags` say whether the
        tune begins and ends here.
        Notebook: longer_melodies
        """
        Z = self.a["spread"].shape[0]
        flag_rows = np.tile(np.asarray(flags, self.dtype), (count, 1))
        x = np.zeros((count, 0, Z))
        segments = np.zeros((count, SEGMENTS, self.vae.steps), np.uint8)
        source = np.tile(np.arange(SEGMENTS), (count, 1))
        h, c = self._no_state("lstm", count)
        drawn = accepted = 0
        for s in range(SEGMENTS):
            prediction, h, c = self.step(x, flag_rows, h, c)
            is_copy = rng.random(count) < prediction.gate
            if is_copy.any():
                pointed = pick_token(prediction.pointers, rng.random(count))
                found = source[np.arange(count), pointed]
                source[is_copy, s] = found[is_copy]
            new = np.flatnonzero(~is_copy)
            written, counts = self._write_new(prediction, new, rng, (tau, rounds, tries))
            segments[new, s] = written
            drawn += counts[0]
            accepted += counts[1]
            segments[:, s] = segments[np.arange(count), source[:, s]]
            mu, _ = in_batches(self.vae.encode, segments[:, s])
            x = np.concatenate([x, self.read(mu)[:, None]], axis=1)
        return Tunes(segments, source, drawn, accepted)

    def _write_new(
        self,
        prediction: Prediction,
        rows: np.ndarray,
        rng: np.random.Generator,
        options: tuple[float, int, int],
    ) -> tuple[np.ndarray, tuple[int, int]]:
        """Returns new segments for some rows, and how many were drawn and accepted."""
        tau, rounds, tries = options
        segments = np.zeros((len(rows), self.vae.steps), np.uint8)
        pending = np.arange(len(rows))
        drawn = accepted = 0
        for _ in range(tries):
            if not len(pending):
                break
            x = self._draw(prediction, rows[pending], rng, tau)
            z = self.vae.walk(self.write(x), rounds, rng, TEMPERATURE)
            segments[pending] = in_batches(self.vae.decode, z)
            fits = in_c_major(segments[pending])
            drawn += len(pending)
            accepted += int(fits.sum())
            pending = pending[~fits]
        return segments, (drawn, accepted)

    def _draw(
        self, prediction: Prediction, rows: np.ndarray, rng: np.random.Generator, tau: float
    ) -> np.ndarray:
        """Returns a draw x (n, Z) of the mixture of each of some rows."""
        k = pick_token(np.exp(prediction.log_weights[rows]), rng.random(len(rows)))
        noise = rng.standard_normal((len(rows), prediction.means.shape[-1]))
        sigma = np.exp(prediction.log_sigmas[rows, k])
        mixed = prediction.means[rows, k] + tau * sigma * noise
        inverse = np.linalg.inv(self.mixing)
        return np.einsum("bi,bij->bj", mixed, inverse[k])


def log_normal(z: Any, mean: Any, log_sigma: Any) -> Any:
    """Returns ln N(z; mean, sigma²), summed over the last axis."""
    scaled = (z - mean) / np.exp(log_sigma)
    return -(scaled**2 / 2 + log_sigma + np.log(2 * np.pi) / 2).sum(axis=-1)
