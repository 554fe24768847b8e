"""Prediction from files: by the exported model, fast, for programs and for people, going on after what is no image."""

import csv
import io
import json
import subprocess
import sys

import numpy as np
import pytest
from conftest import make_images
from PIL import Image

IMAGES, LABELS = make_images(per_class=1, seed=3)


@pytest.fixture(scope="module")
def trained(copy):
    """The copy with a network that has learned the small data, and a file of each class."""
    copy.edit("epochs: 2 ", "epochs: 60 ")
    copy.edit("patience: 3 ", "patience: 60 ")
    copy.edit("learning_rate: 0.0005", "learning_rate: 0.01")
    copy.repro()
    (copy.folder / "photos").mkdir()
    for image, label in zip(IMAGES, LABELS, strict=True):
        Image.fromarray(image).save(copy.folder / "photos" / f"{label}.png")
    return copy


def predict(copy, *words, **options):
    command = [sys.executable, "-m", "tools.predict", *words]
    return subprocess.run(command, cwd=copy.folder, env=copy.env, capture_output=True, **options)


def test_labels_are_right_in_the_order_of_the_files(trained):
    done = predict(trained, *(f"photos/{label}.png" for label in LABELS), "--json")
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 0
    classes = json.loads(
        trained.sh(
            "python -c 'import json; from stages import params; print(json.dumps(params.read().classes))'"
        ).stdout
    )
    assert [row["label"] for row in rows] == [classes[label] for label in LABELS]
    assert [row["file"] for row in rows] == [f"photos/{label}.png" for label in LABELS]
    assert all(row["confidence"] > row["runner_up_confidence"] for row in rows)


def test_csv_and_standard_input_and_table_agree(trained):
    done = predict(trained, "photos/7.png", "--csv")
    (row,) = csv.DictReader(io.StringIO(done.stdout.decode()))
    content = (trained.folder / "photos" / "7.png").read_bytes()
    piped = json.loads(predict(trained, "-", "--json", input=content).stdout)
    assert piped == {**row, "file": "-"} | {
        name: float(row[name]) for name in ("confidence", "runner_up_confidence", "unlikeness")
    } | {"notes": []}
    header, line = predict(trained, "photos/7.png").stdout.decode().splitlines()
    assert header.split() == ["file", "label", "confidence", "runner-up", "notes"]
    assert line.startswith(f"photos/7.png  {row['label']}")


def test_bad_files_get_a_line_each_and_the_others_go_on(trained):
    (trained.folder / "empty.png").write_bytes(b"")
    done = predict(trained, "README.md", "photos/1.png", "empty.png", "missing.png", "photos", "photos/2.png", "--json")
    assert done.returncode == 1
    assert [json.loads(line)["file"] for line in done.stdout.splitlines()] == ["photos/1.png", "photos/2.png"]
    assert done.stderr.decode().splitlines() == [
        "error: README.md: expected an image, received another kind of file",
        "error: empty.png: expected an image, received an empty file",
        "error: missing.png: expected an image, received: No such file or directory",
        "error: photos: expected an image, received: Is a directory",
    ]
    assert predict(trained, "README.md").returncode == 1


def test_image_unlike_the_training_images_is_said_to_be(trained):
    noise = np.random.default_rng(0).integers(0, 256, (28, 28), dtype=np.uint8)
    noise[:, ::2] //= 4  # dark enough not to be inverted
    Image.fromarray(noise).save(trained.folder / "noise.png")
    row = json.loads(predict(trained, "noise.png", "--json").stdout)
    assert row["unlikeness"] > 1
    assert row["notes"] == ["unlike the training images: do not trust the label"]


def test_neither_tensorflow_nor_dvc_is_loaded(trained):
    code = "; ".join(
        [
            "import sys",
            "from tools import predict",
            "predict.Predictor()",
            "print(sorted({'tensorflow', 'keras', 'dvc', 'matplotlib', 'scipy', 'pandas'} & sys.modules.keys()))",
        ]
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=trained.folder, capture_output=True, text=True)
    assert done.stdout == "[]\n"


@pytest.mark.parametrize("name", ["model.onnx", "typical.npz"])
@pytest.mark.parametrize(
    "damage", [lambda path: path.unlink(), lambda path: path.write_bytes(b"x" * 99)], ids=["lost", "damaged"]
)
def test_lost_or_damaged_model_is_named(name, damage, trained):
    path = trained.folder / "models" / name
    content = path.read_bytes()
    damage(path)
    done = predict(trained, "photos/1.png")
    path.write_bytes(content)
    assert done.returncode == 1
    assert done.stdout == b""
    assert done.stderr.decode().startswith("error: models/")
    assert done.stderr.count(b"\n") == 1
    assert b"expected what `dvc repro` writes" in done.stderr
