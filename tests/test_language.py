"""The language model: Keras and NumPy agree, and draws keep to their masks.

A form holds by construction; bad weights, texts and settings are refused.
"""

import argparse
import json
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from keras import ops

from lyricgen.budget import Budget
from lyricgen.cli import train as cli_train
from lyricgen.cli import train_arguments
from lyricgen.files import DATA, DataError, UserError, sha256
from lyricgen.lyrics import chinese, corpora, rhyme
from lyricgen.lyrics import measures as lyric_measures
from lyricgen.lyrics import patterns as lyrics_patterns
from lyricgen.lyrics.form import GROUPS, NO_CHARACTERS, form_of_lines
from lyricgen.lyrics.vocabulary import Vocabulary
from lyricgen.models import sampling, weights
from lyricgen.models.language import data as language_data
from lyricgen.models.language import evaluation as language_evaluation
from lyricgen.models.language import inference as language_inference
from lyricgen.models.language import settings as language_settings
from lyricgen.models.language import training as language_training
from lyricgen.models.language import writing
from lyricgen.models.language.data import Stream, TextData
from lyricgen.models.language.inference import NumpyLanguageModel
from lyricgen.models.language.network import CompiledSampler, LanguageModel, Settings
from lyricgen.models.ngram import NGram
from lyricgen.models.sampling import distribution

ROOT = DATA.parent
VERSE = "the tide comes in, the tide goes out,\nand no one knows what it's about.\n" * 40
CHARACTERS = Vocabulary.build([VERSE])
SMALL = Settings(embedding=12, hidden=20, layers=2, batch=4, length=16, dropout=0.2, dropout_in=0.1)


@pytest.fixture(scope="module")
def untrained():
    keras.utils.set_random_seed(7)
    return LanguageModel(len(CHARACTERS), SMALL)


@pytest.fixture(scope="module")
def in_numpy(untrained):
    return NumpyLanguageModel(untrained.arrays(), CHARACTERS)


def softmax_costs(logits, y):
    return np.log(np.exp(logits).sum(-1)) - np.take_along_axis(logits, y[..., None], -1)[..., 0]


@pytest.mark.parametrize(
    "given",
    [SMALL, Settings(embedding=16, hidden=16, batch=4, length=16, dropout_in=0.0)],
    ids=["projected", "same sizes"],
)
def test_keras_and_numpy_agree_and_the_states_are_carried(given):
    model = LanguageModel(len(CHARACTERS), given)
    cells = NumpyLanguageModel(model.arrays(), CHARACTERS)
    stream = Stream([CHARACTERS.encode(VERSE)], 4, 16, seed=3)
    states = cells.start(4)
    for window in range(3):  # three windows, one after another
        x, y = stream(window)
        logits = ops.convert_to_numpy(model.logits(model(x)))
        expected = []
        for t in range(16):
            h, states = cells.step(x[:, t], states)
            expected.append(cells.logits(h))
        expected = np.stack(expected, 1)
        assert np.abs(logits - expected).max() < 1e-5
    model.reset()
    x, y = stream(0)
    loss = model.test_on_batch(x, y)
    model.reset()
    assert float(loss) == pytest.approx(
        softmax_costs(ops.convert_to_numpy(model.logits(model(x))), y).mean(), rel=1e-5
    )


def test_a_step_leaves_out_the_same_numbers_of_u_at_all_times():
    """The states of a training step are those of a kernel with fewer numbers."""
    given = replace(SMALL, layers=1, dropout=0.0, dropout_in=0.0, drop_recurrent=0.4)
    model = LanguageModel(len(CHARACTERS), given)
    lstm = model.lstms[0]
    whole = ops.convert_to_numpy(lstm.cell.recurrent_kernel)
    x, _ = Stream([CHARACTERS.encode(VERSE)], 4, 16, seed=3)(0)
    states = [ops.convert_to_tensor(state) for state in model.carried]
    lstm.drop_seed.state.assign([1, 7])
    kept = ops.convert_to_numpy(
        keras.random.dropout(ops.convert_to_tensor(whole), 0.4, seed=lstm.drop_seed)
    )
    assert 0.3 < np.mean(kept == 0) < 0.5
    lstm.drop_seed.state.assign([1, 7])
    trained, _ = model.run(x, states, training=True)
    assert lstm.cell.recurrent_kernel is model.weights_by_name()["U1"], "the whole kernel is back"
    arrays = model.arrays()
    assert (arrays["U1"] == whole).all()
    shown, _ = model.run(x, states)
    model.begin_from(arrays | {"U1": kept})
    expected, _ = model.run(x, states)
    assert np.abs(ops.convert_to_numpy(trained) - ops.convert_to_numpy(expected)).max() < 1e-6
    assert np.abs(ops.convert_to_numpy(shown) - ops.convert_to_numpy(expected)).max() > 1e-3


def test_a_training_that_leaves_out_numbers_of_u_resumes(tmp_path):
    given = replace(SMALL, layers=1, drop_recurrent=0.4)
    ids = CHARACTERS.encode(VERSE)
    data = language_data.TextData(CHARACTERS, {"train": [ids], "validation": [ids]}, {"name": "v"})

    def trained(folder, steps, stop=None):
        limit = Budget(folder, steps=steps, validations=4, progress=False)

        def each(rows):
            if stop is not None and rows[-1]["step"] >= stop:
                raise KeyboardInterrupt

        return language_training.train(data, given, limit, each=each)[0]

    straight = trained(tmp_path / "a", 8)
    with pytest.raises(KeyboardInterrupt):
        trained(tmp_path / "b", 8, stop=4)
    resumed = trained(tmp_path / "b", 8)
    assert all((straight[name] == resumed[name]).all() for name in straight)
    plain = language_training.train(
        data,
        replace(given, drop_recurrent=0.0),
        Budget(tmp_path / "c", steps=8, validations=4, progress=False),
    )[0]
    assert not (plain["U1"] == straight["U1"]).all()


