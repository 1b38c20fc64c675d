"""run.py: one sentence for what is wrong, a quiet set-up, tests by kind, and copies."""

import ast
import importlib.util
import io
import json
import os
import re
import shutil
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
HERE = sys.executable


@pytest.fixture
def run():
    spec = importlib.util.spec_from_file_location("run", ROOT / "run.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def sentence(capsys, call) -> str:
    """The one sentence with which a call ends, and exit code 2."""
    with pytest.raises(SystemExit) as stopped:
        call()
    lines = capsys.readouterr().err.strip().splitlines()
    assert stopped.value.code == 2
    return lines[-1]


# What Python reads


@pytest.mark.parametrize("version", [(3, 10), (2, 7), (3, 14)])
def test_a_wrong_python_is_told_which_one_to_take(run, monkeypatch, capsys, version):
    monkeypatch.setattr(run.sys, "version_info", (*version, 1))
    line = sentence(capsys, lambda: run.main([]))
    assert f"This is Python {version[0]}.{version[1]}" in line
    assert "3.11 to 3.13" in line and "python3.12 run.py" in line


def test_run_py_has_nothing_that_an_old_python_cannot_read():
    tree = ast.parse((ROOT / "run.py").read_text("ascii"), feature_version=(3, 4))
    new = (ast.JoinedStr, ast.AnnAssign, ast.NamedExpr, ast.Await, ast.Nonlocal, ast.Starred)
    for node in ast.walk(tree):
        assert not isinstance(node, new), node.lineno
        assert not (isinstance(node, ast.Raise) and node.cause), node.lineno
        assert not (isinstance(node, ast.Dict) and None in node.keys), node.lineno
        if isinstance(node, ast.FunctionDef):
            typed = node.returns or any(argument.annotation for argument in node.args.args)
            assert not typed and not node.args.kwonlyargs and not node.args.posonlyargs, node.name


def old_pythons() -> list[str]:
    """Pythons 2.7 and 3.6 on this machine, where there are any."""
    found = []
    for version in ("2.7", "3.6"):
        found += map(str, Path.home().glob(f".pyenv/versions/{version}.*/bin/python"))
        found += filter(None, [shutil.which(f"python{version}")])
    version = [subprocess.run([python, "--version"], capture_output=True) for python in found]
    return [python for python, ran in zip(found, version) if ran.returncode == 0]


def test_old_pythons_say_the_sentence():
    pythons = old_pythons()
    if not pythons:
        pytest.skip("neither Python 2.7 nor 3.6 is installed here")
    for python in pythons:
        ran = subprocess.run([python, "run.py"], cwd=ROOT, capture_output=True, text=True)
        assert ran.returncode == 2 and re.match(r"This is Python (2\.7|3\.6)", ran.stderr)
        ran = subprocess.run([python, "run.py", "--help"], cwd=ROOT, capture_output=True, text=True)
        assert ran.returncode == 0 and ran.stdout.startswith("usage:")


# Commands


def test_help_has_an_example_of_every_command(run, capsys):
    assert run.main(["--help"]) == run.main(["--gpu", "-h"]) == run.main(["lab", "--help"]) == 0
    text = capsys.readouterr().out
    for command in run.COMMANDS:
        assert re.search(rf"^  {command}  ", text, re.M), command
        assert f"              python3 run.py {command}" in text, command
    assert max(map(len, text.splitlines())) <= 100


def test_the_package_has_the_commands_that_run_py_passes_on(run):
    passed_on = set(run.COMMANDS) - set(run.ANSWERED_HERE)
    ran = subprocess.run(
        [HERE, "-m", "lyricgen", "--help"], capture_output=True, text=True, env=run.environment()
    )
    assert {name for name in passed_on if re.search(rf"^ +{name}  ", ran.stdout, re.M)} == passed_on


def test_an_unknown_command_ends_before_anything_is_installed(run, monkeypatch, capsys):
    monkeypatch.setattr(run, "set_up", lambda *arguments: pytest.fail("it was set up"))
    line = sentence(capsys, lambda: run.main(["sing"]))
    assert "no command sing" in line and "did you mean song?" in line
    assert all(command in line for command in run.COMMANDS)
    assert "did you mean" not in sentence(capsys, lambda: run.main(["xyzzy", "--seed", "7"]))


def test_without_a_command_it_is_a_song(run, monkeypatch):
    ran = []
    monkeypatch.setattr(run, "set_up", lambda folder, lock, flavour="": "python")
    monkeypatch.setattr(run, "run", lambda command, folder: ran.append(command) or 0)
    assert run.main([]) == run.main(["--seed", "7"]) == run.main(["song", "--help"]) == 0
    assert [command[4:] for command in ran] == [
        ["song"],
        ["song", "--seed", "7"],
        ["song", "--help"],
    ]


def test_a_command_runs_in_the_callers_folder(run, monkeypatch, capfd, tmp_path):
    """Its paths are the caller's, and nothing that lies there is imported."""
    monkeypatch.setattr(run, "set_up", lambda folder, lock, flavour="": HERE)
    monkeypatch.chdir(tmp_path)
    for module in ("json.py", "argparse.py", "tqdm.py"):
        (tmp_path / module).write_text("raise SystemExit('a file of the caller was imported')")
    # a clone of the course may have the package's name
    for folder in ("numpy", "lyricgen"):
        (tmp_path / folder).mkdir()
    midi = sorted((ROOT / "data").glob("*/*.mid"))[0]
    shutil.copy(midi, tmp_path / "of the caller.mid")
    assert run.main(["parse", "of the caller.mid"]) == 0
    assert "1 of 1 files read" in capfd.readouterr().err
    assert run.main(["parse", os.path.join("data", midi.parent.name, midi.name)]) == 1


def test_commands_for_developers_run_in_the_project(run, project, monkeypatch, tmp_path_factory):
    monkeypatch.chdir(tmp_path_factory.mktemp("elsewhere"))
    code = "import pathlib; pathlib.Path('here').touch()"
    assert run.run([HERE, "-c", code]) == 0
    assert (project / "here").exists()


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such signals")
def test_ctrl_c_waits_for_the_command_to_end_in_its_own_way(run, tmp_path):
    code = f"""
import signal, sys, time
def end(*_):
    time.sleep(1)
    open({str(tmp_path / "ended")!r}, "w").close()
    sys.exit(0)
signal.signal(signal.SIGINT, end)
print("ready", flush=True)
time.sleep(60)
"""
    # what runs the tests may ignore Ctrl-C, and a child inherits that
    caller = """
import run, signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
sys.exit(run.run([sys.executable, "-c", sys.argv[1]]))
"""
    process = subprocess.Popen(
        [HERE, "-c", caller, code], cwd=ROOT, stdout=subprocess.PIPE, start_new_session=True
    )
    assert process.stdout.readline() == b"ready\n"
    os.killpg(process.pid, 2)
    assert process.wait(30) == run.INTERRUPTED
    assert (tmp_path / "ended").exists()


# Set-up


def test_no_venv_module(run, monkeypatch, capsys, tmp_path):
    monkeypatch.setitem(sys.modules, "ensurepip", None)
    line = sentence(capsys, lambda: run.set_up(str(tmp_path / "v"), "requirements.lock"))
    assert "no venv module" in line


def test_no_space(run, monkeypatch, capsys, tmp_path):
    usage = shutil.disk_usage(tmp_path)._replace(free=10**8)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage)
    line = sentence(capsys, lambda: run.set_up(str(tmp_path / "v"), "requirements.lock"))
    assert "too little space" in line


