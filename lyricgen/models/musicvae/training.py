"""Training MusicVAE."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from lyricgen.models import training as models_training
from lyricgen.models.musicvae.data import Batches
from lyricgen.models.musicvae.network import MusicVAE, Settings

FULL_STEPS = 16000  # of the shipped weights


def train(
    parts: dict[str, np.ndarray],
    settings: Settings,
    folder: Path,
    progress: bool = True,
    begin: dict | None = None,
    **budget,
) -> tuple[MusicVAE, list[dict]]:
    """Trains a model on the melodies of the parts train and validation, by `steps` or `minutes`, and returns it with its curves; see `train.fit`.

    `begin`: the arrays of weights to begin from, instead of random ones. Notebook: 08_training_musicvae
    """
    models_training.make_deterministic(settings.seed)
    model = MusicVAE(settings)
    if begin:
        model.begin_from(begin)
    rows = models_training.fit(
        model,
        Batches(parts["train"], settings),
        lambda: model.validate(parts["validation"]),
        folder,
        settings.seed,
        peak=settings.rate,
        progress=progress,
        before=model.set_beta,
        **budget,
    )
    return model, rows
