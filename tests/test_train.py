"""Training: stopped or killed at any step and resumed, it ends with the same bits.

The best weights are kept, and faults are told in a sentence.
"""

import json
import math
import os
import platform
import signal
import subprocess
import sys
import time
from pathlib import Path

import keras
import numpy as np
import pytest
import train_all

from lyricgen import budget
from lyricgen.budget import Budget
from lyricgen.cli.main import build_parser
from lyricgen.files import UserError
from lyricgen.models import checkpoint, lock, training
from lyricgen.models.training import Schedule
from lyricgen.models.weights import WEIGHTS, load_weights

STEPS = 24
VALIDATIONS = 6
SCHEDULE = Schedule(peak=1e-2, seed=3)


def model() -> keras.Model:
    """A network with noise of its own (dropout) and an optimizer with slots."""
    net = keras.Sequential(
        [
            keras.Input((6,)),
            keras.layers.Dense(16, activation="tanh"),
            keras.layers.Dropout(0.4),
            keras.layers.Dense(1),
        ]
    )
    net.compile(keras.optimizers.AdamW(1e-2, global_clipnorm=1.0), "mse")
    return net


def batch(step: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng((5, step))
    x = rng.normal(size=(8, 6)).astype(np.float32)
    return x, x[:, :1] * x[:, 1:2]


def budget_of(folder, **limit) -> Budget:
    """STEPS steps with VALIDATIONS validations, unless told otherwise."""
    return Budget(folder, progress=False, **{"steps": STEPS, "validations": VALIDATIONS} | limit)


def train_once(folder, before=None, each=None, **limit) -> tuple[list[np.ndarray], list[dict]]:
    training.make_deterministic(3)
    net = model()
    x, y = batch(10**6)

    def validate():
        return float(np.mean((net(x) - y) ** 2))

    rows = training.fit(net, batch, validate, budget_of(folder, **limit), SCHEDULE, before, each)
    return net.get_weights(), rows


def same(one, two) -> bool:
    return all(a.tobytes() == b.tobytes() for a, b in zip(one, two, strict=True))


def without_times(rows):
    return [{key: value for key, value in row.items() if key != "seconds"} for row in rows]


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    return train_once(tmp_path_factory.mktemp("whole"))


@pytest.mark.parametrize(
    "save_every", [0.0, 1e9], ids=["a checkpoint at each step", "at validations only"]
)
def test_stopped_and_resumed_is_the_same(tmp_path, monkeypatch, whole, save_every):
    monkeypatch.setattr(training, "SAVE_EVERY", save_every)

    def stop(at):
        def before(step, steps):
            if step == at:
                raise KeyboardInterrupt

        return before

    for at in (3, 14, 23):
        with pytest.raises(KeyboardInterrupt):
            train_once(tmp_path, stop(at))
    weights, rows = train_once(tmp_path)
    assert same(weights, whole[0])
    assert without_times(rows) == without_times(whole[1]), "the curves go on as if nothing had been"
    assert [
        json.loads(line) for line in (tmp_path / "curves.jsonl").read_text().splitlines()
    ] == rows
    assert not list(tmp_path.glob("*.tmp"))


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="this system has no kill -9")
def test_killed_in_another_process_and_resumed_is_the_same(tmp_path, whole):
    code = (
        "import os, signal, sys\n"
        "from pathlib import Path\n"
        "sys.path[:0] = ['tests', 'experiments']\n"
        "import test_train\n"
        "def before(step, steps):\n"
        "    if step == 17:\n"
        "        os.kill(os.getpid(), signal.SIGKILL)\n"
        f"test_train.train_once(Path({str(tmp_path)!r}), before)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=os.path.dirname(os.path.dirname(__file__)),
        capture_output=True,
    )
    assert done.returncode == -signal.SIGKILL
    assert same(train_once(tmp_path)[0], whole[0])


def test_two_equal_trainings_at_once(tmp_path, whole):
    """The second one is refused in a sentence, and the first is none the worse."""
    refusals = []

    def before(step, steps):
        if step == 9:
            with pytest.raises(UserError, match="same training is running already") as error:
                train_once(tmp_path)
            refusals.append(str(error.value))

    weights, _ = train_once(tmp_path, before)
    assert same(weights, whole[0])
    [message] = refusals
    assert (
        f"process {os.getpid()} on" in message
        and str(tmp_path.resolve() / lock.FILE_NAME) in message
    )
    assert not (tmp_path / lock.FILE_NAME).exists()


