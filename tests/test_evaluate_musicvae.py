"""`evaluate musicvae`: two models with known figures, and refusals in one sentence.

One model copies, the other is deaf to z; the figures are the same each time.
"""

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
from lyricgen.music import measures, melody, splits, tune_books
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
    tunes = tune_books.load_tunes()
    return {split: tune_books.cut_windows(tunes, 2, split)[0] for split in splits.SHARES}


@pytest.fixture
def few(monkeypatch, windows):
    """The tune books, but with 300 windows in each split; returns those of the test."""

    def cut_windows(tunes, bars, split):
        stride = len(windows[split]) // 300
        return windows[split][::stride][:300], None

    monkeypatch.setattr(tune_books, "load_tunes", lambda: None)
    monkeypatch.setattr(tune_books, "cut_windows", cut_windows)
    return cut_windows(None, 2, "test")[0]


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
    figures = evaluate.measure_musicvae(folder=folder)
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
    assert [figures[key] for key in right] == [1] * len(right)
    assert figures["swapped"] == figures["random_pairs"] < 0.6
    assert figures["always_hold"] == (few == HOLD).mean()
    assert figures["windows"] == 300
    # Its samples are notes at random, and its walk does not move.
    assert figures["in_scale"] < 0.8
    assert figures["jsd_interval"] > 0.2
    assert figures["samples_copied"] == 0
    assert abs(figures["in_scale"] - figures["in_scale_no_walk"]) < 0.02


def test_a_model_that_is_deaf_to_z(monkeypatch, few, folder):
    monkeypatch.setattr(evaluate, "NumpyMusicVAE", Deaf)
    figures = evaluate.measure_musicvae(folder=folder)
    assert figures["swapped"] == figures["free_running"] == figures["free_running_drawn"]
    assert figures["exact"] == 0
    assert figures["attribute_diagonal"] == 0
    assert figures["midpoint_ratio"] == 0
    assert figures["in_scale"] == 1, "which is why the histograms stand beside it"
    assert figures["jsd_interval"] > 0.3


def test_what_is_real_compares_the_two_held_out_splits(few, folder, windows):
    figures = evaluate.measure_musicvae(folder=folder)
    stride = len(windows["validation"]) // 300
    validation = windows["validation"][::stride][:300]
    assert figures["in_scale_real"] == measures.in_scale(few)
    assert figures["jsd_interval_real"] == measures.jensen_shannon(
        measures.intervals(validation), measures.intervals(few)
    )
    assert figures["jsd_duration_real"] == measures.jensen_shannon(
        measures.durations(validation), measures.durations(few)
    )


def test_the_same_figures_each_time_as_json_and_as_a_table(few, folder, capsys):
    figures = evaluate.measure_musicvae(folder=folder)
    assert set(figures) >= REQUIRED
    assert all(np.isfinite(value) for value in figures.values())
    assert main(["evaluate", "musicvae", "--json", "--folder", str(folder)]) == 0
    assert json.loads(capsys.readouterr().out) == figures
    assert main(["evaluate", "musicvae", "--folder", str(folder), "--part", "validation"]) == 0
    shown = capsys.readouterr()
    head, *rows = shown.out.splitlines()
    lines = dict(line.split()[:2] for line in rows)
    assert head == "musicvae:" and set(lines) == set(figures)
    assert all("  " in line.strip() and len(line.split()) > 4 for line in rows), "with words"
    [hold] = [line for line in rows if line.split()[0] == "free_running"]
    assert "more is better; position_majority 0." in hold
    assert "melodies:" in shown.err, "a bar"
    assert float(lines["always_hold"]) != pytest.approx(figures["always_hold"], abs=1e-4)


def test_weights_of_other_data_are_refused(folder, capsys):
    arrays = dict(np.load(folder / "musicvae.npz"))
    save_weights(folder, "musicvae", arrays, {"model": "musicvae", "data": {"split": "another"}})
    with pytest.raises(DataError, match="learned something else"):
        evaluate.measure_musicvae(folder=folder)
    save_weights(folder, "musicvae", arrays, {"model": "language"})
    assert main(["evaluate", "musicvae", "--folder", str(folder)]) == 2
    assert main(["evaluate", "musicvae", "--folder", str(folder / "nowhere")]) == 2
    output = capsys.readouterr()
    assert not output.out
    assert len(output.err.splitlines()) == 2
    with pytest.raises(SystemExit):
        main(["evaluate", "musicvae", "--part", "train"])


@pytest.mark.parametrize("count", [2, 3, 50])
def test_another_one_is_never_the_same(count):
    other = evaluate.derangement(count, np.random.default_rng(count))
    assert sorted(other) == list(range(count))
    assert (other != np.arange(count)).all()


def test_in_batches():
    x = np.arange(10.0).reshape(5, 2)
    np.testing.assert_array_equal(evaluate.in_batches(lambda rows: rows + 1, x, size=2), x + 1)
    one, two = evaluate.in_batches(lambda a, b: (a, b[:, 0]), x, -x, size=3)
    np.testing.assert_array_equal(one, x)
    np.testing.assert_array_equal(two, -x[:, 0])


def test_midpoint_counts_bits_above_the_ends():
    row_a = [2, 0, 3, 0]
    row_b = [4, 0, 5, 0]
    row_mixed = [2, 0, 0, 5]
    a, b, mixed = (np.array([row] * 6) for row in (row_a, row_b, row_mixed))
    model = NGram([*a.tolist(), *b.tolist()], 2, range(6))
    assert evaluate.midpoint_bits(model, a, (a, a)) == pytest.approx(0)
    bits_of_ends = model.bits(row_a).sum() + model.bits(row_b).sum()
    expected = model.bits(row_mixed).sum() - bits_of_ends / 2
    assert evaluate.midpoint_bits(model, mixed, (a, b)) == pytest.approx(expected)
