"""The lead sheet as MusicXML 4.0."""

from __future__ import annotations

import re
from typing import NamedTuple
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

from lyricgen.music.chords import QUALITIES, Chord
from lyricgen.music.melody import STEPS_PER_BAR
from lyricgen.song.lead_sheet import STEPS_PER_QUARTER, VOICE, VOICE_PROGRAM, LeadSheet, Syllable

# The letters of the line of fifths, from F; C is at 0, F at -1
LETTERS = "FCGDAEB"

# Of the line of fifths, counted from C, the lowest pitch class that C major spells: Eb.
# The twelve from there upwards have no sign on the white keys.
LOWEST_FIFTH = -3

# The keys from three flats to two sharps spell the twelve around their own seven; those
# beyond spell as these do, as far as their own seven allow
FLATTEST = -3
SHARPEST = 2

# durations in 16ths that one sign can write, plain or dotted: its type and its dots
SIGNS = {
    1: ("16th", 0),
    2: ("eighth", 0),
    3: ("eighth", 1),
    4: ("quarter", 0),
    6: ("quarter", 1),
    8: ("half", 0),
    12: ("half", 1),
    16: ("whole", 0),
}

# of these the durations of a syncopation: a quarter and a dotted quarter
SYNCOPATED = (4, 6)

# what <accidental> calls a sign that raises by so many semitones
ACCIDENTALS = {-2: "flat-flat", -1: "flat", 0: "natural", 1: "sharp", 2: "double-sharp"}

# what <kind> calls the qualities of chords.QUALITIES
KINDS = {"major": "major", "minor": "minor", "dominant seventh": "dominant"}

# a longer line of words has more than one system
BARS_PER_SYSTEM = 4

HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    '<!DOCTYPE score-partwise PUBLIC "-//Recordare//DTD MusicXML 4.0 Partwise//EN" '
    '"http://www.musicxml.org/dtds/partwise.dtd">\n'
)


class Piece(NamedTuple):
    """A sign that writes a note, a part of a note that is tied on, or a rest.

    onset, length: in 16th steps, within a bar.
    note: the index of the note, -1 for a rest.
    number, of: which of the note's pieces it is, from 0, and how many there are.
    """

    onset: int
    length: int
    note: int
    number: int = 0
    of: int = 1


class Spelling(NamedTuple):
    """How a pitch is written: a letter, the semitones it is raised by, an octave."""

    letter: str
    alter: int
    octave: int


def to_musicxml(sheet: LeadSheet, *, readings: bool = True, gloss: bool = False) -> str:
    """Returns the lead sheet as MusicXML; the same sheet gives the same text.

    The words of verse 1 have the number "1", and their readings "1-pinyin": a line of
    their own that is no verse. MuseScore, which puts the numbers in the order of their
    letters, draws them under the words. Lines of words begin systems.

    readings: whether what is under the words is written.
    gloss: whether the meaning of each line is written, as a direction below its
        beginning.

    Source: MusicXML 4.0, the elements <lyric>, <harmony> and <miscellaneous>.
    Notebook: start_here
    """
    score = Element("score-partwise", version="4.0")
    _write_head(score, sheet)
    part = SubElement(score, "part", id="P1")
    bars = _pieces_of_bars(sheet)
    first_bars = system_starts(sheet)
    for number, pieces in enumerate(bars):
        measure = SubElement(part, "measure", number=str(number + 1))
        if number in first_bars[1:]:
            SubElement(measure, "print", {"new-system": "yes"})
        if number == 0:
            _write_attributes(measure, sheet)
        _write_bar(measure, pieces, sheet, readings, gloss)
    barline = SubElement(measure, "barline", location="right")
    _add(barline, "bar-style", "light-heavy")
    ElementTree.indent(score)
    return HEAD + ElementTree.tostring(score, encoding="unicode") + "\n"


def _add(parent: Element, tag: str, text: object = "", /, **attributes: str) -> Element:
    """Adds an element with a text."""
    element = SubElement(parent, tag, attributes)
    if text != "":
        element.text = str(text)
    return element


