"""Where the course keeps its files, and how they are read and written.

A file is checked before use, and written whole or not at all.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from pathlib import Path


def data_folder(package: Path) -> Path:
    """Returns the folder of texts, splits and weights that belongs to a package.

    An installed package has it inside, as lyricgen/data (pyproject.toml puts it there);
    in a checkout it stands beside the package, at the top of the repository.
    """
    inside = package / "data"
    return inside if inside.is_dir() else package.parent / "data"


DATA = data_folder(Path(__file__).resolve().parent)


class UserError(ValueError):
    """An error that the reader can mend.

    Its message is one sentence, and the command line ends with exit code 2.
    """


class DataError(UserError):
    """A file is not what it should be: the message names the file and the place."""


def cache_dir() -> Path:
    """Returns the user's cache folder, for what is made from the data.

    It is the folder that LYRICGEN_CACHE names, or else the system's own place for it.
    """
    named = os.environ.get("LYRICGEN_CACHE")
    if named:
        return Path(named)
    # reading and writing files takes nothing but the standard library
    import platformdirs

    return platformdirs.user_cache_path("lyricgen", appauthor=False)


def sha256(data: bytes) -> str:
    """Returns the SHA-256 of bytes, as 64 hexadecimal digits."""
    return hashlib.sha256(data).hexdigest()


def read_checked(path: Path, expected: str) -> bytes:
    """Returns the bytes of a file whose SHA-256 is `expected`.

    Raises: DataError where the file is missing or is another one, with both hashes.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}.") from error
    actual = sha256(data)
    if actual != expected:
        raise DataError(f"{path} is damaged: its SHA-256 is {actual}, and it should be {expected}.")
    return data


def read_card(path: Path) -> dict:
    """Returns a card: the JSON object in a file.

    Raises: DataError where there is none.
    """
    try:
        card = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise DataError(f"{path} is not a card that can be read: {error}.") from error
    if not isinstance(card, dict):
        raise DataError(f"{path} is not a card: it holds {type(card).__name__}, not an object.")
    return card


def check_folder(folder: Path) -> None:
    """Checks, before any work is done for it, that a folder can be made and written.

    Raises: UserError where it cannot.
    """
    candidates = (folder, *folder.absolute().parents)
    nearest = next(path for path in candidates if path.exists() or path.is_symlink())
    if not nearest.is_dir():
        raise UserError(f"The folder {folder} cannot be made: {nearest} is no folder.")
    if not os.access(nearest, os.W_OK):
        raise UserError(f"The folder {folder} cannot be made: {nearest} is not writable.")


def base_name(path: Path) -> str:
    """Returns the name of a folder, or of a file less its ending.

    A folder has the same name however its path is written; the root of a file system
    has an empty one.
    """
    return path.resolve().name if path.is_dir() else path.stem


def name_after(path: Path) -> str:
    """Returns the name that a model gets from the path of its data.

    It is never empty, and never that of a hidden file.
    Raises: UserError where the path has no such name.
    """
    name = base_name(path).lstrip(".")
    if not name:
        raise UserError(f"{path} has no name that a model could get; choose one with --name.")
    return name


def check_name(name: str) -> None:
    """Raises UserError for a name of a model that is no name of a file."""
    if not name or name.startswith(".") or set(name) & set('/\\:*?"<>|'):
        raise UserError(f"--name is {name!r}; it should be a name as files have it, no path.")


def write_atomic(path: Path, data: bytes) -> None:
    """Writes a file under a temporary name and renames it.

    A stop at any moment leaves the old file or the new one.
    """
    write_together({path: data})


def write_together(files: dict[Path, bytes]) -> None:
    """Writes files that belong together: all of them, or none where one cannot be.

    Each is written under a temporary name; they are renamed when all have been written.
    Raises: OSError, with the name of the file, where one cannot be written.
    """
    written: list[tuple[str, Path]] = []
    try:
        for path, data in files.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            handle, name = tempfile.mkstemp(dir=path.parent, prefix=path.name + ".", suffix=".tmp")
            written.append((name, path))
            _write_whole(handle, data, path)
            os.chmod(name, 0o644)
        for name, path in written:
            os.replace(name, path)
    except BaseException:
        for name, _ in written:
            Path(name).unlink(missing_ok=True)
        raise


def _write_whole(handle: int, data: bytes, path: Path) -> None:
    """Writes bytes to an open file and closes it; an error has the name of the path."""
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            # a power cut after the renaming must not find an empty file
            os.fsync(file.fileno())
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from error


def json_bytes(value: object) -> bytes:
    """Returns a value as readable JSON, Chinese as it is."""
    text = json.dumps(value, ensure_ascii=False, indent=1)
    return (text + "\n").encode()


def write_json(path: Path, value: object) -> None:
    """Writes a value as readable JSON, atomically."""
    write_atomic(path, json_bytes(value))
