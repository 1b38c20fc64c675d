"""The form of tunes: which bars come again, at which lag, in which key."""

import numpy as np
import pytest

from lyricgen.music import form, melody
from lyricgen.music.melody import FIRST_ONSET, HOLD, LOWEST, REST


def bar(pitch, rhythm=4):
    """A bar of notes on one pitch, one each `rhythm` steps."""
    events = np.full(16, HOLD, np.uint8)
    events[::rhythm] = pitch - LOWEST + FIRST_ONSET
    return events


def tune(letters):
    """A tune with a bar for each letter, A at the pitch 60, B at 61, ..."""
    return np.concatenate([bar(60 + ord(letter) - ord("A")) for letter in letters])[None]


@pytest.mark.parametrize(
    "letters", ["ABCDABCEFGHIFGHK", "AAAAAAAAAAAAAAAA", "ABCDEFGHABCDEFGH", "ABCDEFGHIJKLMNOP"]
)
def test_letters_name_equal_bars(letters):
    named = {letter: k for k, letter in enumerate(dict.fromkeys(letters))}
    expected = "".join(chr(ord("A") + named[letter]) for letter in letters)
    assert form.letters(tune(letters)) == [expected]
    [again], [all_bars] = form.repeats(tune(letters))
    assert again == 16 - len(set(letters)) and all_bars == 15
    for lag in (1, 4, 8):
        [same], [possible] = form.repeats_at(tune(letters), lag)
        assert same == sum(a == b for a, b in zip(letters, letters[lag:]))
        assert possible == 16 - lag


def test_a_played_repeat_is_four_bars_at_lag_4_or_8():
    played = {
        "ABCDABCDEFGHIJKL": True,
        "ABCDEFGHABCDIJKL": True,
        "XABCDEFGYABCDEFG": True,
        "ABCDABCEFGHIJKLM": False,
        "AABBCCDDEEFFGGHH": False,
    }
    for letters, expected in played.items():
        assert form.has_repeat(tune(letters)).tolist() == [expected], letters


def test_a_held_note_is_struck_again_in_the_next_bar():
    held = np.full((1, 32), HOLD, np.uint8)
    held[0, 0] = 50
    assert form.equal_bars(held).all()
    silent = np.full((1, 32), HOLD, np.uint8)
    silent[0, 0] = REST
    assert form.equal_bars(silent).all()
    assert melody.is_canonical(form.bars_of(held)).all()


def test_notes_of_the_second_half_in_the_key_of_the_first():
    c_major = [60, 62, 64, 65, 67, 69, 71, 72]
    in_key = np.concatenate([bar(pitch) for pitch in c_major * 2])[None]
    assert [int(x[0]) for x in form.notes_in_first_key(in_key)] == [32, 32]
    # Half a tone higher, of the seven notes only C and F stay.
    moved = in_key.copy()
    moved[:, 128:] = melody.transpose(in_key[:, 128:], 1)
    right, notes = form.notes_in_first_key(moved)
    assert notes[0] == 32 and right[0] == 4 * sum((p + 1) % 12 in (0, 5) for p in c_major)


@pytest.mark.parametrize("last, expected", [(12, True), (13, False), (0, True)])
def test_a_last_note_is_long_from_a_quarter_on(last, expected):
    events = np.full((1, 16), HOLD, np.uint8)
    events[0, 0] = 50
    events[0, last] = 52
    assert form.ends_long(events).tolist() == [expected]
    assert form.ends_long(np.array([[REST] + [HOLD] * 15])).tolist() == [False]
