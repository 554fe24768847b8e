"""Fetch the data set.

Reads   what `fetch.source` names: the description of a data set, or a folder of images
Writes  data/raw/{train,t10k}-{images-idx3,labels-idx1}-ubyte, decompressed
        data/raw/classes.json   the names of labels 0, 1, …
        data/raw/about.json     what the data set is, for the model card
        data/raw/files.csv      of a folder: set, row, file, mode, width, height
"""

import os
from pathlib import Path

from classifier.csv_files import write_csv
from classifier.datasets import description as descriptions
from classifier.datasets.collecting import collect
from classifier.datasets.description import FILES, Source
from classifier.datasets.normal_form import normalise
from classifier.errors import InputError
from classifier.files.atomic import scratch_folder, write_json
from classifier.images import folders
from classifier.images.decoding import write_set
from classifier.images.idx import read_images
from classifier.images.preparation import Preparation
from classifier.knobs import Fraction, Section

RAW = Path("data/raw")
PARTIAL = RAW / ".partial-fetch"
COLUMNS = ("set", "row", "file", "mode", "width", "height")
NAMES = (*FILES.values(), "classes.json", "about.json", "files.csv")


class Fetch(Section):
    source: Source  # the description of a data set, or a folder of images
    test_fraction: Fraction  # of each class, for testing, where a folder does not say which
    skip_damaged: bool  # leave out images that cannot be read, in place of ending


def from_description(source: Path, preparation: Preparation) -> tuple[list[str], dict]:
    """Write the four files of a data set; return its classes, and what is said of it."""
    description = descriptions.read(source)
    collect(description, RAW, PARTIAL, say=lambda text: print(f"fetch: {text}"))
    normalise(PARTIAL, description)
    shape = read_images(PARTIAL / FILES["train_images"]).shape[1:]
    if shape != preparation.shape:
        rows, columns, channels = shape
        color = {1: "grey", 3: "rgb"}.get(channels, f"{channels} channels")
        expected = f"expected size [{rows}, {columns}] and color {color}, as {source} has"
        received = f"received {preparation.size} and {preparation.color}"
        raise InputError(f"params.yaml: images: {expected}, {received}")
    write_csv(PARTIAL / "files.csv", [COLUMNS])  # IDX files know of no other files
    return description.classes, description.card()


def from_folder(source: Path, fetch: Fetch, preparation: Preparation) -> tuple[list[str], dict]:
    """Write the images in a folder as four IDX files; return its classes, and what is known."""
    found = folders.find(source, fetch.test_fraction)
    left_out = ", ".join(f"{count} {end}" for end, count in sorted(found.left_out.items()))
    print(f"fetch: {source}: {found.layout}, {len(found.classes)} classes")
    if left_out:
        print(f"fetch: left out, no images: {left_out}")
    table, damaged = [COLUMNS], []
    for part, files in (("train", found.train), ("test", found.test)):
        paths = [PARTIAL / FILES[f"{part}_{kind}"] for kind in ("images", "labels")]
        rows, errors = write_set(files, preparation, *paths)
        for number, (path, *kind) in enumerate(rows):
            table.append((part, number, path.relative_to(source), *kind))
        damaged += errors
    write_csv(PARTIAL / "files.csv", table)
    for error in damaged:
        print(f"fetch: {error}")
    if damaged and not fetch.skip_damaged:
        received = f"received {len(damaged)} that cannot be used, listed above"
        cure = "mend or remove them, or set fetch.skip_damaged: true in params.yaml"
        raise InputError(f"{source}: expected images, {received}; {cure}")
    return found.classes, {"name": source.resolve().name}


def main(fetch: Fetch, images: Preparation):
    source = Path(fetch.source)
    with scratch_folder(PARTIAL):
        if source.is_dir():
            classes, about = from_folder(source, fetch, images)
        elif source.is_file():
            classes, about = from_description(source, images)
        else:
            expected = "expected the description of a data set, or a folder of images"
            found = f"found no {fetch.source!r} in {Path.cwd()}"
            raise InputError(f"params.yaml: fetch.source: {expected}, {found}")
        write_json(PARTIAL / "classes.json", classes)
        write_json(PARTIAL / "about.json", about)
        for name in NAMES:
            os.replace(PARTIAL / name, RAW / name)
    print(f"fetch: {len(NAMES)} files in {RAW}")
