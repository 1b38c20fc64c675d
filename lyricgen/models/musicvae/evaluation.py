"""The shipped MusicVAE measured on held-out windows, beside what needs no model.

All is computed in float64 from the rounded weights.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from lyricgen.files import DataError, sha256
from lyricgen.models import bootstrap
from lyricgen.models.bootstrap import Clusters, Figures, Rate
from lyricgen.models.musicvae import latent, posterior, samples
from lyricgen.models.musicvae.bits import importance_bits, key_costs
from lyricgen.models.musicvae.data import windows_in_key
from lyricgen.models.musicvae.inference import NAME, NumpyMusicVAE, in_batches
from lyricgen.models.musicvae.reconstruction import (
    Reconstruction,
    kl_bits,
    reconstruct,
    reconstruction_rates,
    reference_rates,
)
from lyricgen.models.musicvae.samples import Melodies
from lyricgen.models.ngram import NGram
from lyricgen.models.weights import WEIGHTS, load_weights
from lyricgen.music import measures, tune_books
from lyricgen.music.melody import EVENTS, canonical

# Of the n-gram: it has the lowest bits on the validation split.
ORDER = 9

# Pairs of melodies whose middle is judged.
PAIRS = 1000

# z's to which each attribute's vector is added.
MOVED = 4000

# z's of a melody for the importance-weighted bound, which every 4th melody has
IMPORTANCE_DRAWS = 64
EVERY = 4

# Melodies without tunes are drawn in groups of neighbours, so many at most
GROUPS = 1000

# What ends the keys of the windows that are moved by the key of their book
IN_KEY = "_in_key"

Measures = dict[str, Any]


def measure_musicvae(
    name: str = NAME,
    split: str = "test",
    folder: Path = WEIGHTS,
    report: Callable[[str], object] = lambda text: None,
) -> Measures:
    """Measures a trained MusicVAE on the windows of a split of the tune books.

    Melodies are measured as written. A model of one key has each moved to C by its
    estimated key and what it decodes moved back. Keys that end in `_in_key` are of the
    windows moved by the key that the book names instead.

    The keys are the names that `evaluate musicvae` gives them:

    - Accuracies have three protocols: free running from mu, greedily; `_drawn`, the
      same from a z of the posterior; `_own_draws`, the likeliest events from such a z
      while the decoder reads its own random draws (Roberts et al. 2018). `swapped` is
      written from the mu of another melody.
    - bill_bits are key_bits, to say how far a melody was moved, plus kl_bits, the mean
      KL of a melody, plus cost_bits, what its events still cost from a drawn z.
      iwae_bits bounds the same more closely, with 64 z's, on every 4th melody. Beside
      them stands ngram_bits, what a melody costs the n-gram: the rate without loss.
    - samples has a table of measures for each sampler (`measure_samples`), of 1,000
      melodies at temperature 0.5. in_scale, jsd_interval and jsd_duration are those
      of what `sample` writes, and `_no_walk` of the mixture with its own spread and
      without a walk. `_real` are the floor: in_scale of the
      split, and the divergences of 1,000 melodies of the other held-out split, the mean
      of 20 such draws. samples_copied of the 1,000 are training windows.
    - midpoint_ratio: the bits that the n-gram needs more for the middle of the line
      between two mu than for the two reconstructions, over the same for a mix of the
      two melodies (each step from one or the other); `_slerp` has the arc instead.
    - attribute_diagonal: vectors of 5 that change their own attribute more than any
      other by a paired difference whose interval is above 0 (`paired_effects`), for
      vectors of the training split and z of the fitted mixture; attributes has them.
      `_partial` has the vectors of `partial_attribute_vectors` instead.
    - intervals: the ends of 95 % intervals, by bootstrap over the clusters of the tunes
      of the split.

    `report` is called with a sentence before each of these.
    Raises: DataError where the weights learned from other data.
    Notebook: training_musicvae
    """
    vae = _load_model(name, folder)
    rngs = np.random.default_rng(1).spawn(5)
    tunes = tune_books.load_tunes()
    train, measured, held_out = (
        _load_split(vae, tunes, part) for part in ("train", split, _other_split(split))
    )
    written = measured.written
    figures = Figures()
    figures.values["key"] = vae.key
    clusters = Clusters(written.cluster, rngs[0])

    report(f"{len(written.events)} melodies of the {split} split are encoded and decoded")
    reconstruction = reconstruct(vae, measured.moved.events, rngs[0], measured.shift)
    _add_reconstruction(figures, reconstruction, written, train.written.events, clusters)
    ngram = _count_events(train.written.events)
    ngram_bits = ngram.bits_of_each(written.events.tolist())
    key_bits = _key_bits(vae, train.shift, measured.shift)
    _add_bill(figures, vae, reconstruction, (key_bits, ngram_bits), clusters, rngs[0])

    report("the same melodies, moved by the key that the book names")
    _add_in_key(figures, vae, tunes, split, rngs[1])

    report("melodies are drawn and walk")
    drawn = samples.measure_samples(
        vae, measured.moved, train.moved.events, held_out.moved, rngs[2]
    )
    _add_samples(figures, drawn, written.events, clusters)

    report("the n-gram judges the middle between two melodies")
    judge = _count_events(train.moved.events) if vae.one_key else ngram
    figures.add(*_interpolation(vae, reconstruction, judge, written.cluster, rngs[3]))

    report("the attributes' vectors are added")
    _add_attributes(figures, vae, train.moved, rngs[4])
    return figures.result()


def measure_own(
    vae: NumpyMusicVAE,
    windows: dict[str, np.ndarray],
    split: str = "test",
    report: Callable[[str], object] = lambda text: None,
) -> Measures:
    """Measures a MusicVAE on a split of the melodies that it learned from.

    They are in the key in which it learned them. The keys of the result are those of
    `measure_musicvae`, as far as they do not need many melodies or the key of a book:
    the middle between two melodies, the attributes and `_in_key` are left out. There
    are no tunes, so intervals come from groups of melodies that are alike.
    """
    rngs = np.random.default_rng(1).spawn(2)
    train, measured, held_out = (
        Melodies(windows[part], _groups(len(windows[part])))
        for part in ("train", split, _other_split(split))
    )
    figures = Figures()
    figures.values["key"] = vae.key
    clusters = Clusters(measured.cluster, rngs[0])

    report(f"{len(measured.events)} melodies of the {split} split are encoded and decoded")
    reconstruction = reconstruct(vae, measured.events, rngs[0])
    _add_reconstruction(figures, reconstruction, measured, train.events, clusters)
    key_bits = np.zeros(len(measured.events))
    ngram_bits = _count_events(train.events).bits_of_each(measured.events.tolist())
    _add_bill(figures, vae, reconstruction, (key_bits, ngram_bits), clusters, rngs[0])

    report("melodies are drawn and walk")
    drawn = samples.measure_samples(vae, measured, train.events, held_out, rngs[1])
    _add_samples(figures, drawn, measured.events, clusters)
    return figures.result()


def _other_split(split: str) -> str:
    """Returns the other one of the two held-out splits."""
    return "validation" if split == "test" else "test"


def _groups(count: int) -> np.ndarray:
    """Returns a group for each of some melodies, int (count,): neighbours share one."""
    return np.arange(count) * min(count, GROUPS) // max(1, count)


def _load_model(name: str, folder: Path) -> NumpyMusicVAE:
    """Loads the weights; raises DataError where they learned from other data."""
    arrays, card = load_weights(name, folder)
    vae = NumpyMusicVAE.load(name, folder)
    split = sha256(tune_books.SPLIT_FILE.read_bytes())
    data = card.get("data", {})
    same_split = data.get("split") == split
    if not same_split or vae.steps != 32 or len(arrays["events"]) != EVENTS:
        raise DataError(
            f"{folder / name}.json is of weights that learned something else "
            "than two bars of the tune books, as they are split here."
        )
    return vae


class _Split(NamedTuple):
    """The windows of a split, as written and moved to the key of a model."""

    written: Melodies
    moved: Melodies
    shift: np.ndarray


def _load_split(vae: NumpyMusicVAE, tunes: Sequence[tune_books.Tune], split: str) -> _Split:
    """Returns the distinct windows of two bars of a split, with their clusters."""
    events, owner = tune_books.cut_windows(tunes, 2, split)
    cluster = _clusters_of(tunes, owner)
    moved, shift = vae.move(events)
    return _Split(Melodies(events, cluster), Melodies(moved, cluster), shift)


def _clusters_of(tunes: Sequence[tune_books.Tune], owner: np.ndarray) -> np.ndarray:
    """Returns the clusters of tunes that are given by their index, int (N,)."""
    cluster = np.array([tune.cluster for tune in tunes])
    return cluster[owner]


def _count_events(train: np.ndarray) -> NGram:
    """Returns the n-gram of events (M, T)."""
    return NGram(train.tolist(), ORDER, range(EVENTS))


def _add_reconstruction(
    figures: Figures,
    reconstruction: Reconstruction,
    written: Melodies,
    train: np.ndarray,
    clusters: Clusters,
    suffix: str = "",
) -> None:
    """Adds how well melodies come back, and what guesses have that do not know them."""
    figures.values["windows" + suffix] = len(written.events)
    figures.values["clusters" + suffix] = clusters.count
    if not suffix:
        figures.values["active_units"] = posterior.active_units(reconstruction.mu)
    figures.add(reconstruction_rates(reconstruction), clusters, suffix)
    figures.add(reference_rates(reconstruction, written.events, train), clusters, suffix)


def _key_bits(vae: NumpyMusicVAE, train_shift: np.ndarray, shift: np.ndarray) -> np.ndarray:
    """Returns the bits of each melody's shift: 0 for a model of melodies as written."""
    if not vae.one_key:
        return np.zeros(len(shift))
    return key_costs(train_shift, shift)


