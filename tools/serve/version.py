"""Which model answers: its hash, and the commit that has it."""

import hashlib
import re
import subprocess
from pathlib import Path

LOCK = Path("dvc.lock")


def version_of(model: Path) -> dict[str, str | None]:
    """Return the MD5 of a model's file, as dvc.lock has it, and the commit of that dvc.lock.

    There is none outside a checkout, or where no commit has this model here.
    """
    md5 = hashlib.md5(model.read_bytes()).hexdigest()
    return {"md5": md5, "commit": _commit(model.as_posix(), md5)}


def _commit(path: str, md5: str) -> str | None:
    try:
        lock = _git("show", f"HEAD:./{LOCK}")
        recorded = re.search(rf"path: {re.escape(path)}\n +hash: md5\n +md5: (\w+)\n", lock)
        return _git("rev-parse", "HEAD").strip() if recorded and recorded[1] == md5 else None
    except (OSError, subprocess.CalledProcessError):  # no Git, no checkout
        return None


def _git(*arguments: str) -> str:
    command = ["git", *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout
