"""Opens the notebooks in a real JupyterLab in headless Chromium, as a reader does.

Each is opened as it comes from a clone, untrusted and unrun, and shows what is stored
in it; 00 is run and a value is chosen in its menu. Engraved pages are drawn by Chromium
as well. Players are tried in a notebook that is made here, in JupyterLab, in a saved
page and in a frame as closed as Colab's.
"""

import functools
import html
import io
import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import nbformat
import numpy as np
import pytest
from PIL import Image
from test_recording import ENGLISH
from test_score import SHEETS, WIDTH, assert_nothing_touches, coloured

from lyricgen.song.engraving import engrave
from lyricgen.song.musicxml import to_musicxml
from lyricgen.song.recording import song_mp3
from lyricgen.song.web_page import to_html

ROOT = Path(__file__).resolve().parents[1]
BOOKS = sorted(path.name for path in (ROOT / "notebooks").glob("*.ipynb"))
NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome", "msedge")
CHROMIUM = next(filter(None, map(shutil.which, NAMES)), None)
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(
        CHROMIUM is None,
        reason="no Chromium, Chrome or Edge is installed: the browser test needs one",
    ),
]
needs_lab = pytest.mark.skipif(
    not shutil.which("jupyter-lab", path=str(Path(sys.executable).parent)),
    reason="JupyterLab is not installed here",
)
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
SETTINGS = {
    "@jupyterlab/apputils-extension:notification": {
        "fetchNews": "false",
        "checkForUpdates": False,
    },
    # all cells are drawn at once, and a closed notebook leaves no kernel behind
    "@jupyterlab/notebook-extension:tracker": {"windowingMode": "none", "kernelShutdown": True},
}


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    """Yields the address of a JupyterLab over a copy of the notebooks, none trusted."""
    folder = tmp_path_factory.mktemp("lab")
    shutil.copytree(ROOT / "notebooks", folder / "notebooks")
    # a copy for the reader: a notebook that was looked at may leave a kernel behind
    (folder / "reader").mkdir()
    shutil.copy(ROOT / "notebooks" / "00_start_here.ipynb", folder / "reader")
    for name in ("unrun", "untrusted"):
        (folder / "reader" / f"{name}.ipynb").write_text(nbformat.writes(player_book()))
    settings = folder / "settings"
    settings.mkdir()
    (settings / "overrides.json").write_text(json.dumps(SETTINGS))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    unwanted = ("PYTHONDONTWRITEBYTECODE", "PYTEST_CURRENT_TEST")
    environment = {key: value for key, value in os.environ.items() if key not in unwanted}
    environment.update(
        PYTHONPATH=str(ROOT),
        JUPYTER_CONFIG_DIR=str(folder / "config"),
        JUPYTER_DATA_DIR=str(folder / "data"),  # where signatures of trust are kept
        JUPYTER_RUNTIME_DIR=str(folder / "runtime"),
        LYRICGEN_MODE="smoke",
    )
    command = [
        sys.executable,
        "-m",
        "jupyterlab",
        "--no-browser",
        "--ip=127.0.0.1",
        f"--port={port}",
        "--IdentityProvider.token=",
        "--allow-root",
        "--LabApp.expose_app_in_browser=True",
        "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
        f"--LabApp.app_settings_dir={settings}",
        f"--ServerApp.root_dir={folder}",
    ]
    log_path = folder / "lab.log"
    with open(log_path, "w") as log:
        server = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
    address = f"http://127.0.0.1:{port}"
    try:
        wait_for(address, server, log_path)
        yield address
    finally:
        server.terminate()
        server.wait(20)


def wait_for(address: str, server: subprocess.Popen, log: Path) -> None:
    """Waits until the server answers, two minutes at most."""
    for _ in range(240):
        try:
            urllib.request.urlopen(address + "/api", timeout=2)
            return
        except OSError:
            assert server.poll() is None, log.read_text()
            time.sleep(0.5)
    raise AssertionError(f"no answer from JupyterLab:\n{log.read_text()}")


@pytest.fixture(scope="module")
def browser():
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield started
        started.close()


@pytest.fixture(scope="module")
def page(lab, browser):
    """JupyterLab in a window as wide as a small laptop's."""
    opened = browser.new_page(viewport={"width": 1366, "height": 900})
    opened.set_default_timeout(120_000)
    opened.goto(f"{lab}/lab/workspaces/untrusted/tree/notebooks")
    opened.wait_for_function("() => window.jupyterapp?.restored")
    yield opened
    opened.close()


