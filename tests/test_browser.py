"""Opens 00_start_here in a real JupyterLab in headless Chromium, runs it, moves the slider and looks for what a reader sees."""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
CHROMIUM = next(
    filter(
        None,
        map(shutil.which, ("chromium", "chromium-browser", "google-chrome", "chrome", "msedge")),
    ),
    None,
)
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(
        CHROMIUM is None,
        reason="no Chromium, Chrome or Edge is installed: the browser test needs one",
    ),
    pytest.mark.skipif(
        not shutil.which("jupyter-lab", path=str(Path(sys.executable).parent)),
        reason="JupyterLab is not installed here",
    ),
]
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture
def lab(tmp_path):
    """A JupyterLab over a copy of the notebooks, with nothing else on the page; yields its address."""
    shutil.copytree(ROOT / "notebooks", tmp_path / "notebooks")
    settings = tmp_path / "settings"
    settings.mkdir()
    (settings / "overrides.json").write_text(
        json.dumps(
            {
                "@jupyterlab/apputils-extension:notification": {
                    "fetchNews": "false",
                    "checkForUpdates": False,
                }
            }
        )
    )
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    env = {
        k: v
        for k, v in os.environ.items()
        if k not in ("PYTHONDONTWRITEBYTECODE", "PYTEST_CURRENT_TEST")
    }
    env.update(
        PYTHONPATH=str(ROOT),
        JUPYTER_CONFIG_DIR=str(tmp_path / "config"),
        JUPYTER_RUNTIME_DIR=str(tmp_path / "runtime"),
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
        f"--ServerApp.root_dir={tmp_path}",
    ]
    with open(tmp_path / "lab.log", "w") as log:
        server = subprocess.Popen(command, env=env, stdout=log, stderr=log)
    address = f"http://127.0.0.1:{port}"
    try:
        for _ in range(240):
            try:
                urllib.request.urlopen(address + "/api", timeout=2)
                break
            except OSError:
                assert server.poll() is None, (tmp_path / "lab.log").read_text()
                time.sleep(0.5)
        yield address
    finally:
        server.terminate()
        server.wait(20)


def test_a_reader_runs_00_and_moves_the_slider(lab, tmp_path):
    from playwright.sync_api import sync_playwright

    requested = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = browser.new_page(viewport={"width": 1200, "height": 1400})
        page.set_default_timeout(420_000)  # a slow machine reads the tune books for the first time
        page.on("request", lambda request: requested.append(request.url))
        page.goto(f"{lab}/lab/tree/notebooks/00_start_here.ipynb")
        page.wait_for_selector(".jp-Notebook")
        page.wait_for_selector(
            '.jp-KernelName:has-text("Python 3")'
        )  # a run sent earlier opens a dialog and hangs
        page.wait_for_selector('.jp-Notebook-ExecutionIndicator[data-status="idle"]')
        page.evaluate("() => { window.jupyterapp.commands.execute('notebook:restart-run-all'); }")
        page.click('.jp-Dialog button:has-text("Restart")')
        page.wait_for_selector(".widget-slider, .jupyter-widgets.widget-slider")
        page.wait_for_function(
            "() => [...document.querySelectorAll('.jp-OutputArea-output')].some(e => e.textContent.startsWith('Hint:'))"
        )
        page.wait_for_selector('.jp-Notebook-ExecutionIndicator[data-status="idle"]')

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

        seen = page.evaluate("""() => ({
            audio: [...document.querySelectorAll('audio')].map(a => [a.getAttribute('aria-label'), a.src.slice(0, 22), a.duration]),
            score: [...document.querySelectorAll('svg[role=img] title')].map(t => t.textContent).filter(t => t.includes('浣溪沙')),
            figures: [...document.querySelectorAll('.jp-RenderedImage img')].filter(i => i.naturalWidth > 300).length,
            captions: [...document.querySelectorAll('.jp-OutputArea-output pre')].map(p => p.textContent).join(''),
            errors: [...document.querySelectorAll('[data-mime-type="application/vnd.jupyter.stderr"], [data-mime-type="application/vnd.jupyter.error"]')]
                .map(e => e.textContent)})""")
        page.screenshot(path=str(tmp_path / "00.png"))
        browser.close()
    assert (
        seen["audio"]
        and seen["audio"][0][1].startswith("data:audio/mpeg")
        and seen["audio"][0][2] > 10
    )
    assert seen["score"] and not seen["errors"]
    assert seen["figures"] >= 3 and "Piano roll of the song: 42 notes" in seen["captions"]
    outside = [
        url
        for url in requested
        if not url.startswith((lab, lab.replace("http", "ws"), "data:", "blob:"))
    ]
    assert not outside
