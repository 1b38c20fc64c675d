"""The shipped MusicVAE measured on held-out windows, beside what needs no model.

All is computed in float64 from the rounded weights.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from lyricgen import progress
from lyricgen.files import DataError, sha256
from lyricgen.models.musicvae import latent, posterior
from lyricgen.models.musicvae.inference import NAME, ROUNDS, NumpyMusicVAE
from lyricgen.models.ngram import NGram
from lyricgen.models.weights import WEIGHTS, load_weights
from lyricgen.music import measures, splits, tune_books
from lyricgen.music.melody import EVENTS, HOLD, canonical

# Of the n-gram: it has the lowest bits on the validation split.
ORDER = 9

# Melodies drawn, and the temperature of the draw.
SAMPLES = 1000
TEMPERATURE = 0.5

# Pairs of melodies whose middle is judged.
PAIRS = 1000

# z's to which each attribute's vector is added.
MOVED = 1000

LN2 = float(np.log(2))

Measures = dict[str, float | int]


class Reconstruction(NamedTuple):
    """Melodies, uint8 (N, T), and what a model makes of them.

    `decoded` and `decoded_drawn` are written from mu and from a z of the posterior,
    both greedily in free running; `forced` has the likeliest event after the true ones.
    `other` (N,) names another melody for each.
    """

    events: np.ndarray
    mu: np.ndarray
    sigma: np.ndarray
    decoded: np.ndarray
    decoded_drawn: np.ndarray
    forced: np.ndarray
    other: np.ndarray


def in_batches(function: Callable, *arrays: np.ndarray, size: int = 256) -> Any:
    """Calls a function on `size` rows at a time and puts the results together.

    The result is an array, or a tuple of arrays where the function returns a tuple.
    """
    results = []
    for first in progress.bar(range(0, len(arrays[0]), size), "melodies"):
        batch = [array[first : first + size] for array in arrays]
        results.append(function(*batch))
    if isinstance(results[0], tuple):
        return tuple(np.concatenate(column) for column in zip(*results))
    return np.concatenate(results)


def derangement(count: int, rng: np.random.Generator) -> np.ndarray:
    """Returns a permutation, int (count,), that leaves no index in its place."""
    order = rng.permutation(count)
    other = np.empty(count, np.int64)
    other[order] = np.roll(order, 1)
    return other


def _melody_bits(model: NGram, events: np.ndarray) -> float:
    """Returns the mean bits that an n-gram of events needs for a melody of (B, T)."""
    steps = events.shape[1]
    return steps * model.bits_per_token(events.tolist())


def midpoint_bits(model: NGram, middle: np.ndarray, ends: tuple[np.ndarray, np.ndarray]) -> float:
    """Returns how many bits more a melody in the middle costs than those at the ends.

    The cost is that of an n-gram of events, the mean over melodies; all are (B, T).
    Notebook: sampling_musicvae
    """
    bits = _melody_bits(model, middle)
    bits_of_ends = [_melody_bits(model, end) for end in ends]
    return bits - float(np.mean(bits_of_ends))


def measure_musicvae(
    name: str = NAME,
    split: str = "test",
    folder: Path = WEIGHTS,
    report: Callable[[str], object] = lambda text: None,
) -> Measures:
    """Measures a trained MusicVAE on the windows of a split of the tune books.

    The keys are the names that `evaluate musicvae` gives them:

    - Accuracies are those of free running from mu, greedily; `_drawn` from a z of the
      posterior, `swapped` from the mu of another melody.
    - kl_bits is the mean KL of a melody. Beside it stands ngram_bits, what a melody
      costs the n-gram: the rate without loss.
    - Samples are 1,000 of the fitted mixture at temperature 0.5 after a walk
      (`_no_walk`: without it), compared with the split by Jensen-Shannon divergence.
      `_real` compares validation and test, the floor. samples_copied of them are
      training windows.
    - midpoint_ratio: the bits that the n-gram needs more for the middle of the line
      between two mu than for the two reconstructions, over the same for a mix of the
      two melodies (each step from one or the other); `_slerp` has the arc instead.
    - attribute_diagonal: rows of 5 in which a vector changes its own attribute the
      most, for vectors of the training split and z of the fitted mixture.

    `report` is called with a sentence before each of these.
    Raises: DataError where the weights learned from other data.
    Notebook: training_musicvae
    """
    vae = _load_model(name, folder)
    rng = np.random.default_rng(1)
    windows = _load_windows()
    events = windows[split]
    train = windows["train"]
    held_out = windows["validation" if split == "test" else "test"]

    report(f"{len(events)} melodies of the {split} split are encoded and decoded")
    reconstruction = reconstruct(vae, events, rng)
    result = _latent_measures(reconstruction)
    result |= _reconstruction_measures(reconstruction)
    result |= _reference_measures(reconstruction, train)

    report("samples are drawn from the fitted posterior")
    result |= _sample_measures(vae, events, train, held_out, rng)

    report("the n-gram judges the middle between two melodies")
    result |= _interpolation_measures(vae, reconstruction, train, rng)

    report("the attributes' vectors are added")
    result["attribute_diagonal"] = _count_attributes(vae, train, rng)
    return result


def measure_own(
    vae: NumpyMusicVAE,
    windows: dict[str, np.ndarray],
    split: str = "test",
    report: Callable[[str], object] = lambda text: None,
) -> Measures:
    """Measures a MusicVAE on a split of the melodies that it learned from.

    The keys are those of `measure_musicvae`, as far as they do not need many melodies:
    the middle between two melodies and the attributes are left out.
    """
    rng = np.random.default_rng(1)
    events = windows[split]
    held_out = windows["validation" if split == "test" else "test"]
    report(f"{len(events)} melodies of the {split} split are encoded and decoded")
    reconstruction = reconstruct(vae, events, rng)
    result = _latent_measures(reconstruction)
    result |= _reconstruction_measures(reconstruction)
    result |= _reference_measures(reconstruction, windows["train"])
    report("samples are drawn from the fitted posterior")
    result |= _sample_measures(vae, events, windows["train"], held_out, rng)
    return result


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


def _load_windows() -> dict[str, np.ndarray]:
    """Returns the windows of two bars of each split, uint8 (N, 32)."""
    tunes = tune_books.load_tunes()
    windows = {}
    for split in splits.SHARES:
        windows[split], _ = tune_books.cut_windows(tunes, 2, split)
    return windows


def reconstruct(vae: NumpyMusicVAE, events: np.ndarray, rng: np.random.Generator) -> Reconstruction:
    """Encodes melodies, uint8 (N, T), and decodes them from mu and from a drawn z."""
    mu, sigma = in_batches(vae.encode, events)
    noise = rng.standard_normal(mu.shape)
    z = mu + sigma * noise
    decoded = in_batches(vae.decode, mu)
    decoded_drawn = in_batches(vae.decode, z)
    other = derangement(len(events), rng)

    def likeliest_events(mu: np.ndarray, events: np.ndarray) -> np.ndarray:
        return vae.logits(mu, events).argmax(-1)

    forced = in_batches(likeliest_events, mu, events)
    return Reconstruction(events, mu, sigma, decoded, decoded_drawn, forced, other)


def _latent_measures(reconstruction: Reconstruction) -> Measures:
    """Returns the number of melodies, and how much z says about them."""
    mu = reconstruction.mu
    sigma = reconstruction.sigma
    kl = posterior.kl_divergence(mu, sigma).sum(axis=1)
    result: Measures = {}
    result["windows"] = len(mu)
    result["kl_bits"] = float(kl.mean()) / LN2
    result["active_units"] = posterior.active_units(mu)
    return result


def _reconstruction_measures(reconstruction: Reconstruction) -> Measures:
    """Returns the accuracies of what is decoded from mu and from a drawn z."""
    events = reconstruction.events
    decoded = reconstruction.decoded
    drawn = reconstruction.decoded_drawn
    forced = reconstruction.forced
    result: Measures = {}
    result["free_running"] = measures.step_accuracy(decoded, events)
    result["free_running_drawn"] = measures.step_accuracy(drawn, events)
    result["onset"] = measures.onset_accuracy(decoded, events)
    result["onset_drawn"] = measures.onset_accuracy(drawn, events)
    result["exact"] = measures.exact_share(decoded, events)
    result["exact_drawn"] = measures.exact_share(drawn, events)
    result["note_f1"] = measures.note_f1(decoded, events)
    result["teacher_forced"] = measures.step_accuracy(forced, events)
    return result


def _reference_measures(reconstruction: Reconstruction, train: np.ndarray) -> Measures:
    """Returns the accuracies of guesses that do not know the melody."""
    events = reconstruction.events
    other = reconstruction.other
    swapped = reconstruction.decoded[other]
    hold = events == HOLD
    majority = measures.likeliest_at_each_step(train)
    result: Measures = {}
    result["swapped"] = measures.step_accuracy(swapped, events)
    result["random_pairs"] = measures.step_accuracy(events[other], events)
    result["always_hold"] = float(hold.mean())
    result["position_majority"] = measures.step_accuracy(majority, events)
    return result


def _sample_measures(
    vae: NumpyMusicVAE,
    events: np.ndarray,
    train: np.ndarray,
    held_out: np.ndarray,
    rng: np.random.Generator,
) -> Measures:
    """Returns how samples, with a walk and without, differ from real melodies."""
    z = vae.draw(SAMPLES, rng)
    without_walk = vae.decode(z, TEMPERATURE, rng)
    z = vae.walk(z, ROUNDS, rng)
    samples = vae.decode(z, TEMPERATURE, rng)
    known = {melody.tobytes() for melody in train}
    copied = [melody.tobytes() in known for melody in samples]
    result: Measures = {}
    result["samples_copied"] = sum(copied)
    result["in_scale_no_walk"] = measures.in_scale(without_walk)
    result |= _divergences("_no_walk", without_walk, events)
    result["in_scale"] = measures.in_scale(samples)
    result |= _divergences("", samples, events)
    result["in_scale_real"] = measures.in_scale(events)
    result |= _divergences("_real", held_out, events)
    return result


def _divergences(suffix: str, samples: np.ndarray, events: np.ndarray) -> Measures:
    """Returns the divergence of intervals and of durations, in bits."""
    intervals = measures.intervals(samples)
    durations = measures.durations(samples)
    real_intervals = measures.intervals(events)
    real_durations = measures.durations(events)
    result: Measures = {}
    result[f"jsd_interval{suffix}"] = measures.jensen_shannon(intervals, real_intervals)
    result[f"jsd_duration{suffix}"] = measures.jensen_shannon(durations, real_durations)
    return result


def _interpolation_measures(
    vae: NumpyMusicVAE,
    reconstruction: Reconstruction,
    train: np.ndarray,
    rng: np.random.Generator,
) -> Measures:
    """Returns what the n-gram says about melodies in the middle between two."""
    ngram = NGram(train.tolist(), ORDER, range(EVENTS))
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
    bits = midpoint_bits(ngram, on_line, decoded_ends)
    bits_on_arc = midpoint_bits(ngram, on_arc, decoded_ends)
    bits_mixed = midpoint_bits(ngram, canonical(mixed), ends)
    result: Measures = {}
    result["ngram_bits"] = _melody_bits(ngram, events)
    result["midpoint_bits"] = bits
    result["midpoint_bits_mixed"] = bits_mixed
    result["midpoint_ratio"] = bits / bits_mixed
    result["midpoint_ratio_slerp"] = bits_on_arc / bits_mixed
    return result


def _count_attributes(vae: NumpyMusicVAE, train: np.ndarray, rng: np.random.Generator) -> int:
    """Counts the attributes whose vector changes them more than any other."""
    values = measures.attributes(train)
    mu, _ = in_batches(vae.encode, train)
    vectors = latent.attribute_vectors(mu, values)
    z = vae.draw(MOVED, rng)

    def decode(z: np.ndarray) -> np.ndarray:
        return in_batches(vae.decode, z)

    spread = values.std(axis=0)
    mean, low, high = latent.effects(decode, z, vectors, spread, rng)
    return latent.diagonal(mean, low, high)
