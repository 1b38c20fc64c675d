"""How fast the course's language model trains and samples, beside the way of TensorFlow's text-generation tutorial and beside PyTorch, on one core.

    python benchmarks/language.py [--quick] [--json FILE]

Contenders take turns, and what counts is the median of process CPU time. The same in all: vocabulary, embedding, an LSTM of 512, as many sequences
of as many tokens, float32, no dropout. `tutorial` is built of stock Keras layers: embedding, LSTM, a dense layer over the vocabulary,
SparseCategoricalCrossentropy, Adam. The course's model carries its states, ties embedding and output by a projection, and clips in AdamW;
`torch` (when it is installed) does just that, too.

Sampling draws 70 tokens for each sequence, from the same weights in all and never `<unk>`. `tutorial` is one compiled step of stock layers that draws
a token and that Python calls for each; `torch` is an LSTMCell that Python calls. The course samples one sequence in NumPy, in float64 as in its
notebooks, and 64 of them in one compiled loop.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import one_core

if __name__ == "__main__":  # before NumPy, TensorFlow and PyTorch start their threads
    one_core.use()

import keras
import numpy as np
import tensorflow as tf
from one_core import Contenders, race

from lyricgen.lyrics.vocabulary import END, NEWLINE, UNKNOWN, Vocabulary
from lyricgen.models.language.inference import NumpyLanguageModel
from lyricgen.models.language.network import CompiledSampler, LanguageModel, Settings
from lyricgen.models.language.training import CORPUS, TEXT
from lyricgen.models.language.writing import sample_tokens, unconstrained_plan

try:
    import torch
except ImportError:
    torch = None

SAMPLES = 70  # about the characters of a ci
TEXT_V, SONGCI_V = 70, 4503  # the characters of an English text, and those of Song ci
SHAPES = {
    "text": (TEXT_V, TEXT),
    "text_64x100": (TEXT_V, replace(TEXT, batch=64, length=100)),  # the tutorial's batch and length
    "songci": (SONGCI_V, CORPUS["songci"]),
}


def stock_layers(V: int, s: Settings) -> list[keras.Layer]:
    """Embedding, LSTM and output layer, as the tutorial has them."""
    return [
        keras.layers.Embedding(V, s.embedding),
        keras.layers.LSTM(s.hidden, return_sequences=True),
        keras.layers.Dense(V),
    ]


def torch_step(V: int, s: Settings, x: np.ndarray, y: np.ndarray) -> Callable[[], object]:
    """A training step of the course's model in PyTorch."""
    torch.set_num_threads(1)
    embedding, layer = (
        torch.nn.Embedding(V, s.embedding),
        torch.nn.LSTM(s.embedding, s.hidden, batch_first=True),
    )
    projection, bias = (
        torch.nn.Linear(s.hidden, s.embedding, bias=False),
        torch.nn.Parameter(torch.zeros(V)),
    )
    weights = [*embedding.parameters(), *layer.parameters(), *projection.parameters(), bias]
    adam, x, y = (
        torch.optim.AdamW(weights, s.rate, weight_decay=s.decay),
        torch.from_numpy(x),
        torch.from_numpy(y.reshape(-1)).long(),
    )
    carried = [torch.zeros(1, s.batch, s.hidden)] * 2

    def step() -> None:
        nonlocal carried
        adam.zero_grad()
        h, states = layer(embedding(x), carried)
        logits = projection(h).reshape(-1, s.embedding) @ embedding.weight.T + bias
        torch.nn.functional.cross_entropy(logits, y).backward()
        torch.nn.utils.clip_grad_norm_(weights, 1.0)
        adam.step()
        carried = [state.detach() for state in states]

    return step


def training(V: int, s: Settings) -> Contenders:
    """All who run the training step."""
    s = replace(s, dropout=0.0)
    ours = LanguageModel(V, s)
    tutorial = keras.Sequential([keras.Input((s.length,), dtype="int32"), *stock_layers(V, s)])
    tutorial.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    tokens = np.random.default_rng(0).integers(0, V, (s.batch, s.length + 1), dtype=np.int32)
    x, y = tokens[:, :-1], tokens[:, 1:]
    contenders = {
        "lyricgen": lambda: ours.train_on_batch(x, y),
        "tutorial": lambda: tutorial.train_on_batch(x, y),
    }
    return contenders | ({"torch": torch_step(V, s, x, y)} if torch else {})


def some_weights(V: int, s: Settings) -> dict[str, np.ndarray]:
    """Weights by the names of a weights file, drawn so that no token is much likelier than the others."""
    rng, E, H = np.random.default_rng(0), s.embedding, s.hidden
    shapes = {
        "embedding": (V, E),
        "output_bias": (V,),
        "W1": (E, 4 * H),
        "U1": (H, 4 * H),
        "b1": (4 * H,),
        "projection": (H, E),
    }
    return {
        name: (rng.standard_normal(shape) * 0.05).astype(np.float32)
        for name, shape in shapes.items()
    }


def tutorial_step(arrays: dict[str, np.ndarray]) -> Callable:
    """(tokens (B, 1), h, c) -> (logits, h, c) by stock layers."""
    (V, E), H = arrays["embedding"].shape, len(arrays["U1"])
    inputs = keras.Input((1,), dtype="int32"), keras.Input((H,)), keras.Input((H,))
    embedding, layer = keras.layers.Embedding(V, E), keras.layers.LSTM(H, return_state=True)
    projection, dense = keras.layers.Dense(E, use_bias=False), keras.layers.Dense(V)
    y, h, c = layer(embedding(inputs[0]), initial_state=inputs[1:])
    model = keras.Model(inputs, (dense(projection(y)), h, c))
    embedding.set_weights([arrays["embedding"]])
    layer.set_weights([arrays["W1"], arrays["U1"], arrays["b1"]])
    projection.set_weights([arrays["projection"]])
    dense.set_weights([arrays["embedding"].T, arrays["output_bias"]])
    return model