def test_a_folder_that_cannot_hold_the_environment(run, capsys, tmp_path):
    (tmp_path / "file").write_text("")
    folder = str(tmp_path / "file" / "v")
    assert "could not be made" in sentence(capsys, lambda: run.set_up(folder, "requirements.lock"))


class Terminal(io.StringIO):
    def isatty(self):
        return True


def printer(text: str, code: int = 0, seconds: float = 0) -> list[str]:
    """A command that prints a text, waits and ends with a code, like an installer."""
    script = (
        f"import sys, time; print({text!r}, flush=True); time.sleep({seconds}); sys.exit({code})"
    )
    return [HERE, "-c", script]


@pytest.mark.parametrize(
    ("output", "advice"),
    [
        ("error: Failed to fetch: dns error: name resolution", "connect this machine"),
        ("failed to copy: No space left on device (os error 28)", "The disk is full"),
        ("error: something new", "the lines above say why"),
    ],
)
def test_a_failed_installer_shows_its_last_lines_and_one_sentence(run, capsys, output, advice):
    text = "\n".join(f"line {i}" for i in range(50)) + "\n" + output
    with pytest.raises(SystemExit) as stopped:
        run.install(printer(text, 1), dict(os.environ), run.Progress())
    lines = capsys.readouterr().err.strip().splitlines()
    assert stopped.value.code == 2
    assert advice in lines[-1] and lines[-2] == output
    assert "line 49" in lines and "line 30" not in lines


