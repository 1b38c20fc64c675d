#!/usr/bin/env python3
"""Sets the course up in .venv and runs it: python3 run.py [command] [arguments].

Standard library only. Every Python back to 2.7 can read this file, so that an old one
says in one sentence which version is needed.
"""

from __future__ import print_function

import os
import re
import sys
import time

ROOT = os.path.dirname(os.path.abspath(__file__))
OLDEST, NEWEST = (3, 11), (3, 13)
SPACE = 4 * 10**9  # bytes: the installed packages and what the installer keeps beside them
INTERRUPTED = 130  # the exit code after Ctrl-C
ANSWERED_HERE = ("lab", "test", "floor", "times")  # the others list their options themselves
COMMANDS = ("song", "parse", "train", "sample", "evaluate", "bench") + ANSWERED_HERE

HELP = """usage: python3 run.py [--gpu] [command] [arguments]

Sets the course up in .venv, which downloads about 500 MB once, and runs a command:

  song      makes a song in out/, where you are; this is what happens without a command
              python3 run.py song --seed 7
            the score of a Chinese song needs a Chinese font: on Debian, fonts-noto-cjk
  lab       opens the course in JupyterLab
              python3 run.py lab
              python3 run.py lab --copy my-course
            --copy DIR: works in a copy of the notebooks, and updates those that you left unchanged
  parse     lists what is in MIDI files, one row per file
              python3 run.py parse song.mid folder/
  train     trains a language model on a text, or a MusicVAE on a folder of MIDI files
              python3 run.py train language --text FILE --minutes 10
  sample    writes with trained weights: lines, or melodies as MIDI, MP3 and a page
              python3 run.py sample musicvae --count 5
  evaluate  measures the shipped models, or your own, on held-out data
              python3 run.py evaluate language

For developers:

  test      style, unit tests, browser, solutions, notebooks; then how long each of them took
              python3 run.py test
              python3 run.py test unit notebooks
              python3 run.py test tests/test_midi.py -k tempo
            --lesson: notebooks with their full budget; --all: long tests as well (LYRICGEN_ALL=1)
  floor     runs the tests on the oldest versions that are supported, which are Colab's
              python3 run.py floor
  times     prints again how long the tests took
              python3 run.py times
  bench     measures speed, side by side with other libraries
              python3 run.py bench
              python3 run.py bench --card
            --card: keeps what this device measures in data/measured/

  --gpu     installs TensorFlow for an NVIDIA GPU in place of the CPU build (Linux)
              python3 run.py lab --gpu

song, parse, train, sample, evaluate and bench list their options: python3 run.py song --help"""


def stop(sentence):
    """Ends with one sentence that says what to do, and exit code 2."""
    sys.stderr.write(sentence + "\n")
    sys.exit(2)


def check_python():
    found = "%d.%d" % sys.version_info[:2]
    wanted = "Python %d.%d to %d.%d" % (OLDEST + NEWEST)
    if sys.version_info[:2] < OLDEST:
        stop(
            "This is Python %s and the course needs %s: install one and start run.py with it, "
            "for example python3.12 run.py." % (found, wanted)
        )
    if sys.version_info[:2] > NEWEST:
        stop(
            "This is Python %s and TensorFlow has no build for it yet: start run.py with %s, "
            "for example python3.12 run.py." % (found, wanted)
        )


def check_command(command):
    """Stops where there is no such command, before anything is installed."""
    import difflib

    if command in COMMANDS:
        return
    near = difflib.get_close_matches(command, COMMANDS, 1)
    suggestion = " (did you mean %s?)" % near[0] if near else ""
    listed = "%s and %s" % (", ".join(COMMANDS[:-1]), COMMANDS[-1])
    stop("There is no command %s%s: the commands are %s." % (command, suggestion, listed))


def python_of(folder):
    if os.name == "nt":
        return os.path.join(folder, "Scripts", "python.exe")
    return os.path.join(folder, "bin", "python")


