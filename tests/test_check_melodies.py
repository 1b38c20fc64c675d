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
        "sorted by pitch: sort whole notes",
    ),
    "sorted by onset alone": (
        [("sorted(notes)", "sorted(notes, key=lambda note: note[0])")],
        "notes that begin together stand in the order in which they end",
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
        ("24.0", "Right.", "one bar in ten"),
        ([24], "Right.", "one bar in ten"),
        ("1/24", "Not yet:", "the length of a step"),
        (1 / 24, "Not yet:", "the length of a step"),
        (72, "Not yet:", "72 steps hold all of them, but so does a smaller number"),
        (4, "Not yet:", "the grid of 16ths"),
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
        ([48, 0, 0, 0, 0, 50, 0, 0, 0, 1, 0, 0, 0, 53, 0, 0], "one step late"),
        ([48, 1, 1, 1, 50, 1, 1, 1, 0, 1, 1, 1, 53, 1, 1, 1], "0 is HOLD, nothing changes"),
        ([48] * 4 + [50] * 4 + [1, 0, 0, 0] + [53] * 4, "strike the note four times"),
        ([48, 0, 0, 0, 0, 0, 0, 0, 50, 0, 0, 0, 1, 0, 0, 0], "the C at step 28 - 16 = 12"),
        ([48, 0, 0, 0, 50, 0, 0, 1, 0, 0, 0, 0, 53, 0, 0, 0], "one step early"),
        ([1] + [0] * 11 + [48, 0, 0, 0], "that is the first bar"),
        ([69, 0, 0, 0, 71, 0, 0, 0, 1, 0, 0, 0, 74, 0, 0, 0], "you added 2 to the pitches"),
        ([48, 0, 0, 0, 50, 0, 0, 0, 1, 0, 0, 0, 53, 0, 0, 1], "until the end of the window"),
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


def along_the_pairs(near, splits):
    """Marks tunes until a pass through the pairs marks no more."""
    marked = {k for k, split in enumerate(splits) if split == "train"}
    before = -1
    while len(marked) > before:
        before = len(marked)
        for a, b in near:
            if a in marked or b in marked:
                marked |= {a, b}
    return [k for k in marked if splits[k] == "test"]


def by_recursion(near, splits):
    """Visits the neighbours of each training tune, and theirs."""
    neighbours = defaultdict(set)
    for a, b in near:
        neighbours[a].add(b)
        neighbours[b].add(a)
    seen = set()

    def visit(tune):
        if tune not in seen:
            seen.add(tune)
            for other in neighbours[tune]:
                visit(other)

    for tune, split in enumerate(splits):
        if split == "train":
            visit(tune)
    return sorted(tune for tune in seen if splits[tune] == "test")


@pytest.mark.parametrize(
    "answer", [by_search, until_nothing_changes, along_the_pairs, by_recursion]
)
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


def of_leaking_clusters(cluster, splits):
    """Returns the test tunes whose cluster has a training tune."""
    training = {c for c, split in zip(cluster, splits) if split == "train"}
    return [k for k, c in enumerate(cluster) if c in training and splits[k] == "test"]


def merged_in_place(near, splits):
    """Changes c[b] before it has compared all tunes with it."""
    c = list(range(len(splits)))
    for a, b in near:
        for i in range(len(c)):
            if c[i] == c[b]:
                c[i] = c[a]
    return of_leaking_clusters(c, splits)


def merged_in_place_to_the_lower(near, splits):
    """The same with the lower number of the two, computed anew for each tune."""
    c = list(range(len(splits)))
    for a, b in near:
        for i in range(len(c)):
            if c[i] == max(c[a], c[b]):
                c[i] = min(c[a], c[b])
    return of_leaking_clusters(c, splits)


def lowered(passes, prepare=list):
    """Makes a function that lowers both numbers of a pair, in so many passes."""

    def leaking(near, splits):
        c = list(range(len(splits)))
        for _ in range(passes):
            for a, b in prepare(near):
                c[a] = c[b] = min(c[a], c[b])
        return of_leaking_clusters(c, splits)

    return leaking


def sorted_both_ways(near):
    return sorted(sorted(pair) for pair in near)


def sorted_and_named_as_first(near, splits):
    """Sorts the pairs, then gives the second tune the cluster of the first."""
    c = list(range(len(splits)))
    for a, b in sorted_both_ways(near):
        c[b] = c[a]
    return of_leaking_clusters(c, splits)


def marked_along(orders):
    """Makes a function that goes once through each of some orders of the pairs."""

    def leaking(near, splits):
        marked = {k for k, split in enumerate(splits) if split == "train"}
        for order in orders:
            for a, b in order(near):
                if a in marked or b in marked:
                    marked |= {a, b}
        return [k for k in sorted(marked) if splits[k] == "test"]

    return leaking


def neighbours_in(steps):
    """Makes a function that goes so many steps from training tunes to neighbours."""

    def leaking(near, splits):
        reached = {k for k, split in enumerate(splits) if split == "train"}
        for _ in range(steps):
            known = set(reached)
            for a, b in near:
                if a in known or b in known:
                    reached |= {a, b}
        return sorted(k for k in reached if splits[k] == "test")

    return leaking


def back(near):
    return near[::-1]


@pytest.mark.parametrize(
    "answer, word",
    [
        (merged_in_place, "Store both numbers before the loop"),
        (merged_in_place_to_the_lower, ""),
        (lowered(1), "all of them have to change"),
        (lowered(2), "go through the pairs 2 times"),
        (lowered(3), "go through the pairs 3 times"),
        (lowered(7), "not where a chain is long"),
        (lowered(1, sorted), "you sort the pairs"),
        (lowered(1, sorted_both_ways), "you sort the pairs"),
        (lowered(2, sorted_both_ways), ""),
        (sorted_and_named_as_first, ""),
        (marked_along([list] * 2), "you go through the pairs 2 times"),
        (marked_along([list] * 3), "you go through the pairs 3 times"),
        (marked_along([list] * 20), "not where a chain is long"),
        (marked_along([list, back]), "forward and then back"),
        (marked_along([list, back] * 3), "not where a chain is long"),
        (neighbours_in(2), "over 2 pairs"),
        (neighbours_in(3), "over 3 pairs"),
        (neighbours_in(4), "over 4 pairs"),
        (neighbours_in(5), "over 5 pairs"),
        (neighbours_in(100), "not where a chain is long"),
    ],
)
def test_leak_refuses_what_works_for_short_chains_only(answer, word):
    found = melody_dataset.leak.verdict(answer)
    assert found.startswith("Not yet:") and word in found, found


@pytest.mark.parametrize("name", ["in order", "backwards", "turned", "twice"])
def test_each_fixed_number_of_passes_fails_in_some_hidden_case(name):
    """A fixed number of passes is too few for some order of the pairs."""
    forms = {
        "in order": list,
        "backwards": back,
        "turned": lambda near: [(b, a) for a, b in near],
        "twice": lambda near: [*near, *near],
    }
    for passes in (1, 5, 10):
        wrong = marked_along([forms[name]] * passes)
        assert melody_dataset.leak.verdict(wrong).startswith("Not yet:")


@pytest.mark.parametrize("fewer", [1, 2])
def test_leak_refuses_fewer_passes_than_pairs(fewer):
    def leaking(near, splits):
        reached = {k for k, split in enumerate(splits) if split == "train"}
        for _ in range(len(near) - fewer):
            for a, b in near:
                if a in reached or b in reached:
                    reached |= {a, b}
        return [k for k in sorted(reached) if splits[k] == "test"]

    found = melody_dataset.leak.verdict(leaking)
    assert found.startswith("Not yet:") and "the only pair may leak" in found, found


def test_the_hidden_cases_have_pairs_in_both_directions_and_twice():
    for near, splits in melody_dataset.HIDDEN:
        assert {k for pair in near for k in pair} <= set(range(len(splits)))
        assert all(a != b for a, b in near)
    all_pairs = [near for near, _ in melody_dataset.HIDDEN]
    assert any(len(set(map(frozenset, near))) < len(near) for near in all_pairs)
    assert any(set(near) & {(b, a) for a, b in near} for near in all_pairs)
    sizes = {len(splits) for _, splits in melody_dataset.HIDDEN}
    assert len(sizes) > 20 and max(sizes) > 100


def prints_tunes(near, splits):
    """Prints the tunes in place of a return."""
    print(right_tunes(near, splits))


@pytest.mark.parametrize(
    "answer, word",
    [
        (as_given, "the student's function"),
        (in_both_directions, "more than once"),
        (for_ten_tunes, "whatever it is given"),
        (lambda near, splits: [], "an empty list"),
        (lambda near, splits: right_tunes(near, splits)[:1], "does the return stand in the loop"),
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
