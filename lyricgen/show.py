"""What a notebook shows: figures, players, pages and menus.

Each comes with a sentence that describes it.
"""

from __future__ import annotations

import html
import io
from collections.abc import Callable, Sequence

import numpy as np

from lyricgen.player import (
    NAMED_PITCHES,
    image_html,
    page_html,
    player_html,
    to_base64,
)

# Okabe and Ito's palette, which colour-blind readers can tell apart. Here light and
# dark colours alternate, so that it can be printed in grey.
BLUE = "#0072B2"
ORANGE = "#E69F00"
GREEN = "#009E73"
PINK = "#CC79A7"
SKY = "#56B4E9"
RED = "#D55E00"
YELLOW = "#F0E442"
BLACK = "#000000"
PALETTE = (BLUE, ORANGE, GREEN, PINK, SKY, RED, YELLOW, BLACK)

# What stands below meanings of Chinese words: their licence asks for it.
GLOSS_SOURCE = "Word meanings from CC-CEDICT, CC BY-SA 4.0, some chosen for verse."


def axes(width: float = 7.0, height: float = 3.0, rows: int = 1, columns: int = 1, **options):
    """Makes a figure and its axes in the course's style: `fig, ax = axes()`.

    Sizes are in inches; options are those of `Figure.subplots`. `figure` shows it.
    """
    from cycler import cycler
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    fig = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(fig)
    grid = fig.subplots(rows, columns, **options)
    for ax in np.ravel(grid):
        ax.spines[["top", "right"]].set_visible(False)
        ax.grid(color="#dddddd", linewidth=0.6)
        ax.set_axisbelow(True)
        ax.set_prop_cycle(cycler(color=PALETTE))
    return fig, grid


def png(fig, dpi: int = 100, colors: int = 0) -> bytes:
    """Returns a figure as PNG bytes, with as many colors if that is not 0."""
    file = io.BytesIO()
    # optimize: the same pixels in fewer bytes, which a notebook of six drawings needs
    fig.savefig(file, format="png", dpi=dpi, pil_kwargs={"optimize": True})
    if not colors:
        return file.getvalue()
    from PIL import Image

    fewer = io.BytesIO()
    picture = Image.open(file).convert("RGB").quantize(colors, dither=Image.Dither.NONE)
    picture.save(fewer, format="png", optimize=True)
    return fewer.getvalue()


def figure(fig, sentence: str, colors: int = 0) -> None:
    """Shows a figure and, under it, a sentence that says what is to be seen.

    The sentence is the picture's alternative text as well, for those who cannot see it.
    With `colors` a large drawing of few colors takes a third of the bytes.
    """
    from IPython.display import display

    picture, metadata = _picture(fig, sentence, colors)
    display(picture, metadata=metadata, raw=True)
    display(_caption(sentence), raw=True)


def live() -> Callable[..., None]:
    """Makes a place for a figure that changes: a function, called as `figure` is.

    Each call replaces the figure and the sentence that stood there before.
    """
    from IPython.display import DisplayHandle

    place = DisplayHandle()
    words = DisplayHandle()
    for handle in (place, words):
        handle.display({"text/plain": ""}, raw=True)

    def show_again(fig, sentence: str, colors: int = 0) -> None:
        picture, metadata = _picture(fig, sentence, colors)
        place.update(picture, metadata=metadata, raw=True)
        words.update(_caption(sentence), raw=True)

    return show_again


def _picture(fig, sentence: str, colors: int = 0) -> tuple[dict, dict]:
    """Returns a figure as the data of an output, and its metadata with the alt text."""
    data = {"image/png": to_base64(png(fig, colors=colors)), "text/plain": "<figure>"}
    return data, {"image/png": {"alt": sentence}}


def _caption(sentence: str) -> dict:
    """Returns a sentence as the data of an output: in the page's type, and as text."""
    return {"text/html": f"<p>{html.escape(sentence)}</p>", "text/plain": sentence}


def player(
    mp3: bytes,
    label: str,
    notes: np.ndarray | Sequence | None = None,
    tempo: float | None = None,
    beats: int = 4,
    score: str = "",
) -> None:
    """Shows a player for an MP3 with a piano roll of its notes, and their score.

    All is stored in the page: a label, a plain `<audio>` and pictures. Where the page
    is trusted, a cursor moves over the roll and the notes that sound are lit.

    notes: (n, 3) or (n, 4) onset, duration, MIDI pitch; in 16th steps with a tempo,
        otherwise in seconds.
    tempo: quarters a minute.
    beats: quarters in a bar.
    score: an SVG by `engraving.engrave`, which was given the same tempo.

    Raises: ValueError where there is no note, or one of no length.
    Notebook: melody_dataset, sampling_musicvae
    """
    from IPython.display import display

    content = player_html(mp3, label, notes, tempo, beats, score)
    display({"text/html": content, "text/plain": f"(a player: {label})"}, raw=True)


