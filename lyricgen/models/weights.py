"""Files of weights: arrays in float16 beside a card that holds their hash."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

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


# Arrays of the fitted posterior, which belong to one run and have no mean over runs.
POSTERIOR = ("mixture_", "posterior_")


def save_weights(folder: Path, name: str, arrays: dict[str, np.ndarray], card: dict) -> dict:
    """Writes NAME.npz, in float16, and its card NAME.json.

    Returns the card with the name of the file and its hash.
    """
    packed = io.BytesIO()
    rounded: dict[str, Any] = {key: value.astype(np.float16) for key, value in arrays.items()}
    np.savez_compressed(packed, **rounded)
    data = packed.getvalue()
    write_atomic(folder / f"{name}.npz", data)
    card = {"name": name, **card, "file": f"{name}.npz", "sha256": sha256(data)}
    write_json(folder / f"{name}.json", card)
    return card


def load_weights(name: str, folder: Path = WEIGHTS) -> tuple[dict[str, np.ndarray], dict]:
    """Reads the arrays and the card of weights.

    Raises: DataError for a file that is missing, or damaged (with both hashes).
    """
    card = read_card(folder / f"{name}.json")
    data = read_checked(folder / f"{name}.npz", str(card.get("sha256")))
    with np.load(io.BytesIO(data), allow_pickle=False) as file:
        arrays = {key: file[key] for key in file.files}
    return arrays, card


def mean_of(weights: list[dict[str, np.ndarray]]) -> dict[str, np.ndarray]:
    """Returns the mean of the weights of several trainings, each resumed from the last.

    It is often better than any of them. The arrays of the fitted posterior are left
    out.
    Raises: UserError where the weights are of different sizes.
    Source: Izmailov et al. 2018 (stochastic weight averaging).
    Notebook: training_musicvae
    """
    first_shapes = _network_shapes(weights[0])
    for arrays in weights[1:]:
        if _network_shapes(arrays) != first_shapes:
            raise UserError(
                "The weights to begin from are of different sizes, so they have no mean."
            )
    means = {}
    for name in first_shapes:
        values = [arrays[name].astype(np.float32) for arrays in weights]
        means[name] = np.mean(values, axis=0)
    return means


def _network_shapes(arrays: dict[str, np.ndarray]) -> dict[str, tuple[int, ...]]:
    return {name: value.shape for name, value in arrays.items() if not name.startswith(POSTERIOR)}
