"""Drawings of one LSTM step: the cell, gate by gate, and the gradient's way back."""

from __future__ import annotations

from typing import Any

from lyricgen.drawings.canvas import (
    DARK_GREY,
    GREY,
    LARGE,
    SMALL,
    Canvas,
    Look,
    Place,
    coloured,
)
from lyricgen.show import BLUE, GREEN, ORANGE, PINK, RED

# The stages in which the cell is built, with their formulas and what they are for.
STAGES = {
    "forget": (r"$f_t = \sigma(a_f)$", "forget gate: how much of the old cell is kept"),
    "input": (r"$i_t = \sigma(a_i)$", "input gate: how much of the candidate is written"),
    "candidate": (r"$g_t = \tanh(a_g)$", "candidate: what might be written into the cell"),
    "cell": (r"$c_t = f_t \circ c_{t-1} + i_t \circ g_t$", "cell state: what the LSTM keeps"),
    "output": (
        r"$o_t = \sigma(a_o)$,   $h_t = o_t \circ \tanh(c_t)$",
        "output gate: how much of the cell is shown",
    ),
}
COLORS = {"forget": RED, "input": GREEN, "candidate": ORANGE, "cell": BLUE, "output": PINK}

# Where the parts stand, in inches. Backward, the same graph has the same places.
CELL_Y = 4.3
PRODUCT_Y = 3.2
SHOWN_Y = 2.85
GATE_Y = 2.05
AFFINE_Y = 0.95
FORGET_X, INPUT_X, CANDIDATE_X, OUTPUT_X, SHOWN_X = 2.3, 3.75, 5.15, 6.5, 7.5
SUM_X = (INPUT_X + CANDIDATE_X) / 2
LEFT, RIGHT = 0.75, 8.4
GATE_SIZE = (0.75, 0.48)
GATE_X = {"f": FORGET_X, "i": INPUT_X, "g": CANDIDATE_X, "o": OUTPUT_X}


def lstm_cell(stage: str = "whole") -> Any:
    """Draws the LSTM cell up to a stage: that part in colour, the rest grey.

    Stages: "forget", "input", "candidate", "cell", "output"; "whole" has all of them in
    colour. Parts that are drawn already are dark grey, later ones light grey. At the
    arrows stand the shapes. The gates stand in the order in which the cell uses them;
    in the arrays their blocks are i, f, g, o. Returns the figure.
    Raises: ValueError for another stage.
    Source: Hochreiter and Schmidhuber 1997; the forget gate: Gers, Schmidhuber and
    Cummins 2000.
    Notebook: memory_and_precision
    """
    if stage not in (*STAGES, "whole"):
        raise ValueError(f"stage is {stage!r}; expected one of {[*STAGES, 'whole']}.")
    canvas = Canvas(5.35)
    canvas.panel((1.3, 0.48), (8.05, 4.78))
    _pre_activations(canvas)
    parts = (_forget, _input, _candidate, _cell, _output)
    for name, draw in zip(STAGES, parts):
        draw(canvas, _look_of(name, stage))
    _ends(canvas)
    if stage == "whole":
        canvas.label(LEFT - 0.4, 5.05, "One step of an LSTM", "left", LARGE, weight="bold")
    else:
        formula, meaning = STAGES[stage]
        canvas.label(LEFT - 0.4, 5.05, formula, "left", LARGE)
        canvas.label(RIGHT + 0.4, 5.05, meaning, "right")
    return canvas.fig


def _look_of(part: str, stage: str) -> Look:
    """Returns how a part is drawn at a stage."""
    order = list(STAGES)
    if stage in ("whole", part):
        return coloured(COLORS[part])
    return DARK_GREY if order.index(part) < order.index(stage) else GREY


