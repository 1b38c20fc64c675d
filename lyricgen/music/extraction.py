"""Melodies taken out of a MIDI file."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from lyricgen.music.melody import HIGHEST, LOWEST, STEPS_PER_BAR, to_events
from lyricgen.music.midi import MidiFile

LONGEST = 256 * STEPS_PER_BAR  # steps of an extracted melody, at most


def extract_melodies(
    midi: MidiFile, least_pitches: int = 5, programs: range = range(32)
) -> list[np.ndarray]:
    """The melodies of a MIDI file, as MusicVAE takes them: one at a time from each track, channel and program, by track and then by time.

    Drums (channel 10), other programs and bars of other than 16 sixteenths are left out (without a meter in the file all bars are 4/4). Onsets and
    ends go to the nearest 16th; a note lasts at least one. Where notes overlap the highest counts: it ends a lower one, and a lower one does not
    begin under it (Magenta's code lets any later note end an earlier one). A silence of more than a bar ends a melody. It begins and ends at bar
    lines and is left out with fewer than `least_pitches` different pitches. Unlike Magenta we do not cut at changes of tempo. Returns canonical
    uint8 vectors.
    Source: Roberts et al. 2018 (MusicVAE), section 5.1. Notebook: 05_reading_midi
    """
    notes = midi.notes[
        (midi.notes["channel"] != 9)
        & (midi.notes["pitch"] >= LOWEST)
        & (midi.notes["pitch"] <= HIGHEST)
    ]
    program = np.zeros(len(notes), np.int64)  # a channel is a piano until it is told otherwise
    for channel in range(16):
        here, changes = notes["channel"] == channel, midi.programs[midi.programs[:, 2] == channel]
        program[here] = np.append(0, changes[:, 3])[
            np.searchsorted(changes[:, 0], notes["onset"][here], side="right")
        ]
    meters = np.vstack([[0, 4, 4], midi.meters])
    part = (
        np.searchsorted(meters[:, 0], notes["onset"], side="right") - 1
    )  # between two changes of meter
    taken = (meters[part, 1] == meters[part, 2]) & np.isin(program, programs)
    notes, part, program = notes[taken], part[taken], program[taken]
    begin, end = meters[part, 0], np.append(meters[1:, 0], 2**62)[part]
    on, off = (
        (np.minimum(ticks, end) - begin) * 8 // midi.division + 1 >> 1
        for ticks in (notes["onset"], notes["onset"] + notes["duration"])
    )
    rows = np.stack(
        [
            notes["track"],
            notes["channel"],
            program,
            part,
            on,
            -notes["pitch"].astype(np.int64),
            np.maximum(off, on + 1),
        ],
        axis=1,
    )
    rows = rows[np.lexsort(rows.T[::-1])]  # in each voice by onset, and from high to low
    voices = np.split(rows[:, 4:], np.flatnonzero((rows[1:, :4] != rows[:-1, :4]).any(axis=1)) + 1)
    melodies = []
    for line in (
        line
        for voice in voices
        for line in _lines(voice)
        if len(np.unique(line[:, 2])) >= least_pitches
    ):
        onsets, ends = line[:, :2].T - line[0, 0] // STEPS_PER_BAR * STEPS_PER_BAR
        ends = np.minimum(ends, LONGEST)
        steps = -(-int(ends[-1]) // STEPS_PER_BAR) * STEPS_PER_BAR
        melodies.append(to_events(np.stack([onsets, ends - onsets, line[:, 2]], axis=1), steps))
    return melodies


def _lines(voice: np.ndarray) -> Iterator[np.ndarray]:
    """Single lines of the notes of a voice (onset, minus pitch, end), split at silences: arrays (n, 3) of onset, end, pitch."""
    line: list[list[int]] = []
    for on, low, off in voice.tolist():
        if line and (
            on - line[-1][1] > STEPS_PER_BAR
            or on - line[0][0] // STEPS_PER_BAR * STEPS_PER_BAR >= LONGEST
        ):
            yield np.array(line)
            line = []
        elif line and on < line[-1][1]:
            if on == line[-1][0] or -low < line[-1][2]:
                continue
            line[-1][1] = on
        line.append([on, off, -low])
    if line:
        yield np.array(line)
