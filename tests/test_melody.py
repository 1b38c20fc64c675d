"""Melodies: the canonical form, notes and back, windows, transposition."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lyricgen.music import melody
from lyricgen.music.melody import FIRST_ONSET, HOLD, REST

EVENT = st.one_of(st.just(HOLD), st.just(REST), st.integers(FIRST_ONSET, melody.EVENTS - 1))
EVENTS = st.lists(EVENT, max_size=80).map(lambda values: np.array(values, np.uint8))
C4 = FIRST_ONSET + 60 - melody.LOWEST


@st.composite
def notes(draw) -> tuple[np.ndarray, int]:
    """Notes one after another, with rests or without, and the number of steps."""
    rows, place = [], 0
    for gap, duration, pitch in draw(
        st.lists(st.tuples(st.integers(0, 5), st.integers(1, 9), st.integers(21, 108)), max_size=12)
    ):
        rows.append((place + gap, duration, pitch))
        place += gap + duration
    return np.array(rows, np.int64).reshape(-1, 3), place + draw(st.integers(0, 6))


def test_there_are_ninety_events():
    assert melody.EVENTS == 90 and C4 == 41


def test_known_melody():
    events = melody.to_events(np.array([[2, 3, 60], [5, 1, 62], [7, 1, 60]]), 8)
    assert events.dtype == np.uint8
    assert events.tolist() == [REST, HOLD, C4, HOLD, HOLD, C4 + 2, REST, C4]
    assert melody.to_notes(events).tolist() == [[2, 3, 60], [5, 1, 62], [7, 1, 60]]


@pytest.mark.parametrize(
    ("written", "canonical"),
    [
        ([HOLD, HOLD, C4], [REST, HOLD, C4]),  # silence at the start is a REST
        ([REST, REST, C4], [REST, HOLD, C4]),  # it is silent already
        ([C4, REST, HOLD, REST], [C4, REST, HOLD, HOLD]),
        ([C4, C4, HOLD], [C4, C4, HOLD]),  # a note struck twice stays two notes
        ([], []),
    ],
)
def test_canonical_form(written, canonical):
    assert melody.canonical(np.array(written, np.uint8)).tolist() == canonical
    assert bool(melody.is_canonical(np.array(written, np.uint8))) == (written == canonical)


@given(EVENTS)
def test_canonical_events_survive_the_way_through_notes(written):
    events = melody.canonical(written)
    assert melody.is_canonical(events)
    assert np.array_equal(melody.canonical(events), events)
    assert np.array_equal(melody.to_events(melody.to_notes(events), len(events)), events)
    assert np.array_equal(melody.to_notes(written), melody.to_notes(events))
    assert np.array_equal(melody.sounding(written), melody.sounding(events))


@given(notes())
def test_notes_survive_the_way_through_events(given_notes):
    rows, steps = given_notes
    events = melody.to_events(rows[::-1], steps)
    assert melody.is_canonical(events)
    assert np.array_equal(melody.to_notes(events), rows)


@given(st.lists(EVENTS.filter(len), min_size=1, max_size=4))
def test_a_batch_is_treated_row_by_row(rows):
    length = min(map(len, rows))
    batch = np.stack([row[:length] for row in rows])
    assert np.array_equal(
        melody.canonical(batch), np.stack([melody.canonical(row) for row in batch])
    )
    assert melody.is_canonical(batch).tolist() == [bool(melody.is_canonical(row)) for row in batch]


@given(st.lists(EVENT, min_size=64, max_size=64), st.integers(1, 4), st.integers(1, 3))
def test_windows_sound_as_the_melody_does_there(values, bars, hop):
    events = melody.canonical(np.array(values, np.uint8))
    cut = melody.windows(events, bars, hop)
    starts = range(0, 4 - bars + 1, hop)
    assert cut.shape == (len(starts), 16 * bars) and melody.is_canonical(cut).all()
    for window, bar in zip(cut, starts):
        assert np.array_equal(
            melody.sounding(window), melody.sounding(events)[16 * bar : 16 * (bar + bars)]
        )


def test_a_window_strikes_a_cut_note_again():
    events = melody.to_events(np.array([[8, 16, 60]]), 32)
    assert melody.to_notes(melody.windows(events, 1)[1]).tolist() == [[0, 8, 60]]


def test_a_melody_that_is_too_short_has_no_window():
    assert melody.windows(np.full(16, HOLD, np.uint8), bars=2).shape == (0, 32)


@given(EVENTS, st.integers(-20, 20))
def test_transposition_and_back(written, semitones):
    events = melody.canonical(written)
    lowest, highest = melody.span(events)
    if (
        lowest <= highest
        and not melody.LOWEST <= lowest + semitones <= highest + semitones <= melody.HIGHEST
    ):
        with pytest.raises(ValueError, match="leaves the pitches"):
            melody.transpose(events, semitones)
        return
    moved = melody.transpose(events, semitones)
    assert np.array_equal(melody.transpose(moved, -semitones), events)
    assert np.array_equal(melody.to_notes(moved)[:, 2], melody.to_notes(events)[:, 2] + semitones)
    assert np.array_equal(melody.untransposed(moved), melody.untransposed(events))


def test_each_melody_of_a_batch_can_move_by_its_own_interval():
    batch = np.array([[C4, HOLD], [REST, C4]], np.uint8)
    assert melody.transpose(batch, np.array([1, -2])).tolist() == [[C4 + 1, HOLD], [REST, C4 - 2]]
    assert [row.tolist() for row in melody.span(batch)] == [[60, 60], [60, 60]]


def test_untransposed_tells_different_melodies_apart():
    rising, falling = np.array([C4, C4 + 2], np.uint8), np.array([C4 + 2, C4], np.uint8)
    assert not np.array_equal(melody.untransposed(rising), melody.untransposed(falling))


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([[0, 4, 60], [3, 2, 62]], "overlap"),
        ([[0, 4, 60], [0, 4, 64]], "overlap"),
        ([[14, 3, 60]], "within the melody's 16 steps"),
        ([[-1, 2, 60]], "within"),
        ([[0, 0, 60]], "at least one step"),
        ([[0, 2, 20]], "pitches go from 21 to 108"),
        ([[0, 2, 109]], "pitches"),
    ],
)
def test_notes_that_are_no_melody_are_refused(rows, message):
    with pytest.raises(ValueError, match=message):
        melody.to_events(np.array(rows), 16)


@pytest.mark.parametrize("events", [[90], [-1], [0.5], 3])
def test_numbers_that_are_no_events_are_refused(events):
    with pytest.raises(ValueError, match="whole numbers from 0 to 89"):
        melody.canonical(np.array(events))
