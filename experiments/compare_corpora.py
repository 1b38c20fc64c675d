"""Compares one configuration on four corpora, and on fractions of Song ci.

    python experiments/compare_corpora.py                  # 15 runs on one thread
    python experiments/compare_corpora.py --jobs 2         # two runs at a time
    python experiments/compare_corpora.py --cpu-minutes 1  # shorter; give another --out

Writes data/results/corpora.json for the notebook on four corpora. A run takes 8
CPU-minutes, all of them between two and three hours. The fractions of Song ci are 1/8,
1/4, 1/2 and all.

Every run has the same settings, whatever the corpus. How many steps it has is chosen
once for each corpus, from the processor time of a few steps on one thread, so that a
run takes the minutes; the seeds of a corpus have the same number, and the fractions of
Song ci that of Song ci. What is done is in the file and is left as it is; a run that
was stopped resumes.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import platform
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

# The environment is set before NumPy and TensorFlow are imported.
if __name__ == "__main__":
    for variable in (
        "OMP_NUM_THREADS",
        "OPENBLAS_NUM_THREADS",
        "TF_NUM_INTRAOP_THREADS",
        "TF_NUM_INTEROP_THREADS",
    ):
        os.environ[variable] = "1"
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np

from lyricgen import files
from lyricgen.budget import Budget
from lyricgen.lyrics import corpora
from lyricgen.lyrics.measures import compressed_bits_per_character
from lyricgen.models import checkpoint
from lyricgen.models import training as models_training
from lyricgen.models.language import training as language_training
from lyricgen.models.language.data import Stream, TextData, load_corpus_splits
from lyricgen.models.language.evaluation import ngram_bits
from lyricgen.models.language.inference import NumpyLanguageModel, lstm_bits
from lyricgen.models.language.network import Settings

SETTINGS = Settings(
    embedding=128, hidden=512, layers=1, dropout=0.3, batch=16, length=64, rate=5e-3
)
SEEDS = 3
VALIDATIONS = 20
FRACTIONS = ("1/8", "1/4", "1/2")

# The end of a poem in what gzip and xz read: one character, as for the models.
MARK = "\0"

# Corpus, fraction of its training split, and seed, in the order of need.
FIRST = ("songci", "burns", "yuanqu", "ballads")
QUEUE = (
    [(name, "1", 1) for name in FIRST]
    + [("songci", fraction, 1) for fraction in FRACTIONS]
    + [(name, "1", seed) for seed in range(2, SEEDS + 1) for name in FIRST]
)

VOCABULARY_NOTE = (
    "of a corpus's whole training part, also for the parts of Song ci, so that their "
    "figures can be compared"
)

Job = tuple[str, str, int]


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def fraction_of(poems: list, fraction: str) -> list:
    """Returns the first of the training poems in an order that does not change.

    A quarter holds the eighth, and so on.
    """
    over, under = map(int, fraction.split("/")) if "/" in fraction else (1, 1)
    order = np.random.default_rng(0).permutation(len(poems))
    chosen = order[: len(poems) * over // under]
    return [poems[k] for k in sorted(chosen)]


def ngram(data: TextData) -> dict:
    """Returns the order chosen on the validation split, and its test bits."""
    order, bits = ngram_bits(data.vocabulary, data.splits)
    return {"order": order, "test": round(bits, 4)}


def steps_for(data: TextData, settings: Settings, cpu_minutes: float) -> dict:
    """Returns how many steps, and validations between them, fit into CPU-minutes.

    From the median processor time of a few steps.
    """
    model = language_training.build(data, settings)
    batch = Stream(data.splits["train"], settings.batch, settings.length, 1)
    validation = Stream(data.splits["validation"], settings.batch, settings.length, 1)

    def train(step: int) -> None:
        model.train_on_batch(*batch(step))

    times = [cpu_seconds(train, step) for step in range(14)]
    # The first call compiles, so it is not measured.
    model.cost(validation)
    validating = cpu_seconds(model.cost, validation)
    keras.utils.clear_session()
    # Nor are the first steps.
    step_seconds = float(np.median(times[4:]))
    left = 60 * cpu_minutes - VALIDATIONS * validating
    return {
        "steps": max(VALIDATIONS, int(left / step_seconds)),
        "cpu_seconds_a_step": round(step_seconds, 4),
        "cpu_seconds_a_validation": round(validating, 2),
    }


def cpu_seconds(function: Callable, *arguments: Any) -> float:
    """Returns the processor time of a call."""
    began = time.process_time()
    function(*arguments)
    return time.process_time() - began


def describe(name: str, data: TextData, settings: Settings, cpu_minutes: float) -> dict:
    """Returns what is measured once of a corpus.

    Its sizes, gzip, xz, the n-gram, and the number of steps.
    """
    corpus = corpora.load_corpus(name)
    train = with_marks(corpus.texts_of("train"))
    test = with_marks(corpus.texts_of("test"))
    splits = {split: data.splits[split] for split in corpora.SPLITS}
    return {
        "poems": {split: len(poems) for split, poems in splits.items()},
        "characters": {split: sum(map(len, poems)) for split, poems in splits.items()},
        "vocabulary": len(data.vocabulary),
        "folded": data.vocabulary.folded,
        "gzip": round(compressed_bits_per_character(train, test, "gzip"), 4),
        "xz": round(compressed_bits_per_character(train, test, "xz"), 4),
        "ngram": ngram(data),
        **steps_for(data, settings, cpu_minutes),
    }


def with_marks(texts: list[str]) -> str:
    """Returns the texts as one, with a mark after each."""
    return "".join(text + MARK for text in texts)


def run(job: Job, data: TextData, steps: int, settings: Settings) -> dict:
    """Trains one model, and measures it from weights rounded to float16."""
    name, fraction, seed = job
    settings = replace(settings, seed=seed)
    sizes = {split: len(data.splits[split]) for split in corpora.SPLITS}
    described = asdict(settings) | {"steps": steps} | sizes
    folder = checkpoint.folder_for(f"compare-{name}-{fraction.replace('/', 'of')}", described)
    # The time of a resumed run is not known.
    is_resumed = (folder / "checkpoint.npz").exists()
    budget = Budget(folder, steps, validations=VALIDATIONS, progress=sys.stderr.isatty())
    began = time.process_time()
    weights, rows = language_training.train(data, settings, budget)
    spent = time.process_time() - began
    rounded = {key: value.astype(np.float16) for key, value in weights.items()}
    model = NumpyLanguageModel(rounded, data.vocabulary)
    best = min(rows, key=lambda row: row["validation"])
    keras.utils.clear_session()
    # Tens of megabytes that are no longer needed.
    shutil.rmtree(folder, ignore_errors=True)
    return {
        "corpus": name,
        "fraction": fraction,
        "seed": seed,
        "steps": steps,
        "best_step": best["step"],
        "validation": round(lstm_bits(model, data.splits["validation"]), 4),
        "test": round(lstm_bits(model, data.splits["test"]), 4),
        "cpu_seconds": None if is_resumed else round(spent),
        "parameters": sum(value.size for value in weights.values()),
    }


def compare(
    path: Path,
    cpu_minutes: float,
    queue: list[Job] = QUEUE,
    settings: Settings = SETTINGS,
    jobs: int = 1,
) -> None:
    """Runs what is missing in the file, so many at a time, and writes it after each.

    Raises: UserError where the file is of other settings.
    """
    results = read_results(path, cpu_minutes, settings)
    todo = []
    for job in queue:
        name, fraction, seed = job
        key = f"{name} {fraction} seed {seed}"
        if key in results["runs"]:
            say(f"{key}: there already")
            continue
        data = load_corpus_splits(name)
        if name not in results["corpora"]:
            say(f"{name}: gzip, xz, n-gram, time of a step")
            results["corpora"][name] = describe(name, data, settings, cpu_minutes)
            files.write_json(path, results)
        if fraction != "1":
            train = fraction_of(data.splits["train"], fraction)
            data = replace(data, splits=data.splits | {"train": train})
            if fraction not in results["fractions"]:
                results["fractions"][fraction] = describe_fraction(data)
                files.write_json(path, results)
        todo.append((key, (job, data, results["corpora"][name]["steps"], settings)))
    for key, row in run_all(todo, jobs):
        results["runs"][key] = row
        files.write_json(path, results)
        whole = row["fraction"] == "1"
        beside = (
            results["corpora"][row["corpus"]] if whole else results["fractions"][row["fraction"]]
        )
        say(
            f"{key}: {row['steps']} steps, {row['test']} bits per character on the test "
            f"split, n-gram {beside['ngram']['test']}"
        )


def read_results(path: Path, cpu_minutes: float, settings: Settings) -> dict:
    """Returns what is in the file, or what a new file begins with.

    Raises: UserError where the file is of other settings.
    """
    frame = {
        "made by": "python experiments/compare_corpora.py",
        "cpu_minutes": cpu_minutes,
        "settings": {key: value for key, value in asdict(settings).items() if key != "seed"},
        "vocabulary": VOCABULARY_NOTE,
    }
    if not path.exists():
        backend = keras.backend.backend()
        return frame | {
            "machine": f"{models_training.machine()}, one thread",
            "python": platform.python_version(),
            "versions": {
                "numpy": np.__version__,
                "keras": keras.__version__,
                backend: sys.modules[backend].__version__,
            },
            "corpora": {},
            "fractions": {},
            "runs": {},
        }
    results = files.read_card(path)
    if {key: results.get(key) for key in frame} != frame:
        raise files.UserError(
            f"{path} is of other settings or minutes; delete it or give another --out."
        )
    return results


def describe_fraction(data: TextData) -> dict:
    """Returns what is measured once of a fraction of Song ci."""
    train = data.splits["train"]
    return {"poems": len(train), "characters": sum(map(len, train)), "ngram": ngram(data)}


def run_all(todo: list[tuple[str, tuple]], jobs: int) -> Iterator[tuple[str, dict]]:
    """Yields the key and the result of each run as it ends, so many at a time."""
    if jobs == 1:
        for key, arguments in todo:
            yield key, run(*arguments)
        return
    with ProcessPoolExecutor(jobs, multiprocessing.get_context("spawn")) as pool:
        running = {pool.submit(run, *arguments): key for key, arguments in todo}
        for future in as_completed(running):
            yield running[future], future.result()


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
