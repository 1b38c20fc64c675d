"""The exercises of training_musicvae agree with the model."""

import numpy as np
import pytest

from lyricgen.exercises import training_musicvae
from lyricgen.models.musicvae import posterior


def test_a_lower_loss_with_the_mean_is_a_lower_loss_with_the_sum():
    rng = np.random.default_rng(0)
    cost, kl = rng.random((50, 32)) * 4, rng.random((50, 64)) * 3
    sums = cost.sum(1) + 0.2 * kl.sum(1)
    means = cost.mean(1) + training_musicvae.mean_for_sum.right() * kl.sum(1)
    assert np.allclose(sums, 32 * means)


def test_the_toy_decoder_is_put_right_by_the_teacher_only():
    forced, free = training_musicvae.flatters.right()
    assert forced == 14 / 16 and free < forced - 0.3
    last, right = training_musicvae.START, 0
    for t, event in enumerate(training_musicvae.MELODY):  # as a reader would
        last = training_musicvae.NEXT[t, last]
        right += last == event
    assert (
        free == right / 16 == (training_musicvae.MELODY == 0).mean()
        and f"{(training_musicvae.MELODY == 0).mean():.2f}" in training_musicvae.flatters.why
    )


def test_free_bits_are_those_of_the_model():
    """On the total and for each dimension, as `MusicVAE.compute_loss` has them."""
    keras = pytest.importorskip("keras")
    from lyricgen.models.musicvae.network import MusicVAE, Settings

    x = np.zeros((4, 32), np.int32)
    mu, sigma = np.sqrt(2 * training_musicvae.KL), np.ones_like(training_musicvae.KL)
    assert np.allclose(posterior.kl_divergence(mu, sigma), training_musicvae.KL)
    logits = np.zeros((4, 32, 90), np.float32)
    found = []
    for free in (
        {"free_bits": training_musicvae.FREE},
        {"free_bits": 0.0, "free_bits_each": training_musicvae.FREE / 6},
    ):
        model = MusicVAE(
            Settings(embedding=4, encoder=4, latent=6, decoder=4, beta=1.0, batch=4, **free)
        )
        loss = model.compute_loss(
            x,
            None,
            {"logits": logits, "mu": mu.astype(np.float32), "sigma": sigma.astype(np.float32)},
        )
        found.append(float(keras.ops.convert_to_numpy(loss)) - 32 * np.log(90))
    assert np.allclose(found, training_musicvae.free_bits.right(), atol=1e-3)


@pytest.mark.parametrize(
    "answer, verdict, word",
    [
        (0.00625, "Right.", "32 times"),
        (0.0063, "Not yet:", "right to 4 decimals"),
        (0, "Not yet:", "much too small"),
        (0.0001, "Not yet:", "much too small"),
        (0.1, "Not yet:", "32 and 64"),
        (0.2 / 32 / 64, "Not yet:", "divided by the 64 dimensions as well"),
    ],
)
def test_mean_for_sum(answer, verdict, word):
    found = training_musicvae.mean_for_sum.verdict(answer)
    assert found.startswith(verdict) and word in found


@pytest.mark.parametrize(
    "answer, verdict, word",
    [
        ([87.5, 56.25], "Right.", "Teacher forcing flatters"),
        ([0.88, 0.56], "Right.", "Teacher forcing flatters"),
        ([14, 9], "Not yet:", "divide by the 16 steps"),
        ([0.125, 0.4375], "Not yet:", "that are wrong"),
    ],
)
def test_flatters(answer, verdict, word):
    found = training_musicvae.flatters.verdict(answer)
    assert found.startswith(verdict) and word in found


@pytest.mark.parametrize(
    "answer, verdict, word",
    [
        ([1.84, 2.74], "Right.", "two prices"),
        ([2.648, 3.954], "Not yet:", "in bits"),
        (
            [
                np.maximum(training_musicvae.KL.sum(1), 4.5 * np.log(2)).mean(),
                np.maximum(training_musicvae.KL.mean(0), 0.75 * np.log(2)).sum(),
            ],
            "Not yet:",
            "the other form of free bits",
        ),
    ],
)
def test_free_bits(answer, verdict, word):
    found = training_musicvae.free_bits.verdict(answer)
    assert found.startswith(verdict) and word in found
