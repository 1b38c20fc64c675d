"""The command that lists MIDI files."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from lyricgen import shards
from lyricgen.cli import parse
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
    (tmp_path / "page.mid").write_text("<html>404 Not Found</html>")
    (tmp_path / "notes.txt").write_text("no MIDI")
    assert main(["parse", str(tmp_path), str(tmp_path / "missing.mid"), "--json"]) == 1
    out, err = capsys.readouterr()
    found = json.loads(out)
    assert [row["file"].rsplit("/", 1)[-1].rsplit("\\", 1)[-1] for row in found["files"]] == [
        "SONG.KAR",
        "cut.mid",
        "grace.mid",
    ]
    assert "byte 499: the track ends within an event" in found["files"][1]["warnings"][0]
    assert found["files"][2] | {"file": ""} == {
        "file": "",
        "format": 1,
        "tracks": 7,
        "notes": 91,
        "lyrics": 105,
        "length": 32.727,
        "key": "F major",
        "melodies": 0,
        "left_out": {"drums": 42, "not in 4/4: 3/4": 49},
        "syllables": {
            "at their notes": 84,
            "beside their notes": 0,
            "without a note": 0,
            "tolerance": 60,
        },
        "warnings": [],
    }
    assert (
        len(found["errors"]) == 2
        and "page.mid is not a MIDI file, but a web page" in found["errors"][0]["error"]
        and "missing.mid" in found["errors"][1]["error"]
    )
    assert "3 of 5 files read, 2 with errors." in err


def test_what_is_in_no_melody_is_told_below_the_table(tmp_path, capsys):
    rise = [480 * k for k in range(8)], [480] * 8, range(60, 68)
    flute = MidiFile.from_notes(*rise, programs=[(0, 1, 0, 73)])
    (tmp_path / "flute.mid").write_bytes(write_midi(flute))
    (tmp_path / "waltz.mid").write_bytes(write_midi(MidiFile.from_notes(*rise, meter=(3, 4))))
    (tmp_path / "whole.mid").write_bytes(write_midi(MidiFile.from_notes(*rise)))
    assert main(["parse", str(tmp_path)]) == 0
    out, err = capsys.readouterr()
    lines = [line for line in err.splitlines() if "not in melodies" in line]
    assert [line.split("mid: ")[1] for line in lines] == [
        "not in melodies: program 73 (0 to 31 are taken), 8 notes.",
        "not in melodies: not in 4/4: 3/4, 8 notes.",
    ]
    assert "flute.mid" in lines[0] and "waltz.mid" in lines[1] and "not in" not in out


def test_the_warnings_of_a_file_are_told_below_the_table(tmp_path, capsys):
    song = write_midi(MidiFile.from_notes([0, 480], [480, 480], [60, 62]))
    (tmp_path / "cut.mid").write_bytes(song[:-6])
    assert main(["parse", str(tmp_path)]) == 0
    assert "the track ends within an event; the rest is left out." in capsys.readouterr().err


def test_the_encoding_of_the_texts_is_told_and_can_be_named(tmp_path, capsys):
    song = write_midi(MidiFile.from_notes([0], [480], [60], lyrics=["x" * 12]))
    korean = "나의살던고향".encode("euc_kr")
    (tmp_path / "korean.mid").write_bytes(song.replace(b"x" * 12, korean))
    assert main(["parse", str(tmp_path)]) == 0
    assert "read as EUC-KR: --encoding names another." in capsys.readouterr().err
    assert main(["parse", str(tmp_path), "--encoding", "euc_kr"]) == 0
    assert "UTF-8" not in capsys.readouterr().err
    with pytest.raises(SystemExit):
        main(["parse", str(tmp_path), "--encoding", "hex"])
    assert "'hex' is not an encoding" in capsys.readouterr().err


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


def many(folder, count: int = 45):
    """Small files, of which every ninth cannot be read."""
    folder.mkdir()
    for k in range(count):
        song = MidiFile.from_notes([0, 480], [480, 480], [60, 60 + k % 12], bpm=60 + k)
        (folder / f"{k:03d}.mid").write_bytes(write_midi(song) if k % 9 else b"<html>404</html>")
    return folder


@pytest.mark.parametrize("form", [[], ["--json"]])
def test_the_output_is_the_same_for_any_number_of_processes(tmp_path, capsys, monkeypatch, form):
    folder = many(tmp_path / "own")
    monkeypatch.setattr(shards, "SIZE", 10)
    printed, kept = [], []
    for jobs, keep in ((1, None), (1, "one"), (2, "two"), (3, None), (2, "two")):
        where = [] if keep is None else ["--keep", str(tmp_path / keep)]
        assert main(["parse", str(folder), "--jobs", str(jobs), *where, *form]) == 1
        out, err = capsys.readouterr()
        printed.append(out)
        assert "40 of 45 files read, 5 with errors." in err
        if keep:
            kept.append({p.name: p.read_bytes() for p in (tmp_path / keep).iterdir()})
    assert len(set(printed)) == 1 and kept[0] == kept[1] == kept[2] and len(kept[0]) == 6
    if form:
        found = json.loads(printed[0])
        assert len(found["files"]) == 40 and len(found["errors"]) == 5


def test_files_are_found_in_the_order_of_their_paths(tmp_path, monkeypatch):
    names = ["b.mid", "a/z.MID", "a/b/c.kar", "a.mid", "a-b/x.mid", "x.mid/y.midi", ".hidden.mid"]
    for name in (*names, "a/notes.txt", ".mid", "a/b/song"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    found = midi_summary.find_midi_files([tmp_path, tmp_path / "b.mid", tmp_path])
    assert list(found) == sorted(tmp_path / name for name in names) and len(found) == 7
    assert found[0] == tmp_path / ".hidden.mid" and found[-2:] == list(found)[-2:]
    monkeypatch.chdir(tmp_path)
    here = midi_summary.find_midi_files([Path("."), Path("b.mid")])
    assert list(here) == sorted(Path(name) for name in names)


MEMORY = """
import sys, tracemalloc
from pathlib import Path
from lyricgen import shards
from lyricgen.cli import parse
from lyricgen.music.midi import summary

