"""The set-up cell where the course is not: Colab, Kaggle, a wrong folder.

The cell of every notebook runs in IPython, in a process of its own. Colab is a faked
`google.colab`, an HTTP server in the place of Colab's, and a folder in the place of
/content; GitHub is a folder of bare repositories, to which git rewrites its addresses;
pip is recorded and leaves a module where Python finds it. Only the cell is real.
"""

import contextlib
import http.server
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import textwrap
import threading
import time
import urllib.parse
from pathlib import Path

import course
import pytest

ROOT = Path(__file__).resolve().parents[1]

pytestmark = pytest.mark.skipif(not shutil.which("git"), reason="git is not installed")

# Runs a cell as a notebook does, and records what it calls; only pip is not real.
RUNNER = """
import json, os, socket, subprocess, sys, types, urllib.request

cell, log, packages, colab, pip_works, installed = json.loads(sys.argv[1])
calls = []
run, open_url = subprocess.run, urllib.request.urlopen


def record_run(command, **options):
    if command[:1] == ["git"]:
        calls.append(["git", *command[1:]])
    if command[1:3] == ["-m", "pip"]:
        calls.append(["pip", *command[3:]])
        for name in (name for name in command[4:] if pip_works and name[0] != "-"):
            open(os.path.join(packages, name + ".py"), "w").close()
        return subprocess.CompletedProcess(command, 0 if pip_works else 1)
    return run(command, **options)


def record_url(url, **options):
    calls.append(["url", url])
    return open_url(url, **options)


subprocess.run, urllib.request.urlopen = record_run, record_url
if not installed:  # in this environment the course may be installed from its checkout
    sys.meta_path[:] = [
        finder for finder in sys.meta_path if "editable" not in getattr(finder, "__module__", "")
    ]
socket.gethostbyname = lambda name: "127.0.0.1"
sys.path.append(packages)
if colab:
    sys.modules["google.colab"] = types.ModuleType("google.colab")

from IPython.core.interactiveshell import InteractiveShell

result = InteractiveShell.instance().run_cell(cell)
show = result.success and sys.modules["lyricgen.show"].__file__
with open(log, "w") as file:
    json.dump({"calls": calls, "show": show, "folder": os.getcwd()}, file)
"""


class Machine:
    """A machine to open a notebook on: its folders, its server, its GitHub."""

    def __init__(self, tmp_path: Path, colab: bool):
        self.colab = colab
        self.content = tmp_path / "content"
        self.kaggle = tmp_path / "kaggle"
        self.github = tmp_path / "github"
        self.packages = tmp_path / "packages"
        self.log = tmp_path / "log.json"
        self.variables = {}
        for folder in (self.content, self.kaggle, self.github, self.packages):
            folder.mkdir()
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]

    def open(
        self,
        cell: str | None = None,
        folder: Path | None = None,
        pip_works: bool = True,
        installed: bool = False,
    ):
        """Runs the set-up cell in a new process, as *Restart session* does."""
        cell = cell or course.setup()
        # the only changes to the cell: it must not see this machine's folders and ports
        for name, here in (
            ("/content/", f"{self.content.as_posix()}/"),
            ("/kaggle/", f"{self.kaggle.as_posix()}/"),
            (":9000/", f":{self.port}/"),
        ):
            assert name in cell
            cell = cell.replace(name, here)
        settings = json.dumps(
            [cell, str(self.log), str(self.packages), self.colab, pip_works, installed],
        )
        hidden = ("PYTHONPATH", "http_proxy", "HTTP_PROXY", "KAGGLE_KERNEL_RUN_TYPE")
        environment = {name: value for name, value in os.environ.items() if name not in hidden}
        environment |= {
            "GIT_CONFIG_COUNT": "1",
            "GIT_CONFIG_KEY_0": f"url.{self.github.as_uri()}/.insteadOf",
            "GIT_CONFIG_VALUE_0": "https://github.com/",
            "GIT_TERMINAL_PROMPT": "0",
            "IPYTHONDIR": str(self.packages / "ipython"),
        }
        self.log.unlink(missing_ok=True)
        done = subprocess.run(
            [sys.executable, "-c", RUNNER, settings],
            cwd=folder or self.content,
            env=environment | self.variables,
            capture_output=True,
            text=True,
        )
        return Opened(json.loads(self.log.read_text("utf-8")), done.stdout, done.stderr)

    def publish(self, repository: str, branch: str = "main") -> None:
        """Puts a small course on GitHub, which says its repository and branch."""
        work = self.github / "work"
        write_course(work, f"{repository} {branch}")
        git = ["git", "-c", "user.name=A", "-c", "user.email=a@example.org", "-C", str(work)]
        bare = self.github / repository
        for command in (
            [*git, "init", "-q", "-b", branch],
            [*git, "add", "."],
            [*git, "commit", "-q", "-m", "A small course"],
            ["git", "clone", "-q", "--bare", str(work), str(bare)],
        ):
            subprocess.run(command, check=True, capture_output=True)
        shutil.rmtree(work)


