"""The exercises of reading_midi and melody_dataset judge the answers of readers."""

import pytest

from lyricgen.exercises import melody_dataset, reading_midi


@pytest.mark.parametrize(
    "answer, verdict, word",
    [
        ([134, 141, 32], "Right.", "Three bytes"),
        (["134", "141", "32"], "Right.", "Three bytes"),
        (["86", "8D", "20"], "Not yet:", "the right bytes, as text: give numbers"),
        ("0x86, 0x8d, 0x20", "Not yet:", "the right bytes, as text: give numbers"),
        (bytes([0x86, 0x8D, 0x20]), "Not yet:", "list(answer)"),
        (["86", "8D", "21"], "Not yet:", "not every entry is a number"),
    ],
)
def test_digits(answer, verdict, word):
    found = reading_midi.digits.verdict(answer)
    assert found.startswith(verdict) and word in found


@pytest.mark.parametrize(
    "answer, word",
    [
        ([0, 500, 750, 1000, 1500, 1750], "milliseconds"),
        ([0, 0.5, 0.8, 1.0, 1.5, 1.8], "right to one decimal: give more"),
    ],
)
def test_times(answer, word):
    found = reading_midi.times.verdict(answer)
    assert found.startswith("Not yet:") and word in found


right_notes = reading_midi.notes.right


def prints_notes(events):
    """Prints the notes in place of a return."""
    for note in right_notes(events):
        print(note)


@pytest.mark.parametrize(
    "answer, word",
    [
        (lambda events: [(a, a + d, p) for a, d, p in right_notes(events)], "end of the note"),
        (lambda events: [(p, a, d) for a, d, p in right_notes(events)], "(onset, duration, pitch)"),
        (
            lambda events: sorted((p, a, d) for a, d, p in right_notes(events)),
            "(onset, duration, pitch)",
        ),
        (lambda events: right_notes(events)[::-1], "in another order: sort them"),
        (reading_midi._ended, "the right notes"),
        (prints_notes, "printed, but returned nothing"),
    ],
)
def test_notes(answer, word):
    found = reading_midi.notes.verdict(answer)
    assert found.startswith("Not yet:") and word in found


@pytest.mark.parametrize(
    "answer, verdict, word",
    [
        ("24", "Right.", "least common multiple"),
        (6, "Not yet:", "6 steps hold the triplets"),
        (32, "Not yet:", "of a whole note"),
    ],
)
def test_grid(answer, verdict, word):
    found = melody_dataset.grid.verdict(answer)
    assert found.startswith(verdict) and word in found


@pytest.mark.parametrize(
    "answer, word",
    [
        ([47, 0, 0, 0, 49, 0, 0, 0, 1, 0, 0, 0, 52, 0, 0, 0], "one too low"),
        ("G A C", "you gave text. The answer is a list of 16 numbers."),
    ],
)
def test_cut(answer, word):
    found = melody_dataset.cut.verdict(answer)
    assert found.startswith("Not yet:") and word in found


@pytest.mark.parametrize("answer", [[4, 1], {1, 4}, "1,4", (1, 4)])
def test_leak_in_any_order(answer):
    assert melody_dataset.leak.verdict(answer).startswith("Right.")
