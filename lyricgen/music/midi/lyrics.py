"""The words of a MIDI file, joined to their notes."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from lyricgen.music.midi.file import DRUMS, MidiFile

# Tracks with a note at a syllable's tick that are looked at
NEIGHBOURS = 64

# A syllable belongs to a note up to so much of a quarter away: a 32nd. Who plays the
# keys and who taps the words in are seldom on one tick.
TOLERANCE = 8  # parts of a quarter

# What is taken off the ends of a line; a wide or a hard space may be part of a text
ASCII_BLANKS = " \t\n\r\v\f"


@dataclass(frozen=True)
class Verse:
    """The words of one track, a tick, note, text and mark for each syllable.

    ticks: int64 (n,).
    notes: int64 (n,), the index of the syllable's note, -1 where none starts.
    texts: without marks.
    begins: what the syllable begins, "line", "paragraph" or "".
    beside: int64 (n,), the ticks by which the syllable stands behind its note (below 0:
        before it).
    tolerance: the most ticks, either way, that were allowed.
    Notebook: reading_midi
    """

    track: int
    ticks: np.ndarray
    notes: np.ndarray
    texts: tuple[str, ...]
    begins: tuple[str, ...]
    beside: np.ndarray
    tolerance: int

    def lines(self) -> list[str]:
        """Returns the words as lines of text.

        Each syllable is taken for a word where none brings a space or a hyphen and the
        text is not Chinese.
        """
        marked = any(text[-1] in " -" or text[0] == " " for text in self.texts)
        chinese = all(text[0] > "\u2e7f" for text in self.texts)
        gap = "" if marked or chinese else " "
        lines: list[str] = []
        for text, begins in zip(self.texts, self.begins):
            if begins or not lines:
                lines.append(text)
            else:
                lines[-1] += gap + text
        return [line.strip(ASCII_BLANKS) for line in lines]


class _Syllable(NamedTuple):
    """A syllable: its text without marks, and what it begins, as in Verse."""

    tick: int
    text: str
    begins: str


def read_verses(midi: MidiFile) -> list[Verse]:
    """Returns a verse for each track with words, each syllable joined to its note.

    The note is looked for in the syllable's track, else in the track that has notes at
    most of the verse's ticks (the higher one of two), else in the highest there; in a
    file of format 2 only in the syllable's track. The highest note of a track is taken,
    drums are left out. Where no note starts at its tick, it is the nearest one within a
    32nd, in its own or the singing track, that has no syllable of its own. `/` begins a
    line, `\\` a paragraph; a carriage return ends a line, a line feed a paragraph. A
    blank text is no syllable: writers put one where a note is held.
    Source: MIDI Association, RP-017.
    Notebook: reading_midi
    """
    words: dict[int, list[tuple[int, str]]] = defaultdict(list)
    for tick, track, text in midi.lyrics:
        words[track].append((tick, text))
    notes_at = _highest_notes(midi)
    pitch = midi.notes["pitch"]
    neighbours = _Neighbours(midi)
    verses = []
    for track, texts in sorted(words.items()):
        syllables = _syllables(texts)
        singing = _singing_track([notes_at[syllable.tick] for syllable in syllables], pitch)
        joined = []
        for syllable in syllables:
            candidates = notes_at[syllable.tick]
            if midi.format == 2:
                joined.append(candidates.get(track, -1))
            else:
                joined.append(_choose_note(candidates, (track, singing), pitch))
        ticks = np.array([syllable.tick for syllable in syllables], np.int64)
        notes = neighbours.join(ticks, np.array(joined, np.int64), track, singing)
        verse = Verse(
            track,
            ticks,
            notes,
            tuple(syllable.text for syllable in syllables),
            tuple(syllable.begins for syllable in syllables),
            np.where(notes < 0, 0, ticks - neighbours.onset_of(notes)),
            neighbours.tolerance,
        )
        verses.append(verse)
    return verses


class _Neighbours:
    """The notes near to syllables at whose ticks no note starts."""

    def __init__(self, midi: MidiFile):
        self.midi = midi
        self.tolerance = midi.division // TOLERANCE
        self.sung = np.flatnonzero(midi.notes["channel"] != DRUMS)
        self.tracks: dict[int, tuple[np.ndarray, np.ndarray]] = {}
        self.verses = 0

    def onset_of(self, notes: np.ndarray) -> np.ndarray:
        """Returns the onsets of notes, some number for -1."""
        onset = self.midi.notes["onset"]
        return onset[notes] if len(onset) else np.zeros(len(notes), np.int64)

    def join(self, ticks: np.ndarray, joined: np.ndarray, track: int, singing: int) -> np.ndarray:
        """Returns the notes of the syllables of a track, int64 (n,), near ones too.

        joined: the notes that start at their ticks, -1 where none does.
        """
        alone = np.flatnonzero(joined < 0)
        if not len(alone) or not len(self.sung):
            return joined
        joined = joined.copy()
        used = set(joined.tolist())
        ways = [track] if self.midi.format == 2 else self._ways(ticks, track, singing)
        nearest = [self._nearest(way, ticks[alone]) for way in ways]
        for k, candidates in zip(alone.tolist(), zip(*nearest)):
            free = [note for note in candidates if note >= 0 and note not in used]
            if free:
                joined[k] = free[0]
                used.add(free[0])
        return joined

    def _ways(self, ticks: np.ndarray, track: int, singing: int) -> list[int]:
        """Returns the tracks that are looked at in turn: its own, and the singing one.

        Where no syllable has a note at its tick, that one has notes near to most. In a
        file of many such verses it is all tracks together, which -1 stands for.
        """
        tracks = np.unique(self.midi.notes["track"][self.sung])[:NEIGHBOURS]
        self.verses += 1
        if singing < 0 and self.verses <= NEIGHBOURS:
            hits = [(self._nearest(way, ticks) >= 0).sum() for way in tracks.tolist()]
            singing = int(tracks[np.argmax(hits)])
        return [track, singing]

    def _nearest(self, way: int, ticks: np.ndarray) -> np.ndarray:
        """Returns the note of a track that is nearest to each tick, -1 beyond reach."""
        onsets, notes = self._onsets(way)
        if not len(onsets):
            return np.full(len(ticks), -1, np.int64)
        after = np.minimum(np.searchsorted(onsets, ticks), len(onsets) - 1)
        before = np.maximum(after - 1, 0)
        earlier = np.abs(onsets[before] - ticks) < np.abs(onsets[after] - ticks)
        near = np.where(earlier, before, after)
        within = np.abs(onsets[near] - ticks) <= self.tolerance
        return np.where(within, notes[near], -1)

    def _onsets(self, way: int) -> tuple[np.ndarray, np.ndarray]:
        """Returns the different onsets of a track and the highest note at each."""
        if way not in self.tracks:
            notes = self.midi.notes
            own = self.sung
            if way >= 0:
                own = own[notes["track"][own] == way]
            pitch = -notes["pitch"][own].astype(np.int64)
            own = own[np.lexsort([pitch, notes["onset"][own]])]
            onsets, first = np.unique(notes["onset"][own], return_index=True)
            self.tracks[way] = (onsets, own[first])
        return self.tracks[way]


def _highest_notes(midi: MidiFile) -> dict[int, dict[int, int]]:
    """Returns the highest note of each track at each tick with words.

    The keys are ticks, then tracks, the values are indices of notes. Drums are left
    out, and at a tick all tracks but the first NEIGHBOURS.
    """
    highest: dict[int, dict[int, int]] = {tick: {} for tick, _, _ in midi.lyrics}
    onset = midi.notes["onset"]
    pitch = midi.notes["pitch"]
    ticks = np.array(list(highest), np.int64)
    candidates = np.isin(onset, ticks) & (midi.notes["channel"] != DRUMS)
    for i in np.flatnonzero(candidates).tolist():
        in_tracks = highest[int(onset[i])]
        track = int(midi.notes["track"][i])
        if track in in_tracks:
            if pitch[in_tracks[track]] < pitch[i]:
                in_tracks[track] = i
        elif len(in_tracks) < NEIGHBOURS:
            in_tracks[track] = i
    return highest


def _singing_track(notes_at_syllables: list[dict[int, int]], pitch: np.ndarray) -> int:
    """Returns the track with notes at most syllables, the higher of two, or -1."""
    votes: Counter[int] = Counter()
    height: Counter[int] = Counter()
    for notes in notes_at_syllables:
        for track, i in notes.items():
            votes[track] += 1
            height[track] += int(pitch[i])
    return max(votes, key=lambda track: (votes[track], height[track]), default=-1)


def _choose_note(notes: dict[int, int], tracks: tuple[int, ...], pitch: np.ndarray) -> int:
    """Returns the note of the first track that has one, else the highest, or -1."""
    for track in tracks:
        if track in notes:
            return notes[track]
    return max(notes.values(), key=lambda i: pitch[i], default=-1)


def _syllables(texts: list[tuple[int, str]]) -> list[_Syllable]:
    """Returns the syllables of a track's texts (tick, text), the marks taken off."""
    syllables = []
    marks = ""
    for tick, text in texts:
        text = text.strip("\0")
        body = text.lstrip("/\\\r\n")
        marks += text[: len(text) - len(body)]
        core = body.rstrip("\r\n")
        if core.strip():
            syllables.append(_Syllable(tick, core, _begun_by(marks)))
            marks = ""
        marks += body[len(core) :]
    return syllables


def _begun_by(marks: str) -> str:
    """Returns what the marks before a syllable begin."""
    if "\\" in marks or "\n" in marks:
        return "paragraph"
    return "line" if marks else ""
