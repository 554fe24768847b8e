"""The model card says what the metrics say."""

import json

import pytest
from conftest import DVC_YAML, ROOT

from classifier import parameters
from classifier.errors import InputError
from classifier.evaluation import behaviour, scores
from classifier.files.atomic import write_json
from stages import card

PARAMS = parameters.check(
    {
        "fetch": {"source": "/my/shapes", "test_fraction": 0.2, "skip_damaged": False},
        "images": {"size": [28, 30], "color": "rgb", "framing": "pad"},
        "split": {"val_fraction": 0.25, "share": 0.125, "seed": 1},
        "teach": {"seed": 1},
        "train": {"model": "small", "seed": 1, "launcher": ""},
        "gate": {},
        "search": {"trials": 1, "metric": "val_loss", "grace": 60, "space": {"epochs": [1]}},
        "small": {
            "network": "dense",
            "teacher": None,
            "units": [3],
            "activation": "relu",
            "dropout": 0.0,
            "optimizer": "sgd",
            "learning_rate": 0.5,
            "batch_size": 4,
            "epochs": 2,
            "flip": False,
        },
    }
)
REPORTS = {
    "teach/metrics.json": {},
    "preprocess/metrics.json": {
        "image_rows": 28,
        "image_columns": 30,
        "train_images": 6000,
        "train_duplicates": 12,
        "test_images": 1000,
        "test_images_in_train": 7,
    },
    "train/metrics.json": {
        "parameters": 1234,
        "epochs": 9,
        "best_epoch": 8,
        "train_accuracy": 0.95,
        "train_loss": 0.1234,
        "val_accuracy": 0.9,
        "val_loss": 0.2345,
    },
    "evaluate/metrics.json": {metric.name: 0.5 for metric in scores.METRICS}
    | {
        "accuracy": 0.875,
        "accuracy_low": 0.85,
        "accuracy_high": 0.9,
        "balanced_accuracy": 0.86,
        "majority_share": 0.3,
        "loss": 0.4,
        "macro_f1": 0.87,
        "worst_class_recall": 0.6,
        "ece": 0.021,
    },
    "export/metrics.json": {
        "keras_bytes": 3000,
        "onnx_bytes": 2000,
        "tflite_bytes": 1000,
        "compared_images": 1000,
        "onnx_same_labels": 999,
        "onnx_same_decimals": 6,
        "tflite_same_labels": 998,
        "tflite_same_decimals": 5,
        "test_images_flagged": 0.012,
    },
    "evaluate/behaviour.json": {name: 0.9 for names in behaviour.NAMES.values() for name in names}
    | {"kept_mirrored": 0.8765, "worst_class_kept_mirrored": 0.5},
    "evaluate/by_class.json": [
        {"class": "boot", "group": "precision", "score": 0.5},
        {"class": "boot", "group": "recall", "score": 0.25},
        {"class": "boot", "group": "F1", "score": 1 / 3},
    ],
    "evaluate/confusion.json": [{"actual": "boot", "predicted": "bag", "share": 0.75}],
}


@pytest.fixture
def reports(workplace):
    """All that the card is written from."""
    for name, content in REPORTS.items():
        write_json(card.REPORTS / name, content)
    write_json(card.RAW / "classes.json", ["boot", "bag"])
    write_json(card.RAW / "about.json", {"name": "shapes"})


def write_card() -> str:
    card.main(**PARAMS.arguments_of(card.main))
    return card.CARD.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "expected",
    [
        "# Model card for a shapes classifier\n",
        "the recipe `small`, a network of 1,234 parameters",
        "colour images of 28 × 30 pixels, 0 to 255, the whole image, filled up with the color",
        "2 classes: boot, bag",
        "| mirrored, left to right | 87.6% | 50.0% |\n| moved by one pixel | 90.0% | 90.0% |\n",
        "`models/model.keras`, 3,000 bytes; `model.onnx`, 2,000; `model.tflite`, 1,000\n",
        "shapes: no more is stated.",
        "**Licence:** not stated",
        "6,000 training images, of which 12 repeat another. The validation images are 25% of them",
        "the same share of every class. Of the others, 12.5% are trained on.\n",
        "\n\n- optimizer: sgd\n- learning_rate: 0.5\n- batch_size: 4\n- epochs: 2\n- flip: false\n"
        "- network: dense\n- units: [3]\n- activation: relu\n- dropout: 0.0\n\n",  # no defaults
        "It ran 9 epochs and kept epoch 8. On the training images accuracy is 95.00%, "
        "on the validation images 90.00% (loss 0.123 and 0.234).",
        "1,000 images, kept apart from training and validation; 7 of them are also training",
        "| accuracy | 87.50% (95 % interval 85.00% to 90.00%; "
        "the most frequent class alone gives 30.00%) |\n",
        "| balanced accuracy: mean recall of the classes | 86.00% |\n",
        "| boot | 0.500 | 0.250 | 0.333 |\n",
        "- 75.0% of boot are taken for bag\n",
        "it is on average 2.1% away from the share of right answers",
        "the same label as Keras for 999 of 1,000 test images, TensorFlow Lite for 998; "
        "no probability is 1e-05 or more away. 1.2% of the test images are said to be unlike",
        "None is known for this data.",
    ],
)
def test_card_says_what_the_reports_and_params_say(expected, reports):
    assert expected in write_card()


def test_missing_report_is_named_and_the_former_card_stays(reports):
    former = write_card()
    (card.REPORTS / "export" / "metrics.json").unlink()
    with pytest.raises(InputError, match=r"reports/export/metrics.json: .* found no file"):
        write_card()
    assert card.CARD.read_text(encoding="utf-8") == former


def test_card_reads_the_metrics_of_every_stage_that_measures():
    measuring = [name for name, stage in DVC_YAML["stages"].items() if "metrics" in stage]
    assert measuring == ["preprocess", "teach", "train", "evaluate", "export"]
    deps = DVC_YAML["stages"]["card"]["deps"]
    assert all(f"reports/{name}/metrics.json" in deps for name in measuring)


def test_committed_card_has_the_committed_figures():
    text = (ROOT / "reports" / "model_card.md").read_text(encoding="utf-8")
    metrics = json.loads((ROOT / "reports" / "evaluate" / "metrics.json").read_text())
    interval = f"{metrics['accuracy_low']:.2%} to {metrics['accuracy_high']:.2%}"
    assert f"| accuracy | {metrics['accuracy']:.2%} (95 % interval {interval}; " in text
    alone = f"the most frequent class alone gives {metrics['majority_share']:.2%}"
    assert f"{alone}) |" in text
    assert f"| expected calibration error | {metrics['ece']:.4f} |" in text
    export = json.loads((ROOT / "reports" / "export" / "metrics.json").read_text())
    same = f"{export['onnx_same_labels']:,} of {export['compared_images']:,} test images"
    assert same in text
