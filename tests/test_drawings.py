"""The course's drawings can be read: sizes, places and words of all labels."""

import re
import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.patches import Circle, FancyBboxPatch, PathPatch, Polygon
from matplotlib.text import Text
from matplotlib.transforms import Bbox
from pypinyin import Style, lazy_pinyin

from lyricgen import show
from lyricgen.drawings import canvas as primitives
from lyricgen.drawings import (
    course,
    language,
    latent,
    longer,
    lstm,
    measuring,
    midi,
    precision,
    tunes,
    unrolled,
    vae,
    vae_training,
)
from lyricgen.files import DATA
from lyricgen.lyrics.patterns import Pattern
from lyricgen.lyrics.vocabulary import Vocabulary
from lyricgen.models.kneser_ney import KneserNey
from lyricgen.models.language import writing
from lyricgen.models.precision import FORMATS, bits_of
from lyricgen.music import melody
from lyricgen.music.melody import to_events
from lyricgen.music.meter import parse_meter
from lyricgen.music.midi import read_midi

FORMAT_NAMES = [number_format.name for number_format in FORMATS]
LETTERS = [" ", *"abcdefghijklmnopqrstuvwxyz"]
PAIRS = np.random.default_rng(0).integers(0, 900, (27, 27))
PATTERN = Pattern("x", (7, 5, 7, 9, 7, 5, 7, 9), (0, 0, 1, -1, 2, 2, 1, 1), (0, 4), 100, 0.9)
LONG = Pattern("y", (4, 4, 5) * 7, (-1, -1, 0) * 7, (0, 9), 100, 0.9)
SONG = "O my Luve's like a red, red rose,\nThat's newly sprung in June"
METERS = [parse_meter(name) for name in ("4/4", "2/4", "3/4", "6/8", "9/8")]
UNITS = sum(course.units_in(Path("nowhere")), [])
PAIRED = {"oldest": [(0, 192, 60), (96, 192, 60), (0, 9, 72)], "youngest": [(0, 288, 60)]}
SUNG = {"high": [(0, 2, 72), (2, 2, 60)], "low": [(0, 4, 60)]}
MELODIES = [to_events([[0, 8, 60 + k], [8, 20, 67 + k]], 32) for k in range(4)]
OWN, WEIGHTS = (0.71, 0.23, 0.101, 0.052), (0.21, 0.34, 0.12, 0.013)

DRAWINGS = {
    **{f"cell, {stage}": (lstm.lstm_cell, (stage,)) for stage in (*lstm.STAGES, "whole")},
    "backward step": (lstm.backward_step, ()),
    **{f"unrolled, {steps}": (unrolled.unrolled, (steps,)) for steps in (2, 3, 4)},
    **{f"backward, {steps}": (unrolled.unrolled, (steps, True)) for steps in (2, 3, 4)},
    "truncation": (unrolled.truncation, ()),
    **{f"stacked, {steps}": (unrolled.stacked_products, (steps,)) for steps in (2, 3, 4)},
    "fallback": (language.ngram_fallback, ()),
    "fallback in numbers": (language.ngram_fallback, (OWN, WEIGHTS, 60)),
    "training loop": (language.training_loop, ()),
    "dropout": (language.dropout_mask, ()),
    "mask plan": (language.mask_plan, (PATTERN,)),
    "long mask plan": (language.mask_plan, (LONG,)),
    "told inputs": (language.told_inputs, ()),
    "course": (course.course_map, (UNITS[:9], UNITS[9:])),
    "planned course": (course.course_map, ((), UNITS)),
    "main course": (course.course_map, (UNITS[:20],)),
    **{f"encoder, {steps}": (vae.encoder_z_decoder, (steps,)) for steps in (2, 3, 4)},
    **{f"forced, {steps}": (vae.forced_and_free, (steps,)) for steps in (2, 3)},
    "dense": (vae.dense_vae, ()),
    "elbo": (vae.elbo_terms, ()),
    "cures": (vae.four_cures, ()),
    "conductor": (longer.flat_and_conductor, ()),
    "ways to draw": (latent.ways_to_draw, ()),
    "line and arc": (latent.line_and_arc, ()),
    "3 segments": (longer.flat_and_conductor, (3, 5)),
    "pointers": (longer.gate_and_pointer, ()),
    "pointers in 5": (longer.gate_and_pointer, ((0, 1, 1, 0, 4),)),
    "packed sizes": (measuring.packed_sizes, (47_092, 53_844, 22_105)),
    "whole poems": (measuring.whole_poems, ()),
    "bytes to notes": (midi.bytes_to_notes, ()),
    "pairing": (midi.pairing_rules, (PAIRED, 60)),
    "meters": (tunes.meter_grids, (METERS,)),
    "three splits": (tunes.three_splits, ()),
    "bits of pi": (precision.float_bits, ()),
    "bits of 0.1": (precision.float_bits, (-0.1,)),
}
# Shares of sequences between three tunes; the third pair shares a window.
TITLES = ("Old Rosin the Bow", "Rosin", "The Bow")
SHARES = np.array([[0, 30, 12], [30, 0, 8], [12, 8, 0]])
NEAR_DUPLICATES = [(0, 1), (1, 2)]
# These hold axes with ticks, which the tests of lines do not know.
CHARTS = {
    "pairs": (language.pair_heatmap, (PAIRS, LETTERS)),
    "text": (language.coloured_text, (SONG, np.linspace(-1, 1, len(SONG)), "h of a unit")),
    "voices": (midi.voices_roll, (SUNG, (0, 4), [(0, 2, 72), (2, 2, 60)])),
    "shares": (tunes.shares_heatmap, (TITLES, SHARES, NEAR_DUPLICATES, 25.0)),
    "rolls": (latent.piano_rolls, (MELODIES, ("one", "two", "three", "four"), 2)),
}
drawings = pytest.mark.parametrize("name", DRAWINGS)
pictures = pytest.mark.parametrize("name", [*DRAWINGS, *CHARTS])


