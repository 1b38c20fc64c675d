"""Drawings of a recurrent network over time: unrolled, backwards, and in windows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from lyricgen.drawings.canvas import (
    GREY,
    LARGE,
    PLAIN,
    SMALL,
    WIDTH,
    Canvas,
    Look,
    Place,
    coloured,
    dashed,
)
from lyricgen.show import BLUE, GREEN, RED

CELL = coloured(BLUE, width=2.4)
HIDDEN = coloured(RED, "dashed", 2.4)
LOSS = coloured(GREEN, "dotted", 2.6)

# The windows of `truncation`: how many steps each has.
FIXED = (4, 4, 4)
RANDOM = (3, 5, 4)
SQUARE = 0.42  # inches: one step in `truncation`


def unrolled(steps: int = 4, backward: bool = False) -> Any:
    """Draws an LSTM over time: one box for each step, with the same weights in all.

    With `backward` the two ways back are drawn over it: dc_back along the cell states
    and dh_back along the hidden states, and dh where the loss's own gradient enters.
    From 2 to 4 steps. Returns the figure.
    Raises: ValueError for another number of steps.
    Notebook: vanishing_gradients
    """
    if not 2 <= steps <= 4:
        raise ValueError(f"steps is {steps}; expected 2, 3 or 4.")
    canvas = Canvas(5.2 if backward else 4.0)
    forward_look = GREY if backward else PLAIN
    size = (0.95, 1.9 if backward else 1.2)
    cells = []
    for t in range(steps):
        x = 1.15 + (WIDTH - 1.65) * (t + 0.5) / steps
        text = "LSTM\n\nW, U, b"
        cells.append(canvas.box(x, 2.0 if backward else 1.65, text, size, PLAIN))
    for t, cell in enumerate(cells, start=1):
        _input_and_loss(canvas, cell, t, forward_look, backward)
    _states(canvas, cells, forward_look, backward)
    title = "The same weights W, U, b at every step"
    if backward:
        title = "Two ways back: through the cell states and through the hidden states"
        canvas.line([(0.25, 4.55), (0.8, 4.55)], LOSS)
        entry = "dh: where the gradient of the loss itself enters"
        canvas.label(0.9, 4.55, entry, "left")
    canvas.label(0.25, canvas.fig.get_figheight() - 0.3, title, "left", weight="bold")
    return canvas.fig


def _input_and_loss(canvas: Canvas, cell: Place, t: int, look: Look, backward: bool) -> None:
    """Draws what a step reads and what it gives to the loss; t counts from 1."""
    canvas.arrow([(cell.x, cell.bottom[1] - 0.5), cell.bottom], look)
    canvas.label(cell.x, cell.bottom[1] - 0.68, f"$x_{t}$", font=LARGE)
    loss = canvas.box(cell.x, cell.top[1] + 0.9, "loss", (0.75, 0.4), look)
    shift = 0.2 if backward else 0
    canvas.arrow([(cell.x - shift, cell.top[1]), (cell.x - shift, loss.bottom[1])], look)
    middle = (cell.top[1] + loss.bottom[1]) / 2
    canvas.label(cell.x - shift - 0.08, middle, f"$h_{t}$", "right", LARGE)
    if backward:
        canvas.arrow([(cell.x + shift, loss.bottom[1]), (cell.x + shift, cell.top[1])], LOSS)
        canvas.label(cell.x + shift + 0.1, middle, "dh", "left")


def _states(canvas: Canvas, cells: Sequence[Place], look: Look, backward: bool) -> None:
    """Draws the states between the steps, and the gradients that come back."""
    edge = cells[0].width / 2
    starts = [0.55, *(cell.x + edge for cell in cells)]
    ends = [*(cell.x - edge for cell in cells), WIDTH - 0.1]
    y = cells[0].y
    levels = (y + 0.6, y - 0.35) if backward else (y + 0.25, y - 0.35)
    last = len(cells)
    for t, (start, end) in enumerate(zip(starts, ends)):
        middle = (start + end) / 2
        for level, letter in zip(levels, "ch"):
            canvas.arrow([(start, level), (end, level)], look)
            canvas.label(middle, level + 0.2, f"${letter}_{t}$")
            if backward and t < last:
                back = CELL if letter == "c" else HIDDEN
                canvas.arrow([(end, level - 0.42), (start, level - 0.42)], back)
                canvas.label(middle, level - 0.22, f"d{letter}_back")


def truncation() -> Any:
    """Draws three ways to cut a long text into windows for training.

    Fixed windows that start from zero; windows whose states go on while the gradient is
    cut; windows of random lengths, which cut at other places in every epoch. Returns
    the figure.
    Source: Williams and Peng 1990 (truncation); Merity, Keskar and Socher 2018, section
    4 (random lengths).
    Notebook: training_a_language_model
    """
    canvas = Canvas(5.9)
    rows = (
        ("Fixed windows: the states start from zero", FIXED, False),
        ("Carried states: the states go on, the gradient is cut", FIXED, True),
        ("Random lengths: the cuts are at other places in every epoch", RANDOM, True),
    )
    for row, (title, lengths, carried) in enumerate(rows):
        y = 4.75 - 1.75 * row
        canvas.label(0.3, y + 0.75, title, "left", weight="bold")
        _windows(canvas, y, lengths, carried)
    _legend(canvas)
    return canvas.fig


def _windows(canvas: Canvas, y: float, lengths: Sequence[int], carried: bool) -> None:
    """Draws one row of windows with the ways of states and gradient."""
    first, gap = 0.75, 0.9
    step = 0
    x = first
    for number, length in enumerate(lengths):
        width = length * SQUARE * 1.25
        for place in range(length):
            centre = x + (place + 0.5) * SQUARE * 1.25
            canvas.box(centre, y, f"$x_{{{step + 1}}}$", (SQUARE, SQUARE))
            step += 1
        draw = canvas.line if carried and number < len(lengths) - 1 else canvas.arrow
        draw([(x, y + 0.38), (x + width, y + 0.38)], CELL)
        canvas.arrow([(x + width, y - 0.38), (x, y - 0.38)], HIDDEN)
        _start_of_window(canvas, (x, y), number, carried, gap)
        x += width + gap


def _start_of_window(
    canvas: Canvas, corner: tuple[float, float], number: int, carried: bool, gap: float
) -> None:
    """Draws what comes into a window: the states before it, or zeros."""
    x, y = corner
    if number == 0 or not carried:
        canvas.label(x - 0.08, y + 0.38, "0", "right", LARGE)
    else:
        canvas.arrow([(x - gap, y + 0.38), (x, y + 0.38)], CELL)
        canvas.label(x - gap / 2, y + 0.17, "h, c", font=SMALL)
    if number:
        middle = x - gap / 2
        canvas.line([(middle, y - 0.6), (middle, y)], dashed(PLAIN))
        canvas.label(middle + 0.08, y - 0.38, "cut", "left", SMALL)


def _legend(canvas: Canvas) -> None:
    for x, look, name in ((0.75, CELL, "states"), (3.4, HIDDEN, "gradient")):
        canvas.arrow([(x, 0.25), (x + 0.7, 0.25)], look)
        canvas.label(x + 0.8, 0.25, name, "left")


def stacked_products(steps: int = 3) -> Any:
    """Draws two ways to compute dU: a product a step, or one product of stacked rows.

    A box is h of one step, transposed (H, B), or da of one step (B, 4H). From 2 to 4
    steps. Returns the figure.
    Raises: ValueError for another number of steps.
    Notebook: faster_lstm
    """
    if not 2 <= steps <= 4:
        raise ValueError(f"steps is {steps}; expected 2, 3 or 4.")
    height = 1.5 + 0.75 * steps
    canvas = Canvas(height)
    canvas.label(2.2, height - 0.35, "The tape: a product at each step", weight="bold")
    canvas.label(6.75, height - 0.35, "By hand: one product", weight="bold")
    first = height - 1.1
    for t in range(1, steps + 1):
        y = first - 0.75 * (t - 1)
        canvas.box(1.4, y, rf"$h_{t - 1}^\mathsf{{T}}$", (0.95, 0.5), HIDDEN)
        canvas.label(2.15, y, "@", font=LARGE)
        canvas.box(2.9, y, f"$da_{t}$", (0.95, 0.5), CELL)
        canvas.label(0.6, y, "+" if t > 1 else " ", font=LARGE)
        x = 5.05 + 0.7 * (t - 1)
        canvas.box(x, first - 0.375 * (steps - 1), rf"$h_{t - 1}^\mathsf{{T}}$", (0.7, 0.5), HIDDEN)
        canvas.box(8.2, first - 0.5 * (t - 1), f"$da_{t}$", (0.95, 0.5), CELL)
    end = 5.05 + 0.7 * (steps - 1) + 0.35
    canvas.label((end + 7.72) / 2, first - 0.375 * (steps - 1), "@", font=LARGE)
    canvas.label(2.2, 0.3, f"dU: {steps} products, added up")
    canvas.label(6.75, 0.3, "dU: the product adds up the steps itself")
    return canvas.fig
