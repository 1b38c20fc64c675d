"""MusicVAE: Keras and NumPy agree, the loss is right, what is decoded is canonical.

A training that was stopped ends with the same weights.
"""

import argparse
import json
import os
import shutil
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st
from keras import ops

from lyricgen.budget import Budget
from lyricgen.cli import train, train_arguments
from lyricgen.files import DATA, DataError, UserError
from lyricgen.models import training, weights
from lyricgen.models.musicvae import data as musicvae_data
from lyricgen.models.musicvae import training as musicvae_training
from lyricgen.models.musicvae.data import Batches, MelodyData
from lyricgen.models.musicvae.inference import NumpyMusicVAE
from lyricgen.models.musicvae.network import MusicVAE, Settings
from lyricgen.models.musicvae.posterior import fit_mixture, fit_posterior, kl_divergence
from lyricgen.models.sampling import gumbel_noise
from lyricgen.models.weights import mean_of
from lyricgen.music import collection, keys, melody, tune_books
from lyricgen.music.midi.summary import MIDI_SUFFIXES

SMALL = {"embedding": 6, "encoder": 7, "latent": 4, "decoder": 9, "batch": 8}


def melodies(count=24, seed=0):
    """Returns canonical melodies of 32 steps: runs in small steps, with rests."""
    rng = np.random.default_rng(seed)
    made = []
    for _ in range(count):
        onsets = np.flatnonzero(rng.random(32) < 0.4)
        pitches = np.clip(60 + np.cumsum(rng.integers(-4, 5, len(onsets))), 40, 90)
        ends = np.minimum(np.append(onsets[1:], 32), onsets + rng.integers(1, 6, len(onsets)))
        made.append(melody.to_events(np.stack([onsets, ends - onsets, pitches], 1), 32))
    return np.array(made)


@pytest.fixture(scope="module")
def model():
    training.make_deterministic(3)
    made = MusicVAE(Settings(**SMALL))
    # Larger than at the start, so that the outputs differ.
    for layer in (made.out, made.sigma, made.mu):
        layer.kernel.assign(np.random.default_rng(1).normal(0, 1.5, layer.kernel.shape))
    return made


@pytest.fixture(scope="module")
def cells(model):
    return NumpyMusicVAE(model.arrays())


def test_keras_and_numpy_agree(model, cells):
    x = melodies()
    mu, sigma = cells.encode(x)
    keras_mu, keras_sigma = map(ops.convert_to_numpy, model.encode(x.astype(np.int32)))
    assert np.abs(mu - keras_mu).max() < 1e-5
    assert np.abs(sigma - keras_sigma).max() < 1e-5
    before = np.concatenate([np.full((len(x), 1), melody.EVENTS), x[:, :-1]], 1).astype(np.int32)
    logits = ops.convert_to_numpy(model.teacher_forced(mu.astype(np.float32), before))
    assert np.abs(cells.logits(mu, x) - logits).max() < 1e-4


@pytest.mark.parametrize("temperature", [0.0, 0.7])
def test_the_compiled_loop_decodes_what_numpy_decodes(model, cells, temperature):
    z = np.random.default_rng(5).standard_normal((40, 4))
    numpy = cells.decode(z, temperature, np.random.default_rng(9))
    keras = model.free_running.decode(z, temperature, np.random.default_rng(9))
    assert (numpy == keras).mean() > 0.999
    assert len(np.unique(numpy, axis=0)) > 20


def test_greedy_is_what_teacher_forcing_on_ones_own_output_finds(cells):
    z = np.random.default_rng(6).standard_normal((30, 4))
    drawn = cells.decode(z)
    best = cells.logits(z, drawn).argmax(-1)
    # They differ only where the best event would not have been canonical.
    for step in range(32):
        other = drawn[:, step] != best[:, step]
        changed = drawn.copy()
        changed[:, step] = best[:, step]
        assert not melody.is_canonical(changed[other]).any()


@given(st.integers(0, 10**6), st.sampled_from([0.0, 0.3, 1.0, 5.0]))
@examples(max_examples=15, deadline=None)
def test_what_is_decoded_is_canonical(cells, seed, temperature):
    rng = np.random.default_rng(seed)
    z = 3 * rng.standard_normal((20, 4))
    events = cells.decode(z, temperature, rng)
    assert melody.is_canonical(events).all()


