"""Floating-point formats: the bits of a number, and the rounding of TF32."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np


class Format(NamedTuple):
    """A floating-point format: the bits of its exponent and of its mantissa."""

    name: str
    exponent: int
    mantissa: int


FORMATS = (
    Format("float64", exponent=11, mantissa=52),
    Format("float32", exponent=8, mantissa=23),
    Format("TF32", exponent=8, mantissa=10),
)


def round_to_tf32(a: np.ndarray) -> np.ndarray:
    """Rounds float32 numbers to the nearest that have 10 bits of mantissa.

    An array of any shape; the result is float32 with the last 13 bits zero. A number in
    the middle of two is rounded to the one whose last bit is 0, as IEEE 754 does.
    Source: NVIDIA A100 Tensor Core GPU Architecture, 2020, on the format TF32.
    Notebook: memory_and_precision
    """
    bits = np.ascontiguousarray(a, np.float32).view(np.uint32)
    last_kept = (bits >> 13) & 1
    up = bits + 0xFFF + last_kept
    return (up & 0xFFFFE000).view(np.float32).reshape(np.shape(a))


def round_to_format(value: float, name: str) -> float:
    """Returns a number as the nearest of a format: float64, float32 or TF32.

    Raises: ValueError for another format.
    """
    if name == "float64":
        return float(value)
    if name == "float32":
        return float(np.float32(value))
    if name == "TF32":
        return float(round_to_tf32(np.array(value, np.float32)))
    raise ValueError(f"The format is {name!r}; it can be float64, float32 or TF32.")


def bits_of(value: float, name: str) -> tuple[str, str, str]:
    """Returns the sign, the exponent and the mantissa of a number as texts of 0 and 1.

    The number is rounded to the format first. TF32 numbers are stored as float32; of
    their mantissa only the first 10 bits are returned.
    Raises: ValueError for a format that is not in FORMATS.
    """
    rounded = round_to_format(value, name)
    wide = name == "float64"
    whole = np.float64(rounded).view(np.uint64) if wide else np.float32(rounded).view(np.uint32)
    text = f"{int(whole):0{64 if wide else 32}b}"
    exponent = 11 if wide else 8
    mantissa = text[1 + exponent :]
    kept = 10 if name == "TF32" else len(mantissa)
    return text[0], text[1 : 1 + exponent], mantissa[:kept]
