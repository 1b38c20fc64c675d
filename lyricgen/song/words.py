"""The words of a song: lines written to a pattern."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Protocol

import numpy as np

from lyricgen.lyrics import patterns as lyrics_patterns
from lyricgen.lyrics import rhyme
from lyricgen.models.sampling import draw_token

_rhyming = lru_cache(maxsize=4)(rhyme.rhyming)


class TextWriter(Protocol):
    """What writes the words: it gives a distribution over the next character."""

    @property
    def vocabulary(self) -> Sequence[str]:
        """The tokens that it chooses from, V of them."""

    def probabilities(self, context: Sequence[str]) -> np.ndarray:
        """Returns the distribution (V,) after all that stands before."""


def write_lines(
    writer: TextWriter,
    pattern: lyrics_patterns.Pattern,
    rng: np.random.Generator,
    temperature: float,
) -> list[str]:
    """Returns lines of a pattern's lengths that rhyme at its rhyme places.

    Each character is drawn from the writer's distribution among those that may stand
    there. No rhyme word comes twice.

    Notebook: start_here
    """
    han, classes, rich = _rhyming(tuple(writer.vocabulary))
    unused = np.ones(len(han), bool)  # tokens that are no rhyme word yet
    class_of_group: dict[int, str] = {}
    context = [*pattern.name, "\n"]
    lines = []
    for length, group in zip(pattern.lengths, pattern.rhymes):
        rhymes = group >= 0
        rhyme_words = rich
        if group in class_of_group:
            rhyme_words = classes == class_of_group[group]
        line: list[str] = []
        for place in range(length):
            at_rhyme = rhymes and place == length - 1
            mask = unused & rhyme_words if at_rhyme else han
            p = writer.probabilities([*context, *line])
            token = draw_token(p, rng, temperature, mask)
            line.append(writer.vocabulary[token])
        if rhymes:
            class_of_group.setdefault(group, classes[token])
            unused[token] = False
        lines.append("".join(line))
        context += [*line, "\n"]
    return lines