def test_gumbel_noise_makes_draws():
    p = np.array([0.5, 0.3, 0.2])
    logits = np.log(p)
    rng = np.random.default_rng(0)
    for temperature in (1.0, 0.5):
        scores = logits + gumbel_noise((40000, 3), temperature, rng)
        shares = np.bincount(scores.argmax(1), minlength=3) / 40000
        powers = p ** (1 / temperature)
        expected = powers / powers.sum()
        assert np.abs(shares - expected).max() < 0.01
    with pytest.raises(UserError, match="temperature is -1"):
        gumbel_noise((1, 2), -1.0, rng)


def test_kl_by_formula_and_by_sampling():
    rng = np.random.default_rng(0)
    mu = np.array([0.5, -1.2, 0.0])
    sigma = np.array([0.3, 1.5, 1.0])
    kl = kl_divergence(mu, sigma)
    z = mu + sigma * rng.standard_normal((200_000, 3))
    ratio = (-(((z - mu) / sigma) ** 2) / 2 - np.log(sigma)) + z**2 / 2
    error = ratio.std(0) / np.sqrt(len(z))
    assert (np.abs(kl - ratio.mean(0)) <= 4 * error + 1e-15).all()
    assert kl[2] == 0


@pytest.mark.parametrize(
    "options", [{}, {"free_bits": 0.0}, {"free_bits": 0.0, "free_bits_each": 1.5}]
)
def test_the_loss_is_a_sum_over_time_and_dimensions_and_a_mean_over_melodies(model, options):
    other = MusicVAE(Settings(**SMALL, beta=0.3, **options))
    x = melodies(8)
    other.set_weights([v + 0.1 for v in other.get_weights()])
    other.beta.assign(0.3)
    out = other(x)
    logits, mu, sigma = (
        ops.convert_to_numpy(out[key]).astype(float) for key in ("logits", "mu", "sigma")
    )
    p = np.exp(logits - logits.max(-1, keepdims=True))
    p /= p.sum(-1, keepdims=True)
    p_of_events = np.take_along_axis(p, x[..., None].astype(int), -1)
    cost = -np.log(p_of_events).sum((1, 2))
    kl = kl_divergence(mu, sigma)
    if options.get("free_bits_each"):
        beyond = np.maximum(kl.mean(0) - 1.5 * np.log(2), 0).sum()
    else:
        beyond = np.maximum(kl.sum(1) - other.settings.free_bits * np.log(2), 0).mean()
    other.reset_metrics()
    loss = float(other.compute_loss(x, None, out))
    means = {name: float(mean.result()) for name, mean in other.means.items()}
    accuracy = (logits.argmax(-1) == x).mean()
    assert loss == pytest.approx(cost.mean() + 0.3 * beyond, rel=1e-4)
    assert means["kl_bits"] == pytest.approx(kl.sum(1).mean() / np.log(2), rel=1e-4)
    assert means["teacher_forced"] == pytest.approx(accuracy, abs=1e-6)


def test_validation_is_of_all_melodies(model, cells):
    x = melodies(24)
    mu, sigma = cells.encode(x)
    assert len(x) == 3 * model.settings.batch
    kl_bits = model.validate(x)["validation_kl_bits"]
    kl_bits_of_last_batch = model.validate(x[-8:])["validation_kl_bits"]
    expected = kl_divergence(mu, sigma).sum(1).mean() / np.log(2)
    assert kl_bits == pytest.approx(expected, rel=1e-4)
    assert kl_bits != pytest.approx(kl_bits_of_last_batch, rel=1e-4)


def test_sigma_begins_small_and_beta_follows_the_plan():
    model = MusicVAE(Settings(**SMALL, sigma=0.13, beta=0.2, wait=0.25, ramp=0.75))
    assert NumpyMusicVAE(model.arrays()).encode(melodies())[1] == pytest.approx(0.13, rel=0.02)
    for step, expected in ((0, 0), (25, 0), (50, 0.1), (75, 0.2), (99, 0.2)):
        model.set_beta(step, 100)
        assert float(model.beta) == pytest.approx(expected, abs=1e-6)