def torch_cell(arrays: dict[str, np.ndarray]) -> Callable:
    """The same step in PyTorch: its LSTMCell has the gates in Keras's order, and the kernels transposed."""
    torch.set_num_threads(1)
    given = {name: torch.from_numpy(array) for name, array in arrays.items()}
    cell = torch.nn.LSTMCell(*given["W1"].shape[:1], len(given["U1"]))
    cell.load_state_dict(
        {
            "weight_ih": given["W1"].T,
            "weight_hh": given["U1"].T,
            "bias_ih": given["b1"],
            "bias_hh": 0 * given["b1"],
        }
    )
    out = given["embedding"].T.contiguous()

    def step(tokens, h, c) -> tuple:
        h, c = cell(given["embedding"][tokens], (h, c))
        return h @ given["projection"] @ out + given["output_bias"], h, c

    return step


def sampling(arrays: dict[str, np.ndarray], sequences: int, quick: bool) -> Contenders:
    """All who draw tokens for so many sequences, int (SAMPLES, sequences)."""
    V, H = len(arrays["embedding"]), len(arrays["U1"])
    characters = Vocabulary((UNKNOWN, END, NEWLINE, *map(chr, range(0x4E00, 0x4E00 + V - 3))))
    rng, plan = np.random.default_rng(0), unconstrained_plan(characters, sequences, SAMPLES)
    model, unknown = (
        tutorial_step(arrays),
        np.where(np.arange(V) == 0, -np.inf, 0).astype("float32"),
    )

    @tf.function
    def one_step(
        tokens: tf.Tensor, h: tf.Tensor, c: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        logits, h, c = model((tokens, h, c))
        return tf.random.categorical(logits + unknown, 1, dtype=tf.int32), h, c

    def by_tutorial() -> np.ndarray:
        tokens, h, c, drawn = (
            tf.ones((sequences, 1), tf.int32),
            tf.zeros((sequences, H)),
            tf.zeros((sequences, H)),
            [],
        )
        for _ in range(SAMPLES):
            tokens, h, c = one_step(tokens, h, c)
            drawn.append(tokens)
        return tf.concat(drawn, axis=1).numpy().T

    def by_torch() -> np.ndarray:
        with torch.inference_mode():
            tokens, h, c, drawn = (
                torch.ones(sequences, dtype=torch.int64),
                torch.zeros(sequences, H),
                torch.zeros(sequences, H),
                [],
            )
            for _ in range(SAMPLES):
                logits, h, c = cell(tokens, h, c)
                tokens = torch.multinomial(torch.softmax(logits + mask, 1), 1)[:, 0]
                drawn.append(tokens)
            return torch.stack(drawn).numpy()

    in_numpy = {
        dtype: NumpyLanguageModel(arrays, characters, dtype) for dtype in ("float64", "float32")
    }
    by_numpy = {
        dtype: (lambda writer=writer: sample_tokens(writer, plan, rng))
        for dtype, writer in in_numpy.items()
    }
    if sequences == 1:
        contenders: Contenders = {
            "lyricgen": by_numpy["float64"],
            "lyricgen, float32": by_numpy["float32"],
        }
    else:
        loop = CompiledSampler(in_numpy["float32"])
        contenders = {"lyricgen": lambda: loop.sample(plan, rng)} | (
            {} if quick else {"lyricgen, NumPy float64": by_numpy["float64"]}
        )
    contenders |= {"tutorial": by_tutorial}
    if torch:
        cell, mask = torch_cell(arrays), torch.from_numpy(unknown)
        contenders |= {"torch": by_torch}
    return contenders


def tell(times: dict[str, float], tokens: int) -> dict[str, float | None]:
    """Prints a row for each contender and returns the ratios of ours."""
    for name, seconds in times.items():
        print(
            f"  {name:24} {seconds * 1e3:8.1f} ms   {tokens / seconds:8.0f} tokens/s   {times['tutorial'] / seconds:5.2f} x tutorial"
        )
    return {
        "vs_tutorial": times["tutorial"] / times["lyricgen"],
        "vs_torch": times["torch"] / times["lyricgen"] if torch else None,
    }


def main() -> None:
    options = one_core.begin(__doc__)
    results: dict[str, dict[str, float | None]] = {}
    for name, (V, s) in SHAPES.items():
        print(
            f"Training step ({name}): vocabulary {V}, embedding {s.embedding}, H {s.hidden}, {s.batch} x {s.length} tokens."
        )
        results[f"train_{name}"] = tell(
            race(training(V, s), 3 if options.quick else 9), s.batch * s.length
        )
    V, s = SHAPES["songci"]
    for sequences in (1, 64):
        print(
            f"Sampling {SAMPLES} tokens: vocabulary {V}, embedding {s.embedding}, H {s.hidden}, sequences: {sequences}."
        )
        times = race(
            sampling(some_weights(V, s), sequences, options.quick), 3 if options.quick else 9
        )
        results[f"sample_{sequences}"] = tell(times, sequences * SAMPLES)
    one_core.finish(options, results)


if __name__ == "__main__":
    main()
