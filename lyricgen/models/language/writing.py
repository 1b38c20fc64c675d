"""Writing with a language model: plans of masks, and the tokens drawn along them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from lyricgen.lyrics.vocabulary import NEWLINE, Vocabulary
from lyricgen.models.language.inference import NumpyLanguageModel
from lyricgen.models.sampling import check_sampling, distribution, pick_token


class Plan(NamedTuple):
    """What may stand where: at step t, sequence b takes one of the tokens that row `rows[t, b]` of `masks` allows. Bool (M, V) and int (T, B).

    Notebook: 04_lyrics_across_datasets
    """

    masks: np.ndarray
    rows: np.ndarray


def unconstrained_plan(characters: Vocabulary, count: int, steps: int, begin: str = "") -> Plan:
    """A plan that gives the beginning and then allows any token but `<unk>`. Notebook: 03_lyrics_language_model"""
    ids = characters.encode(begin)
    masks = np.eye(len(characters), dtype=bool)[[0, *ids]]
    masks[0] = np.arange(len(characters)) > 0
    return Plan(
        masks, np.repeat(np.array([*range(1, len(ids) + 1), *[0] * steps])[:, None], count, axis=1)
    )


def pattern_plan(characters: Vocabulary, pattern, count: int, rng: np.random.Generator) -> Plan:
    """A plan that holds a pattern by construction: its name, lines of its lengths, and each group of rhymes in one class.

    The class is drawn for each poem and group by how many characters have it, among those with at least 40. Notebook: 04_lyrics_across_datasets
    """
    from lyricgen.lyrics.rhyme import rhyming

    han, classes, rich = rhyming(characters.tokens)
    names, sizes = np.unique(classes[rich], return_counts=True)
    masks, rows = unconstrained_plan(characters, count, 0, pattern.name + NEWLINE)
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


def uniforms(plan: Plan, rng: np.random.Generator) -> np.ndarray:
    """The random numbers of a plan, (T, B), one a token, so little below 1 that float32 does not round them to it."""
    return np.minimum(rng.random(plan.rows.shape), 1 - 1e-6)


def sample_tokens(
    model: NumpyLanguageModel,
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
        token = pick_token(
            distribution(model.logits(h), temperature, plan.masks[rows], top_k, top_p), u
        )
        drawn.append(token)
    return np.array(drawn)


def decode_poems(characters: Vocabulary, tokens: np.ndarray) -> list[list[str]]:
    """The lines of each drawn sequence, up to its end; tokens int (T, B). Notebook: 03_lyrics_language_model"""
    ended = [column[: list(column).index(1)] if 1 in column else column for column in tokens.T]
    return [characters.decode(ids).split(NEWLINE) for ids in ended]
