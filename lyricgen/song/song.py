"""A song: lines written to a tune pattern, a phrase for each line, and the files.

A phrase has as many notes as its line has characters.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from lyricgen.files import UserError, check_folder, write_together
from lyricgen.lyrics import chinese, copying, corpora
from lyricgen.lyrics import patterns as lyrics_patterns
from lyricgen.song import engraving, lead_sheet, musicxml
from lyricgen.song.tune import LatentTunes, TuneWriter, write_tune
from lyricgen.song.words import TextWriter, load_writer, write_lines

CORPUS = "songci"  # whose patterns are sung, and whose language model writes


@dataclass(frozen=True)
class Song:
    """A finished song.

    mended: how many phrases had to be mended to fit their lines.
    copied: the longest run of the words that stands in the training text.
    """

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
    report: Callable[[str], None] = lambda text: None,
) -> Song:
    """Returns a song to a pattern; the same seed gives the same song.

    Without writers of its own it takes the shipped language model of Song ci and the
    shipped MusicVAE, in NumPy. `report` is called with what is being done.

    Raises: UserError for a pattern that is not in the list, and for a seed, tempo or
        temperature that cannot be used; DataError where weights are damaged.
    Notebook: start_here
    """
    _check_numbers(seed, tempo, temperature)
    report("reading the lyrics")
    corpus = corpora.load_corpus(CORPUS)
    pattern = _find_pattern(corpus, pattern_name)
    word_rng, tune_rng = np.random.default_rng(seed).spawn(2)
    if words is None:
        report("reading the language model")
        words = load_writer()
    report("writing the words")
    lines = write_lines(words, pattern, word_rng, temperature)
    if tune is None:
        report("reading the model of melodies")
        tune = LatentTunes()
    report("writing the tune")
    notes, mended = write_tune(tune, pattern, tune_rng, temperature)
    sheet = _lead_sheet(pattern, lines, notes, tempo)
    training = "\n\n".join(corpus.texts_of("train"))
    copied = copying.longest_copied_run("\n".join(lines), training)
    return Song(sheet, tuple(lines), mended, copied)


def _check_numbers(seed: int, tempo: float, temperature: float) -> None:
    """Raises UserError for a number with which no song can be made."""
    if not 1e-3 <= temperature <= 10:
        raise UserError(
            f"The temperature is {temperature:g}; it should be above 0 (from 0.001 to 10)."
        )
    if not 20 <= tempo <= 400:
        raise UserError(f"The tempo is {tempo:g}; it should be from 20 to 400 quarters a minute.")
    if seed < 0:
        raise UserError(f"The seed is {seed}; it should be 0 or a whole number above.")


def _find_pattern(corpus: corpora.Corpus, name: str) -> lyrics_patterns.Pattern:
    """Returns the pattern of that name; raises UserError where there is none."""
    patterns = lyrics_patterns.stable_patterns(corpus)
    if name not in patterns:
        raise UserError(
            f"There is no pattern {name!r} in the list; --pattern list shows all {len(patterns)}."
        )
    return patterns[name]


def _lead_sheet(
    pattern: lyrics_patterns.Pattern, lines: list[str], notes: np.ndarray, tempo: float
) -> lead_sheet.LeadSheet:
    """Returns the lead sheet of lines and notes, with pinyin under the words."""
    first_notes = np.cumsum((0, *pattern.lengths))[:-1]
    pinyin = []
    for line in lines:
        pinyin += chinese.pinyin(line)
    return lead_sheet.LeadSheet(
        title=pattern.name,
        subtitle=chinese.tune_name(pattern.name),
        notes=notes,
        words=tuple("".join(lines)),
        lines=tuple(first_notes.tolist()),
        tempo=tempo,
        under=tuple(pinyin),
    )


def save(song: Song, folder: Path) -> list[Path]:
    """Writes song.mid, .musicxml, .svg, .mp3 and .txt and returns their paths.

    All are made before the first is written, and all are written or none.

    Raises: UserError where the folder cannot be made.
    """
    check_folder(folder)
    sheet = song.sheet
    title = f"{sheet.title} {sheet.subtitle}"
    lines = ", ".join(song.lines)
    description = (
        f"Lead sheet of a song to the pattern {sheet.title} ({sheet.subtitle}), "
        f"{len(song.lines)} lines: {lines}."
    )
    notation = musicxml.to_musicxml(sheet)
    svg = engraving.engrave(notation, title, description)
    text = "\n".join((sheet.title, *song.lines, ""))
    files = {
        "song.mid": lead_sheet.to_midi(sheet),
        "song.mp3": lead_sheet.to_mp3(sheet),
        "song.musicxml": notation.encode(),
        "song.svg": svg.encode(),
        "song.txt": text.encode(),
    }
    # makes the folder where it is missing
    write_together({folder / name: data for name, data in files.items()})
    return [folder / name for name in sorted(files)]
