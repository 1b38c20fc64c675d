"""python -m lyricgen train longer: trains a model of tunes of 16 bars."""

from __future__ import annotations

import argparse
from dataclasses import replace
from typing import Any

import numpy as np

from lyricgen.budget import Budget, for_mode, mode
from lyricgen.cli import arguments, train
from lyricgen.cli.train import Arrays, Card, rounded
from lyricgen.files import UserError
from lyricgen.models.longer import evaluation
from lyricgen.models.longer import training as longer_training
from lyricgen.models.longer.data import TuneData, load_tune_data, whole_tunes
from lyricgen.models.longer.inference import (
    LATENT_MODEL,
    LATENT_NAME,
    SONG_MODEL,
    SONG_NAME,
    NumpyLatentLanguageModel,
    NumpySongVAE,
)
from lyricgen.models.longer.settings import LatentSettings, SongSettings
from lyricgen.models.musicvae.inference import NumpyMusicVAE
from lyricgen.models.training import Row
from lyricgen.models.weights import find_weights, load_weights
from lyricgen.music import tune_books


def train_longer(args: argparse.Namespace) -> int:
    """Trains a song VAE or a latent language model on the tune books."""
    return train.train_model(args, KINDS[args.kind])


class LongerTask:
    """What `train_model` does for both models of 16 bars."""

    model = ""
    default_name = ""
    base: Any = None
    # Steps of a training in full mode
    full_steps = 0

    def __init__(self, args: argparse.Namespace):
        if args.devices != 1:
            raise UserError("--devices is for musicvae: a model of 16 bars trains on one device.")
        self.args = args
        self.name = train.name_of_weights(args.name, None, self.default_name)
        name, folder = find_weights(args.two_bars, "musicvae")
        _, card = load_weights(name, folder)
        self.vae = NumpyMusicVAE.load(name, folder)
        settings = arguments.settings_from(args, self.base)
        self.settings = replace(settings, segment=self.vae.latent)
        degrees = self.settings.degrees > 0
        self.data: TuneData = load_tune_data(self.vae, card["sha256"], degrees)

    def default_limit(self) -> dict[str, float]:
        """Returns the minutes or the steps of a training that is given none."""
        if mode() == "full":
            return {"steps": self.full_steps}
        return {"minutes": for_mode(0.1, 1, 5)}

    def load_initial(self) -> tuple[Arrays | None, list[Card]]:
        """Returns the weights to begin from, None for random ones, and their card."""
        if self.args.begin is None:
            return None, []
        arrays, card = load_weights(*find_weights(self.args.begin, self.model, self.name))
        return arrays, [card]

    def size(self) -> str:
        """Says how large the data is."""
        return f"{self.data.source['windows']} windows of 16 bars"

    def read_from(self) -> Card:
        """Returns nothing: all learn from the tune books."""
        return {}

    def settings_in_card(self) -> Card:
        """Returns the settings as a card has them."""
        return self.settings.to_card()

    def vocabulary_in_card(self) -> Card:
        """Returns nothing: all melodies have the same events."""
        return {}

    def train(self, budget: Budget, initial: Arrays | None) -> tuple[Arrays, list[Row]]:
        """Trains the model; returns its weights and the curves."""
        raise NotImplementedError

    def add_posterior(self, arrays: Arrays) -> Arrays:
        """Returns the arrays, with the aggregate posterior of a model that has one."""
        return arrays

    def measure(self, arrays: Arrays, minutes: float | None) -> dict[str, float]:
        """Returns the figures of the card, measured on the rounded weights."""
        raise NotImplementedError

    def summary(self, figures: dict[str, float]) -> str:
        """Says how good the model is."""
        raise NotImplementedError


class SongTask(LongerTask):
    """What `train_model` does for a song VAE."""

    model = SONG_MODEL
    default_name = SONG_NAME
    base = SongSettings()
    full_steps = longer_training.SONG_STEPS

    def train(self, budget: Budget, initial: Arrays | None) -> tuple[Arrays, list[Row]]:
        """Trains the model; returns its weights and the curves."""
        return longer_training.train_song_vae(self.data, self.settings, budget, initial)

    def add_posterior(self, arrays: Arrays) -> Arrays:
        """Returns the arrays with the Gaussian of the aggregate posterior."""
        return rounded(longer_training.with_posterior(arrays, self.data, self.vae))

    def measure(self, arrays: Arrays, minutes: float | None) -> dict[str, float]:
        """Returns the figures of the card, measured on the rounded weights."""
        windows = self.data.splits["validation"].windows
        song = NumpySongVAE(arrays, self.vae)
        measured = evaluation.measure_song(song, windows, np.random.default_rng(2))
        names = ("steps", "onsets", "bars", "steps_drawn", "kl_bits", "bill_bits")
        return {f"validation_{name}": measured[name] for name in names}

    def summary(self, figures: dict[str, float]) -> str:
        """Says how good the model is."""
        return (
            f"{figures['validation_steps']:.4f} of the steps and {figures['validation_bars']:.4f} "
            f"of the bars of the validation split, free running from mu, at "
            f"{figures['validation_kl_bits']:.1f} bits."
        )


class LatentTask(LongerTask):
    """What `train_model` does for a latent language model."""

    model = LATENT_MODEL
    default_name = LATENT_NAME
    base = LatentSettings()
    full_steps = longer_training.LATENT_STEPS

    def train(self, budget: Budget, initial: Arrays | None) -> tuple[Arrays, list[Row]]:
        """Trains the model; returns its weights and the curves."""
        return longer_training.train_latents(self.data, self.settings, budget, initial)

    def measure(self, arrays: Arrays, minutes: float | None) -> dict[str, float]:
        """Returns the figures of the card, measured on the rounded weights."""
        windows = self.data.splits["validation"].windows
        ngram = evaluation.count_tunes(whole_tunes(tune_books.load_tunes(), "train"))
        model = NumpyLatentLanguageModel(arrays, self.vae)
        rng = np.random.default_rng(2)
        measured = evaluation.measure_latents(model, windows, ngram, rng)
        names = ("kl_bits", "kl_bits_normal", "cost_bits", "bill_bits", "ngram_bits")
        return {f"validation_{name}": measured[name] for name in names}

    def summary(self, figures: dict[str, float]) -> str:
        """Says how good the model is."""
        return (
            f"{figures['validation_bill_bits']:.1f} bits for 16 bars of the validation split, "
            f"{figures['validation_kl_bits']:.1f} of them for the latents, which cost "
            f"{figures['validation_kl_bits_normal']:.1f} by the normal prior; the n-gram needs "
            f"{figures['validation_ngram_bits']:.1f} bits for the events."
        )


KINDS: dict[str, type[LongerTask]] = {"song": SongTask, "latents": LatentTask}
