"""One process at a time: a lock that the system drops when its holder ends, in whatever way."""

import contextlib
from pathlib import Path

import zc.lockfile

from classifier.errors import InputError

LOCKS = Path(".dvc/tmp")  # not in Git, not watched by DVC


@contextlib.contextmanager
def held(path: Path, what: str, again: str = "`dvc repro`"):
    """Hold a lock; raises InputError, naming the other process, where it is held.

    Args:
        path: a file for the lock, which keeps its holder's process id.
        what: the locked work, in words.
        again: what starts it once the lock is free.
    """
    path.parent.mkdir(exist_ok=True)
    try:
        lock = zc.lockfile.LockFile(path)
    except zc.lockfile.LockError:
        holder = path.read_text().strip() or "unknown"
        found = f"expected no other {what} at work here, found process {holder}"
        cure = f"wait for it, or stop it with `kill {holder}`, then {again}"
        raise InputError(f"{path}: {found}; {cure}") from None
    with contextlib.closing(lock):
        yield


def stage_lock(name: str):
    """Hold a stage's lock: one can outlive its `dvc`, which would start another beside it."""
    return held(LOCKS / f"{name}.lock", f"{name} stage")


def is_held(path: Path) -> bool:
    """Whether a process holds a lock."""
    try:
        if path.exists():
            with held(path, "process"):
                pass
    except InputError:
        return True
    return False
