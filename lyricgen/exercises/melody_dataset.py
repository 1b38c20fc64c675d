"""The exercises of the notebook melody_dataset."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np

from lyricgen.exercises import Exercise, Mistake, read_numbers

# Pairs of near-duplicates among ten tunes, and the split of each tune.
NEAR = [(0, 1), (2, 3), (4, 6), (6, 7), (8, 9)]
SPLITS = ["train", "test", "train", "train", "test", "train", "validation", "train", "test", "test"]

# G held on, A, silence, C.
WINDOW = [48, 0, 0, 0, 50, 0, 0, 0, 1, 0, 0, 0, 53, 0, 0, 0]


def _multiple(answer: Any) -> str | None:
    """Returns what is wrong with a grid that holds all and is not the smallest."""
    number = read_numbers(answer, one=True)
    if number is None or number.size != 1 or number.dtype.kind not in "iuf":
        return None
    steps = float(number.reshape(-1)[0])
    if np.isfinite(steps) and steps > 24 and steps % 24 == 0:
        return f"{steps:g} steps hold all of them, but so does a smaller number."
    return None


grid = Exercise(
    form="one number, the steps in a quarter",
    hint=(
        "a grid of n steps holds what is a multiple of 1/n of a quarter. It must hold 1/8 and "
        "1/6: n is a multiple of both numbers, the smallest one."
    ),
    right=lambda: 24,
    why=(
        "It is the least common multiple. Six times as many steps as 16ths: two bars would be 192 "
        "steps in place of 32. That is the price of one bar in ten, which is off the grid of 16ths."
    ),
    when=_multiple,
    mistakes={
        "product": Mistake(
            lambda: 48,
            "48 steps hold all of them, but so does a smaller number: 8 and 6 have a factor in "
            "common.",
        ),
        "smaller": Mistake(
            lambda: 6, "6 steps hold the triplets; a 32nd, an eighth of a quarter, lies between."
        ),
        "name of the note": Mistake(
            lambda: 32,
            "a 32nd is a 32nd of a whole note, and 32 steps would be of a bar; the question is "
            "about one quarter, and the triplets must lie on the grid too.",
        ),
        "largest": Mistake(
            lambda: 8, "8 steps hold the 32nds; a sixth of a quarter lies between two of them."
        ),
        "triplets of eighths": Mistake(
            lambda: 12,
            "12 steps hold 16ths and triplets of any kind up to sixths, but no 32nds: 12 is no "
            "multiple of 8.",
        ),
        "in a bar": Mistake(
            lambda: 96,
            "that is the number in a bar of four quarters; the question is about one quarter.",
        ),
        "sixteenths": Mistake(
            lambda: 4,
            "4 steps are the grid of 16ths; a 32nd lies half-way between two of them.",
        ),
        "bar of 16ths": Mistake(
            lambda: 16, "16 steps hold the 32nds; a sixth of a quarter lies between two of them."
        ),
        "length of a step": Mistake(
            lambda: 1 / 24,
            "that is the length of a step, in quarters; how many of them make a quarter?",
        ),
        "common factor": Mistake(
            lambda: 2,
            "that is the greatest common factor; a finer grid is needed, not a coarser one.",
        ),
        "sum": Mistake(
            lambda: 14, "that is the sum of 8 and 6; the grid must be a multiple of both."
        ),
    },
)


cut = Exercise(
    form="a list of 16 numbers",
    hint=(
        "step 0 is never HOLD: a note that sounds on is struck again. An onset of pitch p is p - "
        "21 + 2. Silence is one REST, then HOLDs."
    ),
    right=lambda: WINDOW,
    why=(
        "So each window stands on its own: a model that sees only these 16 steps knows what "
        "sounds at the first, and equal music is equal numbers."
    ),
    mistakes={
        "plain cut": Mistake(
            lambda: [0] + WINDOW[1:],
            "the first step is HOLD, but the window does not say of what: strike the G again "
            "there.",
        ),
        "REST first": Mistake(
            lambda: [1] + WINDOW[1:],
            "the first step is a REST, but the G still sounds there: strike it again.",
        ),
        "REST throughout": Mistake(
            lambda: WINDOW[:9] + [1, 1, 1] + WINDOW[12:],
            "in silence only the first step is REST; the others hold it.",
        ),
        "MIDI pitches": Mistake(
            lambda: [67, 0, 0, 0, 69, 0, 0, 0, 1, 0, 0, 0, 72, 0, 0, 0],
            "these are MIDI pitches; an event is the pitch - 21 + 2.",
        ),
        "two too low": Mistake(
            lambda: [46, 0, 0, 0, 48, 0, 0, 0, 1, 0, 0, 0, 51, 0, 0, 0],
            "0 and 1 are HOLD and REST, so onsets begin at 2: add 2.",
        ),
        "one too low": Mistake(
            lambda: [47, 0, 0, 0, 49, 0, 0, 0, 1, 0, 0, 0, 52, 0, 0, 0],
            "your onsets are one too low: the lowest pitch, 21, has the event 2, since 0 is HOLD "
            "and 1 is REST.",
        ),
        "one too high": Mistake(
            lambda: [49, 0, 0, 0, 51, 0, 0, 0, 1, 0, 0, 0, 54, 0, 0, 0],
            "your onsets are one too high: the lowest pitch, 21, has the event 2.",
        ),
        "no REST": Mistake(
            lambda: WINDOW[:8] + [0] + WINDOW[9:], "without a REST the A sounds on until the C."
        ),
        "21 not subtracted": Mistake(
            lambda: [69, 0, 0, 0, 71, 0, 0, 0, 1, 0, 0, 0, 74, 0, 0, 0],
            "you added 2 to the pitches; an event is the pitch - 21 + 2.",
        ),
        "HOLD and REST exchanged": Mistake(
            lambda: [48, 1, 1, 1, 50, 1, 1, 1, 0, 1, 1, 1, 53, 1, 1, 1],
            "you exchanged two events: 0 is HOLD, nothing changes, and 1 is REST, the sound ends.",
        ),
        "pitches repeated": Mistake(
            lambda: [48] * 4 + [50] * 4 + [1, 0, 0, 0] + [53] * 4,
            "an onset in every step would strike the note four times: after the onset a note is "
            "held by HOLD, which is 0.",
        ),
        "all repeated": Mistake(
            lambda: [48] * 4 + [50] * 4 + [1] * 4 + [53] * 4,
            "you wrote each event four times: onset and REST stand only where they begin, and "
            "HOLD, which is 0, follows.",
        ),
        "one step late": Mistake(
            lambda: [48, 0, 0, 0, 0, 50, 0, 0, 0, 1, 0, 0, 0, 53, 0, 0],
            "all events after the first are one step late: step 20 of the melody is step "
            "20 - 16 = 4 of the window, and the first step of the window is step 0.",
        ),
        "one step early": Mistake(
            lambda: [48, 0, 0, 50, 0, 0, 0, 1, 0, 0, 0, 53, 0, 0, 0, 0],
            "all events after the first are one step early: step 20 of the melody is step "
            "20 - 16 = 4 of the window, and the first step of the window is step 0.",
        ),
        "REST early": Mistake(
            lambda: [48, 0, 0, 0, 50, 0, 0, 1, 0, 0, 0, 0, 53, 0, 0, 0],
            "the REST is one step early: an A at step 20 that lasts 4 steps ends where step 24 "
            "begins.",
        ),
        "REST late": Mistake(
            lambda: [48, 0, 0, 0, 50, 0, 0, 0, 0, 1, 0, 0, 53, 0, 0, 0],
            "the REST is one step late: an A at step 20 that lasts 4 steps ends where step 24 "
            "begins.",
        ),
        "REST at the end": Mistake(
            lambda: WINDOW[:15] + [1],
            "your C ends a step early: it lasts until the end of the window, so no REST follows.",
        ),
        "whole G": Mistake(
            lambda: [48, 0, 0, 0, 0, 0, 0, 0, 50, 0, 0, 0, 53, 0, 0, 0],
            "your G lasts 8 steps again, but 4 of them were in the first bar: the A begins at step "
            "20 - 16 = 4.",
        ),
        "whole G, then REST": Mistake(
            lambda: [48, 0, 0, 0, 0, 0, 0, 0, 50, 0, 0, 0, 1, 0, 0, 0],
            "your G lasts 8 steps again, but 4 of them were in the first bar: the A begins at step "
            "20 - 16 = 4, and the C at step 28 - 16 = 12.",
        ),
        "first bar": Mistake(
            lambda: [1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 48, 0, 0, 0],
            "that is the first bar; the window is the second one.",
        ),
        "first bar, plain": Mistake(
            lambda: [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 48, 0, 0, 0],
            "that is the first bar; the window is the second one.",
        ),
    },
)


Pairs = Sequence[tuple[int, int]]


def _clusters(near: Pairs, count: int) -> list[int]:
    """Returns the cluster of each tune: the lowest number of a tune in it."""
    cluster = list(range(count))
    for a, b in near:
        keep, drop = sorted((cluster[a], cluster[b]))
        cluster = [keep if c == drop else c for c in cluster]
    return cluster


def _of_split(splits: Sequence[str], name: str) -> list[int]:
    """Returns the numbers of the tunes of a split."""
    return [k for k, split in enumerate(splits) if split == name]


def _in_leaking_clusters(cluster: Sequence[int], splits: Sequence[str], name: str) -> list[int]:
    """Returns the tunes of a split whose cluster has a training tune."""
    training = {cluster[k] for k in _of_split(splits, "train")}
    return [k for k in _of_split(splits, name) if cluster[k] in training]


def _leaking(near: Pairs, splits: Sequence[str]) -> list[int]:
    return _in_leaking_clusters(_clusters(near, len(splits)), splits, "test")


def _one_direction(near: Pairs, splits: Sequence[str]) -> list[int]:
    pairs = [(a, b) for a, b in near if splits[a] == "train" and splits[b] == "test"]
    return sorted(b for _, b in pairs)


def _neighbours(near: Pairs, known: set[int]) -> set[int]:
    """Returns the tunes that are in a pair with a known one."""
    found = {b for a, b in near if a in known}
    return found | {a for a, b in near if b in known}


def _no_chain(near: Pairs, splits: Sequence[str]) -> list[int]:
    direct = _neighbours(near, set(_of_split(splits, "train")))
    return sorted(direct & set(_of_split(splits, "test")))


def _some_links(near: Pairs, splits: Sequence[str], links: int) -> list[int]:
    """Follows each chain over so many pairs and no further."""
    reached = set(_of_split(splits, "train"))
    for _ in range(links):
        reached |= _neighbours(near, reached)
    return sorted(reached & set(_of_split(splits, "test")))


def _second_named_as_first(near: Pairs, splits: Sequence[str]) -> list[int]:
    """Gives the second tune of a pair the cluster of the first, and no other tune."""
    cluster = list(range(len(splits)))
    for a, b in near:
        cluster[b] = cluster[a]
    return _in_leaking_clusters(cluster, splits, "test")


def _first_named_as_second(near: Pairs, splits: Sequence[str]) -> list[int]:
    return _second_named_as_first([(b, a) for a, b in near], splits)


def _both_named_as_lower(near: Pairs, splits: Sequence[str], passes: int = 1) -> list[int]:
    """Gives both tunes of a pair the lower cluster, in so many passes."""
    cluster = list(range(len(splits)))
    for a, b in list(near) * passes:
        cluster[a] = cluster[b] = min(cluster[a], cluster[b])
    return _in_leaking_clusters(cluster, splits, "test")


def _sorted_first(near: Pairs, splits: Sequence[str]) -> list[int]:
    return _both_named_as_lower(sorted(near), splits)


def _sorted_both_ways_first(near: Pairs, splits: Sequence[str]) -> list[int]:
    pairs = sorted((min(pair), max(pair)) for pair in near)
    return _both_named_as_lower(pairs, splits)


def _renamed_in_place(near: Pairs, splits: Sequence[str]) -> list[int]:
    """Compares with the second tune's cluster while it changes it."""
    cluster = list(range(len(splits)))
    for a, b in near:
        for k in range(len(cluster)):
            if cluster[k] == cluster[b]:
                cluster[k] = cluster[a]
    return _in_leaking_clusters(cluster, splits, "test")


