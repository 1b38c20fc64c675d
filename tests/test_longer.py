"""Tunes of 16 bars: Keras and NumPy agree, copies are exact, the KL keeps its target.

The model of two bars is a tiny one at random.
"""

import json
from dataclasses import replace

import compare_longer
import numpy as np
import pytest
from keras import ops

from lyricgen.budget import Budget
from lyricgen.cli.main import main
from lyricgen.files import DataError, UserError, sha256
from lyricgen.models import training as models_training
from lyricgen.models.longer import data, evaluation, inference, network, training
from lyricgen.models.longer.data import Batches, LatentBatches, TuneData, TuneRows, Units, Windows
from lyricgen.models.longer.evaluation import KnownSegments, accuracy_rates
from lyricgen.models.longer.inference import NumpyLatentLanguageModel, NumpySongVAE
from lyricgen.models.longer.rivals import training as rivals_training
from lyricgen.models.longer.rivals.inference import NumpyRival
from lyricgen.models.longer.settings import LatentSettings, SongSettings
from lyricgen.models.lstm.cell import sigmoid
from lyricgen.models.musicvae.inference import NumpyMusicVAE
from lyricgen.models.musicvae.posterior import fit_posterior
from lyricgen.models.musicvae.settings import BOTH
from lyricgen.models.weights import WEIGHTS, load_weights, save_weights
from lyricgen.music import form, keys, melody, tune_books
from lyricgen.music.melody import EVENTS
from lyricgen.music.tune_books import Tune

G = 4
SONG = SongSettings(
    segment=G, latent=5, encoder=6, conductor=7, inputs=3, target=20.0, batch=16, rate=3e-3
)
LATENTS = LatentSettings(segment=G, hidden=8, attention=5, components=2, batch=8)


def random_vae(seed=0):
    """A tiny MusicVAE of two bars at random, in one key."""
    rng = np.random.default_rng(seed)
    E, N, H = 4, 5, 6
    shapes = {"events": (EVENTS, E), "inputs": (EVENTS + 1, E), "places": (32, E)}
    shapes |= {"z_W": (G, E), "first_W": (G, 2 * H), "first_b": (2 * H,)}
    shapes |= {"out_W": (H, EVENTS), "out_b": (EVENTS,)}
    shapes |= {"mu_W": (2 * N, G), "mu_b": (G,), "sigma_W": (2 * N, G), "sigma_b": (G,)}
    for name, size in (("encoder", N), ("reverse", N), ("decoder", H)):
        shapes |= {f"{name}_W": (E, 4 * size), f"{name}_U": (size, 4 * size)}
        shapes[f"{name}_b"] = (4 * size,)
    arrays = {name: rng.standard_normal(shape) for name, shape in shapes.items()}
    return NumpyMusicVAE(arrays, key=BOTH)


def tunes(count=24, seed=0):
    """Tunes of 16 bars in G major: a phrase, again, another, and the first again."""
    rng = np.random.default_rng(seed)
    made = []
    for k in range(count):
        pitches = keys.WHITE_KEYS[30 + rng.integers(0, 8, (2, 16))] + 7
        phrases = np.zeros((2, 64), np.uint8)
        phrases[:, ::4] = pitches
        run = np.concatenate([phrases[0], phrases[0], phrases[1], phrases[0]])
        split = ("train", "validation", "train", "train", "test", "train")[k % 6]
        run.setflags(write=False)
        made.append(Tune("book", str(k), "", "4/4", 7, "major", (run,), k, split))
    return made


@pytest.fixture(scope="module")
def vae():
    return random_vae()


@pytest.fixture(scope="module")
def tune_data(vae):
    windows = {split: data.cut_windows(tunes(), split) for split in ("train", "validation")}
    short = data.cut_windows(tunes(), "train", data.SHORT_BARS)
    table = np.unique(
        np.concatenate([w.events.reshape(-1, 32) for w in (*windows.values(), short)]), axis=0
    )
    mu, sigma = vae.encode(table)
    latents = data.Latents(table, mu.astype(np.float32), sigma.astype(np.float32))

    def in_rows(found: Windows) -> TuneRows:
        return TuneRows(found, latents.rows_of(found.events[None]))

    splits = {split: in_rows(found) for split, found in windows.items()}
    return TuneData(splits, in_rows(short), latents, {"name": "tune books"})


