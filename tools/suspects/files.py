"""The image files behind the rows of the training images, where the data set is a folder."""

import csv
from pathlib import Path
from typing import NamedTuple

from classifier.csv_files import read_csv
from classifier.errors import InputError

FILES = Path("data/raw/files.csv")


class ImageFile(NamedTuple):
    """A file, by its path in the folder, and the mode that Pillow reads it in."""

    path: str
    mode: str


def read(source: Path, count: int) -> list[ImageFile]:
    """Return the file of each training image, in their order; none where there are no files.

    Raises:
        InputError: the list is missing or damaged, or a file is gone.
    """
    expected = f"{FILES}: expected the files of {count:,} training images, as fetched from {source}"
    try:
        rows = [each for each in read_csv(FILES) if each["set"] == "train"]
        found = {int(each["row"]): ImageFile(each["file"], each["mode"]) for each in rows}
    except FileNotFoundError:
        raise InputError(f"{expected}, found no file; run `dvc repro`") from None
    except (KeyError, TypeError, ValueError, csv.Error):
        raise InputError(f"{expected}, received something else; run `dvc repro`") from None
    is_folder = bool(found) or source.is_dir()
    if sorted(found) != list(range(count if is_folder else 0)):
        raise InputError(f"{expected}, received {len(found):,}; run `dvc repro`")
    files = [found[row] for row in sorted(found)]
    for file in files:
        path = source / file.path
        if not path.is_file():
            raise InputError(f"{path}: expected an image, found no file; run `dvc repro`")
    return files
