"""A player in HTML: a sound, its piano roll and its score, which follow the sound.

The page stores a plain `<audio>` and pictures. Where the page is trusted, the script in
player.js moves a cursor over the roll and lights the notes that sound.
"""

from __future__ import annotations

import base64
import functools
import html
import math
from collections.abc import Sequence
from pathlib import Path
from xml.etree import ElementTree

import numpy as np

STEPS_PER_QUARTER = 4  # notes with a tempo are counted in 16ths

# the blue of show.PALETTE; the script lights a note in its red
BLUE = "#0072B2"
GREY = "#dddddd"
DARK_GREY = "#888888"

# the pitch classes that an axis names: C, E and G
NAMED_PITCHES = {0: "C", 4: "E", 7: "G"}
PITCH_NAMES = ("C", "C#", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B")

# pixels of a roll: its margins and width; the height of a semitone where a few pitches
# are all named, and where some of many are; the height of the foot
LEFT = 52
WIDTH = 640
RIGHT = 14
TALL_ROW = 13
ROW = 8
FEW = 6
FOOT = 36

# an axis has at most so many numbers
MOST_NUMBERS = 16
APART = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512)  # bars or seconds from one to the next


def pitch_name(pitch: int) -> str:
    """Returns the name of a MIDI pitch with its octave: 60 is C4."""
    return f"{PITCH_NAMES[pitch % 12]}{pitch // 12 - 1}"


def image_html(alt: str, kind: str, data: bytes) -> str:
    """Returns an image in HTML that holds its own data."""
    alt = html.escape(alt, quote=True)
    source = f"data:image/{kind};base64,{to_base64(data)}"
    return f'<img alt="{alt}" src="{source}" style="max-width:100%">'


def to_base64(data: bytes) -> str:
    """Returns bytes as base64 text."""
    return base64.b64encode(data).decode()


def page_html(svg: str) -> str:
    """Returns an SVG as an image in HTML, described by its title and description.

    JupyterLab takes an `<svg>` out of notebooks that it does not trust, such as a fresh
    clone's, but it leaves images.
    """
    root = ElementTree.fromstring(svg)
    texts = [root.findtext(f"{{http://www.w3.org/2000/svg}}{tag}") for tag in ("title", "desc")]
    described = ": ".join(text for text in texts if text)
    return image_html(described, "svg+xml", svg.encode())


def player_html(
    mp3: bytes,
    label: str,
    notes: np.ndarray | Sequence | None = None,
    tempo: float | None = None,
    beats: int = 4,
    score: str = "",
) -> str:
    """Returns a player as HTML, which plays without the internet.

    The same arguments give the same text. Without notes and score it is an `<audio>`
    alone; for the arguments see `show.player`.
    """
    label = html.escape(label, quote=True)
    pictures = []
    if score:
        pictures.append(page_html(score))
    if notes is not None:
        pictures.append(page_html(roll_svg(notes, tempo, beats)))
    audio = (
        f'<audio controls preload="metadata" aria-label="{label}" '
        f'src="data:audio/mpeg;base64,{to_base64(mp3)}"></audio>'
    )
    caption = f"<figcaption>{label}</figcaption>"
    if not pictures:
        return f'<figure style="margin:0">{caption}{audio}</figure>'
    figure = f'<figure class="lyricgen-player" style="margin:0 0 1em">{caption}'
    shown = "".join(f"<div>{picture}</div>" for picture in pictures)
    return f"{figure}{audio}{shown}</figure><script>{_script()}</script>"


@functools.cache
def _script() -> str:
    """Returns the script of the players without its comments and indentation."""
    text = Path(__file__).with_suffix(".js").read_text("utf-8")
    lines = [line.strip() for line in text.splitlines()]
    return "\n".join(line for line in lines if line and not line.startswith("//"))