def _first_renamed_in_place(near: Pairs, splits: Sequence[str]) -> list[int]:
    return _renamed_in_place([(b, a) for a, b in near], splits)


def _marked(pairs: Pairs, splits: Sequence[str]) -> list[int]:
    """Marks what is in a pair with a marked tune, going through the pairs once."""
    marked = set(_of_split(splits, "train"))
    for a, b in pairs:
        if a in marked or b in marked:
            marked |= {a, b}
    return sorted(marked & set(_of_split(splits, "test")))


def _some_passes(near: Pairs, splits: Sequence[str], passes: int) -> list[int]:
    return _marked(list(near) * passes, splits)


def _one_pass_too_few(near: Pairs, splits: Sequence[str]) -> list[int]:
    return _some_passes(near, splits, len(near) - 1)


def _forward_and_back(near: Pairs, splits: Sequence[str]) -> list[int]:
    return _marked([*near, *reversed(near)], splits)


def _held_out_too(near: Pairs, splits: Sequence[str]) -> list[int]:
    """Counts validation tunes as known."""
    known = ["train" if split == "validation" else split for split in splits]
    return _leaking(near, known)


def _through_known(near: Pairs, splits: Sequence[str]) -> list[int]:
    """Follows a chain only through tunes of training and test."""
    kept = [(a, b) for a, b in near if "validation" not in (splits[a], splits[b])]
    return _leaking(kept, splits)


