"""Loads Keras without the messages that TensorFlow writes at start-up, before its log settings apply."""

import os
import tempfile


def load_keras():
    """Import keras, which takes seconds; what it writes to standard error is shown only if it fails."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
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
