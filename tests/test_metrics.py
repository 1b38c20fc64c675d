"""The measures of texts, on examples worked out by hand, and the longest copied run."""

import lzma

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lyricgen.lyrics import copying as lyrics_copying
from lyricgen.lyrics import corpora
from lyricgen.lyrics import measures as lyric_measures
from lyricgen.lyrics.copying import longest_copied_run
from lyricgen.lyrics.patterns import Pattern


def test_bits_per_character():
    # three tokens of 1, 2 and 3 bits; the last is <unk>, which stands for 8 characters,
    # 3 bits more: 9 bits over 3 characters
    assert lyric_measures.bits_per_character(np.array([1.0, 2, 3]), np.array([4, 5, 0]), 8) == 3
    assert lyric_measures.bits_per_character(np.array([1.0, 2, 3]), np.array([4, 5, 6]), 8) == 2
    unknown = lyric_measures.bits_per_character(np.array([1.0]), np.array([0]), 0)
    assert unknown == pytest.approx(1 + np.log2(0x110000)), "what was never folded may be anything"
    assert lyric_measures.perplexity(3.0) == 8


def test_compression_is_the_difference():
    training = "so we'll go no more a-roving " * 400
    text = "so we'll go no more a-roving so late into the night"
    extreme = 9 | lzma.PRESET_EXTREME
    before = len(lzma.compress(training.encode(), preset=extreme))
    both = len(lzma.compress((training + text).encode(), preset=extreme))
    bits = lyric_measures.compressed_bits_per_character(training, text, "xz")
    assert bits == 8 * (both - before) / len(text)
    letters = list("abcdefghijklmnopqrstuvwxyz" * 2)
    noise = "".join(np.random.default_rng(0).permutation(letters))
    assert bits < lyric_measures.compressed_bits_per_character(training, noise, "xz")


def test_gzip_forgets_beyond_its_window_and_xz_does_not():
    rng = np.random.default_rng(1)
    text = "".join(rng.choice(list("abcdefgh"), 2000))
    filler = "".join(rng.choice(list("abcdefgh"), 60_000))
    bits = lyric_measures.compressed_bits_per_character
    assert bits(text + filler, text, "xz") < 1
    assert bits(text + filler, text, "gzip") > 2.9, "3 bits are all that eight letters hold"
    assert bits(filler + text, text, "gzip") < 1
    with pytest.raises(ValueError, match="gzip"):
        bits(text, text, "zip")


def test_distinct():
    assert lyric_measures.distinct(["abab"], 1) == 2 / 4
    assert lyric_measures.distinct(["abab"], 2) == 2 / 3, "ab, ba, ab"
    assert lyric_measures.distinct(["ab", "ab"], 2) == 1 / 2
    assert lyric_measures.distinct(["a"], 2) == 0


def slow_longest(text: str, training: str) -> str:
    """Tries every run of a text, long ones first and of equals the first one first."""
    for length in range(len(text), 0, -1):
        for start in range(len(text) - length + 1):
            run = text[start : start + length]
            if run in training and run == run.strip():
                return run
    return ""


def test_longest_copied_run():
    training = "红藕香残玉簟秋\n轻解罗裳\n独上兰舟"
    index = lyrics_copying.Copying(training)
    for longest in (index.longest, lambda text: longest_copied_run(text, training)):
        assert longest("我独上兰舟去") == "独上兰舟"
        assert longest("残玉簟秋\n轻解人") == "残玉簟秋\n轻解", "a line break is a character"
        assert longest("独上\n香残") == "独上", "the first of equals"
        assert longest("大江东去") == ""
        assert longest("") == ""
        assert longest("秋\n去独上") == "独上", "a break at an end does not count"
        assert longest("舟红藕") == "红藕", "a run does not go round the end of the training text"


@settings(max_examples=300, deadline=None)
@given(st.text("ab c\n", max_size=60), st.text("ab cd\n", max_size=40))
def test_longest_copied_run_is_that_of_a_slow_search(training, text):
    longest = slow_longest(text, training)
    assert longest_copied_run(text, training) == longest
    if training:
        assert lyrics_copying.Copying(training).longest(text) == longest


def test_the_plain_way_and_the_index_agree_on_200_poems():
    corpus = corpora.load_corpus("songci")
    training = "\n\n".join(corpus.texts_of("train"))[:300_000]
    index = lyrics_copying.Copying(training)
    poems = ["\n".join(poem.lines) for poem in corpus.poems_of("test")[:200]]
    runs = [index.longest(poem) for poem in poems]
    assert runs == [longest_copied_run(poem, training) for poem in poems]
    assert min(map(len, runs)) >= 1
    assert max(map(len, runs)) >= 7


def test_a_run_longer_than_a_key_is_found_whole():
    rng = np.random.default_rng(2)
    training = "".join(rng.choice(list("abcdefghijklmnopqrstuvwxyz "), 20_000))
    index = lyrics_copying.Copying(training)
    middle = training[5000:5321]
    end = training[-40:]
    assert index.longest("XY" + middle + "Z") == middle.strip()
    assert index.longest(end + "Q") == end.strip()


PATTERN = Pattern("试", (5, 5, 7), (0, -1, 0), (0,), 100, 1.0)


def test_form():
    right = ["一二三四五", "一二三四五", "一二三四五六七"]
    assert lyric_measures.line_form(right, PATTERN) == 1
    assert lyric_measures.line_form([right[0], "一二三四", right[2]], PATTERN) == 2 / 3
    assert lyric_measures.line_form([*right, "八"], PATTERN) == 3 / 4, "a line too many"
    assert lyric_measures.line_form(right[:1], PATTERN) == 1 / 3, "lines that are missing"
    assert lyric_measures.poem_form([right, ["一"]], PATTERN) == 1 / 2


def test_rhymes():
    # -ang, -ang; -ang, -ian
    couplets = [["明月光", "地上霜"], ["明月光", "春眠"]]
    assert lyric_measures.rhyme_share(couplets, (0, 0)) == 1 / 2
    assert lyric_measures.rhyme_share([["明月光", "春眠", "地上霜"]], (0, -1, 0)) == 1
    english = ["in Spain", "by chance", "the rain", "my hand"]
    assert lyric_measures.rhyme_share([english], (0, 1, 0, 1)) == 1 / 2
    assert np.isnan(lyric_measures.rhyme_share([["明月光"]], (0, 0))), "there is no pair"
