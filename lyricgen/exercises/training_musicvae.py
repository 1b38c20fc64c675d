"""The exercises of the notebook training_musicvae."""

from __future__ import annotations

import numpy as np

from lyricgen.exercises import Exercise, Mistake, read_numbers

# A table, a melody and a start of the second exercise.
Case = tuple[np.ndarray, np.ndarray, int]

curves = Exercise(
    form="one of the letters 'a', 'b', 'c' and 'd', in quotation marks",
    hint=(
        "while beta is 0, a smaller sigma costs nothing and makes the bar easier to decode. What "
        "does it cost once beta has risen? And does a decoder need all those bits?"
    ),
    right=lambda: "d",
    why=(
        "While beta is 0, each bar gets a Gaussian as narrow as it likes, and the KL rises. Once "
        "the KL costs something, the bits that help the decoder least are given up first, and the "
        "decoder goes on learning to use the others."
    ),
    mistakes={
        "a": Mistake(
            lambda: "a",
            "(a) would hold if beta stayed 0. As it rises, every bit of the KL has to save more "
            "than beta times a bit of the cost, and many bits do not.",
        ),
        "b": Mistake(
            lambda: "b",
            "(b) is posterior collapse. It threatens where the KL is charged in full from the "
            "start; here beta is 0 for the first 15 % of the steps.",
        ),
        "c": Mistake(
            lambda: "c",
            "(c) is right about the KL. But z has far more bits than a bar needs when beta begins "
            "to rise, and the decoder has not finished learning.",
        ),
    },
    letters="abcd",
)


def accuracies(table: np.ndarray, melody: np.ndarray, start: int) -> np.ndarray:
    """Returns a toy decoder's accuracies with teacher forcing and in free running.

    After the event `last`, at step t, the decoder writes table[t, last], (T, V + 1).
    """
    return _accuracies((table, melody, start))


def _accuracies(
    case: Case, readers: tuple[str, str] = ("true", "own"), steps: slice = slice(None)
) -> np.ndarray:
    """The answer of the second exercise; `readers` and `steps` spoil it."""
    _, melody, _ = case
    shares = []
    for reader in readers:
        right = _run(*case, reader) == melody
        shares.append(right[steps].mean())
    return np.array(shares)


def _run(table: np.ndarray, melody: np.ndarray, start: int, reader: str) -> np.ndarray:
    """Returns what the decoder writes (T,), by what it reads at each step."""
    last = start
    written = []
    for t, event in enumerate(melody):
        if reader == "wrapped":
            last = melody[t - 1]
        if reader == "same step":
            last = event
        written.append(table[t, last])
        if reader == "true":
            last = event
        if reader == "own":
            last = written[-1]
    return np.array(written)


def _of_onsets(table: np.ndarray, melody: np.ndarray, start: int) -> np.ndarray:
    """The accuracies of the onsets alone."""
    onset = melody > 1
    found = [_run(table, melody, start, reader) == melody for reader in ("true", "own")]
    return np.array([right[onset].mean() for right in found])


def _of_the_teacher(table: np.ndarray, melody: np.ndarray, start: int) -> np.ndarray:
    """How often the free decoder agrees with the forced one, in the second place."""
    forced = _run(table, melody, start, "true")
    free = _run(table, melody, start, "own")
    return np.array([(forced == melody).mean(), (free == forced).mean()])


def _up_to_a_mistake(table: np.ndarray, melody: np.ndarray, start: int) -> np.ndarray:
    """The accuracies where the free decoder stops at its first wrong event."""
    right = _run(table, melody, start, "own") == melody
    stopped = np.cumprod(right).mean()
    return np.array([accuracies(table, melody, start)[0], stopped])


def _first_given(table: np.ndarray, melody: np.ndarray, start: int) -> np.ndarray:
    """The accuracies where the first event is given and counts as right."""
    shares = []
    for reader in ("true", "own"):
        right = _run(table[1:], melody[1:], melody[0], reader) == melody[1:]
        shares.append((1 + right.sum()) / len(melody))
    return np.array(shares)


def _toy(seed: int, steps: int, events: int, mistakes: int, first: bool = True) -> Case:
    """Returns a table (T, V + 1), a melody (T,) and V, the start.

    The decoder is right after every true event but as many as there are mistakes, and
    after the start if `first` says so. In the melody 0 is a hold, 1 a rest, and larger
    numbers are onsets.
    """
    rng = np.random.default_rng(seed)
    melody = np.where(np.arange(steps) % 2, 0, rng.integers(2, events, steps))
    melody[-1] = rng.integers(2, events)
    table = rng.integers(0, events, (steps, events + 1))
    # Whatever else than the start is read first leads to another event.
    table[0] = (melody[0] + 1) % events
    before = [events, *melody[:-1]]
    table[np.arange(steps), before] = melody
    for t in rng.choice(np.arange(2, steps - 2), mistakes, replace=False):
        table[t, before[t]] = (melody[t] + 1) % events
    if not first:
        table[0, events] = (melody[0] + 1) % events
    return table, melody, events