def test_batches_give_each_melody_once_transposed_by_a_little():
    x = melodies(26)
    batches = Batches(x, Settings(**SMALL, transpose=3))
    assert batches.count == 3
    keys = {bytes(row) for row in melody.untransposed(x)}
    for epoch in range(2):
        found = np.concatenate([batches(3 * epoch + k)[0] for k in range(3)])
        assert {bytes(row) for row in melody.untransposed(found)} <= keys and len(
            {bytes(row) for row in melody.untransposed(found)}
        ) >= 22
        shifts = [
            min(
                abs(int(melody.span(row)[0]) - int(melody.span(own)[0]))
                for own in x
                if (melody.untransposed(own) == melody.untransposed(row)).all()
            )
            for row in found
        ]
        assert max(shifts) <= 3 and len(set(shifts)) > 1
    assert (Batches(x, Settings(**SMALL))(4)[0] == batches(4)[0]).all() and not (
        batches(4)[0] == batches(5)[0]
    ).all()


def test_a_walk_leads_to_where_melodies_are_and_is_that_of_its_rounds():
    class Two(NumpyMusicVAE):
        """Melodies are at z = -3 and 3, and the decoder writes the nearer one."""

        def __init__(self):
            self.count = 0

        def decode(self, z, temperature=0.0, rng=None):
            self.count += 1
            return (z > 0).astype(np.uint8)

        def encode(self, events):
            return np.where(events, 3.0, -3.0), np.full(events.shape, 0.1)

    z = np.random.default_rng(0).normal(0, 1, (200, 1))
    rng = np.random.default_rng(1)
    vae = Two()
    assert vae.walk(z, 0, rng) is z
    after = vae.walk(z, 2, rng)
    assert vae.count == 2
    assert np.abs(np.abs(after) - 3).max() < 0.5
    assert (np.sign(after) == np.sign(z)).all()
    assert len(np.unique(after)) == 200


def test_the_mean_of_weights_is_that_of_each_array_but_for_the_fitted_posterior():
    one, other = (
        {"a": np.full(3, x, np.float16), "posterior_mean": np.zeros(k), "b": np.array([x])}
        for x, k in ((1.0, 2), (4.0, 5))
    )
    found = mean_of([one, other])
    assert (
        set(found) == {"a", "b"}
        and found["a"].tolist() == [2.5] * 3
        and found["a"].dtype == np.float32
    )
    with pytest.raises(UserError, match="different sizes"):
        mean_of([one, other | {"b": np.zeros(2)}])


def test_spliced_melodies_begin_as_one_and_end_as_another():
    x = melodies(64)
    plain, some, every = (
        Batches(x, Settings(**SMALL | {"batch": 32}, transpose=0, splice=share))(1)[0]
        for share in (0.0, 0.5, 1.0)
    )
    half = x.shape[1] // 2
    assert (
        (some[:, :half] == plain[:, :half]).all()
        and (every[:, :half] == plain[:, :half]).all()
        and melody.is_canonical(every).all()
    )
    ends = {
        melody.canonical(np.concatenate([row[:half], other[half:]])).tobytes()
        for row in plain
        for other in plain
    }
    assert all(row.astype(np.uint8).tobytes() in ends for row in every)
    kept = [(rows[:, half:] == plain[:, half:]).all(axis=1).mean() for rows in (some, every)]
    assert 0.2 < kept[0] < 0.8 and kept[1] < 0.3


def test_a_melody_moves_by_degrees_of_the_scale():
    def at(*pitches):
        return [
            0 if pitch is None else pitch - melody.LOWEST + melody.FIRST_ONSET for pitch in pitches
        ]

    c_major = at(60, None, 64, 67)
    other = at(60, 61, 64, 67)
    highest = at(108, 60, 64, 67)
    rows = np.array([c_major, c_major, other, highest], np.uint8)
    moved = keys.move_in_scale(rows, np.array([1, -2, 1, 1]))
    assert moved[0].tolist() == at(62, None, 65, 69), "C E G becomes D F A"
    assert moved[1].tolist() == at(57, None, 60, 64)
    assert (moved[2:] == rows[2:]).all(), "a black key, or no room: it stays"


