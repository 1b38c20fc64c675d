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
        np.abs(log_ratio.mean(axis=0) - variational_autoencoder.gaussians.right()) < 5 * error
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


@pytest.mark.parametrize(
    "answer, said",
    [
        (["A", "C"], "one string"),
        ("AD", "D is used"),
        ("CB", "last two columns"),
        (3, "letters of the models"),
    ],
)
def test_other_answers_on_the_unused_z_are_led_on(answer, said):
    assert said in variational_autoencoder.unused.verdict(answer)


def test_the_models_of_the_last_exercise_are_what_its_answer_says():
    for name, found in variational_autoencoder.MODELS.items():
        assert (found["own"] - found["swapped"] < 0.03) == (
            name in variational_autoencoder.unused.right()
        )
        assert (
            found["information_bits"] <= found["kl_bits"]
        )  # the aggregate posterior is at best the prior
