"""The exercises of the notebook memory_and_precision."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from lyricgen.exercises import Exercise, Mistake, read_numbers

# The units of the exercise, and its steps.
H = 3
STEPS_KEPT = 20


def _bias(value: float, block: int = 1) -> np.ndarray:
    b = np.zeros(4 * H)
    start = block * H
    b[start : start + H] = value
    return b


# f of one step, so that half of the cell is left after all of them.
_KEEP = 0.5 ** (1 / STEPS_KEPT)


def _logit(f: float) -> float:
    return float(np.log(f / (1 - f)))


_LOGIT = _logit(_KEEP)


# A bias this near to that of a mistake is the mistake with two or three digits.
NEAR = 0.006


def _name_vector(b: np.ndarray) -> str | None:
    """Names a mistake with the whole bias that is judged by a distance of its own."""
    block = slice(H, 2 * H)
    if np.allclose(b, _bias(_KEEP), rtol=0, atol=NEAR):
        return "that is f itself; its bias is the b with sigmoid(b) = f: b = log(f / (1 - f))."
    if np.allclose(b, _bias(float(np.log(_KEEP))), rtol=0, atol=NEAR):
        return "that is log(f); the sigmoid's inverse is b = log(f / (1 - f))."
    for steps in (STEPS_KEPT - 1, STEPS_KEPT + 1):
        if np.allclose(b, _bias(_logit(0.5 ** (1 / steps))), rtol=0, atol=NEAR):
            return (
                f"with this bias half is left after {steps} steps; the cell passes "
                f"{STEPS_KEPT} forget gates, so take the root of {STEPS_KEPT}."
            )
    right = np.abs(b[block] - _LOGIT) < 0.01 * _LOGIT
    others = np.delete(b, block)
    if right.any() and not right.all() and not others.any():
        return (
            f"{right.sum()} of the {H} units has the right bias; each of them has its own forget "
            f"gate, so the block of f has {H} numbers."
        )
    if right.all() and b[2 * H : 3 * H].any():
        return (
            "the block of f is right, but with a bias in the block of g each step writes i g into "
            "the cell; with zeros g = tanh(0) = 0, and nothing is written."
        )
    if right.all() and others.any():
        return (
            "the block of f is right, and the others are not needed: with a bias of 0 in the "
            "block of g the candidate is tanh(0) = 0, so nothing is written even where i is open. "
            "Give zeros there."
        )
    return None


def _name_mistake(answer: Any) -> str | None:
    """Names a mistake with the bias that no single value shows."""
    numbers = read_numbers(answer)
    if numbers is None or numbers.dtype.kind == "b":
        return None
    if numbers.shape == (4 * H,):
        return _name_vector(numbers.astype(float))
    if numbers.size == 1 and abs(float(numbers.ravel()[0]) - _LOGIT) < 0.07:
        return "the bias is right; the answer is the whole vector with it in one block."
    return None


keep = Exercise(
    form=f"an array of {4 * H} numbers, the bias b of the blocks i, f, g, o",
    hint=(
        f"after {STEPS_KEPT} steps the cell is f to the power {STEPS_KEPT} of what it was: find "
        "the f for which that is a half, then the b with sigmoid(b) = f, and put it into the "
        "block of the forget gate."
    ),
    right=lambda: _bias(_LOGIT),
    why=(
        f"That f is {_KEEP:.3f}, and its bias {_LOGIT:.2f}. Keras starts with a bias of 1, the "
        "unit forget bias: f = 0.73, and half of the cell is gone after 2 steps. With a bias of "
        "0 that takes 1 step."
    ),
    mistakes={
        "forget bias left out": Mistake(
            lambda: np.zeros(4 * H),
            "with all biases 0 the forget gate is a half: half of the cell is gone after one step.",
        ),
        "unit forget bias": Mistake(
            lambda: _bias(1),
            f"that is the unit forget bias: f = 0.73, and 0.73 to the power {STEPS_KEPT} is 0.002, "
            "not a half.",
        ),
        "block of i": Mistake(
            lambda: _bias(_LOGIT, 0),
            "the number is right, but it is in the block of i; the order is i, f, g, o.",
        ),
        "block of g": Mistake(
            lambda: _bias(_LOGIT, 2),
            "the number is right, but it is in the block of g; the order is i, f, g, o.",
        ),
        "block of o": Mistake(
            lambda: _bias(_LOGIT, 3),
            "the number is right, but it is in the block of o; the order is i, f, g, o.",
        ),
        "every block": Mistake(
            lambda: np.full(4 * H, _LOGIT),
            "every gate has that bias; only the block of f needs it.",
        ),
        "wrong sign": Mistake(
            lambda: _bias(-_LOGIT),
            "the sign is wrong: a negative bias closes the forget gate, and the cell forgets.",
        ),
        "divided": Mistake(
            lambda: _bias(_logit(0.5 / STEPS_KEPT)),
            f"you divided a half by {STEPS_KEPT}; the cell is multiplied by f at each step, so "
            f"take the root: 0.5 ** (1 / {STEPS_KEPT}).",
        ),
        "linear": Mistake(
            lambda: _bias(_logit(1 - 0.5 / STEPS_KEPT)),
            f"you took the same amount away at each of the {STEPS_KEPT} steps; the cell is "
            f"multiplied by f at each step, so take the root: 0.5 ** (1 / {STEPS_KEPT}).",
        ),
        "base 10": Mistake(
            lambda: _bias(float(np.log10(_KEEP / (1 - _KEEP)))),
            "that is the logarithm to base 10; the sigmoid has e: np.log.",
        ),
    },
    when=_name_mistake,
    tolerance=0.01,
    digits=2,
)


# The bits of mantissa of the arithmetic behind each difference; 0 for a mistake.
ARITHMETIC = {2e-7: 23, 0.08: 0, 6e-16: 52, 4e-4: 10}
_BITS = list(ARITHMETIC.values())


def _swapped(first: int, second: int) -> list[int]:
    """Returns the right answer with two of its numbers changed for each other."""
    other = {first: second, second: first}
    return [other.get(bits, bits) for bits in _BITS]


def _name_difference(answer: Any) -> str | None:
    """Says of the first difference that is misjudged why its arithmetic is another."""
    numbers = read_numbers(answer)
    if numbers is None or numbers.shape != (len(_BITS),) or not set(numbers) <= set(_BITS):
        return None
    for (difference, bits), given in zip(ARITHMETIC.items(), numbers):
        if given == bits:
            continue
        if bits == 0:
            return (
                f"{difference} is {difference / 2.0**-10:.0f} times the last bit of TF32, the "
                "coarsest of the three: with weights that forget that is no rounding."
            )
        ours = f"the last bit of {bits} bits, 2**-{bits} = {2.0**-bits:.0e}"
        if given == 0:
            return f"{difference:.0e} is near {ours}: it needs no mistake to explain it."
        return (
            f"{difference:.0e} is near {ours}; the last bit of {given:.0f} bits is worth "
            f"{2.0**-given:.0e}."
        )
    return None


arithmetic = Exercise(
    form="a list of four whole numbers out of 52, 23, 10 and 0, in the order of the differences",
    hint=(
        "half of the last bit of a mantissa of n bits is a relative error of 2 to the power "
        "-(n + 1): compute it for 52, 23 and 10. The difference over a run of a forgetting LSTM "
        "is of that size. One of the four is far above all of them."
    ),
    right=lambda: list(_BITS),
    why=(
        "The last bit of float64 is worth 2e-16, that of float32 1e-7 and that of TF32 1e-3, of "
        "which an average over many products leaves less than a half. A difference of 0.08 is "
        "no rounding with these weights: look for a mistake, such as two blocks in another order."
    ),
    mistakes={
        "TF32 taken for a mistake": Mistake(
            lambda: _swapped(10, 0),
            "4e-4 is what TF32 costs; 0.08 is two hundred times as much, and that is no rounding "
            "with weights that forget.",
        ),
        "float32 taken for TF32": Mistake(
            lambda: _swapped(23, 10),
            "the last bit of float32 is worth 2**-23 = 1.2e-7, and that of TF32 2**-10 = 1e-3.",
        ),
        "float64 and float32": Mistake(
            lambda: _swapped(52, 23),
            "the last bit of float64 is worth 2**-52 = 2.2e-16, and that of float32 "
            "2**-23 = 1.2e-7.",
        ),
        "sorted": Mistake(
            lambda: sorted(_BITS, reverse=True),
            "these are sorted; give them in the order in which the differences are printed.",
        ),
        "sorted upwards": Mistake(
            lambda: sorted(_BITS),
            "these are sorted; give them in the order in which the differences are printed.",
        ),
        "all bits of the format": Mistake(
            lambda: [32, 0, 64, 19],
            "these are all bits of a number; the mantissa has 52, 23 or 10 of them.",
        ),
    },
    when=_name_difference,
)


class _Optimizer:
    """Stands for Adam: it has an average of each array and a counter of its updates."""

    def __init__(self) -> None:
        self.updates = 0
        self.means: list[float] = []
        self.squares: list[float] = []


def _new_network(seed: int) -> list[float]:
    return [float(seed)]


def _train(network: list[float], optimizer: _Optimizer) -> float:
    """Stands for a training: its result depends on all that the optimizer remembers."""
    optimizer.updates += 3
    optimizer.means = [sum(optimizer.means) + 0.5]
    network[0] += sum(optimizer.means)
    return network[0] + 0.01 * optimizer.updates**2


def _all_runs(
    seeds: Sequence[int],
    new_network: Callable[[int], Any],
    new_optimizer: Callable[[], Any],
    train: Callable[[Any, Any], float],
) -> list[float]:
    return [train(new_network(seed), new_optimizer()) for seed in seeds]


def _one_optimizer(seeds, new_network, new_optimizer, train):
    optimizer = new_optimizer()
    return [train(new_network(seed), optimizer) for seed in seeds]


def _one_network(seeds, new_network, new_optimizer, train):
    network = new_network(seeds[0])
    return [train(network, new_optimizer()) for _ in seeds]


def _one_of_both(seeds, new_network, new_optimizer, train):
    network = new_network(seeds[0])
    optimizer = new_optimizer()
    return [train(network, optimizer) for _ in seeds]


def _averages_set_back(seeds, new_network, new_optimizer, train):
    optimizer = new_optimizer()
    found = []
    for seed in seeds:
        optimizer.means = []
        found.append(train(new_network(seed), optimizer))
    return found


def _counter_set_back(seeds, new_network, new_optimizer, train):
    optimizer = new_optimizer()
    found = []
    for seed in seeds:
        optimizer.updates = 0
        found.append(train(new_network(seed), optimizer))
    return found


def _optimizer_not_made(seeds, new_network, new_optimizer, train):
    return [train(new_network(seed), new_optimizer) for seed in seeds]


def _network_not_made(seeds, new_network, new_optimizer, train):
    return [train(new_network, new_optimizer()) for _ in seeds]


def _sorted_runs(seeds, new_network, new_optimizer, train):
    return sorted(_all_runs(seeds, new_network, new_optimizer, train))


def _last_run(seeds, new_network, new_optimizer, train):
    return _all_runs(seeds, new_network, new_optimizer, train)[-1]


def _first_run(seeds, new_network, new_optimizer, train):
    return _all_runs(seeds, new_network, new_optimizer, train)[0]


def _mean_run(seeds, new_network, new_optimizer, train):
    return float(np.mean(_all_runs(seeds, new_network, new_optimizer, train)))


repair = Exercise(
    form="a function of seeds, new_network, new_optimizer and train that returns a list of numbers",
    hint=(
        "what is made before the loop is shared by all runs. Which of the two things that a run "
        "needs is made before the loop, and what does it remember of the run before?"
    ),
    right=_all_runs,
    why=(
        "Now each run has its own optimizer, and the result for a seed is the same whatever ran "
        "before. That is how to test it: train the seeds in another order and compare."
    ),
    mistakes={
        "one optimizer": Mistake(
            _one_optimizer,
            "all runs still share one optimizer: its averages and its counter go from each run "
            "into the next.",
        ),
        "averages set back": Mistake(
            _averages_set_back,
            "the averages are set back and the counter is not: the first updates of a run are "
            "too large. A new optimizer has both at zero.",
        ),
        "counter set back": Mistake(
            _counter_set_back,
            "the counter is set back and the averages are not: they still hold the gradients of "
            "the run before. A new optimizer has both at zero.",
        ),
        "one network": Mistake(
            _one_network,
            "each run has its own optimizer now, but all runs train the same network, and the "
            "seeds are not used.",
        ),
        "one of both": Mistake(
            _one_of_both,
            "network and optimizer are both made once; each run needs its own.",
        ),
        "optimizer not made": Mistake(
            _optimizer_not_made,
            "train was given new_optimizer itself, which only makes optimizers: call it, "
            "new_optimizer().",
        ),
        "network not made": Mistake(
            _network_not_made,
            "train was given new_network itself, which only makes networks: call it, "
            "new_network(seed).",
        ),
        "sorted": Mistake(
            _sorted_runs,
            "these are the right accuracies, sorted; return them in the order of the seeds.",
        ),
        "last run": Mistake(
            _last_run, "only the last run is returned: append each result to a list."
        ),
        "first run": Mistake(
            _first_run, "only the first run is returned: is the return inside the loop?"
        ),
        "mean": Mistake(
            _mean_run, "that is the mean; return a list with one number for each seed."
        ),
    },
    cases=(
        ([4, 1, 7], _new_network, _Optimizer, _train),
        ([2, 5], _new_network, _Optimizer, _train),
    ),
)
