"""The primitives of a drawing: box, circle, line, arrow and label, in inches."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np

from lyricgen.show import BLACK

Point = tuple[float, float]

# In points, on a figure that is 9 inches wide: readable from the back of a room.
SMALL = 11.0
NORMAL = 12.5
LARGE = 14.5
SIGN = 19.0  # in a circle
WIDTH = 9.0  # inches

HEAD_LENGTH = 0.17
HEAD_WIDTH = 0.15
HALF_LETTER = 0.33  # from the base line to the middle of a letter, in its size
CORNER = 0.12  # the radius of a line's corner


@dataclass(frozen=True)
class Look:
    """How a part is drawn: its colour, the width of its lines and their style.

    `line` is one of matplotlib's line styles. Styles differ where colours do, so that a
    drawing can be read in black and white.
    """

    color: str = BLACK
    width: float = 1.6
    line: str = "solid"
    text: str = BLACK
    tint: float = 0.8


PLAIN = Look(tint=0.93)
GREY = Look(color="#9a9a9a", width=1.2, text="#6b6b6b", tint=0.9)
BACKGROUND = Look(color="#b5b5b5", width=1.2, tint=0.93)
DARK_GREY = Look(color="#5a5a5a", text="#4a4a4a", tint=0.88)


def coloured(color: str, line: str = "solid", width: float = 2.6) -> Look:
    """Returns the look of a part that stands out: wide lines in a colour."""
    return Look(color, width, line)


class Place(NamedTuple):
    """Where a box or a circle stands: its centre and its size, in inches."""

    x: float
    y: float
    width: float
    height: float

    @property
    def left(self) -> Point:
        """The middle of the left edge."""
        return self.x - self.width / 2, self.y

    @property
    def right(self) -> Point:
        """The middle of the right edge."""
        return self.x + self.width / 2, self.y

    @property
    def top(self) -> Point:
        """The middle of the upper edge."""
        return self.x, self.y + self.height / 2

    @property
    def bottom(self) -> Point:
        """The middle of the lower edge."""
        return self.x, self.y - self.height / 2


def lighter(color: str, share: float) -> tuple[float, float, float]:
    """Mixes a colour with a share of white, and returns red, green and blue."""
    from matplotlib.colors import to_rgb

    red, green, blue = (share + (1 - share) * part for part in to_rgb(color))
    return red, green, blue


class Canvas:
    """A figure to draw on, in inches: x to the right, y upwards, (0, 0) at lower left.

    `fig` is the figure, `ax` its axes, which fill it.
    """

    def __init__(self, height: float, width: float = WIDTH):
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure

        self.fig = Figure(figsize=(width, height), facecolor="white")
        FigureCanvasAgg(self.fig)
        self.ax = self.fig.add_axes((0, 0, 1, 1))
        self.ax.set_axis_off()
        self.ax.set_xlim(0, width)
        self.ax.set_ylim(0, height)

    def box(
        self,
        x: float,
        y: float,
        text: str = "",
        size: tuple[float, float] = (0.9, 0.5),
        look: Look = PLAIN,
        font: float = NORMAL,
    ) -> Place:
        """Draws a box with round corners around a centre, and returns its place."""
        from matplotlib.patches import FancyBboxPatch

        width, height = size
        corner = (x - width / 2, y - height / 2)
        style = "round,pad=0,rounding_size=0.07"
        shape = FancyBboxPatch(corner, width, height, boxstyle=style, **_outline(look))
        self.ax.add_patch(shape)
        self._text_inside(x, y, text, look, font)
        return Place(x, y, width, height)

    def panel(self, lower_left: Point, upper_right: Point, look: Look = BACKGROUND) -> Place:
        """Draws a box behind everything, between two corners, and returns its place."""
        x = (lower_left[0] + upper_right[0]) / 2
        y = (lower_left[1] + upper_right[1]) / 2
        size = (upper_right[0] - lower_left[0], upper_right[1] - lower_left[1])
        place = self.box(x, y, size=size, look=look)
        self.ax.patches[-1].set_zorder(0)
        return place

    def circle(
        self, x: float, y: float, text: str = "", radius: float = 0.2, look: Look = PLAIN
    ) -> Place:
        """Draws a circle around a centre, and returns its place."""
        from matplotlib.patches import Circle

        self.ax.add_patch(Circle((x, y), radius, **_outline(look)))
        self._text_inside(x, y, text, look, SIGN)
        return Place(x, y, 2 * radius, 2 * radius)

    def line(self, points: Sequence[Point], look: Look = PLAIN) -> None:
        """Draws a line through points, with round corners."""
        from matplotlib.patches import PathPatch

        shape = PathPatch(
            _rounded(_distinct(points)),
            facecolor="none",
            edgecolor=look.color,
            linewidth=look.width,
            linestyle=look.line,
            capstyle="butt",
            zorder=2,
        )
        self.ax.add_patch(shape)

    def arrow(self, points: Sequence[Point], look: Look = PLAIN) -> None:
        """Draws a line through points that ends in an arrow's head."""
        from matplotlib.patches import Polygon

        points = _distinct(points)
        before, tip = np.array(points[-2]), np.array(points[-1])
        length = np.hypot(*(tip - before))
        along = (tip - before) / length
        across = np.array([-along[1], along[0]]) * HEAD_WIDTH / 2
        head = min(HEAD_LENGTH, 0.75 * length)  # the line's last piece is longer
        base = tip - along * head
        corners = [tip, base + across, base - across]
        self.ax.add_patch(Polygon(corners, facecolor=look.color, edgecolor="none", zorder=3))
        # The line ends inside the head, so that it does not blunt the tip.
        end = tip - along * head * 0.8
        self.line([*points[:-1], (end[0], end[1])], look)

    def label(
        self,
        x: float,
        y: float,
        text: str,
        align: str = "center",
        font: float = NORMAL,
        **options: Any,
    ) -> None:
        """Writes a text beside a point: `align` is "left", "center" or "right".

        Options are those of matplotlib's text, such as color, weight and style.
        """
        style = {"color": BLACK, "va": "center", **options}
        if not any(sign in text for sign in ("\n", r"\frac")) and "rotation" not in options:
            # All single lines stand on one height, whatever letters they have.
            style["va"] = "baseline"
            y -= HALF_LETTER * font / 72
        self.ax.text(x, y, text, ha=align, fontsize=font, zorder=5, **FONT, **style)

    def _text_inside(self, x: float, y: float, text: str, look: Look, font: float) -> None:
        if text:
            self.label(x, y, text, font=font, color=look.text, linespacing=1.15)


