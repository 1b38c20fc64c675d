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
        ([134, 13, 32], "Not yet:", "the second byte lacks its high bit"),
        ([6, 141, 32], "Not yet:", "the first byte lacks its high bit"),
        ([6, 13, 160], "Not yet:", "the high bits are the wrong way round"),
        ([32, 13, 6], "Not yet:", "in the wrong order and without high bits"),
        ([86, 141, 20], "Not yet:", "the bytes in base 16"),
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
        ([0, 0.5, 0.75, 0.875, 1.375, 1.625], "the wait before that event is still at the first"),
        ([0, 0.5, 0.75, 1, 3, 4], "the new tempo is faster, not slower"),
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


# A repaired function, as a reader writes it. A wrong one differs in a few lines.
REPAIRED = """
def find_notes(events):
    started = {}
    notes = []
    tick = 0
    for delta, status, pitch, velocity in events:
        tick += delta
        if status == 0x90 and velocity > 0:
            started.setdefault(pitch, []).append(tick)
        elif started.get(pitch):
            onset = started[pitch].pop(0)
            notes.append((onset, tick - onset, pitch))
    return sorted(notes)
"""
POP = "started[pitch].pop(0)"
START = "started.setdefault(pitch, []).append(tick)"
APPEND = "            notes.append((onset, tick - onset, pitch))\n"
AFTER = "    return sorted(notes)"
STILL_OPEN = "    for pitch, onsets in started.items():\n        for onset in onsets:\n"
CLOSED = "            for onset in started.pop(pitch):\n    "


def rewritten(*changes):
    """A reader's function: REPAIRED with some of its lines changed."""
    text = REPAIRED
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new)
    names = {}
    exec(text, names)
    return names["find_notes"]


WRONG_REPAIRS = {
    "length 0 left out": ([(APPEND, f"            if tick > onset:\n    {APPEND}")], "of length 0"),
    "length 0 not ended": (
        [("started.get(pitch)", "started.get(pitch) and started[pitch][0] < tick")],
        "of length 0",
    ),
    "a set": ([("sorted(notes)", "sorted(set(notes))")], "of two equal notes one is missing"),
    "a set from the beginning": (
        [("notes = []", "notes = set()"), ("notes.append", "notes.add")],
        "of two equal notes one is missing",
    ),
    "starts in the signature": (
        [("(events)", "(events, started={})"), ("    started = {}\n", "")],
        "remembers starts of an earlier call",
    ),
    "notes in the signature": (
        [("(events)", "(events, notes=[])"), ("    notes = []\n", "")],
        "returned the notes of an earlier call too",
    ),
    "endless until the last tick": (
        [(AFTER, f"{STILL_OPEN}{APPEND}{AFTER}")],
        "a note that never ends is in your list",
    ),
    "endless of length 0": (
        [(AFTER, f"{STILL_OPEN}            notes.append((onset, 0, pitch))\n{AFTER}")],
        "a note that never ends is in your list",
    ),
    "start not removed": ([(POP, "started[pitch][0]")], "used more than once"),
    "tick 0": ([(APPEND, f"            if onset:\n    {APPEND}")], "begin at tick 0 are missing"),
    "tick 0 and one start": (
        [
            (START, "started[pitch] = tick"),
            ("started.get(pitch)", "started.get(pitch, 0)"),
            (POP, "started.pop(pitch)"),
        ],
        "two faults are left: a pitch that is struck again",
    ),
    "all notes of a pitch end": (
        [(f"            onset = {POP}\n", CLOSED)],
        "one end closed both",
    ),
    "any pitch": (
        [
            (START, "started.setdefault(0, []).append(tick)"),
            ("started.get(pitch)", "started.get(0)"),
            (POP, "started[0].pop(0)"),
        ],
        "takes the oldest start of any pitch",
    ),
    "velocity alone": ([("status == 0x90 and ", "")], "whatever its velocity"),
    "status alone": ([(" and velocity > 0", "")], "here it began a note"),
    "end by velocity 0 passed over": (
        [("elif ", "elif status == 0x80 and ")],
        "a status 0x90 with velocity 0 is passed over",
    ),
    "end by 0x80 with a velocity passed over": (
        [("elif ", "elif velocity == 0 and ")],
        "with a velocity above 0 is passed over",
    ),
    "stops at a lone end": (
        [(AFTER, f"        else:\n            break\n{AFTER}")],
        "stops reading at an end",
    ),
    "return in the loop": ([(AFTER, f"    {AFTER}")], "is the return inside the loop"),
    "return at the first note": ([(APPEND, f"{APPEND}        {AFTER}\n")], "and no other"),
    "sign": ([("tick - onset", "onset - tick")], "the durations have the wrong sign"),
    "delta too late": (
        [("        tick += delta\n", ""), (AFTER, f"        tick += delta\n{AFTER}")],
        "add it before the tick is used",
    ),
    "delta of starts alone": (
        [("        tick += delta\n", ""), (START, f"tick += delta\n            {START}")],
        "the delta time of an end counts too",
    ),
    "sorted by pitch": (
        [("sorted(notes)", "sorted(notes, key=lambda note: note[2])")],
        "sort them by onset",
    ),
    "youngest first": ([("pop(0)", "pop()")], "the older one ends first"),
    "a second start ends the first": (
        [
            (
                START,
                "if pitch in started:\n                "
                "notes.append((started[pitch], tick - started[pitch], pitch))\n"
                "            started[pitch] = tick",
            ),
            ("started.get(pitch)", "pitch in started"),
            (POP, "started.pop(pitch)"),
        ],
        "a second start of a pitch does not end the first note",
    ),
}


@pytest.mark.parametrize("name", WRONG_REPAIRS)
def test_a_wrong_repair_is_refused_and_its_mistake_named_each_time(name):
    """Also a function that keeps something between calls gets the same answer twice."""
    changes, words = WRONG_REPAIRS[name]
    answer = rewritten(*changes)
    first = reading_midi.notes.verdict(answer)
    assert first.startswith("Not yet:") and words in first
    if "notes in" not in name:
        assert reading_midi.notes.verdict(answer) == first
    assert not reading_midi.notes.verdict(answer).startswith("Right")


@pytest.mark.parametrize(
    "changes",
    [
        [],
        [("sorted(notes)", "sorted(notes, key=lambda note: (note[0], note[2]))")],
        [("pitch))", "pitch, velocity))"), ("sorted(notes)", "sorted(note[:3] for note in notes)")],
        [("sorted(notes)", "__import__('numpy').array(sorted(notes))")],
        [(START, "started[pitch] = started.get(pitch, []) + [tick]")],
        [("started.get(pitch)", "len(started.get(pitch, [])) > 0")],
    ],
)
def test_a_right_repair_is_accepted_however_it_is_written(changes):
    assert reading_midi.notes.verdict(rewritten(*changes)).startswith("Right.")


def test_an_unknown_mistake_is_told_which_list_it_fails_on():
    found = reading_midi.notes.verdict(
        lambda events: [(a, d + (d == 0), p) for a, d, p in right_notes(events)]
    )
    assert "not where a note has length 0" in found and "size or a number" not in found


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
