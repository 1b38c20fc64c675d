"""A song: lines written to a tune pattern, a phrase for each line with as many notes as the line has characters, and the files."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from lyricgen.files import UserError, check_folder, write_atomic
from lyricgen.lyrics import chinese, copying, corpora
from lyricgen.lyrics import patterns as lyrics_patterns
from lyricgen.models.language.inference import NumpyLanguageModel
from lyricgen.song import engraving, lead_sheet
from lyricgen.song.tune import LatentTunes, TuneWriter, write_tune
from lyricgen.song.words import TextWriter, write_lines


@dataclass(frozen=True)
class Song:
    """A finished song and what is to be known of it: how many phrases were mended, and the longest run copied from the training text."""

    sheet: lead_sheet.LeadSheet
    lines: tuple[str, ...]
    mended: int
    copied: str


def compose(
    pattern_name: str = "浣溪沙",
    seed: int = 1,
    tempo: float = 96.0,
    temperature: float = 0.8,
    *,
    words: TextWriter | None = None,
    tune: TuneWriter | None = None,
    report=lambda text: None,
) -> Song:
    """A song to a pattern; the same seed gives the same song. `report` is told what is being done.

    Raises UserError for a pattern that is not in the list, and for a seed, tempo or temperature that cannot be used. Without
    writers of its own it takes the shipped language model of Song ci and the shipped MusicVAE (DataError where weights are damaged), in NumPy.
    Notebook: 00_start_here
    """
    if not 1e-3 <= temperature <= 10:
        raise UserError(
            f"The temperature is {temperature:g}; it should be above 0 (from 0.001 to 10)."
        )
    if not 20 <= tempo <= 400:
        raise UserError(f"The tempo is {tempo:g}; it should be from 20 to 400 quarters a minute.")
    if seed < 0:
        raise UserError(f"The seed is {seed}; it should be 0 or a whole number above.")
    report("reading the lyrics")
    corpus = corpora.load_corpus("songci")
    patterns = lyrics_patterns.stable_patterns(corpus.poems)
    if pattern_name not in patterns:
        raise UserError(
            f"There is no pattern {pattern_name!r} in the list; --pattern list shows all {len(patterns)}."
        )
    pattern = patterns[pattern_name]
    word_rng, tune_rng = np.random.default_rng(seed).spawn(2)
    if words is None:
        report("reading the language model")
        words = NumpyLanguageModel.load("songci")
    report("writing the words")
    lines = write_lines(words, pattern, word_rng, temperature)
    if tune is None:
        report("reading the model of melodies")
        tune = LatentTunes()
    report("writing the tune")
    notes, mended = write_tune(tune, pattern, tune_rng, temperature)
    starts = np.cumsum((0, *pattern.lengths))[:-1]
    title = "".join(chinese.pinyin(pattern.name)).capitalize()
    sheet = lead_sheet.LeadSheet(
        pattern.name,
        title,
        notes,
        tuple("".join(lines)),
        tuple(starts.tolist()),
        tempo,
        tuple(syllable for line in lines for syllable in chinese.pinyin(line)),
    )
    return Song(
        sheet,
        tuple(lines),
        mended,
        copying.Copying("\n\n".join(corpus.texts_of("train"))).longest("\n".join(lines)),
    )


def save(song: Song, folder: Path) -> list[Path]:
    """Writes song.mid, .musicxml, .svg, .mp3 and .txt into a folder and returns their paths; all are made before the first is written.

    Raises UserError where the folder cannot be made.
    """
    check_folder(folder)
    sheet = song.sheet
    musicxml = engraving.to_musicxml(sheet)
    described = (
        f"Lead sheet of a song to the pattern {sheet.title} ({sheet.subtitle}), {len(song.lines)} lines: "
        + ", ".join(song.lines)
        + "."
    )
    files = {
        "song.mid": lead_sheet.to_midi(sheet),
        "song.musicxml": musicxml.encode(),
        "song.mp3": lead_sheet.to_mp3(sheet),
        "song.svg": engraving.engrave(
            musicxml, f"{sheet.title} {sheet.subtitle}", described
        ).encode(),
        "song.txt": "\n".join((sheet.title, *song.lines, "")).encode(),
    }
    for name, data in files.items():
        write_atomic(folder / name, data)  # makes the folder where it is missing
    return [folder / name for name in sorted(files)]
