"""The shipped MusicVAE, read and run without TensorFlow: encode, decode and sample in NumPy, float64."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from lyricgen.files import DataError, UserError
from lyricgen.models.sampling import gumbel_noise
from lyricgen.models.weights import WEIGHTS, load_weights
from lyricgen.music.melody import EVENTS, HOLD, REST

NAME = "musicvae"  # the shipped weights: melodies of two bars


ROUNDS = 8  # of the walk after a draw; chosen on the validation part


SILENCE, SOUND, NOTHING = range(3)  # what is heard before a step


FORBIDDEN = np.zeros((3, EVENTS))  # what that adds to the logits


FORBIDDEN[SILENCE, REST] = FORBIDDEN[NOTHING, HOLD] = -1e9


class NumpyMusicVAE:
    """A MusicVAE by its arrays: a bidirectional LSTM encoder, z, and an LSTM decoder that reads z and the last event at every step.

    Arrays: events (V, E) and encoder_* / reverse_* W, U, b; mu_W, mu_b, sigma_W, sigma_b; first_W, first_b (z to the decoder's first h and c);
    inputs (V + 1, D), places (T, D), z_W (Z, D), decoder_W, U, b, out_W, out_b; posterior_mean (Z,) and posterior_factor (Z, Z), the aggregate
    posterior's Gaussian; mixture_weights (K,), mixture_means (K, Z), mixture_factors (K, Z, Z), a finer one of K Gaussians. `xp` is NumPy, or
    `keras.ops` for the compiled loop of network.py. Source: Roberts et al. 2018. Notebook: 08_training_musicvae
    """

    def __init__(self, arrays: dict, dtype: str = "float64", xp=np):
        self.xp, self.dtype = xp, dtype
        self.a = {
            key: np.asarray(value, dtype) if xp is np else xp.convert_to_tensor(value, dtype)
            for key, value in arrays.items()
        }

    @classmethod
    def load(cls, name: str = NAME, folder: Path = WEIGHTS) -> NumpyMusicVAE:
        """The shipped model, or another one in a folder; raises DataError where its files are damaged or hold another model."""
        arrays, card = load_weights(name, folder)
        if card.get("model") != "musicvae" or "decoder_U" not in arrays:
            raise DataError(
                f"{folder / name}.npz is no MusicVAE: its card says {card.get('model')!r}."
            )
        return cls(arrays)

    @property
    def steps(self) -> int:
        """The steps of a melody, T."""
        return self.a["places"].shape[0]

    @property
    def latent(self) -> int:
        """The dimensions of z."""
        return self.a["mu_b"].shape[0]

    def _cell(self, gates, h, c, U):
        """One LSTM step from gates = x W + b, (B, 4H): the new h and c."""
        xp = self.xp
        i, f, g, o = xp.split(gates + xp.matmul(h, U), 4, axis=1)
        i, f, o = ((1 + xp.tanh(value / 2)) / 2 for value in (i, f, o))
        c = f * c + i * xp.tanh(g)
        return o * xp.tanh(c), c

    def encode(self, events: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """mu and sigma of melodies (B, T), each (B, Z), in NumPy. Raises UserError for melodies of another length. Notebook: 08_training_musicvae"""
        events, a, last = np.asarray(events, np.int64), self.a, []
        if events.ndim != 2 or events.shape[1] != self.steps:
            raise UserError(
                f"These melodies have the shape {events.shape}; the model takes (B, {self.steps})."
            )
        for name, order in (
            ("encoder", range(self.steps)),
            ("reverse", reversed(range(self.steps))),
        ):
            table, U = a["events"] @ a[f"{name}_W"] + a[f"{name}_b"], a[f"{name}_U"]
            h = c = np.zeros((len(events), len(U)), self.dtype)
            for t in order:
                h, c = self._cell(table[events[:, t]], h, c, U)
            last.append(h)
        h = np.concatenate(last, axis=1)
        return h @ a["mu_W"] + a["mu_b"], np.logaddexp(0, h @ a["sigma_W"] + a["sigma_b"])

    def begin(self, z) -> tuple:
        """What decoding needs of z (B, Z): h, c, the gates' part that stays, and the tables of input events and of places."""
        xp, a = self.xp, self.a
        h, c = xp.split(xp.tanh(xp.matmul(z, a["first_W"]) + a["first_b"]), 2, axis=1)
        stays = xp.matmul(xp.matmul(z, a["z_W"]), a["decoder_W"]) + a["decoder_b"]
        return (
            h,
            c,
            stays,
            xp.matmul(a["inputs"], a["decoder_W"]),
            xp.matmul(a["places"], a["decoder_W"]),
        )

    def logits(self, z: np.ndarray, events: np.ndarray) -> np.ndarray:
        """The logits (B, T, V) of each event after the true ones before it (teacher forcing), in NumPy. Notebook: 08_training_musicvae"""
        h, c, stays, table, places = self.begin(np.asarray(z, self.dtype))
        last, found = np.full(len(h), len(table) - 1), []
        for t in range(self.steps):
            h, c = self._cell(table[last] + places[t] + stays, h, c, self.a["decoder_U"])
            found.append(h @ self.a["out_W"] + self.a["out_b"])
            last = np.asarray(events)[:, t]
        return np.stack(found, axis=1)

    def step(self, t, last, heard, h, c, begun: tuple, noise):
        """One step of free running: the events (B,) with the largest logits + noise (B, V) that keep the melody canonical, and the new state.

        heard (B,) is SILENCE, SOUND or NOTHING yet, which say what may not come: a rest in silence, and a hold at the start.
        """
        xp, (stays, table, places) = self.xp, begun
        h, c = self._cell(
            xp.take(table, last, axis=0) + xp.take(places, t, axis=0) + stays,
            h,
            c,
            self.a["decoder_U"],
        )
        scores = xp.matmul(h, self.a["out_W"]) + self.a["out_b"] + noise
        if scores.shape[1] == EVENTS:
            scores = scores + xp.take(
                FORBIDDEN if xp is np else xp.convert_to_tensor(FORBIDDEN, self.dtype),
                heard,
                axis=0,
            )
        event = xp.argmax(scores, axis=1)
        event = event if xp is np else xp.cast(event, "int32")
        return event, xp.where(event == HOLD, heard, xp.where(event == REST, SILENCE, SOUND)), h, c

    def decode(
        self, z: np.ndarray, temperature: float = 0.0, rng: np.random.Generator | None = None
    ) -> np.ndarray:
        """The melodies of z (B, Z), uint8 (B, T), canonical: the likeliest event at each step (temperature 0), or a draw.

        Gumbel noise times the temperature, added to the logits, makes the largest a draw at that temperature. Raises UserError for a temperature
        below 0.
        Notebook: 09_sampling_musicvae
        """
        h, c, *begun = self.begin(np.asarray(z, self.dtype))
        noise = gumbel_noise((self.steps, len(h), self.a["out_b"].shape[0]), temperature, rng)
        last, heard, drawn = (
            np.full(len(h), len(self.a["inputs"]) - 1),
            np.full(len(h), NOTHING),
            [],
        )
        for t in range(self.steps):
            last, heard, h, c = self.step(t, last, heard, h, c, begun, noise[t])
            drawn.append(last)
        return np.stack(drawn, axis=1).astype(np.uint8)

    def draw(
        self, count: int, rng: np.random.Generator, prior: bool = False, gaussian: bool = False
    ) -> np.ndarray:
        """z (count, Z) from the mixture that was fitted to the aggregate posterior; or from its one Gaussian, or from the prior.

        Notebook: 09_sampling_musicvae
        """
        noise, a = rng.standard_normal((count, self.latent)), self.a
        if prior or gaussian or "mixture_weights" not in a:
            return noise if prior else a["posterior_mean"] + noise @ a["posterior_factor"].T
        k = rng.choice(
            len(a["mixture_weights"]), count, p=a["mixture_weights"] / a["mixture_weights"].sum()
        )
        return a["mixture_means"][k] + np.einsum("nij,nj->ni", a["mixture_factors"][k], noise)

    def walk(
        self, z: np.ndarray, rounds: int, rng: np.random.Generator, temperature: float = 0.5
    ) -> np.ndarray:
        """z (B, Z) after so many rounds in which a melody is drawn from each, encoded, and z drawn from what the encoder says of it.

        From places where no melody is, the walk leads to places where there are some. Source: Rezende, Mohamed and Wierstra 2014 (the Markov chain
        by which they fill in missing data). Notebook: 09_sampling_musicvae
        """
        for _ in range(rounds):
            mu, sigma = self.encode(self.decode(z, temperature, rng))
            z = mu + sigma * rng.standard_normal(mu.shape)
        return z

    def sample(
        self, count: int, rng: np.random.Generator, temperature: float = 0.5, rounds: int = ROUNDS
    ) -> np.ndarray:
        """New melodies, uint8 (count, T), canonical: z from the fitted mixture, a walk of so many rounds, and a draw at a temperature.

        Notebook: 09_sampling_musicvae
        """
        return self.decode(self.walk(self.draw(count, rng), rounds, rng), temperature, rng)
