"""The words of a MIDI file, joined to their notes."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass

import numpy as np

from lyricgen.music.midi.file import DRUMS, MidiFile

NEIGHBOURS = 64  # tracks with a note at a syllable's tick that are looked at


@dataclass(frozen=True)
class Verse:
    """The words of one track: of each syllable the tick, the index of its note (-1: none starts there), the text without marks, and what it begins.

    Notebook: 05_reading_midi"""

    track: int
    ticks: np.ndarray
    notes: np.ndarray
    texts: tuple[str, ...]
    begins: tuple[str, ...]  # "line", "paragraph" or ""

    def lines(self) -> list[str]:
        """The words as lines of text; where no syllable brings a space or a hyphen of its own, and it is not Chinese, each is taken for a word."""
        spaced = any(text[-1] in " -" or text[0] == " " for text in self.texts) or all(
            text[0] > "\u2e7f" for text in self.texts
        )
        gap = "" if spaced else " "
        lines: list[str] = []
        for text, begins in zip(self.texts, self.begins):
            if begins or not lines:
                lines.append(text)
            else:
                lines[-1] += gap + text
        return [line.strip() for line in lines]


def read_verses(midi: MidiFile) -> list[Verse]:
    """The words of a file, a verse for each track that has any, each syllable joined to the note that starts at its tick, drums left out.

    The note is looked for in the syllable's own track, else in the track that has notes at most of the verse's ticks (the higher one of two), else
    in the highest there; in a file of format 2 only in its own. The highest note of a track is taken. `/` begins a line, `\\` a paragraph; a
    carriage return ends a line, a line feed a paragraph. A blank text is no syllable: writers put one where a note is held. Source: MIDI
    Association, RP-017.
    Notebook: 05_reading_midi"""
    notes, words = midi.notes, defaultdict(list)
    at: dict[int, dict[int, int]] = {}  # tick -> track -> its highest note there
    for tick, track, text in midi.lyrics:
        words[track].append((tick, text))
        at[tick] = {}
    candidates = np.isin(notes["onset"], np.array(list(at), np.int64)) & (notes["channel"] != DRUMS)
    for i in np.flatnonzero(candidates).tolist():
        here, track = at[int(notes["onset"][i])], int(notes["track"][i])
        if (
            track in here
            and notes["pitch"][here[track]] < notes["pitch"][i]
            or track not in here
            and len(here) < NEIGHBOURS
        ):
            here[track] = i
    found = []
    for track, rows in sorted(words.items()):
        rows = _syllables(rows)
        votes, height = Counter(), Counter()
        for tick, _, _ in rows:
            for other, i in at[tick].items():
                votes[other] += 1
                height[other] += int(notes["pitch"][i])
        best = max(votes, key=lambda other: (votes[other], height[other]), default=track)
        joined = []
        for tick, _, _ in rows:
            here = at[tick] if midi.format < 2 else {track: at[tick].get(track, -1)}
            joined.append(
                here.get(
                    track,
                    here.get(best, max(here.values(), key=lambda i: notes["pitch"][i], default=-1)),
                )
            )
        ticks, texts, begins = (tuple(row[k] for row in rows) for k in range(3))
        found.append(
            Verse(track, np.array(ticks, np.int64), np.array(joined, np.int64), texts, begins)
        )
    return found


def _syllables(rows: list[tuple[int, str]]) -> list[tuple[int, str, str]]:
    """Tick, text without marks, and what begins there."""
    syllables, signs = [], ""
    for tick, text in rows:
        text = text.strip("\0")
        body = text.lstrip("/\\\r\n")
        signs += text[: len(text) - len(body)]
        core = body.rstrip("\r\n")
        if core.strip():
            begins = "paragraph" if "\\" in signs or "\n" in signs else "line" if signs else ""
            syllables.append((tick, core, begins))
            signs = ""
        signs += body[len(core) :]
    return syllables
