"""The arguments of `train`, without Keras: its import takes seconds."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from lyricgen.cli import arguments, environment
from lyricgen.lyrics import corpora
from lyricgen.models.language import settings as language_settings
from lyricgen.models.longer.inference import LATENT_NAME, SONG_NAME
from lyricgen.models.longer.settings import LatentSettings, SongSettings
from lyricgen.models.musicvae import settings as musicvae_settings
from lyricgen.models.musicvae.inference import NAME
from lyricgen.models.musicvae.settings import KEYS

# The models of 16 bars: the name of the weights of each, and its settings
LONGER = {"song": (SONG_NAME, SongSettings), "latents": (LATENT_NAME, LatentSettings)}
LONGER_HELP = {
    "song": "the song VAE: one z for 16 bars, with a conductor and pointers",
    "latents": "the latent language model: a prior of each segment given the earlier ones",
}


def add_arguments(parser: argparse.ArgumentParser, model: str) -> None:
    """Adds the arguments of `train language`, `train musicvae` or `train longer`."""
    if model == "language":
        add_language_arguments(parser)
    elif model == "musicvae":
        add_musicvae_arguments(parser)
    else:
        add_longer_kinds(parser)
    parser.set_defaults(run=run_training, model=model)


def run_training(args: argparse.Namespace) -> int:
    """Imports Keras, and trains the model that is asked for."""
    environment.prepare_training()
    with environment.quiet_import():
        from lyricgen.cli import train, train_longer
    if args.model == "language":
        return train.train_language(args)
    if args.model == "musicvae":
        return train.train_musicvae(args)
    return train_longer.train_longer(args)


def add_language_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the arguments of `train language`."""
    parser.usage = "%(prog)s --text FILE|DIR [--minutes MINUTES] [settings]"
    usual = parser.add_argument_group("usual")
    text = usual.add_mutually_exclusive_group(required=True)
    text.add_argument(
        "--text", type=Path, metavar="FILE|DIR", help="your own text, or a folder of .txt files"
    )
    text.add_argument("--corpus", choices=corpora.CORPORA, help="or a corpus of the course")
    arguments.add_usual_arguments(usual)
    usual.add_argument("--name", help="of the weights (the corpus's, or the text's)")
    usual.add_argument("--encoding", help="of the text (utf-8)")
    usual.add_argument(
        "--column", help="of a table (CSV or TSV) that is given as the text: each field is a song"
    )
    usual.add_argument(
        "--begin",
        type=Path,
        metavar="DIR",
        help="a folder with weights of the same name, to begin from those instead of random ones",
    )
    parser.add_argument(
        "--also",
        choices=corpora.CORPORA,
        help="a second corpus of the course, whose training split is read in training too",
    )
    parser.add_argument("--devices", type=int, default=1, help=argparse.SUPPRESS)
    arguments.add_settings(parser, language_settings.Settings, default_of_language)


def default_of_language(name: str) -> object:
    """Returns the default of a setting; where corpora differ, one for each of them."""
    defaults = {corpus: getattr(base, name) for corpus, base in language_settings.CORPUS.items()}
    defaults["a text"] = getattr(language_settings.TEXT, name)
    if len(set(defaults.values())) == 1:
        return defaults["a text"]
    return ", ".join(f"{text}: {value}" for text, value in defaults.items())


def add_musicvae_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the arguments of `train musicvae`."""
    parser.usage = "%(prog)s [--midi DIR] [--begin musicvae] [--minutes MINUTES] [settings]"
    usual = parser.add_argument_group("usual")
    usual.add_argument(
        "--midi",
        type=Path,
        metavar="DIR",
        help="a folder of your own MIDI files, instead of the tune books",
    )
    usual.add_argument(
        "--begin",
        nargs="+",
        metavar="NAME|PATH",
        help="weights to begin from instead of random ones, as musicvae for the shipped ones; "
        "of several, from their mean",
    )
    arguments.add_usual_arguments(usual)
    usual.add_argument("--name", help=f"of the weights ({NAME}, or the folder's)")
    usual.add_argument(
        "--meter",
        metavar="4/4|3/4|2/4|6/8",
        help="the bars of the MIDI files that are taken; short ones in groups (4/4)",
    )
    usual.add_argument(
        "--programs",
        metavar="all|melodic|0-31",
        help="the programs that are taken, from 0; drums never are (0-31, with --track words all)",
    )
    usual.add_argument(
        "--track",
        choices=("all", "words"),
        help="words: only the track whose notes the words of a file belong to (all)",
    )
    usual.add_argument(
        "--key",
        choices=KEYS,
        help="as written, moved at random (--transpose); or moved to C major by the key that a "
        "book names, by the estimated key of each window, or both ways "
        "(that of the weights to begin from, or written)",
    )
    usual.add_argument("--jobs", type=int, help="processes that read the MIDI files (1)")
    usual.add_argument(
        "--devices", type=int, default=1, help="GPUs, or parts of the CPU, that share a batch (1)"
    )
    arguments.add_settings(parser, musicvae_settings.Settings, default_of_musicvae)


def default_of_musicvae(name: str) -> object:
    """Returns the default of a setting."""
    return getattr(musicvae_settings.Settings, name)


def add_longer_kinds(parser: argparse.ArgumentParser) -> None:
    """Adds the two models of 16 bars to `train longer`, each with its arguments."""
    kinds = parser.add_subparsers(
        dest="kind", required=True, metavar="kind", parser_class=type(parser)
    )
    for kind, (name, settings) in LONGER.items():
        add_longer_arguments(kinds.add_parser(kind, help=LONGER_HELP[kind]), name, settings)


def add_longer_arguments(parser: argparse.ArgumentParser, name: str, settings: Any) -> None:
    """Adds the arguments of `train longer song` or of `train longer latents`."""
    parser.usage = "%(prog)s [--two-bars NAME|PATH] [--minutes MINUTES] [settings]"
    usual = parser.add_argument_group("usual")
    usual.add_argument(
        "--two-bars",
        default=NAME,
        metavar="NAME|PATH",
        help=f"the MusicVAE of two bars, in one key, over whose latents it is trained ({NAME})",
    )
    usual.add_argument(
        "--begin", metavar="NAME|PATH", help="weights to begin from instead of random ones"
    )
    arguments.add_usual_arguments(usual)
    usual.add_argument("--name", help=f"of the weights ({name})")
    parser.add_argument("--devices", type=int, default=1, help=argparse.SUPPRESS)

    def default_of(name: str) -> object:
        return getattr(settings, name)

    arguments.add_settings(parser, settings, default_of)
