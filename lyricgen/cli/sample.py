"""python -m lyricgen sample: lines or melodies of trained weights."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np

from lyricgen.files import UserError, check_folder, write_atomic, write_together
from lyricgen.models.weights import find_weights, load_weights

# Characters of a text, at most
LENGTH = 240


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
    vae = NumpyMusicVAE.load(name, folder)
    meter = meter_of_card(card)
    rng = np.random.default_rng(args.seed)
    drawn = np.zeros((0, vae.steps), np.uint8)
    for _ in range(tune.ROUNDS):
        samples = vae.sample(args.count, rng, args.temperature or 0.5)
        drawn = np.concatenate([drawn, melodies.with_notes(samples)])[: args.count]
        if len(drawn) == args.count:
            break
    else:
        raise UserError(tune.SILENCE)
    mp3s = [melodies.to_mp3(events, meter) for events in drawn]
    page = melodies.to_page(name, drawn, meter, mp3s)
    files = {out / f"{name}.html": page.encode()}
    for number, (events, mp3) in enumerate(zip(drawn, mp3s), 1):
        stem = f"{name}-{number}"
        files[out / f"{stem}.mid"] = melodies.to_midi(events, meter, stem)
        files[out / f"{stem}.mp3"] = mp3
    write_together(files)
    bars = vae.steps // meter.written_steps
    print(f"{args.count} melodies of {bars} bars in {meter}. Written: {', '.join(map(str, files))}")
    return 0
