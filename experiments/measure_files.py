"""Measures whether the files of songs say what their lead sheets say.

    python experiments/measure_files.py             # 200 songs and 200 random sheets
    python experiments/measure_files.py --short     # a few of each, to try it

The songs are composed, of all lyrics, to all patterns in turn and in all keys. The
random lead sheets have what songs seldom have: syncopations, rests, long words. music21
reads their MusicXML and mido their MIDI. Words and their order, hyphens, onsets and
durations, pitches, key, tempo, chords and instruments are compared with the lead sheet.
On the page the distance between neighbouring syllables is measured with the fonts of
this machine. It writes data/results/files.json (give --short another --out) and takes
about eight minutes.
"""

from __future__ import annotations

import argparse
import io
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path
from xml.etree import ElementTree

import mido
import numpy as np

from lyricgen import files
from lyricgen.lyrics import chinese, pattern_list
from lyricgen.lyrics.verse import STANZAS
from lyricgen.music.chords import QUALITIES, Chord
from lyricgen.music.keys import C_MAJOR
from lyricgen.song import engraving, lead_sheet, musicxml
from lyricgen.song.lead_sheet import LeadSheet, Syllable
from lyricgen.song.song import Options, compose_with
from lyricgen.song.svg import LETTERS, SVG
from lyricgen.song.words import LYRICS

SHEETS = 200
FEW = 6
FIRST_SEED = 1

CHARACTERS = "一曲新词酒杯去年天气旧亭台夕阳西下几时回无可奈何花落似曾相识燕归来小园香径独徘徊霜窗"
# words in syllables, short and long
WORDS = (
    *("O", "the", "strength", "bo nie", "lass", "Tib bie", "wa ter", "through'd", "I", "hae"),
    *("won der ful ly", "day", "breathed", "sweet", "be yond", "moor", "lang syne", "scorched"),
)
DURATIONS = (1, 2, 2, 3, 4, 4, 4, 6, 8, 12, 20)
LONGEST_LINE = 64  # 16ths: four bars
KEYS = range(-6, 7)
SUNG_KEYS = ("C", "G", "D", "A", "E", "B", "F#", "Gb", "Db", "Ab", "Eb", "Bb", "F")

# the fonts whose letters are measured, as fontconfig knows them
FONTS = ("Times New Roman", "DejaVu Serif")


