"""The words of a song: lines written to a pattern."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Protocol

import numpy as np

from lyricgen.files import UserError
from lyricgen.lyrics import patterns as lyrics_patterns
from lyricgen.lyrics import rhyme
from lyricgen.lyrics.form import form_of_lines, form_with_title
from lyricgen.models.language.inference import NumpyLanguageModel
from lyricgen.models.sampling import draw_token
from lyricgen.models.weights import WEIGHTS

_rhyming = lru_cache(maxsize=4)(rhyme.rhyming)

# The language models that write to a pattern, the best one first: one that reads the
# form, and one that knows its tune by name only.
WRITERS = ("songci_form", "songci")


class TextWriter(Protocol):
    """What writes the words: it gives a distribution over the next character."""

    @property
    def vocabulary(self) -> Sequence[str]:
        """The tokens that it chooses from, V of them."""

    def probabilities(self, context: Sequence[str]) -> np.ndarray:
        """Returns the distribution (V,) after all that stands before."""


def load_writer(folder: Path = WEIGHTS) -> NumpyLanguageModel:
    """Returns the model of Song ci in a folder that writes best to a pattern.

    Raises: DataError for files that are missing or damaged.
    """
    *best, last = WRITERS
    for name in best:
        if (folder / f"{name}.json").exists():
            return NumpyLanguageModel.load(name, folder)
    return NumpyLanguageModel.load(last, folder)


def write_lines(
    writer: TextWriter,
    pattern: lyrics_patterns.Pattern,
    rng: np.random.Generator,
    temperature: float,
) -> list[str]:
    """Returns lines of a pattern's lengths that rhyme at its rhyme places.

    Each character is drawn from the writer's distribution among those that may stand
    there; a writer that reads the form is given it. No rhyme word comes twice. A writer
    of few characters may take any rhyme group that it has; where a group is used up, or
    there is none, a line does not rhyme.

    Raises: UserError for a writer without Chinese characters.
    Notebook: start_here
    """
    tokens = _rhyming(tuple(writer.vocabulary))
    if not tokens.is_han.any():
        raise UserError(
            "A song has a Chinese character for each note; these weights learned from a text "
            "without any."
        )
    groups = _draw_groups(pattern, tokens, rng)
    if isinstance(writer, NumpyLanguageModel) and writer.reads_form:
        names = [None if group < 0 else rhyme.SONG_GROUPS[group] for group in groups]
        form = form_of_lines(pattern.lengths, names)
        writer = writer.given_form(form_with_title(pattern.name, form))
    unused = np.ones(len(tokens.is_han), bool)  # tokens that are no rhyme word yet
    context = [*pattern.name, "\n"]
    lines = []
    for length, group in zip(pattern.lengths, groups):
        line: list[str] = []
        for place in range(length):
            at_rhyme = group >= 0 and place == length - 1
            mask = unused & tokens.in_group[group] if at_rhyme else tokens.is_han
            if not mask.any():
                mask = tokens.is_han
            p = writer.probabilities([*context, *line])
            token = draw_token(p, rng, temperature, mask)
            line.append(writer.vocabulary[token])
        if group >= 0:
            unused[token] = False
        lines.append("".join(line))
        context += [*line, "\n"]
    return lines


def _draw_groups(
    pattern: lyrics_patterns.Pattern, tokens: rhyme.RhymingTokens, rng: np.random.Generator
) -> list[int]:
    """Returns the rhyme group of each line: a rich one, else any, else none."""
    for is_usable in (tokens.is_rich, np.asarray(tokens.in_group.any(axis=1))):
        try:
            drawn = lyrics_patterns.draw_groups(pattern, tokens._replace(is_rich=is_usable), 1, rng)
        except ValueError:
            continue
        return drawn[:, 0].tolist()
    return [lyrics_patterns.NO_RHYME] * len(pattern.lengths)
