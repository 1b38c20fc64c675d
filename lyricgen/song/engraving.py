"""A page of music, engraved by verovio, as one SVG that every viewer shows alike."""

from __future__ import annotations

import re
from math import ceil
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

from lyricgen.song import underlay
from lyricgen.song.svg import (
    LETTERS,
    MARGINS,
    MUSIC_FONT,
    SIGNS,
    SVG,
    UNITS_PER_WIDTH,
    XLINK,
    advance,
    draw_sign,
    find,
    font_size,
    join,
    width_of,
    words_of,
    wrap,
)

# The system's fonts: the first three have Latin letters (not every Times has the
# third tone's ǎ, DejaVu has), the next four Chinese on Linux, macOS and Windows.
TEXT_FONTS = (
    "Times New Roman, Times, DejaVu Serif, "
    "Noto Serif CJK SC, Songti SC, SimSun, WenQuanYi Zen Hei, serif"
)

OPTIONS = {
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
    # from word to word: other fonts are wider than Times
    "lyricWordSpace": 3.0,
    "ledgerLineExtension": 0.9,
    "smuflTextFont": "none",
}

# how far a tempo mark stands above the chords, in units of the page and in those of
# verovio's options, which are halves of a space
ABOVE_CHORDS = 630
ABOVE_CHORDS_OPTION = 7.0

# where it begins: after the clef
TEMPO_START = 900

# a sign in a chord's name: its scale, and the room beside it
CHORD_SIGN_SCALE = 0.52
CHORD_SIGN_GAP = 25

# a flat and a sharp, as verovio writes them in chords' names, the signs that are drawn,
# and how high those stand
FLAT = ("\ue260", 90)
SHARP = ("\ue262", 165)
CHORD_SIGNS = {"\uea64": FLAT, "\uea66": SHARP, "♭": FLAT, "♯": SHARP}
CHORD_SIGN = f"([{''.join(CHORD_SIGNS)}])"

# a quarter with its stem, in text
TEXT_QUARTER = "\ueca5"

# the lines at the foot that say how a song was made: their letters and their distance
FOOT_LETTERS = 300
FOOT_LINE = 400
FOOT_COLOR = "#555555"

