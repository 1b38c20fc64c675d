"""From the ABC files that music21 ships to runs of events: bars as written, repeats played, the regular ones on the 16th grid.

In ABC a letter is a note, a number its length, `|` a bar line, `:|` a repeat. music21 makes tokens of it much faster than a score.
The way here: `sources` -> `tunes_of` -> `prepared` -> `written_bars` -> `played` -> `runs`.
"""

from __future__ import annotations

import contextlib
import functools
import importlib.util
import io
import re
from collections import defaultdict
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

import numpy as np

from lyricgen import files
from lyricgen.music import melody

QUARTERS = {
    "C": 4,
    "4/4": 4,
    "C|": 4,
    "2/2": 4,
    "2/4": 2,
}  # the meters that are used, and the length of their bars


MODES = (
    "major",
    "minor",
    "dorian",
    "mixolydian",
    "lydian",
    "phrygian",
    "aeolian",
    "ionian",
    "locrian",
)


Note = tuple[Fraction, Fraction, int]  # onset and duration in quarters, MIDI pitch


@dataclass
class Bar:
    """What stands between two bar lines; times are in quarters from the bar's start."""

    meter: str = ""
    notes: list[tuple[Fraction, Fraction, int, bool]] = field(
        default_factory=list
    )  # onset, duration, MIDI pitch, tied to the next
    length: Fraction = Fraction(0)
    begins: bool = False  # a repeat begins here
    ends: bool = False  # a repeat ends here
    ending: int = 0  # the first or second ending begins here
    section: bool = False  # a double bar or a repeat follows


def sources(book: str, known: dict[str, str]) -> dict[str, str]:
    """The ABC files of a book in the installed music21: file name -> text.

    known: file name -> SHA-256, of those to be checked. Raises DataError, with both hashes, for a file that is another.
    """
    spec = importlib.util.find_spec("music21")
    if spec is None or not spec.submodule_search_locations:
        raise files.DataError("The tune books are part of music21, and music21 is not installed.")
    folder = Path(spec.submodule_search_locations[0]) / "corpus" / book
    names = sorted(
        {path.name for path in folder.glob("*.abc") if not path.name.startswith("test")}
        | set(known)
    )
    if not names:
        raise files.DataError(f"There is no tune book {book!r} in music21's corpus.")
    return {
        name: (
            files.read_checked(folder / name, known[name])
            if name in known
            else (folder / name).read_bytes()
        ).decode("utf-8")
        for name in names
    }


def tunes_of(texts: dict[str, str]) -> list[tuple[str, str]]:
    """The tunes in some files as (id, ABC text): a file may hold several, each begins with `X:`; an id is "file/number"."""
    return [
        (f"{name[:-4]}/{re.match('X: *([0-9]*)', tune)[1]}", tune)
        for name, text in texts.items()
        for tune in re.split(r"^(?=X:)", text, flags=re.MULTILINE)[1:]
    ]


def prepared(abc: str) -> str:
    """The text of one tune, with three things that music21 misreads written as it reads them: it needs a version line before it lets an
    accidental hold to the end of its bar, as these books do; it passes over a field in brackets, but not over one on a line of its own;
    its parser drops a note under an annotation that begins with an accent, as in `">"d`.
    """
    return "%abc-2.1\n" + re.sub(
        r'"\s*>[^"\n]*"', "", re.sub(r"\[([A-Z]:[^]\n]*)\]", r"\n\1\n", abc)
    )


