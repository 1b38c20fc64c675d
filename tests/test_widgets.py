"""Widgets that are pressed: what they show, how they are named, what is announced."""

import base64
import datetime
import re

import pytest

from lyricgen import widgets
from lyricgen.files import UserError


def test_a_press_makes_new_draws_and_the_button_names_the_value():
    asked = []

    def function(value):
        asked.append(value)
        return f"<b>{len(asked)}</b>"

    box = widgets.draw_button(function, "four draws", "temperature", 0.1, 2.1, 0.1)
    slider, button, view = box.children
    assert slider.value == pytest.approx(1.1) and slider.description == "temperature"
    assert button.description == "four draws at temperature 1.1" and view.value == ""
    button.click()
    button.click()
    assert asked == [slider.value] * 2 and "<b>2</b>" in view.value
    slider.value = 0.3
    assert button.description == "four draws at temperature 0.3"
    assert asked == [asked[0]] * 2, "moving the slider draws nothing"
    button.click()
    assert asked[-1] == pytest.approx(0.3)
    assert "role='alert'" in view.value and "at temperature 0.3." in view.value
    assert "run the cell" in repr(box)


def test_a_board_has_names_frames_and_announcements():
    corners = ("jig", "reel", "air", "march")
    box = widgets.board(lambda row, k: f"<i>{row}-{k}</i>", 3, 4, corners)
    head, *lines, view = box.children
    assert [label.value for label in head.children[1:]] == [f"column {k}" for k in (1, 2, 3, 4)]
    assert [line.children[0].value for line in lines] == ["row 1", "row 2", "row 3"]
    buttons = {(r, k): lines[r].children[k + 1] for r in range(3) for k in range(4)}
    framed = {place for place, button in buttons.items() if "3px" in button.layout.border}
    assert framed == {(0, 0), (0, 3), (2, 0), (2, 3)}
    assert [buttons[place].description for place in sorted(framed)] == list(corners)
    assert buttons[0, 3].tooltip == "row 1, column 4: reel"
    assert buttons[1, 2].tooltip == "row 2, column 3" and buttons[1, 2].description == "2, 3"
    buttons[2, 3].click()
    assert "<i>2-3</i>" in view.value and "Shown: row 3, column 4: march." in view.value
    assert re.search(r"<p role='alert' aria-live='assertive'>Shown", view.value)
    with pytest.raises(ValueError):
        widgets.board(lambda row, k: "", 3, 4, corners[:3])


@pytest.mark.parametrize(
    "value",
    [
        ({"name": "a<b.mid", "content": memoryview(b"MThd")},),
        {"a<b.mid": {"metadata": {}, "content": b"MThd"}},
    ],
    ids=["ipywidgets 8", "ipywidgets 7"],
)
def test_a_file_is_read_in_the_form_of_both_versions(value):
    assert widgets._uploaded(value) == ("a<b.mid", b"MThd")
    assert widgets._uploaded(type(value)()) is None


def test_a_file_that_cannot_be_used_is_answered_with_a_sentence():
    def function(data):
        if data != b"good":
            raise UserError("It holds no melody.")
        return "<b>played</b>"

    box = widgets.file_button(function, "Choose a MIDI file")
    upload, view = box.children
    for name, data in (("good.mid", b"good"), ("<bad>.mid", b"bad")):
        # What a browser sends. In ipywidgets 7 it is a dictionary that nobody may set.
        of_7 = {name: {"metadata": {}, "content": data}}
        of_8 = {
            "name": name,
            "content": memoryview(data),
            "type": "audio/midi",
            "size": len(data),
            "last_modified": datetime.datetime(2000, 1, 1),
        }
        upload.set_trait("value", of_7 if isinstance(upload.value, dict) else (of_8,))
        if data == b"good":
            assert "<b>played</b>" in view.value and "Read: good.mid." in view.value
    assert "&lt;bad&gt;.mid cannot be used: It holds no melody." in view.value
    assert "played" not in view.value


def test_a_link_holds_what_it_saves():
    link = widgets.download_link(b"MThd!", "my 'tune'.mid")
    assert "download='my &#x27;tune&#x27;.mid'" in link
    assert base64.b64decode(re.search(r"base64,([^']+)", link)[1]) == b"MThd!"
