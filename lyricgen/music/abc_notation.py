"""From the ABC files that music21 ships to runs of events on the 16th grid.

In ABC a letter is a note, a number its length, `|` a bar line, `:|` a repeat. music21
makes tokens of it much faster than a score. Bars are read as they are written, then put
in the order in which they are played, and the regular ones become events. The way here:
`sources` -> `tunes_of` -> `prepared` -> `written_bars` -> `played` -> `runs`.
"""

from __future__ import annotations

import contextlib
import functools
import importlib.util
import io
import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from lyricgen import files
from lyricgen.music import melody
from lyricgen.music.melody import STEPS_PER_BAR

# The meters that are used, and the length of their bars in quarters
QUARTERS = {"C": 4, "4/4": 4, "C|": 4, "2/2": 4, "2/4": 2}

# Quarters in a bar of the events
QUARTERS_PER_BAR = 4

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

# The letters of the notes at their pitch classes
PITCH_CLASSES = "C D EF G A B"

# Onset and duration in quarters, MIDI pitch
Note = tuple[Fraction, Fraction, int]

# Canonical events, 16 a bar, and which bars are exactly on the grid
Run = tuple[np.ndarray, np.ndarray]


@dataclass
class Bar:
    """What stands between two bar lines; times are in quarters from the bar's start."""

    meter: str = ""
    # onset, duration, MIDI pitch, tied to the next
    notes: list[tuple[Fraction, Fraction, int, bool]] = field(default_factory=list)
    length: Fraction = Fraction(0)
    begins: bool = False  # a repeat begins here
    ends: bool = False  # a repeat ends here
    ending: int = 0  # the first or second ending begins here
    section: bool = False  # a double bar or a repeat follows


class ParsedTune(NamedTuple):
    """What the cache keeps of a tune.

    runs: of each its events and its exact bars (see `runs`), in hexadecimal.
    """

    title: str
    meter: str
    tonic: int
    mode: str
    runs: list[tuple[str, str]]


def sources(book: str, known: dict[str, str]) -> dict[str, str]:
    """Returns the ABC files of a book in the installed music21: file name -> text.

    known: file name -> SHA-256, of those to be checked.
    Raises: DataError, with both hashes, for a file that is another.
    """
    spec = importlib.util.find_spec("music21")
    if spec is None or not spec.submodule_search_locations:
        raise files.DataError("The tune books are part of music21, and music21 is not installed.")
    folder = Path(spec.submodule_search_locations[0]) / "corpus" / book
    names = set(known)
    for path in folder.glob("*.abc"):
        if not path.name.startswith("test"):
            names.add(path.name)
    if not names:
        raise files.DataError(f"There is no tune book {book!r} in music21's corpus.")
    texts = {}
    for name in sorted(names):
        path = folder / name
        data = files.read_checked(path, known[name]) if name in known else path.read_bytes()
        texts[name] = data.decode("utf-8")
    return texts


def tunes_of(texts: dict[str, str]) -> list[tuple[str, str]]:
    """Returns the tunes in some files as (id, ABC text); an id is "file/number".

    A file may hold several tunes, each begins with `X:`.
    """
    tunes = []
    for name, text in texts.items():
        for abc in re.split(r"^(?=X:)", text, flags=re.MULTILINE)[1:]:
            number = re.findall("X: *([0-9]*)", abc)[0]
            tunes.append((f"{name.removesuffix('.abc')}/{number}", abc))
    return tunes


def prepared(abc: str) -> str:
    """Returns the text of a tune with three things written as music21 reads them.

    It needs a version line before it lets an accidental hold to the end of its bar, as
    these books do; it passes over a field in brackets, but not over one on a line of
    its own; its parser drops a note under an annotation that begins with an accent, as
    in `">"d`.
    """
    fields_on_lines = re.sub(r"\[([A-Z]:[^]\n]*)\]", r"\n\1\n", abc)
    without_accents = re.sub(r'"\s*>[^"\n]*"', "", fields_on_lines)
    return "%abc-2.1\n" + without_accents


