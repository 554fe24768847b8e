"""The one-line errors that end a stage: what is wrong with what it was given."""

import signal
import sys


class InputError(ValueError):
    """Something from outside the process is not as expected: file, expected, received, cure."""


def run(main):
    """Call `main()`; an InputError or OSError ends the process with one line and status 1.

    SIGINT and SIGTERM end it with one line and, as is usual, 128 and their number.
    """
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _stop)
    try:
        main()
    except (InputError, OSError) as error:
        sys.exit(f"error: {error}")


def _stop(number, frame):
    """End by way of all `finally` blocks, so that no partial file is left."""
    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, signal.SIG_IGN)
    print(f"stopped by {signal.Signals(number).name}: nothing is half-written; `dvc repro` goes on", file=sys.stderr)
    sys.exit(128 + number)
