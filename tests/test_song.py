import html
import io
import os
import shlex
import shutil
import subprocess
import sys
from dataclasses import replace

import mido
import numpy as np
import pytest

import lyricgen
from lyricgen.cli import main as cli_main
from lyricgen.files import UserError
from lyricgen.lyrics import corpora, pattern_list, verse
from lyricgen.models import weights
from lyricgen.models.language.inference import NumpyLanguageModel
from lyricgen.models.musicvae.inference import NumpyMusicVAE
from lyricgen.models.ngram import NGram
from lyricgen.music import midi
from lyricgen.song import song
from lyricgen.song import tune as song_tune
from lyricgen.song import words as song_words


@pytest.fixture(scope="module")
def corpus():
    return corpora.load_corpus("songci")


@pytest.fixture(scope="module")
def words():
    return song_words.load_writer()


@pytest.fixture(scope="module")
def tune():
    return song_tune.LatentTunes()


@pytest.fixture(scope="module")
def made(words, tune):
    return song.compose(seed=1, words=words, tune=tune)


def command(*arguments, **options):
    return subprocess.run(
        [sys.executable, "-m", "lyricgen", *map(str, arguments)],
        capture_output=True,
        text=True,
        encoding="utf-8",
        **options,
    )


def test_an_ngram_writes_words_too(corpus, tune, made):
    counted = song.compose(seed=1, words=NGram(corpus.texts_of("train"), 5), tune=tune)
    assert counted.lines != made.lines and tuple(map(len, counted.lines)) == (7,) * 6


def test_the_same_seed_gives_the_same_bytes_and_another_seed_another_song(
    made, words, tune, tmp_path
):
    first = song.save(made, tmp_path / "a")
    again = song.save(song.compose(seed=1, words=words, tune=tune), tmp_path / "b")
    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in again]
    other = song.compose(seed=2, words=words, tune=tune)
    assert other.lines != made.lines
    assert not np.array_equal(other.sheet.notes, made.sheet.notes)


FILES = ["song.html", "song.mid", "song.mp3", "song.musicxml", "song.svg", "song.txt"]


def test_the_files_say_the_same(made, tmp_path):
    paths = {path.name: path for path in song.save(made, tmp_path)}
    text = paths["song.txt"].read_text("utf-8").split("\n")
    assert text[:2] == ["浣溪沙", "Huànxīshā"] and text[3:6] + text[7:10] == list(made.lines)
    read = midi.read_midi(paths["song.mid"])
    # a line ends with CR, a stanza with LF
    assert [text.rstrip("\r\n") for _, _, text in read.lyrics] == list(made.sheet.words)
    ticks = (made.sheet.notes[:, 0] * 120).tolist()
    assert [tick for tick, _, _ in read.lyrics] == ticks
    voice = read.notes[read.notes["track"] == read.notes["track"].min()]
    assert voice["onset"].tolist() == ticks
    peer = mido.MidiFile(file=io.BytesIO(paths["song.mid"].read_bytes()), charset="utf-8")
    pitches = []
    for track in peer.tracks[:2]:
        pitches += [m.note for m in track if m.type == "note_on" and m.velocity]
    assert pitches == voice["pitch"].tolist() == made.sheet.notes[:, 2].tolist()
    from music21 import converter

    score = converter.parse(str(paths["song.musicxml"]))
    syllables = [n.lyrics[0].text for n in score.recurse().notes if n.lyrics]
    assert "".join(syllables) == "".join(made.lines)


def test_every_file_says_how_the_song_was_made(made):
    files = song.files_of(made)
    assert sorted(files) == FILES
    note = f"lyricgen {lyricgen.__version__}: song --lyrics songci --pattern '浣溪沙' --seed 1"
    assert made.sheet.made == note
    for name, data in files.items():
        text = html.unescape(data.decode("utf-8", "replace"))
        utf_16 = note.encode("utf-16")[2:]
        assert note in text or utf_16 in data, name


