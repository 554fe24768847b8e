"""Faults, with the real dvc on a small copy: whatever ends a run, the next one ends as if nothing had happened.

`pytest -n0 tests/test_faults.py --faults 40` ends as many runs, each at a random moment.
"""

import contextlib
import os
import random
import shutil
import signal
import subprocess
import sys
import time

import pytest
from conftest import ORDER

from stages.train.__main__ import CHECKPOINT

STAGE = "^python -m stages"  # not a shell that waits for it
ENDS = [
    *((signal.SIGKILL, "both") for _ in range(20)),
    *((number, target) for number in (signal.SIGTERM, signal.SIGINT) for target in ("dvc", "stage") for _ in range(5)),
]
ENDS = [ENDS[20], *ENDS[:20], *ENDS[21:]]  # the quick form takes the first ones


def pytest_generate_tests(metafunc):
    if "moment" in metafunc.fixturenames:
        count = metafunc.config.getoption("faults")
        cases = [(*end, random.Random(case).random()) for case, end in enumerate(ENDS[:count])]
        names = [f"{number.name} to {target} at {moment:.3f}" for number, target, moment in cases]
        metafunc.parametrize(("number", "target", "moment"), cases, ids=names)


class Undisturbed:
    """What a whole run, from nothing but the committed files, makes of the copy; it trains for some seconds."""

    def __init__(self, copy):
        self.copy = copy
        copy.edit("epochs: 2 ", "epochs: 400 ")
        copy.edit("patience: 3 ", "patience: 400 ")
        copy.sh("git commit -qam longer")
        forget(copy)
        started = time.monotonic()
        assert copy.repro() == ORDER
        self.seconds = time.monotonic() - started
        copy.sh("git commit -qam 'as it runs'")
        self.lock = (copy.folder / "dvc.lock").read_bytes()

    def check(self):
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


def forget(copy):
    """Back to a fresh clone that has never run, without its dvc.lock."""
    copy.sh("git checkout -q . && git clean -xfdq -e .dvc && rm -rf .dvc/tmp .dvc/cache dvc.lock")
    shutil.rmtree(copy.env["DVC_SITE_CACHE_DIR"], ignore_errors=True)


def start(copy, command, **options):
    """Start a command in a session of its own; what it says on standard error goes to a file."""
    with errors_of(copy).open("w") as errors:
        return subprocess.Popen(
            command,
            cwd=copy.folder,
            env=copy.env,
            stdout=subprocess.DEVNULL,
            stderr=errors,
            start_new_session=True,
            **options,
        )


def errors_of(copy):
    return copy.folder.parent / "standard error"


def stages_of(process) -> list[int]:
    """The process ids of the stages that a `dvc` started, also of one that has ended."""
    found = subprocess.run(["pgrep", "-s", str(process.pid), "-f", STAGE], capture_output=True, text=True)
    return [int(number) for number in found.stdout.split()]


@contextlib.contextmanager
def halted(number: int):
    """Let a process do nothing while the block runs, so that it cannot end before."""
    os.kill(number, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(number, signal.SIGCONT)


def wait_until(condition, seconds=60):
    end = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.02)
    return value


def start_training(copy, command):
    """Start what leads to a training that DVC has no record of, and return it once there is a checkpoint."""
    copy.sh("git checkout -q . && git checkout -q HEAD~ dvc.lock && git reset -q")
    copy.sh("grep -rl stages.train .dvc/cache/runs | xargs -r dirname | xargs -r rm -r")
    process = start(copy, command)
    wait_until(lambda: (copy.folder / CHECKPOINT).exists() or process.poll() is not None)
    assert process.poll() is None, errors_of(copy).read_text()
    return process


