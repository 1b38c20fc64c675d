"""A song: words, a tune that fits them, and the files that hold both.

A phrase has as many notes as its line has syllables.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

import lyricgen
from lyricgen.files import UserError, check_folder, write_together
from lyricgen.lyrics import copying, corpora
from lyricgen.music.keys import FIFTHS, MAJOR_KEYS
from lyricgen.song import engraving, lead_sheet, musicxml, recording, web_page
from lyricgen.song.accompaniment import accompany, harmonise
from lyricgen.song.shape import Shape
from lyricgen.song.tune import LatentTunes, Tune, TuneWriter, write_tune
from lyricgen.song.words import MANNERS, Line, TextWriter, Words, write_words

PATTERN = "浣溪沙"  # what is sung without another wish
STANZA = "common"  # and in English

# English lines hang together less well than Chinese ones
TEMPERATURE = 0.8
ENGLISH_TEMPERATURE = 0.65

# A folder whose song has other content gets a number, up to this one
MOST_FOLDERS = 1000


@dataclass(frozen=True)
class Song:
    """A finished song.

    mended: how many bars of the tune had to be mended to fit their lines.
    copied: the longest run of the words that stands in the training text.
    """

    sheet: lead_sheet.LeadSheet
    words: Words
    mended: int
    copied: str

    @property
    def lines(self) -> tuple[str, ...]:
        """The lines of all stanzas, one after another."""
        return tuple(line.text for line in _lines(self.words.stanzas))


@dataclass(frozen=True)
class Options:
    """What a song is asked to be, beside its pattern.

    lyrics: `songci` or `yuanqu`, `burns` or `ballads`.
    seed: the same one gives the same song.
    tempo: quarters a minute.
    temperature: of words and tune, from 0.001 to 10.
    key: the tonic of a major key, one of keys.MAJOR_KEYS.
    form: of the tune, as `write_tune` has it.
    voice: `low` or `high`.
    stanzas: how many, in English.
    """

    lyrics: str = "songci"
    seed: int = 1
    tempo: float = 96.0
    temperature: float = TEMPERATURE
    key: str = "C"
    form: str = "stanzas"
    voice: str = "low"
    stanzas: int | None = None

    def check(self) -> None:
        """Raises UserError for a number or a key with which no song can be made."""
        if not 1e-3 <= self.temperature <= 10:
            raise UserError(
                f"The temperature is {self.temperature:g}; it should be above 0 (from 0.001 to 10)."
            )
        if not 20 <= self.tempo <= 400:
            raise UserError(
                f"The tempo is {self.tempo:g}; it should be from 20 to 400 quarters a minute."
            )
        if self.seed < 0:
            raise UserError(f"The seed is {self.seed}; it should be 0 or a whole number above.")
        if self.key not in MAJOR_KEYS:
            raise UserError(
                f"There is no key {self.key!r}; there are the major keys {', '.join(MAJOR_KEYS)}."
            )

    @property
    def sharps(self) -> int:
        """The sharps of the key, flats below 0."""
        return FIFTHS.index(self.key) - FIFTHS.index("C")


@dataclass(frozen=True)
class Output:
    """How a song is written: what its sound and its page have.

    accompaniment: whether a harp plays the chords.
    count_in: whether a bar is counted first.
    gloss: whether the page has the meaning of each line.
    soundfont: a file of sounds that plays in place of the course's own.
    """

    accompaniment: bool = True
    count_in: bool = False
    gloss: bool = False
    soundfont: Path | None = None

    @property
    def words(self) -> list[str]:
        """The words of a command line that ask for this, where it is not the usual."""
        asked = {
            "--no-chords": not self.accompaniment,
            "--count-in": self.count_in,
            "--gloss": self.gloss,
        }
        words = [word for word, is_asked in asked.items() if is_asked]
        return words + ([f"--soundfont={self.soundfont}"] if self.soundfont else [])


def usual_temperature(lyrics: str) -> float:
    """Returns the temperature of a song without another wish."""
    return ENGLISH_TEMPERATURE if lyrics in MANNERS else TEMPERATURE


def compose(
    pattern_name: str = PATTERN,
    seed: int = 1,
    tempo: float = 96.0,
    temperature: float = TEMPERATURE,
    *,
    words: TextWriter | None = None,
    tune: TuneWriter | None = None,
    report: Callable[[str], None] = lambda text: None,
) -> Song:
    """Returns a song to a pattern of Song ci; the same seed gives the same song.

    `compose_with` has more options. Without writers of its own it takes the shipped
    language model and the shipped MusicVAE, in NumPy.

    report: is called with what is being done.

    Raises: UserError for a pattern that is not in the list, and for an option that
        cannot be used; DataError where weights are damaged.
    Notebook: start_here
    """
    options = Options(seed=seed, tempo=tempo, temperature=temperature)
    return compose_with(options, pattern_name, words, tune, report=report)


def compose_with(
    options: Options,
    pattern_name: str | None = None,
    words: TextWriter | None = None,
    tune: TuneWriter | None = None,
    models: Sequence[str] = (),
    report: Callable[[str], None] = lambda text: None,
) -> Song:
    """Returns a song with these options; the same ones give the same song.

    pattern_name: a tune pattern of Chinese lyrics, or a stanza of English ones; without
        one what is usual for the lyrics.
    models: the words of a command line that name the writers, for the note on how the
        song was made.

    Raises: UserError and DataError as `compose` does.
    """
    options.check()
    if pattern_name is None:
        pattern_name = STANZA if options.lyrics in MANNERS else PATTERN
    word_rng, tune_rng = np.random.default_rng(options.seed).spawn(2)
    report("writing the words")
    text = write_words(
        options.lyrics, pattern_name, word_rng, options.temperature, words, options.stanzas
    )
    if tune is None:
        report("reading the model of melodies")
        tune = LatentTunes()
    melody = write_tune(
        tune,
        shape_of(text),
        tune_rng,
        options.temperature,
        options.form,
        options.voice,
        report,
    )
    sheet = _lead_sheet(text, melody, options, how_made(options, pattern_name, models))
    return Song(sheet, text, melody.mended, _copied(text, options.lyrics))


def is_strophic(words: Words) -> bool:
    """Returns whether all stanzas are sung to one tune, as English ones are."""
    shapes = {tuple(line.feet for line in stanza) for stanza in words.stanzas}
    return words.language == "en" and len(shapes) == 1


def shape_of(words: Words) -> Shape:
    """Returns what the words ask of their tune: of one stanza where all are alike."""
    stanzas = words.stanzas[:1] if is_strophic(words) else words.stanzas
    feet = tuple(tuple(line.feet for line in stanza) for stanza in stanzas)
    return Shape(feet, upbeat=words.language == "en")


def how_made(options: Options, pattern_name: str, models: Sequence[str] = ()) -> str:
    """Returns a note on how a song was made: the version, and the command."""
    parts = ["song", "--lyrics", options.lyrics, "--pattern", pattern_name]
    usual = Options(temperature=usual_temperature(options.lyrics))
    for name in ("seed", "tempo", "temperature", "key", "form", "voice", "stanzas"):
        value = getattr(options, name)
        if name == "seed" or value != getattr(usual, name):
            parts += [f"--{name}", f"{value:g}" if isinstance(value, float) else str(value)]
    return f"lyricgen {lyricgen.__version__}: {shlex.join([*parts, *models])}"


def _lines(stanzas: Sequence[Sequence[Line]]) -> list[Line]:
    """Returns the lines of stanzas, one after another."""
    return [line for stanza in stanzas for line in stanza]


def _copied(words: Words, lyrics: str) -> str:
    """Returns the longest run of the words that stands in the training text."""
    training = "\n\n".join(corpora.load_corpus(lyrics).texts_of("train"))
    return copying.longest_copied_run(
        "\n".join(line.text for line in _lines(words.stanzas)), training
    )


def _lead_sheet(words: Words, tune: Tune, options: Options, made: str) -> lead_sheet.LeadSheet:
    """Returns the lead sheet of words and tune, in the key of the options."""
    # the nearest tonic, down as far as F sharp
    shift = (7 * options.sharps + 6) % 12 - 6
    notes = tune.notes + [0, 0, shift]
    verses = list(words.stanzas) if is_strophic(words) else [_lines(words.stanzas)]
    glosses = tuple(tuple(line.gloss for line in verse) for verse in verses)
    sheet = lead_sheet.LeadSheet(
        title=words.title,
        subtitle=words.subtitle,
        notes=notes,
        verses=tuple(
            tuple(syllable for line in verse for syllable in line.syllables) for verse in verses
        ),
        lines=tune.lines,
        tempo=options.tempo,
        sharps=options.sharps,
        glosses=glosses if any(map(any, glosses)) else (),
        made=made,
    )
    chords = harmonise(notes, sheet.steps, options.sharps, tune.lines)
    return replace(sheet, chords=chords)


def files_of(song: Song, output: Output = Output()) -> dict[str, bytes]:
    """Returns the names and the contents of a song's files.

    They are song.html, which shows and plays it, .mid, .mp3, .musicxml, .svg and .txt.

    Raises: UserError for a SoundFont that cannot be played.
    """
    made = " ".join([song.sheet.made, *map(shlex.quote, output.words)])
    sheet = replace(song.sheet, made=made)
    # on paper pinyin stands beside the title; whose manner it is has no place there
    printed = sheet if song.words.language == "zh" else replace(sheet, subtitle="")
    notation = musicxml.to_musicxml(printed)
    on_page = musicxml.to_musicxml(printed, gloss=True) if output.gloss else notation
    title = f"{printed.title} {printed.subtitle}".strip()
    svg = engraving.engrave(on_page, title, describe(song), tempo=sheet.tempo)
    mp3 = recording.song_mp3(
        sheet,
        accompaniment=output.accompaniment,
        count_in=output.count_in,
        soundfont=output.soundfont,
    )
    files = {
        "song.mid": lead_sheet.to_midi(sheet, accompany(sheet) if output.accompaniment else None),
        "song.musicxml": notation.encode(),
        "song.svg": svg.encode(),
        "song.txt": as_text(song, made).encode(),
    }
    page = web_page.to_html(sheet, svg, mp3, count_in=output.count_in, files=files)
    return files | {"song.mp3": mp3, "song.html": page.encode()}


def describe(song: Song) -> str:
    """Returns a sentence on the page of a song, for those who do not see it."""
    kind = "to the pattern" if song.words.language == "zh" else "called"
    return (
        f"Lead sheet of a song {kind} {song.sheet.title}, {song.sheet.subtitle}, of "
        f"{len(song.lines)} lines: {', '.join(song.lines)}."
    )


def as_text(song: Song, made: str) -> str:
    """Returns the words of a song, their meanings, and how it was made."""
    rows = [f"{song.sheet.title}\n{song.sheet.subtitle}"]
    rows += ["\n".join(line.text for line in stanza) for stanza in song.words.stanzas]
    glosses = [line.gloss for line in _lines(song.words.stanzas)]
    if any(glosses):
        rows.append("\n".join(glosses))
    return "\n\n".join([*rows, made]) + "\n"


def save(song: Song, folder: Path, output: Output = Output()) -> list[Path]:
    """Writes the files of a song into a folder and returns their paths.

    All are made before the first is written, and all are written or none.

    Raises: UserError where the folder cannot be made.
    """
    check_folder(folder)
    return _write(files_of(song, output), folder)


def save_under(song: Song, parent: Path, seed: int, output: Output = Output()) -> list[Path]:
    """Writes the files of a song into a folder of its own, such as `huanxisha-1`.

    The folder has the name of the song and the seed. Where it holds another song, the
    new one gets the next number: `huanxisha-1-2`.

    Raises: UserError where the folder cannot be made.
    """
    check_folder(parent)
    files = files_of(song, output)
    name = f"{song.words.name}-{seed}"
    for number in range(1, MOST_FOLDERS):
        folder = parent / (name if number == 1 else f"{name}-{number}")
        if not folder.exists() or _holds(folder, files):
            return _write(files, folder)
    raise UserError(f"The folder {parent} has {MOST_FOLDERS} songs with the name {name}.")


def _holds(folder: Path, files: dict[str, bytes]) -> bool:
    """Returns whether a folder has exactly these files, or none at all."""
    if not folder.is_dir():
        return False
    names = {path.name for path in folder.iterdir()}
    return not names or all(
        name in names and (folder / name).read_bytes() == data for name, data in files.items()
    )


def _write(files: dict[str, bytes], folder: Path) -> list[Path]:
    """Writes files into a folder, which is made where it is missing."""
    write_together({folder / name: data for name, data in files.items()})
    return [folder / name for name in sorted(files)]