def _validation_leaks(near: Pairs, splits: Sequence[str]) -> list[int]:
    cluster = _clusters(near, len(splits))
    of_validation = _in_leaking_clusters(cluster, splits, "validation")
    return sorted(_leaking(near, splits) + of_validation)


def _training_tunes(near: Pairs, splits: Sequence[str]) -> list[int]:
    cluster = _clusters(near, len(splits))
    of_test = {cluster[k] for k in _leaking(near, splits)}
    return [k for k in _of_split(splits, "train") if cluster[k] in of_test]


def _whole_clusters(near: Pairs, splits: Sequence[str]) -> list[int]:
    cluster = _clusters(near, len(splits))
    leaking = {cluster[k] for k in _leaking(near, splits)}
    return [k for k, c in enumerate(cluster) if c in leaking]


def _clusters_with_training(near: Pairs, splits: Sequence[str]) -> list[int]:
    cluster = _clusters(near, len(splits))
    training = {cluster[k] for k in _of_split(splits, "train")}
    return [k for k, c in enumerate(cluster) if c in training]


def _cluster_numbers(near: Pairs, splits: Sequence[str]) -> list[int]:
    cluster = _clusters(near, len(splits))
    return sorted({cluster[k] for k in _leaking(near, splits)})


def _any_neighbour(near: Pairs, splits: Sequence[str]) -> list[int]:
    paired = {k for pair in near for k in pair}
    return sorted(paired & set(_of_split(splits, "test")))