OPEN = """async path => {
    const app = window.jupyterapp;
    await app.restored;
    const widget = await app.commands.execute('docmanager:open', {path, factory: 'Notebook'});
    await widget.context.ready;
    await widget.revealed;
}"""

SHOWN = """async htmls => {
    const area = window.jupyterapp.shell.currentWidget;
    const find = selector => [...area.node.querySelectorAll(selector)];
    const place = node => node.closest('.jp-OutputArea-output').getBoundingClientRect();
    const pictures = find('.jp-OutputArea-output img');
    await Promise.all(pictures.map(picture => picture.decode()));
    const audio = find('.jp-OutputArea-output audio');
    const loaded = player => player.duration > 0 || new Promise(
        done => { player.onloadedmetadata = done; player.onerror = done; });
    await Promise.all(audio.map(loaded));
    const words = text => text.replace(/\\s+/g, ' ').trim();
    const stored = html => {
        const page = new DOMParser().parseFromString(html, 'text/html');
        page.querySelectorAll('svg, style, script').forEach(node => node.remove());
        return words(page.body.textContent);
    };
    return {
        trusted: [...area.model.cells].filter(c => c.type === 'code').map(c => c.trusted),
        pictures: pictures.map(picture => ({
            kind: picture.src.split(';')[0],
            alt: picture.alt,
            drawn: picture.naturalWidth,
            width: picture.getBoundingClientRect().width,
            height: picture.getBoundingClientRect().height,
            cut: picture.getBoundingClientRect().right - place(picture).right,
        })),
        audio: audio.map(player => player.duration),
        html: find('.jp-OutputArea-output.jp-RenderedHTML').map(node => words(node.textContent)),
        stored: htmls.map(stored),
    };
}"""


def outputs(name: str) -> list[dict]:
    """The data of all outputs that a notebook stores, with texts joined."""
    book = json.loads((ROOT / "notebooks" / name).read_text("utf-8"))
    stored = [output for cell in book["cells"] for output in cell.get("outputs", [])]
    return [
        {kind: "".join(lines) for kind, lines in output.get("data", {}).items()}
        for output in stored
    ]


def assert_all_is_shown(page, name: str) -> None:
    """Asserts that an open notebook is not trusted and shows each stored output."""
    data = outputs(name)
    htmls = [output["text/html"] for output in data if "text/html" in output]
    shown = page.evaluate(SHOWN, htmls)
    assert len(shown["trusted"]) > 5 and not any(shown["trusted"])
    figures = sum("image/png" in output for output in data)
    scores = sum(html.count("data:image/svg+xml") + html.count("<svg") for html in htmls)
    kinds = [picture["kind"] for picture in shown["pictures"]]
    assert kinds.count("data:image/png") == figures
    assert kinds.count("data:image/svg+xml") == scores
    for picture in shown["pictures"]:
        # JupyterLab leaves out the alt of a PNG: the caption under it has its words
        assert picture["alt"] or picture["kind"] == "data:image/png", picture
        assert picture["drawn"] > 100, picture
        assert picture["width"] > 100 and picture["height"] > 50, picture
        assert picture["cut"] < 1, picture
    players = sum(html.count("<audio") for html in htmls)
    assert len(shown["audio"]) == players
    assert all(seconds and seconds > 0.5 for seconds in shown["audio"])
    assert shown["html"] == shown["stored"], "the words of tables, captions and players"


@needs_lab
@pytest.mark.parametrize("name", BOOKS)
def test_an_untrusted_notebook_shows_what_is_stored(page, name):
    page.evaluate(OPEN, f"notebooks/{name}")
    assert_all_is_shown(page, name)
    if name == "00_start_here.ipynb":
        page.set_viewport_size({"width": 1000, "height": 900})
        assert_all_is_shown(page, name)
        page.set_viewport_size({"width": 1366, "height": 900})
    # its kernel goes with it; closing would ask whether the changed notebook be saved
    page.evaluate("() => window.jupyterapp.shell.currentWidget.dispose()")