def test_a_second_corpus_is_read_in_training_only():
    data = language_data.load_corpus_splits("burns")
    more = language_data.with_more_training(data, "ballads")
    ballads = corpora.load_corpus("ballads")
    assert len(more.splits["train"]) - len(data.splits["train"]) == len(ballads.texts_of("train"))
    assert more.splits["test"] is data.splits["test"]
    assert more.vocabulary is data.vocabulary and more.source == data.source
    assert data.vocabulary.decode(more.splits["train"][-1]).startswith(
        ballads.texts_of("train")[-1][:20]
    )
    with pytest.raises(UserError, match="already reads burns"):
        language_data.with_more_training(data, "burns")


def test_measuring_leaves_the_carried_states_as_they_were(untrained):
    stream = Stream([CHARACTERS.encode(VERSE)], 4, 16, seed=3)
    untrained(stream(0)[0])
    before = [ops.convert_to_numpy(state).copy() for state in untrained.carried]
    assert untrained.cost(stream) == untrained.cost(stream) and any(
        np.abs(state).max() > 0 for state in before
    )
    assert all(
        (ops.convert_to_numpy(state) == old).all() for state, old in zip(untrained.carried, before)
    )


def test_the_cost_is_the_mean_of_all_windows(untrained, in_numpy):
    stream = Stream([CHARACTERS.encode(VERSE * 3)], 4, 16, seed=3)
    states, costs = in_numpy.start(4), []
    for window in range(stream.windows):
        x, y = stream(window)
        for t in range(16):
            h, states = in_numpy.step(x[:, t], states)
            costs.append(softmax_costs(in_numpy.logits(h), y[:, t]).mean())
    assert (
        stream.windows > 2 and abs(np.mean(costs) - np.mean(costs[-16:])) > 1e-4
    )  # the last window alone has another
    assert untrained.cost(stream, stream.windows) == pytest.approx(np.mean(costs), rel=1e-5)


def test_some_lanes_are_reset(untrained):
    untrained(np.ones((4, 1), np.int32))
    before = [ops.convert_to_numpy(state).copy() for state in untrained.carried]
    untrained.reset(np.array([[1], [0], [1], [0]], np.float32))
    after = [ops.convert_to_numpy(state) for state in untrained.carried]
    assert all(
        (a[[0, 2]] == b[[0, 2]]).all() and b[[1, 3]].any() and not a[[1, 3]].any()
        for a, b in zip(after, before)
    )


def test_a_stream_reads_on_and_gives_each_token_once():
    poems = [np.arange(100 * k, 100 * k + n) for k, n in enumerate((50, 30, 41, 60, 20))]
    stream = Stream(poems, 4, 10, seed=1)
    assert stream.windows == 5
    for epoch in (0, 1):
        windows = [stream(epoch * 5 + k) for k in range(5)]
        targets = np.concatenate([y.ravel() for _, y in windows])
        assert len(set(targets.tolist())) == 200 <= 201 == sum(map(len, poems))
        lanes_x, lanes_y = (np.concatenate(part, axis=1) for part in zip(*windows))
        assert (lanes_x[:, 1:] == lanes_y[:, :-1]).all(), (
            "y is x one token later, over the ends of windows too"
        )
    assert (stream(0)[0] == Stream(poems, 4, 10, seed=1)(0)[0]).all() and (
        stream(5)[0] != stream(0)[0]
    ).any()
    assert (Stream(poems, 4, 10, seed=2)(0)[0] != stream(0)[0]).any()
    assert (Stream(poems, 4, 10, seed=None)(0)[0].ravel()[:10] == np.arange(10)).all()
    with pytest.raises(UserError, match="201 tokens; 32 lanes of 64 need 2049"):
        Stream(poems, 32, 64, seed=1)


def test_it_learns(tmp_path):
    ids = CHARACTERS.encode(VERSE)
    data = TextData(CHARACTERS, {"train": [ids], "validation": [ids[:500]]}, {})
    given = Settings(embedding=16, hidden=48, batch=8, length=32, dropout=0.0, rate=2e-2)
    budget = Budget(tmp_path, steps=150, validations=5, progress=False)
    arrays, rows = language_training.train(data, given, budget)
    counts = np.bincount(ids) / len(ids)
    entropy = -np.sum(counts[counts > 0] * np.log(counts[counts > 0]))
    assert rows[-1]["validation"] < 0.25 < entropy, "two lines that return are soon known by heart"
    writer = NumpyLanguageModel(arrays, CHARACTERS)
    plan = writing.unconstrained_plan(CHARACTERS, 1, 60, "the tide ")
    tokens = writing.sample_tokens(writer, plan, np.random.default_rng(0), 0.2)
    text = "".join(CHARACTERS.decode(tokens[:, 0]))
    assert text[9:].startswith(("comes in,", "goes out,"))


def test_a_model_is_built_with_the_initial_weights_or_with_those_of_the_seed():
    ids = CHARACTERS.encode(VERSE)
    data = TextData(CHARACTERS, {"train": [ids], "validation": [ids]}, {})
    one, again, other = (
        language_training.build(data, replace(SMALL, seed=seed)).arrays() for seed in (1, 1, 2)
    )
    assert all((one[name] == again[name]).all() for name in one)
    assert (one["W1"] != other["W1"]).any()
    taken = language_training.build(data, SMALL, initial=other).arrays()
    assert all((taken[name] == other[name]).all() for name in other)
    with pytest.raises(UserError, match="another size"):
        language_training.build(data, replace(SMALL, hidden=21), initial=other)


def test_a_model_of_the_largest_corpus_fits_into_8_mb():
    arrays = LanguageModel(4600, language_settings.CORPUS["songci"]).arrays()
    assert sum(value.size for value in arrays.values()) * 2 < 8e6


# --- Drawing ---

LOGITS = np.log(np.array([[0.5, 0.25, 0.15, 0.1]]))


