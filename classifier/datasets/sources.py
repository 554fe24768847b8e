"""Gets the files of a data set from a folder, a URL or a package of Debian's, and checks them.

Each `from_…` function takes a place, a file's name, a scratch folder, and the number of bytes of
the content where it is known. It returns a path with the file's content, perhaps as gzip.
"""

import contextlib
import errno
import gzip
import hashlib
import os
import subprocess
import zlib
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator
from pydantic_core import PydanticCustomError

from classifier.datasets.download import download
from classifier.datasets.fashion_mnist import FILES, MD5, MNIST, PACKAGE_FOLDER
from classifier.errors import InputError
from classifier.knobs import Text

APT_SECONDS = 120  # a command
CHUNK_BYTES = 1 << 20
DISK_FULL_ERRNOS = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
# What a source can fail with; the errors of requests are OSErrors.
FAILURES = (InputError, OSError, EOFError, zlib.error, subprocess.SubprocessError)


def _without_password(source: str) -> str:
    _, is_url, rest = source.partition("://")
    if is_url and "@" in rest:  # wherever it is: a password may have a / in it
        raise PydanticCustomError("secret", "no user or password in a URL: put them into ~/.netrc")
    return source


# auto: Fashion-MNIST, checked; else one's own, as it is: a folder, a URL, or class folders
Source = Annotated[Text, AfterValidator(_without_password)]


def own_place(source: str) -> tuple:
    """Return how to get files of one's own, and from where; raises InputError for no folder."""
    if "://" in source:
        return from_url, source.rstrip("/")
    if not Path(source).is_dir():
        expected = "fetch.source: expected auto, a folder or a URL"
        raise InputError(f"params.yaml: {expected}, found no folder {source!r} in {Path.cwd()}")
    return from_folder, source.rstrip("/")


def from_folder(folder: str, name: str, scratch: Path, limit: int | None = None) -> Path:
    """Return the path of `name` or `name`.gz in `folder`."""
    for path in (Path(folder, name), Path(folder, f"{name}.gz")):
        if path.exists():
            return path
    raise InputError(f"no {name} or {name}.gz there")


def from_cache(cache: str, name: str, scratch: Path, limit: int | None = None) -> Path:
    """Return the path of Fashion-MNIST's file `name` in a cache such as DVC's, by its MD5."""
    path = Path(cache, MD5[name][:2], MD5[name][2:])
    if not path.exists():
        raise InputError(f"no {name} there")
    return path


def from_url(base: str, name: str, scratch: Path, limit: int | None = None) -> Path:
    """Download `name`.gz into `scratch`, or `name` where the server says 404 to that."""
    import requests

    try:
        return download(f"{base}/{name}.gz", scratch / f"{name}.gz", limit)
    except requests.HTTPError as error:
        if error.response.status_code != 404:
            raise
    return download(f"{base}/{name}", scratch / name, limit)


def from_package(package: str, name: str, scratch: Path, limit: int | None = None) -> Path:
    """Download the package into `scratch` and unpack it there: needs apt-get, but not root."""
    if not (scratch / PACKAGE_FOLDER).exists():
        lists = scratch.absolute() / "lists"
        cache = scratch.absolute() / "cache"
        (lists / "partial").mkdir(parents=True)
        (cache / "archives" / "partial").mkdir(parents=True)
        options = [f"-oDir::State::Lists={lists}", f"-oDir::Cache={cache}", "-oAcquire::Retries=0"]
        apt_get = ["apt-get", "-qq", *options]
        _run([*apt_get, "update"], scratch)
        _run([*apt_get, "download", package], scratch)
        archives = scratch.absolute().glob("*.deb")
        _run(["dpkg-deb", "-x", *archives, "."], scratch)
    return from_folder(scratch / PACKAGE_FOLDER, name, scratch)


def _run(command: list, folder: Path) -> None:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=APT_SECONDS)
    if done.returncode:
        raise InputError(f"{command[0]} failed: {done.stderr}")


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
        while chunk := file.read(CHUNK_BYTES):
            digest.update(chunk)
            out.write(chunk)
            if limit is not None and out.tell() > limit:
                raise InputError(f"{archive.name} holds more than the expected {limit:,} bytes")
        os.fsync(out.fileno())
    return digest.hexdigest()


def verify(name: str, sha256: str) -> None:
    """Raise InputError unless `sha256` is that of Fashion-MNIST's file `name`."""
    expected = FILES[name][1]
    if sha256 in MNIST:
        raise InputError(f"{name} is handwritten MNIST, not Fashion-MNIST")
    if sha256 != expected:
        raise InputError(f"{name}: expected SHA-256 {expected}, received {sha256}")


def may_have(get, place: str) -> bool:
    """Whether a source is to be asked: not a folder or cache with none of the files."""
    if get not in (from_folder, from_cache):
        return True
    for name in FILES:
        with contextlib.suppress(InputError):
            return bool(get(place, name, Path()))
    return False


def missing(folder: Path) -> list[str]:
    """Return the names of the files that are not in a folder yet."""
    return [name for name in FILES if not (folder / name).exists()]


def fetch_missing(get, place: str, folder: Path, is_fashion_mnist: bool) -> None:
    """Put the files that a folder lacks into it, each once it has proved good.

    Args:
        get, place: one of the `from_…` functions and what it takes.
        is_fashion_mnist: whether the content is checked against the published hashes.

    Raises:
        One of `FAILURES`.
    """
    scratch = folder / "scratch"
    scratch.mkdir(exist_ok=True)
    for name in missing(folder):
        limit = FILES[name][0] if is_fashion_mnist else None
        sha256 = unpack(get(place, name, scratch, limit), scratch / "unpacked", limit)
        if is_fashion_mnist:
            verify(name, sha256)
        os.replace(scratch / "unpacked", folder / name)


def reason(error: Exception) -> str:
    """Return what an error says; only its kind where requests say too much."""
    import requests

    is_long = isinstance(error, (requests.ConnectionError, requests.Timeout))
    return type(error).__name__ if is_long else str(error)
