"""The LSTM language model of lyrics: built, trained on a stream of text, written out for the course, and sampled in one compiled loop."""

from __future__ import annotations

import sys
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path

import keras
import numpy as np
from keras import ops

from . import options, texts, train
from .evaluate import corpus_parts, lstm_bits
from .files import UserError, check_folder, mode, sha256
from .lstm import LSTM, Embedding
from .options import told
from .sampler import (
    CharacterLSTM,
    Plan,
    check_sampling,
    distribution,
    pick,
    read_weights,
    uniforms,
    write_weights,
)
from .streams import Stream, WholePoems
from .texts import Vocabulary


@dataclass(frozen=True)
class Settings:
    """What a training is told; lengths in tokens. Notebook: 03_lyrics_language_model"""

    embedding: int = told(256, "numbers that stand for a character", 1)
    hidden: int = told(512, "units of each LSTM layer", 1)
    layers: int = told(1, "LSTM layers", 1)
    dropout: float = told(
        0.3, "dropout of each layer's output, one mask for all steps of a window", most=0.95
    )
    dropout_in: float = told(0.0, "dropout of the embedding", most=0.95)
    batch: int = told(16, "lanes that are read side by side", 1)
    length: int = told(64, "steps through which the gradient goes back", 1)
    reset: float = told(0.1, "share of lanes that begin a window with zero states", most=1)
    whole: bool = told(
        False,
        "every window begins with a poem, and with zero states: a poem's end is seen from its name",
    )
    noise: float = told(
        0.0, "with --whole, share of the characters read that are exchanged for others", most=0.95
    )
    rate: float = told(5e-3, "the highest learning rate", 1e-12)
    decay: float = told(0.01, "weight decay")
    seed: int = told(1, "of weights, order of the data and dropout")


CORPUS = {
    "songci": Settings(),
    "yuanqu": Settings(),
    "burns": Settings(embedding=128),
    "ballads": Settings(embedding=128),
}
TEXT = Settings(embedding=128, dropout=0.4)
FULL_STEPS = {
    "songci": 9000,
    "yuanqu": 3600,
    "burns": 3600,
    "ballads": 2200,
}  # of the shipped weights


@keras.saving.register_keras_serializable("lyricgen")
class LanguageModel(keras.Model):
    """An LSTM over tokens (B, T): embedding (V, E), LSTM layers, a projection where H is not E, and the embedding again, transposed, for the logits.

    The states are carried from call to call in variables of B lanes. `call` gives the features (B, T, E), from which `logits` makes the logits;
    the loss is the mean cost of a token in nats. Source: Press and Wolf 2017 (tied weights); Gal and Ghahramani 2016, section 4 (one dropout mask for
    all steps). Notebook: 03_lyrics_language_model
    """

    def __init__(self, vocabulary: int, settings: Settings):
        super().__init__()
        self.settings, s = settings, settings
        self.embedding = Embedding(
            vocabulary,
            s.embedding,
            embeddings_initializer=keras.initializers.RandomNormal(stddev=s.embedding**-0.5),
        )
        self.lstms = [
            LSTM(s.hidden, return_sequences=True, return_state=True) for _ in range(s.layers)
        ]
        self.drops = [
            keras.layers.Dropout(rate, noise_shape=(None, 1, None))
            for rate in (s.dropout_in, *[s.dropout] * s.layers)
        ]
        self.projection = (
            keras.layers.Dense(s.embedding, use_bias=False) if s.hidden != s.embedding else None
        )
        self.output_bias = self.add_weight(
            shape=(vocabulary,), initializer="zeros", name="output_bias"
        )
        self.carried = [
            self.add_weight(shape=(s.batch, s.hidden), initializer="zeros", trainable=False)
            for _ in range(2 * s.layers)
        ]
        self.compile(
            keras.optimizers.AdamW(s.rate, weight_decay=s.decay, global_clipnorm=1.0),
            jit_compile=False,
        )
        self(np.zeros((s.batch, 1), np.int32))
        self.reset()

    def run(self, tokens, states: list, training: bool = False) -> tuple:
        """The features (B, T, E) of the tokens (B, T) after some states (h and c of each layer), and the new states."""
        x, after = self.embedding(tokens), []
        x = self.drops[0](x, training=training) if self.settings.dropout_in else x
        for k, lstm in enumerate(self.lstms):
            x, h, c = lstm(x, initial_state=states[2 * k : 2 * k + 2], training=training)
            x, after = self.drops[k + 1](x, training=training), [*after, h, c]
        return x if self.projection is None else self.projection(x), after

    def logits(self, features):
        """The logits (..., V) of the next token."""
        return ops.matmul(features, ops.transpose(self.embedding.embeddings)) + self.output_bias

    def call(self, tokens, training: bool = False):
        features, after = self.run(
            tokens, [ops.convert_to_tensor(state) for state in self.carried], training
        )
        for state, value in zip(self.carried, after):
            state.assign(value)
        return features

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        """-log p(y) = logsumexp(logits) - logit of y; that logit is a product of its own, since to pick it out of (B, T, V) has a slow gradient."""
        features, y = ops.reshape(y_pred, (-1, self.settings.embedding)), ops.reshape(y, (-1,))
        chosen = ops.sum(
            features * ops.take(self.embedding.embeddings, y, axis=0), axis=1
        ) + ops.take(self.output_bias, y)
        return ops.mean(ops.logsumexp(self.logits(features), axis=1) - chosen)

    def reset(self, keep: np.ndarray | float = 0.0) -> None:
        """Sets the carried states to zero, but in the lanes that `keep` (B, 1) has as 1."""
        for state in self.carried:
            state.assign(state * keep)

    def cost(self, stream: Stream, most: int = 24) -> float:
        """The mean cost of a token in nats, over at most so many windows of a stream, read from zero states; the carried states stay as they are."""
        kept = [ops.convert_to_numpy(state) for state in self.carried]
        self.reset()
        cost = train.mean_scores(self, map(stream, range(min(stream.windows, most))))["loss"]
        [state.assign(value) for state, value in zip(self.carried, kept)]
        return cost

    def weights_by_name(self) -> dict:
        """The weights by the names that a weights file has."""
        found = {"embedding": self.embedding.embeddings, "output_bias": self.output_bias}
        for k, lstm in enumerate(self.lstms, 1):
            found |= {
                f"W{k}": lstm.cell.kernel,
                f"U{k}": lstm.cell.recurrent_kernel,
                f"b{k}": lstm.cell.bias,
            }
        if self.projection is not None:
            found["projection"] = self.projection.kernel
        return found

    def arrays(self) -> dict[str, np.ndarray]:
        """The same in NumPy."""
        return {name: ops.convert_to_numpy(value) for name, value in self.weights_by_name().items()}

    def begin_from(self, arrays: dict[str, np.ndarray]) -> None:
        """Takes over the weights of a file; raises UserError where they are of another model."""
        own = self.weights_by_name()
        if {name: tuple(value.shape) for name, value in own.items()} != {
            name: value.shape for name, value in arrays.items()
        }:
            raise UserError(
                "The weights to begin from are of another size than this model; give it the settings of their card."
            )
        for name, value in own.items():
            value.assign(arrays[name].astype(np.float32))


