"""The package as `pip install` installs it has its data and makes a song from them."""

import os
import subprocess
import sys
import sysconfig
import tomllib
import venv
import zipfile
from pathlib import Path
from shutil import copy, copytree, ignore_patterns

import pytest
from test_offline import BLOCK

from lyricgen import __version__
from lyricgen.files import DATA, data_folder
from lyricgen.song import song

ROOT = Path(__file__).resolve().parents[1]
WHERE = "import lyricgen.files as files; print(files.__file__, files.DATA, sep='\\n')"


def run(*command, **options) -> str:
    """Runs a command that must succeed and returns what it printed."""
    done = subprocess.run(
        [str(word) for word in command],
        capture_output=True,
        text=True,
        encoding="utf-8",
        **options,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    """A copy of what a wheel is made of: building writes beside its source."""
    folder = tmp_path_factory.mktemp("source")
    for name in ("lyricgen", "data"):
        copytree(ROOT / name, folder / name, ignore=ignore_patterns("__pycache__", "*.tmp"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        copy(ROOT / name, folder)
    return folder


@pytest.fixture(scope="module")
def wheel(source, tmp_path_factory):
    """The wheel, built without the internet."""
    folder = tmp_path_factory.mktemp("wheel")
    offline = ("--no-deps", "--no-index", "--no-build-isolation")
    run(sys.executable, "-m", "pip", "wheel", *offline, "--wheel-dir", folder, source)
    return next(folder.glob("*.whl"))


def environment_with(wheel: Path, folder: Path) -> Path:
    """Makes an environment with a wheel and this one's packages; returns its Python.

    A .pth file adds the folder of this environment's packages to the path. The .pth
    files in that folder are not read, so the checkout's editable install is not seen.
    """
    venv.EnvBuilder(symlinks=os.name != "nt").create(folder)
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    # before the other packages can be seen: pip would take the checkout for this one
    install = ("install", "--no-deps", "--no-index", "--disable-pip-version-check")
    run(sys.executable, "-m", "pip", "--python", python, *install, wheel)
    packages = run(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))")
    shared = {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}
    (Path(packages.strip()) / "shared.pth").write_text("\n".join(sorted(shared)) + "\n")
    return python


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory):
    """The Python of an environment in which the wheel is installed."""
    return environment_with(wheel, tmp_path_factory.mktemp("installed"))


def test_the_data_are_inside_an_installed_package_and_beside_a_checkout(tmp_path):
    package = tmp_path / "lyricgen"
    package.mkdir()
    assert data_folder(package) == tmp_path / "data"
    (package / "data").mkdir()
    assert data_folder(package) == package / "data"
    assert DATA == ROOT / "data"


def test_every_folder_of_the_package_is_packaged():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    packages = project["tool"]["setuptools"]["packages"]
    modules = (path.relative_to(ROOT) for path in (ROOT / "lyricgen").rglob("*.py"))
    folders = {".".join(path.parent.parts) for path in modules}
    assert set(packages) == folders | {"lyricgen.data"}


@pytest.mark.slow
def test_the_wheel_has_every_module_and_all_data_and_nothing_else(source, wheel):
    with zipfile.ZipFile(wheel) as archive:
        packed = set(archive.namelist())
    files = (path for end in ("py", "js") for path in (source / "lyricgen").rglob(f"*.{end}"))
    modules = {path.relative_to(source).as_posix() for path in files}
    assert {"lyricgen/player.js", "lyricgen/song/web_page.js"} <= set(modules)
    tracked = run("git", "ls-files", "-z", "data", cwd=ROOT).strip("\0").split("\0")
    data = {f"lyricgen/{name}" for name in tracked}
    assert len(modules) > 50 and len(data) > 30
    assert modules | data <= packed
    assert {name.split("/")[0] for name in packed} == {
        "lyricgen",
        f"lyricgen-{__version__}.dist-info",
    }


@pytest.mark.slow
def test_the_installed_package_makes_the_song_of_the_checkout_offline(installed, tmp_path):
    file, data = run(installed, "-I", "-c", WHERE, cwd=tmp_path).splitlines()
    assert installed.parents[1] in Path(file).parents
    assert Path(data) == Path(file).parent / "data"
    code = BLOCK + "\nfrom lyricgen.cli.main import main\nsys.exit(main(sys.argv[1:]))"
    run(installed, "-I", "-c", code, "song", "--seed", 3, "--out", "out", cwd=tmp_path)
    files = {path.name: path.read_bytes() for path in (tmp_path / "out" / "huanxisha-3").iterdir()}
    assert files == song.files_of(song.compose(seed=3))


@pytest.mark.slow
def test_an_editable_install_uses_the_data_of_its_checkout(source, tmp_path):
    build = "import sys; from setuptools import build_meta; build_meta.build_editable(sys.argv[1])"
    run(sys.executable, "-c", build, tmp_path, cwd=source)
    python = environment_with(next(tmp_path.glob("*.whl")), tmp_path / "environment")
    file, data = run(python, "-I", "-c", WHERE, cwd=tmp_path).splitlines()
    assert Path(file) == source / "lyricgen" / "files.py"
    assert Path(data) == source / "data"
