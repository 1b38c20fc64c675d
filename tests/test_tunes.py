"""The tune books: ABC, repeats, regular bars, cache, windows, clusters, the split."""

from __future__ import annotations

import importlib.util
import json
import shutil
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace

import compare_tunes
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lyricgen import files
from lyricgen.music import abc_notation, melody, splits, tune_books

CORPUS = Path(importlib.util.find_spec("music21").submodule_search_locations[0]) / "corpus"
CARD = files.read_card(tune_books.SPLIT_FILE)


def bars(body: str, header: str = "M:4/4\nL:1/8\nK:C") -> list[abc_notation.Bar]:
    return abc_notation.written_bars(abc_notation.prepared(f"X:1\n{header}\n{body}\n"))[0]


def notes(body: str, header: str = "M:4/4\nL:1/8\nK:C") -> list[tuple]:
    return abc_notation.notes_of(bars(body, header))


def pitches(body: str, header: str = "M:4/4\nL:1/8\nK:C") -> list[int]:
    return [pitch for _, _, pitch in notes(body, header)]


def order(body: str) -> str:
    """The bars as they are played, each by the letter of its first note."""
    letters = {69: "A", 71: "B", 72: "c", 74: "d", 76: "e", 77: "f"}
    return "".join(letters[bar.notes[0][2]] for bar in abc_notation.played(bars(body)))


def runs(body: str, header: str = "M:4/4\nL:1/8\nK:C") -> list[tuple[list, list[bool]]]:
    """Of each run its notes in steps, and its exact bars."""
    found = abc_notation.runs(abc_notation.played(bars(body, header)))
    assert all(
        melody.is_canonical(events) and len(events) == 16 * len(exact) for events, exact in found
    )
    return [(melody.to_notes(events).tolist(), exact.tolist()) for events, exact in found]


# ABC as it is written


def test_lengths_and_octaves():
    assert notes("C2 D/2E/2 c'3/2 D,,") == [
        (0, 1, 60),
        (1, Fraction(1, 4), 62),
        (Fraction(5, 4), Fraction(1, 4), 64),
        (Fraction(3, 2), Fraction(3, 4), 84),
        (Fraction(9, 4), Fraction(1, 2), 38),
    ]


def test_a_tie_makes_one_note_also_across_the_bar_line():
    assert notes("C4-C4-|C4 E4|") == [(0, 6, 60), (6, 2, 64)]


def test_a_hyphen_between_two_pitches_is_no_tie():
    assert notes("C4-D4|") == [(0, 2, 60), (2, 2, 62)]


def test_triplet_and_other_tuplets():
    third = Fraction(1, 3)
    assert notes("(3CDE F2") == [
        (0, third, 60),
        (third, third, 62),
        (2 * third, third, 64),
        (1, 1, 65),
    ]
    assert notes("(3:2:2C2D F2")[-1] == (1, 1, 65)


def test_broken_rhythm():
    assert [duration for _, duration, _ in notes("C>D E<F G>>A")] == [
        Fraction(n, 8) for n in (6, 2, 2, 6, 7, 1)
    ]


def test_an_accidental_holds_to_the_end_of_its_bar():
    assert pitches("^F F =F F|F ^F|F") == [66, 66, 65, 65, 65, 66, 65]
    assert pitches("=F F|F _B B|B", "M:4/4\nL:1/8\nK:D") == [65, 65, 66, 70, 70, 71]


def test_grace_notes_have_no_length_and_a_chord_gives_its_highest_note():
    assert notes("{de}C4 [CEG]4") == [(0, 2, 60), (2, 2, 67)]
    assert notes("{[ce]}C4 E4") == [(0, 2, 60), (2, 2, 64)]


def test_what_music21_passes_over_is_read():
    assert [bar.meter for bar in bars("C8|[M:2/4]D4|[M:4/4]E8|")] == ["4/4", "2/4", "4/4"]
    assert notes("C4|[L:1/4]D2|")[1] == (2, 2, 62)
    assert pitches("F|[K:G]F|") == [65, 66]
    assert pitches('">"C4 "> 2,1"D4') == [60, 62]


def test_of_two_voices_the_fuller_one():
    assert (
        pitches("V:1\nC8|\nV:2\nDDDD EEEE|\nV:1\nG8|\nV:2\nFF|") == [62] * 4 + [64] * 4 + [65] * 2
    )
    assert pitches("[V:1] C4 C4|[V:2] G8|\n[V:1] D8|[V:2] A8|") == [60, 60, 62]


