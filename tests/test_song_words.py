"""The words of songs: Chinese to every pattern, and English in stanzas."""

from __future__ import annotations

import os

import numpy as np
import pytest

from lyricgen.files import DataError, UserError
from lyricgen.lyrics import chinese, corpora, english, gloss, measures, pattern_list, rhyme
from lyricgen.lyrics import patterns as lyrics_patterns
from lyricgen.lyrics.form import GROUPS, form_of_poem
from lyricgen.lyrics.verse import fits_iambs, stanza_form
from lyricgen.models import weights
from lyricgen.models.language.inference import FORM_SIZES, NumpyLanguageModel
from lyricgen.song import words as song_words

MODELS = {"songci": "songci_form", "yuanqu": "yuanqu"}
STANZAS = ("common", "ballad", "long", "burns", "7.6.7.6 abab")


LONG = pytest.mark.skipif(
    "LYRICGEN_ALL" not in os.environ, reason="minutes long: python3 run.py test --all"
)


@pytest.fixture(scope="module")
def corpus():
    return corpora.load_corpus("songci")


class Even:
    """A writer to whom all characters of a model are alike."""

    def __init__(self, name):
        _, card = weights.load_weights(name)
        self.vocabulary = ("<unk>", "<end>", "\n", *card["characters"])

    def probabilities(self, context):
        return np.full(len(self.vocabulary), 1 / len(self.vocabulary))


def assert_in_form(writer, patterns, seeds):
    for pattern in patterns:
        for seed in seeds:
            lines = song_words.write_lines(writer, pattern, np.random.default_rng(seed), 0.8)
            assert tuple(map(len, lines)) == pattern.lengths
            assert all(map(chinese.is_han, "".join(lines)))
            for group in set(pattern.rhymes) - {-1}:
                ends = [line[-1] for line, g in zip(lines, pattern.rhymes) if g == group]
                assert len(set(ends)) == len(ends)
            rhyming = measures.rhyme_share([lines], pattern.rhymes, pattern.rhyme_tones)
            assert rhyming == 1, pattern.name


@pytest.mark.parametrize("lyrics", MODELS)
def test_every_pattern_of_the_list_keeps_its_line_lengths_and_rhymes(lyrics):
    """The masks see to it, so a writer without preferences shows it in less time."""
    patterns = pattern_list.song_patterns(lyrics).values()
    assert len(patterns) == {"songci": 78, "yuanqu": 15}[lyrics]
    assert_in_form(Even(MODELS[lyrics]), patterns, [0])


@LONG
@pytest.mark.parametrize("lyrics", MODELS)
def test_every_pattern_of_the_list_keeps_its_line_lengths_and_rhymes_for_20_seeds(lyrics):
    # float32 is twice as fast, and as strict
    writer = NumpyLanguageModel.load(MODELS[lyrics], dtype="float32")
    assert_in_form(writer, pattern_list.song_patterns(lyrics).values(), range(20))


def assert_english(words, form):
    """Lines, syllables, metre, rhymes by the dictionary, words that it knows."""
    stanza = stanza_form(form)
    ends = []
    for number, lines in enumerate(words.stanzas):
        assert len(lines) == len(stanza.lengths)
        for line, length in zip(lines, stanza.lengths):
            line_words = english.words(line.text)
            assert all(english.phones(word) for word in line_words), line.text
            assert sum(map(english.syllables, line_words)) == length
            assert len(line.syllables) == length == sum(line.feet)
            sung = "".join(s.text + ("" if s.joined else " ") for s in line.syllables)
            assert sung == line.text + " "
            start = 0
            for word in line_words:
                assert fits_iambs(english.stress(word), start), line.text
                start += english.syllables(word)
            ends.append((line.rhyme, line_words[-1]))
        for place, group in enumerate(stanza.rhymes):
            assert (lines[place].rhyme == -1) == (group == -1)
            for other, other_group in enumerate(stanza.rhymes[:place]):
                same = rhyme.rhyme_class(lines[place].text) == rhyme.rhyme_class(lines[other].text)
                assert same == (group == other_group != -1), (number, words.stanzas)
    sounds = [" ".join(english.phones(word)) for _, word in ends]
    assert len(set(sounds)) == len(sounds), "no word is rhymed with itself, or one like it"
    assert words.stanzas[-1][-1].text[-1] in ".!?"


