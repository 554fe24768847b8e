"""Loads Keras and its backend without TensorFlow's start-up messages."""

import os
import sys
import tempfile


def load_keras():
    """Import keras, which takes seconds; what it prints is shown only if the import fails.

    TensorFlow writes to file descriptor 2 before any of its log settings apply.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    sys.stderr.flush()
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
    return keras
