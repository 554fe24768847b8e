"""Several processes that train one model, on two hosts and started by mpirun.

The hosts are network namespaces. `pip install -r requirements/jax.txt` is needed for these.
"""

import json
import os
import shutil
import signal
import subprocess
import sys

import numpy as np
import psutil
import pytest
from conftest import ROOT
from waiting import wait_until

from classifier.errors import InputError
from classifier.process import launching
from classifier.training.processes import ALONE, Job
from stages.train import CHECKPOINT

HOSTS = f"bash {ROOT / 'tests' / 'two_hosts.sh'}"
LAUNCHERS = {"two hosts": HOSTS, "mpirun": "mpirun --oversubscribe -n 3"}
ENVIRONMENT = {
    "JAX_ENABLE_X64": "1",
    "OMPI_ALLOW_RUN_AS_ROOT": "1",
    "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
}
# The share of right predictions of the saved model, on validation images.
MEASURE = """
import keras
from stages.train import read_data

data = read_data()
model = keras.models.load_model('models/model.keras')
predicted = model.predict(data.images[data.val_rows]).argmax(axis=1)
print((predicted == data.labels[data.val_rows]).mean())
"""


def test_shares_of_a_job_are_all_of_a_batch():
    for count in (1, 2, 3, 8):
        shares = [np.arange(24)[Job(index, count).share(24)] for index in range(count)]
        np.testing.assert_array_equal(np.concatenate(shares), np.arange(24))


def test_process_alone_is_first_and_has_its_own_sums_and_content():
    assert ALONE.is_first
    assert ALONE.total(np.array([1.5, 2.0])).tolist() == [1.5, 2.0]
    assert ALONE.from_first(b"content") == b"content"
    ALONE.check_same("mark")
    assert launching.join("") is ALONE


def test_process_with_another_checkout_is_refused(monkeypatch):
    monkeypatch.setattr(Job, "from_first", lambda job, content: b"the first one's")
    expected = "expected the first process's data, parameters, code and versions"
    cure = "bring its checkout to the same commit and run `dvc pull`"
    with pytest.raises(InputError, match=f"process 1 on .*: {expected}; {cure}"):
        Job(1, 2).check_same("another")
    Job(1, 2).check_same("the first one's")


def test_launcher_with_another_backend_is_refused(monkeypatch):
    monkeypatch.setenv("KERAS_BACKEND", "tensorflow")
    expected = "launcher: expected KERAS_BACKEND to be jax or unset with it, received tensorflow"
    with pytest.raises(InputError, match=expected):
        launching.join("mpirun -n 2")


def test_missing_jax_is_named(monkeypatch):
    monkeypatch.setenv("KERAS_BACKEND", "jax")
    monkeypatch.setitem(sys.modules, "jax", None)
    cure = "expected JAX to be installed: run `pip install -r requirements/jax.txt`"
    with pytest.raises(InputError, match=f"train.launcher: {cure}"):
        launching.join("mpirun -n 2")


def fail_together(job: Job, error: BaseException):
    with launching.failing_together(job):
        raise error


@pytest.fixture
def at_exit(monkeypatch):
    """What would be called when the process ends."""
    calls = []
    monkeypatch.setattr(launching.atexit, "register", lambda *call: calls.append(call))
    return calls


def test_process_alone_fails_as_it_does(at_exit):
    with pytest.raises(RuntimeError, match="reason"):
        fail_together(ALONE, RuntimeError("reason"))
    assert at_exit == []


def test_error_of_jax_in_a_job_says_that_another_process_is_lost(at_exit):
    with pytest.raises(InputError, match=r"^process 1 of 2 has lost another: reason$"):
        fail_together(Job(1, 2), RuntimeError("reason\nand details"))
    assert at_exit == [(launching._end, 1)]


def test_process_of_a_job_that_fails_by_itself_says_why(at_exit):
    with pytest.raises(InputError, match=r"^no such file$"):
        fail_together(Job(1, 2), InputError("no such file"))
    assert at_exit == [(launching._end, 1)]


def test_stopped_process_of_a_job_ends_with_its_status(at_exit):
    with pytest.raises(SystemExit):
        fail_together(Job(1, 2), SystemExit(143))
    assert at_exit == [(launching._end, 143)]


@pytest.mark.slow
def test_launcher_that_starts_nothing_together_is_refused():
    pytest.importorskip("jax")
    code = """
from classifier.process.command import run
from classifier.process.launching import join
run(lambda: join('nice'))
"""
    env = os.environ | {"KERAS_BACKEND": "jax"}
    command = [sys.executable, "-c", code]
    said = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True)
    assert said.returncode == 1
    expected = "expected mpirun, Slurm, Kubernetes, or KERAS_DISTRIBUTION_… in the environment"
    received = "received 'nice': "
    assert said.stderr.startswith(f"error: params.yaml: train.launcher: {expected}, {received}")
    assert said.stderr.count("\n") == 1


