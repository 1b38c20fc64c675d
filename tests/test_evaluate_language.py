"""`evaluate language`: its keys, the same figures each time, and what it refuses.

The stored figures reach what is required.
"""

import json
from dataclasses import replace

import numpy as np
import pytest

from lyricgen import files
from lyricgen.cli import evaluate as cli_evaluate
from lyricgen.cli.main import main
from lyricgen.lyrics import corpora, vocabulary
from lyricgen.models import weights
from lyricgen.models.language import data as language_data
from lyricgen.models.language import evaluation as language_evaluation
from lyricgen.models.language.inference import NumpyLanguageModel

FORM = ("form", "form_constrained", "human_form", "rhyme", "human_rhyme")
KEYS = {
    "test_bits_per_character",
    "ngram_bits_per_character",
    "ngram_order",
    "copied_run_median",
    "human_copied_run_median",
    *FORM,
}
STORED = json.loads((files.DATA / "results" / "language.json").read_text("utf-8"))


@pytest.fixture
def small(monkeypatch):
    """Few poems and short ones, of the shipped corpora: it takes seconds."""
    whole = language_data.load_corpus_splits

    def few(name):
        data = whole(name)
        splits = {split: [ids[:300] for ids in poems[:40]] for split, poems in data.splits.items()}
        return replace(data, splits=splits)

    monkeypatch.setattr(language_evaluation, "load_corpus_splits", few)
    for name, value in (("PATTERNS", 2), ("POEMS", 6), ("LENGTH", 30)):
        monkeypatch.setattr(language_evaluation, name, value)


@pytest.mark.parametrize("name", ["songci", "ballads"])
def test_all_measures_and_the_same_each_time(small, name, capsys, monkeypatch):
    found = language_evaluation.measure_language(name)
    assert set(found) == KEYS and {key for key, value in found.items() if value is None} == (
        set() if name == "songci" else set(FORM)
    )
    # The n-gram has 40 poems only.
    assert 1 < found["test_bits_per_character"] < found["ngram_bits_per_character"]
    assert found["ngram_order"] >= 2
    if name == "songci":
        assert found["form_constrained"] == 1 and 0 <= found["form"] <= 1
    assert main(["evaluate", "language", "--corpus", name, "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {name: found}
    monkeypatch.setattr(cli_evaluate, "measure_language", lambda name, report: found)
    assert main(["evaluate", "language", "--corpus", name]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == [name] and {line.split()[0] for line in lines[1:]} == KEYS
    assert ("form -" in " ".join(" ".join(lines).split())) == (name == "ballads")


def test_weights_for_other_characters_or_other_data_are_refused(small, monkeypatch):
    real, read = NumpyLanguageModel.load("ballads"), weights.load_weights
    tokens = list(real.vocabulary)
    # As many, but two have changed places.
    tokens[5], tokens[6] = tokens[6], tokens[5]
    other = NumpyLanguageModel(real.arrays, vocabulary.Vocabulary(tokens, real.characters.folded))
    monkeypatch.setattr(NumpyLanguageModel, "load", lambda name: other)
    with pytest.raises(files.DataError, match="ballads.json is for another vocabulary"):
        language_evaluation.measure_language("ballads")
    monkeypatch.setattr(
        language_evaluation,
        "load_weights",
        lambda name: (read(name)[0], read(name)[1] | {"data": {"name": "another"}}),
    )
    with pytest.raises(files.DataError, match="trained on other data"):
        language_evaluation.measure_language("ballads")


@pytest.mark.parametrize("name", corpora.CORPORA)
def test_the_stored_figures_are_of_the_shipped_weights_and_reach_what_is_required(name):
    found, card = STORED[name], weights.load_weights(name)[1]
    assert set(found) == KEYS
    assert round(found["test_bits_per_character"], 4) == pytest.approx(
        card["figures"]["test_bits_per_character"], abs=2e-4
    )
    assert found["test_bits_per_character"] < found["ngram_bits_per_character"]
    assert found["copied_run_median"] <= found["human_copied_run_median"] + 2
    if name == "songci":
        assert (
            found["form"] >= 0.9 and found["form_constrained"] == 1 and not np.isnan(found["rhyme"])
        )
