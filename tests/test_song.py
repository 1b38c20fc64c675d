import io
import os
import shutil
import subprocess
import sys

import mido
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lyricgen.cli import main as cli_main
from lyricgen.files import DataError, UserError
from lyricgen.lyrics import chinese, corpora, measures, rhyme
from lyricgen.lyrics import patterns as lyrics_patterns
from lyricgen.lyrics.form import GROUPS, form_of_poem
from lyricgen.models import weights
from lyricgen.models.language.inference import FORM_SIZES, NumpyLanguageModel
from lyricgen.models.musicvae.inference import NumpyMusicVAE
from lyricgen.models.ngram import NGram
from lyricgen.music import keys as musical_keys
from lyricgen.music import measures as melody_measures
from lyricgen.music import melody, midi
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


def assert_in_form(writer, corpus, seeds):
    patterns = lyrics_patterns.stable_patterns(corpus.poems)
    assert len(patterns) >= 10 and "浣溪沙" in patterns
    for pattern in patterns.values():
        for seed in seeds:
            lines = song_words.write_lines(writer, pattern, np.random.default_rng(seed), 0.8)
            assert tuple(map(len, lines)) == pattern.lengths
            assert all(map(chinese.is_han, "".join(lines)))
            for group in set(pattern.rhymes) - {-1}:
                ends = [line[-1] for line, g in zip(lines, pattern.rhymes) if g == group]
                assert len(set(ends)) == len(ends)
            assert measures.rhyme_share([lines], pattern.rhymes, pattern.rhyme_tones) == 1


def test_every_pattern_of_the_list_keeps_its_line_lengths_and_rhymes(corpus, words):
    assert_in_form(words, corpus, [0])


@pytest.mark.slow
def test_every_pattern_of_the_list_keeps_its_line_lengths_and_rhymes_for_20_seeds(corpus):
    # float32 is twice as fast, and as strict
    assert_in_form(NumpyLanguageModel.load("songci", dtype="float32"), corpus, range(20))


def test_a_writer_that_reads_the_form_is_taken_where_it_is_there_and_is_given_it(
    corpus, tmp_path, monkeypatch
):
    """Tiny random weights; each character's form is that of a poem of such lines."""
    rng = np.random.default_rng(3)
    free, card = weights.load_weights("songci")
    tokens = len(free["embedding"])
    arrays = {
        "embedding": rng.normal(size=(tokens, 4)),
        "W1": rng.normal(size=(4, 16)),
        "U1": rng.normal(size=(4, 16)),
        "b1": np.zeros(16),
        "output_bias": np.zeros(tokens),
    }
    weights.save_weights(tmp_path, "songci", arrays, card)
    assert not song_words.load_writer(tmp_path).reads_form
    for key, size in FORM_SIZES.items():
        arrays[key] = rng.normal(size=(size, 4))
    weights.save_weights(tmp_path, "songci_form", arrays, card)
    writer = song_words.load_writer(tmp_path)
    assert writer.reads_form
    given = []
    step = NumpyLanguageModel.step

    def watched(model, tokens, states, form):
        given.append(np.asarray(form).tolist())
        return step(model, tokens, states, form)

    monkeypatch.setattr(NumpyLanguageModel, "step", watched)
    pattern = lyrics_patterns.stable_patterns(corpus.poems)["西江月"]
    lines = song_words.write_lines(writer, pattern, np.random.default_rng(0), 0.8)
    assert tuple(map(len, lines)) == pattern.lengths
    lengths_and_lines = [[row[0], row[2]] for row in form_of_poem("西江月", lines).tolist()]
    # One step a token; the end of the poem is not drawn.
    assert [[row[0], row[2]] for row in given] == lengths_and_lines[:-1]
    due = [row[1] - GROUPS for row in given if row[0] == 1]
    for line, number in zip(lines, due):
        assert number == 0 or rhyme.SONG_GROUPS[number - 1] in rhyme.rhyme_groups(line)
    assert [number > 0 for number in due] == [group >= 0 for group in pattern.rhymes]
    with pytest.raises(DataError):
        song_words.load_writer(tmp_path / "nowhere")


def test_an_ngram_writes_words_too(corpus, tune, made):
    counted = song.compose(seed=1, words=NGram(corpus.texts_of("train"), 5), tune=tune)
    assert counted.lines != made.lines and tuple(map(len, counted.lines)) == (7,) * 6


def test_the_words_begin_as_the_poems_of_the_training_do(corpus):
    """Name, newline, and then line after line; a line's end is given, never drawn."""
    asked = []

    class Watched:
        vocabulary = ("\n", *"".join(sorted(set("".join(corpus.texts_of("train"))) - {"\n"})))

        def probabilities(self, context):
            asked.append("".join(context))
            return np.full(len(self.vocabulary), 1 / len(self.vocabulary))

    pattern = lyrics_patterns.stable_patterns(corpus.poems)["浣溪沙"]
    lines = song_words.write_lines(Watched(), pattern, np.random.default_rng(0), 1.0)
    whole = "\n".join(["浣溪沙", *lines])
    assert asked == [whole[:k] for k in range(4, len(whole)) if whole[k] != "\n"]


