"""The measures of collapse: what they say of a z that is told, of one that is not, and of one that nobody hears; and what the tool writes."""

import json
import sys
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest

from lyricgen import files
from lyricgen.models.musicvae.inference import NumpyMusicVAE

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "experiments"))
import measure_collapse as tool  # noqa: E402

STEPS, E, H, Z, D = 16, 3, 5, 2, 3
BARS = np.random.default_rng(4).integers(0, 2, (60, STEPS)).astype(np.uint8)


def arrays(spoken: float = 3.0, heard: float = 3.0) -> dict[str, np.ndarray]:
    """A random network; `spoken` scales what mu says of the bar, `heard` what the decoder takes from z."""
    rng = np.random.default_rng(1)
    shapes = {
        "events": (2, E),
        "encoder_W": (E, 4 * H),
        "encoder_U": (H, 4 * H),
        "encoder_b": (4 * H,),
        "reverse_W": (E, 4 * H),
        "reverse_U": (H, 4 * H),
        "reverse_b": (4 * H,),
        "mu_W": (2 * H, Z),
        "mu_b": (Z,),
        "sigma_W": (2 * H, Z),
        "sigma_b": (Z,),
        "first_W": (Z, 2 * H),
        "first_b": (2 * H,),
        "inputs": (3, D),
        "places": (STEPS, D),
        "z_W": (Z, D),
        "decoder_W": (D, 4 * H),
        "decoder_U": (H, 4 * H),
        "decoder_b": (4 * H,),
        "out_W": (H, 2),
        "out_b": (2,),
    }
    found = {name: rng.standard_normal(shape) for name, shape in shapes.items()}
    scales = {
        "mu_W": spoken,
        "mu_b": 0,
        "sigma_W": 0,
        "sigma_b": 0,
        "first_W": heard,
        "z_W": heard,
        "out_W": 3,
        "out_b": 0.1,
    }
    found |= {name: scale * found[name] for name, scale in scales.items()}
    return found | {"sigma_b": np.full(Z, np.log(np.expm1(0.1 if spoken else 1.0)))}


def test_a_z_that_is_told_and_heard():
    found = tool.measure(NumpyMusicVAE(arrays()), BARS)
    assert (
        found["kl_bits"] > 2
        and found["active_units"] == Z
        and 1 < found["information_bits"] <= np.log2(len(BARS))
    )
    assert found["own"] != found["swapped"] and found["elbo_bits"] < -found["kl_bits"]


def test_a_z_that_is_not_told():
    found = tool.measure(NumpyMusicVAE(arrays(spoken=0.0)), BARS)
    assert (
        abs(found["kl_bits"]) < 1e-6
        and found["active_units"] == 0
        and abs(found["information_bits"]) < 1e-6
    )
    assert found["own"] == found["swapped"]


def test_a_z_that_is_not_heard_looks_active_and_only_the_swap_shows_it():
    found = tool.measure(NumpyMusicVAE(arrays(heard=0.0)), BARS)
    assert found["kl_bits"] > 2 and found["active_units"] == Z and found["information_bits"] > 1
    assert found["own"] == found["swapped"]


def test_it_writes_each_run_and_goes_on_where_it_was(monkeypatch, tmp_path):
    trained = []

    def learn(parts, settings, folder, **more):
        trained.append((settings.seed, settings.beta))
        return type("Model", (), {"arrays": lambda self: arrays()})(), [
            {"validation_kl_bits": 1.0}
        ] * 2

    monkeypatch.setattr(tool, "train", learn)
    parts, runs, path = (
        {"train": BARS, "validation": BARS},
        {"beta 1": {}, "more": {"beta": 4.0}},
        tmp_path / "collapse.json",
    )
    tool.collapse(path, steps=2, seeds=1, runs=runs, parts=parts)
    found = tool.collapse(path, steps=2, seeds=2, runs=runs, parts=parts)
    assert (
        trained == [(1, 1.0), (1, 4.0), (2, 1.0), (2, 4.0)]
        and json.loads(path.read_text("utf-8")) == found
    )
    assert [(row["run"], row["seed"]) for row in found["runs"]] == [
        ("beta 1", 1),
        ("more", 1),
        ("beta 1", 2),
        ("more", 2),
    ]
    assert (
        found["settings"]["latent"] == 8
        and "seed" not in found["settings"]
        and found["bars"] == {"train": 60, "validation": 60}
    )
    with pytest.raises(files.UserError, match="another comparison"):
        tool.collapse(path, steps=3, seeds=1, runs=runs, parts=parts)


def test_what_is_shipped_is_what_the_tool_makes():
    card = files.read_card(tool.OUT)
    assert card["settings"] == {
        name: value for name, value in asdict(tool.SETTINGS).items() if name != "seed"
    }
    assert card["differ"] == tool.RUNS and card["steps"] == tool.STEPS
    assert {(row["run"], row["seed"]) for row in card["runs"]} == {
        (run, seed) for run in tool.RUNS for seed in range(1, tool.SEEDS + 1)
    }
    for changes in tool.RUNS.values():
        replace(tool.SETTINGS, **changes)


def test_the_patterns_are_those_of_the_books():
    parts = tool.patterns()
    assert (
        parts["train"].shape == (16877, 16)
        and parts["validation"].shape == (2251, 16)
        and set(np.unique(parts["train"])) == {0, 1}
    )
    assert 0.19 < (parts["train"] == np.tile([1, 0], 8)).all(axis=1).mean() < 0.21