@pytest.fixture(scope="module")
def units(tune_data):
    return Units.of(tune_data.latents)


@pytest.fixture(scope="module")
def song(tune_data, units):
    models_training.make_deterministic(3)
    made = network.SongVAE(SONG, training.start_of(tune_data, units, SONG.latent))
    # Larger than at the start, so that the outputs differ.
    for layer in (made.conductor.gate_z, made.conductor.pointer_z, made.encoder.mu_h):
        layer.kernel.assign(np.random.default_rng(1).normal(0, 1.5, layer.kernel.shape))
    return made


@pytest.fixture(scope="module")
def latent_model(units):
    models_training.make_deterministic(3)
    made = network.LatentLanguageModel(LATENTS, units.spread)
    # At the start it is 0.
    made.mix.assign(np.random.default_rng(2).normal(0, 0.3, made.mix.shape))
    return made


def to_numpy(tensors):
    return [ops.convert_to_numpy(tensor) for tensor in tensors]


def test_windows_are_in_c_as_whole_tunes():
    windows = data.cut_windows(tunes(), "train")
    assert windows.events.shape == (16, 8, 32)
    assert inference.in_c_major(windows.events).all()
    assert windows.begins.all() and windows.ends.all()
    short = data.cut_windows(tunes(), "train", 8)
    starts = short.begins.astype(int)
    assert 0 < starts.sum() <= 16 and not (short.begins & short.ends).any()


def test_segments_are_struck_again_and_joined_back():
    held = np.zeros((1, 256), np.uint8)
    held[0, 0] = 50
    segments = data.to_segments(held)
    assert (segments[0, :, 0] == 50).all()
    silent = np.zeros((1, 256), np.uint8)
    silent[0, 0] = melody.REST
    assert (data.to_melodies(data.to_segments(silent)) == silent).all()


def test_a_tune_without_a_key_is_moved_by_its_estimated_one():
    [tune] = tunes(1)
    assert data.shifts_of(tune) == [5]
    assert data.shifts_of(replace(tune, tonic=-1)) == [int(keys.shift_to_c(tune.runs[0][None])[0])]
    assert len(data.shifts_of(replace(tune, tonic=2), estimated=True)) == 2
    moved, shift = data.move_tune(tune.runs[0])
    assert inference.in_c_major(moved) and shift in (5, -7)


def test_equal_segments_have_exactly_equal_latents(tune_data, units, vae):
    rows = tune_data.splits["train"].rows[0]
    assert (rows[:, :2] == rows[:, 2:4]).all() and (rows[:, :2] == rows[:, 6:]).all()
    x = units.read(tune_data.latents.mu)[rows]
    distance = ops.convert_to_numpy(network.squared_distances(x.astype(np.float32)))
    assert (distance[:, 0, 2] == 0).all() and (distance[:, 0, 4] > 0).all()
    with pytest.raises(KeyError):
        tune_data.latents.rows_of(np.full((1, 32), 7, np.uint8))


def test_latents_are_kept_and_read_again(vae, tmp_path, monkeypatch):
    monkeypatch.setenv("LYRICGEN_CACHE", str(tmp_path))
    segments = data.cut_windows(tunes(), "train").events
    first = data.encode_all(vae, "a", [segments])
    other = random_vae(1)
    assert (data.encode_all(other, "a", [segments]).mu == first.mu).all()
    assert (data.encode_all(other, "b", [segments]).mu != first.mu).any()


def test_a_model_of_all_keys_is_refused(vae):
    with pytest.raises(UserError, match="in one key"):
        data.check_one_key(NumpyMusicVAE(vae.a))


def test_principal_components_reconstruct_what_has_few_dimensions():
    rng = np.random.default_rng(0)
    x = (100 * rng.standard_normal((300, 3))) @ rng.standard_normal((3, 8 * G)) + 5
    start = data.principal_components(x.reshape(300, 8, G), 3)
    mu = x @ start["mu_W"] + start["mu_b"]
    back = mu @ start["out_W"] + start["out_b"]
    assert np.abs(mu.std(axis=0) - 1).max() < 0.01
    assert np.abs(back - x).max() < 0.01 * np.abs(x).max()
    assert (start["sigma"] < 0.05).all()