def test_degrees_move_a_share_of_a_batch_and_keep_its_rhythm():
    events = melodies(64)
    white = keys.WHITE_KEYS[np.searchsorted(keys.WHITE_KEYS, events)]
    x = np.where(events >= melody.FIRST_ONSET, white, events).astype(np.uint8)
    plain, some = (
        Batches(x, Settings(**SMALL | {"batch": len(x)}, transpose=0, degrees=share))(1)[0]
        for share in (0.0, 0.5)
    )
    assert ((some >= melody.FIRST_ONSET) == (plain >= melody.FIRST_ONSET)).all()
    is_moved = (some != plain).any(axis=1)
    assert 0.2 < is_moved.mean() < 0.8
    steps = np.abs(some.astype(int) - plain)
    assert steps.max() <= 4, "two degrees are at most four semitones"


@pytest.mark.parametrize(
    "option",
    [
        {"sampling": 0.5},
        {"word_dropout": 0.5},
        {"batch_norm": 0.6},
        {"free_bits": 0.0, "free_bits_each": 0.5},
    ],
)
def test_each_option_learns(option):
    model = MusicVAE(Settings(**SMALL, transpose=0, rate=1e-2, **option))
    x = melodies(8).astype(np.int32)
    costs = []
    for _ in range(25):
        model.reset_metrics()
        logs = model.train_on_batch(x, return_dict=True)
        costs.append(float(logs["cost"]))
    assert costs[-1] < 0.8 * costs[0]
    # A batch norm is folded into the arrays.
    mu, _ = model.encode(x)
    numpy_mu, _ = NumpyMusicVAE(model.arrays()).encode(x)
    assert np.abs(numpy_mu - ops.convert_to_numpy(mu)).max() < 1e-4


def test_inputs_are_hidden_and_exchanged_only_in_training():
    settings = Settings(**SMALL, word_dropout=0.5, sampling=0.5)
    model = MusicVAE(settings)
    x = melodies(64).astype(np.int32)
    hidden = ops.convert_to_numpy(model.hide_inputs(x))
    exchanged = ops.convert_to_numpy(model.sample_inputs(np.zeros((64, 4), np.float32), x))
    start = settings.tokens
    assert ((hidden == x) | (hidden == start)).all()
    assert 0.4 < (hidden == start).mean() < 0.6
    # Nothing stands before the first step but the start, in a draw too.
    assert ((exchanged[:, 0] == x[:, 0]) | (exchanged[:, 0] == start)).all()
    assert (exchanged[:, 1:] < start).all()
    assert 0.4 < (exchanged == x).mean() < 0.6
    model.hide_inputs = model.sample_inputs = None
    assert model(x)["logits"].shape == (64, 32, start)


def test_with_a_running_mean_it_is_the_mean_that_is_validated_and_kept(tmp_path):
    """The mean is what NumPy computes, and training goes on from its own weights."""
    x = melodies()
    settings = Settings(**SMALL, transpose=0, rate=1e-2, ema=0.5)
    model = musicvae_training.build(MelodyData({"train": x}, {}), settings)
    seen = []
    for step in range(3):
        model.train_on_batch(*Batches(x, settings)(step))
        seen.append(model.arrays()["out_b"])
    mean = seen[0]
    for value in seen[1:]:
        mean = 0.5 * mean + 0.5 * value
    with training.averaged(model):
        np.testing.assert_allclose(model.arrays()["out_b"], mean, rtol=1e-5)
    # Keras swaps the two by sums, which round.
    np.testing.assert_allclose(model.arrays()["out_b"], seen[-1], rtol=1e-6)

    found = {}

    def validate():
        found[len(found)] = model.arrays()["out_b"]
        return 0.0

    training.fit(
        model,
        Batches(x, settings),
        validate,
        Budget(tmp_path, steps=2, validations=1),
        training.Schedule(1e-2, 1),
    )
    np.testing.assert_array_equal(model.arrays()["out_b"], found[0])


def test_a_training_is_watched_at_each_validation(tmp_path):
    """Each time of the same melodies and z: what learns nothing decodes the same."""
    x = melodies()
    seen = []
    arrays, _ = musicvae_training.train(
        MelodyData({"train": x, "validation": x[:8]}, {}),
        Settings(**SMALL, transpose=0, rate=1e-12),
        Budget(tmp_path, steps=4, validations=2, progress=False),
        watching=musicvae_training.Watching(x[:3], seen.append),
    )
    first, second = seen
    assert (first.step, second.step) == (2, 4)
    cells = NumpyMusicVAE(arrays)
    mu, _ = cells.encode(x[:3])
    np.testing.assert_array_equal(first.reconstructed, cells.decode(mu))
    np.testing.assert_array_equal(first.reconstructed, second.reconstructed)
    np.testing.assert_array_equal(first.drawn, second.drawn)
    assert first.drawn.shape == (3, 32) and melody.is_canonical(first.drawn).all()


