"""The checks of every notebook know the right answer and tell the mistakes apart."""

import importlib
import itertools
import pkgutil

import numpy as np
import pytest

import lyricgen.exercises
from lyricgen.exercises import Exercise, same

NAMES = {
    "start_here": ["sharpen"],
    "reading_midi": ["digits", "times", "notes"],
    "notation": ["shapes", "product", "bits"],
    "melody_dataset": ["grid", "cut", "leak"],
    "lstm_gates": ["hidden", "step"],
    "memory_and_precision": ["keep"],
    "backpropagation_through_time": ["bias", "step_back"],
    "vanishing_gradients": ["forget"],
    "counting_words": ["perplexity"],
    "training_a_language_model": ["rising"],
    "writing_lyrics": ["top_p", "line_end", "price"],
    "four_corpora": ["two_sizes", "distinct"],
    "variational_autoencoder": ["gaussians", "sign", "means", "unused"],
    "training_musicvae": ["mean_for_sum", "flatters", "free_bits"],
    "sampling_musicvae": ["half_way", "arc", "vector"],
}
MODULES = {
    module.name: importlib.import_module(f"lyricgen.exercises.{module.name}")
    for module in pkgutil.iter_modules(lyricgen.exercises.__path__)
}
EXERCISES = {
    f"{name}.{key}": value
    for name, module in MODULES.items()
    for key, value in vars(module).items()
    if isinstance(value, Exercise)
}
MISTAKES = [
    (name, mistake) for name, exercise in EXERCISES.items() for mistake in exercise.mistakes
]


def answer_of(exercise: Exercise, value):
    """What a reader would hand in to give this value."""
    return (lambda *arguments: value) if exercise.call else value


def test_every_notebook_has_its_exercises():
    assert list(EXERCISES) == [f"{name}.{key}" for name in MODULES for key in NAMES[name]]


@pytest.mark.parametrize("name", EXERCISES)
def test_the_right_answer_is_right_and_no_answer_gets_the_hint(name, capsys):
    exercise = EXERCISES[name]
    exercise()
    exercise(None)
    exercise(answer_of(exercise, exercise.right()))
    hint, again, right = capsys.readouterr().out.splitlines()
    assert hint == again == "Hint: " + exercise.hint
    assert right == "Right. " + exercise.why


@pytest.mark.parametrize("name, mistake", MISTAKES)
def test_each_mistake_is_made_and_recognised(name, mistake):
    exercise = EXERCISES[name]
    made = exercise.mistakes[mistake]
    assert exercise.verdict(answer_of(exercise, made.make())) == "Not yet: " + made.message


@pytest.mark.parametrize("name", EXERCISES)
def test_no_two_answers_look_the_same(name):
    exercise = EXERCISES[name]
    assert exercise.mistakes, "a check knows likely mistakes"
    answers = {"right": exercise.right()} | {
        key: mistake.make() for key, mistake in exercise.mistakes.items()
    }
    for a, b in itertools.combinations(answers, 2):
        assert not same(answers[a], answers[b], 2 * exercise.tolerance), (a, b)


@pytest.mark.parametrize(
    "answer", [(1.0, np.ones(3)), [[1], [1, 2]], np.array(["a", "b"]), {"a": 1}, object(), "e", "Z"]
)
def test_an_answer_of_a_strange_kind_is_told_so_and_raises_nothing(answer):
    for exercise in EXERCISES.values():
        assert exercise.verdict(answer).startswith("Not yet")
