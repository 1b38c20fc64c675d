"""The exercises of the notebook training_a_language_model."""

from __future__ import annotations

from lyricgen.exercises import Exercise, Mistake

rising = Exercise(
    form="one of the letters 'a', 'b', 'c' and 'd', in quotation marks",
    hint=(
        "look at what the samples of the last step have in common with the training text, and at "
        "what the held-out songs have in common with it."
    ),
    right=lambda: "b",
    why=(
        "So neither the eye nor the training loss can say when to stop; held-out text can, and a "
        "measure of copying says what the eye has been looking at."
    ),
    mistakes={
        "a": Mistake(
            lambda: "a",
            "(a) a rate that is too high makes the training loss jump or rise as well; here it "
            "falls, smoothly, to the end.",
        ),
        "c": Mistake(
            lambda: "c",
            "(c) a text that is harder costs more from the first step on; it does not cost less "
            "at first and then more.",
        ),
        "d": Mistake(
            lambda: "d",
            "(d) dropout is off in validation, but that alone lowers the loss, at every step "
            "alike; and the model that had no dropout rises the most.",
        ),
    },
    letters="abcd",
)
