"""Training that resumes exactly: a stopped training ends with the same bits.

Nothing of a step depends on what came before it but the model's variables: data, noise
and learning rate follow from the seed and the step's number. All variables, those of
the optimizer too, go into one checkpoint, which is written atomically.
"""

from __future__ import annotations

import json
import math
import platform
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import keras
import numpy as np
from tqdm import tqdm

from lyricgen.budget import Budget
from lyricgen.files import UserError, write_atomic
from lyricgen.models import lock
from lyricgen.models.checkpoint import load, save, split_variables

# Seconds between two checkpoints, besides the one at each validation.
SAVE_EVERY = 30.0

# At most this share of the minutes is spent on validations; there are fewer of them
# where each takes long.
VALIDATING = 0.25

# Stands for the number of steps while it is being measured how many fit into minutes.
UNKNOWN_STEPS = 10**6

Row = dict[str, Any]


def make_deterministic(seed: int) -> None:
    """Seeds Python, NumPy and Keras, and allows only deterministic operations.

    TensorFlow then uses only operations that give the same bits each time, for the rest
    of the process.
    Notebook: training_a_language_model
    """
    keras.utils.set_random_seed(seed)
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        tf.config.experimental.enable_op_determinism()


def machine() -> str:
    """Returns the name of the GPU that Keras computes on, or of the processor."""
    return gpu_name() or _processor()


def gpu_name() -> str | None:
    """Returns the name of the GPU that Keras computes on, None where it is a CPU."""
    backend = keras.backend.backend()
    if backend == "torch":
        import torch

        return torch.cuda.get_device_name() if torch.cuda.is_available() else None
    if backend == "jax":
        import jax

        device = jax.devices()[0]
        return device.device_kind if device.platform == "gpu" else None
    import tensorflow as tf

    gpus = tf.config.list_physical_devices("GPU")
    if not gpus:
        return None
    return tf.config.experimental.get_device_details(gpus[0]).get("device_name", "GPU")


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    for line in lines:
        if line.startswith("model name"):
            return line.split(":")[1].strip()
    return platform.processor() or platform.machine()


@dataclass(frozen=True)
class Schedule:
    """Holds what makes a step's learning rate and its noise follow from its number.

    The learning rate rises to `peak` in the share `warm_up` of the steps; `seed` and
    the step's number set the random generators.
    """

    peak: float
    seed: int
    warm_up: float = 0.03


def learning_rate(step: int, steps: int, peak: float, warm_up: float = 0.03) -> float:
    """Returns the learning rate of a step: a line up to the peak, then half a cosine.

    The cosine ends at a hundredth of the peak.
    Source: Loshchilov and Hutter 2017, equation 5.
    Notebook: training_a_language_model
    """
    rise = max(1, round(warm_up * steps))
    if step < rise:
        return peak * (step + 1) / rise
    angle = math.pi * (step - rise) / max(1, steps - rise)
    return peak * (0.01 + 0.99 * (1 + math.cos(angle)) / 2)


def mean_scores(model: keras.Model, batches: Iterable[tuple]) -> dict[str, float]:
    """Returns the means of a model's loss and metrics over batches (x, y, ...).

    Each batch counts by its size. Metrics are reset before each batch, since from call
    to call of `test_on_batch` Keras 3.13 accumulates them, and 3.15 does not.
    """
    sums: dict[str, float] = {}
    count = 0
    for batch in batches:
        model.reset_metrics()
        scores = model.test_on_batch(*batch, return_dict=True)
        size = len(batch[0])
        for name, value in scores.items():
            sums[name] = sums.get(name, 0.0) + size * float(value)
        count += size
    return {name: value / count for name, value in sums.items()}


@contextmanager
def averaged(model: keras.Model) -> Iterator[None]:
    """Gives a model the running mean of its weights, and afterwards its own again.

    Keras swaps the two by sums, which round in the last digit. Where the optimizer
    keeps no mean, nothing changes.
    """
    if not model.optimizer.use_ema:
        yield
        return
    swap = keras.callbacks.SwapEMAWeights()
    swap.set_model(model)
    swap.on_test_begin()
    try:
        yield
    finally:
        swap.on_test_end()


