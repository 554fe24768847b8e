"""Waiting in tests for what another process does, with a far limit."""

import time

SECONDS = 300  # for what happens in a second or two


def wait_until(condition):
    """Return what `condition()` gives, once that is true."""
    end = time.monotonic() + SECONDS
    while not (value := condition()):
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.02)
    return value
