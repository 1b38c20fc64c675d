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
