"""Sound without a sound card: a plucked string made of its vibrations, and an MP3 for the page."""

from __future__ import annotations

import functools
import io

import numpy as np

RATE = 22050  # samples per second


PLUCK = 0.23  # where the string is plucked, as a share of its length: that silences every mode with a node there


RING = 0.6  # seconds that a string goes on after its note, damped


PEAK = 0.9  # the loudest sample of what is rendered: no clipping, and the encoder needs some room


@functools.lru_cache(maxsize=512)
def pluck(pitch: int, duration: float) -> np.ndarray:
    """One plucked note: the sum of the string's modes, the higher the weaker and the sooner gone.

    pitch: MIDI number (69 is 440 Hz); duration in seconds, after which the string is damped. Returns float64 samples at RATE.
    Source: the ideal string, displaced at one point: mode k has amplitude sin(pi k PLUCK) / k^2, heard as velocity, / k.
    Notebook: 00_start_here
    """
    frequency = 440 * 2 ** ((pitch - 69) / 12)
    t = np.arange(round((duration + RING) * RATE)) / RATE
    wave = np.zeros_like(t)
    for k in range(1, 1 + min(24, int(0.45 * RATE / frequency))):
        wave += (
            np.sin(np.pi * k * PLUCK)
            / k
            * np.exp(-t * (1.1 + 0.45 * k))
            * np.sin(2 * np.pi * frequency * k * t)
        )
    damped = np.exp(-np.maximum(t - duration, 0) / (RING / 7))
    attack = np.minimum(t / 0.003, 1)  # 3 ms: a step would click
    return wave * damped * attack * np.minimum((t[-1] - t) / 0.01, 1)


def render(notes: np.ndarray) -> np.ndarray:
    """The sound of notes: onset and duration in seconds, MIDI pitch; an optional fourth column is the loudness from 0 to 1.

    notes: float (n, 3) or (n, 4). Returns float32 samples at RATE, from -PEAK to PEAK, as long as the last note rings.
    Raises ValueError where there is no note, or one of no length. Notebook: 00_start_here
    """
    notes = np.asarray(notes, np.float64)
    if notes.ndim != 2 or not len(notes) or notes.shape[1] not in (3, 4):
        raise ValueError(
            f"notes should be an array (n, 3) or (n, 4) with at least one note, and has shape {notes.shape}."
        )
    if (notes[:, 1] <= 0).any() or (notes[:, 0] < 0).any():
        raise ValueError("Each note needs an onset of 0 or later and a duration above 0.")
    sound = np.zeros(round((notes[:, 0] + notes[:, 1]).max() * RATE + (RING + 0.1) * RATE) + 2)
    for onset, duration, pitch, *loudness in notes:
        wave, start = pluck(int(round(pitch)), round(float(duration), 4)), round(onset * RATE)
        sound[start : start + len(wave)] += wave * (loudness[0] if loudness else 0.8)
    return (sound * (PEAK / np.abs(sound).max())).astype(np.float32)


def to_mp3(samples: np.ndarray) -> bytes:
    """The samples (float32 at RATE, one channel) as an MP3 file, which every browser plays; a minute takes about 240 kB.

    Notebook: 00_start_here
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
