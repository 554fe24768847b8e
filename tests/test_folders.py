"""A folder of images: each layout that people have is found, and what does not fit is named."""

import os
import shutil

import numpy as np
import pytest
from conftest import GARMENT
from PIL import Image

from classifier.errors import InputError
from classifier.images.decoding import write_set
from classifier.images.folders import find
from classifier.images.idx import read_images, read_labels

CLASSES = ["bowls", "cups", "plates"]
ODD_NAMES = ["yes", "1", "null", "~", "été", "two words", "お皿", "a'b\"c", "-", "%s", "#"]


def picture(label: int, generator) -> Image.Image:
    """Return an image that is bright in its class's own third."""
    pixels = generator.integers(0, 60, (60, 60, 3), dtype=np.uint8)
    pixels[20 * label : 20 * label + 20] += 190
    pixels[:, :5] = 0
    pixels[:, -5:] = 0
    return Image.fromarray(pixels)


def fill(folder, names=CLASSES, count=10, seed=0):
    """Write images into a folder a class, of several kinds; return the folder."""
    generator = np.random.default_rng(seed)
    for label, name in enumerate(names):
        (folder / name).mkdir(parents=True)
        for number in range(count):
            kind = ("png", "jpg", "bmp")[number % 3]
            picture(label % 3, generator).save(folder / name / f"{number}.{kind}")
    return folder


@pytest.fixture
def shelves(tmp_path):
    """A folder of images a class."""
    return fill(tmp_path / "shelves")


def labelled(files) -> list[tuple]:
    """Return labels and names of files, with their folders, sorted."""
    return sorted((file.label, f"{file.path.parent.name}/{file.path.name}") for file in files)


def read_sets(folder):
    """Images and labels of train and test."""
    found = find(folder, 0.2)
    sets = []
    for files in (found.train, found.test):
        paths = folder.parent / "images", folder.parent / "labels"
        assert write_set(files, GARMENT, *paths)[1] == []
        sets.append((np.array(read_images(paths[0])), np.array(read_labels(paths[1]))))
    return sets


def test_folders_of_images_become_two_sets_with_the_same_share_of_each_class(shelves):
    for (images, labels), count in zip(read_sets(shelves), (8, 2), strict=True):
        assert images.shape == (3 * count, 28, 28, 1)
        assert np.bincount(labels).tolist() == [count] * 3
        thirds = images[..., 0].astype(int)
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


def test_layout_and_classes_are_found(shelves):
    found = find(shelves, 0.2)
    assert found.layout == "a folder a class"
    assert found.classes == CLASSES
    assert found.left_out == {}


@pytest.mark.parametrize("name", ["test", "Testing", "val", "valid", "validation"])
def test_train_and_test_are_taken_as_they_are(name, tmp_path):
    fill(tmp_path / "Train", count=4)
    fill(tmp_path / name, ["cups", "bowls"], count=3, seed=1)
    found = find(tmp_path, 0.2)
    assert found.layout == f"Train, {name} with a folder a class each"
    assert found.classes == CLASSES
    assert len(found.train) == 12
    assert labelled(found.test) == [
        *((0, f"bowls/{number}") for number in ("0.png", "1.jpg", "2.bmp")),
        *((1, f"cups/{number}") for number in ("0.png", "1.jpg", "2.bmp")),
    ]


def test_validation_images_are_joined_to_those_of_train(tmp_path):
    for seed, (name, count) in enumerate({"train": 4, "val": 2, "test": 3}.items()):
        fill(tmp_path / name, count=count, seed=seed)
    found = find(tmp_path, 0.2)
    assert found.layout == "train, val, test with a folder a class each"
    assert (len(found.train), len(found.test)) == (18, 9)


TABLES = {
    "with a header": "file,label\n{rows}",
    "without one": "{rows}",
    "of semicolons": "name;class\n{rows}",
    "of tabs": "label\tpath\n{rows}",
    "with more columns": "id,file,label,note\n{rows}",
}


@pytest.mark.parametrize("kind", TABLES)
def test_table_of_files_and_labels(kind, tmp_path):
    images = fill(tmp_path / "images" / "more")
    mark = {"of semicolons": ";", "of tabs": "\t"}.get(kind, ",")
    rows = []
    for path in sorted(images.rglob("*.*")):
        cells = [str(path.relative_to(tmp_path / "images")), f"a/{path.parent.name}"]
        if kind == "of tabs":
            cells.reverse()
        if kind == "with more columns":
            cells = ["7", *cells, "nice"]
        rows.append(mark.join(cells))
    (tmp_path / "labels.csv").write_text(TABLES[kind].format(rows="\n".join(rows)), "utf-8-sig")
    found = find(tmp_path, 0.2)
    assert found.layout == "a table, labels.csv"
    assert found.classes == ["a/bowls", "a/cups", "a/plates"]
    assert (len(found.train), len(found.test)) == (24, 6)
    for file in (*found.train, *found.test):
        assert found.classes[file.label] == f"a/{file.path.parent.name}"


