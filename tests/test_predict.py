"""Prediction from files by the exported model, for programs and for people."""

import csv
import io
import json
import os
import subprocess
import sys

import numpy as np
import onnx
import pytest
from conftest import ROOT, make_images
from PIL import Image
from training import write_exports

IMAGES, LABELS = make_images(per_class=1, seed=3)
CLASSES = ["T-shirt/top", "Trouser", "Pullover", "Dress", "Coat"]
CLASSES += ["Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"]
LIBRARIES = {"tensorflow", "keras", "dvc", "matplotlib", "pandas"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with the exported model of a network that has learned, and photos, one a class."""
    folder = tmp_path_factory.mktemp("a place with spaces")
    write_exports(folder, CLASSES)
    (folder / "photos").mkdir()
    for image, label in zip(IMAGES, LABELS, strict=True):
        Image.fromarray(image[..., 0]).save(folder / "photos" / f"{label}.png")
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
    assert piped == row | {"file": "-", "notes": [row["notes"]]}
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
        "error: README.md: expected an image, one of PNG, JPEG, WebP, TIFF, GIF, BMP, AVIF and the "
        "like, received another kind of file",
        "error: empty.png: expected an image, received an empty file",
        "error: missing.png: expected an image, received: No such file or directory",
        "error: photos: expected an image, received: Is a directory",
    ]


def test_only_bad_files_are_an_error_without_a_table(folder):
    done = predict(folder, "photos")
    assert (done.returncode, done.stdout) == (1, b"")


def test_image_unlike_the_training_images_is_said_to_be(folder):
    noise = np.random.default_rng(0).integers(0, 256, (28, 28), dtype=np.uint8)
    Image.fromarray(noise).save(folder / "noise.png")
    row = json.loads(predict(folder, "noise.png", "--json").stdout)
    assert row["outlier_score"] > 1
    assert row["notes"][0] == "unlike the training images: do not trust the label"


def test_neither_tensorflow_nor_dvc_is_loaded(folder):
    code = f"""
import sys
from tools import predict, predictor
predictor.Predictor()
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


FOREIGN = [
    b"caf\xe9.png",
    "Mützen.png".encode(),
    b"a\x1b]0;title\x07.png",
    b"=cmd|x.png",
    b"two\nlines.png",
]


@pytest.mark.parametrize("encoding", ["utf-8:strict", "utf-8:surrogateescape", "ascii:strict"])
@pytest.mark.parametrize("form", [[], ["--csv"], ["--json"]], ids=["table", "csv", "json"])
def test_no_file_name_costs_an_answer_or_steers_a_terminal(form, encoding, folder):
    content = (folder / "photos" / "7.png").read_bytes()
    for name in FOREIGN:
        (folder / os.fsdecode(name)).write_bytes(content)
    (folder / os.fsdecode(b"bad\xff\x1b.png")).write_bytes(b"")
    names = [*map(os.fsdecode, FOREIGN), os.fsdecode(b"bad\xff\x1b.png")]
    env = os.environ | {"PYTHONPATH": str(ROOT), "PYTHONIOENCODING": encoding}
    command = [sys.executable, "-m", "tools.predict", *names, *form]
    done = subprocess.run(command, cwd=folder, env=env, capture_output=True)
    assert done.stderr == b"error: bad\\udcff\\x1b.png: expected an image, received an empty file\n"
    if form == ["--json"]:
        rows = [json.loads(line) for line in done.stdout.decode().splitlines()]
        assert [os.fsencode(row["file"]) for row in rows] == FOREIGN
    elif form == ["--csv"]:
        text = done.stdout.decode("utf-8", "surrogateescape")
        rows = list(csv.DictReader(io.StringIO(text, newline="")))
        assert [os.path.normpath(row["file"]) for row in rows] == names[:-1]
        assert rows[3]["file"] == "./=cmd|x.png"
    else:
        lines = done.stdout.splitlines()
        assert len(lines) == 1 + len(FOREIGN)
        assert b"\x1b" not in done.stdout


def edit_onnx(folder, change):
    model = onnx.load(folder / "models" / "model.onnx")
    change(model)
    onnx.save(model, folder / "models" / "model.onnx")


def classes_of(text):
    def change(model):
        (entry,) = [each for each in model.metadata_props if each.key == "classes"]
        entry.value = text

    return change


def spoil_weights(model):
    for constant in model.graph.initializer:
        values = onnx.numpy_helper.to_array(constant)
        if values.dtype == np.float32 and values.size > 1:
            spoiled = onnx.numpy_helper.from_array(np.full_like(values, np.nan), constant.name)
            constant.CopyFrom(spoiled)


def rename_input(model):
    model.graph.input[0].name = "image"


MODELS = {
    "nine names": (classes_of(json.dumps(CLASSES[:9])), "9 classes, and probabilities of shape"),
    "eleven names": (classes_of(json.dumps([*CLASSES, "Hat"])), "11 classes, and probabilities"),
    "a mapping": (classes_of('{"0": "Hat"}'), "its classes are no list of names"),
    "numbers": (classes_of(json.dumps(list(range(10)))), "its classes are no list of names"),
    "one name twice": (classes_of(json.dumps([*CLASSES[:9], "Bag"])), "have the same name"),
    "no JSON": (classes_of("T-shirt, Bag"), "Expecting value"),
    "NaN": (spoil_weights, "its probabilities are no probabilities"),
    "another input": (rename_input, "pixels"),
}


@pytest.mark.parametrize("kind", MODELS)
def test_model_that_does_not_fit_is_refused_as_a_whole(kind, folder):
    change, message = MODELS[kind]
    content = (folder / "models" / "model.onnx").read_bytes()
    edit_onnx(folder, change)
    done = predict(folder, "photos/1.png", "--json")
    (folder / "models" / "model.onnx").write_bytes(content)
    assert (done.returncode, done.stdout) == (1, b"")
    assert done.stderr.startswith(b"error: models/model.onnx, models/outliers.npz: expected what")
    assert done.stderr.count(b"\n") == 1
    assert message in done.stderr.decode()


@pytest.mark.parametrize(
    "change",
    [
        lambda content: content | {"limit": np.ones(3)},
        lambda content: content | {"covariance": np.zeros((784, 784))},
        lambda content: content | {"mean": np.full(784, np.nan)},
        lambda content: content | {"mean": np.zeros(9)},
        lambda content: {"mean": content["mean"]},
    ],
    ids=["limits", "singular", "NaN", "other size", "lacking"],
)
def test_description_that_does_not_fit_is_refused_as_a_whole(change, folder):
    path = folder / "models" / "outliers.npz"
    content = path.read_bytes()
    with np.load(path) as saved:
        changed = change({name: saved[name] for name in saved})
    np.savez(path, **changed)
    done = predict(folder, "photos/1.png", "--json")
    path.write_bytes(content)
    assert (done.returncode, done.stdout) == (1, b"")
    assert done.stderr.startswith(b"error: models/model.onnx, models/outliers.npz: expected what")
    assert done.stderr.count(b"\n") == 1