SEEN = """() => {
    const all = selector => [...document.querySelectorAll('.jp-OutputArea-output ' + selector)];
    const type = 'application/vnd.jupyter.';
    return {
        audio: all('audio').map(player => [player.src.slice(0, 15), player.duration]),
        score: all('img[src^="data:image/svg"]').map(page => [page.alt, page.naturalWidth]),
        figures: all('img[src^="data:image/png"]').filter(f => f.naturalWidth > 300).length,
        captions: all('p').map(caption => caption.textContent),
        trusted: [...window.jupyterapp.shell.currentWidget.model.cells].map(c => c.trusted),
        errors: [...document.querySelectorAll(
            `[data-mime-type="${type}stderr"], [data-mime-type="${type}error"]`
        )].map(error => error.textContent),
    };
}"""


READY = """async () => {
    const context = window.jupyterapp.shell.currentWidget.sessionContext;
    await context.ready;
    await context.session.kernel.info;
}"""

RUN = """() => {
    window.finished = false;
    const done = window.jupyterapp.commands.execute('notebook:run-all-cells');
    done.finally(() => { window.finished = true; });
}"""


def run_all(page, address: str) -> None:
    """Opens a notebook, runs it from top to bottom and waits for the end."""
    page.goto(address)
    page.wait_for_selector(".jp-Notebook")
    # a run that is sent before the kernel answers opens a dialog, or is lost
    page.wait_for_selector('.jp-KernelName:has-text("Python 3")')
    page.evaluate(READY)
    page.wait_for_selector('.jp-Notebook-ExecutionIndicator[data-status="idle"]')
    page.evaluate(RUN)
    page.wait_for_function("() => window.finished")
    page.wait_for_selector(".jupyter-widgets")


def choose_next(page) -> None:
    """Chooses a menu's next value by the keyboard and waits for another picture."""
    button = page.locator(".jp-OutputArea-output .widget-button:has-text('next')").first
    picture = page.locator(".widget-html-content img").first
    button.scroll_into_view_if_needed()
    before = picture.get_attribute("src")
    button.focus()
    page.keyboard.press("Space")
    page.wait_for_function(
        "old => document.querySelector('.widget-html-content img').src !== old", arg=before
    )


@needs_lab
def test_a_reader_runs_00_and_chooses_a_value(lab, browser):
    requested = []
    page = browser.new_page(viewport={"width": 1200, "height": 1400})
    page.set_default_timeout(420_000)  # a slow machine reads the tune books for the first time
    page.on("request", lambda request: requested.append(request.url))
    run_all(page, f"{lab}/lab/workspaces/reader/tree/reader/00_start_here.ipynb")
    page.wait_for_function("""() => [...document.querySelectorAll('.jp-OutputArea-output')]
        .some(output => output.textContent.startsWith('Your answer:'))""")
    choose_next(page)
    seen = page.evaluate(SEEN)
    page.close()
    assert not seen["errors"]
    assert sum(seen["trusted"]) > 5, "what a reader has run is trusted"
    (kind, seconds), *_ = seen["audio"]
    assert kind == "data:audio/mpeg" and seconds > 10
    assert any("浣溪沙" in alt and width > 300 for alt, width in seen["score"])
    assert seen["figures"] >= 3
    assert any(caption.startswith("Piano roll of the song: 42") for caption in seen["captions"])
    here = (lab, lab.replace("http", "ws"), "data:", "blob:")
    assert not [url for url in requested if not url.startswith(here)]


# two players, one with a score, and a menu
PLAYERS = """
import numpy as np
from lyricgen import show
from lyricgen.song import engraving, lead_sheet, musicxml, playing
steps = np.array([[0, 4, 60], [4, 4, 64], [8, 6, 67], [14, 18, 72]])
verse = lead_sheet.syllables(("do", "mi", "sol", "do"))
sheet = lead_sheet.LeadSheet("A scale", "", steps, (verse,), (0,), tempo=120)
score = engraving.engrave(musicxml.to_musicxml(sheet), "A scale", "Four notes", tempo=120)
one = (steps, "Four notes", 120, "bowed", 4, score)
two = ([(0, 0.5, 69), (0.5, 0.5, 70)], "Two notes, plucked")
"""
SHOWN_PLAYERS = "playing.play(*one)\nplaying.play(*two)"
MENU = """def drawn(temperature):
    fig, ax = show.axes(3, 2)
    ax.bar([0, 1], [temperature, 1])
    return fig


show.explore(drawn, "Two bars.", temperature=[0.2, 0.8, 1.3])"""


