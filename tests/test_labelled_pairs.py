"""The labelled pairs of tunes are drawn as their card says."""

import re
from collections import defaultdict
from itertools import combinations

import numpy as np
import pytest

from lyricgen import files
from lyricgen.music import melody, splits, tune_books

CARD = files.read_card(files.DATA / "splits" / "labelled_pairs.json")

Pair = tuple[int, int]


@pytest.fixture(scope="module")
def tunes() -> tuple[tune_books.Tune, ...]:
    return tune_books.load_tunes(rounded=True, progress=False)


@pytest.fixture(scope="module")
def strata(tunes) -> dict[str, set[Pair]]:
    """The pairs of each stratum, without the last, which has all other pairs."""
    cut, owner = tune_books.all_windows(tunes, 2)
    windows = map(bytes, melody.untransposed(cut))
    same_window, _ = splits._count_shared(zip(owner.tolist(), windows))
    shared, total = splits._count_shared(splits._interval_sequences(tunes, 8))
    share = {(a, b): count / min(total[a], total[b]) for (a, b), count in shared.items()}
    joined = {pair for pair in shared if shared[pair] >= 8 and share[pair] >= 0.25}
    joined |= set(same_window)
    near = {pair for pair in share if share[pair] >= 0.1} - joined
    titled = defaultdict(list)
    for k, tune in enumerate(tunes):
        title = tune.title.lower().split(" --")[0]
        titled[re.sub(r"\bthe\b|[^a-z]", "", title)].append(k)
    same_title = set()
    for numbers in titled.values():
        same_title |= set(combinations(numbers, 2))
    return {"joined": joined, "near": near, "same title": same_title - joined - near}


def named(tunes, pair: Pair) -> str:
    first, second = (tunes[k] for k in pair)
    return f"{first.book} {first.id} {second.book} {second.id}"


def test_the_pairs_are_the_draw_that_the_card_names(tunes, strata):
    rng = np.random.default_rng(0)
    drawn: dict[str, list[Pair]] = {}
    for stratum, pairs in strata.items():
        ordered = sorted(pairs)
        places = rng.choice(len(ordered), 25, replace=False)
        drawn[stratum] = [ordered[place] for place in places]
    known = set().union(*strata.values())
    drawn["other"] = []
    while len(drawn["other"]) < 25:
        a, b = sorted(rng.choice(len(tunes), 2, replace=False).tolist())
        if (a, b) not in known:
            drawn["other"].append((a, b))
    assert list(CARD["strata"]) == list(CARD["pairs"]) == list(drawn)
    for stratum, pairs in drawn.items():
        listed = [entry.rpartition(" ")[0] for entry in CARD["pairs"][stratum]]
        assert listed == [named(tunes, pair) for pair in pairs]


def test_each_pair_has_one_label_and_the_card_says_whose():
    entries = sum(CARD["pairs"].values(), [])
    assert len(set(entries)) == len(entries) == 100
    assert {entry.rpartition(" ")[2] for entry in entries} == {"same", "different"}
    assert CARD["labelled"] and CARD["licence"] and CARD["about"]


def test_the_card_counts_the_labels_that_were_changed():
    assert CARD["labelled"].count("Two labels, one of 'joined' and one of 'near', were changed")
    for stratum, changed in CARD["changed"].items():
        same = [entry for entry in CARD["pairs"][stratum] if entry.endswith(" same")]
        assert changed == 1 <= len(same), "a changed label is now 'same'"
    assert set(CARD["changed"]) == {"joined", "near"}
