"""Measuring one's own models: a sample within the budget, and all of the test split."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest
from test_own_melodies import write_tunes
from test_sample import musicvae_arrays, write_language

from lyricgen.cli.main import main
from lyricgen.files import DATA
from lyricgen.models.language import measuring
from lyricgen.models.language.data import load_text_splits
from lyricgen.models.language.inference import NumpyLanguageModel, lstm_bits
from lyricgen.models.language.measuring import measure_bits
from lyricgen.models.musicvae.data import load_midi_windows
from lyricgen.models.weights import save_weights


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("LYRICGEN_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def model(tmp_path):
    write_language(tmp_path, "abcd ")
    return NumpyLanguageModel.load("verse", tmp_path)


def test_all_pieces_give_the_mean_of_the_whole(model):
    ids = np.random.default_rng(1).integers(2, 8, 3000)
    whole = measure_bits(model, [ids, ids[:700]], sample=None)
    assert whole.read == whole.of == 3700 and whole.low == whole.mean == whole.high
    expected = lstm_bits(model, [ids, ids[:700]], piece=256, before=128)
    assert whole.mean == pytest.approx(expected, abs=1e-9)
    assert measure_bits(model, [ids[:100]]).mean == pytest.approx(lstm_bits(model, [ids[:100]]))


def test_a_sample_has_an_interval_around_the_whole(model):
    rng = np.random.default_rng(2)
    # pieces that differ: every thousand tokens another mixture
    parts = [rng.choice(6, 1000, p=rng.dirichlet(np.ones(6))) + 2 for _ in range(40)]
    ids = np.concatenate(parts)
    whole = measure_bits(model, [ids], sample=None)
    some = measure_bits(model, [ids], sample=32)
    assert some.read < whole.read and some.of == whole.of
    assert some.low < whole.mean < some.high and some.low < some.mean < some.high
    assert some == measure_bits(model, [ids], sample=32)


def test_measuring_ends_with_its_time(model, monkeypatch, capsys):
    ids = np.random.default_rng(3).integers(2, 8, 20_000)
    clock = iter(range(100))
    monkeypatch.setattr(measuring.time, "perf_counter", lambda: next(clock))
    few = measure_bits(model, [ids], sample=64, seconds=1.5)
    assert few.read <= 2 * 16 * 256 and "measuring" in capsys.readouterr().err


def test_evaluating_a_text_of_ones_own(tmp_path, capsys):
    text = tmp_path / "lyrics.txt"
    text.write_text("abc dab cad\n" * 400)
    data = load_text_splits(text)
    characters = "".join(data.vocabulary.tokens[3:])
    write_language(tmp_path, characters, name="lyrics")
    card = json.loads((tmp_path / "lyrics.json").read_text())
    arrays = dict(np.load(tmp_path / "lyrics.npz"))
    save_weights(
        tmp_path, "lyrics", arrays, card | {"data": data.source, "read_from": {"path": str(text)}}
    )
    command = ["evaluate", "language", "--weights", str(tmp_path / "lyrics.npz"), "--json"]
    assert main(command) == 0
    found = json.loads(capsys.readouterr().out)["lyrics"]
    assert (
        found["test_characters"] == len(data.splits["test"][0])
        and found["ngram_bits_per_character"] < 1
    )
    model = NumpyLanguageModel.load("lyrics", tmp_path)
    assert found["test_bits_per_character"] == pytest.approx(
        lstm_bits(model, data.splits["test"], 256, 128)
    )
    moved = text.rename(tmp_path / "moved.txt")
    assert main(command) == 2
    assert "lyrics.txt" in capsys.readouterr().err
    assert main([*command, "--text", str(moved)]) == 0
    moved.write_text("abc" * 4000)
    assert main([*command, "--text", str(moved)]) == 2
    assert "no longer what these weights learned from" in capsys.readouterr().err


def test_older_weights_are_measured_on_a_text_without_ends(tmp_path, capsys):
    text = tmp_path / "lyrics.txt"
    text.write_text("abc dab cad\n\n" * 400)
    data = load_text_splits(text, ends=False)
    assert "songs" not in data.source
    write_language(tmp_path, "".join(data.vocabulary.tokens[3:]), name="lyrics")
    card = json.loads((tmp_path / "lyrics.json").read_text())
    card |= {"data": data.source, "read_from": {"path": str(text)}}
    save_weights(tmp_path, "lyrics", dict(np.load(tmp_path / "lyrics.npz")), card)
    command = ["evaluate", "language", "--weights", str(tmp_path / "lyrics.npz"), "--json"]
    assert main(command) == 0
    found = json.loads(capsys.readouterr().out)["lyrics"]
    assert found["test_characters"] == 520


def test_evaluating_melodies_of_ones_own(tmp_path, capsys):
    folder = write_tunes(tmp_path / "own", 20)
    data = load_midi_windows(folder)
    place = {"path": str(folder)}
    card = {"model": "musicvae", "data": data.source, "read_from": place}
    save_weights(tmp_path, "own", musicvae_arrays(), card)
    command = ["evaluate", "musicvae", "--weights", str(tmp_path / "own.npz"), "--json"]
    assert main(command) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["windows"] == len(data.splits["test"]) and 0 <= found["free_running"] <= 1
    assert found["always_hold"] == 0.5
    shutil.copy(DATA / "midi" / "karaoke.mid", folder / "more.mid")
    assert main(command) == 2
    assert "no longer what these weights learned from" in capsys.readouterr().err
    assert main([*command, "--midi", str(tmp_path / "missing")]) == 2
    assert "There is no folder" in capsys.readouterr().err


def test_evaluating_melodies_of_ones_own_in_one_key(tmp_path, capsys):
    folder = write_tunes(tmp_path / "own", 20)
    data = load_midi_windows(folder, key="window")
    card = {"model": "musicvae", "data": data.source, "read_from": {"path": str(folder)}}
    save_weights(tmp_path, "own", musicvae_arrays(), card)
    command = ["evaluate", "musicvae", "--weights", str(tmp_path / "own.npz")]
    assert main([*command, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["windows"] == len(data.splits["test"])
    assert found["key"] == "window"
    assert found["key_bits"] == 0, "the melodies are in the key in which they were learned"
    assert main(command) == 0
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= 100
    assert not any("In one key" in line for line in lines)
