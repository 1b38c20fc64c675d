"""Chords by rule for tunes whose chords are known, and the part that plays them."""

import itertools

import numpy as np
import pytest
from measure_sound import chord_tones

from lyricgen.music.chords import Chord
from lyricgen.song import accompaniment
from lyricgen.song.accompaniment import accompany, harmonise
from lyricgen.song.lead_sheet import LeadSheet, syllables

PITCHES = dict(zip("CDEFGABc", (60, 62, 64, 65, 67, 69, 71, 72)))
TWINKLE = "C C G G A A G8 F F E E D D C8"
ODE_TO_JOY = "E E F G G F E D C C D E E6 D2 D8 E E F G G F E D C C D E D6 C2 C8"
FRERE_JACQUES = "C D E C C D E C E F G8 E F G8 G2 A2 G2 F2 E C G2 A2 G2 F2 E C C G C8 C G C8"
LONDON_BRIDGE = "G6 A2 G F E F G8 D E F8 E F G8 G6 A2 G F E F G8 D8 G8 E C12"
SCALE = "C D E F G A B c8 B A G F E D C16"
TUNES = {
    "Twinkle": TWINKLE,
    "Ode to Joy": ODE_TO_JOY,
    "Frere Jacques": FRERE_JACQUES,
    "London Bridge": LONDON_BRIDGE,
    "a scale": SCALE,
}