def _all_test_tunes(near: Pairs, splits: Sequence[str]) -> list[int]:
    return _of_split(splits, "test")


def _do_not_leak(near: Pairs, splits: Sequence[str]) -> list[int]:
    return sorted(set(_of_split(splits, "test")) - set(_leaking(near, splits)))


def _number(near: Pairs, splits: Sequence[str]) -> int:
    return len(_leaking(near, splits))


def _share(near: Pairs, splits: Sequence[str]) -> float:
    return len(_leaking(near, splits)) / len(_of_split(splits, "test"))


def _nothing(near: Pairs, splits: Sequence[str]) -> list[int]:
    return []


def _of_the_notebook(near: Pairs, splits: Sequence[str]) -> list[int]:
    return _leaking(NEAR, SPLITS)


def _first_pair(near: Pairs, splits: Sequence[str]) -> list[int]:
    return _one_direction(near[:1], splits)


def _first_found(near: Pairs, splits: Sequence[str]) -> list[int]:
    return _leaking(near, splits)[:1]


def _pairs_found(near: Pairs, splits: Sequence[str]) -> list[tuple[int, int]]:
    return [(a, b) for a, b in near if {splits[a], splits[b]} == {"train", "test"}]


def _misshapen(value: Any) -> str | None:
    """Returns what is wrong with a result that is no list of different numbers."""
    numbers = read_numbers(value)
    if numbers is None or numbers.ndim != 1:
        return None
    if numbers.dtype.kind == "b":
        return "your function returned True and False; return the numbers of the tunes that leak."
    if len(set(numbers.tolist())) < len(numbers):
        return "a tune is in your list more than once: it leaks only once."
    return None


# A chain of four whose pairs come in an order that one pass does not follow, and one
# that reaches a training tune through a validation tune.
LONG_CHAIN: tuple[Pairs, list[str]] = (
    [(1, 6), (8, 2), (7, 4), (6, 7), (2, 3), (5, 8)],
    ["test", "test", "train", "validation", "train", "validation", "test", "test", "test"],
)
# Nothing leaks.
SAFE: tuple[Pairs, list[str]] = (
    [(1, 3), (0, 2)],
    ["train", "test", "train", "validation", "test"],
)
# Two clusters that a later pair joins, and a tune with two training neighbours.
LATE: tuple[Pairs, list[str]] = (
    [(0, 1), (2, 3), (1, 3), (4, 5), (6, 5)],
    ["test", "validation", "train", "test", "train", "test", "train"],
)


