"""The exercises of variational_autoencoder agree with sampling and the library."""

import numpy as np
import pytest

from lyricgen.exercises import variational_autoencoder
from lyricgen.models.musicvae.posterior import kl_divergence


def test_the_divergence_of_two_gaussians_is_that_of_sampling_and_of_the_formula():
    mu_q, sigma_q, mu_p, sigma_p = variational_autoencoder._PAIRS
    z = mu_q + sigma_q * np.random.default_rng(0).standard_normal((400_000, len(mu_q)))
    log_ratio = (
        ((z - mu_p) / sigma_p) ** 2 / 2
        + np.log(sigma_p)
        - ((z - mu_q) / sigma_q) ** 2 / 2
        - np.log(sigma_q)
    )
    error = log_ratio.std(axis=0) / np.sqrt(len(z))
    assert (
        np.abs(
            log_ratio.mean(axis=0)
            - variational_autoencoder.gaussians.right(*variational_autoencoder._PAIRS)
        )
        < 5 * error
    ).all()
    assert np.allclose(
        variational_autoencoder._two(mu_q, sigma_q, 0.0, 1.0), kl_divergence(mu_q, sigma_q)
    )


def test_a_function_is_called_and_a_wrong_one_is_named():
    def right(mu_q, sigma_q, mu_p, sigma_p):
        return (
            np.log(sigma_p / sigma_q) + (sigma_q**2 + (mu_q - mu_p) ** 2) / (2 * sigma_p**2) - 0.5
        )

    assert variational_autoencoder.gaussians.verdict(right).startswith("Right.")
    assert "mean is to be taken under q" in variational_autoencoder.gaussians.verdict(
        lambda m, s, n, t: right(n, t, m, s)
    )
    assert "should be a function" in variational_autoencoder.gaussians.verdict(1.0)


def test_the_loss_is_that_of_the_definition():
    kl = (variational_autoencoder.MU**2 + variational_autoencoder.SIGMA**2 - 1) / 2 - np.log(
        variational_autoencoder.SIGMA
    )
    assert variational_autoencoder.sign.verdict(
        (variational_autoencoder.COST.sum(axis=1) + kl.sum(axis=1)).mean()
    ).startswith("Right.")
    assert "wrong sign" in variational_autoencoder.sign.verdict(
        (variational_autoencoder.COST.sum(axis=1) - kl.sum(axis=1)).mean()
    )


def test_kl_with_a_part_wrong_is_named():
    right = variational_autoencoder.gaussians.right

    def without_means(mu_q, sigma_q, mu_p, sigma_p):
        return np.log(sigma_p / sigma_q) + sigma_q**2 / (2 * sigma_p**2) - 0.5

    def log2(mu_q, sigma_q, mu_p, sigma_p):
        distance = sigma_q**2 + (mu_q - mu_p) ** 2
        return np.log2(sigma_p / sigma_q) + distance / (2 * sigma_p**2) - 0.5

    for function, word in (
        (lambda *four: -right(*four), "-KL"),
        (lambda *four: right(*four) / 2, "half of it"),
        (lambda *four: right(*four) / np.log(2), "bits"),
        (log2, "to the base 2"),
        (without_means, "the squared difference of the means"),
    ):
        found = variational_autoencoder.gaussians.verdict(function)
        assert found.startswith("Not yet:") and word in found


@pytest.mark.parametrize("answer", [12.6, 12.59, 12.594, 12.5939])
def test_the_loss_may_be_rounded(answer):
    assert variational_autoencoder.sign.verdict(answer).startswith("Right.")


@pytest.mark.parametrize(
    "answer, word",
    [
        (1.6, "steps alone"),
        (0.0125, "upside down"),
        (0.05, "dimensions alone"),
        (0.1, "different numbers"),
        (0.00625, "weighs *more*"),
        (3.2, "against each other"),
        (0.003125, "against each other"),
        (8, "says 0.1"),
        (1.25, "inverse"),
        (0.2, "8 dimensions"),
        ((0.8, 2.4), "one number"),
    ],
)
def test_a_beta_that_forgets_one_of_the_means_is_named(answer, word):
    found = variational_autoencoder.means.verdict(answer)
    assert found.startswith("Not yet:") and word in found


@pytest.mark.parametrize("answer", [0.8, "0.8", "0,8", "4/5", 0.1 * 16 / 2])
def test_the_beta_of_both_means(answer):
    assert variational_autoencoder.means.verdict(answer).startswith("Right.")


def test_a_function_that_fits_one_size_or_forgets_its_return_is_refused():
    right = variational_autoencoder.gaussians.right

    def for_eight(*four):
        return right(*four)[:8] if len(four[0]) == 8 else np.zeros(3)

    def without_return(*four):
        right(*four)

    assert "right with" in variational_autoencoder.gaussians.verdict(for_eight)
    assert "is there a return?" in variational_autoencoder.gaussians.verdict(without_return)


def test_the_kl_to_a_standard_normal_alone_is_not_accepted():
    found = variational_autoencoder.gaussians.verdict(
        lambda mu_q, sigma_q, mu_p, sigma_p: (mu_q**2 + sigma_q**2 - 1) / 2 - np.log(sigma_q)
    )
    assert "KL to N(0, 1)" in found
