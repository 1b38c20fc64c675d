"""Writes the header and the set-up cell of every notebook, and the README's table.

    python tools/course.py                   writes them all; outputs stay
    python tools/course.py --address URL     and the course's public address everywhere

tests/test_notebooks.py holds everything to this file.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[1]
NOTEBOOKS = ROOT / "notebooks"
README = ROOT / "README.md"
# seconds in lesson mode on two cores, by tools/run_notebooks.py
TIMES = ROOT / "data" / "results" / "notebook_times.json"
# the course's page on GitHub, written by --address; without it nothing links to Colab
ADDRESS = ""
BRANCH = "main"


def slug_of(name: str) -> str:
    """Returns a notebook's name without its number: `notation` for `A2_notation`."""
    return name.partition("_")[2]


@dataclass(frozen=True)
class Notebook:
    """A row of the table. `terms` are explained in the notebook `notation`."""

    name: str
    title: str
    learn: tuple[str, ...]
    needs: str
    leaves: str
    terms: tuple[str, ...] = ()

    @property
    def path(self) -> Path:
        return NOTEBOOKS / f"{self.name}.ipynb"

    @property
    def slug(self) -> str:
        return slug_of(self.name)


COURSE = (
    Notebook(
        "00_start_here",
        "Start here: a song in two minutes",
        (
            "You will make a song on this machine, hear it and see its score.",
            "You will change one thing, the temperature, and say what it does to the words.",
            (
                "You will say what bits per character measure, and compare a network with a model "
                "that only counts."
            ),
            "You will find which notebook answers which question.",
        ),
        "nothing but a bit of Python: reading a loop and a function is enough",
        "a song made on this machine, what a temperature does to its words, a map of the course",
        ("lead sheet", "token", "temperature", "bits per character", "n-gram"),
    ),
    Notebook(
        "01_lstm_gates",
        "The gates of an LSTM, proven equal to Keras",
        (
            "You will write an LSTM in NumPy, gate by gate, and state the shape of every array.",
            "You will see what each gate does to the cell, and why a cell has to forget.",
            "You will count the parameters of an LSTM layer.",
            "You will measure the gates that Keras does not show, and prove that your LSTM equals "
            "Keras at every gate and every step.",
        ),
        "notebook 00, and some practice with NumPy arrays and matrix products",
        "the four blocks of an LSTM in NumPy, drawn, derived and equal to Keras at every step",
        (
            "LSTM",
            "gate",
            "input gate",
            "forget gate",
            "output gate",
            "candidate",
            "hidden state",
            "cell state",
        ),
    ),
    Notebook(
        "02_memory_and_precision",
        "Memory and precision of an LSTM",
        (
            "You will predict what each gate does to the cell over time, and see whether it does.",
            (
                "You will train LSTMs to carry one bit over 5 to 200 steps, and compare what the "
                "forget gate predicts with the gradient that arrives at the first step."
            ),
            "You will judge a training by five seeds, and keep its runs independent of each other.",
            "You will read float64, float32 and TF32 bit by bit, and say what each costs an LSTM.",
            (
                "You will choose a tolerance between the rounding errors and the mistakes that you "
                "measure, and know where no tolerance helps."
            ),
        ),
        "notebook 01",
        "what each gate does over time; a bit carried over 100 steps; what a rounding error costs",
        (
            "gate",
            "input gate",
            "forget gate",
            "output gate",
            "candidate",
            "hidden state",
            "cell state",
            "spread",
            "TF32",
        ),
    ),
    Notebook(
        "03_backpropagation_through_time",
        "Backpropagation through time, by hand",
        (
            "You derive the gradient of a matrix product by indices and then write it as code.",
            "You write the backward pass of an LSTM in NumPy, step by step along a drawing.",
            (
                "You compare your gradient with Keras and with differences of the loss, and say "
                "which tolerance and which step size are right."
            ),
            "You train a small LSTM with your own gradient until it recites a verse from memory.",
            "You say what truncation cuts, and measure what fixed windows cost.",
        ),
        "01; the chain rule for functions of one variable, and partial derivatives",
        (
            "the gradient of an LSTM by indices and by hand, equal to the tape; a network trained "
            "with it in NumPy"
        ),
        (
            "backpropagation through time",
            "gradient checking",
            "forget gate",
            "cell state",
            "learning rate",
            "greedy decoding",
        ),
    ),
    Notebook(
        "04_vanishing_gradients",
        "Vanishing and exploding gradients",
        (
            (
                "You can write the gradient of a plain RNN over many steps as a product of "
                "Jacobians, and say when it vanishes and when it explodes."
            ),
            (
                "You can measure how much of a gradient the direct path of an LSTM keeps, and "
                "how much all paths together keep."
            ),
            (
                "You can clip a gradient by its global norm, derive what this guarantees, and "
                "say what it does not help against."
            ),
            "You can find a wrong gradient in a library with a gradient check.",
        ),
        "03; matrix products and the norm of a vector",
        "why the cell carries gradient; clipping; a wrong gradient found in a famous library",
        (
            "vanishing gradient",
            "Jacobian",
            "clipping",
            "gradient checking",
            "forget gate",
            "cell state",
        ),
    ),
    Notebook(
        "05_counting_words",
        "Counting words: n-grams and what a guess costs",
        (
            "You will write the probability of a text as a product, and state what it costs a "
            "model in bits and as a perplexity.",
            "You will build a vocabulary, and charge a model for the characters that it lacks.",
            "You will see two ways of counting fail, and test on songs how much a count "
            "overestimates.",
            "You will derive Kneser-Ney smoothing, write it in ten lines, and choose the order of "
            "an n-gram by validation.",
            "You will train a one-layer network that becomes the table of counts.",
        ),
        "logarithms and their derivative, conditional probabilities and NumPy arrays; 00",
        "what a guess costs; the n-gram that later models must beat",
        (
            "token",
            "vocabulary",
            "corpus",
            "ci",
            "n-gram",
            "Kneser-Ney",
            "bits per character",
            "perplexity",
            "split",
        ),
    ),
    Notebook(
        "06_training_a_language_model",
        "Training a language model of lyrics",
        (
            "You will build a language model of an embedding, an LSTM and tied weights, "
            "and prove its loss and its carried states.",
            "You will write the loop that trains it, and prove it equal to the course's.",
            "You will train a model on Burns in minutes, watch what it writes as it learns, "
            "and see it need fewer bits than an n-gram.",
            "You will see a model learn by heart, and what dropout does about it.",
            "You will stop a training and resume it with the same result, bit for bit.",
        ),
        "03 and 05",
        "a language model of lyrics, trained and judged against an n-gram",
        (
            "token",
            "vocabulary",
            "corpus",
            "n-gram",
            "bits per character",
            "LSTM",
            "embedding",
            "tied weights",
            "backpropagation through time",
            "clipping",
            "dropout",
            "learning rate",
            "split",
        ),
    ),
    Notebook(
        "07_writing_lyrics",
        "Writing lyrics with a language model",
        (
            (
                "You derive temperature, top-k and top-p from what one wants of a draw, and draw "
                "tokens in two ways."
            ),
            "You write the loop that samples, and prove it equal to the course's.",
            "You find a unit that counts the characters of a line, and show that it is used.",
            (
                "You make a form certain by masks, measure their price in bits, and compare a "
                "model that reads its form as input."
            ),
            "You measure how invented words and copied runs depend on the setting.",
        ),
        "05 and 06",
        "lyrics drawn by temperature, top-k and top-p; a form by masks and by input; what copies",
        (
            "temperature",
            "top-k",
            "top-p",
            "mask",
            "KL",
            "LSTM",
            "cell state",
            "embedding",
            "corpus",
            "ci",
            "tune pattern",
            "pinyin",
            "rhyme group",
        ),
    ),
    Notebook(
        "08_four_corpora",
        "One model, four corpora, one table",
        (
            "You will read the card of a corpus, and say which claims it forbids.",
            "You will make a language model of a packer, and show why bits per character are never "
            "compared across languages.",
            "You will compare one configuration on four corpora, with the spread of its seeds and "
            "an interval over test pieces.",
            "You will measure form, rhyme, repetition and copying, each beside the same figure of "
            "human text.",
            "You will say what a table of figures does not say.",
        ),
        "05, 06 and 07",
        "the same model on four corpora in two languages, one honest table",
        (
            "corpus",
            "ci",
            "qu",
            "tune pattern",
            "pinyin",
            "bits per character",
            "n-gram",
            "spread",
            "bootstrap",
            "learning curve",
            "mask",
            "rhyme group",
            "distinct-n",
            "temperature",
            "split",
        ),
    ),
    Notebook(
        "09_reading_midi",
        "Reading MIDI, down to the bytes",
        (
            "You will read a MIDI file byte by byte, without a library: chunks, variable-length "
            "numbers, events, notes.",
            "You will compare three readers on eleven files, and say why music21's score has other "
            "notes in some.",
            "You will join the words of a song to its notes, and repair words that were read in a "
            "wrong encoding.",
            "You will say what a lenient reader can mend in a damaged file, and what nobody can "
            "notice.",
            "You will hear what a grid does to a piece, and take a melody out of a song.",
        ),
        "00; what a byte and a hexadecimal number are",
        (
            "a reader of MIDI in a few lines, equal to the course's; notes, words and melodies out "
            "of files, seen and heard"
        ),
        (
            "MIDI",
            "tick",
            "track",
            "delta time",
            "variable-length number",
            "running status",
            "velocity",
            "onset",
            "duration",
            "tempo",
            "meter",
            "quantising",
            "triplet",
            "piano roll",
        ),
    ),
    Notebook(
        "10_melody_dataset",
        "A data set of melodies",
        (
            (
                "You will read tunes in ABC as they are played, put them on the grid of a meter, "
                "and say what the grid loses."
            ),
            "You will write melodies as canonical events, and cut windows that stand alone.",
            (
                "You will derive a rule for near-duplicates, clusters and a split, and measure the "
                "rule's precision and recall on pairs that you hear."
            ),
            (
                "You will measure what share of a test is known from training, in three ways of "
                "splitting, with its spread and an independent witness."
            ),
            "You will choose the order of an n-gram, and say what its bits may be compared with.",
        ),
        "05; 08 and 09 help, but are not needed",
        "from tune books to windows; near-duplicates heard and judged; a split whose leak is known",
        (
            "ABC",
            "triplet",
            "meter",
            "step",
            "event",
            "canonical form",
            "window",
            "interval",
            "transposition",
            "near-duplicate",
            "leakage",
            "split",
            "spread",
            "bootstrap",
            "n-gram",
        ),
    ),
    Notebook(
        "11_variational_autoencoder",
        "A variational autoencoder",
        (
            (
                "You will write an autoencoder in NumPy with its gradient, draw bars from it, and "
                "count how many of them no tune has."
            ),
            "You will derive the ELBO line by line, and check it for one bar on a grid.",
            "You will derive the KL of a Gaussian to the prior, and check it by sampling.",
            ("You will carry a gradient past a draw in two ways, and compare their variances."),
            (
                "You will say what a mean in place of a sum does to beta, and hear a path through "
                "a map of rhythms."
            ),
        ),
        "03 and 10; a Gaussian, and the mean of a function of it",
        (
            "an autoencoder and a fair count of its holes; ELBO; the reparameterisation beside "
            "its rival; KL by formula and by sampling"
        ),
        (
            "autoencoder",
            "latent space",
            "VAE",
            "prior",
            "posterior",
            "approximate posterior",
            "ELBO",
            "KL",
            "score function",
            "reparameterisation",
            "beta",
        ),
    ),
    Notebook(
        "12_posterior_collapse",
        "Posterior collapse and its cures",
        (
            "You will derive what z costs in a VAE, and what it can save at most.",
            "You will make a VAE collapse on purpose, and see that its loss does not warn you.",
            "You will measure the collapse in four ways, see it and hear it.",
            "You will cure it by annealing and by free bits, each with one line of the settings.",
            (
                "You will compare four cures over three seeds, and say why none of them "
                "improves the bound."
            ),
        ),
        "11, and what an LSTM reads at each step (01)",
        "collapse made, seen in four measures, heard; cured live",
        (
            "posterior collapse",
            "aggregate posterior",
            "mutual information",
            "active unit",
            "annealing",
            "free bits",
            "word dropout",
            "batch norm",
        ),
    ),
    Notebook(
        "13_training_musicvae",
        "Training MusicVAE",
        (
            "You will write encoder, decoder and loss of MusicVAE in NumPy, and prove them equal "
            "to Keras.",
            "You will derive the loop in which the decoder reads its own events, and see what "
            "teacher forcing hides.",
            "You will train a MusicVAE of one bar through its whole schedule, and see and hear it "
            "at six checkpoints.",
            "You will judge a larger one by three protocols with intervals, and by a swapped z.",
            "You will put its whole bill in bits beside the n-gram's, and read accuracy over bits.",
        ),
        "01, 06, 10 and 12",
        "a MusicVAE trained in class, seen and heard at each checkpoint; a larger one, judged",
        (
            "encoder",
            "decoder",
            "bidirectional LSTM",
            "posterior",
            "prior",
            "KL",
            "beta",
            "annealing",
            "free bits",
            "teacher forcing",
            "free running",
            "greedy decoding",
            "note F1",
            "onset",
            "bootstrap",
            "n-gram",
            "rate",
            "scheduled sampling",
            "word dropout",
            "mixed precision",
        ),
    ),
    Notebook(
        "14_sampling_musicvae",
        "New melodies out of a latent space",
        (
            "You will draw events from logits by Gumbel noise, and prove that the draws are right.",
            (
                "You will draw melodies from the prior, from a fitted Gaussian and from a mixture, "
                "and derive how a mixture is fitted."
            ),
            (
                "You will say where a walk between melodies and their z leads, and what a narrower "
                "spread buys and costs."
            ),
            (
                "You will judge samplers by several measures with intervals, and yourself by a "
                "blind test."
            ),
            "You will send a MIDI file of your own through the model.",
        ),
        "10, 11 and 13",
        "prior, fitted posterior, mixture and walk, heard and judged; a relative of your own tune",
        (
            "latent space",
            "prior",
            "posterior",
            "aggregate posterior",
            "temperature",
            "mixture of Gaussians",
            "expectation maximisation",
            "Markov chain",
            "stationary distribution",
            "Jensen-Shannon divergence",
            "bootstrap",
            "transposition",
        ),
    ),
    Notebook(
        "15_exploring_latent_space",
        "Between two melodies, and a little more of this",
        (
            (
                "You will draw two paths between melodies, a line and an arc, and explain by "
                "lengths and an n-gram why one of them is better."
            ),
            "You will derive a blend with noise that keeps the distribution, and hear relatives.",
            (
                "You will make attribute vectors in two ways, hear what they do, and test whether "
                "each changes its own attribute most."
            ),
            "You will press your way over a board between four melodies.",
            "You will count which bars of a draw the model knows from the training split.",
        ),
        "14; an n-gram, as in 05 or 10",
        "interpolation, neighbours, attribute vectors with intervals; copying",
        (
            "latent space",
            "interpolation",
            "slerp",
            "attribute vector",
            "syncopation",
            "regression",
            "bootstrap",
            "n-gram",
        ),
    ),
    Notebook(
        "16_longer_melodies",
        "Longer melodies: a flat decoder, a conductor, and tunes with a form",
        (
            "You will see where a flat decoder of 16 bars fails, and compare it with a linear map.",
            "You will write the conductor and a controller of the KL, and prove them equal to the "
            "library's.",
            "You will train a model of 16 bars, and hear a tune before and after.",
            "You will show that good reconstruction is not structure, and derive the loss of a "
            "gate and a pointer, which give it.",
            "You will judge a language model of latents by its forms, its bits and its sound.",
        ),
        "11 and 13",
        "why a long decoder forgets its latents; a conductor, pointers, and tunes with a form",
        (
            "conductor",
            "pointer",
            "principal component",
            "encoder",
            "decoder",
            "free running",
            "posterior",
            "prior",
            "aggregate posterior",
            "KL",
            "beta",
            "rate",
            "n-gram",
        ),
    ),
    Notebook(
        "A1_reading_the_article",
        "Reading the article: the mistakes of a published tutorial",
        (
            "see which lines of a published tutorial stop, and with which error",
            "measure what is wrong in lines that run: tokens, loss, activation, sampling",
            "say why data is not read by pickle, and why a test part is needed",
        ),
        "01, 09, 11 and 14",
        "the mistakes of a published tutorial, each shown by a cell",
        ("VAE", "KL", "latent space", "encoder", "decoder", "n-gram", "split"),
    ),
    Notebook(
        "A2_notation",
        "Notation: symbols, terms, and what to know before",
        (
            "You look up every symbol of every formula of the course in one place.",
            "You look up every term, in English and in Chinese, and find where it is used first.",
            "You have the ten formulas of the course on one page, each checked by a number.",
            "You test what you know already, and find where to read up the rest.",
        ),
        "nothing; read it beside the other notebooks",
        "symbols, formulas, terms in English and Chinese, what to know before, with a self-check",
    ),
    Notebook(
        "A3_faster_lstm",
        "A faster LSTM: the hand-written gradient behind Keras",
        (
            "You give TensorFlow a function together with its gradient.",
            "You explain why a gradient by hand can be faster than a tape, by its savings.",
            "You write a loop in TensorFlow, and keep the result of each step.",
            "You show that the fast layer equals the stock layer, and measure how fast it is.",
        ),
        "03",
        "the hand-written gradient put behind Keras, proven and measured",
        ("LSTM", "backpropagation through time", "vocabulary", "embedding"),
    ),
    Notebook(
        "A4_gpu_lab",
        "A lab for a GPU",
        (
            "You predict and compute in NumPy what TF32 costs an LSTM. (A T4 is older than TF32.)",
            "You measure how far your device, with cuDNN where there is one, is from NumPy.",
            "You measure how the time of a training step depends on cuDNN and on the batch.",
            "You train a larger language model, and a MusicVAE in mixed precision.",
            "You measure what it costs to write many poems at once.",
        ),
        "02, 06, 07, 08, 13 and A3; a GPU, or a CPU for small sizes",
        "precision and speed of the LSTM on your device",
        ("LSTM", "TF32", "mixed precision"),
    ),
)
PLANNED = (
    (
        "17_words_and_music",
        "words and tune chosen for each other: syllables, stress, tones, rhyme",
    ),
    ("18_writing_desk", "a song written by a person and two models"),
    ("19_outlook", "a GAN and others on the same measures; is lyric writing solved?"),
    ("A5_bits_league", "how few bits is a bar, a line of ci? Compressed for real"),
)

