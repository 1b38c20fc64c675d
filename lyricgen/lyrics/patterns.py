"""The tune patterns of ci, counted from poems: lines, rhymes, tones and stanzas."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from lyricgen.lyrics.corpora import Corpus, Poem
from lyricgen.lyrics.form import line_groups
from lyricgen.lyrics.rhyme import SONG_GROUPS, RhymingTokens, rhyme_parts, tones

NO_RHYME = -1
# so many poems have to agree in a tone before a pattern asks for it
FIXED = 0.95
# and so many in that of a rhyme, where few poems take the other one throughout
FIXED_RHYME = 0.8
# a ci of this many characters has two stanzas, whatever their forms
TWO_STANZAS = 40
# poems of one form in the training split from which rhymes can be counted
LEAST_TRAINING_POEMS = 20
# Two places of a tune of few poems rhyme by chance now and then: there the threshold of
# `rhyme_places` is higher. The rhymes of the stable patterns are the same with both.
SURE_RHYME = 0.3
# poems of qu that have just the same lines
LEAST_POEMS_OF_QU = 5


@dataclass(frozen=True)
class Pattern:
    """The form that a tune gives its ci: line lengths, rhymes, tones and stanzas.

    lengths: the number of characters of each line.
    rhymes: the rhyme group of each line, -1 for a line that does not rhyme.
    stanzas: the index of the first line of each stanza.
    poems: how many poems of the corpus are written to the tune.
    share: the share of them that have just these line lengths.
    level_shares: for each place of each line the share of level characters there, among
        those that have one tone only.
    group_shares: for each group of rhymes the share of poems that have each of
        SONG_GROUPS there.
    """

    name: str
    lengths: tuple[int, ...]
    rhymes: tuple[int, ...]
    stanzas: tuple[int, ...]
    poems: int
    share: float
    level_shares: tuple[tuple[float, ...], ...] = ()
    group_shares: tuple[tuple[float, ...], ...] = ()

    @property
    def tones(self) -> tuple[tuple[str, ...], ...]:
        """Says of each place of each line whether it is `level`, `oblique` or `free`.

        A place is fixed where 95 % of the poems agree.
        """
        lines = []
        for shares in self.level_shares:
            lines.append(tuple(_tone(share, FIXED) for share in shares))
        return tuple(lines)

    @property
    def rhyme_tones(self) -> tuple[str, ...]:
        """Says of each line whether its rhyme is `level`, `oblique` or `free`.

        It is fixed where 80 % of the poems agree; `free` also for a line without a
        rhyme.
        """
        ends = [shares[-1] for shares in self.level_shares] or [0.5] * len(self.lengths)
        line_tones = []
        for share, group in zip(ends, self.rhymes):
            line_tones.append("free" if group == NO_RHYME else _tone(share, FIXED_RHYME))
        return tuple(line_tones)


def _tone(level_share: float, fixed: float) -> str:
    """Returns the tone that so many poems agree in, `free` for none."""
    if level_share >= fixed:
        return "level"
    return "oblique" if level_share <= 1 - fixed else "free"


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

    Two places are linked when their ends rhyme, in either tone class, in so many poems
    that (observed - chance) / (1 - chance), Cohen's kappa, passes the threshold; chance
    is what the frequencies of the ends at the two places give. Groups are the
    components of that relation, in the order of their first lines.

    Notebook: words_and_music
    """
    ends = [[rhyme_parts(line) for line in lines] for lines in poems]
    # A character has several rhymes; ends that have the same ones are of one kind.
    kinds = sorted({end for line_ends in ends for end in line_ends}, key=sorted)
    number = {kind: k for k, kind in enumerate(kinds)}
    rhyming = np.array([[not a.isdisjoint(b) for b in kinds] for a in kinds])  # (K, K)
    codes = np.array([[number[end] for end in line_ends] for line_ends in ends])  # (P, L)
    observed = rhyming[codes[:, :, None], codes[:, None, :]].mean(axis=0)  # (L, L)
    one_hot = codes[:, :, None] == np.arange(len(kinds))
    frequencies = one_hot.mean(axis=0)  # (L, K)
    chance = frequencies @ rhyming @ frequencies.T
    linked = observed - chance > threshold * (1 - chance)
    return _numbered_components(linked)


