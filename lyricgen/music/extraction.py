"""Melodies taken out of a MIDI file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass

import numpy as np

from lyricgen.music.melody import HIGHEST, LOWEST, to_events
from lyricgen.music.meter import FOUR_FOUR, Meter
from lyricgen.music.midi import DRUMS, MidiFile, read_verses

# Bars of an extracted melody, at most
LONGEST = 256

# Later than any tick of a file
NEVER = 2**62

# MusicVAE's: pianos, chromatic percussion, organs and guitars
PROGRAMS = range(32)

# Of a melody's notes, at least so much have to lie beside the grid by the same share of
# a 16th (the length of their mean as unit vectors) for that to count as an offset.
LEAST_AGREEMENT = 0.9

# Notes from which an offset is estimated, at least
LEAST_NOTES = 8


@dataclass(frozen=True)
class Selection:
    """Says which notes of a file are taken for melodies.

    programs: the numbers of the programs, from 0.
    words: only the track and channel whose notes the words are joined to.
    meter: the bars that are taken, and their grid.
    least_pitches: the different pitches of a melody, at least.
    on_grid: a constant offset of a file's notes from the grid is taken off first.
    """

    programs: Collection[int] = PROGRAMS
    words: bool = False
    meter: Meter = FOUR_FOUR
    least_pitches: int = 5
    on_grid: bool = False


@dataclass(frozen=True)
class Extraction:
    """The melodies of a file, canonical uint8 vectors, and what became of its notes.

    left_out: the number of notes that are in no melody, by reason.
    offset: the ticks by which the notes stood behind the grid, and were moved.
    """

    melodies: list[np.ndarray]
    left_out: Counter[str]
    offset: int = 0


def extract_melodies(
    midi: MidiFile, least_pitches: int = 5, programs: Collection[int] = PROGRAMS
) -> list[np.ndarray]:
    """Returns the melodies of a MIDI file, as MusicVAE takes them.

    They have one note at a time, and come from each track, channel and program, in that
    order and then by time. Drums (channel 10), other programs and bars of other than 16
    sixteenths are left out (without a meter in the file all bars are 4/4). Onsets and
    ends go to the nearest 16th; a note lasts at least one. Where notes overlap the
    highest counts: it ends a lower one, and a lower one does not begin under it
    (Magenta's code lets any later note end an earlier one). A meter that is given again
    changes nothing. A silence of more than a bar ends a melody. It begins and ends at
    bar lines and is left out with fewer than `least_pitches` different pitches. Unlike
    Magenta we do not cut at changes of tempo.

    Returns: canonical uint8 vectors.
    Source: Roberts et al. 2018 (MusicVAE), section 5.1.
    Notebook: reading_midi
    """
    selection = Selection(programs, least_pitches=least_pitches)
    return extract(midi, selection).melodies


def extract_with_reasons(
    midi: MidiFile, least_pitches: int = 5, programs: Collection[int] = PROGRAMS
) -> tuple[list[np.ndarray], Counter[str]]:
    """Returns the melodies of `extract_melodies`, and how many notes were left out."""
    extraction = extract(midi, Selection(programs, least_pitches=least_pitches))
    return extraction.melodies, extraction.left_out


def extract(midi: MidiFile, selection: Selection) -> Extraction:
    """Returns the melodies that are selected, as `extract_melodies` has them.

    A note that is left out has one reason, the first of drums, keys, words, program,
    meter, pitches of its melody, higher notes: notes in melodies and notes left out are
    all notes. A file without notes has the reason "no notes".
    """
    reasons: Counter[str] = Counter()
    if not len(midi.notes):
        reasons["no notes"] = 0
    notes = _pitched_notes(midi, reasons)
    if selection.words:
        notes = _notes_with_words(midi, notes, reasons)
    program = _program_of_notes(notes, midi)
    taken = np.isin(program, list(selection.programs))
    _count_programs(program[~taken], selection.programs, reasons)
    notes = notes[taken]
    program = program[taken]
    offset = grid_offset(notes["onset"], midi.division) if selection.on_grid else 0
    notes = _moved_earlier(notes, offset)
    meters = _meter_changes(midi)
    # which meter holds at a note's onset
    meter = np.searchsorted(meters[:, 0], notes["onset"], side="right") - 1
    fits = np.array([selection.meter.holds(*row) for row in meters[:, 1:].tolist()])[meter]
    for numerator, denominator in meters[meter[~fits], 1:].tolist():
        reasons[f"not in {selection.meter}: {numerator}/{denominator}"] += 1
    rows = _to_rows(notes[fits], program[fits], meter[fits], meters[:, 0], midi.division)
    melodies = []
    for voice in _split_voices(rows):
        melodies += _melodies_of_voice(voice, selection, reasons)
    return Extraction(melodies, reasons, offset)


def _melodies_of_voice(
    voice: np.ndarray, selection: Selection, reasons: Counter[str]
) -> list[np.ndarray]:
    """Returns the melodies of a voice: (n, 3), onset, minus pitch, end."""
    melodies = []
    covered = len(voice)
    steps = selection.meter.steps
    for line in _lines(voice, steps):
        covered -= len(line)
        if len(np.unique(line[:, 2])) >= selection.least_pitches:
            melodies.append(_melody_of_line(line, steps))
        else:
            reasons[f"fewer than {selection.least_pitches} pitches"] += len(line)
    if covered:
        reasons["under a higher note"] += covered
    return melodies


def grid_offset(onsets: np.ndarray, division: int) -> int:
    """Returns the ticks by which all onsets stand behind the grid of 16ths, or 0.

    It lies within half a 16th of 0. Half a 16th itself could be either way; then that
    one counts which has more onsets on the quarters.

    onsets: int64 (n,), in ticks. division: ticks a quarter.
    """
    if len(onsets) < LEAST_NOTES:
        return 0
    share = (onsets * 4 % division) / division
    mean = np.exp(2j * np.pi * share).mean()
    if np.abs(mean) < LEAST_AGREEMENT:
        return 0
    of_16th = float(np.angle(mean)) / (2 * np.pi)
    offset = round(of_16th * division / 4)
    if abs(abs(of_16th) - 0.5) > 0.1:
        return offset
    other = round((of_16th - np.sign(of_16th)) * division / 4)
    return max(
        sorted((offset, other), reverse=True), key=lambda o: _on_quarters(onsets - o, division)
    )


def _on_quarters(onsets: np.ndarray, division: int) -> int:
    """Returns how many onsets are nearer to a quarter than to any other 16th."""
    beside = (onsets + division // 2) % division - division // 2
    return int((np.abs(beside) * 8 <= division).sum())


def _moved_earlier(notes: np.ndarray, offset: int) -> np.ndarray:
    """Returns the notes, each earlier by an offset in ticks, none before 0."""
    if not offset:
        return notes
    moved = notes.copy()
    end = notes["onset"] + notes["duration"] - offset
    moved["onset"] = np.maximum(notes["onset"] - offset, 0)
    moved["duration"] = np.maximum(end - moved["onset"], 0)
    return moved


def _notes_with_words(midi: MidiFile, notes: np.ndarray, reasons: Counter[str]) -> np.ndarray:
    """Returns the notes of the track and channel that most syllables are joined to."""
    joined = [verse.notes[verse.notes >= 0] for verse in read_verses(midi)]
    sung = midi.notes[np.concatenate([np.zeros(0, np.int64), *joined])]
    if not len(sung):
        if len(notes):
            reasons["no words that belong to notes"] += len(notes)
        return notes[:0]
    voices, counts = np.unique(sung[["track", "channel"]], return_counts=True)
    voice = voices[counts.argmax()]
    in_voice = (notes["track"] == voice["track"]) & (notes["channel"] == voice["channel"])
    if not in_voice.all():
        reasons["not in the track of the words"] += int((~in_voice).sum())
    return notes[in_voice]


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


def _count_programs(left_out: np.ndarray, programs: Collection[int], reasons: Counter[str]) -> None:
    """Counts the notes of programs that are not taken.

    left_out: int64 (n,), the program of each note.
    """
    taken = f"{describe_programs(programs)} are taken" if programs else "none is taken"
    numbers, counts = np.unique(left_out, return_counts=True)
    for number, count in zip(numbers.tolist(), counts.tolist()):
        reasons[f"program {number} ({taken})"] += count


def describe_programs(programs: Collection[int]) -> str:
    """Returns the numbers of programs as ranges: 0 to 31 and 40."""
    numbers = np.array(sorted(programs), np.int64)
    runs = np.split(numbers, np.flatnonzero(np.diff(numbers) > 1) + 1)
    texts = [f"{run[0]} to {run[-1]}" if len(run) > 1 else f"{run[0]}" for run in runs]
    *before, last = texts
    return f"{', '.join(before)} and {last}" if before else last


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


def _lines(voice: np.ndarray, steps: int) -> Iterator[np.ndarray]:
    """Yields the single lines of a voice, split at silences.

    voice: (n, 3), onset, minus pitch, end, sorted. steps: of a bar.
    Yields: int (n, 3), onset, end, pitch.
    """
    line: list[list[int]] = []
    for on, low, off in voice.tolist():
        pitch = -low
        if line:
            first_onset = line[0][0]
            last_onset, last_end, last_pitch = line[-1]
            too_long = on - _bar_line(first_onset, steps) >= LONGEST * steps
            if on - last_end > steps or too_long:
                yield np.array(line)
                line = []
            elif on < last_end:
                if on == last_onset or pitch < last_pitch:
                    continue
                line[-1][1] = on
        line.append([on, off, pitch])
    if line:
        yield np.array(line)


def _bar_line(step: int, steps: int) -> int:
    """Returns the step at which the bar of a step begins; a bar has so many steps."""
    return step // steps * steps


def _melody_of_line(line: np.ndarray, steps: int) -> np.ndarray:
    """Returns the canonical events of a line (onset, end, pitch), in whole bars."""
    first = _bar_line(line[0, 0], steps)
    onsets = line[:, 0] - first
    ends = np.minimum(line[:, 1] - first, LONGEST * steps)
    # rounded up: -(-a // b)
    bars = -(-int(ends[-1]) // steps)
    notes = np.stack([onsets, ends - onsets, line[:, 2]], axis=1)
    return to_events(notes, bars * steps)