def test_several_tunes_in_one_file():
    found = abc_notation.tunes_of(
        {"book.abc": "% a book\n\nX:1\nK:C\nC\n\nX: 12\nK:C\nD\n", "one.abc": "X:7\nK:C\nE"}
    )
    assert [(id, abc[-3:]) for id, abc in found] == [
        ("book/1", "C\n\n"),
        ("book/12", "\nD\n"),
        ("one/7", "C\nE"),
    ]


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("G", (7, "major")),
        ("F#m", (6, "minor")),
        ("A Dorian % as printed", (9, "dorian")),
        ("AMix", (9, "mixolydian")),
        ("Bb", (10, "major")),
        ("E Minor", (4, "minor")),
        ("Emin", (4, "minor")),
        ("Cmaj", (0, "major")),
        ("Hp", (-1, "")),
        ("", (-1, "")),
    ],
)
def test_keys(text, key):
    assert abc_notation.key(text) == key


# Repeats


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("A8|B8|]", "AB"),
        ("|:A8|B8:|c8|]", "ABABc"),
        ("A8|B8:|c8:|", "ABABcc"),  # the second repeat goes back to the first
        ("A8::B8:|", "AABB"),
        ("A8:||:B8:|", "AABB"),
        ("A8||B8:|", "ABB"),  # ... or to a double bar
        ("|:A8||B8:|", "ABAB"),  # but not past a marked beginning
        ("|:A8|1B8:|2c8|]", "ABAc"),
        ("|:A8|[1B8:|[2c8|d8|]", "ABAcd"),
        ("|:A8|1B8|c8:|2d8|e8||f8|]", "ABcAdef"),
        ("|:A8|1B8:|2c8||d8|1e8:|2f8:|", "ABAcdedf"),
        ("A8|1B8|2c8|]", "ABAc"),  # the repeat sign before the second ending was forgotten
        ("|:A8|1B8:|c8:|", "ABAcc"),
    ],
)  # there is no second ending
def test_repeats_are_played(body, expected):
    assert order(body) == expected


@given(
    st.lists(
        st.sampled_from(["A8|", "B8||", "|:c8|", "d8:|", "|1e8:|", "|2f8|", "A8::", "|1B8|"]),
        min_size=1,
        max_size=12,
    )
)
def test_playing_comes_to_an_end_and_leaves_out_no_bar_but_endings(pieces):
    written = bars("".join(pieces))
    played = abc_notation.played(written)
    assert len(played) <= 2 * len(written)
    assert all(any(bar is other for other in played) for bar in written)


# Regular bars on the grid


def test_a_full_bar_makes_a_run():
    assert runs("C2D2E4|F8|") == [
        ([[0, 4, 60], [4, 4, 62], [8, 8, 64], [16, 16, 65]], [True, True])
    ]


def test_partial_bars_at_a_repeat_are_joined_and_the_pickup_is_no_bar():
    found = runs("G2|C8|D6:|", "M:C|\nL:1/8\nK:C")
    assert found == [([[0, 16, 60], [16, 12, 62], [28, 4, 67], [32, 16, 60]], [True] * 3)]


def test_an_irregular_bar_ends_a_run():
    assert [events for events, _ in runs("C8|D6|E8|F2|G6|A8|")] == [
        [[0, 16, 60]],
        [[0, 16, 64]],
        [[0, 16, 69]],
    ]
    assert [events for events, _ in runs("C8|D8E2|F8|")] == [[[0, 16, 60]], [[0, 16, 65]]]


def test_two_bars_of_two_four_make_one():
    assert runs("C4|D4|E4|F4|G4|", "M:2/4\nL:1/8\nK:C") == [
        ([[0, 8, 60], [8, 8, 62], [16, 8, 64], [24, 8, 65]], [True, True])
    ]


def test_other_meters_are_left_out_and_a_change_of_meter_ends_a_run():
    assert runs("C6|D6|", "M:3/4\nL:1/8\nK:C") == []
    assert [events for events, _ in runs("C8|[M:3/4]D6|[M:4/4]E8|[M:2/4]F4|G4|")] == [
        [[0, 16, 60]],
        [[0, 16, 64]],
        [[0, 8, 65], [8, 8, 67]],
    ]
    assert abc_notation.parse_tune("X:1\nM:6/8\nL:1/8\nK:C\nCDE FGA|\n")[-1] == []


def test_a_tie_goes_on_in_the_order_of_playing():
    assert runs("C8-|C8:|")[0][0] == [[0, 32, 60], [32, 32, 60]]


