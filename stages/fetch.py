"""Fetch the data set.

Reads   nothing, or what `fetch.source` names: a folder or URL with IDX files, or class folders
Writes  data/raw/{train,t10k}-{images-idx3,labels-idx1}-ubyte, decompressed
"""

import os
from pathlib import Path

from classifier.datasets import fashion_mnist, sources
from classifier.errors import InputError
from classifier.files.atomic import scratch_folder
from classifier.images import class_folders
from classifier.images.class_folders import Classes
from classifier.knobs import Fraction, Section

RAW = Path("data/raw")
PARTIAL = RAW / ".partial-fetch"
FILES = fashion_mnist.FILES
SOURCES = (  # of Fashion-MNIST, in the order in which they are asked
    (sources.from_folder, str(RAW)),  # what is there already
    (sources.from_cache, ".dvc/cache/files/md5"),  # or was: DVC deletes it before a run
    (sources.from_folder, "data/downloads"),
    (sources.from_folder, f"/{fashion_mnist.PACKAGE_FOLDER}"),
    *((sources.from_url, url) for url in fashion_mnist.MIRRORS),
    (sources.from_package, fashion_mnist.PACKAGE),
)


class Fetch(Section):
    source: sources.Source
    test_fraction: Fraction  # of each class, from class folders


def collect(places, folder: Path, is_fashion_mnist: bool) -> None:
    """Put the four files into an empty folder, each from the first source that has a good one.

    Args:
        places: (function, place) pairs; one that fails is not asked again.
        is_fashion_mnist: whether the content is checked against the published hashes.

    Raises:
        InputError: naming each source and why it failed.
        OSError: there is no space left.
    """
    reasons = []
    for get, place in places:
        print(f"fetch: from {place}")
        try:
            sources.fetch_missing(get, place, folder, is_fashion_mnist)
            return
        except sources.FAILURES as error:
            if getattr(error, "errno", None) in sources.DISK_FULL_ERRNOS:
                error.filename = error.filename or str(RAW)
                raise
            reasons.append(f"{place}: {sources.reason(error)}")
            print(f"fetch: failed: {reasons[-1]}")
    cure = "set fetch.source in params.yaml to the path of a folder that has them"
    if is_fashion_mnist:
        cure = "put the four .gz files of Fashion-MNIST into data/downloads, then `dvc repro`"
    wanted = ", ".join(sources.missing(folder))
    found = f"found no source that has a good one ({'; '.join(reasons)})"
    raise InputError(f"{RAW}: expected {wanted}, {found}; {cure}")


def is_class_folders(source: str) -> bool:
    """Whether `fetch.source` is a folder with folders, and no IDX file, in it."""
    folder = Path(source)
    if not folder.is_dir() or len(sources.missing(folder)) < len(FILES):
        return False
    return not any(folder.glob("*-ubyte.gz")) and bool(class_folders.folders(folder))


def main(classes: Classes, fetch: Fetch):
    source = fetch.source
    with scratch_folder(PARTIAL):
        if source == "auto":
            places = [source for source in SOURCES if sources.may_have(*source)]
            collect(places, PARTIAL, is_fashion_mnist=True)
        elif is_class_folders(source):
            sets = class_folders.train_and_test(Path(source), classes, fetch.test_fraction)
            for part, files in zip(("train", "t10k"), sets, strict=True):
                images = PARTIAL / f"{part}-images-idx3-ubyte"
                labels = PARTIAL / f"{part}-labels-idx1-ubyte"
                class_folders.write_set(files, images, labels)
        else:
            places = [sources.own_place(source)]
            collect(places, PARTIAL, is_fashion_mnist=False)
        for name in FILES:
            os.replace(PARTIAL / name, RAW / name)
    print(f"fetch: {len(FILES)} files in {RAW}")