def test_class_that_a_table_calls_null_is_one(tmp_path):
    fill(tmp_path / "images", ["x"], count=20)
    rows = [
        f"images/x/{path.name},{'null' if path.suffix == '.png' else 'NA'}"
        for path in (tmp_path / "images" / "x").iterdir()
    ]
    (tmp_path / "labels.csv").write_text("\n".join(rows))
    assert find(tmp_path, 0.2).classes == ["NA", "null"]


@pytest.mark.parametrize("name", ODD_NAMES)
def test_class_of_any_name_is_taken(name, tmp_path):
    fill(tmp_path, [name, "other"])
    assert find(tmp_path, 0.2).classes == sorted([name, "other"])


def test_two_hundred_classes_are_taken(tmp_path):
    names = [f"{number:03}" for number in range(200)]
    fill(tmp_path, names, count=3)
    found = find(tmp_path, 0.34)
    assert found.classes == names
    assert [len(found.train), len(found.test)] == [400, 200]


def test_folder_named_on_macos_is_the_class_of_that_name(shelves):
    (shelves / "cups").rename(shelves / "Mu\u0308tzen")
    assert "M\u00fctzen" in find(shelves, 0.2).classes


LEFT_OUT = {
    "Thumbs.db": ".db",
    ".DS_Store": ".DS_Store",
    "desktop.ini": ".ini",
    "notes.txt": ".txt",
    "labels.json": ".json",
    "README": "README",
    "icon.svg": ".svg",
    "._0.png": ".png",  # macOS writes it beside 0.png
}


def test_files_that_are_no_images_are_left_out_and_counted(shelves):
    for name in LEFT_OUT:
        (shelves / "cups" / name).write_bytes(b"no image")
    (shelves / "cups" / "gone.png").symlink_to("nowhere")
    found = find(shelves, 0.2)
    assert found.left_out == dict.fromkeys(LEFT_OUT.values(), 1) | {".png": 2}
    assert len(found.train) == 24


@pytest.mark.parametrize("place", ["", "cups", "cups/more"])
@pytest.mark.parametrize("name", [".ipynb_checkpoints", ".thumbs", "@eaDir", "__MACOSX"])
def test_folders_of_programs_are_left_out_and_counted(name, place, shelves):
    """They hold copies, which would be in training and test, or would be a class."""
    copies = shelves / place / name
    copies.mkdir(parents=True)
    shutil.copy(shelves / "cups" / "0.png", copies)
    found = find(shelves, 0.2)
    assert len(found.classes) == 3
    assert len(found.train) + len(found.test) == 30
    assert found.left_out == {f"{name}/": 1}


def test_image_without_an_ending_is_one_and_a_link_is_what_it_leads_to(shelves):
    (shelves / "cups" / "0.png").rename(shelves / "cups" / "zero")
    (shelves / "cups" / "link.jpg").symlink_to("1.jpg")
    (shelves / "cups" / "more").mkdir()
    shutil.move(shelves / "cups" / "2.bmp", shelves / "cups" / "more" / "2.bmp")
    found = find(shelves, 0.2)
    names = [file.path.name for file in (*found.train, *found.test) if file.label == 1]
    assert len(names) == 11
    assert {"zero", "link.jpg", "2.bmp"} < set(names)


def test_class_of_three_images_has_one_for_testing(shelves):
    for path in list((shelves / "cups").iterdir())[3:]:
        path.unlink()
    found = find(shelves, 0.1)
    assert sum(file.label == 1 for file in found.train) == 2
    assert sum(file.label == 1 for file in found.test) == 1


def one_class(shelves):
    for name in ("cups", "plates"):
        shutil.rmtree(shelves / name)


def empty_class(shelves):
    for path in (shelves / "bowls").iterdir():
        path.unlink()


def two_images(shelves):
    for path in list((shelves / "cups").iterdir())[2:]:
        path.unlink()


def too_many(shelves):
    for number in range(300):
        (shelves / f"{number}").mkdir()