@pytest.fixture(scope="module")
def figures() -> dict[str, Figure]:
    """Every drawing once, rendered; a character that the font lacks is an error."""
    made = {}
    with warnings.catch_warnings():
        warnings.filterwarnings("error", message="Glyph")
        for name, (function, arguments) in (DRAWINGS | CHARTS).items():
            made[name] = function(*arguments)
            made[name].canvas.draw()
    return made


def texts(figure: Figure) -> list[Text]:
    """The texts of a figure that are seen."""
    found = figure.findobj(Text)
    return [text for text in found if text.get_text() and text.get_visible()]


def extent(text: Text) -> Bbox:
    """Where a text is, in inches."""
    figure = text.get_figure()
    return text.get_window_extent().transformed(figure.dpi_scale_trans.inverted())


def said(figure: Figure) -> list[str]:
    return [text.get_text() for text in texts(figure)]


def smaller(box: Bbox, by: float) -> Bbox:
    return Bbox.from_extents(box.x0 + by, box.y0 + by, box.x1 - by, box.y1 - by)


def boxes(figure: Figure) -> list[tuple[Bbox, str]]:
    """The boxes and circles of a drawing, without panels, with their line styles."""
    found = []
    for patch in figure.axes[0].patches:
        if isinstance(patch, (FancyBboxPatch, Circle)) and patch.get_zorder() > 0:
            path = patch.get_path().transformed(patch.get_patch_transform())
            found.append((path.get_extents(), patch.get_linestyle()))
    return found


def lines(figure: Figure) -> list[PathPatch]:
    return [patch for patch in figure.axes[0].patches if isinstance(patch, PathPatch)]


def heads(figure: Figure) -> list[np.ndarray]:
    """The tips of all arrows."""
    found = [patch for patch in figure.axes[0].patches if isinstance(patch, Polygon)]
    return [patch.get_xy()[0] for patch in found]


@pictures
def test_a_drawing_is_a_figure_of_nine_inches_with_large_letters(figures, name):
    figure = figures[name]
    assert isinstance(figure, Figure) and figure.get_figwidth() == 9
    assert figure.get_figheight() < 9.5
    assert show.png(figure)[:4] == b"\x89PNG"
    sizes = {text.get_text(): text.get_fontsize() for text in texts(figure)}
    assert sizes and min(sizes.values()) >= 11, sizes
    assert all(text.get_fontfamily()[0].startswith("DejaVu Sans") for text in texts(figure))


@pictures
def test_all_labels_are_inside_the_figure(figures, name):
    width, height = figures[name].get_size_inches()
    for text in texts(figures[name]):
        place = extent(text)
        inside = place.x0 > 0.02 and place.y0 > 0.02
        inside = inside and place.x1 < width - 0.02 and place.y1 < height - 0.02
        assert inside, (text.get_text(), place)


@pictures
def test_no_two_labels_overlap(figures, name):
    places = [(extent(text), text.get_text()) for text in texts(figures[name])]
    for number, (first, words) in enumerate(places):
        for second, others in places[:number]:
            assert not first.overlaps(second), (words, others)


@drawings
def test_no_line_runs_through_a_label(figures, name):
    inside_boxes = [box for box, _ in boxes(figures[name])]
    for text in texts(figures[name]):
        place = extent(text)
        covered = any(box.contains(*place.min) and box.contains(*place.max) for box in inside_boxes)
        crossing = [
            line
            for line in lines(figures[name])
            if line.get_path().intersects_bbox(smaller(place, 0.01), filled=False)
        ]
        assert covered or not crossing, text.get_text()


