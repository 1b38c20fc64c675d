"""The words of a MIDI file, joined to their notes."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from lyricgen.music.midi.file import DRUMS, MidiFile

# Tracks with a note at a syllable's tick that are looked at
NEIGHBOURS = 64

# What is taken off the ends of a line; a wide or a hard space may be part of a text
ASCII_BLANKS = " \t\n\r\v\f"


@dataclass(frozen=True)
class Verse:
    """The words of one track, a tick, note, text and mark for each syllable.

    ticks: int64 (n,).
    notes: int64 (n,), the index of the syllable's note, -1 where none starts.
    texts: without marks.
    begins: what the syllable begins, "line", "paragraph" or "".
    Notebook: reading_midi
    """

    track: int
    ticks: np.ndarray
    notes: np.ndarray
    texts: tuple[str, ...]
    begins: tuple[str, ...]

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
    drums are left out. `/` begins a line, `\\` a paragraph; a carriage return ends a
    line, a line feed a paragraph. A blank text is no syllable: writers put one where a
    note is held.
    Source: MIDI Association, RP-017.
    Notebook: reading_midi
    """
    words: dict[int, list[tuple[int, str]]] = defaultdict(list)
    for tick, track, text in midi.lyrics:
        words[track].append((tick, text))
    notes_at = _highest_notes(midi)
    pitch = midi.notes["pitch"]
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
        verse = Verse(
            track,
            np.array([syllable.tick for syllable in syllables], np.int64),
            np.array(joined, np.int64),
            tuple(syllable.text for syllable in syllables),
            tuple(syllable.begins for syllable in syllables),
        )
        verses.append(verse)
    return verses


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