# The %s are for the course's address and branch; setup() fills them in.
SETUP = """# Set-up, the same in every notebook: finds or fetches the course, looks at the machine.
import os
import re
import subprocess
import sys
from contextlib import suppress
from glob import glob
from importlib.util import find_spec
from socket import gethostbyname, gethostname
from urllib.parse import unquote
from urllib.request import urlopen

from IPython.core.error import UsageError  # Jupyter shows its sentence and no traceback

places = ["..", ".", "course", *glob("/content/*"), *glob("/content/drive/*/course")]
places += glob("/kaggle/**/", recursive=True)
found = [place for place in places if os.path.isfile(f"{place}/lyricgen/__init__.py")]
spec = find_spec("lyricgen")
installed = spec is not None and spec.origin is not None
problem = "the course is not here"
if not found and not installed and "google.colab" in sys.modules:
    # Colab starts empty. Its server knows which page of GitHub this notebook is from.
    # That is documented nowhere, so no answer is an answer too: the default stays.
    address, branch = "%s", "%s"
    with suppress(Exception):
        sessions = urlopen(f"http://{gethostbyname(gethostname())}:9000/api/sessions", timeout=5)
        page = '(https://github.com/[^/"]+/[^/"]+)/blob/([^"]+)/notebooks/'
        address, branch = re.search(page, unquote(sessions.read())).groups()
    if address:
        clone = ["git", "clone", "-q", "--depth", "1", "-b", branch, address, "/content/course"]
        git = subprocess.run(clone, capture_output=True, text=True)
        problem = f"git could not fetch {address} ({' '.join(git.stderr.split())})"
        found = [] if git.returncode else ["/content/course"]
if not found and not installed:
    advice = "open this notebook from its page on GitHub, or run `!git clone %s course`"
    raise UsageError(f"{problem}: {advice} with the course's address, then this cell again.")

lacking = []
if found:
    os.chdir(f"{found[0]}/notebooks")
    sys.path.insert(0, os.path.abspath(".."))
    with open("../requirements-colab.txt") as names:
        lacking = [name for name in names.read().split() if not find_spec(name)]
if lacking and ("google.colab" in sys.modules or "KAGGLE_KERNEL_RUN_TYPE" in os.environ):
    pip = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", *lacking]
    if subprocess.run(pip, capture_output=True).returncode:
        print(f"pip could not install {' and '.join(lacking)}: cells that need it will fail.")

from lyricgen import show

show.begin(seed=0)"""


