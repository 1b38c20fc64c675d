"""python -m lyricgen train: trains a model and writes its weights with their card."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np

from lyricgen import progress
from lyricgen.budget import Budget, for_mode, mode
from lyricgen.cli import arguments
from lyricgen.files import UserError, check_folder, check_name, name_after, read_card, write_json
from lyricgen.models import checkpoint
from lyricgen.models import training as models_training
from lyricgen.models.language import settings as language_settings
from lyricgen.models.language import training as language_training
from lyricgen.models.language.data import (
    TextData,
    load_corpus_splits,
    load_text_splits,
    with_form,
    with_more_training,
)
from lyricgen.models.language.inference import NumpyLanguageModel, lstm_bits
from lyricgen.models.language.measuring import NORMAL_95, measure_bits
from lyricgen.models.musicvae import network as musicvae_network
from lyricgen.models.musicvae import settings as musicvae_settings
from lyricgen.models.musicvae import training as musicvae_training
from lyricgen.models.musicvae.data import MelodyData, load_book_windows, load_midi_windows
from lyricgen.models.musicvae.inference import NAME, NumpyMusicVAE, in_batches
from lyricgen.models.musicvae.posterior import fit_mixture, fit_posterior, kl_divergence
from lyricgen.models.musicvae.settings import WINDOW, WRITTEN
from lyricgen.models.training import Row
from lyricgen.models.weights import find_weights, load_weights, mean_of, save_weights
from lyricgen.music import measures
from lyricgen.music.collection import Collection, select
from lyricgen.music.melody import HOLD

Arrays = dict[str, np.ndarray]
Card = dict[str, Any]

# The settings by which the arrays of a MusicVAE have their shapes
SIZES = ("embedding", "encoder", "latent", "decoder")

# What is usual where a model goes on learning from one's own files: the KL counts from
# the first step, and steps are small enough not to lose what it knows
GOING_ON: dict[str, Any] = {"wait": 0.0, "ramp": 0.0, "rate": 1e-3}

# Melodies of a validation split that are measured after a training on one's own files
MEASURED = 512

# Melodies of a training split that the posterior is fitted to then
FITTED = 20_000

# The share of the minutes of a training that may be spent on measuring its text
MEASURING = 0.1

# What a card does not repeat of the card of the weights that a training began from.
NOT_REPEATED = ("characters", "data", "name", "file", "model")


def train_language(args: argparse.Namespace) -> int:
    """Trains a language model on a corpus or a text."""
    return train_model(args, LanguageTask)


def train_musicvae(args: argparse.Namespace) -> int:
    """Trains a MusicVAE on the tune books or on a folder of MIDI files."""
    return train_model(args, MusicVAETask)


def train_model(args: argparse.Namespace, kind: Callable[[argparse.Namespace], Any]) -> int:
    """Trains a model, measures its rounded weights, and writes them with their card."""
    check_folder(args.out)
    task = kind(args)
    check_same_data(args.out, task)
    limit = arguments.minutes_or_steps(args, task.default_limit())
    initial, initial_cards = task.load_initial()
    folder = checkpoint_folder(task, limit, initial_cards)
    print(f"{task.name}: {task.size()}; checkpoints and curves are in {folder}", file=sys.stderr)
    budget = Budget(folder, validations=4 if mode() == "smoke" else 30, **limit)
    weights, curves = task.train(budget, initial)
    with progress.shown():
        arrays = task.add_posterior(rounded(weights))
        figures = task.measure(arrays, limit.get("minutes"))
    card = {
        "model": task.model,
        "data": task.data.source,
        **task.read_from(),
        "settings": task.settings_in_card(),
        **task.vocabulary_in_card(),
        **training_in_card(curves),
        **initial_in_card(initial_cards),
        "figures": {key: round(value, 4) for key, value in figures.items()},
    }
    # Another training may have written there meanwhile. This one stays in its folder
    # of checkpoints: with another --out it is only loaded.
    check_same_data(args.out, task)
    save_weights(args.out, task.name, arrays, card)
    print(f"{task.name}: {task.summary(figures)} Written: {args.out / task.name}.npz")
    return 0


def name_of_weights(given: str | None, path: Path | None, default: str) -> str:
    """Returns the name of the weights: the given one, or that of the user's data."""
    if given is not None:
        check_name(given)
        return given
    return default if path is None else name_after(path)


def check_same_data(folder: Path, task: Any) -> None:
    """Raises UserError where a folder has weights of the same name of other data."""
    path = folder / f"{task.name}.json"
    if not path.exists():
        return
    card = read_card(path)
    source = task.data.source
    if card.get("model") != task.model or not is_same_data(card.get("data"), source):
        raise UserError(
            f"{folder} has weights {task.name} of other data; give these another name with --name, "
            "or another folder with --out."
        )


