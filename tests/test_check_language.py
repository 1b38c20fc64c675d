"""The exercises of counting_words and writing_lyrics agree with the library."""

import numpy as np
import pytest

from lyricgen.exercises import counting_words, training_a_language_model, writing_lyrics
from lyricgen.lyrics import measures as lyric_measures
from lyricgen.models import sampling


def test_the_right_answers_are_those_of_the_library():
    bits = np.mean(-np.log2(counting_words.P))
    assert bits == 2.6 and np.isclose(
        counting_words.perplexity.right(), lyric_measures.perplexity(bits)
    )
    kept = []
    for p, share in writing_lyrics.top_p.cases:
        with np.errstate(divide="ignore"):
            library = sampling.distribution(np.log(p), top_p=share)
        assert np.allclose(writing_lyrics.top_p.right(p, share), library)
        kept.append(np.count_nonzero(library))
    assert kept == [3, 2, 2, 1, 6]
    mask = writing_lyrics.line_end.right(*writing_lyrics.line_end.cases[0])
    assert mask.dtype == bool and mask.shape == (
        len(writing_lyrics.DONE),
        len(writing_lyrics.TOKENS),
    )
    assert (
        np.flatnonzero(mask[:, 2]).tolist() == [2] and mask[2].sum() == 1 and not mask[:, :2].any()
    )


def test_masks_drawn_from_make_lines_of_one_length():
    done, rng, lines = np.array([0, 1]), np.random.default_rng(0), [[], []]
    for _ in range(24):
        full = done == 4
        mask = np.where(full[:, None], np.arange(8) == 2, np.arange(8) > 2)
        tokens = sampling.pick_token(
            sampling.distribution(np.zeros((2, 8)), mask=mask), rng.random(2)
        )
        done = np.where(tokens == 2, 0, done + 1)
        for line, token in zip(lines, tokens):
            line.append(int(token))
    for line, first in zip(lines, (4, 3)):
        ends = np.flatnonzero(np.array(line) == 2)
        assert ends[0] == first and set(np.diff(ends)) == {5}


def test_functions_of_a_reader_are_called_and_their_mistakes_named():
    def top_p(p, share):
        order = np.argsort(-p)
        p[order[np.cumsum(p[order]) > share]] = 0  # drops the one with which the share is reached
        return p / p.sum()

    assert "with which the share is reached" in writing_lyrics.top_p.verdict(top_p)
    assert "should be a function" in writing_lyrics.top_p.verdict([0.5])
    assert "raised IndexError" in writing_lyrics.top_p.verdict(lambda p, share: p[99])
    assert writing_lyrics.top_p.verdict(lambda p, share: np.sort(p)).startswith("Not yet")
    assert "you" in writing_lyrics.line_end.verdict(lambda done, length, V: np.arange(V) == 2)
    swapped = writing_lyrics.line_end.verdict(
        lambda done, length, V: np.where(
            (done == length)[:, None], np.arange(V) > 2, np.arange(V) == 2
        )
    )
    assert "two kinds of row are swapped" in swapped
    integers = writing_lyrics.line_end.verdict(
        lambda done, length, V: np.where(
            (done == length)[:, None], np.arange(V) == 2, np.arange(V) > 2
        ).astype(int)
    )
    assert integers.startswith("Right."), "a mask of 0 and 1 is one, too"
    assert writing_lyrics.CHARACTERS.sum() == pytest.approx(1), (
        "a reader's function cannot change what is given"
    )


def test_the_price_is_how_much_likelier_a_poem_is_under_the_masks():
    p, masks, drawn = writing_lyrics.P, writing_lyrics.MASKS, [1, 3, 1]
    assert np.allclose(p.sum(axis=1), 1)
    under = p * masks / np.sum(p * masks, axis=1, keepdims=True)
    ratio = np.prod([under[t, w] / p[t, w] for t, w in enumerate(drawn)])
    assert np.log2(ratio) == pytest.approx(writing_lyrics.price.right(p, masks))


def test_a_price_of_a_reader_is_called():
    assert writing_lyrics.price.verdict(
        lambda p, masks: -sum(np.log2(row[mask].sum()) for row, mask in zip(p, masks))
    ).startswith("Right.")
    assert "take log2" in writing_lyrics.price.verdict(
        lambda p, masks: -np.log((p * masks).sum(1)).sum()
    )
    assert "the forbidden tokens" in writing_lyrics.price.verdict(
        lambda p, masks: -np.log2((p * (1 - masks)).sum(axis=1)).sum()
    )
    assert "(axis 1)" in writing_lyrics.price.verdict(
        lambda p, masks: -np.log2((p * masks).sum(axis=0)).sum()
    )
    assert "should be a function" in writing_lyrics.price.verdict(3.0)
    assert "raised IndexError" in writing_lyrics.price.verdict(lambda p, masks: p[9])


