"""Chords: their pitch classes and their names."""

from __future__ import annotations

from dataclasses import dataclass

from lyricgen.music.keys import FIFTHS

# The semitones above the root, and what follows the name of the root
QUALITIES = {
    "major": ((0, 4, 7), ""),
    "minor": ((0, 3, 7), "m"),
    "dominant seventh": ((0, 4, 7, 10), "7"),
}

# Where the twelve names of a key begin on the line of fifths, counted from its tonic
LOWEST_FIFTH = -3
HIGHEST_START = len(FIFTHS) - 12


@dataclass(frozen=True)
class Chord:
    """A chord on a root, a pitch class; its quality is one of QUALITIES."""

    root: int
    quality: str = "major"

    def __post_init__(self):
        """Checks the root and the quality.

        Raises: ValueError for another one.
        """
        if self.root not in range(12) or self.quality not in QUALITIES:
            raise ValueError(f"There is no chord {self.quality!r} on pitch class {self.root}.")

    @property
    def pitch_classes(self) -> tuple[int, ...]:
        """The pitch classes from the root upwards."""
        steps, _ = QUALITIES[self.quality]
        return tuple((self.root + step) % 12 for step in steps)

    def name(self, sharps: int = 0) -> str:
        """Returns the name, as in `Am`, spelled as in the key of so many sharps."""
        tonic = FIFTHS.index("C") + sharps
        start = min(max(tonic + LOWEST_FIFTH, 0), HIGHEST_START)
        # a fifth is seven semitones
        place = start + (7 * self.root + FIFTHS.index("C") - start) % 12
        _, suffix = QUALITIES[self.quality]
        return FIFTHS[place] + suffix
