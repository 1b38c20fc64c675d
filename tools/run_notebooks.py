"""Runs notebooks and stores their outputs: python tools/run_notebooks.py [NAME ...].

Nobody saves a notebook by hand. Outputs are stored in lesson mode, which also measures
the times in the headers, and all of them as they came, pictures and sounds too. The
state of widgets and the times of cells, which differ with each run, are left out.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from pathlib import Path

import course
import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError


def prepare(mode: str) -> None:
    """Sets the environment of the kernels that are started from here."""
    # ipykernel lets C libraries write to a cell's stderr unless it thinks that it is
    # under pytest; nbval runs under pytest, so must this
    os.environ["PYTEST_CURRENT_TEST"] = "stored"
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    os.environ["LYRICGEN_MODE"] = mode


def run(path: Path, mode: str) -> float:
    """Runs a notebook in a fresh kernel, stores its outputs and returns the seconds."""
    book = nbformat.read(path, as_version=4)
    prepare(mode)
    client = NotebookClient(
        book,
        timeout=1800,
        kernel_name="python3",
        resources={"metadata": {"path": str(path.parent)}},
        store_widget_state=False,
        record_timing=False,
    )
    began = time.perf_counter()
    client.execute()
    seconds = time.perf_counter() - began
    for cell in book.cells:
        if cell.cell_type == "code":
            cell.outputs = join_streams(cell.outputs)
            cell.metadata.pop("execution", None)
    book.metadata = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    write(book, path)
    return seconds


def join_streams(outputs: list) -> list:
    """Joins texts printed one after the other: where a kernel cuts them is chance."""
    joined: list = []
    for output in outputs:
        last = joined[-1] if joined else {}
        if output.output_type == "stream" and output.name == last.get("name"):
            last.text += output.text
        else:
            joined.append(output)
    return joined


def write(book: nbformat.NotebookNode, path: Path) -> None:
    """Writes a notebook in nbformat's own form, which `ruff format` leaves as it is."""
    path.write_text(nbformat.writes(book, version=4) + "\n", "utf-8")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "names",
        nargs="*",
        help="notebooks, with or without .ipynb; all of the course when nothing is said",
    )
    parser.add_argument("--mode", default="lesson", choices=("smoke", "lesson", "full"))
    chosen = parser.parse_args()
    paths = [course.NOTEBOOKS / (name.removesuffix(".ipynb") + ".ipynb") for name in chosen.names]
    paths = paths or [row.path for row in course.order()] + sorted(
        (course.NOTEBOOKS / "solutions").glob("*.ipynb")
    )
    times = json.loads(course.TIMES.read_text()) if course.TIMES.exists() else {}
    failed = 0
    for path in paths:
        rows = [row for row in course.COURSE if row.path == path]
        for row in rows:
            course.write(row)
        try:
            seconds = run(path, chosen.mode)
        except CellExecutionError as error:
            print(f"{path.name}: {error}", file=sys.stderr)
            failed += 1
            continue
        print(f"{path.name}: {seconds:.1f} s")
        if chosen.mode == "lesson" and rows:
            times[rows[0].name] = round(seconds, 1)
            course.TIMES.parent.mkdir(exist_ok=True)
            course.TIMES.write_text(json.dumps(dict(sorted(times.items())), indent=1) + "\n")
            course.write(rows[0])
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
