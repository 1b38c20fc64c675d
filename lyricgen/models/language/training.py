"""Training the language model of lyrics."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from lyricgen.budget import Budget
from lyricgen.files import UserError
from lyricgen.models.language.data import Splits, Stream, TextData, WholePoems
from lyricgen.models.language.network import LanguageModel
from lyricgen.models.language.settings import Settings
from lyricgen.models.training import Row, Schedule, fit, make_deterministic

# The steps of the shipped weights.
FULL_STEPS = {"songci": 9000, "yuanqu": 3600, "burns": 3600, "ballads": 2200}


def build(
    data: TextData, settings: Settings, initial: dict[str, np.ndarray] | None = None
) -> LanguageModel:
    """Returns a model with initial weights: random ones, or those of a file.

    The random ones follow from the seed.
    Raises: UserError where the arrays of a weights file are of another size.
    Notebook: training_a_language_model
    """
    make_deterministic(settings.seed)
    model = LanguageModel(len(data.vocabulary), settings)
    if initial is not None:
        model.begin_from(initial)
    return model


def train(
    data: TextData,
    settings: Settings,
    budget: Budget,
    initial: dict[str, np.ndarray] | None = None,
    each: Callable[[list[Row]], None] | None = None,
) -> tuple[dict[str, np.ndarray], list[Row]]:
    """Trains a model on the splits train and validation.

    Begins from the arrays `initial` of a weights file, or from random weights. Returns
    the weights of the best validation, by their names in a weights file, and the
    curves; `fit` says what they hold, and when `each` is called.
    Raises: UserError for a text that is too short for the settings.
    Notebook: training_a_language_model
    """
    model = build(data, settings, initial)
    batch = training_batches(data.splits["train"], settings)
    validation = Stream(data.splits["validation"], settings.batch, settings.length, None)

    def reset_states(step: int, steps: int) -> None:
        model.reset(lanes_that_continue(step, settings))

    def validate() -> float:
        return model.cost(validation)

    schedule = Schedule(settings.rate, settings.seed)
    curves = fit(model, batch, validate, budget, schedule, before=reset_states, each=each)
    return model.arrays(), curves


def training_batches(sequences: list[np.ndarray], settings: Settings) -> Stream | WholePoems:
    """Returns the batches of a training: windows of whole poems, or of a stream."""
    if settings.whole:
        return WholePoems(sequences, settings.batch, settings.length, settings.seed, settings.noise)
    return Stream(sequences, settings.batch, settings.length, settings.seed)


def lanes_that_continue(step: int, settings: Settings) -> np.ndarray:
    """Returns 1 for the lanes that keep their states before a step, and 0 for the rest.

    Float32 (B, 1), drawn from the seed and the step. States that are never set to zero
    drift, and the model comes to rely on them: then it does not know how a poem begins,
    which is at zero.
    Notebook: training_a_language_model
    """
    rng = np.random.default_rng((settings.seed, step, 1))
    share = 1.0 if settings.whole else settings.reset
    kept = rng.random((settings.batch, 1)) >= share
    return kept.astype(np.float32)


def shrunk_to(settings: Settings, splits: Splits) -> Settings:
    """Returns the settings, with fewer and shorter lanes where a text is too short.

    Raises: UserError for a text that is too short for any lane.
    """
    sizes = [sum(map(len, splits[split])) for split in ("train", "validation")]
    size = min(sizes)
    if size < 9:
        raise UserError(
            f"The text is too short to learn from: its validation split has {size} characters."
        )
    batch = min(settings.batch, max(1, size // 64))
    length = min(settings.length, (size - 1) // batch)
    return replace(settings, batch=batch, length=length)
