"""The latent space: paths, grids, neighbours, and vectors that change an attribute."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from lyricgen import progress
from lyricgen.files import UserError
from lyricgen.models.bootstrap import NORMAL
from lyricgen.music.measures import attributes

# Draws of the clusters that an attribute's vector comes from, and the z's to which each
# is added
REPLICATES = 40
FEWER = 100


# From events (N, T) to A attributes of each melody, (N, A).
Measure = Callable[[np.ndarray], np.ndarray]

# From a to b, (..., Z) each, to a point for each share of the way.
PathBetween = Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray]


def line(a: np.ndarray, b: np.ndarray, share: float | np.ndarray) -> np.ndarray:
    """Returns points on the straight line from a to b: (1 - t) a + t b.

    a, b: (..., Z); share: a number t, or (S,) for points (S, ..., Z).
    Notebook: exploring_latent_space
    """
    a = np.asarray(a, np.float64)
    b = np.asarray(b, np.float64)
    t = _with_axes(share, max(a.ndim, b.ndim))
    return (1 - t) * a + t * b


def _with_axes(share: float | np.ndarray, axes: int) -> np.ndarray:
    """Returns shares with an axis more for each axis of a point, so that all meet."""
    t = np.asarray(share, np.float64)
    return t.reshape(t.shape + (1,) * axes)


def slerp(a: np.ndarray, b: np.ndarray, share: float | np.ndarray) -> np.ndarray:
    """Returns points on the arc from a to b around the origin.

    The direction turns evenly and the length changes evenly with the share of the way.
    a, b: (..., Z); share: a number, or (S,) for points (S, ..., Z).

    For a and b of one length, with the angle w between them, this is Shoemake's a
    sin((1 - t) w) / sin w + b sin(t w) / sin w. His formula divides by 0 for parallel
    vectors, and grows without bound for opposite ones of two lengths. Here a line joins
    parallel vectors, and any vector with 0; between opposite ones the arc passes
    through the axis on which a is smallest.
    Source: Shoemake 1985, section 3.3; White 2016, section 2.
    Notebook: exploring_latent_space
    """
    a = np.asarray(a, np.float64)
    b = np.asarray(b, np.float64)
    t = _with_axes(share, max(a.ndim, b.ndim))
    length_a = _length(a)
    length_b = _length(b)
    unit_a = a / np.where(length_a > 0, length_a, 1)
    unit_b = b / np.where(length_b > 0, length_b, 1)
    # A vector of length 0 has no direction, so it takes the other one's.
    u = np.where(length_a > 0, unit_a, unit_b)
    v = np.where(length_b > 0, unit_b, unit_a)
    cosine = _dot(u, v)
    across = v - cosine * u
    sine = _length(across)
    # Parallel and opposite vectors have no plane in which to turn: one is chosen.
    any_plane = _smallest_axis_across(u)
    across = np.where(sine > 1e-9, across, any_plane)
    across = across / np.maximum(_length(across), 1e-300)
    angle = t * np.arctan2(sine, cosine)
    length = (1 - t) * length_a + t * length_b
    direction = np.cos(angle) * u + np.sin(angle) * across
    return length * direction


def _length(vectors: np.ndarray) -> np.ndarray:
    return np.linalg.norm(vectors, axis=-1, keepdims=True)


def _dot(u: np.ndarray, v: np.ndarray) -> np.ndarray:
    products = u * v
    return products.sum(-1, keepdims=True)


def _smallest_axis_across(u: np.ndarray) -> np.ndarray:
    """Returns the axis on which u is smallest, less its share in the direction of u."""
    axes = np.eye(u.shape[-1])
    smallest = np.abs(u).argmin(-1)
    axis = axes[smallest]
    return axis - _dot(axis, u) * u


def interpolate(a: np.ndarray, b: np.ndarray, n: int, path: PathBetween = line) -> np.ndarray:
    """Returns n points from a to b, both included: (..., Z) twice -> (n, ..., Z).

    The path is `line` or `slerp`. Between the mu of two melodies the line is the
    better one: its middle is decoded into melodies that an n-gram finds likelier.
    Notebook: exploring_latent_space
    """
    shares = np.linspace(0, 1, n)
    return path(a, b, shares)


def grid(corners: np.ndarray, n: int, path: PathBetween = line) -> np.ndarray:
    """Returns n x n points between four z, row by row: (4, Z) -> (n, n, Z).

    The corners are upper left, upper right, lower left, lower right; the path is that
    of `interpolate`.
    Notebook: exploring_latent_space
    """
    upper_left, upper_right, lower_left, lower_right = np.asarray(corners)
    left = interpolate(upper_left, lower_left, n, path)
    right = interpolate(upper_right, lower_right, n, path)
    columns = interpolate(left, right, n, path)
    return columns.swapaxes(0, 1)


def similar(
    z: np.ndarray,
    similarity: float,
    rng: np.random.Generator,
    mean: np.ndarray | float = 0.0,
    factor: np.ndarray | None = None,
) -> np.ndarray:
    """Draws a z near each z (..., Z): s z + sqrt(1 - s²) noise.

    The similarity s goes from 0 (another draw) to 1 (the same z). The squares of the
    two weights sum to 1, so that a z of the prior gives a z of the prior, on average of
    the same length; the plain mean of z and noise is shorter. For z of a fitted
    Gaussian, give its mean (Z,) and Cholesky factor (Z, Z): the blend then happens in
    its whitened coordinates, in which that Gaussian is the prior.
    Raises: UserError for a similarity outside 0 to 1.
    Notebook: sampling_musicvae, exploring_latent_space
    """
    if not 0 <= similarity <= 1:
        raise UserError(
            f"The similarity is {similarity:g}; "
            "it should be from 0 (another melody) to 1 (the same)."
        )
    if factor is None:
        factor = np.eye(np.shape(z)[-1])
    deviation = np.asarray(z, np.float64) - mean
    noise = rng.standard_normal(deviation.shape)
    noise_weight = np.sqrt(1 - similarity**2)
    kept = mean + similarity * deviation
    return kept + (noise_weight * noise) @ factor.T


def attribute_vectors(z: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Returns, for each attribute, the direction in which it grows: (A, Z).

    z (N, Z) are those of N melodies, values (N, A) their attributes. The vector is the
    mean z of the quarter of the melodies with the most of an attribute, minus that of
    the quarter with the least. Melodies that are level at a quarter's edge share its
    last places evenly, because many melodies have no syncopation at all.
    Source: Roberts et al. 2018, section 5.3.3.
    Notebook: exploring_latent_space
    """
    vectors = []
    for column in np.asarray(values, np.float64).T:
        most = _top_quarter_weights(column)
        least = _top_quarter_weights(-column)
        vectors.append((most - least) @ z)
    return np.stack(vectors)


