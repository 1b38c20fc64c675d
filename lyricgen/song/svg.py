"""What engraving has in common: the SVG of verovio, its fonts, the widths of texts."""

from __future__ import annotations

import functools
import unicodedata
from pathlib import Path
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

SVG = "{http://www.w3.org/2000/svg}"
XLINK = "{http://www.w3.org/1999/xlink}"
MUSIC_FONT = "Leipzig"

# SVG units of verovio's page: one of its width, both its margins, the size of the words
UNITS_PER_WIDTH = 10
MARGINS = 1000
LETTERS = 495

# the scale of the signs of music on a staff, whose font has 1000 units
SIGNS = 0.72

# the head of a quarter
QUARTER_HEAD = "\ue0a4"


def find(element: Element, path: str) -> Element:
    """Finds what verovio always writes at a path, or raises ValueError."""
    found = element.find(path)
    if found is None:
        raise ValueError(f"The engraved page has no {path}.")
    return found


def words_of(text: Element) -> Element:
    """Returns the first string of a text, which verovio gives the font's size."""
    return find(text, f".//{SVG}tspan[@font-size]")


def font_size(words: Element) -> float:
    """Returns the size of a font, which verovio writes as `495px`."""
    return float(words.attrib["font-size"].removesuffix("px"))


def join(text: Element) -> None:
    """Joins the strings of a text: librsvg drops the spaces at the ends of each."""
    words = words_of(text)
    words.text = "".join(text.itertext()).strip().replace("\xa0", " ")
    for part in text[1:]:
        text.remove(part)


def width_of(text: str, font: str = "Times") -> float:
    """Returns the width of a text in sizes of its font; a Chinese character has 1.

    font: "Times" or "Times-italic".
    """
    widths = _letter_widths(font)
    return sum(_letter_width(letter, widths) for letter in text)


def wrap(text: str, columns: float) -> list[str]:
    """Returns a text in lines of so many sizes of its font, broken between words."""
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if lines[-1] and width_of(longer) > columns:
            lines.append(word)
        else:
            lines[-1] = longer
    return lines


def _letter_width(letter: str, widths: dict[str, float]) -> float:
    """Returns the width of a letter; without its marks where the font lacks it."""
    if unicodedata.east_asian_width(letter) in "WF":
        return 1.0
    plain = unicodedata.normalize("NFD", letter)[0]
    return widths.get(letter, widths.get(plain, 0.5))


@functools.cache
def _letter_widths(font: str) -> dict[str, float]:
    """Returns the widths of letters, which verovio brings along."""
    boxes = ElementTree.parse(_data() / "text" / f"{font}.xml").getroot()
    units = float(boxes.attrib["units-per-em"])
    widths = {}
    for letter in boxes:
        box = {name: float(letter.attrib[name]) for name in ("x", "w")}
        # some have no advance: the same room behind them as before
        width = float(letter.get("h-a-x", box["w"] + 2 * box["x"]))
        widths[chr(int(letter.attrib["c"], 16))] = width / units
    return widths


def draw_sign(parent: Element, sign: str, x: float, y: float, scale: float) -> None:
    """Draws a sign of the music font at a place."""
    group = SubElement(parent, f"{SVG}g")
    group.set("transform", f"translate({x:g}, {y:g}) scale({scale:g}, {scale:g})")
    group.extend(_outline(sign))


def _outline(sign: str) -> Element:
    """Returns the outline of a sign of the music font, whose size is 1000 units."""
    text = (_data() / MUSIC_FONT / f"{ord(sign):04X}.xml").read_text("utf-8")
    return ElementTree.fromstring(text)


@functools.cache
def advance(sign: str) -> float:
    """Returns how far a sign of the music font moves the next, in 1000ths of it."""
    boxes = ElementTree.parse(_data() / f"{MUSIC_FONT}.xml").getroot()
    return float(find(boxes, f"g[@c='{ord(sign):04X}']").attrib["h-a-x"])


def _data() -> Path:
    """Returns the folder with verovio's fonts."""
    import verovio

    return Path(verovio.__file__).parent / "data"
