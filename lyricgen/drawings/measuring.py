"""Drawings of how a text model is measured and trained: packed sizes, whole poems."""

from __future__ import annotations

from typing import Any

import numpy as np

from lyricgen.drawings.canvas import LARGE, PLAIN, Canvas, coloured
from lyricgen.show import BLUE, GREEN, ORANGE, RED

BAR = 6.4  # inches: the longer bar of `packed_sizes`

# The example of `whole_poems`: the lengths of four poems and of a window, in inches,
# and the characters of a line (Burns, "A Red, Red Rose") of which some are exchanged.
POEMS = (1.8, 2.0, 2.4, 1.8)
WINDOW = 2.7
LINE = "my luve's like a r"
EXCHANGED = {4: "t", 7: "h", 13: "a"}


def packed_sizes(training: int, both: int, characters: int) -> Any:
    """Draws how a packer is made a language model: by the difference of two sizes.

    training: the bytes of the packed training text; both: those of the training and the
    test text, packed together; characters: how many the test text has. Returns the
    figure.
    Raises: ValueError where the two texts are not larger than one.
    Source: Benedetto, Caglioti and Loreto 2002.
    Notebook: four_corpora
    """
    added = both - training
    if added <= 0 or characters <= 0:
        raise ValueError(f"{both} bytes of both texts; expected more than {training}.")
    canvas = Canvas(3.5)
    first = BAR * training / both
    left = 2.3
    rows = ((2.9, "training text"), (2.05, "training text\nand test text"))
    for y, name in rows:
        canvas.label(0.2, y, name, "left", linespacing=1.1)
        centre = left + first / 2
        canvas.box(centre, y, f"{training:,} bytes", (first, 0.56), coloured(BLUE))
    centre = left + first + (BAR - first) / 2
    canvas.box(centre, 2.05, size=(BAR - first, 0.56), look=coloured(ORANGE, "dashed"))
    canvas.label(left + BAR, 1.5, f"added by the test text: {added:,} bytes", "right")
    bits = 8 * added / characters
    price = f"8 bits × {added:,} / {characters:,} characters = {bits:.2f} bits per character"
    canvas.label(0.2, 0.6, price, "left", LARGE, weight="bold")
    return canvas.fig


def whole_poems() -> Any:
    """Draws windows of a stream, windows that start with a poem, and exchanged words.

    Returns the figure.
    Source: Bowman et al. 2016, section 3.1 (the exchange, there with one symbol).
    Notebook: four_corpora
    """
    canvas = Canvas(6.1)
    starts = np.cumsum([0, *POEMS])
    stream = [WINDOW * k for k in range(3)]
    whole = [float(start) for start in starts[:3]]
    titles = ("A stream: a window starts anywhere", "Whole poems: a window starts with a poem")
    for y, title, windows in ((5.75, titles[0], stream), (3.85, titles[1], whole)):
        canvas.label(0.3, y, title, "left", weight="bold")
        for number, (start, length) in enumerate(zip(starts, POEMS), 1):
            x = 0.5 + start + length / 2
            canvas.box(x, y - 0.42, f"poem {number}", (length - 0.05, 0.42))
        for number, start in enumerate(windows, 1):
            x = 0.5 + start + WINDOW / 2
            level = y - 0.92 - 0.44 * ((number + 1) % 2 if windows is whole else 0)
            size = (WINDOW - 0.05, 0.38)
            canvas.box(x, level, f"window {number}", size, coloured(GREEN, "dashed", 2.2))
    noise = "Noise: some characters of the input x are exchanged"
    canvas.label(0.3, 1.75, noise, "left", weight="bold")
    _exchanged_line(canvas)
    return canvas.fig


def _exchanged_line(canvas: Canvas) -> None:
    """Draws what a model reads, with exchanged characters, and what it predicts."""
    for y, name, line in ((1.2, "x", LINE[:-1]), (0.55, "y", LINE[1:])):
        canvas.label(0.5, y, name, font=LARGE)
        for place, character in enumerate(line):
            shown = EXCHANGED.get(place, character) if name == "x" else character
            look = coloured(RED, "dashed") if shown != character else PLAIN
            canvas.box(1.0 + 0.45 * place, y, shown.strip(), (0.4, 0.46), look)