UV = """Resolved 152 packages in 40ms
Downloading numpy (16.0MiB)
Downloading tensorflow-cpu (224.0MiB)
Downloading certifi (512.0KiB)
"""


def test_what_uv_has_done(run):
    assert run.installed_so_far("Using Python 3.11\n") == ""
    assert run.installed_so_far("Resolved 1 package in 1ms\n") == " 1 packages"
    assert "[....................] 0 of 240 MiB" in run.installed_so_far(UV)
    half = run.installed_so_far(UV.replace("224", "16") + " Downloaded numpy\n")
    assert half == " 152 packages [#########...........] 16 of 32 MiB"
    after = run.installed_so_far(UV + "Prepared 152 packages in 9s\n")
    assert after == " 152 packages: putting them in place"


def test_the_set_up_is_one_line_on_a_terminal(run, monkeypatch):
    terminal = Terminal()
    monkeypatch.setattr(run.sys, "stderr", terminal)
    monkeypatch.setenv("COLUMNS", "80")
    progress = run.Progress()
    progress.begin("installing", " the packages")
    run.install(printer(UV + " + numpy==2.4.6\n" * 152, seconds=0.5), dict(os.environ), progress)
    progress.begin("ready")
    progress.close()
    lines = terminal.getvalue().split("\n")
    assert len(lines) == 3 and lines[2] == ""
    pictures = lines[0].split("\r")[1:]
    assert len(pictures) >= 3 and {len(picture) for picture in pictures} == {79}
    assert "installing the packages " in pictures[0]
    assert "152 packages [....................] 0 of 240 MiB " in pictures[-1]
    assert "numpy" not in terminal.getvalue()


def test_the_set_up_is_a_few_lines_in_a_log(run, monkeypatch, capsys):
    clock = [0.0]
    monkeypatch.setattr(run.time, "time", lambda: clock[0])
    progress = run.Progress()
    progress.begin("making .venv")
    progress.begin("installing", " the packages")
    for _ in range(6000):
        clock[0] += 0.1
        progress.update(run.installed_so_far(UV))
    progress.begin("ready")
    progress.close()
    lines = capsys.readouterr().err.splitlines()
    assert 6 <= len(lines) <= 10, "ten minutes are at most ten lines"
    assert lines[0] == "[1/3    0 s] making .venv" and lines[-1] == "[3/3  600 s] ready"
    assert "\r" not in "".join(lines) and "152 packages" in lines[3]


