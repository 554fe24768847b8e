"""Loads Keras, in the versions that the results are to come from, quietly, and in half the time; and its models."""

import contextlib
import gc
import os
import sys
import tempfile
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from stages.errors import InputError
from stages.files import check_recorded

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


@contextlib.contextmanager
def quiet():
    """Show what the block writes to standard output and error, also from C++, only if it fails unexpectedly."""
    sys.stdout.flush()
    kept = [os.dup(number) for number in (1, 2)]
    with tempfile.TemporaryFile() as messages:
        for number in (1, 2):
            os.dup2(messages.fileno(), number)
        try:
            yield
            sys.stdout.flush()
        except (InputError, OSError):
            raise
        except BaseException:
            sys.stdout.flush()
            messages.seek(0)
            os.write(kept[1], messages.read())
            raise
        finally:
            for number, copy in zip((1, 2), kept, strict=True):
                os.dup2(copy, number)
                os.close(copy)


def load_keras():
    """Import keras, without the messages that it writes before its log settings apply.

    Three seconds are saved: without garbage collection while the modules load, nor over them at exit, and without
    scikit-learn, of which Keras needs only `keras.wrappers`.

    Raises InputError as `check_versions` does.
    """
    check_versions()
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    hidden = {"sklearn"} - sys.modules.keys()
    sys.modules.update(dict.fromkeys(hidden))
    gc.disable()
    try:
        with quiet():
            import keras
            import tensorflow  # noqa: F401  Keras imports it later under any backend, with messages
    finally:
        gc.enable()
        gc.freeze()
        for name in hidden:
            del sys.modules[name]
    return keras


def load_model(path: Path, image_shape: tuple, class_count: int):
    """Load a Keras model; raises InputError where it is missing, not what dvc.lock records, or of other shapes."""
    expected = f"{path}: expected a model from {image_shape} to {(class_count,)}, received"
    if not path.exists():
        raise InputError(f"{expected} no file; run `dvc repro train`")
    check_recorded(path)
    keras = load_keras()
    try:
        model = keras.models.load_model(path, compile=False, safe_mode=True)
    except Exception as error:  # of many kinds, by what is damaged
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise InputError(f"{expected}: {reason}; run `dvc repro train`") from None
    if (model.input_shape[1:], model.output_shape[1:]) != (image_shape, (class_count,)):
        received = f"one from {model.input_shape[1:]} to {model.output_shape[1:]}"
        raise InputError(f"{expected} {received}; run `dvc repro train`")
    return model
