"""A drawing of floating-point formats, bit by bit."""

from __future__ import annotations

import math
from typing import Any

from lyricgen.drawings.canvas import NORMAL, SMALL, Canvas, Look, coloured
from lyricgen.models.precision import FORMATS, bits_of, round_to_format
from lyricgen.show import BLACK, BLUE, GREEN, RED

PARTS = ("sign", "exponent", "mantissa")
COLORS = {"sign": RED, "exponent": GREEN, "mantissa": BLUE}
LEFT = 1.35  # inches, where the bits begin
BIT = 0.113  # from one bit to the next
GAP = 0.1  # between two parts
ROW = 1.5  # from one format to the next


def float_bits(value: float = math.pi) -> Any:
    """Draws the bits of a number as float64, float32 and TF32.

    A full box is a 1, an empty one a 0. Under each part stands how many bits it has,
    and on the left what the number is after its rounding to the format, with the error.
    Returns the figure.
    Notebook: memory_and_precision
    """
    canvas = Canvas(ROW * len(FORMATS) + 0.75)
    top = canvas.fig.get_figheight() - 0.35
    canvas.label(0.2, top, f"The bits of {value!r}", "left", weight="bold")
    for x, words, tint in ((5.6, "is a 1", 0.0), (7.3, "is a 0", 0.93)):
        canvas.box(x, top, size=(BIT, 0.3), look=Look(BLACK, 0.8, tint=tint))
        canvas.label(x + 0.15, top, words, "left")
    for row, number_format in enumerate(FORMATS):
        name = number_format.name
        y = top - 0.65 - ROW * row
        canvas.label(0.2, y, name, "left", weight="bold")
        _bits(canvas, y, bits_of(value, name))
        rounded = round_to_format(value, name)
        error = abs(rounded - value)
        digits = {"float64": 16, "float32": 8, "TF32": 7}[name]
        words = f"value {rounded:.{digits}g}"
        if error:
            words += f", error {_power_of_ten(error)}"
        canvas.label(LEFT, y - 0.88, words, "left", NORMAL)
    return canvas.fig


def _power_of_ten(number: float) -> str:
    """Returns a small number as a formula with two digits and a power of ten."""
    digits, exponent = f"{number:.1e}".split("e")
    return rf"${digits} \cdot 10^{{{int(exponent)}}}$"


def _look(part: str, bit: str) -> Look:
    """Returns how a bit is drawn: full for a 1, empty for a 0."""
    return coloured(COLORS[part], width=0.8) if bit == "0" else Look(COLORS[part], 0.8, tint=0)


def _bits(canvas: Canvas, y: float, bits: tuple[str, str, str]) -> None:
    """Draws the bits of one number with the names of their parts below."""
    x = LEFT
    for part, digits in zip(PARTS, bits):
        for place, bit in enumerate(digits):
            middle = x + (place + 0.5) * BIT
            canvas.box(middle, y, size=(0.85 * BIT, 0.3), look=_look(part, bit))
        end = x + len(digits) * BIT
        if part == "sign":
            canvas.label((x + end) / 2, y + 0.32, part, font=SMALL)
        else:
            words = f"{len(digits)} bits\n{part}"
            canvas.label((x + end) / 2, y - 0.45, words, font=SMALL, linespacing=1.15)
        x = end + GAP
