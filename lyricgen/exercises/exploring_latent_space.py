"""The exercises of the notebook exploring_latent_space."""

from __future__ import annotations

import numpy as np

from lyricgen.exercises import Exercise, Mistake
from lyricgen.models.musicvae.latent import partial_attribute_vectors

# The dimensions of z in the first exercise.
DIMENSIONS = 64

half_way = Exercise(
    form="one number",
    hint=(
        "the point is a/2 + b/2. How long is each half, and at what angle do two draws stand in "
        "so many dimensions? Then Pythagoras."
    ),
    right=lambda: float(np.sqrt(DIMENSIONS / 2)),
    why=(
        "Each coordinate of (a + b)/2 has the variance 1/4 + 1/4 = 1/2, so the length is 8 times "
        "the root of a half. Hardly any draw of the prior is so short. Whether that does harm is "
        "another question: the mu of melodies are shorter too, and section 2 measures it."
    ),
    mistakes={
        "as long as the ends": Mistake(
            lambda: 8.0,
            "that is how long the ends are, and the arc between them; the line cuts the corner.",
        ),
        "half of an end": Mistake(
            lambda: 4.0, "that is the length of a/2 alone; b/2 is added to it, at a right angle."
        ),
        "nothing": Mistake(
            lambda: 0.0,
            "that would be the middle between opposite vectors; two draws stand nearly at right "
            "angles.",
        ),
        "squared": Mistake(lambda: 32.0, "that is the square of the length: take its root."),
        "sum for mean": Mistake(
            lambda: float(np.sqrt(2 * DIMENSIONS)),
            "that is the length of a + b; the middle is half of it.",
        ),
        "difference": Mistake(
            lambda: float(np.sqrt(DIMENSIONS / 2)) / 2,
            "you halved once too often: a/2 and b/2 are 4 long each, at a right angle.",
        ),
        "a half": Mistake(
            lambda: 0.5,
            "0.5 is the share of the way, or the variance of one coordinate; the question is "
            "how long the point in the middle is.",
        ),
        "by dimension": Mistake(
            lambda: float(np.sqrt(0.5)),
            "that is the standard deviation of one coordinate; there are 64 of them.",
        ),
    },
    tolerance=0.02,
)


def _case(seed: int, size: int, length: float, t: float) -> tuple[np.ndarray, np.ndarray, float]:
    """Two vectors of one length, and a share of the way: the second exercise."""
    a, b = np.random.default_rng(seed).standard_normal((2, size))
    return length * a / np.linalg.norm(a), length * b / np.linalg.norm(b), t


CASES = (_case(9, 6, 2.0, 0.25), _case(10, 9, 3.0, 0.6))


def _angle(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.arccos(a @ b / (np.linalg.norm(a) * np.linalg.norm(b))))


def _along(a: np.ndarray, b: np.ndarray, t: float, w: float) -> np.ndarray:
    return (np.sin((1 - t) * w) * a + np.sin(t * w) * b) / np.sin(w)


def _weighted(
    a: np.ndarray,
    b: np.ndarray,
    t: float,
    w: float | None = None,
    a_over: float | None = None,
    b_over: float | None = None,
) -> np.ndarray:
    """The arc's formula with another angle, or other numbers below its two weights."""
    angle = _angle(a, b) if w is None else w
    sine = np.sin(angle)
    weight_a = np.sin((1 - t) * angle) / (a_over or sine)
    weight_b = np.sin(t * angle) / (b_over or sine)
    return weight_a * a + weight_b * b


def _arc(a: np.ndarray, b: np.ndarray, t: float) -> np.ndarray:
    return _along(a, b, t, _angle(a, b))


def _line(a: np.ndarray, b: np.ndarray, t: float) -> np.ndarray:
    return (1 - t) * a + t * b


def _stretched(a: np.ndarray, b: np.ndarray, t: float) -> np.ndarray:
    point = _line(a, b, t)
    return point * np.linalg.norm(a) / np.linalg.norm(point)


def _unscaled(answer) -> str | None:
    """Names the mistake that gives no number."""
    numbers = isinstance(answer, np.ndarray) and answer.dtype.kind == "f"
    if numbers and np.isnan(answer).any():
        return (
            "the arccos got a number above 1 and gave no number: "
            "divide a @ b by the two lengths first."
        )
    return None


