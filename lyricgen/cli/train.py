"""python -m lyricgen train: trains a model and writes its weights with their card."""

from __future__ import annotations

import sys
from dataclasses import asdict, fields
from pathlib import Path

import numpy as np

from lyricgen.budget import for_mode, mode
from lyricgen.cli import arguments
from lyricgen.files import UserError, check_folder
from lyricgen.lyrics import corpora
from lyricgen.models.language.data import load_corpus_splits, load_text_splits
from lyricgen.models.language.inference import NumpyLanguageModel, lstm_bits
from lyricgen.models.musicvae.data import load_book_windows, load_midi_windows
from lyricgen.models.musicvae.inference import NAME, NumpyMusicVAE
from lyricgen.models.musicvae.posterior import fit_mixture, fit_posterior, kl_divergence
from lyricgen.models.weights import load_weights, mean_of, save_weights


def add_parser(commands, with_models: bool) -> None:
    """Adds the command; with_models: with one subcommand for each model, which needs Keras."""
    parser = commands.add_parser("train", help="trains a model: train language --help")
    models = parser.add_subparsers(required=True, metavar="model", parser_class=type(parser))
    if with_models:
        language = models.add_parser("language", help="a language model of characters")
        add_language_arguments(language)
        language.set_defaults(run=train_language)
        musicvae = models.add_parser("musicvae", help="a MusicVAE of melodies of two bars")
        add_musicvae_arguments(musicvae)
        musicvae.set_defaults(run=train_musicvae)


def add_language_arguments(parser) -> None:
    """The arguments of `train language`."""
    from lyricgen.models.language.network import Settings
    from lyricgen.models.language.training import CORPUS, TEXT

    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--corpus", choices=corpora.CORPORA, help="a corpus of the course")
    what.add_argument("--text", type=Path, help="a text of your own, UTF-8")
    parser.add_argument(
        "--begin",
        type=Path,
        help="a folder with weights of the same name, to begin from those instead of random ones",
    )

    def default(name: str) -> object:
        values = {kind: getattr(own, name) for kind, own in {**CORPUS, "a text": TEXT}.items()}
        return (
            values["a text"]
            if len(set(values.values())) == 1
            else ", ".join(f"{kind}: {value}" for kind, value in values.items())
        )

    arguments.add_training_arguments(parser, fields(Settings), default)


def train_language(args) -> int:
    """Trains a language model on a corpus or a text, measures it on the test part, and writes its weights with their card."""
    from lyricgen.models import checkpoint
    from lyricgen.models import training as models_training
    from lyricgen.models.language.network import Settings
    from lyricgen.models.language.training import CORPUS, FULL_STEPS, TEXT, shrunk_to, train

    check_folder(args.out)
    characters, parts, data = (
        load_corpus_splits(args.corpus) if args.corpus else load_text_splits(args.text)
    )
    settings = shrunk_to(
        arguments.settings_from(args, CORPUS.get(args.corpus, TEXT), fields(Settings)), parts
    )
    if settings.noise and not settings.whole:
        raise UserError("Noise is for windows that begin with a poem; ask for --whole too.")
    budget = arguments.minutes_or_steps(
        args,
        {"steps": FULL_STEPS[args.corpus]}
        if args.corpus and mode() == "full"
        else {"minutes": for_mode(0.1, 2, 10)},
    )
    name, begun = args.corpus or args.text.stem, {}
    if args.begin:
        before, card = load_weights(name, args.begin)
        if card.get("characters") != "".join(characters.tokens[3:]):
            raise UserError(
                f"{args.begin / name}.npz is for another vocabulary than this text has."
            )
        begun = {
            "begun_from": {
                key: value
                for key, value in card.items()
                if key not in ("characters", "data", "name", "file", "model")
            }
        }
    folder = checkpoint.folder_for(
        name,
        asdict(settings) | budget | data | {key: value["sha256"] for key, value in begun.items()},
    )
    print(
        f"{name}: {len(characters)} tokens; checkpoints and curves are in {folder}", file=sys.stderr
    )
    model, rows = train(
        parts,
        len(characters),
        settings,
        folder,
        begin=before if begun else None,
        validations=4 if mode() == "smoke" else 30,
        **budget,
    )
    card = {
        "model": "language",
        "data": data,
        "settings": asdict(settings),
        "characters": "".join(characters.tokens[3:]),
        "folded": characters.folded,
        "steps": rows[-1]["step"],
        "seconds": rows[-1]["seconds"],
        "machine": models_training.machine(),
        "curves": rows,
    } | begun
    rounded = {key: value.astype(np.float16) for key, value in model.arrays().items()}
    bits = lstm_bits(NumpyLanguageModel(rounded, characters), parts["test"])
    save_weights(
        args.out, name, rounded, card | {"figures": {"test_bits_per_character": round(bits, 4)}}
    )
    print(
        f"{name}: {bits:.4f} bits ({bits * np.log(2):.4f} nats) a character on the test part. Written: {args.out / name}.npz"
    )
    return 0