def level_shares(poems: Sequence[Sequence[str]]) -> tuple[tuple[float, ...], ...]:
    """Returns for each place of each line the share of level characters there.

    The poems are of one form. Only characters count that have one tone in the rhyme
    book; where there is none the share is a half.

    Notebook: words_and_music
    """
    shares = []
    for lines in zip(*poems):
        line_shares = []
        for characters in zip(*lines):
            known = [tones(character) for character in characters]
            single = ["level" in tone for tone in known if len(tone) == 1]
            line_shares.append(float(np.mean(single)) if single else 0.5)
        shares.append(tuple(line_shares))
    return tuple(shares)


def group_shares(
    poems: Sequence[Sequence[str]], rhymes: Sequence[int]
) -> tuple[tuple[float, ...], ...]:
    """Returns the share of each of SONG_GROUPS in each group of rhymes of a pattern.

    That of a poem is the one of the first line of the rhyme group.

    Notebook: words_and_music
    """
    counts = np.zeros((max(rhymes) + 1, len(SONG_GROUPS)))
    first_lines = [list(rhymes).index(group) for group in range(len(counts))]
    for lines in poems:
        found = line_groups(lines)
        for rhyme, place in enumerate(first_lines):
            group = found[place]
            if group is not None:
                counts[rhyme, SONG_GROUPS.index(group)] += 1
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    return tuple(tuple(row) for row in shares.tolist())


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


def most_frequent_form(poems: Sequence[Poem]) -> tuple[tuple[int, ...], int]:
    """Returns the line lengths that most poems have, and how many poems have them."""
    forms = Counter(_line_lengths(poem) for poem in poems)
    return forms.most_common(1)[0]


def training_lines(poems: Sequence[Poem], lengths: Sequence[int]) -> list[tuple[str, ...]]:
    """Returns the lines of the poems of the training split that have these lengths."""
    in_form = [poem for poem in poems if _line_lengths(poem) == tuple(lengths)]
    return [poem.lines for poem in in_form if poem.split == "train"]


def count_pattern(name: str, poems: Sequence[Poem], threshold: float = 0.2) -> Pattern | None:
    """Returns the pattern of a tune from its poems, None where training has too few.

    It is the form that most poems have. threshold: that of `rhyme_places`.
    """
    lengths, count = most_frequent_form(poems)
    training = training_lines(poems, lengths)
    if len(training) < LEAST_TRAINING_POEMS:
        return None
    rhymes = rhyme_places(training, threshold)
    first_lines = stanzas(lengths, rhymes)
    return Pattern(
        name,
        lengths,
        rhymes,
        first_lines,
        poems=len(poems),
        share=count / len(poems),
        level_shares=level_shares(training),
        group_shares=group_shares(training, rhymes),
    )


def count_qu_pattern(name: str, poems: Sequence[Poem]) -> Pattern | None:
    """Returns the pattern of a tune of qu, None where the corpus has too few poems.

    A tune of qu fixes the number of its lines, and lets the poet add characters to
    them, so that few poems have the same lengths. The lengths are those that most poems
    have, and five at least; the rhymes are counted from all poems of the training split
    with as many lines, at least twenty. A qu has one stanza. Its rhymes may be of any
    tone but the entering one, which the North had lost by then.
    """
    lengths, count = most_frequent_form(poems)
    training = [
        poem.lines for poem in poems if poem.split == "train" and len(poem.lines) == len(lengths)
    ]
    if count < LEAST_POEMS_OF_QU or len(training) < LEAST_TRAINING_POEMS:
        return None
    rhymes = rhyme_places(training, SURE_RHYME)
    shares = np.array(group_shares(training, rhymes))
    shares[:, [group.endswith("entering") for group in SONG_GROUPS]] = 0
    shares /= shares.sum(axis=1, keepdims=True)
    return Pattern(
        name,
        lengths,
        rhymes,
        (0,),
        poems=len(poems),
        share=count / len(poems),
        group_shares=tuple(tuple(row) for row in shares.tolist()),
    )


