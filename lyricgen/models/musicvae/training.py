"""Training MusicVAE."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from lyricgen.budget import Budget
from lyricgen.models.musicvae.data import Batches, MelodyData
from lyricgen.models.musicvae.network import MusicVAE, Settings
from lyricgen.models.training import Row, Schedule, fit, make_deterministic

# The steps of the first training of the shipped weights.
FULL_STEPS = 16000


def build(
    data: MelodyData, settings: Settings, initial: dict[str, np.ndarray] | None = None
) -> MusicVAE:
    """Returns a model with initial weights: random ones, or those of a file.

    The random ones follow from the seed.
    Raises: UserError where the arrays of a weights file are of another size.
    """
    make_deterministic(settings.seed)
    model = MusicVAE(settings)
    if initial is not None:
        model.begin_from(initial)
    return model


def train(
    data: MelodyData,
    settings: Settings,
    budget: Budget,
    initial: dict[str, np.ndarray] | None = None,
    each: Callable[[list[Row]], None] | None = None,
) -> tuple[dict[str, np.ndarray], list[Row]]:
    """Trains a model on the splits train and validation.

    Begins from the arrays `initial` of a weights file, or from random weights. Returns
    the weights of the best validation, by their names in a weights file, and the
    curves; `fit` says what they hold, and when `each` is called.
    Raises: UserError where there are fewer melodies than a batch takes.
    Notebook: training_musicvae
    """
    model = build(data, settings, initial)
    batches = Batches(data.splits["train"], settings)

    def validate() -> dict[str, float]:
        return model.validate(data.splits["validation"])

    schedule = Schedule(settings.rate, settings.seed)
    curves = fit(model, batches, validate, budget, schedule, before=model.set_beta, each=each)
    return model.arrays(), curves