def partial_attribute_vectors(z: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Returns, for each attribute, the direction in which it alone grows: (A, Z).

    z (N, Z) are those of N melodies, values (N, A) their attributes. A linear
    regression of z on all attributes gives what one of them changes while the others
    stay; melodies with many notes, say, have smaller intervals. The vector goes as far
    as the quarter of the melodies with the most is above the quarter with the least.
    Notebook: exploring_latent_space
    """
    values = np.asarray(values, np.float64)
    spread = _unit(values.std(axis=0))
    scaled = (values - values.mean(axis=0)) / spread
    centred = z - z.mean(axis=0)
    slopes, *_ = np.linalg.lstsq(scaled, centred, rcond=None)  # (A, Z)
    distances = []
    for column in scaled.T:
        most = _top_quarter_weights(column)
        least = _top_quarter_weights(-column)
        distances.append((most - least) @ column)
    return np.array(distances)[:, None] * slopes


def _top_quarter_weights(values: np.ndarray) -> np.ndarray:
    """Returns weights (N,), of sum 1, that average over the quarter with the most."""
    places = max(1, len(values) // 4)
    edge = np.sort(values)[-places]
    above = values > edge
    level = values == edge
    places_left = places - above.sum()
    shared = level * places_left / level.sum()
    return (above + shared) / places


def effects(
    decode: Callable[[np.ndarray], np.ndarray],
    z: np.ndarray,
    vectors: np.ndarray,
    spread: np.ndarray,
    rng: np.random.Generator,
    draws: int = 1000,
    measure: Measure = attributes,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Returns what adding each attribute's vector to z changes in the decoded melodies.

    `decode` makes events (N, T) of z (N, Z); vectors (A, Z). The result is the mean
    change with the two ends of its interval: mean, low, high, each (A, A). A row is a
    vector, a column an attribute, in units of `spread` (A,), the standard deviation of
    an attribute over the data. 95 % of the means over bootstrap draws of the z's lie
    between low and high. `measure` counts the attributes; another one has the vectors
    of its own.
    Source: Roberts et al. 2018, figure 5 (in per cent, without intervals); Efron 1979.
    Notebook: exploring_latent_space
    """
    before = measure(decode(z))
    change = _changes(decode, z, vectors, before, measure) / _unit(spread)  # (N, A, A)
    means = _bootstrap_means(change, rng, draws)
    low, high = np.quantile(means, (0.025, 0.975), axis=0)
    return change.mean(axis=0), low, high


def _changes(
    decode: Callable[[np.ndarray], np.ndarray],
    z: np.ndarray,
    vectors: np.ndarray,
    before: np.ndarray,
    measure: Measure,
) -> np.ndarray:
    """Returns how each vector changes the attributes `before` (N, A): (N, A, A)."""
    changes = []
    for vector in vectors:
        after = measure(decode(z + vector))
        changes.append(after - before)
    return np.stack(changes, axis=1)


def _unit(spread: np.ndarray) -> np.ndarray:
    """Returns the unit of each attribute; one that never varies has 1."""
    return np.where(spread > 0, spread, 1)


def _bootstrap_means(change: np.ndarray, rng: np.random.Generator, draws: int) -> np.ndarray:
    """Returns the mean of changes (N, A, A) in each bootstrap draw of the z's."""
    n = len(change)
    uniform = np.full(n, 1 / n)
    counts = rng.multinomial(n, uniform, draws)  # (draws, N)
    weights = counts / n
    means = weights @ change.reshape(n, -1)
    return means.reshape(draws, *change.shape[1:])


def diagonal(mean: np.ndarray, low: np.ndarray, high: np.ndarray) -> int:
    """Counts the rows in which a vector changes its own attribute the most.

    mean, low and high (A, A) are those of `effects`. A row counts where the mean on the
    diagonal is above the far end of each other entry's interval, of either sign.
    """
    farthest = np.maximum(np.abs(low), np.abs(high))
    np.fill_diagonal(farthest, -np.inf)
    largest_other = farthest.max(axis=1)
    stands_out = np.diag(mean) > largest_other
    return int(stands_out.sum())


class PairedEffects(NamedTuple):
    """What vectors of A attributes change, and whether their own attribute stands out.

    `mean` (A, A) is that of `effects`. `difference` (A,) is the change of a vector's
    own attribute minus the largest change of another one, of either sign; with 95 % it
    is from `low` to `high`.
    """

    mean: np.ndarray
    difference: np.ndarray
    low: np.ndarray
    high: np.ndarray

    @property
    def standing_out(self) -> int:
        """The vectors whose difference is above 0 with its whole interval."""
        return int((self.low > 0).sum())


def own_less_other(mean: np.ndarray) -> np.ndarray:
    """Returns each row's diagonal less its largest other entry in size.

    mean: (..., A, A).
    Returns: (..., A).
    """
    size = np.abs(mean)
    places = np.arange(mean.shape[-1])
    size[..., places, places] = -np.inf
    return mean[..., places, places] - size.max(axis=-1)


def paired_effects(
    decode: Callable[[np.ndarray], np.ndarray],
    z: np.ndarray,
    known: tuple[np.ndarray, np.ndarray, np.ndarray],
    rng: np.random.Generator,
    vectors_of: Callable[[np.ndarray, np.ndarray], np.ndarray] = attribute_vectors,
    replicates: int = REPLICATES,
    measure: Measure = attributes,
) -> PairedEffects:
    """Returns `effects` with intervals for chance in the z's and in the vectors.

    `decode` makes events (N, T) of z (N, Z). `known` are the z (M, Z) of melodies,
    their attributes (M, A) and their clusters (M,); vectors and spread come from them:
    `vectors_of` makes the vectors. `measure` counts the attributes of what is decoded.

    Own and other change are of the same draw, so their difference is taken in each. Two
    parts of its variance are estimated one by one and added: that of the z's, by
    bootstrap over them; that of the vectors and the spread, by making both anew from
    bootstrap draws of the clusters (`replicates`), each on the same first FEWER z's.
    Source: Efron 1979; Roberts et al. 2018, figure 5 (without intervals).
    Notebook: exploring_latent_space
    """
    z_known, values, cluster = known
    before = measure(decode(z))
    vectors = vectors_of(z_known, values)
    change = _changes(decode, z, vectors, before, measure) / _unit(values.std(axis=0))
    by_z = own_less_other(_bootstrap_means(change, rng, 1000))
    names, index = np.unique(cluster, return_inverse=True)
    rows_of = np.split(np.argsort(index, kind="stable"), np.cumsum(np.bincount(index))[:-1])
    by_vectors = []
    for _ in progress.bar(range(replicates), "vectors"):
        drawn = rng.integers(len(names), size=len(names))
        rows = np.concatenate([rows_of[k] for k in drawn])
        vectors = vectors_of(z_known[rows], values[rows])
        again = _changes(decode, z[:FEWER], vectors, before[:FEWER], measure)
        mean = again.mean(axis=0) / _unit(values[rows].std(axis=0))
        by_vectors.append(own_less_other(mean))
    spread = np.hypot(by_z.std(axis=0), np.std(by_vectors, axis=0, ddof=1))
    mean = change.mean(axis=0)
    difference = own_less_other(mean)
    half = NORMAL * spread
    return PairedEffects(mean, difference, difference - half, difference + half)