@drawings
def test_no_line_runs_behind_a_box(figures, name):
    for box, _ in boxes(figures[name]):
        for line in lines(figures[name]):
            path = line.get_path()
            assert not path.intersects_bbox(smaller(box, 0.03), filled=False), (box, path.vertices)


@drawings
def test_a_text_in_a_box_does_not_touch_its_edge(figures, name):
    places = [(extent(text), text.get_text()) for text in texts(figures[name])]
    for box, _ in boxes(figures[name]):
        for place, words in places:
            if box.contains(*((place.min + place.max) / 2)):
                fits = place.x0 > box.x0 + 0.01 and place.x1 < box.x1 - 0.01
                fits = fits and place.y0 > box.y0 - 0.01 and place.y1 < box.y1 + 0.01
                assert fits, (words, place, box)


@pictures
def test_a_drawing_is_the_same_when_drawn_again(figures, name):
    function, arguments = (DRAWINGS | CHARTS)[name]
    assert show.png(function(*arguments)) == show.png(figures[name])


# The letters of the course, as they stand in the notebook `notation`, and the few words
# between them. A letter that the course does not use, such as C for a cell, is found.
MATHS = {"x", "h", "c", "i", "f", "g", "o", "a", "d", "n", "w", "W", "U", "b", "t"}
MATHS |= {"g", "j", "p", "s", "y"}
COURSE_LETTERS = {"x", "h", "c", "w", "W", "U", "b", "B", "T", "D", "H", "4H", "V", "z", "p", "q"}
COURSE_LETTERS |= {"a", "k", "Z"}
GRADIENTS = {"dx", "dh", "do", "di", "df", "dg", "dW", "dU", "db", "dh_back", "dc_back"}
GRADIENTS |= {"dh_total", "dc_total", "da_i", "da_f", "da_g", "da_o"}
TERMS = """
    LSTM tanh loss gate forget input output candidate cell state states hidden gradient
    weights step steps window windows fixed carried epoch cut zero batch model tokens token
    logits clip backward features mask character characters newline line rhyme class group
    groups context order probability share encoder decoder events event melody mu sigma
    sign exponent mantissa float64 float32 TF32
    tick delta status pitch velocity onset duration note notes
    tune tunes bars cluster duplicates split train
    mixture Gaussians walk rounds arc middle origin
    noise prior posterior KL ELBO beta reconstruction conductor bar flat start end gates
    teacher forcing running
    annealing free dropout norm segment segments copy pointer
"""
WORDS = """
    bits value error
    a an all allowed alone alike and any are at back be before both by close comes cost
    directions each enters equally every for from given go goes how in into is it itself
    its kept keeps likely low lengths left many minus much might new next now of old on
    near one only other over own place places predicts random same shown since sums that the through
    time times to two under up ways what where which with written Chinese after ma
    cuts add added adds hand product products tape
    first oldest takes youngest
    as draw long longer shorter
    anywhere byte bytes exchanged per poem poems some starts stream test text training whole
    free reads true wrote
    first has or spread word
"""
KNOWN = set(f"{TERMS} {WORDS}".lower().split())


def unknown(label: str) -> set[str]:
    """The words and letters of a label that the course does not have."""
    found = set()
    for formula in re.findall(r"\$([^$]+)\$", label):
        names = re.sub(r"\\(circ|mu|sigma|tanh|frac|lambda|mathsf\{T\})|\\,|\\ ", " ", formula)
        found |= {letter for letter in re.findall("[A-Za-z]", names) if letter not in MATHS}
    plain = re.sub(r"\$[^$]+\$|\"[^\"]*\"", " ", label)
    for word in re.findall(r"[^\W\d][\w']*|4H", plain):
        letter = len(word) == 1 and word.lower() != "a"
        known = word in COURSE_LETTERS if letter else word.lower() in KNOWN
        if not (known or word in GRADIENTS | {"4H", "P", "λ"}):
            found.add(word)
    return found


def test_each_meter_has_its_steps_and_its_beats(figures):
    patches = figures["meters"].axes[0].patches
    full = [to_hex(patch.get_edgecolor()) for patch in patches]
    assert len(full) == sum(meter.steps for meter in METERS) == 16 + 16 + 12 + 12 + 18
    # three beats in 3/4 and 9/8, two in 6/8, and four in the two bars of 2/4
    assert full.count(show.BLUE.lower()) == 4 + 4 + 3 + 2 + 3
    assert "2 bars: 16 steps" in said(figures["meters"])


