"""The settings of the models of 16 bars: without Keras."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from lyricgen.models.settings import option

# A tune of 16 bars is 8 segments, each a melody of the model of two bars.
SEGMENTS = 8
SEGMENT_BARS = 2
BARS = SEGMENTS * SEGMENT_BARS

# Of the segments: what is not copied exactly pays as if it were so far away. It is a
# variance, in squares of the segments' posterior sigma.
COPY_VARIANCE = 0.05


@dataclass(frozen=True)
class SongSettings:
    """Holds the settings of a song VAE and of its training.

    The first field follows from the model of two bars. Rates are learning rates, and
    the KL is that of 16 bars.
    Notebook: longer_melodies
    """

    # Dimensions of the z of a segment.
    segment: int = 64
    latent: int = option(256, "dimensions of z", 1)
    encoder: int = option(256, "units of the encoder in each direction", 1)
    conductor: int = option(384, "units of the conductor", 1)
    inputs: int = option(128, "numbers that the conductor reads at each segment", 1)
    target: float = option(360.0, "bits of the KL of 16 bars, at which beta holds it", 1)
    beta: float = option(1.1, "weight of the KL at the start, before it is controlled", 1e-6)
    pointers: bool = option(True, "whether a segment can be a copy of an earlier one")
    form: float = option(5.0, "how many times the bits count that say what is a copy of what", 1)
    degrees: float = option(
        0.5, "share of the tunes that move a step or two of the C major scale, at each step", most=1
    )
    splice: float = option(
        0.0, "share of the tunes whose second half is another one's, at each step", most=1
    )
    batch: int = option(64, "tunes a step", 1)
    rate: float = option(1.5e-3, "the highest learning rate", 1e-12)
    seed: int = option(1, "of weights, order of the data and noise")

    def to_card(self) -> dict[str, Any]:
        """Returns the settings by their names in a card."""
        return asdict(self)


@dataclass(frozen=True)
class LatentSettings:
    """Holds the settings of a latent language model and of its training.

    The first field follows from the model of two bars.
    Notebook: longer_melodies
    """

    # Dimensions of the z of a segment.
    segment: int = 64
    hidden: int = option(256, "units of the LSTM", 1)
    attention: int = option(64, "dimensions of the queries, keys and values", 1)
    components: int = option(8, "Gaussians of the mixture of a new segment", 1)
    dropout: float = option(0.2, "share of the inputs and of the outputs that is hidden", most=0.95)
    pointers: bool = option(True, "whether a segment can be a copy of an earlier one")
    short: float = option(0.33, "share of the steps that read windows of 8 bars", most=1)
    degrees: float = option(
        0.5, "share of the tunes that move a step or two of the C major scale, at each step", most=1
    )
    batch: int = option(64, "tunes a step; twice as many of 8 bars", 1)
    rate: float = option(2e-3, "the highest learning rate", 1e-12)
    seed: int = option(1, "of weights, order of the data and noise")

    def to_card(self) -> dict[str, Any]:
        """Returns the settings by their names in a card."""
        return asdict(self)
