"""The exercises of the notebook sampling_musicvae."""

from __future__ import annotations

from itertools import combinations

import numpy as np

from lyricgen.exercises import Exercise, Mistake, read_numbers


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


def _shares(counts: np.ndarray) -> np.ndarray:
    return counts / counts.sum(axis=1, keepdims=True)


def _jsd(counts: np.ndarray, log=np.log2) -> float:
    """The right answer, as the entropy of the mean less the mean of the entropies."""
    p = _shares(counts)
    return _entropy(p.mean(axis=0), log) - float(np.mean([_entropy(row, log) for row in p]))


def _kl(p: np.ndarray, q: np.ndarray) -> float:
    there = p > 0
    return float((p[there] * np.log2(p[there] / q[there])).sum())


def _from(p: np.ndarray, m: np.ndarray) -> float:
    """Returns the mean KL of rows of shares from m."""
    return float(np.mean([_kl(row, m) for row in p]))


def _first_alone(counts):
    p = _shares(counts)
    return _kl(p[0], p.mean(axis=0))


def _first_two(counts):
    return _jsd(counts[:2])


def _sum_of_rows(counts):
    return len(counts) * _jsd(counts)


def _halved(counts):
    return len(counts) * _jsd(counts) / 2


def _nats(counts):
    return _jsd(counts, np.log)


def _sum_for_mean(counts):
    p = _shares(counts)
    return _from(p, p.sum(axis=0))


def _half_the_sum(counts):
    p = _shares(counts)
    return _from(p, p.sum(axis=0) / 2)


def _counts(counts):
    return _from(counts, counts.mean(axis=0))


def _all_of_one(counts):
    p = counts / counts.sum()
    return _from(p, p.mean(axis=0))


def _pooled(counts):
    return _from(_shares(counts), counts.sum(axis=0) / counts.sum())


def _distance(counts):
    return float(np.sqrt(_jsd(counts)))


def _over_pairs(counts):
    pairs = [counts[list(pair)] for pair in combinations(range(len(counts)), 2)]
    return float(np.mean([_jsd(pair) for pair in pairs]))


def _common_bins(counts):
    p = _shares(counts)
    common = (p > 0).all(axis=0)
    return _from(p[:, common], p[:, common].mean(axis=0))


def _by_columns(counts):
    return _jsd(counts.T)


def _entropy_of_mean(counts):
    return _entropy(_shares(counts).mean(axis=0))


def _minus(counts):
    return -_jsd(counts)


def _not_a_number(answer) -> str | None:
    """Names what 0 times the logarithm of 0 gives."""
    if isinstance(answer, (float, np.floating)) and not np.isfinite(answer):
        return (
            "a count of 0 gave no number: 0 · log 0 counts as 0, so leave these entries out of "
            "each sum. The mean m is above 0 wherever a histogram is."
        )
    if np.ndim(answer) == 1:
        return "one number is asked, the mean over the histograms."
    return None


jsd = Exercise(
    form="a function of counts (K, V) that returns a number of bits",
    hint=(
        "divide each row by its sum, and let m be the mean of the rows. For each row add up "
        "p log2(p/m) over the entries where p is above 0, and take the mean of these K sums."
    ),
    right=_jsd,
    why=(
        "It compares shares, so 1,000 draws can be compared with 3,000 real melodies. It is 0 for "
        "equal shares and log2 K bits for K histograms with nothing in common: so many bits say "
        "from which of them an entry was taken."
    ),
    cases=(
        (np.array([[4, 0, 3, 9, 0], [1, 5, 0, 2, 0], [0, 7, 2, 20, 11]]),),
        (np.array([[30, 12, 0, 7, 1, 0, 40], [2, 0, 6, 3, 3, 5, 8]]),),
        (np.array([[5, 2, 8, 1], [50, 70, 20, 90], [3, 3, 1, 9], [8, 1, 1, 2], [4, 9, 6, 6]]),),
    ),
    situations=(
        "there are three histograms",
        "there are two histograms",
        "there are five histograms and no count is 0",
    ),
    mistakes={
        "first alone": Mistake(
            _first_alone,
            "that is KL(p || m) of the first row alone: the mean over the rows is asked.",
        ),
        "first two": Mistake(
            _first_two, "you compared the first two rows alone: m is the mean of all of them."
        ),
        "sum of rows": Mistake(
            _sum_of_rows, "that is the sum over the rows: each has the weight 1/K."
        ),
        "halved": Mistake(
            _halved, "each row has the weight 1/K; you gave it ½, which fits two rows only."
        ),
        "nats": Mistake(_nats, "that is in nats: log2 in place of the natural logarithm."),
        "sum for mean": Mistake(
            _sum_for_mean, "you compared with the sum of the rows. m is their mean."
        ),
        "half the sum": Mistake(
            _half_the_sum, "m is the mean of the K rows; half of their sum fits two rows only."
        ),
        "counts": Mistake(
            _counts,
            "you used the counts as they are: divide each row by its sum before anything else.",
        ),
        "all of one": Mistake(
            _all_of_one, "you divided by the sum of all counts: divide each row by its own sum."
        ),
        "pooled": Mistake(
            _pooled,
            "you pooled the counts for m, so the larger set weighs more. m is the mean of the "
            "rows of shares.",
        ),
        "distance": Mistake(
            _distance, "that is the root of it, the Jensen-Shannon distance; leave the root out."
        ),
        "pairs": Mistake(
            _over_pairs,
            "that is the mean divergence of all pairs. Here each row is compared with the mean of "
            "all rows.",
        ),
        "common bins": Mistake(
            _common_bins,
            "you left out the entries at which only some of the rows are 0. Each sum leaves out "
            "its own zeros alone.",
        ),
        "columns": Mistake(
            _by_columns, "you took each column for a histogram; here each row is one."
        ),
        "entropy of the mean": Mistake(
            _entropy_of_mean, "that is the entropy of m; take off the mean entropy of the rows."
        ),
        "sign": Mistake(_minus, "the sign is wrong: a divergence is never below 0."),
    },
    when=_not_a_number,
)

# The third exercise: the probability of x = 1 for each z, by the decoder.
DECODER = (0.2, 0.9)


def _stationary() -> float:
    """The share of x = 1 that a step keeps: share = share · 0.9 + (1 - share) · 0.2."""
    low, high = DECODER
    return low / (low + 1 - high)


def _no_share(answer) -> str | None:
    """Names a number that is no share, as 40 for 40 %."""
    number = read_numbers(answer, one=True)
    if number is not None and number.size == 1 and not 0 <= number.item() <= 1:
        return (
            "a share lies between 0 and 1. If you mean per cent, write the sign, and the answer "
            'as text: "40 %".'
        )
    return None


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
    when=_no_share,
    digits=2,
)
