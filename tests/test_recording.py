"""The song as it is heard: two instruments, a room, an MP3 with a tag."""

import io
import struct
import sys

import numpy as np
import pytest
import soundfile
from measure_sound import cents_off, measure_sound, spectrum, within_limits
from test_accompaniment import TWINKLE, melody

from lyricgen.files import UserError
from lyricgen.lyrics.chinese import pinyin
from lyricgen.song import id3, instruments, recording
from lyricgen.song.instruments import RATE
from lyricgen.song.lead_sheet import LeadSheet, Syllable, syllables
from lyricgen.song.soundfont import play_notes

NOTES, STEPS = melody(TWINKLE)
CHARACTERS = "细雨斜风作晓寒淡烟疏柳媚晴滩"
CHINESE = LeadSheet(
    "浣溪沙",
    "Huànxīshā",
    NOTES,
    (syllables(CHARACTERS, pinyin(CHARACTERS)),),
    (0, 7),
    tempo=120,
    made="seed 1, by a test",
)
TEXT = "Twin- kle twin- kle lit- tle star how I won- der what you are"
TWINKLING = tuple(
    Syllable(text.removesuffix("-"), "", text.endswith("-")) for text in TEXT.split(" ")
)
ENGLISH = LeadSheet("A & B", "", NOTES, (TWINKLING, TWINKLING), (0, 7), tempo=120)


@pytest.mark.parametrize("instrument", [instruments.sing, instruments.pluck])
@pytest.mark.parametrize("seconds", [0.25, 0.6, 2.0])
def test_every_note_is_in_tune(instrument, seconds):
    off = {
        pitch: cents_off(instrument(pitch, seconds), 0, seconds, pitch)
        for pitch in range(40, 86, 3)
    }
    assert max(map(abs, off.values())) < 5, off
    quarter_tone = cents_off(instrument(60, seconds), 0, seconds, 61)
    assert abs(quarter_tone) > 50, "the measure sees a wrong note"


def test_vibrato_stays_within_15_cents_at_each_moment():
    note = instruments.sing(69, 3.0)
    moments = np.arange(0.1, 2.8, 0.05)
    off = [cents_off(note[round(start * RATE) :], 0.0, 0.11, 69) for start in moments]
    assert 4 < max(off) < 15 and 4 < -min(off) < 15
    assert abs(np.mean(off)) < 1


def test_the_voice_is_bright_holds_and_has_no_click():
    for pitch in (57, 67, 77):
        note = instruments.sing(pitch, 3.0)
        hertz, energy = spectrum(note)
        assert 0.15 < energy[hertz > 1000].sum() < 0.6
        assert energy[(hertz > 8000) & (hertz < 16000)].sum() > 1e-5
        assert energy[hertz > 17000].sum() < 1e-7
        at_end = np.abs(note[round(2.9 * RATE) : 3 * RATE]).max()
        assert at_end > 0.5 * np.abs(note).max()
        steps = np.abs(np.diff(note))
        assert max(steps[:100].max(), steps[-100:].max()) < 0.05 * steps.max()
        assert len(note) == round((3 + instruments.RELEASE) * RATE)


def test_the_harp_is_the_sum_of_its_modes():
    note = instruments.pluck(60, 0.5)
    t = np.arange(len(note)) / RATE
    expected = np.zeros(len(note))
    for k in range(1, instruments.MODES + 1):
        amplitude = np.sin(np.pi * k * instruments.PLUCK) / k
        decay = np.exp(-t * (instruments.DECAY + instruments.DECAY_OF_MODE * (k - 1)))
        expected += amplitude * decay * np.sin(2 * np.pi * k * instruments.frequency(60) * t)
    sounding = slice(round(0.01 * RATE), round(0.4 * RATE))
    damping = instruments._smooth((0.5 + instruments.RING - t) / instruments.RING) ** 3
    error = np.abs(note - expected * damping)[sounding].max()
    assert error < 1e-4 * np.abs(note).max()
    assert np.abs(note[-10:]).max() < 1e-6, "and ends without a click"


@pytest.mark.parametrize("sheet", [CHINESE, ENGLISH], ids=["Chinese", "English"])
def test_a_songs_mp3_is_within_the_limits(sheet):
    figures = measure_sound(sheet)
    assert within_limits({name: np.array([value]) for name, value in figures.items()}).all()
    assert figures["notes"] == 14 * len(sheet.verses)
    assert figures["energy_below_1_khz"] < 0.79 and figures["above_7_khz_db"] > -45
    assert figures["silence_at_end"] < 0.3
    assert figures["kbit_per_second"] < 130
    assert figures["last_note_end_db"] > -12


