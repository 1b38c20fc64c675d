"""The rivals of the song VAE in NumPy."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from lyricgen.models.longer.data import to_segments
from lyricgen.models.longer.inference import NumpySongVAE, Tunes
from lyricgen.models.musicvae.bits import LN2
from lyricgen.models.musicvae.inference import NOTHING, NumpyMusicVAE, in_batches

Arrays = dict[str, np.ndarray]

# What the names of the conductor's weights begin with in the ablation
CONDUCTOR = "conductor/"

# Of the song VAE's arrays, those that the decoder of events has under the same name
DECODER = ("inputs", "places", "z_W", "first_W", "first_b", "out_W", "out_b")


class NumpyRival(NumpySongVAE):
    """A rival by its arrays: the NumPy twin of `FlatVAE` and of `CarriedVAE`.

    The arrays of the encoder are those of `NumpySongVAE`, those of the decoder of
    events those of `NumpyMusicVAE`, with 256 places. Between them are flat_W (Z, G) and
    flat_b (G,), or the arrays of a conductor, whose names begin with "conductor/".
    """

    def __init__(self, arrays: Arrays, vae: NumpyMusicVAE):
        of_decoder = {
            name: array
            for name, array in arrays.items()
            if name in DECODER or name.startswith("decoder_")
        }
        self.events = NumpyMusicVAE(of_decoder)
        own = {name: array for name, array in arrays.items() if name not in of_decoder}
        renamed = {name.removeprefix(CONDUCTOR): array for name, array in own.items()}
        super().__init__(renamed, vae)

    def read_by_decoder(self, z: np.ndarray) -> np.ndarray:
        """Returns the z (B, P, G) that are read in P parts of a tune, from z (B, Z)."""
        if "flat_W" in self.a:
            return self.write(self._dense("flat", z)[:, None])
        y, _, _ = self.conduct(z)
        return self.write(y)

    def decode(
        self, z: np.ndarray, rng: np.random.Generator | None = None, rounds: int = 0
    ) -> Tunes:
        """Returns the tunes of z (B, Z), decoded greedily: nothing is a copy."""
        segments = in_batches(self._decode_events, self.read_by_decoder(z))
        source = np.tile(np.arange(segments.shape[1]), (len(z), 1))
        return Tunes(segments, source)

    def cost(self, z: np.ndarray, segments: np.ndarray) -> np.ndarray:
        """Returns what windows (B, S, 32) cost from z (B, Z), in bits (B,)."""
        return in_batches(self._cost_of, self.read_by_decoder(z), segments, size=64)

    def _cost_of(self, read: np.ndarray, segments: np.ndarray) -> np.ndarray:
        """Returns the bits of segments (B, S, 32) after the true events before each."""
        events = segments.reshape(len(segments), -1).astype(int)
        bits = np.zeros(len(events))
        for t, logits in enumerate(self._run(read, events)):
            shifted = logits - logits.max(axis=1, keepdims=True)
            log_p = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
            bits -= log_p[np.arange(len(events)), events[:, t]] / LN2
        return bits

    def _decode_events(self, read: np.ndarray) -> np.ndarray:
        """Returns the segments of z (B, P, G), which are read in P parts of a tune."""
        model = self.events
        h, c, terms = self._begin(read)
        last = np.full(len(read), len(model.a["inputs"]) - 1)
        heard = np.full(len(read), NOTHING)
        written = []
        for t in range(model.steps):
            last, heard, h, c = model.step(t, last, heard, h, c, terms(t), 0.0)
            written.append(last)
        return to_segments(np.stack(written, axis=1).astype(np.uint8))

    def _run(self, read: np.ndarray, events: np.ndarray) -> Iterator[np.ndarray]:
        """Yields the logits (B, V) of each step after the true events (B, T) before."""
        model = self.events
        h, c, terms = self._begin(read)
        last = np.full(len(read), len(model.a["inputs"]) - 1)
        for t in range(model.steps):
            logits, h, c = model.decoder_step(t, last, h, c, terms(t))
            yield logits
            last = events[:, t]

    def _begin(self, read: np.ndarray) -> tuple[np.ndarray, np.ndarray, Callable[[int], tuple]]:
        """Returns the first h and c, and what gives the pre-activations of a step."""
        model = self.events
        parts = read.shape[1]
        h, c, _, a_inputs, a_places = model.begin(read[:, 0])
        a_z = [model.begin(read[:, part])[2] for part in range(parts)]

        def terms(t: int) -> tuple:
            return a_z[t * parts // model.steps], a_inputs, a_places

        return h, c, terms
