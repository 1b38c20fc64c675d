"""MusicVAE in NumPy: reads the weights, encodes, decodes and samples, without Keras."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from lyricgen import progress
from lyricgen.files import DataError, UserError
from lyricgen.models.lstm.cell import states_from
from lyricgen.models.musicvae.settings import WRITTEN
from lyricgen.models.sampling import gumbel_noise
from lyricgen.models.weights import WEIGHTS, load_weights
from lyricgen.music import keys
from lyricgen.music.melody import EVENTS, HOLD, REST

# The shipped weights: melodies of two bars.
NAME = "musicvae"

# Rounds of the walk after a draw, and how far z is from the middle of its distribution,
# as a share of what would be fair: both chosen on the validation split.
ROUNDS = 8
SPREAD = 0.7

# What is heard before a step: a rest, a note, or nothing because the melody starts.
SILENCE = 0
SOUND = 1
NOTHING = 2

# Added to the logits: a canonical melody has no rest in silence and does not start with
# a hold.
FORBIDDEN = np.zeros((3, EVENTS))
FORBIDDEN[SILENCE, REST] = -1e9
FORBIDDEN[NOTHING, HOLD] = -1e9


class NumpyMusicVAE:
    """A MusicVAE by its arrays: the NumPy twin of `MusicVAE`.

    A bidirectional LSTM encodes a melody into z; an LSTM decoder reads z and the last
    event at every step. With V events, embedding sizes E and D, N units of the encoder
    in each direction, H units of the decoder, Z dimensions and T steps, the arrays are:

    - events (V, E); encoder_W, reverse_W (E, 4N), encoder_U, reverse_U (N, 4N),
      encoder_b, reverse_b (4N,); mu_W, sigma_W (2N, Z), mu_b, sigma_b (Z,);
    - first_W (Z, 2H), first_b (2H,): from z to the decoder's first h and c;
    - inputs (V + 1, D), places (T, D), z_W (Z, D): the decoder reads the sum of all
      three;
    - decoder_W (D, 4H), decoder_U (H, 4H), decoder_b (4H,); out_W (H, V), out_b (V,);
    - posterior_mean (Z,), posterior_factor (Z, Z): the Gaussian of the aggregate
      posterior;
    - mixture_weights (K,), mixture_means (K, Z), mixture_factors (K, Z, Z): a finer
      fit.

    `xp` is NumPy, or `keras.ops` for the compiled loop of network.py. `key` is one of
    the settings' KEYS and says how the melodies that it learned were moved.
    Source: Roberts et al. 2018.
    Notebook: training_musicvae
    """

    def __init__(self, arrays: dict, dtype: str = "float64", xp: Any = np, key: str = WRITTEN):
        self.xp = xp
        self.key = key
        self.dtype = dtype
        convert = np.asarray if xp is np else xp.convert_to_tensor
        self.a = {name: convert(array, dtype) for name, array in arrays.items()}

    @classmethod
    def load(cls, name: str = NAME, folder: Path | str = WEIGHTS) -> NumpyMusicVAE:
        """Loads the shipped model, or another one from a folder.

        Raises: DataError where its files are damaged or hold another model.
        """
        arrays, card = load_weights(name, folder)
        if card.get("model") != "musicvae" or "decoder_U" not in arrays:
            raise DataError(
                f"{Path(folder) / name}.npz is no MusicVAE: its card says {card.get('model')!r}."
            )
        key = card.get("data", {}).get("key", WRITTEN)
        return cls(arrays, key=key)

    @property
    def one_key(self) -> bool:
        """Whether the melodies that it learned were moved to C major."""
        return self.key != WRITTEN

    @property
    def steps(self) -> int:
        """The steps of a melody, T."""
        return self.a["places"].shape[0]

    @property
    def latent(self) -> int:
        """The dimensions of z."""
        return self.a["mu_b"].shape[0]

    def encode(self, events: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Returns mu and sigma of melodies (B, T), each (B, Z), in NumPy.

        Raises: UserError for melodies of another length.
        Notebook: training_musicvae
        """
        events = np.asarray(events, np.int64)
        if events.ndim != 2 or events.shape[1] != self.steps:
            raise UserError(
                f"These melodies have the shape {events.shape}; the model takes (B, {self.steps})."
            )
        forwards = self._last_h("encoder", events)
        backwards = self._last_h("reverse", events[:, ::-1])
        h = np.concatenate([forwards, backwards], axis=1)
        mu = self._dense("mu", h)
        a_sigma = self._dense("sigma", h)
        return mu, np.logaddexp(0, a_sigma)

    def move(self, events: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Returns melodies (B, T) in the key of the model, and by how much each moved.

        For a model of one key they are moved to C by their estimated key; another one
        takes them as they are.
        """
        if self.one_key:
            return keys.move_to_c(events)
        return events, np.zeros(len(events), int)

    def encode_as_written(self, events: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Returns mu and sigma (B, Z) of melodies in any key, and the semitones moved.

        `decode_as_written` takes the semitones (B,) and moves melodies back.
        Raises: UserError for melodies of another length.
        Notebook: sampling_musicvae
        """
        moved, shift = self.move(np.asarray(events))
        mu, sigma = self.encode(moved)
        return mu, sigma, shift

    def decode_as_written(
        self,
        z: np.ndarray,
        shift: np.ndarray,
        temperature: float = 0.0,
        rng: np.random.Generator | None = None,
    ) -> np.ndarray:
        """Returns the melodies of z (B, Z), uint8 (B, T), moved down by semitones (B,).

        One that would leave the pitches stays in the key of the model.
        Notebook: sampling_musicvae
        """
        events = self.decode(z, temperature, rng)
        written, _ = keys.move(events, -np.asarray(shift))
        return written

    def _dense(self, name: str, x: Any) -> Any:
        """Returns x W + b of a dense layer."""
        W = self.a[f"{name}_W"]
        b = self.a[f"{name}_b"]
        return self.xp.matmul(x, W) + b

    def _last_h(self, direction: str, events: np.ndarray) -> np.ndarray:
        """Returns the last h (B, N) of "encoder" or "reverse" over events (B, T)."""
        W = self.a[f"{direction}_W"]
        U = self.a[f"{direction}_U"]
        b = self.a[f"{direction}_b"]
        # There are few events, so x W + b of each is computed once.
        a_events = self.a["events"] @ W + b  # (V, 4N)
        shape = (len(events), len(U))
        h = np.zeros(shape, self.dtype)
        c = np.zeros(shape, self.dtype)
        for t in range(self.steps):
            event = events[:, t]
            a = a_events[event] + h @ U
            h, c = states_from(a, c)
        return h

    def begin(self, z: Any) -> tuple:
        """Returns what decoding needs: h, c (B, H) and three pre-activations.

        z (B, Z) gives the first h and c.

        The input of a step is a sum, so its pre-activation is one too: a_z (B, 4H) of
        z, with the bias; a_inputs (V + 1, 4H) of each event; a_places (T, 4H) of each
        step.
        """
        xp = self.xp
        states = xp.tanh(self._dense("first", z))
        h, c = xp.split(states, 2, axis=1)
        W = self.a["decoder_W"]
        x_z = xp.matmul(z, self.a["z_W"])
        a_z = xp.matmul(x_z, W) + self.a["decoder_b"]
        a_inputs = xp.matmul(self.a["inputs"], W)
        a_places = xp.matmul(self.a["places"], W)
        return h, c, a_z, a_inputs, a_places

    def decoder_step(self, t: Any, last: Any, h: Any, c: Any, terms: Sequence) -> tuple:
        """Returns the logits (B, V) of step t, after the events `last`, and h and c."""
        xp = self.xp
        a_z, a_inputs, a_places = terms
        a_last = xp.take(a_inputs, last, axis=0)
        a_place = xp.take(a_places, t, axis=0)
        a_x = a_last + a_place + a_z
        a_h = xp.matmul(h, self.a["decoder_U"])
        h, c = states_from(a_x + a_h, c, xp)
        return self._dense("out", h), h, c

    def logits(self, z: np.ndarray, events: np.ndarray) -> np.ndarray:
        """Returns the logits (B, T, V) of each event after the true ones before it.

        z (B, Z), events (B, T): teacher forcing, in NumPy.
        Notebook: training_musicvae
        """
        events = np.asarray(events)
        z = np.asarray(z, self.dtype)
        h, c, *terms = self.begin(z)
        last = self._start(len(h))
        logits = []
        for t in range(self.steps):
            logits_t, h, c = self.decoder_step(t, last, h, c, terms)
            logits.append(logits_t)
            last = events[:, t]
        return np.stack(logits, axis=1)

    def _start(self, count: int) -> np.ndarray:
        """Returns the event that stands before the first step, (count,)."""
        inputs = self.a["inputs"]
        return np.full(count, len(inputs) - 1)

    def step(
        self, t: Any, last: Any, heard: Any, h: Any, c: Any, terms: Sequence, noise: Any
    ) -> tuple:
        """Returns the events (B,) of step t in free running, and heard, h, c after it.

        `last` (B,) are the events of the step before; `heard` (B,) is SILENCE, SOUND or
        NOTHING, which say what may not come next; `terms` are those of `begin`. An
        event has the largest logit + noise (B, V) of those that keep the melody
        canonical.
        """
        xp = self.xp
        scores, h, c = self._scores(t, last, heard, h, c, terms)
        event = xp.argmax(scores + noise, axis=1)
        if xp is not np:
            event = xp.cast(event, "int32")
        return event, self._hear(event, heard), h, c

    def _scores(self, t: Any, last: Any, heard: Any, h: Any, c: Any, terms: Sequence) -> tuple:
        """Returns the logits (B, V) of step t, with what may not come ruled out."""
        scores, h, c = self.decoder_step(t, last, h, c, terms)
        # A model of anything but melodies, of onset patterns say, has no such rules.
        if scores.shape[1] == EVENTS:
            scores = scores + self._forbidden(heard)
        return scores, h, c

    def _hear(self, event: Any, heard: Any) -> Any:
        """Returns what is heard (B,) after events (B,), given what was heard before."""
        heard_now = self.xp.where(event == REST, SILENCE, SOUND)
        return self.xp.where(event == HOLD, heard, heard_now)

    def _forbidden(self, heard: Any) -> Any:
        """Returns what is added to the logits (B, V), given what is heard (B,)."""
        xp = self.xp
        forbidden = FORBIDDEN
        if xp is not np:
            forbidden = xp.convert_to_tensor(FORBIDDEN, self.dtype)
        return xp.take(forbidden, heard, axis=0)

    def decode(
        self, z: np.ndarray, temperature: float = 0.0, rng: np.random.Generator | None = None
    ) -> np.ndarray:
        """Returns the melodies of z (B, Z): canonical events, uint8 (B, T).

        Each event is the likeliest one (temperature 0), or a draw: the largest of the
        logits plus Gumbel noise times the temperature is a draw at that temperature.
        Raises: UserError for a temperature below 0.
        Notebook: training_musicvae, sampling_musicvae
        """
        z = np.asarray(z, self.dtype)
        h, c, *terms = self.begin(z)
        vocabulary_size = self.a["out_b"].shape[0]
        shape = (self.steps, len(h), vocabulary_size)
        noise = gumbel_noise(shape, temperature, rng)
        last = self._start(len(h))
        heard = np.full(len(h), NOTHING)
        events = []
        for t in range(self.steps):
            last, heard, h, c = self.step(t, last, heard, h, c, terms, noise[t])
            events.append(last)
        return np.stack(events, axis=1).astype(np.uint8)

    def likeliest_after_draws(
        self, z: np.ndarray, rng: np.random.Generator, temperature: float = 1.0
    ) -> np.ndarray:
        """Returns the likeliest event of each step after the model's own draws.

        The decoder writes a melody of random draws from each z (B, Z), as `decode` does
        at the temperature. Of each step of it the likeliest event is kept, which is
        often not the one that is drawn: uint8 (B, T), not canonical.
        Source: Roberts et al. 2018, table 1 (sampling accuracy).
        Notebook: training_musicvae
        """
        z = np.asarray(z, self.dtype)
        h, c, *terms = self.begin(z)
        shape = (self.steps, len(h), self.a["out_b"].shape[0])
        noise = gumbel_noise(shape, temperature, rng)
        last = self._start(len(h))
        heard = np.full(len(h), NOTHING)
        likeliest = []
        for t in range(self.steps):
            scores, h, c = self._scores(t, last, heard, h, c, terms)
            likeliest.append(scores.argmax(axis=1))
            last = (scores + noise[t]).argmax(axis=1)
            heard = self._hear(last, heard)
        return np.stack(likeliest, axis=1).astype(np.uint8)

    def draw(
        self,
        count: int,
        rng: np.random.Generator,
        prior: bool = False,
        gaussian: bool = False,
        spread: float = 1.0,
    ) -> np.ndarray:
        """Draws z (count, Z) from the mixture fitted to the aggregate posterior.

        With `gaussian`, and for weights without a mixture, from the one Gaussian that
        is fitted to it; with `prior`, from the prior. The standard deviations are those
        of the distribution times `spread`: below 1 more draws are typical, and they are
        more alike.
        Notebook: sampling_musicvae
        """
        noise = spread * rng.standard_normal((count, self.latent))
        if prior:
            return noise
        if gaussian or "mixture_weights" not in self.a:
            factor = self.a["posterior_factor"]
            return self.a["posterior_mean"] + noise @ factor.T
        weights = self.a["mixture_weights"]
        probabilities = weights / weights.sum()
        k = rng.choice(len(weights), count, p=probabilities)
        factors = self.a["mixture_factors"][k]
        offsets = np.einsum("nij,nj->ni", factors, noise)
        return self.a["mixture_means"][k] + offsets

    def walk(
        self,
        z: np.ndarray,
        rounds: int,
        rng: np.random.Generator,
        temperature: float = 0.5,
        spread: float = 1.0,
    ) -> np.ndarray:
        """Moves z (B, Z) to where melodies are, and returns the new z.

        In each round a melody is drawn from z at the temperature and encoded, and z is
        drawn from its posterior, whose standard deviations are taken times `spread`.
        Source: Rezende, Mohamed and Wierstra 2014 (the Markov chain for missing data).
        Notebook: sampling_musicvae
        """
        for _ in progress.bar(range(rounds), "walking"):
            events = self.decode(z, temperature, rng)
            mu, sigma = self.encode(events)
            noise = spread * rng.standard_normal(mu.shape)
            z = mu + sigma * noise
        return z

    def sample(
        self,
        count: int,
        rng: np.random.Generator,
        temperature: float = 0.5,
        rounds: int = ROUNDS,
        spread: float = SPREAD,
    ) -> np.ndarray:
        """Writes new melodies: canonical events, uint8 (count, T).

        z is drawn from the fitted mixture and walks for some rounds, both with the
        spread; then a melody is drawn from it at the temperature.
        Notebook: sampling_musicvae
        """
        z = self.draw(count, rng, spread=spread)
        z = self.walk(z, rounds, rng, spread=spread)
        return self.decode(z, temperature, rng)


def in_batches(function: Callable, *arrays: np.ndarray, size: int = 256) -> Any:
    """Calls a function on `size` rows at a time and puts the results together.

    The result is an array, or a tuple of arrays where the function returns a tuple.
    """
    results = []
    for first in progress.bar(range(0, len(arrays[0]), size), "melodies"):
        batch = [array[first : first + size] for array in arrays]
        results.append(function(*batch))
    if isinstance(results[0], tuple):
        return tuple(np.concatenate(column) for column in zip(*results))
    return np.concatenate(results)
