"""The patterns that a song can be written to, and how a reader may name one."""

from __future__ import annotations

import difflib
import unicodedata
from functools import cache
from itertools import combinations

from lyricgen.files import UserError
from lyricgen.lyrics import chinese, patterns, readings
from lyricgen.lyrics.corpora import Poem, load_corpus
from lyricgen.lyrics.patterns import Pattern

# The corpora whose poems are written to tunes.
CORPORA = ("songci", "yuanqu")
# What stands for the name of a tune of qu where it is the one before once more, or the
# last one of a suite.
NO_TUNES = {"前腔", "同前", "幺", "幺篇", "尾", "尾声", "煞尾", "收尾", "随煞", "隔尾"}
# Tunes that a reader may look for in vain: of each the corpus has too few poems.
MISSED = {
    "songci": (
        "洞仙歌",
        "永遇乐",
        "乌夜啼",
        "望海潮",
        "苏幕遮",
        "相见欢",
        "破阵子",
        "御街行",
        "桂枝香",
        "六州歌头",
        "暗香",
        "扬州慢",
        "雨霖铃",
    ),
    "yuanqu": ("折桂令", "水仙子", "普天乐", "山坡羊", "天净沙"),
}
NEAREST = 3
# how much of a name has to agree, from 0 to 1
LEAST_LIKENESS = 0.4


@cache
def _poems_by_tune(lyrics: str) -> dict[str, list[Poem]]:
    """Returns the poems to each tune of a corpus."""
    return patterns.poems_by_tune(load_corpus(lyrics).poems)


def _count(lyrics: str, name: str) -> Pattern | None:
    """Returns the pattern of a tune of a corpus, None where it has too few poems."""
    poems = _poems_by_tune(lyrics)[name]
    if lyrics == "songci":
        return patterns.count_pattern(name, poems, patterns.SURE_RHYME)
    return None if name in NO_TUNES else patterns.count_qu_pattern(name, poems)


@cache
def pattern_names(lyrics: str = "songci") -> tuple[str, ...]:
    """Returns the names of the tunes that have a pattern, frequent ones first.

    Those of Song ci are counted without their rhymes, which is sooner.
    """
    names = []
    for name, poems in _poems_by_tune(lyrics).items():
        if len(poems) < patterns.LEAST_TRAINING_POEMS:
            break
        if lyrics == "songci":
            lengths, _ = patterns.most_frequent_form(poems)
            enough = len(patterns.training_lines(poems, lengths)) >= patterns.LEAST_TRAINING_POEMS
        else:
            enough = _count(lyrics, name) is not None
        if enough:
            names.append(name)
    return tuple(names)


def song_patterns(lyrics: str = "songci") -> dict[str, Pattern]:
    """Returns the patterns that a song can be written to, frequent tunes first.

    Of Song ci these are the tunes with at least 20 poems of one form in the training
    split, whatever the share of that form is; `stable_patterns` are some of them. Of
    Yuan qu see `patterns.count_qu_pattern`.

    Raises: UserError for another corpus.
    """
    _check_lyrics(lyrics)
    counted = {name: _count(lyrics, name) for name in pattern_names(lyrics)}
    return {name: pattern for name, pattern in counted.items() if pattern is not None}


def why_not(name: str, lyrics: str = "songci") -> str:
    """Returns in one sentence why a tune of a corpus has no pattern."""
    poems = _poems_by_tune(lyrics).get(name, [])
    spelt = f"{name} ({chinese.tune_name(name)})"
    if not poems:
        return f"The corpus has no poem to {spelt}."
    lengths, count = patterns.most_frequent_form(poems)
    if lyrics == "songci":
        training = len(patterns.training_lines(poems, lengths))
        return (
            f"Of the {len(poems)} poems to {spelt} the most frequent form is that of {training} in "
            f"the training split; a pattern needs {patterns.LEAST_TRAINING_POEMS}."
        )
    return (
        f"Of the {len(poems)} songs to {spelt} the most frequent form is that of {count}; a "
        f"pattern needs {patterns.LEAST_POEMS_OF_QU}, and {patterns.LEAST_TRAINING_POEMS} of the "
        "training split with as many lines."
    )


