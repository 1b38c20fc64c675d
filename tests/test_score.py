import io
import re

import mido
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lyricgen.song import engraving, lead_sheet

NOTES = np.array([[0, 4, 60], [4, 6, 64], [10, 8, 67], [20, 2, 66], [22, 10, 72], [32, 28, 60]])
SHEET = lead_sheet.LeadSheet(
    "浣溪沙",
    "Huànxīshā",
    NOTES,
    tuple("一曲新词酒杯"),
    (0, 3),
    96.0,
    ("yì", "qǔ", "xīn", "cí", "jiǔ", "bēi"),
)


def parsed(sheet):
    from music21 import converter

    return converter.parse(engraving.to_musicxml(sheet), format="musicxml")


def sung(part) -> list[tuple[float, float, int]]:
    """Onset, duration (in 16ths) and pitch of each note, tied notes joined; music21's stripTies leaves a tie from B natural to B."""
    notes = []
    for n in part.flatten().notes:
        if n.tie and n.tie.type != "start":
            onset, duration, pitch = notes.pop()
            assert pitch == n.pitch.midi and onset + duration == n.offset * 4
            notes.append((onset, duration + float(n.quarterLength) * 4, pitch))
        else:
            notes.append((float(n.offset) * 4, float(n.quarterLength) * 4, n.pitch.midi))
    return notes


def test_musicxml_read_back_has_the_notes_and_the_words_in_order():
    part = parsed(SHEET).parts[0]
    notes = [n for n in part.recurse().notes if n.tie is None or n.tie.type == "start"]
    assert sung(part) == [tuple(note) for note in NOTES.astype(float).tolist()]
    assert "".join(n.lyrics[0].text for n in notes) == "一曲新词酒杯"
    assert [n.lyrics[1].text for n in notes] == list(SHEET.under)


@given(
    st.lists(
        st.tuples(st.integers(1, 20), st.integers(0, 3), st.integers(57, 77)),
        min_size=1,
        max_size=12,
    )
)
@settings(max_examples=15, deadline=None)
def test_any_rhythm_can_be_written(rows):
    onset, notes = 0, []
    for duration, gap, pitch in rows:
        notes.append((onset + gap, duration, pitch))
        onset += gap + duration
    sheet = lead_sheet.LeadSheet("x", "", np.array(notes), ("la",) * len(notes), (0,))
    assert sung(parsed(sheet).parts[0]) == [tuple(map(float, note)) for note in notes]


def test_the_same_sheet_gives_the_same_bytes_without_dates_or_random_ids():
    first, second = engraving.to_musicxml(SHEET), engraving.to_musicxml(SHEET)
    assert (
        first == second
        and "encoding-date" not in first
        and "Music21" not in first
        and 'id="P1"' in first
    )
    assert engraving.engrave(first, "a", "b") == engraving.engrave(second, "a", "b")
    assert lead_sheet.to_midi(SHEET) == lead_sheet.to_midi(SHEET)


def test_held_syllables_have_an_extender_and_white_keys_no_sign():
    text = engraving.to_musicxml(SHEET)
    assert (
        text.count("<extend") == 3
    )  # three notes are tied; the sign stands under the last line of words
    assert "<accidental>natural" not in text and text.count("<accidental>sharp") == 1


def test_the_page_has_the_words_the_pinyin_and_a_description():
    svg = engraving.engrave(engraving.to_musicxml(SHEET), "A & B", "Lead sheet <of> a song.")
    words = "".join(re.findall(r">([^<>]+)</tspan>", svg))
    for text in ("浣溪沙", *"一曲新词酒杯", *SHEET.under):
        assert text in words
    assert (
        'role="img"' in svg
        and "<title>A &amp; B</title>" in svg
        and "Lead sheet &lt;of&gt; a song." in svg
    )
    assert 'href="http' not in svg and "url(http" not in svg


def test_midi_has_a_lyric_at_the_tick_of_each_note_for_mido_and_music21():
    data = lead_sheet.to_midi(SHEET)
    midi = mido.MidiFile(file=io.BytesIO(data), charset="utf-8")
    notes, lyrics = [], []
    for track in midi.tracks:
        tick = 0
        for message in track:
            tick += message.time
            if message.type == "note_on" and message.velocity:
                notes.append(tick)
            if message.type == "lyrics":
                lyrics.append((tick, message.text))
    ticks = (NOTES[:, 0] * midi.ticks_per_beat // 4).tolist()
    assert notes == ticks and lyrics == list(zip(ticks, SHEET.words))
    from music21 import converter

    read = [n for n in converter.parse(data, format="midi").recurse().notes if n.lyric]
    assert [n.lyric for n in read] == list(SHEET.words)


def test_a_syllable_for_each_note():
    with pytest.raises(ValueError, match="syllable for each note"):
        lead_sheet.LeadSheet("x", "", NOTES, ("a",), (0,))
