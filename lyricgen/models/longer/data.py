"""What the models of 16 bars learn from: tunes as rows of latents of two bars."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from lyricgen.files import UserError, cache_dir, sha256, write_atomic
from lyricgen.models.longer.settings import BARS, SEGMENT_BARS, SEGMENTS
from lyricgen.models.musicvae.data import DEGREES
from lyricgen.models.musicvae.inference import NumpyMusicVAE, in_batches
from lyricgen.music import keys, melody, splits, tune_books
from lyricgen.music.melody import STEPS_PER_BAR
from lyricgen.music.tune_books import Tune

# Steps of a segment
STEPS = SEGMENT_BARS * STEPS_PER_BAR

# Bars of the shorter windows, which more tunes have
SHORT_BARS = 8


@dataclass(frozen=True)
class Windows:
    """Windows of tunes in C, each some segments of two bars.

    events: canonical segments, uint8 (N, S, 32).
    owner: the index of the tune of each, int (N,).
    cluster: that of its tune, int (N,).
    begins, ends: whether a window is the beginning, or the end, of its tune, bool (N,).
    """

    events: np.ndarray
    owner: np.ndarray
    cluster: np.ndarray
    begins: np.ndarray
    ends: np.ndarray

    def __len__(self) -> int:
        return len(self.events)

    def take(self, rows: Sequence[int] | np.ndarray) -> Windows:
        """Returns those of some rows."""
        arrays = (self.events, self.owner, self.cluster, self.begins, self.ends)
        return Windows(*(array[rows] for array in arrays))


def to_segments(events: np.ndarray) -> np.ndarray:
    """Returns melodies (N, T) as canonical segments of two bars, uint8 (N, T/32, 32).

    A note that sounds on into a segment is struck again.
    Notebook: longer_melodies
    """
    events = np.asarray(events)
    shape = (len(events), events.shape[1] // STEPS, STEPS)
    heard = melody.sounding(events).reshape(shape)
    segments = events.reshape(shape).astype(np.uint8)
    segments[:, :, 0] = heard[:, :, 0]
    return segments


def to_melodies(segments: np.ndarray) -> np.ndarray:
    """Returns segments (N, S, 32) as melodies, canonical uint8 (N, 32 S).

    Notebook: longer_melodies
    """
    return melody.canonical(segments.reshape(len(segments), -1))


def move_tune(events: np.ndarray) -> tuple[np.ndarray, int]:
    """Returns a whole tune in C by its estimated key, and the semitones that it moved.

    events: canonical (T,), T any number of steps.
    """
    moved, shift = keys.move_to_c(np.asarray(events)[None])
    return moved[0], int(shift[0])


def shifts_of(tune: Tune, estimated: bool = False) -> list[int]:
    """Returns by how many semitones a tune moves to C: by the key of its book.

    Where the book names no key it is the key that is estimated of the whole tune; with
    `estimated`, both are returned where they differ.
    """
    by_book = keys.shift_of_key(tune.tonic, tune.mode)
    by_estimate = int(keys.shift_to_c(np.concatenate(tune.runs)[None])[0])
    if by_book is None:
        return [by_estimate]
    if estimated and by_estimate != by_book:
        return [by_book, by_estimate]
    return [by_book]


def cut_windows(
    tunes: Sequence[Tune], split: str, bars: int = BARS, estimated: bool = False
) -> Windows:
    """Returns the distinct windows of the tunes of a split, in C, one bar apart.

    A tune moves as a whole (`shifts_of`), so that its windows are in one key. One that
    leaves the piano is left out.
    Notebook: longer_melodies
    """
    nothing = np.zeros((0, bars * STEPS_PER_BAR), np.uint8)
    none = np.zeros(0, bool)
    columns: list[list[np.ndarray]] = [[nothing], [np.zeros(0, int)], [none], [none]]
    for index, tune in enumerate(tunes):
        if tune.split != split or not any(len(run) for run in tune.runs):
            continue
        for shift in shifts_of(tune, estimated):
            _add_windows(columns, tune, index, shift, bars)
    cut, owner, begins, ends = (np.concatenate(column) for column in columns)
    _, first = np.unique(cut, axis=0, return_index=True)
    first.sort()
    cluster = np.array([tune.cluster for tune in tunes])[owner]
    segments = to_segments(cut)
    return Windows(segments, owner, cluster, begins, ends).take(first)


def _add_windows(
    columns: list[list[np.ndarray]], tune: Tune, index: int, shift: int, bars: int
) -> None:
    """Adds the windows of a tune, moved by semitones, to columns of such arrays."""
    for number, run in enumerate(tune.runs):
        windows = melody.windows(run, bars)
        begins = np.zeros(len(windows), bool)
        ends = np.zeros(len(windows), bool)
        begins[:1] = number == 0
        ends[-1:] = number == len(tune.runs) - 1
        kept = keys.can_move(windows, shift)
        moved = melody.transpose(windows[kept], shift)
        owner = np.full(len(moved), index)
        for column, array in zip(columns, (moved, owner, begins[kept], ends[kept])):
            column.append(array)


def whole_tunes(tunes: Sequence[Tune], split: str) -> list[np.ndarray]:
    """Returns the runs of all tunes of a split, in C by the key of their book.

    Each is canonical uint8 (T,). Short tunes are among them, and no bar comes twice
    because windows overlap: that is what an n-gram counts.
    """
    moved = []
    for tune in tunes:
        if tune.split != split or not any(len(run) for run in tune.runs):
            continue
        [shift] = shifts_of(tune)
        for run in tune.runs:
            if keys.can_move(run[None], shift)[0]:
                moved.append(melody.transpose(run, shift))
    return moved


@dataclass(frozen=True)
class Latents:
    """The posterior of each of M different segments, by a model of two bars.

    events: uint8 (M, 32); mu, sigma: float32 (M, Z).
    """

    events: np.ndarray
    mu: np.ndarray
    sigma: np.ndarray

    def __len__(self) -> int:
        return len(self.events)

    def rows_of(self, segments: np.ndarray) -> np.ndarray:
        """Returns the row of each segment (..., 32) in the table, int (...).

        Segments that are equal have one row, and so exactly equal latents.
        Raises: KeyError for a segment that is not in the table.
        """
        row_of = {row.tobytes(): index for index, row in enumerate(self.events)}
        flat = np.ascontiguousarray(segments, np.uint8).reshape(-1, STEPS)
        rows = [row_of[segment.tobytes()] for segment in flat]
        return np.array(rows, np.int32).reshape(segments.shape[:-1])


def encode_all(vae: NumpyMusicVAE, digest: str, segments: Sequence[np.ndarray]) -> Latents:
    """Encodes all different segments, arrays (..., 32), and keeps the result.

    It stays in the user's cache, under a name that follows from the segments and from
    `digest`, the hash of the weights of the model.
    """
    flat = [array.reshape(-1, STEPS) for array in segments]
    distinct = np.unique(np.concatenate(flat), axis=0)
    name = sha256(digest.encode() + distinct.tobytes())[:16]
    path = cache_dir() / "latents" / f"{name}.npz"
    if path.exists():
        with np.load(path, allow_pickle=False) as file:
            return Latents(distinct, file["mu"], file["sigma"])
    mu, sigma = in_batches(vae.encode, distinct)
    latents = Latents(distinct, mu.astype(np.float32), sigma.astype(np.float32))
    packed = io.BytesIO()
    np.savez(packed, mu=latents.mu, sigma=latents.sigma)
    write_atomic(path, packed.getvalue())
    return latents


@dataclass(frozen=True)
class TuneRows:
    """Windows as rows of a table of latents.

    windows: N of them, of S segments.
    rows: int32 (1 + V, N, S): as they are, and moved by V numbers of degrees of the
        scale; a window that cannot be moved so is there as it is.
    """

    windows: Windows
    rows: np.ndarray

    def __len__(self) -> int:
        return len(self.windows)


@dataclass(frozen=True)
class TuneData:
    """Holds what the models of 16 bars learn from.

    `splits` has the windows of 16 bars of train, validation and test, `short` those of
    8 bars of train; `source` is what a card says of the data.
    Notebook: longer_melodies
    """

    splits: dict[str, TuneRows]
    short: TuneRows
    latents: Latents
    source: dict[str, Any]


def load_tune_data(
    vae: NumpyMusicVAE, digest: str, degrees: bool = False, estimated: bool = True
) -> TuneData:
    """Returns the tune books as latents of a model of two bars.

    digest: the hash of its weights. degrees: whether the tunes of the training split
    are there moved by degrees of the scale, too. estimated: whether a tune of the
    training split is also there by its estimated key where its book names another one.
    Raises: UserError for a model of melodies as they are written, in all keys.
    Notebook: longer_melodies
    """
    check_one_key(vae)
    tunes = tune_books.load_tunes()
    windows = {
        split: cut_windows(tunes, split, estimated=estimated and split == "train")
        for split in splits.SHARES
    }
    short = cut_windows(tunes, "train", SHORT_BARS, estimated)
    moves = (0, *DEGREES) if degrees else (0,)
    variants = {
        split: _in_degrees(found.events, moves if split == "train" else (0,))
        for split, found in windows.items()
    }
    short_variants = _in_degrees(short.events, moves)
    latents = encode_all(vae, digest, [*variants.values(), short_variants])
    source = {
        "name": "tune books",
        "split": sha256(tune_books.SPLIT_FILE.read_bytes()),
        "windows": {split: len(found) for split, found in windows.items()},
        "two_bars": digest,
    }
    rows = {
        split: TuneRows(found, latents.rows_of(variants[split])) for split, found in windows.items()
    }
    return TuneData(rows, TuneRows(short, latents.rows_of(short_variants)), latents, source)


def check_one_key(vae: NumpyMusicVAE) -> None:
    """Raises UserError for a model of two bars that did not learn in one key."""
    if not vae.one_key or vae.steps != STEPS:
        raise UserError(
            "Tunes of 16 bars need a MusicVAE of two bars in one key, as train musicvae "
            "--key both makes it."
        )


def _in_degrees(segments: np.ndarray, degrees: Sequence[int]) -> np.ndarray:
    """Returns windows (N, S, 32) moved by each of D degrees: (D, N, S, 32)."""
    flat = segments.reshape(len(segments), segments.shape[1] * STEPS)
    moved = [keys.move_in_scale(flat, np.full(len(flat), degree)) for degree in degrees]
    return np.stack(moved).reshape(len(degrees), *segments.shape)


@dataclass(frozen=True)
class Units:
    """The units in which the models of 16 bars read the z of a segment, each (Z,).

    x = (mu - offset) / scale: an error of 1 is one posterior sigma. `spread` is the
    standard deviation of x over the segments.
    """

    offset: np.ndarray
    scale: np.ndarray
    spread: np.ndarray

    @classmethod
    def of(cls, latents: Latents) -> Units:
        """Returns the units that follow from the segments of a table."""
        scale = latents.sigma.mean(axis=0)
        offset = latents.mu.mean(axis=0)
        x = (latents.mu - offset) / scale
        return cls(offset, scale, x.std(axis=0))

    def read(self, mu: np.ndarray) -> np.ndarray:
        """Returns x of mu, both (..., Z)."""
        return (mu - self.offset) / self.scale

    def write(self, x: np.ndarray) -> np.ndarray:
        """Returns mu of x, both (..., Z)."""
        return x * self.scale + self.offset


def principal_components(x: np.ndarray, count: int) -> dict[str, np.ndarray]:
    """Returns the linear encoder and decoder from which a song VAE begins.

    They go through the largest `count` principal components of x (N, S, Z), of which
    the rows are taken as vectors f of S Z numbers: mu = f W + b has unit variances, and
    y = mu V + c shrinks a component with the variance lam by lam / (1 + lam). It is a
    start and not the optimum: that of Tipping and Bishop has sigma² = 1 / lam, shrinks
    by (lam - 1) / lam, and spends somewhat fewer bits.

    Returns: mu_W (S Z, count), mu_b (count,), sigma (count,), out_W (count, S Z), out_b
        (S Z,).
    Source: Tipping and Bishop 1999, section 3 (probabilistic principal components).
    Notebook: longer_melodies
    """
    f = x.reshape(len(x), -1).astype(np.float64)
    centre = f.mean(axis=0)
    variances, vectors = np.linalg.eigh(np.cov((f - centre).T))
    largest = np.argsort(-variances)[:count]
    lam = np.maximum(variances[largest], 1e-6)
    V = vectors[:, largest]
    W = V / np.sqrt(lam)
    back = (V * (np.sqrt(lam) * lam / (1 + lam))).T
    start = {
        "mu_W": W,
        "mu_b": -centre @ W,
        "sigma": (1 + lam) ** -0.5,
        "out_W": back,
        "out_b": centre,
    }
    return {name: array.astype(np.float32) for name, array in start.items()}


class Batches:
    """Batches of windows as latents: number `step` is (x,), float32 (B, S, Z).

    The order follows from the seed and the epoch; by how many degrees a tune moves, and
    which are spliced, from the seed and the step.
    Raises: UserError where there are fewer windows than a batch takes.
    Notebook: longer_melodies
    """

    def __init__(self, rows: np.ndarray, x: np.ndarray, settings: Any, size: int | None = None):
        self.rows = rows
        self.x = x
        self.settings = settings
        self.size = size or settings.batch
        self.count = rows.shape[1] // self.size
        if self.count < 1:
            raise UserError(f"There are {rows.shape[1]} tunes; a batch takes {self.size}.")

    def __call__(self, step: int) -> tuple[np.ndarray]:
        _, rows = self.choose(step)
        return (self.x[rows],)

    def choose(self, step: int) -> tuple[np.ndarray, np.ndarray]:
        """Returns which windows are in a batch, (B,), and their rows of the table."""
        epoch, k = divmod(step, self.count)
        order = np.random.default_rng((self.settings.seed, epoch)).permutation(self.rows.shape[1])
        chosen = order[k * self.size : (k + 1) * self.size]
        rng = np.random.default_rng((self.settings.seed, step, 2))
        is_moved = rng.random(self.size) < self.settings.degrees
        variant = np.where(is_moved, rng.integers(0, len(self.rows), self.size), 0)
        rows = self.rows[variant, chosen]
        splice = getattr(self.settings, "splice", 0.0)
        if splice:
            is_spliced = rng.random(self.size) < splice
            other = np.where(is_spliced, rng.permutation(self.size), np.arange(self.size))
            half = rows.shape[1] // 2
            rows = np.concatenate([rows[:, :half], rows[other, half:]], axis=1)
        return chosen, rows


class LatentBatches:
    """Batches for a latent language model: number `step` is (packed,).

    `packed` is float32 (B, S, 2Z + 3), as `LatentLanguageModel` reads it. A share of
    the steps reads windows of 8 bars, twice as many: the rest of their segments does
    not count.
    Notebook: longer_melodies
    """

    def __init__(self, data: TuneData, units: Units, settings: Any):
        self.settings = settings
        self.x = units.read(data.latents.mu)
        self.sigma = data.latents.sigma / units.scale
        self.long = data.splits["train"]
        self.short = data.short
        self.of_long = Batches(self.long.rows, self.x, settings)
        size = min(2 * settings.batch, len(self.short))
        self.of_short = Batches(self.short.rows, self.x, settings, size)

    def __call__(self, step: int) -> tuple[np.ndarray]:
        share = self.settings.short
        # As many steps read short windows as the share of the steps so far says.
        short_steps = int(share * (step + 1))
        if short_steps > int(share * step):
            chosen, rows = self.of_short.choose(short_steps - 1)
            return (self.pack(self.short.windows.take(chosen), rows),)
        chosen, rows = self.of_long.choose(step - short_steps)
        return (self.pack(self.long.windows.take(chosen), rows),)

    def pack(self, windows: Windows, rows: np.ndarray) -> np.ndarray:
        """Returns windows and their rows (B, s) as one float32 array (B, S, 2Z + 3)."""
        B, length = rows.shape
        flags = np.stack([windows.begins, windows.ends], axis=1).astype(np.float32)
        columns = [
            self.x[rows],
            self.sigma[rows],
            np.repeat(flags[:, None], length, axis=1),
            np.ones((B, length, 1)),
        ]
        packed = np.concatenate(columns, axis=-1).astype(np.float32)
        Z = self.x.shape[1]
        missing = np.zeros((B, SEGMENTS - length, packed.shape[-1]), np.float32)
        # A sigma of 0 would have no logarithm.
        missing[..., Z : 2 * Z] = 1
        return np.concatenate([packed, missing], axis=1)