HOLDER = """
import sys, time
from pathlib import Path
from lyricgen.models import lock
with lock.locked(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


def test_a_lock_of_another_process_counts_while_it_runs(tmp_path):
    words = [sys.executable, "-c", HOLDER, str(tmp_path)]
    root = Path(__file__).resolve().parents[1]
    with subprocess.Popen(words, stdout=subprocess.PIPE, cwd=root) as holder:
        assert holder.stdout.readline().strip() == b"held"
        with pytest.raises(UserError, match=f"as process {holder.pid} on"), lock.locked(tmp_path):
            pass
        holder.kill()
    assert (tmp_path / lock.FILE_NAME).exists(), "a killed process leaves it"
    with lock.locked(tmp_path):
        assert (tmp_path / lock.FILE_NAME).exists()
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "content, is_old, is_free",
    [
        ({"process": os.getpid(), "machine": platform.node()}, False, True),
        ({"process": 1, "machine": "another"}, False, False),
        ({"process": 1, "machine": "another"}, True, True),
        (None, False, False),
        (None, True, True),
    ],
    ids=["our number", "another machine", "long ago", "just begun", "half written"],
)
def test_whose_lock_counts(tmp_path, content, is_old, is_free):
    path = tmp_path / lock.FILE_NAME
    path.write_text("" if content is None else json.dumps(content))
    if is_old:
        long_ago = time.time() - 2 * lock.SECONDS_OF_SILENCE
        os.utime(path, (long_ago, long_ago))
    if is_free:
        with lock.locked(tmp_path):
            assert json.loads(path.read_text())["process"] == os.getpid()
    else:
        with pytest.raises(UserError, match="delete .*running.lock"), lock.locked(tmp_path):
            pass
        assert path.exists()


def test_a_checkpoint_renews_the_lock(tmp_path, monkeypatch):
    monkeypatch.setattr(training, "SAVE_EVERY", 0.0)
    path = tmp_path / lock.FILE_NAME
    ages = []

    def before(step, steps):
        ages.append(time.time() - path.stat().st_mtime)
        os.utime(path, (0, 0))

    train_once(tmp_path, before)
    assert len(ages) == STEPS and max(ages) < lock.SECONDS_OF_SILENCE


def test_a_finished_training_is_only_loaded(tmp_path, whole):
    train_once(tmp_path)
    weights, rows = train_once(
        tmp_path, before=lambda step, steps: pytest.fail("there is nothing left to do")
    )
    assert same(weights, whole[0]) and len(rows) == 6


def test_noise_and_data_follow_from_the_step_alone(whole, tmp_path):
    def shaken(step, steps):
        np.random.default_rng().normal(size=3)  # other draws between steps change nothing
        keras.random.normal((2,))

    assert same(train_once(tmp_path, shaken)[0], whole[0])


def test_minutes_choose_the_steps_beforehand_and_leave_no_trace(tmp_path):
    weights, rows = train_once(tmp_path / "minutes", steps=None, minutes=0.02)
    assert rows[-1]["step"] >= 6
    with np.load(tmp_path / "minutes" / "checkpoint.npz") as file:
        steps = json.loads(str(file["state"]))["steps"]
    assert steps == rows[-1]["step"]
    assert same(weights, train_once(tmp_path / "steps", steps=steps)[0])


def test_the_best_weights_are_kept(tmp_path):
    scores = iter([3.0, 1.0, 2.0, 1.5, 4.0, 1.0])
    seen = []
    training.make_deterministic(3)
    net = model()

    def validate():
        seen.append(net.get_weights())
        return next(scores)

    training.fit(net, batch, validate, budget_of(tmp_path), SCHEDULE)
    assert same(net.get_weights(), seen[1]) and not same(seen[1], seen[-1])


def test_each_validation_is_reported_with_the_curves_so_far(tmp_path):
    reported = []

    def each(rows):
        reported.append([row["step"] for row in rows])

    _, rows = train_once(tmp_path, each=each)
    steps = [row["step"] for row in rows]
    assert reported == [steps[:k] for k in range(1, VALIDATIONS + 1)]


def test_learning_rate():
    rates = [training.learning_rate(step, 1000, 0.5, 0.1) for step in range(1000)]
    assert (
        rates[99] == 0.5 == max(rates)
        and rates[0] == 0.005
        and np.allclose(np.diff(rates[:100]), 0.005)
    )
    assert (
        all(np.diff(rates[100:]) < 0)
        and rates[550] == pytest.approx(0.5 * 0.505)
        and rates[-1] < 0.0051
    )


@pytest.mark.parametrize("mode, minutes", [("smoke", 1), ("lesson", 2), ("full", 3)])
def test_budget(monkeypatch, mode, minutes):
    monkeypatch.setenv("LYRICGEN_MODE", mode)
    assert budget.for_mode(1, 2, 3) == minutes


@pytest.mark.parametrize("limit", [{}, {"steps": 3, "minutes": 1.0}], ids=["neither", "both"])
def test_a_budget_is_either_steps_or_minutes(tmp_path, limit):
    with pytest.raises(ValueError, match="either a number of steps or a number of minutes"):
        Budget(tmp_path, **limit)


def test_another_setting_has_another_folder(monkeypatch, tmp_path):
    monkeypatch.setenv("LYRICGEN_CACHE", str(tmp_path))
    assert (
        checkpoint.folder_for("a", {"hidden": 1})
        == checkpoint.folder_for("a", {"hidden": 1})
        != checkpoint.folder_for("a", {"hidden": 2})
    )
    assert tmp_path in checkpoint.folder_for("a", {}).parents


def test_a_checkpoint_of_another_model_or_a_broken_one_is_refused(tmp_path):
    train_once(tmp_path)
    net = keras.Sequential([keras.Input((6,)), keras.layers.Dense(2), keras.layers.Dense(1)])
    net.compile("adam", "mse")
    with pytest.raises(UserError, match="of another model"):
        training.fit(net, batch, lambda: 0.0, budget_of(tmp_path), SCHEDULE)
    whole = (tmp_path / "checkpoint.npz").read_bytes()
    flipped = bytearray(whole)
    flipped[len(whole) // 2] ^= 1
    for broken in (b"PK nothing", b"", whole[: len(whole) // 2], bytes(flipped)):
        (tmp_path / "checkpoint.npz").write_bytes(broken)
        with pytest.raises(UserError, match="no checkpoint that can be read.*delete"):
            train_once(tmp_path)


def test_a_loss_that_is_not_finite_is_told(tmp_path):
    training.make_deterministic(3)

    def broken(step):
        x, y = batch(step)
        return x, y * (math.nan if step == 4 else 1)

    with pytest.raises(UserError, match="loss is nan at step 5; train again with a lower"):
        training.fit(model(), broken, lambda: 1.0, budget_of(tmp_path), SCHEDULE)


def test_the_progress_bar_shows_losses_and_time_left(tmp_path, capsys):
    training.make_deterministic(3)
    training.fit(model(), batch, lambda: 0.25, Budget(tmp_path, 8, validations=2), SCHEDULE)
    shown = capsys.readouterr().err
    assert "8/8" in shown and "loss=" in shown and "<" in shown
    assert "best validation=0.2500" in shown


@pytest.mark.parametrize("name", train_all.RECIPES)
def test_the_shipped_weights_were_made_by_their_recipe(name):
    """The command of the training can be parsed, and the card has its settings."""
    recipe = train_all.RECIPES[name]
    _, card = load_weights(name)
    assert card["steps"] == train_all.planned_steps(name)
    assert train_all.is_there(name, WEIGHTS), "in one training, from random weights"
    words = train_all.command(recipe, Path("b"))
    arguments = words[words.index("train") :]
    args = build_parser().parse_args(arguments)
    for key, value in recipe.settings.items():
        places = (card["settings"], card["data"], card)
        in_card = next(place[key] for place in places if key in place)
        assert getattr(args, key) == in_card == value
    assert args.steps == recipe.steps and args.out == Path("b")


def test_a_recipe_that_does_not_exist_is_told(capsys):
    assert train_all.main(["nobody"]) == 2
    assert "no recipe 'nobody'; there are songci" in capsys.readouterr().err


def test_slow_validations_are_fewer_and_take_a_quarter_of_the_minutes(tmp_path, monkeypatch):
    clock = [0.0]
    monkeypatch.setattr(training.time, "perf_counter", lambda: clock[0])
    run_step = training.Training.run_step

    def one_second(self, step, steps):
        clock[0] += 1.0
        return run_step(self, step, steps)

    def ten_seconds() -> float:
        clock[0] += 10.0
        return 1.0

    monkeypatch.setattr(training.Training, "run_step", one_second)
    budget = Budget(tmp_path, minutes=3, validations=30, progress=False)
    rows = training.fit(model(), batch, ten_seconds, budget, SCHEDULE)
    # 180 seconds, less 32 for measuring: a quarter of them for validations
    assert len(rows) in (3, 4) and rows[-1]["step"] == 118
    state = json.loads(str(np.load(tmp_path / "checkpoint.npz")["state"]))
    assert state["validations"] == 3
