"""Drawing: one token from a distribution, and the tokens of a batch in two ways."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lyricgen.models.sampling import draw_token, pick_token, pick_token_in_blocks


def some_distributions(seed: int, rows: int, V: int) -> tuple[np.ndarray, np.random.Generator]:
    """Probabilities (rows, V), many of them 0, and the generator that made them."""
    rng = np.random.default_rng(seed)
    p = rng.exponential(size=(rows, V)) ** 3
    p[rng.random(p.shape) < 0.4] = 0
    p[np.arange(rows), rng.integers(0, V, rows)] = 1
    return p / p.sum(axis=1, keepdims=True), rng


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 2**32), st.sampled_from([1, 2, 63, 64, 65, 128, 200, 1000]))
def test_both_ways_pick_the_same_tokens(seed, V):
    p, rng = some_distributions(seed, 50, V)
    u = rng.random(50)
    tokens = pick_token(p, u)
    assert np.array_equal(tokens, pick_token_in_blocks(p, u, np))
    assert (p[np.arange(50), tokens] > 0).all()


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 2**32), st.sampled_from([1, 9, 64, 130]))
def test_the_picked_token_is_where_the_cumulated_probability_passes_u(seed, V):
    p, rng = some_distributions(seed, 20, V)
    u = rng.random(20)
    for row, one, token in zip(p, u, pick_token(p, u)):
        assert row[:token].sum() <= one + 1e-12 and one - 1e-12 < row[: token + 1].sum()


@pytest.mark.parametrize("u", [0.0, 1 - 1e-6])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_ends_of_the_range_never_lead_to_an_impossible_token(u, dtype):
    for seed in range(50):
        p, _ = some_distributions(seed, 20, 150)
        p = p.astype(dtype)
        ends = np.full(20, u, dtype)
        for tokens in (pick_token(p, ends), pick_token_in_blocks(p, ends, np)):
            assert (p[np.arange(20), tokens] > 0).all()


def test_the_largest_number_below_1_leads_to_the_last_possible_token():
    for seed in range(50):
        p, _ = some_distributions(seed, 20, 150)
        tokens = pick_token(p, np.full(20, 1 - 2**-53))
        assert np.array_equal(tokens, [np.flatnonzero(row)[-1] for row in p])


def test_one_token_is_drawn_as_a_batch_of_one():
    p, _ = some_distributions(1, 1, 90)
    for seed in range(200):
        u = np.random.default_rng(seed).random(1)
        assert draw_token(p[0], np.random.default_rng(seed)) == pick_token(p, u)[0]


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
