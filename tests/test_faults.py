"""Faults, with the real dvc: whatever ends a run, the next one ends as if nothing had happened.

`pytest -n0 -m slow tests/test_faults.py --faults 40` ends as many runs, each at a random moment.
"""

import os
import random
import shutil
import signal
import subprocess
import sys
import time

import pytest
from conftest import ORDER
from waiting import SECONDS, halted, stages_of, wait_until

from stages.train import CHECKPOINT

KILLS = [(signal.SIGKILL, "both")] * 20
STOPS = [
    (number, target)
    for number in (signal.SIGTERM, signal.SIGINT)
    for target in ("dvc", "stage")
    for _ in range(5)
]
STAGE_SECONDS = 5  # about as long as the longer ones take
ENDS = [STOPS[0], *KILLS, *STOPS[1:]]  # a short form takes the first ones


def pytest_generate_tests(metafunc):
    if "moment" in metafunc.fixturenames:
        count = metafunc.config.getoption("faults")
        cases, names = [], []
        for case, (number, target) in enumerate(ENDS[:count]):
            chance = random.Random(case)
            stage, moment = chance.choice(ORDER), chance.uniform(0, STAGE_SECONDS)
            cases.append((number, target, stage, moment))
            names.append(f"{number.name} to {target} {moment:.3f} s after {stage} began")
        metafunc.parametrize(("number", "target", "stage", "moment"), cases, ids=names)


class Undisturbed:
    """The copy with a training of some seconds, as a run that nothing disturbs leaves it."""

    def __init__(self, copy):
        self.copy = copy
        copy.set({"baseline.epochs": 200, "baseline.patience": 200})
        path = copy.folder / "classifier/training/checkpoint.py"
        text = path.read_text(encoding="utf-8")
        more_often = text.replace("MIN_SECONDS = 2.0", "MIN_SECONDS = 0.2")
        assert more_often != text
        path.write_text(more_often, encoding="utf-8")
        copy.sh("git commit -qam longer && git tag before")
        copy.sh("dvc repro train")
        self.commit()

    def commit(self) -> None:
        """Take the copy as it stands for what later runs must come to."""
        self.copy.sh("git commit -qam 'as it runs'")
        self.lock = (self.copy.folder / "dvc.lock").read_bytes()

    def check(self) -> None:
        """Assert that the copy is as after the undisturbed run, and whole."""
        folder = self.copy.folder
        assert (folder / "dvc.lock").read_bytes() == self.lock
        assert self.copy.sh("git status --porcelain").stdout == ""
        assert not (folder / CHECKPOINT).exists()
        leftovers = [path for path in folder.rglob(".partial-*") if ".dvc" not in path.parts]
        assert leftovers == []
        assert self.copy.sh("python -m tools.verify").stdout.endswith(" 0 damaged\n")


@pytest.fixture(scope="module")
def undisturbed(copy):
    return Undisturbed(copy)


def forget(copy) -> None:
    """Back to a fresh clone that has never run, without its dvc.lock."""
    copy.sh("git checkout -q . && git clean -xfdq -e .dvc && rm -rf .dvc/tmp .dvc/cache dvc.lock")
    shutil.rmtree(copy.env["DVC_SITE_CACHE_DIR"], ignore_errors=True)


def start(copy, *command):
    """Start a command in a session of its own; what it says goes to two files."""
    with said(copy).open("w") as output, errors(copy).open("w") as error:
        return subprocess.Popen(
            command,
            cwd=copy.folder,
            env=copy.env,
            stdout=output,
            stderr=error,
            start_new_session=True,
        )


def said(copy):
    return copy.folder.parent / "standard output"


def errors(copy):
    return copy.folder.parent / "standard error"


def saved_at(copy) -> int:
    """When the checkpoint was written, if there is one."""
    path = copy.folder / CHECKPOINT
    return path.stat().st_mtime_ns if path.exists() else 0


def train_until_checkpoint(copy, *command):
    """Start what leads to a training, and return the process once there is a new checkpoint."""
    former = saved_at(copy)
    process = start(copy, *command)
    wait_until(lambda: saved_at(copy) > former or process.poll() is not None)
    assert process.poll() is None, errors(copy).read_text()
    return process


def forget_training(copy) -> None:
    """Let DVC have no record of the training."""
    copy.sh("git checkout -q . && git checkout -q before dvc.lock && git reset -q")
    copy.sh("grep -rl 'm stages train' .dvc/cache/runs | xargs -r dirname | xargs -r rm -r")


def kill(process) -> None:
    """Kill `dvc` and its stage: they share a session."""
    subprocess.run(["pkill", "-KILL", "-s", str(process.pid)], check=True)
    process.wait()