@functools.cache
def players() -> tuple[str, str]:
    """The HTML of the two players."""
    names = {}
    exec(PLAYERS, names)
    return tuple(names["playing"].play_html(*names[name]) for name in ("one", "two"))


def player_book():
    """A notebook with two players, which are stored, and a menu, which is not."""
    shown = [nbformat.v4.new_output("display_data", {"text/html": player}) for player in players()]
    cells = [nbformat.v4.new_code_cell(source) for source in (PLAYERS, SHOWN_PLAYERS, MENU)]
    cells[1].outputs = shown
    book = nbformat.v4.new_notebook(cells=cells)
    book.metadata.kernelspec = {
        "name": "python3",
        "display_name": "Python 3",
        "language": "python",
    }
    return book


# what a player looks like now, from its figure
STATE = """figure => {
    const shadows = [...figure.querySelectorAll('div')].map(d => d.shadowRoot).filter(Boolean);
    const find = selector => shadows.flatMap(s => [...s.querySelectorAll(selector)]);
    const audio = figure.querySelector('audio');
    return {
        cursors: find('.cursor').map(line => +line.getAttribute('x1')),
        lit: find('.lit').map(note => [note.localName, +note.dataset.on, +note.dataset.off]),
        notes: find('[data-on]').length,
        names: shadows.map(s => s.querySelector('svg').getAttribute('aria-label')),
        widths: shadows.map(s => s.querySelector('svg').getBoundingClientRect().width),
        buttons: [...figure.querySelectorAll('button')].map(b => b.getAttribute('aria-label')),
        words: figure.querySelector('span')?.textContent,
        now: audio.currentTime,
        paused: audio.paused,
        native: audio.controls,
    };
}"""


def assert_follows(frame) -> None:
    """Asserts that the first of two players is played, followed and paused alone."""
    frame.wait_for_selector("figure.lyricgen-player[data-started]")
    first, second = (frame.locator("figure.lyricgen-player").nth(k) for k in (0, 1))
    before = first.evaluate(STATE)
    other = second.evaluate(STATE)
    assert before["buttons"] == ["Play: Four notes"] and not before["native"]
    assert before["notes"] == 8 + 1, "four notes in the roll; in the score one is tied"
    assert before["names"][0] == "A scale: Four notes"
    assert before["names"][1] == "Piano roll of 4 notes: 2 bars, C4 to C5, 4 s"
    assert min(before["widths"]) > 100 and before["lit"] == []
    after = assert_plays(frame, first, before)
    assert second.evaluate(STATE) == other, "the other player stands still"
    position = first.get_by_role("slider", name="Position: Four notes")
    position.focus()
    position.press("ArrowRight")
    position.press("ArrowRight")
    moved = first.evaluate(STATE)["now"]
    assert moved == pytest.approx(after["now"] + 0.2, abs=0.11), "the arrow keys move it"


def assert_plays(frame, first, before: dict) -> dict:
    """Asserts that a player is followed until it is paused; returns its last state."""
    first.get_by_role("button", name="Play: Four notes").click()
    seen = []
    for _ in range(400):
        seen.append(first.evaluate(STATE))
        if seen[-1]["now"] > 1.2:
            break
        frame.wait_for_timeout(20)
    first.get_by_role("button", name="Pause: Four notes").click()
    # The button changes with the event, which comes after the audio has stopped.
    first.get_by_role("button", name="Play: Four notes").wait_for()
    after = first.evaluate(STATE)
    assert after["paused"] and after["buttons"] == ["Play: Four notes"]
    cursors = [state["cursors"][0] for state in seen]
    assert cursors == sorted(cursors) and len(set(cursors)) > 5, "the cursor moves on"
    # 640 pixels are the four seconds of two bars
    assert after["cursors"][0] - before["cursors"][0] == pytest.approx(
        after["now"] * 640 / 4, abs=2
    )
    onsets = {lit[1] for state in seen for lit in state["lit"]}
    assert onsets == {0.0, 0.5, 1.0}, "each note in its turn"
    assert {lit[0] for lit in after["lit"]} == {"rect", "g"}, "in the roll and in the score"
    for kind, on, off in after["lit"]:
        assert on <= after["now"] < off, (kind, on, off, after["now"])
    assert after["words"] == "1 of 4 s"
    return after