@dataclass
class State:
    """Says how far a training is; stands in its checkpoint beside the variables.

    `sums` are the sums of the losses and metrics of the `since` steps after the last
    validation; `rows` are the curves so far. `validations` is 0 where the budget says
    how many there are.
    """

    steps: int
    validations: int = 0
    step: int = 0
    seconds: float = 0.0
    best: float = math.inf
    sums: dict[str, float] = field(default_factory=dict)
    since: int = 0
    rows: list[Row] = field(default_factory=list)

    def add(self, losses: dict[str, float]) -> dict[str, float]:
        """Counts a step and returns the mean losses since the last validation."""
        self.step += 1
        self.since += 1
        self.sums = {name: self.sums.get(name, 0.0) + value for name, value in losses.items()}
        return {name: value / self.since for name, value in self.sums.items()}


class Training:
    """A model in training: its steps, its checkpoints and the best weights so far."""

    def __init__(
        self,
        model: keras.Model,
        batch: Callable[[int], tuple],
        schedule: Schedule,
        before: Callable[[int, int], None] | None,
        folder: Path,
    ):
        self.model = model
        self.batch = batch
        self.schedule = schedule
        self.before = before
        self.checkpoint_file = folder / "checkpoint.npz"
        self.best_file = folder / "best.npz"
        self.curves_file = folder / "curves.jsonl"
        self.variables, self.seeds = split_variables(model)
        self.began = time.perf_counter()
        self.saved = self.began

    def run_step(self, step: int, steps: int) -> dict[str, float]:
        """Trains on the batch of a step and returns its loss and metrics."""
        if self.before is not None:
            self.before(step, steps)
        self._set_noise(step)
        rate = learning_rate(step, steps, self.schedule.peak, self.schedule.warm_up)
        self.model.optimizer.learning_rate.assign(rate)
        self.model.reset_metrics()
        losses = self.model.train_on_batch(*self.batch(step), return_dict=True)
        return {name: float(value) for name, value in losses.items()}

    def _set_noise(self, step: int) -> None:
        for k, generator_state in enumerate(self.seeds):
            seed = (1000 * self.schedule.seed + k) % 2**32
            generator_state.assign([seed, step])

    def resume_or_start(self, budget: Budget, validate: Callable) -> State:
        """Returns the state of the checkpoint, or a new one that is saved at once."""
        if self.checkpoint_file.exists():
            state = State(**load(self.checkpoint_file, self.variables))
        else:
            state = State(*self._choose_steps(budget, validate))
            save(self.checkpoint_file, self.variables, asdict(state))
        self.saved = time.perf_counter()
        self.began = self.saved - state.seconds
        return state

    def _choose_steps(self, budget: Budget, validate: Callable) -> tuple[int, int]:
        """Returns the steps and validations of a budget, or those that fit its minutes.

        The time is measured on a few steps and a validation, after which all variables
        are as before.
        """
        if budget.steps is not None:
            return budget.steps, budget.validations
        assert budget.minutes is not None, "a budget without steps has minutes"
        values = [keras.ops.convert_to_numpy(variable) for variable in self.variables]
        began = time.perf_counter()
        # The first calls compile, so they are not measured.
        self.run_step(0, UNKNOWN_STEPS)
        self.run_step(1, UNKNOWN_STEPS)
        validate()
        seconds = [_seconds(self.run_step, step, UNKNOWN_STEPS) for step in range(2, 12)]
        validation = _seconds(validate)
        for variable, value in zip(self.variables, values):
            variable.assign(value)
        measuring = time.perf_counter() - began
        left = 60 * budget.minutes - measuring
        affordable = int(VALIDATING * left / max(validation, 1e-9))
        validations = int(np.clip(affordable, 2, budget.validations))
        steps = int((left - validations * validation) / np.median(seconds))
        return max(budget.validations, steps), validations

    def is_save_due(self) -> bool:
        """Tells whether the last checkpoint is older than SAVE_EVERY."""
        return time.perf_counter() - self.saved > SAVE_EVERY

    def save(self, state: State) -> None:
        """Writes the checkpoint."""
        self.saved = time.perf_counter()
        state.seconds = self.saved - self.began
        save(self.checkpoint_file, self.variables, asdict(state))
        lock.renew(self.checkpoint_file.parent / lock.FILE_NAME)

    def record(self, state: State, means: dict[str, float], scores: dict[str, float]) -> None:
        """Adds a validation to the curves, and keeps the weights if they are best."""
        state.seconds = time.perf_counter() - self.began
        row = {"step": state.step, "seconds": round(state.seconds, 1), **means, **scores}
        state.rows.append(row)
        if scores["validation"] < state.best:
            state.best = scores["validation"]
            save(self.best_file, self.model.weights, {})
        state.sums = {}
        state.since = 0
        lines = [json.dumps(row) + "\n" for row in state.rows]
        write_atomic(self.curves_file, "".join(lines).encode())

    def load_best(self) -> None:
        """Sets the weights of the model to those of the best validation."""
        load(self.best_file, self.model.weights)