TRAIN = (sys.executable, "-m", "stages", "train")
REPRO_TRAIN = ("dvc", "repro", "-q", "train")
GOES_ON = "train: goes on after epoch "


def test_training_that_is_stopped_and_killed_goes_on_from_its_checkpoint(copy, undisturbed):
    forget_training(copy)
    for number in (signal.SIGINT, signal.SIGTERM):
        process = train_until_checkpoint(copy, *TRAIN)
        process.send_signal(number)
        assert process.wait(timeout=SECONDS) == 128 + number
        line = f"stopped by {number.name}: nothing is half-written; `dvc repro` goes on\n"
        assert errors(copy).read_text() == line
    assert GOES_ON in said(copy).read_text()
    kill(train_until_checkpoint(copy, *REPRO_TRAIN))
    assert GOES_ON in said(copy).read_text()
    assert GOES_ON in copy.sh("dvc repro train").stdout
    undisturbed.check()


def test_diverging_training_leaves_the_former_record_and_model(copy, undisturbed):
    model = (copy.folder / "models/model.keras").read_bytes()
    copy.set({"baseline.learning_rate": 1.0e30})
    failed = copy.sh("dvc repro train", check=False)
    assert failed.returncode
    assert "error: training diverged in epoch 1: expected finite losses" in failed.stdout
    assert "Traceback" not in failed.stdout
    assert (copy.folder / "dvc.lock").read_bytes() == undisturbed.lock
    assert (copy.folder / "models/model.keras").read_bytes() == model
    copy.sh("git checkout -q . && dvc checkout -q")
    assert "Running stage" not in copy.sh("dvc repro train").stdout
    undisturbed.check()


@pytest.mark.slow
def test_damaged_checkpoint_is_refused_and_the_result_is_the_same(copy, undisturbed):
    forget_training(copy)
    process = train_until_checkpoint(copy, *TRAIN)
    process.kill()
    process.wait()
    content = bytearray((copy.folder / CHECKPOINT).read_bytes())
    content[len(content) // 2] ^= 1
    (copy.folder / CHECKPOINT).write_bytes(content)
    reason = "expected a whole checkpoint, received a damaged one; training starts afresh"
    assert f"train: {CHECKPOINT}: {reason}" in copy.sh("dvc repro train").stdout
    undisturbed.check()


@pytest.mark.slow
def test_stage_that_outlives_its_dvc_is_not_joined_by_another(copy, undisturbed):
    forget_training(copy)
    process = train_until_checkpoint(copy, *REPRO_TRAIN)
    (orphan,) = stages_of(process)
    with halted(orphan):
        process.kill()
        process.wait()
        refused = copy.sh("dvc repro train", check=False)
        assert stages_of(process) == [orphan]
    assert refused.returncode
    found = f"expected no other train stage at work here, found process {orphan}"
    assert f"{found}; wait for it, or stop it with `kill {orphan}`" in refused.stdout
    wait_until(lambda: not stages_of(process))
    copy.sh("dvc repro train")
    undisturbed.check()


@pytest.mark.slow
def test_of_two_runs_at_once_one_says_why_not(copy, undisturbed):
    forget_training(copy)
    process = train_until_checkpoint(copy, *REPRO_TRAIN)
    (stage,) = stages_of(process)
    with halted(stage):
        second = copy.sh("dvc repro", check=False)
    assert second.returncode
    assert f"is busy, it is being blocked by:\n  (PID {process.pid})" in second.stdout
    assert "Traceback" not in second.stdout
    assert process.wait() == 0, errors(copy).read_text()
    undisturbed.check()


@pytest.fixture(scope="module")
def whole(copy, undisturbed):
    """The same, with all stages that follow the training."""
    copy.sh("dvc repro")
    undisturbed.commit()
    return undisturbed


@pytest.mark.slow
def test_run_that_is_ended_at_any_moment_is_made_good_by_the_next(
    number, target, stage, moment, copy, whole
):
    forget(copy)
    process = start(copy, "dvc", "repro", "-q")
    wait_until(lambda: stages_of(process, stage) or process.poll() is not None)
    time.sleep(moment)
    if target == "stage":
        wait_until(lambda: stages_of(process) or process.poll() is not None)
        for found in stages_of(process):
            os.kill(found, number)
    elif target == "dvc":
        process.send_signal(number)
    else:
        subprocess.run(["pkill", f"-{number.value}", "-s", str(process.pid)])
    process.wait()
    wait_until(lambda: not stages_of(process))  # an orphan would rightly be in the way
    copy.sh("dvc repro")
    whole.check()