def test_song_vae_in_keras_and_in_numpy(song, tune_data, units, vae):
    arrays = song.arrays() | training.units_in_file(units)
    twin = NumpySongVAE(arrays, vae)
    x = units.read(tune_data.latents.mu)[tune_data.splits["train"].rows[0]].astype(np.float32)
    for ours, theirs in zip(twin.encode(x), to_numpy(song.encoder(x))):
        assert np.abs(ours - theirs).max() < 1e-5
    z = np.random.default_rng(0).standard_normal((20, SONG.latent)).astype(np.float32)
    y, gates, pointers = to_numpy(song.conductor(z))
    own_y, own_gates, own_pointers = twin.conduct(z)
    assert np.abs(own_y - y).max() < 1e-4 * max(1, np.abs(y).max())
    assert np.abs(own_gates - sigmoid(gates.astype(float))).max() < 1e-5
    shares = inference.softmax(pointers.astype(float))
    assert np.abs(own_pointers - shares)[:, 1:].max() < 1e-5


def test_the_first_segment_copies_nothing_and_no_segment_a_later_one(song, units, vae):
    twin = NumpySongVAE(song.arrays() | training.units_in_file(units), vae)
    z = 5 * np.random.default_rng(0).standard_normal((200, SONG.latent))
    _, gates, pointers = twin.conduct(z)
    assert (gates[:, 0] == 0).all() and gates[:, 1:].max() > 0.9
    assert (pointers * (1 - np.tri(8, k=-1)) == 0).all()
    source = inference.resolve_copies(gates, pointers, np.random.default_rng(1))
    assert (source <= np.arange(8)).all() and (source < np.arange(8)).any()
    # A source is never a copy itself.
    rows = np.arange(len(source))[:, None]
    assert (source[rows, source] == source).all()


def test_a_copy_has_equal_bars(song, units, vae):
    twin = NumpySongVAE(song.arrays() | training.units_in_file(units), vae)
    z = 3 * np.random.default_rng(2).standard_normal((30, SONG.latent))
    written = twin.decode(z, np.random.default_rng(3), rounds=1)
    rows, copies = np.nonzero(written.source < np.arange(8))
    assert len(rows) > 10
    originals = written.segments[rows, written.source[rows, copies]]
    assert (written.segments[rows, copies] == originals).all()
    assert melody.is_canonical(written.events).all()


def test_an_exact_copy_costs_less_than_a_near_one(song, tune_data, units):
    x = units.read(tune_data.latents.mu)[tune_data.splits["train"].rows[0]].astype(np.float32)
    near = x + np.float32(0.5)
    near[:, :2] = x[:, :2]
    B = len(x)
    certain = np.full((B, 8), 5.0, np.float32)
    certain[:, 0] = network.CLOSED
    pointers = np.zeros((B, 8, 8), np.float32) + network.ONLY_EARLIER
    predicted = {"y": np.zeros_like(x), "gates": certain, "pointers": pointers}
    exact, nearly = (ops.convert_to_numpy(song.costs_of(each, predicted)) for each in (x, near))
    assert (exact < nearly).all()


def test_without_pointers_the_cost_is_the_squared_error(tune_data, units):
    start = training.start_of(tune_data, units, SONG.latent)
    plain = network.SongVAE(replace(SONG, pointers=False), start)
    x = np.ones((3, 8, G), np.float32)
    predicted = plain(x)
    y = ops.convert_to_numpy(predicted["y"])
    cost = ops.convert_to_numpy(plain.costs_of(x, predicted))
    assert np.allclose(cost, ((x - y) ** 2).sum(axis=(1, 2)) / 2, rtol=1e-4)
    twin = NumpySongVAE(plain.arrays() | training.units_in_file(units), random_vae())
    assert not twin.has_pointers
    assert (twin.decode(np.zeros((2, SONG.latent))).source == np.arange(8)).all()