class Opened:
    """What a set-up cell did and said."""

    def __init__(self, log: dict, stdout: str, stderr: str):
        self.git = [call[1:] for call in log["calls"] if call[0] == "git"]
        self.pip = [call[1:] for call in log["calls"] if call[0] == "pip"]
        self.urls = [call[1] for call in log["calls"] if call[0] == "url"]
        self.show = log["show"] and Path(log["show"])
        self.folder = Path(log["folder"])
        self.page = stdout
        self.said = stderr

    def sentence(self) -> str:
        """The one line that a cell says when there is no course: no traceback."""
        assert not self.show
        assert "Traceback" not in self.page + self.said
        assert not self.page.strip()
        assert re.fullmatch(r"UsageError: [^\n]+\n", self.said)
        return self.said


def write_course(folder: Path, name: str) -> None:
    """Writes a course that has what the set-up cell needs, and lacks two packages."""
    (folder / "lyricgen").mkdir(parents=True)
    (folder / "lyricgen" / "__init__.py").touch()
    show = f"""
        import lacking_music, lacking_words
        def begin(seed):
            print("begun: {name}")
    """
    (folder / "lyricgen" / "show.py").write_text(textwrap.dedent(show))
    (folder / "notebooks").mkdir()
    (folder / "notebooks" / "00_start_here.ipynb").write_text("{}")
    (folder / "requirements-colab.txt").write_text("lacking_music\nlacking_words\n")


@pytest.fixture
def colab(tmp_path):
    return Machine(tmp_path, colab=True)


@pytest.fixture
def kaggle(tmp_path):
    machine = Machine(tmp_path, colab=False)
    (machine.kaggle / "working").mkdir()
    (machine.kaggle / "input").mkdir()
    machine.variables["KAGGLE_KERNEL_RUN_TYPE"] = "Interactive"
    return machine


@pytest.fixture
def sessions(colab):
    """Colab's server: sessions(answer) starts it with that answer to /api/sessions."""
    servers = []

    def serve(answer: bytes, wait: float = 0.0) -> None:
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                time.sleep(wait)
                self.send_response(200 if self.path == "/api/sessions" else 404)
                with contextlib.suppress(ConnectionError):  # nobody may be listening any more
                    self.end_headers()
                    self.wfile.write(answer)

            def log_message(self, *args):
                pass

        server = http.server.ThreadingHTTPServer(("127.0.0.1", colab.port), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        servers.append(server)

    yield serve
    for server in servers:
        server.shutdown()
        server.server_close()


def opened_from(page: str, safe: str = "") -> bytes:
    """The answer of Colab's server where a notebook was opened from a page."""
    path = "fileId=" + urllib.parse.quote(page, safe=safe)
    notebook = {"name": "00_start_here.ipynb", "path": path, "type": "notebook"}
    return json.dumps([{"id": "1", **notebook, "kernel": {}, "notebook": notebook}]).encode()


def test_the_first_run_fetches_the_page_that_is_open(colab, sessions):
    colab.publish("someone/lyricgen")
    page = "https://github.com/someone/lyricgen/blob/main/notebooks/00_start_here.ipynb"
    sessions(opened_from(page))
    done = colab.open()
    assert done.page == "begun: someone/lyricgen main\n" and not done.said
    assert len(done.git) == 1
    assert done.show == colab.content / "course" / "lyricgen" / "show.py"
    assert done.folder == colab.content / "course" / "notebooks"
    assert done.pip == [["install", "-q", "--no-deps", "lacking_music", "lacking_words"]]


def test_restart_session_fetches_and_installs_nothing(colab, sessions):
    colab.publish("someone/lyricgen")
    page = "https://github.com/someone/lyricgen/blob/main/notebooks/00_start_here.ipynb"
    sessions(opened_from(page))
    first, again = colab.open(), colab.open()
    assert first.git and first.pip and first.urls
    assert not again.git and not again.pip and not again.urls
    assert again.page == first.page and again.show == first.show and again.folder == first.folder
    assert not again.said


@pytest.mark.parametrize("safe", ["", "/"], ids=["%2F", "slashes"])
def test_a_fork_and_a_branch_with_a_slash(colab, sessions, safe):
    colab.publish("someone/lyricgen")
    colab.publish("a-teacher/my.course", branch="autumn/week-2")
    address = "https://github.com/a-teacher/my.course/blob/autumn/week-2/notebooks"
    sessions(opened_from(f"{address}/11_variational_autoencoder.ipynb", safe))
    assert colab.open().page == "begun: a-teacher/my.course autumn/week-2\n"


def test_no_server_is_one_sentence(colab):
    done = colab.open()
    assert len(done.urls) == 1 and not done.git and not done.pip
    sentence = done.sentence()
    assert "the course is not here" in sentence
    assert "from its page on GitHub" in sentence
    assert "`!git clone ADDRESS course`" in sentence


def test_a_server_that_is_silent_is_left_after_some_seconds(colab, sessions):
    sessions(b"[]", wait=30)
    start = time.monotonic()
    assert "the course is not here" in colab.open().sentence()
    assert time.monotonic() - start < 25


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"[]",
        b'{"message": "Forbidden"}',
        b"\xff\xfe<html>%zz",
        opened_from("1aBcDeFgHiJkLmNoPqRsTuVwXyZ"),
        opened_from("https://github.com/someone/lyricgen"),
        opened_from("https://gitlab.com/someone/lyricgen/blob/main/notebooks/00.ipynb"),
    ],
    ids=["nothing", "empty", "refusal", "rubbish", "a copy in Drive", "no notebook", "GitLab"],
)
def test_an_answer_without_an_address_is_one_sentence(colab, sessions, answer):
    sessions(answer)
    done = colab.open()
    assert len(done.urls) == 1 and not done.git
    assert "the course is not here" in done.sentence()


