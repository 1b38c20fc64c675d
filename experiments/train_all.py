"""Makes the shipped weights, one model after another.

    python experiments/train_all.py [songci|songci_form|yuanqu|burns|ballads|musicvae]
    python experiments/train_all.py [longer_song|longer_latents]

Each is one training. The last two learn from the latents of musicvae, so they come
after it. Stopped or killed, it resumes; checkpoints and curves are in the
user's cache. What is there already, after as many steps, is left as it is.
"""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Recipe:
    """The training that makes the weights of a model, under a name of their own.

    `kind`: which one, where a model has two. `steps`: how many, None for the usual ones
    of the model. `settings` are those that differ from the model's.
    """

    model: str
    corpus: str | None = None
    steps: int | None = None
    settings: dict[str, float | bool | str] = field(default_factory=dict)
    name: str | None = None
    kind: str | None = None


WHOLE_POEMS: dict[str, float | bool | str] = {
    "whole": True,
    "length": 160,
    "batch": 8,
    "rate": 4e-3,
}

RECIPES = {
    "songci": Recipe("language", "songci", 18000, WHOLE_POEMS | {"noise": 0.2}),
    "songci_form": Recipe(
        "language",
        "songci",
        12000,
        WHOLE_POEMS | {"noise": 0.2, "form": True},
        name="songci_form",
    ),
    "yuanqu": Recipe("language", "yuanqu"),
    "burns": Recipe(
        "language",
        "burns",
        13000,
        {"also": "ballads", "dropout": 0.4, "drop_recurrent": 0.3, "decay": 0.02},
    ),
    "ballads": Recipe("language", "ballads"),
    "musicvae": Recipe(
        "musicvae",
        settings={
            "key": "both",
            "splice": 0.4,
            "degrees": 0.5,
            "ema": 0.999,
            "beta": 0.135,
            "wait": 0.15,
            "ramp": 0.55,
        },
    ),
    "longer_song": Recipe(
        "longer",
        settings={"splice": 0.3, "degrees": 0.75, "target": 373.0},
        kind="song",
    ),
    "longer_latents": Recipe("longer", kind="latents"),
}


def command(recipe: Recipe, out: Path) -> list[str]:
    """Returns the command of a training."""
    words = [sys.executable, "-m", "lyricgen", "train", recipe.model]
    if recipe.kind is not None:
        words.append(recipe.kind)
    if recipe.corpus is not None:
        words += ["--corpus", recipe.corpus]
    if recipe.name is not None:
        words += ["--name", recipe.name]
    if recipe.steps is not None:
        words += ["--steps", str(recipe.steps)]
    for name, value in recipe.settings.items():
        words.append("--" + name.replace("_", "-"))
        if value is not True:
            words.append(str(value))
    return [*words, "--out", str(out)]


def planned_steps(name: str) -> int:
    """Returns the steps of a recipe."""
    from lyricgen.models.language.training import FULL_STEPS
    from lyricgen.models.longer.training import LATENT_STEPS, SONG_STEPS
    from lyricgen.models.musicvae.training import FULL_STEPS as MUSICVAE_STEPS

    usual = FULL_STEPS | {
        "musicvae": MUSICVAE_STEPS,
        "longer_song": SONG_STEPS,
        "longer_latents": LATENT_STEPS,
    }
    steps = RECIPES[name].steps
    return usual[name] if steps is None else steps


def is_there(name: str, folder: Path) -> bool:
    """Tells whether the weights in a folder are those of the recipe's steps."""
    from lyricgen.files import UserError
    from lyricgen.models.weights import load_weights

    try:
        _, card = load_weights(name, folder)
    except UserError:
        return False
    return card["steps"] == planned_steps(name) and "begun_from" not in card


def make(name: str) -> int:
    """Runs the training of a recipe where it is missing; returns an exit code."""
    from lyricgen.models.weights import WEIGHTS

    if is_there(name, WEIGHTS):
        print(f"{name}: there already", flush=True)
        return 0
    return run(command(RECIPES[name], WEIGHTS))


def run(words: list[str]) -> int:
    """Runs a command in a process of its own and returns its exit code."""
    environment = os.environ | {"LYRICGEN_MODE": "full", "TF_CPP_MIN_LOG_LEVEL": "3"}
    root = Path(__file__).resolve().parents[1]
    return subprocess.run(words, env=environment, cwd=root).returncode


def main(names: list[str]) -> int:
    """Makes the weights of each model."""
    unknown = sorted(set(names) - set(RECIPES))
    if unknown:
        print(
            f"There is no recipe {unknown[0]!r}; there are {', '.join(RECIPES)}.", file=sys.stderr
        )
        return 2
    for name in names or RECIPES:
        code = make(name)
        if code:
            return code
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
