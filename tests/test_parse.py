"""The command that lists MIDI files."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace

import numpy as np
import pytest

from lyricgen.cli.main import main
from lyricgen.files import DATA
from lyricgen.music import keys as musical_keys
from lyricgen.music.midi import MidiFile, write_midi
from lyricgen.music.midi import summary as midi_summary
from lyricgen.music.midi.file import map_rows


def test_a_row_for_each_file(capsys):
    assert main(["parse", str(DATA / "midi")]) == 0
    out, err = capsys.readouterr()
    lines = out.splitlines()
    assert lines[0].split() == [*midi_summary.COLUMNS, "file"] and len(lines) == 1 + len(
        list((DATA / "midi").glob("*.mid"))
    )
    karaoke = next(line for line in lines if "karaoke" in line).split()
    assert (
        karaoke[:5] == ["1", "3", "42", "42", "0:29"] and "11/11" in err and "0 with errors" in err
    )


def test_json_and_errors(tmp_path, capsys):
    shutil.copy(DATA / "midi" / "grace.mid", tmp_path / "grace.mid")
    (tmp_path / "below").mkdir()
    (tmp_path / "below" / "SONG.KAR").write_bytes((DATA / "midi" / "karaoke.mid").read_bytes())
    (tmp_path / "cut.mid").write_bytes((DATA / "midi" / "burg.mid").read_bytes()[:500])
    (tmp_path / "notes.txt").write_text("no MIDI")
    assert main(["parse", str(tmp_path), str(tmp_path / "missing.mid"), "--json"]) == 1
    out, err = capsys.readouterr()
    found = json.loads(out)
    assert [row["file"].rsplit("/", 1)[-1].rsplit("\\", 1)[-1] for row in found["files"]] == [
        "SONG.KAR",
        "grace.mid",
    ]
    assert found["files"][1] | {"file": ""} == {
        "file": "",
        "format": 1,
        "tracks": 7,
        "notes": 91,
        "lyrics": 105,
        "length": 32.727,
        "key": "F major",
        "melodies": 0,
        "warnings": [],
    }
    assert (
        len(found["errors"]) == 2
        and "cut.mid, track" in found["errors"][0]["error"]
        and "missing.mid" in found["errors"][1]["error"]
    )
    assert "2 of 4 files read, 2 with errors." in err


@pytest.mark.parametrize("files, has_bar", [(1, False), (4, False), (5, True)])
def test_few_files_have_no_progress_bar(tmp_path, capsys, files, has_bar):
    for k in range(files):
        shutil.copy(DATA / "midi" / "grace.mid", tmp_path / f"{k}.mid")
    assert main(["parse", str(tmp_path)]) == 0
    err = capsys.readouterr().err
    assert f"{files} of {files} files read, 0 with errors." in err
    assert ("reading" in err) == has_bar


def test_an_empty_folder_is_an_error(tmp_path, capsys):
    assert main(["parse", str(tmp_path)]) == 1
    assert "holds no MIDI file" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("tonic", "steps", "name"),
    [
        (7, (0, 4, 7, 5, 9, 7, 11, 0, 2, 0), "G major?"),
        (2, (0, 3, 7, 2, 3, 0, 8, 7, 11, 0), "D minor?"),
    ],
)
def test_the_key_is_guessed_where_none_is_named(tonic, steps, name):
    song = MidiFile.from_notes(
        np.arange(10) * 480, [480] * 10, [60 + tonic + step for step in steps]
    )
    assert musical_keys.key_name(song) == name
    assert musical_keys.key_name(replace(song, keys=map_rows([(0, -3, 1)], 3))) == "C minor"
    assert musical_keys.key_name(replace(song, notes=song.notes[:0])) == "" and write_midi(song)
