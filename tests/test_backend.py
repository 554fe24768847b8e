"""Loading Keras: silent when it works, and standard error is itself again afterwards."""

import os
import subprocess
import sys

import pytest

from stages.backend import load_keras


def test_tensorflow_starts_without_a_message():
    code = "from stages.backend import load_keras; print(load_keras().__name__)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("keras\n", "")


def test_failed_import_is_raised_with_standard_error_restored(monkeypatch, capfd):
    monkeypatch.setitem(sys.modules, "keras", None)
    with pytest.raises(ImportError):
        load_keras()
    os.write(2, b"heard")
    assert capfd.readouterr().err == "heard"


def test_garbage_collection_and_scikit_learn_work_afterwards():
    code = "from stages.backend import load_keras; load_keras(); import gc, sklearn.metrics; print(gc.isenabled())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("True\n", "")
