import io
import re
import shutil
import subprocess
from xml.etree import ElementTree

import mido
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from lyricgen.music import keys, melody
from lyricgen.music.meter import FOUR_FOUR
from lyricgen.song import engraving, lead_sheet, melodies, musicxml

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

    return converter.parse(musicxml.to_musicxml(sheet), format="musicxml")


def sung(part) -> list[tuple[float, float, int]]:
    """Returns onset, duration (in 16ths) and pitch of each note, tied notes joined.

    music21's stripTies leaves a tie from B natural to B.
    """
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
    first, second = musicxml.to_musicxml(SHEET), musicxml.to_musicxml(SHEET)
    assert (
        first == second
        and "encoding-date" not in first
        and "Music21" not in first
        and 'id="P1"' in first
    )
    assert engraving.engrave(first, "a", "b") == engraving.engrave(second, "a", "b")
    assert lead_sheet.to_midi(SHEET) == lead_sheet.to_midi(SHEET)


def test_black_keys_are_spelled_as_the_key_signature_has_them():
    names = [musicxml.pitch_name(pitch) for pitch in range(60, 72)]
    assert names == ["C4", "C#4", "D4", "E-4", "E4", "F4", "F#4", "G4", "G#4", "A4", "B-4", "B4"]
    spelled = {sharps: musicxml.pitch_name(68, sharps) for sharps in (-6, -3, -1, 0, 2, 4)}
    assert spelled == {-6: "A-4", -3: "A-4", -1: "A-4", 0: "G#4", 2: "G#4", 4: "G#4"}
    assert musicxml.pitch_name(70, 2) == "A#4" and musicxml.pitch_name(70, 1) == "B-4"


@pytest.mark.parametrize(
    "shift, sharps", [(0, 0), (-2, 2), (5, 1), (-5, -1), (2, -2), (3, 3), (-6, 6)]
)
def test_a_shift_to_c_has_the_signature_of_its_key(shift, sharps):
    from music21 import key

    assert keys.signature(shift) == sharps
    tonic = key.KeySignature(sharps).asKey("major").tonic.pitchClass
    assert (tonic + shift) % 12 == 0


def test_a_melody_in_d_has_two_sharps_in_front_and_none_on_the_notes():
    pitches = [62, 64, 66, 67, 69, 71, 73, 74]
    events = melody.to_events([[2 * k, 2, pitch] for k, pitch in enumerate(pitches)], 16)
    text = melodies.to_musicxml(events, FOUR_FOUR, "D", sharps=2)
    assert "<fifths>2</fifths>" in text and "<accidental>" not in text
    assert "<accidental>sharp" in melodies.to_musicxml(events, FOUR_FOUR, "D")


def test_held_syllables_have_an_extender_and_white_keys_no_sign():
    text = musicxml.to_musicxml(SHEET)
    # three notes are tied; the sign stands under the last line of words
    assert text.count("<extend") == 3
    assert "<accidental>natural" not in text and text.count("<accidental>sharp") == 1


def test_the_page_has_the_words_the_pinyin_and_a_description():
    svg = engraving.engrave(musicxml.to_musicxml(SHEET), "A & B", "Lead sheet <of> a song.")
    words = "".join(re.findall(r">([^<>]+)</tspan>", svg))
    for text in ("浣溪沙", *"一曲新词酒杯", *SHEET.under):
        assert text in words
    assert (
        'role="img"' in svg
        and "<title>A &amp; B</title>" in svg
        and "Lead sheet &lt;of&gt; a song." in svg
    )
    assert 'href="http' not in svg and "url(http" not in svg


def test_the_page_needs_no_font_but_the_systems():
    svg = engraving.engrave(musicxml.to_musicxml(SHEET), "a", "b")
    assert "font-face" not in svg and "woff" not in svg and "Leipzig" not in svg
    letters = "".join(ElementTree.fromstring(svg).itertext())
    private = [letter for letter in letters if "\ue000" <= letter <= "\uf8ff"]
    assert not private, "signs of music are drawn, not written"
    assert "= 96" in letters
    family = re.search('font-family="([^"]+)"', svg)[1].split(", ")
    assert {"Noto Serif CJK SC", "Songti SC", "SimSun", "WenQuanYi Zen Hei"} <= set(family)


def test_syllables_stand_under_their_notes():
    page = ElementTree.fromstring(engraving.engrave(musicxml.to_musicxml(SHEET), "a", "b"))
    centres = []
    for note in page.iterfind(f".//{engraving.SVG}g[@class='note']"):
        head = note.find(f"{engraving.SVG}g[@class='notehead']/{engraving.SVG}use").get("transform")
        for text in note.iterfind(f".//{engraving.SVG}g[@class='syl']/{engraving.SVG}text"):
            if text.get("text-anchor") == "middle":
                centres.append(float(text.get("x")) - float(re.search(r"[\d.]+", head)[0]))
    free = 2 * (len(NOTES) - 3)  # three notes are tied, and a line follows their syllables
    assert len(centres) == free and set(centres) == {113.0}, "half of a head, 0.63 spaces"


