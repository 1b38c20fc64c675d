#!/usr/bin/env python3
"""Sets the course up in .venv and runs it: python3 run.py [song|test|lab|bench|floor|...] [--gpu].

Standard library only. The file is written so that any Python back to 2.7 can read it and say its one sentence.
"""

from __future__ import print_function

import os
import sys

ROOT = os.path.dirname(os.path.abspath(__file__))
OLDEST, NEWEST = (3, 11), (3, 13)
SPACE = 4 * 10**9  # bytes: the installed packages and what the installer keeps beside them

HELP = """usage: python3 run.py [--gpu] [command] [arguments]

  song    makes a song in out/ (the default; song --help lists its options)
  test    all tests: unit, notebooks, browser where there is one (--lesson: notebooks with their full budget)
  lab     opens the course in JupyterLab
  bench   the benchmarks, side by side with their peers (--card: what this device measures, kept in data/measured/)
  floor   the tests on the oldest versions that are supported: Colab's
  parse, train, evaluate, ...   as python -m lyricgen has them

  --gpu   TensorFlow for an NVIDIA GPU in place of the CPU build (Linux)"""


def stop(sentence):
    """Ends with one sentence that says what to do, and exit code 2."""
    sys.stderr.write(sentence + "\n")
    sys.exit(2)


def check_python():
    found = "%d.%d" % sys.version_info[:2]
    wanted = "Python %d.%d to %d.%d" % (OLDEST + NEWEST)
    if sys.version_info[:2] < OLDEST:
        stop(
            "This is Python %s and the course needs %s: install one and start run.py with it, for example python3.12 run.py."
            % (found, wanted)
        )
    if sys.version_info[:2] > NEWEST:
        stop(
            "This is Python %s and TensorFlow has no build for it yet: start run.py with %s, for example python3.12 run.py."
            % (found, wanted)
        )


def python_of(folder):
    return (
        os.path.join(folder, "Scripts", "python.exe")
        if os.name == "nt"
        else os.path.join(folder, "bin", "python")
    )


def environment():
    env = {
        key: value
        for key, value in os.environ.items()
        if key not in ("PYTHONDONTWRITEBYTECODE", "PYTHONHOME", "PYTHONPATH")
    }
    env.update(PYTHONUTF8="1", TF_CPP_MIN_LOG_LEVEL=env.get("TF_CPP_MIN_LOG_LEVEL", "3"))
    return env


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
        return "The packages could not be downloaded: connect this machine to the internet for this one step and run this again."
    return "The packages could not be installed; the lines above say why."


