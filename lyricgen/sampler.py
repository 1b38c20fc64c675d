"""Shipped weights, read and run without TensorFlow: the language model in NumPy, float64, and the ways to draw from it."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from .files import (
    DATA,
    DataError,
    UserError,
    read_card,
    read_checked,
    sha256,
    write_atomic,
    write_json,
)
from .texts import END, NEWLINE, UNKNOWN, Vocabulary

WEIGHTS = DATA / "weights"


def write_weights(folder: Path, name: str, arrays: dict[str, np.ndarray], card: dict) -> dict:
    """Writes NAME.npz, in float16, and its card NAME.json, and returns the card with the hash."""
    packed = io.BytesIO()
    np.savez_compressed(packed, **{key: value.astype(np.float16) for key, value in arrays.items()})
    write_atomic(folder / f"{name}.npz", packed.getvalue())
    card = {"name": name, **card, "file": f"{name}.npz", "sha256": sha256(packed.getvalue())}
    write_json(folder / f"{name}.json", card)
    return card


def read_weights(name: str, folder: Path = WEIGHTS) -> tuple[dict[str, np.ndarray], dict]:
    """The arrays and the card of some weights; raises DataError for a file that is missing, or damaged (with both hashes)."""
    card = read_card(folder / f"{name}.json")
    data = read_checked(folder / f"{name}.npz", str(card.get("sha256")))
    with np.load(io.BytesIO(data), allow_pickle=False) as file:
        return {key: file[key] for key in file.files}, card


class CharacterLSTM:
    """The language model, step by step: embedding, LSTM layers, projection, and the embedding again for the logits.

    `arrays` are those of a weights file: embedding (V, E), for each layer k from 1 W (D, 4H), U (H, 4H) and b (4H,), projection (H, E) where
    H is not E, and output_bias (V,). A poem begins with `<end>` and zero states. `xp` is NumPy, or `keras.ops` for the compiled loop of language.py.
    Raises DataError where weights and vocabulary do not fit. Notebook: 03_lyrics_language_model
    """

    def __init__(
        self, arrays: dict[str, np.ndarray], characters: Vocabulary, dtype: str = "float64", xp=np
    ):
        rows = len(arrays.get("embedding", ()))
        if rows != len(characters) or len(arrays.get("output_bias", ())) != rows:
            raise DataError(
                f"These weights are for another vocabulary: they have {rows} tokens, and the vocabulary has {len(characters)}."
            )
        given = {
            key: xp.asarray(value, dtype) if xp is np else xp.convert_to_tensor(value, dtype)
            for key, value in arrays.items()
        }
        self.arrays, self.characters, self.vocabulary, self.xp, self.dtype = (
            arrays,
            characters,
            characters.tokens,
            xp,
            dtype,
        )
        self.embedding, self.bias, self.projection = (
            given["embedding"],
            given["output_bias"],
            given.get("projection"),
        )
        self.output = xp.transpose(self.embedding)
        self.layers = [
            (given[f"W{k}"], given[f"U{k}"], given[f"b{k}"])
            for k in range(1, 9)
            if f"W{k}" in given
        ]
        self._seen: tuple[str, ...] | None = None

    @classmethod
    def load(cls, name: str, folder: Path = WEIGHTS, dtype: str = "float64") -> CharacterLSTM:
        """The shipped model of a corpus, or another one in a folder; raises DataError where its files are damaged or do not fit."""
        arrays, card = read_weights(name, folder)
        return cls(
            arrays,
            Vocabulary((UNKNOWN, END, NEWLINE, *card.get("characters", ())), card.get("folded", 0)),
            dtype,
        )

    def start(self, count: int) -> list[tuple]:
        """The states h and c (count, H) of each layer before anything was read: zeros."""
        return [(self.xp.zeros((count, U.shape[0]), self.dtype),) * 2 for _, U, _ in self.layers]

    def step(self, tokens, states: list[tuple]) -> tuple:
        """Reads a token in each of B sequences: the last layer's h (B, H) and the new states."""
        xp, after = self.xp, []
        x = xp.take(self.embedding, tokens, axis=0)
        for (W, U, b), (h, c) in zip(self.layers, states):
            i, f, g, o = xp.split(xp.matmul(x, W) + xp.matmul(h, U) + b, 4, axis=1)
            i, f, o = ((1 + xp.tanh(z / 2)) / 2 for z in (i, f, o))  # the sigmoid, as in gates.py
            c = f * c + i * xp.tanh(g)
            x = o * xp.tanh(c)
            after.append((x, c))
        return x, after

    def logits(self, h):
        """The logits (B, V) of the next token from the last layer's h (B, H)."""
        features = h if self.projection is None else self.xp.matmul(h, self.projection)
        return self.xp.matmul(features, self.output) + self.bias

    def probabilities(self, context: Sequence[str] = ()) -> np.ndarray:
        """The probability of each token of the vocabulary after a context (characters from the beginning of a poem), (V,), sums to 1.

        It goes on from where the last call stopped when the new context begins with the last one. Notebook: 03_lyrics_language_model
        """
        context = tuple(context)
        if self._seen is None or context[: len(self._seen)] != self._seen:
            self._seen, self._after = (), self.step(np.array([1]), self.start(1))
        for token in context[len(self._seen) :]:
            self._after = self.step(np.array([self.characters.ids.get(token, 0)]), self._after[1])
        self._seen = context
        return distribution(self.logits(self._after[0]))[0]

    def costs(self, sequences: Iterable[np.ndarray]) -> list[np.ndarray]:
        """The cost of each token of each sequence of ids, given those before it, in bits. Notebook: 03_lyrics_language_model"""
        sequences = [np.asarray(sequence) for sequence in sequences]
        order, costs = (
            sorted(range(len(sequences)), key=lambda k: -len(sequences[k])),
            [np.empty(0)] * len(sequences),
        )
        for first in range(0, len(order), 128):
            batch = order[first : first + 128]  # of about equal lengths
            ids = np.ones((len(sequences[batch[0]]) + 1, len(batch)), int)
            for b, k in enumerate(batch):
                ids[1 : len(sequences[k]) + 1, b] = sequences[k]
            states, bits = self.start(len(batch)), np.empty((len(ids) - 1, len(batch)))
            for t in range(len(ids) - 1):
                h, states = self.step(ids[t], states)
                p = distribution(self.logits(h))
                bits[t] = -np.log2(p[np.arange(len(batch)), ids[t + 1]])
            for b, k in enumerate(batch):
                costs[k] = bits[: len(sequences[k]), b]
        return costs


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


