"""The rivals of the song VAE in NumPy."""

from __future__ import annotations

import numpy as np

from lyricgen.models.longer.data import to_segments
from lyricgen.models.longer.inference import NumpySongVAE, Tunes
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

    def decode(
        self, z: np.ndarray, rng: np.random.Generator | None = None, rounds: int = 0
    ) -> Tunes:
        """Returns the tunes of z (B, Z), decoded greedily: nothing is a copy."""
        if "flat_W" in self.a:
            read = self._dense("flat", z)[:, None]
        else:
            read, _, _ = self.conduct(z)
        segments = in_batches(self._decode_events, self.write(read))
        source = np.tile(np.arange(segments.shape[1]), (len(z), 1))
        return Tunes(segments, source)

    def _decode_events(self, read: np.ndarray) -> np.ndarray:
        """Returns the segments of z (B, P, G), which are read in P parts of a tune."""
        events = self.events
        h, c, _, a_inputs, a_places = events.begin(read[:, 0])
        a_z = [events.begin(read[:, part])[2] for part in range(read.shape[1])]
        last = np.full(len(read), len(events.a["inputs"]) - 1)
        heard = np.full(len(read), NOTHING)
        steps = events.steps
        written = []
        for t in range(steps):
            terms = (a_z[t * len(a_z) // steps], a_inputs, a_places)
            last, heard, h, c = events.step(t, last, heard, h, c, terms, 0.0)
            written.append(last)
        return to_segments(np.stack(written, axis=1).astype(np.uint8))