@pytest.mark.parametrize("kind", ["song", "flat", "carried", "latents"])
def test_gradients_reach_every_weight(kind, tune_data, units, vae):
    start = training.start_of(tune_data, units, SONG.latent) | training.units_in_file(units)
    if kind == "song":
        model = network.SongVAE(SONG, start)
        batch = units.read(tune_data.latents.mu)[tune_data.splits["train"].rows[0]]
    elif kind == "latents":
        model = network.LatentLanguageModel(LATENTS, units.spread)
        of = LatentBatches(tune_data, units, LATENTS)
        (batch,) = of(0)
    else:
        model = rivals_training.build_rival(kind, tune_data, SONG, vae.a)
        (batch,) = rivals_training.EventBatches(tune_data, units, SONG)(0)
    before = [ops.convert_to_numpy(weight) for weight in model.trainable_weights]
    model.optimizer.learning_rate.assign(1e-2)
    for _ in range(3):
        model.train_on_batch(batch.astype(np.float32))
    after = [ops.convert_to_numpy(weight) for weight in model.trainable_weights]
    still = [
        weight.path
        for weight, old, new in zip(model.trainable_weights, before, after)
        if (old == new).all()
    ]
    assert not still


def test_beta_holds_the_kl_near_its_target(tune_data, tmp_path):
    for target in (8.0, 25.0):
        settings = replace(SONG, target=target, rate=1e-2)
        budget = Budget(tmp_path / str(target), steps=200, validations=5, progress=False)
        _, rows = training.train_song_vae(tune_data, settings, budget)
        assert abs(rows[-1]["kl_bits"] / target - 1) < 0.15


def test_a_stopped_training_ends_with_the_same_weights(tune_data, tmp_path):
    class Stopped(Exception):
        pass

    def stop(rows):
        if len(rows) == 2:
            raise Stopped

    def run(name, each=None):
        budget = Budget(tmp_path / name, steps=12, validations=4, progress=False)
        return training.train_song_vae(tune_data, SONG, budget, each=each)

    whole, _ = run("whole")
    with pytest.raises(Stopped):
        run("stopped", stop)
    resumed, _ = run("stopped")
    # Sums on several threads differ in the last bit, also without a stop.
    for name, array in whole.items():
        np.testing.assert_allclose(resumed[name], array, rtol=0, atol=1e-6, err_msg=name)


def test_latent_model_in_keras_and_in_numpy(latent_model, tune_data, units, vae):
    twin = NumpyLatentLanguageModel(latent_model.arrays() | training.units_in_file(units), vae)
    batches = LatentBatches(tune_data, units, LATENTS)
    (packed,) = batches(0)
    x, sigma = packed[..., :G].astype(float), packed[..., G : 2 * G].astype(float)
    scaled = packed[..., :G] / units.spread
    flags = packed[:, 0, 2 * G : 2 * G + 2]
    joint, pointers = latent_model._read(scaled, flags, False)
    z = x + sigma * np.random.default_rng(0).standard_normal(x.shape)
    new = ops.convert_to_numpy(latent_model._log_new(z.astype(np.float32), joint))
    shares = inference.softmax(ops.convert_to_numpy(pointers).astype(float))
    h, c = twin._no_state("lstm", len(x))
    for s in range(8):
        prediction, h, c = twin.step(x[:, :s], flags, h, c)
        without = prediction._replace(gate=np.zeros(len(x)))
        own = twin.log_density(z[:, s], x[:, :s], without)
        assert np.abs(own - new[:, s]).max() < 1e-4
        if s:
            assert np.abs(prediction.pointers - shares[:, s, :s]).max() < 1e-5


def test_draws_of_the_latent_model_have_the_density_that_it_says(latent_model, units, vae):
    """The mean of ln p over draws of one Gaussian is what its sigma says."""
    twin = NumpyLatentLanguageModel(latent_model.arrays() | training.units_in_file(units), vae)
    count = 4000
    h, c = twin._no_state("lstm", count)
    prediction, _, _ = twin.step(np.zeros((count, 0, G)), np.ones((count, 2)), h, c)
    alone = prediction._replace(log_weights=prediction.log_weights * 0 + [0, -np.inf])
    x = twin._draw(alone, np.arange(count), np.random.default_rng(0), 1.0)
    expected = -(alone.log_sigmas[0, 0] + np.log(2 * np.pi * np.e) / 2).sum()
    found = twin.log_density(x, np.zeros((count, 0, G)), alone)
    assert abs(found.mean() - expected) < 0.1
    assert np.abs(np.corrcoef(x.T)[np.triu_indices(G, 1)]).max() > 0.1


def test_the_latent_model_does_not_see_what_comes(latent_model, tune_data, units):
    (packed,) = LatentBatches(tune_data, units, LATENTS)(0)
    changed = packed.copy()
    changed[:, 5:, :G] += 3
    before, after = (
        ops.convert_to_numpy(
            latent_model._read(each[..., :G] / units.spread, each[:, 0, -3:-1], False)[0]
        )
        for each in (packed, changed)
    )
    assert (before[:, :6] == after[:, :6]).all() and (before[:, 6:] != after[:, 6:]).any()