def _pre_activations(canvas: Canvas) -> None:
    """Draws the box of x W + h U + b, with what goes in."""
    middle = (FORGET_X + OUTPUT_X) / 2
    text = r"$a = x_t W + h_{t-1} U + b$       (B, 4H)"
    size = (OUTPUT_X - FORGET_X + 0.9, 0.48)
    box = canvas.box(middle, AFFINE_Y, text, size)
    canvas.arrow([(LEFT, AFFINE_Y), box.left])
    canvas.arrow([(middle, 0.28), box.bottom])
    canvas.label(middle - 0.15, 0.3, "$x_t$", "right", LARGE)
    canvas.label(middle + 0.15, 0.3, "(B, D)", "left", SMALL)


def _ends(canvas: Canvas) -> None:
    """Names the states that come from the step before, and those of this step."""
    for x, y, name in (
        (LEFT - 0.08, CELL_Y, "$c_{t-1}$"),
        (LEFT - 0.08, AFFINE_Y, "$h_{t-1}$"),
    ):
        canvas.label(x, y, name, "right", LARGE)
        canvas.label(x + 0.1, y - 0.32, "(B, H)", "right", SMALL)
    for y, name in ((CELL_Y, "$c_t$"), (AFFINE_Y, "$h_t$")):
        canvas.label(RIGHT + 0.08, y, name, "left", LARGE)
        canvas.label(RIGHT, y - 0.32, "(B, H)", "left", SMALL)


def _gate(canvas: Canvas, letter: str, text: str, look: Look) -> Place:
    """Draws a gate over its pre-activation, and returns its place."""
    x = GATE_X[letter]
    box = canvas.box(x, GATE_Y, text, GATE_SIZE, look, LARGE)
    canvas.arrow([(x, AFFINE_Y + 0.24), box.bottom], look)
    below = (AFFINE_Y + GATE_Y) / 2
    canvas.label(x - 0.1, below, f"$a_{letter}$", "right", color=look.text)
    canvas.label(x + 0.1, below, "(B, H)", "left", SMALL, color=look.text)
    return box


def _forget(canvas: Canvas, look: Look) -> None:
    box = _gate(canvas, "f", r"$\sigma$", look)
    product = canvas.circle(FORGET_X, CELL_Y, "∘", look=look)
    canvas.arrow([box.top, product.bottom], look)
    canvas.label(FORGET_X - 0.1, PRODUCT_Y, "$f_t$", "right", LARGE, color=look.text)


def _input(canvas: Canvas, look: Look) -> None:
    box = _gate(canvas, "i", r"$\sigma$", look)
    corner = (INPUT_X, PRODUCT_Y)
    canvas.arrow([box.top, corner, (SUM_X - 0.2, PRODUCT_Y)], look)
    canvas.label(INPUT_X - 0.1, 2.75, "$i_t$", "right", LARGE, color=look.text)


def _candidate(canvas: Canvas, look: Look) -> None:
    box = _gate(canvas, "g", "tanh", look)
    corner = (CANDIDATE_X, PRODUCT_Y)
    canvas.arrow([box.top, corner, (SUM_X + 0.2, PRODUCT_Y)], look)
    canvas.label(CANDIDATE_X + 0.1, 2.75, "$g_t$", "left", LARGE, color=look.text)


def _cell(canvas: Canvas, look: Look) -> None:
    product = canvas.circle(SUM_X, PRODUCT_Y, "∘", look=look)
    total = canvas.circle(SUM_X, CELL_Y, "+", look=look)
    canvas.arrow([product.top, total.bottom], look)
    canvas.arrow([(LEFT, CELL_Y), (FORGET_X - 0.2, CELL_Y)], look)
    canvas.arrow([(FORGET_X + 0.2, CELL_Y), total.left], look)
    canvas.arrow([total.right, (RIGHT, CELL_Y)], look)
    middle = (FORGET_X + SUM_X) / 2
    canvas.label(middle, CELL_Y + 0.22, r"$f_t \circ c_{t-1}$", color=look.text)
    canvas.label(SUM_X + 0.12, 3.75, r"$i_t \circ g_t$", "left", color=look.text)