def test_no_cluster_and_no_tune_is_split_but_by_window(figures):
    for way, splits in tunes.WAYS.items():
        first, second, third = (set(splits[k : k + 3]) for k in (0, 3, 6))
        assert (len(first) == len(second) == len(third) == 1) == (way != "by window")
        assert (first == second != third) == (way == "by cluster")
    labels = said(figures["three splits"])
    windows = sum(map(len, tunes.WAYS.values()))
    assert labels.count("train") + labels.count("test") == windows == 27


def test_near_duplicates_are_framed_and_the_rule_has_its_line(figures):
    ax, bar = figures["shares"].axes
    frames = {(round(p.get_y() + 0.44), round(p.get_x() + 0.44)) for p in ax.patches}
    assert frames == {(0, 1), (1, 0), (1, 2), (2, 1)}
    assert [text.get_text() for text in ax.texts] == ["30", "12", "30", "8", "12", "8"]
    assert 25.0 in [line.get_ydata()[0] for line in bar.lines]
    assert ax.get_xlabel() and ax.get_ylabel() and bar.get_ylabel()


@pytest.mark.parametrize(
    "name", [name for name in DRAWINGS if "course" not in name and "mask" not in name]
)
def test_labels_are_the_letters_and_terms_of_the_course(figures, name):
    labels = set(said(figures[name]))
    if name == "told inputs":
        labels -= set(language.LINE)
    if name == "whole poems":
        labels -= {*measuring.LINE, *measuring.EXCHANGED.values()}
    if "fallback" in name:
        labels -= set(" man")
    if name == "bytes to notes":
        labels -= {*" ".join(midi.EVENTS).split()}
    assert {label: unknown(label) for label in labels if unknown(label)} == {}


def test_a_letter_that_the_course_does_not_have_is_found():
    assert unknown("$z_i$ and C") == {"z", "C"} and unknown("memory cell") == {"memory"}
    assert unknown(r"$f_t = \sigma(a_f)$") == unknown("dc_back, (B, 4H)") == set()


@pytest.mark.parametrize("stage", lstm.STAGES)
def test_a_stage_of_the_cell_has_one_colour_and_its_formula(figures, stage):
    figure = figures[f"cell, {stage}"]
    colours = {to_hex(line.get_edgecolor()) for line in lines(figure)}
    in_colour = {colour for colour in colours if len(set(re.findall("..", colour[1:]))) > 1}
    assert in_colour == {lstm.COLORS[stage].lower()}
    assert lstm.STAGES[stage][0] in said(figure)
    whole = {to_hex(line.get_edgecolor()) for line in lines(figures["cell, whole"])}
    assert whole == {colour.lower() for colour in lstm.COLORS.values()} | {"#000000"}


def test_the_cell_has_its_shapes(figures):
    labels = said(figures["cell, whole"])
    # at both states before, both after, and the four pre-activations
    assert labels.count("(B, H)") == 8 and labels.count("(B, D)") == 1
    assert sum("(B, 4H)" in label for label in labels) == 1


def test_a_gradient_is_on_every_edge_once_and_in_the_order_of_the_code(figures):
    numbered = {}
    for label in said(figures["backward step"]):
        match = re.fullmatch(r"(\d+)  (\w+)(\$_\{t-1\}\$)?", label)
        if match:
            numbered[int(match[1])] = match[2]
    order = "dh_total do dc_total di dg df dc_back da_i da_f da_g da_o dh_back dx"
    assert [numbered[number] for number in sorted(numbered)] == order.split()
    assert sorted(numbered) == list(range(1, 14))


def test_a_share_that_comes_in_and_one_that_goes_out_have_unlike_indices(figures):
    labels = said(figures["backward step"])
    for name in ("dc_back", "dh_back"):
        shares = sorted(label for label in labels if name in label)
        assert [label.partition("$")[2] for label in shares] == ["_{t-1}$", "_t$"]
    # one plus of the step itself, and one where each state's gradients are added
    assert labels.count("+") == 3


def test_the_way_back_has_a_gradient_for_each_state_and_each_loss(figures):
    for steps in (2, 3, 4):
        labels = said(figures[f"backward, {steps}"])
        assert labels.count("dh_back") == labels.count("dc_back") == labels.count("dh") == steps
        assert labels.count("loss") == steps
        forward = said(figures[f"unrolled, {steps}"])
        assert not [label for label in forward if label.startswith("d")]
        assert forward.count("LSTM\n\nW, U, b") == steps


def test_ways_that_differ_in_colour_differ_in_their_lines():
    for looks in (
        (unrolled.CELL, unrolled.HIDDEN, unrolled.LOSS),
        (lstm.CARRIED, lstm.HIDDEN, lstm.INNER),
        (vae.ENCODER, vae.BACKWARDS, vae.Z_LINE),
    ):
        assert len({look.line for look in looks}) == len({look.color for look in looks}) == 3