def find(slug: str) -> Notebook:
    """Returns the notebook of a slug: the number in its name stands in the table alone.

    Raises: KeyError where no notebook that is written has the slug.
    """
    return {row.slug: row for row in COURSE}[slug]


def slugs() -> set[str]:
    """Lists the slugs of all notebooks, written and planned."""
    return {row.slug for row in COURSE} | {slug_of(name) for name, _ in PLANNED}


def order() -> list[Notebook]:
    """Lists the notebooks in reading order: numbers, then appendices."""
    return sorted(COURSE, key=lambda row: (row.name[0] == "A", row.name))


def header(row: Notebook) -> str:
    """The first cell of a notebook, as Markdown."""
    rows = order()
    i = rows.index(row)
    links = [f"[before: {rows[i - 1].title}]({rows[i - 1].name}.ipynb)"] if i else []
    links += [f"[next: {rows[i + 1].title}]({rows[i + 1].name}.ipynb)"] if i + 1 < len(rows) else []
    seconds = json.loads(TIMES.read_text()).get(row.name) if TIMES.exists() else None
    lines = [f"# {row.name[:2]} · {row.title}", "", "**What you will learn**", ""]
    lines += [f"- {point}" for point in row.learn]
    lines += [
        "",
        f"**What you need:** {row.needs}.",
        "",
        f"**Time:** {class_time(row)}all cells run in {spoken(seconds)} on a 2-core CPU.",
    ]
    if row.terms:
        lines += ["", f"**Terms** explained in [A2](A2_notation.ipynb): {', '.join(row.terms)}."]
    lines += ["", " · ".join(links)]
    if ADDRESS:
        lines += ["", f"[Open in Colab]({colab(row)})"]
    return "\n".join(lines)


