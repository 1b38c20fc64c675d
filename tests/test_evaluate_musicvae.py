"""`evaluate musicvae`: two models with known figures, and refusals in one sentence.

One model copies, the other is deaf to z; the figures are the same each time.
"""

import json

import numpy as np
import pytest

from lyricgen.cli import meanings, musicvae_table
from lyricgen.cli.main import main
from lyricgen.files import DATA, DataError, read_card, sha256
from lyricgen.models import bootstrap
from lyricgen.models.bootstrap import Clusters, Rate
from lyricgen.models.musicvae import bits, samples
from lyricgen.models.musicvae import evaluation as evaluate
from lyricgen.models.musicvae.inference import NumpyMusicVAE, in_batches
from lyricgen.models.musicvae.posterior import fit_posterior
from lyricgen.models.musicvae.settings import BOTH, WRITTEN
from lyricgen.models.ngram import NGram
from lyricgen.models.weights import save_weights
from lyricgen.music import keys, measures, melody, splits, tune_books
from lyricgen.music.melody import FIRST_ONSET, HOLD, LOWEST

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


@pytest.fixture(scope="module")
def few_tunes():
    """Some tunes of each split: about 300 windows of each."""
    tunes = tune_books.load_tunes()
    taken = []
    for split, every in (("train", 64), ("validation", 8), ("test", 8)):
        taken += [tune for tune in tunes if tune.split == split][::every]
    return tuple(taken)


@pytest.fixture
def few(monkeypatch, few_tunes):
    """Has some tunes of each split only; returns windows of the test split."""
    monkeypatch.setattr(tune_books, "load_tunes", lambda: few_tunes)
    # What is slow is done less often.
    monkeypatch.setattr(evaluate, "IMPORTANCE_DRAWS", 4)
    monkeypatch.setattr(evaluate, "MOVED", 100)
    monkeypatch.setattr(samples, "SAMPLES", 200)
    monkeypatch.setattr(samples, "DIVERGENCE_DRAWS", 20)
    return tune_books.cut_windows(few_tunes, 2, "test")[0]


def random_arrays(known):
    """The arrays of a tiny model at random, with the posterior of some melodies."""
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
    return arrays | fit_posterior(*NumpyMusicVAE(arrays).encode(known))


def save(path, arrays, key=WRITTEN):
    """Writes weights of the tune books; a card names no key for melodies as written."""
    data = {"split": sha256(tune_books.SPLIT_FILE.read_bytes())}
    if key != WRITTEN:
        data["key"] = key
    save_weights(path, "musicvae", arrays, {"model": "musicvae", "data": data})
    return path


@pytest.fixture
def folder(tmp_path, windows):
    """A tiny model with weights at random, of melodies as written."""
    return save(tmp_path, random_arrays(windows["train"][:200]))


@pytest.fixture
def folder_of_one_key(tmp_path, windows):
    """The same of melodies in C."""
    return save(tmp_path, random_arrays(windows["train"][:200]), BOTH)


class Copying(NumpyMusicVAE):
    """z is the melody itself."""

    def encode(self, events):
        return events.astype(float), np.full(events.shape, 1e-3)

    def decode(self, z, temperature=0.0, rng=None):
        return melody.canonical(np.clip(np.rint(z), 0, V - 1).astype(int))

    def logits(self, z, events):
        """The event of z has a probability of one."""
        return 1e3 * np.eye(V)[np.clip(np.rint(z), 0, V - 1).astype(int)]

    def likeliest_after_draws(self, z, rng, temperature=1.0):
        return self.decode(z)

    def draw(self, count, rng, prior=False, gaussian=False, spread=1.0):
        return rng.integers(0, V, (count, T)).astype(float)


