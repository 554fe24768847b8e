"""Fetch the data set.

Reads   nothing, or what `fetch.source` names: IDX files in a folder or at a URL, or images in a folder a class
Writes  data/raw/{train,t10k}-{images-idx3,labels-idx1}-ubyte, decompressed
"""

import gzip
import hashlib
import os
import shutil
import subprocess
import sys
import zlib
from pathlib import Path

import numpy as np
import pooch
import requests

from stages import params
from stages.errors import InputError
from stages.fashion_mnist import CLASSES, FILES, MIRRORS, MNIST
from stages.idx import write_idx
from stages.process import FULL, run

RAW = Path("data/raw")

PACKAGE = "dataset-fashion-mnist"  # of Debian and Ubuntu
PACKAGE_FOLDER = "usr/share/datasets/fashion-mnist"
TIMEOUTS = (5, 15)  # seconds to connect, and between two reads
APT_TIMEOUT = 120  # seconds a command
FAILURES = (InputError, OSError, EOFError, zlib.error, subprocess.SubprocessError)  # requests' are OSErrors


def from_folder(folder: str, name: str, scratch: Path) -> Path:
    """Return the path of `name` or `name`.gz in `folder`."""
    for path in (Path(folder, name), Path(folder, f"{name}.gz")):
        if path.exists():
            return path
    raise InputError(f"no {name} or {name}.gz there")


def from_url(base: str, name: str, scratch: Path) -> Path:
    """Download `name`.gz into `scratch`, or `name` where the server says 404 to that."""
    download = pooch.HTTPDownloader(progressbar=sys.stderr.isatty(), timeout=TIMEOUTS)
    try:
        download(f"{base}/{name}.gz", scratch / f"{name}.gz", None)
        return scratch / f"{name}.gz"
    except requests.HTTPError as error:
        if error.response.status_code != 404:
            raise
    download(f"{base}/{name}", scratch / name, None)
    return scratch / name


def from_package(package: str, name: str, scratch: Path) -> Path:
    """Download the package into `scratch` and unpack it there: needs apt-get, but not root."""
    if not (scratch / PACKAGE_FOLDER).exists():
        lists, cache = scratch.absolute() / "lists", scratch.absolute() / "cache"
        (lists / "partial").mkdir(parents=True)
        (cache / "archives" / "partial").mkdir(parents=True)
        apt_get = ["apt-get", "-qq", f"-oDir::State::Lists={lists}", f"-oDir::Cache={cache}", "-oAcquire::Retries=0"]
        for command in ([*apt_get, "update"], [*apt_get, "download", package]):
            done = subprocess.run(command, cwd=scratch, capture_output=True, text=True, timeout=APT_TIMEOUT)
            if done.returncode:
                raise InputError(f"apt-get failed: {done.stderr}")
        subprocess.run(["dpkg-deb", "-x", *scratch.glob("*.deb"), scratch], check=True, timeout=APT_TIMEOUT)
    return from_folder(scratch / PACKAGE_FOLDER, name, scratch)


SOURCES = ((from_folder, f"/{PACKAGE_FOLDER}"), *((from_url, url) for url in MIRRORS), (from_package, PACKAGE))


def unpack(archive: Path, target: Path, limit: int | None) -> str:
    """Copy `archive`, decompressed if it is gzip, to `target`; return the content's SHA-256.

    Raises InputError where the content is longer than `limit` bytes; nothing beyond is read.
    """
    with archive.open("rb") as file:
        is_gzip = file.read(2) == b"\x1f\x8b"
    if archive.suffix == ".gz" and not is_gzip:
        raise InputError(f"{archive.name} is not gzip: perhaps a web page in place of the file")
    digest = hashlib.sha256()
    with (gzip.open if is_gzip else open)(archive, "rb") as file, target.open("wb") as out:
        while chunk := file.read(1 << 20):
            digest.update(chunk)
            out.write(chunk)
            if limit is not None and out.tell() > limit:
                raise InputError(f"{archive.name} holds more than the expected {limit:,} bytes")
        os.fsync(out.fileno())
    return digest.hexdigest()


def verify(name: str, sha256: str) -> None:
    """Raise InputError unless `sha256` is that of Fashion-MNIST's file `name`."""
    if sha256 in MNIST:
        raise InputError(f"{name} is handwritten MNIST, not Fashion-MNIST")
    if sha256 != FILES[name][1]:
        raise InputError(f"{name}: expected SHA-256 {FILES[name][1]}, received {sha256}")


