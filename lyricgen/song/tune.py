"""The tune of a song: bars that a model of melodies draws, chosen for lines of words.

A line of words takes one bar or two, by its syllables (`shape.bars_of_line`). Each bar
is a bar of a draw at its own speed, or half a bar at half its speed. Which bars follow
one another is decided by a beam search over a stated cost (COSTS).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np

from lyricgen.files import UserError
from lyricgen.models.musicvae.inference import NumpyMusicVAE
from lyricgen.models.weights import WEIGHTS
from lyricgen.music.keys import to_c
from lyricgen.music.melody import STEPS_PER_BAR
from lyricgen.song.shape import Shape
from lyricgen.song.tune_bars import IN_KEY, STEPS, VOICES, Bars, bars_like, bars_of_draws
from lyricgen.song.tune_plan import FORMS, Place, plan
from lyricgen.song.tune_search import Search

if TYPE_CHECKING:
    from lyricgen.models.longer.inference import NumpyLatentLanguageModel

# The highest note of a song is one of these: A4, C5 or D5, and D5, E5 or F5
PEAKS = {"low": (69, 72, 74), "high": (74, 76, 77)}

# Melodies of two bars that are drawn for a song, and the rounds that each one walks
DRAWS = 96
WALK = 2

# Times that so many are drawn before it is said that a model writes silence
ROUNDS = 5
SILENCE = "This model of melodies writes silence: it needs a longer training, or more melodies."

# Melodies near that of a bar which comes again, and how far from it their z are drawn,
# in standard deviations of its posterior
RELATIVES = 8
NEARNESS = 1.5

# Pitch classes on which a song begins, with their shares. Of the tunes in major of the
# training split 50, 22 and 20 % begin on them; the last two share the rest.
BEGINNINGS = {0: 0.5, 7: 0.26, 4: 0.24}

# A breath: steps that a long note at the end of a line gives up
BREATH = 2

# Where an upbeat stands in the bar before its line; later, where a note begins there
UPBEAT = 12
LATE_UPBEAT = 14

# Semitones: of a major third and a fourth
THIRD = 4
FOURTH = 5

# A last note of fewer steps is held by as many into another bar
LAST_NOTE = 8


class TuneWriter(Protocol):
    """What writes the tune: it draws melodies of two bars in C.

    It may also have `relatives(events, count, rng, temperature)`, which returns
    melodies like each of some, and `tune_steps`, the steps of a whole tune whose
    segments `phrases` returns one after the other.
    """

    def phrases(self, count: int, rng: np.random.Generator, temperature: float) -> np.ndarray:
        """Returns canonical events, uint8 (count, 32)."""


class LatentTunes:
    """A tune writer that samples a MusicVAE (the shipped one, if none is given).

    z is drawn from the model's fitted posterior and decoded, in NumPy.
    """

    def __init__(self, vae: NumpyMusicVAE | None = None):
        """Takes a model or loads the shipped one.

        Raises: UserError for a model of other melodies than two bars of 4/4.
        """
        self.vae = vae or NumpyMusicVAE.load()
        check_steps(self.vae)

    def phrases(self, count: int, rng: np.random.Generator, temperature: float) -> np.ndarray:
        """Returns `count` melodies moved to C: canonical events, uint8 (count, T).

        One without a note, or that would leave the 88 pitches, is drawn again.
        Raises: UserError for a model that writes hardly anything else.
        """
        melodies = np.zeros((0, self.vae.steps), np.uint8)
        for _ in range(ROUNDS):
            samples = self.vae.sample(count, rng, temperature, WALK)
            melodies = np.concatenate([melodies, to_c(samples)])
            if len(melodies) >= count:
                return melodies[:count]
        raise UserError(SILENCE)

    def relatives(
        self, events: np.ndarray, count: int, rng: np.random.Generator, temperature: float
    ) -> np.ndarray:
        """Returns `count` melodies like each of some (B, T), uint8 (B, count, T)."""
        return near_melodies(self.vae, events, count, rng, temperature)


class LongTunes:
    """A tune writer that samples whole tunes of 16 bars, with the longer model.

    Its melodies of two bars are the segments of tunes, in order, so that a song can
    follow the course of a tune.
    """

    def __init__(self, model: NumpyLatentLanguageModel | None = None, folder: Path | str = WEIGHTS):
        """Takes a latent language model, or loads the one of a folder.

        Raises: DataError where the weights are missing or damaged.
        """
        from lyricgen.models.longer.inference import NumpyLatentLanguageModel

        self.model = model or NumpyLatentLanguageModel.load(folder=folder)
        check_steps(self.model.vae)

    @property
    def tune_steps(self) -> int:
        """The steps of a whole tune."""
        from lyricgen.models.longer.settings import SEGMENTS

        return SEGMENTS * self.model.vae.steps

    def phrases(self, count: int, rng: np.random.Generator, temperature: float) -> np.ndarray:
        """Returns the segments of as many tunes as have `count`: uint8 (count, T).

        The noise of each new segment is taken times the temperature.
        """
        tunes = -(-count * self.model.vae.steps // self.tune_steps)
        segments = self.model.sample(tunes, rng, temperature).segments
        return segments.reshape(-1, self.model.vae.steps)[:count]

    def relatives(
        self, events: np.ndarray, count: int, rng: np.random.Generator, temperature: float
    ) -> np.ndarray:
        """Returns `count` melodies like each of some (B, T), uint8 (B, count, T)."""
        return near_melodies(self.model.vae, events, count, rng, temperature)


def check_steps(vae: NumpyMusicVAE) -> None:
    """Raises UserError for a model of other melodies than two bars of 4/4."""
    if vae.steps != STEPS:
        raise UserError(
            f"A song is in 4/4, and its tune is chosen from melodies of two bars of "
            f"{STEPS_PER_BAR} steps; this model writes melodies of {vae.steps} steps."
        )


def near_melodies(
    vae: NumpyMusicVAE,
    events: np.ndarray,
    count: int,
    rng: np.random.Generator,
    temperature: float,
) -> np.ndarray:
    """Returns melodies decoded near the z of each of some (B, T): uint8 (B, count, T).

    They are moved neither to C nor in any other way.
    """
    mu, sigma = vae.encode(np.repeat(events, count, axis=0))
    z = mu + NEARNESS * sigma * rng.standard_normal(mu.shape)
    return vae.decode(z, temperature, rng).reshape(len(events), count, -1)


@dataclass(frozen=True)
class Tune:
    """The tune of a song, in C major and 4/4.

    notes: int (n, 3), onset and duration in 16th steps and MIDI pitch, one for each
        syllable.
    lines: the index of each line's first note.
    mended: how many bars have notes that were added or joined, because no draw had as
        many as the words have syllables.
    """

    notes: np.ndarray
    lines: tuple[int, ...]
    mended: int


def write_tune(
    writer: TuneWriter,
    shape: Shape,
    rng: np.random.Generator,
    temperature: float,
    form: str = "stanzas",
    voice: str = "low",
    report: Callable[[str], object] = lambda text: None,
) -> Tune:
    """Returns the tune of a song: a note for each syllable, a phrase for each line.

    Lines rest on a long note of the tonic's or the dominant's chord, couplets on the
    dominant's, stanzas on the tonic. The melody reaches the tonic by step where the
    draws allow it; at the end of the song it does so as often as tunes of the books do.
    Once, in the second half, it reaches its highest note.

    form: "stanzas": each stanza is like the first where its lines are as long, with
        some lines varied. "AABA": of the four quarters of the song the second and the
        last are like the first. "refrain": the second half of each stanza is that of
        the first stanza.
    voice: "low" (A3 to D5) or "high" (C4 to F5).
    report: is called with what is being done.

    Raises: UserError for another form or voice, and for a writer whose draws have no
        bar that a song can use.
    Notebook: start_here, writing_lyrics
    """
    _check(form, voice)
    places, sections = plan(shape.in_bars, form, rng)
    peak = int(rng.choice(PEAKS[voice]))
    beginning = int(rng.choice(list(BEGINNINGS), p=list(BEGINNINGS.values())))
    report("drawing melodies")
    events = writer.phrases(DRAWS, rng, temperature)
    counts = {place.count for place in places}
    bars = bars_of_draws(events, counts, VOICES[voice])
    search = Search(places, bars, peak, beginning, getattr(writer, "tune_steps", STEPS))
    report("choosing the bars of the tune")
    for section in sections:
        _add_relatives(search, section, writer, events, rng, temperature, VOICES[voice])
        search.fill(section)
    tune = _tune_of(places, search.chosen_bars())
    return with_upbeats(tune, shape.upbeats, VOICES[voice]) if any(shape.upbeats) else tune


def _check(form: str, voice: str) -> None:
    """Raises UserError for a form or a voice that there is not."""
    if form not in FORMS:
        raise UserError(f"There is no form {form!r}; there are {', '.join(FORMS)}.")
    if voice not in VOICES:
        raise UserError(f"There is no voice {voice!r}; there are {', '.join(VOICES)}.")


def _add_relatives(
    search: Search,
    section: list[int],
    writer: TuneWriter,
    events: np.ndarray,
    rng: np.random.Generator,
    temperature: float,
    voice: tuple[int, int],
) -> None:
    """Adds to the candidates what the writer draws near bars that come again."""
    relatives = getattr(writer, "relatives", None)
    numbers = sorted({search.places[k].again for k in section} - {-1})
    if relatives is None or not numbers:
        return
    models = [search.chosen_bar(number) for number in numbers]
    draws = np.array([int(bar.start[0]) // STEPS for bar in models])
    distinct, row = np.unique(draws, return_inverse=True)
    near = relatives(events[distinct], RELATIVES, rng, temperature)
    for number, bar, k in zip(numbers, models, row.tolist()):
        search.add(bars_like(bar, near[k], number, voice))


def _tune_of(places: Sequence[Place], bars: Sequence[Bars]) -> Tune:
    """Returns the tune of places with their bars.

    A long note at the end of a line gives up an eighth for breath. The last one of all
    is held to the end of its bar, and a short one into the next bar.
    """
    notes: list[np.ndarray] = []
    lines = []
    for number, (place, bar) in enumerate(zip(places, bars)):
        if place.opens:
            lines.append(sum(len(bar_notes) for bar_notes in notes))
        own = bar.notes[0] + [STEPS_PER_BAR * number, 0, 0]
        if place.closes:
            own[-1, 1] = STEPS_PER_BAR * (number + 1) - own[-1, 0]
            if own[-1, 1] > BREATH and number < len(places) - 1:
                own[-1, 1] -= BREATH
        notes.append(own)
    if notes[-1][-1, 1] < LAST_NOTE:
        notes[-1][-1, 1] += LAST_NOTE
    mended = sum(int(bar.mended[0]) for bar in bars)
    return Tune(np.concatenate(notes), tuple(lines), mended)


def with_upbeats(tune: Tune, upbeats: Sequence[bool], voice: tuple[int, int]) -> Tune:
    """Returns the tune with a note before the bar for each line that has an upbeat.

    It is a quarter, or an eighth where the line before ends on the last beat; that line
    ends when it begins. From C it is the G below, as sol leads to do, and otherwise
    a step or a third towards the note before. The first bar has only the upbeat.
    """
    notes = tune.notes + [STEPS_PER_BAR, 0, 0]
    added: list[np.ndarray] = []
    lines = []
    ends = [*tune.lines[1:], len(notes)]
    for first, end, upbeat in zip(tune.lines, ends, upbeats):
        lines.append(sum(len(each) for each in added))
        line = notes[first:end].copy()
        if upbeat:
            bar = int(line[0, 0]) - STEPS_PER_BAR
            before = added[-1] if added else None
            busy = before is not None and before[-1, 0] >= bar + UPBEAT
            onset = bar + (LATE_UPBEAT if busy else UPBEAT)
            last_pitch = int(line[0, 2]) if before is None else int(before[-1, 2])
            pitch = upbeat_pitch(int(line[0, 2]), last_pitch, voice)
            if before is not None:
                before[-1, 1] = min(before[-1, 1], onset - before[-1, 0])
            added.append(np.array([[onset, bar + STEPS_PER_BAR - onset, pitch]]))
        added.append(line)
    return Tune(np.concatenate(added), tuple(lines), tune.mended)


def upbeat_pitch(pitch: int, before: int, voice: tuple[int, int]) -> int:
    """Returns the pitch of an upbeat to a pitch, after another one, in C major.

    voice: its lowest and highest pitch.
    """
    low, high = voice
    below = pitch - FOURTH
    if pitch % 12 == 0 and below >= low:
        return below
    near = [p for p in range(low, high + 1) if IN_KEY[p % 12] and 0 < abs(p - pitch) <= THIRD]
    return min(near, key=lambda p: (abs(p - before), abs(p - pitch), p))
