"""Writing with trained weights: the command sample, and a song with one's own."""

from __future__ import annotations

import re

import numpy as np
import pytest

from lyricgen.cli.main import main
from lyricgen.files import UserError
from lyricgen.models.musicvae.inference import NumpyMusicVAE
from lyricgen.models.weights import WEIGHTS, find_weights, save_weights
from lyricgen.music import melody
from lyricgen.music.meter import parse_meter
from lyricgen.music.midi import read_midi
from lyricgen.song import melodies, tune


@pytest.fixture(autouse=True)
def few_draws(monkeypatch):
    monkeypatch.setattr(tune, "DRAWS", 24)


E, N, Z, H, D, V = 4, 5, 3, 6, 4, melody.EVENTS


def musicvae_arrays(steps: int = 32) -> dict[str, np.ndarray]:
    """Random weights, by the shapes that NumpyMusicVAE names."""
    shapes = {
        "events": (V, E),
        "encoder_W": (E, 4 * N),
        "reverse_W": (E, 4 * N),
        "encoder_U": (N, 4 * N),
        "reverse_U": (N, 4 * N),
        "encoder_b": (4 * N,),
        "reverse_b": (4 * N,),
        "mu_W": (2 * N, Z),
        "sigma_W": (2 * N, Z),
        "mu_b": (Z,),
        "sigma_b": (Z,),
        "first_W": (Z, 2 * H),
        "first_b": (2 * H,),
        "inputs": (V + 1, D),
        "places": (steps, D),
        "z_W": (Z, D),
        "decoder_W": (D, 4 * H),
        "decoder_U": (H, 4 * H),
        "decoder_b": (4 * H,),
        "out_W": (H, V),
        "out_b": (V,),
        "posterior_mean": (Z,),
        "posterior_factor": (Z, Z),
    }
    rng = np.random.default_rng(0)
    return {name: rng.standard_normal(shape) for name, shape in shapes.items()}


def write_musicvae(folder, meter: str = "4/4", silent: bool = False, name: str = "own"):
    arrays = musicvae_arrays(2 * parse_meter(meter).steps)
    if silent:
        arrays["out_b"][[melody.HOLD, melody.REST]] = 1e3
    save_weights(folder, name, arrays, {"model": "musicvae", "data": {"meter": meter}})
    return folder / f"{name}.npz"


def write_language(folder, characters: str, favourite: str = "", name: str = "verse"):
    rng = np.random.default_rng(0)
    size = 3 + len(characters)
    arrays = {
        "embedding": rng.standard_normal((size, H)),
        "W1": rng.standard_normal((H, 4 * H)),
        "U1": rng.standard_normal((H, 4 * H)),
        "b1": np.zeros(4 * H),
        "output_bias": np.zeros(size),
    }
    arrays["output_bias"][1] = -30  # no end
    if favourite:
        arrays["output_bias"][("<unk>", "<end>", "\n", *characters).index(favourite)] = 1e3
    save_weights(folder, name, arrays, {"model": "language", "characters": characters, "folded": 0})
    return folder / f"{name}.npz"


@pytest.mark.parametrize("meter", ["4/4", "3/4", "6/8", "2/4"])
def test_melodies_as_midi_sound_and_a_page_in_their_meter(tmp_path, capsys, meter):
    weights = write_musicvae(tmp_path, meter)
    command = ["sample", str(weights), "--count", "2", "--seed", "3", "--out"]
    assert main([*command, str(tmp_path / "a")]) == 0
    assert f"in {meter}" in capsys.readouterr().out
    assert main([*command, str(tmp_path / "b")]) == 0
    names = ["own-1.mid", "own-1.mp3", "own-2.mid", "own-2.mp3", "own.html"]
    assert sorted(path.name for path in (tmp_path / "a").iterdir()) == names
    for name in names:
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()
    grid = parse_meter(meter)
    for number in (1, 2):
        midi = read_midi(tmp_path / "a" / f"own-{number}.mid")
        assert midi.meters[:, 1:].tolist() == [[grid.numerator, grid.denominator]]
        assert 0 < midi.ends.max() <= 120 * 2 * grid.steps and not midi.warnings
    page = (tmp_path / "a" / "own.html").read_text("utf-8")
    assert page.count("data:audio/mpeg") == 2 and page.count("data:image/svg+xml") == 2
    assert f"A melody in {meter} of" in page and "http" not in re.sub(r"data:[^\"]*", "", page)


@pytest.mark.parametrize("meter", ["4/4", "3/4", "6/8", "2/4", "5/4", "12/8"])
def test_every_bar_on_the_page_is_full(meter):
    from music21 import converter

    grid = parse_meter(meter)
    vae = NumpyMusicVAE(musicvae_arrays(2 * grid.steps))
    drawn = vae.sample(4, np.random.default_rng(1), 1.0)
    assert melody.is_canonical(drawn).all()
    for events in melodies.with_notes(drawn):
        score = converter.parse(melodies.to_musicxml(events, grid, "own"), format="musicxml")
        bars = list(score.parts[0].getElementsByClass("Measure"))
        assert len(bars) == 2 * grid.grouped
        for bar in bars:
            lengths = sum(element.quarterLength for element in bar.notesAndRests)
            assert lengths == grid.written_steps / 4 and bar.duration.quarterLength == lengths
        pitches = [
            note.pitch.midi
            for note in score.flatten().notes
            if not note.tie or note.tie.type == "start"
        ]
        assert pitches == melody.to_notes(events)[:, 2].tolist()


