"""Melodies of any meter as MIDI, as sound, as notes on a page."""

from __future__ import annotations

import html

import numpy as np

from lyricgen import show
from lyricgen.music.melody import FIRST_ONSET, to_notes
from lyricgen.music.meter import Meter
from lyricgen.music.midi import MidiFile, write_midi
from lyricgen.song import engraving, musicxml, sound
from lyricgen.song.lead_sheet import LOUD, SOFT, STEPS_PER_QUARTER, TICKS_PER_QUARTER

# Quarters a minute
TEMPO = 112.0


def with_notes(melodies: np.ndarray) -> np.ndarray:
    """Returns those of the melodies (B, T) that have a note."""
    return melodies[(melodies >= FIRST_ONSET).any(axis=1)]


def to_midi(events: np.ndarray, meter: Meter, title: str) -> bytes:
    """Returns a melody, canonical events (T,), as a Standard MIDI File in its meter."""
    notes = to_notes(events)
    ticks = notes[:, :2] * (TICKS_PER_QUARTER // STEPS_PER_QUARTER)
    midi = MidiFile.from_notes(
        ticks[:, 0],
        ticks[:, 1],
        notes[:, 2],
        division=TICKS_PER_QUARTER,
        bpm=TEMPO,
        meter=(meter.numerator, meter.denominator),
        names={0: title},
    )
    return write_midi(midi)


def to_mp3(events: np.ndarray, meter: Meter) -> bytes:
    """Returns a melody with a note, canonical events (T,), on a plucked string as MP3.

    The first beat of a bar is a little louder.
    """
    notes = to_notes(events)
    seconds = 60 / TEMPO / STEPS_PER_QUARTER
    on_first_beat = notes[:, 0] % meter.written_steps == 0
    loudness = np.where(on_first_beat, LOUD, SOFT)
    played = np.column_stack([notes * [seconds, seconds, 1.0], loudness])
    return sound.to_mp3(sound.render(played))


def to_musicxml(events: np.ndarray, meter: Meter, title: str, sharps: int = 0) -> str:
    """Returns a melody, canonical events (T,), as MusicXML, through music21.

    Its bars are those of the meter as it is written: two of 2/4 for one of the grid.
    `sharps` are those of its key signature, flats below 0.
    Notebook: sampling_musicvae
    """
    from music21 import key, metadata, note, stream
    from music21 import meter as music21_meter
    from music21.musicxml.m21ToXml import GeneralObjectExporter

    part = stream.Part(id="P1")
    part.append(key.KeySignature(sharps))
    part.append(music21_meter.TimeSignature(str(meter)))
    for onset, duration, pitch in to_notes(events).tolist():
        element = note.Note(nameWithOctave=musicxml.pitch_name(pitch, sharps))
        element.quarterLength = duration / STEPS_PER_QUARTER
        part.insert(onset / STEPS_PER_QUARTER, element)
    length = len(events) / STEPS_PER_QUARTER
    if part.duration.quarterLength < length:
        rest = note.Rest(quarterLength=length - part.duration.quarterLength)
        part.insert(part.duration.quarterLength, rest)
    part.makeRests(fillGaps=True, inPlace=True)
    score = stream.Score([part.makeNotation()])
    score.metadata = metadata.Metadata(title=title, composer="lyricgen")
    exported = GeneralObjectExporter(score).parse()
    return musicxml.plain(exported.decode("utf-8"))


def to_page(title: str, melodies: np.ndarray, meter: Meter, mp3s: list[bytes]) -> str:
    """Returns a page, HTML with all that it shows inside, of melodies (B, T)."""
    parts = []
    for number, (events, mp3) in enumerate(zip(melodies, mp3s), 1):
        name = f"{title} {number}"
        description = f"A melody in {meter} of {len(to_notes(events))} notes."
        svg = engraving.engrave(to_musicxml(events, meter, name), name, description)
        parts.append(show.page_html(svg) + show.player_html(mp3, name))
    head = f'<meta charset="utf-8"><title>{html.escape(title)}</title>'
    body = "\n".join(parts)
    return f'<!doctype html>\n<html lang="en"><head>{head}</head><body>\n{body}\n</body></html>\n'
