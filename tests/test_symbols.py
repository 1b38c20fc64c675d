"""The tables of the notebook notation hold every symbol of every formula."""

import json
import re
from pathlib import Path
from typing import NamedTuple

import course
import pytest
from pypinyin import Style, lazy_pinyin
from test_notebooks import BOOKS, cells, label, source

NOTATION = course.find("notation").path
WORD = re.compile(r"\S+")

ALPHABET = WORD.findall(
    "alpha beta gamma delta varepsilon zeta eta theta iota kappa lambda mu nu xi pi rho sigma "
    "tau upsilon phi chi psi omega"
)
GREEK = {*ALPHABET, *(letter.title() for letter in ALPHABET)}
# One sign, written in several ways.
SAME = {
    "epsilon": "varepsilon",
    "rVert": "lVert",
    "rvert": "lvert",
    "rfloor": "lfloor",
    "overline": "bar",
    "Longrightarrow": "Rightarrow",
    "|": "Vert",
}
# What a reader knows from school.
SCHOOL = WORD.findall(
    "frac tfrac dfrac sqrt cdot times pm approx neq ne ge geq le leq lt gt ll gg infty "
    "min max sin cos dots ldots cdots to"
)
LAYOUT = WORD.findall(
    "quad qquad left right big Big bigg bigl bigr Bigl Bigr middle underset overset underbrace "
    "mathbb mathcal mathbf limits displaystyle begin end left. right."
)
# Notebooks whose formulas count as one page of reference: their letters have rows, but
# the rows name the notebooks that teach them.
REFERENCE = {NOTATION.stem}


class Symbols(NamedTuple):
    """What a formula is made of: letters, signs, and the names of functions."""

    letters: set[str]
    signs: set[str]
    functions: set[str]


def read_symbols(tex: str) -> Symbols:
    """Takes a formula apart. Words in \\text are no symbols."""
    words = re.compile(r"\\(?:text|textit|mathit)\{[^{}]*\}")
    while words.search(tex):
        tex = words.sub(" ", tex)
    functions = set()
    for word in re.findall(r"\\(?:mathrm|operatorname)\{(\w+)\}", tex):
        if len(word) > 1:
            functions.add(word)
    tex = re.sub(r"\\(?:mathrm|operatorname)\{\w{2,}\}", " ", tex)
    tex = re.sub(r"\\(?:mathrm|operatorname|mathbb)\b", " ", tex)
    commands = re.findall(r"\\([A-Za-z]+|\|)", tex)
    letters = set(re.findall(r"[A-Za-z]", re.sub(r"\\(?:[A-Za-z]+|.)", " ", tex)))
    signs = set()
    for command in commands:
        name = SAME.get(command, command)
        if name in GREEK:
            letters.add("\\" + name)
        elif name not in SCHOOL + LAYOUT:
            signs.add("\\" + name)
    return Symbols(letters, signs, functions)


def formulas(path: Path) -> list[str]:
    """The formulas in a notebook's text, without what is code."""
    found = []
    for cell in cells(path, "markdown"):
        text = re.sub(r"```.*?```", "", source(cell), flags=re.S)
        text = re.sub(r"`[^`\n]*`", "", text)
        for display, inline in re.findall(r"\$\$(.+?)\$\$|\$([^$]+?)\$", text, re.S):
            found.append(display or inline)
    return found


def symbols_of(path: Path) -> Symbols:
    """All that a notebook's formulas are made of."""
    parts = [read_symbols(tex) for tex in formulas(path)]
    return Symbols(*(set().union(*sets) for sets in zip(Symbols(set(), set(), set()), *parts)))


def tables(path: Path = NOTATION) -> dict[str, list[list[str]]]:
    """The rows of each table by its section and the name of its first column."""
    found: dict[str, list[list[str]]] = {}
    for cell in cells(path, "markdown"):
        lines = source(cell).splitlines()
        heading = next((line.strip("# ") for line in lines if line.startswith("#")), "")
        name = ""
        for before, line in zip(["", *lines], lines):
            if not line.startswith("|"):
                continue
            row = [value.strip() for value in line.strip("|").split("|")]
            if not before.startswith("|"):
                name = f"{heading}: {row[0]}"
                found[name] = []
            elif not set(line) <= set("|- "):
                found[name].append(row)
    return found


LETTERS = [*tables()["Latin letters: letter"], *tables()["Greek letters: letter"]]


def letter_of(row: list[str]) -> str:
    """The one letter that a row of the two tables explains."""
    letters = read_symbols(row[0].strip("$")).letters
    assert len(letters) == 1, row
    return letters.pop()


def notebooks_of(row: list[str]) -> tuple[str, list[str]]:
    """The last column of a row: "from" or "only", and the notebooks' names."""
    kind, _, links = row[3].partition(" ")
    names = re.findall(r"\[(\w\d)\]\((\w+)\.ipynb\)", links)
    assert kind in ("from", "only") and names, row
    assert all(name.startswith(number) for number, name in names), row
    return kind, [name for _, name in names]


def place(name: str) -> int:
    """A notebook's place in the order of reading."""
    return [row.name for row in course.order()].index(name)


