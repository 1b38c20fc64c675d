"""The exercise of faster_lstm judges the answers that readers give."""

import pytest

from lyricgen.exercises import faster_lstm


@pytest.mark.parametrize(
    "answer, verdict, word",
    [
        (64 * 32 / 90, "Right.", "2048 rows"),
        (22.8, "Right.", "2048 rows"),
        ("22.76", "Right.", "2048 rows"),
        (23, "Not yet:", "give more"),
        (90 / 2048, "Not yet:", "inverse"),
        (32, "Not yet:", "saves no multiplication"),
        (2048, "Not yet:", "number of rows"),
    ],
)
def test_the_factor_of_the_table(answer, verdict, word):
    found = faster_lstm.table.verdict(answer)
    assert found.startswith(verdict) and word in found
