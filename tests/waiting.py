"""What tests of other processes share: waiting for these, with a far limit, and ports."""

import contextlib
import os
import random
import signal
import socket
import subprocess
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


def stages_of(process, name: str = "") -> list[int]:
    """Return the stages of a `dvc` with a session of its own, also of one that has ended."""
    stage = f"^python -m stages {name}"  # not a shell that waits for it
    command = ["pgrep", "-s", str(process.pid), "-f", stage]
    found = subprocess.run(command, capture_output=True, text=True)
    return [int(number) for number in found.stdout.split()]


@contextlib.contextmanager
def halted(number: int):
    """Let a process do nothing while the block runs, so that it cannot end before."""
    os.kill(number, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(number, signal.SIGCONT)


def free_ports(count: int) -> list[int]:
    """Return as many ports of 127.0.0.1, no two the same, that nobody listens on."""
    found = []
    for port in random.SystemRandom().sample(PORTS, len(PORTS)):  # Keras seeds the usual generator
        with contextlib.suppress(OSError), socket.socket() as free:
            free.bind(("127.0.0.1", port))
            found.append(port)
        if len(found) == count:
            return found
    raise AssertionError("too few ports are free")


def free_port() -> int:
    return free_ports(1)[0]