def environment():
    kept_out = ("PYTHONDONTWRITEBYTECODE", "PYTHONHOME", "PYTHONPATH")
    env = {key: value for key, value in os.environ.items() if key not in kept_out}
    env.update(PYTHONUTF8="1", TF_CPP_MIN_LOG_LEVEL=env.get("TF_CPP_MIN_LOG_LEVEL", "3"))
    return env


def read_text(path):
    with open(path, "rb") as file:
        return file.read().decode("utf-8")


def write_text(path, text):
    """Writes a file whole or not at all: under another name first."""
    with open(path + ".tmp", "wb") as file:
        file.write(text.encode("utf-8"))
    os.replace(path + ".tmp", path)


# Set-up


class Progress(object):
    """Says on stderr how far the set-up is.

    On a terminal each step is one line that is rewritten. Elsewhere, in a log for
    example, a line is added each time the seconds since the start have doubled.
    """

    STEPS = 3

    def __init__(self):
        self.start = time.time()
        self.on_terminal = sys.stderr.isatty()
        self.step, self.text, self.detail, self.is_open = 0, "", "", False
        self.next_line = 15  # seconds

    def line(self):
        seconds = time.time() - self.start
        shown = (self.step, self.STEPS, seconds, self.text, self.detail)
        return "[%d/%d %4.0f s] %s%s" % shown

    def begin(self, text, detail=""):
        """Begins the next step."""
        self.close()
        self.step, self.text, self.detail = self.step + 1, text, detail
        if self.on_terminal:
            self.update()
        else:
            sys.stderr.write(self.line() + "\n")
            sys.stderr.flush()

    def update(self, detail=""):
        """Shows what the step has done so far; without a detail the last one stays."""
        import shutil

        self.detail = detail or self.detail
        if self.on_terminal:
            width = shutil.get_terminal_size().columns - 1
            sys.stderr.write("\r" + self.line()[:width].ljust(width))
            self.is_open = True
        elif time.time() - self.start > self.next_line:
            self.next_line *= 2
            sys.stderr.write(self.line() + "\n")
        sys.stderr.flush()

    def close(self):
        """Ends the line that is being rewritten, so that other text can follow."""
        if self.is_open:
            sys.stderr.write("\n")
            self.is_open = False


def installed_so_far(output):
    """Says what uv has done so far: how many packages, and a bar of the downloads.

    It is read from what uv printed, which names large downloads only, each when it
    begins and when it is complete.
    """
    counted = re.search(r"^Resolved (\d+) package", output, re.M)
    if not counted:
        return ""
    packages = " %s packages" % counted.group(1)
    if re.search(r"^Prepared ", output, re.M):
        return packages + ": putting them in place"
    unit = {"KiB": 2.0**-10, "MiB": 1.0, "GiB": 2.0**10}
    sizes = {}
    for name, size, of in re.findall(r"^ *Downloading (\S+) \(([\d.]+)(\w+)\)", output, re.M):
        sizes[name] = float(size) * unit.get(of, 0)
    done = sum(sizes.get(name, 0) for name in re.findall(r"^ *Downloaded (\S+)", output, re.M))
    total = sum(sizes.values())
    if not total:
        return packages
    filled = int(20 * done / total)
    bar = "#" * filled + "." * (20 - filled)
    return packages + " [%s] %.0f of %.0f MiB" % (bar, done, total)


def reason(output):
    """The sentence for an installer that failed, from what it printed."""
    text = output.lower()
    if "no space left" in text or "not enough space" in text or "disk quota" in text:
        return "The disk is full: free about 4 GB and run this again."
    signs = (
        "name resolution",
        "dns error",
        "failed to fetch",
        "connection",
        "network",
        "timed out",
        "unreachable",
        "tunnel",
        "proxy",
        "no matching distribution",
        "name or service not known",
        "getaddrinfo",
    )
    if any(sign in text for sign in signs):
        return (
            "The packages could not be downloaded: connect this machine to the internet for this "
            "one step and run this again."
        )
    return "The packages could not be installed; the lines above say why."


