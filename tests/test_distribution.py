"""Several processes that train one model: on two hosts, which are network namespaces, and started by mpirun."""

import json
import os
import shutil
import signal
import subprocess
import time

import numpy as np
import pytest
from conftest import ROOT

from stages.errors import InputError
from stages.train import distribution
from stages.train.distribution import Job

HOSTS = f"bash {ROOT / 'tests' / 'two_hosts.sh'}"
LAUNCHERS = {"two hosts": HOSTS, "mpirun": "mpirun --oversubscribe -n 4"}


def usable(launcher: str) -> str:
    """Return a launcher, or skip the test."""
    pytest.importorskip("jax", reason="pip install -r requirements/jax.txt")
    if launcher == HOSTS and subprocess.run(["unshare", "-rnm", "ip", "netns"], capture_output=True).returncode:
        pytest.skip("this system lets nobody make network namespaces")
    if launcher != HOSTS and not shutil.which("mpirun"):
        pytest.skip("no mpirun")
    return launcher


@pytest.fixture(scope="module")
def on_jax(copy, tmp_path_factory):
    """The copy, for a few epochs that all processes can share evenly, computed by JAX in float64."""
    home = tmp_path_factory.mktemp("keras")
    (home / "keras.json").write_text(json.dumps({"floatx": "float64", "backend": "jax"}))
    copy.env |= {"KERAS_HOME": str(home), "JAX_ENABLE_X64": "1"}
    copy.env |= {"OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1"}
    copy.edit("batch_size: 1024", "batch_size: 48")
    copy.edit("epochs: 2 ", "epochs: 6 ")
    return copy


def set_launcher(copy, launcher: str) -> None:
    lines = (copy.folder / "params.yaml").read_text(encoding="utf-8").splitlines()
    changed = [f"  launcher: {launcher}" if line.startswith("  launcher:") else line for line in lines]
    (copy.folder / "params.yaml").write_text("\n".join(changed), encoding="utf-8")


def results(copy) -> tuple[dict, dict]:
    """The figures of the model, and the curves of the training."""
    reports = copy.folder / "reports" / "train"
    curves = {path.name: np.loadtxt(path, skiprows=1)[:, -1] for path in (reports / "plots" / "metrics").iterdir()}
    return json.loads((reports / "metrics.json").read_text()), curves


@pytest.fixture(scope="module")
def alone(on_jax):
    """What one process comes to."""
    pytest.importorskip("jax")
    on_jax.sh("KERAS_BACKEND=jax dvc repro train")
    return results(on_jax)


@pytest.mark.parametrize("launcher", LAUNCHERS.values(), ids=LAUNCHERS)
def test_several_processes_come_to_what_one_comes_to(launcher, on_jax, alone):
    """In float64: in float32, rounding differs by the order of sums, and a training is chaotic."""
    set_launcher(on_jax, usable(launcher))
    output = on_jax.sh("dvc repro train").stdout
    assert output.count("train: epoch 6/6") == 1  # only the first process speaks
    metrics, curves = results(on_jax)
    assert metrics == pytest.approx(alone[0], abs=1e-6)
    for name, values in curves.items():
        assert len(values) == 6
        np.testing.assert_allclose(values, alone[1][name], atol=1e-6, err_msg=name)
    check = "import numpy as np, keras; from stages.train.__main__ import read_data; x, y, _, rows = read_data(); "
    check += "print((keras.models.load_model('models/model.keras').predict(x[rows]).argmax(1) == y[rows]).mean())"
    saved = float(on_jax.sh(f'python -c "{check}" 2>/dev/null').stdout.splitlines()[-1])
    assert saved == pytest.approx(metrics["val_accuracy"], abs=1e-6)


