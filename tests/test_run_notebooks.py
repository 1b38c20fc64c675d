"""The tool that stores outputs stores all of them, in a form that stays as it is."""

import base64
from pathlib import Path

import nbformat
import run_notebooks

ROOT = Path(__file__).resolve().parents[1]

SOURCE = """import sys, time
sys.path.insert(0, {root!r})
from lyricgen import show
for word in ("one", "two"):
    print(word, flush=True)
    time.sleep(0.3)
fig, ax = show.axes(2, 1)
ax.plot([0, 1])
show.figure(fig, "A line: 春")
print("three")"""


def test_new_pictures_are_stored_where_only_pictures_differ(tmp_path, monkeypatch):
    monkeypatch.setenv("LYRICGEN_MODE", "smoke")
    path = tmp_path / "line.ipynb"
    cell = nbformat.v4.new_code_cell(SOURCE.format(root=str(ROOT)))
    nbformat.write(nbformat.v4.new_notebook(cells=[cell]), path)
    run_notebooks.run(path, "smoke")
    first = path.read_bytes()
    assert first == (nbformat.writes(nbformat.read(path, 4)) + "\n").encode()
    assert "春".encode() in first, "letters are written as they are"

    book = nbformat.read(path, 4)
    printed, picture, caption, last = book.cells[0].outputs
    assert printed.text == "one\ntwo\n" and last.text == "three\n"
    assert caption.data["text/plain"] == "A line: 春"
    picture.data["image/png"] = base64.b64encode(b"an older picture").decode()
    run_notebooks.write(book, path)
    run_notebooks.run(path, "smoke")
    assert path.read_bytes() == first


def test_texts_are_joined_only_where_nothing_stands_between():
    outputs = [
        nbformat.v4.new_output("stream", text="a\n"),
        nbformat.v4.new_output("stream", text="b\n"),
        nbformat.v4.new_output("stream", name="stderr", text="c\n"),
        nbformat.v4.new_output("display_data", {"text/plain": "<figure>"}),
        nbformat.v4.new_output("stream", text="d\n"),
    ]
    joined = run_notebooks.join_streams(outputs)
    assert [output.get("text") for output in joined] == ["a\nb\n", "c\n", None, "d\n"]
