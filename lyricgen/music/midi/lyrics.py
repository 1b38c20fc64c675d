"""The words of a MIDI file, joined to their notes."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from lyricgen.music.midi.file import DRUMS, MidiFile

# Tracks with a note at a syllable's tick that are looked at
NEIGHBOURS = 64

# A syllable belongs to a note up to so much of a quarter away: a 32nd. Who plays the
# keys and who taps the words in are seldom on one tick.
TOLERANCE = 8  # parts of a quarter

# A tick has 31 bits; one more keeps tracks apart
TICK_BITS = 32

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
    onset = midi.notes["onset"]
    drafts = []
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
        drafts.append(_Draft(track, singing, syllables, ticks, np.array(joined, np.int64)))
    tolerance = midi.division // TOLERANCE
    _join_near_notes(midi, drafts, tolerance)
    verses = []
    for draft in drafts:
        beside = np.zeros(len(draft.notes), np.int64)
        has_note = draft.notes >= 0
        beside[has_note] = draft.ticks[has_note] - onset[draft.notes[has_note]]
        verse = Verse(
            draft.track,
            draft.ticks,
            draft.notes,
            tuple(syllable.text for syllable in draft.syllables),
            tuple(syllable.begins for syllable in draft.syllables),
            beside,
            tolerance,
        )
        verses.append(verse)
    return verses


@dataclass(frozen=True)
class _Draft:
    """The syllables of a track while they are joined to notes.

    singing: the track with notes at most of their ticks, -1 where there is none.
    notes: int64 (n,), the index of each syllable's note, -1 where none is found yet.
    """

    track: int
    singing: int
    syllables: list[_Syllable]
    ticks: np.ndarray
    notes: np.ndarray


def _join_near_notes(midi: MidiFile, drafts: list[_Draft], tolerance: int) -> None:
    """Joins syllables at whose ticks no note starts to the nearest ones, in place.

    It is looked for in the syllables' own track, then in the singing one. All tracks
    are looked up at once: a file may have words in 60,000 of them.
    """
    neighbours = _Neighbours(midi, tolerance)
    alone = [np.flatnonzero(draft.notes < 0) for draft in drafts]
    counts = [len(places) for places in alone]
    if not sum(counts) or not neighbours.any:
        return
    ticks = np.concatenate([draft.ticks[at] for draft, at in zip(drafts, alone)])
    own = np.repeat([draft.track for draft in drafts], counts)
    ways = [neighbours.nearest(own, ticks)]
    if midi.format != 2:
        with_lone = [draft for draft, count in zip(drafts, counts) if count]
        singing = neighbours.singing_tracks(with_lone)
        ways.append(neighbours.nearest(np.repeat(singing, list(filter(None, counts))), ticks))
    candidates = zip(*[way.tolist() for way in ways])
    for draft, at in zip(drafts, alone):
        used = set(draft.notes.tolist())
        for k, notes in zip(at.tolist(), candidates):
            free = [note for note in notes if note >= 0 and note not in used]
            if free:
                draft.notes[k] = free[0]
                used.add(free[0])


class _Neighbours:
    """The notes near to ticks, in a track or in all of them."""

    def __init__(self, midi: MidiFile, tolerance: int):
        self.midi = midi
        self.tolerance = tolerance
        self.sung = np.flatnonzero(midi.notes["channel"] != DRUMS)
        self.any = len(self.sung) > 0

    @cached_property
    def in_tracks(self) -> tuple[np.ndarray, np.ndarray]:
        """The different tracks and onsets as keys, and the highest note of each."""
        notes = self.midi.notes
        return self._highest(_key(notes["track"][self.sung], notes["onset"][self.sung]))

    @cached_property
    def in_all(self) -> tuple[np.ndarray, np.ndarray]:
        """The different onsets of all tracks, and the highest note at each."""
        return self._highest(self.midi.notes["onset"][self.sung])

    def _highest(self, keys: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Returns the different keys, sorted, and the highest note of each."""
        order = np.lexsort([-self.midi.notes["pitch"][self.sung].astype(np.int16), keys])
        keys = keys[order]
        first = np.append(True, keys[1:] != keys[:-1])
        return keys[first], self.sung[order[first]]

    def singing_tracks(self, drafts: list[_Draft]) -> list[int]:
        """Returns the track that sings each draft.

        Where no syllable has a note at its tick, that one has notes near to most. In a
        file of many such verses it is all tracks together, which -1 stands for.
        """
        tracks = np.unique(self.midi.notes["track"][self.sung])[:NEIGHBOURS]
        singing = [draft.singing for draft in drafts]
        for i, draft in enumerate(drafts[:NEIGHBOURS]):
            if singing[i] < 0:
                hits = []
                for track in tracks.tolist():
                    near = self.nearest(np.full(len(draft.ticks), track), draft.ticks)
                    hits.append(int((near >= 0).sum()))
                singing[i] = int(tracks[np.argmax(hits)])
        return singing

    def nearest(self, tracks: np.ndarray, ticks: np.ndarray) -> np.ndarray:
        """Returns the note that is nearest to each tick in a track, -1 beyond reach.

        tracks: int64 (n,), -1 for all of them together.
        """
        notes = np.full(len(ticks), -1, np.int64)
        together = tracks < 0
        apart = ~together
        if apart.any():
            notes[apart] = self._find(self.in_tracks, _key(tracks[apart], ticks[apart]))
        if together.any():
            notes[together] = self._find(self.in_all, ticks[together])
        return notes

    def _find(self, table: tuple[np.ndarray, np.ndarray], wanted: np.ndarray) -> np.ndarray:
        """Returns the note of the nearest key, -1 beyond reach."""
        keys, notes = table
        after = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
        before = np.maximum(after - 1, 0)
        earlier = np.abs(keys[before] - wanted) < np.abs(keys[after] - wanted)
        near = np.where(earlier, before, after)
        within = np.abs(keys[near] - wanted) <= self.tolerance
        return np.where(within, notes[near], -1)


def _key(track: np.ndarray, tick: np.ndarray) -> np.ndarray:
    """Returns track and tick in one number: int64 (n,).

    Ticks of different tracks are more than a tolerance apart.
    """
    return track.astype(np.int64) << TICK_BITS | tick


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
