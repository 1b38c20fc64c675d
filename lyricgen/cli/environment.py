"""What a command needs of the system, put right or told before it begins."""

from __future__ import annotations

import importlib.util
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lyricgen.files import UserError, cache_dir, check_folder

# Backends of Keras that can train
BACKENDS = {"tensorflow": "tensorflow", "jax": "jax", "torch": "torch"}


def prepare_home() -> None:
    """Names a folder below the temporary one where there is no home to write in.

    A user of a container may have no home, or one that is `/`; music21, Keras and the
    cache write there.
    """
    if os.name == "nt":
        return
    home = os.path.expanduser("~")
    if os.path.isabs(home) and os.access(_nearest(Path(home)), os.W_OK | os.X_OK):
        return
    folder = Path(tempfile.gettempdir()) / f"lyricgen-{os.getuid()}"
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        is_own = folder.stat().st_uid == os.getuid()
    except OSError:
        is_own = False
    if not is_own or not os.access(folder, os.W_OK | os.X_OK):
        raise UserError(
            f"There is no home folder that can be written, and {folder} cannot be either; name "
            "one by HOME."
        )
    os.environ["HOME"] = str(folder)
    if "XDG_CACHE_HOME" not in os.environ and "LYRICGEN_CACHE" not in os.environ:
        print(
            f"There is no home folder that can be written: what is kept goes to {folder}.",
            file=sys.stderr,
        )


def prepare_training() -> None:
    """Checks that Keras can train here, and keeps the user's keras.json out of it.

    That file may name another backend, or float64, with which nothing of the course
    would be as it is written.
    Raises: UserError where the backend that KERAS_BACKEND names is not there.
    """
    check_folder(cache_dir())
    os.environ["KERAS_HOME"] = str(cache_dir() / "keras")
    backend = os.environ.setdefault("KERAS_BACKEND", "tensorflow")
    if backend not in BACKENDS:
        raise UserError(
            f"KERAS_BACKEND is {backend!r}, which cannot train: unset it, or set it to tensorflow."
        )
    for module in ("keras", BACKENDS[backend]):
        if importlib.util.find_spec(module) is None:
            said = "" if backend == "tensorflow" else f", since KERAS_BACKEND is {backend}"
            raise UserError(
                f"Training needs {module}{said}; install it, or start this by python3 run.py train."
            )


@contextmanager
def quiet_import() -> Iterator[None]:
    """Hides what TensorFlow says of the processor while it is imported.

    It writes to the file of stderr itself, and no setting of it stops that. An import
    that fails is an exception as ever.
    """
    try:
        kept = os.dup(2)
    except OSError:
        # stderr is closed
        yield
        return
    try:
        with open(os.devnull, "w") as nowhere:
            os.dup2(nowhere.fileno(), 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)


def _nearest(folder: Path) -> Path:
    """Returns the folder, or the nearest one above it that exists."""
    return next(path for path in (folder, *folder.parents) if path.exists())
