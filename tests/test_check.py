"""The checks of every notebook know the right answer and tell the mistakes apart."""

import dataclasses
import importlib
import itertools
import pkgutil
from fractions import Fraction

import numpy as np
import pytest

import lyricgen.exercises
from lyricgen.exercises import Exercise, Mistake, give_reason, run, same

NAMES = {
    "gpu_lab": ["rounding", "batch"],
    "faster_lstm": ["swish", "left", "table"],
    "start_here": ["sharpen", "variety", "cost"],
    "reading_midi": ["digits", "times", "notes"],
    "notation": ["shapes", "product", "bits", "chain", "matrix_chain"],
    "melody_dataset": ["grid", "cut", "leak"],
    "lstm_gates": ["hidden", "step", "repair"],
    "memory_and_precision": ["keep", "arithmetic", "repair"],
    "backpropagation_through_time": ["bias", "step_back", "repair"],
    "vanishing_gradients": ["forget", "left", "together"],
    "counting_words": ["perplexity", "continuation", "repaired"],
    "training_a_language_model": ["rising", "parameters", "clip"],
    "writing_lyrics": ["top_p", "line_end", "price"],
    "four_corpora": ["two_sizes", "distinct", "equal_amounts"],
    "variational_autoencoder": ["gaussians", "sign", "means"],
    "posterior_collapse": ["course_of_kl", "free_bits", "unused"],
    "training_musicvae": ["curves", "flatters", "mean_for_sum"],
    "sampling_musicvae": ["aggregate", "jsd", "stationary"],
    "exploring_latent_space": ["half_way", "arc", "vector"],
    "longer_melodies": ["by_segment", "lag_share", "doubled"],
}
# Exercises that look at how a result is made too: there `right` only makes the results.
MORE_THAN_RESULTS = ["faster_lstm.left"]
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


def made_by(exercise: Exercise, make):
    """What a reader would hand in: a value, or the function that makes it."""
    return make if exercise.cases else make()


def value(right, **options) -> Exercise:
    """An exercise whose answer is a value."""
    return Exercise("a form", "a hint", lambda: right, "why.", **options)


def test_every_notebook_has_its_exercises():
    assert list(EXERCISES) == [f"{name}.{key}" for name in MODULES for key in NAMES[name]]


@pytest.mark.parametrize("name", EXERCISES)
def test_no_answer_gets_the_form_and_the_hint_comes_on_request(name, capsys):
    exercise = EXERCISES[name]
    exercise()
    exercise(...)
    exercise(..., hint=True)
    exercise(3, hint=True)
    form, again, hint, twice = capsys.readouterr().out.splitlines()
    assert form == again == f"Your answer: {exercise.form}."
    assert hint == twice == "Hint: " + exercise.hint
    assert exercise.hint not in form


@pytest.mark.parametrize("name", EXERCISES)
def test_the_right_answer_is_right(name):
    exercise = EXERCISES[name]
    if name in MORE_THAN_RESULTS:
        exercise = dataclasses.replace(exercise, also=lambda function: None)
    assert exercise.verdict(made_by(exercise, exercise.right)) == "Right. " + exercise.why


@pytest.mark.parametrize("name, mistake", MISTAKES)
def test_each_mistake_is_made_and_recognised(name, mistake):
    exercise = EXERCISES[name]
    made = exercise.mistakes[mistake]
    assert exercise.verdict(made_by(exercise, made.make)) == "Not yet: " + made.message


@pytest.mark.parametrize("name", EXERCISES)
def test_no_two_answers_look_the_same(name):
    exercise = EXERCISES[name]
    assert exercise.mistakes, "a check knows likely mistakes"
    functions = {"right": exercise.right} | {
        key: mistake.make for key, mistake in exercise.mistakes.items()
    }
    wide = dataclasses.replace(exercise, tolerance=2 * exercise.tolerance)
    cases = exercise.cases or [()]
    outcomes = {key: [run(make, case) for case in cases] for key, make in functions.items()}
    for a, b in itertools.permutations(outcomes, 2):
        alike = [wide._same_outcome(one, two) for one, two in zip(outcomes[a], outcomes[b])]
        assert not all(alike), (a, b)