class Deaf(Copying):
    """Whatever z is, the same melody comes."""

    def decode(self, z, temperature=0.0, rng=None):
        return np.tile(np.array([FIRST_ONSET + 40, HOLD], np.uint8), (len(z), T // 2))


RIGHT = (
    "free_running",
    "free_running_drawn",
    "free_running_own_draws",
    "onset",
    "onset_drawn",
    "exact",
    "exact_drawn",
    "note_f1",
    "teacher_forced",
)


def test_a_model_that_copies(monkeypatch, few, folder):
    monkeypatch.setattr(evaluate, "NumpyMusicVAE", Copying)
    figures = evaluate.measure_musicvae(folder=folder)
    for suffix in ("", "_in_key"):
        assert [figures[key + suffix] for key in RIGHT] == [1] * len(RIGHT)
        ends = [figures["intervals"][key + suffix] for key in RIGHT]
        assert ends == [[1, 1]] * len(RIGHT)
    assert figures["swapped"] == figures["random_pairs"] < 0.6
    assert figures["always_hold"] == (few == HOLD).mean()
    assert figures["windows"] == len(few)
    assert figures["cost_bits"] == 0
    # Its samples are notes at random, and its walk does not move.
    assert figures["in_scale"] < 0.8
    assert figures["jsd_interval"] > 0.2
    assert figures["samples_copied"] == 0
    assert abs(figures["in_scale"] - figures["in_scale_no_walk"]) < 0.02
    drawn = figures["samples"]
    assert drawn["walk"]["wholly_in_scale"] < 0.1 < 0.8 < drawn["real"]["wholly_in_scale"]
    assert drawn["walk"]["known_bars"] == 0
    assert drawn["walk"]["leaps"] > 0.5 > 0.2 > drawn["real"]["leaps"]
    for key in ("in_scale", "known_bars", "leaps", "shared_rhythm"):
        # What walks comes back as it is.
        assert drawn["real_walked"][key] == drawn["real"][key]


def test_a_model_that_is_deaf_to_z(monkeypatch, few, folder):
    monkeypatch.setattr(evaluate, "NumpyMusicVAE", Deaf)
    figures = evaluate.measure_musicvae(folder=folder)
    assert figures["swapped"] == figures["free_running"] == figures["free_running_drawn"]
    assert figures["free_running_own_draws"] == figures["free_running"]
    assert figures["exact"] == 0
    assert figures["attribute_diagonal"] == 0
    assert all(row["difference"] == 0 for row in figures["attributes"].values())
    assert figures["midpoint_ratio"] == 0
    assert figures["in_scale"] == 1, "which is why the histograms stand beside it"
    assert figures["jsd_interval"] > 0.3
    drawn = figures["samples"]["mixture"]
    assert drawn["agreement"] == drawn["shared_rhythm"] == 1
    assert drawn["intervals"]["agreement"] == [1, 1]


def test_the_bill_adds_up(few, folder, folder_of_one_key):
    figures = evaluate.measure_musicvae(folder=folder_of_one_key)
    for suffix in ("", "_in_key"):
        parts = [figures.get(f"{part}_bits{suffix}", 0) for part in ("key", "kl", "cost")]
        assert figures[f"bill_bits{suffix}"] == pytest.approx(sum(parts))
    assert 2 < figures["key_bits"] < np.log2(12) + 0.5
    assert figures["key"] == BOTH
    low, high = figures["intervals"]["bill_bits"]
    assert low < figures["bill_bits"] < high
    save(folder, dict(np.load(folder / "musicvae.npz")))
    figures = evaluate.measure_musicvae(folder=folder)
    assert figures["key_bits"] == 0
    assert figures["intervals"]["key_bits"] == [0, 0]
    assert figures["bill_bits"] == pytest.approx(figures["kl_bits"] + figures["cost_bits"])


def test_more_draws_bring_the_bound_closer(windows, folder):
    vae = NumpyMusicVAE.load(folder=folder)
    events = windows["test"][::100]
    mu, sigma = vae.encode(events)
    noise = np.random.default_rng(5).standard_normal(mu.shape)
    z = mu + sigma * noise
    cost, _ = bits.step_costs(vae, z, events)
    one = bits.importance_bits(vae, events, (mu, sigma), 1, np.random.default_rng(5))
    by_hand = cost + ((z**2 - noise**2) / 2 - np.log(sigma)).sum(axis=1) / bits.LN2
    np.testing.assert_allclose(one, by_hand)
    few_z = [
        bits.importance_bits(vae, events, (mu, sigma), 1, np.random.default_rng(seed)).mean()
        for seed in range(20)
    ]
    many = bits.importance_bits(vae, events, (mu, sigma), 64, np.random.default_rng(6)).mean()
    assert many < np.mean(few_z)


def test_the_bits_of_a_key_by_hand():
    train_shift = np.array([0, 0, 0, -2])
    costs = bits.key_costs(train_shift, np.array([0, -2, 5]))
    np.testing.assert_allclose(costs, -np.log2(np.array([4, 2, 1]) / 16))


def test_a_model_of_one_key_takes_a_melody_in_any(folder_of_one_key, windows):
    vae = NumpyMusicVAE.load(folder=folder_of_one_key)
    assert vae.one_key
    C, D, E, F, G = range(60 - LOWEST + FIRST_ONSET, 69 - LOWEST + FIRST_ONSET, 2)[:5]
    scale = np.array([60, 62, 64, 65, 67, 71, 72, 60]) - LOWEST + FIRST_ONSET
    in_c = np.zeros((1, T), np.uint8)
    in_c[0, ::4] = scale
    in_d = melody.transpose(in_c, 2)
    mu, sigma, shift = vae.encode_as_written(in_c)
    mu_of_d, sigma_of_d, shift_of_d = vae.encode_as_written(in_d)
    np.testing.assert_array_equal(mu, mu_of_d)
    np.testing.assert_array_equal(sigma, sigma_of_d)
    assert (shift.tolist(), shift_of_d.tolist()) == ([0], [-2])
    from_c = vae.decode_as_written(mu, shift)
    from_d = vae.decode_as_written(mu_of_d, shift_of_d)
    np.testing.assert_array_equal(from_c, vae.decode(mu))
    moved, by = keys.move(from_c, np.array([2]))
    np.testing.assert_array_equal(from_d, moved)


def test_a_model_of_melodies_as_written_moves_none(folder, windows):
    vae = NumpyMusicVAE.load(folder=folder)
    events = windows["test"][:20]
    mu, sigma, shift = vae.encode_as_written(events)
    np.testing.assert_array_equal(mu, vae.encode(events)[0])
    assert not vae.one_key and not shift.any()
    np.testing.assert_array_equal(vae.decode_as_written(mu, shift), vae.decode(mu))


def test_what_would_leave_the_piano_is_not_moved():
    lowest = np.zeros((2, T), np.uint8)
    lowest[:, ::4] = FIRST_ONSET
    lowest[1, ::4] += 12
    moved, by = keys.move(lowest, np.array([-1, -1]))
    assert by.tolist() == [0, -1]
    np.testing.assert_array_equal(moved[0], lowest[0])
    back, _ = keys.move(moved, -by)
    np.testing.assert_array_equal(back, lowest)


def test_a_model_of_one_key_is_measured_as_written(monkeypatch, few, folder_of_one_key):
    """A model that copies in C copies as written; only guesses differ."""
    monkeypatch.setattr(evaluate, "NumpyMusicVAE", Copying)
    figures = evaluate.measure_musicvae(folder=folder_of_one_key)
    assert [figures[key] for key in RIGHT] == [1] * len(RIGHT)
    assert figures["always_hold"] == (few == HOLD).mean()
    # Another melody's z and shift give another melody as written.
    assert figures["swapped"] == figures["random_pairs"]
    assert figures["random_pairs_in_key"] != figures["random_pairs"]


def test_what_is_real_compares_the_two_held_out_splits(few, few_tunes, folder):
    figures = evaluate.measure_musicvae(folder=folder)
    validation, _ = tune_books.cut_windows(few_tunes, 2, "validation")
    assert figures["in_scale_real"] == pytest.approx(measures.in_scale(few))
    whole = measures.jensen_shannon(measures.intervals(validation), measures.intervals(few))
    assert figures["jsd_interval_real"] > whole, "fewer melodies are farther away"
    for key in ("jsd_interval_real", "jsd_duration_real"):
        low, high = figures["intervals"][key]
        assert 0 <= low < figures[key] < high
        assert figures[key] == figures["samples"]["real"][key.removesuffix("_real")]


def numbers(figures):
    """All numbers of nested figures, by the way to each."""
    found = {}
    for key, value in figures.items():
        if isinstance(value, dict):
            found |= {f"{key}.{inner}": number for inner, number in numbers(value).items()}
        elif isinstance(value, (list, tuple)):
            found |= {f"{key}.{k}": number for k, number in enumerate(value)}
        elif not isinstance(value, str):
            found[key] = value
    return found


def test_the_same_figures_each_time_as_json_and_as_a_table(few, folder, capsys):
    figures = evaluate.measure_musicvae(folder=folder)
    assert set(figures) >= REQUIRED
    assert set(figures) >= set(meanings.MUSICVAE)
    assert all(np.isfinite(value) for value in numbers(figures).values())
    shares = [key for key in figures["intervals"] if not key.startswith("midpoint")]
    for key in shares:
        low, high = figures["intervals"][key]
        assert low - 1e-9 <= figures[key] <= high + 1e-9
    assert main(["evaluate", "musicvae", "--json", "--folder", str(folder)]) == 0
    assert numbers(json.loads(capsys.readouterr().out)) == numbers(figures)
    assert main(["evaluate", "musicvae", "--folder", str(folder), "--part", "validation"]) == 0
    shown = capsys.readouterr()
    lines = shown.out.splitlines()
    assert max(map(len, lines)) <= 100
    assert "validation split" in lines[0]
    assert "95%" in shown.out
    words = [line.split() for line in lines if line.startswith("  ")]
    named = [row[0] for row in words]
    for key in meanings.RECONSTRUCTION:
        assert named.count(key) == 2, "as written and in one key"
    assert set(named) >= set(meanings.BITS) | set(meanings.INTERPOLATION)
    rows = {}
    for line in lines:
        if line.startswith("  "):
            rows.setdefault(line.split()[0], line)
    assert "[" in rows["free_running"] and "more" in rows["free_running"]
    assert "position_majority 0." in shown.out
    assert "melodies:" in shown.err, "a bar"
    hold = float(rows["always_hold"].split()[1])
    assert hold != pytest.approx(figures["always_hold"], abs=1e-3)


def test_the_stored_figures_are_of_this_command():
    stored = read_card(DATA / "results" / "musicvae.json")
    assert set(stored) >= REQUIRED
    # Older figures have no key of their own and no intervals.
    known = set(meanings.MUSICVAE) | {"key", "samples", "intervals"}
    known |= {"attributes", "attributes_partial"}
    known |= {f"{key}{end}" for key in HEADLINES for end in ("", "_no_walk", "_real")}
    assert set(stored) <= known
    if "intervals" in stored:
        assert all("\n".join(musicvae_table.musicvae_lines("musicvae", "test", stored)))


HEADLINES = ("in_scale", "jsd_interval", "jsd_duration")


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
    other = samples.derangement(count, np.random.default_rng(count))
    assert sorted(other) == list(range(count))
    assert (other != np.arange(count)).all()


def test_in_batches():
    x = np.arange(10.0).reshape(5, 2)
    np.testing.assert_array_equal(in_batches(lambda rows: rows + 1, x, size=2), x + 1)
    one, two = in_batches(lambda a, b: (a, b[:, 0]), x, -x, size=3)
    np.testing.assert_array_equal(one, x)
    np.testing.assert_array_equal(two, -x[:, 0])


def test_midpoint_counts_bits_above_the_ends():
    row_a = [2, 0, 3, 0]
    row_b = [4, 0, 5, 0]
    row_mixed = [2, 0, 0, 5]
    a, b, mixed = (np.array([row] * 6) for row in (row_a, row_b, row_mixed))
    model = NGram([*a.tolist(), *b.tolist()], 2, range(6))
    assert evaluate.bits_above_ends(model, a, (a, a)) == pytest.approx(0)
    bits_of_ends = model.bits(row_a).sum() + model.bits(row_b).sum()
    expected = model.bits(row_mixed).sum() - bits_of_ends / 2
    assert evaluate.bits_above_ends(model, mixed, (a, b)).mean() == pytest.approx(expected)


def test_the_interval_of_melodies_that_are_alone_is_the_plain_bootstrap():
    rng = np.random.default_rng(0)
    right = rng.random(60) < 0.7
    clusters = Clusters(np.arange(60), np.random.default_rng(1), draws=4000)
    low, high = clusters.interval(bootstrap.mean_of(right))
    drawn = np.random.default_rng(2).choice(right, (4000, 60)).mean(axis=1)
    np.testing.assert_allclose((low, high), np.quantile(drawn, (0.025, 0.975)), atol=0.03)


def test_melodies_of_a_cluster_count_as_one():
    values = np.repeat(np.random.default_rng(3).random(30), 20)
    cluster = np.repeat(np.arange(30), 20)
    rate = bootstrap.mean_of(values)
    low, high = Clusters(cluster, np.random.default_rng(1)).interval(rate)
    of_30 = Clusters(np.arange(30), np.random.default_rng(1))
    np.testing.assert_allclose((low, high), of_30.interval(bootstrap.mean_of(values[::20])))
    narrow = Clusters(np.arange(600), np.random.default_rng(1)).interval(rate)
    assert high - low > 3 * (narrow[1] - narrow[0])


def test_a_ratio_is_of_sums():
    rate = Rate(np.array([1, 8]), np.array([1, 9]))
    assert rate.value == 0.9
    low, high = Clusters(np.array([0, 1]), np.random.default_rng(0)).interval(rate)
    assert (low, high) == (pytest.approx(8 / 9), 1)
    assert Rate(np.zeros(3), np.zeros(3)).value == 0


def test_measures_of_samples_by_hand():
    C, D, G, high_G = np.array([60, 62, 67, 79]) - LOWEST + FIRST_ONSET
    up = [C, 0, D, 0, C, 0, D, 0]
    wide = [C, 0, high_G, 0, D, G, 0, 0]
    events = np.array([up, wide], np.uint8)
    part, whole = measures.leaps(events)
    assert (part.tolist(), whole.tolist()) == ([0, 2], [3, 3])
    assert measures.shared_rhythm(events).tolist() == [True, False]
    foreign = [C, C + 1, D, D + 1, C, C + 1, D, D + 1]
    assert measures.wholly_in_scale(np.array([up, foreign], np.uint8)) == 0.5
    rates = samples.sample_rates(events, np.random.default_rng(0))
    assert rates["agreement"].value == (events[0] == events[1]).mean()
    assert rates["leaps"].value == 2 / 6


def test_bars_are_known_where_a_held_note_is_struck_again(windows, folder):
    C, D = np.array([60, 62]) - LOWEST + FIRST_ONSET
    bar = [D, *[0] * 15]
    held = np.array([[D, *[0] * 31]], np.uint8)
    train = np.array([[*bar, *bar]], np.uint8)
    known = samples.KnownMelodies(NumpyMusicVAE.load(folder=folder), train)
    assert known.rates(held)["known_bars"].value == 1
    assert known.rates(held)["copied"].value == 0
    assert known.rates(train)["copied"].value == 1
    other = melody.transpose(train, -2)
    assert known.rates(other)["known_bars"].value == 0
    assert known.rates(other)["known_bars_in_key"].value == 1
    silent = np.array([[*bar, 1, *[0] * 15]], np.uint8)
    assert known.rates(silent)["known_bars"] == Rate(1, 1), "a silent bar does not count"
