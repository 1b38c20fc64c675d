"""`evaluate language`: its keys, the same figures each time, and what it refuses.

The stored figures reach what is required.
"""

import json
from dataclasses import replace

import numpy as np
import pytest

from lyricgen import files
from lyricgen.cli import evaluate as cli_evaluate
from lyricgen.cli import meanings
from lyricgen.cli.main import main
from lyricgen.lyrics import corpora, vocabulary
from lyricgen.models import weights
from lyricgen.models.language import data as language_data
from lyricgen.models.language import evaluation as language_evaluation
from lyricgen.models.language.inference import FORM_SIZES, NumpyLanguageModel

MEASURED = ("form", "rhyme", "rhyme_modern", "distinct_rhyme_words", "tones")
WITHOUT_FORM_MODEL = {
    name for key in MEASURED for name in (f"human_{key}", key, f"{key}_constrained")
}
FORM_MODEL = {
    name for key in MEASURED for name in (f"{key}_informed", f"{key}_informed_constrained")
} | {
    "test_bits_per_character_informed",
    "lengths_bits_per_character",
    "rhymes_bits_per_character",
    "test_bits_per_character_with_form",
}
KEYS = {
    "test_bits_per_character",
    "ngram_bits_per_character",
    "ngram_order",
    "copied_run_median",
    "human_copied_run_median",
    *WITHOUT_FORM_MODEL,
    *FORM_MODEL,
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
    missing = {key for key, value in found.items() if value is None}
    assert set(found) == KEYS
    assert missing == (set() if name == "songci" else FORM_MODEL | WITHOUT_FORM_MODEL)
    # The n-gram has 40 poems only.
    assert 1 < found["test_bits_per_character"] < found["ngram_bits_per_character"]
    assert found["ngram_order"] >= 2
    if name == "songci":
        assert found["form_constrained"] == found["rhyme_constrained"] == 1
        assert found["distinct_rhyme_words_constrained"] == 1 and 0 <= found["form"] <= 1
        assert found["human_rhyme"] > 0.9 > found["human_rhyme_modern"]
    assert main(["evaluate", "language", "--corpus", name, "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {name: found}
    monkeypatch.setattr(cli_evaluate, "measure_language", lambda name, report: found)
    assert main(["evaluate", "language", "--corpus", name]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == f"{name}:" and {line.split()[0] for line in lines[1:]} == KEYS - missing
    [bits] = [line for line in lines if line.split()[0] == "test_bits_per_character"]
    assert (
        f"less is better; ngram_bits_per_character {found['ngram_bits_per_character']:.4g}" in bits
    )
    assert bits.endswith(": better")


def test_every_measure_has_a_meaning():
    assert set(meanings.LANGUAGE) >= KEYS
    for table in (meanings.LANGUAGE, meanings.MUSICVAE):
        for meaning in table.values():
            assert meaning.words and (not meaning.beside or meaning.better)
            assert meaning.beside in table or not meaning.beside


def test_a_verdict_is_as_the_direction_says():
    table = {"a": meanings.Meaning("bits", meanings.LESS, "b"), "b": meanings.Meaning("bits")}
    for value, verdict in ((1.0, "better"), (2.0, "equal"), (3.0, "worse")):
        said = meanings.describe("a", {"a": value, "b": 2.0}, table)
        assert said == f"bits; less is better; b 2: {verdict}"
    assert meanings.describe("a", {"a": 1.0}, table) == "bits; less is better"


def test_the_model_that_reads_the_form_is_measured_where_it_is_there(small, tmp_path):
    """Random weights: the masks hold the form, and nothing else does."""
    free, card = weights.load_weights("songci")
    rng = np.random.default_rng(0)
    arrays = {key: 0.1 * rng.normal(size=value.shape) for key, value in free.items()}
    for key, size in FORM_SIZES.items():
        arrays[key] = 0.1 * rng.normal(size=(size, arrays["embedding"].shape[1]))
    weights.save_weights(tmp_path, "songci", free, card)
    weights.save_weights(tmp_path, "songci_form", arrays, card)
    found = language_evaluation.measure_language("songci", folder=tmp_path)
    missing = {key for key, value in found.items() if value is None}
    # Random weights hardly ever end a line, so that two lines that rhyme are missing.
    assert set(found) == KEYS and missing <= {"rhyme_informed", "rhyme_modern_informed"}
    assert found["form_informed_constrained"] == found["rhyme_informed_constrained"] == 1
    assert found["form_informed"] == 0
    # Random weights give each of 4503 tokens about the same probability.
    assert found["test_bits_per_character_informed"] == pytest.approx(np.log2(4503), abs=2)
    parts = [found[f"{key}_bits_per_character"] for key in ("lengths", "rhymes")]
    assert 0 < parts[0] < parts[1] < 1
    assert found["test_bits_per_character_with_form"] == pytest.approx(
        found["test_bits_per_character_informed"] + sum(parts)
    )


def test_weights_for_other_characters_or_other_data_are_refused(small, monkeypatch):
    real, read = NumpyLanguageModel.load("ballads"), weights.load_weights
    tokens = list(real.vocabulary)
    # As many, but two have changed places.
    tokens[5], tokens[6] = tokens[6], tokens[5]
    other = NumpyLanguageModel(real.arrays, vocabulary.Vocabulary(tokens, real.characters.folded))
    monkeypatch.setattr(NumpyLanguageModel, "load", lambda name, folder: other)
    with pytest.raises(files.DataError, match="ballads.json is for another vocabulary"):
        language_evaluation.measure_language("ballads")
    monkeypatch.setattr(
        language_evaluation,
        "load_weights",
        lambda name, folder: (read(name)[0], read(name)[1] | {"data": {"name": "another"}}),
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


def test_weights_of_ones_own_are_not_measured_on_a_corpus_of_the_course(capsys):
    code = main(["evaluate", "language", "--weights", "mine.npz", "--corpus", "burns"])
    assert code == 2
    assert "give --corpus or --weights" in capsys.readouterr().err
