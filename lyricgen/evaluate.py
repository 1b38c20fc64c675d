"""The shipped language models measured: in float64 from the rounded weights, so that the figures come out the same on every machine."""

from __future__ import annotations

import json
import sys

import numpy as np

from . import metrics, prosody, texts
from .files import DataError, sha256
from .ngram import NGram
from .sampler import WEIGHTS, CharacterLSTM, free, in_form, poems, read_weights, sample

PATTERNS, POEMS, TEMPERATURE, LENGTH = (
    5,
    200,
    0.8,
    200,
)  # poems of each pattern; characters of each other poem that are compared
Parts = dict[str, list[np.ndarray]]


def corpus_parts(name: str) -> tuple[texts.Vocabulary, Parts, dict]:
    """The vocabulary of a corpus, the ids of its poems by part, each with its end, and the hashes of text and split.

    A character that the training part has fewer than three times is `<unk>`. Notebook: 03_lyrics_language_model
    """
    corpus = texts.load(name)
    characters = texts.Vocabulary.build(corpus.texts("train"), min_count=3)
    parts = {
        part: [characters.encode(text, end=True) for text in corpus.texts(part)]
        for part in texts.PARTS
    }
    split = "".join(str(texts.PARTS.index(poem.part)) for poem in corpus.poems)
    return (
        characters,
        parts,
        {
            "name": name,
            "text_sha256": corpus.card["text_sha256"],
            "split_sha256": sha256(split.encode()),
        },
    )


def lstm_bits(
    model: CharacterLSTM, sequences: list[np.ndarray], piece: int = 1024, before: int = 256
) -> float:
    """The bits per character of an LSTM on sequences of ids, each from zero states.

    A long sequence is read in pieces side by side, each after the 256 tokens that stand before it. Notebook: 03_lyrics_language_model
    """
    places = [
        (ids, start, max(0, start - before))
        for ids in sequences
        for start in range(0, len(ids), piece)
    ]
    costs = model.costs([ids[first : start + piece] for ids, start, first in places])
    costs = [bits[start - first :] for bits, (_, start, first) in zip(costs, places)]
    return metrics.bits_per_character(
        np.concatenate(costs), np.concatenate(sequences), model.characters.folded
    )


def ngram_bits(characters: texts.Vocabulary, parts: Parts) -> tuple[int, float]:
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
    return order, metrics.bits_per_character(
        costs, np.concatenate(parts["test"]), characters.folded
    )


def measure_language(name: str, said=lambda text: None) -> dict[str, float | int | None]:
    """All measures of the shipped model of a corpus, by the names that `evaluate language` gives them; None where one does not apply.

    Drawn with a fixed seed at temperature 0.8: of Song ci 200 poems told only the name of each of the five most frequent stable patterns, of
    the others 200 beginnings of 200 characters; the human ones beside them are those of the test part. `said` is told what is being done.
    Raises DataError where the weights were trained on other data than there is. Notebook: 04_lyrics_across_datasets
    """
    characters, parts, data = corpus_parts(name)
    if (found := read_weights(name)[1].get("data")) != data:
        raise DataError(
            f"{WEIGHTS / name}.json is of weights that were trained on other data: {found} instead of {data}."
        )
    model, corpus, rng = CharacterLSTM.load(name), texts.load(name), np.random.default_rng(1)
    if model.vocabulary != characters.tokens:
        raise DataError(
            f"{WEIGHTS / name}.json is for another vocabulary than the training part of {name} has."
        )
    said(f"{name}: what a character of the test part costs the LSTM")
    result: dict = {"test_bits_per_character": lstm_bits(model, parts["test"])}
    said(f"{name}: what it costs the n-grams")
    result["ngram_order"], result["ngram_bits_per_character"] = ngram_bits(characters, parts)
    said(f"{name}: poems are drawn")
    result |= dict.fromkeys(("form", "form_constrained", "human_form", "rhyme", "human_rhyme"))
    human = [list(poem.lines) for poem in corpus.part("test")]
    if name == "songci":
        rows, drawn, human = [], [], []
        for pattern in list(prosody.stable_patterns(corpus.poems).values())[:PATTERNS]:
            plan = free(
                characters,
                POEMS,
                sum(pattern.lengths) + len(pattern.lengths) + LENGTH // 10,
                pattern.name + "\n",
            )
            told = [lines[1:] for lines in poems(characters, sample(model, plan, rng, TEMPERATURE))]
            held = [
                lines[1:]
                for lines in poems(
                    characters,
                    sample(model, in_form(characters, pattern, POEMS, rng), rng, TEMPERATURE),
                )
            ]
            own = [list(poem.lines) for poem in corpus.part("test") if poem.title == pattern.name]
            rows.append(
                [
                    *(metrics.poem_form(kind, pattern) for kind in (told, held, own)),
                    *(metrics.rhyme_share(kind, pattern.rhymes) for kind in (told, own)),
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
        drawn = poems(
            characters,
            sample(
                model, free(characters, POEMS, LENGTH + titles * LENGTH // 10), rng, TEMPERATURE
            ),
        )
        drawn = [lines[titles:] for lines in drawn]
    said(f"{name}: what was copied")
    copying = metrics.Copying("\n\n".join(corpus.texts("train")))
    for key, kind in (("copied_run_median", drawn), ("human_copied_run_median", human)):
        result[key] = float(
            np.median([len(copying.longest("\n".join(lines)[:LENGTH])) for lines in kind])
        )
    return result


def add_arguments(parser) -> None:
    """The arguments of `evaluate language`."""
    parser.add_argument("--json", action="store_true", help="as JSON, a corpus a key")
    parser.add_argument(
        "--corpus",
        choices=texts.CORPORA,
        action="append",
        help="only this one (may be given again)",
    )


def run(args) -> int:
    """Measures the shipped language models and prints a table or JSON."""
    found = {
        name: measure_language(name, lambda text: print(text, file=sys.stderr, flush=True))
        for name in args.corpus or texts.CORPORA
    }
    if args.json:
        print(json.dumps(found, indent=1))
        return 0
    print(f"{'':26}" + "".join(f"{name:>10}" for name in found))
    for key in next(iter(found.values())):
        print(
            f"{key:26}"
            + "".join(
                f"{'-' if row[key] is None else format(row[key], '.4g'):>10}"
                for row in found.values()
            )
        )
    return 0
