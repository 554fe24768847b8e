"""The lock: one process at a time, named to the others, free again however its holder ends."""

import os
import subprocess
import sys

import pytest
from conftest import ROOT

from classifier.errors import InputError
from classifier.process.lock import held

HOLDER = """
import sys
from pathlib import Path
from classifier.process.lock import held
with held(Path(sys.argv[1]), "train stage"):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def path(tmp_path):
    return tmp_path / "locks" / "train.lock"


@pytest.fixture
def holder(path):
    """Another process that holds the lock at `path`."""
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    command = [sys.executable, "-c", HOLDER, str(path)]
    with subprocess.Popen(command, cwd=ROOT, **pipes) as process:
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def test_holder_is_named_in_the_file_whose_folder_is_made(path):
    with held(path, "train stage"):
        assert path.read_text().strip() == str(os.getpid())


def test_lock_that_another_process_holds_is_refused_with_its_number(path, holder):
    with pytest.raises(InputError) as caught, held(path, "train stage"):
        pass
    assert str(caught.value) == (
        f"{path}: expected no other train stage at work here, found process {holder.pid}; "
        f"wait for it, or stop it with `kill {holder.pid}`, then `dvc repro`"
    )


def test_lock_is_free_once_its_holder_is_killed(path, holder):
    holder.kill()
    holder.wait()
    with held(path, "train stage"):
        assert path.read_text().strip() == str(os.getpid())


def test_lock_is_free_after_a_block_that_failed(path):
    def fail():
        raise ValueError("in the block")

    with pytest.raises(ValueError, match="in the block"), held(path, "train stage"):
        fail()
    with held(path, "train stage"):
        pass
