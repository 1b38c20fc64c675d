"""The exercises of sampling_musicvae agree with the library, and name what is wrong."""

import math

import numpy as np
import pytest

from lyricgen.exercises import sampling_musicvae as check
from lyricgen.models.musicvae.posterior import fit_posterior
from lyricgen.music.measures import jensen_shannon


def by_the_package(mu, sigma):
    mean, factor = fit_posterior(mu, sigma).values()
    return mean, factor @ factor.T


def by_loops(mu, sigma):
    N, Z = mu.shape
    mean = [sum(mu[:, i]) / N for i in range(Z)]
    covariance = [[0.0] * Z for _ in range(Z)]
    for i in range(Z):
        for j in range(Z):
            covariance[i][j] = sum((mu[:, i] - mean[i]) * (mu[:, j] - mean[j])) / N
        covariance[i][i] += sum(sigma[:, i] ** 2) / N
    return mean, covariance


@pytest.mark.parametrize("function", [by_the_package, by_loops])
def test_the_aggregate_may_be_computed_in_more_than_one_way(function):
    assert check.aggregate.verdict(function).startswith("Right.")


def variables_as_rows(mu, sigma):
    return mu.mean(axis=0), np.cov(mu) + np.diag((sigma**2).mean(axis=0))


def mean_of_all(mu, sigma):
    return mu.mean(), np.cov(mu.T) + np.diag((sigma**2).mean(axis=0))


def swapped(mu, sigma):
    mean, covariance = by_the_package(mu, sigma)
    return covariance, mean


def of_draws(mu, sigma):
    z = mu + sigma * np.random.default_rng(0).standard_normal(mu.shape)
    return z.mean(axis=0), np.cov(z.T)


def factor_for_covariance(mu, sigma):
    return tuple(fit_posterior(mu, sigma).values())


@pytest.mark.parametrize(
    "function, word",
    [
        (variables_as_rows, "np.cov(mu.T)"),
        (mean_of_all, "mean is not right"),
        (swapped, "another order"),
        (of_draws, "is not right"),
        (factor_for_covariance, "covariance is not right"),
        (lambda mu, sigma: None, "nothing"),
        (lambda mu: mu, "takes 1 arguments"),
    ],
)
def test_a_wrong_aggregate_is_refused(function, word):
    found = check.aggregate.verdict(function)
    assert found.startswith("Not yet:") and word in found


def with_a_floor(counts):
    p = counts / counts.sum(axis=1, keepdims=True)
    m = p.mean(axis=0) + 1e-12
    p = p + 1e-12
    return (p * np.log2(p / m)).sum(axis=1).mean()


def in_loops(counts):
    K, V = np.shape(counts)
    rows = [[count / sum(row) for count in row] for row in counts.tolist()]
    bits = 0.0
    for v in range(V):
        m = sum(row[v] for row in rows) / K
        bits += sum(row[v] * math.log2(row[v] / m) for row in rows if row[v]) / K
    return bits


@pytest.mark.parametrize("function", [with_a_floor, in_loops])
def test_the_divergence_may_be_computed_in_more_than_one_way(function):
    assert check.jsd.verdict(function).startswith("Right.")


def test_of_two_histograms_it_is_that_of_the_library():
    for (counts,) in check.jsd.cases:
        assert np.isclose(check.jsd.right(counts[:2]), jensen_shannon(*counts[:2]))


def without_masks(counts):
    p = counts / counts.sum(axis=1, keepdims=True)
    with np.errstate(all="ignore"):
        return (p * np.log2(p / p.mean(axis=0))).sum(axis=1).mean()


def with_a_coarse_floor(counts):
    return in_loops(counts + 1)


def of_the_first_two(counts):
    return jensen_shannon(*counts[:2])


def of_each(counts):
    p = counts / counts.sum(axis=1, keepdims=True)
    terms = np.where(p > 0, p * np.log2(np.where(p > 0, p, 1) / p.mean(axis=0)), 0)
    return terms.sum(axis=1)


@pytest.mark.parametrize(
    "function, word",
    [
        (without_masks, "0 · log 0 counts as 0"),
        (with_a_coarse_floor, ""),
        (jensen_shannon, "takes 2 arguments"),
        (of_the_first_two, "first two rows"),
        (lambda counts: in_loops(counts) * len(counts), "the weight 1/K"),
        (lambda counts: in_loops(counts) * len(counts) / 2, "the weight 1/K; you gave it"),
        (lambda counts: with_a_floor(counts.T), "column"),
        (lambda counts: 100 * in_loops(counts), ""),
        (lambda counts: -in_loops(counts), "sign"),
        (of_each, "one number is asked"),
        (lambda counts: print(in_loops(counts)), "printed"),
        (lambda counts: None, "nothing"),
        (lambda counts: in_loops(counts) * np.log(2), "nats"),
        (0.31, "should be a function"),
    ],
)
def test_a_wrong_divergence_is_refused(function, word):
    found = check.jsd.verdict(function)
    assert found.startswith("Not yet:") and word in found


def test_each_mistake_of_the_divergence_is_told_by_its_own_message():
    made = {}
    for name, mistake in check.jsd.mistakes.items():
        values = [mistake.make(*case) for case in check.jsd.cases]
        assert not np.allclose(values, [check.jsd.right(*case) for case in check.jsd.cases]), name
        made[name] = tuple(np.round(values, 6))
    assert len(set(made.values())) == len(made)


def test_the_walk_of_the_exercise_ends_where_the_answer_says():
    low, high = check.DECODER
    chain = np.array([[1 - low, low], [1 - high, high]])
    share = np.linalg.matrix_power(chain, 500)[0, 1]
    assert check.stationary.verdict(share).startswith("Right.")


@pytest.mark.parametrize("answer", [2 / 3, "2/3", 0.667, 0.67, "66.7 %", "0,667", [2 / 3]])
def test_the_share_may_have_any_form(answer):
    assert check.stationary.verdict(answer).startswith("Right.")


@pytest.mark.parametrize(
    "answer, word",
    [
        (0.55, "true posterior"),
        (0.33, "x = 0"),
        (0.7, "one decimal"),
        (66.7, "between 0 and 1"),
        (67, "between 0 and 1"),
        ("66.7", "between 0 and 1"),
        (-0.5, "between 0 and 1"),
    ],
)
def test_another_share_is_refused(answer, word):
    found = check.stationary.verdict(answer)
    assert found.startswith("Not yet:") and word in found
