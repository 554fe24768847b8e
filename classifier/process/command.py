"""How a command ends: in one line for what goes wrong outside, at once for a signal."""

import errno
import os
import signal
import sqlite3
import sys

from classifier.errors import InputError

EXPECTED = (InputError, OSError, sqlite3.OperationalError)  # the last: DVC's, "disk is full"
SIGNALS = (signal.SIGINT, signal.SIGTERM)
CURES = {
    errno.ENOSPC: "free some space, or raise the limit",
    errno.EDQUOT: "free some space, or raise the limit",
    errno.EFBIG: "free some space, or raise the limit",
    errno.EACCES: "make it writable for this user",
    errno.EPERM: "make it writable for this user",
    errno.EROFS: "make it writable for this user",
}


def run(main, again: str = "the same command") -> None:
    """Call `main()`.

    An error in `EXPECTED` ends the process with one line and status 1. SIGINT and SIGTERM end it
    with one line and, as is usual, 128 and their number. So does a reader of its output that has
    seen enough, such as `head`, without a line.

    Args:
        again: what goes on after a stop, or works once a cure is done.
    """
    for number in SIGNALS:
        signal.signal(number, lambda number, frame: _stop(number, again))
    try:
        try:
            main()
        finally:
            sys.stdout.flush()
    except BrokenPipeError:
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, sys.stdout.fileno())  # for what is still to be written at exit
        sys.exit(128 + signal.SIGPIPE)
    except EXPECTED as error:
        sys.exit(f"error: {explain(error, again)}")


def explain(error: Exception, again: str) -> str:
    """Return what went wrong, and what cures it, in one line."""
    if isinstance(error, sqlite3.OperationalError):
        return f"DVC's database: {error}; is the disk full? {again} goes on once there is space"
    cure = CURES.get(getattr(error, "errno", None))
    return f"{error}; nothing is half-written: {cure}, then {again}" if cure else str(error)


def _stop(number: int, again: str) -> None:
    """End by way of all `finally` blocks, so that no partial file is left."""
    for each in SIGNALS:
        signal.signal(each, signal.SIG_IGN)
    name = signal.Signals(number).name
    print(f"stopped by {name}: nothing is half-written; {again} goes on", file=sys.stderr)
    sys.exit(128 + number)