def pick(p, u, xp=np):
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


class Plan(NamedTuple):
    """What may stand where: at step t, sequence b takes one of the tokens that row `rows[t, b]` of `masks` allows. Bool (M, V) and int (T, B).

    Notebook: 04_lyrics_across_datasets
    """

    masks: np.ndarray
    rows: np.ndarray


def free(characters: Vocabulary, count: int, steps: int, begin: str = "") -> Plan:
    """A plan that gives the beginning and then allows any token but `<unk>`. Notebook: 03_lyrics_language_model"""
    ids = characters.encode(begin)
    masks = np.eye(len(characters), dtype=bool)[[0, *ids]]
    masks[0] = np.arange(len(characters)) > 0
    return Plan(
        masks, np.repeat(np.array([*range(1, len(ids) + 1), *[0] * steps])[:, None], count, axis=1)
    )


def in_form(characters: Vocabulary, pattern, count: int, rng: np.random.Generator) -> Plan:
    """A plan that holds a pattern by construction: its name, lines of its lengths, and each group of rhymes in one class.

    The class is drawn for each poem and group by how many characters have it, among those with at least 40. Notebook: 04_lyrics_across_datasets
    """
    from .prosody import rhyming

    han, classes, rich = rhyming(characters.tokens)
    names, sizes = np.unique(classes[rich], return_counts=True)
    masks, rows = free(characters, count, 0, pattern.name + NEWLINE)
    line_end, any_han, rhyme = (
        len(rows),
        len(masks),
        len(masks) + 2,
    )  # rows of the masks: the newline after the name is one already
    masks = np.concatenate(
        [masks, [han, np.arange(len(characters)) == 1], classes == names[:, None]]
    )
    groups = rng.choice(len(names), (max(pattern.rhymes) + 1, count), p=sizes / sizes.sum())
    body = []
    for length, group in zip(pattern.lengths, pattern.rhymes):
        body += [np.full(count, any_han)] * (length - 1) + [
            np.full(count, any_han) if group < 0 else rhyme + groups[group],
            np.full(count, line_end),
        ]
    body[-1] = np.full(count, any_han + 1)  # after the last line comes the end of the poem
    return Plan(masks, np.concatenate([rows, body]))


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


def uniforms(plan: Plan, rng: np.random.Generator) -> np.ndarray:
    """The random numbers of a plan, (T, B), one a token, so little below 1 that float32 does not round them to it."""
    return np.minimum(rng.random(plan.rows.shape), 1 - 1e-6)


def sample(
    model: CharacterLSTM,
    plan: Plan,
    rng: np.random.Generator,
    temperature: float = 1.0,
    top_k: int = 0,
    top_p: float = 1.0,
) -> np.ndarray:
    """Draws the tokens of a plan, int (T, B), from a model in NumPy; raises UserError for a setting that cannot be used.

    Notebook: 03_lyrics_language_model
    """
    check_sampling(len(model.characters), temperature, top_k, top_p)
    token, states, drawn = np.ones(plan.rows.shape[1], int), model.start(plan.rows.shape[1]), []
    for rows, u in zip(plan.rows, uniforms(plan, rng)):
        h, states = model.step(token, states)
        token = pick(distribution(model.logits(h), temperature, plan.masks[rows], top_k, top_p), u)
        drawn.append(token)
    return np.array(drawn)


def poems(characters: Vocabulary, tokens: np.ndarray) -> list[list[str]]:
    """The lines of each drawn sequence, up to its end; tokens int (T, B). Notebook: 03_lyrics_language_model"""
    ended = [column[: list(column).index(1)] if 1 in column else column for column in tokens.T]
    return [characters.decode(ids).split(NEWLINE) for ids in ended]