def find_pattern(name: str, lyrics: str = "songci") -> Pattern:
    """Returns the pattern that a reader names.

    The name may be written in simplified or traditional characters, in pinyin with or
    without tones and spaces, or in part, where only one name has that part; or it is
    the number in the list, from 1.

    Raises: UserError for no such pattern, with the nearest names or the reason.
    """
    _check_lyrics(lyrics)
    names = pattern_names(lyrics)
    found = _named(name, names)
    if len(found) > 1:
        raise UserError(f"{name!r} is part of several patterns: {_listed(found)}.")
    pattern = _count(lyrics, found[0]) if found else None
    if pattern is None:
        raise UserError(_refusal(name, lyrics))
    return pattern


def _check_lyrics(lyrics: str) -> None:
    if lyrics not in CORPORA:
        raise UserError(f"There are no patterns of {lyrics!r}; there are {' and '.join(CORPORA)}.")


def _named(name: str, names: tuple[str, ...]) -> list[str]:
    """Returns the names that a text is, or else those of which it is a part."""
    if name.strip().isdecimal():
        number = int(name)
        return [names[number - 1]] if 1 <= number <= len(names) else []
    written = simplified(name)
    if written in names:
        return [written]
    sound = plain_pinyin(written)
    if not sound:
        return []
    if any(map(chinese.is_han, written)):
        return [other for other in names if written in other]
    same = [other for other in names if plain_pinyin(other) == sound]
    whole = [other for other in names if sound in _parts(other)]
    begun = [other for other in names if any(part.startswith(sound) for part in _parts(other))]
    return same or whole or begun


def _parts(name: str) -> list[str]:
    """Returns the pinyin of each run of characters of a name, without tones."""
    spelt = [plain_pinyin(syllable) for syllable in chinese.pinyin(name)]
    places = range(len(spelt) + 1)
    return ["".join(spelt[first:last]) for first, last in combinations(places, 2)]


def simplified(name: str) -> str:
    """Returns the name of a tune in the simplified characters of the corpora."""
    characters = [readings.TRADITIONAL.get(character, character) for character in name.strip()]
    written = "".join(characters)
    return readings.OTHER_NAMES.get(written, written)


def plain_pinyin(text: str) -> str:
    """Returns a text in pinyin without tones: its letters, in ASCII and lower case.

    Chinese characters are read; of pinyin the marks and numbers of tones are left out.
    """
    if any(map(chinese.is_han, text)):
        text = "".join(chinese.pinyin(text))
    decomposed = unicodedata.normalize("NFD", text.lower().replace("v", "u"))
    return "".join(letter for letter in decomposed if letter.isascii() and letter.isalpha())


def _listed(names: list[str]) -> str:
    """Returns names as a sentence lists them, each with its pinyin."""
    return ", ".join(f"{name} ({plain_pinyin(name)})" for name in names)


def _refusal(name: str, lyrics: str) -> str:
    """Returns the sentence on a name that no pattern has."""
    written = simplified(name)
    by_sound = {plain_pinyin(tune): tune for tune in MISSED[lyrics]}
    missed = by_sound.get(plain_pinyin(written), written)
    if missed in MISSED[lyrics] or missed in _poems_by_tune(lyrics):
        reason = why_not(missed, lyrics)
        return f"There is no pattern {name!r}: {reason[0].lower()}{reason[1:]}"
    names = pattern_names(lyrics)
    by_pinyin = {plain_pinyin(tune): tune for tune in names}
    nearest = difflib.get_close_matches(plain_pinyin(written), by_pinyin, NEAREST, LEAST_LIKENESS)
    near = f"; the nearest are {_listed([by_pinyin[sound] for sound in nearest])}"
    return (
        f"There is no pattern {name!r} in the list{near if nearest else ''}; --pattern list shows "
        f"all {len(names)}."
    )