def test_lines_of_a_language_model(tmp_path, capsys):
    weights = write_language(tmp_path, "abc ")
    assert main(["sample", str(weights), "--count", "2", "--out", str(tmp_path / "out")]) == 0
    printed = capsys.readouterr().out
    assert set(printed) <= set("abc \n") and len(printed) > 20
    assert (tmp_path / "out" / "verse.txt").read_text("utf-8") == printed
    assert main(["sample", str(weights), "--count", "2"]) == 0
    assert capsys.readouterr().out == printed
    assert main(["sample", "burns", "--count", "1", "--seed", "2"]) == 0
    assert len(capsys.readouterr().out.split()) > 20


def test_a_writer_of_silence_is_one_sentence(tmp_path, capsys):
    silent = write_musicvae(tmp_path, silent=True)
    blank = write_language(tmp_path, "abc", favourite="\n")
    assert main(["sample", str(silent), "--out", str(tmp_path / "out")]) == 2
    assert "writes silence" in capsys.readouterr().err
    assert main(["sample", str(blank), "--out", str(tmp_path / "out")]) == 2
    assert "writes empty lines" in capsys.readouterr().err
    assert main(["song", "--tune", str(silent), "--out", str(tmp_path / "out")]) == 2
    assert "writes silence" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_a_song_with_weights_of_ones_own(tmp_path, capsys):
    words = write_language(tmp_path, "明月几时有把酒问青天不知上宫阙今夕是何年")
    out = tmp_path / "out"
    assert main(["song", "--words", str(words), "--out", str(out)]) == 0
    printed = capsys.readouterr().out
    assert "copied" not in printed and f"--words={words}" in (
        (out / "huanxisha-1" / "song.txt").read_text("utf-8")
    )
    rows = (out / "huanxisha-1" / "song.txt").read_text("utf-8").split("\n\n")
    sung = "".join("".join(rows[1:3]).split())
    assert set(sung) <= set("明月几时有把酒问青天不知上宫阙今夕是何年") and len(sung) == 42
    english = write_language(tmp_path, "abc", name="english")
    assert main(["song", "--words", str(english), "--out", str(out)]) == 2
    assert "without any" in capsys.readouterr().err
    waltz = write_musicvae(tmp_path, "3/4", name="waltz")
    assert main(["song", "--tune", str(waltz), "--out", str(out)]) == 2
    assert "A song is in 4/4" in capsys.readouterr().err
    assert main(["song", "--tune", str(words), "--out", str(out)]) == 2
    assert "weights of language; here musicvae is needed" in capsys.readouterr().err


def test_a_song_with_a_tune_of_ones_own(tmp_path):
    good = tmp_path / "good.npz"
    good.write_bytes((WEIGHTS / "musicvae.npz").read_bytes())
    (tmp_path / "good.json").write_bytes((WEIGHTS / "musicvae.json").read_bytes())
    for name, more in (("own", ["--tune", str(good)]), ("shipped", [])):
        assert main(["song", *more, "--seed", "4", "--out", str(tmp_path / name)]) == 0
    own, shipped = (
        read_midi(tmp_path / name / "huanxisha-4" / "song.mid").notes for name in ("own", "shipped")
    )
    assert own.tolist() == shipped.tolist()


@pytest.mark.parametrize(
    "words, said",
    [
        (["nothing"], "There are no weights nothing"),
        (["musicvae", "--count", "0"], "--count is 0"),
        (["musicvae", "--seed", "-1"], "--seed is -1"),
        (["musicvae", "--temperature", "0"], "--temperature is 0"),
        (["musicvae", "--temperature", "nan"], "--temperature is nan"),
    ],
)
def test_what_cannot_be_written(capsys, words, said):
    assert main(["sample", *words]) == 2
    assert said in capsys.readouterr().err


def test_weights_are_found_by_name_file_and_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("LYRICGEN_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    write_musicvae(tmp_path / "cache" / "weights", name="mine")
    write_musicvae(tmp_path / "one", name="other")
    assert find_weights("mine") == ("mine", tmp_path / "cache" / "weights")
    assert find_weights("musicvae") == ("musicvae", WEIGHTS)
    for named in (
        "one",
        "one/other",
        "one/other.npz",
        "one/other.json",
        str(tmp_path / "one/other.npz"),
    ):
        name, folder = find_weights(named, "musicvae")
        assert name == "other" and folder.resolve() == tmp_path / "one"
    assert find_weights(str(WEIGHTS), "musicvae") == ("musicvae", WEIGHTS)
    assert find_weights(str(WEIGHTS), "language", "burns") == ("burns", WEIGHTS)
    with pytest.raises(UserError, match="it has ballads, burns"):
        find_weights(str(WEIGHTS), "language")
    with pytest.raises(UserError, match="There are no weights"):
        find_weights(str(tmp_path / "cache"))
    (tmp_path / "mine").mkdir()  # the folder of MIDI files that they learned from
    for named in ("mine", "mine/"):
        assert find_weights(named) == ("mine", tmp_path / "cache" / "weights")
