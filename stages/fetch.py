"""Fetch the data set.

Reads   nothing, or the folder or URL that `fetch.source` names
Writes  data/raw/{train,t10k}-{images-idx3,labels-idx1}-ubyte, decompressed
"""

import gzip
import hashlib
import os
import shutil
import subprocess
import zlib
from pathlib import Path

import pooch
import requests

from stages import params
from stages.errors import InputError, run

RAW = Path("data/raw")

# Bytes and SHA-256 of each file's decompressed content (Zalando SE, 2017).
FILES = {
    "train-images-idx3-ubyte": (
        47_040_016,
        "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
    ),
    "train-labels-idx1-ubyte": (
        60_008,
        "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
    ),
    "t10k-images-idx3-ubyte": (
        7_840_016,
        "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
    ),
    "t10k-labels-idx1-ubyte": (
        10_008,
        "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
    ),
}

# Handwritten MNIST has the same file names, shapes and sizes.
MNIST_SHA256 = {
    "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
}

MIRRORS = (
    "https://storage.googleapis.com/tensorflow/tf-keras-datasets/",
    "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
    "https://github.com/zalandoresearch/fashion-mnist/raw/master/data/fashion/",
)
PACKAGE = "dataset-fashion-mnist"  # of Debian and Ubuntu
PACKAGE_FOLDER = "usr/share/datasets/fashion-mnist"

TIMEOUTS = (5, 15)  # seconds to connect, and between two reads
APT_TIMEOUT = 120  # seconds for each apt command
CHUNK = 1 << 20  # bytes

FAILURES = (
    InputError,
    OSError,
    EOFError,
    zlib.error,
    requests.RequestException,
    subprocess.SubprocessError,
)


def from_folder(folder: str, name: str, scratch: Path) -> Path:
    """Return the path of `name` or `name`.gz in `folder`."""
    for candidate in (Path(folder) / name, Path(folder) / f"{name}.gz"):
        if candidate.exists():
            return candidate
    raise InputError(f"no {name} or {name}.gz there")


def from_url(base: str, name: str, scratch: Path) -> Path:
    """Download `name`.gz, or `name` where the server says 404, into `scratch`."""
    download = pooch.HTTPDownloader(progressbar=True, timeout=TIMEOUTS)
    for file_name in (f"{name}.gz", name):
        target = scratch / file_name
        try:
            download(f"{base.rstrip('/')}/{file_name}", str(target), None)
            return target
        except requests.HTTPError as error:
            if error.response.status_code != 404 or file_name == name:
                raise
    raise AssertionError("unreachable")


def from_package(package: str, name: str, scratch: Path) -> Path:
    """Download the Debian/Ubuntu package into `scratch`, without root, and unpack it there."""
    if not (scratch / PACKAGE_FOLDER).exists():
        if shutil.which("apt-get") is None:
            raise InputError("no apt-get on this machine")
        for folder in ("lists/partial", "cache/archives/partial"):
            (scratch / folder).mkdir(parents=True)
        options = ["-o", "Dir::State::Lists=lists", "-o", "Dir::Cache=cache", "-o", "Acquire::Retries=0"]
        for command in (
            ["apt-get", *options, "update"],
            ["apt-get", *options, "download", package],
        ):
            _quietly(command, scratch)
        (archive,) = scratch.glob(f"{package}_*.deb")
        _quietly(["dpkg-deb", "-x", archive.name, "."], scratch)
    return from_folder(scratch / PACKAGE_FOLDER, name, scratch)


def _quietly(command, folder):
    done = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, timeout=APT_TIMEOUT, check=False
    )
    if done.returncode:
        last = (done.stderr.strip() or "no message").splitlines()[-1]
        raise InputError(f"`{command[0]}` failed: {last}")


SOURCES = (
    (from_folder, f"/{PACKAGE_FOLDER}"),
    *((from_url, mirror) for mirror in MIRRORS),
    (from_package, PACKAGE),
)


def unpack(archive: Path, target: Path, limit: int | None) -> str:
    """Copy `archive`, decompressed if it is gzip, to `target`; return the content's SHA-256.

    Raises:
        InputError: the content is longer than `limit` bytes; nothing beyond is read.
    """
    with archive.open("rb") as file:
        compressed = file.read(2) == b"\x1f\x8b"
    if archive.suffix == ".gz" and not compressed:
        raise InputError(f"{archive.name} is not gzip: perhaps a web page instead of the file")
    digest, size = hashlib.sha256(), 0
    with (gzip.open if compressed else open)(archive, "rb") as file, target.open("wb") as out:
        while chunk := file.read(CHUNK):
            size += len(chunk)
            if limit is not None and size > limit:
                raise InputError(f"{archive.name} holds more than the expected {limit:,} bytes")
            digest.update(chunk)
            out.write(chunk)
        out.flush()
        os.fsync(out.fileno())
    return digest.hexdigest()


def _reason(error: Exception) -> str:
    if isinstance(error, requests.Timeout):
        return "timed out"
    if isinstance(error, requests.HTTPError):
        return f"HTTP status {error.response.status_code}"
    if isinstance(error, requests.ConnectionError):
        return "no connection, or one that broke off"
    return " ".join(str(error).split()) or type(error).__name__


def verify(name: str, size: int, sha256: str) -> None:
    """Raise InputError unless `size` and `sha256` are those of Fashion-MNIST's file `name`."""
    expected_size, expected = FILES[name]
    if sha256 in MNIST_SHA256:
        raise InputError(f"{name} is handwritten MNIST, not Fashion-MNIST")
    if sha256 != expected:
        raise InputError(
            f"{name}: expected {expected_size:,} bytes with SHA-256 {expected}, "
            f"received {size:,} bytes with {sha256}"
        )


def collect(sources, folder: Path, check: bool) -> None:
    """Put the four files into `folder`, each from the first source that has a good one.

    Args:
        sources: (function, place) pairs; a source that fails once is not asked again.
        folder: exists, and holds nothing else that matters.
        check: whether the content must be Fashion-MNIST's.

    Raises:
        InputError: naming each source and why it failed.
    """
    missing, reasons = list(FILES), []
    scratch = folder / "scratch"
    scratch.mkdir()
    for get, place in sources:
        print(f"fetch: {place}")
        try:
            while missing:
                name = missing[0]
                archive = get(place, name, scratch)
                limit = FILES[name][0] if check else None
                sha256 = unpack(archive, folder / name, limit)
                if check:
                    verify(name, (folder / name).stat().st_size, sha256)
                missing.pop(0)
            return
        except FAILURES as error:
            reasons.append(f"{place}: {_reason(error)}")
            print(f"fetch: failed: {reasons[-1]}")
    raise InputError(
        f"{RAW}: no source has {', '.join(missing)}. Put the four .gz files of Fashion-MNIST into "
        f"a folder and set fetch.source in params.yaml to it. Tried " + "; ".join(reasons)
    )


def main():
    settings = params.read().fetch
    if settings.source == "auto":
        sources = SOURCES
    elif "://" in settings.source:
        sources = [(from_url, settings.source)]
    else:
        sources = [(from_folder, settings.source)]
    partial = RAW / ".partial-fetch"
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    try:
        collect(sources, partial, settings.verify)
        for name in FILES:
            (partial / name).replace(RAW / name)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    print(f"fetch: {len(FILES)} files in {RAW}")


if __name__ == "__main__":
    run(main)
