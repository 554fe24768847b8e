"""Seeds: the statistics by hand, and the command, which makes an experiment of each seed."""

import contextlib
import json
import os
import signal
import subprocess
import sys

import psutil
import pytest
from waiting import wait_until

from tools import seeds

COMMAND = f"{sys.executable} -m tools.seeds"
# A pipeline whose figures are known: `train` takes no time.
DVC_YAML = """
stages:
  train:
    cmd: python measured.py
    params: [train, split]
    metrics:
      - reports/train/metrics.json: {cache: false}
      - reports/evaluate/metrics.json: {cache: false}
"""
MEASURED_PY = """
import json
import pathlib
import time

from ruamel.yaml import YAML

params = YAML(typ="safe").load(open("params.yaml", encoding="utf-8"))
train = params["train"]
share = train["seed"] / 10 + (train["model"] == "cnn") / 100
share += params["split"]["seed"] % 42 / 1000 + params["split"]["val_fraction"] - 0.1
place = pathlib.Path("{place}")
if (place / f"halt {{train['seed']}}").exists():
    (place / "halted").touch()
    while True:
        time.sleep(0.1)
print(f"train: epoch 1/1  val_accuracy {{share:.4f}}")
for name, metrics in {{
    "train": {{"val_accuracy": share, "epochs": 3}},
    "evaluate": {{"accuracy": share / 2, "ece": 0.25}},
}}.items():
    with open(f"reports/{{name}}/metrics.json", "w") as file:
        json.dump(metrics, file)
"""


def words(line: str) -> list[str]:
    return line.split()


def test_summary_by_hand():
    runs = [{"accuracy": accuracy, "epochs": 3} for accuracy in (0.90, 0.92, 0.94)]
    header, accuracy, epochs = map(words, seeds.summary(runs))
    assert header == ["mean", "±", "std", "range,", "n", "=", "3"]
    assert accuracy == ["accuracy", "0.9200", "±", "0.0200", "0.9000", "to", "0.9400"]
    assert epochs == ["epochs", "3.0", "±", "0.0", "3", "to", "3"]


def test_summary_of_one_run_has_no_deviation():
    _, line = seeds.summary([{"accuracy": 0.9}])
    assert words(line) == ["accuracy", "0.9000", "±", "–", "0.9000", "to", "0.9000"]


def lines_of(kind: str, *accuracies: float) -> list[str]:
    """Return what is said while two seeds, or splits, run, which have these val_accuracies."""
    lines = []
    for number, share in enumerate(accuracies, start=1):
        figures = f"val_accuracy {share:.4f}  accuracy {share / 2:.4f}  ece 0.2500"
        lines += [f"{kind} {number} of {len(accuracies)} …", f"{kind} {number}  {figures}"]
    return lines


def experiments(copy) -> list[str]:
    return sorted(copy.sh("dvc exp list --name-only").stdout.split())


@pytest.fixture(scope="module")
def measured(copy):
    """The copy, with figures that are known in place of a training."""
    (copy.folder / "dvc.yaml").write_text(DVC_YAML)
    script = MEASURED_PY.format(place=copy.folder.parent)
    (copy.folder / "measured.py").write_text(script)
    copy.sh("git rm -q --cached dvc.lock && rm dvc.lock && git add -A && git commit -qm measured")
    return copy


def test_seeds_are_experiments_and_a_second_call_replaces_them_by_the_same(measured):
    first = measured.sh(f"{COMMAND} cnn --seeds 2").stdout.splitlines()
    assert first[:4] == lines_of("seed", 0.11, 0.21)
    assert first[4].endswith("n = 2")
    assert sorted(map(words, first[5:])) == [
        ["accuracy", "0.0800", "±", "0.0354", "0.0550", "to", "0.1050"],
        ["ece", "0.2500", "±", "0.0000", "0.2500", "to", "0.2500"],
        ["epochs", "3.0", "±", "0.0", "3", "to", "3"],
        ["val_accuracy", "0.1600", "±", "0.0707", "0.1100", "to", "0.2100"],
    ]
    commit = measured.sh("git rev-parse --short HEAD").stdout.strip()
    names = [f"cnn-seed-1-{commit}", f"cnn-seed-2-{commit}"]
    assert experiments(measured) == names
    assert measured.sh("git status --porcelain").stdout == ""
    assert measured.sh(f"{COMMAND} cnn --seeds 2").stdout.splitlines() == first
    assert experiments(measured) == names


