"""Loads Keras: in the versions that the results are to come from, quietly, and in half the time."""

import gc
import os
import sys
import tempfile
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from stages.errors import InputError

VERSIONS = Path(__file__).parents[1] / "requirements" / "keras.in"  # DVC runs the stages again when it changes


def check_versions() -> None:
    """Raise InputError unless the packages that requirements/keras.in names are installed in those versions."""
    for line in VERSIONS.read_text(encoding="utf-8").splitlines():
        name, _, expected = line.partition("==")
        if not expected:
            continue
        try:
            received = version(name.split("[")[0])  # tensorflow[and-cuda]
        except PackageNotFoundError:
            received = "none"
        if received != expected:
            cure = "run `pip install -r requirements.txt`, or state the version there, then `dvc repro`"
            raise InputError(f"{VERSIONS}: expected {name} {expected} to be installed, received {received}; {cure}")


def load_keras():
    """Import keras; what it writes to standard error, before its log settings apply, is shown only if it fails.

    Three seconds are saved: without garbage collection while the modules load, nor over them at exit, and without
    scikit-learn, of which Keras needs only `keras.wrappers`.

    Raises InputError as `check_versions` does.
    """
    check_versions()
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    hidden = {"sklearn"} - sys.modules.keys()
    sys.modules.update(dict.fromkeys(hidden))
    gc.disable()
    stderr = os.dup(2)
    with tempfile.TemporaryFile() as messages:
        os.dup2(messages.fileno(), 2)
        try:
            import keras
        except BaseException:
            messages.seek(0)
            os.write(stderr, messages.read())
            raise
        finally:
            os.dup2(stderr, 2)
            os.close(stderr)
            gc.enable()
            gc.freeze()
            for name in hidden:
                del sys.modules[name]
    return keras
