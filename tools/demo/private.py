"""What keeps the page to this user: a port, a folder, and an environment without foreign settings.

Here is what is needed before Gradio is imported.
"""

import contextlib
import errno
import os
import socket
import tempfile
import time
from pathlib import Path

from classifier.errors import InputError
from classifier.files.atomic import PARTIALS

HOST = "127.0.0.1"
OF_PORT = (errno.EADDRINUSE, errno.EACCES)  # what is wrong with a port, and not with the host
KEPT_SECONDS = 600  # an uploaded file
SWEEP_SECONDS = 60  # from one look for old files to the next
FOREIGN = ("GRADIO_", "SPACE_", "SPACES_")  # Gradio's settings, and signs that this is a Space


@contextlib.contextmanager
def private_folder():
    """Yield a new folder that only this user can read; it is gone at the end, however that comes.

    In it are `uploads` and `examples`.
    """
    prefix = "demo-of-the-classifier-"
    with tempfile.TemporaryDirectory(prefix=prefix, ignore_cleanup_errors=True) as name:
        folder = Path(name)
        PARTIALS.add(folder)  # removed also where a signal ends the process without `finally`
        (folder / "uploads").mkdir()
        (folder / "examples").mkdir()
        yield folder


def set_environment(folder: Path) -> None:
    """Take from this process what would make the page public, or let it ask another host."""
    for name in list(os.environ):
        if name.upper().startswith(FOREIGN):
            del os.environ[name]
    os.environ |= {
        "GRADIO_ANALYTICS_ENABLED": "False",
        "GRADIO_TEMP_DIR": str(folder / "uploads"),
        "HF_HUB_OFFLINE": "1",
        "NO_PROXY": "*",  # no other host is asked, so no proxy either
        "no_proxy": "*",
    }


def listen(port: int, host: str = HOST) -> socket.socket:
    """Return a socket that listens on a port, by default of this machine alone.

    Raises:
        InputError: it is in use, or not for this user, or the host is not this one.
    """
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen()
    except (OSError, TypeError) as error:  # the latter where a name has no form on the network
        listener.close()
        received = getattr(error, "strerror", error)
        if getattr(error, "errno", None) in OF_PORT:
            expected = f"port {port} of {host}: expected one that is free and for this user to take"
            cure = "choose another with `--port`"
        else:  # no address, or none of this machine
            expected = f"host {host!r}: expected an address or a name of this machine"
            cure = f"choose another with `--host`, such as {HOST}"
        raise InputError(f"{expected}, received: {received}; {cure}") from None
    return listener


def remove_old(folder: Path, kept_seconds: float) -> None:
    """Remove files that have not been written for so long, also what was uploaded in part."""
    end = time.time() - kept_seconds
    for path in folder.rglob("*"):
        with contextlib.suppress(FileNotFoundError):
            if path.is_file() and path.stat().st_mtime < end:
                path.unlink()
