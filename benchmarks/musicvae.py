"""Measures how fast MusicVAE trains and decodes, on one core.

    python benchmarks/musicvae.py [--quick] [--json FILE]

Beside it stands the same network of stock Keras layers, and in PyTorch where that is
installed. Contenders take turns, and what counts is the median of process CPU time.

The training step is that of the shipped settings, 64 melodies of 32 steps: encoder, z,
decoder, loss with free bits, clipping, Adam.

Shares are of the peak of a product of two 2048 x 2048 matrices, which takes its turn as
well; beside decoding, whose products are smaller, stands also one of its own shape.

Decoding writes 64 melodies from their z, the likeliest event at each step. `step` is
the usual way: stock layers in a compiled one-step function (tf.function) that Python
calls 32 times, arrays in and arrays out, with the choice of the event in NumPy. `step
that chooses` keeps states and events in TensorFlow and chooses there.
"""

from __future__ import annotations

from collections.abc import Callable
from unittest.mock import patch

import one_core

# Before NumPy, TensorFlow and PyTorch start their threads.
if __name__ == "__main__":
    one_core.use()

import keras
import numpy as np
import tensorflow as tf
from one_core import Contenders, race

from lyricgen.models.musicvae import network as musicvae_network
from lyricgen.models.musicvae.inference import FORBIDDEN, NOTHING, SILENCE, SOUND, NumpyMusicVAE
from lyricgen.models.musicvae.network import MusicVAE, Settings
from lyricgen.music.melody import HOLD, REST

try:
    import torch
except ImportError:
    torch = None

SETTINGS = Settings()
LN2 = float(np.log(2))


def melodies(settings: Settings) -> np.ndarray:
    """Returns a batch of random events, int32 (B, T).

    The time of a training step does not depend on which they are.
    """
    shape = (settings.batch, settings.melody_steps)
    return np.random.default_rng(0).integers(0, settings.tokens, shape, dtype=np.int32)


def keras_model(settings: Settings, stock: bool) -> MusicVAE:
    """Returns MusicVAE, or the same of stock layers with the same initial weights."""
    keras.utils.set_random_seed(settings.seed)
    if not stock:
        return MusicVAE(settings)
    with (
        patch.object(musicvae_network, "LSTM", keras.layers.LSTM),
        patch.object(musicvae_network, "Embedding", keras.layers.Embedding),
    ):
        return MusicVAE(settings)


def torch_network(settings: Settings):
    """Returns the network in PyTorch: events (B, T) to logits, mu and sigma."""
    s = settings
    nn = torch.nn

    class Network(nn.Module):
        def __init__(self):
            super().__init__()
            self.events = nn.Embedding(s.tokens, s.embedding)
            self.inputs = nn.Embedding(s.tokens + 1, s.embedding)
            self.encoder = nn.LSTM(s.embedding, s.encoder, bidirectional=True, batch_first=True)
            self.decoder = nn.LSTM(s.embedding, s.decoder, batch_first=True)
            self.mu = nn.Linear(2 * s.encoder, s.latent)
            self.sigma = nn.Linear(2 * s.encoder, s.latent)
            self.first = nn.Linear(s.latent, 2 * s.decoder)
            self.z_in = nn.Linear(s.latent, s.embedding, bias=False)
            self.out = nn.Linear(s.decoder, s.tokens)
            self.places = nn.Parameter(0.05 * torch.randn(s.melody_steps, s.embedding))

        def encode(self, events):
            _, (h, _) = self.encoder(self.events(events))
            both_directions = torch.cat(tuple(h), dim=1)
            mu = self.mu(both_directions)
            sigma = nn.functional.softplus(self.sigma(both_directions))
            return mu, sigma

        def decode(self, z, before):
            states = torch.tanh(self.first(z))
            h, c = (half.contiguous()[None] for half in states.chunk(2, dim=1))
            x = self.inputs(before) + self.places + self.z_in(z)[:, None]
            y, _ = self.decoder(x, (h, c))
            return self.out(y)

        def forward(self, events):
            mu, sigma = self.encode(events)
            z = mu + sigma * torch.randn_like(mu)
            start = torch.full_like(events[:, :1], s.tokens)
            before = torch.cat([start, events[:, :-1]], dim=1)
            return self.decode(z, before), mu, sigma

    return Network()


