"""Measures of a text model: the cost of a text, what it repeats, and its form.

They are compared within a corpus, never across corpora.
"""

from __future__ import annotations

import gzip
import lzma
from collections.abc import Sequence

import numpy as np

from lyricgen.lyrics.patterns import Pattern
from lyricgen.lyrics.rhyme import rhyme_class, rhyme_groups, rhyme_parts
from lyricgen.lyrics.rhyme import tones as rhyme_tones

# Unicode's: what `<unk>` may stand for where a vocabulary folded no character into it
CODE_POINTS = 0x110000


def bits_per_character(bits: np.ndarray, ids: np.ndarray, folded: int) -> float:
    """Returns the mean cost of a character in bits, from the cost and id of each token.

    A newline and the end of a poem count as characters. `<unk>` (id 0) costs its
    probability and, to say which character it is, log2 of the number of characters that
    it stands for: the `folded` ones of the training text or, where that is 0, all of
    Unicode.

    Source: Shannon 1951, equation 1, as a cross-entropy.
    Notebook: counting_words
    """
    unknown = np.sum(np.asarray(ids) == 0)
    bits_of_choice = np.log2(folded or CODE_POINTS)
    total = np.sum(bits) + bits_of_choice * unknown
    return float(total / len(ids))


def perplexity(bits: float) -> float:
    """Returns 2 to the mean bits of a token.

    Among so many equally likely tokens the model chooses.

    Notebook: counting_words
    """
    return 2.0**bits


def _packed_size(text: str, method: str) -> int:
    """Returns how many bytes `gzip` or `xz` makes of a text in UTF-8."""
    data = text.encode()
    if method == "gzip":
        return len(gzip.compress(data, 9, mtime=0))
    if method == "xz":
        return len(lzma.compress(data, preset=9 | lzma.PRESET_EXTREME))
    raise ValueError(f"The method is {method!r}; it should be 'gzip' or 'xz'.")


def compressed_bits_per_character(training: str, text: str, method: str = "xz") -> float:
    """Returns the bits that `gzip` or `xz` takes for a character after training.

    That is C(training + text) - C(training), over the length of the text. gzip looks
    back over 32 kB only, so it makes little use of the training text.

    Source: Benedetto, Caglioti and Loreto 2002.
    Notebook: four_corpora
    """
    training_size = _packed_size(training, method)
    both_size = _packed_size(training + text, method)
    return 8 * (both_size - training_size) / len(text)


def distinct(texts: Sequence[str], n: int) -> float:
    """Returns the share of distinct ones among the character n-grams of texts.

    It is 1 where no n-gram comes twice, and falls with the amount of text.

    Source: Li et al. 2016, section 5.2.
    Notebook: four_corpora
    """
    ngrams = []
    for text in texts:
        ngrams += [text[i : i + n] for i in range(len(text) - n + 1)]
    return len(set(ngrams)) / max(1, len(ngrams))


def line_form(lines: Sequence[str], pattern: Pattern) -> float:
    """Returns the share of a pattern's lines for which a line of right length stands.

    Lines beyond the pattern count as wrong.

    Notebook: four_corpora
    """
    right = sum(len(line) == length for line, length in zip(lines, pattern.lengths))
    return right / max(len(lines), len(pattern.lengths))


def poem_form(poems: Sequence[Sequence[str]], pattern: Pattern) -> float:
    """Returns the share of poems all of whose lines have the pattern's lengths.

    Notebook: four_corpora
    """
    in_form = [line_form(lines, pattern) == 1 for lines in poems]
    return float(np.mean(in_form))


def _neighbours(rhymes: Sequence[int]) -> list[tuple[int, int]]:
    """Returns each two neighbouring lines of one rhyme group, by their places."""
    pairs = []
    place_before: dict[int, int] = {}
    for place, group in enumerate(rhymes):
        if group in place_before:
            pairs.append((place_before[group], place))
        if group >= 0:
            place_before[group] = place
    return pairs


def _ends(line: str, kind: str) -> frozenset[str]:
    """Returns the rhymes of a line's end: its `groups`, `parts` or `modern` class."""
    if kind == "groups":
        return rhyme_groups(line)
    if kind == "parts":
        return rhyme_parts(line)
    modern = rhyme_class(line)
    return frozenset() if modern is None else frozenset([modern])


def rhyme_share(
    poems: Sequence[Sequence[str]],
    rhymes: Sequence[int],
    tones: Sequence[str] = (),
    modern: bool = False,
) -> float:
    """Returns the share of rhymes that rhyme: of neighbouring lines of one rhyme group.

    `rhymes` has the group of each line, -1 for none. Two lines rhyme that end in one
    rhyme group: in Chinese one of the Cilin zhengyun (1821), which reconstructs the
    rhymes of Song ci, in English by the CMU dictionary. Where the rhyme tones of a
    pattern are given as well, a level and an oblique line have to agree in the part
    only, as their tune asks. `modern` judges Chinese by today's sounds instead, which
    have kept older rhymes in part only. A line that a poem lacks, or whose end has no
    rhyme, is passed over; NaN where no pair is left.

    Notebook: four_corpora
    """
    pairs = []
    for first, second in _neighbours(rhymes):
        kind = "modern" if modern else "groups"
        if tones and not modern and {tones[first], tones[second]} == {"level", "oblique"}:
            kind = "parts"
        for lines in poems:
            if second < len(lines):
                end = _ends(lines[first], kind)
                other = _ends(lines[second], kind)
                if end and other:
                    pairs.append(not end.isdisjoint(other))
    return float(np.mean(pairs)) if pairs else float("nan")


def distinct_rhyme_words(poems: Sequence[Sequence[str]], rhymes: Sequence[int]) -> float:
    """Returns the share of distinct ones among the rhyme words of each poem.

    They are the last characters of the rhyming lines, and those of all poems count
    together; NaN where there is none.

    Notebook: writing_lyrics, words_and_music
    """
    firsts = 0
    count = 0
    for lines in poems:
        words = [line[-1] for line, group in zip(lines, rhymes) if group >= 0 and line]
        firsts += len(set(words))
        count += len(words)
    return firsts / count if count else float("nan")


def tone_share(poems: Sequence[Sequence[str]], tones: Sequence[Sequence[str]]) -> float:
    """Returns the share of a pattern's fixed places whose tone a poem keeps.

    A character with several readings keeps it if one does. Places that a poem lacks,
    and characters that the rhyme books lack, are passed over; NaN where none is left.

    Notebook: words_and_music
    """
    kept = []
    for lines in poems:
        for line, line_tones in zip(lines, tones):
            for character, tone in zip(line, line_tones):
                known = rhyme_tones(character)
                if tone != "free" and known:
                    kept.append(tone in known)
    return float(np.mean(kept)) if kept else float("nan")