def _output(canvas: Canvas, look: Look) -> None:
    box = _gate(canvas, "o", r"$\sigma$", look)
    squashed = canvas.box(SHOWN_X, 3.6, "tanh", GATE_SIZE, look, LARGE)
    product = canvas.circle(SHOWN_X, SHOWN_Y, "∘", look=look)
    canvas.arrow([(SHOWN_X, CELL_Y), squashed.top], look)
    canvas.arrow([squashed.bottom, product.top], look)
    canvas.arrow([box.top, (OUTPUT_X, SHOWN_Y), product.left], look)
    canvas.arrow([product.bottom, (SHOWN_X, AFFINE_Y), (RIGHT, AFFINE_Y)], look)
    canvas.label(OUTPUT_X - 0.1, 2.6, "$o_t$", "right", LARGE, color=look.text)


# The edges of the graph of one step, from its end to its beginning, in the order in
# which the code of `backward` computes their gradients.
HIDDEN = coloured(RED, "dashed", 2.2)
CARRIED = coloured(BLUE, width=2.6)
INNER = coloured(GREEN, "dashdot", 2.0)


def backward_step() -> Any:
    """Draws the graph of one LSTM step with the gradient that goes back on each edge.

    The numbers are the order of the computation. Solid lines carry the gradient of the
    cell state, dashed lines that of the hidden state, dash-dotted ones that of the
    gates. A plus sign in colour adds two gradients. The gates have the places that they
    have in the cell; in the arrays their blocks are i, f, g, o. Returns the figure.
    Source: Graves 2012, Supervised Sequence Labelling, section 4.6, without peepholes.
    Notebook: backpropagation_through_time
    """
    canvas = Canvas(5.6)
    canvas.panel((1.5, 0.48), (8.6, 4.78))
    _graph_of_step(canvas)
    _back_to_cell(canvas)
    _back_through_gates(canvas)
    _back_out(canvas)
    names = ("of the cell state", "of the hidden state", "of the gates")
    canvas.label(0.1, 5.2, "Gradient", "left", weight="bold")
    for x, look, name in zip((1.3, 3.8, 6.6), (CARRIED, HIDDEN, INNER), names):
        canvas.line([(x, 5.2), (x + 0.55, 5.2)], look)
        canvas.label(x + 0.65, 5.2, name, "left")
    return canvas.fig


def _graph_of_step(canvas: Canvas) -> None:
    """Draws the nodes of the graph, at the places that they have in the cell."""
    canvas.circle(FORGET_X, CELL_Y, "∘")
    canvas.circle(SUM_X, CELL_Y, "+")
    canvas.circle(SUM_X, PRODUCT_Y, "∘")
    canvas.box(SHOWN_X, 3.6, "tanh", GATE_SIZE)
    canvas.circle(SHOWN_X, SHOWN_Y, "∘")
    for letter, x in GATE_X.items():
        text = "tanh" if letter == "g" else r"$\sigma$"
        canvas.box(x, GATE_Y, text, GATE_SIZE, font=LARGE)
    middle = (FORGET_X + OUTPUT_X) / 2
    size = (OUTPUT_X - FORGET_X + 0.9, 0.48)
    canvas.box(middle, AFFINE_Y, r"$a = x_t W + h_{t-1} U + b$", size)