def _write_head(score: Element, sheet: LeadSheet) -> None:
    """Writes title, how the song was made, and the instrument."""
    title = f"{sheet.title} {sheet.subtitle}".strip()
    _add(SubElement(score, "work"), "work-title", title)
    identification = SubElement(score, "identification")
    _add(identification, "creator", "lyricgen", type="composer")
    _add(SubElement(identification, "encoding"), "software", "lyricgen")
    if sheet.made:
        miscellaneous = SubElement(identification, "miscellaneous")
        _add(miscellaneous, "miscellaneous-field", sheet.made, name="made")
    part = SubElement(SubElement(score, "part-list"), "score-part", id="P1")
    # a song of one voice has no name before its staff
    SubElement(part, "part-name", {"print-object": "no"}).text = VOICE
    _add(SubElement(part, "score-instrument", id="P1-I1"), "instrument-name", VOICE)
    instrument = SubElement(part, "midi-instrument", id="P1-I1")
    _add(instrument, "midi-channel", 1)
    _add(instrument, "midi-program", VOICE_PROGRAM + 1)


def _write_attributes(measure: Element, sheet: LeadSheet) -> None:
    """Writes key, meter, clef and tempo."""
    attributes = SubElement(measure, "attributes")
    _add(attributes, "divisions", STEPS_PER_QUARTER)
    key = SubElement(attributes, "key")
    _add(key, "fifths", sheet.sharps)
    _add(key, "mode", "major")
    time = SubElement(attributes, "time")
    _add(time, "beats", STEPS_PER_BAR // STEPS_PER_QUARTER)
    _add(time, "beat-type", 4)
    clef = SubElement(attributes, "clef")
    _add(clef, "sign", "G")
    _add(clef, "line", 2)
    direction = SubElement(measure, "direction", placement="above")
    metronome = SubElement(SubElement(direction, "direction-type"), "metronome")
    _add(metronome, "beat-unit", "quarter")
    _add(metronome, "per-minute", f"{sheet.tempo:g}")
    SubElement(direction, "sound", tempo=f"{sheet.tempo:g}")


def system_starts(sheet: LeadSheet) -> list[int]:
    """Returns the bars that begin systems, in order, from 0.

    A line of words begins a system: in the bar of its first note, or in the next one
    where that is a pickup at the end of another line's bar (the first line's stands
    before its bars). Short lines stand together
    as long as the longest, and one of more than BARS_PER_SYSTEM bars is divided.
    """
    bars = sheet.steps // STEPS_PER_BAR
    starts = {0}
    for i in sheet.lines[1:]:
        bar, place = divmod(int(sheet.notes[i, 0]), STEPS_PER_BAR)
        starts.add(bar + (place >= STEPS_PER_BAR // 2))
    line_bars = sorted(bar for bar in starts if bar < bars)
    lengths = [end - bar for bar, end in zip(line_bars, [*line_bars[1:], bars])]
    most = min(max(lengths), BARS_PER_SYSTEM)
    systems = [0]
    for bar, length in zip(line_bars, lengths):
        if bar + length - systems[-1] > most and bar > systems[-1]:
            systems.append(bar)
        parts = -(-length // BARS_PER_SYSTEM)
        systems += [bar + part * length // parts for part in range(1, parts)]
    return systems


def _pieces_of_bars(sheet: LeadSheet) -> list[list[Piece]]:
    """Returns the signs of each bar, notes and rests."""
    bars: list[list[Piece]] = [[] for _ in range(sheet.steps // STEPS_PER_BAR)]
    end = 0
    silence = (sheet.steps, 0, 0)
    for i, (onset, duration, _) in enumerate([*sheet.notes.tolist(), silence]):
        pieces = [Piece(*piece, -1) for piece in _written_pieces(end, onset - end)]
        signs = _written_pieces(onset, duration)
        pieces += [Piece(*sign, i, k, len(signs)) for k, sign in enumerate(signs)]
        for piece in pieces:
            bar, place = divmod(piece.onset, STEPS_PER_BAR)
            bars[bar].append(piece._replace(onset=place))
        end = onset + duration
    return bars


def _write_bar(
    measure: Element, pieces: list[Piece], sheet: LeadSheet, readings: bool, gloss: bool
) -> None:
    """Writes the chords, notes and rests of a bar."""
    bar = int(measure.attrib["number"]) - 1
    beams = _beams(pieces)
    in_force: dict[tuple[str, int], int] = {}  # the signs of this bar
    for k, piece in enumerate(pieces):
        onset = bar * STEPS_PER_BAR + piece.onset
        for step, chord in sheet.chords:
            if onset <= step < onset + piece.length:
                _write_chord(measure, chord, step - onset, sheet.sharps)
        if gloss and piece.note in sheet.lines and piece.number == 0:
            _write_gloss(measure, sheet, sheet.lines.index(piece.note))
        note = SubElement(measure, "note")
        accidental = ""
        if piece.note < 0:
            _add(note, "rest", **({"measure": "yes"} if piece.length == STEPS_PER_BAR else {}))
        else:
            spelling = spell(int(sheet.notes[piece.note, 2]), sheet.sharps)
            accidental = _accidental(spelling, sheet.sharps, in_force, piece.number > 0)
            _write_pitch(note, spelling)
        _write_length(note, piece, accidental)
        for number, kind in enumerate(beams[k], 1):
            _add(note, "beam", kind, number=str(number))
        if piece.note >= 0:
            _write_ties(note, piece)
        if piece.note >= 0 and piece.number == 0:
            _write_words(note, sheet, piece, readings)


def _write_chord(measure: Element, chord: Chord, offset: int, sharps: int) -> None:
    """Writes a chord symbol, so many 16ths after the next note begins."""
    _, suffix = QUALITIES[chord.quality]
    name = chord.name(sharps).removesuffix(suffix)
    harmony = SubElement(measure, "harmony", {"print-frame": "no"})
    root = SubElement(harmony, "root")
    _add(root, "root-step", name[0])
    if len(name) > 1:
        _add(root, "root-alter", 1 if name[1] == "#" else -1)
    _add(harmony, "kind", KINDS[chord.quality], text=suffix)
    if offset:
        _add(harmony, "offset", offset)


def _write_gloss(measure: Element, sheet: LeadSheet, line: int) -> None:
    """Writes what a line means, in each verse, below its beginning."""
    for verse in sheet.glosses:
        direction = SubElement(measure, "direction", placement="below")
        words = SubElement(SubElement(direction, "direction-type"), "words")
        words.set("font-style", "italic")
        words.set("xml:lang", "en")
        words.text = verse[line]


def _write_pitch(note: Element, spelling: Spelling) -> None:
    """Writes a pitch."""
    pitch = SubElement(note, "pitch")
    _add(pitch, "step", spelling.letter)
    if spelling.alter:
        _add(pitch, "alter", spelling.alter)
    _add(pitch, "octave", spelling.octave)


def _write_length(note: Element, piece: Piece, accidental: str) -> None:
    """Writes how long a sign sounds, how it looks, and the accidental before it."""
    _add(note, "duration", piece.length)
    if piece.note >= 0:
        _write_tie(note, piece, "tie")
    _add(note, "voice", 1)
    kind, dots = SIGNS[piece.length]
    _add(note, "type", kind)
    for _ in range(dots):
        SubElement(note, "dot")
    if accidental:
        _add(note, "accidental", accidental)


def _write_tie(parent: Element, piece: Piece, tag: str) -> None:
    """Writes that a piece goes on another one, or goes on in another one."""
    if piece.number > 0:
        SubElement(parent, tag, type="stop")
    if piece.number < piece.of - 1:
        SubElement(parent, tag, type="start")


def _write_ties(note: Element, piece: Piece) -> None:
    """Writes the ties that are seen."""
    if piece.of > 1:
        _write_tie(SubElement(note, "notations"), piece, "tied")


def _write_words(note: Element, sheet: LeadSheet, piece: Piece, readings: bool) -> None:
    """Writes the syllable of each verse, and its reading."""
    for number, verse in enumerate(sheet.verses, 1):
        syllable = verse[piece.note]
        follows = piece.note > 0 and verse[piece.note - 1].joined
        held = piece.of > 1 or verse[piece.note + 1 : piece.note + 2] == (Syllable(""),)
        if syllable.text:
            lyric = SubElement(note, "lyric", number=str(number))
            _add(lyric, "syllabic", _syllabic(follows, syllable.joined))
            _add(lyric, "text", syllable.text)
            if held and not syllable.joined:
                SubElement(lyric, "extend")
        if readings and syllable.reading:
            lyric = SubElement(note, "lyric", number=f"{number}-pinyin", name="pinyin")
            _add(lyric, "syllabic", "single")
            _add(lyric, "text", syllable.reading)


def _syllabic(follows: bool, joined: bool) -> str:
    """Returns which syllable of its word one is."""
    if follows:
        return "middle" if joined else "end"
    return "begin" if joined else "single"


def spell(pitch: int, sharps: int = 0) -> Spelling:
    """Returns how a MIDI pitch is written in the major key of so many sharps.

    The seven pitches of the key have no accidental; in C major the black keys are Eb,
    Bb, F#, C# and G#. Flats are below 0.
    """
    lowest = min(max(sharps, FLATTEST), SHARPEST) + LOWEST_FIFTH
    # the key's own seven reach from a fifth below its tonic to five above
    lowest = min(max(lowest, sharps - 6), sharps - 1)
    fifth = lowest + (7 * pitch - lowest) % 12
    alter, letter = divmod(fifth + 1, len(LETTERS))
    octave = (pitch - alter) // 12 - 1
    return Spelling(LETTERS[letter], alter, octave)


def pitch_name(pitch: int, sharps: int = 0) -> str:
    """Returns the name of a MIDI pitch, with its octave, as music21 writes it.

    A black key is spelled as in the major key of so many sharps, flats below 0: in C
    major there are Eb, Bb, F#, C# and G#.
    """
    letter, alter, octave = spell(pitch, sharps)
    sign = "-" if alter < 0 else "#"
    return f"{letter}{sign * abs(alter)}{octave}"


def _accidental(
    spelling: Spelling, sharps: int, in_force: dict[tuple[str, int], int], tied: bool
) -> str:
    """Returns the accidental before a note, and notes it as in force in this bar.

    A note that is tied on has none.
    """
    place = (spelling.letter, spelling.octave)
    # of the key signature: how many times the line of fifths passed this letter
    of_key = (sharps - LETTERS.index(spelling.letter) + 6) // len(LETTERS)
    if tied or in_force.get(place, of_key) == spelling.alter:
        return ""
    in_force[place] = spelling.alter
    return ACCIDENTALS[spelling.alter]


def _is_writable(length: int, place: int, room: int) -> bool:
    """Returns whether one sign of a length can stand at a place in a bar, all in 16ths.

    On a beat it may be as long as there is room. Off the beat it ends with the beat at
    the latest; only from the middle of a beat a syncopation reaches beyond it.
    """
    if length > room:
        return False
    since_beat = place % STEPS_PER_QUARTER
    if since_beat == 0:
        return True
    to_next_beat = STEPS_PER_QUARTER - since_beat
    syncopated = since_beat == 2 and length in SYNCOPATED
    return length <= to_next_beat or syncopated


def _written_pieces(onset: int, duration: int) -> list[tuple[int, int]]:
    """Returns onset and length of the signs that write a note or rest, in 16ths.

    It is cut at bar lines, and into the longest lengths that one sign can write.
    """
    pieces = []
    end = onset + duration
    while onset < end:
        place = onset % STEPS_PER_BAR
        room = min(end - onset, STEPS_PER_BAR - place)
        length = max(n for n in SIGNS if _is_writable(n, place, room))
        pieces.append((onset, length))
        onset += length
    return pieces


def _beams(pieces: list[Piece]) -> list[list[str]]:
    """Returns the beams of each sign of a bar: those of eighths, then those of 16ths.

    Notes shorter than a quarter that begin in one beat, one after another, are joined.
    """
    groups: list[list[int]] = []
    beat_of_last = -1
    for k, piece in enumerate(pieces):
        beat = piece.onset // STEPS_PER_QUARTER
        short = piece.note >= 0 and piece.length < STEPS_PER_QUARTER
        if short and beat == beat_of_last:
            groups[-1].append(k)
        elif short:
            groups.append([k])
        beat_of_last = beat if short else -1
    beams: list[list[str]] = [[] for _ in pieces]
    for group in groups:
        if len(group) == 1:
            continue
        is_16th = [pieces[k].length == 1 for k in group]
        for at, k in enumerate(group):
            beams[k].append(_beam([True] * len(group), at))
            if is_16th[at]:
                beams[k].append(_beam(is_16th, at))
    return beams


def _beam(has_beam: list[bool], at: int) -> str:
    """Returns what a beam does at one of the notes that it joins."""
    before = at > 0 and has_beam[at - 1]
    after = at + 1 < len(has_beam) and has_beam[at + 1]
    if before:
        return "continue" if after else "end"
    if after:
        return "begin"
    return "backward hook" if at > 0 else "forward hook"


def plain(text: str) -> str:
    """Returns music21's MusicXML without what changes from run to run."""
    text = re.sub(r"\s*<encoding-date>.*?</encoding-date>", "", text)
    part_ids = dict.fromkeys(re.findall(r'<score-part id="([^"]+)"', text))
    for k, part_id in enumerate(part_ids):
        text = text.replace(f'"{part_id}"', f'"P{k + 1}"')
    instruments = r'(<score-instrument|<midi-instrument|<instrument) id="[^"]+"'
    return re.sub(instruments, r'\1 id="I1"', text)
