"""The exercises of the notebook variational_autoencoder."""

from __future__ import annotations

from functools import partial

import numpy as np

from lyricgen.exercises import Exercise, Mistake
from lyricgen.models.musicvae.posterior import kl_divergence

B = 6
T = 16
Z = 8

# The dimensions of the notebook's own network.
PLANE = 2


def _given() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(7)
    cost = rng.gamma(1.0, 0.4, (B, T))
    mu = rng.standard_normal((B, Z))
    sigma = rng.uniform(0.2, 1.1, (B, Z))
    return cost, mu, sigma


# Of six bars: the nats of each step, and the encoder's Gaussian in each dimension.
COST, MU, SIGMA = _given()
_PAIRS = (MU[0], SIGMA[0], MU[1], SIGMA[1])


def _two(mu_q, sigma_q, mu_p, sigma_p, log=np.log, square=np.square, spread=True) -> np.ndarray:
    """KL(N(mu_q, sigma_q²) || N(mu_p, sigma_p²)); the last arguments spoil it."""
    distance = square(sigma_q) * spread + (mu_q - mu_p) ** 2
    return log(sigma_p / sigma_q) + 0.5 * distance / square(sigma_p) - 0.5


gaussians = Exercise(
    form="a function of mu_q, sigma_q, mu_p, sigma_p that returns a number for each dimension",
    hint=(
        "write ln q(z) - ln p(z) of the two Gaussians and take its mean under q: (z - mu_q)² has "
        "the mean sigma_q², and (z - mu_p)² the mean sigma_q² + (mu_q - mu_p)²."
    ),
    right=_two,
    why=(
        "With mu_p = 0 and sigma_p = 1 it is the formula of the notebook. This one is needed "
        "where the prior is learnt."
    ),
    cases=(_PAIRS, (MU[2, :3], SIGMA[2, :3], MU[3, :3], SIGMA[3, :3])),
    mistakes={
        "other direction": Mistake(
            lambda *four: _two(*four[2:], *four[:2]),
            "that is KL(p || q): the mean is to be taken under q, the first of the two.",
        ),
        "variances": Mistake(
            partial(_two, log=lambda a: np.log(a) / 2, square=np.abs),
            "you took sigma for the variance: it enters as sigma².",
        ),
        "log of variances": Mistake(
            partial(_two, log=lambda a: 2 * np.log(a)),
            "the logarithm is of sigma_p / sigma_q; of the variances it would need a half.",
        ),
        "sign of the log": Mistake(
            partial(_two, log=lambda a: -np.log(a)),
            "the logarithm has the wrong sign: it is ln(sigma_p / sigma_q).",
        ),
        "bits": Mistake(
            lambda *four: _two(*four) / np.log(2), "these are bits; the answer should be in nats."
        ),
        "no spread": Mistake(
            partial(_two, spread=False),
            "q's own spread is missing: the mean of (z - mu_p)² under q is sigma_q² + (mu_q - "
            "mu_p)².",
        ),
        "p is the prior": Mistake(
            lambda *four: kl_divergence(*four[:2]),
            "that is the KL to N(0, 1); here p has a mu and a sigma of its own.",
        ),
        "minus the KL": Mistake(
            lambda *four: -_two(*four),
            "the sign is turned: that is -KL, and a KL is never below 0.",
        ),
        "half of it": Mistake(
            lambda *four: _two(*four) / 2,
            "that is half of it: with (sigma_q² + (mu_q - mu_p)²) / (2 sigma_p²) and - 1/2 the "
            "halves are there already, and the logarithm has none.",
        ),
        "log2": Mistake(
            partial(_two, log=np.log2),
            "that logarithm is to the base 2, and the rest is in nats: take np.log.",
        ),
        "means not squared": Mistake(
            lambda mu_q, s, mu_p, t: np.log(t / s) + (s**2 + (mu_q - mu_p)) / (2 * t**2) - 0.5,
            "the difference of the means enters as its square: (mu_q - mu_p)².",
        ),
        "no means": Mistake(
            lambda mu_q, s, mu_p, t: np.log(t / s) + s**2 / (2 * t**2) - 0.5,
            "the squared difference of the means, (mu_q - mu_p)², is missing.",
        ),
        "no one half": Mistake(
            lambda *four: _two(*four) + 0.5,
            "the - 1/2 is missing: with p = q the KL should be 0, and yours is 1/2.",
        ),
        "summed": Mistake(
            lambda *four: _two(*four).sum(),
            "you summed over the dimensions; the answer should have an entry for each.",
        ),
    },
)


