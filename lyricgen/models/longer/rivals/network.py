"""The rivals of the song VAE in Keras: a flat decoder, and one without restarts."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import keras
import numpy as np
from keras import layers, ops

from lyricgen.models.longer.data import STEPS
from lyricgen.models.longer.network import (
    Conductor,
    ControlledVAE,
    SongEncoder,
    Weights,
    dense_tensors,
    lstm_tensors,
)
from lyricgen.models.longer.settings import SEGMENTS, SongSettings
from lyricgen.models.lstm.layer import LSTM
from lyricgen.models.musicvae.settings import Settings as TwoBarSettings

# Steps of 16 bars
ALL_STEPS = SEGMENTS * STEPS

# The largest norm of a gradient
CLIP = 1.0


class EventDecoder(layers.Layer):
    """A decoder of 256 events that begins with the weights of that of two bars.

    It reads the event before, the place, and a z (B, G) at each step, as the decoder of
    two bars does, but keeps its state from the first step to the last. More units than
    that one has begin without effect.
    Notebook: longer_melodies
    """

    def __init__(self, units: int, shapes: TwoBarSettings):
        super().__init__()
        self.units = units
        self.inputs_of = layers.Embedding(shapes.tokens + 1, shapes.embedding)
        shape = (ALL_STEPS, shapes.embedding)
        self.places = self.add_weight(shape=shape, initializer="zeros", name="places")
        self.z_in = layers.Dense(shapes.embedding, use_bias=False)
        self.first = layers.Dense(2 * units, "tanh")
        self.lstm = LSTM(units, return_sequences=True)
        self.out = layers.Dense(shapes.tokens)

    def begin(self, arrays: dict[str, np.ndarray]) -> None:
        """Takes over the weights of the decoder of two bars, each place 8 times."""
        cell = self.lstm.cell
        old = len(arrays["decoder_U"])
        self.inputs_of.embeddings.assign(arrays["inputs"])
        self.places.assign(np.tile(arrays["places"], (SEGMENTS, 1)))
        self.z_in.kernel.assign(arrays["z_W"])
        cell.kernel.assign(_widened(cell.kernel, arrays["decoder_W"], old, 4))
        cell.bias.assign(_widened(cell.bias, arrays["decoder_b"], old, 4))
        U = _widened(cell.recurrent_kernel, arrays["decoder_U"], old, 4)
        # What the old units read of the new ones
        U.reshape(self.units, 4, self.units)[old:, :, :old] = 0
        cell.recurrent_kernel.assign(U)
        self.first.kernel.assign(_widened(self.first.kernel, arrays["first_W"], old, 2))
        self.first.bias.assign(_widened(self.first.bias, arrays["first_b"], old, 2))
        out = np.zeros(self.out.kernel.shape, np.float32)
        out[:old] = arrays["out_W"]
        self.out.kernel.assign(out)
        self.out.bias.assign(arrays["out_b"])

    def call(self, z_first: Any, z_steps: Any, events: Any, training: bool = False) -> Any:
        """Returns the logits (B, T, V) of events (B, T), by teacher forcing.

        z_first (B, G) gives the first state, z_steps (B, S, G) is read in each of S
        parts of the tune, which are equally long.
        """
        start = self.inputs_of.input_dim - 1
        before = ops.pad(events[:, :-1], ((0, 0), (1, 0)), constant_values=start)
        x_z = ops.repeat(self.z_in(z_steps), ALL_STEPS // z_steps.shape[1], axis=1)
        x = self.inputs_of(before) + self.places + x_z
        states = ops.split(self.first(z_first), 2, axis=1)
        return self.out(self.lstm(x, initial_state=states, training=training))

    def tensors(self) -> dict[str, Any]:
        """Returns the weights by the names of a MusicVAE's decoder."""
        return {
            "inputs": self.inputs_of.embeddings,
            "places": self.places,
            "z_W": self.z_in.kernel,
            **dense_tensors("first", self.first),
            **lstm_tensors("decoder", self.lstm),
            **dense_tensors("out", self.out),
        }


def _widened(initial: Any, old: np.ndarray, units: int, blocks: int) -> np.ndarray:
    """Returns initial weights with the old ones in their place.

    The last axis has `blocks` gates or states side by side, each of `units` in the old
    weights; of a recurrent kernel the rows are units, too.
    """
    new = np.array(ops.convert_to_numpy(initial))
    in_blocks = new.reshape(*new.shape[:-1], blocks, -1)
    old_in_blocks = old.reshape(*old.shape[:-1], blocks, units)
    place = tuple(slice(size) for size in old_in_blocks.shape)
    in_blocks[place] = old_in_blocks
    return new


