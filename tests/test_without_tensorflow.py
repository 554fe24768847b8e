"""A machine without TensorFlow trains and scores on JAX, with a teacher too; export says no."""

import re
import shutil

import pytest
from conftest import ROOT, TEACHER

pytestmark = [pytest.mark.slow, pytest.mark.extras]


@pytest.fixture
def without(copy, tmp_path):
    """The copy, with an environment that is made as docs/speed.md says."""
    if not shutil.which("uv"):
        pytest.skip("needs uv, of requirements/ci.txt")
    text = (ROOT / "docs/speed.md").read_text(encoding="utf-8")
    choose, install, run = re.findall(r"^\$ (awk .*)\n\$ (pip .*)\n\$ (.*)$", text, re.MULTILINE)[0]
    copy.sh(choose)
    copy.sh(f"uv venv -q {tmp_path}/venv")
    copy.sh(f"uv {install} -q --python {tmp_path}/venv/bin/python")
    copy.env["PATH"] = f"{tmp_path}/venv/bin:{copy.env['PATH']}"
    assert "No module" in copy.sh("python -c 'import tensorflow'", check=False).stdout
    return copy, run


def test_machine_without_tensorflow_trains_and_scores(without):
    copy, run = without
    learned = {
        "teacher": TEACHER,
        "feature_matching": 1.0,
        "standardize": 0.4,
        "flip": True,
        "shift": 1,
        "shift_averaging": 1,
        "temperature_scaling": True,
    }
    copy.set({f"baseline.{name}": value for name, value in learned.items()})
    ran = re.findall(r"Running stage '(\w+)'", copy.sh(run).stdout)
    assert ran == ["teach", "train", "predict", "evaluate"]
    done = copy.sh("KERAS_BACKEND=jax dvc repro", check=False)
    assert done.returncode != 0
    assert "Traceback" not in done.stdout
    assert "error: keras: expected to be imported, received: No module named 'tensorflow'" in (
        done.stdout
    )
