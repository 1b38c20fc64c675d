"""The hex view colours what is named, frames what is new, and shows every byte."""

import re

from lyricgen import show


def test_every_byte_stands_in_the_table_and_rows_begin_with_their_place():
    page = show.hex_view(bytes(range(40)), [], width=16)
    assert re.findall(r">([0-9A-F]{2})</td>", page) == [f"{i:02X}" for i in range(40)]
    assert re.findall(r"<th>(\d+)</th>", page) == ["0", "16", "32"]


def test_a_kind_has_one_colour_and_stands_in_the_legend():
    page = show.hex_view(
        b"abcdef", [(0, 2, "a < b"), (2, 4, "other"), (4, 5, "a < b")], now=range(2, 4)
    )
    cells = re.findall(r"<td style='([^']*)'>", page)
    assert (
        cells[0] == cells[1] == cells[4]
        and show.BLUE in cells[0]
        and show.ORANGE in cells[2]
        and "background" not in cells[5]
    )
    assert ["outline" in cell for cell in cells] == [False, False, True, True, False, False]
    assert "a &lt; b" in page and page.count("<span") == 2
