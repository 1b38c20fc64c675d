"""Drawings of language models: counts, training, dropout and the form of a poem."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from lyricgen.drawings.canvas import (
    FONT,
    GREY,
    HALF_LETTER,
    LARGE,
    NORMAL,
    PLAIN,
    SMALL,
    Canvas,
    Look,
    Point,
    coloured,
    dashed,
)
from lyricgen.lyrics.patterns import NO_RHYME, Pattern
from lyricgen.show import BLUE, GREEN, ORANGE, PINK, RED, SKY

# What is drawn in place of characters that leave no mark.
VISIBLE = {" ": "␣", "\n": "↵"}

LEVEL = 1.05  # inches from one context to the next in `ngram_fallback`
DRAWN = ("the old ma", "n")  # the example of `ngram_fallback`: a context and a token


def visible(text: str) -> str:
    """Returns a text with a mark for each space and each newline."""
    return "".join(VISIBLE.get(character, character) for character in text)


def ngram_fallback(
    own: Sequence[float] | None = None,
    weights: Sequence[float] | None = None,
    vocabulary: int | None = None,
    text: str = DRAWN[0],
    token: str = DRAWN[1],
    order: int = 4,
) -> Any:
    """Draws how Kneser-Ney falls back from a context to ever shorter ones.

    `text` is what stands before the `token`; an n-gram model of an order sees order - 1
    characters of it. `own` are the shares (n(c w) - d) / n(c) of the contexts, longest
    first, and `weights` what each gives to the shorter one, sum of d(n(c v)) over v /
    n(c). Below the empty context each of the V tokens of the vocabulary has 1 / V.
    Given all three, the probabilities that they make are drawn as well; letters stand
    for what is not given. Returns the figure.
    Raises: ValueError where the numbers are not as many as the contexts.
    Source: Chen and Goodman 1999, section 3.
    Notebook: counting_words
    """
    contexts = [text[len(text) - length :] for length in range(order - 1, -1, -1)]
    for values in (own, weights):
        if values is not None and len(values) != len(contexts):
            raise ValueError(f"{len(values)} numbers for {len(contexts)} contexts.")
    canvas = Canvas(LEVEL * len(contexts) + 1.75)
    top = canvas.fig.get_figheight() - 0.3
    canvas.label(0.3, top, f'What comes after "{visible(text)}"?', "left", weight="bold")
    canvas.label(0.3, top - 0.5, f"context (order {order})", "left", SMALL)
    canvas.label(3.1, top - 0.5, "its own share", font=SMALL)
    canvas.label(7.2, top - 0.5, "probability", font=SMALL)
    results = fallback_probabilities(own, weights, vocabulary)
    for row, context in enumerate(contexts):
        y = top - 1.0 - LEVEL * row
        seen = visible(context)
        _context(canvas, y, seen, visible(token), row)
        given = f' given "{seen}"' if seen else ""
        result = f" = {results[row]:.4f}" if results else ""
        canvas.box(7.2, y, f'P("{visible(token)}"{given}){result}', (3.2, 0.5))
        share = r"$\frac{n(c\,w) - d}{n(c)}$" if own is None else f"{own[row]:.4f}"
        canvas.label(3.1, y, share, font=LARGE)
        weight = f'λ("{seen}")' if weights is None else f"{weights[row]:.4f}"
        canvas.label(7.35, y - LEVEL / 2, f"times {weight}", "left")
    y = top - 1.0 - LEVEL * len(contexts)
    canvas.label(5.4, y, "all tokens equally likely", "right")
    if own is None:
        canvas.label(0.3, y, "c: the context\nw: the token", "left", SMALL)
    canvas.box(7.2, y, f"1 / {vocabulary or 'V'}", (3.2, 0.5))
    return canvas.fig


def fallback_probabilities(
    own: Sequence[float] | None, weights: Sequence[float] | None, vocabulary: int | None
) -> list[float]:
    """Returns the probability at each level of a fallback, the longest context first.

    P(w | c) = own + weight P(w | c'), from 1 / V upwards. Where an argument is None
    there are none.
    """
    if own is None or weights is None or vocabulary is None:
        return []
    results = [1 / vocabulary]
    for share, weight in zip(reversed(own), reversed(weights)):
        results.append(share + weight * results[-1])
    return results[:0:-1]


def _context(canvas: Canvas, y: float, context: str, token: str, row: int) -> None:
    """Draws one level of the fallback: its context, its token and its arrows."""
    for place, character in enumerate(context):
        x = 0.55 + 0.45 * (place + row)
        canvas.box(x, y, character, (0.42, 0.46), coloured(SKY, width=1.6))
    end = 0.55 + 0.45 * (len(context) + row)
    canvas.label(end, y, token, font=LARGE, weight="bold")
    canvas.arrow([(3.8, y), (5.6, y)], coloured(BLUE, width=2.2))
    canvas.label(4.65, y + 0.2, "+", font=LARGE)
    canvas.arrow([(7.2, y - LEVEL + 0.25), (7.2, y - 0.25)], coloured(RED, "dashed", 2.2))


def pair_heatmap(counts: np.ndarray, letters: Sequence[str]) -> Any:
    """Draws how often each letter follows each other, as a heat map of all pairs.

    counts: (V, V), the first letter in the rows and the second in the columns; letters:
    the V letters. Dark is frequent, white is never; the scale is logarithmic. Space and
    newline are drawn as marks. Returns the figure.
    Raises: ValueError where the counts do not fit the letters.
    Notebook: counting_words
    """
    from matplotlib.colors import LogNorm

    counts = np.asarray(counts)
    size = len(letters)
    if counts.shape != (size, size):
        raise ValueError(f"counts has shape {counts.shape}; expected ({size}, {size}).")
    canvas = Canvas(8.0)
    canvas.ax.remove()
    ax = canvas.fig.add_axes((0.08, 0.04, 0.76, 0.85))
    seen = np.ma.masked_equal(counts, 0)
    most = max(2, int(counts.max()))
    norm = LogNorm(vmin=1, vmax=most)
    image = ax.imshow(seen, cmap="cividis_r", norm=norm, aspect="equal")
    ax.set_facecolor("white")
    names = [visible(letter) for letter in letters]
    ax.set_xticks(range(size), names, fontsize=SMALL, **FONT)
    ax.set_yticks(range(size), names, fontsize=SMALL, **FONT)
    ax.tick_params(length=0, top=True, labeltop=True, bottom=False, labelbottom=False)
    ax.xaxis.set_label_position("top")
    ax.set_xlabel("second character", fontsize=NORMAL, **FONT)
    ax.set_ylabel("first character", fontsize=NORMAL, **FONT)
    ax.tick_params(labelfontfamily=FONT["family"])
    scale = canvas.fig.add_axes((0.87, 0.2, 0.025, 0.6))
    bar = canvas.fig.colorbar(image, cax=scale)
    powers = [10**exponent for exponent in range(len(str(most)))]
    bar.set_ticks(powers, labels=[str(power) for power in powers])
    scale.set_title("pairs", fontsize=SMALL, **FONT)
    scale.tick_params(labelsize=SMALL, labelfontfamily=FONT["family"])
    return canvas.fig


def training_loop() -> Any:
    """Draws one step of training a language model, and what is carried to the next.

    Returns the figure.
    Notebook: training_a_language_model
    """
    canvas = Canvas(3.9)
    size = (1.5, 0.7)
    text = canvas.box(1.15, 2.65, "batch\n(B, T)", size)
    model = canvas.box(4.3, 2.65, "model", size, coloured(BLUE))
    loss = canvas.box(7.6, 2.65, "loss", size, coloured(GREEN))
    gradient = canvas.box(7.6, 0.65, "gradient", size)
    clip = canvas.box(5.95, 0.65, "clip", (1.0, 0.7))
    step = canvas.box(4.3, 0.65, "step", size, coloured(ORANGE))
    arrow = coloured("#000000", width=1.8)
    canvas.arrow([text.right, model.left], arrow)
    canvas.label(2.7, 2.85, "tokens")
    canvas.arrow([model.right, loss.left], arrow)
    canvas.label(5.95, 2.87, "logits (B, T, V)", font=SMALL)
    canvas.arrow([loss.bottom, gradient.top], coloured(RED, "dashed", 2.2))
    canvas.label(7.5, 1.65, "backward", "right")
    canvas.arrow([gradient.left, clip.right], coloured(RED, "dashed", 2.2))
    canvas.arrow([clip.left, step.right], coloured(RED, "dashed", 2.2))
    canvas.arrow([step.top, model.bottom], coloured(ORANGE, width=2.2))
    canvas.label(4.2, 1.65, "new weights", "right")
    left, right = model.x - 0.45, model.x + 0.45
    over = model.top[1] + 0.4
    loop = [(right, model.top[1]), (right, over), (left, over), (left, model.top[1])]
    canvas.arrow(loop, coloured(BLUE, "dashdot", 2.2))
    canvas.label(model.x, over + 0.22, "states h, c go on to the next batch")
    canvas.arrow([(1.15, 0.65), text.bottom], GREY)
    canvas.label(1.15, 0.45, "next batch")
    return canvas.fig


def dropout_mask(steps: int = 6, units: int = 5, rate: float = 0.4, seed: int = 172) -> Any:
    """Draws two ways of dropout: one mask for all steps of a window, or one for each.

    A cross is a feature that is set to 0. Returns the figure.
    Source: Gal and Ghahramani 2016 (one mask for all steps).
    Notebook: training_a_language_model
    """
    rng = np.random.default_rng(seed)
    one = np.repeat(rng.random((units, 1)) < rate, steps, axis=1)
    each = rng.random((units, steps)) < rate
    square = 0.55
    canvas = Canvas(square * units + 1.5)
    pictures = ((0.85, "One mask for all steps", one), (5.2, "A mask for each step", each))
    for left, title, dropped in pictures:
        top = canvas.fig.get_figheight() - 0.65
        canvas.label(left, top + 0.3, title, "left", weight="bold")
        for (unit, t), off in np.ndenumerate(dropped):
            x = left + square * (t + 0.5)
            y = top - square * (unit + 0.5)
            look = coloured(RED, width=1.4) if off else PLAIN
            canvas.box(x, y, "×" if off else "", (square * 0.88, square * 0.88), look, LARGE)
        for t in range(steps):
            x = left + square * (t + 0.5)
            canvas.label(x, top - square * units - 0.2, str(t + 1))
        canvas.label(left + square * steps / 2, 0.3, "step of the window")
    middle = canvas.fig.get_figheight() - 0.65 - square * units / 2
    canvas.label(0.45, middle, "features", rotation=90)
    return canvas.fig


RHYME_COLORS = (ORANGE, BLUE, PINK, GREEN, RED, SKY)


def mask_plan(pattern: Pattern) -> Any:
    """Draws which characters a pattern allows at each step of a ci, a line in a row.

    A letter stands for a rhyme group: any character of that group. A line ends
    with a newline and the last one with the end of the poem. Returns the figure.
    Notebook: writing_lyrics
    """
    longest = max(pattern.lengths) + 1
    rows = len(pattern.lengths)
    width = min(0.64, 7.6 / longest)
    height = min(0.58, max(0.3, 6.5 / rows))
    breaks = [line for line in pattern.stanzas if line]
    canvas = Canvas(height * rows + 0.3 * len(breaks) + 1.75)
    top = canvas.fig.get_figheight() - 0.6
    canvas.label(0.3, top + 0.3, "line", "left", SMALL)
    canvas.label(1.0, top + 0.3, "characters that are allowed at each step", "left", SMALL)
    for line, (length, group) in enumerate(zip(pattern.lengths, pattern.rhymes)):
        passed = sum(first <= line for first in breaks)
        y = top - height * (line + 0.5) - 0.3 * passed
        canvas.label(0.5, y, str(line + 1))
        last = line == rows - 1
        for place, (mark, look) in enumerate(_marks(length, group, last)):
            x = 1.0 + width * (place + 0.5)
            canvas.box(x, y, mark, (width - 0.06, height - 0.06), look, SMALL)
    _mask_legend(canvas, max(pattern.rhymes) + 1)
    return canvas.fig


def _marks(length: int, group: int, last: bool) -> list[tuple[str, Look]]:
    """Returns the mark and the look of each step of a line."""
    marks = [("any", PLAIN)] * (length - 1)
    rhyme = ("any", PLAIN)
    if group != NO_RHYME:
        color = RHYME_COLORS[group % len(RHYME_COLORS)]
        rhyme = (_group_letter(group), coloured(color, width=2.4))
    end = ("end", dashed(GREY)) if last else ("↵", dashed(GREY))
    return [*marks, rhyme, end]


def _group_letter(group: int) -> str:
    return chr(ord("A") + group)


def _mask_legend(canvas: Canvas, groups: int) -> None:
    letters = ", ".join(_group_letter(group) for group in range(groups))
    lines = ["any: every Chinese character", "↵: the newline alone"]
    if groups:
        word = "rhyme group" if groups == 1 else "rhyme groups"
        lines.append(f"{letters}: {word}, characters of one rhyme group")
    canvas.label(0.3, 0.62, "     ".join(lines[:2]), "left", SMALL)
    if groups:
        canvas.label(0.3, 0.3, lines[2], "left", SMALL)


# The first line of Li Yu's Yu meiren: spring flowers, autumn moon, when will they end?
LINE = ("chūn", "huā", "qiū", "yuè", "hé", "shí", "liǎo")


def told_inputs(line: Sequence[str] = LINE, group: str = "A") -> Any:
    """Draws a language model that also reads the form: how many are left, which rhyme.

    line: the characters of a line, in pinyin, since the figure's font has no Chinese;
    the default is the first line of Li Yu's Yu meiren ("spring flowers, autumn moon:
    when will they end?"). The model reads, beside the character, how many characters
    are left in the line and the line's rhyme group. Returns the figure.
    Notebook: writing_lyrics
    """
    canvas = Canvas(4.4)
    pitch = 7.1 / len(line)
    names = ((3.9, "next\ncharacter"), (1.8, "character"))
    for y, name in (*names, (1.15, "left in the\nline"), (0.5, "rhyme group")):
        canvas.label(0.15, y, name, "left", linespacing=1.1)
    canvas.panel((1.6, 0.18), (8.85, 2.12))
    previous = None
    for t, (read, written) in enumerate(zip(line, [*line[1:], "↵"])):
        x = 1.65 + pitch * (t + 0.5)
        size = (pitch * 0.78, 0.46)
        cell = canvas.box(x, 2.85, "LSTM", size, coloured(BLUE, width=2))
        canvas.box(x, 3.9, written, size)
        canvas.box(x, 1.8, read, size)
        canvas.box(x, 1.15, str(len(line) - 1 - t), size, coloured(ORANGE, width=2))
        canvas.box(x, 0.5, group, size, coloured(PINK, "dashed", 2))
        canvas.arrow([cell.top, (x, 3.67)])
        canvas.arrow([(x, 2.12), cell.bottom])
        if previous:
            canvas.arrow([previous.right, cell.left])
        previous = cell
    return canvas.fig


CHARACTERS_IN_LINE = 60  # at most, in `coloured_text`


def coloured_text(text: str, values: Sequence[float] | np.ndarray, name: str) -> Any:
    """Draws the characters of a text, each on the colour of a number between -1 and 1.

    values: one for each character, newlines too, such as a unit's h at each step; name:
    what the numbers are, for the scale. Dark is 1, light is -1. Lines are at most 60
    characters long. The font has Latin letters and no Chinese ones. Returns the figure.
    Raises: ValueError where values do not fit the text, or a line is too long.
    Notebook: writing_lyrics
    """
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import Normalize

    values = np.asarray(values, float)
    if values.shape != (len(text),):
        raise ValueError(f"values has shape {values.shape}; expected ({len(text)},).")
    lines = text.split("\n")
    longest = max(map(len, lines))
    if longest > CHARACTERS_IN_LINE:
        raise ValueError(f"a line has {longest} characters; expected at most {CHARACTERS_IN_LINE}.")
    colours = ScalarMappable(Normalize(-1, 1), "cividis_r")
    # A character is twice as high as it is wide, and short lines have larger ones.
    width = min(8.6 / longest, 0.2)
    canvas = Canvas(2 * width * len(lines) + 1.15)
    height = canvas.fig.get_figheight()
    first = 0
    for row, line in enumerate(lines):
        colours_of_line = colours.to_rgba(values[first : first + len(line)])
        y = height - 0.2 - 2 * width * (row + 0.5)
        _coloured_line(canvas, (0.2, y), line, colours_of_line, width)
        first += len(line) + 1
    scale = canvas.fig.add_axes((0.3, 0.42 / height, 0.4, 0.18 / height))
    bar = canvas.fig.colorbar(colours, cax=scale, orientation="horizontal", ticks=[-1, 0, 1])
    bar.ax.tick_params(labelsize=SMALL, labelfontfamily=FONT["family"])
    canvas.label(2.55, 0.5, name, "right")
    return canvas.fig


def _coloured_line(
    canvas: Canvas, start: Point, line: str, colours: np.ndarray, width: float
) -> None:
    """Draws a line of text; colours (characters, 4) are RGBA, the width in inches."""
    from matplotlib.patches import Rectangle

    left, y = start
    brightness = colours[:, :3] ** 2.2 @ [0.2126, 0.7152, 0.0722]
    font = SMALL * width / 0.14
    for place, character in enumerate(line):
        x = left + width * place
        corner = (x, y - 0.9 * width)
        square = Rectangle(corner, width, 1.8 * width, facecolor=colours[place])
        canvas.ax.add_patch(square)
        if character != " ":
            # the ink with the higher contrast
            ink = "white" if brightness[place] < 0.18 else "black"
            base = y - HALF_LETTER * font / 72
            style = {**FONT, "family": "DejaVu Sans Mono", "color": ink}
            canvas.ax.text(x + width / 2, base, character, ha="center", fontsize=font, **style)