def nothing(path):
    return {"file": path.name}, parse.NOTHING

tracemalloc.start()
files = summary.find_midi_files([Path(sys.argv[1])])
kept, _ = tracemalloc.get_traced_memory()
tracemalloc.reset_peak()
rows = sum(1 for _ in shards.run(shards.Job(nothing, files, {})))
_, most = tracemalloc.get_traced_memory()
print(rows, kept, most)
"""


def test_many_files_take_little_memory(tmp_path):
    """In a process of its own: what other tests left behind would be counted too."""
    for k in range(3000):
        (tmp_path / f"{k:05d}.mid").touch()
    done = subprocess.run(
        [sys.executable, "-c", MEMORY, str(tmp_path)], capture_output=True, text=True, check=True
    )
    rows, kept, most = map(int, done.stdout.split())
    # the paths alone, of about 100 characters; a Path takes more than a kilobyte
    assert rows == 3000 and kept / 3000 < 200
    assert most - kept < 1_000_000


def test_a_stopped_reading_goes_on(tmp_path, capsys, monkeypatch):
    folder = many(tmp_path / "own")
    monkeypatch.setattr(shards, "SIZE", 10)
    command = ["parse", str(folder), "--json", "--keep"]
    assert main([*command, str(tmp_path / "whole")]) == 1
    whole = capsys.readouterr().out
    read, really = [], parse.read_midi

    def stopping(path, **options):
        read.append(path)
        if len(read) == 33:
            raise KeyboardInterrupt
        return really(path, **options)

    monkeypatch.setattr(parse, "read_midi", stopping)
    assert main([*command, str(tmp_path / "kept")]) == 130
    capsys.readouterr()
    assert main([*command, str(tmp_path / "kept")]) == 1
    assert capsys.readouterr().out == whole and len(read) == 33 + 15
    for path in (tmp_path / "whole").iterdir():
        assert (tmp_path / "kept" / path.name).read_bytes() == path.read_bytes()
