"""Melodies taken out of a MIDI file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import numpy as np

from lyricgen.music.melody import HIGHEST, LOWEST, STEPS_PER_BAR, to_events
from lyricgen.music.midi import DRUMS, MidiFile

# Steps of an extracted melody, at most
LONGEST = 256 * STEPS_PER_BAR

# Later than any tick of a file
NEVER = 2**62

# MusicVAE's: pianos, chromatic percussion, organs and guitars
PROGRAMS = range(32)


def extract_melodies(
    midi: MidiFile, least_pitches: int = 5, programs: range = PROGRAMS
) -> list[np.ndarray]:
    """Returns the melodies of a MIDI file, as MusicVAE takes them.

    They have one note at a time, and come from each track, channel and program, in that
    order and then by time. Drums (channel 10), other programs and bars of other than 16
    sixteenths are left out (without a meter in the file all bars are 4/4). Onsets and
    ends go to the nearest 16th; a note lasts at least one. Where notes overlap the
    highest
    counts: it ends a lower one, and a lower one does not begin under it (Magenta's code
    lets any later note end an earlier one). A meter that is given again changes
    nothing. A silence of more than a bar ends a
        melody. It begins and ends at bar lines and is left out with fewer than
        `least_pitches` different pitches. Unlike Magenta we do not cut at changes of
        tempo.

    Returns: canonical uint8 vectors.
    Source: Roberts et al. 2018 (MusicVAE), section 5.1.
    Notebook: reading_midi
    """
    melodies, _ = extract_with_reasons(midi, least_pitches, programs)
    return melodies


def extract_with_reasons(
    midi: MidiFile, least_pitches: int = 5, programs: range = PROGRAMS
) -> tuple[list[np.ndarray], Counter[str]]:
    """Returns the melodies of a file, and how many notes were left out, by reason.

    The melodies are those of `extract_melodies`. A note has one reason, the first of
    drums, keys, program, meter, pitches of its melody, higher notes: notes in melodies
    and notes left out are all notes. A file without notes has the reason "no notes".
    """
    reasons: Counter[str] = Counter()
    if not len(midi.notes):
        reasons["no notes"] = 0
    notes = _pitched_notes(midi, reasons)
    program = _program_of_notes(notes, midi)
    taken = np.isin(program, programs)
    _count_programs(program[~taken], programs, reasons)
    notes = notes[taken]
    program = program[taken]
    meters = _meter_changes(midi)
    # which meter holds at a note's onset
    meter = np.searchsorted(meters[:, 0], notes["onset"], side="right") - 1
    full_bars = meters[meter, 1] == meters[meter, 2]
    for numerator, denominator in meters[meter[~full_bars], 1:].tolist():
        reasons[f"not in 4/4: {numerator}/{denominator}"] += 1
    rows = _to_rows(
        notes[full_bars], program[full_bars], meter[full_bars], meters[:, 0], midi.division
    )
    melodies = []
    for voice in _split_voices(rows):
        covered = len(voice)
        for line in _lines(voice):
            covered -= len(line)
            pitches = np.unique(line[:, 2])
            if len(pitches) >= least_pitches:
                melodies.append(_melody_of_line(line))
            else:
                reasons[f"fewer than {least_pitches} pitches"] += len(line)
        if covered:
            reasons["under a higher note"] += covered
    return melodies, reasons


def _pitched_notes(midi: MidiFile, reasons: Counter[str]) -> np.ndarray:
    """Returns the notes that are no drums and that a melody can hold."""
    notes = midi.notes
    drums = notes["channel"] == DRUMS
    if drums.any():
        reasons["drums"] += int(drums.sum())
    notes = notes[~drums]
    in_range = (notes["pitch"] >= LOWEST) & (notes["pitch"] <= HIGHEST)
    if not in_range.all():
        reasons["outside the 88 keys of a piano"] += int((~in_range).sum())
    return notes[in_range]


def _count_programs(left_out: np.ndarray, programs: range, reasons: Counter[str]) -> None:
    """Counts the notes of programs that are not taken.

    left_out: int64 (n,), the program of each note.
    """
    taken = f"{min(programs)} to {max(programs)} are taken" if programs else "none is taken"
    numbers, counts = np.unique(left_out, return_counts=True)
    for number, count in zip(numbers.tolist(), counts.tolist()):
        reasons[f"program {number} ({taken})"] += count


def _meter_changes(midi: MidiFile) -> np.ndarray:
    """Returns tick, numerator and denominator where the meter changes: int64 (n, 3).

    It begins as 4/4. The last of several meters at a tick holds. A meter that the one
    before it names too is left out: many writers repeat it at each bar line.
    """
    changes: list[list[int]] = []
    for meter in midi.meters.tolist():
        if changes and meter[0] == changes[-1][0]:
            changes.pop()
        if not changes or meter[1:] != changes[-1][1:]:
            changes.append(meter)
    return np.array([[0, 4, 4], *changes], np.int64)


def _program_of_notes(notes: np.ndarray, midi: MidiFile) -> np.ndarray:
    """Returns the program that each note's channel has at its onset: int64 (n,).

    A channel is a piano (program 0) until it changes.
    """
    program = np.zeros(len(notes), np.int64)
    for channel in range(16):
        in_channel = notes["channel"] == channel
        changes = midi.programs[midi.programs[:, 2] == channel]
        after_changes = np.append(0, changes[:, 3])
        onsets = notes["onset"][in_channel]
        number = np.searchsorted(changes[:, 0], onsets, side="right")
        program[in_channel] = after_changes[number]
    return program


def _to_rows(
    notes: np.ndarray,
    program: np.ndarray,
    meter: np.ndarray,
    meter_ticks: np.ndarray,
    division: int,
) -> np.ndarray:
    """Returns the notes as sorted rows of whole numbers: int64 (n, 7).

    The columns are track, channel, program and meter, which make a voice; then onset
    and end in 16ths from the meter's beginning, with minus the pitch between them: a
    voice is sorted by onset, and from high to low.
    """
    begin = meter_ticks[meter]
    end = np.append(meter_ticks[1:], NEVER)[meter]
    onset_ticks = np.minimum(notes["onset"], end)
    end_ticks = np.minimum(notes["onset"] + notes["duration"], end)
    on = _nearest_16th(onset_ticks - begin, division)
    off = _nearest_16th(end_ticks - begin, division)
    low = -notes["pitch"].astype(np.int64)
    columns = [notes["track"], notes["channel"], program, meter, on, low, np.maximum(off, on + 1)]
    rows = np.stack(columns, axis=1)
    return rows[np.lexsort(rows.T[::-1])]


def _nearest_16th(ticks: np.ndarray, division: int) -> np.ndarray:
    """Returns times in 16ths, rounded to the nearest, halves upwards."""
    thirty_seconds = ticks * 8 // division
    return (thirty_seconds + 1) // 2


def _split_voices(rows: np.ndarray) -> list[np.ndarray]:
    """Returns the notes of each voice: (n, 3), onset, minus pitch, end."""
    voice = rows[:, :4]
    changes = (voice[1:] != voice[:-1]).any(axis=1)
    return np.split(rows[:, 4:], np.flatnonzero(changes) + 1)


def _lines(voice: np.ndarray) -> Iterator[np.ndarray]:
    """Yields the single lines of a voice, split at silences.

    voice: (n, 3), onset, minus pitch, end, sorted.
    Yields: int (n, 3), onset, end, pitch.
    """
    line: list[list[int]] = []
    for on, low, off in voice.tolist():
        pitch = -low
        if line:
            first_onset = line[0][0]
            last_onset, last_end, last_pitch = line[-1]
            too_long = on - _bar_line(first_onset) >= LONGEST
            if on - last_end > STEPS_PER_BAR or too_long:
                yield np.array(line)
                line = []
            elif on < last_end:
                if on == last_onset or pitch < last_pitch:
                    continue
                line[-1][1] = on
        line.append([on, off, pitch])
    if line:
        yield np.array(line)


def _bar_line(step: int) -> int:
    """Returns the step at which the bar of a step begins."""
    return step // STEPS_PER_BAR * STEPS_PER_BAR


def _melody_of_line(line: np.ndarray) -> np.ndarray:
    """Returns the canonical events of a line (onset, end, pitch), in whole bars."""
    first = _bar_line(line[0, 0])
    onsets = line[:, 0] - first
    ends = np.minimum(line[:, 1] - first, LONGEST)
    # rounded up: -(-a // b)
    bars = -(-int(ends[-1]) // STEPS_PER_BAR)
    notes = np.stack([onsets, ends - onsets, line[:, 2]], axis=1)
    return to_events(notes, bars * STEPS_PER_BAR)
