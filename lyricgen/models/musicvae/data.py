"""What MusicVAE learns from: windows of two bars of the tune books, or of a folder of MIDI files, in three parts."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

from lyricgen.files import DataError, UserError, sha256
from lyricgen.music import extraction, melody, splits, tune_books
from lyricgen.music.midi import read_midi


def load_book_windows() -> tuple[dict[str, np.ndarray], dict]:
    """The distinct windows of two bars of each part of the tune books, uint8 (N, 32), and what a card says of them. Notebook: 08_training_musicvae"""
    loaded = tune_books.load_tunes()
    parts = {part: tune_books.cut_windows(loaded, 2, part)[0] for part in splits.SHARES}
    return parts, {
        "name": "tune books",
        "split": sha256(tune_books.SPLIT_FILE.read_bytes()),
        "windows": {part: len(events) for part, events in parts.items()},
    }


def load_midi_windows(folder: Path) -> tuple[dict[str, np.ndarray], dict]:
    """The same of a folder of MIDI files; says which it left out, and why. Of ten files one is for validation and one for the test.

    Where that leaves a part with too little, it is split by melody instead, and the card says so. Raises UserError where there is too little at all.
    """
    cuts: list[np.ndarray] = []
    paths = sorted(path for path in folder.rglob("*") if path.suffix.lower() in (".mid", ".midi"))
    for path in paths:
        try:
            cuts.append(
                np.concatenate(
                    [
                        np.zeros((0, 32), np.uint8),
                        *(
                            melody.windows(line, 2)
                            for line in extraction.extract_melodies(read_midi(path))
                        ),
                    ]
                )
            )
        except DataError as error:
            print(f"left out: {error}", file=sys.stderr)
    every = np.unique(np.concatenate([np.zeros((0, 32), np.uint8), *cuts]), axis=0)
    if len(every) < 20:
        raise UserError(
            f"There is too little in {folder}: {len(paths)} MIDI files, and in them {len(every)} melodies of two bars in 4/4; "
            "20 is the least."
        )
    places = {"train": range(8), "validation": (8,), "test": (9,)}
    parts = {
        part: np.unique(
            np.concatenate(
                [np.zeros((0, 32), np.uint8), *(cut for k, cut in enumerate(cuts) if k % 10 in own)]
            ),
            axis=0,
        )
        for part, own in places.items()
    }
    by = "file" if min(map(len, parts.values())) > 1 else "melody"
    if by == "melody":
        parts = {
            part: every[np.isin(np.arange(len(every)) % 10, own)] for part, own in places.items()
        }
    return parts, {
        "name": folder.name,
        "files": len(cuts),
        "split": f"by {by}",
        "windows": {part: len(events) for part, events in parts.items()},
    }


class Batches:
    """Batch number `step` of melodies (N, T): int32 (B, T), in an order that follows from seed and epoch, transposed as seed and step say.

    The share `splice` of them goes on, from the middle, as another one of the batch does: so many more pairs of bars than the books have.
    Notebook: 08_training_musicvae
    """

    def __init__(self, events: np.ndarray, settings):
        self.events, self.s, self.count = events, settings, len(events) // settings.batch
        self.lowest, self.highest = melody.span(events) if settings.transpose else (0, 0)
        self._epoch, self._order = -1, np.empty(0, int)
        if self.count < 1:
            raise UserError(f"There are {len(events)} melodies; a batch takes {settings.batch}.")

    def __call__(self, step: int) -> tuple[np.ndarray]:
        epoch, k = divmod(step, self.count)
        if epoch != self._epoch:
            self._epoch, self._order = (
                epoch,
                np.random.default_rng((self.s.seed, epoch)).permutation(len(self.events)),
            )
        rows = self._order[k * self.s.batch : (k + 1) * self.s.batch]
        events = self.events[rows]
        if self.s.transpose:
            shift = np.random.default_rng((self.s.seed, step, 2)).integers(
                -self.s.transpose, self.s.transpose + 1, len(rows)
            )
            shift = np.clip(
                shift, melody.LOWEST - self.lowest[rows], melody.HIGHEST - self.highest[rows]
            )
            events = melody.transpose(
                events, np.where(self.lowest[rows] > self.highest[rows], 0, shift)
            )
        if self.s.splice:
            rng, half = np.random.default_rng((self.s.seed, step, 3)), events.shape[1] // 2
            other = np.where(
                rng.random(len(rows)) < self.s.splice,
                rng.permutation(len(rows)),
                np.arange(len(rows)),
            )
            events = melody.canonical(
                np.concatenate([events[:, :half], events[other, half:]], axis=1)
            )
        return (events.astype(np.int32),)
