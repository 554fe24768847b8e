"""How a command ends: in one line for what goes wrong outside, at once for a signal."""

import contextlib
import errno
import os
import re
import signal
import sqlite3
import sys
import threading
import time

from classifier.errors import InputError
from classifier.files.atomic import remove_partials

# the last: DVC's, "disk is full"
EXPECTED = (InputError, OSError, MemoryError, sqlite3.OperationalError)
LACK_OF_MEMORY = re.compile(  # TensorFlow's error by its name, JAX's by what it says
    r"(?s)(ResourceExhaustedError|RESOURCE_EXHAUSTED).*?(shape\[[\d,]*\]|\d+ bytes|$)"
)
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
GRACE_SECONDS = 1.0  # for what runs in C++, before a signal ends the process without it
NO_SPACE = "free some space, or raise the limit"
NO_PERMISSION = "make it writable for this user"
CURES = {
    errno.ENOSPC: NO_SPACE,
    errno.EDQUOT: NO_SPACE,
    errno.EFBIG: NO_SPACE,
    errno.EACCES: NO_PERMISSION,
    errno.EPERM: NO_PERMISSION,
    errno.EROFS: NO_PERMISSION,
}


def run(
    main,
    again: str = "the same command",
    stopped: str | None = None,
    grace: float = GRACE_SECONDS,
) -> None:
    """Call `main()`.

    An error in `EXPECTED` ends the process with one line and status 1. SIGINT, SIGTERM and SIGHUP
    end it with one line and, as is usual, 128 and their number. So does a reader of its output
    that has seen enough, such as `head`, without a line.

    Args:
        again: what goes on after a stop, or works once a cure is done.
        stopped: what to say after a stop instead.
        grace: seconds that it may take to stop.
    """
    open_missing_streams()
    sys.stdout.reconfigure(errors="backslashreplace")  # a name that a terminal cannot show
    text = stopped or f"nothing is half-written; {again} goes on"
    try:
        with ending_on_signals(text, grace):
            try:
                main()
            finally:
                sys.stdout.flush()
    except BrokenPipeError:
        _drop_output()
        sys.exit(128 + signal.SIGPIPE)
    except EXPECTED as error:
        if getattr(error, "errno", None) in CURES and not error.filename:
            error.filename = "standard output"  # all other files are named where they are written
            _drop_output()
        sys.exit(f"error: {explain(error, again)}")
    except Exception as error:
        lack = lack_of_memory(error)
        if lack is None:
            raise
        sys.exit(f"error: {explain(lack, again)}")


def open_missing_streams() -> None:
    """Give a process that was started with closed streams ones that lead nowhere."""
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        if getattr(sys, name) is None:
            null = os.open(os.devnull, os.O_RDWR)
            if null != number:
                os.dup2(null, number)
            setattr(sys, name, os.fdopen(number, "r" if number == 0 else "w"))


def _drop_output() -> None:
    """Let what is still to be written at exit go nowhere."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


def lack_of_memory(error: Exception) -> MemoryError | None:
    """Return TensorFlow's or JAX's error as Python's, if it is one; neither is loaded for that."""
    found = LACK_OF_MEMORY.search(f"{type(error).__name__}: {error}")
    return MemoryError(found[2]) if found else None


def explain(error: Exception, again: str) -> str:
    """Return what went wrong, and what cures it, in one line."""
    if isinstance(error, sqlite3.OperationalError):
        return f"DVC's database: {error}; is the disk full? {again} goes on once there is space"
    if isinstance(error, MemoryError):
        said = f": {error}" if str(error) else ""
        return (
            f"out of memory{said}; nothing is half-written: free some or ask for less, then {again}"
        )
    cure = CURES.get(getattr(error, "errno", None))
    return f"{error}; nothing is half-written: {cure}, then {again}" if cure else str(error)


@contextlib.contextmanager
def ending_on_signals(text: str, grace: float):
    """Let signals end the process: by way of all `finally` blocks, or else without them.

    Python's own handlers wait until a call of C++ returns, such as a compilation of XLA's. A
    thread does not: it hears of the signal at once and, after some seconds of grace, ends the
    process.
    """
    heard, told = os.pipe()
    os.set_blocking(told, False)
    said = threading.Lock()  # whoever takes it says the line
    stderr = os.dup(2)  # `quiet` may lead the other elsewhere

    def say(number: int) -> None:
        if said.acquire(blocking=False):
            name = signal.Signals(number).name
            os.write(stderr, f"stopped by {name}: {text}\n".encode())

    def stop(number, frame):
        for each in SIGNALS:
            signal.signal(each, signal.SIG_IGN)
        say(number)
        sys.exit(128 + number)

    def end_after_grace():
        numbers = os.read(heard, 1)  # of the first signal; nothing once the pipe is closed
        if numbers:
            time.sleep(grace)
            remove_partials()
            say(numbers[0])
            os._exit(128 + numbers[0])

    for number in SIGNALS:
        is_nohup = number == signal.SIGHUP and signal.getsignal(number) is signal.SIG_IGN
        if not is_nohup:
            signal.signal(number, stop)
    signal.set_wakeup_fd(told, warn_on_full_buffer=False)
    threading.Thread(target=end_after_grace, daemon=True).start()
    try:
        yield
    finally:
        signal.set_wakeup_fd(-1)
        os.close(told)
