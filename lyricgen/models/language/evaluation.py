"""The shipped language models measured on held-out text."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from lyricgen import progress
from lyricgen.files import DataError
from lyricgen.lyrics import corpora
from lyricgen.lyrics.copying import Copying
from lyricgen.lyrics.corpora import Corpus
from lyricgen.lyrics.form_cost import form_bits
from lyricgen.lyrics.measures import (
    bits_per_character,
    distinct_rhyme_words,
    poem_form,
    rhyme_share,
    tone_share,
)
from lyricgen.lyrics.patterns import Pattern, stable_patterns
from lyricgen.lyrics.vocabulary import Vocabulary
from lyricgen.models.language.data import Splits, TextData, load_corpus_splits, with_form
from lyricgen.models.language.inference import NumpyLanguageModel, lstm_bits
from lyricgen.models.language.writing import (
    Plan,
    decode_poems,
    form_plan,
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

# How many tokens more than a pattern has a poem to it may have.
STEPS_AFTER = 20

# The weights of the model of Song ci that reads the form.
FORM_MODEL = "songci_form"

# What is measured of poems to a pattern.
POEM_KEYS = ("form", "rhyme", "rhyme_modern", "distinct_rhyme_words", "tones")

# Who wrote them, as the names of the measures say it: a person; the model given the
# name, alone and under masks; the one that reads the form, alone and under masks.
HUMAN = "human_{}"
NAMED = "{}"
CONSTRAINED = "{}_constrained"
INFORMED = "{}_informed"
INFORMED_CONSTRAINED = "{}_informed_constrained"
WRITERS = (HUMAN, NAMED, CONSTRAINED, INFORMED, INFORMED_CONSTRAINED)
FORM_KEYS = tuple(writer.format(key) for writer in WRITERS for key in POEM_KEYS)

BITS_KEYS = (
    "test_bits_per_character_informed",
    "lengths_bits_per_character",
    "rhymes_bits_per_character",
    "test_bits_per_character_with_form",
)

Poems = list[list[str]]
Measures = dict[str, float | int | None]


def ngram_bits(characters: Vocabulary, splits: Splits) -> tuple[int, float]:
    """Returns the order of a Kneser-Ney n-gram and its bits per test character.

    The order is chosen on the validation split, at the first minimum: orders are tried
    from 2 upwards until one is no better. Much longer ones may be a little better.
    Notebook: counting_words
    """
    train = _as_lists(splits["train"])
    validation = _as_lists(splits["validation"])
    best_bits = np.inf
    for order in progress.bar(itertools.count(2), "orders of the n-gram"):
        candidate = NGram(train, order, range(len(characters)))
        bits = candidate.bits_per_token(validation)
        if bits >= best_bits:
            break
        best_bits = bits
        best = candidate
    held_out = progress.bar(_as_lists(splits["test"]), "reading by the n-gram")
    costs = [best.bits(ids) for ids in held_out]
    test = np.concatenate(splits["test"])
    return best.order, bits_per_character(np.concatenate(costs), test, characters.folded)


def _as_lists(sequences: list[np.ndarray]) -> list[list[int]]:
    return [ids.tolist() for ids in sequences]


def measure_language(
    name: str, report: Callable[[str], None] = lambda text: None, folder: Path = WEIGHTS
) -> Measures:
    """Returns all measures of the shipped model of a corpus, or one in a folder.

    They are those of `evaluate language`; one that does not apply is None. Poems are
    drawn with a fixed seed at temperature 0.8: of Song ci 200 to each of the five most
    frequent stable patterns, given only its name; of the others 200 beginnings of 200
    characters. The human ones are those of the test split. Of Song ci the model that
    reads the form is measured as well, where its weights are there. `report` is told
    what is being done.
    Raises: DataError where the weights were trained on other data than there is.
    Notebook: four_corpora
    """
    data = load_corpus_splits(name)
    model = _load_model(name, data, folder)
    corpus = corpora.load_corpus(name)
    rng = np.random.default_rng(1)

    report(f"{name}: what a character of the test split costs the LSTM")
    result: Measures = {"test_bits_per_character": lstm_bits(model, data.splits["test"])}
    report(f"{name}: what it costs the n-grams")
    order, bits = ngram_bits(data.vocabulary, data.splits)
    result["ngram_order"] = order
    result["ngram_bits_per_character"] = bits
    report(f"{name}: poems are drawn")
    result |= dict.fromkeys((*FORM_KEYS, *BITS_KEYS))
    if name == "songci":
        patterns = list(stable_patterns(corpus.poems).values())[:PATTERNS]
        sets = write_sets(model, patterns, rng)
        sets[HUMAN] = [human_poems(corpus, pattern, "test") for pattern in patterns]
        written = list(itertools.chain(*sets[NAMED]))
        human = list(itertools.chain(*sets[HUMAN]))
        result |= measure_sets(sets, patterns)
        result |= _measure_informed(data, patterns, folder, rng)
    else:
        written = _write_poems(model, corpus, rng)
        human = [list(poem.lines) for poem in corpus.poems_of("test")]
    report(f"{name}: what was copied")
    copying = Copying("\n\n".join(_texts_read(name, folder)))
    result["copied_run_median"] = _copied_run_median(copying, written)
    result["human_copied_run_median"] = _copied_run_median(copying, human)
    return result


def _texts_read(name: str, folder: Path) -> list[str]:
    """Returns the texts from which a corpus's model learned, by its card."""
    _, card = load_weights(name, folder)
    read = [name] + ([card["also"]] if "also" in card else [])
    return [text for corpus in read for text in corpora.load_corpus(corpus).texts_of("train")]