def install(command, env):
    """Runs an installer, shows what it says as it comes, and stops with one sentence if it fails."""
    import subprocess

    process = subprocess.Popen(
        command, env=env, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    said = b""
    for chunk in iter(lambda: process.stdout.read1(4096), b""):
        said = (said + chunk)[-20000:]
        sys.stderr.buffer.write(chunk)
        sys.stderr.flush()
    if process.wait():
        stop(reason(said.decode("utf-8", "replace")))


def set_up(folder, lock, flavour=""):
    """Makes the environment `folder` hold exactly what `lock` says, and this package; does nothing where that is so already."""
    import hashlib
    import shutil
    import time

    with open(os.path.join(ROOT, lock), "rb") as file:
        locked = file.read()
    with open(os.path.join(ROOT, "pyproject.toml"), "rb") as file:
        wanted = hashlib.sha256(
            locked + file.read() + ("%s %s %s" % (flavour, sys.version, ROOT)).encode()
        ).hexdigest()
    stamp, python = os.path.join(folder, "installed"), python_of(folder)
    if os.path.exists(stamp) and os.path.exists(python):
        with open(stamp) as file:
            if file.read() == wanted:
                return python
    try:
        import ensurepip
        import venv

        assert ensurepip
    except ImportError:
        stop(
            "This Python has no venv module: install it (on Debian and Ubuntu: sudo apt install python%d.%d-venv) and run this again."
            % sys.version_info[:2]
        )
    if shutil.disk_usage(ROOT).free < SPACE and not os.path.exists(stamp):
        stop("There is too little space on this disk: free about 4 GB and run this again.")
    began, env = time.time(), environment()

    def step(number, text):
        sys.stderr.write("[%d/3 %4.0f s] %s\n" % (number, time.time() - began, text))

    step(1, "making %s with Python %s" % (os.path.basename(folder), sys.version.split()[0]))
    if os.path.exists(stamp):
        os.remove(stamp)
    try:
        if not os.path.exists(python):
            venv.EnvBuilder(with_pip=True, clear=True, symlinks=os.name != "nt").create(folder)
    except Exception as error:  # whatever a venv says, the reader needs one sentence
        stop("The environment could not be made in %s: %s." % (folder, error))
    install(
        [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "uv>=0.5"], env
    )
    step(2, "installing the packages of %s: about 2 GB, a minute or two" % lock)
    env["VIRTUAL_ENV"] = folder
    uv = [python, "-m", "uv", "pip"]
    install(uv + ["sync", "--python", python, lock], env)
    if flavour == "gpu":
        version = (
            [line for line in locked.decode().splitlines() if line.startswith("tensorflow-cpu==")][
                0
            ]
            .split("==")[1]
            .split(";")[0]
            .strip()
        )
        install(uv + ["uninstall", "--python", python, "tensorflow-cpu"], env)
        install(uv + ["install", "--python", python, "tensorflow[and-cuda]==" + version], env)
    install(
        uv
        + [
            "install",
            "--quiet",
            "--python",
            python,
            "--no-deps",
            "--no-build-isolation",
            "-e",
            ".",
        ],
        env,
    )
    with open(stamp, "w") as file:
        file.write(wanted)
    step(3, "ready")
    return python


def run(command, **variables):
    """Runs a command in the project's folder and returns its exit code."""
    import subprocess

    try:
        return subprocess.call(command, env=dict(environment(), **variables), cwd=ROOT)
    except KeyboardInterrupt:
        return 130


def test(python, arguments, mode="smoke", notebooks=("notebooks",)):
    """Unit tests, then every notebook against its stored outputs."""
    if "--lesson" in arguments:
        mode = "lesson"
        arguments = [a for a in arguments if a != "--lesson"]
    unit = run([python, "-m", "pytest", "tests"] + arguments, LYRICGEN_MODE=mode)
    print("\nNotebooks, in mode %s, against their stored outputs" % mode)
    stored = run(
        [
            python,
            "-m",
            "pytest",
            "--nbval",
            "--nbval-current-env",
            "--nbval-cell-timeout=600",
            "-p",
            "no:cacheprovider",
        ]
        + list(notebooks),
        LYRICGEN_MODE=mode,
    )
    return unit or stored


def main(arguments):
    if "-h" in arguments[:1] or "--help" in arguments[:1]:
        print(HELP)
        return 0
    check_python()
    gpu = "--gpu" in arguments
    arguments = [a for a in arguments if a != "--gpu"]
    if gpu and not sys.platform.startswith("linux"):
        stop(
            "--gpu is for Linux with an NVIDIA GPU: leave it out, everything runs on the CPU as well."
        )
    command = arguments.pop(0) if arguments and not arguments[0].startswith("-") else "song"
    if command == "floor":
        python = set_up(os.path.join(ROOT, ".venv-floor"), "requirements-floor.lock")
        # Colab has a page of its own: JupyterLab and the floor's widgets were never made for each other; speed is measured on the lock
        return test(
            python,
            ["-m", "not browser and not slow"] + arguments,
            notebooks=["notebooks/00_start_here.ipynb"],
        )
    folder = os.path.join(ROOT, ".venv")
    if gpu or os.path.exists(os.path.join(folder, "gpu")):
        python = set_up(folder, "requirements.lock", "gpu")
        open(os.path.join(folder, "gpu"), "w").close()  # later runs keep it without being asked
    else:
        python = set_up(folder, "requirements.lock")
    if command == "test":
        return test(python, arguments)
    if command == "lab":
        return run(
            [
                python,
                "-m",
                "jupyter",
                "lab",
                "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
            ]
            + (["--allow-root"] if hasattr(os, "geteuid") and os.geteuid() == 0 else [])
            + arguments
            + [os.path.join("notebooks", "00_start_here.ipynb")]
        )
    return run([python, "-m", "lyricgen", command] + arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
