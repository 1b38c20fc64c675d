"""Writes the course's example MIDI files and their card into data/midi.

    python tools/make_midi.py [--out FOLDER]

Three are music21's encodings of old music, the others are written here by hand: words
in several ways, running status, odd meters, notes that never end.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from lyricgen.files import DATA, sha256, write_atomic, write_json
from lyricgen.music.midi import MidiFile, read_midi, write_midi
from lyricgen.music.midi.file import map_rows

DIVISION = 480  # ticks per quarter
STEPS = {"c": 0, "d": 2, "e": 4, "f": 5, "g": 7, "a": 9, "b": 11}

Lyric = tuple[int, int, str]  # tick, track, text


def notes(
    text: str, division: int = DIVISION, octave: int = 5
) -> tuple[list[int], list[int], list[int]]:
    """Returns onsets, durations and pitches of a tune such as "c:1 g#':2 z:1".

    ' and , are for octaves, # and ! for sharp and flat, z is a rest; after the colon
    stand quarters.
    """
    onsets = []
    durations = []
    pitches = []
    tick = 0
    for word in text.split():
        name, length = word.split(":")
        ticks = round(float(length) * division)
        if name[0] != "z":
            onsets.append(tick)
            durations.append(ticks)
            octaves = octave + name.count("'") - name.count(",")
            accidental = name.count("#") - name.count("!")
            pitches.append(12 * octaves + STEPS[name[0]] + accidental)
        tick += ticks
    return onsets, durations, pitches


def parts(*tunes: str, octaves: tuple[int, ...], **more: Any) -> MidiFile:
    """Returns a MidiFile of several tunes, in tracks 1, 2, …"""
    onsets: list[int] = []
    durations: list[int] = []
    pitches: list[int] = []
    tracks: list[int] = []
    for track, (tune, octave) in enumerate(zip(tunes, octaves), 1):
        onset, duration, pitch = notes(tune, octave=octave)
        onsets += onset
        durations += duration
        pitches += pitch
        tracks += [track] * len(onset)
    return MidiFile.from_notes(onsets, durations, pitches, track=tracks, **more)


def to_ticks(quarters: float) -> int:
    """Returns music21's quarters in ticks."""
    return round(quarters * DIVISION)


def from_music21(
    name: str, title: str, words: bool, programs: tuple[int, ...], bpm: float
) -> MidiFile:
    """Returns a piece of music21's corpus, a track for each part.

    The words of the first part stand in tracks of their own, one for each verse.
    """
    from music21 import corpus

    score = corpus.parse(name)
    names = {0: title}
    rows = []
    for track, part in enumerate(score.parts, 1):
        names[track] = part.partName
        for element in part.stripTies().flatten().notes:
            onset = to_ticks(element.offset)
            duration = to_ticks(element.duration.quarterLength)
            if duration:
                rows += [(onset, duration, pitch.midi, track) for pitch in element.pitches]
    lyrics = lyrics_of_part(score.parts[0], len(score.parts)) if words else []
    for _, track, _ in lyrics:
        names[track] = f"verse {track - len(score.parts)}"
    onsets, durations, pitches, tracks = zip(*sorted(rows))
    meter = next(iter(score.recurse().getElementsByClass("TimeSignature")))
    key = next(iter(score.recurse().getElementsByClass("KeySignature")))
    midi = MidiFile.from_notes(
        onsets,
        durations,
        pitches,
        track=tracks,
        bpm=bpm,
        meter=(meter.numerator, meter.denominator),
        names=names,
        programs=[(0, track, 0, program) for track, program in enumerate(programs, 1)],
    )
    in_order = sorted(lyrics, key=lambda row: row[:2])
    return replace(midi, lyrics=tuple(in_order), keys=map_rows([(0, key.sharps, 0)], 3))


def lyrics_of_part(part: Any, last_track: int) -> list[Lyric]:
    """Returns the words of a part, each verse in a track after the last."""
    lyrics = []
    for element in part.flatten().notes:
        tick = to_ticks(element.offset)
        for lyric in element.lyrics:
            # a space ends a word
            end = "" if lyric.syllabic in ("begin", "middle") else " "
            lyrics.append((tick, last_track + lyric.number, lyric.text + end))
    return lyrics