def written_bars(abc: str) -> tuple[list[Bar], dict[str, str]]:
    """Returns the bars of a tune as written, and its header fields (T, M, K ...).

    Of header fields of one letter the first is kept. Of several voices the one with
    most notes is read, of a chord the highest note; grace notes are left out. Times are
    Fractions, in quarters.

    abc: the `prepared` text of one tune.
    Notebook: melody_dataset
    """
    from music21.abcFormat import ABCBar, ABCMetadata, ABCNote

    reader = _BarReader()
    for token in _tokens(abc):
        if isinstance(token, ABCMetadata):
            reader.end_bar()
            reader.read_field(token.tag, token.data)
        elif isinstance(token, ABCBar):
            reader.bar_lines.append(token.src.strip())
        elif isinstance(token, ABCNote) and not token.inGrace and token.quarterLength > 0:
            reader.end_bar()
            reader.read_note(token)
    reader.end_bar()
    return reader.fullest_voice(), reader.header


def _tokens(abc: str) -> list[Any]:
    """Returns music21's tokens of a tune, lengths and ties worked out."""
    from music21 import abcFormat

    from lyricgen.music.abc_fields import field_token

    handler = abcFormat.ABCHandler()
    # its remarks on odd ornaments are not shown
    with contextlib.redirect_stderr(io.StringIO()):
        handler.parseHeaderForVersionInformation(abc[:100])
        handler.tokenize(abc)
        for i, token in enumerate(handler.tokens):
            if token.src.startswith(("K:", "M:")):
                handler.tokens[i] = field_token(token.src)
        handler.tokenProcess()
    return handler.tokens


class _BarReader:
    """Makes bars of the tokens of a tune, one after the other."""

    def __init__(self) -> None:
        self.header: dict[str, str] = {}
        self.voices: dict[str, list[Bar]] = defaultdict(lambda: [Bar()])
        # the bars of the voice that is read
        self.bars = self.voices[""]
        self.meter = ""
        # since the last note: they lie between two bars
        self.bar_lines: list[str] = []

    def end_bar(self) -> None:
        """Ends the bar where bar lines have been read."""
        lines = self.bar_lines
        if not lines:
            return
        if self.bars[-1].length:
            self.bars[-1].ends = ":|" in lines
            self.bars[-1].section = not {"|", "[1", "[2"}.issuperset(lines)
            self.bars.append(Bar())
        following = self.bars[-1]
        if "|:" in lines or lines[-1] == ":":
            following.begins = True
        if "[1" in lines:
            following.ending = 1
        elif "[2" in lines:
            following.ending = 2
        self.bar_lines = []

    def read_field(self, tag: str, data: str) -> None:
        """Reads a header field; M: and V: hold from here on."""
        self.header.setdefault(tag, data)
        if tag == "M":
            self.meter = data
        elif tag == "V":
            self.bars = self.voices[data.split()[0]]

    def read_note(self, token: Any) -> None:
        """Adds a note, a rest or a chord to the bar."""
        bar = self.bars[-1]
        tuplet = token.activeTuplet
        ratio = (tuplet.numberNotesNormal, tuplet.numberNotesActual) if tuplet else None
        length = _quarters(token.quarterLength, ratio)
        notes = getattr(token, "subTokens", [token])
        pitches = [_midi(note.pitchName) for note in notes if note.pitchName]
        if pitches:
            tied = token.tie in ("start", "continue")
            bar.notes.append((bar.length, length, max(pitches), tied))
        bar.meter = bar.meter or self.meter
        bar.length += length

    def fullest_voice(self) -> list[Bar]:
        """Returns the bars of the voice with most notes, empty ones left out."""

        def count_notes(bars: list[Bar]) -> int:
            return sum(len(bar.notes) for bar in bars)

        return [bar for bar in max(self.voices.values(), key=count_notes) if bar.length]


@functools.cache
def _quarters(length: float | Fraction, tuplet: tuple[int, int] | None) -> Fraction:
    """Returns a note's length in quarters, exactly.

    tuplet: (2, 3) in a tuplet of 3 in the time of 2.
    """
    quarters = Fraction(length).limit_denominator(4096)
    return quarters * Fraction(*tuplet) if tuplet else quarters


@functools.cache
def _midi(name: str) -> int:
    """Returns the MIDI pitch of music21's name of it: "C4" -> 60, "B-3" -> 58."""
    octave = int(name[-1]) + 1
    accidental = name.count("#") - name.count("-")
    return 12 * octave + PITCH_CLASSES.index(name[0]) + accidental


