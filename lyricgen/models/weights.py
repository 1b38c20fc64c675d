"""Files of weights: arrays in float16 beside a card that holds their hash."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np

from lyricgen.files import (
    DATA,
    UserError,
    read_card,
    read_checked,
    sha256,
    write_atomic,
    write_json,
)

WEIGHTS = DATA / "weights"


def save_weights(folder: Path, name: str, arrays: dict[str, np.ndarray], card: dict) -> dict:
    """Writes NAME.npz, in float16, and its card NAME.json, and returns the card with the hash."""
    packed = io.BytesIO()
    np.savez_compressed(packed, **{key: value.astype(np.float16) for key, value in arrays.items()})
    write_atomic(folder / f"{name}.npz", packed.getvalue())
    card = {"name": name, **card, "file": f"{name}.npz", "sha256": sha256(packed.getvalue())}
    write_json(folder / f"{name}.json", card)
    return card


def load_weights(name: str, folder: Path = WEIGHTS) -> tuple[dict[str, np.ndarray], dict]:
    """The arrays and the card of some weights; raises DataError for a file that is missing, or damaged (with both hashes)."""
    card = read_card(folder / f"{name}.json")
    data = read_checked(folder / f"{name}.npz", str(card.get("sha256")))
    with np.load(io.BytesIO(data), allow_pickle=False) as file:
        return {key: file[key] for key in file.files}, card


def mean_of(weights: list[dict[str, np.ndarray]]) -> dict[str, np.ndarray]:
    """The mean of the weights of several trainings, each begun from the one before, which is often better than any of them; raises UserError.

    Source: Izmailov et al. 2018 (stochastic weight averaging). Notebook: 08_training_musicvae
    """
    shapes = [
        {
            name: value.shape
            for name, value in arrays.items()
            if not name.startswith(("mixture_", "posterior_"))
        }
        for arrays in weights
    ]
    if any(shape != shapes[0] for shape in shapes):
        raise UserError("The weights to begin from are of different sizes, so they have no mean.")
    return {
        name: np.mean([arrays[name].astype(np.float32) for arrays in weights], axis=0)
        for name in shapes[0]
    }