def test_notes_off_the_grid_are_rounded_and_their_bars_marked():
    ((events, exact),) = runs("C8|(3DEF G6|A8|")
    assert exact == [True, False, True]
    assert events == [
        [0, 16, 60],
        [16, 1, 62],
        [17, 2, 64],
        [19, 1, 65],
        [20, 12, 67],
        [32, 16, 69],
    ]
    assert runs("C4D4-|(3DEF G6|")[0][1] == [
        True,
        False,
    ]  # the tied note ends off the grid in the second bar only


def test_a_rest_of_more_than_a_bar_splits_a_run():
    assert [len(exact) for _, exact in runs("C8|z8|D8|")] == [3]
    assert [events for events, _ in runs("C8|z8|z8|D8|")] == [[[0, 16, 60]], [[0, 16, 62]]]
    assert [events for events, _ in runs("C4z4|z6D2|")] == [[[0, 8, 60]], [[12, 4, 62]]]


# Against music21's own parser


def test_the_notes_are_those_of_converter_parse():
    different = {
        place
        for group in files.read_card(files.DATA / "results" / "tunes.json")["differences"]
        for place in group["tunes"]
    }
    texts = [
        (f"{book} {id}", abc)
        for book in tune_books.BOOKS
        for id, abc in abc_notation.tunes_of(abc_notation.sources(book, {}))
    ]
    for place, abc in texts[7::400]:
        text = abc_notation.prepared(abc)
        assert (
            abc_notation.notes_of(abc_notation.written_bars(text)[0])
            == compare_tunes.theirs(text)[0]
        ) == (place not in different), place


def test_all_tunes_have_been_compared_and_99_percent_are_equal():
    card = files.read_card(files.DATA / "results" / "tunes.json")
    listed = [place for group in card["differences"] for place in group["tunes"]]
    assert card["tunes"] == 4433 and card["equal share"] >= 0.99 and card["without a reason"] == []
    assert card["equal"] + len(set(listed)) == card["tunes"]
    assert all(
        group["why"] and group["right"] in ("ours", "music21", "neither")
        for group in card["differences"]
    )
    assert card["processor seconds"]["ratio"] >= 10


# The books


@pytest.fixture(scope="session")
def exact() -> tuple[tune_books.Tune, ...]:
    return tune_books.load_tunes(progress=False)


@pytest.fixture(scope="session")
def rounded() -> tuple[tune_books.Tune, ...]:
    return tune_books.load_tunes(rounded=True, progress=False)


def test_the_books_are_there(exact, rounded):
    assert Counter(tune.book for tune in rounded).keys() == set(tune_books.BOOKS)
    assert len(rounded) > 2600 and len(exact) > 2600
    assert all(
        len(run) % 16 == 0 and melody.is_canonical(run) for tune in exact for run in tune.runs
    )
    by_id = {(tune.book, tune.id): tune for tune in exact}
    first = by_id["airdsAirs", "book1/0001"]
    assert (first.title, first.meter, first.tonic, first.mode) == (
        "The Ranting Highlandman.",
        "C|",
        7,
        "major",
    )
    assert melody.to_notes(first.runs[0])[:7].tolist() == [
        [0, 4, 71],
        [4, 4, 71],
        [8, 4, 71],
        [12, 2, 69],
        [14, 2, 67],
        [16, 4, 71],
        [20, 4, 71],
    ]
    assert all(tune.split in splits.SHARES and tune.cluster >= 0 for tune in rounded)


def test_rounding_adds_windows_and_changes_none(exact, rounded):
    exact_windows = set(map(bytes, tune_books.cut_windows(exact, 2, None)[0]))
    rounded_windows = set(map(bytes, tune_books.cut_windows(rounded, 2, None)[0]))
    assert exact_windows < rounded_windows


def test_windows_are_distinct_canonical_and_of_their_split(exact):
    windows = {split: tune_books.cut_windows(exact, 2, split) for split in splits.SHARES}
    for split, (cut, owner) in windows.items():
        assert cut.dtype == np.uint8 and cut.shape == (len(owner), 32)
        assert melody.is_canonical(cut).all() and (cut >= melody.FIRST_ONSET).any(axis=1).all()
        assert len({bytes(row) for row in cut}) == len(cut)
        assert {exact[k].split for k in owner} == {split}
    total = sum(len(cut) for cut, _ in windows.values())
    assert total > 24_000
    assert 0.75 < len(windows["train"][0]) / total < 0.85
    assert len(tune_books.cut_windows(exact, 16, "train")[0]) > 5_000
    assert tune_books.cut_windows(exact[:3], 400)[0].shape == (0, 6400)


