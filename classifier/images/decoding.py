"""Decodes image files into IDX files: by several threads, in order, a few images ahead."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from classifier.errors import InputError
from classifier.images.folders import ImageFile
from classifier.images.idx import write_idx
from classifier.images.image_files import Prepared, read
from classifier.images.preparation import Preparation
from classifier.images.threads import in_order


def write_set(
    files: list[ImageFile], preparation: Preparation, images_path: Path, labels_path: Path
) -> tuple[list[tuple], list[InputError]]:
    """Write images and labels of a set.

    Return path, mode, width and height of each row, and what is wrong with those left out.
    """
    rows, labels, damaged = [], [], []

    def pixels():
        for file, image in decoded(files, preparation):
            if isinstance(image, InputError):
                damaged.append(image)
            else:
                rows.append((file.path, image.mode, *image.size))
                labels.append(file.label)
                yield image.pixels[None]

    write_idx(images_path, preparation.shape, pixels())
    write_idx(labels_path, (), [np.array(labels, np.uint8)])
    return rows, damaged


def decoded(
    files: list[ImageFile], preparation: Preparation
) -> Iterator[tuple[ImageFile, Prepared | InputError]]:
    """Yield each file with its image, or with what is wrong with it."""

    def decode(file: ImageFile) -> Prepared | InputError:
        try:
            return read(file.path, str(file.path), preparation)
        except InputError as error:
            return error

    return in_order(decode, files)
