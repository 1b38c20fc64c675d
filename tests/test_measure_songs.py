import json

import measure_songs as tool
import numpy as np
import pytest

from lyricgen.files import DATA


def line_of(*pitches):
    """A line of quarters."""
    return [[0, 4, pitch] for pitch in pitches]


def tune_of(*lines):
    """A tune of lines of quarters, one after the other."""
    notes = np.array([note for line in lines for note in line_of(*line)])
    notes[:, 0] = 4 * np.arange(len(notes))
    first = np.cumsum([0, *map(len, lines)])[:-1]
    return tool.Notes(notes, tuple(first.tolist()))


FIRST = tune_of((60, 62, 64, 62), (62, 72, 71, 67), (60, 62, 64, 62), (64, 62, 60, 60))


def test_the_measures_of_a_tune_by_hand():
    found = tool.measure(FIRST)
    assert found["lines_on_the_note_before"] == pytest.approx(1 / 3)
    assert found["leaps_over_a_sixth"] == 1
    assert found["leaps_over_a_sixth_in_100_notes"] == pytest.approx(100 / 15)
    assert found["repeated_bars"] == pytest.approx(1 / 3)
    assert found["repeated_notes"] == pytest.approx(2 / 15)
    assert found["compass"] == 12
    assert found["place_of_the_peak"] == pytest.approx(5 / 16)
    assert found["notes_as_long_as_the_one_before"] == 1
    assert found["last_note_by_step"] == 0 and found["end_by_step"] == 1


def test_the_table_has_both_and_says_what_is_outside():
    other = tune_of((67, 65, 64, 62), (64, 62, 62, 60))
    table = tool.compare([other] * 4, [FIRST] * 10)
    assert set(table) == {*tool.OF_TUNES, *tool.OF_SETS, "songs_on_the_most_frequent_beginning"}
    assert table["last_note_by_step"] == {"songs": 1.0, "books": [0.0, 0.0, 0.0]}
    assert not tool.within(table["last_note_by_step"])
    assert tool.within(table["end_by_step"])
    assert table["compass"]["songs"] == [7.0, 7.0, 7.0]
    lines = tool.lines_of(table)
    assert len(lines) == len(table) + 1
    assert sum(line.endswith("outside") for line in lines) >= 2


def test_the_songs_that_were_measured_are_within_the_books():
    """The figures of the course's tunes, by `python experiments/measure_songs.py`."""
    stored = json.loads((DATA / "results" / "songs.json").read_text("utf-8"))
    assert stored["songs"] == tool.SONGS
    assert stored["bars_mended"] == 0
    assert set(stored["measures"]) >= {*tool.OF_TUNES, *tool.OF_SETS}
    for name in (
        "lines_on_the_note_before",
        "songs_on_the_most_frequent_beginning",
        "last_note_by_step",
        "leaps_over_a_sixth",
        "repeated_bars",
    ):
        assert tool.within(stored["measures"][name]), name
