"""Training the rivals of the song VAE."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from lyricgen.budget import Budget
from lyricgen.models.longer.data import Batches, TuneData, Units
from lyricgen.models.longer.rivals.network import CarriedVAE, FlatVAE, Rival
from lyricgen.models.longer.settings import SongSettings
from lyricgen.models.longer.training import in_batches_of, start_of, units_in_file
from lyricgen.models.training import Row, Schedule, fit, make_deterministic

Arrays = dict[str, np.ndarray]

FLAT = "flat"
CARRIED = "carried"
KINDS: dict[str, type[Rival]] = {FLAT: FlatVAE, CARRIED: CarriedVAE}

# The steps of a training, in batches of 32
FLAT_STEPS = 400
CARRIED_STEPS = 200

# Units of the decoder. With so many the flat one has as many weights as the song VAE.
UNITS = {FLAT: 448, CARRIED: 320}


class EventBatches(Batches):
    """Batches of x and of the events of the segments: float32 (B, S, G + 32)."""

    def __init__(self, data: TuneData, units: Units, settings: SongSettings):
        x = units.read(data.latents.mu).astype(np.float32)
        events = data.latents.events.astype(np.float32)
        table = np.concatenate([x, events], axis=1)
        super().__init__(data.splits["train"].rows, table, settings)


def build_rival(kind: str, data: TuneData, settings: SongSettings, two_bars: Arrays) -> Rival:
    """Returns a rival at its start: principal components, the decoder of two bars.

    two_bars: the arrays of that model.
    """
    units = Units.of(data.latents)
    make_deterministic(settings.seed)
    start = start_of(data, units, settings.latent) | units_in_file(units)
    model = KINDS[kind](settings, UNITS[kind], start, two_bars)
    model.optimizer.build(model.trainable_variables)
    return model


def train_rival(
    kind: str,
    data: TuneData,
    settings: SongSettings,
    two_bars: Arrays,
    budget: Budget,
    each: Callable[[list[Row]], None] | None = None,
) -> tuple[Arrays, list[Row]]:
    """Trains the flat rival or the ablation, which `kind` names.

    Returns the weights of the best validation and the curves.
    Notebook: longer_melodies
    """
    model = build_rival(kind, data, settings, two_bars)
    units = Units.of(data.latents)
    batches = EventBatches(data, units, settings)
    # Each fourth window of the validation split: it decodes 256 steps.
    validation = batches.x[data.splits["validation"].rows[0][::4]]

    def validate() -> dict[str, float]:
        return model.validate(in_batches_of(validation, settings.batch))

    schedule = Schedule(settings.rate, settings.seed)
    curves = fit(model, batches, validate, budget, schedule, each=each)
    return model.arrays() | units_in_file(units), curves
