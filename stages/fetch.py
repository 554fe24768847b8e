"""Fetch the data set.

Reads   nothing, or the folder or URL that `fetch.source` names
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

import pooch
import requests

from stages import params
from stages.errors import InputError
from stages.process import FULL, run

RAW = Path("data/raw")

# Bytes and SHA-256 of each file's decompressed content (Zalando SE, 2017).
FILES = {
    "train-images-idx3-ubyte": (47040016, "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888"),
    "train-labels-idx1-ubyte": (60008, "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9"),
    "t10k-images-idx3-ubyte": (7840016, "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b"),
    "t10k-labels-idx1-ubyte": (10008, "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34"),
}
MNIST = {  # handwritten MNIST has the same file names and sizes
    "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
}
MIRRORS = (
    "https://storage.googleapis.com/tensorflow/tf-keras-datasets",
    "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com",
    "https://github.com/zalandoresearch/fashion-mnist/raw/master/data/fashion",
)
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


def main():
    settings = params.read().fetch
    get = from_url if "://" in settings.source else from_folder
    sources = SOURCES if settings.source == "auto" else [(get, settings.source.rstrip("/"))]
    partial = RAW / ".partial-fetch"
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    try:
        collect(sources, partial, settings.verify)
        for name in FILES:
            os.replace(partial / name, RAW / name)
    finally:
        shutil.rmtree(partial)
    print(f"fetch: {len(FILES)} files in {RAW}")


if __name__ == "__main__":
    run(main, stage="fetch")
