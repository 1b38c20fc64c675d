"""python -m lyricgen sample: lines or melodies of trained weights."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np

from lyricgen.files import UserError, check_folder, write_atomic, write_together
from lyricgen.models.longer.settings import BARS
from lyricgen.models.weights import WEIGHTS, find_weights, load_weights

# Characters of a text, at most
LENGTH = 240

# What writes so many melodies: canonical events, uint8 (count, T)
Writer = Callable[[int, np.random.Generator], np.ndarray]


def add_parser(commands) -> None:
    """Adds the command and its arguments."""
    parser = commands.add_parser(
        "sample", help="writes with trained weights: lines, or melodies as MIDI, MP3 and a page"
    )
    parser.add_argument(
        "weights",
        metavar="NAME|PATH",
        help="shipped weights (musicvae, songci, yuanqu, burns, ballads), or the file .npz that "
        "train wrote",
    )
    parser.add_argument("--count", type=int, default=3, help="how many (3)")
    parser.add_argument(
        "--temperature",
        type=float,
        help="above 0: low is careful, high is wild (0.8 for lines, 0.5 for melodies)",
    )
    parser.add_argument("--seed", type=int, default=1, help="the same seed writes the same (1)")
    parser.add_argument(
        "--out", type=Path, help="the folder for the files (out for melodies; none for lines)"
    )
    parser.add_argument(
        "--bars",
        type=int,
        choices=(2, 16),
        help="of a melody of musicvae; 16 are whole tunes, of the latent language model (2)",
    )
    parser.set_defaults(run=run_sample)


def run_sample(args: argparse.Namespace) -> int:
    """Writes with the weights, by the model that they are of."""
    check_numbers(args)
    name, folder = find_weights(args.weights)
    _, card = load_weights(name, folder)
    if args.out is not None:
        check_folder(args.out)
    if card.get("model") == "musicvae":
        return sample_melodies(args, name, folder, card)
    if args.bars is not None:
        raise UserError(f"--bars is for melodies; {name} are weights of lines.")
    if card.get("model") != "language":
        raise UserError(f"{name} writes with the model of two bars: sample musicvae --bars 16.")
    return sample_lines(args, name, folder)


def check_numbers(args: argparse.Namespace) -> None:
    """Raises UserError for a number with which nothing can be written."""
    if args.count < 1:
        raise UserError(f"--count is {args.count}; it should be 1 or more.")
    if args.seed < 0:
        raise UserError(f"--seed is {args.seed}; it should be 0 or a whole number above.")
    if args.temperature is not None and not 1e-3 <= args.temperature <= 10:
        raise UserError(f"--temperature is {args.temperature:g}; it can be from 0.001 to 10.")


def sample_lines(args: argparse.Namespace, name: str, folder: Path) -> int:
    """Prints texts of a language model, and writes them where --out is given."""
    from lyricgen.models.language.inference import NumpyLanguageModel
    from lyricgen.models.language.writing import decode_poems, sample_tokens, unconstrained_plan

    model = NumpyLanguageModel.load(name, folder)
    plan = unconstrained_plan(model.characters, args.count, LENGTH)
    rng = np.random.default_rng(args.seed)
    tokens = sample_tokens(model, plan, rng, args.temperature or 0.8)
    texts = ["\n".join(lines).strip("\n") for lines in decode_poems(model.characters, tokens)]
    if not any(text.strip() for text in texts):
        raise UserError(f"{name} writes empty lines: it needs a longer training, or more text.")
    text = "\n\n".join(texts) + "\n"
    print(text, end="")
    if args.out is not None:
        path = args.out / f"{name}.txt"
        write_atomic(path, text.encode())
        print(f"Written: {path}", file=sys.stderr)
    return 0


def sample_melodies(args: argparse.Namespace, name: str, folder: Path, card: dict) -> int:
    """Writes melodies of a MusicVAE as MIDI and MP3, and a page with all of them."""
    from lyricgen.models.musicvae.inference import NumpyMusicVAE
    from lyricgen.music.meter import meter_of_card
    from lyricgen.song import melodies, tune

    out = args.out or Path("out")
    check_folder(out)
    meter = meter_of_card(card)
    rng = np.random.default_rng(args.seed)
    temperature = args.temperature or 0.5
    if args.bars == BARS:
        write = tune_writer(name, folder, temperature)
    else:
        vae = NumpyMusicVAE.load(name, folder)

        def write(count: int, rng: np.random.Generator) -> np.ndarray:
            return vae.sample(count, rng, temperature)

    drawn = melodies.with_notes(write(args.count, rng))
    for _ in range(tune.ROUNDS - 1):
        if len(drawn) >= args.count:
            break
        drawn = np.concatenate([drawn, melodies.with_notes(write(args.count, rng))])
    if len(drawn) < args.count:
        raise UserError(tune.SILENCE)
    drawn = drawn[: args.count]
    mp3s = [melodies.to_mp3(events, meter) for events in drawn]
    page = melodies.to_page(name, drawn, meter, mp3s)
    files = {out / f"{name}.html": page.encode()}
    for number, (events, mp3) in enumerate(zip(drawn, mp3s), 1):
        stem = f"{name}-{number}"
        files[out / f"{stem}.mid"] = melodies.to_midi(events, meter, stem)
        files[out / f"{stem}.mp3"] = mp3
    write_together(files)
    bars = drawn.shape[1] // meter.written_steps
    print(f"{args.count} melodies of {bars} bars in {meter}. Written: {', '.join(map(str, files))}")
    return 0


def tune_writer(name: str, folder: Path, tau: float) -> Writer:
    """Returns what writes tunes of 16 bars with a MusicVAE of two bars.

    It is the latent language model, from the folder of the MusicVAE, or else the
    shipped one. How many of the drawn segments were kept is printed.
    """
    from lyricgen.models.longer.inference import LATENT_NAME, TRIES, NumpyLatentLanguageModel

    beside = folder if (folder / f"{LATENT_NAME}.json").exists() else WEIGHTS
    model = NumpyLatentLanguageModel.load(LATENT_NAME, beside, (name, folder))

    def write(count: int, rng: np.random.Generator) -> np.ndarray:
        tunes = model.sample(count, rng, tau, tries=TRIES)
        print(
            f"{tunes.accepted} of {tunes.drawn} segments that were drawn stay in C major "
            f"({tunes.acceptance:.0%}); others were drawn again, up to {TRIES} times.",
            file=sys.stderr,
        )
        return tunes.events

    return write
