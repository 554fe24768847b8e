"""Surroundings: what a user has set for Keras and Matplotlib changes no result."""

import json
import subprocess
import sys
from types import SimpleNamespace

import pytest
from conftest import ROOT

from classifier.errors import InputError
from classifier.surroundings import set_keras

LOAD = "from classifier.backend.starting import load_keras; keras = load_keras(); "
SETTINGS = "keras.config.floatx(), keras.config.epsilon(), keras.config.image_data_format()"


def python(code: str, **variables) -> subprocess.CompletedProcess:
    command = [sys.executable, "-c", code]
    environment = {"PATH": "", "PYTHONPATH": str(ROOT)} | variables
    return subprocess.run(command, env=environment, capture_output=True, text=True)


@pytest.fixture
def keras_home(tmp_path):
    content = {"floatx": "float16", "epsilon": 0.1, "image_data_format": "channels_first"}
    content |= {"nnx_enabled": True}
    (tmp_path / "keras.json").write_text(json.dumps(content | {"backend": "tensorflow"}))
    return str(tmp_path)


def test_keras_is_set_as_results_need_it(keras_home):
    done = python(f"{LOAD}print({SETTINGS})", KERAS_HOME=keras_home)
    assert (done.stdout, done.stderr) == ("float32 1e-07 channels_last\n", "")


def test_backend_that_is_not_supported_is_refused():
    """Its own package would be needed to have it for real."""
    keras = SimpleNamespace(backend=SimpleNamespace(backend=lambda: "torch"))
    with pytest.raises(InputError, match=r"KERAS_BACKEND: expected tensorflow or jax, .* torch$"):
        set_keras(keras)


def test_matplotlib_has_its_own_defaults_and_draws_to_files(tmp_path):
    (tmp_path / "matplotlibrc").write_text("font.size: 20\n")
    code = (
        "from classifier.drawing.figures import set_matplotlib; set_matplotlib(); "
        "import matplotlib.pyplot as plt; print(plt.rcParams['font.size'], plt.get_backend())"
    )
    variables = {"MATPLOTLIBRC": str(tmp_path / "matplotlibrc"), "MPLBACKEND": "module://nothing"}
    done = python(code, HOME=str(tmp_path), **variables)
    assert done.stdout == "10.0 agg\n"


def test_what_keras_builds_is_its_own_and_not_flaxs(keras_home):
    code = f"{LOAD}print(keras.config.is_nnx_enabled())"
    done = python(code, KERAS_HOME=keras_home, KERAS_NNX_ENABLED="true", KERAS_BACKEND="tensorflow")
    assert (done.stdout, done.stderr) == ("False\n", "")


def test_limits_of_keras_own_end_no_training(tmp_path):
    code = f"{LOAD}print(keras.config.max_epochs(), keras.config.max_steps_per_epoch())"
    limits = {"KERAS_MAX_EPOCHS": "1", "KERAS_MAX_STEPS_PER_EPOCH": "2"}
    done = python(code, KERAS_HOME=str(tmp_path), **limits)
    assert (done.stdout, done.stderr) == ("None None\n", "")


@pytest.mark.parametrize("content", ['{"floatx": 5}', '{"epsilon": "x"}', "[]"])
def test_settings_that_keras_refuses_are_named(content, tmp_path):
    (tmp_path / "keras.json").write_text(content)
    code = (
        "from classifier.process.command import run\n"
        "from classifier.backend.starting import load_keras\nrun(load_keras)"
    )
    done = python(code, KERAS_HOME=str(tmp_path))
    assert done.returncode == 1
    *_, last = done.stderr.splitlines()
    assert last.startswith("error: keras: expected to be imported, received: ")
    assert last.endswith("or Keras' keras.json")
