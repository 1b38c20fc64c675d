"""A page of music, engraved by verovio, as one SVG that every viewer shows alike."""

from __future__ import annotations

import functools
import re
import unicodedata
from pathlib import Path
from xml.etree import ElementTree

SVG = "{http://www.w3.org/2000/svg}"
XLINK = "{http://www.w3.org/1999/xlink}"
# The system's fonts: the first three have Latin letters (not every Times has the
# third tone's ǎ, DejaVu has), the next four Chinese on Linux, macOS and Windows.
TEXT_FONTS = (
    "Times New Roman, Times, DejaVu Serif, "
    "Noto Serif CJK SC, Songti SC, SimSun, WenQuanYi Zen Hei, serif"
)
MUSIC_FONT = "Leipzig"


def engrave(
    musicxml: str,
    title: str,
    description: str,
    width: int = 2100,
    tempo: float | None = None,
) -> str:
    """Engraves MusicXML as one SVG by verovio; the same text gives the same bytes.

    The title and the description are inside, for screen readers. All signs of music are
    drawn and the words name fonts of the system, so that browsers, images on a page and
    viewers that are no browser show the same.

    Raises: ValueError where verovio cannot read the MusicXML.
    Notebook: start_here
    """
    import verovio

    verovio.enableLog(verovio.LOG_OFF)
    toolkit = verovio.toolkit()
    toolkit.setOptions(
        {
            "pageWidth": width,
            "pageHeight": 60000,
            "adjustPageHeight": True,
            "svgViewBox": True,
            "svgFormatRaw": True,
            "header": "auto",
            "footer": "none",
            "breaks": "encoded",
            "scale": 40,
            "xmlIdSeed": 1,
            "minLastJustification": 0,
            # verovio takes a character for as high as an I: the margin above each line
            # of words keeps Chinese from low notes, and tone marks from Chinese
            "lyricSize": 5.5,
            "lyricTopMinMargin": 3.0,
            "defaultBottomMargin": 2.0,
            # wide enough that notes set the distances, not the widths of words
            "spacingNonLinear": 0.55,
            "spacingLinear": 0.5,
            "ledgerLineExtension": 0.9,
            "smuflTextFont": "none",
        }
    )
    if not toolkit.loadData(musicxml):
        raise ValueError("The MusicXML could not be engraved.")
    page = ElementTree.fromstring(toolkit.renderToSVG(1))
    if tempo is not None:
        _write_times(page, toolkit.renderToTimemap(), 60 / tempo)
    _remove_labels(page)
    _draw_tempo(page)
    _centre_syllables(page)
    _describe(page, title, description)
    ElementTree.register_namespace("", SVG.strip("{}"))
    ElementTree.register_namespace("xlink", XLINK.strip("{}"))
    return ElementTree.tostring(page, encoding="unicode")


def _write_times(page: ElementTree.Element, timemap: list[dict], quarter: float) -> None:
    """Writes at each note when it begins and ends, from verovio's map of times.

    timemap: the ids of notes that begin ("on") and end ("off") at a place, in quarters.
    quarter: seconds.
    """
    times: dict[str, dict[str, str]] = {}
    for moment in timemap:
        seconds = f"{moment['qstamp'] * quarter:.3f}"
        for event in ("on", "off"):
            for note_id in moment.get(event, ()):
                times.setdefault(note_id, {})[f"data-{event}"] = seconds
    for note in page.iterfind(f".//{SVG}g[@class='note']"):
        note.attrib.update(times.get(note.get("id", ""), {}))


def _find(element: ElementTree.Element, path: str) -> ElementTree.Element:
    """Finds what verovio always writes at a path, or raises ValueError."""
    found = element.find(path)
    if found is None:
        raise ValueError(f"The engraved page has no {path}.")
    return found


def _describe(page: ElementTree.Element, title: str, description: str) -> None:
    """Gives a page its size, its title and description, fonts and a white ground."""
    _, _, width, height = page.attrib["viewBox"].split()
    page.attrib.update(role="img", width=width, height=height)
    _find(page, f"{SVG}svg").set("font-family", TEXT_FONTS)
    page.remove(_find(page, f"{SVG}desc"))  # verovio's name and version
    for place, (tag, text) in enumerate((("title", title), ("desc", description))):
        element = ElementTree.Element(SVG + tag)
        element.text = text
        page.insert(place, element)
    ground = {"width": width, "height": height, "style": "fill:white;stroke:none"}
    page.insert(2, ElementTree.Element(f"{SVG}rect", ground))


