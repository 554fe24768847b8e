"""Checkpoints: training goes on to the same bytes; what is foreign or damaged is refused."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from conftest import DVC_YAML, ROOT
from training import CONVOLUTIONAL, DATA, EVERYTHING, PUPIL, STRIPES, TAUGHT, changed, trained

from classifier.training import checkpoint as checkpoints
from classifier.training.checkpoint import Checkpoint, fingerprint
from classifier.training.processes import Job

STOPS_EARLY = changed(
    EVERYTHING,
    epochs=40,
    patience=2,
    learning_rate=0.05,
    learning_rate_schedule=None,
    warmup_epochs=None,
    shift=None,
    erasing=None,
)
RESUMED = [
    pytest.param((STOPS_EARLY, DATA), id="stops early"),
    pytest.param((CONVOLUTIONAL, STRIPES), id="convolutional", marks=pytest.mark.slow),
    pytest.param((PUPIL, TAUGHT), id="pupil"),
]


class Recording(Checkpoint):
    """A checkpoint that keeps the content of its file after each epoch."""

    def __init__(self, path):
        super().__init__(path, "mark")
        self.contents = []

    def save(self, state, arrays):
        super().save(state, arrays)
        self.contents.append(self.path.read_bytes())


@pytest.fixture(autouse=True)
def _saved_each_epoch(monkeypatch):
    monkeypatch.setattr(checkpoints, "MIN_SECONDS", 0.0)


class Undisturbed:
    """A training from beginning to end, and its checkpoints."""

    def __init__(self, case, folder):
        self.case = case
        checkpoint = Recording(folder / "checkpoint")
        self.training = trained(*case, checkpoint=checkpoint)
        self.saved = self.training.saved(folder)
        self.contents = checkpoint.contents

    def resumed_after(self, number: int, folder, **options):
        """Return what a process makes of the checkpoint after an epoch, and its own checkpoints."""
        path = folder / "checkpoint"
        path.write_bytes(self.contents[number - 1])
        checkpoint = Recording(path)
        return trained(*self.case, checkpoint=checkpoint, **options), checkpoint.contents


@pytest.fixture(scope="module", params=RESUMED)
def undisturbed(request, tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(checkpoints, "MIN_SECONDS", 0.0)
        return Undisturbed(request.param, tmp_path_factory.mktemp("undisturbed"))


@pytest.mark.long
def test_killed_training_goes_on_to_the_same_bytes(undisturbed, tmp_path):
    """And with the same checkpoints, so that it does not matter how often it is killed."""
    training, contents = undisturbed.resumed_after(1, tmp_path)
    assert training.metrics == undisturbed.training.metrics
    assert training.epochs == undisturbed.training.epochs
    assert training.saved(tmp_path) == undisturbed.saved
    assert contents == undisturbed.contents[1:]


def test_training_that_was_over_is_not_trained_again(undisturbed, tmp_path):
    def on_epoch(number, figures):
        raise AssertionError(number)

    last = len(undisturbed.contents)
    training, contents = undisturbed.resumed_after(last, tmp_path, on_epoch=on_epoch)
    assert training.metrics == undisturbed.training.metrics
    assert training.saved(tmp_path) == undisturbed.saved
    assert contents == []


@pytest.mark.parametrize("undisturbed", RESUMED[:1], indirect=True)
def test_training_stops_early_in_the_case_that_says_so(undisturbed):
    metrics = undisturbed.training.metrics
    assert metrics["epochs"] == metrics["best_epoch"] + 2 < 40


STATE = {"epochs": [{"val_loss": 0.5}], "has_stopped": False}
ARRAYS = {"variable": [np.arange(3.0), np.ones((2, 2))], "best": [], "other": [np.zeros(1)]}


@pytest.fixture
def saved(tmp_path):
    """The path of a checkpoint with `STATE` and `ARRAYS`."""
    path = tmp_path / "checkpoint"
    Checkpoint(path, "mark").save(STATE, ARRAYS)
    return path


def test_saved_state_is_read_again(saved):
    found = Checkpoint(saved, "mark")
    assert found.refusal == ""
    assert found.epochs == STATE["epochs"]
    assert found.state["has_stopped"] is False
    assert "best" not in found.state  # an empty list leaves nothing
    for name in ("variable", "other"):
        for received, expected in zip(found.state[name], ARRAYS[name], strict=True):
            np.testing.assert_array_equal(received, expected)


def test_no_checkpoint_is_nothing_to_refuse(tmp_path):
    found = Checkpoint(tmp_path / "checkpoint", "mark")
    assert (found.state, found.refusal, found.epochs) == (None, "", [])


def damage_middle(content: bytes) -> bytes:
    half = len(content) // 2
    return content[:half] + bytes([content[half] ^ 1]) + content[half + 1 :]


@pytest.mark.parametrize(
    "damage",
    [
        damage_middle,
        lambda content: content[:-1],
        lambda content: content[:20],
        lambda content: b"",
        lambda content: b"x" * 99,
    ],
    ids=["flipped byte", "a byte short", "only a header", "empty", "something else"],
)
def test_damaged_checkpoint_is_refused(damage, saved):
    saved.write_bytes(damage(saved.read_bytes()))
    found = Checkpoint(saved, "mark")
    assert found.refusal == "expected a whole checkpoint, received a damaged one"
    assert (found.state, found.epochs) == (None, [])


def test_checkpoint_of_another_training_is_refused(saved):
    found = Checkpoint(saved, "another mark")
    expected = "expected a checkpoint of this training"
    received = "received one of other data, parameters, code, versions or cores"
    assert found.refusal == f"{expected}, {received}"
    assert (found.state, found.epochs) == (None, [])


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("XLA_FLAGS", "--xla_cpu_enable_fast_math=true"),
        ("TF_NUM_INTRAOP_THREADS", "1"),
        ("TF_ENABLE_ONEDNN_OPTS", "0"),
        ("ONEDNN_MAX_CPU_ISA", "SSE41"),
        ("one core", ""),
    ],
)
def test_checkpoint_of_a_process_that_rounds_otherwise_is_refused(name, value, saved, monkeypatch):
    if name == "one core":
        monkeypatch.setattr(checkpoints.os, "sched_getaffinity", lambda process: {0}, raising=False)
        monkeypatch.setattr(checkpoints.os, "cpu_count", lambda: 1)
    else:
        monkeypatch.setenv(name, value)
    found = Checkpoint(saved, "mark")
    assert found.state is None
    assert "cores" in found.refusal


def test_variables_that_change_no_bit_do_not_matter(saved, monkeypatch):
    monkeypatch.setenv("TF_CPP_MIN_LOG_LEVEL", "0")
    monkeypatch.setenv("PYTHONHASHSEED", "7")
    assert Checkpoint(saved, "mark").state


def test_checkpoint_that_cannot_be_read_is_refused(tmp_path):
    found = Checkpoint(tmp_path, "mark")  # a folder
    assert found.refusal == "cannot be read (Is a directory)"
    assert found.state is None


def test_checkpoint_is_due_once_the_last_one_is_old_enough(saved, monkeypatch):
    now = [1000.0]
    monkeypatch.setattr(checkpoints, "MIN_SECONDS", 2.0)
    monkeypatch.setattr(checkpoints.time, "monotonic", lambda: now[0])
    checkpoint = Checkpoint(saved, "mark")
    assert not checkpoint.is_due()
    now[0] += 1.9
    assert not checkpoint.is_due()
    now[0] += 0.2
    assert checkpoint.is_due()
    checkpoint.save(STATE, ARRAYS)
    assert not checkpoint.is_due()


def test_only_the_first_of_several_processes_reads_and_writes_a_checkpoint(saved, monkeypatch):
    monkeypatch.setattr(Job, "from_first", lambda job, content: content)
    assert Checkpoint(saved, "mark", Job(0, 2, 2)).is_due()
    other = Checkpoint(saved, "mark", Job(1, 2, 2))
    assert other.state is None
    assert not other.is_due()


def test_checkpoint_is_what_the_first_process_has_told(saved, tmp_path, monkeypatch):
    content = saved.read_bytes()[32:]
    monkeypatch.setattr(Job, "from_first", lambda job, mine: content)
    other = Checkpoint(tmp_path / "none", "mark", Job(1, 2, 2))
    assert other.epochs == STATE["epochs"]


def test_fingerprint_changes_with_settings_data_and_versions(monkeypatch):
    images, labels = np.arange(6, dtype=np.uint8), np.arange(3)
    settings = [1, {"epochs": 2}]
    first = fingerprint(settings, (images, labels))
    assert fingerprint(settings, (images, labels)) == first
    marks = [
        first,
        fingerprint([2, {"epochs": 2}], (images, labels)),
        fingerprint([1, {"epochs": 3}], (images, labels)),
        fingerprint(settings, (images + 1, labels)),
        fingerprint(settings, (images.reshape(2, 3), labels)),
        fingerprint(settings, (images, labels.astype(np.int32))),
    ]
    monkeypatch.setattr(checkpoints, "version", lambda name: "0.0.1")
    marks.append(fingerprint(settings, (images, labels)))
    assert len(set(marks)) == len(marks)


CODE = [Path(dep) for dep in DVC_YAML["stages"]["train"]["deps"] if dep.startswith("classifier/")]


@pytest.mark.parametrize("dep", CODE, ids=str)
def test_fingerprint_changes_with_the_code_that_trains(dep, tmp_path, monkeypatch):
    shutil.copytree(ROOT / "classifier", tmp_path / "classifier")
    monkeypatch.setattr(checkpoints, "LIBRARY", tmp_path / "classifier")
    before = fingerprint([], ())
    (tmp_path / "classifier" / "exports" / "agreement.py").write_text("after")
    assert fingerprint([], ()) == before
    path = tmp_path / dep
    (path / "another.py" if path.is_dir() else path).write_text("after")
    assert fingerprint([], ()) != before


def test_checkpoint_is_small_beside_the_training(undisturbed):
    """Weights, two moments of Adam, best weights: four numbers a parameter."""
    count = undisturbed.training.model.count_params()
    assert len(undisturbed.contents[0]) < 4 * 4 * count + 20_000