def test_distribution_by_hand():
    assert np.allclose(distribution(LOGITS), [0.5, 0.25, 0.15, 0.1])
    squares = np.array([0.25, 0.0625, 0.0225, 0.01])
    assert np.allclose(distribution(LOGITS, 0.5), squares / squares.sum()), (
        "temperature 1/2 squares the probabilities"
    )
    assert np.allclose(distribution(LOGITS, top_k=2), [2 / 3, 1 / 3, 0, 0])
    assert np.allclose(distribution(LOGITS, top_p=0.75), [2 / 3, 1 / 3, 0, 0]), (
        "0.5 and 0.25 reach 0.75 together"
    )
    assert np.allclose(distribution(LOGITS, top_p=0.76), [5 / 9, 2.5 / 9, 1.5 / 9, 0])
    assert np.allclose(distribution(LOGITS, top_p=0.1), [1, 0, 0, 0]), "the likeliest always stays"
    assert np.allclose(
        distribution(LOGITS, mask=np.array([[False, True, True, True]]), top_k=1), [0, 1, 0, 0]
    )


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 2**32), st.floats(0.05, 5), st.integers(0, 9), st.floats(0.01, 1))
def test_what_is_drawn_was_allowed(seed, temperature, top_k, top_p):
    rng = np.random.default_rng(seed)
    logits, mask = rng.normal(size=(3, 9)) * 4, rng.random((3, 9)) < 0.5
    mask[:, 4] = True
    p = distribution(logits, temperature, mask, top_k, top_p)
    assert (
        np.allclose(p.sum(1), 1)
        and not p[~mask].any()
        and (not top_k or ((p > 0).sum(1) <= top_k).all())
    )
    assert (p.argmax(1) == np.where(mask, logits, -np.inf).argmax(1)).all()
    for u in (0.0, rng.random(), 1 - 1e-6):
        assert (np.take_along_axis(p, sampling.pick_token(p, np.full(3, u))[:, None], 1) > 0).all()


def test_draws_follow_the_distribution():
    u = (np.arange(10_000) + 0.5) / 10_000
    drawn = sampling.pick_token(np.repeat(distribution(LOGITS), 10_000, 0), u)
    assert np.bincount(drawn).tolist() == [5000, 2500, 1500, 1000]


@pytest.mark.parametrize(
    "kind", [{}, {"top_k": 3}, {"top_p": 0.8}, {"top_k": 5, "top_p": 0.9}], ids=str
)
def test_the_compiled_loop_draws_what_numpy_draws(in_numpy, kind):
    plan = writing.unconstrained_plan(CHARACTERS, 6, 20, "the")
    slow = writing.sample_tokens(in_numpy, plan, np.random.default_rng(4), 0.7, **kind)
    fast = CompiledSampler(in_numpy, **kind).sample(plan, np.random.default_rng(4), 0.7)
    assert slow.shape == (23, 6) and (slow == fast).all()
    assert (CHARACTERS.encode("the") == slow[:3].T).all() and (slow != 0).all()


@pytest.mark.parametrize(
    "kind, said",
    [
        ({"temperature": 0.0}, "temperature is 0; it should be above 0"),
        ({"temperature": -1.0}, "temperature is -1"),
        ({"temperature": float("nan")}, "temperature is nan"),
        ({"top_k": 999}, "top-k is 999; it should be from 1 to"),
        ({"top_k": -1}, "top-k is -1"),
        ({"top_p": 0.0}, "top-p is 0"),
        ({"top_p": 1.5}, "top-p is 1.5"),
    ],
    ids=str,
)
def test_settings_that_cannot_be_used(in_numpy, kind, said):
    plan = writing.unconstrained_plan(CHARACTERS, 1, 3)
    with pytest.raises(UserError, match=said):
        writing.sample_tokens(in_numpy, plan, np.random.default_rng(0), **kind)
    with pytest.raises(UserError, match=said):
        temperature = kind.get("temperature", 1.0)
        CompiledSampler(
            in_numpy, **{key: value for key, value in kind.items() if key != "temperature"}
        ).sample(plan, np.random.default_rng(0), temperature)


def test_probabilities_go_on_from_the_last_context(in_numpy):
    fresh = NumpyLanguageModel(in_numpy.arrays, CHARACTERS)
    steps = [in_numpy.probabilities("the tide"[:n]) for n in (0, 3, 8, 2, 8)]
    for n, p in zip((0, 3, 8, 2, 8), steps):
        fresh._context = None
        assert (fresh.probabilities("the tide"[:n]) == p).all() and p.sum() == pytest.approx(1)
    costs = in_numpy.costs(
        [CHARACTERS.encode("the tide"), CHARACTERS.encode("a"), CHARACTERS.encode("no one knows")]
    )
    assert costs[0][3] == pytest.approx(-np.log2(steps[1][CHARACTERS.ids[" "]])) and [
        len(c) for c in costs
    ] == [8, 1, 12]
    assert in_numpy.costs([CHARACTERS.encode("a")])[0] == pytest.approx(costs[1])


@pytest.fixture(scope="module")
def ci():
    corpus = corpora.load_corpus("songci")
    characters = Vocabulary.build(corpus.texts_of("train"), min_count=3)
    rng = np.random.default_rng(0)
    arrays = {
        "embedding": rng.normal(size=(len(characters), 4)),
        "W1": rng.normal(size=(4, 24)),
        "U1": rng.normal(size=(6, 24)),
        "b1": np.zeros(24),
        "projection": rng.normal(size=(6, 4)),
        "output_bias": np.zeros(len(characters)),
    }
    return lyrics_patterns.stable_patterns(corpus.poems), NumpyLanguageModel(arrays, characters)


@pytest.mark.parametrize("place", range(0, 24, 4))
def test_a_form_holds_by_construction(ci, place):
    """Even a network that knows nothing keeps every line and rhyme."""
    patterns, model = ci
    pattern = list(patterns.values())[place % len(patterns)]
    drawn = writing.decode_poems(
        model.characters,
        writing.sample_tokens(
            model,
            writing.pattern_plan(model.characters, pattern, 6, np.random.default_rng(place)),
            np.random.default_rng(1),
            2.0,
        ),
    )
    assert all(lines[0] == pattern.name for lines in drawn)
    drawn = [lines[1:] for lines in drawn]
    assert lyric_measures.poem_form(drawn, pattern) == 1
    tones = pattern.rhyme_tones
    assert max(pattern.rhymes) < 0 or lyric_measures.rhyme_share(drawn, pattern.rhymes, tones) == 1
    assert max(pattern.rhymes) < 0 or (
        lyric_measures.distinct_rhyme_words(drawn, pattern.rhymes) == 1
    )
    assert all(chinese.is_han(character) for lines in drawn for line in lines for character in line)


# --- The form ---

FORMED = Settings(
    embedding=12, hidden=20, batch=4, length=160, dropout=0.0, form=True, whole=True, noise=0.3
)


