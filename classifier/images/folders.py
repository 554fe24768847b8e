"""Finds the images and classes in a folder, in the layouts that people have.

- A folder a class.
- `train` and `test`, with a folder a class each. Validation images are joined to those of train;
  where there is no test, they are the test images.
- One table, a CSV file, of file names and labels.
"""

import hashlib
import os
import unicodedata
from collections import Counter
from pathlib import Path
from typing import NamedTuple

from pydantic_core import PydanticCustomError

from classifier.datasets import names
from classifier.errors import InputError
from classifier.images.image_files import is_image
from classifier.images.tables import by_table
from classifier.images.threads import in_order

TRAIN = {"train", "training"}
TEST = {"test", "testing"}
VALIDATION = {"val", "valid", "validation"}
MIN_TRAIN = 2  # images of a class: one to train on, one for validation


class ImageFile(NamedTuple):
    """An image file of a class; files sort by the hash of their content."""

    sha256: bytes
    label: int
    path: Path


class Found(NamedTuple):
    """What is in a folder.

    Attributes:
        layout: in words.
        classes: names of the labels 0, 1, …
        train, test: the image files of both sets, sorted.
        left_out: how many files are no images, by the end of their names.
    """

    layout: str
    classes: list[str]
    train: list[ImageFile]
    test: list[ImageFile]
    left_out: Counter


def find(folder: Path, test_fraction: float) -> Found:
    """Return the images in a folder; of each class, `test_fraction` is for testing.

    The hash of their content decides which: names and dates have no influence, and equal files
    come to stand side by side. Where the layout says what is for testing, that holds.

    Raises:
        InputError: the layout is none of these, a class has too few images, or an unfit name.
    """
    left_out = Counter()
    inside = _folders(folder, Counter())
    train = [path for name, path in inside if name.lower() in TRAIN]
    test = [path for name, path in inside if name.lower() in TEST]
    val = [path for name, path in inside if name.lower() in VALIDATION]
    tables = sorted(folder.glob("[!.]*.csv"))
    if train and (test or val):
        if not test:
            test, val = val, []
        parts = [_by_class(train + val, left_out), _by_class(test, left_out)]
        used = [path.name for path in train + val + test]
        layout = f"{', '.join(used)} with a folder a class each"
    elif len(tables) == 1:
        parts = [by_table(tables[0], [folder, *(path for _, path in inside)], left_out), {}]
        layout = f"a table, {tables[0].name}"
    else:
        parts = [_by_class([folder], left_out), {}]
        layout = "a folder a class"
    classes = _classes(folder, parts)
    sets = [_hashed(part, classes) for part in parts]
    if not sets[1]:
        sets = _divided(folder, sets[0], classes, test_fraction)
    return Found(layout, classes, *map(sorted, sets), left_out)


def _folders(folder: Path, left_out: Counter) -> list[tuple[str, Path]]:
    """Return names and paths of the folders in a folder, sorted, without a program's own.

    Two may have one name: as it is composed, or in parts as macOS had it.
    """
    paths = [path for path in folder.iterdir() if path.is_dir()]
    left_out.update(f"{path.name}/" for path in paths if _is_of_a_program(path.name))
    paths = [path for path in paths if not _is_of_a_program(path.name)]
    return [(unicodedata.normalize("NFC", path.name), path) for path in sorted(paths)]


def _by_class(folders: list[Path], left_out: Counter) -> dict[str, list[Path]]:
    """Return the image files of each class, of all folders that have a folder of that name."""
    found = {}
    for folder in folders:
        for name, path in _folders(folder, left_out):
            found.setdefault(name, []).extend(_images(path, left_out))
    return found


def _images(folder: Path, left_out: Counter):
    """Yield the image files in a folder and in the folders in it."""
    for place, folders, files in os.walk(folder):
        left_out.update(f"{name}/" for name in filter(_is_of_a_program, folders))
        folders[:] = sorted(name for name in folders if not _is_of_a_program(name))
        for name in sorted(files):
            path = Path(place, name)
            if not _is_utf8(str(path)):
                raise InputError(f"{path}: expected a name in UTF-8; rename it")
            if is_image(path):
                yield path
            else:
                left_out[path.suffix.lower() or name] += 1


def _is_utf8(name: str) -> bool:
    try:
        return bool(name.encode())
    except UnicodeEncodeError:
        return False


def _is_of_a_program(name: str) -> bool:
    """Whether a folder has a program's own copies of images: thumbnails, versions, forks."""
    return name.startswith(".") or name in {"@eaDir", "__MACOSX"}


def _classes(folder: Path, parts: list[dict]) -> list[str]:
    """Return the names of the classes, sorted; raises InputError for unfit ones."""
    classes = sorted(parts[0])
    most = names.MAX_CLASSES
    if not 2 <= len(classes) <= most:
        found = f"found {len(classes)}: {', '.join(classes[:10])}" if classes else "found none"
        cure = "docs/your-data.md has the layouts"
        if len(classes) == 1:
            cure += f"; if the classes are in {classes[0]}, name that as fetch.source"
        raise InputError(f"{folder}: expected 2 to {most} classes, {found}; {cure}")
    for name in classes:
        try:
            names.showable(name)
        except PydanticCustomError:
            raise InputError(f"{folder}: class {name!r}: expected {names.NAME}") from None
    if empty := [name for name in classes if not parts[0][name]]:
        raise InputError(f"{folder}: expected images in the folder of each class, none of {empty}")
    if foreign := sorted(parts[1].keys() - parts[0].keys()):
        expected = f"expected the classes of the training images, {', '.join(classes[:10])}"
        raise InputError(f"{folder}: test images: {expected}, found {', '.join(foreign[:10])} too")
    return classes


def _hashed(part: dict[str, list[Path]], classes: list[str]) -> list[ImageFile]:
    """Return the image files of a set; they are read by several threads."""
    files = [(label, path) for label, name in enumerate(classes) for path in part.get(name, ())]
    hashed = in_order(lambda file: _digest(file[1]), files)
    return [ImageFile(digest, label, path) for (label, path), digest in hashed]


def _digest(path: Path) -> bytes:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").digest()


def _divided(
    folder: Path, files: list[ImageFile], classes: list[str], test_fraction: float
) -> list[list[ImageFile]]:
    """Return training and test images; each class gives the same share."""
    sets = [[], []]
    few = []
    for label, name in enumerate(classes):
        own = sorted(file for file in files if file.label == label)
        count = max(1, round(len(own) * test_fraction))
        if len(own) - count < MIN_TRAIN:
            few.append(f"{name} ({len(own)})")
        sets[1] += own[:count]
        sets[0] += own[count:]
    if few:
        expected = (
            f"expected {MIN_TRAIN} images of a class or more beside {test_fraction} for testing"
        )
        cure = "add some, take the class away, or set fetch.test_fraction"
        raise InputError(f"{folder}: {expected}, received too few of {', '.join(few)}; {cure}")
    return sets