flatters = Exercise(
    form="a function of table, melody and start that returns two accuracies, forced and free",
    hint=(
        "two loops over the steps, both with last = start before them. In each, the decoder "
        "writes table[t, last]. Then last becomes melody[t] in the one, and what was written in "
        "the other."
    ),
    right=accuracies,
    why=(
        "Teacher forcing flatters: after each mistake the decoder reads the true event again. "
        "Running free, it reads its own mistake, and a single one can cost many steps."
    ),
    cases=(
        _toy(2, 16, 6, 2),
        _toy(4, 24, 9, 4),
        _toy(5, 11, 5, 2),
        _toy(6, 13, 7, 2, first=False),
    ),
    mistakes={
        "swapped": Mistake(
            lambda *case: accuracies(*case)[::-1],
            "these are the right two in the other order: teacher forcing first.",
        ),
        "forced twice": Mistake(
            lambda *case: _accuracies(case, readers=("true", "true")),
            "your second decoder reads the true event as well; running free it reads what it "
            "wrote.",
        ),
        "free twice": Mistake(
            lambda *case: _accuracies(case, readers=("own", "own")),
            "your first decoder reads what it wrote; with teacher forcing it reads the true event.",
        ),
        "first given": Mistake(
            _first_given,
            "you count the first event as right; the decoder writes it too, after start.",
        ),
        "begun with hold": Mistake(
            lambda table, melody, start: accuracies(table, melody, 0),
            "you began with last = 0, which is a hold; before the first step `last` is start.",
        ),
        "wrapped": Mistake(
            lambda *case: _accuracies(case, readers=("wrapped", "own")),
            "at step 0, melody[t - 1] is the last event of the melody; before the first step "
            "`last` is start.",
        ),
        "the event itself": Mistake(
            lambda *case: _accuracies(case, readers=("same step", "own")),
            "with teacher forcing your decoder reads the event that it is to write; it reads the "
            "one before.",
        ),
        "never moves on": Mistake(
            lambda *case: _accuracies(case, readers=("start", "start")),
            "`last` stays start in your loops: set it at the end of each step.",
        ),
        "start for free": Mistake(
            lambda *case: _accuracies(case, readers=("true", "start")),
            "in your second loop `last` stays start: set it to what was written.",
        ),
        "against the forced": Mistake(
            _of_the_teacher,
            "your second number compares the free decoder with the forced one; compare it with "
            "the melody.",
        ),
        "stops": Mistake(
            _up_to_a_mistake,
            "your free decoder stops at its first wrong event; it goes on, and may be right again.",
        ),
        "counts": Mistake(
            lambda *case: len(case[1]) * accuracies(*case),
            "these are how many steps are right; divide by the number of steps.",
        ),
        "error rates": Mistake(
            lambda *case: 1 - accuracies(*case),
            "these are the shares of the steps that are wrong; the accuracy is the share that is "
            "right.",
        ),
        "only onsets": Mistake(_of_onsets, "that is of the onsets only; here all steps count."),
        "no first step": Mistake(
            lambda *case: _accuracies(case, steps=slice(1, None)),
            "you left out the first step; all steps count.",
        ),
        "no last step": Mistake(
            lambda *case: _accuracies(case, steps=slice(None, -1)),
            "you left out the last step; all steps count.",
        ),
    },
    # Two digits are enough: 0.88 for 0.875.
    digits=2,
    share=True,
)


# Of the model that the notebook trains: the third exercise.
BETA = 0.2
STEPS = 16
LATENT = 24


def _too_small(answer) -> str | None:
    """Names an answer near 0, which no single mistake explains."""
    number = read_numbers(answer, one=True)
    if number is not None and number.size == 1 and abs(number.item()) < BETA / STEPS / 4:
        return "that is much too small: the KL would weigh next to nothing."
    return None


mean_for_sum = Exercise(
    form="one number",
    hint=(
        "a loss divided by 16 as a whole has the same minimum. Divide both its terms, and see "
        "what then stands before the KL."
    ),
    right=lambda: BETA / STEPS,
    why=(
        "With 0.2 in its place the KL would weigh 16 times as much as it should, and z would say "
        "next to nothing. A beta means nothing as long as one does not know what was summed and "
        "what was averaged."
    ),
    mistakes={
        "multiplied": Mistake(
            lambda: BETA * STEPS,
            "you multiplied by 16; the cost became smaller by 16, so the KL's weight must become "
            "smaller as well.",
        ),
        "the same": Mistake(
            lambda: BETA,
            "then the cost is a 16th of what it was, and the KL is not: it would weigh 16 times "
            "as much.",
        ),
        "dimensions": Mistake(
            lambda: BETA / LATENT,
            "24 is the number of dimensions of z, and over them this program still takes the sum.",
        ),
        "times the dimensions": Mistake(
            lambda: BETA * LATENT,
            "you multiplied by 24, the number of dimensions; over them this program still takes "
            "the sum. Only the mean over the 16 steps matters, and the weight becomes smaller.",
        ),
        "both means": Mistake(
            lambda: BETA * LATENT / STEPS,
            "that would be for a KL averaged over its 24 dimensions too; here it is their sum.",
        ),
        "sizes mixed up": Mistake(
            lambda: BETA * STEPS / LATENT,
            "16 and 24 are both in it: over the 24 dimensions this program still takes the sum, "
            "so only the 16 steps matter, and the weight becomes smaller.",
        ),
        "both": Mistake(
            lambda: BETA / STEPS / LATENT,
            "you divided by the 24 dimensions as well; over them this program still takes the sum.",
        ),
        "two bars": Mistake(
            lambda: BETA / 32,
            "that is for melodies of 32 steps, as of the model of the course; yours have 16.",
        ),
    },
    when=_too_small,
)