def test_the_note_is_a_command_that_makes_the_song_again(tmp_path, capsys):
    options = ["--seed", "4", "--pattern", "rumengling", "--key", "Eb", "--tempo", "80"]
    options += ["--gloss", "--count-in", "--no-chords"]
    assert cli_main.main(["song", *options, "--out", str(tmp_path / "a")]) == 0
    (first,) = (tmp_path / "a").iterdir()
    made = (first / "song.txt").read_text("utf-8").strip().splitlines()[-1]
    command = shlex.split(made.split(": ", 1)[1])
    assert cli_main.main([*command, "--out", str(tmp_path / "b")]) == 0
    (second,) = (tmp_path / "b").iterdir()
    assert first.name == second.name == "rumengling-4"
    for name in FILES:
        same = (first / name).read_bytes() == (second / name).read_bytes()
        assert same, name


def test_a_song_has_a_folder_of_its_own_and_is_not_written_over(made, tmp_path):
    places = []
    other = replace(made, sheet=replace(made.sheet, tempo=60.0))
    for one in (made, made, other, other, made):
        places.append(song.save_under(one, tmp_path, 1)[0].parent.name)
    assert places == ["huanxisha-1", "huanxisha-1", *["huanxisha-1-2"] * 2, "huanxisha-1"]
    (tmp_path / "huanxisha-5").write_text("no folder")
    assert song.save_under(made, tmp_path, 5)[0].parent.name == "huanxisha-5-2"


def test_a_key_moves_the_tune_and_names_its_chords(made, words, tune):
    options = song.Options(seed=1, key="A")
    moved = song.compose_with(options, "浣溪沙", words, tune)
    assert moved.sheet.sharps == 3 and moved.lines == made.lines
    assert (moved.sheet.notes - made.sheet.notes == [0, 0, -3]).all()
    names = [chord.name(3) for _, chord in moved.sheet.chords]
    assert names[0] == names[-1] == "A" and set(names) <= {"A", "Bm", "C#m", "D", "E", "E7", "F#m"}


def test_an_english_song_has_a_verse_for_each_stanza(tune):
    options = song.Options(lyrics="burns", seed=2, stanzas=3)
    made = song.compose_with(options, None, tune=tune)
    assert len(made.sheet.verses) == len(made.words.stanzas) == 3 and made.sheet.glosses == ()
    assert [len(verse) for verse in made.sheet.verses] == [len(made.sheet.notes)] * 3 == [28] * 3
    assert made.words.name == "burns-common" and len(made.lines) == 12
    assert song.is_strophic(made.words)
    chinese = song.compose_with(song.Options(seed=2), "如梦令", tune=tune)
    assert not song.is_strophic(chinese.words) and len(chinese.sheet.glosses[0]) == 7


def test_what_was_copied_is_named(corpus, made):
    training = "\n\n".join(corpus.texts_of("train"))
    text = "\n".join(made.lines)
    assert made.copied in training
    assert made.copied in text
    assert len(made.copied) >= 2
    longer = (text[k : k + len(made.copied) + 1] for k in range(len(text) - len(made.copied)))
    assert not [run for run in longer if run in training and run == run.strip()]


def test_the_command_makes_a_song_without_tensorflow(tmp_path, made):
    """Nor does it read the tune books: all that it knows of tunes is in the weights."""
    code = (
        "import sys; from lyricgen.cli.main import main; code = main(sys.argv[1:]); "
        "heavy = {'tensorflow', 'keras', 'torch'} & set(sys.modules); "
        "sys.exit(code or ', '.join(heavy) or 0)"
    )
    cache = str(tmp_path / "cache")
    done = subprocess.run(
        [sys.executable, "-c", code, "song", "--out", str(tmp_path / "out")],
        capture_output=True,
        text=True,
        encoding="utf-8",
        env={**os.environ, "XDG_CACHE_HOME": cache, "LYRICGEN_CACHE": cache},
    )
    assert done.returncode == 0, done.stderr
    assert not list(tmp_path.glob("cache/**/*.npz"))
    folder = tmp_path / "out" / "huanxisha-1"
    assert sorted(path.name for path in folder.iterdir()) == FILES
    assert (folder / "song.txt").read_text("utf-8") == song.as_text(made, made.sheet.made)
    assert all(line in done.stdout for line in made.lines)


