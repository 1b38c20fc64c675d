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
    """What writes the words: a distribution over the next character, given all that stands before it."""

    vocabulary: Sequence[str]

    def probabilities(self, context: Sequence[str]) -> np.ndarray: ...


def write_lines(
    writer: TextWriter,
    pattern: lyrics_patterns.Pattern,
    rng: np.random.Generator,
    temperature: float,
) -> list[str]:
    """Lines of the pattern's lengths, rhyming at its rhyme places; no rhyme word comes twice.

    Each character is drawn from the writer's distribution among those that may stand there. Notebook: 00_start_here
    """
    han, classes, rich = _rhyming(tuple(writer.vocabulary))
    context, lines, chosen, fresh = [*pattern.name, "\n"], [], {}, np.ones(len(han), bool)
    for length, group in zip(pattern.lengths, pattern.rhymes):
        line = ""
        for place in range(length):
            rhymes = place == length - 1 and group >= 0
            mask = (
                fresh & (classes == chosen[group] if group in chosen else rich) if rhymes else han
            )
            k = draw_token(writer.probabilities([*context, *line]), rng, temperature, mask)
            line += writer.vocabulary[k]
        if group >= 0:
            chosen.setdefault(group, classes[k])
            fresh[k] = False
        lines.append(line)
        context += [*line, "\n"]
    return lines
