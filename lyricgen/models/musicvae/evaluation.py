"""The shipped MusicVAE measured: in float64 from the rounded weights, on held-out windows, beside what needs no model at all."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from lyricgen.files import DataError, sha256
from lyricgen.models.musicvae import latent, posterior
from lyricgen.models.musicvae.inference import NAME, ROUNDS, NumpyMusicVAE
from lyricgen.models.musicvae.posterior import kl_divergence
from lyricgen.models.ngram import NGram
from lyricgen.models.weights import WEIGHTS, load_weights
from lyricgen.music import measures as melody_measures
from lyricgen.music import measures as metrics
from lyricgen.music import splits, tune_books
from lyricgen.music.melody import EVENTS, HOLD, canonical

ORDER = 9  # of the n-gram: it has the lowest bits on the validation part


SAMPLES, TEMPERATURE = 1000, 0.5


PAIRS, MOVED = (
    1000,
    1000,
)  # pairs whose middle is judged; z's to which each attribute's vector is added


LN2 = float(np.log(2))


def in_batches(call: Callable, *arrays: np.ndarray, size: int = 256):
    """What a function makes of some rows at a time, put together: one array, or a tuple of them."""
    found = [
        call(*(array[first : first + size] for array in arrays))
        for first in range(0, len(arrays[0]), size)
    ]
    return (
        tuple(map(np.concatenate, zip(*found)))
        if isinstance(found[0], tuple)
        else np.concatenate(found)
    )


def derangement(count: int, rng: np.random.Generator) -> np.ndarray:
    """For each of some things another one at random, never itself, each taken once: int (count,)."""
    order, other = rng.permutation(count), np.empty(count, np.int64)
    other[order] = np.roll(order, 1)
    return other


def midpoint_bits(model: NGram, middle: np.ndarray, ends: tuple[np.ndarray, np.ndarray]) -> float:
    """By how many bits a melody in the middle, (B, T), costs an n-gram of events more than those at the two ends, on average.

    Notebook: 09_sampling_musicvae
    """
    middle, *ends = (
        events.shape[1] * model.bits_per_token(events.tolist()) for events in (middle, *ends)
    )
    return middle - float(np.mean(ends))


def measure_musicvae(
    name: str = NAME, part: str = "test", folder: Path = WEIGHTS, report=lambda text: None
) -> dict[str, float | int]:
    """All measures of a trained MusicVAE on the windows of a part of the tune books, by the names that `evaluate musicvae` gives them.

    Accuracies are those of free running from mu (greedy), `_drawn` from a z of the posterior; `swapped` from the mu of another melody. kl_bits is
    the mean KL of a melody, beside ngram_bits, what a melody costs the n-gram: the rate without loss. Samples are 1,000 of the fitted mixture at
    temperature 0.5 after a walk (`_no_walk`: without it), compared with the part by Jensen-Shannon divergence (`_real`: validation against test,
    the floor); samples_copied of them are windows of the training part. midpoint_ratio: how much more
    the n-gram asks for the middle of the line between two mu than for the two reconstructions, over the same for a mix of two melodies (each
    step from one or the other) and those two melodies; `_slerp` has the arc instead of the line. attribute_diagonal: rows of 5, for vectors of
    the training part and z of the fitted mixture.
    `report` is told what is being done. Raises DataError where the weights learned from other data. Notebook: 08_training_musicvae
    """
    arrays, card = load_weights(name, folder)
    vae, split = NumpyMusicVAE.load(name, folder), sha256(tune_books.SPLIT_FILE.read_bytes())
    if (
        card.get("data", {}).get("split") != split
        or vae.steps != 32
        or len(arrays["events"]) != EVENTS
    ):
        raise DataError(
            f"{folder / name}.json is of weights that learned something else than two bars of the tune books, as they are split here."
        )
    loaded, rng = tune_books.load_tunes(), np.random.default_rng(1)
    parts = {key: tune_books.cut_windows(loaded, 2, key)[0] for key in splits.SHARES}
    events, train, held = (
        parts[part],
        parts["train"],
        parts["validation" if part == "test" else "test"],
    )
    report(f"{len(events)} melodies of the {part} part are encoded and decoded")
    mu, sigma = in_batches(vae.encode, events)
    z = mu + sigma * rng.standard_normal(mu.shape)
    free, drawn, other = (
        in_batches(vae.decode, mu),
        in_batches(vae.decode, z),
        derangement(len(events), rng),
    )
    forced = in_batches(lambda z, true: vae.logits(z, true).argmax(-1), mu, events)
    majority = np.array([np.bincount(column).argmax() for column in train.T])
    result: dict[str, float | int] = {
        "windows": len(events),
        "kl_bits": float(kl_divergence(mu, sigma).sum(axis=1).mean()) / LN2,
        "active_units": posterior.active_units(mu),
        "free_running": metrics.step_accuracy(free, events),
        "free_running_drawn": metrics.step_accuracy(drawn, events),
        "onset": metrics.onset_accuracy(free, events),
        "onset_drawn": metrics.onset_accuracy(drawn, events),
        "exact": metrics.exact_share(free, events),
        "exact_drawn": metrics.exact_share(drawn, events),
        "note_f1": metrics.note_f1(free, events),
        "teacher_forced": metrics.step_accuracy(forced, events),
        "swapped": metrics.step_accuracy(free[other], events),
        "random_pairs": metrics.step_accuracy(events[other], events),
        "always_hold": float((events == HOLD).mean()),
        "position_majority": metrics.step_accuracy(majority, events),
    }
    report("samples are drawn from the fitted posterior")
    z = vae.draw(SAMPLES, rng)
    kinds = {
        "_no_walk": vae.decode(z, TEMPERATURE, rng),
        "": vae.decode(vae.walk(z, ROUNDS, rng), TEMPERATURE, rng),
        "_real": held,
    }
    known = {melody.tobytes() for melody in train}
    result["samples_copied"] = sum(melody.tobytes() in known for melody in kinds[""])
    for kind, samples in kinds.items():
        result |= {
            f"in_scale{kind}": metrics.in_scale(events if kind == "_real" else samples),
            f"jsd_interval{kind}": metrics.jensen_shannon(
                metrics.intervals(samples), metrics.intervals(events)
            ),
            f"jsd_duration{kind}": metrics.jensen_shannon(
                metrics.durations(samples), metrics.durations(events)
            ),
        }
    report("the n-gram judges the middle between two melodies")
    model = NGram(train.tolist(), ORDER, range(EVENTS))
    a = rng.permutation(len(events))[:PAIRS]
    b = other[a]
    middle, arc = (
        in_batches(vae.decode, (mu[a] + mu[b]) / 2),
        in_batches(vae.decode, latent.slerp(mu[a], mu[b], 0.5)),
    )
    mixed = canonical(np.where(rng.random(events[a].shape) < 0.5, events[a], events[b]))
    result |= {
        "ngram_bits": events.shape[1] * model.bits_per_token(events.tolist()),
        "midpoint_bits": midpoint_bits(model, middle, (free[a], free[b])),
        "midpoint_bits_mixed": midpoint_bits(model, mixed, (events[a], events[b])),
    }
    result["midpoint_ratio"] = result["midpoint_bits"] / result["midpoint_bits_mixed"]
    result["midpoint_ratio_slerp"] = (
        midpoint_bits(model, arc, (free[a], free[b])) / result["midpoint_bits_mixed"]
    )
    report("the attributes' vectors are added")
    values = melody_measures.attributes(train)
    vectors = latent.attribute_vectors(in_batches(vae.encode, train)[0], values)
    matrix = latent.effects(
        lambda z: in_batches(vae.decode, z), vae.draw(MOVED, rng), vectors, values.std(axis=0), rng
    )
    return result | {"attribute_diagonal": latent.diagonal(*matrix)}