class Drawn:
    """A tune writer that hands out draws that were made before."""

    def __init__(self, events):
        self.events = events

    def phrases(self, count, rng, temperature):
        return self.events[:count]


@pytest.fixture(scope="module")
def draws(tune):
    return tune.phrases(1000, np.random.default_rng(7), 0.9)


def test_the_tune_fits_every_pattern(corpus, draws):
    tune = Drawn(draws)
    for pattern in lyrics_patterns.stable_patterns(corpus.poems).values():
        notes, mended = song_tune.write_tune(tune, pattern, np.random.default_rng(3), 0.8)
        bars = notes[:, 0] // (2 * melody.STEPS_PER_BAR)
        assert np.bincount(bars).tolist() == list(pattern.lengths), (
            "as many onsets as characters, line by line"
        )
        assert notes[:, 2].min() >= song_tune.LOW and notes[:, 2].max() <= song_tune.HIGH
        assert song_tune.IN_KEY[notes[:, 2] % 12].all() and notes[-1, 2] % 12 == 0
        assert (notes[:-1, 0] + notes[:-1, 1] <= notes[1:, 0]).all() and (notes[:, 1] > 0).all()
        assert 0 <= mended <= len(pattern.lengths)


def test_a_phrase_returns_and_the_last_note_is_held(made):
    notes = made.sheet.notes
    phrase = [notes[notes[:, 0] // 32 == k] - [32 * k, 0, 0] for k in range(6)]
    assert (phrase[0] == phrase[3]).all()
    assert (phrase[1] == phrase[4]).all()
    assert (phrase[2][:-1] == phrase[5][:-1]).all()
    assert not (phrase[0] == phrase[1]).all()
    assert notes[-1, 1] >= 8


def test_the_same_seed_gives_the_same_bytes_and_another_seed_another_song(
    made, words, tune, tmp_path
):
    first = song.save(made, tmp_path / "a")
    again = song.save(song.compose(seed=1, words=words, tune=tune), tmp_path / "b")
    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in again]
    other = song.compose(seed=2, words=words, tune=tune)
    assert other.lines != made.lines
    assert not np.array_equal(other.sheet.notes, made.sheet.notes)


def test_the_files_say_the_same(made, tmp_path):
    paths = {path.name: path for path in song.save(made, tmp_path)}
    assert paths["song.txt"].read_text("utf-8").splitlines() == ["浣溪沙", *made.lines]
    read = midi.read_midi(paths["song.mid"])
    assert [text for _, _, text in read.lyrics] == list(made.sheet.words)
    ticks = (made.sheet.notes[:, 0] * 120).tolist()
    assert [tick for tick, _, _ in read.lyrics] == ticks
    assert read.notes["onset"].tolist() == ticks
    peer = mido.MidiFile(file=io.BytesIO(paths["song.mid"].read_bytes()), charset="utf-8")
    pitches = []
    for track in peer.tracks:
        pitches += [m.note for m in track if m.type == "note_on" and m.velocity]
    assert pitches == read.notes["pitch"].tolist()
    from music21 import converter

    score = converter.parse(str(paths["song.musicxml"]))
    syllables = [n.lyrics[0].text for n in score.recurse().notes if n.lyrics]
    assert "".join(syllables) == "".join(made.lines)


def test_a_thousand_draws_of_a_melody_survive_notes_and_midi(draws):
    for events in draws:
        notes = melody.to_notes(events)
        assert melody.is_canonical(events)
        assert len(notes)
        assert (melody.to_events(notes, len(events)) == events).all()
        file = midi.MidiFile.from_notes(notes[:, 0] * 120, notes[:, 1] * 120, notes[:, 2])
        back = midi.read_midi(midi.write_midi(file)).notes
        columns = [back["onset"] // 120, back["duration"] // 120, back["pitch"]]
        read = np.stack(columns, axis=1).astype(int)
        assert (melody.to_events(read, len(events)) == events).all()


def test_mending_gives_the_wanted_number_of_notes():
    bar = np.array([[0, 4, 60], [4, 2, 62], [6, 2, 64], [8, 8, 65]])
    for count in range(1, 14):
        notes = song_tune.mend(bar, count)
        assert len(notes) == count
        assert notes[:, 1].sum() == 16
        assert (notes[:, 0] == np.cumsum(notes[:, 1]) - notes[:, 1]).all()
    assert song_tune.mend(bar, 3).tolist() == [[0, 6, 60], [6, 2, 64], [8, 8, 65]]
    with pytest.raises(ValueError, match="no room"):
        song_tune.mend(bar, 17)


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
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "song.mid",
        "song.mp3",
        "song.musicxml",
        "song.svg",
        "song.txt",
    ]
    assert (tmp_path / "out" / "song.txt").read_text("utf-8").splitlines() == [
        "浣溪沙",
        *made.lines,
    ]
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


def test_list_shows_every_pattern(corpus):
    shown = command("song", "--pattern", "list")
    assert shown.returncode == 0
    assert [line.split()[0] for line in shown.stdout.splitlines()] == list(
        lyrics_patterns.stable_patterns(corpus.poems)
    )


@pytest.mark.parametrize(
    "arguments, message",
    [
        (["--pattern", "沁园冬"], "There is no pattern '沁园冬'"),
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


def scale(tonic, degrees=(0, 2, 4, 5, 7, 9, 11, 12)):
    """A melody of eighths on a major scale."""
    return melody.to_events([[2 * k, 2, tonic + step] for k, step in enumerate(degrees)], 32)


def test_a_melody_moves_to_the_c_major_that_is_nearest():
    moved = musical_keys.to_c(np.stack([scale(60), scale(67), scale(66), scale(53), scale(56)]))
    assert [int(e[0]) + 19 for e in moved] == [60, 72, 60, 48, 60]
    assert all(song_tune.IN_KEY[melody.to_notes(e)[:, 2] % 12].all() for e in moved)
    # five tones are in three major scales: the tonic decides, or the end
    five = [scale(67, (0, 2, 4, 7, 9, 0)), scale(67, (5, 2, 0, 7, 9, 5))]
    assert [int(e[0]) + 19 for e in musical_keys.to_c(np.stack(five))] == [72, 72]


def test_silence_and_what_would_leave_the_pitches_are_left_out():
    # B flat and B at the two ends
    low = scale(21 + 1, (0, 2, 4, -1, 0))
    high = scale(108 - 12 - 1, (0, 2, 4, 11, 12))
    silent = melody.to_events([], 32)
    kept = musical_keys.to_c(np.stack([silent, low, high, scale(60)]))
    assert len(kept) == 3
    assert melody.is_canonical(kept).all()
    # its lowest note is the lowest pitch, and it must go down
    lowest = scale(21 + 6, (0, 2, 4, 5, 7, -6, 0))
    assert len(musical_keys.to_c(np.stack([lowest, silent]))) == 0


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(48, 84), min_size=1, max_size=16), st.integers(-12, 12))
def test_moving_keeps_the_best_scale_and_does_not_depend_on_the_key(pitches, shift):
    events = melody.to_events([[2 * k, 2, p] for k, p in enumerate(pitches)], 32)[None]
    moved = musical_keys.to_c(events)
    onsets = moved[moved >= melody.FIRST_ONSET].astype(int) - melody.FIRST_ONSET + melody.LOWEST
    assert song_tune.IN_KEY[onsets % 12].mean() == pytest.approx(melody_measures.in_scale(events))
    assert (melody.untransposed(moved) == melody.untransposed(events)).all()
    again = musical_keys.to_c(melody.transpose(events, shift))
    more = again[again >= melody.FIRST_ONSET].astype(int) - melody.FIRST_ONSET + melody.LOWEST
    assert song_tune.IN_KEY[more % 12].mean() == song_tune.IN_KEY[onsets % 12].mean()


def test_the_tune_writer_gives_as_many_canonical_melodies_in_c_as_it_is_asked_for(tune):
    drawn = tune.phrases(150, np.random.default_rng(2), 0.8)
    assert drawn.shape == (150, 32) and drawn.dtype == np.uint8 and melody.is_canonical(drawn).all()
    assert (drawn >= melody.FIRST_ONSET).any(axis=1).all() and len(np.unique(drawn, axis=0)) > 140
    onsets = drawn[drawn >= melody.FIRST_ONSET].astype(int) - melody.FIRST_ONSET + melody.LOWEST
    assert song_tune.IN_KEY[onsets % 12].mean() > 0.93
    again = [tune.phrases(5, np.random.default_rng(2), 0.8) for _ in range(2)]
    assert (again[0] == again[1]).all()


def test_draws_that_are_silent_are_made_up_for():
    class Mute:
        steps = 32

        def sample(self, count, rng, temperature):
            silent = melody.to_events([], 32)
            return np.stack([scale(60) if x < 0.3 else silent for x in rng.random(count)])

    melodies = song_tune.LatentTunes(Mute()).phrases(20, np.random.default_rng(0), 1.0)
    assert melodies.shape == (20, 32)
    assert (melodies == scale(60)).all()


def test_compose_refuses_what_it_cannot_do():
    with pytest.raises(UserError, match="pattern"):
        song.compose("no such")