def _add_bill(
    figures: Figures,
    vae: NumpyMusicVAE,
    reconstruction: Reconstruction,
    beside: tuple[np.ndarray, np.ndarray],
    clusters: Clusters,
    rng: np.random.Generator,
) -> None:
    """Adds the parts of the bill, its sum, the closer bound and the n-gram's bits.

    beside: the bits of the key and those that the n-gram needs of each melody, (N,).
    """
    key, ngram = beside
    kl = kl_bits(reconstruction)
    every = slice(None, None, EVERY)
    posteriors = reconstruction.mu[every], reconstruction.sigma[every]
    events = reconstruction.events[every]
    bounds = importance_bits(vae, events, posteriors, IMPORTANCE_DRAWS, rng)
    has_bound = np.zeros(len(kl))
    has_bound[every] = 1
    bound = np.zeros(len(kl))
    bound[every] = key[every] + bounds
    rates = {
        "key_bits": bootstrap.mean_of(key),
        "kl_bits": bootstrap.mean_of(kl),
        "cost_bits": bootstrap.mean_of(reconstruction.cost),
        "bill_bits": bootstrap.mean_of(key + kl + reconstruction.cost),
        "iwae_bits": Rate(bound, has_bound),
        "ngram_bits": bootstrap.mean_of(ngram),
    }
    figures.add(rates, clusters)


