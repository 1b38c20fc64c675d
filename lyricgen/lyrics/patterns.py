"""The tune patterns of ci: line lengths, rhymes and stanzas, counted from poems."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from lyricgen.lyrics.chinese import RHYMES
from lyricgen.lyrics.corpora import Corpus, Poem
from lyricgen.lyrics.rhyme import rhyme_class

RHYME_CODES = {rhyme: code for code, rhyme in enumerate(RHYMES)}
NO_RHYME = -1
# a ci of this many characters has two stanzas, whatever their forms
TWO_STANZAS = 40
# poems of one form in the training split from which rhymes can be counted
LEAST_TRAINING_POEMS = 20


@dataclass(frozen=True)
class Pattern:
    """The form that a tune gives its ci: line lengths, rhymes and stanzas.

    lengths: the number of characters of each line.
    rhymes: the rhyme group of each line, -1 for a line that does not rhyme.
    stanzas: the index of the first line of each stanza.
    poems: how many poems of the corpus are written to the tune.
    share: the share of them that have just these line lengths.
    """

    name: str
    lengths: tuple[int, ...]
    rhymes: tuple[int, ...]
    stanzas: tuple[int, ...]
    poems: int
    share: float


def _rhyme_codes(lines: Sequence[str]) -> list[int]:
    """Returns the number of each line's Chinese rhyme, -1 for a line without one."""
    classes = [rhyme_class(line) or "" for line in lines]
    return [RHYME_CODES.get(line_class, NO_RHYME) for line_class in classes]


def _numbered_components(linked: np.ndarray) -> tuple[int, ...]:
    """Returns the component of each place of a relation, -1 for one without a link.

    linked: bool (L, L), symmetric. Components are numbered by their first places.
    """
    components = [NO_RHYME] * len(linked)
    count = 0
    for first in range(len(linked)):
        if components[first] != NO_RHYME or not linked[first, first + 1 :].any():
            continue
        waiting = [first]
        while waiting:
            place = waiting.pop()
            if components[place] == NO_RHYME:
                components[place] = count
                waiting += np.flatnonzero(linked[place]).tolist()
        count += 1
    return tuple(components)


def rhyme_places(poems: Sequence[Sequence[str]], threshold: float = 0.2) -> tuple[int, ...]:
    """Returns the rhyme group of each line, -1 for none, from poems of one form.

    Two places are linked when their rhyme classes agree in so many poems that
    (observed - chance) / (1 - chance), Cohen's kappa, passes the threshold; chance is
    what the frequencies of the classes at the two places give. Groups are the
    components of that relation, in the order of their first lines.

    Notebook: words_and_music
    """
    codes = np.array([_rhyme_codes(lines) for lines in poems])  # (P, L)
    one_hot = codes[:, :, None] == np.arange(len(RHYMES))  # (P, L, 13)
    agreements = np.einsum("pik,pjk->ij", one_hot, one_hot, dtype=float)
    observed = agreements / len(codes)
    frequencies = one_hot.mean(axis=0)
    chance = np.einsum("ik,jk->ij", frequencies, frequencies)
    linked = observed - chance > threshold * (1 - chance)
    return _numbered_components(linked)


def stanzas(lengths: Sequence[int], rhymes: Sequence[int]) -> tuple[int, ...]:
    """Returns the first lines of the stanzas: of two, or of one that is the whole ci.

    It has two from 40 characters on, or where the two have the same form; they are cut
    after the rhyming line that is nearest to half of the characters. The source does
    not mark stanzas, so this is a rule of thumb.

    Notebook: words_and_music
    """
    total = sum(lengths)
    cuts = [i for i in range(1, len(lengths)) if rhymes[i - 1] != NO_RHYME]
    if not cuts:
        cuts = [len(lengths) // 2]
    cut = min(cuts, key=lambda i: abs(2 * sum(lengths[:i]) - total))
    same_form = lengths[:cut] == lengths[cut:]
    return (0, cut) if total >= TWO_STANZAS or same_form else (0,)


def _line_lengths(poem: Poem) -> tuple[int, ...]:
    """Returns the number of characters of each line."""
    return tuple(len(line) for line in poem.lines)


def _count_pattern(name: str, poems: list[Poem]) -> Pattern | None:
    """Returns the pattern of a tune from its poems, None where training has too few."""
    forms = Counter(_line_lengths(poem) for poem in poems)
    lengths, count = forms.most_common(1)[0]
    in_form = [poem for poem in poems if _line_lengths(poem) == lengths]
    training = [poem.lines for poem in in_form if poem.split == "train"]
    if len(training) < LEAST_TRAINING_POEMS:
        return None
    rhymes = rhyme_places(training)
    first_lines = stanzas(lengths, rhymes)
    share = count / len(poems)
    return Pattern(name, lengths, rhymes, first_lines, len(poems), share)


def patterns(corpus: Corpus | Iterable[Poem], at_least: int = 40) -> dict[str, Pattern]:
    """Returns the pattern of every tune with `at_least` poems, frequent tunes first.

    It takes a corpus or its poems. Counts and form are those of all poems; the places
    of the rhymes are counted from the poems of the training split that have the form. A
    tune of which there are fewer than 20 of these is left out.

    Notebook: words_and_music
    """
    poems = corpus.poems if isinstance(corpus, Corpus) else corpus
    poems_by_tune = defaultdict(list)
    for poem in poems:
        poems_by_tune[poem.title].append(poem)
    by_frequency = sorted(poems_by_tune, key=lambda name: (-len(poems_by_tune[name]), name))
    by_name = {}
    for name in by_frequency:
        if len(poems_by_tune[name]) >= at_least:
            pattern = _count_pattern(name, poems_by_tune[name])
            if pattern is not None:
                by_name[name] = pattern
    return by_name


def stable_patterns(
    corpus: Corpus | Iterable[Poem], at_least: int = 100, share: float = 0.9
) -> dict[str, Pattern]:
    """Returns the patterns that a song can be written to.

    They are those of tunes with at least 100 poems of which 90 % share one form.

    Notebook: words_and_music
    """
    frequent = patterns(corpus, at_least)
    return {name: pattern for name, pattern in frequent.items() if pattern.share >= share}