def key(text: str) -> tuple[int, str]:
    """Returns tonic (pitch class) and mode of a K: field: "F#m" -> (6, "minor").

    (-1, "") where it names no key.
    """
    match = re.match(r"([A-G])([#b]?) *([a-z]{0,3})", text, re.IGNORECASE)
    # the Highland pipes have a scale of their own
    if not match or text.lower().startswith("hp"):
        return -1, ""
    letter, accidental, mode = match.groups()
    tonic = PITCH_CLASSES.index(letter.upper())
    if accidental == "#":
        tonic += 1
    elif accidental == "b":
        tonic -= 1
    return tonic % 12, _mode(mode.lower())


def _mode(name: str) -> str:
    """Returns the mode that begins with the letters (at most three), else major."""
    if name == "m":
        return "minor"
    for mode in MODES:
        if name and mode.startswith(name):
            return mode
    return "major"


def notes_of(bars: list[Bar]) -> list[Note]:
    """Returns the notes of successive bars, ties merged.

    Onsets are counted from the start of the first bar.
    """
    notes: list[Note] = []
    start = Fraction(0)
    tied = False
    for bar in bars:
        for in_bar, duration, pitch, ties in bar.notes:
            onset = start + in_bar
            if tied and follows(notes[-1], onset, pitch):
                last_onset, last_duration, _ = notes[-1]
                notes[-1] = (last_onset, last_duration + duration, pitch)
            else:
                notes.append((onset, duration, pitch))
            tied = ties
        start += bar.length
    return notes


def follows(note: Note, onset: Fraction, pitch: int) -> bool:
    """Returns whether a note ends at an onset and has a pitch."""
    return note[2] == pitch and note[0] + note[1] == onset


@dataclass
class _Repeat:
    """Where a repeat goes back to, and whether it has."""

    start: int = 0
    turn: int = -1  # the bar that sent it back, in the second pass; -1 in the first
    marked: bool = False  # the start is a marked beginning


def played(bars: list[Bar]) -> list[Bar]:
    """Returns the bars in the order in which they are played.

    Repeats, and first and second endings are followed; D.C. and segno are not. A repeat
    whose beginning is not marked goes back to the last double bar or repeat.
    Notebook: melody_dataset
    """
    order: list[Bar] = []
    place = 0
    repeat = _Repeat()
    while place < len(bars):
        bar = bars[place]
        if bar.begins and not repeat.start <= place <= repeat.turn:
            repeat = _Repeat(place, marked=True)
        if bar.ending == 1 and place <= repeat.turn:
            # the second pass leaves the first ending out
            place = repeat.turn + 1
            if not _is_second_ending(bars, place) and place < len(bars):
                repeat = _Repeat(place)
            continue
        order.append(bar)
        if repeat.turn < 0 and (bar.ends or _is_second_ending(bars, place + 1)):
            repeat.turn = place
            place = repeat.start
            continue
        place += 1
        if (bar.section or bar.ends) and _is_over(repeat, place):
            repeat = _Repeat(place)
    return order


def _is_second_ending(bars: list[Bar], place: int) -> bool:
    """Returns whether there is a bar at a place that begins the second ending."""
    return place < len(bars) and bars[place].ending == 2


def _is_over(repeat: _Repeat, place: int) -> bool:
    """Returns whether a double bar before a place begins a new section."""
    if repeat.turn >= 0:
        return place > repeat.turn
    return not repeat.marked


def regular(order: list[Bar]) -> list[list[Bar]]:
    """Returns the stretches of regular bars, in playing order.

    A bar is regular that is full, and so are partial bars at a repeat that together
    make a full one. Any other bar ends a stretch, and so does a change of meter; a
    pickup before the first full bar is left out.
    """
    stretches: list[list[Bar]] = [[]]
    partial: Bar | None = None
    quarters_before = 0
    for bar in order:
        quarters = QUARTERS.get(bar.meter, 0)
        if quarters != quarters_before:
            stretches.append([])
            partial = None
            quarters_before = quarters
        if partial and _completes(partial, bar, quarters):
            stretches[-1] += [partial, bar]
            partial = None
            continue
        if partial or bar.length > quarters:
            stretches.append([])
        partial = bar if bar.length < quarters else None
        if bar.length == quarters:
            stretches[-1].append(bar)
    return [stretch for stretch in stretches if stretch]


