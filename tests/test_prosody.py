"""Syllables, stress, rhyme, pinyin and tune patterns: known values, and the corpora."""

from __future__ import annotations

import random
import subprocess
import sys
import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lyricgen.lyrics import chinese, corpora, english, patterns, rhyme


@pytest.fixture(scope="module")
def songci():
    return corpora.load_corpus("songci")


@pytest.fixture(scope="module")
def stable(songci):
    return patterns.stable_patterns(songci)


def test_english_rhymes():
    for word in ("love", "dove", "above!"):
        assert rhyme.rhyme_class(word) == "AH V"
    assert rhyme.rhyme_class("move") != "AH V"
    # a word that no dictionary has
    assert rhyme.rhyme_class("That fluttered on the faem,") == "-aem"
    assert rhyme.rhyme_class("faem") == "-aem"
    assert rhyme.rhyme_class("flying") == rhyme.rhyme_class("dying") != rhyme.rhyme_class("ring")
    assert rhyme.rhyme_class("o'er") == rhyme.rhyme_class("more")
    assert rhyme.rhyme_class("") is rhyme.rhyme_class("--!") is None


@pytest.mark.parametrize(
    "word, expected",
    [
        ("heaven", "10"),
        ("melody", "100"),
        ("again", "01"),
        ("the", "0"),
        ("seal'd", "1"),
        ("singin'", "10"),
        ("'tis", "1"),  # from the dictionary
        ("frae", "1"),
        ("bonie", "10"),
        ("heav'n", "1"),
        ("blude", "1"),
        ("burnies", "10"),
        ("besprent", "01"),
        ("yestreen", "10"),
        ("kneelde", "1"),
    ],
)
def test_stress_and_syllables(word, expected):
    assert english.stress(word) == expected and english.syllables(word) == len(expected)


def test_rule_for_unknown_words_against_the_dictionary(monkeypatch):
    """The rule counts and stresses most words of Burns as the dictionary does."""
    spoken = set()
    for poem in corpora.load_corpus("burns").poems:
        for line in poem.lines:
            spoken.update(english.words(line))
    known = [word for word in sorted(spoken) if english.phones(word)]
    stresses = {word: english.stress(word) for word in known}
    monkeypatch.setattr(english, "phones", lambda word: None)
    counted_right = [english.syllables(word) == len(stresses[word]) for word in known]
    assert np.mean(counted_right) > 0.93
    several = [word for word in known if len(stresses[word]) > 1]
    stressed_right = [
        english.stress(word).find("1") == stresses[word].find("1") for word in several
    ]
    assert np.mean(stressed_right) > 0.8


def test_words_of_a_line():
    assert english.words("'Tis o'er, the well-belov\u2019d!") == [
        "'tis",
        "o'er",
        "the",
        "well",
        "belov'd",
    ]


def test_pinyin_of_known_lines():
    assert chinese.pinyin("漠漠轻寒上小楼") == ["mò", "mò", "qīng", "hán", "shàng", "xiǎo", "lóu"]
    # a mark of punctuation ends the line too
    assert chinese.pinyin("春花秋月何时了，往事知多少。")[6] == "liǎo"
    assert chinese.pinyin("春花秋月何时了")[-1] == "liǎo"
    assert chinese.pinyin("过了东风")[1] == "le"
    assert chinese.pinyin("人恨水长东")[3] == "cháng"
    assert chinese.pinyin("音乐")[1] == "yuè"
    assert chinese.pinyin("快乐")[1] == "lè"
    assert chinese.pinyin("") == []
    assert chinese.pinyin("no Chinese") == []


@pytest.mark.parametrize(
    "rhyming", ["花家涯霞", "知时诗儿衣雨", "楼秋愁", "东风中声", "天年山寒", "去女绪", "了少"]
)
def test_chinese_rhymes(rhyming):
    assert len({rhyme.rhyme_class(c) for c in rhyming}) == 1
    assert rhyme.rhyme_class("落花人独" + rhyming) == rhyme.rhyme_class(rhyming[-1])


def test_chinese_rhymes_that_differ():
    classes = {rhyme.rhyme_class(character) for character in "花波斜姑知来飞高楼天人阳东"}
    assert len(classes) == 13
    assert classes == set(chinese.RHYMES)