def test_the_harp_is_softer_than_the_voice():
    voice = recording.record(CHINESE, accompaniment=False)
    both = recording.record(CHINESE)
    length = min(len(voice), len(both))
    # the two have other peaks, and so other gains: how loud the voice is in both
    gain = (both[:length] * voice[:length]).sum() / (voice[:length] ** 2).sum()
    harp = both[:length] - gain * voice[:length]
    assert 10 < 20 * np.log10(gain * recording._rms(voice) / recording._rms(harp)) < 14


def test_the_same_song_has_the_same_bytes():
    assert recording.song_mp3(CHINESE) == recording.song_mp3(CHINESE)


@pytest.mark.parametrize("tempo", [20, 400])
def test_the_slowest_and_the_fastest_song_sound(tempo):
    notes = NOTES[:4] if tempo == 20 else NOTES // [4, 4, 1]
    verse = (syllables(["la"] * len(notes)),)
    sheet = LeadSheet("A", "", notes, verse, (0,), tempo=tempo, sharps=-3)
    sound = recording.record(sheet, count_in=True)
    assert np.isfinite(sound).all() and np.abs(sound).max() == pytest.approx(recording.PEAK)
    seconds = recording.bar_seconds(sheet) + recording.verse_seconds(sheet)
    assert 0 < len(sound) / RATE - seconds < 1.5


def test_each_verse_is_played():
    one = LeadSheet("A", "", NOTES, ENGLISH.verses[:1], (0, 7), tempo=120)
    once, twice = recording.record(one), recording.record(ENGLISH)
    verse = round(recording.verse_seconds(one) * RATE)
    assert recording.verse_seconds(one) == 8 and abs(len(twice) - len(once) - verse) < RATE / 100
    notes = recording.repeated(ENGLISH, recording.melody(ENGLISH))
    assert np.array_equal(notes[14:], notes[:14] + [8, 0, 0, 0])


def test_a_count_in_is_four_beats_before_the_song():
    plain = recording.record(CHINESE, accompaniment=False)
    counted = recording.record(CHINESE, accompaniment=False, count_in=True)
    bar = round(recording.bar_seconds(CHINESE) * RATE)
    assert bar == 2 * RATE and abs(len(counted) - len(plain) - bar) <= 2
    level = np.abs(counted[:bar]).reshape(8, -1).max(axis=1)
    assert (level[::2] > 0.1).all(), "a beat in each quarter"
    later = counted[bar : bar + len(plain)]
    similar = np.corrcoef(later[: 4 * RATE, 0], plain[: 4 * RATE, 0])[0, 1]
    assert similar > 0.99


def test_low_strings_stand_to_the_left_and_the_voice_in_the_middle():
    notes = np.array([(0.0, 1.0, 45, 0.8)])
    low = recording._play(notes, instruments.pluck, 46, None, recording.SIDE)
    high = recording._play(notes + [0, 0, 24, 0], instruments.pluck, 46, None, recording.SIDE)
    middle = recording._play(notes, instruments.sing, 40, None)
    left = [np.abs(sound[:, 0]).max() / np.abs(sound[:, 1]).max() for sound in (low, middle, high)]
    assert left[0] > 1.5 and left[1] == pytest.approx(1) and left[2] < 1 / 1.5


def read_tag(data: bytes) -> tuple[dict[str, bytes], bytes]:
    """The frames of an ID3 tag by their names, and what follows the tag."""
    assert data[:6] == b"ID3\x03\x00\x00"
    size = sum((byte & 0x7F) << shift for byte, shift in zip(data[6:10], (21, 14, 7, 0)))
    assert max(data[6:10]) < 0x80
    frames = {}
    place = 10
    while place < 10 + size:
        name = data[place : place + 4].decode()
        length = int.from_bytes(data[place + 4 : place + 8], "big")
        frames[name] = data[place + 10 : place + 10 + length]
        place += 10 + length
    assert place == 10 + size
    return frames, data[place:]


def test_the_tag_says_what_is_sung_and_how_it_was_made():
    frames, sound = read_tag(recording.song_mp3(CHINESE))
    assert frames["TIT2"][:1] == b"\x01" and frames["TIT2"][1:].decode("utf-16") == (
        "浣溪沙 Huànxīshā"
    )
    assert frames["TPE1"][1:].decode("utf-16") == "lyricgen"
    assert frames["TLAN"][1:].decode("utf-16") == "zho"
    assert frames["COMM"][1:4] == b"eng" and frames["USLT"][1:4] == b"zho"
    assert frames["COMM"][8:].decode("utf-16") == "seed 1, by a test"
    assert frames["USLT"][8:].decode("utf-16") == "细雨斜风作晓寒\n淡烟疏柳媚晴滩"
    assert sound[0] == 0xFF and sound[1] & 0xE0 == 0xE0, "a frame of MP3 follows"
    decoded, rate = soundfile.read(io.BytesIO(recording.song_mp3(CHINESE)))
    assert rate == RATE == 44100 and decoded.shape[1] == 2


