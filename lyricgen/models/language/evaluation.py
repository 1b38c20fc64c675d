"""The shipped language models measured on held-out text."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import numpy as np

from lyricgen.files import DataError
from lyricgen.lyrics import corpora
from lyricgen.lyrics.copying import Copying
from lyricgen.lyrics.corpora import Corpus
from lyricgen.lyrics.measures import bits_per_character, poem_form, rhyme_share
from lyricgen.lyrics.patterns import Pattern, stable_patterns
from lyricgen.lyrics.vocabulary import Vocabulary
from lyricgen.models.language.data import Splits, TextData, load_corpus_splits
from lyricgen.models.language.inference import NumpyLanguageModel, lstm_bits
from lyricgen.models.language.writing import (
    Plan,
    decode_poems,
    pattern_plan,
    sample_tokens,
    unconstrained_plan,
)
from lyricgen.models.ngram import NGram
from lyricgen.models.weights import WEIGHTS, load_weights

# How many patterns of Song ci are written, and how many poems of each of them (or of a
# corpus without patterns).
PATTERNS = 5
POEMS = 200
TEMPERATURE = 0.8

# The characters of a poem that are searched for copied runs.
LENGTH = 200

FORM_KEYS = ("form", "form_constrained", "human_form", "rhyme", "human_rhyme")

Poems = list[list[str]]
Measures = dict[str, float | int | None]


def ngram_bits(characters: Vocabulary, splits: Splits) -> tuple[int, float]:
    """Returns the best order of a Kneser-Ney n-gram and its bits per test character.

    The best order has the fewest bits on the validation split; orders are tried from 2
    upwards until one is no better.
    Notebook: counting_words
    """
    train = _as_lists(splits["train"])
    validation = _as_lists(splits["validation"])
    best_bits = np.inf
    for order in itertools.count(2):
        candidate = NGram(train, order, range(len(characters)))
        bits = candidate.bits_per_token(validation)
        if bits >= best_bits:
            break
        best_bits = bits
        best = candidate
    costs = [best.bits(ids) for ids in _as_lists(splits["test"])]
    test = np.concatenate(splits["test"])
    return best.order, bits_per_character(np.concatenate(costs), test, characters.folded)


def _as_lists(sequences: list[np.ndarray]) -> list[list[int]]:
    return [ids.tolist() for ids in sequences]


def measure_language(name: str, report: Callable[[str], None] = lambda text: None) -> Measures:
    """Returns all measures of the shipped model of a corpus, by their names.

    They are those of `evaluate language`; one that does not apply is None. Poems are
    drawn with a fixed seed at temperature 0.8: of Song ci 200 to each of the five most
    frequent stable patterns, given only its name; of the others 200 beginnings of 200
    characters. The human ones are those of the test split. `report` is told what is
    being done.
    Raises: DataError where the weights were trained on other data than there is.
    Notebook: four_corpora
    """
    data = load_corpus_splits(name)
    model = _load_model(name, data)
    corpus = corpora.load_corpus(name)
    rng = np.random.default_rng(1)

    report(f"{name}: what a character of the test split costs the LSTM")
    result: Measures = {"test_bits_per_character": lstm_bits(model, data.splits["test"])}
    report(f"{name}: what it costs the n-grams")
    order, bits = ngram_bits(data.vocabulary, data.splits)
    result["ngram_order"] = order
    result["ngram_bits_per_character"] = bits
    report(f"{name}: poems are drawn")
    if name == "songci":
        written, human, form_measures = _measure_patterns(model, corpus, rng)
        result |= form_measures
    else:
        written = _write_poems(model, corpus, rng)
        human = [list(poem.lines) for poem in corpus.poems_of("test")]
        result |= dict.fromkeys(FORM_KEYS)
    report(f"{name}: what was copied")
    copying = Copying("\n\n".join(corpus.texts_of("train")))
    result["copied_run_median"] = _copied_run_median(copying, written)
    result["human_copied_run_median"] = _copied_run_median(copying, human)
    return result


def _load_model(name: str, data: TextData) -> NumpyLanguageModel:
    """Returns the shipped model of a corpus, if it was trained on this data."""
    _, card = load_weights(name)
    trained_on = card.get("data")
    if trained_on != data.source:
        raise DataError(
            f"{WEIGHTS / name}.json is of weights that were trained on other data: "
            f"{trained_on} instead of {data.source}."
        )
    model = NumpyLanguageModel.load(name)
    if model.vocabulary != data.vocabulary.tokens:
        raise DataError(
            f"{WEIGHTS / name}.json is for another vocabulary than the training split of "
            f"{name} has."
        )
    return model


def _measure_patterns(
    model: NumpyLanguageModel, corpus: Corpus, rng: np.random.Generator
) -> tuple[Poems, Poems, Measures]:
    """Returns poems to the most frequent patterns, human ones, and their measures."""
    rows = []
    written: Poems = []
    human: Poems = []
    patterns = list(stable_patterns(corpus.poems).values())
    for pattern in patterns[:PATTERNS]:
        named = _write_named(model, pattern, rng)
        constrained = _write_constrained(model, pattern, rng)
        titled = [poem for poem in corpus.poems_of("test") if poem.title == pattern.name]
        of_test = [list(poem.lines) for poem in titled]
        row = {
            "form": poem_form(named, pattern),
            "form_constrained": poem_form(constrained, pattern),
            "human_form": poem_form(of_test, pattern),
            "rhyme": rhyme_share(named, pattern.rhymes),
            "human_rhyme": rhyme_share(of_test, pattern.rhymes),
        }
        rows.append([row[key] for key in FORM_KEYS])
        written += named
        human += of_test
    means = np.mean(rows, axis=0).tolist()
    measures = {key: None if np.isnan(mean) else mean for key, mean in zip(FORM_KEYS, means)}
    return written, human, measures


def _write_named(model: NumpyLanguageModel, pattern: Pattern, rng: np.random.Generator) -> Poems:
    """Returns the lines of poems of which the model is given the pattern's name."""
    steps = sum(pattern.lengths) + len(pattern.lengths) + LENGTH // 10
    plan = unconstrained_plan(model.characters, POEMS, steps, pattern.name + "\n")
    return [lines[1:] for lines in _write(model, plan, rng)]


def _write_constrained(
    model: NumpyLanguageModel, pattern: Pattern, rng: np.random.Generator
) -> Poems:
    """Returns the lines of poems that hold the pattern by construction."""
    plan = pattern_plan(model.characters, pattern, POEMS, rng)
    return [lines[1:] for lines in _write(model, plan, rng)]


def _write_poems(model: NumpyLanguageModel, corpus: Corpus, rng: np.random.Generator) -> Poems:
    """Returns the lines of beginnings of poems, without their titles."""
    # A title is not compared, and needs room: a tenth of the length.
    titles = int(corpus.card["title_in_text"])
    plan = unconstrained_plan(model.characters, POEMS, LENGTH + titles * LENGTH // 10)
    return [lines[titles:] for lines in _write(model, plan, rng)]


def _write(model: NumpyLanguageModel, plan: Plan, rng: np.random.Generator) -> Poems:
    tokens = sample_tokens(model, plan, rng, TEMPERATURE)
    return decode_poems(model.characters, tokens)


def _copied_run_median(copying: Copying, poems: Poems) -> float:
    """Returns the median length of the longest run that a poem shares with training."""
    beginnings = ["\n".join(lines)[:LENGTH] for lines in poems]
    runs = [len(copying.longest(text)) for text in beginnings]
    return float(np.median(runs))
