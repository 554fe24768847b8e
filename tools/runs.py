"""Runs to look at: the workspace, another checkout, or what a commit or an experiment has."""

import json
from pathlib import Path
from typing import NamedTuple, Protocol

from ruamel.yaml import YAMLError

from classifier import yaml_files
from classifier.errors import InputError
from tools import revisions

PARAMS = "params.yaml"


class Run(Protocol):
    """A run, by a name in words."""

    name: str

    def file(self, path: str) -> bytes:
        """Return a file that is in Git; raises InputError."""

    def output(self, path: str) -> bytes:
        """Return a file that DVC keeps, by itself or in a folder; raises InputError."""


class Checkout(NamedTuple):
    """What lies in a folder."""

    name: str
    folder: Path

    def file(self, path: str) -> bytes:
        try:
            return (self.folder / path).read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            found = f"expected it in {self.name}, found no file"
            raise revisions.AbsentError(f"{path}: {found}; `dvc repro` makes it") from None

    output = file


class Committed(NamedTuple):
    """What a revision has, in Git and in DVC's cache."""

    name: str
    revision: revisions.Revision

    def file(self, path: str) -> bytes:
        return revisions.read_file(self.revision, path)

    def output(self, path: str) -> bytes:
        return revisions.read_output(self.revision, path)


def find(name: str | None) -> Run:
    """Return a run: the workspace for None, a checkout by its folder, or a revision by its name.

    Raises:
        InputError: there is none of that name.
    """
    if name is None:
        return Checkout("the workspace", Path())
    if name and Path(name, "dvc.yaml").is_file():
        return Checkout(name, Path(name))
    return Committed(name, revisions.find(name))


def params_of(run: Run) -> dict[str, object]:
    """Return a run's parameters by their keys, such as train.seed; raises InputError."""
    content = run.file(PARAMS)
    try:
        found = yaml_files.parse(content.decode(), Path(PARAMS))
    except InputError:
        raise
    except (YAMLError, ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        expected = f"expected parameters of {run.name}, received something else"
        raise InputError(f"{PARAMS}: {expected}; {_cure(run)}")
    return dict(_leaves(found, ""))


def metrics_of(run: Run, path: str) -> dict[str, float]:
    """Return what a metrics file of a run has; raises InputError."""
    content = run.file(path)
    try:
        found = json.loads(content)
        is_good = all(isinstance(figure, int | float) for figure in found.values())
    except (ValueError, AttributeError, RecursionError):
        is_good = False
    if not is_good:
        expected = f"expected metrics of {run.name}, received something else"
        raise InputError(f"{path}: {expected}; {_cure(run)}")
    return found


def _cure(run: Run) -> str:
    if isinstance(run, Checkout):
        return "`dvc repro` makes it, unless a merge left conflicts"
    return f"take another revision, or `dvc exp remove {run.name}` if that is an experiment"


def _leaves(content, key: str):
    if isinstance(content, dict) and content:
        for name, inner in content.items():
            yield from _leaves(inner, f"{key}.{name}" if key else str(name))
    else:
        yield key, content
