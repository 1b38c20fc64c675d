"""The search for the bars of a tune: what bars cost, and the beam that takes them."""

from __future__ import annotations

import numpy as np

from lyricgen.music.melody import STEPS_PER_BAR
from lyricgen.song.tune_bars import Bars
from lyricgen.song.tune_plan import Place

# Tunes that are kept at each bar of the search
WIDTH = 24

# What a bar, and its place in a song, cost. A search takes the tune of the least sum.
COSTS = {
    # in a bar: each semitone of a leap over a fifth, and each leap over a sixth
    "wide": 0.25,
    "over a sixth": 2.0,
    # a leap of a tritone or a seventh, in a bar or into it
    "awkward": 1.0,
    # each note shorter than an eighth; a short note on a beat before a longer one
    "short": 1.5,
    "snap": 0.5,
    # each note that is not as long as the one before
    "uneven": 0.25,
    # each quarter of silence in a bar; a foot that begins off the half bar, or the beat
    "silence": 0.8,
    "off the half bar": 0.4,
    "off the beat": 0.8,
    # each step of the scale by which a bar was moved; a bar with notes added or joined
    "moved": 0.35,
    "mended": 6.0,
    # into a bar from the one before
    "unison": 0.0,
    "unison at a line": 0.8,
    "fourth": 0.2,
    "fifth": 0.6,
    "sixth": 1.2,
    "over a sixth between bars": 3.0,
    # a bar that follows in the same draw
    "continues": -1.2,
    # the last note of a line: a dotted quarter, a quarter, shorter
    "end of a dotted quarter": 0.8,
    "end of a quarter": 2.0,
    "end shorter": 4.0,
    # the last note of a stanza that is reached otherwise than it should be; by a leap
    # over a fifth
    "other approach": 6.0,
    "wide approach": 2.5,
    # where it is struck again, a leap to the note before
    "leap to a repeated end": 2.5,
    # a first note that is not the one drawn
    "beginning": 5.0,
    # a bar that is the one before; one that has come before, where another is wanted,
    # elsewhere, and each time more; one that should come again and does, or does not
    "at once": 1.0,
    "not fresh": 1.5,
    "again": -0.6,
    "too often": 1.2,
    "echo": -2.0,
    "change": 3.0,
    # one that should be varied and is not; each semitone of a variation; a new rhythm
    "no variation": 2.0,
    "unlike": 0.35,
    "other rhythm": 0.6,
    # the highest note of the song: as high before or after it, missing, once more
    "too high": 5.0,
    "peak": -5.0,
    "peak again": 1.5,
}

# What each pitch class costs as the last note of a line
ENDS = {
    "inner": {0: 0.7, 2: 0.6, 4: 0.0, 5: 3.0, 7: 0.0, 9: 1.0, 11: 3.0},
    "half": {0: 3.0, 2: 0.0, 4: 2.0, 5: 4.0, 7: 0.3, 9: 3.0, 11: 0.8},
    "full": {0: 0.0, 2: 30.0, 4: 30.0, 5: 30.0, 7: 30.0, 9: 30.0, 11: 30.0},
}

# Semitones: a leap is more than a whole tone; singers find those over a sixth hard
WHOLE_TONE = 2
FIFTH = 7
LARGEST_LEAP = 9


