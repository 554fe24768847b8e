"""The stages predict and evaluate: the same figures and files, however many images at a time."""

import contextlib
import io
import json

import numpy as np
import pandas as pd
import pytest
from conftest import GARMENT, make_images
from training import CLASSES, RECIPE, keras

from classifier.backend.model_files import save_model
from classifier.evaluation import looking, predicting
from classifier.files import arrays
from classifier.files.atomic import write_json
from classifier.training.networks import build
from stages import evaluate, predict

IMAGES, LABELS = make_images(5, seed=2)
FILES = [
    "behaviour.json",
    "behaviour_by_class.json",
    "by_class.json",
    "confusion.json",
    "confusion.png",
    "metrics.json",
    "mistakes.png",
    "predictions.csv",
    "reliability.json",
    "samples.png",
]


@pytest.fixture(scope="module")
def evaluated(tmp_path_factory):
    """A model and what evaluate has printed of it, in the folder where both stages have run."""
    keras.utils.set_random_seed(1)
    network = build(RECIPE, (28, 28, 1), 10)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("evaluate"))
        for path, array in {evaluate.IMAGES: IMAGES, evaluate.LABELS: LABELS}.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            np.save(path, array)
        write_json(evaluate.CLASSES, CLASSES)
        predict.MODEL.parent.mkdir()
        save_model(network, predict.MODEL)
        predict.main()
        with contextlib.redirect_stdout(io.StringIO()) as printed:
            evaluate.main(GARMENT)
        yield network, printed.getvalue()


def test_stage_writes_figures_plot_data_and_pictures(evaluated):
    files = {path.name: path.read_bytes() for path in evaluate.REPORTS.iterdir()}
    assert sorted(files) == FILES
    assert all(files[name].startswith(b"\x89PNG") for name in FILES if name.endswith(".png"))
    confusion = json.loads(files["confusion.json"])
    assert sum(row["images"] for row in confusion) == len(LABELS)


def test_predictions_and_accuracy_are_the_model_s(evaluated):
    model, printed = evaluated
    probabilities = model.predict(IMAGES, verbose=0)
    expected = probabilities.argmax(axis=1)
    table = pd.read_csv(evaluate.REPORTS / "predictions.csv", index_col="index")
    assert table.index.tolist() == list(range(len(LABELS)))
    assert table["actual"].tolist() == LABELS.tolist()
    assert table["predicted"].tolist() == expected.tolist()
    np.testing.assert_allclose(table["confidence"], probabilities.max(axis=1), atol=2e-6)
    metrics = json.loads((evaluate.REPORTS / "metrics.json").read_text())
    assert metrics["accuracy"] == pytest.approx((expected == LABELS).mean(), abs=1e-6)
    figures = "  ".join(f"{name} {figure:.4f}" for name, figure in metrics.items())
    chance = "evaluate: that is no better than always giving the most frequent class\n"
    assert printed == f"evaluate: {figures}\n{chance}"  # it is not trained


def test_labels_that_changed_images_keep_are_the_model_s(evaluated):
    model, _ = evaluated
    before = model.predict(IMAGES, verbose=0).argmax(axis=1)
    is_kept = model.predict(IMAGES[:, :, ::-1], verbose=0).argmax(axis=1) == before
    assert 0 < is_kept.mean() < 1
    figures = json.loads((evaluate.REPORTS / "behaviour.json").read_text())
    assert figures["kept_mirrored"] == pytest.approx(is_kept.mean(), abs=1e-6)
    rows = json.loads((evaluate.REPORTS / "behaviour_by_class.json").read_text())
    shares = {row["class"]: row["share"] for row in rows if row["group"] == "mirrored"}
    assert shares == {
        name: round(float(is_kept[number == LABELS].mean()), 6)
        for number, name in enumerate(CLASSES)
    }
    assert figures["worst_class_kept_mirrored"] == min(shares.values())


def test_of_many_images_some_are_changed(evaluated, monkeypatch):
    """The same ones by both stages."""
    model, _ = evaluated
    rows = np.arange(13) * len(IMAGES) // 13
    before, after = (
        model.predict(images, verbose=0).argmax(axis=1)
        for images in (IMAGES[rows], IMAGES[rows][:, :, ::-1])
    )
    for stage in (predict, evaluate):
        monkeypatch.setattr(stage, "MAX_CHANGED_IMAGES", len(rows))
    predict.main()
    evaluate.main(GARMENT)
    figures = json.loads((evaluate.REPORTS / "behaviour.json").read_text())
    assert figures["kept_mirrored"] == pytest.approx((after == before).mean(), abs=1e-6)


def test_network_is_drawn(evaluated):
    assert predict.PICTURE.read_bytes().startswith(b"\x89PNG")


def test_predictions_are_the_same_in_several_batches(evaluated, monkeypatch):
    model, _ = evaluated
    whole, labels = np.load(predict.PROBABILITIES), looking.changed_labels(model, IMAGES)
    monkeypatch.setattr(looking, "BATCH_BYTES", 20 * 784)  # of 50
    np.testing.assert_array_equal(looking.changed_labels(model, IMAGES), labels)
    parts = list(looking.predict(model, IMAGES))
    assert [len(part) for part in parts] == [20, 20, 10]
    np.testing.assert_allclose(np.concatenate(parts), whole, rtol=1e-5)


def test_table_is_the_same_of_several_blocks(evaluated, monkeypatch):
    probabilities = np.load(predict.PROBABILITIES)
    whole = predicting.table_of(probabilities, LABELS)
    monkeypatch.setattr(arrays, "BLOCK_BYTES", 20 * 40)  # of 50 rows
    assert len(list(arrays.blocks(probabilities))) == 3
    pd.testing.assert_frame_equal(predicting.table_of(probabilities, LABELS), whole)