@pytest.mark.parametrize("lyrics, form", [("burns", "burns"), ("ballads", "common")])
def test_an_english_song_has_the_lines_syllables_and_rhymes_that_were_asked_for(lyrics, form):
    words = song_words.write_words(lyrics, form, np.random.default_rng(1), 0.7, stanzas=2)
    assert_english(words, form)
    assert (words.language, words.name) == ("en", f"{lyrics}-{form}")
    assert words.title and words.title[-1].isalpha()
    rhymes = {line.rhyme for stanza in words.stanzas for line in stanza}
    assert len(rhymes) == 4, "each stanza has two rhymes of its own"
    corpus = {line for poem in corpora.load_corpus(lyrics).poems for line in poem.lines}
    assert not corpus & {line.text for stanza in words.stanzas for line in stanza}


@LONG
@pytest.mark.parametrize("lyrics", song_words.MANNERS)
def test_fifty_english_songs_have_what_was_asked_for(lyrics):
    writer = NumpyLanguageModel.load(lyrics, dtype="float32")
    for seed in range(50):
        form = STANZAS[seed % len(STANZAS)]
        rng = np.random.default_rng(seed)
        assert_english(song_words.write_words(lyrics, form, rng, 0.8, writer), form)


def test_the_same_seed_gives_the_same_english_words_and_another_seed_others():
    songs = []
    for seed in (4, 4, 5):
        rng = np.random.default_rng(seed)
        songs.append(song_words.write_words("ballads", "6.4 aa", rng, 0.8, stanzas=1))
    assert songs[0] == songs[1] != songs[2]
    assert songs[0].name == "ballads-6-4"


def test_syllables_are_written_as_they_are_sung():
    syllables = song_words.english_syllables("The bonnie lassie, o'er again!")
    assert [syllable.text for syllable in syllables] == [
        "The",
        "bon",
        "nie",
        "las",
        "sie,",
        "o'er",
        "a",
        "gain!",
    ]
    assert [syllable.joined for syllable in syllables] == [
        *(False, True, False, True, False, False, True, False)
    ]


def test_the_words_of_a_chinese_song_say_how_they_are_sung_read_and_understood():
    rng = np.random.default_rng(2)
    words = song_words.write_words("songci", "bu suan zi", rng, 0.8, Even("songci_form"))
    assert (words.title, words.subtitle, words.name) == ("卜算子", "Bǔsuànzǐ", "busuanzi")
    assert words.language == "zh"
    pattern = pattern_list.find_pattern("卜算子")
    assert [len(stanza) for stanza in words.stanzas] == [4, 4]
    lines = [line for stanza in words.stanzas for line in stanza]
    assert tuple(line.rhyme for line in lines) == pattern.rhymes
    assert [line.feet for line in lines] == [(2, 3), (2, 3), (4, 3), (2, 3)] * 2
    for line in lines:
        assert [syllable.text for syllable in line.syllables] == list(line.text)
        assert [syllable.reading for syllable in line.syllables] == chinese.pinyin(line.text)
        assert line.gloss == gloss.word_by_word(line.text)
        assert line.gloss.isascii() or "·" in line.gloss
    texts = [line.text for line in lines]
    again = np.random.default_rng(2)
    assert texts == song_words.write_lines(Even("songci_form"), pattern, again, 0.8)
    qu = song_words.write_words("yuanqu", "小桃红", again, 0.8, Even("yuanqu"))
    assert len(qu.stanzas) == 1 and {line.rhyme for line in qu.stanzas[0]} == {0}


@pytest.mark.parametrize(
    "lyrics, form, stanzas, message",
    [
        ("hymns", "common", None, "no lyrics 'hymns'; there are songci, yuanqu, burns, ballads."),
        ("songci", "huanxiza", None, "the nearest are 浣溪沙 (huanxisha)"),
        ("songci", "浣溪沙", 3, "the pattern 浣溪沙 has 2"),
        ("yuanqu", "天净沙", None, "the most frequent form is that of 3"),
        ("burns", "sonnet", None, "no stanza 'sonnet'; there are ballad, common, long, burns"),
        ("burns", "common abx", None, "The rhyme scheme is 'abx'; it should be 4 letters"),
        ("burns", "common ab1b", None, "The rhyme scheme is 'ab1b'"),
        ("burns", "8.99 aa", None, "2 to 12 syllables"),
        ("burns", "8.0 aa", None, "2 to 12 syllables"),
        ("burns", "", None, "no stanza ''"),
        ("burns", "common", 0, "The number of stanzas is 0"),
        ("burns", "common", 99, "it should be from 1 to 12"),
    ],
)
def test_what_cannot_be_written_is_refused_in_one_sentence(lyrics, form, stanzas, message):
    with pytest.raises(UserError, match=".") as refused:
        song_words.write_words(lyrics, form, np.random.default_rng(0), 0.8, stanzas=stanzas)
    sentence = str(refused.value)
    assert message in sentence
    assert "\n" not in sentence and sentence.endswith(".")


