"""Sound without a sound card: a plucked or a bowed string, and an MP3 of it."""

from __future__ import annotations

import functools
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

RATE = 22050  # samples a second

# where the string is plucked, as a share of its length: modes with a node there are 0
PLUCK = 0.23

# seconds that a string goes on after its note, damped
RING = 0.6

# seconds in which a bowed note begins, and dies away after its end
BOW_ATTACK = 0.05
RELEASE = 0.14

# its vibrato: cycles a second, cents up and down, and the seconds after which it begins
# and in which it grows
VIBRATO_RATE = 5.5
VIBRATO_CENTS = 9.0
VIBRATO_AFTER = 0.25
VIBRATO_GROWS = 0.5

# Hz, above which the body of the instrument passes less and less
BODY = 1500.0

# the loudest sample of what is rendered: no clipping, and some room for the encoder
PEAK = 0.9

# seconds of a note's beginning, where a step would click, and of the sound's end
ATTACK = 0.003
FADE = 0.01

# a bowed sound is full all the time: at this peak it is as loud as a plucked one
BOWED_PEAK = 0.45

# at most so many modes, and none near half of RATE, which samples cannot hold
MODES = 24
HIGHEST_MODE = 0.45 * RATE  # Hz

# from 0 to 1: the loudness of notes that have none
LOUDNESS = 0.8


@functools.lru_cache(maxsize=512)
def pluck(pitch: int, duration: float) -> np.ndarray:
    """Returns one plucked note: the sum of the string's modes, float64 samples at RATE.

    The higher a mode is, the weaker it is and the sooner it is gone.

    pitch: MIDI number (69 is 440 Hz).
    duration: seconds, after which the string is damped.

    Source: the ideal string, displaced at one point: mode k has the amplitude
        sin(pi k PLUCK) / k^2; heard as velocity, / k.
    """
    frequency = 440 * 2 ** ((pitch - 69) / 12)
    t = np.arange(round((duration + RING) * RATE)) / RATE
    wave = np.zeros_like(t)
    modes = min(MODES, int(HIGHEST_MODE / frequency))
    for k in range(1, 1 + modes):
        amplitude = np.sin(np.pi * k * PLUCK) / k
        decay = np.exp(-t * (1.1 + 0.45 * k))
        wave += amplitude * decay * np.sin(2 * np.pi * frequency * k * t)
    attack = np.minimum(t / ATTACK, 1)
    damping = np.exp(-np.maximum(t - duration, 0) / (RING / 7))
    fade = np.minimum((t[-1] - t) / FADE, 1)
    return wave * damping * attack * fade


@functools.lru_cache(maxsize=512)
def bow(pitch: int, duration: float) -> np.ndarray:
    """Returns one bowed note, which holds to its end, float64 samples at RATE.

    The harmonics are those of a sawtooth, weaker above BODY and none above
    HIGHEST_MODE. A long note has a slight vibrato, whose mean is the note's pitch.

    pitch: MIDI number (69 is 440 Hz).
    duration: seconds, after which the note dies away in RELEASE.

    Source: Helmholtz's motion of a bowed string is a sawtooth: harmonic k has the
        amplitude 1 / k.
    """
    frequency = 440 * 2 ** ((pitch - 69) / 12)
    t = np.arange(round((duration + RELEASE) * RATE)) / RATE
    depth = VIBRATO_CENTS * np.clip((t - VIBRATO_AFTER) / VIBRATO_GROWS, 0, 1)
    cents = depth * np.sin(2 * np.pi * VIBRATO_RATE * (t - VIBRATO_AFTER))
    phase = 2 * np.pi * np.cumsum(frequency * 2 ** (cents / 1200)) / RATE
    wave = np.zeros_like(t)
    # vibrato raises the highest harmonic a little, and not as far as half of RATE
    harmonics = max(1, min(MODES, int(HIGHEST_MODE / frequency)))
    for k in range(1, 1 + harmonics):
        body = 1 / (1 + (k * frequency / BODY) ** 2)
        wave += body / k * np.sin(k * phase)
    attack = _smooth(t / min(BOW_ATTACK, duration / 2))
    release = _smooth((t[-1] - t) / RELEASE)
    return wave * attack * release


def _smooth(x: np.ndarray) -> np.ndarray:
    """Returns a rise from 0 at 0 to 1 at 1 and beyond, without corners."""
    return 0.5 - 0.5 * np.cos(np.pi * np.clip(x, 0, 1))


@dataclass(frozen=True)
class Tone:
    """How one note sounds, for how many seconds after its end, and the peak of all."""

    note: Callable[[int, float], np.ndarray]
    after: float
    peak: float


TONES = {"plucked": Tone(pluck, RING, PEAK), "bowed": Tone(bow, RELEASE, BOWED_PEAK)}


def render(notes: np.ndarray | Sequence, tone: str = "plucked") -> np.ndarray:
    """Returns the sound of notes, float32 samples at RATE, from -PEAK to PEAK.

    It is as long as the last note rings.

    notes: float (n, 3) or (n, 4): onset and duration in seconds, MIDI pitch and, if
        given, the loudness from 0 to 1.
    tone: "plucked", which dies away, or "bowed", which holds each note to its end.

    Raises: ValueError where there is no note, or one of no length, and for a tone that
        is not in TONES.
    Notebook: start_here
    """
    if tone not in TONES:
        raise ValueError(f"The tone is {tone!r}; it should be one of {', '.join(TONES)}.")
    how = TONES[tone]
    notes = np.asarray(notes, np.float64)
    if notes.ndim != 2 or not len(notes) or notes.shape[1] not in (3, 4):
        raise ValueError(
            "notes should be an array (n, 3) or (n, 4) with at least one note, "
            f"and has shape {notes.shape}."
        )
    onsets = notes[:, 0]
    durations = notes[:, 1]
    if (durations <= 0).any() or (onsets < 0).any():
        raise ValueError("Each note needs an onset of 0 or later and a duration above 0.")
    end = (onsets + durations).max() * RATE
    sound = np.zeros(round(end + (how.after + 0.1) * RATE) + 2)
    for onset, duration, pitch, *loudness in notes:
        start = round(onset * RATE)
        wave = how.note(round(pitch), round(float(duration), 4))
        sound[start : start + len(wave)] += wave * (loudness[0] if loudness else LOUDNESS)
    loudest = np.abs(sound).max()
    return (sound * (how.peak / loudest)).astype(np.float32)


def to_mp3(samples: np.ndarray, rate: int = RATE, compression: float = 0.9) -> bytes:
    """Returns samples, float32 (n,) or (n, 2) for two channels, as an MP3 file.

    Every browser plays it; a minute of one channel takes about 240 kB.

    rate: samples a second.
    compression: from 0 (the best sound) to 1 (the fewest bytes).

    Notebook: start_here
    """
    import soundfile

    file = io.BytesIO()
    soundfile.write(
        file,
        samples,
        rate,
        format="MP3",
        subtype="MPEG_LAYER_III",
        bitrate_mode="VARIABLE",
        compression_level=compression,
    )
    return file.getvalue()
