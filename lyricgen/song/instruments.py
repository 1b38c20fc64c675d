"""The three sounds of a song, note by note: a voice, a harp, and a count-in."""

from __future__ import annotations

import functools

import numpy as np

RATE = 44100  # samples a second

# Hz, above which no harmonic sounds: MP3 keeps little beyond
HIGHEST = 16000.0

# Seconds in which a note of the voice begins, and dies away after its end
ATTACK = 0.06
RELEASE = 0.16

# The share of its loudness that a note of the voice loses towards its end
DECLINE = 0.2

# Its vibrato: cycles a second, cents up and down, and the seconds after which it begins
# and in which it grows
VIBRATO_RATE = 5.4
VIBRATO_CENTS = 9.0
VIBRATO_AFTER = 0.3
VIBRATO_GROWS = 0.5

# The body of the voice's instrument, like a violin's: resonances of air, wood and
# bridge (Hz, width in Hz, gain), and the frequency above which it passes less
RESONANCES = ((480.0, 150.0, 0.5), (1100.0, 250.0, 1.0), (2700.0, 1000.0, 3.5))
BODY = 7000.0

# Samples of a period that is drawn once and then read at the note's own speed
PERIOD = 8192

# The root mean square of a sounding note of the voice
LOUDNESS = 0.15

# Where a harp's string is plucked, as a share of its length; how many modes it has; how
# fast they die away (1/s), the first and each further one
PLUCK = 0.2
MODES = 40
DECAY = 0.9
DECAY_OF_MODE = 0.3

# Seconds in which a string of the harp begins, and in which it is damped after its note
HARP_ATTACK = 0.002
RING = 0.5

# The modes are summed as a product of two matrices, in blocks of so many samples
BLOCK = 256

# Hz: the count-in's first beat, and the others; seconds in which they die away
BEATS = (1600.0, 1200.0)
BEAT_DECAY = 0.012
BEAT_LENGTH = 0.12


def frequency(pitch: int) -> float:
    """Returns the frequency of a MIDI pitch in Hz: 69 is 440."""
    return 440 * 2 ** ((pitch - 69) / 12)


@functools.lru_cache(maxsize=256)
def sing(pitch: int, duration: float) -> np.ndarray:
    """Returns one note of the voice, a bowed string, float32 samples at RATE.

    It holds to its end and then dies away in RELEASE. The louder it is, the brighter it
    is. A long note has a vibrato, whose mean is the note's pitch.

    duration: seconds.
    """
    t = np.arange(round((duration + RELEASE) * RATE)) / RATE
    depth = VIBRATO_CENTS * np.clip((t - VIBRATO_AFTER) / VIBRATO_GROWS, 0, 1)
    cents = depth * np.sin(2 * np.pi * VIBRATO_RATE * (t - VIBRATO_AFTER))
    turns = np.cumsum(frequency(pitch) * 2 ** (cents / 1200)) / RATE
    bright, dark = _periods(pitch)
    sound = _read(dark, turns)
    brightness = _smooth(t / (3 * ATTACK)) * (1 - DECLINE * _smooth(t / duration))
    sound += brightness.astype(np.float32) * (_read(bright, turns) - sound)
    attack = _smooth(t / min(ATTACK, duration / 2))
    release = _smooth((duration + RELEASE - t) / RELEASE)
    decline = 1 - DECLINE * _smooth(t / duration)
    return sound * (attack * release * decline).astype(np.float32)


@functools.lru_cache(maxsize=128)
def _periods(pitch: int) -> tuple[np.ndarray, np.ndarray]:
    """Returns one period of the voice at a pitch, bright and dark, (PERIOD + 1,) each.

    The last sample is the first of the next period.

    Source: the motion of a bowed string is a sawtooth (Helmholtz 1863): harmonic k has
        the amplitude 1 / k. The body changes it.
    """
    count = int(HIGHEST / frequency(pitch))
    k = np.arange(1, count + 1)
    bright = _body(k * frequency(pitch)) / k
    dark = bright / k**0.7
    return _period(bright), _period(dark)


def _body(hertz: np.ndarray) -> np.ndarray:
    """Returns how strongly the body sounds at some frequencies."""
    gain = np.ones_like(hertz)
    for centre, width, height in RESONANCES:
        gain += height / (1 + ((hertz - centre) / width) ** 2)
    return gain / (1 + (hertz / BODY) ** 2)


def _period(amplitudes: np.ndarray) -> np.ndarray:
    """Returns a period with harmonics of some amplitudes, as loud as LOUDNESS.

    The phases are spread, so that the harmonics do not all peak at once.

    Source: Schroeder 1970, phases of low peaks: pi k^2 / n for harmonic k of n.
    """
    k = np.arange(1, len(amplitudes) + 1)
    spectrum = np.zeros(PERIOD // 2 + 1, complex)
    spectrum[k] = amplitudes * np.exp(1j * np.pi * k**2 / len(k))
    period = np.fft.irfft(spectrum)
    period *= LOUDNESS / np.sqrt(np.mean(period**2))
    return np.append(period, period[0]).astype(np.float32)


def _read(period: np.ndarray, turns: np.ndarray) -> np.ndarray:
    """Returns a period read at some turns of its cycle, between its samples too."""
    place = (turns % 1.0) * PERIOD
    before = place.astype(np.int32)
    between = (place - before).astype(np.float32)
    first = period[before]
    return first + between * (period[before + 1] - first)


def _smooth(x: np.ndarray) -> np.ndarray:
    """Returns a rise from 0 at 0 to 1 at 1 and beyond, without corners."""
    return 0.5 - 0.5 * np.cos(np.pi * np.clip(x, 0, 1))


@functools.lru_cache(maxsize=512)
def pluck(pitch: int, duration: float) -> np.ndarray:
    """Returns one note of the harp, which dies away, float32 samples at RATE.

    A mode that turns and decays is a power z^t of a complex number. With
    t = BLOCK j + r it is z^(BLOCK j) z^r, so that the sum over all modes is a product
    of two matrices.

    duration: seconds, after which the string is damped.

    Source: the ideal string, displaced at one point: mode k has the amplitude
        sin(pi k PLUCK) / k^2; heard as velocity, / k.
    """
    samples = round((duration + RING) * RATE)
    blocks = -(-samples // BLOCK)
    k = np.arange(1, 1 + min(MODES, int(HIGHEST / frequency(pitch))))
    amplitudes = np.sin(np.pi * k * PLUCK) / k
    decay = DECAY + DECAY_OF_MODE * (k - 1)
    per_sample = (2j * np.pi * frequency(pitch) * k - decay) / RATE
    starts = amplitudes * np.exp(per_sample * BLOCK * np.arange(blocks)[:, None])
    within = np.exp(per_sample[:, None] * np.arange(BLOCK))
    product = starts.astype(np.complex64) @ within.astype(np.complex64)
    sound = product.imag.ravel()[:samples]
    t = np.arange(samples) / RATE
    attack = _smooth(t / HARP_ATTACK)
    damping = _smooth((duration + RING - t) / RING) ** 3
    return sound * (attack * damping).astype(np.float32)


@functools.lru_cache(maxsize=2)
def beat(first: bool) -> np.ndarray:
    """Returns one beat of the count-in, as of wood, float32 samples at RATE."""
    hertz = BEATS[0] if first else BEATS[1]
    t = np.arange(round(BEAT_LENGTH * RATE)) / RATE
    sound = np.sin(2 * np.pi * hertz * t) * np.exp(-t / BEAT_DECAY)
    return (LOUDNESS * 2 * sound).astype(np.float32)
