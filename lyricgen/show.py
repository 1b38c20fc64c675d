"""What a notebook shows: figures, players, pages and sliders, each with a sentence that describes it."""

from __future__ import annotations

import base64
import html
import io
from collections.abc import Callable, Sequence
from xml.etree import ElementTree

import numpy as np

# Okabe and Ito's palette: told apart by colour-blind readers; in this order light and dark alternate, so grey prints too
BLUE, ORANGE, GREEN, PINK, SKY, RED, YELLOW, BLACK = (
    "#0072B2",
    "#E69F00",
    "#009E73",
    "#CC79A7",
    "#56B4E9",
    "#D55E00",
    "#F0E442",
    "#000000",
)


PALETTE = (BLUE, ORANGE, GREEN, PINK, SKY, RED, YELLOW, BLACK)


def axes(width: float = 7.0, height: float = 3.0, rows: int = 1, columns: int = 1, **options):
    """A new figure and its axes in the course's style: `fig, ax = axes()`. Sizes in inches; it is shown by `figure`."""
    from cycler import cycler
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    fig = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(fig)
    made = fig.subplots(rows, columns, **options)
    for ax in np.ravel(made):
        ax.spines[["top", "right"]].set_visible(False)
        ax.grid(color="#dddddd", linewidth=0.6)
        ax.set_axisbelow(True)
        ax.set_prop_cycle(cycler(color=PALETTE))
    return fig, made


def png(fig, dpi: int = 100) -> bytes:
    """A figure as PNG bytes."""
    file = io.BytesIO()
    fig.savefig(file, format="png", dpi=dpi)
    return file.getvalue()


def figure(fig, sentence: str) -> None:
    """Shows a figure and, under it, a sentence that says what is to be seen.

    The sentence is the picture's alternative text as well, for those who cannot see it.
    """
    from IPython.display import display

    picture, metadata = _picture(fig, sentence)
    display(picture, metadata=metadata, raw=True)
    display(_caption(sentence), raw=True)


def live() -> Callable[..., None]:
    """Makes a place for a figure that changes: a function that is called as `figure` is.

    Each call replaces the figure and the sentence that stood there before.
    """
    from IPython.display import DisplayHandle

    place, words = DisplayHandle(), DisplayHandle()
    for handle in (place, words):
        handle.display({"text/plain": ""}, raw=True)

    def again(fig, sentence: str) -> None:
        picture, metadata = _picture(fig, sentence)
        place.update(picture, metadata=metadata, raw=True)
        words.update(_caption(sentence), raw=True)

    return again


def _picture(fig, sentence: str) -> tuple[dict, dict]:
    """A figure as the data of an output, and its metadata with the alternative text."""
    data = {"image/png": base64.b64encode(png(fig)).decode(), "text/plain": "<figure>"}
    return data, {"image/png": {"alt": sentence}}


def _caption(sentence: str) -> dict:
    """A sentence as the data of an output: in the page's own type, and as plain text."""
    return {"text/html": f"<p>{html.escape(sentence)}</p>", "text/plain": sentence}


def player(mp3: bytes, label: str) -> None:
    """Shows a player for an MP3, which is stored in the page."""
    from IPython.display import HTML, display

    display(HTML(player_html(mp3, label)))


def player_html(mp3: bytes, label: str) -> str:
    """The player as HTML: it plays in Jupyter, in Colab and in a browser without the internet."""
    label = html.escape(label, quote=True)
    return (
        f'<figure style="margin:0"><figcaption>{label}</figcaption>'
        f'<audio controls preload="metadata" aria-label="{label}" src="data:audio/mpeg;base64,{base64.b64encode(mp3).decode()}"></audio></figure>'
    )


def page(svg: str) -> None:
    """Shows an engraved page, as wide as the notebook allows."""
    from IPython.display import HTML, display

    display(HTML(page_html(svg)))


def page_html(svg: str) -> str:
    """The page as an image in HTML, described by the title and description inside it.

    JupyterLab takes an `<svg>` out of notebooks that it does not trust, such as a fresh
    clone's, but it leaves images.
    """
    named = ElementTree.fromstring(svg)
    parts = [named.findtext(f"{{http://www.w3.org/2000/svg}}{tag}") for tag in ("title", "desc")]
    described = html.escape(": ".join(filter(None, parts)), quote=True)
    data = base64.b64encode(svg.encode()).decode()
    return f'<img alt="{described}" src="data:image/svg+xml;base64,{data}">'


def table(rows: Sequence[Sequence[object]], head: Sequence[str]) -> None:
    """Shows a small table as HTML, which has a font for Chinese where matplotlib has none."""
    from IPython.display import HTML, display

    cell = lambda kind, value: f"<{kind} style='text-align:left'>{html.escape(str(value))}</{kind}>"
    body = "".join("<tr>" + "".join(cell("td", v) for v in row) + "</tr>" for row in rows)
    display(
        HTML(
            f"<table><thead><tr>{''.join(cell('th', h) for h in head)}</tr></thead><tbody>{body}</tbody></table>"
        )
    )


