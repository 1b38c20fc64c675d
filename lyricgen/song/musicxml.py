"""The lead sheet as MusicXML, through music21."""

from __future__ import annotations

import re

from lyricgen.music.keys import FIFTHS
from lyricgen.music.melody import STEPS_PER_BAR
from lyricgen.song.lead_sheet import STEPS_PER_QUARTER, LeadSheet

# Of the line of fifths, counted from C, the lowest pitch class that C major spells: Eb.
# The twelve from there upwards have no sign on the white keys.
LOWEST_FIFTH = -3

# Keys whose twelve pitch classes stand in keys.FIFTHS: from three flats to two sharps
FLATTEST = -3
SHARPEST = 2

# durations in 16ths that one sign can write, plain or dotted
WRITABLE = (1, 2, 3, 4, 6, 8, 12, 16)

# of these the durations of a syncopation: a quarter and a dotted quarter
SYNCOPATED = (4, 6)


def to_musicxml(sheet: LeadSheet) -> str:
    """Returns the lead sheet as MusicXML, through music21.

    The same sheet gives the same text: it has no dates and no random ids. The words are
    verse 1 and what is under them verse 2. Each line of words begins a system.
    """
    from music21 import metadata, stream
    from music21.musicxml.m21ToXml import GeneralObjectExporter

    part = stream.Part(id="P1")
    measures = _empty_measures(sheet)
    part.append(measures)
    for onset, duration, element in _notes_and_rests(sheet):
        _insert(measures, onset, duration, element)
    measures[-1].rightBarline = "final"
    score = stream.Score([part])
    title = f"{sheet.title} {sheet.subtitle}".strip()
    score.metadata = metadata.Metadata(title=title, composer="lyricgen")
    exported = GeneralObjectExporter(score).parse()
    return plain(exported.decode("utf-8"))


def _empty_measures(sheet: LeadSheet) -> list:
    """Returns music21's measures for a sheet, with what stands before their notes."""
    from music21 import clef, key, layout, meter, stream, tempo

    first_bars = {int(sheet.notes[i, 0]) // STEPS_PER_BAR for i in sheet.lines}
    measures = []
    for bar in range(sheet.steps // STEPS_PER_BAR):
        measure = stream.Measure(number=bar + 1)
        if bar == 0:
            measure.append(clef.TrebleClef())
            measure.append(key.Key("C"))
            measure.append(meter.TimeSignature("4/4"))
            measure.append(tempo.MetronomeMark(number=sheet.tempo))
        elif bar in first_bars:
            measure.insert(0, layout.SystemLayout(isNew=True))
        measures.append(measure)
    return measures


def _notes_and_rests(sheet: LeadSheet) -> list[tuple]:
    """Returns onset and duration in 16ths and music21's element, of notes and rests."""
    from music21 import note

    elements: list[tuple] = []
    end = 0
    for i, (onset, duration, pitch) in enumerate(sheet.notes.tolist()):
        if onset > end:
            elements.append((end, onset - end, note.Rest()))
        sung = note.Note(nameWithOctave=pitch_name(pitch))
        sung.addLyric(sheet.words[i], applyRaw=True)
        if sheet.under:
            sung.addLyric(sheet.under[i], applyRaw=True)
        elements.append((onset, duration, sung))
        end = onset + duration
    if sheet.steps > end:
        elements.append((end, sheet.steps - end, note.Rest()))
    return elements


def pitch_name(pitch: int, sharps: int = 0) -> str:
    """Returns the name of a MIDI pitch, with its octave, as music21 writes it.

    A black key is spelled as in the major key of so many sharps, flats below 0: in C
    major there are Eb, Bb, F#, C# and G#.
    """
    lowest = min(max(sharps, FLATTEST), SHARPEST) + LOWEST_FIFTH
    fifth = lowest + (7 * pitch - lowest) % 12
    name = FIFTHS[fifth + FIFTHS.index("C")].replace("b", "-")
    octave = pitch // 12 - 1
    return name + str(octave)


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
        length = max(n for n in WRITABLE if _is_writable(n, place, room))
        pieces.append((onset, length))
        onset += length
    return pieces


def _tie_type(k: int, pieces: int) -> str:
    """Returns the type of the tie at piece k of a note."""
    if k == 0:
        return "start"
    return "stop" if k == pieces - 1 else "continue"


def _insert(measures: list, onset: int, duration: int, element) -> None:
    """Puts a note or rest into its bars, in tied pieces; the first has the words."""
    from music21 import note, tie

    pieces = _written_pieces(onset, duration)
    for k, (start, length) in enumerate(pieces):
        if k == 0:
            piece = element
        elif element.isNote:
            piece = note.Note(nameWithOctave=element.nameWithOctave)
        else:
            piece = note.Rest()
        piece.quarterLength = length / STEPS_PER_QUARTER
        if element.isNote and len(pieces) > 1:
            piece.tie = tie.Tie(_tie_type(k, len(pieces)))
        bar, place = divmod(start, STEPS_PER_BAR)
        measures[bar].insert(place / STEPS_PER_QUARTER, piece)


def _extend(match: re.Match) -> str:
    """Returns a <note> with an extender in its last lyric, if a tie starts at it."""
    whole = match[0]
    before, last_lyric_end, after = whole.rpartition("</lyric>")
    if '<tie type="start"' not in whole or not last_lyric_end:
        return whole
    return f"{before}  <extend />\n        {last_lyric_end}{after}"


def plain(text: str) -> str:
    """Returns MusicXML without what changes from run to run, and with extenders.

    music21 never writes the extender under a held syllable.
    """
    text = re.sub(r"\s*<encoding-date>.*?</encoding-date>", "", text)
    part_ids = dict.fromkeys(re.findall(r'<score-part id="([^"]+)"', text))
    for k, part_id in enumerate(part_ids):
        text = text.replace(f'"{part_id}"', f'"P{k + 1}"')
    instruments = r'(<score-instrument|<midi-instrument|<instrument) id="[^"]+"'
    text = re.sub(instruments, r'\1 id="I1"', text)
    return re.sub(r"<note\b.*?</note>", _extend, text, flags=re.S)
