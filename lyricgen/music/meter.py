"""Meters as grids of 16ths: which bars a melody is made of."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from lyricgen.files import UserError

# Steps of a whole note
STEPS_PER_WHOLE = 16

# A grid of more steps has no use here: 12/4 has 48.
MOST_STEPS = 48


@dataclass(frozen=True)
class Meter:
    """A meter and its grid of 16ths.

    Short bars are taken in groups, so that a bar of the grid has room for a phrase: two
    bars of 2/4 or 3/8, or four of 1/4, are one bar of the grid.
    """

    numerator: int
    denominator: int

    def __str__(self) -> str:
        return f"{self.numerator}/{self.denominator}"

    @property
    def written_steps(self) -> int:
        """The steps of a bar as it is written."""
        return STEPS_PER_WHOLE * self.numerator // self.denominator

    @property
    def grouped(self) -> int:
        """How many written bars are one bar of the grid."""
        if self.numerator > 3 or self.written_steps > 8:
            return 1
        return 4 if self.written_steps <= 4 else 2

    @property
    def steps(self) -> int:
        """The steps of a bar of the grid."""
        return self.grouped * self.written_steps

    @property
    def compound_beat(self) -> int:
        """The steps of a beat of three parts, as 6/8 has two; 0 where there is none."""
        is_compound = self.numerator > 3 and self.numerator % 3 == 0
        return 3 * STEPS_PER_WHOLE // self.denominator if is_compound else 0

    def holds(self, numerator: int, denominator: int) -> bool:
        """Tells whether bars of a file's meter are bars of this one.

        2/2 is another spelling of 4/4; 6/8 is none of 3/4, though as long.
        """
        if STEPS_PER_WHOLE * numerator % denominator:
            return False
        other = Meter(numerator, denominator)
        same_length = other.written_steps == self.written_steps
        return same_length and other.compound_beat == self.compound_beat


def parse_meter(text: str) -> Meter:
    """Returns the meter that a text such as 6/8 names.

    Raises: UserError for what is no meter, or has no grid of 16ths.
    """
    match = re.fullmatch(r"(\d{1,3})/(1|2|4|8|16)", text.strip())
    if match is None:
        raise UserError(f"{text!r} is no meter; write it as 3/4 or 6/8.")
    numerator, denominator = (int(number) for number in match.groups())
    meter = Meter(numerator, denominator)
    if not 0 < meter.steps <= MOST_STEPS:
        raise UserError(f"A bar of {text} has {meter.steps} 16ths; it can have 1 to {MOST_STEPS}.")
    return meter


FOUR_FOUR = Meter(4, 4)


def meter_of_card(card: dict[str, Any]) -> Meter:
    """Returns the meter of the melodies that weights learned from, by their card."""
    data = card.get("data", {})
    return parse_meter(data.get("meter", str(FOUR_FOUR)))