def test_a_long_tag_has_a_size_of_four_times_seven_bits():
    frames, rest = read_tag(id3.tag("A", "B", "en", lyrics="x" * 5000) + b"rest")
    assert len(frames["USLT"]) > 10000 and rest == b"rest"
    assert "COMM" not in frames


def test_words_are_joined_to_lines():
    assert recording.words(ENGLISH) == "\n\n".join(
        ["Twinkle twinkle little star\nhow I wonder what you are"] * 2
    )
    assert recording.language(ENGLISH) == "en" and recording.language(CHINESE) == "zh"


def chunk(name: bytes, *parts: bytes) -> bytes:
    """A chunk of RIFF."""
    data = b"".join(parts)
    return name + struct.pack("<I", len(data)) + data + b"\0" * (len(data) % 2)


def small_soundfont() -> bytes:
    """A SoundFont with one program, number 0: 100 periods of a sine, C4, in a loop."""
    period = RATE / instruments.frequency(60)
    count = round(100 * period)
    sine = np.sin(2 * np.pi * np.arange(count) / period)
    sample = (20000 * np.append(sine, np.zeros(46))).astype("<i2")
    name = b"sine".ljust(20, b"\0")
    end = b"EO".ljust(20, b"\0")
    header = struct.pack("<5IBbHH", 0, count, 0, count, RATE, 60, 0, 0, 1)
    loop, sample_id, instrument = ((54, 1), (53, 0), (41, 0))
    generators = [struct.pack("<HH", *pair) for pair in (instrument, loop, sample_id)]
    lists = [
        chunk(
            b"phdr",
            name + struct.pack("<HHHIII", 0, 0, 0, 0, 0, 0),
            end + struct.pack("<HHHIII", 0, 0, 1, 0, 0, 0),
        ),
        chunk(b"pbag", struct.pack("<4H", 0, 0, 1, 0)),
        chunk(b"pmod", bytes(10)),
        chunk(b"pgen", generators[0], bytes(4)),
        chunk(b"inst", name + struct.pack("<H", 0), end + struct.pack("<H", 1)),
        chunk(b"ibag", struct.pack("<4H", 0, 0, 2, 0)),
        chunk(b"imod", bytes(10)),
        chunk(b"igen", *generators[1:], bytes(4)),
        chunk(b"shdr", name + header, end + bytes(26)),
    ]
    info = chunk(b"ifil", struct.pack("<HH", 2, 1)) + chunk(b"INAM", b"sine\0\0")
    return chunk(
        b"RIFF",
        b"sfbk",
        chunk(b"LIST", b"INFO", info),
        chunk(b"LIST", b"sdta", chunk(b"smpl", sample.tobytes())),
        chunk(b"LIST", b"pdta", *lists),
    )


def test_a_soundfont_plays_the_song(tmp_path):
    pytest.importorskip("tinysoundfont", reason="tinysoundfont is not installed: an extra")
    font = tmp_path / "正弦.sf2"
    font.write_bytes(small_soundfont())
    notes = recording.repeated(CHINESE, recording.melody(CHINESE))
    sound = play_notes(notes, recording.VOICE_PROGRAM, font, RATE)
    assert sound.shape[1] == 2 and 0.01 < np.abs(sound).max() <= 1
    for onset, duration, pitch, _ in notes.tolist():
        assert abs(cents_off(sound.mean(axis=1), onset, duration, round(pitch))) < 5
    before = round(7.9 * RATE)
    assert np.abs(sound[before : before + 1000]).max() > 0.01, "the last note holds"
    played = recording.record(CHINESE, soundfont=font)
    assert np.abs(played).max() == pytest.approx(recording.PEAK)
    with pytest.raises(UserError, match="no SoundFont"):
        not_one = tmp_path / "not.sf2"
        not_one.write_bytes(b"RIFF")
        recording.record(CHINESE, soundfont=not_one)
    with pytest.raises(UserError, match="cannot be read: No such file"):
        recording.record(CHINESE, soundfont=tmp_path / "missing.sf2")


def test_without_its_package_a_soundfont_is_refused_in_a_sentence(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "tinysoundfont", None)
    with pytest.raises(UserError, match="-m pip install --no-deps tinysoundfont"):
        recording.record(CHINESE, soundfont=tmp_path / "any.sf2")
