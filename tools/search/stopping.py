"""SIGINT and SIGTERM end a worker: at once while it trains or waits, else after the storage's call.

Optuna expects no exception from nowhere in its calls: a lock of a journal would be left, or broken.
"""

import contextlib
import signal
import sys

NUMBERS = (signal.SIGINT, signal.SIGTERM)
received = []  # the numbers of the signals so far
allowed = [False]  # whether the process may end now; the last one counts


def listen() -> None:
    """Let the signals end this process where they may, and nowhere else."""
    signal.set_wakeup_fd(-1)
    for number in NUMBERS:
        signal.signal(number, _note)


def _note(number: int, frame) -> None:
    received.append(number)
    end()


def end() -> None:
    """Raise SystemExit if there was a signal and it is allowed here."""
    if received and allowed[-1]:
        for number in NUMBERS:
            signal.signal(number, signal.SIG_IGN)
        name = signal.Signals(received[0]).name
        given_back = "the trial in progress is given back; the same command goes on"
        print(f"stopped by {name}: {given_back}", file=sys.stderr)
        sys.exit(128 + received[0])


@contextlib.contextmanager
def may_stop(is_allowed: bool):
    """Say whether signals may end the process within a block; outside of all, they may not."""
    allowed.append(is_allowed)
    try:
        end()
        yield
    finally:
        allowed.pop()
    end()
