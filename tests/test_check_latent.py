"""The exercises of sampling_musicvae agree with the library; its widget plays."""

import json
from pathlib import Path

import numpy as np
import pytest

from lyricgen import show
from lyricgen.exercises import sampling_musicvae
from lyricgen.models.musicvae import latent as space
from lyricgen.music import melody
from lyricgen.song import sound

NOTEBOOKS = Path(__file__).resolve().parents[1] / "notebooks"
(BOOK,) = NOTEBOOKS.glob("*sampling_musicvae.ipynb")


def test_the_middle_of_two_draws_is_so_long_indeed():
    a, b = np.random.default_rng(0).standard_normal((2, 20_000, sampling_musicvae.DIMENSIONS))
    assert sampling_musicvae.half_way.verdict(
        float(np.linalg.norm((a + b) / 2, axis=1).mean())
    ).startswith("Right.")
    assert "between them" in sampling_musicvae.half_way.verdict(
        float(np.linalg.norm(space.slerp(a, b, 0.5), axis=1).mean())
    )
    assert "half of it" in sampling_musicvae.half_way.verdict(
        float(np.linalg.norm(a + b, axis=1).mean())
    )


def test_the_arc_is_that_of_the_package_and_a_wrong_function_is_named():
    assert sampling_musicvae.arc.verdict(space.slerp).startswith("Right.")
    assert "straight line" in sampling_musicvae.arc.verdict(lambda a, b, t: (1 - t) * a + t * b)
    assert "swapped" in sampling_musicvae.arc.verdict(lambda a, b, t: space.slerp(b, a, t))

    def unscaled(a, b, t):
        with np.errstate(invalid="ignore"):
            w = np.arccos(a @ b)
            return (np.sin((1 - t) * w) * a + np.sin(t * w) * b) / np.sin(w)

    assert "divide a @ b by the two lengths" in sampling_musicvae.arc.verdict(unscaled)
    assert "should be a function" in sampling_musicvae.arc.verdict(1.0)


def test_the_vector_is_that_of_the_package():
    assert np.allclose(
        space.attribute_vectors(sampling_musicvae.Z, sampling_musicvae.DENSITY[:, None])[0],
        sampling_musicvae.vector.right(),
    )
    assert len(set(sampling_musicvae.DENSITY.tolist())) == 12, (
        "no two are level, so a quarter is a quarter"
    )


def test_half_way_of_a_half_is_named():
    found = sampling_musicvae.half_way.verdict(0.5)
    assert found.startswith("Not yet:") and "the share of the way" in found


@pytest.mark.parametrize(
    "function, word",
    [
        (lambda a, b, t: None, "your function returned nothing: is there a return?"),
        (
            lambda a, b, t: np.cos(np.pi * t / 2) * a + np.sin(np.pi * t / 2) * b,
            "right only where a and b stand at a right angle",
        ),
    ],
)
def test_arc(function, word):
    found = sampling_musicvae.arc.verdict(function)
    assert found.startswith("Not yet:") and word in found


VECTOR = sampling_musicvae.vector.right()
RANKED = sampling_musicvae.Z[sampling_musicvae.DENSITY.argsort()]
MEDIANS = np.median(RANKED[9:], axis=0) - np.median(RANKED[:3], axis=0)


@pytest.mark.parametrize(
    "answer, verdict, word",
    [
        (VECTOR.round(2), "Right.", "two means and a difference"),
        (VECTOR.round(3), "Right.", "two means and a difference"),
        (VECTOR / 2, "Not yet:", "half of it"),
        (MEDIANS, "Not yet:", "medians"),
        (
            np.polyfit(sampling_musicvae.DENSITY, sampling_musicvae.Z, 1)[0],
            "Not yet:",
            "slope of a regression",
        ),
    ],
)
def test_vector(answer, verdict, word):
    found = sampling_musicvae.vector.verdict(answer)
    assert found.startswith(verdict) and word in found


def cells_with(*texts: str) -> list[str]:
    """The notebook's code cells in which these texts stand, one each."""
    sources = [
        "".join(cell["source"])
        for cell in json.loads(BOOK.read_text("utf-8"))["cells"]
        if cell["cell_type"] == "code"
    ]
    return [next(source for source in sources if text in source) for text in texts]


def test_the_widget_of_four_corners_shows_and_plays_the_place_that_is_pressed():
    """The notebook's own cells, run on a board of plain scales."""
    helpers, square, widget = cells_with("def mp3(", "def square(", "show.column(")
    board = np.stack(
        [melody.to_events([[0, 8, 60 + k], [8, 8, 62 + k]], 32) for k in range(25)]
    ).reshape(5, 5, 32)
    names = {"np": np, "melody": melody, "sound": sound, "show": show, "board": board}
    exec(helpers, names)
    exec(square[square.index("def square(") :], names)
    html = names["square"](1, 3)
    assert (
        "<img alt=" in html
        and "<audio autoplay controls" in html
        and "data:audio/mpeg;base64," in html
        and "Row 2, column 4: 2 notes" in html
    )
    assert "autoplay" not in names["square"](1, 3, play=False)
    body, _, last = widget.rstrip().rpartition("\n")
    exec(body, names)
    made = eval(last, names)
    assert (
        made.children[-1] is names["view"]
        and "Row 1, column 1" in names["view"].value
        and "autoplay" not in names["view"].value
    )
    made.children[2].children[4].click()
    assert names["view"].value == names["square"](2, 4)
