"""The settings of MusicVAE: without Keras."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from lyricgen.models.settings import option
from lyricgen.music import melody

# How windows are moved before they are learned: not at all, to C major by the key that
# a tune's book names, by the key that is estimated of each window, or both ways.
WRITTEN = "written"
BOOK = "book"
WINDOW = "window"
BOTH = "both"
KEYS = (WRITTEN, BOOK, WINDOW, BOTH)


@dataclass(frozen=True)
class Settings:
    """Holds the settings of a network and of its training.

    Shares are of the planned training steps, free bits in bits. The first two fields
    follow from the data; the others are options of a training.
    Notebook: training_musicvae
    """

    tokens: int = melody.EVENTS
    # 16ths of a melody; the steps of a training are no setting of the network.
    melody_steps: int = 32
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
    degrees: float = option(
        0.0,
        "share of the training melodies that move a step or two of the C major scale, anew at "
        "each step: for melodies in C",
        most=1,
    )
    splice: float = option(
        0.0, "share of the training melodies whose second half is another one's", most=1
    )
    ema: float = option(
        0.0, "share of the running mean of the weights that a step keeps; 0: no mean", most=0.99999
    )
    batch: int = option(64, "melodies a step, or fewer where there are fewer", 1)
    rate: float = option(3e-3, "the highest learning rate", 1e-12)
    seed: int = option(1, "of weights, order of the data and noise")

    @classmethod
    def from_card(cls, values: dict[str, Any]) -> Settings:
        """Returns the settings of a card, which names melody_steps "steps".

        Notebook: training_musicvae
        """
        settings = dict(values)
        if "steps" in settings:
            settings["melody_steps"] = settings.pop("steps")
        return cls(**settings)

    def to_card(self) -> dict[str, Any]:
        """Returns the settings by their names in a card, in their order.

        Settings that came after the first weights are there where they are used.
        """
        card = {}
        for name, value in asdict(self).items():
            key = "steps" if name == "melody_steps" else name
            card[key] = value
        for name in ("degrees", "ema"):
            if not card[name]:
                del card[name]
        return card


# Of one bar in one key, which learns within a lesson: experiments/speedrun.py measures
# what each of these brings.
ONE_BAR = Settings(
    melody_steps=16,
    embedding=48,
    encoder=96,
    latent=24,
    decoder=160,
    beta=0.2,
    wait=0.15,
    ramp=0.6,
    free_bits=0.0,
    transpose=0,
    rate=4e-3,
)
ONE_BAR_STEPS = 4000
