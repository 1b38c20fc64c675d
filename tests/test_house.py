"""The house holds: three floors, a light import, one set of dependencies, and a set-up that says in one sentence what is wrong."""

import ast
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parents[1]


def test_import_is_light():
    code = (
        "import time, sys, lyricgen; spent = time.process_time(); "
        "heavy = {'tensorflow', 'keras', 'music21', 'matplotlib'} & set(sys.modules); print(spent, sorted(heavy))"
    )
    out = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split(maxsplit=1)
    assert float(out[0]) < 0.5 and out[1].strip() == "[]"


def test_the_song_does_not_import_tensorflow():
    used = subprocess.run(
        [
            sys.executable,
            "-c",
            "import sys, lyricgen.song.song, lyricgen.cli.main; print('tensorflow' in sys.modules)",
        ],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert used.strip() == "False"


PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]


def locked(name: str) -> dict[str, list[str]]:
    """A lock's packages and their versions; a line is NAME==VERSION with an optional marker, and nothing else."""
    found: dict[str, list[str]] = {}
    for line in (ROOT / name).read_text().splitlines():
        assert re.fullmatch(r"[A-Za-z0-9._-]+==[^ ;]+( ; .+)?", line), line
        requirement = Requirement(line)
        found.setdefault(requirement.name.lower().replace("_", "-"), []).append(
            str(requirement.specifier)[2:]
        )
    return found


@pytest.mark.parametrize("lock", ["requirements.lock", "requirements-floor.lock"])
def test_package_and_lock_agree(lock):
    packages = locked(lock)
    extras = PROJECT["optional-dependencies"]
    wanted = (
        PROJECT["dependencies"]
        + extras["cpu"]
        + extras["test"]
        + (extras["course"] if lock == "requirements.lock" else [])
    )
    for line in wanted:
        requirement = Requirement(line)
        versions = packages.get(requirement.name.lower())
        assert versions, f"{requirement.name} is not in {lock}"
        assert all(requirement.specifier.contains(version) for version in versions), (
            line,
            versions,
        )


def test_the_floor_is_what_colab_has():
    floor = {name: versions[0] for name, versions in locked("requirements-floor.lock").items()}
    for name, version in {
        "tensorflow-cpu": "2.20",
        "keras": "3.13",
        "numpy": "2.1",
        "music21": "9.9",
        "ipywidgets": "7.7",
        "ipython": "7.34",
    }.items():
        assert floor[name].startswith(version + "."), (name, floor[name])


def test_every_dependency_says_where_it_is_used():
    for line in (ROOT / "pyproject.toml").read_text("utf-8").split("[tool.")[0].splitlines():
        if re.match(r'    "[A-Za-z]', line):
            assert re.search(r'",\s+# \S.{8,}', line), line


def test_environment_is_a_shell_over_the_lock():
    environment = yaml.safe_load((ROOT / "environment.yml").read_text("utf-8"))
    python, pip = environment["dependencies"][0], environment["dependencies"][-1]["pip"]
    assert python.startswith("python=3.1") and PROJECT["requires-python"] == ">=3.11,<3.14"
    assert [line.split(" #")[0].strip() for line in pip] == [
        "-r requirements.lock",
        "--no-deps -e .",
    ]


def test_what_colab_lacks_is_a_dependency():
    lacking = (ROOT / "requirements-colab.txt").read_text().split()
    assert set(lacking) <= {Requirement(line).name for line in PROJECT["dependencies"]}
    colab = {
        "numpy",
        "music21",
        "matplotlib",
        "ipywidgets",
        "ipython",
        "soundfile",
        "tqdm",
    }  # as of August 2026
    assert {Requirement(line).name for line in PROJECT["dependencies"]} == colab | set(lacking)


@pytest.fixture
def run(monkeypatch):
    spec = importlib.util.spec_from_file_location("run", ROOT / "run.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def sentence(capsys, call) -> str:
    """The one sentence with which a call ends, and exit code 2."""
    with pytest.raises(SystemExit) as stopped:
        call()
    said = capsys.readouterr().err.strip().splitlines()
    assert stopped.value.code == 2
    return said[-1]


@pytest.mark.parametrize("version", [(3, 10), (2, 7), (3, 14)])
def test_a_wrong_python_is_told_which_one_to_take(run, monkeypatch, capsys, version):
    monkeypatch.setattr(run.sys, "version_info", (*version, 1))
    said = sentence(capsys, lambda: run.main([]))
    assert (
        f"This is Python {version[0]}.{version[1]}" in said
        and "3.11 to 3.13" in said
        and "python3.12 run.py" in said
    )


def test_run_py_can_be_read_by_old_pythons():
    tree = ast.parse((ROOT / "run.py").read_text("utf-8"), feature_version=(3, 4))
    new = (ast.JoinedStr, ast.AnnAssign, ast.NamedExpr, ast.Await, ast.Nonlocal, ast.Starred)
    assert not [node for node in ast.walk(tree) if isinstance(node, new)]
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            assert (
                node.returns is None
                and not node.args.kwonlyargs
                and not any(a.annotation for a in node.args.args)
            )
    found = [
        *map(str, Path.home().glob(".pyenv/versions/2.7*/bin/python")),
        *filter(None, [shutil.which("python2.7")]),
    ]
    for python in found:
        if subprocess.run([python, "--version"], capture_output=True).returncode == 0:
            said = subprocess.run([python, "run.py"], cwd=ROOT, capture_output=True, text=True)
            assert said.returncode == 2 and said.stderr.startswith("This is Python 2.7")


def test_no_venv_module(run, monkeypatch, capsys, tmp_path):
    monkeypatch.setitem(sys.modules, "ensurepip", None)
    assert "no venv module" in sentence(
        capsys, lambda: run.set_up(str(tmp_path / "v"), "requirements.lock")
    )


def test_no_space(run, monkeypatch, capsys, tmp_path):
    monkeypatch.setattr(
        shutil, "disk_usage", lambda path: os.terminal_size and type("U", (), {"free": 10**8})()
    )
    assert "too little space" in sentence(
        capsys, lambda: run.set_up(str(tmp_path / "v"), "requirements.lock")
    )


def test_no_network_and_a_full_disk_in_the_middle(run, capsys):
    network = [
        sys.executable,
        "-c",
        "import sys; print('error: Failed to fetch: dns error: Temporary failure in name resolution'); sys.exit(1)",
    ]
    full = [
        sys.executable,
        "-c",
        "import sys; print('failed to copy: No space left on device (os error 28)'); sys.exit(1)",
    ]
    assert "connect this machine to the internet" in sentence(
        capsys, lambda: run.install(network, dict(os.environ))
    )
    assert "disk is full" in sentence(capsys, lambda: run.install(full, dict(os.environ)))


def test_a_folder_that_cannot_hold_the_environment(run, capsys, tmp_path):
    (tmp_path / "file").write_text("")
    assert "could not be made" in sentence(
        capsys, lambda: run.set_up(str(tmp_path / "file" / "v"), "requirements.lock")
    )


def test_nothing_names_a_registry_or_this_machine():
    hosts = [
        "py" + "pi.org",
        "python" + "hosted",
        "npm" + "js.org",
        "registry." + "npm",
        "deb." + "debian",
    ]
    listed = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True
    ).stdout.split("\n")
    for name in filter(None, listed):
        path = ROOT / name
        if (
            path.suffix in (".py", ".md", ".toml", ".lock", ".txt", ".yml", ".json", ".ipynb", "")
            and path.is_file()
        ):
            text = path.read_text("utf-8", errors="ignore")
            assert not [host for host in hosts if host in text], name
