"""The exercises of exploring_latent_space agree with the library; its widget plays."""

import json
from pathlib import Path

import numpy as np
import pytest

from lyricgen import widgets
from lyricgen.exercises import exploring_latent_space
from lyricgen.models.musicvae import latent as space
from lyricgen.music import melody
from lyricgen.song import playing

NOTEBOOKS = Path(__file__).resolve().parents[1] / "notebooks"
(BOOK,) = NOTEBOOKS.glob("*exploring_latent_space.ipynb")


def test_the_middle_of_two_draws_is_so_long_indeed():
    a, b = np.random.default_rng(0).standard_normal((2, 20_000, exploring_latent_space.DIMENSIONS))
    assert exploring_latent_space.half_way.verdict(
        float(np.linalg.norm((a + b) / 2, axis=1).mean())
    ).startswith("Right.")
    assert "between them" in exploring_latent_space.half_way.verdict(
        float(np.linalg.norm(space.slerp(a, b, 0.5), axis=1).mean())
    )
    assert "half of it" in exploring_latent_space.half_way.verdict(
        float(np.linalg.norm(a + b, axis=1).mean())
    )


def test_the_arc_is_that_of_the_package_and_a_wrong_function_is_named():
    assert exploring_latent_space.arc.verdict(space.slerp).startswith("Right.")
    assert "straight line" in exploring_latent_space.arc.verdict(
        lambda a, b, t: (1 - t) * a + t * b
    )
    assert "swapped" in exploring_latent_space.arc.verdict(lambda a, b, t: space.slerp(b, a, t))

    def unscaled(a, b, t):
        with np.errstate(invalid="ignore"):
            w = np.arccos(a @ b)
            return (np.sin((1 - t) * w) * a + np.sin(t * w) * b) / np.sin(w)

    assert "divide a @ b by the two lengths" in exploring_latent_space.arc.verdict(unscaled)
    assert "should be a function" in exploring_latent_space.arc.verdict(1.0)


def test_the_vector_is_that_of_the_package():
    assert np.allclose(
        space.attribute_vectors(exploring_latent_space.Z, exploring_latent_space.DENSITY[:, None])[
            0
        ],
        exploring_latent_space.vector.right(),
    )
    assert len(set(exploring_latent_space.DENSITY.tolist())) == 12, (
        "no two are level, so a quarter is a quarter"
    )


def test_half_way_of_a_half_is_named():
    found = exploring_latent_space.half_way.verdict(0.5)
    assert found.startswith("Not yet:") and "the share of the way" in found


def angle(a, b):
    return np.arccos(a @ b / (np.linalg.norm(a) * np.linalg.norm(b)))


def sine(a, b):
    return np.sin(angle(a, b))


def weights(a, b, t, function=np.sin):
    return function((1 - t) * angle(a, b)), function(t * angle(a, b))


def terms(a, b, t, function=np.sin):
    of_a, of_b = weights(a, b, t, function)
    return of_a * a, of_b * b


@pytest.mark.parametrize(
    "function, word",
    [
        (lambda a, b, t: None, "your function returned nothing: is there a return?"),
        (
            lambda a, b, t: np.cos(np.pi * t / 2) * a + np.sin(np.pi * t / 2) * b,
            "right only where a and b stand at a right angle",
        ),
        (
            lambda a, b, t: weights(a, b, t)[0] * a + weights(a, b, t)[1] * b / sine(a, b),
            "a bracket is missing",
        ),
        (lambda a, b, t: sum(terms(a, b, t)) / angle(a, b), "you divide by w"),
        (lambda a, b, t: np.subtract(*terms(a, b, t)) / sine(a, b), "the two terms are added"),
        (lambda a, b, t: space.slerp(a, b, 0.5), "whatever t is"),
        (lambda a, b, t: np.sqrt(1 - t**2) * a + t * b, "a blend with noise"),
        (lambda a, b, t: np.sqrt(1 - t) * a + np.sqrt(t) * b, "only at a right angle"),
        (
            lambda a, b, t: sum(terms(a, b, t, np.cos)) / sine(a, b),
            "both weights are sines",
        ),
    ],
)
def test_arc(function, word):
    found = exploring_latent_space.arc.verdict(function)
    assert found.startswith("Not yet:") and word in found


VECTOR = exploring_latent_space.vector.right()
RANKED = exploring_latent_space.Z[exploring_latent_space.DENSITY.argsort()]
MEDIANS = np.median(RANKED[9:], axis=0) - np.median(RANKED[:3], axis=0)


@pytest.mark.parametrize(
    "answer, verdict, word",
    [
        (VECTOR.round(2), "Right.", "two means and a difference"),
        (VECTOR.round(3), "Right.", "two means and a difference"),
        (VECTOR / 2, "Not yet:", "half of it"),
        (MEDIANS, "Not yet:", "medians"),
        (VECTOR[None], "Not yet:", "the numbers are right"),
        (RANKED[10:].mean(axis=0) - RANKED[:2].mean(axis=0), "Not yet:", "two outer"),
        (RANKED[9:].mean(axis=0) + RANKED[:3].mean(axis=0), "Not yet:", "added"),
        (RANKED[9:].mean(axis=0) - RANKED[:9].mean(axis=0), "Not yet:", "all other"),
        (RANKED[8:11].mean(axis=0) - RANKED[1:4].mean(axis=0), "Not yet:", "off by one"),
        (
            np.polyfit(exploring_latent_space.DENSITY, exploring_latent_space.Z, 1)[0],
            "Not yet:",
            "slope of a regression",
        ),
    ],
)
def test_vector(answer, verdict, word):
    found = exploring_latent_space.vector.verdict(answer)
    assert found.startswith(verdict) and word in found


def test_the_board_of_four_corners_shows_and_plays_the_place_that_is_pressed():
    """The notebook's own cell, run on a board of plain scales."""
    sources = [
        "".join(cell["source"])
        for cell in json.loads(BOOK.read_text("utf-8"))["cells"]
        if cell["cell_type"] == "code"
    ]
    (source,) = [source for source in sources if "widgets.board(" in source]
    scales = [melody.to_events([[0, 8, 60 + k], [8, 8, 62 + k]], 32) for k in range(25)]
    names = {
        "melody": melody,
        "playing": playing,
        "widgets": widgets,
        "square": np.reshape(scales, (5, 5, 32)),
        "NAMES": ("a", "b", "c", "d"),
    }
    body, _, last = source[source.index("def place(") :].rstrip().rpartition("\n")
    exec(body, names)
    board = eval(last, names)
    view = board.children[-1]
    button = board.children[2].children[4]
    assert button.tooltip == "row 2, column 4" and view.value == ""
    button.click()
    assert "<audio controls" in view.value and "data:audio/mpeg;base64," in view.value
    assert "<figcaption>row 2, column 4</figcaption>" in view.value
    assert "role='alert'" in view.value
