"""Small files as people have them, each for a kind of fault: the right value of each.

They were made for this project by a program. Others of each kind are made here, and in
the tests of what reads them.
"""

from __future__ import annotations

import re
import sys
from dataclasses import replace
from pathlib import Path

import fuzz_midi
import music21
import numpy as np
import pytest

from lyricgen.files import UserError
from lyricgen.lyrics import user_text
from lyricgen.models.language.data import load_text_splits
from lyricgen.models.musicvae.data import load_midi_windows
from lyricgen.music import collection, extraction, melody
from lyricgen.music.collection import select
from lyricgen.music.midi import MidiError, MidiFile, read_midi, read_verses, write_midi
from lyricgen.music.midi.file import map_rows
from lyricgen.music.midi.summary import summarise

CASES = Path(__file__).with_name("cases")
MIDI = CASES / "midi"
TEXT = CASES / "text"
VAE = CASES / "vae"
CUT = "the track ends within an event; the rest is left out"


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("LYRICGEN_CACHE", str(tmp_path / "cache"))


def bars(midi: MidiFile, selection=collection.SELECTION) -> list[float]:
    """The bars of each melody."""
    steps = selection.meter.steps
    return [len(line) / steps for line in extraction.extract(midi, selection).melodies]


@pytest.mark.parametrize(
    ("name", "notes", "melodies", "warnings"),
    [
        ("meter_once", 64, [8], []),
        ("meter_each_bar", 64, [8], []),
        ("cc_above_127", 48, [6], ["a controller, bend or pressure above 127"]),
        ("cut_second_track", 79, [6, 4], [CUT, "notes that never end"]),
        ("cut_short", 47, [6], ["no end of track", "its length lies", "notes that never end"]),
        ("key_18_flats", 48, [6], ["a key that cannot be (left out)"]),
        ("between_tracks", 96, [6, 6], ["bytes that are no chunk (3)"]),
        ("overlap", 2, [], []),
    ],
)
def test_a_file_is_read_with_all_that_is_sound(name, notes, melodies, warnings):
    read = read_midi(MIDI / f"{name}.mid")
    assert len(read.notes) == notes and bars(read) == melodies
    assert len(read.warnings) == len(warnings)
    for said, warning in zip(read.warnings, warnings):
        assert warning in said


def test_a_meter_that_is_repeated_changes_nothing():
    once, again = (read_midi(MIDI / f"meter_{name}.mid") for name in ("once", "each_bar"))
    assert len(again.meters) == 8
    [one], [other] = (extraction.extract_melodies(midi) for midi in (once, again))
    assert one.tolist() == other.tolist() and len(melody.windows(other, 2)) == 7


TUNE = [480 * k for k in range(16)], [480] * 16, [60 + k % 8 for k in range(16)]


@pytest.mark.parametrize("program", ["case", 52, 65, 79])
def test_a_program_that_is_left_out_is_named_and_can_be_chosen(program):
    if program == "case":
        read = read_midi(MIDI / "prog_flute.mid")
        program = 73
    else:
        read = MidiFile.from_notes(*TUNE, programs=[(0, 1, 0, program)])
    assert bars(read) == []
    assert summarise(read)["left_out"] == {
        f"program {program} (0 to 31 are taken)": len(read.notes)
    }
    for programs in ("all", "melodic", str(program)):
        [length] = bars(read, select(None, programs, None))
        assert length >= 4


@pytest.mark.parametrize("second", [1, 5, 24, 31])
def test_of_two_programs_on_one_channel_nothing_is_lost(second):
    read = MidiFile.from_notes(*TUNE, programs=[(0, 1, 0, 0), (8 * 480, 1, 0, second)])
    assert sum(bars(read)) == 4
    assert summarise(read)["left_out"] == {}


@pytest.mark.parametrize(("meter", "steps"), [("case", 12), ("3/8", 12), ("6/8", 12), ("2/4", 16)])
def test_another_meter_is_named_and_can_be_chosen(meter, steps):
    if meter == "case":
        read = read_midi(MIDI / "waltz.mid")
        meter = "3/4"
    else:
        beats, unit = map(int, meter.split("/"))
        read = replace(MidiFile.from_notes(*TUNE), meters=map_rows([(0, beats, unit)], 3))
    if meter != "2/4":
        assert bars(read) == []
        assert summarise(read)["left_out"] == {f"not in 4/4: {meter}": len(read.notes)}
    selection = select(meter, None, None)
    assert selection.meter.steps == steps and sum(bars(read, selection)) >= 4


