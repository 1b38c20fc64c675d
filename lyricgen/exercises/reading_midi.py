"""The exercises of the notebook reading_midi."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from itertools import accumulate, product
from typing import Any

from lyricgen.exercises import Exercise, Mistake

# Delta time, status, pitch, velocity.
EVENTS = [
    (0, 0x90, 60, 80),
    (0, 0x90, 64, 70),
    (240, 0x90, 60, 0),
    (0, 0x90, 67, 80),
    (240, 0x80, 64, 64),
    (0, 0x90, 67, 50),
    (240, 0x90, 67, 0),
    (240, 0x80, 67, 0),
]


# Hidden from the reader: the note that begins first ends last, and three overlap.
OVERLAP = [
    (10, 0x90, 72, 30),
    (20, 0x90, 50, 1),
    (0, 0x90, 50, 90),
    (30, 0x90, 50, 64),
    (40, 0x90, 50, 0),
    (50, 0x80, 50, 10),
    (60, 0x90, 50, 0),
    (5, 0x80, 72, 0),
]

# The note of pitch 71 never ends.
ENDLESS = [
    (5, 0x90, 71, 60),
    (10, 0x90, 55, 64),
    (7, 0x80, 55, 1),
    (8, 0x90, 52, 1),
    (9, 0x90, 52, 0),
]

# Ends at which no note of their pitch sounds; a function that keeps its starts from one
# call to the next ends the note of pitch 71 here.
LONE_ENDS = [
    (9, 0x80, 71, 0),
    (5, 0x90, 55, 64),
    (7, 0x90, 58, 0),
    (3, 0x80, 55, 1),
    (2, 0x90, 59, 5),
    (4, 0x90, 59, 0),
    (6, 0x80, 59, 64),
    (3, 0x80, 59, 0),
]

# The first note has length 0.
NO_LENGTH = [(12, 0x90, 62, 44), (0, 0x80, 62, 0), (6, 0x90, 65, 44), (6, 0x90, 65, 0)]

# The first two notes are equal.
EQUAL = [
    (3, 0x90, 48, 60),
    (0, 0x90, 48, 70),
    (9, 0x80, 48, 0),
    (0, 0x80, 48, 0),
    (1, 0x90, 53, 80),
    (8, 0x90, 53, 0),
]

# A chord, of which the higher note begins and ends first.
CHORD = [
    (4, 0x90, 67, 80),
    (0, 0x90, 60, 80),
    (96, 0x80, 67, 0),
    (0, 0x80, 60, 0),
    (2, 0x90, 62, 70),
    (5, 0x90, 62, 0),
]

# The lists that a function is tried on, and what is special about each
CASES = {
    "the list is the printed one": EVENTS,
    "three notes of one pitch overlap": OVERLAP,
    "a note never ends": ENDLESS,
    "an end comes at which no note of its pitch sounds": LONE_ENDS,
    "a note has length 0": NO_LENGTH,
    "two notes are equal": EQUAL,
    "two notes begin together": CHORD,
}

Event = tuple[int, int, int, int]
Events = list[Event]
Notes = list[tuple[int, int, int]]


def _is_start(event: Event) -> bool:
    """Whether an event begins a note."""
    _, status, _, velocity = event
    return status == 0x90 and velocity > 0


def _ended(
    events: Events,
    starts: Callable[[Event], bool] = _is_start,
    passed_over: Callable[[Event], bool] = lambda event: False,
    take: Callable[[list[int]], list[int]] = lambda onsets: [onsets.pop(0)],
    sounding: dict[int, list[int]] | None = None,
) -> Notes:
    """The notes of the events in the order in which they end; also with a mistake.

    starts: which events begin a note; passed_over: which only take their time; take:
    the onsets of the notes that an end ends, taken out of a list; sounding: the onsets
    of each pitch that are open before the first event.
    """
    tick = 0
    sounding = {} if sounding is None else sounding
    notes = []
    for event in events:
        delta, _, pitch, _ = event
        tick += delta
        onsets = sounding.setdefault(pitch, [])
        if passed_over(event):
            continue
        if starts(event):
            onsets.append(tick)
        elif onsets:
            notes += [(onset, tick - onset, pitch) for onset in take(onsets)]
    return notes


def _notes(events: Events, **options: Any) -> Notes:
    """The notes of the events, sorted; options as of `_ended`."""
    return sorted(_ended(events, **options))


def _all_of(onsets: list[int]) -> list[int]:
    """All onsets, taken out of a list."""
    taken = onsets.copy()
    onsets.clear()
    return taken


def _retimed(events: Events, moved: Callable[[Event], int], late: bool = False) -> Notes:
    """The notes where the tick moves by another time at each event, or after it."""
    ticks = []
    tick = 0
    for event in events:
        before = tick
        tick += moved(event)
        ticks.append(before if late else tick)
    deltas = [tick - before for before, tick in zip([0, *ticks], ticks)]
    return _notes([(delta, *event[1:]) for delta, event in zip(deltas, events)])


def _not_added(events: Events) -> Notes:
    """The notes where each delta time is taken for a tick."""
    deltas = [event[0] for event in events]
    moves = [delta - before for before, delta in zip([0, *deltas], deltas)]
    return _notes([(move, *event[1:]) for move, event in zip(moves, events)])


def _endless_kept(events: Events, duration: int | None = None) -> Notes:
    """The notes, with those that never end: to the last tick, or of one duration."""
    sounding: dict[int, list[int]] = {}
    notes = _notes(events, sounding=sounding)
    last = sum(delta for delta, *_ in events)
    for pitch, onsets in sounding.items():
        for onset in onsets:
            notes.append((onset, last - onset if duration is None else duration, pitch))
    return sorted(notes)


def _starts_remembered(events: Events) -> Notes:
    """The notes by a function that keeps its starts from one of CASES to the next."""
    sounding: dict[int, list[int]] = {}
    for case in CASES.values():
        notes = _notes(case, sounding=sounding)
        if case == events:
            return notes
    return _notes(events)


def _any_pitch(events: Events, at_once: bool = False, of_end: bool = False) -> Notes:
    """The notes where an end does not look at the pitch.

    It ends the oldest note that sounds, or all `at_once`. `of_end`: a note gets the
    pitch of the end.
    """
    tick = 0
    sounding: list[tuple[int, int]] = []
    notes = []
    for event in events:
        tick += event[0]
        if _is_start(event):
            sounding.append((tick, event[2]))
            continue
        ended = len(sounding) if at_once else min(1, len(sounding))
        for onset, pitch in sounding[:ended]:
            notes.append((onset, tick - onset, event[2] if of_end else pitch))
        del sounding[:ended]
    return sorted(notes)


def _restarted(events: Events) -> Notes:
    """The notes where a second start of a pitch ends the first note."""
    tick = 0
    started: dict[int, int] = {}
    notes = []
    for event in events:
        delta, _, pitch, _ = event
        tick += delta
        if pitch in started:
            onset = started.pop(pitch)
            notes.append((onset, tick - onset, pitch))
        if _is_start(event):
            started[pitch] = tick
    return sorted(notes)


def _until_lone_end(events: Events) -> Notes:
    """The notes before the first end at which no note of its pitch sounds."""
    lone = _lone_ends(events)
    return _notes(events[: lone[0]] if lone else events)


def _lone_ends(events: Events) -> list[int]:
    """The places of the ends at which no note of their pitch sounds."""
    count: Counter[int] = Counter()
    lone = []
    for place, event in enumerate(events):
        pitch = event[2]
        if _is_start(event):
            count[pitch] += 1
        elif count[pitch]:
            count[pitch] -= 1
        else:
            lone.append(place)
    return lone


def _lone_ends_kept(events: Events) -> Notes:
    """The notes, with one of length 0 for each end at which no note sounds."""
    ticks = list(accumulate(delta for delta, *_ in events))
    lone = [(ticks[place], 0, events[place][2]) for place in _lone_ends(events)]
    return sorted(_notes(events) + lone)


def _one_for_each(events: Events, key: Callable[[tuple[int, int, int]], object]) -> Notes:
    """The notes, of those with the same key only the one that ends last."""
    return sorted({key(note): note for note in _ended(events)}.values())


# What is left of the five faults of the notebook's function, as said to a reader
FAULTS = {
    "velocity": "a start with velocity 0 is an end, and here it begins a note",
    "starts": "a pitch that is struck again must not lose its older start",
    "end": "the second number is the end of the note, and should be the duration",
    "order": "the notes are not sorted",
    "alone": "an end at which no note of its pitch sounds stops the function: pass over it",
}

# The faults left that have a message of their own among the mistakes
NAMED = (["velocity"], ["end"], ["order"], ["end", "order"])


def _half_repaired(
    events: Events,
    velocity: bool = False,
    starts: str = "",
    end: bool = False,
    order: bool = False,
    alone: bool = False,
) -> Notes:
    """The notes by the notebook's function with some of its faults.

    starts: "" for a list of starts of each pitch; one start of each pitch is "kept" or
    "removed" when its note ends.
    """
    tick = 0
    started: dict[int, list[int]] = {}
    notes = []
    for delta, status, pitch, strength in events:
        tick += delta
        onsets = started.setdefault(pitch, [])
        if status == 0x90 and (velocity or strength):
            if starts:
                onsets.clear()
            onsets.append(tick)
        elif onsets:
            onset = onsets[0] if starts == "kept" else onsets.pop(0)
            notes.append((onset, tick if end else tick - onset, pitch))
        elif alone:
            raise KeyError(pitch)
    return notes if order else sorted(notes)


def _repairs() -> Iterator[tuple[str, Mistake]]:
    """Yields a mistake for each choice of faults that may be left, by their names."""
    flags = (False, True)
    for velocity, starts, end, order, alone in product(
        flags, ("", "kept", "removed"), flags, flags, flags
    ):
        chosen = (velocity, starts, end, order, alone)
        left = [name for name, fault in zip(FAULTS, chosen) if fault]
        # an error at an end hides what would be returned; where no velocity is
        # looked at, removing starts changes nothing
        hidden = starts == "removed" and (velocity or (alone and (end or order)))
        if left and left not in NAMED and not hidden:
            how = "still to repair: " if len(left) == 1 else f"{len(left)} faults are left: "
            message = how + "; ".join(FAULTS[name] for name in left) + "."
            make = partial(
                _half_repaired,
                velocity=velocity,
                starts=starts,
                end=end,
                order=order,
                alone=alone,
            )
            yield f"{' '.join(left)} {starts}", Mistake(make, message)


def _not_at_0(notes: Notes) -> Notes:
    """The notes without those that begin at tick 0."""
    return [note for note in notes if note[0]]


AT_0 = (
    "the notes that begin at tick 0 are missing: a start at 0 is a start, so ask whether there "
    "is one, not whether it is true."
)
ENDLESS_KEPT = "a note that never ends is in your list: leave it out."
ANY_PITCH = (
    "an end belongs to a start of its own pitch, and yours takes the oldest start of any pitch."
)

# Wrong ways to pair starts and ends, and to collect the notes
PAIRINGS = {
    "length 0 left out": Mistake(
        lambda events: [note for note in _notes(events) if note[1]],
        "a note of length 0 is missing: it has a start and an end, so it is in the list.",
    ),
    "equal notes merged": Mistake(
        lambda events: sorted(set(_notes(events))),
        "of two equal notes one is missing: a set, or a dict with notes as keys, keeps one, and "
        "a list keeps both.",
    ),
    "one note an onset and pitch": Mistake(
        partial(_one_for_each, key=lambda note: (note[0], note[2])),
        "two notes of one pitch that begin together are two notes: is onset and pitch the key of "
        "a dict?",
    ),
    "one note an onset": Mistake(
        partial(_one_for_each, key=lambda note: note[0]),
        "notes that begin together are missing: is the onset the key of a dict?",
    ),
    "endless until the last tick": Mistake(_endless_kept, ENDLESS_KEPT),
    "endless of length 0": Mistake(partial(_endless_kept, duration=0), ENDLESS_KEPT),
    "endless of length -1": Mistake(partial(_endless_kept, duration=-1), ENDLESS_KEPT),
    "starts not removed": Mistake(
        partial(_notes, take=lambda onsets: onsets[:1]),
        "a start was used more than once: when its note ends, take it out of the list (pop).",
    ),
    "tick 0 is none": Mistake(lambda events: _not_at_0(_notes(events)), AT_0),
    "tick 0 is none, one start removed": Mistake(
        lambda events: _not_at_0(_half_repaired(events, starts="removed")),
        f"two faults are left: {FAULTS['starts']}; {AT_0}",
    ),
    "tick 0 is none, one start kept": Mistake(
        lambda events: _not_at_0(_half_repaired(events, starts="kept")),
        f"two faults are left: {FAULTS['starts']}; {AT_0}",
    ),
    "all pitches end": Mistake(
        partial(_any_pitch, at_once=True),
        "one end closed the notes of all pitches; an end closes one note, of its own pitch.",
    ),
    "all pitches end, pitch of the end": Mistake(
        partial(_any_pitch, at_once=True, of_end=True),
        "one end closed the notes of all pitches; an end closes one note, of its own pitch.",
    ),
    "any pitch": Mistake(_any_pitch, ANY_PITCH),
    "any pitch, pitch of the end": Mistake(partial(_any_pitch, of_end=True), ANY_PITCH),
    "restarted": Mistake(
        _restarted,
        "a second start of a pitch does not end the first note: both sound, and each has its own "
        "end.",
    ),
    "stopped at a lone end": Mistake(
        _until_lone_end,
        "your function stops reading at an end at which no note of its pitch sounds: pass over "
        "it, and go on with the next event.",
    ),
    "lone ends kept": Mistake(
        _lone_ends_kept,
        "an end at which no note of its pitch sounds has become a note: pass over it.",
    ),
    "starts remembered": Mistake(
        _starts_remembered,
        "your function remembers starts of an earlier call. What it remembers has to be made "
        "anew in each call: inside the function, neither before it nor in the line of `def`.",
    ),
    "empty": Mistake(
        lambda events: [],
        "your function returned an empty list: is the return inside the loop, or is nothing "
        "appended?",
    ),
    "first note alone": Mistake(
        lambda events: _ended(events)[:1],
        "your function returned the note that ends first, and no other: is the return inside the "
        "loop?",
    ),
}

# Wrong ways to count the time, and to tell a start from an end
READINGS = {
    "deltas not added": Mistake(
        _not_added, "the onsets are delta times: add them up to ticks first."
    ),
    "delta added late": Mistake(
        partial(_retimed, moved=lambda event: event[0], late=True),
        "a delta time is the wait before its event: add it before the tick is used.",
    ),
    "delta of ends left out": Mistake(
        partial(_retimed, moved=lambda event: event[0] if _is_start(event) else 0),
        "the tick moves at each event: the delta time of an end counts too.",
    ),
    "delta of starts left out": Mistake(
        partial(_retimed, moved=lambda event: 0 if _is_start(event) else event[0]),
        "the tick moves at each event: the delta time of a start counts too.",
    ),
    "sign": Mistake(
        lambda events: sorted((onset, -d, pitch) for onset, d, pitch in _notes(events)),
        "the durations have the wrong sign: a duration is the tick of the end minus the onset.",
    ),
    "velocity 0 begins": Mistake(
        partial(_notes, starts=lambda event: event[1] == 0x90),
        "a start with velocity 0 is an end: here it began a note.",
    ),
    "velocity 0 overlooked": Mistake(
        partial(_notes, passed_over=lambda event: event[1] == 0x90 and event[3] == 0),
        "a status 0x90 with velocity 0 is passed over: it is an end, as 0x80 is.",
    ),
    "status not looked at": Mistake(
        partial(_notes, starts=lambda event: event[3] > 0),
        "a status 0x80 is an end whatever its velocity: here one with a velocity above 0 began a "
        "note. Look at the status too.",
    ),
    "0x80 with a velocity overlooked": Mistake(
        partial(_notes, passed_over=lambda event: event[1] == 0x80 and event[3] > 0),
        "a status 0x80 is an end whatever its velocity: here one with a velocity above 0 is "
        "passed over.",
    ),
    "status 0x80 overlooked": Mistake(
        partial(_notes, passed_over=lambda event: event[1] == 0x80),
        "notes that end with status 0x80 are missing: both kinds of end occur in one file.",
    ),
}


def _stopped(error: Exception) -> str | None:
    """Names an error that an end without a note raises, in a dict or in a list."""
    if isinstance(error, (KeyError, IndexError)):
        return (
            f"your function stopped with {type(error).__name__}. An end may come at which no note "
            "of its pitch sounds: pass over it."
        )
    return None


def _notes_remembered(value: Any) -> str | None:
    """Names a list in which the notes of an earlier call are too."""
    try:
        found = Counter(tuple(map(int, note)) for note in value)
    except (TypeError, ValueError):
        return None
    for events in (OVERLAP, ENDLESS, LONE_ENDS, NO_LENGTH, EQUAL):
        both: Counter[tuple[int, ...]] = Counter(_notes(EVENTS) + _notes(events))
        if not both - found:
            return (
                "your function returned the notes of an earlier call too. The list of notes has "
                "to be made anew in each call: inside the function, neither before it nor in the "
                "line of `def`."
            )
    return None


RIGHT_BYTES = [0x86, 0x8D, 0x20]


def _bytes_as_text(answer) -> str | None:
    """Names the right bytes in another form: as bytes, or as text in base 16."""
    if isinstance(answer, (bytes, bytearray)):
        if list(answer) == RIGHT_BYTES:
            return "the right bytes; give them as a list of numbers: list(answer)."
        return None
    words = answer.replace(",", " ").split() if isinstance(answer, str) else answer
    if not isinstance(words, (list, tuple)) or not all(isinstance(word, str) for word in words):
        return None
    try:
        found = [int(word, 16) for word in words]
    except ValueError:
        return None
    if found == RIGHT_BYTES:
        return "the right bytes, as text: give numbers, such as 0x86 without quotation marks."
    return None


digits = Exercise(
    form="a list of numbers, one for each byte",
    hint=(
        "divide by 128 again and again: the remainders are the seven-bit digits, the last one "
        "first. Then set the high bit (add 128) where another byte follows."
    ),
    right=lambda: RIGHT_BYTES,
    why=(
        "100,000 = 6 · 128² + 13 · 128 + 32. Three bytes in place of four, and one for almost all "
        "delta times: that keeps MIDI files small."
    ),
    mistakes={
        "no high bits": Mistake(
            lambda: [6, 13, 32],
            "the digits are right, but a reader would stop at the first: add 128 to each byte "
            "behind which another follows.",
        ),
        "no high bit on the second": Mistake(
            lambda: [0x86, 13, 0x20],
            "the second byte lacks its high bit: another byte follows, and a reader would stop "
            "here.",
        ),
        "no high bit on the first": Mistake(
            lambda: [6, 0x8D, 0x20],
            "the first byte lacks its high bit: another byte follows, and a reader would stop "
            "here.",
        ),
        "high bit on the last alone": Mistake(
            lambda: [6, 13, 0xA0],
            "the high bits are the wrong way round: they stand on all bytes but the last.",
        ),
        "lowest first, no high bits": Mistake(
            lambda: [32, 13, 6],
            "the digits are right, in the wrong order and without high bits: the highest digit "
            "comes first, and each byte behind which another follows gets 128 more.",
        ),
        "base 16 taken for base 10": Mistake(
            lambda: [86, 141, 20],
            "86 and 20 are the bytes in base 16; written as numbers they are 134 and 32.",
        ),
        "high bit on the last": Mistake(
            lambda: [0x86, 0x8D, 0xA0],
            "the last byte has its high bit set as well: the reader would go on into the next "
            "event.",
        ),
        "base 256": Mistake(
            lambda: [0x01, 0x86, 0xA0],
            "these are digits to the base 256, as in the header; here a byte has seven bits of "
            "the number, so the base is 128.",
        ),
        "lowest first": Mistake(
            lambda: [0x20, 0x8D, 0x86],
            "the bytes are in the wrong order: the highest digit comes first.",
        ),
        "a byte too many": Mistake(
            lambda: [0x80, 0x86, 0x8D, 0x20],
            "the number is right, but the first byte adds nothing: leave it out.",
        ),
        "lowest first, marked": Mistake(
            lambda: [0xA0, 0x8D, 0x06],
            "the lowest digit comes first here, as in many other formats; in MIDI the highest "
            "does.",
        ),
    },
    when=_bytes_as_text,
)


times = Exercise(
    form="a list of six numbers, in seconds",
    hint=(
        "add up the delta times to ticks. A quarter is 480 of them and takes half a second until "
        "tick 960, and a quarter of a second after it."
    ),
    right=lambda: [0.0, 0.5, 0.75, 1.0, 1.5, 1.75],
    why=(
        "A change of tempo holds from its tick on, and what has passed stays as long as it was. "
        "So time is a sum over stretches, never a single product."
    ),
    mistakes={
        "deltas as times": Mistake(
            lambda: [0.0, 0.5, 0.25, 0.25, 0.5, 0.25],
            "these are the waits between the events; add them up.",
        ),
        "deltas, first tempo": Mistake(
            lambda: [0.0, 0.5, 0.25, 0.25, 1.0, 0.5],
            "these are the waits between the events, all at the first tempo; add them up, and "
            "mind the change.",
        ),
        "first tempo throughout": Mistake(
            lambda: [0.0, 0.5, 0.75, 1.0, 2.0, 2.5],
            "the tempo changes at the fourth event; you went on at the first one.",
        ),
        "second tempo throughout": Mistake(
            lambda: [0.0, 0.25, 0.375, 0.5, 1.0, 1.25],
            "the second tempo holds only from the fourth event on.",
        ),
        "new tempo for the past": Mistake(
            lambda: [0.0, 0.5, 0.75, 1.0, 1.0, 1.25],
            "at the change you multiplied the whole tick by the new tempo: what has passed keeps "
            "the old one.",
        ),
        "quarters": Mistake(
            lambda: [0.0, 1.0, 1.5, 2.0, 4.0, 5.0],
            "these are quarters; a quarter takes half a second first, then a quarter of one.",
        ),
        "ticks": Mistake(
            lambda: [0, 480, 720, 960, 1920, 2400],
            "these are the ticks, and they are right; now turn them into seconds.",
        ),
        "milliseconds": Mistake(
            lambda: [0, 500, 750, 1000, 1500, 1750],
            "these are milliseconds, and they are right; give seconds.",
        ),
        "microseconds": Mistake(
            lambda: [0, 500_000, 750_000, 1_000_000, 1_500_000, 1_750_000],
            "these are microseconds, and they are right; give seconds.",
        ),
        "change one event early": Mistake(
            lambda: [0.0, 0.5, 0.75, 0.875, 1.375, 1.625],
            "the change holds from the fourth event on, so the wait before that event is still "
            "at the first tempo.",
        ),
        "half as fast": Mistake(
            lambda: [0.0, 0.5, 0.75, 1.0, 3.0, 4.0],
            "the new tempo is faster, not slower: a quarter takes 250,000 microseconds, which is "
            "a quarter of a second.",
        ),
        "change one event late": Mistake(
            lambda: [0.0, 0.5, 0.75, 1.0, 2.0, 2.25],
            "the change holds from the fourth event on, so the wait before the fifth is at the "
            "new tempo.",
        ),
    },
)


notes = Exercise(
    form="a function of a list of events that returns a sorted list of (onset, duration, pitch)",
    hint=(
        "add up the delta times; keep a list of open onsets for each pitch; a status 0x90 with "
        "velocity 0 ends a note as 0x80 does, the oldest one first."
    ),
    right=_notes,
    why=(
        "With the velocity overlooked, notes begin twice and never end. One start for each pitch "
        "is enough until two notes of one pitch overlap, so test a reader with a file in which "
        "they do."
    ),
    raised=_stopped,
    mistakes={
        "unsorted": Mistake(_ended, "the right notes, in the order in which they end: sort them."),
        "end for duration": Mistake(
            lambda events: sorted((start, start + d, pitch) for start, d, pitch in _notes(events)),
            "the second number is the end of the note; the duration is the end minus the onset.",
        ),
        "end for duration, unsorted": Mistake(
            lambda events: [(start, start + d, pitch) for start, d, pitch in _ended(events)],
            "two things: the second number is the end of the note, and the duration is the end "
            "minus the onset; and the notes are not sorted.",
        ),
        "sorted by pitch": Mistake(
            lambda events: sorted(_notes(events), key=lambda note: note[2]),
            "the right notes, sorted by pitch: sort whole notes, as `sorted(notes)` does.",
        ),
        "sorted by onset": Mistake(
            lambda events: sorted(_ended(events), key=lambda note: note[0]),
            "the right notes, but notes that begin together stand in the order in which they end: "
            "sort whole notes, as `sorted(notes)` does.",
        ),
        "pitch first": Mistake(
            lambda events: sorted((pitch, start, d) for start, d, pitch in _notes(events)),
            "the order of the three is another: (onset, duration, pitch).",
        ),
        "pitch first, sorted by onset": Mistake(
            lambda events: [(pitch, start, d) for start, d, pitch in _notes(events)],
            "the order of the three is another: (onset, duration, pitch).",
        ),
        **READINGS,
        "last in, first out": Mistake(
            partial(_notes, take=lambda onsets: [onsets.pop()]),
            "where two notes of one pitch overlap you ended the younger one first; the older one "
            "ends first.",
        ),
        "both at once": Mistake(
            partial(_notes, take=_all_of),
            "where two notes of one pitch overlap, one end closed both; an end closes one note.",
        ),
        **PAIRINGS,
        **dict(_repairs()),
    },
    when=_notes_remembered,
    cases=tuple((events,) for events in CASES.values()),
    situations=tuple(CASES),
)
