"""What the walk does, round by round: its rounds add up and its starts differ."""

import json

import measure_walk as tool
import numpy as np

from lyricgen.models.musicvae.inference import NumpyMusicVAE
from lyricgen.models.musicvae.samples import KnownMelodies
from lyricgen.music import tune_books

DRAWN = {"known_bars", "wholly_in_scale", "leaps", "agreement", "jsd_interval", "jsd_duration"}


def test_rounds_are_counted_from_the_start(monkeypatch):
    """After 1 and 3 rounds, a walk of 1 and a walk of 2 more have been made."""
    vae = NumpyMusicVAE.load()
    tunes = tune_books.load_tunes()
    real = tool.melodies(vae, tunes, "validation")
    walked = []

    def walk(z, rounds, rng, spread):
        walked.append((rounds, spread))
        return z + rounds

    monkeypatch.setattr(vae, "walk", walk)
    rows = tool.go(vae, "mixture", 0.7, 1, (real[:50], real[:50]), (0, 1, 3), 8)
    assert walked == [(0, 0.7), (1, 0.7), (2, 0.7)]
    assert [row["rounds"] for row in rows] == [0, 1, 3]
    assert all(set(row) >= DRAWN for row in rows)
    assert rows[0]["jsd_interval"] != rows[2]["jsd_interval"], "z has moved"


def test_real_melodies_begin_at_their_own_z():
    vae = NumpyMusicVAE.load()
    tunes = tune_books.load_tunes()
    real = tool.melodies(vae, tunes, "validation")
    z = tool.begin(vae, "real", 1.0, real[:64], 64, np.random.default_rng(0))
    near = tool.begin(vae, "mixture", 1.0, real[:64], 64, np.random.default_rng(0))
    mu, sigma = vae.encode(real[:64])

    def nearest(points):
        """The distance from each point to the nearest mu, in sigmas."""
        offsets = (points[:, None] - mu) / sigma
        return np.sqrt((offsets**2).mean(axis=2)).min(axis=1)

    assert np.median(nearest(z)) < 1.2 < np.median(nearest(near))


def test_melodies_are_moved_as_draws_are():
    """Moving them once more changes nothing, so none is known only before it."""
    vae = NumpyMusicVAE.load()
    real = tool.melodies(vae, tune_books.load_tunes(), "validation")
    moved, shift = vae.move(real)
    assert np.array_equal(moved, real) and not shift.any()
    known = KnownMelodies(vae, real).rates(real)
    assert known["known_bars"].value == known["copied"].value == 1.0


def test_a_short_try_of_the_whole(tmp_path, capsys):
    out = tmp_path / "walk.json"
    assert tool.main(["--short", "--out", str(out)]) == 0
    card = json.loads(out.read_text())
    assert {row["start"] for row in card["results"]} == set(tool.STARTS)
    assert len(card["results"]) == 3 * 2 * len(tool.SEEDS) * len(tool.FEW_ROUNDS)
    assert card["real"]["known_bars"] > 0.05
    assert "wholly in scale" in capsys.readouterr().out
