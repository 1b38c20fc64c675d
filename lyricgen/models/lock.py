"""The lock of a training's folder: one training at a time writes into it."""

from __future__ import annotations

import json
import os
import platform
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from lyricgen.files import UserError

FILE_NAME = "running.lock"

# A training renews its lock at each checkpoint, which it writes every half minute or
# after the step that it is in. Whether a process on another machine is still there
# cannot be seen, so a lock of it counts until it has not been renewed for so long.
SECONDS_OF_SILENCE = 600

# The locks of this process. A lock with the process's own number that is not among them
# is of an earlier process, as in a container, where the numbers begin at 1 each time.
_held: set[Path] = set()


@contextmanager
def locked(folder: Path) -> Iterator[Path]:
    """Holds the lock of a folder, which is made where it is missing; gives its path.

    The lock of a process that was killed is taken over.
    Raises: UserError where another training holds it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder.resolve() / FILE_NAME
    _remove_if_stale(path)
    try:
        handle = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY)
    except FileExistsError:
        raise UserError(
            f"The same training is running already{_owner(path)}; wait for it, or stop it (if "
            f"there is none, delete {path})."
        ) from None
    try:
        # On Windows the handle stays open so that no other process can remove the file.
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump({"process": os.getpid(), "machine": platform.node()}, file)
            file.flush()
            _held.add(path)
            yield path
    finally:
        _held.discard(path)
        path.unlink(missing_ok=True)


def renew(path: Path) -> None:
    """Says that the training that holds a lock goes on."""
    with suppress(FileNotFoundError):
        os.utime(path)


def _remove_if_stale(path: Path) -> None:
    try:
        if path.exists() and _is_stale(path):
            path.unlink()
    except OSError:
        # It was removed meanwhile, or a process has it open, and Windows keeps it.
        return


def _is_stale(path: Path) -> bool:
    """Tells whether nobody holds a lock any more."""
    content = _read(path)
    process = content.get("process")
    if content.get("machine") != platform.node() or not isinstance(process, int):
        return time.time() - path.stat().st_mtime > SECONDS_OF_SILENCE
    if process == os.getpid():
        return path not in _held
    return not _is_running(process)


def _is_running(process: int) -> bool:
    """Tells whether a process of this machine is running."""
    if os.name == "nt":
        # There os.kill would end the process. A file that it has open cannot be removed
        # there, so that it does no harm to try.
        return False
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        # another user's
        return True
    return True


def _owner(path: Path) -> str:
    content = _read(path)
    if not content:
        return ""
    return f" as process {content.get('process')} on {content.get('machine')}"


def _read(path: Path) -> dict[str, Any]:
    """Returns what a lock says, which is nothing where it cannot be read."""
    try:
        content = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}
