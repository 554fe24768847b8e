"""A folder of images a class: two sets that the content alone decides, bad folders are named."""

import shutil

import numpy as np
import pytest
from PIL import Image
from pydantic import TypeAdapter, ValidationError

from classifier.errors import InputError
from classifier.images.class_folders import Classes, folders, train_and_test, write_set
from classifier.images.idx import read_idx

CLASSES = ["cups", "plates", "bowls"]


@pytest.fixture
def shelves(tmp_path):
    """A folder of images a class, of other sizes and kinds; class c is bright in its own third."""
    generator = np.random.default_rng(0)
    folder = tmp_path / "shelves"
    for label, name in enumerate(CLASSES):
        (folder / name).mkdir(parents=True)
        for number in range(10):
            image = generator.integers(0, 60, (60, 60, 3), dtype=np.uint8)
            image[20 * label : 20 * label + 20] += 190
            image[:, :5] = 0
            image[:, -5:] = 0
            kind = ("png", "jpg", "bmp")[number % 3]
            Image.fromarray(image).save(folder / name / f"{number}.{kind}")
    (folder / ".DS_Store").write_bytes(b"no image")
    (folder / "cups" / ".DS_Store").write_bytes(b"no image")
    return folder


def read_sets(folder):
    """Images and labels of train and test, from a folder with three classes."""
    sets = []
    for files in train_and_test(folder, CLASSES, 0.2):
        images = folder.parent / "images"
        labels = folder.parent / "labels"
        write_set(files, images, labels)
        sets.append((np.array(read_idx(images, ndim=3)), np.array(read_idx(labels, ndim=1))))
    return sets


def test_folders_of_images_become_two_sets_with_the_same_share_of_each_class(shelves):
    for (images, labels), count in zip(read_sets(shelves), (8, 2), strict=True):
        assert images.shape == (3 * count, 28, 28)
        assert np.bincount(labels).tolist() == [count] * 3
        thirds = images.astype(int)
        brightness = [thirds[:, :9], thirds[:, 10:18], thirds[:, 19:]]
        sums = [third.sum(axis=(1, 2)) for third in brightness]
        assert np.argmax(sums, axis=0).tolist() == labels.tolist()
        assert labels.tolist() != sorted(labels.tolist())


def test_sets_depend_on_the_content_alone(shelves):
    first = read_sets(shelves)
    for path in list((shelves / "cups").glob("[0-9]*")):
        path.rename(path.with_name(f"renamed {path.name}"))
    for before, after in zip(first, read_sets(shelves), strict=True):
        np.testing.assert_array_equal(before[0], after[0])
        np.testing.assert_array_equal(before[1], after[1])


def test_order_of_the_classes_decides_the_labels(shelves):
    train, _ = train_and_test(shelves, ["bowls", "cups", "plates"], 0.2)
    assert {(file.label, file.path.parent.name) for file in train} == {
        (0, "bowls"),
        (1, "cups"),
        (2, "plates"),
    }


def spoil_image(shelves):
    (shelves / "cups" / "0.png").write_bytes(b"no image")


def empty_class(shelves):
    for path in (shelves / "bowls").iterdir():
        path.unlink()


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (
            lambda shelves: (shelves / "forks").mkdir(),
            "a folder for each of classes in params.yaml, cups, plates, bowls, "
            "found bowls, cups, forks",
        ),
        (lambda shelves: shutil.rmtree(shelves / "cups"), "found bowls, plates"),
        (spoil_image, "0.png: expected an image, one of PNG, .* received another kind of file"),
        (
            empty_class,
            "bowls: expected images for training and test, "
            "received 0 and 0 with fetch.test_fraction 0.2",
        ),
    ],
)
def test_bad_folder_of_images_is_named(spoil, message, shelves):
    spoil(shelves)
    with pytest.raises(InputError, match=message):
        read_sets(shelves)


def test_hidden_folders_and_files_are_no_classes(shelves):
    (shelves / ".git").mkdir()
    (shelves / "notes.txt").write_text("no class")
    assert list(folders(shelves)) == ["bowls", "cups", "plates"]
    assert folders(shelves / "nowhere") == {}


def test_names_of_classes_are_distinct():
    kind = TypeAdapter(Classes)
    assert kind.validate_python(CLASSES) == CLASSES
    with pytest.raises(ValidationError, match="distinct names"):
        kind.validate_python(["cups", "cups"])


@pytest.mark.parametrize(
    "name",
    [
        "",
        " Hat",
        "Hat ",
        "a\nb",
        "a\x1b[2J",
        "a\tb",
        "<script>",
        "a|b",
        "x" * 101,
        "\u202eabc",
        "\ud800",
    ],
    ids=ascii,
)
def test_name_that_a_table_or_page_cannot_show_is_refused(name):
    with pytest.raises(ValidationError):
        TypeAdapter(Classes).validate_python(["Bag", name], strict=True)


@pytest.mark.parametrize(
    "name", ["T-shirt/top", "50 % off", "$", "$$", "a & b", "C#", "お", "x" * 100, "yes", "1"]
)
def test_other_names_are_taken(name):
    assert TypeAdapter(Classes).validate_python(["Bag", name], strict=True) == ["Bag", name]


def test_folder_named_on_macos_is_the_class_of_that_name(shelves):
    decomposed, composed = "Mu\u0308tzen", "M\u00fctzen"
    (shelves / "cups").rename(shelves / decomposed)
    for name in (decomposed, composed):
        classes = TypeAdapter(Classes).validate_python([name, "plates", "bowls"], strict=True)
        train, test = train_and_test(shelves, classes, 0.2)
        assert sum(file.label == 0 for file in train + test) == 10
