"""The measures of texts, each on an example that is worked out by hand, and the copied run against a slow and obvious search."""

import lzma

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lyricgen.lyrics import copying as lyrics_copying
from lyricgen.lyrics import measures as lyric_measures
from lyricgen.lyrics.patterns import Pattern


def test_bits_per_character():
    # three tokens of 1, 2 and 3 bits; the last is <unk>, which stands for 8 characters: 3 bits more; 9 bits over 3 characters
    assert lyric_measures.bits_per_character(np.array([1.0, 2, 3]), np.array([4, 5, 0]), 8) == 3
    assert lyric_measures.bits_per_character(np.array([1.0, 2, 3]), np.array([4, 5, 6]), 8) == 2
    unknown = lyric_measures.bits_per_character(np.array([1.0]), np.array([0]), 0)
    assert unknown == pytest.approx(1 + np.log2(0x110000)), "what was never folded may be anything"
    assert lyric_measures.perplexity(3.0) == 8


def test_compression_is_the_difference():
    training, text = (
        "so we'll go no more a-roving " * 400,
        "so we'll go no more a-roving so late into the night",
    )
    both, before = (
        len(lzma.compress(t.encode(), preset=9 | lzma.PRESET_EXTREME))
        for t in (training + text, training)
    )
    assert lyric_measures.compressed_bits_per_character(training, text, "xz") == 8 * (
        both - before
    ) / len(text)
    noise = "".join(np.random.default_rng(0).permutation(list("abcdefghijklmnopqrstuvwxyz" * 2)))
    assert lyric_measures.compressed_bits_per_character(
        training, text, "xz"
    ) < lyric_measures.compressed_bits_per_character(training, noise, "xz")


def test_gzip_forgets_beyond_its_window_and_xz_does_not():
    rng = np.random.default_rng(1)
    text = "".join(rng.choice(list("abcdefgh"), 2000))
    filler = "".join(rng.choice(list("abcdefgh"), 60_000))
    assert lyric_measures.compressed_bits_per_character(text + filler, text, "xz") < 1
    assert lyric_measures.compressed_bits_per_character(text + filler, text, "gzip") > 2.9, (
        "3 bits are all that eight letters hold"
    )
    assert lyric_measures.compressed_bits_per_character(filler + text, text, "gzip") < 1


def test_distinct():
    assert (
        lyric_measures.distinct(["abab"], 1) == 2 / 4
        and lyric_measures.distinct(["abab"], 2) == 2 / 3
    )  # ab, ba, ab
    assert (
        lyric_measures.distinct(["ab", "ab"], 2) == 1 / 2 and lyric_measures.distinct(["a"], 2) == 0
    )


def slow_longest(text: str, training: str) -> int:
    return max(
        (
            end - start
            for start in range(len(text))
            for end in range(start, len(text) + 1)
            if text[start:end] in training
        ),
        default=0,
    )


def test_longest_copied_run():
    copying = lyrics_copying.Copying("红藕香残玉簟秋\n轻解罗裳\n独上兰舟")
    assert copying.longest("我独上兰舟去") == "独上兰舟"
    assert copying.longest("残玉簟秋\n轻解人") == "残玉簟秋\n轻解", "a line break is a character"
    assert copying.longest("大江东去") == "" and copying.longest("") == ""
    assert copying.longest("舟红藕") == "红藕", (
        "a run does not go round the end of the training text"
    )


@settings(max_examples=300, deadline=None)
@given(st.text("abc", max_size=60), st.text("abcd", max_size=40))
def test_longest_copied_run_is_that_of_a_slow_search(training, text):
    if training:
        assert len(lyrics_copying.Copying(training).longest(text)) == slow_longest(text, training)


def test_a_run_longer_than_a_key_is_found_whole():
    rng = np.random.default_rng(2)
    training = "".join(rng.choice(list("abcdefghijklmnopqrstuvwxyz "), 20_000))
    assert (
        lyrics_copying.Copying(training).longest("XY" + training[5000:5321] + "Z")
        == training[5000:5321].strip()
    )
    assert lyrics_copying.Copying(training).longest(training[-40:] + "Q") == training[-40:].strip()


PATTERN = Pattern("试", (5, 5, 7), (0, -1, 0), (0,), 100, 1.0)


def test_form():
    assert lyric_measures.line_form(["一二三四五", "一二三四五", "一二三四五六七"], PATTERN) == 1
    assert lyric_measures.line_form(["一二三四五", "一二三四", "一二三四五六七"], PATTERN) == 2 / 3
    assert (
        lyric_measures.line_form(["一二三四五", "一二三四五", "一二三四五六七", "八"], PATTERN)
        == 3 / 4
    ), "a line too many"
    assert lyric_measures.line_form(["一二三四五"], PATTERN) == 1 / 3, "lines that are missing"
    assert (
        lyric_measures.poem_form([["一二三四五", "一二三四五", "一二三四五六七"], ["一"]], PATTERN)
        == 1 / 2
    )


def test_rhymes():
    assert (
        lyric_measures.rhyme_share([["明月光", "地上霜"], ["明月光", "春眠"]], (0, 0)) == 1 / 2
    )  # -ang, -ang; -ang, -ian
    assert lyric_measures.rhyme_share([["明月光", "春眠", "地上霜"]], (0, -1, 0)) == 1
    assert (
        lyric_measures.rhyme_share([["in Spain", "by chance", "the rain", "my hand"]], (0, 1, 0, 1))
        == 1 / 2
    )
    assert np.isnan(lyric_measures.rhyme_share([["明月光"]], (0, 0))), "there is no pair"
