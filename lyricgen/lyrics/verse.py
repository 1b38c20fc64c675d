"""English verse: the stanzas of songs, and the words that fit into a line."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable
from typing import NamedTuple

import numpy as np

from lyricgen.files import UserError
from lyricgen.lyrics import english
from lyricgen.lyrics.rhyme import rhyme_class

# The stanzas that a song is written in: the syllables of each line and the rhymes, x
# for a line without one. Common and long metre are those of the hymn books, the ballad
# stanza is that of the Border ballads, and the last is the one that Burns used so often
# that it has his name.
STANZAS = {
    "ballad": "8.6.8.6 xaxa",
    "common": "8.6.8.6 abab",
    "long": "8.8.8.8 aabb",
    "burns": "8.8.8.4.8.4 aaabab",
}
UNRHYMED = "x"
NO_RHYME = -1

# syllables of a line, lines of a stanza
SHORTEST_LINE = 2
LONGEST_LINE = 12
MOST_LINES = 12

# A word of the training text that is rarer is not used, nor a rhyme with fewer words.
LEAST_COUNT = 3
# Of the places of a word, so many end a line, or it ends none here.
LEAST_END_SHARE = 0.05
SPARE_RHYMES = 6

# two iambs, which fill a bar
SYLLABLES_OF_FOOT = 4

TOKEN = re.compile(r"'?[A-Za-z]+(?:'[A-Za-z]*)*")
VOWEL_LETTER = re.compile("[aeiouy]")


class StanzaForm(NamedTuple):
    """The form of a stanza: the syllables and the rhyme of each line, -1 for none."""

    name: str
    lengths: tuple[int, ...]
    rhymes: tuple[int, ...]


def stanza_form(text: str) -> StanzaForm:
    """Returns the form that a text names: `common`, `common abcb` or `8.6.8.6 abab`.

    The second word, where there is one, is the rhyme scheme: a letter for each line,
    the same for lines that rhyme. `x`, and a letter that comes once, is for none.

    Raises: UserError for a form, or a rhyme scheme, that is none.
    """
    first, *rest = text.lower().split() or [""]
    if first in STANZAS:
        name = first
        first, scheme = STANZAS[name].split()
    elif re.fullmatch(r"\d+(\.\d+)*", first):
        name = first
        scheme = ""
    else:
        raise UserError(
            f"There is no stanza {text!r}; there are {', '.join(STANZAS)}, or the syllables of "
            "the lines, such as 8.6.8.6."
        )
    lengths = tuple(map(int, first.split(".")))
    if len(lengths) > MOST_LINES or not all(
        SHORTEST_LINE <= length <= LONGEST_LINE for length in lengths
    ):
        raise UserError(
            f"The stanza is {first}; it should have at most {MOST_LINES} lines, each of "
            f"{SHORTEST_LINE} to {LONGEST_LINE} syllables."
        )
    if rest:
        scheme = "".join(rest)
    scheme = scheme or UNRHYMED * len(lengths)
    if len(scheme) != len(lengths) or not (scheme.isascii() and scheme.isalpha()):
        raise UserError(
            f"The rhyme scheme is {scheme!r}; it should be {len(lengths)} letters, one for each "
            "line, such as abab; lines with one letter rhyme, and x rhymes with none."
        )
    rhyming = [letter for letter in scheme if letter != UNRHYMED and scheme.count(letter) > 1]
    order = list(dict.fromkeys(rhyming))
    rhymes = tuple(order.index(letter) if letter in order else NO_RHYME for letter in scheme)
    return StanzaForm(name, lengths, rhymes)


def sung_feet(length: int) -> tuple[int, ...]:
    """Returns the feet of a line of English as it is sung, in syllables: 8 is 4 + 4."""
    feet = [SYLLABLES_OF_FOOT] * (length // SYLLABLES_OF_FOOT)
    rest = length % SYLLABLES_OF_FOOT
    return (*feet, rest) if rest else tuple(feet)


def fits_iambs(stress: str, start: int) -> bool:
    """Tells whether a word of some stress can begin at a place of an iambic line.

    The main stress falls on a strong place, the second, fourth and so on; a word of one
    syllable may stand anywhere, but for one that the dictionary gives no stress, such
    as `the`.

    stress: a digit for each syllable, as `english.stress` gives it.
    start: how many syllables stand before the word.
    """
    if len(stress) == 1:
        return stress != "0" or start % 2 == 0
    return (start + max(stress.find("1"), 0)) % 2 == 1


class Node(NamedTuple):
    """The words of a sorted list that begin with the same letters.

    first, last: where they begin and end in the list.
    depth: how many letters they have in common.
    """

    first: int
    last: int
    depth: int


class Lexicon:
    """The words that a line may have: what the dictionary says of them, and a trie.

    words: sorted; each as it is written inside a line.
    syllables: int (W,).
    ends_lines: bool (W,), whether the word may end a line.
    rhyme: int (W,), the same for words of one `rhyme_class`.
    sound: int (W,), the same for words that are pronounced in the same way.

    Source: Fredkin 1960 (the trie).
    """

    def __init__(self, words: Iterable[str], line_ends: Collection[str]):
        """Takes words that the dictionary knows, and those that may end a line."""
        self.words = sorted(words)
        lower = [word.lower() for word in self.words]
        self.places = {word: place for place, word in enumerate(lower)}
        self.stresses = [english.stress(word) for word in lower]
        self.syllables = np.array([len(stress) for stress in self.stresses], int)
        self.ends_lines = np.array([word in line_ends for word in lower], bool)
        self.rhyme = _numbered([str(rhyme_class(word)) for word in lower])
        self.sound = _numbered([_sound(word) for word in lower])
        # for words that begin on a weak place, and on a strong one
        self._fits = []
        for start in (0, 1):
            fits = [fits_iambs(stress, start) for stress in self.stresses]
            self._fits.append(np.array(fits, bool))
        self._children: dict[Node, dict[str, Node]] = {}

    @classmethod
    def of_lines(cls, lines: Iterable[str], characters: Collection[str]) -> Lexicon:
        """Returns the words of lines that the dictionary knows and a model can write.

        A word is used that comes at least three times, and inside a line; it has a
        capital there only if it always has one. One that cannot be divided into
        syllables on paper, such as `fire`, is left out. A word may end a line that ends
        one of twenty lines in which it stands.
        """
        counts: Counter[str] = Counter()
        inside: dict[str, Counter] = defaultdict(Counter)
        ends: Counter[str] = Counter()
        for line in lines:
            tokens = TOKEN.findall(line)
            for place, token in enumerate(tokens):
                counts[token.lower()] += 1
                if place:
                    inside[token.lower()][token] += 1
            ends.update(token.lower() for token in tokens[-1:])
        words = []
        for word, count in counts.items():
            forms = inside[word]
            if count < LEAST_COUNT or not forms or not _can_be_sung(word):
                continue
            written = word if word in forms else forms.most_common(1)[0][0]
            if set(written) <= set(characters):
                words.append(written)
        line_ends = {word for word in ends if ends[word] >= LEAST_END_SHARE * counts[word]}
        return cls(words, line_ends)

    @property
    def root(self) -> Node:
        """The node of all words."""
        return Node(0, len(self.words), 0)

    def children(self, node: Node) -> dict[str, Node]:
        """Returns the nodes below a node, by their next letter."""
        if node not in self._children:
            children: dict[str, Node] = {}
            depth = node.depth
            for place in range(node.first, node.last):
                word = self.words[place]
                if len(word) > depth:
                    first = children[word[depth]].first if word[depth] in children else place
                    children[word[depth]] = Node(first, place + 1, depth + 1)
            self._children[node] = children
        return self._children[node]

    def fits(self, start: int) -> np.ndarray:
        """Returns which words can follow so many syllables of a line, bool (W,)."""
        return self._fits[start % 2]

    def endings(self, length: int) -> np.ndarray:
        """Returns which words can end a line of so many syllables, bool (W,)."""
        starts = length - self.syllables
        fits = np.where(starts % 2, self.fits(1), self.fits(0))
        return self.ends_lines & (starts >= 0) & fits


def _numbered(names: list[str]) -> np.ndarray:
    """Returns a number for each name, the same for the same name."""
    if not names:
        return np.zeros(0, int)
    return np.unique(names, return_inverse=True)[1]


def _sound(word: str) -> str:
    """Returns how a word is pronounced, without the stress."""
    return " ".join(phone.rstrip("012") for phone in english.phones(word) or [word])


def _can_be_sung(word: str) -> bool:
    """Tells whether a word is known and each syllable of it has a vowel to sing."""
    if english.phones(word) is None:
        return False
    parts = english.split_syllables(word)
    return all(VOWEL_LETTER.search(part) for part in parts) and parts[1:] != ["re"]


class LineWords:
    """Which words may stand where in a line of verse: its length and how it ends.

    endings: bool (W,), the words of the lexicon that the line may end with.
    """

    def __init__(self, lexicon: Lexicon, length: int, endings: np.ndarray):
        """Marks the words that may come where so many syllables are left."""
        self.lexicon = lexicon
        self.length = length
        endings = endings & lexicon.endings(length)
        shortest = int(lexicon.syllables[endings].min(initial=length + 1))
        if shortest > length:
            raise ValueError(f"No word can end a line of {length} syllables.")
        self._allowed = {}
        for left in range(1, length + 1):
            after = left - lexicon.syllables
            inside = lexicon.fits(length - left) & (after >= shortest)
            allowed = np.where(after == 0, endings, inside)
            self._allowed[left] = (allowed, np.concatenate([[0], np.cumsum(allowed)]))

    def letters(self, node: Node, left: int) -> dict[str, Node]:
        """Returns the letters that lead from a node to words that may come.

        left: how many syllables are left in the line.
        """
        _, cumulated = self._allowed[left]
        children = self.lexicon.children(node)
        return {
            letter: child
            for letter, child in children.items()
            if cumulated[child.last] > cumulated[child.first]
        }

    def syllables_after(self, node: Node, left: int) -> int | None:
        """Returns what is left after the word that ends at a node, None for no word."""
        allowed, _ = self._allowed[left]
        word = self.lexicon.words[node.first]
        if node.depth and len(word) == node.depth and allowed[node.first]:
            return left - int(self.lexicon.syllables[node.first])
        return None


def rhyming_endings(lexicon: Lexicon, lengths: Iterable[int], unused: np.ndarray) -> np.ndarray:
    """Returns which words can end lines of these lengths that rhyme, bool (W,).

    A word is one of them if there are words enough, of other sounds, that rhyme with
    it: six more than there are lines, or else as many as there are lines.

    unused: bool (W,), the words that have not been a rhyme yet.
    """
    lengths = list(lengths)
    enough = np.full(len(lexicon.words), True)
    sufficient = np.full(len(lexicon.words), True)
    for length in lengths:
        usable = np.flatnonzero(lexicon.endings(length) & unused)
        # one word of each sound
        _, places = np.unique(lexicon.sound[usable], return_index=True)
        counts = np.bincount(lexicon.rhyme[usable[places]], minlength=lexicon.rhyme.max() + 1)
        enough &= counts[lexicon.rhyme] >= len(lengths) + SPARE_RHYMES
        sufficient &= counts[lexicon.rhyme] >= len(lengths)
    words = unused & lexicon.endings(lengths[0])
    return words & enough if (words & enough).any() else words & sufficient
