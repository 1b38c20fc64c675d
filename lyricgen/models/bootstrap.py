"""Intervals of measures by bootstrap, where what is measured comes in clusters.

Melodies of one tune, and of tunes that are nearly the same, are not independent. So
whole clusters are drawn, and not melodies.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

# Of all intervals
LEVEL = 0.95
QUANTILES = ((1 - LEVEL) / 2, (1 + LEVEL) / 2)

# Standard deviations on each side of a mean that hold as much of a normal distribution
NORMAL = 1.96

# Bootstrap draws
DRAWS = 2000

Interval = tuple[float, float]


class Rate(NamedTuple):
    """A ratio of two sums over melodies: of `part` and of `whole`, (N,) each.

    Of notes that are right, `part` has how many each melody has right, and `whole` how
    many it has. Of bits a melody, `whole` is 1.
    """

    part: np.ndarray
    whole: np.ndarray

    @property
    def value(self) -> float:
        """The first sum over the second, 0 where there is nothing."""
        return float(ratio(self.part.sum(), self.whole.sum()))


def mean_of(values: np.ndarray) -> Rate:
    """Returns the rate whose value is the mean of values (N,)."""
    return Rate(values, np.ones(len(values)))


def share_of(counted: np.ndarray) -> Rate:
    """Returns the rate whose value is the share that is true of bool (N, T)."""
    return Rate(counted.sum(axis=1), np.full(len(counted), counted.shape[1]))


def ratio(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    """Returns part / whole, 0 where both are 0."""
    return part / np.where(whole == 0, 1, whole)


class Clusters:
    """Bootstrap draws of the clusters of melodies.

    cluster (N,) names the cluster of each melody. In each draw as many clusters are
    taken, with replacement, as there are; `weights` (draws, K) says how often each is.
    Source: Efron 1979; Davison and Hinkley 1997, section 3.8 (clusters).
    """

    def __init__(self, cluster: np.ndarray, rng: np.random.Generator, draws: int = DRAWS):
        names, self.index = np.unique(cluster, return_inverse=True)
        self.count = len(names)
        uniform = np.full(self.count, 1 / self.count)
        self.weights = rng.multinomial(self.count, uniform, draws).astype(np.float64)

    def sums(self, values: np.ndarray) -> np.ndarray:
        """Returns the sums over the melodies of each draw: (N, ...) -> (draws, ...)."""
        values = np.asarray(values)
        by_cluster = np.zeros((self.count, *values.shape[1:]))
        np.add.at(by_cluster, self.index, values)
        return np.tensordot(self.weights, by_cluster, axes=1)

    def interval(self, rate: Rate) -> Interval:
        """Returns the two ends between which 95 % of the draws' rates lie."""
        values = ratio(self.sums(rate.part), self.sums(rate.whole))
        low, high = np.quantile(values, QUANTILES)
        return float(low), float(high)


def normal_interval(value: float, spread: float, least: float = -np.inf) -> Interval:
    """Returns the ends 1.96 standard deviations from a value, none below `least`."""
    half = NORMAL * float(spread)
    return max(least, value - half), value + half


def measure_rates(
    rates: dict[str, Rate], clusters: Clusters
) -> tuple[dict[str, float], dict[str, Interval]]:
    """Returns the values of rates, and their intervals, by their names."""
    values = {name: rate.value for name, rate in rates.items()}
    intervals = {name: clusters.interval(rate) for name, rate in rates.items()}
    return values, intervals


class Figures:
    """Collects measures with their intervals, in the order in which they come."""

    def __init__(self) -> None:
        self.values: dict[str, Any] = {}
        self.intervals: dict[str, Interval] = {}

    def add(self, rates: dict[str, Rate], clusters: Clusters, suffix: str = "") -> None:
        """Adds rates, whose names get a suffix."""
        values, intervals = measure_rates(rates, clusters)
        self.values |= {key + suffix: value for key, value in values.items()}
        self.intervals |= {key + suffix: ends for key, ends in intervals.items()}

    def result(self) -> dict[str, Any]:
        """Returns all measures, with the intervals as the last one."""
        intervals = {key: list(ends) for key, ends in self.intervals.items()}
        return self.values | {"intervals": intervals}
