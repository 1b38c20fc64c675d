"""Measures of melodies: how much of them comes back, how drawn ones differ from real ones, and how much a z says. Canonical events (B, T)."""

from __future__ import annotations

import numpy as np

from .melody import FIRST_ONSET, HOLD

MAJOR = np.isin(
    (np.arange(12) - np.arange(12)[:, None]) % 12, (0, 2, 4, 5, 7, 9, 11)
)  # a row a tonic: which pitch classes its major scale has
WIDEST = 24  # semitones: a wider interval counts as this one


def step_accuracy(decoded: np.ndarray, events: np.ndarray) -> float:
    """The share of the steps with the true event; always HOLD has about half of them. Notebook: 08_training_musicvae"""
    return float((decoded == events).mean())


def onset_accuracy(decoded: np.ndarray, events: np.ndarray) -> float:
    """The share of the true onsets at which the same onset, of the same pitch, is decoded. Notebook: 08_training_musicvae"""
    onset = np.asarray(events) >= FIRST_ONSET
    return float((decoded == events)[onset].mean()) if onset.any() else float("nan")


def exact_share(decoded: np.ndarray, events: np.ndarray) -> float:
    """The share of the melodies of which every step is right. Notebook: 08_training_musicvae"""
    return float((decoded == events).all(axis=1).mean())


def note_f1(decoded: np.ndarray, events: np.ndarray) -> float:
    """The harmonic mean of precision and recall of the notes, all melodies together; a note is found with its onset and its pitch.

    Twice the notes found, over the notes that there are and those that were decoded. Notebook: 08_training_musicvae
    """
    true, own = np.asarray(events) >= FIRST_ONSET, np.asarray(decoded) >= FIRST_ONSET
    return float(2 * (true & (decoded == events)).sum() / max(1, true.sum() + own.sum()))


def _notes(events: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Of all notes of melodies, in order: melody, onset event, duration in steps. No canonical melody begins with HOLD, so each ends the last."""
    flat = np.asarray(events, np.int64).ravel()
    places = np.flatnonzero(flat != HOLD)
    onset = flat[places] >= FIRST_ONSET
    durations = np.diff(places, append=len(flat))
    return places[onset] // np.shape(events)[1], flat[places[onset]], durations[onset]


def intervals(events: np.ndarray) -> np.ndarray:
    """How often each interval comes, from a note to the next of its melody, -24 to 24 semitones (wider ones at the ends): int (49,).

    Notebook: 09_sampling_musicvae
    """
    melody, pitch, _ = _notes(events)
    jumps = np.diff(pitch)[np.diff(melody) == 0]
    return np.bincount(np.clip(jumps, -WIDEST, WIDEST) + WIDEST, minlength=2 * WIDEST + 1)


def durations(events: np.ndarray) -> np.ndarray:
    """How often each duration comes, 1 to T steps; the last note ends with the melody: int (T,). Notebook: 09_sampling_musicvae"""
    return np.bincount(_notes(events)[2], minlength=np.shape(events)[1] + 1)[1:]


def jensen_shannon(p: np.ndarray, q: np.ndarray) -> float:
    """The Jensen-Shannon divergence of two histograms, in bits: 0 where their shares are equal, 1 where they have nothing in common.

    With m = (p + q)/2 the mean of KL(p || m) and KL(q || m); its square root would be a distance. Source: Lin 1991. Notebook: 09_sampling_musicvae
    """
    p, q = (np.asarray(counts, np.float64) / np.sum(counts) for counts in (p, q))
    m = (p + q) / 2
    return float(sum((x[x > 0] * np.log2(x[x > 0] / m[x > 0])).sum() for x in (p, q)) / 2)


def in_scale(events: np.ndarray) -> float:
    """The share of the notes that are in their melody's best scale, of the 12 major ones (which are also those of the church modes).

    Each note counts the same. Trivial music scores high: a melody of seven notes or fewer easily finds a scale. Notebook: 09_sampling_musicvae
    """
    melody, pitch, _ = _notes(events)
    classes = np.zeros((len(events), 12), np.int64)
    np.add.at(classes, (melody, (pitch - FIRST_ONSET + 9) % 12), 1)  # the lowest onset is A
    return float((classes @ MAJOR.T).max(axis=1).sum() / max(1, len(pitch)))


def active_units(mu: np.ndarray, least: float = 0.01) -> int:
    """The dimensions of z whose mu (N, Z) varies over the melodies by more than 0.01 (variance): those that may say something.

    It is no proof that the decoder listens: compare the reconstruction from a swapped z. Source: Burda et al. 2016, section 5.2.
    Notebook: 07_variational_autoencoder
    """
    return int((np.var(mu, axis=0) > least).sum())


def mutual_information(mu: np.ndarray, sigma: np.ndarray, rng: np.random.Generator) -> float:
    """An estimate of how much z says about which of N melodies it came from, in nats, at most ln N; mu and sigma (N, Z).

    The mean of ln q(z|x) - ln q(z), one z drawn for each x, q(z) being the mean of q(z|x) over the N melodies: the KL to the prior minus the KL of
    the aggregate posterior to it. Source: Hoffman and Johnson 2016. Notebook: 07_variational_autoencoder
    """
    z, precision = mu + sigma * rng.standard_normal(mu.shape), sigma**-2.0
    squares = z**2 @ precision.T - 2 * z @ (mu * precision).T + (mu**2 * precision).sum(axis=1)
    given = -squares / 2 - np.log(sigma).sum(
        axis=1
    )  # ln q(z of row i | x of column j), but for a constant
    top = given.max(axis=1, keepdims=True)
    return float((np.diag(given) - top[:, 0] - np.log(np.exp(given - top).mean(axis=1))).mean())
