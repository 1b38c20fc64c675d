import io
import json
import re
import shutil
import subprocess
from dataclasses import replace
from xml.etree import ElementTree

import measure_files
import mido
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from lyricgen.music import keys, melody
from lyricgen.music.chords import Chord
from lyricgen.music.meter import FOUR_FOUR
from lyricgen.music.midi import read_midi, read_verses
from lyricgen.song import engraving, lead_sheet, melodies, musicxml, underlay
from lyricgen.song import svg as svg_module

NOTES = np.array([[0, 4, 60], [4, 6, 64], [10, 8, 67], [20, 2, 66], [22, 10, 72], [32, 28, 60]])
READINGS = ("yì", "qǔ", "xīn", "cí", "jiǔ", "bēi")
SHEET = lead_sheet.LeadSheet(
    "浣溪沙",
    "Huànxīshā",
    NOTES,
    (lead_sheet.syllables("一曲新词酒杯", READINGS),),
    (0, 3),
    96.0,
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
    assert [n.lyrics[1].text for n in notes] == list(READINGS)


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
    verse = lead_sheet.syllables(("la",) * len(notes))
    sheet = lead_sheet.LeadSheet("x", "", np.array(notes), (verse,), (0,))
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
    # three notes are tied
    assert text.count("<extend") == 3
    assert "<accidental>natural" not in text and text.count("<accidental>sharp") == 1


def test_the_page_has_the_words_the_pinyin_and_a_description():
    svg = engraving.engrave(musicxml.to_musicxml(SHEET), "A & B", "Lead sheet <of> a song.")
    words = "".join(re.findall(r">([^<>]+)</tspan>", svg))
    for text in ("浣溪沙", *"一曲新词酒杯", *READINGS):
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
            assert text.get("text-anchor") == "middle"
            centres.append(float(text.get("x")) - float(re.search(r"[\d.]+", head)[0]))
    assert len(centres) == 2 * len(NOTES)
    assert set(centres) <= {113.0, 114.0}, "half of a head, 0.63 spaces"


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
    verse = lead_sheet.syllables(
        rng.choice(list("霜窗鱼雨壮影墨露"), 32).tolist(), rng.choice(PINYIN, 32).tolist()
    )
    return lead_sheet.LeadSheet("x", "", np.concatenate(notes), (verse,), (0, 8, 16, 24), 96.0)


ENGLISH = tuple(
    lead_sheet.Syllable(text.rstrip("-"), "", text.endswith("-"))
    for text in ("O", "Tib-", "bie,", "I", "won-", "der-", "ful-", "ly", "hae", "seen")
)
SCOTS = lead_sheet.syllables(("Ye", "wad", "na", "been", "sae", "shy", "for", "laik", "o'", "gear"))
TEN_NOTES = np.array(
    [[0, 4, 62], [4, 4, 64], [8, 2, 66], [10, 6, 67], [16, 3, 69]]
    + [[19, 1, 71], [20, 4, 73], [24, 4, 74], [32, 8, 66], [40, 16, 62]]
)
TWO_VERSES = lead_sheet.LeadSheet(
    "O Tibbie",
    "",
    TEN_NOTES,
    (ENGLISH, SCOTS),
    (0, 8),
    sharps=2,
    chords=((0, Chord(2)), (24, Chord(9, "dominant seventh")), (32, Chord(6, "minor"))),
    glosses=(("first", "second"), ("third", "fourth")),
    made="Made by hand, seed 1.",
)

SHEETS = {
    "a song's range": random_sheet(1, 60, 76),
    "down to A3": random_sheet(2, 57, 64),
    "another, down to A3": random_sheet(3, 57, 64),
    "down to E3": random_sheet(4, 52, 60),
    "two verses in English": TWO_VERSES,
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
    marked = ("一", "曲", "新\r", "词", "酒", "杯\r\n")  # of two lines
    assert notes == ticks and lyrics == list(zip(ticks, marked))
    from music21 import converter

    read = [n for n in converter.parse(data, format="midi").recurse().notes if n.lyric]
    assert [n.lyric.strip() for n in read] == list(SHEET.words)


def texts_of(page: ElementTree.Element, name: str) -> list[str]:
    """Returns the texts of the groups of a class on a page, in order."""
    groups = page.iterfind(f".//{engraving.SVG}g[@class='{name}']")
    return ["".join(group.itertext()) for group in groups]


@pytest.mark.parametrize("seed", range(1, 5))
def test_files_say_what_the_lead_sheet_says(seed):
    sheet = measure_files.random_sheet(seed)
    assert measure_files.musicxml_differences(sheet) == []
    assert measure_files.midi_differences(sheet) == []


def test_a_file_that_says_something_else_is_found(monkeypatch):
    sheet = measure_files.random_sheet(3)
    other = replace(sheet, notes=sheet.notes + [0, 0, 12], sharps=-sheet.sharps or 1)
    wrong_musicxml, wrong_midi = musicxml.to_musicxml(other), lead_sheet.to_midi(other)
    monkeypatch.setattr(musicxml, "to_musicxml", lambda sheet, gloss: wrong_musicxml)
    monkeypatch.setattr(lead_sheet, "to_midi", lambda sheet, accompaniment: wrong_midi)
    assert measure_files.musicxml_differences(sheet) == ["notes", "key"]
    assert measure_files.midi_differences(replace(sheet, chords=())) == ["key", "notes"]


def test_the_measurement_writes_what_it_found(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(measure_files, "FEW", 1)
    assert measure_files.main(["--short", "--out", str(tmp_path / "files.json")]) == 0
    written = json.loads((tmp_path / "files.json").read_text("utf-8"))
    printed = capsys.readouterr().out
    for kind in ("songs", "random lead sheets"):
        assert written[kind]["lead sheets"] == 1 and written[kind]["notes"] > 1
        assert written[kind]["sheets that differ, by what"] == {}
        assert f"{kind}: {written[kind]}" in printed


def test_pinyin_is_a_line_of_its_own_and_no_verse():
    numbers = re.findall(r'<lyric number="([^"]+)"', musicxml.to_musicxml(SHEET))
    assert set(numbers) == {"1", "1-pinyin"}
    # MuseScore draws lines of words in the order of their numbers' letters
    assert sorted({"1", "1-pinyin", "2", "2-pinyin"}) == ["1", "1-pinyin", "2", "2-pinyin"]
    assert "pinyin" not in musicxml.to_musicxml(SHEET, readings=False)


def test_a_word_of_several_syllables_has_hyphens_on_the_page():
    page = ElementTree.fromstring(engraving.engrave(musicxml.to_musicxml(TWO_VERSES), "a", "b"))
    hyphens = {}
    for group in page.iterfind(f".//{engraving.SVG}g[@class='syl']"):
        text = group.findtext(f".//{engraving.SVG}tspan[@font-size]")
        rects = group.findall(f"{engraving.SVG}rect")
        hyphens[text] = [float(rect.get("width")) < 200 for rect in rects]
    assert [text for text, drawn in hyphens.items() if drawn == [True]] == [
        "Tib",
        "won",
        "der",
        "ful",
    ]
    held = [text for text, drawn in hyphens.items() if drawn == [False]]
    assert held == ["seen", "gear"], "the last note is tied over a bar line"


def test_chords_stand_above_the_staff_below_the_tempo():
    page = ElementTree.fromstring(engraving.engrave(musicxml.to_musicxml(TWO_VERSES), "a", "b"))
    assert texts_of(page, "harm") == ["D", "A7", "Fm"], "the sharp of F#m is drawn"
    sign = page.findall(f".//{engraving.SVG}g[@class='harm']")[2]
    assert len(sign.findall(f"{engraving.SVG}g")) == 1
    chord = page.find(f".//{engraving.SVG}g[@class='harm']/{engraving.SVG}text")
    mark = page.find(f".//{engraving.SVG}g[@class='tempo']/{engraving.SVG}text")
    assert mark.text == "= 96" and float(mark.get("y")) < float(chord.get("y"))


def test_glosses_are_lines_under_the_words_and_the_foot_says_how_it_was_made():
    notation = musicxml.to_musicxml(TWO_VERSES, gloss=True)
    page = ElementTree.fromstring(engraving.engrave(notation, "a", "b"))
    assert texts_of(page, "gloss") == ["first", "third", "second", "fourth"]
    words = page.findall(f".//{engraving.SVG}g[@class='syl']/{engraving.SVG}text")
    glosses = page.findall(f".//{engraving.SVG}g[@class='gloss']/{engraving.SVG}text")
    heights = [float(text.get("y")) for text in (*words[:2], *glosses[:2])]
    assert heights == sorted(heights), "verse 1, verse 2, their glosses"
    assert texts_of(page, "number") == ["1.", "2."]
    verses = page.findall(f".//{engraving.SVG}g[@class='verse']")
    assert len(verses) == 2 * len(TEN_NOTES), "a gloss is no verse of its note"
    assert texts_of(page, "made") == ["Made by hand, seed 1."]
    height = float(page.get("viewBox").split()[3])
    assert (
        height
        == float(page.get("height"))
        == float(page.find(f"{engraving.SVG}rect").get("height"))
    )
    assert "first" not in engraving.engrave(musicxml.to_musicxml(TWO_VERSES), "a", "b")


def test_a_long_gloss_has_several_lines_on_the_page():
    long = "the traveller comes home through rain and wind " * 4
    sheet = replace(SHEET, glosses=((long, "short"),))
    svg = engraving.engrave(musicxml.to_musicxml(sheet, gloss=True), "a", "b")
    page = ElementTree.fromstring(svg)
    glosses = texts_of(page, "gloss")
    assert len(glosses) > 3 and " ".join(glosses[:-1]) == long.strip()
    assert glosses[-1] == "short"


@pytest.mark.parametrize("name", measure_files.FONTS)
def test_syllables_stand_apart_in_the_fonts_of_this_machine(name):
    fonts = measure_files.find_fonts()
    if name not in fonts:
        pytest.skip(f"{name} is not installed, and nothing stands in for it")
    # every browser fits letters into the widths of Times; other viewers do not
    least = 0.3 if "Times" in name else -0.5
    for seed in range(1, 5):
        sheet = measure_files.random_sheet(seed)
        svg = engraving.engrave(musicxml.to_musicxml(sheet, gloss=True), "a", "b")
        assert measure_files.least_gap(svg, fonts[name]) > least


@given(
    st.lists(
        st.tuples(st.floats(0, 1000), st.floats(1, 300), st.floats(0, 50)), min_size=1, max_size=20
    )
)
def test_what_is_spread_keeps_its_order_and_its_gaps(rows):
    centres = sorted(centre for centre, _, _ in rows)
    widths, gaps = [width for _, width, _ in rows], [gap for _, _, gap in rows]
    starts = underlay.spread(centres, widths, gaps)
    for k in range(len(rows) - 1):
        assert starts[k + 1] >= starts[k] + widths[k] + gaps[k] - 1e-6
    moved = sum(start + width / 2 - c for start, width, c in zip(starts, widths, centres))
    assert abs(moved) < 1e-6, "what pushes and what is pushed move equally far"


def test_what_has_room_stands_at_its_centre():
    assert underlay.spread([10, 50, 200], [10, 20, 30], [5, 5, 5]) == [5, 40, 185]
    assert underlay.spread([10, 12, 200], [10, 20, 30], [5, 5, 5]) == [-4, 11, 185]


def test_a_long_title_fits_on_the_page():
    sheet = replace(SHEET, title="A title that has many words " * 6)
    svg = engraving.engrave(musicxml.to_musicxml(sheet), "a", "b")
    size, title = re.search(r'font-size="(\d+)px">(A title [^<]+)<', svg).groups()
    width = float(re.search(r'class="definition-scale".*?viewBox="0 0 (\d+)', svg)[1])
    assert svg_module.width_of(title) * int(size) <= width - 900
    assert "742px" in engraving.engrave(musicxml.to_musicxml(SHEET), "a", "b")


@pytest.mark.parametrize("sharps", range(-6, 7))
def test_the_notes_of_a_key_have_no_accidental(sharps):
    scale = np.array([0, 2, 4, 5, 7, 9, 11, 12]) + 60 + 7 * sharps % 12
    notes = np.column_stack([np.arange(8) * 4, np.full(8, 4), scale])
    sheet = lead_sheet.LeadSheet(
        "x", "", notes, (lead_sheet.syllables("x" * 8),), (0,), sharps=sharps
    )
    text = musicxml.to_musicxml(sheet)
    assert "<accidental>" not in text and f"<fifths>{sharps}</fifths>" in text
    assert len(set(re.findall("<step>(.)</step>", text))) == 7
    assert sung(parsed(sheet).parts[0]) == [tuple(map(float, note)) for note in notes]


def test_an_accidental_holds_to_the_end_of_its_bar():
    pitches = [66, 66, 65, 65, 65, 66, 78]
    notes = np.array([[4 * k, 4, pitch] for k, pitch in enumerate(pitches)])
    sheet = lead_sheet.LeadSheet("x", "", notes, (lead_sheet.syllables("x" * 7),), (0,))
    found = re.findall(r"<note>.*?</note>", musicxml.to_musicxml(sheet), flags=re.S)
    signs = [re.findall("<accidental>(.*?)<", note) for note in found if "<pitch>" in note]
    assert signs == [["sharp"], [], ["natural"], [], [], ["sharp"], ["sharp"]]


def test_notes_of_a_beat_are_beamed():
    lengths = [3, 1, 1, 1, 2, 2, 1, 1, 4]
    onsets = np.cumsum([0, *lengths[:-1]])
    notes = np.column_stack([onsets, lengths, np.full(9, 67)])
    sheet = lead_sheet.LeadSheet("x", "", notes, (lead_sheet.syllables("x" * 9),), (0,))
    found = re.findall(r"<note>.*?</note>", musicxml.to_musicxml(sheet), flags=re.S)
    beams = [re.findall("<beam[^>]*>(.*?)<", note) for note in found]
    assert beams == [
        ["begin"],
        ["end", "backward hook"],
        ["begin", "begin"],
        ["continue", "end"],
        ["end"],
        ["begin"],
        ["continue", "begin"],
        ["end", "end"],
        [],
    ]


@pytest.mark.parametrize(
    "firsts, bars, systems",
    [
        ((0, 32, 64), 6, [0, 2, 4]),  # lines of two bars
        ((0, 16, 32, 64), 6, [0, 2, 4]),  # two short lines stand together
        ((0, 28, 64), 6, [0, 2, 4]),  # a pickup at the end of a bar
        ((0,), 6, [0, 3]),  # a line that is too long
        ((0,), 1, [0]),
    ],
)
def test_lines_of_words_begin_systems(firsts, bars, systems):
    onsets = [*firsts, bars * 16 - 4]
    notes = np.array([[onset, 4, 60] for onset in onsets])
    verse = lead_sheet.syllables("x" * len(onsets))
    sheet = lead_sheet.LeadSheet("x", "", notes, (verse,), tuple(range(len(firsts))))
    assert musicxml.system_starts(sheet) == systems


def test_midi_has_all_verses_one_after_another_and_says_how_it_was_made():
    accompaniment = np.array([[0, 8, 50, 0.3], [0, 8, 57, 0.3], [32, 16, 50, 0.001]])
    midi = read_midi(lead_sheet.to_midi(TWO_VERSES, accompaniment))
    (verse,) = read_verses(midi)
    assert verse.lines() == [
        "O Tibbie, I wonderfully",
        "hae seen",
        "Ye wad na been sae shy for laik",
        "o' gear",
    ]
    assert verse.begins[10] == "paragraph", "a verse begins"
    assert midi.names == {0: "O Tibbie", 1: "Voice", 2: "Accompaniment"}
    assert midi.programs.tolist() == [[0, 1, 0, 52], [0, 2, 1, 46]]
    assert midi.keys.tolist() == [[0, 2, 0]] and midi.texts[0][-1] == "Made by hand, seed 1."
    voice = midi.notes[midi.notes["track"] == 1]
    assert voice["onset"].tolist()[10] == TWO_VERSES.steps * 120, "verse 2 begins"
    assert voice["velocity"][:4].tolist() == [104, 88, 96, 80]
    soft = midi.notes[midi.notes["track"] == 2]
    assert len(soft) == 6 and soft["velocity"].tolist() == [38, 38, 1] * 2
    assert not midi.warnings


def test_a_syllable_for_each_note():
    with pytest.raises(ValueError, match="syllable for each note"):
        lead_sheet.LeadSheet("x", "", NOTES, (lead_sheet.syllables("a"),), (0,))
    with pytest.raises(ValueError, match="gloss for each line"):
        lead_sheet.LeadSheet("x", "", NOTES, SHEET.verses, (0, 3), glosses=(("one line",),))