def test_set_up_is_done_once_for_each_lock(run, monkeypatch, capsys, tmp_path):
    for name in ("pyproject.toml", "a.lock"):
        (tmp_path / name).write_text("tensorflow-cpu==2.21.0 ; sys_platform == 'linux'\n")
    folder = tmp_path / "v"
    ran = []

    def make(folder):
        python = Path(run.python_of(folder))
        python.parent.mkdir(parents=True, exist_ok=True)
        python.touch()

    monkeypatch.setattr(run, "ROOT", str(tmp_path))
    monkeypatch.setattr(run, "make_environment", make)
    monkeypatch.setattr(run, "install", lambda command, env, progress: ran.append(command))
    python = run.set_up(str(folder), "a.lock")
    assert [command[3:5] for command in ran] == [
        ["install", "--quiet"],
        ["pip", "sync"],
        ["pip", "install"],
    ]
    assert ran[1][-1] == "a.lock" and ran[2][-2:] == ["-e", "."]
    assert run.set_up(str(folder), "a.lock") == python and len(ran) == 3
    run.set_up(str(folder), "a.lock", "gpu")
    assert ran[-2][-1] == "tensorflow[and-cuda]==2.21.0"
    (tmp_path / "a.lock").write_text("tensorflow-cpu==2.22.0\n")
    run.set_up(str(folder), "a.lock")
    assert len(ran) == 3 + 5 + 3


# Tests by kind


@pytest.mark.parametrize("whole", [True, False])
def test_an_environment_that_cannot_be_written_is_used_if_it_is_whole(
    run, monkeypatch, capsys, tmp_path, whole
):
    (tmp_path / "requirements.lock").write_text("a lock")
    (tmp_path / "pyproject.toml").write_text("a package")
    folder = tmp_path / ".venv"
    folder.mkdir()
    (folder / "installed").write_text("made for another patch release of Python")
    monkeypatch.setattr(run, "ROOT", str(tmp_path))
    monkeypatch.setattr(run.os, "access", lambda path, mode: False)
    monkeypatch.setattr(run, "install", lambda *arguments: pytest.fail("it was installed"))
    code = "" if whole else "raise SystemExit(1)"
    python = tmp_path / "python"
    python.write_text(f"#!{sys.executable}\n{code}\n")
    python.chmod(0o755)
    monkeypatch.setattr(run, "python_of", lambda folder: str(python))
    if os.name == "nt":
        pytest.skip("a script is no program there")
    if whole:
        assert run.set_up(str(folder), "requirements.lock") == str(python)
        assert "is used as it is" in capsys.readouterr().err
    else:
        assert "cannot be set up here" in sentence(
            capsys, lambda: run.set_up(str(folder), "requirements.lock")
        )
    assert (folder / "installed").read_text() == "made for another patch release of Python"


def arguments_of(run, monkeypatch, arguments, codes=(0,)) -> tuple[list, int]:
    """The commands that `test` would run, with their variables, and its exit code."""
    ran = []
    codes = list(codes)

    def answer(command, **variables):
        ran.append((command[2:], variables))
        return codes.pop(0) if len(codes) > 1 else codes[0]

    monkeypatch.setattr(run, "run", answer)
    monkeypatch.setattr(run, "set_up", lambda folder, lock, flavour="": HERE)
    code = run.main(["test", *arguments])
    return ran, code


@pytest.fixture
def project(run, monkeypatch, tmp_path):
    """A small project with tests of each kind, in place of this one."""
    (tmp_path / "tests").mkdir()
    (tmp_path / "notebooks" / "solutions").mkdir(parents=True)
    (tmp_path / "pyproject.toml").write_text("[tool.pytest.ini_options]\naddopts = '-ra'\n")
    monkeypatch.setattr(run, "ROOT", str(tmp_path))
    return tmp_path


def test_every_kind_is_a_run_of_its_own(run, monkeypatch, project, capsys):
    for name in ("02_b", "01_a", "solutions/01_a"):
        (project / "notebooks" / f"{name}.ipynb").touch()
    (project / "tests" / "test_page.py").write_text("pytestmark = pytest.mark.browser")
    (project / "tests" / "test_other.py").touch()
    ran, code = arguments_of(run, monkeypatch, [])
    commands = [" ".join(command) for command, _ in ran]
    assert code == 0 and commands[:2] == [
        "ruff format --check",
        "ruff check --output-format=concise",
    ]
    unit, browser, solutions, notebooks = commands[2:]
    assert "-m (not browser) tests --ignore=tests/test_solutions.py" in unit
    assert browser.endswith("-m (browser) tests/test_page.py")
    assert solutions.endswith("tests/test_solutions.py")
    two = "--nbval-cell-timeout=600 -p no:cacheprovider -n 2 --dist loadfile"
    assert notebooks.endswith(two + " notebooks/01_a.ipynb notebooks/02_b.ipynb")
    assert ran[2][1] == {"LYRICGEN_MODE": "smoke"}


