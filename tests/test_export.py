"""The stage export: models that agree, figures of that, and bytes that depend on nothing else."""

import json
from pathlib import Path

import numpy as np
import onnx
import pytest
from conftest import GARMENT
from training import CLASSES, DATA, finished

from classifier.backend.model_files import save_model
from classifier.errors import InputError
from classifier.exports.onnx_model import predict_onnx
from classifier.files.atomic import write_json
from classifier.images.outliers import Outliers
from stages import export

TEST_IMAGES = DATA.images[:40]


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    """A model, in the folder where the stage has exported it."""
    model = finished("everything")
    arrays = {
        export.TEST_IMAGES: TEST_IMAGES,
        export.TRAIN_IMAGES: DATA.images,
        export.TRAIN_ROWS: DATA.train_rows,
        export.VAL_ROWS: DATA.val_rows,
        export.PROBABILITIES: model.predict(TEST_IMAGES, verbose=0),
    }
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("export"))
        patch.setenv("KERAS_BACKEND", "tensorflow")  # which the stage sets
        for path, array in arrays.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            np.save(path, array)
        write_json(export.CLASSES, CLASSES)
        export.MODEL.parent.mkdir()
        save_model(model, export.MODEL)
        export.main(GARMENT)
        yield model


def test_stage_writes_models_that_agree_and_know_their_classes(exported):
    expected = exported.predict(TEST_IMAGES, verbose=0)
    received = predict_onnx(export.ONNX, TEST_IMAGES)
    np.testing.assert_allclose(received, expected, atol=1e-5)
    metadata = {item.key: item.value for item in onnx.load(export.ONNX).metadata_props}
    assert json.loads(metadata["classes"]) == CLASSES
    assert export.TFLITE.stat().st_size > 0


def test_stage_writes_the_description_of_the_training_images(exported):
    with np.load(export.OUTLIERS) as description:
        described = Outliers(**description)
        scores = described.scores(DATA.images[DATA.val_rows])
        test_scores = described.scores(TEST_IMAGES)
        mean = description["mean"]
    assert (scores > 1).sum() == 1  # of 50, beyond the 99 % quantile
    metrics = json.loads(export.REPORT.read_text())
    assert metrics["test_images_flagged"] == (test_scores > 1).mean()
    pixels = DATA.images[DATA.train_rows].reshape(200, 784).astype(float)
    pixels *= 3000 / np.sqrt((pixels**2).sum(axis=1, keepdims=True))
    np.testing.assert_allclose(mean, pixels.mean(axis=0), atol=0.5)


def test_stage_reports_agreement_and_sizes(exported):
    metrics = json.loads(export.REPORT.read_text())
    assert metrics["compared_images"] == 40
    for name in ("onnx", "tflite"):
        assert metrics[f"{name}_same_labels"] == 40
        assert metrics[f"{name}_same_decimals"] >= 5
    for name, path in {"keras": export.MODEL, "onnx": export.ONNX, "tflite": export.TFLITE}.items():
        assert metrics[f"{name}_bytes"] == path.stat().st_size


def test_model_that_does_not_agree_is_not_kept(exported, monkeypatch):
    before = export.ONNX.read_bytes()

    def predict_something_else(path, images):
        return np.roll(exported.predict(images, verbose=0), 1, axis=1)

    monkeypatch.setattr(export, "predict_onnx", predict_something_else)
    with pytest.raises(InputError, match="onnx: expected Keras' probabilities within"):
        export.main(GARMENT)
    assert export.ONNX.read_bytes() == before
    assert [path.name for path in Path("models").glob(".partial*")] == []


def test_another_run_writes_the_same_bytes(copy):
    folder = copy.folder / "models"
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert {"model.onnx", "model.tflite", "outliers.npz"} <= before.keys()
    copy.sh("rm models/model.onnx models/model.tflite models/outliers.npz")
    copy.sh("python -m stages export")
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
