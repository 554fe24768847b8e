"""Starts Keras: quietly, and in half the time."""

import contextlib
import gc
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from classifier.errors import InputError
from classifier.files.atomic import PARTIALS
from classifier.surroundings import set_environment, set_keras

# Waits for a line; where there is none, its parent has aborted, and what it had said is shown.
WATCH = 'PATH=/usr/bin:/bin; read -r line || cat "$1" >&2 2>/dev/null; rm -f "$1"'

UNUSED = {"matplotlib", "pandas", "sklearn"}  # by Keras: its galleries, data frames and wrappers


@contextlib.contextmanager
def messages_file(stream: int):
    """Yield a file whose content is written to a stream if the process aborts in the block.

    TensorFlow does so where it lacks memory, threads or instructions of the processor. Then no
    code of Python's runs any more, so another process watches.
    """
    with tempfile.NamedTemporaryFile(delete=False) as messages:
        path = Path(messages.name)
        PARTIALS.add(path)  # a signal that ends the process needs no explanation
        command = ["/bin/sh", "-c", WATCH, "sh", str(path)]
        streams = {"stdin": subprocess.PIPE, "stdout": subprocess.DEVNULL, "stderr": stream}
        with subprocess.Popen(command, **streams) as watcher:
            try:
                yield messages
            finally:
                watcher.communicate(b"all is well\n")
                path.unlink(missing_ok=True)  # Ctrl-C ends the watcher, too
                PARTIALS.discard(path)


@contextlib.contextmanager
def quiet():
    """Show what the block writes, also from C++, only if it fails unexpectedly."""
    sys.stdout.flush()
    kept = [os.dup(number) for number in (1, 2)]
    with messages_file(kept[1]) as messages:
        for number in (1, 2):
            os.dup2(messages.fileno(), number)
        try:
            yield
        except (InputError, OSError, ImportError, SystemExit):  # the last by a signal
            raise
        except BaseException:
            sys.stdout.flush()
            messages.seek(0)
            os.write(kept[1], messages.read())
            raise
        finally:
            sys.stdout.flush()
            for number, copy in zip((1, 2), kept, strict=True):
                os.dup2(copy, number)
                os.close(copy)


@contextlib.contextmanager
def without(packages: set[str]):
    """Let packages that are not loaded seem not to be installed while the block runs."""
    hidden = packages - sys.modules.keys()
    sys.modules.update(dict.fromkeys(hidden))
    try:
        yield
    finally:
        for name in hidden:
            del sys.modules[name]


def load_keras():
    """Import keras, set as results need it, without the messages that it begins with.

    Seconds are saved: without garbage collection while the modules load, nor over them at exit,
    and without what Keras imports for features that are not used here.

    Raises:
        InputError: it cannot be imported, or its backend is not supported.
    """
    set_environment()
    gc.disable()
    try:
        with quiet(), without(UNUSED):
            import keras
    except ImportError as error:
        cure = "is there memory enough, and is requirements.txt installed?"
        raise InputError(f"keras: expected to be imported, received: {error}; {cure}") from None
    except (ValueError, TypeError, AttributeError) as error:
        cure = "mend the variables KERAS_… of the environment, or Keras' keras.json"
        raise InputError(f"keras: expected to be imported, received: {error}; {cure}") from None
    finally:
        gc.enable()
        gc.freeze()
    set_keras(keras)
    if keras.backend.backend() != "tensorflow":
        with without({"tensorflow"}):
            keras.utils.set_random_seed(0)  # which looks for TensorFlow once, and would load it
    return keras
