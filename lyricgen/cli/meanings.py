"""What the measures of `evaluate` mean: in words, and what each is compared with."""

from __future__ import annotations

from typing import NamedTuple

# Which is better
MORE = "more is better"
LESS = "less is better"
NEITHER = ""


class Meaning(NamedTuple):
    """Says what a measure is, which is better, more or less, and what stands beside it.

    `beside` is the key of the measure that it is compared with, "" for none.
    """

    words: str
    better: str = NEITHER
    beside: str = ""


# Of poems, and who wrote them
POEM = {
    "form": "share of poems with the lines of their pattern",
    "rhyme": "share of rhymes that the rhyme book has",
    "rhyme_modern": "share of rhymes in modern Mandarin",
    "distinct_rhyme_words": "share of rhyme words that are not repeated",
    "tones": "share of tones as in the pattern",
}
WRITERS = {
    "{}": "the model, given the name",
    "{}_constrained": "the model, under masks",
    "{}_informed": "the model that reads the form",
    "{}_informed_constrained": "the same, under masks",
}

NGRAM = "ngram_bits_per_character"

LANGUAGE = {
    "test_characters": Meaning("characters and ends of songs in the test split"),
    "test_bits_per_character": Meaning("bits a character of the test split", LESS, NGRAM),
    "ngram_order": Meaning("order of the n-gram, the next one being no better"),
    NGRAM: Meaning("bits a character, the n-gram", LESS),
    "test_bits_per_character_informed": Meaning("bits a character, given the form", LESS),
    "lengths_bits_per_character": Meaning("bits a character, the lengths of the lines"),
    "rhymes_bits_per_character": Meaning("bits a character, the rhyme groups"),
    "test_bits_per_character_with_form": Meaning(
        "bits a character, the form included", LESS, "test_bits_per_character"
    ),
    "copied_run_median": Meaning(
        "characters in a row that are in the training text, median",
        LESS,
        "human_copied_run_median",
    ),
    "human_copied_run_median": Meaning("the same of the test split's poems"),
}
for _key, _words in POEM.items():
    LANGUAGE[f"human_{_key}"] = Meaning(f"{_words}, a person")
    for _form, _writer in WRITERS.items():
        LANGUAGE[_form.format(_key)] = Meaning(f"{_words}, {_writer}", MORE, f"human_{_key}")

MUSICVAE = {
    "windows": Meaning("melodies of two bars that are measured"),
    "kl_bits": Meaning("bits that z has of a melody"),
    "active_units": Meaning("dimensions of z in use"),
    "free_running": Meaning("share of steps right, written from mu", MORE, "position_majority"),
    "free_running_drawn": Meaning("the same from a drawn z", MORE, "position_majority"),
    "onset": Meaning("share of notes right, from mu", MORE),
    "onset_drawn": Meaning("the same from a drawn z", MORE),
    "exact": Meaning("share of melodies right in every step, from mu", MORE),
    "exact_drawn": Meaning("the same from a drawn z", MORE),
    "note_f1": Meaning("F1 of the notes, from mu", MORE),
    "teacher_forced": Meaning("share of steps right, given those before", MORE, "free_running"),
    "swapped": Meaning("share of steps right, from another melody's mu", LESS, "free_running"),
    "random_pairs": Meaning("share of steps that two melodies have in common"),
    "always_hold": Meaning("share of steps right by always holding the note"),
    "position_majority": Meaning("share of steps right by the likeliest event of each place"),
    "samples_copied": Meaning("samples of 1,000 that are training melodies", LESS),
    "in_scale_no_walk": Meaning("share of notes in one scale, before the walk", MORE),
    "jsd_interval_no_walk": Meaning("bits between the intervals, before the walk", LESS),
    "jsd_duration_no_walk": Meaning("bits between the durations, before the walk", LESS),
    "in_scale": Meaning("share of notes of samples in one scale", MORE, "in_scale_real"),
    "jsd_interval": Meaning(
        "bits between the intervals of samples and tunes", LESS, "jsd_interval_real"
    ),
    "jsd_duration": Meaning(
        "bits between the durations of samples and tunes", LESS, "jsd_duration_real"
    ),
    "in_scale_real": Meaning("share of notes of tunes in one scale"),
    "jsd_interval_real": Meaning("bits between the intervals of two sets of tunes"),
    "jsd_duration_real": Meaning("bits between the durations of two sets of tunes"),
    "ngram_bits": Meaning("bits that an n-gram needs for a melody"),
    "midpoint_bits": Meaning(
        "bits that the middle of two melodies needs more", LESS, "midpoint_bits_mixed"
    ),
    "midpoint_bits_mixed": Meaning("the same of a mix of the two"),
    "midpoint_ratio": Meaning("the first over the second", LESS),
    "midpoint_ratio_slerp": Meaning("the same on the arc", LESS),
    "attribute_diagonal": Meaning("attributes of 5 whose vector moves them most", MORE),
}


def describe(key: str, measures: dict, meanings: dict[str, Meaning]) -> str:
    """Returns what a measure means, what is better, and how it stands.

    It stands beside the measure that it is compared with, where that is there.
    """
    meaning = meanings.get(key)
    if meaning is None:
        return ""
    text = meaning.words
    if meaning.better:
        text += f"; {meaning.better}"
    value = measures.get(key)
    beside = measures.get(meaning.beside)
    if value is None or beside is None:
        return text
    if value == beside:
        verdict = "equal"
    else:
        verdict = "better" if (value > beside) == (meaning.better == MORE) else "worse"
    return f"{text}; {meaning.beside} {beside:.4g}: {verdict}"
