"""A user's own MIDI files: meters, programs, tracks, the grid, and what is left out."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from lyricgen import shards
from lyricgen.files import UserError
from lyricgen.models.musicvae.data import load_midi_windows
from lyricgen.music import collection, extraction, melody
from lyricgen.music.extraction import Selection, extract, grid_offset
from lyricgen.music.meter import FOUR_FOUR, Meter, parse_meter
from lyricgen.music.midi import MidiFile, read_verses, write_midi
from lyricgen.music.midi.summary import count_syllables, describe_syllables

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("LYRICGEN_CACHE", str(tmp_path / "cache"))


def tune(seed: int = 0, meter: tuple[int, int] = (4, 4), bars: int = 8, **options) -> MidiFile:
    """Eighths of a random walk through a scale, in whole bars."""
    count = bars * 8 * meter[0] // meter[1]
    steps = np.random.default_rng(seed).integers(-2, 3, count).cumsum() % 12
    onsets = 240 * np.arange(count) + options.pop("late", 0)
    pitches = 60 + 2 * steps
    return MidiFile.from_notes(onsets, [240] * count, pitches, meter=meter, **options)


def write_tunes(folder: Path, count: int, **options) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for seed in range(count):
        (folder / f"{seed:05d}.mid").write_bytes(write_midi(tune(seed, **options)))
    return folder


@pytest.mark.parametrize(
    "text, steps, bars, written",
    [
        ("4/4", 16, 1, 16),
        ("2/2", 16, 1, 16),
        ("3/4", 12, 1, 12),
        ("6/8", 12, 1, 12),
        ("9/8", 18, 1, 18),
        ("12/8", 24, 1, 24),
        ("5/4", 20, 1, 20),
        ("2/4", 16, 2, 8),
        ("1/4", 16, 4, 4),
        ("3/8", 12, 2, 6),
    ],
)
def test_a_meter_is_a_grid(text, steps, bars, written):
    meter = parse_meter(text)
    assert (meter.steps, meter.grouped, meter.written_steps) == (steps, bars, written)
    assert str(meter) == text and meter.holds(meter.numerator, meter.denominator)


def test_which_bars_a_meter_holds():
    assert [FOUR_FOUR.holds(*other) for other in ((2, 2), (8, 8), (12, 8), (2, 4), (3, 4))] == [
        True,
        True,
        False,
        False,
        False,
    ]
    assert not Meter(3, 4).holds(6, 8) and not Meter(6, 8).holds(3, 4)
    assert not Meter(3, 4).holds(3, 128)


@pytest.mark.parametrize("text", ["", "4", "4/3", "4/0", "0/4", "-4/4", "100/4", "4/4 x", "ä/4"])
def test_what_is_no_meter(text):
    with pytest.raises(UserError, match="meter|16ths"):
        parse_meter(text)


@pytest.mark.parametrize("text", ["3/4", "6/8", "2/4", "1/4", "12/8", "5/4", "4/4"])
def test_bars_of_a_meter_are_windows_of_its_grid(text):
    meter = parse_meter(text)
    song = tune(1, (meter.numerator, meter.denominator), bars=8)
    found = extract(song, Selection(meter=meter, least_pitches=1))
    (events,) = found.melodies
    assert len(events) == 8 * meter.written_steps and not found.left_out
    assert melody.to_notes(events)[:, 2].tolist() == song.notes["pitch"].tolist()
    cut = melody.windows(events, 2, meter=meter)
    assert cut.shape == (8 // meter.grouped - 1, 2 * meter.steps)
    assert np.array_equal(cut[-1], events[-2 * meter.steps :])
    other = extract(song, Selection(meter=Meter(7, 8)))
    assert other.melodies == [] and other.left_out == {f"not in 7/8: {text}": len(song.notes)}


def test_a_silence_of_a_bar_is_as_long_as_the_meters_bar():
    def lines(gap: int, meter: Meter) -> int:
        onsets = np.r_[0:1440:240, 1440 + gap : 2880 + gap : 240]
        file = MidiFile.from_notes(onsets, [240] * 12, [*range(60, 66)] * 2, meter=(3, 4))
        return len(extract(file, Selection(meter=meter)).melodies)

    assert [lines(gap, Meter(3, 4)) for gap in (1440, 1560)] == [1, 2]


@pytest.mark.parametrize("late", [0, 13, -13, 60, 55, 100, 480, 119])
def test_a_constant_offset_is_taken_off(late):
    song = tune(3)
    onsets = song.notes["onset"] + late
    expected = (late + 60) % 120 - 60  # within half a 16th of 0
    found = grid_offset(onsets, 480)
    assert found in ({60, -60} if late == 60 else {expected})
    moved = replace(song, notes=song.notes.copy())
    moved.notes["onset"] = np.maximum(onsets, 0)
    (events,) = extract(moved, Selection(least_pitches=1, on_grid=True)).melodies
    (straight,) = extract(song, Selection(least_pitches=1)).melodies
    if late in (60, 55, 13, -13):
        assert events.tolist() == straight.tolist()


def test_what_is_no_offset():
    rng = np.random.default_rng(0)
    triplets = np.arange(0, 4800, 160)
    loose = np.arange(0, 4800, 120) + rng.integers(-55, 56, 40)
    assert grid_offset(triplets, 480) == 0 and grid_offset(loose, 480) == 0
    assert grid_offset(np.arange(0, 480, 120) + 60, 480) == 0  # too few notes to tell
    assert grid_offset(np.zeros(0, np.int64), 480) == 0


def sung(program: int, channel: int = 0) -> MidiFile:
    """A song on one program, with a chord track below and words on the upper track."""
    upper = tune(5)
    count = len(upper.notes)
    return MidiFile.from_notes(
        [*upper.notes["onset"], *upper.notes["onset"]],
        [240] * 2 * count,
        [*upper.notes["pitch"], *(upper.notes["pitch"] - 24)],
        track=[1] * count + [2] * count,
        channel=[channel] * count + [1] * count,
        programs=[(0, 1, channel, program)],
        lyrics=["la"] * count + [None] * count,
    )


@pytest.mark.parametrize("program", [0, 52, 65, 73])
def test_the_track_of_the_words_is_taken_whatever_plays_it(program):
    song = sung(program)
    found = extract(song, collection.select(None, None, "words"))
    (events,) = found.melodies
    assert (
        melody.to_notes(events)[:, 2].tolist()
        == song.notes["pitch"][song.notes["track"] == 1].tolist()
    )
    assert found.left_out == {"not in the track of the words": len(song.notes) // 2}
    silent = extract(tune(1), collection.select(None, None, "words"))
    assert silent.melodies == [] and silent.left_out == {"no words that belong to notes": 64}


def words_beside(shift: int, notes: int = 8, track: int = 2, midi_format: int = 1) -> MidiFile:
    """Quarters in track 1, and a syllable for each in a track, so many ticks later."""
    onsets = 480 * (1 + np.arange(notes))
    song = MidiFile.from_notes(onsets, [400] * notes, range(60, 60 + notes), names={track: "words"})
    lyrics = tuple((int(tick) + shift, track, f"{k} ") for k, tick in enumerate(onsets))
    return replace(song, lyrics=lyrics, format=midi_format)


@pytest.mark.parametrize(
    "shift, joined", [(0, True), (1, True), (-7, True), (60, True), (-60, True), (61, False)]
)
@pytest.mark.parametrize("track", [1, 2])
def test_a_syllable_beside_its_note_is_joined_within_a_32nd(shift, joined, track):
    (verse,) = read_verses(words_beside(shift, track=track))
    assert verse.tolerance == 60
    assert verse.notes.tolist() == (list(range(8)) if joined else [-1] * 8)
    assert verse.beside.tolist() == [shift if joined else 0] * 8
    counts = count_syllables(words_beside(shift, track=track))
    said = describe_syllables(counts)
    assert counts["beside their notes"] == (8 if joined and shift else 0)
    assert counts["without a note"] == (0 if joined else 8)
    assert ("up to 60 ticks away" in said) == (shift != 0)


def test_a_note_that_has_a_syllable_gets_no_second_one_from_beside():
    song = words_beside(0)
    doubled = replace(song, lyrics=tuple(sorted([*song.lyrics, (500, 2, "x ")])))
    (verse,) = read_verses(doubled)
    assert verse.notes.tolist() == [0, -1, 1, 2, 3, 4, 5, 6, 7]


def test_the_singing_track_comes_before_others_that_are_nearer():
    upper = words_beside(10).notes.copy()
    chords = upper.copy()
    chords["track"], chords["pitch"] = 3, chords["pitch"] - 30
    chords["onset"][1:] += 9  # nearer to all syllables but the first
    song = replace(words_beside(10), notes=np.sort(np.concatenate([upper, chords])))
    exact = replace(song, lyrics=((480, 2, "0 "), *song.lyrics[1:]))
    (verse,) = read_verses(exact)
    assert (exact.notes["track"][verse.notes] == 1).all() and verse.beside.tolist() == [
        0,
        *[10] * 7,
    ]


def test_in_format_2_and_on_drums_no_neighbour_is_taken():
    (verse,) = read_verses(words_beside(5, midi_format=2))
    assert (verse.notes == -1).all()
    drums = words_beside(5)
    drums.notes["channel"] = 9
    (verse,) = read_verses(drums)
    assert (verse.notes == -1).all()
    (verse,) = read_verses(replace(drums, notes=drums.notes[:0]))
    assert (verse.notes == -1).all() and not verse.beside.any()


def test_drums_are_never_a_melody():
    drums = extract(sung(0, channel=9), collection.select(None, "all", None))
    assert drums.left_out["drums"] == 64 and len(drums.melodies) == 1


@pytest.mark.parametrize(
    "text, numbers",
    [
        ("all", range(128)),
        ("0-31", range(32)),
        ("73", [73]),
        ("0-31,73,64-65", [*range(32), 64, 65, 73]),
    ],
)
def test_programs_by_name_and_number(text, numbers):
    assert collection.parse_programs(text) == tuple(numbers)


def test_melodic_programs_are_no_basses_and_no_effects():
    melodic = collection.parse_programs("melodic")
    assert {0, 40, 52, 65, 73, 111} <= set(melodic) and not {32, 39, 112, 127} & set(melodic)
    assert extraction.describe_programs(melodic) == "0 to 31 and 40 to 111"


@pytest.mark.parametrize("text", ["", "x", "128", "5-3", "-1", "0-", "1,,2"])
def test_what_names_no_programs(text):
    if text == "0-":
        assert collection.parse_programs(text) == (0,)
        return
    with pytest.raises(UserError, match="names no programs"):
        collection.parse_programs(text)


def mixed(folder: Path) -> Path:
    write_tunes(folder, 12)
    (folder / "waltz.mid").write_bytes(write_midi(tune(1, (3, 4))))
    (folder / "flute.mid").write_bytes(write_midi(tune(2, programs=[(0, 1, 0, 73)])))
    (folder / "late.mid").write_bytes(write_midi(tune(20, late=60)))
    (folder / "page.mid").write_text("<html>404</html>")
    return folder


def test_what_is_left_out_is_counted_by_file_and_by_reason(tmp_path):
    tables = []
    data = load_midi_windows(mixed(tmp_path / "own"), report=tables.append)
    (read,) = tables
    rows = {row["file"]: row for row in read.rows}
    assert rows["waltz.mid"]["left_out"] == {"not in 4/4: 3/4": 48}
    assert rows["flute.mid"]["left_out"] == {"program 73 (0 to 31 are taken)": 64}
    assert rows["late.mid"]["offset"] == 60 and rows["late.mid"]["windows"] == 7
    assert "web page" in rows["page.mid"]["error"]
    notes = sum(row.get("notes", 0) for row in read.rows)
    kept = sum(row["notes"] for name, row in rows.items() if name[0] in "0l")
    assert notes - kept == sum(read.left_out().values()) == 112
    text = "\n".join(read.lines())
    for part in (
        "16 MIDI files, 15 of them read",
        "48 left out, in 1 files",
        "page.mid",
        "1 files stood beside",
    ):
        assert part in text
    assert "begin from trained weights: --begin musicvae" in text
    source = data.source
    assert source["left_out"] == dict(read.left_out()) and source["refused"] == 1
    assert source["meter"] == "4/4" and source["moved_to_the_grid"] == 1


def test_too_little_says_what_was_left_out(tmp_path):
    write_tunes(tmp_path / "waltzes", 6, meter=(3, 4))
    with pytest.raises(
        UserError, match=r"in 4/4; 20 is the least. Left out: not in 4/4: 3/4, 288 notes"
    ):
        load_midi_windows(tmp_path / "waltzes")
    data = load_midi_windows(tmp_path / "waltzes", Selection(meter=Meter(3, 4)))
    assert data.splits["train"].shape[1] == 24 and sum(data.source["windows"].values()) == 42


def test_shards_are_the_same_bytes_for_any_number_of_processes(tmp_path, monkeypatch):
    folder = write_tunes(tmp_path / "own", 45)
    (folder / "00007.mid").write_bytes(b"MThd cut")
    monkeypatch.setattr(shards, "SIZE", 10)
    found = []
    for jobs in (1, 2):
        monkeypatch.setenv("LYRICGEN_CACHE", str(tmp_path / f"cache {jobs}"))
        read = collection.read_folder(folder, collection.SELECTION, jobs)
        assert len(read.rows) == 45 and len(read.windows) == 44
        kept = sorted((tmp_path / f"cache {jobs}" / "melodies").rglob("*"))
        found.append({path.name: path.read_bytes() for path in kept if path.is_file()})
    assert found[0] == found[1] and len(found[0]) == 6


def test_a_reading_that_was_killed_goes_on(tmp_path, monkeypatch):
    folder = write_tunes(tmp_path / "own", 45)
    monkeypatch.setattr(shards, "SIZE", 10)
    whole = collection.read_folder(folder, collection.SELECTION)
    kept = {path.name: path.read_bytes() for path in (tmp_path / "cache").rglob("*.*")}
    read, really = [], collection.read_file

    def reading(path, folder, selection):
        read.append(path.name)
        if len(read) == 25:
            raise KeyboardInterrupt
        return really(path, folder, selection)

    monkeypatch.setattr(collection, "read_file", reading)
    monkeypatch.setenv("LYRICGEN_CACHE", str(tmp_path / "again"))
    with pytest.raises(KeyboardInterrupt):
        collection.read_folder(folder, collection.SELECTION)
    again = collection.read_folder(folder, collection.SELECTION)
    assert len(read) == 25 + 25  # the shards of the first 20 files are not made again
    assert again.rows == whole.rows
    assert {path.name: path.read_bytes() for path in (tmp_path / "again").rglob("*.*")} == kept
    # a shard that is damaged, or whose files changed, is made again
    (shard,) = (tmp_path / "again").rglob("shard-00000.npz")
    shard.write_bytes(b"PK broken")
    os.utime(folder / "00044.mid", (1, 1))
    read.clear()
    collection.read_folder(folder, collection.SELECTION)
    assert read == [f"{k:05d}.mid" for k in [*range(10), *range(40, 45)]]


def test_fewer_files_leave_no_shard_of_the_others(tmp_path, monkeypatch):
    folder = write_tunes(tmp_path / "own", 25)
    monkeypatch.setattr(shards, "SIZE", 10)
    collection.read_folder(folder, collection.SELECTION)
    for k in range(5, 25):
        (folder / f"{k:05d}.mid").unlink()
    assert len(collection.read_folder(folder, collection.SELECTION).rows) == 5
    assert [path.name for path in (tmp_path / "cache").rglob("shard*")] == ["shard-00000.npz"]
    (manifest,) = (tmp_path / "cache").rglob("manifest.json")
    assert json.loads(manifest.read_text())["inputs"] == 5


def end_this_process(path: Path) -> shards.Result:
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError


@pytest.mark.skipif(os.name == "nt", reason="there is no SIGKILL")
def test_a_process_that_is_ended_from_outside_is_one_sentence(tmp_path, monkeypatch):
    monkeypatch.setattr(shards, "SIZE", 1)
    job = shards.Job(end_this_process, [tmp_path / "a", tmp_path / "b"], {}, processes=2)
    with pytest.raises(UserError, match="fewer --jobs"):
        list(shards.run(job))


KILLED = """
import sys
from pathlib import Path
from lyricgen import shards
from lyricgen.music import collection
shards.SIZE = 10
if __name__ == "__main__":
    collection.read_folder(Path(sys.argv[1]), collection.SELECTION, 2)