def test_the_kl_of_a_latent_model_falls_and_is_that_of_numpy(tune_data, units, vae, tmp_path):
    budget = Budget(tmp_path, steps=60, validations=12, progress=False)
    arrays, rows = training.train_latents(tune_data, replace(LATENTS, rate=1e-2), budget)
    assert min(row["validation"] for row in rows) < rows[0]["validation"] - 1
    twin = NumpyLatentLanguageModel(arrays, vae)
    windows = tune_data.splits["validation"].windows
    x, sigma = twin.encode_segments(windows.events)
    flags = np.ones((len(x), 2))
    rng = np.random.default_rng(0)
    bits = np.mean([twin.kl(x, sigma, flags, rng)[0].sum(axis=1).mean() for _ in range(20)])
    best = min(row["validation"] for row in rows)
    assert abs(bits / np.log(2) - best) < 0.15 * best


def test_short_windows_come_at_their_share_and_count_half(tune_data, units):
    batches = LatentBatches(tune_data, units, replace(LATENTS, short=0.5))
    counted = [batches(step)[0][..., -1].sum(axis=1) for step in range(8)]
    assert [row[0] for row in counted] == [8, 4] * 4
    assert all(len(set(row.tolist())) == 1 for row in counted)


@pytest.mark.parametrize("tries", [1, 5])
def test_the_latent_model_writes_tunes_with_copies(latent_model, units, vae, tries):
    arrays = latent_model.arrays() | training.units_in_file(units)
    arrays["gate_b"] = np.array([2.0])
    twin = NumpyLatentLanguageModel(arrays, vae)
    written = twin.sample(12, np.random.default_rng(1), rounds=1, tries=tries)
    again = twin.sample(12, np.random.default_rng(1), rounds=1, tries=tries)
    assert (written.segments == again.segments).all()
    rows, copies = np.nonzero(written.source < np.arange(8))
    assert len(rows) > 20
    originals = written.segments[rows, written.source[rows, copies]]
    assert (written.segments[rows, copies] == originals).all()
    new = (written.source == np.arange(8)).sum()
    assert written.drawn == new if tries == 1 else written.drawn > new
    assert 0 <= written.acceptance <= 1


def test_a_widened_decoder_decodes_what_the_old_one_does(tune_data, units, vae):
    wide = rivals_training.build_rival("flat", tune_data, SONG, vae.a)
    twin = NumpyRival(wide.arrays() | training.units_in_file(units), vae)
    z = np.random.default_rng(0).standard_normal((20, SONG.latent))
    first = twin.decode(z).segments[:, 0]
    read = twin.write(twin._dense("flat", z))
    assert (first == vae.decode(read)).mean() > 0.999


@pytest.mark.parametrize("kind", ["flat", "carried"])
def test_rivals_in_keras_and_in_numpy(kind, tune_data, units, vae):
    model = rivals_training.build_rival(kind, tune_data, SONG, vae.a)
    twin = NumpyRival(model.arrays() | training.units_in_file(units), vae)
    z = np.random.default_rng(0).standard_normal((10, SONG.latent)).astype(np.float32)
    written = twin.decode(z).segments.reshape(10, -1)
    read = model.bridge(z) * model.scale + model.offset
    logits = ops.convert_to_numpy(model.decoder(read[:, 0], read, written.astype(np.int32)))
    likeliest = logits.argmax(axis=-1)
    canonical = melody.is_canonical(written)
    # They differ only where the likeliest event would not have been canonical.
    assert (likeliest == written)[canonical].mean() > 0.5
    for row, step in zip(*np.nonzero(likeliest != written)):
        if step % 32:
            changed = written[row].copy()
            changed[step] = likeliest[row, step]
            assert not melody.is_canonical(changed)


