"""The words under the notes of an engraved page: syllables, hyphens, lines, glosses.

verovio makes room for the words by the widths of Times; Chinese it cannot measure. This
module decides where each syllable stands: under its note, apart from its neighbours.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple
from xml.etree.ElementTree import Element, SubElement

from lyricgen.song.svg import (
    LETTERS,
    MARGINS,
    QUARTER_HEAD,
    SIGNS,
    SVG,
    UNITS_PER_WIDTH,
    advance,
    find,
    width_of,
    words_of,
    wrap,
)

# What a line of words is
VERSE = "verse"
PINYIN = "pinyin"
GLOSS = "gloss"

# the sizes of their letters, as shares of a verse's
SIZES = {VERSE: 1.0, PINYIN: 0.85, GLOSS: 0.85}

# in sizes of the letters: between words, and where a hyphen stands between syllables
WORD_GAP = 0.25
HYPHEN_GAP = 0.4

# the room for a syllable: other fonts are wider than Times, DejaVu Serif by a fifth
WIDER = 1.2

# a hyphen: its length, its height above the foot of the letters, and how far apart two
# stand in a wide gap; where there is no room the syllables stand together
HYPHEN = 0.3
HYPHEN_RISE = 0.25
HYPHENS_APART = 6.0
THICKNESS = 26

# a line after a held syllable: its distance, and the shortest that is drawn
LINE_GAP = 0.15
SHORTEST_LINE = 0.5

# before the number of a verse, and the room that the head of a system takes, in sizes
NUMBER_GAP = 0.5
SYSTEM_HEAD = 6.5


class Sung(NamedTuple):
    """What stands under a note in one line of words.

    line: which line of words under a system it is, from 0.
    kind: VERSE, PINYIN or GLOSS.
    joined: whether a hyphen follows.
    held: whether a line follows, to the end of the note.
    """

    line: int
    kind: str
    text: str
    joined: bool = False
    held: bool = False


@dataclass
class Entry:
    """A syllable on the page.

    note: the index of its note in the system.
    group: the element that holds it, with its hyphen or line.
    text: its text.
    size: of its letters, in units of the page; start and end are in them, too.
    """

    note: int
    sung: Sung
    group: Element
    text: Element
    size: float
    start: float = 0.0
    end: float = 0.0


def read_words(score: Element, width: int) -> list[list[Sung]]:
    """Returns what stands under each note of MusicXML, and numbers it for verovio.

    verovio takes each line of words for a verse with a whole number. A gloss becomes
    such a line as well, so that there is room for it.

    score: is changed.
    width: of the page, as `engraving.engrave` has it.
    """
    numbers = sorted({lyric.get("number", "1") for lyric in score.iter("lyric")})
    glosses = _take_glosses(score, (UNITS_PER_WIDTH * width - MARGINS) / LETTERS)
    notes = []
    for note in score.iter("note"):
        if note.find("rest") is not None:
            continue
        under = []
        for lyric in note.findall("lyric"):
            line = numbers.index(lyric.get("number", "1"))
            lyric.set("number", str(line + 1))
            under.append(_sung(lyric, line))
        for k, text in enumerate(glosses.get(id(note), ())):
            line = len(numbers) + k
            lyric = SubElement(note, "lyric", number=str(line + 1))
            SubElement(lyric, "text").text = "i"
            under.append(Sung(line, GLOSS, text))
        notes.append(under)
    return notes


def _sung(lyric: Element, line: int) -> Sung:
    """Returns what a <lyric> says."""
    return Sung(
        line,
        PINYIN if lyric.get("name") == PINYIN else VERSE,
        lyric.findtext("text", ""),
        joined=lyric.findtext("syllabic") in ("begin", "middle"),
        held=lyric.find("extend") is not None,
    )


def _take_glosses(score: Element, page_width: float) -> dict[int, list[str]]:
    """Takes the words below the staff out of MusicXML and returns them as lines.

    Those of one system stand together at the first of them.

    page_width: in sizes of a verse's letters.
    Returns: lines of text by the id() of the note under which they begin.
    """
    columns = page_width / SIZES[GLOSS] / WIDER - SYSTEM_HEAD
    lines: dict[int, list[str]] = {}
    of_system: list[list[str]] = []  # for each verse the glosses of a system
    first = 0
    for measure in score.iter("measure"):
        if measure.find("print[@new-system='yes']") is not None:
            lines[first] = _wrapped(of_system, columns)
            of_system = []
        waiting = []
        for element in list(measure):
            if element.tag == "direction" and _is_gloss(element):
                waiting.append(element.findtext("direction-type/words", ""))
                measure.remove(element)
            elif element.tag == "note" and element.find("rest") is None and waiting:
                if not of_system:
                    first = id(element)
                    of_system = [[] for _ in waiting]
                for verse, text in zip(of_system, waiting):
                    verse.append(text)
                waiting = []
    lines[first] = _wrapped(of_system, columns)
    return lines


def _is_gloss(direction: Element) -> bool:
    """Returns whether a <direction> is words below the staff."""
    below = direction.get("placement") == "below"
    return below and direction.find("direction-type/words") is not None


def _wrapped(verses: Sequence[Sequence[str]], columns: float) -> list[str]:
    """Returns the glosses of each verse of a system, in lines of so many sizes."""
    return [line for verse in verses for line in wrap(" / ".join(verse), columns)]


def lay(page: Element, words: Sequence[Sequence[Sung]]) -> None:
    """Places the words of a page, each under its note, and draws hyphens and lines.

    words: what stands under each note, in order.
    """
    verses = {sung.line for under in words for sung in under if sung.kind == VERSE}
    remaining = iter(words)
    for number, system in enumerate(page.iterfind(f".//{SVG}g[@class='system']")):
        notes = system.findall(f".//{SVG}g[@class='note']")
        lines = _lines_of_words(notes, [next(remaining) for _ in notes])
        centres = [_centre(note) for note in notes]
        end = staff_end(system)
        _remove_hyphens(system)
        words_here: list[Entry] = []
        for entries in lines.values():
            if entries[0].sung.kind == GLOSS:
                _write_gloss(system, notes[entries[0].note], entries[0], words_here)
            else:
                _place(entries, centres)
                _draw_between(entries, centres, end)
                words_here += entries
        if number == 0 and len(verses) > 1:
            for verse, line in enumerate(sorted(verses), 1):
                _draw_number(system, lines[line][0], verse)


def _remove_hyphens(system: Element) -> None:
    """Removes the hyphens of words that began in the system before: they are there."""
    for group in system.findall(f"{SVG}g"):
        rect = group.find(f"{SVG}rect")
        is_words = group.get("class", "").startswith("syl")
        if is_words and rect is not None and float(rect.attrib["width"]) < LETTERS:
            system.remove(group)


def _lines_of_words(
    notes: Sequence[Element], words: Sequence[Sequence[Sung]]
) -> dict[int, list[Entry]]:
    """Returns the syllables of each line of words of a system, the first line first."""
    lines: dict[int, list[Entry]] = {}
    for k, (note, under) in enumerate(zip(notes, words)):
        for sung, group in zip(under, note.iterfind(f".//{SVG}g[@class='syl']")):
            for rect in group.findall(f"{SVG}rect"):
                group.remove(rect)
            size = LETTERS * SIZES[sung.kind]
            entry = Entry(k, sung, group, find(group, f"{SVG}text"), size)
            lines.setdefault(sung.line, []).append(entry)
    return dict(sorted(lines.items()))


def _place(entries: Sequence[Entry], centres: Sequence[float]) -> None:
    """Places the syllables of a line as near to the middle of their notes as can be."""
    widths = [width_of(entry.sung.text) * entry.size for entry in entries]
    rooms = [width * WIDER for width in widths]
    gaps = [(HYPHEN_GAP if e.sung.joined else WORD_GAP) * e.size for e in entries]
    starts = spread([centres[entry.note] for entry in entries], rooms, gaps)
    for entry, room_start, room, width in zip(entries, starts, rooms, widths):
        start = room_start + (room - width) / 2
        entry.start, entry.end = start, start + width
        entry.text.set("x", f"{start + width / 2:.0f}")
        entry.text.set("text-anchor", "middle")
        words = words_of(entry.text)
        words.set("font-size", f"{entry.size:g}px")
        if entry.sung.text < "\u2e80":
            _fix_width(entry.text, width)


def _fix_width(text: Element, width: float) -> None:
    """Lets browsers that have no Times fit another font into its width."""
    text.set("textLength", f"{width:.0f}")
    text.set("lengthAdjust", "spacingAndGlyphs")


def spread(centres: Sequence[float], widths: Sequence[float], gaps: Sequence[float]) -> list[float]:
    """Returns where things in a row start that stand at centres, but do not overlap.

    The squares of the distances from the centres are as small as the widths, and the
    gaps after each thing, allow.

    Source: isotonic regression by pooling adjacent violators (Ayer et al. 1955).
    """
    before = [0.0]
    for width, gap in zip(widths, gaps):
        before.append(before[-1] + width + gap)
    blocks: list[tuple[float, int]] = []  # of things that touch: their mean, their number
    for centre, width, taken in zip(centres, widths, before):
        mean, count = centre - width / 2 - taken, 1
        while blocks and blocks[-1][0] > mean:
            other, others = blocks.pop()
            mean = (mean * count + other * others) / (count + others)
            count += others
        blocks.append((mean, count))
    shifts = [mean for mean, count in blocks for _ in range(count)]
    return [shift + taken for shift, taken in zip(shifts, before)]


def _draw_between(entries: Sequence[Entry], centres: Sequence[float], system_end: float) -> None:
    """Draws hyphens between the syllables of a word, and lines after held syllables."""
    for k, entry in enumerate(entries):
        has_next = k + 1 < len(entries)
        until = entries[k + 1].start if has_next else system_end
        y = float(entry.text.attrib["y"])
        if entry.sung.joined:
            _draw_hyphens(entry, until, y)
        elif entry.sung.held:
            last_note = entries[k + 1].note - 1 if has_next else len(centres) - 1
            head_end = centres[last_note] + _half_head()
            start = entry.end + LINE_GAP * entry.size
            end = min(head_end, until - WORD_GAP * entry.size) if has_next else head_end
            if end - start > SHORTEST_LINE * entry.size:
                _draw_line(entry.group, start, end - start, y)


def _draw_hyphens(entry: Entry, until: float, y: float) -> None:
    """Draws as many hyphens as a gap after a syllable holds."""
    gap = until - entry.end
    length = HYPHEN * entry.size
    if gap < length:
        return
    count = max(1, round(gap / (HYPHENS_APART * entry.size)))
    for k in range(count):
        middle = entry.end + gap * (k + 0.5) / count
        _draw_line(entry.group, middle - length / 2, length, y - HYPHEN_RISE * entry.size)


def _draw_line(group: Element, x: float, width: float, y: float) -> None:
    """Draws a horizontal line from x to the right."""
    where = {"x": f"{x:.0f}", "y": f"{y - THICKNESS / 2:.0f}"}
    SubElement(group, f"{SVG}rect", where | {"width": f"{width:.0f}", "height": str(THICKNESS)})


def _draw_number(system: Element, entry: Entry, number: int) -> None:
    """Draws the number of a verse before its first syllable."""
    wider = (WIDER - 1) / 2 * (entry.end - entry.start)
    x = entry.start - wider - NUMBER_GAP * entry.size
    where = {"x": f"{x:.0f}", "y": entry.text.attrib["y"], "text-anchor": "end"}
    group = SubElement(system, f"{SVG}g", {"class": "number"})
    text = SubElement(group, f"{SVG}text", where | {"font-size": f"{entry.size:g}px"})
    text.text = f"{number}."


def _write_gloss(system: Element, note: Element, entry: Entry, words: Sequence[Entry]) -> None:
    """Writes a gloss in place of its sign, from the first syllable on.

    It stands outside the note: a page that lights notes leaves it as it is.
    """
    for verse in note.findall(f"{SVG}g[@class='verse']"):
        if entry.group in verse:
            note.remove(verse)
    start = min(word.start for word in words if word.note == entry.note)
    width = width_of(entry.sung.text, "Times-italic") * entry.size
    where = {"x": f"{start:.0f}", "y": entry.text.attrib["y"], "font-style": "italic"}
    group = SubElement(system, f"{SVG}g", {"class": "gloss"})
    text = SubElement(group, f"{SVG}text", where | {"font-size": f"{entry.size:g}px"})
    text.text = entry.sung.text
    _fix_width(text, width)


def _centre(note: Element) -> float:
    """Returns the middle of a note's head, the width of a quarter's taken for all."""
    head = find(note, f"{SVG}g[@class='notehead']/{SVG}use")
    x = re.findall(r"[\d.]+", head.attrib["transform"])[0]
    return float(x) + _half_head()


def _half_head() -> float:
    """Returns half of the width of a quarter's head."""
    return advance(QUARTER_HEAD) * SIGNS / 2


def staff_end(system: Element) -> float:
    """Returns where the staff of a system ends."""
    ends = []
    for staff in system.iterfind(f".//{SVG}g[@class='staff']"):
        ends.append(float(find(staff, f"{SVG}path").attrib["d"].split("L")[1].split()[0]))
    return max(ends)
