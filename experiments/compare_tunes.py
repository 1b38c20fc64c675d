"""Compares the reader of the tune books with music21's own `converter.parse`, tune by tune, and writes data/results/tunes.json.

    python experiments/compare_tunes.py --sample 100     # about 100 tunes spread over the books; prints, writes nothing
    python experiments/compare_tunes.py                  # all 4,433 tunes, 5 to 10 minutes on one core

Compared are the notes as they stand on the page, before repeats: onset and duration in quarters (Fractions), pitch; ties merged, of a chord
the highest note. Both readers get the same `prepared` text; the comparison with the untouched text is there as well, with its reasons.
Processor times are those of the two parsers on the same tunes in the same process. Exit code 1 where a difference has no reason.
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
from fractions import Fraction

from tqdm import tqdm

from lyricgen import files
from lyricgen.music import abc_notation, tune_books

# Why the two readings of the same prepared text differ: a pattern in the text, which reading is right, and why.
REASONS = {
    "voices": (
        r"(?m)^V:|\[V:",
        "ours",
        "Each return to a voice makes a new part in music21, so that no part holds the tune; here a voice goes on.",
    ),
    "chord in a grace": (
        r"\{[^}\n]*\[",
        "ours",
        "music21 gives a chord among grace notes its full length; it has none in its bar.",
    ),
    "tied chords": (
        r"\][0-9/]*-",
        "ours",
        "music21 reads the tie after a chord and leaves it away when it builds the chord.",
    ),
    "garbled file": (
        r"\[[^]\n]*\n[^]\n]*\]",
        "neither",
        "Lines are broken inside chords and numbers, and bars are too long: music21 bars it again "
        "and lets two notes overlap; here the lengths stay as they are written.",
    ),
}
# Why the reading of the prepared text differs from music21's reading of the untouched one; in all of them ours is right.
PREPARED = {
    "field in brackets": (
        r"\[[A-Z]:[^]\n]*\]",
        "music21 reads a field in brackets, such as [M:2/4] or [V:2], as an empty chord.",
    ),
    "accent": (
        r'"\s*>[^"\n]*"',
        "music21 drops the note under an annotation that begins with an accent, taking it for a fingering diagram.",
    ),
    "accidental": (
        r"[_^=]",
        "Without a version line music21 lets an accidental hold for one note (ABC 1.3). In these books it holds to the end of "
        "the bar: see `accidentals`, where a sign that cancels it is frequent and one that repeats it is rare.",
    ),
}


def theirs(abc: str) -> tuple[list[abc_notation.Note], float]:
    """The notes that `converter.parse` gives, of the part with most of them, and the processor time of the parse alone."""
    from music21 import converter, harmony

    start = time.process_time()
    with contextlib.redirect_stderr(io.StringIO()):
        score = converter.parse(abc, format="abc")
    seconds = time.process_time() - start
    best: list[abc_notation.Note] = []
    for part in score.parts:
        notes: list[abc_notation.Note] = []
        tied = False
        for note in part.flatten().notes:
            if isinstance(note, harmony.Harmony) or note.duration.isGrace or not note.quarterLength:
                continue
            onset, duration = (
                Fraction(value).limit_denominator(4096)
                for value in (note.offset, note.quarterLength)
            )
            pitch = max(each.midi for each in note.pitches)
            if tied and notes[-1][2] == pitch and notes[-1][0] + notes[-1][1] == onset:
                notes[-1] = (notes[-1][0], notes[-1][1] + duration, pitch)
            else:
                notes.append((onset, duration, pitch))
            tied = note.tie is not None and note.tie.type in ("start", "continue")
        best = max(best, notes, key=len)
    return best, seconds


def accidentals(abc: str) -> Counter:
    """How a pitch is written that comes again in the bar in which it has had an accidental: bare, with the same sign, or with another."""
    found: Counter = Counter()
    body = "\n".join(line for line in abc.splitlines() if not re.match(r"[A-Za-z]:|%", line))
    for bar in re.split(r"[|:\[\]]+[12]?", re.sub(r'"[^"]*"|\{[^}]*\}', "", body)):
        signs: dict[str, str] = {}
        for sign, pitch in re.findall(r"([_^=]*)([A-Ga-g][,']*)", bar):
            if pitch in signs:
                found[
                    "bare" if not sign else "repeated" if sign == signs[pitch] else "cancelled"
                ] += 1
            if sign:
                signs[pitch] = sign
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--sample", type=int, help="compare about so many tunes, spread evenly, and write nothing"
    )
    sample = parser.parse_args().sample
    texts = [
        (book, id, abc)
        for book in tune_books.BOOKS
        for id, abc in abc_notation.tunes_of(abc_notation.sources(book, {}))
    ]
    chosen = texts[:: max(1, len(texts) // sample)] if sample else texts
    read = [
        abc_notation.written_bars(abc_notation.prepared(texts[0][2]))
    ]  # imports music21 before the clock starts
    start = (
        time.process_time()
    )  # this reader goes first and alone: what the other leaves in memory would slow it down
    for _, _, abc in chosen:
        read.append(abc_notation.written_bars(abc_notation.prepared(abc)))
        abc_notation.runs(abc_notation.played(read[-1][0]))
    times = [time.process_time() - start, 0.0]
    signs, differences, unread, untouched = Counter(), [], [], defaultdict(list)
    for (book, id, abc), (bars, _) in zip(tqdm(chosen, unit="tune", mininterval=2), read[1:]):
        text, place, mine = abc_notation.prepared(abc), f"{book} {id}", abc_notation.notes_of(bars)
        other, seconds = theirs(text)
        times[1] += seconds
        signs += accidentals(abc)
        if mine != other:
            reason = next(
                (name for name, (pattern, _, _) in REASONS.items() if re.search(pattern, abc)), None
            )
            (differences if reason else unread).append((place, reason))
        body = "\n".join(line for line in abc.splitlines() if not re.match(r"[A-Za-z]:|%", line))
        changed = [name for name, (pattern, _) in PREPARED.items() if re.search(pattern, body)]
        if mine != other:
            untouched["as on the prepared text"].append(place)
        elif (
            changed and mine != theirs(abc)[0]
        ):  # an accidental is only named where it must be the reason
            untouched[
                " and ".join([name for name in changed if name != "accidental"] or changed)
            ].append(place)
    equal, rest = len(chosen) - len(differences) - len(unread), sum(map(len, untouched.values()))
    print(
        f"{equal} of {len(chosen)} tunes are equal ({equal / len(chosen):.2%}); of the untouched texts {len(chosen) - rest}."
    )
    print(
        f"processor time: {times[0]:.1f} s here, {times[1]:.1f} s converter.parse ({times[1] / times[0]:.1f} times)"
    )
    for place, reason in unread + differences:
        print(f"{place}: {reason or 'NO REASON'}")
    if not sample:
        files.write_json(
            files.DATA / "results" / "tunes.json",
            {
                "made by": "python experiments/compare_tunes.py",
                "music21": importlib.metadata.version("music21"),
                "python": platform.python_version(),
                "machine": f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores",
                "tunes": len(chosen),
                "equal": equal,
                "equal share": round(equal / len(chosen), 4),
                "differences": [
                    {
                        "reason": name,
                        "right": right,
                        "why": why,
                        "tunes": [place for place, reason in differences if reason == name],
                    }
                    for name, (_, right, why) in REASONS.items()
                ],
                "without a reason": [place for place, _ in unread],
                "untouched text": {
                    "equal": len(chosen) - rest,
                    "why": {name: why for name, (_, why) in PREPARED.items()},
                    "accidentals": {
                        "what": "a pitch that comes again in the bar in which it has had an accidental",
                        **signs,
                    },
                    "different": dict(untouched),
                },
                "processor seconds": {
                    "this reader, repeats and grid included": round(times[0], 1),
                    "converter.parse": round(times[1], 1),
                    "ratio": round(times[1] / times[0], 1),
                },
            },
        )
    return 1 if unread else 0


if __name__ == "__main__":
    sys.exit(main())
