"""What a language model reads: the splits of a text, and batches of windows of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from lyricgen.files import UserError, base_name, sha256
from lyricgen.lyrics import corpora, user_text
from lyricgen.lyrics.form import OUTSIDE, form_of_poem
from lyricgen.lyrics.vocabulary import Vocabulary

Splits = dict[str, list[np.ndarray]]

# The ids of `<end>`, which stands before a poem too, and of the end of a line.
END_ID = 1
NEWLINE_ID = 2

# Stands for `<end>` in a text that is not encoded yet: no text has this character
MARK = "\x00"


@dataclass(frozen=True)
class TextData:
    """Holds what a language model learns from: a vocabulary and the ids of texts.

    `splits` has the ids of each text of train, validation and test, int (T,); with the
    form of a poem beside each id they are int (T, 4). `source` is what the card of the
    weights says of the data: its name, and hashes.
    """

    vocabulary: Vocabulary
    splits: Splits
    source: dict[str, str]


def load_corpus_splits(name: str) -> TextData:
    """Returns the poems of a corpus as ids, by split; each ends with `<end>`.

    A character that the training split has fewer than three times is `<unk>`.
    Notebook: counting_words
    """
    corpus = corpora.load_corpus(name)
    vocabulary = Vocabulary.build(corpus.texts_of("train"), min_count=3)
    splits = {}
    for split in corpora.SPLITS:
        texts = corpus.texts_of(split)
        splits[split] = [vocabulary.encode(text, end=True) for text in texts]
    digits = [str(corpora.SPLITS.index(poem.split)) for poem in corpus.poems]
    source = {
        "name": name,
        "text_sha256": corpus.card["text_sha256"],
        "split_sha256": sha256("".join(digits).encode()),
    }
    return TextData(vocabulary, splits, source)


def with_more_training(data: TextData, name: str) -> TextData:
    """Returns the data with the training split of another corpus read in training too.

    What the vocabulary lacks of it is `<unk>`. The other splits stay as they are.
    Raises: UserError for the corpus itself.
    """
    if name == data.source["name"]:
        raise UserError(f"The training already reads {name}.")
    texts = corpora.load_corpus(name).texts_of("train")
    more = [data.vocabulary.encode(text, end=True) for text in texts]
    return replace(data, splits=data.splits | {"train": data.splits["train"] + more})


def with_form(data: TextData) -> TextData:
    """Returns the data of Song ci with the form of each token beside its id, (T, 4).

    `form_of_poem` says what the form is; it is computed from the poem itself.
    Raises: UserError for other data than the corpus Song ci.
    Notebook: words_and_music
    """
    if data.source["name"] != "songci" or "split_sha256" not in data.source:
        raise UserError("A form is known of the corpus songci only.")
    corpus = corpora.load_corpus("songci")
    splits = {}
    for split, sequences in data.splits.items():
        forms = [form_of_poem(poem.title, poem.lines) for poem in corpus.poems_of(split)]
        splits[split] = [
            np.concatenate([ids[:, None], form], axis=1) for ids, form in zip(sequences, forms)
        ]
    return replace(data, splits=splits)


def _as_batch(windows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Returns what is read and what comes next, from windows (B, T + 1) or with a form.

    With a form, windows are (B, T + 1, 4), and beside each token that is read stands
    the form of the one that comes next: x is (B, T, 4), y (B, T).
    """
    if windows.ndim == 2:
        return windows[:, :-1], windows[:, 1:]
    x = np.concatenate([windows[:, :-1, :1], windows[:, 1:, 1:]], axis=2)
    return x, windows[:, 1:, 0]