def _back_to_cell(canvas: Canvas) -> None:
    """Draws the gradient from the two states that leave the step to the cell."""
    end = 8.95
    added_h = canvas.circle(SHOWN_X, 1.65, "+", 0.15, HIDDEN)
    canvas.arrow([(end, AFFINE_Y), (SHOWN_X, AFFINE_Y), added_h.bottom], HIDDEN)
    canvas.label(SHOWN_X + 0.12, AFFINE_Y + 0.22, "dh_back$_t$", "left")
    canvas.arrow([(end, 1.65), added_h.right], HIDDEN)
    canvas.label(SHOWN_X + 0.22, 1.87, "dh$_t$ (loss)", "left")
    canvas.arrow([added_h.top, (SHOWN_X, SHOWN_Y - 0.2)], HIDDEN)
    canvas.label(SHOWN_X + 0.12, 2.35, "1  dh_total", "left")
    canvas.arrow([(SHOWN_X, SHOWN_Y + 0.2), (SHOWN_X, 3.36)], HIDDEN)
    added_c = canvas.circle(SHOWN_X, CELL_Y, "+", 0.15, CARRIED)
    canvas.arrow([(SHOWN_X, 3.84), added_c.bottom], CARRIED)
    canvas.arrow([(end, CELL_Y), added_c.right], CARRIED)
    canvas.arrow([added_c.left, (SUM_X + 0.2, CELL_Y)], CARRIED)
    canvas.label(SHOWN_X + 0.22, CELL_Y + 0.25, "dc_back$_t$", "left")
    canvas.label((SUM_X + SHOWN_X) / 2, CELL_Y + 0.25, "3  dc_total")


def _back_through_gates(canvas: Canvas) -> None:
    """Draws the gradient from the cell to the gates and their pre-activations."""
    canvas.arrow([(SHOWN_X - 0.2, SHOWN_Y), (OUTPUT_X, SHOWN_Y), (OUTPUT_X, 2.29)], INNER)
    canvas.label(OUTPUT_X - 0.1, SHOWN_Y - 0.1, "2  do", "right")
    canvas.arrow([(SUM_X, CELL_Y - 0.2), (SUM_X, PRODUCT_Y + 0.2)], CARRIED)
    canvas.arrow([(SUM_X - 0.2, PRODUCT_Y), (INPUT_X, PRODUCT_Y), (INPUT_X, 2.29)], INNER)
    canvas.label(INPUT_X - 0.1, 2.75, "4  di", "right")
    canvas.arrow([(SUM_X + 0.2, PRODUCT_Y), (CANDIDATE_X, PRODUCT_Y), (CANDIDATE_X, 2.29)], INNER)
    canvas.label(CANDIDATE_X + 0.1, 2.75, "5  dg", "left")
    canvas.arrow([(FORGET_X, CELL_Y - 0.2), (FORGET_X, 2.29)], INNER)
    canvas.label(FORGET_X - 0.1, 3.2, "6  df", "right")
    for number, letter in zip((8, 9, 10, 11), "ifgo"):
        x = GATE_X[letter]
        canvas.arrow([(x, GATE_Y - 0.24), (x, AFFINE_Y + 0.24)], INNER)
        canvas.label(x - 0.1, 1.5, f"{number}  da_{letter}", "right")


def _back_out(canvas: Canvas) -> None:
    """Draws the gradient that leaves the step: to states, input and weights."""
    canvas.arrow([(SUM_X - 0.2, CELL_Y), (FORGET_X + 0.2, CELL_Y)], CARRIED)
    canvas.arrow([(FORGET_X - 0.2, CELL_Y), (LEFT, CELL_Y)], CARRIED)
    canvas.label(0.1, CELL_Y + 0.25, "7  dc_back$_{t-1}$", "left")
    canvas.label(0.1, CELL_Y - 0.25, r"dc_total $\circ\ f_t$", "left", SMALL)
    left = FORGET_X - 0.45
    canvas.arrow([(left, AFFINE_Y), (LEFT, AFFINE_Y)], HIDDEN)
    canvas.label(0.1, AFFINE_Y + 0.25, "12  dh_back$_{t-1}$", "left")
    canvas.label(0.1, AFFINE_Y - 0.25, r"$da\ U^\mathsf{T}$", "left", SMALL)
    middle = (FORGET_X + OUTPUT_X) / 2
    canvas.arrow([(middle, AFFINE_Y - 0.24), (middle, 0.15)], INNER)
    canvas.label(middle - 0.15, 0.3, "13  dx", "right")
    canvas.label(middle + 0.15, 0.3, "and dW, dU, db: sums over all steps", "left", SMALL)