def spoken(page, *roles: str) -> list[tuple[str, str, str]]:
    """Role, name and value of nodes of some roles, as a screen reader has them."""
    session = page.context.new_cdp_session(page)
    nodes = session.send("Accessibility.getFullAXTree")["nodes"]
    session.detach()
    found = []
    for node in nodes:
        role = node.get("role", {}).get("value")
        if role not in roles:
            continue
        value = node.get("value", {}).get("value", "")
        value = f"{value:.1f}" if isinstance(value, float) else str(value)
        found.append((role, node["name"]["value"], value))
    return found


@needs_lab
def test_players_follow_their_sound_in_jupyterlab_and_menus_are_spoken(lab, browser):
    page = browser.new_page(viewport={"width": 1366, "height": 1100})
    page.set_default_timeout(120_000)
    errors = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    run_all(page, f"{lab}/lab/workspaces/players/tree/reader/unrun.ipynb")
    assert_follows(page)
    names = spoken(page, "slider", "combobox", "button", "image")
    (position,) = (value for _, name, value in names if name == "Position: Four notes")
    assert 1.1 < float(position) < 2, "seconds"
    assert ("slider", "Position: Two notes, plucked", "0") in names
    assert ("combobox", "temperature", "0.8") in names
    assert ("button", "next temperature", "") in names
    assert ("image", "Two bars. Chosen: temperature 0.8.", "") in names
    choose_next(page)
    names = spoken(page, "combobox", "image")
    assert ("combobox", "temperature", "1.3") in names
    assert ("image", "Two bars. Chosen: temperature 1.3.", "") in names
    page.get_by_label("temperature", exact=True).select_option("0.2")
    page.wait_for_selector('.jp-OutputArea-output img[alt="Two bars. Chosen: temperature 0.2."]')
    assert not [error for error in errors if "lyricgen" in error], errors
    assert_leaves_nothing(page)
    page.close()


def assert_leaves_nothing(page) -> None:
    """Runs a cell again while its player sounds: the old player is gone and silent."""
    count = "() => document.querySelectorAll('*').length"
    page.evaluate("""() => {
        window.old = document.querySelector('figure.lyricgen-player audio');
        return window.old.play();
    }""")
    before = page.evaluate(count)
    page.evaluate(RUN)
    page.wait_for_function("() => window.finished && !window.old.isConnected")
    page.wait_for_selector(".jp-OutputArea-output img[alt^='Two bars']")
    page.wait_for_function("old => document.querySelectorAll('*').length <= old", arg=before)
    assert page.evaluate("() => window.old.paused"), "what is gone is silent"
    figures = page.locator("figure.lyricgen-player")
    assert figures.count() == 2
    assert figures.first.evaluate(STATE)["now"] == 0


@needs_lab
def test_an_untrusted_player_is_pictures_and_a_plain_audio(lab, browser):
    page = browser.new_page(viewport={"width": 1366, "height": 1100})
    page.set_default_timeout(120_000)
    page.goto(f"{lab}/lab/workspaces/closed/tree/reader/untrusted.ipynb")
    page.wait_for_selector(".jp-OutputArea-output audio")
    audio = page.locator(".jp-OutputArea-output audio")
    pictures = page.locator(".jp-OutputArea-output img")
    assert audio.count() == 2 and pictures.count() == 3
    for player in audio.all():
        assert player.evaluate("a => a.controls && a.getBoundingClientRect().width > 200")
        player.evaluate("a => a.duration > 0 || new Promise(done => { a.onloadedmetadata = done })")
    alts = [picture.get_attribute("alt") for picture in pictures.all()]
    assert alts[1:] == [
        "Piano roll of 4 notes: 2 bars, C4 to C5, 4 s",
        "Piano roll of 2 notes: A4 to Bb4, 1 s",
    ]
    assert all(picture.evaluate("p => p.naturalWidth > 300") for picture in pictures.all())
    assert page.locator(".jp-OutputArea-output button").count() == 0
    page.close()


def test_players_follow_their_sound_in_a_saved_page(browser, tmp_path):
    exporter = pytest.importorskip("nbconvert").HTMLExporter()
    saved = tmp_path / "players.html"
    saved.write_text(exporter.from_notebook_node(player_book())[0], "utf-8")
    page = browser.new_page(viewport={"width": 1000, "height": 1100})
    page.route("http*://**", lambda route: route.abort())  # no internet
    page.goto(saved.as_uri(), wait_until="domcontentloaded")
    assert_follows(page)
    page.close()


