"""Drawings of the variational autoencoder: encoder, decoder, ELBO, cures."""

from __future__ import annotations

from typing import Any

import numpy as np

from lyricgen.drawings.canvas import (
    GREY,
    LARGE,
    PLAIN,
    SMALL,
    Canvas,
    Place,
    Point,
    coloured,
    dashed,
)
from lyricgen.show import BLUE, GREEN, ORANGE, PINK, RED

ENCODER = coloured(BLUE, width=2.2)
BACKWARDS = coloured(GREEN, "dashdot", 2.2)
LATENT = coloured(PINK, width=2.6)
Z_LINE = coloured(PINK, "dashed", 1.8)
FED_BACK = coloured(RED, "dashed", 2.0)
DECODER = coloured(ORANGE, width=2.2)
CURE = coloured(BLUE, width=1.8)
SQUARE = (0.54, 0.46)
JOINED_LEFT = 3.5  # where the last hidden states of both directions meet
Z_Y = 2.4


def encoder_z_decoder(steps: int = 4) -> Any:
    """Draws MusicVAE: bidirectional encoder, mu and sigma, z, autoregressive decoder.

    The encoder reads the events in both directions; its two last hidden states give mu
    and sigma. z sets the decoder's first state and is read at each step, beside the
    event before and the vector of the step's place. From 2 to 4 steps. Returns the
    figure.
    Raises: ValueError for another number of steps.
    Source: Roberts et al. 2018, section 3.
    Notebook: posterior_collapse, training_musicvae
    """
    if not 2 <= steps <= 4:
        raise ValueError(f"steps is {steps}; expected 2, 3 or 4.")
    canvas = Canvas(5.0)
    _encoder(canvas, steps)
    z = _latent(canvas)
    cells = _decoder(canvas, steps)
    _z_at_each_step(canvas, z, cells)
    return canvas.fig


def _encoder(canvas: Canvas, steps: int) -> None:
    """Draws the events and, above and below them, the two LSTMs that read them."""
    pitch = 3.1 / steps
    canvas.label(0.15, 4.7, "encoder, in both directions", "left", weight="bold")
    canvas.label(0.15, 4.3, "x: the events of the melody", "left", SMALL)
    forwards, backwards = [], []
    for t in range(steps):
        x = 0.1 + pitch * (t + 0.5)
        event = canvas.box(x, Z_Y, f"$x_{t + 1}$", SQUARE)
        forwards.append(canvas.box(x, Z_Y + 1.15, "LSTM", SQUARE, ENCODER, SMALL))
        backwards.append(canvas.box(x, Z_Y - 1.0, "LSTM", SQUARE, BACKWARDS, SMALL))
        canvas.arrow([event.top, forwards[-1].bottom])
        canvas.arrow([event.bottom, backwards[-1].top])
    for first, second in zip(forwards, forwards[1:]):
        canvas.arrow([first.right, second.left], ENCODER)
    for first, second in zip(backwards, backwards[1:]):
        canvas.arrow([second.left, first.right], BACKWARDS)
    canvas.arrow([forwards[-1].right, (JOINED_LEFT, forwards[-1].y)], ENCODER)
    start, low = backwards[0].bottom, 0.7
    canvas.arrow([start, (start[0], low), (JOINED_LEFT, low)], BACKWARDS)


def _latent(canvas: Canvas) -> Place:
    """Draws mu, sigma and z, and returns the place of z."""
    joined = canvas.box(JOINED_LEFT + 0.17, 2.15, "h", (0.34, 3.3))
    mu = canvas.box(4.5, Z_Y + 0.65, "mu", (0.72, 0.46), LATENT)
    sigma = canvas.box(4.5, Z_Y - 0.65, "sigma", (0.72, 0.46), LATENT)
    z = canvas.circle(5.3, Z_Y, "z", 0.28, LATENT)
    canvas.arrow([(joined.right[0], mu.y), mu.left])
    canvas.arrow([(joined.right[0], sigma.y), sigma.left])
    canvas.arrow([mu.right, (z.x, mu.y), z.top])
    canvas.arrow([sigma.right, (z.x, sigma.y), z.bottom])
    canvas.label(4.85, 0.9, "z = mu + sigma ∘ noise", font=SMALL)
    return z