def test_the_committed_split_is_what_the_rule_makes(rounded):
    unlisted = [replace(tune, cluster=-1, split="") for tune in rounded]
    made = splits.split_tunes(unlisted, CARD["seed"])
    assert [f"{tune.book} {tune.id} {tune.cluster} {tune.split}" for tune in made] == CARD["tunes"]
    assert CARD["rule"] == splits.RULE


def test_clusters_are_whole_and_small_and_the_shares_are_80_10_10(rounded):
    split_of = {}
    sizes = Counter(tune.cluster for tune in rounded)
    for tune in rounded:
        assert split_of.setdefault(tune.cluster, tune.split) == tune.split
    assert max(sizes.values()) <= 0.05 * len(rounded)
    for book in (*tune_books.BOOKS, None):
        counts = Counter(tune.split for tune in rounded if book in (None, tune.book))
        for split, share in splits.SHARES.items():
            assert abs(counts[split] / counts.total() - share) < 0.03, (book, split)


def test_few_test_windows_stand_in_the_training_part(exact, rounded):
    assert splits.leakage(exact) < 0.03 and splits.leakage(rounded) < 0.03
    assert splits.leakage(exact, split="validation") < 0.03
    for by in ("tune", "window"):  # the measure sees leakage where there is some
        assert splits.leakage(exact, by) > 0.05


def test_near_duplicates_are_found():
    def tune(id: str, *rows: list[int]) -> tune_books.Tune:
        return tune_books.Tune(
            "book",
            id,
            "",
            "C",
            0,
            "major",
            tuple(melody.to_events(np.array(row), 64) for row in rows),
        )

    rng = np.random.default_rng(1)
    line = rng.integers(60, 80, 32)
    first = [[2 * k, 2, pitch] for k, pitch in enumerate(line)]
    moved = [[2 * k, 2, pitch + 5] for k, pitch in enumerate(line)]
    other_rhythm = [[2 * k, 1 + k % 2, pitch] for k, pitch in enumerate(line)]
    half = first[:16] + [[2 * k, 2, pitch] for k, pitch in enumerate(rng.integers(60, 80, 16), 16)]
    strange = [[2 * k, 2, pitch] for k, pitch in enumerate(rng.integers(60, 80, 32))]
    found = splits.find_clusters(
        [
            tune("a", first),
            tune("b", strange),
            tune("c", moved),
            tune("d", other_rhythm),
            tune("e", half),
        ]
    )
    assert found == [0, 1, 0, 0, 0]


@given(st.lists(st.integers(0, 30), min_size=1, max_size=200), st.integers(0, 5))
def test_groups_stay_whole_and_the_order_of_things_in_other_groups_does_not_matter(groups, seed):
    strata = ["x"] * len(groups)
    assigned = splits.assign(groups, list(map(str, groups)), strata, seed)
    assert set(assigned) <= set(splits.SHARES)
    assert len(set(zip(groups, assigned))) == len(set(groups))
    backwards = groups[::-1]
    assert splits.assign(backwards, list(map(str, backwards)), strata, seed) == assigned[::-1]


# The cache, and damaged files


def flip(path: Path, place: int) -> tuple[str, str]:
    """Flips one bit of a file; its hash before and after."""
    data = bytearray(path.read_bytes())
    before = files.sha256(bytes(data))
    data[place] ^= 1
    path.write_bytes(data)
    return before, files.sha256(bytes(data))


@pytest.fixture
def copied(tmp_path, monkeypatch) -> Path:
    """A copy of miscFolk in place of the installed one, and an empty cache."""
    folder = tmp_path / "music21" / "corpus" / "miscFolk"
    shutil.copytree(CORPUS / "miscFolk", folder)
    where = SimpleNamespace(submodule_search_locations=[str(tmp_path / "music21")])
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: where)
    monkeypatch.setenv("LYRICGEN_CACHE", str(tmp_path / "cache"))
    return folder


def test_a_flipped_bit_in_a_tune_file_is_named_with_both_hashes(copied):
    path = copied / "northumbrianminstrelsyopus.abc"
    before, after = flip(path, 5000)
    with pytest.raises(files.DataError) as caught:
        tune_books.load_tunes(("miscFolk",), progress=False)
    assert (
        str(path) in str(caught.value)
        and before in str(caught.value)
        and after in str(caught.value)
    )
    assert not (copied.parents[2] / "cache").exists()