def test_batches_follow_from_the_step(tune_data):
    rows = tune_data.splits["train"].rows
    x = np.arange(len(tune_data.latents), dtype=np.float32)[:, None]
    settings = replace(SONG, batch=6, splice=0.5)
    batches = Batches(rows, x, settings)
    assert (batches(4)[0] == Batches(rows, x, settings)(4)[0]).all()
    assert (batches(4)[0] != batches(5)[0]).any()
    plain = Batches(rows, x, replace(settings, splice=0.0))
    spliced = (batches(0)[0] != plain(0)[0]).any(axis=(1, 2))
    assert 0 < spliced.sum() < 6
    assert (batches(0)[0][:, :4] == plain(0)[0][:, :4]).all()
    with pytest.raises(UserError, match="a batch takes 64"):
        Batches(rows, x, replace(SONG, batch=64))


def save_models(folder, song, units, vae, digest):
    """Writes weights of two bars, and those of a song VAE that learned `digest`."""
    card = {"model": "musicvae", "data": {"key": BOTH}}
    written = save_weights(folder, "musicvae", vae.a, card)
    arrays = song.arrays() | training.units_in_file(units)
    arrays |= fit_posterior(np.eye(SONG.latent), np.ones((SONG.latent, SONG.latent)))
    card = {"model": inference.SONG_MODEL, "data": {"two_bars": digest or written["sha256"]}}
    save_weights(folder, inference.SONG_NAME, arrays, card)


def test_weights_are_loaded_with_the_model_that_they_fit(song, units, vae, tmp_path):
    save_models(tmp_path, song, units, vae, None)
    loaded = NumpySongVAE.load(folder=tmp_path, two_bars=("musicvae", tmp_path))
    assert loaded.latent == SONG.latent and loaded.has_pointers
    assert loaded.sample(3, np.random.default_rng(0)).events.shape == (3, 256)
    with pytest.raises(DataError, match="its card says"):
        NumpyLatentLanguageModel.load(
            inference.SONG_NAME, tmp_path, two_bars=("musicvae", tmp_path)
        )


def test_weights_of_other_latents_are_refused_with_both_hashes(song, units, vae, tmp_path):
    save_models(tmp_path, song, units, vae, sha256(b"other"))
    card = json.loads((tmp_path / "musicvae.json").read_text())
    with pytest.raises(DataError) as error:
        NumpySongVAE.load(folder=tmp_path, two_bars=("musicvae", tmp_path))
    assert card["sha256"] in str(error.value) and sha256(b"other") in str(error.value)


def test_the_books_have_as_many_windows_as_the_recipe_says():
    found = tune_books.load_tunes()
    assert len(data.cut_windows(found, "validation")) == 694
    assert len(data.cut_windows(found, "test")) == 655


def test_accuracies_count_steps_notes_and_bars():
    segments = data.cut_windows(tunes(4), "train").events
    decoded = segments.copy()
    decoded[:, 2, 0] = segments[:, 2, 0] + 1
    found = {name: rate.value for name, rate in accuracy_rates(segments, decoded).items()}
    assert found["steps"] == pytest.approx(255 / 256)
    assert found["onsets"] == pytest.approx(63 / 64)
    assert found["bars"] == pytest.approx(15 / 16) and found["exact"] == 0


def test_a_transposed_segment_is_known_and_another_one_is_not():
    windows = data.cut_windows(tunes(), "train")
    known = KnownSegments(windows)
    moved = melody.transpose(windows.events[:5], np.full((5, 8), 3))
    assert known.rate(moved).value == 1
    moved[:, 0, 4] += 1
    assert known.rate(moved).value == pytest.approx(7 / 8)


def test_the_cost_of_a_song_counts_copies_as_gates_say(song, units, vae):
    twin = NumpySongVAE(song.arrays() | training.units_in_file(units), vae)
    windows = data.cut_windows(tunes(), "train")
    z = np.random.default_rng(0).standard_normal((len(windows), SONG.latent))
    y, gates, pointers = twin.conduct(z)
    bits = twin.cost(z, windows.events)
    as_new = inference.segment_costs(vae, twin.write(y), windows.events)
    # Segments 0 and 2, 1 and 3 are equal, and 6 and 7 to them.
    certain = -np.log2(1 - gates).sum(axis=1) + as_new.sum(axis=1)
    assert (bits <= certain + 1e-9).all() and (bits < certain - 1).any()


