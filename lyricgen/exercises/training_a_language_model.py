"""The exercises of the notebook training_a_language_model."""

from __future__ import annotations

from lyricgen.exercises import Exercise, Mistake
from lyricgen.exercises.vanishing_gradients import clipping_exercise
from lyricgen.models.lstm.plain_rnn import clip as clip_together

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


def _clip(dW, db, limit):
    """The answer of the third exercise."""
    return clip_together((dW, db), limit)


clip = clipping_exercise(
    _clip,
    lambda D, H: ((D, 4 * H), (4 * H,)),
    why=(
        "One factor for all arrays changes the length of the gradient and keeps its direction. A "
        "factor for each array would change how far each moves compared with the others."
    ),
)
