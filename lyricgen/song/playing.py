"""Notes that are heard and seen in a notebook: sound, piano roll and score in one."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from lyricgen import show
from lyricgen.song import sound

STEPS_PER_QUARTER = 4


def play(
    notes: np.ndarray | Sequence,
    label: str,
    tempo: float | None = None,
    tone: str = "plucked",
    beats: int = 4,
    score: str = "",
) -> None:
    """Shows a player for notes, with a piano roll and, if given, their score.

    notes: (n, 3) or (n, 4) onset, duration, MIDI pitch and, if given, the loudness from
        0 to 1; in 16th steps with a tempo, otherwise in seconds.
    tempo: quarters a minute.
    tone: "plucked" or "bowed".
    beats: quarters in a bar.
    score: an SVG by `engraving.engrave`, which was given the same tempo.

    Raises: ValueError where there is no note, or one of no length, or no such tone.
    """
    show.player(to_mp3(notes, tempo, tone), label, notes, tempo, beats, score)


def play_html(
    notes: np.ndarray | Sequence,
    label: str,
    tempo: float | None = None,
    tone: str = "plucked",
    beats: int = 4,
    score: str = "",
) -> str:
    """Returns what `play` shows as HTML, for `show.explore`.

    Raises: ValueError where there is no note, or one of no length, or no such tone.
    """
    return show.player_html(to_mp3(notes, tempo, tone), label, notes, tempo, beats, score)


def to_mp3(
    notes: np.ndarray | Sequence, tempo: float | None = None, tone: str = "plucked"
) -> bytes:
    """Returns the sound of notes as MP3; in 16th steps with a tempo, else in seconds.

    Raises: ValueError where there is no note, or one of no length, or no such tone.
    """
    timed = np.array(notes, np.float64)
    if tempo is not None and timed.ndim == 2:
        timed[:, :2] *= 60 / tempo / STEPS_PER_QUARTER
    return sound.to_mp3(sound.render(timed, tone))