class Search:
    """A beam search for the bars of a song: it keeps the WIDTH best beginnings.

    The parts of the song are filled one after the other, and what comes again is there
    when a part is filled. `chosen` are the indices of the bars so far.
    """

    def __init__(
        self,
        places: list[Place],
        bars: dict[int, Bars],
        peak: int,
        beginning: int,
        tune_steps: int,
    ):
        """Takes the places, and the candidates by their number of notes.

        peak: the highest pitch of the song. beginning: the pitch class of its first
            note. tune_steps: the steps of a whole tune among the draws.
        """
        self.places = places
        self.bars = dict(bars)
        self.peak = peak
        self.beginning = beginning
        self.tune_steps = tune_steps
        self.codes = {count: found.codes for count, found in bars.items()}
        self.chosen: list[int] = []
        self.peaks = 0

    def add(self, more: Bars) -> None:
        """Adds candidates that have as many notes as there are others of."""
        if len(more):
            count = more.notes.shape[1]
            self.bars[count] = self.bars[count].joined(more)
            self.codes[count] = self.bars[count].codes

    def chosen_bar(self, number: int) -> Bars:
        """Returns the bar that was chosen for a place, as one candidate."""
        bars = self.bars[self.places[number].count]
        return bars.take(np.array([self.chosen[number]]))

    def chosen_bars(self) -> list[Bars]:
        """Returns the bars of the whole song."""
        return [self.chosen_bar(number) for number in range(len(self.chosen))]

    def fill(self, section: list[int]) -> None:
        """Chooses the bars of a part, whose numbers follow those that are chosen."""
        history = np.array([self.chosen], int).reshape(1, -1)
        costs = np.zeros(1)
        peaks = np.array([self.peaks])
        for number in section:
            added = self._costs(number, history, peaks)
            total = costs[:, None] + added  # (beginnings, candidates)
            best = np.argsort(total, axis=None, kind="stable")[:WIDTH]
            row, candidate = np.unravel_index(best, total.shape)
            history = np.column_stack([history[row], candidate])
            costs = total[row, candidate]
            bars = self.bars[self.places[number].count]
            reached = (bars.notes[:, :, 2] == self.peak).sum(axis=1)
            peaks = peaks[row] + reached[candidate]
        self.chosen = history[0].tolist()
        self.peaks = int(peaks[0])

    def _costs(self, number: int, history: np.ndarray, peaks: np.ndarray) -> np.ndarray:
        """Returns what each candidate costs after each beginning, (b, n).

        history: (b, number), the bars so far. peaks: (b,), the highest notes so far.
        """
        place = self.places[number]
        bars = self.bars[place.count]
        total = cost_of_bars(bars, place)[None] + self._cost_of_peak(place, bars, peaks)
        if number == 0:
            wrong = bars.notes[:, 0, 2] % 12 != self.beginning
            return total + COSTS["beginning"] * wrong
        before = self.bars[self.places[number - 1].count]
        last = history[:, -1]
        total = total + cost_of_joints(before, last, bars, place)
        total = total + COSTS["continues"] * self._follows(before, last, bars)
        return total + self._cost_of_repeats(number, history)

    def _follows(self, before: Bars, last: np.ndarray, bars: Bars) -> np.ndarray:
        """Tells whether candidates go on with the draw of the bar before, (b, n)."""
        expected = before.start[last] + STEPS_PER_BAR // before.speed[last]
        follows = bars.start[None] == expected[:, None]
        for name in ("speed", "moved", "octave"):
            follows &= getattr(bars, name)[None] == getattr(before, name)[last][:, None]
        first = before.start[last] // self.tune_steps
        return follows & (bars.start[None] // self.tune_steps == first[:, None])

    def _cost_of_peak(self, place: Place, bars: Bars, peaks: np.ndarray) -> np.ndarray:
        """Returns what the highest notes of candidates cost, (b, n)."""
        pitches = bars.notes[:, :, 2]
        reached = (pitches == self.peak).sum(axis=1)
        over = (pitches > self.peak).any(axis=1)
        if not place.peak:
            return COSTS["too high"] * (over | (reached > 0))[None]
        is_first = (reached > 0)[None] & (peaks == 0)[:, None]
        more = reached[None] - is_first
        cost = COSTS["peak"] * is_first + COSTS["peak again"] * more
        return cost + COSTS["too high"] * over

    def _cost_of_repeats(self, number: int, history: np.ndarray) -> np.ndarray:
        """Returns what it costs to repeat earlier bars, or not to, (b, n)."""
        place = self.places[number]
        bars = self.bars[place.count]
        codes = self.codes[place.count]
        total = np.zeros((len(history), len(bars)))
        times = np.zeros(total.shape, int)
        for earlier in range(number):
            if self.places[earlier].count != place.count:
                continue
            same = codes[None] == codes[history[:, earlier]][:, None]
            times += same
            if earlier == place.echo:
                total += COSTS["echo"] * same
            if earlier == place.again and place.varied:
                total += COSTS["no variation"] * same
            if earlier == number - 1:
                total += COSTS["at once"] * same
        if place.again < 0:
            total += COSTS["not fresh" if place.fresh else "again"] * (times > 0)
            total += COSTS["too often"] * np.maximum(times - 1, 0)
        if place.again >= 0:
            # the bars of earlier parts are the same in all beginnings
            model = self.chosen_bar(place.again)
            total += cost_of_likeness(bars, model, place)[None]
        return total


def cost_of_bars(bars: Bars, place: Place) -> np.ndarray:
    """Returns what bars cost at a place by themselves, (n,)."""
    onsets, durations, pitches = np.moveaxis(bars.notes, 2, 0)
    leaps = np.abs(np.diff(pitches, axis=1))
    cost = COSTS["wide"] * np.maximum(leaps - FIFTH, 0).sum(axis=1)
    cost = cost + COSTS["over a sixth"] * (leaps > LARGEST_LEAP).sum(axis=1)
    cost += COSTS["awkward"] * _is_awkward(leaps).sum(axis=1)
    lengths = np.diff(onsets, axis=1, append=STEPS_PER_BAR)
    cost += COSTS["short"] * (lengths < 2).sum(axis=1)
    on_beat = onsets[:, :-1] % 4 == 0
    cost += COSTS["snap"] * (on_beat & (lengths[:, :-1] < lengths[:, 1:])).sum(axis=1)
    cost += COSTS["uneven"] * (np.diff(lengths, axis=1) != 0).sum(axis=1)
    silence = (lengths - durations)[:, : -1 if place.closes else None].sum(axis=1)
    cost += COSTS["silence"] * silence / 4
    for first in np.cumsum(place.feet)[:-1]:
        step = onsets[:, first]
        cost += COSTS["off the half bar"] * (step != STEPS_PER_BAR // 2)
        cost += COSTS["off the beat"] * (step % 4 != 0)
    cost += COSTS["moved"] * np.abs(bars.moved) * (bars.relative < 0)
    cost += COSTS["mended"] * bars.mended
    if place.closes:
        cost += _cost_of_end(lengths[:, -1], pitches[:, -1], place)
        if place.ends == "full" and place.count > 1:
            cost += cost_of_approach(leaps[:, -1], place.approach)
        if place.approach == "same" and place.count > 2:
            cost += COSTS["leap to a repeated end"] * (leaps[:, -2] > WHOLE_TONE)
    return cost


def _is_awkward(leaps: np.ndarray) -> np.ndarray:
    """Tells of leaps in semitones whether they are tritones or sevenths."""
    return np.isin(leaps, (6, 10, 11))


def _cost_of_end(length: np.ndarray, pitch: np.ndarray, place: Place) -> np.ndarray:
    """Returns what last notes of a line cost, by their steps and pitches, (n,)."""
    conditions = [length >= 8, length >= 6, length >= 4]
    names = ["end of a dotted quarter", "end of a quarter", "end shorter"]
    dotted, quarter, shorter = (COSTS[name] for name in names)
    cost = np.select(conditions, [0.0, dotted, quarter], shorter)
    ends = ENDS[place.ends]
    return cost + np.array([ends.get(k, 0.0) for k in range(12)])[pitch % 12]


def cost_of_approach(leaps: np.ndarray, approach: str) -> np.ndarray:
    """Returns what it costs to reach the end of a stanza by so many semitones.

    approach: how it should be reached, one of APPROACHES.
    """
    kinds = np.select([leaps == 0, leaps <= WHOLE_TONE], ["same", "step"], "leap")
    cost = COSTS["other approach"] * (kinds != approach)
    return cost + COSTS["wide approach"] * (leaps > FIFTH)


def cost_of_joints(before: Bars, last: np.ndarray, bars: Bars, place: Place) -> np.ndarray:
    """Returns what it costs to go from bars to others, (b, n).

    last: (b,), which bars are left. A third costs nothing, as a step does; the same
    pitch again costs a little, and more where a line begins on it.
    """
    pitch = before.notes[last, -1, 2]
    leaps = np.abs(bars.notes[None, :, 0, 2] - pitch[:, None])
    unison = COSTS["unison at a line" if place.opens else "unison"]
    conditions = [leaps == 0, leaps <= 4, leaps == 5, leaps <= FIFTH, leaps <= LARGEST_LEAP]
    costs = [unison, 0.0, COSTS["fourth"], COSTS["fifth"], COSTS["sixth"]]
    cost = np.select(conditions, costs, COSTS["over a sixth between bars"])
    cost = cost + COSTS["awkward"] * _is_awkward(leaps)
    if place.closes and place.ends == "full" and place.count == 1:
        cost += cost_of_approach(leaps, place.approach)
    return cost


def cost_of_likeness(bars: Bars, model: Bars, place: Place) -> np.ndarray:
    """Returns what it costs that bars are unlike one which comes again, (n,)."""
    difference = np.abs(bars.notes[:, :, 2] - model.notes[:, :, 2]).mean(axis=1)
    rhythm = (bars.notes[:, :, 0] != model.notes[:, :, 0]).any(axis=1)
    same = (bars.notes == model.notes).all(axis=(1, 2))
    cost = COSTS["unlike"] * difference + COSTS["other rhythm"] * rhythm
    # half as much for what the model draws near it
    cost = np.where(bars.relative == place.again, cost / 2, cost)
    if not (place.varied or place.peak):
        cost = cost + COSTS["change"] * ~same
    return cost
