"""Where the course keeps its files, and how they are read and written: checked before use, whole or not at all."""

from __future__ import annotations

import hashlib
import json
import os
import sys
import tempfile
from pathlib import Path

DATA = Path(__file__).resolve().parents[1] / "data"


class UserError(ValueError):
    """What a reader can mend: its message is one sentence, and the command line ends with exit code 2."""


class DataError(UserError):
    """A file that is not what it says it is: the message names the file and the place."""


def cache_dir() -> Path:
    """The user's cache folder for what is made from the data: LYRICGEN_CACHE, or the place that the system has for it."""
    if named := os.environ.get("LYRICGEN_CACHE"):
        return Path(named)
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local"
    elif sys.platform == "darwin":
        base = Path.home() / "Library" / "Caches"
    else:
        base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "lyricgen"


def sha256(data: bytes) -> str:
    """The SHA-256 of some bytes, as 64 hexadecimal digits."""
    return hashlib.sha256(data).hexdigest()


def read_checked(path: Path, expected: str) -> bytes:
    """The bytes of a file whose SHA-256 is `expected`; raises DataError with both hashes if it is another, or if the file is missing."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}.") from error
    found = sha256(data)
    if found != expected:
        raise DataError(f"{path} is damaged: its SHA-256 is {found}, and it should be {expected}.")
    return data


def read_card(path: Path) -> dict:
    """A card: the JSON object in a file; raises DataError where it is none."""
    try:
        card = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise DataError(f"{path} is not a card that can be read: {error}.") from error
    if not isinstance(card, dict):
        raise DataError(f"{path} is not a card: it holds {type(card).__name__}, not an object.")
    return card


def check_folder(folder: Path) -> None:
    """Raises UserError where a folder cannot be made or written, before any work is done for it."""
    nearest = next(
        path for path in (folder, *folder.absolute().parents) if path.exists() or path.is_symlink()
    )
    if not nearest.is_dir() or not os.access(nearest, os.W_OK):
        raise UserError(
            f"The folder {folder} cannot be made: {nearest} is {'not writable' if nearest.is_dir() else 'no folder'}."
        )


def write_atomic(path: Path, data: bytes) -> None:
    """Writes a file under a temporary name and renames it, so that a stop at any moment leaves the old file or the new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=path.name + ".", suffix=".tmp")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(
                file.fileno()
            )  # before the new name: or a power cut could leave that name on an empty file
        os.chmod(name, 0o644)
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def write_json(path: Path, value: object) -> None:
    """Writes a value as readable JSON, Chinese as it is, atomically."""
    write_atomic(path, (json.dumps(value, ensure_ascii=False, indent=1) + "\n").encode())
