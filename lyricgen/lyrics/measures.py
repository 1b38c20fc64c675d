"""Measures of a text model: what a text costs, what it repeats and copies, and whether it keeps its form. Compared within a corpus, never across."""

from __future__ import annotations

import gzip
import lzma
from collections.abc import Sequence

import numpy as np

from lyricgen.lyrics.patterns import Pattern
from lyricgen.lyrics.rhyme import rhyme_class

CODE_POINTS = (
    0x110000  # of Unicode: what an unknown character may be where a vocabulary folded none
)


def bits_per_character(bits: np.ndarray, ids: np.ndarray, folded: int) -> float:
    """The mean cost of a character in bits, from the cost of each token and its id.

    A newline and the end of a poem count as characters. `<unk>` (id 0) costs its probability and, to say which one it is, log2 of the number of
    characters that it stands for: those folded into it in training, or, where there are none, all of Unicode. Source: Shannon 1951, equation 1, as
    a cross-entropy. Notebook: 03_lyrics_language_model
    """
    return float(
        (np.sum(bits) + np.log2(folded or CODE_POINTS) * np.sum(np.asarray(ids) == 0)) / len(ids)
    )


def perplexity(bits: float) -> float:
    """2 to the mean bits of a token: among how many equally likely ones the model chooses. Notebook: 03_lyrics_language_model"""
    return 2.0**bits


def compressed_bits_per_character(training: str, text: str, method: str = "xz") -> float:
    """What `gzip` or `xz` needs for a character of a text once it has read the training text: C(training + text) - C(training), over its length.

    Bytes are those of UTF-8. gzip looks back over 32 kB and no further, so for it the training text is mostly in vain. Source: Benedetto, Caglioti
    and Loreto 2002. Notebook: 04_lyrics_across_datasets
    """
    pack = {
        "gzip": lambda data: gzip.compress(data, 9, mtime=0),
        "xz": lambda data: lzma.compress(data, preset=9 | lzma.PRESET_EXTREME),
    }[method]
    before, both = (len(pack(part.encode())) for part in (training, training + text))
    return 8 * (both - before) / len(text)


def distinct(texts: Sequence[str], n: int) -> float:
    """Different n-grams of characters over all n-grams of some texts, 1 where nothing comes twice; falls with the amount of text.

    Source: Li et al. 2016, section 5.2. Notebook: 04_lyrics_across_datasets
    """
    grams = [text[i : i + n] for text in texts for i in range(len(text) - n + 1)]
    return len(set(grams)) / max(1, len(grams))


def line_form(lines: Sequence[str], pattern: Pattern) -> float:
    """The share of places in a pattern at which a line of the right length stands; lines too many are wrong. Notebook: 04_lyrics_across_datasets"""
    right = sum(len(line) == length for line, length in zip(lines, pattern.lengths))
    return right / max(len(lines), len(pattern.lengths))


def poem_form(poems: Sequence[Sequence[str]], pattern: Pattern) -> float:
    """The share of poems all of whose lines have the pattern's lengths. Notebook: 04_lyrics_across_datasets"""
    return float(np.mean([line_form(lines, pattern) == 1 for lines in poems]))


def rhyme_share(poems: Sequence[Sequence[str]], rhymes: Sequence[int]) -> float:
    """The share of rhymes that rhyme: of each two neighbouring lines of one rhyme group (-1: none), those that end in one rhyme class.

    By today's sounds (modern Mandarin, the CMU dictionary), which older verse keeps in part only: read it beside the same figure of human text.
    A line that a poem lacks, or whose end has no class, is passed over; NaN where no pair is left. Notebook: 04_lyrics_across_datasets
    """
    pairs = []
    for lines in poems:
        last: dict[int, str] = {}
        for line, group in zip(lines, rhymes):
            if group >= 0 and (found := rhyme_class(line)) is not None:
                if group in last:
                    pairs.append(found == last[group])
                last[group] = found
    return float(np.mean(pairs)) if pairs else float("nan")
