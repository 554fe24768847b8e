"""Check every byte that dvc.lock vouches for, in the workspace and in the cache.

    python -m tools.verify

`dvc status` trusts time stamps and file modes, so it does not see a file or cache object that
decayed or was overwritten in place. This reads all of them, names each damaged one with what to
do, and exits with 1 if there is any. So it does with an empty record in DVC's run cache, which a
kill can leave and over which `dvc repro` stumbles.
"""

import contextlib
import hashlib
import json
import os
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from dvc.exceptions import DvcException
from dvc.repo import Repo

from classifier.errors import InputError
from classifier.process.command import run


class Recorded(NamedTuple):
    """A file, relative to the root, its MD5 by dvc.lock, and what to do if it has another one."""

    path: Path
    md5: str
    cure: str


def md5(path: Path) -> str:
    """Return the MD5 of a file, "no file" or the system's reason why it cannot be read."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "md5").hexdigest()
    except FileNotFoundError:
        return "no file"
    except OSError as error:
        return error.strerror


def recorded_files(repo: Repo) -> Iterator[Recorded]:
    """Yield all that dvc.lock records, in the workspace and in the cache."""
    root = Path(repo.root_dir)
    cache = Path(os.path.relpath(repo.cache.local.path, root))
    for out in repo.index.outs:
        name = Path(out.fs_path).relative_to(root)
        value = out.hash_info.value
        if value is None:
            yield Recorded(name, "in dvc.lock", "run `dvc repro`")
            continue
        members = [(name, value)]
        if out.hash_info.isdir:
            listing = cache / value[:2] / value[2:]
            cure = _run("rm", "-f", listing, "&&", "dvc", "commit", "-f", name)
            yield Recorded(listing, value.removesuffix(".dir"), cure)
            members = _members(root / listing, name)
        for path, value in members:
            if not out.use_cache:
                yield Recorded(path, value, _run("git", "checkout", path))
                continue
            kept = cache / value[:2] / value[2:]
            cure = _run("rm", "-f", kept, "&&", "dvc", "commit", "-f", name)
            yield Recorded(kept, value, f"{cure}, or `dvc fetch` if {path} is damaged too")
            yield Recorded(path, value, _run("rm", "-f", path, "&&", "dvc", "checkout", name))


def _members(listing: Path, name: Path) -> list[tuple[Path, str]]:
    """Return the files in a folder, with their MD5; none where the listing is damaged.

    Its own hash tells that.
    """
    with contextlib.suppress(OSError, ValueError, TypeError, KeyError):
        content = json.loads(listing.read_bytes())
        return [(name / item["relpath"], item["md5"]) for item in content]
    return []


def empty_records(repo: Repo) -> Iterator[Path]:
    """Yield each folder of DVC's run cache with nothing in it, relative to the root."""
    for folder in sorted(Path(repo.cache.legacy.path, "runs").glob("*/*")):
        if not any(folder.iterdir()):
            yield Path(os.path.relpath(folder, repo.root_dir))


def _run(*words) -> str:
    quoted = [word if word == "&&" else shlex.quote(str(word)) for word in words]
    return f"run `{' '.join(quoted)}`"


def main():
    try:
        with Repo() as repo:
            os.chdir(repo.root_dir)
            files = list(dict.fromkeys(recorded_files(repo)))
            empty = list(empty_records(repo))
    except DvcException as error:
        expected = f"expected a project that DVC can read, received: {error}"
        repair = "`git checkout dvc.yaml dvc.lock` repairs those two"
        raise InputError(f"{expected}; {repair}, `git init` a download without .git") from None
    damaged = []
    for path, expected, cure in files:
        received = md5(path)
        if received != expected:
            damaged.append(f"{path}: expected MD5 {expected}, received {received}; {cure}")
    for path in empty:
        found = "expected the record of a run, found an empty folder"
        damaged.append(f"{path}: {found}; {_run('rmdir', path)}")
    for line in damaged:
        print(line)
    print(f"verify: {len(files)} files read, {len(damaged)} damaged")
    sys.exit(bool(damaged))


if __name__ == "__main__":
    run(main)
