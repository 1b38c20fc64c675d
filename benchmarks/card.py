"""Measures this device for the notebooks: how near Keras's LSTM comes to the gates in NumPy, and how long a training step takes.

    python benchmarks/card.py [--folder FOLDER]      # KERAS_BACKEND=torch where there is PyTorch and no TensorFlow

The card, data/measured/DEVICE.json, keeps the rows of each backend that was run. On a GPU every row stands with cuDNN and without, and in float32
with TF32 and without. (Keras 3.15's own matrix product on PyTorch rounds float64 to float32: its rows without cuDNN show that.)
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

B, T, D, H, V = 4, 256, 64, 512, 90
BACKEND = keras.backend.backend()
if BACKEND == "torch":
    import torch as library
else:
    import tensorflow as library


def device() -> tuple[str, bool]:
    """The name of the device that Keras computes on, and whether it is a GPU."""
    if BACKEND == "torch" and library.cuda.is_available():
        return library.cuda.get_device_name(), True
    if BACKEND == "tensorflow" and (found := library.config.list_physical_devices("GPU")):
        return library.config.experimental.get_device_details(found[0]).get(
            "device_name", "GPU"
        ), True
    info = Path("/proc/cpuinfo")
    names = re.findall(r"model name\s*: (.+)", info.read_text()) if info.exists() else []
    return (
        f"{(names or [platform.processor() or platform.machine()])[0]}, {os.cpu_count()} cores",
        False,
    )


def use_tf32(on: bool) -> None:
    """Lets products of float32 matrices on a GPU round their factors to TF32's 10 bits, or forbids it."""
    if BACKEND == "torch":
        library.backends.cuda.matmul.allow_tf32 = library.backends.cudnn.allow_tf32 = on
    else:
        library.config.experimental.enable_tensor_float_32_execution(on)


def differences(dtype: str, cudnn: bool) -> tuple[dict[str, float], list[float]]:
    """The largest difference between NumPy and Keras, of each gate and state in one step and of h over 256 steps, and that of h at each step."""
    keras.utils.set_random_seed(0)
    layer = keras.layers.LSTM(
        H,
        return_sequences=True,
        return_state=True,
        dtype=dtype,
        use_cudnn="auto" if cudnn else False,
    )
    layer.build((None, None, D))
    rng = np.random.default_rng(0)
    x, h0, c0 = (rng.standard_normal(shape).astype(dtype) for shape in ((B, T, D), (B, H), (B, H)))
    steps = lstm_cell.forward(x, *lstm_cell.layer_weights(layer), h0, c0)
    by_step = np.abs(keras.ops.convert_to_numpy(layer(x, initial_state=[h0, c0])[0]) - steps.h).max(
        axis=(0, 2)
    )
    rows = [
        array.reshape(B * T, -1) for array in (x, steps.h_before, steps.c_before)
    ]  # each step as a sequence of its own
    measured = gradient_check.measure_gates(layer, *rows)
    largest = {
        name: np.abs(value - getattr(steps, name).reshape(B * T, -1)).max()
        for name, value in measured.items()
    }
    largest[f"h over {T} steps"] = by_step.max()
    return {name: float(f"{value:.3g}") for name, value in largest.items()}, [
        float(f"{value:.3g}") for value in by_step
    ]


def training_ms(steps: int) -> float:
    """The median wall time of a training step of a language model over so many tokens, in milliseconds."""
    model = keras.Sequential(
        [
            keras.Input((steps,), dtype="int32"),
            lstm_layer.Embedding(V, D),
            lstm_layer.LSTM(H, return_sequences=True),
            keras.layers.Dense(V),
        ]
    )
    model.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    tokens = np.random.default_rng(0).integers(0, V, (64, steps + 1), dtype=np.int32)
    times: list[float] = []
    while len(times) < 12 and (len(times) < 4 or sum(times) < 30):
        start = time.perf_counter()
        model.train_on_batch(
            tokens[:, :-1], tokens[:, 1:]
        )  # gives the loss as a number, and so waits for the device
        times.append(time.perf_counter() - start)
    return round(statistics.median(times[2:]) * 1e3, 2)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--folder", type=Path, default=DATA / "measured", help="where the card is written"
    )
    folder = parser.parse_args().folder
    name, gpu = device()
    path = folder / (re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-") + ".json")
    card = read_card(path) if path.exists() else {}
    forward, by_step, training = (
        dict(card.get(part, {})) for part in ("forward", "by_step", "training_ms")
    )
    for dtype in ("float32", "float64"):
        for cudnn in (True, False) if gpu else (False,):
            for tf32 in (False, True) if gpu and dtype == "float32" else (False,):
                use_tf32(tf32)
                row = f"{BACKEND}, {dtype}" + (
                    f", cuDNN {'on' if cudnn else 'off'}, TF32 {'on' if tf32 else 'off'}"
                    if gpu
                    else ""
                )
                forward[row], by_step[row] = differences(dtype, cudnn)
                print(f"{row}: largest difference {max(forward[row].values()):.1e}", flush=True)
    use_tf32(False)
    for steps in (32, 128):
        row = f"{BACKEND}, 64 sequences of {steps} tokens, H {H}"
        training[row] = training_ms(steps)
        print(f"a training step, {row}: {training[row]} ms", flush=True)
    versions = {
        "python": platform.python_version(),
        "numpy": np.__version__,
        "keras": keras.__version__,
        BACKEND: library.__version__,
    }
    write_json(
        path,
        {
            "device": name,
            "gpu": gpu,
            "versions": card.get("versions", {}) | versions,
            "size": {"B": B, "T": T, "D": D, "H": H},
            "forward": forward,
            "training_ms": training,
            "by_step": by_step,
        },
    )
    print(f"wrote {path}")


if __name__ == "__main__":
    main()