WORDS_A_MINUTE = 120
MINUTES_A_CODE_CELL = 1.5
MINUTES_AN_EXERCISE = 5

# Books of reference, of which nobody teaches all in one lesson.
REFERENCE = {"notation"}

# An exercise begins with its number in bold: **2.** or **Exercise 2: ...**
EXERCISE = re.compile(r"^\*\*(?:Exercise )?\d+[.:]", re.MULTILINE)


class Size(NamedTuple):
    """Holds what a class's time follows from; `seconds` is how long the cells run."""

    words: int
    code_cells: int
    exercises: int
    seconds: float

    @property
    def minutes(self) -> float:
        """The minutes in class."""
        reading = self.words / WORDS_A_MINUTE
        code = self.code_cells * MINUTES_A_CODE_CELL
        return reading + code + self.exercises * MINUTES_AN_EXERCISE + self.seconds / 60


def words_of(text: str) -> int:
    """Returns the number of words of a Markdown text; a formula is one word."""
    text = re.sub(r"\$\$.*?\$\$|\$[^$]*\$", " formula ", text, flags=re.DOTALL)
    text = re.sub(r"\]\([^)]*\)", "]", text)
    return len(re.findall(r"\w[\w'’-]*", text))


def size_of(path: Path, seconds: float) -> Size:
    """Returns the size of a notebook without header, set-up and reading list."""
    cells = json.loads(path.read_text("utf-8"))["cells"][2:]
    prose = "\n\n".join("".join(c["source"]) for c in cells if c["cell_type"] == "markdown")
    exercises = len(EXERCISE.findall(prose))
    prose = prose.partition("## Read on")[0]
    code_cells = sum(cell["cell_type"] == "code" for cell in cells)
    return Size(words_of(prose), code_cells, exercises, seconds)


