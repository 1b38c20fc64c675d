"""The exercises of faster_lstm and gpu_lab judge the answers that readers give."""

import pytest

from lyricgen.exercises import faster_lstm, gpu_lab


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


@pytest.mark.parametrize(
    "answer, verdict, word",
    [
        (2**-11, "Right.", "2048"),
        (0.000488, "Right.", "2048"),
        ("4.88e-4", "Right.", "2048"),
        (1 / 2048, "Right.", "2048"),
        (1 / 1024, "Not yet:", "two neighbours"),
        (2**-24, "Not yet:", "float32"),
        (1e-10, "Not yet:", "halves"),
        (2048, "Not yet:", "one over"),
    ],
)
def test_the_rounding_of_tf32(answer, verdict, word):
    found = gpu_lab.rounding.verdict(answer)
    assert found.startswith(verdict) and word in found


@pytest.mark.parametrize(
    "answer, verdict, word",
    [
        ("b", "Right.", "wait"),
        ("(B)", "Right.", "wait"),
        ("c", "Not yet:", "fully used"),
        ("e", "Not yet:", "one letter"),
        (10, "Not yet:", "one letter"),
    ],
)
def test_the_time_of_a_larger_batch(answer, verdict, word):
    found = gpu_lab.batch.verdict(answer)
    assert found.startswith(verdict) and word in found