def add_musicvae_arguments(parser) -> None:
    """The arguments of `train musicvae`."""
    from lyricgen.models.musicvae.network import Settings

    parser.add_argument(
        "--midi", type=Path, help="a folder of your own MIDI files, instead of the tune books"
    )
    parser.add_argument("--name", help=f"of the weights ({NAME}, or the folder's)")
    parser.add_argument(
        "--begin",
        type=Path,
        nargs="+",
        help="a folder with weights of the same name, to begin from those instead of random ones; "
        "of several, from their mean",
    )
    arguments.add_training_arguments(
        parser, fields(Settings)[2:], lambda name: getattr(Settings, name)
    )


def train_musicvae(args) -> int:
    """Trains a MusicVAE and writes its weights, rounded to float16, with the Gaussian of the aggregate posterior and a card."""
    from lyricgen.models import checkpoint
    from lyricgen.models import training as models_training
    from lyricgen.models.musicvae.network import LN2, Settings
    from lyricgen.models.musicvae.training import FULL_STEPS, train

    check_folder(args.out)
    parts, data = load_midi_windows(args.midi) if args.midi else load_book_windows()
    few = min(Settings.batch, len(parts["train"]), len(parts["validation"]))
    settings = arguments.settings_from(args, Settings(batch=few), fields(Settings)[2:])
    budget = arguments.minutes_or_steps(
        args,
        {"steps": FULL_STEPS} if mode() == "full" else {"minutes": for_mode(0.1, 2, 60)},
    )
    name = args.name or (args.midi.name if args.midi else NAME)
    earlier = [load_weights(name, folder) for folder in args.begin or []]
    before, begun = mean_of([arrays for arrays, _ in earlier]) if earlier else None, {}
    if (
        earlier
    ):  # of several, the first one's card tells the story, and the others' hashes stand in it
        begun = {
            "begun_from": {
                key: value
                for key, value in earlier[0][1].items()
                if key not in ("data", "name", "file", "model")
            }
        }
        begun["begun_from"] |= (
            {"mean_with": [card["sha256"] for _, card in earlier[1:]]} if earlier[1:] else {}
        )
    folder = checkpoint.folder_for(
        name,
        asdict(settings) | budget | data | {"begun_from": [card["sha256"] for _, card in earlier]},
    )
    print(
        f"{name}: {data['windows']} melodies; checkpoints and curves are in {folder}",
        file=sys.stderr,
    )
    model, rows = train(
        parts, settings, folder, validations=4 if mode() == "smoke" else 30, begin=before, **budget
    )
    rounded = {key: value.astype(np.float16) for key, value in model.arrays().items()}
    mu, sigma = NumpyMusicVAE(rounded).encode(parts["train"])
    z = mu + sigma * (rng := np.random.default_rng(settings.seed)).standard_normal(mu.shape)
    fitted = fit_posterior(mu, sigma) | fit_mixture(z, max(1, min(10, len(z) // 500)), rng)
    rounded |= {key: value.astype(np.float16) for key, value in fitted.items()}
    card = {
        "model": "musicvae",
        "data": data,
        "settings": asdict(settings),
        "steps": rows[-1]["step"],
        "seconds": rows[-1]["seconds"],
        "machine": models_training.machine(),
        "curves": rows,
    } | begun
    some, vae = parts["validation"], NumpyMusicVAE(rounded)
    mu, sigma = vae.encode(some)
    drawn = mu + sigma * np.random.default_rng(2).standard_normal(mu.shape)
    figures = {
        "validation_kl_bits": float(kl_divergence(mu, sigma).sum(axis=1).mean() / LN2),
        "validation_free_running": float((vae.decode(mu) == some).mean()),
        "validation_free_running_drawn": float((vae.decode(drawn) == some).mean()),
    }
    save_weights(
        args.out,
        name,
        rounded,
        card | {"figures": {key: round(value, 4) for key, value in figures.items()}},
    )
    print(
        f"{name}: {figures['validation_free_running']:.4f} of the steps of the validation part, free running from mu, at "
        f"{figures['validation_kl_bits']:.1f} bits. Written: {args.out / name}.npz"
    )
    return 0
