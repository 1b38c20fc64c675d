"""A light import, and one set of dependencies that agrees with the locks."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parents[1]


def printed_by(code: str) -> str:
    """Returns what a fresh Python prints."""
    command = [sys.executable, "-c", code]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def test_import_is_light():
    code = """
import sys, time
import lyricgen
print(time.process_time())
print(sorted({"tensorflow", "keras", "music21", "matplotlib"} & set(sys.modules)))
"""
    seconds, heavy = printed_by(code).splitlines()
    assert float(seconds) < 0.5 and heavy == "[]"


def test_the_song_does_not_import_tensorflow():
    code = "import sys, lyricgen.song.song, lyricgen.cli.main; print('tensorflow' in sys.modules)"
    assert printed_by(code) == "False"


PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]


def locked(name: str) -> dict[str, list[str]]:
    """Returns a lock's packages and versions; a line is NAME==VERSION and a marker."""
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
        "platformdirs",
        "charset-normalizer",
    }  # as of August 2026
    assert {Requirement(line).name for line in PROJECT["dependencies"]} == colab | set(lacking)


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