def test_mypy_runs_where_it_is_configured(run, monkeypatch, project, capsys):
    with open(project / "pyproject.toml", "a") as file:
        file.write("\n[tool.mypy]\nstrict = true\n")
    ran, _ = arguments_of(run, monkeypatch, ["style"])
    assert [command for command, _ in ran][-1] == ["mypy"]


@pytest.mark.parametrize(
    ("arguments", "kinds"),
    [
        (["unit"], ["unit"]),
        (["style", "unit", "-k", "notebooks"], ["ruff", "ruff", "unit"]),
        (["tests/test_midi.py", "-x"], ["unit", "browser"]),
        (["tests/test_midi.py::test_a"], ["unit", "browser"]),
        (["notebooks/09_reading_midi.ipynb"], ["notebooks"]),
        (["-k", "midi"], ["ruff", "ruff", "unit", "browser", "solutions", "notebooks"]),
    ],
)
def test_kinds_and_files_choose(run, monkeypatch, project, capsys, arguments, kinds):
    found = []
    for command, _ in arguments_of(run, monkeypatch, arguments)[0]:
        text = " ".join(command)
        if command[0] == "ruff":
            found.append("ruff")
        elif "--nbval" in text:
            found.append("notebooks")
        elif "(browser)" in text:
            found.append("browser")
        else:
            found.append("unit" if "(not browser)" in text else "solutions")
        assert ("-k" in command) == ("-k" in arguments and command[0] == "pytest")
    assert found == kinds


def test_options_of_the_tests(run, monkeypatch, project, capsys):
    ran, _ = arguments_of(run, monkeypatch, ["unit", "--lesson", "--all", "-m", "slow", "-q"])
    (command, variables) = ran[0]
    assert variables == {"LYRICGEN_MODE": "lesson", "LYRICGEN_ALL": "1"}
    assert command[command.index("-m") + 1] == "(not browser) and (slow)" and command[-1] == "-q"


@pytest.mark.parametrize(
    ("codes", "code", "runs"),
    [
        ([0, 0, 5, 5, 0, 5], 0, 6),
        ([0, 0, 5, 1, 0, 0], 1, 6),
        ([1, 0, 0, 0, 0, 0], 1, 6),
        ([0, 0, 130], 130, 3),
    ],
)
def test_the_exit_code_and_ctrl_c(run, monkeypatch, project, capsys, codes, code, runs):
    ran, found = arguments_of(run, monkeypatch, [], codes)
    assert found == code and len(ran) == runs


def test_a_choice_that_leaves_no_test_is_a_failure(run, monkeypatch, project, capsys):
    assert arguments_of(run, monkeypatch, ["unit", "browser", "-k", "x"], [5])[1] == 5


def test_floor_adds_one_row_to_the_table(run, monkeypatch, project, capsys):
    arguments_of(run, monkeypatch, [])
    ran = []
    monkeypatch.setattr(run, "run", lambda command, **variables: ran.append(command) or 0)
    for _ in range(2):
        assert run.main(["floor"]) == 0
    assert "(not browser and not slow)" in ran[0]
    assert ran[1][-1] == "notebooks/00_start_here.ipynb" and "-n" not in ran[1]
    kinds = [row[0] for row in json.loads((project / "build/times.json").read_text())["rows"]]
    assert kinds.count("oldest versions") == 1
    assert kinds[:4] == ["set-up", "ruff format", "ruff check", "unit"]
    capsys.readouterr()
    assert run.main(["times"]) == 0
    table = capsys.readouterr().out
    assert all(f"\n{kind} " in table for kind in [*kinds, "together"])


def test_times_without_a_test_run(run, project, capsys):
    assert "run python3 run.py test" in sentence(capsys, lambda: run.main(["times"]))


