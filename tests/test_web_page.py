"""A song's page: what stands in it, when it sounds, and that it needs nothing else."""

import base64
import re
from html.parser import HTMLParser

import pytest
from test_recording import CHINESE, ENGLISH

from lyricgen.song import engraving, musicxml
from lyricgen.song.lead_sheet import LeadSheet
from lyricgen.song.web_page import to_html

MP3 = b"ID3 the sound"


class Page(HTMLParser):
    """The elements of a page, and the text of each kind of element."""

    def __init__(self, html: str):
        super().__init__()
        self.elements: list[tuple[str, dict]] = [("", {})]
        self.texts: dict[str, list[str]] = {}
        self.feed(html)

    def handle_starttag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))

    def handle_data(self, data):
        tag, attributes = self.elements[-1]
        self.texts.setdefault(attributes.get("class", tag), []).append(data)

    def all(self, tag: str) -> list[dict]:
        return [attributes for name, attributes in self.elements if name == tag]


def made(sheet: LeadSheet, **options) -> str:
    svg = engraving.engrave(musicxml.to_musicxml(sheet), "A & B", "words", tempo=sheet.tempo)
    return to_html(sheet, svg, MP3, **options)


def test_a_page_has_the_sound_the_words_and_how_it_was_made():
    glosses = (("fine rain, <slanting> wind", ""),)
    sheet = LeadSheet(**{**vars(CHINESE), "glosses": glosses})
    page = Page(made(sheet))
    (audio,) = page.all("audio")
    assert audio["src"] == "data:audio/mpeg;base64," + base64.b64encode(MP3).decode()
    assert audio["aria-label"] == page.texts["title"][0] == "浣溪沙 Huànxīshā"
    assert "".join(page.texts["ruby"]) == "细雨斜风作晓寒淡烟疏柳媚晴滩"
    assert page.texts["rt"][:2] == ["xì", "yǔ"]
    assert "".join(page.texts["gloss"]) == "fine rain, <slanting> wind", "one line has none"
    assert page.texts["small"][0].startswith("Word meanings from CC-CEDICT, CC BY-SA")
    assert page.texts["made"][0] == "seed 1, by a test"
    assert [line["lang"] for line in page.all("p") if line.get("class") == "line"] == ["zh"] * 2
    score, *_ = page.all("svg")  # verovio puts another one into it
    assert score["role"] == "img" and score["aria-label"] == "A & B: words"


def test_each_syllable_has_its_times_in_each_verse():
    page = Page(made(ENGLISH, count_in=True))
    spans = page.all("span")
    verses = [[span for span in spans if span["data-verse"] == verse] for verse in "01"]
    assert len(verses[0]) == len(verses[1]) == 14
    for verse in verses:
        assert [float(span["data-on"]) for span in verse[:3]] == [0, 0.5, 1]
        assert float(verse[-1]["data-off"]) == 8
    (body,) = page.all("body")
    assert body == {"data-lead-in": "2.000", "data-verse-seconds": "8.000", "data-verses": "2"}
    notes = [group for group in page.all("g") if "data-on" in group]
    assert len(notes) == 14 and notes[1]["data-on"] == "0.500", "the score's, once"
    words = re.sub("<[^>]+>", "", made(ENGLISH))
    assert "Twinkle twinkle little star" in words


def test_a_page_asks_for_nothing_from_outside():
    html = made(CHINESE, files={"song.mid": b"MThd"})
    page = Page(html)
    (policy,) = [meta for meta in page.all("meta") if "http-equiv" in meta]
    assert policy["content"].startswith("default-src 'none'; img-src data:; media-src data:;")
    named = re.findall(r'(?:src|href)="([^"]*)"', html)
    assert all(name.startswith(("data:", "#")) for name in named) and len(named) > 4
    addresses = set(re.findall(r"https?://[^\"' ]+", html))
    assert addresses == {"http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"}


def test_links_save_the_files():
    files = {"song.mid": b"MThd", "song <1>.txt": "春".encode() * 1000}
    page = Page(made(CHINESE, files=files))
    links = page.all("a")
    assert [link["download"] for link in links] == list(files)
    saved = [base64.b64decode(link["href"].split(",")[1]) for link in links]
    assert saved == list(files.values())
    assert links[0]["href"].startswith("data:audio/midi;base64,")
    assert "".join(page.texts["a"]).strip().endswith("song <1>.txt, 3 kB")
    with pytest.raises(ValueError, match="not 'song.exe'"):
        made(CHINESE, files={"song.exe": b""})
    assert not Page(made(CHINESE)).all("a")


def test_words_cannot_leave_their_place():
    sheet = LeadSheet(**{**vars(ENGLISH), "title": "</title><b>", "made": "<script>"})
    page = Page(made(sheet))
    assert not page.all("b") and len(page.all("script")) == 1
    assert page.texts["made"][0] == "<script>"


def test_a_score_without_times_is_refused():
    svg = engraving.engrave(musicxml.to_musicxml(CHINESE), "a", "b")
    with pytest.raises(ValueError, match="engrave needs the tempo"):
        to_html(CHINESE, svg, MP3)


def test_the_same_song_has_the_same_page():
    assert made(ENGLISH) == made(ENGLISH)
