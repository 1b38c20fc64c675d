"""Makes the shipped weights, one model after another.

    python experiments/train_all.py [songci|songci_form|yuanqu|burns|ballads|musicvae]

Stopped or killed, it resumes. Some weights are made in several trainings, each of which
begins from the weights of the one before. Checkpoints, curves and the earlier weights
are in the user's cache. What is there already, after as many steps, is left as it is.
"""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Training:
    """One training on the way to some weights.

    `steps`: how many, None for those of the first training of the model. `settings` are
    those that differ from the model's. It begins from the weights of the training
    before it, or from the mean of the last `mean_of`.
    """

    steps: int | None = None
    settings: dict[str, float | bool | str] = field(default_factory=dict)
    mean_of: int = 1


@dataclass(frozen=True)
class Recipe:
    """The trainings that make the weights of a model, under a name of their own."""

    model: str
    corpus: str | None = None
    trainings: tuple[Training, ...] = (Training(),)
    name: str | None = None


FIRST = Training()

WHOLE_POEMS: dict[str, float | bool | str] = {
    "whole": True,
    "length": 160,
    "batch": 8,
    "rate": 4e-3,
}

# Beta has risen already.
FULL_BETA: dict[str, float | bool | str] = {"wait": 0, "ramp": 0}

RECIPES = {
    "songci": Recipe(
        "language",
        "songci",
        trainings=(Training(18000, WHOLE_POEMS | {"noise": 0.2}),),
    ),
    "songci_form": Recipe(
        "language",
        "songci",
        trainings=(Training(12000, WHOLE_POEMS | {"noise": 0.2, "form": True}),),
        name="songci_form",
    ),
    "yuanqu": Recipe("language", "yuanqu"),
    "burns": Recipe(
        "language",
        "burns",
        trainings=(
            Training(
                13000,
                {"also": "ballads", "dropout": 0.4, "drop_recurrent": 0.3, "decay": 0.02},
            ),
        ),
    ),
    "ballads": Recipe("language", "ballads"),
    "musicvae": Recipe(
        "musicvae",
        trainings=(
            FIRST,
            Training(9000, FULL_BETA | {"rate": 2e-3}),
            Training(5500, FULL_BETA | {"rate": 1.5e-3, "beta": 0.15}),
            Training(9000, FULL_BETA | {"rate": 1.5e-3, "beta": 0.15}),
            Training(7000, FULL_BETA | {"rate": 1.2e-3, "beta": 0.15, "splice": 0.5}),
            # It hardly changes the mean of the two trainings before it.
            Training(30, FULL_BETA | {"rate": 1e-6, "beta": 0.15, "splice": 0.5}, mean_of=2),
        ),
    ),
}


def command(recipe: Recipe, training: Training, earlier: list[Path], out: Path) -> list[str]:
    """Returns the command of a training, which begins from the weights in `earlier`."""
    words = [sys.executable, "-m", "lyricgen", "train", recipe.model]
    if recipe.corpus is not None:
        words += ["--corpus", recipe.corpus]
    if recipe.name is not None:
        words += ["--name", recipe.name]
    if training.steps is not None:
        words += ["--steps", str(training.steps)]
    for name, value in training.settings.items():
        words.append("--" + name.replace("_", "-"))
        if value is not True:
            words.append(str(value))
    if earlier:
        words += ["--begin", *map(str, earlier)]
    return [*words, "--out", str(out)]


def steps_of(card: dict) -> list[int]:
    """Returns the steps of the trainings of some weights, the last training first."""
    steps = [card["steps"]]
    if "begun_from" in card:
        steps += steps_of(card["begun_from"])
    return steps


def planned_steps(name: str, trainings: int) -> list[int]:
    """Returns the steps of the first trainings of a recipe, the last first."""
    from lyricgen.models.language.training import FULL_STEPS
    from lyricgen.models.musicvae.training import FULL_STEPS as MUSICVAE_STEPS

    first = FULL_STEPS.get(name, MUSICVAE_STEPS)
    chosen = RECIPES[name].trainings[:trainings]
    steps = [first if training.steps is None else training.steps for training in chosen]
    return steps[::-1]


def is_there(name: str, folder: Path, trainings: int) -> bool:
    """Tells whether the weights in a folder are those after so many trainings."""
    from lyricgen.files import UserError
    from lyricgen.models.weights import load_weights

    try:
        _, card = load_weights(name, folder)
    except UserError:
        return False
    return steps_of(card) == planned_steps(name, trainings)


def make(name: str) -> int:
    """Runs the trainings of a recipe that are missing; returns an exit code."""
    from lyricgen.files import cache_dir
    from lyricgen.models.weights import WEIGHTS

    recipe = RECIPES[name]
    count = len(recipe.trainings)
    if is_there(name, WEIGHTS, count):
        print(f"{name}: there already", flush=True)
        return 0
    folders = [cache_dir() / "earlier" / str(k) for k in range(1, count)]
    folders.append(WEIGHTS)
    for k, training in enumerate(recipe.trainings):
        if folders[k] != WEIGHTS and is_there(name, folders[k], k + 1):
            continue
        before = folders[:k][::-1]
        words = command(recipe, training, before[: training.mean_of], folders[k])
        code = run(words)
        if code:
            return code
    return 0


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