def collect(sources, folder: Path, is_fashion_mnist: bool) -> None:
    """Put the four files into `folder`, each from the first source that has a good one.

    Args:
        sources: (function, place) pairs; one that fails is not asked again.
        folder: an empty one.
        is_fashion_mnist: whether the content is checked against the published hashes.

    Raises:
        InputError: naming each source and why it failed.
        OSError: there is no space left.
    """
    missing, reasons = list(FILES), []
    scratch = folder / "scratch"
    scratch.mkdir()
    for get, place in sources:
        print(f"fetch: from {place}")
        try:
            while missing:
                name = missing[0]
                sha256 = unpack(get(place, name, scratch), folder / name, FILES[name][0] if is_fashion_mnist else None)
                if is_fashion_mnist:
                    verify(name, sha256)
                missing.pop(0)
            return
        except FAILURES as error:
            if getattr(error, "errno", None) in FULL:
                error.filename = error.filename or str(RAW)
                raise
            is_long = isinstance(error, (requests.ConnectionError, requests.Timeout))
            reasons.append(f"{place}: {type(error).__name__ if is_long else error}")
            print(f"fetch: failed: {reasons[-1]}")
    raise InputError(
        f"{RAW}: expected {', '.join(missing)}, found no source that has a good one ({'; '.join(reasons)}). Put the "
        "four .gz files of Fashion-MNIST into a folder and set fetch.source in params.yaml to its path"
    )


def folders(folder: Path) -> list[str]:
    """Return the names of the visible folders in a folder."""
    return sorted(path.name for path in folder.iterdir() if path.is_dir() and not path.name.startswith("."))


def photos(folder: Path, classes: list[str], test_fraction: float) -> dict[str, list[tuple[bytes, int, Path]]]:
    """Return SHA-256, label and path of each image for train and t10k, from a folder of images a class.

    Each class gives the same share to the test set, chosen and ordered by the hash of the files' content: names and
    dates have no influence, and equal files come to stand side by side.

    Raises:
        InputError: the folders are not the classes, or a class has too few images.
    """
    if folders(folder) != sorted(classes):
        expected = f"expected a folder for each of classes in params.yaml, {', '.join(classes)}"
        raise InputError(f"{folder}: {expected}, found {', '.join(folders(folder))}")
    chosen = {"train": [], "t10k": []}
    for label, name in enumerate(classes):
        paths = sorted(path for path in (folder / name).iterdir() if not path.name.startswith("."))
        items = sorted((hashlib.sha256(path.read_bytes()).digest(), label, path) for path in paths)
        count = round(len(items) * test_fraction)
        if not 0 < count < len(items):
            split = f"{len(items) - count} and {count} with fetch.test_fraction {test_fraction}"
            raise InputError(f"{folder / name}: expected images for training and test, received {split}")
        chosen["t10k"] += items[:count]
        chosen["train"] += items[count:]
    return {part: sorted(items) for part, items in chosen.items()}


def write_photos(items: list[tuple[bytes, int, Path]], images: Path, labels: Path) -> None:
    """Write what `photos` lists as IDX files; raises InputError where a file is no image."""
    from stages import photo

    pixels = (photo.read(path, str(path))[0] for _, _, path in items)
    write_idx(images, (len(items), photo.SIZE, photo.SIZE), pixels)
    write_idx(labels, (len(items),), [np.array([label for _, label, _ in items], np.uint8)])


def is_photos(source: str) -> bool:
    """Whether `fetch.source` is a folder with folders, and no IDX file, in it."""
    names = [name for raw in FILES for name in (raw, f"{raw}.gz")]
    folder = Path(source)
    return folder.is_dir() and not any((folder / name).exists() for name in names) and bool(folders(folder))


def main():
    settings = params.read()
    source, classes = settings.fetch.source, settings.classes
    partial = RAW / ".partial-fetch"
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    try:
        if source == "auto":
            collect(SOURCES, partial, True)
        elif is_photos(source):
            for part, items in photos(Path(source), classes, settings.fetch.test_fraction).items():
                write_photos(items, partial / f"{part}-images-idx3-ubyte", partial / f"{part}-labels-idx1-ubyte")
        else:
            get = from_url if "://" in source else from_folder
            collect([(get, source.rstrip("/"))], partial, settings.fetch.verify and classes == CLASSES)
        for name in FILES:
            os.replace(partial / name, RAW / name)
    finally:
        shutil.rmtree(partial)
    print(f"fetch: {len(FILES)} files in {RAW}")


if __name__ == "__main__":
    run(main, stage="fetch")
