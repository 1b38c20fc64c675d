"""`evaluate musicvae`: what a model that copies and one that is deaf to z must measure, the same figures each time, and refusals in one sentence."""

import json

import numpy as np
import pytest

from lyricgen.cli.main import main
from lyricgen.files import DataError, sha256
from lyricgen.models.musicvae import evaluation as evaluate
from lyricgen.models.musicvae.inference import NumpyMusicVAE
from lyricgen.models.musicvae.posterior import fit_posterior
from lyricgen.models.ngram import NGram
from lyricgen.models.weights import save_weights
from lyricgen.music import melody, splits, tune_books
from lyricgen.music.melody import FIRST_ONSET, HOLD

REQUIRED = {
    "kl_bits",
    "free_running",
    "free_running_drawn",
    "onset",
    "exact",
    "note_f1",
    "teacher_forced",
    "swapped",
    "random_pairs",
    "always_hold",
    "in_scale",
    "jsd_interval",
    "jsd_duration",
    "midpoint_ratio",
    "attribute_diagonal",
    "windows",
}
E, N, Z, H, T, V = 4, 5, 3, 6, 32, melody.EVENTS


@pytest.fixture(scope="module")
def windows():
    loaded = tune_books.load_tunes()
    return {part: tune_books.cut_windows(loaded, 2, part)[0] for part in splits.SHARES}