def jig() -> bytes:
    """Returns one track of format 0, as old sequencers write it."""
    from music21 import corpus

    tune = corpus.parse("ryansMammoth/BarneyBrallagansJig")
    onsets = []
    durations = []
    pitches = []
    for note in tune.flatten().notes:
        onsets.append(to_ticks(note.offset))
        durations.append(to_ticks(note.duration.quarterLength))
        pitches.append(note.pitch.midi)
    midi = MidiFile.from_notes(
        onsets,
        durations,
        pitches,
        track=0,
        meter=(6, 8),
        bpm=180,
        names={0: "Barney Brallagan's Jig"},
    )
    last = midi.notes[-1:]
    return write_midi(replace(midi, format=0, ends=last["onset"] + last["duration"]))


GRACE_TUNE = (
    "c:1 f:2 a:0.5 f:0.5 a:2 g:1 f:2 d:1 c:2 c:1 f:2 a:0.5 f:0.5 a:2 g:1 c':5 "
    "a:1 c':1.5 a:0.5 c':0.5 a:0.5 f:2 c:1 d:1.5 f:0.5 f:0.5 d:0.5 c:2 c:1 f:2 a:0.5 f:0.5 "
    "a:2 g:1 f:5"
)
GRACE_BASS = "z:1 f:3 f:3 b!,:3 f:3 f:3 f:3 c:6 f:3 f:3 b!,:3 f:3 f:3 c:3 f,:5"
GRACE_VERSES = (
    "A- ma- zing_ grace! How sweet the sound That saved a_ wretch like me! "
    "I once_ was_ lost, but now_ am_ found, Was blind, but_ now I see.",
    "'Twas grace that_ taught my heart to fear, And grace my_ fears re- lieved; "
    "How pre-_ cious_ did that grace_ ap-_ pear The hour I_ first be- lieved!",
    "Through ma- ny_ dan- gers, toils and snares, I have al-_ read- y come; "
    "'Tis grace_ has_ brought me safe_ thus_ far, And grace will_ lead me home.",
)
GRACE_NAMES = ("Amazing Grace", "tune", "bass", "drums", "verse 1", "verse 2", "verse 3")


def grace() -> bytes:
    """Returns a hymn as engravers write it, with a drum track.

    Each verse stands in a track without notes, a blank where a syllable is held.
    """
    midi = parts(
        GRACE_TUNE,
        GRACE_BASS,
        octaves=(5, 4),
        bpm=88,
        meter=(3, 4),
        names=dict(enumerate(GRACE_NAMES)),
    )
    ticks, _, _ = notes(GRACE_TUNE)
    lyrics = []
    for track, verse in enumerate(GRACE_VERSES, 4):
        for tick, text in zip(ticks, syllables_of(verse), strict=True):
            lyrics.append((tick, track, text))
    beats = range(DIVISION, ticks[-1], DIVISION)
    drums = MidiFile.from_notes(
        beats, [120] * len(beats), [42] * len(beats), 50, channel=9, track=3
    )
    all_notes = np.concatenate([midi.notes, drums.notes])
    hymn = replace(
        midi,
        notes=np.sort(all_notes, order=["onset", "track"]),
        lyrics=tuple(sorted(lyrics)),
        ends=np.full(7, midi.ends.max()),
        keys=map_rows([(0, -1, 0)], 3),
    )
    return write_midi(hymn)


def syllables_of(verse: str) -> list[str]:
    """Returns a syllable for each note; - continues a word, _ holds a syllable."""
    texts = []
    for word in verse.split():
        end = "" if "-" in word else " "
        texts.append(word.rstrip("_-") + end)
        texts += [" "] * word.count("_")
    return texts


KARAOKE_TAGS = (
    "@KMIDI KARAOKE FILE",
    "@LENGL",
    "@TTwinkle, twinkle, little star",
    "@TJane Taylor, 1806",
)
KARAOKE_WORDS = (
    "\\Twin-kle, |twin-kle, |lit-tle |star, |/How |I |won-der |what |you |are! |"
    "/Up |a-bove |the |world |so |high, |/Like |a |dia-mond |in |the |sky. |"
    "/Twin-kle, |twin-kle, |lit-tle |star, |/How |I |won-der |what |you |are! "
)


