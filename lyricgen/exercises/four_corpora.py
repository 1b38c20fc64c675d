"""The exercises of the notebook four_corpora."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from lyricgen.exercises import Exercise, Mistake, read_numbers
from lyricgen.lyrics.measures import distinct as distinct_share

two_sizes = Exercise(
    form="one number, in bits per character",
    hint="what do the test text's characters add to the packed size? A byte has eight bits.",
    right=lambda: 2.4,
    why=(
        "Two sizes are enough to measure a packer as a language model. Without the training text "
        "the test text would cost more, since the packer would know nothing when it begins."
    ),
    mistakes={
        "bytes": Mistake(lambda: 0.3, "that is in bytes; a byte has eight bits."),
        "eight times too much": Mistake(
            lambda: 19.2, "that is 8 times too much: bytes times 8 are bits, and only once."
        ),
        "bytes in all": Mistake(
            lambda: 9_000,
            "that is what the test text adds, in bytes; how many bits is it, for one of its "
            "30,000 characters?",
        ),
        "both texts": Mistake(
            lambda: 8 * 50_000 / 30_000,
            "that charges the test text for the training text as well: subtract C(training) first.",
        ),
        "training text": Mistake(
            lambda: 8 * 41_000 / 30_000,
            "that is the size of the training text; what does the test text add to it?",
        ),
        "both texts in bytes": Mistake(
            lambda: 50_000 / 30_000,
            "if that is 50,000 / 30,000, subtract C(training) first, and count eight bits to a "
            "byte; if it is 2.4 times ln 2, it is in nats.",
        ),
        "sign": Mistake(
            lambda: -2.4, "the sign is wrong: subtract the smaller size from the larger one."
        ),
        "inverse": Mistake(
            lambda: 30_000 / 9_000,
            "that is the number of characters to a byte; the question is how many bits there are "
            "to a character.",
        ),
        "in all": Mistake(
            lambda: 72_000, "that is the price of the whole test text; divide it by its characters."
        ),
    },
)


def _above_one(answer: Any) -> str | None:
    """Returns what is wrong with an answer that is too large for a share."""
    number = read_numbers(answer, one=True)
    if number is None or number.size != 1 or not number.item() > 1:
        return None
    return 'a share lies between 0 and 1; per cent need their sign, as in "12 %".'


distinct = Exercise(
    form="one number, a share between 0 and 1",
    hint=(
        "write down all runs of two characters, those of the first text and then those of the "
        "second; how many are there, and how many different ones?"
    ),
    right=lambda: 0.5,
    why=(
        "The first text alone has 4 of 6, which is 0.67. The second text brings nothing new, so "
        "the figure falls: compare only equal amounts of text."
    ),
    when=_above_one,
    mistakes={
        "no per cent sign": Mistake(
            lambda: 50, 'a share is between 0 and 1; with a per cent sign, "50 %" is right.'
        ),
        "joined": Mistake(
            lambda: 5 / 9,
            "that joins the texts: the run from the last a of the first to the t of the second "
            "is in neither.",
        ),
        "joined by a line break": Mistake(
            lambda: 6 / 10,
            "that joins the texts by a line break, and counts the runs with it; they are in "
            "neither text.",
        ),
        "each text's": Mistake(
            lambda: 6 / 8,
            "that counts the different runs of each text and adds them: tr and ra are in both "
            "texts, and are counted once.",
        ),
        "runs of the joined text": Mistake(
            lambda: 4 / 9,
            "there are 8 runs, not 9: the run from the last a of the first text to the t of the "
            "second is in neither.",
        ),
        "inverse": Mistake(
            lambda: 2, "that is the inverse: the different runs are divided by all runs."
        ),
        "single characters": Mistake(lambda: 0.4, "that is distinct-1, of single characters."),
        "mean of two": Mistake(
            lambda: 5 / 6,
            "that is the mean of the two texts' figures; count the runs of both together.",
        ),
        "only once": Mistake(
            lambda: 0,
            "that counts the runs that occur only once; a run that occurs twice is one different "
            "run.",
        ),
        "not divided": Mistake(
            lambda: 4, "that is the number of different runs; divide it by that of all runs."
        ),
        "all runs": Mistake(
            lambda: 8, "that is the number of all runs; the different ones are divided by it."
        ),
        "runs by characters": Mistake(
            lambda: 0.8,
            "that is the number of runs, 8, divided by the 10 characters; the different runs are "
            "divided by all runs.",
        ),
        "first text": Mistake(
            lambda: 4 / 6,
            "that is distinct-2 of the first text, or distinct-3 of both: the runs have two "
            "characters, and those of the second text count as well.",
        ),
    },
)


def _cut(one: Sequence[str], other: Sequence[str]) -> tuple[str, str]:
    """Returns the beginnings of two sets of texts, joined and of equal length."""
    first = "".join(one)
    second = "".join(other)
    length = min(len(first), len(second))
    return first[:length], second[:length]


def _equal_amounts(one: Sequence[str], other: Sequence[str], n: int) -> tuple[float, float]:
    first, second = _cut(one, other)
    return distinct_share([first], n), distinct_share([second], n)


def _not_cut(one: Sequence[str], other: Sequence[str], n: int) -> tuple[float, float]:
    return distinct_share(["".join(one)], n), distinct_share(["".join(other)], n)


def _equal_counts(one: Sequence[str], other: Sequence[str], n: int) -> tuple[float, float]:
    count = min(len(one), len(other))
    return _not_cut(one[:count], other[:count], n)


def _texts_apart(one: Sequence[str], other: Sequence[str], n: int) -> tuple[float, float]:
    return distinct_share(one, n), distinct_share(other, n)


def _from_the_end(one: Sequence[str], other: Sequence[str], n: int) -> tuple[float, float]:
    first = "".join(one)
    second = "".join(other)
    length = min(len(first), len(second))
    return distinct_share([first[-length:]], n), distinct_share([second[-length:]], n)


def _always_pairs(one: Sequence[str], other: Sequence[str], n: int) -> tuple[float, float]:
    return _equal_amounts(one, other, 2)


def _only_one_cut(one: Sequence[str], other: Sequence[str], n: int) -> tuple[float, float]:
    first, second = "".join(one), "".join(other)
    return distinct_share([first[: len(second)]], n), distinct_share([second], n)


def _only_other_cut(one: Sequence[str], other: Sequence[str], n: int) -> tuple[float, float]:
    second, first = _only_one_cut(other, one, n)
    return first, second


def _one_too_short(one: Sequence[str], other: Sequence[str], n: int) -> tuple[float, float]:
    first, second = _cut(one, other)
    return distinct_share([first[:-1]], n), distinct_share([second[:-1]], n)


def _each_text_cut(one: Sequence[str], other: Sequence[str]) -> tuple[Sequence[str], Sequence[str]]:
    """Returns all texts of two sets, each cut to the length of the shortest of them."""
    length = min(map(len, [*one, *other]))
    return [text[:length] for text in one], [text[:length] for text in other]


def _each_cut_and_joined(one: Sequence[str], other: Sequence[str], n: int) -> tuple[float, float]:
    return _not_cut(*_each_text_cut(one, other), n)


def _each_cut_apart(one: Sequence[str], other: Sequence[str], n: int) -> tuple[float, float]:
    return _texts_apart(*_each_text_cut(one, other), n)


def _each_to_the_joined(one: Sequence[str], other: Sequence[str], n: int) -> tuple[float, float]:
    length = len(_cut(one, other)[0])
    return _not_cut([text[:length] for text in one], [text[:length] for text in other], n)


def _swapped(one: Sequence[str], other: Sequence[str], n: int) -> tuple[float, float]:
    second, first = _equal_amounts(one, other, n)
    return first, second


def _per_cent(one: Sequence[str], other: Sequence[str], n: int) -> tuple[float, float]:
    first, second = _equal_amounts(one, other, n)
    return 100 * first, 100 * second


def _only_the_longer_joined(
    one: Sequence[str], other: Sequence[str], n: int
) -> tuple[float, float]:
    """Returns the shares where the shorter set stays a list of texts."""
    first, second = _cut(one, other)
    cut_one = len(first) < len("".join(one))
    shares = []
    for texts, text, longer in ((one, first, cut_one), (other, second, not cut_one)):
        shares.append(distinct_share([text] if longer else texts, n))
    return shares[0], shares[1]


def _up_to(texts: Sequence[str], length: int) -> list[str]:
    """Returns the texts as they are, up to so many characters in all."""
    kept = []
    for text in texts:
        kept.append(text[:length])
        length -= len(kept[-1])
    return kept


def _cut_and_not_joined(one: Sequence[str], other: Sequence[str], n: int) -> tuple[float, float]:
    length = len(_cut(one, other)[0])
    return distinct_share(_up_to(one, length), n), distinct_share(_up_to(other, length), n)


def _each_by_the_joined(one: Sequence[str], other: Sequence[str], n: int) -> tuple[float, float]:
    length = len(_cut(one, other)[0])
    return _texts_apart([text[:length] for text in one], [text[:length] for text in other], n)


def _string_for_list(one: Sequence[str], other: Sequence[str], n: int) -> tuple[float, float]:
    first, second = _cut(one, other)
    return distinct_share(first, n), distinct_share(second, n)


def _with_line_breaks(one: Sequence[str], other: Sequence[str], n: int) -> tuple[float, float]:
    return _equal_amounts(["\n".join(one)], ["\n".join(other)], n)


def _by_number_of_texts(one: Sequence[str], other: Sequence[str], n: int) -> tuple[float, float]:
    length = min(len(one), len(other))
    return distinct_share(["".join(one)[:length]], n), distinct_share(["".join(other)[:length]], n)


def _not_two(value: Any) -> str | None:
    """Returns what is wrong with a result that is not two values."""
    if value is None or (isinstance(value, (tuple, list)) and len(value) == 2):
        return None
    if isinstance(value, np.ndarray) and value.shape == (2,):
        return None
    return "return two numbers, the share of one and the share of other, in this order."


def _counts(one: Sequence[str], other: Sequence[str], n: int) -> tuple[int, int]:
    counts = []
    for text in _cut(one, other):
        runs = {text[i : i + n] for i in range(len(text) - n + 1)}
        counts.append(len(runs))
    return counts[0], counts[1]


def _by_characters(one: Sequence[str], other: Sequence[str], n: int) -> tuple[float, float]:
    first, second = _cut(one, other)
    counts = _counts(one, other, n)
    return counts[0] / len(first), counts[1] / len(second)


def _first_200_of_each(one: Sequence[str], other: Sequence[str], n: int) -> tuple[float, float]:
    return _equal_amounts([text[:200] for text in one], [text[:200] for text in other], n)


def _long_text(length: int, start: int) -> str:
    """Returns a text whose runs go on changing to its end: digits of square numbers."""
    squares = [str(k * k) for k in range(start, start + length)]
    return "".join(squares)[:length]


equal_amounts = Exercise(
    form="a function of one, other and n that returns two shares",
    hint=(
        "two sets of texts are equally large when their joined texts have equally many "
        "characters. Which of the two has to be cut, and to what length?"
    ),
    right=_equal_amounts,
    why=(
        "At equal amounts of text the two shares can be compared. The function as it was favours "
        "the smaller set: 1 for a single run, whatever it says."
    ),
    cases=(
        (["tralala", "tra", "lalala"], ["la", "li", "lo"], 2),
        (["abcab"], ["abcabcabc", "abd", "xyz"], 3),
        (["my luve", "my love"], ["my dear my dear my dear"], 1),
        (["ab", "ab", "ab"], ["abcd", "cdab", "xy"], 2),
        (["lalala", "lala", "tra"], ["la", "la", "la"], 3),
        ([_long_text(1500, 10)], [_long_text(700, 900), _long_text(600, 5000)], 4),
    ),
    returns=("the share of one", "the share of other"),
    when=_not_two,
    mistakes={
        "not cut": Mistake(
            _not_cut, "these are the shares of unlike amounts: the longer text is not cut yet."
        ),
        "other order": Mistake(
            _swapped,
            "these are the right ones in another order: return the share of one and the share of "
            "other.",
        ),
        "no per cent sign": Mistake(
            _per_cent,
            "these are the right ones times 100: a share is between 0 and 1.",
        ),
        "only the longer joined": Mistake(
            _only_the_longer_joined,
            "the shorter set is not joined: in the joined text a run may also cross from one text "
            "into the next.",
        ),
        "cut and not joined": Mistake(
            _cut_and_not_joined,
            "both sets have the right amount, but are not joined: in the joined text a run may "
            "also cross from one text into the next.",
        ),
        "string for list": Mistake(
            _string_for_list,
            "`distinct` takes a list of texts, and of a single text each character would be a "
            "text: put brackets around it.",
        ),
        "line breaks": Mistake(
            _with_line_breaks,
            "you joined the texts by line breaks, and these count as characters; join them by "
            "nothing, as the function does.",
        ),
        "by the number of texts": Mistake(
            _by_number_of_texts,
            "you cut to the number of texts; the number of characters of the shorter joined text "
            "was asked for.",
        ),
        "as many texts": Mistake(
            _equal_counts,
            "you took equally many texts; texts have unlike lengths, so cut the joined texts to "
            "equally many characters.",
        ),
        "texts apart": Mistake(
            _texts_apart,
            "the amounts are unlike, and the texts are not joined: join each set, then cut the "
            "longer one.",
        ),
        "only one cut": Mistake(
            _only_one_cut,
            "you cut one, but never other: in some cases the longer text is other's.",
        ),
        "only other cut": Mistake(
            _only_other_cut,
            "you cut other, but never one: in some cases the longer text is one's.",
        ),
        "one too short": Mistake(
            _one_too_short,
            "your texts are one character too short: of the shorter one all characters count.",
        ),
        "200 characters of each": Mistake(
            _first_200_of_each,
            "you took the first 200 characters of every text; the joined texts are cut, and to the "
            "length of the shorter one.",
        ),
        "each text cut, then joined": Mistake(
            _each_cut_and_joined,
            "you cut every single text to the length of the shortest; join each set first, and "
            "cut the joined text.",
        ),
        "each text cut": Mistake(
            _each_cut_apart,
            "you cut every single text, and did not join them: join each set first, and cut the "
            "joined text.",
        ),
        "each to the joined length": Mistake(
            _each_to_the_joined,
            "you cut every single text to the right length, and joined them after that: join "
            "first, then cut.",
        ),
        "each by the joined length": Mistake(
            _each_by_the_joined,
            "you cut every single text to the right length, and did not join them: join first, "
            "then cut.",
        ),
        "from the end": Mistake(
            _from_the_end,
            "you kept the end of the longer text. That is as fair, but the beginning was asked "
            "for.",
        ),
        "always pairs": Mistake(_always_pairs, "your runs have two characters whatever n is."),
        "counts": Mistake(
            _counts, "these are the numbers of different runs; divide each by that of all runs."
        ),
        "by characters": Mistake(
            _by_characters,
            "you divided by the number of characters; a text of L characters has L - n + 1 runs.",
        ),
    },
)
