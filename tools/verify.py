"""Check every byte that dvc.lock vouches for, in the workspace and in the cache: `python -m tools.verify`.

`dvc status` trusts time stamps and file modes, so it does not see a file or cache object that decayed or was
overwritten in place. This reads all of them, names each damaged one with what to do, and exits with 1 if there is any.
So it does with an empty record in DVC's run cache, which a kill can leave and over which `dvc repro` stumbles.
"""

import contextlib
import json
import os
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path

from dvc.exceptions import DvcException
from dvc.repo import Repo

from stages.errors import InputError
from stages.files import md5
from stages.process import run


def files(repo: Repo) -> Iterator[tuple[Path, str, str]]:
    """Yield each file, relative to the root, its MD5 by dvc.lock, and what to do if it has another one."""
    root = Path(repo.root_dir)
    cache = Path(os.path.relpath(repo.cache.local.path, root))
    for out in repo.index.outs:
        name, value = Path(out.fs_path).relative_to(root), out.hash_info.value
        if value is None:
            yield name, "in dvc.lock", "run `dvc repro`"
            continue
        members = [(name, value)]
        if out.hash_info.isdir:
            listing = cache / value[:2] / value[2:]
            yield listing, value.removesuffix(".dir"), _run("rm", "-f", listing, "&&", "dvc", "commit", "-f", name)
            members = []
            with contextlib.suppress(OSError, ValueError, TypeError, KeyError):  # its hash tells
                content = json.loads((root / listing).read_bytes())
                members = [(name / item["relpath"], item["md5"]) for item in content]
        for member, value in members:
            if not out.use_cache:
                yield member, value, _run("git", "checkout", member)
                continue
            kept = cache / value[:2] / value[2:]
            cure = _run("rm", "-f", kept, "&&", "dvc", "commit", "-f", name)
            yield kept, value, f"{cure}, or `dvc fetch` if {member} is damaged too"
            yield member, value, _run("rm", "-f", member, "&&", "dvc", "checkout", name)


def empty_records(repo: Repo) -> Iterator[Path]:
    """Yield each folder of DVC's run cache with nothing in it, relative to the root."""
    for folder in sorted(Path(repo.cache.legacy.path, "runs").glob("*/*")):
        if not any(folder.iterdir()):
            yield Path(os.path.relpath(folder, repo.root_dir))


def _run(*words) -> str:
    return f"run `{' '.join(word if word == '&&' else shlex.quote(str(word)) for word in words)}`"


def main():
    try:
        with Repo() as repo:
            os.chdir(repo.root_dir)
            checked, empty = list(dict.fromkeys(files(repo))), list(empty_records(repo))
    except DvcException as error:
        cures = "`git checkout dvc.yaml dvc.lock` repairs those two, `git init` a download without .git"
        raise InputError(f"expected a project that DVC can read, received: {error}; {cures}") from None
    damaged = [
        f"{path}: expected MD5 {expected}, received {received}; {cure}"
        for path, expected, cure in checked
        if expected != (received := md5(path))
    ]
    damaged += [f"{path}: expected the record of a run, found an empty folder; {_run('rmdir', path)}" for path in empty]
    for line in damaged:
        print(line)
    print(f"verify: {len(checked)} files read, {len(damaged)} damaged")
    sys.exit(bool(damaged))


if __name__ == "__main__":
    run(main)
