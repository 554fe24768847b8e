"""A folder with a folder of images a class, as a training and a test set."""

import hashlib
import unicodedata
from pathlib import Path
from typing import Annotated, NamedTuple

import numpy as np
from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from classifier.errors import InputError
from classifier.images import garment, image_files
from classifier.images.idx import write_idx
from classifier.knobs import Text

MAX_NAME_LENGTH = 100
MARKUP = "<|"  # the names of classes come into tables and pages


def _showable(name: str) -> str:
    """Return a class's name as it is composed everywhere, also where macOS had it in parts."""
    is_showable = name.isprintable() and name == name.strip() and len(name) <= MAX_NAME_LENGTH
    if not is_showable or any(mark in name for mark in MARKUP):
        expected = f"printable text of at most {MAX_NAME_LENGTH} characters, without < and |"
        raise PydanticCustomError("name", expected)
    return unicodedata.normalize("NFC", name)


def _distinct(names: list[str]) -> list[str]:
    if len(set(names)) < len(names):
        raise PydanticCustomError("distinct", "distinct names")
    return names


Name = Annotated[Text, AfterValidator(_showable)]
Classes = Annotated[list[Name], Field(min_length=2, max_length=256), AfterValidator(_distinct)]


class ImageFile(NamedTuple):
    """An image file of a class; files sort by the hash of their content."""

    sha256: bytes
    label: int
    path: Path


def folders(folder: Path) -> dict[str, Path]:
    """Return the visible folders in a folder by their names, sorted."""
    paths = [path for path in folder.glob("[!.]*") if path.is_dir()]
    return {unicodedata.normalize("NFC", path.name): path for path in sorted(paths)}


def train_and_test(
    folder: Path, classes: list[str], test_fraction: float
) -> tuple[list[ImageFile], list[ImageFile]]:
    """Return the image files of both sets, sorted by the hash of their content.

    Each class gives the same share to the test set. The hash decides which: names and dates have
    no influence, and equal files come to stand side by side.

    Raises:
        InputError: the folders are not the classes, or a class has too few images.
    """
    found = folders(folder)
    if found.keys() != set(classes):
        expected = f"a folder for each of classes in params.yaml, {', '.join(classes)}"
        raise InputError(f"{folder}: expected {expected}, found {', '.join(found)}")
    train, test = [], []
    for label, name in enumerate(classes):
        files = sorted(_image_files(found[name], label))
        count = round(len(files) * test_fraction)
        if not 0 < count < len(files):
            received = f"{len(files) - count} and {count} with fetch.test_fraction {test_fraction}"
            expected = "expected images for training and test"
            raise InputError(f"{folder / name}: {expected}, received {received}")
        test += files[:count]
        train += files[count:]
    return sorted(train), sorted(test)


def _image_files(folder: Path, label: int):
    for path in folder.glob("[!.]*"):
        yield ImageFile(hashlib.sha256(path.read_bytes()).digest(), label, path)


def write_set(files: list[ImageFile], images: Path, labels: Path) -> None:
    """Write image files as two IDX files; raises InputError where one is no image."""
    pixels = (image_files.read(file.path, str(file.path))[0] for file in files)
    write_idx(images, (len(files), garment.SIZE, garment.SIZE), pixels)
    write_idx(labels, (len(files),), [np.array([file.label for file in files], np.uint8)])
