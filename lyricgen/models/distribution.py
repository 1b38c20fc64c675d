"""Training on several devices of one machine, in step with each other."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import keras

from lyricgen.files import UserError

if keras.backend.backend() == "tensorflow":
    import tensorflow as tf
else:
    tf = None


def check_devices(devices: int, batch: int) -> None:
    """Raises UserError where a batch cannot be shared by so many devices."""
    if devices < 1:
        raise UserError(f"--devices is {devices}; it should be 1 or more.")
    if batch % devices:
        raise UserError(f"A batch of {batch} cannot be shared by {devices} devices; see --batch.")
    if devices > 1 and tf is None:
        raise UserError("--devices needs TensorFlow: unset KERAS_BACKEND.")


def scope_of(devices: int) -> AbstractContextManager[Any]:
    """Returns the scope in which a model is made for so many devices.

    They are GPUs or, where there is none, parts of the CPU, which gain nothing but show
    that the weights are the same. Several machines are not for this: with Keras 3
    `fit` and `train_on_batch` fail under MultiWorkerMirroredStrategy.
    Raises: UserError where there are fewer GPUs, or TensorFlow has begun with others.
    """
    if devices == 1:
        return nullcontext()
    gpus = tf.config.list_physical_devices("GPU")
    if gpus:
        if len(gpus) < devices:
            raise UserError(f"--devices is {devices}, and there are {len(gpus)} GPUs.")
        names = [f"GPU:{k}" for k in range(devices)]
    else:
        _divide_cpu(devices)
        names = [f"CPU:{k}" for k in range(devices)]
    return tf.distribute.MirroredStrategy(names).scope()


def _divide_cpu(devices: int) -> None:
    """Makes logical devices of the CPU."""
    (cpu,) = tf.config.list_physical_devices("CPU")
    parts = [tf.config.LogicalDeviceConfiguration() for _ in range(devices)]
    try:
        tf.config.set_logical_device_configuration(cpu, parts)
    except RuntimeError as error:
        # They cannot be changed once TensorFlow runs.
        if len(tf.config.list_logical_devices("CPU")) < devices:
            raise UserError(
                "The devices have to be named before TensorFlow begins: start a new process."
            ) from error


def replicas() -> int:
    """Returns on how many devices a model trains, inside its scope or its steps."""
    return 1 if tf is None else tf.distribute.get_strategy().num_replicas_in_sync


def own_rows(array: Any) -> Any:
    """Returns the rows of a batch that are this device's, in a step of a training."""
    count = replicas()
    number = tf.distribute.get_replica_context().replica_id_in_sync_group
    rows = tf.shape(array)[0] // count
    first = tf.cast(number, rows.dtype) * rows
    return array[first : first + rows]


def summed(gradients: list[Any]) -> list[Any]:
    """Returns the sums of the gradients over all devices."""
    context = tf.distribute.get_replica_context()
    return context.all_reduce(tf.distribute.ReduceOp.SUM, gradients)


def gradients_of(loss: Callable[[], Any], weights: list[Any]) -> tuple[Any, list[Any]]:
    """Returns a loss and its gradients with respect to weights."""
    with tf.GradientTape() as tape:
        value = loss()
    gradients = tape.gradient(value, [weight.value for weight in weights])
    # That of an embedding comes as the rows that were read.
    return value, [tf.convert_to_tensor(gradient) for gradient in gradients]


def clipped(gradients: list[Any], most: float) -> list[Any]:
    """Returns the gradients, shortened together where their norm is above `most`."""
    shortened, _ = tf.clip_by_global_norm(gradients, most)
    return shortened
