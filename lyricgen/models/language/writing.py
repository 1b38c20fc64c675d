"""Writing with a language model: plans of masks, and the tokens drawn along them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from lyricgen import progress
from lyricgen.lyrics.form import OUTSIDE, form_of_lines
from lyricgen.lyrics.patterns import Pattern, draw_groups
from lyricgen.lyrics.rhyme import SONG_GROUPS, rhyming
from lyricgen.lyrics.vocabulary import NEWLINE, Vocabulary
from lyricgen.models.language.data import END_ID
from lyricgen.models.language.inference import NumpyLanguageModel
from lyricgen.models.sampling import check_sampling, distribution, pick_token


class Plan(NamedTuple):
    """Says which tokens are allowed at each step, in each sequence.

    At step t, sequence b takes one of the tokens that row `rows[t, b]` of `masks`
    allows: masks is bool (M, V), rows int (T, B). `form` is what a model that reads the
    form is given for the token of each step, int (T, B, 3); None is for nothing. `once`
    is bool (M,): a token that a sequence drew by such a mask is not drawn by one again.
    Notebook: writing_lyrics
    """

    masks: np.ndarray
    rows: np.ndarray
    form: np.ndarray | None = None
    once: np.ndarray | None = None


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


def form_plan(
    characters: Vocabulary,
    pattern: Pattern,
    count: int,
    rng: np.random.Generator,
    steps_after: int = 20,
) -> Plan:
    """Returns a plan that gives a pattern's name and its form, and allows any token.

    A model that reads the form is given the line lengths of the pattern, and rhyme
    groups that `draw_groups` draws; nothing compels it to keep them. After as many
    tokens as the pattern has, some steps follow in which it may still end the poem.
    Notebook: writing_lyrics, words_and_music
    """
    groups = draw_groups(pattern, rhyming(characters.tokens), count, rng)
    form = _form_of_pattern(pattern, groups)
    plan = unconstrained_plan(characters, count, len(form) + steps_after, pattern.name + NEWLINE)
    outside = np.tile(OUTSIDE, (*plan.rows.shape, 1))
    first = len(pattern.name) + 1
    outside[first : first + len(form)] = form
    return plan._replace(form=outside)


def _form_of_pattern(pattern: Pattern, groups: np.ndarray) -> np.ndarray:
    """Returns the form (T, B, 3) of poems to a pattern with the groups (L, B)."""
    forms = []
    for poem_groups in groups.T:
        names = [None if group < 0 else SONG_GROUPS[group] for group in poem_groups]
        forms.append(form_of_lines(pattern.lengths, names))
    return np.stack(forms, axis=1)


def pattern_plan(
    characters: Vocabulary, pattern: Pattern, count: int, rng: np.random.Generator
) -> Plan:
    """Returns a plan whose poems hold a pattern: its name, lines and rhymes.

    Lines have the pattern's lengths; where they rhyme, their last character is of the
    rhyme group that `draw_groups` drew for each poem, and no poem has the same one
    twice. A model that reads the form is given it as well.
    Notebook: writing_lyrics
    """
    tokens = rhyming(characters.tokens)
    groups = draw_groups(pattern, tokens, count, rng)
    plan = unconstrained_plan(characters, count, 0, pattern.name + NEWLINE)

    # The last mask so far allows the newline that ends the name. Three kinds follow:
    # any Chinese character, the end of the poem, and the characters of each group.
    newline_row = len(plan.masks) - 1
    han_row = newline_row + 1
    end_row = newline_row + 2
    first_group_row = newline_row + 3
    is_end = np.arange(len(characters)) == END_ID
    masks = np.concatenate([plan.masks, [tokens.is_han, is_end], tokens.in_group])

    any_han = np.full(count, han_row)
    line_end = np.full(count, newline_row)
    body = []
    for length, line_groups in zip(pattern.lengths, groups):
        last = np.where(line_groups < 0, any_han, first_group_row + line_groups)
        body += [any_han] * (length - 1)
        body += [last, line_end]
    body[-1] = np.full(count, end_row)
    rows = np.concatenate([plan.rows, body])

    form = np.tile(OUTSIDE, (*rows.shape, 1))
    form[len(plan.rows) :] = _form_of_pattern(pattern, groups)
    once = np.arange(len(masks)) >= first_group_row
    return Plan(masks, rows, form, once)


def form_of(plan: Plan) -> np.ndarray:
    """Returns the form of a plan, int (T, B, 3), also where the plan has none."""
    if plan.form is not None:
        return plan.form
    return np.tile(OUTSIDE, (*plan.rows.shape, 1))


def once_of(plan: Plan) -> np.ndarray:
    """Returns which masks of a plan allow a token once, bool (M,)."""
    return np.zeros(len(plan.masks), bool) if plan.once is None else plan.once


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
    once = once_of(plan)
    used = np.zeros((count, len(model.characters)), bool)
    sequences = np.arange(count)
    drawn = []
    steps = zip(plan.rows, uniforms(plan, rng), form_of(plan))
    for rows, u, form in progress.bar(steps, "writing", len(plan.rows)):
        h, states = model.step(token, states, form)
        mask = plan.masks[rows] & ~(used & once[rows, None])
        p = distribution(model.logits(h), temperature, mask, top_k, top_p)
        token = pick_token(p, u)
        used[sequences, token] |= once[rows]
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