def _completes(partial: Bar, bar: Bar, quarters: int) -> bool:
    """Returns whether two partial bars at a repeat make a full one."""
    at_repeat = partial.section or partial.ends or bar.begins or bar.ending > 0
    return at_repeat and partial.length + bar.length == quarters


class _GridTime(NamedTuple):
    """A time on the 16th grid."""

    bar: int  # in which it lies
    step: int  # the nearest 16th, halves upwards
    exact: bool  # it is that 16th


def _grid_time(time: Fraction) -> _GridTime:
    """Returns a time, in quarters, on the grid; in whole numbers, which is faster."""
    steps = 4 * time.numerator
    unit = time.denominator
    nearest = (2 * steps + unit) // (2 * unit)
    return _GridTime(steps // (STEPS_PER_BAR * unit), nearest, steps % unit == 0)


def runs(order: list[Bar]) -> list[Run]:
    """Returns the runs of a tune in playing order: events, and which bars are exact.

    Two bars of 2/4 make one. A note off the 16th grid is rounded, and the bars where it
    begins or ends off it are marked False; of two notes that fall on one step the first
    stays. A rest of more than a bar splits a run.

    Returns: canonical events uint8 (16 * bars,) of bars of four quarters, and bool
    (bars,).
    Notebook: melody_dataset
    """
    all_runs = []
    for stretch in regular(order):
        events, exact = _events_of(stretch)
        for first, last in _sounding_bars(events):
            run = melody.canonical(events[STEPS_PER_BAR * first : STEPS_PER_BAR * last])
            all_runs.append((run, exact[first:last]))
    return all_runs


def _events_of(stretch: list[Bar]) -> Run:
    """Returns the events of successive regular bars, and which bars are exact."""
    quarters = sum(bar.length for bar in stretch)
    bars = int(quarters) // QUARTERS_PER_BAR
    steps = STEPS_PER_BAR * bars
    exact = np.ones(bars, bool)
    rows: list[list[int]] = []
    for onset, duration, pitch in notes_of(stretch):
        begin = _grid_time(onset)
        end = _grid_time(onset + duration)
        # the odd bar of 2/4 at the end
        if begin.bar >= bars:
            break
        exact[begin.bar] &= begin.exact
        exact[min(end.bar, bars - 1)] &= end.exact
        last_step = STEPS_PER_BAR * begin.bar + STEPS_PER_BAR - 1
        step = min(begin.step, last_step)
        if not rows or step > rows[-1][0]:
            rows.append([step, max(end.step - step, 1), pitch])
    # a rounded note ends where the next begins
    onsets = [row[0] for row in rows]
    for row, following in zip(rows, [*onsets[1:], steps]):
        row[1] = min(row[1], following - row[0])
    return melody.to_events(np.array(rows, np.int64), steps), exact


def _sounding_bars(events: np.ndarray) -> Sequence[tuple[int, int]]:
    """Returns the bars (first, after the last) between the rests of more than a bar."""
    silent = melody.sounding(events) == melody.REST
    edges = np.flatnonzero(np.diff(silent, prepend=False, append=False))
    # a silence of more than a bar behind the end closes the last pair
    rests = [*edges.reshape(-1, 2).tolist(), [len(events), len(events) + STEPS_PER_BAR + 1]]
    pairs = []
    first = 0
    for begin, end in rests:
        if end - begin > STEPS_PER_BAR:
            # the rest begins in the last bar of these and ends in the first of the next
            last = -(-begin // STEPS_PER_BAR)
            if last > first:
                pairs.append((first, last))
            first = end // STEPS_PER_BAR
    return pairs


def parse_tune(abc: str) -> ParsedTune:
    """Returns what the cache keeps of a tune, nothing if it names no used meter."""
    meters = re.findall(r"M: *([^\s%\]]+)", abc)
    # 6/8 and the like cannot be used
    if QUARTERS.keys().isdisjoint(meters):
        return ParsedTune("", "", -1, "", [])
    bars, header = written_bars(prepared(abc))
    in_hexadecimal = []
    for events, exact in runs(played(bars)):
        in_hexadecimal.append((events.tobytes().hex(), exact.tobytes().hex()))
    tonic, mode = key(header.get("K", ""))
    return ParsedTune(header.get("T", ""), header.get("M", ""), tonic, mode, in_hexadecimal)
