"""Opens the notebooks in a real JupyterLab in headless Chromium, as a reader does.

Each is opened as it comes from a clone, untrusted and unrun, and shows what is stored
in it; 00 is run and its slider is moved. Engraved pages are drawn by Chromium as well.
"""

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

import numpy as np
import pytest
from PIL import Image
from test_score import SHEETS, WIDTH, assert_nothing_touches, coloured

from lyricgen.song.engraving import engrave
from lyricgen.song.musicxml import to_musicxml

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
    page.wait_for_selector(".widget-slider, .jupyter-widgets.widget-slider")
    page.wait_for_function("""() => [...document.querySelectorAll('.jp-OutputArea-output')]
        .some(output => output.textContent.startsWith('Hint:'))""")


def move_slider(page) -> None:
    """Moves the first slider three values up and waits for another picture."""
    handle = page.locator(".widget-slider .noUi-handle, .widget-slider .ui-slider-handle").first
    picture = page.locator('.widget-html-content img[alt^="The probabilities"]').first
    handle.scroll_into_view_if_needed()
    before = picture.get_attribute("src")
    handle.focus()
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    page.wait_for_function(
        "old => document.querySelector('.widget-html-content img').src !== old", arg=before
    )


@needs_lab
def test_a_reader_runs_00_and_moves_the_slider(lab, browser):
    requested = []
    page = browser.new_page(viewport={"width": 1200, "height": 1400})
    page.set_default_timeout(420_000)  # a slow machine reads the tune books for the first time
    page.on("request", lambda request: requested.append(request.url))
    run_all(page, f"{lab}/lab/workspaces/reader/tree/reader/00_start_here.ipynb")
    move_slider(page)
    seen = page.evaluate(SEEN)
    page.close()
    assert not seen["errors"]
    assert sum(seen["trusted"]) > 5, "what a reader has run is trusted"
    (kind, seconds), *_ = seen["audio"]
    assert kind == "data:audio/mpeg" and seconds > 10
    (alt, width), *_ = seen["score"]
    assert "浣溪沙" in alt and width > 300
    assert seen["figures"] >= 3
    assert any(caption.startswith("Piano roll of the song: 42") for caption in seen["captions"])
    here = (lab, lab.replace("http", "ws"), "data:", "blob:")
    assert not [url for url in requested if not url.startswith(here)]


@pytest.mark.parametrize("name", SHEETS)
def test_words_touch_neither_notes_nor_each_other_in_chromium(browser, name):
    svg = coloured(engrave(to_musicxml(SHEETS[name]), "a", "b"))
    page = browser.new_page(viewport={"width": WIDTH, "height": 800})
    page.set_content(f'<body style="margin:0">{svg}</body>')
    page.add_style_tag(content=f"body > svg {{ width: {WIDTH}px; height: auto; display: block }}")
    picture = Image.open(io.BytesIO(page.screenshot(full_page=True)))
    page.close()
    assert_nothing_touches(np.asarray(picture.convert("RGB")))