def class_time(row: Notebook) -> str:
    """How long a notebook takes a class, to five minutes; empty for a reference."""
    if row.slug in REFERENCE or not TIMES.exists() or not row.path.exists():
        return ""
    times = json.loads(TIMES.read_text())
    if row.name not in times:
        return ""
    minutes = 5 * round(size_of(row.path, times[row.name]).minutes / 5)
    return f"about {minutes} minutes in class, without the open task; "


def colab(row: Notebook) -> str:
    """The address at which Colab opens a notebook; only with an ADDRESS."""
    repository = ADDRESS.removeprefix("https://github.com/")
    page = f"{repository}/blob/{BRANCH}/notebooks/{row.name}.ipynb"
    return f"https://colab.research.google.com/github/{page}"


def setup() -> str:
    """The set-up cell, the same in every notebook."""
    return SETUP % (ADDRESS, BRANCH, ADDRESS or "ADDRESS")


def spoken(seconds: float | None) -> str:
    """A measured time in words that do not change with every run."""
    if seconds is None:
        return "not yet measured"
    for limit, words in (
        (15, "under 15 seconds"),
        (30, "under 30 seconds"),
        (60, "under a minute"),
        (120, "under 2 minutes"),
        (180, "under 3 minutes"),
        (240, "under 4 minutes"),
    ):
        if seconds < limit:
            return words
    return f"about {round(seconds / 60)} minutes"


