"""Training the models of 16 bars."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from lyricgen.budget import Budget
from lyricgen.models.longer.data import (
    Batches,
    LatentBatches,
    TuneData,
    Units,
    principal_components,
)
from lyricgen.models.longer.inference import NumpySongVAE
from lyricgen.models.longer.network import LatentLanguageModel, SongVAE
from lyricgen.models.longer.settings import LatentSettings, SongSettings
from lyricgen.models.musicvae.inference import NumpyMusicVAE, in_batches
from lyricgen.models.musicvae.posterior import fit_posterior
from lyricgen.models.training import Row, Schedule, fit, make_deterministic

# The steps of the trainings of the shipped weights.
SONG_STEPS = 1800
LATENT_STEPS = 300

Arrays = dict[str, np.ndarray]


def units_in_file(units: Units) -> Arrays:
    """Returns the units of x as the arrays of a weights file."""
    return {"offset": units.offset, "scale": units.scale}


def with_posterior(arrays: Arrays, data: TuneData, vae: NumpyMusicVAE) -> Arrays:
    """Returns the arrays of a song VAE with the Gaussian of its aggregate posterior."""
    song = NumpySongVAE(arrays, vae)
    x = song.read(data.latents.mu)[data.splits["train"].rows[0]]
    mu, sigma = in_batches(song.encode, x)
    return arrays | fit_posterior(mu, sigma)


def start_of(data: TuneData, units: Units, latent: int) -> Arrays:
    """Returns what a song VAE begins from: the principal components of its tunes."""
    x = units.read(data.latents.mu)[data.splits["train"].rows[0]]
    return principal_components(x, latent) | {"spread": units.spread}


def in_batches_of(x: np.ndarray, size: int) -> Iterator[tuple[np.ndarray]]:
    """Yields all x (N, S, Z) in batches; the last one may be smaller."""
    for first in range(0, len(x), size):
        yield (x[first : first + size],)


def train_song_vae(
    data: TuneData,
    settings: SongSettings,
    budget: Budget,
    initial: Arrays | None = None,
    each: Callable[[list[Row]], None] | None = None,
) -> tuple[Arrays, list[Row]]:
    """Trains a song VAE on the splits train and validation.

    Begins from the arrays `initial` of a weights file, or from the principal components
    of the training split. Returns the weights of the best validation, by their names in
    a weights file, and the curves.
    Notebook: longer_melodies
    """
    units = Units.of(data.latents)
    make_deterministic(settings.seed)
    model = SongVAE(settings, start_of(data, units, settings.latent))
    model.optimizer.build(model.trainable_variables)
    if initial is not None:
        model.begin_from(initial)
    x = units.read(data.latents.mu).astype(np.float32)
    batches = Batches(data.splits["train"].rows, x, settings)
    validation = x[data.splits["validation"].rows[0]]

    def validate() -> dict[str, float]:
        return model.validate(in_batches_of(validation, settings.batch))

    schedule = Schedule(settings.rate, settings.seed)
    curves = fit(model, batches, validate, budget, schedule, each=each)
    return model.arrays() | units_in_file(units), curves


def train_latents(
    data: TuneData,
    settings: LatentSettings,
    budget: Budget,
    initial: Arrays | None = None,
    each: Callable[[list[Row]], None] | None = None,
) -> tuple[Arrays, list[Row]]:
    """Trains a latent language model on the splits train and validation.

    Begins from the arrays `initial` of a weights file, or from random weights. Returns
    the weights of the best validation, by their names in a weights file, and the
    curves.
    Notebook: longer_melodies
    """
    units = Units.of(data.latents)
    make_deterministic(settings.seed)
    model = LatentLanguageModel(settings, units.spread)
    model.optimizer.build(model.trainable_variables)
    if initial is not None:
        model.begin_from(initial)
    batches = LatentBatches(data, units, settings)
    held_out = data.splits["validation"]
    validation = batches.pack(held_out.windows, held_out.rows[0])

    def validate() -> dict[str, float]:
        return model.validate(in_batches_of(validation, settings.batch))

    schedule = Schedule(settings.rate, settings.seed)
    curves = fit(model, batches, validate, budget, schedule, each=each)
    return model.arrays() | units_in_file(units), curves
