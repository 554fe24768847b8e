"""What a stage was given, so that nothing else is recorded as what it ran with.

DVC hashes parameters, code and data after a command has run, but the command reads them when it
begins. Whoever edits them meanwhile would get a record of a run that never was.
"""

import hashlib
import json
import os
from fnmatch import fnmatchcase
from pathlib import Path

from classifier.errors import InputError

ROOT = Path(__file__).parents[2]
LARGE_BYTES = 2**22  # from here on, files are told apart by size, time and inode
MANY_FILES = 1000  # in a folder: likewise
DVCIGNORE = Path(".dvcignore")


def marks(deps: list[str]) -> dict[str, str]:
    """Return what changes with the content of each file or folder, by name.

    It is the MD5 that DVC records, but for large files, and for folders of many: these are only
    looked at.
    """
    found = {}
    for dep in deps:
        path = Path(dep)
        found[dep] = _folder_mark(path) if path.is_dir() else _file_mark(path)
    return found


def _file_mark(path: Path, is_to_be_read: bool = True) -> str:
    try:
        status = path.stat()
        if is_to_be_read and status.st_size < LARGE_BYTES:
            return hashlib.md5(path.read_bytes()).hexdigest()
    except OSError as error:
        return error.strerror
    return f"{status.st_size} {status.st_mtime_ns} {status.st_ino}"


def _folder_mark(path: Path) -> str:
    files = files_in(path)
    is_to_be_read = len(files) <= MANY_FILES
    content = []
    for file in files:
        name = file.relative_to(path).as_posix()
        content.append({"md5": _file_mark(file, is_to_be_read), "relpath": name})
    digest = hashlib.md5(json.dumps(content, sort_keys=True).encode()).hexdigest()
    return f"{digest}.dir" if is_to_be_read else f"of {len(files)} files: {digest}"


def files_in(folder: Path) -> list[Path]:
    """Return the files that DVC hashes in a folder, in its order: an editor's own are ignored."""
    is_inside = Path(os.path.abspath(folder)).is_relative_to(Path.cwd())
    patterns = _ignored_names() if is_inside else []  # elsewhere, DVC ignores nothing
    found = []
    for file in folder.rglob("*"):
        parts = file.relative_to(folder).parts
        is_ignored = any(fnmatchcase(part, name) for part in parts for name in patterns)
        if file.is_file() and not is_ignored:
            found.append((parts, file))
    return [file for _, file in sorted(found)]


def _ignored_names() -> list[str]:
    """Return the patterns in .dvcignore, all of which are of names, not of paths."""
    lines = DVCIGNORE.read_text(encoding="utf-8").splitlines() if DVCIGNORE.exists() else []
    return [line for line in lines if line and not line.startswith("#")]


def code_times() -> dict[str, int]:
    """Return when each module of stages and library was written, in nanoseconds, by its path."""
    paths = [path for room in ("classifier", "stages") for path in (ROOT / room).rglob("*.py")]
    return {path.relative_to(ROOT).as_posix(): path.stat().st_mtime_ns for path in paths}


def changed(before: dict, after: dict) -> list[str]:
    """Return the names whose values differ, in order."""
    names = sorted(before.keys() | after.keys())
    return [name for name in names if before.get(name) != after.get(name)]


def refuse(stage: str, names: list[str]) -> None:
    """Raise InputError where anything that a stage was given has changed.

    Else an edit meanwhile, or another branch, would be recorded as what the stage ran with, and be
    shared as that.
    """
    if names:
        found = f"{', '.join(names)} changed while it was running"
        cure = "nothing is recorded; `dvc repro` runs it with what is there now"
        raise InputError(f"{stage}: expected what it was given to stay, {found}; {cure}")
