"""English lines in stanzas that rhyme, written by a language model of characters."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from lyricgen.files import UserError
from lyricgen.lyrics.corpora import load_corpus
from lyricgen.lyrics.verse import (
    NO_RHYME,
    TOKEN,
    Lexicon,
    LineWords,
    Node,
    StanzaForm,
    rhyming_endings,
)
from lyricgen.lyrics.vocabulary import NEWLINE
from lyricgen.models.language.data import END_ID
from lyricgen.models.language.inference import NumpyLanguageModel
from lyricgen.models.sampling import distribution, pick_token

# Lines that are drawn side by side, one of which is taken.
CANDIDATES = 24
SPACE = " "
INSIDE_MARKS = ",;"
END_MARKS = ",.;:!?"
LAST_MARKS = ".!?"
LEAST_MASS = 1e-30


class Place(NamedTuple):
    """Where a line stands that is being written.

    node: of the trie, the letters of its word so far.
    left: the syllables that are left, without those of its word.
    """

    text: str
    node: Node
    left: int


class Candidates(NamedTuple):
    """Lines that were drawn for one place of a song.

    log_weights: float (B,), the log of the probability that the model left to the
        allowed characters, summed over the line.
    h, states: the model after each line, as `step` returns them.
    """

    texts: list[str]
    log_weights: np.ndarray
    h: np.ndarray
    states: list[tuple]


@lru_cache(maxsize=4)
def load_lexicon(lyrics: str, characters: tuple[str, ...]) -> Lexicon:
    """Returns the words of a corpus that a model of these characters can write."""
    poems = load_corpus(lyrics).poems_of("train")
    lines = [line for poem in poems for line in poem.lines]
    return Lexicon.of_lines(lines, characters)


class LineWriter:
    """Draws lines of verse from a model, of words that fit.

    Each character is drawn from the model's distribution among those that lead to a
    word of the lexicon with syllables, stress and rhyme that the line allows. A line
    for which the model would rather have written otherwise weighs less: one of
    several is drawn by these weights, so that the lines are nearly those that the
    model writes of its own accord in this form.

    Source: Hokamp and Liu 2017 (constrained decoding); Rubin 1987 (weights).
    """

    def __init__(self, model: NumpyLanguageModel, temperature: float, rng: np.random.Generator):
        """Takes the model, the temperature, and the source of chance."""
        self.model = model
        self.temperature = temperature
        self.rng = rng
        self.ids = model.characters.ids

    def moves(self, line: LineWords, place: Place, marks: str) -> dict[str, Place]:
        """Returns the characters that may come next, and where each leads.

        marks: the punctuation that may end the line; a line that must be the last of a
            sentence has no other end.
        """
        text, node, left = place
        root = line.lexicon.root
        if text.endswith(tuple(END_MARKS)):
            after = NEWLINE if left == 0 else SPACE
            return {after: Place(text + after, root, left)}
        moves = {}
        begins = not any(map(str.isalpha, text))
        for letter, child in line.letters(node, left).items():
            capital = letter.upper()
            written = capital if begins and capital in self.ids else letter
            moves[written] = Place(text + written, child, left)
        left_after = line.syllables_after(node, left)
        if left_after == 0:
            ends = marks if marks == LAST_MARKS else marks + NEWLINE
            moves |= {mark: Place(text + mark, root, 0) for mark in ends}
        elif left_after is not None:
            inside = SPACE + INSIDE_MARKS
            moves |= {mark: Place(text + mark, root, left_after) for mark in inside}
        return moves

    def draw(
        self, line: LineWords, h: np.ndarray, states: Sequence[tuple], marks: str = END_MARKS
    ) -> Candidates:
        """Returns lines that are drawn after what the model has read, (1, H)."""
        B = CANDIDATES
        h = np.repeat(h, B, axis=0)
        states = [(np.repeat(h_k, B, axis=0), np.repeat(c_k, B, axis=0)) for h_k, c_k in states]
        places = [Place("", line.lexicon.root, line.length)] * B
        log_weights = np.zeros(B)
        active = np.arange(B)
        while len(active):
            moves = [self.moves(line, places[b], marks) for b in active]
            mask = np.zeros((len(active), len(self.ids)), bool)
            for row, allowed in enumerate(moves):
                mask[row, [self.ids[mark] for mark in allowed if mark in self.ids]] = True
            p = distribution(self.model.logits(h[active]), self.temperature)
            p = np.where(mask, np.maximum(p, LEAST_MASS), 0)
            log_weights[active] += np.log(p.sum(axis=1))
            tokens = pick_token(p, self.rng.random(len(active)))
            before = [(h_k[active], c_k[active]) for h_k, c_k in states]
            h[active], after = self.model.step(tokens, before)
            for (h_k, c_k), (new_h, new_c) in zip(states, after):
                h_k[active] = new_h
                c_k[active] = new_c
            for b, token, allowed in zip(active, tokens, moves):
                places[b] = allowed[self.model.vocabulary[token]]
            active = np.array([b for b in active if not places[b].text.endswith(NEWLINE)], int)
        texts = [place.text.rstrip(NEWLINE) for place in places]
        return Candidates(texts, log_weights, h, states)

    def choose(self, candidates: Candidates, refused: Collection[str]) -> int:
        """Draws one of the lines by their weights, none that is refused if possible."""
        usable = np.array([text not in refused for text in candidates.texts])
        if not usable.any():
            usable[:] = True
        weights = np.where(usable, candidates.log_weights, -np.inf)
        p = np.exp(weights - weights.max())
        return int(pick_token(p[None], self.rng.random(1))[0])


def write_stanzas(
    model: NumpyLanguageModel,
    lyrics: str,
    form: StanzaForm,
    stanzas: int,
    rng: np.random.Generator,
    temperature: float,
) -> list[list[str]]:
    """Returns the lines of stanzas of a form, which rhyme as it asks.

    All words are in the dictionary. No word ends two lines of the song, nor do two that
    sound alike; no line stands in the corpus of the lyrics, nor twice in the song, as
    far as the draws allow it.

    Raises: UserError for a model that does not write English, and where the corpus has
        too few words that rhyme.
    """
    lexicon = load_lexicon(lyrics, tuple(model.vocabulary))
    if not lexicon.words:
        raise UserError(
            f"A song with the lyrics {lyrics} is written in English letters; these weights learned "
            "from a text without any."
        )
    poems = load_corpus(lyrics).poems
    refused = {line for poem in poems for line in poem.lines}
    writer = LineWriter(model, temperature, rng)
    h, states = model.step(np.array([END_ID]), model.start(1))
    unused = np.ones(len(lexicon.words), bool)
    song = []
    for stanza in range(stanzas):
        lines: list[str] = []
        heard: list[tuple[int, int]] = []
        for place, (length, group) in enumerate(zip(form.lengths, form.rhymes)):
            endings = _endings(lexicon, form, group, heard, unused)
            is_last = (stanza, place) == (stanzas - 1, len(form.lengths) - 1)
            marks = LAST_MARKS if is_last else END_MARKS
            candidates = writer.draw(LineWords(lexicon, length, endings), h, states, marks)
            chosen = writer.choose(candidates, refused)
            text = candidates.texts[chosen]
            only = slice(chosen, chosen + 1)
            h = candidates.h[only]
            states = [(h_k[only], c_k[only]) for h_k, c_k in candidates.states]
            word = lexicon.places[TOKEN.findall(text)[-1].lower()]
            heard.append((group, word))
            unused &= lexicon.sound != lexicon.sound[word]
            refused.add(text)
            lines.append(text)
        song.append(lines)
    return song


def _endings(
    lexicon: Lexicon,
    form: StanzaForm,
    group: int,
    heard: list[tuple[int, int]],
    unused: np.ndarray,
) -> np.ndarray:
    """Returns which words a line of a rhyme group may end with, bool (W,).

    heard: the rhyme group and the last word of each line of the stanza so far.
    """
    rhyming = [word for other, word in heard if other == group != NO_RHYME]
    if rhyming:
        return unused & (lexicon.rhyme == lexicon.rhyme[rhyming[0]])
    # a line that does not rhyme with those before may not do so by chance
    unused = unused & ~np.isin(lexicon.rhyme, lexicon.rhyme[[word for _, word in heard]])
    if group == NO_RHYME:
        return unused
    lengths = [length for length, other in zip(form.lengths, form.rhymes) if other == group]
    endings = rhyming_endings(lexicon, lengths, unused)
    if not endings.any():
        raise UserError(
            f"The lyrics have too few words that rhyme for {len(lengths)} lines with one rhyme, "
            "no word twice; fewer stanzas, or another rhyme scheme, will do."
        )
    return endings
