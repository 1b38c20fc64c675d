"""What MusicVAE learns from: windows of two bars, of tune books or of MIDI files."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from lyricgen.files import UserError, base_name, sha256
from lyricgen.models.musicvae.settings import BOOK, BOTH, WINDOW, WRITTEN
from lyricgen.music import collection, keys, melody, splits, tune_books
from lyricgen.music.collection import BARS, LEAST, SELECTION
from lyricgen.music.extraction import Selection

# The place of a file, or of a melody, in ten decides which split it belongs to.
LAST_DIGITS = {"train": range(8), "validation": [8], "test": [9]}

# By how many degrees of the scale a melody moves, where `degrees` moves it.
DEGREES = (-2, -1, 1, 2)

Splits = dict[str, np.ndarray]


@dataclass(frozen=True)
class MelodyData:
    """Holds what a MusicVAE learns from.

    `splits` has the melodies of train, validation and test, uint8 (N, T), each distinct
    in its split; `source` is what the card of the weights says of the data.
    Notebook: training_musicvae
    """

    splits: Splits
    source: dict[str, Any]


def load_book_windows(key: str = WRITTEN, bars: int = BARS) -> MelodyData:
    """Returns the distinct windows of the tune books, by split.

    `key` is one of KEYS and says how they are moved; `bars` is how long they are.
    Notebook: training_musicvae
    """
    tunes = tune_books.load_tunes()
    windows = {split: book_windows(tunes, split, key, bars) for split in splits.SHARES}
    source = {
        "name": "tune books",
        "split": sha256(tune_books.SPLIT_FILE.read_bytes()),
        "windows": _sizes(windows),
    }
    if key != WRITTEN:
        source["key"] = key
    return MelodyData(windows, source)


def book_windows(
    tunes: Sequence[tune_books.Tune], split: str, key: str = WRITTEN, bars: int = BARS
) -> np.ndarray:
    """Returns the distinct windows of the tunes of a split, uint8 (N, T).

    They are as written, or moved to C major as one of KEYS says; then what names no
    key, or would leave the piano, is left out.
    """
    written, _ = tune_books.cut_windows(tunes, bars, split)
    if key == WRITTEN:
        return written
    moved = []
    if key in (BOOK, BOTH):
        by_book, _ = _moved_by_book(tunes, split, bars)
        moved.append(by_book)
    if key in (WINDOW, BOTH):
        moved.append(keys.to_c(written))
    return distinct_windows(moved, written.shape[1])


def windows_in_key(
    tunes: Sequence[tune_books.Tune], split: str, bars: int = BARS
) -> tuple[np.ndarray, np.ndarray]:
    """Returns the distinct windows, moved by their book's key, and the tune of each.

    The windows are those of `book_windows` with the key BOOK, uint8 (N, T), and int
    (N,) has the index of the first tune with each.
    """
    moved, owner = _moved_by_book(tunes, split, bars)
    distinct, first = np.unique(moved, axis=0, return_index=True)
    return distinct, owner[first]


def _moved_by_book(
    tunes: Sequence[tune_books.Tune], split: str, bars: int
) -> tuple[np.ndarray, np.ndarray]:
    """Returns the windows moved by the key of their book, and the tune of each."""
    windows, owner = tune_books.all_windows(tunes, bars, split)
    shifts = [keys.shift_of_key(tune.tonic, tune.mode) for tune in tunes]
    known = np.array([shift is not None for shift in shifts])
    shift_of = np.array([shift or 0 for shift in shifts])
    shift = shift_of[owner]
    kept = known[owner] & keys.can_move(windows, shift)
    return melody.transpose(windows[kept], shift[kept]), owner[kept]


def load_midi_windows(
    folder: Path,
    selection: Selection = SELECTION,
    processes: int = 1,
    report: Callable[[collection.Collection], object] = lambda read: None,
    key: str = WRITTEN,
) -> MelodyData:
    """Returns the distinct windows of two bars of a folder of MIDI files, by split.

    With the key WINDOW each is moved to C major by its estimated key. Of ten files one
    is for validation and one for the test. Where that leaves a split with fewer than
    two melodies, they are split by melody instead, and the source says so. `report` is
    given what was read, file by file, before it is judged.
    Raises: UserError where the folder is missing, or a file, or has too few melodies.
    """
    read = collection.read_folder(folder, selection, processes)
    report(read)
    windows_of_files = read.windows
    if key != WRITTEN:
        windows_of_files = [keys.to_c(windows) for windows in read.windows]
    melodies = distinct_windows(windows_of_files, selection.meter.steps * BARS)
    if len(melodies) < LEAST:
        raise UserError(
            f"There is too little in {folder}: {len(read.rows)} MIDI files, and in them "
            f"{len(melodies)} melodies of two bars in {selection.meter}; {LEAST} is the least."
            f"{read.advice()}"
        )
    rule = "by file"
    windows = split_by_file(windows_of_files)
    if min(_sizes(windows).values()) < 2:
        rule = "by melody"
        windows = split_by_melody(melodies)
    source = {
        "name": base_name(folder),
        "files": len(read.windows),
        **read.in_card(),
        "split": rule,
        "windows": _sizes(windows),
        "melodies_sha256": sha256(melodies.tobytes()),
    }
    if key != WRITTEN:
        source["key"] = key
    return MelodyData(windows, source)


def split_by_file(windows_of_files: Sequence[np.ndarray]) -> Splits:
    """Splits windows by file: of ten files eight are for training.

    One is for validation and one for the test. Returns the distinct windows of each
    split, uint8 (N, T).
    """
    windows = {}
    for split, digits in LAST_DIGITS.items():
        chosen = [rows for k, rows in enumerate(windows_of_files) if k % 10 in digits]
        windows[split] = distinct_windows(chosen, windows_of_files[0].shape[1])
    return windows


def split_by_melody(melodies: np.ndarray) -> Splits:
    """Splits melodies (N, T) in the same shares: of ten, eight are for training."""
    last_digits = np.arange(len(melodies)) % 10
    return {split: melodies[np.isin(last_digits, digits)] for split, digits in LAST_DIGITS.items()}


def distinct_windows(windows: Sequence[np.ndarray], steps: int) -> np.ndarray:
    """Returns the distinct rows of arrays of windows, uint8 (N, steps), sorted."""
    none = np.zeros((0, steps), np.uint8)
    return np.unique(np.concatenate([none, *windows]), axis=0)


def _sizes(windows: Splits) -> dict[str, int]:
    return {split: len(rows) for split, rows in windows.items()}


class Batches:
    """Batches of melodies (N, T): number `step` is (events,), int32 (B, T).

    The order follows from the seed and the epoch, the transposition from the seed and
    the step. The share `splice` of them continues, from the middle, as another melody
    of the batch does: that makes more pairs of bars than the books have.
    Raises: UserError where there are fewer melodies than a batch takes.
    Notebook: training_musicvae
    """

    def __init__(self, events: np.ndarray, settings: Any):
        self.events = events
        self.settings = settings
        self.count = len(events) // settings.batch
        if self.count < 1:
            raise UserError(f"There are {len(events)} melodies; a batch takes {settings.batch}.")
        if settings.transpose:
            self.lowest, self.highest = melody.span(events)
        self._epoch = -1
        self._order = np.empty(0, int)

    def __call__(self, step: int) -> tuple[np.ndarray]:
        epoch, k = divmod(step, self.count)
        if epoch != self._epoch:
            rng = np.random.default_rng((self.settings.seed, epoch))
            self._order = rng.permutation(len(self.events))
            self._epoch = epoch
        size = self.settings.batch
        rows = self._order[k * size : (k + 1) * size]
        events = self.events[rows]
        if self.settings.transpose:
            events = self._transposed(events, rows, step)
        if self.settings.degrees:
            events = self._moved_in_scale(events, step)
        if self.settings.splice:
            events = self._spliced(events, step)
        return (events.astype(np.int32),)

    def _transposed(self, events: np.ndarray, rows: np.ndarray, step: int) -> np.ndarray:
        """Returns each melody moved by a few semitones that keep it on the piano."""
        rng = np.random.default_rng((self.settings.seed, step, 2))
        most = self.settings.transpose
        shift = rng.integers(-most, most + 1, len(rows))
        lowest = self.lowest[rows]
        highest = self.highest[rows]
        shift = np.clip(shift, melody.LOWEST - lowest, melody.HIGHEST - highest)
        # A melody without a note has its lowest pitch above its highest.
        has_no_note = lowest > highest
        return melody.transpose(events, np.where(has_no_note, 0, shift))

    def _moved_in_scale(self, events: np.ndarray, step: int) -> np.ndarray:
        """Returns the melodies, some of them moved by degrees of the C major scale."""
        rng = np.random.default_rng((self.settings.seed, step, 4))
        is_moved = rng.random(len(events)) < self.settings.degrees
        degrees = rng.choice(DEGREES, len(events))
        return keys.move_in_scale(events, np.where(is_moved, degrees, 0))

    def _spliced(self, events: np.ndarray, step: int) -> np.ndarray:
        """Returns the melodies, some of them with the second half of another one."""
        rng = np.random.default_rng((self.settings.seed, step, 3))
        count, length = events.shape
        is_spliced = rng.random(count) < self.settings.splice
        others = rng.permutation(count)
        second = np.where(is_spliced, others, np.arange(count))
        half = length // 2
        halves = [events[:, :half], events[second, half:]]
        return melody.canonical(np.concatenate(halves, axis=1))
