"""The exercises of the notebook reading_midi."""

from __future__ import annotations

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


def _notes(
    velocity_0_ends: bool = True,
    status_8_ends: bool = True,
    oldest_first: bool = True,
    added_up: bool = True,
    all_at_once: bool = False,
) -> list[tuple[int, int, int]]:
    """The notes of EVENTS, and what comes out with a mistake."""
    tick = 0
    sounding: dict[int, list[int]] = {}
    notes = []
    for delta, status, pitch, velocity in EVENTS:
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


digits = Exercise(
    hint=(
        "divide by 128 again and again: the remainders are the seven-bit digits, the last one "
        "first. Then set the high bit (add 128) where another byte follows."
    ),
    right=lambda: [0x86, 0x8D, 0x20],
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
        "lowest first, marked": Mistake(
            lambda: [0xA0, 0x8D, 0x06],
            "the lowest digit comes first here, as in many other formats; in MIDI the highest "
            "does.",
        ),
    },
    when=lambda answer: (
        "answer with a list of numbers, such as [1, 2, 3]."
        if isinstance(answer, (bytes, str, int))
        else None
    ),
)


times = Exercise(
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
        "change one event late": Mistake(
            lambda: [0.0, 0.5, 0.75, 1.0, 2.0, 2.25],
            "the change holds from the fourth event on, so the wait before the fifth is at the "
            "new tempo.",
        ),
    },
)


notes = Exercise(
    hint=(
        "add up the delta times; keep a list of open onsets for each pitch; a status 0x90 with "
        "velocity 0 ends a note as 0x80 does, the oldest one first."
    ),
    right=_notes,
    why=(
        "With the velocity overlooked this is the commonest mistake in home-made readers: twice "
        "as many notes, and none of them ends."
    ),
    mistakes={
        "velocity 0 begins": Mistake(
            lambda: _notes(velocity_0_ends=False),
            "a start with velocity 0 is an end: here it began a note.",
        ),
        "status 0x80 overlooked": Mistake(
            lambda: _notes(status_8_ends=False),
            "notes that end with status 0x80 are missing: both kinds of end occur in one file.",
        ),
        "last in, first out": Mistake(
            lambda: _notes(oldest_first=False),
            "where two notes of pitch 67 overlap you ended the younger one first; the older one "
            "ends first.",
        ),
        "both at once": Mistake(
            lambda: _notes(all_at_once=True),
            "one end closed both notes of pitch 67; an end closes one note.",
        ),
        "deltas not added": Mistake(
            lambda: _notes(added_up=False),
            "the onsets are delta times: add them up to ticks first.",
        ),
    },
    call=lambda answer: [tuple(note) for note in answer(list(EVENTS))],
)
