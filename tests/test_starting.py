"""Keras starts silently, and what it borrows for that is there again afterwards."""

import os
import subprocess
import sys

import pytest
from conftest import ROOT

from classifier.backend.starting import load_keras
from classifier.errors import InputError


def python(code: str, **variables: str) -> subprocess.CompletedProcess:
    """Run code in a process of its own, which buffers what it prints."""
    env = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    env |= variables
    command = [sys.executable, "-c", code]
    return subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True)


def test_keras_starts_silently_and_leaves_garbage_collection_and_other_packages_working():
    code = """
from classifier.backend.starting import load_keras
print(load_keras().__name__)
import gc, matplotlib.pyplot, pandas
print(gc.isenabled())
"""
    done = python(code)
    assert (done.stdout, done.stderr) == ("keras\nTrue\n", "")


@pytest.mark.extras
def test_tensorflow_is_not_loaded_under_another_backend():
    pytest.importorskip("jax")
    code = """
from classifier.backend.starting import load_keras
load_keras().utils.set_random_seed(1)
import sys
print("tensorflow" in sys.modules)
"""
    assert python(code, KERAS_BACKEND="jax").stdout == "False\n"


def test_failed_import_is_raised_with_standard_error_restored(monkeypatch, capfd):
    monkeypatch.setitem(sys.modules, "keras", None)
    with pytest.raises(InputError, match=r"keras: expected to be imported, received: .* memory"):
        load_keras()
    os.write(2, b"heard")
    assert capfd.readouterr().err == "heard"


def heard(end: str) -> tuple[list[str], list[str]]:
    """Return what a process shows, by lines, that speaks in `quiet` and ends the block so."""
    code = f"""
import os
from classifier.backend.starting import quiet
from classifier.errors import InputError
print("before")
try:
    with quiet():
        print("from Python")
        os.write(1, b"from C++\\n")
        os.write(2, b"a warning\\n")
        {end}
except (KeyError, OSError, InputError, SystemExit) as error:
    print("raised", type(error).__name__)
print("after")
"""
    done = python(code)
    assert done.returncode == 0
    return done.stdout.splitlines(), done.stderr.splitlines()


def test_what_is_said_in_quiet_is_not_shown():
    assert heard("pass") == (["before", "after"], [])


def test_what_was_said_is_shown_on_standard_error_where_the_block_fails_unexpectedly():
    out, err = heard("raise KeyError")
    assert out == ["before", "raised KeyError", "after"]
    assert sorted(err) == ["a warning", "from C++", "from Python"]


@pytest.mark.parametrize(
    ("end", "name"),
    [
        ("raise InputError('no')", "InputError"),
        ("raise OSError", "OSError"),
        ("raise SystemExit", "SystemExit"),
    ],
)
def test_nothing_is_shown_where_the_block_fails_as_expected(end, name):
    assert heard(end) == (["before", f"raised {name}", "after"], [])


@pytest.mark.parametrize("end", ["os.abort()", "os.kill(os.getpid(), 9)", "os._exit(3)"])
def test_what_was_said_is_shown_where_the_process_aborts(end, tmp_path, monkeypatch):
    """None of Python's own code runs then."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    code = f"""
import os
from classifier.backend.starting import quiet
with quiet():
    os.write(2, b"no memory left\\n")
    {end}
"""
    done = python(code)
    assert done.returncode != 0
    assert done.stderr == "no memory left\n"
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_left_of_quiet(tmp_path, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    assert heard("pass") == (["before", "after"], [])
    assert list(tmp_path.iterdir()) == []
