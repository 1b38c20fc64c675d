"""How fast MusicVAE trains and decodes, beside the same network of stock Keras layers and in PyTorch (when it is installed), on one core.

    python benchmarks/musicvae.py [--quick] [--json FILE]

Contenders take turns, and what counts is the median of process CPU time. The training step is that of the shipped settings, 64 melodies of 32 steps:
encoder, z, decoder, loss with free bits, clipping, Adam. The share is of the peak of a product of two 2048 x 2048 matrices. Decoding writes 64
melodies from their z, the likeliest event at each step. `step` is the usual way: stock layers in a compiled one-step function (tf.function) that
Python calls 32 times, arrays in and arrays out, with the choice of the event in NumPy. `step that chooses` keeps states and events in TensorFlow
and chooses there.
"""

from __future__ import annotations

from collections.abc import Callable
from unittest.mock import patch

import one_core

if __name__ == "__main__":  # before NumPy, TensorFlow and PyTorch start their threads
    one_core.use()

import keras
import numpy as np
import tensorflow as tf
from one_core import Contenders, race

from lyricgen.models.musicvae import network as musicvae_network
from lyricgen.models.musicvae.inference import FORBIDDEN, NOTHING, SILENCE, SOUND, NumpyMusicVAE
from lyricgen.music.melody import HOLD, REST

try:
    import torch
except ImportError:
    torch = None

SETTINGS = musicvae_network.Settings()
LN2 = float(np.log(2))


def melodies(settings: musicvae_network.Settings) -> np.ndarray:
    """A batch of random events, int32 (B, T): the time of a step does not depend on which they are."""
    return np.random.default_rng(0).integers(
        0, settings.tokens, (settings.batch, settings.steps), dtype=np.int32
    )


def keras_model(settings: musicvae_network.Settings, stock: bool) -> musicvae_network.MusicVAE:
    """MusicVAE, or the same of stock layers, with the same weights at the start."""
    keras.utils.set_random_seed(settings.seed)
    if not stock:
        return musicvae_network.MusicVAE(settings)
    with (
        patch.object(musicvae_network, "LSTM", keras.layers.LSTM),
        patch.object(musicvae_network, "Embedding", keras.layers.Embedding),
    ):
        return musicvae_network.MusicVAE(settings)


def torch_step(settings: musicvae_network.Settings) -> Callable[[], object]:
    """The same training step in PyTorch."""
    s, nn = settings, torch.nn

    class Network(nn.Module):
        def __init__(self):
            super().__init__()
            self.events, self.inputs = (
                nn.Embedding(s.tokens, s.embedding),
                nn.Embedding(s.tokens + 1, s.embedding),
            )
            self.encoder = nn.LSTM(s.embedding, s.encoder, bidirectional=True, batch_first=True)
            self.decoder = nn.LSTM(s.embedding, s.decoder, batch_first=True)
            self.mu, self.sigma = (
                nn.Linear(2 * s.encoder, s.latent),
                nn.Linear(2 * s.encoder, s.latent),
            )
            self.first, self.z_in = (
                nn.Linear(s.latent, 2 * s.decoder),
                nn.Linear(s.latent, s.embedding, bias=False),
            )
            self.out = nn.Linear(s.decoder, s.tokens)
            self.places = nn.Parameter(0.05 * torch.randn(s.steps, s.embedding))

        def forward(self, events):
            last = torch.cat(
                tuple(self.encoder(self.events(events))[1][0]), dim=1
            )  # h of both directions
            mu, sigma = self.mu(last), nn.functional.softplus(self.sigma(last))
            z = mu + sigma * torch.randn_like(mu)
            before = torch.cat([torch.full_like(events[:, :1], s.tokens), events[:, :-1]], dim=1)
            h, c = (half.contiguous()[None] for half in torch.tanh(self.first(z)).chunk(2, dim=1))
            x = self.inputs(before) + self.places + self.z_in(z)[:, None]
            return self.out(self.decoder(x, (h, c))[0]), mu, sigma

    torch.set_num_threads(1)
    network = Network()
    adam, events = (
        torch.optim.Adam(network.parameters(), s.rate),
        torch.from_numpy(melodies(s)).long(),
    )

    def step() -> tuple[float, ...]:
        adam.zero_grad()
        logits, mu, sigma = network(events)
        cost = (
            nn.functional.cross_entropy(
                logits.reshape(-1, s.tokens), events.reshape(-1), reduction="sum"
            )
            / s.batch
        )
        kl = ((mu**2 + sigma**2 - 1) / 2 - torch.log(sigma)).sum(dim=1)
        loss = cost + s.beta * torch.clamp(kl - s.free_bits * LN2, min=0).mean()
        loss.backward()
        nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        adam.step()
        return tuple(
            value.item()
            for value in (loss, cost, kl.mean() / LN2, (logits.argmax(-1) == events).float().mean())
        )

    return step


