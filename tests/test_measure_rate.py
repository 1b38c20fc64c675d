"""Accuracy over KL: what the tool writes, that it goes on where it was, and that it measures what it says."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest

from lyricgen.files import UserError
from lyricgen.models.musicvae import network as musicvae_network
from lyricgen.models.musicvae import training as musicvae_training
from lyricgen.models.musicvae.inference import NumpyMusicVAE
from lyricgen.models.musicvae.network import Settings
from lyricgen.music import splits

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "experiments"))
import measure_rate as tool  # noqa: E402

TINY = Settings(embedding=8, encoder=8, latent=4, decoder=12, free_bits=0, transpose=0, batch=32)
QUEUE = [("beta", TINY, 0.1, 1, 8), ("beta", TINY, 1.0, 1, 8), ("steps", TINY, 0.2, 1, 9)]


@pytest.fixture(scope="module")
def parts():
    rng = np.random.default_rng(0)
    events = rng.choice([0, 0, 0, 40, 42, 44, 45], (200, 32)).astype(np.uint8)
    events[:, 0] = 41
    return {"train": events[:120], "validation": events[120:160], "test": events[160:]}


def test_it_writes_what_it_measured_and_goes_on_where_it_was(parts, monkeypatch, tmp_path):
    monkeypatch.setenv("LYRICGEN_CACHE", str(tmp_path / "cache"))
    path = tmp_path / "rate.json"
    tool.go_through(path, parts, QUEUE)
    found = json.loads(path.read_text("utf-8"))
    assert list(found["runs"]) == ["beta 0.1 seed 1", "beta 1 seed 1", "9 steps"]
    assert [row["beta"] for row in found["runs"].values()] == [0.1, 1.0, 0.2] and found["runs"][
        "9 steps"
    ]["steps"] == 9
    assert all(
        row["kl_bits"] > 0 and 0 <= row["onset_drawn"] <= 1 for row in found["runs"].values()
    )
    assert (
        found["references"]["ngram_bits"] > 0
        and found["settings"]["beta"]["decoder"] == 12
        and "beta" not in found["settings"]["beta"]
    )
    assert not list((tmp_path / "cache" / "training").iterdir()), (
        "a finished run leaves nothing behind"
    )
    one = found["runs"].pop("beta 1 seed 1")
    path.write_text(json.dumps(found), "utf-8")
    trained, learn = [], musicvae_training.train
    monkeypatch.setattr(
        tool.musicvae_training,
        "train",
        lambda parts, settings, *given, **more: (
            trained.append(settings.beta) or learn(parts, settings, *given, **more)
        ),
    )
    again = tool.go_through(path, parts, QUEUE)["runs"]["beta 1 seed 1"]
    assert trained == [1.0] and again | {"cpu_seconds": 0} == one | {"cpu_seconds": 0}, (
        "the same seed gives the same figures"
    )
    with pytest.raises(UserError, match="other settings"):
        tool.go_through(path, parts, [(name, Settings(), *rest) for name, _, *rest in QUEUE])


def test_the_cost_of_a_melody_is_that_of_its_events(parts):
    model = musicvae_network.MusicVAE(TINY)
    vae, events = NumpyMusicVAE(model.arrays()), parts["test"][:5]
    z = np.random.default_rng(0).standard_normal((5, TINY.latent))
    costs, best = tool.step_costs(vae, z, events)
    p = np.exp(vae.logits(z, events))
    p /= p.sum(-1, keepdims=True)
    by_hand = [-sum(np.log2(p[b, t, events[b, t]]) for t in range(32)) for b in range(5)]
    assert np.allclose(costs, by_hand) and (best == p.argmax(-1)).all()
    found = tool.measure(model.arrays(), events)
    mu, sigma = vae.encode(events)
    assert found["kl_bits"] == pytest.approx(
        float(((mu**2 + sigma**2 - 1) / 2 - np.log(sigma)).sum(1).mean() / np.log(2)), abs=1e-3
    )
    assert found["free_running"] == pytest.approx((vae.decode(mu) == events).mean(), abs=1e-3)


def test_the_queue_has_what_the_curve_needs_first():
    small = [row for row in tool.QUEUE if row[0] == "beta"]
    assert len({row[2] for row in small}) >= 5 and sorted(
        row[3] for row in small if row[2] == tool.MORE_SEEDS[0]
    ) == [1, 2, 3]
    assert [row[3] for row in small[:5]] == [1] * 5 and all(row[4] == tool.STEPS for row in small)
    assert tool.SMALL.free_bits == 0 and set(splits.SHARES) == {"train", "validation", "test"}


def test_a_short_try_of_the_whole(parts, monkeypatch, tmp_path, capsys):
    monkeypatch.setenv("LYRICGEN_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(tool.musicvae_data, "load_book_windows", lambda: (parts, {}))
    monkeypatch.setattr(tool, "SMALL", TINY)
    out = tmp_path / "out.json"
    monkeypatch.setattr(tool, "QUEUE", [("steps", TINY, 0.2, 1, 500)])
    assert tool.main(["--short", "--out", str(out), "--betas", "0.5"]) == 0
    assert (
        list(json.loads(out.read_text())["runs"]) == ["2 steps", "beta 0.5 seed 1"]
        and "2 steps" in capsys.readouterr().err
    )