arc = Exercise(
    form="a function of a, b, t that returns a vector",
    hint="w is the arccos of a @ b over both lengths; then (sin((1-t) w) a + sin(t w) b) / sin(w).",
    right=_arc,
    why=(
        "The point has the length of the ends, and turned a quarter of the angle. Where a and b "
        "are parallel, sin(w) is 0 and this formula has no answer: latent.slerp takes the line "
        "there."
    ),
    cases=CASES,
    mistakes={
        "line": Mistake(_line, "that is the straight line: its points are shorter than the ends."),
        "line made longer": Mistake(
            _stretched,
            "that is the line, stretched to the right length. It stays on the sphere, but turns "
            "slowly at the ends and fast in the middle.",
        ),
        "a and b swapped": Mistake(
            lambda a, b, t: _arc(a, b, 1 - t),
            "a and b are swapped: at t = 0 the point should be a.",
        ),
        "quarter turn": Mistake(
            lambda a, b, t: np.cos(np.pi * t / 2) * a + np.sin(np.pi * t / 2) * b,
            "that is right only where a and b stand at a right angle; in general the angle w is "
            "the arccos of a @ b over both lengths.",
        ),
        "not divided": Mistake(
            lambda a, b, t: _arc(a, b, t) * np.sin(_angle(a, b)),
            "the division by sin(w) is missing: at t = 0 the formula should give a itself.",
        ),
        "degrees": Mistake(
            lambda a, b, t: _along(a, b, t, float(np.degrees(_angle(a, b)))),
            "your angle is in degrees; NumPy's sine takes radians.",
        ),
        "cosine for the angle": Mistake(
            lambda a, b, t: _along(a, b, t, float(np.cos(_angle(a, b)))),
            "that takes the cosine for the angle: the arccos is missing.",
        ),
        "bracket": Mistake(
            lambda a, b, t: _weighted(a, b, t, a_over=1.0),
            "only the second term is divided by sin(w): a bracket is missing around the sum.",
        ),
        "bracket, first term": Mistake(
            lambda a, b, t: _weighted(a, b, t, b_over=1.0),
            "only the first term is divided by sin(w): both weights are.",
        ),
        "cosines": Mistake(
            lambda a, b, t: (
                (np.cos((1 - t) * _angle(a, b)) * a + np.cos(t * _angle(a, b)) * b)
                / np.sin(_angle(a, b))
            ),
            "these are cosines; both weights are sines.",
        ),
        "minus": Mistake(
            lambda a, b, t: _weighted(a, -b, t, w=_angle(a, b)),
            "the second term is taken away; the two terms are added.",
        ),
        "divided by the angle": Mistake(
            lambda a, b, t: _along(a, b, t, _angle(a, b)) * np.sin(_angle(a, b)) / _angle(a, b),
            "you divide by w; the formula divides by sin(w).",
        ),
        "the middle": Mistake(
            lambda a, b, t: _arc(a, b, 0.5), "that is the middle of the arc, whatever t is."
        ),
        "roots": Mistake(
            lambda a, b, t: np.sqrt(1 - t**2) * a + t * b,
            "these are the weights of a blend with noise; on the arc they are sines of shares of "
            "the angle.",
        ),
        "roots of the shares": Mistake(
            lambda a, b, t: np.sqrt(1 - t) * a + np.sqrt(t) * b,
            "these weights keep the length only at a right angle, and turn unevenly; on the arc "
            "they are sines of shares of the angle.",
        ),
        "unit length": Mistake(
            lambda a, b, t: _arc(a, b, t) / np.linalg.norm(a),
            "the direction is right, and the length is 1: use a and b as they are in the sum, and "
            "their lengths only for the angle.",
        ),
    },
    when=_unscaled,
)


# The third exercise: the density and the z of twelve melodies.
DENSITY = np.array([0.31, 0.5, 0.22, 0.41, 0.47, 0.19, 0.38, 0.53, 0.28, 0.44, 0.25, 0.34])


def _latents() -> np.ndarray:
    noise = np.random.default_rng(3).standard_normal((12, 3))
    return np.round(noise + np.outer(DENSITY - 0.36, (4, -3, 0)), 2)


Z = _latents()
_RANKED = Z[DENSITY.argsort()]


