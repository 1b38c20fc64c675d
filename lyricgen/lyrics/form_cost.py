"""What the form of a ci costs to say, given the name of its tune: a counting model."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Sequence

import numpy as np

from lyricgen.lyrics.corpora import Poem
from lyricgen.lyrics.form import line_groups
from lyricgen.lyrics.rhyme import SONG_GROUPS

# Says that a poem ends, where the length of its next line would stand.
POEM_END = 0
LENGTHS = 64

# What a line's rhyme is beside the last one: none, the same, of the same part in
# another tone, or new, of which it is then said which.
KINDS = ("none", "same", "tone", "new")


class BackoffCounts:
    """Counts symbols in contexts, each of which falls back on a shorter one.

    Source: Bell, Cleary and Witten 1990, section 6.1 (method C, interpolated).
    """

    def __init__(self, symbols: int):
        self.symbols = symbols
        self.counts: dict[Hashable, Counter] = defaultdict(Counter)

    def add(self, symbol: Hashable, contexts: Sequence[Hashable]) -> None:
        """Counts a symbol in each of its contexts."""
        for context in contexts:
            self.counts[context][symbol] += 1

    def bits(self, symbol: Hashable, contexts: Sequence[Hashable]) -> float:
        """Returns the cost of a symbol; contexts are given longest first."""
        p = 1 / self.symbols
        for context in reversed(contexts):
            counts = self.counts.get(context)
            if counts is not None:
                total = counts.total()
                p = (counts[symbol] + len(counts) * p) / (total + len(counts))
        return float(-np.log2(p))


def _length_symbols(poem: Poem) -> list[tuple[int, list[Hashable]]]:
    """Returns the line lengths of a poem and its end, each with its contexts."""
    lengths = [min(len(line), LENGTHS - 1) for line in poem.lines]
    symbols: list[tuple[int, list[Hashable]]] = []
    for place, length in enumerate([*lengths, POEM_END]):
        before = tuple(lengths[:place])
        contexts: list[Hashable] = [(poem.title, before), (poem.title, place), "any"]
        symbols.append((length, contexts))
    return symbols


def _kind(group: str | None, last: str | None) -> str:
    """Returns what a line's rhyme group is beside the last one of the poem."""
    if group is None:
        return "none"
    if group == last:
        return "same"
    if last is not None and group.split()[0] == last.split()[0]:
        return "tone"
    return "new"


def _rhyme_symbols(poem: Poem) -> list[tuple[str, list[Hashable]]]:
    """Returns what is said of the rhymes of a poem, each with its contexts."""
    symbols: list[tuple[str, list[Hashable]]] = []
    last = None
    for place, group in enumerate(line_groups(poem.lines)):
        kind = _kind(group, last)
        symbols.append((kind, [("kind", poem.title, place), ("kind", poem.title), "kind"]))
        if group is not None and kind == "new":
            symbols.append((group, [("group", poem.title, place), "group"]))
        last = group or last
    return symbols


def form_bits(training: Iterable[Poem], poems: Iterable[Poem]) -> tuple[float, float]:
    """Returns the bits of all line lengths of poems, and those of all rhyme groups.

    Both are given the names of the tunes, and counted on the training poems: a length
    after the tune and the lengths before it in the poem (else after the tune and the
    line's number, else anywhere); whether a line's rhyme is none, the last one, that
    one in another tone, or a new one after the tune and the line's number; and which
    one a new one is.

    Notebook: words_and_music
    """
    lengths = BackoffCounts(LENGTHS)
    rhymes = BackoffCounts(len(KINDS) + len(SONG_GROUPS))
    for poem in training:
        for length, contexts in _length_symbols(poem):
            lengths.add(length, contexts)
        for symbol, contexts in _rhyme_symbols(poem):
            rhymes.add(symbol, contexts)
    length_bits = 0.0
    rhyme_bits = 0.0
    for poem in poems:
        for length, contexts in _length_symbols(poem):
            length_bits += lengths.bits(length, contexts)
        for symbol, contexts in _rhyme_symbols(poem):
            rhyme_bits += rhymes.bits(symbol, contexts)
    return length_bits, rhyme_bits