def melody(tune: str) -> tuple[np.ndarray, int]:
    """Notes and steps of a tune: names of notes with their 16ths (4 if none)."""
    notes = []
    onset = 0
    for word in tune.split():
        duration = int(word[1:] or 4)
        notes.append((onset, duration, PITCHES[word[0]]))
        onset += duration
    return np.array(notes), -(-onset // 16) * 16


def names(tune: str, **options) -> list[tuple[float, str]]:
    """The chords of a tune with the bars in which they begin, counted from 0."""
    return [(step / 16, chord.name()) for step, chord in harmonise(*melody(tune), **options)]


def lead_sheet(tune: str, **options) -> LeadSheet:
    notes, _ = melody(tune)
    verse = syllables(["la"] * len(notes))
    return LeadSheet("A tune", "", notes, (verse,), (0,), **options)


def test_known_tunes_get_their_chords():
    assert names(TWINKLE) == [
        (0, "C"),
        (1, "F"),
        (1.5, "C"),
        (2, "F"),
        (2.5, "C"),
        (3, "G"),
        (3.5, "C"),
    ]
    assert names(ODE_TO_JOY) == [
        (0, "C"),
        (1, "G7"),
        (2, "C"),
        (3, "G"),
        (4, "C"),
        (5, "G7"),
        (6, "C"),
        (7, "G"),
        (7.5, "C"),
    ]
    assert names("G6 A2 G F E F G8 D E F8 E F G8") == [(0, "C"), (2, "G7"), (3, "C")]


@pytest.mark.parametrize("tune", TUNES)
def test_chords_begin_and_end_on_the_tonic_and_change_only_where_they_begin(tune):
    chords = harmonise(*melody(TUNES[tune]))
    steps = [step for step, _ in chords]
    assert steps == sorted(set(steps)) and steps[0] == 0
    assert all(step % accompaniment.HALF_BAR == 0 for step in steps)
    assert chords[0][1] == chords[-1][1] == Chord(0)
    assert all(one != two for (_, one), (_, two) in itertools.pairwise(chords))


def test_another_key_has_the_same_chords_in_it():
    notes, steps = melody(TWINKLE)
    for sharps in range(-5, 7):
        up = 7 * sharps % 12
        moved = harmonise(notes + [0, 0, up], steps, sharps)
        expected = [
            (step, Chord((chord.root + up) % 12, chord.quality))
            for step, chord in harmonise(notes, steps)
        ]
        assert list(moved) == expected, sharps


def test_more_of_a_melody_stands_on_its_chords_than_on_drawn_ones():
    rng = np.random.default_rng(0)
    degrees = list(accompaniment.DEGREES.values())
    chosen, drawn = [], []
    for tune in TUNES.values():
        sheet = lead_sheet(tune)
        chords = harmonise(*melody(tune))
        chosen.append(chord_tones(sheet, chords))
        for _ in range(20):
            others = [(step, degrees[rng.integers(len(degrees))]) for step, _ in chords]
            drawn.append(chord_tones(sheet, others))
    assert np.mean(chosen) > 0.75 and np.mean(drawn) < 0.55


def price(costs: np.ndarray, path: tuple[int, ...], line_ends: set[int]) -> float:
    """The price of a way through the half bars, added up step by step."""
    total = costs[0, path[0]] + accompaniment.OPENING * (path[0] != accompaniment.TONIC)
    for half in range(1, len(path)):
        between = accompaniment._steps_between(half, half in line_ends)
        total += between[path[half - 1], path[half]] + costs[half, path[half]]
    return total


def test_the_way_is_the_cheapest_of_all():
    rng = np.random.default_rng(1)
    for _ in range(5):
        costs = rng.uniform(0, 3, (4, len(accompaniment.NAMES)))
        path = accompaniment._cheapest(costs, {1, 3})
        ways = itertools.product(range(len(accompaniment.NAMES)), repeat=3)
        cheapest = min(price(costs, (*way, accompaniment.TONIC), {1, 3}) for way in ways)
        assert price(costs, tuple(path), {1, 3}) == pytest.approx(cheapest)
        assert path[-1] == accompaniment.TONIC


def test_an_inner_line_that_ends_on_the_fifth_gets_a_half_cadence():
    tune = "E G G E E G G8 E E C C G8 C E G G E E D D C8"
    with_lines = dict(names(tune, lines=(0, 12)))
    assert with_lines[3.0] == "G"
    assert 3.0 not in dict(names(tune)), "nothing but the line's end asks for it"


@pytest.mark.parametrize("steps", [0, 20])
def test_what_has_no_whole_bars_or_no_notes_is_refused(steps):
    notes, _ = melody(TWINKLE)
    with pytest.raises(ValueError, match="whole bars"):
        harmonise(notes, steps)
    with pytest.raises(ValueError, match="0 notes"):
        harmonise(notes[:0], 16)


def test_the_soft_part_plays_the_chords_and_nothing_else():
    sheet = lead_sheet(ODE_TO_JOY)
    chords = harmonise(sheet.notes, sheet.steps)
    starts = [step for step, _ in chords]
    notes = accompany(sheet)
    for onset, duration, pitch, loudness in notes.tolist():
        _, chord = chords[np.searchsorted(starts, onset, side="right") - 1]
        assert pitch % 12 in chord.pitch_classes and 0 < loudness <= 1
        later = [start for start in starts if start > onset]
        assert onset + duration <= min([*later, sheet.steps]), "no note outlasts its chord"
    assert np.array_equal(notes[:, 0], np.sort(notes[:, 0]))
    assert notes[:, 2].min() >= 40 and notes[:, 2].max() < 67
    for bar in range(sheet.steps // 16):
        in_bar = notes[notes[:, 0] // 16 == bar]
        assert in_bar[0, 2] < 52, "a bass note begins each bar"
    assert np.array_equal(notes, accompany(sheet))


def test_the_last_chord_is_rolled_and_held():
    notes = accompany(lead_sheet(TWINKLE))
    last = notes[-4:]
    assert np.diff(last[:, 0]).tolist() == [0.25] * 3 and last[0, 0] == 56
    assert (last[:, :2].sum(axis=1) == 64).all()


def test_a_sheets_own_chords_are_played():
    sheet = lead_sheet(TWINKLE, chords=((16, Chord(9, "minor")), (40, Chord(2, "minor"))))
    notes = accompany(sheet)
    assert notes[0, 0] == 16, "nothing sounds before the first chord"
    classes = [set(notes[(notes[:, 0] // 8) == half, 2] % 12) for half in (2, 3, 4, 5)]
    assert classes == [{9, 0, 4}, {9, 0, 4}, {9, 0, 4}, {2, 5, 9}]


def test_a_seventh_chord_keeps_its_seventh():
    sheet = lead_sheet(TWINKLE, chords=((0, Chord(7, "dominant seventh")),))
    assert set(accompany(sheet)[:, 2] % 12) == {7, 11, 5}