def test_melodies_move_to_c_by_the_book_or_by_each_window():
    """A tune in D major that begins in the scale of A, and one in E minor."""

    def bars(*pitches):
        return melody.to_events(np.array([[4 * k, 4, p] for k, p in enumerate(pitches)]), 32)

    in_d = bars(69, 71, 73, 74, 76, 78, 80, 81)
    in_e_minor = bars(64, 66, 67, 69, 71, 72, 74, 76)
    tunes = [
        tune_books.Tune("b", "1", "", "C", 2, "major", (in_d,), 0, "train"),
        tune_books.Tune("b", "2", "", "C", 4, "minor", (in_e_minor,), 1, "train"),
        tune_books.Tune("b", "3", "", "C", -1, "", (bars(60, 62),), 2, "train"),
    ]

    def first_pitches(key):
        rows = musicvae_data.book_windows(tunes, "train", key)
        return sorted(int(row[0]) + melody.LOWEST - melody.FIRST_ONSET for row in rows)

    assert first_pitches("written") == [60, 64, 69]
    # Down from D to C, and up from G, whose signature E minor has; no key, no window.
    assert first_pitches("book") == [67, 69]
    # A major itself is C now; E minor has the notes of G major again.
    assert first_pitches("window") == [60, 69, 72]
    assert first_pitches("both") == [60, 67, 69, 72]
    rows, owner = musicvae_data.windows_in_key(tunes, "train")
    np.testing.assert_array_equal(rows, musicvae_data.book_windows(tunes, "train", "book"))
    assert owner.tolist() == [0, 1]


def test_going_on_from_weights_in_one_key_moves_ones_own_files_too():
    task = train.MusicVAETask.__new__(train.MusicVAETask)

    def key_of(asked, card, midi):
        task.args = argparse.Namespace(key=asked, midi=midi)
        task.initial = (None, card)
        return task._choose_key()

    shipped = [{"data": {"key": "both"}}]
    assert key_of(None, [], None) == "written"
    assert key_of(None, shipped, None) == "both"
    assert key_of(None, shipped, Path("own")) == "window"
    assert key_of("book", [], Path("own")) == "window"
    assert key_of("written", shipped, Path("own")) == "written"


def test_settings_of_a_card_are_read_by_their_old_name_and_by_the_new_one():
    settings = Settings(**SMALL, melody_steps=16, seed=7)
    card = settings.to_card()
    assert card["steps"] == 16
    assert "melody_steps" not in card
    assert Settings.from_card(card) == settings
    assert Settings.from_card(asdict(settings)) == settings
    _, shipped = weights.load_weights("musicvae")
    assert Settings.from_card(shipped["settings"]).melody_steps == 32


def test_a_training_that_was_stopped_ends_with_the_same_weights(tmp_path):
    data = MelodyData({"train": melodies(40), "validation": melodies(16, seed=1)}, {})
    given = Settings(**SMALL, word_dropout=0.2)

    def learn(folder):
        budget = Budget(folder, steps=8, validations=2, progress=False)
        return musicvae_training.train(data, given, budget)

    whole, rows = learn(tmp_path / "whole")
    stop = Batches.__call__

    def stopping(self, step):
        if step == 5:
            raise KeyboardInterrupt
        return stop(self, step)

    with pytest.MonkeyPatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(Batches, "__call__", stopping)
        learn(tmp_path / "stopped")
    again, rows_again = learn(tmp_path / "stopped")
    assert whole.keys() == again.keys()
    assert all((whole[name] == again[name]).all() for name in whole)
    assert [row["validation"] for row in rows] == [row["validation"] for row in rows_again]
    assert {
        "validation_kl_bits",
        "validation_teacher_forced",
        "validation_free_running",
        "validation_exact",
        "kl_bits",
    } <= set(rows[0])


def arguments(*words):
    parser = argparse.ArgumentParser()
    train_arguments.add_musicvae_arguments(parser)
    return parser.parse_args(
        [*words, "--embedding", "6", "--encoder", "7", "--latent", "4", "--decoder", "9"]
    )


