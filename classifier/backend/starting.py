"""Starts Keras: quietly, and in half the time."""

import contextlib
import gc
import os
import sys
import tempfile

from classifier.errors import InputError
from classifier.surroundings import set_environment, set_keras


@contextlib.contextmanager
def quiet():
    """Show what the block writes, also from C++, only if it fails unexpectedly."""
    sys.stdout.flush()
    kept = [os.dup(number) for number in (1, 2)]
    with tempfile.TemporaryFile() as messages:
        for number in (1, 2):
            os.dup2(messages.fileno(), number)
        try:
            yield
        except (InputError, OSError):
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


def load_keras():
    """Import keras, set as results need it, without the messages that it begins with.

    Three seconds are saved: without garbage collection while the modules load, nor over them at
    exit, and without scikit-learn, which Keras needs for `keras.wrappers` alone.
    """
    set_environment()
    hidden = {"sklearn"} - sys.modules.keys()
    sys.modules.update(dict.fromkeys(hidden))
    gc.disable()
    try:
        with quiet():
            import keras
            import tensorflow  # noqa: F401  Keras imports it later under any backend, loudly
    finally:
        gc.enable()
        gc.freeze()
        for name in hidden:
            del sys.modules[name]
    set_keras(keras)
    return keras