def torch_step(settings: Settings) -> Callable[[], object]:
    """Returns the same training step in PyTorch."""
    s = settings
    functional = torch.nn.functional
    torch.set_num_threads(1)
    network = torch_network(settings)
    adam = torch.optim.Adam(network.parameters(), s.rate)
    events = torch.from_numpy(melodies(s)).long()

    def step() -> tuple[float, ...]:
        adam.zero_grad()
        logits, mu, sigma = network(events)
        rows = logits.reshape(-1, s.tokens)
        cost = functional.cross_entropy(rows, events.reshape(-1), reduction="sum") / s.batch
        kl = ((mu**2 + sigma**2 - 1) / 2 - torch.log(sigma)).sum(dim=1)
        beyond = torch.clamp(kl - s.free_bits * LN2, min=0)
        loss = cost + s.beta * beyond.mean()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        adam.step()
        correct = logits.argmax(-1) == events
        values = (loss, cost, kl.mean() / LN2, correct.float().mean())
        return tuple(value.item() for value in values)

    return step


def training(settings: Settings) -> Contenders:
    """Returns all who run the training step, and the product that gives the peak."""
    events = tf.constant(melodies(settings))
    ours = keras_model(settings, stock=False)
    stock = keras_model(settings, stock=True)
    contenders = {
        "lyricgen": lambda: ours.train_on_batch(events),
        "keras": lambda: stock.train_on_batch(events),
    }
    if torch:
        contenders["torch"] = torch_step(settings)
    return contenders | {"product": product(2048, 2048, 2048)}


def product(rows: int, inner: int, columns: int) -> Callable[[], object]:
    """Returns what multiplies two random matrices of these sizes."""
    left = tf.random.normal((rows, inner))
    right = tf.random.normal((inner, columns))
    return lambda: tf.matmul(left, right)


def flops(settings: Settings) -> int:
    """Counts the operations of a training step's products, forward and backward."""
    s = settings
    encoder = 2 * 4 * s.encoder * (s.encoder + s.embedding)
    forward = 2 * s.batch * s.melody_steps * encoder + decoding_flops(s)
    # There are twice as many products backward.
    return 3 * forward


def decoding_flops(settings: Settings) -> int:
    """Counts the operations of the products by which melodies are decoded."""
    s = settings
    step = 4 * s.decoder * (s.decoder + s.embedding) + s.decoder * s.tokens
    return 2 * s.batch * s.melody_steps * step


def one_step_network(model: MusicVAE) -> keras.Model:
    """Returns a step of the decoder in stock layers, with the weights of a model.

    It takes the events (B, 1), the rest of the input (B, D), h and c (B, H), and
    returns the logits (B, V) and the new h and c.
    """
    s = model.settings
    lstm = keras.layers.LSTM(s.decoder, return_state=True)
    event = keras.Input((1,), dtype="int32")
    rest = keras.Input((s.embedding,))
    h_before = keras.Input((s.decoder,))
    c_before = keras.Input((s.decoder,))
    row = keras.layers.Reshape((1, s.embedding))(rest)
    x = keras.layers.Add()([model.inputs(event), row])
    y, h, c = lstm(x, initial_state=[h_before, c_before])
    lstm.set_weights(model.decoder.get_weights())
    return keras.Model((event, rest, h_before, c_before), (model.out(y), h, c))


def first_states(cells: NumpyMusicVAE, z: np.ndarray) -> tuple[np.ndarray, ...]:
    """Returns what z (B, Z) adds to each input (B, D), and the first h and c (B, H)."""
    states = np.tanh(z @ cells.a["first_W"] + cells.a["first_b"])
    h, c = np.split(states, 2, axis=1)
    return z @ cells.a["z_W"], h, c


def step_decoder(model: MusicVAE, cells: NumpyMusicVAE, z: np.ndarray) -> Callable[[], np.ndarray]:
    """Returns the decoder that calls one compiled step and chooses in NumPy."""
    s = model.settings
    step = tf.function(one_step_network(model))
    places = model.places.numpy()
    forbidden = FORBIDDEN.astype("float32")

    def decode() -> np.ndarray:
        x_z, h, c = first_states(cells, z)
        event = np.full(s.batch, s.tokens)
        heard = np.full(s.batch, NOTHING)
        written = []
        for t in range(s.melody_steps):
            outputs = step((event[:, None].astype("int32"), x_z + places[t], h, c))
            logits, h, c = (output.numpy() for output in outputs)
            event = (logits + forbidden[heard]).argmax(axis=1)
            heard = np.where(event == HOLD, heard, np.where(event == REST, SILENCE, SOUND))
            written.append(event)
        return np.stack(written, axis=1)

    return decode