@pytest.mark.parametrize("answer", [6.06, 6.063, [6.0629], np.array([6.0629]), "6.06", 6.1])
def test_perplexity_in_any_wrapping(answer):
    assert counting_words.perplexity.verdict(answer).startswith("Right.")


def test_a_perplexity_of_6_is_right_to_the_whole_number():
    verdict = counting_words.perplexity.verdict(6)
    assert verdict == "Not yet: right to the whole number: give more."


@pytest.mark.parametrize(
    "answer, verdict, word",
    [
        ([2 / 3, 1 / 8], "Right.", "2/3 and 1/8"),
        ((0.67, 0.125), "Right.", ""),
        (["2/3", "1/8"], "Right.", ""),
        ([1 / 8, 2 / 3], "Not yet:", "another order"),
        ([2.5 / 4 + 3 / 36, 4 / 36], "Not yet:", "q is made from the counts n(w)"),
        ([0.646, 0.0625], "Not yet:", "two different words came after lang"),
        ([0.708, 0.25], "Not yet:", "once from each of the 2 different ones"),
        ([0.625 + 0.25 / 3, 0.25 * 3 / 3], "Not yet:", "N(w) over 3, the words"),
        ([0.625, 0], "Not yet:", "nobody gets it"),
        ([0.75, 0], "Not yet:", "without any smoothing"),
        ([0.75 + 0.25 / 6, 0.125], "Not yet:", "was not reduced"),
        ([0.7083, 0.0833], "Not yet:", "q is the same for the three words"),
        ([0.1667, 0.5], "Not yet:", "now put them into p(w | lang)"),
        (2 / 3, "Not yet:", "two numbers"),
    ],
)
def test_continuation(answer, verdict, word):
    found = counting_words.continuation.verdict(answer)
    assert found.startswith(verdict) and word in found, found


def test_the_pencil_agrees_with_the_formula_of_the_notebook():
    """The same corpus as a table of counts, smoothed as the notebook does it."""
    first, second = (sorted({pair[i] for pair in counting_words.PAIRS}) for i in (0, 1))
    n = np.zeros((len(first), len(second)))
    for (a, w), count in counting_words.PAIRS.items():
        n[first.index(a), second.index(w)] = count
    came = n > 0
    q = came.sum(axis=0) / came.sum()
    n_a = n.sum(axis=1, keepdims=True)
    p = np.maximum(n - 0.5, 0) / n_a + 0.5 * came.sum(axis=1, keepdims=True) / n_a * q
    asked = [p[first.index("lang"), second.index(word)] for word in ("syne", "love")]
    assert np.allclose(p.sum(axis=1), 1)
    assert np.allclose(asked, counting_words.continuation.right())


def repaired(counts, delta):
    """Another way to write the right answer: what was taken is what is missing."""
    kept = np.maximum(counts - delta, 0) / counts.sum()
    return kept + (1 - kept.sum()) / len(counts)


def without_maximum(counts, delta):
    taken = delta * np.count_nonzero(counts)
    return (counts - delta) / counts.sum() + taken / counts.sum() / len(counts)


def without_delta(counts, delta):
    kept = np.maximum(counts - delta, 0) / counts.sum()
    return kept + np.count_nonzero(counts) / counts.sum() / len(counts)


def broken(counts, delta):
    """The function that is given in the notebook."""
    V, n_a = len(counts), counts.sum()
    taken = delta * V
    return np.maximum(counts - delta, 0) / n_a + taken / n_a / V


@pytest.mark.parametrize(
    "answer, verdict, word",
    [
        (repaired, "Right.", "np.count_nonzero(counts)"),
        (lambda counts, delta: list(repaired(counts, delta)), "Right.", ""),
        (broken, "Not yet:", "the numbers that `broken` returns"),
        (without_maximum, "Not yet:", "must not become negative"),
        (without_delta, "Not yet:", "delta is missing"),
        (lambda counts, delta: broken(counts, delta) / broken(counts, delta).sum(), "Not", "still"),
        (lambda counts, delta: counts / counts.sum(), "Not yet:", "relative frequencies"),
        (lambda counts, delta: repaired(counts, 0.75), "Not yet:", "is a size or a number fixed"),
        (lambda counts, delta: None, "Not yet:", "is there a return?"),
        (repaired(np.array([1, 2]), 0.5), "Not yet:", "should be a function"),
    ],
)
def test_repaired(answer, verdict, word):
    found = counting_words.repaired.verdict(answer)
    assert found.startswith(verdict) and word in found, found


