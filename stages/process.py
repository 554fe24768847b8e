"""How a stage runs as a process: no second one beside it, one line for what goes wrong outside, stopped by signals."""

import contextlib
import errno
import os
import signal
import sqlite3
import sys
from pathlib import Path

import zc.lockfile

from stages.errors import InputError

EXPECTED = (InputError, OSError, sqlite3.OperationalError)  # the last, of DVC's databases, is "disk is full"
LOCKS = Path(".dvc/tmp")  # not in Git, not watched by DVC
FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
CURES = dict.fromkeys(FULL, "free some space, or raise the limit")
CURES |= dict.fromkeys({errno.EACCES, errno.EPERM, errno.EROFS}, "make it writable for this user")


def run(main, stage: str | None = None) -> None:
    """Call `main()`, as the only process that runs `stage`, if one is named.

    An error in `EXPECTED` ends the process with one line and status 1, and what the stage had made before is there
    again. SIGINT and SIGTERM end it with one line and, as is usual, 128 and their number; without a line, so does a
    reader of its output that has seen enough, such as `head`.
    """
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _stop)
    try:
        with alone(stage) if stage else contextlib.nullcontext():
            try:
                main()
            finally:
                sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # what is still to be written at exit
        sys.exit(128 + signal.SIGPIPE)
    except EXPECTED as error:
        sys.exit(f"error: {_explain(error)}")


@contextlib.contextmanager
def alone(stage: str):
    """Run the block as the only process of a stage; if it fails, what the stage had made before is there again."""
    with only_one(stage), bringing_back(stage):
        yield


@contextlib.contextmanager
def only_one(stage: str):
    """Hold the lock of a stage; raises InputError, naming the other process, where it is held.

    A stage can outlive the `dvc` that started it, and DVC would then start a second one over the same files. The
    system drops the lock of a process that ends, in whatever way.
    """
    if not LOCKS.parent.is_dir():
        raise InputError(f"{LOCKS.parent}: no such folder in {Path.cwd()}; run from the root of the checkout")
    LOCKS.mkdir(exist_ok=True)
    path = LOCKS / f"{stage}.lock"
    try:
        lock = zc.lockfile.LockFile(path)  # writes its process id into the file
    except zc.lockfile.LockError:
        holder = path.read_text().strip() or "unknown"
        raise InputError(
            f"{path}: expected no other {stage} stage at work here, found process {holder}; "
            f"wait for it, or stop it with `kill {holder}`, then `dvc repro`"
        ) from None
    with contextlib.closing(lock):
        yield


@contextlib.contextmanager
def bringing_back(stage: str):
    """When the block fails, put back what dvc.lock records of a stage: DVC deletes it before a run, but has it cached.

    Where that fails too, as on a full disk, the first error is the one to hear of; `dvc checkout` does the same.
    """
    try:
        yield
    except EXPECTED:
        with contextlib.suppress(Exception):
            from dvc.repo import Repo

            with Repo() as repo:
                for out in repo.stage.load_one(name=stage).outs:
                    if out.use_cache and not out.exists:
                        out.checkout()
        raise


def _explain(error: Exception) -> str:
    if isinstance(error, sqlite3.OperationalError):
        return f"DVC's database: {error}; is the disk full? `dvc repro` goes on once there is space"
    cure = CURES.get(getattr(error, "errno", None))
    return f"{error}; nothing is half-written: {cure}, then `dvc repro`" if cure else str(error)


def _stop(number, frame):
    """End by way of all `finally` blocks, so that no partial file is left."""
    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, signal.SIG_IGN)
    print(f"stopped by {signal.Signals(number).name}: nothing is half-written; `dvc repro` goes on", file=sys.stderr)
    sys.exit(128 + number)
