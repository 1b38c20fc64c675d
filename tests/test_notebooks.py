"""Every notebook keeps its shape: real outputs, one header, few ignored cells, solved exercises, functions and notebooks that name each other."""

import ast
import importlib
import inspect
import json
import re
import sys
from pathlib import Path

import pytest
from test_check import EXERCISES

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tools"))
import course  # noqa: E402

BOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
SOLUTIONS = sorted((ROOT / "notebooks" / "solutions").glob("*.ipynb"))
books = pytest.mark.parametrize("path", BOOKS, ids=lambda path: path.stem)
all_books = pytest.mark.parametrize(
    "path", BOOKS + SOLUTIONS, ids=lambda path: f"{path.parent.name}/{path.stem}"
)


def cells(path: Path, kind: str | None = None) -> list[dict]:
    return [
        cell
        for cell in json.loads(path.read_text("utf-8"))["cells"]
        if kind in (None, cell["cell_type"])
    ]


def source(cell: dict) -> str:
    return "".join(cell["source"])


def tags(cell: dict) -> list[str]:
    return cell["metadata"].get("tags", [])


def test_the_table_lists_the_notebooks_that_exist():
    assert [row.path for row in sorted(course.COURSE, key=lambda row: row.name)] == BOOKS
    assert course.readme_table() in (ROOT / "README.md").read_text("utf-8"), (
        "run python tools/course.py"
    )


@books
def test_header_and_setup_are_the_tools(path):
    row = next(row for row in course.COURSE if row.path == path)
    first, second = cells(path)[:2]
    assert source(first) == course.header(row), "run python tools/course.py"
    assert source(second) == course.setup()
    assert "not yet measured" not in source(first) and 3 <= len(row.learn) <= 5


@all_books
def test_outputs_are_real_and_clean(path):
    book = json.loads(path.read_text("utf-8"))
    code = cells(path, "code")
    assert [cell["execution_count"] for cell in code] == list(range(1, len(code) + 1)), (
        "nbval compares no cell without a count"
    )
    assert book["metadata"]["kernelspec"]["name"] == "python3" and "widgets" not in book["metadata"]
    for cell in code:
        for output in cell["outputs"]:
            assert output.get("name") != "stderr", source(cell)
            assert output["output_type"] != "error" or "raises-exception" in tags(cell), source(
                cell
            )
    text = path.read_text("utf-8")
    found = re.search(
        r"(?<![\w./<])/(?:home|root|Users|work|tmp|content/drive)/\w+|[A-Z]:\\\\",
        re.sub(r"[A-Za-z0-9+/=]{200,}", "", text),
    )
    assert not found, f"an absolute path: {found and found[0]}"
    assert path.stat().st_size < 400_000, "a notebook is under 400 kB"
    assert len({cell["id"] for cell in book["cells"]}) == len(book["cells"])


@books
def test_few_outputs_are_ignored(path):
    code = cells(path, "code")
    picture = {"image/png", "text/html", "application/vnd.jupyter.widget-view+json"}
    ignored = []
    for cell, following in zip(code, [*code[1:], {"outputs": [], "metadata": {}}]):
        if {"nbval-ignore-output", "nbval-skip"} & set(tags(cell)):
            kinds = {
                kind for output in cell["outputs"] for kind in output.get("data", {"stream": ""})
            }
            shown_only = kinds and kinds <= picture | {"text/plain"}
            compared = any(
                "text" in output for output in following["outputs"]
            ) and "nbval-ignore-output" not in tags(following)
            ignored += [] if shown_only and compared else [source(cell)[:60]]
    assert len(ignored) <= len(code) / 4, ignored
    assert not any("nbval-skip" in tags(cell) for cell in code)
    assert not any("NBVAL" in source(cell) for cell in code), "tags, not comments"


@books
def test_links_lead_somewhere(path):
    for target in re.findall(
        r"\]\(([^)#]+?)(?:#[^)]*)?\)", "".join(source(cell) for cell in cells(path, "markdown"))
    ):
        if not target.startswith("http"):
            assert (path.parent / target).exists(), target


@books
def test_terms_stand_in_the_notation(path):
    row = next(row for row in course.COURSE if row.path == path)
    notation = "".join(
        source(cell) for cell in cells(course.NOTEBOOKS / "A2_notation.ipynb", "markdown")
    )
    rows = {
        line.split("|")[1].strip().lower() for line in notation.splitlines() if line.startswith("|")
    }
    assert not [term for term in row.terms if term.lower() not in rows]


def used(path: Path) -> set[str]:
    """The exercises that a notebook asks, as `file.name`: it imports `lyricgen.exercises.file` under the name `check`."""
    text = "\n".join(source(cell) for cell in cells(path, "code"))
    found = re.findall(r"from lyricgen\.exercises import (\w+) as check", text)
    return (
        {f"{found[0]}.{name}" for name in re.findall(r"\bcheck\.(\w+)\(", text)} if found else set()
    )


@books
def test_each_exercise_has_a_hint_in_the_notebook_and_a_solution_that_passes(path):
    asked = used(path)
    assert asked <= set(EXERCISES)
    assert asked, "a notebook ends with exercises"
    solution = path.parent / "solutions" / path.name
    assert used(solution) == asked
    for book, said in ((path, "Hint:"), (solution, "Right.")):
        for cell in cells(book, "code"):
            if re.search(r"^check\.\w+\(", source(cell), re.M):
                printed = "".join(
                    text for output in cell["outputs"] for text in output.get("text", "")
                )
                assert said in printed, source(cell)


def test_every_exercise_stands_in_a_notebook():
    asked = set().union(*(used(path) for path in BOOKS))
    unused = {name for name in EXERCISES if name not in asked}
    written = {row.name for row in course.COURSE}
    assert not unused or not written >= {name for name, _ in course.PLANNED}, unused


def public_functions():
    """The public functions and classes of lyricgen with the notebooks that their docstrings name."""
    for path in sorted((ROOT / "lyricgen").rglob("*.py")):
        if path.name.startswith("__") or path.parent.name in ("exercises", "cli"):
            continue
        tree = ast.parse(path.read_text("utf-8"))
        for node in ast.walk(tree):
            if isinstance(node, (ast.FunctionDef, ast.ClassDef)) and not node.name.startswith("_"):
                yield path.stem, node.name, ast.get_docstring(node) or ""


def test_functions_and_notebooks_name_each_other():
    names = {row.name for row in course.COURSE} | {name for name, _ in course.PLANNED}
    texts = {path.stem: "".join(source(cell) for cell in cells(path)) for path in BOOKS}
    for module, function, doc in public_functions():
        for line in re.findall(r"Notebook: ([^\n.]+)", doc):
            for name in re.findall(r"[A0-9]\w+", line):
                assert name in names, f"{module}.{function} names {name}, which is not in the table"
                if name in texts:
                    assert re.search(rf"\b{function}\b", texts[name]), (
                        f"{name} never mentions {module}.{function}"
                    )


@books
def test_what_a_notebook_imports_has_a_docstring(path):
    for cell in cells(path, "code")[1:]:
        tree = ast.parse(re.sub(r"^\s*[%!].*", "", source(cell), flags=re.M))
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("lyricgen."):
                module = importlib.import_module(node.module)
                for alias in node.names:
                    value = getattr(module, alias.name)
                    assert not callable(value) or inspect.getdoc(value), (
                        f"{node.module}.{alias.name}"
                    )