def fit(
    model: keras.Model,
    batch: Callable[[int], tuple],
    validate: Callable[[], float | dict[str, float]],
    budget: Budget,
    schedule: Schedule,
    before: Callable[[int, int], None] | None = None,
    each: Callable[[list[Row]], None] | None = None,
) -> list[Row]:
    """Trains a compiled and built model, or resumes where a stopped training was.

    `batch(step)` returns the arguments of `train_on_batch`. `validate()` returns the
    score, lower is better, or a dict of scores, of which `validation` is that one; it
    leaves the variables that training uses as they were. `before(step, steps)` is
    called before each step (to set a weight of the loss, or to reset a state), and
    `each(rows)` after each validation, with the curves so far.

    In the end the model has the weights of the best validation. Where the optimizer
    keeps a running mean of the weights, that mean is validated and kept. Returns the
    curves, a row for each validation, which are in the folder's curves.jsonl as they
    grow.

    Keras's `Model.fit` with callbacks resumes as exactly and takes the same time a step
    (0.25 s of processor time for the language model either way), but it needs a data
    set and a callback class besides, which hide the loop. It also reads batches ahead
    in a thread, where an error becomes TensorFlow's UnknownError, and its step is
    compiled for any batch size, which changed a MusicVAE by 1.6e-7 within 40 steps.
    Raises: UserError where the loss is not finite, for a checkpoint that cannot be read
    or is of another model, and where another process trains in the same folder.
    Notebook: training_a_language_model
    """
    with lock.locked(budget.folder):
        training = Training(model, batch, schedule, before, budget.folder)
        state = training.resume_or_start(budget, validate)
        _run_steps(training, state, budget, validate, each)
        training.load_best()
    return state.rows


def _run_steps(
    training: Training,
    state: State,
    budget: Budget,
    validate: Callable[[], float | dict[str, float]],
    each: Callable[[list[Row]], None] | None,
) -> None:
    """Trains from where the state is to the last step."""
    every = max(1, state.steps // (state.validations or budget.validations))
    with _progress_bar(state, budget.progress) as progress_bar:
        for step in range(state.step, state.steps):
            losses = training.run_step(step, state.steps)
            means = state.add(losses)
            _check_finite(losses["loss"], state.step)
            if state.step % every == 0 or state.step == state.steps:
                with averaged(training.model):
                    training.record(state, means, _as_scores(validate()))
                    if each is not None:
                        each(state.rows)
                training.save(state)
            elif training.is_save_due():
                training.save(state)
            _show(progress_bar, means["loss"], state.best)


def _seconds(function: Callable, *arguments: Any) -> float:
    """Returns how long a call takes, by the clock."""
    began = time.perf_counter()
    function(*arguments)
    return time.perf_counter() - began


def _as_scores(score: float | dict[str, float]) -> dict[str, float]:
    return score if isinstance(score, dict) else {"validation": float(score)}


def _check_finite(loss: float, step: int) -> None:
    if not math.isfinite(loss):
        raise UserError(
            f"The loss is {loss} at step {step}; train again with a lower learning rate."
        )


def _progress_bar(state: State, shown: bool) -> tqdm:
    return tqdm(
        total=state.steps,
        initial=state.step,
        file=sys.stderr,
        disable=not shown,
        unit="step",
        mininterval=1.0,
    )


def _show(progress_bar: tqdm, loss: float, best: float) -> None:
    figures = {"loss": f"{loss:.4f}", "best validation": f"{best:.4f}"}
    progress_bar.set_postfix(figures, refresh=False)
    progress_bar.update()
