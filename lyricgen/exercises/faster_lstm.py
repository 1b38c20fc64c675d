"""The exercise of the notebook faster_lstm."""

from __future__ import annotations

from lyricgen.exercises import Exercise, Mistake

# Sequences in a batch, steps in a sequence, tokens in the vocabulary.
B, T, V = 64, 32, 90


table = Exercise(
    form="one number, the factor, with three digits",
    hint=(
        "step by step, x W multiplies one row of D numbers for each token of the batch; the table "
        "multiplies one row for each token of the vocabulary. D and 4H are the same in both."
    ),
    right=lambda: B * T / V,
    why=(
        "2048 rows are multiplied without the table and 90 with it. The factor says nothing about "
        "the whole step: the next cell measures what is left of it."
    ),
    mistakes={
        "inverse": Mistake(
            lambda: V / (B * T),
            "that is the share of the multiplications that is left; the factor is its inverse.",
        ),
        "steps alone": Mistake(
            lambda: T / V,
            "each of the 64 sequences of the batch has its own 32 tokens: there are B T rows.",
        ),
        "batch alone": Mistake(
            lambda: B / V,
            "each sequence has 32 tokens: there are B T rows without the table.",
        ),
        "rows": Mistake(
            lambda: B * T, "that is the number of rows without the table; it has V rows itself."
        ),
        "one product": Mistake(
            lambda: T,
            "one product in place of T saves no multiplication, since it has T times the rows; "
            "the table saves some because equal tokens share a row.",
        ),
    },
)