def test_a_writer_of_another_script_is_refused():
    chinese_model = NumpyLanguageModel.load("yuanqu", dtype="float32")
    with pytest.raises(UserError, match="English letters"):
        song_words.write_words("burns", "common", np.random.default_rng(0), 0.8, chinese_model)
    with pytest.raises(UserError, match="an LSTM"):
        song_words.write_words("burns", "common", np.random.default_rng(0), 0.8, Even("burns"))
    with pytest.raises(UserError, match="a Chinese character for each note"):
        song_words.write_words("songci", "浣溪沙", np.random.default_rng(0), 0.8, Even("burns"))


def test_a_rhyme_that_the_words_cannot_give_is_refused():
    with pytest.raises(UserError, match="too few words that rhyme"):
        form = "2.2.2.2.2.2.2.2.2.2.2.2 aaaaaaaaaaaa"
        song_words.write_words("ballads", form, np.random.default_rng(0), 0.8, stanzas=12)


def test_a_writer_that_reads_the_form_is_taken_where_it_is_there_and_is_given_it(
    corpus, tmp_path, monkeypatch
):
    """Tiny random weights; each character's form is that of a poem of such lines."""
    rng = np.random.default_rng(3)
    free, card = weights.load_weights("songci")
    tokens = len(free["embedding"])
    arrays = {
        "embedding": rng.normal(size=(tokens, 4)),
        "W1": rng.normal(size=(4, 16)),
        "U1": rng.normal(size=(4, 16)),
        "b1": np.zeros(16),
        "output_bias": np.zeros(tokens),
    }
    weights.save_weights(tmp_path, "songci", arrays, card)
    assert not song_words.load_writer(tmp_path).reads_form
    for key, size in FORM_SIZES.items():
        arrays[key] = rng.normal(size=(size, 4))
    weights.save_weights(tmp_path, "songci_form", arrays, card)
    writer = song_words.load_writer(tmp_path)
    assert writer.reads_form
    given = []
    step = NumpyLanguageModel.step

    def watched(model, tokens, states, form):
        given.append(np.asarray(form).tolist())
        return step(model, tokens, states, form)

    monkeypatch.setattr(NumpyLanguageModel, "step", watched)
    pattern = lyrics_patterns.stable_patterns(corpus.poems)["西江月"]
    lines = song_words.write_lines(writer, pattern, np.random.default_rng(0), 0.8)
    assert tuple(map(len, lines)) == pattern.lengths
    lengths_and_lines = [[row[0], row[2]] for row in form_of_poem("西江月", lines).tolist()]
    # One step a token; the end of the poem is not drawn.
    assert [[row[0], row[2]] for row in given] == lengths_and_lines[:-1]
    due = [row[1] - GROUPS for row in given if row[0] == 1]
    for line, number in zip(lines, due):
        assert number == 0 or rhyme.SONG_GROUPS[number - 1] in rhyme.rhyme_groups(line)
    assert [number > 0 for number in due] == [group >= 0 for group in pattern.rhymes]
    with pytest.raises(DataError):
        song_words.load_writer(tmp_path / "nowhere")


def test_the_words_begin_as_the_poems_of_the_training_do(corpus):
    """Name, newline, and then line after line; a line's end is given, never drawn."""
    asked = []

    class Watched:
        vocabulary = ("\n", *"".join(sorted(set("".join(corpus.texts_of("train"))) - {"\n"})))

        def probabilities(self, context):
            asked.append("".join(context))
            return np.full(len(self.vocabulary), 1 / len(self.vocabulary))

    pattern = lyrics_patterns.stable_patterns(corpus.poems)["浣溪沙"]
    lines = song_words.write_lines(Watched(), pattern, np.random.default_rng(0), 1.0)
    whole = "\n".join(["浣溪沙", *lines])
    assert asked == [whole[:k] for k in range(4, len(whole)) if whole[k] != "\n"]