def test_a_repaired_model_sums_to_one_and_the_broken_one_does_not():
    for counts, delta in counting_words.repaired.cases:
        assert counting_words.repaired.right(counts, delta).sum() == pytest.approx(1)
    counts, delta = counting_words.repaired.cases[0]
    assert broken(counts, delta).sum() > 1.1


def kept(p, mask):
    """The kept probabilities, divided by their sum."""
    return p * mask / (p * mask).sum()


def before(p):
    """What the likelier tokens have together, from the likeliest token on."""
    ordered = np.sort(p)[::-1]
    return np.cumsum(ordered) - ordered


def top_3(p, share):
    """Keeps three tokens, whatever the share."""
    return kept(p, p >= np.sort(p)[-3])


def at_a_boundary(p, share):
    """Keeps one token more where the share is reached exactly."""
    mask = np.zeros(len(p), bool)
    mask[np.argsort(-p)] = before(p) <= share
    return kept(p, mask)


def right_top_p(p, share):
    """Top-p as the solution has it."""
    mask = np.zeros(len(p), bool)
    mask[np.argsort(-p)] = before(p) < share
    return kept(p, mask)


def forgets_to_return(p, share):
    """Top-p that keeps its result to itself."""
    right_top_p(p, share)


@pytest.mark.parametrize(
    "answer, verdict, word",
    [
        (right_top_p, "Right.", "Where the model is sure"),
        (top_3, "Not yet:", "that is top-k"),
        (lambda p, share: right_top_p(p, 0.7), "Not yet:", "takes 0.7 whatever share"),
        (lambda p, share: right_top_p(p, 0.8), "Not yet:", "is a size or a number fixed"),
        (lambda p, share: kept(p, p > 0.15), "Not yet:", "threshold"),
        (lambda p, share: kept(p, p > 0.12), "Not yet:", "is a size or a number fixed"),
        (lambda p, share: kept(p, p >= 0.4 * p.max()), "Not yet:", "that is min-p"),
        (lambda p, share: kept(p, p >= 0.3 * p.max()), "Not yet:", "min-p"),
        (at_a_boundary, "Not yet:", "one token too many where the share is reached exactly"),
        (lambda p, share: kept(p, before(p) < share), "Not yet:", "the mask belongs to the sorted"),
        (forgets_to_return, "Not yet:", "your function returned nothing: is there a return?"),
    ],
)
def test_top_p(answer, verdict, word):
    found = writing_lyrics.top_p.verdict(answer)
    assert found.startswith(verdict) and word in found


def line_end(done, length, V):
    """The mask of the exercise."""
    full = done == length
    return np.where(full[:, None], np.arange(V) == 2, np.arange(V) > 2)


def line_end_of_the_notebook(done, length, V):
    """The function that is to be repaired."""
    token = np.arange(V)
    full = done == length
    return np.where(full[:, None], token == 2, token != 2)


@pytest.mark.parametrize(
    "answer, verdict, word",
    [
        (line_end, "Right.", "Every line now has the length"),
        (lambda done, length, V: line_end(done, 5, V), "Not yet:", "is a size or a number fixed"),
        (lambda done, length, V: line_end(done, length, 8), "Not yet:", "V = 11"),
        (
            lambda done, length, V: np.where(line_end(done, length, V), 0, -np.inf),
            "Not yet:",
            "0 and -inf",
        ),
        (line_end_of_the_notebook, "Not yet:", "you allow <unk> and <end>"),
        (lambda done, length, V: None, "Not yet:", "your function returned nothing"),
    ],
)
def test_line_end(answer, verdict, word):
    found = writing_lyrics.line_end.verdict(answer)
    assert found.startswith(verdict) and word in found


@pytest.mark.parametrize("answer", ["b", "B", "(b)", "b)", " b "])
def test_rising(answer):
    assert training_a_language_model.rising.verdict(answer).startswith("Right.")


@pytest.mark.parametrize(
    "answer, word",
    [("A", "(a) would hold"), ("(c)", "(c) overlooks"), ("d)", "(d) a learning rate")],
)
def test_rising_names_what_is_wrong_with_the_other_options(answer, word):
    assert word in training_a_language_model.rising.verdict(answer)


