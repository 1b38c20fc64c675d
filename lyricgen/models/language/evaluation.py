"""The shipped language models measured on held-out text."""

from __future__ import annotations

import numpy as np

from lyricgen.files import DataError
from lyricgen.lyrics import copying as lyrics_copying
from lyricgen.lyrics import corpora, patterns, vocabulary
from lyricgen.lyrics import measures as lyric_measures
from lyricgen.models.language.data import Splits, load_corpus_splits
from lyricgen.models.language.inference import NumpyLanguageModel, lstm_bits
from lyricgen.models.language.writing import (
    decode_poems,
    pattern_plan,
    sample_tokens,
    unconstrained_plan,
)
from lyricgen.models.ngram import NGram
from lyricgen.models.weights import WEIGHTS, load_weights

PATTERNS, POEMS, TEMPERATURE, LENGTH = (
    5,
    200,
    0.8,
    200,
)  # poems of each pattern; characters of each other poem that are compared


def ngram_bits(characters: vocabulary.Vocabulary, parts: Splits) -> tuple[int, float]:
    """The order of the Kneser-Ney n-gram with the fewest bits on the validation part, and its bits per character on the test part.

    Orders are tried from 2 upwards until one is no better. Notebook: 03_lyrics_language_model
    """
    lists = {part: [ids.tolist() for ids in parts[part]] for part in parts}
    best, order, model = np.inf, 1, None
    while (
        bits := (tried := NGram(lists["train"], order + 1, range(len(characters)))).bits_per_token(
            lists["validation"]
        )
    ) < best:
        best, order, model = bits, order + 1, tried
    costs = np.concatenate([model.bits(ids) for ids in lists["test"]])
    return order, lyric_measures.bits_per_character(
        costs, np.concatenate(parts["test"]), characters.folded
    )


def measure_language(name: str, report=lambda text: None) -> dict[str, float | int | None]:
    """All measures of the shipped model of a corpus, by the names that `evaluate language` gives them; None where one does not apply.

    Drawn with a fixed seed at temperature 0.8: of Song ci 200 poems told only the name of each of the five most frequent stable patterns, of
    the others 200 beginnings of 200 characters; the human ones beside them are those of the test part. `report` is told what is being done.
    Raises DataError where the weights were trained on other data than there is. Notebook: 04_lyrics_across_datasets
    """
    characters, parts, data = load_corpus_splits(name)
    if (found := load_weights(name)[1].get("data")) != data:
        raise DataError(
            f"{WEIGHTS / name}.json is of weights that were trained on other data: {found} instead of {data}."
        )
    model, corpus, rng = (
        NumpyLanguageModel.load(name),
        corpora.load_corpus(name),
        np.random.default_rng(1),
    )
    if model.vocabulary != characters.tokens:
        raise DataError(
            f"{WEIGHTS / name}.json is for another vocabulary than the training part of {name} has."
        )
    report(f"{name}: what a character of the test part costs the LSTM")
    result: dict = {"test_bits_per_character": lstm_bits(model, parts["test"])}
    report(f"{name}: what it costs the n-grams")
    result["ngram_order"], result["ngram_bits_per_character"] = ngram_bits(characters, parts)
    report(f"{name}: poems are drawn")
    result |= dict.fromkeys(("form", "form_constrained", "human_form", "rhyme", "human_rhyme"))
    human = [list(poem.lines) for poem in corpus.poems_of("test")]
    if name == "songci":
        rows, drawn, human = [], [], []
        for pattern in list(patterns.stable_patterns(corpus.poems).values())[:PATTERNS]:
            plan = unconstrained_plan(
                characters,
                POEMS,
                sum(pattern.lengths) + len(pattern.lengths) + LENGTH // 10,
                pattern.name + "\n",
            )
            told = [
                lines[1:]
                for lines in decode_poems(characters, sample_tokens(model, plan, rng, TEMPERATURE))
            ]
            held = [
                lines[1:]
                for lines in decode_poems(
                    characters,
                    sample_tokens(
                        model, pattern_plan(characters, pattern, POEMS, rng), rng, TEMPERATURE
                    ),
                )
            ]
            own = [
                list(poem.lines) for poem in corpus.poems_of("test") if poem.title == pattern.name
            ]
            rows.append(
                [
                    *(lyric_measures.poem_form(kind, pattern) for kind in (told, held, own)),
                    *(lyric_measures.rhyme_share(kind, pattern.rhymes) for kind in (told, own)),
                ]
            )
            drawn, human = drawn + told, human + own
        means = np.mean(rows, axis=0).tolist()
        result |= zip(
            ("form", "form_constrained", "human_form", "rhyme", "human_rhyme"),
            [None if np.isnan(mean) else mean for mean in means],
        )
    else:
        titles = corpus.card["title_in_text"]  # they are not compared, and need room
        drawn = decode_poems(
            characters,
            sample_tokens(
                model,
                unconstrained_plan(characters, POEMS, LENGTH + titles * LENGTH // 10),
                rng,
                TEMPERATURE,
            ),
        )
        drawn = [lines[titles:] for lines in drawn]
    report(f"{name}: what was copied")
    copying = lyrics_copying.Copying("\n\n".join(corpus.texts_of("train")))
    for key, kind in (("copied_run_median", drawn), ("human_copied_run_median", human)):
        result[key] = float(
            np.median([len(copying.longest("\n".join(lines)[:LENGTH])) for lines in kind])
        )
    return result