def is_same_data(found: object, source: Card) -> bool:
    """Tells whether a card names the data that `source` describes.

    A user's data is known by its hashes and counts, since two files may have one name.
    A corpus of the course, or its tune books, stays the same data in a new version.
    """
    if not isinstance(found, dict):
        return False
    is_corpus = "split_sha256" in source
    is_tune_books = "windows" in source and "files" not in source
    if is_corpus or is_tune_books:
        return found.keys() == source.keys() and found["name"] == source["name"]
    # Older cards of MIDI files have no hash.
    common = (found.keys() & source.keys()) - {"name"}
    return bool(common) and all(found[key] == source[key] for key in common)


def checkpoint_folder(task: Any, limit: dict[str, Any], initial_cards: list[Card]) -> Path:
    """Returns the folder of a training, by all that its weights depend on."""
    hashes = [card["sha256"] for card in initial_cards]
    described = task.settings_in_card() | limit | task.data.source | {"begun_from": hashes}
    if task.args.devices > 1:
        described |= {"devices": task.args.devices}
    if getattr(task.args, "also", None):
        described |= {"also": task.args.also}
    return checkpoint.folder_for(task.name, described)


def rounded(arrays: Arrays) -> Arrays:
    """Returns the arrays in float16, as a weights file has them."""
    return {name: array.astype(np.float16) for name, array in arrays.items()}


def training_in_card(curves: list[Row]) -> Card:
    """Returns what a card says of a training."""
    return {
        "steps": curves[-1]["step"],
        "seconds": curves[-1]["seconds"],
        "machine": models_training.machine(),
        "curves": curves,
    }


def initial_in_card(cards: list[Card]) -> Card:
    """Returns what a card says of the weights that a training began from.

    Of several, the first one's card is repeated, with the hashes of the others.
    """
    if not cards:
        return {}
    first, *others = cards
    repeated = {key: value for key, value in first.items() if key not in NOT_REPEATED}
    if others:
        repeated["mean_with"] = [card["sha256"] for card in others]
    return {"begun_from": repeated}


class LanguageTask:
    """What `train_model` does for a language model."""

    model = "language"

    def __init__(self, args: argparse.Namespace):
        if args.devices != 1:
            raise UserError(
                "--devices is for musicvae: each lane of a language model continues on the device "
                "that read what stands before."
            )
        self.args = args
        self.name = name_of_weights(args.name, args.text, args.corpus)
        self.data = self._load_data()
        self.settings = self._choose_settings()
        if self.settings.form:
            self.data = with_form(self.data)

    def _load_data(self) -> TextData:
        """Returns the splits of the corpus or the text that was asked for."""
        args = self.args
        if args.corpus is None:
            if args.also is not None:
                raise UserError("--also is for a --corpus of the course.")
            return load_text_splits(args.text, args.encoding, args.column)
        if args.encoding or args.column:
            raise UserError("--encoding and --column are for a --text of your own.")
        data = load_corpus_splits(args.corpus)
        return data if args.also is None else with_more_training(data, args.also)

    def _choose_settings(self) -> language_settings.Settings:
        """Returns the settings that were given, shrunk to a short text."""
        base = language_settings.CORPUS.get(self.args.corpus, language_settings.TEXT)
        given = arguments.settings_from(self.args, base)
        settings = language_training.shrunk_to(given, self.data.splits)
        if settings.noise and not settings.whole:
            raise UserError("Noise is for windows that begin with a poem; ask for --whole too.")
        return settings

    def default_limit(self) -> dict[str, float]:
        """Returns the minutes or the steps of a training that is given none."""
        if self.args.corpus and mode() == "full":
            return {"steps": language_training.FULL_STEPS[self.args.corpus]}
        return {"minutes": for_mode(0.1, 2, 10)}

    def load_initial(self) -> tuple[Arrays | None, list[Card]]:
        """Returns the weights to begin from, None for random ones, and their card."""
        folder = self.args.begin
        if folder is None:
            return None, []
        arrays, card = load_weights(self.name, folder)
        if card.get("characters") != self._characters():
            raise UserError(
                f"{folder / self.name}.npz is for another vocabulary than this text has."
            )
        return arrays, [card]

    def _characters(self) -> str:
        """Returns the vocabulary as a card has it: without the three special tokens."""
        return "".join(self.data.vocabulary.tokens[3:])

    def size(self) -> str:
        """Says how large the data is."""
        return f"{len(self.data.vocabulary)} tokens"

    def train(self, budget: Budget, initial: Arrays | None) -> tuple[Arrays, list[Row]]:
        """Trains the model; returns its weights and the curves."""
        return language_training.train(self.data, self.settings, budget, initial)

    def add_posterior(self, arrays: Arrays) -> Arrays:
        """Returns the arrays as they are: a language model has no latent space."""
        return arrays

    def read_from(self) -> Card:
        """Returns where a text of the user's was read, to read it again."""
        args = self.args
        if args.text is None:
            return {"also": args.also} if args.also else {}
        place = {"path": str(args.text.resolve())}
        chosen = {"encoding": args.encoding, "column": args.column}
        return {"read_from": place | {name: value for name, value in chosen.items() if value}}

    def measure(self, arrays: Arrays, minutes: float | None) -> dict[str, float]:
        """Returns the figures of the card, measured on the rounded weights.

        Of a text of the user's they are of a sample, which takes a tenth of the minutes
        at most; `evaluate language --weights` reads all of the test split.
        """
        model = NumpyLanguageModel(arrays, self.data.vocabulary)
        test = self.data.splits["test"]
        if self.args.text is None:
            return {"test_bits_per_character": lstm_bits(model, test)}
        bits = measure_bits(model, test, seconds=minutes and 60 * minutes * MEASURING)
        return {
            "test_bits_per_character": bits.mean,
            "test_bits_low": bits.low,
            "test_bits_high": bits.high,
            "test_characters_read": bits.read,
            "test_characters": bits.of,
        }

    def settings_in_card(self) -> Card:
        """Returns the settings as a card has them.

        Those that came after the first weights are there only where they are used.
        """
        settings = asdict(self.settings)
        for name in ("form", "drop_recurrent"):
            if not settings[name]:
                del settings[name]
        return settings

    def vocabulary_in_card(self) -> Card:
        """Returns what makes the vocabulary again."""
        return {"characters": self._characters(), "folded": self.data.vocabulary.folded}

    def summary(self, figures: dict[str, float]) -> str:
        """Says how good the model is."""
        bits = figures["test_bits_per_character"]
        nats = bits * np.log(2)
        text = f"{bits:.4f} bits ({nats:.4f} nats) a character on "
        if figures.get("test_characters_read", 0) == figures.get("test_characters", 0):
            return f"{text}the test split."
        low, high = figures["test_bits_low"], figures["test_bits_high"]
        return (
            f"{text}{figures['test_characters_read']} of {figures['test_characters']} characters "
            f"of the test split, so {low:.2f} to {high:.2f} with 95 %; evaluate language --weights "
            "reads all."
        )


