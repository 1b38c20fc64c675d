"""Notes played by the instruments of a SoundFont, a file of recorded sounds."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

from lyricgen.files import UserError

# Seconds that sound on after the last note
RING = 1.5

# dB: tinysoundfont adds notes up, and its sum may not pass 1
GAIN = -12.0

NEEDS_PACKAGE = (
    "A SoundFont is played by the package tinysoundfont, which is not installed; "
    f"install it by: {sys.executable} -m pip install --no-deps tinysoundfont"
)


def play_notes(notes: np.ndarray, program: int, font: Path, rate: int) -> np.ndarray:
    """Returns notes played by a program of a SoundFont, float32 (n, 2).

    notes: (n, 4) onset and duration in seconds, MIDI pitch, loudness from 0 to 1.
    program: of General MIDI, counted from 0; a font without it plays its first one.
    font: a file .sf2 or .sf3.
    rate: samples a second.

    Raises: UserError where the package is missing or the file is no SoundFont.
    """
    synth, number = _open(font, rate)
    _select(synth, font, number, program)
    ends = notes[:, 0] + notes[:, 1]
    sound = np.zeros((round((ends.max() + RING) * rate), 2), np.float32)
    place = 0
    for step, pitch, velocity in _events(notes, rate):
        _generate(synth, sound[place:step])
        place = step
        # a velocity of 0 ends a note
        synth.noteon(0, pitch, velocity)
    _generate(synth, sound[place:])
    return sound


def _open(font: Path, rate: int):
    """Returns a synthesizer that has read a SoundFont, and the font's number in it."""
    try:
        import tinysoundfont
    except ImportError as error:
        raise UserError(NEEDS_PACKAGE) from error
    synth = tinysoundfont.Synth(samplerate=rate)
    try:
        # the bytes of a file, whose name may have any letters
        number = synth.sfload(font.read_bytes(), gain=GAIN)
    except OSError as error:
        raise UserError(f"The SoundFont {font} cannot be read: {error.strerror}.") from error
    except Exception as error:
        raise UserError(f"{font} is no SoundFont (.sf2 or .sf3).") from error
    return synth, number


def _select(synth, font: Path, number: int, program: int) -> None:
    """Selects a program, or the first where a font has no other."""
    for wanted in (program, 0):
        try:
            synth.program_select(0, number, 0, wanted)
            return
        except RuntimeError:
            continue
    raise UserError(f"The SoundFont {font} has neither program {program} nor program 0.")


def _events(notes: np.ndarray, rate: int) -> list[tuple[int, int, int]]:
    """Returns sample, pitch and velocity of each beginning and end, ends first."""
    events = []
    for onset, duration, pitch, loudness in notes.tolist():
        velocity = max(1, round(127 * loudness))
        events.append((round(onset * rate), round(pitch), velocity))
        events.append((round((onset + duration) * rate), round(pitch), 0))
    return sorted(events, key=lambda event: (event[0], event[2]))


def _generate(synth, place: np.ndarray) -> None:
    """Fills a place (n, 2) with the next samples."""
    if len(place):
        place[:] = np.frombuffer(synth.generate(len(place)), np.float32).reshape(-1, 2)
