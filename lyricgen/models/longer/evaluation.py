"""The models of 16 bars measured on held-out tunes: reconstruction, bits and form."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from lyricgen.files import DataError, sha256
from lyricgen.models import bootstrap
from lyricgen.models.bootstrap import Clusters, Figures, Rate
from lyricgen.models.longer.data import Windows, cut_windows, whole_tunes
from lyricgen.models.longer.inference import (
    CERTAIN,
    LATENT_NAME,
    SONG_NAME,
    TRIES,
    NumpyLatentLanguageModel,
    NumpySongVAE,
    Tunes,
    segment_costs,
)
from lyricgen.models.musicvae.bits import LN2
from lyricgen.models.musicvae.inference import NAME as TWO_BARS
from lyricgen.models.musicvae.inference import NumpyMusicVAE, in_batches
from lyricgen.models.musicvae.posterior import kl_divergence
from lyricgen.models.ngram import NGram
from lyricgen.models.weights import WEIGHTS, load_weights
from lyricgen.music import form, measures, melody, tune_books
from lyricgen.music.melody import EVENTS, FIRST_ONSET

# Of the n-gram: it has the lowest bits on the validation split, of 6, 9, 12, 16, 20, 24
# and 32. Contexts of two bars find the tunes' repeats.
ORDER = 32

# Tunes that each sampler writes
SAMPLES = 300

# Lags of the profile, in bars
LAGS = (1, 2, 4, 8)

# What ends the keys of the windows in which no four bars are played again
NO_REPEAT = "_without_repeat"

Measures = dict[str, Any]


def measure_longer(
    split: str = "test",
    folder: Path = WEIGHTS,
    two_bars: tuple[str, Path] = (TWO_BARS, WEIGHTS),
    report: Callable[[str], object] = lambda text: None,
) -> Measures:
    """Measures the models of 16 bars on the windows of a split of the tune books.

    Tunes are moved to C as a whole, by the key of their book. The result has four
    parts:

    - windows, clusters, windows_with_repeat: what it is measured on;
    - song: the song VAE (`measure_song`), with the keys `_without_repeat` for the
      windows in which no four bars are played again;
    - latents: the latent language model and the n-gram (`measure_latents`);
    - samples: a table of measures for each sampler (`sample_rates`), for the windows of
      the split ("real"), for those that begin a tune ("real_begin"), and for those that
      are a whole one ("real_whole").

    Intervals are by bootstrap over the clusters of the tunes. `report` is called with a
    sentence before each part.
    Raises: DataError where the weights learned from other data.
    Notebook: longer_melodies
    """
    song = NumpySongVAE.load(SONG_NAME, folder, two_bars)
    latents = NumpyLatentLanguageModel.load(LATENT_NAME, folder, two_bars)
    for name in (SONG_NAME, LATENT_NAME):
        _check_split(name, folder)
    rngs = np.random.default_rng(1).spawn(4)
    tunes = tune_books.load_tunes()
    windows = cut_windows(tunes, split)
    train = cut_windows(tunes, "train")
    report(f"{len(windows)} windows of the {split} split are encoded and decoded")
    has_repeat = form.has_repeat(windows.events.reshape(len(windows), -1))
    measured = {
        "windows": len(windows),
        "clusters": len(np.unique(windows.cluster)),
        "windows_with_repeat": float(has_repeat.mean()),
        "song": measure_song(song, windows, rngs[0]),
    }
    report("the latent language model and the n-gram read them")
    ngram = count_tunes(whole_tunes(tunes, "train"))
    measured["latents"] = measure_latents(latents, windows, ngram, rngs[1])
    report("tunes are written")
    measured["samples"] = measure_samples((song, latents), windows, train, rngs[2])
    return measured


def _check_split(name: str, folder: Path) -> None:
    """Raises DataError for weights that learned from other splits."""
    _, card = load_weights(name, folder)
    if card.get("data", {}).get("split") != sha256(tune_books.SPLIT_FILE.read_bytes()):
        raise DataError(f"{folder / name}.json is of weights that learned from other splits.")


class Reading(NamedTuple):
    """Windows of N tunes, and what a model makes of them.

    segments: uint8 (N, S, 32). decoded, decoded_drawn: what is written from mu and from
    a z of the posterior. kl, cost (N,): bits of the KL, and of the events from that z.
    """

    segments: np.ndarray
    decoded: np.ndarray
    decoded_drawn: np.ndarray
    kl: np.ndarray
    cost: np.ndarray


def read_tunes(model: NumpySongVAE, segments: np.ndarray, rng: np.random.Generator) -> Reading:
    """Encodes windows (N, S, 32) by a song VAE or a rival of it, and decodes them."""
    x, _ = model.encode_segments(segments)
    mu, sigma = in_batches(model.encode, x)
    z = mu + sigma * rng.standard_normal(mu.shape)
    kl = kl_divergence(mu, sigma).sum(axis=1) / LN2
    cost = model.cost(z, segments)
    return Reading(segments, model.decode(mu).segments, model.decode(z).segments, kl, cost)


def decode_segments(vae: NumpyMusicVAE, z: np.ndarray) -> np.ndarray:
    """Returns the segments of z (N, S, Z), each decoded greedily: uint8 (N, S, 32)."""
    N, S, Z = z.shape
    return in_batches(vae.decode, z.reshape(N * S, Z)).reshape(N, S, -1)


def accuracy_rates(segments: np.ndarray, decoded: np.ndarray, suffix: str = "") -> dict[str, Rate]:
    """Returns the shares of steps, onsets, bars and tunes (N, S, 32) that are right."""
    N = len(segments)
    right = decoded == segments
    onset = segments >= FIRST_ONSET
    bars = right.reshape(N, -1, melody.STEPS_PER_BAR).all(axis=-1)
    found = {
        "steps": bootstrap.share_of(right.reshape(N, -1)),
        "onsets": Rate((right & onset).sum(axis=(1, 2)), onset.sum(axis=(1, 2))),
        "bars": bootstrap.share_of(bars),
        "exact": bootstrap.mean_of(bars.all(axis=1)),
    }
    return {key + suffix: rate for key, rate in found.items()}


def _repeat_rates(segments: np.ndarray, decoded: np.ndarray) -> dict[str, Rate]:
    """Returns how often bars come again in windows, and in what is decoded of them."""
    N = len(segments)
    return {
        "repeats_real": Rate(*form.repeats(segments.reshape(N, -1))),
        "repeats_decoded": Rate(*form.repeats(decoded.reshape(N, -1))),
    }


def add_reading(figures: Figures, reading: Reading, cluster: np.ndarray, seed: int = 1) -> None:
    """Adds the measures of all windows, and of those without a played repeat."""
    for suffix, rows in _groups(reading.segments):
        segments, decoded, drawn, kl, cost = (array[rows] for array in reading)
        clusters = Clusters(cluster[rows], np.random.default_rng(seed))
        rates = accuracy_rates(segments, decoded) | accuracy_rates(segments, drawn, "_drawn")
        rates |= _repeat_rates(segments, decoded)
        rates |= {
            "kl_bits": bootstrap.mean_of(kl),
            "cost_bits": bootstrap.mean_of(cost),
            "bill_bits": bootstrap.mean_of(kl + cost),
        }
        figures.add(rates, clusters, suffix)
    right = reading.decoded == reading.segments
    figures.values["steps_by_segment"] = right.mean(axis=(0, 2)).tolist()


def _groups(segments: np.ndarray) -> list[tuple[str, np.ndarray]]:
    """Returns all windows, and those without a played repeat, if there are any.

    Each group has what ends its keys, and which windows are in it, bool (N,).
    """
    has_repeat = form.has_repeat(segments.reshape(len(segments), -1))
    groups = [("", np.full(len(segments), True))]
    if not has_repeat.all():
        groups.append((NO_REPEAT, ~has_repeat))
    return groups


def measure_song(song: NumpySongVAE, windows: Windows, rng: np.random.Generator) -> Measures:
    """Measures a song VAE on windows.

    steps, onsets, bars and exact are the shares that are right, free running from mu;
    `_drawn` from a z of the posterior. bill_bits are kl_bits and cost_bits, what the
    events cost from that z. copy_recall and copy_precision are of segments that are
    copies of an earlier one, and of those that the model calls copies.
    """
    figures = Figures()
    reading = read_tunes(song, windows.events, rng)
    add_reading(figures, reading, windows.cluster)
    if song.has_pointers:
        figures.values |= _copies_found(song, windows.events)
    return figures.result()


def _copies_found(song: NumpySongVAE, segments: np.ndarray) -> Measures:
    """Returns how many copies a song VAE finds from mu, and how many are right."""
    x, _ = song.encode_segments(segments)
    mu, _ = in_batches(song.encode, x)
    _, gates, pointers = song.conduct(mu)
    equal = (segments[:, :, None] == segments[:, None]).all(axis=-1)
    earlier = np.tri(equal.shape[1], k=-1, dtype=bool)
    is_copy = (equal & earlier).any(axis=-1)
    source = pointers.argmax(axis=-1)
    points_right = np.take_along_axis(equal, source[..., None], axis=-1)[..., 0]
    called = gates > CERTAIN
    right = (called & points_right).sum()
    return {
        "copies": float(is_copy.mean()),
        "copy_recall": float(right / max(1, is_copy.sum())),
        "copy_precision": float(right / max(1, called.sum())),
    }


def measure_latents(
    latents: NumpyLatentLanguageModel,
    windows: Windows,
    ngram: NGram,
    rng: np.random.Generator,
) -> Measures:
    """Measures a latent language model on windows, and the n-gram beside it.

    kl_bits is the KL of the 8 segments from the latent language model, and
    kl_bits_normal from the normal prior; cost_bits is what the events cost from the
    drawn z, and bill_bits the sum. ngram_bits is the cost of the n-gram of the training
    tunes, which reads 16 bars as one sequence. The other keys are those of
    `measure_song`: the decoder of two bars from each segment's own z.
    """
    figures = Figures()
    segments = windows.events
    N = len(segments)
    x, sigma = latents.encode_segments(segments)
    flags = np.stack([windows.begins, windows.ends], axis=1).astype(float)
    kl, z = latents.kl(x, sigma, flags, rng)
    vae = latents.vae
    z = latents.write(z)
    cost = segment_costs(vae, z, segments).sum(axis=1)
    decoded = decode_segments(vae, latents.write(x))
    drawn = decode_segments(vae, z)
    reading = Reading(segments, decoded, drawn, kl.sum(axis=1) / LN2, cost)
    add_reading(figures, reading, windows.cluster)
    figures.values["kl_bits_by_segment"] = (kl.mean(axis=0) / LN2).tolist()
    normal = kl_divergence(latents.write(x), sigma * latents.a["scale"]).sum(axis=(1, 2)) / LN2
    ngram_bits = ngram.bits_of_each(segments.reshape(N, -1).tolist())
    for suffix, rows in _groups(segments):
        clusters = Clusters(windows.cluster[rows], np.random.default_rng(1))
        rates = {
            "kl_bits_normal": bootstrap.mean_of(normal[rows]),
            "ngram_bits": bootstrap.mean_of(ngram_bits[rows]),
        }
        figures.add(rates, clusters, suffix)
    return figures.result()


def count_tunes(tunes: list[np.ndarray], order: int = ORDER) -> NGram:
    """Returns the n-gram of events of tunes, each (T,)."""
    return NGram([events.tolist() for events in tunes], order, range(EVENTS))


class KnownSegments:
    """The segments of a training split, to look others up in them, in any key."""

    def __init__(self, train: Windows):
        self.known = set(_in_any_key(train.events))

    def rate(self, segments: np.ndarray) -> Rate:
        """Returns how many segments with a note each tune (B, S, 32) has in common."""
        B, S, _ = segments.shape
        sounds = (segments >= FIRST_ONSET).any(axis=-1)
        found = np.array([row in self.known for row in _in_any_key(segments)])
        known = found.reshape(B, S) & sounds
        return Rate(known.sum(axis=1), sounds.sum(axis=1))


def _in_any_key(segments: np.ndarray) -> list[bytes]:
    """Returns segments (..., 32) as bytes that all their transpositions share."""
    flat = segments.reshape(-1, segments.shape[-1])
    return [row.tobytes() for row in melody.untransposed(flat)]


def sample_rates(segments: np.ndarray, known: KnownSegments) -> dict[str, Rate]:
    """Returns the measures of tunes (B, S, 32).

    - repeats: the share of the bars, but the first, that equal an earlier one; lag_4
      and the like: that equal the bar 4 before; repeated: the tunes in which four bars
      in a row are played again 4 or 8 bars later;
    - in_scale: the share of the notes in their tune's best major scale;
      second_half_in_key: of those of bars 9 to 16 in the key of the first 8;
    - ends_long: the share of the tunes whose last note lasts a quarter or longer;
    - known_segments: the share of the segments that are in the training split, in any
      key.
    """
    events = segments.reshape(len(segments), -1)
    return {
        "repeats": Rate(*form.repeats(events)),
        **{f"lag_{lag}": Rate(*form.repeats_at(events, lag)) for lag in LAGS},
        "repeated": bootstrap.mean_of(form.has_repeat(events)),
        "in_scale": Rate(*measures.notes_in_scale(events)),
        "second_half_in_key": Rate(*form.notes_in_first_key(events)),
        "ends_long": bootstrap.mean_of(form.ends_long(events)),
        "known_segments": known.rate(segments),
    }


def write_samples(
    models: tuple[NumpySongVAE, NumpyLatentLanguageModel], rng: np.random.Generator
) -> dict[str, Tunes]:
    """Returns tunes by how they are written, SAMPLES of each.

    Of the song VAE from the prior and from the aggregate posterior; of the latent
    language model, beginnings of longer tunes, whole tunes, and whole tunes of which a
    segment with a note outside C major is drawn again, up to TRIES times.
    """
    song, latents = models
    return {
        "song_prior": song.sample(SAMPLES, rng, prior=True),
        "song": song.sample(SAMPLES, rng),
        "latents_begin": latents.sample(SAMPLES, rng, flags=(True, False)),
        "latents": latents.sample(SAMPLES, rng),
        "latents_in_key": latents.sample(SAMPLES, rng, tries=TRIES),
    }


def measure_samples(
    models: tuple[NumpySongVAE, NumpyLatentLanguageModel],
    windows: Windows,
    train: Windows,
    rng: np.random.Generator,
) -> dict[str, Measures]:
    """Measures what the models write, and real tunes, by `sample_rates`.

    acceptance is the share of the drawn segments that were kept, where some are drawn
    again.
    """
    known = KnownSegments(train)
    measured = {}
    for name, tunes in write_samples(models, rng).items():
        clusters = Clusters(np.arange(SAMPLES), rng)
        figures = Figures()
        figures.add(sample_rates(tunes.segments, known), clusters)
        if tunes.drawn:
            figures.values["acceptance"] = tunes.acceptance
        figures.values["forms"] = form.letters(tunes.events[:8])
        measured[name] = figures.result()
    groups = {
        "real": np.full(len(windows), True),
        "real_begin": windows.begins,
        "real_whole": windows.begins & windows.ends,
    }
    for name, rows in groups.items():
        figures = Figures()
        clusters = Clusters(windows.cluster[rows], rng)
        figures.add(sample_rates(windows.events[rows], known), clusters)
        figures.values["windows"] = int(rows.sum())
        measured[name] = figures.result()
    return measured