def _loss(sign=1.0, steps=np.sum, dimensions=np.sum, bars=np.mean, kl=kl_divergence) -> float:
    """The answer of the second exercise; the arguments spoil it."""
    costs = steps(COST, axis=1)
    kls = dimensions(kl(MU, SIGMA), axis=1)
    return float(bars(costs + sign * kls))


sign = Exercise(
    form="one number, in nats",
    hint=(
        "the ELBO is minus the cost minus the KL, each summed; the loss is minus that, averaged "
        "over the bars."
    ),
    right=_loss,
    why=(
        "Both terms are nats to pay for a bar: the KL to tell z, the cost to tell the bar once z "
        "is known. Two prices are added."
    ),
    mistakes={
        "minus the KL": Mistake(
            lambda: _loss(sign=-1.0),
            "the KL has the wrong sign: this loss *rewards* a posterior far from the prior, and "
            "it has no lowest value.",
        ),
        "the ELBO": Mistake(
            lambda: -_loss(), "that is the ELBO itself, which should grow; the loss is minus it."
        ),
        "minus the cost": Mistake(
            lambda: -_loss(sign=-1.0),
            "the cost has the wrong sign: it is -ln p(x given z), and it is to fall.",
        ),
        "mean over steps": Mistake(
            lambda: _loss(steps=np.mean),
            "you took the mean over the steps: the bar costs the sum of its 16 steps.",
        ),
        "mean over dimensions": Mistake(
            lambda: _loss(dimensions=np.mean),
            "you took the mean over the dimensions: the KL of z is the sum over them.",
        ),
        "both means": Mistake(
            lambda: _loss(steps=np.mean, dimensions=np.mean),
            "you took means over steps and dimensions: both are sums.",
        ),
        "sum over bars": Mistake(
            lambda: _loss(bars=np.sum), "you summed over the bars; the loss is the mean of a bar."
        ),
        "bits": Mistake(lambda: _loss() / np.log(2), "these are bits; the loss is in nats."),
        "no KL": Mistake(
            lambda: _loss(sign=0.0), "the KL is missing: that is the loss of an autoencoder."
        ),
        "no logarithm": Mistake(
            lambda: _loss(kl=lambda mu, sigma: (mu**2 + sigma**2 - 1) / 2),
            "the KL lacks its - ln sigma.",
        ),
        "sigma for variance": Mistake(
            lambda: _loss(kl=lambda mu, sigma: kl_divergence(mu, np.sqrt(sigma))),
            "you took sigma for the variance in the KL.",
        ),
    },
)


# What the program of the second exercise says that its beta is.
SAID = 0.1

means = Exercise(
    form="one number",
    hint=(
        "write the loss as mean cost + 0.1 · mean KL = sum of cost / 16 + 0.1 · sum of KL / 2, "
        "and multiply by 16: what stands before the sum of the KL?"
    ),
    right=lambda: SAID * T / PLANE,
    why=(
        "With 32 steps and 64 dimensions the same program has a beta of 1/20. So a beta means "
        "nothing until one knows what is summed. Run the next cell to see the KL."
    ),
    mistakes={
        "upside down": Mistake(
            lambda: SAID * PLANE / T,
            "that is upside down: with a mean over the steps the cost becomes small, so the KL "
            "weighs *more*.",
        ),
        "steps alone": Mistake(
            lambda: SAID * T,
            "that is for the mean over the steps alone; the KL is a mean as well, over 2 "
            "dimensions.",
        ),
        "dimensions alone": Mistake(
            lambda: SAID / PLANE,
            "that is for the mean over the dimensions alone; the cost is a mean as well, over 16 "
            "steps.",
        ),
        "divided by the steps": Mistake(
            lambda: SAID / T,
            "you divided by 16: with a mean over the steps the cost becomes small, so the KL "
            "weighs *more*. And the KL is a mean as well, over 2 dimensions.",
        ),
        "product": Mistake(
            lambda: SAID * T * PLANE,
            "the two means work against each other: one makes the cost smaller, the other the KL.",
        ),
        "divided by both": Mistake(
            lambda: SAID / T / PLANE,
            "the two means work against each other: one makes the cost smaller, the other the KL.",
        ),
        "of beta 1": Mistake(
            lambda: T / PLANE, "that is for a program that says beta is 1; this one says 0.1."
        ),
        "inverse": Mistake(
            lambda: PLANE / T / SAID,
            "that is the inverse: what stands before the KL once the cost has the weight 1?",
        ),
        "nothing": Mistake(
            lambda: SAID,
            "0.1 is what the program says; but its two means divide by different numbers.",
        ),
        "dimensions of exercise 1": Mistake(
            lambda: SAID * T / Z,
            "that is with the 8 dimensions of exercise 1; the network of the notebook has 2.",
        ),
    },
)