def training(settings: musicvae_network.Settings) -> Contenders:
    """All who run the training step, and the product that gives the peak."""
    square, events = tf.random.normal((2048, 2048)), tf.constant(melodies(settings))
    ours, stock = (keras_model(settings, kind) for kind in (False, True))
    contenders = {
        "lyricgen": lambda: ours.train_on_batch(events),
        "keras": lambda: stock.train_on_batch(events),
    }
    if torch:
        contenders["torch"] = torch_step(settings)
    return contenders | {"product": lambda: tf.matmul(square, square)}


def flops(settings: musicvae_network.Settings) -> int:
    """The products of a training step: forward, and twice as many back."""
    s = settings
    layers = (
        2 * 4 * s.encoder * (s.encoder + s.embedding)
        + 4 * s.decoder * (s.decoder + s.embedding)
        + s.decoder * s.tokens
    )
    return 3 * 2 * s.batch * s.steps * layers


def decoding(settings: musicvae_network.Settings, quick: bool) -> Contenders:
    """All who write a melody for each z, from the same weights."""
    s, model = settings, keras_model(settings, False)
    rng = np.random.default_rng(0)
    for layer in (model.first, model.out):  # larger than at the start, so that the melodies differ
        layer.kernel.assign(rng.normal(0, 0.5, layer.kernel.shape))
    z = rng.standard_normal((s.batch, s.latent)).astype("float32")
    cells = NumpyMusicVAE(model.arrays(), "float32")
    lstm = keras.layers.LSTM(s.decoder, return_state=True)
    inputs = (
        keras.Input((1,), dtype="int32"),
        keras.Input((s.embedding,)),
        keras.Input((s.decoder,)),
        keras.Input((s.decoder,)),
    )
    x = keras.layers.Add()(
        [model.inputs(inputs[0]), keras.layers.Reshape((1, s.embedding))(inputs[1])]
    )
    y, h, c = lstm(x, initial_state=inputs[2:])
    network = keras.Model(inputs, (model.out(y), h, c))
    lstm.set_weights(model.decoder.get_weights())
    step = tf.function(network)
    places, forbidden = model.places.numpy(), FORBIDDEN.astype("float32")

    def begin() -> tuple[np.ndarray, ...]:
        h, c = np.split(np.tanh(z @ cells.a["first_W"] + cells.a["first_b"]), 2, axis=1)
        return z @ cells.a["z_W"], h, c

    def by_step() -> np.ndarray:
        stays, h, c = begin()
        event, heard, written = np.full(s.batch, s.tokens), np.full(s.batch, NOTHING), []
        for t in range(s.steps):
            logits, h, c = (
                output.numpy()
                for output in step((event[:, None].astype("int32"), stays + places[t], h, c))
            )
            event = (logits + forbidden[heard]).argmax(axis=1)
            heard = np.where(event == HOLD, heard, np.where(event == REST, SILENCE, SOUND))
            written.append(event)
        return np.stack(written, axis=1)

    @tf.function
    def choosing_step(event, heard, x, h, c):
        logits, h, c = network((event[:, None], x, h, c))
        event = tf.argmax(logits + tf.gather(forbidden, heard), axis=1, output_type=tf.int32)
        return event, tf.where(event == HOLD, heard, tf.where(event == REST, SILENCE, SOUND)), h, c

    def by_choosing_step() -> np.ndarray:
        stays, h, c = map(tf.constant, begin())
        event, heard, written = tf.fill([s.batch], s.tokens), tf.fill([s.batch], NOTHING), []
        for t in range(s.steps):
            event, heard, h, c = choosing_step(event, heard, stays + places[t], h, c)
            written.append(event)
        return tf.stack(written, axis=1).numpy()

    contenders = {"lyricgen": lambda: model.free_running.decode(z), "step": by_step}
    return contenders | (
        {}
        if quick
        else {"step that chooses": by_choosing_step, "lyricgen, NumPy": lambda: cells.decode(z)}
    )


def main() -> None:
    options = one_core.begin(__doc__)
    s, rounds = SETTINGS, 3 if options.quick else 9
    times = race(training(s), rounds)
    peak = 2 * 2048**3 / times.pop("product")
    print(
        f"Training step, {s.batch} melodies, encoder {s.encoder}, decoder {s.decoder}, z {s.latent}; "
        f"one core does {peak / 1e9:.0f} GFLOP/s at most."
    )
    for name, seconds in times.items():
        print(
            f"  {name:18} {seconds * 1e3:7.1f} ms   {times['keras'] / seconds:5.2f} x keras   {flops(s) / seconds / peak:4.0%} of the peak"
        )
    ours = times["lyricgen"]
    result = {
        "train": {
            "vs_keras": times["keras"] / ours,
            "vs_torch": times["torch"] / ours if torch else None,
            "share_of_peak": flops(s) / ours / peak,
        }
    }
    times = race(decoding(s, options.quick), rounds)
    print(f"Decoding {s.batch} melodies.")
    for name, seconds in times.items():
        print(
            f"  {name:18} {s.batch / seconds:7.0f} melodies/s   {times['step'] / seconds:5.2f} x step"
        )
    result["decode"] = {"vs_step": times["step"] / times["lyricgen"]}
    one_core.finish(options, result)


if __name__ == "__main__":
    main()