def test_a_decoder_that_runs_free_reads_what_it_wrote(figures):
    for steps in (2, 3):
        figure = figures[f"forced, {steps}"]
        labels = said(figure)
        # both begin alike; then the true event is read on the left only
        assert labels.count("start") == 2 and labels.count("LSTM") == 2 * steps
        assert labels.count("$x_1$") == 1 and labels.count(r"$\hat x_1$") == 2
        red = [line for line in lines(figure) if to_hex(line.get_edgecolor()) == show.RED.lower()]
        assert len(red) == steps - 1


def test_the_windows_of_all_forms_have_the_same_text(figures):
    labels = said(figures["truncation"])
    assert sum(unrolled.FIXED) == sum(unrolled.RANDOM) == 12
    assert labels.count("$x_{12}$") == 3 and labels.count("cut") == 6
    # states are carried in two of the three, twice each; zeros start all other windows
    assert labels.count("h, c") == 4 and labels.count("0") == 5


def test_the_bits_of_a_number_are_drawn_full_where_they_are_one(figures):
    figure = figures["bits of pi"]
    full = [to_hex(patch.get_facecolor()) for patch in figure.axes[0].patches]
    # two more boxes, in black, are the legend
    assert len(full) == 64 + 32 + 19 + 2
    mantissas = sum(colour == show.BLUE.lower() for colour in full)
    assert mantissas == sum(bits_of(np.pi, name)[2].count("1") for name in FORMAT_NAMES)
    labels = said(figure)
    assert r"value 3.140625, error $9.7 \cdot 10^{-4}$" in labels
    assert r"value 3.1415927, error $8.7 \cdot 10^{-8}$" in labels
    assert labels.count("8 bits\nexponent") == 2 and "52 bits\nmantissa" in labels


@pytest.mark.parametrize(
    "call",
    [
        lambda: lstm.lstm_cell("memory"),
        lambda: unrolled.unrolled(5),
        lambda: unrolled.stacked_products(5),
        lambda: vae.encoder_z_decoder(1),
        lambda: vae.forced_and_free(4),
        lambda: language.ngram_fallback((0.1, 0.2)),
        lambda: language.pair_heatmap(PAIRS[:, 1:], LETTERS),
        lambda: tunes.shares_heatmap(TITLES, SHARES[1:], NEAR_DUPLICATES, 25.0),
        lambda: measuring.packed_sizes(47_092, 47_092, 22_105),
        lambda: language.coloured_text("abc", [0, 1], "h"),
        lambda: language.coloured_text("a" * 61, [0] * 61, "h"),
    ],
)
def test_what_cannot_be_drawn_is_refused(call):
    with pytest.raises(ValueError, match=r"expected|contexts"):
        call()


def test_the_fallback_makes_the_probabilities_of_kneser_ney():
    sequences = ["the old man", "an old mill", "a man may", "the name", "madam"]
    vocabulary = sorted(set("".join(sequences)))
    model = KneserNey(sequences, 4, vocabulary)
    own, weights, expected = [], [], []
    for context in (tuple(" ma"), tuple("ma"), ("a",), ()):
        counts = model.counts[context]
        taken = [0, *model.discounts[len(context)][1:]]
        total = counts.total()
        own.append((counts["n"] - taken[min(counts["n"], 3)]) / total)
        weights.append(sum(taken[min(count, 3)] for count in counts.values()) / total)
        expected.append(model.probability("n", context))
    results = language.fallback_probabilities(own, weights, len(vocabulary))
    assert np.allclose(results, expected, rtol=1e-12)
    labels = said(language.ngram_fallback(own, weights, len(vocabulary)))
    assert f'P("n" given "␣ma") = {expected[0]:.4f}' in labels
    assert f"1 / {len(vocabulary)}" in labels
    assert language.fallback_probabilities(own, weights, None) == []


def test_the_heat_map_has_the_first_letter_in_the_rows(figures):
    ax = figures["pairs"].axes[0]
    assert np.array_equal(ax.images[0].get_array().filled(0), PAIRS)
    assert [label.get_text() for label in ax.get_yticklabels()][:3] == ["␣", "a", "b"]
    assert (ax.get_ylabel(), ax.get_xlabel()) == ("first character", "second character")


def test_one_mask_drops_whole_features_and_the_other_as_many_squares(figures):
    crosses = [text.get_position() for text in texts(figures["dropout"]) if text.get_text() == "×"]
    left = [(x, y) for x, y in crosses if x < 4.5]
    right = [(x, y) for x, y in crosses if x > 4.5]
    assert len(left) == len(right) == 12
    assert len({round(y, 3) for _, y in left}) == 2
    assert len({round(y, 3) for _, y in right}) == 5