def test_players_follow_their_sound_in_a_closed_frame(browser):
    content = html.escape("".join(players()), quote=True)
    page = browser.new_page(viewport={"width": 1000, "height": 1100})
    page.set_content(
        f'<iframe sandbox="allow-scripts" width="900" height="1000" srcdoc="{content}"></iframe>'
    )
    assert_follows(page.frames[1])
    page.close()


@pytest.mark.parametrize("name", SHEETS)
def test_words_touch_neither_notes_nor_each_other_in_chromium(browser, name):
    svg = coloured(engrave(to_musicxml(SHEETS[name]), "a", "b"))
    page = browser.new_page(viewport={"width": WIDTH, "height": 800})
    page.set_content(f'<body style="margin:0">{svg}</body>')
    page.add_style_tag(content=f"body > svg {{ width: {WIDTH}px; height: auto; display: block }}")
    picture = Image.open(io.BytesIO(page.screenshot(full_page=True)))
    page.close()
    assert_nothing_touches(np.asarray(picture.convert("RGB")))


# what a song's page shows now
SUNG = """() => {
    const lit = [...document.querySelectorAll('.lit')];
    const audio = document.querySelector('audio');
    return {
        now: audio.currentTime,
        notes: lit.filter(e => e.matches('g')).map(e => [+e.dataset.on, +e.dataset.off]),
        words: lit.filter(e => e.matches('span')).map(e => [e.dataset.verse, e.textContent]),
        overflow: document.documentElement.scrollWidth - innerWidth,
    };
}"""


PAST = "seconds => document.querySelector('audio').currentTime > seconds"


@pytest.fixture
def song_page(browser, tmp_path):
    """A song's page as a file: a count-in of 2 seconds, and two verses of 8."""
    score = engrave(to_musicxml(ENGLISH), "A & B", "words", tempo=ENGLISH.tempo)
    mp3 = song_mp3(ENGLISH, count_in=True)
    saved = tmp_path / "song.html"
    files = {"song.mid": b"MThd"}
    saved.write_text(to_html(ENGLISH, score, mp3, count_in=True, files=files), "utf-8")
    page = browser.new_page(viewport={"width": 1000, "height": 900})
    asked, errors = [], []
    page.on("request", lambda request: asked.append(request.url))
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda message: errors.append(message.text))
    page.goto(saved.as_uri())
    page.wait_for_function("() => document.querySelector('audio').duration > 18")
    yield page
    page.close()
    assert asked == [saved.as_uri()] and not errors, "nothing but the file itself"


def play_until(page, place, seconds: float) -> dict:
    """Clicks on a place, waits until the sound has passed some seconds, and pauses."""
    place.click()
    page.wait_for_function(PAST, arg=seconds)
    page.evaluate("() => document.querySelector('audio').pause()")
    page.wait_for_function("() => document.querySelector('.lit')")
    return page.evaluate(SUNG)


def test_a_songs_page_plays_and_lights_its_notes_without_the_internet(song_page):
    before = song_page.evaluate(SUNG)
    assert before["notes"] == before["words"] == [] and before["overflow"] <= 0
    words = ENGLISH.verses[0]
    seen = play_until(song_page, song_page.locator("span[data-verse='0']").nth(3), 4.05)
    (note,) = seen["notes"]
    assert note[0] <= seen["now"] - 2 < note[1]
    assert seen["words"] == [["0", words[round(note[0] / 0.5)].text]]
    # once the second verse is sung, a click on the score stays in it
    play_until(song_page, song_page.locator("span[data-verse='1']").first, 10.05)
    second_note = song_page.locator("g.note[data-on='0.500'] g.notehead")
    seen = play_until(song_page, second_note, 10.55)
    assert {verse for verse, _ in seen["words"]} == {"1"}
    assert song_page.locator("g.verse.silent").count() == 14, "the words of the other verse"


def test_a_songs_page_saves_its_files(song_page):
    with song_page.expect_download() as saving:
        song_page.get_by_role("link", name="song.mid").click()
    assert Path(saving.value.path()).read_bytes() == b"MThd"
