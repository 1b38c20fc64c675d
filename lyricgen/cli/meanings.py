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

# Of melodies that a MusicVAE encodes and decodes: shares of what is right
RECONSTRUCTION = {
    "free_running": Meaning("steps, from mu", MORE, "position_majority"),
    "free_running_drawn": Meaning("steps, from a z", MORE, "free_running"),
    "free_running_own_draws": Meaning(
        "steps, from a z, after the decoder's own random draws", MORE, "free_running_drawn"
    ),
    "onset": Meaning("notes, from mu", MORE),
    "onset_drawn": Meaning("notes, from a z", MORE, "onset"),
    "exact": Meaning("whole melodies, from mu", MORE),
    "exact_drawn": Meaning("whole melodies, from a z", MORE, "exact"),
    "note_f1": Meaning("F1 of the notes, from mu", MORE),
    "teacher_forced": Meaning("steps, given those before", MORE, "free_running"),
    "swapped": Meaning("steps, from another's mu", LESS, "free_running"),
    "random_pairs": Meaning("steps that two melodies have in common"),
    "always_hold": Meaning("steps, always holding the note"),
    "position_majority": Meaning("steps, the likeliest event of each place"),
}
BITS = {
    "key_bits": Meaning("by how much it was moved to C", LESS),
    "kl_bits": Meaning("what z has of it: the KL", LESS),
    "cost_bits": Meaning("what its events still cost, from a z", LESS),
    "bill_bits": Meaning("the sum of the three", LESS, "ngram_bits"),
    "iwae_bits": Meaning("a closer bound, with 64 z's", LESS, "ngram_bits"),
    "ngram_bits": Meaning("what it costs the n-gram", LESS),
}
IN_KEY = {
    f"{key}_in_key": meaning._replace(beside=f"{meaning.beside}_in_key" if meaning.beside else "")
    for key, meaning in (RECONSTRUCTION | BITS).items()
    if key not in ("key_bits", "iwae_bits")
}
INTERPOLATION = {
    "midpoint_bits": Meaning("bits that the middle costs more", LESS, "midpoint_bits_mixed"),
    "midpoint_bits_mixed": Meaning("the same of a mix of the two melodies"),
    "midpoint_ratio": Meaning("the first over the second", LESS),
    "midpoint_ratio_slerp": Meaning("the same on the arc", LESS, "midpoint_ratio"),
}
# Shares in per cent, distances in thousandths of a bit
SAMPLES = {
    "in_scale": Meaning("notes in the best scale, %"),
    "wholly_in_scale": Meaning("melodies in one scale, %"),
    "known_bars": Meaning("bars known from training, %"),
    "known_bars_in_key": Meaning("the same, all moved to C, %"),
    "copied": Meaning("copied from training, %"),
    "leaps": Meaning("leaps over a fifth, %"),
    "shared_rhythm": Meaning("both bars of one rhythm, %"),
    "agreement": Meaning("steps shared with another, %"),
    "jsd_interval": Meaning("distance of intervals, mbit"),
    "jsd_duration": Meaning("distance of durations, mbit"),
}

OWN_MOST = "vectors that change their own attribute the most, added to draws of z"

COUNTS = {
    "windows": Meaning("melodies of two bars that are measured"),
    "clusters": Meaning("clusters of tunes that they come from"),
    "windows_in_key": Meaning("melodies that are moved by the key of their book"),
    "clusters_in_key": Meaning("clusters of tunes that they come from"),
    "active_units": Meaning("dimensions of z in use"),
    "samples_copied": Meaning("samples of 1,000 that are training melodies", LESS),
    "attribute_diagonal": Meaning(OWN_MOST, MORE),
    "attribute_diagonal_partial": Meaning(OWN_MOST, MORE),
}
MUSICVAE = COUNTS | RECONSTRUCTION | BITS | IN_KEY | INTERPOLATION


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
