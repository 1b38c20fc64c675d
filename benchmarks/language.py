"""Times the language model beside TensorFlow's tutorial and PyTorch, on one core.

    python benchmarks/language.py [--quick] [--json FILE]

Contenders take turns, and what counts is the median of process CPU time. The same in
all: vocabulary, embedding, an LSTM of 512, as many sequences of as many tokens,
float32, no dropout. `tutorial` is built as in TensorFlow's text-generation tutorial, of
stock Keras layers: embedding, LSTM, a dense layer over the vocabulary,
SparseCategoricalCrossentropy, Adam. The course's model carries its states, ties
embedding and output by a projection, and clips in AdamW; `torch` (when it is installed)
does just that, too.

Sampling draws 70 tokens for each sequence, from the same weights in all and never
`<unk>`. `tutorial` is one compiled step of stock layers that draws a token and that
Python calls for each; `torch` is an LSTMCell that Python calls. The course samples one
sequence in NumPy, in float64 as in its notebooks, and 64 of them in one compiled loop.
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
from lyricgen.models.language.settings import CORPUS, TEXT
from lyricgen.models.language.writing import sample_tokens, unconstrained_plan

try:
    import torch
except ImportError:
    torch = None

SAMPLES = 70  # about the characters of a ci
TEXT_V = 70  # the characters of an English text
SONGCI_V = 4503  # those of Song ci
SHAPES = {
    "text": (TEXT_V, TEXT),
    "text_64x100": (TEXT_V, replace(TEXT, batch=64, length=100)),  # the tutorial's batch and length
    "songci": (SONGCI_V, CORPUS["songci"]),
}
Weights = dict[str, np.ndarray]


# --- Training -------------------------------------------------------------------------


def tutorial_model(V: int, s: Settings) -> keras.Model:
    """Returns embedding, LSTM and output layer, as the tutorial has them."""
    model = keras.Sequential(
        [
            keras.Input((s.length,), dtype="int32"),
            keras.layers.Embedding(V, s.embedding),
            keras.layers.LSTM(s.hidden, return_sequences=True),
            keras.layers.Dense(V),
        ]
    )
    model.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    return model


def torch_step(V: int, s: Settings, x: np.ndarray, y: np.ndarray) -> Callable[[], object]:
    """Returns a training step of the course's model in PyTorch."""
    torch.set_num_threads(1)
    embedding = torch.nn.Embedding(V, s.embedding)
    layer = torch.nn.LSTM(s.embedding, s.hidden, batch_first=True)
    projection = torch.nn.Linear(s.hidden, s.embedding, bias=False)
    bias = torch.nn.Parameter(torch.zeros(V))
    weights = [*embedding.parameters(), *layer.parameters(), *projection.parameters(), bias]
    adam = torch.optim.AdamW(weights, s.rate, weight_decay=s.decay)
    tokens = torch.from_numpy(x)
    targets = torch.from_numpy(y.reshape(-1)).long()
    carried = [torch.zeros(1, s.batch, s.hidden)] * 2

    def step() -> None:
        nonlocal carried
        adam.zero_grad()
        h, states = layer(embedding(tokens), carried)
        features = projection(h).reshape(-1, s.embedding)
        logits = features @ embedding.weight.T + bias
        loss = torch.nn.functional.cross_entropy(logits, targets)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(weights, 1.0)
        adam.step()
        carried = [state.detach() for state in states]

    return step


def training(V: int, s: Settings) -> Contenders:
    """Returns all who run the training step."""
    s = replace(s, dropout=0.0)
    ours = LanguageModel(V, s)
    tutorial = tutorial_model(V, s)
    tokens = np.random.default_rng(0).integers(0, V, (s.batch, s.length + 1), dtype=np.int32)
    x = tokens[:, :-1]
    y = tokens[:, 1:]
    contenders: Contenders = {
        "lyricgen": lambda: ours.train_on_batch(x, y),
        "tutorial": lambda: tutorial.train_on_batch(x, y),
    }
    if torch:
        contenders["torch"] = torch_step(V, s, x, y)
    return contenders


