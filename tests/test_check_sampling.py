"""The exercises of sampling_musicvae agree with the library, and name what is wrong."""

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


def with_a_floor(p, q):
    p, q = p / p.sum(), q / q.sum()
    m = (p + q) / 2 + 1e-12
    p, q = p + 1e-12, q + 1e-12
    return ((p * np.log2(p / m)).sum() + (q * np.log2(q / m)).sum()) / 2


@pytest.mark.parametrize("function", [jensen_shannon, with_a_floor])
def test_the_divergence_may_be_computed_in_more_than_one_way(function):
    assert check.jsd.verdict(function).startswith("Right.")


def without_masks(p, q):
    p, q = p / p.sum(), q / q.sum()
    m = (p + q) / 2
    with np.errstate(all="ignore"):
        return ((p * np.log2(p / m)).sum() + (q * np.log2(q / m)).sum()) / 2


def kl(p, q):
    p, q = (p + 1e-9) / p.sum(), (q + 1e-9) / q.sum()
    return (p * np.log2(p / q)).sum()


def with_a_coarse_floor(p, q):
    return jensen_shannon(p + 1, q + 1)


def percent(p, q):
    return 100 * jensen_shannon(p, q)


@pytest.mark.parametrize(
    "function, word",
    [
        (without_masks, "0 · log 0 counts as 0"),
        (kl, ""),
        (with_a_coarse_floor, ""),
        (percent, ""),
        (lambda p, q: print(jensen_shannon(p, q)), "printed"),
        (lambda p, q: None, "nothing"),
        (lambda p, q: jensen_shannon(p, q) * np.log(2), "nats"),
        (0.31, "should be a function"),
    ],
)
def test_a_wrong_divergence_is_refused(function, word):
    found = check.jsd.verdict(function)
    assert found.startswith("Not yet:") and word in found


def test_the_walk_of_the_exercise_ends_where_the_answer_says():
    low, high = check.DECODER
    chain = np.array([[1 - low, low], [1 - high, high]])
    share = np.linalg.matrix_power(chain, 500)[0, 1]
    assert check.stationary.verdict(share).startswith("Right.")


@pytest.mark.parametrize("answer", [2 / 3, "2/3", 0.667, 0.67, 66.7, "66.7 %"])
def test_the_share_may_have_any_form(answer):
    assert check.stationary.verdict(answer).startswith("Right.")


@pytest.mark.parametrize("answer, word", [(0.55, "true posterior"), (0.33, "x = 0"), (0.7, "")])
def test_another_share_is_refused(answer, word):
    found = check.stationary.verdict(answer)
    assert found.startswith("Not yet:") and word in found