def test_the_mask_plan_is_that_of_the_model(figures):
    """Kinds of masks, step by step, are those that `pattern_plan` allows."""
    han = "".join(map(chr, range(0x4E00, 0x4E00 + 3000)))  # enough that rhyme
    characters = Vocabulary.build([han, "x\n"])
    plan = writing.pattern_plan(characters, PATTERN, 1, np.random.default_rng(0))
    body = plan.rows[len(PATTERN.name) + 1 :, 0]
    marks = []
    for text in texts(figures["mask plan"]):
        if text.get_text() in ("any", "↵", "end", "A", "B", "C"):
            marks.append(text.get_text())
    assert len(marks) == len(body) == sum(PATTERN.lengths) + len(PATTERN.lengths)
    # masks: anything, the characters of the name, newline, any Chinese, end, rhymes
    newline = len(PATTERN.name) + 1
    kinds = {newline: "↵", newline + 1: "any", newline + 2: "end"}
    assert [kinds.get(row, "rhyme") for row in body] == [
        "rhyme" if mark in "ABC" else mark for mark in marks
    ]


def test_the_line_that_is_told_has_its_pinyin_and_counts_down(figures):
    assert lazy_pinyin("春花秋月何时了", style=Style.TONE)[:6] == list(language.LINE[:6])
    labels = said(figures["told inputs"])
    assert [label for label in labels if label.isdigit()] == list("6543210")


def test_the_packed_sizes_make_the_bits(figures):
    labels = said(figures["packed sizes"])
    assert labels.count("47,092 bytes") == 2
    assert "added by the test text: 6,752 bytes" in labels
    assert f"{8 * 6752 / 22105:.2f} bits per character" in labels[-1]
    training, again, added = sorted(boxes(figures["packed sizes"]), key=lambda box: -box[0].width)
    assert training[0].width == again[0].width
    assert added[0].width / training[0].width == pytest.approx(6752 / 47092)


def test_windows_of_whole_poems_start_with_a_poem_and_y_is_never_exchanged(figures):
    places = boxes(figures["whole poems"])
    poems = [box for box, line in places[:14] if line == "solid"]
    windows = [box for box, line in places[:14] if line == "dashed"]
    starts = [box.x0 for box in poems[4:]]
    assert len(poems) == 8 and len(windows) == 6
    assert all(min(abs(box.x0 - start) for start in starts) < 0.01 for box in windows[3:])
    assert min(abs(windows[1].x0 - start) for start in starts) > 0.2
    read, predicted = places[14:31], places[31:]
    assert len(read) == len(predicted)
    assert sum(line == "dashed" for _, line in read) == len(measuring.EXCHANGED)
    assert all(line == "solid" for _, line in predicted)


def test_planned_units_are_dashed_and_named_so(figures):
    styles = [style for _, style in boxes(figures["course"])]
    assert styles.count("dashed") == len(UNITS) - 9 and styles.count("solid") == 9
    planned = [label for label in said(figures["course"]) if "(planned)" in label]
    assert len(planned) == len(UNITS) - 9
    assert not [label for label in said(figures["main course"]) if "planned" in label]


def test_every_unit_is_joined_by_the_arrows_that_it_needs(figures):
    needs = course.direct_needs(UNITS)
    # 04 needs 00 by way of 01 and 03
    assert needs["04_vanishing_gradients"] == ["03_backpropagation_through_time"]
    tips = heads(figures["course"])
    numbered = [name for name in needs if name[0] != "A"]
    assert len(tips) == sum(len(needs[name]) for name in numbered)
    starts = [line.get_path().vertices[0] for line in lines(figures["course"])]
    for box, _ in boxes(figures["course"])[: len(numbered)]:
        near = Bbox.from_extents(box.x0 - 0.01, box.y0 - 0.01, box.x1 + 0.01, box.y1 + 0.01)
        assert any(near.contains(*point) for point in [*tips, *starts]), box


def test_the_box_of_an_appendix_names_what_it_needs(figures):
    (label,) = [label for label in said(figures["course"]) if label.startswith("A4 ")]
    assert label.endswith("\nneeds 02, 06, 13,\nA3")


def test_a_unit_that_exists_needs_none_that_is_planned():
    existing, planned = course.units_in(Path(__file__).parents[1] / "notebooks")
    names = {unit.name for unit in planned}
    assert not [unit.name for unit in existing if names.intersection(unit.needs)]


def pieces(line: PathPatch) -> list[tuple[int, float, float, float]]:
    """The straight pieces of a line: the axis that stays, its value, from, to."""
    found = []
    vertices = line.get_path().vertices
    for first, second in zip(vertices, vertices[1:]):
        for axis in (0, 1):
            if abs(first[axis] - second[axis]) < 1e-6:
                ends = sorted((first[1 - axis], second[1 - axis]))
                found.append((axis, first[axis], *ends))
    return found