def test_the_words_of_a_file_have_one_encoding():
    read = read_midi(MIDI / "lyrics_gbk.mid")
    [verse] = read_verses(read)
    assert verse.lines() == ["明月几时有把酒问青天"]
    [warning] = read.warnings
    assert warning == "texts are not UTF-8; read as GB18030: --encoding names another"
    named = read_midi(MIDI / "lyrics_gbk.mid", encoding="gbk")
    assert named.lyrics == read.lyrics and named.warnings == ()


def test_karaoke_files_are_melodies():
    data = load_midi_windows(VAE / "karaoke")
    read = collection.read_folder(VAE / "karaoke", collection.SELECTION)
    assert len(read.rows) == 6 and len(np.unique(np.concatenate(read.windows), axis=0)) == 90
    assert data.source["files"] == 6


@pytest.mark.parametrize(
    ("name", "reason", "choice"),
    [
        ("flutes", "program 73 (0 to 31 are taken)", (None, "all", None)),
        ("waltzes", "not in 4/4: 3/4", ("3/4", None, None)),
    ],
)
def test_a_folder_of_which_nothing_is_taken_says_why(name, reason, choice):
    with pytest.raises(UserError, match="too little") as error:
        load_midi_windows(VAE / name)
    assert "6 MIDI files" in str(error.value) and reason in str(error.value)
    data = load_midi_windows(VAE / name, select(*choice))
    assert sum(map(len, data.splits.values())) >= 20


def test_texts_are_read_or_refused_with_the_way_out():
    assert user_text.read_text(TEXT / "bom.txt")[0] != "\ufeff"
    one_line = load_text_splits(TEXT / "oneline.txt")
    assert min(map(len, one_line.splits["train"])) > 100
    with pytest.raises(UserError, match="--encoding gb18030 reads"):
        user_text.read_text(TEXT / "gb18030.txt")
    assert "\ufffd" not in user_text.read_text(TEXT / "gb18030.txt", "gb18030")
    with pytest.raises(UserError, match="is a table; name the column .* --column"):
        user_text.read_text(TEXT / "lyrics.csv")
    songs = user_text.read_songs(TEXT / "lyrics.csv", column="lyrics").songs
    assert len(songs) > 1 and not any('"' in song for song in songs)


def test_two_texts_of_one_name_are_two_data():
    one, other = (load_text_splits(TEXT / name / "lyrics.txt").source for name in "ab")
    assert one["name"] == other["name"] == "lyrics"
    assert one["text_sha256"] != other["text_sha256"]


def test_what_is_read_strictly_is_read_the_same_by_default(capsys, monkeypatch):
    places = [MIDI, VAE, Path(music21.__file__).parent, CASES.parents[1] / "data" / "midi"]
    monkeypatch.setattr(sys, "argv", ["fuzz_midi.py", "--same", *map(str, places)])
    assert fuzz_midi.main() == 0
    files, strictly, same = map(int, re.findall(r"\d+", capsys.readouterr().out))
    assert files > strictly == same > 55


def test_a_file_that_lenient_reading_changes_is_found(tmp_path, capsys, monkeypatch):
    (tmp_path / "tune.mid").write_bytes(write_midi(MidiFile.from_notes(*TUNE)))
    really = fuzz_midi.read_midi

    def changing(data: bytes, strict: bool = False) -> MidiFile:
        read = really(data, strict=strict)
        return read if strict else replace(read, notes=read.notes[1:])

    monkeypatch.setattr(fuzz_midi, "read_midi", changing)
    monkeypatch.setattr(sys, "argv", ["fuzz_midi.py", "--same", str(tmp_path)])
    assert fuzz_midi.main() == 1
    assert "DIFFERS" in capsys.readouterr().out


@pytest.mark.parametrize("beginning", [b"<html>", b"PK\x03\x04", b"%PDF-1.4", b"ID3\x04"])
def test_what_is_no_midi_is_named(tmp_path, beginning):
    path = tmp_path / "song.mid"
    path.write_bytes(beginning + b" " * 100)
    for strict in (False, True):
        with pytest.raises(MidiError, match="is not a MIDI file, but"):
            read_midi(path, strict=strict)
