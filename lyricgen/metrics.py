"""Measures of a text model: what a text costs, what it repeats and copies, and whether it keeps its form. Compared within a corpus, never across."""

from __future__ import annotations

import gzip
import lzma
from collections.abc import Sequence

import numpy as np

from .prosody import Pattern, rhyme_class

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


class Copying:
    """A training text, sorted by what begins at each place, that is asked for the longest run that another text has in common with it.

    A million characters take about a second to sort; then a poem takes milliseconds. Notebook: 04_lyrics_across_datasets
    """

    def __init__(self, training: str):
        points = np.frombuffer(training.encode("utf-32-le"), np.uint32)
        alphabet, codes = np.unique(points, return_inverse=True)
        self.ids = {chr(point): k for k, point in enumerate(alphabet, 1)}  # 0 stands behind the end
        width = int(len(alphabet)).bit_length()
        self.shift, self.n = width, 62 // width  # so many characters go into one number
        self.codes = np.concatenate(
            [codes.astype(np.int64).ravel() + 1, np.zeros(self.n, np.int64)]
        )
        keys = np.zeros(len(points), np.int64)
        for k in range(self.n):
            keys = keys << width | self.codes[k : k + len(points)]
        self.order = np.argsort(keys, kind="stable")
        self.keys = keys[self.order]

    def longest(self, text: str) -> str:
        """The longest run of a text that stands in the training text, the first of equals; spaces and line breaks at its ends do not count."""
        codes, best = (
            [self.ids.get(character, -1) for character in text],
            (0, 0),
        )  # -1: not in the training text
        for start in range(len(codes)):
            length = min(best[1] + 1, self.n)  # only a longer one is of interest
            while start + length <= len(codes) and -1 not in codes[start : start + length]:
                key = 0
                for code in codes[start : start + length]:
                    key = key << self.shift | code
                rest = self.shift * (self.n - length)
                places = self.order[
                    slice(*np.searchsorted(self.keys, [key << rest, (key + 1) << rest]))
                ]
                if not len(places):
                    break
                if length < self.n:
                    best, length = (start, length), length + 1
                    continue
                while len(places):  # places where the first `length` characters agree
                    if length > best[1]:
                        best = start, length
                    if start + length == len(codes):
                        break
                    places = places[places + length < len(self.codes)]
                    places, length = (
                        places[self.codes[places + length] == codes[start + length]],
                        length + 1,
                    )
                break
        return text[best[0] : sum(best)].strip()


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