MADE = "identification/miscellaneous/miscellaneous-field[@name='made']"


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
    viewers that are no browser show the same. Words below the staff become lines under
    the system. Where the words need it the page is wider, and all on it smaller.

    Raises: ValueError where verovio cannot read the MusicXML.
    Notebook: start_here
    """
    score = _parse(musicxml)
    notation = musicxml
    words: list[list[underlay.Sung]] = []
    options: dict[str, object] = {}
    mark = ""
    if score.find(".//lyric") is not None:
        if score.find(".//harmony") is not None:
            mark = _take_tempo(score)
            options["bottomMarginHeader"] = ABOVE_CHORDS_OPTION
        words = underlay.read_words(score, width)
        notation = ElementTree.tostring(score, encoding="unicode")
        width = max(width, _needed_width(notation))
    toolkit = _load(notation, OPTIONS | options | {"pageWidth": width})
    page = ElementTree.fromstring(toolkit.renderToSVG(1))
    if tempo is not None:
        _write_times(page, toolkit.renderToTimemap(), 60 / tempo)
    _remove_labels(page)
    _draw_tempo(page)
    _draw_chords(page)
    if words:
        underlay.lay(page, words)
    if mark:
        _draw_mark(page, mark)
    _fit_title(page)
    _describe(page, title, description)
    _draw_foot(page, score.findtext(MADE, ""))
    ElementTree.register_namespace("", SVG.strip("{}"))
    ElementTree.register_namespace("xlink", XLINK.strip("{}"))
    return ElementTree.tostring(page, encoding="unicode")


def _parse(musicxml: str) -> Element:
    """Returns the root of MusicXML; raises ValueError where there is none."""
    try:
        return ElementTree.fromstring(musicxml)
    except ElementTree.ParseError as error:
        raise ValueError("The MusicXML could not be engraved.") from error


def _load(notation: str, options: dict[str, object]):
    """Returns verovio with a score; raises ValueError where it cannot read it."""
    import verovio

    verovio.enableLog(verovio.LOG_OFF)
    toolkit = verovio.toolkit()
    toolkit.setOptions(options)
    if not toolkit.loadData(notation):
        raise ValueError("The MusicXML could not be engraved.")
    return toolkit


def _needed_width(notation: str) -> int:
    """Returns the width of page that the widest system of a score needs."""
    options = {"pageWidth": 60000, "noJustification": True}
    toolkit = _load(notation, OPTIONS | options)
    page = ElementTree.fromstring(toolkit.renderToSVG(1))
    systems = page.iterfind(f".//{SVG}g[@class='system']")
    widest = max(underlay.staff_end(system) for system in systems)
    return ceil((widest + MARGINS) / UNITS_PER_WIDTH)


def _write_times(page: Element, timemap: list[dict], quarter: float) -> None:
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


def _describe(page: Element, title: str, description: str) -> None:
    """Gives a page its size, its title and description, fonts and a white ground."""
    _, _, width, height = page.attrib["viewBox"].split()
    page.attrib.update(role="img", width=width, height=height)
    find(page, f"{SVG}svg").set("font-family", TEXT_FONTS)
    page.remove(find(page, f"{SVG}desc"))  # verovio's name and version
    for place, (tag, text) in enumerate((("title", title), ("desc", description))):
        element = ElementTree.Element(SVG + tag)
        element.text = text
        page.insert(place, element)
    ground = {"width": width, "height": height, "style": "fill:white;stroke:none"}
    page.insert(2, ElementTree.Element(f"{SVG}rect", ground))


def _remove_labels(page: Element) -> None:
    """Removes the number of the verse, a tooltip at each syllable, and unused ids."""
    used = {use.get(f"{XLINK}href") for use in page.iter(f"{SVG}use")}
    for element in list(page.iter()):
        for label in element.findall(f"{SVG}title"):
            element.remove(label)
        if element is not page and f"#{element.get('id')}" not in used:
            element.attrib.pop("id", None)


def _draw_tempo(page: Element) -> None:
    """Draws the note of the tempo mark, which verovio writes in a font of its own."""
    for mark in page.iterfind(f".//{SVG}g[@class='tempo']"):
        text = find(mark, f"{SVG}text")
        letters = text.find(f"{SVG}tspan[1]//{SVG}tspan[@font-family='{MUSIC_FONT}']")
        if letters is None:
            continue
        x, y = float(text.attrib["x"]), float(text.attrib["y"])
        scale = font_size(letters) / 1000
        for letter in letters.text or "":
            draw_sign(mark, letter, x, y, scale)
            x += advance(letter) * scale
        text.remove(text[0])
        join(text)
        text.set("x", f"{x + 0.3 * font_size(words_of(text)):g}")


def _take_tempo(score: Element) -> str:
    """Takes the tempo mark out of MusicXML and returns its text."""
    for measure in score.iter("measure"):
        for direction in measure.findall("direction"):
            number = direction.findtext("direction-type/metronome/per-minute")
            if number is not None:
                measure.remove(direction)
                return f"= {number}"
    return ""


def _draw_mark(page: Element, mark: str) -> None:
    """Draws a tempo mark above the chords of the first system."""
    system = find(page, f".//{SVG}g[@class='system']")
    chord = system.find(f".//{SVG}g[@class='harm']/{SVG}text")
    staff = find(system, f".//{SVG}g[@class='staff']/{SVG}path").attrib["d"]
    top = float(staff.split()[1])
    y = (float(chord.attrib["y"]) if chord is not None else top) - ABOVE_CHORDS
    group = SubElement(system, f"{SVG}g", {"class": "tempo"})
    draw_sign(group, TEXT_QUARTER, TEMPO_START, y, SIGNS)
    x = TEMPO_START + advance(TEXT_QUARTER) * SIGNS + 0.3 * LETTERS
    _write(group, mark, x, y, LETTERS)


def _draw_chords(page: Element) -> None:
    """Draws the sharps and flats in chords' names, which few fonts have."""
    for harm in page.iterfind(f".//{SVG}g[@class='harm']"):
        text = find(harm, f"{SVG}text")
        x, y = float(text.attrib["x"]), float(text.attrib["y"])
        name = "".join(text.itertext())
        harm.remove(text)
        for letters in re.split(CHORD_SIGN, name):
            if letters in CHORD_SIGNS:
                sign, rise = CHORD_SIGNS[letters]
                draw_sign(harm, sign, x, y - rise, CHORD_SIGN_SCALE)
                x += advance(sign) * CHORD_SIGN_SCALE + CHORD_SIGN_GAP
            elif letters:
                _write(harm, letters, x, y, LETTERS)
                x += width_of(letters) * LETTERS + CHORD_SIGN_GAP


def _write(parent: Element, letters: str, x: float, y: float, size: float) -> None:
    """Writes a text at a place."""
    where = {"x": f"{x:.0f}", "y": f"{y:.0f}", "font-size": f"{size:g}px"}
    SubElement(parent, f"{SVG}text", where).text = letters


def _fit_title(page: Element) -> None:
    """Makes a title smaller that is wider than the page."""
    width = float(find(page, f"{SVG}svg").attrib["viewBox"].split()[2]) - MARGINS
    head = page.find(f".//{SVG}g[@class='pgHead autogenerated']")
    for words in [] if head is None else head.iterfind(f".//{SVG}tspan[@font-size]"):
        needed = width_of(words.text or "") * font_size(words)
        if needed > width:
            words.set("font-size", f"{font_size(words) * width / needed:.0f}px")


def _draw_foot(page: Element, made: str) -> None:
    """Writes how a song was made at the foot of its page."""
    if not made:
        return
    inner = find(page, f"{SVG}svg")
    _, _, width, height = map(float, inner.attrib["viewBox"].split())
    lines = wrap(made, (width - MARGINS) / FOOT_LETTERS)
    foot = SubElement(inner, f"{SVG}g", {"class": "made", "fill": FOOT_COLOR})
    for k, line in enumerate(lines):
        _write(foot, line, MARGINS / 2, height + k * FOOT_LINE, FOOT_LETTERS)
    taller = len(lines) * FOOT_LINE
    inner.set("viewBox", f"0 0 {width:g} {height + taller:g}")
    # the page has fewer units, its ground is as large as it
    _, _, outer_width, outer_height = map(float, page.attrib["viewBox"].split())
    outer_height = round(outer_height + taller * outer_width / width)
    page.set("viewBox", f"0 0 {outer_width:g} {outer_height:g}")
    for element in (page, find(page, f"{SVG}rect")):
        element.set("height", f"{outer_height:g}")
