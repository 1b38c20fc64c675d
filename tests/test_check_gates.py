"""The checks of notebooks 01 and 02: they know the right answer and each mistake that they claim to know."""
import itertools

import numpy as np
import pytest

from lyricgen import gates as lstm
from lyricgen.check import Exercise, gates, gradients, same

EXERCISES = {f"{module.__name__.rpartition('.')[2]}.{name}": exercise for module in (gates, gradients)
             for name, exercise in vars(module).items() if isinstance(exercise, Exercise)}
MISTAKES = [(name, mistake) for name, exercise in EXERCISES.items() for mistake in exercise.mistakes]


def answer_of(exercise: Exercise, value):
    """What a reader would hand in to give this value."""
    return (lambda *arguments: value) if exercise.call else value


def test_there_are_three_exercises_for_each_notebook():
    assert list(EXERCISES) == ["gates.hidden", "gates.step", "gates.keep", "gradients.bias", "gradients.forget", "gradients.step_back"]


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
    answers = {"right": exercise.right()} | {key: mistake.make() for key, mistake in exercise.mistakes.items()}
    for a, b in itertools.combinations(answers, 2):
        assert not same(answers[a], answers[b], max(exercise.tolerance, 1e-4)), (a, b)


def test_the_function_of_a_reader_is_called_and_its_mistakes_are_named():
    def step(x, h, c, W, U, b):
        i, f, g, o = np.split(x @ W + h @ U + b, 4, axis=-1)
        c = lstm.sigmoid(f) * c + lstm.sigmoid(i) * np.tanh(g)
        return lstm.sigmoid(o) * np.tanh(c), c

    assert gates.step.verdict(step).startswith("Right.")
    assert "recurrent term" in gates.step.verdict(lambda x, h, c, W, U, b: step(x, 0 * h, c, W, U, b))
    assert "where the old cell c belongs" in gates.step.verdict(lambda x, h, c, W, U, b: step(x, h, h, W, U, b))
    assert "should be a function" in gates.step.verdict(3)
    assert "raised ValueError" in gates.step.verdict(lambda x, h, c, W, U, b: x @ W.T)
    assert "the shape of your answer" in gates.step.verdict(lambda x, h, c, W, U, b: x @ W)


def test_the_given_numbers_are_those_of_the_cell():
    assert np.allclose(gates.hidden.right(), gates._step.h[0, 0], atol=1e-14)
    assert np.allclose(gates.step.right(), [gates._step.h[:, 0], gates._step.c[:, 0]], atol=1e-14)
    right = lstm.backward(gradients.STEPS, gradients.DH)
    assert np.allclose(gradients.bias.right(), right.b, atol=1e-13)
    assert np.allclose(gradients.DZ @ gradients.STEPS.weights.W.T, right.x, atol=1e-13)
    assert gradients.forget.right().shape == gradients.DC.shape
    kept = lstm.sigmoid(gates.keep.right()[3:6]) ** gates.STEPS_KEPT
    assert np.allclose(kept, 0.5) and lstm.sigmoid(np.array(1.0)) ** 2 < 0.54


def test_steps_back_in_a_loop_are_the_gradient():
    first = gradients._step_back(*gradients._arguments())
    steps = gradients.STEPS
    arguments = (gradients.DH[:, 0] + first[0], first[1], *(gate[:, 0] for gate in steps[:5]), steps.c0, steps.weights.U)
    dh0, dc0 = gradients._step_back(*arguments)
    right = lstm.backward(steps, gradients.DH)
    assert np.allclose(dh0, right.h0, atol=1e-13) and np.allclose(dc0, right.c0, atol=1e-13)


@pytest.mark.parametrize("answer", [(1.0, np.ones(3)), [[1], [1, 2]], np.array(["a", "b"]), {"a": 1}, object()])
def test_an_answer_of_a_strange_kind_is_told_so_and_raises_nothing(answer):
    for exercise in (gates.hidden, gates.keep):
        assert exercise.verdict(answer).startswith("Not yet")
