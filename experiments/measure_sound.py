"""Measures the sound of songs: pitch, level, brightness, silence and chords.

    python experiments/measure_sound.py             # 50 songs
    python experiments/measure_sound.py --short     # 2 songs, to try it

Each song is made with a seed of its own, the patterns in turn, written as MP3 and read
back. What is measured is the MP3: the voice and its accompaniment together. The songs
share one set of drawn melodies, since drawing takes the most time and the sound does
not depend on it. It writes data/results/sound.json (give --short another --out). It
takes about 4 minutes on one core.
"""

from __future__ import annotations

import argparse
import io
import sys
from pathlib import Path

import numpy as np
import soundfile

from lyricgen import files
from lyricgen.lyrics import corpora, patterns
from lyricgen.music.chords import Chord
from lyricgen.song import recording, song
from lyricgen.song.accompaniment import DEGREES, HALF_BAR, accompany, harmonise
from lyricgen.song.instruments import ATTACK, RATE, frequency
from lyricgen.song.lead_sheet import LeadSheet
from lyricgen.song.tune import DRAWS, LatentTunes, TuneWriter
from lyricgen.song.words import load_writer

SONGS = 50
FEW_SONGS = 2

# Melodies that are drawn for all songs, of which each takes some
DRAWN = 2 * DRAWS

# What the sound should be
MOST_CENTS = 15.0
HIGHEST_SAMPLE = 0.98
LOWEST_END_DB = -30.0

# Periods of a note in which its phase is measured, and seconds from one to the next
PERIODS = 8
HOP = 0.01

# Seconds before the end of the last note in which its level is measured
END = 0.1

# Samples of the windows in which the energy is measured
WINDOW = 8192

# dB below the loudest sample, from which on the end of a song is silence
SILENCE_DB = -50.0


class DrawnOnce:
    """A tune writer that draws once, and gives each song some of the draws."""

    def __init__(self, writer: TuneWriter, temperature: float = 0.8):
        self.melodies = writer.phrases(DRAWN, np.random.default_rng(0), temperature)

    def phrases(self, count: int, rng: np.random.Generator, temperature: float) -> np.ndarray:
        """Returns as many of the melodies that are drawn, whatever the temperature."""
        return self.melodies[rng.permutation(len(self.melodies))[:count]]


def cents_off(sound: np.ndarray, onset: float, duration: float, pitch: int) -> float:
    """Returns how far a note of a sound is from equal temperament, in cents.

    The sound is moved down by the frequency that the note should have, and weighed over
    a few periods. What is left turns as fast as the note is off. The attack is left
    out.

    sound: (n,) at RATE. onset, duration: seconds.
    """
    width = round(PERIODS * RATE / frequency(pitch))
    first = round((onset + min(ATTACK, duration / 3)) * RATE)
    last = round((onset + duration) * RATE) - width
    starts = np.arange(first, max(last, first + 2), round(HOP * RATE))
    places = starts[:, None] + np.arange(width)
    moved = sound[places] * np.exp(-2j * np.pi * frequency(pitch) * places / RATE)
    phase = np.unwrap(np.angle(moved @ np.hanning(width)))
    turns = (phase[-1] - phase[0]) / (2 * np.pi)
    off = turns * RATE / (starts[-1] - starts[0])
    return float(1200 * np.log2(1 + off / frequency(pitch)))


def decibels(ratio: float) -> float:
    """Returns a ratio of amplitudes in dB."""
    return float(20 * np.log10(ratio))


def measure_sound(sheet: LeadSheet) -> dict[str, float]:
    """Returns the figures of a song's MP3."""
    mp3 = recording.song_mp3(sheet)
    decoded, rate = soundfile.read(io.BytesIO(mp3), dtype="float32", always_2d=True)
    assert rate == RATE and decoded.shape[1] == 2
    mono = decoded.mean(axis=1)
    notes = recording.repeated(sheet, recording.melody(sheet))
    cents = [cents_off(mono, *note[:2], round(note[2])) for note in notes.tolist()]
    loudest = np.abs(decoded).max()
    last = round((notes[-1, 0] + notes[-1, 1]) * RATE)
    end = np.abs(decoded[last - round(END * RATE) : last]).max()
    (heard,) = np.nonzero(np.abs(decoded).max(axis=1) > loudest * 10 ** (SILENCE_DB / 20))
    hertz, energy = spectrum(mono)
    return {
        "seconds": len(mono) / RATE,
        "notes": len(notes),
        "largest_cents": max(map(abs, cents)),
        "highest_sample": float(loudest),
        "last_note_end_db": decibels(end / loudest),
        "silence_at_end": (len(decoded) - 1 - heard[-1]) / RATE,
        "energy_below_1_khz": float(energy[hertz < 1000].sum()),
        "above_7_khz_db": decibels(np.sqrt(energy[hertz > 7000].sum())),
        "kbit_per_second": len(mp3) * 8 / len(mono) * RATE / 1000,
    }


