"""Sound without a sound card: a plucked string made of its modes, and an MP3 of it."""

from __future__ import annotations

import functools
import io

import numpy as np

RATE = 22050  # samples a second

# where the string is plucked, as a share of its length: modes with a node there are 0
PLUCK = 0.23

# seconds that a string goes on after its note, damped
RING = 0.6

# the loudest sample of what is rendered: no clipping, and some room for the encoder
PEAK = 0.9

# seconds of a note's beginning, where a step would click, and of the sound's end
ATTACK = 0.003
FADE = 0.01

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
    Notebook: start_here
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


def render(notes: np.ndarray) -> np.ndarray:
    """Returns the sound of notes, float32 samples at RATE, from -PEAK to PEAK.

    It is as long as the last note rings.

    notes: float (n, 3) or (n, 4): onset and duration in seconds, MIDI pitch and, if
        given, the loudness from 0 to 1.

    Raises: ValueError where there is no note, or one of no length.
    Notebook: start_here
    """
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
    sound = np.zeros(round(end + (RING + 0.1) * RATE) + 2)
    for onset, duration, pitch, *loudness in notes:
        start = round(onset * RATE)
        wave = pluck(round(pitch), round(float(duration), 4))
        sound[start : start + len(wave)] += wave * (loudness[0] if loudness else LOUDNESS)
    loudest = np.abs(sound).max()
    return (sound * (PEAK / loudest)).astype(np.float32)


def to_mp3(samples: np.ndarray) -> bytes:
    """Returns samples (float32 at RATE, one channel) as an MP3 file.

    Every browser plays it; a minute takes about 240 kB.

    Notebook: start_here
    """
    import soundfile

    file = io.BytesIO()
    soundfile.write(
        file,
        samples,
        RATE,
        format="MP3",
        subtype="MPEG_LAYER_III",
        bitrate_mode="VARIABLE",
        compression_level=0.9,
    )
    return file.getvalue()