def cell(source: str, text: str) -> dict:
    output = {"output_type": "stream", "name": "stdout", "text": text}
    return {
        "cell_type": "code",
        "id": "c01",
        "metadata": {},
        "source": source,
        "execution_count": 1,
        "outputs": [output],
    }


@pytest.mark.slow
def test_the_table_has_the_time_of_every_test(run, monkeypatch, project, capsys):
    """With the real pytest, two notebooks at a time; one cell prints something else."""
    (project / "tests" / "test_one.py").write_text(
        "import pytest, time\n"
        "def test_slow(): time.sleep(1.2)\n"
        "def test_quick(): pass\n"
        "def test_skipped(): pytest.skip('no reason')\n"
    )
    for name, text in (("01_a", "2\n"), ("02_b", "3\n")):
        book = {
            "nbformat": 4,
            "nbformat_minor": 5,
            "metadata": {},
            "cells": [cell("print(2)", text)],
        }
        book["metadata"]["kernelspec"] = {"name": "python3", "display_name": "Python 3"}
        (project / "notebooks" / f"{name}.ipynb").write_text(json.dumps(book))
    monkeypatch.setattr(run, "set_up", lambda folder, lock, flavour="": HERE)
    assert run.main(["test", "unit", "notebooks", "-q"]) == 1
    kept = json.loads((project / "build" / "times.json").read_text())
    rows = {row[0]: row[1:] for row in kept["rows"]}
    assert rows["unit"][1:] == [3, 0, 1] and rows["unit"][0] > 1.2
    assert rows["notebooks"][1:] == [2, 1, 0]
    slowest = {name: seconds for seconds, _, name in kept["slowest"]}
    assert 1.2 <= slowest["tests/test_one.py::test_slow"] < 10
    assert {"notebooks/01_a.ipynb::Cell 0", "notebooks/02_b.ipynb::Cell 0"} <= set(slowest)
    table = capsys.readouterr().out.splitlines()
    heading = next(i for i, line in enumerate(table) if line.startswith("The slowest tests"))
    assert max(map(len, table[heading:])) <= 100
    assert table[heading + 1 :] == [
        line for line in table[heading + 1 :] if re.match(r" +\d+\.\d s  (unit|notebooks): ", line)
    ]


def test_only_the_ten_slowest_are_listed(run, project):
    times = run.Times()
    times.add("unit", 90.04, [(float(i), f"test_{i}") for i in range(15)], 2, 1)
    times.add("browser", 30.0, [(20.0, "test_page")])
    table = times.table().splitlines()
    listed = [line.split()[-1] for line in table if " s  " in line]
    assert listed == ["test_page", *(f"test_{i}" for i in range(14, 5, -1))]
    assert table[3].split() == ["unit", "1:30.0", "15", "2", "1"]
    assert table[5].split() == ["together", "2:00.0", "16", "2", "1"]


# JupyterLab


@pytest.fixture
def lab(run, monkeypatch, project):
    """Calls `lab` and returns the command that it would run."""
    (project / ".venv").mkdir()
    (project / "notebooks" / "00_start_here.ipynb").write_text("{}")
    (project / "notebooks" / "solutions" / "00_start_here.ipynb").write_text("{}")
    monkeypatch.setattr(run, "set_up", lambda folder, lock, flavour="": HERE)

    def call(*arguments):
        ran = []
        monkeypatch.setattr(run, "run", lambda command: ran.append(command) or 0)
        assert run.main(["lab", *arguments]) == 0
        return ran[0]

    return call


def test_the_lab_opens_the_whole_course_at_00(lab, project):
    command = lab()
    assert f"--ServerApp.root_dir={project}" in command
    assert command[-1] == "--LabApp.default_url=/lab/tree/notebooks/00_start_here.ipynb"
    other = lab("notebooks/09_reading_midi.ipynb", "--no-browser")
    assert other[-2:] == ["notebooks/09_reading_midi.ipynb", "--no-browser"]
    assert not [argument for argument in other if "00_start_here" in argument]


