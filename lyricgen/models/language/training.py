"""Training the language model of lyrics."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from lyricgen.files import UserError
from lyricgen.models import training as models_training
from lyricgen.models.language.data import Stream, WholePoems
from lyricgen.models.language.network import LanguageModel, Settings

CORPUS = {
    "songci": Settings(),
    "yuanqu": Settings(),
    "burns": Settings(embedding=128),
    "ballads": Settings(embedding=128),
}


TEXT = Settings(embedding=128, dropout=0.4)


FULL_STEPS = {
    "songci": 9000,
    "yuanqu": 3600,
    "burns": 3600,
    "ballads": 2200,
}  # of the shipped weights


def train(
    parts: dict[str, list[np.ndarray]],
    vocabulary: int,
    settings: Settings,
    folder: Path,
    progress: bool = True,
    begin: dict | None = None,
    **budget,
) -> tuple[LanguageModel, list[dict]]:
    """Trains a model on the ids of the parts train and validation, by `steps` or `minutes`, and returns it with its curves; see `train.fit`.

    `begin`: the arrays of weights to begin from, instead of random ones. Notebook: 03_lyrics_language_model
    """
    models_training.make_deterministic(settings.seed)
    model = LanguageModel(vocabulary, settings)
    if begin:
        model.begin_from(begin)

    def reset_some(step: int, steps: int) -> None:
        # States that are never set back drift, and the model comes to rely on it: then it knows no poem's beginning, which is at zero.
        keep = np.random.default_rng((settings.seed, step, 1)).random((settings.batch, 1)) >= (
            1.0 if settings.whole else settings.reset
        )
        model.reset(keep.astype(np.float32))

    reading = parts["train"], settings.batch, settings.length, settings.seed
    data = WholePoems(*reading, settings.noise) if settings.whole else Stream(*reading)
    held_out = Stream(parts["validation"], settings.batch, settings.length, None)
    rows = models_training.fit(
        model,
        data,
        lambda: model.cost(held_out),
        folder,
        settings.seed,
        peak=settings.rate,
        progress=progress,
        before=reset_some,
        **budget,
    )
    return model, rows


def shrunk_to(settings: Settings, parts: dict[str, list[np.ndarray]]) -> Settings:
    """The settings with fewer and shorter lanes where the text is too short for them; raises UserError where there is too little for any."""
    least = min(sum(map(len, parts[part])) for part in ("train", "validation"))
    if least < 9:
        raise UserError(
            f"The text is too short to learn from: its validation part has {least} characters."
        )
    batch = min(settings.batch, max(1, least // 64))
    return replace(settings, batch=batch, length=min(settings.length, (least - 1) // batch))