def readme_table() -> str:
    """The README's table: notebooks that exist with links, planned ones without."""
    rows = {}
    for row in COURSE:
        link = f"[{row.name}](notebooks/{row.name}.ipynb)"
        if ADDRESS:
            link += f" ([Colab]({colab(row)}))"
        rows[row.name] = f"| {link} | {row.leaves} |"
    for name, leaves in PLANNED:
        rows.setdefault(name, f"| {name} (planned) | {leaves} |")
    names = sorted(rows, key=lambda name: (name[0] == "A", name))
    return "\n".join(
        ["| notebook | you leave with |", "|---|---|", *(rows[name] for name in names)]
    )


def write(row: Notebook) -> bool:
    """Puts the header and the set-up cell into a notebook, and keeps its outputs.

    Returns whether anything changed. Keys stand in the order in which ruff leaves them.
    """
    book = json.loads(row.path.read_text("utf-8"))
    before = json.dumps(book)
    code = {"execution_count": None, "metadata": {"tags": ["nbval-ignore-output"]}, "outputs": []}
    cells = (
        {"cell_type": "markdown", "id": "header", "metadata": {}, "source": header(row)},
        {"cell_type": "code", "id": "setup", "source": setup(), **code},
    )
    for place, new in enumerate(cells):
        source = new["source"].splitlines(keepends=True)
        present = book["cells"][place : place + 1]
        if not present or present[0].get("id") != new["id"]:
            book["cells"].insert(place, dict(sorted(new.items())))
        book["cells"][place]["source"] = source
    if json.dumps(book) == before:
        return False
    row.path.write_text(json.dumps(book, ensure_ascii=False, indent=1) + "\n", "utf-8")
    return True