# --- Sampling -------------------------------------------------------------------------


def random_weights(V: int, s: Settings) -> Weights:
    """Draws weights, by the names of a weights file; no token is much likelier."""
    rng = np.random.default_rng(0)
    E = s.embedding
    H = s.hidden
    shapes = {
        "embedding": (V, E),
        "output_bias": (V,),
        "W1": (E, 4 * H),
        "U1": (H, 4 * H),
        "b1": (4 * H,),
        "projection": (H, E),
    }
    weights = {}
    for name, shape in shapes.items():
        values = rng.standard_normal(shape) * 0.05
        weights[name] = values.astype(np.float32)
    return weights


def tutorial_step(arrays: Weights) -> Callable:
    """Returns (tokens (B, 1), h, c) -> (logits, h, c) by stock layers."""
    V, E = arrays["embedding"].shape
    H = len(arrays["U1"])
    tokens = keras.Input((1,), dtype="int32")
    states = [keras.Input((H,)), keras.Input((H,))]
    embedding = keras.layers.Embedding(V, E)
    layer = keras.layers.LSTM(H, return_state=True)
    projection = keras.layers.Dense(E, use_bias=False)
    dense = keras.layers.Dense(V)
    y, h, c = layer(embedding(tokens), initial_state=states)
    logits = dense(projection(y))
    model = keras.Model((tokens, *states), (logits, h, c))
    embedding.set_weights([arrays["embedding"]])
    layer.set_weights([arrays["W1"], arrays["U1"], arrays["b1"]])
    projection.set_weights([arrays["projection"]])
    dense.set_weights([arrays["embedding"].T, arrays["output_bias"]])
    return model


def torch_cell(arrays: Weights) -> Callable:
    """Returns the same step in PyTorch, (tokens (B,), h, c) -> (logits, h, c).

    Its LSTMCell has the gates in Keras's order, and the kernels transposed.
    """
    torch.set_num_threads(1)
    tensors = {name: torch.from_numpy(array) for name, array in arrays.items()}
    E, _ = tensors["W1"].shape
    cell = torch.nn.LSTMCell(E, len(tensors["U1"]))
    state = {
        "weight_ih": tensors["W1"].T,
        "weight_hh": tensors["U1"].T,
        "bias_ih": tensors["b1"],
        "bias_hh": 0 * tensors["b1"],
    }
    cell.load_state_dict(state)
    output = tensors["embedding"].T.contiguous()

    def step(tokens, h, c) -> tuple:
        x = tensors["embedding"][tokens]
        h, c = cell(x, (h, c))
        logits = h @ tensors["projection"] @ output + tensors["output_bias"]
        return logits, h, c

    return step


def no_unknown(V: int) -> np.ndarray:
    """Returns a mask to add to logits, (V,), which forbids `<unk>`, token 0."""
    return np.where(np.arange(V) == 0, -np.inf, 0).astype("float32")


def tutorial_contender(arrays: Weights, sequences: int) -> Callable[[], np.ndarray]:
    """Returns a compiled step that draws, which Python calls for each token."""
    model = tutorial_step(arrays)
    mask = no_unknown(len(arrays["embedding"]))
    H = len(arrays["U1"])

    @tf.function
    def drawing_step(tokens: tf.Tensor, h: tf.Tensor, c: tf.Tensor) -> tuple:
        logits, h, c = model((tokens, h, c))
        return tf.random.categorical(logits + mask, 1, dtype=tf.int32), h, c

    def draw() -> np.ndarray:
        tokens = tf.ones((sequences, 1), tf.int32)
        h = tf.zeros((sequences, H))
        c = tf.zeros((sequences, H))
        drawn = []
        for _ in range(SAMPLES):
            tokens, h, c = drawing_step(tokens, h, c)
            drawn.append(tokens)
        return tf.concat(drawn, axis=1).numpy().T

    return draw


