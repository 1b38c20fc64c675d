"""The checks of notebook 03: they know the right answer and each mistake that they claim to know."""
import itertools

import numpy as np
import pytest

from lyricgen import metrics, sampler
from lyricgen.check import Exercise, language, same

EXERCISES = {name: exercise for name, exercise in vars(language).items() if isinstance(exercise, Exercise)}
MISTAKES = [(name, mistake) for name, exercise in EXERCISES.items() for mistake in exercise.mistakes]


def answer_of(exercise: Exercise, value):
    """What a reader would hand in to give this value."""
    return (lambda *arguments: value) if exercise.call else value


def test_there_are_four_exercises():
    assert list(EXERCISES) == ["perplexity", "top_p", "line_end", "rising"]


@pytest.mark.parametrize("name", EXERCISES)
def test_the_right_answer_is_right_and_no_answer_gets_the_hint(name):
    exercise = EXERCISES[name]
    assert exercise.verdict() == exercise.verdict(None) == "Hint: " + exercise.hint
    assert exercise.verdict(answer_of(exercise, exercise.right())) == "Right. " + exercise.why


@pytest.mark.parametrize("name, mistake", MISTAKES)
def test_each_mistake_is_made_and_recognised(name, mistake):
    exercise = EXERCISES[name]
    made = exercise.mistakes[mistake]
    assert exercise.verdict(answer_of(exercise, made.make())) == "Not yet: " + made.message


@pytest.mark.parametrize("name", EXERCISES)
def test_no_two_answers_look_the_same(name):
    exercise = EXERCISES[name]
    answers = {"right": exercise.right()} | {key: mistake.make() for key, mistake in exercise.mistakes.items()}
    for a, b in itertools.combinations(answers, 2):
        assert not same(answers[a], answers[b], max(exercise.tolerance, 1e-3)), (a, b)


def test_the_right_answers_are_those_of_the_library():
    bits = np.mean(-np.log2(language.P))
    assert bits == 2.6 and np.isclose(language.perplexity.right(), metrics.perplexity(bits))
    library = sampler.distribution(np.log(language.CHARACTERS), top_p=language.SHARE)
    assert np.allclose(language.top_p.right(), library) and np.count_nonzero(library) == 3
    mask = language.line_end.right()
    assert mask.dtype == bool and mask.shape == (len(language.DONE), len(language.TOKENS))
    assert np.flatnonzero(mask[:, 2]).tolist() == [2] and mask[2].sum() == 1 and not mask[:, :2].any()


def test_masks_drawn_from_make_lines_of_one_length():
    done, rng, lines = np.array([0, 1]), np.random.default_rng(0), [[], []]
    for _ in range(24):
        full = done == 4
        mask = np.where(full[:, None], np.arange(8) == 2, np.arange(8) > 2)
        tokens = sampler.pick(sampler.distribution(np.zeros((2, 8)), mask=mask), rng.random(2))
        done = np.where(tokens == 2, 0, done + 1)
        [line.append(int(token)) for line, token in zip(lines, tokens)]
    for line, first in zip(lines, (4, 3)):
        ends = np.flatnonzero(np.array(line) == 2)
        assert ends[0] == first and set(np.diff(ends)) == {5}


def test_functions_of_a_reader_are_called_and_their_mistakes_named():
    def top_p(p, share):
        order = np.argsort(-p)
        p[order[np.cumsum(p[order]) > share]] = 0           # drops the one with which the share is reached
        return p / p.sum()

    assert "with which the share is reached" in language.top_p.verdict(top_p)
    assert "should be a function" in language.top_p.verdict([0.5])
    assert "raised IndexError" in language.top_p.verdict(lambda p, share: p[99])
    assert language.top_p.verdict(lambda p, share: np.sort(p)).startswith("Not yet")
    assert "the shape of your answer is (8,)" in language.line_end.verdict(lambda done, length, V: np.arange(V) == 2)
    integers = language.line_end.verdict(lambda done, length, V: np.where((done == length)[:, None], np.arange(V) == 2, np.arange(V) > 2).astype(int))
    assert integers.startswith("Right."), "a mask of 0 and 1 is one, too"
    assert language.CHARACTERS.sum() == pytest.approx(1), "a reader's function cannot change what is given"


@pytest.mark.parametrize("answer", [(1.0, np.ones(3)), [[1], [1, 2]], np.array(["a", "b"]), {"a": 1}, object(), "e", "B"])
def test_an_answer_of_a_strange_kind_is_told_so_and_raises_nothing(answer):
    for exercise in EXERCISES.values():
        assert exercise.verdict(answer).startswith("Not yet")
