"""Drawing from a distribution: one token, tokens of a batch, Gumbel noise."""

from __future__ import annotations

import numpy as np

from lyricgen.files import UserError


def draw_token(
    p: np.ndarray,
    rng: np.random.Generator,
    temperature: float = 1.0,
    mask: np.ndarray | None = None,
) -> int:
    """Draws an index from probabilities raised to 1 / temperature, among those that a mask allows.

    Raises ValueError for a temperature of 0 or below and for a mask that allows nothing. In float64, by one uniform number.

    Notebook: 03_lyrics_language_model
    """
    if not temperature > 0:
        raise ValueError(f"temperature is {temperature}; it should be above 0.")
    with np.errstate(divide="ignore"):
        log_p = np.log(np.asarray(p, np.float64)) / temperature
    if mask is not None:
        log_p = np.where(mask, log_p, -np.inf)
    if not np.isfinite(log_p.max()):
        raise ValueError("The mask allows no token that has a probability.")
    cumulated = np.cumsum(np.exp(log_p - log_p.max()))
    return min(
        int(np.searchsorted(cumulated, rng.random() * cumulated[-1], side="right")),
        len(cumulated) - 1,
    )


def distribution(
    logits, temperature: float = 1.0, mask=True, top_k: int = 0, top_p: float = 1.0, xp=np
):
    """The probabilities (..., V) to draw from: logits / temperature where the mask allows, of these the top k, of these the top p, scaled to sum 1.

    top_k 0 keeps all; top_p keeps the fewest of the likeliest that reach it together. `xp` is NumPy or `keras.ops`.
    Source: Fan, Lewis and Dauphin 2018 (top-k); Holtzman et al. 2020, section 3.1 (top-p). Notebook: 03_lyrics_language_model
    """
    logits = xp.where(mask, logits / temperature, -np.inf)
    if top_k or top_p < 1:
        falling = xp.flip(xp.sort(logits, axis=-1), axis=-1)
        if top_k:
            falling = xp.where(falling >= falling[..., top_k - 1 : top_k], falling, -np.inf)
        p = xp.exp(falling - falling[..., :1])
        before = xp.cumsum(p, axis=-1) - p
        kept = before < top_p * xp.sum(p, axis=-1, keepdims=True) if top_p < 1 else p > 0
        logits = xp.where(
            logits >= xp.min(xp.where(kept, falling, np.inf), axis=-1, keepdims=True),
            logits,
            -np.inf,
        )
    p = xp.exp(logits - xp.max(logits, axis=-1, keepdims=True))
    return p / xp.sum(p, axis=-1, keepdims=True)


def pick_token(p, u, xp=np):
    """The index, in each row of p (B, V), at which the cumulated probability passes u (B,), each below 1.

    First the block of 64 in which it does, then the place in the block: TensorFlow cumulates long rows slowly.
    """
    V = p.shape[1]
    p = xp.reshape(xp.pad(p, ((0, 0), (0, -V % 64))), (-1, -(-V // 64), 64))
    sums = xp.sum(p, axis=-1)
    cumulated = xp.cumsum(sums, axis=-1)
    aim = u[:, None] * cumulated[:, -1:]
    block = xp.sum(xp.where(cumulated <= aim, 1, 0), axis=-1, keepdims=True)
    inside = xp.cumsum(xp.take_along_axis(p, block[..., None], axis=1)[:, 0], axis=-1)
    aim = aim - xp.take_along_axis(cumulated - sums, block, axis=-1)
    aim = xp.maximum(
        xp.minimum(aim, inside[:, -1:] * (1 - 1e-6)), 0
    )  # rounding must not lead to a token with p = 0
    return block[:, 0] * 64 + xp.sum(xp.where(inside <= aim, 1, 0), axis=-1)


def check_sampling(size: int, temperature: float, top_k: int, top_p: float) -> None:
    """Raises UserError, in one sentence, for a temperature, top-k or top-p that cannot be used with a vocabulary of some size."""
    if (
        not 1e-3 <= temperature < np.inf
    ):  # below that, a logit over the temperature can be no number any more
        raise UserError(
            f"The temperature is {temperature:g}; it should be above 0, and at least 0.001."
        )
    if not 0 <= top_k <= size:
        raise UserError(
            f"top-k is {top_k}; it should be from 1 to {size}, the size of the vocabulary (or 0: all)."
        )
    if not 0 < top_p <= 1:
        raise UserError(f"top-p is {top_p:g}; it should be above 0, and at most 1.")


def gumbel_noise(shape: tuple, temperature: float, rng: np.random.Generator | None) -> np.ndarray:
    """Gumbel noise times a temperature, float64; zeros at temperature 0. Raises UserError for a temperature that cannot be used."""
    if not 0 <= temperature < np.inf:
        raise UserError(
            f"The temperature is {temperature:g}; it should be 0 (the likeliest event) or above."
        )
    if temperature == 0:
        return np.zeros(shape[:1] + (1, 1))
    return -temperature * np.log(
        -np.log(np.maximum((rng or np.random.default_rng()).random(shape), 1e-300))
    )
