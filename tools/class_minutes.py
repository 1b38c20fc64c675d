"""Says how long each notebook takes a class: reading, code, exercises and running.

    python tools/class_minutes.py            a table of all notebooks

A word of prose takes 1/120 of a minute, a code cell a minute and a half, an exercise
five minutes; the time that the cells run was measured by tools/run_notebooks.py. A
student alone, who does the open task too, needs up to twice as long.
"""

from __future__ import annotations

import json
import sys

import course


def main() -> int:
    times = json.loads(course.TIMES.read_text("utf-8"))
    print(f"{'notebook':32} words  code  exercises  run (s)  minutes")
    for row in sorted(course.COURSE, key=lambda row: row.name):
        size = course.size_of(row.path, times[row.name])
        print(
            f"{row.name:32} {size.words:5}  {size.code_cells:4}  {size.exercises:9}  "
            f"{size.seconds:7.0f}  {size.minutes:7.0f}"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