def _add_in_key(
    figures: Figures,
    vae: NumpyMusicVAE,
    tunes: Sequence[tune_books.Tune],
    split: str,
    rng: np.random.Generator,
) -> None:
    """Adds the measures of the windows that are moved by the key of their book."""
    events, owner = windows_in_key(tunes, split)
    melodies = Melodies(events, _clusters_of(tunes, owner))
    train, _ = windows_in_key(tunes, "train")
    clusters = Clusters(melodies.cluster, rng)
    reconstruction = reconstruct(vae, events, rng)
    _add_reconstruction(figures, reconstruction, melodies, train, clusters, IN_KEY)
    kl = kl_bits(reconstruction)
    bits = {
        "kl_bits": kl,
        "cost_bits": reconstruction.cost,
        "bill_bits": kl + reconstruction.cost,
        "ngram_bits": _count_events(train).bits_of_each(events.tolist()),
    }
    rates = {key: bootstrap.mean_of(values) for key, values in bits.items()}
    figures.add(rates, clusters, IN_KEY)


def _add_samples(
    figures: Figures, drawn: dict[str, Measures], events: np.ndarray, clusters: Clusters
) -> None:
    """Adds the table of the samplers, and those of its measures that have own names.

    events (N, T) are those of the split that is measured.
    """
    values, intervals = samples.headline_measures(drawn)
    figures.values |= values
    figures.intervals |= intervals
    figures.add({"in_scale_real": Rate(*measures.notes_in_scale(events))}, clusters)
    figures.values["samples"] = drawn