def write_readme() -> None:
    """Writes the README's table, and how to clone a course that has an address."""
    text = README.read_text("utf-8")
    start, end = "<!-- notebooks -->\n", "<!-- end of notebooks -->"
    head, rest = text.split(start)
    text = head + start + readme_table() + "\n" + end + rest.split(end)[1]
    clone = f"git clone {ADDRESS} course\ncd course\n" if ADDRESS else ""
    first = r"```\n(git clone \S+ course\ncd course\n)?(?=python3 run\.py)"
    text, found = re.subn(first, "```\n" + clone, text, count=1)
    if not found:
        raise SystemExit("README.md has no block of commands that begins with python3 run.py")
    README.write_text(text, "utf-8")


def set_address(address: str) -> None:
    """Writes the course's address into this file; an empty one takes it out again."""
    global ADDRESS
    ADDRESS = address
    this = Path(__file__)
    line = f'ADDRESS = "{address}"'
    text = re.sub('^ADDRESS = ".*"$', line, this.read_text("utf-8"), count=1, flags=re.M)
    this.write_text(text, "utf-8")


def github_address(text: str) -> str:
    """Checks an address of the command line, and takes off what Colab's has not."""
    address = text.removesuffix("/").removesuffix(".git")
    if address and not re.fullmatch(r"https://github\.com/[\w.-]+/[\w.-]+", address):
        raise argparse.ArgumentTypeError(
            f"{text} is not like https://github.com/OWNER/REPOSITORY, and Colab opens no other"
        )
    return address


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--address",
        type=github_address,
        metavar="URL",
        help='the course on GitHub, https://github.com/OWNER/REPOSITORY; "" for none',
    )
    chosen = parser.parse_args()
    if chosen.address is not None:
        set_address(chosen.address)
    for row in order():
        print(f"{row.name}: {'written' if write(row) else 'as it was'}")
    write_readme()
    return 0


if __name__ == "__main__":
    sys.exit(main())
