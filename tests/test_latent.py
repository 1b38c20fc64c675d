"""The latent space: arcs, neighbours, attributes, and the vectors that change them.

Arcs keep their length, neighbours stay in the prior, attributes are counted by hand,
and vectors do what they are named for.
"""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lyricgen.files import UserError
from lyricgen.models.musicvae import latent
from lyricgen.music import keys as musical_keys
from lyricgen.music import measures as melody_measures
from lyricgen.music import melody
from lyricgen.music.melody import FIRST_ONSET, HOLD, LOWEST, REST

seeds = st.integers(0, 2**32 - 1)
shares = st.floats(0, 1)


def two(seed: int, Z: int = 6) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((2, Z))


def angle(u: np.ndarray, v: np.ndarray) -> float:
    """Returns the angle between unit vectors, exact for small angles too."""
    return 2 * np.arctan2(np.linalg.norm(u - v), np.linalg.norm(u + v))


def at(pitch: int) -> int:
    return pitch - LOWEST + FIRST_ONSET


@given(seeds)
def test_slerp_begins_and_ends_where_it_should(seed):
    a, b = two(seed)
    np.testing.assert_allclose(latent.slerp(a, b, np.array([0, 1])), [a, b], atol=1e-12)


@given(seeds, shares)
def test_slerp_is_shoemakes_for_vectors_of_one_length(seed, t):
    a, b = two(seed)
    b *= np.linalg.norm(a) / np.linalg.norm(b)
    w = np.arccos(a @ b / (a @ a))
    expected = (a * np.sin((1 - t) * w) + b * np.sin(t * w)) / np.sin(w)
    np.testing.assert_allclose(latent.slerp(a, b, t), expected, atol=1e-9)


@given(seeds, shares)
def test_slerp_is_even_in_length_and_angle_and_the_same_from_the_other_end(seed, t):
    a, b = two(seed)
    point = latent.slerp(a, b, t)
    length_a, length_b, length = map(np.linalg.norm, (a, b, point))
    assert length == pytest.approx((1 - t) * length_a + t * length_b)
    turned = angle(a / length_a, point / length)
    whole = angle(a / length_a, b / length_b)
    assert turned == pytest.approx(t * whole, abs=1e-9)
    np.testing.assert_allclose(point, latent.slerp(b, a, 1 - t), atol=1e-9)


def test_slerp_a_quarter_turn_by_hand():
    np.testing.assert_allclose(
        latent.slerp(np.array([1, 0]), np.array([0, 1]), 0.5), [0.5**0.5, 0.5**0.5]
    )
    straight = np.array([0.5, 0.5])
    assert np.linalg.norm(straight) < 0.71, (
        "a straight line leaves the shell on which the prior's z lie"
    )


@given(seeds, shares, st.floats(0.1, 10))
def test_slerp_of_parallel_vectors_is_a_line(seed, t, scale):
    a, _ = two(seed)
    np.testing.assert_allclose(latent.slerp(a, scale * a, t), (1 - t + t * scale) * a, atol=1e-9)


@given(seeds, shares, st.floats(0.1, 10), st.sampled_from([0, 1e-14, 1e-10, 1e-8, 1e-4]))
def test_slerp_of_opposite_vectors_stays_within_bounds(seed, t, scale, off):
    a, other = two(seed)
    b = -scale * (a + off * other)
    point = latent.slerp(a, b, t)
    expected = (1 - t) * np.linalg.norm(a) + t * np.linalg.norm(b)
    assert np.linalg.norm(point) == pytest.approx(expected)
    np.testing.assert_allclose(latent.slerp(a, b, np.array([0, 1])), [a, b], atol=1e-6)


@given(seeds, shares)
def test_slerp_from_and_to_nothing_is_a_line(seed, t):
    a, _ = two(seed)
    zero = np.zeros_like(a)
    np.testing.assert_allclose(latent.slerp(zero, a, t), t * a, atol=1e-12)
    np.testing.assert_allclose(latent.slerp(a, zero, t), (1 - t) * a, atol=1e-12)
    assert not latent.slerp(zero, zero, t).any()


def test_slerp_takes_batches_and_arrays_of_shares():
    rng = np.random.default_rng(0)
    a = rng.standard_normal((3, 4))
    b = rng.standard_normal((3, 4))
    b[1] = -a[1]
    shares = np.array([0, 0.3, 1])
    points = latent.slerp(a, b, shares)
    assert points.shape == (3, 3, 4)
    assert latent.slerp(a, b, 0.3).shape == (3, 4)
    for s, t in enumerate(shares):
        for k in range(3):
            np.testing.assert_allclose(points[s, k], latent.slerp(a[k], b[k], t), atol=1e-12)


