"""One configuration on four corpora, and on 1/8, 1/4, 1/2 and all of Song ci: writes data/results/corpora.json for notebook 04.

    python experiments/compare_corpora.py                    # 8 CPU-minutes a run, 15 runs, one thread: between two and three hours
    python experiments/compare_corpora.py --jobs 2           # the same, two runs at a time
    python experiments/compare_corpora.py --cpu-minutes 1    # shorter runs; give another --out

Every run has the same settings, whatever the corpus. How many steps it has is chosen once for each corpus, from the processor time of a few
steps on one thread, so that a run takes the minutes; the seeds of a corpus have the same number, and the parts of Song ci that of Song ci.
What is done is in the file and is left as it is; a run that was stopped goes on where it was.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import platform
import shutil
import sys
import time
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict
from pathlib import Path

if __name__ == "__main__":  # before NumPy and TensorFlow are imported
    os.environ |= dict.fromkeys(
        (
            "OMP_NUM_THREADS",
            "OPENBLAS_NUM_THREADS",
            "TF_NUM_INTRAOP_THREADS",
            "TF_NUM_INTEROP_THREADS",
        ),
        "1",
    )
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np

from lyricgen import files
from lyricgen.lyrics import corpora
from lyricgen.lyrics import measures as lyric_measures
from lyricgen.lyrics import vocabulary as lyrics_vocabulary
from lyricgen.models import checkpoint
from lyricgen.models import training as models_training
from lyricgen.models.language import data as language_data
from lyricgen.models.language import network as language_network
from lyricgen.models.language import training as language_training
from lyricgen.models.language.data import Splits, load_corpus_splits
from lyricgen.models.language.evaluation import ngram_bits
from lyricgen.models.language.inference import NumpyLanguageModel, lstm_bits

SETTINGS = language_network.Settings(
    embedding=128, hidden=512, layers=1, dropout=0.3, batch=16, length=64, rate=5e-3
)
SEEDS, VALIDATIONS = 3, 20
FRACTIONS = ("1/8", "1/4", "1/2")
MARK = "\0"  # the end of a poem in what gzip and xz read: one character, as for the models
FIRST = ("songci", "burns", "yuanqu", "ballads")
QUEUE = (
    [(name, "1", 1) for name in FIRST]
    + [("songci", fraction, 1) for fraction in FRACTIONS]
    + [(name, "1", seed) for seed in range(2, SEEDS + 1) for name in FIRST]
)


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def fraction_of(poems: list, fraction: str) -> list:
    """The first part of the training poems in an order that does not change: a quarter holds the eighth, and so on."""
    over, under = map(int, fraction.split("/")) if "/" in fraction else (1, 1)
    order = np.random.default_rng(0).permutation(len(poems))
    return [poems[k] for k in sorted(order[: len(poems) * over // under])]


def ngram(characters: lyrics_vocabulary.Vocabulary, parts: Splits) -> dict:
    """The best Kneser-Ney n-gram: the order that is best on the validation part, and its bits per character on the test part."""
    order, bits = ngram_bits(characters, parts)
    return {"order": order, "test": round(bits, 4)}


def steps_for(
    parts: Splits, vocabulary: int, settings: language_network.Settings, cpu_minutes: float
) -> dict:
    """How many steps fit into the minutes of processor time, from the median of a few, with the validations between them."""
    models_training.make_deterministic(settings.seed)
    model = language_network.LanguageModel(vocabulary, settings)
    data, held_out = (
        language_data.Stream(parts[part], settings.batch, settings.length, 1)
        for part in ("train", "validation")
    )
    times = []
    for step in range(14):
        began = time.process_time()
        model.train_on_batch(*data(step))
        times.append(time.process_time() - began)
    model.cost(held_out)  # the first time it is compiled
    began = time.process_time()
    model.cost(held_out)
    validating, step = time.process_time() - began, float(np.median(times[4:]))
    keras.utils.clear_session()
    return {
        "steps": max(VALIDATIONS, int((60 * cpu_minutes - VALIDATIONS * validating) / step)),
        "cpu_seconds_a_step": round(step, 4),
        "cpu_seconds_a_validation": round(validating, 2),
    }


def describe(
    name: str,
    characters: lyrics_vocabulary.Vocabulary,
    parts: Splits,
    settings: language_network.Settings,
    cpu_minutes: float,
) -> dict:
    """What is measured once of a corpus: sizes, gzip, xz, the n-gram, and the number of steps."""
    corpus = corpora.load_corpus(name)
    training, test = (
        "".join(text + MARK for text in corpus.texts_of(part)) for part in ("train", "test")
    )
    return {
        "poems": {part: len(parts[part]) for part in corpora.SPLITS},
        "characters": {part: sum(map(len, parts[part])) for part in corpora.SPLITS},
        "vocabulary": len(characters),
        "folded": characters.folded,
        **{
            method: round(lyric_measures.compressed_bits_per_character(training, test, method), 4)
            for method in ("gzip", "xz")
        },
        "ngram": ngram(characters, parts),
        **steps_for(parts, len(characters), settings, cpu_minutes),
    }


def run(
    name: str,
    fraction: str,
    seed: int,
    characters: lyrics_vocabulary.Vocabulary,
    parts: Splits,
    steps: int,
    settings: language_network.Settings,
) -> dict:
    """Trains one model, and measures it from weights rounded to float16, as they would be shipped."""
    settings = language_network.Settings(**asdict(settings) | {"seed": seed})
    data = {part: len(parts[part]) for part in corpora.SPLITS}
    folder = checkpoint.folder_for(
        f"compare-{name}-{fraction.replace('/', 'of')}", asdict(settings) | {"steps": steps} | data
    )
    whole, began = not (folder / "checkpoint.npz").exists(), time.process_time()
    model, rows = language_training.train(
        parts,
        len(characters),
        settings,
        folder,
        progress=sys.stderr.isatty(),
        steps=steps,
        validations=VALIDATIONS,
    )
    spent = time.process_time() - began
    rounded = NumpyLanguageModel(
        {key: value.astype(np.float16) for key, value in model.arrays().items()}, characters
    )
    bits = {part: round(lstm_bits(rounded, parts[part]), 4) for part in ("validation", "test")}
    best = min(rows, key=lambda row: row["validation"])
    keras.utils.clear_session()
    shutil.rmtree(folder, ignore_errors=True)  # tens of megabytes that nobody needs any more
    return {
        "corpus": name,
        "fraction": fraction,
        "seed": seed,
        "steps": steps,
        "best_step": best["step"],
        **bits,
        "cpu_seconds": round(spent) if whole else None,
        "parameters": sum(value.size for value in rounded.arrays.values()),
    }


def compare(
    path: Path,
    cpu_minutes: float,
    queue=QUEUE,
    settings: language_network.Settings = SETTINGS,
    jobs: int = 1,
) -> None:
    """Goes through the queue, so many runs at a time, and writes the file after each; raises UserError where the file is of other settings."""
    frame = {
        "made by": "python experiments/compare_corpora.py",
        "cpu_minutes": cpu_minutes,
        "settings": {key: value for key, value in asdict(settings).items() if key != "seed"},
        "vocabulary": "of a corpus's whole training part, also for the parts of Song ci, so that their figures can be compared",
    }
    found = (
        files.read_card(path)
        if path.exists()
        else frame
        | {
            "machine": f"{models_training.machine()}, one thread",
            "python": platform.python_version(),
            "versions": {
                "numpy": np.__version__,
                "keras": keras.__version__,
                keras.backend.backend(): sys.modules[keras.backend.backend()].__version__,
            },
            "corpora": {},
            "fractions": {},
            "runs": {},
        }
    )
    if {key: found.get(key) for key in frame} != frame:
        raise files.UserError(
            f"{path} is of other settings or minutes; delete it or give another --out."
        )
    todo = []
    for name, fraction, seed in queue:
        key = f"{name} {fraction} seed {seed}"
        if key in found["runs"]:
            say(f"{key}: there already")
            continue
        characters, parts, _ = load_corpus_splits(name)
        if name not in found["corpora"]:
            say(f"{name}: gzip, xz, n-gram, time of a step")
            found["corpora"][name] = describe(name, characters, parts, settings, cpu_minutes)
            files.write_json(path, found)
        if fraction != "1":
            parts = parts | {"train": fraction_of(parts["train"], fraction)}
            if fraction not in found["fractions"]:
                found["fractions"][fraction] = {
                    "poems": len(parts["train"]),
                    "characters": sum(map(len, parts["train"])),
                    "ngram": ngram(characters, parts),
                }
                files.write_json(path, found)
        todo.append(
            (
                key,
                (
                    name,
                    fraction,
                    seed,
                    characters,
                    parts,
                    found["corpora"][name]["steps"],
                    settings,
                ),
            )
        )

    def results():
        if jobs == 1:
            yield from ((key, run(*given)) for key, given in todo)
            return
        with ProcessPoolExecutor(jobs, multiprocessing.get_context("spawn")) as pool:
            running = {pool.submit(run, *given): key for key, given in todo}
            yield from ((running[done], done.result()) for done in as_completed(running))

    for key, row in results():
        found["runs"][key] = row
        files.write_json(path, found)
        say(
            f"{key}: {row['steps']} steps, {row['test']} bits per character on the test part, n-gram "
            f"{(found['corpora'][row['corpus']] if row['fraction'] == '1' else found['fractions'][row['fraction']])['ngram']['test']}"
        )


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--cpu-minutes", type=float, default=8.0, help="processor time of a run (8)"
    )
    parser.add_argument(
        "--jobs", type=int, default=1, help="runs at a time, each on one thread (1)"
    )
    parser.add_argument(
        "--out",
        type=Path,
        default=files.DATA / "results" / "corpora.json",
        help="the file (data/results/corpora.json)",
    )
    args = parser.parse_args(arguments)
    try:
        compare(args.out, args.cpu_minutes, jobs=max(1, args.jobs))
    except files.UserError as error:
        say(str(error))
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