def page(svg: str) -> None:
    """Shows an engraved page, as wide as the notebook allows."""
    from IPython.display import HTML, display

    display(HTML(page_html(svg)))


def table(rows: Sequence[Sequence[object]], head: Sequence[str]) -> None:
    """Shows a small table as HTML, where Chinese has a font, which matplotlib lacks."""
    from IPython.display import HTML, display

    header = _table_row("th", head)
    body = "".join(_table_row("td", row) for row in rows)
    display(HTML(f"<table><thead>{header}</thead><tbody>{body}</tbody></table>"))


def _table_row(kind: str, values: Sequence[object]) -> str:
    cells = [
        f"<{kind} style='text-align:left'>{html.escape(str(value))}</{kind}>" for value in values
    ]
    return f"<tr>{''.join(cells)}</tr>"


def verses(lines: Sequence[Sequence[tuple[str, str, str]]], english: Sequence[str] = ()) -> None:
    """Shows lines of Chinese: under each word its pinyin and its meaning.

    lines: the words of each line, as `gloss_poem` in lyricgen.lyrics.gloss returns
    them; english: a translation of each line, where there is one. As plain text, which
    tests compare, it is a line for each line.

    Notebook: words_and_music
    """
    from IPython.display import display

    display({"text/html": verses_html(lines, english), "text/plain": _plain(lines)}, raw=True)


def verses_html(
    lines: Sequence[Sequence[tuple[str, str, str]]], english: Sequence[str] = ()
) -> str:
    """Returns the lines as HTML, with the source of the meanings below.

    It has no ruby and no style sheet: JupyterLab takes them out of notebooks that it
    does not trust.
    """
    rows = []
    for k, words in enumerate(lines):
        cells = "".join(_stacked(*word) for word in words)
        meaning = html.escape(english[k]) if k < len(english) else ""
        below = f"<div style='margin-bottom:1em'><i>{meaning}</i></div>" if meaning else ""
        rows.append(f"<div>{cells}</div>{below}")
    return "".join(rows) + f"<p><small>{GLOSS_SOURCE}</small></p>"


def _stacked(word: str, pinyin: str, meaning: str) -> str:
    """Returns a word with its pinyin and its meaning below it, as HTML."""
    characters = f"<span lang='zh' style='font-size:1.6em'>{html.escape(word)}</span>"
    below = f"{html.escape(pinyin)}<br><small>{html.escape(meaning)}</small>"
    style = "display:inline-block;text-align:center;vertical-align:top;margin:0 0.6em 0.6em 0"
    return f"<span style='{style}'>{characters}<br>{below}</span>"


def _plain(lines: Sequence[Sequence[tuple[str, str, str]]]) -> str:
    """Returns glossed lines as text: the line, and then each word with its gloss."""
    rows = []
    for words in lines:
        characters = "".join(word for word, _, _ in words)
        rows.append(f"{characters}  {glossed(words)}")
    return "\n".join((*rows, GLOSS_SOURCE))


def glossed(words: Sequence[tuple[str, str, str]]) -> str:
    """Returns glossed words as one line of text, for a cell of a table.

    For 春 it is `春 chūn spring`. The page that prints it names the source of the
    meanings, GLOSS_SOURCE.

    Notebook: words_and_music
    """
    return " · ".join(" ".join(filter(None, word)) for word in words)


def explore(
    function: Callable[..., object],
    sentence: str | Callable[..., str],
    **choices: Sequence[object],
):
    """Lets a reader choose a function's arguments, each from a list of values.

    Each keyword makes a menu, which starts in the middle of its values, and two buttons
    to the value before and after. The function returns a figure or HTML, which is made
    again for each choice. Screen readers speak the name and the value of a menu; an
    ipywidgets slider has no name, and of a list it speaks a place instead of a value.

    sentence: describes the figure, and the values are added to it; or a function of the
        same arguments that returns the description.

    Works with ipywidgets 7 and 8. Where no kernel runs it is a line of text; the
    notebooks have a picture of one value beside it.
    Notebook: start_here, variational_autoencoder, exploring_latent_space
    """
    import ipywidgets

    menus = {name: _menu(name, list(values)) for name, values in choices.items()}
    view = ipywidgets.HTML()

    def draw(_=None) -> None:
        arguments = {name: menu.value for name, menu in menus.items()}
        content = function(**arguments)
        described = sentence(**arguments) if callable(sentence) else sentence
        if not callable(sentence):
            values = [f"{_words(name)} {_words(value)}" for name, value in arguments.items()]
            described = f"{sentence} Chosen: {', '.join(values)}."
        view.value = as_html(content, described)

    for menu in menus.values():
        menu.observe(draw, names="value")
    draw()
    rows = [ipywidgets.HBox([menu, *_steppers(menu)]) for menu in menus.values()]
    number = "a choice" if len(menus) == 1 else f"{len(menus)} choices"
    return column([*rows, view], f"({number}: run the cell)")


