"""Work on many files, by a pool of processes, in parts that are kept.

A part (a shard) is a file .npz with a row and an array for each of its inputs. It says
from what it was made, so that a run that was killed goes on where it was: what is kept
and still fits is not made again. The shards are the same bytes for any number of
processes.
"""

from __future__ import annotations

import io
import json
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import ExitStack
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np

from lyricgen.files import UserError, sha256, write_atomic, write_json

# Inputs of a shard
SIZE = 200

MANIFEST = "manifest.json"

Row = dict[str, Any]

# What is made of an input: its row, and an array of it, whose first axis may be empty.
Result = tuple[Row, np.ndarray]

# Makes the result of an input; a process gets it by its name, so it stands in a module.
Work = Callable[[Path], Result]


@dataclass(frozen=True)
class Job:
    """Says what is made of which inputs, and where its shards are kept.

    described: all that the results depend on besides the inputs, as JSON can hold it.
    folder: None keeps no shards.
    """

    work: Work
    inputs: Sequence[Path]
    described: Row
    folder: Path | None = None
    processes: int = 1


def run(job: Job) -> Iterator[Result]:
    """Yields the result of each input, in order.

    No more than a few shards are held at a time.
    Raises: UserError where a process of the pool ends before its work is done.
    """
    digests: Row = {}
    for number, data in enumerate(_shards(job)):
        name = _name(number)
        digests[name] = sha256(data)
        yield from _results(data)
    if job.folder is not None:
        _remove_others(job.folder, digests)
        manifest = {"made by": job.described, "inputs": len(job.inputs), "shards": digests}
        write_json(job.folder / MANIFEST, manifest)


def _shards(job: Job) -> Iterator[bytes]:
    """Yields the bytes of each shard, in order."""
    starts = range(0, len(job.inputs), SIZE)
    parts = (job.inputs[first : first + SIZE] for first in starts)
    if job.processes <= 1 or len(starts) <= 1:
        for number, part in enumerate(parts):
            yield _make(job.work, part, job.described, _path(job, number))
        return
    waiting: deque[Future[bytes]] = deque()
    with ExitStack() as stack:
        # A new process begins empty: a copy of this one would copy the locks of
        # TensorFlow's threads, where it is loaded, and could wait for them forever.
        pool = ProcessPoolExecutor(job.processes, mp_context=get_context("spawn"))
        stack.callback(pool.shutdown, cancel_futures=True)
        try:
            for number, part in enumerate(parts):
                waiting.append(
                    pool.submit(_make, job.work, part, job.described, _path(job, number))
                )
                if len(waiting) > 2 * job.processes:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        except BrokenProcessPool as error:
            raise UserError(
                "A process of the pool was ended from outside, perhaps for its memory; run this "
                "again with fewer --jobs."
            ) from error


def _make(work: Work, part: Sequence[Path], described: Row, path: Path | None) -> bytes:
    """Returns the bytes of a shard: the one that is kept, or a new one."""
    key = _key(part, described)
    kept = _kept(path, key)
    if kept is not None:
        return kept
    rows, arrays = zip(*(work(each) for each in part))
    packed = io.BytesIO()
    np.savez_compressed(
        packed,
        key=np.array(key),
        rows=_as_bytes(list(rows)),
        counts=np.array([len(array) for array in arrays], np.int64),
        values=np.concatenate(arrays),
    )
    data = packed.getvalue()
    if path is not None:
        write_atomic(path, data)
    return data


def _kept(path: Path | None, key: str) -> bytes | None:
    """Returns the bytes of a shard that is kept, None where it is not of this work."""
    if path is None or not path.exists():
        return None
    try:
        data = path.read_bytes()
        with np.load(io.BytesIO(data), allow_pickle=False) as file:
            return data if str(file["key"]) == key else None
    except (OSError, ValueError, KeyError, EOFError):
        # cut off or something else: it is made again
        return None


def _key(part: Sequence[Path], described: Row) -> str:
    """Returns a hash of the inputs (name, size, time) and of what is made of them."""
    inputs: list[list[Any]] = []
    for path in part:
        try:
            status = path.stat()
            inputs.append([str(path), status.st_size, status.st_mtime_ns])
        except OSError:
            inputs.append([str(path)])
    text = json.dumps([described, inputs], sort_keys=True, default=str)
    return sha256(text.encode())


def _results(data: bytes) -> Iterator[Result]:
    """Yields the results that a shard holds."""
    with np.load(io.BytesIO(data), allow_pickle=False) as file:
        rows = json.loads(file["rows"].tobytes())
        ends = np.cumsum(file["counts"])
        values = file["values"]
    yield from zip(rows, np.split(values, ends[:-1]))


def _as_bytes(rows: list[Row]) -> np.ndarray:
    return np.frombuffer(json.dumps(rows, ensure_ascii=False).encode(), np.uint8)


def _name(number: int) -> str:
    return f"shard-{number:05d}.npz"


def _path(job: Job, number: int) -> Path | None:
    return None if job.folder is None else job.folder / _name(number)


def _remove_others(folder: Path, digests: Row) -> None:
    """Removes shards of an earlier run over more files."""
    for path in folder.glob("shard-*.npz"):
        if path.name not in digests:
            path.unlink()