def torch_contender(arrays: Weights, sequences: int) -> Callable[[], np.ndarray]:
    """Returns PyTorch's LSTMCell, which Python calls for each token."""
    cell = torch_cell(arrays)
    mask = torch.from_numpy(no_unknown(len(arrays["embedding"])))
    H = len(arrays["U1"])

    def draw() -> np.ndarray:
        with torch.inference_mode():
            tokens = torch.ones(sequences, dtype=torch.int64)
            h = torch.zeros(sequences, H)
            c = torch.zeros(sequences, H)
            drawn = []
            for _ in range(SAMPLES):
                logits, h, c = cell(tokens, h, c)
                p = torch.softmax(logits + mask, 1)
                tokens = torch.multinomial(p, 1)[:, 0]
                drawn.append(tokens)
            return torch.stack(drawn).numpy()

    return draw


def sampling(arrays: Weights, sequences: int, quick: bool) -> Contenders:
    """Returns all who draw tokens, int (SAMPLES, sequences)."""
    V = len(arrays["embedding"])
    letters = map(chr, range(0x4E00, 0x4E00 + V - 3))
    characters = Vocabulary((UNKNOWN, END, NEWLINE, *letters))
    rng = np.random.default_rng(0)
    plan = unconstrained_plan(characters, sequences, SAMPLES)
    exact = NumpyLanguageModel(arrays, characters, "float64")
    single = NumpyLanguageModel(arrays, characters, "float32")
    contenders: Contenders = {}
    if sequences == 1:
        contenders["lyricgen"] = lambda: sample_tokens(exact, plan, rng)
        contenders["lyricgen, float32"] = lambda: sample_tokens(single, plan, rng)
    else:
        loop = CompiledSampler(single)
        contenders["lyricgen"] = lambda: loop.sample(plan, rng)
        if not quick:
            contenders["lyricgen, NumPy float64"] = lambda: sample_tokens(exact, plan, rng)
    contenders["tutorial"] = tutorial_contender(arrays, sequences)
    if torch:
        contenders["torch"] = torch_contender(arrays, sequences)
    return contenders


# --- The race -------------------------------------------------------------------------


def print_times(times: dict[str, float], tokens: int) -> dict[str, float | None]:
    """Prints a row for each contender and returns the ratios of ours."""
    for name, seconds in times.items():
        speed = tokens / seconds
        ratio = times["tutorial"] / seconds
        print(
            f"  {name:24} {seconds * 1e3:8.1f} ms   {speed:8.0f} tokens/s   {ratio:5.2f} x tutorial"
        )
    ours = times["lyricgen"]
    return {
        "vs_tutorial": times["tutorial"] / ours,
        "vs_torch": times["torch"] / ours if torch else None,
    }


def main() -> None:
    options = one_core.begin(__doc__)
    rounds = 3 if options.quick else 9
    results: dict[str, dict[str, float | None]] = {}
    for name, (V, s) in SHAPES.items():
        print(
            f"Training step ({name}): vocabulary {V}, embedding {s.embedding}, H {s.hidden}, "
            f"{s.batch} x {s.length} tokens."
        )
        times = race(training(V, s), rounds)
        results[f"train_{name}"] = print_times(times, s.batch * s.length)
    V, s = SHAPES["songci"]
    for sequences in (1, 64):
        print(
            f"Sampling {SAMPLES} tokens: vocabulary {V}, embedding {s.embedding}, H {s.hidden}, "
            f"sequences: {sequences}."
        )
        times = race(sampling(random_weights(V, s), sequences, options.quick), rounds)
        results[f"sample_{sequences}"] = print_times(times, sequences * SAMPLES)
    one_core.finish(options, results)


if __name__ == "__main__":
    main()
