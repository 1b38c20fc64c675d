"""The patterns that a song can be written to, and the names that readers give them."""

from __future__ import annotations

import pytest

from lyricgen.files import UserError
from lyricgen.lyrics import chinese, corpora, gloss, pattern_list, patterns, readings

# lines, rhyme groups, stanzas, as the pattern books have them
KNOWN = {
    "水调歌头": (
        (5, 5, 6, 5, 6, 6, 5, 5, 5, 3, 3, 3, 6, 5, 6, 6, 5, 5, 5),
        "xaxaxxaxaxxaxaxxaxa",
        (0, 9),
    ),
    "念奴娇": (
        (4, 5, 4, 7, 6, 4, 4, 5, 4, 6, 6, 4, 5, 7, 6, 4, 4, 5, 4, 6),
        "xxaxaxxaxaxxaxaxxaxa",
        (0, 10),
    ),
    "卜算子": ((5, 5, 7, 5) * 2, "xaxa" * 2, (0, 4)),
    "忆江南": ((3, 5, 7, 7, 5) * 2, "xaxaa" * 2, (0, 5)),
    "临江仙": ((7, 6, 7, 5, 5) * 2, "xaaxa" * 2, (0, 5)),
    "江城子": ((7, 3, 3, 4, 5, 7, 3, 3) * 2, "aaaxaxxa" * 2, (0, 8)),
    "醉花阴": ((7, 5, 5, 4, 5) * 2, "aaxxa" * 2, (0, 5)),
    # where few poems are counted, two lines rhyme by chance now and then
    "千秋岁": (
        (4, 5, 3, 3, 5, 5, 3, 7, 5, 5, 3, 3, 5, 5, 3, 7),
        "aaxaxaxaaaxaxaxa",
        (0, 8),
    ),
    "汉宫春": (
        (4, 5, 4, 6, 4, 4, 7, 3, 4, 6, 6, 5, 4, 6, 4, 4, 7, 3, 4, 6),
        "xxaxaxaxxaxxaxaxaxxa",
        (0, 10),
    ),
}


@pytest.mark.parametrize("name", KNOWN)
def test_the_wider_list_has_the_patterns_of_the_books(name):
    lengths, scheme, stanzas = KNOWN[name]
    pattern = pattern_list.find_pattern(name)
    rhymes = tuple("abcd".find(letter) for letter in scheme)
    assert (pattern.lengths, pattern.rhymes, pattern.stanzas) == (lengths, rhymes, stanzas)


def test_the_list_holds_the_stable_patterns_as_they_are_and_its_names_are_those_counted():
    listed = pattern_list.song_patterns()
    assert tuple(listed) == pattern_list.pattern_names()
    stable = patterns.stable_patterns(corpora.load_corpus("songci"))
    assert {name: listed[name] for name in stable} == stable
    assert {"水调歌头", "念奴娇", "卜算子", "忆江南"} <= set(listed) - set(stable)
    for name, pattern in listed.items():
        assert all(pattern.rhymes.count(group) >= 2 for group in pattern.rhymes if group >= 0), name
    assert set(listed) | set(pattern_list.pattern_names("yuanqu")) <= set(readings.TUNES)


def test_a_pattern_of_qu_is_one_stanza_with_one_rhyme_and_no_entering_tone():
    listed = pattern_list.song_patterns("yuanqu")
    assert tuple(listed) == pattern_list.pattern_names("yuanqu")
    assert not set(listed) & pattern_list.NO_TUNES
    for pattern in listed.values():
        assert pattern.stanzas == (0,) and max(pattern.rhymes) == 0
        assert sum(pattern.group_shares[0]) == pytest.approx(1)
        assert not any(pattern.group_shares[0][28:]), "15 to 19 are the entering tones"
    known = listed["小桃红"]
    assert known.lengths == (7, 5, 7, 3, 7, 4, 4, 5) and known.poems == 50


@pytest.mark.parametrize(
    "typed, name",
    [
        ("浣溪沙", "浣溪沙"),
        ("huanxisha", "浣溪沙"),
        ("Huànxīshā", "浣溪沙"),
        ("huan xi sha", "浣溪沙"),
        ("huan4 xi1 sha1", "浣溪沙"),
        ("浣溪紗", "浣溪沙"),
        ("蝶戀花", "蝶恋花"),
        ("水調歌頭", "水调歌头"),
        ("念奴嬌", "念奴娇"),
        ("憶江南", "忆江南"),
        ("望江南", "忆江南"),
        ("大江東去", "念奴娇"),
        ("一剪梅", "一翦梅"),
        ("Yìqín'é", "忆秦娥"),
        ("yi qin e", "忆秦娥"),
        ("shuidiao", "水调歌头"),
        ("geto", "水调歌头"),
        ("念奴", "念奴娇"),
        ("mulanhuaman", "木兰花慢"),
        (" 1 ", "浣溪沙"),
        ("2", "水调歌头"),
    ],
)
def test_a_pattern_is_found_as_readers_write_its_name(typed, name):
    assert pattern_list.find_pattern(typed).name == name