def test_death_of_one_process_ends_the_job_and_the_next_one_goes_on(on_jax):
    set_launcher(on_jax, usable(HOSTS))
    on_jax.edit("epochs: 6 ", "epochs: 150 ")
    on_jax.edit("patience: 3 ", "patience: 150 ")
    before = (on_jax.folder / "models" / "model.keras").read_bytes()
    checkpoint = on_jax.folder / ".dvc" / "tmp" / "train.checkpoint"
    job = subprocess.Popen(
        ["dvc", "repro", "train"], cwd=on_jax.folder, env=on_jax.env, stdout=subprocess.PIPE, text=True,
        stderr=subprocess.STDOUT, start_new_session=True,
    )  # fmt: skip
    end = time.monotonic() + 60
    while not checkpoint.exists():
        assert time.monotonic() < end
        time.sleep(0.02)
    stages = subprocess.run(["pgrep", "-s", str(job.pid), "-f", "^python -m stages"], capture_output=True, text=True)
    os.kill(int(stages.stdout.split()[-1]), signal.SIGKILL)
    died = time.monotonic()
    output = job.communicate(timeout=60)[0]
    assert time.monotonic() - died < 60
    assert job.returncode
    assert "of 2 has lost another: " in output
    assert (on_jax.folder / "models" / "model.keras").read_bytes() == before
    assert "train: goes on after epoch " in on_jax.sh("dvc repro train").stdout
    metrics, curves = results(on_jax)
    assert metrics["epochs"] == 150
    assert {len(values) for values in curves.values()} == {150}


def test_shares_of_a_job_are_all_of_a_batch():
    for count in (1, 2, 3, 8):
        shares = [np.arange(24)[Job(index, count).share(24)] for index in range(count)]
        np.testing.assert_array_equal(np.concatenate(shares), np.arange(24))


def test_uneven_batch_is_filled_up_with_weight_0_and_keeps_its_mean():
    from stages.train.batches import Batches, Shares

    images, labels = np.arange(10, dtype=np.uint8).reshape(10, 1, 1), np.arange(10, dtype=np.uint8)
    whole = Batches(images, labels, np.arange(10), 7)
    for number, count in enumerate((7, 3)):
        parts = [Shares(Job(index, 2, 4), whole)[number] for index in range(2)]
        pixels, classes, weights = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
        assert len(weights) % 4 == 0
        np.testing.assert_array_equal(pixels.ravel(), classes)
        np.testing.assert_array_equal(classes[weights > 0], whole[number][1])
        assert (classes * weights).mean() == pytest.approx(whole[number][1].mean())  # as a loss is averaged
        assert (weights > 0).sum() == count


def test_even_batches_are_shared_without_weights():
    from stages.train.batches import Batches, Shares

    images, labels = np.arange(12, dtype=np.uint8).reshape(12, 1, 1), np.arange(12, dtype=np.uint8)
    whole = Batches(images, labels, np.arange(12)[::-1], 8)
    for number in range(2):
        parts = [Shares(Job(index, 2, 4), whole)[number] for index in range(2)]
        images, labels = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
        np.testing.assert_array_equal(labels, whole[number][1])


def test_process_with_another_checkout_is_refused(monkeypatch):
    monkeypatch.setattr(Job, "from_first", lambda job, content: b"the first one's")
    with pytest.raises(InputError, match=r"process 1 on .*: expected the first process's data, parameters, code"):
        Job(1, 2).check_same("another")
    Job(1, 2).check_same("the first one's")


def test_launcher_with_another_backend_is_refused(monkeypatch):
    monkeypatch.setenv("KERAS_BACKEND", "tensorflow")
    with pytest.raises(InputError, match="launcher: expected KERAS_BACKEND to be jax or unset with it, received tens"):
        distribution.join("mpirun -n 2")


def test_launcher_that_starts_nothing_together_is_refused(copy):
    pytest.importorskip("jax")
    code = "from stages.process import run; from stages.train.distribution import join; run(lambda: join('nice'))"
    said = copy.sh(f'KERAS_BACKEND=jax python -c "{code}"', check=False)
    assert said.returncode == 1
    assert said.stdout.startswith("error: params.yaml: train.launcher: expected mpirun, Slurm, Kubernetes, or KERAS_D")
    assert len(said.stdout.splitlines()) == 1