@pytest.mark.parametrize("page", ["no/repository/blob/main", "someone/lyricgen/blob/no-branch"])
def test_what_git_cannot_fetch_is_one_sentence(colab, sessions, page):
    colab.publish("someone/lyricgen")
    sessions(opened_from(f"https://github.com/{page}/notebooks/00_start_here.ipynb"))
    done = colab.open()
    sentence = done.sentence()
    assert f"git could not fetch https://github.com/{page.partition('/blob')[0]} (" in sentence
    assert "fatal: " in sentence
    assert not (colab.content / "course").exists()


def test_pip_without_a_network_is_one_sentence(colab):
    write_course(colab.content / "course", "pip")
    done = colab.open(pip_works=False)
    assert done.page.startswith("pip could not install lacking_music and lacking_words: ")


def test_a_new_machine_with_the_course_in_drive_installs_and_fetches_nothing(colab):
    write_course(colab.content / "drive" / "MyDrive" / "course", "Drive")
    done = colab.open()
    assert done.page == "begun: Drive\n"
    assert len(done.pip) == 1 and not done.git and not done.urls


@pytest.mark.parametrize("name", ["course", "lyricgen", "lyricgen-main"])
def test_a_folder_that_was_uploaded_is_found(colab, name):
    write_course(colab.content / name, "uploaded")
    done = colab.open()
    assert done.page == "begun: uploaded\n" and not done.git and not done.urls


def test_a_package_that_is_there_is_not_installed(colab):
    write_course(colab.content / "course", "one")
    (colab.packages / "lacking_music.py").touch()
    assert colab.open().pip == [["install", "-q", "--no-deps", "lacking_words"]]


@pytest.mark.parametrize(
    "place", ["working/course", "input/lyricgen", "input/datasets/someone/course/lyricgen-main"]
)
def test_kaggle_with_the_course(kaggle, place):
    write_course(kaggle.kaggle / place, "Kaggle")
    done = kaggle.open(folder=kaggle.kaggle / "working")
    assert done.page == "begun: Kaggle\n" and len(done.pip) == 1
    assert not done.git and not done.urls
    assert done.show.is_relative_to(kaggle.kaggle / place)


def test_kaggle_without_the_course_is_one_sentence(kaggle):
    done = kaggle.open(folder=kaggle.kaggle / "working")
    assert "`!git clone ADDRESS course`" in done.sentence()
    assert not done.urls and not done.git and not done.pip


@pytest.mark.parametrize("folder", ["notebooks", "."])
def test_at_home_nothing_is_fetched(tmp_path, folder):
    done = Machine(tmp_path, colab=False).open(folder=ROOT / folder)
    assert "Python" in done.page and not done.said
    assert done.folder == ROOT / "notebooks"
    assert done.show == ROOT / "lyricgen" / "show.py"
    assert not done.git and not done.pip and not done.urls


