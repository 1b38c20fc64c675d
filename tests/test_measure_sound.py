"""The measures of a song's sound see what is wrong, and their experiment runs."""

import json

import measure_sound as tool
import numpy as np
import pytest
from test_accompaniment import TWINKLE, lead_sheet

from lyricgen.music.chords import Chord
from lyricgen.song import song
from lyricgen.song.instruments import RATE


def test_a_note_that_is_off_is_seen():
    t = np.arange(2 * RATE) / RATE
    for cents in (-30, 0, 12):
        sound = np.sin(2 * np.pi * 440 * 2 ** (cents / 1200) * t)
        assert tool.cents_off(sound, 0.5, 1.0, 69) == pytest.approx(cents, abs=0.1)


def test_chord_tones_are_counted_by_their_time():
    sheet = lead_sheet(TWINKLE)
    assert tool.chord_tones(sheet, ((0, Chord(0)),)) == (16 + 8 + 8 + 8) / 64
    assert tool.chord_tones(sheet, ((0, Chord(0)), (16, Chord(5)))) == (16 + 8 + 8 + 8) / 64


def test_a_figure_beyond_its_limit_is_counted():
    good = {"largest_cents": 2.0, "highest_sample": 0.9, "last_note_end_db": -8.0}
    rows = [good, good | {"largest_cents": 16.0}, good | {"highest_sample": 0.99}]
    rows.append(good | {"last_note_end_db": -31.0})
    rows = [row | {"notes": 3, "silence_at_end": 0.1} for row in rows]
    summary = tool.summarise(rows)
    assert summary["songs_within_all_limits"] == 1 and summary["notes"] == 12
    assert summary["largest_cents"] == 16 and summary["lowest_last_note_end_db"] == -31


class Draws:
    """A tune writer whose draws are their own numbers."""

    def phrases(self, count, rng, temperature):
        return np.arange(count)[:, None] + np.zeros(32, int)


def test_each_song_has_its_own_of_the_draws():
    pool = tool.DrawnOnce(Draws())
    one, two = (pool.phrases(tool.DRAWS, np.random.default_rng(seed), 0.8) for seed in (1, 2))
    assert one.shape == (tool.DRAWS, 32) and len(np.unique(one[:, 0])) == tool.DRAWS
    assert set(one[:, 0]) != set(two[:, 0])


def test_a_short_try_of_the_whole(tmp_path, monkeypatch, capsys):
    sheet = lead_sheet(TWINKLE, tempo=160)
    monkeypatch.setattr(song, "compose", lambda *_, **__: song.Song(sheet, (), 0, ""))
    monkeypatch.setattr(tool, "LatentTunes", Draws)
    monkeypatch.setattr(tool, "load_writer", lambda: None)
    out = tmp_path / "sound.json"
    assert tool.main(["--short", "--out", str(out)]) == 0
    summary = json.loads(out.read_text())
    assert len(summary["songs"]) == summary["summary"]["songs_within_all_limits"] == 2
    assert "seed 2: " in capsys.readouterr().out
