"""Every notebook keeps its shape.

It has real outputs, one header, few ignored cells and solved exercises; functions and
notebooks name each other.
"""

import ast
import importlib
import inspect
import json
import re
from pathlib import Path

import course
import pytest
from test_check import EXERCISES

from lyricgen.drawings import course as drawn_course

ROOT = Path(__file__).resolve().parents[1]

BOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
SOLUTIONS = sorted((ROOT / "notebooks" / "solutions").glob("*.ipynb"))


def label(path: Path) -> str:
    """The name of a test's case: the slug, and the folder for a solution."""
    slug = course.slug_of(path.stem)
    return slug if path.parent == course.NOTEBOOKS else f"{path.parent.name}/{slug}"


books = pytest.mark.parametrize("path", BOOKS, ids=label)
all_books = pytest.mark.parametrize("path", BOOKS + SOLUTIONS, ids=label)


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


# Units that store so much sound that they may take 900 kB.
WITH_SOUND = {
    "reading_midi",
    "training_musicvae",
    "sampling_musicvae",
    "exploring_latent_space",
    "longer_melodies",
}


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
            expected = output["output_type"] != "error" or "raises-exception" in tags(cell)
            assert expected, source(cell)
    # without the pictures, in whose base64 anything may stand
    text = re.sub(r"[A-Za-z0-9+/=]{200,}", "", path.read_text("utf-8"))
    absolute = r"(?<![\w./<])/(?:home|root|Users|work|tmp|content/drive)/\w+|[A-Z]:\\\\"
    found = re.search(absolute, text)
    assert not found, f"an absolute path: {found and found[0]}"
    limit = 900_000 if label(path) in WITH_SOUND else 400_000
    assert path.stat().st_size < limit, f"a notebook is under {limit // 1000} kB"
    assert len({cell["id"] for cell in book["cells"]}) == len(book["cells"])


def has_words(output: dict) -> bool:
    """Whether an output was printed, or is a caption: no <figure>, no <IPython ...>."""
    text = "".join(output.get("data", {}).get("text/plain", "<"))
    return "text" in output or not text.startswith("<")


# Units that are still as long as they were before the course was cut into lessons.
LONG = {
    "reading_the_article",
}


@books
def test_a_unit_fits_a_lesson(path):
    """At most 40 cells, 20 lines in a code cell, and 50 to 80 minutes of class."""
    slug = course.slug_of(path.stem)
    if slug in LONG:
        pytest.skip("not yet cut into lessons")
    after_setup = cells(path, "code")[1:]
    longest = max(after_setup, key=lambda cell: len(cell["source"]))
    assert len(longest["source"]) <= 20, source(longest)
    if slug not in course.REFERENCE:
        assert len(cells(path)) <= 40
        times = json.loads(course.TIMES.read_text("utf-8"))
        minutes = course.size_of(path, times[path.stem]).minutes
        assert 50 <= round(minutes) <= 80, f"{minutes:.0f} minutes by tools/class_minutes.py"


# Units in which trainings run live: what they print differs between processors.
LIVE = {"posterior_collapse"}


@books
def test_few_outputs_are_ignored(path):
    """At most a quarter of the cells, or half where trainings run live."""
    code = cells(path, "code")
    most = len(code) / (2 if course.slug_of(path.stem) in LIVE else 4)
    picture = {"image/png", "text/html", "application/vnd.jupyter.widget-view+json"}
    ignored = []
    for cell, following in zip(code, [*code[1:], {"outputs": [], "metadata": {}}]):
        if {"nbval-ignore-output", "nbval-skip"} & set(tags(cell)):
            kinds = {
                kind for output in cell["outputs"] for kind in output.get("data", {"stream": ""})
            }
            shown_only = kinds and kinds <= picture | {"text/plain"}
            compared = any(
                has_words(output) for output in following["outputs"]
            ) and "nbval-ignore-output" not in tags(following)
            ignored += [] if shown_only and compared else [source(cell)[:60]]
    assert len(ignored) <= most, ignored
    assert not any("nbval-skip" in tags(cell) for cell in code)
    assert not any("NBVAL" in source(cell) for cell in code), "tags, not comments"


@books
def test_links_lead_somewhere(path):
    prose = "".join(source(cell) for cell in cells(path, "markdown"))
    for target in re.findall(r"\]\(([^)#]+?)(?:#[^)]*)?\)", prose):
        if not target.startswith("http"):
            assert (path.parent / target).exists(), target