def test_a_rival_costs_what_teacher_forcing_says(tune_data, units, vae):
    model = rivals_training.build_rival("carried", tune_data, SONG, vae.a)
    twin = NumpyRival(model.arrays() | training.units_in_file(units), vae)
    (batch,) = rivals_training.EventBatches(tune_data, units, SONG)(0)
    z = np.random.default_rng(0).standard_normal((len(batch), SONG.latent)).astype(np.float32)
    read = model.bridge(z) * model.scale + model.offset
    events = batch[..., G:].reshape(len(batch), -1).astype(np.int32)
    logits = model.decoder(read[:, 0], read, events)
    nats = ops.convert_to_numpy(model.costs_of(batch, {"logits": logits}))
    bits = twin.cost(z, batch[..., G:].astype(np.uint8))
    assert np.allclose(bits * np.log(2), nats, rtol=1e-4)


@pytest.fixture
def trained(song, latent_model, units, vae, tmp_path):
    """A folder with tiny weights of two bars and of both models of 16."""
    save_models(tmp_path, song, units, vae, None)
    digest = json.loads((tmp_path / "musicvae.json").read_text())["sha256"]
    split = sha256(tune_books.SPLIT_FILE.read_bytes())
    for name in (inference.SONG_NAME, inference.LATENT_NAME):
        arrays = latent_model.arrays() | training.units_in_file(units)
        if name == inference.SONG_NAME:
            arrays, _ = load_weights(name, tmp_path)
        card = {"model": name, "data": {"two_bars": digest, "split": split}}
        save_weights(tmp_path, name, arrays, card)
    return tmp_path


def test_evaluate_longer_prints_a_table_and_json(trained, monkeypatch, capsys):
    monkeypatch.setattr(tune_books, "load_tunes", lambda: tuple(tunes()))
    monkeypatch.setattr(evaluation, "SAMPLES", 6)
    words = ["evaluate", "longer", "--part", "validation", "--folder", str(trained)]
    words += ["--two-bars", str(trained / "musicvae.npz")]
    assert main(words) == 0
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= 100 and len(lines) > 40, max(lines, key=len)
    assert main([*words, "--json"]) == 0
    measured = json.loads(capsys.readouterr().out)
    assert measured["windows"] == 4 and measured["windows_with_repeat"] == 1
    # The phrases are A A B A, of four bars each.
    assert measured["samples"]["real_whole"]["repeats"] == pytest.approx(8 / 15)
    assert measured["samples"]["real_whole"]["lag_4"] == pytest.approx(4 / 12)
    assert measured["latents"]["kl_bits"] > 0
    low, high = measured["song"]["intervals"]["steps"]
    assert low <= measured["song"]["steps"] <= high


def test_sample_writes_tunes_of_16_bars(trained, capsys):
    out = trained / "out"
    words = ["sample", str(trained / "musicvae.npz"), "--count", "2", "--out", str(out)]
    assert main([*words, "--bars", "16"]) == 0
    told = capsys.readouterr()
    assert "2 melodies of 16 bars" in told.out and "were drawn stay in C major" in told.err
    assert sorted(path.suffix for path in out.iterdir()) == [".html", *[".mid"] * 2, *[".mp3"] * 2]
    assert main(["sample", str(trained / f"{inference.SONG_NAME}.npz")]) == 2
    assert "--bars 16" in capsys.readouterr().err


def test_train_longer_writes_weights_with_a_card(trained, monkeypatch, capsys):
    monkeypatch.setenv("LYRICGEN_CACHE", str(trained / "cache"))
    monkeypatch.setattr(tune_books, "load_tunes", lambda: tuple(tunes()))
    out = trained / "new"
    two_bars = ["--two-bars", str(trained / "musicvae.npz"), "--out", str(out)]
    small = ["--latent", "4", "--encoder", "3", "--conductor", "5", "--inputs", "3", "--batch", "4"]
    assert main(["train", "longer", "song", *two_bars, "--steps", "6", *small]) == 0
    small = ["--hidden", "6", "--attention", "3", "--components", "2", "--batch", "4"]
    assert main(["train", "longer", "latents", *two_bars, "--steps", "6", *small]) == 0
    digest = json.loads((trained / "musicvae.json").read_text())["sha256"]
    for name in (inference.SONG_NAME, inference.LATENT_NAME):
        card = json.loads((out / f"{name}.json").read_text())
        assert card["data"]["two_bars"] == digest and card["steps"] == 6
        assert "validation_bill_bits" in card["figures"]
    loaded = NumpySongVAE.load(folder=out, two_bars=("musicvae", trained))
    assert loaded.latent == 4


