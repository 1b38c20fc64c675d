"""The n-gram against its reference in dictionaries, and against values by hand."""

import math
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lyricgen.models.kneser_ney import (
    KneserNey,
    continuation_counts,
    count_grams,
    discounts,
)
from lyricgen.models.ngram import NGram

letters = st.lists(
    st.lists(st.sampled_from("abcd"), min_size=1, max_size=12), min_size=1, max_size=8
)


contexts = st.lists(st.sampled_from("abcde"), max_size=6)


@given(letters, st.integers(1, 5), contexts, st.booleans())
@settings(max_examples=100, deadline=None)
def test_equals_the_reference_in_dictionaries(sequences, order, context, start):
    model = NGram(sequences, order, "abcde")
    reference = KneserNey(sequences, order, "abcde")
    p = model.probabilities(context, start)
    assert np.abs(p - reference.probabilities(context, start)).max() < 1e-12
    assert abs(p.sum() - 1) < 1e-12 and (p > 0).all()


def test_orders_and_contexts_of_a_longer_text_equal_the_reference():
    text = "the cat sat on the mat and the rat ate the cat that sat on the hat"
    for order in (1, 2, 3, 6):
        model = NGram(text.split(), order)
        reference = KneserNey(text.split(), order, model.vocabulary)
        for word in text.split():
            assert np.abs(model.probabilities(word) - reference.probabilities(word)).max() < 1e-12


def test_counts_by_hand():
    """In "aab" and "ab" both sequences begin with a, and only a is before b."""
    padded = [("<s>", *"aab"), ("<s>", *"ab")]
    pairs = count_grams(padded, 2)
    assert pairs == {("<s>", "a"): 2, ("a", "a"): 1, ("a", "b"): 2}
    continuations = continuation_counts(count_grams(padded, 1), pairs)
    assert continuations == {("<s>",): 2, ("a",): 2, ("b",): 1}


def test_discounts_by_hand():
    """With 8, 4, 2 and 1 n-grams of the counts 1 to 4, y = 8 / (8 + 2 * 4) = 1/2."""
    assert discounts([0, 8, 4, 2, 1]) == [0, 1 - 2 * 0.5 * 4 / 8, 2 - 3 * 0.5 * 2 / 4, 2.0]
    assert discounts([0, 3, 0, 0, 0]) == [0, 0.5, 0.5, 0.5], "too few for y"
    assert discounts([0, 8, 4, 0, 0]) == [0, 0.5, 0.5, 0.5], "too few above a count of 2"
    assert discounts([0, 2, 9, 0, 1])[1] == pytest.approx(0.1)
    assert discounts([0, 8, 4, 20, 0])[2] == 0.01, "something is left for the unseen"


@given(letters, st.integers(1, 5), st.lists(st.sampled_from("abcde"), min_size=1, max_size=10))
@settings(max_examples=60, deadline=None)
def test_bits_are_the_logarithms_of_the_probabilities(sequences, order, text):
    model = NGram(sequences, order, "abcde")
    one_by_one = [
        -math.log2(model.probabilities(text[:t])[model.index[text[t]]]) for t in range(len(text))
    ]
    assert np.allclose(model.bits(text), one_by_one)
    assert np.isclose(model.bits_per_token([text, text[:1]]), np.mean([*one_by_one, one_by_one[0]]))
    np.testing.assert_allclose(
        model.bits_of_each([text, text[:1]]), [np.sum(one_by_one), one_by_one[0]]
    )


def test_known_value():
    # "ab" three times: (a, b) has count 3. Data as few give every discount 0.5, and a
    # and b each stand after one kind of token.
    model = NGram(["ab", "ab", "ab"], 2)
    assert np.allclose(model.probabilities("a"), [0.5 / 3 * 0.5, 2.5 / 3 + 0.5 / 3 * 0.5])
    assert np.allclose(NGram(["aabb"], 1).probabilities(), NGram(["bbaa"], 1).probabilities())


def test_higher_orders_learn_a_rhythm():
    text = list("abcabd" * 400)
    costs = [NGram([text], order).bits_per_token([text[:600]]) for order in (1, 2, 4)]
    assert costs[0] > costs[1] > costs[2] and costs[2] < 0.1


def test_unseen_tokens_cost_something_finite_and_unknown_ones_are_refused():
    model = NGram(["aaab"], 3, "abz")
    assert 1 < model.bits("z")[0] < 20
    with pytest.raises(KeyError):
        model.bits("q")


def test_million_tokens_under_a_minute():
    rng = np.random.default_rng(0)
    text = (rng.random((20_000, 50)) ** 3 * 4000).astype(int).tolist()
    began = time.process_time()
    NGram(text, 5, range(4000))
    assert time.process_time() - began < 60


def test_sampling_follows_the_mask_and_the_seed():
    model = NGram(["abcabcabd"], 3)

    def mask(drawn: list) -> np.ndarray:
        """Allows a at even places and b at odd ones."""
        even = len(drawn) % 2 == 0
        return np.array([even, not even, False, False])

    assert model.sample(6, np.random.default_rng(0), allowed=mask) == list("ababab")
    assert model.sample(9, np.random.default_rng(3)) == model.sample(9, np.random.default_rng(3))
    assert model.sample(3, np.random.default_rng(0), temperature=0.01, context="ab") == list("cab")


@pytest.mark.parametrize("sequences, order", [([], 2), ([[]], 2), (["ab"], 0)])
def test_nothing_to_count_is_refused(sequences, order):
    with pytest.raises(ValueError):
        NGram(sequences, order)
