"""Measures of melodies: what a copy, a hold and a shift must give, histograms by hand.

And the figures of real tunes and of a Markov chain.
"""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lyricgen.models.musicvae import posterior
from lyricgen.music import measures as metrics
from lyricgen.music import melody, tune_books
from lyricgen.music.melody import FIRST_ONSET, HOLD, LOWEST, REST

C_MAJOR = {0, 2, 4, 5, 7, 9, 11}


def at(*pitches: int) -> list[int]:
    return [pitch - LOWEST + FIRST_ONSET for pitch in pitches]


steps = st.one_of(st.just(HOLD), st.just(HOLD), st.just(REST), st.integers(*at(40, 90)))
batches = st.lists(st.lists(steps, min_size=8, max_size=8), min_size=1, max_size=5).map(
    lambda rows: melody.canonical(np.array(rows))
)
counts = st.lists(st.integers(0, 50), min_size=4, max_size=4).filter(any)


@given(batches)
def test_a_copy_is_right_in_every_measure(events):
    assert metrics.step_accuracy(events, events) == metrics.exact_share(events, events) == 1
    sounds = (events >= FIRST_ONSET).any()
    assert metrics.note_f1(events, events) == sounds
    assert (
        metrics.onset_accuracy(events, events) == 1
        if sounds
        else np.isnan(metrics.onset_accuracy(events, events))
    )


@given(batches)
def test_always_hold_has_the_holds_and_no_onset(events):
    hold = np.zeros_like(events)
    assert metrics.step_accuracy(hold, events) == (events == HOLD).mean()
    assert metrics.exact_share(hold, events) == metrics.note_f1(hold, events) == 0
    assert not metrics.onset_accuracy(hold, events) > 0


def test_accuracies_by_hand():
    C, D, E = at(60, 62, 64)
    events = np.array([[C, 0, D, 0], [E, 0, 0, 0]])
    decoded = np.array(
        [[C, 0, E, D], [E, 0, 0, 0]]
    )  # C and the second E are found; another E and a D are not there
    assert metrics.step_accuracy(decoded, events) == 6 / 8
    assert metrics.onset_accuracy(decoded, events) == 2 / 3
    assert metrics.exact_share(decoded, events) == 1 / 2
    precision, recall = 2 / 4, 2 / 3
    assert metrics.note_f1(decoded, events) == pytest.approx(
        2 * precision * recall / (precision + recall)
    )


@given(batches)
def test_histograms_note_by_note(events):
    jumps, lasting = np.zeros(49, int), np.zeros(8, int)
    for row in events:
        notes = melody.to_notes(row)
        for jump in np.diff(notes[:, 2]):
            jumps[np.clip(jump, -24, 24) + 24] += 1
        for duration in notes[:, 1]:
            lasting[duration - 1] += 1
    np.testing.assert_array_equal(metrics.intervals(events), jumps)
    np.testing.assert_array_equal(metrics.durations(events), lasting)


@given(batches, st.integers(-12, 12))
def test_what_is_drawn_in_another_key_is_as_real(events, semitones):
    moved = melody.transpose(events, semitones)
    np.testing.assert_array_equal(metrics.intervals(moved), metrics.intervals(events))
    np.testing.assert_array_equal(metrics.durations(moved), metrics.durations(events))
    assert metrics.in_scale(moved) == metrics.in_scale(events)


@given(batches)
def test_in_scale_melody_by_melody(events):
    pitches = [melody.to_notes(row)[:, 2].tolist() for row in events]
    best = sum(
        max(sum((pitch - tonic) % 12 in C_MAJOR for pitch in row) for tonic in range(12))
        for row in pitches
    )
    assert metrics.in_scale(events) == pytest.approx(best / max(1, sum(map(len, pitches))))


def test_in_scale_by_hand():
    scale = at(60, 62, 64, 65, 67, 69, 71, 72)
    assert metrics.in_scale(np.array([scale])) == 1
    assert metrics.in_scale(np.array([at(*range(60, 72))])) == 7 / 12, "all twelve"
    assert metrics.in_scale(np.array([scale, at(*range(60, 68))])) == (8 + 5) / 16, (
        "each note counts the same, each melody has its own scale"
    )


@given(counts, counts, st.integers(1, 9))
def test_jensen_shannon(p, q, k):
    found = metrics.jensen_shannon(p, q)
    assert -1e-12 <= found <= 1 + 1e-12 and found == pytest.approx(
        metrics.jensen_shannon(q, p), abs=1e-12
    )
    assert metrics.jensen_shannon(np.multiply(p, k), p) == pytest.approx(0, abs=1e-12)


def test_jensen_shannon_by_hand():
    assert metrics.jensen_shannon([1, 0], [0, 5]) == 1
    assert metrics.jensen_shannon([1, 1], [1, 0]) == pytest.approx(
        0.5 * (0.5 * np.log2(2 / 3) + 0.5 * np.log2(2)) + 0.5 * np.log2(4 / 3)
    )


def test_active_units():
    mu = np.zeros((1000, 3))
    mu[:, 1:] = np.random.default_rng(0).standard_normal((1000, 2)) * (0.05, 0.2)
    mu[:, 0] += 5  # far away, but the same for all
    assert posterior.active_units(mu) == 1


@settings(max_examples=10)
@given(st.integers(0, 10**6), st.integers(2, 60))
def test_mutual_information_at_its_ends(seed, n):
    rng = np.random.default_rng(seed)
    apart = 100.0 * np.arange(n)[:, None] + np.zeros(3)
    assert posterior.mutual_information(apart, np.ones((n, 3)), rng) == pytest.approx(np.log(n)), (
        "z says which one it was"
    )
    assert posterior.mutual_information(
        np.zeros((n, 3)), np.full((n, 3), 0.7), rng
    ) == pytest.approx(0, abs=1e-9), "z says nothing"


def test_mutual_information_of_gaussians():
    """One dimension, mu ~ N(0, 1), sigma 0.5: ln sqrt(1 + 1/0.25)."""
    rng = np.random.default_rng(1)
    found = posterior.mutual_information(
        rng.standard_normal((2000, 1)), np.full((2000, 1), 0.5), rng
    )
    assert found == pytest.approx(np.log(5) / 2, abs=0.06)


def test_real_tunes_and_a_markov_chain():
    """Real tunes are in a scale; a Markov chain is less so, and leaps.

    The chain knows the last event and the place in the bar.
    """
    loaded = tune_books.load_tunes()
    rng = np.random.default_rng(0)
    train = tune_books.cut_windows(loaded, 2, "train")[0].astype(int)
    test = tune_books.cut_windows(loaded, 2, "test")[0].astype(int)
    counted = np.zeros((32, 90, 90))
    for t in range(1, 32):
        np.add.at(counted[t], (train[:, t - 1], train[:, t]), 1)
    chain = train[rng.integers(len(train), size=1000)]
    for t in range(1, 32):
        cumulated = counted[t, chain[:, t - 1]].cumsum(axis=1)
        chain[:, t] = (cumulated <= rng.random((1000, 1)) * cumulated[:, -1:]).sum(axis=1)
    chain = melody.canonical(chain)
    assert metrics.in_scale(test) == pytest.approx(0.99, abs=0.005)
    assert metrics.in_scale(chain) == pytest.approx(0.92, abs=0.02)
    assert metrics.jensen_shannon(metrics.intervals(train), metrics.intervals(test)) < 0.002
    assert 0.05 < metrics.jensen_shannon(metrics.intervals(chain), metrics.intervals(test)) < 0.12
