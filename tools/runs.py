"""Runs to look at: the workspace, another checkout, or what a commit or an experiment has."""

from pathlib import Path
from typing import NamedTuple, Protocol

from classifier.errors import InputError
from tools import revisions


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
            raise InputError(f"{path}: {found}; `dvc repro` makes it") from None

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
