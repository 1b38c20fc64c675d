"""Accuracy over KL: what the tool writes and measures, and that it resumes."""

import json
from dataclasses import replace

import measure_rate as tool
import numpy as np
import pytest

from lyricgen.files import DATA, UserError
from lyricgen.models.musicvae import network as musicvae_network
from lyricgen.models.musicvae import training as musicvae_training
from lyricgen.models.musicvae.data import MelodyData
from lyricgen.models.musicvae.inference import NumpyMusicVAE
from lyricgen.models.musicvae.settings import ONE_BAR

TINY = replace(ONE_BAR, embedding=8, encoder=8, latent=4, decoder=12, batch=32)
QUEUE = [(0.1, 1), (1.0, 1), (0.2, 3)]


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(0)
    events = rng.choice([0, 0, 0, 40, 42, 44, 45], (200, 16)).astype(np.uint8)
    events[:, 0] = 41
    return {"train": events[:120], "validation": events[120:160], "test": events[160:]}


def test_it_writes_what_it_measured_and_resumes_where_it_was(data, monkeypatch, tmp_path):
    monkeypatch.setenv("LYRICGEN_CACHE", str(tmp_path / "cache"))
    path = tmp_path / "rate.json"
    tool.go_through(path, data, QUEUE, TINY, 8)
    card = json.loads(path.read_text("utf-8"))
    runs = card["runs"]
    assert list(runs) == ["beta 0.1 seed 1", "beta 1 seed 1", "beta 0.2 seed 3"]
    assert [row["beta"] for row in runs.values()] == [0.1, 1.0, 0.2]
    assert [row["seed"] for row in runs.values()] == [1, 1, 3]
    for row in runs.values():
        assert row["kl_bits"] > 0
        assert 0 <= row["onset_drawn"] <= 1
    assert card["references"]["ngram_bits"] > 0
    assert card["settings"]["decoder"] == 12
    assert "beta" not in card["settings"]
    left_behind = list((tmp_path / "cache" / "training").iterdir())
    assert not left_behind
    first = runs.pop("beta 1 seed 1")
    path.write_text(json.dumps(card), "utf-8")
    trained = []
    train = musicvae_training.train

    def recording_train(data, settings, budget):
        trained.append(settings.beta)
        return train(data, settings, budget)

    monkeypatch.setattr(tool.musicvae_training, "train", recording_train)
    again = tool.go_through(path, data, QUEUE, TINY, 8)["runs"]["beta 1 seed 1"]
    assert trained == [1.0]
    # The same seed gives the same figures.
    assert again | {"cpu_seconds": 0} == first | {"cpu_seconds": 0}
    with pytest.raises(UserError, match="other settings"):
        tool.go_through(path, data, QUEUE, replace(TINY, decoder=13), 8)


def test_the_cost_of_a_melody_is_that_of_its_events(data):
    model = musicvae_network.MusicVAE(TINY)
    vae = NumpyMusicVAE(model.arrays())
    events = data["test"][:5]
    z = np.random.default_rng(0).standard_normal((5, TINY.latent))
    costs, best = tool.step_costs(vae, z, events)
    p = np.exp(vae.logits(z, events))
    p /= p.sum(-1, keepdims=True)
    for b in range(5):
        by_hand = -sum(np.log2(p[b, t, events[b, t]]) for t in range(16))
        assert np.isclose(costs[b], by_hand)
    assert (best == p.argmax(-1)).all()
    figures = tool.measure(model.arrays(), events)
    mu, sigma = vae.encode(events)
    kl = ((mu**2 + sigma**2 - 1) / 2 - np.log(sigma)).sum(1)
    accuracy = (vae.decode(mu) == events).mean()
    assert figures["kl_bits"] == pytest.approx(kl.mean() / np.log(2), abs=1e-3)
    assert figures["free_running"] == pytest.approx(accuracy, abs=1e-3)


def test_the_queue_has_what_the_curve_needs_first():
    betas = [beta for beta, _ in tool.QUEUE]
    seeds = [seed for _, seed in tool.QUEUE]
    assert len(set(betas)) >= 5
    seeds_of_one_beta = [s for beta, s in zip(betas, seeds) if beta == tool.MORE_SEEDS[0]]
    assert sorted(seeds_of_one_beta) == [1, 2, 3]
    assert seeds[:5] == [1] * 5
    assert ONE_BAR.beta in betas


def test_a_short_try_of_the_whole(data, monkeypatch, tmp_path, capsys):
    monkeypatch.setenv("LYRICGEN_CACHE", str(tmp_path / "cache"))
    loaded = []

    def load(key, bars):
        loaded.append((key, bars))
        return MelodyData(data, {})

    monkeypatch.setattr(tool.musicvae_data, "load_book_windows", load)
    monkeypatch.setattr(tool, "FEW_STEPS", 2)
    out = tmp_path / "out.json"
    monkeypatch.setattr(tool, "QUEUE", [(0.2, 1)])
    assert tool.main(["--short", "--out", str(out), "--betas", "0.5"]) == 0
    runs = json.loads(out.read_text())["runs"]
    assert list(runs) == ["beta 0.2 seed 1", "beta 0.5 seed 1"]
    assert loaded == [("book", 1)]
    assert "2 steps" in capsys.readouterr().err


def test_what_is_shipped_is_of_these_settings():
    bars = tool.musicvae_data.load_book_windows("book", bars=1)
    card = tool.begin_card(
        DATA / "results" / "rate.json", bars.splits, tool.ONE_BAR, tool.ONE_BAR_STEPS
    )
    assert len(card["runs"]) == len(tool.QUEUE)
