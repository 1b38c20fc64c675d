"""The exercises of the notebook melody_dataset."""

from __future__ import annotations

from lyricgen.exercises import Exercise, Mistake

# Pairs of near-duplicates among ten tunes, and the split of each tune.
NEAR = [(0, 1), (2, 3), (4, 6), (6, 7), (8, 9)]
PARTS = ["train", "test", "train", "train", "test", "train", "validation", "train", "test", "test"]

# G held on, A, silence, C.
WINDOW = [48, 0, 0, 0, 50, 0, 0, 0, 1, 0, 0, 0, 53, 0, 0, 0]


grid = Exercise(
    form="one number, the steps in a quarter",
    hint=(
        "a grid of n steps holds what is a multiple of 1/n of a quarter. It must hold 1/8 and "
        "1/6: n is a multiple of both numbers, the smallest one."
    ),
    right=lambda: 24,
    why=(
        "It is the least common multiple. Six times as many steps as 16ths: two bars would be 192 "
        "tokens in place of 32, for a few bars in a hundred."
    ),
    mistakes={
        "product": Mistake(
            lambda: 48,
            "48 steps hold all of them, but so does a smaller number: 8 and 6 have a factor in "
            "common.",
        ),
        "smaller": Mistake(
            lambda: 6, "6 steps hold the triplets; a 32nd, an eighth of a quarter, lies between."
        ),
        "name of the note": Mistake(
            lambda: 32,
            "a 32nd is a 32nd of a whole note, and 32 steps would be of a bar; the question is "
            "about one quarter, and the triplets must lie on the grid too.",
        ),
        "largest": Mistake(
            lambda: 8, "8 steps hold the 32nds; a sixth of a quarter lies between two of them."
        ),
        "triplets of eighths": Mistake(
            lambda: 12,
            "12 steps hold 16ths and triplets of any kind up to sixths, but no 32nds: 12 is no "
            "multiple of 8.",
        ),
        "in a bar": Mistake(
            lambda: 96,
            "that is the number in a bar of four quarters; the question is about one quarter.",
        ),
        "common factor": Mistake(
            lambda: 2,
            "that is the greatest common factor; a finer grid is needed, not a coarser one.",
        ),
        "sum": Mistake(
            lambda: 14, "that is the sum of 8 and 6; the grid must be a multiple of both."
        ),
    },
)


cut = Exercise(
    form="a list of 16 numbers",
    hint=(
        "step 0 is never HOLD: a note that sounds on is struck again. An onset of pitch p is p - "
        "21 + 2. Silence is one REST, then HOLDs."
    ),
    right=lambda: WINDOW,
    why=(
        "So each window stands on its own: a model that sees only these 16 steps knows what "
        "sounds at the first, and equal music is equal numbers."
    ),
    mistakes={
        "plain cut": Mistake(
            lambda: [0] + WINDOW[1:],
            "the first step is HOLD, but the window does not say of what: strike the G again "
            "there.",
        ),
        "REST first": Mistake(
            lambda: [1] + WINDOW[1:],
            "the first step is a REST, but the G still sounds there: strike it again.",
        ),
        "REST throughout": Mistake(
            lambda: WINDOW[:9] + [1, 1, 1] + WINDOW[12:],
            "in silence only the first step is REST; the others hold it.",
        ),
        "MIDI pitches": Mistake(
            lambda: [67, 0, 0, 0, 69, 0, 0, 0, 1, 0, 0, 0, 72, 0, 0, 0],
            "these are MIDI pitches; an event is the pitch - 21 + 2.",
        ),
        "two too low": Mistake(
            lambda: [46, 0, 0, 0, 48, 0, 0, 0, 1, 0, 0, 0, 51, 0, 0, 0],
            "0 and 1 are HOLD and REST, so onsets begin at 2: add 2.",
        ),
        "one too low": Mistake(
            lambda: [47, 0, 0, 0, 49, 0, 0, 0, 1, 0, 0, 0, 52, 0, 0, 0],
            "your onsets are one too low: the lowest pitch, 21, has the event 2, since 0 is HOLD "
            "and 1 is REST.",
        ),
        "one too high": Mistake(
            lambda: [49, 0, 0, 0, 51, 0, 0, 0, 1, 0, 0, 0, 54, 0, 0, 0],
            "your onsets are one too high: the lowest pitch, 21, has the event 2.",
        ),
        "no REST": Mistake(
            lambda: WINDOW[:8] + [0] + WINDOW[9:], "without a REST the A sounds on until the C."
        ),
        "from the first bar": Mistake(
            lambda: [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 48, 0, 0, 0],
            "that is the first bar; the window is the second one.",
        ),
    },
)


leak = Exercise(
    form="a list of the tunes' numbers",
    ordered=False,
    hint=(
        "make the clusters first, near-duplicates of near-duplicates together; then look for "
        "clusters with a tune in the test part and one in the training part."
    ),
    right=lambda: [1, 4],
    why=(
        "Tune 4 has no near-duplicate in the training part, but its near-duplicate has one. That "
        "is why a cluster goes into one part as a whole."
    ),
    mistakes={
        "no chain": Mistake(
            lambda: [1],
            "tune 4 is a near-duplicate of 6, and 6 of 7, which is in the training part.",
        ),
        "any neighbour": Mistake(
            lambda: [1, 4, 8, 9],
            "8 and 9 are near-duplicates of each other, and both are in the test part: nothing "
            "leaks.",
        ),
        "training tunes": Mistake(
            lambda: [0, 7],
            "these are the tunes in the training part; which ones of the test part leak?",
        ),
        "validation too": Mistake(
            lambda: [1, 4, 6], "6 is in the validation part; the question is about the test part."
        ),
        "whole clusters": Mistake(
            lambda: [0, 1, 4, 6, 7],
            "these are the clusters that leak; which of their tunes are in the test part?",
        ),
        "all test tunes": Mistake(
            lambda: [1, 4, 8],
            "8 has a near-duplicate, 9, but that one is in the test part as well.",
        ),
    },
)
