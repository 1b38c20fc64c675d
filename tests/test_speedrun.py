"""The speed run: rows with one change, the target, and the figures."""

import importlib.util
import json
import sys
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest

from lyricgen.models.musicvae.data import MelodyData
from lyricgen.models.musicvae.settings import BOOK, ONE_BAR
from lyricgen.music import melody


@pytest.fixture(scope="module")
def tool():
    path = Path(__file__).resolve().parents[1] / "experiments" / "speedrun.py"
    spec = importlib.util.spec_from_file_location("speedrun", path)
    module = importlib.util.module_from_spec(spec)
    sys.modules["speedrun"] = module
    spec.loader.exec_module(module)
    return module


def bars(count=80):
    rng = np.random.default_rng(0)
    made = []
    for _ in range(count):
        onsets = np.flatnonzero(rng.random(16) < 0.4)
        pitches = rng.choice([60, 62, 64, 65, 67], len(onsets))
        ends = np.append(onsets[1:], 16)
        made.append(melody.to_events(np.stack([onsets, ends - onsets, pitches], 1), 16))
    return np.unique(np.array(made), axis=0)


def test_the_rows_have_one_change_each(tool):
    base = asdict(ONE_BAR)
    for name, row in tool.ROWS.items():
        changed = asdict(replace(ONE_BAR, **row.settings))
        differing = {key for key in base if changed[key] != base[key]}
        assert differing == set(row.settings), name
        assert (name == "base") == (not row.settings and row.key == BOOK)
    assert len(tool.ROWS) >= 8


def test_the_target_is_reached_where_both_measures_reach_it(tool):
    def at(step, exact, drawn):
        measures = {"validation_exact": exact, "validation_free_running_drawn": drawn}
        return {"step": step, **measures}

    curves = [at(1, 0.59, 0.9), at(2, 0.9, 0.81), at(3, 0.60, 0.82), at(4, 0.9, 0.9)]
    assert tool.target_in(curves)["step"] == 3
    assert tool.target_in(curves[:2]) is None


def test_known_bars_are_those_of_the_training_split(tool):
    x = bars()
    assert tool.known_bars(x[:4], x[2:]) == 0.5


def test_a_short_run_is_not_run_again(tool, tmp_path, monkeypatch, capsys):
    x = bars()
    loaded = []

    def load(key, bars):
        loaded.append((key, bars))
        return MelodyData({"train": x, "validation": x[:20], "test": x[20:40]}, {})

    monkeypatch.setattr(tool.musicvae_data, "load_book_windows", load)
    monkeypatch.setattr(tool, "ONE_BAR", replace(ONE_BAR, encoder=5, decoder=6, batch=8))
    monkeypatch.setattr(tool, "DRAWS", 10)
    # TensorFlow has been at work in this process, and can no longer be told.
    monkeypatch.setattr(tool, "use_threads", lambda count: None)
    out = tmp_path / "speedrun.json"
    words = ["speedrun", "--short", "--rows", "beta 1", "--out", str(out)]
    monkeypatch.setattr(sys, "argv", words)
    assert tool.main() == 0
    assert tool.main() == 0
    assert loaded == [(BOOK, 1)]
    (result,) = json.loads(out.read_text())["results"]
    assert result["row"] == "beta 1" and result["steps"] == 20
    assert result["reached_at_step"] is None and 0 < result["seconds"] < 600
    assert 0 <= result["exact"] <= result["free_running"] <= 1
    assert "not reached" in capsys.readouterr().out
