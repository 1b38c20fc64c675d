import types

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lyricgen.files import UserError
from lyricgen.lyrics import corpora
from lyricgen.lyrics import patterns as lyrics_patterns
from lyricgen.music import keys as musical_keys
from lyricgen.music import measures as melody_measures
from lyricgen.music import melody, midi
from lyricgen.music.melody import STEPS_PER_BAR
from lyricgen.song import shape as song_shape
from lyricgen.song import tune as song_tune
from lyricgen.song import tune_bars, tune_plan, tune_search
from lyricgen.song.shape import Shape

HUANXISHA = Shape.of_lengths((7,) * 6, (0, 3))


@pytest.fixture(scope="module")
def tune():
    return song_tune.LatentTunes()


@pytest.fixture(scope="module")
def draws(tune):
    return tune.phrases(300, np.random.default_rng(7), 0.9)


class Drawn:
    """A tune writer that hands out draws that were made before, from some place on."""

    def __init__(self, events, first=0):
        self.events = np.roll(events, -first, axis=0)

    def phrases(self, count, rng, temperature):
        return self.events[:count]


class Related(Drawn):
    """One whose relatives have another last note, each a different one."""

    def relatives(self, events, count, rng, temperature):
        near = np.repeat(events[:, None], count, axis=1)
        for row in near:
            for number, each in enumerate(row):
                last = np.flatnonzero(each >= melody.FIRST_ONSET)[-1]
                each[last] = 60 + number - melody.LOWEST + melody.FIRST_ONSET
        return near


def bars_of_song(made):
    """The onsets in the bar and the pitches of each bar of a song."""
    bars = {}
    for onset, _, pitch in made.notes.tolist():
        bars.setdefault(onset // STEPS_PER_BAR, []).append((onset % STEPS_PER_BAR, pitch))
    return [bars[k] for k in sorted(bars)]


def assert_a_song(made, shape, voice="low"):
    notes = made.notes
    low, high = tune_bars.VOICES[voice]
    assert np.diff([*made.lines, len(notes)]).tolist() == list(shape.lengths)
    assert low <= notes[:, 2].min() and notes[:, 2].max() <= high
    assert tune_bars.IN_KEY[notes[:, 2] % 12].all()
    assert (notes[:-1, 0] + notes[:-1, 1] <= notes[1:, 0]).all() and (notes[:, 1] > 0).all()
    # each line begins with a bar, and each of its bars has the syllables of its feet
    counts = []
    for feet in shape.lines:
        counts += [sum(bar) for bar in song_shape.bars_of_line(feet)]
    assert np.bincount(notes[:, 0] // STEPS_PER_BAR).tolist() == counts
    assert (notes[list(made.lines), 0] % STEPS_PER_BAR == 0).all()
    # stanzas end on the tonic
    ends = [*(made.lines[k] for k in shape.first_lines[1:]), len(notes)]
    assert (notes[np.array(ends) - 1, 2] % 12 == 0).all()


def test_the_tune_fits_every_pattern(draws):
    patterns = lyrics_patterns.stable_patterns(corpora.load_corpus("songci").poems)
    mended = 0
    for number, pattern in enumerate(patterns.values()):
        shape = Shape.of_lengths(pattern.lengths, pattern.stanzas)
        writer = Drawn(draws, 7 * number)
        made = song_tune.write_tune(writer, shape, np.random.default_rng(number), 0.8)
        assert_a_song(made, shape)
        mended += made.mended
    assert mended == 0


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.lists(st.lists(st.integers(1, 9), min_size=1, max_size=4), min_size=1, max_size=5),
        min_size=1,
        max_size=3,
    ),
    st.sampled_from(tune_plan.FORMS),
    st.sampled_from(sorted(tune_bars.VOICES)),
    st.integers(0, 2**32),
)
def test_any_shape_form_and_voice_gives_a_song(draws, stanzas, form, voice, seed):
    shape = Shape(tuple(tuple(map(tuple, stanza)) for stanza in stanzas))
    rng = np.random.default_rng(seed)
    made = song_tune.write_tune(Drawn(draws), shape, rng, 0.8, form, voice)
    assert_a_song(made, shape, voice)
    assert 0 <= made.mended <= len(shape.lines) * 6