def karaoke() -> bytes:
    """Returns words as karaoke files have them: texts (FF 01) and tags with @.

    \\ begins a verse and / a line.
    """
    line = "c:1 c:1 g:1 g:1 a:1 a:1 g:2 f:1 f:1 e:1 e:1 d:1 d:1 c:2"
    middle = "g:1 g:1 f:1 f:1 e:1 e:1 d:2 g:1 g:1 f:1 f:1 e:1 e:1 d:2"
    names = {0: "Twinkle, twinkle, little star", 1: "Melody", 2: "Words"}
    midi = parts(f"{line} {middle} {line}", octaves=(5,), bpm=100, names=names)
    texts = [(0, 2, 1, tag) for tag in KARAOKE_TAGS]
    syllables: list[str] = []
    for word in KARAOKE_WORDS.split("|"):
        syllables += word.split("-")
    for tick, syllable in zip(midi.notes["onset"].tolist(), syllables, strict=True):
        texts.append((tick, 2, 1, syllable))
    return write_midi(replace(midi, texts=tuple(texts), ends=np.full(3, midi.ends.max())))


def chinese() -> bytes:
    """Returns a ci, one character to a note, on a tune of our own."""
    text = "常记溪亭日暮沉醉不知归路兴尽晚回舟误入藕花深处争渡争渡惊起一滩鸥鹭"
    tune = (
        "g:1 a:1 c':1 d':1 c':1 a:3 g:1 e:1 g:1 a:1 e:1 d:3 e:1 g:1 a:1 g:1 e:4 "
        "d:1 e:1 g:1 a:1 c':1 a:3 c':1 a:3 c':1 d':3 e':1 d':1 c':1 a:1 g:1 c':3"
    )
    midi = parts(
        tune,
        octaves=(5,),
        bpm=72,
        names={0: "如梦令 · 李清照", 1: "voice"},
        programs=[(0, 1, 0, 24)],
        lyrics=text,
    )
    return write_midi(midi)


def meters() -> bytes:
    """Returns bars of 7/8, 5/8, 3/4 and 4/4, triplets, a slowing tempo and two keys."""
    tune = (
        "d:0.5 e:0.5 f#:0.5 g:0.5 a:0.5 b:0.5 a:0.5 f#:0.5 e:0.5 d:0.5 e:0.5 f#:0.5 "
        "d:0.3333333 e:0.3333334 f#:0.3333333 g:1 a:1 "
        "b!:0.75 a:0.25 g:1 f:0.6666667 e:0.6666666 d:0.6666667 d:4"
    )
    midi = parts(tune, octaves=(5,), meter=(7, 8), bpm=132, names={0: "Odd meters", 1: "tune"})
    tempos = [(0, 454_545)]
    for k in range(4):
        tempos.append((7680 + 480 * k, 454_545 + 60_000 * k))
    piece = replace(
        midi,
        tempos=map_rows(tempos, 2),
        meters=map_rows([(0, 7, 8), (1680, 5, 8), (2880, 3, 4), (4320, 4, 4)], 3),
        keys=map_rows([(0, 2, 0), (4320, -1, 1)], 3),
    )
    return write_midi(piece)


def chunk(name: bytes, body: bytes) -> bytes:
    """Returns a chunk of a MIDI file."""
    return name + len(body).to_bytes(4, "big") + body


def header(form: int, tracks: int, division: int) -> bytes:
    """Returns the header chunk."""
    numbers = (form, tracks, division)
    return chunk(b"MThd", b"".join(number.to_bytes(2, "big") for number in numbers))


END = bytes.fromhex("00 FF 2F 00")

# One status for the whole track: it also holds over a text and a system exclusive
# message in two packets
RUNNING = bytes.fromhex(
    "00 FF 03 07 52 75 6E 6E 69 6E 67  00 90 3C 50  60 3C 00  00 40 50  60 40 00  00 43 50  "
    "60 43 00  00 FF 06 04 68 61 6C 66  00 3C 50  00 40 46  00 43 46  81 40 3C 00  00 40 00  "
    "00 43 00  00 F0 03 7E 7F 09  10 F7 02 01 F7  00 90 48 50  83 00 48 00"
)

# One pitch twice at once, a note of no length, one that never ends, an end of nothing
HANGING = bytes.fromhex(
    "00 90 3C 50  60 90 3C 40  60 80 3C 40  60 80 3C 40  00 90 40 50  00 80 40 40  "
    "00 90 43 50  00 90 45 50  60 80 45 40  00 80 30 40"
)

# The header does not declare this track
UNDECLARED = bytes.fromhex("00 91 48 50  83 00 81 48 40")

# Two notes of 1,000 ticks
FILM = bytes.fromhex("00 90 3C 50  87 68 80 3C 40  00 90 43 50  87 68 80 43 40")


def piece(k: int) -> bytes:
    """Returns the k-th track of pieces.mid: its name, a letter, and one note."""
    name = bytes([0x00, 0xFF, 0x03, 0x01, 65 + k])
    pitch = 60 + 4 * k
    return name + bytes([0x00, 0x90, pitch, 0x50, 0x60, pitch, 0x00])


