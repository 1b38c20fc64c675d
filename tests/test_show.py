import base64
import re

import numpy as np

from lyricgen import show


def drawn(power):
    fig, ax = show.axes(2, 1)
    ax.plot(np.arange(5) ** power)
    return fig


def test_a_choice_draws_again_and_describes_its_picture_with_its_values():
    box = show.explore(drawn, 'A "curve" & more.', power=[1, 2, 3])
    row, view = box.children
    menu, before, after = row.children
    first = view.value
    assert menu.value == 2
    assert 'alt="A &quot;curve&quot; &amp; more. Chosen: power 2."' in first
    menu.value = 3
    assert view.value != first and "Chosen: power 3." in view.value
    after.click()
    assert menu.value == 3, "there is none after the last"
    before.click()
    assert menu.value == 2 and view.value == first
    png = base64.b64decode(re.search(r"base64,([^\"]+)", view.value)[1])
    assert png[:8] == b"\x89PNG\r\n\x1a\n"


def test_a_menu_has_the_name_and_the_values_that_are_spoken():
    box = show.explore(lambda top_k, attribute: "", "x", top_k=[1, 0.5], attribute=["a_b", "c"])
    menus = [row.children[0] for row in box.children[:-1]]
    assert [menu.description for menu in menus] == ["top k", "attribute"]
    assert [label for label, _ in menus[0].options] == ["1", "0.5"]
    assert menus[1].options == (("a b", "a_b"), ("c", "c"))
    names = [button.description for row in box.children[:-1] for button in row.children[1:]]
    assert names == ["previous top k", "next top k", "previous attribute", "next attribute"]


def test_a_picture_may_be_described_by_a_function_of_the_values():
    box = show.explore(drawn, lambda power: f"It rises to {4**power}.", power=[1, 2, 3])
    assert 'alt="It rises to 16."' in box.children[-1].value
    box.children[0].children[0].value = 3
    assert 'alt="It rises to 64."' in box.children[-1].value


def test_choices_over_html():
    box = show.explore(lambda a, b: f"<b>{a + b}</b>", "sum", a=[1, 2, 3], b=[10, 20])
    box.children[0].children[0].value = 1
    assert box.children[-1].value == "<b>21</b>"


def test_choices_are_a_line_of_text_where_no_kernel_runs(monkeypatch):
    one = show.explore(lambda a: "", "x", a=[1, 2])
    two = show.explore(lambda a, b: "", "x", a=[1, 2], b=[1, 2])
    board = show.column(one.children, "(a board of buttons: run the cell)")
    texts = ["(a choice: run the cell)", "(2 choices: run the cell)"]
    texts += ["(a board of buttons: run the cell)"]
    for widget, text in zip((one, two, board), texts):
        assert stored(widget, monkeypatch)["text/plain"] == text


def stored(widget, monkeypatch) -> dict:
    """What a notebook stores of a widget: ipywidgets 8 returns it, 7 displays it."""
    if hasattr(widget, "_repr_mimebundle_"):
        return widget._repr_mimebundle_()
    shown = []
    monkeypatch.setattr("ipywidgets.widgets.widget.display", lambda data, raw: shown.append(data))
    widget._ipython_display_()
    return shown[0]


def test_a_figure_shows_its_sentence_and_carries_it_as_alt(monkeypatch):
    shown = []
    monkeypatch.setattr(
        "IPython.display.display", lambda data, **options: shown.append((data, options))
    )
    fig, _ = show.axes()
    show.figure(fig, "A line & 1 < 2.")
    (picture, options), (caption, _) = shown
    assert options["metadata"]["image/png"]["alt"] == "A line & 1 < 2."
    assert base64.b64decode(picture["image/png"]).startswith(b"\x89PNG")
    assert caption == {
        "text/html": "<p>A line &amp; 1 &lt; 2.</p>",
        "text/plain": "A line & 1 < 2.",
    }


def test_a_live_figure_replaces_what_it_showed(monkeypatch):
    shown, changed = [], []
    monkeypatch.setattr(
        "IPython.display.DisplayHandle.display",
        lambda self, data, **options: shown.append(self.display_id),
    )
    monkeypatch.setattr(
        "IPython.display.DisplayHandle.update",
        lambda self, data, **options: changed.append((self.display_id, data, options)),
    )
    again = show.live()
    again(show.axes()[0], "Step 1.")
    again(show.axes()[0], "Step 2.", colors=8)
    assert len(set(shown)) == 2
    assert [place for place, _, _ in changed] == shown * 2
    (_, picture, options), (_, caption, _) = changed[2:]
    assert len(picture["image/png"]) < len(changed[0][1]["image/png"]), "of fewer colors"
    assert options["metadata"]["image/png"]["alt"] == caption["text/plain"] == "Step 2."
    assert caption["text/html"] == "<p>Step 2.</p>"


def test_a_page_is_an_image_with_the_words_inside_as_its_alt():
    svg = """<svg xmlns="http://www.w3.org/2000/svg"><title>A &amp; "B"</title>
      <desc>Two lines &lt;of&gt; 春.</desc><text>1</text></svg>"""
    html = show.page_html(svg)
    assert 'alt="A &amp; &quot;B&quot;: Two lines &lt;of&gt; 春."' in html
    assert "<svg" not in html, "JupyterLab strips it from notebooks that it does not trust"
    data = re.search(r'src="data:image/svg\+xml;base64,([^"]+)"', html)[1]
    assert base64.b64decode(data).decode() == svg
    assert 'alt=""' in show.page_html('<svg xmlns="http://www.w3.org/2000/svg"/>')


def test_the_player_escapes_its_label():
    html = show.player_html(b"ID3", 'a "b" <c>')
    assert (
        'aria-label="a &quot;b&quot; &lt;c&gt;"' in html and "data:audio/mpeg;base64,SUQz" in html
    )


def test_the_piano_roll_shows_every_note():
    fig, ax = show.axes()
    show.piano_roll(np.array([[0, 4, 60], [4, 2, 64]]), ax)
    boxes = [(patch.get_x(), round(patch.get_y() + patch.get_height() / 2)) for patch in ax.patches]
    assert boxes == [(0, 60), (4, 64)]


def luminance(color):
    rgb = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    return 0.2126 * rgb[0] + 0.7152 * rgb[1] + 0.0722 * rgb[2]


def test_the_first_colours_differ_in_grey_too():
    greys = [luminance(color) for color in show.PALETTE[:2]]
    assert abs(greys[0] - greys[1]) > 0.2 and len(set(show.PALETTE)) == 8


def test_begin_says_what_there_is(capsys):
    show.begin()
    said = capsys.readouterr().out
    assert "cores, mode" in said and "GPU" in said
