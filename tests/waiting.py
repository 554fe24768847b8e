"""What tests of other processes share: waiting for these, with a far limit, and ports."""

import contextlib
import random
import socket
import time

SECONDS = 300  # for what happens in a second or two
PORTS = range(20_000, 32_000)  # systems take others for what they connect from


def wait_until(condition):
    """Return what `condition()` gives, once that is true."""
    end = time.monotonic() + SECONDS
    while not (value := condition()):
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.02)
    return value


def free_ports(count: int) -> list[int]:
    """Return as many ports of 127.0.0.1, no two the same, that nobody listens on."""
    found = []
    for port in random.sample(PORTS, len(PORTS)):
        with contextlib.suppress(OSError), socket.socket() as free:
            free.bind(("127.0.0.1", port))
            found.append(port)
        if len(found) == count:
            return found
    raise AssertionError("too few ports are free")


def free_port() -> int:
    return free_ports(1)[0]