def test_notes_of_a_page_with_a_tempo_have_their_times():
    notation = musicxml.to_musicxml(SHEET)
    # without its tempo mark as well, which verovio would take for 120
    for text in (notation, re.sub("<direction.*?</direction>", "", notation, flags=re.S)):
        page = ElementTree.fromstring(engraving.engrave(text, "a", "b", tempo=60))
        notes = page.iterfind(f".//{engraving.SVG}g[@class='note']")
        times = [(float(note.get("data-on")), float(note.get("data-off"))) for note in notes]
        assert [on for on, _ in times if on in NOTES[:, 0] / 4] == (NOTES[:, 0] / 4).tolist()
        assert times[-1][1] == (NOTES[-1, 0] + NOTES[-1, 1]) / 4, "a 16th is a quarter second"
        assert all(on < off for on, off in times)
    assert "data-on" not in engraving.engrave(notation, "a", "b")


PINYIN = ("zhuāng", "shuǎng", "nǚ", "qǐng", "è", "yǔ", "ǎi", "yīng")


def random_sheet(seed: int, low: int, high: int) -> lead_sheet.LeadSheet:
    """Four lines of eight notes between two pitches, with characters and pinyin."""
    rng = np.random.default_rng(seed)
    notes = []
    for line in range(4):
        durations = rng.choice([2, 4, 6], 8)
        onsets = 48 * line + np.cumsum(durations) - durations
        notes.append(np.column_stack([onsets, durations, rng.integers(low, high, 8)]))
    words = tuple(rng.choice(list("霜窗鱼雨壮影墨露"), 32))
    under = tuple(rng.choice(PINYIN, 32))
    return lead_sheet.LeadSheet("x", "", np.concatenate(notes), words, (0, 8, 16, 24), 96.0, under)


SHEETS = {
    "a song's range": random_sheet(1, 60, 76),
    "down to A3": random_sheet(2, 57, 64),
    "another, down to A3": random_sheet(3, 57, 64),
    "down to E3": random_sheet(4, 52, 60),
}
RED, BLUE, BLACK = (255, 0, 0), (0, 0, 255), (0, 0, 0)
WIDTH = 2100  # pixels of a page: 18 from one line of a staff to the next


def coloured(svg: str) -> str:
    """The page with its first line of words in red and its second in blue."""
    page = ElementTree.fromstring(svg)
    for note in page.iterfind(f".//{engraving.SVG}g[@class='note']"):
        syllables = note.findall(f".//{engraving.SVG}g[@class='syl']")
        for syllable, color in zip(syllables, ("red", "blue")):
            syllable.set("fill", color)
    return ElementTree.tostring(page, encoding="unicode")


def rendered(svg: str) -> np.ndarray:
    """The page as librsvg draws it, RGB."""
    command = ["rsvg-convert", "--width", str(WIDTH), "--background-color", "white"]
    done = subprocess.run(command, input=svg.encode(), stdout=subprocess.PIPE, check=True)
    return np.asarray(Image.open(io.BytesIO(done.stdout)).convert("RGB"))


def ink(picture: np.ndarray, color: tuple[int, int, int]) -> np.ndarray:
    """Where a picture has a colour, paler edges of letters included."""
    return np.abs(picture.astype(int) - color).sum(axis=-1) < 200


def gap(first: np.ndarray, second: np.ndarray, most: int = 8) -> int:
    """The pixels between two inks, counted up to `most`."""
    grown = first
    for pixels in range(most):
        wide = np.pad(grown, 1)
        wide = wide[:-2] | wide[1:-1] | wide[2:]
        grown = wide[:, :-2] | wide[:, 1:-1] | wide[:, 2:]
        if (grown & second).any():
            return pixels
    return most


def assert_nothing_touches(picture: np.ndarray) -> None:
    """Asserts that 8 pixels, almost half a space, part words from notes and words."""
    notes, characters, pinyin = (ink(picture, color) for color in (BLACK, RED, BLUE))
    assert notes.any() and characters.any() and pinyin.any()
    assert gap(notes, characters) == 8, "a character touches a note"
    assert gap(characters, pinyin) == 8, "a tone mark touches a character"


librsvg = pytest.mark.skipif(
    not shutil.which("rsvg-convert"),
    reason="rsvg-convert is not installed: librsvg2-bin has it",
)


@librsvg
@pytest.mark.parametrize("name", SHEETS)
def test_words_touch_neither_notes_nor_each_other_in_librsvg(name):
    svg = engraving.engrave(musicxml.to_musicxml(SHEETS[name]), "a", "b")
    assert_nothing_touches(rendered(coloured(svg)))


@librsvg
def test_the_tempo_stands_at_the_beginning_in_librsvg():
    svg = engraving.engrave(musicxml.to_musicxml(SHEETS["a song's range"]), "a", "b")
    page = ElementTree.fromstring(svg)
    mark = page.find(f".//{engraving.SVG}g[@class='tempo']")
    mark.set("fill", "red")
    mark.set("color", "blue")  # of the stroke that verovio's style gives the note
    picture = rendered(ElementTree.tostring(page, encoding="unicode"))
    rows, columns = np.nonzero(ink(picture, RED))
    clef = np.nonzero(ink(picture, BLACK)[:, :200].any(axis=1))[0][0]
    assert columns.min() > 90 and columns.max() < 300, "over the first bar's beginning"
    assert rows.min() > clef - 60 and rows.max() < clef + 30, "above the first staff"
    between = np.diff(np.unique(columns))
    assert 3 < between.max() < 40, "the note and the number stand apart, and close"


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
