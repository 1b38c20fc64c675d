import io

import numpy as np
import pytest
import soundfile

from lyricgen.song import sound


def heard_pitch(samples: np.ndarray) -> float:
    """The frequency of a sound by autocorrelation, its peak refined by a parabola."""
    part = samples[2000 : 2000 + 8192].astype(float)
    r = np.correlate(part, part, "full")[len(part) - 1 :]
    low = int(sound.RATE / 2500)
    lag = low + int(np.argmax(r[low:600] >= 0.97 * r[low:600].max()))
    lag = lag - 3 + int(np.argmax(r[lag - 3 : lag + 4]))
    a, b, c = r[lag - 1 : lag + 2]
    return sound.RATE / (lag + (a - c) / (2 * (a - 2 * b + c)))


@pytest.mark.parametrize("pitch", [45, 57, 60, 69, 77])
def test_a_note_has_its_pitch(pitch):
    expected = 440 * 2 ** ((pitch - 69) / 12)
    cents = 1200 * np.log2(heard_pitch(sound.render([(0, 1, pitch)])) / expected)
    assert abs(cents) < 5


def cents_off(note: np.ndarray, pitch: int, seconds: float) -> float:
    """How far a note is from equal temperament, by the phase of its first harmonic.

    The sound is moved down by the frequency that it should have and smoothed over eight
    periods; what is left turns as fast as the note is off.
    """
    frequency = 440 * 2 ** ((pitch - 69) / 12)
    t = np.arange(len(note)) / sound.RATE
    window = np.hanning(round(8 * sound.RATE / frequency))
    moved = np.convolve(note * np.exp(-2j * np.pi * frequency * t), window, "valid")
    phase = np.unwrap(np.angle(moved))
    first = round(0.06 * sound.RATE)  # after the attack
    last = round(seconds * sound.RATE) - len(window)
    turns = (phase[last] - phase[first]) / (2 * np.pi)
    off = turns * sound.RATE / (last - first)
    return 1200 * np.log2(1 + off / frequency)


@pytest.mark.parametrize("tone", sound.TONES)
@pytest.mark.parametrize("seconds", [0.25, 0.6, 2.0])
def test_every_note_of_a_tone_is_in_tune(tone, seconds):
    off = {
        pitch: cents_off(sound.TONES[tone].note(pitch, seconds), pitch, seconds)
        for pitch in range(48, 97)
    }
    assert max(map(abs, off.values())) < 5, off
    quarter_tone = sound.TONES[tone].note(60, seconds)
    assert abs(cents_off(quarter_tone, 61, seconds)) > 50, "the measure sees a wrong note"


def loudness(samples: np.ndarray, seconds: float) -> float:
    """The loudness of a tenth of a second before a time, in dB below the loudest."""
    end = round(seconds * sound.RATE)
    part = samples[end - sound.RATE // 10 : end]
    return 20 * np.log10(np.abs(part).max() / np.abs(samples).max())


def test_a_bowed_note_holds_to_its_end_and_a_plucked_one_dies_away():
    bowed, plucked = (sound.render([(0, 6, 67)], tone) for tone in ("bowed", "plucked"))
    assert loudness(bowed, 6) > -3 and loudness(plucked, 6) < -30
    after = bowed[round((6 + sound.RELEASE) * sound.RATE) :]
    assert np.abs(after).max() < 1e-3, "and then ends"


@pytest.mark.parametrize("pitch", [36, 60, 84, 108])
@pytest.mark.parametrize("seconds", [0.05, 0.2, 1.0])
def test_a_bowed_note_has_no_click(pitch, seconds):
    note = sound.bow(pitch, seconds)
    steps = np.abs(np.diff(note))
    edge = round(0.004 * sound.RATE)
    assert abs(note[0]) < 1e-6 and abs(note[-1]) < 1e-3
    assert max(steps[:edge].max(), steps[-edge:].max()) < 0.1 * steps.max()


def test_a_bowed_note_of_the_highest_pitch_is_below_half_of_the_rate():
    spectrum = np.abs(np.fft.rfft(sound.bow(108, 1.0)))
    above = round(1.02 * sound.HIGHEST_MODE / sound.RATE * 2 * len(spectrum))
    assert spectrum[above:].max() < 1e-3 * spectrum.max()


def melody() -> list[tuple[float, float, int]]:
    rng = np.random.default_rng(0)
    durations = rng.choice([0.15, 0.3, 0.6], 60)
    onsets = np.cumsum(durations) - durations
    return list(zip(onsets, durations, rng.integers(55, 84, 60)))


@pytest.mark.parametrize("tone", sound.TONES)
def test_an_mp3_is_not_clipped_small_and_the_same_each_time(tone):
    samples = sound.render(melody(), tone)
    mp3 = sound.to_mp3(samples)
    assert np.abs(samples).max() <= 0.98
    assert mp3 == sound.to_mp3(sound.render(melody(), tone))
    decoded, rate = soundfile.read(io.BytesIO(mp3))
    assert rate == sound.RATE and decoded.ndim == 1
    assert 0.3 < np.abs(decoded).max() <= 0.98
    assert len(mp3) * 8 / (len(samples) / sound.RATE) < 40_000, "bits a second"


def test_the_two_tones_are_about_as_loud():
    rms = [np.sqrt(np.mean(sound.render(melody(), tone) ** 2)) for tone in sound.TONES]
    assert 0.5 < rms[0] / rms[1] < 2


def test_a_tone_that_is_not_there_is_refused():
    with pytest.raises(ValueError, match="plucked, bowed"):
        sound.render([(0, 1, 60)], "blown")


def test_right_length_no_clipping_no_silence():
    notes = [(i * 0.25, 0.25, 60 + i) for i in range(16)]
    samples = sound.render(notes)
    assert samples.dtype == np.float32 and abs(len(samples) / sound.RATE - (4 + sound.RING)) < 0.2
    assert np.abs(samples).max() == pytest.approx(sound.PEAK, abs=1e-6)
    loudness = [
        np.sqrt(np.mean(samples[int(t * sound.RATE) : int((t + 0.2) * sound.RATE)] ** 2))
        for t, _, _ in notes
    ]
    assert min(loudness) > 0.02 and np.isfinite(samples).all()


def test_a_rest_is_quiet_and_the_end_fades():
    samples = sound.render([(0, 0.2, 60), (3.0, 0.2, 60)])
    between = samples[int(1.5 * sound.RATE) : int(2.9 * sound.RATE)]
    assert np.abs(between).max() < 0.01 and abs(samples[-1]) < 1e-3


def test_mp3_can_be_read_back_and_is_the_same_each_time():
    samples = sound.render([(0, 0.5, 69)])
    mp3 = sound.to_mp3(samples)
    assert mp3 == sound.to_mp3(samples)
    read, rate = soundfile.read(io.BytesIO(mp3))
    assert rate == sound.RATE and abs(len(read) - len(samples)) < 3000
    assert abs(1200 * np.log2(heard_pitch(read) / 440)) < 5


@pytest.mark.parametrize("notes", [[], [(0, 0, 60)], [(-1, 1, 60)], [(0, 60)]])
def test_what_cannot_sound_is_refused(notes):
    with pytest.raises(ValueError):
        sound.render(notes)
