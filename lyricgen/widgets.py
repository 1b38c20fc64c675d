"""Widgets that a reader presses: a board of places, new draws, a file of one's own.

Each shows HTML that a function makes, works with ipywidgets 7 and 8, and is a line of
text where no kernel runs.
"""

from __future__ import annotations

import html
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from lyricgen.files import UserError
from lyricgen.player import to_base64
from lyricgen.show import column

# The corners of a board have a frame of this many pixels.
FRAME = 3


def announcement(sentence: str) -> str:
    """Returns a sentence as HTML that screen readers speak when it appears."""
    return f"<p role='alert' aria-live='assertive'>{html.escape(sentence)}</p>"


def download_link(data: bytes, name: str, kind: str = "audio/midi") -> str:
    """Returns a link as HTML that saves bytes under a name by a press.

    The bytes are in the page, so no server is asked.

    Notebook: sampling_musicvae
    """
    name = html.escape(name, quote=True)
    address = f"data:{kind};base64,{to_base64(data)}"
    return f"<p><a download='{name}' href='{address}'>Save {name}</a></p>"


def draw_button(
    function: Callable[[float], str], label: str, name: str, least: float, most: float, step: float
):
    """Returns a slider and a button: each press shows `function(value)` as HTML.

    The slider goes from `least` to `most`, and begins in their middle. The label of the
    button ends with the name of the value and the value, which a slider does not speak.

    Notebook: sampling_musicvae
    """
    import ipywidgets

    slider = ipywidgets.FloatSlider(
        value=round((least + most) / 2 / step) * step,
        min=least,
        max=most,
        step=step,
        description=name,
        continuous_update=False,
    )
    button = ipywidgets.Button(layout={"width": "auto"})
    view = ipywidgets.HTML()

    def name_button(_=None) -> None:
        button.description = f"{label} at {name} {slider.value:.1f}"

    def press(_) -> None:
        done = announcement(f"Made: {button.description}.")
        view.value = done + function(slider.value)

    slider.observe(name_button, names="value")
    button.on_click(press)
    name_button()
    return column([slider, button, view], f"(a slider and a button: {label}; run the cell)")


def board(
    function: Callable[[int, int], str],
    rows: int,
    columns: int,
    corners: Sequence[str],
):
    """Returns a board of buttons; the one of a place shows `function(row, column)`.

    The function returns HTML; rows and columns count from 0 for it, and from 1 in the
    names of the buttons, which also stand beside the rows and above the columns. The
    four corners have a frame and their own names, in the order upper left, upper right,
    lower left, lower right. What is pressed is announced to screen readers.

    Notebook: exploring_latent_space
    """
    import ipywidgets

    view = ipywidgets.HTML()
    names = _corner_names(rows, columns, corners)
    head = [_label(""), *(_label(f"column {k + 1}") for k in range(columns))]
    lines = [ipywidgets.HBox(head)]
    for row in range(rows):
        line = [_label(f"row {row + 1}")]
        for place in range(columns):
            line.append(_place_button(function, (row, place), names, view))
        lines.append(ipywidgets.HBox(line))
    return column([*lines, view], f"(a board of {rows * columns} buttons: run the cell)")


def _corner_names(rows: int, columns: int, corners: Sequence[str]) -> dict[tuple[int, int], str]:
    """Returns the names of the corners by their places."""
    places = [(row, place) for row in (0, rows - 1) for place in (0, columns - 1)]
    return dict(zip(places, corners, strict=True))


def _label(text: str):
    import ipywidgets

    return ipywidgets.Label(text, layout={"width": "7em"})


def _place_button(
    function: Callable[[int, int], str],
    place: tuple[int, int],
    names: Mapping[tuple[int, int], str],
    view: Any,
):
    """Returns the button of a place of a board, which fills the view."""
    import ipywidgets

    row, k = place
    where = f"row {row + 1}, column {k + 1}"
    name = names.get(place, f"{row + 1}, {k + 1}")
    described = f"{where}: {name}" if place in names else where
    layout = {"width": "7em", "border": f"{FRAME}px solid" if place in names else "1px solid"}
    button = ipywidgets.Button(description=name, tooltip=described, layout=layout)

    def press(_) -> None:
        view.value = announcement(f"Shown: {described}.") + function(row, k)

    button.on_click(press)
    return button


def file_button(function: Callable[[bytes], str], label: str, accept: str = ".mid,.midi"):
    """Returns a button that reads a file of one's own and shows `function(data)`.

    The function takes the bytes and returns HTML. A file that cannot be used is
    answered with the sentence of its UserError.

    Notebook: sampling_musicvae
    """
    import ipywidgets

    upload = ipywidgets.FileUpload(
        accept=accept, multiple=False, description=label, layout={"width": "auto"}
    )
    view = ipywidgets.HTML()

    def read(_) -> None:
        uploaded = _uploaded(upload.value)
        if uploaded is None:
            return
        name, data = uploaded
        try:
            view.value = announcement(f"Read: {name}.") + function(data)
        except UserError as error:
            view.value = announcement(f"{name} cannot be used: {error}")

    upload.observe(read, names="value")
    return column([upload, view], f"(a button: {label}; run the cell)")


def _uploaded(value: Any) -> tuple[str, bytes] | None:
    """Returns the name and the bytes of what was uploaded, None for nothing.

    ipywidgets 8 has a tuple of files, 7 a dictionary of files by name.
    """
    if not value:
        return None
    if isinstance(value, Mapping):
        name, file = next(iter(value.items()))
        return name, bytes(file["content"])
    return value[0]["name"], bytes(value[0]["content"])
