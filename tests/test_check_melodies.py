"""The exercises of reading_midi and melody_dataset judge the answers of readers."""

import inspect
import json
from collections import defaultdict

import course
import numpy as np
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
        ([0x80, 0x86, 0x8D, 0x20], "Not yet:", "the first byte adds nothing"),
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


def find_notes(events):
    """The function of the notebook, with its five faults."""
    tick = 0
    started = {}
    notes = []
    for delta, status, pitch, _ in events:
        tick += delta
        if status == 0x90:
            started[pitch] = tick
        else:
            notes.append((started[pitch], tick, pitch))
    return notes


def one_start(events):
    """All is repaired but the starts: one for each pitch, removed at its end."""
    tick = 0
    started = {}
    notes = []
    for delta, status, pitch, velocity in events:
        tick += delta
        if status == 0x90 and velocity:
            started[pitch] = tick
        elif pitch in started:
            onset = started.pop(pitch)
            notes.append((onset, tick - onset, pitch))
    return sorted(notes)


def stops_at_a_lone_end(events):
    """All is repaired but the end without a note."""
    tick = 0
    started = defaultdict(list)
    notes = []
    for delta, status, pitch, velocity in events:
        tick += delta
        if status == 0x90 and velocity:
            started[pitch].append(tick)
        else:
            onset = started[pitch].pop(0)
            notes.append((onset, tick - onset, pitch))
    return sorted(notes)


@pytest.mark.parametrize(
    "answer, words",
    [
        (find_notes, ("5 faults are left: a start with velocity 0", "sorted", "pass over it")),
        (one_start, ("still to repair: a pitch that is struck again",)),
        (stops_at_a_lone_end, ("stopped with IndexError", "pass over it")),
        (lambda events: right_notes(events)[:-1], ("Not yet:",)),
        (lambda events: [(60, 0, 1)] + right_notes(events), ("Not yet:",)),
    ],
)
def test_the_repair_of_notes(answer, words):
    found = reading_midi.notes.verdict(answer)
    assert found.startswith("Not yet:") and all(word in found for word in words)


def test_the_notebook_asks_for_the_repair_that_is_tested():
    book = json.loads(course.find("reading_midi").path.read_text("utf-8"))
    sources = ["".join(cell["source"]) for cell in book["cells"]]
    asked = inspect.getsource(find_notes).split('"""')
    assert any(asked[2].strip() in source for source in sources)


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
        ([48, 0, 0, 0, 0, 0, 0, 0, 50, 0, 0, 0, 53, 0, 0, 0], "4 of them were in the first bar"),
        ("G A C", "you gave text. The answer is a list of 16 numbers."),
    ],
)
def test_cut(answer, word):
    found = melody_dataset.cut.verdict(answer)
    assert found.startswith("Not yet:") and word in found


right_tunes = melody_dataset.leak.right


@pytest.mark.parametrize("as_returned", [lambda tunes: tunes[::-1], set, tuple, np.array])
def test_leak_in_any_order_and_form(as_returned):
    def leaking(near, splits):
        return as_returned(right_tunes(near, splits))

    assert melody_dataset.leak.verdict(leaking).startswith("Right.")


def by_search(near, splits):
    """Goes from tune to tune along the pairs: another right way."""
    found = []
    for tune, split in enumerate(splits):
        reached, new = {tune}, {tune}
        while new:
            new = {b for pair in near for a in pair for b in pair if a in new} - reached
            reached |= new
        if split == "test" and any(splits[other] == "train" for other in reached):
            found.append(tune)
    return found


def until_nothing_changes(near, splits):
    """Lowers the numbers of clusters along the pairs until none changes."""
    cluster = np.arange(len(splits))
    for _ in splits:
        for a, b in near:
            cluster[[a, b]] = min(cluster[a], cluster[b])
    training = cluster[np.array(splits) == "train"]
    return np.flatnonzero(np.isin(cluster, training) & (np.array(splits) == "test"))


@pytest.mark.parametrize("answer", [by_search, until_nothing_changes])
def test_leak_accepts_other_ways(answer):
    assert melody_dataset.leak.verdict(answer).startswith("Right.")


def as_given(near, splits):
    """The function of the notebook, which is to be repaired."""
    found = []
    for a, b in near:
        if splits[a] == "train" and splits[b] == "test":
            found.append(b)
    return sorted(found)


def in_both_directions(near, splits):
    """Repairs the direction and nothing else; a tune may come twice."""
    return sorted(as_given(near, splits) + as_given([(b, a) for a, b in near], splits))


def for_ten_tunes(near, splits):
    """Works for the tunes of the notebook alone."""
    return [1, 4]


def prints_tunes(near, splits):
    """Prints the tunes in place of a return."""
    print(right_tunes(near, splits))


@pytest.mark.parametrize(
    "answer, word",
    [
        (as_given, "the student's function"),
        (in_both_directions, "more than once"),
        (for_ten_tunes, "right where chains have three tunes at most"),
        (prints_tunes, "printed, but returned nothing"),
        ([1, 4], "give the function itself"),
        (lambda near, splits: ",".join(map(str, right_tunes(near, splits))), "returned text"),
        (
            lambda near, splits: np.isin(range(len(splits)), right_tunes(near, splits)),
            "True and False",
        ),
    ],
)
def test_leak_names_the_mistake(answer, word):
    found = melody_dataset.leak.verdict(answer)
    assert found.startswith("Not yet:") and word in found, found
