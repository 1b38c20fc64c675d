"""The key and meter fields of ABC as music21's tokens, each worked out once.

music21 works out the scale and the beats of a field anew for each tune, in half of its
time. This module imports music21; `abc_notation` imports it where a tune is read.
"""

from __future__ import annotations

import functools

from music21.abcFormat import ABCMetadata
from music21.meter import TimeSignature


class KeyField(ABCMetadata):
    """A K: field that keeps its number of sharps.

    Its mode, for which music21 would make a scale, is left out.
    """

    def __init__(self, source: str) -> None:
        super().__init__(source)
        self.preParse()
        sharps, _ = super().getKeySignatureParameters()
        self.sharps = sharps

    def getKeySignatureParameters(self) -> tuple[int, None]:
        """Returns the number of sharps, and no mode."""
        return self.sharps, None


class MeterField(ABCMetadata):
    """An M: field that keeps its time signature."""

    def __init__(self, source: str) -> None:
        super().__init__(source)
        self.preParse()
        self.time_signature = super().getTimeSignatureObject()

    def getTimeSignatureObject(self) -> TimeSignature | None:
        """Returns the time signature, None for one without a meter."""
        return self.time_signature


@functools.cache
def field_token(source: str) -> KeyField | MeterField:
    """Returns the token of a K: or M: field, one object for each text."""
    return MeterField(source) if source.startswith("M:") else KeyField(source)
