"""Checkpoints of a training: all variables and a state in one file, atomically."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from pathlib import Path
from typing import Any

import keras
import numpy as np

from lyricgen.files import UserError, cache_dir, write_atomic

# What NumPy and JSON raise for a file that is cut off, changed or something else.
UNREADABLE = (OSError, EOFError, ValueError, KeyError, zipfile.BadZipFile)


def folder_for(name: str, settings: dict[str, Any]) -> Path:
    """Returns the folder of a training in the cache; other settings, another folder.

    Notebook: training_a_language_model
    """
    described = json.dumps(settings, sort_keys=True, default=str)
    digest = hashlib.sha256(described.encode()).hexdigest()
    return cache_dir() / "training" / f"{name}-{digest[:10]}"


def split_variables(model: keras.Model) -> tuple[list, list]:
    """Returns the variables that a checkpoint holds, and the states of the seeds.

    A checkpoint holds the model's variables and the optimizer's, in order, but not the
    states of the seed generators: those follow from the step.
    """
    model.optimizer.build(model.trainable_variables)
    seeds = [variable for variable in model.variables if "seed_generator" in variable.path]
    seed_ids = {id(variable) for variable in seeds}
    variables = [*model.variables, *model.optimizer.variables]
    return [variable for variable in variables if id(variable) not in seed_ids], seeds


def save(path: Path, variables: list, state: dict[str, Any]) -> None:
    """Writes the values of variables and a state into one file, atomically.

    The state is a dict that JSON can hold.
    """
    arrays = {f"v{k}": keras.ops.convert_to_numpy(value) for k, value in enumerate(variables)}
    packed = io.BytesIO()
    np.savez(packed, state=np.array(json.dumps(state)), **arrays)
    write_atomic(path, packed.getvalue())


def load(path: Path, variables: list) -> dict[str, Any]:
    """Sets variables from a file that `save` wrote, and returns its state.

    Raises: UserError, before any variable is set, for a file that cannot be read or
    that does not fit the variables.
    """
    try:
        with np.load(path, allow_pickle=False) as file:
            values = [file[f"v{k}"] for k in range(len(file.files) - 1)]
            state = json.loads(str(file["state"]))
    except UNREADABLE as error:
        raise UserError(
            f"{path} is no checkpoint that can be read ({error}); delete its folder to start again."
        ) from error
    shapes = [tuple(variable.shape) for variable in variables]
    if [value.shape for value in values] != shapes:
        raise UserError(f"{path} is of another model; delete its folder to start again.")
    for variable, value in zip(variables, values):
        variable.assign(value)
    return state