def test_splits_vary_with_the_seeds_and_knobs_are_set_in_all_runs(measured):
    told = measured.sh(f"{COMMAND} cnn --splits 2 -S split.val_fraction=0.3").stdout.splitlines()
    assert told[:4] == lines_of("split", 0.311, 0.412)
    commit = measured.sh("git rev-parse --short HEAD").stdout.strip()
    name = f"cnn-split-1-split-val-fraction-0-3-{commit}"
    assert name in experiments(measured)
    measured.sh(f"dvc exp remove {name} {name.replace('split-1', 'split-2')}")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            "mpl",
            "params.yaml: expected a recipe, one of baseline, mlp, cnn, pupil, cnn_pupil, wrn, "
            "received 'mpl'",
        ),
        ("mlp --seeds 0", "--seeds: expected 1 or more, received 0"),
        ("mlp --splits 0", "--splits: expected 1 or more, received 0"),
        ("mlp -S split.seed", "-S: expected KEY=VALUE, received 'split.seed'"),
    ],
)
def test_what_cannot_be_trained_is_named(arguments, message, measured):
    done = measured.sh(f"{COMMAND} {arguments}", check=False)
    assert done.returncode == 1
    assert done.stdout == f"error: {message}\n"


def test_experiment_that_fails_is_shown_by_its_last_lines(measured):
    measured.sh("mv dvc.yaml away.yaml")
    done = measured.sh(f"{COMMAND} baseline --seeds 1", check=False)
    measured.sh("mv away.yaml dvc.yaml")
    assert done.returncode == 1
    assert "\nerror: baseline-seed-1-" in done.stdout
    assert ": expected an experiment, received:" in done.stdout


class Halting:
    """A call of tools.seeds for one seed, and the ways to halt and to watch it."""

    def __init__(self, copy):
        self.copy = copy
        self.place = copy.folder.parent
        self.process = None

    def start(self) -> None:
        """Start it; the stage halts for ever."""
        (self.place / "halt 1").touch()
        command = [sys.executable, "-m", "tools.seeds", "cnn", "--seeds", "1"]
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
        self.process = subprocess.Popen(
            command, cwd=self.copy.folder, env=self.copy.env, start_new_session=True, **pipes
        )

    def is_halted(self) -> bool:
        """Whether the stage has come so far."""
        assert self.process.poll() is None, self.process.stdout.read()
        return (self.place / "halted").exists()

    def is_noted(self) -> bool:
        """Whether DVC has made the folder of an experiment."""
        assert self.process.poll() is None, self.process.stdout.read()
        return bool(self.folders())

    def folders(self) -> list:
        """Return the folders of experiments that run, or are left over."""
        return list(self.copy.folder.glob(".dvc/tmp/exps/standalone/tmp*"))

    def children(self) -> list:
        """Return the `dvc` of experiments that run here: it works in the experiment's folder."""
        found = []
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error):
                is_here = process.cwd().startswith(str(self.copy.folder))
                if is_here and {"exp", "run", "--temp"} <= set(process.cmdline()):
                    found.append(process)
        return found

    def release(self) -> None:
        """Let no stage that starts from now on halt."""
        for path in (*self.place.glob("halt *"), self.place / "halted"):
            path.unlink(missing_ok=True)

    def running(self) -> list[str]:
        """Return the experiments that DVC takes for running."""
        shown = json.loads(self.copy.sh("dvc exp show --json 2>/dev/null").stdout)
        each = [found for baseline in shown for found in baseline.get("experiments") or ()]
        return [found["name"] for found in each if found["executor"]]