STRANGE = [
    None,
    (1.0, np.ones(3)),
    [[1], [1, 2]],
    np.array(["x", "y"]),
    {"x": 1},
    {1, "x"},
    object(),
    "e",
    "Z",
    "",
    [],
    print,
    int,
    iter([1]),
    [...],
    [None],
    True,
    float("nan"),
    np.full(3, np.inf),
    1j,
    b"bytes",
    lambda *arguments: None,
    lambda *arguments: {"x": 1},
    lambda *arguments: arguments,
    lambda: 1 / 0,
]


@pytest.mark.parametrize("answer", STRANGE, ids=range(len(STRANGE)))
@pytest.mark.parametrize("name", EXERCISES)
def test_an_answer_of_a_strange_kind_is_told_so_and_raises_nothing(name, answer):
    assert EXERCISES[name].verdict(answer).startswith("Not yet: ")


ONE = value(2.4, mistakes={"nats": Mistake(lambda: 1.66, "nats.")})
THREE = value([0.6579, 0.2368, 0.1053])
COUNT = value(24)
MASK = value(np.array([True, False]))
ZERO = value(0.0)
SORTED = value([1, 4, 7])
LOOSE = value([1, 4], ordered=False)
SHARE = value([0.875, 0.5625], share=True)
CHOICE = value("b", letters="abcd")
CHOICES = value("AC", letters="ABCD")
EIGHTHS = value([0.5, 0.75])


@pytest.mark.parametrize(
    "exercise, answer, verdict",
    [
        (ONE, 2.4, "Right."),
        (ONE, 2.409, "Right."),
        (ONE, 2.43, "Not yet"),
        (ONE, [2.4], "Right."),
        (ONE, np.array([[2.4]]), "Right."),
        (ONE, "2.4", "Right."),
        (ONE, "2,4", "Right."),
        (ONE, "12/5", "Right."),
        (ONE, Fraction(12, 5), "Right."),
        (ONE, "240 %", "Right."),
        (ONE, "1.66", "Not yet: nats."),
        (ONE, 2, "Not yet: right to the whole number: give more."),
        (ONE, "two", "Not yet: you gave text. The answer is a form."),
        (ONE, [2.4, 1], "Not yet: you gave 2 numbers. The answer is a form."),
        (ONE, None, "Not yet: you gave None"),
        (ONE, True, "Not yet: you gave True."),
        (ONE, {"a": 2.4}, "Not yet: you gave a dictionary."),
        (ONE, len, "Not yet: you gave a function: call it"),
        (ONE, float, "Not yet: you gave a class."),
        (ONE, (n for n in [2.4]), "Not yet: you gave an iterator"),
        (ONE, [[1], [1, 2]], "Not yet: you gave a list whose entries have unlike lengths."),
        (ONE, float("nan"), "Not yet: you gave nan"),
        (ONE, 7, "Not yet: that is not it"),
        (COUNT, 24.0, "Right."),
        (COUNT, "24", "Right."),
        (COUNT, 24.05, "Not yet"),
        (COUNT, 24.0000000009, "Right."),
        (COUNT, 24.0001, "Not yet"),
        (value(3_000_000), 3_000_001.0, "Not yet"),
        (value(3_000_000), 3_000_000.4, "Right."),
        (value(24000), "24 000", "Right."),
        (value([1, 234]), "1 234", "Right."),
        (THREE, [0.658, 0.237, 0.105], "Right."),
        (THREE, "0.658, 0.237, 0.105", "Right."),
        (THREE, (0.66, 0.24, 0.11), "Not yet: right to 2 decimals: give more."),
        (THREE, [0.658, 0.237, 0.2], "Not yet: 2 of 3 numbers are right."),
        (THREE, [[0.658, 0.237, 0.105]], "Not yet: the numbers are right; their shape is (1, 3)"),
        (THREE, [0.105, 0.237, 0.658], "Not yet: the right numbers, in another order."),
        (THREE, {0.658, 0.237, 0.105}, "Not yet: you gave a set, which has no order."),
        (THREE, [0.658], "Not yet: you gave 1 number. "),
        (THREE, ["a", "b", "c"], "Not yet: you gave a list in which not every entry is a number."),
        (EIGHTHS, [0.5, 0.8], "Not yet: right to one decimal: give more."),
        (ZERO, 0.004, "Right."),
        (ZERO, 0.1, "Not yet"),
        (SORTED, [4, 1, 7], "Not yet: the right ones, in another order: sort them."),
        (LOOSE, [4, 1], "Right."),
        (LOOSE, {1, 4}, "Right."),
        (LOOSE, "1,4", "Right."),
        (LOOSE, ["4", "1"], "Right."),
        (LOOSE, [4], "Not yet: you gave 1 number."),
        (value([1]), 1, "Right."),
        (value([3], mistakes={"one": Mistake(lambda: [1], "one.")}), 1, "Not yet: one."),
        (SHARE, [87.5, 56.25], "Right."),
        (SHARE, ["87.5 %", "56.25 %"], "Right."),
        (MASK, [1, 0], "Right."),
        (MASK, [0, -np.inf], "Not yet: the mask has 0 and -inf"),
        (CHOICE, "b", "Right."),
        (CHOICE, "B", "Right."),
        (CHOICE, "(b)", "Right."),
        (CHOICE, "b)", "Right."),
        (CHOICE, ["b"], "Right."),
        (CHOICE, "c", "Not yet: that is another choice."),
        (CHOICE, "e", "Not yet: The answer is a form."),
        (CHOICES, "ca", "Right."),
        (CHOICES, "A and C", "Right."),
        (CHOICES, {"C", "A"}, "Right."),
        (CHOICES, ["(a)", "(c)"], "Right."),
        (value("Bach"), " bach", "Right."),
        (value("Bach"), "Brahms", "Not yet: that is another word."),
    ],
)
def test_an_answer_is_read_as_a_person_would_read_it(exercise, answer, verdict):
    assert exercise.verdict(answer).startswith(verdict)


