"""The measures of collapse, and what the tool writes.

z says something or nothing about the bar, and the decoder reads z or ignores it.
"""

import json
from dataclasses import replace

import measure_collapse as tool
import numpy as np
import pytest

from lyricgen import files
from lyricgen.models.musicvae.inference import NumpyMusicVAE

STEPS, E, H, Z, D = 16, 3, 5, 2, 3
BARS = np.random.default_rng(4).integers(0, 2, (60, STEPS)).astype(np.uint8)


def arrays(encoded: float = 3.0, decoded: float = 3.0) -> dict[str, np.ndarray]:
    """Returns a random network.

    `encoded` scales what mu says of the bar, `decoded` what the decoder takes from z.
    """
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
    network = {name: rng.standard_normal(shape) for name, shape in shapes.items()}
    scales = {
        "mu_W": encoded,
        "mu_b": 0,
        "sigma_W": 0,
        "sigma_b": 0,
        "first_W": decoded,
        "z_W": decoded,
        "out_W": 3,
        "out_b": 0.1,
    }
    network |= {name: scale * network[name] for name, scale in scales.items()}
    sigma = 0.1 if encoded else 1.0
    return network | {"sigma_b": np.full(Z, np.log(np.expm1(sigma)))}


def test_a_z_that_the_encoder_and_the_decoder_use():
    figures = tool.measure(NumpyMusicVAE(arrays()), BARS)
    assert figures["kl_bits"] > 2
    assert figures["active_units"] == Z
    assert 1 < figures["information_bits"] <= np.log2(len(BARS))
    assert figures["own"] != figures["swapped"]
    assert figures["elbo_bits"] < -figures["kl_bits"]


def test_a_z_that_says_nothing():
    figures = tool.measure(NumpyMusicVAE(arrays(encoded=0.0)), BARS)
    assert abs(figures["kl_bits"]) < 1e-6
    assert figures["active_units"] == 0
    assert abs(figures["information_bits"]) < 1e-6
    assert figures["own"] == figures["swapped"]


def test_a_z_that_the_decoder_ignores_looks_active_and_only_the_swap_shows_it():
    figures = tool.measure(NumpyMusicVAE(arrays(decoded=0.0)), BARS)
    assert figures["kl_bits"] > 2
    assert figures["active_units"] == Z
    assert figures["information_bits"] > 1
    assert figures["own"] == figures["swapped"]


def test_it_writes_each_run_and_resumes_where_it_was(monkeypatch, tmp_path):
    trained = []

    def train(data, settings, budget):
        trained.append((settings.seed, settings.beta))
        return arrays(), [{"validation_kl_bits": 1.0}] * 2

    monkeypatch.setattr(tool, "train", train)
    splits = {"train": BARS, "validation": BARS}
    runs = {"beta 1": {}, "more": {"beta": 4.0}}
    path = tmp_path / "collapse.json"
    tool.collapse(path, steps=2, seeds=1, runs=runs, splits=splits)
    card = tool.collapse(path, steps=2, seeds=2, runs=runs, splits=splits)
    assert trained == [(1, 1.0), (1, 4.0), (2, 1.0), (2, 4.0)]
    assert json.loads(path.read_text("utf-8")) == card
    rows = [(row["run"], row["seed"]) for row in card["runs"]]
    assert rows == [("beta 1", 1), ("more", 1), ("beta 1", 2), ("more", 2)]
    assert card["settings"]["latent"] == 8
    assert "seed" not in card["settings"]
    assert card["bars"] == {"train": 60, "validation": 60}
    with pytest.raises(files.UserError, match="another comparison"):
        tool.collapse(path, steps=3, seeds=1, runs=runs, splits=splits)


def test_what_is_shipped_is_what_the_tool_makes():
    card = files.read_card(tool.OUT)
    settings = tool.SETTINGS.to_card()
    del settings["seed"]
    assert card["settings"] == settings
    assert card["differ"] == tool.RUNS
    assert card["steps"] == tool.STEPS
    assert {(row["run"], row["seed"]) for row in card["runs"]} == {
        (run, seed) for run in tool.RUNS for seed in range(1, tool.SEEDS + 1)
    }
    for changes in tool.RUNS.values():
        replace(tool.SETTINGS, **changes)


def test_the_patterns_are_those_of_the_books():
    splits = tool.patterns()
    assert splits["train"].shape == (16877, 16)
    assert splits["validation"].shape == (2251, 16)
    assert set(np.unique(splits["train"])) == {0, 1}
    eighths = np.tile([1, 0], 8)
    assert 0.19 < (splits["train"] == eighths).all(axis=1).mean() < 0.21