def missing(path: Path) -> list[str]:
    """The letters of a notebook that the tables do not explain for it."""
    rows: dict[str, list[tuple[str, list[str]]]] = {}
    for row in LETTERS:
        rows.setdefault(letter_of(row), []).append(notebooks_of(row))
    unknown = []
    for letter in sorted(symbols_of(path).letters):
        explained = path.stem in REFERENCE and letter in rows
        for kind, names in rows.get(letter, []):
            explained |= kind == "from" or path.stem in names
        if not explained:
            unknown.append(letter)
    return unknown


@pytest.mark.parametrize("path", BOOKS, ids=label)
def test_every_letter_of_every_formula_has_a_row(path):
    assert not missing(path), f"the table of letters in {NOTATION.name} lacks these"


@pytest.mark.parametrize("path", BOOKS, ids=label)
def test_every_sign_and_function_of_every_formula_has_a_row(path):
    signs, functions = set(), set()
    for row in tables()["Signs and functions: sign"] + tables()["Signs and functions: function"]:
        found = read_symbols(row[0].strip("$"))
        signs |= found.signs
        functions |= found.functions
        # artanh and the like stand beside the function that they belong to
        functions |= set(re.findall(r"\\operatorname\{(\w+)\}", row[1]))
    used = symbols_of(path)
    assert used.signs <= signs and used.functions <= functions


def test_a_letter_has_one_meaning_or_names_the_notebooks():
    general, special = set(), set()
    for row in LETTERS:
        letter = letter_of(row)
        kind, names = notebooks_of(row)
        for name in names:
            assert (letter, name) not in special, f"{letter} has two meanings only in {name}"
            if kind == "only":
                special.add((letter, name))
        if kind == "from":
            assert letter not in general, f"{letter} has two meanings without a notebook"
            assert len(names) == 1, row
            general.add(letter)


def test_letters_and_terms_are_sorted():
    for name, rows in tables().items():
        if name == "Greek letters: letter":
            letters = [letter.strip("\\") for letter in map(letter_of, rows)]
            assert letters == sorted(letters, key=ALPHABET.index)
        elif name == "Latin letters: letter":
            letters = list(map(letter_of, rows))
            assert letters == sorted(letters, key=lambda letter: (letter.lower(), letter.isupper()))
        elif name.endswith(": term"):
            terms = [row[0].lower() for row in rows]
            assert terms == sorted(terms) and len(terms) == len(set(terms))


# A character has several readings, and these words have not the usual one.
READINGS = {
    "时间差": "shíjiānchā",
    "乐句": "yuèjù",
    "钢琴卷帘": "gāngqínjuǎnlián",
    "曲": "qǔ",
    "容差": "róngchā",
    "重参数化": "chóngcānshùhuà",
}


def test_each_chinese_term_has_its_pinyin():
    checked = 0
    for name, rows in tables().items():
        for _, chinese, *_ in rows if name.endswith(": term") else []:
            characters = "".join(re.findall(r"[\u4e00-\u9fff]", chinese))
            last = max(chinese.rfind(character) for character in characters)
            pinyin = re.sub(r"LSTM|F1|[\s']", "", chinese[last + 1 :])
            usual = "".join(lazy_pinyin(characters, style=Style.TONE))
            assert pinyin == READINGS.get(characters, usual), chinese
            checked += 1
    assert checked > 120


def test_each_term_links_to_a_notebook_or_has_a_dash():
    names = {row.name for row in course.COURSE}
    dashes = 0
    for title, rows in tables().items():
        for row in rows if title.endswith(": term") else []:
            number, name = (re.findall(r"\[(\w\d)\]\((\w+)\.ipynb\)", row[3]) or [("", "")])[0]
            dashes += row[3] == "—"
            assert row[3] == "—" or (name in names and name.startswith(number)), row
    assert dashes <= 4


def test_a_formula_is_taken_apart():
    assert read_symbols(r"x \text{ or \textit{both} of them}").letters == {"x"}
    found = read_symbols(
        r"dW_{ij} = \hat g\,\mathrm{softmax}(a_t) \circ \text{limit} + \mathbb E_q"
    )
    assert found.letters == set("dWijgatEq")
    assert found.signs == {r"\hat", r"\circ"} and found.functions == {"softmax"}
    assert read_symbols(r"\lVert\sigma^2\rVert \frac12 \quad \epsilon").letters == {
        "\\sigma",
        "\\varepsilon",
    }
    assert read_symbols(r"\|x\| \Longrightarrow y").signs == {r"\Vert", r"\Rightarrow"}


def test_an_unknown_letter_is_found(tmp_path):
    cell = {"cell_type": "markdown", "source": ["$Y = \\psi(x)$ and `$G$` in code"]}
    path = tmp_path / "01_lstm_gates.ipynb"
    path.write_text(json.dumps({"cells": [cell]}))
    assert missing(path) == ["Y", "\\psi"]
    cell["source"] = ["$Q^2$"]
    path.write_text(json.dumps({"cells": [cell]}))
    assert missing(path) == ["Q"], "a row of another notebook alone does not explain it"
