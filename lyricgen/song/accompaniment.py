"""Chords for a melody, chosen by rule, and a soft part that plays them broken."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

import numpy as np

from lyricgen.music.chords import Chord
from lyricgen.music.melody import STEPS_PER_BAR

STEPS_PER_QUARTER = 4
HALF_BAR = STEPS_PER_BAR // 2

# The chords of a major key, here of C; the seventh chord is the dominant's alone
DEGREES = {
    "I": Chord(0),
    "ii": Chord(2, "minor"),
    "iii": Chord(4, "minor"),
    "IV": Chord(5),
    "V": Chord(7),
    "V7": Chord(7, "dominant seventh"),
    "vi": Chord(9, "minor"),
}
NAMES = tuple(DEGREES)
TONIC = NAMES.index("I")
DOMINANT = NAMES.index("V")
SEVENTH = NAMES.index("V7")

# All prices are in quarters: 1 is what a quarter outside its chord costs.
# What each chord costs in itself: the tonic and its two neighbours a fifth away are
# free, the others are colours.
PRICES = np.array([0.0, 0.4, 1.0, 0.0, 0.0, 0.2, 0.4])

# What a chord (a row) pays for the next (a column): nothing on the usual ways, from
# the tonic through the subdominants IV and ii to the dominant and back, and something
# for a chord that stays over a bar line.
CHANGES = np.array(
    [
        # I   ii   iii  IV   V    V7   vi
        [0.6, 0.4, 0.8, 0.0, 0.0, 0.4, 0.2],  # I
        [1.0, 0.8, 1.5, 0.6, 0.0, 0.0, 1.0],  # ii
        [1.0, 0.6, 0.8, 0.0, 1.2, 1.5, 0.0],  # iii
        [0.0, 0.2, 1.2, 0.6, 0.0, 0.2, 0.6],  # IV
        [0.0, 1.5, 1.2, 1.0, 0.6, 0.2, 0.4],  # V
        [0.0, 2.0, 2.0, 2.0, 1.5, 0.6, 0.6],  # V7
        [0.6, 0.0, 0.6, 0.0, 0.2, 0.4, 0.6],  # vi
    ]
)

# Another chord in the middle of a bar, so that a bar has two only where it needs them
SPLIT = 1.5

# A first chord that is not the tonic
OPENING = 3.0

# What is saved where a line ends on a dominant (half cadence) or goes from a dominant
# to the tonic (authentic cadence)
CADENCE = 1.0

# How much a note counts that begins on the first beat of a bar, in its middle, on
# another beat, and between beats
FIRST_BEAT = 1.5
MIDDLE = 1.25
BEAT = 1.0
BETWEEN = 0.6

# Where the soft part lies: the bass from E2, and the other notes from G3, in the octave
# below the middle of a voice
LOWEST_BASS = 40
LOWEST_UPPER = 55

# The order of the upper notes, in eighths after the bass, counted from below; a half
# bar takes the first three
WAVE = (0, 1, 2, 1, 2, 1, 0)
EIGHTH = 2  # steps

# From 0 to 1
BASS_LOUDNESS = 0.9
UPPER_LOUDNESS = 0.65

# A rolled chord: steps from one note to the next
ROLL = 0.25


class Harmonised(Protocol):
    """What the soft part reads of a lead sheet."""

    @property
    def notes(self) -> np.ndarray: ...
    @property
    def lines(self) -> tuple[int, ...]: ...
    @property
    def steps(self) -> int: ...
    @property
    def sharps(self) -> int: ...
    @property
    def chords(self) -> tuple[tuple[int, Chord], ...]: ...


class Part(NamedTuple):
    """A chord that sounds from a step on, for so many steps, within a bar."""

    step: int
    length: int
    chord: Chord


def harmonise(
    notes: np.ndarray, steps: int, sharps: int = 0, lines: Sequence[int] = ()
) -> tuple[tuple[int, Chord], ...]:
    """Chooses chords for a melody by rule: one a bar, or two where a bar needs them.

    The rule is a sum of prices, and the cheapest way through all half bars is taken
    (dynamic programming). A melody note outside its chord costs its length, more on a
    strong beat. Chords and their successions cost what PRICES and CHANGES say. The last
    chord is the tonic, the first nearly always. Nothing is learned, nothing is drawn.

    notes: int (n, 3), onset and duration in 16th steps and MIDI pitch, in a major key.
    steps: the length, whole bars of 16.
    sharps: those of the key, flats below 0.
    lines: the index of the first note of each line of words, for cadences at its end.
    Returns: the chords with the step at which each begins; one holds until the next.

    Raises: ValueError where there is no note, or no whole number of bars.
    Source: the usual successions of chords as in Kostka and Payne, Tonal Harmony,
        chapter 7; the cheapest way: Viterbi 1967.
    """
    if not len(notes) or steps < 1 or steps % STEPS_PER_BAR:
        raise ValueError(
            f"Chords need notes and whole bars; here are {len(notes)} notes and {steps} steps."
        )
    tonic = 7 * sharps % 12
    costs = _melody_costs(notes, steps, tonic) + PRICES
    path = _cheapest(costs, _line_ends(notes, lines))
    chords = []
    for half, degree in enumerate(path):
        if half == 0 or degree != path[half - 1]:
            chord = DEGREES[NAMES[degree]]
            moved = Chord((chord.root + tonic) % 12, chord.quality)
            chords.append((half * HALF_BAR, moved))
    return tuple(chords)


def _melody_costs(notes: np.ndarray, steps: int, tonic: int) -> np.ndarray:
    """Returns what the melody costs in each half bar with each chord, (halves, 7)."""
    costs = np.zeros((steps // HALF_BAR, len(NAMES)))
    inside = np.zeros((12, len(NAMES)), bool)
    for k, chord in enumerate(DEGREES.values()):
        inside[list(chord.pitch_classes), k] = True
    for onset, duration, pitch in notes.tolist():
        outside = ~inside[(pitch - tonic) % 12]
        first = onset // HALF_BAR
        last = min(-(-(onset + duration) // HALF_BAR), len(costs))
        for half in range(first, last):
            begins = max(onset, half * HALF_BAR)
            ends = min(onset + duration, (half + 1) * HALF_BAR)
            quarters = (ends - begins) / STEPS_PER_QUARTER
            costs[half] += quarters * _accent(begins) * outside
    return costs


def _accent(step: int) -> float:
    """Returns how much a note counts that begins, or is held, at a step."""
    if step % STEPS_PER_BAR == 0:
        return FIRST_BEAT
    if step % HALF_BAR == 0:
        return MIDDLE
    return BEAT if step % STEPS_PER_QUARTER == 0 else BETWEEN


def _line_ends(notes: np.ndarray, lines: Sequence[int]) -> set[int]:
    """Returns the half bars in which the last note of each line begins."""
    last_notes = [index - 1 for index in lines if index > 0] + [len(notes) - 1]
    return {int(notes[index, 0]) // HALF_BAR for index in last_notes}


def _cheapest(costs: np.ndarray, line_ends: set[int]) -> list[int]:
    """Returns the degree of each half bar on the cheapest way, which ends on I.

    costs: (halves, degrees). line_ends: the half bars in which lines come to rest.
    """
    total = costs[0] + OPENING * (np.arange(len(NAMES)) != TONIC)
    before = []
    for half in range(1, len(costs)):
        ways = total[:, None] + _steps_between(half, half in line_ends)
        before.append(ways.argmin(axis=0))
        total = ways.min(axis=0) + costs[half]
    path = [TONIC]
    for came_from in reversed(before):
        path.append(int(came_from[path[-1]]))
    return path[::-1]


def _steps_between(half: int, line_ends: bool) -> np.ndarray:
    """Returns the price of each step into a half bar, (from, to)."""
    if half % 2:
        prices = CHANGES + SPLIT
        np.fill_diagonal(prices, 0)
    else:
        prices = CHANGES.copy()
    if line_ends:
        prices[:, DOMINANT] -= CADENCE
        prices[[DOMINANT, SEVENTH], TONIC] -= CADENCE
    return prices


def accompany(sheet: Harmonised) -> np.ndarray:
    """Returns the soft part of a lead sheet: its chords, broken into eighths.

    A bass note begins each chord of a bar, and the others rise and fall over it. Each
    sounds until its chord ends. From the last note on the chord is rolled and held. A
    sheet without chords gets those of `harmonise`.

    Returns: float (n, 4), onset and duration in 16th steps, MIDI pitch, and loudness
        from 0 to 1, in the order of their onsets.
    """
    chords = sheet.chords or harmonise(sheet.notes, sheet.steps, sheet.sharps, sheet.lines)
    last_onset = int(sheet.notes[-1, 0])
    notes: list[tuple[float, float, int, float]] = []
    for part in _parts(chords, sheet.steps):
        if part.step + part.length > last_onset:
            notes += _rolled(part.step, sheet.steps, part.chord)
            break
        notes += _broken(part)
    return np.array(notes, np.float64)


def _parts(chords: Sequence[tuple[int, Chord]], steps: int) -> list[Part]:
    """Returns chords cut at the bar lines, from the first chord to the end."""
    starts = {step: chord for step, chord in chords if step < steps}
    first = min(starts)
    bars = range(first - first % STEPS_PER_BAR, steps, STEPS_PER_BAR)
    cuts = sorted({*starts, *(bar for bar in bars if bar > first), steps})
    parts = []
    chord = starts[first]
    for step, end in zip(cuts, cuts[1:]):
        chord = starts.get(step, chord)
        parts.append(Part(step, end - step, chord))
    return parts


def _voicing(chord: Chord) -> tuple[int, list[int]]:
    """Returns the bass of a chord, and three pitches above it, from below.

    All chords have their upper notes in one octave, so that notes which two chords
    share stay where they are. A seventh chord leaves out its fifth.
    """
    root, third, *others = chord.pitch_classes
    kept = (root, third, others[-1])
    upper = sorted(_at_or_above(pitch_class, LOWEST_UPPER) for pitch_class in kept)
    return _at_or_above(root, LOWEST_BASS), upper


def _at_or_above(pitch_class: int, lowest: int) -> int:
    """Returns the lowest pitch of a class that is not below another pitch."""
    return lowest + (pitch_class - lowest) % 12


def _broken(part: Part) -> list[tuple[float, float, int, float]]:
    """Returns a chord as a bass note and a wave of eighths, each held to its end."""
    bass, upper = _voicing(part.chord)
    notes = [(float(part.step), float(part.length), bass, BASS_LOUDNESS)]
    for eighth, place in enumerate(WAVE[: part.length // EIGHTH - 1], start=1):
        after = EIGHTH * eighth
        held = float(part.length - after)
        notes.append((float(part.step + after), held, upper[place], UPPER_LOUDNESS))
    return notes


def _rolled(step: int, end: int, chord: Chord) -> list[tuple[float, float, int, float]]:
    """Returns a chord rolled upwards from its bass, held to the end."""
    bass, upper = _voicing(chord)
    notes = []
    for k, pitch in enumerate((bass, *upper)):
        onset = step + ROLL * k
        notes.append((onset, end - onset, pitch, BASS_LOUDNESS if k == 0 else UPPER_LOUDNESS))
    return notes