def _decoder(canvas: Canvas, steps: int) -> list[Place]:
    """Draws the LSTM of the decoder, which reads at each step the event before it.

    Under this event stands the place of the step, since the vectors of both are added.
    """
    canvas.label(5.9, 4.7, "decoder, step by step", "left", weight="bold")
    pitch = 3.0 / steps
    cells: list[Place] = []
    for t in range(steps):
        x = 5.95 + pitch * (t + 0.5)
        cell = canvas.box(x, 1.85, "LSTM", SQUARE, DECODER, SMALL)
        event = canvas.box(x, 3.45, f"$x_{t + 1}$", SQUARE)
        before = canvas.box(x, 1.0, f"$x_{t}$" if t else "start", SQUARE, dashed(GREY), SMALL)
        canvas.box(x, 0.6, str(t + 1), (SQUARE[0], 0.34), dashed(GREY), SMALL)
        canvas.arrow([before.top, cell.bottom])
        canvas.arrow([cell.top, event.bottom])
        if cells:
            canvas.arrow([cells[-1].right, cell.left], DECODER)
        cells.append(cell)
    canvas.label(5.85, 0.22, "the event before, the place of the step", "left", SMALL)
    canvas.label(5.95, 3.95, "the event of each step", "left", SMALL)
    return cells


def _z_at_each_step(canvas: Canvas, z: Place, cells: list[Place]) -> None:
    """Draws the ways of z: into the first state, and into every step."""
    rail = 2.65
    corner = (5.82, z.y)
    first = cells[0]
    canvas.arrow([z.right, corner, (corner[0], first.y), first.left], LATENT)
    canvas.line([corner, (corner[0], rail), (cells[-1].x - 0.15, rail)], Z_LINE)
    for cell in cells:
        canvas.arrow([(cell.x - 0.15, rail), (cell.x - 0.15, cell.top[1])], Z_LINE)
    canvas.label(5.9, 2.85, "z", "left")


def forced_and_free(steps: int = 3) -> Any:
    """Draws what a decoder reads at each step: the true event, or the one it wrote.

    On the left is teacher forcing, on the right free running. In both z sets the first
    state and is read at each step. From 2 to 3 steps. Returns the figure.
    Raises: ValueError for another number of steps.
    Notebook: training_musicvae
    """
    if not 2 <= steps <= 3:
        raise ValueError(f"steps is {steps}; expected 2 or 3.")
    canvas = Canvas(4.3)
    for left, free in ((0.2, False), (4.75, True)):
        title = "Free running" if free else "Teacher forcing"
        reads = "reads the event that it wrote" if free else "reads the true event"
        canvas.label(left, 4.0, title, "left", weight="bold")
        canvas.label(left, 3.65, reads, "left", SMALL)
        _decoder_that_reads(canvas, left, steps, free)
    return canvas.fig


def _decoder_that_reads(canvas: Canvas, left: float, steps: int, free: bool) -> None:
    """Draws the steps of a decoder, with what each reads and writes."""
    pitch = 3.6 / steps
    z = canvas.circle(left + 0.25, 1.9, "z", 0.24, LATENT)
    rail = 2.45
    last = left + 0.65 + pitch * (steps - 0.5) - 0.15
    canvas.line([z.top, (z.x, rail), (last, rail)], Z_LINE)
    before: list[Place] = []
    for t in range(steps):
        x = left + 0.65 + pitch * (t + 0.5)
        cell = canvas.box(x, 1.9, "LSTM", SQUARE, DECODER, SMALL)
        written = canvas.box(x, 3.05, rf"$\hat x_{t + 1}$", SQUARE)
        canvas.arrow([cell.top, written.bottom])
        canvas.arrow([(x - 0.15, rail), (x - 0.15, cell.top[1])], Z_LINE)
        if before:
            canvas.arrow([before[0].right, cell.left], DECODER)
        else:
            canvas.arrow([z.right, cell.left], LATENT)
        if before and free:
            _feed_back(canvas, before[1], cell)
        else:
            text = f"$x_{t}$" if t else "start"
            read = canvas.box(x, 0.6, text, SQUARE, dashed(GREY), SMALL)
            canvas.arrow([read.top, cell.bottom])
        before = [cell, written]