def test_at_home_no_package_is_installed_and_no_course_is_one_sentence(tmp_path):
    home = Machine(tmp_path, colab=False)
    done = home.open()
    assert "the course is not here" in done.sentence()
    write_course(home.content / "course", "home")
    done = home.open()
    assert not done.pip and not done.git and not done.urls
    assert "No module named 'lacking_music'" in done.page


def test_a_copy_of_a_notebook_uses_the_installed_course(tmp_path):
    home = Machine(tmp_path, colab=False)
    home.variables["PYTHONPATH"] = str(ROOT)
    done = home.open(installed=True)
    assert "Python" in done.page and not done.said
    assert done.folder == home.content
    assert done.show == ROOT / "lyricgen" / "show.py"
    assert not done.git and not done.pip and not done.urls


def test_names_to_install_are_names_to_import():
    lacking = (ROOT / "requirements-colab.txt").read_text().split()
    for name in lacking:
        code = f"import importlib.util as u, sys; sys.exit(u.find_spec({name!r}) is None)"
        assert subprocess.run([sys.executable, "-c", code]).returncode == 0, name


ADDRESS = "https://github.com/someone/lyricgen"


@pytest.fixture
def copy(tmp_path):
    """A copy of what tools/course.py writes and reads."""
    root = tmp_path / "copy"
    files = ["README.md", "tools/course.py", "data/results/notebook_times.json"]
    files += [f"notebooks/{row.path.name}" for row in course.COURSE]
    for name in files:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, root / name)
    return root


def write(root: Path, *arguments: str) -> subprocess.CompletedProcess:
    command = [sys.executable, str(root / "tools" / "course.py"), *arguments]
    return subprocess.run(command, capture_output=True, text=True)


def contents(root: Path) -> dict[str, bytes]:
    files = [path for path in sorted(root.rglob("*.*")) if path.suffix != ".pyc"]
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in files}


def test_the_tool_writes_the_address_everywhere_and_takes_it_out_again(copy):
    before = contents(copy)
    assert write(copy, "--address", f"{ADDRESS}.git/").returncode == 0
    written = contents(copy)
    link = "https://colab.research.google.com/github/someone/lyricgen/blob/main/notebooks"
    readme = written["README.md"].decode()
    assert f"```\ngit clone {ADDRESS} course\ncd course\npython3 run.py" in readme
    for row in course.COURSE:
        opens = f"{link}/{row.name}.ipynb"
        assert f"[{row.name}](notebooks/{row.name}.ipynb) ([Colab]({opens}))" in readme
        old, new = (
            json.loads(files[f"notebooks/{row.name}.ipynb"])["cells"] for files in (before, written)
        )
        assert f"\n\n[Open in Colab]({opens})" in "".join(new[0]["source"])
        assert f'address, branch = "{ADDRESS}", "main"' in "".join(new[1]["source"])
        assert f"`!git clone {ADDRESS} course`" in "".join(new[1]["source"])
        assert new[2:] == old[2:] and new[1]["outputs"] == old[1]["outputs"]
    assert "written" not in write(copy).stdout and contents(copy) == written
    assert write(copy, "--address", "").returncode == 0
    assert contents(copy) == before


def test_the_tool_makes_the_two_cells_as_ruff_leaves_them(copy):
    path = copy / "notebooks" / "A2_notation.ipynb"
    before = path.read_bytes()
    book = json.loads(before)
    setup = book["cells"][1]
    del book["cells"][:2]
    path.write_text(json.dumps(book), "utf-8")
    assert write(copy).returncode == 0
    after = json.loads(path.read_bytes())
    after["cells"][1].update(execution_count=1, outputs=setup["outputs"])
    assert json.dumps(after, ensure_ascii=False, indent=1).encode() + b"\n" == before


@pytest.mark.parametrize("address", ["https://gitlab.com/a/b", "github.com/a/b", ADDRESS + "/tree"])
def test_an_address_that_colab_does_not_open_is_one_sentence(copy, address):
    before = contents(copy)
    done = write(copy, "--address", address)
    assert done.returncode == 2
    assert f"{address} is not like https://github.com/OWNER/REPOSITORY" in done.stderr
    assert "Traceback" not in done.stderr and contents(copy) == before


def test_a_copy_in_drive_fetches_the_address_that_was_written(colab, sessions, copy):
    colab.publish("someone/lyricgen")
    assert write(copy, "--address", ADDRESS).returncode == 0
    book = json.loads((copy / "notebooks" / "00_start_here.ipynb").read_text("utf-8"))
    sessions(opened_from("1aBcDeFgHiJkLmNoPqRsTuVwXyZ"))
    done = colab.open("".join(book["cells"][1]["source"]))
    assert done.page == "begun: someone/lyricgen main\n"