def roll_svg(notes: np.ndarray | Sequence, tempo: float | None = None, beats: int = 4) -> str:
    """Returns notes as a piano roll in SVG, time to the right and pitch upwards.

    Each note has the seconds at which it begins and ends as data-on and data-off, and
    the picture where its time axis lies, for the cursor.

    notes: (n, 3) or (n, 4) onset, duration, MIDI pitch; in 16th steps with a tempo,
        otherwise in seconds.
    tempo: quarters a minute.
    beats: quarters in a bar.

    Raises: ValueError where there is no note, or one of no length.
    """
    notes = _checked(notes)
    in_bars = tempo is not None
    second = 1.0 if tempo is None else STEPS_PER_QUARTER * tempo / 60  # in units of time
    unit = 1.0 if tempo is None else STEPS_PER_QUARTER * beats  # a second, or a bar
    end = (notes[:, 0] + notes[:, 1]).max()
    units = math.ceil(round(end / unit, 6))
    scale = WIDTH / (units * unit)
    pitches = notes[:, 2].round().astype(int)
    top = int(pitches.max()) + 1
    few = top - int(pitches.min()) < FEW
    row = TALL_ROW if few else ROW
    bottom = (top - int(pitches.min()) + 2) * row
    described = _description(pitches, units, end / second, in_bars)
    shapes = _pitch_axis(pitches, top, row)
    shapes += _time_axis(units, bottom, first=int(in_bars), parts=beats if in_bars else 1)
    for (onset, duration), pitch in zip(notes[:, :2].tolist(), pitches.tolist()):
        x = LEFT + onset * scale
        width = max(duration * scale - 1, 1.5)
        seconds = f'data-on="{onset / second:.3f}" data-off="{(onset + duration) / second:.3f}"'
        shapes.append(
            f'<rect x="{x:.1f}" y="{(top - pitch) * row + 0.5:g}" width="{width:.1f}" '
            f'height="{row - 1}" fill="{BLUE}" {seconds}/>'
        )
    axes = "bar" if in_bars else "seconds"
    middle = LEFT + WIDTH / 2
    shapes.append(_text(middle, bottom + FOOT - 6, axes, "middle"))
    size = f'width="{LEFT + WIDTH + RIGHT}" height="{bottom + FOOT}"'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} '
        f'viewBox="0 0 {LEFT + WIDTH + RIGHT} {bottom + FOOT}" role="img" '
        f'font-family="sans-serif" font-size="11" data-left="{LEFT}" data-width="{WIDTH}" '
        f'data-bottom="{bottom}" data-seconds="{units * unit / second:.3f}">'
        f"<title>{described}</title>"
        f'<rect width="100%" height="100%" fill="white"/>{"".join(shapes)}</svg>'
    )


def _checked(notes: np.ndarray | Sequence) -> np.ndarray:
    """Returns notes as floats; raises ValueError for what cannot be drawn."""
    notes = np.asarray(notes, np.float64)
    if notes.ndim != 2 or not len(notes) or notes.shape[1] not in (3, 4):
        raise ValueError(
            "notes should be an array (n, 3) or (n, 4) with at least one note, "
            f"and has shape {notes.shape}."
        )
    if (notes[:, 1] <= 0).any() or (notes[:, 0] < 0).any():
        raise ValueError("Each note needs an onset of 0 or later and a duration above 0.")
    return notes


def _description(pitches: np.ndarray, units: int, seconds: float, in_bars: bool) -> str:
    """Returns what is heard, such as "Piano roll of 9 notes: 2 bars, C4 to G4, 4 s"."""
    notes = "1 note" if len(pitches) == 1 else f"{len(pitches)} notes"
    low, high = pitch_name(int(pitches.min())), pitch_name(int(pitches.max()))
    compass = low if low == high else f"{low} to {high}"
    bars = "1 bar, " if units == 1 else f"{units} bars, "
    return f"Piano roll of {notes}: {bars if in_bars else ''}{compass}, {seconds:.0f} s"


def _text(x: float, y: float, text: str, anchor: str) -> str:
    return f'<text x="{x:g}" y="{y:g}" text-anchor="{anchor}">{text}</text>'


def _line(x1: float, y1: float, x2: float, y2: float, color: str) -> str:
    return f'<path d="M{x1:g} {y1:g}L{x2:g} {y2:g}" stroke="{color}"/>'


def _pitch_axis(pitches: np.ndarray, top: int, row: int) -> list[str]:
    """Returns a line and a name for each C, E and G, or for all pitches of few."""
    bottom = int(pitches.min()) - 1
    named = [pitch for pitch in range(bottom, top + 1) if pitch % 12 in NAMED_PITCHES]
    if row == TALL_ROW:
        named = sorted(set(pitches.tolist()))
    shapes = [
        f'<text transform="translate(12 {(top - bottom + 1) * row / 2:g}) rotate(-90)" '
        'text-anchor="middle">pitch</text>'
    ]
    for pitch in named:
        y = (top - pitch + 0.5) * row
        shapes.append(_line(LEFT, y, LEFT + WIDTH, y, GREY))
        shapes.append(_text(LEFT - 5, y + 4, pitch_name(pitch), "end"))
    return shapes


def _time_axis(units: int, bottom: float, first: int, parts: int) -> list[str]:
    """Returns lines at the bars or seconds with numbers, and paler ones at their parts.

    Bars are counted from 1, and seconds from 0.
    """
    shapes = []
    if units <= MOST_NUMBERS:
        for part in range(units * parts):
            x = LEFT + WIDTH * part / (units * parts)
            shapes.append(_line(x, 0, x, bottom, GREY))
    apart = next(n for n in APART if units <= n * MOST_NUMBERS)
    for unit in range(0, units + 1, apart):
        x = LEFT + WIDTH * unit / units
        shapes.append(_line(x, 0, x, bottom + 4, DARK_GREY))
        if unit < units or first == 0:
            shapes.append(_text(x, bottom + 16, str(unit + first), "middle"))
    return shapes
