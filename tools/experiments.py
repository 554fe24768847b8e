"""Runs a DVC experiment in a folder of its own, and leaves nothing behind, however it ends.

DVC forgets an experiment that runs in a folder of its own only as long as it is not killed: what is
left is shown as running for ever, and no command of DVC's removes it.
"""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil

DVC_EXP = (sys.executable, "-m", "dvc", "exp")
FOLDERS = Path(".dvc/tmp/exps/standalone")  # one for each such experiment, while it runs
# DVC and its stages tidy up at the first, but it can come while DVC does not listen.
ENDS = (signal.SIGINT, signal.SIGINT, signal.SIGINT, signal.SIGKILL)
END_SECONDS = 5  # after each
GRACE_SECONDS = 30  # for all that is done here after a signal


@contextlib.contextmanager
def running(name: str, knobs: dict) -> Iterator[subprocess.Popen]:
    """Run an experiment with some knobs of params.yaml; it ends with the block, at the latest.

    A former one of that name is replaced.
    """
    subprocess.run([*DVC_EXP, "remove", name], capture_output=True)
    settings = [f"--set-param={key}={value}" for key, value in knobs.items()]
    command = [*DVC_EXP, "run", "--temp", "--name", name, *settings]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    # A session of its own: signals reach it and its stages from here alone, whoever got them first.
    with subprocess.Popen(command, start_new_session=True, **pipes) as process:
        try:
            yield process
        finally:
            if process.poll() is None:
                end(process)
            remove_leftovers(name)


def end(process: subprocess.Popen | psutil.Process) -> None:
    """End an experiment and its stages, which share its session."""
    for number in ENDS:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        with contextlib.suppress(subprocess.TimeoutExpired, psutil.TimeoutExpired):
            process.wait(END_SECONDS)
            return


def remove_leftovers(name: str) -> None:
    """Remove what is left of an experiment that was killed, or whose caller was.

    Folders do not tell reliably whose they are. So they stay while any other experiment runs here.
    """
    for process in runs_here():
        if name in process.cmdline():  # by a former call, for the caller is the only one now
            end(process)
    if not any(runs_here()):
        for folder in FOLDERS.glob("tmp*"):
            shutil.rmtree(folder)


def runs_here() -> Iterator[psutil.Process]:
    """Yield each `dvc exp run` at work in this checkout, or where it cannot be told."""
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if {"exp", "run"} <= set(process.cmdline()) and is_here(process):
                yield process


def is_here(process: psutil.Process) -> bool:
    try:
        return Path(process.cwd()).is_relative_to(Path.cwd())
    except psutil.AccessDenied:
        return True