class MusicVAETask:
    """What `train_model` does for a MusicVAE."""

    model = "musicvae"

    def __init__(self, args: argparse.Namespace):
        self.args = args
        self.name = name_of_weights(args.name, args.midi, NAME)
        self.initial = self._load_initial()
        self.key = self._choose_key()
        self.data = self._load_data()
        self.settings = self._choose_settings()
        musicvae_training.check_sharing(self.settings, args.devices)

    def _load_data(self) -> MelodyData:
        """Returns the melodies of the folder, after a table of them, or the books'."""
        args = self.args
        if args.midi is None:
            if args.meter or args.programs or args.track or args.jobs:
                raise UserError(
                    "--meter, --programs, --track and --jobs are for a folder of your own: --midi."
                )
            return load_book_windows(self.key)
        selection = select(args.meter, args.programs, args.track)
        return load_midi_windows(args.midi, selection, args.jobs or 1, self._report, self.key)

    def _choose_key(self) -> str:
        """Returns how melodies are moved: as asked for, or as for the first weights."""
        _, cards = self.initial
        key = self.args.key
        if key is None and cards:
            key = cards[0].get("data", {}).get("key")
        if key is None:
            return WRITTEN
        # Files of the user's may name no key, so each window's is estimated.
        if self.args.midi is not None and key != WRITTEN:
            return WINDOW
        return key

    def _report(self, read: Collection) -> None:
        """Prints the table of a folder by reason, and writes the one by file."""
        path = self.args.out / f"{self.name}.files.json"
        # One that belongs to weights of other data is left alone.
        if not (self.args.out / f"{self.name}.json").exists():
            write_json(path, {"summary": list(read.lines()), "files": read.rows})
        lines = "\n".join(read.lines())
        print(f"{lines}\nFile by file: {path}", file=sys.stderr)

    def _choose_settings(self) -> musicvae_settings.Settings:
        """Returns the settings that were given, with a batch that the data can fill.

        The sizes of the network are those of the weights that it begins from, and for
        files of the user's the rate is lower then.
        """
        sizes = [len(self.data.splits[split]) for split in ("train", "validation")]
        batch = min(musicvae_settings.Settings.batch, *sizes)
        steps = self.data.splits["train"].shape[1]
        base = musicvae_settings.Settings(batch=batch, melody_steps=steps)
        if self.key != WRITTEN:
            base = replace(base, transpose=0)
        _, cards = self.initial
        if cards:
            settings = cards[0].get("settings", {})
            known = {name: settings[name] for name in SIZES if name in settings}
            base = replace(base, **known)
        if cards and self.args.midi is not None:
            base = replace(base, **GOING_ON)
        return arguments.settings_from(self.args, base)

    def default_limit(self) -> dict[str, float]:
        """Returns the minutes or the steps of a training that is given none."""
        if mode() == "full":
            return {"steps": musicvae_training.FULL_STEPS}
        return {"minutes": for_mode(0.1, 2, 60)}

    def load_initial(self) -> tuple[Arrays | None, list[Card]]:
        """Returns the weights to begin from, None for random ones, and their cards."""
        return self.initial

    def _load_initial(self) -> tuple[Arrays | None, list[Card]]:
        """Reads the weights to begin from: of several weights it is their mean."""
        if self.args.begin is None:
            return None, []
        places = [find_weights(named, self.model, self.name) for named in self.args.begin]
        weights = [load_weights(name, folder) for name, folder in places]
        return mean_of([arrays for arrays, _ in weights]), [card for _, card in weights]

    def size(self) -> str:
        """Says how large the data is."""
        return f"{self.data.source['windows']} melodies"

    def train(self, budget: Budget, initial: Arrays | None) -> tuple[Arrays, list[Row]]:
        """Trains the model; returns its weights and the curves."""
        devices = self.args.devices
        return musicvae_training.train(self.data, self.settings, budget, initial, devices=devices)

    def add_posterior(self, arrays: Arrays) -> Arrays:
        """Returns the arrays with those of the aggregate posterior, to sample from.

        A Gaussian and a mixture of Gaussians are fitted to the z of the training split;
        of files of the user's, to those of at most FITTED melodies.
        """
        melodies = self.data.splits["train"]
        if self.args.midi is not None:
            melodies = melodies[:: -(-len(melodies) // FITTED)]
        mu, sigma = in_batches(NumpyMusicVAE(arrays).encode, melodies)
        rng = np.random.default_rng(self.settings.seed)
        z = mu + sigma * rng.standard_normal(mu.shape)
        components = max(1, min(10, len(z) // 500))
        gaussian = fit_posterior(mu, sigma)
        mixture = fit_mixture(z, components, rng)
        return arrays | rounded(gaussian | mixture)

    def read_from(self) -> Card:
        """Returns where a folder of the user's was read, to read it again."""
        args = self.args
        if args.midi is None:
            return {}
        place = {"path": str(args.midi.resolve())}
        chosen = {"meter": args.meter, "programs": args.programs, "track": args.track}
        return {"read_from": place | {name: value for name, value in chosen.items() if value}}

    def measure(self, arrays: Arrays, minutes: float | None) -> dict[str, float]:
        """Returns the figures of the card, measured on the rounded weights.

        Of a folder of the user's they are of at most MEASURED melodies of the split;
        `evaluate musicvae --weights` takes all of the test split.
        """
        vae = NumpyMusicVAE(arrays)
        melodies = self.data.splits["validation"]
        if self.args.midi is not None:
            melodies = melodies[:: -(-len(melodies) // MEASURED)]
        mu, sigma = in_batches(vae.encode, melodies)
        z = mu + sigma * np.random.default_rng(2).standard_normal(mu.shape)
        kl = kl_divergence(mu, sigma).sum(axis=1).mean()
        majority = measures.likeliest_at_each_step(self.data.splits["train"])
        right = (in_batches(vae.decode, mu) == melodies).mean(axis=1)
        error = NORMAL_95 * right.std() / np.sqrt(len(right))
        return {
            "validation_kl_bits": float(kl / musicvae_network.LN2),
            "validation_melodies": len(melodies),
            "validation_free_running": float(right.mean()),
            "validation_free_running_error": float(error),
            "validation_free_running_drawn": measures.step_accuracy(
                in_batches(vae.decode, z), melodies
            ),
            "validation_always_hold": float((melodies == HOLD).mean()),
            "validation_position_majority": measures.step_accuracy(majority, melodies),
        }

    def settings_in_card(self) -> Card:
        """Returns the settings as a card has them."""
        return self.settings.to_card()

    def vocabulary_in_card(self) -> Card:
        """Returns nothing: all melodies have the same events."""
        return {}

    def summary(self, figures: dict[str, float]) -> str:
        """Says how good the model is."""
        share = figures["validation_free_running"]
        bits = figures["validation_kl_bits"]
        error = figures["validation_free_running_error"]
        hold = figures["validation_always_hold"]
        majority = figures["validation_position_majority"]
        return (
            f"{share:.4f} of the steps of {figures['validation_melodies']} melodies of the "
            f"validation split (with 95 % within {error:.3f}), free running from mu, "
            f"at {bits:.1f} bits; always HOLD has {hold:.4f} of them, and the likeliest event of "
            f"each place {majority:.4f}."
        )