def choosing_decoder(
    model: MusicVAE, cells: NumpyMusicVAE, z: np.ndarray
) -> Callable[[], np.ndarray]:
    """Returns the decoder whose compiled step chooses the event as well."""
    s = model.settings
    network = one_step_network(model)
    places = model.places.numpy()
    forbidden = FORBIDDEN.astype("float32")

    @tf.function
    def step(event, heard, x, h, c):
        logits, h, c = network((event[:, None], x, h, c))
        scores = logits + tf.gather(forbidden, heard)
        event = tf.argmax(scores, axis=1, output_type=tf.int32)
        heard = tf.where(event == HOLD, heard, tf.where(event == REST, SILENCE, SOUND))
        return event, heard, h, c

    def decode() -> np.ndarray:
        x_z, h, c = map(tf.constant, first_states(cells, z))
        event = tf.fill([s.batch], s.tokens)
        heard = tf.fill([s.batch], NOTHING)
        written = []
        for t in range(s.melody_steps):
            event, heard, h, c = step(event, heard, x_z + places[t], h, c)
            written.append(event)
        return tf.stack(written, axis=1).numpy()

    return decode


def decoding(settings: Settings, quick: bool) -> Contenders:
    """Returns all who write a melody for each z, from the same weights."""
    model = keras_model(settings, stock=False)
    rng = np.random.default_rng(0)
    # Larger than at the start, so that the melodies differ.
    for layer in (model.first, model.out):
        layer.kernel.assign(rng.normal(0, 0.5, layer.kernel.shape))
    z = rng.standard_normal((settings.batch, settings.latent)).astype("float32")
    cells = NumpyMusicVAE(model.arrays(), "float32")
    contenders = {
        "lyricgen": lambda: model.free_running.decode(z),
        "step": step_decoder(model, cells, z),
    }
    if not quick:
        contenders["step that chooses"] = choosing_decoder(model, cells, z)
        contenders["lyricgen, NumPy"] = lambda: cells.decode(z)
    s = settings
    return contenders | {
        "product": product(2048, 2048, 2048),
        "its own product": product(s.batch, s.decoder, 4 * s.decoder),
    }


def measure_training(rounds: int) -> dict[str, float | None]:
    """Races the training steps, prints a table, and returns the ratios."""
    s = SETTINGS
    times = race(training(s), rounds)
    peak = 2 * 2048**3 / times.pop("product")
    print(
        f"Training step, {s.batch} melodies, encoder {s.encoder}, decoder {s.decoder}, "
        f"z {s.latent}; one core does {peak / 1e9:.0f} GFLOP/s at most."
    )
    for name, seconds in times.items():
        ratio = times["keras"] / seconds
        share = flops(s) / seconds / peak
        print(
            f"  {name:18} {seconds * 1e3:7.1f} ms   {ratio:5.2f} x keras   {share:4.0%} of the peak"
        )
    ours = times["lyricgen"]
    return {
        "vs_keras": times["keras"] / ours,
        "vs_torch": times["torch"] / ours if torch else None,
        "share_of_peak": flops(s) / ours / peak,
    }


def measure_decoding(rounds: int, quick: bool) -> dict[str, float | None]:
    """Races those who decode, prints a table, and returns the ratio."""
    s = SETTINGS
    times = race(decoding(s, quick), rounds)
    peak = 2 * 2048**3 / times.pop("product")
    own = 2 * s.batch * s.decoder * 4 * s.decoder / times.pop("its own product")
    print(
        f"Decoding {s.batch} melodies; a product of {s.batch} x {s.decoder} and {s.decoder} x "
        f"{4 * s.decoder} numbers reaches {own / peak:.0%} of the peak."
    )
    for name, seconds in times.items():
        speed = s.batch / seconds
        ratio = times["step"] / seconds
        share = decoding_flops(s) / seconds
        print(
            f"  {name:18} {speed:7.0f} melodies/s   {ratio:5.2f} x step   {share / peak:4.0%} of "
            f"the peak, {share / own:4.0%} of its own product's"
        )
    share = decoding_flops(s) / times["lyricgen"]
    return {
        "vs_step": times["step"] / times["lyricgen"],
        "share_of_peak": share / peak,
        "share_of_own_product": share / own,
    }


def main() -> None:
    options = one_core.begin(__doc__)
    rounds = 3 if options.quick else 9
    result = {"train": measure_training(rounds)}
    result["decode"] = measure_decoding(rounds, options.quick)
    one_core.finish(options, result)


if __name__ == "__main__":
    main()
