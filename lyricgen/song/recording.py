"""The recording of a song: a voice, a soft harp and a room, in stereo, as MP3."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from lyricgen.music.melody import STEPS_PER_BAR
from lyricgen.song import id3, instruments
from lyricgen.song.accompaniment import STEPS_PER_QUARTER, accompany
from lyricgen.song.instruments import RATE
from lyricgen.song.lead_sheet import LOUD, SOFT, LeadSheet
from lyricgen.song.sound import to_mp3
from lyricgen.song.soundfont import play_notes

ARTIST = "lyricgen"

# From 0 (large) to 1 (poor): about 100 kbit/s
COMPRESSION = 0.5

# The loudest sample: the encoder may go a little beyond it
PEAK = 0.85

# How far the harp lies below the voice, in root mean squares over the song
SOFTER_DB = 12.0

# Low strings of the harp stand to the left and high ones to the right: the pitch in the
# middle, and how many semitones from it are how far to the side (1 is quite)
MIDDLE_PITCH = 57
SEMITONES = 12
SIDE = 0.5

# The room: the seconds until its echo begins and until it has lost 60 dB, how loud it
# is beside the sound itself, and the frequency above which its walls swallow more
ECHO_AFTER = 0.02
ECHO_DECAY = 1.1
ECHO_DB = -14.0
ECHO_BRIGHTNESS = 4000.0  # Hz

# The end: where the sound stays below this, it fades in so many seconds and is cut
SILENCE_DB = -50.0
FADE = 0.1

# Programs of General MIDI for a SoundFont, counted from 0: violin and harp
VOICE_PROGRAM = 40
HARP_PROGRAM = 46


def song_mp3(
    sheet: LeadSheet,
    *,
    accompaniment: bool = True,
    count_in: bool = False,
    soundfont: Path | None = None,
) -> bytes:
    """Returns a song as MP3: each verse in turn, stereo, 44.1 kHz, with an ID3 tag.

    The tag has the title, the words, and how the song was made.

    accompaniment: whether a harp plays the chords.
    count_in: whether a bar of four beats comes first.
    soundfont: a file (.sf2 or .sf3) whose violin and harp play.

    Raises: UserError for a SoundFont that cannot be read, or without the package that
        plays it.
    """
    samples = record(sheet, accompaniment=accompaniment, count_in=count_in, soundfont=soundfont)
    title = " ".join(filter(None, (sheet.title, sheet.subtitle)))
    tag = id3.tag(title, ARTIST, language(sheet), sheet.made, words(sheet))
    return tag + to_mp3(samples, RATE, COMPRESSION)


def record(
    sheet: LeadSheet,
    *,
    accompaniment: bool = True,
    count_in: bool = False,
    soundfont: Path | None = None,
) -> np.ndarray:
    """Returns the sound that `song_mp3` writes, float32 (n, 2) at RATE.

    Raises: UserError as `song_mp3` does.
    """
    start = bar_seconds(sheet) if count_in else 0.0
    sung = repeated(sheet, melody(sheet), start)
    voice = _play(sung, instruments.sing, VOICE_PROGRAM, soundfont)
    mixed = voice
    if accompaniment:
        strings = repeated(sheet, accompany(sheet), start)
        harp = _play(strings, instruments.pluck, HARP_PROGRAM, soundfont, SIDE)
        mixed = _add(voice, harp * (_ratio(-SOFTER_DB) * _rms(voice) / _rms(harp)))
    mixed = _cut(_add(mixed, _echo(mixed.mean(axis=1))))
    if count_in:
        mixed = _add(mixed, _beats(sheet))
    return mixed * np.float32(PEAK / np.abs(mixed).max())


def language(sheet: LeadSheet) -> str:
    """Returns the language of the words: "zh" where they have readings, else "en"."""
    readings = (syllable.reading for verse in sheet.verses for syllable in verse)
    return "zh" if any(readings) else "en"


def words(sheet: LeadSheet) -> str:
    """Returns the words, a line for each line, and an empty one between verses."""
    between = "" if language(sheet) == "zh" else " "
    ends = (*sheet.lines[1:], len(sheet.notes))
    verses = []
    for verse in sheet.verses:
        lines = []
        for first, end in zip(sheet.lines, ends):
            texts = [s.text if s.joined else s.text + between for s in verse[first:end]]
            lines.append("".join(texts).rstrip())
        verses.append("\n".join(lines))
    return "\n\n".join(verses)


def bar_seconds(sheet: LeadSheet) -> float:
    """Returns the length of a bar, which is that of the count-in, in seconds."""
    return STEPS_PER_BAR * _step(sheet)


def verse_seconds(sheet: LeadSheet) -> float:
    """Returns the seconds from the beginning of a verse to that of the next."""
    return sheet.steps * _step(sheet)


def _step(sheet: LeadSheet) -> float:
    """Returns the length of a 16th in seconds."""
    return 60 / sheet.tempo / STEPS_PER_QUARTER


def melody(sheet: LeadSheet) -> np.ndarray:
    """Returns the notes of a verse with their loudness, in 16th steps, float (n, 4)."""
    on_first_beat = sheet.notes[:, 0] % STEPS_PER_BAR == 0
    return np.column_stack([sheet.notes, np.where(on_first_beat, LOUD, SOFT)])


def repeated(sheet: LeadSheet, notes: np.ndarray, start: float = 0.0) -> np.ndarray:
    """Returns notes of a verse for all verses, in seconds from a start.

    notes: (n, 4) onset and duration in 16th steps, MIDI pitch, loudness.
    Returns: float (verses * n, 4), the same with seconds.
    """
    step = _step(sheet)
    in_seconds = notes * np.array([step, step, 1, 1])
    verses = np.arange(len(sheet.verses))[:, None, None]
    all_verses = in_seconds + verses * np.array([verse_seconds(sheet), 0, 0, 0])
    return all_verses.reshape(-1, 4) + np.array([start, 0, 0, 0])


def _play(
    notes: np.ndarray,
    instrument: Callable[[int, float], np.ndarray],
    program: int,
    soundfont: Path | None,
    side: float = 0.0,
) -> np.ndarray:
    """Returns notes played by an instrument, or by a program of a SoundFont, (n, 2).

    side: how far SEMITONES above MIDDLE_PITCH are to the right.
    """
    if soundfont is not None:
        return play_notes(notes, program, soundfont, RATE)
    ends = notes[:, 0] + notes[:, 1]
    sound = np.zeros((round((ends.max() + 1) * RATE), 2), np.float32)
    for onset, duration, pitch, loudness in notes.tolist():
        wave = instrument(round(pitch), round(duration, 4))
        first = round(onset * RATE)
        away = np.clip((pitch - MIDDLE_PITCH) / SEMITONES, -1, 1) * side
        angle = np.pi / 4 * (1 + away)
        for channel, share in enumerate((np.cos(angle), np.sin(angle))):
            sound[first : first + len(wave), channel] += np.float32(loudness * share) * wave
    return sound


def _beats(sheet: LeadSheet) -> np.ndarray:
    """Returns the count-in, four beats, (n, 2)."""
    sound = np.zeros((round(bar_seconds(sheet) * RATE), 2), np.float32)
    quarter = bar_seconds(sheet) / 4
    for k in range(4):
        wave = instruments.beat(k == 0)
        first = round(k * quarter * RATE)
        sound[first : first + len(wave)] += wave[: len(sound) - first, None]
    return sound


def _echo(sound: np.ndarray) -> np.ndarray:
    """Returns the echo of a room around a sound (n,), for two ears, float32 (m, 2).

    The room answers a clap with noise that dies away, other noise at each ear.
    """
    length = round(ECHO_DECAY * RATE)
    after = round(ECHO_AFTER * RATE)
    t = np.arange(length) / RATE
    size = 1 << (len(sound) + after + length - 1).bit_length()
    hertz = np.fft.rfftfreq(size, 1 / RATE)
    walls = 1 / (1 + (hertz / ECHO_BRIGHTNESS) ** 2)
    spectrum = np.fft.rfft(sound, size) * walls.astype(np.float32)
    ears = []
    for rng in np.random.default_rng(0).spawn(2):
        answer = rng.standard_normal(length) * 10 ** (-3 * t / ECHO_DECAY)
        answer /= np.sqrt((answer**2).sum())
        late = np.append(np.zeros(after), answer).astype(np.float32)
        heard = np.fft.irfft(spectrum * np.fft.rfft(late, size), size)
        ears.append(heard[: len(sound) + after + length])
    return np.stack(ears, axis=1) * np.float32(_ratio(ECHO_DB))


def _cut(sound: np.ndarray) -> np.ndarray:
    """Returns a sound (n, 2) without the silence at its end, faded out."""
    level = np.abs(sound).max(axis=1)
    (heard,) = np.nonzero(level > _ratio(SILENCE_DB) * level.max())
    fade = round(FADE * RATE)
    kept = sound[: heard[-1] + fade].copy()
    kept[-fade:] *= np.linspace(1, 0, fade, dtype=np.float32)[:, None]
    return kept


def _add(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Returns the sum of two sounds (n, 2), as long as the longer one."""
    longer, shorter = (one, other) if len(one) >= len(other) else (other, one)
    total = longer.copy()
    total[: len(shorter)] += shorter
    return total


def _rms(sound: np.ndarray) -> float:
    """Returns the root mean square of a sound."""
    return float(np.sqrt(np.mean(np.square(sound, dtype=np.float32))))


def _ratio(decibels: float) -> float:
    """Returns decibels as a ratio of amplitudes."""
    return float(10 ** (decibels / 20))