def _load_model(name: str, data: TextData, folder: Path) -> NumpyLanguageModel:
    """Returns the model of a corpus in a folder, if it was trained on this data."""
    _, card = load_weights(name, folder)
    trained_on = card.get("data")
    if trained_on != data.source:
        raise DataError(
            f"{folder / name}.json is of weights that were trained on other data: "
            f"{trained_on} instead of {data.source}."
        )
    model = NumpyLanguageModel.load(name, folder)
    if model.vocabulary != data.vocabulary.tokens:
        raise DataError(
            f"{folder / name}.json is for another vocabulary than the training split of "
            f"{data.source['name']} has."
        )
    return model


def human_poems(corpus: Corpus, pattern: Pattern, split: str) -> Poems:
    """Returns the lines of the poems of a split to the tune of a pattern."""
    return [list(poem.lines) for poem in corpus.poems_of(split) if poem.title == pattern.name]


def _measure_informed(
    data: TextData, patterns: Sequence[Pattern], folder: Path, rng: np.random.Generator
) -> Measures:
    """Returns the measures of the model that reads the form, if it is there."""
    if not (folder / f"{FORM_MODEL}.json").exists():
        return {}
    model = _load_model(FORM_MODEL, data, folder)
    sets = write_informed_sets(model, patterns, rng)
    return measure_sets(sets, patterns) | measure_form_bits(model, data, "test")


def write_sets(
    model: NumpyLanguageModel, patterns: Sequence[Pattern], rng: np.random.Generator
) -> dict[str, list[Poems]]:
    """Returns poems to each pattern: given its name only, and under masks."""
    sets: dict[str, list[Poems]] = {NAMED: [], CONSTRAINED: []}
    for pattern in patterns:
        steps = sum(pattern.lengths) + len(pattern.lengths) + STEPS_AFTER
        named = unconstrained_plan(model.characters, POEMS, steps, pattern.name + "\n")
        sets[NAMED].append(_write_lines(model, named, rng))
        masks = pattern_plan(model.characters, pattern, POEMS, rng)
        sets[CONSTRAINED].append(_write_lines(model, masks, rng))
    return sets


