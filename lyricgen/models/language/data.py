"""What a language model reads: the splits of a text, and batches of windows of it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from lyricgen.files import UserError, sha256
from lyricgen.lyrics import corpora, user_text, vocabulary
from lyricgen.lyrics.vocabulary import Vocabulary

Splits = dict[str, list[np.ndarray]]


def load_corpus_splits(name: str) -> tuple[vocabulary.Vocabulary, Splits, dict]:
    """The vocabulary of a corpus, the ids of its poems by part, each with its end, and the hashes of text and split.

    A character that the training part has fewer than three times is `<unk>`. Notebook: 03_lyrics_language_model
    """
    corpus = corpora.load_corpus(name)
    characters = vocabulary.Vocabulary.build(corpus.texts_of("train"), min_count=3)
    parts = {
        part: [characters.encode(text, end=True) for text in corpus.texts_of(part)]
        for part in corpora.SPLITS
    }
    split = "".join(str(corpora.SPLITS.index(poem.split)) for poem in corpus.poems)
    return (
        characters,
        parts,
        {
            "name": name,
            "text_sha256": corpus.card["text_sha256"],
            "split_sha256": sha256(split.encode()),
        },
    )


def load_text_splits(path: Path) -> tuple[Vocabulary, dict[str, list[np.ndarray]], dict]:
    """The vocabulary of a user's own text, its parts as ids, and its hash: the last 10 % is the test, and before it a twentieth is for validation.

    That is taken from the end of each of up to 20 stretches: were it one piece, the names and words that come up in it would be missing for the test.
    """
    text = user_text.read_text(path)
    end = int(0.9 * len(text))
    cuts = np.linspace(0, end, 1 + int(np.clip(end // 20_000, 1, 20))).astype(int)
    pieces: dict[str, list[str]] = {"train": [], "validation": [], "test": [text[end:]]}
    for begin, stop in zip(cuts, cuts[1:]):
        cut = stop - (stop - begin) // 20
        pieces["train"].append(text[begin:cut])
        pieces["validation"].append(text[cut:stop])
    characters = Vocabulary.build([text[:end]])
    return (
        characters,
        {part: [characters.encode(piece) for piece in own] for part, own in pieces.items()},
        {"name": path.stem, "text_sha256": sha256(text.encode())},
    )


class Stream:
    """Batches of a stream of text, cut into lanes that are read side by side: each window goes on where the one before it ended.

    `sequences` are arrays of ids; they are joined in an order that follows from the seed and the epoch, and cut at a point that does so too.
    Window number `step` is (x, y), int32 (B, T), where y is x one token later. Raises UserError for too little text.
    Source: Mikolov et al. 2010 (truncated backpropagation through time). Notebook: 03_lyrics_language_model
    """

    def __init__(self, sequences: Sequence[np.ndarray], batch: int, length: int, seed: int | None):
        self.sequences, self.batch, self.length, self.seed = list(sequences), batch, length, seed
        self.windows = (sum(map(len, self.sequences)) - 1) // (batch * length)
        self._epoch, self._lanes = -1, np.empty(0)
        if self.windows < 1:
            raise UserError(
                f"The text has {sum(map(len, self.sequences))} tokens; {batch} lanes of {length} need {batch * length + 1}."
            )

    def __call__(self, step: int) -> tuple[np.ndarray, np.ndarray]:
        epoch, window = divmod(step, self.windows)
        if epoch != self._epoch:
            stream, order = self.sequences, range(len(self.sequences))
            if self.seed is not None:
                rng = np.random.default_rng((self.seed, epoch))
                order = rng.permutation(len(stream))
            stream = np.concatenate([stream[k] for k in order])
            if self.seed is not None:
                stream = np.roll(stream, rng.integers(len(stream)))
            lane = self.windows * self.length
            self._lanes = stream[
                np.arange(self.batch)[:, None] * lane + np.arange(lane + 1)
            ].astype(np.int32)
            self._epoch = epoch
        part = self._lanes[:, window * self.length : (window + 1) * self.length + 1]
        return part[:, :-1], part[:, 1:]


class WholePoems:
    """Batches of windows (B, T) that each begin with a poem; one that a window's end cuts off begins the next window, so it is read whole.

    Of a poem longer than a window the rest is not read: raises UserError where that is more than a tenth of the text, or where the text is
    too short. An epoch leaves out a few windows, other ones each time.

    Window number `step` is (x, y), as in a `Stream`, but no window goes on where another ended. `noise` is the share of the characters in x
    that are exchanged for others of the same batch; titles, ends of lines and of poems stay, and so does y. A model then learns to
    count on the form and not on the words, which, when it samples, are its own and unlike those it was trained on.
    Source: Bowman et al. 2016, section 3.1 (word dropout, there with one symbol for all). Notebook: 04_lyrics_across_datasets
    """

    def __init__(
        self,
        sequences: Sequence[np.ndarray],
        batch: int,
        length: int,
        seed: int,
        noise: float = 0.0,
    ):
        self.sequences, self.batch, self.length, self.seed, self.noise = (
            list(sequences),
            batch,
            length,
            seed,
            noise,
        )
        self._epoch, self._cut = 0, self._windows(0)
        self.windows = (
            int(0.97 * len(self._cut)) // batch
        )  # the number differs a little between epochs
        if self.windows < 1:
            raise UserError(
                f"The text has {sum(map(len, self.sequences))} tokens, too few for {batch} windows of {length} that each begin "
                "with a poem."
            )
        sizes = np.array([len(sequence) for sequence in self.sequences])
        if (unread := np.maximum(sizes - length, 0).sum() / sizes.sum()) > 0.1:
            raise UserError(
                f"Windows of {length} that each begin with a poem would leave {unread:.0%} of this text unread; make --length longer."
            )

    def _windows(self, epoch: int) -> np.ndarray:
        """All windows of an epoch, (n, T + 1), in the order of its shuffled poems, each after the `<end>` (1) of the poem before."""
        rng = np.random.default_rng((self.seed, epoch))
        order = rng.permutation(len(self.sequences))
        stream = np.concatenate([np.ones(1, int), *(self.sequences[k] for k in order)])
        starts, at, found = np.cumsum([0, *(len(self.sequences[k]) for k in order)]), 0, []
        while at + self.length < len(stream):
            found.append(at)
            last = starts[np.searchsorted(starts, at + self.length, side="right") - 1]
            at = int(
                last
                if last > at
                else starts[min(np.searchsorted(starts, at, side="right"), len(starts) - 1)]
            )
        cut = stream[np.array(found, int)[:, None] + np.arange(self.length + 1)]
        return cut[rng.permutation(len(cut))].astype(np.int32)

    def __call__(self, step: int) -> tuple[np.ndarray, np.ndarray]:
        epoch, k = divmod(step, self.windows)
        if epoch != self._epoch:
            self._epoch, self._cut = epoch, self._windows(epoch)
        part = self._cut.take(
            range(k * self.batch, (k + 1) * self.batch), axis=0, mode="wrap"
        )  # an epoch may have fewer than the first
        return self._noisy(part[:, :-1], np.random.default_rng((self.seed, step, 2))), part[:, 1:]

    def _noisy(self, x: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """The tokens (B, T) with some characters exchanged; 1 is `<end>`, after which a title stands, and 2 the end of a line."""
        at = np.arange(x.shape[1])
        last_end, last_line = (
            np.maximum.accumulate(np.where(x == token, at, -1), axis=1) for token in (1, 2)
        )
        words = (x > 2) & (last_line > last_end)
        exchanged = words & (rng.random(x.shape) < self.noise)
        x = x.copy()
        if exchanged.any():
            x[exchanged] = rng.choice(x[words], exchanged.sum())
        return x
