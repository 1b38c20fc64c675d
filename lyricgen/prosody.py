"""Sound and form of verse, counted and not learnt: syllables, stress, rhyme of English; pinyin, rhyme of Chinese; and the tune patterns of ci."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache

import numpy as np

from lyricgen.texts import Corpus, Poem, read_data


@lru_cache(maxsize=1)
def _dictionary() -> dict[str, str]:
    """Word -> phones, the first pronunciation of each word in the Carnegie Mellon dictionary (a second one is written `word(2)`)."""
    return dict(line.split(" #")[0].split(" ", 1) for line in read_data("cmudict")[0].splitlines())


_ELIDED = {
    "o'er": "AO1 R",
    "e'er": "EH1 R",
    "ne'er": "N EH1 R",
    "e'en": "IY1 N",
    "o'": "AH0 V",
    "wi'": "W IH1 DH",
    "a'": "AO1",
    "th'": "DH AH0",
}


def words(line: str) -> list[str]:
    """The words of a line of English, in lower case, apostrophes kept (`o'er`), parts of a hyphenated word apart.

    Notebook: 11_words_and_music
    """
    return re.findall(r"'?[a-z]+(?:'[a-z]*)*", line.lower().replace("’", "'"))


def phones(word: str) -> list[str] | None:
    """The phones of a word in the Carnegie Mellon dictionary's ARPAbet, or None where it lacks the word, whole and elided (`seal'd`, `dancin'`).

    Notebook: 11_words_and_music
    """
    word = word.lower().replace("’", "'")
    if word in _ELIDED:
        return _ELIDED[word].split()
    for spelling in (word, word.strip("'"), word.rstrip("'") + "g", re.sub("'d$", "ed", word)):
        if found := _dictionary().get(spelling):
            return found.split()
    return None


def stress(word: str) -> str:
    """The stress of each syllable, one digit a syllable: 1 main, 2 secondary, 0 none.

    From the dictionary; for other words by rule: a syllable is a run of the vowel letters a e i o u y, without a y that begins the word and without
    the silent e of a final e, es or ed; the first syllable has the stress, or the second after a prefix such as be-, con-, de- or re-.
    Notebook: 11_words_and_music
    """
    if found := phones(word):
        return "".join(p[-1] for p in found if p[-1].isdigit())
    letters = re.sub("[^a-z]", "", word.lower())
    groups = re.findall("[aeiouy]+", re.sub("^y", "", letters))
    silent = len(groups) > 1 and re.search(
        "([^aeiouyl]|[aeiouyl]l)e$|([^aeiouylcghsxz]|[aeiouyl]l)es$|[^aeiouydt]ed$", letters
    )
    count = max(1, len(groups) - bool(silent))
    prefix = count > 1 and re.match(
        "(a(?![aeiouyln])|be|com|con|de|dis|em|en|ex|im|in|pre|pro|re)[^aeiouy]", letters
    )
    return "01" + "0" * (count - 2) if prefix else "1" + "0" * (count - 1)


def syllables(word: str) -> int:
    """The number of syllables of a word, by the dictionary or by the rule that `stress` states.

    Notebook: 11_words_and_music
    """
    return len(stress(word))


# The thirteen rhymes (十三辙) of Mandarin song and opera, by final in pypinyin's strict spelling; -i after zh, ch, sh, r, z, c, s is spelt i as well.
RHYMES = {
    "a": "a ia ua",
    "o": "o e uo",
    "ie": "ie ve",
    "u": "u",
    "i": "i v er",
    "ai": "ai uai",
    "ei": "ei uei",
    "ao": "ao iao",
    "ou": "ou iou",
    "an": "an ian uan van",
    "en": "en in uen vn",
    "ang": "ang iang uang",
    "eng": "eng ing ueng ong iong",
}
_CLASS = {final: name for name, finals in RHYMES.items() for final in finals.split()}
# At the end of a sung line these are read in the literary way, not as everyday speech (the default of pypinyin) has them.
_AT_LINE_END = {
    "了": "liǎo",
    "还": "huán",
    "得": "dé",
    "地": "dì",
    "的": "dì",
    "著": "zhuó",
    "着": "zhuó",
    "薄": "bó",
    "咽": "yè",
    "劲": "jìng",
}


@lru_cache(maxsize=1)
def _pypinyin():
    """pypinyin, imported when Chinese is first read aloud; 长 is `cháng` unless a word says otherwise."""
    import pypinyin
    import pypinyin.contrib.tone_convert

    pypinyin.load_single_dict({ord("长"): "cháng,zhǎng"})
    return pypinyin


def is_han(character: str) -> bool:
    """Whether a character is a Chinese one."""
    return "\u3400" <= character <= "\u9fff"


def pinyin(text: str) -> list[str]:
    """The syllable of each Chinese character with its tone mark, read in the context of its words; other characters give none.

    Notebook: 11_words_and_music
    """
    spoken = [s[0] for s in _pypinyin().pinyin("".join(filter(is_han, text)))]
    if text and text[-1] in _AT_LINE_END:
        spoken[-1] = _AT_LINE_END[text[-1]]
    return spoken


@cache
def _final(character: str) -> str:
    """The final of a character that ends a line, without its tone."""
    lib = _pypinyin()
    return lib.contrib.tone_convert.to_finals(
        _AT_LINE_END.get(character) or lib.pinyin(character)[0][0]
    )


def rhyme_class(word: str) -> str | None:
    """The rhyme of a Chinese character or an English word: two that rhyme have the same class; None where there is no word to rhyme.

    Chinese (the last character counts): one of the thirteen rhymes of RHYMES. English: the dictionary's phones from the last stressed vowel on,
    without the stress; for a word that it does not have, the letters from the last vowel on, after a `-`.
    Notebook: 11_words_and_music
    """
    if word and is_han(word[-1]):
        return _CLASS.get(_final(word[-1]))
    if not (parts := words(word)):
        return None
    if not (found := phones(parts[-1])):
        return "-" + re.search("[aeiouy]*[^aeiouy]*e?$", re.sub("[^a-z]", "", parts[-1])).group()
    vowels = [i for i, p in enumerate(found) if p[-1].isdigit()]
    start = max((i for i in vowels if found[i][-1] != "0"), default=vowels[-1] if vowels else 0)
    return " ".join(p.rstrip("012") for p in found[start:])


def rhyming(vocabulary: Sequence[str]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Of each token: whether it is a Chinese character, its rhyme class ("": none), and whether at least 40 tokens are of that class."""
    han = np.array([len(token) == 1 and is_han(token) for token in vocabulary])
    classes = np.array(
        [rhyme_class(token) or "" if ok else "" for token, ok in zip(vocabulary, han)]
    )
    names, sizes = np.unique(classes, return_counts=True)
    return han, classes, np.isin(classes, names[sizes >= 40]) & (classes != "")


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
            p.lines for p in own if p.part == "train" and tuple(map(len, p.lines)) == lengths
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