@books
def test_terms_stand_in_the_notation(path):
    row = next(row for row in course.COURSE if row.path == path)
    explained = set()
    for cell in cells(course.find("notation").path, "markdown"):
        for line in source(cell).splitlines():
            if line.startswith("|"):
                explained.add(line.split("|")[1].strip().lower())
    assert not [term for term in row.terms if term.lower() not in explained]


def used(path: Path) -> set[str]:
    """The exercises that a notebook asks, as `slug.name`.

    It imports its own file of `lyricgen.exercises`, the one of its slug, as `check`.
    """
    text = "\n".join(source(cell) for cell in cells(path, "code"))
    modules = re.findall(r"from lyricgen\.exercises import (\w+) as check", text)
    slug = course.slug_of(path.stem)
    assert modules in ([], [slug])
    asked = re.findall(r"\bcheck\.(\w+)\(", text) if modules else []
    return {f"{slug}.{name}" for name in asked}


@books
def test_each_exercise_has_its_form_in_the_notebook_and_a_solution_that_passes(path):
    asked = used(path)
    assert asked <= set(EXERCISES)
    solution = path.parent / "solutions" / path.name
    if path.name[0] == "A" and not asked:
        assert not solution.exists(), "solutions of no exercise"
        pytest.skip("an appendix may have no exercises")
    assert asked, "a notebook ends with exercises"
    assert used(solution) == asked
    for book, verdict in ((path, "Your answer:"), (solution, "Right.")):
        for cell in cells(book, "code"):
            if re.search(r"^check\.\w+\(", source(cell), re.M):
                printed = ["".join(output.get("text", "")) for output in cell["outputs"]]
                assert verdict in "".join(printed), source(cell)


def test_every_exercise_stands_in_a_notebook():
    asked = set().union(*(used(path) for path in BOOKS))
    unused = {name for name in EXERCISES if name not in asked}
    written = {row.slug for row in course.COURSE}
    assert not unused or written != course.slugs(), unused


def public_functions():
    """The public functions and classes of lyricgen: module, name and docstring."""
    for path in sorted((ROOT / "lyricgen").rglob("*.py")):
        if path.name.startswith("__") or path.parent.name in ("exercises", "cli"):
            continue
        tree = ast.parse(path.read_text("utf-8"))
        for node in ast.walk(tree):
            if isinstance(node, (ast.FunctionDef, ast.ClassDef)) and not node.name.startswith("_"):
                yield path.stem, node.name, ast.get_docstring(node) or ""


def named_notebooks(doc: str) -> list[str]:
    """The slugs on the lines of a docstring that begin with Notebook."""
    named = []
    for line in re.findall(r"^\s*Notebook: (.+)", doc, re.MULTILINE):
        named += [name.strip() for name in line.split(",")]
    return named


def test_a_docstring_names_notebooks_by_slug():
    doc = "Adds.\n\n    Notebook: lstm_gates, notation\n    "
    assert named_notebooks(doc) == ["lstm_gates", "notation"]
    assert named_notebooks("Notebook: lstm gates") == ["lstm gates"], "and no slug of the table"
    assert "01_lstm_gates" not in course.slugs()
    assert named_notebooks("A notebook: none.") == []
    assert {"lstm_gates", "notation", "reading_the_article"} <= course.slugs()


def test_functions_and_notebooks_name_each_other():
    texts = {row.slug: "".join(map(source, cells(row.path))) for row in course.COURSE}
    for module, function, doc in public_functions():
        for slug in named_notebooks(doc):
            name = f"{module}.{function}"
            assert slug in course.slugs(), f"{name} names {slug}, which is not in the table"
            if slug in texts:
                mentioned = re.search(rf"\b{function}\b", texts[slug])
                assert mentioned, f"{slug} never mentions {name}"


@books
def test_what_a_notebook_imports_has_a_docstring(path):
    for cell in cells(path, "code")[1:]:
        tree = ast.parse(re.sub(r"^\s*[%!].*", "", source(cell), flags=re.M))
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("lyricgen."):
                module = importlib.import_module(node.module)
                for alias in node.names:
                    name = f"{node.module}.{alias.name}"
                    value = getattr(module, alias.name, None) or importlib.import_module(name)
                    explained = not callable(value) or inspect.getdoc(value)
                    assert explained, name


def test_the_map_has_the_units_of_the_table():
    planned = [name for name, _ in course.PLANNED]
    assert set(drawn_course.NEEDS) == {*(row.name for row in course.COURSE), *planned}
    existing, missing = drawn_course.units_in(course.NOTEBOOKS)
    assert {unit.name for unit in existing} == {row.name for row in course.COURSE}
    assert {unit.name for unit in missing} == set(planned)