@pytest.fixture
def halting(measured):
    measured.sh("rm -rf .dvc/cache/runs")  # so that stages run
    made = Halting(measured)
    yield made
    made.release()
    made.process.kill()
    made.process.wait()
    for process in made.children():
        os.killpg(process.pid, signal.SIGKILL)
    made.process.stdout.close()
    measured.sh("rm -rf .dvc/tmp/exps/standalone")


def check_that_it_goes_on(halting) -> None:
    """Assert that nothing is left of a call, and that the same call comes to its end."""
    assert halting.running() == []
    assert halting.copy.sh("git status --porcelain").stdout == ""
    halting.release()
    done = halting.copy.sh(f"{COMMAND} cnn --seeds 1").stdout
    assert "seed 1  val_accuracy 0.1100  accuracy 0.0550  ece 0.2500\n" in done
    assert halting.folders() == halting.children() == halting.running() == []
    assert experiment_of(halting.copy, 1) in experiments(halting.copy)
    assert halting.copy.sh("git status --porcelain").stdout == ""


MOMENTS = {  # what is waited for before a signal
    "at once": lambda halting: halting.process.stdout.readline() == "seed 1 of 1 …\n",
    "while DVC prepares": Halting.is_noted,
    "in a stage": Halting.is_halted,
}


@pytest.mark.parametrize(
    ("number", "moment"),
    [
        (signal.SIGTERM, "in a stage"),
        pytest.param(signal.SIGINT, "while DVC prepares", marks=pytest.mark.slow),
        pytest.param(signal.SIGHUP, "at once", marks=pytest.mark.slow),
    ],
)
def test_signal_leaves_no_experiment_that_seems_to_run(number, moment, halting):
    halting.start()
    wait_until(lambda: MOMENTS[moment](halting))
    halting.process.send_signal(number)
    said = halting.process.communicate()[0]
    assert halting.process.returncode == 128 + number
    line = f"stopped by {number.name}: nothing is half-written; the same command goes on\n"
    assert said.endswith(line)
    assert halting.folders() == halting.children() == []
    check_that_it_goes_on(halting)


@pytest.mark.slow
@pytest.mark.parametrize("victims", ["seeds alone", "seeds and dvc"])
def test_next_call_removes_what_a_kill_leaves(victims, halting):
    halting.start()
    wait_until(halting.is_halted)
    halting.process.kill()
    (child,) = halting.children()
    if victims == "seeds and dvc":
        os.killpg(child.pid, signal.SIGKILL)
        wait_until(lambda: not halting.children())
    assert halting.running() == [experiment_of(halting.copy, 1)]
    halting.release()
    halting.copy.sh(f"{COMMAND} cnn --seeds 1")
    check_that_it_goes_on(halting)


def experiment_of(copy, seed: int) -> str:
    return f"cnn-seed-{seed}-{copy.sh('git rev-parse HEAD').stdout[:7]}"


def test_second_call_at_once_is_refused(halting):
    halting.start()
    wait_until(halting.is_halted)
    done = halting.copy.sh(f"{COMMAND} cnn --seeds 1", check=False)
    assert done.returncode == 1
    number = halting.process.pid
    assert done.stdout == (
        "error: .dvc/tmp/seeds-cnn.lock: expected no other tools.seeds at work here, found process "
        f"{number}; wait for it, or stop it with `kill {number}`, then the same command\n"
    )


def metric(copy, name: str) -> float:
    return json.loads((copy.folder / "reports/train/metrics.json").read_text())[name]


@pytest.mark.slow
def test_seeds_are_trained_and_what_has_run_is_taken_from_the_cache(fresh):
    first = fresh.sh(f"{COMMAND} baseline --seeds 1").stdout.splitlines()
    assert words(first[1])[:3] == ["seed", "1", "val_accuracy"]
    assert float(words(first[1])[3]) != metric(fresh, "val_accuracy")  # of another seed
    assert first[2].endswith("n = 1")
    assert fresh.sh(f"{COMMAND} baseline --seeds 1").stdout.splitlines() == first
    assert len(experiments(fresh)) == 1
    assert fresh.sh("git status --porcelain").stdout == ""