def learn(
    parts: dict[str, list[np.ndarray]],
    vocabulary: int,
    settings: Settings,
    folder: Path,
    bar: bool = True,
    begin: dict | None = None,
    **budget,
) -> tuple[LanguageModel, list[dict]]:
    """Trains a model on the ids of the parts train and validation, by `steps` or `minutes`, and returns it with its curves; see `train.fit`.

    `begin`: the arrays of weights to begin from, instead of random ones. Notebook: 03_lyrics_language_model
    """
    train.make_deterministic(settings.seed)
    model = LanguageModel(vocabulary, settings)
    if begin:
        model.begin_from(begin)

    def reset_some(step: int, steps: int) -> None:
        # States that are never set back drift, and the model comes to rely on it: then it knows no poem's beginning, which is at zero.
        keep = np.random.default_rng((settings.seed, step, 1)).random((settings.batch, 1)) >= (
            1.0 if settings.whole else settings.reset
        )
        model.reset(keep.astype(np.float32))

    reading = parts["train"], settings.batch, settings.length, settings.seed
    data = WholePoems(*reading, settings.noise) if settings.whole else Stream(*reading)
    held_out = Stream(parts["validation"], settings.batch, settings.length, None)
    rows = train.fit(
        model,
        data,
        lambda: model.cost(held_out),
        folder,
        settings.seed,
        peak=settings.rate,
        bar=bar,
        before=reset_some,
        **budget,
    )
    return model, rows


def text_parts(path: Path) -> tuple[Vocabulary, dict[str, list[np.ndarray]], dict]:
    """The vocabulary of a user's own text, its parts as ids, and its hash: the last 10 % is the test, and before it a twentieth is for validation.

    That is taken from the end of each of up to 20 stretches: were it one piece, the names and words that come up in it would be missing for the test.
    """
    text = texts.read_text(path)
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


