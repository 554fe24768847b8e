"""Loading Keras: silently, with standard error itself again afterwards. Loading models: only recorded ones."""

import hashlib
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT
from ruamel.yaml import YAML

from stages import backend
from stages.backend import load_keras, load_model
from stages.errors import InputError

keras = load_keras()


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


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("keras==0.1", r"keras\.in: expected keras 0\.1 to be installed, received 3\."),
        ("no-such-package==1", r"expected no-such-package 1 to be installed, received none; run `pip install"),
    ],
)
def test_another_version_is_refused_before_it_is_loaded(line, message, tmp_path, monkeypatch):
    (tmp_path / "keras.in").write_text(f"# comment\n{line}\n")
    monkeypatch.setattr(backend, "VERSIONS", tmp_path / "keras.in")
    monkeypatch.setitem(sys.modules, "keras", None)
    with pytest.raises(InputError, match=message):
        load_keras()


def test_the_stages_that_load_keras_run_again_after_an_upgrade():
    stages = YAML(typ="safe").load(ROOT / "dvc.yaml")["stages"]
    assert [name for name in stages if "requirements/keras.in" in stages[name]["deps"]] == [
        "train",
        "evaluate",
        "export",
    ]


def test_every_requirement_has_a_hash_and_every_direct_one_is_there():
    names = ("requirements.in", "requirements/keras.in", "requirements.txt")
    direct, keras, compiled = ((ROOT / name).read_text().splitlines() for name in names)
    blocks = re.split(r"\n(?=\S)", "\n".join(line for line in compiled if not line.lstrip().startswith("#")))
    assert all("--hash=sha256:" in block for block in blocks)
    pins = {block.split()[0].replace("-", "").replace(".", "") for block in blocks}
    wanted = [line.split("#")[0].strip() for line in direct + keras if "==" in line]
    assert len(wanted) > 15
    assert [line for line in wanted if line.replace("-", "").replace(".", "") not in pins] == []


def record(path):
    """Write a dvc.lock with the MD5 of a file, as if a stage had written it."""
    out = {"path": str(path), "hash": "md5", "md5": hashlib.md5(path.read_bytes()).hexdigest()}
    Path("dvc.lock").write_text(json.dumps({"stages": {"train": {"outs": [out]}}}))


@pytest.fixture
def model_path(workplace):
    path = Path("model.keras")
    keras.Sequential([keras.Input((28, 28)), keras.layers.Flatten(), keras.layers.Dense(10)]).save(path)
    record(path)
    return path


def test_model_is_loaded(model_path):
    assert load_model(model_path, (28, 28), 10).output_shape == (None, 10)


def test_missing_model_is_named(workplace):
    with pytest.raises(InputError, match="received no file; run `dvc repro train`"):
        load_model(Path("model.keras"), (28, 28), 10)


@pytest.mark.parametrize("size", [0, 100, 10_000])
def test_damaged_model_is_named(model_path, size):
    model_path.write_bytes(model_path.read_bytes()[:size])
    record(model_path)
    with pytest.raises(InputError, match="run `dvc repro train`") as caught:
        load_model(model_path, (28, 28), 10)
    assert "\n" not in str(caught.value)


def test_model_that_no_stage_has_written_is_not_loaded(model_path, monkeypatch):
    monkeypatch.setattr(keras.models, "load_model", None)
    keras.Sequential([keras.Input((28, 28)), keras.layers.Flatten(), keras.layers.Dense(10)]).save(model_path)
    with pytest.raises(InputError, match=r"model.keras: expected MD5 \w+, by dvc.lock, received \w+; run `dvc repro`"):
        load_model(model_path, (28, 28), 10)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "dvc.lock: expected DVC's record of all outputs, found no file; run `dvc repro`"),
        ("", "dvc.lock: expected DVC's record .* run `git checkout dvc.lock`"),
        ("stages: [", "dvc.lock: expected DVC's record .* run `git checkout dvc.lock`"),
        ("stages:\n  train:\n    outs: 3\n", "dvc.lock: expected DVC's record .* run `git checkout dvc.lock`"),
        ("stages: {}", "model.keras: expected MD5 of a stage's output, by dvc.lock, received .*; run `dvc repro`"),
    ],
)
def test_model_without_a_record_is_not_loaded(model_path, content, message):
    if content is None:
        Path("dvc.lock").unlink()
    else:
        Path("dvc.lock").write_text(content)
    with pytest.raises(InputError, match=message):
        load_model(model_path, (28, 28), 10)


@pytest.mark.parametrize(("image_shape", "class_count"), [((28, 27), 10), ((28, 28), 11)])
def test_model_of_other_shapes_is_refused(model_path, image_shape, class_count):
    with pytest.raises(InputError, match=r"received one from \(28, 28\) to \(10,\)"):
        load_model(model_path, image_shape, class_count)
