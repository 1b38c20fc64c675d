"""Several devices share a batch and end with the weights of one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from lyricgen.cli.main import main
from lyricgen.files import UserError
from lyricgen.models.musicvae.network import Settings
from lyricgen.models.musicvae.training import NOT_SHARED, check_sharing

ROOT = Path(__file__).resolve().parents[1]

# Two epochs of 64 melodies, on as many devices as the first argument says; where there
# is a third, the process ends at that step.
TRAINING = """
import os, sys
from pathlib import Path
import numpy as np
from lyricgen.budget import Budget
from lyricgen.models import training as models_training
from lyricgen.models.musicvae import training
from lyricgen.models.musicvae.data import MelodyData
from lyricgen.models.musicvae.network import Settings
from lyricgen.music import melody

devices, folder, *end = sys.argv[1:]
rng = np.random.default_rng(0)
drawn = np.where(rng.random((64, 32)) < 0.5, 0, rng.integers(0, 90, (64, 32)))
events = melody.canonical(drawn)
data = MelodyData({"train": events, "validation": events[:16]}, {})
small = dict(embedding=8, encoder=8, latent=4, decoder=12)
# Adam divides by the size of a gradient: where that is next to nothing, the order of a
# sum decides a share of the step. At a low rate that share is small as well.
settings = Settings(**small, batch=16, free_bits=2.0, wait=0.0, ramp=0.1, rate=1e-4)
models_training.SAVE_EVERY = 0.0
if end:
    run_step = models_training.Training.run_step

    def ending(self, step, steps):
        if step == int(end[0]):
            os._exit(9)
        return run_step(self, step, steps)

    models_training.Training.run_step = ending
budget = Budget(Path(folder), steps=8, validations=2, progress=False)
arrays, rows = training.train(data, settings, budget, devices=int(devices))
losses = [[row["loss"], row["validation"]] for row in rows]
np.savez(Path(folder) / "weights.npz", losses=losses, **arrays)
"""


def train(devices: int, folder: Path, *end: int) -> int:
    command = [sys.executable, "-c", TRAINING, str(devices), str(folder), *map(str, end)]
    env = os.environ | {"PYTHONPATH": str(ROOT), "CUDA_VISIBLE_DEVICES": ""}
    return subprocess.run(command, env=env, capture_output=True).returncode


@pytest.mark.slow
def test_two_devices_end_with_the_weights_of_one_also_killed_and_resumed(tmp_path):
    assert train(1, tmp_path / "one") == 0 and train(2, tmp_path / "two") == 0
    assert train(2, tmp_path / "killed", 5) == 9
    state = json.loads(str(np.load(tmp_path / "killed" / "checkpoint.npz")["state"]))
    assert state["step"] == 5
    assert train(2, tmp_path / "killed") == 0
    one, two, killed = (
        dict(np.load(tmp_path / name / "weights.npz")) for name in ("one", "two", "killed")
    )
    for name, value in one.items():
        assert np.abs(value - two[name]).max() <= (1e-3 if name == "losses" else 1e-6), name
        assert np.array_equal(two[name], killed[name]), name


@pytest.mark.parametrize("name", NOT_SHARED)
def test_what_needs_a_whole_batch_is_not_shared(name):
    settings = replace(Settings(), **{name: 0.5})
    check_sharing(settings, 1)
    with pytest.raises(UserError, match="--" + name.replace("_", "-")):
        check_sharing(settings, 2)


@pytest.mark.parametrize(
    "devices, said", [(0, "should be 1 or more"), (3, "A batch of 64 cannot be shared by 3")]
)
def test_batches_that_cannot_be_shared(devices, said):
    with pytest.raises(UserError, match=said):
        check_sharing(Settings(), devices)


def test_a_language_model_is_not_shared(capsys):
    assert main(["train", "language", "--corpus", "burns", "--devices", "2"]) == 2
    assert "--devices is for musicvae" in capsys.readouterr().err
