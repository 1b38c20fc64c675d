"""The comparison of corpora: what it writes, that it resumes, its nested fractions."""

import json
from dataclasses import replace

import compare_corpora as tool
import numpy as np
import pytest

from lyricgen.files import UserError
from lyricgen.lyrics import corpora
from lyricgen.models.language import data as language_data
from lyricgen.models.language import network as language_network
from lyricgen.models.language import training as language_training

SMALL = language_network.Settings(embedding=16, hidden=24, batch=16, length=32, rate=2e-2)
QUEUE = [("ballads", "1", 1), ("ballads", "1/4", 2)]


@pytest.fixture()
def made(monkeypatch, tmp_path):
    """The comparison on some poems of the ballads, with a small model in seconds."""
    monkeypatch.setenv("LYRICGEN_CACHE", str(tmp_path / "cache"))
    data = language_data.load_corpus_splits("ballads")
    counts = {"train": 40, "validation": 6, "test": 6}
    few = {split: sorted(data.splits[split], key=len)[:n] for split, n in counts.items()}
    monkeypatch.setattr(tool, "load_corpus_splits", lambda name: replace(data, splits=few))
    path = tmp_path / "corpora.json"
    tool.compare(path, 0.02, QUEUE, SMALL)
    return path, json.loads(path.read_text("utf-8")), few, tmp_path


def test_it_writes_what_it_measured_and_goes_on_where_it_was(made, monkeypatch):
    path, found, few, folder = made
    assert list(found["runs"]) == ["ballads 1 seed 1", "ballads 1/4 seed 2"]
    one, part = found["runs"].values()
    corpus = found["corpora"]["ballads"]
    assert one["steps"] == part["steps"] == corpus["steps"] >= tool.VALIDATIONS
    assert one["test"] != part["test"] and all(
        1 < row[key] < 8 for row in (one, part) for key in ("validation", "test")
    )
    assert corpus["poems"] == {"train": 40, "validation": 6, "test": 6}
    assert corpus["characters"]["test"] == sum(map(len, few["test"]))
    assert (
        found["fractions"]["1/4"]["poems"] == 10
        and found["fractions"]["1/4"]["ngram"]["test"] > corpus["ngram"]["test"]
    )
    assert (
        1 < corpus["xz"] < corpus["gzip"] < 8
        and found["settings"]["hidden"] == 24
        and "seed" not in found["settings"]
    )
    assert not list((folder / "cache" / "training").iterdir()), (
        "a finished run leaves nothing behind"
    )

    del found["runs"]["ballads 1 seed 1"]
    path.write_text(json.dumps(found), "utf-8")
    trained = []
    train = language_training.train

    def recorded(data, settings, budget):
        trained.append(settings.seed)
        return train(data, settings, budget)

    monkeypatch.setattr(language_training, "train", recorded)
    tool.compare(path, 0.02, QUEUE, SMALL)
    again = json.loads(path.read_text("utf-8"))["runs"]["ballads 1 seed 1"]
    assert trained == [1] and {**again, "cpu_seconds": 0} == {**one, "cpu_seconds": 0}, (
        "the same seed gives the same figures"
    )


def test_two_runs_at_a_time_give_the_same_figures(made):
    path, found, *_ = made
    path.write_text(json.dumps(found | {"runs": {}}), "utf-8")
    tool.compare(path, 0.02, QUEUE, SMALL, jobs=2)
    again = json.loads(path.read_text("utf-8"))["runs"]
    assert {key: row["test"] for key, row in again.items()} == {
        key: row["test"] for key, row in found["runs"].items()
    }


def test_a_file_of_other_settings_is_refused_and_kept(tmp_path, capsys):
    path = tmp_path / "corpora.json"
    path.write_text(json.dumps({"cpu_minutes": 1}), "utf-8")
    with pytest.raises(UserError, match="other settings"):
        tool.compare(path, 8.0, QUEUE, SMALL)
    assert tool.main(["--out", str(path)]) == 2 and "other settings" in capsys.readouterr().err
    assert json.loads(path.read_text("utf-8")) == {"cpu_minutes": 1}


def test_the_parts_of_song_ci_are_nested():
    poems = [np.full(1, k) for k in range(80)]
    eighth, quarter, half, whole = (
        [int(p[0]) for p in tool.fraction_of(poems, f)] for f in (*tool.FRACTIONS, "1")
    )
    assert (len(eighth), len(quarter), len(half)) == (10, 20, 40) and whole == list(range(80))
    assert set(eighth) < set(quarter) < set(half) and half != whole[:40]


def test_the_queue_has_every_run_once_in_the_order_of_need():
    assert len(set(tool.QUEUE)) == len(tool.QUEUE) == 15
    assert [q[0] for q in tool.QUEUE[:4]] == ["songci", "burns", "yuanqu", "ballads"] and [
        q[1] for q in tool.QUEUE[4:7]
    ] == ["1/8", "1/4", "1/2"]
    assert [q[2] for q in tool.QUEUE[7:]] == [2] * 4 + [3] * 4


def test_gzip_and_xz_read_as_many_characters_as_the_models_predict():
    for name in corpora.CORPORA:
        corpus = corpora.load_corpus(name)
        test = language_data.load_corpus_splits(name).splits["test"]
        marked = [text + tool.MARK for text in corpus.texts_of("test")]
        assert sum(map(len, marked)) == sum(map(len, test))
        assert not any(tool.MARK in text for text in corpus.texts_of("train"))