@pytest.mark.parametrize("name", ["course", "planned course", "main course"])
def test_arrows_of_different_units_do_not_lie_on_each_other(figures, name):
    drawn = lines(figures[name])
    for number, line in enumerate(drawn):
        for other in drawn[:number]:
            start, end = (line.get_path().vertices[place] for place in (0, -1))
            theirs = (other.get_path().vertices[place] for place in (0, -1))
            if any(np.allclose(a, b, atol=0.05) for a, b in zip((start, end), theirs)):
                continue  # from the same unit, or to the same
            for axis, value, low, high in pieces(line):
                for their_axis, their_value, their_low, their_high in pieces(other):
                    near = axis == their_axis and abs(value - their_value) < 0.04
                    shared = min(high, their_high) - max(low, their_low)
                    assert not (near and shared > 0.05), (start, end)


@pytest.mark.parametrize(
    "units, message",
    [
        ([course.Unit("00_a", "a"), course.Unit("01_b", "b", ("02_c",))], "02_c, which is no unit"),
        ([*UNITS, course.Unit("A6_alone", "alone")], "A6_alone needs no unit"),
        ([*UNITS, course.Unit("20_later", "later", ("19_outlook",))], "20_later.* no part"),
        ([*UNITS, course.Unit("A6_late", "late", ("19_outlook",))], "6 appendices"),
    ],
)
def test_a_map_with_a_hole_is_refused(units, message):
    with pytest.raises(ValueError, match=message):
        course.course_map(units)


def test_a_box_and_a_circle_know_their_edges():
    canvas = primitives.Canvas(2.0, 3.0)
    box = canvas.box(1, 1, "x", (0.8, 0.4))
    assert np.allclose([box.left, box.right], [(0.6, 1), (1.4, 1)])
    assert np.allclose([box.top, box.bottom], [(1, 1.2), (1, 0.8)])
    circle = canvas.circle(2, 1, "+", 0.25)
    assert np.allclose([circle.left, circle.top], [(1.75, 1), (2, 1.25)])
    assert canvas.fig.get_size_inches().tolist() == [3, 2]
    panel = canvas.panel((0, 0), (3, 2))
    assert (panel.x, panel.y, panel.width, panel.height) == (1.5, 1, 3, 2)
    (first, _), (second, _) = boxes(canvas.fig)  # the panel is behind them
    assert np.allclose(first.extents, [0.6, 0.8, 1.4, 1.2])
    assert np.allclose(second.extents, [1.75, 0.75, 2.25, 1.25])


def test_an_inch_of_a_drawing_is_an_inch_of_the_figure():
    canvas = primitives.Canvas(2.0, 3.0)
    pixels = canvas.ax.transData.transform([(0, 0), (1, 1)])
    assert np.allclose(pixels, [(0, 0), (canvas.fig.dpi, canvas.fig.dpi)])


def test_an_arrow_ends_in_its_tip_and_leaves_out_repeated_points():
    canvas = primitives.Canvas(2.0)
    canvas.arrow([(1, 1), (1, 1), (3, 1), (3, 1.6), (3, 1.6)], primitives.coloured(show.RED))
    (tip,) = heads(canvas.fig)
    assert tip.tolist() == [3, 1.6]
    (line,) = lines(canvas.fig)
    first, *_, last = line.get_path().vertices
    assert first.tolist() == [1, 1] and last[0] == 3
    assert 1.4 < last[1] < 1.6, "the line ends in the head and not in its tip"
    assert not line.get_path().contains_point((3, 1)), "the corner is round"
    assert to_hex(line.get_edgecolor()) == show.RED.lower()


def test_the_head_of_an_arrow_is_shorter_than_its_last_piece():
    canvas = primitives.Canvas(2.0)
    canvas.arrow([(1, 1), (1, 1.5), (1.08, 1.5)])
    (head,) = [patch for patch in canvas.ax.patches if isinstance(patch, Polygon)]
    assert head.get_xy()[:, 0].min() > 1.01


def test_single_lines_of_text_stand_on_one_height():
    canvas = primitives.Canvas(1.0)
    for x, word in enumerate(("any", "A", "↵", "$x_1$")):
        canvas.label(x + 1, 0.5, word)
    assert len({text.get_position()[1] for text in texts(canvas.fig)}) == 1


def test_a_tint_is_a_mix_with_white():
    assert primitives.lighter("#000000", 0.25) == (0.25, 0.25, 0.25)
    assert primitives.lighter(show.BLUE, 1) == (1, 1, 1)
    assert primitives.dashed(primitives.PLAIN).line == "dashed"