def _words(value: object) -> str:
    """Returns a value, or the name of an argument, as it is read."""
    if isinstance(value, float):
        return f"{value:g}"
    return str(value).replace("_", " ")


def _menu(name: str, values: list[object]):
    """Returns a menu of some values, which starts in their middle."""
    import ipywidgets

    return ipywidgets.Dropdown(
        options=[(_words(value), value) for value in values],
        value=values[len(values) // 2],
        description=_words(name),
        style={"description_width": "initial"},
        layout={"width": "auto"},
    )


def _steppers(menu) -> list:
    """Returns two buttons, to the value before and to the one after a menu's.

    JupyterLab takes the arrow keys of a menu for itself, but leaves a button its keys.
    """
    import ipywidgets

    def stepper(word: str, step: int):
        button = ipywidgets.Button(
            description=f"{word} {menu.description}", layout={"width": "auto"}
        )

        def move(_) -> None:
            menu.index = min(max(menu.index + step, 0), len(menu.options) - 1)

        button.on_click(move)
        return button

    return [stepper("previous", -1), stepper("next", 1)]


def column(widgets: Sequence[object], waiting: str):
    """Puts widgets below each other; `waiting` is shown where no kernel runs."""
    import ipywidgets

    class Column(ipywidgets.VBox):
        def __repr__(self) -> str:
            return waiting

    return Column(widgets)


def as_html(content: object, sentence: str) -> str:
    """Returns a figure as an image with its description, or HTML as it is."""
    if isinstance(content, str):
        return content
    return image_html(sentence, "png", png(content))


def piano_roll(notes: np.ndarray, ax, color: str = BLUE, label: str | None = None):
    """Draws notes as bars, time to the right and pitch upwards, and returns the axes.

    notes: (n, 3) onset, duration, MIDI pitch.
    Notebook: start_here
    """
    notes = np.asarray(notes)
    onsets, durations, pitches = notes.T
    ax.barh(pitches, durations * 0.94, left=onsets, height=0.8, color=color, label=label)
    lowest = int(pitches.min()) - 1
    highest = int(pitches.max()) + 1
    ticks = [pitch for pitch in range(lowest, highest + 1) if pitch % 12 in NAMED_PITCHES]
    names = [f"{NAMED_PITCHES[pitch % 12]}{pitch // 12 - 1}" for pitch in ticks]
    ax.set_yticks(ticks, names)
    ax.set_ylabel("pitch")
    return ax


def hex_view(
    data: bytes, spans: Sequence[tuple[int, int, str]], now: Sequence[int] = (), width: int = 17
) -> str:
    """Returns bytes as an HTML table, with spans in colour and some places framed.

    spans: (first, last + 1, kind), one colour for each kind; `now`: the places that are
    framed; width: the bytes in a row.
    Notebook: reading_midi
    """
    kinds = dict.fromkeys(kind for _, _, kind in spans)
    colours = {
        kind: f"background:{colour}40;border-bottom:3px solid {colour}"
        for kind, colour in zip(kinds, PALETTE)
    }
    styles = [""] * len(data)
    for first, stop, kind in spans:
        for place in range(first, min(stop, len(data))):
            styles[place] = colours[kind]
    for place in now:
        styles[place] += ";outline:2px solid;font-weight:bold"
    cells = [
        f"<td style='font-family:monospace;{style}'>{byte:02X}</td>"
        for byte, style in zip(data, styles)
    ]
    rows = [
        f"<tr><th>{first}</th>{''.join(cells[first : first + width])}</tr>"
        for first in range(0, len(data), width)
    ]
    legend = [
        f"<span style='{style}'>&nbsp;{html.escape(kind)}&nbsp;</span>"
        for kind, style in colours.items()
    ]
    return f"<p>{' '.join(legend)}</p><table>{''.join(rows)}</table>"


def begin(seed: int = 0) -> None:
    """Begins a notebook: seeds Python's and NumPy's generators, names the machine.

    It says what the machine has and what that means for time.
    """
    import os
    import platform
    import random

    from lyricgen.budget import mode

    random.seed(seed)
    np.random.seed(seed)
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    versions = f"Python {platform.python_version()}, NumPy {np.__version__}"
    print(f"{versions}, {os.cpu_count()} cores, mode {mode()}.")
    gpu = gpu_name()
    if gpu:
        print(f"GPU: {gpu}.")
    else:
        print("No GPU is visible, and none is needed: the time in the header is for 2 cores.")
        print("On Colab, Runtime > Change runtime type > GPU switches one on.")


def gpu_name() -> str:
    """Returns the name of the first NVIDIA GPU, or "" where there is none."""
    import shutil
    import subprocess

    if not shutil.which("nvidia-smi"):
        return ""
    command = ["nvidia-smi", "--query-gpu=name", "--format=csv,noheader"]
    done = subprocess.run(command, capture_output=True, text=True)
    names = done.stdout.strip().splitlines()
    return names[0] if done.returncode == 0 and names else ""
