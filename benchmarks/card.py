"""Measures this device for the notebooks.

    python benchmarks/card.py [--folder FOLDER]

It measures how near Keras's LSTM comes to the gates in NumPy, and how long a training
step takes. KERAS_BACKEND=torch measures PyTorch, where there is no TensorFlow. The
card, data/measured/DEVICE.json, keeps the rows of each backend that was run. On a GPU
each row is measured with cuDNN and without, and in float32 with TF32 and without.
(Keras 3.15's own matrix product on PyTorch rounds float64 to float32: its rows without
cuDNN show that.)
"""

from __future__ import annotations

import argparse
import os
import platform
import re
import statistics
import time
from pathlib import Path

if __name__ == "__main__":
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np

from lyricgen.files import DATA, read_card, write_json
from lyricgen.models.lstm import cell as lstm_cell
from lyricgen.models.lstm import gradient_check
from lyricgen.models.lstm import layer as lstm_layer
from lyricgen.models.training import gpu_name

B = 4  # sequences
T = 256  # steps
D = 64  # size of the input
H = 512  # units of the LSTM
V = 90  # tokens in the vocabulary of the training step
BACKEND = keras.backend.backend()
if BACKEND == "torch":
    import torch as library
else:
    import tensorflow as library


def cpu_name() -> str:
    """Returns the name of the processor and the number of its cores."""
    name = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.exists():
        names = re.findall(r"model name\s*: (.+)", info.read_text())
        name = names[0] if names else name
    return f"{name}, {os.cpu_count()} cores"


def use_tf32(on: bool) -> None:
    """Allows or forbids that a GPU rounds the factors of float32 products to TF32.

    TF32 has 10 bits after the leading one.
    """
    if BACKEND == "torch":
        library.backends.cuda.matmul.allow_tf32 = on
        library.backends.cudnn.allow_tf32 = on
    else:
        library.config.experimental.enable_tensor_float_32_execution(on)


def three_digits(value: float) -> float:
    return float(f"{value:.3g}")


def differences(dtype: str, cudnn: bool) -> tuple[dict[str, float], list[float]]:
    """Measures the largest differences between NumPy and Keras.

    Returns those of each gate and state in one step and of h over all steps, and those
    of h at each step.
    """
    keras.utils.set_random_seed(0)
    use_cudnn = "auto" if cudnn else False
    layer = keras.layers.LSTM(
        H, return_sequences=True, return_state=True, dtype=dtype, use_cudnn=use_cudnn
    )
    layer.build((None, None, D))
    rng = np.random.default_rng(0)
    x, h0, c0 = (rng.standard_normal(shape).astype(dtype) for shape in ((B, T, D), (B, H), (B, H)))
    steps = lstm_cell.forward(x, *lstm_cell.layer_weights(layer), h0, c0)
    outputs = layer(x, initial_state=[h0, c0])[0]
    by_step = np.abs(keras.ops.convert_to_numpy(outputs) - steps.h).max(axis=(0, 2))

    def rows(array: np.ndarray) -> np.ndarray:
        """Each step as a sequence of its own."""
        return array.reshape(B * T, -1)

    measured = gradient_check.measure_gates(
        layer, rows(x), rows(steps.h_before), rows(steps.c_before)
    )
    largest = {}
    for name, value in measured.items():
        difference = np.abs(value - rows(getattr(steps, name)))
        largest[name] = three_digits(difference.max())
    largest[f"h over {T} steps"] = three_digits(by_step.max())
    return largest, [three_digits(value) for value in by_step]


def training_ms(tokens_a_sequence: int) -> float:
    """Measures the median wall time of a language model's training step, in ms."""
    model = keras.Sequential(
        [
            keras.Input((tokens_a_sequence,), dtype="int32"),
            lstm_layer.Embedding(V, D),
            lstm_layer.LSTM(H, return_sequences=True),
            keras.layers.Dense(V),
        ]
    )
    model.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    shape = (64, tokens_a_sequence + 1)
    tokens = np.random.default_rng(0).integers(0, V, shape, dtype=np.int32)
    times: list[float] = []
    while len(times) < 12 and (len(times) < 4 or sum(times) < 30):
        start = time.perf_counter()
        # It returns the loss as a number, and so waits for the device.
        model.train_on_batch(tokens[:, :-1], tokens[:, 1:])
        times.append(time.perf_counter() - start)
    return round(statistics.median(times[2:]) * 1e3, 2)


def variants(gpu: bool) -> list[tuple[str, str, bool, bool]]:
    """Returns the row's name, the dtype, cuDNN and TF32 of each measurement."""
    rows = []
    for dtype in ("float32", "float64"):
        for cudnn in (True, False) if gpu else (False,):
            for tf32 in (False, True) if gpu and dtype == "float32" else (False,):
                row = f"{BACKEND}, {dtype}"
                if gpu:
                    row += f", cuDNN {'on' if cudnn else 'off'}, TF32 {'on' if tf32 else 'off'}"
                rows.append((row, dtype, cudnn, tf32))
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--folder", type=Path, default=DATA / "measured", help="where the card is written"
    )
    folder = parser.parse_args().folder
    gpu = gpu_name()
    name = gpu or cpu_name()
    file_name = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
    path = folder / f"{file_name}.json"
    card = read_card(path) if path.exists() else {}
    forward = dict(card.get("forward", {}))
    by_step = dict(card.get("by_step", {}))
    training = dict(card.get("training_ms", {}))
    for row, dtype, cudnn, tf32 in variants(gpu is not None):
        use_tf32(tf32)
        forward[row], by_step[row] = differences(dtype, cudnn)
        print(f"{row}: largest difference {max(forward[row].values()):.1e}", flush=True)
    use_tf32(False)
    for tokens in (32, 128):
        row = f"{BACKEND}, 64 sequences of {tokens} tokens, H {H}"
        training[row] = training_ms(tokens)
        print(f"a training step, {row}: {training[row]} ms", flush=True)
    versions = {
        "python": platform.python_version(),
        "numpy": np.__version__,
        "keras": keras.__version__,
        BACKEND: library.__version__,
    }
    card = {
        "device": name,
        "gpu": gpu is not None,
        "versions": card.get("versions", {}) | versions,
        "size": {"B": B, "T": T, "D": D, "H": H},
        "forward": forward,
        "training_ms": training,
        "by_step": by_step,
    }
    write_json(path, card)
    print(f"wrote {path}")


if __name__ == "__main__":
    main()
