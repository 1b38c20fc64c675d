"""Writing with a language model: plans of masks, and the tokens drawn along them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from lyricgen.lyrics.patterns import Pattern
from lyricgen.lyrics.rhyme import rhyming
from lyricgen.lyrics.vocabulary import NEWLINE, Vocabulary
from lyricgen.models.language.data import END_ID
from lyricgen.models.language.inference import NumpyLanguageModel
from lyricgen.models.sampling import check_sampling, distribution, pick_token


class Plan(NamedTuple):
    """Says which tokens are allowed at each step, in each sequence.

    At step t, sequence b takes one of the tokens that row `rows[t, b]` of `masks`
    allows: masks is bool (M, V), rows int (T, B).
    Notebook: writing_lyrics
    """

    masks: np.ndarray
    rows: np.ndarray


def unconstrained_plan(characters: Vocabulary, count: int, steps: int, begin: str = "") -> Plan:
    """Returns a plan that gives the beginning and then allows any token but `<unk>`.

    `count` sequences; `steps` tokens after the beginning.
    Notebook: writing_lyrics
    """
    ids = characters.encode(begin)
    size = len(characters)
    # Row 0 allows any token but `<unk>`; the others allow one token of the beginning.
    masks = np.zeros((1 + len(ids), size), bool)
    masks[0, 1:] = True
    masks[np.arange(1, len(ids) + 1), ids] = True
    row_of_step = [*range(1, len(ids) + 1), *[0] * steps]
    rows = np.repeat(np.array(row_of_step)[:, None], count, axis=1)
    return Plan(masks, rows)


def pattern_plan(
    characters: Vocabulary, pattern: Pattern, count: int, rng: np.random.Generator
) -> Plan:
    """Returns a plan whose poems hold a pattern: its name, lines and rhymes.

    Lines have the pattern's lengths, and each group of rhymes has one class. The class
    is drawn for each poem and group by how many characters have it, among those with at
    least 40.
    Notebook: writing_lyrics
    """
    is_han, classes, is_rich = rhyming(characters.tokens)
    class_names, class_sizes = np.unique(classes[is_rich], return_counts=True)
    masks, rows = unconstrained_plan(characters, count, 0, pattern.name + NEWLINE)

    # The last mask so far allows the newline that ends the name. Three kinds follow:
    # any Chinese character, the end of the poem, and the characters of each class.
    newline_row = len(masks) - 1
    han_row = len(masks)
    end_row = han_row + 1
    first_class_row = han_row + 2
    is_end = np.arange(len(characters)) == END_ID
    in_class = classes == class_names[:, None]
    masks = np.concatenate([masks, [is_han, is_end], in_class])

    groups = max(pattern.rhymes) + 1
    shares = class_sizes / class_sizes.sum()
    class_of_group = rng.choice(len(class_names), (groups, count), p=shares)
    any_han = np.full(count, han_row)
    line_end = np.full(count, newline_row)
    body = []
    for length, group in zip(pattern.lengths, pattern.rhymes):
        rhyme = any_han if group < 0 else first_class_row + class_of_group[group]
        body += [any_han] * (length - 1)
        body += [rhyme, line_end]
    body[-1] = np.full(count, end_row)
    return Plan(masks, np.concatenate([rows, body]))


def uniforms(plan: Plan, rng: np.random.Generator) -> np.ndarray:
    """Draws the random numbers of a plan, (T, B), one a token.

    They are so little below 1 that float32 does not round them to 1.
    """
    return np.minimum(rng.random(plan.rows.shape), 1 - 1e-6)


def sample_tokens(
    model: NumpyLanguageModel,
    plan: Plan,
    rng: np.random.Generator,
    temperature: float = 1.0,
    top_k: int = 0,
    top_p: float = 1.0,
) -> np.ndarray:
    """Draws the tokens of a plan, int (T, B), from a model in NumPy.

    Raises: UserError for a setting that cannot be used.
    Notebook: writing_lyrics
    """
    check_sampling(len(model.characters), temperature, top_k, top_p)
    count = plan.rows.shape[1]
    token = np.full(count, END_ID)
    states = model.start(count)
    drawn = []
    for rows, u in zip(plan.rows, uniforms(plan, rng)):
        h, states = model.step(token, states)
        p = distribution(model.logits(h), temperature, plan.masks[rows], top_k, top_p)
        token = pick_token(p, u)
        drawn.append(token)
    return np.array(drawn)


def decode_poems(characters: Vocabulary, tokens: np.ndarray) -> list[list[str]]:
    """Returns the lines of each drawn sequence, up to its `<end>`; tokens int (T, B).

    Notebook: writing_lyrics
    """
    poems = []
    for column in tokens.T:
        ids = column.tolist()
        if END_ID in ids:
            ids = ids[: ids.index(END_ID)]
        poems.append(characters.decode(ids).split(NEWLINE))
    return poems