@pytest.mark.parametrize(
    "name, model", [("songci_form", NumpyLanguageModel), ("musicvae", NumpyMusicVAE)]
)
def test_damaged_weights_are_refused_in_one_sentence(tmp_path, monkeypatch, capsys, name, model):
    for suffix in ("json", "npz"):
        shutil.copy(weights.WEIGHTS / f"{name}.{suffix}", tmp_path)
    data = bytearray((tmp_path / f"{name}.npz").read_bytes())
    data[len(data) // 2] ^= 1
    (tmp_path / f"{name}.npz").write_bytes(data)
    load = model.load
    monkeypatch.setattr(model, "load", lambda wanted=name, folder=None: load(wanted, tmp_path))
    assert cli_main.main(["song", "--out", str(tmp_path / "out")]) == 2
    errors = [line for line in capsys.readouterr().err.splitlines() if not line.startswith("[")]
    assert len(errors) == 1
    assert f"{name}.npz is damaged: its SHA-256 is" in errors[0]
    assert not (tmp_path / "out").exists()


def test_list_shows_every_pattern_and_why_others_are_missing(capsys):
    assert cli_main.main(["song", "--pattern", "list", "--lyrics", "yuanqu"]) == 0
    shown = [line.split() for line in capsys.readouterr().out.splitlines()]
    numbered = [row for row in shown if row[0] != "-"]
    assert [row[1] for row in numbered] == list(pattern_list.song_patterns("yuanqu"))
    assert [int(row[0]) for row in numbered] == list(range(1, len(numbered) + 1))
    assert len(shown) - len(numbered) == len(pattern_list.MISSED["yuanqu"]) > 0
    assert cli_main.main(["song", "--pattern", "list", "--lyrics", "ballads"]) == 0
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == list(verse.STANZAS)


def test_several_songs_have_the_next_seeds_and_the_last_is_opened(tmp_path, monkeypatch):
    opened = []
    monkeypatch.setattr("webbrowser.open", opened.append)
    words = ["song", "--pattern", "rumengling", "--seed", "8", "--count", "2", "--open"]
    assert cli_main.main([*words, "--out", str(tmp_path)]) == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["rumengling-8", "rumengling-9"]
    assert opened == [(tmp_path / "rumengling-9" / "song.html").resolve().as_uri()]


@pytest.mark.parametrize(
    "arguments, message",
    [
        (["--pattern", "沁园冬"], "There is no pattern '沁园冬'"),
        (["--pattern", "huanxishu"], "the nearest are 浣溪沙 (huanxisha)"),
        (["--lyrics", "opera"], "There are no lyrics 'opera'"),
        (["--lyrics", "burns", "--pattern", "sonnet"], "There is no stanza 'sonnet'"),
        (["--lyrics", "burns", "--pattern", "common abb"], "rhyme scheme is 'abb'"),
        (["--key", "H"], "There is no key 'H'"),
        (["--form", "rondo"], "form"),
        (["--voice", "bass"], "voice"),
        (["--count", "0"], "number of songs is 0"),
        (["--soundfont", "none.sf2", "--pattern", "rumengling"], "SoundFont"),
        (["--seed", "one"], "--seed"),
        (["--seed", "-1"], "seed is -1"),
        (["--temperature", "0"], "temperature is 0"),
        (["--temperature", "-2"], "temperature is -2"),
        (["--temperature", "1e-310"], "temperature is 1e-310"),
        (["--temperature", "nan"], "temperature is nan"),
        (["--tempo", "0"], "tempo is 0"),
    ],
)
def test_bad_input_gets_one_sentence_and_exit_code_2(tmp_path, arguments, message):
    done = command("song", *arguments, "--out", tmp_path / "out")
    errors = [line for line in done.stderr.splitlines() if not line.startswith("[")]
    assert done.returncode == 2
    assert len(errors) == 1, done.stderr
    assert message in errors[0]
    assert not list(tmp_path.rglob("*"))


def test_a_folder_beneath_a_file_is_refused_before_anything_is_made(tmp_path):
    (tmp_path / "file").write_text("here")
    done = command("song", "--out", tmp_path / "file" / "out")
    assert done.returncode == 2
    assert "cannot be made" in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_compose_refuses_what_it_cannot_do():
    with pytest.raises(UserError, match="pattern"):
        song.compose("no such")