@pytest.fixture
def few(monkeypatch, windows):
    """The tune books, but with 300 windows in each part."""
    monkeypatch.setattr(tune_books, "load_tunes", lambda: None)
    monkeypatch.setattr(
        tune_books,
        "cut_windows",
        lambda loaded, bars, part: (windows[part][:: len(windows[part]) // 300][:300], None),
    )
    return windows["test"][:: len(windows["test"]) // 300][:300]


@pytest.fixture
def folder(tmp_path, windows):
    """A tiny model with weights at random."""
    rng = np.random.default_rng(0)
    shapes = {
        "events": (V, E),
        "inputs": (V + 1, E),
        "places": (T, E),
        "z_W": (Z, E),
        "first_W": (Z, 2 * H),
        "first_b": (2 * H,),
        "out_W": (H, V),
        "out_b": (V,),
        "mu_W": (2 * N, Z),
        "mu_b": (Z,),
        "sigma_W": (2 * N, Z),
        "sigma_b": (Z,),
    }
    for name, size in (("encoder", N), ("reverse", N), ("decoder", H)):
        shapes |= {
            f"{name}_W": (E, 4 * size),
            f"{name}_U": (size, 4 * size),
            f"{name}_b": (4 * size,),
        }
    arrays = {name: rng.standard_normal(shape) for name, shape in shapes.items()}
    arrays |= fit_posterior(*NumpyMusicVAE(arrays).encode(windows["train"][:200]))
    save_weights(
        tmp_path,
        "musicvae",
        arrays,
        {"model": "musicvae", "data": {"split": sha256(tune_books.SPLIT_FILE.read_bytes())}},
    )
    return tmp_path


class Copying(NumpyMusicVAE):
    """z is the melody itself."""

    def encode(self, events):
        return events.astype(float), np.full(events.shape, 1e-3)

    def decode(self, z, temperature=0.0, rng=None):
        return melody.canonical(np.clip(np.rint(z), 0, V - 1).astype(int))

    def logits(self, z, events):
        return np.eye(V)[np.rint(z).astype(int)]

    def draw(self, count, rng, prior=False):
        return rng.integers(0, V, (count, T)).astype(float)


class Deaf(Copying):
    """Whatever z is, the same melody comes."""

    def decode(self, z, temperature=0.0, rng=None):
        return np.tile(np.array([FIRST_ONSET + 40, HOLD], np.uint8), (len(z), T // 2))


def test_a_model_that_copies(monkeypatch, few, folder):
    monkeypatch.setattr(evaluate, "NumpyMusicVAE", Copying)
    found = evaluate.measure_musicvae(folder=folder)
    right = (
        "free_running",
        "free_running_drawn",
        "onset",
        "onset_drawn",
        "exact",
        "exact_drawn",
        "note_f1",
        "teacher_forced",
    )
    assert [found[key] for key in right] == [1] * len(right)
    assert found["swapped"] == found["random_pairs"] < 0.6
    assert found["always_hold"] == (few == HOLD).mean() and found["windows"] == 300
    assert found["in_scale"] < 0.8 and found["jsd_interval"] > 0.2, (
        "its samples are notes at random"
    )
    assert (
        found["samples_copied"] == 0 and abs(found["in_scale"] - found["in_scale_no_walk"]) < 0.02
    ), "and where it is, it walks on the spot"


def test_a_model_that_is_deaf_to_z(monkeypatch, few, folder):
    monkeypatch.setattr(evaluate, "NumpyMusicVAE", Deaf)
    found = evaluate.measure_musicvae(folder=folder)
    assert (
        found["swapped"] == found["free_running"] == found["free_running_drawn"]
        and found["exact"] == 0
    )
    assert found["attribute_diagonal"] == 0 and found["midpoint_ratio"] == 0
    assert found["in_scale"] == 1, "which is why the histograms stand beside it"
    assert found["jsd_interval"] > 0.3


def test_the_same_figures_each_time_as_json_and_as_a_table(few, folder, capsys):
    found = evaluate.measure_musicvae(folder=folder)
    assert set(found) >= REQUIRED and all(np.isfinite(value) for value in found.values())
    assert main(["evaluate", "musicvae", "--json", "--folder", str(folder)]) == 0
    assert json.loads(capsys.readouterr().out) == found
    assert main(["evaluate", "musicvae", "--folder", str(folder), "--part", "validation"]) == 0
    lines = dict(line.split() for line in capsys.readouterr().out.splitlines())
    assert set(lines) == set(found) and float(lines["always_hold"]) != pytest.approx(
        found["always_hold"], abs=1e-4
    )


def test_weights_of_other_data_are_refused(folder, capsys):
    arrays = dict(np.load(folder / "musicvae.npz"))
    save_weights(folder, "musicvae", arrays, {"model": "musicvae", "data": {"split": "another"}})
    with pytest.raises(DataError, match="learned something else"):
        evaluate.measure_musicvae(folder=folder)
    save_weights(folder, "musicvae", arrays, {"model": "language"})
    assert main(["evaluate", "musicvae", "--folder", str(folder)]) == 2
    assert main(["evaluate", "musicvae", "--folder", str(folder / "nowhere")]) == 2
    said = capsys.readouterr()
    assert not said.out and len(said.err.splitlines()) == 2
    with pytest.raises(SystemExit):
        main(["evaluate", "musicvae", "--part", "train"])


@pytest.mark.parametrize("count", [2, 3, 50])
def test_another_one_is_never_the_same(count):
    other = evaluate.derangement(count, np.random.default_rng(count))
    assert sorted(other) == list(range(count)) and (other != np.arange(count)).all()


def test_in_pieces():
    x = np.arange(10.0).reshape(5, 2)
    np.testing.assert_array_equal(evaluate.in_batches(lambda rows: rows + 1, x, size=2), x + 1)
    one, two = evaluate.in_batches(lambda a, b: (a, b[:, 0]), x, -x, size=3)
    np.testing.assert_array_equal(one, x)
    np.testing.assert_array_equal(two, -x[:, 0])


def test_midpoint_counts_bits_above_the_ends():
    a, b = np.array([[2, 0, 3, 0]] * 6), np.array([[4, 0, 5, 0]] * 6)
    model = NGram([*a.tolist(), *b.tolist()], 2, range(6))
    assert evaluate.midpoint_bits(model, a, (a, a)) == pytest.approx(0)
    bits = {
        name: model.bits(row).sum()
        for name, row in (("a", [2, 0, 3, 0]), ("b", [4, 0, 5, 0]), ("mixed", [2, 0, 0, 5]))
    }
    assert evaluate.midpoint_bits(model, np.array([[2, 0, 0, 5]] * 6), (a, b)) == pytest.approx(
        bits["mixed"] - (bits["a"] + bits["b"]) / 2
    )