def bits_above_ends(
    model: NGram, middle: np.ndarray, ends: tuple[np.ndarray, np.ndarray]
) -> np.ndarray:
    """Returns how many bits more a melody in the middle costs than those at its ends.

    The cost is that of an n-gram of events, and of the ends the mean. All melodies are
    (B, T); the result is float64 (B,).
    Notebook: exploring_latent_space
    """
    bits_of_ends = [model.bits_of_each(end.tolist()) for end in ends]
    return model.bits_of_each(middle.tolist()) - np.mean(bits_of_ends, axis=0)


def _interpolation(
    vae: NumpyMusicVAE,
    reconstruction: Reconstruction,
    judge: NGram,
    cluster: np.ndarray,
    rng: np.random.Generator,
) -> tuple[dict[str, Rate], Clusters]:
    """Returns what an n-gram says about melodies in the middle between two.

    Of a pair the cluster of the first melody counts.
    """
    events = reconstruction.events
    mu = reconstruction.mu
    decoded = reconstruction.decoded
    a = rng.permutation(len(events))[:PAIRS]
    b = reconstruction.other[a]
    z_on_line = (mu[a] + mu[b]) / 2
    z_on_arc = latent.slerp(mu[a], mu[b], 0.5)
    on_line = in_batches(vae.decode, z_on_line)
    on_arc = in_batches(vae.decode, z_on_arc)
    from_a = rng.random(events[a].shape) < 0.5
    mixed = np.where(from_a, events[a], events[b])
    ends = (events[a], events[b])
    decoded_ends = (decoded[a], decoded[b])
    bits = bits_above_ends(judge, on_line, decoded_ends)
    bits_on_arc = bits_above_ends(judge, on_arc, decoded_ends)
    bits_mixed = bits_above_ends(judge, canonical(mixed), ends)
    rates = {
        "midpoint_bits": bootstrap.mean_of(bits),
        "midpoint_bits_mixed": bootstrap.mean_of(bits_mixed),
        "midpoint_ratio": Rate(bits, bits_mixed),
        "midpoint_ratio_slerp": Rate(bits_on_arc, bits_mixed),
    }
    return rates, Clusters(cluster[a], rng)


def _add_attributes(
    figures: Figures, vae: NumpyMusicVAE, train: Melodies, rng: np.random.Generator
) -> None:
    """Adds what each attribute's vector changes, and how many stand out."""
    mu, _ = in_batches(vae.encode, train.events)
    known = (mu, measures.attributes(train.events), train.cluster)
    z = vae.draw(MOVED, rng)

    def decode(z: np.ndarray) -> np.ndarray:
        return in_batches(vae.decode, z)

    kinds = {"": latent.attribute_vectors, "_partial": latent.partial_attribute_vectors}
    for suffix, vectors_of in kinds.items():
        effects = latent.paired_effects(decode, z, known, rng, vectors_of)
        figures.values["attribute_diagonal" + suffix] = effects.standing_out
        figures.values["attributes" + suffix] = _attribute_rows(effects)


def _attribute_rows(effects: latent.PairedEffects) -> Measures:
    """Returns what each attribute's vector changes, by the attribute's name."""
    own = np.diag(effects.mean)
    rows = {}
    for k, name in enumerate(measures.ATTRIBUTES):
        difference = float(effects.difference[k])
        rows[name] = {
            "own": float(own[k]),
            "largest_other": float(own[k]) - difference,
            "difference": difference,
            "interval": [float(effects.low[k]), float(effects.high[k])],
        }
    return rows
