"""The settings of the language model, and those that each text has: without Keras."""

from __future__ import annotations

from dataclasses import dataclass

from lyricgen.models.settings import option


@dataclass(frozen=True)
class Settings:
    """Holds the settings of a network and of its training; lengths are in tokens.

    Notebook: training_a_language_model
    """

    embedding: int = option(256, "numbers that stand for a character", 1)
    hidden: int = option(512, "units of each LSTM layer", 1)
    layers: int = option(1, "LSTM layers", 1)
    dropout: float = option(
        0.3, "dropout of each layer's output, one mask for all steps of a window", most=0.95
    )
    dropout_in: float = option(0.0, "dropout of the embedding", most=0.95)
    drop_recurrent: float = option(
        0.0, "share of the recurrent kernel's numbers that a training step leaves out", most=0.95
    )
    batch: int = option(16, "lanes that are read side by side", 1)
    length: int = option(64, "steps through which the gradient goes back", 1)
    reset: float = option(0.1, "share of lanes that begin a window with zero states", most=1)
    whole: bool = option(
        False,
        "every window begins with a poem, and with zero states: a poem's end is seen from its name",
    )
    noise: float = option(
        0.0, "with --whole, share of the characters read that are exchanged for others", most=0.95
    )
    form: bool = option(
        False,
        "the model also reads the form of the character to come: how many are left in the line "
        "and lines in the poem, and the rhyme group (for the corpus songci)",
    )
    rate: float = option(5e-3, "the highest learning rate", 1e-12)
    decay: float = option(0.01, "weight decay")
    seed: int = option(1, "of weights, order of the data and dropout")


# Of each corpus of the course.
CORPUS = {
    "songci": Settings(),
    "yuanqu": Settings(),
    "burns": Settings(embedding=128),
    "ballads": Settings(embedding=128),
}

# Of a user's own text.
TEXT = Settings(embedding=128, dropout=0.4)