def test_run_that_is_ended_at_any_moment_is_made_good_by_the_next(number, target, moment, copy, undisturbed):
    forget(copy)
    process = start(copy, ["dvc", "repro", "-q"])
    time.sleep(moment * undisturbed.seconds)
    if target == "stage":
        wait_until(lambda: stages_of(process) or process.poll() is not None)
        for stage in stages_of(process):
            os.kill(stage, number)
    elif target == "dvc":
        process.send_signal(number)
    else:
        subprocess.run(["pkill", f"-{number.value}", "-s", str(process.pid)])
    process.wait()
    wait_until(lambda: not stages_of(process))  # an orphan would rightly be in the way
    copy.sh("dvc repro")
    undisturbed.check()


def test_killed_training_goes_on_from_its_checkpoint(copy, undisturbed):
    process = start_training(copy, ["dvc", "repro", "-q"])
    subprocess.run(["pkill", "-KILL", "-s", str(process.pid)], check=True)  # dvc and the stage: they share a session
    process.wait()
    assert "train: goes on after epoch " in copy.sh("dvc repro").stdout
    undisturbed.check()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_stopped_stage_ends_at_once_with_a_line_and_goes_on(number, copy, undisturbed):
    process = start_training(copy, [sys.executable, "-m", "stages.train"])
    process.send_signal(number)
    asked = time.monotonic()
    process.wait(timeout=20)
    assert time.monotonic() - asked < 2
    assert process.returncode == 128 + number
    assert errors_of(copy).read_text() == f"stopped by {number.name}: nothing is half-written; `dvc repro` goes on\n"
    assert "train: goes on after epoch " in copy.sh("dvc repro").stdout
    undisturbed.check()


def test_damaged_checkpoint_is_refused_and_the_result_is_the_same(copy, undisturbed):
    process = start_training(copy, [sys.executable, "-m", "stages.train"])
    process.kill()
    process.wait()
    content = bytearray((copy.folder / CHECKPOINT).read_bytes())
    content[len(content) // 2] ^= 1
    (copy.folder / CHECKPOINT).write_bytes(content)
    expected = f"{CHECKPOINT}: expected a whole checkpoint, received a damaged one; training starts afresh"
    assert expected in copy.sh("dvc repro").stdout
    undisturbed.check()


def test_stage_that_outlives_its_dvc_is_not_joined_by_another(copy, undisturbed):
    process = start_training(copy, ["dvc", "repro", "-q"])
    process.kill()
    process.wait()
    (orphan,) = stages_of(process)
    with halted(orphan):
        refused = copy.sh("dvc repro", check=False)
    assert refused.returncode
    expected = f"expected no other train stage at work here, found process {orphan}; wait for it, or stop it with `kill"
    assert expected in refused.stdout
    assert stages_of(process) == [orphan]
    wait_until(lambda: not stages_of(process))
    copy.sh("dvc repro")
    undisturbed.check()


def test_of_two_runs_at_once_one_says_why_not(copy, undisturbed):
    process = start_training(copy, ["dvc", "repro", "-q"])
    (stage,) = stages_of(process)
    with halted(stage):
        second = copy.sh("dvc repro", check=False)
    assert second.returncode
    assert f"is busy, it is being blocked by:\n  (PID {process.pid})" in second.stdout
    assert "Traceback" not in second.stdout
    assert process.wait() == 0, errors_of(copy).read_text()
    undisturbed.check()


def test_diverging_training_leaves_the_former_record_and_model(copy, undisturbed):
    model = (copy.folder / "models/model.keras").read_bytes()
    copy.edit("learning_rate: 0.0005", "learning_rate: 1.0e+30")
    failed = copy.sh("dvc repro", check=False)
    assert failed.returncode
    assert "error: training diverged in epoch 1: expected finite losses" in failed.stdout
    assert "Traceback" not in failed.stdout
    assert (copy.folder / "dvc.lock").read_bytes() == undisturbed.lock
    assert (copy.folder / "models/model.keras").read_bytes() == model
    copy.sh("git checkout -q . && dvc checkout -q")
    assert copy.repro() == []
    undisturbed.check()
