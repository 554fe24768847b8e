"""Reads what a commit or an experiment has: in Git, and in DVC's cache.

It asks the `git` command, which takes paths from the folder that it runs in, fetches what a clone
without blobs lacks or says why it cannot, and ends when this process does. DVC's own reading of a
revision takes paths from Git's root, and can wait in pygit2 for ever.
"""

import hashlib
import json
import os
import subprocess
from pathlib import Path
from typing import NamedTuple

from dvc.exceptions import DvcException
from dvc.repo import Repo
from ruamel.yaml import YAML, YAMLError

from classifier.errors import InputError

RECORD = "dvc.lock"
ENVIRONMENT = {"LC_ALL": "C"}  # the messages below are English
AMBIGUOUS = "is ambiguous"
UNKNOWN = "Needed a single revision"


class Revision(NamedTuple):
    """A commit, and the name by which it was asked for."""

    name: str
    commit: str


class AbsentError(InputError):
    """A run has no such file."""


def find(name: str) -> Revision:
    """Return the revision of a name, one of Git's or an experiment's; raises InputError."""
    done = _git("rev-parse", "--verify", f"{name}^{{commit}}")
    said = done.stderr.decode(errors="replace")
    if AMBIGUOUS in said:
        raise InputError(f"{name}: expected one commit, received: {said}; write its whole hash")
    if done.returncode == 0:
        return Revision(name, done.stdout.decode().strip())
    if UNKNOWN in said:
        return _experiment(name)
    cure = "a download without .git needs `git init && git add -A && git commit -m start`"
    raise InputError(f"{name}: expected a commit, Git cannot read one here: {said}; {cure}")


def _experiment(name: str) -> Revision:
    """Return an experiment by its name, as DVC finds it: first those of the last commit."""
    head = _git("rev-parse", "--verify", "HEAD").stdout.decode().strip()
    if not head:
        cure = "make one with `git add -A && git commit -m start`"
        raise InputError(f"{name}: expected a commit, found none in this repository yet; {cure}")
    commits = _refs("refs/exps")
    nearest = f"refs/exps/{head[:2]}/{head[2:]}/{name}"
    # DVC's own are shorter, such as refs/exps/exec/EXEC_HEAD.
    found = [ref for ref in commits if ref.count("/") == 4 and ref.endswith(f"/{name}")]
    if nearest in found:
        found = [nearest]
    if not found:
        cure = "`git log --oneline` and `dvc exp list --all-commits` name what there is"
        raise InputError(f"{name}: expected a commit or an experiment, found none; {cure}")
    if len(found) > 1:
        expected = f"expected one experiment, found {len(found)} of this name"
        raise InputError(f"{name}: {expected}; write one as {', or '.join(found)}")
    return Revision(name, commits[found[0]])


def experiments_of(revision: Revision) -> list[Revision]:
    """Return the experiments that were run from a commit, by their names."""
    commit = revision.commit
    refs = _refs(f"refs/exps/{commit[:2]}/{commit[2:]}")
    return [Revision(ref.rpartition("/")[2], commits) for ref, commits in refs.items()]


def _refs(folder: str) -> dict[str, str]:
    """Return the commits that Git's references in a folder have, by their full names."""
    form = "--format=%(refname) %(objectname)"
    listed = _git("for-each-ref", form, folder).stdout.decode(errors="surrogateescape")
    return dict(line.rsplit(" ", 1) for line in listed.splitlines())


def read_file(revision: Revision, path: str) -> bytes:
    """Return a file of Git's at a revision, by its path from here; raises InputError."""
    found = _git("rev-parse", "--verify", f"{revision.commit}:./{path}")
    expected = f"{path}: expected it at {revision.name}"
    if found.returncode:
        raise AbsentError(f"{expected}, found no such file there; {_others(path)}")
    done = _git("cat-file", "blob", found.stdout.decode().strip())
    if done.returncode:
        said = done.stderr.decode(errors="replace")
        cure = "reach the remote that this clone was made from, then the same command"
        raise InputError(f"{expected}, Git cannot read it: {said}; {cure}")
    return done.stdout


def read_output(revision: Revision, path: str) -> bytes:
    """Return a file of DVC's at a revision, from the cache or the workspace; raises InputError.

    It is an output, or in one that is a folder.
    """
    recorded = _recorded(revision)
    folder = next((out for out in recorded if path.startswith(f"{out}/")), None)
    if folder:
        listing = json.loads(_cached(revision, folder, recorded[folder]))
        members = {f"{folder}/{member['relpath']}": member["md5"] for member in listing}
        recorded |= members
    if path not in recorded:
        found = f"expected {path} to be recorded at {revision.name}, found none"
        raise InputError(f"{RECORD}: {found}; {_others(RECORD)}")
    return _cached(revision, path, recorded[path])


def _cached(revision: Revision, path: str, md5: str) -> bytes:
    """Return what has an MD5: for a folder, by DVC's name for it, the list of its files."""
    for place in (_cache() / md5[:2] / md5[2:], Path(path)):
        if place.is_file():
            content = place.read_bytes()
            if hashlib.md5(content).hexdigest() == md5.removesuffix(".dir"):
                return content
    stash = "git stash && " if _git("status", "--porcelain", "-uno").stdout else ""
    make = f"`{stash}git checkout {revision.commit[:10]} && dvc repro` makes it again"
    fetch = "`dvc fetch --all-commits` or `dvc exp pull` gets it from a remote"
    expected = f"{path}: expected that of {revision.name} in DVC's cache, found none"
    raise InputError(f"{expected}; {make}, {fetch}")


def _recorded(revision: Revision) -> dict[str, str]:
    """Return the MD5 that dvc.lock has for each output at a revision, by its path."""
    content = read_file(revision, RECORD)
    try:
        stages = YAML(typ="safe").load(content.decode())["stages"].values()
        outs = [out for stage in stages for out in stage.get("outs", ())]
        return {out["path"]: out["md5"] for out in outs}
    except (YAMLError, AttributeError, LookupError, TypeError, ValueError):
        found = f"expected DVC's record of all outputs at {revision.name}, received something else"
        raise InputError(f"{RECORD}: {found}; {_others(RECORD)}") from None


def _others(path: str) -> str:
    return f"take another revision: `git log --oneline -- {path}` names those that changed it"


def _cache() -> Path:
    try:
        with Repo() as repo:
            return Path(repo.cache.local.path)
    except DvcException as error:
        raise InputError(f"expected a project that DVC can read, received: {error}") from None


def _git(*arguments: str) -> subprocess.CompletedProcess:
    return subprocess.run(["git", *arguments], capture_output=True, env=os.environ | ENVIRONMENT)
