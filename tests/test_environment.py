"""Commands where the system is not as usual: no home, other backends, small files."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from lyricgen.cli import bench, environment
from lyricgen.cli.main import main
from lyricgen.files import UserError, write_together

ROOT = Path(__file__).resolve().parents[1]
posix = pytest.mark.skipif(os.name == "nt", reason="of POSIX systems")


def run(*words: str, folder: Path, limit: int | None = None, **variables: str):
    """Runs a command in a process of its own, with files of at most `limit` bytes."""

    def limited() -> None:
        import resource

        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    env = {name: value for name, value in os.environ.items() if name not in ("HOME", "LANG")}
    return subprocess.run(
        [sys.executable, "-m", "lyricgen", *words],
        cwd=folder,
        env=env | {"PYTHONPATH": str(ROOT)} | variables,
        preexec_fn=None if limit is None else limited,
        capture_output=True,
        text=True,
        encoding="utf-8",
    )


@posix
def test_files_that_may_not_be_large_are_one_sentence_and_nothing_is_left(tmp_path):
    words = ["sample", "musicvae", "--count", "1", "--out", "out"]
    done = run(*words, folder=tmp_path, limit=4096)
    assert done.returncode == 2 and "ulimit -f" in done.stderr and "Traceback" not in done.stderr
    assert list((tmp_path / "out").iterdir()) == []


@posix
def test_a_locale_without_letters_prints_chinese(tmp_path):
    done = run("sample", "songci", "--count", "1", folder=tmp_path, LANG="C", LC_ALL="C")
    assert done.returncode == 0 and any(letter > "\u4e00" for letter in done.stdout)


@posix
@pytest.mark.parametrize("home", ["~", "/dev/null/home"])
def test_without_a_home_a_folder_below_the_temporary_one_is_taken(
    tmp_path, monkeypatch, capsys, home
):
    monkeypatch.setattr(environment.tempfile, "gettempdir", lambda: str(tmp_path))
    monkeypatch.delenv("LYRICGEN_CACHE", raising=False)
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setenv("HOME", "/")
    monkeypatch.setattr(environment.os.path, "expanduser", lambda path: home)
    monkeypatch.setattr(environment.os, "access", lambda path, mode: str(tmp_path) in str(path))
    environment.prepare_home()
    folder = tmp_path / f"lyricgen-{os.getuid()}"
    assert os.environ["HOME"] == str(folder) and folder.stat().st_mode & 0o077 == 0
    assert "no home folder" in capsys.readouterr().err
    folder.rmdir()
    folder.write_text("someone else's")
    with pytest.raises(UserError, match="name one by HOME"):
        environment.prepare_home()


def test_a_home_that_can_be_written_stays(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    environment.prepare_home()
    assert os.environ["HOME"] == str(tmp_path)


@pytest.mark.parametrize(
    "backend, said", [("numpy", "cannot train"), ("torch", "Training needs torch, since")]
)
def test_another_backend_of_keras_is_one_sentence(tmp_path, monkeypatch, backend, said):
    found = environment.importlib.util.find_spec
    monkeypatch.setattr(
        environment.importlib.util,
        "find_spec",
        lambda name: None if name == "torch" else found(name),
    )
    monkeypatch.setenv("LYRICGEN_CACHE", str(tmp_path))
    monkeypatch.setenv("KERAS_HOME", "unchanged")
    monkeypatch.setenv("KERAS_BACKEND", backend)
    with pytest.raises(UserError, match=said):
        environment.prepare_training()


def test_a_keras_json_of_the_users_has_no_part_in_a_training(tmp_path):
    (tmp_path / ".keras").mkdir()
    (tmp_path / ".keras" / "keras.json").write_text('{"floatx": "float64", "backend": "torch"}')
    code = (
        "from lyricgen.cli import environment; environment.prepare_training(); import keras; "
        "print(keras.config.floatx(), keras.config.backend())"
    )
    env = {name: value for name, value in os.environ.items() if name != "KERAS_BACKEND"}
    env |= {"HOME": str(tmp_path), "USERPROFILE": str(tmp_path), "PYTHONPATH": str(ROOT)}
    env |= {"LYRICGEN_CACHE": str(tmp_path / "cache")}
    done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True)
    assert done.stdout.split() == ["float32", "tensorflow"], done.stderr


def test_a_cache_that_cannot_be_written_is_told_before_a_training(tmp_path, monkeypatch, capsys):
    (tmp_path / "file").touch()
    monkeypatch.setenv("LYRICGEN_CACHE", str(tmp_path / "file" / "cache"))
    assert main(["train", "musicvae", "--steps", "1"]) == 2
    assert "file is no folder" in capsys.readouterr().err


def test_a_card_that_cannot_be_kept_is_told_before_it_is_measured(tmp_path, monkeypatch, capsys):
    (tmp_path / "file").touch()
    monkeypatch.setattr(bench, "DATA", tmp_path / "file")
    monkeypatch.setattr(bench.subprocess, "call", lambda command: 1 / 0)
    assert main(["bench", "--card"]) == 2
    assert "cannot be made" in capsys.readouterr().err


def test_files_that_belong_together_are_all_written_or_none(tmp_path):
    (tmp_path / "a").write_bytes(b"old")
    (tmp_path / "file").touch()
    files = {tmp_path / "a": b"new", tmp_path / "file" / "b": b"new"}
    with pytest.raises(OSError):
        write_together(files)
    assert (tmp_path / "a").read_bytes() == b"old"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "file"]
    write_together({tmp_path / "a": b"new", tmp_path / "c" / "b": b"new"})
    assert (tmp_path / "a").read_bytes() == (tmp_path / "c" / "b").read_bytes() == b"new"


@posix
def test_a_reader_that_has_enough_is_no_error(tmp_path):
    parse = f"{sys.executable} -m lyricgen parse {ROOT / 'data' / 'midi'} --json"
    env = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        ["bash", "-c", f"{parse} | head -c 20 > /dev/null"], env=env, capture_output=True, text=True
    )
    assert "Traceback" not in done.stderr and "Error" not in done.stderr


@posix
def test_a_limit_on_files_leaves_no_modules_that_are_cut_off(tmp_path):
    """A .pyc file that is cut off would spoil the environment for good."""
    compiled = tmp_path / "compiled"
    variables = {"PYTHONPYCACHEPREFIX": str(compiled), "PYTHONDONTWRITEBYTECODE": ""}
    run("song", "--pattern", "list", folder=tmp_path, limit=8192, HOME=str(tmp_path), **variables)
    # Only what is imported before the check, the standard library, may be compiled.
    assert not [path for path in compiled.rglob("*.pyc") if "numpy" in path.parts]


def test_the_help_of_a_training_is_quiet_and_has_the_usual_first(tmp_path):
    ran = run("train", "language", "--help", folder=tmp_path, LYRICGEN_CACHE=str(tmp_path))
    assert ran.returncode == 0 and ran.stderr == ""
    usual, of_network = ran.stdout.split("\nsettings of the network and its training:\n")
    _, usual = usual.split("\nusual:\n")
    assert usual.split("  ")[1] == "--text FILE|DIR"
    assert "--minutes" in usual and "--hidden" not in usual
    assert "--rate" in of_network and "--minutes" not in of_network


@pytest.mark.parametrize("model", [[], ["language"], ["musicvae"]])
def test_what_can_be_trained_and_how_is_told_without_keras(model):
    code = """if True:
        import contextlib, sys
        from lyricgen.cli.main import main
        with contextlib.suppress(SystemExit):
            main(["train", *sys.argv[1:], "--help"])
        assert not {"keras", "tensorflow"} & set(sys.modules)"""
    command = [sys.executable, "-c", code, *model]
    ran = subprocess.run(command, capture_output=True, text=True, check=True)
    shown = "--seed" if model else "a language model of characters"
    assert shown in ran.stdout and ran.stderr == ""
