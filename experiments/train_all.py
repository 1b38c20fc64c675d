"""Makes the shipped weights, one model after another; stopped or killed, it goes on where it was.

    python experiments/train_all.py [songci|yuanqu|burns|ballads|musicvae ...]

Some are made in several trainings, each of which begins from the weights of the one before. Checkpoints, curves and the earlier weights are in
the user's cache. What is there already, after as many steps, is left as it is.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

WHOLE, GO_ON = "--whole --length 160 --batch 8 --rate 4e-3", "--wait 0 --ramp 0"
MORE = {
    "songci": [f"--steps 3000 {WHOLE}", f"--steps 10000 {WHOLE} --noise 0.2"],
    "musicvae": [
        f"--steps 9000 {GO_ON} --rate 2e-3",
        f"--steps 5500 {GO_ON} --rate 1.5e-3 --beta 0.15",
        f"--steps 9000 {GO_ON} --rate 1.5e-3 --beta 0.15",
        f"--steps 7000 {GO_ON} --rate 1.2e-3 --beta 0.15 --splice 0.5",
        f"--steps 30 {GO_ON} --rate 1e-6 --beta 0.15 --splice 0.5",
    ],
}
MEANS = {
    "musicvae": {5: 2}
}  # this training, counted from 0, begins from the mean of so many before it; its steps hardly change that


def steps_of(card: dict) -> list[int]:
    """The steps of the trainings that some weights come from, the last first."""
    return [card["steps"], *(steps_of(card["begun_from"]) if "begun_from" in card else [])]


def is_there(name: str, folder: Path, trainings: int) -> bool:
    """Whether the weights in a folder are those after so many trainings."""
    from lyricgen.files import UserError
    from lyricgen.models.language.training import FULL_STEPS
    from lyricgen.models.musicvae.training import FULL_STEPS as VAE_STEPS
    from lyricgen.models.weights import load_weights

    expected = [
        FULL_STEPS.get(name, VAE_STEPS),
        *(int(more.split()[1]) for more in MORE.get(name, [])[: trainings - 1]),
    ]
    try:
        return steps_of(load_weights(name, folder)[1]) == expected[::-1]
    except UserError:
        return False


def main(names: list[str]) -> int:
    """Trains each model in processes of its own."""
    from lyricgen.files import cache_dir
    from lyricgen.models.weights import WEIGHTS

    environment = os.environ | {"LYRICGEN_MODE": "full", "TF_CPP_MIN_LOG_LEVEL": "3"}
    for name in names or ["songci", "yuanqu", "burns", "ballads", "musicvae"]:
        model, trainings = (
            ["musicvae"] if name == "musicvae" else ["language", "--corpus", name],
            ["", *MORE.get(name, [])],
        )
        if is_there(name, WEIGHTS, len(trainings)):
            print(f"{name}: there already", flush=True)
            continue
        folders = [cache_dir() / "earlier" / str(k) for k in range(1, len(trainings))] + [WEIGHTS]
        for k, (more, folder) in enumerate(zip(trainings, folders)):
            if folder != WEIGHTS and is_there(name, folder, k + 1):
                continue
            earlier = folders[k - 1 :: -1][: MEANS.get(name, {}).get(k, 1)] if k else []
            begin = ["--begin", *map(str, earlier)] if k else []
            done = subprocess.run(
                [
                    sys.executable,
                    "-m",
                    "lyricgen",
                    "train",
                    *model,
                    *more.split(),
                    *begin,
                    "--out",
                    str(folder),
                ],
                env=environment,
                cwd=Path(__file__).resolve().parents[1],
            )
            if done.returncode:
                return done.returncode
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