def test_news_are_switched_off_and_other_settings_stay(lab, project):
    lab()
    path = project / ".venv" / "share" / "jupyter" / "lab" / "settings" / "overrides.json"
    plugin = "@jupyterlab/apputils-extension:notification"
    wanted = {"fetchNews": "false", "checkForUpdates": False}
    assert json.loads(path.read_text()) == {plugin: wanted}
    path.write_text('{"other": 1}')
    lab()
    assert json.loads(path.read_text()) == {plugin: wanted, "other": 1}


def test_jupyterlab_reads_the_settings_there(run, tmp_path):
    commands = pytest.importorskip("jupyterlab.commands", reason="JupyterLab is not installed")
    run.quiet_settings(str(tmp_path))
    written = next(tmp_path.rglob("overrides.json")).parent.relative_to(tmp_path)
    settings = Path(commands.get_app_dir()) / "settings"
    if Path(commands.get_app_dir()).is_relative_to(sys.prefix):
        assert settings == Path(sys.prefix) / written
    else:
        pytest.skip("JUPYTERLAB_DIR names another folder than the environment's")


def test_the_lab_opens_a_copy(lab, project, capsys, monkeypatch, tmp_path_factory):
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    monkeypatch.chdir(elsewhere)
    for arguments in (["--copy", "mine"], ["--copy=mine"]):
        command = lab(*arguments)
        assert f"--ServerApp.root_dir={elsewhere / 'mine'}" in command
        assert "--LabApp.default_url=/lab/tree/00_start_here.ipynb" in command
        assert not [argument for argument in command if "--copy" in argument]
    assert (elsewhere / "mine" / "solutions" / "00_start_here.ipynb").exists()


@pytest.mark.parametrize("arguments", [["--copy"], ["--copy", "--no-browser"], ["--copy", ""]])
def test_a_copy_needs_a_folder(run, capsys, arguments):
    line = sentence(capsys, lambda: run.main(["lab", *arguments]))
    assert "needs the name of a folder" in line


def test_a_copy_that_cannot_be_made(run, project, capsys, monkeypatch):
    monkeypatch.setattr(run, "set_up", lambda *arguments: pytest.fail("it was set up"))
    (project / "file").touch()
    notebooks = str(project / "notebooks")
    for arguments in (["--copy", notebooks], ["--copy", os.path.join(notebooks, "mine")]):
        line = sentence(capsys, partial(run.main, ["lab", *arguments]))
        assert "outside of the course's notebooks" in line
    line = sentence(capsys, lambda: run.main(["lab", "--copy", str(project / "file")]))
    assert line.startswith(f"The notebooks could not be copied to {project / 'file'}")


def test_a_second_copy_updates_what_was_not_changed(run, tmp_path, capsys):
    source, target = tmp_path / "source", tmp_path / "target"
    for name in ("a", "b", "c", "d", "e", "gone", "gone_but_changed", "solutions/a"):
        path = source / f"{name}.ipynb"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{name} 1")
    target.mkdir()
    (target / "e.ipynb").write_text("an own file with the same name")
    (target / "own.ipynb").write_text("own")
    first = run.copy_notebooks(str(source), str(target))
    assert len(first["new"]) == 7 and first["behind"] == ["e.ipynb"]

    for name in ("b", "c", "solutions/a"):
        (source / f"{name}.ipynb").write_text(f"{name} 2")
    (source / "f.ipynb").write_text("f 1")
    for name in ("gone", "gone_but_changed"):
        (source / f"{name}.ipynb").unlink()
    for name in ("c", "d", "gone_but_changed"):
        (target / f"{name}.ipynb").write_text("changed")
    result = run.copy_notebooks(str(source), str(target))
    run.report_copy(result, str(target))
    assert result == {
        "new": ["f.ipynb"],
        "same": ["a.ipynb"],
        "updated": ["b.ipynb", "solutions/a.ipynb"],
        "kept": ["d.ipynb"],
        "behind": ["c.ipynb", "e.ipynb"],
        "removed": ["gone.ipynb"],
    }
    texts = {path.stem: path.read_text() for path in target.glob("*.ipynb")}
    assert texts == {
        "a": "a 1",
        "b": "b 2",
        "c": "changed",
        "d": "changed",
        "e": "an own file with the same name",
        "f": "f 1",
        "gone_but_changed": "changed",
        "own": "own",
    }
    said = capsys.readouterr().out
    assert "1 new, 2 updated" in said and "new versions: c.ipynb, e.ipynb." in said
    assert "you changed them: d.ipynb" in said and "removed: gone.ipynb" in said

    (target / "c.ipynb").rename(target / "my_c.ipynb")
    third = run.copy_notebooks(str(source), str(target))
    assert third["new"] == ["c.ipynb"] and (target / "my_c.ipynb").read_text() == "changed"
    assert not list(target.rglob("*.tmp"))