def usable(launcher: str) -> str:
    """Return a launcher, or skip the test."""
    pytest.importorskip("jax", reason="pip install -r requirements/jax.txt")
    if launcher == HOSTS:
        namespaces = ["unshare", "-rnm", "ip", "netns"]
        if subprocess.run(namespaces, capture_output=True).returncode:
            pytest.skip("this system lets nobody make network namespaces")
    elif not shutil.which("mpirun"):
        pytest.skip("no mpirun")
    return launcher


@pytest.fixture(scope="module")
def on_jax(copy, tmp_path_factory):
    """The copy, for a few epochs of batches that all processes share, by JAX in float64."""
    home = tmp_path_factory.mktemp("keras")
    (home / "keras.json").write_text(json.dumps({"backend": "jax"}))
    surroundings = copy.folder / "classifier/surroundings.py"
    text = surroundings.read_text(encoding="utf-8")
    float64 = text.replace('FLOATX = "float32"', 'FLOATX = "float64"')
    assert float64 != text
    surroundings.write_text(float64, encoding="utf-8")
    copy.env |= ENVIRONMENT | {"KERAS_HOME": str(home)}
    copy.set({"baseline.batch_size": 48, "baseline.epochs": 6})
    return copy


def results(copy) -> tuple[dict, dict]:
    """Return the figures of the model, and the curves of the training."""
    reports = copy.folder / "reports" / "train"
    curves = {}
    for path in (reports / "plots" / "metrics").iterdir():
        curves[path.name] = np.loadtxt(path, skiprows=1)[:, -1]
    return json.loads((reports / "metrics.json").read_text()), curves


@pytest.fixture(scope="module")
def alone(on_jax):
    """What one process comes to."""
    pytest.importorskip("jax")
    on_jax.sh("KERAS_BACKEND=jax dvc repro train")
    return results(on_jax)


@pytest.mark.slow
@pytest.mark.parametrize("launcher", LAUNCHERS.values(), ids=LAUNCHERS)
def test_several_processes_come_to_what_one_comes_to(launcher, on_jax, alone):
    """In float64: in float32, rounding differs by the order of sums, and training is chaotic."""
    on_jax.set({"train.launcher": usable(launcher)})
    output = on_jax.sh("dvc repro train").stdout
    assert output.count("train: epoch 6/6") == 1  # only the first process speaks
    metrics, curves = results(on_jax)
    assert metrics == pytest.approx(alone[0], abs=1e-6)
    for name, values in curves.items():
        assert len(values) == 6
        np.testing.assert_allclose(values, alone[1][name], atol=1e-6, err_msg=name)
    saved = on_jax.sh(f'python -c "{MEASURE}" 2>/dev/null').stdout.splitlines()[-1]
    assert float(saved) == pytest.approx(metrics["val_accuracy"], abs=1e-6)


@pytest.mark.slow
def test_death_of_one_process_ends_the_job_and_the_next_one_goes_on(on_jax):
    launcher = usable(HOSTS)
    knobs = {"train.launcher": launcher, "baseline.epochs": 150, "baseline.patience": 150}
    on_jax.set(knobs)
    before = (on_jax.folder / "models" / "model.keras").read_bytes()
    options = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    command = ["dvc", "repro", "train"]
    job = subprocess.Popen(
        command, cwd=on_jax.folder, env=on_jax.env, start_new_session=True, **options
    )
    wait_until((on_jax.folder / CHECKPOINT).exists)
    find = ["pgrep", "-s", str(job.pid), "-f", "^python -m stages"]
    stages = map(int, subprocess.run(find, capture_output=True, text=True).stdout.split())
    name = "KERAS_DISTRIBUTION_PROCESS_ID"
    by_number = {psutil.Process(pid).environ()[name]: pid for pid in stages}
    os.kill(by_number["1"], signal.SIGKILL)  # when 0 dies, JAX itself ends the other, with a trace
    output = job.communicate(timeout=300)[0]
    assert job.returncode
    assert "of 2 has lost another: " in output
    assert (on_jax.folder / "models" / "model.keras").read_bytes() == before
    assert "train: goes on after epoch " in on_jax.sh("dvc repro train").stdout
    metrics, curves = results(on_jax)
    assert metrics["epochs"] == 150
    assert {len(values) for values in curves.values()} == {150}