def chord_tones(sheet: LeadSheet, chords: tuple[tuple[int, Chord], ...]) -> float:
    """Returns the share of the melody's time that stands on notes of the chord."""
    starts = np.array([step for step, _ in chords])
    classes = [chord.pitch_classes for _, chord in chords]
    on_chord = 0
    for onset, duration, pitch in sheet.notes.tolist():
        steps = np.arange(onset, onset + duration)
        places = np.searchsorted(starts, steps, side="right") - 1
        on_chord += sum(pitch % 12 in classes[place] for place in places)
    return on_chord / int(sheet.notes[:, 1].sum())


def measure_chords(sheet: LeadSheet, rng: np.random.Generator) -> dict[str, float]:
    """Returns the figures of a song's chords, beside chords of the key drawn at random.

    The drawn ones change where the chosen ones do.
    """
    chords = sheet.chords or harmonise(sheet.notes, sheet.steps, sheet.sharps, sheet.lines)
    tonic = 7 * sheet.sharps % 12
    degrees = list(DEGREES.values())
    drawn = []
    for step, _ in chords:
        degree = degrees[rng.integers(len(degrees))]
        drawn.append((step, Chord((degree.root + tonic) % 12, degree.quality)))
    return {
        "chord_tones": chord_tones(sheet, chords),
        "chord_tones_of_random_chords": chord_tones(sheet, tuple(drawn)),
        "chords": len(chords),
        "bars_with_two_chords": sum(step % (2 * HALF_BAR) > 0 for step, _ in chords),
        "notes_of_the_accompaniment": len(accompany(sheet)),
    }


def spectrum(sound: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Returns frequencies in Hz and the share of a sound's energy at each.

    sound: (n,) at RATE, taken in windows of WINDOW samples.
    """
    windows = sound[: len(sound) // WINDOW * WINDOW].reshape(-1, WINDOW)
    energy = (np.abs(np.fft.rfft(windows * np.hanning(WINDOW))) ** 2).sum(axis=0)
    return np.fft.rfftfreq(WINDOW, 1 / RATE), energy / energy.sum()


def summarise(rows: list[dict[str, float]]) -> dict[str, object]:
    """Returns the worst of each figure that is required, and all medians."""
    column = {name: np.array([row[name] for row in rows]) for name in rows[0]}
    return {
        "notes": int(column["notes"].sum()),
        "largest_cents": round(float(column["largest_cents"].max()), 2),
        "highest_sample": round(float(column["highest_sample"].max()), 4),
        "lowest_last_note_end_db": round(float(column["last_note_end_db"].min()), 2),
        "longest_silence_at_end": round(float(column["silence_at_end"].max()), 3),
        "songs_within_all_limits": int(np.sum(within_limits(column))),
        "medians": {name: round(float(np.median(values)), 4) for name, values in column.items()},
    }


def within_limits(column: dict[str, np.ndarray]) -> np.ndarray:
    """Returns of each song whether its sound is what it should be, bool (songs,)."""
    return (
        (column["largest_cents"] <= MOST_CENTS)
        & (column["highest_sample"] <= HIGHEST_SAMPLE)
        & (column["last_note_end_db"] >= LOWEST_END_DB)
    )


def results(rows: list[dict[str, float]]) -> dict[str, object]:
    """Returns what the file holds of the songs that are measured so far."""
    return {
        "made by": "python experiments/measure_sound.py",
        "measured on": f"{len(rows)} songs, seeds 1 to {len(rows)}, read back from MP3",
        "limits": {
            "largest_cents": MOST_CENTS,
            "highest_sample": HIGHEST_SAMPLE,
            "last_note_end_db": LOWEST_END_DB,
        },
        "summary": summarise(rows),
        "songs": [{name: round(float(value), 4) for name, value in row.items()} for row in rows],
    }


def main(words: list[str] | None = None) -> int:
    """Makes and measures the songs, and writes the file after each."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--short", action="store_true", help="two songs")
    parser.add_argument("--out", type=Path, default=files.DATA / "results" / "sound.json")
    args = parser.parse_args(words)
    names = list(patterns.stable_patterns(corpora.load_corpus("songci")))
    writers = {"words": load_writer(), "tune": DrawnOnce(LatentTunes())}
    count = FEW_SONGS if args.short else SONGS
    rows = []
    for seed in range(1, count + 1):
        sheet = song.compose(names[seed % len(names)], seed, **writers).sheet
        row = measure_sound(sheet) | measure_chords(sheet, np.random.default_rng(seed))
        rows.append(row)
        print(
            f"seed {seed}: {row['largest_cents']:.1f} cents, {row['highest_sample']:.3f}, "
            f"end {row['last_note_end_db']:.1f} dB, {row['chord_tones']:.0%} chord tones",
            flush=True,
        )
        files.write_json(args.out, results(rows))
    return 0 if summarise(rows)["songs_within_all_limits"] == count else 1


if __name__ == "__main__":
    sys.exit(main())