@pytest.mark.parametrize(
    "typed, lyrics, message",
    [
        ("沁园冬", "songci", "There is no pattern '沁园冬' in the list; the nearest are"),
        ("沁园冬", "songci", "沁园春 (qinyuanchun)"),
        ("huanxiza", "songci", "the nearest are 浣溪沙 (huanxisha)"),
        ("qqq", "songci", "in the list; --pattern list shows all 78."),
        ("?", "songci", "in the list; --pattern list shows all 78."),
        ("", "songci", "There is no pattern ''"),
        ("79", "songci", "There is no pattern '79'"),
        ("0", "songci", "There is no pattern '0'"),
        ("木兰花", "songci", "part of several patterns: 减字木兰花 (jianzimulanhua), 木兰花慢"),
        ("sha", "songci", "part of several patterns: 浣溪沙 (huanxisha), 浪淘沙 (langtaosha)."),
        ("yulinling", "songci", "of the 6 poems to 雨霖铃 (Yǔlínlíng) the most frequent form"),
        ("苏幕遮", "songci", "that of 18 in the training split; a pattern needs 20."),
        ("天净沙", "yuanqu", "of the 28 songs to 天净沙 (Tiānjìngshā) the most frequent form"),
        ("浣溪沙", "burns", "There are no patterns of 'burns'; there are songci and yuanqu."),
    ],
)
def test_what_is_no_pattern_is_refused_in_one_sentence(typed, lyrics, message):
    with pytest.raises(UserError) as refused:
        pattern_list.find_pattern(typed, lyrics)
    sentence = str(refused.value)
    assert message in sentence and "\n" not in sentence
    assert sentence.count(". ") == 0 and sentence.endswith(".")


@pytest.mark.parametrize("lyrics", pattern_list.MISSED)
def test_the_reasons_for_tunes_that_are_missed_are_true(lyrics):
    listed = pattern_list.pattern_names(lyrics)
    for name in pattern_list.MISSED[lyrics]:
        assert name not in listed
        poems = [poem for poem in corpora.load_corpus(lyrics).poems if poem.title == name]
        reason = pattern_list.why_not(name, lyrics)
        assert f"Of the {len(poems)} " in reason and chinese.tune_name(name) in reason
    assert "no poem" in pattern_list.why_not("黄河谣", lyrics)


def test_traditional_characters_are_read_as_the_simplified_ones_that_they_stand_for():
    variants = set("纱紗臺剪醜採遊")  # other words, or read in another way by themselves
    for written, character in readings.TRADITIONAL.items():
        assert character not in readings.TRADITIONAL
        if written not in variants:
            assert set(chinese.pinyin(written)) & set(readings_of(character)), written
    for other, name in readings.OTHER_NAMES.items():
        assert name in pattern_list.pattern_names() and other not in pattern_list.pattern_names()


def readings_of(character):
    from pypinyin import pinyin

    return pinyin(character, heteronym=True)[0]


def test_the_parts_of_a_line_are_those_of_the_verse():
    """The break that pattern books give, from the words of the poems."""
    assert gloss.sung_parts(["似曾相识燕归来"]) == (4, 3)
    assert gloss.sung_parts(["对潇潇暮雨洒江天", "渐霜风凄紧关河冷"]) == (3, 5)
    assert gloss.sung_parts(["抬望眼仰天长啸"] * 2 + ["一曲新词酒一杯"]) == (3, 4)
    assert gloss.sung_parts(["抬望眼仰天长啸"] + ["一曲新词酒一杯"] * 2) == (4, 3)
    assert gloss.sung_parts(["如梦"]) == (2,)
    for length, ways in gloss.SUNG_PARTS.items():
        assert {sum(parts) for parts in ways} == {length}
        assert len(ways) == len(gloss.FEET[length]) == 2


def test_the_parts_of_known_patterns():
    """满江红 breaks 3 + 4 in 抬望眼仰天长啸 and 3 + 5 in 莫等闲白了少年头."""
    by_tune = patterns.poems_by_tune(corpora.load_corpus("songci").poems)
    pattern = pattern_list.find_pattern("满江红")
    training = patterns.training_lines(by_tune["满江红"], pattern.lengths)[:60]
    parts = [gloss.sung_parts(lines) for lines in zip(*training)]
    assert parts[:8] == [(2, 2), (3, 4), (3, 4), (2, 2), (4, 3), (4, 3), (3, 5), (3,)]