def explore(function: Callable[..., object], sentence: str, **sliders: Sequence[object]):
    """Puts sliders over a function: each keyword lists the values of one argument.

    The function returns a figure or HTML, which is drawn again when a slider is moved;
    `sentence` describes the picture. Works with ipywidgets 7 and 8. Where no kernel runs
    it is a line of text; a static picture of one value stands beside it in the notebooks.
    """
    import ipywidgets

    named = {
        name: ipywidgets.SelectionSlider(
            options=list(values),
            value=list(values)[len(values) // 2],
            description=name.replace("_", " "),
            continuous_update=False,
            style={"description_width": "initial"},
        )
        for name, values in sliders.items()
    }
    view = ipywidgets.HTML()

    def draw(_=None) -> None:
        arguments = {name: slider.value for name, slider in named.items()}
        view.value = as_html(function(**arguments), sentence)

    for slider in named.values():
        slider.observe(draw, names="value")
    draw()
    number = "a slider" if len(named) == 1 else f"{len(named)} sliders"
    return column([*named.values(), view], f"({number}: run the cell)")


def column(widgets: Sequence[object], waiting: str):
    """Puts widgets below each other; `waiting` is shown where no kernel runs."""
    import ipywidgets

    class Column(ipywidgets.VBox):
        def __repr__(self) -> str:
            return waiting

    return Column(widgets)


def as_html(made: object, sentence: str) -> str:
    """A figure as an image with its description, or HTML as it is."""
    if isinstance(made, str):
        return made
    return f'<img alt="{html.escape(sentence, quote=True)}" src="data:image/png;base64,{base64.b64encode(png(made)).decode()}">'


def piano_roll(notes: np.ndarray, ax, color: str = BLUE, label: str | None = None):
    """Draws notes as bars, time to the right and pitch upwards: (n, 3) onset, duration, MIDI pitch. Returns the axes.

    Notebook: 00_start_here
    """
    notes = np.asarray(notes)
    ax.barh(notes[:, 2], notes[:, 1] * 0.94, left=notes[:, 0], height=0.8, color=color, label=label)
    low, high = int(notes[:, 2].min()) - 1, int(notes[:, 2].max()) + 1
    ticks = [p for p in range(low, high + 1) if p % 12 in (0, 4, 7)]
    ax.set_yticks(
        ticks, [("C", "", "", "", "E", "", "", "G")[p % 12] + str(p // 12 - 1) for p in ticks]
    )
    ax.set_ylabel("pitch")
    return ax


def hex_view(
    data: bytes, spans: Sequence[tuple[int, int, str]], now: Sequence[int] = (), width: int = 17
) -> str:
    """Bytes as an HTML table: `spans` (first, last + 1, kind) are coloured, one colour for each kind, and the places in `now` are framed.

    Notebook: 05_reading_midi
    """
    colours = zip(dict.fromkeys(kind for _, _, kind in spans), PALETTE)
    kinds = {
        kind: f"background:{colour}40;border-bottom:3px solid {colour}" for kind, colour in colours
    }
    style = {i: kinds[kind] for first, stop, kind in spans for i in range(first, stop)}
    frame = ";outline:2px solid;font-weight:bold"
    cell = lambda i: (
        f"<td style='font-family:monospace;{style.get(i, '')}{frame * (i in now)}'>{data[i]:02X}</td>"
    )
    rows = [
        f"<tr><th>{i}</th>{''.join(map(cell, range(i, min(i + width, len(data)))))}</tr>"
        for i in range(0, len(data), width)
    ]
    legend = " ".join(
        f"<span style='{kinds[kind]}'>&nbsp;{html.escape(kind)}&nbsp;</span>" for kind in kinds
    )
    return f"<p>{legend}</p><table>{''.join(rows)}</table>"


def begin(seed: int = 0) -> None:
    """Begins a notebook: seeds Python's and NumPy's generators, and says what this machine has and what that means for time."""
    import os
    import platform
    import random
    import shutil
    import subprocess

    from lyricgen.budget import mode

    random.seed(seed)
    np.random.seed(seed)
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    gpu = ""
    if shutil.which("nvidia-smi"):
        found = subprocess.run(
            ["nvidia-smi", "--query-gpu=name", "--format=csv,noheader"],
            capture_output=True,
            text=True,
        )
        gpu = (
            found.stdout.strip().splitlines()[0]
            if found.returncode == 0 and found.stdout.strip()
            else ""
        )
    print(
        f"Python {platform.python_version()}, NumPy {np.__version__}, {os.cpu_count()} cores, mode {mode()}."
    )
    if gpu:
        print(f"GPU: {gpu}.")
    else:
        print("No GPU is visible, and none is needed: the time in the header is for 2 cores.")
        print("On Colab, Runtime > Change runtime type > GPU switches one on.")
