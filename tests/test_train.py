"""The stage train: data as they are on disk, a whole training, and what it goes on from."""

import contextlib
import io
import json

import numpy as np
import pytest
from training import DATA, PUPIL, RECIPE, changed, keras

from classifier.errors import InputError
from classifier.training import checkpoint
from classifier.training.report import Report
from stages import train

SMALL = changed(
    RECIPE, units=[16], epochs=2, flip=True, flip_averaging=True, temperature_scaling=True
)
METRICS = ["train_loss", "train_accuracy", "val_loss", "val_accuracy"]


def write_arrays():
    """Write the data as the stages before do."""
    paths = (train.IMAGES, train.LABELS, train.TRAIN_ROWS, train.VAL_ROWS)
    for path, array in zip(paths, DATA.arrays, strict=True):
        path.parent.mkdir(parents=True, exist_ok=True)
        np.save(path, array)


@pytest.fixture
def arrays(workplace):
    write_arrays()


def test_data_are_those_on_disk(arrays):
    for received, expected in zip(train.read_data().arrays, DATA.arrays, strict=True):
        np.testing.assert_array_equal(received, expected)


def test_rows_beyond_the_images_are_an_error(arrays):
    np.save(train.VAL_ROWS, np.array([3, 250]))
    expected = "data/split: expected rows of 250 images and 250 labels, received rows 0 to 250"
    with pytest.raises(InputError, match=f"{expected}; run `dvc repro`"):
        train.read_data()


def test_images_without_labels_are_an_error(arrays):
    np.save(train.LABELS, DATA.labels[:-1])
    with pytest.raises(InputError, match="250 images and 249 labels"):
        train.read_data()


def test_missing_data_are_an_error(arrays):
    train.LABELS.unlink()
    with pytest.raises(InputError, match=f"{train.LABELS}: expected a .npy file .* found no file"):
        train.read_data()


@pytest.mark.parametrize("shape", [(0, 0, 0), (250, 9, 26), (249, 18, 26), (250, 18, 10)])
def test_table_of_another_teacher_is_an_error(arrays, shape):
    train.LESSONS.parent.mkdir()
    np.save(train.LESSONS, np.ones(shape, np.float16))
    with pytest.raises(InputError, match=f"^{train.LESSONS}: expected .*; run `dvc repro`"):
        train.read_data(PUPIL)


def run(seed=1):
    keras.utils.clear_session()  # names of layers are counted anew, as in a process of its own
    train.main(train.Train(model="small", seed=seed, launcher=""), SMALL)


def written() -> tuple[bytes, dict, dict]:
    """Return what the stage has written: its model, metrics, and figures by epoch and name."""
    metrics = json.loads((train.REPORTS / "metrics.json").read_text())
    curves = {}
    for path in (train.REPORTS / "plots" / "metrics").rglob("*.tsv"):
        rows = np.loadtxt(path, skiprows=1, delimiter="\t", ndmin=2)
        assert rows[:, 0].tolist() == list(range(1, len(rows) + 1))
        curves[path.stem] = rows[:, -1].tolist()
    return train.MODEL.read_bytes(), metrics, curves


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    """What a run prints and writes, in a folder where the tests go on."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("train"))
        patch.setattr(checkpoint, "MIN_SECONDS", 0.0)
        write_arrays()
        with contextlib.redirect_stdout(io.StringIO()) as printed:
            run()
        yield printed.getvalue().splitlines(), *written()


def test_stage_says_what_it_trains_each_epoch_and_the_best(undisturbed):
    lines, _, metrics, curves = undisturbed
    assert lines[0] == "train: small, 12,730 parameters"
    for index, line in enumerate(lines[1:3]):
        figures = "  ".join(f"{name} {curves[name][index]:.4f}" for name in METRICS)
        assert line == f"train: epoch {index + 1}/2  {figures}"
    best = f"best epoch {metrics['best_epoch']}  val_accuracy {metrics['val_accuracy']:.4f}"
    assert lines[3:] == [f"train: {best}  (with flip averaging, temperature scaling)"]


def test_stage_writes_the_metrics_of_the_model_and_a_curve_of_each(undisturbed):
    _, _, metrics, curves = undisturbed
    assert sorted(curves) == sorted(METRICS)
    assert {len(figures) for figures in curves.values()} == {2}
    names = ["best_epoch", "epochs", "temperature", "train_accuracy", "train_loss"]
    assert list(metrics) == [*names, "val_accuracy", "val_loss", "parameters"]
    assert (metrics["epochs"], metrics["parameters"]) == (2, 12_730)
    loaded = keras.models.load_model(train.MODEL, safe_mode=True)
    predicted = loaded.predict(DATA.images[DATA.val_rows], verbose=0).argmax(axis=1)
    accuracy = (predicted == DATA.labels[DATA.val_rows]).mean()
    assert metrics["val_accuracy"] == pytest.approx(accuracy, abs=1e-6)


def test_stage_leaves_no_checkpoint(undisturbed):
    assert not train.CHECKPOINT.exists()


def stop_in_epoch_2(report, number, figures):
    report.draw(number, figures)
    if number == 2:
        raise KeyboardInterrupt


@pytest.mark.long
def test_stage_starts_afresh_goes_on_where_it_was_stopped_and_starts_afresh_for_another_seed(
    undisturbed, monkeypatch, capsys
):
    train.CHECKPOINT.parent.mkdir(parents=True, exist_ok=True)
    train.CHECKPOINT.write_bytes(b"x" * 99)
    with monkeypatch.context() as patch:
        patch.setattr(Report, "on_epoch", stop_in_epoch_2)
        with pytest.raises(KeyboardInterrupt):
            run()
    refused = "expected a whole checkpoint, received a damaged one; training starts afresh"
    assert capsys.readouterr().out.splitlines()[1] == f"train: {train.CHECKPOINT}: {refused}"
    assert train.MODEL.read_bytes() == undisturbed[1]
    left = train.CHECKPOINT.read_bytes()

    run()
    lines = capsys.readouterr().out.splitlines()
    assert lines[1] == "train: goes on after epoch 1"
    assert [line.split()[2] for line in lines if line.startswith("train: epoch")] == ["2/2"]
    assert written() == undisturbed[1:]
    assert not train.CHECKPOINT.exists()

    train.CHECKPOINT.write_bytes(left)
    run(seed=2)
    expected = "expected a checkpoint of this training, received one of other data, parameters"
    assert f"{expected}, code, versions or cores; training starts afresh" in capsys.readouterr().out
    assert train.MODEL.read_bytes() != undisturbed[1]
