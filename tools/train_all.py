"""Makes the shipped weights of the language models, one corpus after another; stopped or killed, it goes on where it was.

    python tools/train_all.py [songci|yuanqu|burns|ballads ...]

Checkpoints and curves are in the user's cache. What is written already for the same settings and data is left as it is.
"""
from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path


def is_there(name: str) -> bool:
    """Whether the weights of a corpus are those that would be made."""
    from lyricgen.evaluate import corpus_parts
    from lyricgen.files import UserError
    from lyricgen.language import CORPUS, FULL_STEPS
    from lyricgen.sampler import read_weights
    try:
        card = read_weights(name)[1]
    except UserError:
        return False
    return (card["data"], card["settings"], card["steps"]) == (corpus_parts(name)[2], asdict(CORPUS[name]), FULL_STEPS[name])


def main(names: list[str]) -> int:
    """Trains each corpus in a process of its own."""
    from lyricgen.sampler import WEIGHTS
    environment = os.environ | {"LYRICGEN_MODE": "full", "TF_CPP_MIN_LOG_LEVEL": "3"}
    for name in names or ["songci", "yuanqu", "burns", "ballads"]:
        if is_there(name):
            print(f"{name}: there already", flush=True)
            continue
        done = subprocess.run([sys.executable, "-m", "lyricgen", "train", "language", "--corpus", name, "--out", str(WEIGHTS)],
                              env=environment, cwd=Path(__file__).resolve().parents[1])
        if done.returncode:
            return done.returncode
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