def composed_sheet(seed: int) -> LeadSheet:
    """Returns the lead sheet of a song: of the lyrics in turn, each to its patterns."""
    lyrics = LYRICS[seed % len(LYRICS)]
    is_chinese = lyrics in pattern_list.CORPORA
    names = pattern_list.pattern_names(lyrics) if is_chinese else tuple(STANZAS)
    options = Options(lyrics=lyrics, seed=seed, key=SUNG_KEYS[seed % len(SUNG_KEYS)])
    return compose_with(options, names[seed // len(LYRICS) % len(names)]).sheet


def random_sheet(seed: int) -> LeadSheet:
    """Returns a lead sheet by chance, an English one for an odd seed."""
    rng = np.random.default_rng(seed)
    english = seed % 2 == 1
    sharps = int(rng.choice(KEYS))
    lengths = rng.integers(2, 12, rng.integers(2, 7)).tolist()
    notes, lines = _random_notes(rng, lengths, sharps)
    count = len(notes)
    if english:
        verses = tuple(_random_english(rng, count) for _ in range(rng.integers(1, 4)))
    else:
        text = "".join(rng.choice(list(CHARACTERS), count))
        verses = (lead_sheet.syllables(text, chinese.pinyin(text)),)
    gloss = tuple(" ".join(rng.choice(WORDS, rng.integers(2, 20))) for _ in lines)
    bars = -(-int(notes[-1, 0] + notes[-1, 1]) // 16)
    beats = np.flatnonzero(rng.random(2 * bars) < 0.6) * 8
    qualities = list(QUALITIES)
    chords = [
        (int(beat), Chord(int(rng.integers(12)), str(rng.choice(qualities)))) for beat in beats
    ]
    return LeadSheet(
        title="O Tibbie" if english else "浣溪沙",
        subtitle="" if english else "Huànxīshā",
        notes=notes,
        verses=verses,
        lines=lines,
        tempo=float(rng.integers(50, 160)),
        sharps=sharps,
        chords=tuple(chords),
        glosses=() if english else (gloss,),
        made=f"A lead sheet by chance, seed {seed}.",
    )


def _random_notes(
    rng: np.random.Generator, lengths: list[int], sharps: int
) -> tuple[np.ndarray, tuple[int, ...]]:
    """Returns notes (n, 3) of lines with so many, and the first note of each line."""
    scale = [(degree + 7 * sharps) % 12 for degree in C_MAJOR]
    in_key = [pitch for pitch in range(57, 80) if pitch % 12 in scale]
    rows = []
    lines = []
    start = 0
    for length in lengths:
        lines.append(len(rows))
        onset = start
        for _ in range(length):
            left = LONGEST_LINE - (onset - start)
            duration = min(int(rng.choice(DURATIONS)), max(1, left // length))
            # seldom a note from outside the key
            pitch = int(rng.choice(in_key)) if rng.random() < 0.9 else int(rng.integers(57, 80))
            rows.append((onset, duration, pitch))
            onset += duration + int(rng.choice((0, 0, 0, 1, 2)))
        start = -(-onset // 16) * 16
    return np.array(rows), tuple(lines)


def _random_english(rng: np.random.Generator, count: int) -> tuple[Syllable, ...]:
    """Returns so many syllables of English words; the last word ends with them."""
    verse: list[Syllable] = []
    while len(verse) < count:
        *begins, end = str(rng.choice(WORDS)).split()
        verse += [Syllable(text, "", True) for text in begins]
        verse.append(Syllable(end))
    last = verse[count - 1]
    return (*verse[: count - 1], last._replace(joined=False))


def random_accompaniment(sheet: LeadSheet) -> np.ndarray:
    """Returns the chords of a sheet as notes (n, 4), each half a bar long."""
    rows = []
    for step, chord in sheet.chords:
        rows += [(step, 8, 48 + pitch, 0.3) for pitch in chord.pitch_classes]
    return np.array(rows, float).reshape(-1, 4)


def musicxml_differences(sheet: LeadSheet) -> list[str]:
    """Returns in what the MusicXML of a sheet, read by music21, differs from it."""
    wanted: dict[str, object] = {
        "notes": sheet.notes.astype(float).tolist(),
        "readings": [[syllable.reading] * bool(syllable.reading) for syllable in sheet.verses[0]],
        "chords": [(step, chord.root, sorted(chord.pitch_classes)) for step, chord in sheet.chords],
        "key": sheet.sharps,
        "tempo": sheet.tempo,
        "instrument": (lead_sheet.VOICE, lead_sheet.VOICE_PROGRAM),
    }
    for number, verse in enumerate(sheet.verses, 1):
        wanted[f"words {number}"] = [(syllable.text, syllable.joined) for syllable in verse]
    read = _read_musicxml(musicxml.to_musicxml(sheet, gloss=True), len(sheet.verses))
    return [name for name in wanted if read[name] != wanted[name]]


def _read_musicxml(text: str, verses: int) -> dict[str, object]:
    """Returns what music21 reads in MusicXML of so many verses."""
    from music21 import converter, harmony, instrument, key, tempo

    part = converter.parse(text, format="musicxml").parts[0]
    flat = part.flatten()
    symbols = flat.getElementsByClass(harmony.ChordSymbol)
    rows: list[list[float]] = []
    sung = []  # a note for each row: the first of tied ones, which has the words
    for note in flat.getElementsByClass("Note"):
        onset, duration = float(note.offset * 4), float(note.quarterLength * 4)
        if note.tie and note.tie.type != "start":
            rows[-1][1] += duration
        else:
            rows.append([onset, duration, float(note.pitch.midi)])
            sung.append(note)
    read: dict[str, object] = {
        "notes": rows,
        "readings": [[y.text for y in note.lyrics if y.identifier == "pinyin"] for note in sung],
        "chords": [
            (int(symbol.offset * 4), symbol.root().pitchClass, sorted(symbol.pitchClasses))
            for symbol in symbols
        ],
        "key": flat.getElementsByClass(key.KeySignature)[0].sharps,
        "tempo": flat.getElementsByClass(tempo.MetronomeMark)[0].number,
        "instrument": (
            part.partName,
            part.getElementsByClass(instrument.Instrument)[0].midiProgram,
        ),
    }
    for number in range(1, verses + 1):
        lyrics = [y for note in sung for y in note.lyrics if y.identifier == number]
        read[f"words {number}"] = [(y.text, y.syllabic in ("begin", "middle")) for y in lyrics]
    return read


def midi_differences(sheet: LeadSheet) -> list[str]:
    """Returns in what the MIDI file of a sheet, read by mido, differs from it."""
    accompaniment = random_accompaniment(sheet)
    starts = [verse * sheet.steps for verse in range(len(sheet.verses))]
    wanted: dict[str, object] = {"key": sheet.sharps, "tempo": round(sheet.tempo, 1)}
    wanted["made"] = sheet.made
    programs = [lead_sheet.VOICE_PROGRAM, lead_sheet.ACCOMPANIMENT_PROGRAM]
    wanted["programs"] = programs if len(accompaniment) else programs[:1]
    wanted["notes"] = _repeated(sheet.notes, starts)
    wanted["accompaniment"] = _repeated(accompaniment[:, :3].astype(int), starts)
    words = []
    for start, verse in zip(starts, sheet.verses):
        for onset, syllable in zip(sheet.notes[:, 0].tolist(), verse):
            words.append((start + onset, syllable.text))
    wanted["words"] = words
    read = _read_midi(lead_sheet.to_midi(sheet, accompaniment))
    return [name for name in wanted if read[name] != wanted[name]]


def _repeated(notes: np.ndarray, starts: list[int]) -> list[tuple[int, ...]]:
    """Returns the notes of all verses, which begin at such steps, sorted."""
    rows = [
        (start + onset, duration, p) for start in starts for onset, duration, p in notes.tolist()
    ]
    return sorted(rows)


def _read_midi(data: bytes) -> dict[str, object]:
    """Returns what mido reads in a MIDI file of a voice and, it may be, chords."""
    midi = mido.MidiFile(file=io.BytesIO(data), charset="utf-8")
    unit = midi.ticks_per_beat // 4
    head, voice, *others = [_timed(track) for track in midi.tracks]
    metas = {message.type: message for _, message in head}
    programs = []
    for track in (voice, *others):
        programs += [m.program for _, m in track if m.type == "program_change"]
    return {
        "key": _sharps(metas["key_signature"].key),
        "tempo": round(60e6 / metas["set_tempo"].tempo, 1),
        "made": metas["text"].text,
        "programs": programs,
        "notes": _notes(voice, unit),
        "accompaniment": _notes(others[0], unit) if others else [],
        "words": [(tick // unit, m.text.strip()) for tick, m in voice if m.type == "lyrics"],
    }


def _timed(track) -> list[tuple[int, mido.Message]]:
    """Returns the messages of a track with their ticks from its beginning."""
    tick = 0
    messages = []
    for message in track:
        tick += message.time
        messages.append((tick, message))
    return messages


def _notes(track: list[tuple[int, mido.Message]], unit: int) -> list[tuple[int, int, int]]:
    """Returns onset and duration in 16ths, and pitch, of the notes of a track."""
    notes = []
    sounding: dict[int, int] = {}
    for tick, message in track:
        if message.type == "note_on":
            sounding[message.note] = tick
        elif message.type == "note_off":
            onset = sounding.pop(message.note)
            notes.append((onset // unit, (tick - onset) // unit, message.note))
    return sorted(notes)


def _sharps(name: str) -> int:
    """Returns the sharps, flats below 0, of a major key by its name."""
    names = ["Gb", "Db", "Ab", "Eb", "Bb", "F", "C", "G", "D", "A", "E", "B", "F#"]
    return names.index(name) - names.index("C")


def find_fonts() -> dict[str, str]:
    """Returns the files of those of FONTS that fontconfig has or replaces."""
    if not shutil.which("fc-match"):
        return {}
    found = {}
    for name in FONTS:
        command = ["fc-match", "-f", "%{file}", name]
        file = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        if Path(file).suffix in (".ttf", ".otf") and "Sans" not in file:
            found[name] = file
    return found


def _words_of_page(page: ElementTree.Element) -> list[ElementTree.Element]:
    """Returns the texts of syllables, glosses and numbers of verses."""
    texts = []
    for name in ("syl", "gloss", "number"):
        texts += page.findall(f".//{SVG}g[@class='{name}']/{SVG}text")
    return texts


def least_gap(svg: str, font: str) -> float:
    """Returns the least distance of two syllables of a page, in sizes of their letters.

    font: the file of the font that letters are measured with. A Chinese character is as
        wide as high. What leaves the page counts as touching.
    """
    from PIL import ImageFont

    measure = ImageFont.truetype(font, 1000)
    page = ElementTree.fromstring(svg)
    width = float(page.find(f"{SVG}svg").attrib["viewBox"].split()[2])
    rows: dict[str, list[tuple[float, float]]] = {}
    for text in _words_of_page(page):
        letters = "".join(text.itertext())
        sized = text.find(f".//{SVG}tspan[@font-size]")
        size = float((text if sized is None else sized).attrib["font-size"][:-2])
        length = size * measure.getlength(letters) / 1000 if letters[0] < "\u2e80" else size
        anchor = {"middle": length / 2, "end": length}.get(text.get("text-anchor", ""), 0.0)
        start = float(text.attrib["x"]) - anchor
        rows.setdefault(text.attrib["y"], []).append((start, start + length))
    gaps = []
    for row in rows.values():
        row.sort()
        gaps += [after[0] - before[1] for before, after in zip(row, row[1:])]
        # the margins of the page, as the words have it: 500 units on each side
        gaps += [row[0][0] + 500, width - 500 - row[-1][1]]
    return min(gaps) / LETTERS


def main(words: list[str] | None = None) -> int:
    """Writes and reads the files of each lead sheet, and writes what differs."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--short", action="store_true", help=f"{FEW} lead sheets")
    parser.add_argument("--out", type=Path, default=files.DATA / "results" / "files.json")
    args = parser.parse_args(words)
    fonts = find_fonts()
    seeds = range(FIRST_SEED, FIRST_SEED + (FEW if args.short else SHEETS))
    summary: dict[str, object] = {"made by": "python experiments/measure_files.py"}
    for kind, make in (("songs", composed_sheet), ("random lead sheets", random_sheet)):
        summary[kind] = measure([make(seed) for seed in seeds], fonts)
        print(f"{kind}: {summary[kind]}", flush=True)
    files.write_json(args.out, summary)
    return 0


def measure(sheets: list[LeadSheet], fonts: dict[str, str]) -> dict[str, object]:
    """Returns what differs between lead sheets and files, and how close words are."""
    different: Counter[str] = Counter()
    gaps: dict[str, list[float]] = {name: [] for name in fonts}
    for sheet in sheets:
        different.update(f"MusicXML: {name}" for name in musicxml_differences(sheet))
        different.update(f"MIDI: {name}" for name in midi_differences(sheet))
        notation = musicxml.to_musicxml(sheet, gloss=bool(sheet.glosses))
        svg = engraving.engrave(notation, sheet.title, "")
        for name, font in fonts.items():
            gaps[name].append(least_gap(svg, font))
    return {
        "lead sheets": len(sheets),
        "notes": sum(len(sheet.notes) for sheet in sheets),
        "syllables": sum(sum(map(len, sheet.verses)) for sheet in sheets),
        "chords": sum(len(sheet.chords) for sheet in sheets),
        "sheets that differ, by what": dict(sorted(different.items())),
        "least distance of syllables, in sizes of their letters": {
            name: {"least": round(min(values), 2), "median": round(float(np.median(values)), 2)}
            for name, values in gaps.items()
        },
    }


if __name__ == "__main__":
    sys.exit(main())
