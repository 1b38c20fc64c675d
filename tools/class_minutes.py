"""Says how long each notebook takes a class: reading, code, exercises and running.

    python tools/class_minutes.py            a table of all notebooks

A word of prose takes 1/120 of a minute, a code cell a minute and a half, an exercise
five minutes; the time that the cells run was measured by tools/run_notebooks.py. A
student alone, who does the open task too, needs up to twice as long.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import NamedTuple

import course

WORDS_A_MINUTE = 120
MINUTES_A_CODE_CELL = 1.5
MINUTES_AN_EXERCISE = 5

# Books of reference, of which nobody teaches all in one lesson.
REFERENCE = {"notation"}

# An exercise begins with its number in bold: **2.** or **Exercise 2: ...**
EXERCISE = re.compile(r"^\*\*(?:Exercise )?\d+[.:]", re.MULTILINE)


class Size(NamedTuple):
    """Holds what a class's time follows from; `seconds` is how long the cells run."""

    words: int
    code_cells: int
    exercises: int
    seconds: float

    @property
    def minutes(self) -> float:
        """The minutes in class."""
        reading = self.words / WORDS_A_MINUTE
        code = self.code_cells * MINUTES_A_CODE_CELL
        return reading + code + self.exercises * MINUTES_AN_EXERCISE + self.seconds / 60


def words_of(text: str) -> int:
    """Returns the number of words of a Markdown text; a formula is one word."""
    text = re.sub(r"\$\$.*?\$\$|\$[^$]*\$", " formula ", text, flags=re.DOTALL)
    text = re.sub(r"\]\([^)]*\)", "]", text)
    return len(re.findall(r"\w[\w'’-]*", text))


def size_of(path: Path, seconds: float) -> Size:
    """Returns the size of a notebook without header, set-up and reading list."""
    cells = json.loads(path.read_text("utf-8"))["cells"][2:]
    prose = "\n\n".join("".join(c["source"]) for c in cells if c["cell_type"] == "markdown")
    exercises = len(EXERCISE.findall(prose))
    prose = prose.partition("## Read on")[0]
    code_cells = sum(cell["cell_type"] == "code" for cell in cells)
    return Size(words_of(prose), code_cells, exercises, seconds)


def main() -> int:
    times = json.loads(course.TIMES.read_text("utf-8"))
    print(f"{'notebook':32} words  code  exercises  run (s)  minutes")
    for row in sorted(course.COURSE, key=lambda row: row.name):
        size = size_of(row.path, times[row.name])
        print(
            f"{row.name:32} {size.words:5}  {size.code_cells:4}  {size.exercises:9}  "
            f"{size.seconds:7.0f}  {size.minutes:7.0f}"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
