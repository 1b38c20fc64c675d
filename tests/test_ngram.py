import math
import time
from collections import Counter, defaultdict

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lyricgen.models.ngram import NGram
from lyricgen.models.sampling import draw_token


class ByDefinition:
    """Modified Kneser-Ney with dictionaries, written from the formulas: slow, and what the fast one is held to."""

    def __init__(self, sequences, order, vocabulary):
        self.order, self.v = order, len(vocabulary)
        grams = [Counter() for _ in range(order + 1)]
        for s in sequences:
            s = ("<s>", *s)
            for k in range(1, order + 1):
                for i in range(len(s) - k + 1):
                    grams[k][s[i : i + k]] += 1
        self.counts = [None] * (order + 1)
        self.counts[order] = {g: c for g, c in grams[order].items() if g[-1] != "<s>"}
        for k in range(order - 1, 0, -1):
            before = defaultdict(set)
            for g in grams[k + 1]:
                before[g[1:]].add(g[0])
            self.counts[k] = {
                g: (c if g[0] == "<s>" else len(before[g]))
                for g, c in grams[k].items()
                if g[-1] != "<s>"
            }
        self.discounts = [None]
        for k in range(1, order + 1):
            n = Counter(self.counts[k].values())
            y = n[1] / (n[1] + 2 * n[2]) if n[1] and n[2] else 0.5
            d = [0.0]
            for j in (1, 2, 3):
                value = j - (j + 1) * y * n[j + 1] / n[j] if n[j] and n[j + 1] else y
                d.append(min(max(value, 0.01), j))
            self.discounts.append(d)

    def p(self, token, context, k=None):
        if k is None:
            context = ("<s>", *context)[max(0, len(context) + 1 - self.order + 1) :]
            k = len(context) + 1
        if k == 0:
            return 1 / self.v
        lower = self.p(token, context[1:], k - 1)
        seen = {g: c for g, c in self.counts[k].items() if g[:-1] == tuple(context)}
        total = sum(seen.values())
        if not total:
            return lower
        d = self.discounts[k]
        given_away = sum(d[min(c, 3)] for c in seen.values()) / total
        c = seen.get((*context, token), 0)
        return max(c - d[min(c, 3)], 0) / total + given_away * lower


letters = st.lists(
    st.lists(st.sampled_from("abcd"), min_size=1, max_size=12), min_size=1, max_size=8
)


@given(letters, st.integers(1, 4), st.lists(st.sampled_from("abcde"), max_size=6))
@settings(max_examples=60, deadline=None)
def test_equals_the_definition(sequences, order, context):
    model, slow = NGram(sequences, order, "abcde"), ByDefinition(sequences, order, "abcde")
    p = model.probabilities(context)
    assert np.allclose(p, [slow.p(token, context) for token in "abcde"], atol=1e-12)
    assert abs(p.sum() - 1) < 1e-12 and (p > 0).all()


@given(letters, st.integers(1, 5), st.lists(st.sampled_from("abcde"), min_size=1, max_size=10))
@settings(max_examples=60, deadline=None)
def test_bits_are_the_logarithms_of_the_probabilities(sequences, order, text):
    model = NGram(sequences, order, "abcde")
    one_by_one = [
        -math.log2(model.probabilities(text[:t])[model.index[text[t]]]) for t in range(len(text))
    ]
    assert np.allclose(model.bits(text), one_by_one)
    assert np.isclose(model.bits_per_token([text, text[:1]]), np.mean([*one_by_one, one_by_one[0]]))


def test_known_value():
    # "ab" three times: (a, b) has count 3, so few data give every discount 0.5, and a and b each stand after one kind of token
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
    mask = lambda so_far: np.array([len(so_far) % 2 == 0, len(so_far) % 2 == 1, False, False])
    assert model.sample(6, np.random.default_rng(0), allowed=mask) == list("ababab")
    assert model.sample(9, np.random.default_rng(3)) == model.sample(9, np.random.default_rng(3))
    assert model.sample(3, np.random.default_rng(0), temperature=0.01, context="ab") == list("cab")


def test_draws_have_the_probabilities_at_a_temperature():
    p, rng = np.array([0.1, 0.2, 0.7]), np.random.default_rng(1)
    counts = np.bincount([draw_token(p, rng, 0.5) for _ in range(20_000)], minlength=3) / 20_000
    assert np.allclose(counts, p**2 / (p**2).sum(), atol=0.01)


@pytest.mark.parametrize("temperature", [0, -1, float("nan")])
def test_a_temperature_of_zero_or_below_is_refused(temperature):
    with pytest.raises(ValueError, match="temperature"):
        draw_token(np.ones(3) / 3, np.random.default_rng(0), temperature)


def test_a_mask_that_allows_nothing_is_refused():
    with pytest.raises(ValueError, match="mask"):
        draw_token(np.ones(3) / 3, np.random.default_rng(0), 1.0, np.zeros(3, bool))


@pytest.mark.parametrize("sequences, order", [([], 2), ([[]], 2), (["ab"], 0)])
def test_nothing_to_count_is_refused(sequences, order):
    with pytest.raises(ValueError):
        NGram(sequences, order)
