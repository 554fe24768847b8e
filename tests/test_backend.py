"""Loading Keras: silent when it works, and standard error is itself again afterwards."""

import os
import re
import subprocess
import sys

import pytest
from conftest import ROOT
from ruamel.yaml import YAML

from stages import backend
from stages.backend import load_keras
from stages.errors import InputError


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
    assert [name for name in stages if "requirements/keras.in" in stages[name]["deps"]] == ["train", "evaluate"]


def test_every_requirement_has_a_hash_and_every_direct_one_is_there():
    names = ("requirements.in", "requirements/keras.in", "requirements.txt")
    direct, keras, compiled = ((ROOT / name).read_text().splitlines() for name in names)
    blocks = re.split(r"\n(?=\S)", "\n".join(line for line in compiled if not line.lstrip().startswith("#")))
    assert all("--hash=sha256:" in block for block in blocks)
    pins = {block.split()[0].replace("-", "").replace(".", "") for block in blocks}
    wanted = [line for line in direct + keras if "==" in line]
    assert len(wanted) > 15
    assert [line for line in wanted if line.replace("-", "").replace(".", "") not in pins] == []
