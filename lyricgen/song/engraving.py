"""The lead sheet as MusicXML and as an engraved page."""

from __future__ import annotations

import html
import re

from lyricgen.music.melody import STEPS_PER_BAR
from lyricgen.song.lead_sheet import STEPS_PER_QUARTER, LeadSheet


def to_musicxml(sheet: LeadSheet) -> str:
    """The lead sheet as MusicXML through music21; the same sheet gives the same text (no dates, no random ids).

    The words are verse 1 and what is under them verse 2. Each line of words begins a system.
    """
    from music21 import clef, key, layout, metadata, meter, note, stream, tempo

    part = stream.Part(id="P1")
    systems = {int(sheet.notes[i, 0]) // STEPS_PER_BAR for i in sheet.lines}
    end = 0
    flat: list[tuple[int, int, note.GeneralNote]] = []
    for i, (onset, duration, pitch) in enumerate(sheet.notes.tolist()):
        if onset > end:
            flat.append((end, onset - end, note.Rest()))
        sung = note.Note(nameWithOctave=_name(pitch))
        sung.addLyric(sheet.words[i], applyRaw=True)
        if sheet.under:
            sung.addLyric(sheet.under[i], applyRaw=True)
        flat.append((onset, duration, sung))
        end = onset + duration
    if sheet.steps > end:
        flat.append((end, sheet.steps - end, note.Rest()))
    for bar in range(sheet.steps // STEPS_PER_BAR):
        measure = stream.Measure(number=bar + 1)
        if bar == 0:
            for mark in (
                clef.TrebleClef(),
                key.Key("C"),
                meter.TimeSignature("4/4"),
                tempo.MetronomeMark(number=sheet.tempo),
            ):
                measure.append(mark)
        elif bar in systems:
            measure.insert(0, layout.SystemLayout(isNew=True))
        part.append(measure)
    measures = list(part.getElementsByClass(stream.Measure))
    for onset, duration, element in flat:
        _insert(measures, onset, duration, element)
    measures[-1].rightBarline = "final"
    score = stream.Score([part])
    score.metadata = metadata.Metadata(
        title=f"{sheet.title} {sheet.subtitle}".strip(), composer="lyricgen"
    )
    from music21.musicxml.m21ToXml import GeneralObjectExporter

    text = GeneralObjectExporter(score).parse().decode("utf-8")
    return _plain(text)


def _name(pitch: int) -> str:
    """The name of a MIDI pitch: a white key without a sign, so that no natural is printed that nothing asked for."""
    return ("C", "C#", "D", "E-", "E", "F", "F#", "G", "G#", "A", "B-", "B")[pitch % 12] + str(
        pitch // 12 - 1
    )


def _insert(measures, onset: int, duration: int, element) -> None:
    """Puts a note or rest into its bars: cut at bar lines and into lengths that one sign can write, tied, the words on the first."""
    from music21 import note, tie

    pieces = []
    while duration:
        place = onset % STEPS_PER_BAR
        room = min(duration, STEPS_PER_BAR - place)
        length = next(
            n
            for n in (16, 12, 8, 6, 4, 3, 2, 1)
            if n <= room
            and (place % 4 == 0 or n <= 4 - place % 4 or (place % 2 == 0 and n in (4, 6)))
        )
        pieces.append((onset, length))
        onset, duration = onset + length, duration - length
    for k, (start, length) in enumerate(pieces):
        piece = (
            element
            if k == 0
            else (
                note.Note(nameWithOctave=element.nameWithOctave) if element.isNote else note.Rest()
            )
        )
        piece.quarterLength = length / STEPS_PER_QUARTER
        if element.isNote and len(pieces) > 1:
            piece.tie = tie.Tie(
                "start" if k == 0 else "stop" if k == len(pieces) - 1 else "continue"
            )
        measures[start // STEPS_PER_BAR].insert((start % STEPS_PER_BAR) / STEPS_PER_QUARTER, piece)


def _plain(text: str) -> str:
    """MusicXML without what changes from run to run, and with the extender that music21 never writes under held syllables."""
    text = re.sub(r"\s*<encoding-date>.*?</encoding-date>", "", text)
    for k, name in enumerate(dict.fromkeys(re.findall(r'<score-part id="([^"]+)"', text))):
        text = text.replace(f'"{name}"', f'"P{k + 1}"')
    text = re.sub(
        r'(<score-instrument|<midi-instrument|<instrument) id="[^"]+"', r'\1 id="I1"', text
    )

    def extend(found: re.Match) -> str:
        before, lyric, after = found[0].rpartition("</lyric>")
        return (
            f"{before}  <extend />\n        {lyric}{after}"
            if '<tie type="start"' in found[0] and lyric
            else found[0]
        )

    text = re.sub(r"<note\b.*?</note>", extend, text, flags=re.S)
    return text


def engrave(musicxml: str, title: str, description: str, width: int = 2100) -> str:
    """The page as one SVG, by verovio; the same MusicXML gives the same SVG, and its description is there for screen readers."""
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
            "lyricSize": 5.5,
            "lyricTopMinMargin": 4.0,
            "spacingNonLinear": 0.55,
            "spacingLinear": 0.3,
        }
    )
    if not toolkit.loadData(musicxml):
        raise ValueError("The MusicXML could not be engraved.")
    svg = toolkit.renderToSVG(1)
    svg = re.sub(
        r"<desc>.*?</desc>",
        f"<title>{html.escape(title)}</title><desc>{html.escape(description)}</desc>",
        svg,
        count=1,
        flags=re.S,
    )
    return svg.replace("<svg ", '<svg role="img" style="background:white" ', 1)
