"""What a melody costs with a MusicVAE, in bits: the whole bill, and a closer bound."""

from __future__ import annotations

import numpy as np

from lyricgen import progress
from lyricgen.models.musicvae.inference import NumpyMusicVAE

LN2 = float(np.log(2))

# By how many semitones a melody can be moved to C
SHIFTS = range(-6, 6)


def step_costs(
    vae: NumpyMusicVAE, z: np.ndarray, events: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Returns the cost of each melody from its z, (B,), and the likeliest events.

    z (B, Z), events (B, T). Costs are in bits; they and the likeliest events (B, T) are
    those after the true events.
    """
    logits = vae.logits(z, events)
    logits = logits - logits.max(axis=-1, keepdims=True)
    index = np.asarray(events)[..., None].astype(int)
    logits_of_events = np.take_along_axis(logits, index, axis=-1)[..., 0]
    normaliser = np.log(np.exp(logits).sum(axis=-1))
    costs = (normaliser - logits_of_events).sum(axis=1)
    return costs / LN2, logits.argmax(axis=-1)


def key_costs(train_shift: np.ndarray, shift: np.ndarray) -> np.ndarray:
    """Returns the bits that it costs to say by how many semitones melodies moved.

    The frequencies are those of the training split, with one more for each of the
    twelve shifts.

    train_shift (M,), shift (N,): -6 to 5.
    Returns: float64 (N,).
    """
    counts = np.bincount(train_shift - SHIFTS[0], minlength=len(SHIFTS)) + 1
    return -np.log2(counts[shift - SHIFTS[0]] / counts.sum())


def importance_bits(
    vae: NumpyMusicVAE,
    events: np.ndarray,
    posterior: tuple[np.ndarray, np.ndarray],
    draws: int,
    rng: np.random.Generator,
) -> np.ndarray:
    """Returns the importance-weighted bound on the bits of melodies (B, T): (B,).

    It is -log2 of the mean, over `draws` z's of the posterior with mu and sigma (B, Z),
    of p(x|z) p(z) / q(z|x). With one z it is the bill; with more it comes closer to
    what the model needs without an encoder.
    Source: Burda et al. 2016, section 3.
    """
    mu, sigma = posterior
    log_weights = []
    for _ in progress.bar(range(draws), "z's of each melody"):
        noise = rng.standard_normal(mu.shape)
        z = mu + sigma * noise
        bits, _ = step_costs(vae, z, events)
        # ln p(z) - ln q(z|x); the constants cancel
        log_ratio = ((noise**2 - z**2) / 2 + np.log(sigma)).sum(axis=1)
        log_weights.append(log_ratio - bits * LN2)
    log_w = np.stack(log_weights)  # (draws, B)
    top = log_w.max(axis=0)
    log_mean = top + np.log(np.exp(log_w - top).mean(axis=0))
    return -log_mean / LN2
