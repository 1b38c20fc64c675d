"""The exercises of the notebook sampling_musicvae."""

from __future__ import annotations

import numpy as np

from lyricgen.exercises import Exercise, Mistake


def _posteriors(seed: int, N: int, Z: int) -> tuple[np.ndarray, np.ndarray]:
    """The arguments of the first exercise: mu and sigma (N, Z) of dependent dimensions.

    N is so large that it makes no difference whether one divides by N or by N - 1.
    """
    rng = np.random.default_rng(seed)
    mixing = rng.standard_normal((Z, Z))
    centre = np.linspace(-2, 3, Z)
    mu = centre + rng.standard_normal((N, Z)) @ mixing
    sigma = rng.uniform(0.2, 1.8, (N, Z))
    return mu, sigma


def _covariance(mu: np.ndarray, noise: np.ndarray) -> np.ndarray:
    """Returns the covariance of the means plus that of the noise, (Z, Z)."""
    return np.cov(mu.T, bias=True) + noise


def _aggregate(mu: np.ndarray, sigma: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    variance = (sigma**2).mean(axis=0)
    return mu.mean(axis=0), _covariance(mu, np.diag(variance))


def _means_alone(mu, sigma):
    return mu.mean(axis=0), _covariance(mu, np.zeros((mu.shape[1],) * 2))


def _noise_alone(mu, sigma):
    return mu.mean(axis=0), np.diag((sigma**2).mean(axis=0))


def _deviation_added(mu, sigma):
    return mu.mean(axis=0), _covariance(mu, np.diag(sigma.mean(axis=0)))


def _mean_squared(mu, sigma):
    return mu.mean(axis=0), _covariance(mu, np.diag(sigma.mean(axis=0) ** 2))


def _without_diagonal(mu, sigma):
    return mu.mean(axis=0), _covariance(mu, (sigma**2).mean(axis=0))


def _not_centred(mu, sigma):
    _, covariance = _aggregate(mu, sigma)
    mean = mu.mean(axis=0)
    return mean, covariance + np.outer(mean, mean)


def _variances_alone(mu, sigma):
    return mu.mean(axis=0), mu.var(axis=0) + (sigma**2).mean(axis=0)


def _diagonal_alone(mu, sigma):
    return mu.mean(axis=0), np.diag(mu.var(axis=0) + (sigma**2).mean(axis=0))


def _of_the_mean(mu, sigma):
    """Divides by N once more than it should be."""
    mean, covariance = _aggregate(mu, sigma)
    return mean, covariance / len(mu)


def _raised_in_aggregate(error: Exception) -> str | None:
    """Names the mistake behind shapes that do not fit."""
    if isinstance(error, ValueError) and "broadcast" in str(error):
        return (
            "shapes do not fit. np.cov takes a variable for each row, and here each column of mu "
            "is one: np.cov(mu.T)."
        )
    return None


aggregate = Exercise(
    form="a function of mu and sigma that returns the mean (Z,) and the covariance (Z, Z)",
    hint=(
        "z = mu + sigma ∘ noise. The mean of the noise is 0, so the mean is that of mu. The "
        "covariance is that of mu, plus the mean of sigma² on the diagonal, because the noise of "
        "a dimension does not depend on anything else."
    ),
    right=_aggregate,
    why=(
        "The first part says how melodies differ, the second how uncertain one melody is. If the "
        "posterior had collapsed, the first part would be 0 and the second the identity matrix."
    ),
    cases=(_posteriors(1, 700, 3), _posteriors(2, 900, 5)),
    returns=("mean", "covariance"),
    mistakes={
        "means alone": Mistake(
            _means_alone,
            "that is the covariance of the means alone: the noise of each posterior, sigma², is "
            "missing.",
        ),
        "noise alone": Mistake(
            _noise_alone,
            "that is the noise alone: the means differ from melody to melody too.",
        ),
        "sigma not squared": Mistake(
            _deviation_added,
            "you added the mean of sigma. Variances add, so it is the mean of sigma².",
        ),
        "squared after the mean": Mistake(
            _mean_squared,
            "you squared the mean of sigma; it is the mean of sigma² that counts, which is larger.",
        ),
        "no diag": Mistake(
            _without_diagonal,
            "you added the mean of sigma² to every row. It belongs on the diagonal: np.diag.",
        ),
        "not centred": Mistake(
            _not_centred,
            "these are mean products, not covariances: take the mean away first.",
        ),
        "variances": Mistake(
            _variances_alone,
            "these are the variances of the dimensions; the covariance is a matrix (Z, Z).",
        ),
        "diagonal": Mistake(
            _diagonal_alone,
            "the diagonal is right. Dimensions of mu vary together, so the entries beside it are "
            "not 0.",
        ),
        "divided twice": Mistake(
            _of_the_mean, "the covariance is divided by N once more than it should be."
        ),
    },
    raised=_raised_in_aggregate,
)


def _entropy(p: np.ndarray, log=np.log2) -> float:
    p = p[p > 0]
    return float(-(p * log(p)).sum())


def _jsd(p: np.ndarray, q: np.ndarray, log=np.log2) -> float:
    """The right answer, as an entropy of the mean less the mean of two entropies."""
    p = p / p.sum()
    q = q / q.sum()
    return _entropy((p + q) / 2, log) - (_entropy(p, log) + _entropy(q, log)) / 2


def _kl(p: np.ndarray, q: np.ndarray) -> float:
    there = p > 0
    return float((p[there] * np.log2(p[there] / q[there])).sum())


def _one_sided(p, q):
    p, q = p / p.sum(), q / q.sum()
    return _kl(p, (p + q) / 2)


def _other_side(p, q):
    return _one_sided(q, p)


def _not_halved(p, q):
    return 2 * _jsd(p, q)


def _nats(p, q):
    return _jsd(p, q, np.log)


def _sum_for_mean(p, q):
    p, q = p / p.sum(), q / q.sum()
    return (_kl(p, p + q) + _kl(q, p + q)) / 2


def _counts(p, q):
    m = (p + q) / 2
    return (_kl(p, m) + _kl(q, m)) / 2


def _pooled(p, q):
    m = (p + q) / (p + q).sum()
    p, q = p / p.sum(), q / q.sum()
    return (_kl(p, m) + _kl(q, m)) / 2


def _distance(p, q):
    return float(np.sqrt(_jsd(p, q)))


def _common_bins(p, q):
    p, q = p / p.sum(), q / q.sum()
    both = (p > 0) & (q > 0)
    m = (p + q) / 2
    return (_kl(p[both], m[both]) + _kl(q[both], m[both])) / 2


def _not_a_number(answer) -> str | None:
    """Names what 0 times the logarithm of 0 gives."""
    if isinstance(answer, (float, np.floating)) and not np.isfinite(answer):
        return (
            "a count of 0 gave no number: 0 · log 0 counts as 0, so leave these entries out of "
            "each sum. The mean m is above 0 wherever p or q is."
        )
    return None


jsd = Exercise(
    form="a function of two arrays of counts that returns a number of bits",
    hint=(
        "divide each by its sum, and let m be the mean of the two. Then half of the sum of "
        "p log2(p/m) over the entries where p is above 0, plus the same for q."
    ),
    right=_jsd,
    why=(
        "It compares shares, so 1,000 draws can be compared with 3,000 real melodies. It is 0 for "
        "equal shares and 1 for shares with nothing in common, whatever the number of bins."
    ),
    cases=(
        (np.array([4, 0, 3, 9, 0]), np.array([1, 5, 0, 2, 0])),
        (np.array([30, 12, 0, 7, 1, 0, 40]), np.array([2, 0, 6, 3, 3, 0, 8])),
        (np.array([5, 2, 8, 1]), np.array([50, 70, 20, 90])),
    ),
    situations=(
        "p is in more places 0 than q",
        "p has more counts than q",
        "no count is 0",
    ),
    mistakes={
        "p alone": Mistake(
            _one_sided, "that is KL(p || m) alone: the mean of KL(p || m) and KL(q || m) is asked."
        ),
        "q alone": Mistake(
            _other_side,
            "that is KL(q || m) alone: the mean of KL(p || m) and KL(q || m) is asked.",
        ),
        "not halved": Mistake(
            _not_halved, "that is the sum of both sides, twice the answer: each has the weight ½."
        ),
        "nats": Mistake(_nats, "that is in nats: log2 in place of the natural logarithm."),
        "sum for mean": Mistake(
            _sum_for_mean, "you compared with p + q. m is the mean, half of that sum."
        ),
        "counts": Mistake(
            _counts, "you used the counts as they are: divide each by its sum before anything else."
        ),
        "pooled": Mistake(
            _pooled,
            "you pooled the counts for m, so the larger set weighs more. m is the mean of the two "
            "shares.",
        ),
        "distance": Mistake(
            _distance, "that is the root of it, the Jensen-Shannon distance; leave the root out."
        ),
        "common bins": Mistake(
            _common_bins,
            "you left out the entries at which only one of the two is 0. Each sum leaves out its "
            "own zeros alone.",
        ),
    },
    when=_not_a_number,
)

# The third exercise: the probability of x = 1 for each z, by the decoder.
DECODER = (0.2, 0.9)


def _stationary() -> float:
    """The share of x = 1 that a step keeps: share = share · 0.9 + (1 - share) · 0.2."""
    low, high = DECODER
    return low / (low + 1 - high)


stationary = Exercise(
    form="one number, a share",
    hint=(
        "z always equals x, so a step goes from x = 1 to 1 with probability 0.9, and from 0 to 1 "
        "with probability 0.2. A share s of x = 1 stays when s = 0.9 s + 0.2 (1 - s)."
    ),
    right=_stationary,
    why=(
        "The model's own share is p(x = 1) = (0.2 + 0.9)/2 = 0.55. With the true posterior the "
        "walk would end there. An encoder that is too sure makes the frequent answer more "
        "frequent."
    ),
    mistakes={
        "p(x)": Mistake(
            lambda: sum(DECODER) / 2,
            "that is p(x = 1), where the walk would end with the true posterior. This encoder is "
            "another one.",
        ),
        "one step": Mistake(
            lambda: DECODER[1],
            "that is the share after one step from x = 1; the walk goes on from there.",
        ),
        "two steps": Mistake(
            lambda: DECODER[1] ** 2 + (1 - DECODER[1]) * DECODER[0],
            "that is the share after two steps from x = 1; the walk goes on from there.",
        ),
        "from zero": Mistake(
            lambda: DECODER[0],
            "that is the share after one step from x = 0; the walk goes on from there.",
        ),
        "of x = 0": Mistake(
            lambda: 1 - _stationary(), "that is the share of x = 0; the share of x = 1 is asked."
        ),
        "prior": Mistake(
            lambda: 0.5,
            "that is the prior of z. The encoder chooses z, so the prior does not enter the walk.",
        ),
        "posterior": Mistake(
            lambda: DECODER[1] / sum(DECODER),
            "that is the true posterior of z = 1 if x = 1. This encoder gives 1 instead.",
        ),
        "stuck": Mistake(
            lambda: 1.0,
            "x = 1 does not stay for ever: the decoder leaves it once in ten times.",
        ),
    },
    share=True,
    digits=2,
)