def written_bars(abc: str) -> tuple[list[Bar], dict[str, str]]:
    """The bars of one tune as they are written, and the first of each header field (T, M, K ...).

    abc: the `prepared` text of one tune. Of several voices the one with most notes is read, of a chord the highest note; grace notes are
    left out. Times are Fractions, in quarters. Notebook: 06_melody_dataset
    """
    from music21 import abcFormat

    handler = abcFormat.ABCHandler()
    with contextlib.redirect_stderr(io.StringIO()):  # its remarks on odd ornaments
        handler.parseHeaderForVersionInformation(abc[:100])
        handler.tokenize(abc)
        handler.tokens = [
            _field(token.src) if token.src[:2] in ("K:", "M:") else token
            for token in handler.tokens
        ]
        handler.tokenProcess()
    voices: dict[str, list[Bar]] = defaultdict(lambda: [Bar()])
    header, voice, meter, marks = {}, "", "", []
    for token in [*handler.tokens, None]:
        kind, bars = type(token).__name__, voices[voice]
        sounds = kind in ("ABCNote", "ABCChord") and not token.inGrace and token.quarterLength > 0
        if marks and (
            sounds or token is None or kind == "ABCMetadata"
        ):  # the bar lines since the last note lie between two bars
            if bars[-1].length:
                bars[-1].ends, bars[-1].section = ":|" in marks, not set(marks) <= {"|", "[1", "[2"}
                bars.append(Bar())
            bars[-1].begins |= "|:" in marks or marks[-1] == ":"
            bars[-1].ending = 1 if "[1" in marks else 2 if "[2" in marks else bars[-1].ending
            marks = []
        if kind == "ABCMetadata":
            header.setdefault(token.tag, token.data)
            meter = token.data if token.tag == "M" else meter
            voice = token.data.split()[0] if token.tag == "V" else voice
        elif kind == "ABCBar":
            marks.append(token.src.strip())
        elif sounds:
            bar, tuplet = bars[-1], token.activeTuplet
            length = _quarters(
                token.quarterLength, tuplet and (tuplet.numberNotesNormal, tuplet.numberNotesActual)
            )
            names = [
                note.pitchName for note in getattr(token, "subTokens", [token]) if note.pitchName
            ]
            if names:
                bar.notes.append(
                    (bar.length, length, max(map(_midi, names)), token.tie in ("start", "continue"))
                )
            bar.meter = bar.meter or meter
            bar.length += length
    best = max(voices.values(), key=lambda bars: sum(len(bar.notes) for bar in bars))
    return [bar for bar in best if bar.length], header


@functools.cache
def _field(source: str) -> object:
    """The token of a K: or M: field, worked out once: music21 builds scale and beats anew for each tune, in half of its time."""
    from music21.abcFormat import ABCMetadata

    (field := ABCMetadata(source)).preParse()
    known = (
        field.getTimeSignatureObject()
        if field.isMeter()
        else (field.getKeySignatureParameters()[0], None)
    )
    return type(
        "ABCMetadata",
        (ABCMetadata,),
        dict.fromkeys(("getTimeSignatureObject", "getKeySignatureParameters"), lambda self: known),
    )(source)


@functools.cache
def _quarters(length: float | Fraction, tuplet: tuple[int, int] | None) -> Fraction:
    """A note's length in quarters, exactly: in a tuplet of 3 in the time of 2, `tuplet` is (2, 3)."""
    return Fraction(length).limit_denominator(4096) * (Fraction(*tuplet) if tuplet else 1)


@functools.cache
def _midi(name: str) -> int:
    """The MIDI pitch of music21's name of it: "C4" -> 60, "B-3" -> 58."""
    return (
        12 * int(name[-1]) + 12 + "C D EF G A B".index(name[0]) + name.count("#") - name.count("-")
    )


def key(text: str) -> tuple[int, str]:
    """Tonic (pitch class) and mode of a K: field: "F#m" -> (6, "minor"), "D" -> (2, "major"); (-1, "") where it names none."""
    found = re.match(r"([A-G])([#b]?) *([a-z]{0,3})", text, re.IGNORECASE)
    if not found or text.lower().startswith("hp"):  # the Highland pipes' own scale
        return -1, ""
    step, sign, mode = found.groups()
    mode = (
        "minor"
        if mode.lower() == "m"
        else next((name for name in MODES if mode and name.startswith(mode.lower())), "major")
    )
    return ("C D EF G A B".index(step.upper()) + (sign == "#") - (sign == "b")) % 12, mode


def notes_of(bars: list[Bar]) -> list[Note]:
    """The notes of successive bars, ties merged; onsets are counted from the start of the first bar."""
    notes, start, tied = [], Fraction(0), False
    for bar in bars:
        for onset, duration, pitch, ties in bar.notes:
            if tied and notes[-1][2] == pitch and notes[-1][0] + notes[-1][1] == start + onset:
                notes[-1] = (notes[-1][0], notes[-1][1] + duration, pitch)
            else:
                notes.append((start + onset, duration, pitch))
            tied = ties
        start += bar.length
    return notes