def load_text_splits(
    path: Path, encoding: str | None = None, column: str | None = None, ends: bool = True
) -> TextData:
    """Returns a user's own text as ids, by split: a file, a folder or a table's column.

    Each song ends with `<end>`, with which writing begins, in place of the blank line;
    `read_songs` says what a song is. The first one stands after an `<end>` too.
    The last tenth is the test split; a twentieth of what stands before it is the
    validation split. That is taken from the end of each of up to 20 stretches: names
    and words that occur in one piece only would otherwise be missing in training.

    ends: False for the text as it is, without any `<end>`, which older weights learned.
    """
    text, songs = user_text.read_songs(path, encoding, column)
    source = {"name": base_name(path), "text_sha256": sha256(text.encode())}
    if ends:
        text = "".join([MARK, *(song + MARK for song in songs)])
        source["songs"] = str(len(songs))
    end = int(0.9 * len(text))
    stretches = int(np.clip(end // 20_000, 1, 20))
    bounds = np.linspace(0, end, 1 + stretches).astype(int)
    train = []
    validation = []
    for start, stop in zip(bounds, bounds[1:]):
        cut = stop - (stop - start) // 20
        train.append(text[start:cut])
        validation.append(text[cut:stop])
    vocabulary = Vocabulary.build([text[:end].replace(MARK, "")])
    splits = {
        "train": [_encode(vocabulary, piece) for piece in train],
        "validation": [_encode(vocabulary, piece) for piece in validation],
        "test": [_encode(vocabulary, text[end:])],
    }
    return TextData(vocabulary, splits, source)


def _encode(vocabulary: Vocabulary, piece: str) -> np.ndarray:
    """Returns the ids of a piece of text, int32, `<end>` for each mark."""
    *whole, rest = piece.split(MARK)
    songs = [vocabulary.encode(song, end=True) for song in whole]
    return np.concatenate([*songs, vocabulary.encode(rest)])


class Stream:
    """Batches of a text that is read in lanes: a window continues the one before it.

    `sequences` are arrays of ids. They are joined into one stream, in an order that
    follows from the seed and the epoch, and cut into lanes at a place that does so too;
    without a seed they stay in order.
    Window number `step` is (x, y), int32 (B, T), where y is x one token later. Where
    the sequences have a form, x is (B, T, 4) and holds the form of y.
    Raises: UserError for a text that is too short.
    Source: Mikolov et al. 2010 (truncated backpropagation through time).
    Notebook: training_a_language_model
    """

    def __init__(self, sequences: Sequence[np.ndarray], batch: int, length: int, seed: int | None):
        self.sequences = list(sequences)
        self.batch = batch
        self.length = length
        self.seed = seed
        tokens = sum(map(len, self.sequences))
        self.windows = (tokens - 1) // (batch * length)
        if self.windows < 1:
            raise UserError(
                f"The text has {tokens} tokens; {batch} lanes of {length} need "
                f"{batch * length + 1}."
            )
        self._epoch = -1
        self._lanes = np.empty(0)

    def __call__(self, step: int) -> tuple[np.ndarray, np.ndarray]:
        epoch, window = divmod(step, self.windows)
        if epoch != self._epoch:
            self._lanes = self._cut_lanes(epoch)
            self._epoch = epoch
        first = window * self.length
        tokens = self._lanes[:, first : first + self.length + 1]
        return _as_batch(tokens)

    def _cut_lanes(self, epoch: int) -> np.ndarray:
        """Returns the lanes of an epoch, int32 (B, windows * T + 1) or with a form."""
        if self.seed is None:
            stream = np.concatenate(self.sequences)
        else:
            rng = np.random.default_rng((self.seed, epoch))
            order = rng.permutation(len(self.sequences))
            stream = np.concatenate([self.sequences[k] for k in order])
            stream = np.roll(stream, rng.integers(len(stream)), axis=0)
        size = self.windows * self.length
        starts = size * np.arange(self.batch)
        places = starts[:, None] + np.arange(size + 1)
        return stream[places].astype(np.int32)


class WholePoems:
    """Batches of windows that each begin with a poem.

    A poem that the end of a window cuts off begins the next window, so it is read
    whole. Of a poem longer than a window the rest is not read. An epoch leaves out a
    few windows, others each time.

    Window number `step` is (x, y), int32 (B, T), as in a `Stream`, but no window
    continues another. `noise` is the share of the characters in x that are exchanged
    for others of the same batch; titles, ends of lines and of poems stay, and so does
    y. A model then learns to rely on the form and not on the words, which, when it
    samples, are its own and unlike those it was trained on.
    Raises: UserError for a text that is too short, and where more than a tenth of it
    would not be read.
    Source: Bowman et al. 2016, section 3.1 (word dropout, there with one symbol for
    all).
    Notebook: four_corpora
    """

    def __init__(
        self,
        sequences: Sequence[np.ndarray],
        batch: int,
        length: int,
        seed: int,
        noise: float = 0.0,
    ):
        self.sequences = list(sequences)
        self.batch = batch
        self.length = length
        self.seed = seed
        self.noise = noise
        self._epoch = 0
        self._windows = self._cut_windows(0)
        # The number of windows differs a little from epoch to epoch.
        self.windows = int(0.97 * len(self._windows)) // batch
        self._check_length()

    def _check_length(self) -> None:
        sizes = np.array([len(sequence) for sequence in self.sequences])
        if self.windows < 1:
            raise UserError(
                f"The text has {sizes.sum()} tokens, too few for {self.batch} windows of "
                f"{self.length} that each begin with a poem."
            )
        beyond = np.maximum(sizes - self.length, 0)
        unread = beyond.sum() / sizes.sum()
        if unread > 0.1:
            raise UserError(
                f"Windows of {self.length} that each begin with a poem would leave {unread:.0%} "
                "of this text unread; make --length longer."
            )

    def _cut_windows(self, epoch: int) -> np.ndarray:
        """Returns all windows of an epoch, int32 (n, T + 1) or with a form, shuffled.

        They are cut from the shuffled poems, and begin with the `<end>` of the poem
        before.
        """
        rng = np.random.default_rng((self.seed, epoch))
        order = rng.permutation(len(self.sequences))
        poems = [self.sequences[k] for k in order]
        before = np.array([END_ID]) if poems[0].ndim == 1 else np.array([[END_ID, *OUTSIDE]])
        stream = np.concatenate([before, *poems])
        # Where the `<end>` before each poem stands, and the last one.
        ends = np.cumsum([0, *map(len, poems)])
        starts = []
        start = 0
        while start + self.length < len(stream):
            starts.append(start)
            start = self._next_start(ends, start)
        first = np.array(starts, int)
        places = first[:, None] + np.arange(self.length + 1)
        windows = stream[places]
        return windows[rng.permutation(len(windows))].astype(np.int32)

    def _next_start(self, ends: np.ndarray, start: int) -> int:
        """Returns where the window after one begins: before the poem that it cuts off.

        If that is the poem with which the window began, it is too long for any window,
        and the next window begins with the poem after it.
        """
        cut_off = np.searchsorted(ends, start + self.length, side="right") - 1
        if ends[cut_off] > start:
            return int(ends[cut_off])
        following = int(np.searchsorted(ends, start, side="right"))
        return int(ends[min(following, len(ends) - 1)])

    def __call__(self, step: int) -> tuple[np.ndarray, np.ndarray]:
        epoch, k = divmod(step, self.windows)
        if epoch != self._epoch:
            self._windows = self._cut_windows(epoch)
            self._epoch = epoch
        rows = np.arange(k * self.batch, (k + 1) * self.batch)
        # An epoch may have fewer windows than the first one.
        windows = self._windows.take(rows, axis=0, mode="wrap")
        rng = np.random.default_rng((self.seed, step, 2))
        x, y = _as_batch(windows)
        if x.ndim == 2:
            return self._with_noise(x, rng), y
        tokens = self._with_noise(x[:, :, 0], rng)
        return np.concatenate([tokens[:, :, None], x[:, :, 1:]], axis=2), y

    def _with_noise(self, x: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Returns the tokens (B, T) with some of the characters exchanged."""
        is_title = _last_place(x, NEWLINE_ID) <= _last_place(x, END_ID)
        words = (x > NEWLINE_ID) & ~is_title
        exchanged = words & (rng.random(x.shape) < self.noise)
        noisy = x.copy()
        if exchanged.any():
            noisy[exchanged] = rng.choice(x[words], exchanged.sum())
        return noisy


def _last_place(x: np.ndarray, token: int) -> np.ndarray:
    """Returns where a token (B, T) stood last, at each place: -1 before the first."""
    places = np.arange(x.shape[1])
    places_of_token = np.where(x == token, places, -1)
    return np.maximum.accumulate(places_of_token, axis=1)
