"""A player's HTML: what it says and stores, and its piano roll."""

import base64
import re
from html import unescape
from xml.etree import ElementTree

import numpy as np
import pytest

from lyricgen import player, show
from lyricgen.song import engraving, lead_sheet, musicxml, playing

SVG = "{http://www.w3.org/2000/svg}"
# one bar and a half in 16th steps, C4 to G4
NOTES = np.array([[0, 4, 60], [4, 4, 64], [8, 12, 67]])


def rects(svg: str) -> list[dict]:
    """The notes of a roll."""
    page = ElementTree.fromstring(svg)
    return [rect.attrib for rect in page.iter(f"{SVG}rect") if "data-on" in rect.attrib]


def words(svg: str) -> list[str]:
    return [text.text for text in ElementTree.fromstring(svg).iter(f"{SVG}text")]


def test_a_roll_has_each_note_at_its_time_and_pitch():
    svg = player.roll_svg(NOTES, tempo=120)
    found = rects(svg)
    assert [(r["data-on"], r["data-off"]) for r in found] == [
        ("0.000", "0.500"),
        ("0.500", "1.000"),
        ("1.000", "2.500"),
    ]
    x = [float(r["x"]) for r in found]
    assert x[1] - x[0] == pytest.approx(player.WIDTH / 8, abs=0.1), "a beat of two bars"
    assert x[2] - x[1] == pytest.approx(player.WIDTH / 8, abs=0.1)
    y = [float(r["y"]) for r in found]
    assert (y[0] - y[1]) / (y[1] - y[2]) == pytest.approx(4 / 3), "four semitones and three"
    root = ElementTree.fromstring(svg).attrib
    assert float(root["data-seconds"]) == 4, "two bars at 120 quarters a minute"


def test_a_roll_names_its_axes_its_bars_and_its_pitches():
    assert {"bar", "pitch", "1", "2", "C4", "E4", "G4"} <= set(words(player.roll_svg(NOTES, 120)))
    in_seconds = words(player.roll_svg(NOTES / [8, 8, 1]))
    assert {"seconds", "0", "1", "2", "3"} <= set(in_seconds) and "bar" not in in_seconds
    close = words(player.roll_svg([(0, 1, 69), (1, 1, 70)]))
    assert {"A4", "Bb4"} <= set(close), "where no C, E or G is, the pitches that are"


def test_many_bars_have_few_numbers():
    notes = [(16 * bar, 16, 60) for bar in range(100)]
    numbers = [word for word in words(player.roll_svg(notes, 120)) if word.isdigit()]
    assert numbers[:3] == ["1", "9", "17"] and len(numbers) <= player.MOST_NUMBERS


@pytest.mark.parametrize(
    "notes, options, described",
    [
        (NOTES, {"tempo": 120}, "Piano roll of 3 notes: 2 bars, C4 to G4, 2 s"),
        (NOTES, {"tempo": 120, "beats": 3}, "Piano roll of 3 notes: 2 bars, C4 to G4, 2 s"),
        (NOTES, {"tempo": 120, "beats": 5}, "Piano roll of 3 notes: 1 bar, C4 to G4, 2 s"),
        ([(0, 12.2, 61)], {}, "Piano roll of 1 note: C#4, 12 s"),
    ],
)
def test_a_roll_says_what_is_heard(notes, options, described):
    title = ElementTree.fromstring(player.roll_svg(notes, **options)).findtext(f"{SVG}title")
    assert title == described
    assert f'alt="{described}"' in show.player_html(b"ID3", "x", notes, **options)


@pytest.mark.parametrize("notes", [[], [(0, 0, 60)], [(-1, 1, 60)], [(0, 60)]])
def test_what_cannot_be_drawn_is_refused(notes):
    with pytest.raises(ValueError):
        player.roll_svg(notes)


def played(**options) -> str:
    verse = lead_sheet.syllables(("do", "mi", "sol"))
    sheet = lead_sheet.LeadSheet("A", "", NOTES, (verse,), (0,), 120)
    score = engraving.engrave(musicxml.to_musicxml(sheet), "A & B", "春", tempo=120)
    return playing.play_html(NOTES, 'a "b" <c>', 120, score=score, **options)


def test_without_its_script_a_player_is_pictures_and_a_plain_audio():
    html = re.sub("<script>.*</script>", "", played(), flags=re.S)
    assert html.count("<audio controls") == 1 and html.count("<img ") == 2
    assert "<svg" not in html, "JupyterLab strips it from notebooks that it does not trust"
    sources = re.findall(r'src="(data:[^;]+);base64,([^"]+)"', html)
    assert [kind for kind, _ in sources] == [
        "data:audio/mpeg",
        "data:image/svg+xml",
        "data:image/svg+xml",
    ]
    mp3, score, roll = (base64.b64decode(data) for _, data in sources)
    assert b"data-on" in score and b"data-on" in roll and len(mp3) > 1000
    assert 'aria-label="a &quot;b&quot; &lt;c&gt;"' in html
    assert 'alt="A &amp; B: 春"' in html
    assert "<figcaption>a &quot;b&quot; &lt;c&gt;</figcaption>" in html


def test_a_player_stores_the_same_bytes_each_time_and_little_besides_its_sound():
    html = played()
    assert html == played() and html != played(tone="bowed")
    (script,) = re.findall("<script>(.*)</script>", html, flags=re.S)
    assert len(script) < 4200
    assert " id=" not in html, "ids of two players would meet on one page"
    assert "http" not in unescape(script), "it works without the internet"
    assert "//" not in script.replace("://", ""), "comments are not stored"


def test_a_player_of_sound_alone_has_no_script():
    html = show.player_html(b"ID3", "a sound")
    assert "<script" not in html and "<audio controls" in html


def test_a_player_is_a_line_of_text_in_a_terminal(monkeypatch):
    shown = []
    monkeypatch.setattr("IPython.display.display", lambda data, raw: shown.append(data))
    playing.play(NOTES, "three notes", 120)
    (data,) = shown
    assert data["text/plain"] == "(a player: three notes)"
    assert data["text/html"] == playing.play_html(NOTES, "three notes", 120)


def test_notes_with_a_tempo_sound_like_the_same_notes_in_seconds():
    step = 60 / 90 / 4
    assert playing.to_mp3(NOTES, 90) == playing.to_mp3(NOTES * [step, step, 1])
    assert NOTES[1, 0] == 4, "the caller's notes are as they were"
    assert playing.to_mp3(NOTES, 90) != playing.to_mp3(NOTES, 90, "bowed")
