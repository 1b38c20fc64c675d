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
    "widehat": "hat",
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
            begun = kind == "from" and place(names[0]) <= place(path.stem)
            explained |= begun or path.stem in names
        if not explained:
            unknown.append(letter)
    return unknown


@pytest.mark.parametrize("path", BOOKS, ids=label)
def test_every_letter_of_every_formula_has_a_row(path):
    assert not missing(path), f"the table of letters in {NOTATION.name} lacks these"


def test_a_lasting_meaning_begins_with_the_first_notebook_that_has_the_letter():
    special = set()
    for row in LETTERS:
        kind, names = notebooks_of(row)
        special |= {(letter_of(row), name) for name in names if kind == "only"}
    for row in LETTERS:
        kind, names = notebooks_of(row)
        for notebook in course.order()[: place(names[0])] if kind == "from" else []:
            letters = symbols_of(notebook.path).letters
            assert letter_of(row) not in letters or (letter_of(row), notebook.name) in special


def test_a_notebook_that_a_row_names_has_the_letter():
    for row in LETTERS:
        for name in notebooks_of(row)[1]:
            letters = symbols_of(course.NOTEBOOKS / f"{name}.ipynb").letters
            assert letter_of(row) in letters, f"{name} has no formula with {row[0]}"


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


def row_order(row: list[str], alphabet: list[str]) -> tuple[int, bool, int]:
    """By letter, capitals after small ones, then by the first notebook of the row."""
    letter = letter_of(row).strip("\\")
    first = place(notebooks_of(row)[1][0])
    return alphabet.index(letter.lower()), letter.isupper(), first


def test_letters_and_terms_are_sorted():
    latin = [chr(code) for code in range(ord("a"), ord("z") + 1)]
    for name, rows in tables().items():
        if name.endswith(" letters: letter"):
            alphabet = ALPHABET if name.startswith("Greek") else latin
            keys = [row_order(row, alphabet) for row in rows]
            assert keys == sorted(keys), name
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


# Words of which the plural is not the only other form.
FORMS = {
    "corpus": "corpus|corpora",
    "interpolation": r"interpolat\w+",
    "KL": r"KL|Kullback-Leibler",
    "leakage": r"leak(?:age|s)?",
    "overfitting": r"overfit\w*",
    "quantising": r"quantis\w+",
    "transposition": r"transpos\w+",
    "VAE": r"VAEs?|variational\s+autoencoders?",
    "vocabulary": "vocabulary|vocabularies",
}
# Notebooks that use the word in another meaning than the table.
OTHER_MEANINGS = {
    # the verb
    "beat": ("start_here", "counting_words", "training_a_language_model"),
    # an event of a MIDI file
    "event": ("reading_midi",),
    # an interval of confidence
    "interval": ("four_corpora",),
    # a model that is mixed with another
    "interpolation": ("counting_words",),
    # the cost over a training
    "learning curve": ("training_a_language_model",),
    # a phrase of a text
    "phrase": ("start_here", "four_corpora", "melody_dataset"),
    # the learning rate
    "rate": tuple(row.slug for row in course.order() if row.name < "09"),
    # the verb, and the scale of a figure
    "scale": ("lstm_gates", "counting_words", "writing_lyrics", "four_corpora"),
    # a step of a network, of a training, of a proof
    "step": tuple(row.slug for row in course.order() if row.name < "09"),
    # a part of the longer term
    "autoencoder": ("start_here",),
}


def shown(cell: dict) -> str:
    """The text that a cell shows: its own, or its outputs without markup."""
    if cell["cell_type"] == "markdown":
        text = re.split(r"^## Read on", source(cell), flags=re.M)[0]
        text = re.sub(r"```.*?```", " ", text, flags=re.S)
        return re.sub(r"\]\([^)]*\)", "]", text)
    parts = []
    for output in cell["outputs"]:
        data = output.get("data", {})
        page = "".join(data.get("text/html", ""))
        page = re.sub(r"<(script|style)\b.*?</\1>|<[^>]*>", " ", page, flags=re.S)
        parts += ["".join(output.get("text", "")), page or "".join(data.get("text/plain", ""))]
    return " ".join(parts)


def texts() -> dict[str, str]:
    """What each notebook shows by its name, without header and reading list."""
    found = {}
    for row in course.order():
        if row.path != NOTATION:
            found[row.name] = " ".join(shown(cell) for cell in cells(row.path)[2:])
    return found


def first_use(term: str, texts: dict[str, str]) -> str | None:
    """The first notebook that uses a term in the meaning of the table."""
    words = r"[\s-]+".join(re.escape(word) for word in re.split(r"[\s-]+", term))
    form = FORMS.get(term, f"{words}(?:e?s)?")
    pattern = re.compile(rf"(?<![\w\\-])(?:{form})(?![\w-])", re.I)
    for name, text in texts.items():
        if course.slug_of(name) not in OTHER_MEANINGS.get(term, ()) and pattern.search(text):
            return name
    return None


def test_each_term_names_the_notebook_that_uses_it_first():
    found = texts()
    wrong, dashes = [], 0
    for title, rows in tables().items():
        for row in rows if title.endswith(": term") else []:
            name = first_use(row[0], found)
            link = f"[{name[:2]}]({name}.ipynb)" if name else "—"
            dashes += name is None
            if row[3] != link:
                wrong.append((row[0], row[3], link))
    assert not wrong, f"term, in {NOTATION.name}, used first"
    assert dashes <= 4


def test_each_sign_names_the_notebook_that_writes_it_first():
    first: dict[str, str] = {}
    for row in course.order():
        if row.path != NOTATION:
            found = symbols_of(row.path)
            for symbol in found.signs | found.functions:
                first.setdefault(symbol, row.name)
    checked = 0
    for row in tables()["Signs and functions: sign"] + tables()["Signs and functions: function"]:
        found = read_symbols(row[0].strip("$"))
        # the bars of KL(q || p) occur elsewhere
        symbols = found.functions or found.signs
        uses = [first[symbol] for symbol in symbols if symbol in first]
        # a T above a matrix is no sign of its own, only its other form is
        if uses and "transposed" not in row[1]:
            name = min(uses, key=place)
            assert row[2] == f"[{name[:2]}]({name}.ipynb)", row
            checked += 1
    assert checked > 20


def test_a_term_is_found_where_it_is_used_first():
    found = {"00_start_here": "it has to beat it", "09_reading_midi": "two beats \\bar"}
    assert first_use("beat", found) == "09_reading_midi"
    assert first_use("bar", found) is None
    assert first_use("near-duplicate", {"08_four_corpora": "two near\nduplicates"})


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