@pytest.mark.parametrize(
    "answer, verdict, word",
    [
        (80 * 32 + 4 * 48 * (32 + 48 + 1) + 48 * 32 + 80, "Right.", "79 per cent"),
        (19728.0, "Right.", ""),
        ("19728", "Right.", ""),
        ("19,728", "Right.", ""),
        ("19 728", "Right.", ""),
        ("19\u2009728", "Right.", ""),  # a thin blank
        ("19\u202f728", "Right.", ""),  # one at which no line ends
        ("19 72", "Not yet:", "you gave text"),
        (80 * 32 + 4 * 48 * 82 + 48 * 32 + 80, "Not yet:", "one bias b"),
        ([19728], "Right.", ""),
        (2 * 80 * 32 + 4 * 48 * 81 + 48 * 32 + 80, "Not yet:", "counted the embedding twice"),
        (80 * 32 + 4 * 48 * 81 + 48 * 80 + 80, "Not yet:", "a matrix (H, V) of its own"),
        (80 * 32 + 4 * 48 * 80 + 48 * 32 + 80, "Not yet:", "the bias b of the LSTM"),
        (80 * 32 + 3 * 48 * 81 + 48 * 32 + 80, "Not yet:", "three blocks"),
        (4 * 48 * 81, "Not yet:", "the LSTM alone"),
        (19700, "Not yet:", ""),
    ],
)
def test_parameters(answer, verdict, word):
    found = training_a_language_model.parameters.verdict(answer)
    assert found.startswith(verdict) and word in found


def joint_clip(dW, db, limit):
    """Clips both as one vector, as a reader may write it."""
    both = np.concatenate([dW.ravel(), db])
    length = np.linalg.norm(both)
    if length > limit:
        return [limit / length * dW, limit / length * db]
    return [dW, db]


def separate_clip(dW, db, limit):
    """The function of the notebook, which has the mistake."""
    dW = dW * min(1.0, limit / np.sqrt(np.sum(dW**2)))
    db = db * min(1.0, limit / np.sqrt(np.sum(db**2)))
    return dW, db


def clip_in_place(dW, db, limit):
    """Changes its arguments and returns nothing."""
    scale = min(1.0, limit / np.sqrt(np.sum(dW**2) + np.sum(db**2)))
    dW *= scale
    db *= scale


def norm(*arrays):
    """The common norm of some gradients."""
    return np.sqrt(sum(np.sum(array**2) for array in arrays))


def clip_with(norm_of):
    """A function that scales both gradients by a norm of its own."""

    def clip(dW, db, limit):
        factor = min(1.0, limit / norm_of(dW, db))
        return dW * factor, db * factor

    return clip


def clip_without_db(dW, db, limit):
    """Leaves db as it is."""
    return dW * min(1.0, limit / norm(dW, db)), db


def clip_twice(dW, db, limit):
    """Computes the norm again after dW has become shorter."""
    dW = dW * min(1.0, limit / norm(dW, db))
    db = db * min(1.0, limit / norm(dW, db))
    return dW, db


def running_clip(dW, db, limit):
    """Scales each gradient while the sum of squares still grows."""
    total = 0.0
    clipped = []
    for gradient in (dW, db):
        total += np.sum(gradient**2)
        clipped.append(gradient * min(1.0, limit / np.sqrt(total)))
    return clipped


@pytest.mark.parametrize(
    "answer, verdict, word",
    [
        (clip_with(lambda dW, db: norm(dW)), "Not yet:", "the squares of db are missing"),
        (clip_with(lambda dW, db: (norm(dW) + norm(db)) / 2), "Not yet:", "mean of the two norms"),
        (clip_with(lambda dW, db: max(norm(dW), norm(db))), "Not yet:", "the larger of the two"),
        (clip_without_db, "Not yet:", "db comes back as it was"),
        (
            lambda dW, db, limit: (dW * min(1.0, limit / norm(dW)), db),
            "Not yet:",
            "you clip dW without db",
        ),
        (clip_twice, "Not yet:", "you computed the norm again"),
        (running_clip, "Not yet:", "the sum of squares is not complete"),
        (joint_clip, "Right.", "keeps its direction"),
        (separate_clip, "Not yet:", "a norm and a factor of its own"),
        (clip_in_place, "Not yet:", "your function returned nothing: is there a return?"),
        (lambda dW, db, limit: joint_clip(dW, db, limit)[0], "Not yet:", "return two arrays"),
        (lambda dW, db, limit: joint_clip(dW, db, 1.0), "Not yet:", "whatever the limit is"),
        (lambda dW, db, limit: (np.clip(dW, -1, 1), np.clip(db, -1, 1)), "Not yet:", "dW"),
    ],
)
def test_clip(answer, verdict, word):
    found = training_a_language_model.clip.verdict(answer)
    assert found.startswith(verdict) and word in found


@pytest.mark.parametrize(
    "answer, verdict",
    [
        (lambda p, masks: np.array([-np.log2((p * masks).sum(1)).sum()]), "Right."),
        (lambda p, masks: None, "Not yet: your function returned nothing: is there a return?"),
        (lambda p, masks: 5.0589, "Not yet: right with p (3, 4), masks (3, 4), and not with"),
    ],
)
def test_price(answer, verdict):
    assert writing_lyrics.price.verdict(answer).startswith(verdict)
