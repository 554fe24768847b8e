"""Prediction from files by the exported model, for programs and for people."""

import csv
import io
import json
import os
import subprocess
import sys

import numpy as np
import pytest
from conftest import ROOT, make_images
from PIL import Image
from training import write_exports

IMAGES, LABELS = make_images(per_class=1, seed=3)
CLASSES = ["T-shirt/top", "Trouser", "Pullover", "Dress", "Coat"]
CLASSES += ["Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"]
LIBRARIES = {"tensorflow", "keras", "dvc", "matplotlib", "scipy", "pandas"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with the exported model of a network that has learned, and photos, one a class."""
    folder = tmp_path_factory.mktemp("a place with spaces")
    write_exports(folder, CLASSES)
    (folder / "photos").mkdir()
    for image, label in zip(IMAGES, LABELS, strict=True):
        Image.fromarray(image).save(folder / "photos" / f"{label}.png")
    return folder


def python(folder, *arguments, **options):
    env = os.environ | {"PYTHONPATH": str(ROOT)}
    command = [sys.executable, *arguments]
    return subprocess.run(command, cwd=folder, env=env, capture_output=True, **options)


def predict(folder, *arguments, **options):
    return python(folder, "-m", "tools.predict", *arguments, **options)


def test_labels_are_right_in_the_order_of_the_files(folder):
    names = [f"photos/{label}.png" for label in LABELS]
    done = predict(folder, *names, "--json")
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert (done.returncode, done.stderr) == (0, b"")
    assert [row["label"] for row in rows] == [CLASSES[label] for label in LABELS]
    assert [row["file"] for row in rows] == names
    assert all(row["confidence"] > row["runner_up_confidence"] for row in rows)


def test_csv_and_standard_input_and_table_agree(folder):
    done = predict(folder, "photos/7.png", "--csv")
    (row,) = csv.DictReader(io.StringIO(done.stdout.decode()))
    for name in ("confidence", "runner_up_confidence", "outlier_score"):
        row[name] = float(row[name])
    content = (folder / "photos" / "7.png").read_bytes()
    piped = json.loads(predict(folder, "-", "--json", input=content).stdout)
    assert piped == row | {"file": "-", "notes": []}
    header, line = predict(folder, "photos/7.png").stdout.decode().splitlines()
    assert header.split() == ["file", "label", "confidence", "runner-up", "notes"]
    assert line.startswith(f"photos/7.png  {row['label']}")


def test_help_says_what_a_good_photograph_is(folder):
    said = " ".join(predict(folder, "--help").stdout.decode().split())
    assert "A good photograph: One article of clothing, whole, on an even background." in said


def test_bad_files_get_a_line_each_and_the_others_go_on(folder):
    (folder / "README.md").write_text("# A page\n")
    (folder / "empty.png").write_bytes(b"")
    files = ["README.md", "photos/1.png", "empty.png", "missing.png", "photos", "photos/2.png"]
    done = predict(folder, *files, "--json")
    assert done.returncode == 1
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert [row["file"] for row in rows] == ["photos/1.png", "photos/2.png"]
    assert done.stderr.decode().splitlines() == [
        "error: README.md: expected an image, received another kind of file",
        "error: empty.png: expected an image, received an empty file",
        "error: missing.png: expected an image, received: No such file or directory",
        "error: photos: expected an image, received: Is a directory",
    ]


def test_only_bad_files_are_an_error_without_a_table(folder):
    done = predict(folder, "photos")
    assert (done.returncode, done.stdout) == (1, b"")


def test_image_unlike_the_training_images_is_said_to_be(folder):
    noise = np.random.default_rng(0).integers(0, 256, (28, 28), dtype=np.uint8)
    noise[:, ::2] //= 4  # dark enough not to be inverted
    Image.fromarray(noise).save(folder / "noise.png")
    row = json.loads(predict(folder, "noise.png", "--json").stdout)
    assert row["outlier_score"] > 1
    assert row["notes"] == ["unlike the training images: do not trust the label"]


def test_neither_tensorflow_nor_dvc_is_loaded(folder):
    code = f"""
import sys
from tools import predict
predict.Predictor()
print(sorted({LIBRARIES} & sys.modules.keys()))
"""
    assert python(folder, "-c", code).stdout == b"[]\n"


def test_many_files_have_one_header(folder):
    code = """
from tools import predict
predict.BATCH_SIZE = 2
predict.main()
"""
    files = [f"photos/{label}.png" for label in range(5)]
    for form in ([], ["--csv"]):
        lines = python(folder, "-c", code, *files, *form).stdout.decode().splitlines()
        assert lines[0].startswith("file")
        assert [line.replace(",", " ").split()[0] for line in lines[1:]] == files


@pytest.mark.parametrize("name", ["model.onnx", "outliers.npz"])
@pytest.mark.parametrize(
    "damage",
    [lambda path: path.unlink(), lambda path: path.write_bytes(b"x" * 99)],
    ids=["lost", "damaged"],
)
def test_lost_or_damaged_model_is_named(name, damage, folder):
    path = folder / "models" / name
    content = path.read_bytes()
    damage(path)
    done = predict(folder, "photos/1.png")
    path.write_bytes(content)
    assert done.returncode == 1
    assert done.stdout == b""
    assert done.stderr.startswith(b"error: models/")
    assert done.stderr.count(b"\n") == 1
    assert b"expected what `dvc repro` writes" in done.stderr
