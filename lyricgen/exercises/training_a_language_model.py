"""The exercises of the notebook training_a_language_model."""

from __future__ import annotations

import numpy as np

from lyricgen.exercises import Exercise, Mistake

rising = Exercise(
    form="one of the letters 'a', 'b', 'c' and 'd', in quotation marks",
    hint=(
        "the probabilities of all next letters sum to 1. If the model gives more and more of it "
        "to the words of three songs, what is left for the words of other songs?"
    ),
    right=lambda: "b",
    why=(
        "At first the model learns what all songs share, and both losses fall. Then it learns the "
        "three songs by heart: it writes whole runs of them and gives other words less and less."
    ),
    mistakes={
        "a": Mistake(
            lambda: "a",
            "(a) would hold if everything that the model learns from the three songs were true of "
            "other songs too. Their exact words are not.",
        ),
        "c": Mistake(
            lambda: "c",
            "(c) overlooks what the songs share: spelling, common words, the length of a line. "
            "The held-out loss falls while the model learns that.",
        ),
        "d": Mistake(
            lambda: "d",
            "(d) a learning rate that is too high makes the training loss jump or rise as well; "
            "here it falls to the end.",
        ),
    },
    letters="abcd",
)

# The sizes of the second exercise: the vocabulary, the embedding and the hidden state.
V = 80
D = 32
H = 48


def _parameters(
    embeddings: int = 1, blocks: int = 4, U: int = 1, b: int = 1, projection: int = 1, bias: int = 1
) -> int:
    """The answer of the second exercise; the arguments spoil it."""
    lstm = blocks * H * (D + U * H + b)
    return embeddings * V * D + lstm + projection * H * D + bias * V


parameters = Exercise(
    form="one whole number",
    hint=(
        "write down the shape of every array: E, then W, U and b of the LSTM with its four blocks, "
        "then P, then the output bias. The matrix E is used twice and counted once."
    ),
    right=_parameters,
    why=(
        "The LSTM has 79 per cent of these numbers. With the 4,503 tokens of Song ci in place of "
        "80, the embedding would have 87 per cent."
    ),
    mistakes={
        "untied": Mistake(
            lambda: _parameters(embeddings=2),
            "you counted the embedding twice. The weights are tied: the output uses the same E.",
        ),
        "untied, without projection": Mistake(
            lambda: _parameters(projection=0) + H * V,
            "you gave the output a matrix (H, V) of its own. Tied weights replace it by P (H, D) "
            "and the embedding E, which is counted already.",
        ),
        "no projection": Mistake(
            lambda: _parameters(projection=0), "the projection P (H, D) is missing."
        ),
        "no output bias": Mistake(
            lambda: _parameters(bias=0), "the output bias, one number for each token, is missing."
        ),
        "no bias of the LSTM": Mistake(
            lambda: _parameters(b=0), "the bias b of the LSTM, (4H), is missing."
        ),
        "no biases": Mistake(
            lambda: _parameters(b=0, bias=0),
            "both biases are missing: b of the LSTM, (4H), and the output bias, (V).",
        ),
        "no recurrent kernel": Mistake(
            lambda: _parameters(U=0), "the recurrent kernel U (H, 4H) is missing."
        ),
        "one block": Mistake(
            lambda: _parameters(blocks=1),
            "you counted one block of the LSTM. It has four: i, f, g and o.",
        ),
        "three blocks": Mistake(
            lambda: _parameters(blocks=3),
            "you counted three blocks of the LSTM. The candidate g is the fourth.",
        ),
        "LSTM alone": Mistake(
            lambda: 4 * H * (D + H + 1), "these are the numbers of the LSTM alone."
        ),
        "two biases": Mistake(
            lambda: _parameters(b=2),
            "the LSTM of Keras has one bias b (4H); two are what PyTorch has.",
        ),
        "no embedding": Mistake(
            lambda: _parameters(embeddings=0), "the embedding E (V, D) is missing."
        ),
    },
)


def _gradients(seed: int, D: int, H: int, size: float, limit: float) -> tuple:
    """The arguments of the third exercise: dW (D, 4H), db (4H,) and the limit."""
    rng = np.random.default_rng(seed)
    dW = size * rng.standard_normal((D, 4 * H))
    db = size * rng.standard_normal(4 * H)
    return dW, db, limit


# A gradient over the limit, one below it, and one of which db alone is below it.
CLIP_CASES = (
    _gradients(1, 3, 2, size=1.0, limit=1.0),
    _gradients(2, 2, 1, size=0.1, limit=2.0),
    _gradients(3, 4, 3, size=0.5, limit=2.5),
)


def _norm(*gradients: np.ndarray) -> float:
    """The length of some gradients, as one vector."""
    return float(np.sqrt(sum(np.sum(gradient**2) for gradient in gradients)))


def _clip(dW: np.ndarray, db: np.ndarray, limit: float) -> tuple[np.ndarray, np.ndarray]:
    """The answer of the third exercise."""
    scale = min(1.0, limit / _norm(dW, db))
    return scale * dW, scale * db


