"""Faults, with the real dvc on a small copy: killed and stopped runs end, run again, as if nothing had happened."""

import signal
import subprocess
import sys
import time

import pytest

from stages.train.__main__ import CHECKPOINT


@pytest.fixture(scope="module")
def undisturbed(copy):
    """A training of some ten seconds; its dvc.lock. The copy's cache forgets that it has run."""
    copy.edit("epochs: 2 ", "epochs: 600 ")
    copy.edit("patience: 3 ", "patience: 600 ")
    assert copy.repro() == ["train", "evaluate"]
    copy.sh("git commit -qam long && rm -rf .dvc/cache/runs")
    return (copy.folder / "dvc.lock").read_bytes()


def start(copy, command):
    copy.sh("git checkout -q . && git checkout -q HEAD~ dvc.lock && git reset -q && rm -rf .dvc/cache/runs")
    return subprocess.Popen(
        command,
        cwd=copy.folder,
        env=copy.env,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def wait_for_checkpoint(copy, process):
    path = copy.folder / CHECKPOINT
    for _ in range(600):
        if path.exists():
            return
        assert process.poll() is None, process.stderr.read()
        time.sleep(0.05)
    pytest.fail("no checkpoint in 30 s")


def finish(copy, undisturbed):
    out = copy.sh("dvc repro").stdout
    assert "train: goes on after epoch " in out
    assert (copy.folder / "dvc.lock").read_bytes() == undisturbed
    assert copy.sh("git status --porcelain").stdout == ""
    assert not (copy.folder / CHECKPOINT).exists()


def test_killed_run_goes_on_to_the_same_lock(copy, undisturbed):
    process = start(copy, ["dvc", "repro", "-q"])
    wait_for_checkpoint(copy, process)
    subprocess.run(["pkill", "-KILL", "-s", str(process.pid)], check=True)  # dvc and the stage: they share a session
    process.communicate()
    finish(copy, undisturbed)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_stopped_stage_ends_at_once_with_a_line_and_goes_on(number, copy, undisturbed):
    process = start(copy, [sys.executable, "-m", "stages.train"])
    wait_for_checkpoint(copy, process)
    process.send_signal(number)
    asked = time.monotonic()
    _, errors = process.communicate(timeout=20)
    assert time.monotonic() - asked < 2
    assert process.returncode == 128 + number
    line = f"stopped by {number.name}: nothing is half-written; `dvc repro` goes on"
    assert errors.splitlines()[-1] == line
    assert "Traceback" not in errors
    finish(copy, undisturbed)