def test_small_numbers_are_compared_relatively_and_rounded_arrays_as_a_whole():
    assert same(0.00625, 0.00626) and not same(0.0001, 0.0000977)
    exact = np.array([0.5, 0.0012])
    assert same([0.5, 0.001], exact), "three decimals are enough for an array"
    assert not same([0.5, 0.00], exact) and not same([0.5, 0.002], exact)
    assert same([np.nan, 1.0], [np.nan, 1.0]) and not same([np.nan, 1.0], [0.5, 1.0])
    assert not same([1, 2], [1, 3]) and not same([1, 2], [1, 2, 3])


def added(x, y):
    """Adds two vectors and gives their difference too."""
    return x + y, x - y


CASES = ((np.arange(3.0), np.ones(3)), (np.arange(5.0), np.full(5, 2.0)))
SUMS = Exercise(
    "a function of x and y",
    "a hint",
    added,
    "why.",
    mistakes={
        "product": Mistake(lambda x, y: (x * y, x - y), "a product."),
        "raises": Mistake(lambda x, y: x @ y[:2], "the sizes are unlike."),
    },
    cases=CASES,
    returns=("s", "d"),
)


def changes_in_place(x, y):
    """Changes what it was given."""
    x += y
    return x, x - 2 * y


def divides_by_zero(x, y):
    """Raises in its second line."""
    zero = 0
    return 1 / zero


def fixed_size(x, y):
    """Has the size of the first case in it."""
    return x[:3] + y[:3], x[:3] - y[:3]


def fixed_shape(x, y):
    """Raises where the size is another one."""
    return x + y + np.zeros(3), x - y


def prints(x, y):
    """Prints in place of a return."""
    print(x + y, x - y)