def by_hand() -> dict[str, bytes]:
    """Returns the files that are written byte by byte."""
    running = chunk(b"MTrk", RUNNING + END)
    hanging = chunk(b"MTrk", HANGING + END) + chunk(b"MTrk", UNDECLARED + END)
    film = chunk(b"MTrk", FILM + END)
    pieces = b"".join(chunk(b"MTrk", piece(k) + END) for k in range(3))
    # 25 frames a second, 40 ticks a frame
    smpte_division = 0xE728
    return {
        "running.mid": header(0, 1, 96) + running,
        "hanging.mid": header(1, 1, 96) + hanging,
        "film.mid": header(1, 1, smpte_division) + film,
        "pieces.mid": header(2, 3, 96) + pieces,
    }


OWN = "Written for the course, CC BY 4.0."
ENCODING = (
    "The music is in the public domain; onsets, durations and pitches are taken from the "
    "encoding that music21's corpus holds."
)
ABOUT = {
    "burg.mid": (
        "Ein feste Burg ist unser Gott, J. S. Bach, BWV 302: four voices, the words in two "
        "tracks (the second goes on after the repeat)",
        f"Words by Martin Luther, public domain. {ENCODING} (by Margaret Greentree, used there "
        "by permission)",
    ),
    "menuet.mid": (
        "Joseph Haydn, string quartet op. 1 no. 1, second movement: four tracks with programs",
        ENCODING,
    ),
    "jig.mid": (
        "Barney Brallagan's Jig, from Ryan's Mammoth Collection (1883): format 0, 6/8",
        ENCODING,
    ),
    "grace.mid": (
        "Amazing Grace: tune, bass, drums and three verses in tracks without notes, a blank "
        "where a syllable is held",
        f"Tune New Britain (1829), words by John Newton (1779), public domain. {OWN}",
    ),
    "karaoke.mid": (
        "Twinkle, twinkle, little star: karaoke text with tags and marks of lines",
        f"Tune 1761, words by Jane Taylor (1806), public domain. {OWN}",
    ),
    "rumengling.mid": (
        "如梦令, Li Qingzhao: a character to a note",
        f"Words of the 12th century, public domain; the tune is our own. {OWN}",
    ),
    "meters.mid": ("7/8, 5/8, 3/4 and 4/4, triplets, a slowing tempo, two keys", OWN),
    "running.mid": (
        "Running status, velocity 0, a text and a system exclusive message between",
        OWN,
    ),
    "hanging.mid": (
        "Overlapping notes of one pitch, a note of no length, one that never ends, a track that "
        "is not declared",
        OWN,
    ),
    "film.mid": ("SMPTE division: 25 frames of 40 ticks a second", OWN),
    "pieces.mid": ("Format 2: three pieces in one file", OWN),
}


def make() -> dict[str, bytes]:
    """Returns all files by name."""
    burg = from_music21("bach/bwv302", "Ein feste Burg ist unser Gott", True, (19, 19, 19, 19), 84)
    menuet = from_music21("haydn/opus1no1/movement2", "Menuet", False, (40, 40, 41, 42), 120)
    return {
        "burg.mid": write_midi(burg),
        "menuet.mid": write_midi(menuet),
        "jig.mid": jig(),
        "grace.mid": grace(),
        "karaoke.mid": karaoke(),
        "rumengling.mid": chinese(),
        "meters.mid": meters(),
        **by_hand(),
    }


def card(files: dict[str, bytes]) -> dict:
    """Returns what is in the files, and where it comes from."""
    return {
        "name": "midi",
        "about": "Example MIDI files of the course",
        "files": {name: card_of_file(name, data) for name, data in files.items()},
        "made_by": "python tools/make_midi.py",
    }


def card_of_file(name: str, data: bytes) -> dict:
    """Returns what is in one file."""
    midi = read_midi(data)
    about, licence = ABOUT[name]
    return {
        "about": about,
        "licence": licence,
        "format": midi.format,
        "tracks": len(midi.ends),
        "notes": len(midi.notes),
        "lyrics": len(midi.lyrics),
        "bytes": len(data),
        "sha256": sha256(data),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=DATA / "midi")
    folder = parser.parse_args().out
    files = make()
    for name, data in files.items():
        write_atomic(folder / name, data)
    write_json(folder / "card.json", card(files))
    print(f"{len(files)} files and their card are in {folder}.")


if __name__ == "__main__":
    main()
