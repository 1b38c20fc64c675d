"""Files of weights: arrays in float16 beside a card that holds their hash."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np

from lyricgen.files import (
    DATA,
    DataError,
    UserError,
    cache_dir,
    json_bytes,
    read_card,
    read_checked,
    sha256,
    write_together,
)

WEIGHTS = DATA / "weights"


# Arrays of the fitted posterior, which belong to one run and have no mean over runs.
POSTERIOR = ("mixture_", "posterior_")


def save_weights(folder: Path | str, name: str, arrays: dict[str, np.ndarray], card: dict) -> dict:
    """Writes NAME.npz, in float16, and its card NAME.json.

    Returns the card with the name of the file and its hash.
    """
    folder = Path(folder)
    packed = io.BytesIO()
    rounded: dict[str, Any] = {key: value.astype(np.float16) for key, value in arrays.items()}
    np.savez_compressed(packed, **rounded)
    data = packed.getvalue()
    card = {"name": name, **card, "file": f"{name}.npz", "sha256": sha256(data)}
    # Weights and card fit each other, also where one of them cannot be written.
    write_together({folder / f"{name}.npz": data, folder / f"{name}.json": json_bytes(card)})
    return card


def load_weights(name: str, folder: Path | str = WEIGHTS) -> tuple[dict[str, np.ndarray], dict]:
    """Reads the arrays and the card of weights.

    Raises: DataError for a file that is missing, or damaged (with both hashes).
    """
    folder = Path(folder)
    card = read_card(folder / f"{name}.json")
    data = read_checked(folder / f"{name}.npz", str(card.get("sha256")))
    with np.load(io.BytesIO(data), allow_pickle=False) as file:
        arrays = {key: file[key] for key in file.files}
    return arrays, card


def find_weights(named: str, model: str | None = None, name: str = "") -> tuple[str, Path]:
    """Returns the name and the folder of weights that a user names.

    named: a file .npz or .json of them, with or without its ending; a folder; or the
        name of shipped weights, or of weights that `train` wrote into the user's cache.
    model: "language" or "musicvae", where only that will do.
    name: of a folder's weights, those that are taken first.
    Raises: UserError where there are none, or several, or those of another model.
    """
    path = Path(named).expanduser()
    stem = path.with_suffix("") if path.suffix in (".npz", ".json") else path
    found = _in_folder(path, model) if path.is_dir() else []
    # A folder without weights may bear the name of weights that were learned from it.
    if found:
        if name in found:
            return name, path
        if len(found) != 1:
            listed = ", ".join(found)
            raise UserError(f"{path} should have weights of one model; it has {listed}.")
        return found[0], path
    candidates = [(stem.name, stem.parent)]
    if stem.name == named.rstrip("/"):
        candidates += [(stem.name, WEIGHTS), (stem.name, cache_dir() / "weights")]
    for found_name, folder in candidates:
        if (folder / f"{found_name}.json").is_file():
            _check_model(found_name, folder, model)
            return found_name, folder
    shipped = ", ".join(_in_folder(WEIGHTS, model))
    raise UserError(
        f"There are no weights {named}; give a file .npz that train wrote, or one of {shipped}."
    )


def _check_model(name: str, folder: Path, model: str | None) -> None:
    """Raises UserError where weights are those of another model than one needs."""
    found = read_card(folder / f"{name}.json").get("model")
    if model is not None and found != model:
        raise UserError(f"{folder / name}.npz are weights of {found}; here {model} is needed.")


def _in_folder(folder: Path, model: str | None) -> list[str]:
    """Returns the names of the weights of a model, or of any, in a folder."""
    names = []
    for path in sorted(folder.glob("*.npz")):
        try:
            card = read_card(path.with_suffix(".json"))
        except DataError:
            continue
        if card.get("model") and model in (None, card["model"]):
            names.append(path.stem)
    return names


def mean_of(weights: list[dict[str, np.ndarray]]) -> dict[str, np.ndarray]:
    """Returns the mean of the weights of several trainings, each resumed from the last.

    It is often better than any of them. The arrays of the fitted posterior are left
    out.
    Raises: UserError where the weights are of different sizes.
    Source: Izmailov et al. 2018 (stochastic weight averaging).
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
