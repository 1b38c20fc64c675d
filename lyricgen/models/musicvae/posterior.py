"""The posterior of a VAE: its KL, what z says, and distributions fitted to it."""

from __future__ import annotations

import numpy as np


def active_units(mu: np.ndarray, least: float = 0.01) -> int:
    """Counts the dimensions of z that may say something about the melody.

    They are those whose mu (N, Z) has a variance over the melodies above `least`. This
    is no proof that the decoder uses them: compare the reconstruction from a swapped z.
    Source: Burda et al. 2016, section 5.2.
    Notebook: posterior_collapse
    """
    variance = np.var(mu, axis=0)
    return int((variance > least).sum())


def mutual_information(mu: np.ndarray, sigma: np.ndarray, rng: np.random.Generator) -> float:
    """Estimates how much z says about which of N melodies it came from, in nats.

    mu and sigma (N, Z). It is the mean of ln q(z|x) - ln q(z) with one z drawn for each
    x, where q(z) is the mean of q(z|x) over the N melodies: at most ln N, and equal to
    the KL to the prior minus the KL of the aggregate posterior to the prior.
    Source: Hoffman and Johnson 2016.
    Notebook: posterior_collapse
    """
    noise = rng.standard_normal(mu.shape)
    z = mu + sigma * noise
    log_q = _pairwise_log_densities(z, mu, sigma)
    # The largest of a row is taken out before exp, which would underflow otherwise.
    top = log_q.max(axis=1, keepdims=True)
    log_own = np.diag(log_q) - top[:, 0]
    q = np.exp(log_q - top)
    mean = q.mean(axis=1)
    ratio = log_own - np.log(mean)
    return float(ratio.mean())


def _pairwise_log_densities(z: np.ndarray, mu: np.ndarray, sigma: np.ndarray) -> np.ndarray:
    """Returns ln q(z of row i | x of column j) without its constant, (N, N)."""
    precision = sigma**-2.0
    z_squared = z**2 @ precision.T
    scaled_mu = mu * precision
    z_times_mu = 2 * z @ scaled_mu.T
    mu_squared = (mu**2 * precision).sum(axis=1)
    squares = z_squared - z_times_mu + mu_squared
    log_sigma = np.log(sigma).sum(axis=1)
    return -squares / 2 - log_sigma


def kl_divergence(mu: np.ndarray, sigma: np.ndarray) -> np.ndarray:
    """Returns KL(N(mu, sigma²) || N(0, 1)) of each dimension, in nats.

    It is (mu² + sigma² - 1) / 2 - ln sigma, in the shape of mu and sigma. Sum it over
    the dimensions, and take the mean over the melodies.
    Source: Kingma and Welling 2014, appendix B.
    Notebook: variational_autoencoder
    """
    return (mu**2 + sigma**2 - 1) / 2 - np.log(sigma)


def fit_posterior(mu: np.ndarray, sigma: np.ndarray) -> dict[str, np.ndarray]:
    """Returns the Gaussian with the mean and covariance of the aggregate posterior.

    mu and sigma (N, Z) -> posterior_mean (Z,) and its Cholesky factor posterior_factor
    (Z, Z). A z is mu of a melody plus noise of its sigma, so the covariance is that of
    mu plus the mean of sigma².
    Notebook: sampling_musicvae
    """
    mean = mu.mean(axis=0)
    variance = (sigma**2).mean(axis=0)
    covariance = np.cov(mu.T) + np.diag(variance)
    factor = np.linalg.cholesky(covariance)
    return {"posterior_mean": mean, "posterior_factor": factor}


def fit_mixture(
    z: np.ndarray, components: int, rng: np.random.Generator, rounds: int = 25
) -> dict[str, np.ndarray]:
    """Fits a mixture of K Gaussians to z (N, Z) by expectation maximisation.

    The initial means are K of the z, drawn at random. The result is mixture_weights
    (K,), mixture_means (K, Z) and the Cholesky factors mixture_factors (K, Z, Z).
    Source: Dempster, Laird and Rubin 1977.
    Notebook: sampling_musicvae
    """
    chosen = rng.choice(len(z), components, replace=False)
    shares = _shares_of_nearest(z, z[chosen])
    Z = z.shape[1]
    for _ in range(rounds):
        # No component may lose all of its z.
        sums = shares.sum(axis=0) + 1e-9
        weights = sums / len(z)
        totals = weights * len(z)
        means = shares.T @ z / totals[:, None]
        factors = np.empty((components, Z, Z))
        log_p = np.empty((len(z), components))
        for k in range(components):
            offsets = z - means[k]
            share = shares[:, k, None]
            factors[k] = _component_factor(offsets, share, totals[k])
            log_p[:, k] = _log_joint(offsets, weights[k], factors[k])
        top = log_p.max(axis=1, keepdims=True)
        shares = np.exp(log_p - top)
        shares /= shares.sum(axis=1, keepdims=True)
    return {"mixture_weights": weights, "mixture_means": means, "mixture_factors": factors}


def _shares_of_nearest(z: np.ndarray, means: np.ndarray) -> np.ndarray:
    """Returns (N, K): 1 for the mean (K, Z) that is nearest to z (N, Z), or else 0."""
    # Squared distances, but for the square of z, which does not change the nearest.
    squares = (means**2).sum(axis=1)
    distances = squares - 2 * z @ means.T
    nearest = distances.argmin(axis=1)
    return np.eye(len(means))[nearest]


def _component_factor(offsets: np.ndarray, share: np.ndarray, total: float) -> np.ndarray:
    """Returns the Cholesky factor of a component's covariance.

    offsets (N, Z) from its mean, and its share (N, 1) of each z, with their total.
    """
    weighted = share * offsets
    covariance = weighted.T @ offsets / total
    # No component may shrink to a point.
    floor = 1e-3 * np.eye(offsets.shape[1])
    return np.linalg.cholesky(covariance + floor)


def _log_joint(offsets: np.ndarray, weight: float, factor: np.ndarray) -> np.ndarray:
    """Returns ln (weight x density) at offsets (N, Z), without its constant, (N,)."""
    white = np.linalg.solve(factor, offsets.T)
    squares = (white**2).sum(axis=0)
    diagonal = np.diag(factor)
    log_determinant = np.log(diagonal).sum()
    return np.log(weight) - squares / 2 - log_determinant