class Rival(ControlledVAE, Weights):
    """A VAE of 16 bars that begins where the song VAE begins, and decodes events.

    A batch is one array (B, S, G + 32): x of the segments, and their events. The
    encoder is that of the song VAE. What it costs is the cross-entropy of the events.
    """

    def __init__(
        self,
        settings: SongSettings,
        units: int,
        start: dict[str, np.ndarray],
        two_bars: dict[str, np.ndarray],
    ):
        super().__init__(settings)
        tokens, embedding = two_bars["inputs"].shape
        shapes = TwoBarSettings(tokens=tokens - 1, embedding=embedding)
        self.encoder = SongEncoder(settings)
        self.decoder = EventDecoder(units, shapes)
        self.add_bridge(settings)
        self.offset = self.add_weight(
            shape=(settings.segment,), initializer="zeros", trainable=False, name="offset"
        )
        self.scale = self.add_weight(
            shape=(settings.segment,), initializer="ones", trainable=False, name="scale"
        )
        adam = keras.optimizers.Adam(settings.rate, global_clipnorm=CLIP)
        self.compile(adam, jit_compile=False)
        # A first call builds the layers.
        self(np.zeros((2, SEGMENTS, settings.segment + STEPS), np.float32))
        self.encoder.begin(start)
        self.decoder.begin(two_bars)
        self.begin_bridge(start)
        self.offset.assign(start["offset"])
        self.scale.assign(start["scale"])

    def add_bridge(self, settings: SongSettings) -> None:
        """Adds the layers from the z of a song to those that the decoder reads."""
        raise NotImplementedError

    def begin_bridge(self, start: dict[str, np.ndarray]) -> None:
        """Sets their weights."""
        raise NotImplementedError

    def bridge(self, z: Any, training: bool = False) -> Any:
        """Returns x (B, S, G) of the parts in which the decoder reads it."""
        raise NotImplementedError

    def call(self, batch, training: bool = False):
        G = self.settings.segment
        x = batch[..., :G]
        events = ops.reshape(ops.cast(batch[..., G:], "int32"), (-1, ALL_STEPS))
        mu, sigma = self.encoder(x, training=training)
        z = self.draw(mu, sigma)
        read = self.bridge(z, training) * self.scale + self.offset
        logits = self.decoder(read[:, 0], read, events, training=training)
        return {"mu": mu, "sigma": sigma, "logits": logits}

    def costs_of(self, x: Any, predicted: dict[str, Any]) -> Any:
        events = ops.cast(x[..., self.settings.segment :], "int32")
        events = ops.reshape(events, (-1, ALL_STEPS))
        logits = predicted["logits"]
        costs = keras.losses.sparse_categorical_crossentropy(events, logits, from_logits=True)
        return ops.sum(costs, axis=1)

    def bridge_tensors(self) -> dict[str, Any]:
        """Returns the weights of the layers between the encoder and the decoder."""
        raise NotImplementedError

    def tensors(self) -> dict[str, Any]:
        # The recurrent weights of the encoder have other names than the decoder's.
        return self.encoder.tensors() | self.bridge_tensors() | self.decoder.tensors()


class FlatVAE(Rival):
    """The flat rival: the same numbers of z are read at each of the 256 steps.

    They begin as the z of the first segment, so that the first two bars are decoded
    well from the start.
    Source: Roberts et al. 2018, section 5.2 (the flat baseline).
    Notebook: longer_melodies
    """

    def add_bridge(self, settings: SongSettings) -> None:
        self.flat = layers.Dense(settings.segment)

    def begin_bridge(self, start: dict[str, np.ndarray]) -> None:
        G = self.settings.segment
        self.flat.kernel.assign(start["out_W"][:, :G])
        self.flat.bias.assign(start["out_b"][:G])

    def bridge(self, z: Any, training: bool = False) -> Any:
        return self.flat(z)[:, None]

    def bridge_tensors(self) -> dict[str, Any]:
        return {"flat_W": self.flat.kernel, "flat_b": self.flat.bias}


class CarriedVAE(Rival):
    """The ablation: a conductor, but a decoder whose state is carried on.

    The z of each segment is read at each of its steps; only the first one sets the
    state of the decoder.
    Notebook: longer_melodies
    """

    def add_bridge(self, settings: SongSettings) -> None:
        self.conductor = Conductor(replace(settings, pointers=False))

    def begin_bridge(self, start: dict[str, np.ndarray]) -> None:
        self.conductor.begin(start)

    def bridge(self, z: Any, training: bool = False) -> Any:
        y, _, _ = self.conductor(z, training=training)
        return y

    def bridge_tensors(self) -> dict[str, Any]:
        named = self.conductor.tensors()
        return {f"conductor/{name}": tensor for name, tensor in named.items()}