def fitted(settings: Settings, parts: dict[str, list[np.ndarray]]) -> Settings:
    """The settings with fewer and shorter lanes where the text is too short for them; raises UserError where there is too little for any."""
    least = min(sum(map(len, parts[part])) for part in ("train", "validation"))
    if least < 9:
        raise UserError(
            f"The text is too short to learn from: its validation part has {least} characters."
        )
    batch = min(settings.batch, max(1, least // 64))
    return replace(settings, batch=batch, length=min(settings.length, (least - 1) // batch))


def add_train(parser) -> None:
    """The arguments of `train language`."""
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--corpus", choices=texts.CORPORA, help="a corpus of the course")
    what.add_argument("--text", type=Path, help="a text of your own, UTF-8")
    parser.add_argument(
        "--begin",
        type=Path,
        help="a folder with weights of the same name, to begin from those instead of random ones",
    )

    def default(name: str) -> object:
        values = {kind: getattr(own, name) for kind, own in {**CORPUS, "a text": TEXT}.items()}
        return (
            values["a text"]
            if len(set(values.values())) == 1
            else ", ".join(f"{kind}: {value}" for kind, value in values.items())
        )

    options.add_training(parser, fields(Settings), default)


def run_train(args) -> int:
    """Trains a language model on a corpus or a text, measures it on the test part, and writes its weights with their card."""
    check_folder(args.out)
    characters, parts, data = corpus_parts(args.corpus) if args.corpus else text_parts(args.text)
    settings = fitted(
        options.settings(args, CORPUS.get(args.corpus, TEXT), fields(Settings)), parts
    )
    if settings.noise and not settings.whole:
        raise UserError("Noise is for windows that begin with a poem; ask for --whole too.")
    budget = options.budget(
        args,
        {"steps": FULL_STEPS[args.corpus]}
        if args.corpus and mode() == "full"
        else {"minutes": train.budget(0.1, 2, 10)},
    )
    name, begun = args.corpus or args.text.stem, {}
    if args.begin:
        before, card = read_weights(name, args.begin)
        if card.get("characters") != "".join(characters.tokens[3:]):
            raise UserError(
                f"{args.begin / name}.npz is for another vocabulary than this text has."
            )
        begun = {
            "begun_from": {
                key: value
                for key, value in card.items()
                if key not in ("characters", "data", "name", "file", "model")
            }
        }
    folder = train.folder_for(
        name,
        asdict(settings) | budget | data | {key: value["sha256"] for key, value in begun.items()},
    )
    print(
        f"{name}: {len(characters)} tokens; checkpoints and curves are in {folder}", file=sys.stderr
    )
    model, rows = learn(
        parts,
        len(characters),
        settings,
        folder,
        begin=before if begun else None,
        validations=4 if mode() == "smoke" else 30,
        **budget,
    )
    card = {
        "model": "language",
        "data": data,
        "settings": asdict(settings),
        "characters": "".join(characters.tokens[3:]),
        "folded": characters.folded,
        "steps": rows[-1]["step"],
        "seconds": rows[-1]["seconds"],
        "machine": train.machine(),
        "curves": rows,
    } | begun
    rounded = {key: value.astype(np.float16) for key, value in model.arrays().items()}
    bits = lstm_bits(CharacterLSTM(rounded, characters), parts["test"])
    write_weights(
        args.out, name, rounded, card | {"figures": {"test_bits_per_character": round(bits, 4)}}
    )
    print(
        f"{name}: {bits:.4f} bits ({bits * np.log(2):.4f} nats) a character on the test part. Written: {args.out / name}.npz"
    )
    return 0


class Loop(keras.Model):
    """The sampler as one compiled loop, for many sequences: the same steps in float32, from the same random numbers.

    It draws what `sampler.sample` draws, but for a number that falls just between two tokens. Notebook: 03_lyrics_language_model
    """

    def __init__(self, model: CharacterLSTM, top_k: int = 0, top_p: float = 1.0):
        super().__init__()
        check_sampling(len(model.characters), 1.0, top_k, top_p)
        self.cells, self.top_k, self.top_p = (
            CharacterLSTM(model.arrays, model.characters, "float32", ops),
            top_k,
            top_p,
        )
        self.compile(jit_compile=False)

    def call(self, inputs):
        masks, rows, u, temperature = inputs
        masks, (T, B) = ops.cast(masks, "bool"), ops.shape(rows)

        def step(t, token, states, drawn):
            h, states = self.cells.step(token, states)
            p = distribution(
                self.cells.logits(h),
                temperature,
                ops.take(masks, rows[t], axis=0),
                self.top_k,
                self.top_p,
                ops,
            )
            token = ops.cast(pick(p, u[t], ops), "int32")
            return t + 1, token, states, ops.slice_update(drawn, (t, 0), token[None])

        begin = (0, ops.ones((B,), "int32"), self.cells.start(B), ops.zeros((T, B), "int32"))
        return ops.while_loop(lambda t, *_: t < T, step, begin)[3]

    def sample(self, plan: Plan, rng: np.random.Generator, temperature: float = 1.0) -> np.ndarray:
        """Draws the tokens of a plan, int (T, B); raises UserError for a temperature that cannot be used."""
        check_sampling(len(self.cells.characters), temperature, self.top_k, self.top_p)
        return self.predict_on_batch(
            (
                plan.masks,
                plan.rows.astype(np.int32),
                uniforms(plan, rng).astype(np.float32),
                np.float32([temperature]),
            )
        )
