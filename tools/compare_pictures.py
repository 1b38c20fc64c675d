"""Compares pictures as a reader would: what moved counts, how edges are smoothed not.

nbval compares no pictures. conftest.py has each cell's stored figures compared with the
ones that the cell has just drawn.
"""

from __future__ import annotations

import base64
import io
import re

import numpy as np
from PIL import Image, ImageFilter

LEVELS = 48  # of 255: a pixel further off in red, green or blue shows something else
MOST = 30  # such pixels that may be: a note of a piano roll that moves makes about 300
# Another version of matplotlib can place axes some pixels off, since it measures
# letters anew: then a share may differ. Another melody makes 9 % of a piano roll.
MOST_OF_ANOTHER_VERSION = 0.05


def decode(data: str) -> Image.Image:
    """Reads a picture from the base64 text of an output."""
    return Image.open(io.BytesIO(base64.b64decode(data)))


def version(picture: Image.Image) -> str | None:
    """The version of matplotlib that a picture names, as `3.11`."""
    named = re.search(r"version\s*(\d+\.\d+)", picture.info.get("Software", ""))
    return named and named[1]


def other_pixels(stored: Image.Image, new: Image.Image) -> np.ndarray:
    """Finds the pixels of two pictures of one size that show other things, bool (h, w).

    Both are smoothed a little, and a pixel may be found again one pixel beside its
    place: letters smoothed in another way and a line half a pixel lower do not count.
    """
    first, second = (
        np.asarray(picture.convert("RGB").filter(ImageFilter.GaussianBlur(1)), np.int16)
        for picture in (stored, new)
    )
    return np.maximum(_distance(first, second), _distance(second, first)) > LEVELS


def _distance(picture: np.ndarray, other: np.ndarray) -> np.ndarray:
    """How far each pixel is from the most similar one at its place or beside it."""
    height, width, _ = picture.shape
    padded = np.pad(other, ((1, 1), (1, 1), (0, 0)), mode="edge")
    near = [
        np.abs(picture - padded[row : row + height, column : column + width]).max(axis=-1)
        for row in range(3)
        for column in range(3)
    ]
    return np.min(near, axis=0)


def difference(stored: str, new: str) -> str | None:
    """Says how a new picture (base64) differs from the stored one, or None."""
    if stored.strip() == new.strip():
        return None
    before, after = decode(stored), decode(new)
    if before.size != after.size:
        return f"it was {before.size} pixels wide and high and is {after.size}."
    other = other_pixels(before, after)
    most = MOST if version(before) == version(after) else MOST_OF_ANOTHER_VERSION * other.size
    if other.sum() <= most:
        return None
    rows, columns = np.nonzero(other)
    return (
        f"{other.sum()} pixels show something else (up to {most:.0f} may), in columns "
        f"{columns.min()} to {columns.max()} and rows {rows.min()} to {rows.max()}."
    )


def differences(stored: list[dict], new: list[dict]) -> list[str]:
    """Says how the PNG pictures in a cell's new outputs differ from the stored ones."""
    before, after = (
        [output["data"]["image/png"] for output in outputs if "image/png" in output.get("data", {})]
        for outputs in (stored, new)
    )
    if len(before) != len(after):
        return [f"{len(before)} pictures are stored, and the cell has shown {len(after)}."]
    found = [difference(*pair) for pair in zip(before, after)]
    return [f"Picture {number}: {said}" for number, said in enumerate(found, 1) if said]