def foreign_test(shelves):
    for name in CLASSES:
        (shelves / "train").mkdir(exist_ok=True)
        shutil.move(shelves / name, shelves / "train" / name)
    fill(shelves / "test", ["cups", "forks"])


def wrong_table(content):
    def spoil(shelves):
        (shelves / "labels.csv").write_bytes(content)

    return spoil


BAD = {
    one_class: "expected 2 to 256 classes, found 1: bowls; docs/your-data.md has the layouts; "
    "if the classes are in bowls, name that as fetch.source",
    too_many: "expected 2 to 256 classes, found 303: 0, 1, 10, 100, 101, 102, 103, 104, 105, 106; "
    "docs/your-data.md has the layouts",
    empty_class: "expected images in the folder of each class, none of ['bowls']",
    two_images: "expected 2 images of a class or more beside 0.2 for testing, received too few of "
    "cups (2); add some, take the class away, or set fetch.test_fraction",
    foreign_test: "test images: expected the classes of the training images, bowls, cups, plates, "
    "found forks too",
}


@pytest.mark.parametrize("spoil", BAD, ids=lambda spoil: spoil.__name__)
def test_folder_that_does_not_fit_is_named(spoil, shelves):
    spoil(shelves)
    with pytest.raises(InputError) as caught:
        find(shelves, 0.2)
    assert str(caught.value) == f"{shelves}: {BAD[spoil]}"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "found no file that is named in an empty table"),
        (b"file,label\nnone.png,a\n", "found no file that is named in 'none.png, a'"),
        (b"cups/0.png,a\nnone.png,b\n", "found no file 'none.png' of row 2"),
        (b"file,x,y\ncups/0.png,a,b\n", "received the columns file, x, y"),
        (b"cups/0.png,a\ncups/1.jpg\n", "received 1 columns in row 2"),
        (b"cups/0.png,\xff\n", "received a file that is not UTF-8"),
        (b"cups/0.png,a\ncups/1.jpg,\n", "received no label in row 2"),
        (b"cups/0.png," + b"a" * 140_000, "received: field larger than field limit (131072)"),
    ],
)
def test_table_that_does_not_fit_is_named(content, message, shelves):
    wrong_table(content)(shelves)
    with pytest.raises(InputError) as caught:
        find(shelves, 0.2)
    expected = "expected a row an image, its file's name and its label"
    assert str(caught.value) == f"{shelves}/labels.csv: {expected}, {message}"


@pytest.mark.parametrize("is_absolute", [True, False])
def test_file_of_a_table_is_within_the_folder(is_absolute, shelves, tmp_path):
    """DVC watches nothing else."""
    outside = shutil.copy(shelves / "cups" / "0.png", tmp_path)
    name = outside if is_absolute else "../0.png"
    wrong_table(f"cups/0.png,a\n{name},b\n".encode())(shelves)
    with pytest.raises(InputError, match=r"label within the folder, received .* in row 2: outside"):
        find(shelves, 0.2)


def test_label_may_have_a_line_break_in_quotes_which_is_then_named(shelves):
    wrong_table(b'cups/0.png,"a\nb"\ncups/1.jpg,c\n')(shelves)
    with pytest.raises(InputError, match="expected printable text"):
        find(shelves, 0.2)


def test_folders_whose_names_differ_in_form_alone_are_one_class(shelves):
    (shelves / "cups").rename(shelves / "Mu\u0308tzen")
    shutil.copytree(shelves / "bowls", shelves / "M\u00fctzen")
    found = find(shelves, 0.2)
    assert len(found.train) + len(found.test) == 40
    assert len(found.classes) == 3


def test_folders_for_training_in_two_spellings_are_joined(shelves, tmp_path):
    for name in ("train", "Train", "test"):
        shutil.copytree(shelves, tmp_path / "parts" / name)
    found = find(tmp_path / "parts", 0.2)
    assert (len(found.train), len(found.test)) == (60, 30)


def test_name_that_is_not_utf8_is_named(shelves):
    shutil.copy(shelves / "cups" / "0.png", os.fsencode(shelves / "cups") + b"/caf\xe9.png")
    with pytest.raises(InputError, match="expected a name in UTF-8; rename it"):
        find(shelves, 0.2)


@pytest.mark.parametrize("name", ["<b>", " x", "x" * 101, "a\tb"])
def test_name_that_cannot_be_shown_is_named(name, tmp_path):
    fill(tmp_path, [name, "other"], count=5)
    with pytest.raises(InputError, match="expected printable text of at most 100 characters"):
        find(tmp_path, 0.2)