@pytest.mark.parametrize(
    "function, verdict",
    [
        (lambda x, y: (x + y, x - y), "Right."),
        (lambda x, y: [x + y, x - y], "Right."),
        (lambda x, y: np.stack([x + y, x - y]), "Right."),
        (changes_in_place, "Right."),
        (lambda x, y: (x * y, x - y), "Not yet: a product."),
        (lambda x, y: x @ y[:2], "Not yet: the sizes are unlike."),
        (lambda x, y: None, "Not yet: your function returned nothing: is there a return?"),
        (prints, "Not yet: your function printed, but returned nothing"),
        (lambda x, y: x + y, "Not yet: return two arrays, s and d, in this order."),
        (lambda x, y: {"s": x + y}, "Not yet: return two arrays, s and d, in this order."),
        (lambda x, y: (x, y, x), "Not yet: return two arrays, s and d, in this order."),
        (lambda x, y: (x - y, x + y), "Not yet: these are the right ones in another order"),
        (lambda x, y: (x + y, "d"), "Not yet: d is not right: your function returned text."),
        (divides_by_zero, "Not yet: your function raised ZeroDivisionError in line"),
        (fixed_size, "Not yet: right with x (3,), y (3,), and not with x (5,), y (5,)"),
        (fixed_shape, "Not yet: right with x (3,), y (3,), and not with x (5,), y (5,)"),
        (lambda x: x, "Not yet: your function takes 1 arguments; it is called with 2: x, y."),
        (np.arange(3.0), "Not yet: the answer should be a function, and you gave its result"),
        (3, "Not yet: the answer should be a function, and you gave its result"),
        (None, "Not yet: the answer should be a function, and you gave None"),
        (dict, "Not yet: the answer should be a function, and you gave a class."),
        ("added", "Not yet: the answer should be a function, and you gave text."),
    ],
)
def test_a_function_is_called_on_all_cases_and_explained(function, verdict, capsys):
    assert SUMS.verdict(function).startswith(verdict)
    assert capsys.readouterr().out == "", "what a reader's function prints is not shown"
    assert np.array_equal(CASES[0][0], np.arange(3.0)), "and what it is given is a copy"


def test_an_error_shows_the_line_of_the_reader():
    assert "`return 1 / zero`: division by zero" in SUMS.verdict(divides_by_zero)


def test_a_mistake_is_named_only_if_it_explains_all_cases():
    verdict = SUMS.verdict(lambda x, y: (x * y if len(x) == 3 else x, x - y))
    assert "a product" not in verdict and verdict.startswith("Not yet: s is not right")


def test_a_right_function_may_have_a_fault_of_another_kind():
    exercise = dataclasses.replace(SUMS, also=lambda function: f"{function.__name__} is slow.")
    assert exercise.verdict(added) == "Not yet: added is slow."
    assert exercise.verdict(prints).startswith("Not yet: your function printed")


def test_an_exception_may_be_named():
    named = {"division by zero": "zero."}
    exercise = dataclasses.replace(SUMS, raised=lambda error: named.get(str(error)))
    assert exercise.verdict(divides_by_zero) == "Not yet: zero."
    assert exercise.verdict(fixed_shape).startswith("Not yet: right with x (3,)")


def test_what_is_special_about_a_case_is_said_in_its_words():
    exercise = dataclasses.replace(SUMS, situations=("x is short", "x is long"))
    verdict = exercise.verdict(fixed_size)
    assert verdict.startswith("Not yet: right where x is short, and not where x is long. There s")


LONG_ERROR = """in user code:

    File "notebook.py", line 14, in left  *
        loop(body, start)

    ValueError: The two structures are unlike.

    First structure: a list
"""


@pytest.mark.parametrize(
    "error, reason",
    [
        (ValueError(LONG_ERROR), "The two structures are unlike."),
        (
            ValueError("Graph execution error:\n\nDetected at x\n  File 'x'\nslice 3.\n [[{{x}}]]"),
            "slice 3.",
        ),
        (ValueError("one line"), "one line"),
        (ValueError(), ""),
    ],
)
def test_of_a_long_error_the_reason_is_shown(error, reason):
    assert give_reason(error) == reason


def test_when_sees_each_result_of_a_function():
    exercise = dataclasses.replace(
        SUMS, when=lambda parts: "too long." if len(parts[0]) > 3 else None
    )
    assert exercise.verdict(lambda x, y: (x - 9, y)) == "Not yet: too long."
