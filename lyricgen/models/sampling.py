"""Drawing from a distribution: one token, the tokens of a batch, Gumbel noise."""

from __future__ import annotations

from typing import Any

import numpy as np

from lyricgen.files import UserError

BLOCK = 64


def distribution(
    logits: Any,
    temperature: float = 1.0,
    mask: Any = True,
    top_k: int = 0,
    top_p: float = 1.0,
    xp: Any = np,
) -> Any:
    """Returns the probabilities (..., V) to draw from, given logits (..., V).

    The logits are divided by the temperature. Only tokens that the mask allows are
    kept, of these the top k, and of these the top p: the smallest set of the likeliest
    that reaches p together. top_k 0 and top_p 1 keep all. What is kept is scaled to sum
    to 1. `xp` is NumPy or `keras.ops`.
    Source: Fan, Lewis and Dauphin 2018 (top-k); Holtzman et al. 2020, section 3.1
    (top-p).
    Notebook: writing_lyrics
    """
    logits = xp.where(mask, logits / temperature, -np.inf)
    if top_k or top_p < 1:
        lowest = _lowest_kept_logit(logits, top_k, top_p, xp)
        logits = xp.where(logits >= lowest, logits, -np.inf)
    largest = xp.max(logits, axis=-1, keepdims=True)
    p = xp.exp(logits - largest)
    return p / xp.sum(p, axis=-1, keepdims=True)


def _lowest_kept_logit(logits: Any, top_k: int, top_p: float, xp: Any) -> Any:
    """Returns the smallest logit (..., 1) that top-k and top-p keep in each row."""
    rising = xp.sort(logits, axis=-1)
    falling = xp.flip(rising, axis=-1)
    if top_k:
        kth_largest = falling[..., top_k - 1 : top_k]
        falling = xp.where(falling >= kth_largest, falling, -np.inf)
    p = xp.exp(falling - falling[..., :1])
    if top_p < 1:
        total = xp.sum(p, axis=-1, keepdims=True)
        likelier = xp.cumsum(p, axis=-1) - p
        kept = likelier < top_p * total
    else:
        kept = p > 0
    kept_logits = xp.where(kept, falling, np.inf)
    return xp.min(kept_logits, axis=-1, keepdims=True)


def pick_token(p: Any, u: Any, xp: Any = np) -> Any:
    """Draws an index in each row of p (B, V) by inverse transform sampling, int (B,).

    It is the index at which the cumulated probability passes u (B,), numbers from 0 to
    below 1. `xp` is NumPy, or `keras.ops`, where `pick_token_in_blocks` does the same.
    Notebook: writing_lyrics
    """
    if xp is not np:
        return pick_token_in_blocks(p, u, xp)
    cumulated = np.cumsum(p, axis=-1)
    total = cumulated[:, -1:]
    aim = u[:, None] * total
    # The product is rounded; kept below the total, it leads to no token with p = 0.
    aim = np.minimum(aim, np.nextafter(total, 0))
    return np.count_nonzero(cumulated <= aim, axis=-1)


def pick_token_in_blocks(p: Any, u: Any, xp: Any) -> Any:
    """Does the same as `pick_token` in two steps, for TensorFlow's compiled loops.

    First comes the block of 64 in which the cumulated probability passes u, and then
    the place in the block. TensorFlow cumulates long rows slowly: with 64 sequences of
    4503 tokens the whole loop of the language model would take a third longer. Short
    sums are more exact, too: in float32 fewer draws differ from those in float64. u is
    at most 1 - 1e-6 here, so that rounding leads to no block behind the last one.
    """
    V = p.shape[1]
    missing = -V % BLOCK
    padded = xp.pad(p, ((0, 0), (0, missing)))
    blocks = xp.reshape(padded, (-1, (V + missing) // BLOCK, BLOCK))
    sums = xp.sum(blocks, axis=-1)
    cumulated = xp.cumsum(sums, axis=-1)
    aim = u[:, None] * cumulated[:, -1:]
    block = _count(cumulated <= aim, xp)[:, None]
    inside = xp.take_along_axis(blocks, block[..., None], axis=1)
    cumulated_inside = xp.cumsum(inside[:, 0], axis=-1)
    before = cumulated - sums
    aim_inside = aim - xp.take_along_axis(before, block, axis=-1)
    # Rounding must not lead to a token with p = 0.
    highest = cumulated_inside[:, -1:] * (1 - 1e-6)
    aim_inside = xp.maximum(xp.minimum(aim_inside, highest), 0)
    return block[:, 0] * BLOCK + _count(cumulated_inside <= aim_inside, xp)


def _count(condition: Any, xp: Any) -> Any:
    """Counts the true entries of each row."""
    ones = xp.where(condition, 1, 0)
    return xp.sum(ones, axis=-1)


def draw_token(
    p: np.ndarray,
    rng: np.random.Generator,
    temperature: float = 1.0,
    mask: np.ndarray | None = None,
) -> int:
    """Draws an index from probabilities p (V,) among those that a mask (V,) allows.

    The probabilities are raised to 1 / temperature. In float64, by one uniform number.
    Raises: ValueError for a temperature of 0 or below, and for a mask that allows
    nothing.
    Notebook: start_here
    """
    if not temperature > 0:
        raise ValueError(f"temperature is {temperature}; it should be above 0.")
    with np.errstate(divide="ignore"):
        logits = np.log(np.asarray(p, np.float64))
    if mask is not None:
        logits = np.where(mask, logits, -np.inf)
    if not np.isfinite(logits.max()):
        raise ValueError("The mask allows no token that has a probability.")
    scaled = distribution(logits, temperature)
    token = pick_token(scaled[None], rng.random(1))
    return int(token[0])


def gumbel_noise(
    shape: tuple[int, ...], temperature: float, rng: np.random.Generator | None
) -> np.ndarray:
    """Returns Gumbel noise times a temperature, float64; zeros at temperature 0.

    The largest of logits + noise is a draw at that temperature.
    Raises: UserError for a temperature below 0 or not finite.
    """
    if not 0 <= temperature < np.inf:
        raise UserError(
            f"The temperature is {temperature:g}; it should be 0 (the likeliest event) or above."
        )
    if temperature == 0:
        return np.zeros(shape[:1] + (1, 1))
    rng = rng or np.random.default_rng()
    u = np.maximum(rng.random(shape), 1e-300)
    return -temperature * np.log(-np.log(u))


def check_sampling(size: int, temperature: float, top_k: int, top_p: float) -> None:
    """Checks a temperature, top-k and top-p against the size of a vocabulary.

    Raises: UserError, in one sentence, for one that cannot be used.
    """
    # Below 0.001, a logit divided by the temperature can overflow.
    if not 1e-3 <= temperature < np.inf:
        raise UserError(
            f"The temperature is {temperature:g}; it should be above 0, and at least 0.001."
        )
    if not 0 <= top_k <= size:
        raise UserError(
            f"top-k is {top_k}; it should be from 1 to {size}, the size of the vocabulary "
            "(or 0: all)."
        )
    if not 0 < top_p <= 1:
        raise UserError(f"top-p is {top_p:g}; it should be above 0, and at most 1.")
