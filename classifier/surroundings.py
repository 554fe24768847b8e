"""Surroundings of a process that results would depend on: the same for everybody.

Whoever runs the project may have settings of their own for Keras and Matplotlib. Here are all that
models, figures and pictures would change with.
"""

import os

from classifier.errors import InputError

BACKENDS = ("tensorflow", "jax")
LIMITS = ("KERAS_MAX_EPOCHS", "KERAS_MAX_STEPS_PER_EPOCH")  # of any training, for trying Keras out
FLOATX = "float32"
EPSILON = 1e-7
IMAGE_DATA_FORMAT = "channels_last"


def set_environment() -> None:
    """Set variables that packages read when they are imported."""
    os.environ["MPLBACKEND"] = "agg"  # a notebook's own is not installed here
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"  # onnxruntime would tell its makers of each model
    os.environ["KERAS_NNX_ENABLED"] = "0"  # which needs Flax, and builds other models with JAX
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    for name in LIMITS:
        os.environ.pop(name, None)


def usable_cores() -> int:
    """Return how many cores this process may use; sums are rounded by it."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # on macOS
        return os.cpu_count()


def set_keras(keras) -> None:
    """Set what a user's keras.json may have otherwise; raises InputError for another backend."""
    backend = keras.backend.backend()
    if backend not in BACKENDS:
        expected = f"expected {' or '.join(BACKENDS)}, there or in Keras' keras.json"
        raise InputError(f"KERAS_BACKEND: {expected}, received {backend}")
    keras.config.set_max_epochs(None)
    keras.config.set_max_steps_per_epoch(None)
    keras.config.set_floatx(FLOATX)
    keras.config.set_epsilon(EPSILON)
    keras.config.set_image_data_format(IMAGE_DATA_FORMAT)
