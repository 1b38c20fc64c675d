"""What a MusicVAE draws, measured beside real melodies of as many."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from lyricgen.models import bootstrap
from lyricgen.models.bootstrap import Clusters, Interval, Rate
from lyricgen.models.musicvae.inference import ROUNDS, SPREAD, NumpyMusicVAE, in_batches
from lyricgen.music import keys, measures, melody
from lyricgen.music.collection import BARS

# Melodies drawn, and the temperature of the draw.
SAMPLES = 1000
TEMPERATURE = 0.5

# Times that as many real melodies are compared with the split
FLOORS = 20

# Bootstrap draws of a divergence, of which the standard deviation alone is taken
DIVERGENCE_DRAWS = 200

Measured = dict[str, Any]


class Melodies(NamedTuple):
    """Melodies, uint8 (N, T), and the cluster of each, int (N,)."""

    events: np.ndarray
    cluster: np.ndarray

    def take(self, rows: Sequence[int] | np.ndarray) -> Melodies:
        """Returns those of some rows."""
        return Melodies(self.events[rows], self.cluster[rows])


def derangement(count: int, rng: np.random.Generator) -> np.ndarray:
    """Returns a permutation, int (count,), that leaves no index in its place."""
    order = rng.permutation(count)
    other = np.empty(count, np.int64)
    other[order] = np.roll(order, 1)
    return other


def draw_samples(
    vae: NumpyMusicVAE, real: Melodies, rng: np.random.Generator
) -> dict[str, Melodies]:
    """Returns melodies by how they are drawn, 1,000 of each.

    They are of the prior, of the Gaussian and of the mixture fitted to the aggregate
    posterior, of the mixture with the narrower spread that `sample` takes, and of that
    one after a walk, which is what `sample` writes; then the real ones, and what a walk
    makes of them.
    """

    def decode(z: np.ndarray) -> np.ndarray:
        return in_batches(lambda rows: vae.decode(rows, TEMPERATURE, rng), z)

    narrow = vae.draw(SAMPLES, rng, spread=SPREAD)
    mu, sigma = vae.encode(real.events)
    posterior = mu + sigma * rng.standard_normal(mu.shape)
    drawn = {
        "prior": vae.draw(SAMPLES, rng, prior=True),
        "gaussian": vae.draw(SAMPLES, rng, gaussian=True),
        "mixture": vae.draw(SAMPLES, rng),
        "narrow": narrow,
        "walk": vae.walk(narrow, ROUNDS, rng, spread=SPREAD),
    }
    # Draws are independent of each other.
    melodies = {name: Melodies(decode(z), np.arange(len(z))) for name, z in drawn.items()}
    walked = decode(vae.walk(posterior, ROUNDS, rng, spread=SPREAD))
    return melodies | {"real": real, "real_walked": Melodies(walked, real.cluster)}


def measure_samples(
    vae: NumpyMusicVAE,
    split: Melodies,
    train: np.ndarray,
    held_out: Melodies,
    rng: np.random.Generator,
) -> dict[str, Measured]:
    """Measures 1,000 melodies of each sampler, and as many real ones of `held_out`.

    All melodies are in the key of the model: those of the split, with which histograms
    are compared, of the training split (M, T), and of the other held-out split.

    Each sampler has its measures by name, and their `intervals`:
    - in_scale, wholly_in_scale: shares of the notes and of the melodies;
    - known_bars, known_bars_in_key: the share of the bars with a note that are in the
      training split, in the key of the model, and with both moved to C;
    - copied: the share of the melodies that are in the training split;
    - leaps, shared_rhythm: shares of the intervals and of the melodies;
    - agreement: the share of the steps that two melodies have in common;
    - jsd_interval, jsd_duration: the Jensen-Shannon divergence from the split, in bits;
      for the real melodies the mean of 20 draws, with the spread over the draws.
    Notebook: sampling_musicvae
    """
    known = KnownMelodies(vae, train)
    size = min(SAMPLES, len(held_out.events))
    real = held_out.take(rng.permutation(len(held_out.events))[:size])
    measured = {}
    for name, melodies in draw_samples(vae, real, rng).items():
        clusters = Clusters(melodies.cluster, rng)
        rates = known.rates(melodies.events) | sample_rates(melodies.events, rng)
        values, intervals = bootstrap.measure_rates(rates, clusters)
        for key, count in HISTOGRAMS.items():
            counts = count(melodies.events), count(split.events)
            spread = divergence_spread(*counts, clusters, Clusters(split.cluster, rng))
            values[key] = divergence(*counts)
            if name == "real":
                floors = divergences_of_draws(count(held_out.events), counts[1], size, rng)
                values[key] = float(np.mean(floors))
                spread = float(np.std(floors, ddof=1))
            intervals[key] = bootstrap.normal_interval(values[key], spread, least=0)
        ends = {key: list(interval) for key, interval in intervals.items()}
        measured[name] = values | {"intervals": ends}
    return measured


class KnownMelodies:
    """The melodies and bars of a training split (M, T), to look others up in them."""

    def __init__(self, vae: NumpyMusicVAE, train: np.ndarray):
        self.vae = vae
        self.melodies = _as_set(train)
        self.bars = _as_set(_bars(train))
        moved, _ = keys.move_to_c(train)
        self.bars_in_c = _as_set(_bars(moved))

    def rates(self, events: np.ndarray) -> dict[str, Rate]:
        """Returns how many of melodies (N, T) and of their bars are known."""
        # A draw of a model of one key may be in another one.
        as_learned, _ = self.vae.move(events)
        moved, _ = keys.move_to_c(events)
        copied = [row.tobytes() in self.melodies for row in as_learned]
        return {
            "known_bars": _known_bars(as_learned, self.bars),
            "known_bars_in_key": _known_bars(moved, self.bars_in_c),
            "copied": bootstrap.mean_of(np.array(copied, float)),
        }


def _as_set(rows: np.ndarray) -> set[bytes]:
    return {row.tobytes() for row in np.asarray(rows, np.uint8)}


def _bars(events: np.ndarray) -> np.ndarray:
    """Returns the bars of melodies (B, T), one after another: uint8 (BARS * B, T/BARS).

    A note that sounds on into a bar is struck again.
    """
    bars = np.asarray(events, np.uint8).reshape(len(events) * BARS, -1).copy()
    heard = melody.sounding(events).reshape(bars.shape)
    bars[:, 0] = heard[:, 0]
    return bars


def _known_bars(events: np.ndarray, known: set[bytes]) -> Rate:
    """Returns how many bars of each melody are known, of those with a note."""
    bars = _bars(events)
    sounds = (bars >= melody.FIRST_ONSET).any(axis=1)
    found = np.array([bar.tobytes() in known for bar in bars]) & sounds
    shape = (len(events), BARS)
    return Rate(found.reshape(shape).sum(axis=1), sounds.reshape(shape).sum(axis=1))


def sample_rates(events: np.ndarray, rng: np.random.Generator) -> dict[str, Rate]:
    """Returns the measures of melodies (N, T) that need nothing beside them."""
    best, notes = measures.notes_in_scale(events)
    sounds = notes > 0
    other = derangement(len(events), rng)
    return {
        "in_scale": Rate(best, notes),
        "wholly_in_scale": Rate((best == notes) & sounds, sounds),
        "leaps": Rate(*measures.leaps(events)),
        "shared_rhythm": bootstrap.mean_of(measures.shared_rhythm(events)),
        "agreement": bootstrap.share_of(events == events[other]),
    }


HISTOGRAMS = {
    "jsd_interval": measures.interval_counts,
    "jsd_duration": measures.duration_counts,
}


def divergence(counts: np.ndarray, real: np.ndarray) -> float:
    """Returns the divergence of the sums of two sets of histograms, (N, K), (M, K)."""
    return measures.jensen_shannon(counts.sum(axis=0), real.sum(axis=0))


def divergence_spread(
    counts: np.ndarray, real: np.ndarray, clusters: Clusters, clusters_of_real: Clusters
) -> float:
    """Returns the standard deviation of a divergence over draws of both sides.

    Its quantiles are no interval, because a drawn histogram is always farther away.
    """
    drawn = clusters.sums(counts)[:DIVERGENCE_DRAWS]
    drawn_real = clusters_of_real.sums(real)[:DIVERGENCE_DRAWS]
    values = [measures.jensen_shannon(p, q) for p, q in zip(drawn, drawn_real)]
    return float(np.std(values, ddof=1))


def divergences_of_draws(
    counts: np.ndarray, real: np.ndarray, size: int, rng: np.random.Generator
) -> list[float]:
    """Returns the divergences of `size` melodies at a time, out of all N, 20 times."""
    rows = [rng.permutation(len(counts))[:size] for _ in range(FLOORS)]
    return [divergence(counts[chosen], real) for chosen in rows]


def headline_measures(samples: dict[str, Measured]) -> tuple[Measured, dict[str, Interval]]:
    """Returns the measures of samples that have own names, and their intervals.

    Without a suffix they are those after a walk; `_no_walk` are those of the mixture,
    and `_real` those of as many real melodies.
    """
    values: Measured = {}
    intervals = {}
    for suffix, name in (("_no_walk", "mixture"), ("", "walk"), ("_real", "real")):
        # The notes of real melodies are measured on all of the split.
        keys_of_suffix = HISTOGRAMS if name == "real" else ("in_scale", *HISTOGRAMS)
        for key in keys_of_suffix:
            values[key + suffix] = samples[name][key]
            intervals[key + suffix] = samples[name]["intervals"][key]
    values["samples_copied"] = round(SAMPLES * samples["walk"]["copied"])
    return values, intervals