def _feed_back(canvas: Canvas, written: Place, cell: Place) -> None:
    """Draws the way of an event that was written to the cell that reads it."""
    middle = (written.x + cell.x) / 2
    low = 0.95
    way = [written.right, (middle, written.y), (middle, low), (cell.x, low), cell.bottom]
    canvas.arrow(way, FED_BACK)


def dense_vae() -> Any:
    """Draws a VAE without any LSTM: x, h, mu and sigma, z, k, a and the probabilities.

    z is drawn from the Gaussian that mu and sigma describe; the weights stand at the
    arrows, the shapes below. Returns the figure.
    Source: Kingma and Welling 2014, section 3 and appendix C.
    Notebook: variational_autoencoder
    """
    canvas = Canvas(3.9)
    y = 2.0
    canvas.label(1.75, 3.55, "encoder", weight="bold")
    canvas.label(6.6, 3.55, "decoder", weight="bold")
    x = canvas.box(0.5, y, "x", (0.5, 0.5), font=LARGE)
    h = canvas.box(1.75, y, "h", (0.5, 1.9), ENCODER, LARGE)
    mu = canvas.box(3.2, y + 0.75, "mu", (0.8, 0.46), LATENT)
    sigma = canvas.box(3.2, y - 0.75, "sigma", (0.8, 0.46), LATENT)
    z = canvas.circle(4.5, y, "z", 0.3, LATENT)
    k = canvas.box(5.9, y, "k", (0.5, 1.9), DECODER, LARGE)
    a = canvas.box(7.15, y, "a", (0.5, 0.9), DECODER, LARGE)
    chances = canvas.box(8.3, y, "p(x given z)", (1.2, 0.5), font=SMALL)
    canvas.arrow([x.right, h.left])
    canvas.arrow([(h.right[0], mu.y), mu.left])
    canvas.arrow([(h.right[0], sigma.y), sigma.left])
    canvas.arrow([mu.right, (z.x, mu.y), z.top])
    canvas.arrow([sigma.right, (z.x, sigma.y), z.bottom])
    canvas.arrow([z.right, k.left])
    canvas.arrow([k.right, a.left])
    canvas.arrow([a.right, chances.left])
    canvas.label(4.5, 3.15, "z = mu + sigma ∘ noise", font=SMALL)
    canvas.label(1.1, y + 0.22, "$W_1$")
    canvas.label(2.38, mu.y + 0.22, r"$W_\mu$")
    canvas.label(2.38, sigma.y + 0.22, r"$W_\sigma$")
    canvas.label(5.25, y + 0.22, "$W_2$")
    canvas.label(6.53, y + 0.22, "$W_3$")
    for place, shape in ((x, "(B, T)"), (h, "(B, H)"), (z, "(B, Z)"), (k, "(B, H)"), (a, "(B, T)")):
        canvas.label(place.x, 0.5, shape, font=SMALL)
    return canvas.fig


def elbo_terms() -> Any:
    """Draws the two terms of the loss of a VAE: reconstruction and KL.

    Between encoder and decoder stand the prior p(z), dashed, and the posterior of one
    x. Returns the figure.
    Source: Kingma and Welling 2014, section 2.
    Notebook: variational_autoencoder
    """
    canvas = Canvas(4.9)
    y = 3.2
    x = canvas.box(0.5, y, "x", (0.5, 0.5), font=LARGE)
    encoder = canvas.box(1.75, y, "encoder", (1.1, 0.6), ENCODER)
    canvas.panel((2.75, 2.45), (5.45, 4.0))
    decoder = canvas.box(6.55, y, "decoder", (1.1, 0.6), DECODER)
    again = canvas.box(8.2, y, "p(x given z)", (1.35, 0.5))
    canvas.arrow([x.right, encoder.left])
    canvas.arrow([encoder.right, (2.75, y)])
    canvas.arrow([(5.45, y), decoder.left])
    canvas.arrow([decoder.right, again.left])
    canvas.label(5.72, y + 0.22, "z")
    _bells(canvas, (4.1, 2.6))
    canvas.label(3.35, 3.3, "p(z)", "right", SMALL)
    canvas.label(4.85, 3.6, "q(z given x)", "center", SMALL)
    canvas.label(0.25, 4.6, "loss  =  reconstruction  +  beta KL", "left", LARGE, weight="bold")
    canvas.label(8.85, 4.6, "with beta = 1: minus the ELBO", "right")
    costs = canvas.box(
        6.9, 1.1, "reconstruction\ncost of x under p(x given z)", (3.6, 0.8), DECODER
    )
    kl = canvas.box(2.3, 1.1, "KL\nfrom q(z given x) to p(z)", (3.6, 0.8), LATENT)
    canvas.arrow([again.bottom, (again.x, costs.top[1])], DECODER)
    canvas.arrow([x.bottom, (x.x, 2.05), (6.0, 2.05), (6.0, costs.top[1])])
    canvas.arrow([(3.6, 2.45), (3.6, kl.top[1])], Z_LINE)
    canvas.label(2.3, 0.4, "low where q(z given x) is close to the prior", font=SMALL)
    canvas.label(6.9, 0.4, "low where the decoder predicts x from z", font=SMALL)
    return canvas.fig


