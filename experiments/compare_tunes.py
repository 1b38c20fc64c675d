"""Compares the reader of the tune books with music21's own `converter.parse`.

    python experiments/compare_tunes.py --sample 100   # about 100 tunes; only prints
    python experiments/compare_tunes.py                # all tunes, 5 to 10 minutes

Without --sample it writes data/results/tunes.json. Compared are the notes of each tune
as
they stand on the page, before repeats: onset and duration in quarters (Fractions),
    pitch; ties merged, of a chord the highest note. Both readers get the same
    `prepared` text; the comparison with the untouched text is there as well, with its
    reasons. Processor times are those of the two parsers on the same tunes in the same
    process. Exit code 1 where a difference has no reason.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib.metadata
import io
import os
import platform
import re
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, NamedTuple

from tqdm import tqdm

from lyricgen import files
from lyricgen.music import abc_notation, tune_books


class Reason(NamedTuple):
    """Why two readings differ: a pattern in the text, which one is right, and why."""

    pattern: str
    right: str
    why: str


# Why the two readings of the same prepared text differ
REASONS = {
    "voices": Reason(
        r"(?m)^V:|\[V:",
        "ours",
        "Each return to a voice makes a new part in music21, so that no part holds the tune; "
        "here a voice goes on.",
    ),
    "chord in a grace": Reason(
        r"\{[^}\n]*\[",
        "ours",
        "music21 gives a chord among grace notes its full length; it has none in its bar.",
    ),
    "tied chords": Reason(
        r"\][0-9/]*-",
        "ours",
        "music21 reads the tie after a chord and leaves it away when it builds the chord.",
    ),
    "garbled file": Reason(
        r"\[[^]\n]*\n[^]\n]*\]",
        "neither",
        "Lines are broken inside chords and numbers, and bars are too long: music21 bars it again "
        "and lets two notes overlap; here the lengths stay as they are written.",
    ),
}

# Why our reading of the prepared text differs from music21's of the untouched one
PREPARED = {
    "field in brackets": Reason(
        r"\[[A-Z]:[^]\n]*\]",
        "ours",
        "music21 reads a field in brackets, such as [M:2/4] or [V:2], as an empty chord.",
    ),
    "accent": Reason(
        r'"\s*>[^"\n]*"',
        "ours",
        "music21 drops the note under an annotation that begins with an accent, taking it for a "
        "fingering diagram.",
    ),
    "accidental": Reason(
        r"[_^=]",
        "ours",
        "Without a version line music21 lets an accidental hold for one note (ABC 1.3). In these "
        "books it holds to the end of the bar: see `accidentals`, where a sign that cancels it is "
        "frequent and one that repeats it is rare.",
    ),
}


def theirs(abc: str) -> tuple[list[abc_notation.Note], float]:
    """Returns the notes that `converter.parse` gives, and its processor time.

    The notes are those of the part with most of them.
    """
    from music21 import converter

    start = time.process_time()
    with contextlib.redirect_stderr(io.StringIO()):
        score: Any = converter.parse(abc, format="abc")
    seconds = time.process_time() - start
    best: list[abc_notation.Note] = []
    for part in score.parts:
        best = max(best, notes_of_part(part), key=len)
    return best, seconds


def notes_of_part(part: Any) -> list[abc_notation.Note]:
    """Returns the notes of a part of music21, ties merged, of a chord the highest."""
    from music21 import harmony

    notes: list[abc_notation.Note] = []
    tied = False
    for note in part.flatten().notes:
        if isinstance(note, harmony.Harmony) or note.duration.isGrace or not note.quarterLength:
            continue
        onset = Fraction(note.offset).limit_denominator(4096)
        duration = Fraction(note.quarterLength).limit_denominator(4096)
        pitch = max(each.midi for each in note.pitches)
        if tied and abc_notation.follows(notes[-1], onset, pitch):
            last_onset, last_duration, _ = notes[-1]
            notes[-1] = (last_onset, last_duration + duration, pitch)
        else:
            notes.append((onset, duration, pitch))
        tied = note.tie is not None and note.tie.type in ("start", "continue")
    return notes


def body_of(abc: str) -> str:
    """Returns the lines of a tune that are no header fields and no comments."""
    return "\n".join(line for line in abc.splitlines() if not re.match(r"[A-Za-z]:|%", line))


def accidentals(abc: str) -> Counter[str]:
    """Counts how a pitch is written that has had an accidental in its bar.

    It is bare, has the same sign (repeated), or another (cancelled).
    """
    ways: Counter[str] = Counter()
    without_annotations = re.sub(r'"[^"]*"|\{[^}]*\}', "", body_of(abc))
    for bar in re.split(r"[|:\[\]]+[12]?", without_annotations):
        signs: dict[str, str] = {}
        for sign, pitch in re.findall(r"([_^=]*)([A-Ga-g][,']*)", bar):
            if pitch in signs:
                ways[way_of_writing(sign, signs[pitch])] += 1
            if sign:
                signs[pitch] = sign
    return ways


def way_of_writing(sign: str, sign_before: str) -> str:
    """Returns how a pitch is written that has had an accidental."""
    if not sign:
        return "bare"
    return "repeated" if sign == sign_before else "cancelled"


class TuneText(NamedTuple):
    """The text of a tune, and where it stands: "book file/number"."""

    place: str
    abc: str


@dataclass
class Comparison:
    """What the comparison of some tunes gives."""

    tunes: int
    # the places of tunes that differ, with a reason and without one
    differences: list[tuple[str, str]] = field(default_factory=list)
    without_reason: list[str] = field(default_factory=list)
    # differences from the reading of the untouched text: reason -> places
    untouched: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    accidentals: Counter[str] = field(default_factory=Counter)
    our_seconds: float = 0.0
    their_seconds: float = 0.0

    @property
    def equal(self) -> int:
        """The number of tunes that both read alike."""
        return self.tunes - len(self.differences) - len(self.without_reason)

    @property
    def equal_untouched(self) -> int:
        """The number of tunes that music21 reads alike from the untouched text."""
        return self.tunes - sum(map(len, self.untouched.values()))

    @property
    def ratio(self) -> float:
        """How many times longer `converter.parse` takes."""
        return self.their_seconds / self.our_seconds


def all_texts() -> list[TuneText]:
    """Returns the tunes of all books."""
    texts = []
    for book in tune_books.BOOKS:
        for id, abc in abc_notation.tunes_of(abc_notation.sources(book, {})):
            texts.append(TuneText(f"{book} {id}", abc))
    return texts


def read_all(texts: Sequence[TuneText]) -> tuple[list[list[abc_notation.Bar]], float]:
    """Reads tunes with our reader; returns their bars and the processor time."""
    # imports music21 before the clock starts
    abc_notation.written_bars(abc_notation.prepared(texts[0].abc))
    bars_of_tunes = []
    start = time.process_time()
    for _, abc in texts:
        bars, _ = abc_notation.written_bars(abc_notation.prepared(abc))
        abc_notation.runs(abc_notation.played(bars))
        bars_of_tunes.append(bars)
    return bars_of_tunes, time.process_time() - start


def compare(texts: Sequence[TuneText]) -> Comparison:
    """Compares the two readers on tunes."""
    result = Comparison(len(texts))
    # our reader comes first: what the other leaves in memory would slow it down
    bars_of_tunes, result.our_seconds = read_all(texts)
    for text, bars in zip(tqdm(texts, unit="tune", mininterval=2), bars_of_tunes):
        compare_tune(text, abc_notation.notes_of(bars), result)
    return result


def compare_tune(text: TuneText, ours: list[abc_notation.Note], result: Comparison) -> None:
    """Compares the two readings of one tune and adds it to the result."""
    place, abc = text
    other, seconds = theirs(abc_notation.prepared(abc))
    result.their_seconds += seconds
    result.accidentals += accidentals(abc)
    if ours != other:
        reasons = matching(REASONS, abc)
        if reasons:
            result.differences.append((place, reasons[0]))
        else:
            result.without_reason.append(place)
        result.untouched["as on the prepared text"].append(place)
        return
    changed = matching(PREPARED, body_of(abc))
    if changed and ours != theirs(abc)[0]:
        # an accidental is only named where it must be the reason
        others = [name for name in changed if name != "accidental"]
        result.untouched[" and ".join(others or changed)].append(place)


def matching(reasons: dict[str, Reason], text: str) -> list[str]:
    """Returns the names of the reasons whose pattern is in a text."""
    return [name for name, reason in reasons.items() if re.search(reason.pattern, text)]


def card(result: Comparison) -> dict:
    """Returns data/results/tunes.json."""
    return {
        "made by": "python experiments/compare_tunes.py",
        "music21": importlib.metadata.version("music21"),
        "python": platform.python_version(),
        "machine": f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores",
        "tunes": result.tunes,
        "equal": result.equal,
        "equal share": round(result.equal / result.tunes, 4),
        "differences": [card_of_reason(name, result) for name in REASONS],
        "without a reason": result.without_reason,
        "untouched text": card_of_untouched(result),
        "processor seconds": {
            "this reader, repeats and grid included": round(result.our_seconds, 1),
            "converter.parse": round(result.their_seconds, 1),
            "ratio": round(result.ratio, 1),
        },
    }


def card_of_reason(name: str, result: Comparison) -> dict:
    """Returns a reason and the tunes that differ for it."""
    tunes = [place for place, reason in result.differences if reason == name]
    reason = REASONS[name]
    return {"reason": name, "right": reason.right, "why": reason.why, "tunes": tunes}


def card_of_untouched(result: Comparison) -> dict:
    """Returns the comparison with the reading of the untouched texts."""
    what = "a pitch that comes again in the bar in which it has had an accidental"
    return {
        "equal": result.equal_untouched,
        "why": {name: reason.why for name, reason in PREPARED.items()},
        "accidentals": {"what": what, **result.accidentals},
        "different": dict(result.untouched),
    }


def print_result(result: Comparison) -> None:
    """Prints the figures and the tunes that differ."""
    share = result.equal / result.tunes
    print(
        f"{result.equal} of {result.tunes} tunes are equal ({share:.2%}); "
        f"of the untouched texts {result.equal_untouched}."
    )
    print(
        f"processor time: {result.our_seconds:.1f} s here, "
        f"{result.their_seconds:.1f} s converter.parse ({result.ratio:.1f} times)"
    )
    for place in result.without_reason:
        print(f"{place}: NO REASON")
    for place, reason in result.differences:
        print(f"{place}: {reason}")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--sample", type=int, help="compare about so many tunes, spread evenly, and write nothing"
    )
    sample = parser.parse_args().sample
    texts = all_texts()
    if sample:
        texts = texts[:: max(1, len(texts) // sample)]
    result = compare(texts)
    print_result(result)
    if not sample:
        files.write_json(files.DATA / "results" / "tunes.json", card(result))
    return 1 if result.without_reason else 0


if __name__ == "__main__":
    sys.exit(main())