def test_training_on_ones_own_midi(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("LYRICGEN_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("LYRICGEN_MODE", "smoke")
    shutil.copytree(DATA / "midi", tmp_path / "own")
    (tmp_path / "own" / "broken.mid").write_bytes(b"MThd no")
    assert (
        train.train_musicvae(
            arguments("--midi", str(tmp_path / "own"), "--steps", "4", "--out", str(tmp_path / "w"))
        )
        == 0
    )
    said = capsys.readouterr()
    card = json.loads((tmp_path / "w" / "own.json").read_text("utf-8"))
    assert card["read_from"] == {"path": str((tmp_path / "own").resolve())}
    assert card["data"]["meter"] == "4/4" and card["data"]["left_out"]["not in 4/4: 6/8"] == 115
    assert {"validation_always_hold", "validation_position_majority"} <= card["figures"].keys()
    table = json.loads((tmp_path / "w" / "own.files.json").read_text("utf-8"))
    assert len(table["files"]) == 12 and "always HOLD has" in said.out
    assert "refused: " in said.err and "broken.mid" in said.err and "Written" in said.out
    vae = NumpyMusicVAE.load("own", tmp_path / "w")
    assert melody.is_canonical(
        vae.decode(vae.draw(5, np.random.default_rng(0)), 1.0, np.random.default_rng(0))
    ).all()
    with pytest.raises(UserError, match=r"take|takes"):
        vae.encode(np.zeros((2, 16), int))
    data = bytearray((tmp_path / "w" / "own.npz").read_bytes())
    data[len(data) // 2] ^= 1
    (tmp_path / "w" / "own.npz").write_bytes(data)
    with pytest.raises(DataError, match="SHA-256"):
        NumpyMusicVAE.load("own", tmp_path / "w")


@pytest.mark.parametrize(
    "words, said",
    [(("--steps", "0"), "above 0"), (("--batch", "0"), "1 or more"), (("--sigma", "0"), "sigma")],
)
def test_settings_that_cannot_be_used(monkeypatch, words, said):
    monkeypatch.setattr(
        train,
        "load_book_windows",
        lambda *_: MelodyData({"train": melodies(), "validation": melodies()}, {"windows": {}}),
    )
    with pytest.raises(UserError, match=said):
        train.train_musicvae(arguments(*words))


def test_of_ten_files_eight_are_for_training_and_no_split_repeats_a_melody():
    files = [np.full((2, 32), k % 11, np.uint8) for k in range(20)]
    windows = musicvae_data.split_by_file(files)
    assert {split: rows[:, 0].tolist() for split, rows in windows.items()} == {
        "train": list(range(8)) + [10],
        "validation": [7, 8],
        "test": [8, 9],
    }


def test_a_folder_without_melodies(tmp_path):
    with pytest.raises(UserError, match="too little in .* 0 MIDI files"):
        musicvae_data.load_midi_windows(tmp_path)


def test_what_is_no_folder(tmp_path):
    with pytest.raises(UserError, match="There is no folder .*missing"):
        musicvae_data.load_midi_windows(tmp_path / "missing")
    (tmp_path / "song.mid").touch()
    with pytest.raises(UserError, match="song.mid is a file"):
        musicvae_data.load_midi_windows(tmp_path / "song.mid")


def test_training_reads_the_endings_that_parse_reads(tmp_path, capsys):
    shutil.copytree(DATA / "midi", tmp_path / "as they are")
    (tmp_path / "renamed").mkdir()
    endings = sorted(MIDI_SUFFIXES)
    for k, path in enumerate(sorted((DATA / "midi").glob("*.mid"))):
        shutil.copy(path, tmp_path / "renamed" / f"{path.stem}{endings[k % len(endings)]}")
    before = musicvae_data.load_midi_windows(tmp_path / "as they are")
    after = musicvae_data.load_midi_windows(tmp_path / "renamed")
    assert {".kar", ".rmi"} < set(endings)
    assert after.source == before.source | {"name": "renamed"}


def test_the_card_tells_folders_of_equal_counts_apart(tmp_path, monkeypatch):
    rows = melodies(60)
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "1.mid").touch()

    def read_file(path, folder, selection):
        return {"file": path.name}, rows[:30] if folder.name == "a" else rows[30:]

    monkeypatch.setenv("LYRICGEN_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(collection, "read_file", read_file)
    a = musicvae_data.load_midi_windows(tmp_path / "a").source
    b = musicvae_data.load_midi_windows(tmp_path / "b").source
    assert a["windows"] == b["windows"] and a["melodies_sha256"] != b["melodies_sha256"]


def test_the_name_of_the_weights_is_the_folders_however_it_is_written(tmp_path, monkeypatch):
    shutil.copytree(DATA / "midi", tmp_path / "own" / "below")
    monkeypatch.chdir(tmp_path / "own" / "below")
    for written, name in ((".", "below"), ("..", "own"), (os.path.join("..", "below"), "below")):
        task = train.MusicVAETask(arguments("--midi", written))
        assert task.name == task.data.source["name"] == name
    with pytest.raises(UserError, match="no name that a model could get.*--name"):
        train.MusicVAETask(arguments("--midi", Path.cwd().anchor))
    (tmp_path / ".songs").mkdir()
    assert train.name_of_weights(None, tmp_path / ".songs", "") == "songs"
    for refused in ("", "a/b", "..", ".a", "a:b"):
        with pytest.raises(UserError, match="--name is"):
            train.MusicVAETask(arguments("--midi", ".", "--name", refused))


def test_weights_of_another_model_are_refused(tmp_path):
    weights.save_weights(tmp_path, "x", {"a": np.zeros(3)}, {"model": "language"})
    with pytest.raises(DataError, match="no MusicVAE"):
        NumpyMusicVAE.load("x", tmp_path)


def test_the_fitted_posterior_has_mean_and_covariance():
    rng = np.random.default_rng(0)
    mixing = np.array([[1, 0.5, 0], [0, 1, 0], [0, 0, 0.1]])
    mu = rng.standard_normal((5000, 3)) @ mixing + [1, 2, 3]
    sigma = np.full((5000, 3), 0.4)
    fitted = fit_posterior(mu, sigma)
    vae = NumpyMusicVAE({"mu_b": np.zeros(3), **fitted})
    z = mu + sigma * rng.standard_normal(mu.shape)
    drawn = vae.draw(20000, rng)
    assert np.abs(z.mean(0) - drawn.mean(0)).max() < 0.05
    assert np.abs(np.cov(z.T) - np.cov(drawn.T)).max() < 0.08
    assert abs(vae.draw(20000, rng, prior=True).std() - 1) < 0.02


def test_a_mixture_finds_its_components():
    rng = np.random.default_rng(1)
    narrow = rng.standard_normal((6000, 2)) * [0.3, 1.0] + [4, 0]
    round_one = rng.standard_normal((2000, 2)) + [-4, 2]
    z = np.concatenate([narrow, round_one])
    mixture = fit_mixture(z, 2, rng)
    order = np.argsort(-mixture["mixture_weights"])
    assert mixture["mixture_weights"][order] == pytest.approx([0.75, 0.25], abs=0.01)
    assert np.abs(mixture["mixture_means"][order] - [[4, 0], [-4, 2]]).max() < 0.1
    factors = mixture["mixture_factors"]
    covariance = factors @ factors.transpose(0, 2, 1)
    assert np.abs(covariance[order] - [np.diag([0.09, 1]), np.eye(2)]).max() < 0.12
    drawn = NumpyMusicVAE({"mu_b": np.zeros(2), **mixture}).draw(20000, rng)
    assert (drawn[:, 0] > 0).mean() == pytest.approx(0.75, abs=0.02)
    assert np.abs(np.cov(drawn.T) - np.cov(z.T)).max() < 0.3


def test_training_goes_on_from_weights():
    one = MusicVAE(Settings(**SMALL))
    other = MusicVAE(Settings(**SMALL, seed=2))
    other.begin_from(one.arrays() | {"posterior_mean": np.zeros(4)})
    assert all((one.arrays()[key] == value).all() for key, value in other.arrays().items())
    with pytest.raises(UserError, match="another size"):
        MusicVAE(Settings(**SMALL | {"latent": 5})).begin_from(one.arrays())
    # melodies of a shorter meter have the first places
    waltz = MusicVAE(Settings(**SMALL | {"melody_steps": 24}))
    waltz.begin_from(one.arrays())
    assert (waltz.arrays()["places"] == one.arrays()["places"][:24]).all()