def played(bars: list[Bar]) -> list[Bar]:
    """The bars in the order in which they are played: repeats, and first and second endings. D.C. and segno are not followed.

    A repeat whose beginning is not marked goes back to the last double bar or repeat. Notebook: 06_melody_dataset
    """
    order: list[Bar] = []
    place, start, turned, opened = (
        0,
        0,
        -1,
        False,
    )  # turned: the bar that sent it back, in the second pass; opened: a begin was marked
    while place < len(bars):
        bar = bars[place]
        if bar.begins and not start <= place <= turned:
            start, turned, opened = place, -1, True
        if bar.ending == 1 and place <= turned:
            place = turned + 1
            if place < len(bars) and bars[place].ending != 2:
                start, turned, opened = place, -1, False
            continue
        order.append(bar)
        if turned < 0 and (bar.ends or (place + 1 < len(bars) and bars[place + 1].ending == 2)):
            place, turned = start, place
            continue
        place += 1
        if (bar.section or bar.ends) and (place > turned >= 0 or not (opened or turned >= 0)):
            start, turned, opened = place, -1, False
    return order


def regular(order: list[Bar]) -> list[list[Bar]]:
    """The stretches of regular bars, in playing order: bars that are full, or partial bars at a repeat that together make a full one.

    Any other bar ends a stretch, and so does a change of meter; a pickup before the first full bar is left out.
    """
    found, partial, before = [[]], None, 0
    for bar in order:
        quarters = QUARTERS.get(bar.meter, 0)
        if quarters != before:
            found, partial, before = [*found, []], None, quarters
        if (
            partial
            and partial.length + bar.length == quarters
            and (partial.section or partial.ends or bar.begins or bar.ending)
        ):
            found[-1] += [partial, bar]
            partial = None
        elif bar.length < quarters and not partial:
            partial = bar
        else:
            if partial or bar.length != quarters:
                found.append([])
            partial = bar if bar.length < quarters else None
            if bar.length == quarters:
                found[-1].append(bar)
    return [stretch for stretch in found if stretch]


def _step(time: Fraction) -> tuple[int, int, bool]:
    """The bar in which a time (in quarters) lies, the 16th nearest to it, halves upwards, and whether it is exactly that 16th."""
    steps, unit = 4 * time.numerator, time.denominator
    return steps // (16 * unit), (2 * steps + unit) // (2 * unit), steps % unit == 0


def runs(order: list[Bar]) -> list[tuple[np.ndarray, np.ndarray]]:
    """The runs of a tune in playing order: canonical events (16 for each bar of four quarters), and which bars are exactly on the grid.

    Two bars of 2/4 make one. A note off the 16th grid is rounded, and the bars where it begins or ends off it are marked False; of two
    notes that fall on one step the first stays. A rest of more than a bar splits a run. Notebook: 06_melody_dataset
    """
    found = []
    for stretch in regular(order):
        bars = int(sum(bar.length for bar in stretch)) // 4
        exact, notes = np.ones(bars, bool), []
        for onset, duration, pitch in notes_of(stretch):
            (bar, begin, begins), (last, end, ends) = _step(onset), _step(onset + duration)
            if bar >= bars:  # the odd bar of 2/4 at the end
                break
            exact[bar] &= begins
            exact[min(last, bars - 1)] &= ends
            step = min(begin, 16 * bar + 15)
            if not notes or step > notes[-1][0]:
                notes.append([step, max(end - step, 1), pitch])
        for note, following in zip(notes, [*notes[1:], [16 * bars]]):
            note[1] = min(note[1], following[0] - note[0])
        events = melody.to_events(notes, 16 * bars)
        silence = np.flatnonzero(
            np.diff(np.concatenate([[0], melody.sounding(events) == melody.REST, [0]]))
        ).reshape(-1, 2)
        first = 0
        for begin, end in [*silence, (16 * bars, 16 * bars + 17)]:
            if end - begin > 16:
                found.append((events, exact, first, -(-begin // 16)))
                first = end // 16
    return [
        (melody.canonical(events[16 * first : 16 * last]), exact[first:last])
        for events, exact, first, last in found
        if last > first
    ]


def parse_tune(abc: str) -> list:
    """What the cache keeps of one tune: title, meter, tonic, mode, and of each run its events and its exact bars, in hexadecimal."""
    if not QUARTERS.keys() & re.findall(
        r"M: *([^\s%\]]+)", abc
    ):  # 6/8 and the like: nothing in it to be used
        return ["", "", -1, "", []]
    bars, header = written_bars(prepared(abc))
    found = [
        (events.tobytes().hex(), exact.tobytes().hex()) for events, exact in runs(played(bars))
    ]
    return [header.get("T", ""), header.get("M", ""), *key(header.get("K", "")), found]