def test_the_comparison_resumes_and_refuses_another_one(tune_data, vae, tmp_path, monkeypatch):
    monkeypatch.setattr(tune_books, "load_tunes", lambda: tuple(tunes()))
    monkeypatch.setattr(evaluation, "SAMPLES", 5)
    small = {"latent": 4, "encoder": 3, "conductor": 5, "inputs": 3, "batch": 4}
    runs = {
        "song": compare_longer.Run("song", 3, small),
        "flat": compare_longer.Run("flat", 3, small | {"pointers": False}),
        "carried": compare_longer.Run("carried", 3, small | {"pointers": False}),
        "latents": compare_longer.Run("latents", 3, {"hidden": 5, "components": 2, "batch": 4}),
    }
    held = compare_longer.Held(tune_data, vae, tune_data.splits["validation"].windows)
    path = tmp_path / "longer.json"
    some = {"song": runs["song"]}
    compare_longer.compare(path, held, {"measured on": "tiny tunes"}, some, seeds=1)
    first = json.loads(path.read_text())["runs"]
    assert [row["run"] for row in first] == ["linear", "song"]
    assert first[0]["kl_bits_in_theory"] <= SongSettings.target
    assert first[1]["weights"] > 0 and 0 <= first[1]["samples"]["repeats"] <= 1
    compare_longer.compare(path, held, {"measured on": "tiny tunes"}, some, seeds=2)
    assert json.loads(path.read_text())["runs"][:2] == first
    with pytest.raises(UserError, match="another comparison"):
        compare_longer.compare(path, held, {"measured on": "tiny tunes"}, runs, seeds=1)
    other = tmp_path / "other.json"
    card = compare_longer.compare(other, held, {}, runs, seeds=1, shipped=lambda: {"windows": 4})
    assert [row["run"] for row in card["runs"]] == ["linear", *runs]
    assert card["shipped"] == {"windows": 4}
    assert {"steps", "bars_drawn", "kl_bits", "steps_by_segment"} <= set(card["runs"][2])
    assert card["runs"][4]["kl_bits"] > 0


@pytest.mark.parametrize("name", [inference.SONG_NAME, inference.LATENT_NAME])
def test_the_shipped_weights_belong_to_the_shipped_model_of_two_bars(name):
    _, card = load_weights(name)
    _, two_bars = load_weights("musicvae")
    assert card["data"]["two_bars"] == two_bars["sha256"]
    assert card["data"]["windows"] == {"train": 6086, "validation": 694, "test": 655}
    assert (WEIGHTS / card["file"]).stat().st_size < 5e6


def test_the_shipped_models_read_and_write_held_out_tunes():
    """The figures of a tenth of the windows are near to those of the cards."""
    found = tune_books.load_tunes()
    windows = data.cut_windows(found, "validation").take(slice(None, None, 10))
    rng = np.random.default_rng(1)
    measured = evaluation.measure_song(NumpySongVAE.load(), windows, rng)
    _, card = load_weights(inference.SONG_NAME)
    for key, near in {"steps": 0.03, "bars": 0.06, "kl_bits": 20}.items():
        assert measured[key] == pytest.approx(card["figures"][f"validation_{key}"], abs=near)
    assert measured["copy_precision"] > 0.85
    flags = np.stack([windows.begins, windows.ends], axis=1)
    latents = NumpyLatentLanguageModel.load()
    x, sigma = latents.encode_segments(windows.events)
    _, card = load_weights(inference.LATENT_NAME)
    nats, _ = latents.kl(x, sigma, flags, rng)
    bits = nats.sum(axis=1).mean() / np.log(2)
    assert bits == pytest.approx(card["figures"]["validation_kl_bits"], abs=25)


def test_sample_writes_whole_tunes_with_the_shipped_weights(tmp_path, capsys):
    words = ["sample", "musicvae", "--bars", "16", "--count", "3", "--out", str(tmp_path)]
    assert main(words) == 0
    assert "3 melodies of 16 bars in 4/4" in capsys.readouterr().out
    assert len(list(tmp_path.glob("*.mid"))) == 3
    drawn = NumpyLatentLanguageModel.load().sample(8, np.random.default_rng(1))
    part, whole = form.repeats(drawn.events)
    assert part.sum() / whole.sum() > 0.25, "pointers make the bars come again"
