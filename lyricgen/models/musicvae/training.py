"""Training MusicVAE."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from lyricgen.budget import Budget
from lyricgen.files import UserError
from lyricgen.models.distribution import check_devices, scope_of
from lyricgen.models.musicvae.data import Batches, MelodyData
from lyricgen.models.musicvae.network import MusicVAE
from lyricgen.models.musicvae.settings import Settings
from lyricgen.models.training import Row, Schedule, fit, make_deterministic

# The steps of the training of the shipped weights.
FULL_STEPS = 30000

# What depends on all melodies of a batch together, or draws for each of them anew: no
# device knows it of the others' rows.
NOT_SHARED = ("batch_norm", "free_bits_each", "sampling", "word_dropout")


def build(
    data: MelodyData,
    settings: Settings,
    initial: dict[str, np.ndarray] | None = None,
    devices: int = 1,
) -> MusicVAE:
    """Returns a model with initial weights: random ones, or those of a file.

    The random ones follow from the seed.
    Raises: UserError where the arrays of a weights file are of another size, and for
        settings that several devices cannot share.
    """
    check_sharing(settings, devices)
    make_deterministic(settings.seed)
    with scope_of(devices):
        model = MusicVAE(settings)
        model.optimizer.build(model.trainable_variables)
        if initial is not None:
            model.begin_from(initial)
    return model


def check_sharing(settings: Settings, devices: int) -> None:
    """Raises UserError for settings with which devices cannot share a batch."""
    check_devices(devices, settings.batch)
    for name in NOT_SHARED:
        if devices > 1 and getattr(settings, name):
            raise UserError(
                f"--{name.replace('_', '-')} needs all melodies of a batch on one device; leave it "
                "or --devices out."
            )


@dataclass(frozen=True)
class Glimpse:
    """Holds what a model in training makes of melodies and of z, at a validation.

    `reconstructed` (N, T) are decoded greedily from mu of the same N melodies each
    time, `drawn` (M, T) from the same M z of the prior; both are canonical uint8.
    Notebook: training_musicvae
    """

    step: int
    seconds: float
    reconstructed: np.ndarray
    drawn: np.ndarray


@dataclass(frozen=True)
class Watching:
    """Says of which melodies (N, T) a Glimpse is wanted, and what is done with it.

    Notebook: training_musicvae
    """

    melodies: np.ndarray
    see: Callable[[Glimpse], object]


def glimpse_of(model: MusicVAE, row: Row, melodies: np.ndarray, draws: int) -> Glimpse:
    """Returns what a model makes of melodies (N, T) and of `draws` z of the prior."""
    mu = model.predict_on_batch(melodies.astype(np.int32))["mu"]
    rng = np.random.default_rng(model.settings.seed)
    z = rng.standard_normal((draws, model.settings.latent))
    reconstructed = model.free_running.decode(mu)
    drawn = model.free_running.decode(z)
    return Glimpse(row["step"], row["seconds"], reconstructed, drawn)


def train(
    data: MelodyData,
    settings: Settings,
    budget: Budget,
    initial: dict[str, np.ndarray] | None = None,
    each: Callable[[list[Row]], None] | None = None,
    devices: int = 1,
    watching: Watching | None = None,
) -> tuple[dict[str, np.ndarray], list[Row]]:
    """Trains a model on the splits train and validation, on one device or several.

    Begins from the arrays `initial` of a weights file, or from random weights. Returns
    the weights of the best validation, by their names in a weights file, and the
    curves; `fit` says what they hold, and when `each` is called. `watching` is
    then given a Glimpse of its melodies, and of as many draws.
    Raises: UserError where there are fewer melodies than a batch takes.
    Notebook: training_musicvae
    """
    model = build(data, settings, initial, devices)
    batches = Batches(data.splits["train"], settings)

    def validate() -> dict[str, float]:
        return model.validate(data.splits["validation"])

    def after_validation(rows: list[Row]) -> None:
        if watching is not None:
            melodies = watching.melodies
            watching.see(glimpse_of(model, rows[-1], melodies, len(melodies)))
        if each is not None:
            each(rows)

    schedule = Schedule(settings.rate, settings.seed)
    curves = fit(
        model,
        batches,
        validate,
        budget,
        schedule,
        before=model.set_beta,
        each=after_validation,
    )
    return model.arrays(), curves