@pytest.fixture(scope="module")
def formed_data():
    """A few poems of each split, with their form."""
    data = language_data.load_corpus_splits("songci")
    formed = language_data.with_form(data)
    assert all(
        (ids == both[:, 0]).all()
        for split in ("train", "test")
        for ids, both in zip(data.splits[split], formed.splits[split])
    )
    few = {split: poems[:60] for split, poems in formed.splits.items()}
    return replace(formed, splits=few)


@pytest.fixture(scope="module")
def formed(formed_data):
    return language_training.build(formed_data, FORMED)


def test_the_form_says_of_each_token_to_come_what_it_has_to_be(formed_data):
    tokens = rhyme.rhyming(formed_data.vocabulary.tokens)
    for poem in formed_data.splits["validation"]:
        ids, characters_left, rhyme_numbers, lines_left = poem.T
        in_title = characters_left == NO_CHARACTERS
        assert in_title.argmin() == ids.tolist().index(2) + 1
        ends = (characters_left == 0) & ~in_title
        assert (ids[ends] == [2] * (ends.sum() - 1) + [1]).all() and (ids[~ends][1:] != 1).all()
        assert lines_left[ends].tolist() == [min(k, 30) for k in range(ends.sum())][::-1]
        due = np.flatnonzero((rhyme_numbers > GROUPS) & (ids > 0))
        assert (characters_left[due] == 1).all()
        groups = rhyme_numbers[due] - GROUPS - 1
        assert tokens.in_group[groups, ids[due]].all(), "the rhyme is that of the last character"


@pytest.mark.parametrize("whole", [True, False])
def test_batches_hold_the_form_of_what_comes_next_and_noise_leaves_it(formed_data, whole):
    poems = formed_data.splits["train"]
    given = replace(FORMED, whole=whole)
    batch = language_training.training_batches(poems, given)
    free = language_training.training_batches([poem[:, 0] for poem in poems], given)
    calm = language_training.training_batches(poems, replace(given, noise=0.0))
    for step in range(batch.windows + 2):
        x, y = batch(step)
        assert x.shape == (4, 160, 4) and x.dtype == np.int32
        assert (x[:, :, 0] == free(step)[0]).all() and (y == free(step)[1]).all(), (
            "the tokens are those of the free model"
        )
        assert (x[:, :, 1:] == calm(step)[0][:, :, 1:]).all() and (y == calm(step)[1]).all()
        ends = (y == 1) | (y == 2)
        assert (ends == ((x[:, :, 1] == 0) | (ends & (x[:, :, 1] == NO_CHARACTERS)))).all()


def test_keras_and_numpy_agree_on_a_model_that_reads_the_form(formed_data, formed):
    cells = NumpyLanguageModel(formed.arrays(), formed_data.vocabulary)
    assert cells.reads_form
    x, y = language_training.training_batches(formed_data.splits["train"], FORMED)(0)
    formed.reset()
    logits = ops.convert_to_numpy(formed.logits(formed(x)))
    states = cells.start(4)
    expected = []
    for t in range(160):
        h, states = cells.step(x[:, t, 0], states, x[:, t, 1:])
        expected.append(cells.logits(h))
    expected = np.stack(expected, 1)
    assert np.abs(logits - expected).max() < 1e-5
    without = cells.logits(cells.step(x[:, 20, 0], cells.start(4))[0])
    with_form = cells.logits(cells.step(x[:, 20, 0], cells.start(4), x[:, 20, 1:])[0])
    assert np.abs(without - with_form).max() > 0.01
    poem = formed_data.splits["test"][0]
    [bits] = cells.costs([poem])
    text = formed_data.vocabulary.decode(poem[:, 0])
    p = cells.given_form(poem[:, 1:]).probabilities(text[:9])
    assert bits[9] == pytest.approx(-np.log2(p[poem[9, 0]]))
    assert language_inference.lstm_bits(cells, [poem]) == pytest.approx(
        lyric_measures.bits_per_character(bits, poem[:, 0], formed_data.vocabulary.folded)
    )


@pytest.mark.parametrize("kind", ["form_plan", "pattern_plan"])
def test_the_compiled_loop_draws_what_numpy_draws_along_a_form(ci, formed_data, formed, kind):
    model = NumpyLanguageModel(formed.arrays(), formed_data.vocabulary)
    pattern = ci[0]["西江月"]
    plan = getattr(writing, kind)(model.characters, pattern, 5, np.random.default_rng(2))
    slow = writing.sample_tokens(model, plan, np.random.default_rng(4), 0.7)
    fast = CompiledSampler(model).sample(plan, np.random.default_rng(4), 0.7)
    assert (slow == fast).all()
    title = [model.characters.ids[character] for character in "西江月\n"]
    assert all(column[:4].tolist() == title for column in slow.T)
    # Without the form it writes something else.
    blind = writing.sample_tokens(model, plan._replace(form=None), np.random.default_rng(4), 0.7)
    assert (slow != blind).any()
    # The form that it was given is that of poems to the pattern.
    expected = form_of_lines(pattern.lengths, [None] * len(pattern.lengths))
    given = plan.form[4 : 4 + len(expected)]
    assert (given[:, :, [0, 2]] == expected[:, None, [0, 2]]).all()


def test_a_mask_once_allows_no_token_twice():
    size = len(CHARACTERS)
    masks = np.zeros((2, size), bool)
    masks[0, 3:6] = True
    masks[1, 3:7] = True
    rows = np.array([[0], [0], [0], [1]])
    arrays = {"embedding": np.zeros((size, 2)), "output_bias": np.zeros(size)}
    model = NumpyLanguageModel(
        arrays | {"W1": np.zeros((2, 8)), "U1": np.zeros((2, 8)), "b1": np.zeros(8)}, CHARACTERS
    )
    for once in (None, np.array([True, False])):
        plan = writing.Plan(masks, np.repeat(rows, 50, axis=1), once=once)
        drawn = writing.sample_tokens(model, plan, np.random.default_rng(0))
        firsts = [len(set(column[:3].tolist())) for column in drawn.T]
        assert min(firsts) == (1 if once is None else 3)
        assert (CompiledSampler(model).sample(plan, np.random.default_rng(0)) == drawn).all()
        assert len(set(drawn[3].tolist())) == 4, "the other mask allows all of its tokens"


