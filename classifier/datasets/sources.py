"""Gets the files of a data set from a folder, a URL or a package of Debian's, and checks them.

Each function `from_...` takes a place, a `File` of a description, and a scratch folder. It returns
a path with the file's content, perhaps as gzip.
"""

import contextlib
import errno
import gzip
import hashlib
import os
import subprocess
import zlib
from pathlib import Path

from classifier.datasets.description import FILES, Description, File
from classifier.datasets.download import download
from classifier.errors import InputError

APT_SECONDS = 120  # a command
PACKAGES_FOLDER = "usr/share/datasets"  # where such a package puts a folder
CACHE = ".dvc/cache/files/md5"
CHUNK_BYTES = 1 << 20
DISK_FULL_ERRNOS = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
# What a source can fail with; the errors of requests are OSErrors, odd headers ValueErrors.
FAILURES = (ValueError, OSError, EOFError, zlib.error, subprocess.SubprocessError)


def places_of(description: Description, former: Path) -> list[tuple]:
    """Return what has the files of a data set: (function, place) pairs, in the order to be asked.

    Where their content is known, that is first `former`, a folder where they may be already, and
    DVC's cache, which has them when DVC has deleted them before a run.
    """
    found = []
    if all(getattr(description.files, role).sha256 for role in FILES):
        found += [(from_folder, str(former)), (from_cache, CACHE)]
    for place in description.places:
        found.append((from_url if "://" in place else from_folder, place.rstrip("/")))
    if description.package:
        found.append((from_package, description.package))
    return found


def from_folder(folder: str, file: File, scratch: Path) -> Path:
    """Return the path of a file in `folder`, by its name or that with .gz."""
    for path in (Path(folder, file.name), Path(folder, f"{file.name}.gz")):
        if path.exists():
            return path
    raise InputError(f"no {file.name} or {file.name}.gz there")


def from_cache(cache: str, file: File, scratch: Path) -> Path:
    """Return the path of a file in a cache such as DVC's, by its MD5."""
    path = Path(cache, file.md5[:2], file.md5[2:]) if file.md5 else None
    if path is None or not path.exists():
        raise InputError(f"no {file.name} there")
    return path


def from_url(base: str, file: File, scratch: Path) -> Path:
    """Download a file's .gz into `scratch`, or itself where the server says 404 to that."""
    import requests

    name = file.name
    try:
        return download(f"{base}/{name}.gz", scratch / f"{name}.gz", file.limit)
    except requests.HTTPError as error:
        if error.response.status_code != 404:
            raise
    return download(f"{base}/{name}", scratch / name, file.limit)


def from_package(package: str, file: File, scratch: Path) -> Path:
    """Download the package into `scratch` and unpack it there: needs apt-get, but not root."""
    folder = scratch / PACKAGES_FOLDER
    if not folder.exists():
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
    for path in folder.glob(f"*/{file.name}*"):
        return from_folder(path.parent, file, scratch)
    raise InputError(f"no {file.name} in it")


def _run(command: list, folder: Path) -> None:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=APT_SECONDS)
    if done.returncode:
        raise InputError(f"{command[0]} failed: {done.stderr}")


def unpack(archive: Path, target: Path, limit: int) -> str:
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
            if out.tell() > limit:
                raise InputError(f"{archive.name} holds more than the expected {limit:,} bytes")
        os.fsync(out.fileno())
    return digest.hexdigest()


def verify(file: File, sha256: str, others: dict[str, list[str]]) -> None:
    """Raise InputError unless a file's content is the described one, where that is known."""
    for name, hashes in others.items():
        if sha256 in hashes:
            raise InputError(f"{file.name} is {name}")
    if file.sha256 and sha256 != file.sha256:
        raise InputError(f"{file.name}: expected SHA-256 {file.sha256}, received {sha256}")


def may_have(get, place: str, description: Description) -> bool:
    """Whether a source is to be asked: not a folder or cache with none of the files."""
    if get not in (from_folder, from_cache):
        return True
    for role in FILES:
        with contextlib.suppress(InputError):
            return bool(get(place, getattr(description.files, role), Path()))
    return False


def missing(folder: Path) -> list[str]:
    """Return the roles, keys of `FILES`, of the files that are not in a folder yet."""
    return [role for role, name in FILES.items() if not (folder / name).exists()]


def fetch_missing(get, place: str, folder: Path, description: Description) -> None:
    """Put the files that a folder lacks into it, each once it has proved good.

    Args:
        get, place: one of the `from_…` functions and what it takes.

    Raises:
        One of `FAILURES`.
    """
    scratch = folder / "scratch"
    scratch.mkdir(exist_ok=True)
    for role in missing(folder):
        file = getattr(description.files, role)
        sha256 = unpack(get(place, file, scratch), scratch / "unpacked", file.limit)
        verify(file, sha256, description.others)
        os.replace(scratch / "unpacked", folder / FILES[role])


def reason(error: Exception) -> str:
    """Return what an error says; only its kind where requests say too much."""
    import requests

    is_long = isinstance(error, (requests.ConnectionError, requests.Timeout))
    return type(error).__name__ if is_long else str(error)