def test_the_same_seed_gives_the_same_tune_and_another_seed_another(tune):
    first, again, other = (
        song_tune.write_tune(tune, HUANXISHA, np.random.default_rng(seed), 0.8)
        for seed in (1, 1, 2)
    )
    assert (first.notes == again.notes).all() and first.lines == again.lines
    assert not np.array_equal(first.notes, other.notes)


def test_what_is_done_is_reported(draws):
    said = []
    rng = np.random.default_rng(0)
    song_tune.write_tune(Drawn(draws), HUANXISHA, rng, 0.8, report=said.append)
    assert len(said) == 2 and "melodies" in said[0] and "bars" in said[1]


def test_songs_begin_on_several_degrees_and_reach_their_highest_note_late(draws):
    first, late, once = set(), 0, 0
    for seed in range(12):
        rng = np.random.default_rng(seed)
        notes = song_tune.write_tune(Drawn(draws, 20 * seed), HUANXISHA, rng, 0.8).notes
        first.add(int(notes[0, 2]) % 12)
        highest = np.flatnonzero(notes[:, 2] == notes[:, 2].max())
        once += len(highest) == 1
        late += notes[highest[0], 0] >= notes[-1, 0] / 2
    assert first == {0, 4, 7}
    assert once >= 8 and late >= 8


def test_the_second_stanza_is_like_the_first_and_not_the_same(draws):
    changed = []
    for seed in range(6):
        rng = np.random.default_rng(seed)
        made = song_tune.write_tune(Drawn(draws, 30 * seed), HUANXISHA, rng, 0.8)
        bars = bars_of_song(made)
        again = [bars[k] == bars[k + 6] for k in range(6)]
        assert 1 <= sum(again) < 6
        changed.append(6 - sum(again))
    # the highest note needs a bar or two, a variation one, and the end may need one
    assert np.mean(changed) <= 4


def test_the_quarters_of_aaba_and_the_refrain_come_again(draws):
    shape = Shape.of_lengths((8, 6) * 4, (0, 4))
    made = song_tune.write_tune(Drawn(draws), shape, np.random.default_rng(3), 0.8, "AABA")
    bars = bars_of_song(made)
    # two lines of two bars are a quarter of the song
    quarters = [bars[k : k + 4] for k in range(0, 16, 4)]
    assert number_equal(quarters[0], quarters[1]) >= 2
    assert number_equal(quarters[0], quarters[3]) >= 2
    assert number_equal(quarters[0], quarters[2]) <= 1
    made = song_tune.write_tune(Drawn(draws), shape, np.random.default_rng(3), 0.8, "refrain")
    bars = bars_of_song(made)
    assert number_equal(bars[:4], bars[8:12]) <= 2
    # the last bar may end otherwise
    assert number_equal(bars[4:8], bars[12:]) >= 3


def number_equal(bars, others):
    """How many bars are equal to those in the same places."""
    return sum(bar == other for bar, other in zip(bars, others))


