"""Training that can be trusted: a model is stopped at any moment, goes on where it was, and ends with the same weights, bit for bit.

Nothing of a step depends on what came before it but the model's variables: data, noise and learning rate follow from the seed and the step's
number. All variables, those of the optimizer too, go into one checkpoint under a temporary name, which is then renamed.
"""

from __future__ import annotations

import json
import math
import platform
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import keras
import numpy as np
from tqdm import tqdm

from lyricgen.files import UserError, write_atomic
from lyricgen.models.checkpoint import load, save, split_variables

SAVE_EVERY = 30.0  # seconds between checkpoints, besides one at each validation


def make_deterministic(seed: int) -> None:
    """Seeds Python, NumPy and Keras, and lets TensorFlow use only operations that give the same bits each time, for the rest of the process.

    Notebook: 03_lyrics_language_model
    """
    keras.utils.set_random_seed(seed)
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        tf.config.experimental.enable_op_determinism()


def machine() -> str:
    """The name of this machine's processor."""
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":")[1].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def learning_rate(step: int, steps: int, peak: float, warm_up: float = 0.03) -> float:
    """The learning rate of a step: a straight line up to the peak, then half a cosine down to a hundredth of it.

    Source: Loshchilov and Hutter 2017, equation 5. Notebook: 03_lyrics_language_model
    """
    rise = max(1, round(warm_up * steps))
    if step < rise:
        return peak * (step + 1) / rise
    return peak * (0.01 + 0.99 * (1 + math.cos(math.pi * (step - rise) / max(1, steps - rise))) / 2)


def mean_scores(model: keras.Model, batches: Iterable[tuple]) -> dict[str, float]:
    """The means of what a model's loss and metrics are over batches (x, y, ...), each with the weight of its size.

    Not left to `test_on_batch`: from call to call Keras 3.13 goes on adding up, and 3.15 begins anew. Notebook: 08_training_musicvae
    """
    sums, count = {}, 0
    for given in batches:
        model.reset_metrics()
        found, size = model.test_on_batch(*given, return_dict=True), len(given[0])
        sums, count = (
            {name: sums.get(name, 0.0) + size * float(value) for name, value in found.items()},
            count + size,
        )
    return {name: value / count for name, value in sums.items()}


def fit(
    model: keras.Model,
    batch: Callable[[int], tuple],
    validate: Callable[[], float | dict[str, float]],
    folder: Path,
    seed: int,
    *,
    peak: float,
    steps: int | None = None,
    minutes: float | None = None,
    validations: int = 30,
    warm_up: float = 0.03,
    before: Callable[[int, int], None] | None = None,
    each: Callable[[list], None] | None = None,
    progress: bool = True,
) -> list[dict[str, Any]]:
    """Trains a compiled and built model by steps, or by minutes, which choose the number of steps beforehand; goes on where a stopped run was.

    `batch(step)` gives the arguments of `train_on_batch`; `validate()` the score, lower is better, or a dict of scores, of which `validation` is that
    one, without leaving a trace in the variables that training uses; `before(step, steps)` is called first (a weight of the loss, a state to reset),
    and `each(rows)` after a validation, with the curves so far. In the end the model has the weights of the best validation. Returns the curves, a
    row for each validation; they are in the folder's curves.jsonl as they grow. Raises UserError where the loss is no number any more, and where the
    folder has a checkpoint of another model.
    Notebook: 03_lyrics_language_model
    """
    kept, seeds = split_variables(model)
    checkpoint, best_file, curves = (
        folder / "checkpoint.npz",
        folder / "best.npz",
        folder / "curves.jsonl",
    )

    def run(step: int) -> dict[str, float]:
        if before:
            before(step, steps or 10**6)
        for k, state in enumerate(seeds):
            state.assign([(1000 * seed + k) % 2**32, step])
        model.optimizer.learning_rate.assign(learning_rate(step, steps or 10**6, peak, warm_up))
        model.reset_metrics()
        return {
            name: float(value)
            for name, value in model.train_on_batch(*batch(step), return_dict=True).items()
        }

    if checkpoint.exists():
        now = load(checkpoint, kept)
        steps = now["steps"]
    else:
        if steps is None:
            steps = _steps_in(60 * minutes, run, validate, kept, validations)
        now = {
            "step": 0,
            "steps": steps,
            "seconds": 0.0,
            "best": math.inf,
            "sums": {},
            "since": 0,
            "rows": [],
        }
        save(checkpoint, kept, now)
    every, began, saved = (
        max(1, steps // validations),
        time.perf_counter() - now["seconds"],
        time.perf_counter(),
    )
    with tqdm(
        total=steps,
        initial=now["step"],
        file=sys.stderr,
        disable=not progress,
        unit="step",
        mininterval=1.0,
    ) as progress_bar:
        while now["step"] < steps:
            logs = run(now["step"])
            now["step"], now["since"] = now["step"] + 1, now["since"] + 1
            now["sums"] = {name: now["sums"].get(name, 0.0) + value for name, value in logs.items()}
            means = {name: value / now["since"] for name, value in now["sums"].items()}
            if not math.isfinite(logs["loss"]):
                raise UserError(
                    f"The loss is {logs['loss']} at step {now['step']}; train again with a lower learning rate."
                )
            checked = now["step"] % every == 0 or now["step"] == steps
            if checked:
                scores = validate()
                scores = scores if isinstance(scores, dict) else {"validation": float(scores)}
                score = scores["validation"]
                now["seconds"] = time.perf_counter() - began
                now["rows"].append(
                    {"step": now["step"], "seconds": round(now["seconds"], 1), **means, **scores}
                )
                if score < now["best"]:
                    now["best"] = score
                    save(best_file, model.weights, {})
                now["sums"], now["since"] = {}, 0
                write_atomic(
                    curves, "".join(json.dumps(row) + "\n" for row in now["rows"]).encode()
                )
                if each:
                    each(now["rows"])
            if checked or time.perf_counter() - saved > SAVE_EVERY:
                now["seconds"], saved = time.perf_counter() - began, time.perf_counter()
                save(checkpoint, kept, now)
            progress_bar.set_postfix(
                {"loss": f"{means['loss']:.4f}", "best validation": f"{now['best']:.4f}"},
                refresh=False,
            )
            progress_bar.update()
    load(best_file, model.weights)
    return now["rows"]


def _steps_in(
    seconds: float, run: Callable, validate: Callable, kept: list, validations: int
) -> int:
    """How many steps, and the validations between them, fit into some seconds: measured on a few steps, after which all variables are as before."""
    values = [keras.ops.convert_to_numpy(v) for v in kept]
    began = time.perf_counter()
    run(0), run(1), validate()  # the first ones compile
    times = [(time.perf_counter(), run(step), time.perf_counter()) for step in range(2, 12)]
    half = time.perf_counter()
    validate()
    spent_validating = (time.perf_counter() - half) * validations
    for variable, value in zip(kept, values):
        variable.assign(value)
    left = seconds - (time.perf_counter() - began) - spent_validating
    return max(validations, int(left / np.median([after - before for before, _, after in times])))