def _means(high: slice, low: slice) -> np.ndarray:
    return _RANKED[high].mean(axis=0) - _RANKED[low].mean(axis=0)


def _by_regression() -> np.ndarray:
    (vector_of_density,) = partial_attribute_vectors(Z, DENSITY[:, None])
    return vector_of_density


def _direction() -> np.ndarray:
    difference = _means(slice(9, 12), slice(0, 3))
    return difference / np.linalg.norm(difference)


vector = Exercise(
    form="an array of three numbers, of the shape (3,)",
    hint=(
        "sort the melodies by density. The mean z of the last quarter, minus the mean z of the "
        "first; a quarter of twelve is three."
    ),
    right=lambda: _means(slice(9, 12), slice(0, 3)),
    why=(
        "Nothing was trained for this: two means and a difference. What else changes along the "
        "vector is whatever goes with density in these melodies, which is why the matrix is "
        "measured."
    ),
    mistakes={
        "sign": Mistake(
            lambda: _means(slice(0, 3), slice(9, 12)),
            "the sign is turned: this vector makes melodies sparser. It is most minus least.",
        ),
        "halves": Mistake(
            lambda: _means(slice(6, 12), slice(0, 6)),
            "these are the two halves; take the outer quarters, three melodies each.",
        ),
        "thirds": Mistake(
            lambda: _means(slice(8, 12), slice(0, 4)),
            "these are thirds, four melodies each; a quarter of twelve is three.",
        ),
        "one each": Mistake(
            lambda: _means(slice(11, 12), slice(0, 1)),
            "that is the densest melody minus the sparsest: all that is peculiar to the two is in "
            "it.",
        ),
        "the top alone": Mistake(
            lambda: _RANKED[9:].mean(axis=0),
            "that is the place of the dense melodies; a direction needs the sparse ones taken "
            "away.",
        ),
        "against all": Mistake(
            lambda: _RANKED[9:].mean(axis=0) - Z.mean(axis=0),
            "you took away the mean of all melodies, not that of the lowest quarter.",
        ),
        "half of it": Mistake(
            lambda: _means(slice(9, 12), slice(0, 3)) / 2,
            "that is half of it: the vector leads from one quarter's mean to the other's, not to "
            "the middle between them.",
        ),
        "medians": Mistake(
            lambda: np.median(_RANKED[9:], axis=0) - np.median(_RANKED[:3], axis=0),
            "these are medians of the quarters; the attribute vector is a difference of means.",
        ),
        "regression": Mistake(
            lambda: np.polyfit(DENSITY, Z, 1)[0],
            "that is the slope of a regression of z on density; the attribute vector is a "
            "difference of two means.",
        ),
        "regression over the quarters": Mistake(
            _by_regression,
            "that is the vector by regression, as long as the step between the quarters. The "
            "vector by quarters is a difference of two means.",
        ),
        "sums": Mistake(
            lambda: 3 * _means(slice(9, 12), slice(0, 3)),
            "these are sums; the mean of a quarter divides by its three melodies.",
        ),
        "unsorted": Mistake(
            lambda: Z[9:].mean(axis=0) - Z[:3].mean(axis=0),
            "these are the last and the first three as they stand; sort by density first.",
        ),
        "two a side": Mistake(
            lambda: _means(slice(10, 12), slice(0, 2)),
            "these are the two outer melodies on each side; a quarter of twelve is three.",
        ),
        "off by one": Mistake(
            lambda: _means(slice(8, 11), slice(1, 4)),
            "your slices are off by one: the last three and the first three of the sorted ones.",
        ),
        "sum of the means": Mistake(
            lambda: _RANKED[9:].mean(axis=0) + _RANKED[:3].mean(axis=0),
            "these are the two means added; the vector leads from one to the other.",
        ),
        "against the rest": Mistake(
            lambda: _means(slice(9, 12), slice(0, 9)),
            "you took away the mean of all other melodies, not that of the lowest quarter.",
        ),
        "columns sorted": Mistake(
            lambda: np.sort(Z, axis=0)[9:].mean(axis=0) - np.sort(Z, axis=0)[:3].mean(axis=0),
            "you sorted the numbers of Z; sort the melodies by their density.",
        ),
        "of length 1": Mistake(
            _direction,
            "the direction is right; the length belongs to it, as it says how far apart the "
            "quarters are. Do not divide by it.",
        ),
    },
)
