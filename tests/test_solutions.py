"""The solutions of the exercises print what is stored.

They run one after another in this process: a kernel for each of them would import NumPy
and TensorFlow each time.
"""

import json
import sys
from pathlib import Path

import pytest
from IPython.core.interactiveshell import InteractiveShell
from IPython.display import display
from IPython.utils.capture import capture_output

FOLDER = Path(__file__).resolve().parents[1] / "notebooks" / "solutions"
SOLUTIONS = sorted(FOLDER.glob("*.ipynb"))


def show_value(value: object) -> None:
    """Shows the value of a cell's last line as an output, which a kernel does too."""
    if value is not None:
        display(value)


@pytest.fixture
def shell(monkeypatch):
    """An IPython shell with nothing in it, as a kernel has at its start."""
    monkeypatch.setattr(sys, "path", list(sys.path))  # a set-up cell inserts the course
    shell = InteractiveShell.instance()
    shell.history_manager.enabled = False
    shell.display_trap.hook = show_value
    yield shell
    shell.reset(new_session=False)
    InteractiveShell.clear_instance()


def stored(cell: dict) -> tuple[str, list[str]]:
    """What a cell printed when it was stored, and the text of what it showed."""
    outputs = cell["outputs"]
    printed = [output["text"] for output in outputs if output.get("name") == "stdout"]
    shown = [output["data"].get("text/plain", "") for output in outputs if "data" in output]
    return "".join(map("".join, printed)), ["".join(text) for text in shown]


def run(shell: InteractiveShell, cell: dict) -> tuple[str, list[str]]:
    """What a cell prints and shows now; an exception in it is raised here."""
    with capture_output() as captured:
        result = shell.run_cell("".join(cell["source"]))
    if "raises-exception" not in cell["metadata"].get("tags", []):
        result.raise_error()
    shown = [output.data.get("text/plain", "") for output in captured.outputs]
    return captured.stdout, shown


def check(shell: InteractiveShell, path: Path) -> None:
    """Runs a notebook's cells in order and compares each with what is stored."""
    for cell in json.loads(path.read_text("utf-8"))["cells"]:
        if cell["cell_type"] == "code":
            found = run(shell, cell)
            if "nbval-ignore-output" not in cell["metadata"].get("tags", []):
                assert found == stored(cell), "".join(cell["source"])


@pytest.mark.parametrize("path", SOLUTIONS, ids=lambda path: path.stem)
def test_a_solution_prints_what_is_stored(path, shell, monkeypatch):
    monkeypatch.chdir(path.parent)
    check(shell, path)


def notebook(folder: Path, *cells: tuple[str, list[dict]]) -> Path:
    """Writes a notebook of code cells with these sources and outputs."""
    rows = [
        {"cell_type": "code", "metadata": {}, "source": source, "outputs": outputs}
        for source, outputs in cells
    ]
    path = folder / "one.ipynb"
    path.write_text(json.dumps({"cells": rows}), "utf-8")
    return path


def printed(text: str) -> dict:
    return {"output_type": "stream", "name": "stdout", "text": text}


def test_another_output_another_value_and_an_exception_are_found(tmp_path, shell):
    value = {"output_type": "execute_result", "data": {"text/plain": "3"}}
    good = ("x = 1\nprint(x)\nx + 2", [printed("1\n"), value])
    check(shell, notebook(tmp_path, good))
    with pytest.raises(AssertionError, match="x = 1"):
        check(shell, notebook(tmp_path, (good[0], [printed("2\n"), value])))
    with pytest.raises(AssertionError, match="x = 1"):
        check(shell, notebook(tmp_path, (good[0], [printed("1\n")])))
    with pytest.raises(ZeroDivisionError):
        check(shell, notebook(tmp_path, ("1 / 0", [])))


@pytest.mark.parametrize("turn", ["first", "second"])
def test_a_notebook_sees_nothing_of_the_one_before(tmp_path, shell, turn):
    source = "print('left' in globals())\nleft = 1"
    check(shell, notebook(tmp_path, (source, [printed("False\n")])))