def _shuffled(near: Pairs, rng: np.random.Generator) -> Pairs:
    """Returns the pairs in another order, each with its tunes in either order."""
    pairs = [near[k] for k in rng.permutation(len(near)).tolist()]
    turned = (rng.random(len(pairs)) < 0.5).tolist()
    return [(b, a) if turn else (a, b) for (a, b), turn in zip(pairs, turned)]


def _chains(length: int, rng: np.random.Generator, far_end_first: bool) -> tuple[Pairs, list[str]]:
    """Returns a long chain from a training tune, and a short one without any."""
    count = length + 8
    tunes = rng.permutation(count).tolist()
    near = [(tunes[k + 1], tunes[k]) for k in range(count - 1) if k != length - 1]
    splits = rng.choice(["test", "validation"], count, p=[0.8, 0.2]).tolist()
    splits[tunes[0]] = "train"
    return near[::-1] if far_end_first else _shuffled(near, rng), splits


def _scattered(tunes: int, rng: np.random.Generator) -> tuple[Pairs, list[str]]:
    """Returns pairs drawn by chance, some of them again in the other direction."""
    drawn = [rng.choice(tunes, 2, replace=False).tolist() for _ in range(tunes // 2 + 1)]
    near = [(a, b) for a, b in drawn]
    again = near[: len(near) // 4]
    splits = rng.choice(["train", "validation", "test"], tunes, p=[0.15, 0.15, 0.7]).tolist()
    return _shuffled(near + again, rng), splits


def _hidden_cases() -> list[tuple[Pairs, list[str]]]:
    """Returns long chains, and pairs drawn by chance."""
    rng = np.random.default_rng(0)
    chains = []
    for length in (12, 30, 110):
        chains += [_chains(length, rng, far_end_first=turn) for turn in (False, True)]
    return chains + [_scattered(tunes, rng) for tunes in range(5, 35)]


HIDDEN = _hidden_cases()


def _one_chain(length: int) -> tuple[Pairs, list[str]]:
    """Returns a chain without any other pair, from its far end to the training tune."""
    near = [(k, k + 1) for k in range(length)]
    return near[::-1], ["train", *["validation"] * (length - 1), "test"]


# As many passes as there are pairs are needed, and no fewer.
ONE_CHAIN = [_one_chain(length) for length in (1, 2, 3, 6)]
TOO_FEW = (
    "you go through the pairs fewer times than there are pairs: one chain may have all of them, "
    "and the only pair may leak."
)
FIXED_NUMBER = (
    "a chain may be longer. Do not fix how often you go through the pairs: go on until nothing "
    "changes, or make clusters."
)
IN_PLACE = (
    "you change numbers while you still compare with one of them: as soon as the number of {} tune "
    "of the pair has changed, the tunes behind it keep the old one. Store both numbers before the "
    "loop."
)
FEW_NUMBERS = (
    "other tunes may be in these clusters already: all of them have to change, whatever the order "
    "of the pairs."
)

leak = Exercise(
    form="a function of near and splits that returns the numbers of the test tunes that leak",
    ordered=False,
    hint=(
        "make the clusters first, as in section 6: each pair joins two clusters, and all tunes of "
        "both get one number. Then look for test tunes whose cluster has a training tune."
    ),
    right=_leaking,
    cases=[(NEAR, SPLITS), LONG_CHAIN, SAFE, LATE, *HIDDEN, *ONE_CHAIN],
    situations=(
        "chains have three tunes at most",
        "chains have four tunes, with their pairs in any order",
        "nothing leaks",
        "a later pair joins two clusters",
        *["a chain is long"] * 6,
        *["the pairs are drawn by chance, some of them twice"] * 30,
        *["all pairs are one chain, with its far end first"] * 4,
    ),
    why=(
        "Tune 4 has no near-duplicate in the training split, but its near-duplicate has one. That "
        "is why a cluster goes to one split as a whole."
    ),
    when=_misshapen,
    mistakes={
        "one direction": Mistake(
            _one_direction,
            "that is the student's function: it finds a test tune only where a pair names the "
            "training tune first, and follows no chain.",
        ),
        "no chain": Mistake(
            _no_chain,
            "you look at both tunes of a pair, but you follow no chain: tune 4 is a near-duplicate "
            "of 6, and 6 of 7, which is in the training split.",
        ),
        **{
            f"{links} links": Mistake(
                partial(_some_links, links=links),
                f"you follow a chain over {links} pairs; {FIXED_NUMBER}",
            )
            for links in (2, 3, 4, 5, 10)
        },
        "second named as first": Mistake(
            _second_named_as_first,
            "you change the cluster of the second tune of a pair, but other tunes may be in that "
            "cluster already: all of them have to change.",
        ),
        "first named as second": Mistake(
            _first_named_as_second,
            "you change the cluster of the first tune of a pair, but other tunes may be in that "
            "cluster already: all of them have to change.",
        ),
        "both named as lower": Mistake(
            _both_named_as_lower,
            "you change the clusters of the two tunes of a pair, but other tunes may be in these "
            "clusters already: all of them have to change.",
        ),
        **{
            f"both named as lower, {passes} passes": Mistake(
                partial(_both_named_as_lower, passes=passes),
                f"you change two numbers at a time, and go through the pairs {passes} times; "
                + FIXED_NUMBER,
            )
            for passes in (2, 3, 4, 5, 10)
        },
        "sorted first": Mistake(
            _sorted_first,
            "you sort the pairs, then change the clusters of the two tunes of a pair, but "
            + FEW_NUMBERS,
        ),
        "sorted both ways first": Mistake(
            _sorted_both_ways_first,
            "you sort the pairs and the tunes of each, then change the clusters of the two tunes "
            "of a pair, but " + FEW_NUMBERS,
        ),
        "renamed in place": Mistake(_renamed_in_place, IN_PLACE.format("the second")),
        "first renamed in place": Mistake(_first_renamed_in_place, IN_PLACE.format("the first")),
        "once through": Mistake(
            _marked,
            "you go through the pairs once; a pair that comes early may be reached only by a later "
            "one. Go on until nothing changes, or make clusters.",
        ),
        **{
            f"{passes} passes": Mistake(
                partial(_some_passes, passes=passes),
                f"you go through the pairs {passes} times; {FIXED_NUMBER}",
            )
            for passes in (2, 3, 4, 5, 10)
        },
        "one pass too few": Mistake(_one_pass_too_few, TOO_FEW),
        "forward and back": Mistake(
            _forward_and_back,
            f"you go through the pairs forward and then back; {FIXED_NUMBER}",
        ),
        "held-out too": Mistake(
            _held_out_too,
            "you count validation tunes as training tunes: a test tune leaks only if its cluster "
            "has a tune of the training split.",
        ),
        "through known": Mistake(
            _through_known,
            "you leave out pairs with a validation tune, but a chain may go through one.",
        ),
        "validation too": Mistake(
            _validation_leaks,
            "your list has validation tunes as well; the question is about the test split.",
        ),
        "training tunes": Mistake(
            _training_tunes,
            "these are the training tunes; which tunes of the test split leak?",
        ),
        "whole clusters": Mistake(
            _whole_clusters,
            "these are all tunes of the clusters that leak; which of them are in the test split?",
        ),
        "clusters with training tunes": Mistake(
            _clusters_with_training,
            "these are all tunes of the clusters that have a training tune; which of them are in "
            "the test split?",
        ),
        "cluster numbers": Mistake(
            _cluster_numbers,
            "these are the numbers of clusters; return the numbers of the tunes.",
        ),
        "any neighbour": Mistake(
            _any_neighbour,
            "you take every test tune that has a near-duplicate; 8 and 9 are near-duplicates of "
            "each other, both in the test split, and nothing leaks there.",
        ),
        "all test tunes": Mistake(_all_test_tunes, "these are all test tunes; which of them leak?"),
        "the others": Mistake(
            _do_not_leak, "these are the test tunes that do not leak; return the others."
        ),
        "their number": Mistake(
            _number, "that is how many tunes leak; return a list of their numbers."
        ),
        "their share": Mistake(
            _share, "that is the share of the test tunes that leak; return their numbers."
        ),
        "nothing": Mistake(
            _nothing, "your function returns an empty list, whatever near and splits are."
        ),
        "of the notebook": Mistake(
            _of_the_notebook,
            "your function returns the same tunes, whatever it is given: use near and splits, and "
            "not the lists of the notebook.",
        ),
        "first pair": Mistake(
            _first_pair,
            "your function returns after the first pair: does the return stand in the loop?",
        ),
        "first found": Mistake(
            _first_found,
            "your function returns after the first tune that it finds: does the return stand in "
            "the loop?",
        ),
        "pairs": Mistake(
            _pairs_found, "these are pairs; return the numbers of the test tunes, each once."
        ),
    },
)