def test_a_line_takes_batches_and_arrays_of_shares():
    a, b = np.random.default_rng(0).standard_normal((2, 3, 4))
    points = latent.line(a, b, np.array([0, 0.25, 1]))
    np.testing.assert_allclose(points, [a, 0.75 * a + 0.25 * b, b], atol=1e-12)
    np.testing.assert_allclose(latent.line(a[0], b[0], 0.25), points[1, 0], atol=1e-12)


@pytest.mark.parametrize("path", [latent.line, latent.slerp])
def test_interpolate_and_grid(path):
    corners = np.random.default_rng(1).standard_normal((4, 5))
    board = latent.grid(corners, 5, path)
    assert board.shape == (5, 5, 5)
    np.testing.assert_allclose(board[[0, 0, -1, -1], [0, -1, 0, -1]], corners, atol=1e-12)
    top = latent.interpolate(corners[0], corners[1], 5, path)
    left = latent.interpolate(corners[0], corners[2], 5, path)
    np.testing.assert_allclose(board[0], top, atol=1e-12)
    np.testing.assert_allclose(board[:, 0], left, atol=1e-12)


def test_the_line_is_the_path_of_interpolate_and_grid_unless_another_is_named():
    corners = np.random.default_rng(2).standard_normal((4, 5))
    a, b = corners[:2]
    points = latent.interpolate(a, b, 7)
    assert points.shape == (7, 5)
    np.testing.assert_allclose(points[3], (a + b) / 2, atol=1e-12)
    np.testing.assert_allclose(np.diff(points, 2, axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(latent.grid(corners, 5)[2, 2], corners.mean(axis=0), atol=1e-12)
    on_arc = latent.interpolate(a, b, 7, latent.slerp)[3]
    np.testing.assert_allclose(on_arc, latent.slerp(a, b, 0.5), atol=1e-12)
    assert np.linalg.norm(on_arc) > np.linalg.norm(points[3]) + 0.1


@settings(max_examples=20)
@given(seeds, shares)
def test_similar_keeps_the_prior(seed, s):
    rng = np.random.default_rng(seed)
    z = rng.standard_normal((20_000, 3))
    near = latent.similar(z, s, rng)
    np.testing.assert_allclose(np.cov(near.T), np.eye(3), atol=0.06)
    np.testing.assert_allclose((z * near).mean(axis=0), s, atol=0.04)


def test_similar_in_the_coordinates_of_a_fitted_gaussian():
    rng = np.random.default_rng(2)
    mean, factor = np.array([3.0, -1.0]), np.array([[2.0, 0.0], [0.5, 0.1]])
    z = mean + rng.standard_normal((40_000, 2)) @ factor.T
    near = latent.similar(z, 0.6, rng, mean, factor)
    np.testing.assert_allclose(near.mean(axis=0), mean, atol=0.05)
    np.testing.assert_allclose(np.cov(near.T), factor @ factor.T, atol=0.1)
    plain = latent.similar(z, 0.6, rng)
    assert abs(np.cov(plain.T)[0, 0] - 4) > 0.5, (
        "without its coordinates the blend leaves the Gaussian"
    )


def test_similar_at_its_ends():
    z = np.random.default_rng(3).standard_normal((5, 4))
    np.testing.assert_allclose(latent.similar(z, 1, np.random.default_rng(0)), z)
    np.testing.assert_allclose(
        latent.similar(z, 0, np.random.default_rng(0)),
        np.random.default_rng(0).standard_normal((5, 4)),
    )
    for wrong in (-0.1, 1.1, float("nan")):
        with pytest.raises(UserError, match="from 0"):
            latent.similar(z, wrong, np.random.default_rng(0))


def slowly(events: np.ndarray) -> list[float]:
    """Returns the attributes of one melody as their definitions read, note by note."""
    notes = melody.to_notes(events).tolist()
    onsets = [onset for onset, _, _ in notes]
    pitches = [pitch for _, _, pitch in notes]
    n = max(1, len(notes))
    jumps = [abs(after - before) for before, after in zip(pitches, pitches[1:])]

    def syncopation(k: int) -> float:
        late = [t for t in onsets if t % (2 * k) == k and t - k not in onsets]
        return len(late) / n

    return [
        sum(pitch % 12 in musical_keys.C_MAJOR for pitch in pitches) / n,
        len(notes) / len(events),
        sum(jumps) / max(1, len(jumps)),
        syncopation(2),
        syncopation(1),
    ]


melodies = st.lists(
    st.one_of(st.just(HOLD), st.just(REST), st.integers(at(60), at(72))), min_size=16, max_size=16
)


@given(st.lists(melodies, min_size=1, max_size=4))
def test_attributes_are_what_they_are_defined_as(drawn):
    events = melody.canonical(np.array(drawn))
    np.testing.assert_allclose(melody_measures.attributes(events), [slowly(row) for row in events])


def test_attributes_by_hand():
    C, E, Fis = at(60), at(64), at(66)
    rows = np.full((4, 16), HOLD)
    rows[0, [0, 4, 8, 12]] = C, E, Fis, C  # on the quarters
    rows[1, [0, 2, 6, 10]] = C  # 6 and 10 with no onset on their quarters, 4 and 8
    rows[2, [0, 1, 3, 7]] = C  # 1 follows 0; 3 and 7 have none before them
    rows[3, 0] = REST
    np.testing.assert_allclose(
        melody_measures.attributes(rows),
        [
            [3 / 4, 1 / 4, (4 + 2 + 6) / 3, 0, 0],
            [1, 1 / 4, 0, 2 / 4, 0],
            [1, 1 / 4, 0, 0, 2 / 4],
            [0] * 5,
        ],
    )


@given(melodies, st.integers(-12, 12))
def test_only_the_scale_depends_on_the_key(drawn, semitones):
    events = melody.canonical(np.array([drawn]))
    moved = melody_measures.attributes(melody.transpose(events, semitones))
    np.testing.assert_allclose(moved[:, 1:], melody_measures.attributes(events)[:, 1:])
    if semitones % 12 == 0:
        np.testing.assert_allclose(moved, melody_measures.attributes(events))


def test_attribute_vectors_by_hand():
    z = np.array([[0.0, 1], [1, 1], [2, 1], [3, 1], [4, 1], [5, 1], [6, 1], [9, 1]])
    values = np.arange(8.0)[:, None]
    expected = [[(6 + 9) / 2 - (0 + 1) / 2, 0]]
    np.testing.assert_allclose(latent.attribute_vectors(z, values), expected)
    np.testing.assert_allclose(latent.attribute_vectors(z, -values), [[-7, 0]])


@given(seeds)
def test_melodies_that_are_level_share_their_places(seed):
    rng = np.random.default_rng(seed)
    z = rng.standard_normal((12, 3))
    values = np.array([[0.0]] * 10 + [[1.0]] * 2)
    # The top three places go to two melodies, and a tenth of one to each of the rest.
    rest = z[:10].mean(axis=0)
    expected = (z[10:].sum(axis=0) + rest) / 3 - rest
    order = rng.permutation(12)
    vectors = latent.attribute_vectors(z, values)
    shuffled = latent.attribute_vectors(z[order], values[order])
    np.testing.assert_allclose(vectors[0], expected, atol=1e-12)
    np.testing.assert_allclose(shuffled[0], expected, atol=1e-12)


def as_they_are(events):
    """Takes what is decoded for its own attributes."""
    return events


def test_effects_of_vectors_that_do_exactly_what_they_should():
    rng = np.random.default_rng(4)
    z = rng.standard_normal((50, 5))
    spread = np.array([1.0, 2, 4, 5, 10])
    vectors = rng.standard_normal((5, 5))
    for matrix in latent.effects(lambda z: z, z, vectors, spread, rng, measure=as_they_are):
        np.testing.assert_allclose(matrix, vectors / spread, atol=1e-9)
    found = latent.effects(lambda z: z, z, np.eye(5), spread, rng, measure=as_they_are)
    assert latent.diagonal(*found) == 5


def test_effects_have_intervals_that_hold_what_is_there():
    rng = np.random.default_rng(5)
    z = np.zeros((100, 2))
    true = np.eye(2)

    def noisy_decoder():
        """Returns a decoder that adds noise to the second and the third z's."""
        noise = iter((0, *rng.standard_normal((2, 100, 2))))
        return lambda z: z + next(noise)

    inside = []
    for _ in range(40):
        decode = noisy_decoder()
        mean, low, high = latent.effects(decode, z, true, np.ones(2), rng, 300, as_they_are)
        inside.append((low <= true) & (true <= high))
        assert (low < mean).all()
        assert (mean < high).all()
        assert 0.2 < (high - low).mean() < 0.6
    assert 0.85 < np.mean(inside) <= 1


def test_a_decoder_that_ignores_z_has_no_effects():
    tune = melody.canonical(np.array([[at(60), 0, at(64), 0] * 4]))
    mean, low, high = latent.effects(
        lambda z: np.repeat(tune, len(z), axis=0),
        np.zeros((9, 3)),
        np.ones((5, 3)),
        np.ones(5),
        np.random.default_rng(0),
    )
    assert not mean.any()
    assert not low.any()
    assert not high.any()
    assert latent.diagonal(mean, low, high) == 0


def test_the_diagonal():
    mean = np.array([[1.0, 0.2], [0.5, 0.6]])
    assert latent.diagonal(mean, mean - 0.05, mean + 0.05) == 2
    assert latent.diagonal(mean, mean - 0.2, mean + 0.2) == 1, "0.6 is inside of 0.3 to 0.7"
    negative = np.array([[1.0, -2], [0, -1]])
    assert latent.diagonal(negative, negative, negative) == 0, "of either sign"


def test_paired_differences_stand_out_only_where_they_are_sure():
    """The second attribute and the third are one and the same."""
    rng = np.random.default_rng(6)
    z_known = rng.standard_normal((400, 2))

    def decode(z):
        return z[:, [0, 1, 1]]

    known = (z_known, decode(z_known), np.repeat(np.arange(100), 4))
    z = rng.standard_normal((200, 2))
    found = latent.paired_effects(decode, z, known, rng, measure=as_they_are)
    assert found.mean.shape == (3, 3)
    np.testing.assert_allclose(found.difference, latent.own_less_other(found.mean))
    assert found.low[0] < found.difference[0] < found.high[0], "chance in the vectors alone"
    assert found.low[0] > 0, "the first moves nothing else"
    # Their own changes are uncertain and their differences are not.
    np.testing.assert_allclose([found.low[1:], found.high[1:]], 0, atol=1e-12)
    assert (found.mean[1:, 1] > 1).all()


def test_paired_intervals_hold_what_is_there():
    """Vectors of new data each time: the interval holds the true difference."""
    rng = np.random.default_rng(7)
    z = rng.standard_normal((50, 2))

    def difference_of(count):
        """The paired effects where z is the attribute, in `count` clusters of 5."""
        centre = np.repeat(rng.standard_normal((count, 2)), 5, axis=0)
        z_known = centre + 0.1 * rng.standard_normal(centre.shape)
        known = (z_known, z_known, np.repeat(np.arange(count), 5))
        return latent.paired_effects(lambda z: z, z, known, rng, measure=as_they_are)

    true = difference_of(4_000).difference
    inside = []
    for _ in range(40):
        found = difference_of(60)
        inside.append((found.low <= true) & (true <= found.high))
    assert 0.8 < np.mean(inside) <= 1


def test_a_partial_vector_leaves_the_other_attributes():
    """The second attribute tends to come with the first, and has its own axis of z."""
    rng = np.random.default_rng(8)
    first, own = rng.standard_normal((2, 4000))
    values = np.stack([first, 0.8 * first + 0.6 * own], axis=1)
    z = np.stack([values[:, 0], values[:, 1], rng.standard_normal(4000)], axis=1)
    partial = latent.partial_attribute_vectors(z, values)
    quarters = latent.attribute_vectors(z, values)
    # A normal distribution has 2.54 deviations between its outer quarters.
    np.testing.assert_allclose(partial, [[2.54, 0, 0], [0, 2.54, 0]], atol=0.15)
    assert quarters[0, 1] > 1.8, "the plain vector takes the second one along"
    assert quarters[1, 0] > 1.8


def test_a_partial_vector_of_what_never_varies_is_nothing():
    rng = np.random.default_rng(9)
    z = rng.standard_normal((40, 3))
    values = np.stack([z[:, 0], np.full(40, 0.5)], axis=1)
    vectors = latent.partial_attribute_vectors(z, values)
    np.testing.assert_allclose(vectors[1], 0, atol=1e-12)
    assert vectors[0, 0] > 1


def test_own_less_other_is_of_either_sign():
    mean = np.array([[1.0, 0.2], [-0.7, 0.5]])
    np.testing.assert_allclose(latent.own_less_other(mean), [0.8, -0.2])
