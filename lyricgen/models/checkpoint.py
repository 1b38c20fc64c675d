"""Checkpoints of a training: all variables and a state in one file, whole or not at all."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from pathlib import Path

import keras
import numpy as np

from lyricgen.files import UserError, cache_dir, write_atomic


def folder_for(name: str, settings: dict) -> Path:
    """The folder of a training in the user's cache: another setting, another folder. Notebook: 03_lyrics_language_model"""
    digest = hashlib.sha256(json.dumps(settings, sort_keys=True, default=str).encode()).hexdigest()[
        :10
    ]
    return cache_dir() / "training" / f"{name}-{digest}"


def split_variables(model: keras.Model) -> tuple[list, list]:
    """The variables that a checkpoint holds (the model's and the optimizer's, in order), and the states of the seed generators, which it does not."""
    model.optimizer.build(model.trainable_variables)
    seeds = [v for v in model.variables if "seed_generator" in v.path]
    known = {id(v) for v in seeds}
    return [v for v in (*model.variables, *model.optimizer.variables) if id(v) not in known], seeds


def save(path: Path, variables: list, state: dict) -> None:
    """Writes the values of variables and a state that JSON can hold into one file, whole or not at all."""
    packed = io.BytesIO()
    np.savez(
        packed,
        state=np.array(json.dumps(state)),
        **{f"v{k}": keras.ops.convert_to_numpy(v) for k, v in enumerate(variables)},
    )
    write_atomic(path, packed.getvalue())


def load(path: Path, variables: list) -> dict:
    """Sets variables from a file that `save` wrote and returns the state; raises UserError, before any is set, where they do not fit."""
    try:
        with np.load(path, allow_pickle=False) as file:
            values = [file[f"v{k}"] for k in range(len(file.files) - 1)]
            state = json.loads(str(file["state"]))
    except (OSError, EOFError, ValueError, KeyError, zipfile.BadZipFile) as error:
        raise UserError(
            f"{path} is no checkpoint that can be read ({error}); delete its folder to begin anew."
        ) from error
    if [v.shape for v in values] != [tuple(v.shape) for v in variables]:
        raise UserError(f"{path} is of another model; delete its folder to begin anew.")
    for variable, value in zip(variables, values):
        variable.assign(value)
    return state
