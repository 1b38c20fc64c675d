"""Melodies that a MusicVAE encodes and decodes, and how much of them is right."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from lyricgen.models import bootstrap
from lyricgen.models.bootstrap import Rate
from lyricgen.models.musicvae import posterior
from lyricgen.models.musicvae.bits import LN2, step_costs
from lyricgen.models.musicvae.inference import NumpyMusicVAE, in_batches
from lyricgen.models.musicvae.samples import derangement
from lyricgen.music import keys, measures
from lyricgen.music.melody import FIRST_ONSET, HOLD


class Reconstruction(NamedTuple):
    """Melodies, uint8 (N, T), and what a model makes of them, in its key.

    `decoded` and `decoded_drawn` are written from mu and from a z of the posterior,
    both greedily in free running; `own_draws` has the likeliest event after the
    decoder's own random draws from that z, `forced` the one after the true events, from
    mu. `cost` (N,) is what the events cost from that z, in bits. `shift` (N,) is by how
    much each melody was moved, and `other` (N,) names another melody for each.
    """

    events: np.ndarray
    shift: np.ndarray
    mu: np.ndarray
    sigma: np.ndarray
    decoded: np.ndarray
    decoded_drawn: np.ndarray
    own_draws: np.ndarray
    forced: np.ndarray
    cost: np.ndarray
    other: np.ndarray


def reconstruct(
    vae: NumpyMusicVAE,
    events: np.ndarray,
    rng: np.random.Generator,
    shift: np.ndarray | None = None,
) -> Reconstruction:
    """Encodes melodies, uint8 (N, T), and decodes them from mu and from a drawn z.

    They are in the key of the model; `shift` (N,) says by how much they were moved.
    """
    mu, sigma = in_batches(vae.encode, events)
    noise = rng.standard_normal(mu.shape)
    z = mu + sigma * noise
    decoded = in_batches(vae.decode, mu)
    decoded_drawn = in_batches(vae.decode, z)
    own_draws = in_batches(lambda z: vae.likeliest_after_draws(z, rng), z)
    other = derangement(len(events), rng)

    def costs(z: np.ndarray, events: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return step_costs(vae, z, events)

    cost, _ = in_batches(costs, z, events)
    _, forced = in_batches(costs, mu, events)
    if shift is None:
        shift = np.zeros(len(events), int)
    decoding = decoded, decoded_drawn, own_draws, forced
    return Reconstruction(events, shift, mu, sigma, *decoding, cost, other)


def reconstruction_rates(reconstruction: Reconstruction) -> dict[str, Rate]:
    """Returns the accuracies of what is decoded, in the key of the model.

    An event is right there where it is right once both are moved back.
    """
    events = reconstruction.events
    right = reconstruction.decoded == events
    right_drawn = reconstruction.decoded_drawn == events
    onset = events >= FIRST_ONSET
    notes = onset.sum(axis=1)
    right_notes = (right & onset).sum(axis=1)
    decoded_notes = (reconstruction.decoded >= FIRST_ONSET).sum(axis=1)
    return {
        "free_running": bootstrap.share_of(right),
        "free_running_drawn": bootstrap.share_of(right_drawn),
        "free_running_own_draws": bootstrap.share_of(reconstruction.own_draws == events),
        "onset": Rate(right_notes, notes),
        "onset_drawn": Rate((right_drawn & onset).sum(axis=1), notes),
        "exact": bootstrap.mean_of(right.all(axis=1)),
        "exact_drawn": bootstrap.mean_of(right_drawn.all(axis=1)),
        "note_f1": Rate(2 * right_notes, notes + decoded_notes),
        "teacher_forced": bootstrap.share_of(reconstruction.forced == events),
    }


def reference_rates(
    reconstruction: Reconstruction, written: np.ndarray, train: np.ndarray
) -> dict[str, Rate]:
    """Returns the accuracies of guesses that do not know the melodies (N, T).

    `written` and the training melodies (M, T) are as they stand before they are moved.
    """
    other = reconstruction.other
    back, _ = keys.move(reconstruction.decoded, -reconstruction.shift)
    majority = measures.likeliest_at_each_step(train)
    return {
        "swapped": bootstrap.share_of(back[other] == written),
        "random_pairs": bootstrap.share_of(written[other] == written),
        "always_hold": bootstrap.share_of(written == HOLD),
        "position_majority": bootstrap.share_of(written == majority),
    }


def kl_bits(reconstruction: Reconstruction) -> np.ndarray:
    """Returns the KL of each melody, (N,), in bits."""
    kl = posterior.kl_divergence(reconstruction.mu, reconstruction.sigma)
    return kl.sum(axis=1) / LN2