def poems_by_tune(poems: Iterable[Poem]) -> dict[str, list[Poem]]:
    """Returns the poems to each tune, frequent tunes first."""
    by_tune = defaultdict(list)
    for poem in poems:
        by_tune[poem.title].append(poem)
    by_frequency = sorted(by_tune, key=lambda name: (-len(by_tune[name]), name))
    return {name: by_tune[name] for name in by_frequency}


def patterns(corpus: Corpus | Iterable[Poem], at_least: int = 40) -> dict[str, Pattern]:
    """Returns the pattern of every tune with `at_least` poems, frequent tunes first.

    It takes a corpus or its poems. Counts and form are those of all poems; the places
    of the rhymes are counted from the poems of the training split that have the form. A
    tune of which there are fewer than 20 of these is left out.

    Notebook: words_and_music
    """
    poems = corpus.poems if isinstance(corpus, Corpus) else corpus
    by_name = {}
    for name, poems_of_tune in poems_by_tune(poems).items():
        if len(poems_of_tune) >= at_least:
            pattern = count_pattern(name, poems_of_tune)
            if pattern is not None:
                by_name[name] = pattern
    return by_name


def draw_groups(
    pattern: Pattern, tokens: RhymingTokens, count: int, rng: np.random.Generator
) -> np.ndarray:
    """Draws the rhyme group of each line for poems to a pattern, int (L, count).

    They are places in SONG_GROUPS, -1 for a line that does not rhyme. A group of rhymes
    is drawn as often as poems of the tune have it, or, where the pattern does not say
    so, by how many tokens have it; only groups of at least 40 tokens are drawn. Where a
    line asks for the other tone it gets that of the same part.

    Raises: ValueError where no group has enough tokens.
    Notebook: words_and_music
    """
    drawn = np.full((len(pattern.lengths), count), NO_RHYME)
    rhymes = np.array(pattern.rhymes)
    for rhyme in range(max(pattern.rhymes) + 1):
        lines = np.flatnonzero(rhymes == rhyme)
        line_tones = _agreed_tones([pattern.rhyme_tones[line] for line in lines])
        choices = np.array([_groups_with_tone(tone) for tone in line_tones])  # (lines, 33)
        usable = ((choices >= 0) & tokens.is_rich[choices]).all(axis=0)
        if not usable.any():
            raise ValueError("The vocabulary has too few characters of any one rhyme.")
        weights = tokens.in_group.sum(axis=1) * usable
        if pattern.group_shares:
            shares = np.array(pattern.group_shares[rhyme]) * usable
            weights = shares if shares.any() else weights
        group = rng.choice(len(SONG_GROUPS), count, p=weights / weights.sum())
        drawn[lines] = choices[:, group]
    return drawn


def _agreed_tones(line_tones: list[str]) -> list[str]:
    """Returns the tones of lines that rhyme with one another.

    Where all fixed ones agree, the free lines follow them: a level and an oblique
    character rhyme only where the tune asks for both.
    """
    fixed = set(line_tones) - {"free"}
    return [*fixed] * len(line_tones) if len(fixed) == 1 else line_tones


def _groups_with_tone(tone: str) -> list[int]:
    """Returns for each of SONG_GROUPS that of its part with a tone, -1 for none."""
    groups = []
    for place, name in enumerate(SONG_GROUPS):
        part, own_tone = name.split()
        if tone == "level" and own_tone == "oblique":
            groups.append(SONG_GROUPS.index(f"{part} level"))
        elif tone == "oblique" and own_tone == "level":
            groups.append(SONG_GROUPS.index(f"{part} oblique"))
        elif tone == "level" and own_tone == "entering":
            groups.append(NO_RHYME)
        else:
            groups.append(place)
    return groups


def stable_patterns(
    corpus: Corpus | Iterable[Poem], at_least: int = 100, share: float = 0.9
) -> dict[str, Pattern]:
    """Returns the patterns that a song can be written to.

    They are those of tunes with at least 100 poems of which 90 % share one form.

    Notebook: words_and_music
    """
    frequent = patterns(corpus, at_least)
    return {name: pattern for name, pattern in frequent.items() if pattern.share >= share}
