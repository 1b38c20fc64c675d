"""What the benchmarks share: one core, contenders that take turns, ratios as JSON."""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

Contenders = dict[str, Callable[[], object]]


def use() -> None:
    """Keeps this process on one core; call it before NumPy is imported."""
    os.environ.update(
        OMP_NUM_THREADS="1",
        OPENBLAS_NUM_THREADS="1",
        TF_CPP_MIN_LOG_LEVEL="3",
        KERAS_BACKEND="tensorflow",
        CUDA_VISIBLE_DEVICES="",
    )
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})


def begin(description: str) -> argparse.Namespace:
    """Reads --quick and --json, and sets TensorFlow to one thread."""
    import tensorflow as tf

    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="three rounds, and fewer contenders")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the ratios there")
    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    # TensorFlow warns where one process compiles many models.
    tf.get_logger().setLevel("ERROR")
    return parser.parse_args()


def race(contenders: Contenders, rounds: int) -> dict[str, float]:
    """Measures the median CPU time of each contender in seconds.

    The contenders take turns, after one run each that does not count.
    """
    times: dict[str, list[float]] = {name: [] for name in contenders}
    for _ in range(rounds + 1):
        for name, run in contenders.items():
            start = time.process_time()
            run()
            times[name].append(time.process_time() - start)
    return {name: statistics.median(values[1:]) for name, values in times.items()}


def finish(options: argparse.Namespace, results: dict[str, dict[str, float | None]]) -> None:
    """Prints a line where PyTorch is missing, and writes the ratios if asked to."""
    from lyricgen.files import write_json

    if "torch" not in sys.modules:
        print("PyTorch is not installed: vs_torch is null.")
    if options.json:
        write_json(options.json, results)
