"""The tune patterns of ci: line lengths, rhymes and stanzas, counted from poems."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from lyricgen.lyrics.chinese import RHYMES
from lyricgen.lyrics.corpora import Corpus, Poem
from lyricgen.lyrics.rhyme import rhyme_class


@dataclass(frozen=True)
class Pattern:
    """The form that a tune gives its ci: characters of each line; the rhyme group of each line (-1: free); the line that begins each stanza.

    `poems` is how many poems of the corpus are written to the tune and `share` the share of them that have just these line lengths.
    """

    name: str
    lengths: tuple[int, ...]
    rhymes: tuple[int, ...]
    stanzas: tuple[int, ...]
    poems: int
    share: float


def rhyme_places(poems: Sequence[Sequence[str]], threshold: float = 0.2) -> tuple[int, ...]:
    """The rhyme group of each line, -1 where it has none, counted from poems of one form.

    Two places belong together when their rhyme classes agree in so many poems that (observed - chance) / (1 - chance) passes the threshold (Cohen's
    kappa); chance is what the frequencies of the classes at the two places give. Groups are the components of that relation, numbered as they come.
    Notebook: 11_words_and_music
    """
    codes = {name: code for code, name in enumerate(RHYMES)}
    codes = np.array([[codes.get(rhyme_class(line), -1) for line in lines] for lines in poems])
    hot = codes[:, :, None] == np.arange(len(RHYMES))
    observed = np.einsum("pik,pjk->ij", hot, hot, dtype=float) / len(codes)
    chance = np.einsum("ik,jk->ij", hot.mean(0), hot.mean(0))
    linked = observed - chance > threshold * (1 - chance)
    groups, found = [-1] * codes.shape[1], 0
    for i in range(len(groups)):
        if groups[i] < 0 and linked[i, i + 1 :].any():
            waiting, found = [i], found + 1
            while waiting:
                j = waiting.pop()
                if groups[j] < 0:
                    groups[j] = found - 1
                    waiting += [k for k in range(len(groups)) if k != j and linked[j, k]]
    return tuple(groups)


def stanzas(lengths: Sequence[int], rhymes: Sequence[int]) -> tuple[int, ...]:
    """The first lines of the stanzas: two, cut after the rhyming line nearest to half of the characters, from 40 characters on or where the two have
    the same form; else one. The source does not mark stanzas, so this is a rule of thumb.

    Notebook: 11_words_and_music
    """
    total = sum(lengths)
    cuts = [i for i in range(1, len(lengths)) if rhymes[i - 1] >= 0] or [len(lengths) // 2]
    cut = min(cuts, key=lambda i: abs(2 * sum(lengths[:i]) - total))
    return (0, cut) if total >= 40 or lengths[:cut] == lengths[cut:] else (0,)


def patterns(corpus: Corpus | Iterable[Poem], at_least: int = 40) -> dict[str, Pattern]:
    """The pattern of every tune with at least `at_least` poems, the most frequent tune first.

    Takes a corpus or its poems. Counts and form are those of all of them; the places of the rhymes are counted from those of the training part that
    have the form, and a tune of which there are fewer than 20 is left out.
    Notebook: 11_words_and_music
    """
    by_tune = defaultdict(list)
    for poem in getattr(corpus, "poems", corpus):
        by_tune[poem.title].append(poem)
    found = {}
    for name, own in sorted(by_tune.items(), key=lambda item: (-len(item[1]), item[0])):
        lengths, count = Counter(tuple(map(len, p.lines)) for p in own).most_common(1)[0]
        training = [
            p.lines for p in own if p.split == "train" and tuple(map(len, p.lines)) == lengths
        ]
        if len(own) >= at_least and len(training) >= 20:
            rhymes = rhyme_places(training)
            found[name] = Pattern(
                name, lengths, rhymes, stanzas(lengths, rhymes), len(own), count / len(own)
            )
    return found


def stable_patterns(
    corpus: Corpus | Iterable[Poem], at_least: int = 100, share: float = 0.9
) -> dict[str, Pattern]:
    """The patterns that a song can be written to: tunes with at least 100 poems of which 90 % share one form.

    Notebook: 11_words_and_music
    """
    return {
        name: pattern
        for name, pattern in patterns(corpus, at_least).items()
        if pattern.share >= share
    }