"""


@pytest.mark.skipif(os.name == "nt", reason="there is no SIGKILL")
def test_a_pool_that_is_killed_leaves_whole_shards(tmp_path):
    folder = write_tunes(tmp_path / "own", 200)
    script = tmp_path / "read.py"
    script.write_text(KILLED)
    command = [sys.executable, str(script), str(folder)]
    env = os.environ | {"PYTHONPATH": str(ROOT)}
    running = subprocess.Popen(command, env=env, start_new_session=True)
    deadline = time.monotonic() + 60
    while not list((tmp_path / "cache").rglob("shard-*.npz")) and time.monotonic() < deadline:
        time.sleep(0.01)
    os.killpg(running.pid, signal.SIGKILL)
    running.wait()
    subprocess.run(command, env=env, check=True)
    resumed = {path.name: path.read_bytes() for path in (tmp_path / "cache").rglob("*.*")}
    fresh = os.environ | {"PYTHONPATH": str(ROOT), "LYRICGEN_CACHE": str(tmp_path / "fresh")}
    subprocess.run(command, env=fresh, check=True)
    whole = {path.name: path.read_bytes() for path in (tmp_path / "fresh").rglob("*.*")}
    assert {name for name in whole if "shard" in name} and not any(".tmp" in name for name in whole)
    assert {name: data for name, data in resumed.items() if ".tmp" not in name} == whole
