"""Runs notebooks and stores their real outputs: python tools/run_notebooks.py [NAME ...]. Nobody saves a notebook by hand.

Outputs are stored in lesson mode, which also measures the times in the headers. What a run prints differently each time is kept out:
no widget state, no times, cell ids by place, and a picture that says the same as before stays as it was.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from pathlib import Path

# ipykernel lets C libraries write to a cell's stderr unless it thinks it is under pytest; nbval runs under pytest, so must this
os.environ["PYTEST_CURRENT_TEST"] = "stored"
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

sys.path.insert(0, str(Path(__file__).resolve().parent))
import course  # noqa: E402
import nbformat  # noqa: E402
from nbclient import NotebookClient  # noqa: E402
from nbclient.exceptions import CellExecutionError  # noqa: E402

PICTURES = ("image/png", "image/svg+xml")


def texts(outputs: list) -> list:
    """Everything in a cell's outputs that is not a picture."""
    return [
        [
            o.get("name"),
            o.get("text"),
            {k: v for k, v in o.get("data", {}).items() if k not in PICTURES},
        ]
        for o in outputs
    ]


def keep_pictures(new: list, old: list) -> list:
    """The new outputs; but the old ones where only pictures differ, so that git does not grow by them."""
    return (
        old
        if new != old
        and texts(new) == texts(old)
        and any(o.get("data", {}).keys() & set(PICTURES) for o in new)
        else new
    )


def run(path: Path, mode: str) -> float:
    """Runs one notebook from top to bottom in a fresh kernel, stores its outputs, and returns the seconds it took."""
    book = nbformat.read(path, as_version=4)
    before = {cell.id: cell.get("outputs", []) for cell in book.cells}
    sources = {cell.id: cell.source for cell in book.cells}
    os.environ["LYRICGEN_MODE"] = mode
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
            cell.outputs = (
                keep_pictures(cell.outputs, before.get(cell.id, []))
                if sources.get(cell.id) == cell.source
                else cell.outputs
            )
            cell.metadata.pop("execution", None)
    book.metadata = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    path.write_text(json.dumps(book, ensure_ascii=False, indent=1) + "\n", "utf-8")
    return seconds


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