def test_relatives_of_a_bar_can_take_its_place(draws):
    """They are cut where the bar was cut, and moved as it was."""
    bars = tune_bars.bars_of_draws(draws[:40], {3}, tune_bars.VOICES["low"])[3]
    [row] = np.flatnonzero((bars.moved == 1) & (bars.speed == 2))[:1]
    bar = bars.take(np.array([row]))
    events = draws[[int(bar.start[0]) // song_tune.STEPS]]
    same = tune_bars.bars_like(bar, np.repeat(events, 3, axis=0), 5, tune_bars.VOICES["low"])
    assert len(same) == 3 and (same.notes == bar.notes).all() and (same.relative == 5).all()
    search_draws = Related(draws)
    made = song_tune.write_tune(search_draws, HUANXISHA, np.random.default_rng(0), 0.8)
    assert_a_song(made, HUANXISHA)


def test_the_model_draws_relatives_that_are_alike_and_differ(tune, draws):
    near = tune.relatives(draws[:4], 6, np.random.default_rng(0), 0.5)
    assert near.shape == (4, 6, 32) and melody.is_canonical(near.reshape(-1, 32)).all()
    agreement = (near == draws[:4, None]).mean()
    others = (near == np.roll(draws[:4], 1, axis=0)[:, None]).mean()
    assert others + 0.15 < agreement < 1
    assert len(np.unique(near.reshape(-1, 32), axis=0)) > 4


def test_whole_tunes_are_read_segment_by_segment(draws):
    """A song may go on from one segment into the next one of the same tune."""

    class Model:
        vae = types.SimpleNamespace(steps=32)
        asked = []

        def sample(self, count, rng, tau):
            self.asked.append((count, tau))
            return types.SimpleNamespace(segments=draws[: 8 * count].reshape(count, 8, 32))

    writer = song_tune.LongTunes(Model())
    assert writer.tune_steps == 256
    events = writer.phrases(20, np.random.default_rng(0), 0.5)
    assert (events == draws[:20]).all() and Model.asked == [(3, 0.5)]
    places = [tune_plan.Place((4,), 0, True, True, "inner")] * 2
    bars = tune_bars.bars_of_draws(draws[:96], {4}, tune_bars.VOICES["low"])
    alone, whole = (
        tune_search.Search(places, bars, 72, 0, steps)._follows(
            bars[4], np.arange(len(bars[4])), bars[4]
        )
        for steps in (32, writer.tune_steps)
    )
    assert (whole >= alone).all() and whole.sum() > alone.sum()


def notes_of(pitches, length=4):
    return np.array([[length * k, length, pitch] for k, pitch in enumerate(pitches)])


def one(notes, **columns):
    """Bars with one candidate."""
    values = dict.fromkeys(("start", "moved", "octave", "mended"), 0)
    values |= {"speed": 1, "relative": -1} | columns
    arrays = {name: np.array([value]) for name, value in values.items()}
    return tune_bars.Bars(np.asarray(notes)[None], **arrays)


def test_a_joint_up_to_a_third_costs_nothing_and_a_unison_a_little():
    place = tune_plan.Place((4,), 1, True, False, "inner")
    before = one(notes_of([60, 62, 64, 60]))
    cost = {}
    for step in (0, 1, 2, 3, 4, 5, 7, 9, 12):
        bar = one(notes_of([60 + step] * 4))
        [[cost[step]]] = tune_search.cost_of_joints(before, np.array([0]), bar, place)
    assert cost[1] == cost[2] == cost[3] == cost[4] == 0 < cost[0]
    assert cost[5] < cost[7] < cost[9] < cost[12]


def test_ends_that_rest_are_cheaper_than_ends_that_do_not():
    def cost(pitches, ends, lengths=(4, 4, 8)):
        place = tune_plan.Place((3,), 0, False, True, ends)
        notes = notes_of(pitches)
        notes[:, 0] = np.cumsum((0, *lengths[:-1]))
        notes[:, 1] = lengths
        return float(tune_search.cost_of_bars(one(notes), place)[0])

    assert cost([64, 62, 60], "full") == cost([60, 59, 60], "full")
    assert cost([64, 62, 60], "full") < cost([64, 60, 60], "full") < cost([64, 69, 60], "full")
    assert cost([64, 62, 60], "full") + 20 < cost([60, 62, 64], "full")
    assert cost([64, 65, 62], "half") < cost([64, 65, 64], "half")
    assert cost([64, 65, 67], "inner") < cost([64, 67, 65], "inner")
    assert cost([64, 65, 67], "inner") < cost([64, 65, 67], "inner", (8, 4, 4))


def test_what_follows_in_a_draw_is_known(draws):
    bars = tune_bars.bars_of_draws(draws, {3, 4}, tune_bars.VOICES["low"])
    places = [tune_plan.Place((4,), 0, True, False, "full")]
    places.append(tune_plan.Place((3,), 0, False, True, "full"))
    search = tune_search.Search(places, bars, 72, 0, song_tune.STEPS)
    follows = search._follows(bars[4], np.arange(len(bars[4])), bars[3])
    assert follows.any()
    first, second = (column[:200] for column in np.nonzero(follows))
    for a, b in zip(first, second):
        speed = int(bars[4].speed[a])
        assert bars[3].start[b] - bars[4].start[a] == STEPS_PER_BAR // speed
        assert bars[3].start[b] // 32 == bars[4].start[a] // 32
        assert bars[3].moved[b] == bars[4].moved[a] and bars[3].octave[b] == bars[4].octave[a]


def test_bars_are_those_of_the_draws():
    """Whole bars at their own speed, half bars at half of it; ties are struck again."""
    scale = melody.to_events([[0, 4, 60], [4, 2, 62], [6, 6, 64], [12, 4, 65], [16, 16, 67]], 32)
    bars = tune_bars.bars_of_draws(scale[None], {1, 2, 3, 4}, (57, 74))
    as_drawn = {}
    for count, found in bars.items():
        kept = found.take(found.moved == 0)
        as_drawn[count] = [(int(s), n.tolist()) for s, n in zip(kept.speed, kept.notes)]
    assert (1, [[0, 4, 60], [4, 2, 62], [6, 6, 64], [12, 4, 65]]) in as_drawn[4]
    assert (2, [[0, 8, 60], [8, 4, 62], [12, 4, 64]]) in as_drawn[3]
    assert (2, [[0, 8, 64], [8, 8, 65]]) in as_drawn[2]
    assert (1, [[0, 16, 67]]) in as_drawn[1]
    moved = bars[2].notes[bars[2].moved == 1]
    assert moved[:, :, 2].tolist() == [[65, 67]]


def test_bars_are_mended_only_where_no_draw_has_as_many_notes():
    scale = melody.to_events([[2 * k, 2, 60 + k % 2 * 2] for k in range(16)], 32)
    bars = tune_bars.bars_of_draws(scale[None], {4, 7}, (57, 74))
    assert not bars[4].mended.any() and bars[7].mended.all()
    assert bars[7].notes.shape[1] == 7
    shape = Shape.of_lengths((7, 7))
    made = song_tune.write_tune(Drawn(scale[None]), shape, np.random.default_rng(0), 0.8)
    assert made.mended == 2
    assert_a_song(made, shape)


def test_mending_gives_the_wanted_number_of_notes():
    bar = np.array([[0, 4, 60], [4, 2, 62], [6, 2, 64], [8, 8, 65]])
    for count in range(1, 14):
        notes = tune_bars.mend(bar, count)
        assert len(notes) == count
        assert notes[:, 1].sum() == 16
        assert (notes[:, 0] == np.cumsum(notes[:, 1]) - notes[:, 1]).all()
    assert tune_bars.mend(bar, 3).tolist() == [[0, 6, 60], [6, 2, 64], [8, 8, 65]]
    with pytest.raises(ValueError, match="no room"):
        tune_bars.mend(bar, 17)


def test_lines_are_divided_into_bars_between_their_feet():
    bars = song_shape.bars_of_line
    assert bars((4, 3)) == ((2, 2), (3,))
    assert bars((2, 2, 3)) == ((2, 2), (3,))
    assert bars((2, 3)) == ((2,), (3,))
    assert bars((3,)) == ((3,),) and bars((2, 2)) == ((2, 2),)
    assert bars((2, 2, 2)) == ((2, 2), (2,))
    assert bars((7,)) == ((2, 2), (3,))
    assert bars((2, 4, 3)) == ((2, 2, 2), (3,))
    assert bars((1, 4)) == ((1, 2), (2,))
    assert bars((2, 2, 2, 3)) == ((2, 2, 2), (3,))


@settings(deadline=None)
@given(st.lists(st.integers(1, 9), min_size=1, max_size=6))
def test_the_bars_of_a_line_hold_its_syllables(feet):
    bars = song_shape.bars_of_line(tuple(feet))
    counts = [sum(bar) for bar in bars]
    assert sum(counts) == sum(feet) and min(counts) >= 1 and max(counts) <= STEPS_PER_BAR
    assert len(bars) == 1 if sum(feet) <= 4 else len(bars) >= 2


@settings(deadline=None)
@given(st.integers(1, 30))
def test_the_usual_feet_are_those_of_the_line(length):
    feet = song_shape.usual_feet(length)
    assert sum(feet) == length and max(feet) <= 3
    assert song_shape.usual_feet(7) == (2, 2, 3) and song_shape.usual_feet(6) == (2, 2, 2)


def test_a_shape_knows_its_lines_and_stanzas():
    shape = Shape.of_lengths((7, 5, 7, 5), (0, 2))
    assert shape.stanzas == (((2, 2, 3), (2, 3)), ((2, 2, 3), (2, 3)))
    assert shape.lengths == (7, 5, 7, 5) and shape.first_lines == (0, 2)
    for stanzas in ((), ((),), (((),),), (((4, 0),),)):
        with pytest.raises(ValueError):
            Shape(stanzas)


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.integers(1, 10), min_size=1, max_size=6),
    st.sampled_from(sorted(tune_bars.VOICES)),
    st.integers(0, 2**32),
)
def test_iambic_lines_begin_before_the_bar(draws, lengths, voice, seed):
    shape = Shape(Shape.of_lengths(lengths).stanzas, upbeat=True)
    made = song_tune.write_tune(Drawn(draws), shape, np.random.default_rng(seed), 0.8, voice=voice)
    notes = made.notes
    assert np.diff([*made.lines, len(notes)]).tolist() == lengths
    for first, length in zip(made.lines, lengths):
        onset = notes[first, 0] % STEPS_PER_BAR
        assert onset >= 12 if length >= 3 else onset == 0
        if length >= 3:
            assert notes[first + 1, 0] % STEPS_PER_BAR == 0
    low, high = tune_bars.VOICES[voice]
    assert low <= notes[:, 2].min() and notes[:, 2].max() <= high
    assert (notes[:-1, 0] + notes[:-1, 1] <= notes[1:, 0]).all() and (notes[:, 1] > 0).all()
    assert tune_bars.IN_KEY[notes[:, 2] % 12].all() and notes[-1, 2] % 12 == 0


