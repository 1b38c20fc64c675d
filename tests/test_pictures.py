"""A stored figure is compared with the one that its cell draws, as pixels."""

import base64
import io
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import compare_pictures
import nbformat
import numpy as np
import pytest
from PIL import Image, ImageFilter, PngImagePlugin

from lyricgen import show

ROOT = Path(__file__).resolve().parents[1]


def melody(seed: int) -> np.ndarray:
    """Forty-two notes from C4 to D5, as many and as high as in the song of 00."""
    rng = np.random.default_rng(seed)
    durations = rng.choice([2, 4, 4, 6], 42)
    pitches = rng.choice([60, 62, 64, 65, 67, 69, 71, 72, 74], 42)
    return np.column_stack([np.cumsum(durations) - durations, durations, pitches])


def roll(notes: np.ndarray) -> Image.Image:
    """The piano roll that 00 shows of its song."""
    fig, ax = show.axes(8, 2.6)
    show.piano_roll(notes / [16, 16, 1], ax)
    ax.set_xlabel("bar")
    return Image.open(io.BytesIO(show.png(fig)))


def encoded(picture: Image.Image, software: str | None = None) -> str:
    """A picture as an output holds it; it names the program that drew it."""
    named = PngImagePlugin.PngInfo()
    named.add_text("Software", software or picture.info["Software"])
    file = io.BytesIO()
    picture.convert("RGB").save(file, "png", pnginfo=named)
    return base64.b64encode(file.getvalue()).decode()


ROLL = roll(melody(1))
STORED = encoded(ROLL)


def changed(note: int, column: int, amount: int) -> Image.Image:
    notes = melody(1)
    notes[note, column] += amount
    return roll(notes)


@pytest.mark.parametrize(
    "other",
    [roll(melody(2)), changed(10, 2, 1), changed(10, 2, 5), changed(10, 0, 2)],
    ids=["another melody", "a note a semitone higher", "a fourth higher", "an eighth later"],
)
def test_other_notes_make_another_picture(other):
    said = compare_pictures.difference(STORED, encoded(other))
    pixels = int(re.match(r"(\d+) pixels", said)[1])
    assert pixels > 1.5 * compare_pictures.MOST, said


def noisy(picture: Image.Image) -> Image.Image:
    pixels = np.asarray(picture.convert("RGB"), int)
    noise = np.random.default_rng(0).integers(-2, 3, pixels.shape)
    return Image.fromarray(np.clip(pixels + noise, 0, 255).astype(np.uint8))


def smoothed(picture: Image.Image) -> Image.Image:
    return picture.convert("RGB").filter(ImageFilter.GaussianBlur(1))


def moved(picture: Image.Image, pixels: int) -> Image.Image:
    return Image.fromarray(np.roll(np.asarray(picture.convert("RGB")), pixels, axis=0))


@pytest.mark.parametrize(
    "other",
    [ROLL, noisy(ROLL), smoothed(ROLL), moved(ROLL, 1), noisy(moved(smoothed(ROLL), -1))],
    ids=["drawn again", "two levels of noise", "smoothed", "a pixel lower", "all of it"],
)
def test_the_same_notes_smoothed_in_another_way_make_the_same_picture(other):
    software = ROLL.info["Software"]
    assert compare_pictures.difference(STORED, encoded(other, software)) is None


def test_another_version_may_place_axes_elsewhere_but_not_another_melody():
    software = "Matplotlib version1.0.0"  # none that is supported
    shifted = moved(ROLL, 3)
    assert compare_pictures.difference(STORED, encoded(shifted, ROLL.info["Software"]))
    assert compare_pictures.difference(STORED, encoded(shifted, software)) is None
    assert compare_pictures.difference(STORED, encoded(roll(melody(2)), software))
    assert compare_pictures.version(ROLL) and compare_pictures.version(noisy(ROLL)) is None


def test_another_size_and_another_number_of_pictures_are_said():
    wide = ROLL.convert("RGB").resize((ROLL.width + 1, ROLL.height))
    said = compare_pictures.difference(STORED, encoded(wide, "x"))
    assert said == "it was (800, 260) pixels wide and high and is (801, 260)."
    output = {"data": {"image/png": STORED}}
    printed = {"output_type": "stream", "text": "1"}
    assert compare_pictures.differences([output, printed], [output]) == []
    said = "1 pictures are stored, and the cell has shown 2."
    assert compare_pictures.differences([output], [output, printed, output]) == [said]
    other = {"data": {"image/png": encoded(roll(melody(2)))}}
    (said,) = compare_pictures.differences([output, output], [output, other])
    assert said.startswith("Picture 2: ")


CELL = """import sys
sys.path[:0] = {paths}
from lyricgen import show
from test_pictures import melody
fig, ax = show.axes(8, 2.6)
show.piano_roll(melody(1) / [16, 16, 1], ax)
ax.set_xlabel("bar")
show.figure(fig, "Piano roll of the song: 42 notes.")"""


def notebook_cell(notes: np.ndarray, *tags: str) -> nbformat.NotebookNode:
    """A cell that draws melody 1, with the stored picture of any notes."""
    sentence = "Piano roll of the song: 42 notes."
    picture = {"image/png": encoded(roll(notes)), "text/plain": "<figure>"}
    outputs = [
        nbformat.v4.new_output("display_data", picture),
        nbformat.v4.new_output("display_data", show._caption(sentence)),
    ]
    source = CELL.format(paths=[str(ROOT / name) for name in ("", "tests", "tools")])
    return nbformat.v4.new_code_cell(
        source, outputs=outputs, execution_count=1, metadata={"tags": list(tags)}
    )


def test_nbval_compares_the_pictures_of_a_notebook(tmp_path):
    shutil.copy(ROOT / "conftest.py", tmp_path)
    (tmp_path / "tools").mkdir()
    shutil.copy(ROOT / "tools" / "compare_pictures.py", tmp_path / "tools")
    cells = [
        notebook_cell(melody(1)),
        notebook_cell(melody(2)),
        notebook_cell(melody(2), "nbval-ignore-output"),
        notebook_cell(melody(2), "nbval-ignore-output", "live-training"),
    ]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), tmp_path / "rolls.ipynb")
    (tmp_path / "pytest.ini").write_text("[pytest]\npythonpath = tools\n")
    command = [sys.executable, "-m", "pytest", "--nbval", "--nbval-current-env", "--color=no"]
    command += ["-p", "no:cacheprovider", "--junitxml=report.xml", "rolls.ipynb"]
    left_out = ("CI", "PYTEST_CURRENT_TEST", "PYTEST_ADDOPTS", "PYTEST_XDIST_WORKER")
    environment = {key: value for key, value in os.environ.items() if key not in left_out}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
    report = ElementTree.parse(tmp_path / "report.xml")
    failed = [case.find("failure") is not None for case in report.iter("testcase")]
    assert failed == [False, True, True, False], done.stdout
    assert done.stdout.count("Pictures differ from the stored ones") == 2
    assert done.stdout.count("pixels show something else") == 2