def test_a_training_with_the_form_learns_it_and_resumes(formed_data, tmp_path):
    given = replace(FORMED, rate=2e-2, hidden=32)

    class Stopped(Exception):
        pass

    def stop(rows):
        if rows[-1]["step"] == 20:
            raise Stopped

    def train(folder, each=None):
        budget = Budget(folder, steps=60, validations=6, progress=False)
        return language_training.train(formed_data, given, budget, each=each)

    whole, rows = train(tmp_path / "whole")
    assert rows[-1]["validation"] < 0.95 * rows[0]["validation"]
    with pytest.raises(Stopped):
        train(tmp_path / "halves", stop)
    halves, _ = train(tmp_path / "halves")
    # Operations that run side by side may add in another order: last bits may differ.
    assert all(np.abs(whole[name] - halves[name]).max() < 1e-3 for name in whole)
    assert set(whole) - set(LanguageModel(9, SMALL).arrays()) >= set(language_inference.FORM_NAMES)


def test_a_free_model_has_no_form_in_its_card_and_a_form_is_of_song_ci_only(tmp_path):
    parser = argparse.ArgumentParser()
    train_arguments.add_language_arguments(parser)
    free = cli_train.LanguageTask(parser.parse_args(["--corpus", "ballads"]))
    assert "form" not in free.settings_in_card()
    formed = cli_train.LanguageTask(parser.parse_args(["--corpus", "songci", "--form"]))
    assert formed.settings_in_card()["form"] is True
    assert formed.data.splits["test"][0].shape[1] == 4
    with pytest.raises(UserError, match="corpus songci only"):
        cli_train.LanguageTask(parser.parse_args(["--corpus", "yuanqu", "--form"]))


# --- Weights, texts, and the command ---


def ship(folder, in_numpy, **more):
    return weights.save_weights(
        folder, "verse", in_numpy.arrays, {"characters": "".join(CHARACTERS.tokens[3:])} | more
    )


@pytest.mark.parametrize("kind", [Path, str])
def test_weights_come_back_rounded_to_float16(tmp_path, in_numpy, kind):
    card = ship(kind(tmp_path), in_numpy)
    again = NumpyLanguageModel.load("verse", kind(tmp_path))
    assert again.vocabulary == CHARACTERS.tokens and again.layers[1][0].dtype == np.float64
    assert all(
        (again.arrays[key] == value.astype(np.float16)).all()
        for key, value in in_numpy.arrays.items()
    )
    assert {value.dtype for value in again.arrays.values()} == {np.dtype("float16")}
    assert (
        card["sha256"]
        == sha256((tmp_path / "verse.npz").read_bytes())
        == ship(tmp_path, in_numpy)["sha256"]
    ), "the same weights, the same bytes"