# The font that comes with matplotlib: pictures are the same on every machine.
FONT: dict[str, Any] = {"family": "DejaVu Sans", "math_fontfamily": "dejavusans"}


def dashed(look: Look) -> Look:
    """Returns the look with dashed lines."""
    return replace(look, line="dashed")


def _outline(look: Look) -> dict[str, Any]:
    """Returns a shape's colours and lines in matplotlib's words."""
    return {
        "facecolor": lighter(look.color, look.tint),
        "edgecolor": look.color,
        "linewidth": look.width,
        "linestyle": look.line,
        "zorder": 4,
    }


def _distinct(points: Sequence[Point]) -> list[Point]:
    """Returns the points of a line without those that repeat the one before."""
    found: list[Point] = []
    for x, y in points:
        if not found or np.hypot(x - found[-1][0], y - found[-1][1]) > 1e-6:
            found.append((float(x), float(y)))
    return found


def _rounded(points: Sequence[Point]) -> Any:
    """Returns a path through points whose corners are curves."""
    from matplotlib.path import Path

    vertices: list[Point] = [points[0]]
    codes = [Path.MOVETO]
    for before, corner, after in zip(points, points[1:], points[2:]):
        vertices += [_near(corner, before), corner, _near(corner, after)]
        codes += [Path.LINETO, Path.CURVE3, Path.CURVE3]
    vertices.append(points[-1])
    codes.append(Path.LINETO)
    return Path(vertices, codes)


def _near(corner: Point, other: Point) -> Point:
    """Returns the point at which the curve of a corner meets the line to another."""
    dx, dy = other[0] - corner[0], other[1] - corner[1]
    length = float(np.hypot(dx, dy))
    share = min(CORNER, length / 2) / length
    return corner[0] + share * dx, corner[1] + share * dy
