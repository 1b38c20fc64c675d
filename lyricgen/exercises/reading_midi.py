"""The exercises of the notebook reading_midi."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from itertools import product

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
MORE_EVENTS = [
    (10, 0x90, 72, 30),
    (20, 0x90, 50, 1),
    (0, 0x90, 50, 90),
    (30, 0x90, 50, 64),
    (40, 0x90, 50, 0),
    (50, 0x80, 50, 10),
    (60, 0x90, 50, 0),
    (5, 0x80, 72, 0),
]

# Two ends at which no note of their pitch sounds, and a note that never ends.
LONE_ENDS = [
    (5, 0x80, 71, 0),
    (5, 0x90, 55, 64),
    (7, 0x90, 71, 0),
    (3, 0x80, 55, 1),
    (0, 0x90, 60, 70),
]

Events = list[tuple[int, int, int, int]]
Notes = list[tuple[int, int, int]]


def _notes(
    events: Events,
    velocity_0_ends: bool = True,
    status_8_ends: bool = True,
    oldest_first: bool = True,
    added_up: bool = True,
    all_at_once: bool = False,
) -> Notes:
    """The notes of the events, and what comes out with a mistake."""
    tick = 0
    sounding: dict[int, list[int]] = {}
    notes = []
    for delta, status, pitch, velocity in events:
        tick = tick + delta if added_up else delta
        onsets = sounding.setdefault(pitch, [])
        if status == 0x90 and (velocity or not velocity_0_ends):
            onsets.append(tick)
        elif status == 0x90 or status_8_ends:
            ended = len(onsets) if all_at_once else min(1, len(onsets))
            for _ in range(ended):
                onset = onsets.pop(0 if oldest_first else -1)
                notes.append((onset, tick - onset, pitch))
    return sorted(notes)


def _ended(events: Events) -> Notes:
    """The notes in the order in which they end."""
    tick = 0
    sounding: dict[int, list[int]] = {}
    notes = []
    for delta, status, pitch, velocity in events:
        tick += delta
        onsets = sounding.setdefault(pitch, [])
        if status == 0x90 and velocity:
            onsets.append(tick)
        elif onsets:
            onset = onsets.pop(0)
            notes.append((onset, tick - onset, pitch))
    return notes


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
    events: Events, velocity: bool, starts: str, end: bool, order: bool, alone: bool
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


def _stopped(error: Exception) -> str | None:
    """Names an error that an end without a note raises, in a dict or in a list."""
    if isinstance(error, (KeyError, IndexError)):
        return (
            f"your function stopped with {type(error).__name__}. An end may come at which no note "
            "of its pitch sounds: pass over it."
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
        "pitch first": Mistake(
            lambda events: sorted((pitch, start, d) for start, d, pitch in _notes(events)),
            "the order of the three is another: (onset, duration, pitch).",
        ),
        "pitch first, sorted by onset": Mistake(
            lambda events: [(pitch, start, d) for start, d, pitch in _notes(events)],
            "the order of the three is another: (onset, duration, pitch).",
        ),
        "velocity 0 begins": Mistake(
            partial(_notes, velocity_0_ends=False),
            "a start with velocity 0 is an end: here it began a note.",
        ),
        "status 0x80 overlooked": Mistake(
            partial(_notes, status_8_ends=False),
            "notes that end with status 0x80 are missing: both kinds of end occur in one file.",
        ),
        "last in, first out": Mistake(
            partial(_notes, oldest_first=False),
            "where two notes of pitch 67 overlap you ended the younger one first; the older one "
            "ends first.",
        ),
        "both at once": Mistake(
            partial(_notes, all_at_once=True),
            "one end closed both notes of pitch 67; an end closes one note.",
        ),
        "deltas not added": Mistake(
            partial(_notes, added_up=False),
            "the onsets are delta times: add them up to ticks first.",
        ),
        **dict(_repairs()),
    },
    cases=((EVENTS,), (MORE_EVENTS,), (LONE_ENDS,)),
)