def test_bad_weights_are_refused_in_a_sentence(tmp_path, in_numpy):
    ship(tmp_path, in_numpy)
    data = bytearray((tmp_path / "verse.npz").read_bytes())
    data[len(data) // 2] ^= 1
    expected = sha256((tmp_path / "verse.npz").read_bytes())
    (tmp_path / "verse.npz").write_bytes(data)
    with pytest.raises(
        DataError, match="verse.npz is damaged.*" + sha256(bytes(data)) + ".*" + expected
    ):
        NumpyLanguageModel.load("verse", tmp_path)
    ship(tmp_path, in_numpy, characters="abc")
    with pytest.raises(
        DataError,
        match=f"another vocabulary: they have {len(CHARACTERS)} tokens, and the vocabulary has 6",
    ):
        NumpyLanguageModel.load("verse", tmp_path)
    for card in ("{", "[]", '{"sha256": 3}'):
        (tmp_path / "verse.json").write_text(card)
        with pytest.raises(DataError):
            NumpyLanguageModel.load("verse", tmp_path)
    with pytest.raises(DataError, match="none.json"):
        NumpyLanguageModel.load("none", tmp_path)


def command(*words) -> int:
    parser = argparse.ArgumentParser()
    train_arguments.add_language_arguments(parser)
    return cli_train.train_language(parser.parse_args(words))


def test_training_on_a_text_of_ones_own(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("LYRICGEN_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("LYRICGEN_MODE", "smoke")
    (tmp_path / "tide.txt").write_text(VERSE, "utf-8")
    words = [
        "--text",
        str(tmp_path / "tide.txt"),
        "--steps",
        "12",
        "--hidden",
        "24",
        "--embedding",
        "12",
        "--out",
        str(tmp_path / "out"),
    ]
    assert command(*words) == 0
    card = json.loads((tmp_path / "out" / "tide.json").read_text("utf-8"))
    said = capsys.readouterr().out
    assert (
        f"{card['figures']['test_bits_per_character']:.4f} bits" in said
        and card["steps"] == 12
        and card["settings"]["hidden"] == 24
    )
    [test] = language_data.load_text_splits(tmp_path / "tide.txt").splits["test"]
    again = NumpyLanguageModel.load("tide", tmp_path / "out")
    assert again.vocabulary == CHARACTERS.tokens
    assert language_inference.lstm_bits(again, [test], 100, 90) == pytest.approx(
        language_inference.lstm_bits(again, [test]), abs=1e-3
    ), "pieces cost the same"
    assert language_inference.lstm_bits(again, [test]) == pytest.approx(
        card["figures"]["test_bits_per_character"], abs=1e-4
    ), "measured on the rounded file"


@pytest.mark.parametrize(
    "content, said",
    [
        (b"", "too little text"),
        (b"a", "too little text"),
        (b"\xff\xfe\x00\x81", "not a text"),
        (b"PK\x03\x04\x00", "not a text"),
        ("短歌".encode(), "too short"),
    ],
    ids=["empty", "one character", "not UTF-8", "a zip", "two characters"],
)
def test_a_text_that_cannot_be_learnt_from(tmp_path, content, said):
    (tmp_path / "it.txt").write_bytes(content)
    with pytest.raises(UserError, match=said):
        command("--text", str(tmp_path / "it.txt"), "--out", str(tmp_path / "out"))
    assert not (tmp_path / "out").exists()


def test_another_text_of_the_same_name_replaces_nothing(tmp_path, monkeypatch):
    monkeypatch.setenv("LYRICGEN_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("LYRICGEN_MODE", "smoke")
    out = tmp_path / "out"
    small = ["--steps", "4", "--hidden", "8", "--embedding", "8", "--out", str(out)]
    for folder, text in (("a", VERSE), ("b", VERSE.upper()), ("c", VERSE)):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "lyrics.txt").write_text(text, "utf-8")
    assert command("--text", str(tmp_path / "a" / "lyrics.txt"), *small) == 0
    first = (out / "lyrics.npz").read_bytes()
    with pytest.raises(UserError, match="weights lyrics of other data.*--name"):
        command("--text", str(tmp_path / "b" / "lyrics.txt"), *small)
    assert (out / "lyrics.npz").read_bytes() == first
    assert command("--text", str(tmp_path / "b" / "lyrics.txt"), "--name", "loud", *small) == 0
    assert sorted(path.name for path in out.glob("*.npz")) == ["loud.npz", "lyrics.npz"]
    seed = ["--seed", "5"]
    assert command("--text", str(tmp_path / "c" / "lyrics.txt"), *small, *seed) == 0
    assert (out / "lyrics.npz").read_bytes() != first, "of the same text: trained again"


CORPUS = {"name": "a", "text_sha256": "1", "split_sha256": "2"}
MIDI = {"name": "a", "files": 3, "split": "by file", "windows": {"train": 9}}
BOOKS = {"name": "tune books", "split": "5", "windows": {"train": 9}}


@pytest.mark.parametrize(
    "found, source, same",
    [
        ({"name": "a", "text_sha256": "1"}, {"name": "b", "text_sha256": "1"}, True),
        ({"name": "a", "text_sha256": "1"}, {"name": "a", "text_sha256": "2"}, False),
        (CORPUS, CORPUS | {"split_sha256": "3"}, True),
        ({"name": "a", "text_sha256": "1"}, CORPUS, False),
        (MIDI, MIDI | {"melodies_sha256": "4"}, True),
        (MIDI | {"melodies_sha256": "5"}, MIDI | {"melodies_sha256": "4"}, False),
        (MIDI, MIDI | {"files": 4}, False),
        (BOOKS, BOOKS | {"split": "6"}, True),
        (MIDI | {"name": "tune books"}, MIDI | {"name": "tune books", "files": 4}, False),
        (MIDI, BOOKS, False),
        (BOOKS, MIDI, False),
        ({"name": "a"}, {"name": "a", "text_sha256": "1"}, False),
        (None, CORPUS, False),
    ],
)
def test_the_same_data_is_known_by_its_card(found, source, same):
    assert cli_train.is_same_data(found, source) == same


def test_weights_that_appear_during_a_training_are_kept(tmp_path, monkeypatch):
    """The training is not lost: with another --out it is only loaded."""
    monkeypatch.setenv("LYRICGEN_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("LYRICGEN_MODE", "smoke")
    (tmp_path / "tide.txt").write_text(VERSE, "utf-8")
    words = ["--text", str(tmp_path / "tide.txt"), "--steps", "4", "--hidden", "8"]
    train = cli_train.LanguageTask.train

    def train_beside_another(task, budget, initial):
        other = {"model": "musicvae", "data": {"files": 3}}
        weights.save_weights(tmp_path / "out", "tide", {}, other)
        return train(task, budget, initial)

    with monkeypatch.context() as patch:
        patch.setattr(cli_train.LanguageTask, "train", train_beside_another)
        with pytest.raises(UserError, match="weights tide of other data.*--out"):
            command(*words, "--out", str(tmp_path / "out"))
    card = json.loads((tmp_path / "out" / "tide.json").read_text("utf-8"))
    assert card["model"] == "musicvae"
    [checkpoint] = (tmp_path / "cache").rglob("checkpoint.npz")
    before = checkpoint.stat().st_mtime_ns
    assert command(*words, "--out", str(tmp_path / "other")) == 0
    assert checkpoint.stat().st_mtime_ns == before


def task_of(*words) -> cli_train.LanguageTask:
    parser = argparse.ArgumentParser()
    train_arguments.add_language_arguments(parser)
    return cli_train.LanguageTask(parser.parse_args(words))


def test_a_folder_a_column_and_an_encoding_are_passed_on(tmp_path, monkeypatch):
    """Each way of writing the same text gives the same splits."""
    (tmp_path / "plain.txt").write_text(VERSE, "utf-8")
    (tmp_path / "other.txt").write_text(VERSE, "utf-16")
    (tmp_path / "verses").mkdir()
    (tmp_path / "verses" / "a.txt").write_text(VERSE, "utf-8")
    quoted = VERSE.replace('"', '""')
    (tmp_path / "songs.csv").write_text(f'title,words\nTide,"{quoted}"\n', "utf-8")
    monkeypatch.chdir(tmp_path / "verses")
    plain = task_of("--text", str(tmp_path / "plain.txt"))
    tasks = {
        "other": task_of("--text", str(tmp_path / "other.txt"), "--encoding", "utf-16"),
        "songs": task_of("--text", str(tmp_path / "songs.csv"), "--column", "words"),
        "verses": task_of("--text", "."),
        "tide": task_of("--text", ".", "--name", "tide"),
    }
    for name, task in tasks.items():
        assert task.name == name
        assert task.data.source["text_sha256"] == plain.data.source["text_sha256"]
    with pytest.raises(UserError, match="for a --text of your own"):
        task_of("--corpus", "burns", "--column", "words")


@pytest.mark.parametrize(
    "words",
    [
        ("--minutes", "0"),
        ("--minutes", "-1"),
        ("--steps", "0"),
        ("--hidden", "0"),
        ("--dropout", "1"),
    ],
    ids=" ".join,
)
def test_settings_of_a_training_that_cannot_be_used(tmp_path, words):
    (tmp_path / "tide.txt").write_text(VERSE, "utf-8")
    with pytest.raises(UserError):
        command("--text", str(tmp_path / "tide.txt"), "--out", str(tmp_path / "out"), *words)


def test_the_ngram_order_is_chosen_on_the_validation_split():
    cuts = {"train": (0, 1500), "validation": (1500, 2200), "test": (2200, 2800)}
    splits = {split: [CHARACTERS.encode(VERSE[a:b], end=True)] for split, (a, b) in cuts.items()}
    order, bits = language_evaluation.ngram_bits(CHARACTERS, splits)
    assert order >= 3 and bits < 0.5
    tried = [
        NGram(splits["train"], k, range(len(CHARACTERS))).bits_per_token(splits["validation"])
        for k in range(2, order + 2)
    ]
    assert tried == sorted(tried[:-1], reverse=True) + tried[-1:], "each order was better"
    assert tried[-1] >= tried[-2], "but the last, where it stopped"


@pytest.mark.parametrize("name", corpora.CORPORA)
def test_shipped_weights(name):
    if not (weights.WEIGHTS / f"{name}.json").exists():
        pytest.skip(
            f"the weights of {name} are not there yet: python experiments/train_all.py makes them"
        )
    model = NumpyLanguageModel.load(name)
    _, card = weights.load_weights(name)
    data = language_data.load_corpus_splits(name)
    assert card["data"] == data.source and card["folded"] == data.vocabulary.folded
    assert model.vocabulary == data.vocabulary.tokens
    assert (weights.WEIGHTS / card["file"]).stat().st_size < 8e6
    few = data.splits["test"][:12]
    assert (
        abs(language_inference.lstm_bits(model, few) - card["figures"]["test_bits_per_character"])
        < 1.2
    ), "the card's figure is of this file"


def test_windows_of_whole_poems_begin_with_a_poem_and_lose_none():
    poems = [
        np.append(np.arange(100 * k, 100 * k + n), 1)
        for k, n in zip(range(1, 60), np.random.default_rng(0).integers(5, 30, 59))
    ]
    stream = language_data.WholePoems(poems, 2, 40, seed=3)
    cut = stream._cut_windows(0)
    assert (cut[:, 0] == 1).all() and all(row[1] % 100 == 0 for row in cut)
    for epoch in range(2):
        cut = stream._cut_windows(epoch)
        seen = {
            tuple(poem)
            for poem in poems
            for row in cut
            if f" {' '.join(map(str, poem))} " in f" {' '.join(map(str, row))} "
        }
        assert len(seen) >= len(poems) - 3  # the last ones may not fill a window
    x, y = stream(1)
    assert x.shape == (2, 40) and (x[:, 1:] == y[:, :-1]).all() and x.dtype == np.int32
    assert (language_data.WholePoems(poems, 2, 40, seed=3)(5)[0] == stream(5)[0]).all()


def test_noise_exchanges_words_and_leaves_titles_line_ends_and_what_is_to_be_predicted():
    rng = np.random.default_rng(0)
    poems = [
        np.concatenate([[7, 8, 2], rng.integers(100, 200, 12), [2], rng.integers(100, 200, 9), [1]])
        for _ in range(60)
    ]
    (x, y), (clean, target) = (
        language_data.WholePoems(poems, 4, 50, 3, noise)(2) for noise in (0.5, 0.0)
    )
    changed, words = x != clean, clean >= 100
    assert (y == target).all() and not changed[~words].any() and (x[words] >= 100).all()
    assert 0.4 < changed[words].mean() < 0.6
    assert (language_data.WholePoems(poems, 4, 50, 3, 0.5)(2)[0] == x).all(), (
        "a training that goes on sees the same noise"
    )


def test_batches_of_whole_poems_are_full_in_each_epoch():
    rng = np.random.default_rng(1)
    for trial in range(40):
        poems = [np.append(rng.integers(100, 200, n), 1) for n in rng.integers(5, 30, 170)]
        stream = language_data.WholePoems(poems, 3, 40, seed=trial)
        assert all(
            stream(step)[0].shape == (3, 40)
            for epoch in range(4)
            for step in ((epoch + 1) * stream.windows - 1,)
        )


def test_whole_poems_are_refused_where_windows_are_too_short():
    poems = [np.append(np.arange(3, 203), 1) for _ in range(50)]
    with pytest.raises(UserError, match="leave 80% of this text unread; make --length longer"):
        language_data.WholePoems(poems, 2, 40, seed=1)
    language_data.WholePoems(poems, 2, 190, seed=1)


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="this system has no kill -9")
@pytest.mark.parametrize("whole", [False, True])
def test_a_language_model_that_was_killed_ends_with_the_same_weights(tmp_path, whole):
    code = (
        "import os, signal, sys\n"
        "from pathlib import Path\n"
        "import numpy as np\n"
        "from lyricgen.budget import Budget\n"
        "from lyricgen.lyrics.vocabulary import Vocabulary\n"
        "from lyricgen.models.language import data, training\n"
        "from lyricgen.models.language.network import Settings\n"
        "whole, folder, at = sys.argv[1] == 'True', Path(sys.argv[2]), int(sys.argv[3])\n"
        "kind = data.WholePoems if whole else data.Stream\n"
        "read = kind.__call__\n"
        "def stopping(self, step):\n"
        "    if step == at:\n"
        "        os.kill(os.getpid(), signal.SIGKILL)\n"
        "    return read(self, step)\n"
        "if at >= 0:\n"
        "    kind.__call__ = stopping\n"
        "rng = np.random.default_rng(0)\n"
        "poems = [np.append(rng.integers(2, 20, 12), 1) for _ in range(80)]\n"
        "vocabulary = Vocabulary(('<unk>', '<end>', '\\n', *'abcdefghijklmnopq'))\n"
        "text = data.TextData(vocabulary, {'train': poems, 'validation': poems[:10]}, {})\n"
        "settings = Settings(embedding=8, hidden=12, batch=4, length=16, whole=whole, noise=0.2)\n"
        "budget = Budget(folder, steps=15, validations=3, progress=False)\n"
        "arrays, _ = training.train(text, settings, budget)\n"
        "np.savez(folder / 'end.npz', **arrays)"
    )

    def go(folder, at):
        return subprocess.run(
            [sys.executable, "-c", code, str(whole), str(tmp_path / folder), str(at)],
            capture_output=True,
            text=True,
            cwd=ROOT,
        )

    done = go("once", -1)
    assert done.returncode == 0, done.stderr
    assert (
        go("killed", 8).returncode == -signal.SIGKILL
        and not (tmp_path / "killed" / "end.npz").exists()
    )
    assert go("killed", -1).returncode == 0
    with np.load(tmp_path / "once" / "end.npz") as a, np.load(tmp_path / "killed" / "end.npz") as b:
        assert set(a.files) == set(b.files) and all((a[name] == b[name]).all() for name in a.files)


@pytest.mark.parametrize(
    "words, said",
    [
        (("--batch", "0"), "batch is 0; it should be 1 or more"),
        (("--seed", "-1"), "seed is -1"),
        (("--dropout-in", "2"), "dropout-in is 2; it should be from 0 to 0.95"),
        (("--rate", "-1"), "rate is -1"),
        (("--minutes", "nan"), "above 0"),
        (("--steps", "0"), "above 0"),
        (("--reset", "nan"), "reset is nan"),
        (("--noise", "0.2"), "ask for --whole"),
        (("--out", __file__), "cannot be made"),
    ],
)
def test_a_training_with_settings_that_cannot_be_used(tmp_path, words, said):
    (tmp_path / "verse.txt").write_text(VERSE * 2, "utf-8")
    parser = argparse.ArgumentParser()
    train_arguments.add_language_arguments(parser)
    with pytest.raises(UserError, match=said):
        cli_train.train_language(parser.parse_args(["--text", str(tmp_path / "verse.txt"), *words]))


def shown(data, split: str) -> list[str]:
    """The pieces of a split of a text as they are learned, `|` for `<end>`."""
    tokens = list(data.vocabulary.tokens)
    tokens[language_data.END_ID] = "|"
    return ["".join(tokens[k] for k in piece) for piece in data.splits[split]]


@pytest.mark.parametrize("ends", [True, False])
def test_a_text_is_cut_so_that_training_reaches_the_test_split(tmp_path, ends):
    text = "".join(f"line {k} of the sea\n" for k in range(9000))
    (tmp_path / "sea.txt").write_text(text, "utf-8")
    data = language_data.load_text_splits(tmp_path / "sea.txt", ends=ends)
    train, validation, test = (shown(data, split) for split in ("train", "validation", "test"))
    assert len(train) == len(validation) == 9 * len(text) // 10 // 20_000
    learned = "".join(a + b for a, b in zip(train, validation)) + test[0]
    assert learned.count("|") == (192 if ends else 0)
    assert learned.lstrip("|").replace("|", "\n") == text
    size = len(text)
    assert abs(len(test[0]) / size - 0.1) < 1e-3
    assert abs(sum(map(len, validation)) / size - 0.045) < 1e-3
    assert all(len(b) < 0.06 * (len(a) + len(b)) for a, b in zip(train, validation))
    songs = {"songs": "191"} if ends else {}
    assert data.source == {"name": "sea", "text_sha256": sha256(text.encode())} | songs


def test_each_song_of_a_text_ends(tmp_path):
    verse = "O my luve\nis like\n"
    (tmp_path / "songs.txt").write_text(f"\n{verse}\n{verse} \n\n{verse}" * 40, "utf-8")
    data = language_data.load_text_splits(tmp_path / "songs.txt")
    song = verse.removesuffix("\n") + "|"
    learned = "".join(shown(data, "train") + shown(data, "validation") + shown(data, "test"))
    assert learned == "|" + song * 120 and data.source["songs"] == "120"
    # what a model learns to write after `<end>` is the beginning of a song
    assert shown(data, "train")[0].startswith("|O my luve\nis like|O my")


def test_what_is_written_first_is_the_beginning_of_a_song(tmp_path):
    """After `<end>`, with which writing begins; without ends nothing teaches that."""
    rng = np.random.default_rng(0)
    songs = ["Q" + "".join(rng.choice(list("abcde "), 60)) for _ in range(200)]
    (tmp_path / "songs.txt").write_text("\n\n".join(songs), "utf-8")
    few = Settings(embedding=16, hidden=32, dropout=0.0, batch=4, length=32, rate=0.02)
    shares = []
    for ends in (True, False):
        data = language_data.load_text_splits(tmp_path / "songs.txt", ends=ends)
        budget = Budget(tmp_path / str(ends), 60, validations=1, progress=False)
        arrays, _ = language_training.train(data, few, budget)
        model = NumpyLanguageModel(arrays, data.vocabulary)
        [bits] = model.costs([data.vocabulary.encode("Q")])
        shares.append(2 ** -bits[0])
    assert shares[0] > 0.5 > shares[1]


def test_training_goes_on_from_weights(tmp_path, monkeypatch):
    monkeypatch.setenv("LYRICGEN_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("LYRICGEN_MODE", "smoke")
    (tmp_path / "verse.txt").write_text(VERSE * 2, "utf-8")
    first = [
        "--text",
        str(tmp_path / "verse.txt"),
        "--hidden",
        "16",
        "--embedding",
        "8",
        "--batch",
        "4",
        "--length",
        "16",
        "--steps",
        "4",
    ]
    parser = argparse.ArgumentParser()
    train_arguments.add_language_arguments(parser)
    assert cli_train.train_language(parser.parse_args([*first, "--out", str(tmp_path / "a")])) == 0
    assert (
        cli_train.train_language(
            parser.parse_args(
                [
                    *first,
                    "--out",
                    str(tmp_path / "b"),
                    "--begin",
                    str(tmp_path / "a"),
                    "--rate",
                    "1e-9",
                ]
            )
        )
        == 0
    )
    (before, _), (after, card) = (
        weights.load_weights("verse", tmp_path / folder) for folder in "ab"
    )
    assert (
        all(np.abs(before[key] - after[key]).max() < 2e-3 for key in before)
        and card["begun_from"]["steps"] == 4
    )
    with pytest.raises(UserError, match="another size"):
        cli_train.train_language(
            parser.parse_args(
                [
                    *first,
                    "--hidden",
                    "17",
                    "--out",
                    str(tmp_path / "c"),
                    "--begin",
                    str(tmp_path / "a"),
                ]
            )
        )
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "verse.txt").write_text("0123456789\n" * 300, "utf-8")
    with pytest.raises(UserError, match="another vocabulary"):
        cli_train.train_language(
            parser.parse_args(
                ["--text", str(tmp_path / "other" / "verse.txt"), "--begin", str(tmp_path / "a")]
            )
        )
