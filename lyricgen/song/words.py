"""The words of a song: lines written to a tune pattern, or in stanzas of English."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Protocol

import numpy as np

from lyricgen.files import UserError
from lyricgen.lyrics import chinese, corpora, english, gloss, pattern_list, rhyme
from lyricgen.lyrics import patterns as lyrics_patterns
from lyricgen.lyrics.form import form_of_lines, form_with_title
from lyricgen.lyrics.verse import NO_RHYME, stanza_form, sung_feet
from lyricgen.models.language.inference import NumpyLanguageModel
from lyricgen.models.sampling import draw_token
from lyricgen.models.weights import WEIGHTS
from lyricgen.song.english_words import write_stanzas
from lyricgen.song.lead_sheet import Syllable

_rhyming = lru_cache(maxsize=4)(rhyme.rhyming)

# The language models that write to a pattern, the best one first: one that reads the
# form, and one that knows its tune by name only.
WRITERS = ("songci_form", "songci")

# In whose manner each of the English models writes.
MANNERS = {"burns": "Robert Burns", "ballads": "the Border ballads"}
LYRICS = (*pattern_list.CORPORA, *MANNERS)

# stanzas of an English song
STANZAS = 4
MOST_STANZAS = 12

# poems from which the parts of a line are counted
POEMS_OF_PARTS = 100


@dataclass(frozen=True)
class Line:
    """A line of a song.

    syllables: what is sung to each note.
    feet: the parts of the line as it is sung, in syllables, such as 4 and 3.
    rhyme: the number of its rhyme, the same for lines that rhyme, -1 for none.
    gloss: what its words mean in English, one by one; empty for an English line.
    """

    text: str
    syllables: tuple[Syllable, ...]
    feet: tuple[int, ...]
    rhyme: int = NO_RHYME
    gloss: str = ""


@dataclass(frozen=True)
class Words:
    """The words of a song.

    subtitle: for Chinese the name of the tune in pinyin.
    language: `zh` or `en`.
    name: letters and hyphens of ASCII, for the name of a folder.
    """

    title: str
    subtitle: str
    language: str
    stanzas: tuple[tuple[Line, ...], ...]
    name: str


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


def write_words(
    lyrics: str,
    form: str,
    rng: np.random.Generator,
    temperature: float,
    writer: TextWriter | None = None,
    stanzas: int | None = None,
) -> Words:
    """Returns the words of a song: Chinese to a tune pattern, or English in stanzas.

    Without a writer the shipped model of the lyrics writes.

    lyrics: `songci` or `yuanqu`, `burns` or `ballads`.
    form: of Chinese the pattern, as `find_pattern` understands it; of English the
        stanza, as `stanza_form` does.
    stanzas: how many there are in English, 4 if nothing is said; a Chinese pattern has
        its own.

    Raises: UserError for lyrics, a form or a number of stanzas that are none, and for a
        writer of another script; DataError where weights are damaged.
    """
    if lyrics not in LYRICS:
        raise UserError(f"There are no lyrics {lyrics!r}; there are {', '.join(LYRICS)}.")
    if lyrics in MANNERS:
        return _write_english(lyrics, form, rng, temperature, writer, stanzas)
    return _write_chinese(lyrics, form, rng, temperature, writer, stanzas)


def _write_english(
    lyrics: str,
    form: str,
    rng: np.random.Generator,
    temperature: float,
    writer: TextWriter | None,
    stanzas: int | None,
) -> Words:
    """Returns the words of an English song, each stanza with rhymes of its own."""
    stanza = stanza_form(form)
    count = STANZAS if stanzas is None else stanzas
    if not 1 <= count <= MOST_STANZAS:
        raise UserError(f"The number of stanzas is {count}; it should be from 1 to {MOST_STANZAS}.")
    if writer is None:
        # half of the time of float64, and as good
        writer = NumpyLanguageModel.load(lyrics, dtype="float32")
    if not isinstance(writer, NumpyLanguageModel):
        raise UserError("English words are written by a language model that is an LSTM.")
    rhymes = max(stanza.rhymes) + 1
    song = []
    written = write_stanzas(writer, lyrics, stanza, count, rng, temperature)
    for number, texts in enumerate(written):
        lines = []
        for text, length, group in zip(texts, stanza.lengths, stanza.rhymes):
            own_group = NO_RHYME if group == NO_RHYME else number * rhymes + group
            lines.append(Line(text, english_syllables(text), sung_feet(length), own_group))
        song.append(tuple(lines))
    title = song[0][0].text.rstrip(",.;:!?")
    name = f"{lyrics}-{stanza.name.replace('.', '-')}"
    return Words(title, f"In the manner of {MANNERS[lyrics]}", "en", tuple(song), name)


def english_syllables(line: str) -> tuple[Syllable, ...]:
    """Returns the syllables of a line of English, with the marks that follow them."""
    syllables = []
    for written in line.split():
        word = written.rstrip(",.;:!?")
        *begin, end = english.split_syllables(word)
        syllables += [Syllable(part, joined=True) for part in begin]
        syllables.append(Syllable(end + written[len(word) :]))
    return tuple(syllables)


def _write_chinese(
    lyrics: str,
    form: str,
    rng: np.random.Generator,
    temperature: float,
    writer: TextWriter | None,
    stanzas: int | None,
) -> Words:
    """Returns the words of a song to a tune pattern, with pinyin and glosses."""
    pattern = pattern_list.find_pattern(form, lyrics)
    if stanzas not in (None, len(pattern.stanzas)):
        raise UserError(
            f"The number of stanzas is {stanzas}; the pattern {pattern.name} has "
            f"{len(pattern.stanzas)}."
        )
    if writer is None:
        writer = load_writer() if lyrics == "songci" else NumpyLanguageModel.load(lyrics)
    tokens = _tokens(writer)
    groups = _draw_groups(pattern, tokens, rng)
    texts = _write_to_groups(writer, pattern, tokens, groups, rng, temperature)
    parts = _parts_of_lines(lyrics, pattern)
    rhymes = [number if group >= 0 else NO_RHYME for number, group in zip(pattern.rhymes, groups)]
    lines = []
    for text, feet, number in zip(texts, parts, rhymes):
        spelt = chinese.pinyin(text)
        syllables = tuple(map(Syllable, text, spelt))
        lines.append(Line(text, syllables, feet, number, gloss.word_by_word(text)))
    ends = (*pattern.stanzas[1:], len(lines))
    song = [tuple(lines[first:end]) for first, end in zip(pattern.stanzas, ends)]
    title = pattern.name
    subtitle = chinese.tune_name(title)
    return Words(title, subtitle, "zh", tuple(song), pattern_list.plain_pinyin(title))


def _parts_of_lines(lyrics: str, pattern: lyrics_patterns.Pattern) -> list[tuple[int, ...]]:
    """Returns the parts of each line of a pattern, as most poems have them."""
    poems = [poem for poem in corpora.load_corpus(lyrics).poems if poem.title == pattern.name]
    training = lyrics_patterns.training_lines(poems, pattern.lengths)[:POEMS_OF_PARTS]
    return [gloss.sung_parts(lines) for lines in zip(*training)]


def _tokens(writer: TextWriter) -> rhyme.RhymingTokens:
    """Returns what a writer's tokens are to a rhyme.

    Raises: UserError for a writer without Chinese characters.
    """
    tokens = _rhyming(tuple(writer.vocabulary))
    if not tokens.is_han.any():
        raise UserError(
            "A song has a Chinese character for each note; these weights learned from a text "
            "without any."
        )
    return tokens


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
    tokens = _tokens(writer)
    groups = _draw_groups(pattern, tokens, rng)
    return _write_to_groups(writer, pattern, tokens, groups, rng, temperature)


def _write_to_groups(
    writer: TextWriter,
    pattern: lyrics_patterns.Pattern,
    tokens: rhyme.RhymingTokens,
    groups: list[int],
    rng: np.random.Generator,
    temperature: float,
) -> list[str]:
    """Returns lines of a pattern that rhyme in these groups of SONG_GROUPS."""
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