def _remove_labels(page: ElementTree.Element) -> None:
    """Removes the number of the verse, a tooltip at each syllable, and unused ids."""
    used = {use.get(f"{XLINK}href") for use in page.iter(f"{SVG}use")}
    for element in list(page.iter()):
        for label in element.findall(f"{SVG}title"):
            element.remove(label)
        if element is not page and f"#{element.get('id')}" not in used:
            element.attrib.pop("id", None)


def _draw_tempo(page: ElementTree.Element) -> None:
    """Draws the note of the tempo mark, which verovio writes in a font of its own."""
    for mark in page.iterfind(f".//{SVG}g[@class='tempo']"):
        text = _find(mark, f"{SVG}text")
        letters = text.find(f"{SVG}tspan[1]//{SVG}tspan[@font-family='{MUSIC_FONT}']")
        if letters is None:
            continue
        x, y = float(text.attrib["x"]), float(text.attrib["y"])
        scale = _size(letters) / 1000
        for letter in letters.text or "":
            outline = ElementTree.SubElement(mark, f"{SVG}g")
            outline.set("transform", f"translate({x:g}, {y:g}) scale({scale:g}, {scale:g})")
            outline.extend(_outline(letter))
            x += _advance(letter) * scale
        text.remove(text[0])
        _join(text)
        text.set("x", f"{x + 0.3 * _size(_words(text)):g}")


def _join(text: ElementTree.Element) -> None:
    """Joins the strings of a text: librsvg drops the spaces at the ends of each."""
    words = _words(text)
    words.text = "".join(text.itertext()).strip().replace("\xa0", " ")
    for part in text[1:]:
        text.remove(part)


def _words(text: ElementTree.Element) -> ElementTree.Element:
    """The first string of a text, which verovio gives the font's size."""
    return _find(text, f".//{SVG}tspan[@font-size]")


def _size(words: ElementTree.Element) -> float:
    """The size of a font, which verovio writes as `495px`."""
    return float(words.attrib["font-size"].removesuffix("px"))


def _centre_syllables(page: ElementTree.Element) -> None:
    """Centres syllables under their notes, as far as the ones before leave room.

    Where a line or a hyphen follows a syllable, it and the next one keep the places
    that verovio gave them.
    """
    ends: dict[str, float] = {}  # of the last syllable, for each line of words
    joined = False
    for note in page.iterfind(f".//{SVG}g[@class='note']"):
        syllables = note.findall(f".//{SVG}g[@class='syl']")
        follows_line = joined
        joined = any(syllable.find(f"{SVG}rect") is not None for syllable in syllables)
        centre = _centre(note)
        for text in note.iterfind(f".//{SVG}g[@class='syl']/{SVG}text"):
            size = _size(_words(text))
            width = _width("".join(text.itertext())) * size
            line, start = text.attrib["y"], float(text.attrib["x"])
            if not joined and not follows_line:
                nearest = ends.get(line, 0.0) + 0.25 * size
                start = max(centre - width / 2, min(start, nearest))
                text.set("x", f"{start + width / 2:.0f}")
                text.set("text-anchor", "middle")
            ends[line] = start + width


def _centre(note: ElementTree.Element) -> float:
    """The middle of a note's head, the width of a quarter's taken for all."""
    head = _find(note, f"{SVG}g[@class='notehead']/{SVG}use")
    x, scale = re.findall(r"[\d.]+", head.attrib["transform"])[::2]
    return float(x) + _advance("\ue0a4") * float(scale) / 2


def _width(text: str) -> float:
    """The width of a text in sizes of its font: Chinese has 1, other letters 0.5."""
    return sum(1.0 if unicodedata.east_asian_width(letter) in "WF" else 0.5 for letter in text)


def _outline(letter: str) -> ElementTree.Element:
    """The outline of a letter of the music font, whose size is 1000 units."""
    return ElementTree.fromstring((_music_font() / f"{ord(letter):04X}.xml").read_text("utf-8"))


@functools.cache
def _advance(letter: str) -> float:
    """How far a letter of the music font moves the next, whose size is 1000 units."""
    boxes = ElementTree.parse(_music_font().with_suffix(".xml")).getroot()
    return float(_find(boxes, f"g[@c='{ord(letter):04X}']").attrib["h-a-x"])


def _music_font() -> Path:
    """The folder with the outlines of verovio's music font."""
    import verovio

    return Path(verovio.__file__).parent / "data" / MUSIC_FONT
