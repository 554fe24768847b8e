"""SIGINT and SIGTERM end a worker at once while it trains or waits, and after the call when it uses the storage.

Optuna expects no exception from nowhere in its calls: a lock of a journal would be left, or broken.
"""

import contextlib
import signal
import sys

NUMBERS = (signal.SIGINT, signal.SIGTERM)
received = []  # the numbers of the signals so far
allowed = [False]  # whether the process may end now; the last one counts


def listen() -> None:
    for number in NUMBERS:
        signal.signal(number, lambda number, frame: (received.append(number), end()))


def end() -> None:
    """Raise SystemExit if there was a signal and it is allowed here."""
    if received and allowed[-1]:
        for number in NUMBERS:
            signal.signal(number, signal.SIG_IGN)
        name = signal.Signals(received[0]).name
        print(f"stopped by {name}: the trial in progress is given back; the same command goes on", file=sys.stderr)
        sys.exit(128 + received[0])


@contextlib.contextmanager
def ending(is_allowed: bool):
    """Allow the process to end in a block, or not; when none is named, it is not."""
    allowed.append(is_allowed)
    try:
        end()
        yield
    finally:
        allowed.pop()
    end()