def test_importing_the_drawings_does_not_import_matplotlib():
    code = """
import sys
from lyricgen.drawings import canvas, course, language, lstm, precision, unrolled, vae
print("matplotlib" in sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_the_bytes_that_are_drawn_are_those_of_the_file(figures):
    data = (DATA / "midi" / "running.mid").read_bytes()
    assert bytes.fromhex(" ".join(midi.EVENTS)) in data
    notes = [note for note in read_midi(data).notes.tolist() if note[0] < 192]
    labels = said(figures["bytes to notes"])
    for onset, duration, pitch, *_ in notes:
        assert f"onset {onset}, duration {duration}, pitch {pitch}" in labels
    assert len(notes) == 2 and sum("start" in label and "tick" in label for label in labels) == 2


def test_pairing_draws_the_notes_of_one_pitch():
    labels = said(midi.pairing_rules(PAIRED, 60))
    assert {"0 to 192", "96 to 288", "0 to 288"} <= set(labels) and "0 to 9" not in labels
    with pytest.raises(ValueError, match="pitch 61"):
        midi.pairing_rules(PAIRED, 61)


def test_a_roll_of_voices_names_each_and_draws_its_notes():
    figure = midi.voices_roll(SUNG, (1, 4), [(0, 2, 72)])
    [ax] = figure.axes
    assert {"high", "low", "melody", "C4", "C5"} <= set(said(figure))
    colours = [to_hex(bar.get_facecolor()) for bar in ax.patches]
    assert len(colours) == 3 and colours[0] == colours[1] != colours[2]
    # two voices on one pitch are both seen: their bars have unlike heights
    on_c4 = [bar.get_height() for bar in ax.patches if bar.get_y() < 60.5]
    assert len(set(on_c4)) == 2 and ax.get_xlim() == (1, 4)
    with pytest.raises(ValueError, match="5 voices"):
        midi.voices_roll({str(k): [(0, 1, 60)] for k in range(5)}, (0, 4))


def test_z_is_drawn_into_every_step_of_both_decoders():
    figure = vae.forced_and_free(3)
    [ax] = figure.axes
    heads = [patch for patch in ax.patches if isinstance(patch, Polygon)]
    of_z = [head for head in heads if to_hex(head.get_facecolor()) == show.PINK.lower()]
    assert len(of_z) == 2 * (3 + 1)  # the first state of each decoder, and its three steps


def bars_of(*bars):
    made = [melody.to_events(np.array(notes), 16) for notes in bars]
    return np.stack(made)


TRUE_BAR = [(0, 4, 60), (4, 4, 64), (8, 4, 67), (12, 4, 72)]
COPY = [(0, 2, 60), (4, 4, 65), (8, 4, 67), (13, 3, 72)]
DRAW = [(0, 8, 30), (8, 8, 99)]


def test_the_notes_of_a_copy_are_judged_by_onset_pitch_and_length():
    truth = bars_of(TRUE_BAR)
    # the first is followed by silence, so it alone is too short
    kinds = vae_training.judge_notes(np.array(COPY), truth)
    expected = [vae_training.LENGTH, vae_training.WRONG, vae_training.RIGHT, vae_training.WRONG]
    assert kinds == expected
    assert set(vae_training.judge_notes(np.array(TRUE_BAR), truth)) == {vae_training.RIGHT}


def test_every_note_of_copies_and_draws_lies_inside_the_picture():
    found = {name: bars_of(COPY, DRAW, DRAW) for name in ("step 1", "step 2")}
    figure = vae_training.copies_and_draws(bars_of(TRUE_BAR), found)
    copies, draws = figure.axes[::2], figure.axes[1::2]
    for axes, notes in ((copies, 4), (draws[1:], 4)):
        for ax in axes:
            low, high = ax.get_ylim()
            lines = [line for group in ax.collections for line in group.get_segments()]
            assert len(lines) == notes
            assert all(low < pitch < high for line in lines for _, pitch in line)
            assert all(0 <= step <= ax.get_xlim()[1] for line in lines for step, _ in line)
    assert {"the bars as they are", "step 1", *vae_training.COLORS} <= set(said(figure))


def test_the_curves_of_a_training_have_a_panel_for_its_draws():
    measures = ("cost", "kl_bits", "free_running", "free_running_drawn", "exact")
    rows = [{f"validation_{name}": 0.5 for name in measures} | {"step": step} for step in (1, 2)]
    figure = vae_training.training_curves(rows, np.array([0, 0.1, 0.2]), [(0.7, 0.8), (0.9, 0.5)])
    *_, panel = figure.axes
    assert [line.get_ydata().tolist() for line in panel.lines] == [[0.7, 0.9], [0.8, 0.5]]
    with pytest.raises(ValueError, match="shorter"):
        vae_training.training_curves(rows, np.zeros(3), [(0.7, 0.8)])