def test_common_metre_is_four_and_three_after_an_upbeat():
    shape = Shape.of_lengths((8, 6, 1))
    shape = Shape(shape.stanzas, upbeat=True)
    assert shape.upbeats == (True, True, False)
    assert [song_shape.bars_of_line(feet) for feet in shape.in_bars.lines] == [
        ((2, 2), (2, 1)),
        ((2, 2), (1,)),
        ((1,),),
    ]
    assert song_tune.upbeat_pitch(60 + 12, 64, (57, 77)) == 67
    assert song_tune.upbeat_pitch(64, 69, (57, 77)) == 67
    assert song_tune.upbeat_pitch(64, 60, (57, 77)) == 60


def test_a_form_or_a_voice_that_is_none_is_one_sentence(draws):
    rng = np.random.default_rng(0)
    with pytest.raises(UserError, match="no form 'rondo'; there are stanzas, AABA, refrain"):
        song_tune.write_tune(Drawn(draws), HUANXISHA, rng, 0.8, "rondo")
    with pytest.raises(UserError, match="no voice 'bass'; there are low, high"):
        song_tune.write_tune(Drawn(draws), HUANXISHA, rng, 0.8, voice="bass")


def test_a_tune_without_a_usable_bar_is_one_sentence():
    rests = Drawn(np.tile(melody.to_events([[4, 4, 61]], 32), (96, 1)))
    with pytest.raises(UserError, match="no bar that begins with a note"):
        song_tune.write_tune(rests, Shape.of_lengths((5, 5)), np.random.default_rng(0), 1.0)