def install(command, env, progress):
    """Runs an installer behind the progress line.

    Where it fails, its last lines are shown and one sentence says what to do.
    """
    import subprocess
    import threading

    process = subprocess.Popen(
        command, env=env, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    lines = []

    def collect():
        for line in process.stdout:
            lines.append(line.decode("utf-8", "replace"))

    reader = threading.Thread(target=collect)
    reader.daemon = True
    reader.start()
    try:
        while reader.is_alive():
            reader.join(0.2)
            progress.update(installed_so_far("".join(lines)))
        code = process.wait()
    except KeyboardInterrupt:
        process.terminate()
        progress.close()
        raise
    if code:
        progress.close()
        sys.stderr.write("".join(lines[-15:]))
        stop(reason("".join(lines)))


def fingerprint(lock, flavour):
    """A hash of all that decides what an environment holds."""
    import hashlib

    text = read_text(os.path.join(ROOT, lock)) + read_text(os.path.join(ROOT, "pyproject.toml"))
    text += "%s %s %s" % (flavour, sys.version, ROOT)
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def is_set_up(folder, wanted):
    stamp = os.path.join(folder, "installed")
    return (
        os.path.exists(stamp)
        and os.path.exists(python_of(folder))
        and read_text(stamp).strip() == wanted
    )


def is_writable(folder):
    """Whether an environment can be changed, or made where there is none."""
    there = folder if os.path.isdir(folder) else os.path.dirname(folder)
    return os.access(there, os.W_OK)


def works(python, stamp):
    """Whether an environment was once whole, and still imports the package."""
    import subprocess

    if not os.path.exists(stamp) or not os.path.exists(python):
        return False
    command = [python, "-P", "-c", "import lyricgen.cli.main"]
    with open(os.devnull, "w") as nowhere:
        return subprocess.call(command, stdout=nowhere, stderr=nowhere, env=environment()) == 0


def check_machine(folder):
    """Stops where an environment cannot be made: no venv module, too little space."""
    import shutil

    try:
        import ensurepip
        import venv

        assert ensurepip and venv
    except ImportError:
        stop(
            "This Python has no venv module: install it (on Debian and Ubuntu: sudo apt install "
            "python%d.%d-venv) and run this again." % sys.version_info[:2]
        )
    first = not os.path.exists(os.path.join(folder, "installed"))
    if first and shutil.disk_usage(ROOT).free < SPACE:
        stop("There is too little space on this disk: free about 4 GB and run this again.")


def make_environment(folder):
    import venv

    try:
        if not os.path.exists(python_of(folder)):
            builder = venv.EnvBuilder(with_pip=True, clear=True, symlinks=os.name != "nt")
            builder.create(folder)
    except Exception as error:  # whatever a venv says, the reader needs one sentence
        stop("The environment could not be made in %s: %s." % (folder, error))


def locked_tensorflow(lock):
    """The version of TensorFlow that a lock names."""
    text = read_text(os.path.join(ROOT, lock))
    return re.search(r"^tensorflow-cpu==([^\s;]+)", text, re.M).group(1)


def install_packages(folder, lock, flavour, progress):
    """Makes the environment hold exactly what the lock says, and this package."""
    python, env = python_of(folder), environment()
    env["VIRTUAL_ENV"] = folder
    uv = [python, "-m", "uv", "pip"]
    install(uv + ["sync", "--python", python, lock], env, progress)
    if flavour == "gpu":
        gpu = "tensorflow[and-cuda]==" + locked_tensorflow(lock)
        install(uv + ["uninstall", "--python", python, "tensorflow-cpu"], env, progress)
        install(uv + ["install", "--python", python, gpu], env, progress)
    alone = ["--quiet", "--no-deps", "--no-build-isolation", "-e", "."]
    install(uv + ["install", "--python", python] + alone, env, progress)


def set_up(folder, lock, flavour=""):
    """Makes an environment that holds what a lock says, and returns its Python.

    It does nothing where that has been done already.
    """
    python, stamp = python_of(folder), os.path.join(folder, "installed")
    wanted = fingerprint(lock, flavour)
    if is_set_up(folder, wanted):
        return python
    if not is_writable(folder):
        if works(python, stamp):
            sys.stderr.write(
                "%s cannot be written and is used as it is, though it was made for another "
                "Python or an older lock.\n" % folder
            )
            return python
        stop(
            "%s cannot be written, so the course cannot be set up here: ask its owner to run "
            "run.py once, or use a copy of the course of your own." % folder
        )
    check_machine(folder)
    progress = Progress()
    progress.begin("making %s with Python %s" % (os.path.basename(folder), sys.version.split()[0]))
    if os.path.exists(stamp):
        os.remove(stamp)
    make_environment(folder)
    pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    install(pip + ["uv>=0.5"], environment(), progress)
    progress.begin("installing", " the packages of %s" % lock)
    install_packages(folder, lock, flavour, progress)
    write_text(stamp, wanted)
    progress.begin("ready")
    progress.close()
    return python


def set_up_course(gpu):
    """Sets .venv up, for a GPU where that is asked for or was asked for before."""
    folder = os.path.join(ROOT, ".venv")
    mark = os.path.join(folder, "gpu")
    if gpu and not sys.platform.startswith("linux"):
        stop(
            "--gpu is for Linux with an NVIDIA GPU: leave it out, everything runs on the CPU as "
            "well."
        )
    if not gpu and not os.path.exists(mark):
        return set_up(folder, "requirements.lock")
    python = set_up(folder, "requirements.lock", "gpu")
    if not os.path.exists(mark):
        write_text(mark, "")  # later runs keep it without being asked
    return python


def run(command, folder=None, **variables):
    """Runs a command in a folder, by default the project's, and returns its exit code.

    Ctrl-C reaches the command as well, which ends in its own way: JupyterLab asks,
    pytest reports. The code is 130 then.
    """
    import subprocess

    process = subprocess.Popen(command, env=dict(environment(), **variables), cwd=folder or ROOT)
    interrupted = False
    while True:
        try:
            code = process.wait()
            return INTERRUPTED if interrupted else code
        except KeyboardInterrupt:
            interrupted = True


# Tests


class Times(object):
    """Keeps in build/times.json how long each kind of test took.

    The command test begins the file, and floor adds its row.
    """

    def __init__(self):
        self.path = os.path.join(ROOT, "build", "times.json")
        self.rows = []  # [kind, seconds, tests, failed, skipped]
        self.slowest = []  # [seconds, kind, name of the test]

    def load(self):
        import json

        if os.path.exists(self.path):
            kept = json.loads(read_text(self.path))
            self.rows, self.slowest = kept["rows"], kept["slowest"]
        return self

    def drop(self, kind):
        """Forgets a kind, before it is run again."""
        self.rows = [row for row in self.rows if row[0] != kind]
        self.slowest = [row for row in self.slowest if row[1] != kind]

    def add(self, kind, seconds, tests=(), failed=0, skipped=0):
        """Adds what a command took to its kind's row.

        `tests` are pairs of seconds and name.
        """
        row = next((row for row in self.rows if row[0] == kind), None)
        if row is None:
            row = [kind, 0.0, 0, 0, 0]
            self.rows.append(row)
        row[1:] = [row[1] + seconds, row[2] + len(tests), row[3] + failed, row[4] + skipped]
        self.slowest += [[took, kind, name] for took, name in tests]
        self.slowest = sorted(self.slowest, reverse=True)[:10]
        self.save()

    def save(self):
        import json

        if not os.path.isdir(os.path.dirname(self.path)):
            os.makedirs(os.path.dirname(self.path))
        write_text(self.path, json.dumps({"rows": self.rows, "slowest": self.slowest}, indent=1))

    def table(self):
        """The table of times, and the ten slowest tests of all kinds."""
        heading = "%-18s %9s %7s %7s %8s" % ("", "min:s", "tests", "failed", "skipped")
        lines = ["", "How long the tests took", heading]
        total = ["together"] + [sum(row[i] for row in self.rows) for i in range(1, 5)]
        for kind, seconds, tests, failed, skipped in self.rows + [total]:
            clock = "%d:%04.1f" % divmod(round(seconds, 1), 60)
            counts = (tests, failed, skipped) if tests else ("", failed or "", "")
            lines.append("%-18s %9s %7s %7s %8s" % ((kind, clock) + counts))
        if self.slowest:
            lines += ["", "The slowest tests"]
        lines += ["%7.1f s  %s: %s" % tuple(row) for row in self.slowest]
        return "\n".join(lines)


def read_report(path):
    """Reads pytest's report: the tests, how many failed, how many were skipped.

    A test is a pair of its seconds and its name.
    """
    import xml.etree.ElementTree

    tests, failed, skipped = [], 0, 0
    if not os.path.exists(path):  # pytest was stopped, or did not begin
        return tests, failed, skipped
    for case in xml.etree.ElementTree.parse(path).iter("testcase"):
        file, name = case.get("file") or case.get("classname"), case.get("name")
        label = name if name.startswith(file) else "%s::%s" % (file, name)
        tests.append((float(case.get("time", 0)), label))
        failed += case.find("failure") is not None or case.find("error") is not None
        skipped += case.find("skipped") is not None
    return tests, failed, skipped


class Tests(object):
    """The runs of `test` and `floor`, with the arguments that chose them."""

    KINDS = ("style", "unit", "browser", "solutions", "notebooks")
    SOLUTIONS = "tests/test_solutions.py"
    NOTHING_COLLECTED = 5  # pytest's exit code
    WITH_VALUE = ("-k", "-p", "-n", "-o", "-c", "-W", "--ignore", "--deselect")

    def __init__(self, arguments, times):
        self.times, self.codes = times, []
        self.kinds, self.files, self.books, self.options, self.marks = [], [], [], [], ""
        self.variables = {"LYRICGEN_MODE": "smoke"}
        rest = list(arguments)
        while rest:
            self.read(rest.pop(0), rest)
        if not self.kinds:
            self.kinds = self.kinds_of_files()

    def read(self, argument, rest):
        """Reads one argument, and its value from the rest."""
        if argument == "--lesson":
            self.variables["LYRICGEN_MODE"] = "lesson"
        elif argument == "--all":
            self.variables["LYRICGEN_ALL"] = "1"
        elif argument in self.KINDS:
            self.kinds.append(argument)
        elif re.search(r"\.ipynb(::|$)", argument):
            self.books.append(argument)
        elif re.search(r"^tests\b|\.py(::|$)", argument):
            self.files.append(argument)
        elif argument == "-m" and rest:
            self.marks = rest.pop(0)
        elif argument in self.WITH_VALUE and rest:
            self.options += [argument, rest.pop(0)]
        else:
            self.options.append(argument)

    def kinds_of_files(self):
        """The kinds that are run when none is named: all, or those of the files."""
        if not self.files and not self.books:
            return self.KINDS
        of_files = ["unit", "browser"] if self.files else []
        return of_files + (["notebooks"] if self.books else [])

    def all_kinds(self, python):
        for kind in self.KINDS:
            if kind in self.kinds and INTERRUPTED not in self.codes:
                print("\n" + kind.capitalize())
                getattr(self, kind)(python)

    def style(self, python):
        """Runs ruff, and mypy where pyproject.toml configures it."""
        commands = [["ruff", "format", "--check"], ["ruff", "check", "--output-format=concise"]]
        if "\n[tool.mypy]" in read_text(os.path.join(ROOT, "pyproject.toml")):
            commands.append(["mypy"])
        for command in commands:
            start = time.time()
            code = run([python, "-m"] + command)
            self.codes.append(code)
            self.times.add(" ".join(command[:2]), time.time() - start, failed=int(code != 0))

    def unit(self, python):
        everything = ["tests", "--ignore=" + self.SOLUTIONS]
        self.pytest("unit", python, self.files or everything, "not browser")

    def browser(self, python):
        """Runs the tests with the mark, and imports no file that has none of them."""
        names = sorted(os.listdir(os.path.join(ROOT, "tests")))
        paths = ["tests/" + name for name in names if name.endswith(".py")]
        marked = [path for path in paths if "mark.browser" in read_text(os.path.join(ROOT, path))]
        self.pytest("browser", python, self.files or marked or ["tests"], "browser")

    def solutions(self, python):
        self.pytest("solutions", python, [self.SOLUTIONS])

    def notebooks(self, python):
        """Compares each notebook with its stored outputs, two notebooks at a time."""
        print("in mode %s, against their stored outputs" % self.variables["LYRICGEN_MODE"])
        books = self.books
        if not books:
            names = sorted(os.listdir(os.path.join(ROOT, "notebooks")))
            books = ["notebooks/" + name for name in names if name.endswith(".ipynb")]
        two = ["-n", "2", "--dist", "loadfile"] if len(books) > 1 else []
        self.nbval("notebooks", python, two + books)

    def oldest(self, python):
        """Runs on Colab's versions what Colab has: not JupyterLab's page, no speeds."""
        kind = "oldest versions"
        self.pytest(kind, python, self.files or ["tests"], "not browser and not slow")
        if not self.files and INTERRUPTED not in self.codes:
            self.nbval(kind, python, ["notebooks/00_start_here.ipynb"])

    def nbval(self, kind, python, arguments):
        options = ["--nbval", "--nbval-current-env", "--nbval-cell-timeout=600"]
        self.pytest(kind, python, options + ["-p", "no:cacheprovider"] + arguments)

    def pytest(self, kind, python, arguments, marks=""):
        """Runs pytest once and adds its times to the row of `kind`."""
        sys.stdout.flush()
        report = os.path.join(ROOT, "build", "report.xml")
        if os.path.exists(report):
            os.remove(report)
        both = " and ".join("(%s)" % part for part in (marks, self.marks) if part)
        command = [python, "-m", "pytest", "--junitxml=" + report, "-o", "junit_family=xunit1"]
        command += (["-m", both] if both else []) + arguments + self.options
        start = time.time()
        self.codes.append(run(command, **self.variables))
        seconds = time.time() - start
        tests, failed, skipped = read_report(report)
        self.times.add(kind, seconds, tests, failed, skipped)

    def code(self):
        """The exit code of all runs: that of the first failure.

        It is no failure that a choice such as -k left nothing in some of the runs.
        """
        counted = [code for code in self.codes if code != self.NOTHING_COLLECTED]
        if not counted:
            return self.NOTHING_COLLECTED
        failures = [code for code in counted if code]
        return failures[0] if failures else 0


def test(gpu, arguments):
    """Sets the course up and runs all kinds of tests."""
    times = Times()
    start = time.time()
    python = set_up_course(gpu)
    times.add("set-up", time.time() - start)
    tests = Tests(arguments, times)
    tests.all_kinds(python)
    print(times.table())
    return tests.code()


def floor(arguments):
    """Sets the oldest versions up and runs the tests on them."""
    times = Times().load()
    times.drop("oldest versions")
    start = time.time()
    python = set_up(os.path.join(ROOT, ".venv-floor"), "requirements-floor.lock")
    times.add("oldest versions", time.time() - start)
    tests = Tests(arguments, times)
    tests.oldest(python)
    print(times.table())
    return tests.code()


def print_times():
    times = Times().load()
    if not times.rows:
        stop("No times are kept yet: run python3 run.py test.")
    print(times.table())
    return 0


# JupyterLab


def quiet_settings(folder):
    """Keeps JupyterLab's question about news off the page.

    The setting stands in the environment: the user's own settings stay as they are.
    """
    import json

    path = os.path.join(folder, "share", "jupyter", "lab", "settings", "overrides.json")
    settings = json.loads(read_text(path)) if os.path.exists(path) else {}
    wanted = {"fetchNews": "false", "checkForUpdates": False}
    plugin = "@jupyterlab/apputils-extension:notification"
    if settings.get(plugin) != wanted and is_writable(folder):
        settings[plugin] = wanted
        if not os.path.isdir(os.path.dirname(path)):
            os.makedirs(os.path.dirname(path))
        write_text(path, json.dumps(settings, indent=1))


def read_hashes(path):
    """The hashes of a copy: what each file was when it was copied last."""
    import json

    try:
        hashes = json.loads(read_text(path))
    except (OSError, ValueError):
        return {}
    return hashes if isinstance(hashes, dict) else {}


def without_metadata(value):
    """A part of a notebook, less what JupyterLab alone writes into it.

    It is enough to open a notebook for metadata and counts to change. Text may be one
    string or a list of lines.
    """
    left_out = ("metadata", "execution_count")
    if isinstance(value, dict):
        return {key: without_metadata(value[key]) for key in value if key not in left_out}
    if isinstance(value, list):
        if all(isinstance(line, str) for line in value):
            return "".join(value)
        return [without_metadata(part) for part in value]
    return value


def hash_of(path):
    """The SHA-256 of a notebook's cells and outputs, or None where there is no file."""
    import hashlib
    import json

    if not os.path.exists(path):
        return None
    with open(path, "rb") as file:
        content = file.read()
    try:
        cells = without_metadata(json.loads(content.decode("utf-8"))["cells"])
        content = json.dumps(cells, sort_keys=True).encode("utf-8")
    except (ValueError, KeyError, TypeError):
        pass  # not a notebook: its bytes count
    return hashlib.sha256(content).hexdigest()


def notebook_names(folder):
    """Lists the notebooks under a folder, such as solutions/01_lstm_gates.ipynb."""
    found = []
    for inside, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        paths = [os.path.relpath(os.path.join(inside, name), folder) for name in sorted(names)]
        found += [path.replace(os.sep, "/") for path in paths if path.endswith(".ipynb")]
    return found


def copy_file(source, target):
    """Copies a file whole or not at all."""
    import shutil

    if not os.path.isdir(os.path.dirname(target)):
        os.makedirs(os.path.dirname(target))
    shutil.copyfile(source, target + ".tmp")
    os.replace(target + ".tmp", target)


def what_to_do(original, copy, copied):
    """Says what becomes of a copied notebook, from three hashes.

    They are the original's, the copy's as it is now (None where there is none), and the
    copy's as it was made. Only a copy that is still as it was made is written over.
    """
    if copy is None:
        return "new"
    if copy == original:
        return "same"
    if copy == copied:
        return "updated"
    return "kept" if original == copied else "behind"


def copy_notebooks(source, target):
    """Copies the notebooks, or updates an earlier copy of them.

    A copy that was changed is neither written over nor removed. Returns the names by
    what became of them; those that are behind were kept, and their originals changed.
    """
    import json

    memory = os.path.join(target, ".lyricgen.json")
    copied = read_hashes(memory)
    result = {"new": [], "same": [], "updated": [], "kept": [], "behind": [], "removed": []}
    current = {}
    names = notebook_names(source)
    for name in names:
        original, copy = os.path.join(source, name), os.path.join(target, name)
        action = what_to_do(hash_of(original), hash_of(copy), copied.get(name))
        result[action].append(name)
        if action in ("new", "updated"):
            copy_file(original, copy)
        keeps = action in ("kept", "behind")
        current[name] = copied.get(name) if keeps else hash_of(original)
    for name in notebook_names(target):
        copy = os.path.join(target, name)
        if name in copied and name not in names and hash_of(copy) == copied[name]:
            os.remove(copy)
            result["removed"].append(name)
    write_text(memory, json.dumps(current, indent=1, sort_keys=True))
    return result


def report_copy(result, target):
    """Says what was copied, updated, removed and kept."""
    print("%s: %d new, %d updated" % (target, len(result["new"]), len(result["updated"])))
    for kind, sentence in (
        ("removed", "No longer in the course, and removed: %s."),
        ("kept", "Kept, since you changed them: %s."),
        (
            "behind",
            "Kept, since you changed them, but the course has new versions: %s. "
            "To get one, rename yours and run this again.",
        ),
    ):
        if result[kind]:
            print(sentence % ", ".join(result[kind]))


def own_copy(target):
    """Makes or updates the user's copy of the notebooks, or says why it cannot."""
    source = os.path.join(ROOT, "notebooks")
    target = os.path.abspath(target)
    inside = os.path.realpath(target) + os.sep
    if inside.startswith(os.path.realpath(source) + os.sep):
        stop("--copy needs a folder outside of the course's notebooks, for example my-course.")
    try:
        if not os.path.isdir(target):
            os.makedirs(target)
        report_copy(copy_notebooks(source, target), target)
    except (OSError, ValueError) as error:
        stop("The notebooks could not be copied to %s: %s." % (target, error))
    return target


def take_copy(arguments):
    """The folder behind --copy, or None; it is taken out of the arguments."""
    for i, argument in enumerate(arguments):
        if argument.startswith("--copy="):
            del arguments[i]
            return argument[len("--copy=") :]
        if argument == "--copy":
            if arguments[i + 1 : i + 2] in ([], [""]) or arguments[i + 1].startswith("-"):
                stop("--copy needs the name of a folder, for example --copy my-course.")
            folder = arguments[i + 1]
            del arguments[i : i + 2]
            return folder
    return None


def lab(gpu, arguments):
    """Opens JupyterLab over the whole course, or over a copy of its notebooks."""
    arguments = list(arguments)
    copy = take_copy(arguments)
    root, page = ROOT, "/lab/tree/notebooks/00_start_here.ipynb"
    if copy is not None:
        root, page = own_copy(copy), "/lab/tree/00_start_here.ipynb"
    python = set_up_course(gpu)
    quiet_settings(os.path.join(ROOT, ".venv"))
    command = [python, "-m", "jupyter", "lab", "--ServerApp.root_dir=" + root]
    command.append("--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate")
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        command.append("--allow-root")
    if not [argument for argument in arguments if not argument.startswith("-")]:
        command.append("--LabApp.default_url=" + page)
    return run(command + arguments)


def main(arguments):
    gpu = "--gpu" in arguments
    arguments = [argument for argument in arguments if argument != "--gpu"]
    named = arguments and not arguments[0].startswith("-")
    command = arguments.pop(0) if named else "song"
    for_help = [argument for argument in arguments if argument in ("-h", "--help")]
    if for_help and (not named or command in ANSWERED_HERE):
        print(HELP)
        return 0
    check_python()
    check_command(command)
    if command == "test":
        return test(gpu, arguments)
    if command == "floor":
        return floor(arguments)
    if command == "times":
        return print_times()
    if command == "lab":
        return lab(gpu, arguments)
    # The paths in a user's command are meant from the user's folder. -P keeps that
    # folder off Python's search path: a json.py there, or a clone of the course with
    # the name lyricgen, would be imported first.
    lyricgen = [set_up_course(gpu), "-P", "-m", "lyricgen"]
    return run(lyricgen + [command] + arguments, folder=os.curdir)


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.stderr.write("Stopped.\n")
        sys.exit(INTERRUPTED)