def test_a_copy_whose_memory_is_lost_overwrites_nothing(run, tmp_path):
    source, target = tmp_path / "source", tmp_path / "target"
    for folder in (source, target):
        folder.mkdir()
    (source / "a.ipynb").write_text("1")
    run.copy_notebooks(str(source), str(target))
    (target / ".lyricgen.json").write_text("[broken")
    (source / "a.ipynb").write_text("2")
    assert run.copy_notebooks(str(source), str(target))["behind"] == ["a.ipynb"]
    assert (target / "a.ipynb").read_text() == "1"


def test_a_notebook_that_was_only_opened_is_unchanged(run, tmp_path):
    """JupyterLab writes metadata and counts; cells and outputs are the reader's."""
    path = tmp_path / "a.ipynb"

    def hash_with(source="print(2)", text="2\n", **more):
        cells = [{**cell(source, text), **more}]
        path.write_text(json.dumps({"metadata": {"seen": more != {}}, "cells": cells}))
        return run.hash_of(str(path))

    first = hash_with()
    assert hash_with(metadata={"trusted": True}, execution_count=7) == first
    assert hash_with(source=["print(2)"]) == first
    assert hash_with(source=["print(", "2)"]) == first
    others = {hash_with(source="print(3)"), hash_with(text="3\n"), hash_with(cell_type="raw")}
    assert len(others | {first}) == 4
    path.write_text("{}")
    assert run.hash_of(str(path)) and run.hash_of(str(tmp_path / "none.ipynb")) is None


def listing(root: Path) -> dict[str, tuple[int, int]]:
    """The size and the time of each file of the course, compiled modules left out."""
    found = {path.name: (0, 0) for path in root.iterdir()}
    for folder in ("notebooks", "lyricgen", "data", "docs", "tools", "experiments"):
        for path in (root / folder).rglob("*"):
            if "__pycache__" not in path.parts:
                status = path.stat()
                size = status.st_size if path.is_file() else 0
                found[str(path.relative_to(root))] = (size, status.st_mtime_ns)
    return found


def test_a_notebook_of_a_copy_writes_nothing_into_the_course(run, tmp_path):
    copy = tmp_path / "mine"
    run.copy_notebooks(str(ROOT / "notebooks"), str(copy))
    code = """if True:
        import json, sys
        from IPython.core.interactiveshell import InteractiveShell
        shell = InteractiveShell.instance()
        notebook = json.load(open("09_reading_midi.ipynb", encoding="utf-8"))
        for cell in notebook["cells"]:
            if cell["cell_type"] == "code":
                result = shell.run_cell("".join(cell["source"]), store_history=False)
                if "raises-exception" not in cell["metadata"].get("tags", []):
                    result.raise_error()
        import lyricgen
        print(lyricgen.__file__)"""
    home = tmp_path / "home"
    home.mkdir()
    env = os.environ | {"PYTHONPATH": str(ROOT), "HOME": str(home), "LYRICGEN_MODE": "smoke"}
    env |= {"IPYTHONDIR": str(home), "MPLBACKEND": "agg", "MPLCONFIGDIR": str(home)}
    before = listing(ROOT)
    ran = subprocess.run([HERE, "-c", code], cwd=copy, env=env, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.split()[-1] == str(ROOT / "lyricgen" / "__init__.py")
    assert listing(ROOT) == before
