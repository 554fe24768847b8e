"""How a stage runs as a process: no second one beside it, one line for what goes wrong outside, stopped by signals."""

import contextlib
import errno
import signal
import sys
from pathlib import Path

import zc.lockfile

from stages.errors import InputError

LOCKS = Path(".dvc/tmp")  # not in Git, not watched by DVC
CURES = {
    errno.ENOSPC: "free some space",
    errno.EDQUOT: "free some space",
    errno.EFBIG: "raise the limit on the size of files",
    errno.EACCES: "give this user the permission",
    errno.EPERM: "give this user the permission",
    errno.EROFS: "run in a folder that can be written to",
}


def run(main, stage: str | None = None) -> None:
    """Call `main()`, as the only process that runs `stage`, if one is named.

    An InputError or OSError ends the process with one line and status 1, SIGINT and SIGTERM with one line and, as is
    usual, 128 and their number.
    """
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _stop)
    try:
        with only_one(stage) if stage else contextlib.nullcontext():
            main()
    except (InputError, OSError) as error:
        sys.exit(f"error: {_explain(error)}")


@contextlib.contextmanager
def only_one(stage: str):
    """Hold the lock of a stage; raises InputError, naming the other process, where it is held.

    A stage can outlive the `dvc` that started it, and DVC would then start a second one over the same files. The
    system drops the lock of a process that ends, in whatever way.
    """
    path = LOCKS / f"{stage}.lock"
    path.parent.mkdir(parents=True, exist_ok=True)
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


def _explain(error: Exception) -> str:
    cure = CURES.get(getattr(error, "errno", None))
    return f"{error}; nothing is half-written: {cure}, then `dvc repro`" if cure else str(error)


def _stop(number, frame):
    """End by way of all `finally` blocks, so that no partial file is left."""
    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, signal.SIG_IGN)
    print(f"stopped by {signal.Signals(number).name}: nothing is half-written; `dvc repro` goes on", file=sys.stderr)
    sys.exit(128 + number)
