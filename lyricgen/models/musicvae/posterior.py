"""The posterior of a VAE: its KL, what it says, and distributions fitted to it."""

from __future__ import annotations

import numpy as np


def active_units(mu: np.ndarray, least: float = 0.01) -> int:
    """The dimensions of z whose mu (N, Z) varies over the melodies by more than 0.01 (variance): those that may say something.

    It is no proof that the decoder listens: compare the reconstruction from a swapped z. Source: Burda et al. 2016, section 5.2.
    Notebook: 07_variational_autoencoder
    """
    return int((np.var(mu, axis=0) > least).sum())


def mutual_information(mu: np.ndarray, sigma: np.ndarray, rng: np.random.Generator) -> float:
    """An estimate of how much z says about which of N melodies it came from, in nats, at most ln N; mu and sigma (N, Z).

    The mean of ln q(z|x) - ln q(z), one z drawn for each x, q(z) being the mean of q(z|x) over the N melodies: the KL to the prior minus the KL of
    the aggregate posterior to it. Source: Hoffman and Johnson 2016. Notebook: 07_variational_autoencoder
    """
    z, precision = mu + sigma * rng.standard_normal(mu.shape), sigma**-2.0
    squares = z**2 @ precision.T - 2 * z @ (mu * precision).T + (mu**2 * precision).sum(axis=1)
    given = -squares / 2 - np.log(sigma).sum(
        axis=1
    )  # ln q(z of row i | x of column j), but for a constant
    top = given.max(axis=1, keepdims=True)
    return float((np.diag(given) - top[:, 0] - np.log(np.exp(given - top).mean(axis=1))).mean())


def kl_divergence(mu: np.ndarray, sigma: np.ndarray) -> np.ndarray:
    """KL(N(mu, sigma²) || N(0, 1)) of each dimension, in nats, of the shape of mu: (mu² + sigma² - 1)/2 - ln sigma.

    Sum it over the dimensions, and take the mean over the melodies. Source: Kingma and Welling 2014, appendix B. Notebook: 07_variational_autoencoder
    """
    return (mu**2 + sigma**2 - 1) / 2 - np.log(sigma)


def fit_posterior(mu: np.ndarray, sigma: np.ndarray) -> dict[str, np.ndarray]:
    """The Gaussian with the mean and covariance of the aggregate posterior, from mu and sigma (N, Z): posterior_mean, posterior_factor (Cholesky).

    A z is drawn as mu of a melody plus noise of its sigma, so the covariance is that of mu plus the mean of sigma². Notebook: 09_sampling_musicvae
    """
    covariance = np.cov(mu.T) + np.diag((sigma**2).mean(axis=0))
    return {"posterior_mean": mu.mean(axis=0), "posterior_factor": np.linalg.cholesky(covariance)}


def fit_mixture(
    z: np.ndarray, components: int, rng: np.random.Generator, rounds: int = 25
) -> dict[str, np.ndarray]:
    """A mixture of Gaussians fitted to z (N, Z) by expectation maximisation, begun at some of the z: mixture_weights, _means and _factors (Cholesky).

    Source: Dempster, Laird and Rubin 1977. Notebook: 09_sampling_musicvae
    """
    means = z[rng.choice(len(z), components, replace=False)]
    share = np.eye(components)[((means**2).sum(axis=1) - 2 * z @ means.T).argmin(axis=1)]
    for _ in range(rounds):
        weights = (share.sum(axis=0) + 1e-9) / len(z)
        means = share.T @ z / (weights * len(z))[:, None]
        factors, log_p = [], np.empty((len(z), components))
        for k in range(components):
            off = z - means[k]
            factors.append(
                np.linalg.cholesky(
                    (share[:, k, None] * off).T @ off / (weights[k] * len(z))
                    + 1e-3 * np.eye(z.shape[1])
                )
            )
            off = np.linalg.solve(factors[k], off.T)
            log_p[:, k] = (
                np.log(weights[k]) - (off**2).sum(axis=0) / 2 - np.log(np.diag(factors[k])).sum()
            )
        share = np.exp(log_p - log_p.max(axis=1, keepdims=True))
        share /= share.sum(axis=1, keepdims=True)
    return {
        "mixture_weights": weights,
        "mixture_means": means,
        "mixture_factors": np.array(factors),
    }
