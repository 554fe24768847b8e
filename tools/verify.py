"""Check every byte that dvc.lock vouches for, in the workspace and in the cache.

    python -m tools.verify

`dvc status` trusts time stamps and file modes, so it does not see a file or cache object that
decayed or was overwritten in place. This reads all of them, names each damaged one with what to
do, and exits with 1 if there is any. So it does with records in DVC's run cache: empty ones, which
a kill can leave and over which `dvc repro` stumbles, and ones of something else than a stage was
given. What a running stage writes is not checked.
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
from ruamel.yaml import YAMLError

from classifier import yaml_files
from classifier.errors import InputError
from classifier.process import lock, records
from classifier.process.command import run

LOCKS = Path(".dvc/tmp")
NO_FILE = "no file"
GET = "run `dvc pull` or `dvc repro`"


class Recorded(NamedTuple):
    """A file that dvc.lock vouches for.

    Attributes:
        path: relative to the root.
        md5: the recorded one.
        cure: what to do if it has another one.
        stage: the one that writes it.
        twin: of what DVC caches, the same in the cache or the workspace.
        is_kept: whether it is in the cache.
    """

    path: Path
    md5: str
    cure: str
    stage: str
    twin: Path | None = None
    is_kept: bool = False


def md5(path: Path) -> str:
    """Return the MD5 of a file, `NO_FILE` or the system's reason why it cannot be read."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "md5").hexdigest()
    except FileNotFoundError:
        return NO_FILE
    except OSError as error:
        return error.strerror


def recorded_files(repo: Repo) -> Iterator[Recorded]:
    """Yield all that dvc.lock records, in the workspace and in the cache."""
    root = Path(repo.root_dir)
    cache = Path(os.path.relpath(repo.cache.local.path, root))
    for out in repo.index.outs:
        name = Path(out.fs_path).relative_to(root)
        value = out.hash_info.value
        stage = out.stage.addressing
        if value is None:
            yield Recorded(name, "in dvc.lock", "run `dvc repro`", stage)
            continue
        members = [(name, value)]
        if out.hash_info.isdir:
            listing = cache / value[:2] / value[2:]
            cure = _run("rm", "-f", listing, "&&", "dvc", "commit", name)
            yield Recorded(listing, value.removesuffix(".dir"), cure, stage, name, True)
            members = _members(root / listing, name)
        for path, value in members:
            if not out.use_cache:
                yield Recorded(path, value, _run("git", "checkout", "HEAD", "--", path), stage)
                continue
            kept = cache / value[:2] / value[2:]
            cure = _run("rm", "-f", kept, "&&", "dvc", "commit", name)
            cure = f"{cure}, or `dvc fetch` if {path} is damaged too"
            yield Recorded(kept, value, cure, stage, path, True)
            cure = _run("rm", "-f", path, "&&", "dvc", "checkout", name)
            yield Recorded(path, value, cure, stage, kept)


def _members(listing: Path, name: Path) -> list[tuple[Path, str]]:
    """Return the files in a folder, with their MD5; none where the listing is damaged.

    Its own hash tells that.
    """
    with contextlib.suppress(OSError, ValueError, TypeError, KeyError, RecursionError):
        content = json.loads(listing.read_bytes())
        return [(name / item["relpath"], item["md5"]) for item in content]
    return []


def damaged_records(runs: Path) -> Iterator[str]:
    """Yield a line for each record of DVC's run cache that is empty, or not of what was run."""
    for folder in sorted(runs.glob("*/*")):
        if not any(folder.iterdir()):
            place = Path(os.path.relpath(folder))
            found = "expected the record of a run, found an empty folder"
            yield f"{place}: {found}; {_run('rmdir', place)}"
    for stage, path, names in records.wrong(runs):
        place = Path(os.path.relpath(path.parent))
        found = f"expected what {stage} was given, received another {', '.join(names)}"
        yield f"{place}: {found}; {_run('rm', '-r', place, '&&', 'dvc', 'repro', '-fs', stage)}"


def _run(*words) -> str:
    quoted = [word if word == "&&" else shlex.quote(str(word)) for word in words]
    return f"run `{' '.join(quoted)}`"


def running(repo: Repo) -> list[str]:
    """Return the stages that another process runs."""
    names = [stage.addressing for stage in repo.index.stages]
    return [name for name in names if lock.is_held(LOCKS / f"{name}.lock")]


def damaged_files(files: list[Recorded]) -> Iterator[str]:
    """Yield a line for each damaged file, and one for all that are just not there."""
    lost, absent, uncached = [], [], []
    for file in files:
        found = md5(file.path)
        if found == file.md5:
            continue
        line = f"{file.path}: expected MD5 {file.md5}, received {found}; {file.cure}"
        twin = md5(file.twin) if file.twin and found == NO_FILE else None
        if twin == NO_FILE:
            lost.append(file)
        elif twin == file.md5:
            (uncached if file.is_kept else absent).append(line)
        else:
            yield line
    if lost and len(lost) == sum(file.twin is not None for file in files):
        yield f"nothing of dvc.lock's outputs is here yet; {GET}"
    elif lost:
        names = sorted({file.twin if file.is_kept else file.path for file in lost})
        yield f"{len(names)} files, such as {names[0]}: expected here or in DVC's cache; {GET}"
    for lines, where, cure in (
        (absent, "expected here, found in DVC's cache alone", "run `dvc checkout`"),
        (uncached, "expected in DVC's cache, found here alone", "run `dvc commit`"),
    ):
        yield from lines if len(lines) < 2 else [f"{len(lines)} files: {where}; {cure}"]


def check_readable() -> None:
    """Raise InputError for what DVC says less well, or would be busy with for ever."""
    for name in ("dvc.yaml", "params.yaml", "dvc.lock"):
        try:
            yaml_files.load(Path(name))
        except InputError:
            raise
        except (YAMLError, OSError, ValueError, RecursionError):
            continue  # DVC says it well


def main():
    try:
        with Repo() as repo:
            os.chdir(repo.root_dir)
            check_readable()
            busy = running(repo)
            files = list(dict.fromkeys(recorded_files(repo)))
            runs = Path(repo.cache.legacy.path, "runs")
    except DvcException as error:
        expected = f"expected a project that DVC can read, received: {error}"
        repair = "`git checkout HEAD -- dvc.yaml dvc.lock .dvc/config` repairs those three"
        raise InputError(f"{expected}; {repair}, `git init` a download without .git") from None
    except (FileNotFoundError, PermissionError) as error:
        if Path(error.filename or "").is_relative_to(Path.cwd()):
            raise
        cure = 'run `dvc config --local core.site_cache_dir "$PWD/.dvc/tmp/site"`'
        raise InputError(f"{error}; if this folder was moved, {cure}") from None
    checked = [file for file in files if file.is_kept or file.stage not in busy]
    for stage in busy:
        print(f"verify: the stage {stage} runs: what it writes is not checked")
    damaged = [*damaged_files(checked), *damaged_records(runs)]
    for line in damaged:
        print(line)
    print(f"verify: {len(checked)} files read, {len(damaged)} damaged")
    sys.exit(bool(damaged))


if __name__ == "__main__":
    run(main)