def _clip_each(dW: np.ndarray, db: np.ndarray, limit: float) -> tuple[np.ndarray, np.ndarray]:
    """The function that the exercise asks to repair."""
    return dW * min(1.0, limit / _norm(dW)), db * min(1.0, limit / _norm(db))


def _clip_always(dW: np.ndarray, db: np.ndarray, limit: float) -> tuple[np.ndarray, np.ndarray]:
    """Scales short gradients too."""
    scale = limit / _norm(dW, db)
    return scale * dW, scale * db


def _clip_by_square(dW: np.ndarray, db: np.ndarray, limit: float) -> tuple[np.ndarray, np.ndarray]:
    """Takes the squared norm."""
    scale = min(1.0, limit / _norm(dW, db) ** 2)
    return scale * dW, scale * db


def _clip_by_sum(dW: np.ndarray, db: np.ndarray, limit: float) -> tuple[np.ndarray, np.ndarray]:
    """Adds up the two norms."""
    scale = min(1.0, limit / (_norm(dW) + _norm(db)))
    return scale * dW, scale * db


def _clip_to_one(dW: np.ndarray, db: np.ndarray, limit: float) -> tuple[np.ndarray, np.ndarray]:
    """Has the limit 1 in it."""
    scale = min(1.0, 1.0 / _norm(dW, db))
    return scale * dW, scale * db


def _clip_again(dW: np.ndarray, db: np.ndarray, limit: float) -> tuple[np.ndarray, np.ndarray]:
    """Computes the common norm again after dW is overwritten."""
    dW = dW * min(1.0, limit / _norm(dW, db))
    db = db * min(1.0, limit / _norm(dW, db))
    return dW, db


def _clip_by(norm: float, dW: np.ndarray, db: np.ndarray, limit: float) -> tuple:
    """Scales both by a norm that is not theirs."""
    scale = min(1.0, limit / norm)
    return scale * dW, scale * db


clip = Exercise(
    form="a function of dW, db and limit that returns the clipped dW and db",
    hint=(
        "put all numbers of dW and db into one vector. What is its length? If it is over the "
        "limit, by which single factor do you have to multiply both?"
    ),
    right=_clip,
    why=(
        "One factor for all arrays changes the length of the gradient and keeps its direction. A "
        "factor for each array would change how far each moves compared with the others."
    ),
    mistakes={
        "each alone": Mistake(
            _clip_each,
            "dW and db are still clipped each with its own norm, so they get different factors and "
            "the direction of the step changes.",
        ),
        "always": Mistake(
            _clip_always,
            "you scale gradients below the limit as well. Those stay as they are: min(1, ...).",
        ),
        "squared": Mistake(
            _clip_by_square, "the square root is missing: the norm is the root of a sum of squares."
        ),
        "sum of norms": Mistake(
            _clip_by_sum,
            "you added the two norms. Add the squares of all numbers first, and take one root.",
        ),
        "mean of norms": Mistake(
            lambda dW, db, limit: _clip_by((_norm(dW) + _norm(db)) / 2, dW, db, limit),
            "you took the mean of the two norms; all numbers together have one norm, the root of "
            "the sum of all squares.",
        ),
        "largest norm": Mistake(
            lambda dW, db, limit: _clip_by(max(_norm(dW), _norm(db)), dW, db, limit),
            "you took the larger of the two norms; together they are longer than that.",
        ),
        "db forgotten": Mistake(
            lambda dW, db, limit: _clip_by(_norm(dW), dW, db, limit),
            "the squares of db are missing in the norm.",
        ),
        "db not scaled": Mistake(
            lambda dW, db, limit: (_clip(dW, db, limit)[0], db),
            "db comes back as it was: both get the same factor.",
        ),
        "db left out": Mistake(
            lambda dW, db, limit: (_clip_each(dW, db, limit)[0], db),
            "you clip dW alone; db belongs to the norm and is scaled too.",
        ),
        "running sum": Mistake(
            lambda dW, db, limit: (_clip_each(dW, db, limit)[0], _clip(dW, db, limit)[1]),
            "the sum of squares is not complete when you use it: dW gets a factor of dW alone. Add "
            "up all squares first, then scale.",
        ),
        "overwritten": Mistake(
            _clip_again,
            "you computed the norm again after dW was clipped, so db gets a factor that the "
            "shorter dW has changed. Compute the factor once, before anything is overwritten.",
        ),
        "limit of 1": Mistake(
            _clip_to_one, "your function clips to a norm of 1 whatever the limit is."
        ),
        "elementwise": Mistake(
            lambda dW, db, limit: (np.clip(dW, -limit, limit), np.clip(db, -limit, limit)),
            "you clipped every number by itself, which changes the direction of the gradient.",
        ),
        "no factor": Mistake(
            lambda dW, db, limit: (dW, db), "the gradients come back as they were."
        ),
    },
    cases=CLIP_CASES,
    returns=("dW", "db"),
)