def write_informed_sets(
    model: NumpyLanguageModel, patterns: Sequence[Pattern], rng: np.random.Generator
) -> dict[str, list[Poems]]:
    """Returns poems to each pattern, given its form: without masks, and under them.

    Without masks nothing but the model itself keeps the form.
    """
    sets: dict[str, list[Poems]] = {INFORMED: [], INFORMED_CONSTRAINED: []}
    for pattern in patterns:
        given = form_plan(model.characters, pattern, POEMS, rng, STEPS_AFTER)
        sets[INFORMED].append(_write_lines(model, given, rng))
        masks = pattern_plan(model.characters, pattern, POEMS, rng)
        sets[INFORMED_CONSTRAINED].append(_write_lines(model, masks, rng))
    return sets


def measure_sets(sets: dict[str, list[Poems]], patterns: Sequence[Pattern]) -> Measures:
    """Returns the measures of poems to patterns, by writer: means over the patterns."""
    measures: Measures = {}
    for writer, sets_of_writer in sets.items():
        rows = [measure_poems(poems, each) for poems, each in zip(sets_of_writer, patterns)]
        for key, mean in zip(POEM_KEYS, np.mean(rows, axis=0).tolist()):
            measures[writer.format(key)] = None if np.isnan(mean) else mean
    return measures


def measure_poems(poems: Poems, pattern: Pattern) -> list[float]:
    """Returns what POEM_KEYS name: shares of poems, of rhymes, words and tones."""
    return [
        poem_form(poems, pattern),
        rhyme_share(poems, pattern.rhymes, pattern.rhyme_tones),
        rhyme_share(poems, pattern.rhymes, modern=True),
        distinct_rhyme_words(poems, pattern.rhymes),
        tone_share(poems, pattern.tones),
    ]


def measure_form_bits(model: NumpyLanguageModel, data: TextData, split: str) -> Measures:
    """Returns what a character costs given the form, and what the form costs.

    The form follows from the poem, so the bits of the form and those of the text given
    the form are together an honest price of the text. `form_bits` says how the lengths
    of the lines and their rhyme groups are counted.
    Notebook: words_and_music
    """
    corpus = corpora.load_corpus("songci")
    known = with_form(data).splits[split]
    lengths, rhymes = form_bits(corpus.poems_of("train"), corpus.poems_of(split))
    # With the end of each poem, which is a token as well.
    count = sum(len(text) + 1 for text in corpus.texts_of(split))
    costs = (lstm_bits(model, known), lengths / count, rhymes / count)
    return dict(zip(BITS_KEYS, (*costs, sum(costs))))


def _write_poems(model: NumpyLanguageModel, corpus: Corpus, rng: np.random.Generator) -> Poems:
    """Returns the lines of beginnings of poems, without their titles."""
    # A title is not compared, and needs room: a tenth of the length.
    titles = int(corpus.card["title_in_text"])
    plan = unconstrained_plan(model.characters, POEMS, LENGTH + titles * LENGTH // 10)
    return [lines[titles:] for lines in _write(model, plan, rng)]


def _write_lines(model: NumpyLanguageModel, plan: Plan, rng: np.random.Generator) -> Poems:
    """Returns the lines of the poems of a plan, without the titles that it gives."""
    return [lines[1:] for lines in _write(model, plan, rng)]


def _write(model: NumpyLanguageModel, plan: Plan, rng: np.random.Generator) -> Poems:
    tokens = sample_tokens(model, plan, rng, TEMPERATURE)
    return decode_poems(model.characters, tokens)


def _copied_run_median(copying: Copying, poems: Poems) -> float:
    """Returns the median length of the longest run that a poem shares with training."""
    beginnings = ["\n".join(lines)[:LENGTH] for lines in poems]
    runs = [len(copying.longest(text)) for text in beginnings]
    return float(np.median(runs))
