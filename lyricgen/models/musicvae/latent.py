"""The space of z: paths and grids through it, neighbours, attributes of melodies and the vectors that change them. NumPy only."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from lyricgen.files import UserError
from lyricgen.music.measures import attributes


def slerp(a: np.ndarray, b: np.ndarray, share: float | np.ndarray) -> np.ndarray:
    """The points at some shares of the way from a to b around the origin: the direction turns evenly, and the length changes evenly.

    a, b: (..., Z); share: a number, or (S,) for (S, ..., Z). For a and b of one length this is Shoemake's a sin((1-t)w)/sin w + b sin(tw)/sin w with
    the angle w; that divides by 0 for parallel vectors, and for opposite ones of two lengths grows without bound. Here parallel ones, and those of
    which one is 0, are joined by a line; between opposite ones the way goes by the axis on which a is smallest. Source: Shoemake 1985, section 3.3;
    White 2016, section 2. Notebook: 09_sampling_musicvae
    """
    a, b, t = (np.asarray(value, np.float64) for value in (a, b, share))
    t = t.reshape(t.shape + (1,) * max(a.ndim, b.ndim))
    long, wide = (np.linalg.norm(value, axis=-1, keepdims=True) for value in (a, b))
    u, v = (value / np.where(length > 0, length, 1) for value, length in ((a, long), (b, wide)))
    u, v = np.where(long > 0, u, v), np.where(wide > 0, v, u)
    cosine = (u * v).sum(-1, keepdims=True)
    across = v - cosine * u
    sine = np.linalg.norm(across, axis=-1, keepdims=True)
    axis = np.eye(a.shape[-1])[np.abs(u).argmin(-1)]
    across = np.where(sine > 1e-9, across, axis - (axis * u).sum(-1, keepdims=True) * u)
    across = across / np.maximum(np.linalg.norm(across, axis=-1, keepdims=True), 1e-300)
    angle = t * np.arctan2(sine, cosine)
    return ((1 - t) * long + t * wide) * (np.cos(angle) * u + np.sin(angle) * across)


def interpolate(a: np.ndarray, b: np.ndarray, n: int) -> np.ndarray:
    """n points from a to b, both included: (..., Z) twice -> (n, ..., Z). Notebook: 09_sampling_musicvae"""
    return slerp(a, b, np.linspace(0, 1, n))


def grid(corners: np.ndarray, n: int) -> np.ndarray:
    """n x n points between four z: (4, Z), upper left, upper right, lower left, lower right -> (n, n, Z), row by row.

    Notebook: 09_sampling_musicvae
    """
    corners = np.asarray(corners)
    left, right = interpolate(corners[0], corners[2], n), interpolate(corners[1], corners[3], n)
    return interpolate(left, right, n).swapaxes(0, 1)


def similar(
    z: np.ndarray,
    similarity: float,
    rng: np.random.Generator,
    mean: np.ndarray | float = 0.0,
    factor: np.ndarray | None = None,
) -> np.ndarray:
    """A z near each z (..., Z): s z + sqrt(1 - s²) noise with the similarity s, from 0 (another draw) to 1 (the same).

    The squares of the two weights sum to 1, so a z of the prior gives one of the prior, of the same length on average; a plain mean of z and noise is
    shorter. For z of a fitted Gaussian give its mean and (Cholesky) factor: the blend then happens in its whitened coordinates, where that Gaussian
    is the prior. Raises UserError for a similarity outside 0 to 1. Notebook: 09_sampling_musicvae
    """
    if not 0 <= similarity <= 1:
        raise UserError(
            f"The similarity is {similarity:g}; it should be from 0 (another melody) to 1 (the same)."
        )
    factor = np.eye(np.shape(z)[-1]) if factor is None else factor
    away = np.asarray(z, np.float64) - mean
    return (
        mean
        + similarity * away
        + np.sqrt(1 - similarity**2) * rng.standard_normal(away.shape) @ factor.T
    )


def attribute_vectors(z: np.ndarray, values: np.ndarray) -> np.ndarray:
    """For each attribute the mean z of the quarter of the melodies with most of it, minus that of the quarter with least: (N, Z), (N, A) -> (A, Z).

    Melodies level at a quarter's edge share its last places evenly, since many have no syncopation. Source: Roberts et al. 2018, section 5.3.3.
    Notebook: 09_sampling_musicvae
    """

    def weights(column: np.ndarray) -> np.ndarray:
        places = max(1, len(column) // 4)
        edge = np.sort(column)[-places]
        above, level = column > edge, column == edge
        return (above + level * (places - above.sum()) / level.sum()) / places

    return np.stack(
        [(weights(column) - weights(-column)) @ z for column in np.asarray(values, np.float64).T]
    )


def effects(
    decode: Callable[[np.ndarray], np.ndarray],
    z: np.ndarray,
    vectors: np.ndarray,
    spread: np.ndarray,
    rng: np.random.Generator,
    draws: int = 1000,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """What adding each attribute's vector to z (N, Z) does to each attribute of the decoded melodies: the mean, low and high, each (A, A).

    A row a vector, a column an attribute, in units of `spread` (A,), the standard deviation of an attribute over the data. low and high hold 95 % of
    the means over bootstrap draws of the z's. `decode` makes events (N, T) of z. Source: Roberts et al. 2018, figure 5 (in per cent there, without
    intervals); Efron 1979. Notebook: 09_sampling_musicvae
    """
    before, n = attributes(decode(z)), len(z)
    change = np.stack(
        [attributes(decode(z + vector)) - before for vector in vectors], axis=1
    ) / np.where(spread > 0, spread, 1)
    means = (rng.multinomial(n, np.full(n, 1 / n), draws) / n) @ change.reshape(n, -1)
    low, high = np.quantile(means, (0.025, 0.975), axis=0).reshape(2, *change.shape[1:])
    return change.mean(axis=0), low, high


def diagonal(mean: np.ndarray, low: np.ndarray, high: np.ndarray) -> int:
    """In how many rows of such a matrix the diagonal stands above all else: above the far end of each other entry's interval, of either sign.

    Notebook: 09_sampling_musicvae
    """
    others = np.maximum(np.abs(low), np.abs(high))
    np.fill_diagonal(others, -np.inf)
    return int((np.diag(mean) > others.max(axis=1)).sum())