# name: lines, rhyme groups, stanzas, as the pattern books have them
KNOWN = {
    "浣溪沙": ((7,) * 6, (0, 0, 0, -1, 0, 0), (0, 3)),
    "菩萨蛮": ((7, 7, 5, 5, 5, 5, 5, 5), (0, 0, 1, 1, 2, 2, 3, 3), (0, 4)),
    "西江月": ((6, 6, 7, 6) * 2, (-1, 0, 0, 0) * 2, (0, 4)),
    "鹧鸪天": ((7, 7, 7, 7, 3, 3, 7, 7, 7), (0, 0, -1, 0, -1, 0, 0, -1, 0), (0, 4)),
    "点绛唇": ((4, 7, 4, 5, 4, 5, 3, 4, 5), (-1, 0, 0, 0, -1, 0, 0, 0, 0), (0, 4)),
    "蝶恋花": ((7, 4, 5, 7, 7) * 2, (0, -1, 0, 0, 0) * 2, (0, 5)),
    "减字木兰花": ((4, 7) * 4, (0, 0, 1, 1, 2, 2, 3, 3), (0, 4)),
    "虞美人": ((7, 5, 7, 9) * 2, (0, 0, 1, 1, 2, 2, 3, 3), (0, 4)),
    "如梦令": ((6, 6, 5, 6, 2, 2, 6), (0, 0, -1, 0, 0, 0, 0), (0,)),
    "清平乐": ((4, 5, 7, 6, 6, 6, 6, 6), (0, 0, 0, 0, 1, 1, -1, 1), (0, 4)),
}


@pytest.mark.parametrize("name", KNOWN)
def test_patterns_are_those_of_the_books(stable, name):
    pattern = stable[name]
    assert (pattern.lengths, pattern.rhymes, pattern.stanzas) == KNOWN[name]


def test_stable_patterns(songci, stable):
    """At least 100 poems, 90 % of one form, counted again; computed in two seconds."""
    assert len(stable) > 20
    assert "水调歌头" not in stable
    assert list(stable)[0] == "浣溪沙"
    for name, pattern in stable.items():
        forms = [tuple(map(len, p.lines)) for p in songci.poems if p.title == name]
        assert len(forms) == pattern.poems
        assert pattern.poems >= 100
        assert forms.count(pattern.lengths) / len(forms) == pattern.share
        assert pattern.share >= 0.9
        assert len(pattern.rhymes) == len(pattern.lengths)
        assert set(pattern.stanzas) <= set(range(len(pattern.lengths)))
        assert all(pattern.rhymes.count(group) >= 2 for group in pattern.rhymes if group >= 0)
    start = time.process_time()
    patterns.stable_patterns(songci.poems)
    assert time.process_time() - start < 2


def test_human_rhymes_beat_chance_on_held_out_poems(songci, stable):
    """Test poems rhyme three times in four, any two of their rhyme words one in ten."""
    hits = []
    ends = []
    for poem in songci.poems_of("test"):
        pattern = stable.get(poem.title)
        if pattern and tuple(map(len, poem.lines)) == pattern.lengths:
            for group in range(max(pattern.rhymes) + 1):
                classes = [
                    rhyme.rhyme_class(line)
                    for line, place in zip(poem.lines, pattern.rhymes)
                    if place == group
                ]
                hits += [a == b for a, b in zip(classes, classes[1:])]
                ends += classes
    draw = random.Random(0)
    assert np.mean(hits) > 0.75
    by_chance = [draw.choice(ends) == draw.choice(ends) for _ in range(20_000)]
    assert np.mean(by_chance) < 0.12


@given(st.integers(0, 1000))
def test_rhyme_places_finds_what_was_put_in(seed):
    """Made poems of two rhymes and one free line; one line in five is noise."""
    rng = np.random.default_rng(seed)
    words = ["花", "波", "斜", "姑", "知", "来", "飞", "高", "楼", "天", "人", "阳", "东"]
    poems = []
    for _ in range(150):
        a, b = rng.choice(words, 2, replace=False)
        lines = [a, a, b, rng.choice(words), b]
        poems.append([rng.choice(words) if rng.random() < 0.2 else line for line in lines])
    assert patterns.rhyme_places(poems) == (0, 0, 1, -1, 1)
    # each with the first line of another poem
    firsts = np.array(poems)[:, 0]
    rng.shuffle(firsts)
    mixed = [[first, *poem[1:]] for first, poem in zip(firsts, poems)]
    assert patterns.rhyme_places(mixed)[0] == -1


def test_pypinyin_and_the_dictionary_are_read_only_when_asked():
    code = (
        "import sys, lyricgen.lyrics.rhyme as rhyme; assert 'pypinyin' not in sys.modules; "
        "rhyme.rhyme_class('heaven'); assert 'pypinyin' not in sys.modules; "
        "rhyme.rhyme_class('天'); assert 'pypinyin' in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