def test_draws_of_a_melody_survive_notes_and_midi(draws):
    for events in draws:
        notes = melody.to_notes(events)
        assert melody.is_canonical(events)
        assert len(notes)
        assert (melody.to_events(notes, len(events)) == events).all()
        file = midi.MidiFile.from_notes(notes[:, 0] * 120, notes[:, 1] * 120, notes[:, 2])
        back = midi.read_midi(midi.write_midi(file)).notes
        columns = [back["onset"] // 120, back["duration"] // 120, back["pitch"]]
        read = np.stack(columns, axis=1).astype(int)
        assert (melody.to_events(read, len(events)) == events).all()


def scale(tonic, degrees=(0, 2, 4, 5, 7, 9, 11, 12)):
    """A melody of eighths on a major scale."""
    return melody.to_events([[2 * k, 2, tonic + step] for k, step in enumerate(degrees)], 32)


def test_a_melody_moves_to_the_c_major_that_is_nearest():
    moved = musical_keys.to_c(np.stack([scale(60), scale(67), scale(66), scale(53), scale(56)]))
    assert [int(e[0]) + 19 for e in moved] == [60, 72, 60, 48, 60]
    assert all(tune_bars.IN_KEY[melody.to_notes(e)[:, 2] % 12].all() for e in moved)
    # five tones are in three major scales: the tonic decides, or the end
    five = [scale(67, (0, 2, 4, 7, 9, 0)), scale(67, (5, 2, 0, 7, 9, 5))]
    assert [int(e[0]) + 19 for e in musical_keys.to_c(np.stack(five))] == [72, 72]


def test_silence_and_what_would_leave_the_pitches_are_left_out():
    # B flat and B at the two ends
    low = scale(21 + 1, (0, 2, 4, -1, 0))
    high = scale(108 - 12 - 1, (0, 2, 4, 11, 12))
    silent = melody.to_events([], 32)
    kept = musical_keys.to_c(np.stack([silent, low, high, scale(60)]))
    assert len(kept) == 3
    assert melody.is_canonical(kept).all()
    # its lowest note is the lowest pitch, and it must go down
    lowest = scale(21 + 6, (0, 2, 4, 5, 7, -6, 0))
    assert len(musical_keys.to_c(np.stack([lowest, silent]))) == 0


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(48, 84), min_size=1, max_size=16), st.integers(-12, 12))
def test_moving_keeps_the_best_scale_and_does_not_depend_on_the_key(pitches, shift):
    events = melody.to_events([[2 * k, 2, p] for k, p in enumerate(pitches)], 32)[None]
    moved = musical_keys.to_c(events)
    onsets = moved[moved >= melody.FIRST_ONSET].astype(int) - melody.FIRST_ONSET + melody.LOWEST
    assert tune_bars.IN_KEY[onsets % 12].mean() == pytest.approx(melody_measures.in_scale(events))
    assert (melody.untransposed(moved) == melody.untransposed(events)).all()
    again = musical_keys.to_c(melody.transpose(events, shift))
    more = again[again >= melody.FIRST_ONSET].astype(int) - melody.FIRST_ONSET + melody.LOWEST
    assert tune_bars.IN_KEY[more % 12].mean() == tune_bars.IN_KEY[onsets % 12].mean()


def test_the_tune_writer_gives_as_many_canonical_melodies_in_c_as_it_is_asked_for(tune):
    drawn = tune.phrases(150, np.random.default_rng(2), 0.8)
    assert drawn.shape == (150, 32) and drawn.dtype == np.uint8 and melody.is_canonical(drawn).all()
    assert (drawn >= melody.FIRST_ONSET).any(axis=1).all() and len(np.unique(drawn, axis=0)) > 140
    onsets = drawn[drawn >= melody.FIRST_ONSET].astype(int) - melody.FIRST_ONSET + melody.LOWEST
    assert tune_bars.IN_KEY[onsets % 12].mean() > 0.93
    again = [tune.phrases(5, np.random.default_rng(2), 0.8) for _ in range(2)]
    assert (again[0] == again[1]).all()


def test_draws_that_are_silent_are_made_up_for():
    class Mute:
        steps = 32

        def sample(self, count, rng, temperature, rounds):
            silent = melody.to_events([], 32)
            return np.stack([scale(60) if x < 0.3 else silent for x in rng.random(count)])

    melodies = song_tune.LatentTunes(Mute()).phrases(20, np.random.default_rng(0), 1.0)
    assert melodies.shape == (20, 32)
    assert (melodies == scale(60)).all()