def test_a_missing_tune_file_is_named(copied):
    (copied / "americanfifeopus.abc").unlink()
    with pytest.raises(files.DataError, match="americanfifeopus.abc cannot be read"):
        tune_books.load_tunes(("miscFolk",), progress=False)


def test_damage_of_the_cache_is_named_with_both_hashes_and_that_of_a_source_is_seen(copied):
    first = tune_books.load_tunes(("miscFolk",), progress=False)
    path = tune_books.cache_path("miscFolk")
    assert [path] == list(path.parent.iterdir())
    again = tune_books.load_tunes(("miscFolk",), progress=False)
    assert [(tune.id, tune.split, list(map(bytes, tune.runs))) for tune in again] == [
        (t.id, t.split, list(map(bytes, t.runs))) for t in first
    ]
    flip(path, 1000)
    with pytest.raises(files.DataError) as caught:
        tune_books.load_tunes(("miscFolk",), progress=False)
    data = path.read_bytes()
    assert (
        str(path) in str(caught.value)
        and files.sha256(data[:-64]) in str(caught.value)
        and data[-64:].decode() in str(caught.value)
    )
    path.unlink()
    assert len(tune_books.load_tunes(("miscFolk",), progress=False)) == len(first)
    flip(copied / "americanfifeopus.abc", 100)
    with pytest.raises(files.DataError, match="americanfifeopus.abc is damaged"):
        tune_books.load_tunes(("miscFolk",), progress=False)


def test_a_cache_that_cannot_be_written_is_no_obstacle(copied, monkeypatch):
    (copied.parent / "file").write_text("")
    monkeypatch.setenv("LYRICGEN_CACHE", str(copied.parent / "file" / "cache"))
    assert len(tune_books.load_tunes(("miscFolk",), progress=False)) > 80


def test_another_reading_than_the_one_that_was_split_is_reported(copied, monkeypatch):
    card = copied.parent / "tunes.json"
    files.write_json(card, {**CARD, "events": {"miscFolk": "0" * 64}})
    monkeypatch.setattr(tune_books, "SPLIT_FILE", card)
    with pytest.warns(UserWarning, match="reads miscFolk a little otherwise"):
        tune_books.load_tunes(("miscFolk",), progress=False)


def test_essen_comes_with_its_licence_and_without_a_split(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("LYRICGEN_CACHE", str(tmp_path))
    monkeypatch.setattr(
        abc_notation,
        "sources",
        lambda book, known: {"x.abc": "X:1\nT:Eins\nM:4/4\nL:1/4\nK:C\nCDEF|GABc|\n"},
    )
    (tune,) = tune_books.load_tunes((tune_books.ESSEN,), progress=False)
    assert "non-commercial" in capsys.readouterr().out
    assert (
        (tune.split, tune.cluster) == ("", -1)
        and len(tune_books.cut_windows([tune])[0]) == 0
        and len(tune_books.cut_windows([tune], split=None)[0]) == 1
    )
    assert (
        not any(line.startswith(tune_books.ESSEN) for line in CARD["tunes"])
        and tune_books.ESSEN not in CARD["sources"]
    )


def test_an_unknown_book_is_a_user_error():
    with pytest.raises(files.UserError, match="no tune book 'oneil'; there are oneills1850"):
        tune_books.load_tunes(("oneil",))


def test_two_workers_give_what_one_gives_and_one_takes_over_when_they_fail(monkeypatch):
    texts = [f"X:{k}\nM:4/4\nL:1/8\nK:C\n{'CDEFGABc' * (1 + k % 3)}|\n" for k in range(204)]
    alone = [abc_notation.parse_tune(text) for text in texts]
    as_json = json.loads(json.dumps(alone))
    assert tune_books._parse_all(texts, False) == [tuple(tune) for tune in as_json]
    monkeypatch.setattr(sys, "executable", str(Path("/no/such/python")))
    assert tune_books._parse_all(texts, False) == alone


def test_a_warm_load_takes_under_half_a_second_and_leaves_music21_alone(exact):
    code = """if True:
        import sys, time
        from lyricgen.music.tune_books import load_tunes
        start = time.process_time()
        tunes = load_tunes()
        print(len(tunes), time.process_time() - start, 'music21' in sys.modules)"""
    count, seconds, imported = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()
    assert int(count) == len(exact) and imported == "False"
    assert float(seconds) < 0.5