def _bells(canvas: Canvas, foot: Point) -> None:
    """Draws the prior and a posterior as curves over z."""
    x, y = foot
    canvas.line([(x - 1.2, y), (x + 1.2, y)], GREY)
    for mean, deviation, height, look in ((0, 0.42, 0.6, dashed(PLAIN)), (0.4, 0.13, 0.85, LATENT)):
        grid = np.linspace(-1.15, 1.15, 120)
        curve = height * np.exp(-(((grid - mean) / deviation) ** 2) / 2)
        canvas.line([(x + place, y + value) for place, value in zip(grid, curve)], look)


def four_cures() -> Any:
    """Draws where four cures of posterior collapse act: at beta, KL, events, and mu.

    Returns the figure.
    Source: Bowman et al. 2016 (annealing, word dropout); Kingma et al. 2016 (free
    bits); Zhu et al. 2020 (batch norm).
    Notebook: posterior_collapse
    """
    canvas = Canvas(5.0)
    y = 3.75
    x = canvas.box(0.5, y, "x", (0.5, 0.5), font=LARGE)
    encoder = canvas.box(1.75, y, "encoder", (1.1, 0.6), ENCODER)
    mu = canvas.box(3.3, y + 0.45, "mu", (0.8, 0.46), LATENT)
    sigma = canvas.box(3.3, y - 0.45, "sigma", (0.8, 0.46), LATENT)
    z = canvas.circle(4.6, y, "z", 0.28, LATENT)
    decoder = canvas.box(6.2, y, "decoder", (1.1, 0.6), DECODER)
    chances = canvas.box(8.1, y, "p(x given z)", (1.35, 0.5))
    before = canvas.box(6.2, 2.6, "the event before each step", (2.6, 0.5), dashed(PLAIN), SMALL)
    canvas.arrow([x.right, encoder.left])
    for place in (mu, sigma):
        canvas.arrow([(encoder.right[0], y), (2.6, y), (2.6, place.y), place.left])
    canvas.arrow([mu.right, (z.x, mu.y), z.top], LATENT)
    canvas.arrow([sigma.right, (z.x, sigma.y), z.bottom], LATENT)
    canvas.arrow([z.right, decoder.left], LATENT)
    canvas.arrow([decoder.right, chances.left])
    canvas.arrow([before.top, decoder.bottom], DECODER)
    loss_y = 1.55
    canvas.label(0.25, loss_y, "loss  =", "left", LARGE, weight="bold")
    canvas.box(2.45, loss_y, "reconstruction", (1.9, 0.5), DECODER)
    canvas.label(3.7, loss_y, "+", font=LARGE)
    beta = canvas.box(4.45, loss_y, "beta", (0.8, 0.5), LATENT)
    kl = canvas.box(5.5, loss_y, "KL", (0.8, 0.5), LATENT)
    marks = (beta.x, beta.y + 0.52), (kl.x, kl.y + 0.52), (before.x + 1.6, before.y)
    for number, (mark_x, mark_y) in enumerate((*marks, (mu.x, mu.y + 0.5)), start=1):
        canvas.circle(mark_x, mark_y, str(number), 0.2, CURE)
    texts = (
        "1  annealing: beta starts at 0",
        "2  free bits: the first bits of the KL cost 0",
        "3  word dropout: some events are hidden",
        "4  batch norm: mu has a fixed spread",
    )
    for number, text in enumerate(texts):
        column, row = divmod(number, 2)
        canvas.label(0.25 + 4.4 * column, 0.75 - 0.4 * row, text, "left")
    return canvas.fig
